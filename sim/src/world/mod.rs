//! One run: nodes, a controller, the network between them and true time, all drawn from one seed. Each step takes the
//! next thing due, lets it happen to the real code, and has the invariants checked. What hosts do stands in `agents` and
//! `controllers`, how frames travel in `frames`, faults in `faults`, the quiet period in `calm`.

pub mod agents;
pub mod calm;
pub mod controllers;
pub mod damage;
pub mod deposed;
pub mod faults;
pub mod frames;
pub mod host;
pub mod journal;
pub mod liveness;
pub mod noting;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::rc::Rc;

use taskwire::{Epoch, Name, NodeId, Nonce, Position, SessionId};

use crate::clock::TrueTime;
use crate::invariants::watch::Watchers;
use crate::invariants::{Check, Failure, Invariant, NodeShadow, Tally};
use crate::knobs::{Fault, Knobs};
use crate::rng::Rng;
use crate::summary::Counts;
use crate::trace::Trace;
use crate::truth::Truth;
use host::{Arrival, ControllerHost, Process, Sent};

/// Something that is to happen.
#[derive(Debug)]
enum Event {
    /// A frame reaches the controller.
    ToController(Arrival),
    /// A frame reaches an agent.
    ToAgent(usize, Arrival),
    /// A frame of an agent reaches the controller that was deposed.
    ToDeposed(Arrival),
    /// The controller that was deposed is to be called.
    WakeDeposed,
    /// An agent's host has made its journal safe up to this key.
    Synced(usize, u64),
    /// An agent's host is to be called.
    WakeAgent(usize),
    /// The controller's host is to be called.
    WakeController,
    /// An agent's host acts.
    Act(usize),
    /// A fault comes.
    Fault,
    /// A commit that was put off is made, by this controller object.
    Commit(u64, NodeId, Position),
    /// A clock that stood still goes on.
    ClockRuns(usize),
    /// An absent node starts again.
    Start(usize),
    /// An agent object that said goodbye ends.
    End(usize),
}

struct Due {
    at: TrueTime,
    order: u64,
    event: Event,
}

impl PartialEq for Due {
    fn eq(&self, other: &Due) -> bool {
        self.order == other.order
    }
}
impl Eq for Due {}
impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Due) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Due {
    fn cmp(&self, other: &Due) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// What a run is asked to do beside running.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The check that is misled, to see that it can fail.
    pub spoilt: Option<Invariant>,
    /// The fault of the core that is switched on.
    #[cfg(feature = "bait")]
    pub bait: Option<taskwire::Bait>,
}

impl Options {
    /// One check is misled.
    pub fn spoiling(invariant: Invariant) -> Options {
        let mut options = Options::default();
        options.spoilt.replace(invariant);
        options
    }

