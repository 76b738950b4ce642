//! What is sent next, and when: entries first, details beside them, what was lost before what is new.

use alloc::vec::Vec;

use super::{Filled, Publisher, Sink, Want};
use crate::bait::bait;
use crate::detail::Take;
use crate::id::{FrameNumber, Slot};
use crate::revision::Revision;
use crate::snapshot::Outgoing;
use crate::stream::Stream;
use crate::time::{sooner, Due, Instant};
use crate::values::Piece;
use crate::window::{Cargo, Flight};

/// Waiting details that are looked at for one frame.
const LOOK_AHEAD: usize = 4096;
/// Waiting details that are looked at to decide whether there is something to send.
const GLANCE: usize = 64;
/// What a detail costs beside its text, at most.
const DETAIL_AROUND: usize = 16;

impl<S: Stream> Publisher<S> {
    /// Whether an entry that may be sent has not been.
    fn has_entries(&self) -> bool {
        !self.lost.is_empty() || self.sent < self.tip().revision.min(self.credit)
    }

    /// Whether credit holds an entry back.
    pub(crate) fn is_out_of_credit(&self) -> bool {
        self.credit < self.tip().revision
    }

    fn has_details(&self) -> bool {
        self.details.any(GLANCE, |slot| self.detail_may_go(slot, self.sent))
    }

    /// Whether details may have a frame of their own now.
    fn details_due(&self, now: Instant) -> bool {
        (now >= self.details_at || bait!(self.baits, DetailsWithoutPause)) && self.has_details()
    }

    /// Whether a part of a long value waits, of a registration that the subscriber has.
    fn has_chunks(&self) -> bool {
        self.outgoing.is_none() && self.values.next(self.received).is_some()
    }

    fn detail_may_go(&self, slot: Slot, to: Revision) -> bool {
        self.table.row(slot).is_some_and(|row| S::newest(row) <= to)
    }

    /// Whether what waits would fill a frame, by a rough measure of four bytes an entry and two a detail.
    fn fills_a_frame(&self) -> bool {
        let entries = self.tip().revision.min(self.credit).0.saturating_sub(self.sent.0);
        entries.saturating_mul(4).saturating_add(2 * self.details.waiting() as u64)
            >= self.window.frame(self.limits.frame as usize) as u64
    }

    /// Bytes that the next frame with data may have; 0 when none may go.
    pub(crate) fn room(&self, now: Instant) -> usize {
        self.window.room(now, self.limits.frame as usize)
    }

    /// Whether something waits that the window alone holds back.
    fn has_work(&self) -> bool {
        self.outgoing.as_ref().is_some_and(Outgoing::has_more)
            || self.has_entries()
            || self.has_details()
            || self.has_chunks()
    }

