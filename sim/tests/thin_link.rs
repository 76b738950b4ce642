//! Fifty agents share a link of 16 kbit/s each way, with a queue of two seconds that drops what does not fit, and have more to
//! say than it carries; yet it stays usable. Transitions come through soon, no lease is lost, little is sent twice, nobody is starved.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use taskwire::{
    Agent, AgentConfig, Baits, Controller, ControllerConfig, ControllerEvent, Exit, Instant, PeerId, Phase, Reason,
    Slot, State, TaskId,
};

const AGENTS: usize = 50;
/// Bytes a second: 16 kbit/s.
const RATE: u64 = 2_000;
/// Bytes that wait at most: two seconds.
const QUEUE: u64 = 4_000;
/// What a datagram costs beside a frame: IP and UDP headers.
const AROUND: u64 = 28;
const WAY: u64 = 100_000;
const SECOND: u64 = 1_000_000;
const HEARTBEAT: u64 = 20;

/// One direction: a queue that all share.
#[derive(Default)]
struct Link {
    waiting: VecDeque<(u64, usize, Vec<u8>)>,
    free_at: u64,
    queued: VecDeque<(u64, u64)>,
    carried: u64,
    dropped: u64,
    /// Bytes carried of each agent.
    of: Vec<u64>,
}

impl Link {
    fn send(&mut self, now: u64, agent: usize, frame: Vec<u8>) {
        let bytes = frame.len() as u64 + AROUND;
        self.queued.retain(|(leaves, _)| *leaves > now);
        let waits: u64 = self.queued.iter().map(|(_, bytes)| bytes).sum();
        if waits + bytes > QUEUE {
            self.dropped += bytes;
            return;
        }
        self.free_at = self.free_at.max(now) + bytes * SECOND / RATE;
        self.queued.push_back((self.free_at, bytes));
        self.waiting.push_back((self.free_at + WAY, agent, frame));
        self.carried += bytes;
        self.of.resize(AGENTS, 0);
        self.of[agent] += bytes;
    }

    fn take(&mut self, now: u64) -> Option<(usize, Vec<u8>)> {
        if self.waiting.front().is_none_or(|(at, _, _)| *at > now) {
            return None;
        }
        self.waiting.pop_front().map(|(_, agent, frame)| (agent, frame))
    }
}

struct World {
    now: u64,
    agents: Vec<Agent>,
    controller: Controller,
    up: Link,
    down: Link,
    rng: u64,
    /// When each transition was made, until the controller's host hears of it.
    made: BTreeMap<(TaskId, u32), u64>,
    latencies: Vec<u64>,
    lost: usize,
    repaired: usize,
}

fn task(agent: usize, n: usize) -> TaskId {
    let mut id = [0u8; 16];
    id[..8].copy_from_slice(&(agent as u64 + 1).to_be_bytes());
    id[8..].copy_from_slice(&(n as u64 + 1).to_be_bytes());
    TaskId(id)
}

impl World {
    fn new(baits: Baits) -> World {
        let agent = |index: usize| {
            let mut config = AgentConfig::new(&format!("edge-{index}"), 10).unwrap();
            config.baits = baits;
            config.pace.sketch_from = u32::MAX;
            Agent::new(config, index as u64).unwrap()
        };
        let mut config = ControllerConfig::new("control").unwrap();
        config.heartbeat = Duration::from_secs(HEARTBEAT);
        config.lease = Duration::from_secs(3 * HEARTBEAT);
        World {
            now: SECOND,
            agents: (0..AGENTS).map(agent).collect(),
            controller: Controller::new(config, 99).unwrap(),
            up: Link::default(),
            down: Link::default(),
            rng: 7,
            made: BTreeMap::new(),
            latencies: Vec::new(),
            lost: 0,
            repaired: 0,
        }
    }

    fn below(&mut self, end: u64) -> u64 {
        self.rng = self.rng.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.rng >> 33) % end
    }

    fn at(&self) -> Instant {
        Instant::from_micros(self.now)
    }

    /// Everything that is due at this moment.
    fn turn(&mut self) {
        let now = self.at();
        let mut buffer = [0u8; 1_500];
        while let Some((agent, frame)) = self.up.take(self.now) {
            let _ = self.controller.receive(now, PeerId(agent as u64), &frame);
        }
        while let Some((agent, frame)) = self.down.take(self.now) {
            let _ = self.agents[agent].receive(now, &frame);
        }
        self.controller.handle_timeout(now);
        while let Some(event) = self.controller.poll_event() {
            match event {
                ControllerEvent::Transition { transition, .. } => {
                    if let Some(made) = self.made.remove(&(transition.task, transition.number)) {
                        self.latencies.push(self.now - made);
                    }
                }
                ControllerEvent::CommitDue { node, position } => {
                    let _ = self.controller.commit(node, position);
                }
                ControllerEvent::NodeLost { .. } => self.lost += 1,
                ControllerEvent::Repaired { .. } => self.repaired += 1,
                _ => {}
            }
        }
        while let Some((peer, length)) = self.controller.poll_transmit(now, &mut buffer).unwrap() {
            self.down.send(self.now, peer.0 as usize, buffer[..length].to_vec());
        }
        for (index, agent) in self.agents.iter_mut().enumerate() {
            agent.handle_timeout(now);
            while agent.poll_event().is_some() {}
            while let Some(length) = agent.poll_transmit(now, &mut buffer).unwrap() {
                self.up.send(self.now, index, buffer[..length].to_vec());
            }
        }
    }

    /// Runs until `until`, in steps of at most 20 ms, with `each` second something done.
    fn run(&mut self, until: u64, mut each: impl FnMut(&mut World)) {
        let mut next = self.now;
        while self.now < until {
            if self.now >= next {
                each(self);
                next += SECOND;
            }
            self.turn();
            self.now += 20_000;
        }
    }

    /// A transition of a task, noted.
    fn transition(&mut self, agent: usize, n: usize) {
        let (now, id) = (self.at(), task(agent, n));
        let host = &mut self.agents[agent];
        match host.task(id).map(|record| record.state) {
            None => host.register(now, id, b"an image to build").unwrap(),
            Some(State::Pending) => host.running(now, id).unwrap(),
            Some(State::Running) => host.failed(now, id, Reason::NONE, Exit::Code(1)).unwrap(),
            Some(State::Failed) => host.retry(now, id).unwrap(),
            _ => return,
        };
        if let Some(record) = self.agents[agent].task(id) {
            self.made.insert((id, record.number), self.now);
        }
    }

    /// One second of work: progress of every task every second, and of each agent a transition twice a minute.
    fn work(&mut self, quiet: usize) {
        let now = self.at();
        for agent in 0..AGENTS {
            if agent != quiet {
                for n in 0..4 {
                    let progress = self.below(100) as u8;
                    let text = format!("step {} of 5,000 is under way, all is well", self.now / SECOND);
                    let _ = self.agents[agent].detail(now, task(agent, n), Some(progress), text.as_bytes());
                }
            }
            if self.below(30) == 0 {
                let n = self.below(4) as usize;
                self.transition(agent, n);
            }
        }
    }
}

