//! Steady state through the C interface allocates nothing: reports one by one and by the array, frames in and out, events
//! and deadlines. The allocator counts while C functions run, and not while the controller does.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use taskwire::{Controller, ControllerConfig, ControllerEvent, Instant, PeerId};
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
        // SAFETY: the agent is alive, and every pointer is to a local that is.
        let status = unsafe { $call };
        COUNTS.set(false);
        assert_eq!(status, TASKWIRE_OK, "{}", stringify!($call));
    }};
}

const TASKS: u8 = 32;

struct Ends {
    agent: *mut taskwire_agent,
    controller: Controller,
    now: u64,
    frame: [u8; 65_507],
}

impl Ends {
    fn new() -> Ends {
        let mut agent = std::ptr::null_mut();
        let mut config = std::mem::MaybeUninit::<taskwire_agent_config>::uninit();
        // SAFETY: the place is as large as it is said to be, filled before it is read, and the name ends with a NUL.
        unsafe {
            let place = config.as_mut_ptr();
            assert_eq!(taskwire_agent_config_init_sized(place, size_of::<taskwire_agent_config>()), TASKWIRE_OK);
            (*place).node = c"edge-7".as_ptr();
            (*place).epoch = 1;
            (*place).seed = 5;
            assert_eq!(taskwire_agent_new(place, &mut agent), TASKWIRE_OK);
        }
        let config = ControllerConfig::new("counting").expect("a name");
        let controller = Controller::new(config, 6).expect("the defaults are good");
        Ends { agent, controller, now: 1_000_000, frame: [0; 65_507] }
    }

    /// Both sides say what they have to say, and 10 ms go by.
    fn exchange(&mut self) {
        let now = Instant::from_micros(self.now);
        loop {
            let mut quiet = true;
            loop {
                let mut length = 0;
                c!(taskwire_agent_poll_transmit(self.agent, self.now, self.frame.as_mut_ptr(), 1200, &mut length));
                if length == 0 {
                    break;
                }
                quiet = false;
                self.controller.receive(now, PeerId(1), &self.frame[..length]).expect("a good frame");
            }
            while let Some(event) = self.controller.poll_event() {
                if let ControllerEvent::CommitDue { node, position } = event {
                    let _ = self.controller.commit(node, position);
                }
            }
            self.controller.handle_timeout(now);
            while let Ok(Some((_, length))) = self.controller.poll_transmit(now, &mut self.frame) {
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
}

impl Drop for Ends {
    fn drop(&mut self) {
        // SAFETY: made by `new`, and freed once.
        unsafe { taskwire_agent_free(self.agent) }
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

fn sync_state() -> taskwire_sync_state {
    initial!(taskwire_sync_state_init_sized)
}

#[test]
fn steady_state_through_the_c_interface_allocates_nothing() {
    let mut ends = Ends::new();
    let update: taskwire_update = initial!(taskwire_update_init_sized);
    let event: taskwire_agent_event = initial!(taskwire_agent_event_init_sized);
    let mut events = [event; 8];
    for _ in 0..20 {
        round(&mut ends, &update, &mut events);
    }
    let warm = COUNT.replace(0);
    assert!(warm > 0, "the allocator counts");
    for _ in 0..100 {
        round(&mut ends, &update, &mut events);
    }
    assert_eq!(COUNT.get(), 0, "allocations in 100 rounds of {TASKS} tasks (and {warm} before, while warming up)");
}
