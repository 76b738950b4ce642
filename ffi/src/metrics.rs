//! The counters of both roles, by the array, with their names, and all that can be measured as text. The table of counters is the core's: nothing is repeated
//! here.

use core::ffi::c_char;

#[cfg(feature = "std")]
use taskwire::metrics::ControllerMetrics;
use taskwire::metrics::{AgentMetrics, Counter};
use taskwire::Instant;

use crate::agent::taskwire_agent;
#[cfg(feature = "std")]
use crate::controller::taskwire_controller;
use crate::failure::Outcome;
use crate::handle::look;
use crate::status::{
    taskwire_status, TASKWIRE_ERROR_ARGUMENT, TASKWIRE_ERROR_BUFFER_TOO_SMALL, TASKWIRE_ERROR_NULL_POINTER,
};
use crate::view::{Out, TextOut};

/// The table of names of a role, for C: all one after another, each ended by a NUL, and where each begins. It is made when
/// this is compiled, as the core's names have no NUL.
struct Names<const LENGTH: usize, const COUNT: usize> {
    bytes: [u8; LENGTH],
    starts: [usize; COUNT],
}

/// Bytes of all names, each with a NUL.
const fn names_length(counters: &[Counter]) -> usize {
    let (mut length, mut index) = (0, 0);
    while index < counters.len() {
        length += counters[index].name.len() + 1;
        index += 1;
    }
    length
}

impl<const LENGTH: usize, const COUNT: usize> Names<LENGTH, COUNT> {
    const fn of(counters: &[Counter]) -> Names<LENGTH, COUNT> {
        let (mut bytes, mut starts) = ([0; LENGTH], [0; COUNT]);
        let (mut at, mut index) = (0, 0);
        while index < COUNT {
            starts[index] = at;
            let name = counters[index].name.as_bytes();
            let mut offset = 0;
            while offset < name.len() {
                bytes[at] = name[offset];
                at += 1;
                offset += 1;
            }
            at += 1;
            index += 1;
        }
        Names { bytes, starts }
    }

    fn pointer(&self, index: usize) -> *const c_char {
        match self.starts.get(index) {
            Some(start) => self.bytes[*start..].as_ptr().cast::<c_char>(),
            None => core::ptr::null(),
        }
    }
}

const AGENT: &[Counter] = AgentMetrics::COUNTERS;
#[cfg(feature = "std")]
const CONTROLLER: &[Counter] = ControllerMetrics::COUNTERS;
static AGENT_NAMES: Names<{ names_length(AGENT) }, { AGENT.len() }> = Names::of(AGENT);
#[cfg(feature = "std")]
static CONTROLLER_NAMES: Names<{ names_length(CONTROLLER) }, { CONTROLLER.len() }> = Names::of(CONTROLLER);

/// Writes the values that there is room for, and how many they are.
///
/// # Safety
/// `out_values` is NULL, misaligned, or valid for writes of `capacity` values.
unsafe fn write(
    values: &[u64],
    out_values: *mut u64,
    capacity: usize,
    out_count: Result<Out<usize>, taskwire_status>,
) -> Outcome {
    let mut out_count = out_count?;
    if capacity > 0 && out_values.is_null() {
        return Err(TASKWIRE_ERROR_NULL_POINTER.into());
    }
    if capacity > isize::MAX as usize / size_of::<u64>() {
        return Err(TASKWIRE_ERROR_ARGUMENT.into());
    }
    let count = capacity.min(values.len());
    for (index, value) in values[..count].iter().enumerate() {
        // SAFETY: `index` is below the capacity, so the place can be written, by the contract.
        unsafe { Out::needed(out_values.add(index)) }?.set(*value);
    }
    out_count.set(count);
    Ok(())
}

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
    AGENT.len()
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
    AGENT_NAMES.pointer(index)
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
    unsafe { look(agent, |agent| write(&agent.core.metrics().values(), out_values, capacity, out_count)) }
}

/// How many counters a controller has. It is the same as long as the program runs, and may grow with the library.
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
#[cfg(feature = "std")]
#[no_mangle]
pub extern "C" fn taskwire_controller_metric_count() -> usize {
    CONTROLLER.len()
}

/// The name of a counter, in the manner of OpenMetrics: with its unit, and _total if it only grows.
///
/// Parameters: `index`, from 0, below taskwire_controller_metric_count.
///
/// Pointers: the text is static and ended by a NUL, or NULL.
///
/// Errors: none is returned; an index that no counter has gives NULL.
///
/// Threads: any.
///
/// After an error: there is none.
#[cfg(feature = "std")]
#[no_mangle]
pub extern "C" fn taskwire_controller_metric_name(index: usize) -> *const c_char {
    CONTROLLER_NAMES.pointer(index)
}

