//! A real agent and a real controller side by side on a perfect or a seeded bad link, in virtual time: the basic promises,
//! each from end to end. Fine protocol behaviour is in `scripts.rs`, wild schedules in the simulator.

use std::collections::BTreeMap;
use std::time::Duration;

use taskwire::wire::Verdict;
use taskwire::{
    Agent, AgentConfig, AgentEvent, Controller, ControllerConfig, ControllerEvent, Exit, Instant, NodeId, PeerId,
    Phase, Reason, State, TaskId,
};

struct Rng(u64);
impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}

/// One agent, one controller, and what the controller's host has heard.
struct Pair {
    now: u64,
    agent: Agent,
    controller: Controller,
    rng: Rng,
    loss: u64,
    /// (due, to agent?, bytes)
    flying: Vec<(u64, bool, Vec<u8>)>,
    seen: BTreeMap<TaskId, Vec<(u32, State)>>,
    events: Vec<ControllerEvent>,
    agent_events: Vec<AgentEvent>,
    commits: bool,
    frames: u64,
}

impl Pair {
    fn new(loss: u64, seed: u64) -> Pair {
        Pair {
            now: 1_000_000,
            agent: Agent::new(AgentConfig::new("edge", 10).unwrap(), seed).unwrap(),
            controller: Controller::new(ControllerConfig::new("control").unwrap(), seed + 1).unwrap(),
            rng: Rng(seed * 77 + 5),
            loss,
            flying: Vec::new(),
            seen: BTreeMap::new(),
            events: Vec::new(),
            agent_events: Vec::new(),
            commits: true,
            frames: 0,
        }
    }

    fn at(&self) -> Instant {
        Instant::from_micros(self.now)
    }

    fn send(&mut self, to_agent: bool, bytes: &[u8]) {
        self.frames += 1;
        let copies = if self.rng.chance(self.loss) { 0 } else { 1 + u64::from(self.rng.chance(self.loss / 2)) };
        for _ in 0..copies {
            let delay = 5_000 + if self.loss > 0 { self.rng.next() % 30_000 } else { 0 };
            self.flying.push((self.now + delay, to_agent, bytes.to_vec()));
        }
    }

    fn drain(&mut self) {
        let mut frame = [0u8; 1200];
        loop {
            let mut quiet = true;
            while let Some(length) = self.agent.poll_transmit(self.at(), &mut frame).unwrap() {
                self.send(false, &frame[..length]);
                quiet = false;
            }
            while let Some(event) = self.agent.poll_event() {
                self.agent_events.push(event);
            }
            while let Some(event) = self.controller.poll_event() {
                quiet = false;
                match &event {
                    ControllerEvent::Transition { transition: t, .. } => {
                        self.seen.entry(t.task).or_default().push((t.number, t.state));
                    }
                    ControllerEvent::CommitDue { node, position } if self.commits => {
                        self.controller.commit(*node, *position).unwrap();
                    }
                    _ => {}
                }
                self.events.push(event);
            }
            while let Some((_, length)) = self.controller.poll_transmit(self.at(), &mut frame).unwrap() {
                self.send(true, &frame[..length]);
                quiet = false;
            }
            if quiet {
                return;
            }
        }
    }

    fn step(&mut self, until: u64) {
        self.drain();
        let due = self.flying.iter().map(|f| f.0).min();
        let timers = [self.agent.next_timeout(), self.controller.next_timeout()].into_iter().flatten().min();
        let next = due.unwrap_or(u64::MAX).min(timers.map_or(u64::MAX, |t| t.as_micros())).min(until);
        self.now = self.now.max(next);
        let (arrived, rest): (Vec<_>, Vec<_>) = self.flying.drain(..).partition(|f| f.0 <= self.now);
        self.flying = rest;
        for (_, to_agent, bytes) in arrived {
            if to_agent {
                let _ = self.agent.receive(self.at(), &bytes);
            } else {
                let _ = self.controller.receive(self.at(), PeerId(1), &bytes);
            }
            self.drain();
        }
        self.agent.handle_timeout(self.at());
        self.controller.handle_timeout(self.at());
    }

    fn run(&mut self, millis: u64) {
        let until = self.now + millis * 1000;
        while self.now < until {
            self.step(until);
        }
        self.drain();
    }

    fn run_until(&mut self, millis: u64, mut done: impl FnMut(&Pair) -> bool) {
        let until = self.now + millis * 1000;
        while !done(self) {
            assert!(
                self.now < until,
                "not done in {millis} ms: {:?} {:?}",
                self.agent.sync_state(),
                self.agent.phase()
            );
            self.step(until);
        }
    }
}

fn task(n: u8) -> TaskId {
    TaskId([n; 16])
}

fn path(pair: &Pair, n: u8) -> Vec<State> {
    pair.seen.get(&task(n)).map(|v| v.iter().map(|(_, s)| *s).collect()).unwrap_or_default()
}

