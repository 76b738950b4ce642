//! The agent's journal: what is told follows from what is confirmed, a crash at any byte loses nothing that was, torn and
//! corrupt are told apart, and a journal stays within a constant of the live state. As a file and as keys in a store.

#[path = "journal/crashes.rs"]
mod crashes;
#[path = "journal/rig.rs"]
mod rig;

use std::collections::BTreeMap;
use std::time::Duration;

use rig::{config, restored, starts, task, Node, PEER};
use taskwire::{
    Agent, AgentBuilder, AgentConfig, Controller, ControllerConfig, ControllerEvent, Exit, JournalError, Reason,
    RestoreError, State, TaskId, JOURNAL_OVERHEAD,
};

/// One host call of the fixed script.
fn act(node: &mut Node, call: usize) {
    let now = node.now;
    let agent = &mut node.agent;
    let done = match call {
        0 => agent.register(now, task(1), b"first").map(drop),
        1 => agent.running(now, task(1)).map(drop),
        2 => agent.register(now, task(2), b"").map(drop),
        3 => agent.progress(now, task(1), 40),
        4 => agent.failed(now, task(1), Reason::EXIT_CODE, Exit::Code(3)).map(drop),
        5 => agent.retry(now, task(1)).map(drop),
        6 => agent.running(now, task(2)).map(drop),
        7 => agent.succeeded(now, task(2), Exit::Code(0)).map(drop),
        8 => agent.forget(now, task(2)),
        9 => agent.running(now, task(1)).map(drop),
        10 => agent.register(now, task(3), b"third").map(drop),
        11 => agent.cancelled(now, task(1), Reason::CANCELLED_BY_HOST).map(drop),
        12 => agent.forget(now, task(1)),
        _ => agent.running(now, task(3)).map(drop),
    };
    done.unwrap();
    node.note();
}

const CALLS: usize = 14;

/// Every moment of the script: after each host call, before and after writing, syncing, sending.
fn moments() -> Vec<Node> {
    let mut node = Node::fresh();
    let mut moments = vec![node.clone()];
    for call in 0..CALLS {
        act(&mut node, call);
        moments.push(node.clone());
        node.write();
        moments.push(node.clone());
        if call % 3 != 1 {
            node.sync();
            moments.push(node.clone());
            node.pass();
            moments.push(node.clone());
            node.wait(Duration::from_millis(300));
            node.pass();
            moments.push(node.clone());
        }
    }
    moments
}

#[test]
fn a_crash_after_any_call_and_at_any_byte_loses_nothing_that_was_confirmed_and_goes_on_by_resume() {
    let mut truth = BTreeMap::new();
    for moment in moments() {
        for (revision, reached) in &moment.truth {
            truth.insert(*revision, *reached);
        }
        let confirmed = restored(&moment.disk.bytes[..moment.disk.synced], 50).unwrap().0.table().position().revision;
        let mut last = None;
        for cut in moment.disk.synced..=moment.disk.bytes.len() {
            let (agent, found) = restored(&moment.disk.bytes[..cut], 100).unwrap();
            let position = agent.table().position();
            assert_eq!(truth.get(&position.revision.0), Some(&(position, agent.table().digest())));
            assert!(position.revision >= confirmed, "{position} was restored, and {confirmed} was confirmed");
            assert_eq!(found.torn_at.map_or(cut as u64, |at| at + found.ignored_bytes), cut as u64);
            if last.replace(position) == Some(position) {
                continue;
            }
            // The controller has seen no more than what was confirmed: it resumes.
            let mut node = Node::new(agent, moment.controller.clone());
            node.now = moment.now;
            node.settle();
            assert!(node.verdicts.iter().all(|verdict| verdict == "resume"), "{:?}", node.verdicts);
        }
    }
}

#[test]
fn nothing_is_said_before_the_first_checkpoint_is_confirmed() {
    let mut node = Node::fresh();
    act(&mut node, 0);
    let mut buffer = vec![0; 2_000];
    assert_eq!(node.agent.poll_transmit(node.now, &mut buffer), Ok(None));
    assert_eq!(node.agent.next_timeout(), None);
    node.write();
    assert_eq!(node.agent.poll_transmit(node.now, &mut buffer), Ok(None));
    node.sync();
    assert!(node.agent.poll_transmit(node.now, &mut buffer).unwrap().is_some());
}

