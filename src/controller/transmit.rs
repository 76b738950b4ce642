//! Frames that a controller sends: answers outside sessions, WELCOMEs, and what nodes have to be told, in turns.

use super::Controller;
use crate::config::AckPolicy;
use crate::id::{FrameNumber, NodeId, PeerId, SessionId};
use crate::revision::Position;
use crate::time::{micros, Instant};
use crate::wire::{
    encode, Ack, Answered, Ask, Body, Cells, Header, Heartbeat, Kind, Refused, Sketch, StreamNumber, CELL_BYTES,
    SKETCH_AROUND,
};

impl Controller {
    /// Writes the next frame, if there is one.
    pub(super) fn transmit(&mut self, now: Instant, buffer: &mut [u8]) -> Option<(PeerId, usize)> {
        if let Some(answer) = self.answers.pop_front() {
            return self.write_answer(answer.peer, &answer.body, buffer);
        }
        while let Some(session) = self.handshakes.next_due() {
            let node = self.handshakes.get(session).and_then(|h| self.names.get(&h.hello.node)).copied();
            let number = match node.and_then(|id| self.node_mut(id)) {
                Some(node) => node.next_number(),
                None => self.handshakes.next_number(session),
            };
            let Some((peer, welcome)) = self.welcome(now, session) else { continue };
            let header = Header { kind: Kind::Welcome, session: SessionId::NONE, number };
            let Ok(length) = encode(header, &Body::Welcome(welcome), buffer) else { continue };
            let Some((peer, refused)) = self.refuse_short(session, length) else { return Some((peer, length)) };
            return self.write_answer(peer, &Body::Refused(refused), buffer);
        }
        while let Some(id) = self.to_send.pop_front() {
            if let Some(node) = self.node_mut(id) {
                node.waits_to_send = false;
            }
            let Some((peer, header, body)) = self.next_frame(now, id, buffer.len()) else { continue };
            self.note_send_if_more(now, id);
            if let Ok(length) = encode(header, &body, buffer) {
                return Some((peer, length));
            }
        }
        None
    }

    fn write_answer(&mut self, peer: PeerId, body: &Body, buffer: &mut [u8]) -> Option<(PeerId, usize)> {
        let number = FrameNumber(self.next_answer);
        self.next_answer = self.next_answer.saturating_add(1);
        let header = Header { kind: kind_of(body), session: SessionId::NONE, number };
        encode(header, body, buffer).ok().map(|length| (peer, length))
    }

    /// The most urgent frame for a node, of at most `room` bytes.
    fn next_frame(&mut self, now: Instant, id: NodeId, room: usize) -> Option<(PeerId, Header, Body)> {
        let heartbeat_interval = micros(self.config.heartbeat);
        let newest = self.grants.newest().version;
        let node = self.node_mut(id)?;
        let session = node.session.as_ref()?;
        let (session_id, peer, refuse) = (session.id, session.peer, session.refuse);
        // New settings go with any answer until they are confirmed: an agent that is busy sends no heartbeats.
        let heartbeat_due = session.heartbeat_due || session.ack_due && node.confirmed < newest;
        let ack_due = session.ack_due;
        if let Some(refusal) = refuse {
            let number = node.next_number();
            self.close_session(id);
            let come_back_after = self.come_back_after(core::time::Duration::from_micros(heartbeat_interval));
            let answered = Answered::Session(session_id);
            let header = Header { kind: Kind::Refused, session: session_id, number };
            return Some((peer, header, Body::Refused(Refused { answered, refusal, come_back_after })));
        }
        if let Some(until) = session.away {
            return self.go_away_frame(now, id, until);
        }
        if heartbeat_due {
            return self.heartbeat(now, id, session_id, peer);
        }
        if ack_due {
            let ack = self.ack(now, id)?;
            let number = self.node_mut(id)?.next_number();
            let header = Header { kind: Kind::Ack, session: session_id, number };
            return Some((peer, header, Body::Ack(ack)));
        }
        // After the acknowledgement: that of OPEN opens the session, and only then is a question heard.
        if let Some(question) = node.subscriber.question(now) {
            let number = node.next_number();
            self.set_timer(id);
            let ask = Ask {
                stream: StreamNumber::Reported,
                ask: question.ask,
                position: question.position,
                symptom: question.symptom,
            };
            let header = Header { kind: Kind::Ask, session: session_id, number };
            return Some((peer, header, Body::Ask(ask)));
        }
        let room = room.min(node.subscriber.limits().frame as usize);
        let most = (room - SKETCH_AROUND) / CELL_BYTES;
        let (base, first, bytes) = node.subscriber.next_cells(most)?;
        let number = node.next_number();
        self.metrics.sketch_cells_total += (bytes.len() / CELL_BYTES) as u64;
        let header = Header { kind: Kind::Sketch, session: session_id, number };
        let sketch = Sketch { stream: StreamNumber::Reported, base, cells: Cells::Given { first, bytes } };
        Some((peer, header, Body::Sketch(sketch)))
    }

    fn heartbeat(
        &mut self,
        now: Instant,
        id: NodeId,
        session_id: SessionId,
        peer: PeerId,
    ) -> Option<(PeerId, Header, Body)> {
        let ack = self.ack(now, id);
        let wall = self.wall(now);
        let newest = self.grants.newest();
        let node = self.node_mut(id)?;
        let number = node.next_number();
        let settings = (node.confirmed < newest.version).then_some(newest);
        let session = node.session.as_mut()?;
        session.heartbeat_due = false;
        let heartbeat = Heartbeat {
            tip: Position::START,
            digest: None,
            sent: now.as_micros(),
            echo: session.echo,
            wall,
            settings_version: newest.version,
            settings,
            sleep: 0,
            ack,
        };
        let header = Header { kind: Kind::Heartbeat, session: session_id, number };
        Some((peer, header, Body::Heartbeat(heartbeat)))
    }

    /// The acknowledgement to a node, as things stand now. None is due afterwards.
    fn ack(&mut self, now: Instant, id: NodeId) -> Option<Ack> {
        let policy = self.config.ack_policy;
        let settings = self.grants.newest().version;
        let node = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut)?;
        let credit = node.credit(&self.config);
        let (position, staged) = node.subscriber.acknowledged();
        let durable = match policy {
            AckPolicy::Received if !staged => position.revision.min(node.subscriber.durable_below()),
            _ => node.subscriber.acknowledged_durable(),
        };
        let session = node.session.as_mut()?;
        session.ack_due = false;
        session.credit_told = credit;
        Some(Ack {
            stream: StreamNumber::Reported,
            largest: session.receipts.largest(),
            bitmap: session.receipts.bitmap(),
            delay: micros(now.since(session.receipts.largest_at())),
            position,
            staged,
            durable,
            credit,
            settings,
        })
    }

    fn note_send_if_more(&mut self, now: Instant, id: NodeId) {
        let more = self.node_ref(id).is_some_and(|node| {
            let asks =
                node.subscriber.asking().is_some_and(|asking| asking.next_at <= now) || node.subscriber.has_cells();
            node.session
                .as_ref()
                .is_some_and(|s| s.away.is_none() && (s.ack_due || s.heartbeat_due || asks) || s.refuse.is_some())
        });
        if more {
            self.note_send(id);
        }
    }
}

fn kind_of(body: &Body) -> Kind {
    match body {
        Body::Fenced(_) => Kind::Fenced,
        Body::Refused(_) => Kind::Refused,
        _ => Kind::NoSession,
    }
}
