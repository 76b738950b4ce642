//! Frames that an agent sends: the most urgent thing first, encoded, and noted as sent. What a delta holds is left to
//! `publisher`.

use core::time::Duration;

use super::session::State;
use super::{Agent, SessionEnd};
use crate::bait::bait;
use crate::id::{FrameNumber, SessionId, Slot, Term};
use crate::publisher::{Sink, Want};
use crate::revision::Position;
use crate::stream::Reported;
use crate::task::{Detail, Entry};
use crate::time::{micros, Instant};
use crate::window::Cargo;
use crate::wire::{
    encode_control, encode_padded, write_chunk, write_sketch, Cells, DeltaWriter, Goodbye, Header, Heartbeat, Hello,
    Kind, Open, Sketch, Standing, StreamNumber, CHUNK_AROUND, VERSION,
};

/// A delta writer that keeps room for details when it is told to.
struct DeltaSink<'a> {
    writer: &'a mut DeltaWriter,
    room: usize,
    /// Bytes of a frame, where the link would have it shorter.
    whole: usize,
}

impl Sink<Reported> for DeltaSink<'_> {
    fn push(&mut self, entry: &Entry) -> bool {
        self.writer.push(entry)
    }

    fn push_detail(&mut self, slot: Slot, detail: &Detail) -> bool {
        self.writer.push_detail(slot, detail)
    }

    fn hold_back(&mut self, bytes: usize) {
        // Of a frame that the link would have short, half is enough.
        let bytes = if self.room < self.whole { bytes.min(self.room / 2) } else { bytes };
        self.writer.set_room(self.room.saturating_sub(bytes));
    }

    fn widen(&mut self) -> bool {
        self.writer.set_room(self.whole);
        self.whole > self.room
    }
}

/// The most urgent thing to send.
enum Intent {
    Nothing,
    Answer,
    Hello,
    Open,
    Goodbye,
    Verdict,
    Heartbeat,
    Snapshot,
    Delta,
    Chunk,
    Cells,
}

impl Agent {
    /// Writes the most urgent frame, if there is one.
    pub(super) fn transmit(&mut self, now: Instant, buffer: &mut [u8]) -> Option<usize> {
        match self.intent(now) {
            Intent::Nothing => None,
            Intent::Answer => self.send_answer(buffer),
            Intent::Hello => self.send_hello(now, buffer),
            Intent::Open => self.send_open(now, buffer),
            Intent::Goodbye => self.send_goodbye(buffer),
            Intent::Verdict => self.send_verdict(now, buffer),
            Intent::Heartbeat => self.send_heartbeat(now, buffer),
            Intent::Snapshot => self.send_snapshot(now, buffer),
            Intent::Delta => self.send_delta(now, buffer),
            Intent::Chunk => self.send_chunk(now, buffer),
            Intent::Cells => self.ask_for_cells(now, buffer),
        }
    }

    fn intent(&self, now: Instant) -> Intent {
        if self.answer.is_some() {
            return Intent::Answer;
        }
        if !self.may_speak() {
            return Intent::Nothing;
        }
        match &self.state {
            State::Greeting(greeting) if greeting.due || greeting.next_at <= now => Intent::Hello,
            State::Opening(opening) if opening.due => Intent::Open,
            State::Leaving { .. } => Intent::Goodbye,
            State::Open(session) if session.answer_due => Intent::Verdict,
            State::Open(session) if session.heartbeat_due && !self.holds_heartbeats() => Intent::Heartbeat,
            State::Open(_) => match self.publisher.want(now) {
                Want::Nothing => Intent::Nothing,
                Want::Snapshot => Intent::Snapshot,
                Want::Delta => Intent::Delta,
                Want::Chunk => Intent::Chunk,
                Want::Cells => Intent::Cells,
            },
            _ => Intent::Nothing,
        }
    }

    /// Nothing holds heartbeats back: a bait.
    fn holds_heartbeats(&self) -> bool {
        bait!(self.config.baits, HeartbeatsHeldByCredit) && self.publisher.is_out_of_credit()
    }

    fn next_number(&mut self) -> FrameNumber {
        let number = FrameNumber(self.next_frame);
        self.next_frame = self.next_frame.saturating_add(1);
        number
    }

    fn header(&mut self, kind: Kind, session: SessionId) -> Header {
        Header { kind, session, number: self.next_number() }
    }

    fn put<T: serde::Serialize>(&mut self, header: Header, body: &T, buffer: &mut [u8]) -> Option<usize> {
        // Every control frame is shorter than the least frame bound; what could not be written is not sent.
        encode_control(header, body, buffer).ok()
    }

