//! Questions to a controller: its nodes, and their tasks as they are known now. They change nothing.

use core::ffi::c_char;

use taskwire::{Freshness, Instant, Mark, Name, NodeId, NodeView, Reachability, TaskId, TaskView};

use super::taskwire_controller;
use crate::codes::*;
use crate::event::{named, of_position, NAME_SIZE};
use crate::handle::{call, look};
use crate::status::{taskwire_status, TASKWIRE_ERROR_UNKNOWN_NODE, TASKWIRE_ERROR_UNKNOWN_TASK};
use crate::task::{of_record, taskwire_task};
use crate::version::taskwire_task_id;
use crate::view::{self, Growing, GrowingOut, Out};

/// A node as the controller knows it. It holds no pointers.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct taskwire_node {
    /// Bytes of this struct; set by taskwire_node_init.
    pub struct_size: u32,
    /// The node's number at this controller. It is never given to another node.
    pub node: u32,
    /// One of TASKWIRE_REACHABILITY_….
    pub reachability: u32,
    /// 1 if its cursor has reached the tip that it named when it opened its session.
    pub synced: u32,
    /// 1 if its tasks are stale: from the end of its lease until it is synced again.
    pub stale: u32,
    /// 1 if a snapshot of it is being put together.
    pub staging: u32,
    /// 1 if it was heard, and heard_at_us says when.
    pub has_heard_at: u32,
    /// Its live tasks.
    pub tasks: u32,
    /// When a new frame of it was heard last, on the host's clock in microseconds.
    pub heard_at_us: u64,
    /// Its newest incarnation; 0 before its first session.
    pub epoch: u64,
    /// The session that is open with it; 0 if none is.
    pub session: u64,
    /// Everything up to here is known: the revision.
    pub received_revision: u64,
    /// Everything up to here is known: the tag.
    pub received_tag: u64,
    /// Everything up to this revision is durable here.
    pub durable_revision: u64,
    /// Events up to here were polled: the revision.
    pub polled_revision: u64,
    /// Events up to here were polled: the tag.
    pub polled_tag: u64,
    /// Its events that wait for taskwire_controller_poll_event.
    pub events_waiting: u64,
    /// Its name, ended by a NUL.
    pub name: [c_char; 72],
}

// SAFETY: repr(C), begins with struct_size, integers and arrays of them only; FIRST is the size of the struct.
unsafe impl Growing for taskwire_node {
    const FIRST: usize = size_of::<taskwire_node>();

    fn initial() -> taskwire_node {
        taskwire_node {
            struct_size: size_of::<taskwire_node>() as u32,
            node: 0,
            reachability: 0,
            synced: 0,
            stale: 0,
            staging: 0,
            has_heard_at: 0,
            tasks: 0,
            heard_at_us: 0,
            epoch: 0,
            session: 0,
            received_revision: 0,
            received_tag: 0,
            durable_revision: 0,
            polled_revision: 0,
            polled_tag: 0,
            events_waiting: 0,
            name: [0; NAME_SIZE],
        }
    }
}

/// The node as C sees it.
fn of_node(controller: &taskwire_controller, node: NodeView<'_>) -> taskwire_node {
    let (received_revision, received_tag) = of_position(&node.received());
    let (polled_revision, polled_tag) = of_position(&node.polled());
    taskwire_node {
        node: node.id().0,
        reachability: of_reachability(node.reachability()),
        synced: node.is_synced().into(),
        stale: node.is_stale().into(),
        staging: node.is_staging().into(),
        has_heard_at: node.last_heard().is_some().into(),
        // Slots are numbered by a u32.
        tasks: node.task_count() as u32,
        heard_at_us: node.last_heard().map_or(0, Instant::as_micros),
        epoch: node.epoch().map_or(0, |epoch| epoch.0),
        session: node.session().map_or(0, |session| session.0),
        received_revision,
        received_tag,
        durable_revision: node.durable().0,
        polled_revision,
        polled_tag,
        events_waiting: controller.core.backlog(node.id()).map_or(0, |(waiting, _)| waiting as u64),
        name: named(node.name()),
        ..taskwire_node::initial()
    }
}