#[test]
fn a_bad_record_that_was_confirmed_is_refused_with_its_offset_and_one_at_the_torn_end_is_not() {
    let mut node = Node::fresh();
    for call in 0..6 {
        act(&mut node, call);
        node.write();
        node.sync();
        node.pass();
    }
    let whole = node.disk.bytes.clone();
    let starts = starts(&whole);
    let (last, before) = (starts[starts.len() - 1], starts[starts.len() - 2]);
    for at in 0..whole.len() {
        let mut bad = whole.clone();
        bad[at] ^= 0x40;
        let record = starts.iter().rposition(|start| *start <= at).unwrap();
        match restored(&bad, 9) {
            // What the last record says of confirmations reaches to the one before it.
            Ok((_, found)) => {
                assert!(at >= last, "byte {at} of a confirmed record passed");
                assert_eq!(found.torn_at, Some(last as u64));
            }
            Err(RestoreError::Corrupt { offset, key }) => {
                assert_eq!((offset, key), (starts[record] as u64, record as u64 + 1));
                assert!(offset <= before as u64);
            }
            Err(RestoreError::NoCheckpoint { .. }) => assert_eq!(record, 0),
            Err(error) => panic!("byte {at}: {error}"),
        }
    }
}

#[test]
fn records_synced_out_of_order_are_a_torn_tail() {
    let mut node = Node::fresh();
    act(&mut node, 0);
    node.write();
    node.sync();
    let kept = node.disk.bytes.len();
    for call in 1..5 {
        act(&mut node, call);
        node.write();
    }
    // The second of the unconfirmed records never reached the disk, later ones did.
    let starts: Vec<usize> = starts(&node.disk.bytes).into_iter().filter(|start| *start >= kept).collect();
    let mut bytes = node.disk.bytes.clone();
    bytes[starts[1]..starts[2]].fill(0);
    let (agent, found) = restored(&bytes, 9).unwrap();
    assert_eq!(found.torn_at, Some(starts[1] as u64));
    assert_eq!(agent.table().position().revision.0, 2);
}

#[test]
fn records_left_over_from_an_earlier_journal_in_the_same_file_are_never_read_back() {
    let mut former = Node::fresh();
    for call in 0..CALLS {
        act(&mut former, call);
        former.write();
        former.sync();
        former.pass();
        former.wait(Duration::from_millis(300));
        former.pass();
    }
    let (agent, _) = restored(&former.disk.bytes, 2).unwrap();
    let mut next = Node::new(agent, former.controller.clone());
    next.write();
    next.sync();
    // The new journal is written over the beginning of the old file.
    let mut bytes = former.disk.bytes.clone();
    bytes[..next.disk.bytes.len()].copy_from_slice(&next.disk.bytes);
    let (agent, found) = restored(&bytes, 3).unwrap();
    assert_eq!(found.epoch.map(|epoch| epoch.0), Some(2));
    assert_eq!(found.torn_at, Some(next.disk.bytes.len() as u64));
    assert_eq!(agent.table().digest(), next.agent.table().digest());
}

#[test]
fn the_next_life_goes_on_in_the_same_file_behind_a_torn_tail() {
    let mut node = Node::fresh();
    for call in 0..4 {
        act(&mut node, call);
        node.write();
    }
    let torn = node.disk.bytes.len() - 5;
    let (agent, found) = restored(&node.disk.bytes[..torn], 2).unwrap();
    assert!(found.ignored_bytes > 0);
    let mut next = Node::new(agent, node.controller.clone());
    next.write();
    next.sync();
    let mut file = node.disk.bytes[..torn].to_vec();
    file.extend_from_slice(&next.disk.bytes);
    let (again, found) = restored(&file, 3).unwrap();
    assert_eq!((found.epoch.map(|e| e.0), found.torn_at), (Some(2), None));
    assert_eq!(again.table().digest(), next.agent.table().digest());
}

