//! Events of an agent as one flat struct without pointers, so that they go by the array. Taking them out of the agent
//! is left to `agent::exchange`.

use core::ffi::{c_char, CStr};
use core::mem::offset_of;
use core::time::Duration;

use taskwire::wire::{LimitName, Refusal};
use taskwire::{AgentEvent, Name, Position, SessionEnd};

use crate::codes::of_verdict;
use crate::handle::call;
use crate::status::taskwire_status;
use crate::version::taskwire_task_id;
use crate::view::{self, Growing};

/// There is no news.
pub const TASKWIRE_EVENT_NONE: u32 = 0;
/// A session is open. name: the controller; term: its term; verdict: how its position was judged; lossy.
pub const TASKWIRE_EVENT_SESSION_OPENED: u32 = 1;
/// A session has ended, and another is being asked for. reason: one of TASKWIRE_SESSION_END_….
pub const TASKWIRE_EVENT_SESSION_CLOSED: u32 = 2;
/// The controller's history is not the agent's, and a snapshot repairs it. verdict; controller_…: where the controller
/// stood; base_… and tip_…: the agent's.
pub const TASKWIRE_EVENT_HISTORY_DIFFERS: u32 = 3;
/// Everything up to revision is durable at the controller.
pub const TASKWIRE_EVENT_DURABLE: u32 = 4;
/// task is forgotten for good: its id may be registered anew.
pub const TASKWIRE_EVENT_TASK_FORGOTTEN: u32 = 5;
/// The controller's belief in this agent will end soon unless it answers.
pub const TASKWIRE_EVENT_LEASE_EXPIRING: u32 = 6;
/// The controller may believe this agent lost from now on.
pub const TASKWIRE_EVENT_LEASE_EXPIRED: u32 = 7;
/// A larger epoch of this node, or a twin, was seen: this agent is silent until taskwire_agent_supersede. epoch: the one
/// seen; twin.
pub const TASKWIRE_EVENT_FENCED: u32 = 8;
/// Another controller uses the term that the agent has accepted, and was refused. term; name: the one refused.
pub const TASKWIRE_EVENT_TERM_CONFLICT: u32 = 9;
/// The controller refuses this agent. reason: one of TASKWIRE_REFUSAL_…; limit and limit_most with
/// TASKWIRE_REFUSAL_LIMIT; come_back_after_us: until the next try.
pub const TASKWIRE_EVENT_REFUSED: u32 = 10;
/// The record of task was found damaged in memory; it is not sent as if it were a change.
pub const TASKWIRE_EVENT_DAMAGED: u32 = 11;
/// The controller has given out other intervals, and they hold from now on. heartbeat_us; lease_us.
pub const TASKWIRE_EVENT_INTERVALS_CHANGED: u32 = 12;
/// The controller knows that this agent will be silent: it may sleep. until_us: until then its silence means nothing.
pub const TASKWIRE_EVENT_SLEEP_CONFIRMED: u32 = 13;
/// Something that this version of the C interface has no fields for.
pub const TASKWIRE_EVENT_OTHER: u32 = 99;

/// The session's lease ran out without an answer.
pub const TASKWIRE_SESSION_END_LEASE_EXPIRED: u32 = 1;
/// The controller does not know the session.
pub const TASKWIRE_SESSION_END_NO_SESSION: u32 = 2;
/// The controller refused or closed the session.
pub const TASKWIRE_SESSION_END_REFUSED: u32 = 3;
/// The controller acknowledged a position that is not in this agent's history.
pub const TASKWIRE_SESSION_END_FOREIGN_POSITION: u32 = 4;
/// A larger epoch or a twin fenced this agent.
pub const TASKWIRE_SESSION_END_FENCED: u32 = 5;
/// The host said goodbye.
pub const TASKWIRE_SESSION_END_GOODBYE: u32 = 6;
/// The controller left.
pub const TASKWIRE_SESSION_END_CONTROLLER_LEFT: u32 = 7;
/// A record of this agent is damaged in memory, and would have been sent: restart the agent.
pub const TASKWIRE_SESSION_END_DAMAGED: u32 = 8;
/// The controller sent this agent away for a while, and believes in it meanwhile.
pub const TASKWIRE_SESSION_END_SENT_AWAY: u32 = 9;
/// The session ended for a reason that this version of the C interface has no code for.
pub const TASKWIRE_SESSION_END_OTHER: u32 = 99;

