//! The controller: the view of many agents. Here are the object, its five calls of the loop, `commit`, and what a host may
//! decide; frames are in `receive` and `transmit`, the beginning of sessions in `handshake`, the judgement of a repair in
//! `judge`, leases in `reach`, and what can be looked up in `view`.

mod admission;
mod builder;
mod clocks;
pub(crate) mod event;
mod gauges;
mod handshake;
mod history;
mod judge;
mod liveness;
mod node;
mod query;
mod reach;
mod receive;
mod retention;
mod settings;
mod silence;
pub(crate) mod store;
mod telling;
mod transmit;
mod values;
pub(crate) mod view;
mod watch;

use alloc::boxed::Box;
use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use crate::config::{AckPolicy, ConfigError, ControllerConfig};
use crate::grants::Grants;
use crate::id::{Name, NodeId, Nonce, PeerId, SessionId, TaskId};
use crate::lease::LeaseClock;
use crate::map::Map;
use crate::metrics::ControllerMetrics;
use crate::receive_error::{BufferTooSmall, ReceiveError};
use crate::revision::{Position, Revision};
use crate::rng::Rng;
use crate::stream::Reported;
use crate::table::{Applied, Table};
use crate::time::{micros, sooner, Due, Instant, UnixMillis};
use crate::wire::{Body, Delta};

use admission::Places;
pub use builder::ControllerBuilder;
pub use event::{ControllerEvent, Transition};
use handshake::Handshakes;
pub use history::{Happening, Moved, NodeStanding};
use node::{Node, Waiting};
pub use query::Knowledge;
use retention::Archive;
use silence::Silence;
pub use store::restore::RestoredStore;
use store::Store;
pub use store::{STORE_FORMAT, STORE_RECORD};
pub use view::{Freshness, Mark, NodeView, Reachability, TaskView, View};
pub use watch::{Effect, Filter, ViewChange, ViewChanges, ViewRevision, WatchError};

/// Answers outside sessions that may wait to be sent.
const MOST_ANSWERS: usize = 256;
/// Events of no node that may wait.
const MOST_NOTICES: usize = 256;

/// Emptied queues of events that are kept to be lent, if they have no more room than so many events; and how many are kept
/// however large they are.
const MOST_RINGS: usize = 1024;
const SMALL_RING: usize = 128;
const FEW_RINGS: usize = 4;
/// Nodes between one that is served and one that is fetched from memory meanwhile.
const WARM_AHEAD: usize = 8;

/// Why a commit was refused. Nothing was changed: another `CommitDue` follows when there is something to commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// No such node.
    #[error("node {0} is not known here; nothing was changed")]
    UnknownNode(NodeId),
    /// The position is not on the history held: it has changed since, or the position is too old to be remembered.
    #[error("position {0} is not on the history that is held; nothing was changed")]
    NotOnHistory(Position),
    /// Events up to the position have not all been polled.
    #[error("events up to position {position} have not all been polled, only those up to revision {polled}; nothing was changed")]
    NotPolled {
        /// The position given.
        position: Position,
        /// The revision polled.
        polled: Revision,
    },
}

/// Why a task was not given up. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GiveUpError {
    /// No such node.
    #[error("node {0} is not known here; nothing was changed")]
    UnknownNode(NodeId),
    /// The node has no such task.
    #[error("node {node} has no live task {task}; nothing was changed")]
    UnknownTask {
        /// The node.
        node: NodeId,
        /// The task.
        task: TaskId,
    },
    /// It has ended: there is nothing to give up.
    #[error("task {0} has ended; nothing was changed")]
    Ended(TaskId),
}

/// What a session id stands for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Target {
    Node(NodeId),
    Ended(NodeId),
}

/// An answer outside sessions that waits to be sent.
#[derive(Clone, Debug)]
struct Answer {
    peer: PeerId,
    body: Body,
}

