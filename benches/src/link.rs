//! A link that loses frames, seeded and in virtual time, between one agent and one controller: what the figures of loss
//! drive. It neither repeats nor reorders; the simulator does that.

use std::collections::VecDeque;

use taskwire::{Agent, Controller, Instant, PeerId};

use crate::fleet::take_events;
use crate::rig::{agent_config, controller_config};
use crate::workload::{tell, Random, Workload};

/// Microseconds one way.
pub const ONE_WAY: u64 = 25_000;

/// A pair over a link.
pub struct Lossy {
    /// Microseconds.
    pub now: u64,
    /// The agent.
    pub agent: Agent,
    /// The controller.
    pub controller: Controller,
    /// Bytes that the agent has sent.
    pub sent: u64,
    loss: u64,
    random: Random,
    /// Due, to the agent?, frame.
    flying: VecDeque<(u64, bool, Vec<u8>)>,
    workload: Workload,
}

impl Lossy {
    /// A pair whose tasks run, with the link as good as it is to be from then on.
    pub fn new(loss: u64, seed: u64, tasks: usize) -> Lossy {
        let mut pair = Lossy {
            now: 1_000_000,
            agent: Agent::new(agent_config("edge", 1_200), seed).expect("sound"),
            controller: Controller::new(controller_config(), seed + 1).expect("sound"),
            sent: 0,
            loss: 0,
            random: Random(seed),
            flying: VecDeque::new(),
            workload: Workload::new(seed, tasks),
        };
        let now = Instant::from_micros(pair.now);
        for id in pair.workload.ids() {
            pair.agent.register(now, id, b"").expect("there is room");
            pair.agent.running(now, id).expect("it is pending");
        }
        while !pair.is_equal() {
            pair.step(u64::MAX);
        }
        pair.loss = loss;
        pair.sent = 0;
        pair
    }

    /// Whether both sides hold the same, and all of it is durable.
    pub fn is_equal(&self) -> bool {
        let Some(node) = self.controller.node("edge") else { return false };
        let Some(table) = self.controller.table(node) else { return false };
        let view = self.controller.view();
        self.agent.is_durable()
            && table.position() == self.agent.table().position()
            && self.agent.tasks().all(|record| {
                let shown = view.find(node, record.id).and_then(|task| task.detail());
                shown.as_ref() == self.agent.detail_of(record.id)
            })
    }

    /// Updates of the workload for so long.
    pub fn stream(&mut self, micros: u64) {
        let until = self.now + micros;
        let mut updates = 0u64;
        while self.now < until {
            if updates % 32 == 0 {
                self.workload.begin_frame();
            }
            updates += 1;
            let update = self.workload.draw();
            let at = self.now + update.after * 1_000;
            self.run(at);
            tell(&mut self.agent, Instant::from_micros(self.now), &update, false).expect("the update is legal");
        }
    }

    /// Until both sides are equal and all is durable; returns how long it took.
    pub fn converge(&mut self) -> u64 {
        let began = self.now;
        while !self.is_equal() && self.now < began + 600_000_000 {
            self.step(u64::MAX);
        }
        self.now - began
    }

    fn run(&mut self, until: u64) {
        while self.now < until {
            self.step(until);
        }
        self.drain();
    }

    fn drain(&mut self) {
        let now = Instant::from_micros(self.now);
        let mut frame = [0; 1_200];
        while let Some(length) = self.agent.poll_transmit(now, &mut frame).expect("large") {
            self.sent += length as u64;
            self.fly(false, &frame[..length]);
        }
        while self.agent.poll_event().is_some() {}
        take_events(&mut self.controller);
        while let Some((_, length)) = self.controller.poll_transmit(now, &mut frame).expect("large") {
            self.fly(true, &frame[..length]);
        }
    }

    fn fly(&mut self, to_agent: bool, frame: &[u8]) {
        if self.random.below(100) >= self.loss {
            self.flying.push_back((self.now + ONE_WAY, to_agent, frame.to_vec()));
        }
    }

    fn step(&mut self, until: u64) {
        self.drain();
        let due = self.flying.front().map_or(u64::MAX, |(due, _, _)| *due);
        let timers = [self.agent.next_timeout(), self.controller.next_timeout()];
        let timer = timers.into_iter().flatten().map(Instant::as_micros).min().unwrap_or(u64::MAX);
        self.now = self.now.max(due.min(timer).min(until));
        let now = Instant::from_micros(self.now);
        while self.flying.front().is_some_and(|(due, _, _)| *due <= self.now) {
            let Some((_, to_agent, frame)) = self.flying.pop_front() else { break };
            let _ = if to_agent {
                self.agent.receive(now, &frame)
            } else {
                self.controller.receive(now, PeerId(1), &frame)
            };
        }
        self.agent.handle_timeout(now);
        self.controller.handle_timeout(now);
        self.drain();
    }
}
