//! The reading side of a stream: replica, stage, the question under way, credit, and what is durable. It knows neither
//! role: what becomes of an entry that was applied, and how a switch is judged, is left to the caller.
//!
//! Invariants: nothing of a stage is shown or committed; from a question on nothing is applied until it is answered; a
//! session never resumes twice at a position from which the last one failed.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::bait::{bait, Baits};
use crate::config::Limits;
use crate::error::Illegal;
use crate::id::{Epoch, Nonce, TaskId};
use crate::publisher::Maker;
use crate::replica::{Held, Piece, Replica, Taken};
use crate::revision::{Digest, Made, Position, Revision};
use crate::stage::{Part, Stage, Staged};
use crate::stream::Stream;
use crate::table::Table;
use crate::time::{micros, Instant};
use crate::value::Value;
use crate::values::{Added, Arriving};
use crate::wire::{Chunk, Judgement, Standing, Symptom, Verdict};

/// First pause between two askings of one question; a quarter of the heartbeat interval where that is shorter, so that a
/// question is asked several times before a lease can end.
const ASK_AGAIN: Duration = Duration::from_millis(300);
/// Askings of one question before the session ends.
const MOST_ASKS: u32 = 8;
/// Repairs that end at one position before the session is refused.
const MOST_REPAIRS: u32 = 4;
/// How long a stage may gain nothing.
const STAGE_PATIENCE: Duration = Duration::from_secs(60);

/// A question under way.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Asking {
    pub ask: u32,
    pub symptom: Symptom,
    pub position: Position,
    pub next_at: Instant,
    pub asked_at: Instant,
    pub tries: u32,
}

/// What comparing a digest showed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Compared {
    Equal,
    /// The digests are of different positions, or one may not be told: no conclusion.
    Inconclusive,
    Differs,
}

#[derive(Clone, Hash, Debug)]
pub(crate) struct Subscriber<S: Stream> {
    pub replica: Replica<S>,
    durable: Revision,
    /// Long values that are not whole here, or not known to the host to be, if there were any.
    values: Option<Box<Arriving>>,
    stage: Option<Box<Stage<S>>>,
    asking: Option<Box<Asking>>,
    asks: u32,
    failed_at: Option<Position>,
    repairs: u32,
    /// The highest revision that credit was given for, in this history.
    granted: Revision,
    maker: Maker,
    /// Why an entry of the last delta could not be applied.
    refused: Option<Box<Illegal>>,
    stage_gained: Instant,
    limits: Limits,
    most_held: u32,
    /// Microseconds.
    ask_again: u64,
    seed: u64,
    baits: Baits,
}

impl<S: Stream> Subscriber<S> {
    pub(crate) fn new(limits: Limits, most_held: u32, heartbeat: Duration, seed: u64, baits: Baits) -> Subscriber<S> {
        Subscriber {
            replica: Replica::new(limits.slots, most_held, seed, baits),
            durable: Revision::ZERO,
            values: None,
            stage: None,
            asking: None,
            asks: 0,
            failed_at: None,
            repairs: 0,
            granted: Revision::ZERO,
            maker: Maker { epoch: Epoch(0), nonce: Nonce(0) },
            refused: None,
            stage_gained: Instant::ZERO,
            limits,
            most_held,
            ask_again: micros(ASK_AGAIN.min(heartbeat / 4)),
            seed,
            baits,
        }
    }

    pub(crate) fn position(&self) -> Position {
        self.replica.position()
    }

    pub(crate) fn durable(&self) -> Revision {
        self.durable
    }

    pub(crate) fn maker(&self) -> Maker {
        self.maker
    }

    pub(crate) fn is_staging(&self) -> bool {
        self.stage.is_some()
    }

    pub(crate) fn stage(&self) -> Option<&Stage<S>> {
        self.stage.as_deref()
    }

    pub(crate) fn asking(&self) -> Option<&Asking> {
        self.asking.as_deref()
    }

    /// The position to acknowledge, and whether it is a staged one.
    pub(crate) fn acknowledged(&self) -> (Position, bool) {
        match &self.stage {
            Some(stage) => (stage.position(), true),
            None => (self.position(), false),
        }
    }

