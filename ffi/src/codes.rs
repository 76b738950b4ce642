//! The numbers that stand for states, reasons, sources, exits, verdicts, freshness, marks and reachability, and names. What they mean is the
//! core's; numbers that are on the wire are the same here.

use core::ffi::{c_char, CStr};

use taskwire::wire::Verdict;
use taskwire::{Exit, Reason, Source, State};

use crate::status::{taskwire_status, TASKWIRE_ERROR_ARGUMENT};

/// Registered, or registered for another attempt, and not begun.
pub const TASKWIRE_STATE_PENDING: u32 = 100;
/// Begun and not ended.
pub const TASKWIRE_STATE_RUNNING: u32 = 200;
/// Ended well.
pub const TASKWIRE_STATE_SUCCEEDED: u32 = 300;
/// Ended badly; may be retried or given up.
pub const TASKWIRE_STATE_FAILED: u32 = 400;
/// Ended because someone wanted it to end.
pub const TASKWIRE_STATE_CANCELLED: u32 = 500;

/// Nothing to say beyond the state.
pub const TASKWIRE_REASON_NONE: u32 = 0;
/// A time limit was reached.
pub const TASKWIRE_REASON_TIMED_OUT: u32 = 1;
/// It could not be started.
pub const TASKWIRE_REASON_COULD_NOT_START: u32 = 2;
/// What became of it in a crash cannot be known.
pub const TASKWIRE_REASON_OUTCOME_UNKNOWN: u32 = 3;
/// The agent's host wanted it to end.
pub const TASKWIRE_REASON_CANCELLED_BY_HOST: u32 = 4;
/// The controller wanted it to end.
pub const TASKWIRE_REASON_CANCELLED_BY_CONTROLLER: u32 = 5;
/// It ended with an exit code other than 0.
pub const TASKWIRE_REASON_EXIT_CODE: u32 = 6;
/// It was ended by a signal.
pub const TASKWIRE_REASON_SIGNAL: u32 = 7;
/// The node ran out of something.
pub const TASKWIRE_REASON_OUT_OF_RESOURCES: u32 = 8;
/// It was refused at assignment.
pub const TASKWIRE_REASON_REFUSED: u32 = 9;
/// All attempts were used up.
pub const TASKWIRE_REASON_GIVEN_UP: u32 = 10;
/// The first reason that is the host's own; 65,535 is the last.
pub const TASKWIRE_REASON_FIRST_OF_HOST: u32 = 1000;

/// The agent's host says so: the usual case.
pub const TASKWIRE_SOURCE_HOST: u32 = 0;
/// The agent itself says so.
pub const TASKWIRE_SOURCE_AGENT: u32 = 1;
/// The controller's desire.
pub const TASKWIRE_SOURCE_CONTROLLER: u32 = 2;

/// Nothing is known of how the process ended, or there was none. Never reads as success.
pub const TASKWIRE_EXIT_NONE: u32 = 0;
/// The process exited: the value beside it is its exit code.
pub const TASKWIRE_EXIT_CODE: u32 = 1;
/// A signal ended the process: the value beside it is the signal.
pub const TASKWIRE_EXIT_SIGNAL: u32 = 2;

/// In place of a percentage: there is none.
pub const TASKWIRE_PROGRESS_NONE: u32 = 255;

/// No verdict goes with the event.
pub const TASKWIRE_VERDICT_NONE: u32 = 0;
/// The controller's position is in the agent's history: only what came after it is sent.
pub const TASKWIRE_VERDICT_RESUME: u32 = 1;
/// The agent starts with nothing and has let nothing go.
pub const TASKWIRE_VERDICT_EMPTY: u32 = 2;
/// The controller knows less than the agent still has: a snapshot repairs it.
pub const TASKWIRE_VERDICT_SUBSCRIBER_BEHIND: u32 = 3;
/// The controller knows more than the agent: a snapshot repairs it.
pub const TASKWIRE_VERDICT_PUBLISHER_BEHIND: u32 = 4;
/// The controller has another history: a snapshot repairs it.
pub const TASKWIRE_VERDICT_FORK: u32 = 5;
/// The controller's records differ: a snapshot repairs it.
pub const TASKWIRE_VERDICT_DAMAGED: u32 = 6;

