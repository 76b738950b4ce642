//! Frames over a byte stream (TCP, TLS, pipes) behind a handle. The form of the stream is the core's.

use core::cell::Cell;
use core::ffi::c_void;

use taskwire::wire::{prefix, Deframer, PREFIX};

use crate::failure::Failure;
use crate::handle::{call, change, give, take, Object};
use crate::status::{
    taskwire_status, TASKWIRE_ERROR_ARGUMENT, TASKWIRE_ERROR_BUFFER_TOO_SMALL, TASKWIRE_ERROR_STREAM_BROKEN,
};
use crate::view::{self, Out, Pointer};

/// Bytes that a frame in a byte stream costs beside its own.
pub const TASKWIRE_FRAMER_OVERHEAD: usize = 2;

const _: () = assert!(TASKWIRE_FRAMER_OVERHEAD == PREFIX);

/// The least and the most that a framer may be told to take for a frame.
const BOUNDS: core::ops::RangeInclusive<u32> = 512..=65_535;

/// Cuts a byte stream into frames. Made by taskwire_framer_new, given back by taskwire_framer_free.
pub struct taskwire_framer {
    core: Deframer,
    poisoned: Cell<bool>,
}

impl Object for taskwire_framer {
    fn poisoned(&self) -> &Cell<bool> {
        &self.poisoned
    }

    // A broken stream says all there is to say by its status.
    fn refused(&mut self, _: Failure) {}
}

/// Makes a framer for the bytes that come in on one connection.
///
/// Parameters: `most_frame`, the longest frame that may come, in bytes: 512 to 65,535. The configured frame size of both
/// sides, whichever is larger, is enough.
///
/// Pointers: `out_framer` gets the framer, which is the caller's until taskwire_framer_free, or NULL.
///
/// Errors: TASKWIRE_ERROR_ARGUMENT: the length is outside its range; mend the call. TASKWIRE_ERROR_NULL_POINTER and
/// TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: a fault in the library; report it.
///
/// Threads: any.
///
/// After an error: there is no framer.
#[no_mangle]
pub unsafe extern "C" fn taskwire_framer_new(
    most_frame: u32,
    out_framer: *mut *mut taskwire_framer,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises; Pointer is the pointer itself.
    let out_framer = unsafe { Out::needed(out_framer.cast::<Pointer<taskwire_framer>>()) };
    call(|| {
        let mut out_framer = out_framer?;
        if !BOUNDS.contains(&most_frame) {
            return Err(TASKWIRE_ERROR_ARGUMENT.into());
        }
        let framer = taskwire_framer { core: Deframer::new(most_frame), poisoned: Cell::new(false) };
        out_framer.set(Pointer(give(framer)));
        Ok(())
    })
}

/// Gives a framer back. Bytes of a frame that is not whole are lost.
///
/// Parameters: `framer`, or NULL, which does nothing.
///
/// Pointers: `framer` and every frame that it gave out are gone after the call.
///
/// Errors: none. A poisoned framer is given back like any other.
///
/// Threads: one thread at a time for one framer, and no other call after this one.
///
/// After an error: there is none.
#[no_mangle]
pub unsafe extern "C" fn taskwire_framer_free(framer: *mut taskwire_framer) {
    // SAFETY: NULL or a framer of taskwire_framer_new that was not freed, which the caller promises.
    unsafe { take(framer) }
}

/// Takes bytes that have come in, in whatever pieces they came, as many as there is room for. Then drain
/// taskwire_framer_next, and push the rest.
///
/// Parameters: `length`, how many bytes there are, 0 or more.
///
/// Pointers: `bytes` is the caller's, and is copied; it may be NULL if its length is 0. `out_taken` gets how many were
/// taken: more than 0 of more than 0, unless a whole frame waits to be taken out. A frame that taskwire_framer_next gave
/// is gone after the call.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (a length that no bytes
/// have): mend the call. TASKWIRE_ERROR_PANICKED: free the framer. A stream that is broken takes and drops everything;
/// taskwire_framer_next says so.
///
/// Threads: one thread at a time for one framer.
///
/// After an error: no byte was taken.
#[no_mangle]
pub unsafe extern "C" fn taskwire_framer_push(
    framer: *mut taskwire_framer,
    bytes: *const u8,
    length: usize,
    out_taken: *mut usize,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises.
    let out_taken = unsafe { Out::needed(out_taken) };
    // SAFETY: the framer is NULL or valid, and the bytes readable for their length: the caller's promise.
    unsafe {
        change(framer, |framer| {
            let mut out_taken = out_taken?;
            let bytes = view::bytes(bytes.cast::<c_void>(), length)?;
            out_taken.set(framer.core.push(bytes));
            Ok(())
        })
    }
}

