//! An agent that goes on from a journal: the records are given in order, in chunks of any size, and then it starts.

use super::Agent;
use crate::config::{AgentConfig, ConfigError};
use crate::journal::restore::Restoring;
use crate::journal::{RestoreError, Restored};

/// Restores an agent from its journal.
///
/// ```
/// use taskwire::{Agent, AgentBuilder, AgentConfig, Durability, Instant, State, TaskId, JOURNAL_OVERHEAD};
///
/// let mut config = AgentConfig::new("edge-7", 1)?;
/// config.durability = Durability::WriteAhead;
/// let mut agent = Agent::new(config.clone(), 7)?;
/// let (now, task) = (Instant::from_micros(1), "0f8fad5b-d9cb-469f-a165-70867728950e".parse::<TaskId>()?);
/// agent.register(now, task, b"build #42")?;
/// agent.running(now, task)?;
///
/// let mut file = Vec::new();
/// let mut record = vec![0; 1200 + JOURNAL_OVERHEAD];
/// while let Some(written) = agent.poll_journal(&mut record)? {
///     file.extend_from_slice(&record[..written.length]); // and an fsync
///     agent.journal_confirmed(now, written.key)?;
/// }
/// drop(agent); // or a crash
///
/// config.epoch.0 += 1;
/// let (agent, restored) = AgentBuilder::new(config, 8)?.replay(&file)?.start()?;
/// assert_eq!(restored.unfinished, [task]);
/// assert_eq!(agent.task(task).map(|record| record.state), Some(State::Running));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct AgentBuilder {
    config: AgentConfig,
    seed: u64,
    restoring: Restoring,
}

impl AgentBuilder {
    /// Begins with no record. The epoch of `config` must be above the one in which the journal was written, the node the
    /// same; the limits may be others, as long as what is stored has room.
    ///
    /// # Errors
    /// [`ConfigError`] says which setting is wrong and what to give.
    pub fn new(config: AgentConfig, seed: u64) -> Result<AgentBuilder, ConfigError> {
        config.check()?;
        Ok(AgentBuilder { restoring: Restoring::new(config.clone(), seed), config, seed })
    }

    /// Takes the next bytes of the journal: records as `poll_journal` gave them, in the order of their keys. Chunks may end
    /// anywhere.
    ///
    /// # Errors
    /// [`RestoreError`]; there is no agent then.
    pub fn replay(mut self, chunk: &[u8]) -> Result<AgentBuilder, RestoreError> {
        self.restoring.replay(chunk)?;
        Ok(self)
    }

    /// All has been given: the agent, with every entry that was not yet durable, and what was found. Where a torn tail was
    /// found, cut it off, or begin another file: the agent's own journal begins with a checkpoint. No records give an agent
    /// that knows no task.
    ///
    /// # Errors
    /// [`RestoreError::BeyondLimits`].
    pub fn start(self) -> Result<(Agent, Restored), RestoreError> {
        let stored = self.restoring.finish()?;
        let restored = stored.restored.clone();
        Ok((Agent::begin(self.config, self.seed, stored), restored))
    }
}
