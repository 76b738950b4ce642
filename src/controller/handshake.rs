//! The beginning of sessions: HELLOs judged, WELCOMEs offered, OPENs accepted. A node, and its epoch, are taken over only
//! at OPEN.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::time::Duration;

use super::admission::COME_BACK;
use super::clocks::Clocks;
use super::event::ControllerEvent;
use super::node::{Node, Session, NOTICES};
use super::Controller;
use crate::bait::bait;
use crate::id::{Epoch, FrameNumber, Name, NodeId, Nonce, PeerId, SessionId};
use crate::map::Map;
use crate::publisher::Maker;
use crate::receipts::Receipts;
use crate::receive_error::ReceiveError;
use crate::revision::{Position, Revision};
use crate::time::Instant;
use crate::wire::{
    Answered, Body, Fenced, Header, Hello, Judgement, Kind, LimitName, Open, Refusal, Refused, Standing, Verdict,
    Welcome, VERSION,
};

/// A handshake under way is kept this long.
const PATIENCE: Duration = Duration::from_secs(20);

/// A HELLO that was welcomed and is not yet open.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Handshake {
    pub hello: Hello,
    pub peer: PeerId,
    /// Bytes of that HELLO: WELCOME has no more.
    pub bytes: usize,
    pub made: Instant,
    pub due: bool,
    /// The oldest version of the settings that a WELCOME of it told: OPEN does not say which one it answers.
    settings: Option<u32>,
    /// Numbers of WELCOMEs while there is no node to count them.
    next_frame: u64,
}

/// Handshakes under way: one a name.
#[derive(Clone, Hash, Debug)]
pub(super) struct Handshakes {
    by_session: Map<SessionId, Handshake>,
    by_name: Map<Name, SessionId>,
    order: VecDeque<SessionId>,
    to_send: VecDeque<SessionId>,
}

