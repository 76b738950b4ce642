//! What an agent's host says of its tasks: registration, transitions, details, forgetting. Each call is checked as a whole
//! before anything changes.

use alloc::sync::Arc;

use super::Agent;
use crate::error::TaskError;
use crate::id::{Slot, TaskId};
use crate::publisher::{REGISTRATION_ROOM, RETRY_ROOM};
use crate::revision::Revision;
use crate::row::Row;
use crate::stream::Stream;
use crate::task::{Change, Detail, Entry, Exit, Payload, Reason, Source, State, Status, TraceContext};
use crate::time::{Instant, UnixMillis};
use crate::value::Value;

use crate::bait::bait;

/// What a registration brings beside the task's id.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Registration<'a> {
    /// Opaque bytes that are sent once, at most the bound for values. What is longer than the bound for metadata travels
    /// apart: the controller has the task at once, and its metadata later.
    pub metadata: &'a [u8],
    /// A text for people; cut at the bound for messages.
    pub message: &'a [u8],
    /// The trace that the task belongs to.
    pub trace: Option<TraceContext>,
    /// When it happened; the agent's wall clock if not given.
    pub at: Option<UnixMillis>,
}

/// What a transition brings beside the state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Report<'a> {
    /// Why.
    pub reason: Reason,
    /// Who says so.
    pub source: Source,
    /// How the process ended.
    pub exit: Exit,
    /// A text for people; cut at the bound for messages, with a flag that says so.
    pub message: &'a [u8],
    /// What the attempt produced, at most the bound for results.
    pub result: &'a [u8],
    /// The trace that this change belongs to.
    pub trace: Option<TraceContext>,
    /// When it happened; the agent's wall clock if not given. Below 2^62.
    pub at: Option<UnixMillis>,
}

impl Agent {
    /// Registers a task: PENDING, attempt 0, transition 1. Room for its end is reserved.
    ///
    /// # Errors
    /// [`TaskError::Full`] when there is no room for another task: try again when more has become durable;
    /// [`TaskError::AlreadyRegistered`]; [`TaskError::TooLong`]. Nothing is changed.
    pub fn register(&mut self, now: Instant, id: TaskId, metadata: &[u8]) -> Result<Revision, TaskError> {
        self.register_with(now, id, Registration { metadata, ..Registration::default() })
    }

    /// The same, with a message, a trace, a time.
    ///
    /// # Errors
    /// As [`Agent::register`].
    pub fn register_with(
        &mut self,
        now: Instant,
        id: TaskId,
        registration: Registration<'_>,
    ) -> Result<Revision, TaskError> {
        let now = self.enter(now);
        let limits = &self.config.limits;
        check_length("metadata", registration.metadata, limits.metadata.max(limits.value))?;
        let slot = self.publisher.slot_for(id)?;
        if bait!(self.config.baits, OldestEntryDropped) {
            self.publisher.make_room(REGISTRATION_ROOM);
        }
        self.publisher.reserve(REGISTRATION_ROOM)?;
        let metadata = match registration.metadata {
            [] => None,
            long if long.len() > self.config.limits.metadata as usize => Some(Arc::new(Value::long(long))),
            short => Some(Arc::new(Value::new(short))),
        };
        let payload = self.payload(registration.message, &[], registration.trace);
        let at = self.at(now, registration.at);
        self.make(now, slot, at, Change::Register { id, metadata, payload })
    }

    /// The task begins to run.
    ///
    /// # Errors
    /// As [`Agent::transition`].
    pub fn running(&mut self, now: Instant, id: TaskId) -> Result<Revision, TaskError> {
        self.transition(now, id, State::Running, Report::default())
    }

    /// The task has ended well.
    ///
    /// # Errors
    /// As [`Agent::transition`].
    pub fn succeeded(&mut self, now: Instant, id: TaskId, exit: Exit) -> Result<Revision, TaskError> {
        self.transition(now, id, State::Succeeded, Report { exit, ..Report::default() })
    }

    /// The task has ended badly, or could not start.
    ///
    /// # Errors
    /// As [`Agent::transition`].
    pub fn failed(&mut self, now: Instant, id: TaskId, reason: Reason, exit: Exit) -> Result<Revision, TaskError> {
        self.transition(now, id, State::Failed, Report { reason, exit, ..Report::default() })
    }

    /// The task has ended because someone wanted it to.
    ///
    /// # Errors
    /// As [`Agent::transition`].
    pub fn cancelled(&mut self, now: Instant, id: TaskId, reason: Reason) -> Result<Revision, TaskError> {
        self.transition(now, id, State::Cancelled, Report { reason, ..Report::default() })
    }

    /// A FAILED task is tried again: PENDING of the next attempt.
    ///
    /// # Errors
    /// As [`Agent::transition`]; [`TaskError::Full`] when there is no room for another attempt.
    pub fn retry(&mut self, now: Instant, id: TaskId) -> Result<Revision, TaskError> {
        self.transition(now, id, State::Pending, Report::default())
    }

    /// The task moves to `state`.
    ///
    /// # Errors
    /// [`TaskError::UnknownTask`]; [`TaskError::Illegal`] names both states when the move is not in the table;
    /// [`TaskError::TooLong`] for a result beyond its bound; [`TaskError::Full`] for a retry without room;
    /// [`TaskError::BeingForgotten`]. Nothing is changed.
    pub fn transition(
        &mut self,
        now: Instant,
        id: TaskId,
        state: State,
        report: Report<'_>,
    ) -> Result<Revision, TaskError> {
        let now = self.enter(now);
        let (slot, held) = self.held(id)?;
        check_length("result", report.result, self.config.limits.result)?;
        let legal = held.state().may_become(state);
        if self.publisher.is_retiring(slot) {
            return Err(TaskError::BeingForgotten(id));
        }
        if legal && state == State::Pending && !bait!(self.config.baits, RetryReservesNothing) {
            self.publisher.reserve(RETRY_ROOM)?;
        }
        let status = Status {
            state,
            reason: report.reason,
            source: report.source,
            exit: report.exit,
            payload: self.payload(report.message, report.result, report.trace),
        };
        let at = self.at(now, report.at);
        self.make(now, slot, at, Change::Move(status))
    }

