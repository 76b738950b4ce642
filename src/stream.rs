//! What a stream carries: the one trait over which table, log, publisher and subscriber are generic, and the reported
//! stream as its instance. The desired stream is to be another.

use alloc::sync::Arc;
use core::fmt::Debug;
use core::hash::Hash;

use crate::bait::Baits;
use crate::error::Illegal;
use crate::id::{Epoch, FrameNumber, Slot, TaskId};
use crate::revision::{Made, Revision};
use crate::row::{EpochIndex, Epochs, Row, Stepped};
use crate::task::{Change, Detail, Entry, Final, Record, State};
use crate::value::Value;

/// What a stream carries, and how an entry changes a record.
pub trait Stream: Clone + Debug + PartialEq + Eq + Hash + 'static {
    /// What the entries of one key add up to.
    type Record: Clone + Debug + PartialEq + Eq + Hash;
    /// One lossless change.
    type Entry: Clone + Debug + PartialEq + Eq + Hash;
    /// Lossy news beside a record.
    type Detail: Clone + Debug + PartialEq + Eq + Hash;
    /// What is remembered of a record that ended.
    type Final: Clone + Debug + PartialEq + Eq + Hash;
    /// A record as a table keeps it, with its hash and the detail shown beside it.
    type Row: Clone + Debug;

    /// The slot that an entry is about.
    fn slot(entry: &Self::Entry) -> Slot;
    /// The incarnation that made an entry.
    fn epoch(entry: &Self::Entry) -> Epoch;
    /// The key that an entry binds to its slot, if it does.
    fn binds(entry: &Self::Entry) -> Option<TaskId>;
    /// The key of a record.
    fn key_of(record: &Self::Record) -> TaskId;
    /// The slot of a record.
    fn slot_of(record: &Self::Record) -> Slot;
    /// The record hash, from the record's values.
    fn record_hash(record: &Self::Record) -> u64;

    /// A record packed.
    fn pack(record: &Self::Record, epochs: &mut Epochs) -> Self::Row;
    /// The record of a row in this slot.
    fn unpack(row: &Self::Row, slot: Slot, epochs: &Epochs) -> Self::Record;
    /// The key of a row.
    fn key(row: &Self::Row) -> TaskId;
    /// The record hash kept in a row.
    fn hash_of(row: &Self::Row) -> u64;
    /// Notes the hash of a row's record anew, and returns it; `forgotten` gives that which a tombstone leaves.
    fn rehash(row: &mut Self::Row, slot: Slot, epochs: &Epochs, forgotten: bool) -> u64;
    /// Whether a row is what it was made as; false when memory was damaged.
    fn is_sound(row: &Self::Row, slot: Slot, epochs: &Epochs) -> bool;
    /// Whether the hash is that of the record, its values taken by their own hashes.
    fn is_hash_sound(row: &Self::Row, slot: Slot, epochs: &Epochs) -> bool;
    /// The revision of the newest entry of a row.
    fn newest(row: &Self::Row) -> Revision;
    /// Entries that a record may still need, for which room is kept.
    fn entries_ahead(row: &Self::Row) -> usize;
    /// Whether the record may have details now.
    fn has_details(row: &Self::Row) -> bool;
    /// What is remembered of a record when it is forgotten.
    fn final_of(row: &Self::Row, epochs: &Epochs) -> Self::Final;
    /// The revision of the registration of a row.
    fn registration(row: &Self::Row) -> Revision;
    /// The registration of a row.
    fn registered(row: &Self::Row, epochs: &Epochs) -> Made;
    /// The value of a row that travels apart from its entries, if it has one.
    fn long_value(row: &Self::Row) -> Option<&Arc<Value>>;
    /// Puts the bytes of that value in their place: length and hash are the same.
    fn set_long_value(row: &mut Self::Row, value: Arc<Value>);
    /// Writes a state into a row that no entry made: only a bait does.
    fn write_failed(row: &mut Self::Row);
    /// Changes a row as a fault of memory would: for tests of the checks.
    #[cfg(any(feature = "bait", feature = "damage"))]
    fn damaged(row: &Self::Row, record: &Self::Record, epochs: &mut Epochs) -> Self::Row;
    /// The detail shown beside a row.
    fn detail(row: &Self::Row) -> Option<Self::Detail>;
    /// Whether what frame `number` of an epoch brings is newer than the detail shown.
    fn is_older(row: &Self::Row, epoch: EpochIndex, number: FrameNumber, epochs: &Epochs) -> bool;
    /// Shows a detail that frame `number` brings.
    fn show(row: &mut Self::Row, epoch: EpochIndex, number: FrameNumber, detail: &Self::Detail);
    /// Keeps of the epochs those that rows name.
    fn gather<'a>(epochs: &mut Epochs, rows: impl Iterator<Item = &'a mut Self::Row>);
    /// Changes what is held in a slot as an entry of this revision says.
    ///
    /// # Errors
    /// [`Illegal`] when the entry does not follow; nothing is changed.
    fn step(
        held: &mut Option<Self::Row>,
        entry: &Self::Entry,
        revision: Revision,
        epochs: &mut Epochs,
        baits: Baits,
    ) -> Result<Stepped, Illegal>;
}

