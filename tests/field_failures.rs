//! What went wrong in the field, in systems that do taskwire's job: one test for each failure that the present core can meet, with
//! the number under which the project lists it, in files by heading. Where a text script tells the same as a conversation, it
//! says so there; a fleet that comes back at once is in `sim/tests/fleet.rs`.

#[path = "field_failures/fail_over.rs"]
mod fail_over;
#[path = "field_failures/final_status.rs"]
mod final_status;
#[path = "field_failures/load.rs"]
mod load;
#[path = "field_failures/reconnect.rs"]
mod reconnect;
#[path = "properties/rig.rs"]
mod rig;
#[path = "field_failures/sync.rs"]
mod sync;

use rig::{task, Rig};
use taskwire::{Agent, AgentBuilder, AgentConfig, ControllerEvent, Durability, Instant, Restored, JOURNAL_OVERHEAD};

const SECOND: u64 = 1_000_000;

fn is_lost(event: &ControllerEvent) -> bool {
    matches!(event, ControllerEvent::NodeLost { .. })
}

/// A pair in which task 0 is running and all is durable.
fn running() -> Rig {
    let mut rig = Rig::pair();
    let now = rig.at();
    rig.agents[0].register(now, task(0), b"build #42").unwrap();
    rig.agents[0].running(now, task(0)).unwrap();
    rig.connect();
    rig
}

/// Lets time pass while nothing gets through.
fn apart(rig: &mut Rig, micros: u64) {
    let until = rig.now + micros;
    while rig.now < until {
        rig.now = rig.deadline().map_or(until, |at| at.clamp(rig.now + 1, until));
        rig.timers();
        rig.collect();
        rig.up.clear();
        rig.down.clear();
    }
}

/// An agent's store: its records by key, as they were confirmed.
#[derive(Clone, Default)]
struct Store(Vec<(u64, Vec<u8>)>);

impl Store {
    fn config(epoch: u64) -> AgentConfig {
        let mut config = AgentConfig::new("edge", epoch).unwrap();
        config.durability = Durability::WriteAhead;
        config
    }

    /// Keeps what the agent wants stored, confirms it, and drops what is no longer needed.
    fn keep(&mut self, now: Instant, agent: &mut Agent) {
        let mut buffer = vec![0; agent.config().limits.frame as usize + JOURNAL_OVERHEAD];
        while let Some(written) = agent.poll_journal(&mut buffer).unwrap() {
            self.0.push((written.key, buffer[..written.length].to_vec()));
            agent.journal_confirmed(now, written.key).unwrap();
        }
        self.0.retain(|(key, _)| *key >= agent.journal_needed_from());
    }

    fn restore(&self, epoch: u64) -> (Agent, Restored) {
        let empty = AgentBuilder::new(Store::config(epoch), epoch).unwrap();
        self.0.iter().fold(empty, |builder, (_, record)| builder.replay(record).unwrap()).start().unwrap()
    }
}
