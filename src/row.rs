//! A record as a table keeps it: packed into 96 bytes, of which a detail touches the first 32 and an entry all. How an
//! entry changes it stands here, in place; what a record is to those outside stands in `task`, where rows lie in `table`.
//!
//! Invariants: `hash` is that of the record, or memory was damaged; an epoch stands for the same number as long as the
//! table does not gather its epochs anew.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::bait::{bait, Baits};
use crate::canonical::Canonical;
use crate::error::Illegal;
use crate::id::{Epoch, FrameNumber, Slot, TaskId};
use crate::revision::{Made, Revision};
use crate::task::{Change, Detail, Entry, Exit, Final, Payload, Reason, Record, Source, State, Status};
use crate::time::UnixMillis;
use crate::value::Value;

/// Epochs looked at for one that is known already. Nearly always there is one; beyond these a number may stand twice.
const LOOKED_AT: usize = 4;
/// Epochs kept before anything is gathered.
const FEW: usize = 64;

/// The epochs that the rows of a table name, so that a row needs four bytes and not eight for each.
#[derive(Clone, Debug, Default)]
pub struct Epochs(Vec<Epoch>);

/// The place of an epoch in its table's list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EpochIndex(u32);

impl Epochs {
    /// The epoch of an index; 0 for one that this list never gave out.
    #[inline]
    pub(crate) fn get(&self, index: EpochIndex) -> Epoch {
        self.0.get(index.0 as usize).copied().unwrap_or_default()
    }

    /// The index of an epoch.
    #[inline]
    pub(crate) fn index(&mut self, epoch: Epoch) -> EpochIndex {
        let from = self.0.len().saturating_sub(LOOKED_AT);
        if let Some(behind) = self.0[from..].iter().rposition(|known| *known == epoch) {
            return EpochIndex((from + behind) as u32);
        }
        self.0.push(epoch);
        EpochIndex((self.0.len() - 1) as u32)
    }

    /// Whether so many epochs stand here for so many rows that most can be named by none.
    pub(crate) fn is_crowded(&self, rows: usize) -> bool {
        self.0.len() > FEW && self.0.len() > 8 * rows
    }

    /// Keeps the epochs that these rows name, each as often as it stood here under a place that one of them names.
    pub(crate) fn gather<'a>(&mut self, rows: impl Iterator<Item = &'a mut Row>) {
        let old = core::mem::take(&mut self.0);
        // Where each has gone; 0 for those that no row has named yet, else one more than its place.
        let mut places = alloc::vec![0u32; old.len()];
        for row in rows {
            for index in [&mut row.registered_epoch, &mut row.newest_epoch, &mut row.shown_epoch] {
                let Some(place) = places.get_mut(index.0 as usize) else { continue };
                if *place == 0 {
                    self.0.push(old[index.0 as usize]);
                    *place = self.0.len() as u32;
                }
                index.0 = *place - 1;
            }
        }
    }
}

/// What few records have.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Rare {
    metadata: Option<Arc<Value>>,
    payload: Option<Arc<Payload>>,
    /// The message of the detail shown.
    message: Option<Arc<Value>>,
}

impl Rare {
    fn into_shared(self) -> Option<Arc<Rare>> {
        (self != Rare::default()).then(|| Arc::new(self))
    }
}

/// No progress is shown.
const NO_PROGRESS: u8 = 255;

/// A packed record, its hash, and the detail that stands beside it at a subscriber.
#[derive(Clone, Debug)]
#[repr(C, align(32))]
pub struct Row {
    newest: Revision,
    /// The frame that brought the detail shown; 0 when none is.
    shown: FrameNumber,
    newest_epoch: EpochIndex,
    registered_epoch: EpochIndex,
    shown_epoch: EpochIndex,
    state: State,
    progress: u8,
    source: Source,
    hash: u64,
    id: TaskId,
    registered: Revision,
    at: UnixMillis,
    rare: Option<Arc<Rare>>,
    attempt: u32,
    number: u32,
    exit: i32,
    reason: Reason,
    exit_kind: u8,
}

const _: () = assert!(core::mem::size_of::<Option<Row>>() <= 96);

/// What an entry makes of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stepped {
    /// The record lives on, or begins.
    Live,
    /// The row is as the tombstone leaves it; its slot is free.
    Forgotten,
}

