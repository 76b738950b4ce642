//! An agent behind a handle: its making, its end, and the words of its last refusal. What the host reports stands in
//! `report`, the calls of the loop in `exchange`, and the questions in `inspect`.

pub(crate) mod builder;
pub(crate) mod exchange;
pub(crate) mod inspect;
pub(crate) mod journal;
pub(crate) mod liveness;
pub(crate) mod report;

use core::ffi::c_char;

use taskwire::{Agent, Instant};

use crate::config::{checked, taskwire_agent_config};
use crate::handle::{call, give, objects, take, Standing};
use crate::role::{self, Role};
use crate::status::taskwire_status;
use crate::view::{Out, Pointer};

/// A task agent of one node. Made by taskwire_agent_new, given back by taskwire_agent_free.
pub struct taskwire_agent {
    pub(crate) core: Agent,
    pub(crate) standing: Standing,
}

objects!(taskwire_agent);

impl Role for taskwire_agent {
    fn due(&self) -> Option<(Instant, &'static str)> {
        Some((self.core.next_timeout()?, self.core.next_timeout_reason()?))
    }
}

/// Says whether taskwire_agent_new would take a configuration, and why not in words.
///
/// Parameters: `capacity`, bytes of `out_text`, 0 or more: the text is cut to it, and always ended by a NUL if there is
/// room for one.
///
/// Pointers: `config` and what it points at are the caller's, and are not kept. `out_text` is the caller's, and may be
/// NULL if `capacity` is 0. `out_length` may be NULL; it gets the bytes of the whole text without its NUL, so that a
/// length of `capacity` or more says that it was cut. The text is empty if the configuration is good.
///
/// Errors: TASKWIRE_ERROR_CONFIG_NODE, TASKWIRE_ERROR_CONFIG_RANGE and TASKWIRE_ERROR_CONFIG_FRAME: the text says what
/// was given and what to give. TASKWIRE_ERROR_NULL_POINTER (the node name must be set, too), TASKWIRE_ERROR_MISALIGNED
/// and TASKWIRE_ERROR_ARGUMENT (a capacity that no buffer has): mend the call. TASKWIRE_ERROR_STRUCT_SIZE: fill the
/// struct with taskwire_agent_config_init. TASKWIRE_ERROR_PANICKED: a fault in the library; report it.
///
/// Threads: any.
///
/// After an error: the text says why, wherever there is a buffer for it.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_config_check(
    config: *const taskwire_agent_config,
    out_text: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> taskwire_status {
    // SAFETY: the outputs are NULL or valid for writes (the text for `capacity` bytes), and the configuration NULL or valid
    // for reads of its struct_size, its node ended by a NUL: the caller's promise.
    unsafe { role::config_check(|| checked(config), out_text, capacity, out_length) }
}

/// Makes an agent.
///
/// Parameters: `config`, filled by taskwire_agent_config_init, with node, epoch and seed set.
///
/// Pointers: `config` and what it points at are the caller's, are copied, and may go after the call. `out_agent` gets
/// the agent, which is the caller's until taskwire_agent_free, or NULL.
///
/// Errors: TASKWIRE_ERROR_CONFIG_NODE, TASKWIRE_ERROR_CONFIG_RANGE and TASKWIRE_ERROR_CONFIG_FRAME:
/// taskwire_agent_config_check says what to give. TASKWIRE_ERROR_NULL_POINTER (the node name must be set, too) and
/// TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: fill the struct with
/// taskwire_agent_config_init. TASKWIRE_ERROR_PANICKED: a fault in the library; report it.
///
/// Threads: any.
///
/// After an error: there is no agent.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_new(
    config: *const taskwire_agent_config,
    out_agent: *mut *mut taskwire_agent,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises; Pointer is the pointer itself.
    let out_agent = unsafe { Out::needed(out_agent.cast::<Pointer<taskwire_agent>>()) };
    call(|| {
        let mut out_agent = out_agent?;
        // SAFETY: NULL or valid for reads of its struct_size, its node ended by a NUL, which the caller promises.
        let (config, seed) = unsafe { checked(config) }?;
        let core = Agent::new(config, seed)?;
        let agent = taskwire_agent { core, standing: Standing::default() };
        out_agent.set(Pointer(give(agent)));
        Ok(())
    })
}

/// Gives an agent back. What is not yet durable is lost; taskwire_agent_is_durable and taskwire_agent_goodbye come
/// before.
///
/// Parameters: `agent`, or NULL, which does nothing.
///
/// Pointers: `agent` and every pointer that the library gave out of it are gone after the call.
///
/// Errors: none. A poisoned agent is given back like any other.
///
/// Threads: one thread at a time for one agent, and no other call after this one.
///
/// After an error: there is none.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_free(agent: *mut taskwire_agent) {
    // SAFETY: NULL or an agent of taskwire_agent_new that was not freed, which the caller promises.
    unsafe { take(agent) }
}

/// Says in words why the newest refused call of this agent was refused: which task, which states, which field of a
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
/// has): mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: the text is empty; the agent is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_last_error(
    agent: *const taskwire_agent,
    out_text: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> taskwire_status {
    // SAFETY: NULL or alive and used by no other thread; the outputs NULL or valid for writes (the text for `capacity`
    // bytes): the caller's promise.
    unsafe { role::last_error(agent, out_text, capacity, out_length) }
}
