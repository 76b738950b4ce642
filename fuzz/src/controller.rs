//! A live controller with three agents that hears anything: bytes of a stranger, forged frames of the sessions of two of
//! them, and what they really say, spoilt on the way. It must keep every copy whole, count each frame once, never spin, hold
//! no more than its bounds, and serve the third agent as if nothing were.

use taskwire::{
    Agent, AgentConfig, Controller, ControllerConfig, ControllerEvent, Instant, Limits, NodeId, PeerId, SessionId,
};

use super::script::{forge, host_call, spoil, task, Script};

/// Agents; the last one is left alone.
const AGENTS: usize = 3;
/// Frames that one drain may give.
const MOST_FRAMES: usize = 2_000;

struct Live {
    now: u64,
    controller: Controller,
    agents: Vec<Agent>,
    heard: u64,
    /// What agents have said and the controller not heard.
    up: Vec<(usize, Vec<u8>)>,
}

fn agent_config(index: usize) -> AgentConfig {
    let mut config = AgentConfig::new(["edge-0", "edge-1", "edge-2"][index], 10).expect("the name is short");
    config.limits = Limits { slots: 4, log: 40, finals: 2, ..Limits::default() };
    config
}

fn controller_config() -> ControllerConfig {
    let mut config = ControllerConfig::new("control").expect("the name is short");
    config.nodes = 5;
    config.handshakes = 4;
    config.repairs = 2;
    config.events_per_node = 6;
    config.reorder_frames = 2;
    config.finals_per_node = 3;
    config
}

/// Drives a live controller by the script.
///
/// # Panics
/// When a promise is broken.
pub fn run(bytes: &[u8]) {
    let agents = (0..AGENTS).map(|index| Agent::new(agent_config(index), 3 + index as u64).expect("sound"));
    let mut live = Live {
        now: 1_000_000,
        controller: Controller::new(controller_config(), 2).expect("the settings are sound"),
        agents: agents.collect(),
        heard: 0,
        up: Vec::new(),
    };
    let mut script = Script(bytes);
    for _ in 0..3 {
        live.exchange();
    }
    let now = live.at();
    live.agents[2].register(now, task(9), b"left alone").expect("there is room");
    while let Some(op) = script.byte() {
        live.step(op, &mut script);
        live.check();
    }
    live.check_third();
}

impl Live {
    fn at(&self) -> Instant {
        Instant::from_micros(self.now)
    }

    fn hear(&mut self, peer: usize, frame: &[u8]) {
        let now = self.at();
        self.heard += 1;
        if let Err(error) = self.controller.receive(now, PeerId(peer as u64), frame) {
            assert!(!error.to_string().is_empty());
        }
    }

    fn step(&mut self, op: u8, script: &mut Script<'_>) {
        match op % 8 {
            0 => self.hear(script.below(8), script.chunk()),
            1 => {
                let of = script.below(4);
                let session = self.agents.get(of).filter(|_| of < 2).and_then(Agent::session);
                let number = script.any();
                let frame = forge(script, session.unwrap_or(SessionId::NONE), number);
                self.hear(of, &frame);
            }
            2 | 3 => {
                self.collect();
                if !self.up.is_empty() {
                    let index = script.below(self.up.len());
                    let (of, mut frame) = self.up.swap_remove(index);
                    if of < 2 {
                        spoil(script, &mut frame);
                    }
                    self.hear(of, &frame);
                }
            }
            4 | 5 => {
                let now = self.at();
                let of = script.below(2);
                host_call(script, &mut self.agents[of], now);
            }
            6 => {
                self.now += 1 << script.below(26);
                let now = self.at();
                self.controller.handle_timeout(now);
                self.agents.iter_mut().for_each(|agent| agent.handle_timeout(now));
            }
            _ => self.exchange(),
        }
    }

    fn collect(&mut self) {
        let now = self.at();
        let mut buffer = [0; 1_200];
        for (index, agent) in self.agents.iter_mut().enumerate() {
            while let Some(length) = agent.poll_transmit(now, &mut buffer).expect("the buffer is large") {
                if index == 2 || self.up.len() < 64 {
                    self.up.push((index, buffer[..length].to_vec()));
                }
            }
            while agent.poll_event().is_some() {}
        }
    }

    fn events(&mut self) {
        let mut events = 0;
        while let Some(event) = self.controller.poll_event() {
            events += 1;
            assert!(events < MOST_FRAMES, "the controller does not stop telling");
            if let ControllerEvent::CommitDue { node, position } = event {
                self.controller.commit(node, position).expect("the position was told now");
            }
        }
    }

    fn answer(&mut self, deliver: bool) {
        let now = self.at();
        let mut buffer = [0; 1_200];
        let mut frames = 0;
        while let Some((peer, length)) = self.controller.poll_transmit(now, &mut buffer).expect("the buffer is large") {
            frames += 1;
            assert!(frames < MOST_FRAMES, "the controller does not stop sending");
            if let Some(agent) = self.agents.get_mut(peer.0 as usize).filter(|_| deliver || peer.0 == 2) {
                let _ = agent.receive(now, &buffer[..length]);
            }
        }
    }

    fn exchange(&mut self) {
        self.collect();
        for (of, frame) in core::mem::take(&mut self.up) {
            self.hear(of, &frame);
        }
        self.events();
        self.answer(true);
    }

    fn check(&mut self) {
        let controller = &self.controller;
        assert_eq!(controller.metrics().arrivals(), self.heard, "a frame ended in no counter or in two");
        for node in controller.view().nodes() {
            let table = controller.table(node.id()).expect("the view has it");
            assert_eq!(table.digest(), table.recount(), "the records of {} are not those of the digest", node.name());
            assert!(table.len() <= table.bound() as usize);
        }
        for (what, size) in controller.sizes() {
            let bound = match what {
                "nodes" => 5,
                "held frames of a node" => 2,
                "handshakes" => 4,
                "watched leases" => 5,
                _ => 300,
            };
            assert!(size <= bound, "{what}: {size}, and the bound is {bound}");
        }
        let now = self.at();
        self.events();
        self.controller.handle_timeout(now);
        self.answer(false);
        let spins = self.controller.next_timeout().is_some_and(|at| at <= now);
        assert!(!spins, "a deadline that has passed stays: {:?}", self.controller.next_timeout_reason());
    }

    /// The agent that was left alone is served still, however the others went on.
    fn check_third(&mut self) {
        for _ in 0..400 {
            self.exchange();
            if self.agents[2].is_durable() {
                break;
            }
            let next = self.agents[2].next_timeout().map_or(self.now + 100_000, Instant::as_micros);
            self.now = self.now.max(next);
            let now = self.at();
            self.agents.iter_mut().for_each(|agent| agent.handle_timeout(now));
            self.controller.handle_timeout(now);
        }
        assert!(self.agents[2].is_durable(), "the agent that was left alone waits: {:?}", self.agents[2].phase());
        let node: NodeId = self.controller.node("edge-2").expect("it was heard");
        assert_eq!(self.controller.table(node).map(|table| table.len()), Some(1));
    }
}
