//! The single writer of a stream: table at the tail, log from base to tail, records as they were at base, slots, unsent
//! details, and one subscriber's window. It says what is the most urgent thing to send, what an acknowledgement frees,
//! and how it judges a position. It knows neither role; bytes are left to `wire`, snapshots under way to `snapshot`.
//!
//! Invariants: state at base + log = state at tail; nothing leaves the log, no slot is given out again and base does not
//! move but by a durable revision on the chain; an entry that was admitted finds room for its task's end.

mod at_base;
mod hearing;
mod seeking;
mod sending;
mod state;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use at_base::AtBase;
pub(crate) use seeking::Sought;

use crate::bait::{bait, Baits};
use crate::config::{Limits, Pace};
use crate::detail::Details;
use crate::error::{Illegal, TaskError};
use crate::id::{Epoch, Nonce, Slot, TaskId};
use crate::log::{Log, Place};
use crate::map::Map;
use crate::revision::{Digest, Position, Revision, Tag};
use crate::snapshot::Outgoing;
use crate::stream::Stream;
use crate::table::{Applied, Table};
use crate::time::Instant;
use crate::values::Values;
use crate::window::Window;
use crate::wire::{Judgement, Standing, Verdict};

/// Room that a registration reserves in the log: PENDING, RUNNING, FAILED, CANCELLED, tombstone.
pub(crate) const REGISTRATION_ROOM: usize = 5;
/// Room that a retry reserves beside what is reserved: PENDING, RUNNING, FAILED.
pub(crate) const RETRY_ROOM: usize = 3;

/// Heartbeats without a move of base after which long values are owed anew; twice as many each time.
const STALLED: u32 = 16;

/// Where entries and details of one frame are collected.
pub(crate) trait Sink<S: Stream> {
    /// Adds an entry if there is room for it.
    fn push(&mut self, entry: &S::Entry) -> bool;
    /// Adds a detail if there is room for it.
    fn push_detail(&mut self, slot: Slot, detail: &S::Detail) -> bool;
    /// Keeps these bytes free of entries, for details.
    fn hold_back(&mut self, bytes: usize);
    /// Makes the room of a whole frame until bytes are held back the next time; says whether it was less.
    fn widen(&mut self) -> bool;
}

/// What is the most urgent thing to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Want {
    Nothing,
    Snapshot,
    Delta,
    Chunk,
    /// Cells of a sketch are to be asked for.
    Cells,
}

/// A delta that was collected, to be encoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Filled {
    pub from: Revision,
    pub to: Revision,
    pub tag: Tag,
    pub digest: Digest,
}

/// Who made the newest entry that a subscriber has applied.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Maker {
    pub epoch: Epoch,
    pub nonce: Nonce,
}

/// What an acknowledgement brought.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Acknowledged {
    /// Older than the last one: nothing.
    Stale,
    /// Heard.
    Heard {
        /// When the frame acknowledged last was sent.
        largest_sent: Option<Instant>,
        /// Whether base has moved.
        base_moved: bool,
    },
    /// It names a position that is not on the chain: nothing is freed, and the session is of no use.
    Foreign,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Retiring(Vec<bool>);

#[derive(Clone, Hash, Debug)]
pub(crate) struct Publisher<S: Stream> {
    pub(crate) table: Table<S>,
    pub(crate) log: Log<S>,
    /// Records as they were at base, where they have changed since.
    at_base: AtBase<S>,
    /// Forgotten finals up to base, the oldest first.
    pub(crate) finals: VecDeque<S::Final>,
    most_finals: usize,
    free: Vec<Slot>,
    next_slot: u32,
    reserved: usize,
    /// Keys whose tombstone is in the log.
    leaving: Map<TaskId, Slot>,
    /// Slots that wait for their newest entry to become durable before the tombstone.
    retiring: Retiring,
    pub(crate) details: Details<S::Detail>,
    /// Long values, which travel apart from the entries that name them.
    pub(crate) values: Values,
    pub(crate) window: Window,
    limits: Limits,
    pace: Pace,
    baits: Baits,

