//! What a controller keeps of one node: session, subscriber, marks, closed tasks, the events that wait for the host, and
//! how far they were polled. What moves them is left to `receive`, `judge` and `reach`.
//!
//! Invariants: entries that wait are at most the credit given, save right after a switch; a position can be committed
//! only when it lies on the history held and its events were polled.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

use super::clocks::Clocks;
use super::event::ControllerEvent;
use super::history::NodeStanding;
use super::store::Unstored;
use super::view::{Mark, Reachability};
use crate::bait::{bait, Baits};
use crate::config::{AckPolicy, ControllerConfig, Limits};
use crate::id::{Epoch, FrameNumber, Name, NodeId, PeerId, SessionId, TaskId};
use crate::map::Map;
use crate::publisher::Maker;
use crate::receipts::Receipts;
use crate::revision::{Position, Revision};
use crate::stream::Reported;
use crate::subscriber::Subscriber;
use crate::task::Record;
use crate::time::Instant;
use crate::wire::{Echo, Refusal};

/// Events beside transitions that may wait before the node's HELLOs are told to come back later.
pub(super) const NOTICES: usize = 64;

/// A session that is open.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Session {
    pub id: SessionId,
    pub peer: PeerId,
    pub by: Maker,
    pub receipts: Receipts,
    pub ack_due: bool,
    pub heartbeat_due: bool,
    pub echo: Option<Echo>,
    /// The credit told last.
    pub credit_told: Revision,
    pub refuse: Option<Refusal>,
    /// Until when the agent was sent away, and whether it is to be told so now.
    pub away: Option<Instant>,
    pub away_due: bool,
}

/// An event that waits, and the history of its node that it belongs to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Waiting {
    pub event: ControllerEvent,
    pub history: u32,
}

/// What a host is told of a node's silence, in few bytes: many may fall silent at once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Belief {
    Live,
    Suspect,
    Lost { tasks_stale: u32 },
}

impl Belief {
    fn event(self, node: NodeId) -> ControllerEvent {
        match self {
            Belief::Live => ControllerEvent::NodeLive { node },
            Belief::Suspect => ControllerEvent::NodeSuspect { node },
            Belief::Lost { tasks_stale } => ControllerEvent::NodeLost { node, tasks_stale },
        }
    }
}

/// A task that the replica no longer has: forgotten, or of a history that was closed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Closed {
    pub record: Record,
    pub mark: Option<Mark>,
}

#[derive(Clone, Hash, Debug)]
pub(super) struct Node {
    pub id: NodeId,
    pub name: Name,
    /// The incarnation whose OPEN was accepted last.
    pub known: Option<Maker>,
    /// The counter of the HELLO that it opened with: an older one is never welcomed again.
    pub opened_counter: u64,
    pub session: Option<Session>,
    /// The peer under which the node is listed.
    pub listed: Option<PeerId>,
    /// The last sessions that ended, the newest last; none where there is none.
    pub ended: [SessionId; 2],
    pub next_frame: u64,
    pub subscriber: Subscriber<Reported>,
    /// Marks beside live records.
    pub marks: Map<TaskId, Mark>,
    pub closed: Map<TaskId, Closed>,
    /// Their ids, the one closed first in front, with the time of it.
    pub closed_order: VecDeque<(Instant, TaskId)>,
    /// Whether the node stands among those whose closed tasks are to go one day.
    pub waits_for_retention: bool,
    /// How it stood when that was written into the history last.
    pub standing_noted: Option<NodeStanding>,
    pub events: VecDeque<Waiting>,
    /// The last event that waits, after all others, if it is one of these.
    belief_told: Option<Belief>,
    /// Counts histories: positions of a former one can no longer be committed.
    pub history: u32,
    pub polled: Position,
    pub commit_told: Option<Position>,
    /// The largest epoch of any entry that was told.
    pub told_epoch: Epoch,
    /// The largest revision and epoch of any entry that was told and whose position is no longer remembered.
    pub dropped: (Revision, Epoch),
    pub reachability: Reachability,
    /// Lease time and time when the node was heard last.
    pub heard: u64,
    pub heard_at: Option<Instant>,
    /// Lease time and time until which its silence means nothing, as it said or as it was sent away.
    pub silent_until: u64,
    pub silent_until_at: Option<Instant>,
    /// How its wall clock differs from this one.
    pub clocks: Clocks,
    /// The lease time at which it is looked at again.
    pub watched: Option<u64>,
    /// The version of the settings that it is sure to go by, or a later one.
    pub confirmed: u32,
    /// Lease time when it became suspect, if it is.
    pub suspect_since: u64,
    /// When the node's own timer is set for.
    pub timer: Option<Instant>,
    pub stale: bool,
    pub synced: bool,
    pub sync_tip: Position,
    pub waits_to_send: bool,
    pub waits_for_host: bool,
    /// Whether it was restored and was not heard since: it has its lease to report.
    pub awaited: bool,
    /// What is not written into the store yet, if one is kept.
    pub unstored: Option<Box<Unstored>>,
    pub baits: Baits,
}

