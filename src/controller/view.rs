//! What can be looked up: nodes and tasks, what is known of them, how old that knowledge is, and the marks beside it.

use core::fmt;
use core::time::Duration;

use super::node::{Closed, Node};
use super::watch::{Filter, ViewRevision};
use super::Controller;
use crate::id::{Epoch, FrameNumber, Name, NodeId, SessionId, Slot, TaskId};
use crate::revision::{Made, Position, Revision};
use crate::row::Row;
use crate::task::{Detail, Record, State};
use crate::time::Instant;

/// Whether a node is there. A separate axis from the states of its tasks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reachability {
    /// Known, and not heard in this term yet: neither lost nor absent.
    NotReportedYet,
    /// Heard within its lease.
    Live,
    /// A heartbeat is missing.
    Suspect,
    /// Its lease has ended.
    Lost,
    /// It said goodbye.
    Left,
}

impl Reachability {
    /// Whether the controller believes that it is there.
    pub fn is_believed(self) -> bool {
        matches!(self, Reachability::Live | Reachability::Suspect)
    }

    /// All of them.
    pub const ALL: &'static [Reachability] = &[
        Reachability::NotReportedYet,
        Reachability::Live,
        Reachability::Suspect,
        Reachability::Lost,
        Reachability::Left,
    ];
}

impl fmt::Display for Reachability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reachability::NotReportedYet => "NotReportedYet",
            Reachability::Live => "Live",
            Reachability::Suspect => "Suspect",
            Reachability::Lost => "Lost",
            Reachability::Left => "Left",
        })
    }
}

/// What a controller notes beside a record: never over it, and no part of any hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mark {
    /// The host gave the task up.
    GivenUp {
        /// Which registration of it.
        registered: Made,
    },
    /// What became of it cannot be known.
    OutcomeUnknown {
        /// Which registration of it.
        registered: Made,
    },
    /// Its agent contradicts a known final, which the view keeps.
    Conflict {
        /// Which registration of it.
        registered: Made,
        /// The final state that the view keeps.
        state: State,
        /// The transition number of that final.
        number: u32,
    },
}

impl Mark {
    /// The registration that the mark is about.
    pub fn registered(&self) -> Made {
        match self {
            Mark::GivenUp { registered } | Mark::OutcomeUnknown { registered } | Mark::Conflict { registered, .. } => {
                *registered
            }
        }
    }
}

/// How fresh the knowledge of a task is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Freshness {
    /// Its node is live and synced; it was heard so long ago.
    Fresh(Duration),
    /// Its node is lost, or has left, or is back and not yet synced; it was heard so long ago.
    Stale(Duration),
    /// The task is final, and nothing newer can come.
    Final,
    /// Its agent no longer knows it: what became of it cannot be known.
    Closed,
    /// Its node has not reported in this term yet.
    NotReportedYet,
}

impl fmt::Display for Freshness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Freshness::Fresh(age) => write!(f, "fresh, heard {}.{:03} s ago", age.as_secs(), age.subsec_millis()),
            Freshness::Stale(age) => write!(f, "stale for {}.{:03} s", age.as_secs(), age.subsec_millis()),
            Freshness::Final => f.write_str("final"),
            Freshness::Closed => f.write_str("closed, outcome unknown"),
            Freshness::NotReportedYet => f.write_str("not reported yet"),
        }
    }
}

/// The view of a controller: a borrow, free of cost.
#[derive(Clone, Copy)]
pub struct View<'a> {
    controller: &'a Controller,
}

impl<'a> View<'a> {
    pub(super) fn new(controller: &'a Controller) -> View<'a> {
        View { controller }
    }

    /// The revision of the view: changes are read from it on by [`Controller::changes_since`].
    pub fn revision(self) -> ViewRevision {
        ViewRevision { incarnation: self.controller.nonce.0, revision: self.controller.archive.history.revision() }
    }

    /// The tasks that a filter takes: with [`View::revision`], the snapshot that a watcher starts from.
    pub fn select(self, filter: &'a Filter) -> impl Iterator<Item = TaskView<'a>> {
        let nodes = self.nodes().filter(|node| filter.has_node(node.id()));
        nodes.flat_map(NodeView::tasks).filter(|task| filter.takes(*task))
    }

    /// All nodes that are known, in the order in which they were first heard.
    pub fn nodes(self) -> impl Iterator<Item = NodeView<'a>> {
        self.controller.nodes.iter().flatten().map(|node| NodeView { node })
    }

    /// The same from a node on, whether it is still known or not.
    pub fn nodes_from(self, first: NodeId) -> impl Iterator<Item = NodeView<'a>> {
        self.controller.nodes.iter().skip(first.0 as usize).flatten().map(|node| NodeView { node })
    }

