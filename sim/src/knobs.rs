//! Swarm: what a seed draws before it runs. Which faults, host habits and API calls exist at all in this run, how wild
//! they are, and which bounds hold. How they are carried out is left to `world`, `link` and `workload`.

use std::time::Duration;

use taskwire::{AckPolicy, AgentConfig, ControllerConfig, Limits, Pace};

use crate::link::LinkSettings;
use crate::rng::{Ppm, Rng};
use crate::workload::WorkloadSettings;

/// Faults that come at a moment; those of single frames stand in [`LinkSettings`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(usize)]
pub enum Fault {
    /// One node is cut off, both ways.
    PartitionNode,
    /// One way of one node is cut.
    OneWay,
    /// All nodes are cut off.
    PartitionAll,
    /// A frame of the past arrives once more.
    Replay,
    /// A frame arrives from the wrong peer.
    Misroute,
    /// Bytes that nobody sent arrive.
    Noise,
    /// An agent's clock jumps ahead.
    AgentClockAhead,
    /// An agent's clock jumps back.
    AgentClockBack,
    /// An agent's clock stands still for a while.
    AgentClockStops,
    /// The controller's clock jumps ahead.
    ControllerClockAhead,
    /// The controller's clock jumps back.
    ControllerClockBack,
    /// An agent's wall clock is set.
    WallClock,
    /// An agent's host is suspended; frames wait for it.
    SuspendAgent,
    /// The controller's host is suspended; frames wait for it.
    SuspendController,
    /// An agent's host polls no events for a while.
    DeafAgentHost,
    /// The controller's host polls no events for a while.
    DeafControllerHost,
    /// The controller's host commits nothing for a while.
    NoCommits,
    /// An agent is restarted without a store, under a larger epoch.
    RestartAgent,
    /// The controller is restarted without a store, under a larger term.
    RestartController,
    /// An agent is cloned: two machines with one identity.
    Twin,
    /// One of two twins ends.
    EndTwin,
    /// An agent's host says goodbye, and starts anew later.
    Goodbye,
    /// An agent stops for a long time, and its successor comes late.
    Absence,
    /// The controller's host gives tasks of a lost node up.
    GiveUp,
    /// The controller's host forgets a node.
    ForgetNode,
    /// The controller's host commits positions that it must not.
    BadCommit,
    /// A successor of the controller starts without a store under a larger term, and the former one goes on for a while.
    FailOver,
    /// The controller's host changes intervals and lease.
    SetIntervals,
    /// The controller's host hears that a link is gone, rightly or not.
    LinkDown,
    /// The controller's host says that its input works.
    AllClear,
    /// An agent's host says in advance how long it will be silent, or takes that back.
    Sleep,
    /// A last will is made, or one made before is brought, early or late.
    LastWill,
    /// The controller's host sends all agents away for a while.
    GoAway,
    /// A record of the controller's is altered in memory.
    DamageController,
    /// A record of the controller's is altered with its hash, as by a fault of a program.
    FalsifyController,
    /// A record of an agent's is altered in memory.
    DamageAgent,
}

impl Fault {
    /// All, in order.
    pub const ALL: [Fault; 36] = [
        Fault::PartitionNode,
        Fault::OneWay,
        Fault::PartitionAll,
        Fault::Replay,
        Fault::Misroute,
        Fault::Noise,
        Fault::AgentClockAhead,
        Fault::AgentClockBack,
        Fault::AgentClockStops,
        Fault::ControllerClockAhead,
        Fault::ControllerClockBack,
        Fault::WallClock,
        Fault::SuspendAgent,
        Fault::SuspendController,
        Fault::DeafAgentHost,
        Fault::DeafControllerHost,
        Fault::NoCommits,
        Fault::RestartAgent,
        Fault::RestartController,
        Fault::Twin,
        Fault::EndTwin,
        Fault::Goodbye,
        Fault::Absence,
        Fault::GiveUp,
        Fault::ForgetNode,
        Fault::BadCommit,
        Fault::FailOver,
        Fault::SetIntervals,
        Fault::LinkDown,
        Fault::AllClear,
        Fault::Sleep,
        Fault::LastWill,
        Fault::GoAway,
        Fault::DamageController,
        Fault::FalsifyController,
        Fault::DamageAgent,
    ];
}

