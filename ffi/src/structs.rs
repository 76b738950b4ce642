//! The structs by which a host reports, and the way from them to the core's types. The calls that take them stand in
//! `agent::report`.

use core::ffi::c_void;
use core::mem::offset_of;

use taskwire::{Report, TraceContext, UnixMillis};

use crate::codes;
use crate::handle::call;
use crate::status::{taskwire_status, TASKWIRE_ERROR_ARGUMENT};
use crate::version::taskwire_task_id;
use crate::view::{self, Growing};

/// A W3C trace context (Trace Context, level 1): it travels with a task and its changes, and decides nothing.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct taskwire_trace {
    /// The trace id.
    pub trace_id: [u8; 16],
    /// The id of the parent span.
    pub span_id: [u8; 8],
    /// The trace flags.
    pub flags: u8,
    /// 0.
    pub reserved: [u8; 7],
}

impl taskwire_trace {
    pub(crate) fn of(trace: Option<TraceContext>) -> (u32, taskwire_trace) {
        match trace {
            None => (0, taskwire_trace::default()),
            Some(trace) => {
                let TraceContext { trace_id, span_id, flags } = trace;
                (1, taskwire_trace { trace_id, span_id, flags, reserved: [0; 7] })
            }
        }
    }

    fn context(&self, has_trace: u32) -> Result<Option<TraceContext>, taskwire_status> {
        let trace = TraceContext { trace_id: self.trace_id, span_id: self.span_id, flags: self.flags };
        Ok(flag(has_trace)?.then_some(trace))
    }
}

/// A yes or no of C.
fn flag(value: u32) -> Result<bool, taskwire_status> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(TASKWIRE_ERROR_ARGUMENT),
    }
}

/// What may go with a transition. Fill it with taskwire_report_init, then set what there is to say.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct taskwire_report {
    /// Bytes of this struct; set by taskwire_report_init.
    pub struct_size: u32,
    /// One of TASKWIRE_REASON_…, or the host's own from TASKWIRE_REASON_FIRST_OF_HOST to 65,535.
    pub reason: u32,
    /// One of TASKWIRE_SOURCE_…, at most 255.
    pub source: u32,
    /// One of TASKWIRE_EXIT_….
    pub exit_kind: u32,
    /// The exit code or the signal.
    pub exit_value: i32,
    /// 1 if at_ms says when it happened, 0 if it happens now.
    pub has_at: u32,
    /// When it happened, in Unix milliseconds, below 2^62.
    pub at_ms: u64,
    /// A text for people, copied by the call that takes it; longer than the configured bound it is cut, with a flag.
    pub message: *const c_void,
    /// Bytes of the message.
    pub message_length: usize,
    /// What the attempt produced, copied by the call that takes it; at most the configured bound.
    pub result: *const c_void,
    /// Bytes of the result.
    pub result_length: usize,
    /// 1 if trace counts.
    pub has_trace: u32,
    /// 0.
    pub reserved: u32,
    /// The trace that this change belongs to; without one the task keeps that of its registration.
    pub trace: taskwire_trace,
}

// SAFETY: repr(C), begins with struct_size, integers, arrays of them and raw pointers only; FIRST ends behind
// `result_length`, within the struct.
unsafe impl Growing for taskwire_report {
    const FIRST: usize = offset_of!(taskwire_report, has_trace);

    fn initial() -> taskwire_report {
        taskwire_report {
            struct_size: size_of::<taskwire_report>() as u32,
            reason: codes::TASKWIRE_REASON_NONE,
            source: codes::TASKWIRE_SOURCE_HOST,
            exit_kind: codes::TASKWIRE_EXIT_NONE,
            exit_value: 0,
            has_at: 0,
            at_ms: 0,
            message: core::ptr::null(),
            message_length: 0,
            result: core::ptr::null(),
            result_length: 0,
            has_trace: 0,
            reserved: 0,
            trace: taskwire_trace::default(),
        }
    }
}

impl taskwire_report {
    /// The report as the core takes it.
    ///
    /// # Safety
    /// `message` and `result` are NULL or valid for reads of their lengths as long as the report is used.
    pub(crate) unsafe fn report<'a>(&self) -> Result<Report<'a>, taskwire_status> {
        // SAFETY: the same contract.
        let (message, result) =
            unsafe { (view::bytes(self.message, self.message_length)?, view::bytes(self.result, self.result_length)?) };
        Ok(Report {
            reason: codes::reason(self.reason)?,
            source: codes::source(self.source)?,
            exit: codes::exit(self.exit_kind, self.exit_value)?,
            message,
            result,
            trace: self.trace.context(self.has_trace)?,
            at: flag(self.has_at)?.then_some(UnixMillis(self.at_ms)),
        })
    }
}

/// Registers task. Takes metadata, message, at_ms and trace.
pub const TASKWIRE_UPDATE_REGISTER: u32 = 1;
/// Moves task to state. Takes reason, source, exit, at_ms, message, result and trace.
pub const TASKWIRE_UPDATE_TRANSITION: u32 = 2;
/// Says how far task is. Takes percent; a message said before stays.
pub const TASKWIRE_UPDATE_PROGRESS: u32 = 3;
/// Says how far task is, and a text for people. Takes percent and message.
pub const TASKWIRE_UPDATE_DETAIL: u32 = 4;
/// Forgets task. Takes nothing.
pub const TASKWIRE_UPDATE_FORGET: u32 = 5;