    /// One node.
    pub fn node(self, id: NodeId) -> Option<NodeView<'a>> {
        self.controller.node_ref(id).map(|node| NodeView { node })
    }

    /// All tasks of a node, the live ones by slot and then those kept after they were closed. Nothing for an unknown node.
    pub fn tasks_of(self, id: NodeId) -> impl Iterator<Item = TaskView<'a>> {
        self.node(id).into_iter().flat_map(NodeView::tasks)
    }

    /// One task of a node.
    pub fn find(self, id: NodeId, task: TaskId) -> Option<TaskView<'a>> {
        self.node(id)?.task(task)
    }

    /// A task wherever it is known: one look-up a node.
    pub fn find_task(self, task: TaskId) -> impl Iterator<Item = (NodeId, TaskView<'a>)> {
        self.nodes().filter_map(move |node| node.task(task).map(|found| (node.id(), found)))
    }
}

/// What is known of a node.
#[derive(Clone, Copy)]
pub struct NodeView<'a> {
    node: &'a Node,
}

impl<'a> NodeView<'a> {
    /// Its number here.
    pub fn id(self) -> NodeId {
        self.node.id
    }

    /// Its name.
    pub fn name(self) -> &'a Name {
        &self.node.name
    }

    /// The session that is open with it, the only one that its deltas are taken from.
    pub fn session(self) -> Option<SessionId> {
        self.node.session.as_ref().map(|session| session.id)
    }

    /// Whether it is there.
    pub fn reachability(self) -> Reachability {
        self.node.reachability
    }

    /// Whether its cursor has reached the tip that it named when it opened its session.
    pub fn is_synced(self) -> bool {
        self.node.synced
    }

    /// Whether its tasks are stale: from Lost until it is synced again.
    pub fn is_stale(self) -> bool {
        self.node.is_stale()
    }

    /// Its newest incarnation; `None` before its first session.
    pub fn epoch(self) -> Option<Epoch> {
        self.node.known.map(|maker| maker.epoch)
    }

    /// The position up to which everything is known.
    pub fn received(self) -> Position {
        self.node.subscriber.position()
    }

    /// The revision up to which everything is durable here.
    pub fn durable(self) -> Revision {
        self.node.subscriber.durable()
    }

    /// The position up to which events were polled.
    pub fn polled(self) -> Position {
        self.node.polled
    }

    /// Whether a snapshot is being staged.
    pub fn is_staging(self) -> bool {
        self.node.subscriber.is_staging()
    }

    /// Live tasks.
    pub fn task_count(self) -> usize {
        self.node.subscriber.replica.table.len()
    }

    /// When a new frame of it was heard last.
    pub fn last_heard(self) -> Option<Instant> {
        self.node.heard_at
    }

    /// Until when its silence means nothing, as it has said (`sleep_for`) or as it was sent away; its lease begins then. It
    /// may have passed.
    pub fn silent_until(self) -> Option<Instant> {
        self.node.silent_until_at
    }

    /// How far its wall clock is ahead of the controller's, in milliseconds, negative if it is behind: by the heartbeats of
    /// late that made the shortest round trip, wrong by half of that at most. `None` before its second heartbeat.
    pub fn clock_offset_ms(self) -> Option<i64> {
        self.node.clocks.offset_ms()
    }

    /// The shortest round trip that heartbeats of late have made.
    pub fn round_trip(self) -> Option<Duration> {
        self.node.clocks.round_trip().map(Duration::from_micros)
    }

    /// Its tasks.
    pub fn tasks(self) -> impl Iterator<Item = TaskView<'a>> {
        let node = self.node;
        let rows = node.subscriber.replica.table.rows();
        let live = rows.map(move |(slot, row)| TaskView { node, held: Held::Live(slot, row) });
        let closed = node
            .closed_order
            .iter()
            .filter_map(|(_, id)| node.closed.get(id))
            .map(move |closed| TaskView { node, held: Held::Closed(closed) });
        live.chain(closed)
    }

    /// Its tasks from a cursor on, each with the cursor behind it; 0 is the start. What changes between two uses of a
    /// cursor may be missed or met twice; a cursor of nowhere gives what comes after it.
    pub fn tasks_from(self, cursor: u64) -> impl Iterator<Item = (u64, TaskView<'a>)> {
        // Slots and places among the closed tasks are both below 2^32.
        const CLOSED: u64 = 1 << 32;
        let node = self.node;
        let table = &node.subscriber.replica.table;
        let first = u32::try_from(cursor).unwrap_or(u32::MAX);
        let live = (first..table.slots_used()).filter_map(move |slot| {
            let row = table.row(Slot(slot))?;
            Some((u64::from(slot) + 1, TaskView { node, held: Held::Live(Slot(slot), row) }))
        });
        let passed = usize::try_from(cursor.saturating_sub(CLOSED)).unwrap_or(usize::MAX);
        let closed = node.closed_order.iter().enumerate().skip(passed).filter_map(move |(place, (_, id))| {
            let closed = node.closed.get(id)?;
            Some((CLOSED + place as u64 + 1, TaskView { node, held: Held::Closed(closed) }))
        });
        live.chain(closed)
    }

    /// One of its tasks.
    pub fn task(self, id: TaskId) -> Option<TaskView<'a>> {
        let node = self.node;
        let table = &node.subscriber.replica.table;
        if let Some((slot, row)) = table.slot(id).and_then(|slot| Some((slot, table.row(slot)?))) {
            return Some(TaskView { node, held: Held::Live(slot, row) });
        }
        node.closed.get(&id).map(|closed| TaskView { node, held: Held::Closed(closed) })
    }

    /// The task in a slot, if the detail shown of it is the one that this frame brought.
    pub(super) fn task_showing(self, slot: Slot, number: FrameNumber) -> Option<TaskView<'a>> {
        let node = self.node;
        let row = node.subscriber.replica.table.row(slot)?;
        (row.shown() == Some(number)).then_some(TaskView { node, held: Held::Live(slot, row) })
    }
}