    /// The durable revision to acknowledge: none while a stage is under way.
    pub(crate) fn acknowledged_durable(&self) -> Revision {
        if self.stage.is_some() && !bait!(self.baits, StagedAckCarriesDurable) {
            Revision::ZERO
        } else {
            self.durable
        }
    }

    /// The highest revision that there is room for, with so much room for events.
    pub(crate) fn credit(&mut self, room: usize) -> Revision {
        let credit = match &self.stage {
            Some(stage) => stage.tip().revision.max(stage.position().revision),
            None => Revision(self.position().revision.0.saturating_add(room as u64)),
        };
        self.granted = self.granted.max(credit);
        credit
    }

    pub(crate) fn standing(&mut self, room: usize) -> Standing {
        let credit = Revision(self.position().revision.0.saturating_add(room as u64));
        Standing { received: self.position(), durable: self.durable, credit, stage: None }
    }

    /// A session begins with a judgement: held frames, a stage and a question of the former session are void.
    pub(crate) fn open(&mut self, now: Instant, limits: Limits, judgement: &Judgement) {
        self.limits = limits;
        self.replica.table.set_bound(limits.slots);
        self.asking = None;
        self.stage = None;
        self.drop_pieces();
        self.replica.drop_held();
        if judgement.verdict == Verdict::Resume {
            self.granted = self.position().revision;
            if self.failed_at == Some(judgement.judged) {
                self.ask(now, Symptom::History);
            }
        } else if judgement.verdict.repairs() {
            self.begin_stage(now, judgement);
        }
    }

    fn begin_stage(&mut self, now: Instant, judgement: &Judgement) {
        let replica = Replica::new(self.limits.slots, self.most_held, self.seed, self.baits);
        self.replica.drop_held();
        self.stage_gained = now;
        self.stage = Some(Box::new(Stage::new(judgement, replica, self.limits.finals, self.baits)));
    }

    /// The history begins anew: what was held is given back.
    pub(crate) fn reset(&mut self) -> Replica<S> {
        self.maker = Maker { epoch: Epoch(0), nonce: Nonce(0) };
        self.durable = Revision::ZERO;
        self.values = None;
        self.granted = Revision::ZERO;
        self.failed_at = None;
        self.repairs = 0;
        let empty = Replica::new(self.limits.slots, self.most_held, self.seed, self.baits);
        core::mem::replace(&mut self.replica, empty)
    }

    /// What was stored is held, and is durable as far as its long values are whole.
    pub(crate) fn restore(&mut self, table: Table<S>, remembered: VecDeque<Position>, maker: Maker) {
        self.replica.restore(table, remembered);
        self.maker = maker;
        self.granted = self.position().revision;
        let values = &mut self.values;
        let pending = |row: &S::Row| S::long_value(row).is_some_and(|value| value.is_pending());
        for (slot, row) in self.replica.table.rows().filter(|(_, row)| pending(row)) {
            values.get_or_insert_default().expect(S::registration(row), slot);
        }
        self.commit(self.position().revision);
    }

    /// The bounds that its publisher stated last.
    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// The session is over: a stage and a question end with it.
    pub(crate) fn close(&mut self) {
        self.asking = None;
        self.stage = None;
        self.drop_pieces();
        self.replica.drop_held();
    }

    /// Why an entry of the last delta could not be applied, if that was its fault.
    pub(crate) fn refused(&self) -> Option<Illegal> {
        self.refused.as_deref().copied()
    }

    /// Takes a delta of the session of the incarnation `by`.
    pub(crate) fn take(&mut self, now: Instant, piece: &Piece<'_, S>, by: Maker) -> Option<Taken> {
        if self.asking.is_some() {
            return None;
        }
        let taken = match &mut self.stage {
            Some(stage) => {
                let taken = stage.take(piece);
                self.refused = stage.take_refused();
                if matches!(taken, Taken::Applied { .. }) {
                    self.stage_gained = now;
                }
                taken
            }
            None => {
                let taken = self.replica.take(piece);
                self.refused = self.replica.take_refused();
                // Entries stand although a digest beside them differs: their long values are awaited all the same.
                if !self.replica.applied().is_empty() {
                    self.gained(piece.entries.last().map(S::epoch), by);
                    self.expect_values();
                }
                taken
            }
        };
        if let Taken::Symptom(symptom) = taken {
            if bait!(self.baits, SymptomAnsweredByOldPosition) {
                return Some(Taken::GapDropped);
            }
            self.ask(now, symptom);
        }
        Some(taken)
    }

