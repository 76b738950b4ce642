//! The agent's journal: what is told follows from what is confirmed, a crash at any byte loses nothing that was, torn and
//! corrupt are told apart, and a journal stays within a constant of the live state. As a file and as keys in a store.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use taskwire::{
    Agent, AgentBuilder, AgentConfig, AgentEvent, Controller, ControllerConfig, ControllerEvent, Digest, Durability,
    Exit, Instant, JournalError, PeerId, Position, Reason, Report, RestoreError, Restored, State, TaskId,
    JOURNAL_OVERHEAD,
};

const PEER: PeerId = PeerId(1);

fn task(n: u8) -> TaskId {
    TaskId([n; 16])
}

fn config(epoch: u64) -> AgentConfig {
    let mut config = AgentConfig::new("edge", epoch).unwrap();
    config.durability = Durability::WriteAhead;
    config.limits.slots = 8;
    config.limits.log = 64;
    config.limits.finals = 4;
    (config.limits.metadata, config.limits.message, config.limits.result) = (64, 64, 64);
    config.limits.frame = 700;
    config
}

/// A file that keeps what was written up to the last sync, whatever happens.
#[derive(Clone, Default)]
struct Disk {
    bytes: Vec<u8>,
    synced: usize,
    key: u64,
    /// Where each checkpoint begins.
    checkpoints: Vec<usize>,
}

/// An agent, its disk, and a controller on a link that passes everything.
#[derive(Clone)]
struct Node {
    agent: Agent,
    disk: Disk,
    controller: Controller,
    now: Instant,
    /// Positions and digests that the agent's host has seen it reach, by revision.
    truth: BTreeMap<u64, (Position, Digest)>,
    verdicts: Vec<String>,
    told: u64,
}

impl Node {
    fn new(agent: Agent, controller: Controller) -> Node {
        let mut node = Node {
            agent,
            disk: Disk::default(),
            controller,
            now: Instant::from_micros(1_000),
            truth: BTreeMap::new(),
            verdicts: Vec::new(),
            told: 0,
        };
        node.note();
        node
    }

    fn fresh() -> Node {
        let controller = Controller::new(ControllerConfig::new("control").unwrap(), 2).unwrap();
        Node::new(Agent::new(config(1), 1).unwrap(), controller)
    }

    fn note(&mut self) {
        let table = self.agent.table();
        let position = table.position();
        let known = self.truth.insert(position.revision.0, (position, table.digest()));
        assert!(known.is_none_or(|(held, _)| held == position), "a revision was given twice");
    }

    /// Writes all records there are.
    fn write(&mut self) {
        let mut buffer = vec![0; 700 + JOURNAL_OVERHEAD];
        while let Some(written) = self.agent.poll_journal(&mut buffer).unwrap() {
            if written.begins_checkpoint {
                self.disk.checkpoints.push(self.disk.bytes.len());
            }
            assert!(self.disk.bytes.is_empty() || written.key == self.disk.key + 1);
            self.disk.bytes.extend_from_slice(&buffer[..written.length]);
            self.disk.key = written.key;
        }
    }

    fn sync(&mut self) {
        self.disk.synced = self.disk.bytes.len();
        self.agent.journal_confirmed(self.now, self.disk.key).unwrap();
    }

    /// Lets frames pass both ways until none is left; the controller's host commits. No frame tells of more than is confirmed.
    fn pass(&mut self) {
        let mut buffer = vec![0; 2_000];
        loop {
            let mut moved = false;
            while let Some(length) = self.agent.poll_transmit(self.now, &mut buffer).unwrap() {
                self.check_told(&buffer[..length]);
                let _ = self.controller.receive(self.now, PEER, &buffer[..length]);
                moved = true;
            }
            while let Some(event) = self.controller.poll_event() {
                match event {
                    ControllerEvent::CommitDue { node, position } => self.controller.commit(node, position).unwrap(),
                    ControllerEvent::Transition { .. } => self.told += 1,
                    _ => {}
                }
            }
            while let Some((_, length)) = self.controller.poll_transmit(self.now, &mut buffer).unwrap() {
                let _ = self.agent.receive(self.now, &buffer[..length]);
                moved = true;
            }
            while let Some(event) = self.agent.poll_event() {
                if let AgentEvent::SessionOpened { verdict, .. } = event {
                    self.verdicts.push(verdict.to_string());
                }
            }
            self.note();
            if !moved {
                return;
            }
        }
    }

