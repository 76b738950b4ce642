//! What an agent's host says in advance of its silence, and the last will for its carrier. The rules are the core's.

use core::time::Duration;

use taskwire::Instant;

use super::taskwire_agent;
use crate::handle::{change, look};
use crate::status::taskwire_status;
use crate::view::{self, Out};

/// Says in advance that this agent will be silent: until then its silence means nothing to the controller, and its lease
/// begins only afterwards. It holds once TASKWIRE_EVENT_SLEEP_CONFIRMED has come: sleep after that. A new session knows
/// nothing of it.
///
/// Parameters: `now_us`, the host's clock in microseconds. `sleep_us`, microseconds from now, at most 30 days; a shorter
/// time, or 0, takes back what was said before.
///
/// Pointers: `agent` is changed, and nothing is kept.
///
/// Errors: TASKWIRE_ERROR_NO_SESSION: wait for TASKWIRE_EVENT_SESSION_OPENED. TASKWIRE_ERROR_ARGUMENT (more than 30 days),
/// TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_sleep_for(
    agent: *mut taskwire_agent,
    now_us: u64,
    sleep_us: u64,
) -> taskwire_status {
    // SAFETY: the agent is NULL or valid: the caller's promise.
    unsafe {
        change(agent, |agent| {
            agent.core.sleep_for(Instant::from_micros(now_us), Duration::from_micros(sleep_us))?;
            Ok(())
        })
    }
}

/// Gives a frame, ready-made, for a carrier with a last will, as MQTT has it: when the carrier sends it because this
/// agent's link is gone, the controller takes the node for suspect at once. It stands for the session that is open now:
/// make it anew after each TASKWIRE_EVENT_SESSION_OPENED.
///
/// Parameters: `capacity`, bytes of `out_frame`, at least 48.
///
/// Pointers: `out_frame` is the caller's, and is not kept. `out_length` gets the frame's bytes, 0 if no session is open.
///
/// Errors: TASKWIRE_ERROR_BUFFER_TOO_SMALL: give 48 bytes. TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and
/// TASKWIRE_ERROR_ARGUMENT (a capacity that no buffer has): mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: the length is 0; the agent is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_last_will(
    agent: *const taskwire_agent,
    out_frame: *mut u8,
    capacity: usize,
    out_length: *mut usize,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises.
    let out_length = unsafe { Out::needed(out_length) };
    // SAFETY: the agent is NULL or valid, and the buffer usable for its capacity: the caller's promise.
    unsafe {
        look(agent, |agent| {
            let mut out_length = out_length?;
            let out_frame = view::buffer(out_frame, capacity)?;
            out_length.set(agent.core.last_will(out_frame)?.unwrap_or(0));
            Ok(())
        })
    }
}
