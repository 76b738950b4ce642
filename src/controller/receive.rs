//! Frames that a controller hears: decode, admit, dispatch, account. Every frame ends in exactly one counter of arrival.

use core::time::Duration;

use super::clocks::Exchange;
use super::event::ControllerEvent;
use super::view::Reachability;
use super::{Controller, Target};
use crate::bait::bait;
use crate::error::Illegal;
use crate::id::{Epoch, NodeId, PeerId, SessionId};
use crate::lease::MOST_SLEEP;
use crate::receipts::Newness;
use crate::receive_error::ReceiveError;
use crate::replica::{Piece, Taken};
use crate::stage::Part;
use crate::stream::Reported;
use crate::subscriber::Compared;
use crate::time::{micros, Instant};
use crate::wire::{
    decode_into, Answered, Body, Bounds, Cells, DecodeError, Delta, Echo, FaultClass, Fenced, Goodbye, Header,
    Heartbeat, Judged, Kind, NoSession, Refused, Sketch, Snapshot, StreamNumber, Symptom,
};

/// Time between two answers NO_SESSION to one peer: about a round trip.
const NO_SESSION_EVERY: Duration = Duration::from_millis(50);
/// Peers for which that time is remembered, by their number modulo this.
pub(super) const NO_SESSION_PEERS: usize = 64;

impl Controller {
    pub(super) fn hear(&mut self, now: Instant, peer: PeerId, bytes: &[u8]) -> Result<(), ReceiveError> {
        let target = session_of(bytes).and_then(|session| self.target(session));
        let bounds = match target {
            Some(Target::Node(id)) => {
                if let Some(node) = self.node_ref(id) {
                    node.warm();
                }
                self.session_bounds(id)
            }
            _ => Bounds::default(),
        };
        let mut delta = core::mem::take(&mut self.scratch);
        let decoded = decode_into(bytes, &bounds, &mut delta);
        let result = match decoded {
            Ok((Header { session: SessionId::NONE, .. }, Body::Hello(hello))) => {
                self.hear_hello(now, peer, hello, bytes.len())
            }
            Ok((header, body)) => self.admit(now, peer, target, header, body, &mut delta),
            Err(error) => self.undecodable(error),
        };
        delta.entries.clear();
        delta.details.clear();
        self.scratch = delta;
        result
    }

    fn target(&self, session: SessionId) -> Option<Target> {
        let id = *self.sessions.get(&session)?;
        let open = self.node_ref(id).and_then(|node| node.session.as_ref()).is_some_and(|open| open.id == session);
        Some(if open { Target::Node(id) } else { Target::Ended(id) })
    }

    fn session_bounds(&self, id: NodeId) -> Bounds {
        let Some(node) = self.node_ref(id) else { return Bounds::default() };
        match &node.session {
            Some(session) => Bounds::of(&node.subscriber.limits(), session.by.epoch),
            None => Bounds::default(),
        }
    }

    fn undecodable(&mut self, error: DecodeError) -> Result<(), ReceiveError> {
        let class = error.class();
        *self.metrics.fault(class) += 1;
        if class == FaultClass::UnknownKind {
            return Ok(());
        }
        Err(error.into())
    }

    fn unexpected(&mut self, kind: Kind) -> Result<(), ReceiveError> {
        self.metrics.frames_unexpected_total += 1;
        Err(ReceiveError::Unexpected { kind })
    }

    fn admit(
        &mut self,
        now: Instant,
        peer: PeerId,
        target: Option<Target>,
        header: Header,
        body: Body,
        delta: &mut Delta,
    ) -> Result<(), ReceiveError> {
        if header.session == SessionId::NONE {
            return match body {
                Body::Fenced(fenced) => self.hear_fenced(fenced),
                _ => self.unexpected(header.kind),
            };
        }
        match target {
            Some(Target::Node(id)) => {
                if let Some(bound) = self.bound.get(&peer) {
                    let name = self.node_ref(id).map(|node| &node.name);
                    if let Some(claimed) = name.filter(|name| *name != bound).cloned() {
                        self.metrics.frames_wrong_identity_total += 1;
                        return Err(ReceiveError::WrongIdentity { bound: bound.clone(), claimed });
                    }
                }
                match body {
                    Body::LastWill(will) => self.hear_last_will(id, header, will),
                    body => self.dispatch(now, peer, id, header, body, delta),
                }
            }
            Some(Target::Ended(id)) => self.hear_ended(now, peer, id, header),
            None if self.handshakes.get(header.session).is_some() => match body {
                Body::Open(open) => self.hear_open(now, peer, header, open),
                _ => {
                    self.metrics.frames_early_total += 1;
                    Ok(())
                }
            },
            None => {
                self.metrics.frames_unknown_session_total += 1;
                if header.kind != Kind::LastWill {
                    self.say_no_session(now, peer, header.session);
                }
                Err(ReceiveError::UnknownSession { kind: header.kind, session: header.session })
            }
        }
    }