/// There is no common version of the protocol.
pub const TASKWIRE_REFUSAL_VERSION: u32 = 1;
/// A limit of the configuration is beyond the controller's.
pub const TASKWIRE_REFUSAL_LIMIT: u32 = 2;
/// The connection is bound to another node.
pub const TASKWIRE_REFUSAL_IDENTITY: u32 = 3;
/// The controller serves as many as it can: come back later.
pub const TASKWIRE_REFUSAL_BUSY: u32 = 4;
/// The controller's nodes are all in use.
pub const TASKWIRE_REFUSAL_NODES: u32 = 5;
/// Epoch, term or revisions are at their end.
pub const TASKWIRE_REFUSAL_EXHAUSTED: u32 = 6;
/// Repairs have failed too often at one place.
pub const TASKWIRE_REFUSAL_REPAIR_FAILED: u32 = 7;
/// The controller's host ended it.
pub const TASKWIRE_REFUSAL_CLOSED: u32 = 8;
/// The node was forgotten.
pub const TASKWIRE_REFUSAL_FORGOTTEN: u32 = 9;
/// The controller found a HELLO of full length too short for its answer.
pub const TASKWIRE_REFUSAL_SHORT: u32 = 10;
/// The refusal has a reason that this version of the C interface has no code for.
pub const TASKWIRE_REFUSAL_OTHER: u32 = 99;

/// No limit is meant.
pub const TASKWIRE_LIMIT_NONE: u32 = 0;
/// The limit slots of the configuration.
pub const TASKWIRE_LIMIT_SLOTS: u32 = 1;
/// The limit log of the configuration.
pub const TASKWIRE_LIMIT_LOG: u32 = 2;
/// The limit metadata of the configuration.
pub const TASKWIRE_LIMIT_METADATA: u32 = 3;
/// The limit message of the configuration.
pub const TASKWIRE_LIMIT_MESSAGE: u32 = 4;
/// The limit result of the configuration.
pub const TASKWIRE_LIMIT_RESULT: u32 = 5;
/// The limit frame of the configuration.
pub const TASKWIRE_LIMIT_FRAME: u32 = 6;
/// The limit finals of the configuration.
pub const TASKWIRE_LIMIT_FINALS: u32 = 7;
/// Bytes of long metadata.
pub const TASKWIRE_LIMIT_VALUE: u32 = 8;

/// Bytes of the name in an event: 64, a NUL, and room to the next multiple of 8.
pub(crate) const NAME_SIZE: usize = 72;

/// One piece of news for the agent's host. Fields that its kind does not speak of are 0. It holds no pointers.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct taskwire_agent_event {
    /// Bytes of this struct; set by taskwire_agent_event_init.
    pub struct_size: u32,
    /// One of TASKWIRE_EVENT_….
    pub kind: u32,
    /// The task.
    pub task: taskwire_task_id,
    /// The newest durable revision.
    pub revision: u64,
    /// The controller's term.
    pub term: u64,
    /// The epoch that was seen.
    pub epoch: u64,
    /// Microseconds until the next try.
    pub come_back_after_us: u64,
    /// One of TASKWIRE_SESSION_END_… or TASKWIRE_REFUSAL_…, as the kind says.
    pub reason: u32,
    /// One of TASKWIRE_VERDICT_….
    pub verdict: u32,
    /// 1 if the controller acknowledges what it has only received: such a change may be lost with it.
    pub lossy: u32,
    /// 1 if it is this very epoch that was seen, of another machine with the same name.
    pub twin: u32,
    /// One of TASKWIRE_LIMIT_….
    pub limit: u32,
    /// The largest value of the limit that the controller takes.
    pub limit_most: u32,
    /// Where the controller stood: the revision.
    pub controller_revision: u64,
    /// Where the controller stood: the tag.
    pub controller_tag: u64,
    /// The agent's base: the revision.
    pub base_revision: u64,
    /// The agent's base: the tag.
    pub base_tag: u64,
    /// The agent's tip: the revision.
    pub tip_revision: u64,
    /// The agent's tip: the tag.
    pub tip_tag: u64,
    /// The controller's name, ended by a NUL.
    pub name: [c_char; 72],
    /// How often this agent says that it is there, in microseconds.
    pub heartbeat_us: u64,
    /// How long the controller believes in a silent agent, in microseconds.
    pub lease_us: u64,
    /// Until when silence means nothing, on the host's clock in microseconds.
    pub until_us: u64,
}

// SAFETY: repr(C), begins with struct_size, integers and arrays of them only; FIRST ends behind `twin`, within the struct.
unsafe impl Growing for taskwire_agent_event {
    const FIRST: usize = offset_of!(taskwire_agent_event, limit);

