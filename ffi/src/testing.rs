//! Functions for the C programs in `tests/c`: a panic inside a call, and a controller for an agent to talk to. They are
//! behind the feature `testing`, are not in the header, and are declared in `tests/c/testing.h`. The counterpart in C of
//! a product's controller is left to a later version.

use core::ffi::c_void;

use taskwire::{Controller, ControllerConfig, ControllerEvent, Instant, PeerId, State};

use crate::agent::taskwire_agent;
use crate::handle::{change, give, look, take};
use crate::status::taskwire_status;
use crate::view;

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

/// A controller that commits all it is told at once, with counts of what it was told.
pub struct taskwire_testing_controller {
    core: Controller,
    transitions: u64,
    forgotten: u64,
}

/// Makes a controller.
#[no_mangle]
pub extern "C" fn taskwire_testing_controller_new(term: u64, seed: u64) -> *mut taskwire_testing_controller {
    let made = ControllerConfig::new("testing").and_then(|config| Controller::new(config.term(term), seed));
    match made {
        Ok(core) => give(taskwire_testing_controller { core, transitions: 0, forgotten: 0 }),
        Err(_) => core::ptr::null_mut(),
    }
}

/// Gives a controller back.
///
/// # Safety
/// `controller` is NULL or came from `taskwire_testing_controller_new`.
#[no_mangle]
pub unsafe extern "C" fn taskwire_testing_controller_free(controller: *mut taskwire_testing_controller) {
    // SAFETY: the same contract.
    unsafe { take(controller) }
}

/// Hears a frame of the one peer, does what is due, and commits.
///
/// # Safety
/// `controller` came from `taskwire_testing_controller_new`; `frame` is readable for `length` bytes.
#[no_mangle]
pub unsafe extern "C" fn taskwire_testing_controller_receive(
    controller: *mut taskwire_testing_controller,
    now_us: u64,
    frame: *const u8,
    length: usize,
) -> i32 {
    // SAFETY: the same contract.
    let (controller, frame) = unsafe { (&mut *controller, view::bytes(frame.cast::<c_void>(), length)) };
    let now = Instant::from_micros(now_us);
    controller.core.handle_timeout(now);
    let heard = controller.core.receive(now, PeerId(1), frame.unwrap_or_default());
    while let Some(event) = controller.core.poll_event() {
        match event {
            ControllerEvent::Transition { .. } => controller.transitions += 1,
            ControllerEvent::TaskForgotten { .. } => controller.forgotten += 1,
            // Refused only if the history changed meanwhile: another is due then.
            ControllerEvent::CommitDue { node, position } => drop(controller.core.commit(node, position)),
            _ => {}
        }
    }
    i32::from(heard.is_err())
}

/// Gives the next frame to the one peer; 0 if there is none.
///
/// # Safety
/// `controller` came from `taskwire_testing_controller_new`; `out_frame` is writable for `capacity` bytes.
#[no_mangle]
pub unsafe extern "C" fn taskwire_testing_controller_transmit(
    controller: *mut taskwire_testing_controller,
    now_us: u64,
    out_frame: *mut u8,
    capacity: usize,
) -> usize {
    // SAFETY: the same contract.
    let (controller, buffer) = unsafe { (&mut *controller, view::buffer(out_frame, capacity)) };
    let sent = controller.core.poll_transmit(Instant::from_micros(now_us), buffer.unwrap_or_default());
    sent.ok().flatten().map_or(0, |(_, length)| length)
}

/// How many transitions the controller's host was told.
///
/// # Safety
/// `controller` came from `taskwire_testing_controller_new`.
#[no_mangle]
pub unsafe extern "C" fn taskwire_testing_controller_transitions(
    controller: *const taskwire_testing_controller,
) -> u64 {
    // SAFETY: the same contract.
    unsafe { (*controller).transitions }
}

/// How many tasks the controller's host was told to be forgotten.
///
/// # Safety
/// `controller` came from `taskwire_testing_controller_new`.
#[no_mangle]
pub unsafe extern "C" fn taskwire_testing_controller_forgotten(controller: *const taskwire_testing_controller) -> u64 {
    // SAFETY: the same contract.
    unsafe { (*controller).forgotten }
}

/// How many tasks of all nodes are in a state.
///
/// # Safety
/// `controller` came from `taskwire_testing_controller_new`.
#[no_mangle]
pub unsafe extern "C" fn taskwire_testing_controller_tasks_in(
    controller: *const taskwire_testing_controller,
    state: u32,
) -> u64 {
    // SAFETY: the same contract.
    let view = unsafe { (*controller).core.view() };
    let Some(state) = u16::try_from(state).ok().and_then(State::from_code) else { return 0 };
    let in_state = |node| view.tasks_of(node).filter(|task| task.state() == state).count() as u64;
    view.nodes().map(|node| in_state(node.id())).sum()
}