impl Row {
    /// The record packed, with its hash; no detail is shown.
    pub(crate) fn pack(record: &Record, epochs: &mut Epochs) -> Row {
        let (exit_kind, exit) = record.exit.parts();
        let newest_epoch = epochs.index(record.newest.epoch);
        Row {
            newest: record.newest.revision,
            shown: FrameNumber(0),
            newest_epoch,
            registered_epoch: epochs.index(record.registered.epoch),
            shown_epoch: newest_epoch,
            state: record.state,
            progress: NO_PROGRESS,
            source: record.source,
            hash: record.hash(false),
            id: record.id,
            registered: record.registered.revision,
            at: record.at,
            rare: Rare { metadata: record.metadata.clone(), payload: record.payload.clone(), message: None }
                .into_shared(),
            attempt: record.attempt,
            number: record.number,
            exit,
            reason: record.reason,
            exit_kind,
        }
    }

    /// The record of a row in this slot.
    #[inline]
    pub(crate) fn unpack(&self, slot: Slot, epochs: &Epochs) -> Record {
        let rare = self.rare.as_deref();
        Record {
            id: self.id,
            slot,
            registered: self.registered(epochs),
            newest: Made { epoch: epochs.get(self.newest_epoch), revision: self.newest },
            attempt: self.attempt,
            number: self.number,
            state: self.state,
            at: self.at,
            reason: self.reason,
            source: self.source,
            exit: Exit::of_parts(self.exit_kind, self.exit),
            metadata: rare.and_then(|rare| rare.metadata.clone()),
            payload: rare.and_then(|rare| rare.payload.clone()),
        }
    }

    /// The task.
    #[inline]
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// Where it stands.
    #[inline]
    pub fn state(&self) -> State {
        self.state
    }

    /// The revision of its newest entry.
    #[inline]
    pub fn newest(&self) -> Revision {
        self.newest
    }

    /// The record hash, as it was when the record came to be as it is.
    #[inline]
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// The revision of its registration.
    #[inline]
    pub(crate) fn registration(&self) -> Revision {
        self.registered
    }

    /// Bytes given at registration.
    #[inline]
    pub(crate) fn metadata(&self) -> Option<&Arc<Value>> {
        self.rare.as_deref()?.metadata.as_ref()
    }

    /// Puts the bytes of a value that travelled apart in the place of its length and hash.
    pub(crate) fn set_metadata(&mut self, value: Arc<Value>) {
        let held = self.rare.as_deref().cloned().unwrap_or_default();
        self.rare = Rare { metadata: Some(value), ..held }.into_shared();
    }

    pub(crate) fn registered(&self, epochs: &Epochs) -> Made {
        Made { epoch: epochs.get(self.registered_epoch), revision: self.registered }
    }

    pub(crate) fn final_of(&self, epochs: &Epochs) -> Final {
        Final { id: self.id, registered: self.registered(epochs), state: self.state, number: self.number }
    }

    /// Writes a state that no entry made: only a bait does.
    pub(crate) fn write_failed(&mut self) {
        self.state = State::Failed;
    }

    /// The same record with what a fault of memory made of it: the hash stays that of the former one.
    #[cfg(any(feature = "bait", feature = "damage"))]
    pub(crate) fn damaged(&self, record: &Record, epochs: &mut Epochs) -> Row {
        Row { hash: self.hash, ..Row::pack(record, epochs) }
    }

    /// The frame that brought the detail shown, if one is.
    #[inline]
    pub(crate) fn shown(&self) -> Option<FrameNumber> {
        Some(self.shown).filter(|shown| shown.0 > 0)
    }

    /// Whether the detail shown is the one that this frame of an epoch brought.
    #[inline]
    pub(crate) fn shows(&self, epoch: Epoch, number: FrameNumber, epochs: &Epochs) -> bool {
        self.shown == number && epochs.get(self.shown_epoch) == epoch
    }

    /// The detail shown.
    pub(crate) fn detail(&self) -> Option<Detail> {
        let progress = (self.progress != NO_PROGRESS).then_some(self.progress);
        let message = self.rare.as_deref().and_then(|rare| rare.message.clone());
        (self.shown.0 > 0).then_some(Detail { progress, message })
    }

    /// Whether a detail that frame `number` of an epoch brings is newer than the one shown.
    #[inline]
    pub(crate) fn is_older(&self, epoch: EpochIndex, number: FrameNumber, epochs: &Epochs) -> bool {
        if self.shown_epoch == epoch || self.shown.0 == 0 {
            return number > self.shown;
        }
        (epochs.get(epoch), number) > (epochs.get(self.shown_epoch), self.shown)
    }

    /// Shows a detail that frame `number` brings.
    #[inline]
    pub(crate) fn show(&mut self, epoch: EpochIndex, number: FrameNumber, detail: &Detail) {
        self.shown = number;
        self.shown_epoch = epoch;
        self.progress = detail.progress.unwrap_or(NO_PROGRESS);
        if self.rare.is_some() || detail.message.is_some() {
            self.show_message(&detail.message);
        }
    }

