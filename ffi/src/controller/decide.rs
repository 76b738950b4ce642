//! What a controller's host decides: what is stored, which node a connection is authenticated as, which tasks and nodes
//! are given up.

use core::ffi::c_char;

use taskwire::{Name, NodeId, PeerId, Position, Revision, Tag, TaskId};

use super::taskwire_controller;
use crate::handle::change;
use crate::status::{taskwire_status, TASKWIRE_ERROR_CONFIG_NODE, TASKWIRE_ERROR_UNKNOWN_NODE};
use crate::version::taskwire_task_id;
use crate::view;

/// Says that the host has stored everything of a node up to a position: its agent lets go of it then. It must survive in
/// whatever takes this controller's place.
///
/// Parameters: `node`, `revision` and `tag`: node, position_revision and position_tag of
/// TASKWIRE_CONTROLLER_EVENT_COMMIT_DUE, or the position of any event of the node that was polled.
///
/// Pointers: `controller` is changed, and nothing is kept.
///
/// Errors: TASKWIRE_ERROR_NOT_ON_HISTORY: the history has changed since; nothing to do, another commit will be due.
/// TASKWIRE_ERROR_NOT_POLLED: poll and store the events before. TASKWIRE_ERROR_UNKNOWN_NODE: it was forgotten; nothing to
/// do. TASKWIRE_ERROR_OTHER: taskwire_controller_last_error has the words. TASKWIRE_ERROR_NULL_POINTER and
/// TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the controller.
///
/// Threads: one thread at a time for one controller.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_commit(
    controller: *mut taskwire_controller,
    node: u32,
    revision: u64,
    tag: u64,
) -> taskwire_status {
    // SAFETY: the controller is NULL or valid: the caller's promise.
    unsafe {
        change(controller, |controller| {
            let position = Position { revision: Revision(revision), tag: Tag(tag) };
            controller.core.commit(NodeId(node), position)?;
            Ok(())
        })
    }
}

/// Binds a peer to the node that the host has authenticated there: a greeting for another is refused from then on.
///
/// Parameters: `peer`, the host's own number for the connection, any. `name`, the node's: 1 to 64 bytes of UTF-8, ended
/// by a NUL.
///
/// Pointers: `name` is the caller's, and is copied.
///
/// Errors: TASKWIRE_ERROR_CONFIG_NODE: no node has such a name; refuse the connection. TASKWIRE_ERROR_NULL_POINTER and
/// TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the controller.
///
/// Threads: one thread at a time for one controller.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_bind_peer(
    controller: *mut taskwire_controller,
    peer: u64,
    name: *const c_char,
) -> taskwire_status {
    // SAFETY: the controller is NULL or valid, and the name NULL or ended by a NUL: the caller's promise.
    unsafe {
        change(controller, |controller| {
            let name = view::text(name, Name::MAX)?.and_then(|name| Name::new(name).ok());
            controller.core.bind_peer(PeerId(peer), &name.ok_or(TASKWIRE_ERROR_CONFIG_NODE)?);
            Ok(())
        })
    }
}

/// Takes the binding of a peer back, when its connection has ended. A peer that is not bound is no error.
///
/// Parameters: `peer`, the host's own number for the connection.
///
/// Pointers: `controller` is changed, and nothing is kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
/// controller.
///
/// Threads: one thread at a time for one controller.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_unbind_peer(
    controller: *mut taskwire_controller,
    peer: u64,
) -> taskwire_status {
    // SAFETY: the controller is NULL or valid: the caller's promise.
    unsafe {
        change(controller, |controller| {
            controller.core.unbind_peer(PeerId(peer));
            Ok(())
        })
    }
}

/// Gives an unfinished task up: TASKWIRE_MARK_GIVEN_UP beside what was reported, never over it. What its agent reports
/// later is kept too, and TASKWIRE_CONTROLLER_EVENT_LATE_TRUTH tells.
///
/// Parameters: `node`, the node's number. `id`, the task.
///
/// Pointers: `id` is the caller's, and is not kept.
///
/// Errors: TASKWIRE_ERROR_UNKNOWN_NODE and TASKWIRE_ERROR_UNKNOWN_TASK: there is no such live task.
/// TASKWIRE_ERROR_ALREADY_ENDED: there is nothing to give up. TASKWIRE_ERROR_OTHER: taskwire_controller_last_error has
/// the words. TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free
/// the controller.
///
/// Threads: one thread at a time for one controller.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_give_up(
    controller: *mut taskwire_controller,
    node: u32,
    id: *const taskwire_task_id,
) -> taskwire_status {
    // SAFETY: the controller and the id are NULL or valid: the caller's promise.
    unsafe {
        change(controller, |controller| {
            controller.core.give_up(NodeId(node), TaskId(view::read(id)?.bytes))?;
            Ok(())
        })
    }
}

/// Forgets a node whole, with its tasks: the end of a node that was taken away, and the way out where an epoch of it is
/// too large to be followed. Should it greet again it is a new node, with another number.
///
/// Parameters: `node`, the node's number.
///
/// Pointers: `controller` is changed, and nothing is kept. What its tasks pointed at is gone.
///
/// Errors: TASKWIRE_ERROR_UNKNOWN_NODE: nothing to do. TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend
/// the call. TASKWIRE_ERROR_PANICKED: free the controller.
///
/// Threads: one thread at a time for one controller.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_forget_node(
    controller: *mut taskwire_controller,
    node: u32,
) -> taskwire_status {
    // SAFETY: the controller is NULL or valid: the caller's promise.
    unsafe {
        change(controller, |controller| {
            if controller.core.forget_node(NodeId(node)) {
                Ok(())
            } else {
                Err(TASKWIRE_ERROR_UNKNOWN_NODE.into())
            }
        })
    }
}
