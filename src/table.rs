//! A set of records at a position. Publisher, subscriber and stage each have one, and `apply` is the only place where
//! lossless state changes: legality, record hash, tag and digest move together. What was before is given back, so that
//! a delta can be tried and rolled back.
//!
//! Invariants: `digest` is the wrapping sum of the hashes kept beside the live records; every live record is found under
//! its key; slots are below the bound.

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use crate::bait::{bait, Baits};
use crate::error::Illegal;
use crate::id::{Epoch, FrameNumber, Slot, TaskId};
use crate::map::Map;
use crate::revision::{Digest, Position, Revision};
use crate::stream::Stream;
use crate::task::Stepped;

/// A record and its hash.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Cell<S: Stream> {
    /// The record.
    pub record: S::Record,
    /// Its hash.
    pub hash: u64,
    /// The detail that stands beside it at a subscriber: no part of it, and ended by its next entry.
    pub(crate) shown: Option<Shown<S::Detail>>,
}

/// A detail shown, and the frame that brought it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Shown<D> {
    pub epoch: Epoch,
    pub number: FrameNumber,
    pub detail: D,
}

/// What an entry changed.
#[derive(Clone, Debug)]
pub(crate) struct Applied<S: Stream> {
    /// The slot.
    pub slot: Slot,
    /// What was there before.
    pub before: Option<Cell<S>>,
    /// Where the table stands now.
    pub position: Position,
}

/// Records by slot, at a position.
#[derive(Clone, Debug)]
pub struct Table<S: Stream> {
    position: Position,
    digest: Digest,
    cells: Vec<Option<Cell<S>>>,
    slots: Map<TaskId, Slot>,
    bound: u32,
    baits: Baits,
}

impl<S: Stream> Hash for Table<S> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.position.hash(state);
        self.digest.hash(state);
        for cell in self.cells.iter().flatten() {
            cell.hash.hash(state);
        }
    }
}

impl<S: Stream> Table<S> {
    /// An empty table at the start of history, whose slots are below `bound`.
    pub(crate) fn new(bound: u32, seed: u64, baits: Baits) -> Table<S> {
        Table {
            position: Position::START,
            digest: Digest::default(),
            cells: Vec::new(),
            slots: Map::new(seed),
            bound,
            baits,
        }
    }

    /// Where the table stands.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The running digest of the live records.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// How many records are live.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether no record is live.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Slots are below this.
    pub fn bound(&self) -> u32 {
        self.bound
    }

    /// Sets the bound anew: another session agreed on it.
    pub(crate) fn set_bound(&mut self, bound: u32) {
        self.bound = bound;
    }

    /// The record in a slot.
    pub fn get(&self, slot: Slot) -> Option<&S::Record> {
        self.cell(slot).map(|cell| &cell.record)
    }

    /// The record in a slot, with its hash.
    pub fn cell(&self, slot: Slot) -> Option<&Cell<S>> {
        self.cells.get(slot.0 as usize)?.as_ref()
    }

    pub(crate) fn cell_mut(&mut self, slot: Slot) -> Option<&mut Cell<S>> {
        self.cells.get_mut(slot.0 as usize)?.as_mut()
    }

    /// Reads a little of each of these cells, so that the memory behind them is fetched at once and not one by one.
    pub(crate) fn warm(&self, slots: impl Iterator<Item = Slot>) {
        let sum = slots.filter_map(|slot| self.cell(slot)).fold(0u64, |sum, cell| {
            let shown = cell.shown.as_ref().map_or(0, |shown| shown.number.0);
            sum.wrapping_add(cell.hash).wrapping_add(shown).wrapping_add(S::newest(&cell.record).revision.0)
        });
        core::hint::black_box(sum);
    }

    /// The slot of a key.
    pub fn slot(&self, key: TaskId) -> Option<Slot> {
        self.slots.get(&key).copied()
    }

    /// The record of a key.
    pub fn find(&self, key: TaskId) -> Option<&S::Record> {
        self.slot(key).and_then(|slot| self.get(slot))
    }

    /// All live records, by slot.
    pub fn iter(&self) -> impl Iterator<Item = &S::Record> {
        self.cells.iter().flatten().map(|cell| &cell.record)
    }

    /// The slot above the highest one in use, or that was.
    pub(crate) fn slots_used(&self) -> u32 {
        self.cells.len() as u32
    }

    /// The digest counted anew from the records' values.
    pub fn recount(&self) -> Digest {
        self.iter().fold(Digest::default(), |digest, record| digest.with(S::record_hash(record, false)))
    }

