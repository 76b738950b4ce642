//! Questions to an agent: whether all is durable, its lease, its session, its tasks. They change nothing.

use taskwire::{Instant, LeaseView, Phase, Slot, TaskId};

use super::taskwire_agent;
use crate::handle::{call, look};
use crate::status::{taskwire_status, TASKWIRE_ERROR_UNKNOWN_TASK};
use crate::task::{of_record, taskwire_task};
use crate::version::taskwire_task_id;
use crate::view::{self, Growing, GrowingOut, Out};

/// The controller has not told how long it believes in a silent agent.
pub const TASKWIRE_LEASE_UNKNOWN: u32 = 0;
/// The controller believes in this agent.
pub const TASKWIRE_LEASE_HELD: u32 = 1;
/// The controller may believe this agent lost.
pub const TASKWIRE_LEASE_EXPIRED: u32 = 2;

/// The agent asks for a session.
pub const TASKWIRE_SESSION_GREETING: u32 = 1;
/// A controller has answered, and the session is being opened.
pub const TASKWIRE_SESSION_OPENING: u32 = 2;
/// The session is open.
pub const TASKWIRE_SESSION_OPEN: u32 = 3;
/// A larger epoch or a twin was seen: the agent is silent.
pub const TASKWIRE_SESSION_FENCED: u32 = 4;
/// The host said goodbye: the agent is silent.
pub const TASKWIRE_SESSION_LEFT: u32 = 5;

/// What the controller does not know yet.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct taskwire_sync_state {
    /// Bytes of this struct; set by taskwire_sync_state_init.
    pub struct_size: u32,
    /// 1 if there is an entry that is not durable, and since_us says since when.
    pub has_since: u32,
    /// When the oldest entry that is not durable was made, on the host's clock in microseconds.
    pub since_us: u64,
    /// Entries that the controller has not acknowledged.
    pub unreceived: u64,
    /// Entries that are not durable at the controller.
    pub undurable: u64,
    /// The newest entry of the agent: the revision.
    pub tail_revision: u64,
    /// The newest entry of the agent: the tag.
    pub tail_tag: u64,
    /// The newest revision that the controller has acknowledged.
    pub received_revision: u64,
    /// The newest revision that is durable at the controller.
    pub durable_revision: u64,
}

// SAFETY: repr(C), begins with struct_size, integers only; FIRST is the size of the struct.
unsafe impl Growing for taskwire_sync_state {
    const FIRST: usize = size_of::<taskwire_sync_state>();

    fn initial() -> taskwire_sync_state {
        taskwire_sync_state {
            struct_size: size_of::<taskwire_sync_state>() as u32,
            has_since: 0,
            since_us: 0,
            unreceived: 0,
            undurable: 0,
            tail_revision: 0,
            tail_tag: 0,
            received_revision: 0,
            durable_revision: 0,
        }
    }
}

/// Fills a sync state that is `struct_size` bytes large with zeros and its size. taskwire_sync_state_init calls it.
///
/// Parameters: `struct_size`, in bytes: the size of the struct as the caller was compiled.
///
/// Pointers: `out_state` is the caller's, and is not kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: no
/// version of the struct has that size; give sizeof.
///
/// Threads: any.
///
/// After an error: nothing was written.
#[no_mangle]
pub unsafe extern "C" fn taskwire_sync_state_init_sized(
    out_state: *mut taskwire_sync_state,
    struct_size: usize,
) -> taskwire_status {
    call(|| {
        // SAFETY: NULL or as large as `struct_size` says, which the caller promises.
        Ok(unsafe { view::initialise(out_state, struct_size) }?)
    })
}

/// Says whether everything that was reported is durable at the controller: the agent may go, and nothing is lost.
///
/// Parameters: `agent`, the agent.
///
/// Pointers: `agent` is looked at, and nothing is kept.
///
/// Errors: the result is 1 for yes, 0 for no, and otherwise a negative taskwire_status, so that a loop which goes on
/// while it is 0 ends when the agent is broken; where a yes lets something be thrown away, compare with 1.
/// TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: the agent is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_is_durable(agent: *const taskwire_agent) -> i32 {
    let mut durable = 0;
    // SAFETY: the agent is NULL or valid: the caller's promise.
    let status = unsafe {
        look(agent, |agent| {
            durable = i32::from(agent.core.is_durable());
            Ok(())
        })
    };
    if status < 0 {
        status
    } else {
        durable
    }
}

