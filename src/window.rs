//! Frames in flight: what was sent and when, what an acknowledgement says of it, what is lost, and when to try again.
//! What a lost frame carried is sent anew by `publisher`; what a shared link bears is known to `congestion`.
//!
//! Invariants: flights stand in the order of their numbers; bytes and frames in flight count those that carry data and
//! are not acknowledged.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use crate::bait::{bait, Baits};
use crate::config::Pace;
use crate::congestion::{Congestion, LEAST_FRAME};
use crate::id::{FrameNumber, Slot};
use crate::revision::Revision;
use crate::rtt::Rtt;
use crate::time::Instant;
use crate::wire::Ack;

/// A frame this far below the largest acknowledged is lost (RFC 9002, 6.1.1).
const REORDER_FRAMES: u64 = 3;
/// Flights kept at most, heartbeats and frames that the other side holds included.
const MOST_FLIGHTS: usize = 192;

/// Flights taken for lost that are remembered at most.
const MOST_LOST: usize = 64;

/// What a frame carries that would have to be sent again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Cargo {
    /// Entries (from, to], and the details listed beside.
    Delta { from: Revision, to: Revision },
    /// A part of a snapshot.
    Snapshot { first: u32, next: u32 },
    /// Bytes [offset, end) of the long value of a registration.
    Chunk { registered: Revision, offset: u32, end: u32 },
    /// Nothing: its acknowledgement is of interest all the same.
    Nothing,
}

/// A frame in flight.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Flight {
    pub number: FrameNumber,
    pub sent: Instant,
    pub bytes: u32,
    pub cargo: Cargo,
    /// Slots whose details it carries, with their versions.
    pub details: Vec<(Slot, u32)>,
    /// Acknowledged, but its entries wait at the other side behind a gap.
    pub held: bool,
    /// Taken for lost, and what it carried was queued again. Its number stays of interest: an acknowledgement that comes
    /// after all still tells a round trip.
    pub lost: bool,
}

/// What an acknowledgement brought.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Heard {
    /// When the largest frame acknowledged was sent, if it was still in flight: the other side heard this side then or
    /// later.
    pub largest_sent: Option<Instant>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Window {
    flights: VecDeque<Flight>,
    /// Emptied lists, to be used again.
    spare: Vec<Vec<(Slot, u32)>>,
    frames: u32,
    bytes: u32,
    most_frames: u32,
    most_bytes: u32,
    pub rtt: Rtt,
    pub congestion: Congestion,
    largest_acked: FrameNumber,
    last_ack: FrameNumber,
    /// The time-out counts from here, or from the sending of the oldest frame in flight if that is later.
    timer_from: Instant,
    /// How long a frame had been away at the last time-out to be lost by it.
    overdue: Duration,
    baits: Baits,
}

impl Window {
    pub(crate) fn new(pace: &Pace, baits: Baits) -> Window {
        Window {
            flights: VecDeque::new(),
            spare: Vec::new(),
            frames: 0,
            bytes: 0,
            most_frames: pace.frames_in_flight,
            most_bytes: pace.bytes_in_flight,
            rtt: Rtt::new(pace),
            congestion: Congestion::new(pace.bytes_in_flight),
            largest_acked: FrameNumber(0),
            last_ack: FrameNumber(0),
            timer_from: Instant::ZERO,
            overdue: Duration::ZERO,
            baits,
        }
    }

    /// Forgets all flights: a new session. What they carried is the caller's to send anew.
    pub(crate) fn reset(&mut self) {
        while let Some(flight) = self.flights.pop_front() {
            self.recycle(flight.details);
        }
        self.frames = 0;
        self.bytes = 0;
        self.largest_acked = FrameNumber(0);
        self.last_ack = FrameNumber(0);
        self.congestion = Congestion::new(self.most_bytes);
    }

    /// An empty list for the details of the next frame.
    pub(crate) fn list(&mut self) -> Vec<(Slot, u32)> {
        self.spare.pop().unwrap_or_default()
    }

    pub(crate) fn recycle(&mut self, mut list: Vec<(Slot, u32)>) {
        list.clear();
        if self.spare.len() < 64 {
            self.spare.push(list);
        }
    }