/// What does not say how fresh it is: a task of an agent.
pub const TASKWIRE_FRESHNESS_NONE: u32 = 0;
/// The node is live and synced.
pub const TASKWIRE_FRESHNESS_FRESH: u32 = 1;
/// The node is lost, or has left, or is back and not yet synced.
pub const TASKWIRE_FRESHNESS_STALE: u32 = 2;
/// The task is final, and nothing newer can come.
pub const TASKWIRE_FRESHNESS_FINAL: u32 = 3;
/// Its agent no longer knows it: what became of it cannot be known.
pub const TASKWIRE_FRESHNESS_CLOSED: u32 = 4;
/// Its node has not reported in this term yet.
pub const TASKWIRE_FRESHNESS_NOT_REPORTED_YET: u32 = 5;

/// The controller notes nothing beside the record.
pub const TASKWIRE_MARK_NONE: u32 = 0;
/// The controller's host gave the task up.
pub const TASKWIRE_MARK_GIVEN_UP: u32 = 1;
/// What became of the task cannot be known.
pub const TASKWIRE_MARK_OUTCOME_UNKNOWN: u32 = 2;
/// Its agent contradicts a known final, which the view keeps.
pub const TASKWIRE_MARK_CONFLICT: u32 = 3;

/// Known, and not heard in this term yet: neither lost nor absent.
pub const TASKWIRE_REACHABILITY_NOT_REPORTED_YET: u32 = 1;
/// Heard within its lease.
pub const TASKWIRE_REACHABILITY_LIVE: u32 = 2;
/// A heartbeat is missing.
pub const TASKWIRE_REACHABILITY_SUSPECT: u32 = 3;
/// Its lease has ended.
pub const TASKWIRE_REACHABILITY_LOST: u32 = 4;
/// It said goodbye.
pub const TASKWIRE_REACHABILITY_LEFT: u32 = 5;

/// The state of a code of C.
pub(crate) fn state(code: u32) -> Result<State, taskwire_status> {
    u16::try_from(code).ok().and_then(State::from_code).ok_or(TASKWIRE_ERROR_ARGUMENT)
}

/// The reason of a code of C; every number that fits is one.
pub(crate) fn reason(code: u32) -> Result<Reason, taskwire_status> {
    u16::try_from(code).map(Reason).map_err(|_| TASKWIRE_ERROR_ARGUMENT)
}

/// The source of a code of C; every number that fits is one.
pub(crate) fn source(code: u32) -> Result<Source, taskwire_status> {
    u8::try_from(code).map(Source).map_err(|_| TASKWIRE_ERROR_ARGUMENT)
}

/// How a process ended, from the two numbers of C.
pub(crate) fn exit(kind: u32, value: i32) -> Result<Exit, taskwire_status> {
    match kind {
        TASKWIRE_EXIT_NONE => Ok(Exit::None),
        TASKWIRE_EXIT_CODE => Ok(Exit::Code(value)),
        TASKWIRE_EXIT_SIGNAL => Ok(Exit::Signal(value)),
        _ => Err(TASKWIRE_ERROR_ARGUMENT),
    }
}

/// The two numbers of C for how a process ended.
pub(crate) fn of_exit(exit: Exit) -> (u32, i32) {
    match exit {
        Exit::None => (TASKWIRE_EXIT_NONE, 0),
        Exit::Code(code) => (TASKWIRE_EXIT_CODE, code),
        Exit::Signal(signal) => (TASKWIRE_EXIT_SIGNAL, signal),
    }
}

/// A percentage of C; `None` for `TASKWIRE_PROGRESS_NONE`. Whether it is at most 100 is left to the core.
pub(crate) fn percent(percent: u32) -> Result<Option<u8>, taskwire_status> {
    if percent == TASKWIRE_PROGRESS_NONE {
        return Ok(None);
    }
    u8::try_from(percent).map(Some).map_err(|_| TASKWIRE_ERROR_ARGUMENT)
}