    fn say_no_session(&mut self, now: Instant, peer: PeerId, session: SessionId) {
        let told = &mut self.no_session_told[(peer.0 % NO_SESSION_PEERS as u64) as usize];
        if told.is_some_and(|(other, at)| other == peer && now.since(at) < NO_SESSION_EVERY) {
            return;
        }
        *told = Some((peer, now));
        self.answer(peer, Body::NoSession(NoSession { session }));
    }

    /// A frame of a session that is remembered as ended: its sender is told so, and nothing else happens.
    fn hear_ended(&mut self, now: Instant, peer: PeerId, id: NodeId, header: Header) -> Result<(), ReceiveError> {
        self.metrics.frames_ended_session_total += 1;
        if bait!(self.config.baits, EndedSessionRenewsLease) {
            self.renew(id, now);
        }
        if bait!(self.config.baits, WillOfAnySession) && header.kind == Kind::LastWill {
            self.doubt(id);
        }
        if !matches!(header.kind, Kind::Goodbye | Kind::LastWill) {
            self.say_no_session(now, peer, header.session);
        }
        Ok(())
    }

    fn hear_fenced(&mut self, fenced: Fenced) -> Result<(), ReceiveError> {
        let Answered::Welcome(session) = fenced.answered else {
            self.metrics.frames_early_total += 1;
            return Ok(());
        };
        let Some(handshake) = self.handshakes.get(session) else {
            self.metrics.frames_early_total += 1;
            return Ok(());
        };
        let larger = fenced.seen > self.config.term.0 || fenced.twin && fenced.seen == self.config.term.0;
        let name = handshake.hello.node.clone();
        self.metrics.frames_control_total += 1;
        if larger {
            self.metrics.deposed_total += 1;
            self.handshakes.drop_name(&name);
            let seen = crate::id::Term(fenced.seen);
            self.notice(ControllerEvent::Deposed { node: name, seen, conflict: fenced.twin });
        }
        Ok(())
    }

    fn dispatch(
        &mut self,
        now: Instant,
        peer: PeerId,
        id: NodeId,
        header: Header,
        body: Body,
        delta: &mut Delta,
    ) -> Result<(), ReceiveError> {
        let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else {
            self.metrics.frames_unknown_session_total += 1;
            return Ok(());
        };
        let Some(session) = node.session.as_mut() else {
            self.metrics.frames_ended_session_total += 1;
            return Ok(());
        };
        let newness = session.receipts.judge(header.number);
        if newness != Newness::New {
            self.metrics.frames_duplicate_total += 1;
            if bait!(self.config.baits, RepeatRenewsLease) {
                self.renew(id, now);
            }
            return Ok(());
        }
        session.receipts.see(header.number);
        let moved = core::mem::replace(&mut session.peer, peer) != peer;
        // One who was sent away and still speaks has not heard of it.
        session.away_due |= session.away.is_some();
        if moved {
            self.list_at_peer(id, peer);
        }
        self.renew(id, now);
        if bait!(self.config.baits, FrameRenewsAnotherNode) {
            self.renew(NodeId(0), now);
        }
        match body {
            Body::Delta(_) => self.hear_delta(now, id, header, delta),
            Body::Snapshot(part) => self.hear_snapshot(now, id, header, part),
            Body::Heartbeat(heartbeat) => self.hear_heartbeat(now, id, header, heartbeat),
            Body::Verdict(judged) => self.hear_verdict(now, id, header, judged),
            Body::Chunk(chunk) => self.hear_chunk(now, id, header, &chunk),
            Body::Sketch(sketch) => self.hear_sketch(now, id, header, &sketch),
            Body::Goodbye(goodbye) => self.hear_goodbye(id, goodbye),
            Body::Refused(refused) => self.hear_refused(id, refused),
            // OPEN was repeated: it is only acknowledged.
            Body::Open(_) => {
                self.metrics.frames_control_total += 1;
                self.process(now, id, header);
                Ok(())
            }
            _ => self.unexpected(header.kind),
        }
    }