    fn limit(&self) -> usize {
        if bait!(self.baits, LinkFilled) {
            return self.most_bytes as usize;
        }
        self.congestion.limit() as usize
    }

    /// The largest frame that the link bears now, where the bound is `frame`.
    pub(crate) fn frame(&self, frame: usize) -> usize {
        self.limit().max(LEAST_FRAME).min(frame)
    }

    /// Bytes that the next frame with data may have, `frame` at most; 0 when none may go.
    pub(crate) fn room(&self, now: Instant, frame: usize) -> usize {
        if self.congestion.not_before().is_some_and(|at| now < at) && !bait!(self.baits, LinkFilled) {
            return 0;
        }
        self.room_after_pause(frame)
    }

    fn room_after_pause(&self, frame: usize) -> usize {
        // Each time-out in a row halves what may be in flight: a link that is down is not filled.
        let frames = (self.most_frames >> self.rtt.backed_off().min(31)).max(1);
        if self.frames >= frames || self.flights.len() >= MOST_FLIGHTS {
            return 0;
        }
        let frame = self.frame(frame);
        if self.frames == 0 {
            return frame;
        }
        // What would be cut to less than a quarter of what may be in flight waits for more room.
        let left = self.limit().saturating_sub(self.bytes as usize);
        if left >= frame.min((self.limit() / 4).max(LEAST_FRAME)) {
            left.min(frame)
        } else {
            0
        }
    }

    /// Whether another frame with data may go, now or when a pause is over.
    pub(crate) fn is_open(&self, frame: usize) -> bool {
        self.room_after_pause(frame) > 0
    }

    /// Whether another frame may go that is in no hurry: it leaves half of the window to those that are.
    pub(crate) fn is_half_open(&self, now: Instant, frame: usize) -> bool {
        let room = self.room(now, frame);
        room > 0
            && (self.frames == 0
                || self.frames < self.most_frames / 2 && self.bytes as usize + room <= self.limit() / 2)
    }

    /// Whether no frame with data is in flight.
    pub(crate) fn is_idle(&self) -> bool {
        self.frames == 0
    }

    pub(crate) fn sent(&mut self, now: Instant, flight: Flight) {
        if flight.cargo == Cargo::Nothing {
            let idle = |f: &Flight| f.cargo == Cargo::Nothing;
            if self.flights.iter().filter(|f| idle(f)).count() >= 8 {
                if let Some(index) = self.flights.iter().position(idle) {
                    self.flights.remove(index);
                }
            }
        } else {
            if self.frames == 0 {
                self.timer_from = now;
            }
            self.frames += 1;
            self.bytes += flight.bytes;
            self.congestion.sent(now, flight.bytes, self.bytes, self.rtt.smoothed());
        }
        self.flights.push_back(flight);
    }

    fn settle(&mut self, index: usize) {
        let flight = &self.flights[index];
        if flight.cargo != Cargo::Nothing && !flight.held && !flight.lost {
            self.frames -= 1;
            self.bytes -= flight.bytes;
        }
    }

    /// Whether an acknowledgement in frame `number` is older than the last one heard.
    pub(crate) fn is_stale(&self, number: FrameNumber) -> bool {
        number <= self.last_ack
    }

    /// Makes acknowledgements up to frame `number` stale.
    pub(crate) fn void_before(&mut self, number: FrameNumber) {
        self.last_ack = self.last_ack.max(number);
    }

    /// Hears an acknowledgement that came in frame `number`.
    pub(crate) fn hear(&mut self, now: Instant, number: FrameNumber, ack: &Ack) -> Heard {
        self.last_ack = self.last_ack.max(number);
        let mut heard = Heard { largest_sent: None };
        self.largest_acked = self.largest_acked.max(ack.largest);
        let mut newly = false;
        for index in 0..self.flights.len() {
            let flight = &self.flights[index];
            let flight_number = flight.number;
            let distance = match ack.largest.0.checked_sub(flight_number.0) {
                None => break,
                Some(distance) => distance,
            };
            let acknowledged = distance == 0 || distance <= 64 && ack.bitmap >> (distance - 1) & 1 == 1;
            if !acknowledged {
                continue;
            }
            if distance == 0 {
                heard.largest_sent = Some(flight.sent);
                if !flight.held {
                    let away = (now.since(flight.sent).as_micros() as u64).saturating_sub(ack.delay);
                    self.rtt.sample(away);
                    self.congestion.sample(now, away);
                }
            }
            if !flight.held {
                newly = true;
                self.settle(index);
                self.flights[index].held = true;
            }
        }
        if newly {
            self.rtt.heard();
            if bait!(self.baits, RetransmissionTimerNotRearmed) && self.frames > 0 {
                self.timer_from = Instant::FAR;
            }
        }
        heard
    }

