//! A task as C sees it: one struct for both roles. Looking tasks up is left to `agent::inspect` and
//! `controller::inspect`.

use core::mem::offset_of;

use taskwire::{Detail, Record, Value};

use crate::codes::{of_exit, TASKWIRE_PROGRESS_NONE};
use crate::handle::call;
use crate::status::taskwire_status;
use crate::structs::taskwire_trace;
use crate::version::taskwire_task_id;
use crate::view::{self, Growing};

/// A task as an agent or a controller knows it. Its pointers are that object's own, and hold until the next call that
/// changes it: until then no function may be called with it but those that take it as const.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct taskwire_task {
    /// Bytes of this struct; set by taskwire_task_init.
    pub struct_size: u32,
    /// The small integer that stands for the task.
    pub slot: u32,
    /// The task.
    pub id: taskwire_task_id,
    /// One of TASKWIRE_STATE_…: what its agent reported, or the final that the controller keeps against it.
    pub state: u32,
    /// Which try it is, from 0.
    pub attempt: u32,
    /// The number of its newest transition, from 1.
    pub number: u32,
    /// One of TASKWIRE_REASON_…, or another.
    pub reason: u32,
    /// One of TASKWIRE_SOURCE_…, or another.
    pub source: u32,
    /// One of TASKWIRE_EXIT_….
    pub exit_kind: u32,
    /// The exit code or the signal.
    pub exit_value: i32,
    /// 1 if the message was cut at its bound.
    pub message_cut: u32,
    /// When it came to its state, in Unix milliseconds.
    pub at_ms: u64,
    /// Its registration: the epoch.
    pub registered_epoch: u64,
    /// Its registration: the revision.
    pub registered_revision: u64,
    /// Its newest entry: the epoch.
    pub newest_epoch: u64,
    /// Its newest entry: the revision.
    pub newest_revision: u64,
    /// The metadata; NULL if there is none.
    pub metadata: *const u8,
    /// Bytes of the metadata.
    pub metadata_length: usize,
    /// The message of its newest transition, without a NUL; NULL if there is none.
    pub message: *const u8,
    /// Bytes of the message.
    pub message_length: usize,
    /// The result of its newest transition; NULL if there is none.
    pub result: *const u8,
    /// Bytes of the result.
    pub result_length: usize,
    /// 1 if there is a trace context.
    pub has_trace: u32,
    /// Hundredths of the work that are done, 0 to 100, as reported last for its attempt; or TASKWIRE_PROGRESS_NONE.
    pub percent: u32,
    /// The trace context.
    pub trace: taskwire_trace,
    /// The text that its attempt reported last beside the percentage, without a NUL; NULL if there is none.
    pub detail: *const u8,
    /// Bytes of the detail's text.
    pub detail_length: usize,
    /// What its agent says: the state. Another than state only with TASKWIRE_MARK_CONFLICT.
    pub reported_state: u32,
    /// What its agent says: the number of the newest transition.
    pub reported_number: u32,
    /// The node's number at the controller; 0 at an agent, as all that follows.
    pub node: u32,
    /// One of TASKWIRE_FRESHNESS_….
    pub freshness: u32,
    /// With TASKWIRE_FRESHNESS_FRESH and TASKWIRE_FRESHNESS_STALE: microseconds since its node was heard.
    pub heard_before_us: u64,
    /// One of TASKWIRE_MARK_…: what the controller notes beside the record.
    pub mark: u32,
    /// 1 if its agent has forgotten it, or no longer knows it: what stands here is kept by the view alone.
    pub closed: u32,
    /// 1 if the knowledge of it is stale.
    pub stale: u32,
    /// 0.
    pub reserved: u32,
}

// SAFETY: repr(C), begins with struct_size, integers, arrays of them and raw pointers only; FIRST ends behind
// `result_length`, within the struct.
unsafe impl Growing for taskwire_task {
    const FIRST: usize = offset_of!(taskwire_task, has_trace);

    fn initial() -> taskwire_task {
        taskwire_task {
            struct_size: size_of::<taskwire_task>() as u32,
            slot: 0,
            id: taskwire_task_id::default(),
            state: 0,
            attempt: 0,
            number: 0,
            reason: 0,
            source: 0,
            exit_kind: 0,
            exit_value: 0,
            message_cut: 0,
            at_ms: 0,
            registered_epoch: 0,
            registered_revision: 0,
            newest_epoch: 0,
            newest_revision: 0,
            metadata: core::ptr::null(),
            metadata_length: 0,
            message: core::ptr::null(),
            message_length: 0,
            result: core::ptr::null(),
            result_length: 0,
            has_trace: 0,
            percent: TASKWIRE_PROGRESS_NONE,
            trace: taskwire_trace::default(),
            detail: core::ptr::null(),
            detail_length: 0,
            reported_state: 0,
            reported_number: 0,
            node: 0,
            freshness: 0,
            heard_before_us: 0,
            mark: 0,
            closed: 0,
            stale: 0,
            reserved: 0,
        }
    }
}

/// The record of a task with its newest detail, as C sees it.
pub(crate) fn of_record(record: &Record, detail: Option<&Detail>) -> taskwire_task {
    let (exit_kind, exit_value) = of_exit(record.exit);
    let (has_trace, trace) = taskwire_trace::of(record.trace());
    let text = detail.and_then(|detail| detail.message.as_deref()).map_or(&[][..], Value::as_bytes);
    taskwire_task {
        slot: record.slot.0,
        id: taskwire_task_id { bytes: record.id.0 },
        state: record.state.code().into(),
        attempt: record.attempt,
        number: record.number,
        reason: record.reason.0.into(),
        source: record.source.0.into(),
        exit_kind,
        exit_value,
        message_cut: u32::from(record.payload.as_deref().is_some_and(|payload| payload.message_cut)),
        at_ms: record.at.0,
        registered_epoch: record.registered.epoch.0,
        registered_revision: record.registered.revision.0,
        newest_epoch: record.newest.epoch.0,
        newest_revision: record.newest.revision.0,
        metadata: pointer(record.metadata()),
        metadata_length: record.metadata().len(),
        message: pointer(record.message()),
        message_length: record.message().len(),
        result: pointer(record.result()),
        result_length: record.result().len(),
        has_trace,
        percent: detail.and_then(|detail| detail.progress).map_or(TASKWIRE_PROGRESS_NONE, u32::from),
        trace,
        detail: pointer(text),
        detail_length: text.len(),
        reported_state: record.state.code().into(),
        reported_number: record.number,
        ..taskwire_task::initial()
    }
}

/// Where bytes are, for C: NULL if there are none.
pub(crate) fn pointer(bytes: &[u8]) -> *const u8 {
    if bytes.is_empty() {
        core::ptr::null()
    } else {
        bytes.as_ptr()
    }
}

/// Fills a task that is `struct_size` bytes large with zeros and its size. taskwire_task_init calls it.
///
/// Parameters: `struct_size`, in bytes: the size of the struct as the caller was compiled.
///
/// Pointers: `out_task` is the caller's, and is not kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: no
/// version of the struct has that size; give sizeof.
///
/// Threads: any.
///
/// After an error: nothing was written.
#[no_mangle]
pub unsafe extern "C" fn taskwire_task_init_sized(out_task: *mut taskwire_task, struct_size: usize) -> taskwire_status {
    call(|| {
        // SAFETY: NULL or as large as `struct_size` says, which the caller promises.
        Ok(unsafe { view::initialise(out_task, struct_size) }?)
    })
}