    fn initial() -> taskwire_agent_event {
        taskwire_agent_event {
            struct_size: size_of::<taskwire_agent_event>() as u32,
            kind: TASKWIRE_EVENT_NONE,
            task: taskwire_task_id::default(),
            revision: 0,
            term: 0,
            epoch: 0,
            come_back_after_us: 0,
            reason: 0,
            verdict: 0,
            lossy: 0,
            twin: 0,
            limit: TASKWIRE_LIMIT_NONE,
            limit_most: 0,
            controller_revision: 0,
            controller_tag: 0,
            base_revision: 0,
            base_tag: 0,
            tip_revision: 0,
            tip_tag: 0,
            name: [0; NAME_SIZE],
            heartbeat_us: 0,
            lease_us: 0,
            until_us: 0,
        }
    }
}

/// The event as C sees it.
pub(crate) fn flat(event: &AgentEvent) -> taskwire_agent_event {
    let mut out = taskwire_agent_event::initial();
    match event {
        AgentEvent::SessionOpened { controller, term, verdict, lossy } => {
            out.kind = TASKWIRE_EVENT_SESSION_OPENED;
            out.name = named(controller);
            out.term = term.0;
            out.verdict = of_verdict(*verdict);
            out.lossy = u32::from(*lossy);
        }
        AgentEvent::SessionClosed { reason } => {
            out.kind = TASKWIRE_EVENT_SESSION_CLOSED;
            out.reason = of_session_end(*reason);
        }
        AgentEvent::HistoryDiffers { verdict, controller, base, tip } => {
            out.kind = TASKWIRE_EVENT_HISTORY_DIFFERS;
            out.verdict = of_verdict(*verdict);
            (out.controller_revision, out.controller_tag) = of_position(controller);
            (out.base_revision, out.base_tag) = of_position(base);
            (out.tip_revision, out.tip_tag) = of_position(tip);
        }
        AgentEvent::Durable { revision } => {
            out.kind = TASKWIRE_EVENT_DURABLE;
            out.revision = revision.0;
        }
        AgentEvent::TaskForgotten { task } => {
            out.kind = TASKWIRE_EVENT_TASK_FORGOTTEN;
            out.task.bytes = task.0;
        }
        AgentEvent::IntervalsChanged { heartbeat, lease } => {
            out.kind = TASKWIRE_EVENT_INTERVALS_CHANGED;
            out.heartbeat_us = micros(*heartbeat);
            out.lease_us = micros(*lease);
        }
        AgentEvent::SleepConfirmed { until } => {
            out.kind = TASKWIRE_EVENT_SLEEP_CONFIRMED;
            out.until_us = until.as_micros();
        }
        AgentEvent::LeaseExpiring => out.kind = TASKWIRE_EVENT_LEASE_EXPIRING,
        AgentEvent::LeaseExpired => out.kind = TASKWIRE_EVENT_LEASE_EXPIRED,
        AgentEvent::Fenced { seen, twin } => {
            out.kind = TASKWIRE_EVENT_FENCED;
            out.epoch = seen.0;
            out.twin = u32::from(*twin);
        }
        AgentEvent::TermConflict { term, controller } => {
            out.kind = TASKWIRE_EVENT_TERM_CONFLICT;
            out.term = term.0;
            out.name = named(controller);
        }
        AgentEvent::Refused { refusal, come_back_after } => {
            out.kind = TASKWIRE_EVENT_REFUSED;
            (out.reason, out.limit, out.limit_most) = of_refusal(*refusal);
            out.come_back_after_us = *come_back_after;
        }
        AgentEvent::Damaged { task } => {
            out.kind = TASKWIRE_EVENT_DAMAGED;
            out.task.bytes = task.0;
        }
        _ => out.kind = TASKWIRE_EVENT_OTHER,
    }
    out
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

pub(crate) fn of_position(position: &Position) -> (u64, u64) {
    (position.revision.0, position.tag.0)
}

/// The name as an array that ends with a NUL. A name has at most 64 bytes; a NUL inside it ends it early for C.
pub(crate) fn named(name: &Name) -> [c_char; NAME_SIZE] {
    let mut out = [0; NAME_SIZE];
    for (place, byte) in out.iter_mut().take(Name::MAX).zip(name.as_str().bytes()) {
        *place = byte as c_char;
    }
    out
}

fn of_session_end(reason: SessionEnd) -> u32 {
    match reason {
        SessionEnd::LeaseExpired => TASKWIRE_SESSION_END_LEASE_EXPIRED,
        SessionEnd::NoSession => TASKWIRE_SESSION_END_NO_SESSION,
        SessionEnd::Refused => TASKWIRE_SESSION_END_REFUSED,
        SessionEnd::ForeignPosition => TASKWIRE_SESSION_END_FOREIGN_POSITION,
        SessionEnd::Fenced => TASKWIRE_SESSION_END_FENCED,
        SessionEnd::Goodbye => TASKWIRE_SESSION_END_GOODBYE,
        SessionEnd::ControllerLeft => TASKWIRE_SESSION_END_CONTROLLER_LEFT,
        SessionEnd::Damaged => TASKWIRE_SESSION_END_DAMAGED,
        SessionEnd::SentAway => TASKWIRE_SESSION_END_SENT_AWAY,
        _ => TASKWIRE_SESSION_END_OTHER,
    }
}

/// Reason, limit and the largest value of it.
pub(crate) fn of_refusal(refusal: Refusal) -> (u32, u32, u32) {
    let plain = |reason| (reason, TASKWIRE_LIMIT_NONE, 0);
    match refusal {
        Refusal::Version => plain(TASKWIRE_REFUSAL_VERSION),
        Refusal::Limit(limit, most) => (TASKWIRE_REFUSAL_LIMIT, of_limit(limit), most),
        Refusal::Identity => plain(TASKWIRE_REFUSAL_IDENTITY),
        Refusal::Busy => plain(TASKWIRE_REFUSAL_BUSY),
        Refusal::Nodes => plain(TASKWIRE_REFUSAL_NODES),
        Refusal::Exhausted => plain(TASKWIRE_REFUSAL_EXHAUSTED),
        Refusal::RepairFailed => plain(TASKWIRE_REFUSAL_REPAIR_FAILED),
        Refusal::Closed => plain(TASKWIRE_REFUSAL_CLOSED),
        Refusal::Forgotten => plain(TASKWIRE_REFUSAL_FORGOTTEN),
        Refusal::Short => plain(TASKWIRE_REFUSAL_SHORT),
    }
}

fn of_limit(limit: LimitName) -> u32 {
    match limit {
        LimitName::Slots => TASKWIRE_LIMIT_SLOTS,
        LimitName::Log => TASKWIRE_LIMIT_LOG,
        LimitName::Metadata => TASKWIRE_LIMIT_METADATA,
        LimitName::Message => TASKWIRE_LIMIT_MESSAGE,
        LimitName::Result => TASKWIRE_LIMIT_RESULT,
        LimitName::Frame => TASKWIRE_LIMIT_FRAME,
        LimitName::Finals => TASKWIRE_LIMIT_FINALS,
        LimitName::Value => TASKWIRE_LIMIT_VALUE,
    }
}

/// Fills an event that is `struct_size` bytes large with zeros and its size. taskwire_agent_event_init calls it.
///
/// Parameters: `struct_size`, in bytes: the size of the struct as the caller was compiled.
///
/// Pointers: `out_event` is the caller's, and is not kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: no
/// version of the struct has that size; give sizeof.
///
/// Threads: any.
///
/// After an error: nothing was written.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_event_init_sized(
    out_event: *mut taskwire_agent_event,
    struct_size: usize,
) -> taskwire_status {
    call(|| {
        // SAFETY: NULL or as large as `struct_size` says, which the caller promises.
        Ok(unsafe { view::initialise(out_event, struct_size) }?)
    })
}