/// The control side: the view of many agents.
///
/// # How to use it
/// After any call that may have changed something, drain [`poll_transmit`](Controller::poll_transmit) and
/// [`poll_event`](Controller::poll_event), then sleep until a frame comes or [`next_timeout`](Controller::next_timeout), and
/// call [`receive`](Controller::receive) or [`handle_timeout`](Controller::handle_timeout). Order does not matter, extra
/// calls do no harm. Store what the events say, and when `CommitDue` comes, call [`commit`](Controller::commit) with its
/// position once the store is on disk: only then do agents let go of it.
#[derive(Clone, Debug)]
pub struct Controller {
    config: ControllerConfig,
    seed: u64,
    rng: Rng,
    nonce: Nonce,
    now: Instant,
    nodes: Vec<Option<Box<Node>>>,
    node_count: usize,
    names: Map<Name, NodeId>,
    /// Whose sessions are open, and whose last ones have ended: the node tells which.
    sessions: Map<SessionId, NodeId>,
    handshakes: Handshakes,
    bound: Map<PeerId, Name>,
    /// Which nodes were heard last from a peer, in their sessions, open or ended: each stands here once.
    peers: BTreeSet<(PeerId, NodeId)>,
    answers: VecDeque<Answer>,
    next_answer: u64,
    /// Nodes with something to send, and with something for the host: each takes its turn.
    to_send: VecDeque<NodeId>,
    to_tell: VecDeque<NodeId>,
    notices: VecDeque<ControllerEvent>,
    /// Nodes that have a deadline of their own: a question to repeat, a stage to give up.
    timers: BTreeSet<(Instant, NodeId)>,
    leases: LeaseClock,
    /// Nodes whose leases come up in the call under way.
    due: Vec<(u64, u32)>,
    grants: Grants,
    silence: Silence,
    no_session_told: [Option<(PeerId, Instant)>; receive::NO_SESSION_PEERS],
    staging: usize,
    greeting_places: Places,
    repair_places: Places,
    metrics: ControllerMetrics,
    archive: Archive,
    scratch: Delta,
    /// What a delta changed, lent to the node whose turn it is: one list for all keeps its memory at hand.
    applied: Vec<Applied<Reported>>,
    /// Emptied queues of events, lent to nodes that have something to tell: an idle node keeps none.
    rings: Vec<VecDeque<Waiting>>,
    /// What the host is to store, if it keeps a store.
    store: Option<Box<Store>>,
    /// The time of the first call.
    started: Option<Instant>,
}

impl Controller {
    /// A controller that knows no node. `seed` should be fresh at each start: the core draws nothing itself.
    ///
    /// # Errors
    /// [`ConfigError`] says which setting is wrong and what to give.
    pub fn new(config: ControllerConfig, seed: u64) -> Result<Controller, ConfigError> {
        config.check()?;
        Ok(Controller::with(config, seed))
    }

    /// The same of a configuration that was checked.
    fn with(config: ControllerConfig, seed: u64) -> Controller {
        let nonce = config.nonce(seed);
        Controller {
            seed,
            rng: Rng::new(nonce.0),
            nonce,
            now: Instant::ZERO,
            nodes: Vec::new(),
            node_count: 0,
            names: Map::new(seed),
            sessions: Map::new(seed),
            handshakes: Handshakes::new(seed),
            bound: Map::new(seed),
            peers: BTreeSet::new(),
            answers: VecDeque::new(),
            next_answer: 1,
            to_send: VecDeque::new(),
            to_tell: VecDeque::new(),
            notices: VecDeque::new(),
            timers: BTreeSet::new(),
            leases: LeaseClock::new(config.lateness, config.baits),
            due: Vec::new(),
            grants: Grants::new(micros(config.heartbeat), micros(config.lease)),
            silence: Silence::default(),
            no_session_told: [None; receive::NO_SESSION_PEERS],
            staging: 0,
            greeting_places: Places::new(),
            repair_places: Places::new(),
            metrics: ControllerMetrics::default(),
            archive: Archive::new(&config),
            scratch: Delta::default(),
            applied: Vec::new(),
            rings: Vec::new(),
            store: store::wanted(&config).then(|| Box::new(Store::new(nonce, None))),
            started: None,
            config,
        }
    }

    /// Hears one frame that came from `peer`, the host's own number for the connection or address.
    ///
    /// # Errors
    /// [`ReceiveError`] when the frame is the sender's fault: it was counted and changed nothing, and other nodes go on.
    /// Duplicates, late frames, gaps and frames of a session that has ended are no errors.
    pub fn receive(&mut self, now: Instant, peer: PeerId, bytes: &[u8]) -> Result<(), ReceiveError> {
        let now = self.enter(now);
        self.metrics.received_bytes_total += bytes.len() as u64;
        self.hear(now, peer, bytes)
    }

