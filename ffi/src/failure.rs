//! Why a call was refused: the core's own error, kept as it is so that the words can be asked for later, and the
//! status that stands for it.

use core::fmt;

use taskwire::{
    BufferTooSmall, CommitError, ConfigError, GiveUpError, Illegal, JournalError, ReceiveError, RestoreError,
    SleepError, SupersedeError, TaskError, WatchError,
};

use crate::status::*;
use crate::view::{Out, TextOut};

/// What a call's inner part gives: nothing, or why it was refused.
pub(crate) type Outcome = Result<(), Failure>;

/// Why a call was refused.
#[derive(Clone, Debug, Default)]
pub(crate) enum Failure {
    /// No call was refused yet.
    #[default]
    None,
    /// The caller's fault, found in this crate.
    Call(taskwire_status),
    /// A call about a task.
    Task(TaskError),
    /// A frame.
    Receive(ReceiveError),
    /// A buffer.
    Buffer(BufferTooSmall),
    /// `supersede`.
    Supersede(SupersedeError),
    Sleep(SleepError),
    /// A configuration.
    Config(ConfigError),
    /// `commit`.
    Commit(CommitError),
    /// `give_up`.
    GiveUp(GiveUpError),
    /// `journal_confirmed`.
    Journal(JournalError),
    /// `replay` and `start`.
    Restore(RestoreError),
    /// `changes_since`.
    Watch(WatchError),
}

impl Failure {
    /// The status that stands for it.
    pub(crate) fn status(&self) -> taskwire_status {
        match self {
            Failure::None => TASKWIRE_OK,
            Failure::Call(status) => *status,
            Failure::Task(error) => of_task(error),
            Failure::Receive(error) => of_receive(error),
            Failure::Buffer(_) => TASKWIRE_ERROR_BUFFER_TOO_SMALL,
            Failure::Supersede(error) => of_supersede(error),
            Failure::Sleep(error) => of_sleep(error),
            Failure::Config(error) => of_config(error),
            Failure::Commit(error) => of_commit(error),
            Failure::GiveUp(error) => of_give_up(error),
            Failure::Journal(error) => of_journal(error),
            Failure::Restore(error) => of_restore(error),
            Failure::Watch(error) => of_watch(error),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::None => Ok(()),
            Failure::Call(status) => f.write_str(text_of(*status).to_str().unwrap_or_default()),
            Failure::Task(error) => error.fmt(f),
            Failure::Receive(error) => error.fmt(f),
            Failure::Buffer(error) => error.fmt(f),
            Failure::Supersede(error) => error.fmt(f),
            Failure::Sleep(error) => error.fmt(f),
            Failure::Config(error) => error.fmt(f),
            Failure::Commit(error) => error.fmt(f),
            Failure::GiveUp(error) => error.fmt(f),
            Failure::Journal(error) => error.fmt(f),
            Failure::Restore(error) => error.fmt(f),
            Failure::Watch(error) => error.fmt(f),
        }
    }
}

impl From<taskwire_status> for Failure {
    fn from(status: taskwire_status) -> Failure {
        Failure::Call(status)
    }
}

macro_rules! from {
    ($($error:ty => $variant:ident),* $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Failure {
                Failure::$variant(error)
            }
        })*
    };
}

from! {
    TaskError => Task,
    ReceiveError => Receive,
    BufferTooSmall => Buffer,
    SupersedeError => Supersede,
    SleepError => Sleep,
    ConfigError => Config,
    CommitError => Commit,
    GiveUpError => GiveUp,
    JournalError => Journal,
    RestoreError => Restore,
    WatchError => Watch,
}

/// Writes the words of a refusal, and their length.
pub(crate) fn say(failure: &Failure, mut out_text: TextOut<'_>, mut out_length: Out<usize>) {
    // Writing into a buffer that cuts does not fail.
    let _ = core::fmt::Write::write_fmt(&mut out_text, format_args!("{failure}"));
    out_length.set(out_text.length);
}

fn of_task(error: &TaskError) -> taskwire_status {
    match error {
        TaskError::UnknownTask(_) => TASKWIRE_ERROR_UNKNOWN_TASK,
        TaskError::AlreadyRegistered(_) => TASKWIRE_ERROR_ALREADY_REGISTERED,
        TaskError::Full { .. } => TASKWIRE_ERROR_FULL,
        TaskError::TooLong { .. } => TASKWIRE_ERROR_TOO_LONG,
        TaskError::ProgressOutOfRange(_) => TASKWIRE_ERROR_ARGUMENT,
        TaskError::NotRunning { .. } => TASKWIRE_ERROR_NOT_RUNNING,
        TaskError::BeingForgotten(_) => TASKWIRE_ERROR_BEING_FORGOTTEN,
        TaskError::Illegal(illegal) => of_illegal(illegal),
        _ => TASKWIRE_ERROR_OTHER,
    }
}

fn of_illegal(illegal: &Illegal) -> taskwire_status {
    match illegal {
        Illegal::Transition { .. } => TASKWIRE_ERROR_ILLEGAL_TRANSITION,
        Illegal::NotEnded { .. } => TASKWIRE_ERROR_NOT_ENDED,
        Illegal::NumbersUsedUp { .. } | Illegal::RevisionsUsedUp => TASKWIRE_ERROR_NUMBERS_USED_UP,
        _ => TASKWIRE_ERROR_OTHER,
    }
}

