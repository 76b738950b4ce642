//! Steady state through the C interface allocates nothing, in either role: reports one by one and by the array, frames in
//! and out, events, commits, deadlines, questions, watching; and the journal. The allocator counts while C functions run.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use taskwire_ffi::*;

struct Counting;

thread_local! {
    static COUNTS: Cell<bool> = const { Cell::new(false) };
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    if COUNTS.get() {
        COUNT.set(COUNT.get() + 1);
    }
}

// SAFETY: everything is left to the system's allocator; the counting touches no memory of the caller.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs a C function with the allocator counting.
macro_rules! c {
    ($call:expr) => {{
        COUNTS.set(true);
        // SAFETY: the objects are alive, and every pointer is to a local that is.
        let status = unsafe { $call };
        COUNTS.set(false);
        assert_eq!(status, TASKWIRE_OK, "{}", stringify!($call));
    }};
}

macro_rules! initial {
    ($init:ident) => {{
        let mut place = std::mem::MaybeUninit::uninit();
        let size = size_of_val(&place);
        // SAFETY: the place is as large as it is said to be, and is filled when the call succeeds.
        unsafe {
            assert_eq!($init(place.as_mut_ptr(), size), TASKWIRE_OK);
            place.assume_init()
        }
    }};
}

const TASKS: u8 = 32;

struct Ends {
    agent: *mut taskwire_agent,
    controller: *mut taskwire_controller,
    /// Of running tasks, on this node alone.
    filter: *mut taskwire_filter,
    /// What two watchers have read up to: one of everything, and one with the filter.
    watched: [taskwire_view_revision; 2],
    now: u64,
    frame: [u8; 65_507],
}

impl Ends {
    fn new(durability: u32) -> Ends {
        let (mut agent, mut controller, mut filter) = Default::default();
        let mut config: taskwire_agent_config = initial!(taskwire_agent_config_init_sized);
        (config.node, config.epoch, config.seed, config.durability) = (c"edge-7".as_ptr(), 1, 5, durability);
        let mut settings: taskwire_controller_config = initial!(taskwire_controller_config_init_sized);
        (settings.name, settings.term, settings.seed) = (c"counting".as_ptr(), 1, 6);
        // The rings of the history are full soon, and take no more memory then.
        (settings.history, settings.detail_history, settings.finals_per_node) = (2_000, 500, 64);
        let mut watched = [taskwire_view_revision::default(); 2];
        c!(taskwire_agent_new(&config, &mut agent));
        c!(taskwire_controller_new(&settings, &mut controller));
        c!(taskwire_filter_new(&mut filter));
        c!(taskwire_filter_node(filter, 0));
        c!(taskwire_filter_states(filter, TASKWIRE_FILTER_RUNNING));
        for watched in &mut watched {
            c!(taskwire_controller_view_revision(controller, std::ptr::null(), watched, std::ptr::null_mut()));
        }
        Ends { agent, controller, filter, watched, now: 1_000_000, frame: [0; 65_507] }
    }

    /// What is to be journaled is written, and safe at once.
    fn journal(&mut self) {
        loop {
            let (mut length, mut key, mut begins) = (0, 0, 0);
            let (record, room) = (self.frame.as_mut_ptr(), self.frame.len());
            c!(taskwire_agent_poll_journal(self.agent, record, room, &mut length, &mut key, &mut begins));
            if length == 0 {
                break;
            }
            c!(taskwire_agent_journal_confirmed(self.agent, self.now, key));
        }
    }

    /// Both sides say what they have to say, and 10 ms go by.
    fn exchange(&mut self) {
        self.journal();
        let mut events = [initial!(taskwire_controller_event_init_sized); 8];
        loop {
            let (mut quiet, mut length, mut peer) = (true, 0, 0);
            loop {
                c!(taskwire_agent_poll_transmit(self.agent, self.now, self.frame.as_mut_ptr(), 1200, &mut length));
                if length == 0 {
                    break;
                }
                quiet = false;
                c!(taskwire_controller_receive(self.controller, self.now, 1, self.frame.as_ptr(), length));
            }
            let mut count = events.len();
            while count == events.len() {
                c!(taskwire_controller_poll_events(self.controller, events.as_mut_ptr(), events.len(), &mut count));
                for event in &events[..count] {
                    if event.kind == TASKWIRE_CONTROLLER_EVENT_COMMIT_DUE {
                        let (revision, tag) = (event.position_revision, event.position_tag);
                        c!(taskwire_controller_commit(self.controller, event.node, revision, tag));
                    }
                }
            }
            c!(taskwire_controller_handle_timeout(self.controller, self.now));
            loop {
                let (frame, room) = (self.frame.as_mut_ptr(), self.frame.len());
                c!(taskwire_controller_poll_transmit(self.controller, self.now, frame, room, &mut peer, &mut length));
                if length == 0 {
                    break;
                }
                quiet = false;
                c!(taskwire_agent_receive(self.agent, self.now, self.frame.as_ptr(), length));
            }
            if quiet {
                break;
            }
        }
        self.now += 10_000;
        c!(taskwire_agent_handle_timeout(self.agent, self.now));
    }

