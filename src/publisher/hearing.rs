//! What an acknowledgement moves and frees, and what becomes of frames that are lost.

use alloc::collections::VecDeque;

use super::{Acknowledged, Publisher};
use crate::bait::bait;
use crate::id::FrameNumber;
use crate::log::Place;
use crate::revision::Revision;
use crate::row::Stepped;
use crate::stream::Stream;
use crate::time::Instant;
use crate::window::{Cargo, Flight};
use crate::wire::Ack;

impl<S: Stream> Publisher<S> {
    /// Hears an acknowledgement that came in frame `number` of the other side.
    pub(crate) fn acknowledge(&mut self, now: Instant, number: FrameNumber, ack: &Ack) -> Acknowledged {
        if self.window.is_stale(number) {
            return Acknowledged::Stale;
        }
        let staged_nothing = ack.staged && ack.position.revision == Revision::ZERO;
        let on_chain =
            staged_nothing || self.log.place(ack.position) == Place::On || bait!(self.baits, ForeignPositionFrees);
        // While a repair is under way, what was said of the former history is void; but who has the whole snapshot speaks of
        // the stage, or of what it switched to.
        let speaks_of_repair = self.outgoing.as_ref().is_none_or(|outgoing| outgoing.is_whole());
        if !on_chain && (speaks_of_repair || ack.staged) {
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
        self.see_contradiction(staged_nothing);
        Acknowledged::Heard { largest_sent: heard.largest_sent, base_moved }
    }

    /// Everything with data was acknowledged, and yet the position lies behind: whoever holds those frames (it may have
    /// been told forged ones) does not apply them. They are sent anew.
    fn see_contradiction(&mut self, staged_nothing: bool) {
        let whole = self.outgoing.as_ref().is_none_or(|outgoing| outgoing.is_whole());
        let all_acknowledged = self.window.is_idle() && self.lost.is_empty() && self.received < self.sent;
        if bait!(self.baits, HeldFrameDropped) {
            return;
        }
        if bait!(self.baits, HeldFrameEvicted) {
            return;
        }
        if all_acknowledged && whole && !staged_nothing {
            self.release_all();
            self.sent = self.received;
        }
    }

    /// Takes out the flights that are done with, and notes the parts of a snapshot that they were.
    fn finish_flights(&mut self) {
        while let Some(flight) = self.window.take_done(self.received) {
            match (flight.cargo, &mut self.outgoing) {
                (Cargo::Snapshot { first, next }, Some(outgoing)) => outgoing.acknowledged(first, next),
                (Cargo::Chunk { registered, offset, end }, _) => self.values.acknowledged(registered, offset, end),
                _ => {}
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
        if received < self.received && bait!(self.baits, WindowOnlyRises) {
            return;
        }
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
    pub(super) fn let_go(&mut self, durable: Revision) -> bool {
        self.durable_heard = self.durable_heard.max(durable);
        let mut moved = false;
        if self.base_stands {
            return false;
        }
        if self.log.base().revision < durable {
            (self.stalled, self.stalled_too_long) = (0, super::STALLED);
        }
        while self.log.base().revision < durable {
            let Some(logged) = self.log.pop() else { break };
            moved = true;
            self.pass_base(&logged.entry);
        }
        moved
    }

    /// A heartbeat goes. Where all is acknowledged and base does not move, the subscriber may lack a long value that was called
    /// acknowledged under a number that another used as well, as a clone in one session does: they are owed anew.
    pub(crate) fn heartbeat_goes(&mut self) {
        let idle = self.window.is_idle() && self.lost.is_empty() && self.outgoing.is_none();
        if !idle || self.base().revision >= self.received {
            return;
        }
        self.stalled += 1;
        if self.stalled >= self.stalled_too_long {
            self.stalled = 0;
            self.stalled_too_long = self.stalled_too_long.saturating_mul(2);
            self.owe_values(self.base().revision);
        }
    }

    /// Long values of registrations after `durable` are owed, none of them acknowledged.
    pub(super) fn owe_values(&mut self, durable: Revision) {
        let table = &self.table;
        self.values
            .begin(durable, |registered, slot| table.row(slot).is_some_and(|row| S::registration(row) == registered));
    }

    /// Lets the oldest entries go, durable or not, until there is room. What no agent may do: a bait.
    pub(crate) fn make_room(&mut self, entries: usize) {
        while self.reserve(entries).is_err() && self.log.len() > 0 {
            self.let_go(self.log.base().revision.next());
        }
    }

    /// Base has moved onto `entry`: the record at base follows.
    fn pass_base(&mut self, entry: &S::Entry) {
        let slot = S::slot(entry);
        let revision = self.log.base().revision;
        let current = self.table.row(slot).is_some_and(|row| S::newest(row) == revision);
        if current {
            self.at_base.remove(slot);
            if self.is_retiring(slot) {
                self.retiring.0[slot.0 as usize] = false;
                self.ripe.push(slot);
            }
            return;
        }
        if bait!(self.baits, BaseMovesWithoutReplay) {
            return;
        }
        let mut held = if S::binds(entry).is_some() { None } else { self.at_base.remove(slot) };
        let stepped = S::step(&mut held, entry, revision, self.table.epochs_mut(), self.baits);
        match (stepped, held) {
            (Ok(Stepped::Live), Some(mut row)) => {
                S::rehash(&mut row, slot, self.table.epochs(), false);
                self.at_base.insert(slot, row);
            }
            (Ok(Stepped::Forgotten), Some(row)) => {
                self.leaving.remove(&S::key(&row));
                self.values.remove(S::registration(&row));
                if !bait!(self.baits, SlotFreedWhenTombstoneMade) {
                    self.free.push(slot);
                }
                self.gone.push(S::key(&row));
                if self.most_finals > 0 {
                    let last = S::final_of(&row, self.table.epochs());
                    if self.finals.len() == self.most_finals {
                        self.finals.pop_front();
                    }
                    self.finals.push_back(last);
                }
            }
            // Every entry followed from its record when it was made; it does so again.
            _ => {}
        }
    }

    /// Takes everything out of flight; details are queued again.
    pub(super) fn release_all(&mut self) {
        while let Some(flight) = self.window.take_any() {
            self.requeue_details(&flight);
            self.window.recycle(flight.details);
        }
    }

    pub(super) fn requeue_details(&mut self, flight: &Flight) {
        if bait!(self.baits, LostDetailNotQueued) {
            return;
        }
        for (slot, version) in &flight.details {
            self.details.lost(*slot, *version);
        }
    }

    pub(super) fn lose(&mut self, flight: Flight) {
        self.requeue_details(&flight);
        match flight.cargo {
            Cargo::Delta { from, to } if to > from => self.note_lost(from, to),
            Cargo::Snapshot { first, next } => {
                if let Some(outgoing) = &mut self.outgoing {
                    outgoing.lost(first, next);
                }
            }
            Cargo::Chunk { registered, offset, end } => self.values.lost(registered, offset, end),
            _ => {}
        }
        self.window.recycle(flight.details);
    }

    pub(super) fn note_lost(&mut self, from: Revision, to: Revision) {
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
}