impl Handshakes {
    pub(super) fn new(seed: u64) -> Handshakes {
        Handshakes {
            by_session: Map::new(seed),
            by_name: Map::new(seed),
            order: VecDeque::new(),
            to_send: VecDeque::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_session.len()
    }

    pub(super) fn get(&self, session: SessionId) -> Option<&Handshake> {
        self.by_session.get(&session)
    }

    fn of(&self, name: &Name) -> Option<(SessionId, &Handshake)> {
        let session = self.by_name.get(name)?;
        self.by_session.get(session).map(|handshake| (*session, handshake))
    }

    fn remove(&mut self, session: SessionId) -> Option<Handshake> {
        let handshake = self.by_session.remove(&session)?;
        self.by_name.remove(&handshake.hello.node);
        self.order.retain(|other| *other != session);
        Some(handshake)
    }

    pub(super) fn drop_name(&mut self, name: &Name) {
        if let Some(session) = self.by_name.get(name).copied() {
            self.remove(session);
        }
    }

    fn insert(&mut self, session: SessionId, handshake: Handshake) {
        self.drop_name(&handshake.hello.node);
        self.by_name.insert(handshake.hello.node.clone(), session);
        self.by_session.insert(session, handshake);
        self.order.push_back(session);
        self.want(session);
    }

    fn want(&mut self, session: SessionId) {
        if let Some(handshake) = self.by_session.get_mut(&session) {
            if !core::mem::replace(&mut handshake.due, true) {
                self.to_send.push_back(session);
            }
        }
    }

    fn expire(&mut self, now: Instant) {
        while let Some(session) = self.order.front().copied() {
            let old = self.by_session.get(&session).is_none_or(|h| now.since(h.made) > PATIENCE);
            if !old {
                break;
            }
            if self.remove(session).is_none() {
                self.order.pop_front();
            }
        }
    }

    /// The next handshake whose WELCOME is due.
    pub(super) fn next_due(&mut self) -> Option<SessionId> {
        while let Some(session) = self.to_send.pop_front() {
            if let Some(handshake) = self.by_session.get_mut(&session) {
                if core::mem::replace(&mut handshake.due, false) {
                    return Some(session);
                }
            }
        }
        None
    }

    pub(super) fn next_number(&mut self, session: SessionId) -> FrameNumber {
        match self.by_session.get_mut(&session) {
            Some(handshake) => {
                handshake.next_frame += 1;
                FrameNumber(handshake.next_frame)
            }
            None => FrameNumber(1),
        }
    }
}

impl Controller {
    pub(super) fn hear_hello(
        &mut self,
        now: Instant,
        peer: PeerId,
        hello: Hello,
        bytes: usize,
    ) -> Result<(), ReceiveError> {
        self.see_places(now);
        self.check_identity(peer, &hello)?;
        self.check_hello(peer, &hello)?;
        let node = self.names.get(&hello.node).copied();
        if let Some(id) = node {
            self.check_fence(peer, id, &hello)?;
            if let Some(node) = self.node_ref(id) {
                let same = node.known == Some(Maker { epoch: hello.epoch, nonce: hello.nonce });
                if same && hello.counter <= node.opened_counter && !bait!(self.config.baits, RepeatedHelloIsNew) {
                    self.metrics.frames_stale_hello_total += 1;
                    return Ok(());
                }
            }
        }
        if let Some((session, handshake)) = self.handshakes.of(&hello.node) {
            let same = handshake.hello.epoch == hello.epoch && handshake.hello.nonce == hello.nonce;
            if same && hello.counter < handshake.hello.counter {
                self.metrics.frames_stale_hello_total += 1;
                return Ok(());
            }
            if same && hello.counter == handshake.hello.counter {
                self.handshakes.want(session);
                self.metrics.frames_control_total += 1;
                return Ok(());
            }
        }
        self.check_room(now, peer, node, &hello)?;
        let counter = if bait!(self.config.baits, SessionWithoutCounter) { 0 } else { hello.counter };
        let session = SessionId::derive(hello.nonce, counter, self.nonce);
        let holder = self.sessions.get(&session).copied();
        let taken = holder.is_some_and(|id| Some(id) != node)
            || self.handshakes.get(session).is_some_and(|other| other.hello.node != hello.node);
        if taken {
            // Another node's session: the next HELLO, with another counter, makes another.
            self.metrics.frames_refused_total += 1;
            let pause = self.come_back_after(COME_BACK);
            self.refuse_hello(peer, &hello, Refusal::Busy, pause);
            return Err(ReceiveError::Busy { kind: Kind::Hello });
        }
        let handshake = Handshake { hello, peer, bytes, made: now, due: false, settings: None, next_frame: 0 };
        self.handshakes.insert(session, handshake);
        self.metrics.frames_control_total += 1;
        Ok(())
    }

    fn check_identity(&mut self, peer: PeerId, hello: &Hello) -> Result<(), ReceiveError> {
        let Some(bound) = self.bound.get(&peer).filter(|bound| **bound != hello.node).cloned() else { return Ok(()) };
        self.metrics.frames_wrong_identity_total += 1;
        self.refuse_hello(peer, hello, Refusal::Identity, 0);
        Err(ReceiveError::WrongIdentity { bound, claimed: hello.node.clone() })
    }