    /// Writes the next frame to send into `buffer` and says to which peer, and how many bytes it has; `None` when there is
    /// nothing to send now. Nodes take turns. A frame that was given out counts as sent.
    ///
    /// # Errors
    /// [`BufferTooSmall`] when `buffer` has fewer than 512 bytes.
    pub fn poll_transmit(
        &mut self,
        now: Instant,
        buffer: &mut [u8],
    ) -> Result<Option<(PeerId, usize)>, BufferTooSmall> {
        const NEEDED: usize = 512;
        if buffer.len() < NEEDED {
            return Err(BufferTooSmall { given: buffer.len(), needed: NEEDED });
        }
        let now = self.enter(now);
        let sent = self.transmit(now, buffer);
        if let Some((_, length)) = sent {
            self.metrics.frames_sent_total += 1;
            self.metrics.sent_bytes_total += length as u64;
        }
        Ok(sent)
    }

    /// Takes the next event out, if there is one. Nodes take turns; the events of one node keep their order.
    pub fn poll_event(&mut self) -> Option<ControllerEvent> {
        if let Some(event) = self.notices.pop_front() {
            return Some(event);
        }
        while let Some(id) = self.to_tell.pop_front() {
            // When many nodes have news, the one whose turn comes soon is fetched meanwhile.
            if let Some(node) = self.to_tell.get(WARM_AHEAD).and_then(|id| self.node_ref(*id)) {
                node.warm();
            }
            let (policy, most) = (self.config.ack_policy, self.config.events_per_node);
            let Some(node) = self.node_mut(id) else { continue };
            node.waits_for_host = false;
            let event = node.poll(policy);
            let ring = node.give_back_ring();
            let more = node.has_news(policy);
            let short = node.session.as_ref().is_some_and(|session| {
                session.credit_told.0 <= node.subscriber.position().revision.0.saturating_add(u64::from(most / 4))
            });
            if let Some(ring) = ring {
                let few = self.rings.len() < FEW_RINGS;
                if few || self.rings.len() < MOST_RINGS && ring.capacity() <= SMALL_RING {
                    self.rings.push(ring);
                }
            }
            if more {
                self.note_news(id);
            }
            if self.store.is_some() {
                self.note_store(id);
            }
            let value = matches!(event, Some(ControllerEvent::ValueWhole { .. }));
            if event.is_some() && (short || value) {
                self.want_ack(id);
            }
            if event.is_some() {
                return event;
            }
        }
        None
    }

