//! How long the view keeps tasks that were closed: so many a node, so many in all, and so long. What leaves is written into
//! the history, so that no watcher keeps what the view does not.
//!
//! Invariants: `kept` is how many closed tasks there are in all nodes; every node that has some stands in `due` once, not
//! later than its oldest is to go.

use alloc::collections::BinaryHeap;
use core::cmp::Reverse;
use core::time::Duration;

use super::history::{DetailKept, Happening, History};
use super::node::{Closed, Node};
use super::Controller;
use crate::bait::bait;
use crate::config::ControllerConfig;
use crate::id::{FrameNumber, NodeId, Slot, TaskId};
use crate::time::{Instant, UnixMillis};

/// What is kept of the past: the history of the view, and the tally of closed tasks.
#[derive(Clone, Debug)]
pub(super) struct Archive {
    pub history: History,
    now: Instant,
    wall: UnixMillis,
    per_node: usize,
    most: usize,
    age: Duration,
    kept: usize,
    due: BinaryHeap<Reverse<(Instant, NodeId)>>,
}

impl Archive {
    pub(super) fn new(config: &ControllerConfig) -> Archive {
        Archive {
            history: History::new(config.history, config.detail_history),
            now: Instant::ZERO,
            wall: UnixMillis(0),
            per_node: config.finals_per_node.min(config.finals) as usize,
            most: config.finals as usize,
            age: config.finals_age,
            kept: 0,
            due: BinaryHeap::new(),
        }
    }

    /// The time of the call under way, by both clocks.
    pub(super) fn enter(&mut self, now: Instant, wall: UnixMillis) {
        self.now = now;
        self.wall = wall;
    }

    /// How many closed tasks are kept in all.
    pub(super) fn kept(&self) -> usize {
        self.kept
    }

    /// Writes down what happened just now.
    pub(super) fn note(&mut self, node: NodeId, happening: Happening) {
        self.history.note(node, self.wall, happening);
    }

    /// Writes down that a frame has brought the detail that is shown of a slot now.
    pub(super) fn note_detail(&mut self, node: NodeId, slot: Slot, number: FrameNumber) {
        self.history.note_detail(DetailKept { node, slot, number, at: self.wall });
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.due.peek().map(|Reverse((at, _))| *at)
    }

    fn is_over(&self) -> bool {
        self.kept > self.most
    }
}

impl Node {
    /// Keeps a task that the replica no longer has, under the view's own retention.
    pub(super) fn close(&mut self, closed: Closed, archive: &mut Archive) {
        let id = closed.record.id;
        if archive.per_node == 0 {
            return;
        }
        self.task_unstored(id);
        if self.closed.insert(id, closed).is_none() {
            self.closed_order.push_back((archive.now, id));
            archive.kept += 1;
        }
        while self.closed.len() > archive.per_node && self.drop_oldest_closed(archive) {}
        if !core::mem::replace(&mut self.waits_for_retention, true) {
            archive.due.push(Reverse((archive.now.after(archive.age), self.id)));
        }
    }

    /// Takes a closed task out, as its id is in use again.
    pub(super) fn reopen(&mut self, id: TaskId, archive: &mut Archive) -> Option<Closed> {
        let closed = self.closed.remove(&id)?;
        self.task_unstored(id);
        self.closed_order.retain(|(_, other)| *other != id);
        archive.kept -= 1;
        Some(closed)
    }

    fn drop_oldest_closed(&mut self, archive: &mut Archive) -> bool {
        let Some((_, oldest)) = self.closed_order.pop_front() else { return false };
        if self.closed.remove(&oldest).is_some() {
            self.task_unstored(oldest);
            archive.kept -= 1;
            if !bait!(self.baits, RetentionUntold) {
                archive.note(self.id, Happening::Removed { task: oldest });
            }
        }
        true
    }
}

impl Controller {
    /// Lets closed tasks go that are too old, and the oldest of all while there are too many.
    pub(super) fn retain(&mut self) {
        let archive = &mut self.archive;
        while let Some(&Reverse((at, id))) = archive.due.peek() {
            if at > archive.now && !archive.is_over() {
                break;
            }
            archive.due.pop();
            let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { continue };
            let due = |node: &Node, age| node.closed_order.front().map(|(closed, _)| closed.after(age));
            // What stands in `due` may be too early: then the node takes its right place, and the next is looked at.
            if due(node, archive.age) == Some(at) {
                node.drop_oldest_closed(archive);
            }
            match due(node, archive.age) {
                Some(next) => archive.due.push(Reverse((next, id))),
                None => node.waits_for_retention = false,
            }
        }
    }

    /// Lets the oldest closed tasks go if there are too many in all.
    pub(super) fn retain_if_over(&mut self) {
        if self.archive.is_over() {
            self.retain();
        }
    }

    /// A node is gone, and what was kept of it.
    pub(super) fn retain_nothing_of(&mut self, node: &Node) {
        self.archive.kept -= node.closed.len();
        self.archive.note(node.id, Happening::NodeForgotten);
    }
}
