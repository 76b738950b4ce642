//! What the host reports of its tasks: one function for each kind of report, and one for arrays of them. The rules of
//! the state machine are the core's.

use core::ffi::c_void;

use taskwire::{Instant, Registration, Report, TaskId};

use super::taskwire_agent;
use crate::codes;
use crate::failure::{Failure, Outcome};
use crate::handle::change;
use crate::status::{taskwire_status, TASKWIRE_ERROR_ARGUMENT};
use crate::structs::*;
use crate::version::taskwire_task_id;
use crate::view::{self, Growing, GrowingArray, Out};

/// The task that a call is about.
///
/// # Safety
/// `id` is NULL, misaligned, or valid for reads.
unsafe fn task(id: *const taskwire_task_id) -> Result<TaskId, taskwire_status> {
    // SAFETY: the same contract.
    unsafe { view::read(id) }.map(|id| TaskId(id.bytes))
}

/// Runs a call about one task.
///
/// # Safety
/// `agent` and `id` are NULL, misaligned, or what the header asks for.
unsafe fn about(
    agent: *mut taskwire_agent,
    id: *const taskwire_task_id,
    body: impl FnOnce(&mut taskwire::Agent, TaskId) -> Outcome,
) -> taskwire_status {
    // SAFETY: the same contract.
    unsafe { change(agent, |agent| body(&mut agent.core, task(id)?)) }
}

/// Registers a task: PENDING, attempt 0, transition 1. Room is reserved, so that its end can always be reported.
///
/// Parameters: `now_us`, the host's clock in microseconds. `id`, any 16 bytes that no task here has. `metadata`, opaque
/// bytes for the controller's host; `metadata_length`, 0 to the configured bound.
///
/// Pointers: `id` and `metadata` are the caller's, and are copied. `metadata` may be NULL if its length is 0.
/// `out_revision` may be NULL; it gets the revision of the entry.
///
/// Errors: TASKWIRE_ERROR_FULL: try again when more has become durable. TASKWIRE_ERROR_ALREADY_REGISTERED: use another
/// id, or wait for TASKWIRE_EVENT_TASK_FORGOTTEN. TASKWIRE_ERROR_TOO_LONG: shorten the metadata.
/// TASKWIRE_ERROR_NUMBERS_USED_UP: begin anew under another node name. TASKWIRE_ERROR_NULL_POINTER,
/// TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (a length that no bytes have): mend the call.
/// TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_register(
    agent: *mut taskwire_agent,
    now_us: u64,
    id: *const taskwire_task_id,
    metadata: *const c_void,
    metadata_length: usize,
    out_revision: *mut u64,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises.
    let out_revision = unsafe { Out::optional(out_revision) };
    // SAFETY: the agent and the id are NULL or valid, and the metadata readable for its length: the caller's promise.
    unsafe {
        about(agent, id, |agent, id| {
            let mut out_revision = out_revision?;
            let metadata = view::bytes(metadata, metadata_length)?;
            out_revision.set(agent.register(Instant::from_micros(now_us), id, metadata)?.0);
            Ok(())
        })
    }
}

/// Reports that a PENDING task has begun: RUNNING.
///
/// Parameters: `now_us`, the host's clock in microseconds. `id`, the task.
///
/// Pointers: `id` is the caller's, and is copied.
///
/// Errors: TASKWIRE_ERROR_ILLEGAL_TRANSITION: the task is not PENDING; nothing to do. TASKWIRE_ERROR_UNKNOWN_TASK:
/// register it first. TASKWIRE_ERROR_BEING_FORGOTTEN: nothing to do. TASKWIRE_ERROR_NUMBERS_USED_UP: go on with a new
/// task. TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
/// agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_running(
    agent: *mut taskwire_agent,
    now_us: u64,
    id: *const taskwire_task_id,
) -> taskwire_status {
    // SAFETY: the agent and the id are NULL or valid: the caller's promise.
    unsafe {
        about(agent, id, |agent, id| {
            agent.running(Instant::from_micros(now_us), id)?;
            Ok(())
        })
    }
}

/// Reports how far a RUNNING task is. Lossy: only the newest value is sent. A message said before stays.
///
/// Parameters: `now_us`, the host's clock in microseconds. `id`, the task. `percent`, hundredths of the work that are
/// done, 0 to 100.
///
/// Pointers: `id` is the caller's, and is copied.
///
/// Errors: TASKWIRE_ERROR_NOT_RUNNING: the task is not RUNNING; leave it out. TASKWIRE_ERROR_UNKNOWN_TASK: register it
/// first. TASKWIRE_ERROR_ARGUMENT: the percentage is above 100; mend the call. TASKWIRE_ERROR_NULL_POINTER and
/// TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_progress(
    agent: *mut taskwire_agent,
    now_us: u64,
    id: *const taskwire_task_id,
    percent: u32,
) -> taskwire_status {
    // SAFETY: the agent and the id are NULL or valid: the caller's promise.
    unsafe {
        about(agent, id, |agent, id| {
            let percent = u8::try_from(percent).map_err(|_| TASKWIRE_ERROR_ARGUMENT)?;
            agent.progress(Instant::from_micros(now_us), id, percent)?;
            Ok(())
        })
    }
}