#[test]
fn a_journal_is_bounded_by_the_live_state_and_old_records_are_unneeded_once_a_checkpoint_is_confirmed() {
    let mut node = Node::fresh();
    let mut store: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
    let mut most = 0;
    let mut buffer = vec![0; 700 + JOURNAL_OVERHEAD];
    for round in 0..3_000u32 {
        let id = TaskId([(round % 250) as u8 + 1; 16]);
        if node.agent.register(node.now, id, b"metadata").is_ok() {
            node.agent.running(node.now, id).unwrap();
            node.agent.succeeded(node.now, id, Exit::Code(0)).unwrap();
            node.agent.forget(node.now, id).unwrap();
        }
        node.note();
        put(&mut node, &mut store, &mut buffer);
        most = most.max(store.values().map(Vec::len).sum::<usize>());
        let mut frame = vec![0; 2_000];
        for _ in 0..3 {
            while let Some(length) = node.agent.poll_transmit(node.now, &mut frame).unwrap() {
                let _ = node.controller.receive(node.now, PEER, &frame[..length]);
            }
            while let Some(event) = node.controller.poll_event() {
                if let ControllerEvent::CommitDue { node: id, position } = event {
                    node.controller.commit(id, position).unwrap();
                }
            }
            while let Some((_, length)) = node.controller.poll_transmit(node.now, &mut frame).unwrap() {
                let _ = node.agent.receive(node.now, &frame[..length]);
            }
        }
        while node.agent.poll_event().is_some() {}
        node.wait(Duration::from_millis(40));
    }
    put(&mut node, &mut store, &mut buffer);
    assert!(node.agent.table().position().revision.0 > 8_000, "{}", node.agent.table().position());
    assert!(most < 48 * 1024, "the store held {most} bytes");
    // In key order, the values are the journal.
    let bytes: Vec<u8> = store.values().flatten().copied().collect();
    let (agent, found) = restored(&bytes, 9).unwrap();
    assert_eq!(found.torn_at, None);
    assert_eq!(agent.table().digest(), node.agent.table().digest());
}

#[test]
fn a_journal_of_the_first_form_is_read() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/journal-1.hex");
    if std::env::var_os("TASKWIRE_REWRITE").is_some() && !std::path::Path::new(path).exists() {
        let mut node = Node::fresh();
        for call in 0..CALLS {
            act(&mut node, call);
            node.write();
            node.sync();
            node.pass();
        }
        node.write();
        let lines: Vec<String> = node.disk.bytes.chunks(48).map(hex).collect();
        std::fs::write(path, lines.join("\n") + "\n").unwrap();
    }
    let text: String = std::fs::read_to_string(path).unwrap().split_whitespace().collect();
    let bytes: Vec<u8> =
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect();
    let (agent, found) = restored(&bytes, 2).unwrap();
    assert_eq!((found.torn_at, found.epoch.map(|epoch| epoch.0)), (None, Some(1)));
    assert_eq!(found.unfinished, [task(3)]);
    let states: Vec<(TaskId, State, u32, u32)> =
        agent.tasks().map(|record| (record.id, record.state, record.attempt, record.number)).collect();
    assert_eq!(states, [(task(3), State::Running, 0, 2)]);
    assert_eq!(agent.task(task(3)).unwrap().metadata(), b"third");
}

