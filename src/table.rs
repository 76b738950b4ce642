//! A set of records at a position. Publisher, subscriber and stage each have one, and `apply` is the only place where
//! lossless state changes: legality, record hash, tag and digest move together. What was before is kept beside, so that a
//! delta can be tried and rolled back. How a record is packed, and how an entry changes it, is left to `row`.
//!
//! Invariants: `digest` is the wrapping sum of the hashes kept beside the live records; every live record is found under
//! its key; slots are below the bound.

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use crate::bait::{bait, Baits};
use crate::error::Illegal;
use crate::id::{Epoch, Slot, TaskId};
use crate::revision::{Digest, Position, Revision};
use crate::room::lengthen;
use crate::row::{EpochIndex, Epochs, Stepped};
use crate::slots::Slots;
use crate::stream::Stream;

/// What an entry changed.
#[derive(Clone, Debug)]
pub(crate) struct Applied<S: Stream> {
    /// The slot.
    pub slot: Slot,
    /// What was there before.
    pub before: Option<S::Row>,
    /// Where the table stands now.
    pub position: Position,
}

/// Records by slot, at a position.
#[derive(Clone, Debug)]
pub struct Table<S: Stream> {
    position: Position,
    digest: Digest,
    rows: Vec<Option<S::Row>>,
    epochs: Epochs,
    slots: Slots,
    bound: u32,
    /// The slot that is recounted next. It decides nothing while memory is sound.
    scrubbed: u32,
    baits: Baits,
}

impl<S: Stream> Hash for Table<S> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.position.hash(state);
        self.digest.hash(state);
        for row in self.rows.iter().flatten() {
            S::hash_of(row).hash(state);
        }
    }
}

/// Turns in which all slots are recounted, and the least of one turn.
pub(crate) const ROUND: u32 = 32;
const LEAST_SHARE: u32 = 4;

/// The key of what a slot holds.
fn key_in<S: Stream>(rows: &[Option<S::Row>], slot: Slot) -> Option<TaskId> {
    rows.get(slot.0 as usize)?.as_ref().map(S::key)
}

impl<S: Stream> Table<S> {
    /// An empty table at the start of history, whose slots are below `bound`.
    pub(crate) fn new(bound: u32, seed: u64, baits: Baits) -> Table<S> {
        Table {
            position: Position::START,
            digest: Digest::default(),
            rows: Vec::new(),
            epochs: Epochs::default(),
            slots: Slots::new(seed),
            bound,
            scrubbed: 0,
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
    pub fn get(&self, slot: Slot) -> Option<S::Record> {
        self.row(slot).map(|row| S::unpack(row, slot, &self.epochs))
    }

    /// What is kept in a slot.
    #[inline]
    pub fn row(&self, slot: Slot) -> Option<&S::Row> {
        self.rows.get(slot.0 as usize)?.as_ref()
    }

    /// The record of a row that is, or was, in this table.
    pub(crate) fn unpack(&self, slot: Slot, row: &S::Row) -> S::Record {
        S::unpack(row, slot, &self.epochs)
    }

    pub(crate) fn epochs(&self) -> &Epochs {
        &self.epochs
    }

    pub(crate) fn epochs_mut(&mut self) -> &mut Epochs {
        &mut self.epochs
    }

    /// A row with what is needed to show a detail beside it.
    #[inline]
    pub(crate) fn row_mut(&mut self, slot: Slot) -> Option<(&mut S::Row, &Epochs)> {
        let row = self.rows.get_mut(slot.0 as usize)?.as_mut()?;
        Some((row, &self.epochs))
    }

    /// The index of an epoch in this table.
    pub(crate) fn epoch_index(&mut self, epoch: Epoch) -> EpochIndex {
        self.epochs.index(epoch)
    }

    /// Lets go of epochs that no row names, once they are many. `others` are rows of this table that are kept elsewhere;
    /// there must be no more.
    pub(crate) fn gather_epochs<'a>(&'a mut self, others: impl Iterator<Item = &'a mut S::Row>) {
        if self.epochs.is_crowded(self.slots.len()) {
            S::gather(&mut self.epochs, self.rows.iter_mut().flatten().chain(others));
        }
    }

    /// Reads a little of each of these rows, so that the memory behind them is fetched at once and not one by one.
    /// `whole` says whether all of a row will be needed.
    #[inline]
    pub(crate) fn warm(&self, slots: impl Iterator<Item = Slot>, whole: bool) {
        let rows = slots.filter_map(|slot| self.row(slot));
        let sum = match whole {
            true => rows.fold(0u64, |sum, row| sum.wrapping_add(S::hash_of(row)).wrapping_add(S::newest(row).0)),
            false => rows.fold(0u64, |sum, row| sum.wrapping_add(S::newest(row).0)),
        };
        core::hint::black_box(sum);
    }

    /// The slot of a key.
    #[inline]
    pub fn slot(&self, key: TaskId) -> Option<Slot> {
        self.slots.get(key, |slot| key_in::<S>(&self.rows, slot))
    }

    /// The record of a key.
    pub fn find(&self, key: TaskId) -> Option<S::Record> {
        self.slot(key).and_then(|slot| self.get(slot))
    }

    /// What is kept in each slot that is in use.
    pub fn rows(&self) -> impl Iterator<Item = (Slot, &S::Row)> {
        self.rows.iter().enumerate().filter_map(|(index, row)| Some((Slot(index as u32), row.as_ref()?)))
    }

    /// All live records, by slot.
    pub fn iter(&self) -> impl Iterator<Item = S::Record> + '_ {
        self.rows().map(|(slot, row)| S::unpack(row, slot, &self.epochs))
    }

