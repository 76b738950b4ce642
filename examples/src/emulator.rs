//! A bad network without a network: frames and time go in, frames come out lost, repeated, reordered, delayed and
//! corrupted. It opens no socket and reads no clock, so that the same seed and the same calls give the same result;
//! sockets are left to `bin/relay.rs`.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use serde::{Deserialize, Serialize};

/// How bad it is. Shares are between 0 and 1, times in microseconds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Faults {
    /// Frames that never arrive.
    pub loss: f64,
    /// Frames that arrive twice.
    pub repeat: f64,
    /// Frames that are held back so that later ones overtake them.
    pub reorder: f64,
    /// Frames of which bits are turned, or an end is missing, or too much.
    pub corrupt: f64,
    /// The shortest way through.
    pub delay_least: u64,
    /// The longest way of a frame that is not held back.
    pub delay_most: u64,
}

impl Faults {
    /// No fault at all.
    pub const NONE: Faults =
        Faults { loss: 0.0, repeat: 0.0, reorder: 0.0, corrupt: 0.0, delay_least: 0, delay_most: 0 };
}

/// One direction of one connection, as the caller numbers them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Lane(pub usize);

/// What became of the frames of a lane.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Counts {
    /// Frames that came in.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Frames that never came out.
    pub lost: u64,
    /// Frames that came out twice.
    pub repeated: u64,
    /// Frames that were held back.
    pub reordered: u64,
    /// Copies that were spoilt.
    pub corrupted: u64,
    /// Copies that came out.
    pub delivered: u64,
    /// Frames lost because too many were under way, whatever their luck.
    pub overflowed: u64,
    /// Connections that were cut, where the lane is one over TCP: what was under way is lost with them.
    #[serde(default)]
    pub cuts: u64,
    /// Frames that were held up with all behind them, on such a lane.
    #[serde(default)]
    pub stalls: u64,
}

/// What becomes of one frame, as far as the emulator has a hand in it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Fate {
    /// No copy comes out, or one copy less than should.
    pub lost: bool,
    /// Two copies come out.
    pub repeated: bool,
    /// At least one copy is held back.
    pub reordered: bool,
    /// At least one copy is spoilt.
    pub corrupted: bool,
}

impl std::fmt::Display for Fate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (yes, word) in [
            (self.lost, " lost"),
            (self.repeated, " repeated"),
            (self.reordered, " reordered"),
            (self.corrupted, " corrupted"),
        ] {
            f.write_str(if yes { word } else { "" })?;
        }
        Ok(())
    }
}

/// Copies under way at a time; more are dropped and counted, so that memory is bounded.
const UNDER_WAY: usize = 65_536;

struct Copy {
    due: u64,
    order: u64,
    lane: Lane,
    frame: Vec<u8>,
}

impl PartialEq for Copy {
    fn eq(&self, other: &Copy) -> bool {
        (self.due, self.order) == (other.due, other.order)
    }
}
impl Eq for Copy {}
impl PartialOrd for Copy {
    fn partial_cmp(&self, other: &Copy) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Copy {
    fn cmp(&self, other: &Copy) -> std::cmp::Ordering {
        (self.due, self.order).cmp(&(other.due, other.order))
    }
}

struct LaneState {
    random: fastrand::Rng,
    counts: Counts,
    /// The latest due time of a frame that was not held back: others keep behind it.
    in_order_until: u64,
}

/// The network.
pub struct Emulator {
    faults: Faults,
    lanes: Vec<LaneState>,
    under_way: BinaryHeap<Reverse<Copy>>,
    order: u64,
}

impl Emulator {
    /// A network of `lanes` lanes. Each draws from a generator of its own, so that the traffic of one changes nothing
    /// for another.
    pub fn new(faults: Faults, lanes: usize, seed: u64) -> Emulator {
        let mut mother = fastrand::Rng::with_seed(seed);
        let lanes = (0..lanes)
            .map(|_| LaneState {
                random: fastrand::Rng::with_seed(mother.u64(..)),
                counts: Counts::default(),
                in_order_until: 0,
            })
            .collect();
        Emulator { faults, lanes, under_way: BinaryHeap::new(), order: 0 }
    }

