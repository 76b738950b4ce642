//! The calls of the loop (frames in and out, events, deadlines), and those by which a host leaves, takes over, or sets
//! the wall clock.

use core::ffi::{c_char, c_void};
use core::time::Duration;

use taskwire::{Epoch, Instant, UnixMillis};

use super::taskwire_agent;
use crate::event::{flat, taskwire_agent_event};
use crate::handle::change;
use crate::role;
use crate::status::taskwire_status;
use crate::view::{self, GrowingOut, Out};

/// Takes a frame that has come from the controller.
///
/// Parameters: `now_us`, the host's clock in microseconds. `length`, bytes of the frame, whole as it came: a datagram, or
/// what taskwire_framer_next gave.
///
/// Pointers: `frame` is the caller's, and is not kept. It may be NULL if its length is 0.
///
/// Errors: none of the peer's is fatal; each is counted, and taskwire_agent_last_error says which field at which offset.
/// TASKWIRE_ERROR_FRAME_UNDECODABLE, TASKWIRE_ERROR_FRAME_UNKNOWN_SESSION, TASKWIRE_ERROR_FRAME_WRONG_IDENTITY,
/// TASKWIRE_ERROR_FRAME_ILLEGAL, TASKWIRE_ERROR_FRAME_OVER_LIMIT and TASKWIRE_ERROR_OTHER: go on. What networks do
/// (duplicates, late frames, gaps) is no error. TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and
/// TASKWIRE_ERROR_ARGUMENT (a length that no bytes have): mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: nothing was changed but a counter; there may be an answer to send. An acknowledgement of what is not
/// in this agent's history ends the session besides, frees nothing, and another is asked for.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_receive(
    agent: *mut taskwire_agent,
    now_us: u64,
    frame: *const u8,
    length: usize,
) -> taskwire_status {
    // SAFETY: the agent is NULL or valid, and the frame readable for its length: the caller's promise.
    unsafe {
        change(agent, |agent| {
            let frame = view::bytes(frame.cast::<c_void>(), length)?;
            agent.core.receive(Instant::from_micros(now_us), frame)?;
            Ok(())
        })
    }
}

/// Gives the next frame to send to the controller. Call it until there is none.
///
/// Parameters: `now_us`, the host's clock in microseconds. `capacity`, bytes of `out_frame`; at least the configured
/// frame size, 1,200 by default.
///
/// Pointers: `out_frame` is the caller's, and is not kept; only the bytes of the frame are written. `out_length` gets the
/// frame's bytes, 0 if there is nothing to send now.
///
/// Errors: TASKWIRE_ERROR_BUFFER_TOO_SMALL: give the configured frame size. TASKWIRE_ERROR_NULL_POINTER,
/// TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (a capacity that no buffer has): mend the call.
/// TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: nothing was lost; the frame comes with the next call.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_poll_transmit(
    agent: *mut taskwire_agent,
    now_us: u64,
    out_frame: *mut u8,
    capacity: usize,
    out_length: *mut usize,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises.
    let out_length = unsafe { Out::needed(out_length) };
    // SAFETY: the agent is NULL or valid, and the buffer usable for its capacity: the caller's promise.
    unsafe {
        change(agent, |agent| {
            let mut out_length = out_length?;
            let out_frame = view::buffer(out_frame, capacity)?;
            let length = agent.core.poll_transmit(Instant::from_micros(now_us), out_frame)?;
            out_length.set(length.unwrap_or(0));
            Ok(())
        })
    }
}

/// Gives the next piece of news. Call it until its kind is TASKWIRE_EVENT_NONE.
///
/// Parameters: `out_event`, filled by taskwire_agent_event_init once; it may be used again and again.
///
/// Pointers: `out_event` is the caller's, and is not kept. What is written holds no pointers.
///
/// Errors: TASKWIRE_ERROR_STRUCT_SIZE: fill the event with taskwire_agent_event_init. TASKWIRE_ERROR_NULL_POINTER and
/// TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: no event was taken.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_poll_event(
    agent: *mut taskwire_agent,
    out_event: *mut taskwire_agent_event,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes of its struct_size, which the caller promises.
    let out_event = unsafe { GrowingOut::new(out_event, 1) };
    // SAFETY: the agent is NULL or valid: the caller's promise.
    unsafe {
        change(agent, |agent| {
            let mut out_event = out_event?;
            if let Some(event) = agent.core.poll_event() {
                out_event.set(0, &flat(&event));
            }
            Ok(())
        })
    }
}

