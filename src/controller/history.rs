//! What has changed in the view, in order: the audit log, and what watchers read. Here changes are written down and
//! bounded; how they are read is in `watch`.
//!
//! Two rings share one revision. The first has what is lossless: every transition, removals, marks, nodes. The second has
//! details shown, so that progress reports never push a transition out; of it only the newest entry of a task counts,
//! told by the frame that brought what is shown. Writing is O(1), and takes no memory once the rings are full.
//!
//! Invariants: revisions rise by one a change and are never used twice; whatever left a ring is at or below what the ring
//! says was dropped.

use alloc::collections::VecDeque;

use super::event::Transition;
use super::view::{Mark, Reachability};
use crate::id::{Epoch, FrameNumber, NodeId, Slot, TaskId};
use crate::revision::Revision;
use crate::task::{Exit, Reason, Source, State, TraceContext};
use crate::time::UnixMillis;

/// How a task moved, as its agent reported it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Moved {
    /// The revision of the entry in the history of its node.
    pub entry: Revision,
    /// The attempt.
    pub attempt: u32,
    /// The number of the transition; 1 is the registration.
    pub number: u32,
    /// The state left; `None` for a registration.
    pub from: Option<State>,
    /// The state reached.
    pub state: State,
    /// Why.
    pub reason: Reason,
    /// Who says so.
    pub source: Source,
    /// How the process ended.
    pub exit: Exit,
}

/// How a node stands, apart from its tasks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NodeStanding {
    /// Its newest incarnation; `None` before its first session.
    pub epoch: Option<Epoch>,
    /// Whether it is there.
    pub reachability: Reachability,
    /// Whether its tasks are stale.
    pub stale: bool,
    /// Whether its cursor has reached the tip that it named when it opened its session.
    pub synced: bool,
    /// Whether its silence means nothing, as it said or as it was sent away (see `NodeView::silent_until`).
    pub silent: bool,
}

/// What happened at one revision of the view.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Happening {
    /// A task moved.
    Moved {
        /// The task.
        task: TaskId,
        /// How.
        moved: Moved,
    },
    /// Its agent forgot a task: the view keeps its end under its own retention.
    Forgotten {
        /// The task.
        task: TaskId,
    },
    /// An entry of a kind that only a later version knows changed the record of a task.
    Extended {
        /// The task.
        task: TaskId,
    },
    /// The view keeps a task no longer: its retention is over.
    Removed {
        /// The task.
        task: TaskId,
    },
    /// The controller noted something beside a task.
    Marked {
        /// The task.
        task: TaskId,
        /// What.
        mark: Mark,
    },
    /// A mark was disproved.
    MarkLifted {
        /// The task.
        task: TaskId,
    },
    /// A newer detail is shown.
    DetailShown {
        /// The task.
        task: TaskId,
    },
    /// A node was heard of for the first time, or stands otherwise than it did.
    NodeChanged {
        /// How it stands now.
        standing: NodeStanding,
    },
    /// The history of a node was replaced: any of its tasks may be other than it was, or gone.
    TasksReplaced,
    /// The host had a node forgotten, with all its tasks.
    NodeForgotten,
}

impl Happening {
    /// The task that it is about.
    pub fn task(&self) -> Option<TaskId> {
        match *self {
            Happening::Moved { task, .. }
            | Happening::Forgotten { task }
            | Happening::Extended { task }
            | Happening::Removed { task }
            | Happening::Marked { task, .. }
            | Happening::MarkLifted { task }
            | Happening::DetailShown { task } => Some(task),
            Happening::NodeChanged { .. } | Happening::TasksReplaced | Happening::NodeForgotten => None,
        }
    }
}

/// One lossless change that is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    pub node: NodeId,
    pub at: UnixMillis,
    pub happening: Happening,
}

/// Where a detail was shown, and the frame that brought it: whether it is still the one shown is seen when it is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct DetailKept {
    pub node: NodeId,
    pub slot: Slot,
    pub number: FrameNumber,
    pub at: UnixMillis,
}

