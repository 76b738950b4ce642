//! The agent's journal: what is to be stored, and what the host has stored. Reading it again is left to `builder`.

use taskwire::{Instant, JOURNAL_OVERHEAD};

use super::taskwire_agent;
use crate::handle::{change, look};
use crate::status::taskwire_status;
use crate::view::{self, Out};

/// Bytes that a record of the journal may have beside a frame's: a buffer of the configured frame and this takes every
/// record.
pub const TASKWIRE_JOURNAL_OVERHEAD: usize = 64;

const _: () = assert!(TASKWIRE_JOURNAL_OVERHEAD >= JOURNAL_OVERHEAD);

/// Gives the next record to store. Call it until there is none: append the records to a file, or put them into a store
/// under their keys, in order. When they are safe (after an fsync), say so by taskwire_agent_journal_confirmed; until then
/// no frame tells of what they say. A volatile agent has none.
///
/// Parameters: `capacity`, bytes of `out_record`, at least the configured frame and TASKWIRE_JOURNAL_OVERHEAD.
///
/// Pointers: `out_record` is the caller's, and is not kept. `out_length` gets the bytes of the record, 0 if there is
/// none. `out_key` gets its key, one more than that of the record before: in a store with keys its eight bytes, the
/// greatest first, keep the records in order. `out_begins_checkpoint` gets 1 if a checkpoint begins with it, a good place
/// to begin another file, and 0 if not; it may be NULL.
///
/// Errors: TASKWIRE_ERROR_BUFFER_TOO_SMALL: give a larger one. TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and
/// TASKWIRE_ERROR_ARGUMENT (a capacity that no buffer has): mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: nothing was lost; the record comes with the next call.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_poll_journal(
    agent: *mut taskwire_agent,
    out_record: *mut u8,
    capacity: usize,
    out_length: *mut usize,
    out_key: *mut u64,
    out_begins_checkpoint: *mut u32,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises.
    let (out_length, out_key, out_begins) =
        unsafe { (Out::needed(out_length), Out::needed(out_key), Out::optional(out_begins_checkpoint)) };
    // SAFETY: the agent is NULL or valid, and the buffer usable for its capacity: the caller's promise.
    unsafe {
        change(agent, |agent| {
            let (mut out_length, mut out_key, mut out_begins) = (out_length?, out_key?, out_begins?);
            if let Some(record) = agent.core.poll_journal(view::buffer(out_record, capacity)?)? {
                out_length.set(record.length);
                out_key.set(record.key);
                out_begins.set(record.begins_checkpoint.into());
            }
            Ok(())
        })
    }
}

/// Says that every record up to a key is stored for good: what they say may be told.
///
/// Parameters: `now_us`, the host's clock in microseconds. `key`, that of the newest record stored; an older one than was
/// said before changes nothing.
///
/// Pointers: `agent` is changed, and nothing is kept.
///
/// Errors: TASKWIRE_ERROR_NOT_WRITTEN: that record was never given out; confirm what was. TASKWIRE_ERROR_VOLATILE: the
/// agent keeps no journal; leave the call out. TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call.
/// TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_journal_confirmed(
    agent: *mut taskwire_agent,
    now_us: u64,
    key: u64,
) -> taskwire_status {
    // SAFETY: the agent is NULL or valid: the caller's promise.
    unsafe {
        change(agent, |agent| {
            agent.core.journal_confirmed(Instant::from_micros(now_us), key)?;
            Ok(())
        })
    }
}

/// Says which records are still needed: those below the key may go, as a later checkpoint is confirmed whole.
///
/// Parameters: `agent`, the agent.
///
/// Pointers: `out_key` gets the first key that a restore still needs, 0 while that is all. It is the caller's, and is not
/// kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
/// agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: the key is 0; the agent is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_journal_needed_from(
    agent: *const taskwire_agent,
    out_key: *mut u64,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises.
    let out_key = unsafe { Out::needed(out_key) };
    // SAFETY: the agent is NULL or valid: the caller's promise.
    unsafe {
        look(agent, |agent| {
            out_key?.set(agent.core.journal_needed_from());
            Ok(())
        })
    }
}
