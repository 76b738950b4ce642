//! Watching the view: what has changed since a revision, by the array, and filters. What a watcher does with it stands in
//! docs/WATCHING.md.

use taskwire::{Effect, Filter, Happening, Instant, NodeId, State, TaskView, ViewChange, ViewRevision, WatchError};

use super::inspect::{of_mark, of_reachability, of_task};
use super::taskwire_controller;
use crate::codes::of_exit;
use crate::failure::Outcome;
use crate::handle::{call, change, give, look, objects, take, Standing};
use crate::status::{taskwire_status, TASKWIRE_ERROR_ARGUMENT, TASKWIRE_OK};
use crate::structs::taskwire_trace;
use crate::task::taskwire_task;
use crate::version::taskwire_task_id;
use crate::view::{self, Growing, GrowingOut, Out, Pointer};

/// A task moved from from_state (0: it was registered) to state: task, entry_revision, attempt, number, reason, source,
/// exit_….
pub const TASKWIRE_HAPPENING_MOVED: u32 = 1;
/// Its agent forgot task: the view keeps its end under its own retention.
pub const TASKWIRE_HAPPENING_FORGOTTEN: u32 = 2;
/// An entry of a kind that only a later version knows changed the record of task.
pub const TASKWIRE_HAPPENING_EXTENDED: u32 = 3;
/// The view keeps task no longer: its retention is over.
pub const TASKWIRE_HAPPENING_REMOVED: u32 = 4;
/// The controller noted something beside task: mark.
pub const TASKWIRE_HAPPENING_MARKED: u32 = 5;
/// A mark of task was disproved.
pub const TASKWIRE_HAPPENING_MARK_LIFTED: u32 = 6;
/// A newer detail of task is shown.
pub const TASKWIRE_HAPPENING_DETAIL_SHOWN: u32 = 7;
/// The node was heard of for the first time, or stands otherwise than it did: reachability, epoch, stale, synced, silent.
pub const TASKWIRE_HAPPENING_NODE_CHANGED: u32 = 8;
/// The history of the node was replaced: any of its tasks may be other than it was, or gone.
pub const TASKWIRE_HAPPENING_TASKS_REPLACED: u32 = 9;
/// The host had the node forgotten, with all its tasks.
pub const TASKWIRE_HAPPENING_NODE_FORGOTTEN: u32 = 10;
/// Something that this version of the C interface has no fields for.
pub const TASKWIRE_HAPPENING_OTHER: u32 = 99;

/// Put the task, which is written beside the change, in place of what the copy has of it.
pub const TASKWIRE_EFFECT_TASK: u32 = 1;
/// Take task out, if the copy has it: it is gone, or no longer what the filter is about.
pub const TASKWIRE_EFFECT_TASK_GONE: u32 = 2;
/// Look the node up, and put it, apart from its tasks, in place of what the copy has of it.
pub const TASKWIRE_EFFECT_NODE: u32 = 3;
/// Take all tasks of the node out, go through those that it has now, and put those in that the filter takes.
pub const TASKWIRE_EFFECT_TASKS: u32 = 4;
/// Take the node out with all its tasks.
pub const TASKWIRE_EFFECT_NODE_GONE: u32 = 5;
/// Something that this version of the C interface cannot tell: read the view anew.
pub const TASKWIRE_EFFECT_OTHER: u32 = 99;

/// Of taskwire_filter_states: tasks that are PENDING.
pub const TASKWIRE_FILTER_PENDING: u32 = 1;
/// Of taskwire_filter_states: tasks that are RUNNING.
pub const TASKWIRE_FILTER_RUNNING: u32 = 2;
/// Of taskwire_filter_states: tasks that have SUCCEEDED.
pub const TASKWIRE_FILTER_SUCCEEDED: u32 = 4;
/// Of taskwire_filter_states: tasks that have FAILED.
pub const TASKWIRE_FILTER_FAILED: u32 = 8;
/// Of taskwire_filter_states: tasks that were CANCELLED.
pub const TASKWIRE_FILTER_CANCELLED: u32 = 16;

/// A revision of the view of one controller incarnation: all that a watcher has to remember.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct taskwire_view_revision {
    /// The controller's incarnation.
    pub incarnation: u64,
    /// The revision: 0 before the first change, and one more for each.
    pub revision: u64,
}