    /// A frame goes into a lane. Tells what becomes of it.
    pub fn offer(&mut self, now: u64, lane: Lane, frame: &[u8]) -> Fate {
        let before = self.lanes[lane.0].counts;
        self.decide(now, lane, frame);
        let after = self.lanes[lane.0].counts;
        Fate {
            lost: after.lost > before.lost || after.overflowed > before.overflowed,
            repeated: after.repeated > before.repeated,
            reordered: after.reordered > before.reordered,
            corrupted: after.corrupted > before.corrupted,
        }
    }

    fn decide(&mut self, now: u64, lane: Lane, frame: &[u8]) {
        let faults = self.faults;
        let state = &mut self.lanes[lane.0];
        state.counts.frames += 1;
        state.counts.bytes += frame.len() as u64;
        // Every chance is drawn for every frame, so that one kind of fault changes nothing about the others.
        let lost = state.random.f64() < faults.loss;
        let repeated = state.random.f64() < faults.repeat;
        if lost {
            state.counts.lost += 1;
            return;
        }
        state.counts.repeated += u64::from(repeated);
        for _ in 0..1 + usize::from(repeated) {
            self.send_copy(now, lane, frame);
        }
    }

    /// The next copy that has come through by `now`.
    pub fn take(&mut self, now: u64) -> Option<(Lane, Vec<u8>)> {
        if self.under_way.peek()?.0.due > now {
            return None;
        }
        let Reverse(copy) = self.under_way.pop()?;
        self.lanes[copy.lane.0].counts.delivered += 1;
        Some((copy.lane, copy.frame))
    }

    /// When the next copy comes through.
    pub fn next_due(&self) -> Option<u64> {
        self.under_way.peek().map(|copy| copy.0.due)
    }

    /// What became of a lane's frames so far.
    pub fn counts(&self, lane: Lane) -> Counts {
        self.lanes[lane.0].counts
    }

