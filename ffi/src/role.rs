//! What both roles have alike: a core behind a handle, the words of its last refusal, and when it wants to be woken. The
//! functions of C, with the comments that the header shows, stand beside each role; their bodies are here, once.

use core::ffi::c_char;

use taskwire::Instant;

use crate::failure::{say, Failure, Outcome};
use crate::handle::{call, look, Object};
use crate::status::taskwire_status;
use crate::view::{Out, Pointer, TextOut};

/// A core that says when it wants to be woken.
pub(crate) trait Role: Object {
    /// When, and why.
    fn due(&self) -> Option<(Instant, &'static str)>;
}

/// `_config_check`: the words of the refusal, if the configuration is refused.
///
/// # Safety
/// The outputs are NULL, misaligned, or valid for writes, the text for `capacity` bytes.
pub(crate) unsafe fn config_check<T>(
    checked: impl FnOnce() -> Result<T, Failure>,
    out_text: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> taskwire_status {
    // SAFETY: the same contract.
    let (out_text, out_length) = unsafe { (TextOut::new(out_text, capacity), Out::optional(out_length)) };
    call(|| {
        let (out_text, out_length) = (out_text?, out_length?);
        checked().map(drop).inspect_err(|failure| say(failure, out_text, out_length))
    })
}

/// `_last_error`.
///
/// # Safety
/// The object is NULL, misaligned, or alive and used by no other thread; the outputs are NULL, misaligned, or valid for
/// writes, the text for `capacity` bytes.
pub(crate) unsafe fn last_error<T: Object>(
    object: *const T,
    out_text: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> taskwire_status {
    // SAFETY: the same contract.
    let (out_text, out_length) = unsafe { (TextOut::new(out_text, capacity), Out::optional(out_length)) };
    let body = |object: &T| -> Outcome {
        say(&object.standing().failure, out_text?, out_length?);
        Ok(())
    };
    // SAFETY: the same contract.
    unsafe { look(object, body) }
}

/// `_next_timeout`.
///
/// # Safety
/// As for [`last_error`].
pub(crate) unsafe fn next_timeout<T: Role>(
    object: *const T,
    out_is_set: *mut u32,
    out_deadline_us: *mut u64,
) -> taskwire_status {
    // SAFETY: the same contract.
    let (out_is_set, out_deadline_us) = unsafe { (Out::needed(out_is_set), Out::needed(out_deadline_us)) };
    let body = |object: &T| -> Outcome {
        let (mut out_is_set, mut out_deadline_us) = (out_is_set?, out_deadline_us?);
        if let Some((deadline, _)) = object.due() {
            out_is_set.set(1);
            out_deadline_us.set(deadline.as_micros());
        }
        Ok(())
    };
    // SAFETY: the same contract.
    unsafe { look(object, body) }
}

/// `_next_timeout_reason`.
///
/// # Safety
/// As for [`last_error`].
pub(crate) unsafe fn next_timeout_reason<T: Role>(
    object: *const T,
    out_text: *mut *const c_char,
    out_length: *mut usize,
) -> taskwire_status {
    // SAFETY: the same contract; Pointer is the pointer itself.
    let (out_text, out_length) = unsafe { (Out::needed(out_text.cast::<Pointer<c_char>>()), Out::needed(out_length)) };
    let body = |object: &T| -> Outcome {
        let (mut out_text, mut out_length) = (out_text?, out_length?);
        if let Some((_, reason)) = object.due() {
            out_text.set(Pointer(reason.as_ptr().cast::<c_char>().cast_mut()));
            out_length.set(reason.len());
        }
        Ok(())
    };
    // SAFETY: the same contract.
    unsafe { look(object, body) }
}

/// `_wait_us`.
///
/// # Safety
/// The object is NULL, misaligned, or alive and used by no other thread.
pub(crate) unsafe fn wait_us<T: Role>(object: *const T, now_us: u64, most_us: u64) -> u64 {
    let mut wait = most_us;
    let body = |object: &T| -> Outcome {
        if let Some((deadline, _)) = object.due() {
            wait = deadline.as_micros().saturating_sub(now_us).min(most_us);
        }
        Ok(())
    };
    // SAFETY: the same contract. A refusal leaves `wait` as it is, which is what the caller asked for at most.
    unsafe { look(object, body) };
    wait
}