fn life(pair: &mut Pair, n: u8) {
    let now = pair.at();
    pair.agent.register(now, task(n), &[n; 9]).unwrap();
    pair.agent.running(now, task(n)).unwrap();
    match n % 4 {
        0 => pair.agent.succeeded(now, task(n), Exit::Code(0)).unwrap(),
        1 => pair.agent.failed(now, task(n), Reason::EXIT_CODE, Exit::Code(3)).unwrap(),
        2 => pair.agent.cancelled(now, task(n), Reason::CANCELLED_BY_HOST).unwrap(),
        _ => {
            pair.agent.failed(now, task(n), Reason::SIGNAL, Exit::Signal(9)).unwrap();
            pair.agent.retry(now, task(n)).unwrap();
            pair.agent.running(now, task(n)).unwrap();
            pair.agent.succeeded(now, task(n), Exit::Code(0)).unwrap()
        }
    };
}

fn same(pair: &Pair) {
    let node = pair.controller.node("edge").unwrap();
    let table = pair.controller.table(node).unwrap();
    assert_eq!(table.position(), pair.agent.table().position());
    assert_eq!(table.digest(), pair.agent.table().digest());
    assert_eq!(table.digest(), table.recount());
    let (a, b): (Vec<_>, Vec<_>) = (table.iter().collect(), pair.agent.tasks().collect());
    assert_eq!(a, b);
    let (kept, counted) = pair.agent.base_digests();
    assert_eq!(kept, counted);
}

#[test]
fn a_perfect_link_brings_every_transition_in_two_round_trips() {
    let mut pair = Pair::new(0, 1);
    for n in 0..8 {
        life(&mut pair, n);
    }
    pair.run_until(100, |p| p.agent.is_durable());
    for n in 0..8 {
        let numbers: Vec<u32> = pair.seen[&task(n)].iter().map(|(n, _)| *n).collect();
        assert_eq!(numbers, (1..=numbers.len() as u32).collect::<Vec<_>>());
    }
    assert_eq!(path(&pair, 4), [State::Pending, State::Running, State::Succeeded]);
    same(&pair);
}

#[test]
fn a_link_that_loses_half_brings_every_transition_once_and_in_order() {
    for seed in 1..30 {
        let mut pair = Pair::new(50, seed);
        for n in 0..40 {
            life(&mut pair, n);
            if n % 3 == 0 {
                pair.run(20);
            }
        }
        pair.run_until(200_000, |p| p.agent.is_durable());
        for n in 0..40 {
            let numbers: Vec<u32> = pair.seen[&task(n)].iter().map(|(n, _)| *n).collect();
            let expected = if n % 4 == 3 { 6 } else { 3 };
            assert_eq!(numbers, (1..=expected).collect::<Vec<_>>(), "task {n} of seed {seed}");
        }
        same(&pair);
    }
}

#[test]
fn forgotten_tasks_free_their_slots_and_ids_once_that_is_durable() {
    let mut pair = Pair::new(20, 3);
    for round in 0..5 {
        for n in 0..20 {
            life(&mut pair, n);
        }
        let now = pair.at();
        for n in 0..20 {
            pair.agent.forget(now, task(n)).unwrap();
        }
        pair.run_until(120_000, |p| p.agent.is_durable() && p.agent.tasks().count() == 0);
        let node = pair.controller.node("edge").unwrap();
        assert_eq!(pair.controller.view().tasks_of(node).filter(|t| t.is_closed()).count(), 20, "round {round}");
        same(&pair);
    }
    assert!(pair.agent.table().iter().all(|r| r.slot.0 < 20));
}

#[test]
fn progress_arrives_and_costs_no_revision() {
    let mut pair = Pair::new(30, 9);
    let now = pair.at();
    pair.agent.register(now, task(1), b"").unwrap();
    pair.agent.running(now, task(1)).unwrap();
    for percent in 0..=90 {
        let now = pair.at();
        pair.agent.progress(now, task(1), percent).unwrap();
        pair.run(7);
    }
    pair.run(5_000);
    let node = pair.controller.node("edge").unwrap();
    let view = pair.controller.view().find(node, task(1)).unwrap();
    assert_eq!(view.detail().and_then(|d| d.progress), Some(90));
    assert_eq!(pair.agent.table().position().revision.0, 2);
}

#[test]
fn a_restarted_controller_gets_a_snapshot_and_names_the_gaps() {
    let mut pair = Pair::new(10, 4);
    for n in 0..12 {
        life(&mut pair, n);
    }
    let now = pair.at();
    pair.agent.register(now, task(50), b"goes on").unwrap();
    pair.agent.running(now, task(50)).unwrap();
    pair.run_until(60_000, |p| p.agent.is_durable());
    pair.controller = Controller::new(ControllerConfig::new("control").unwrap().term(2), 99).unwrap();
    pair.seen.clear();
    pair.events.clear();
    let now = pair.at();
    pair.agent.succeeded(now, task(50), Exit::Code(0)).unwrap();
    pair.run_until(120_000, |p| p.agent.is_durable() && p.controller.node("edge").is_some());
    pair.run(1000);
    same(&pair);
    let gaps = pair.events.iter().filter(|e| matches!(e, ControllerEvent::HistoryGap { .. })).count();
    assert_eq!(gaps, 13);
    assert_eq!(path(&pair, 50), [State::Succeeded]);
    let differs = pair
        .events
        .iter()
        .position(|e| matches!(e, ControllerEvent::HistoryDiffers { verdict: Verdict::SubscriberBehind, .. }));
    let first_gap = pair.events.iter().position(|e| matches!(e, ControllerEvent::HistoryGap { .. }));
    assert!(differs.unwrap() < first_gap.unwrap());
}