    fn check_hello(&mut self, peer: PeerId, hello: &Hello) -> Result<(), ReceiveError> {
        if hello.version_least > VERSION || hello.version_most < VERSION {
            self.metrics.frames_refused_total += 1;
            self.refuse_hello(peer, hello, Refusal::Version, 0);
            return Err(ReceiveError::NoCommonVersion { least: hello.version_least, most: hello.version_most });
        }
        let exhausted = hello.epoch.0 == 0
            || hello.epoch.0 == u64::MAX
            || hello.largest_term.0 == u64::MAX
            || hello.tail.revision > Revision::LAST;
        if exhausted {
            self.metrics.frames_refused_total += 1;
            self.refuse_hello(peer, hello, Refusal::Exhausted, 0);
            return Err(ReceiveError::Exhausted { field: "an epoch, a term or a revision of HELLO" });
        }
        let (given, most) = (&hello.limits, &self.config.limits);
        let limits = [
            (LimitName::Slots, given.slots, most.slots),
            (LimitName::Log, given.log, most.log),
            (LimitName::Metadata, given.metadata, most.metadata),
            (LimitName::Message, given.message, most.message),
            (LimitName::Result, given.result, most.result),
            (LimitName::Frame, given.frame, most.frame),
            (LimitName::Finals, given.finals, most.finals),
            (LimitName::Value, given.value, most.value),
        ];
        if let Some((limit, given, most)) = limits.into_iter().find(|(_, given, most)| given > most) {
            self.metrics.frames_refused_total += 1;
            self.refuse_hello(peer, hello, Refusal::Limit(limit, most), 0);
            return Err(ReceiveError::OverLimit { limit, given, most });
        }
        Ok(())
    }

    /// Whether a larger epoch of the node has been seen, or this one with another nonce.
    fn check_fence(&mut self, peer: PeerId, id: NodeId, hello: &Hello) -> Result<(), ReceiveError> {
        let Some(node) = self.node_ref(id) else { return Ok(()) };
        let Some(known) = node.known else { return Ok(()) };
        let twin = known.epoch == hello.epoch
            && known.nonce != hello.nonce
            && !bait!(self.config.baits, EqualEpochIsTheSameAgent);
        if known.epoch <= hello.epoch && !twin {
            return Ok(());
        }
        self.metrics.frames_fenced_total += 1;
        let answered = Answered::Hello(hello.nonce, hello.counter);
        self.answer(peer, Body::Fenced(Fenced { answered, seen: known.epoch.0, twin }));
        if twin {
            self.notice(ControllerEvent::DuplicateIdentity { node: id, epoch: known.epoch });
        }
        Err(ReceiveError::Fenced { node: hello.node.clone(), seen: known.epoch, twin })
    }

    fn check_room(
        &mut self,
        now: Instant,
        peer: PeerId,
        node: Option<NodeId>,
        hello: &Hello,
    ) -> Result<(), ReceiveError> {
        self.handshakes.expire(now);
        let nodes_full = node.is_none() && self.node_count >= self.config.nodes as usize;
        let backlog = node.and_then(|id| self.node_ref(id)).map_or(0, |node| node.waiting());
        // Its own older handshake gives way to this one.
        let others = self.handshakes.len() - usize::from(self.handshakes.of(&hello.node).is_some());
        let crowded = others >= self.config.handshakes as usize;
        if !nodes_full && !crowded && backlog < self.config.events_per_node as usize + NOTICES {
            return Ok(());
        }
        self.metrics.frames_refused_total += 1;
        let refusal = if nodes_full { Refusal::Nodes } else { Refusal::Busy };
        let pause = match crowded && !nodes_full && !bait!(self.config.baits, ComeBackSoon) {
            true => self.greeting_places.come_back_after(now, self.config.handshakes, &mut self.rng),
            false => self.come_back_after(COME_BACK),
        };
        self.refuse_hello(peer, hello, refusal, pause);
        Err(ReceiveError::Busy { kind: Kind::Hello })
    }

    fn refuse_hello(&mut self, peer: PeerId, hello: &Hello, refusal: Refusal, come_back_after: u64) {
        let answered = Answered::Hello(hello.nonce, hello.counter);
        self.answer(peer, Body::Refused(Refused { answered, refusal, come_back_after }));
        if refusal != Refusal::Busy {
            self.notice(ControllerEvent::HelloRefused { node: hello.node.clone(), tail: hello.tail.revision, refusal });
        }
    }

    /// The answer to a HELLO that is too short for its WELCOME: nobody unknown is answered with more bytes than it sent.
    pub(super) fn refuse_short(&mut self, session: SessionId, welcome: usize) -> Option<(PeerId, Refused)> {
        let handshake = self.handshakes.get(session)?;
        if welcome <= handshake.bytes || bait!(self.config.baits, WelcomeBeyondHello) {
            return None;
        }
        let handshake = self.handshakes.remove(session)?;
        let answered = Answered::Hello(handshake.hello.nonce, handshake.hello.counter);
        Some((handshake.peer, Refused { answered, refusal: Refusal::Short, come_back_after: 0 }))
    }

