//! The controller's store: a restored controller is what was stored and resumes every node, a crash at any byte loses nothing
//! that was confirmed, torn and corrupt are told apart, a store stays within a constant of the live state, and a node that has
//! not come back is neither lost nor absent. As a file and as keys.

#[path = "store/crashes.rs"]
mod crashes;
#[path = "store/field_failures.rs"]
mod field_failures;
#[path = "store/rig.rs"]
mod rig;

use std::collections::BTreeMap;
use std::time::Duration;

use rig::{config, record_starts, restored, task, Fleet};
use taskwire::wire::Verdict;
use taskwire::{
    Controller, ControllerBuilder, ControllerConfig, ControllerEvent, Exit, Freshness, Instant, JournalError,
    Knowledge, Mark, Reachability, RestoreError, State, STORE_RECORD,
};

/// A fleet that has done something of everything: states, long values, forgotten tasks, marks.
fn busy() -> Fleet {
    let mut fleet = Fleet::new(3);
    let long: Vec<u8> = (0..90_000u32).map(|n| (n * 7) as u8).collect();
    for n in 0..3 {
        let (now, agent) = (fleet.now, &mut fleet.agents[n]);
        agent.register(now, task(1), b"first").unwrap();
        agent.register(now, task(2), &long).unwrap();
        agent.register(now, task(3), b"").unwrap();
        agent.running(now, task(1)).unwrap();
        agent.running(now, task(3)).unwrap();
        agent.succeeded(now, task(3), Exit::Code(0)).unwrap();
    }
    fleet.settle();
    for n in 0..3 {
        let now = fleet.now;
        fleet.agents[n].forget(now, task(3)).unwrap();
    }
    let id = fleet.node(1);
    fleet.controller.give_up(id, task(1)).unwrap();
    fleet.settle();
    fleet
}

#[test]
fn a_restored_controller_is_what_was_stored_and_resumes_every_node_without_a_resend() {
    let mut fleet = busy();
    let before = fleet.summary();
    fleet.restart(fleet.disk.len()).unwrap();
    assert_eq!(fleet.summary(), before);
    let id = fleet.node(1);
    let view = fleet.controller.view();
    assert!(matches!(view.find(id, task(1)).unwrap().mark(), Some(Mark::GivenUp { .. })));
    assert_eq!(view.find(id, task(2)).unwrap().record().metadata().len(), 90_000, "a long value was lost");
    assert!(view.find(id, task(3)).unwrap().is_closed());
    assert_eq!(view.find(id, task(3)).unwrap().freshness(fleet.now), Freshness::Final);
    let told = fleet.told;
    fleet.settle();
    assert_eq!(fleet.told, told, "transitions were told again");
    assert!(fleet.verdicts.iter().all(|verdict| *verdict == Verdict::Resume), "{:?}", fleet.verdicts);
    let received = fleet.controller.metrics().received_bytes_total;
    assert!(received < 3 * 2_000, "{received} bytes came: something was sent anew");
}

