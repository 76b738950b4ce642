//! Watching the view: any number of watchers, none of them registered, each with the revision that it has read up to.
//!
//! A change says what happened, for the audit, and gives what it is about as it stands *now*, for a watcher that keeps a
//! copy: such a copy, and any filtered part of it, is right whenever its watcher has read to the newest revision. What
//! changes are written down is left to `history`.

use alloc::collections::BTreeSet;
use core::fmt;

use super::history::{DetailKept, Happening, Kept};
use super::view::{NodeView, TaskView};
use super::Controller;
use crate::bait::bait;
use crate::id::{NodeId, TaskId};
use crate::replica::Piece;
use crate::stream::Reported;
use crate::task::{State, TraceContext};
use crate::time::UnixMillis;

/// A revision of the merged view of one controller incarnation: all that a watcher has to remember.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ViewRevision {
    /// The controller's incarnation: the nonce that it draws from its seed, its term and its name.
    pub incarnation: u64,
    /// The revision: 0 before the first change, and one more for each.
    pub revision: u64,
}

impl fmt::Display for ViewRevision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}:{}", self.incarnation, self.revision)
    }
}

/// Why changes cannot be read from a revision on. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// Changes after the revision are no longer kept: start over from a snapshot ([`View::revision`](crate::View::revision), then
    /// [`View::select`](crate::View::select)).
    #[error("the history after revision {asked} is no longer kept whole, only that after {oldest}; start over from a snapshot")]
    Compacted {
        /// The revision given.
        asked: ViewRevision,
        /// The oldest revision from which changes can be read.
        oldest: ViewRevision,
    },
    /// There is no such revision yet: it is not one that this controller gave.
    #[error("revision {asked} is of the future: the newest is {newest}; start over from a snapshot")]
    Future {
        /// The revision given.
        asked: ViewRevision,
        /// The newest revision.
        newest: ViewRevision,
    },
    /// The revision is of another incarnation of the controller: start over from a snapshot.
    #[error(
        "revision {asked} is of another incarnation than this, which stands at {newest}; start over from a snapshot"
    )]
    OtherIncarnation {
        /// The revision given.
        asked: ViewRevision,
        /// The newest revision of this incarnation.
        newest: ViewRevision,
    },
}

/// What a watcher cares for. The default is everything.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Filter {
    nodes: Option<BTreeSet<NodeId>>,
    states: u8,
    details: bool,
}

const ALL_STATES: u8 = (1 << State::ALL.len()) - 1;

impl Default for Filter {
    fn default() -> Filter {
        Filter { nodes: None, states: ALL_STATES, details: true }
    }
}

fn bit(state: State) -> u8 {
    1 << (state.code() / 100 - 1)
}

impl Filter {
    /// Everything.
    pub fn everything() -> Filter {
        Filter::default()
    }

    /// This node, beside those already chosen; without any, every node.
    #[must_use]
    pub fn node(mut self, node: NodeId) -> Filter {
        self.nodes.get_or_insert_with(BTreeSet::new).insert(node);
        self
    }

    /// Tasks in these states alone, as [`TaskView::state`] says them.
    #[must_use]
    pub fn states(mut self, states: &[State]) -> Filter {
        self.states = states.iter().fold(0, |bits, state| bits | bit(*state));
        self
    }

    /// No changes of details: what is read then is bounded by `ControllerConfig::history` alone.
    #[must_use]
    pub fn without_details(mut self) -> Filter {
        self.details = false;
        self
    }

    /// Whether it is about this node.
    pub fn has_node(&self, node: NodeId) -> bool {
        self.nodes.as_ref().is_none_or(|nodes| nodes.contains(&node))
    }

    /// Whether it is about tasks in this state.
    pub fn has_state(&self, state: State) -> bool {
        self.states & bit(state) != 0
    }

    /// Whether it is about this task, as it stands now.
    pub fn takes(&self, task: TaskView<'_>) -> bool {
        self.has_node(task.node()) && self.has_state(task.state())
    }
}

/// What a watcher that keeps a copy does with a change. All of it is as the view stands now, not as it stood then.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Effect<'a> {
    /// Put this task in place of what the copy has of it.
    Task(TaskView<'a>),
    /// Take this task out, if the copy has it: it is gone, or no longer what the filter is about.
    TaskGone(TaskId),
    /// Put what is known of this node, apart from its tasks, in place of what the copy has of it.
    Node(NodeView<'a>),
    /// Take all tasks of this node out, and put those in that it has now and the filter takes.
    Tasks(NodeView<'a>),
    /// Take this node out with all its tasks.
    NodeGone(NodeId),
}

/// One change of the view.
#[derive(Clone, Copy, Debug)]
pub struct ViewChange<'a> {
    /// The revision that the view had with it: a watcher that stops here goes on from it.
    pub revision: ViewRevision,
    /// The node.
    pub node: NodeId,
    /// When: by the agent's wall clock if a task moved, else by the controller's.
    pub at: UnixMillis,
    /// What happened then.
    pub happening: Happening,
    /// The trace that it belongs to.
    pub trace: Option<TraceContext>,
    /// What follows for a copy.
    pub effect: Effect<'a>,
}

/// The changes after a revision, in order. Reading costs as much as there are changes.
#[derive(Clone, Debug)]
pub struct ViewChanges<'a> {
    controller: &'a Controller,
    filter: &'a Filter,
    /// Where the two rings are read next.
    kept: usize,
    details: usize,
}

