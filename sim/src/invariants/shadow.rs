//! What the checks remember of each agent object and of each node at the controller, so that a step costs little: only
//! what changed is looked at again.

use std::collections::{BTreeMap, BTreeSet};

use taskwire::{Digest, Epoch, Instant, LeaseView, Made, NodeId, Nonce, Phase, Position, Reachability, Revision};
use taskwire::{SessionId, State, TaskId, Term};

use crate::clock::TrueTime;
use crate::truth::Life;

/// What is remembered of an agent object.
#[derive(Clone, Debug)]
pub struct AgentShadow {
    /// Its base, when it was last called.
    pub base: Position,
    /// The session in which a digest went out last, and when, by its clock.
    pub digest_of: Option<SessionId>,
    /// See `digest_of`.
    pub digest_at: u64,
    /// Its phase, when it was last called.
    pub phase: Phase,
    /// What it believed of its lease, when it was last called.
    pub lease: LeaseView,
    /// The largest local time that it was called at.
    pub last_call: Instant,
    /// Whether no event can be waiting.
    pub drained: bool,
    /// Whether the next event must be that the lease expired.
    pub expiry_due: bool,
    /// Its lease ran out before the call that is made.
    pub lapsed: bool,
    /// Nonce and counter of its newest HELLO.
    pub hello: Option<(Nonce, u64)>,
    /// The largest term that it has accepted.
    pub accepted: u64,
    /// Counters of HELLOs that were answered by a frame that could end the session: those it may be fenced or refused by.
    pub session: SessionId,
    /// A verdict that repairs was told; the event about it is due.
    pub differs_due: bool,
    /// The newest OPEN has such a verdict.
    pub differs_offered: bool,
    /// The question that was answered last.
    pub question: Option<(SessionId, u32)>,
    /// The host was told so, and no verdict was sent since.
    pub differs_told: bool,
    /// The newest revision that any of its frames has carried.
    pub sent_to: u64,
    /// When it last sent a frame, by its clock.
    pub sent_at: Instant,
    /// When its timers ran last, by its clock.
    pub timed_at: Instant,
    /// Deltas in a row that had entries and no detail while one waited.
    pub starved: u64,
    /// Deltas sent since a detail of a slot began to wait, by slot.
    pub detail_waits: BTreeMap<u32, u64>,
    /// Frames sent since anything changed, and since when.
    pub idle_frames: u64,
    /// When anything changed last.
    pub idle_since: TrueTime,
    /// Copies and old frames delivered since anything changed: each may cause an answer.
    pub idle_excuse: u64,
    /// What counts as a change.
    pub progress: (Position, Position, Phase, SessionId, u64),
    /// Frames that came, by the counters of arrival.
    pub arrivals: u64,
}

impl AgentShadow {
    /// Of an object that was just made at this time.
    pub fn new(now: TrueTime) -> AgentShadow {
        AgentShadow {
            base: Position::START,
            digest_of: None,
            digest_at: 0,
            phase: Phase::Greeting,
            lease: LeaseView::Unknown,
            last_call: Instant::ZERO,
            drained: true,
            expiry_due: false,
            lapsed: false,
            hello: None,
            accepted: 0,
            session: SessionId::NONE,
            differs_due: false,
            differs_offered: false,
            differs_told: false,
            question: None,
            sent_to: 0,
            sent_at: Instant::ZERO,
            timed_at: Instant::ZERO,
            starved: 0,
            detail_waits: BTreeMap::new(),
            idle_frames: 0,
            idle_since: now,
            idle_excuse: 0,
            progress: (Position::START, Position::START, Phase::Greeting, SessionId::NONE, 0),
            arrivals: 0,
        }
    }
}

/// A node as one look at the controller shows it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct NodePrint {
    /// Received position.
    pub received: Position,
    /// Durable revision.
    pub durable: Revision,
    /// Digest of its table.
    pub digest: Digest,
    /// Its epoch.
    pub epoch: Epoch,
    /// Whether it is believed in.
    pub reach: Reachability,
    /// Whether it is synced.
    pub synced: bool,
    /// When it was last heard, as the controller says.
    pub heard: Option<Instant>,
    /// Tasks in view.
    pub tasks: usize,
}

