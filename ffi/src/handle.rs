//! Objects behind handles: how a call comes to one, and how one is poisoned when a panic left it half changed. What the
//! objects are stands in `agent` and `framer`; what a panic is caught with, in `panic`.

use alloc::boxed::Box;
use core::cell::Cell;

use crate::failure::{Failure, Outcome};
use crate::panic::guard;
use crate::status::{
    taskwire_status, TASKWIRE_ERROR_MISALIGNED, TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_PANICKED, TASKWIRE_OK,
};

/// What every object carries beside its core.
#[derive(Default)]
pub(crate) struct Standing {
    /// Why the newest refused call was refused, for the words that are asked for later.
    pub(crate) failure: Failure,
    /// Whether a panic has left the object half changed.
    poisoned: Cell<bool>,
}

/// Something that is given to C as an opaque pointer.
pub(crate) trait Object {
    /// Its standing.
    fn standing(&self) -> &Standing;

    /// The same, to be changed.
    fn standing_mut(&mut self) -> &mut Standing;
}

/// Makes structs with a field `standing` objects.
macro_rules! objects {
    ($($name:ty),*) => {
        $(impl $crate::handle::Object for $name {
            fn standing(&self) -> &$crate::handle::Standing {
                &self.standing
            }

            fn standing_mut(&mut self) -> &mut $crate::handle::Standing {
                &mut self.standing
            }
        })*
    };
}
pub(crate) use objects;

/// The object behind a handle, if it may be used.
///
/// # Safety
/// `object` is NULL, misaligned, or came from [`give`] and was not taken back; no other call uses it meanwhile.
unsafe fn usable<'a, T: Object>(object: *const T) -> Result<&'a T, taskwire_status> {
    if object.is_null() {
        return Err(TASKWIRE_ERROR_NULL_POINTER);
    }
    if !object.is_aligned() {
        return Err(TASKWIRE_ERROR_MISALIGNED);
    }
    // SAFETY: not NULL, aligned, and alive by the contract.
    let object = unsafe { &*object };
    if object.standing().poisoned.get() {
        return Err(TASKWIRE_ERROR_PANICKED);
    }
    Ok(object)
}

/// Runs a call that may change the object. The reason of a refusal is kept in it.
///
/// # Safety
/// `object` is NULL, misaligned, or came from [`give`] and was not taken back; no other call uses it meanwhile.
pub(crate) unsafe fn change<T: Object>(object: *mut T, body: impl FnOnce(&mut T) -> Outcome) -> taskwire_status {
    // SAFETY: the same contract; the reference ends with this statement.
    if let Err(status) = unsafe { usable(object.cast_const()) } {
        return status;
    }
    // SAFETY: `usable` has found it not NULL and aligned; alive, and nobody else's meanwhile, by the contract.
    let object = unsafe { &mut *object };
    match guard(|| body(object)) {
        Some(Ok(())) => TASKWIRE_OK,
        Some(Err(failure)) => {
            let status = failure.status();
            object.standing_mut().failure = failure;
            status
        }
        None => {
            object.standing().poisoned.set(true);
            TASKWIRE_ERROR_PANICKED
        }
    }
}

/// Runs a call that only looks at the object.
///
/// # Safety
/// `object` is NULL, misaligned, or came from [`give`] and was not taken back; no other call uses it meanwhile.
pub(crate) unsafe fn look<T: Object>(object: *const T, body: impl FnOnce(&T) -> Outcome) -> taskwire_status {
    // SAFETY: the same contract.
    let object = match unsafe { usable(object) } {
        Ok(object) => object,
        Err(status) => return status,
    };
    match guard(|| body(object)) {
        Some(Ok(())) => TASKWIRE_OK,
        Some(Err(failure)) => failure.status(),
        None => {
            object.standing().poisoned.set(true);
            TASKWIRE_ERROR_PANICKED
        }
    }
}

/// Runs a call that has no object yet, or needs none.
pub(crate) fn call(body: impl FnOnce() -> Outcome) -> taskwire_status {
    match guard(body) {
        Some(Ok(())) => TASKWIRE_OK,
        Some(Err(failure)) => failure.status(),
        None => TASKWIRE_ERROR_PANICKED,
    }
}

/// Gives an object away: it lives until [`take`] gets it back.
pub(crate) fn give<T>(object: T) -> *mut T {
    Box::into_raw(Box::new(object))
}

/// Takes an object back and drops it; NULL does nothing, and nor does a misaligned pointer.
///
/// # Safety
/// `object` is NULL, misaligned, or came from [`give`] and was not taken back; no other call uses it now or later.
pub(crate) unsafe fn take<T>(object: *mut T) {
    if object.is_null() || !object.is_aligned() {
        return;
    }
    // SAFETY: it came from `Box::into_raw` in `give` and was not taken back, by the contract.
    let object = unsafe { Box::from_raw(object) };
    // A poisoned object may panic again when it is dropped; the rest of it is leaked then.
    let _ = guard(|| drop(object));
}