    /// Both watchers read on, and the host looks at the node and its tasks. How many changes there were.
    fn watch(&mut self) -> usize {
        let mut changes = [initial!(taskwire_change_init_sized); 16];
        let mut tasks = [initial!(taskwire_task_init_sized); 16];
        let mut node: taskwire_node = initial!(taskwire_node_init_sized);
        let mut all = 0;
        for (watched, filter) in self.watched.iter_mut().zip([std::ptr::null_mut(), self.filter]) {
            let mut count = changes.len();
            while count == changes.len() {
                let (at, changes, tasks): (*mut _, _, _) = (watched, changes.as_mut_ptr(), tasks.as_mut_ptr());
                c!(taskwire_controller_changes_since(
                    self.controller,
                    self.now,
                    at,
                    filter,
                    changes,
                    tasks,
                    16,
                    &mut count,
                    at
                ));
                all += count;
            }
        }
        let (mut count, mut cursor) = (tasks.len(), 0);
        while count > 0 {
            let (to, room, from) = (tasks.as_mut_ptr(), tasks.len(), cursor);
            c!(taskwire_controller_tasks(self.controller, self.now, 0, from, to, room, &mut count, &mut cursor));
        }
        c!(taskwire_controller_node(self.controller, 0, &mut node));
        c!(taskwire_controller_next_timeout(self.controller, &mut 0, &mut 0));
        all
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        // SAFETY: made by `new`, and freed once.
        unsafe {
            taskwire_agent_free(self.agent);
            taskwire_controller_free(self.controller);
            taskwire_filter_free(self.filter);
        }
    }
}

fn id(number: u8) -> taskwire_task_id {
    let mut id = taskwire_task_id::default();
    id.bytes[0] = number;
    id
}

/// The whole life of a number of tasks, until they are forgotten.
fn round(ends: &mut Ends, update: &taskwire_update, events: &mut [taskwire_agent_event]) {
    let mut updates = [*update; TASKS as usize];
    let mut done = 0;
    for (update, number) in updates.iter_mut().zip(0..) {
        update.task = id(number);
    }
    let steps: [&dyn Fn(&mut taskwire_update); 4] = [
        &|update| update.kind = TASKWIRE_UPDATE_REGISTER,
        &|update| (update.kind, update.state) = (TASKWIRE_UPDATE_TRANSITION, TASKWIRE_STATE_RUNNING),
        &|update| (update.kind, update.percent) = (TASKWIRE_UPDATE_PROGRESS, 50),
        &|update| {
            (update.kind, update.state) = (TASKWIRE_UPDATE_TRANSITION, TASKWIRE_STATE_SUCCEEDED);
            update.exit_kind = TASKWIRE_EXIT_CODE;
        },
    ];
    for step in steps {
        updates.iter_mut().for_each(step);
        c!(taskwire_agent_update(ends.agent, ends.now, updates.as_ptr(), updates.len(), &mut done));
        ends.exchange();
    }
    for number in 0..TASKS {
        c!(taskwire_agent_forget(ends.agent, ends.now, &id(number)));
    }
    for _ in 0..20 {
        ends.exchange();
    }
    let mut count = 0;
    loop {
        c!(taskwire_agent_poll_events(ends.agent, events.as_mut_ptr(), events.len(), &mut count));
        if count < events.len() {
            break;
        }
    }
    // SAFETY: the agent is alive.
    assert_eq!(unsafe { taskwire_agent_is_durable(ends.agent) }, 1);
    let (mut is_set, mut deadline, mut lease, mut state) = (0, 0, 0, sync_state());
    c!(taskwire_agent_next_timeout(ends.agent, &mut is_set, &mut deadline));
    c!(taskwire_agent_lease(ends.agent, ends.now, &mut lease, &mut deadline));
    c!(taskwire_agent_sync_state(ends.agent, &mut state));
    assert_eq!(state.undurable, 0);
}

fn sync_state() -> taskwire_sync_state {
    initial!(taskwire_sync_state_init_sized)
}

fn rounds_allocate_nothing(durability: u32) {
    let mut ends = Ends::new(durability);
    let update: taskwire_update = initial!(taskwire_update_init_sized);
    let event: taskwire_agent_event = initial!(taskwire_agent_event_init_sized);
    let mut events = [event; 8];
    for _ in 0..40 {
        round(&mut ends, &update, &mut events);
        ends.watch();
    }
    let warm = COUNT.replace(0);
    assert!(warm > 0, "the allocator counts");
    let mut changes = 0;
    for _ in 0..100 {
        round(&mut ends, &update, &mut events);
        changes += ends.watch();
    }
    assert!(changes > 100 * 4 * usize::from(TASKS), "{changes} changes were read");
    assert_eq!(COUNT.get(), 0, "allocations in 100 rounds of {TASKS} tasks (and {warm} before, while warming up)");
}

#[test]
fn steady_state_through_the_c_interface_allocates_nothing() {
    rounds_allocate_nothing(TASKWIRE_DURABILITY_VOLATILE);
}

#[test]
fn steady_state_with_a_journal_allocates_nothing() {
    rounds_allocate_nothing(TASKWIRE_DURABILITY_WRITE_AHEAD);
}