/// A task in a view, when it was last looked at.
#[derive(Clone, Debug)]
pub struct TaskShadow {
    /// Which registration.
    pub registered: Made,
    /// Its newest entry.
    pub newest: Made,
    /// Its number.
    pub number: u32,
    /// Its attempt.
    pub attempt: u32,
    /// Its state.
    pub state: State,
    /// Whether it was shown as forgotten.
    pub forgotten: bool,
    /// Which of the details said is shown: attempt and index.
    pub detail: Option<(u32, usize)>,
}

/// What the controller's host has seen of one registration.
#[derive(Clone, Debug)]
pub struct Sighted {
    /// The last number.
    pub number: u32,
    /// The state that it left.
    pub state: State,
    /// Its attempt.
    pub attempt: u32,
    /// Whether numbers may go back once, as an event said.
    pub back: bool,
    /// Whether a gap was said to be inexact.
    pub inexact: bool,
}

/// A repair that was announced.
#[derive(Clone, Copy, Debug)]
pub struct Repair {
    /// The base of the snapshot.
    pub base: Position,
    /// The tip at which it may switch.
    pub tip: Position,
}

/// What is remembered of a node in one life of the controller.
#[derive(Clone, Debug, Default)]
pub struct NodeShadow {
    /// Its number at the controller.
    pub id: Option<NodeId>,
    /// The last look.
    pub print: Option<NodePrint>,
    /// Where its table stood when it was last compared.
    pub replica: Position,
    /// Its tasks in view.
    pub tasks: BTreeMap<TaskId, TaskShadow>,
    /// Identities of events seen.
    pub seen: BTreeSet<(u64, u64)>,
    /// Deltas in a row that followed on what is held and were not taken.
    pub refused: u64,
    /// Events that waited after the last call.
    pub backlog: usize,
    /// Bases of snapshots: what came before was told as a state, and its gaps by name.
    pub bases: Vec<Position>,
    /// The position of the last event of an entry.
    pub last_event: Position,
    /// Registrations sighted.
    pub sighted: BTreeMap<(TaskId, Made), Sighted>,
    /// A history that differs, or an empty one, was announced and no event of it has come yet.
    pub announced: bool,
    /// The newest repair announced.
    pub repair: Option<Repair>,
    /// The newest repair that the controller was told of by a frame.
    pub repair_told: Option<Repair>,
    /// The base of the snapshot that its table was switched to last.
    pub switched_on: Option<Position>,
    /// An announcement came that no switch has followed yet.
    pub told: bool,
    /// Positions at which tables were switched that no event has announced yet.
    pub unannounced: Option<Position>,
    /// Registrations whose outcome was said to be unknown.
    pub unknown: BTreeSet<(TaskId, Made)>,
    /// The session that was opened last, with what opened it: epoch, nonce, counter.
    pub session: SessionId,
    /// See `session`.
    pub opened: Option<(Epoch, Nonce, u64)>,
    /// Frames of the session that have been delivered.
    pub frames: BTreeSet<u64>,
    /// When the last new frame of the current session came: local time, and lease time left out since.
    pub fresh: Option<Instant>,
    /// Time in which the controller was not called since then.
    pub uncalled: u64,
    /// Late calls since then.
    pub late_calls: u64,
    /// It was lost and has not been synced since.
    pub stale: bool,
    /// Twins were both heard, at this true time.
    pub both_heard: Option<TrueTime>,
    /// A fork or a duplicate identity was told.
    pub twin_told: bool,
    /// A record of it that was altered in memory, until it is repaired.
    pub altered: Option<super::drift::Altered>,
    /// Drifts that were found of altered records, and whose events the host has not polled.
    pub drifts_owed: u64,
}

impl NodeShadow {
    /// Whether a revision of a history was told as part of a state.
    pub fn in_snapshot(&self, chain: &Life, revision: u64) -> bool {
        self.bases.iter().any(|base| revision <= base.revision.0 && chain.holds(*base))
    }
}

/// What is remembered of the controller object.
#[derive(Clone, Debug, Default)]
pub struct ControllerShadow {
    /// Its nonce, once a WELCOME told it.
    pub nonce: Option<Nonce>,
    /// Its term.
    pub term: Term,
    /// The largest local time that it was called at.
    pub last_call: Instant,
    /// The deadline that it asked for after the last call.
    pub asked: Option<Instant>,
    /// Its arrivals.
    pub arrivals: u64,
    /// Whether it was ever called.
    pub called: bool,
    /// Every session that was ever opened.
    pub opened: BTreeSet<SessionId>,
}