impl Node {
    pub(super) fn new(id: NodeId, name: Name, config: &ControllerConfig, limits: Limits, seed: u64) -> Node {
        Node {
            id,
            name,
            known: None,
            opened_counter: 0,
            session: None,
            listed: None,
            ended: [SessionId::NONE; 2],
            next_frame: 1,
            subscriber: Subscriber::new(limits, config.reorder_frames, config.heartbeat, seed, config.baits),
            marks: Map::new(seed),
            closed: Map::new(seed),
            closed_order: VecDeque::new(),
            waits_for_retention: false,
            standing_noted: None,
            events: VecDeque::new(),
            belief_told: None,
            history: 0,
            polled: Position::START,
            commit_told: None,
            told_epoch: Epoch(0),
            dropped: (Revision::ZERO, Epoch(0)),
            reachability: Reachability::NotReportedYet,
            heard: 0,
            heard_at: None,
            silent_until: 0,
            silent_until_at: None,
            clocks: Clocks::default(),
            watched: None,
            confirmed: 0,
            suspect_since: 0,
            timer: None,
            stale: false,
            synced: false,
            sync_tip: Position::START,
            waits_to_send: false,
            waits_for_host: false,
            awaited: false,
            unstored: None,
            baits: config.baits,
        }
    }

    /// Reads a little of all that a frame of this node needs, so that the memory behind it is fetched at once and not one
    /// piece after the other: of many nodes, most lie in no cache.
    #[inline]
    pub(super) fn warm(&self) {
        let session = self.session.as_ref();
        let sum = session.map_or(0, |s| s.receipts.largest().0 ^ s.peer.0 ^ s.credit_told.0);
        let place = self.subscriber.position().revision.0 ^ self.subscriber.durable().0 ^ self.sync_tip.revision.0;
        let times = self.heard ^ self.next_frame ^ self.polled.revision.0 ^ self.silent_until;
        core::hint::black_box(sum ^ place ^ times ^ self.waiting() as u64 ^ u64::from(self.stale));
    }

    pub(super) fn next_number(&mut self) -> FrameNumber {
        let number = FrameNumber(self.next_frame);
        self.next_frame = self.next_frame.saturating_add(1);
        number
    }

    /// Room for events.
    pub(super) fn room(&self, config: &ControllerConfig) -> usize {
        (config.events_per_node as usize).saturating_sub(self.waiting())
    }

    /// The credit to tell now.
    pub(super) fn credit(&mut self, config: &ControllerConfig) -> Revision {
        let room =
            if bait!(config.baits, CreditIgnoresQueue) { config.events_per_node as usize } else { self.room(config) };
        self.subscriber.credit(room)
    }

    /// How many events wait.
    pub(super) fn waiting(&self) -> usize {
        self.events.len() + usize::from(self.belief_told.is_some())
    }

    pub(super) fn tell(&mut self, event: ControllerEvent) {
        if let Some(belief) = self.belief_told.take() {
            self.events.push_back(Waiting { event: belief.event(self.id), history: self.history });
        }
        self.events.push_back(Waiting { event, history: self.history });
    }

    /// Tells of what is believed now.
    pub(super) fn tell_belief(&mut self, belief: Belief) {
        if let Some(former) = self.belief_told.replace(belief) {
            self.events.push_back(Waiting { event: former.event(self.id), history: self.history });
        }
    }

    /// Tells of a suspicion, or of its end: what the host has not polled of such gives way to what is true now.
    pub(super) fn tell_suspicion(&mut self, suspect: bool) {
        let told = |waiting: &Waiting| match waiting.event {
            ControllerEvent::NodeSuspect { .. } => Some(true),
            ControllerEvent::NodeLive { .. } => Some(false),
            _ => None,
        };
        let unheard = match self.belief_told {
            Some(Belief::Suspect | Belief::Live) => self.belief_told.take().map(|belief| belief == Belief::Suspect),
            _ => {
                let index = self.events.iter().rposition(|waiting| told(waiting).is_some());
                index.and_then(|index| self.events.remove(index)).as_ref().and_then(told)
            }
        };
        // What the host never heard of need not be taken back.
        if unheard.is_none_or(|unheard| unheard == suspect) {
            self.tell_belief(if suspect { Belief::Suspect } else { Belief::Live });
        }
    }

