//! What an agent tells its host.

use core::time::Duration;

use crate::id::{Epoch, Name, TaskId, Term};
use crate::revision::{Position, Revision};
use crate::time::Instant;
use crate::wire::{Refusal, Verdict};

/// One piece of news for the agent's host.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum AgentEvent {
    /// A session is open.
    SessionOpened {
        /// The controller.
        controller: Name,
        /// Its term.
        term: Term,
        /// How its position was judged.
        verdict: Verdict,
        /// Whether the controller acknowledges what it has only received: such a change may be lost with it.
        lossy: bool,
    },
    /// A session has ended; another is being asked for.
    SessionClosed {
        /// Why.
        reason: SessionEnd,
    },
    /// The controller's history is not the agent's: a snapshot repairs it. Comes before any record changes.
    HistoryDiffers {
        /// How it was judged.
        verdict: Verdict,
        /// Where the controller stood.
        controller: Position,
        /// The agent's base.
        base: Position,
        /// The agent's tip.
        tip: Position,
    },
    /// Everything up to this revision is durable at the controller.
    Durable {
        /// The newest durable revision.
        revision: Revision,
    },
    /// A task that was to be forgotten is forgotten for good: its id may be registered anew.
    TaskForgotten {
        /// The task.
        task: TaskId,
    },
    /// The controller has given out other intervals, and they hold from now on.
    IntervalsChanged {
        /// How often this agent says that it is there.
        heartbeat: Duration,
        /// How long the controller believes in it when it is silent.
        lease: Duration,
    },
    /// The controller knows that this agent is going to be silent: it may sleep until then.
    SleepConfirmed {
        /// Until when its silence means nothing, by this host's clock.
        until: Instant,
    },
    /// The controller's belief in this agent will end soon unless it answers.
    LeaseExpiring,
    /// The controller may believe this agent lost from now on.
    LeaseExpired,
    /// A larger epoch of this node, or a twin, has been seen: this agent is silent until `supersede` is called.
    Fenced {
        /// The epoch that was seen.
        seen: Epoch,
        /// Whether it is this very epoch, with another nonce: two machines share one identity.
        twin: bool,
    },
    /// Another controller, or another life of one, uses the term that the agent has accepted: it was refused.
    TermConflict {
        /// The term.
        term: Term,
        /// The controller that was refused.
        controller: Name,
    },
    /// The controller refuses this agent.
    Refused {
        /// Why.
        refusal: Refusal,
        /// Microseconds until the next try.
        come_back_after: u64,
    },
    /// A record of this agent was found damaged in memory; it is not sent as if it were a change.
    Damaged {
        /// The task.
        task: TaskId,
    },
}

/// Why a session ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum SessionEnd {
    /// The lease ran out without an answer.
    LeaseExpired,
    /// The controller does not know the session.
    NoSession,
    /// The controller refused or closed it.
    Refused,
    /// The controller acknowledged a position that is not in this agent's history.
    ForeignPosition,
    /// Fenced by a larger epoch or a twin.
    Fenced,
    /// The host said goodbye.
    Goodbye,
    /// The controller left.
    ControllerLeft,
    /// The controller sent this agent away for a while. It is believed in meanwhile.
    SentAway,
    /// A record of this agent is damaged in memory, and would have been sent: nothing of it is.
    Damaged,
}
