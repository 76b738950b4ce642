//! What a controller tells its host.

use alloc::sync::Arc;

use crate::id::{Epoch, Name, NodeId, TaskId, Term};
use crate::revision::{Made, Position, Revision};
use crate::task::{Exit, Payload, Reason, Source, State};
use crate::time::{Instant, UnixMillis};
use crate::value::Value;
use crate::wire::{Symptom, Verdict};

/// One transition, as the controller's host sees it: once, in order.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Transition {
    /// The task.
    pub task: TaskId,
    /// Which registration of it.
    pub registered: Made,
    /// The identity of the entry: with the node, it names it for ever.
    pub position: Position,
    /// The agent's epoch in which it was made.
    pub epoch: Epoch,
    /// The attempt.
    pub attempt: u32,
    /// The number of the transition; 1 is the registration.
    pub number: u32,
    /// The state left; `None` for a registration.
    pub from: Option<State>,
    /// The state reached.
    pub state: State,
    /// When, by the agent's wall clock.
    pub at: UnixMillis,
    /// Why.
    pub reason: Reason,
    /// Who says so.
    pub source: Source,
    /// How the process ended.
    pub exit: Exit,
    /// Metadata, with the registration. A long one [is pending](Value::is_pending): `ValueWhole` follows.
    pub metadata: Option<Arc<Value>>,
    /// Message, result, trace, extension.
    pub payload: Option<Arc<Payload>>,
    /// Whether the host may have seen it before (told by its position).
    pub may_be_repeat: bool,
    /// Whether the number goes back, or repeats one already seen: two histories of one task.
    pub out_of_sequence: bool,
}