    /// Its silence means nothing until then.
    pub(super) fn allow_silence(&mut self, until: u64, at: Instant) {
        (self.silent_until, self.silent_until_at) = (until, Some(at));
    }

    /// Its silence counts from now on.
    pub(super) fn forbid_silence(&mut self) {
        (self.silent_until, self.silent_until_at) = (0, None);
    }

    /// Tells of a sleep: what the host has not polled of a former one gives way to it.
    pub(super) fn tell_sleep(&mut self, until: Instant) {
        let told = |waiting: &Waiting| matches!(waiting.event, ControllerEvent::NodeSleeps { .. });
        if let Some(index) = self.events.iter().rposition(told) {
            self.events.remove(index);
        }
        self.tell(ControllerEvent::NodeSleeps { node: self.id, until });
    }

    /// A new history begins: what was committed of the former counts no more.
    pub(super) fn begin_history(&mut self) {
        self.history = self.history.wrapping_add(1);
        self.polled = Position::START;
        self.commit_told = None;
    }

    /// The positions up to a revision of the history held are no longer remembered.
    pub(super) fn note_dropped(&mut self, revision: Revision) {
        if revision > Revision::ZERO {
            self.dropped = (self.dropped.0.max(revision), self.dropped.1.max(self.told_epoch));
        }
    }

    /// Whether the host may have heard of an entry that is not remembered: nothing about it is above what was dropped.
    pub(super) fn may_be_repeat(&self, position: Position, epoch: Epoch) -> bool {
        position.revision <= self.dropped.0 && epoch <= self.dropped.1
    }

    /// The next event for the host, if there is one.
    pub(super) fn poll(&mut self, policy: AckPolicy) -> Option<ControllerEvent> {
        if let Some(waiting) = self.events.pop_front() {
            if let (Some(position), true) = (waiting.event.reaches(), waiting.history == self.history) {
                self.polled = position;
            }
            if let (ControllerEvent::ValueWhole { registered, .. }, true) =
                (&waiting.event, waiting.history == self.history)
            {
                self.subscriber.value_told(registered.revision);
            }
            if self.events.is_empty() {
                // The ring begins at its start again, so that the same memory is used as long as it will do.
                self.events.clear();
            }
            return Some(waiting.event);
        }
        if let Some(belief) = self.belief_told.take() {
            return Some(belief.event(self.id));
        }
        let position = self.commit_due(policy)?;
        self.commit_told = Some(position);
        Some(ControllerEvent::CommitDue { node: self.id, position })
    }

    /// The queue of events once it is empty.
    pub(super) fn give_back_ring(&mut self) -> Option<VecDeque<Waiting>> {
        if !self.events.is_empty() || self.events.capacity() == 0 {
            return None;
        }
        Some(core::mem::take(&mut self.events))
    }

    /// A queue to tell in, if the node has none.
    pub(super) fn lend_ring(&mut self, rings: &mut alloc::vec::Vec<VecDeque<Waiting>>) {
        if self.events.capacity() == 0 {
            self.events = rings.pop().unwrap_or_default();
        }
    }

    fn commit_due(&self, policy: AckPolicy) -> Option<Position> {
        let due = policy == AckPolicy::Durable
            && self.polled.revision.min(self.subscriber.durable_below()) > self.subscriber.durable()
            && self.commit_told != Some(self.polled);
        due.then_some(self.polled)
    }

    /// Whether the host has something to poll.
    pub(super) fn has_news(&self, policy: AckPolicy) -> bool {
        self.waiting() > 0 || self.commit_due(policy).is_some()
    }

    /// Ends the session: frames that still come for it are remembered as such. An older one is forgotten.
    pub(super) fn end_session(&mut self) -> Option<SessionId> {
        let session = self.session.take()?;
        self.subscriber.close();
        let [oldest, newest] = self.ended;
        self.ended = [newest, session.id];
        Some(oldest).filter(|oldest| *oldest != SessionId::NONE)
    }

    /// Whether the node's tasks are to be called stale.
    pub(super) fn is_stale(&self) -> bool {
        self.stale
    }

    /// How the node stands, apart from its tasks.
    pub(super) fn standing(&self) -> NodeStanding {
        NodeStanding {
            epoch: self.known.map(|maker| maker.epoch),
            reachability: self.reachability,
            stale: self.is_stale(),
            synced: self.synced,
            silent: self.silent_until_at.is_some(),
        }
    }
}