    /// The subscriber's received revision, as it said last.
    received: Revision,
    /// The highest revision sent without a hole in this session.
    sent: Revision,
    /// Revisions that were sent and lost: (from, to].
    lost: VecDeque<(Revision, Revision)>,
    credit: Revision,
    /// Entries up to here may be told; all when there is no journal to wait for.
    shown: Option<Revision>,
    /// Base stands while a checkpoint of it is written; this revision is durable meanwhile.
    base_stands: bool,
    durable_heard: Revision,
    /// Heartbeats that found everything acknowledged and base behind, since it moved last; and how many are too many.
    stalled: u32,
    stalled_too_long: u32,
    pub(crate) outgoing: Option<Outgoing>,
    /// When the first change that waits began to wait.
    pending_since: Option<Instant>,
    linger_over: bool,
    /// No frame goes for details alone before this; zero when none has to wait.
    details_at: Instant,
    /// Frames full of entries in a row.
    full_frames: u32,
    /// Slots whose newest entry became durable and which were to be retired then.
    pub(crate) ripe: Vec<Slot>,
    /// What became forgotten for good.
    pub(crate) gone: Vec<TaskId>,
    /// What the entry being published changes.
    applied: Vec<Applied<S>>,
}

impl<S: Stream> Publisher<S> {
    pub(crate) fn new(limits: Limits, pace: &Pace, seed: u64, baits: Baits) -> Publisher<S> {
        Publisher {
            table: Table::new(limits.slots, seed, baits),
            log: Log::new(),
            at_base: AtBase::new(),
            finals: VecDeque::new(),
            most_finals: limits.finals as usize,
            free: Vec::new(),
            next_slot: 0,
            reserved: 0,
            leaving: Map::new(seed),
            retiring: Retiring(Vec::new()),
            details: Details::new(),
            values: Values::default(),
            window: Window::new(pace, baits),
            limits,
            pace: pace.clone(),
            baits,
            received: Revision::ZERO,
            sent: Revision::ZERO,
            lost: VecDeque::new(),
            credit: Revision::ZERO,
            shown: None,
            base_stands: false,
            durable_heard: Revision::ZERO,
            stalled: 0,
            stalled_too_long: STALLED,
            outgoing: None,
            pending_since: None,
            linger_over: false,
            details_at: Instant::ZERO,
            full_frames: 0,
            ripe: Vec::new(),
            gone: Vec::new(),
            applied: Vec::new(),
        }
    }

    /// The newest position.
    pub(crate) fn tail(&self) -> Position {
        self.table.position()
    }

    /// The newest position that may be told, and the digest there.
    pub(crate) fn tip_with_digest(&self) -> (Position, Digest) {
        let newest = (self.table.position(), self.table.digest());
        match self.shown {
            Some(shown) if shown < newest.0.revision && !bait!(self.baits, EntriesBeforeConfirmed) => {
                self.log.at(shown.max(self.log.base().revision)).unwrap_or(newest)
            }
            _ => newest,
        }
    }

    /// The newest position that may be told.
    pub(crate) fn tip(&self) -> Position {
        self.tip_with_digest().0
    }

    /// From now on nothing after this revision may be told.
    pub(crate) fn show(&mut self, now: Instant, shown: Revision) {
        let before = self.shown.replace(shown);
        if before.is_some_and(|before| before < shown) {
            self.note_pending(now);
        }
    }

    /// Base stands, or no longer does; says whether it has moved.
    pub(crate) fn hold_base(&mut self, stands: bool) -> bool {
        self.base_stands = stands;
        !stands && self.let_go(self.durable_heard)
    }

    pub(crate) fn base(&self) -> Position {
        self.log.base()
    }

    pub(crate) fn received(&self) -> Revision {
        self.received
    }

    /// Whether this incarnation can still give its whole history.
    pub(crate) fn has_let_go(&self) -> bool {
        self.log.base().revision > Revision::ZERO
    }