/// Gives the next pieces of news, by the array.
///
/// Parameters: `out_events`, the first of which is filled by taskwire_agent_event_init: its struct_size is taken for all.
/// `capacity`, how many there are, 0 or more.
///
/// Pointers: `out_events` is the caller's, and is not kept; it may be NULL if `capacity` is 0. What is written holds no
/// pointers; those not needed have the kind TASKWIRE_EVENT_NONE. `out_count` gets how many events there are; less than
/// `capacity` says that there is no more news.
///
/// Errors: TASKWIRE_ERROR_STRUCT_SIZE: fill the first event with taskwire_agent_event_init. TASKWIRE_ERROR_NULL_POINTER,
/// TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (more events than memory has): mend the call.
/// TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: no event was taken.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_poll_events(
    agent: *mut taskwire_agent,
    out_events: *mut taskwire_agent_event,
    capacity: usize,
    out_count: *mut usize,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes (the events for `capacity` times the first's struct_size), the caller's promise.
    let (out_events, out_count) = unsafe { (GrowingOut::new(out_events, capacity), Out::needed(out_count)) };
    // SAFETY: the agent is NULL or valid: the caller's promise.
    unsafe {
        change(agent, |agent| {
            let (mut out_events, mut out_count) = (out_events?, out_count?);
            let mut count = 0;
            while count < out_events.count() {
                let Some(event) = agent.core.poll_event() else { break };
                out_events.set(count, &flat(&event));
                count += 1;
            }
            out_count.set(count);
            Ok(())
        })
    }
}

/// Says when the agent wants taskwire_agent_handle_timeout to be called.
///
/// Parameters: `agent`, the agent.
///
/// Pointers: `out_is_set` gets 1 if there is a deadline and 0 if not; `out_deadline_us` gets it, on the host's clock in
/// microseconds. Both are the caller's, and are not kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
/// agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: both outputs are 0; the agent is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_next_timeout(
    agent: *const taskwire_agent,
    out_is_set: *mut u32,
    out_deadline_us: *mut u64,
) -> taskwire_status {
    // SAFETY: NULL or alive and used by no other thread; the outputs NULL or valid for writes: the caller's promise.
    unsafe { role::next_timeout(agent, out_is_set, out_deadline_us) }
}

/// Says why the agent wants to be woken, for people.
///
/// Parameters: `agent`, the agent.
///
/// Pointers: `out_text` gets a static text that has no NUL at its end, or NULL; `out_length` gets its bytes, 0 if there
/// is no deadline. Both outputs are the caller's, and are not kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
/// agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: the text is NULL and its length 0; the agent is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_next_timeout_reason(
    agent: *const taskwire_agent,
    out_text: *mut *const c_char,
    out_length: *mut usize,
) -> taskwire_status {
    // SAFETY: NULL or alive and used by no other thread; the outputs NULL or valid for writes: the caller's promise.
    unsafe { role::next_timeout_reason(agent, out_text, out_length) }
}

/// Says how long the host may sleep.
///
/// Parameters: `now_us`, the host's clock in microseconds. `most_us`, the longest time that is wanted, in microseconds.
///
/// Pointers: `agent` is looked at, and nothing is kept.
///
/// Errors: none is returned: the result is in microseconds, from 0 (the deadline is now, or has passed) to `most_us`
/// (there is no deadline before, or the agent is NULL, misaligned or poisoned: the other calls say so).
///
/// Threads: one thread at a time for one agent.
///
/// After an error: the agent is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_wait_us(agent: *const taskwire_agent, now_us: u64, most_us: u64) -> u64 {
    // SAFETY: NULL or alive and used by no other thread: the caller's promise.
    unsafe { role::wait_us(agent, now_us, most_us) }
}