    /// Takes out the oldest flight that is done with: acknowledged, and everything up to its `to` received.
    pub(crate) fn take_done(&mut self, received: Revision) -> Option<Flight> {
        let early = bait!(self.baits, DetailCleanWhileHeld);
        let done = |f: &Flight| {
            f.held
                && match f.cargo {
                    Cargo::Delta { to, .. } => to <= received || early,
                    _ => true,
                }
        };
        let index = self.flights.iter().position(done)?;
        self.flights.remove(index)
    }

    /// Gives the oldest flight that is lost by what was acknowledged after it, to be sent anew.
    pub(crate) fn take_lost(&mut self, now: Instant) -> Option<Flight> {
        if bait!(self.baits, RetransmissionTimerNotRearmed) {
            return None;
        }
        let patience = self.rtt.smoothed().map(|rtt| rtt + rtt / 8);
        let largest = self.largest_acked.0;
        let lost = |f: &Flight| {
            !f.held
                && !f.lost
                && f.number.0 < largest
                && (f.number.0 + REORDER_FRAMES <= largest
                    || patience.is_some_and(|patience| now.since(f.sent) > patience.max(Duration::from_millis(1))))
        };
        let index = self.flights.iter().position(lost)?;
        Some(self.lose(index))
    }

    /// Takes for lost what a flight carries; its number stays.
    fn lose(&mut self, index: usize) -> Flight {
        self.settle(index);
        self.congestion.lost();
        let flight = &mut self.flights[index];
        flight.lost = true;
        let carried = Flight { details: core::mem::take(&mut flight.details), ..flight.clone() };
        if flight.cargo == Cargo::Nothing {
            self.flights.remove(index);
        } else if self.flights.iter().filter(|f| f.lost).count() > MOST_LOST {
            if let Some(oldest) = self.flights.iter().position(|f| f.lost) {
                self.flights.remove(oldest);
            }
        }
        carried
    }

    /// Takes out any flight, the oldest first, when nothing of what is in flight may be counted on.
    pub(crate) fn take_any(&mut self) -> Option<Flight> {
        if self.flights.is_empty() {
            return None;
        }
        self.settle(0);
        self.flights.pop_front()
    }

    fn is_out(flight: &Flight) -> bool {
        !flight.held && !flight.lost && flight.cargo != Cargo::Nothing
    }

    /// When to take the oldest frame in flight for lost, if any with data is.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if self.frames == 0 {
            return None;
        }
        let oldest = self.flights.iter().find(|flight| Window::is_out(flight))?;
        Some(oldest.sent.max(self.timer_from).after(self.rtt.timeout()))
    }

    /// The time-out has come: what has been away for so long is lost.
    pub(crate) fn time_out(&mut self, now: Instant) {
        self.overdue = self.rtt.patience().min(self.rtt.timeout());
        self.rtt.timed_out();
        self.congestion.timed_out(self.rtt.backed_off());
        self.timer_from = now;
    }

    /// Gives one flight with data that has been away for a whole time-out, to be sent anew.
    pub(crate) fn take_overdue(&mut self, now: Instant) -> Option<Flight> {
        let patience = self.overdue;
        let index = self.flights.iter().position(|f| Window::is_out(f) && now.since(f.sent) >= patience)?;
        Some(self.lose(index))
    }

    /// When a frame that is still in flight was sent.
    pub(crate) fn sent_at(&self, number: FrameNumber) -> Option<Instant> {
        self.flights.iter().find(|f| f.number == number).map(|f| f.sent)
    }
}