#[test]
fn tasks_that_come_between_two_records_of_a_checkpoint_are_no_part_of_its_state() {
    for first in 0..4u8 {
        let mut node = Node::fresh();
        for n in 1..=first {
            node.agent.register(node.now, task(n), b"before").unwrap();
        }
        let (mut buffer, mut bytes) = (vec![0; 700 + JOURNAL_OVERHEAD], Vec::new());
        for n in 0..20u8 {
            let written = node.agent.poll_journal(&mut buffer).unwrap();
            bytes.extend_from_slice(&buffer[..written.map_or(0, |written| written.length)]);
            if let Some(written) = written {
                node.agent.journal_confirmed(node.now, written.key).unwrap();
            }
            if n < 4 {
                node.agent.register(node.now, task(100 + n), b"between").unwrap();
            }
        }
        let (agent, found) = restored(&bytes, 9).unwrap();
        assert_eq!((found.torn_at, found.unfinished.len()), (None, usize::from(first) + 4));
        assert_eq!(agent.table().digest(), node.agent.table().digest());
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn long_values_are_in_the_journal_and_come_to_the_controller_after_a_restart() {
    let long: Vec<u8> = (0..3_000u32).map(|n| n as u8).collect();
    let mut node = Node::fresh();
    node.agent.register(node.now, task(1), &long).unwrap();
    node.agent.running(node.now, task(1)).unwrap();
    node.write();
    node.sync();
    let unsynced = node.disk.bytes.len();
    for cut in [unsynced, unsynced - 1, unsynced / 2] {
        let (agent, _) = restored(&node.disk.bytes[..cut], 2).unwrap();
        if let Some(record) = agent.task(task(1)) {
            assert_eq!(record.metadata(), long, "a registration was restored without its value");
        }
    }
    let (agent, _) = restored(&node.disk.bytes, 2).unwrap();
    let mut next = Node::new(agent, node.controller.clone());
    next.settle();
    let id = next.controller.node("edge").unwrap();
    let view = next.controller.view();
    assert_eq!(view.find(id, task(1)).unwrap().record().metadata(), long);
}

/// Puts what is to be stored into a store with keys, and takes out what is no longer needed.
fn put(node: &mut Node, store: &mut BTreeMap<u64, Vec<u8>>, buffer: &mut [u8]) {
    while let Some(written) = node.agent.poll_journal(buffer).unwrap() {
        store.insert(written.key, buffer[..written.length].to_vec());
        node.agent.journal_confirmed(node.now, written.key).unwrap();
    }
    let needed = node.agent.journal_needed_from();
    store.retain(|key, _| *key >= needed);
}

#[test]
fn what_is_stored_of_another_node_or_a_larger_epoch_or_too_much_of_it_is_refused() {
    let mut node = Node::fresh();
    for call in 0..3 {
        act(&mut node, call);
    }
    node.write();
    let bytes = node.disk.bytes.clone();
    let refused = |config: AgentConfig| {
        let result = AgentBuilder::new(config, 1).unwrap().replay(&bytes).and_then(AgentBuilder::start);
        result.map(drop).unwrap_err()
    };
    assert!(matches!(refused(config(1)), RestoreError::EpochNotLarger { .. }));
    let mut other = config(2);
    other.node = taskwire::Name::new("other").unwrap();
    assert!(matches!(refused(other), RestoreError::OtherNode { .. }));
    let mut small = config(2);
    small.limits.slots = 1;
    assert!(matches!(refused(small), RestoreError::Illegal { .. } | RestoreError::BeyondLimits { .. }));
    let mut short = config(2);
    short.limits.log = 5;
    short.limits.slots = 2;
    assert_eq!(restored(&bytes, 2).unwrap().1.unfinished, [task(1), task(2)]);
}

#[test]
fn a_confirmation_of_what_was_never_written_is_refused() {
    let mut node = Node::fresh();
    node.write();
    let key = node.disk.key;
    let refused = node.agent.journal_confirmed(node.now, key + 1);
    assert_eq!(refused, Err(JournalError::NotWritten { key: key + 1, last: key }));
    let mut volatile = Agent::new(AgentConfig::new("edge", 1).unwrap(), 1).unwrap();
    assert_eq!(volatile.journal_confirmed(node.now, 0), Err(JournalError::Volatile));
    assert_eq!(volatile.poll_journal(&mut vec![0; 4_000]), Ok(None));
}

#[test]
fn an_accepted_controller_stays_accepted_after_a_restart() {
    let mut node = Node::fresh();
    node.controller = Controller::new(ControllerConfig::new("control").unwrap().term(7), 2).unwrap();
    node.write();
    node.sync();
    node.pass();
    node.write();
    node.sync();
    let (agent, _) = restored(&node.disk.bytes, 2).unwrap();
    let deposed = Controller::new(ControllerConfig::new("control").unwrap().term(6), 3).unwrap();
    let mut next = Node::new(agent, deposed);
    for _ in 0..20 {
        next.write();
        next.sync();
        next.pass();
        next.wait(Duration::from_secs(1));
    }
    assert!(next.verdicts.is_empty(), "a controller of a smaller term was accepted");
}
