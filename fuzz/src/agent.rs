//! A live agent that hears anything: bytes of a stranger, forged frames of its own session, and what a real controller says,
//! spoilt on the way. It must keep its records whole, count each frame once, never spin, and hold no more than its bounds.

use taskwire::{Agent, AgentConfig, Controller, ControllerConfig, ControllerEvent, Instant, Limits, PeerId, SessionId};

use super::script::{forge, host_call, spoil, Script};

/// Frames that one drain may give: the window and some control frames.
const MOST_FRAMES: usize = 400;

/// An agent and the controller that it really talks to.
struct Live {
    now: u64,
    agent: Agent,
    controller: Controller,
    heard: u64,
    /// What the controller has said and the agent not heard.
    down: Vec<Vec<u8>>,
}

fn config() -> AgentConfig {
    let mut config = AgentConfig::new("edge", 10).expect("the name is short");
    config.limits = Limits { slots: 4, log: 40, frame: 1_200, finals: 2, ..Limits::default() };
    config.events = 8;
    config
}

/// Drives a live agent by the script.
///
/// # Panics
/// When a promise is broken.
pub fn run(bytes: &[u8]) {
    let mut live = Live {
        now: 1_000_000,
        agent: Agent::new(config(), 1).expect("the settings are sound"),
        controller: Controller::new(ControllerConfig::new("control").expect("short"), 2).expect("sound"),
        heard: 0,
        down: Vec::new(),
    };
    let mut script = Script(bytes);
    if script.any() & 1 == 0 {
        for _ in 0..3 {
            live.exchange();
        }
        assert!(live.agent.session().is_some(), "no session on a perfect link");
    }
    while let Some(op) = script.byte() {
        live.step(op, &mut script);
        live.check();
    }
}

impl Live {
    fn at(&self) -> Instant {
        Instant::from_micros(self.now)
    }

    fn hear(&mut self, frame: &[u8]) {
        let now = self.at();
        self.heard += 1;
        if let Err(error) = self.agent.receive(now, frame) {
            assert!(!error.to_string().is_empty());
        }
    }

    fn step(&mut self, op: u8, script: &mut Script<'_>) {
        match op % 8 {
            0 => self.hear(script.chunk()),
            1 => {
                let session = self.agent.session().filter(|_| script.any() & 1 == 0).unwrap_or(SessionId::NONE);
                let number = script.any();
                let frame = forge(script, session, number);
                self.hear(&frame);
            }
            2 | 3 => {
                self.collect();
                if !self.down.is_empty() {
                    let index = script.below(self.down.len());
                    let mut frame = self.down.swap_remove(index);
                    spoil(script, &mut frame);
                    self.hear(&frame);
                }
            }
            4 | 5 => {
                let now = self.at();
                host_call(script, &mut self.agent, now);
            }
            6 => {
                self.now += 1 << script.below(26);
                let now = self.at();
                self.agent.handle_timeout(now);
            }
            _ => self.exchange(),
        }
    }

    /// The agent's frames go up, and what the controller says to them waits.
    fn collect(&mut self) {
        let now = self.at();
        let mut buffer = [0; 1_200];
        let mut frames = 0;
        while let Some(length) = self.agent.poll_transmit(now, &mut buffer).expect("the buffer is large") {
            frames += 1;
            assert!(frames < MOST_FRAMES, "the agent does not stop sending");
            let _ = self.controller.receive(now, PeerId(1), &buffer[..length]);
        }
        while let Some(event) = self.controller.poll_event() {
            if let ControllerEvent::CommitDue { node, position } = event {
                let _ = self.controller.commit(node, position);
            }
        }
        while let Some((_, length)) = self.controller.poll_transmit(now, &mut buffer).expect("the buffer is large") {
            if self.down.len() < 64 {
                self.down.push(buffer[..length].to_vec());
            }
        }
    }

    /// Both sides hear all that the other has to say now.
    fn exchange(&mut self) {
        self.collect();
        for frame in core::mem::take(&mut self.down) {
            self.hear(&frame);
        }
    }

    fn check(&mut self) {
        let now = self.at();
        let agent = &mut self.agent;
        assert_eq!(agent.table().digest(), agent.table().recount(), "the records are not those of the digest");
        let (kept, counted) = agent.base_digests();
        assert_eq!(kept, counted, "the records at base are not those of the digest at base");
        assert_eq!(agent.metrics().arrivals(), self.heard, "a frame ended in no counter or in two");
        assert!(agent.table().len() <= 4);
        let mut buffer = [0; 1_200];
        let mut frames = 0;
        agent.handle_timeout(now);
        while agent.poll_transmit(now, &mut buffer).expect("the buffer is large").is_some() {
            frames += 1;
            assert!(frames < MOST_FRAMES, "the agent does not stop sending");
        }
        let spins = agent.next_timeout().is_some_and(|at| at <= now);
        assert!(!spins, "a deadline that has passed stays: {:?}", agent.next_timeout_reason());
        let mut events = 0;
        while agent.poll_event().is_some() {
            events += 1;
            assert!(events <= 10, "more events than the bound");
        }
    }
}
