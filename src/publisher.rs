//! The single writer of a stream: table at the tail, log from base to tail, records as they were at base, slots, unsent
//! details, and one subscriber's window. It says what is the most urgent thing to send, what an acknowledgement frees,
//! and how it judges a position. It knows neither role; bytes are left to `wire`, snapshots under way to `snapshot`.
//!
//! Invariants: state at base + log = state at tail; nothing leaves the log, no slot is given out again and base does not
//! move but by a durable revision on the chain; an entry that was admitted finds room for its task's end.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::bait::{bait, Baits};
use crate::config::{Limits, Pace};
use crate::detail::{Details, Take};
use crate::error::{Illegal, TaskError};
use crate::id::{Epoch, FrameNumber, Nonce, Slot, TaskId};
use crate::log::{Log, Place};
use crate::map::Map;
use crate::revision::{Digest, Position, Revision, Tag};
use crate::snapshot::Outgoing;
use crate::stream::Stream;
use crate::table::Table;
use crate::task::Stepped;
use crate::time::Instant;
use crate::window::{Cargo, Flight, Window};
use crate::wire::{Ack, Judgement, Standing, Verdict};

/// Room that a registration reserves in the log: PENDING, RUNNING, FAILED, CANCELLED, tombstone.
pub(crate) const REGISTRATION_ROOM: usize = 5;
/// Room that a retry reserves beside what is reserved: PENDING, RUNNING, FAILED.
pub(crate) const RETRY_ROOM: usize = 3;
/// Waiting details that are looked at for one frame.
const LOOK_AHEAD: usize = 4096;
/// Waiting details that are looked at to decide whether there is something to send.
const GLANCE: usize = 64;

/// Where entries and details of one frame are collected.
pub(crate) trait Sink<S: Stream> {
    /// Adds an entry if there is room for it.
    fn push(&mut self, entry: &S::Entry) -> bool;
    /// Adds a detail if there is room for it.
    fn push_detail(&mut self, slot: Slot, detail: &S::Detail) -> bool;
    /// Keeps these bytes free of entries, for details.
    fn hold_back(&mut self, bytes: usize);
}

/// What is the most urgent thing to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Want {
    Nothing,
    Snapshot,
    Delta,
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
    at_base: Map<Slot, S::Record>,
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
    pub(crate) outgoing: Option<Outgoing>,
    /// When the first change that waits began to wait.
    pending_since: Option<Instant>,
    linger_over: bool,
    /// Frames full of entries in a row.
    full_frames: u32,
    /// Slots whose newest entry became durable and which were to be retired then.
    pub(crate) ripe: Vec<Slot>,
    /// What became forgotten for good.
    pub(crate) gone: Vec<S::Final>,
}

impl<S: Stream> Publisher<S> {
    pub(crate) fn new(limits: Limits, pace: &Pace, seed: u64, baits: Baits) -> Publisher<S> {
        Publisher {
            table: Table::new(limits.slots, seed, baits),
            log: Log::new(),
            at_base: Map::new(seed),
            finals: VecDeque::new(),
            most_finals: limits.finals as usize,
            free: Vec::new(),
            next_slot: 0,
            reserved: 0,
            leaving: Map::new(seed),
            retiring: Retiring(Vec::new()),
            details: Details::new(),
            window: Window::new(pace, baits),
            limits,
            pace: pace.clone(),
            baits,
            received: Revision::ZERO,
            sent: Revision::ZERO,
            lost: VecDeque::new(),
            credit: Revision::ZERO,
            outgoing: None,
            pending_since: None,
            linger_over: false,
            full_frames: 0,
            ripe: Vec::new(),
            gone: Vec::new(),
        }
    }