    /// Whether room for so many more entries can be reserved.
    ///
    /// # Errors
    /// [`TaskError::Full`].
    pub(crate) fn reserve(&self, entries: usize) -> Result<(), TaskError> {
        let used = self.log.len() + self.reserved;
        let bound = self.limits.log as usize;
        if used + entries > bound {
            return Err(TaskError::Full { limit: "log", used, bound });
        }
        Ok(())
    }

    /// A slot for a new record: one whose tombstone is durable, or one never used.
    ///
    /// # Errors
    /// [`TaskError::Full`] when all are in use; [`TaskError::AlreadyRegistered`] when the key is, or its tombstone is not
    /// yet durable.
    pub(crate) fn slot_for(&self, key: TaskId) -> Result<Slot, TaskError> {
        if self.table.slot(key).is_some() || self.leaving.contains_key(&key) {
            return Err(TaskError::AlreadyRegistered(key));
        }
        if let Some(slot) = self.free.last() {
            return Ok(*slot);
        }
        if self.next_slot < self.limits.slots {
            return Ok(Slot(self.next_slot));
        }
        Err(TaskError::Full { limit: "slots", used: self.limits.slots as usize, bound: self.limits.slots as usize })
    }

    /// Makes an entry part of the history.
    ///
    /// # Errors
    /// [`Illegal`] when it does not follow; nothing is changed.
    pub(crate) fn publish(&mut self, now: Instant, entry: S::Entry) -> Result<Revision, Illegal> {
        let base = self.log.base().revision;
        if !self.table.is_hash_sound(S::slot(&entry)) && !bait!(self.baits, DamagePublished) {
            return Err(Illegal::Damaged { slot: S::slot(&entry) });
        }
        self.table.gather_epochs(self.at_base.rows_mut());
        self.applied.reserve_exact(1);
        self.table.apply(&entry, &mut self.applied)?;
        let slot = S::slot(&entry);
        let binds = S::binds(&entry).is_some();
        if binds {
            if self.free.last() == Some(&slot) {
                self.free.pop();
            } else {
                self.next_slot = self.next_slot.max(slot.0 + 1);
            }
        }
        let position = self.table.position();
        self.log.push(entry, position.tag, self.table.digest(), now);
        let row = self.table.row(slot);
        if let Some(before) = self.applied.pop().and_then(|applied| applied.before) {
            self.reserved -= S::entries_ahead(&before);
            if row.is_none() {
                self.values.ended(S::registration(&before));
                self.leaving.insert(S::key(&before), slot);
                if bait!(self.baits, SlotFreedWhenTombstoneMade) {
                    self.free.push(slot);
                }
            }
            if S::newest(&before) <= base {
                self.at_base.insert(slot, before);
            }
        }
        if binds {
            if let Some(value) = row.and_then(S::long_value) {
                self.values.add(position.revision, slot, value.len() as u32);
            }
        }
        self.reserved += row.map_or(0, S::entries_ahead);
        if !row.is_some_and(S::has_details) {
            self.details.clear(slot);
        }
        self.note_pending(now);
        Ok(position.revision)
    }

    /// Takes the newest detail of a slot; says whether it is another than before.
    pub(crate) fn set_detail(&mut self, now: Instant, slot: Slot, detail: S::Detail) -> bool {
        let changed = self.details.set(slot, detail, bait!(self.baits, ChangedDetailLosesItsTurn));
        if changed {
            self.note_pending(now);
        }
        changed
    }

    fn note_pending(&mut self, now: Instant) {
        if self.pending_since.is_none() {
            self.pending_since = Some(now);
            self.linger_over = false;
        }
    }

    /// Marks a slot to be named in `ripe` when its newest entry is durable; at once if it is.
    pub(crate) fn retire(&mut self, slot: Slot) {
        let index = slot.0 as usize;
        if index >= self.retiring.0.len() {
            self.retiring.0.resize(index + 1, false);
        }
        let durable = self.table.row(slot).is_some_and(|row| S::newest(row) <= self.base().revision);
        if durable {
            self.ripe.push(slot);
        } else {
            self.retiring.0[index] = true;
        }
    }

