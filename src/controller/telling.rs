//! What the host hears of entries that were applied: one event each, in order, with marks and closed tasks moved along.

use alloc::sync::Arc;

use super::event::{ControllerEvent, Transition};
use super::history::Happening;
use super::node::{Closed, Node};
use super::retention::Archive;
use super::view::Mark;
use super::Controller;
use crate::bait::bait;
use crate::id::NodeId;
use crate::revision::Position;
use crate::task::{Change, Entry, Exit, Payload, Reason, Record, Source, State};
use crate::time::Instant;

impl Controller {
    /// Queues an event for each entry that the replica has just applied.
    pub(super) fn tell_applied(&mut self, now: Instant, id: NodeId, entries: &[Entry]) {
        let wall = self.wall(now);
        let lossy = self.is_lossy();
        let archive = &mut self.archive;
        let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        let mut applied = node.subscriber.replica.take_applied();
        if applied.is_empty() {
            self.applied = applied;
            return;
        }
        let new = &entries[entries.len() - applied.len().min(entries.len())..];
        for (applied, entry) in applied.iter().zip(new) {
            self.metrics.count_entry(&entry.change, node.clocks.since(entry.at, wall));
            let before = applied.before.as_ref().map(|row| node.subscriber.replica.table.unpack(applied.slot, row));
            node.slot_unstored(applied.slot);
            node.tell_entry(applied.position, before.as_ref(), entry, archive, false);
        }
        if lossy {
            let revision = node.subscriber.position().revision;
            node.subscriber.commit(revision);
        }
        applied.clear();
        self.applied = applied;
        self.note_news(id);
    }
}

impl Node {
    /// Queues the event of one entry, and moves marks and closed tasks with it. `out_of_sequence` says that its number
    /// goes back, or repeats one that the view had.
    pub(super) fn tell_entry(
        &mut self,
        position: Position,
        before: Option<&Record>,
        entry: &Entry,
        archive: &mut Archive,
        out_of_sequence: bool,
    ) {
        let may_be_repeat = self.may_be_repeat(position, entry.epoch);
        self.told_epoch = self.told_epoch.max(entry.epoch);
        match (&entry.change, before) {
            (Change::Register { id, metadata, payload }, _) => {
                let registered = crate::revision::Made { epoch: entry.epoch, revision: position.revision };
                let closed = self.reopen(*id, archive);
                if self.marks.remove(id).is_some() {
                    self.task_unstored(*id);
                }
                // A twin may register one id at one revision anew.
                if let Some(closed) = closed.filter(|closed| closed.record.registered == registered) {
                    self.stand_by_end(&closed, archive);
                }
                let transition = Transition {
                    task: *id,
                    registered,
                    position,
                    epoch: entry.epoch,
                    attempt: 0,
                    number: 1,
                    from: None,
                    state: State::Pending,
                    at: entry.at,
                    reason: Reason::NONE,
                    source: Source::HOST,
                    exit: Exit::None,
                    metadata: metadata.clone(),
                    payload: payload.clone(),
                    may_be_repeat,
                    out_of_sequence,
                };
                archive.history.note_transition(self.id, &transition);
                self.tell_transition(transition);
            }
            (Change::Move(status), Some(before)) => {
                let retry = status.state == State::Pending;
                let transition = Transition {
                    task: before.id,
                    registered: before.registered,
                    position,
                    epoch: entry.epoch,
                    attempt: before.attempt + u32::from(retry),
                    number: before.number + 1,
                    from: Some(before.state),
                    state: status.state,
                    at: entry.at,
                    reason: status.reason,
                    source: status.source,
                    exit: status.exit,
                    metadata: None,
                    payload: with_trace(before.payload.as_ref(), status.payload.as_ref()),
                    may_be_repeat,
                    out_of_sequence,
                };
                archive.history.note_transition(self.id, &transition);
                self.meet_mark(&transition, archive);
                if bait!(self.baits, RetryOfLaterAttemptUntold) && retry && before.attempt > 0 {
                    return;
                }
                self.tell_transition(transition);
            }
            (Change::Forget { .. }, Some(before)) => {
                self.task_unstored(before.id);
                let mark = self.marks.remove(&before.id).filter(|mark| mark.registered() == before.registered);
                archive.note(self.id, Happening::Forgotten { task: before.id });
                self.close(Closed { record: before.clone(), mark }, archive);
                let event = ControllerEvent::TaskForgotten {
                    node: self.id,
                    task: before.id,
                    registered: before.registered,
                    position,
                    may_be_repeat,
                };
                self.tell(event);
            }
            // An entry of a later version's kind: it is in the record, and the host has nothing to hear of it but that
            // the history has come this far.
            (_, before) => {
                if let Some(record) = before {
                    archive.note(self.id, Happening::Extended { task: record.id });
                    let event = ControllerEvent::EntryOfUnknownKind { node: self.id, task: record.id, position };
                    self.tell(event);
                }
            }
        }
    }

    fn tell_transition(&mut self, transition: Transition) {
        let node = self.id;
        self.tell(ControllerEvent::Transition { node, transition });
    }

    /// A task that was given up is reported after all: two truths met.
    fn meet_mark(&mut self, transition: &Transition, archive: &mut Archive) {
        let Some(mark) = self.marks.get(&transition.task) else { return };
        if mark.registered() != transition.registered {
            return;
        }
        let mark = *mark;
        self.task_unstored(transition.task);
        match mark {
            Mark::GivenUp { .. } => {
                let (node, task, state) = (self.id, transition.task, transition.state);
                self.tell(ControllerEvent::LateTruth { node, task, state });
            }
            Mark::OutcomeUnknown { .. } => {
                let (node, task) = (self.id, transition.task);
                self.marks.remove(&task);
                archive.note(node, Happening::MarkLifted { task });
                self.tell(ControllerEvent::MarkLifted { node, task });
            }
            // In the end it says what the view has kept.
            Mark::Conflict { state, number, .. } if (state, number) == (transition.state, transition.number) => {
                let (node, task) = (self.id, transition.task);
                self.marks.remove(&task);
                archive.note(node, Happening::MarkLifted { task });
                self.tell(ControllerEvent::MarkLifted { node, task });
            }
            Mark::Conflict { .. } => {}
        }
    }
}

/// The payload of a transition, with the trace of its task if it brings none of its own.
fn with_trace(before: Option<&Arc<Payload>>, status: Option<&Arc<Payload>>) -> Option<Arc<Payload>> {
    let trace = before.and_then(|payload| payload.trace);
    if trace.is_none() || status.is_some_and(|payload| payload.trace.is_some()) {
        return status.cloned();
    }
    let mut payload = status.map(|payload| payload.as_ref().clone()).unwrap_or_default();
    payload.trace = trace;
    payload.into_shared()
}