/// A mark's kind in C.
pub(crate) fn of_mark(mark: Option<&Mark>) -> u32 {
    match mark {
        None => TASKWIRE_MARK_NONE,
        Some(Mark::GivenUp { .. }) => TASKWIRE_MARK_GIVEN_UP,
        Some(Mark::OutcomeUnknown { .. }) => TASKWIRE_MARK_OUTCOME_UNKNOWN,
        Some(Mark::Conflict { .. }) => TASKWIRE_MARK_CONFLICT,
    }
}

/// A reachability in C.
pub(crate) fn of_reachability(reachability: Reachability) -> u32 {
    match reachability {
        Reachability::NotReportedYet => TASKWIRE_REACHABILITY_NOT_REPORTED_YET,
        Reachability::Live => TASKWIRE_REACHABILITY_LIVE,
        Reachability::Suspect => TASKWIRE_REACHABILITY_SUSPECT,
        Reachability::Lost => TASKWIRE_REACHABILITY_LOST,
        Reachability::Left => TASKWIRE_REACHABILITY_LEFT,
    }
}

/// The task as C sees it.
pub(crate) fn of_task(node: NodeId, task: TaskView<'_>, now: Instant) -> taskwire_task {
    let (freshness, heard_before) = match task.freshness(now) {
        Freshness::Fresh(age) => (TASKWIRE_FRESHNESS_FRESH, age),
        Freshness::Stale(age) => (TASKWIRE_FRESHNESS_STALE, age),
        Freshness::Final => (TASKWIRE_FRESHNESS_FINAL, Default::default()),
        Freshness::Closed => (TASKWIRE_FRESHNESS_CLOSED, Default::default()),
        Freshness::NotReportedYet => (TASKWIRE_FRESHNESS_NOT_REPORTED_YET, Default::default()),
    };
    taskwire_task {
        state: task.state().code().into(),
        number: task.number(),
        node: node.0,
        freshness,
        heard_before_us: crate::config::micros(heard_before),
        mark: of_mark(task.mark()),
        closed: task.is_closed().into(),
        stale: task.is_stale().into(),
        ..of_record(&task.record(), task.detail().as_ref())
    }
}

/// Fills a node that is `struct_size` bytes large with zeros and its size. taskwire_node_init calls it.
///
/// Parameters: `struct_size`, in bytes: the size of the struct as the caller was compiled.
///
/// Pointers: `out_node` is the caller's, and is not kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: no
/// version of the struct has that size; give sizeof.
///
/// Threads: any.
///
/// After an error: nothing was written.
#[no_mangle]
pub unsafe extern "C" fn taskwire_node_init_sized(out_node: *mut taskwire_node, struct_size: usize) -> taskwire_status {
    call(|| {
        // SAFETY: NULL or as large as `struct_size` says, which the caller promises.
        Ok(unsafe { view::initialise(out_node, struct_size) }?)
    })
}

/// Looks the number of a node up by its name.
///
/// Parameters: `name`, ended by a NUL.
///
/// Pointers: `name` is the caller's, and is not kept. `out_node` gets the node's number. It is the caller's, and is not
/// kept.
///
/// Errors: TASKWIRE_ERROR_UNKNOWN_NODE: no node of this name is known, or no node can have it.
/// TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
/// controller.
///
/// Threads: one thread at a time for one controller.
///
/// After an error: the number is 0, which is that of a node: look at the status first. The controller is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_node_named(
    controller: *const taskwire_controller,
    name: *const c_char,
    out_node: *mut u32,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises.
    let out_node = unsafe { Out::needed(out_node) };
    // SAFETY: the controller is NULL or valid, and the name NULL or ended by a NUL: the caller's promise.
    unsafe {
        look(controller, |controller| {
            let mut out_node = out_node?;
            let found = view::text(name, Name::MAX)?.and_then(|name| controller.core.node(name));
            out_node.set(found.ok_or(TASKWIRE_ERROR_UNKNOWN_NODE)?.0);
            Ok(())
        })
    }
}

/// Looks a node up.
///
/// Parameters: `node`, its number. `out_node`, filled by taskwire_node_init once.
///
/// Pointers: `out_node` is the caller's, and is not kept. What is written holds no pointers.
///
/// Errors: TASKWIRE_ERROR_UNKNOWN_NODE: no node has the number, or it was forgotten. TASKWIRE_ERROR_STRUCT_SIZE: fill
/// `out_node` with taskwire_node_init. TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call.
/// TASKWIRE_ERROR_PANICKED: free the controller.
///
/// Threads: one thread at a time for one controller.
///
/// After an error: the controller is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_node(
    controller: *const taskwire_controller,
    node: u32,
    out_node: *mut taskwire_node,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes of its struct_size, which the caller promises.
    let out_node = unsafe { GrowingOut::new(out_node, 1) };
    // SAFETY: the controller is NULL or valid: the caller's promise.
    unsafe {
        look(controller, |controller| {
            let mut out_node = out_node?;
            let found = controller.core.view().node(NodeId(node)).ok_or(TASKWIRE_ERROR_UNKNOWN_NODE)?;
            out_node.set(0, &of_node(controller, found));
            Ok(())
        })
    }
}

