//! Events of a controller as one flat struct, so that they go by the array. What its pointers point at belongs to the
//! controller that told it; taking events out of it is left to `exchange`.

use core::ffi::{c_char, CStr};
use core::mem::offset_of;

use taskwire::wire::Symptom;
use taskwire::{ControllerEvent, Made, NodeId, Position, State, TaskId, Transition, Value};

use crate::codes::{of_exit, of_verdict};
use crate::event::{named, of_position, of_refusal, NAME_SIZE, TASKWIRE_LIMIT_NONE};
use crate::handle::call;
use crate::status::taskwire_status;
use crate::structs::taskwire_trace;
use crate::task::pointer;
use crate::version::taskwire_task_id;
use crate::view::{self, Growing};

/// There is no news.
pub const TASKWIRE_CONTROLLER_EVENT_NONE: u32 = 0;
/// task moved from from_state (0: it was registered) to state. Lossless: each comes once, in order. position_… with the
/// node is its identity for ever; registered_…, epoch, attempt, number, at_ms, reason, source, exit_…; metadata with
/// the registration; message, result, trace; may_be_repeat; out_of_sequence.
pub const TASKWIRE_CONTROLLER_EVENT_TRANSITION: u32 = 1;
/// The agent's host forgot task: no attempt will follow. Lossless. registered_…, position_…, may_be_repeat.
pub const TASKWIRE_CONTROLLER_EVENT_TASK_FORGOTTEN: u32 = 2;
/// An entry of a kind that only a later version knows is kept in the record of task. Lossless. position_….
pub const TASKWIRE_CONTROLLER_EVENT_ENTRY_OF_UNKNOWN_KIND: u32 = 3;
/// Transitions first_number to last_number of task were let go before this controller saw them; the last of them left
/// state and attempt. registered_…, may_be_inexact.
pub const TASKWIRE_CONTROLLER_EVENT_HISTORY_GAP: u32 = 4;
/// After a repair the agent says less of task than the view knew: first_number there, last_number and state now.
pub const TASKWIRE_CONTROLLER_EVENT_NUMBERS_BACK: u32 = 5;
/// What became of task cannot be known: its agent no longer knows it. registered_…; state and number, the last known.
pub const TASKWIRE_CONTROLLER_EVENT_OUTCOME_UNKNOWN: u32 = 6;
/// The agent contradicts a known final of task: the view keeps kept_state and kept_number, the agent says state and
/// number. registered_….
pub const TASKWIRE_CONTROLLER_EVENT_CONFLICT: u32 = 7;
/// A final of task that this controller never knew: state and number; first_number, the last that the view had seen.
/// registered_….
pub const TASKWIRE_CONTROLLER_EVENT_FINAL_LEARNED: u32 = 8;
/// The mark beside task was disproved by what the agent says now.
pub const TASKWIRE_CONTROLLER_EVENT_MARK_LIFTED: u32 = 9;
/// The host had given task up, and the agent reports state after all: both are kept.
pub const TASKWIRE_CONTROLLER_EVENT_LATE_TRUTH: u32 = 10;
/// The agent's history is not the controller's. Comes before any record of the node changes. verdict; position_…: where
/// the controller stood; base_… and tip_…: the agent's.
pub const TASKWIRE_CONTROLLER_EVENT_HISTORY_DIFFERS: u32 = 11;
/// A repair is done: the view is the agent's again. verdict, position_…; gaps, outcomes_unknown and conflicts found.
pub const TASKWIRE_CONTROLLER_EVENT_REPAIRED: u32 = 12;
/// The controller found that its copy differs and asked to be judged. symptom, position_….
pub const TASKWIRE_CONTROLLER_EVENT_DRIFT_FOUND: u32 = 13;
/// The node opened a session. epoch, verdict.
pub const TASKWIRE_CONTROLLER_EVENT_NODE_OPENED: u32 = 14;
/// The node's tasks are no longer stale. position_….
pub const TASKWIRE_CONTROLLER_EVENT_NODE_SYNCED: u32 = 15;
/// A heartbeat of the node is missing.
pub const TASKWIRE_CONTROLLER_EVENT_NODE_SUSPECT: u32 = 16;
/// The suspect node was heard again in time.
pub const TASKWIRE_CONTROLLER_EVENT_NODE_LIVE: u32 = 17;
/// The node's lease ended. tasks_stale; they keep the state that was reported.
pub const TASKWIRE_CONTROLLER_EVENT_NODE_LOST: u32 = 18;
/// The node said goodbye.
pub const TASKWIRE_CONTROLLER_EVENT_NODE_LEFT: u32 = 19;
/// Events up to position_… have been polled: store them, then call taskwire_controller_commit with it.
pub const TASKWIRE_CONTROLLER_EVENT_COMMIT_DUE: u32 = 20;
/// Two machines use one identity: one epoch with two nonces. epoch.
pub const TASKWIRE_CONTROLLER_EVENT_DUPLICATE_IDENTITY: u32 = 21;
/// An agent has accepted a larger term, or this term of another controller: this one is deposed there. name: the node's;
/// term: the one seen; term_conflict. node is 0 and says nothing.
pub const TASKWIRE_CONTROLLER_EVENT_DEPOSED: u32 = 22;
/// A HELLO was refused. name: the one it gave; tip_revision: that of its tail; reason: one of TASKWIRE_REFUSAL_…; limit
/// and limit_most with TASKWIRE_REFUSAL_LIMIT. node is 0 and says nothing.
pub const TASKWIRE_CONTROLLER_EVENT_HELLO_REFUSED: u32 = 23;
/// The metadata of a task, which travelled apart from its registration, is whole: read it with taskwire_controller_task and
/// store it. registered_…. Until then the registration does not count as durable.
pub const TASKWIRE_CONTROLLER_EVENT_VALUE_WHOLE: u32 = 24;
/// Something that this version of the C interface has no fields for.
pub const TASKWIRE_CONTROLLER_EVENT_OTHER: u32 = 99;