struct Shown {
    median: f64,
    late: f64,
    worst: f64,
    used: f64,
    dropped: f64,
    fairness: f64,
    lost: usize,
    unheard: usize,
}

/// Ten minutes of more than the link carries, after all have come in; one agent is repaired by a whole snapshot meanwhile.
fn ten_minutes(baits: Baits) -> Shown {
    let mut world = World::new(baits);
    let quiet = 7;
    world.run(300 * SECOND, |_| {});
    let open = world.agents.iter().filter(|agent| agent.phase() == Phase::Open).count();
    assert_eq!(open, AGENTS, "of a fleet that came at once so many are served after 300 s");
    for n in 0..4 {
        for agent in 0..AGENTS {
            world.transition(agent, n);
            world.transition(agent, n);
        }
    }
    for n in 4..104 {
        let now = world.at();
        world.agents[0].register(now, task(0, n), b"one of many").unwrap();
    }
    world.run(400 * SECOND, |_| {});
    world.latencies.clear();
    let (carried, dropped) = (world.up.carried, world.up.dropped);
    let before = world.up.of.clone();
    world.lost = 0;
    let begin = world.now;
    let mut seconds = 0;
    world.run(begin + 600 * SECOND, |world| {
        world.work(quiet);
        seconds += 1;
        if seconds == 100 {
            let id = world.controller.node("edge-0").unwrap();
            assert!(world.controller.table_mut(id).unwrap().falsify(Slot(3), |record| record.attempt += 7));
        }
    });
    // What was made in the last minute may still be on its way.
    let end = world.now;
    let unheard = world.made.values().filter(|made| **made + 60 * SECOND < end).count();
    let mut latencies = world.latencies.clone();
    latencies.sort_unstable();
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize] as f64 / SECOND as f64;
    let each: Vec<f64> = (0..AGENTS)
        .filter(|agent| *agent != quiet && *agent != 0)
        .map(|agent| (world.up.of[agent] - before[agent]) as f64)
        .collect();
    let sum: f64 = each.iter().sum();
    let squares: f64 = each.iter().map(|bytes| bytes * bytes).sum();
    let (carried, dropped) = (world.up.carried - carried, world.up.dropped - dropped);
    assert!(world.repaired >= 1 || baits != Baits::default(), "the snapshot never came to its end");
    Shown {
        median: at(0.5),
        late: at(0.99),
        worst: at(1.0),
        used: carried as f64 / (600 * RATE) as f64,
        dropped: dropped as f64 / (carried + dropped) as f64,
        fairness: sum * sum / (each.len() as f64 * squares),
        lost: world.lost,
        unheard,
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "transitions after {:.1} s (median), {:.1} s (99 %), {:.1} s at worst; {:.0} % of the link used, {:.1} % of what was \
             sent dropped; fairness (Jain) {:.2}; {} leases lost; {} transitions not heard within a minute",
            self.median, self.late, self.worst, self.used * 100.0, self.dropped * 100.0, self.fairness, self.lost, self.unheard
        )
    }
}

#[test]
fn fifty_agents_on_16_kbit_a_second_stay_usable() {
    let shown = ten_minutes(Baits::default());
    println!("{shown}");
    assert_eq!((shown.lost, shown.unheard), (0, 0), "{shown}");
    assert!(shown.median <= 3.0 && shown.late <= 12.0, "{shown}");
    assert!(shown.used >= 0.8 && shown.dropped <= 0.06 && shown.fairness >= 0.9, "{shown}");
}

#[cfg(feature = "bait")]
#[test]
fn without_the_limit_the_link_melts() {
    let shown = ten_minutes(Baits::only(taskwire::Bait::LinkFilled));
    println!("{shown}");
    assert!(shown.late > 12.0 && shown.dropped > 0.3 && shown.lost > 0, "{shown}");
}