/// One piece of news for the controller's host.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ControllerEvent {
    /// A task moved. Lossless.
    Transition {
        /// The node.
        node: NodeId,
        /// What happened.
        transition: Transition,
    },
    /// The metadata of a task, which travelled apart from its registration, is whole and can be read in the view: store it.
    /// Until then the registration does not count as durable, whatever is committed.
    ValueWhole {
        /// The node.
        node: NodeId,
        /// The task.
        task: TaskId,
        /// Which registration of it.
        registered: Made,
    },
    /// The agent's host forgot a task: no attempt will follow. The view keeps its final state for a while. Lossless.
    TaskForgotten {
        /// The node.
        node: NodeId,
        /// The task.
        task: TaskId,
        /// Which registration of it.
        registered: Made,
        /// The identity of the tombstone.
        position: Position,
        /// Whether the host may have seen it before.
        may_be_repeat: bool,
    },
    /// An entry of a kind that only a later version knows: it is kept in the task's record. Lossless.
    EntryOfUnknownKind {
        /// The node.
        node: NodeId,
        /// The task.
        task: TaskId,
        /// The identity of the entry.
        position: Position,
    },
    /// Transitions of a task were let go before this controller (or its store) saw them. The last of them left this state.
    HistoryGap {
        /// The node.
        node: NodeId,
        /// The task.
        task: TaskId,
        /// Which registration of it.
        registered: Made,
        /// The first number missing.
        from: u32,
        /// The last number missing.
        to: u32,
        /// The state that it left.
        state: State,
        /// The attempt it left.
        attempt: u32,
        /// Whether the range may be inexact.
        may_be_inexact: bool,
    },
    /// After a repair the agent says less of a task than the view knew: numbers go back.
    NumbersBack {
        /// The node.
        node: NodeId,
        /// The task.
        task: TaskId,
        /// The number that the view had.
        from: u32,
        /// The number that the agent has.
        to: u32,
        /// The state that the agent says.
        state: State,
    },
    /// What became of an unfinished task cannot be known: its agent no longer knows it.
    OutcomeUnknown {
        /// The node.
        node: NodeId,
        /// The task.
        task: TaskId,
        /// Which registration of it.
        registered: Made,
        /// The last state known.
        state: State,
        /// The number of the last transition known.
        number: u32,
    },
    /// The agent contradicts a known final: the view keeps the final, and what the agent says is kept beside it.
    Conflict {
        /// The node.
        node: NodeId,
        /// The task.
        task: TaskId,
        /// Which registration of it.
        registered: Made,
        /// The final that the view keeps.
        kept: State,
        /// The transition number of that final.
        kept_number: u32,
        /// What the agent says.
        says: State,
        /// The transition number of that.
        says_number: u32,
    },
    /// A final that this controller never knew, learnt from the agent's ring of forgotten finals.
    FinalLearned {
        /// The node.
        node: NodeId,
        /// The task.
        task: TaskId,
        /// Which registration of it.
        registered: Made,
        /// How it ended.
        state: State,
        /// The number of its last transition.
        number: u32,
        /// The last number that the view had seen; 0 for none.
        seen: u32,
    },
    /// A mark was disproved by what the agent says now.
    MarkLifted {
        /// The node.
        node: NodeId,
        /// The task.
        task: TaskId,
    },
    /// The host had given the task up, and the agent reports it after all: two truths met, both are kept.
    LateTruth {
        /// The node.
        node: NodeId,
        /// The task.
        task: TaskId,
        /// What the agent says.
        state: State,
    },
    /// The agent's history is not the controller's. Comes before any record of the node changes.
    HistoryDiffers {
        /// The node.
        node: NodeId,
        /// How the agent judged.
        verdict: Verdict,
        /// Where the controller stood.
        held: Position,
        /// The agent's base.
        base: Position,
        /// The agent's tip.
        tip: Position,
    },
    /// A repair is done: the view is the agent's again.
    Repaired {
        /// The node.
        node: NodeId,
        /// The verdict that it began with.
        verdict: Verdict,
        /// The position reached.
        position: Position,
        /// Gaps, unknown outcomes and conflicts that it found, in this order.
        counts: [u32; 3],
    },
    /// The controller found that its copy differs and asked to be judged.
    DriftFound {
        /// The node.
        node: NodeId,
        /// What showed it.
        symptom: Symptom,
        /// Where.
        position: Position,
    },
    /// A node was heard of for the first time, or opened a session.
    NodeOpened {
        /// The node.
        node: NodeId,
        /// Its epoch.
        epoch: Epoch,
        /// How the agent judged.
        verdict: Verdict,
    },
    /// The node's cursor has reached the tip that it named when it opened: its tasks are no longer stale.
    NodeSynced {
        /// The node.
        node: NodeId,
        /// The position reached.
        position: Position,
    },
    /// A heartbeat is missing.
    NodeSuspect {
        /// The node.
        node: NodeId,
    },
    /// A suspect node was heard again in time.
    NodeLive {
        /// The node.
        node: NodeId,
    },
    /// So many of the nodes that were believed in fell silent within one interval that the fault is more likely on this
    /// side: no lease ends until somebody is heard, `all_clear` is called, or the configured time is up.
    MassSilence {
        /// How many.
        silent: u32,
        /// Of how many.
        of: u32,
    },
    /// The lease ended. Its tasks are stale, and keep the state that was reported.
    NodeLost {
        /// The node.
        node: NodeId,
        /// How many tasks are stale now.
        tasks_stale: u32,
    },
    /// The node said goodbye.
    NodeLeft {
        /// The node.
        node: NodeId,
    },
    /// Events up to this position have been polled: store them, then call `commit` with it.
    CommitDue {
        /// The node.
        node: NodeId,
        /// The position to commit.
        position: Position,
    },
    /// Two machines use one identity: one epoch with two nonces.
    DuplicateIdentity {
        /// The node.
        node: NodeId,
        /// The epoch.
        epoch: Epoch,
    },
    /// A node says that it will be silent: until then that means nothing, and its lease begins only afterwards.
    NodeSleeps {
        /// The node.
        node: NodeId,
        /// Until when, by this host's clock.
        until: Instant,
    },
    /// An agent has accepted a larger term, or this term from another controller: this controller is deposed there.
    Deposed {
        /// The node whose agent says so.
        node: Name,
        /// The term that the agent accepted.
        seen: Term,
        /// Whether it is this very term, of another controller or another life of this one.
        conflict: bool,
    },
    /// A HELLO was refused.
    HelloRefused {
        /// The name it gave.
        node: Name,
        /// The revision of its tail, for the record.
        tail: Revision,
        /// Why.
        refusal: crate::wire::Refusal,
    },
}

impl ControllerEvent {
    /// Where the history of its node stands when the event has been polled, if it brings it further.
    pub(super) fn reaches(&self) -> Option<Position> {
        match self {
            ControllerEvent::Transition { transition, .. } => Some(transition.position),
            ControllerEvent::TaskForgotten { position, .. }
            | ControllerEvent::EntryOfUnknownKind { position, .. }
            | ControllerEvent::Repaired { position, .. } => Some(*position),
            _ => None,
        }
    }
}