/// The number of C for a verdict.
pub(crate) fn of_verdict(verdict: Verdict) -> u32 {
    match verdict {
        Verdict::Resume => TASKWIRE_VERDICT_RESUME,
        Verdict::Empty => TASKWIRE_VERDICT_EMPTY,
        Verdict::SubscriberBehind => TASKWIRE_VERDICT_SUBSCRIBER_BEHIND,
        Verdict::PublisherBehind => TASKWIRE_VERDICT_PUBLISHER_BEHIND,
        Verdict::Fork => TASKWIRE_VERDICT_FORK,
        Verdict::Damaged => TASKWIRE_VERDICT_DAMAGED,
    }
}

/// The name of a state, for people.
///
/// Parameters: `state`, one of TASKWIRE_STATE_…, or any other number.
///
/// Pointers: the text is static, ended by a NUL, and never NULL.
///
/// Errors: none; a number that is no state gives "UNKNOWN".
///
/// Threads: any.
///
/// After an error: there is none.
#[no_mangle]
pub extern "C" fn taskwire_state_text(state: u32) -> *const c_char {
    let text: &'static CStr = match state {
        TASKWIRE_STATE_PENDING => c"PENDING",
        TASKWIRE_STATE_RUNNING => c"RUNNING",
        TASKWIRE_STATE_SUCCEEDED => c"SUCCEEDED",
        TASKWIRE_STATE_FAILED => c"FAILED",
        TASKWIRE_STATE_CANCELLED => c"CANCELLED",
        _ => c"UNKNOWN",
    };
    text.as_ptr()
}

/// The name of a reason, for people.
///
/// Parameters: `reason`, one of TASKWIRE_REASON_…, or any other number.
///
/// Pointers: the text is static, ended by a NUL, and never NULL.
///
/// Errors: none; a reason that is not taskwire's gives "Other".
///
/// Threads: any.
///
/// After an error: there is none.
#[no_mangle]
pub extern "C" fn taskwire_reason_text(reason: u32) -> *const c_char {
    let text: &'static CStr = match reason {
        TASKWIRE_REASON_NONE => c"None",
        TASKWIRE_REASON_TIMED_OUT => c"TimedOut",
        TASKWIRE_REASON_COULD_NOT_START => c"CouldNotStart",
        TASKWIRE_REASON_OUTCOME_UNKNOWN => c"OutcomeUnknown",
        TASKWIRE_REASON_CANCELLED_BY_HOST => c"CancelledByHost",
        TASKWIRE_REASON_CANCELLED_BY_CONTROLLER => c"CancelledByController",
        TASKWIRE_REASON_EXIT_CODE => c"ExitCode",
        TASKWIRE_REASON_SIGNAL => c"Signal",
        TASKWIRE_REASON_OUT_OF_RESOURCES => c"OutOfResources",
        TASKWIRE_REASON_REFUSED => c"Refused",
        TASKWIRE_REASON_GIVEN_UP => c"GivenUp",
        _ => c"Other",
    };
    text.as_ptr()
}

/// How fresh the knowledge of a task is, for people.
///
/// Parameters: `freshness`, one of TASKWIRE_FRESHNESS_…, or any other number.
///
/// Pointers: the text is static, ended by a NUL, and never NULL.
///
/// Errors: none; a number that is none of them gives "unknown".
///
/// Threads: any.
///
/// After an error: there is none.
#[no_mangle]
pub extern "C" fn taskwire_freshness_text(freshness: u32) -> *const c_char {
    let text: &'static CStr = match freshness {
        TASKWIRE_FRESHNESS_NONE => c"none",
        TASKWIRE_FRESHNESS_FRESH => c"fresh",
        TASKWIRE_FRESHNESS_STALE => c"stale",
        TASKWIRE_FRESHNESS_FINAL => c"final",
        TASKWIRE_FRESHNESS_CLOSED => c"closed, outcome unknown",
        TASKWIRE_FRESHNESS_NOT_REPORTED_YET => c"not reported yet",
        _ => c"unknown",
    };
    text.as_ptr()
}