/// Goes through the nodes, by the array, in the order in which they were first heard.
///
/// Parameters: `first_node`, 0 at first, then what `out_next_node` said. `out_nodes`, the first of which is filled by
/// taskwire_node_init: its struct_size is taken for all. `capacity`, how many there are, 0 or more.
///
/// Pointers: `out_nodes` is the caller's, and is not kept; it may be NULL if `capacity` is 0. What is written holds no
/// pointers. `out_count` gets how many nodes were written; 0, for a capacity above 0, says that there are no more.
/// `out_next_node` gets where to go on.
///
/// Errors: TASKWIRE_ERROR_STRUCT_SIZE: fill the first node with taskwire_node_init. TASKWIRE_ERROR_NULL_POINTER,
/// TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (more nodes than memory has): mend the call.
/// TASKWIRE_ERROR_PANICKED: free the controller.
///
/// Threads: one thread at a time for one controller. Nodes that come between two calls are met; none is met twice.
///
/// After an error: the controller is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_nodes(
    controller: *const taskwire_controller,
    first_node: u32,
    out_nodes: *mut taskwire_node,
    capacity: usize,
    out_count: *mut usize,
    out_next_node: *mut u32,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes (the nodes for `capacity` times the first's struct_size), the caller's promise.
    let (out_nodes, out_count, out_next_node) =
        unsafe { (GrowingOut::new(out_nodes, capacity), Out::needed(out_count), Out::needed(out_next_node)) };
    // SAFETY: the controller is NULL or valid: the caller's promise.
    unsafe {
        look(controller, |controller| {
            let (mut out_nodes, mut out_count, mut out_next_node) = (out_nodes?, out_count?, out_next_node?);
            let (mut count, mut next) = (0, first_node);
            for node in controller.core.view().nodes_from(NodeId(first_node)).take(out_nodes.count()) {
                out_nodes.set(count, &of_node(controller, node));
                next = node.id().0.saturating_add(1);
                count += 1;
            }
            out_count.set(count);
            out_next_node.set(next);
            Ok(())
        })
    }
}

/// Looks a task of a node up.
///
/// Parameters: `now_us`, the host's clock in microseconds: how fresh the knowledge is counts from there. `node`, the
/// node's number. `id`, the task. `out_task`, filled by taskwire_task_init once.
///
/// Pointers: `id` and `out_task` are the caller's, and are not kept. The pointers written into `out_task` are the
/// controller's, and hold until the next call that changes it.
///
/// Errors: TASKWIRE_ERROR_UNKNOWN_NODE: no node has the number. TASKWIRE_ERROR_UNKNOWN_TASK: the node has no such task,
/// or it was forgotten too long ago. TASKWIRE_ERROR_STRUCT_SIZE: fill `out_task` with taskwire_task_init.
/// TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
/// controller.
///
/// Threads: one thread at a time for one controller.
///
/// After an error: the controller is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_task(
    controller: *const taskwire_controller,
    now_us: u64,
    node: u32,
    id: *const taskwire_task_id,
    out_task: *mut taskwire_task,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes of its struct_size, which the caller promises.
    let out_task = unsafe { GrowingOut::new(out_task, 1) };
    // SAFETY: the controller and the id are NULL or valid: the caller's promise.
    unsafe {
        look(controller, |controller| {
            let mut out_task = out_task?;
            let id = TaskId(view::read(id)?.bytes);
            let node = controller.core.view().node(NodeId(node)).ok_or(TASKWIRE_ERROR_UNKNOWN_NODE)?;
            let task = node.task(id).ok_or(TASKWIRE_ERROR_UNKNOWN_TASK)?;
            out_task.set(0, &of_task(node.id(), task, Instant::from_micros(now_us)));
            Ok(())
        })
    }
}