#[test]
fn until_a_node_has_come_back_it_is_neither_lost_nor_absent_and_has_a_full_lease() {
    let mut fleet = busy();
    fleet.restart(fleet.disk.len()).unwrap();
    let (id, lease) = (fleet.node(0), fleet.controller.config().lease);
    let state = |fleet: &Fleet| fleet.controller.view().node(id).unwrap().reachability();
    assert_eq!(state(&fleet), Reachability::NotReportedYet);
    assert!(fleet.controller.view().node(id).unwrap().is_stale());
    let asked = fleet.controller.query(fleet.now, id, task(1));
    assert!(matches!(asked, Knowledge::NotReportedYet { held: Some(_), .. }), "{asked:?}");
    let asked = fleet.controller.query(fleet.now, id, task(77));
    assert!(matches!(asked, Knowledge::NotReportedYet { held: None, .. }), "{asked:?}");
    let asked = fleet.controller.query(fleet.now, id, task(3));
    assert!(matches!(asked, Knowledge::Known { .. }), "a final that was closed cannot change: {asked:?}");
    let begun = fleet.now;
    while fleet.now.since(begun) + Duration::from_secs(1) < lease {
        fleet.tick(Duration::from_millis(100));
        assert_eq!(state(&fleet), Reachability::NotReportedYet);
        // Two of three come back, one does not.
        for n in 1..3 {
            let now = fleet.now;
            fleet.agents[n].handle_timeout(now);
            fleet.pass_one(n);
        }
    }
    for _ in 0..20 {
        fleet.tick(Duration::from_millis(100));
    }
    assert_eq!(state(&fleet), Reachability::Lost);
    assert_eq!(fleet.lost, [id], "the host is told of it");
    let asked = fleet.controller.query(fleet.now, id, task(1));
    assert!(matches!(asked, Knowledge::NodeUnreachable { held: Some(_), .. }), "{asked:?}");
    fleet.settle();
    assert_eq!(state(&fleet), Reachability::Live);
    let asked = fleet.controller.query(fleet.now, id, task(1));
    assert!(matches!(asked, Knowledge::Known { task, .. } if task.state() == State::Running), "{asked:?}");
    assert!(matches!(fleet.controller.query(fleet.now, id, task(77)), Knowledge::Absent { .. }));
    let nobody = taskwire::NodeId(99);
    assert!(matches!(fleet.controller.query(fleet.now, nobody, task(1)), Knowledge::NotReportedYet { held: None, .. }));
}

#[test]
fn what_was_not_stored_comes_again_and_only_that() {
    let mut fleet = busy();
    let stored = fleet.disk.len();
    let now = fleet.now;
    fleet.agents[0].succeeded(now, task(1), Exit::Code(0)).unwrap();
    fleet.hold_store = true;
    fleet.pass();
    assert_eq!(fleet.state(0, task(1)), State::Succeeded);
    let told = fleet.told;
    fleet.restart(stored).unwrap();
    assert_eq!(fleet.state(0, task(1)), State::Running, "the store is older");
    fleet.hold_store = false;
    fleet.settle();
    assert_eq!(fleet.state(0, task(1)), State::Succeeded);
    assert_eq!(fleet.told, told + 1, "one transition comes again");
    assert!(fleet.verdicts.iter().all(|verdict| *verdict == Verdict::Resume));
}

#[test]
fn a_store_cut_at_any_byte_gives_the_batches_before_it_and_a_damaged_one_is_refused_or_ends_there() {
    let mut fleet = Fleet::new(2);
    for n in 0..2 {
        let now = fleet.now;
        fleet.agents[n].register(now, task(1), b"m").unwrap();
        fleet.agents[n].running(now, task(1)).unwrap();
    }
    fleet.settle();
    let now = fleet.now;
    fleet.agents[0].succeeded(now, task(1), Exit::Code(0)).unwrap();
    fleet.settle();
    let bytes = fleet.disk.clone();
    let starts = record_starts(&bytes);
    for cut in 0..=bytes.len() {
        let (controller, found) = restored(&bytes[..cut], 50).unwrap();
        let whole = starts.iter().copied().chain([bytes.len()]).filter(|at| *at <= cut).max().unwrap_or(0);
        assert_eq!(found.torn_at, (whole < cut).then_some(whole as u64), "cut at {cut}");
        for node in controller.view().nodes() {
            let name = node.name().as_str().to_string();
            let known = fleet.truth.get(&(name, node.received()));
            assert_eq!(known.copied(), controller.table(node.id()).map(|table| table.digest()), "cut at {cut}");
        }
    }
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 0x40;
        match restored(&bad, 50) {
            Err(RestoreError::Corrupt { offset, .. }) => {
                let begins = starts.iter().copied().filter(|start| *start <= at).max().unwrap_or(0);
                assert_eq!(offset as usize, begins, "byte {at}");
            }
            Err(RestoreError::NoCheckpoint { .. }) => assert!(at < starts[1], "byte {at}"),
            Err(error) => panic!("byte {at}: {error}"),
            Ok((_, found)) => assert!(found.torn_at.is_some(), "byte {at}: damage went unseen"),
        }
    }
}