    fn send_copy(&mut self, now: u64, lane: Lane, frame: &[u8]) {
        let faults = self.faults;
        let state = &mut self.lanes[lane.0];
        if self.under_way.len() >= UNDER_WAY {
            state.counts.overflowed += 1;
            return;
        }
        let mut frame = frame.to_vec();
        if state.random.f64() < faults.corrupt {
            state.counts.corrupted += 1;
            corrupt(&mut state.random, &mut frame);
        }
        let delay = state.random.u64(faults.delay_least..=faults.delay_most.max(faults.delay_least));
        let due = if state.random.f64() < faults.reorder {
            state.counts.reordered += 1;
            now + delay + state.random.u64(1..=3 * faults.delay_most.max(1_000))
        } else {
            state.in_order_until = state.in_order_until.max(now + delay);
            state.in_order_until
        };
        self.order += 1;
        self.under_way.push(Reverse(Copy { due, order: self.order, lane, frame }));
    }
}

/// Turns a few bits, cuts the end off, or adds to it; never leaves the frame as it was.
fn corrupt(random: &mut fastrand::Rng, frame: &mut Vec<u8>) {
    if frame.is_empty() {
        frame.push(random.u8(..));
        return;
    }
    match random.u8(0..8) {
        0 => frame.truncate(random.usize(0..frame.len())),
        1 => frame.extend((0..random.usize(1..=16)).map(|n| n as u8)),
        _ => {
            // An odd number of turns, each of another byte or bit of it, cannot undo itself.
            let byte = random.usize(0..frame.len());
            frame[byte] ^= 1 << random.u8(0..8);
            let other = random.usize(0..frame.len());
            if other != byte {
                frame[other] ^= random.u8(..);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAD: Faults =
        Faults { loss: 0.2, repeat: 0.1, reorder: 0.1, corrupt: 0.05, delay_least: 1_000, delay_most: 8_000 };

    /// Offers `count` numbered frames a millisecond apart and gives all that comes out, with its time.
    fn run(faults: Faults, seed: u64, count: u32) -> (Vec<(u64, Vec<u8>)>, Counts) {
        let mut emulator = Emulator::new(faults, 1, seed);
        let mut out = Vec::new();
        for number in 0..count {
            let now = u64::from(number) * 1_000;
            emulator.offer(now, Lane(0), &number.to_le_bytes());
            while let Some((_, frame)) = emulator.take(now) {
                out.push((now, frame));
            }
        }
        while let Some(due) = emulator.next_due() {
            assert!(emulator.take(due.saturating_sub(1)).is_none(), "nothing comes through before it is due");
            let (_, frame) = emulator.take(due).unwrap();
            out.push((due, frame));
        }
        (out, emulator.counts(Lane(0)))
    }

    #[test]
    fn without_faults_everything_comes_out_once_in_order() {
        let (out, counts) = run(Faults::NONE, 1, 1000);
        let expected: Vec<_> = (0..1000u32).map(|n| (u64::from(n) * 1000, n.to_le_bytes().to_vec())).collect();
        assert_eq!(out, expected);
        assert_eq!(counts, Counts { frames: 1000, bytes: 4000, delivered: 1000, ..Counts::default() });
    }

    #[test]
    fn the_same_seed_gives_the_same_and_another_seed_something_else() {
        assert_eq!(run(BAD, 7, 2000), run(BAD, 7, 2000));
        assert_ne!(run(BAD, 7, 2000), run(BAD, 8, 2000));
    }

    #[test]
    fn every_fault_happens_about_as_often_as_asked_and_is_counted() {
        let (out, counts) = run(BAD, 3, 20_000);
        let about = |count: u64, share: f64, of: u64| {
            let expected = share * of as f64;
            assert!((count as f64 - expected).abs() < 0.15 * expected, "{count} is not about {expected}");
        };
        about(counts.lost, 0.2, 20_000);
        about(counts.repeated, 0.1, 20_000 - counts.lost);
        about(counts.reordered, 0.1, counts.delivered);
        about(counts.corrupted, 0.05, counts.delivered);
        assert_eq!(counts.delivered, 20_000 - counts.lost + counts.repeated);
        assert_eq!(out.len() as u64, counts.delivered);
    }

    #[test]
    fn a_lost_frame_never_comes_and_a_repeated_one_comes_twice() {
        let (out, counts) = run(Faults { loss: 0.5, repeat: 0.0, ..BAD }, 4, 100);
        assert_eq!(out.len() as u64, 100 - counts.lost);
        let (out, counts) = run(Faults { repeat: 1.0, ..Faults::NONE }, 4, 100);
        assert_eq!((out.len(), counts.repeated), (200, 100));
        let mut emulator = Emulator::new(Faults { loss: 1.0, ..Faults::NONE }, 1, 1);
        assert_eq!(emulator.offer(0, Lane(0), b"x").to_string(), " lost");
    }

    #[test]
    fn only_what_is_held_back_is_overtaken() {
        let in_order = Faults { reorder: 0.0, loss: 0.0, repeat: 0.0, corrupt: 0.0, ..BAD };
        let (out, _) = run(in_order, 5, 2000);
        assert!(out.windows(2).all(|two| two[0].1 != two[1].1 && number(&two[0].1) < number(&two[1].1)));
        assert!(out.iter().all(|(at, frame)| (1_000..).contains(&(at - u64::from(number(frame)) * 1_000))));
        let (out, counts) = run(Faults { reorder: 0.2, ..in_order }, 5, 2000);
        assert!(counts.reordered > 0);
        assert!(out.windows(2).any(|two| number(&two[0].1) > number(&two[1].1)));
    }

    #[test]
    fn a_corrupted_frame_is_never_the_one_sent() {
        for seed in 0..500 {
            let mut random = fastrand::Rng::with_seed(seed);
            let before: Vec<u8> = (0..random.u8(0..64)).collect();
            let mut after = before.clone();
            corrupt(&mut random, &mut after);
            assert_ne!(before, after, "seed {seed}");
        }
    }

    #[test]
    fn what_is_under_way_is_bounded() {
        let slow = Faults { delay_least: 1_000_000, delay_most: 1_000_000, ..Faults::NONE };
        let mut emulator = Emulator::new(slow, 1, 1);
        for _ in 0..UNDER_WAY + 10 {
            emulator.offer(0, Lane(0), b"frame");
        }
        assert_eq!(emulator.counts(Lane(0)).overflowed, 10);
        assert_eq!(emulator.under_way.len(), UNDER_WAY);
    }

    fn number(frame: &[u8]) -> u32 {
        u32::from_le_bytes(frame.try_into().unwrap())
    }
}