/// One call about a task as an element of an array. Fill it with taskwire_update_init, then set kind, task and what the
/// kind takes; what it does not take is ignored.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct taskwire_update {
    /// Bytes of this struct; set by taskwire_update_init. All elements of an array have the same.
    pub struct_size: u32,
    /// One of TASKWIRE_UPDATE_….
    pub kind: u32,
    /// The task.
    pub task: taskwire_task_id,
    /// One of TASKWIRE_STATE_….
    pub state: u32,
    /// Hundredths of the work that are done, 0 to 100, or TASKWIRE_PROGRESS_NONE.
    pub percent: u32,
    /// One of TASKWIRE_REASON_…, or the host's own from TASKWIRE_REASON_FIRST_OF_HOST to 65,535.
    pub reason: u32,
    /// One of TASKWIRE_SOURCE_…, at most 255.
    pub source: u32,
    /// One of TASKWIRE_EXIT_….
    pub exit_kind: u32,
    /// The exit code or the signal.
    pub exit_value: i32,
    /// 1 if at_ms says when it happened, 0 if it happens now.
    pub has_at: u32,
    /// 1 if trace counts.
    pub has_trace: u32,
    /// When it happened, in Unix milliseconds, below 2^62.
    pub at_ms: u64,
    /// Opaque bytes, copied; at most the configured bound.
    pub metadata: *const c_void,
    /// Bytes of the metadata.
    pub metadata_length: usize,
    /// A text for people, copied; longer than the configured bound it is cut, with a flag.
    pub message: *const c_void,
    /// Bytes of the message.
    pub message_length: usize,
    /// What the attempt produced, copied; at most the configured bound.
    pub result: *const c_void,
    /// Bytes of the result.
    pub result_length: usize,
    /// The trace that the task or this change belongs to.
    pub trace: taskwire_trace,
}

// SAFETY: repr(C), begins with struct_size, integers, arrays of them and raw pointers only; FIRST ends behind
// `result_length`, within the struct.
unsafe impl Growing for taskwire_update {
    const FIRST: usize = offset_of!(taskwire_update, trace);

    fn initial() -> taskwire_update {
        taskwire_update {
            struct_size: size_of::<taskwire_update>() as u32,
            kind: 0,
            task: taskwire_task_id::default(),
            state: 0,
            percent: codes::TASKWIRE_PROGRESS_NONE,
            reason: codes::TASKWIRE_REASON_NONE,
            source: codes::TASKWIRE_SOURCE_HOST,
            exit_kind: codes::TASKWIRE_EXIT_NONE,
            exit_value: 0,
            has_at: 0,
            has_trace: 0,
            at_ms: 0,
            metadata: core::ptr::null(),
            metadata_length: 0,
            message: core::ptr::null(),
            message_length: 0,
            result: core::ptr::null(),
            result_length: 0,
            trace: taskwire_trace::default(),
        }
    }
}

impl taskwire_update {
    /// What goes with a transition.
    ///
    /// # Safety
    /// `message` and `result` are NULL or valid for reads of their lengths as long as the report is used.
    pub(crate) unsafe fn report<'a>(&self) -> Result<Report<'a>, taskwire_status> {
        let report = taskwire_report {
            reason: self.reason,
            source: self.source,
            exit_kind: self.exit_kind,
            exit_value: self.exit_value,
            has_at: self.has_at,
            at_ms: self.at_ms,
            message: self.message,
            message_length: self.message_length,
            result: self.result,
            result_length: self.result_length,
            has_trace: self.has_trace,
            trace: self.trace,
            ..taskwire_report::initial()
        };
        // SAFETY: the same contract.
        unsafe { report.report() }
    }

    /// When it happened, if the host says so.
    pub(crate) fn at(&self) -> Result<Option<UnixMillis>, taskwire_status> {
        Ok(flag(self.has_at)?.then_some(UnixMillis(self.at_ms)))
    }

    /// The trace, if there is one.
    pub(crate) fn trace(&self) -> Result<Option<TraceContext>, taskwire_status> {
        self.trace.context(self.has_trace)
    }
}

/// Fills a report that is `struct_size` bytes large with the defaults. taskwire_report_init calls it.
///
/// Parameters: `struct_size`, in bytes: the size of the struct as the caller was compiled.
///
/// Pointers: `out_report` is the caller's, and is not kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: no
/// version of the struct has that size; give sizeof.
///
/// Threads: any.
///
/// After an error: nothing was written.
#[no_mangle]
pub unsafe extern "C" fn taskwire_report_init_sized(
    out_report: *mut taskwire_report,
    struct_size: usize,
) -> taskwire_status {
    call(|| {
        // SAFETY: NULL or as large as `struct_size` says, which the caller promises.
        Ok(unsafe { view::initialise(out_report, struct_size) }?)
    })
}

/// Fills an update that is `struct_size` bytes large with the defaults. taskwire_update_init calls it.
///
/// Parameters: `struct_size`, in bytes: the size of the struct as the caller was compiled.
///
/// Pointers: `out_update` is the caller's, and is not kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: no
/// version of the struct has that size; give sizeof.
///
/// Threads: any.
///
/// After an error: nothing was written.
#[no_mangle]
pub unsafe extern "C" fn taskwire_update_init_sized(
    out_update: *mut taskwire_update,
    struct_size: usize,
) -> taskwire_status {
    call(|| {
        // SAFETY: NULL or as large as `struct_size` says, which the caller promises.
        Ok(unsafe { view::initialise(out_update, struct_size) }?)
    })
}