impl<'a> ViewChanges<'a> {
    /// The revision to go on from once all of it is read, also if there was nothing to read.
    pub fn revision(&self) -> ViewRevision {
        self.controller.view().revision()
    }

    fn kept(&self, revision: u64, kept: &Kept) -> Option<ViewChange<'a>> {
        let Kept { node: id, at, happening } = *kept;
        if !self.filter.has_node(id) {
            return None;
        }
        let view = self.controller.view();
        let effect = match (view.node(id), happening.task()) {
            (None, _) => Effect::NodeGone(id),
            (Some(node), Some(task)) => match node.task(task).filter(|task| self.filter.takes(*task)) {
                Some(now) => Effect::Task(now),
                None if self.concerns(&happening) => Effect::TaskGone(task),
                None => return None,
            },
            (Some(node), None) => match happening {
                Happening::TasksReplaced => Effect::Tasks(node),
                _ => Effect::Node(node),
            },
        };
        let trace = self.controller.archive.history.trace(revision);
        Some(ViewChange { revision: self.at(revision), node: id, at, happening, trace, effect })
    }

    /// Whether a task may have been in the filtered set before, or was with this change.
    fn concerns(&self, happening: &Happening) -> bool {
        match happening {
            _ if bait!(self.controller.config.baits, LeavingUntold) => false,
            Happening::Moved { moved, .. } => {
                // A registration may take the place of a task of the same id that was kept after its end.
                self.filter.has_state(moved.state) || moved.from.is_none_or(|from| self.filter.has_state(from))
            }
            _ => true,
        }
    }

    /// A detail, if it is the one that is still shown: else a later change tells what is.
    fn detail(&self, revision: u64, kept: &DetailKept) -> Option<ViewChange<'a>> {
        if !self.filter.details || !self.filter.has_node(kept.node) {
            return None;
        }
        let now = self.controller.view().node(kept.node)?.task_showing(kept.slot, kept.number)?;
        let effect = if self.filter.takes(now) { Effect::Task(now) } else { return None };
        Some(ViewChange {
            revision: self.at(revision),
            node: kept.node,
            at: kept.at,
            happening: Happening::DetailShown { task: now.id() },
            trace: None,
            effect,
        })
    }

    fn at(&self, revision: u64) -> ViewRevision {
        ViewRevision { revision, ..self.revision() }
    }
}

impl<'a> Iterator for ViewChanges<'a> {
    type Item = ViewChange<'a>;

    fn next(&mut self) -> Option<ViewChange<'a>> {
        let history = &self.controller.archive.history;
        loop {
            let (kept, detail) = (history.kept.get(self.kept), history.details.get(self.details));
            let change = match (kept, detail) {
                (None, None) => return None,
                (Some((at, kept)), detail) if detail.is_none_or(|(other, _)| at < other) => {
                    self.kept += 1;
                    self.kept(*at, kept)
                }
                (_, Some((at, detail))) => {
                    self.details += 1;
                    self.detail(*at, detail)
                }
                (Some(_), None) => return None,
            };
            if change.is_some() {
                return change;
            }
        }
    }
}

impl Controller {
    /// What has changed in the view after a revision, as far as `filter` takes it. Any number of watchers may read, each with
    /// the revision that it has read up to: none is registered, and none is kept waiting by another. To begin, take
    /// [`View::revision`](crate::View::revision) and read the view; then read from that revision on.
    ///
    /// A watcher that keeps a copy does what each change's [`Effect`] says; its copy then equals what [`View::select`](crate::View::select) gives.
    /// It may stop at any change, and goes on from that change's revision later.
    ///
    /// # Errors
    /// [`WatchError`]; in each case the watcher starts over from a snapshot.
    pub fn changes_since<'a>(&'a self, since: ViewRevision, filter: &'a Filter) -> Result<ViewChanges<'a>, WatchError> {
        let newest = self.view().revision();
        if since.incarnation != newest.incarnation {
            return Err(WatchError::OtherIncarnation { asked: since, newest });
        }
        if since.revision > newest.revision {
            return Err(WatchError::Future { asked: since, newest });
        }
        let history = &self.archive.history;
        let mut oldest = history.kept.oldest();
        if filter.details {
            oldest = oldest.max(history.details.oldest());
        }
        // What was dropped last has the revision `oldest`: one who has read it has missed nothing.
        let promised = oldest.saturating_sub(u64::from(bait!(self.config.baits, CompactedUpToThePromise)));
        if since.revision < promised {
            let oldest = ViewRevision { revision: oldest, ..newest };
            return Err(WatchError::Compacted { asked: since, oldest });
        }
        Ok(ViewChanges {
            controller: self,
            filter,
            kept: history.kept.after(since.revision),
            details: history.details.after(since.revision),
        })
    }

    /// Writes down which details a delta has brought to be shown.
    pub(super) fn note_details(&mut self, id: NodeId, piece: &Piece<'_, Reported>) {
        let Some(node) = self.nodes.get(id.0 as usize).and_then(Option::as_ref) else { return };
        let table = &node.subscriber.replica.table;
        for (slot, _) in piece.details {
            if table.row(*slot).is_some_and(|row| row.shows(piece.epoch, piece.number, table.epochs())) {
                self.metrics.details_total += 1;
                self.archive.note_detail(id, *slot, piece.number);
            }
        }
    }

    /// Writes down how a node stands, if that has changed.
    pub(super) fn note_standing(&mut self, id: NodeId) {
        let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        let standing = node.standing();
        if node.standing_noted.replace(standing) != Some(standing) {
            self.archive.note(id, Happening::NodeChanged { standing });
        }
    }
}
