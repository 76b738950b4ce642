//! What went wrong in the field when a controller was restarted, each under the number by which the project lists it.

use std::time::Duration;

use taskwire::{ControllerEvent, Exit, Knowledge, Reachability, State};

use crate::rig::{task, Fleet};

const STEP: Duration = Duration::from_millis(100);

/// A fleet in which task 1 of each node is running and stored.
fn running(nodes: usize) -> Fleet {
    let mut fleet = Fleet::new(nodes);
    for n in 0..nodes {
        let now = fleet.now;
        fleet.agents[n].register(now, task(1), b"build").unwrap();
        fleet.agents[n].running(now, task(1)).unwrap();
    }
    fleet.settle();
    fleet
}

fn reachability(fleet: &Fleet, n: usize) -> Reachability {
    fleet.controller.view().node(fleet.node(n)).unwrap().reachability()
}

#[test]
fn field_1_a_final_that_was_received_and_not_stored_comes_again_and_nothing_else() {
    let mut fleet = running(2);
    let (stored, now) = (fleet.disk.len(), fleet.now);
    fleet.agents[0].succeeded(now, task(1), Exit::Code(0)).unwrap();
    fleet.agents[1].succeeded(now, task(1), Exit::Code(0)).unwrap();
    fleet.pass_one(1);
    let stored_of_1 = fleet.disk.len();
    assert!(stored_of_1 > stored);
    fleet.hold_store = true;
    fleet.pass_one(0);
    fleet.write();
    fleet.hold_store = false;
    let told = fleet.told;
    fleet.restart(stored_of_1).unwrap();
    assert_eq!((fleet.state(0, task(1)), fleet.state(1, task(1))), (State::Running, State::Succeeded));
    fleet.settle();
    assert_eq!((fleet.state(0, task(1)), fleet.told), (State::Succeeded, told + 1));
}

#[test]
fn field_12_none_of_a_restored_fleet_is_lost_before_a_full_fresh_lease() {
    let mut fleet = running(200);
    // Nearly a lease of silence before the crash counts for nothing.
    let lease = fleet.controller.config().lease;
    for _ in 0..100 {
        fleet.tick(STEP);
    }
    fleet.restart(fleet.disk.len()).unwrap();
    let begun = fleet.now;
    let mut back = 0;
    while fleet.now.since(begun) + STEP < lease {
        fleet.tick(STEP);
        assert!(fleet.lost.is_empty(), "after {:?}", fleet.now.since(begun));
        if back < 200 {
            let now = fleet.now;
            fleet.agents[back].handle_timeout(now);
            fleet.pass_one(back);
            back += 1;
        }
    }
    assert!(back > 100, "{back} came back");
}

#[test]
fn field_14_a_restored_controller_never_says_that_a_task_is_absent_before_its_node_has_told() {
    let mut fleet = running(1);
    let (stored, now) = (fleet.disk.len(), fleet.now);
    // A task that the store does not know, and one that it does.
    fleet.hold_store = true;
    fleet.agents[0].register(now, task(2), b"later").unwrap();
    fleet.pass();
    fleet.restart(stored).unwrap();
    fleet.hold_store = false;
    let id = fleet.node(0);
    for (n, known) in [(1, true), (2, false)] {
        match fleet.controller.query(fleet.now, id, task(n)) {
            Knowledge::NotReportedYet { held, .. } => assert_eq!(held.is_some(), known),
            other => panic!("task {n}: {other:?}"),
        }
    }
    fleet.settle();
    assert!(matches!(fleet.controller.query(fleet.now, id, task(2)), Knowledge::Known { .. }));
    assert!(matches!(fleet.controller.query(fleet.now, id, task(3)), Knowledge::Absent { .. }));
}

#[test]
fn field_15_a_loss_that_the_host_never_heard_of_is_shown_and_told_after_a_restore() {
    let mut fleet = running(1);
    fleet.deaf = true;
    for _ in 0..200 {
        fleet.tick(STEP);
    }
    assert_eq!((reachability(&fleet, 0), fleet.lost.len()), (Reachability::Lost, 0));
    fleet.restart(fleet.disk.len()).unwrap();
    fleet.deaf = false;
    for _ in 0..200 {
        fleet.tick(STEP);
    }
    assert_eq!(reachability(&fleet, 0), Reachability::Lost);
    assert_eq!(fleet.lost, [fleet.node(0)]);
}

/// Fail-overs each half lease give a dead node a fresh lease each time: it is never called lost meanwhile, and never live.
#[test]
fn field_17_a_dead_node_is_lost_one_lease_after_the_last_start() {
    let mut fleet = running(1);
    let lease = fleet.controller.config().lease;
    for _ in 0..6 {
        fleet.restart(fleet.disk.len()).unwrap();
        let begun = fleet.now;
        while fleet.now.since(begun) < lease / 2 {
            fleet.tick(STEP);
            assert_eq!(reachability(&fleet, 0), Reachability::NotReportedYet);
            fleet.store();
        }
    }
    let begun = fleet.now;
    while fleet.lost.is_empty() {
        fleet.tick(STEP);
        assert!(fleet.now.since(begun) <= lease, "not lost in time");
    }
}

#[test]
fn a_controller_that_hears_nobody_after_a_restart_suspects_itself() {
    let mut fleet = running(20);
    fleet.restart(fleet.disk.len()).unwrap();
    fleet.deaf = true;
    for _ in 0..300 {
        fleet.tick(STEP);
    }
    let events: Vec<ControllerEvent> = std::iter::from_fn(|| fleet.controller.poll_event()).collect();
    let masses = events.iter().filter(|event| matches!(event, ControllerEvent::MassSilence { of: 20, .. })).count();
    assert_eq!(masses, 1);
    assert!((0..20).all(|n| reachability(&fleet, n) == Reachability::NotReportedYet));
    fleet.deaf = false;
    fleet.settle();
    assert!((0..20).all(|n| reachability(&fleet, n) == Reachability::Live));
}