    fn send_answer(&mut self, buffer: &mut [u8]) -> Option<usize> {
        let fenced = self.answer.take()?;
        let header = self.header(Kind::Fenced, SessionId::NONE);
        self.put(header, &fenced, buffer)
    }

    fn send_hello(&mut self, now: Instant, buffer: &mut [u8]) -> Option<usize> {
        self.hello_said(now);
        let hello = Hello {
            version_least: VERSION,
            version_most: VERSION,
            capabilities: 0,
            node: self.config.node.clone(),
            epoch: self.epoch,
            nonce: self.nonce,
            counter: self.hello_counter,
            starts_empty: self.starts_empty(),
            base: self.publisher.base(),
            tail: self.publisher.tip(),
            limits: self.config.limits,
            largest_term: self.accepted.as_ref().map_or(Term(0), |(term, _, _)| *term),
            wall: self.wall(now),
            desired: Standing::default(),
        };
        let header = self.header(Kind::Hello, SessionId::NONE);
        encode_padded(header, &hello, self.hello_bytes, buffer).ok()
    }

    fn send_open(&mut self, now: Instant, buffer: &mut [u8]) -> Option<usize> {
        let number = self.next_number();
        let pause = self.publisher.window.rtt.timeout();
        let State::Opening(opening) = &mut self.state else { return None };
        opening.due = false;
        // A session that waits to be opened loses its lease meanwhile: the pause grows to half an interval at most.
        let most = Duration::from_micros(opening.settings.heartbeat / 2).max(pause);
        opening.next_at = now.after((pause * (1 << opening.tries.min(4))).min(most));
        opening.first_sent.get_or_insert(now);
        opening.tries += 1;
        opening.first_open.get_or_insert(number);
        let open = Open { controller_nonce: opening.nonce, reported: opening.judgement };
        let header = Header { kind: Kind::Open, session: opening.session, number };
        self.publisher.sent(now, number, 0, Cargo::Nothing, alloc::vec::Vec::new());
        self.put(header, &open, buffer)
    }

    fn send_goodbye(&mut self, buffer: &mut [u8]) -> Option<usize> {
        let State::Leaving { session, come_back_after, copies } = self.state else { return None };
        self.state = match copies {
            0 | 1 => State::Left,
            _ => State::Leaving { session, come_back_after, copies: copies - 1 },
        };
        let goodbye = Goodbye { tip: self.publisher.tip(), come_back_after: micros(come_back_after) };
        let header = self.header(Kind::Goodbye, session);
        self.put(header, &goodbye, buffer)
    }

    fn send_verdict(&mut self, now: Instant, buffer: &mut [u8]) -> Option<usize> {
        let number = self.next_number();
        let State::Open(session) = &mut self.state else { return None };
        session.answer_due = false;
        session.last_sent = now;
        let header = Header { kind: Kind::Verdict, session: session.id, number };
        let judged = session.judged?;
        self.put(header, &judged, buffer)
    }

    fn send_heartbeat(&mut self, now: Instant, buffer: &mut [u8]) -> Option<usize> {
        let number = self.next_number();
        let wall = self.wall(now);
        let sleep = self.tell_sleep(now, number);
        let repairing = self.publisher.outgoing.is_some();
        self.scrub();
        self.publisher.heartbeat_goes();
        let (tip, digest) = if bait!(self.config.baits, HeartbeatFromTail) {
            (self.publisher.tail(), self.publisher.table.digest())
        } else {
            self.publisher.tip_with_digest()
        };
        let State::Open(session) = &mut self.state else { return None };
        session.heartbeat_due = false;
        session.last_sent = now;
        session.unanswered.get_or_insert(number);
        let heartbeat = Heartbeat {
            tip,
            digest: (!repairing).then_some(digest),
            sent: now.as_micros(),
            echo: session.echo,
            wall,
            settings_version: session.settings.version,
            settings: None,
            sleep,
            ack: None,
        };
        let header = Header { kind: Kind::Heartbeat, session: session.id, number };
        self.publisher.sent(now, number, 0, Cargo::Nothing, alloc::vec::Vec::new());
        self.put(header, &heartbeat, buffer)
    }

