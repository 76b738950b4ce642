//! The counters of an agent, by the array, with their names. The table of counters is the core's: nothing is repeated
//! here.

use core::ffi::c_char;

use taskwire::metrics::AgentMetrics;

use crate::agent::taskwire_agent;
use crate::handle::look;
use crate::status::{taskwire_status, TASKWIRE_ERROR_ARGUMENT, TASKWIRE_ERROR_NULL_POINTER};
use crate::view::Out;

/// How many counters there are.
const COUNT: usize = AgentMetrics::COUNTERS.len();

/// Bytes of all names, each with a NUL.
const NAMES_LENGTH: usize = {
    let (mut length, mut index) = (0, 0);
    while index < COUNT {
        length += AgentMetrics::COUNTERS[index].name.len() + 1;
        index += 1;
    }
    length
};

/// All names one after another, each ended by a NUL, and where each begins: made when this is compiled, as the core's
/// names have no NUL.
static NAMES: ([u8; NAMES_LENGTH], [usize; COUNT]) = {
    let (mut bytes, mut starts) = ([0; NAMES_LENGTH], [0; COUNT]);
    let (mut at, mut index) = (0, 0);
    while index < COUNT {
        starts[index] = at;
        let name = AgentMetrics::COUNTERS[index].name.as_bytes();
        let mut offset = 0;
        while offset < name.len() {
            bytes[at] = name[offset];
            at += 1;
            offset += 1;
        }
        at += 1;
        index += 1;
    }
    (bytes, starts)
};

/// How many counters an agent has. It is the same as long as the program runs, and may grow with the library.
///
/// Parameters: none.
///
/// Pointers: none.
///
/// Errors: none.
///
/// Threads: any.
///
/// After an error: there is none.
#[no_mangle]
pub extern "C" fn taskwire_agent_metric_count() -> usize {
    COUNT
}

/// The name of a counter, in the manner of OpenMetrics: with its unit, and _total if it only grows.
///
/// Parameters: `index`, from 0, below taskwire_agent_metric_count.
///
/// Pointers: the text is static and ended by a NUL, or NULL.
///
/// Errors: none is returned; an index that no counter has gives NULL.
///
/// Threads: any.
///
/// After an error: there is none.
#[no_mangle]
pub extern "C" fn taskwire_agent_metric_name(index: usize) -> *const c_char {
    match NAMES.1.get(index) {
        Some(start) => NAMES.0[*start..].as_ptr().cast::<c_char>(),
        None => core::ptr::null(),
    }
}

/// Gives the values of all counters, in the order of their names.
///
/// Parameters: `capacity`, how many values there is room for; if less than taskwire_agent_metric_count, the first ones
/// are written.
///
/// Pointers: `out_values` is the caller's, and is not kept; it may be NULL if `capacity` is 0. `out_count` gets how many
/// values were written.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (more values than memory
/// has): mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: the count is 0, and the values up to it, that is none, hold; the agent is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_metrics(
    agent: *const taskwire_agent,
    out_values: *mut u64,
    capacity: usize,
    out_count: *mut usize,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises.
    let out_count = unsafe { Out::needed(out_count) };
    // SAFETY: the agent is NULL or valid, and the values writable for the capacity: the caller's promise.
    unsafe {
        look(agent, |agent| {
            let mut out_count = out_count?;
            if capacity > 0 && out_values.is_null() {
                return Err(TASKWIRE_ERROR_NULL_POINTER.into());
            }
            if capacity > isize::MAX as usize / size_of::<u64>() {
                return Err(TASKWIRE_ERROR_ARGUMENT.into());
            }
            let count = capacity.min(COUNT);
            for (index, value) in agent.core.metrics().values().into_iter().take(count).enumerate() {
                Out::needed(out_values.add(index))?.set(value);
            }
            out_count.set(count);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::ffi::CStr;

    #[test]
    fn names_are_those_of_the_core() {
        for (index, counter) in AgentMetrics::COUNTERS.iter().enumerate() {
            // SAFETY: a static text with a NUL at its end, for every index below the count.
            let name = unsafe { CStr::from_ptr(taskwire_agent_metric_name(index)) };
            assert_eq!(name.to_str(), Ok(counter.name));
        }
        assert!(taskwire_agent_metric_name(taskwire_agent_metric_count()).is_null());
        assert!(taskwire_agent_metric_name(usize::MAX).is_null());
    }
}
