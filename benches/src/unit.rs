//! The unit of all times, U: one random `get_mut` of a 16-byte key in a hashbrown map of 1 M entries; and how work is
//! measured in it: in rounds, each beside a round of U, so that what slows the machine slows both. The median counts. Time is
//! the processor time of this thread, so that other programs on the machine count for less.

use std::hint::black_box;
use std::time::Duration;

use cpu_time::ThreadTime;
use hashbrown::HashMap;

use crate::workload::Random;

/// Entries of the map.
const ENTRIES: usize = 1_000_000;
/// Look-ups of one round.
const LOOK_UPS: usize = 20_000;

/// The map, and the keys in a random order.
pub struct Unit {
    map: HashMap<[u8; 16], u64>,
    keys: Vec<[u8; 16]>,
    next: usize,
    seen: Vec<f64>,
}

impl Default for Unit {
    fn default() -> Unit {
        Unit::new()
    }
}

impl Unit {
    /// The map, filled.
    pub fn new() -> Unit {
        let mut random = Random(99);
        let mut keys: Vec<[u8; 16]> = (0..ENTRIES).map(|_| random.id().0).collect();
        let map = keys.iter().map(|key| (*key, 0)).collect();
        random.shuffle(&mut keys);
        Unit { map, keys, next: 0, seen: Vec::new() }
    }

    /// One U now, in nanoseconds.
    pub fn nanos(&mut self) -> f64 {
        if self.next + LOOK_UPS > self.keys.len() {
            self.next = 0;
        }
        let keys = &self.keys[self.next..self.next + LOOK_UPS];
        self.next += LOOK_UPS;
        let began = ThreadTime::now();
        for key in keys {
            if let Some(value) = self.map.get_mut(black_box(key)) {
                *value += 1;
            }
        }
        let nanos = began.elapsed().as_nanos() as f64 / LOOK_UPS as f64;
        self.seen.push(nanos);
        nanos
    }

    /// Whether U was measured at all.
    pub fn is_used(&self) -> bool {
        !self.seen.is_empty()
    }

    /// The median of all U measured so far, in nanoseconds.
    pub fn median(&self) -> f64 {
        median(self.seen.clone())
    }

    /// The median over so many rounds of what `work` takes for one of the things it did, in U. A round should take some
    /// milliseconds: the look-ups beside it leave nothing of it in the caches.
    pub fn ratio(&mut self, rounds: usize, mut work: impl FnMut() -> (Duration, u64)) -> f64 {
        let mut ratios = Vec::with_capacity(rounds);
        for _ in 0..rounds {
            let before = self.nanos();
            let (took, things) = work();
            let unit = (before + self.nanos()) / 2.0;
            if things > 0 {
                ratios.push(took.as_nanos() as f64 / things as f64 / unit);
            }
        }
        median(ratios)
    }
}

/// The median.
pub fn median(values: Vec<f64>) -> f64 {
    share(values, 0.5)
}

/// The value below which so large a share of the values lies.
pub fn share(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let index = (values.len().saturating_sub(1) as f64 * share).round() as usize;
    values.get(index).copied().unwrap_or(f64::NAN)
}