/// Everything that a seed draws.
#[derive(Clone, Debug)]
pub struct Knobs {
    /// Faults end, a quiet period follows, and convergence is checked; otherwise safety alone.
    pub capped: bool,
    /// Two slots, three events for each node, a small log.
    pub tiny: bool,
    /// Nodes.
    pub nodes: usize,
    /// Steps before the quiet period, or in all.
    pub steps: u64,
    /// How often a moment fault comes, in microseconds; 0 for never.
    pub fault_interval: u64,
    /// Weight of each fault of [`Fault::ALL`].
    pub weights: [u32; Fault::ALL.len()],
    /// How long partitions, suspensions and deafness last at most, in microseconds.
    pub outage: u64,
    /// How far clocks jump at most, in microseconds.
    pub jump: u64,
    /// Agent to controller.
    pub up: LinkSettings,
    /// Controller to agent.
    pub down: LinkSettings,
    /// How wrong clock rates are at most, each way, in parts per million.
    pub clock_rate_ppm: u64,
    /// A host wakes late for its deadline.
    pub late_wake: Ppm,
    /// How late, at most, in microseconds.
    pub late_by: u64,
    /// A host that was called does not drain what there is to send.
    pub skip_transmit: Ppm,
    /// A host that was called does not poll events.
    pub skip_events: Ppm,
    /// A host that polls, polls only a few events.
    pub few_events: Ppm,
    /// A commit is not made at once.
    pub commit_late: Ppm,
    /// How late a commit is at most, in microseconds.
    pub commit_late_by: u64,
    /// A commit that is due is left out, until the next is due.
    pub commit_skip: Ppm,
    /// A frame that waited for a suspended host is handed over after the timers, not before.
    pub timers_first: Ppm,
    /// A restarted agent has the address of the former one.
    pub same_address: Ppm,
    /// A frame of an agent goes to the controller that was deposed, while there is one.
    pub astray: Ppm,
    /// Agents keep a journal.
    pub write_ahead: bool,
    /// Records are written, and made safe later.
    pub sync_late: Ppm,
    /// A host that was called does not write what there is to journal.
    pub skip_journal: Ppm,
    /// Peers are bound to their nodes.
    pub bound_peers: bool,
    /// A fenced agent's host supersedes.
    pub supersede: Ppm,
    /// Epochs and terms begin close to the end of u64.
    pub late_epochs: bool,
    /// Agents' limits are beyond the controller's.
    pub beyond_limits: bool,
    /// What tasks do.
    pub workload: WorkloadSettings,
    /// How often a host acts, in microseconds.
    pub act_interval: u64,
    /// The longest burst of actions.
    pub burst: u64,
    /// Settings of the agents, names and epochs aside.
    pub agent: AgentConfig,
    /// Settings of the controller, the term aside.
    pub controller: ControllerConfig,
}

/// A fault that is off in half of the seeds, and anything up to `most` parts per million in the others.
fn maybe(rng: &mut Rng, most: u32) -> Ppm {
    if rng.below(2) == 0 {
        Ppm::NEVER
    } else {
        Ppm(rng.magnitude(500, u64::from(most)) as u32)
    }
}

/// Faults that were there from the first; those that came later are drawn apart, so that an older seed keeps its meaning as
/// far as it can.
const FIRST_FAULTS: usize = 26;

/// The generator of a knob that came later.
fn later(seed: u64, knob: u64) -> Rng {
    Rng::new(seed.wrapping_mul(0x9e37_79b9) ^ knob.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x6c61_7465)
}

fn link(rng: &mut Rng) -> LinkSettings {
    let wild = rng.below(8) == 0;
    LinkSettings {
        loss: maybe(rng, if wild { 700_000 } else { 200_000 }),
        repeat: maybe(rng, 300_000),
        corrupt: maybe(rng, 100_000),
        truncate: maybe(rng, 50_000),
        delay: rng.magnitude(100, 100_000),
        jitter: if rng.below(2) == 0 { 0 } else { rng.magnitude(100, 300_000) },
        straggle: maybe(rng, 100_000),
        straggle_by: rng.magnitude(10_000, 30_000_000),
    }
}