/// A bounded number of changes, the oldest first, each with its revision.
#[derive(Clone, Debug)]
pub(super) struct Ring<T> {
    items: VecDeque<(u64, T)>,
    bound: usize,
    /// The revision of the newest change that is not kept any more, or never was.
    dropped: u64,
}

impl<T> Ring<T> {
    fn new(bound: u32) -> Ring<T> {
        Ring { items: VecDeque::new(), bound: bound as usize, dropped: 0 }
    }

    fn push(&mut self, revision: u64, item: T) {
        if self.bound == 0 {
            self.dropped = revision;
            return;
        }
        if self.items.len() == self.bound {
            if let Some((oldest, _)) = self.items.pop_front() {
                self.dropped = oldest;
            }
        }
        self.items.push_back((revision, item));
    }

    /// The revision from which on every change is kept.
    pub(super) fn oldest(&self) -> u64 {
        self.dropped
    }

    pub(super) fn get(&self, index: usize) -> Option<&(u64, T)> {
        self.items.get(index)
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// The index of the first change after a revision.
    pub(super) fn after(&self, revision: u64) -> usize {
        self.items.partition_point(|(at, _)| *at <= revision)
    }

    fn find(&self, revision: u64) -> Option<&T> {
        let index = self.items.binary_search_by_key(&revision, |(at, _)| *at).ok()?;
        self.items.get(index).map(|(_, item)| item)
    }
}

/// The history of the merged view.
#[derive(Clone, Debug)]
pub(super) struct History {
    revision: u64,
    pub(super) kept: Ring<Kept>,
    pub(super) details: Ring<DetailKept>,
    /// Trace contexts of the transitions that have one, kept apart as most have none.
    traces: Ring<TraceContext>,
}

impl History {
    pub(super) fn new(bound: u32, detail_bound: u32) -> History {
        History { revision: 0, kept: Ring::new(bound), details: Ring::new(detail_bound), traces: Ring::new(bound) }
    }

    /// The newest revision.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    pub(super) fn trace(&self, revision: u64) -> Option<TraceContext> {
        self.traces.find(revision).copied()
    }

    pub(super) fn note(&mut self, node: NodeId, at: UnixMillis, happening: Happening) {
        self.revision += 1;
        self.kept.push(self.revision, Kept { node, at, happening });
    }

    pub(super) fn note_transition(&mut self, node: NodeId, transition: &Transition) {
        let moved = Moved {
            entry: transition.position.revision,
            attempt: transition.attempt,
            number: transition.number,
            from: transition.from,
            state: transition.state,
            reason: transition.reason,
            source: transition.source,
            exit: transition.exit,
        };
        self.note(node, transition.at, Happening::Moved { task: transition.task, moved });
        if let Some(trace) = transition.payload.as_ref().and_then(|payload| payload.trace) {
            self.traces.push(self.revision, trace);
        }
    }

    pub(super) fn note_detail(&mut self, detail: DetailKept) {
        self.revision += 1;
        self.details.push(self.revision, detail);
    }

    /// How many changes are kept, of each kind.
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.kept.len(), self.details.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_that_keeps_nothing_has_dropped_everything() {
        let mut ring: Ring<u8> = Ring::new(0);
        assert_eq!(ring.oldest(), 0);
        ring.push(7, 1);
        assert_eq!((ring.oldest(), ring.len()), (7, 0));
    }

    #[test]
    fn a_ring_names_the_newest_change_that_it_let_go() {
        let mut ring = Ring::new(2);
        for revision in [3, 5, 8, 9] {
            ring.push(revision, revision);
        }
        assert_eq!(ring.oldest(), 5);
        assert_eq!((ring.after(5), ring.after(8), ring.after(9)), (0, 1, 2));
        assert_eq!((ring.find(8), ring.find(5)), (Some(&8), None));
    }
}