/// The name of a kind of event, for people.
///
/// Parameters: `kind`, one of TASKWIRE_EVENT_…, or any other number.
///
/// Pointers: the text is static, ended by a NUL, and never NULL.
///
/// Errors: none; a kind that is not known gives "Other".
///
/// Threads: any.
///
/// After an error: there is none.
#[no_mangle]
pub extern "C" fn taskwire_agent_event_text(kind: u32) -> *const c_char {
    let text: &'static CStr = match kind {
        TASKWIRE_EVENT_NONE => c"None",
        TASKWIRE_EVENT_SESSION_OPENED => c"SessionOpened",
        TASKWIRE_EVENT_SESSION_CLOSED => c"SessionClosed",
        TASKWIRE_EVENT_HISTORY_DIFFERS => c"HistoryDiffers",
        TASKWIRE_EVENT_DURABLE => c"Durable",
        TASKWIRE_EVENT_TASK_FORGOTTEN => c"TaskForgotten",
        TASKWIRE_EVENT_LEASE_EXPIRING => c"LeaseExpiring",
        TASKWIRE_EVENT_LEASE_EXPIRED => c"LeaseExpired",
        TASKWIRE_EVENT_FENCED => c"Fenced",
        TASKWIRE_EVENT_TERM_CONFLICT => c"TermConflict",
        TASKWIRE_EVENT_REFUSED => c"Refused",
        TASKWIRE_EVENT_DAMAGED => c"Damaged",
        TASKWIRE_EVENT_INTERVALS_CHANGED => c"IntervalsChanged",
        TASKWIRE_EVENT_SLEEP_CONFIRMED => c"SleepConfirmed",
        _ => c"Other",
    };
    text.as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;
    use taskwire::wire::Verdict;
    use taskwire::{Epoch, Instant, Revision, Tag, TaskId, Term};

    fn text(pointer: *const c_char) -> String {
        // SAFETY: a static text, or the name of an event, both ended by a NUL.
        unsafe { CStr::from_ptr(pointer) }.to_str().expect("UTF-8").to_string()
    }

    /// The event with all that its kind does not speak of taken for granted to be zero: the fields that are not.
    fn spoken(event: &AgentEvent) -> String {
        let flat = flat(event);
        let fields = [
            ("task", u64::from(flat.task.bytes[15])),
            ("revision", flat.revision),
            ("term", flat.term),
            ("epoch", flat.epoch),
            ("come_back_after_us", flat.come_back_after_us),
            ("reason", flat.reason.into()),
            ("verdict", flat.verdict.into()),
            ("lossy", flat.lossy.into()),
            ("twin", flat.twin.into()),
            ("limit", flat.limit.into()),
            ("limit_most", flat.limit_most.into()),
            ("heartbeat_us", flat.heartbeat_us),
            ("lease_us", flat.lease_us),
            ("until_us", flat.until_us),
            ("controller", flat.controller_revision << 8 | flat.controller_tag),
            ("base", flat.base_revision << 8 | flat.base_tag),
            ("tip", flat.tip_revision << 8 | flat.tip_tag),
        ];
        let mut out = text(taskwire_agent_event_text(flat.kind));
        for (name, value) in fields.into_iter().filter(|(_, value)| *value != 0) {
            out += &format!(" {name}={value}");
        }
        let name = text(flat.name.as_ptr());
        if !name.is_empty() {
            out += &format!(" name={name}");
        }
        out
    }

    #[test]
    fn every_kind_of_event_says_what_its_constant_says() {
        let name = Name::new("ctl").expect("a name");
        let at = |revision, tag| Position { revision: Revision(revision), tag: Tag(tag) };
        let task = TaskId([7; 16]);
        let (term, verdict) = (Term(9), Verdict::Fork);
        let refusal = Refusal::Limit(LimitName::Finals, 12);
        let expected: [(AgentEvent, &str); 13] = [
            (
                AgentEvent::SessionOpened { controller: name.clone(), term, verdict, lossy: true },
                "SessionOpened term=9 verdict=5 lossy=1 name=ctl",
            ),
            (AgentEvent::SessionClosed { reason: SessionEnd::Fenced }, "SessionClosed reason=5"),
            (
                AgentEvent::HistoryDiffers { verdict, controller: at(1, 2), base: at(3, 4), tip: at(5, 6) },
                "HistoryDiffers verdict=5 controller=258 base=772 tip=1286",
            ),
            (AgentEvent::Durable { revision: Revision(8) }, "Durable revision=8"),
            (AgentEvent::TaskForgotten { task }, "TaskForgotten task=7"),
            (AgentEvent::LeaseExpiring, "LeaseExpiring"),
            (AgentEvent::LeaseExpired, "LeaseExpired"),
            (AgentEvent::Fenced { seen: Epoch(4), twin: true }, "Fenced epoch=4 twin=1"),
            (AgentEvent::TermConflict { term, controller: name }, "TermConflict term=9 name=ctl"),
            (
                AgentEvent::Refused { refusal, come_back_after: 77 },
                "Refused come_back_after_us=77 reason=2 limit=7 limit_most=12",
            ),
            (AgentEvent::Damaged { task }, "Damaged task=7"),
            (
                AgentEvent::IntervalsChanged { heartbeat: Duration::from_micros(5), lease: Duration::from_micros(15) },
                "IntervalsChanged heartbeat_us=5 lease_us=15",
            ),
            (AgentEvent::SleepConfirmed { until: Instant::from_micros(9) }, "SleepConfirmed until_us=9"),
        ];
        for (event, text) in expected {
            assert_eq!(spoken(&event), text);
        }
    }

    #[test]
    fn the_longest_name_is_whole_and_ends_with_a_nul() {
        let name = Name::new(&"n".repeat(Name::MAX)).expect("a name");
        let array = named(&name);
        assert_eq!(text(array.as_ptr()), name.as_str());
    }
}