impl taskwire_view_revision {
    fn of(revision: ViewRevision) -> taskwire_view_revision {
        taskwire_view_revision { incarnation: revision.incarnation, revision: revision.revision }
    }

    fn core(self) -> ViewRevision {
        ViewRevision { incarnation: self.incarnation, revision: self.revision }
    }
}

/// What a watcher cares for. Made by taskwire_filter_new, given back by taskwire_filter_free; any number of controllers
/// may be read with it.
pub struct taskwire_filter {
    core: Filter,
    standing: Standing,
}

objects!(taskwire_filter);

/// One change of the view: what happened then, and what follows for a copy, as the view stands now. Fields that its
/// happening does not speak of are 0. It holds no pointers.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct taskwire_change {
    /// Bytes of this struct; set by taskwire_change_init.
    pub struct_size: u32,
    /// One of TASKWIRE_HAPPENING_…: what happened then.
    pub happening: u32,
    /// One of TASKWIRE_EFFECT_…: what a watcher that keeps a copy does.
    pub effect: u32,
    /// The node's number at this controller.
    pub node: u32,
    /// The task.
    pub task: taskwire_task_id,
    /// The revision that the view had with it: a watcher that stops here goes on from it.
    pub revision: taskwire_view_revision,
    /// When, in Unix milliseconds: by the agent's wall clock if a task moved, else by the controller's.
    pub at_ms: u64,
    /// The revision of the entry in the history of its node.
    pub entry_revision: u64,
    /// The node's newest incarnation; 0 before its first session.
    pub epoch: u64,
    /// Which try it is, from 0.
    pub attempt: u32,
    /// The number of the transition; 1 is the registration.
    pub number: u32,
    /// One of TASKWIRE_STATE_…: the state left; 0 for a registration.
    pub from_state: u32,
    /// One of TASKWIRE_STATE_…: the state reached.
    pub state: u32,
    /// One of TASKWIRE_REASON_…, or another.
    pub reason: u32,
    /// One of TASKWIRE_SOURCE_…, or another.
    pub source: u32,
    /// One of TASKWIRE_EXIT_….
    pub exit_kind: u32,
    /// The exit code or the signal.
    pub exit_value: i32,
    /// One of TASKWIRE_MARK_….
    pub mark: u32,
    /// One of TASKWIRE_REACHABILITY_….
    pub reachability: u32,
    /// 1 if the tasks of the node are stale.
    pub stale: u32,
    /// 1 if the node's cursor has reached the tip that it named when it opened its session.
    pub synced: u32,
    /// 1 if the node's silence means nothing, as it said or as it was sent away.
    pub silent: u32,
    /// 1 if there is a trace context.
    pub has_trace: u32,
    /// The trace context.
    pub trace: taskwire_trace,
}

// SAFETY: repr(C), begins with struct_size, integers and structs of them only; FIRST is the size of the struct.
unsafe impl Growing for taskwire_change {
    const FIRST: usize = size_of::<taskwire_change>();

    fn initial() -> taskwire_change {
        taskwire_change {
            struct_size: size_of::<taskwire_change>() as u32,
            happening: 0,
            effect: 0,
            node: 0,
            task: taskwire_task_id::default(),
            revision: taskwire_view_revision::default(),
            at_ms: 0,
            entry_revision: 0,
            epoch: 0,
            attempt: 0,
            number: 0,
            from_state: 0,
            state: 0,
            reason: 0,
            source: 0,
            exit_kind: 0,
            exit_value: 0,
            mark: 0,
            reachability: 0,
            stale: 0,
            synced: 0,
            silent: 0,
            has_trace: 0,
            trace: taskwire_trace::default(),
        }
    }
}

/// The change as C sees it, and the task that stands beside it.
fn of_change<'a>(change: &ViewChange<'a>) -> (taskwire_change, Option<TaskView<'a>>) {
    let mut out = taskwire_change {
        node: change.node.0,
        task: taskwire_task_id { bytes: change.happening.task().map_or([0; 16], |task| task.0) },
        revision: taskwire_view_revision::of(change.revision),
        at_ms: change.at.0,
        ..taskwire_change::initial()
    };
    (out.has_trace, out.trace) = taskwire_trace::of(change.trace);
    happened(&mut out, &change.happening);
    let (effect, task) = match change.effect {
        Effect::Task(task) => (TASKWIRE_EFFECT_TASK, Some(task)),
        Effect::TaskGone(_) => (TASKWIRE_EFFECT_TASK_GONE, None),
        Effect::Node(_) => (TASKWIRE_EFFECT_NODE, None),
        Effect::Tasks(_) => (TASKWIRE_EFFECT_TASKS, None),
        Effect::NodeGone(_) => (TASKWIRE_EFFECT_NODE_GONE, None),
        _ => (TASKWIRE_EFFECT_OTHER, None),
    };
    out.effect = effect;
    (out, task)
}