/// Gives the values of all counters, in the order of their names.
///
/// Parameters: `capacity`, how many values there is room for; if less than taskwire_controller_metric_count, the first ones
/// are written.
///
/// Pointers: `out_values` is the caller's, and is not kept; it may be NULL if `capacity` is 0. `out_count` gets how many
/// values were written.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (more values than memory
/// has): mend the call. TASKWIRE_ERROR_PANICKED: free the controller.
///
/// Threads: one thread at a time for one controller.
///
/// After an error: the count is 0, and the values up to it, that is none, hold; the controller is as it was.
#[cfg(feature = "std")]
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_metrics(
    controller: *const taskwire_controller,
    out_values: *mut u64,
    capacity: usize,
    out_count: *mut usize,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises.
    let out_count = unsafe { Out::needed(out_count) };
    // SAFETY: the controller is NULL or valid, and the values writable for the capacity: the caller's promise.
    unsafe {
        look(controller, |controller| write(&controller.core.metrics().values(), out_values, capacity, out_count))
    }
}

/// Bytes that are always enough for the OpenMetrics text of either role, its NUL included.
pub const TASKWIRE_OPENMETRICS_SIZE: usize = 65_536;

/// Writes a whole text, or none.
fn expose(
    text: Result<TextOut<'_>, taskwire_status>,
    length: Result<Out<usize>, taskwire_status>,
    write: impl FnOnce(&mut TextOut<'_>) -> core::fmt::Result,
) -> Outcome {
    let (mut text, mut length) = (text?, length?);
    let written = write(&mut text);
    if written.is_err() || !text.is_whole() {
        text.clear();
        return Err(TASKWIRE_ERROR_BUFFER_TOO_SMALL.into());
    }
    length.set(text.length);
    Ok(())
}

/// Writes everything that can be measured of an agent as OpenMetrics text (version 1.0): how it stands at a time, all
/// counters, and histograms. It ends with the line "# EOF", and with a NUL after it.
///
/// Parameters: `now_us`, the time in microseconds; `capacity`, bytes of `out_text`; TASKWIRE_OPENMETRICS_SIZE is always enough.
///
/// Pointers: `out_text` is the caller's, and is not kept. `out_length` gets the bytes of the text, without the NUL.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (more bytes than memory
/// has): mend the call. TASKWIRE_ERROR_BUFFER_TOO_SMALL: give TASKWIRE_OPENMETRICS_SIZE bytes.
/// TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: the text is empty, if there is room for a NUL, and its length 0; the agent is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_openmetrics(
    agent: *const taskwire_agent,
    now_us: u64,
    out_text: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, the text for the capacity, which the caller promises.
    let (text, length) = unsafe { (TextOut::new(out_text, capacity), Out::needed(out_length)) };
    // SAFETY: the agent is NULL or valid: the caller's promise.
    unsafe {
        look(agent, |agent| {
            expose(text, length, |text| agent.core.write_openmetrics(Instant::from_micros(now_us), text))
        })
    }
}

/// Writes everything that can be measured of a controller as OpenMetrics text (version 1.0): how it stands now, all
/// counters, and histograms. It ends with the line "# EOF", and with a NUL after it.
///
/// Parameters: `capacity`, bytes of `out_text`; TASKWIRE_OPENMETRICS_SIZE is always enough.
///
/// Pointers: `out_text` is the caller's, and is not kept. `out_length` gets the bytes of the text, without the NUL.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (more bytes than memory
/// has): mend the call. TASKWIRE_ERROR_BUFFER_TOO_SMALL: give TASKWIRE_OPENMETRICS_SIZE bytes.
/// TASKWIRE_ERROR_PANICKED: free the controller.
///
/// Threads: one thread at a time for one controller.
///
/// After an error: the text is empty, if there is room for a NUL, and its length 0; the controller is as it was.
#[cfg(feature = "std")]
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_openmetrics(
    controller: *const taskwire_controller,
    out_text: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, the text for the capacity, which the caller promises.
    let (text, length) = unsafe { (TextOut::new(out_text, capacity), Out::needed(out_length)) };
    // SAFETY: the controller is NULL or valid: the caller's promise.
    unsafe { look(controller, |controller| expose(text, length, |text| controller.core.write_openmetrics(text))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::ffi::CStr;

    #[test]
    fn names_are_those_of_the_core() {
        type Name = extern "C" fn(usize) -> *const c_char;
        let roles: [(&[Counter], Name, usize); 2] = [
            (AGENT, taskwire_agent_metric_name, taskwire_agent_metric_count()),
            (CONTROLLER, taskwire_controller_metric_name, taskwire_controller_metric_count()),
        ];
        for (counters, name, count) in roles {
            assert_eq!(count, counters.len());
            for (index, counter) in counters.iter().enumerate() {
                // SAFETY: a static text with a NUL at its end, for every index below the count.
                let name = unsafe { CStr::from_ptr(name(index)) };
                assert_eq!(name.to_str(), Ok(counter.name));
            }
            assert!(name(count).is_null());
            assert!(name(usize::MAX).is_null());
        }
    }
}