impl Knobs {
    /// Draws the knobs of a seed.
    pub fn draw(seed: u64) -> Knobs {
        let mut rng = Rng::new(seed.wrapping_mul(0x9e37_79b9) ^ 0x6b6e_6f62);
        let rng = &mut rng;
        let (capped, tiny) = (seed % 2 == 0, seed / 2 % 2 == 0);
        let mut weights = [0; Fault::ALL.len()];
        for (index, weight) in weights.iter_mut().enumerate() {
            let rng = if index < FIRST_FAULTS { &mut *rng } else { &mut later(seed, index as u64) };
            if rng.below(2) == 0 {
                *weight = rng.magnitude(1, 64) as u32;
            }
        }
        let heartbeat = rng.magnitude(50_000, 8_000_000);
        let clock_rate_ppm = rng.pick(&[0, 0, 100, 400, 5_000]);
        let most_jump = if rng.below(4) == 0 { 86_400_000_000 } else { heartbeat * 8 };
        // A crowd, whose silence says more than that of a few.
        let crowd = !tiny && rng.below(4) == 0;
        let nodes = if crowd { rng.range(8, 10) } else { rng.range(1, if tiny { 3 } else { 5 }) } as usize;
        let mut knobs = Knobs {
            capped,
            tiny,
            nodes,
            steps: rng.range(300, 3_000),
            fault_interval: if rng.below(8) == 0 { 0 } else { rng.magnitude(heartbeat / 16 + 1, heartbeat * 8) },
            weights,
            outage: rng.magnitude(heartbeat / 4 + 1, heartbeat * 12),
            jump: rng.magnitude(1_000, most_jump),
            up: link(rng),
            down: link(rng),
            clock_rate_ppm,
            late_wake: maybe(rng, 300_000),
            late_by: rng.magnitude(1_000, heartbeat * 2),
            skip_transmit: maybe(rng, 300_000),
            skip_events: maybe(rng, 700_000),
            few_events: maybe(rng, 700_000),
            commit_late: maybe(rng, 900_000),
            commit_late_by: rng.magnitude(1_000, heartbeat * 4),
            commit_skip: maybe(rng, 500_000),
            timers_first: maybe(rng, 1_000_000),
            same_address: maybe(rng, 1_000_000),
            astray: Ppm(later(seed, 100).magnitude(20_000, 600_000) as u32),
            write_ahead: later(seed, 101).below(2) == 0,
            sync_late: Ppm(later(seed, 102).magnitude(10_000, 1_000_000) as u32),
            skip_journal: maybe(&mut later(seed, 103), 300_000),
            bound_peers: rng.below(4) == 0,
            supersede: maybe(rng, 1_000_000),
            late_epochs: rng.below(16) == 0,
            beyond_limits: rng.below(64) == 0,
            workload: WorkloadSettings::draw(rng),
            act_interval: rng.magnitude(500, heartbeat),
            burst: rng.magnitude(1, 12),
            agent: agent(rng, tiny, clock_rate_ppm),
            controller: controller(rng, tiny, heartbeat),
        };
        knobs.suit_the_workload(rng);
        past(&mut Rng::new(seed ^ 0x7061_7374), &mut knobs.controller);
        knobs.agent.pace.detail_interval =
            Duration::from_micros(later(seed, 141).pick(&[0, 0, 1_000, 100_000, heartbeat / 2]));
        knobs.agent.pace.sketch_from = later(seed, 140).pick(&[0, 1, 4, u32::MAX]);
        knobs
    }

    /// A workload that stands on frames overtaking one another, or on full ones, gets a network and bounds for it.
    fn suit_the_workload(&mut self, rng: &mut Rng) {
        if self.workload.tasks <= 2 && self.workload.detail == 24 {
            self.act_interval = rng.magnitude(500, 8_000);
            self.burst = 1;
            self.up.jitter = rng.magnitude(5_000, 60_000);
            self.up.delay = rng.magnitude(100, 5_000);
            self.agent.pace.linger = Duration::ZERO;
            self.agent.pace.frames_in_flight = 32;
            self.agent.limits.log = self.agent.limits.log.max(64);
            self.controller.events_per_node = self.controller.events_per_node.max(64);
        }
        if self.workload.detail == 200 {
            self.agent.limits.slots = 24;
            self.agent.limits.log = 160;
            self.agent.limits.message = 64;
            self.agent.limits.metadata = 64;
            self.agent.limits.result = 40;
            self.agent.limits.frame = 512;
            self.agent.pace.detail_after = rng.range(1, 3) as u32;
            self.controller.events_per_node = self.controller.events_per_node.max(64);
            self.burst = 12;
            if self.workload.hot {
                self.act_interval = rng.magnitude(500, 4_000);
                self.agent.pace.frames_in_flight = 1;
                self.workload.advance = 16;
                self.up.delay = rng.magnitude(4_000, 20_000);
            }
        }
    }
}

