//! Frames over a byte stream (TCP, TLS, pipes; serial lines) behind a handle. The forms of streams are the core's.

use core::ffi::c_void;

use taskwire::wire::{Deframer, Framing, WrapError};

use crate::handle::{call, change, give, look, objects, take, Standing};
use crate::status::{
    taskwire_status, TASKWIRE_ERROR_ARGUMENT, TASKWIRE_ERROR_BUFFER_TOO_SMALL, TASKWIRE_ERROR_STREAM_BROKEN,
};
use crate::view::{self, Out, Pointer};

/// Each frame after its length: for streams that lose and change nothing (TCP, TLS, pipes).
pub const TASKWIRE_FRAMER_LENGTH: u32 = 1;
/// Each frame as COBS between zero bytes: for lines that lose, change and invent bytes (serial). Whatever came before,
/// the next frame that arrives whole is found.
pub const TASKWIRE_FRAMER_COBS: u32 = 2;

/// Bytes that a frame of up to 1,269 bytes costs in a byte stream beside its own, whatever the kind: enough for a buffer
/// that is made before the frame is known. taskwire_framer_room says it exactly, and for longer frames.
pub const TASKWIRE_FRAMER_OVERHEAD: usize = 7;

const _: () = assert!(Framing::Cobs.room(1269) == 1269 + TASKWIRE_FRAMER_OVERHEAD);
const _: () = assert!(Framing::Cobs.room(1270) > 1270 + TASKWIRE_FRAMER_OVERHEAD);

fn framing(kind: u32) -> Option<Framing> {
    match kind {
        TASKWIRE_FRAMER_LENGTH => Some(Framing::LengthPrefixed),
        TASKWIRE_FRAMER_COBS => Some(Framing::Cobs),
        _ => None,
    }
}

/// The least and the most that a framer may be told to take for a frame.
const BOUNDS: core::ops::RangeInclusive<u32> = 512..=65_535;

/// Cuts a byte stream into frames. Made by taskwire_framer_new, given back by taskwire_framer_free.
pub struct taskwire_framer {
    core: Deframer,
    // A broken stream says all there is to say by its status: nobody asks for words.
    standing: Standing,
}

objects!(taskwire_framer);

/// Makes a framer for the bytes that come in on one connection.
///
/// Parameters: `kind`, TASKWIRE_FRAMER_LENGTH or TASKWIRE_FRAMER_COBS, the same at both ends of the connection.
/// `most_frame`, the longest frame that may come, in bytes: 512 to 65,535. The configured frame size of both sides,
/// whichever is larger, is enough; the framer holds one such frame at most.
///
/// Pointers: `out_framer` gets the framer, which is the caller's until taskwire_framer_free, or NULL.
///
/// Errors: TASKWIRE_ERROR_ARGUMENT: the kind is none, or the length outside its range; mend the call.
/// TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: a fault in the
/// library; report it.
///
/// Threads: any.
///
/// After an error: there is no framer.
#[no_mangle]
pub unsafe extern "C" fn taskwire_framer_new(
    kind: u32,
    most_frame: u32,
    out_framer: *mut *mut taskwire_framer,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises; Pointer is the pointer itself.
    let out_framer = unsafe { Out::needed(out_framer.cast::<Pointer<taskwire_framer>>()) };
    call(|| {
        let mut out_framer = out_framer?;
        let framing = framing(kind).filter(|_| BOUNDS.contains(&most_frame)).ok_or(TASKWIRE_ERROR_ARGUMENT)?;
        let framer = taskwire_framer { core: Deframer::new(framing, most_frame), standing: Standing::default() };
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
/// Errors: TASKWIRE_ERROR_STREAM_BROKEN (of kind TASKWIRE_FRAMER_LENGTH alone), from then on at every call: close the
/// connection, and use a new framer with the next. TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
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

/// Tells what a framer of kind TASKWIRE_FRAMER_COBS has found between two zero bytes that is no frame: noise of the line,
/// and frames that noise has spoilt. One of kind TASKWIRE_FRAMER_LENGTH ends at the first such thing and counts nothing.
///
/// Parameters: `framer`, the framer.
///
/// Pointers: `out_pieces` gets how often that was, `out_bytes` how many bytes it had; each is the caller's, is not kept,
/// and may be NULL.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
/// framer.
///
/// Threads: one thread at a time for one framer.
///
/// After an error: both outputs are 0.
#[no_mangle]
pub unsafe extern "C" fn taskwire_framer_dropped(
    framer: *const taskwire_framer,
    out_pieces: *mut u64,
    out_bytes: *mut u64,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises.
    let (out_pieces, out_bytes) = unsafe { (Out::optional(out_pieces), Out::optional(out_bytes)) };
    // SAFETY: the framer is NULL or valid: the caller's promise.
    unsafe {
        look(framer, |framer| {
            let (mut out_pieces, mut out_bytes) = (out_pieces?, out_bytes?);
            let dropped = framer.core.dropped();
            out_pieces.set(dropped.pieces);
            out_bytes.set(dropped.bytes);
            Ok(())
        })
    }
}

/// How many bytes taskwire_framer_wrap may write for a frame: its own and 2, or, of kind TASKWIRE_FRAMER_COBS, its own, 3
/// and one more for every 254 of them.
///
/// Parameters: `kind`, as at taskwire_framer_new. `length`, bytes of the frame.
///
/// Pointers: none.
///
/// Errors: none; 0 for a kind that is none.
///
/// Threads: any.
///
/// After an error: there is none.
#[no_mangle]
pub extern "C" fn taskwire_framer_room(kind: u32, length: usize) -> usize {
    framing(kind).map_or(0, |framing| framing.room(length))
}

/// Writes a frame as it goes over a byte stream.
///
/// Parameters: `kind`, as at taskwire_framer_new. `length`, bytes of the frame, as taskwire_agent_poll_transmit gave it.
/// `capacity`, bytes of `out_bytes`; TASKWIRE_FRAMER_OVERHEAD more than the frame has, or taskwire_framer_room.
///
/// Pointers: `frame` and `out_bytes` are the caller's, are not kept, and do not overlap. `out_length` gets how many bytes
/// to send.
///
/// Errors: TASKWIRE_ERROR_BUFFER_TOO_SMALL: give the bytes that taskwire_framer_room says. TASKWIRE_ERROR_ARGUMENT: the
/// kind is none, or no frame has that length; mend the call. TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED:
/// mend the call. TASKWIRE_ERROR_PANICKED: a fault in the library; report it.
///
/// Threads: any.
///
/// After an error: nothing was written but the length, which is 0.
#[no_mangle]
pub unsafe extern "C" fn taskwire_framer_wrap(
    kind: u32,
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
        let framing = framing(kind).ok_or(TASKWIRE_ERROR_ARGUMENT)?;
        out_length.set(framing.wrap(frame, out_bytes).map_err(|error| match error {
            WrapError::Length { .. } => TASKWIRE_ERROR_ARGUMENT,
            WrapError::NoRoom { .. } => TASKWIRE_ERROR_BUFFER_TOO_SMALL,
        })?);
        Ok(())
    })
}
