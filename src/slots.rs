//! Which slot a key has: a hash table of slots alone, four bytes a place at most three quarters full, as the key stands in
//! the row that the slot names. Whoever keeps the rows says what the key of a slot is.
//!
//! Invariant: from the place that a key's hash names to the one where its slot stands no place is free.

use alloc::vec::Vec;
use core::hash::BuildHasher;

use foldhash::fast::FixedState;

use crate::id::{Slot, TaskId};

/// Bits of a place for the slot, one more than it is; the bits above are of the key's hash, so that hardly a row is looked
/// at in vain. Slots are below 2^20 ([`Limits::slots`](crate::Limits::slots)).
const SLOT_BITS: u32 = 22;
const SLOT: u32 = (1 << SLOT_BITS) - 1;
/// Places of the smallest table.
const LEAST: usize = 8;

/// Slots by the keys of their rows.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    /// 0 where a place is free; a power of two of them, or none.
    places: Vec<u32>,
    count: usize,
    hasher: FixedState,
}

impl Slots {
    /// No slots; `seed` keys the hash.
    pub(crate) fn new(seed: u64) -> Slots {
        Slots { places: Vec::new(), count: 0, hasher: FixedState::with_seed(seed) }
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Where a key's slot stands if nothing is in its way, and the bits of its hash that stand with it.
    #[inline]
    fn home(&self, key: TaskId) -> (usize, u32) {
        let hash = self.hasher.hash_one(u128::from_le_bytes(key.0));
        (hash as usize & self.mask(), (hash >> 32) as u32 & !SLOT)
    }

    #[inline]
    fn mask(&self) -> usize {
        self.places.len().wrapping_sub(1)
    }

    #[inline]
    fn slot_at(&self, at: usize) -> Slot {
        Slot((self.places[at] & SLOT) - 1)
    }

    /// The slot of a key.
    #[inline]
    pub(crate) fn get(&self, key: TaskId, key_of: impl Fn(Slot) -> Option<TaskId>) -> Option<Slot> {
        let (mut at, bits) = self.home(key);
        // A quarter of the places is free, or there is none.
        while let Some(place) = self.places.get(at).filter(|place| **place != 0) {
            if place & !SLOT == bits && key_of(self.slot_at(at)) == Some(key) {
                return Some(self.slot_at(at));
            }
            at = (at + 1) & self.mask();
        }
        None
    }

    /// Adds the slot of a key that has none.
    pub(crate) fn insert(&mut self, key: TaskId, slot: Slot, key_of: impl Fn(Slot) -> Option<TaskId>) {
        if 4 * (self.count + 1) > 3 * self.places.len() {
            self.grow(key_of);
        }
        self.put(key, slot);
        self.count += 1;
    }

    fn put(&mut self, key: TaskId, slot: Slot) {
        debug_assert!(slot.0 < SLOT);
        let (mut at, bits) = self.home(key);
        while self.places[at] != 0 {
            at = (at + 1) & self.mask();
        }
        self.places[at] = bits | (slot.0 + 1) & SLOT;
    }

    #[cold]
    fn grow(&mut self, key_of: impl Fn(Slot) -> Option<TaskId>) {
        let larger = alloc::vec![0; (2 * self.places.len()).max(LEAST)];
        for place in core::mem::replace(&mut self.places, larger).into_iter().filter(|place| *place != 0) {
            let slot = Slot((place & SLOT) - 1);
            if let Some(key) = key_of(slot) {
                self.put(key, slot);
            }
        }
    }

    /// Takes out the slot of a key, which it has; the rows of all others are still there.
    pub(crate) fn remove(&mut self, key: TaskId, slot: Slot, key_of: impl Fn(Slot) -> Option<TaskId>) {
        let (mut free, _) = self.home(key);
        while self.places.get(free).is_some_and(|place| *place != 0) && self.slot_at(free) != slot {
            free = (free + 1) & self.mask();
        }
        if self.places.get(free).is_none_or(|place| *place == 0) {
            return;
        }
        self.count -= 1;
        // What follows without a gap moves up, where that is not before its own first place.
        let mut at = free;
        loop {
            at = (at + 1) & self.mask();
            let Some(other) = (self.places[at] != 0).then(|| key_of(self.slot_at(at))) else { break };
            let (home, _) = self.home(other.unwrap_or_default());
            if at.wrapping_sub(home) & self.mask() >= at.wrapping_sub(free) & self.mask() {
                self.places[free] = self.places[at];
                free = at;
            }
        }
        self.places[free] = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_a_map_would(seed: u64, steps in proptest::collection::vec((0u8..40, any::<bool>()), 0..400)) {
            let id = |key: u8| TaskId([key; 16]);
            let mut rows: Vec<Option<TaskId>> = Vec::new();
            let mut twin: BTreeMap<u8, Slot> = BTreeMap::new();
            let mut slots = Slots::new(seed);
            for (key, add) in steps {
                match (add, twin.get(&key).copied()) {
                    (true, None) => {
                        let slot = rows.iter().position(Option::is_none).unwrap_or(rows.len());
                        rows.resize(rows.len().max(slot + 1), None);
                        rows[slot] = Some(id(key));
                        slots.insert(id(key), Slot(slot as u32), |slot| rows[slot.0 as usize]);
                        twin.insert(key, Slot(slot as u32));
                    }
                    (false, Some(slot)) => {
                        rows[slot.0 as usize] = None;
                        slots.remove(id(key), slot, |slot| rows[slot.0 as usize]);
                        twin.remove(&key);
                    }
                    _ => {}
                }
                prop_assert_eq!(slots.len(), twin.len());
                for key in 0..40 {
                    let found = slots.get(id(key), |slot| rows[slot.0 as usize]);
                    prop_assert_eq!(found, twin.get(&key).copied());
                }
            }
        }
    }
}
