//! The errors that more than one module speaks of: why an entry does not follow from a record, and why a host's call
//! about a task was refused. Errors of the decoder stand in `wire`, those of configuration in `config`.

use crate::id::{Slot, TaskId};
use crate::revision::Revision;
use crate::task::State;

/// Why an entry does not follow from the record that is held. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Illegal {
    /// The table of moves does not have the move.
    #[error("illegal transition of task {task} (attempt {attempt}, number {number}): {from} cannot become {to}; nothing was changed")]
    Transition {
        /// The task.
        task: TaskId,
        /// Its attempt.
        attempt: u32,
        /// The number of its newest transition.
        number: u32,
        /// The state that it is in.
        from: State,
        /// The state that was asked for.
        to: State,
    },
    /// Attempts or transition numbers have reached the end of u32.
    #[error("task {task} has used up its attempts or transition numbers; nothing was changed")]
    NumbersUsedUp {
        /// The task.
        task: TaskId,
    },
    /// A register entry names a slot that another task holds.
    #[error("slot {slot} stands for task {holder} and cannot be given to {other}; nothing was changed")]
    SlotTaken {
        /// The slot.
        slot: Slot,
        /// The task that holds it.
        holder: TaskId,
        /// The task that was to be registered.
        other: TaskId,
    },
    /// An entry names a slot that stands for no task.
    #[error("slot {slot} stands for no task; nothing was changed")]
    SlotFree {
        /// The slot.
        slot: Slot,
    },
    /// A register entry names a task that another slot stands for.
    #[error("task {task} is registered already, in slot {slot}; nothing was changed")]
    Registered {
        /// The task.
        task: TaskId,
        /// Its slot.
        slot: Slot,
    },
    /// A slot at or above the agreed bound.
    #[error("slot {slot} is not below the agreed bound {bound}; nothing was changed")]
    SlotBeyond {
        /// The slot.
        slot: Slot,
        /// The bound.
        bound: u32,
    },
    /// A tombstone names another registration than the one held.
    #[error("task {task} was registered at revision {held}, and the tombstone names {named}; nothing was changed")]
    OtherRegistration {
        /// The task.
        task: TaskId,
        /// The registration held.
        held: Revision,
        /// The registration named.
        named: Revision,
    },
    /// A tombstone for a task that has not ended.
    #[error("task {task} is {state} and cannot be forgotten before it has ended; nothing was changed")]
    NotEnded {
        /// The task.
        task: TaskId,
        /// Its state.
        state: State,
    },
    /// The record that is held was altered in memory by a fault of the machine or the program: nothing is made of it.
    #[error("the record in slot {slot} is damaged in memory, and no change is made of it; nothing was changed")]
    Damaged {
        /// Its slot.
        slot: Slot,
    },
    /// The end of u64 has been reached.
    #[error("revisions are used up; nothing was changed")]
    RevisionsUsedUp,
}

/// Why a host's call about a task was refused. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// No task of this id is registered here.
    #[error("task {0} is not registered here; nothing was changed")]
    UnknownTask(TaskId),
    /// The id is in use, or its tombstone is not yet durable.
    #[error("task {0} is registered, or its tombstone is not yet durable; nothing was changed")]
    AlreadyRegistered(TaskId),
    /// There is no room for another registration or retry: try again when more has become durable.
    #[error("no room in the {limit} ({used} of {bound} in use or reserved): try again when more has become durable; nothing was changed")]
    Full {
        /// Which bound was met: `log` or `slots`.
        limit: &'static str,
        /// How much of it is used or reserved.
        used: usize,
        /// The bound.
        bound: usize,
    },
    /// The metadata is longer than its bound.
    #[error("the {what} has {length} bytes, and the bound is {bound}; nothing was changed")]
    TooLong {
        /// `metadata` or `result`.
        what: &'static str,
        /// Its bytes.
        length: usize,
        /// The bound.
        bound: usize,
    },
    /// A progress above 100.
    #[error("a progress of {0} is not between 0 and 100; nothing was changed")]
    ProgressOutOfRange(u8),
    /// Detail for a task that is not RUNNING.
    #[error("task {task} is {state}, and only a RUNNING task has progress; nothing was changed")]
    NotRunning {
        /// The task.
        task: TaskId,
        /// Its state.
        state: State,
    },
    /// The host has said that no attempt will follow.
    #[error("task {0} is being forgotten; nothing was changed")]
    BeingForgotten(TaskId),
    /// The move is not legal.
    #[error(transparent)]
    Illegal(#[from] Illegal),
}