fn happened(out: &mut taskwire_change, happening: &Happening) {
    out.happening = match happening {
        Happening::Moved { moved, .. } => {
            out.entry_revision = moved.entry.0;
            (out.attempt, out.number) = (moved.attempt, moved.number);
            out.from_state = moved.from.map_or(0, |state| state.code().into());
            out.state = moved.state.code().into();
            (out.reason, out.source) = (moved.reason.0.into(), moved.source.0.into());
            (out.exit_kind, out.exit_value) = of_exit(moved.exit);
            TASKWIRE_HAPPENING_MOVED
        }
        Happening::Forgotten { .. } => TASKWIRE_HAPPENING_FORGOTTEN,
        Happening::Extended { .. } => TASKWIRE_HAPPENING_EXTENDED,
        Happening::Removed { .. } => TASKWIRE_HAPPENING_REMOVED,
        Happening::Marked { mark, .. } => {
            out.mark = of_mark(Some(mark));
            TASKWIRE_HAPPENING_MARKED
        }
        Happening::MarkLifted { .. } => TASKWIRE_HAPPENING_MARK_LIFTED,
        Happening::DetailShown { .. } => TASKWIRE_HAPPENING_DETAIL_SHOWN,
        Happening::NodeChanged { standing } => {
            out.reachability = of_reachability(standing.reachability);
            out.epoch = standing.epoch.map_or(0, |epoch| epoch.0);
            (out.stale, out.synced) = (standing.stale.into(), standing.synced.into());
            out.silent = standing.silent.into();
            TASKWIRE_HAPPENING_NODE_CHANGED
        }
        Happening::TasksReplaced => TASKWIRE_HAPPENING_TASKS_REPLACED,
        Happening::NodeForgotten => TASKWIRE_HAPPENING_NODE_FORGOTTEN,
        _ => TASKWIRE_HAPPENING_OTHER,
    };
}

/// Fills a change that is `struct_size` bytes large with zeros and its size. taskwire_change_init calls it.
///
/// Parameters: `struct_size`, in bytes: the size of the struct as the caller was compiled.
///
/// Pointers: `out_change` is the caller's, and is not kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: no
/// version of the struct has that size; give sizeof.
///
/// Threads: any.
///
/// After an error: nothing was written.
#[no_mangle]
pub unsafe extern "C" fn taskwire_change_init_sized(
    out_change: *mut taskwire_change,
    struct_size: usize,
) -> taskwire_status {
    call(|| {
        // SAFETY: NULL or as large as `struct_size` says, which the caller promises.
        Ok(unsafe { view::initialise(out_change, struct_size) }?)
    })
}

/// Makes a filter that takes everything.
///
/// Parameters: none but the output.
///
/// Pointers: `out_filter` gets the filter, which is the caller's until taskwire_filter_free, or NULL.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: a fault in
/// the library; report it.
///
/// Threads: any.
///
/// After an error: there is no filter.
#[no_mangle]
pub unsafe extern "C" fn taskwire_filter_new(out_filter: *mut *mut taskwire_filter) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises; Pointer is the pointer itself.
    let out_filter = unsafe { Out::needed(out_filter.cast::<Pointer<taskwire_filter>>()) };
    call(|| {
        let filter = taskwire_filter { core: Filter::everything(), standing: Standing::default() };
        out_filter?.set(Pointer(give(filter)));
        Ok(())
    })
}

/// Takes a node, beside those already chosen; without any, every node is taken.
///
/// Parameters: `node`, the node's number; one that no node has is no error.
///
/// Pointers: `filter` is changed, and nothing is kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
/// filter.
///
/// Threads: one thread at a time for one filter.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_filter_node(filter: *mut taskwire_filter, node: u32) -> taskwire_status {
    // SAFETY: the filter is NULL or valid: the caller's promise.
    unsafe {
        change(filter, |filter| {
            filter.core = core::mem::take(&mut filter.core).node(NodeId(node));
            Ok(())
        })
    }
}

