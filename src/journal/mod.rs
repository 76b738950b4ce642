//! What an agent asks its host to keep, so that it can be restored: a chain of records, each a checkpoint's part, entries,
//! or a position. Here is what is to be written next, and what of it the host has confirmed; the bytes of a record are in
//! `record`, reading them again in `reader` and `restore`.
//!
//! A checkpoint is the state at base and the entries after it. It makes all that was written before it unneeded, once it is
//! confirmed whole. Base stands while one is being written.

pub(crate) mod reader;
pub(crate) mod record;
pub(crate) mod restore;

use alloc::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::bait::{bait, Baits};
use crate::config::AgentConfig;
use crate::id::{Epoch, FrameNumber, Name, Nonce, SessionId, Term};
use crate::publisher::Publisher;
use crate::revision::{Digest, Position, Revision};
use crate::stream::Reported;
use crate::wire::{write_chunk, DeltaWriter, Header, Kind, SnapshotWriter, StreamNumber, CHUNK_AROUND};
use reader::Link;
use record::{Place, RecordKind, CHECK, HEAD};

pub use restore::{RestoreError, Restored};

/// The form of the records, as a checkpoint says it. A later version reads the earlier ones.
pub const JOURNAL_FORMAT: u8 = 1;

/// Bytes of a record beside what it carries.
pub const JOURNAL_OVERHEAD: usize = HEAD + 8 + CHECK;

/// A checkpoint is due when more bytes than this many times its own have been written after it, and more than the least:
/// so a journal needs no more than a constant times the live state.
pub(crate) const DUE_AFTER: u64 = 4;
pub(crate) const DUE_LEAST: u64 = 16_384;

/// A record that `poll_journal` has written into the host's buffer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Journaled {
    /// Its key: one more than that of the record before. In a store with keys, its eight bytes, the greatest first, keep
    /// the records in order.
    pub key: u64,
    /// Its bytes in the buffer.
    pub length: usize,
    /// Whether a checkpoint begins with it: a good place to begin another file.
    pub begins_checkpoint: bool,
}

/// Why a confirmation was refused. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The agent keeps no journal, or the controller no store.
    #[error("this role is Volatile and keeps no journal; nothing was changed")]
    Volatile,
    /// That record was never given out.
    #[error("record {key} was never given out, only those up to {last}; nothing was changed")]
    NotWritten {
        /// The key given.
        key: u64,
        /// The key of the newest record given out.
        last: u64,
    },
}

/// What the first record of a checkpoint says; written with a borrowed name, read with one of its own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Begin<N = Name> {
    format: u8,
    node: N,
    epoch: Epoch,
    base: Position,
    digest: Digest,
    slots: u32,
    total: u32,
}

/// The controller that an agent has accepted.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub(crate) struct Accepted {
    pub term: Term,
    pub nonce: Nonce,
    pub name: Name,
}

/// What is written next.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Step {
    /// A checkpoint begins.
    Begin,
    /// Its state at base, from this index on.
    State(u32),
    /// Its entries after base.
    Entries,
    /// It is whole.
    Complete,
    /// No checkpoint is under way: what is new.
    Running,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Journal {
    node: Name,
    epoch: Epoch,
    frame: usize,
    link: Link,
    confirmed: u64,
    step: Step,
    /// Entries up to here are written, in the newest checkpoint and after it.
    written: Revision,
    /// Long values up to that of this registration are written, in the newest checkpoint and after it.
    values_written: Revision,
    /// And so many bytes of that of another.
    value_begun: (Revision, u32),
    accepted: Option<Accepted>,
    accepted_due: bool,
    /// Records that reach further than what is confirmed, and how far.
    marks: VecDeque<(u64, Revision)>,
    /// Entries up to here are confirmed: no frame tells of more.
    shown: Revision,
    /// The first key of the checkpoint that is being written.
    begun: u64,
    /// How many slots it has announced, and how much state in all: more may come into use while it is being written.
    announced: (u32, u32),
    /// First and last key of the newest checkpoint that is written whole.
    whole: Option<(u64, u64)>,
    /// The first key of the newest checkpoint that is confirmed whole.
    needed_from: u64,
    /// Whether one of this incarnation is.
    ready: bool,
    /// Bytes of the newest checkpoint, and bytes written after it.
    checkpoint_bytes: u64,
    bytes_since: u64,
    baits: Baits,
}

