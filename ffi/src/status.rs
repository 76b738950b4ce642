//! The status of every call: its codes, in ranges by whose fault they are, and their texts. Which error of the core
//! becomes which code is left to `failure`.

use core::ffi::CStr;

/// What a call says: 0 is success, negative values are errors, in ranges by whose fault they are.
pub type taskwire_status = i32;

/// The table of texts; a test holds it to the constants of the header.
macro_rules! statuses {
    ($($name:ident: $text:literal;)*) => {
        /// Every code with its constant's name and its text.
        pub(crate) const ALL: &[(taskwire_status, &str, &CStr)] = &[$(($name, stringify!($name), $text),)*];
    };
}

/// Success.
pub const TASKWIRE_OK: i32 = 0;

/// A pointer that must not be NULL is NULL. The caller's fault: mend the call.
pub const TASKWIRE_ERROR_NULL_POINTER: i32 = -1;
/// The struct_size of a struct is smaller than that of its first version, no multiple of its alignment, or larger than
/// this library knows with something other than zeros behind. The caller's fault: fill the struct with its _init.
pub const TASKWIRE_ERROR_STRUCT_SIZE: i32 = -2;
/// The buffer is too small for what must fit into it. The caller's fault: give a larger one, nothing was lost.
pub const TASKWIRE_ERROR_BUFFER_TOO_SMALL: i32 = -3;
/// A code, kind or number is none of those that are allowed. The caller's fault: mend the call.
pub const TASKWIRE_ERROR_ARGUMENT: i32 = -4;
/// The text is not a task id. The caller's fault: give 32 hexadecimal digits.
pub const TASKWIRE_ERROR_TASK_ID_TEXT: i32 = -5;
/// The name of the node or of the controller has no bytes, more than 64, or is not UTF-8. The caller's fault: give
/// another.
pub const TASKWIRE_ERROR_CONFIG_NODE: i32 = -6;
/// A setting is outside its range. The caller's fault: taskwire_agent_config_check, or that of
/// the controller, says which.
pub const TASKWIRE_ERROR_CONFIG_RANGE: i32 = -7;
/// A task with metadata, message and result at their bounds does not fit into a frame. The caller's fault:
/// taskwire_agent_config_check says by how much.
pub const TASKWIRE_ERROR_CONFIG_FRAME: i32 = -8;
/// A pointer is not aligned as its type must be. The caller's fault: mend the call.
pub const TASKWIRE_ERROR_MISALIGNED: i32 = -9;
/// The journal is of another node. The caller's fault: give that of this node.
pub const TASKWIRE_ERROR_JOURNAL_OTHER_NODE: i32 = -10;
/// The epoch is not above the one in which the journal was written. The caller's fault: give a larger one.
pub const TASKWIRE_ERROR_JOURNAL_EPOCH: i32 = -11;

/// The bytes are no frame: cut, corrupted, of an unknown version, or contradicting themselves. The peer's or the
/// network's fault: go on.
pub const TASKWIRE_ERROR_FRAME_UNDECODABLE: i32 = -100;
/// The frame is of a session that is not known here. The peer's fault: go on.
pub const TASKWIRE_ERROR_FRAME_UNKNOWN_SESSION: i32 = -101;
/// The frame comes from another controller than the session's, or from another node than the connection is bound to.
/// The peer's fault: go on.
pub const TASKWIRE_ERROR_FRAME_WRONG_IDENTITY: i32 = -102;
/// The frame says what its sender may not say. The peer's fault: go on.
pub const TASKWIRE_ERROR_FRAME_ILLEGAL: i32 = -103;
/// The frame is over a limit that was agreed. The peer's fault: go on.
pub const TASKWIRE_ERROR_FRAME_OVER_LIMIT: i32 = -104;
/// The byte stream has a length in it that no frame has. The peer's fault: close the connection and begin anew.
pub const TASKWIRE_ERROR_STREAM_BROKEN: i32 = -105;

/// There is no room for another registration or retry. A limit: try again when more has become durable.
pub const TASKWIRE_ERROR_FULL: i32 = -200;
/// The metadata or the result is longer than its bound. A limit: shorten it, or configure a larger bound.
pub const TASKWIRE_ERROR_TOO_LONG: i32 = -201;
/// Attempts, transition numbers, revisions or epochs have reached their end. A limit: begin anew with a new task or node.
pub const TASKWIRE_ERROR_NUMBERS_USED_UP: i32 = -202;
/// More was stored in the journal than the configuration has room for. A limit: configure a larger bound.
pub const TASKWIRE_ERROR_JOURNAL_BEYOND_LIMITS: i32 = -203;

