//! Functions for the C programs in `tests/c`: a panic inside a call. They are behind the feature `testing`, are not in the
//! header, and are declared in `tests/c/testing.h`.

use crate::agent::taskwire_agent;
use crate::controller::taskwire_controller;
use crate::handle::{change, look};
use crate::status::taskwire_status;

/// Panics inside a call that changes the agent, half-way.
///
/// # Safety
/// `agent` is NULL or an agent of `taskwire_agent_new`.
#[no_mangle]
pub unsafe extern "C" fn taskwire_testing_panic_in_change(agent: *mut taskwire_agent) -> taskwire_status {
    // SAFETY: the same contract.
    unsafe { change(agent, |_| panic!("on purpose, in a call that changes")) }
}

/// Panics inside a call that only looks at the agent.
///
/// # Safety
/// `agent` is NULL or an agent of `taskwire_agent_new`.
#[no_mangle]
pub unsafe extern "C" fn taskwire_testing_panic_in_look(agent: *const taskwire_agent) -> taskwire_status {
    // SAFETY: the same contract.
    unsafe { look(agent, |_| panic!("on purpose, in a call that looks")) }
}

/// Panics inside a call that changes the controller, half-way.
///
/// # Safety
/// `controller` is NULL or a controller of `taskwire_controller_new`.
#[no_mangle]
pub unsafe extern "C" fn taskwire_testing_panic_in_controller_change(
    controller: *mut taskwire_controller,
) -> taskwire_status {
    // SAFETY: the same contract.
    unsafe { change(controller, |_| panic!("on purpose, in a call that changes")) }
}

/// Panics inside a call that only looks at the controller.
///
/// # Safety
/// `controller` is NULL or a controller of `taskwire_controller_new`.
#[no_mangle]
pub unsafe extern "C" fn taskwire_testing_panic_in_controller_look(
    controller: *const taskwire_controller,
) -> taskwire_status {
    // SAFETY: the same contract.
    unsafe { look(controller, |_| panic!("on purpose, in a call that looks")) }
}
