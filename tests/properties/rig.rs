//! A rig for tests: real agents and a real controller side by side in virtual time, with every frame in the test's hands. What
//! is right is for the tests to say; text scripts have a world of their own.

#![allow(dead_code)]

use taskwire::{
    Agent, AgentConfig, AgentEvent, Controller, ControllerConfig, ControllerEvent, Instant, NodeId, PeerId, Phase,
    TaskId, Transition,
};

/// A small generator, so that a seed gives the same run for ever.
#[derive(Clone, Debug)]
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

pub fn task(n: usize) -> TaskId {
    let mut id = [0u8; 16];
    id[..8].copy_from_slice(&(n as u64 + 1).to_be_bytes());
    TaskId(id)
}

#[derive(Clone)]
pub struct Rig {
    pub now: u64,
    pub agents: Vec<Agent>,
    pub controller: Controller,
    /// Frames under way: from the agent of this index to the controller, and back.
    pub up: Vec<(usize, Vec<u8>)>,
    pub down: Vec<(usize, Vec<u8>)>,
    pub events: Vec<ControllerEvent>,
    pub agent_events: Vec<(usize, AgentEvent)>,
    pub commits: bool,
    pub polls: bool,
    /// Everything that was sent, for comparing runs.
    pub sent: Vec<Vec<u8>>,
}

impl Rig {
    pub fn new(agents: Vec<AgentConfig>, controller: ControllerConfig, seed: u64) -> Rig {
        let make = |(index, config)| Agent::new(config, seed.wrapping_add(index as u64)).unwrap();
        Rig {
            now: 1_000_000,
            agents: agents.into_iter().enumerate().map(make).collect(),
            controller: Controller::new(controller, seed ^ 0xC0).unwrap(),
            up: Vec::new(),
            down: Vec::new(),
            events: Vec::new(),
            agent_events: Vec::new(),
            commits: true,
            polls: true,
            sent: Vec::new(),
        }
    }

    /// One agent and one controller, as they come.
    pub fn pair() -> Rig {
        Rig::new(vec![AgentConfig::new("edge", 10).unwrap()], ControllerConfig::new("control").unwrap(), 1)
    }

    pub fn at(&self) -> Instant {
        Instant::from_micros(self.now)
    }

    pub fn node(&self, index: usize) -> Option<NodeId> {
        self.controller.node(self.agents[index].config().node.as_str())
    }

    /// Takes out what either side has to send; nothing is delivered.
    pub fn collect(&mut self) {
        let mut buffer = vec![0u8; 65_507];
        let now = self.at();
        for (index, agent) in self.agents.iter_mut().enumerate() {
            while let Some(length) = agent.poll_transmit(now, &mut buffer).unwrap() {
                self.up.push((index, buffer[..length].to_vec()));
                self.sent.push(buffer[..length].to_vec());
            }
            while let Some(event) = agent.poll_event() {
                self.agent_events.push((index, event));
            }
        }
        while self.polls && self.poll_one() {}
        while let Some((peer, length)) = self.controller.poll_transmit(now, &mut buffer).unwrap() {
            self.down.push((peer.0 as usize, buffer[..length].to_vec()));
            self.sent.push(buffer[..length].to_vec());
        }
    }

    /// Polls one event of the controller, and commits if it asks for it; says whether there was one.
    pub fn poll_one(&mut self) -> bool {
        let Some(event) = self.controller.poll_event() else { return false };
        if let (ControllerEvent::CommitDue { node, position }, true) = (&event, self.commits) {
            self.controller.commit(*node, *position).unwrap();
        }
        self.events.push(event);
        true
    }

    pub fn deliver_up(&mut self, index: usize) {
        let (agent, bytes) = self.up.remove(index);
        let _ = self.controller.receive(Instant::from_micros(self.now), PeerId(agent as u64), &bytes);
    }

    pub fn deliver_down(&mut self, index: usize) {
        let (agent, bytes) = self.down.remove(index);
        if let Some(agent) = self.agents.get_mut(agent) {
            let _ = agent.receive(Instant::from_micros(self.now), &bytes);
        }
    }

    /// Delivers everything, in order, until nothing is said any more.
    pub fn settle(&mut self) {
        for _ in 0..100_000 {
            self.collect();
            if !self.up.is_empty() {
                self.deliver_up(0);
            } else if !self.down.is_empty() {
                self.deliver_down(0);
            } else {
                return;
            }
        }
        panic!("a storm of frames at one moment");
    }

    /// Fires the timers that are due.
    pub fn timers(&mut self) {
        let now = self.at();
        for agent in &mut self.agents {
            agent.handle_timeout(now);
        }
        self.controller.handle_timeout(now);
    }

    /// The next deadline of anybody.
    pub fn deadline(&self) -> Option<u64> {
        let agents = self.agents.iter().filter_map(Agent::next_timeout);
        agents.chain(self.controller.next_timeout()).map(Instant::as_micros).min()
    }

    /// Lets time pass on a perfect link until `done`, at most `micros`; says whether it was done.
    pub fn run_until(&mut self, micros: u64, mut done: impl FnMut(&Rig) -> bool) -> bool {
        let until = self.now + micros;
        self.settle();
        while !done(self) {
            match self.deadline().filter(|at| *at <= until) {
                Some(at) => self.now = self.now.max(at),
                None => {
                    self.now = until;
                    self.timers();
                    self.settle();
                    return done(self);
                }
            }
            self.timers();
            self.settle();
        }
        true
    }

    pub fn run(&mut self, micros: u64) {
        self.run_until(micros, |_| false);
    }

    /// Until all sessions are open, all is durable and all nodes are synced.
    pub fn connect(&mut self) {
        let connected = |rig: &Rig| {
            rig.agents.iter().all(|agent| agent.phase() == Phase::Open && agent.is_durable())
                && rig.controller.view().nodes().all(|node| node.is_synced())
        };
        assert!(self.run_until(600_000_000, connected), "not connected within ten minutes");
    }

    /// The transitions that the controller's host has heard of.
    pub fn transitions(&self) -> impl Iterator<Item = &Transition> {
        self.events.iter().filter_map(|event| match event {
            ControllerEvent::Transition { transition, .. } => Some(transition),
            _ => None,
        })
    }

    /// Whether the controller's copy of an agent's records is the agent's.
    pub fn same(&self, index: usize) -> bool {
        let agent = &self.agents[index];
        let Some(table) = self.node(index).and_then(|node| self.controller.table(node)) else { return false };
        table.position() == agent.table().position()
            && table.digest() == agent.table().digest()
            && table.digest() == table.recount()
            && table.iter().eq(agent.tasks())
    }
}