    /// Whether a slot waits to be retired.
    pub(crate) fn is_retiring(&self, slot: Slot) -> bool {
        self.retiring.0.get(slot.0 as usize).copied().unwrap_or(false)
    }

    /// The record of a slot as it is at base.
    pub(crate) fn base_record(&self, slot: Slot) -> Option<S::Record> {
        self.base_row(slot).map(|row| self.table.unpack(slot, row))
    }

    pub(super) fn base_row(&self, slot: Slot) -> Option<&S::Row> {
        let unchanged = || self.table.row(slot).filter(|row| S::newest(row) <= self.base().revision);
        self.at_base.get(slot).or_else(unchanged)
    }

    /// The digest at base, counted anew from the records there.
    pub(crate) fn recount_base(&self) -> Digest {
        (0..self.table.slots_used())
            .filter_map(|slot| self.base_record(Slot(slot)))
            .fold(Digest::default(), |digest, record| digest.with(S::record_hash(&record)))
    }

    /// Judges a subscriber's position (design: verdicts, in this order: resume or damaged, fork within one epoch and
    /// nonce, empty, behind, fork).
    pub(crate) fn judge(
        &self,
        position: Position,
        maker: Maker,
        own: Maker,
        starts_empty: bool,
        asked: bool,
    ) -> Judgement {
        // What may not be told yet is not vouched for either, though it be the same.
        let untold = position.revision > self.tip().revision;
        let place = if untold { Place::Above } else { self.log.place(position) };
        let twin = maker == own && matches!(place, Place::Off | Place::Above);
        let at_base = position.revision == self.base().revision && bait!(self.baits, AnyTagMatchesAtBase);
        let place = if at_base { Place::On } else { place };
        let verdict = match place {
            Place::On if asked => Verdict::Damaged,
            Place::On => Verdict::Resume,
            _ if twin => Verdict::Fork,
            _ if starts_empty && !self.has_let_go() && !asked => Verdict::Empty,
            Place::Below => Verdict::SubscriberBehind,
            Place::Above => Verdict::PublisherBehind,
            Place::Off => Verdict::Fork,
        };
        Judgement { judged: position, verdict, base: self.base(), tip: self.tip(), go_on: false }
    }

    /// Begins a session, or a repair within one, with what was judged. A repair that `seek`s tells what differs alone.
    pub(crate) fn begin(&mut self, judgement: &Judgement, standing: Option<&Standing>, meets_first: bool, seek: bool) {
        self.release_all();
        if standing.is_some() {
            self.window.reset();
        }
        self.lost.clear();
        self.outgoing = None;
        let from = match judgement.verdict {
            Verdict::Resume => judgement.judged.revision,
            Verdict::Empty => Revision::ZERO,
            _ => {
                self.outgoing = Some(self.outgoing_for(judgement, seek));
                if bait!(self.baits, EntriesFromTailAfterSnapshot) {
                    judgement.tip.revision
                } else {
                    self.base().revision
                }
            }
        };
        // Who has less than it had has lost its details as well: the controller's host forgot this node.
        let fell_back = from < self.received;
        self.received = from;
        self.sent = from;
        self.credit = match (judgement.verdict, standing) {
            (Verdict::Resume, Some(standing)) => standing.credit,
            (Verdict::Empty, _) => Revision::ZERO,
            _ => judgement.tip.revision,
        };
        // A long value is owed until its registration is durable, and anew after a repair.
        let durable = match (judgement.verdict, standing) {
            (Verdict::Resume, Some(standing)) => standing.durable,
            _ => Revision::ZERO,
        };
        self.owe_values(durable);
        if meets_first || fell_back || judgement.verdict != Verdict::Resume {
            self.details.queue_all();
        }
    }

    /// The session is over: nothing is in flight any more.
    pub(crate) fn close(&mut self) {
        self.release_all();
        self.window.reset();
        self.lost.clear();
        self.outgoing = None;
        self.credit = Revision::ZERO;
    }
}