/// Does what is due. Early and repeated calls are harmless, and every deadline that has passed is gone afterwards.
///
/// Parameters: `now_us`, the host's clock in microseconds.
///
/// Pointers: `agent` is changed, and nothing is kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
/// agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_handle_timeout(agent: *mut taskwire_agent, now_us: u64) -> taskwire_status {
    // SAFETY: the agent is NULL or valid: the caller's promise.
    unsafe {
        change(agent, |agent| {
            agent.core.handle_timeout(Instant::from_micros(now_us));
            Ok(())
        })
    }
}

/// Leaves in good order without saying when the agent comes back. Drain taskwire_agent_poll_transmit once more; the agent
/// is silent afterwards. taskwire_agent_is_durable comes before, where nothing may be lost.
///
/// Parameters: `now_us`, the host's clock in microseconds.
///
/// Pointers: `agent` is changed, and nothing is kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
/// agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_goodbye(agent: *mut taskwire_agent, now_us: u64) -> taskwire_status {
    // SAFETY: the agent is NULL or valid: the caller's promise.
    unsafe { taskwire_agent_goodbye_until(agent, now_us, 0) }
}

/// Leaves in good order and says when the agent means to come back. Otherwise like taskwire_agent_goodbye.
///
/// Parameters: `now_us`, the host's clock in microseconds. `come_back_after_us`, microseconds from now; 0 does not say.
///
/// Pointers: `agent` is changed, and nothing is kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
/// agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_goodbye_until(
    agent: *mut taskwire_agent,
    now_us: u64,
    come_back_after_us: u64,
) -> taskwire_status {
    // SAFETY: the agent is NULL or valid: the caller's promise.
    unsafe {
        change(agent, |agent| {
            agent.core.goodbye(Instant::from_micros(now_us), Duration::from_micros(come_back_after_us));
            Ok(())
        })
    }
}

/// Goes on after TASKWIRE_EVENT_FENCED, as the epoch after the one seen. Only a host that knows the other incarnation to
/// be gone may do so.
///
/// Parameters: `now_us`, the host's clock in microseconds. `seen`, the epoch that the event named.
///
/// Pointers: `out_epoch` may be NULL; it gets the epoch taken, which the host must store as its newest.
///
/// Errors: TASKWIRE_ERROR_NOT_FENCED: the agent is not fenced, or by another epoch; look at the newest event.
/// TASKWIRE_ERROR_NUMBERS_USED_UP: there is no epoch after it; begin anew under another node name. TASKWIRE_ERROR_OTHER:
/// taskwire_agent_last_error has the words. TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call.
/// TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: nothing was changed; the agent is silent still.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_supersede(
    agent: *mut taskwire_agent,
    now_us: u64,
    seen: u64,
    out_epoch: *mut u64,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises.
    let out_epoch = unsafe { Out::optional(out_epoch) };
    // SAFETY: the agent is NULL or valid: the caller's promise.
    unsafe {
        change(agent, |agent| {
            let mut out_epoch = out_epoch?;
            out_epoch.set(agent.core.supersede(Instant::from_micros(now_us), Epoch(seen))?.0);
            Ok(())
        })
    }
}

/// Says what the wall clock shows, when it was set or has drifted from the host's monotonic clock. It decides nothing:
/// entries made from now on carry times by it.
///
/// Parameters: `now_us`, the host's clock in microseconds. `unix_ms`, the wall clock in Unix milliseconds.
///
/// Pointers: `agent` is changed, and nothing is kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
/// agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_set_wall_clock(
    agent: *mut taskwire_agent,
    now_us: u64,
    unix_ms: u64,
) -> taskwire_status {
    // SAFETY: the agent is NULL or valid: the caller's promise.
    unsafe {
        change(agent, |agent| {
            agent.core.set_wall_clock(Instant::from_micros(now_us), UnixMillis(unix_ms));
            Ok(())
        })
    }
}