    /// Notes that a frame was processed or is held for good, and that an acknowledgement is due.
    pub(super) fn process(&mut self, now: Instant, id: NodeId, header: Header) {
        if let Some(session) = self.node_mut(id).and_then(|node| node.session.as_mut()) {
            session.receipts.process(header.number, now);
        }
        self.want_ack(id);
    }

    fn hear_delta(&mut self, now: Instant, id: NodeId, header: Header, delta: &Delta) -> Result<(), ReceiveError> {
        if delta.stream.is_some_and(|stream| stream != StreamNumber::Reported) {
            return self.unexpected(Kind::Delta);
        }
        let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { return Ok(()) };
        let Some(by) = node.session.as_ref().map(|session| session.by) else { return Ok(()) };
        let piece: Piece<'_, Reported> = Piece {
            number: header.number,
            epoch: by.epoch,
            from: delta.from,
            tag: delta.tag,
            entries: &delta.entries,
            details: &delta.details,
            digest: delta.digest,
        };
        if delta.entries.iter().any(|entry| entry.epoch > by.epoch || entry.epoch == Epoch(0)) {
            self.metrics.frames_malformed_total += 1;
            return Err(ReceiveError::Exhausted { field: "the epoch of an entry" });
        }
        if node.subscriber.is_beyond_credit(piece.to()) {
            self.metrics.frames_over_limit_total += 1;
            return Err(ReceiveError::BeyondCredit { to: piece.to() });
        }
        let staging = node.subscriber.is_staging();
        node.subscriber.replica.lend_applied(core::mem::take(&mut self.applied));
        node.lend_ring(&mut self.rings);
        let Some(taken) = node.subscriber.take(now, &piece, by) else {
            return self.void(now, id);
        };
        if !staging {
            self.tell_applied(now, id, piece.entries);
            self.note_details(id, &piece);
        }
        if piece.digest.is_some() {
            match taken {
                Taken::Applied { .. } | Taken::Duplicate if self.stands_at(id, piece.to()) => {
                    self.metrics.digests_equal_total += 1;
                }
                _ => self.metrics.digests_inconclusive_total += 1,
            }
        }
        let result = self.account(now, id, header, taken, staging);
        if piece.digest.is_some() {
            self.scrub(now, id);
        }
        self.take_held(now, id, by);
        self.see_switch(now, id);
        self.see_synced(id);
        result
    }

    /// A delta or a part that is of no use while a question is under way.
    pub(super) fn void(&mut self, now: Instant, id: NodeId) -> Result<(), ReceiveError> {
        self.metrics.frames_void_total += 1;
        if let Some(node) = self.node_mut(id) {
            node.subscriber.nudge(now);
        }
        self.set_timer(id);
        self.note_send(id);
        Ok(())
    }

    fn stands_at(&self, id: NodeId, revision: crate::revision::Revision) -> bool {
        self.node_ref(id)
            .is_some_and(|node| !node.subscriber.is_staging() && node.subscriber.position().revision == revision)
    }

    /// Counts a delta or a part of a snapshot at its arrival.
    fn account(
        &mut self,
        now: Instant,
        id: NodeId,
        header: Header,
        taken: Taken,
        staging: bool,
    ) -> Result<(), ReceiveError> {
        match taken {
            Taken::Applied { entries } => {
                self.metrics.frames_applied_total += 1;
                self.metrics.batch_entries.observe(entries as u64);
                self.process(now, id, header);
            }
            Taken::Duplicate => {
                self.metrics.frames_duplicate_total += 1;
                self.process(now, id, header);
            }
            Taken::Held => {
                self.metrics.frames_held_total += 1;
                self.process(now, id, header);
            }
            Taken::GapDropped => {
                self.metrics.frames_gap_dropped_total += 1;
                self.want_ack(id);
            }
            Taken::Symptom(symptom) => {
                let illegal = self.node_ref(id).and_then(|node| node.subscriber.refused());
                self.count_symptom(symptom, illegal);
                self.found_difference(now, id, symptom, staging);
                return Err(match (symptom, illegal) {
                    (Symptom::Entry, Some(illegal)) => ReceiveError::Illegal { illegal },
                    _ => ReceiveError::Differs { kind: header.kind, symptom },
                });
            }
        }
        Ok(())
    }

    fn count_symptom(&mut self, symptom: Symptom, illegal: Option<Illegal>) {
        let metrics = &mut self.metrics;
        let counter = match (symptom, illegal) {
            (
                Symptom::Entry,
                Some(Illegal::SlotFree { .. } | Illegal::SlotTaken { .. } | Illegal::SlotBeyond { .. }),
            ) => &mut metrics.frames_unknown_slot_total,
            (Symptom::Entry, _) => &mut metrics.frames_illegal_total,
            (Symptom::Tag | Symptom::History, _) => &mut metrics.frames_wrong_tag_total,
            (Symptom::Digest | Symptom::Scrub, _) => &mut metrics.frames_wrong_digest_total,
            (Symptom::Stage, _) => &mut metrics.frames_wrong_snapshot_total,
        };
        *counter += 1;
    }

    /// The subscriber has begun to ask: the host hears it before anything changes.
    pub(super) fn found_difference(&mut self, now: Instant, id: NodeId, symptom: Symptom, staging: bool) {
        self.metrics.drift_found_total += 1;
        if staging {
            self.staging -= 1;
        }
        let Some(node) = self.node_mut(id) else { return };
        let position = node.subscriber.position();
        node.tell(ControllerEvent::DriftFound { node: id, symptom, position });
        if node.subscriber.is_hopeless(now) {
            self.refuse_session(id, crate::wire::Refusal::RepairFailed);
        }
        self.set_timer(id);
        self.note_news(id);
        self.note_send(id);
    }

    /// Applies what waited behind the gap that was closed.
    fn take_held(&mut self, now: Instant, id: NodeId, by: crate::publisher::Maker) {
        loop {
            let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
            let staging = node.subscriber.is_staging();
            let Some((held, taken)) = node.subscriber.take_held(now, by) else { return };
            if let Some(held) = held {
                let piece = held.piece();
                if !bait!(self.config.baits, HeldEntriesUntold) {
                    self.tell_applied(now, id, piece.entries);
                }
                self.note_details(id, &piece);
            }
            match taken {
                Taken::Symptom(symptom) => self.found_difference(now, id, symptom, staging),
                _ => self.metrics.held_applied_total += 1,
            }
        }
    }

    fn hear_snapshot(&mut self, now: Instant, id: NodeId, header: Header, part: Snapshot) -> Result<(), ReceiveError> {
        if part.stream != StreamNumber::Reported {
            return self.unexpected(Kind::Snapshot);
        }
        let Some(node) = self.node_mut(id) else { return Ok(()) };
        let staging = node.subscriber.is_staging();
        let part: Part<'_, Reported> = Part {
            base: part.base,
            digest: part.digest,
            slots: part.slots,
            total: part.total,
            first: part.first,
            next: part.next,
            records: &part.records,
            patch: part.patch,
            emptied: &part.emptied,
            finals: &part.finals,
        };
        let Some(taken) = node.subscriber.take_part(now, &part) else {
            return self.void(now, id);
        };
        let result = self.account(now, id, header, taken, staging);
        self.see_switch(now, id);
        self.see_synced(id);
        self.set_timer(id);
        result
    }

    /// The agent asks for cells of what is held of it.
    fn hear_sketch(&mut self, now: Instant, id: NodeId, header: Header, sketch: &Sketch) -> Result<(), ReceiveError> {
        let Cells::Wanted { first, count } = sketch.cells else { return self.unexpected(header.kind) };
        let Some(node) = self.node_mut(id) else { return Ok(()) };
        if !node.subscriber.want_cells(now, sketch.base, first, count) {
            return self.void(now, id);
        }
        self.metrics.frames_control_total += 1;
        self.process(now, id, header);
        self.set_timer(id);
        Ok(())
    }

    fn hear_heartbeat(
        &mut self,
        now: Instant,
        id: NodeId,
        header: Header,
        heartbeat: Heartbeat,
    ) -> Result<(), ReceiveError> {
        if heartbeat.sleep > micros(MOST_SLEEP) {
            self.metrics.frames_malformed_total += 1;
            return Err(ReceiveError::Exhausted { field: "the sleep of HEARTBEAT" });
        }
        self.metrics.frames_control_total += 1;
        let wall = self.wall(now);
        let Some(node) = self.node_mut(id) else { return Ok(()) };
        let compared = node.subscriber.compare(now, heartbeat.tip, heartbeat.digest);
        // What was polled and not committed is asked for again.
        node.commit_told = None;
        let mut newest = false;
        if let Some(session) = &mut node.session {
            session.heartbeat_due = true;
            newest = session.echo.is_none_or(|echo| echo.number < header.number);
            if newest {
                session.echo =
                    Some(Echo { number: header.number, sent: heartbeat.sent, received: now.as_micros(), wall });
            }
        }
        if let Some(echo) = heartbeat.echo {
            node.clocks.take(&Exchange {
                sent: echo.sent,
                received_there: echo.received,
                sent_there: heartbeat.sent,
                wall_there: heartbeat.wall,
                received: now.as_micros(),
                wall,
            });
        }
        if newest {
            self.hear_sleep(now, id, heartbeat.sleep);
        }
        match compared {
            Compared::Equal => self.metrics.digests_equal_total += 1,
            Compared::Inconclusive => self.metrics.digests_inconclusive_total += 1,
            Compared::Differs => self.found_difference(now, id, Symptom::Digest, false),
        }
        self.scrub(now, id);
        self.hear_settings(id, heartbeat.settings_version);
        self.process(now, id, header);
        self.note_news(id);
        Ok(())
    }

    /// Recounts some of a node's records from their values: damage is a symptom.
    fn scrub(&mut self, now: Instant, id: NodeId) {
        let Some(node) = self.node_mut(id) else { return };
        if node.subscriber.scrub(now) {
            self.found_difference(now, id, Symptom::Scrub, false);
        }
    }

    fn hear_verdict(&mut self, now: Instant, id: NodeId, header: Header, judged: Judged) -> Result<(), ReceiveError> {
        let Some(node) = self.node_mut(id) else { return Ok(()) };
        let held = node.subscriber.position();
        let judgement = judged.judgement;
        let log = node.subscriber.limits().log;
        let (base, tip) = (judgement.base.revision, judgement.tip.revision);
        let sound = judged.stream == StreamNumber::Reported && base <= tip && tip.0 - base.0 <= u64::from(log);
        if !sound {
            self.metrics.frames_malformed_total += 1;
            return Err(ReceiveError::Exhausted { field: "a position of VERDICT" });
        }
        let fits = node.subscriber.answered(now, judged.ask, &judgement);
        if fits {
            node.synced = false;
            node.sync_tip = judgement.tip;
            node.tell(ControllerEvent::HistoryDiffers {
                node: id,
                verdict: judgement.verdict,
                held,
                base: judgement.base,
                tip: judgement.tip,
            });
            self.staging += 1;
            self.set_timer(id);
            self.note_news(id);
        }
        self.metrics.frames_control_total += 1;
        self.process(now, id, header);
        Ok(())
    }

    fn hear_goodbye(&mut self, id: NodeId, _goodbye: Goodbye) -> Result<(), ReceiveError> {
        self.metrics.frames_control_total += 1;
        self.close_session(id);
        let Some(node) = self.node_mut(id) else { return Ok(()) };
        node.synced = false;
        node.forbid_silence();
        node.tell(ControllerEvent::NodeLeft { node: id });
        self.move_to(id, Reachability::Left);
        self.note_news(id);
        Ok(())
    }

    fn hear_refused(&mut self, id: NodeId, _refused: Refused) -> Result<(), ReceiveError> {
        self.metrics.frames_control_total += 1;
        self.close_session(id);
        Ok(())
    }

    /// Tells when a node's cursor has reached the tip that it named.
    pub(super) fn see_synced(&mut self, id: NodeId) {
        let Some(node) = self.node_mut(id) else { return };
        let position = node.subscriber.position();
        let reached = node.session.is_some()
            && !node.subscriber.is_staging()
            && node.subscriber.asking().is_none()
            && position.revision >= node.sync_tip.revision;
        if reached && !node.synced {
            node.synced = true;
            node.stale = false;
            node.tell(ControllerEvent::NodeSynced { node: id, position });
            self.note_news(id);
        }
    }
}

/// The session that a frame names, before anything else of it is looked at.
fn session_of(bytes: &[u8]) -> Option<SessionId> {
    let bytes: [u8; 8] = bytes.get(2..10)?.try_into().ok()?;
    Some(SessionId(u64::from_le_bytes(bytes))).filter(|session| *session != SessionId::NONE)
}
