//! When those come back for whom there is no place: each is told a time of its own, as far from the next as places become
//! free, so that n who wait are spread over n ÷ rate. Nobody who waits is remembered. Who has a place is left to `handshake`.

use core::time::Duration;

use crate::rng::Rng;
use crate::time::{micros, Instant};

/// The least after which one who was told to come back does.
pub(super) const COME_BACK: Duration = Duration::from_millis(500);
/// The most: those who wait longer are told a time in the upper half of it.
const MOST_WAIT: Duration = Duration::from_secs(300);
/// How long a place is held while nothing is known: a few round trips.
const HELD_AT_FIRST: u64 = 100_000;
/// Places that became free after which the older half of what was seen counts no more.
const REMEMBERED: u64 = 256;

/// Places of one kind, handshakes or repairs: how long they are held, and up to when those who wait have been told to come.
#[derive(Clone, Debug)]
pub(super) struct Places {
    taken: usize,
    seen: Instant,
    /// Microseconds for which places were held, all together, and how many became free.
    held: u64,
    freed: u64,
    /// When the next one who waits may come.
    pub(super) next: Instant,
}

impl Places {
    pub(super) fn new() -> Places {
        Places { taken: 0, seen: Instant::ZERO, held: HELD_AT_FIRST, freed: 1, next: Instant::ZERO }
    }

    /// So many are taken now. Looked at often while there is a crowd, which is when it matters.
    pub(super) fn see(&mut self, now: Instant, taken: usize) {
        let all_along = self.taken.min(taken) as u64;
        self.held = self.held.saturating_add(micros(now.since(self.seen)).saturating_mul(all_along));
        self.freed += self.taken.saturating_sub(taken) as u64;
        if self.freed >= REMEMBERED {
            (self.held, self.freed) = (self.held / 2, self.freed / 2);
        }
        (self.taken, self.seen) = (taken, now);
    }

    /// Microseconds after which one more is to come, where there are `places` in all.
    pub(super) fn come_back_after(&mut self, now: Instant, places: u32, rng: &mut Rng) -> u64 {
        let (least, most) = (micros(COME_BACK), micros(MOST_WAIT));
        let wait = micros(self.next.since(now)).max(least);
        if wait >= most {
            return rng.between(most / 2, most);
        }
        let apart = self.held / self.freed / u64::from(places.max(1));
        self.next = now.after(Duration::from_micros(wait.saturating_add(apart)));
        rng.between(wait, wait + 2 * least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times that `count` are told, in order, where `places` are held for `held` microseconds each.
    fn told(count: usize, places: u32, held: u64) -> alloc::vec::Vec<u64> {
        let (mut queue, mut rng) = (Places::new(), Rng::new(3));
        let mut now = Instant::ZERO;
        for _ in 0..100 {
            queue.see(now, places as usize);
            now = now.after(Duration::from_micros(held));
            queue.see(now, places as usize);
            queue.see(now, 0);
        }
        let mut times: alloc::vec::Vec<u64> =
            (0..count).map(|_| queue.come_back_after(now, places, &mut rng)).collect();
        times.sort_unstable();
        times
    }

    #[test]
    fn a_lone_one_comes_back_soon_and_a_crowd_as_fast_as_places_become_free() {
        assert!((500_000..=1_500_000).contains(&told(1, 64, 80_000)[0]));
        // 10,000 over 64 places of 80 ms each: 12.5 s.
        let times = told(10_000, 64, 80_000);
        assert!(times[0] >= 500_000 && (12_500_000..=14_500_000).contains(&times[9_999]), "{}", times[9_999]);
        for second in 1..12 {
            let within = times.iter().filter(|at| **at / 1_000_000 == second).count();
            assert!((600..=1_000).contains(&within), "{within} in second {second}, evenly 800");
        }
    }

    #[test]
    fn nobody_waits_longer_than_the_bound_however_many_there_are() {
        let times = told(100_000, 1, 20_000_000);
        assert!(times[99_999] <= 301_000_000, "{}", times[99_999]);
        assert!(times[50_000] >= 150_000_000);
    }

    #[test]
    fn places_that_nobody_waits_for_are_no_reason_to_wait() {
        let (mut queue, mut rng) = (Places::new(), Rng::new(3));
        let day = Instant::from_micros(86_400_000_000);
        queue.see(Instant::ZERO, 3);
        queue.see(day, 0);
        assert!((0..100).all(|_| queue.come_back_after(day, 64, &mut rng) <= 1_700_000));
    }
}
