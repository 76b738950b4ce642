//! What a host can ask of any task, and what the answer is worth: known, absent, not reported yet, or its node cannot be
//! reached; each with the age of that knowledge.

use core::time::Duration;

use super::view::{Reachability, TaskView};
use super::Controller;
use crate::id::{NodeId, TaskId};
use crate::time::Instant;

/// What is known of a task. An age is the time since its node was heard last; for what was never heard in this term, the time
/// since this controller began to wait for it.
#[derive(Clone, Copy, Debug)]
pub enum Knowledge<'a> {
    /// It is known as it stands: its node is there and synced, or the task is closed and nothing newer can come.
    Known {
        /// The task.
        task: TaskView<'a>,
        /// How old that is.
        age: Duration,
    },
    /// Its node is there and synced, and has no such task.
    Absent {
        /// How old that is.
        age: Duration,
    },
    /// Its node has not told all that it has in this term, or was never heard of: the task may be as it is held, otherwise,
    /// or new. It is not absent.
    NotReportedYet {
        /// What was known of it before.
        held: Option<TaskView<'a>>,
        /// How old that is, or how long it is waited for.
        age: Duration,
    },
    /// Its node is lost, or has left.
    NodeUnreachable {
        /// What was known of it when the node was heard last.
        held: Option<TaskView<'a>>,
        /// How long ago that was.
        age: Duration,
    },
}

impl Controller {
    /// What is known of a task of a node. One look-up.
    pub fn query(&self, now: Instant, id: NodeId, task: TaskId) -> Knowledge<'_> {
        let since = |at: Instant| now.max(at).since(at);
        let started = self.started.unwrap_or(now);
        let Some(node) = self.view().node(id) else {
            return Knowledge::NotReportedYet { held: None, age: since(started) };
        };
        let age = since(node.last_heard().unwrap_or(started));
        let held = node.task(task);
        if let Some(task) = held.filter(|task| task.is_closed()) {
            return Knowledge::Known { task, age };
        }
        match (node.reachability(), held) {
            (Reachability::Lost | Reachability::Left, held) => Knowledge::NodeUnreachable { held, age },
            (Reachability::NotReportedYet, held) => Knowledge::NotReportedYet { held, age },
            (_, held) if !node.is_synced() => Knowledge::NotReportedYet { held, age },
            (_, Some(task)) => Knowledge::Known { task, age },
            (_, None) => Knowledge::Absent { age },
        }
    }
}
