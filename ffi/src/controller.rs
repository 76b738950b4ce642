//! A controller behind a handle: its making, its end, and the words of its last refusal. The calls of the loop stand in
//! `exchange`, what a host decides in `decide`, and the questions in `inspect`.

pub(crate) mod config;
pub(crate) mod decide;
pub(crate) mod event;
pub(crate) mod exchange;
pub(crate) mod inspect;
pub(crate) mod watch;

use core::ffi::c_char;

use taskwire::{Controller, ControllerEvent, Instant};

use crate::handle::{call, give, objects, take, Standing};
use crate::role::{self, Role};
use crate::status::taskwire_status;
use crate::view::{Out, Pointer};
use config::{checked, taskwire_controller_config};

/// A controller of many nodes. Made by taskwire_controller_new, given back by taskwire_controller_free.
pub struct taskwire_controller {
    pub(crate) core: Controller,
    /// The events that the host polled last: what they point at lives as long as they do.
    pub(crate) told: Vec<ControllerEvent>,
    pub(crate) standing: Standing,
}

objects!(taskwire_controller);

impl Role for taskwire_controller {
    fn due(&self) -> Option<(Instant, &'static str)> {
        Some((self.core.next_timeout()?, self.core.next_timeout_reason()?))
    }
}

/// Says whether taskwire_controller_new would take a configuration, and why not in words.
///
/// Parameters: `capacity`, bytes of `out_text`, 0 or more: the text is cut to it, and always ended by a NUL if there is
/// room for one.
///
/// Pointers: `config` and what it points at are the caller's, and are not kept. `out_text` is the caller's, and may be
/// NULL if `capacity` is 0. `out_length` may be NULL; it gets the bytes of the whole text without its NUL, so that a
/// length of `capacity` or more says that it was cut. The text is empty if the configuration is good.
///
/// Errors: TASKWIRE_ERROR_CONFIG_NODE (the name) and TASKWIRE_ERROR_CONFIG_RANGE: the text says what was given and what
/// to give. TASKWIRE_ERROR_NULL_POINTER (the name must be set, too), TASKWIRE_ERROR_MISALIGNED and
/// TASKWIRE_ERROR_ARGUMENT (a policy that is none, or a capacity that no buffer has): mend the call.
/// TASKWIRE_ERROR_STRUCT_SIZE: fill the struct with taskwire_controller_config_init. TASKWIRE_ERROR_PANICKED: a fault
/// in the library; report it.
///
/// Threads: any.
///
/// After an error: the text says why, wherever there is a buffer for it.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_config_check(
    config: *const taskwire_controller_config,
    out_text: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> taskwire_status {
    // SAFETY: the outputs are NULL or valid for writes (the text for `capacity` bytes), and the configuration NULL or valid
    // for reads of its struct_size, its name ended by a NUL: the caller's promise.
    unsafe { role::config_check(|| checked(config), out_text, capacity, out_length) }
}

/// Makes a controller that knows no node.
///
/// Parameters: `config`, filled by taskwire_controller_config_init, with name, term and seed set.
///
/// Pointers: `config` and what it points at are the caller's, are copied, and may go after the call. `out_controller`
/// gets the controller, which is the caller's until taskwire_controller_free, or NULL.
///
/// Errors: TASKWIRE_ERROR_CONFIG_NODE (the name) and TASKWIRE_ERROR_CONFIG_RANGE: taskwire_controller_config_check says
/// what to give. TASKWIRE_ERROR_NULL_POINTER (the name must be set, too), TASKWIRE_ERROR_MISALIGNED and
/// TASKWIRE_ERROR_ARGUMENT (a policy that is none): mend the call. TASKWIRE_ERROR_STRUCT_SIZE: fill the struct with
/// taskwire_controller_config_init. TASKWIRE_ERROR_PANICKED: a fault in the library; report it.
///
/// Threads: any.
///
/// After an error: there is no controller.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_new(
    config: *const taskwire_controller_config,
    out_controller: *mut *mut taskwire_controller,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises; Pointer is the pointer itself.
    let out_controller = unsafe { Out::needed(out_controller.cast::<Pointer<taskwire_controller>>()) };
    call(|| {
        let mut out_controller = out_controller?;
        // SAFETY: NULL or valid for reads of its struct_size, its name ended by a NUL, which the caller promises.
        let (config, seed) = unsafe { checked(config) }?;
        let core = Controller::new(config, seed)?;
        let controller = taskwire_controller { core, told: Vec::new(), standing: Standing::default() };
        out_controller.set(Pointer(give(controller)));
        Ok(())
    })
}

/// Gives a controller back. What it knew is gone: agents tell it anew to the one that comes after it.
///
/// Parameters: `controller`, or NULL, which does nothing.
///
/// Pointers: `controller` and every pointer that the library gave out of it are gone after the call.
///
/// Errors: none. A poisoned controller is given back like any other.
///
/// Threads: one thread at a time for one controller, and no other call after this one.
///
/// After an error: there is none.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_free(controller: *mut taskwire_controller) {
    // SAFETY: NULL or a controller of taskwire_controller_new that was not freed, which the caller promises.
    unsafe { take(controller) }
}

/// Says in words why the newest refused call of this controller was refused: which node, which task, which field of a
/// frame. A call that succeeds does not change it; calls that only look keep nothing.
///
/// Parameters: `capacity`, bytes of `out_text`, 0 or more: the text is cut to it, and always ended by a NUL if there is
/// room for one.
///
/// Pointers: `out_text` is the caller's, and may be NULL if `capacity` is 0. `out_length` may be NULL; it gets the bytes
/// of the whole text without its NUL, so that a length of `capacity` or more says that it was cut. The text is empty if
/// no call was refused yet.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (a capacity that no buffer
/// has): mend the call. TASKWIRE_ERROR_PANICKED: free the controller.
///
/// Threads: one thread at a time for one controller.
///
/// After an error: the text is empty; the controller is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_last_error(
    controller: *const taskwire_controller,
    out_text: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> taskwire_status {
    // SAFETY: NULL or alive and used by no other thread; the outputs NULL or valid for writes (the text for `capacity`
    // bytes): the caller's promise.
    unsafe { role::last_error(controller, out_text, capacity, out_length) }
}
