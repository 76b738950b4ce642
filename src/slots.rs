//! Which slot a key has: a hash table of slots alone, five bytes each at most two thirds full or so, as the key stands in
//! the row that the slot names. Whoever keeps the rows says what the key of a slot is.

use core::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::id::{Slot, TaskId};

/// Slots by the keys of their rows.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    table: HashTable<u32>,
    hasher: FixedState,
}

fn hash(hasher: &FixedState, key: TaskId) -> u64 {
    hasher.hash_one(u128::from_le_bytes(key.0))
}

impl Slots {
    /// No slots; `seed` keys the hash.
    pub(crate) fn new(seed: u64) -> Slots {
        Slots { table: HashTable::new(), hasher: FixedState::with_seed(seed) }
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// The slot of a key.
    #[inline]
    pub(crate) fn get(&self, key: TaskId, key_of: impl Fn(Slot) -> Option<TaskId>) -> Option<Slot> {
        let found = self.table.find(hash(&self.hasher, key), |slot| key_of(Slot(*slot)) == Some(key));
        found.map(|slot| Slot(*slot))
    }

    /// Adds the slot of a key that has none.
    pub(crate) fn insert(&mut self, key: TaskId, slot: Slot, key_of: impl Fn(Slot) -> Option<TaskId>) {
        let Slots { table, hasher } = self;
        table.insert_unique(hash(hasher, key), slot.0, |slot| hash(hasher, key_of(Slot(*slot)).unwrap_or_default()));
    }

    /// Takes out the slot of a key.
    pub(crate) fn remove(&mut self, key: TaskId, slot: Slot) {
        if let Ok(entry) = self.table.find_entry(hash(&self.hasher, key), |held| *held == slot.0) {
            entry.remove();
        }
    }
}