/// No task of this id is registered here. The state: register it first.
pub const TASKWIRE_ERROR_UNKNOWN_TASK: i32 = -300;
/// The id is in use, or its tombstone is not yet durable. The state: use another id, or wait for
/// TASKWIRE_EVENT_TASK_FORGOTTEN.
pub const TASKWIRE_ERROR_ALREADY_REGISTERED: i32 = -301;
/// The table of moves does not have the move. The state: taskwire_agent_last_error names both states.
pub const TASKWIRE_ERROR_ILLEGAL_TRANSITION: i32 = -302;
/// Progress or detail of a task that is not RUNNING. The state: leave it out.
pub const TASKWIRE_ERROR_NOT_RUNNING: i32 = -303;
/// The task has not ended and cannot be forgotten. The state: end it first.
pub const TASKWIRE_ERROR_NOT_ENDED: i32 = -304;
/// The agent is not fenced, or not by this epoch. The state: supersede only what TASKWIRE_EVENT_FENCED named.
pub const TASKWIRE_ERROR_NOT_FENCED: i32 = -305;
/// The host has said that no attempt of the task will follow. The state: nothing to do; register it anew after
/// TASKWIRE_EVENT_TASK_FORGOTTEN.
pub const TASKWIRE_ERROR_BEING_FORGOTTEN: i32 = -306;

/// No node of this number or name is known here. The state: look at the nodes.
pub const TASKWIRE_ERROR_UNKNOWN_NODE: i32 = -307;
/// The position is not on the history that is held, or too old to be remembered. The state: nothing to do, another
/// TASKWIRE_CONTROLLER_EVENT_COMMIT_DUE comes when there is something to commit.
pub const TASKWIRE_ERROR_NOT_ON_HISTORY: i32 = -308;
/// Events up to the position have not all been polled. The state: poll them, store them, then commit.
pub const TASKWIRE_ERROR_NOT_POLLED: i32 = -309;
/// The task has ended: there is nothing to give up. The state: nothing to do.
pub const TASKWIRE_ERROR_ALREADY_ENDED: i32 = -310;
/// No session is open, so nobody can be told. The state: wait for TASKWIRE_EVENT_SESSION_OPENED.
pub const TASKWIRE_ERROR_NO_SESSION: i32 = -311;
/// Changes after the revision are no longer kept whole. The state: read the view anew, from
/// taskwire_controller_view_revision on.
pub const TASKWIRE_ERROR_COMPACTED: i32 = -312;
/// There is no such revision of the view yet: this controller never gave it. The state: read the view anew.
pub const TASKWIRE_ERROR_FUTURE_REVISION: i32 = -313;
/// The revision is of another incarnation of the controller. The state: read the view anew.
pub const TASKWIRE_ERROR_OTHER_INCARNATION: i32 = -314;
/// The agent keeps no journal. The state: configure TASKWIRE_DURABILITY_WRITE_AHEAD, or leave the call out.
pub const TASKWIRE_ERROR_VOLATILE: i32 = -315;
/// That record of the journal was never given out. The state: confirm only what taskwire_agent_poll_journal gave.
pub const TASKWIRE_ERROR_NOT_WRITTEN: i32 = -316;
/// The builder has made its agent, and can do no more. The state: free it, and make another.
pub const TASKWIRE_ERROR_BUILDER_SPENT: i32 = -317;

/// A fault in the library was caught. Fatal: give the object back with its _free, and make another.
pub const TASKWIRE_ERROR_PANICKED: i32 = -400;
/// The library refused for a reason that this version of the C interface has no code for. Fatal for the call:
/// taskwire_agent_last_error or taskwire_controller_last_error has the words.
pub const TASKWIRE_ERROR_OTHER: i32 = -401;
/// A record of the journal that was confirmed cannot be read: the store has lost what it promised. Fatal: see to the
/// store; taskwire_agent_builder_failed_at says where.
pub const TASKWIRE_ERROR_JOURNAL_CORRUPT: i32 = -402;
/// The journal does not begin with a checkpoint: earlier records are missing. Fatal: see to the store.
pub const TASKWIRE_ERROR_JOURNAL_NO_CHECKPOINT: i32 = -403;
/// A later version of the library wrote the journal. Fatal: use that version.
pub const TASKWIRE_ERROR_JOURNAL_FORMAT: i32 = -404;
/// A whole record of the journal says what cannot be, or does not fit to those before it. Fatal: see to the store;
/// taskwire_agent_builder_last_error has the words.
pub const TASKWIRE_ERROR_JOURNAL_UNREADABLE: i32 = -405;