fn of_receive(error: &ReceiveError) -> taskwire_status {
    match error {
        ReceiveError::Decode(_) | ReceiveError::NoCommonVersion { .. } => TASKWIRE_ERROR_FRAME_UNDECODABLE,
        ReceiveError::UnknownSession { .. } => TASKWIRE_ERROR_FRAME_UNKNOWN_SESSION,
        ReceiveError::WrongIdentity { .. } | ReceiveError::Deposed { .. } => TASKWIRE_ERROR_FRAME_WRONG_IDENTITY,
        ReceiveError::OverLimit { .. } | ReceiveError::BeyondCredit { .. } | ReceiveError::Busy { .. } => {
            TASKWIRE_ERROR_FRAME_OVER_LIMIT
        }
        ReceiveError::Unexpected { .. }
        | ReceiveError::Fenced { .. }
        | ReceiveError::Exhausted { .. }
        | ReceiveError::ForeignPosition { .. }
        | ReceiveError::Illegal { .. }
        | ReceiveError::Differs { .. } => TASKWIRE_ERROR_FRAME_ILLEGAL,
        _ => TASKWIRE_ERROR_OTHER,
    }
}

fn of_supersede(error: &SupersedeError) -> taskwire_status {
    match error {
        SupersedeError::NotFenced | SupersedeError::Below { .. } => TASKWIRE_ERROR_NOT_FENCED,
        SupersedeError::Exhausted => TASKWIRE_ERROR_NUMBERS_USED_UP,
        _ => TASKWIRE_ERROR_OTHER,
    }
}

fn of_sleep(error: &SleepError) -> taskwire_status {
    match error {
        SleepError::NoSession => TASKWIRE_ERROR_NO_SESSION,
        SleepError::TooLong { .. } => TASKWIRE_ERROR_ARGUMENT,
        _ => TASKWIRE_ERROR_OTHER,
    }
}

fn of_config(error: &ConfigError) -> taskwire_status {
    match error {
        ConfigError::Name { .. } => TASKWIRE_ERROR_CONFIG_NODE,
        ConfigError::RecordBeyondFrame { .. } => TASKWIRE_ERROR_CONFIG_FRAME,
        _ => TASKWIRE_ERROR_CONFIG_RANGE,
    }
}

fn of_commit(error: &CommitError) -> taskwire_status {
    match error {
        CommitError::UnknownNode(_) => TASKWIRE_ERROR_UNKNOWN_NODE,
        CommitError::NotOnHistory(_) => TASKWIRE_ERROR_NOT_ON_HISTORY,
        CommitError::NotPolled { .. } => TASKWIRE_ERROR_NOT_POLLED,
        _ => TASKWIRE_ERROR_OTHER,
    }
}

fn of_give_up(error: &GiveUpError) -> taskwire_status {
    match error {
        GiveUpError::UnknownNode(_) => TASKWIRE_ERROR_UNKNOWN_NODE,
        GiveUpError::UnknownTask { .. } => TASKWIRE_ERROR_UNKNOWN_TASK,
        GiveUpError::Ended(_) => TASKWIRE_ERROR_ALREADY_ENDED,
        _ => TASKWIRE_ERROR_OTHER,
    }
}

fn of_journal(error: &JournalError) -> taskwire_status {
    match error {
        JournalError::Volatile => TASKWIRE_ERROR_VOLATILE,
        JournalError::NotWritten { .. } => TASKWIRE_ERROR_NOT_WRITTEN,
        _ => TASKWIRE_ERROR_OTHER,
    }
}

fn of_restore(error: &RestoreError) -> taskwire_status {
    match error {
        RestoreError::Corrupt { .. } => TASKWIRE_ERROR_JOURNAL_CORRUPT,
        RestoreError::NoCheckpoint { .. } => TASKWIRE_ERROR_JOURNAL_NO_CHECKPOINT,
        RestoreError::OtherNode { .. } => TASKWIRE_ERROR_JOURNAL_OTHER_NODE,
        RestoreError::Format { .. } => TASKWIRE_ERROR_JOURNAL_FORMAT,
        RestoreError::EpochNotLarger { .. } => TASKWIRE_ERROR_JOURNAL_EPOCH,
        RestoreError::Undecodable { .. } | RestoreError::Illegal { .. } | RestoreError::Inconsistent { .. } => {
            TASKWIRE_ERROR_JOURNAL_UNREADABLE
        }
        RestoreError::BeyondLimits { .. } => TASKWIRE_ERROR_JOURNAL_BEYOND_LIMITS,
        _ => TASKWIRE_ERROR_OTHER,
    }
}

fn of_watch(error: &WatchError) -> taskwire_status {
    match error {
        WatchError::Compacted { .. } => TASKWIRE_ERROR_COMPACTED,
        WatchError::Future { .. } => TASKWIRE_ERROR_FUTURE_REVISION,
        WatchError::OtherIncarnation { .. } => TASKWIRE_ERROR_OTHER_INCARNATION,
        _ => TASKWIRE_ERROR_OTHER,
    }
}