    #[cold]
    fn show_message(&mut self, message: &Option<Arc<Value>>) {
        let held = self.rare.as_deref();
        if held.map_or(&None, |rare| &rare.message) != message {
            let rare = Rare { message: message.clone(), ..held.cloned().unwrap_or_default() };
            self.rare = rare.into_shared();
        }
    }

    /// A detail ends with the next entry.
    #[inline]
    fn end_detail(&mut self) {
        self.shown = FrameNumber(0);
        self.progress = NO_PROGRESS;
    }

    /// Notes the hash of the record as it is now, and returns it. `forgotten` gives the one that a tombstone leaves.
    #[inline]
    pub(crate) fn rehash(&mut self, slot: Slot, epochs: &Epochs, forgotten: bool) -> u64 {
        self.hash = self.counted(slot, epochs, forgotten);
        self.hash
    }

    /// Whether the hash is that of the record; false when memory was damaged. Values stand in it by their hashes alone,
    /// so that this costs the same however long they are.
    #[inline]
    pub(crate) fn is_hash_sound(&self, slot: Slot, epochs: &Epochs) -> bool {
        self.hash == self.counted(slot, epochs, false)
    }

    /// Whether hash and values are what the record was made with; false when memory was damaged.
    pub(crate) fn is_sound(&self, slot: Slot, epochs: &Epochs) -> bool {
        let rare = self.rare.as_deref();
        let metadata = rare.and_then(|rare| rare.metadata.as_deref());
        let payload = rare.and_then(|rare| rare.payload.as_deref());
        self.is_hash_sound(slot, epochs)
            && metadata.is_none_or(Value::is_sound)
            && payload.is_none_or(|p| p.message.is_sound() && p.result.is_sound() && p.ext.is_sound())
    }

    /// The hash counted from the values.
    #[inline]
    fn counted(&self, slot: Slot, epochs: &Epochs, forgotten: bool) -> u64 {
        let rare = self.rare.as_deref();
        Canonical {
            id: self.id,
            slot,
            registered: self.registered(epochs),
            newest: Made { epoch: epochs.get(self.newest_epoch), revision: self.newest },
            attempt: self.attempt,
            number: self.number,
            state: self.state,
            at: self.at,
            reason: self.reason,
            source: self.source,
            exit: (self.exit_kind, self.exit),
            metadata: rare.and_then(|rare| rare.metadata.as_deref()),
            payload: rare.and_then(|rare| rare.payload.as_deref()),
            forgotten,
        }
        .hash()
    }

    /// Changes what is held in a slot as `entry`, of this revision, says. The hash is left to [`Row::rehash`].
    ///
    /// # Errors
    /// [`Illegal`] when the entry does not follow from the record; nothing is changed.
    #[inline]
    pub(crate) fn step(
        held: &mut Option<Row>,
        entry: &Entry,
        revision: Revision,
        epochs: &mut Epochs,
        baits: Baits,
    ) -> Result<Stepped, Illegal> {
        match (&entry.change, held) {
            (Change::Move(status), Some(row)) => {
                row.moved(status, entry.at, baits)?;
                row.newest = revision;
                row.newest_epoch = epochs.index(entry.epoch);
            }
            (Change::Register { id, metadata, payload }, held @ None) => {
                let epoch = epochs.index(entry.epoch);
                let rare = match (metadata, payload) {
                    (None, None) => None,
                    _ => Rare { metadata: metadata.clone(), payload: payload.clone(), message: None }.into_shared(),
                };
                *held = Some(Row {
                    newest: revision,
                    shown: FrameNumber(0),
                    newest_epoch: epoch,
                    registered_epoch: epoch,
                    shown_epoch: epoch,
                    state: State::Pending,
                    progress: NO_PROGRESS,
                    source: Source::HOST,
                    hash: 0,
                    id: *id,
                    registered: revision,
                    at: entry.at,
                    rare,
                    attempt: 0,
                    number: 1,
                    exit: 0,
                    reason: Reason::NONE,
                    exit_kind: 0,
                });
            }
            (Change::Register { id, .. }, Some(row)) => {
                return Err(Illegal::SlotTaken { slot: entry.slot, holder: row.id, other: *id });
            }
            (_, None) => return Err(Illegal::SlotFree { slot: entry.slot }),
            (Change::Forget { registered }, Some(row)) => {
                if *registered != row.registered && !bait!(baits, TombstoneNamesSlotOnly) {
                    let (task, held, named) = (row.id, row.registered, *registered);
                    return Err(Illegal::OtherRegistration { task, held, named });
                }
                if !row.state.is_ended() {
                    return Err(Illegal::NotEnded { task: row.id, state: row.state });
                }
                row.newest = revision;
                row.newest_epoch = epochs.index(entry.epoch);
                return Ok(Stepped::Forgotten);
            }
            (Change::Unknown { kind, bytes }, Some(row)) => {
                row.extended(*kind, bytes);
                row.newest = revision;
                row.newest_epoch = epochs.index(entry.epoch);
            }
        }
        Ok(Stepped::Live)
    }

