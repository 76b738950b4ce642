//! Fingerprints of the states that were met: eight bytes each, shared by all threads without a lock.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// A set of fingerprints, open addressing; 0 is a free place.
pub struct Seen {
    places: Vec<AtomicU64>,
    len: AtomicUsize,
}

impl Seen {
    /// Room for at least this many.
    pub fn new(most: usize) -> Seen {
        let places = (most + most / 4 + 64).next_power_of_two();
        Seen { places: (0..places).map(|_| AtomicU64::new(0)).collect(), len: AtomicUsize::new(0) }
    }

    /// Notes a fingerprint; says whether it is new.
    pub fn insert(&self, print: u64) -> bool {
        let mask = self.places.len() - 1;
        let mut at = print as usize & mask;
        loop {
            match self.places[at].compare_exchange(0, print, Relaxed, Relaxed) {
                Ok(_) => {
                    self.len.fetch_add(1, Relaxed);
                    return true;
                }
                Err(there) if there == print => return false,
                Err(_) => at = (at + 1) & mask,
            }
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len.load(Relaxed)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_new_once() {
        let seen = Seen::new(10);
        assert!(seen.is_empty());
        for print in [1, 1 + 128, 1 + 256] {
            assert!(seen.insert(print));
            assert!(!seen.insert(print));
        }
        assert_eq!(seen.len(), 3);
    }
}