/// Reports how far a RUNNING task is, and a text for people. Lossy: only the newest of both is sent.
///
/// Parameters: `now_us`, the host's clock in microseconds. `id`, the task. `percent`, hundredths of the work that are
/// done, 0 to 100, or TASKWIRE_PROGRESS_NONE if the task does not say. `message`, a text; `message_length`, its bytes:
/// beyond the configured bound it is cut.
///
/// Pointers: `id` and `message` are the caller's, and are copied. `message` may be NULL if its length is 0.
///
/// Errors: TASKWIRE_ERROR_NOT_RUNNING: the task is not RUNNING; leave it out. TASKWIRE_ERROR_UNKNOWN_TASK: register it
/// first. TASKWIRE_ERROR_TOO_LONG: shorten the message. TASKWIRE_ERROR_ARGUMENT: the percentage is none of those
/// allowed, or the length is one that no bytes have; mend the call. TASKWIRE_ERROR_NULL_POINTER and
/// TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_detail(
    agent: *mut taskwire_agent,
    now_us: u64,
    id: *const taskwire_task_id,
    percent: u32,
    message: *const c_void,
    message_length: usize,
) -> taskwire_status {
    // SAFETY: the agent and the id are NULL or valid, and the message readable for its length: the caller's promise.
    unsafe {
        about(agent, id, |agent, id| {
            let message = view::bytes(message, message_length)?;
            agent.detail(Instant::from_micros(now_us), id, codes::percent(percent)?, message)?;
            Ok(())
        })
    }
}

/// Reports that a RUNNING task has ended well: SUCCEEDED, which is final.
///
/// Parameters: `now_us`, the host's clock in microseconds. `id`, the task. `exit_kind`, one of TASKWIRE_EXIT_…;
/// `exit_value`, the exit code or the signal, any.
///
/// Pointers: `id` is the caller's, and is copied.
///
/// Errors: TASKWIRE_ERROR_ILLEGAL_TRANSITION: the task is not RUNNING; nothing to do. TASKWIRE_ERROR_UNKNOWN_TASK:
/// register it first. TASKWIRE_ERROR_BEING_FORGOTTEN: nothing to do. TASKWIRE_ERROR_NUMBERS_USED_UP: go on with a new
/// task. TASKWIRE_ERROR_ARGUMENT (the kind of exit), TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend
/// the call. TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_succeeded(
    agent: *mut taskwire_agent,
    now_us: u64,
    id: *const taskwire_task_id,
    exit_kind: u32,
    exit_value: i32,
) -> taskwire_status {
    // SAFETY: the agent and the id are NULL or valid: the caller's promise.
    unsafe {
        about(agent, id, |agent, id| {
            agent.succeeded(Instant::from_micros(now_us), id, codes::exit(exit_kind, exit_value)?)?;
            Ok(())
        })
    }
}

/// Reports that a task has ended badly, or could not start: FAILED. It may be retried, given up, or forgotten.
///
/// Parameters: `now_us`, the host's clock in microseconds. `id`, the task. `reason`, one of TASKWIRE_REASON_…, or the
/// host's own from TASKWIRE_REASON_FIRST_OF_HOST to 65,535. `exit_kind`, one of TASKWIRE_EXIT_…; `exit_value`, the exit
/// code or the signal, any.
///
/// Pointers: `id` is the caller's, and is copied.
///
/// Errors: TASKWIRE_ERROR_ILLEGAL_TRANSITION: the task is neither PENDING nor RUNNING; nothing to do.
/// TASKWIRE_ERROR_UNKNOWN_TASK: register it first. TASKWIRE_ERROR_BEING_FORGOTTEN: nothing to do.
/// TASKWIRE_ERROR_NUMBERS_USED_UP: go on with a new task. TASKWIRE_ERROR_ARGUMENT (the reason or the kind of exit),
/// TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_failed(
    agent: *mut taskwire_agent,
    now_us: u64,
    id: *const taskwire_task_id,
    reason: u32,
    exit_kind: u32,
    exit_value: i32,
) -> taskwire_status {
    // SAFETY: the agent and the id are NULL or valid: the caller's promise.
    unsafe {
        about(agent, id, |agent, id| {
            let exit = codes::exit(exit_kind, exit_value)?;
            agent.failed(Instant::from_micros(now_us), id, codes::reason(reason)?, exit)?;
            Ok(())
        })
    }
}