/// The name of a node's reachability, for people.
///
/// Parameters: `reachability`, one of TASKWIRE_REACHABILITY_…, or any other number.
///
/// Pointers: the text is static, ended by a NUL, and never NULL.
///
/// Errors: none; a number that is none of them gives "unknown".
///
/// Threads: any.
///
/// After an error: there is none.
#[no_mangle]
pub extern "C" fn taskwire_reachability_text(reachability: u32) -> *const c_char {
    let text: &'static CStr = match reachability {
        TASKWIRE_REACHABILITY_NOT_REPORTED_YET => c"NotReportedYet",
        TASKWIRE_REACHABILITY_LIVE => c"Live",
        TASKWIRE_REACHABILITY_SUSPECT => c"Suspect",
        TASKWIRE_REACHABILITY_LOST => c"Lost",
        TASKWIRE_REACHABILITY_LEFT => c"Left",
        _ => c"unknown",
    };
    text.as_ptr()
}

/// The name of a verdict, for people.
///
/// Parameters: `verdict`, one of TASKWIRE_VERDICT_…, or any other number.
///
/// Pointers: the text is static, ended by a NUL, and never NULL.
///
/// Errors: none; a number that is no verdict gives "unknown".
///
/// Threads: any.
///
/// After an error: there is none.
#[no_mangle]
pub extern "C" fn taskwire_verdict_text(verdict: u32) -> *const c_char {
    let text: &'static CStr = match verdict {
        TASKWIRE_VERDICT_NONE => c"none",
        TASKWIRE_VERDICT_RESUME => c"resume",
        TASKWIRE_VERDICT_EMPTY => c"empty",
        TASKWIRE_VERDICT_SUBSCRIBER_BEHIND => c"subscriber-behind",
        TASKWIRE_VERDICT_PUBLISHER_BEHIND => c"publisher-behind",
        TASKWIRE_VERDICT_FORK => c"fork",
        TASKWIRE_VERDICT_DAMAGED => c"damaged",
        _ => c"unknown",
    };
    text.as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(pointer: *const c_char) -> &'static str {
        // SAFETY: the functions above return static texts that end with a NUL.
        unsafe { CStr::from_ptr(pointer) }.to_str().expect("UTF-8")
    }

    #[test]
    fn codes_and_names_are_the_cores() {
        for code in 0..=2000u16 {
            assert_eq!(state(code.into()).ok(), State::from_code(code));
            let name = State::from_code(code).map_or("UNKNOWN", State::name);
            assert_eq!(text(taskwire_state_text(code.into())), name);
            assert_eq!(text(taskwire_reason_text(code.into())), Reason(code).name().unwrap_or("Other"));
        }
        assert_eq!(state(100 + 65_536), Err(TASKWIRE_ERROR_ARGUMENT));
        assert_eq!(TASKWIRE_REASON_FIRST_OF_HOST, u32::from(Reason::FIRST_OF_HOST.0));
        assert_eq!(reason(65_535), Ok(Reason(65_535)));
        assert_eq!(reason(65_536), Err(TASKWIRE_ERROR_ARGUMENT));
        assert_eq!(source(256), Err(TASKWIRE_ERROR_ARGUMENT));
        assert_eq!(u32::from(Source::CONTROLLER.0), TASKWIRE_SOURCE_CONTROLLER);
        for verdict in [
            Verdict::Resume,
            Verdict::Empty,
            Verdict::SubscriberBehind,
            Verdict::PublisherBehind,
            Verdict::Fork,
            Verdict::Damaged,
        ] {
            assert_eq!(text(taskwire_verdict_text(of_verdict(verdict))), verdict.to_string());
        }
    }

    #[test]
    fn exits_go_there_and_back() {
        for exit_value in [Exit::None, Exit::Code(-1), Exit::Signal(9)] {
            let (kind, value) = of_exit(exit_value);
            assert_eq!(exit(kind, value), Ok(exit_value));
        }
        assert_eq!(exit(3, 0), Err(TASKWIRE_ERROR_ARGUMENT));
    }
}