    /// What a frame of the agent tells must be in the part of the journal that is synced.
    fn check_told(&self, frame: &[u8]) {
        use taskwire::wire::{decode, Body, Bounds};
        let stored = restored(&self.disk.bytes[..self.disk.synced], 1_000).unwrap().0;
        let tail = stored.table().position().revision;
        let told = match decode(frame, &Bounds::default()).unwrap().body {
            Body::Hello(hello) => hello.tail.revision,
            Body::Open(open) => open.reported.tip.revision,
            Body::Delta(delta) => delta.to(),
            Body::Heartbeat(heartbeat) => heartbeat.tip.revision,
            Body::Verdict(judged) => judged.judgement.tip.revision,
            Body::Snapshot(part) => part.base.revision,
            _ => return,
        };
        assert!(told <= tail, "a frame tells of revision {told}, and {tail} is stored");
    }

    fn wait(&mut self, time: Duration) {
        self.now = self.now.after(time);
        self.agent.handle_timeout(self.now);
        self.controller.handle_timeout(self.now);
    }

    /// Everything is written, synced, sent and committed.
    fn settle(&mut self) {
        for _ in 0..40 {
            self.write();
            self.sync();
            self.pass();
            self.wait(Duration::from_millis(500));
        }
        self.write();
        self.sync();
        assert!(self.agent.is_durable(), "{:?}", self.agent.sync_state());
        let id = self.controller.node("edge").unwrap();
        assert_eq!(self.controller.table(id).unwrap().digest(), self.agent.table().digest());
    }
}

fn restored(bytes: &[u8], epoch: u64) -> Result<(Agent, Restored), RestoreError> {
    let mut builder = AgentBuilder::new(config(epoch), epoch).unwrap();
    let mut rest = bytes;
    let mut step = 1;
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(step.min(rest.len()));
        builder = builder.replay(chunk)?;
        rest = after;
        step = step % 977 + 13;
    }
    builder.start()
}

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

/// Where each record begins.
fn starts(bytes: &[u8]) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        starts.push(at);
        at += u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    }
    starts
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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

/// A step of a random run.
#[derive(Clone, Copy, Debug)]
enum Step {
    Register(u8),
    Move(u8, u8),
    Forget(u8),
    Write,
    Sync,
    Pass,
    Wait(u16),
    /// A crash: this many hundredths of what is not synced are on the disk, and the last byte of it may be damaged.
    Crash(u8, bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..6u8).prop_map(Step::Register),
        6 => (0..6u8, 0..5u8).prop_map(|(task, to)| Step::Move(task, to)),
        2 => (0..6u8).prop_map(Step::Forget),
        4 => Just(Step::Write),
        3 => Just(Step::Sync),
        3 => Just(Step::Pass),
        3 => (1..2_000u16).prop_map(Step::Wait),
        1 => (0..=100u8, any::<bool>()).prop_map(|(part, damaged)| Step::Crash(part, damaged)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_and_wherever_it_crashes_the_next_life_resumes(steps in prop::collection::vec(step(), 1..80)) {
        let mut node = Node::fresh();
        let mut epoch = 1;
        for step in steps {
            let now = node.now;
            match step {
                Step::Register(n) => drop(node.agent.register(now, task(n), b"m")),
                Step::Move(n, to) => drop(node.agent.transition(now, task(n), State::ALL[to as usize], Report::default())),
                Step::Forget(n) => drop(node.agent.forget(now, task(n))),
                Step::Write => node.write(),
                Step::Sync => {
                    node.write();
                    node.sync();
                }
                Step::Pass => node.pass(),
                Step::Wait(ms) => node.wait(Duration::from_millis(ms.into())),
                Step::Crash(part, damaged) => {
                    let unsynced = node.disk.bytes.len() - node.disk.synced;
                    let cut = node.disk.synced + unsynced * usize::from(part) / 100;
                    let mut bytes = node.disk.bytes[..cut].to_vec();
                    if let Some(last) = bytes.last_mut().filter(|_| damaged && cut > node.disk.synced) {
                        *last ^= 1;
                    }
                    let confirmed = restored(&bytes[..node.disk.synced], 10_000).unwrap().0.table().position();
                    epoch += 1;
                    let (agent, found) = restored(&bytes, epoch).unwrap();
                    let position = agent.table().position();
                    prop_assert!(position.revision >= confirmed.revision);
                    prop_assert_eq!(node.truth.get(&position.revision.0), Some(&(position, agent.table().digest())));
                    bytes.truncate(found.torn_at.map_or(cut, |at| at as usize));
                    // What the lost part of the journal said is undone: nobody was told.
                    node.truth.retain(|revision, _| *revision <= position.revision.0);
                    node.agent = agent;
                    node.disk.key = starts(&bytes).len() as u64;
                    node.disk.bytes = bytes;
                    node.disk.synced = node.disk.bytes.len();
                }
            }
            node.note();
        }
        node.settle();
        prop_assert!(node.verdicts.iter().all(|verdict| verdict == "resume"), "{:?}", node.verdicts);
    }
}