    /// The slot above the highest one in use, or that was.
    pub(crate) fn slots_used(&self) -> u32 {
        self.rows.len() as u32
    }

    /// The digest counted anew from the records' values.
    pub fn recount(&self) -> Digest {
        self.iter().fold(Digest::default(), |digest, record| digest.with(S::record_hash(&record)))
    }

    /// Whether what a slot holds is what it was made as.
    pub(crate) fn is_sound(&self, slot: Slot) -> bool {
        self.row(slot).is_none_or(|row| S::is_sound(row, slot, &self.epochs))
    }

    /// The same of the record's hash alone, at a cost that does not grow with its values.
    #[inline]
    pub(crate) fn is_hash_sound(&self, slot: Slot) -> bool {
        self.row(slot).is_none_or(|row| S::is_hash_sound(row, slot, &self.epochs))
    }

    /// Recounts the next slots from the values in them, and names one that is damaged: all have had their turn after
    /// [`ROUND`] calls.
    pub(crate) fn scrub(&mut self) -> Option<Slot> {
        let used = self.slots_used();
        let share = used.div_ceil(ROUND).max(LEAST_SHARE.min(used));
        for _ in 0..share {
            let slot = Slot(self.scrubbed % used);
            if !bait!(self.baits, ScrubStandsStill) {
                self.scrubbed = slot.0 + 1;
            }
            if !self.is_sound(slot) {
                return Some(slot);
            }
        }
        None
    }

    /// Applies one entry: the table stands one revision further, and `applied` has what it changed at its end.
    ///
    /// # Errors
    /// [`Illegal`] when the entry does not follow; nothing is changed.
    #[inline]
    pub(crate) fn apply(&mut self, entry: &S::Entry, applied: &mut Vec<Applied<S>>) -> Result<(), Illegal> {
        let slot = S::slot(entry);
        if slot.0 >= self.bound {
            return Err(Illegal::SlotBeyond { slot, bound: self.bound });
        }
        if self.position.revision >= Revision::LAST {
            return Err(Illegal::RevisionsUsedUp);
        }
        let revision = self.position.revision.next();
        let index = slot.0 as usize;
        let binds = S::binds(entry);
        if let Some(key) = binds {
            if let (Some(slot), None) = (self.slot(key), self.row(slot)) {
                return Err(Illegal::Registered { task: key, slot });
            }
            lengthen(&mut self.rows, index + 1, || None);
        }
        let Some(place) = self.rows.get_mut(index) else { return Err(Illegal::SlotFree { slot }) };
        applied.push(Applied { slot, before: place.clone(), position: self.position });
        let stepped = match S::step(place, entry, revision, &mut self.epochs, self.baits) {
            Ok(stepped) => stepped,
            Err(illegal) => {
                applied.pop();
                return Err(illegal);
            }
        };
        let Some(row) = place else { return Ok(()) };
        // 0 for a registration: nothing was there.
        let before = S::hash_of(row);
        let hash = S::rehash(row, slot, &self.epochs, stepped == Stepped::Forgotten);
        if !bait!(self.baits, DigestKeepsOldHash) {
            self.digest = self.digest.without(before);
        }
        match stepped {
            Stepped::Live => self.digest = self.digest.with(hash),
            Stepped::Forgotten => {
                let key = S::key(row);
                *place = None;
                self.slots.remove(key, slot, |slot| key_in::<S>(&self.rows, slot));
            }
        }
        if let Some(key) = binds {
            self.slots.insert(key, slot, |slot| key_in::<S>(&self.rows, slot));
        }
        self.position = self.position.advance(hash);
        if let Some(last) = applied.last_mut() {
            last.position = self.position;
        }
        Ok(())
    }