    /// When to call [`handle_timeout`](Controller::handle_timeout) at the latest, if nothing else happens.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.next_deadline().map(|(deadline, _)| deadline)
    }

    /// Why the host is to be woken then.
    pub fn next_timeout_reason(&self) -> Option<&'static str> {
        self.next_deadline().map(|(_, reason)| reason)
    }

    fn next_deadline(&self) -> Option<Due> {
        let timer = self.timers.first().map(|(at, _)| (*at, "question"));
        let lease = self.leases.deadline().map(|at| (at, "lease"));
        let retention = self.archive.deadline().map(|at| (at, "retention"));
        sooner(sooner(timer, lease), retention)
    }

    /// Does what has become due. Early or repeated calls are harmless.
    pub fn handle_timeout(&mut self, now: Instant) {
        let now = self.enter(now);
        self.run_timers(now);
        self.run_leases(now);
        self.retain();
    }

    /// Clamps the host's time, and sees whether the call comes late.
    fn enter(&mut self, now: Instant) -> Instant {
        self.started.get_or_insert(now);
        if now < self.now {
            self.metrics.clock_steps_back_total += 1;
        }
        self.now = self.now.max(now.min(Instant::LATEST));
        let asked = if self.leases.is_soon(self.now) { Some(self.now) } else { self.next_timeout() };
        if self.leases.advance(self.now, asked) {
            self.metrics.late_calls_total += 1;
        }
        self.archive.enter(self.now, self.wall(self.now));
        self.now
    }

    /// Says that the host has stored everything of `node` up to `position`: agents let go of it then. It must survive in
    /// whatever takes this controller's place.
    ///
    /// # Errors
    /// [`CommitError`]; nothing is changed, and `CommitDue` comes again when there is something to commit.
    pub fn commit(&mut self, id: NodeId, position: Position) -> Result<(), CommitError> {
        let node = self.node_mut(id).ok_or(CommitError::UnknownNode(id))?;
        if node.subscriber.replica.remembers(position.revision) != Some(position) {
            node.commit_told = None;
            self.note_news(id);
            return Err(CommitError::NotOnHistory(position));
        }
        if position.revision > node.polled.revision {
            return Err(CommitError::NotPolled { position, polled: node.polled.revision });
        }
        if position.revision > node.subscriber.durable() {
            node.subscriber.commit(position.revision);
            self.want_ack(id);
        }
        Ok(())
    }

    /// Binds a peer to the node that the host has authenticated there: a HELLO for another is refused.
    pub fn bind_peer(&mut self, peer: PeerId, node: &Name) {
        self.bound.insert(peer, node.clone());
    }

    /// Takes the binding of a peer back.
    pub fn unbind_peer(&mut self, peer: PeerId) {
        self.bound.remove(&peer);
    }

    /// Gives an unfinished task up: a mark beside what was reported, never over it. What its agent reports later is kept
    /// too, with a `LateTruth` event.
    ///
    /// # Errors
    /// [`GiveUpError`]; nothing is changed.
    pub fn give_up(&mut self, id: NodeId, task: TaskId) -> Result<(), GiveUpError> {
        let node = self.node_mut(id).ok_or(GiveUpError::UnknownNode(id))?;
        let record = node.subscriber.replica.table.find(task).ok_or(GiveUpError::UnknownTask { node: id, task })?;
        if record.state.is_ended() && record.state != crate::task::State::Failed {
            return Err(GiveUpError::Ended(task));
        }
        let mark = Mark::GivenUp { registered: record.registered };
        node.marks.insert(task, mark);
        node.task_unstored(task);
        self.archive.note(id, Happening::Marked { task, mark });
        self.note_store(id);
        Ok(())
    }

    /// Forgets a node whole: the way out of a poisoned epoch, and the end of a node that was taken away. Says whether it
    /// was known.
    pub fn forget_node(&mut self, id: NodeId) -> bool {
        let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::take) else { return false };
        self.node_count -= 1;
        self.leases.unwatch(id);
        if node.reachability.is_believed() || node.awaited {
            self.silence.believed -= 1;
        }
        self.store_gone(&node);
        self.names.remove(&node.name);
        self.handshakes.drop_name(&node.name);
        if node.subscriber.is_staging() {
            self.staging -= 1;
        }
        if let Some(peer) = node.listed {
            self.peers.remove(&(peer, id));
        }
        for session in node.ended.iter().copied().chain(node.session.as_ref().map(|session| session.id)) {
            self.sessions.remove(&session);
        }
        self.retain_nothing_of(&node);
        true
    }

    /// The node of a name, if it is known.
    pub fn node(&self, name: &str) -> Option<NodeId> {
        Name::new(name).ok().and_then(|name| self.names.get(&name).copied())
    }

    /// The view: nodes and tasks as they are known now.
    pub fn view(&self) -> View<'_> {
        View::new(self)
    }

    /// The settings.
    pub fn config(&self) -> &ControllerConfig {
        &self.config
    }

    /// What has been counted.
    pub fn metrics(&self) -> &ControllerMetrics {
        &self.metrics
    }

    /// The nonce of this incarnation.
    pub fn nonce(&self) -> Nonce {
        self.nonce
    }

    /// The copy of a node's records.
    pub fn table(&self, id: NodeId) -> Option<&Table<Reported>> {
        self.node_ref(id).map(|node| &node.subscriber.replica.table)
    }

    /// The copy of a node's records, to be damaged as a fault of memory would. For tests of the checks.
    #[cfg(any(feature = "bait", feature = "damage"))]
    pub fn table_mut(&mut self, id: NodeId) -> Option<&mut Table<Reported>> {
        self.node_mut(id).map(|node| &mut node.subscriber.replica.table)
    }

    /// The session that is open with a node.
    pub fn session(&self, id: NodeId) -> Option<SessionId> {
        self.node_ref(id).and_then(|node| node.session.as_ref()).map(|session| session.id)
    }

    /// The peer that a node was heard from last in its open session, which answers go to.
    pub fn peer(&self, id: NodeId) -> Option<PeerId> {
        self.node_ref(id).and_then(|node| node.session.as_ref()).map(|session| session.peer)
    }

    /// How many events of a node wait for the host, and the credit told last.
    pub fn backlog(&self, id: NodeId) -> Option<(usize, Revision)> {
        self.node_ref(id)
            .map(|node| (node.waiting(), node.session.as_ref().map_or(Revision::ZERO, |session| session.credit_told)))
    }

    /// The most events of a node that can ever wait: those that credit was given for (each may bring one more, of a mark),
    /// and what one switch tells of its log, its slots and its ring.
    pub fn backlog_bound(&self, id: NodeId) -> Option<usize> {
        let node = self.node_ref(id).filter(|node| node.session.is_some())?;
        let limits = node.subscriber.limits();
        let switch = 2 * limits.log as usize + 3 * limits.slots as usize + limits.finals as usize;
        Some(2 * self.config.events_per_node as usize + 2 * node::NOTICES + switch)
    }

    /// How much each bounded collection holds, with its name: frames held, pieces staged, handshakes, answers and events
    /// that wait, watched leases, closed tasks, changes and details in the history, parts of a silence, bytes of values that
    /// are not whole.
    pub fn sizes(&self) -> [(&'static str, usize); 12] {
        let held = self.nodes.iter().flatten().map(|node| node.subscriber.replica.held_frames()).max().unwrap_or(0);
        let staged = self.nodes.iter().flatten().filter_map(|node| node.subscriber.stage()).map(|s| s.pieces()).max();
        let values = self.nodes.iter().flatten().map(|node| node.subscriber.values_under_way());
        [
            ("nodes", self.node_count),
            ("held frames of a node", held),
            ("staged pieces of a node", staged.unwrap_or(0)),
            ("long values of a node under way", values.max().unwrap_or(0)),
            ("handshakes", self.handshakes.len()),
            ("answers", self.answers.len()),
            ("notices", self.notices.len()),
            ("watched leases", self.leases.len()),
            ("closed tasks", self.archive.kept()),
            ("changes kept", self.archive.history.sizes().0),
            ("details kept", self.archive.history.sizes().1),
            ("parts of a silence", self.silence.parts()),
        ]
    }

    /// A hash of everything that decides what this controller will do; what was counted is no part of it. For model
    /// checkers.
    pub fn state_hash(&self) -> u64 {
        let mut hasher = xxhash_rust::xxh3::Xxh3::new();
        self.config.hash(&mut hasher);
        self.rng.hash(&mut hasher);
        (self.nonce, self.now, self.next_answer).hash(&mut hasher);
        self.nodes.hash(&mut hasher);
        self.names.hash(&mut hasher);
        self.sessions.hash(&mut hasher);
        self.handshakes.hash(&mut hasher);
        self.bound.hash(&mut hasher);
        for answer in &self.answers {
            (answer.peer, alloc::format!("{:?}", answer.body)).hash(&mut hasher);
        }
        self.no_session_told.hash(&mut hasher);
        self.peers.hash(&mut hasher);
        (&self.to_send, &self.to_tell, &self.notices, &self.timers).hash(&mut hasher);
        (&self.leases, &self.grants, &self.silence, &self.store).hash(&mut hasher);
        (self.greeting_places.next, self.repair_places.next).hash(&mut hasher);
        hasher.finish()
    }

    fn node_ref(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0 as usize)?.as_deref()
    }

    fn node_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.nodes.get_mut(id.0 as usize)?.as_deref_mut()
    }

    /// The wall-clock time at `now`.
    fn wall(&self, now: Instant) -> UnixMillis {
        UnixMillis(self.config.wall_clock_offset.saturating_add(now.as_micros() / 1000).min(1 << 62))
    }

    /// Notes that a node has something for the host.
    fn note_news(&mut self, id: NodeId) {
        let policy = self.config.ack_policy;
        let Some(node) = self.node_mut(id) else { return };
        if node.has_news(policy) && !core::mem::replace(&mut node.waits_for_host, true) {
            self.to_tell.push_back(id);
        }
        self.note_standing(id);
        self.retain_if_over();
    }

    /// Notes that a node has something to send.
    fn note_send(&mut self, id: NodeId) {
        let Some(node) = self.node_mut(id) else { return };
        if !core::mem::replace(&mut node.waits_to_send, true) {
            self.to_send.push_back(id);
        }
    }

    /// An acknowledgement to a node is due.
    fn want_ack(&mut self, id: NodeId) {
        let Some(node) = self.node_mut(id) else { return };
        if let Some(session) = &mut node.session {
            session.ack_due = true;
            self.note_send(id);
        }
    }

    /// An event of no node.
    fn notice(&mut self, event: ControllerEvent) {
        if self.notices.len() >= MOST_NOTICES {
            self.metrics.events_dropped_total += 1;
            return;
        }
        self.notices.push_back(event);
    }

    /// An answer outside sessions.
    fn answer(&mut self, peer: PeerId, body: Body) {
        if self.answers.len() >= MOST_ANSWERS {
            self.metrics.answers_dropped_total += 1;
            return;
        }
        self.answers.push_back(Answer { peer, body });
    }

    /// Whether the policy calls durable what was only received.
    fn is_lossy(&self) -> bool {
        self.config.ack_policy == AckPolicy::Received
    }
}