    #[inline]
    fn moved(&mut self, status: &Status, at: UnixMillis, baits: Baits) -> Result<(), Illegal> {
        if !self.state.allows(status.state, baits) {
            let (task, attempt, number) = (self.id, self.attempt, self.number);
            return Err(Illegal::Transition { task, attempt, number, from: self.state, to: status.state });
        }
        let attempt = self.attempt.checked_add(u32::from(status.state == State::Pending));
        let (Some(attempt), Some(number)) = (attempt, self.number.checked_add(1)) else {
            return Err(Illegal::NumbersUsedUp { task: self.id });
        };
        (self.attempt, self.number) = (attempt, number);
        self.state = status.state;
        self.at = at;
        self.reason = status.reason;
        self.source = status.source;
        (self.exit_kind, self.exit) = status.exit.parts();
        self.end_detail();
        if self.rare.is_some() || status.payload.is_some() {
            self.carry(&status.payload);
        }
        Ok(())
    }

    /// The payload of a next status: a trace stays until a change brings another, an extension for good.
    #[inline(never)]
    fn carry(&mut self, next: &Option<Arc<Payload>>) {
        let held = self.rare.as_deref();
        let payload = Payload::carried(held.and_then(|rare| rare.payload.as_ref()), next.as_ref());
        let same = held.is_some_and(|rare| rare.message.is_none() && rare.payload == payload);
        if !same {
            let metadata = held.and_then(|rare| rare.metadata.clone());
            self.rare = Rare { metadata, payload, message: None }.into_shared();
        }
    }

    fn extended(&mut self, kind: u8, bytes: &Value) {
        let held = self.rare.as_deref();
        let mut ext = alloc::vec![kind];
        ext.extend_from_slice(bytes.as_bytes());
        let mut payload = held.and_then(|rare| rare.payload.as_deref()).cloned().unwrap_or_default();
        payload.ext = Value::new(&ext);
        let metadata = held.and_then(|rare| rare.metadata.clone());
        self.rare = Rare { metadata, payload: payload.into_shared(), message: None }.into_shared();
        self.end_detail();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_that_no_row_names_are_let_go_and_the_others_stand_for_what_they_stood_for() {
        let mut epochs = Epochs::default();
        let mut rows: Vec<Row> = Vec::new();
        for n in 0..1_000u64 {
            let entry = Entry {
                slot: Slot(0),
                epoch: Epoch(n % 300 + 1),
                at: UnixMillis(n),
                change: Change::Register { id: TaskId([n as u8; 16]), metadata: None, payload: None },
            };
            let mut held = None;
            Row::step(&mut held, &entry, Revision(n + 1), &mut epochs, Baits::default()).unwrap();
            if n % 97 == 0 {
                rows.extend(held);
            }
        }
        let before: Vec<Record> = rows.iter().map(|row| row.unpack(Slot(0), &epochs)).collect();
        assert!(epochs.is_crowded(rows.len()));
        epochs.gather(rows.iter_mut());
        assert!(!epochs.is_crowded(rows.len()));
        assert!(epochs.0.len() <= rows.len());
        let after: Vec<Record> = rows.iter().map(|row| row.unpack(Slot(0), &epochs)).collect();
        assert_eq!(before, after);
    }

    #[test]
    fn a_record_comes_back_as_it_was_packed() {
        let payload = Payload { message: Value::new(b"killed"), ..Payload::default() };
        let record = Record {
            id: TaskId([7; 16]),
            slot: Slot(9),
            registered: Made { epoch: Epoch(u64::MAX - 1), revision: Revision(3) },
            newest: Made { epoch: Epoch(5), revision: Revision(1 << 40) },
            attempt: 2,
            number: u32::MAX,
            state: State::Failed,
            at: UnixMillis(1 << 62),
            reason: Reason(40_000),
            source: Source(200),
            exit: Exit::Signal(-9),
            metadata: Some(Arc::new(Value::new(b"m"))),
            payload: payload.into_shared(),
        };
        let mut epochs = Epochs::default();
        let mut row = Row::pack(&record, &mut epochs);
        assert_eq!(row.unpack(Slot(9), &epochs), record);
        assert_eq!(row.hash(), record.hash(false));
        assert_eq!(row.rehash(Slot(9), &epochs, true), record.hash(true));
    }
}