/// No symptom goes with the event.
pub const TASKWIRE_SYMPTOM_NONE: u32 = 0;
/// The tag computed is not the tag sent.
pub const TASKWIRE_SYMPTOM_TAG: u32 = 1;
/// An entry could not be applied.
pub const TASKWIRE_SYMPTOM_ENTRY: u32 = 2;
/// The digest differs.
pub const TASKWIRE_SYMPTOM_DIGEST: u32 = 3;
/// A recount found damage.
pub const TASKWIRE_SYMPTOM_SCRUB: u32 = 4;
/// A remembered revision came with another tag.
pub const TASKWIRE_SYMPTOM_HISTORY: u32 = 5;
/// A snapshot did not add up.
pub const TASKWIRE_SYMPTOM_STAGE: u32 = 6;

/// One piece of news for the controller's host. Fields that its kind does not speak of are 0. Its pointers are the
/// controller's own, and hold until the next call of taskwire_controller_poll_event or taskwire_controller_poll_events
/// that succeeds, whatever else is called meanwhile.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct taskwire_controller_event {
    /// Bytes of this struct; set by taskwire_controller_event_init.
    pub struct_size: u32,
    /// One of TASKWIRE_CONTROLLER_EVENT_….
    pub kind: u32,
    /// The task.
    pub task: taskwire_task_id,
    /// The node's number at this controller.
    pub node: u32,
    /// One of TASKWIRE_STATE_…: the state reached.
    pub state: u32,
    /// One of TASKWIRE_STATE_…: the state left; 0 for a registration.
    pub from_state: u32,
    /// Which try it is, from 0.
    pub attempt: u32,
    /// The number of the transition; 1 is the registration.
    pub number: u32,
    /// One of TASKWIRE_REASON_…, or another; or one of TASKWIRE_REFUSAL_…, as the kind says.
    pub reason: u32,
    /// One of TASKWIRE_SOURCE_…, or another.
    pub source: u32,
    /// One of TASKWIRE_EXIT_….
    pub exit_kind: u32,
    /// The exit code or the signal.
    pub exit_value: i32,
    /// 1 if the message was cut at its bound.
    pub message_cut: u32,
    /// The position: the revision.
    pub position_revision: u64,
    /// The position: the tag.
    pub position_tag: u64,
    /// The epoch: of the entry, or of the node.
    pub epoch: u64,
    /// The task's registration: the epoch.
    pub registered_epoch: u64,
    /// The task's registration: the revision.
    pub registered_revision: u64,
    /// When it happened, by the agent's wall clock in Unix milliseconds.
    pub at_ms: u64,
    /// The metadata; NULL if there is none.
    pub metadata: *const u8,
    /// Bytes of the metadata.
    pub metadata_length: usize,
    /// The message, without a NUL; NULL if there is none.
    pub message: *const u8,
    /// Bytes of the message.
    pub message_length: usize,
    /// The result; NULL if there is none.
    pub result: *const u8,
    /// Bytes of the result.
    pub result_length: usize,
    /// 1 if there is a trace context.
    pub has_trace: u32,
    /// 1 if the host may have seen the entry before; its position tells.
    pub may_be_repeat: u32,
    /// The trace context.
    pub trace: taskwire_trace,
    /// 1 if the number goes back, or repeats one already seen: two histories of one task.
    pub out_of_sequence: u32,
    /// 1 if the range of numbers may be inexact.
    pub may_be_inexact: u32,
    /// The first number of a range, as the kind says.
    pub first_number: u32,
    /// The last number of a range, as the kind says.
    pub last_number: u32,
    /// One of TASKWIRE_STATE_…: the final that the view keeps.
    pub kept_state: u32,
    /// The number of that final.
    pub kept_number: u32,
    /// One of TASKWIRE_VERDICT_….
    pub verdict: u32,
    /// One of TASKWIRE_SYMPTOM_….
    pub symptom: u32,
    /// How many tasks are stale now.
    pub tasks_stale: u32,
    /// Gaps that a repair found.
    pub gaps: u32,
    /// Unknown outcomes that a repair found.
    pub outcomes_unknown: u32,
    /// Conflicts that a repair found.
    pub conflicts: u32,
    /// One of TASKWIRE_LIMIT_….
    pub limit: u32,
    /// The largest value of the limit that this controller takes.
    pub limit_most: u32,
    /// 1 if it is this very term, of another controller or another life of this one.
    pub term_conflict: u32,
    /// 0.
    pub reserved: u32,
    /// The term that the agent accepted.
    pub term: u64,
    /// The agent's base: the revision.
    pub base_revision: u64,
    /// The agent's base: the tag.
    pub base_tag: u64,
    /// The agent's tip: the revision.
    pub tip_revision: u64,
    /// The agent's tip: the tag.
    pub tip_tag: u64,
    /// The name of a node, ended by a NUL, where the kind says so.
    pub name: [c_char; 72],
}