/// Says what the controller does not know yet, and since when.
///
/// Parameters: `out_state`, filled by taskwire_sync_state_init once.
///
/// Pointers: `out_state` is the caller's, and is not kept.
///
/// Errors: TASKWIRE_ERROR_STRUCT_SIZE: fill it with taskwire_sync_state_init. TASKWIRE_ERROR_NULL_POINTER and
/// TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: the agent is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_sync_state(
    agent: *const taskwire_agent,
    out_state: *mut taskwire_sync_state,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes of its struct_size, which the caller promises.
    let out_state = unsafe { GrowingOut::new(out_state, 1) };
    // SAFETY: the agent is NULL or valid: the caller's promise.
    unsafe {
        look(agent, |agent| {
            let mut out_state = out_state?;
            let state = agent.core.sync_state();
            out_state.set(
                0,
                &taskwire_sync_state {
                    has_since: u32::from(state.since.is_some()),
                    since_us: state.since.map_or(0, Instant::as_micros),
                    unreceived: state.unreceived,
                    undurable: state.undurable,
                    tail_revision: state.tail.revision.0,
                    tail_tag: state.tail.tag.0,
                    received_revision: state.received.0,
                    durable_revision: state.durable.0,
                    ..taskwire_sync_state::initial()
                },
            );
            Ok(())
        })
    }
}

/// Says whether the controller believes in this agent, as far as the agent can know. Its belief ends before the
/// controller's does.
///
/// Parameters: `now_us`, the host's clock in microseconds.
///
/// Pointers: `out_lease` gets one of TASKWIRE_LEASE_…. `out_until_us` may be NULL; it gets the end of a lease that is
/// held, on the host's clock in microseconds, and otherwise 0. Both are the caller's, and are not kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
/// agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: the lease is TASKWIRE_LEASE_UNKNOWN; the agent is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_lease(
    agent: *const taskwire_agent,
    now_us: u64,
    out_lease: *mut u32,
    out_until_us: *mut u64,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises.
    let (out_lease, out_until_us) = unsafe { (Out::needed(out_lease), Out::optional(out_until_us)) };
    // SAFETY: the agent is NULL or valid: the caller's promise.
    unsafe {
        look(agent, |agent| {
            let (mut out_lease, mut out_until_us) = (out_lease?, out_until_us?);
            match agent.core.lease(Instant::from_micros(now_us)) {
                LeaseView::Unknown => out_lease.set(TASKWIRE_LEASE_UNKNOWN),
                LeaseView::Held { until } => {
                    out_lease.set(TASKWIRE_LEASE_HELD);
                    out_until_us.set(until.as_micros());
                }
                LeaseView::Expired => out_lease.set(TASKWIRE_LEASE_EXPIRED),
            }
            Ok(())
        })
    }
}

/// Says how far the agent is with its session.
///
/// Parameters: `agent`, the agent.
///
/// Pointers: `out_session` gets one of TASKWIRE_SESSION_GREETING, TASKWIRE_SESSION_OPENING, TASKWIRE_SESSION_OPEN,
/// TASKWIRE_SESSION_FENCED and TASKWIRE_SESSION_LEFT. It is the caller's, and is not kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
/// agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: the output is 0, which is none of them; the agent is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_session(
    agent: *const taskwire_agent,
    out_session: *mut u32,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises.
    let out_session = unsafe { Out::needed(out_session) };
    // SAFETY: the agent is NULL or valid: the caller's promise.
    unsafe {
        look(agent, |agent| {
            out_session?.set(match agent.core.phase() {
                Phase::Greeting => TASKWIRE_SESSION_GREETING,
                Phase::Opening => TASKWIRE_SESSION_OPENING,
                Phase::Open => TASKWIRE_SESSION_OPEN,
                Phase::Fenced { .. } => TASKWIRE_SESSION_FENCED,
                Phase::Left => TASKWIRE_SESSION_LEFT,
            });
            Ok(())
        })
    }
}