/// Takes tasks in these states alone, as the view says them; without this call, in all.
///
/// Parameters: `states`, the sum of some of TASKWIRE_FILTER_…; 0 takes none.
///
/// Pointers: `filter` is changed, and nothing is kept.
///
/// Errors: TASKWIRE_ERROR_ARGUMENT (a bit that is none of them), TASKWIRE_ERROR_NULL_POINTER and
/// TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the filter.
///
/// Threads: one thread at a time for one filter.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_filter_states(filter: *mut taskwire_filter, states: u32) -> taskwire_status {
    // SAFETY: the filter is NULL or valid: the caller's promise.
    unsafe {
        change(filter, |filter| {
            if states >> State::ALL.len() != 0 {
                return Err(TASKWIRE_ERROR_ARGUMENT.into());
            }
            let mut chosen = [State::ALL[0]; State::ALL.len()];
            let mut count = 0;
            for (bit, state) in State::ALL.iter().enumerate() {
                if states & (1 << bit) != 0 {
                    chosen[count] = *state;
                    count += 1;
                }
            }
            filter.core = core::mem::take(&mut filter.core).states(&chosen[..count]);
            Ok(())
        })
    }
}

/// Leaves changes of details out: what can be read then is bounded by the controller's setting `history` alone.
///
/// Parameters: `filter`, the filter.
///
/// Pointers: `filter` is changed, and nothing is kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
/// filter.
///
/// Threads: one thread at a time for one filter.
///
/// After an error: nothing was changed.
#[no_mangle]
pub unsafe extern "C" fn taskwire_filter_without_details(filter: *mut taskwire_filter) -> taskwire_status {
    // SAFETY: the filter is NULL or valid: the caller's promise.
    unsafe {
        change(filter, |filter| {
            filter.core = core::mem::take(&mut filter.core).without_details();
            Ok(())
        })
    }
}

/// Gives a filter back.
///
/// Parameters: `filter`, or NULL, which does nothing.
///
/// Pointers: `filter` is gone after the call.
///
/// Errors: none. A poisoned filter is given back like any other.
///
/// Threads: one thread at a time for one filter, and no other call after this one.
///
/// After an error: there is none.
#[no_mangle]
pub unsafe extern "C" fn taskwire_filter_free(filter: *mut taskwire_filter) {
    // SAFETY: NULL or a filter of taskwire_filter_new that was not freed, which the caller promises.
    unsafe { take(filter) }
}

/// Runs a body with the filter behind a pointer, or with one that takes everything where there is none.
///
/// # Safety
/// The controller and the filter are NULL, misaligned, or alive and used by no other thread.
unsafe fn with_filter(
    controller: *const taskwire_controller,
    filter: *const taskwire_filter,
    body: impl FnOnce(&taskwire_controller, &Filter) -> Outcome,
) -> taskwire_status {
    if filter.is_null() {
        // SAFETY: the same contract.
        return unsafe { look(controller, |controller| body(controller, &Filter::everything())) };
    }
    let mut status = TASKWIRE_OK;
    // SAFETY: the same contract.
    let filtered = unsafe {
        look(filter, |filter| {
            status = look(controller, |controller| body(controller, &filter.core));
            Ok(())
        })
    };
    if filtered == TASKWIRE_OK {
        status
    } else {
        filtered
    }
}

/// Says at which revision the view stands, and from which on changes can be read. To begin watching, ask for the newest,
/// read the view, then go on from there.
///
/// Parameters: `filter`, or NULL for everything: one without details reaches further back.
///
/// Pointers: `filter` is looked at. `out_newest` gets the newest revision, and `out_oldest`, which may be NULL, the oldest
/// from which taskwire_controller_changes_since can still read. All are the caller's, and are not kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
/// controller.
///
/// Threads: one thread at a time for one controller, and for one filter.
///
/// After an error: the revisions are 0; the controller is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_view_revision(
    controller: *const taskwire_controller,
    filter: *const taskwire_filter,
    out_newest: *mut taskwire_view_revision,
    out_oldest: *mut taskwire_view_revision,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises.
    let (out_newest, out_oldest) = unsafe { (Out::needed(out_newest), Out::optional(out_oldest)) };
    // SAFETY: the controller and the filter are NULL or valid: the caller's promise.
    unsafe {
        with_filter(controller, filter, |controller, filter| {
            let (mut out_newest, mut out_oldest) = (out_newest?, out_oldest?);
            let newest = controller.core.view().revision();
            let first = ViewRevision { revision: 0, ..newest };
            let oldest = match controller.core.changes_since(first, filter) {
                Err(WatchError::Compacted { oldest, .. }) => oldest,
                _ => first,
            };
            out_newest.set(taskwire_view_revision::of(newest));
            out_oldest.set(taskwire_view_revision::of(oldest));
            Ok(())
        })
    }
}