    fn send_snapshot(&mut self, now: Instant, buffer: &mut [u8]) -> Option<usize> {
        let number = self.next_number();
        let State::Open(session) = &mut self.state else { return None };
        session.last_sent = now;
        let header = Header { kind: Kind::Snapshot, session: session.id, number };
        let outgoing = self.publisher.outgoing.as_ref()?;
        let (first, end) = outgoing.range();
        let (slots, total, base) = (outgoing.slots(), outgoing.total(), outgoing.base());
        let patch = outgoing.differing().is_some();
        let room = self.publisher.room(now).min(buffer.len());
        self.snapshot_writer.begin(room, patch);
        let mut filled = self.publisher.fill_part(&mut self.snapshot_writer, first, end);
        if filled == Ok(first) && first < end {
            // One record is longer than the link would have a frame.
            self.snapshot_writer.begin(buffer.len(), patch);
            filled = self.publisher.fill_part(&mut self.snapshot_writer, first, first + 1);
        }
        let next = match filled {
            Ok(next) => next,
            Err(slot) => {
                self.tell_damaged(slot);
                self.end_session(now, SessionEnd::Damaged, Duration::ZERO);
                return None;
            }
        };
        let digest = self.publisher.log.base_digest();
        let length = self.snapshot_writer.finish(
            header,
            StreamNumber::Reported,
            base,
            digest,
            slots,
            total,
            first,
            next,
            buffer,
        );
        if let Some(outgoing) = &mut self.publisher.outgoing {
            outgoing.sent(first, next);
        }
        let list = self.publisher.window.list();
        self.publisher.sent(now, number, length, Cargo::Snapshot { first, next }, list);
        (length > 0).then_some(length)
    }

    fn send_delta(&mut self, now: Instant, buffer: &mut [u8]) -> Option<usize> {
        let number = self.next_number();
        let digest_point = matches!(&self.state, State::Open(session) if session.digest_at <= now);
        if digest_point {
            self.scrub();
        }
        let from = self.publisher.next_from();
        let State::Open(session) = &mut self.state else { return None };
        session.last_sent = now;
        let header = Header { kind: Kind::Delta, session: session.id, number };
        let digest_due = digest_point && !bait!(self.config.baits, DigestOnlyWhenIdle);
        let highest_before = self.publisher.highest_sent();
        let room = self.publisher.room(now).min(buffer.len());
        self.writer.begin(room, from, self.epoch, digest_due, false);
        let mut sink = DeltaSink { writer: &mut self.writer, room, whole: buffer.len() };
        let (filled, list) = self.publisher.fill(now, &mut sink);
        let entries = self.writer.entries() as u64;
        let digest = digest_due.then_some(filled.digest);
        if digest_due {
            session.digest_at = now.after(session.interval());
        }
        self.metrics.entries_sent_total += entries;
        if filled.from < highest_before {
            self.metrics.entries_resent_total += entries;
        }
        self.metrics.details_sent_total += list.len() as u64;
        let length = self.writer.finish(header, StreamNumber::Reported, filled.tag, digest, None, buffer);
        self.publisher.sent(now, number, length, Cargo::Delta { from: filled.from, to: filled.to }, list);
        (length > 0).then_some(length)
    }

    fn send_chunk(&mut self, now: Instant, buffer: &mut [u8]) -> Option<usize> {
        let number = self.next_number();
        let State::Open(session) = &mut self.state else { return None };
        session.last_sent = now;
        let header = Header { kind: Kind::Chunk, session: session.id, number };
        let room = self.publisher.room(now).min(buffer.len());
        let (piece, total, bytes) = self.publisher.next_chunk()?;
        let bytes = &bytes[..bytes.len().min(room - CHUNK_AROUND)];
        let end = piece.offset + bytes.len() as u32;
        let length = write_chunk(header, piece.slot, piece.registered, total, piece.offset, bytes, buffer)?;
        let list = self.publisher.window.list();
        let cargo = Cargo::Chunk { registered: piece.registered, offset: piece.offset, end };
        self.publisher.sent(now, number, length, cargo, list);
        self.metrics.chunks_sent_total += 1;
        Some(length)
    }

    fn ask_for_cells(&mut self, now: Instant, buffer: &mut [u8]) -> Option<usize> {
        let number = self.next_number();
        let State::Open(session) = &mut self.state else { return None };
        session.last_sent = now;
        let header = Header { kind: Kind::Sketch, session: session.id, number };
        let (base, first, count) = self.publisher.seek(now)?;
        let sketch = Sketch { stream: StreamNumber::Reported, base, cells: Cells::Wanted { first, count } };
        self.metrics.sketch_cells_total += u64::from(count);
        write_sketch(header, &sketch, buffer)
    }

    /// The newest position that frames of this agent may tell.
    pub fn tip(&self) -> Position {
        self.publisher.tip()
    }
}