    fn gained(&mut self, epoch: Option<Epoch>, by: Maker) {
        if let Some(epoch) = epoch {
            let nonce = if epoch == by.epoch { by.nonce } else { Nonce(0) };
            self.maker = Maker { epoch, nonce };
        }
        self.failed_at = None;
        self.repairs = 0;
    }

    /// Takes the next delta that waited behind a gap: what it was is given back when it was the view's.
    pub(crate) fn take_held(&mut self, now: Instant, by: Maker) -> Option<(Option<Held<S>>, Taken)> {
        if self.asking.is_some() {
            return None;
        }
        let (held, taken) = match &mut self.stage {
            Some(stage) => (None, stage.take_held()?),
            None => {
                let (held, taken) = self.replica.take_held()?;
                if !self.replica.applied().is_empty() {
                    self.gained(held.piece().entries.last().map(S::epoch), by);
                    self.expect_values();
                }
                (Some(held), taken)
            }
        };
        if let Taken::Symptom(symptom) = taken {
            self.ask(now, symptom);
        }
        Some((held, taken))
    }

    /// Whether a delta goes beyond the credit that was given.
    pub(crate) fn is_beyond_credit(&self, to: Revision) -> bool {
        self.stage.is_none() && to > self.granted
    }

    /// Takes a part of a snapshot; `None` when none is under way.
    pub(crate) fn take_part(&mut self, now: Instant, part: &Part<'_, S>) -> Option<Taken> {
        if self.asking.is_some() {
            return None;
        }
        let stage = self.stage.as_mut()?;
        let taken = stage.take_part(part, &self.replica.table);
        match taken {
            Taken::Applied { .. } => self.stage_gained = now,
            Taken::Symptom(symptom) => self.ask(now, symptom),
            _ => {}
        }
        Some(taken)
    }

    /// The publisher asks for cells of what is held; says whether they can be given.
    pub(crate) fn want_cells(&mut self, now: Instant, base: Position, first: u32, count: u32) -> bool {
        let Some(stage) = self.stage.as_mut().filter(|_| self.asking.is_none()) else { return false };
        let can = stage.want_cells(base, first, count, self.limits.slots);
        if can {
            self.stage_gained = now;
        }
        can
    }

    /// Whether cells are to be given.
    pub(crate) fn has_cells(&self) -> bool {
        self.stage.as_ref().is_some_and(|stage| stage.has_cells())
    }

    /// The next cells that were asked for, at most so many: base, number of the first, and their bytes.
    pub(crate) fn next_cells(&mut self, most: usize) -> Option<(Position, u32, Vec<u8>)> {
        self.stage.as_mut()?.next_cells(most, self.limits.slots, &self.replica.table)
    }

    /// Compares a digest that the publisher gives for a position.
    pub(crate) fn compare(&mut self, now: Instant, tip: Position, digest: Option<Digest>) -> Compared {
        let same_place = tip == self.position() || bait!(self.baits, DigestComparedAnywhere);
        match digest {
            Some(digest) if self.stage.is_none() && self.asking.is_none() && same_place => {
                if digest == self.replica.table.digest() {
                    Compared::Equal
                } else {
                    self.ask(now, Symptom::Digest);
                    Compared::Differs
                }
            }
            _ => Compared::Inconclusive,
        }
    }

    /// Recounts some records, unless a question or a repair is under way; damage makes it ask.
    pub(crate) fn scrub(&mut self, now: Instant) -> bool {
        if self.asking.is_some() || self.stage.is_some() || self.replica.table.scrub().is_none() {
            return false;
        }
        self.ask(now, Symptom::Scrub);
        true
    }

    fn drop_pieces(&mut self) {
        if let Some(values) = &mut self.values {
            values.drop_pieces();
        }
    }