    /// A running task is `percent` hundredths done. Only the newest detail is sent.
    ///
    /// # Errors
    /// [`TaskError::ProgressOutOfRange`], [`TaskError::NotRunning`], [`TaskError::UnknownTask`].
    pub fn progress(&mut self, now: Instant, id: TaskId, percent: u8) -> Result<(), TaskError> {
        self.detail(now, id, Some(percent), &[])
    }

    /// The newest detail of a running task: progress if it says, and a message, cut at its bound.
    ///
    /// # Errors
    /// As [`Agent::progress`].
    pub fn detail(&mut self, now: Instant, id: TaskId, progress: Option<u8>, message: &[u8]) -> Result<(), TaskError> {
        let now = self.enter(now);
        if let Some(percent) = progress.filter(|percent| *percent > 100) {
            return Err(TaskError::ProgressOutOfRange(percent));
        }
        let (slot, held) = self.held(id)?;
        if held.state() != State::Running {
            return Err(TaskError::NotRunning { task: id, state: held.state() });
        }
        let message = cut(message, self.config.limits.message as usize).0;
        let message = (!message.is_empty()).then(|| Arc::new(Value::new(message)));
        self.publisher.set_detail(now, slot, Detail { progress, message });
        Ok(())
    }

    /// No attempt will follow: carried out once the controller has durably acknowledged the task's end. Asking again is
    /// harmless.
    ///
    /// # Errors
    /// [`TaskError::UnknownTask`]; [`TaskError::Illegal`] when the task has not ended.
    pub fn forget(&mut self, now: Instant, id: TaskId) -> Result<(), TaskError> {
        let now = self.enter(now);
        let (slot, held) = self.held(id)?;
        if !held.state().is_ended() {
            return Err(TaskError::Illegal(crate::error::Illegal::NotEnded { task: id, state: held.state() }));
        }
        self.publisher.retire(slot);
        self.bury(now);
        Ok(())
    }

    /// Publishes the tombstones that are due, and tells of those that became durable.
    pub(super) fn bury(&mut self, now: Instant) {
        while let Some(slot) = self.publisher.ripe.pop() {
            let Some(row) = self.publisher.table.row(slot) else { continue };
            let change = Change::Forget { registered: row.registration() };
            let at = self.wall(now);
            // It has ended, and names its own registration: the tombstone follows.
            let _ = self.make(now, slot, at, change);
        }
        while let Some(task) = self.publisher.gone.pop() {
            self.tell(super::AgentEvent::TaskForgotten { task });
        }
    }

    fn held(&self, id: TaskId) -> Result<(Slot, &Row), TaskError> {
        let slot = self.publisher.table.slot(id).ok_or(TaskError::UnknownTask(id))?;
        self.publisher.table.row(slot).map(|row| (slot, row)).ok_or(TaskError::UnknownTask(id))
    }

    fn at(&self, now: Instant, given: Option<UnixMillis>) -> UnixMillis {
        given.map_or_else(|| self.wall(now), |at| UnixMillis(at.0.min(1 << 62)))
    }

    fn payload(&self, message: &[u8], result: &[u8], trace: Option<TraceContext>) -> Option<Arc<Payload>> {
        if message.is_empty() && result.is_empty() && trace.is_none() {
            return None;
        }
        let (message, message_cut) = cut(message, self.config.limits.message as usize);
        let payload = Payload {
            message: Value::new(message),
            message_cut,
            result: Value::new(result),
            trace,
            ext: Value::default(),
        };
        payload.into_shared()
    }

    fn make(&mut self, now: Instant, slot: Slot, at: UnixMillis, change: Change) -> Result<Revision, TaskError> {
        let entry = Entry { slot, epoch: self.epoch, at, change };
        debug_assert_eq!(<crate::stream::Reported as Stream>::slot(&entry), slot);
        let revision = self.publisher.publish(now, entry)?;
        self.metrics.entries_total += 1;
        Ok(revision)
    }
}

fn check_length(what: &'static str, bytes: &[u8], bound: u32) -> Result<(), TaskError> {
    if bytes.len() > bound as usize {
        return Err(TaskError::TooLong { what, length: bytes.len(), bound: bound as usize });
    }
    Ok(())
}

/// At most `bound` bytes of a message, not cut inside a character if it is UTF-8, and whether it was cut.
fn cut(message: &[u8], bound: usize) -> (&[u8], bool) {
    if message.len() <= bound {
        return (message, false);
    }
    let end = match core::str::from_utf8(message) {
        Ok(text) => (0..=bound).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0),
        Err(_) => bound,
    };
    (&message[..end], true)
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn a_message_is_cut_at_its_bound_and_not_inside_a_character() {
        assert_eq!(cut(b"abc", 3), (&b"abc"[..], false));
        assert_eq!(cut(b"abcd", 3), (&b"abc"[..], true));
        assert_eq!(cut("aé€".as_bytes(), 5), ("aé".as_bytes(), true));
        assert_eq!(cut(&[0xff, 0x80, 0x80, 0x80], 2), (&[0xff, 0x80][..], true));
        assert_eq!(cut(b"x", 0), (&b""[..], true));
    }
}
