//! Records as they were at base, of the slots that have changed since: packed, in places that are used again, so that the
//! steady state allocates nothing. When one is put here or taken is left to `publisher`.
//!
//! Invariant: a place is named by one slot, or waits in `free`.

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use crate::id::Slot;
use crate::room::{lengthen, push};
use crate::stream::Stream;

/// No place.
const NONE: u32 = u32::MAX;

#[derive(Clone, Debug)]
pub(super) struct AtBase<S: Stream> {
    /// The place of each slot's row.
    places: Vec<u32>,
    rows: Vec<Option<S::Row>>,
    free: Vec<u32>,
}

impl<S: Stream> Hash for AtBase<S> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for (slot, place) in self.places.iter().enumerate().filter(|(_, place)| **place != NONE) {
            let row = self.rows.get(*place as usize).and_then(Option::as_ref);
            (slot, row.map(S::hash_of)).hash(state);
        }
    }
}

impl<S: Stream> AtBase<S> {
    pub(super) fn new() -> AtBase<S> {
        AtBase { places: Vec::new(), rows: Vec::new(), free: Vec::new() }
    }

    fn place(&self, slot: Slot) -> Option<usize> {
        self.places.get(slot.0 as usize).filter(|place| **place != NONE).map(|place| *place as usize)
    }

    pub(super) fn get(&self, slot: Slot) -> Option<&S::Row> {
        self.rows.get(self.place(slot)?)?.as_ref()
    }

    /// Puts the row of a slot here, in place of one that may be.
    pub(super) fn insert(&mut self, slot: Slot, row: S::Row) {
        if let Some(place) = self.place(slot) {
            self.rows[place] = Some(row);
            return;
        }
        let place = match self.free.pop() {
            Some(place) => {
                self.rows[place as usize] = Some(row);
                place
            }
            None => {
                push(&mut self.rows, Some(row));
                self.rows.len() as u32 - 1
            }
        };
        let index = slot.0 as usize;
        lengthen(&mut self.places, index + 1, || NONE);
        self.places[index] = place;
    }

    pub(super) fn remove(&mut self, slot: Slot) -> Option<S::Row> {
        let place = self.place(slot)?;
        self.places[slot.0 as usize] = NONE;
        self.free.push(place as u32);
        self.rows[place].take()
    }

    /// All rows.
    pub(super) fn rows_mut(&mut self) -> impl Iterator<Item = &mut S::Row> {
        self.rows.iter_mut().flatten()
    }
}