    /// Asks to be judged at the position held. A stage that failed is thrown away.
    pub(crate) fn ask(&mut self, now: Instant, symptom: Symptom) {
        if self.asking.is_some() {
            return;
        }
        self.stage = None;
        self.drop_pieces();
        self.replica.drop_held();
        if self.failed_at == Some(self.position()) {
            self.repairs = self.repairs.saturating_add(1);
        }
        self.failed_at = Some(self.position());
        self.asks = self.asks.wrapping_add(1);
        self.asking = Some(Box::new(Asking {
            ask: self.asks,
            symptom,
            position: self.position(),
            next_at: now,
            asked_at: now,
            tries: 0,
        }));
    }

    /// The question to send now, if one is due: it is repeated until it is answered.
    pub(crate) fn question(&mut self, now: Instant) -> Option<Asking> {
        let asking = self.asking.as_mut().filter(|asking| asking.next_at <= now)?;
        asking.tries += 1;
        asking.asked_at = now;
        asking.next_at = now.after(Duration::from_micros(self.ask_again << asking.tries.min(5)));
        Some((**asking).clone())
    }

    /// A frame that the answer would make useful has come: the answer may be lost, so the question is due again sooner,
    /// and that is no try of its own.
    pub(crate) fn nudge(&mut self, now: Instant) {
        if let Some(asking) = &mut self.asking {
            if micros(now.since(asking.asked_at)) >= self.ask_again && asking.next_at > now && asking.tries > 0 {
                asking.next_at = now;
                asking.tries -= 1;
            }
        }
    }

    /// Whether so many repairs or askings have failed that the session is of no use.
    pub(crate) fn is_hopeless(&self, now: Instant) -> bool {
        self.repairs >= MOST_REPAIRS
            || self.asking.as_ref().is_some_and(|asking| asking.tries >= MOST_ASKS && asking.next_at <= now)
            || self.stage.is_some() && now.since(self.stage_gained) >= STAGE_PATIENCE
    }

    /// The repairs that failed are forgiven: a new session tries again.
    pub(crate) fn forgive(&mut self) {
        self.repairs = 0;
    }

    /// When the question is to be repeated, or the stage given up.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match (&self.asking, &self.stage) {
            (Some(asking), _) => Some(asking.next_at),
            (None, Some(_)) => Some(self.stage_gained.after(STAGE_PATIENCE)),
            (None, None) => None,
        }
    }

    /// Hears the answer to question `ask`; says whether it was the one under way.
    pub(crate) fn answered(&mut self, now: Instant, ask: u32, judgement: &Judgement) -> bool {
        let fits = self.asking.as_ref().is_some_and(|asking| {
            asking.ask == ask && asking.position == judgement.judged && judgement.verdict.repairs()
        });
        if fits {
            self.asking = None;
            self.begin_stage(now, judgement);
        }
        fits
    }

    /// Switches to the stage, if it is ready: the old copy and the stage are given to be judged.
    pub(crate) fn switch(&mut self, by: Maker) -> Option<(Replica<S>, Staged<S>)> {
        if !self.stage.as_ref()?.is_ready() {
            return None;
        }
        let mut staged = self.stage.take()?.into_parts();
        let empty = Replica::new(self.limits.slots, self.most_held, self.seed, self.baits);
        let new = core::mem::replace(&mut staged.replica, empty);
        let old = core::mem::replace(&mut self.replica, new);
        if !bait!(self.baits, DurableKeptAcrossSwitch) {
            self.durable = Revision::ZERO;
        }
        self.take_over_values(&old);
        self.granted = self.position().revision;
        self.maker = Maker { epoch: Epoch(0), nonce: Nonce(0) };
        self.gained(staged.entries.last().map(|(_, entry)| S::epoch(entry)), by);
        Some((old, staged))
    }

    /// Notes that the host has stored everything up to a position.
    pub(crate) fn commit(&mut self, revision: Revision) {
        self.durable = self.durable.max(revision.min(self.durable_below()));
        self.replica.trim(self.durable);
    }
}

/// What became of a part of a long value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TakenPart {
    /// It is kept for good.
    Kept,
    /// It was known, or nobody asks for it any more.
    Duplicate,
    /// Its registration has not come, or too many others are under way: it is dropped unacknowledged.
    Dropped,
    /// It contradicts the registration: whoever sent it did not make it.
    Contradicts,
    /// The value is whole, and in the record.
    Whole(TaskId, Made),
    /// The value is whole and is not that of the registration.
    Damaged,
}