#[test]
fn a_restarted_agent_without_a_journal_leaves_unknown_outcomes_marked() {
    let mut pair = Pair::new(10, 5);
    for n in 0..8 {
        life(&mut pair, n);
    }
    let now = pair.at();
    pair.agent.register(now, task(60), b"").unwrap();
    pair.agent.running(now, task(60)).unwrap();
    pair.run_until(60_000, |p| p.agent.is_durable());
    pair.agent = Agent::new(AgentConfig::new("edge", 11).unwrap(), 77).unwrap();
    let now = pair.at();
    pair.agent.register(now, task(61), b"").unwrap();
    pair.run_until(60_000, |p| p.agent.is_durable());
    same(&pair);
    let unknown: Vec<TaskId> = pair
        .events
        .iter()
        .filter_map(|e| match e {
            ControllerEvent::OutcomeUnknown { task, .. } => Some(*task),
            _ => None,
        })
        .collect();
    assert_eq!(unknown, [task(60)]);
    assert_eq!(path(&pair, 61), [State::Pending]);
}

#[test]
fn an_older_incarnation_is_fenced_and_falls_silent_until_it_supersedes() {
    let mut pair = Pair::new(0, 6);
    life(&mut pair, 1);
    pair.run_until(1_000, |p| p.agent.is_durable());
    let old = std::mem::replace(&mut pair.agent, Agent::new(AgentConfig::new("edge", 20).unwrap(), 5).unwrap());
    pair.run_until(20_000, |p| p.agent.phase() == Phase::Open);
    pair.agent = old;
    let now = pair.at();
    pair.agent.register(now, task(2), b"").unwrap();
    pair.run(40_000);
    let Phase::Fenced { seen } = pair.agent.phase() else { panic!("{:?}", pair.agent.phase()) };
    assert_eq!(seen.0, 20);
    assert_eq!(path(&pair, 2), []);
    let now = pair.at();
    assert_eq!(pair.agent.supersede(now, seen).unwrap().0, 21);
    pair.run_until(20_000, |p| p.agent.is_durable());
    assert_eq!(path(&pair, 2), [State::Pending]);
    same(&pair);
}

#[test]
fn a_silent_node_is_lost_within_its_lease_and_its_tasks_keep_their_state() {
    let mut pair = Pair::new(0, 7);
    let now = pair.at();
    pair.agent.register(now, task(1), b"").unwrap();
    pair.agent.running(now, task(1)).unwrap();
    pair.run_until(1_000, |p| p.agent.is_durable());
    pair.loss = 100;
    let mut agent_expired_first = None;
    for _ in 0..200 {
        pair.run(100);
        let agent = pair.agent_events.contains(&AgentEvent::LeaseExpired);
        let lost = pair.events.iter().any(|e| matches!(e, ControllerEvent::NodeLost { tasks_stale: 1, .. }));
        if agent_expired_first.is_none() && (agent || lost) {
            agent_expired_first = Some(agent);
        }
    }
    assert_eq!(agent_expired_first, Some(true));
    let node = pair.controller.node("edge").unwrap();
    let view = pair.controller.view().find(node, task(1)).unwrap();
    assert!(view.is_stale());
    assert_eq!(view.state(), State::Running);
    pair.loss = 0;
    let frames = pair.frames;
    pair.run_until(60_000, |p| p.controller.view().node(node).unwrap().is_synced());
    assert!(!pair.controller.view().find(node, task(1)).unwrap().is_stale());
    assert!(pair.frames - frames < 20, "came back with {} frames", pair.frames - frames);
}

#[test]
fn a_host_that_does_not_commit_frees_nothing_and_loses_nothing() {
    let mut pair = Pair::new(0, 8);
    pair.commits = false;
    life(&mut pair, 1);
    pair.run(20_000);
    assert!(!pair.agent.is_durable());
    assert_eq!(pair.agent.sync_state().received.0, 3);
    assert_eq!(pair.agent.base().revision.0, 0);
    pair.commits = true;
    pair.run_until(20_000, |p| p.agent.is_durable());
}

#[test]
fn an_idle_link_carries_a_heartbeat_and_its_answer_an_interval() {
    let mut pair = Pair::new(0, 11);
    life(&mut pair, 1);
    pair.run_until(1_000, |p| p.agent.is_durable());
    pair.run(1_000);
    let frames = pair.frames;
    pair.run(50_000);
    assert_eq!(pair.frames - frames, 20);
    let _ = NodeId(0);
    let _ = Duration::ZERO;
}