    /// One fault of the core is switched on.
    #[cfg(feature = "bait")]
    pub fn baited(bait: taskwire::Bait) -> Options {
        Options { bait: Some(bait), ..Options::default() }
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// What was counted.
    pub counts: Counts,
    /// The hash over everything that happened.
    pub hash: u64,
    /// What failed, if anything.
    pub failure: Option<Failure>,
}

/// A run.
pub struct World {
    pub(crate) knobs: Knobs,
    pub(crate) rng: Rng,
    pub(crate) now: TrueTime,
    queue: BinaryHeap<Reverse<Due>>,
    order: u64,
    pub(crate) truth: Truth,
    pub(crate) tally: Tally,
    pub(crate) counts: Counts,
    pub(crate) trace: Trace,
    pub(crate) agents: Vec<Process>,
    pub(crate) host: ControllerHost,
    /// The controller that was deposed last, while it goes on.
    pub(crate) deposed: Option<Box<deposed::Deposed>>,
    pub(crate) nodes: Vec<NodeShadow>,
    pub(crate) watchers: Watchers,
    pub(crate) names: Vec<Name>,
    /// The disk of each node's agent that ended last.
    pub(crate) disks: Vec<Option<crate::disk::Disk>>,
    /// Frames of agents on their way, with how many copies are.
    pub(crate) flying: BTreeMap<u64, (Rc<Sent>, u32)>,
    /// Frames of the past, to be replayed.
    pub(crate) archive: Vec<Rc<Sent>>,
    pub(crate) buffer: Vec<u8>,
    pub(crate) frames: u64,
    pub(crate) quiet: bool,
    pub(crate) options: Options,
    /// Frames that were sent in the last part of the quiet period and are neither heartbeats nor acknowledgements.
    pub(crate) busy_frames: u64,
    /// Long values that a controller's host was told to be whole, by node, task and registration.
    pub(crate) values_seen: std::collections::BTreeSet<(usize, taskwire::TaskId, taskwire::Made)>,
    /// Identities of transitions and tombstones that any host of a controller has ever seen, by node.
    pub(crate) ever_seen: Vec<std::collections::BTreeSet<(u64, u64)>>,
    /// Sessions offered by WELCOMEs of this controller object: epoch, nonce, counter and node that they are for.
    pub(crate) offers: BTreeMap<SessionId, (Epoch, Nonce, u64, usize)>,
    /// The intervals that controllers of this run have given out.
    pub(crate) intervals: liveness::Intervals,
    /// The longest silence that was announced of each node, in microseconds.
    pub(crate) announced: Vec<u64>,
    /// The last wills that carriers keep.
    pub(crate) wills: Vec<liveness::Will>,
    /// HELLOs that were said, by nonce and counter: epoch and node.
    pub(crate) hellos: BTreeMap<(Nonce, u64), (Epoch, usize)>,
}

impl World {
    /// The run of a seed.
    pub fn new(seed: u64, trace: Trace, options: Options) -> World {
        let knobs = Knobs::draw(seed);
        let mut rng = Rng::new(seed);
        let names: Vec<Name> = (0..knobs.nodes).map(|n| Name::new(&format!("n{n}")).expect("a short name")).collect();
        let first = if knobs.late_epochs { u64::MAX - 1 - rng.range(0, 6) } else { 1 };
        let mut truth = Truth::new(knobs.nodes);
        truth.terms.insert(first);
        let host = controllers::make_controller(&knobs, &options, first, 0, 0, &mut rng);
        let mut world = World {
            truth,
            tally: Tally { spoilt: options.spoilt, ..Tally::default() },
            counts: Counts::default(),
            trace,
            agents: Vec::new(),
            host,
            deposed: None,
            nodes: vec![NodeShadow::default(); knobs.nodes],
            watchers: Watchers::draw(seed),
            values_seen: Default::default(),
            ever_seen: vec![Default::default(); knobs.nodes],
            disks: vec![None; names.len()],
            names,
            flying: BTreeMap::new(),
            archive: Vec::new(),
            buffer: vec![0; 65_600],
            frames: 0,
            quiet: false,
            now: 0,
            queue: BinaryHeap::new(),
            order: 0,
            options,
            busy_frames: 0,
            offers: BTreeMap::new(),
            announced: vec![0; knobs.nodes],
            wills: Vec::new(),
            intervals: liveness::Intervals::new(knobs.controller.heartbeat, knobs.controller.lease),
            hellos: BTreeMap::new(),
            knobs,
            rng,
        };
        world.bind_peers();
        for node in 0..world.knobs.nodes {
            let at = world.rng.below(1_000_000);
            world.schedule(at, Event::Start(node));
        }
        if world.knobs.fault_interval > 0 {
            let at = world.rng.below(world.knobs.fault_interval * 2) + 1;
            world.schedule(at, Event::Fault);
        }
        world.schedule(0, Event::WakeController);
        world.host.wake = Some(0);
        world
    }

    /// Runs to the end.
    pub fn run(mut self) -> Outcome {
        if self.trace.on() {
            let knobs = format!("{:?}", self.knobs);
            self.trace.line(0, || knobs);
        }
        let failure = self.run_through().err();
        if let Some(failure) = &failure {
            let text = failure.to_string();
            self.trace.line(self.now, || format!("FAILED {text}"));
        }
        self.counts.virtual_time = self.now.saturating_mul(self.knobs.nodes as u64);
        self.counts.premises = self.tally.premises.clone();
        self.counts.moments = self.tally.moments.clone();
        Outcome { hash: self.trace.hash(), counts: self.counts, failure }
    }

