//! One direction of a network path, itself without input or output: a frame is offered, and out come the deliveries
//! that it will lead to, with their times. It loses, repeats, delays, reorders, corrupts, truncates and blocks, as its
//! settings and the generator say. Who sits at the ends, and replays of old frames, are left to `world`.

use std::rc::Rc;

use crate::clock::TrueTime;
use crate::rng::{Ppm, Rng};

/// What a link does to frames.
#[derive(Clone, Debug, Default)]
pub struct LinkSettings {
    /// A frame is lost.
    pub loss: Ppm,
    /// A frame arrives more than once.
    pub repeat: Ppm,
    /// A few bits of a frame are turned.
    pub corrupt: Ppm,
    /// A frame is cut.
    pub truncate: Ppm,
    /// The shortest way, in microseconds.
    pub delay: u64,
    /// What is added at most, at random: frames overtake one another by it.
    pub jitter: u64,
    /// A frame is late by up to `straggle_by` more.
    pub straggle: Ppm,
    /// How late a straggler is at most, in microseconds.
    pub straggle_by: u64,
}

/// What became of a copy on its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Harm {
    /// It arrives as it was sent.
    None,
    /// Bits were turned.
    Corrupted,
    /// Its end is missing.
    Truncated,
}

/// One arrival that an offered frame leads to.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// When.
    pub at: TrueTime,
    /// What arrives.
    pub bytes: Rc<[u8]>,
    /// What happened to it.
    pub harm: Harm,
    /// 0 for the first arrival, more for repeats.
    pub copy: u32,
}

/// How an offer ended, beside its deliveries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Fate {
    /// Nothing arrives, by chance.
    pub lost: bool,
    /// Nothing arrives, as the link is blocked.
    pub blocked: bool,
    /// Copies beyond the first.
    pub repeats: u32,
    /// Whether it was delayed as a straggler.
    pub straggled: bool,
}

/// One direction of a path.
#[derive(Clone, Debug, Default)]
pub struct Link {
    settings: LinkSettings,
    blocked_until: TrueTime,
}

impl Link {
    /// A link with these settings.
    pub fn new(settings: LinkSettings) -> Link {
        Link { settings, blocked_until: 0 }
    }

    /// Nothing passes before `until`.
    pub fn block(&mut self, until: TrueTime) {
        self.blocked_until = self.blocked_until.max(until);
    }

    /// Ends all faults: from now on each frame arrives once, whole, after the shortest way, which is no longer than this.
    pub fn heal(&mut self, most_delay: u64) {
        self.blocked_until = 0;
        self.settings = LinkSettings { delay: self.settings.delay.min(most_delay), ..LinkSettings::default() };
    }

    /// Whether frames are stopped at `now`.
    pub fn is_blocked(&self, now: TrueTime) -> bool {
        now < self.blocked_until
    }

    /// Takes a frame that is sent at `now`, and pushes its arrivals to `out`.
    pub fn offer(&mut self, now: TrueTime, bytes: &Rc<[u8]>, rng: &mut Rng, out: &mut Vec<Delivery>) -> Fate {
        let mut fate = Fate::default();
        if self.is_blocked(now) {
            fate.blocked = true;
            return fate;
        }
        if rng.chance(self.settings.loss) {
            fate.lost = true;
            return fate;
        }
        let mut copies = 1;
        while copies < 4 && rng.chance(self.settings.repeat) {
            copies += 1;
        }
        fate.repeats = copies - 1;
        for copy in 0..copies {
            let mut at = now + self.settings.delay + rng.below(self.settings.jitter + 1);
            if rng.chance(self.settings.straggle) {
                at += rng.below(self.settings.straggle_by + 1);
                fate.straggled = true;
            }
            let (bytes, harm) = self.harm(bytes, rng);
            out.push(Delivery { at, bytes, harm, copy });
        }
        fate
    }

    fn harm(&self, bytes: &Rc<[u8]>, rng: &mut Rng) -> (Rc<[u8]>, Harm) {
        if rng.chance(self.settings.corrupt) && !bytes.is_empty() {
            let mut altered = bytes.to_vec();
            for _ in 0..rng.range(1, 3) {
                let at = rng.index(altered.len());
                altered[at] ^= 1 << rng.below(8);
            }
            if altered[..] != bytes[..] {
                return (altered.into(), Harm::Corrupted);
            }
        }
        if rng.chance(self.settings.truncate) && !bytes.is_empty() {
            let length = rng.index(bytes.len());
            return (bytes[..length].into(), Harm::Truncated);
        }
        (bytes.clone(), Harm::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(settings: LinkSettings, frames: u32) -> (Vec<Fate>, Vec<Delivery>) {
        let mut link = Link::new(settings);
        let mut rng = Rng::new(5);
        let mut out = Vec::new();
        let frame: Rc<[u8]> = vec![7u8; 40].into();
        let fates = (0..frames).map(|i| link.offer(u64::from(i), &frame, &mut rng, &mut out)).collect();
        (fates, out)
    }

    #[test]
    fn a_perfect_link_delivers_each_frame_once_in_time() {
        let (fates, out) = run(LinkSettings { delay: 10, ..LinkSettings::default() }, 100);
        assert!(fates.iter().all(|f| *f == Fate::default()));
        assert_eq!(out.len(), 100);
        assert!(out.iter().enumerate().all(|(i, d)| d.at == i as u64 + 10 && d.harm == Harm::None && d.copy == 0));
    }

    #[test]
    fn losses_repeats_and_harm_come_about_as_often_as_asked() {
        let settings = LinkSettings {
            loss: Ppm::percent(20),
            repeat: Ppm::percent(10),
            corrupt: Ppm::percent(5),
            truncate: Ppm::percent(5),
            delay: 5,
            jitter: 50,
            straggle: Ppm::percent(1),
            straggle_by: 1_000,
        };
        let (fates, out) = run(settings, 10_000);
        let lost = fates.iter().filter(|f| f.lost).count();
        let repeats: u32 = fates.iter().map(|f| f.repeats).sum();
        assert!((1_800..2_200).contains(&lost), "{lost}");
        assert!((700..1_100).contains(&repeats), "{repeats}");
        assert_eq!(out.len(), 10_000 - lost + repeats as usize);
        for harm in [Harm::Corrupted, Harm::Truncated] {
            let count = out.iter().filter(|d| d.harm == harm).count();
            assert!((300..700).contains(&count), "{harm:?} {count}");
        }
        assert!(out.windows(2).any(|w| w[0].at > w[1].at), "nothing was overtaken");
        assert!(out.iter().all(|d| (d.harm == Harm::None) == (d.bytes[..] == [7u8; 40][..])));
    }

    #[test]
    fn a_blocked_link_passes_nothing_until_it_is_over_and_healing_ends_all_faults() {
        let mut link = Link::new(LinkSettings { loss: Ppm(1_000_000), delay: 3, ..LinkSettings::default() });
        let (mut rng, mut out) = (Rng::new(1), Vec::new());
        let frame: Rc<[u8]> = vec![1u8].into();
        link.block(100);
        assert!(link.offer(99, &frame, &mut rng, &mut out).blocked);
        assert!(link.offer(100, &frame, &mut rng, &mut out).lost);
        link.heal(20_000);
        assert_eq!(link.offer(101, &frame, &mut rng, &mut out), Fate::default());
        assert_eq!(out.len(), 1);
        assert_eq!(out[0].at, 104);
    }
}