/// Reports that a task was ended because someone wanted it to end, or that a failed one is given up: CANCELLED, which is
/// final.
///
/// Parameters: `now_us`, the host's clock in microseconds. `id`, the task. `reason`, one of TASKWIRE_REASON_…, or the
/// host's own from TASKWIRE_REASON_FIRST_OF_HOST to 65,535.
///
/// Pointers: `id` is the caller's, and is copied.
///
/// Errors: TASKWIRE_ERROR_ILLEGAL_TRANSITION: the task is SUCCEEDED or CANCELLED already; nothing to do.
/// TASKWIRE_ERROR_UNKNOWN_TASK: register it first. TASKWIRE_ERROR_BEING_FORGOTTEN: nothing to do.
/// TASKWIRE_ERROR_NUMBERS_USED_UP: go on with a new task. TASKWIRE_ERROR_ARGUMENT (the reason),
/// TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_cancelled(
    agent: *mut taskwire_agent,
    now_us: u64,
    id: *const taskwire_task_id,
    reason: u32,
) -> taskwire_status {
    // SAFETY: the agent and the id are NULL or valid: the caller's promise.
    unsafe {
        about(agent, id, |agent, id| {
            agent.cancelled(Instant::from_micros(now_us), id, codes::reason(reason)?)?;
            Ok(())
        })
    }
}

/// Begins the next attempt of a FAILED task: PENDING, the attempt one larger. Room is reserved for its end.
///
/// Parameters: `now_us`, the host's clock in microseconds. `id`, the task.
///
/// Pointers: `id` is the caller's, and is copied.
///
/// Errors: TASKWIRE_ERROR_FULL: try again when more has become durable. TASKWIRE_ERROR_ILLEGAL_TRANSITION: the task is
/// not FAILED; nothing to do. TASKWIRE_ERROR_UNKNOWN_TASK: register it first. TASKWIRE_ERROR_BEING_FORGOTTEN: nothing
/// to do. TASKWIRE_ERROR_NUMBERS_USED_UP: go on with a new task. TASKWIRE_ERROR_NULL_POINTER and
/// TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_retry(
    agent: *mut taskwire_agent,
    now_us: u64,
    id: *const taskwire_task_id,
) -> taskwire_status {
    // SAFETY: the agent and the id are NULL or valid: the caller's promise.
    unsafe {
        about(agent, id, |agent, id| {
            agent.retry(Instant::from_micros(now_us), id)?;
            Ok(())
        })
    }
}

/// Reports any legal move, with everything that may go with it: reason, source, exit, time, message, result, trace.
///
/// Parameters: `now_us`, the host's clock in microseconds. `id`, the task. `state`, one of TASKWIRE_STATE_…; PENDING is
/// a retry. `report`, filled by taskwire_report_init, or NULL if there is nothing more to say.
///
/// Pointers: `id`, `report` and what it points at are the caller's, and are copied. `out_revision` may be NULL; it gets
/// the revision of the entry.
///
/// Errors: TASKWIRE_ERROR_ILLEGAL_TRANSITION: taskwire_agent_last_error names both states; nothing to do.
/// TASKWIRE_ERROR_UNKNOWN_TASK: register it first. TASKWIRE_ERROR_BEING_FORGOTTEN: nothing to do. TASKWIRE_ERROR_FULL
/// (a retry only): try again when more has become durable. TASKWIRE_ERROR_TOO_LONG: shorten the result.
/// TASKWIRE_ERROR_NUMBERS_USED_UP: go on with a new task. TASKWIRE_ERROR_STRUCT_SIZE: fill the report with
/// taskwire_report_init. TASKWIRE_ERROR_ARGUMENT (a code or length that is none), TASKWIRE_ERROR_NULL_POINTER and
/// TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_transition(
    agent: *mut taskwire_agent,
    now_us: u64,
    id: *const taskwire_task_id,
    state: u32,
    report: *const taskwire_report,
    out_revision: *mut u64,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises.
    let out_revision = unsafe { Out::optional(out_revision) };
    // SAFETY: the agent, the id and the report are NULL or valid, and what the report points at is readable for its
    // length: the caller's promise.
    unsafe {
        about(agent, id, |agent, id| {
            let mut out_revision = out_revision?;
            let report = if report.is_null() { taskwire_report::initial() } else { view::read_growing(report)? };
            let report: Report<'_> = report.report()?;
            let revision = agent.transition(Instant::from_micros(now_us), id, codes::state(state)?, report)?;
            out_revision.set(revision.0);
            Ok(())
        })
    }
}