// SAFETY: repr(C), begins with struct_size, integers, arrays of them and raw pointers only; FIRST ends behind `tip_tag`,
// within the struct.
unsafe impl Growing for taskwire_controller_event {
    const FIRST: usize = offset_of!(taskwire_controller_event, name);

    fn initial() -> taskwire_controller_event {
        taskwire_controller_event {
            struct_size: size_of::<taskwire_controller_event>() as u32,
            kind: TASKWIRE_CONTROLLER_EVENT_NONE,
            task: taskwire_task_id::default(),
            node: 0,
            state: 0,
            from_state: 0,
            attempt: 0,
            number: 0,
            reason: 0,
            source: 0,
            exit_kind: 0,
            exit_value: 0,
            message_cut: 0,
            position_revision: 0,
            position_tag: 0,
            epoch: 0,
            registered_epoch: 0,
            registered_revision: 0,
            at_ms: 0,
            metadata: core::ptr::null(),
            metadata_length: 0,
            message: core::ptr::null(),
            message_length: 0,
            result: core::ptr::null(),
            result_length: 0,
            has_trace: 0,
            may_be_repeat: 0,
            trace: taskwire_trace::default(),
            out_of_sequence: 0,
            may_be_inexact: 0,
            first_number: 0,
            last_number: 0,
            kept_state: 0,
            kept_number: 0,
            verdict: 0,
            symptom: TASKWIRE_SYMPTOM_NONE,
            tasks_stale: 0,
            gaps: 0,
            outcomes_unknown: 0,
            conflicts: 0,
            limit: TASKWIRE_LIMIT_NONE,
            limit_most: 0,
            term_conflict: 0,
            reserved: 0,
            term: 0,
            base_revision: 0,
            base_tag: 0,
            tip_revision: 0,
            tip_tag: 0,
            name: [0; NAME_SIZE],
        }
    }
}

