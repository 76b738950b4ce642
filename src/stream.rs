//! What a stream carries: the one trait over which table, log, publisher and subscriber are generic, and the reported
//! stream as its instance. The desired stream is to be another.

use alloc::sync::Arc;
use core::fmt::Debug;
use core::hash::Hash;

use crate::bait::Baits;
use crate::error::Illegal;
use crate::id::{Epoch, Slot, TaskId};
use crate::revision::{Made, Revision};
use crate::task::{Change, Detail, Entry, Final, Record, State, Stepped};
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

    /// The slot that an entry is about.
    fn slot(entry: &Self::Entry) -> Slot;
    /// The incarnation that made an entry.
    fn epoch(entry: &Self::Entry) -> Epoch;
    /// The key that an entry binds to its slot, if it does.
    fn binds(entry: &Self::Entry) -> Option<TaskId>;
    /// The key of a record.
    fn key(record: &Self::Record) -> TaskId;
    /// The slot of a record.
    fn slot_of(record: &Self::Record) -> Slot;
    /// The newest entry of a record.
    fn newest(record: &Self::Record) -> Made;
    /// The record hash; `forgotten` gives that which a tombstone leaves.
    fn record_hash(record: &Self::Record, forgotten: bool) -> u64;
    /// Entries that a record may still need, for which room is kept.
    fn entries_ahead(record: &Self::Record) -> usize;
    /// Whether the record may have details now.
    fn has_details(record: &Self::Record) -> bool;
    /// What is remembered of a record when it is forgotten.
    fn final_of(record: &Self::Record) -> Self::Final;
    /// The registration of a record.
    fn registered(record: &Self::Record) -> Made;
    /// The value of a record that travels apart from its entries, if it has one.
    fn long_value(record: &Self::Record) -> Option<&Arc<Value>>;
    /// Puts the bytes of that value in their place: length and hash are the same.
    fn set_long_value(record: &mut Self::Record, value: Arc<Value>);
    /// Writes a state into a record that no entry made: only a bait does.
    fn write_failed(record: &mut Self::Record);
    /// The record that an entry makes.
    ///
    /// # Errors
    /// [`Illegal`] when the entry does not follow.
    fn step(
        held: Option<&Self::Record>,
        entry: &Self::Entry,
        revision: Revision,
        baits: Baits,
    ) -> Result<Stepped<Self::Record>, Illegal>;
}

/// The reported stream: what an agent says of its tasks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reported {}

impl Stream for Reported {
    type Record = Record;
    type Entry = Entry;
    type Detail = Detail;
    type Final = Final;

    fn slot(entry: &Entry) -> Slot {
        entry.slot
    }

    fn epoch(entry: &Entry) -> Epoch {
        entry.epoch
    }

    fn binds(entry: &Entry) -> Option<TaskId> {
        match &entry.change {
            Change::Register { id, .. } => Some(*id),
            _ => None,
        }
    }

    fn key(record: &Record) -> TaskId {
        record.id
    }

    fn slot_of(record: &Record) -> Slot {
        record.slot
    }

    fn newest(record: &Record) -> Made {
        record.newest
    }

    fn record_hash(record: &Record, forgotten: bool) -> u64 {
        record.hash(forgotten)
    }

    fn entries_ahead(record: &Record) -> usize {
        record.state.entries_ahead()
    }

    fn has_details(record: &Record) -> bool {
        record.state == State::Running
    }

    fn final_of(record: &Record) -> Final {
        Final { id: record.id, registered: record.registered, state: record.state, number: record.number }
    }

    fn registered(record: &Record) -> Made {
        record.registered
    }

    fn long_value(record: &Record) -> Option<&Arc<Value>> {
        record.metadata.as_ref().filter(|metadata| metadata.is_long())
    }

    fn set_long_value(record: &mut Record, value: Arc<Value>) {
        record.metadata = Some(value);
    }

    fn write_failed(record: &mut Record) {
        record.state = State::Failed;
    }

    fn step(
        held: Option<&Record>,
        entry: &Entry,
        revision: Revision,
        baits: Baits,
    ) -> Result<Stepped<Record>, Illegal> {
        Record::step(held, entry, revision, baits)
    }
}