/// Says that no attempt of an ended task will follow. It is carried out when its end is durable at the controller, and
/// TASKWIRE_EVENT_TASK_FORGOTTEN comes when its id may be registered anew.
///
/// Parameters: `now_us`, the host's clock in microseconds. `id`, the task.
///
/// Pointers: `id` is the caller's, and is copied.
///
/// Errors: TASKWIRE_ERROR_NOT_ENDED: end it first. TASKWIRE_ERROR_UNKNOWN_TASK: it is not here, or forgotten already;
/// nothing to do. TASKWIRE_ERROR_NUMBERS_USED_UP: begin anew under another node name. TASKWIRE_ERROR_NULL_POINTER and
/// TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_forget(
    agent: *mut taskwire_agent,
    now_us: u64,
    id: *const taskwire_task_id,
) -> taskwire_status {
    // SAFETY: the agent and the id are NULL or valid: the caller's promise.
    unsafe {
        about(agent, id, |agent, id| {
            agent.forget(Instant::from_micros(now_us), id)?;
            Ok(())
        })
    }
}

/// Carries out an array of reports, in order, up to the first that is refused.
///
/// Parameters: `now_us`, the host's clock in microseconds, the same for all. `updates`, each filled by
/// taskwire_update_init, all with the same struct_size. `count`, how many there are, 0 or more.
///
/// Pointers: `updates` and what they point at are the caller's, and are copied. `updates` may be NULL if `count` is 0.
/// `out_done` gets how many were carried out: on an error, the update of that index is the one refused, and going on
/// behind it is the caller's choice.
///
/// Errors: those of the single calls, for the update refused: TASKWIRE_ERROR_FULL, TASKWIRE_ERROR_ALREADY_REGISTERED,
/// TASKWIRE_ERROR_TOO_LONG, TASKWIRE_ERROR_NUMBERS_USED_UP, TASKWIRE_ERROR_ILLEGAL_TRANSITION,
/// TASKWIRE_ERROR_UNKNOWN_TASK, TASKWIRE_ERROR_BEING_FORGOTTEN, TASKWIRE_ERROR_NOT_RUNNING, TASKWIRE_ERROR_NOT_ENDED:
/// do what they say there. TASKWIRE_ERROR_ARGUMENT (a kind, code or length that is none), TASKWIRE_ERROR_STRUCT_SIZE
/// (an element that was not filled by taskwire_update_init), TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED:
/// mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: the updates before the one refused are carried out, it and those behind it are not; `out_done` says
/// how many, and is not zero for that reason.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_update(
    agent: *mut taskwire_agent,
    now_us: u64,
    updates: *const taskwire_update,
    count: usize,
    out_done: *mut usize,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises.
    let out_done = unsafe { Out::needed(out_done) };
    // SAFETY: the agent is NULL or valid, the updates are readable and so is what they point at: the caller's promise.
    unsafe {
        change(agent, |agent| {
            let mut out_done = out_done?;
            let updates = GrowingArray::new(updates, count)?;
            for index in 0..updates.count() {
                carry_out(&mut agent.core, Instant::from_micros(now_us), &updates.get(index)?)?;
                out_done.set(index + 1);
            }
            Ok(())
        })
    }
}

/// Carries out one element of an array.
///
/// # Safety
/// What the update points at is NULL or valid for reads of its length.
unsafe fn carry_out(agent: &mut taskwire::Agent, now: Instant, update: &taskwire_update) -> Result<(), Failure> {
    let id = TaskId(update.task.bytes);
    match update.kind {
        TASKWIRE_UPDATE_REGISTER => {
            // SAFETY: the same contract.
            let (metadata, message) = unsafe {
                (
                    view::bytes(update.metadata, update.metadata_length)?,
                    view::bytes(update.message, update.message_length)?,
                )
            };
            let (trace, at) = (update.trace()?, update.at()?);
            agent.register_with(now, id, Registration { metadata, message, trace, at })?;
        }
        TASKWIRE_UPDATE_TRANSITION => {
            // SAFETY: the same contract.
            let report = unsafe { update.report() }?;
            agent.transition(now, id, codes::state(update.state)?, report)?;
        }
        TASKWIRE_UPDATE_PROGRESS => {
            let percent = u8::try_from(update.percent).map_err(|_| TASKWIRE_ERROR_ARGUMENT)?;
            agent.progress(now, id, percent)?;
        }
        TASKWIRE_UPDATE_DETAIL => {
            // SAFETY: the same contract.
            let message = unsafe { view::bytes(update.message, update.message_length) }?;
            agent.detail(now, id, codes::percent(update.percent)?, message)?;
        }
        TASKWIRE_UPDATE_FORGET => agent.forget(now, id)?,
        _ => return Err(TASKWIRE_ERROR_ARGUMENT.into()),
    }
    Ok(())
}