/// The way in which most events begin.
impl taskwire_controller_event {
    fn of(&mut self, kind: u32, node: NodeId) {
        self.kind = kind;
        self.node = node.0;
    }

    fn about(&mut self, kind: u32, node: NodeId, task: TaskId) {
        self.of(kind, node);
        self.task.bytes = task.0;
    }

    fn registered(&mut self, registered: Made) {
        self.registered_epoch = registered.epoch.0;
        self.registered_revision = registered.revision.0;
    }

    fn at(&mut self, position: Position) {
        (self.position_revision, self.position_tag) = of_position(&position);
    }

    fn state(&mut self, state: State, number: u32) {
        self.state = state.code().into();
        self.number = number;
    }
}

/// The event as C sees it. Its pointers are into `event`'s shared values.
pub(crate) fn flat(event: &ControllerEvent) -> taskwire_controller_event {
    let mut out = taskwire_controller_event::initial();
    match event {
        ControllerEvent::Transition { node, transition } => of_transition(&mut out, *node, transition),
        ControllerEvent::TaskForgotten { node, task, registered, position, may_be_repeat } => {
            out.about(TASKWIRE_CONTROLLER_EVENT_TASK_FORGOTTEN, *node, *task);
            out.registered(*registered);
            out.at(*position);
            out.may_be_repeat = u32::from(*may_be_repeat);
        }
        ControllerEvent::ValueWhole { node, task, registered } => {
            out.about(TASKWIRE_CONTROLLER_EVENT_VALUE_WHOLE, *node, *task);
            out.registered(*registered);
        }
        ControllerEvent::EntryOfUnknownKind { node, task, position } => {
            out.about(TASKWIRE_CONTROLLER_EVENT_ENTRY_OF_UNKNOWN_KIND, *node, *task);
            out.at(*position);
        }
        ControllerEvent::HistoryDiffers { node, verdict, held, base, tip } => {
            out.of(TASKWIRE_CONTROLLER_EVENT_HISTORY_DIFFERS, *node);
            out.verdict = of_verdict(*verdict);
            out.at(*held);
            (out.base_revision, out.base_tag) = of_position(base);
            (out.tip_revision, out.tip_tag) = of_position(tip);
        }
        ControllerEvent::Repaired { node, verdict, position, counts } => {
            out.of(TASKWIRE_CONTROLLER_EVENT_REPAIRED, *node);
            out.verdict = of_verdict(*verdict);
            out.at(*position);
            [out.gaps, out.outcomes_unknown, out.conflicts] = *counts;
        }
        ControllerEvent::DriftFound { node, symptom, position } => {
            out.of(TASKWIRE_CONTROLLER_EVENT_DRIFT_FOUND, *node);
            out.symptom = of_symptom(*symptom);
            out.at(*position);
        }
        ControllerEvent::CommitDue { node, position } => {
            out.of(TASKWIRE_CONTROLLER_EVENT_COMMIT_DUE, *node);
            out.at(*position);
        }
        ControllerEvent::Deposed { node, seen, conflict } => {
            out.kind = TASKWIRE_CONTROLLER_EVENT_DEPOSED;
            out.name = named(node);
            out.term = seen.0;
            out.term_conflict = u32::from(*conflict);
        }
        ControllerEvent::HelloRefused { node, tail, refusal } => {
            out.kind = TASKWIRE_CONTROLLER_EVENT_HELLO_REFUSED;
            out.name = named(node);
            out.tip_revision = tail.0;
            (out.reason, out.limit, out.limit_most) = of_refusal(*refusal);
        }
        _ if of_findings(&mut out, event) || of_node(&mut out, event) => {}
        _ => out.kind = TASKWIRE_CONTROLLER_EVENT_OTHER,
    }
    out
}