    /// Takes back what `apply` did; the newest first. Position and digest are set back by `rewind`.
    pub(crate) fn undo(&mut self, applied: Applied<S>) {
        let (index, slot) = (applied.slot.0 as usize, applied.slot);
        if let Some(key) = key_in::<S>(&self.rows, slot) {
            self.slots.remove(key, slot, |slot| key_in::<S>(&self.rows, slot));
        }
        self.rows[index] = applied.before;
        if let Some(key) = key_in::<S>(&self.rows, slot) {
            self.slots.insert(key, slot, |slot| key_in::<S>(&self.rows, slot));
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
    pub(crate) fn place(&mut self, record: &S::Record) -> Result<(), Illegal> {
        let (slot, key) = (S::slot_of(record), S::key_of(record));
        if slot.0 >= self.bound {
            return Err(Illegal::SlotBeyond { slot, bound: self.bound });
        }
        if let Some(holder) = key_in::<S>(&self.rows, slot) {
            return Err(Illegal::SlotTaken { slot, holder, other: key });
        }
        if let Some(slot) = self.slot(key) {
            return Err(Illegal::Registered { task: key, slot });
        }
        let index = slot.0 as usize;
        lengthen(&mut self.rows, index + 1, || None);
        let row = S::pack(record, &mut self.epochs);
        self.digest = self.digest.with(S::hash_of(&row));
        self.rows[index] = Some(row);
        self.slots.insert(key, slot, |slot| key_in::<S>(&self.rows, slot));
        Ok(())
    }

    /// Takes the record of a slot out, as it is to be replaced.
    pub(crate) fn take_out(&mut self, slot: Slot) -> Option<S::Record> {
        let row = self.rows.get_mut(slot.0 as usize)?.take()?;
        self.digest = self.digest.without(S::hash_of(&row));
        self.slots.remove(S::key(&row), slot, |slot| key_in::<S>(&self.rows, slot));
        Some(S::unpack(&row, slot, &self.epochs))
    }

    /// Says where the records that were placed stand.
    pub(crate) fn settle(&mut self, position: Position) {
        self.position = position;
    }

    /// Writes a state that no entry made into every record. What no controller may do: a bait.
    pub(crate) fn write_failed(&mut self) {
        self.rows.iter_mut().flatten().for_each(S::write_failed);
    }

    /// Alters a record, its hash and the digest, as a fault of the program would. For tests of the checks.
    #[cfg(any(feature = "bait", feature = "damage"))]
    pub fn falsify(&mut self, slot: Slot, alter: impl FnOnce(&mut S::Record)) -> bool {
        let before = self.row(slot).map(S::hash_of);
        if !self.damage(slot, alter) {
            return false;
        }
        if let (Some(row), Some(before)) = (self.rows[slot.0 as usize].as_mut(), before) {
            let after = S::rehash(row, slot, &self.epochs, false);
            self.digest = self.digest.without(before).with(after);
        }
        true
    }

    /// Alters a record in memory without its hash, as a fault of the machine would. For tests of the checks.
    #[cfg(any(feature = "bait", feature = "damage"))]
    pub fn damage(&mut self, slot: Slot, alter: impl FnOnce(&mut S::Record)) -> bool {
        let Some(mut record) = self.get(slot) else { return false };
        alter(&mut record);
        match self.rows.get_mut(slot.0 as usize).and_then(Option::as_mut) {
            Some(row) => {
                *row = S::damaged(row, &record, &mut self.epochs);
                true
            }
            None => false,
        }
    }
}