impl fmt::Debug for NodeView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {} {}", self.name(), self.reachability())
    }
}

/// What is known of a task.
#[derive(Clone, Copy)]
pub struct TaskView<'a> {
    node: &'a Node,
    held: Held<'a>,
}

/// Where it is kept.
#[derive(Clone, Copy)]
enum Held<'a> {
    Live(Slot, &'a Row),
    Closed(&'a Closed),
}

impl fmt::Debug for TaskView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {} {} #{}", self.id(), self.state(), self.number())
    }
}

impl<'a> TaskView<'a> {
    /// The node that reports it.
    pub fn node(self) -> NodeId {
        self.node.id
    }

    /// The task.
    pub fn id(self) -> TaskId {
        match self.held {
            Held::Live(_, row) => row.id(),
            Held::Closed(closed) => closed.record.id,
        }
    }

    fn reported(self) -> State {
        match self.held {
            Held::Live(_, row) => row.state(),
            Held::Closed(closed) => closed.record.state,
        }
    }

    /// The state: what its agent reported, or the final that the view keeps against it (see [`TaskView::mark`]).
    pub fn state(self) -> State {
        match self.mark() {
            Some(Mark::Conflict { state, .. }) => *state,
            _ => self.reported(),
        }
    }

    /// The attempt that its agent reported.
    pub fn attempt(self) -> u32 {
        self.record().attempt
    }

    /// The number of its newest transition; that of the final that the view keeps, under a conflict.
    pub fn number(self) -> u32 {
        match self.mark() {
            Some(Mark::Conflict { number, .. }) => *number,
            _ => self.record().number,
        }
    }

    /// What its agent says, whole.
    pub fn record(self) -> Record {
        match self.held {
            Held::Live(slot, row) => self.node.subscriber.replica.table.unpack(slot, row),
            Held::Closed(closed) => closed.record.clone(),
        }
    }

    /// Whether its metadata travels apart and has not come yet.
    pub fn is_value_pending(self) -> bool {
        self.record().metadata.as_deref().is_some_and(|metadata| metadata.is_pending())
    }

    /// The newest detail of a running task.
    pub fn detail(self) -> Option<Detail> {
        match self.held {
            Held::Live(slot, _) => self.node.subscriber.replica.detail(slot),
            Held::Closed(_) => None,
        }
    }

    /// What the controller notes beside it.
    pub fn mark(self) -> Option<&'a Mark> {
        match self.held {
            Held::Closed(closed) => closed.mark.as_ref(),
            Held::Live(_, row) if !self.node.marks.is_empty() => {
                let registered = row.registered(self.node.subscriber.replica.table.epochs());
                self.node.marks.get(&row.id()).filter(|mark| mark.registered() == registered)
            }
            Held::Live(..) => None,
        }
    }

    /// Whether its agent has forgotten it, or no longer knows it: what stands here is kept by the view alone.
    pub fn is_closed(self) -> bool {
        matches!(self.held, Held::Closed(_))
    }

    /// Whether the knowledge of it is stale.
    pub fn is_stale(self) -> bool {
        !self.is_closed() && self.node.is_stale()
    }

    /// How fresh the knowledge of it is.
    pub fn freshness(self, now: Instant) -> Freshness {
        if self.is_closed() {
            return if self.reported().is_ended() { Freshness::Final } else { Freshness::Closed };
        }
        match (self.node.heard_at, self.node.reachability) {
            (_, Reachability::NotReportedYet) | (None, _) => Freshness::NotReportedYet,
            (Some(heard), Reachability::Left) => Freshness::Stale(now.since(heard)),
            (Some(heard), _) if self.is_stale() => Freshness::Stale(now.since(heard)),
            (Some(heard), _) => Freshness::Fresh(now.since(heard)),
        }
    }
}