impl<S: Stream> Subscriber<S> {
    /// Notes the long values that what was just applied brought, or ended.
    fn expect_values(&mut self) {
        for applied in self.replica.applied() {
            match (&applied.before, self.replica.table.row(applied.slot)) {
                (None, Some(row)) if S::long_value(row).is_some_and(|value| value.is_pending()) => {
                    self.values.get_or_insert_default().expect(S::registration(row), applied.slot);
                }
                (Some(before), None) if S::long_value(before).is_some() => {
                    if let Some(values) = &mut self.values {
                        values.forget(S::registration(before));
                    }
                }
                _ => {}
            }
        }
    }

    /// After a switch: what the old copy had whole need not come again.
    fn take_over_values(&mut self, old: &Replica<S>) {
        self.values = None;
        let replica = &mut self.replica;
        let pending = |row: &S::Row| S::long_value(row).is_some_and(|value| value.is_pending());
        let lacked: Vec<_> =
            replica.table.rows().filter(|(_, row)| pending(row)).map(|(slot, row)| (slot, S::key(row))).collect();
        for (slot, key) in lacked {
            let Some((row, _)) = replica.table.row_mut(slot) else { continue };
            let held = old.table.slot(key).and_then(|slot| old.table.row(slot));
            let known = held.and_then(S::long_value).filter(|value| !value.is_pending());
            let wanted = S::long_value(row).map(|value| (value.len(), value.hash()));
            match known.filter(|known| Some((known.len(), known.hash())) == wanted && known.is_sound()) {
                Some(known) => S::set_long_value(row, known.clone()),
                None => self.values.get_or_insert_default().expect(S::registration(row), slot),
            }
        }
    }

    /// The newest revision that may be called durable, whatever the host has stored: below every registration whose long
    /// value it does not have.
    pub(crate) fn durable_below(&self) -> Revision {
        if bait!(self.baits, DurableAbovePendingValue) {
            return Revision::LAST;
        }
        self.values.as_ref().map_or(Revision::LAST, |values| values.durable_below())
    }

    /// The host has heard that the value of a registration is whole.
    pub(crate) fn value_told(&mut self, registered: Revision) {
        if let Some(values) = &mut self.values {
            values.told(registered);
            if values.is_empty() {
                self.values = None;
            }
        }
    }

    /// Long values that are being put together.
    pub(crate) fn values_under_way(&self) -> usize {
        self.values.as_ref().map_or(0, |values| values.assembling())
    }

    /// Takes a part of a long value; `None` while a question or a repair is under way, when it is of no use.
    pub(crate) fn take_value(&mut self, now: Instant, chunk: &Chunk) -> Option<TakenPart> {
        if self.asking.is_some() || self.stage.is_some() {
            return None;
        }
        if chunk.registered > self.position().revision {
            return Some(TakenPart::Dropped);
        }
        let Some((row, epochs)) = self.replica.table.row_mut(chunk.slot) else { return Some(TakenPart::Duplicate) };
        let (key, registered) = (S::key(row), S::registered(row, epochs));
        if registered.revision != chunk.registered {
            return Some(TakenPart::Duplicate);
        }
        let Some(value) = S::long_value(row) else { return Some(TakenPart::Contradicts) };
        if value.len() != chunk.total as usize {
            return Some(TakenPart::Contradicts);
        }
        if !value.is_pending() {
            return Some(TakenPart::Duplicate);
        }
        let hash = value.hash();
        let values = self.values.get_or_insert_default();
        Some(match values.add(registered.revision, chunk.total, chunk.offset, &chunk.bytes) {
            Added::NoRoom => TakenPart::Dropped,
            Added::New => TakenPart::Kept,
            Added::Known => TakenPart::Duplicate,
            Added::Whole(bytes) => {
                let value = Value::long(&bytes);
                if value.hash() != hash {
                    self.ask(now, Symptom::Scrub);
                    return Some(TakenPart::Damaged);
                }
                S::set_long_value(row, Arc::new(value));
                values.came(registered.revision);
                TakenPart::Whole(key, registered)
            }
        })
    }
}