/// Goes through the tasks of a node, by the array: the live ones by their slots, then those that the view keeps although
/// their agent has forgotten them.
///
/// Parameters: `now_us`, the host's clock in microseconds: how fresh the knowledge is counts from there. `node`, the
/// node's number. `cursor`, 0 at first, then what `out_next` said. `out_tasks`, the first of which is filled by
/// taskwire_task_init: its struct_size is taken for all. `capacity`, how many there are, 0 or more.
///
/// Pointers: `out_tasks` is the caller's, and is not kept; it may be NULL if `capacity` is 0. The pointers written into
/// it are the controller's, and hold until the next call that changes it. `out_count` gets how many tasks were written;
/// 0, for a capacity above 0, says that there are no more. `out_next` gets where to go on.
///
/// Errors: TASKWIRE_ERROR_UNKNOWN_NODE: no node has the number. TASKWIRE_ERROR_STRUCT_SIZE: fill the first task with
/// taskwire_task_init. TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (more tasks
/// than memory has): mend the call. TASKWIRE_ERROR_PANICKED: free the controller.
///
/// Threads: one thread at a time for one controller. What frames change between two calls may be missed or met twice.
///
/// After an error: the controller is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_tasks(
    controller: *const taskwire_controller,
    now_us: u64,
    node: u32,
    cursor: u64,
    out_tasks: *mut taskwire_task,
    capacity: usize,
    out_count: *mut usize,
    out_next: *mut u64,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes (the tasks for `capacity` times the first's struct_size), the caller's promise.
    let (out_tasks, out_count, out_next) =
        unsafe { (GrowingOut::new(out_tasks, capacity), Out::needed(out_count), Out::needed(out_next)) };
    // SAFETY: the controller is NULL or valid: the caller's promise.
    unsafe {
        look(controller, |controller| {
            let (mut out_tasks, mut out_count, mut out_next) = (out_tasks?, out_count?, out_next?);
            let node = controller.core.view().node(NodeId(node)).ok_or(TASKWIRE_ERROR_UNKNOWN_NODE)?;
            let (mut count, mut next) = (0, cursor);
            for (behind, task) in node.tasks_from(cursor).take(out_tasks.count()) {
                out_tasks.set(count, &of_task(node.id(), task, Instant::from_micros(now_us)));
                next = behind;
                count += 1;
            }
            out_count.set(count);
            out_next.set(next);
            Ok(())
        })
    }
}

/// Looks a task up wherever it is known: one look-up a node. More than one node has it only when it was given to more
/// than one.
///
/// Parameters: `now_us`, the host's clock in microseconds: how fresh the knowledge is counts from there. `id`, the task.
/// `out_tasks`, the first of which is filled by taskwire_task_init: its struct_size is taken for all. `capacity`, how
/// many there are, 0 or more.
///
/// Pointers: `id` and `out_tasks` are the caller's, and are not kept; `out_tasks` may be NULL if `capacity` is 0. The
/// pointers written into it are the controller's, and hold until the next call that changes it. `out_count` gets how
/// many tasks were written, 0 if no node knows it; their node says whose each is.
///
/// Errors: TASKWIRE_ERROR_STRUCT_SIZE: fill the first task with taskwire_task_init. TASKWIRE_ERROR_NULL_POINTER,
/// TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (more tasks than memory has): mend the call.
/// TASKWIRE_ERROR_PANICKED: free the controller.
///
/// Threads: one thread at a time for one controller.
///
/// After an error: the controller is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_find_task(
    controller: *const taskwire_controller,
    now_us: u64,
    id: *const taskwire_task_id,
    out_tasks: *mut taskwire_task,
    capacity: usize,
    out_count: *mut usize,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes (the tasks for `capacity` times the first's struct_size), the caller's promise.
    let (out_tasks, out_count) = unsafe { (GrowingOut::new(out_tasks, capacity), Out::needed(out_count)) };
    // SAFETY: the controller and the id are NULL or valid: the caller's promise.
    unsafe {
        look(controller, |controller| {
            let (mut out_tasks, mut out_count) = (out_tasks?, out_count?);
            let id = TaskId(view::read(id)?.bytes);
            let mut count = 0;
            for (node, task) in controller.core.view().find_task(id).take(out_tasks.count()) {
                out_tasks.set(count, &of_task(node, task, Instant::from_micros(now_us)));
                count += 1;
            }
            out_count.set(count);
            Ok(())
        })
    }
}