fn of_transition(out: &mut taskwire_controller_event, node: NodeId, transition: &Transition) {
    out.about(TASKWIRE_CONTROLLER_EVENT_TRANSITION, node, transition.task);
    out.state(transition.state, transition.number);
    out.from_state = transition.from.map_or(0, |state| state.code().into());
    out.attempt = transition.attempt;
    out.reason = transition.reason.0.into();
    out.source = transition.source.0.into();
    (out.exit_kind, out.exit_value) = of_exit(transition.exit);
    out.at(transition.position);
    out.epoch = transition.epoch.0;
    out.registered(transition.registered);
    out.at_ms = transition.at.0;
    let metadata = transition.metadata.as_deref().map_or(&[][..], Value::as_bytes);
    (out.metadata, out.metadata_length) = (pointer(metadata), metadata.len());
    if let Some(payload) = transition.payload.as_deref() {
        (out.message, out.message_length) = (pointer(payload.message.as_bytes()), payload.message.len());
        out.message_cut = u32::from(payload.message_cut);
        (out.result, out.result_length) = (pointer(payload.result.as_bytes()), payload.result.len());
        (out.has_trace, out.trace) = taskwire_trace::of(payload.trace);
    }
    out.may_be_repeat = u32::from(transition.may_be_repeat);
    out.out_of_sequence = u32::from(transition.out_of_sequence);
}

/// What a repair finds out about one task. Says whether the event is of these.
fn of_findings(out: &mut taskwire_controller_event, event: &ControllerEvent) -> bool {
    match event {
        ControllerEvent::HistoryGap { node, task, registered, from, to, state, attempt, may_be_inexact } => {
            out.about(TASKWIRE_CONTROLLER_EVENT_HISTORY_GAP, *node, *task);
            out.registered(*registered);
            (out.first_number, out.last_number) = (*from, *to);
            out.state = state.code().into();
            out.attempt = *attempt;
            out.may_be_inexact = u32::from(*may_be_inexact);
        }
        ControllerEvent::NumbersBack { node, task, from, to, state } => {
            out.about(TASKWIRE_CONTROLLER_EVENT_NUMBERS_BACK, *node, *task);
            (out.first_number, out.last_number) = (*from, *to);
            out.state = state.code().into();
        }
        ControllerEvent::OutcomeUnknown { node, task, registered, state, number } => {
            out.about(TASKWIRE_CONTROLLER_EVENT_OUTCOME_UNKNOWN, *node, *task);
            out.registered(*registered);
            out.state(*state, *number);
        }
        ControllerEvent::Conflict { node, task, registered, kept, kept_number, says, says_number } => {
            out.about(TASKWIRE_CONTROLLER_EVENT_CONFLICT, *node, *task);
            out.registered(*registered);
            out.state(*says, *says_number);
            (out.kept_state, out.kept_number) = (kept.code().into(), *kept_number);
        }
        ControllerEvent::FinalLearned { node, task, registered, state, number, seen } => {
            out.about(TASKWIRE_CONTROLLER_EVENT_FINAL_LEARNED, *node, *task);
            out.registered(*registered);
            out.state(*state, *number);
            out.first_number = *seen;
        }
        ControllerEvent::MarkLifted { node, task } => {
            out.about(TASKWIRE_CONTROLLER_EVENT_MARK_LIFTED, *node, *task);
        }
        ControllerEvent::LateTruth { node, task, state } => {
            out.about(TASKWIRE_CONTROLLER_EVENT_LATE_TRUTH, *node, *task);
            out.state = state.code().into();
        }
        _ => return false,
    }
    true
}