    /// Applies one entry: the table stands one revision further.
    ///
    /// # Errors
    /// [`Illegal`] when the entry does not follow; nothing is changed.
    pub(crate) fn apply(&mut self, entry: &S::Entry) -> Result<Applied<S>, Illegal> {
        let slot = S::slot(entry);
        if slot.0 >= self.bound {
            return Err(Illegal::SlotBeyond { slot, bound: self.bound });
        }
        if self.position.revision >= Revision::LAST {
            return Err(Illegal::RevisionsUsedUp);
        }
        let revision = self.position.revision.next();
        let held = self.get(slot);
        let binds = S::binds(entry);
        if let (Some(key), None) = (binds, held) {
            if let Some(slot) = self.slot(key) {
                return Err(Illegal::Registered { task: key, slot });
            }
        }
        let stepped = S::step(held, entry, revision, self.baits)?;
        let index = slot.0 as usize;
        if index >= self.cells.len() {
            self.cells.resize_with(index + 1, || None);
        }
        let (hash, after) = match stepped {
            Stepped::Live(record) => {
                let hash = S::record_hash(&record, false);
                (hash, Some(Cell { record, hash, shown: None }))
            }
            Stepped::Forgotten(record) => (S::record_hash(&record, true), None),
        };
        if let Some(key) = binds {
            self.slots.insert(key, slot);
        }
        let before = core::mem::replace(&mut self.cells[index], after);
        if let Some(before) = &before {
            if !bait!(self.baits, DigestKeepsOldHash) {
                self.digest = self.digest.without(before.hash);
            }
        }
        match &self.cells[index] {
            Some(_) => self.digest = self.digest.with(hash),
            None => {
                if let Some(before) = &before {
                    self.slots.remove(&S::key(&before.record));
                }
            }
        }
        self.position = self.position.advance(hash);
        Ok(Applied { slot, before, position: self.position })
    }

    /// Takes back what `apply` did; the newest first. Position and digest are set back by `rewind`.
    pub(crate) fn undo(&mut self, applied: Applied<S>) {
        let index = applied.slot.0 as usize;
        let now = core::mem::replace(&mut self.cells[index], applied.before);
        if let Some(now) = now {
            self.slots.remove(&S::key(&now.record));
        }
        if let Some(before) = &self.cells[index] {
            self.slots.insert(S::key(&before.record), applied.slot);
        }
    }

    /// Sets position and digest back to where they were before the entries that were undone.
    pub(crate) fn rewind(&mut self, position: Position, digest: Digest) {
        self.position = position;
        self.digest = digest;
    }

    /// Puts a record in its slot as a snapshot brings it.
    ///
    /// # Errors
    /// [`Illegal`] when the slot is taken or beyond the bound, or the key has another slot; nothing is changed.
    pub(crate) fn place(&mut self, record: S::Record) -> Result<(), Illegal> {
        let (slot, key) = (S::slot_of(&record), S::key(&record));
        if slot.0 >= self.bound {
            return Err(Illegal::SlotBeyond { slot, bound: self.bound });
        }
        if let Some(held) = self.get(slot) {
            return Err(Illegal::SlotTaken { slot, holder: S::key(held), other: key });
        }
        if let Some(slot) = self.slot(key) {
            return Err(Illegal::Registered { task: key, slot });
        }
        let index = slot.0 as usize;
        if index >= self.cells.len() {
            self.cells.resize_with(index + 1, || None);
        }
        let hash = S::record_hash(&record, false);
        self.digest = self.digest.with(hash);
        self.slots.insert(key, slot);
        self.cells[index] = Some(Cell { record, hash, shown: None });
        Ok(())
    }

    /// Says where the records that were placed stand.
    pub(crate) fn settle(&mut self, position: Position) {
        self.position = position;
    }

    /// Writes a state that no entry made into every record. What no controller may do: a bait.
    pub(crate) fn write_failed(&mut self) {
        for cell in self.cells.iter_mut().flatten() {
            S::write_failed(&mut cell.record);
        }
    }

    /// Alters a record in memory without its hash, as a fault of the machine would. For tests of the checks.
    #[cfg(feature = "bait")]
    pub fn damage(&mut self, slot: Slot, alter: impl FnOnce(&mut S::Record)) -> bool {
        match self.cells.get_mut(slot.0 as usize).and_then(Option::as_mut) {
            Some(cell) => {
                alter(&mut cell.record);
                true
            }
            None => false,
        }
    }
}
