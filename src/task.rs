//! The task state machine: states, the one table of legal moves, reasons, and what entries and records say. What is hashed of
//! a record is left to `canonical`, how an entry changes one to `row`, how entries travel to `wire`.

use alloc::sync::Arc;
use core::fmt;

use crate::bait::{bait, Baits};
use crate::canonical::{Canonical, CANONICAL_LENGTH};
use crate::id::{Epoch, Slot, TaskId};
use crate::revision::{Made, Revision};
use crate::time::UnixMillis;
use crate::value::Value;

/// What a task is doing, or how it ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u16)]
pub enum State {
    /// Registered, or registered for another attempt, and not begun.
    Pending = 100,
    /// Begun and not ended.
    Running = 200,
    /// Ended well.
    Succeeded = 300,
    /// Ended badly; may be retried or given up.
    Failed = 400,
    /// Ended because someone wanted it to end.
    Cancelled = 500,
}

impl State {
    /// All states, in the order of their codes.
    pub const ALL: [State; 5] = [State::Pending, State::Running, State::Succeeded, State::Failed, State::Cancelled];

    /// The table of legal moves, whole. A move to PENDING is a retry: the next attempt.
    pub const fn moves(self) -> &'static [State] {
        match self {
            State::Pending => &[State::Running, State::Failed, State::Cancelled],
            State::Running => &[State::Succeeded, State::Failed, State::Cancelled],
            State::Succeeded => &[],
            State::Failed => &[State::Pending, State::Cancelled],
            State::Cancelled => &[],
        }
    }

    /// Whether the table has the move.
    pub fn may_become(self, to: State) -> bool {
        self.moves().contains(&to)
    }

    /// The table of moves as a record obeys it.
    pub(crate) fn allows(self, to: State, baits: Baits) -> bool {
        let _ = baits;
        self.may_become(to)
            || bait!(baits, AcceptRunningAfterSucceeded) && self == State::Succeeded && to == State::Running
    }

    /// Whether an attempt has ended in this state.
    pub const fn is_ended(self) -> bool {
        matches!(self, State::Succeeded | State::Failed | State::Cancelled)
    }

    /// The numeric code: 100, 200, 300, 400 or 500.
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// The state of a code.
    pub const fn from_code(code: u16) -> Option<State> {
        match code {
            100 => Some(State::Pending),
            200 => Some(State::Running),
            300 => Some(State::Succeeded),
            400 => Some(State::Failed),
            500 => Some(State::Cancelled),
            _ => None,
        }
    }

    /// Entries that a task in this state may still need until it is forgotten without a retry, the tombstone included.
    pub const fn entries_ahead(self) -> usize {
        match self {
            State::Pending => 4,
            State::Running => 3,
            State::Failed => 2,
            State::Succeeded | State::Cancelled => 1,
        }
    }

    /// The name, in capitals.
    pub const fn name(self) -> &'static str {
        match self {
            State::Pending => "PENDING",
            State::Running => "RUNNING",
            State::Succeeded => "SUCCEEDED",
            State::Failed => "FAILED",
            State::Cancelled => "CANCELLED",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a task is in its state, for machines. Codes below 1000 are taskwire's, the rest are the host's own; unknown
/// ones are kept as they are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Reason(pub u16);

impl Reason {
    /// Nothing to say beyond the state.
    pub const NONE: Reason = Reason(0);
    /// A time limit was reached.
    pub const TIMED_OUT: Reason = Reason(1);
    /// It could not be started.
    pub const COULD_NOT_START: Reason = Reason(2);
    /// What became of it in a crash cannot be known.
    pub const OUTCOME_UNKNOWN: Reason = Reason(3);
    /// The agent's host wanted it to end.
    pub const CANCELLED_BY_HOST: Reason = Reason(4);
    /// The controller wanted it to end.
    pub const CANCELLED_BY_CONTROLLER: Reason = Reason(5);
    /// It ended with an exit code other than 0.
    pub const EXIT_CODE: Reason = Reason(6);
    /// It was ended by a signal.
    pub const SIGNAL: Reason = Reason(7);
    /// The node ran out of something.
    pub const OUT_OF_RESOURCES: Reason = Reason(8);
    /// It was refused at assignment.
    pub const REFUSED: Reason = Reason(9);
    /// All attempts were used up.
    pub const GIVEN_UP: Reason = Reason(10);
    /// The first code that is the host's own.
    pub const FIRST_OF_HOST: Reason = Reason(1000);

    /// The name of a code that taskwire knows.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Reason::NONE => "None",
            Reason::TIMED_OUT => "TimedOut",
            Reason::COULD_NOT_START => "CouldNotStart",
            Reason::OUTCOME_UNKNOWN => "OutcomeUnknown",
            Reason::CANCELLED_BY_HOST => "CancelledByHost",
            Reason::CANCELLED_BY_CONTROLLER => "CancelledByController",
            Reason::EXIT_CODE => "ExitCode",
            Reason::SIGNAL => "Signal",
            Reason::OUT_OF_RESOURCES => "OutOfResources",
            Reason::REFUSED => "Refused",
            Reason::GIVEN_UP => "GivenUp",
            _ => return None,
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "Reason{}", self.0),
        }
    }
}