    fn run_through(&mut self) -> Check {
        while self.counts.steps < self.knobs.steps {
            if !self.step()? {
                break;
            }
        }
        if self.knobs.capped {
            self.calm_down()?;
        }
        Ok(())
    }

    /// Lets the next thing happen; says whether there was one.
    pub(crate) fn step(&mut self) -> Check<bool> {
        let Some(Reverse(due)) = self.queue.pop() else { return Ok(false) };
        self.now = self.now.max(due.at);
        match due.event {
            Event::WakeAgent(p) if self.agents[p].wake != Some(due.at) => return Ok(true),
            Event::WakeController if self.host.wake != Some(due.at) => return Ok(true),
            _ => {}
        }
        self.counts.steps += 1;
        self.trace.mix(&[self.now, self.counts.steps]);
        match due.event {
            Event::ToController(arrival) => self.frame_to_controller(arrival)?,
            Event::ToAgent(p, arrival) => self.frame_to_agent(p, arrival)?,
            Event::ToDeposed(arrival) => self.call_deposed(Some(arrival))?,
            Event::Synced(p, key) => self.synced(p, key)?,
            Event::WakeDeposed => self.call_deposed(None)?,
            Event::WakeAgent(p) => {
                self.agents[p].wake = None;
                self.wake_agent(p)?;
            }
            Event::WakeController => {
                self.host.wake = None;
                self.wake_controller()?;
            }
            Event::Act(p) => self.act(p)?,
            Event::Fault => {
                if !self.quiet {
                    let after = self.rng.below(self.knobs.fault_interval * 2) + 1;
                    self.schedule(self.now + after, Event::Fault);
                    self.fault()?;
                }
            }
            Event::Commit(life, node, position) => {
                if life == self.host.life && self.host.suspended_until > self.now {
                    self.schedule(self.host.suspended_until, Event::Commit(life, node, position));
                } else if life == self.host.life {
                    self.commit(node, position)?;
                    self.drain_controller()?;
                }
            }
            Event::ClockRuns(p) => {
                let now = self.now;
                self.agents[p].clock.stop(now, false);
                self.plan_agent(p);
            }
            Event::End(p) => self.end_agent(p),
            Event::Start(node) => {
                if !self.agents.iter().any(|a| a.node == node && a.alive) {
                    self.start_agent(node)?;
                }
            }
        }
        Ok(true)
    }

    fn schedule(&mut self, at: TrueTime, event: Event) {
        self.order += 1;
        self.queue.push(Reverse(Due { at, order: self.order, event }));
    }

    /// Calls the agent's host at `at` at the latest.
    pub(crate) fn wake_agent_by(&mut self, p: usize, at: TrueTime) {
        let at = at.max(self.now);
        if self.agents[p].wake.is_none_or(|wake| wake > at) {
            self.agents[p].wake = Some(at);
            self.schedule(at, Event::WakeAgent(p));
        }
    }

    /// Calls the controller's host at `at` at the latest.
    pub(crate) fn wake_controller_by(&mut self, at: TrueTime) {
        let at = at.max(self.now);
        if self.host.wake.is_none_or(|wake| wake > at) {
            self.host.wake = Some(at);
            self.schedule(at, Event::WakeController);
        }
    }

    /// Frames that were to come late come soon.
    pub(crate) fn hasten_frames(&mut self, most: TrueTime) {
        let latest = self.now + most;
        let queue = std::mem::take(&mut self.queue);
        for Reverse(mut due) in queue {
            if matches!(due.event, Event::ToController(_) | Event::ToAgent(..)) {
                due.at = due.at.min(latest);
            }
            self.queue.push(Reverse(due));
        }
    }

    /// Counts a fault, and that it changed something.
    pub(crate) fn injected(&mut self, fault: Fault, changed: bool) {
        self.counts.faults[fault as usize].0 += 1;
        self.counts.faults[fault as usize].1 += u64::from(changed);
    }

    /// The node of a name at the controller.
    pub(crate) fn node_of(&self, id: NodeId) -> Option<usize> {
        self.nodes.iter().position(|n| n.id == Some(id))
    }
}