/// What becomes of a node. Says whether the event is of these.
fn of_node(out: &mut taskwire_controller_event, event: &ControllerEvent) -> bool {
    match event {
        ControllerEvent::NodeOpened { node, epoch, verdict } => {
            out.of(TASKWIRE_CONTROLLER_EVENT_NODE_OPENED, *node);
            out.epoch = epoch.0;
            out.verdict = of_verdict(*verdict);
        }
        ControllerEvent::NodeSynced { node, position } => {
            out.of(TASKWIRE_CONTROLLER_EVENT_NODE_SYNCED, *node);
            out.at(*position);
        }
        ControllerEvent::NodeSuspect { node } => out.of(TASKWIRE_CONTROLLER_EVENT_NODE_SUSPECT, *node),
        ControllerEvent::NodeLive { node } => out.of(TASKWIRE_CONTROLLER_EVENT_NODE_LIVE, *node),
        ControllerEvent::NodeLost { node, tasks_stale } => {
            out.of(TASKWIRE_CONTROLLER_EVENT_NODE_LOST, *node);
            out.tasks_stale = *tasks_stale;
        }
        ControllerEvent::NodeLeft { node } => out.of(TASKWIRE_CONTROLLER_EVENT_NODE_LEFT, *node),
        ControllerEvent::DuplicateIdentity { node, epoch } => {
            out.of(TASKWIRE_CONTROLLER_EVENT_DUPLICATE_IDENTITY, *node);
            out.epoch = epoch.0;
        }
        _ => return false,
    }
    true
}

fn of_symptom(symptom: Symptom) -> u32 {
    match symptom {
        Symptom::Tag => TASKWIRE_SYMPTOM_TAG,
        Symptom::Entry => TASKWIRE_SYMPTOM_ENTRY,
        Symptom::Digest => TASKWIRE_SYMPTOM_DIGEST,
        Symptom::Scrub => TASKWIRE_SYMPTOM_SCRUB,
        Symptom::History => TASKWIRE_SYMPTOM_HISTORY,
        Symptom::Stage => TASKWIRE_SYMPTOM_STAGE,
    }
}

/// Fills an event that is `struct_size` bytes large with zeros and its size. taskwire_controller_event_init calls it.
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
pub unsafe extern "C" fn taskwire_controller_event_init_sized(
    out_event: *mut taskwire_controller_event,
    struct_size: usize,
) -> taskwire_status {
    call(|| {
        // SAFETY: NULL or as large as `struct_size` says, which the caller promises.
        Ok(unsafe { view::initialise(out_event, struct_size) }?)
    })
}

/// The name of a kind of event of a controller, for people.
///
/// Parameters: `kind`, one of TASKWIRE_CONTROLLER_EVENT_…, or any other number.
///
/// Pointers: the text is static, ended by a NUL, and never NULL.
///
/// Errors: none; a kind that is not known gives "Other".
///
/// Threads: any.
///
/// After an error: there is none.
#[no_mangle]
pub extern "C" fn taskwire_controller_event_text(kind: u32) -> *const c_char {
    const TEXTS: [&CStr; 24] = [
        c"None",
        c"Transition",
        c"TaskForgotten",
        c"EntryOfUnknownKind",
        c"HistoryGap",
        c"NumbersBack",
        c"OutcomeUnknown",
        c"Conflict",
        c"FinalLearned",
        c"MarkLifted",
        c"LateTruth",
        c"HistoryDiffers",
        c"Repaired",
        c"DriftFound",
        c"NodeOpened",
        c"NodeSynced",
        c"NodeSuspect",
        c"NodeLive",
        c"NodeLost",
        c"NodeLeft",
        c"CommitDue",
        c"DuplicateIdentity",
        c"Deposed",
        c"HelloRefused",
    ];
    TEXTS.get(kind as usize).map_or(c"Other".as_ptr(), |text| text.as_ptr())
}
