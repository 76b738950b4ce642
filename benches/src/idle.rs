//! A controller before a fleet of nodes that have no task, and the next heartbeat of each: what the figures of liveness
//! drive. The agents are gone as soon as they have made it, so that a million nodes fit.

use std::time::Duration;

use taskwire::{Agent, Controller, ControllerConfig, Instant, PeerId};

use crate::fleet::take_events;
use crate::rig::{agent_config, controller_config};
use crate::workload::Random;

/// When all sessions are opened, in microseconds.
pub const START: u64 = 1_000_000;
/// When every heartbeat is due.
pub const HEARTBEAT: u64 = START + 5_000_000;

/// The controller and what it is going to hear.
pub struct IdleFleet {
    /// The controller.
    pub controller: Controller,
    /// A heartbeat of each node, in a random order, all made at [`HEARTBEAT`].
    pub heartbeats: Vec<(PeerId, Box<[u8]>)>,
    time: u64,
}

impl IdleFleet {
    /// So many nodes, each with a session opened at [`START`]. A silence of all at once holds no lease.
    pub fn new(nodes: usize) -> IdleFleet {
        let config = ControllerConfig { nodes: nodes as u32, mass_silence_hold: Duration::ZERO, ..controller_config() };
        let mut controller = Controller::new(config, 5).expect("the settings are sound");
        let (mut buffer, mut seeds) = (vec![0; 1_200], Random(6));
        let mut heartbeats = Vec::with_capacity(nodes);
        for index in 0..nodes {
            let mut agent = Agent::new(agent_config(&format!("n{index}"), 1_200), seeds.draw()).expect("sound");
            let (now, peer) = (Instant::from_micros(START), PeerId(index as u64));
            while agent.session().is_none() {
                while let Some(length) = agent.poll_transmit(now, &mut buffer).expect("large") {
                    controller.receive(now, peer, &buffer[..length]).expect("the frame is sound");
                }
                while let Some((_, length)) = controller.poll_transmit(now, &mut buffer).expect("large") {
                    agent.receive(now, &buffer[..length]).expect("the frame is sound");
                }
            }
            take_events(&mut controller);
            let later = Instant::from_micros(HEARTBEAT);
            agent.handle_timeout(later);
            let length = agent.poll_transmit(later, &mut buffer).expect("large").expect("a heartbeat is due");
            heartbeats.push((peer, buffer[..length].to_vec().into_boxed_slice()));
        }
        Random(4).shuffle(&mut heartbeats);
        IdleFleet { controller, heartbeats, time: START }
    }

    /// Time passes up to `until`, in microseconds, the controller called often.
    pub fn pass(&mut self, until: u64) {
        while self.time < until {
            self.time = until.min(self.time + 100_000);
            self.controller.handle_timeout(Instant::from_micros(self.time));
            take_events(&mut self.controller);
        }
    }
}

/// Ends every lease that is due at `now`, and takes the events out: returns how many nodes are lost.
pub fn lose_all(controller: &mut Controller, now: Instant) -> usize {
    controller.handle_timeout(now);
    let mut lost = 0;
    while let Some(event) = controller.poll_event() {
        lost += usize::from(matches!(event, taskwire::ControllerEvent::NodeLost { .. }));
    }
    lost
}
