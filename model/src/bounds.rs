//! What is explored: who the agents are, what their hosts call, and how many faults of each kind a run may have.

use taskwire::{AgentConfig, Baits, ControllerConfig, Durability, Limits, TaskId};

/// How many agents there are.
pub const AGENTS: usize = 2;

/// One call of a host about a task.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Call {
    /// Register it.
    Register(u8),
    /// It runs.
    Running(u8),
    /// It has ended well.
    Succeeded(u8),
    /// It has ended badly.
    Failed(u8),
    /// It is tried again.
    Retry(u8),
    /// It may be forgotten.
    Forget(u8),
}

/// How many of each fault and step may still come.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Budget {
    /// Crashes, of either side.
    pub crashes: u8,
    /// Deadlines that come before all that waits is delivered.
    pub timeouts: u8,
    /// Frames lost.
    pub drops: u8,
    /// Frames delivered that stay in flight.
    pub repeats: u8,
    /// All of these together.
    pub all: u8,
}

/// One exploration.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Its name.
    pub name: &'static str,
    /// How many of the agents do anything.
    pub agents: usize,
    /// Whether the agents keep a journal.
    pub journaled: bool,
    /// What each host calls, in this order.
    pub script: &'static [Call],
    /// Faults.
    pub budget: Budget,
    /// Frames in flight at most, both ways together.
    pub in_flight: usize,
    /// One state of so many is also run on fairly to its end, besides all without a successor.
    pub settle_one_in: u64,
    /// A deliberate fault.
    pub baits: Baits,
}

use Call::{Failed, Forget, Register, Retry, Running, Succeeded};

const ENDS: &[Call] = &[Register(1), Register(2), Running(1), Succeeded(1)];
const FORGETS: &[Call] = &[Register(1), Running(1), Succeeded(1), Forget(1), Register(2)];
const RETRIES: &[Call] = &[Register(1), Failed(1), Retry(1), Register(2)];

impl Bounds {
    /// The explorations, those of `make test` or the larger ones.
    pub fn all(large: bool) -> Vec<Bounds> {
        let most = if large { 4 } else { 2 };
        let budget = Budget { crashes: 2, timeouts: 2, drops: 1, repeats: 1, all: most };
        let scripts = [("ends", ENDS), ("forgets", FORGETS), ("retries", RETRIES)];
        scripts
            .into_iter()
            .flat_map(|(name, script)| [1, AGENTS].map(|agents| (name, script, agents)))
            .flat_map(|(name, script, agents)| [false, true].map(|journaled| (name, script, agents, journaled)))
            .map(|(name, script, agents, journaled)| Bounds {
                name,
                agents,
                journaled,
                script,
                budget,
                in_flight: 3,
                settle_one_in: 256,
                baits: Baits::default(),
            })
            .collect()
    }

    /// The settings of an agent in one of its lives.
    pub fn agent(&self, index: usize, life: u64) -> AgentConfig {
        let mut config = AgentConfig::new(["a", "b"][index], life + 1).expect("a good name");
        config.limits =
            Limits { slots: 2, log: 16, metadata: 16, message: 16, result: 16, frame: 512, finals: 2, value: 0 };
        config.durability = if self.journaled { Durability::WriteAhead } else { Durability::Volatile };
        config.events = 8;
        config.baits = self.baits;
        config
    }

    /// The settings of the controller in one of its lives.
    pub fn controller(&self, life: u64) -> ControllerConfig {
        let mut config = ControllerConfig::new("c").expect("a good name").term(life + 1);
        config.history = 4;
        config.detail_history = 4;
        config.events_per_node = 16;
        config.baits = self.baits;
        config
    }
}

/// The id of a task of an agent.
pub fn task(index: usize, number: u8) -> TaskId {
    let mut id = [0; 16];
    (id[0], id[15]) = (index as u8 + 1, number);
    TaskId(id)
}