/// Gives the changes of the view after a revision, in order, by the array. Any number of watchers may read: none is
/// registered, and none holds another up. A watcher that keeps a copy does what each effect says; as soon as it has read
/// to the newest revision, its copy is what the view has.
///
/// Parameters: `now_us`, the host's clock in microseconds: how fresh a task is counts from there. `since`, the revision
/// read up to. `filter`, or NULL for everything. `out_changes` and `out_tasks`, the first of each filled by its _init: its
/// struct_size is taken for all. `capacity`, how many there are of each, 0 or more.
///
/// Pointers: `since` and `filter` are looked at. `out_changes` is the caller's; so is `out_tasks`, which may be NULL if no
/// copy is kept; both may be NULL if `capacity` is 0. Where the effect of a change is TASKWIRE_EFFECT_TASK, the task of the
/// same index has it as the view stands now; the pointers in it are the controller's, and hold until the next call that
/// changes it. `out_count` gets how many changes were written; less than `capacity` says that there are no more. `out_next`
/// gets the revision to go on from, also where there was nothing to read; it may be `since` itself. Nothing is kept.
///
/// Errors: TASKWIRE_ERROR_COMPACTED: too far behind. TASKWIRE_ERROR_OTHER_INCARNATION: the controller has begun anew.
/// TASKWIRE_ERROR_FUTURE_REVISION: no such revision was ever given, which is a mistake. In each of these cases read the
/// view anew, from taskwire_controller_view_revision on. TASKWIRE_ERROR_STRUCT_SIZE: fill the first of each array with its
/// _init. TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (more changes than memory
/// has): mend the call. TASKWIRE_ERROR_OTHER: read the view anew. TASKWIRE_ERROR_PANICKED: free the controller, or the
/// filter.
///
/// Threads: one thread at a time for one controller, and for one filter.
///
/// After an error: the controller is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_changes_since(
    controller: *const taskwire_controller,
    now_us: u64,
    since: *const taskwire_view_revision,
    filter: *const taskwire_filter,
    out_changes: *mut taskwire_change,
    out_tasks: *mut taskwire_task,
    capacity: usize,
    out_count: *mut usize,
    out_next: *mut taskwire_view_revision,
) -> taskwire_status {
    // Before the outputs are made: `out_next` may be the same place.
    // SAFETY: NULL, misaligned or valid for reads, which the caller promises.
    let since = unsafe { view::read(since) };
    // SAFETY: NULL or valid for writes (the arrays for `capacity` times the first's struct_size), the caller's promise.
    let (out_changes, out_tasks, out_count, out_next) = unsafe {
        (
            GrowingOut::new(out_changes, capacity),
            GrowingOut::new(out_tasks, if out_tasks.is_null() { 0 } else { capacity }),
            Out::needed(out_count),
            Out::needed(out_next),
        )
    };
    // SAFETY: the controller and the filter are NULL or valid: the caller's promise.
    unsafe {
        with_filter(controller, filter, |controller, filter| {
            let (mut out_changes, mut out_tasks) = (out_changes?, out_tasks?);
            let (mut out_count, mut out_next) = (out_count?, out_next?);
            let since = since?.core();
            let mut changes = controller.core.changes_since(since, filter)?;
            let mut next = since;
            let mut count = 0;
            while count < out_changes.count() {
                let Some(change) = changes.next() else {
                    next = changes.revision();
                    break;
                };
                let (flat, task) = of_change(&change);
                out_changes.set(count, &flat);
                if let Some(task) = task {
                    out_tasks.set(count, &of_task(change.node, task, Instant::from_micros(now_us)));
                }
                next = change.revision;
                count += 1;
            }
            out_count.set(count);
            out_next.set(taskwire_view_revision::of(next));
            Ok(())
        })
    }
}
