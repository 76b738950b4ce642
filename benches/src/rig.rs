//! One agent and one controller on a perfect link, moved by hand, in virtual time: what the figures and the test of
//! allocations drive. What it carries is made by `workload`.

use std::time::Duration;

use taskwire::{Agent, AgentConfig, Controller, ControllerConfig, ControllerEvent, Instant, Limits, PeerId};

use crate::workload::{tell, Update, Workload};

/// The largest frame that the figures use.
pub const LARGEST: usize = 16_384;

/// An agent's settings: frames of so many bytes, everything else as it is by default.
pub fn agent_config(name: &str, frame: u32) -> AgentConfig {
    let mut config = AgentConfig::new(name, 1_764_000_000_000).expect("the name is short");
    config.wall_clock_offset = 1_764_000_000_000;
    // Each update is measured by itself, progress included.
    config.pace.detail_interval = std::time::Duration::ZERO;
    config.limits = Limits { frame, ..Limits::default() };
    config
}

/// A controller's settings.
pub fn controller_config() -> ControllerConfig {
    let mut config = ControllerConfig::new("control").expect("the name is short");
    config.wall_clock_offset = 1_764_000_000_000;
    config.events_per_node = 4_096;
    config
}

/// Agent, controller, and the buffers between them.
pub struct Rig {
    /// Microseconds.
    pub now: u64,
    /// The agent.
    pub agent: Agent,
    /// The controller.
    pub controller: Controller,
    /// The frame that goes up.
    pub up: Vec<u8>,
    /// Its length.
    pub up_length: usize,
    /// The frame that goes down.
    pub down: Vec<u8>,
}

impl Rig {
    /// A pair whose session is open.
    pub fn new(agent: AgentConfig, controller: ControllerConfig) -> Rig {
        let mut rig = Rig {
            now: 1_000_000,
            agent: Agent::new(agent, 7).expect("the settings are sound"),
            controller: Controller::new(controller, 8).expect("the settings are sound"),
            up: vec![0; LARGEST],
            up_length: 0,
            down: vec![0; LARGEST],
        };
        while rig.agent.session().is_none() {
            rig.settle();
            rig.now += 100_000;
            rig.agent.handle_timeout(rig.at());
        }
        rig.settle();
        rig
    }

    /// The time.
    pub fn at(&self) -> Instant {
        Instant::from_micros(self.now)
    }

    /// Registers and runs the tasks that a workload begins with.
    pub fn begin(&mut self, workload: &Workload) {
        for (index, id) in workload.ids().enumerate() {
            let now = self.at();
            self.agent.register(now, id, b"").expect("there is room");
            self.agent.running(now, id).expect("it is pending");
            if index % 32 == 31 {
                self.settle();
            }
        }
        self.settle();
    }

    /// Tells the agent of the updates of one frame.
    pub fn tell(&mut self, updates: &[Update], with_text: bool) {
        for update in updates {
            self.now += update.after * 1_000;
            tell(&mut self.agent, Instant::from_micros(self.now), update, with_text).expect("the update is legal");
        }
    }

    /// The agent's next frame into `up`.
    pub fn transmit(&mut self) -> bool {
        let now = self.at();
        let sent = self.agent.poll_transmit(now, &mut self.up).expect("the buffer is large");
        self.up_length = sent.unwrap_or(0);
        sent.is_some()
    }

    /// The controller hears the frame in `up`.
    pub fn receive(&mut self) {
        let now = self.at();
        self.controller.receive(now, PeerId(1), &self.up[..self.up_length]).expect("the frame is sound");
    }

    /// The controller's host takes its events and stores them; returns how many there were.
    pub fn events(&mut self) -> usize {
        let mut count = 0;
        while let Some(event) = self.controller.poll_event() {
            count += 1;
            if let ControllerEvent::CommitDue { node, position } = event {
                self.controller.commit(node, position).expect("the position was told");
            }
        }
        count
    }

    /// The controller's frames go back to the agent, and the agent's host takes its events.
    pub fn answer(&mut self) {
        let now = self.at();
        while let Some((_, length)) = self.controller.poll_transmit(now, &mut self.down).expect("the buffer is large") {
            self.agent.receive(now, &self.down[..length]).expect("the frame is sound");
        }
        while self.agent.poll_event().is_some() {}
    }

    /// Everything that can be exchanged now is; returns the bytes that went up.
    pub fn settle(&mut self) -> usize {
        let mut bytes = 0;
        loop {
            let mut quiet = true;
            while self.transmit() {
                bytes += self.up_length;
                self.receive();
                quiet = false;
            }
            quiet &= self.events() == 0;
            self.answer();
            if quiet {
                return bytes;
            }
        }
    }

    /// Lets time pass, with every deadline kept.
    pub fn pass(&mut self, time: Duration) {
        let until = self.now + time.as_micros() as u64;
        loop {
            self.settle();
            let deadlines = [self.agent.next_timeout(), self.controller.next_timeout()];
            let next = deadlines.into_iter().flatten().map(Instant::as_micros).min().unwrap_or(u64::MAX);
            if next > until {
                self.now = until;
                return;
            }
            self.now = self.now.max(next);
            let now = self.at();
            self.agent.handle_timeout(now);
            self.controller.handle_timeout(now);
        }
    }
}