    /// The WELCOME of a handshake, as things stand now.
    pub(super) fn welcome(&mut self, now: Instant, session: SessionId) -> Option<(PeerId, Welcome)> {
        let settings = self.grants.newest();
        let handshake = self.handshakes.by_session.get_mut(&session)?;
        handshake.settings.get_or_insert(settings.version);
        let (peer, hello_nonce, hello_counter) = (handshake.peer, handshake.hello.nonce, handshake.hello.counter);
        let id = self.names.get(&handshake.hello.node).copied();
        let most = self.config.events_per_node as usize;
        let config = &self.config;
        let known = id.and_then(|id| self.nodes.get_mut(id.0 as usize)).and_then(Option::as_mut);
        let (reported, maker) = match known {
            Some(node) => {
                let room = node.room(config);
                (node.subscriber.standing(room), node.subscriber.maker())
            }
            None => (
                Standing { credit: Revision(most as u64), ..Standing::default() },
                Maker { epoch: Epoch(0), nonce: Nonce(0) },
            ),
        };
        let desired = Judgement {
            judged: Position::START,
            verdict: Verdict::Resume,
            base: Position::START,
            tip: Position::START,
            go_on: false,
        };
        let welcome = Welcome {
            hello_nonce,
            hello_counter,
            version: VERSION,
            capabilities: 0,
            controller: config.name.clone(),
            term: config.term,
            nonce: self.nonce,
            session,
            policy: config.ack_policy,
            settings,
            reported,
            maker_epoch: maker.epoch,
            maker_nonce: maker.nonce,
            desired,
            wall: self.wall(now),
        };
        Some((peer, welcome))
    }

    /// OPEN for a handshake under way.
    pub(super) fn hear_open(
        &mut self,
        now: Instant,
        peer: PeerId,
        header: Header,
        open: Open,
    ) -> Result<(), ReceiveError> {
        self.see_places(now);
        let Some(handshake) = self.handshakes.get(header.session) else {
            self.metrics.frames_early_total += 1;
            return Ok(());
        };
        let hello = handshake.hello.clone();
        let judgement = open.reported;
        let id = self.names.get(&hello.node).copied();
        let position = id.and_then(|id| self.node_ref(id)).map_or(Position::START, |node| node.subscriber.position());
        if open.controller_nonce != self.nonce {
            self.metrics.frames_early_total += 1;
            return Ok(());
        }
        if judgement.judged != position && !bait!(self.config.baits, OpenAtUnjudgedPosition) {
            self.handshakes.want(header.session);
            self.metrics.frames_early_total += 1;
            return Ok(());
        }
        self.check_judgement(&hello, &judgement)?;
        if let Some(id) = id {
            if let Err(error) = self.check_fence(peer, id, &hello) {
                self.handshakes.remove(header.session);
                return Err(error);
            }
        }
        if judgement.verdict.repairs() && self.staging >= self.config.repairs as usize {
            return Err(self.refuse_open(now, peer, header.session, Refusal::Busy));
        }
        let id = match id {
            Some(id) => id,
            None if self.node_count >= self.config.nodes as usize => {
                return Err(self.refuse_open(now, peer, header.session, Refusal::Nodes));
            }
            None => self.add_node(&hello),
        };
        let Some(handshake) = self.handshakes.remove(header.session) else { return Ok(()) };
        self.install(now, peer, id, header, handshake, judgement);
        Ok(())
    }