#[test]
fn a_store_stays_within_a_constant_of_the_live_state_as_keys_too() {
    let mut fleet = Fleet::new(2);
    let mut keys: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
    let mut most = 0;
    for round in 0..600u32 {
        for n in 0..2 {
            let (now, agent) = (fleet.now, &mut fleet.agents[n]);
            let id = task((round % 5) as u8);
            if agent.register(now, id, &[1; 60]).is_ok() {
                agent.running(now, id).unwrap();
                agent.succeeded(now, id, Exit::Code(0)).unwrap();
            }
            let _ = agent.forget(now, task(((round + 2) % 5) as u8));
        }
        fleet.hold_store = true;
        fleet.pass();
        let mut buffer = vec![0; STORE_RECORD];
        while let Some(written) = fleet.controller.poll_store(&mut buffer).unwrap() {
            keys.insert(written.key, buffer[..written.length].to_vec());
            fleet.controller.store_confirmed(written.key).unwrap();
        }
        let needed = fleet.controller.store_needed_from();
        keys.retain(|key, _| *key >= needed);
        most = most.max(keys.values().map(Vec::len).sum::<usize>());
        fleet.pass();
    }
    assert!(fleet.controller.store_needed_from() > 1, "no checkpoint was written");
    assert!(most < 60_000, "{most} bytes are kept");
    let bytes: Vec<u8> = keys.values().flatten().copied().collect();
    let (controller, found) = restored(&bytes, 50).unwrap();
    assert_eq!((found.nodes, found.torn_at), (2, None));
    for n in 0..2 {
        let id = fleet.node(n);
        let name = format!("edge-{n}");
        let held = controller.table(controller.node(&name).unwrap()).unwrap();
        assert_eq!(held.digest(), fleet.controller.table(id).unwrap().digest());
    }
}

#[test]
fn the_store_of_another_controller_a_larger_term_another_role_or_too_many_nodes_is_refused() {
    let fleet = busy();
    let refused = |config: ControllerConfig, bytes: &[u8]| {
        let result = ControllerBuilder::new(config, 1).unwrap().replay(bytes);
        result.and_then(|builder| builder.start(Instant::from_micros(1))).map(drop).unwrap_err()
    };
    assert!(matches!(refused(config(1), &fleet.disk), RestoreError::TermNotLarger { .. }));
    let mut other = config(9);
    other.name = taskwire::Name::new("other").unwrap();
    assert!(matches!(refused(other, &fleet.disk), RestoreError::OtherNode { .. }));
    let mut few = config(9);
    few.nodes = 2;
    assert!(matches!(refused(few, &fleet.disk), RestoreError::BeyondLimits { what: "nodes", stored: 3, bound: 2 }));
    let mut agent = taskwire::AgentConfig::new("control", 1).unwrap();
    agent.durability = taskwire::Durability::WriteAhead;
    let mut agent = taskwire::Agent::new(agent, 1).unwrap();
    let mut record = vec![0; 4_000];
    let written = agent.poll_journal(&mut record).unwrap().unwrap();
    assert!(matches!(refused(config(9), &record[..written.length]), RestoreError::Format { found: 1, .. }));
    let agent = taskwire::AgentBuilder::new(taskwire::AgentConfig::new("control", 9).unwrap(), 1).unwrap();
    assert!(matches!(agent.replay(&fleet.disk).map(drop), Err(RestoreError::Format { .. })));
}

#[test]
fn a_forgotten_node_does_not_come_back() {
    let mut fleet = busy();
    let id = fleet.node(2);
    assert!(fleet.controller.forget_node(id));
    fleet.store();
    let (controller, found) = restored(&fleet.disk, 50).unwrap();
    assert_eq!((found.nodes, controller.node("edge-2")), (2, None));
}