/// Gives the next whole frame, for taskwire_agent_receive. Call it until there is none.
///
/// Parameters: `framer`, the framer.
///
/// Pointers: `out_frame` gets the frame, which is the framer's own and holds until the next call on it, or NULL.
/// `out_length` gets its bytes, 0 if there is no whole frame yet. Both outputs are the caller's, and are not kept.
///
/// Errors: TASKWIRE_ERROR_STREAM_BROKEN, from then on at every call: close the connection, and use a new framer with the
/// next. TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
/// framer.
///
/// Threads: one thread at a time for one framer.
///
/// After an error: there is no frame, and no frame was taken out.
#[no_mangle]
pub unsafe extern "C" fn taskwire_framer_next(
    framer: *mut taskwire_framer,
    out_frame: *mut *const u8,
    out_length: *mut usize,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises; Pointer is the pointer itself.
    let (out_frame, out_length) = unsafe { (Out::needed(out_frame.cast::<Pointer<u8>>()), Out::needed(out_length)) };
    // SAFETY: the framer is NULL or valid: the caller's promise.
    unsafe {
        change(framer, |framer| {
            let (mut out_frame, mut out_length) = (out_frame?, out_length?);
            if let Some(frame) = framer.core.next_frame().map_err(|_| TASKWIRE_ERROR_STREAM_BROKEN)? {
                out_frame.set(Pointer(frame.as_ptr().cast_mut()));
                out_length.set(frame.len());
            }
            Ok(())
        })
    }
}

/// Writes a frame as it goes over a byte stream.
///
/// Parameters: `length`, bytes of the frame, as taskwire_agent_poll_transmit gave it. `capacity`, bytes of `out_bytes`;
/// TASKWIRE_FRAMER_OVERHEAD more than the frame has.
///
/// Pointers: `frame` and `out_bytes` are the caller's, are not kept, and do not overlap. `out_length` gets how many bytes
/// to send.
///
/// Errors: TASKWIRE_ERROR_BUFFER_TOO_SMALL: give TASKWIRE_FRAMER_OVERHEAD bytes more than the frame has.
/// TASKWIRE_ERROR_ARGUMENT: no frame has that length; mend the call. TASKWIRE_ERROR_NULL_POINTER and
/// TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: a fault in the library; report it.
///
/// Threads: any.
///
/// After an error: nothing was written but the length, which is 0.
#[no_mangle]
pub unsafe extern "C" fn taskwire_framer_wrap(
    frame: *const u8,
    length: usize,
    out_bytes: *mut u8,
    capacity: usize,
    out_length: *mut usize,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises.
    let out_length = unsafe { Out::needed(out_length) };
    call(|| {
        let mut out_length = out_length?;
        // SAFETY: the frame is readable for its length and the buffer usable for its capacity, and they do not overlap:
        // the caller's promise.
        let (frame, out_bytes) =
            unsafe { (view::bytes(frame.cast::<c_void>(), length)?, view::buffer(out_bytes, capacity)?) };
        let prefix = prefix(length).map_err(|_| TASKWIRE_ERROR_ARGUMENT)?;
        let whole = PREFIX + length;
        let room = out_bytes.get_mut(..whole).ok_or(TASKWIRE_ERROR_BUFFER_TOO_SMALL)?;
        room[..PREFIX].copy_from_slice(&prefix);
        room[PREFIX..].copy_from_slice(frame);
        out_length.set(whole);
        Ok(())
    })
}