    /// A judgement must make sense: its numbers rise, and its log is not longer than the limit.
    fn check_judgement(&mut self, hello: &Hello, judgement: &Judgement) -> Result<(), ReceiveError> {
        let (base, tip, judged) = (judgement.base.revision, judgement.tip.revision, judgement.judged.revision);
        let sound = base <= tip
            && tip <= Revision::LAST
            && tip.0 - base.0 <= u64::from(hello.limits.log)
            && match judgement.verdict {
                Verdict::Resume => base <= judged && judged <= tip,
                Verdict::Empty => base == Revision::ZERO,
                _ => true,
            };
        if sound {
            return Ok(());
        }
        self.metrics.frames_malformed_total += 1;
        Err(ReceiveError::Exhausted { field: "a position of OPEN's judgement" })
    }

    /// No room for a session that was welcomed: its agent comes back later.
    fn refuse_open(&mut self, now: Instant, peer: PeerId, session: SessionId, refusal: Refusal) -> ReceiveError {
        self.handshakes.remove(session);
        self.metrics.frames_refused_total += 1;
        let come_back_after = match refusal == Refusal::Busy && !bait!(self.config.baits, ComeBackSoon) {
            true => self.repair_places.come_back_after(now, self.config.repairs, &mut self.rng),
            false => self.come_back_after(COME_BACK),
        };
        let answered = Answered::Session(session);
        self.answer(peer, Body::Refused(Refused { answered, refusal, come_back_after }));
        ReceiveError::Busy { kind: Kind::Open }
    }

    /// How many places are taken is looked at when somebody may want one.
    fn see_places(&mut self, now: Instant) {
        self.greeting_places.see(now, self.handshakes.len());
        self.repair_places.see(now, self.staging);
    }

    fn add_node(&mut self, hello: &Hello) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        let node = Node::new(id, hello.node.clone(), &self.config, hello.limits, self.seed);
        self.nodes.push(Some(Box::new(node)));
        self.node_count += 1;
        self.names.insert(hello.node.clone(), id);
        self.store_node(id);
        id
    }

    fn install(
        &mut self,
        now: Instant,
        peer: PeerId,
        id: NodeId,
        header: Header,
        handshake: Handshake,
        judgement: Judgement,
    ) {
        self.close_session(id);
        let hello = handshake.hello;
        let by = Maker { epoch: hello.epoch, nonce: hello.nonce };
        let mut receipts = Receipts::default();
        receipts.see(header.number);
        receipts.process(header.number, now);
        self.sessions.insert(header.session, id);
        self.list_at_peer(id, peer);
        self.metrics.sessions_total += 1;
        self.metrics.frames_control_total += 1;
        let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        if node.known != Some(by) {
            // The same incarnation goes by its silence until its first heartbeat of the new session says otherwise.
            node.forbid_silence();
            node.clocks = Clocks::default();
        }
        node.known = Some(by);
        node.opened_counter = hello.counter;
        node.head_unstored();
        node.confirmed = handshake.settings.unwrap_or(0);
        node.next_frame = node.next_frame.max(handshake.next_frame.saturating_add(1));
        node.session = Some(Session {
            id: header.session,
            peer,
            by,
            receipts,
            ack_due: true,
            heartbeat_due: false,
            echo: None,
            credit_told: Revision::ZERO,
            refuse: None,
            away: None,
            away_due: false,
        });
        let held = node.subscriber.position();
        node.tell(ControllerEvent::NodeOpened { node: id, epoch: by.epoch, verdict: judgement.verdict });
        if judgement.verdict != Verdict::Resume && !bait!(node.baits, RegressionNotAnnounced) {
            node.tell(ControllerEvent::HistoryDiffers {
                node: id,
                verdict: judgement.verdict,
                held,
                base: judgement.base,
                tip: judgement.tip,
            });
        }
        node.synced = false;
        node.sync_tip = judgement.tip;
        node.subscriber.open(now, hello.limits, &judgement);
        if node.subscriber.is_staging() {
            self.staging += 1;
        }
        if judgement.verdict == Verdict::Empty {
            self.judge_empty(id);
        }
        self.renew(id, now);
        self.see_synced(id);
        self.set_timer(id);
        self.note_news(id);
        self.note_send(id);
    }
}