impl Journal {
    /// The journal of one life of an agent; `after` is the end of the one that it was restored from.
    pub(crate) fn new(config: &AgentConfig, nonce: Nonce, after: Option<Link>) -> Journal {
        let (key, check) = after.map_or((0, 0), |link| (link.key, link.check));
        Journal {
            node: config.node.clone(),
            epoch: config.epoch,
            frame: config.limits.frame as usize,
            link: Link { journal: nonce.0, key, check },
            confirmed: key,
            step: Step::Begin,
            written: Revision::ZERO,
            values_written: Revision::ZERO,
            value_begun: (Revision::ZERO, 0),
            accepted: None,
            accepted_due: false,
            marks: VecDeque::new(),
            shown: Revision::ZERO,
            begun: 0,
            announced: (0, 0),
            whole: None,
            needed_from: 0,
            ready: false,
            checkpoint_bytes: 0,
            bytes_since: 0,
            baits: config.baits,
        }
    }

    /// Entries up to here may be told.
    pub(crate) fn shown(&self) -> Revision {
        self.shown
    }

    /// Whether a checkpoint of this incarnation is confirmed. Until then nothing at all is told.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready
    }

    /// The first key that a restore still needs; 0 while that is all.
    pub(crate) fn needed_from(&self) -> u64 {
        self.needed_from
    }

    /// The agent goes on under another epoch: nothing is told in it before it is journaled.
    pub(crate) fn begin_epoch(&mut self, epoch: Epoch) {
        self.epoch = epoch;
        self.step = Step::Begin;
        self.whole = None;
        self.ready = false;
    }

    /// Whether base must stand: a checkpoint of it is being written.
    pub(crate) fn holds_base(&self) -> bool {
        matches!(self.step, Step::State(_) | Step::Entries | Step::Complete)
    }

    /// The controller that was accepted is to be remembered.
    pub(crate) fn note_accepted(&mut self, accepted: Accepted) {
        if self.accepted.as_ref() != Some(&accepted) {
            self.accepted = Some(accepted);
            self.accepted_due = true;
        }
    }

    /// The host has stored every record up to this key for good.
    ///
    /// # Errors
    /// [`JournalError::NotWritten`]; nothing is changed.
    pub(crate) fn confirm(&mut self, key: u64) -> Result<(), JournalError> {
        if key > self.link.key {
            return Err(JournalError::NotWritten { key, last: self.link.key });
        }
        self.confirmed = self.confirmed.max(key);
        while self.marks.front().is_some_and(|(at, _)| *at <= self.confirmed) {
            self.shown = self.marks.pop_front().map_or(self.shown, |(_, revision)| self.shown.max(revision));
        }
        if let Some((first, last)) = self.whole {
            if last <= self.confirmed {
                self.needed_from = first;
                self.ready = true;
            }
        }
        Ok(())
    }

    /// Writes the next record into `out`, which has [`JOURNAL_OVERHEAD`] bytes more than a frame may have; nothing when all
    /// is written.
    pub(crate) fn next(
        &mut self,
        publisher: &Publisher<Reported>,
        entries: &mut DeltaWriter,
        state: &mut SnapshotWriter,
        out: &mut [u8],
    ) -> Option<Journaled> {
        let due = self.bytes_since > DUE_LEAST.max(self.checkpoint_bytes.saturating_mul(DUE_AFTER));
        if self.step == Step::Running && due {
            // A state that is damaged in memory is not written over one that is whole.
            if publisher.recount_base() == publisher.log.base_digest() {
                self.step = Step::Begin;
            } else {
                self.bytes_since = 0;
            }
        }
        let key = self.link.key.saturating_add(1);
        let (kind, body) = self.body(key, publisher, entries, state, out)?;
        let place = Place { journal: self.link.journal, key, confirmed: self.confirmed, previous: self.link.check };
        let (length, check) = record::seal(kind, place, body, out)?;
        self.link = Link { key, check, ..self.link };
        match kind {
            RecordKind::Begin => self.checkpoint_bytes = length as u64,
            RecordKind::Complete => self.bytes_since = 0,
            _ if self.holds_base() => self.checkpoint_bytes += length as u64,
            _ => self.bytes_since += length as u64,
        }
        Some(Journaled { key, length, begins_checkpoint: kind == RecordKind::Begin })
    }

    fn body(
        &mut self,
        key: u64,
        publisher: &Publisher<Reported>,
        entries: &mut DeltaWriter,
        state: &mut SnapshotWriter,
        out: &mut [u8],
    ) -> Option<(RecordKind, usize)> {
        // A value stands before what names it: whoever reads that has it.
        if self.step != Step::Begin {
            if let Some(length) = self.value(publisher, out) {
                return Some((RecordKind::Value, length));
            }
        }
        match self.step {
            Step::Begin => {
                self.begun = key;
                self.written = publisher.base().revision;
                self.values_written = Revision::ZERO;
                self.value_begun = (Revision::ZERO, 0);
                self.accepted_due = self.accepted.is_some();
                let begin = self.begin(publisher);
                let (total, slots) = (begin.total, begin.slots);
                let written = plain(RecordKind::Begin, &begin, out);
                self.announced = (slots, total);
                self.step = if total == 0 { Step::Entries } else { Step::State(0) };
                return written;
            }
            Step::State(first) => {
                let (next, total, length) = self.state(publisher, state, first, out)?;
                self.step = if next >= total { Step::Entries } else { Step::State(next) };
                return (length > 0).then_some((RecordKind::State, length));
            }
            Step::Complete => {
                self.whole = Some((self.begun, key));
                if bait!(self.baits, UnneededWhenWritten) {
                    self.needed_from = self.begun;
                }
                self.step = Step::Running;
                return Some((RecordKind::Complete, 0));
            }
            Step::Entries | Step::Running => {}
        }
        if core::mem::take(&mut self.accepted_due) {
            return plain(RecordKind::Accepted, self.accepted.as_ref()?, out);
        }
        if let Some(length) = self.entries(key, publisher, entries, out) {
            return Some((RecordKind::Entries, length));
        }
        if self.step == Step::Running {
            return None;
        }
        self.step = Step::Complete;
        self.body(key, publisher, entries, state, out)
    }

    fn begin(&self, publisher: &Publisher<Reported>) -> Begin<&Name> {
        let slots = publisher.table.slots_used();
        Begin {
            format: JOURNAL_FORMAT,
            node: &self.node,
            epoch: self.epoch,
            base: publisher.base(),
            digest: publisher.log.base_digest(),
            slots,
            total: slots + publisher.finals.len() as u32,
        }
    }

    /// The next part of a long value that is not written yet.
    fn value(&mut self, publisher: &Publisher<Reported>, out: &mut [u8]) -> Option<usize> {
        let known =
            |(registered, slot, total)| Some((registered, slot, total, publisher.long_value(registered, slot)?));
        let (registered, slot, total, bytes) = publisher.values.after(self.values_written).find_map(known)?;
        let (begun, offset) = self.value_begun;
        let offset = if begun == registered { offset } else { 0 };
        let rest = bytes.get(offset as usize..)?;
        let part = &rest[..rest.len().min(self.frame - CHUNK_AROUND)];
        let end = offset + part.len() as u32;
        self.value_begun = (registered, end);
        if end == total {
            self.values_written = registered;
        }
        let out = &mut out[HEAD..HEAD + self.frame];
        write_chunk(self.header(Kind::Chunk), slot, registered, total, offset, part, out)
    }

    fn header(&self, kind: Kind) -> Header {
        Header { kind, session: SessionId::NONE, number: FrameNumber(1) }
    }

    fn state(
        &self,
        publisher: &Publisher<Reported>,
        writer: &mut SnapshotWriter,
        first: u32,
        out: &mut [u8],
    ) -> Option<(u32, u32, usize)> {
        let (slots, total) = self.announced;
        let Begin { base, digest, .. } = self.begin(publisher);
        writer.begin(self.frame, false);
        // A state that is damaged in memory is not written; what was written before it stands.
        let next = publisher.fill_state(writer, slots, first, total).ok()?;
        let out = &mut out[HEAD..HEAD + self.frame];
        let header = self.header(Kind::Snapshot);
        let length = writer.finish(header, StreamNumber::Reported, base, digest, slots, total, first, next, out);
        Some((next, total, length))
    }

    /// The entries that are not written yet, as many as a frame holds, after the revision of base.
    fn entries(
        &mut self,
        key: u64,
        publisher: &Publisher<Reported>,
        writer: &mut DeltaWriter,
        out: &mut [u8],
    ) -> Option<usize> {
        let base = publisher.base().revision;
        let from = self.written.max(base);
        let mut to = from;
        writer.begin(self.frame, from, self.epoch, false, false);
        while let Some(logged) = publisher.log.get(to.next()) {
            if !writer.push(&logged.entry) {
                break;
            }
            to = to.next();
        }
        if to == from {
            return None;
        }
        let (reached, _) = publisher.log.at(to)?;
        let body = &mut out[HEAD..HEAD + 8 + self.frame];
        body[..8].copy_from_slice(&base.0.to_le_bytes());
        let header = self.header(Kind::Delta);
        let length = writer.finish(header, StreamNumber::Reported, reached.tag, None, None, &mut body[8..]);
        self.written = to;
        let known = self.marks.back().map_or(self.shown, |(_, revision)| *revision);
        if to > known {
            self.marks.push_back((key, to));
        }
        (length > 0).then_some(8 + length)
    }
}

/// A body in postcard.
fn plain<T: Serialize>(kind: RecordKind, body: &T, out: &mut [u8]) -> Option<(RecordKind, usize)> {
    let room = out.len() - CHECK;
    let written = postcard::to_slice(body, &mut out[HEAD..room]).ok()?.len();
    Some((kind, written))
}
