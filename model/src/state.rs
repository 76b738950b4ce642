//! A state: two agents, a controller, what is in flight, and what the hosts know. Parts that a step does not touch are
//! shared, and each part keeps the hash of what decides its future, so that a step costs what it changes. What a step
//! does is left to `action`.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use taskwire::{Agent, Controller, Digest, Instant, Made, Position, State as TaskState, TaskId};
use xxhash_rust::xxh3::Xxh3;

use crate::action::Action;
use crate::bounds::{Bounds, Budget, AGENTS};

/// A record as it lies on a disk.
pub type Stored = (u64, Arc<[u8]>);

/// An agent with its host, its disk and its true log.
#[derive(Clone, Debug)]
pub struct AgentPart {
    /// The agent itself.
    pub agent: Agent,
    /// Its own clock.
    pub now: u64,
    /// Calls of the script that are done.
    pub called: usize,
    /// How often it was started again.
    pub life: u64,
    /// The journal's records, in order; before them what former lives left.
    pub disk: Vec<Stored>,
    /// The newest key confirmed in this life.
    pub confirmed: u64,
    /// The newest revision that was confirmed.
    pub safe: u64,
    /// Whether it has ever begun with less than it had confirmed.
    pub lost: bool,
    /// True log of this life: position and digest of each revision, from the first on.
    pub chain: Vec<(Position, Digest)>,
    /// Positions of all lives, with their digests.
    pub known: BTreeMap<Position, Digest>,
    /// The fingerprint of all this.
    pub print: u64,
}

/// How a controller's host knows a task.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Sighted {
    /// The number of the newest transition.
    pub number: u32,
    /// The state it left.
    pub state: TaskState,
    /// The attempt.
    pub attempt: u32,
}

/// What a controller's host knows of a node, in this life.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Known {
    /// Identities of entries told.
    pub seen: BTreeSet<Position>,
    /// Each registration, as it was told last.
    pub tasks: BTreeMap<(TaskId, Made), Sighted>,
    /// The position told last.
    pub last: Position,
    /// Whether another history was announced since.
    pub announced: bool,
    /// What may be committed.
    pub due: Option<Position>,
    /// Everything ever committed of it: survives all crashes, as the truth does.
    pub committed: BTreeSet<Position>,
}

/// The controller with its host.
#[derive(Clone, Debug)]
pub struct ControllerPart {
    /// The controller itself.
    pub controller: Controller,
    /// Its own clock.
    pub now: u64,
    /// How often it was started again.
    pub life: u64,
    /// What its host knows of each node.
    pub nodes: [Known; AGENTS],
    /// The fingerprint of all this.
    pub print: u64,
}

/// A frame in flight, between an agent and the controller.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Packet {
    /// A hash of the rest, by which packets are sorted.
    pub print: u64,
    /// The agent that it is from or for.
    pub agent: usize,
    /// Whether it goes to the controller.
    pub up: bool,
    /// The frame.
    pub bytes: Arc<[u8]>,
}

/// The way to a state.
#[derive(Debug)]
pub struct Step {
    /// The last step.
    pub action: Action,
    /// The way before it.
    pub before: Option<Arc<Step>>,
}

/// A state.
#[derive(Clone, Debug)]
pub struct State {
    /// Agents.
    pub agents: [Arc<AgentPart>; AGENTS],
    /// Controller.
    pub controller: Arc<ControllerPart>,
    /// Frames in flight, sorted: the network keeps no order.
    pub net: Vec<Packet>,
    /// Faults that may still come.
    pub left: Budget,
    /// Whether anything has been done by the first agent: the other one waits for that.
    pub begun: bool,
    /// Steps from the beginning.
    pub depth: u32,
    /// Which.
    pub way: Option<Arc<Step>>,
}

/// The hash of anything.
pub fn hash_of(value: impl Hash) -> u64 {
    let mut hasher = Xxh3::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl AgentPart {
    /// Computes the fingerprint anew.
    pub fn seal(&mut self) {
        self.print = hash_of((
            (self.agent.state_hash(), self.now, self.called, self.life, self.confirmed, self.safe, self.lost),
            (&self.disk, &self.chain, &self.known),
        ));
    }

    /// Its time.
    pub fn at(&self) -> Instant {
        Instant::from_micros(self.now)
    }
}

impl ControllerPart {
    /// Computes the fingerprint anew.
    pub fn seal(&mut self) {
        self.print = hash_of((self.controller.state_hash(), self.now, self.life, &self.nodes));
    }

    /// Its time.
    pub fn at(&self) -> Instant {
        Instant::from_micros(self.now)
    }
}

impl Packet {
    /// A frame that was just sent.
    pub fn new(agent: usize, up: bool, bytes: &[u8]) -> Packet {
        Packet { print: hash_of((agent, up, bytes)), agent, up, bytes: bytes.into() }
    }
}

impl State {
    /// The state in which nothing has happened.
    pub fn first(bounds: &Bounds) -> State {
        let agents = [0, 1].map(|index| {
            let mut part = AgentPart {
                agent: Agent::new(bounds.agent(index, 0), seed(index, 0)).expect("good settings"),
                now: 1,
                called: 0,
                life: 0,
                disk: Vec::new(),
                confirmed: 0,
                safe: 0,
                lost: false,
                chain: Vec::new(),
                known: BTreeMap::new(),
                print: 0,
            };
            part.seal();
            Arc::new(part)
        });
        let controller = Controller::new(bounds.controller(0), seed(AGENTS, 0)).expect("good settings");
        let mut part = ControllerPart { controller, now: 1, life: 0, nodes: Default::default(), print: 0 };
        part.seal();
        State {
            agents,
            controller: Arc::new(part),
            net: Vec::new(),
            left: bounds.budget,
            begun: false,
            depth: 0,
            way: None,
        }
    }

    /// What tells states apart.
    pub fn print(&self) -> u64 {
        let mut hasher = Xxh3::new();
        for agent in &self.agents {
            hasher.write_u64(agent.print);
        }
        hasher.write_u64(self.controller.print);
        for packet in &self.net {
            hasher.write_u64(packet.print);
        }
        self.left.hash(&mut hasher);
        self.begun.hash(&mut hasher);
        hasher.finish().max(1)
    }
}

/// The seed of a life.
pub fn seed(index: usize, life: u64) -> u64 {
    1_000 * (index as u64 + 1) + life
}