/// Who says so. Unknown codes are kept as they are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Source(pub u8);

impl Source {
    /// The agent's host: the usual case.
    pub const HOST: Source = Source(0);
    /// The agent itself (the core).
    pub const AGENT: Source = Source(1);
    /// The controller's desire.
    pub const CONTROLLER: Source = Source(2);
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Source::HOST => f.write_str("Host"),
            Source::AGENT => f.write_str("Agent"),
            Source::CONTROLLER => f.write_str("Controller"),
            Source(code) => write!(f, "Source{code}"),
        }
    }
}

/// How the process behind a task ended, if it did. A missing exit code never reads as success.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Exit {
    /// Nothing is known, or there was no process.
    #[default]
    None,
    /// It exited with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl Exit {
    /// The kind (0 none, 1 a code, 2 a signal) and the number, as they are hashed and kept.
    pub(crate) const fn parts(self) -> (u8, i32) {
        match self {
            Exit::None => (0, 0),
            Exit::Code(code) => (1, code),
            Exit::Signal(signal) => (2, signal),
        }
    }

    /// The inverse of [`Exit::parts`].
    pub(crate) const fn of_parts(kind: u8, number: i32) -> Exit {
        match kind {
            0 => Exit::None,
            1 => Exit::Code(number),
            _ => Exit::Signal(number),
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::None => f.write_str("exit none"),
            Exit::Code(code) => write!(f, "exit {code}"),
            Exit::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// A W3C trace context (Trace Context, level 1): it travels with a task and its changes, and decides nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct TraceContext {
    /// The trace id.
    pub trace_id: [u8; 16],
    /// The id of the parent span.
    pub span_id: [u8; 8],
    /// The trace flags.
    pub flags: u8,
}

/// The rarer parts of a status. `None` in place of an empty one, so that a plain status allocates nothing.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Payload {
    /// A text for people, at most the bound for messages.
    pub message: Value,
    /// Whether the message was cut at its bound.
    pub message_cut: bool,
    /// What the attempt produced, at most the bound for results.
    pub result: Value,
    /// The trace that the task or this change belongs to.
    pub trace: Option<TraceContext>,
    /// What a later version of the protocol added, kept and hashed as bytes.
    pub ext: Value,
}

impl Payload {
    /// This payload to be stored: nothing if it says nothing.
    pub fn into_shared(self) -> Option<Arc<Payload>> {
        if self == Payload::default() {
            None
        } else {
            Some(Arc::new(self))
        }
    }

    /// The payload of a record after a status with `next`: a trace stays until a change brings another, an extension for
    /// good.
    pub(crate) fn carried(held: Option<&Arc<Payload>>, next: Option<&Arc<Payload>>) -> Option<Arc<Payload>> {
        let Some(held) = held else { return next.cloned() };
        let keep_trace = held.trace.is_some() && next.is_none_or(|n| n.trace.is_none());
        let keep_ext = !held.ext.is_empty() && next.is_none_or(|n| n.ext.is_empty());
        if !keep_trace && !keep_ext {
            return next.cloned();
        }
        let mut payload = next.map(|next| next.as_ref().clone()).unwrap_or_default();
        if keep_trace {
            payload.trace = held.trace;
        }
        if keep_ext {
            payload.ext = held.ext.clone();
        }
        payload.into_shared()
    }
}

/// One transition, as the agent's host reports it and as an entry carries it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Status {
    /// The state that the task moves to; PENDING is a retry.
    pub state: State,
    /// Why.
    pub reason: Reason,
    /// Who says so.
    pub source: Source,
    /// How the process ended.
    pub exit: Exit,
    /// Message, result, trace, extension, if any.
    pub payload: Option<Arc<Payload>>,
}

impl Status {
    /// A plain status.
    pub fn new(state: State) -> Status {
        Status { state, reason: Reason::NONE, source: Source::HOST, exit: Exit::None, payload: None }
    }
}

/// What an entry of the reported stream says.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Change {
    /// A task is admitted: PENDING, attempt 0, transition 1. Binds the slot.
    Register {
        /// The task.
        id: TaskId,
        /// Opaque bytes that are sent once.
        metadata: Option<Arc<Value>>,
        /// Message, trace and the like of the registration, if any.
        payload: Option<Arc<Payload>>,
    },
    /// The task moves to another state.
    Move(Status),
    /// No attempt will follow: the tombstone. Frees the slot once durable.
    Forget {
        /// The revision of the registration that it ends.
        registered: Revision,
    },
    /// An entry of a kind that this version does not know: kept in the record's `ext`.
    Unknown {
        /// The kind on the wire, 4 to 15.
        kind: u8,
        /// Its body.
        bytes: Value,
    },
}