    /// What is the most urgent thing to send now.
    pub(crate) fn want(&self, now: Instant) -> Want {
        if self.seeks() {
            return Want::Cells;
        }
        if self.room(now) == 0 {
            return Want::Nothing;
        }
        if let Some(outgoing) = &self.outgoing {
            if !outgoing.is_whole() {
                return if outgoing.has_more() { Want::Snapshot } else { Want::Nothing };
            }
        }
        let chunk = self.has_chunks() && self.window.is_half_open(now, self.limits.frame as usize);
        let else_ = if chunk { Want::Chunk } else { Want::Nothing };
        if !self.has_entries() && !self.details_due(now) || chunk && self.values.passed_over >= self.pace.detail_after {
            return else_;
        }
        let lingered = self.linger_over || self.pending_since.is_none_or(|since| now.since(since) >= self.pace.linger);
        if self.window.is_idle() || !self.lost.is_empty() || lingered || self.fills_a_frame() {
            Want::Delta
        } else {
            else_
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
            // A share that the largest detail does not fit into would be none.
            sink.hold_back((self.limits.frame as usize / 8).max(self.limits.message as usize + DETAIL_AROUND));
        }
        let mut to = from;
        let mut widened = false;
        while to < end {
            match self.log.get(to.next()) {
                Some(logged) if sink.push(&logged.entry) => to = to.next(),
                // What is longer than the link would have it goes all the same, alone.
                Some(logged) if to == from && sink.widen() && sink.push(&logged.entry) => {
                    to = to.next();
                    widened = true;
                    break;
                }
                _ => break,
            }
        }
        sink.hold_back(0);
        if widened && share {
            // The entry has taken what was kept for details: of a frame that is longer anyway they get their share.
            sink.widen();
        }
        let mut left_out = to < end;
        let mut list = self.window.list();
        let table = &self.table;
        self.details.drain(LOOK_AHEAD, |slot, detail, version| {
            if table.row(slot).is_none_or(|row| S::newest(row) > to) {
                Take::Waits
            } else if sink.push_detail(slot, detail)
                || to == from && list.is_empty() && sink.widen() && sink.push_detail(slot, detail)
            {
                list.push((slot, version));
                Take::Taken
            } else {
                left_out = true;
                Take::Full
            }
        });
        // Entries that leave no room for a detail crowd it out, whether or not more entries wait.
        self.full_frames = if left_out && to > from && list.is_empty() { self.full_frames + 1 } else { 0 };
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
        if to == from && !list.is_empty() && !self.pace.detail_interval.is_zero() {
            self.details_at = now.after(self.pace.detail_interval);
        }
        self.pending_since = None;
        self.linger_over = false;
        if self.has_entries() || self.has_details() {
            self.pending_since = Some(now);
        }
        let (position, digest) = self.log.at(to).unwrap_or(self.tip_with_digest());
        (Filled { from, to, tag: position.tag, digest }, list)
    }

    /// The next part of a long value: where it stands, how long the value is, and its bytes, more than may fit.
    pub(crate) fn next_chunk(&self) -> Option<(Piece, u32, &[u8])> {
        let piece = self.values.next(self.received)?;
        let bytes = self.long_value(piece.registered, piece.slot)?;
        Some((piece, bytes.len() as u32, bytes.get(piece.offset as usize..piece.end as usize)?))
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
        match cargo {
            Cargo::Chunk { registered, offset, end } => {
                self.values.sent(registered, offset, end);
                self.values.passed_over = 0;
            }
            Cargo::Delta { .. } if self.has_chunks() => self.values.passed_over += 1,
            _ => {}
        }
        self.window
            .sent(now, Flight { number, sent: now, bytes: bytes as u32, cargo, details, held: false, lost: false });
    }

    /// When something is to be done without a frame coming.
    pub(crate) fn deadline(&self) -> Option<Due> {
        let resend = self.window.deadline().filter(|d| *d != Instant::FAR).map(|d| (d, "retransmission"));
        let lingering = (!self.linger_over || bait!(self.baits, LingerDeadlineNotCleared))
            && !self.window.is_idle()
            && self.window.is_open(self.limits.frame as usize)
            && (self.has_entries() || self.details_at == Instant::ZERO && self.has_details());
        let linger = self.pending_since.filter(|_| lingering).map(|since| (since.after(self.pace.linger), "linger"));
        let seek = self.seek_deadline().map(|at| (at, "sketch"));
        let pause = self.window.congestion.not_before().filter(|_| self.has_work()).map(|at| (at, "pause"));
        let details = (self.details_at > Instant::ZERO && self.window.is_open(self.limits.frame as usize))
            .then_some((self.details_at, "details"))
            .filter(|_| self.has_details());
        sooner(sooner(resend, linger), sooner(sooner(seek, pause), details))
    }

    /// Time has come to `now`.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> bool {
        let mut timed_out = false;
        if self.window.deadline().is_some_and(|deadline| deadline <= now) {
            self.window.time_out(now);
            timed_out = true;
            while let Some(flight) = self.window.take_overdue(now) {
                self.lose(flight);
            }
        }
        self.see_unanswered(now);
        self.window.congestion.handle_timeout(now);
        if self.details_at <= now {
            self.details_at = Instant::ZERO;
        }
        if self.pending_since.is_some_and(|since| now.since(since) >= self.pace.linger) {
            self.linger_over = true;
        }
        timed_out
    }
}