/// The reported stream: what an agent says of its tasks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reported {}

impl Stream for Reported {
    type Record = Record;
    type Entry = Entry;
    type Detail = Detail;
    type Final = Final;
    type Row = Row;

    #[inline]
    fn slot(entry: &Entry) -> Slot {
        entry.slot
    }

    #[inline]
    fn epoch(entry: &Entry) -> Epoch {
        entry.epoch
    }

    #[inline]
    fn binds(entry: &Entry) -> Option<TaskId> {
        match &entry.change {
            Change::Register { id, .. } => Some(*id),
            _ => None,
        }
    }

    fn key_of(record: &Record) -> TaskId {
        record.id
    }

    fn slot_of(record: &Record) -> Slot {
        record.slot
    }

    fn record_hash(record: &Record) -> u64 {
        record.hash(false)
    }

    fn pack(record: &Record, epochs: &mut Epochs) -> Row {
        Row::pack(record, epochs)
    }

    #[inline]
    fn unpack(row: &Row, slot: Slot, epochs: &Epochs) -> Record {
        row.unpack(slot, epochs)
    }

    #[inline]
    fn key(row: &Row) -> TaskId {
        row.id()
    }

    #[inline]
    fn hash_of(row: &Row) -> u64 {
        row.hash()
    }

    #[inline]
    fn rehash(row: &mut Row, slot: Slot, epochs: &Epochs, forgotten: bool) -> u64 {
        row.rehash(slot, epochs, forgotten)
    }

    fn is_sound(row: &Row, slot: Slot, epochs: &Epochs) -> bool {
        row.is_sound(slot, epochs)
    }

    #[inline]
    fn is_hash_sound(row: &Row, slot: Slot, epochs: &Epochs) -> bool {
        row.is_hash_sound(slot, epochs)
    }

    #[inline]
    fn newest(row: &Row) -> Revision {
        row.newest()
    }

    #[inline]
    fn entries_ahead(row: &Row) -> usize {
        row.state().entries_ahead()
    }

    #[inline]
    fn has_details(row: &Row) -> bool {
        row.state() == State::Running
    }

    fn final_of(row: &Row, epochs: &Epochs) -> Final {
        row.final_of(epochs)
    }

    #[inline]
    fn registration(row: &Row) -> Revision {
        row.registration()
    }

    fn registered(row: &Row, epochs: &Epochs) -> Made {
        row.registered(epochs)
    }

    #[inline]
    fn long_value(row: &Row) -> Option<&Arc<Value>> {
        row.metadata().filter(|metadata| metadata.is_long())
    }

    fn set_long_value(row: &mut Row, value: Arc<Value>) {
        row.set_metadata(value);
    }

    fn write_failed(row: &mut Row) {
        row.write_failed();
    }

    #[cfg(any(feature = "bait", feature = "damage"))]
    fn damaged(row: &Row, record: &Record, epochs: &mut Epochs) -> Row {
        row.damaged(record, epochs)
    }

    fn detail(row: &Row) -> Option<Detail> {
        row.detail()
    }

    #[inline]
    fn is_older(row: &Row, epoch: EpochIndex, number: FrameNumber, epochs: &Epochs) -> bool {
        row.is_older(epoch, number, epochs)
    }

    #[inline]
    fn show(row: &mut Row, epoch: EpochIndex, number: FrameNumber, detail: &Detail) {
        row.show(epoch, number, detail);
    }

    fn gather<'a>(epochs: &mut Epochs, rows: impl Iterator<Item = &'a mut Row>) {
        epochs.gather(rows);
    }

    #[inline]
    fn step(
        held: &mut Option<Row>,
        entry: &Entry,
        revision: Revision,
        epochs: &mut Epochs,
        baits: Baits,
    ) -> Result<Stepped, Illegal> {
        Row::step(held, entry, revision, epochs, baits)
    }
}
