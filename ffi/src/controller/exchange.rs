//! The calls of the loop: frames in and out, events, deadlines.

use core::ffi::{c_char, c_void};

use taskwire::{Instant, PeerId};

use super::event::{flat, taskwire_controller_event};
use super::taskwire_controller;
use crate::handle::change;
use crate::role;
use crate::status::taskwire_status;
use crate::view::{self, GrowingOut, Out};

/// Takes a frame that has come from an agent.
///
/// Parameters: `now_us`, the host's clock in microseconds. `peer`, the host's own number for the connection or address
/// that it came from, any: answers go there. `length`, bytes of the frame, whole as it came: a datagram, or what
/// taskwire_framer_next gave.
///
/// Pointers: `frame` is the caller's, and is not kept. It may be NULL if its length is 0.
///
/// Errors: none of the peer's is fatal; each is counted, other nodes go on, and taskwire_controller_last_error says which
/// field at which offset. TASKWIRE_ERROR_FRAME_UNDECODABLE, TASKWIRE_ERROR_FRAME_UNKNOWN_SESSION,
/// TASKWIRE_ERROR_FRAME_WRONG_IDENTITY, TASKWIRE_ERROR_FRAME_ILLEGAL, TASKWIRE_ERROR_FRAME_OVER_LIMIT and
/// TASKWIRE_ERROR_OTHER: go on. What networks do (duplicates, late frames, gaps) is no error.
/// TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (a length that no bytes have):
/// mend the call. TASKWIRE_ERROR_PANICKED: free the controller.
///
/// Threads: one thread at a time for one controller.
///
/// After an error: no record was changed; the frame was counted, and there may be an answer or a question to send.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_receive(
    controller: *mut taskwire_controller,
    now_us: u64,
    peer: u64,
    frame: *const u8,
    length: usize,
) -> taskwire_status {
    // SAFETY: the controller is NULL or valid, and the frame readable for its length: the caller's promise.
    unsafe {
        change(controller, |controller| {
            let frame = view::bytes(frame.cast::<c_void>(), length)?;
            controller.core.receive(Instant::from_micros(now_us), PeerId(peer), frame)?;
            Ok(())
        })
    }
}

/// Gives the next frame to send, and says to which peer. Call it until there is none. Nodes take turns.
///
/// Parameters: `now_us`, the host's clock in microseconds. `capacity`, bytes of `out_frame`; at least 512, and better as
/// many as the path carries, 1,200 or more.
///
/// Pointers: `out_frame` is the caller's, and is not kept; only the bytes of the frame are written. `out_peer` gets the
/// peer to send it to, and `out_length` the frame's bytes, 0 if there is nothing to send now.
///
/// Errors: TASKWIRE_ERROR_BUFFER_TOO_SMALL: give at least 512 bytes. TASKWIRE_ERROR_NULL_POINTER,
/// TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (a capacity that no buffer has): mend the call.
/// TASKWIRE_ERROR_PANICKED: free the controller.
///
/// Threads: one thread at a time for one controller.
///
/// After an error: nothing was lost; the frame comes with the next call.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_poll_transmit(
    controller: *mut taskwire_controller,
    now_us: u64,
    out_frame: *mut u8,
    capacity: usize,
    out_peer: *mut u64,
    out_length: *mut usize,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises.
    let (out_peer, out_length) = unsafe { (Out::needed(out_peer), Out::needed(out_length)) };
    // SAFETY: the controller is NULL or valid, and the buffer usable for its capacity: the caller's promise.
    unsafe {
        change(controller, |controller| {
            let (mut out_peer, mut out_length) = (out_peer?, out_length?);
            let out_frame = view::buffer(out_frame, capacity)?;
            let sent = controller.core.poll_transmit(Instant::from_micros(now_us), out_frame)?;
            if let Some((peer, length)) = sent {
                out_peer.set(peer.0);
                out_length.set(length);
            }
            Ok(())
        })
    }
}

/// Gives the next piece of news. Call it until its kind is TASKWIRE_CONTROLLER_EVENT_NONE. Nodes take turns; the events
/// of one node keep their order.
///
/// Parameters: `out_event`, filled by taskwire_controller_event_init once; it may be used again and again.
///
/// Pointers: `out_event` is the caller's, and is not kept. The pointers written into it are the controller's, and hold
/// until the next call of this function or of taskwire_controller_poll_events that succeeds.
///
/// Errors: TASKWIRE_ERROR_STRUCT_SIZE: fill the event with taskwire_controller_event_init. TASKWIRE_ERROR_NULL_POINTER
/// and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the controller.
///
/// Threads: one thread at a time for one controller.
///
/// After an error: no event was taken, and what the last ones point at holds still.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_poll_event(
    controller: *mut taskwire_controller,
    out_event: *mut taskwire_controller_event,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes of its struct_size, which the caller promises.
    let out_event = unsafe { GrowingOut::new(out_event, 1) };
    // SAFETY: the controller is NULL or valid: the caller's promise.
    unsafe {
        change(controller, |controller| {
            poll(controller, &mut out_event?);
            Ok(())
        })
    }
}

