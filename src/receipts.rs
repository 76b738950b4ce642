//! Which frames of a session have come: the replay window, and the acknowledgement made of it.

use crate::id::FrameNumber;
use crate::time::Instant;

/// A largest number and the 64 before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct Bits {
    largest: u64,
    before: u64,
}

impl Bits {
    fn has(&self, number: u64) -> Option<bool> {
        if number > self.largest {
            return Some(false);
        }
        match self.largest - number {
            0 => Some(true),
            distance if distance <= 64 => Some(self.before >> (distance - 1) & 1 == 1),
            _ => None,
        }
    }

    fn set(&mut self, number: u64) {
        if number > self.largest {
            let shift = number - self.largest;
            let moved = if shift > 64 {
                0
            } else {
                let with_largest = if self.largest == 0 { 0 } else { 1u64 << (shift - 1) };
                self.before.checked_shl(shift as u32).unwrap_or(0) | with_largest
            };
            self.largest = number;
            self.before = moved;
        } else {
            let distance = self.largest - number;
            if (1..=64).contains(&distance) {
                self.before |= 1 << (distance - 1);
            }
        }
    }
}

/// What is to be thought of a frame's number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Newness {
    /// Never seen.
    New,
    /// Seen before.
    Repeated,
    /// So far below the largest that it cannot be told: taken for a repeat.
    Late,
}

/// The receiving side of a session's frame numbers.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Receipts {
    seen: Bits,
    processed: Bits,
    largest_at: Instant,
}

impl Receipts {
    pub(crate) fn judge(&self, number: FrameNumber) -> Newness {
        match self.seen.has(number.0) {
            Some(false) if number.0 > 0 => Newness::New,
            Some(_) => Newness::Repeated,
            None => Newness::Late,
        }
    }

    pub(crate) fn see(&mut self, number: FrameNumber) {
        self.seen.set(number.0);
    }

    /// Notes that a frame was processed, or is held for good.
    pub(crate) fn process(&mut self, number: FrameNumber, now: Instant) {
        if number.0 > self.processed.largest {
            self.largest_at = now;
        }
        self.processed.set(number.0);
    }

    pub(crate) fn largest(&self) -> FrameNumber {
        FrameNumber(self.processed.largest)
    }

    pub(crate) fn bitmap(&self) -> u64 {
        self.processed.before
    }

    pub(crate) fn largest_at(&self) -> Instant {
        self.largest_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_window_equals_a_set(numbers in proptest::collection::vec(1u64..200, 1..300)) {
            let mut receipts = Receipts::default();
            let mut set = BTreeSet::new();
            for number in numbers {
                let largest = set.last().copied().unwrap_or(0);
                let expected = if number + 64 < largest {
                    Newness::Late
                } else if set.contains(&number) {
                    Newness::Repeated
                } else {
                    Newness::New
                };
                prop_assert_eq!(receipts.judge(FrameNumber(number)), expected);
                if expected == Newness::New {
                    receipts.see(FrameNumber(number));
                    receipts.process(FrameNumber(number), Instant::ZERO);
                    set.insert(number);
                }
                let largest = *set.last().unwrap();
                prop_assert_eq!(receipts.largest(), FrameNumber(largest));
                for distance in 1..=64u64 {
                    let there = largest > distance && set.contains(&(largest - distance));
                    prop_assert_eq!(receipts.bitmap() >> (distance - 1) & 1 == 1, there);
                }
            }
        }
    }
}
