//! Holds both roles to no allocation in steady state: after a warm-up in which every buffer has found its size, updates,
//! frames, acknowledgements, events and commits take no memory from the heap. The workload is that of the figures,
//! without text; what it costs in time is for the benches.

#[path = "../benches/src/rig.rs"]
#[allow(dead_code)]
mod rig;
#[path = "../benches/src/workload.rs"]
#[allow(dead_code)]
mod workload;

use std::alloc::System;

use rig::{agent_config, controller_config, Rig, LARGEST};
use stats_alloc::{Region, StatsAlloc, INSTRUMENTED_SYSTEM};
use workload::{Update, Workload, TASKS};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Allocations of the two roles.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Taken {
    agent: usize,
    controller: usize,
}

/// Allocations that `work` makes, those that an existing one was moved for included.
fn count(work: impl FnOnce()) -> usize {
    let region = Region::new(HEAP);
    work();
    let change = region.change();
    change.allocations + change.reallocations
}

/// Carries so many frames of so many updates each.
fn carry(rig: &mut Rig, workload: &mut Workload, updates: &mut Vec<Update>, frames: usize, each: usize) -> Taken {
    let mut taken = Taken::default();
    for _ in 0..frames {
        updates.clear();
        workload.begin_frame();
        updates.extend((0..each).map(|_| workload.draw()));
        taken.agent += count(|| rig.tell(updates, false));
        loop {
            let mut more = false;
            taken.agent += count(|| more = rig.transmit());
            if !more {
                break;
            }
            taken.controller += count(|| rig.receive());
            taken.controller += count(|| {
                rig.events();
            });
            // Both roles: none may allocate, so it need not be told which.
            taken.agent += count(|| rig.answer());
        }
    }
    taken
}

// One test only: the counters are of the whole process.
#[test]
fn a_steady_state_takes_no_memory_from_the_heap() {
    let mut rig = Rig::new(agent_config("edge", LARGEST as u32), controller_config());
    let mut workload = Workload::new(1, TASKS);
    rig.begin(&workload);
    let mut updates = Vec::with_capacity(1_000);
    // Long, because a hash map that is more than half full doubles once, when its erased places are used up.
    let warm = carry(&mut rig, &mut workload, &mut updates, 20_000, 32);
    let warm_large = carry(&mut rig, &mut workload, &mut updates, 100, 1_000);
    assert!(warm != Taken::default() && warm_large != Taken::default(), "the counters do not count");
    // Another pace is steady once the log has the room that it needs: it gives back what a burst has taken.
    for (first, frames, each) in [(200, 3_000, 32), (20, 100, 1_000), (1_000, 10_000, 1)] {
        carry(&mut rig, &mut workload, &mut updates, first, each);
        let taken = carry(&mut rig, &mut workload, &mut updates, frames, each);
        assert_eq!(taken, Taken::default(), "{} updates, {each} a frame", frames * each);
    }
}