    /// The newest position that may be told.
    pub(crate) fn tip(&self) -> Position {
        self.table.position()
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
        let applied = self.table.apply(&entry)?;
        let slot = applied.slot;
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
        if let Some(before) = applied.before {
            self.reserved -= S::entries_ahead(&before.record);
            if S::newest(&before.record).revision <= base {
                self.at_base.insert(slot, before.record.clone());
            }
            if self.table.get(slot).is_none() {
                self.leaving.insert(S::key(&before.record), slot);
                if bait!(self.baits, SlotFreedWhenTombstoneMade) {
                    self.free.push(slot);
                }
            }
        }
        let record = self.table.get(slot);
        self.reserved += record.map_or(0, S::entries_ahead);
        if !record.is_some_and(S::has_details) {
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
        let durable = self.table.get(slot).is_some_and(|r| S::newest(r).revision <= self.base().revision);
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
    pub(crate) fn base_record(&self, slot: Slot) -> Option<&S::Record> {
        if let Some(record) = self.at_base.get(&slot) {
            return Some(record);
        }
        self.table.get(slot).filter(|record| S::newest(record).revision <= self.base().revision)
    }

    /// The digest at base, counted anew from the records there.
    pub(crate) fn recount_base(&self) -> Digest {
        (0..self.table.slots_used())
            .filter_map(|slot| self.base_record(Slot(slot)))
            .fold(Digest::default(), |digest, record| digest.with(S::record_hash(record, false)))
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
        let place = self.log.place(position);
        let twin = maker == own && matches!(place, Place::Off | Place::Above);
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

    /// Begins a session, or a repair within one, with what was judged.
    pub(crate) fn begin(&mut self, judgement: &Judgement, standing: Option<&Standing>, meets_first: bool) {
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
                self.outgoing =
                    Some(Outgoing::new(self.base(), judgement.tip, self.table.slots_used(), self.finals.len() as u32));
                self.base().revision
            }
        };
        self.received = from;
        self.sent = from;
        self.credit = match (judgement.verdict, standing) {
            (Verdict::Resume, Some(standing)) => standing.credit,
            (Verdict::Empty, _) => Revision::ZERO,
            _ => judgement.tip.revision,
        };
        if meets_first || judgement.verdict != Verdict::Resume {
            self.details.queue_all();
        }
    }

    /// Takes everything out of flight; details are queued again.
    fn release_all(&mut self) {
        while let Some(flight) = self.window.take_any() {
            self.requeue_details(&flight);
            self.window.recycle(flight.details);
        }
    }

    fn requeue_details(&mut self, flight: &Flight) {
        for (slot, version) in &flight.details {
            self.details.lost(*slot, *version);
        }
    }

    fn lose(&mut self, flight: Flight) {
        self.requeue_details(&flight);
        match flight.cargo {
            Cargo::Delta { from, to } if to > from => self.note_lost(from, to),
            Cargo::Snapshot { first, next } => {
                if let Some(outgoing) = &mut self.outgoing {
                    outgoing.lost(first, next);
                }
            }
            _ => {}
        }
        self.window.recycle(flight.details);
    }

    fn note_lost(&mut self, from: Revision, to: Revision) {
        let from = from.max(self.received);
        let to = to.min(self.sent);
        if from >= to {
            return;
        }
        let index = self.lost.iter().position(|(f, _)| *f > from).unwrap_or(self.lost.len());
        self.lost.insert(index, (from, to));
        // Ranges that touch become one, so that a resend is cut afresh.
        let mut merged: VecDeque<(Revision, Revision)> = VecDeque::new();
        for (from, to) in self.lost.drain(..) {
            match merged.back_mut() {
                Some((_, last)) if from <= *last => *last = (*last).max(to),
                _ => merged.push_back((from, to)),
            }
        }
        self.lost = merged;
    }

    fn trim_lost(&mut self) {
        while let Some((from, to)) = self.lost.front_mut() {
            if *to <= self.received {
                self.lost.pop_front();
            } else {
                *from = (*from).max(self.received);
                break;
            }
        }
    }

    /// Hears an acknowledgement that came in frame `number` of the other side.
    pub(crate) fn acknowledge(&mut self, now: Instant, number: FrameNumber, ack: &Ack) -> Acknowledged {
        if self.window.is_stale(number) {
            return Acknowledged::Stale;
        }
        let staged_nothing = ack.staged && ack.position.revision == Revision::ZERO;
        let on_chain =
            staged_nothing || self.log.place(ack.position) == Place::On || bait!(self.baits, ForeignPositionFrees);
        // While a repair is under way, what was said of the former history is void.
        if !on_chain && (self.outgoing.is_none() || ack.staged) {
            return Acknowledged::Foreign;
        }
        let heard = self.window.hear(now, number, ack);
        self.finish_flights();
        let mut base_moved = false;
        if on_chain && (self.outgoing.is_none() || ack.staged || self.reaches_tip(ack)) {
            self.credit = ack.credit;
            if !staged_nothing {
                self.hear_position(ack.position.revision);
            }
            if self.reaches_tip(ack) {
                self.outgoing = None;
            }
            if self.outgoing.is_none() && !ack.staged {
                let durable = if bait!(self.baits, ReceivedMovesBase) { ack.position.revision } else { ack.durable };
                base_moved = self.let_go(durable.min(ack.position.revision));
            }
        }
        self.finish_flights();
        while let Some(flight) = self.window.take_lost(now) {
            self.lose(flight);
        }
        Acknowledged::Heard { largest_sent: heard.largest_sent, base_moved }
    }

    /// Takes out the flights that are done with, and notes the parts of a snapshot that they were.
    fn finish_flights(&mut self) {
        while let Some(flight) = self.window.take_done(self.received) {
            if let (Cargo::Snapshot { first, next }, Some(outgoing)) = (flight.cargo, &mut self.outgoing) {
                outgoing.acknowledged(first, next);
            }
            self.window.recycle(flight.details);
        }
        if let Some(outgoing) = &mut self.outgoing {
            outgoing.settle();
        }
    }

    /// Everything that was acknowledged before frame `number` of the other side is void: it asked to be judged in it.
    pub(crate) fn void_before(&mut self, number: FrameNumber) {
        self.window.void_before(number);
    }

    fn reaches_tip(&self, ack: &Ack) -> bool {
        self.outgoing.as_ref().is_some_and(|outgoing| {
            !ack.staged && outgoing.is_whole() && ack.position.revision >= outgoing.tip().revision
        })
    }

    /// The window follows what the other side says it has, downwards too.
    fn hear_position(&mut self, received: Revision) {
        if received < self.received {
            // What it held is gone there: everything after its position is sent anew.
            self.release_all();
            self.lost.clear();
            self.sent = received;
        }
        self.received = received;
        self.sent = self.sent.max(received);
        self.trim_lost();
    }

    /// Lets entries up to a durable revision go, and what they freed.
    fn let_go(&mut self, durable: Revision) -> bool {
        let mut moved = false;
        while self.log.base().revision < durable {
            let Some(logged) = self.log.pop() else { break };
            moved = true;
            self.pass_base(&logged.entry);
        }
        moved
    }

    /// Base has moved onto `entry`: the record at base follows.
    fn pass_base(&mut self, entry: &S::Entry) {
        let slot = S::slot(entry);
        let revision = self.log.base().revision;
        let current = self.table.get(slot).is_some_and(|record| S::newest(record).revision == revision);
        if current {
            self.at_base.remove(&slot);
            if self.is_retiring(slot) {
                self.retiring.0[slot.0 as usize] = false;
                self.ripe.push(slot);
            }
            return;
        }
        if bait!(self.baits, BaseMovesWithoutReplay) {
            return;
        }
        let held = if S::binds(entry).is_some() { None } else { self.at_base.remove(&slot) };
        match S::step(held.as_ref(), entry, revision, self.baits) {
            Ok(Stepped::Live(record)) => {
                self.at_base.insert(slot, record);
            }
            Ok(Stepped::Forgotten(record)) => {
                let key = S::key(&record);
                self.leaving.remove(&key);
                if !bait!(self.baits, SlotFreedWhenTombstoneMade) {
                    self.free.push(slot);
                }
                let last = S::final_of(&record);
                self.gone.push(last.clone());
                if self.most_finals > 0 {
                    if self.finals.len() == self.most_finals {
                        self.finals.pop_front();
                    }
                    self.finals.push_back(last);
                }
            }
            // Every entry followed from its record when it was made; it does so again.
            Err(_) => {}
        }
    }

    /// Whether an entry that may be sent has not been.
    fn has_entries(&self) -> bool {
        !self.lost.is_empty() || self.sent < self.tip().revision.min(self.credit)
    }

    fn has_details(&self) -> bool {
        self.details.any(GLANCE, |slot| self.detail_may_go(slot, self.sent))
    }

    fn detail_may_go(&self, slot: Slot, to: Revision) -> bool {
        self.table.get(slot).is_some_and(|record| S::newest(record).revision <= to)
    }

    /// Whether what waits would fill a frame, by a rough measure of four bytes an entry and two a detail.
    fn fills_a_frame(&self) -> bool {
        let entries = self.tip().revision.min(self.credit).0.saturating_sub(self.sent.0);
        entries.saturating_mul(4).saturating_add(2 * self.details.waiting() as u64) >= u64::from(self.limits.frame)
    }

    /// What is the most urgent thing to send now.
    pub(crate) fn want(&self, now: Instant) -> Want {
        if !self.window.is_open(self.limits.frame as usize) {
            return Want::Nothing;
        }
        if let Some(outgoing) = &self.outgoing {
            if !outgoing.is_whole() {
                return if outgoing.has_more() { Want::Snapshot } else { Want::Nothing };
            }
        }
        if !self.has_entries() && !self.has_details() {
            return Want::Nothing;
        }
        let lingered = self.linger_over || self.pending_since.is_none_or(|since| now.since(since) >= self.pace.linger);
        if self.window.is_idle() || !self.lost.is_empty() || lingered || self.fills_a_frame() {
            Want::Delta
        } else {
            Want::Nothing
        }
    }

    /// The highest revision sent without a hole in this session.
    pub(crate) fn highest_sent(&self) -> Revision {
        self.sent
    }

    /// Where the next delta begins.
    pub(crate) fn next_from(&self) -> Revision {
        self.lost.front().map_or(self.sent, |(from, _)| *from)
    }

    /// Collects the next delta.
    pub(crate) fn fill(&mut self, now: Instant, sink: &mut impl Sink<S>) -> (Filled, Vec<(Slot, u32)>) {
        let resend = self.lost.front().copied();
        let (from, end) = resend.unwrap_or((self.sent, self.tip().revision.min(self.credit)));
        let share = self.full_frames >= self.pace.detail_after && self.details.waiting() > 0;
        if share && !bait!(self.baits, EntriesStarveDetail) {
            sink.hold_back(self.limits.frame as usize / 8);
        }
        let mut to = from;
        while to < end {
            match self.log.get(to.next()) {
                Some(logged) if sink.push(&logged.entry) => to = to.next(),
                _ => break,
            }
        }
        let full = to < end;
        self.full_frames = if full && !share { self.full_frames + 1 } else { 0 };
        sink.hold_back(0);
        let mut list = self.window.list();
        let table = &self.table;
        self.details.drain(LOOK_AHEAD, |slot, detail, version| {
            if table.get(slot).is_none_or(|record| S::newest(record).revision > to) {
                Take::Waits
            } else if sink.push_detail(slot, detail) {
                list.push((slot, version));
                Take::Taken
            } else {
                Take::Full
            }
        });
        if resend.is_some() {
            if let Some(first) = self.lost.front_mut() {
                first.0 = to;
            }
            if self.lost.front().is_some_and(|(from, to)| from >= to) {
                self.lost.pop_front();
            }
        } else {
            self.sent = to;
        }
        self.pending_since = None;
        self.linger_over = false;
        if self.has_entries() || self.has_details() {
            self.pending_since = Some(now);
        }
        let (position, digest) = self.log.at(to).unwrap_or((self.tip(), self.table.digest()));
        (Filled { from, to, tag: position.tag, digest }, list)
    }

    /// Notes that what was collected has gone out.
    pub(crate) fn sent(
        &mut self,
        now: Instant,
        number: FrameNumber,
        bytes: usize,
        cargo: Cargo,
        details: Vec<(Slot, u32)>,
    ) {
        self.window.sent(now, Flight { number, sent: now, bytes: bytes as u32, cargo, details, held: false });
    }

    /// When something is to be done without a frame coming.
    pub(crate) fn deadline(&self) -> Option<(Instant, &'static str)> {
        let resend = self.window.deadline().filter(|d| *d != Instant::FAR).map(|d| (d, "retransmission"));
        let lingering = !self.linger_over
            && !self.window.is_idle()
            && self.window.is_open(self.limits.frame as usize)
            && (self.has_entries() || self.has_details());
        let linger = self.pending_since.filter(|_| lingering).map(|since| (since.after(self.pace.linger), "linger"));
        match (resend, linger) {
            (Some(a), Some(b)) => Some(if a.0 <= b.0 { a } else { b }),
            (a, b) => a.or(b),
        }
    }

    /// Time has come to `now`.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> bool {
        let mut timed_out = false;
        if self.window.deadline().is_some_and(|deadline| deadline <= now) {
            self.window.time_out(now);
            timed_out = true;
            while let Some(flight) = self.window.take_unacknowledged() {
                self.lose(flight);
            }
        }
        if self.pending_since.is_some_and(|since| now.since(since) >= self.pace.linger) {
            self.linger_over = true;
        }
        timed_out
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