/// Gives the next pieces of news, by the array.
///
/// Parameters: `out_events`, the first of which is filled by taskwire_controller_event_init: its struct_size is taken for
/// all. `capacity`, how many there are, 0 or more.
///
/// Pointers: `out_events` is the caller's, and is not kept; it may be NULL if `capacity` is 0. Those not needed have the
/// kind TASKWIRE_CONTROLLER_EVENT_NONE. The pointers written into them are the controller's, and hold until the next call
/// of this function or of taskwire_controller_poll_event that succeeds. `out_count` gets how many events there are; less
/// than `capacity` says that there is no more news.
///
/// Errors: TASKWIRE_ERROR_STRUCT_SIZE: fill the first event with taskwire_controller_event_init.
/// TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (more events than memory has):
/// mend the call. TASKWIRE_ERROR_PANICKED: free the controller.
///
/// Threads: one thread at a time for one controller.
///
/// After an error: no event was taken, and what the last ones point at holds still.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_poll_events(
    controller: *mut taskwire_controller,
    out_events: *mut taskwire_controller_event,
    capacity: usize,
    out_count: *mut usize,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes (the events for `capacity` times the first's struct_size), the caller's promise.
    let (out_events, out_count) = unsafe { (GrowingOut::new(out_events, capacity), Out::needed(out_count)) };
    // SAFETY: the controller is NULL or valid: the caller's promise.
    unsafe {
        change(controller, |controller| {
            let (mut out_events, mut out_count) = (out_events?, out_count?);
            out_count.set(poll(controller, &mut out_events));
            Ok(())
        })
    }
}

/// Takes as many events as there is room for, keeps what they point at, and says how many there were.
fn poll(controller: &mut taskwire_controller, out: &mut GrowingOut<taskwire_controller_event>) -> usize {
    controller.told.clear();
    while controller.told.len() < out.count() {
        let Some(event) = controller.core.poll_event() else { break };
        out.set(controller.told.len(), &flat(&event));
        controller.told.push(event);
    }
    controller.told.len()
}

/// Says when the controller wants taskwire_controller_handle_timeout to be called.
///
/// Parameters: `controller`, the controller.
///
/// Pointers: `out_is_set` gets 1 if there is a deadline and 0 if not; `out_deadline_us` gets it, on the host's clock in
/// microseconds. Both are the caller's, and are not kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
/// controller.
///
/// Threads: one thread at a time for one controller.
///
/// After an error: both outputs are 0; the controller is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_next_timeout(
    controller: *const taskwire_controller,
    out_is_set: *mut u32,
    out_deadline_us: *mut u64,
) -> taskwire_status {
    // SAFETY: NULL or alive and used by no other thread; the outputs NULL or valid for writes: the caller's promise.
    unsafe { role::next_timeout(controller, out_is_set, out_deadline_us) }
}

/// Says why the controller wants to be woken, for people.
///
/// Parameters: `controller`, the controller.
///
/// Pointers: `out_text` gets a static text that has no NUL at its end, or NULL; `out_length` gets its bytes, 0 if there
/// is no deadline. Both outputs are the caller's, and are not kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
/// controller.
///
/// Threads: one thread at a time for one controller.
///
/// After an error: the text is NULL and its length 0; the controller is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_next_timeout_reason(
    controller: *const taskwire_controller,
    out_text: *mut *const c_char,
    out_length: *mut usize,
) -> taskwire_status {
    // SAFETY: NULL or alive and used by no other thread; the outputs NULL or valid for writes: the caller's promise.
    unsafe { role::next_timeout_reason(controller, out_text, out_length) }
}

/// Says how long the host may sleep.
///
/// Parameters: `now_us`, the host's clock in microseconds. `most_us`, the longest time that is wanted, in microseconds.
///
/// Pointers: `controller` is looked at, and nothing is kept.
///
/// Errors: none is returned: the result is in microseconds, from 0 (the deadline is now, or has passed) to `most_us`
/// (there is no deadline before, or the controller is NULL, misaligned or poisoned: the other calls say so).
///
/// Threads: one thread at a time for one controller.
///
/// After an error: the controller is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_wait_us(
    controller: *const taskwire_controller,
    now_us: u64,
    most_us: u64,
) -> u64 {
    // SAFETY: NULL or alive and used by no other thread: the caller's promise.
    unsafe { role::wait_us(controller, now_us, most_us) }
}

/// Does what is due. Early and repeated calls are harmless, and every deadline that has passed is gone afterwards.
///
/// Parameters: `now_us`, the host's clock in microseconds.
///
/// Pointers: `controller` is changed, and nothing is kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
/// controller.
///
/// Threads: one thread at a time for one controller.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_handle_timeout(
    controller: *mut taskwire_controller,
    now_us: u64,
) -> taskwire_status {
    // SAFETY: the controller is NULL or valid: the caller's promise.
    unsafe {
        change(controller, |controller| {
            controller.core.handle_timeout(Instant::from_micros(now_us));
            Ok(())
        })
    }
}