fn pace(rng: &mut Rng, tiny: bool) -> Pace {
    Pace {
        linger: Duration::from_micros(rng.pick(&[0, 1_000, 20_000, 200_000])),
        least_rto: Duration::from_micros(rng.magnitude(5_000, 300_000)),
        most_backoff: Duration::from_micros(rng.magnitude(400_000, 30_000_000)),
        frames_in_flight: if tiny { rng.range(1, 4) as u32 } else { rng.magnitude(1, 64) as u32 },
        bytes_in_flight: rng.magnitude(1_200, 65_536) as u32,
        detail_after: rng.magnitude(1, 16) as u32,
        ..Pace::default()
    }
}

fn agent(rng: &mut Rng, tiny: bool, rate: u64) -> AgentConfig {
    let mut config = AgentConfig::new("n0", 1).expect("a good name");
    let slots = if tiny { 2 } else { rng.magnitude(2, 24) as u32 };
    let log = if tiny { rng.range(5, 12) } else { rng.magnitude(8, 200).max(u64::from(slots)) } as u32;
    config.limits = Limits {
        slots,
        log,
        metadata: rng.pick(&[0, 8, 64, 150]),
        message: rng.pick(&[4, 24, 64]),
        result: rng.pick(&[0, 8, 40]),
        frame: rng.pick(&[512, 600, 1_200, 1_200, 4_000]),
        finals: if tiny { rng.range(0, 2) } else { rng.magnitude(1, 32) } as u32,
        value: rng.pick(&[0, 0, 400, 5_000]),
    };
    config.pace = pace(rng, tiny);
    config.events = rng.magnitude(4, 64) as u32;
    config.clock_rate_error_ppm = (rate * 2 + rate * rate / 250_000 + 100) as u32;
    config.wall_clock_offset = rng.pick(&[0, 1_700_000_000_000, 5_000]);
    config
}

fn controller(rng: &mut Rng, tiny: bool, heartbeat: u64) -> ControllerConfig {
    let mut config = ControllerConfig::new("control").expect("a good name");
    config.ack_policy = if rng.below(6) == 0 { AckPolicy::Received } else { AckPolicy::Durable };
    config.heartbeat = Duration::from_micros(heartbeat);
    config.lease = Duration::from_micros(heartbeat * rng.range(2, 5));
    config.lateness = Duration::from_micros(rng.magnitude(1_000, 1_000_000));
    config.mass_silence_percent = rng.pick(&[10, 50, 50, 90, 100]);
    config.mass_silence_hold = Duration::from_micros(rng.magnitude(heartbeat, heartbeat * 16));
    config.nodes = 16;
    config.handshakes = rng.magnitude(1, 16) as u32;
    config.repairs = rng.magnitude(1, 16) as u32;
    config.events_per_node = if tiny { 3 } else { rng.magnitude(2, 256) as u32 };
    config.reorder_frames = rng.pick(&[0, 1, 4, 16, 64]);
    config.finals_per_node = rng.pick(&[0, 1, 4, 64]);
    config.pace = pace(rng, tiny);
    config
}

/// How much of the past the controller keeps, from a generator of its own.
fn past(rng: &mut Rng, config: &mut ControllerConfig) {
    config.history = rng.pick(&[0, 1, 2, 5, 20, 300, 16_384]);
    config.detail_history = rng.pick(&[0, 1, 2, 5, 20, 300, 16_384]);
    config.finals = rng.pick(&[0, 1, 3, 10, 1_000, 1_000, 1_000, 1_000]);
    config.finals_age = Duration::from_micros(rng.magnitude(1_000_000, 86_400_000_000));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_draws_configurations_that_the_core_accepts() {
        for seed in 0..2_000 {
            let knobs = Knobs::draw(seed);
            assert_eq!(knobs.agent.check(), Ok(()), "seed {seed}");
            assert_eq!(knobs.controller.check(), Ok(()), "seed {seed}");
        }
    }

    #[test]
    fn half_of_the_seeds_are_tiny_and_half_are_capped_and_every_fault_is_off_in_some() {
        let all: Vec<Knobs> = (0..400).map(Knobs::draw).collect();
        assert_eq!(all.iter().filter(|k| k.tiny).count(), 200);
        assert_eq!(all.iter().filter(|k| k.capped).count(), 200);
        assert_eq!(all.iter().filter(|k| k.capped && k.tiny).count(), 100);
        for fault in 0..Fault::ALL.len() {
            let off = all.iter().filter(|k| k.weights[fault] == 0).count();
            assert!((120..280).contains(&off), "{:?}: {off}", Fault::ALL[fault]);
        }
    }
}
