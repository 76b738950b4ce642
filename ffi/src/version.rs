//! Functions without an object: the version of the C interface, texts of statuses, and task ids as text.

use core::ffi::{c_char, CStr};

use taskwire::TaskId;

use crate::handle::call;
use crate::status::{taskwire_status, text_of, TASKWIRE_ERROR_BUFFER_TOO_SMALL, TASKWIRE_ERROR_TASK_ID_TEXT};
use crate::view::{self, Out};

/// The version of the C interface that this header describes. It grows when a program that was built with an older
/// header would no longer work; fields and functions that are only added do not change it.
pub const TASKWIRE_ABI_VERSION: u32 = 1;

/// Bytes of a task id as text: 36 characters and a NUL.
pub const TASKWIRE_TASK_ID_TEXT_SIZE: usize = 37;

/// The longest text that may be a task id: hyphens may stand between all its bytes.
const LONGEST_TASK_ID_TEXT: usize = 32 + 15 + 16;

/// The 16 bytes that name a task. Written as a UUID, but any 16 bytes will do.
#[repr(C)]
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct taskwire_task_id {
    /// The bytes, in the order in which they are written.
    pub bytes: [u8; 16],
}

/// The version of the C interface that the library was built with.
///
/// Parameters: none. Compare with TASKWIRE_ABI_VERSION at start: if they differ, the program runs with a library that
/// it was not built for.
///
/// Pointers: none.
///
/// Errors: none.
///
/// Threads: any.
///
/// After an error: there is none.
#[no_mangle]
pub extern "C" fn taskwire_abi_version() -> u32 {
    TASKWIRE_ABI_VERSION
}

/// The version of the library, for people, such as "0.1.0".
///
/// Parameters: none.
///
/// Pointers: the text is static, ended by a NUL, and never NULL.
///
/// Errors: none.
///
/// Threads: any.
///
/// After an error: there is none.
#[no_mangle]
pub extern "C" fn taskwire_version_text() -> *const c_char {
    const TEXT: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(text) => text,
        Err(_) => c"",
    };
    TEXT.as_ptr()
}

/// What a status means, for people.
///
/// Parameters: `status`, what any function returned, or any other number.
///
/// Pointers: the text is static, ended by a NUL, and never NULL.
///
/// Errors: none; a number that is no status gives a text that says so. For an agent's refusals
/// taskwire_agent_last_error says more: which task, which states, which field of a frame.
///
/// Threads: any.
///
/// After an error: there is none.
#[no_mangle]
pub extern "C" fn taskwire_status_text(status: taskwire_status) -> *const c_char {
    text_of(status).as_ptr()
}

/// Reads a task id from text: 32 hexadecimal digits of either case, hyphens allowed between bytes.
///
/// Parameters: `text`, ended by a NUL.
///
/// Pointers: `text` and `out_id` are the caller's, and are not kept. `out_id` gets the id.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_TASK_ID_TEXT: the
/// text is something else; give another.
///
/// Threads: any.
///
/// After an error: the id is all zeros.
#[no_mangle]
pub unsafe extern "C" fn taskwire_task_id_from_text(
    text: *const c_char,
    out_id: *mut taskwire_task_id,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises.
    let out_id = unsafe { Out::needed(out_id) };
    call(|| {
        let mut out_id = out_id?;
        // SAFETY: NULL or ended by a NUL, which the caller promises.
        let text = unsafe { view::text(text, LONGEST_TASK_ID_TEXT) }?;
        let id: TaskId = text.and_then(|text| text.parse().ok()).ok_or(TASKWIRE_ERROR_TASK_ID_TEXT)?;
        out_id.set(taskwire_task_id { bytes: id.0 });
        Ok(())
    })
}

/// Writes a task id as text: 32 lower-case hexadecimal digits with hyphens, and a NUL.
///
/// Parameters: `capacity`, bytes of `out_text`; at least TASKWIRE_TASK_ID_TEXT_SIZE.
///
/// Pointers: `id` and `out_text` are the caller's, and are not kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_BUFFER_TOO_SMALL:
/// give TASKWIRE_TASK_ID_TEXT_SIZE bytes.
///
/// Threads: any.
///
/// After an error: the text is empty, if there is room for a NUL.
#[no_mangle]
pub unsafe extern "C" fn taskwire_task_id_to_text(
    id: *const taskwire_task_id,
    out_text: *mut c_char,
    capacity: usize,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes of `capacity` bytes, which the caller promises.
    let out_text = unsafe { view::TextOut::new(out_text, capacity) };
    call(|| {
        let mut out_text = out_text?;
        // SAFETY: NULL or valid for reads, which the caller promises.
        let id = unsafe { view::read(id) }?;
        if capacity < TASKWIRE_TASK_ID_TEXT_SIZE {
            return Err(TASKWIRE_ERROR_BUFFER_TOO_SMALL.into());
        }
        let _ = core::fmt::Write::write_fmt(&mut out_text, format_args!("{}", TaskId(id.bytes)));
        Ok(())
    })
}