/// Says in which epoch the agent is: that of its configuration, or the one that taskwire_agent_supersede took.
///
/// Parameters: `agent`, the agent.
///
/// Pointers: `out_epoch` gets the epoch. It is the caller's, and is not kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
/// agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: the output is 0, which is no epoch; the agent is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_epoch(agent: *const taskwire_agent, out_epoch: *mut u64) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises.
    let out_epoch = unsafe { Out::needed(out_epoch) };
    // SAFETY: the agent is NULL or valid: the caller's promise.
    unsafe {
        look(agent, |agent| {
            out_epoch?.set(agent.core.epoch().0);
            Ok(())
        })
    }
}

/// Looks a task up.
///
/// Parameters: `id`, the task. `out_task`, filled by taskwire_task_init once.
///
/// Pointers: `id` and `out_task` are the caller's, and are not kept. The pointers written into `out_task` are the
/// agent's, and hold until the next call that changes it.
///
/// Errors: TASKWIRE_ERROR_UNKNOWN_TASK: it is not registered here, or is forgotten. TASKWIRE_ERROR_STRUCT_SIZE: fill
/// `out_task` with taskwire_task_init. TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call.
/// TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent.
///
/// After an error: the agent is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_task(
    agent: *const taskwire_agent,
    id: *const taskwire_task_id,
    out_task: *mut taskwire_task,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes of its struct_size, which the caller promises.
    let out_task = unsafe { GrowingOut::new(out_task, 1) };
    // SAFETY: the agent and the id are NULL or valid: the caller's promise.
    unsafe {
        look(agent, |agent| {
            let mut out_task = out_task?;
            let id = TaskId(view::read(id)?.bytes);
            let record = agent.core.task(id).ok_or(TASKWIRE_ERROR_UNKNOWN_TASK)?;
            out_task.set(0, &of_record(&record, agent.core.detail_of(id)));
            Ok(())
        })
    }
}

/// Goes through the tasks, by the array, in the order of their slots.
///
/// Parameters: `first_slot`, 0 at first, then what `out_next_slot` said. `out_tasks`, the first of which is filled by
/// taskwire_task_init: its struct_size is taken for all. `capacity`, how many there are, 0 or more.
///
/// Pointers: `out_tasks` is the caller's, and is not kept; it may be NULL if `capacity` is 0. The pointers written into
/// it are the agent's, and hold until the next call that changes it. `out_count` gets how many tasks were written; 0, for
/// a capacity above 0, says that there are no more. `out_next_slot` gets where to go on.
///
/// Errors: TASKWIRE_ERROR_STRUCT_SIZE: fill the first task with taskwire_task_init. TASKWIRE_ERROR_NULL_POINTER,
/// TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (more tasks than memory has): mend the call.
/// TASKWIRE_ERROR_PANICKED: free the agent.
///
/// Threads: one thread at a time for one agent. Tasks that are registered or forgotten between two calls may be missed or
/// met; none is met twice.
///
/// After an error: the agent is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_tasks(
    agent: *const taskwire_agent,
    first_slot: u32,
    out_tasks: *mut taskwire_task,
    capacity: usize,
    out_count: *mut usize,
    out_next_slot: *mut u32,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes (the tasks for `capacity` times the first's struct_size), the caller's promise.
    let (out_tasks, out_count, out_next_slot) =
        unsafe { (GrowingOut::new(out_tasks, capacity), Out::needed(out_count), Out::needed(out_next_slot)) };
    // SAFETY: the agent is NULL or valid: the caller's promise.
    unsafe {
        look(agent, |agent| {
            let (mut out_tasks, mut out_count, mut out_next_slot) = (out_tasks?, out_count?, out_next_slot?);
            let (mut count, mut slot) = (0, first_slot);
            let end = agent.core.config().limits.slots;
            while slot < end && count < out_tasks.count() {
                if let Some(record) = agent.core.table().get(Slot(slot)) {
                    out_tasks.set(count, &of_record(&record, agent.core.detail_of(record.id)));
                    count += 1;
                }
                slot += 1;
            }
            out_count.set(count);
            out_next_slot.set(slot);
            Ok(())
        })
    }
}