statuses! {
    TASKWIRE_OK: c"success";
    TASKWIRE_ERROR_NULL_POINTER: c"a pointer that must not be NULL is NULL";
    TASKWIRE_ERROR_STRUCT_SIZE: c"struct_size is wrong: fill the struct with its _init function";
    TASKWIRE_ERROR_BUFFER_TOO_SMALL: c"the buffer is too small; nothing was lost, give a larger one";
    TASKWIRE_ERROR_ARGUMENT: c"a code, kind or number is none of those that are allowed";
    TASKWIRE_ERROR_TASK_ID_TEXT: c"not a task id: expected 32 hexadecimal digits, hyphens allowed between bytes";
    TASKWIRE_ERROR_CONFIG_NODE: c"the name of a node or controller must have 1 to 64 bytes of UTF-8";
    TASKWIRE_ERROR_CONFIG_RANGE: c"configuration: a setting is outside its range; the config_check function says which";
    TASKWIRE_ERROR_CONFIG_FRAME: c"configuration: metadata, message and result at their bounds do not fit into a frame";
    TASKWIRE_ERROR_MISALIGNED: c"a pointer is not aligned as its type must be";
    TASKWIRE_ERROR_JOURNAL_OTHER_NODE: c"the journal is of another node; nothing was restored";
    TASKWIRE_ERROR_JOURNAL_EPOCH: c"the epoch is not above that of the journal; nothing was restored";
    TASKWIRE_ERROR_FRAME_UNDECODABLE: c"frame refused: the bytes are no frame; nothing was changed";
    TASKWIRE_ERROR_FRAME_UNKNOWN_SESSION: c"frame refused: its session is not known here; nothing was changed";
    TASKWIRE_ERROR_FRAME_WRONG_IDENTITY: c"frame refused: it comes from another controller or node; nothing was changed";
    TASKWIRE_ERROR_FRAME_ILLEGAL: c"frame refused: it says what its sender may not say; nothing was changed";
    TASKWIRE_ERROR_FRAME_OVER_LIMIT: c"frame refused: it is over a limit; nothing was changed";
    TASKWIRE_ERROR_STREAM_BROKEN: c"the byte stream has a length in it that no frame has: close the connection";
    TASKWIRE_ERROR_FULL: c"no room for another registration or retry: try again when more has become durable";
    TASKWIRE_ERROR_TOO_LONG: c"the metadata or the result is longer than its bound";
    TASKWIRE_ERROR_NUMBERS_USED_UP: c"attempts, transition numbers, revisions or epochs are used up";
    TASKWIRE_ERROR_JOURNAL_BEYOND_LIMITS: c"the journal holds more than the configuration has room for";
    TASKWIRE_ERROR_UNKNOWN_TASK: c"no task of this id is registered here";
    TASKWIRE_ERROR_ALREADY_REGISTERED: c"the task is registered, or its tombstone is not yet durable";
    TASKWIRE_ERROR_ILLEGAL_TRANSITION: c"illegal transition: the table of moves does not have it; nothing was changed";
    TASKWIRE_ERROR_NOT_RUNNING: c"only a RUNNING task has progress and detail";
    TASKWIRE_ERROR_NOT_ENDED: c"the task has not ended, and cannot be forgotten before";
    TASKWIRE_ERROR_NOT_FENCED: c"the agent is not fenced by that epoch";
    TASKWIRE_ERROR_BEING_FORGOTTEN: c"the task is being forgotten: no attempt and no transition will follow";
    TASKWIRE_ERROR_UNKNOWN_NODE: c"no node of this number or name is known here";
    TASKWIRE_ERROR_NOT_ON_HISTORY: c"the position is not on the history that is held; nothing was changed";
    TASKWIRE_ERROR_NOT_POLLED: c"events up to the position have not all been polled; nothing was changed";
    TASKWIRE_ERROR_ALREADY_ENDED: c"the task has ended: there is nothing to give up";
    TASKWIRE_ERROR_NO_SESSION: c"no session is open, so nobody can be told; nothing was changed";
    TASKWIRE_ERROR_COMPACTED: c"changes after the revision are no longer kept whole: read the view anew";
    TASKWIRE_ERROR_FUTURE_REVISION: c"there is no such revision of the view yet: read the view anew";
    TASKWIRE_ERROR_OTHER_INCARNATION: c"the revision is of another incarnation of the controller: read the view anew";
    TASKWIRE_ERROR_VOLATILE: c"the agent is volatile and keeps no journal; nothing was changed";
    TASKWIRE_ERROR_NOT_WRITTEN: c"that record of the journal was never given out; nothing was changed";
    TASKWIRE_ERROR_BUILDER_SPENT: c"the builder has made its agent, and can do no more: free it and make another";
    TASKWIRE_ERROR_PANICKED: c"a fault in the library was caught: free this object and make another";
    TASKWIRE_ERROR_OTHER: c"refused for a reason that has no code; the last error has the words";
    TASKWIRE_ERROR_JOURNAL_CORRUPT: c"a confirmed record of the journal cannot be read: the store is damaged";
    TASKWIRE_ERROR_JOURNAL_NO_CHECKPOINT: c"the journal does not begin with a checkpoint: earlier records are missing";
    TASKWIRE_ERROR_JOURNAL_FORMAT: c"the journal was written by a later version; nothing was restored";
    TASKWIRE_ERROR_JOURNAL_UNREADABLE: c"a record of the journal says what cannot be, or does not fit; nothing was restored";
}

/// The text of a status.
pub(crate) fn text_of(status: taskwire_status) -> &'static CStr {
    ALL.iter().find(|(code, _, _)| *code == status).map_or(c"not a status of this library", |(_, _, text)| text)
}
