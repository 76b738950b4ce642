//! Many agents before one controller, each with tasks of its own: what the figures of the controller drive. The controller's
//! part alone is timed; what the agents do between is not.

use std::time::Duration;

use cpu_time::ThreadTime;
use taskwire::{Agent, Controller, ControllerConfig, ControllerEvent, Instant, PeerId};

use crate::rig::{agent_config, controller_config};
use crate::workload::{tell, Random, Workload};

/// Answers are short.
const ANSWER: usize = 512;

/// Agents, a controller, and the frames between them.
pub struct Fleet {
    now: u64,
    /// The controller.
    pub controller: Controller,
    agents: Vec<Agent>,
    workloads: Vec<Workload>,
    random: Random,
    frames: Vec<(PeerId, Vec<u8>)>,
    answers: Vec<(PeerId, Vec<u8>)>,
    buffer: Vec<u8>,
}

impl Fleet {
    /// So many nodes with so many running tasks each.
    pub fn new(nodes: usize, tasks: usize, frame: u32) -> Fleet {
        let config = ControllerConfig { nodes: nodes as u32, ..controller_config() };
        let mut seeds = Random(6);
        let agent = |index| {
            Agent::new(agent_config(&format!("n{index}"), frame), seeds.draw()).expect("the settings are sound")
        };
        let mut fleet = Fleet {
            now: 1_000_000,
            controller: Controller::new(config, 5).expect("the settings are sound"),
            agents: (0..nodes).map(agent).collect(),
            workloads: (0..nodes).map(|index| Workload::new(1_000 + index as u64, tasks)).collect(),
            random: Random(3),
            frames: Vec::new(),
            answers: Vec::new(),
            buffer: vec![0; frame.max(1_200) as usize],
        };
        for index in 0..nodes {
            fleet.settle(index);
            let ids: Vec<_> = fleet.workloads[index].ids().collect();
            // In small parts, so that no log grows beyond what a steady state needs.
            for part in ids.chunks(32) {
                let now = Instant::from_micros(fleet.now);
                for id in part {
                    fleet.agents[index].register(now, *id, b"").expect("there is room");
                    fleet.agents[index].running(now, *id).expect("it is pending");
                }
                fleet.settle(index);
            }
        }
        fleet
    }

    /// Exchanges everything between one agent and the controller.
    fn settle(&mut self, index: usize) {
        let now = Instant::from_micros(self.now);
        let agent = &mut self.agents[index];
        loop {
            let mut quiet = true;
            while let Some(length) = agent.poll_transmit(now, &mut self.buffer).expect("the buffer is large") {
                let _ = self.controller.receive(now, PeerId(index as u64), &self.buffer[..length]);
                quiet = false;
            }
            take_events(&mut self.controller);
            while let Some((_, length)) =
                self.controller.poll_transmit(now, &mut self.buffer).expect("the buffer is large")
            {
                let _ = agent.receive(now, &self.buffer[..length]);
                quiet = false;
            }
            while agent.poll_event().is_some() {}
            if quiet {
                return;
            }
        }
    }

    /// Every agent makes so many updates and one frame of them, in a random order of agents.
    fn make(&mut self, each: usize) -> u64 {
        let mut order: Vec<usize> = (0..self.agents.len()).collect();
        self.random.shuffle(&mut order);
        let start = self.now;
        let mut updates = 0;
        self.frames.clear();
        for index in &order {
            let index = *index;
            let (agent, workload) = (&mut self.agents[index], &mut self.workloads[index]);
            workload.begin_frame();
            let mut time = start;
            for _ in 0..each {
                let update = workload.draw();
                time += update.after * 1_000;
                tell(agent, Instant::from_micros(time), &update, false).expect("the update is legal");
                updates += 1;
            }
            self.now = self.now.max(time);
        }
        // All send at one moment and are answered at it: what is between them is no link that fills.
        let now = Instant::from_micros(self.now);
        for index in order {
            let agent = &mut self.agents[index];
            let sent = agent.poll_transmit(now, &mut self.buffer).expect("the buffer is large");
            let length = sent.expect("there is something to send");
            self.frames.push((PeerId(index as u64), self.buffer[..length].to_vec()));
            let more = agent.poll_transmit(now, &mut self.buffer).expect("the buffer is large");
            assert!(more.is_none(), "the updates of a round are more than a frame");
        }
        self.pass();
        updates
    }

    /// The controller's deadlines up to now, each in time.
    fn pass(&mut self) {
        let now = Instant::from_micros(self.now);
        while let Some(at) = self.controller.next_timeout().filter(|at| *at <= now) {
            self.controller.handle_timeout(at);
        }
        self.controller.handle_timeout(now);
    }

    /// One round: so many updates of each agent; returns what receiving and acknowledging them took, and how many they were.
    /// With `events` the host's part counts too: taking the events and committing them.
    pub fn round(&mut self, each: usize, events: bool) -> (Duration, u64) {
        let updates = self.make(each);
        let now = Instant::from_micros(self.now);
        let mut answer = [0; ANSWER];
        self.answers.clear();
        self.answers.reserve(self.frames.len());
        let began = ThreadTime::now();
        for (peer, frame) in &self.frames {
            self.controller.receive(now, *peer, frame).expect("the frame is sound");
            if events {
                take_events(&mut self.controller);
            }
            while let Some((peer, length)) = self.controller.poll_transmit(now, &mut answer).expect("large") {
                self.answers.push((peer, answer[..length].to_vec()));
            }
        }
        let took = began.elapsed();
        take_events(&mut self.controller);
        while let Some((peer, length)) = self.controller.poll_transmit(now, &mut answer).expect("large") {
            self.answers.push((peer, answer[..length].to_vec()));
        }
        for (peer, answer) in self.answers.drain(..) {
            let agent = &mut self.agents[peer.0 as usize];
            agent.receive(now, &answer).expect("the frame is sound");
            while agent.poll_event().is_some() {}
        }
        (took, updates)
    }
}

/// The controller's host takes all events and stores them.
pub fn take_events(controller: &mut Controller) {
    while let Some(event) = controller.poll_event() {
        if let ControllerEvent::CommitDue { node, position } = event {
            controller.commit(node, position).expect("the position was told now");
        }
    }
}