#[test]
fn a_smaller_epoch_than_was_stored_is_fenced() {
    let mut fleet = busy();
    fleet.restart(fleet.disk.len()).unwrap();
    let mut config = rig::agent_config(0, 5);
    config.epoch.0 = 1;
    fleet.agents[0] = taskwire::Agent::new(config, 99).unwrap();
    fleet.pass();
    assert_eq!(fleet.controller.metrics().frames_fenced_total, 1);
}

#[test]
fn confirmations_of_what_was_never_written_and_of_a_volatile_controller_are_refused() {
    let mut fleet = busy();
    let key = fleet.key;
    let refused = fleet.controller.store_confirmed(key + 1);
    assert_eq!(refused, Err(JournalError::NotWritten { key: key + 1, last: key }));
    let mut volatile = Controller::new(ControllerConfig::new("control").unwrap(), 1).unwrap();
    assert_eq!(volatile.store_confirmed(0), Err(JournalError::Volatile));
    assert_eq!(volatile.poll_store(&mut vec![0; STORE_RECORD]), Ok(None));
    assert!(volatile.poll_store(&mut [0; 100]).is_err());
}

#[test]
fn a_node_is_written_only_once_all_that_it_told_was_polled() {
    let mut fleet = Fleet::new(1);
    let now = fleet.now;
    fleet.agents[0].register(now, task(1), b"m").unwrap();
    fleet.deaf = true;
    fleet.pass();
    // One event is heard, and the transition still waits.
    let event = fleet.controller.poll_event();
    assert!(matches!(event, Some(ControllerEvent::NodeOpened { .. })));
    fleet.store();
    let (controller, _) = restored(&fleet.disk, 50).unwrap();
    assert_eq!(controller.view().nodes().count(), 0, "what the host has not heard of was stored");
    fleet.deaf = false;
    fleet.settle();
    let (controller, _) = restored(&fleet.disk, 50).unwrap();
    assert_eq!(controller.view().nodes().count(), 1);
}

#[test]
fn a_store_of_the_first_form_is_read() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/store-1.hex");
    if std::env::var_os("TASKWIRE_REWRITE").is_some() && !std::path::Path::new(path).exists() {
        let mut fleet = Fleet::new(2);
        for n in 0..2 {
            let (now, agent) = (fleet.now, &mut fleet.agents[n]);
            agent.register(now, task(1), b"first").unwrap();
            agent.register(now, task(2), &[7; 3_000]).unwrap();
            agent.running(now, task(1)).unwrap();
            agent.running(now, task(2)).unwrap();
            agent.succeeded(now, task(1), Exit::Code(0)).unwrap();
        }
        fleet.settle();
        let now = fleet.now;
        fleet.agents[0].forget(now, task(1)).unwrap();
        let id = fleet.node(1);
        fleet.controller.give_up(id, task(2)).unwrap();
        fleet.settle();
        let hex: Vec<String> = fleet.disk.iter().map(|byte| format!("{byte:02x}")).collect();
        let lines: Vec<String> = hex.chunks(48).map(|line| line.concat()).collect();
        std::fs::write(path, lines.join("\n") + "\n").unwrap();
    }
    let text: String = std::fs::read_to_string(path).unwrap().split_whitespace().collect();
    let bytes: Vec<u8> =
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect();
    let (controller, found) = restored(&bytes, 50).unwrap();
    assert_eq!((found.nodes, found.tasks, found.torn_at), (2, 3, None));
    let view = controller.view();
    let [first, second] = ["edge-0", "edge-1"].map(|name| controller.node(name).unwrap());
    assert!(view.find(first, task(1)).is_some_and(|task| task.is_closed() && task.state() == State::Succeeded));
    assert_eq!(view.find(first, task(2)).unwrap().record().metadata(), [7; 3_000]);
    assert!(matches!(view.find(second, task(2)).unwrap().mark(), Some(Mark::GivenUp { .. })));
    assert!(view.find(second, task(1)).is_some_and(|task| !task.is_closed()));
}