/// One lossless change of the reported stream. Its revision is its place in the history.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Entry {
    /// The slot of the task.
    pub slot: Slot,
    /// The epoch in which the entry was made.
    pub epoch: Epoch,
    /// When, by the agent's wall clock.
    pub at: UnixMillis,
    /// What.
    pub change: Change,
}

/// What the entries of one task add up to. Both sides store it, and all of it is hashed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Record {
    /// The task.
    pub id: TaskId,
    /// The slot that stands for it.
    pub slot: Slot,
    /// Its registration.
    pub registered: Made,
    /// Its newest entry.
    pub newest: Made,
    /// Which try it is, from 0.
    pub attempt: u32,
    /// The number of its newest transition, from 1.
    pub number: u32,
    /// Where it stands.
    pub state: State,
    /// When it came there, by the agent's wall clock.
    pub at: UnixMillis,
    /// Why.
    pub reason: Reason,
    /// Who says so.
    pub source: Source,
    /// How its process ended.
    pub exit: Exit,
    /// Bytes given at registration.
    pub metadata: Option<Arc<Value>>,
    /// Message, result, trace and extension of the newest transition.
    pub payload: Option<Arc<Payload>>,
}

impl Record {
    /// The metadata, empty if there is none.
    pub fn metadata(&self) -> &[u8] {
        self.metadata.as_deref().map_or(&[], Value::as_bytes)
    }

    /// The message of the newest transition, empty if there is none.
    pub fn message(&self) -> &[u8] {
        self.payload.as_deref().map_or(&[], |p| p.message.as_bytes())
    }

    /// The result of the newest transition, empty if there is none.
    pub fn result(&self) -> &[u8] {
        self.payload.as_deref().map_or(&[], |p| p.result.as_bytes())
    }

    /// The trace context, if any.
    pub fn trace(&self) -> Option<TraceContext> {
        self.payload.as_deref().and_then(|p| p.trace)
    }

    /// The record hash: XXH3-64 (seed 0) over the canonical bytes, as docs/PROTOCOL.md lists them. `forgotten` gives
    /// the hash that a tombstone leaves.
    pub fn hash(&self, forgotten: bool) -> u64 {
        self.fields(forgotten).hash()
    }

    /// Writes the canonical bytes, fixed for ever, and returns how many they are.
    pub fn canonical(&self, forgotten: bool, out: &mut [u8; CANONICAL_LENGTH + 25]) -> usize {
        out.fill(0);
        self.fields(forgotten).write(out)
    }

    fn fields(&self, forgotten: bool) -> Canonical<'_> {
        Canonical {
            id: self.id,
            slot: self.slot,
            registered: self.registered,
            newest: self.newest,
            attempt: self.attempt,
            number: self.number,
            state: self.state,
            at: self.at,
            reason: self.reason,
            source: self.source,
            exit: self.exit.parts(),
            metadata: self.metadata.as_deref(),
            payload: self.payload.as_deref(),
            forgotten,
        }
    }
}

/// The newest news of a running attempt: lossy, without a revision.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Detail {
    /// Hundredths of the work that are done, 0 to 100; `None` when the task does not say.
    pub progress: Option<u8>,
    /// A text for people.
    pub message: Option<Arc<Value>>,
}

/// What remains of a forgotten task: enough to know its end again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Final {
    /// The task.
    pub id: TaskId,
    /// Which registration of it.
    pub registered: Made,
    /// The state that it ended in.
    pub state: State,
    /// The number of its last transition.
    pub number: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use core::fmt::Write;

    #[test]
    fn the_table_of_moves_is_this_and_no_other() {
        let mut table = String::new();
        for from in State::ALL {
            write!(table, "{} {}:", from.code(), from).unwrap();
            for to in State::ALL {
                if from.may_become(to) {
                    write!(table, " {to}").unwrap();
                }
            }
            table.push('\n');
        }
        assert_eq!(
            table,
            "100 PENDING: RUNNING FAILED CANCELLED\n\
             200 RUNNING: SUCCEEDED FAILED CANCELLED\n\
             300 SUCCEEDED:\n\
             400 FAILED: PENDING CANCELLED\n\
             500 CANCELLED:\n"
        );
    }

    #[test]
    fn every_state_has_its_code_and_no_other_code_is_a_state() {
        for code in 0..=u16::MAX {
            assert_eq!(State::from_code(code).map(State::code).unwrap_or(code), code);
        }
        assert_eq!((0..=u16::MAX).filter(|c| State::from_code(*c).is_some()).count(), 5);
    }

    #[test]
    fn room_ahead_covers_the_longest_way_without_a_retry() {
        for from in State::ALL {
            let longest = from.moves().iter().filter(|s| **s != State::Pending).map(|s| s.entries_ahead()).max();
            assert_eq!(from.entries_ahead(), longest.unwrap_or(0) + 1);
        }
    }
}
