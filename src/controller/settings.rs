//! Settings that a host changes while agents are served: checked as in the configuration, told in the next answers, in
//! force for each node by the rule of `grants`.

use core::time::Duration;

use super::Controller;
use crate::config::ConfigError;
use crate::grants::InForce;
use crate::id::NodeId;
use crate::time::micros;

impl Controller {
    /// Changes how often agents say that they are there, and how long a silent one is believed in: 10 ms to 1 h, and 2
    /// intervals to 24 h. Agents hear of it with the next answer to a heartbeat or a change of theirs. What gets longer
    /// holds here at once; what gets shorter holds for a node once it has confirmed it.
    ///
    /// # Errors
    /// [`ConfigError`] says what is wrong and what to give; nothing is changed.
    pub fn set_intervals(&mut self, heartbeat: Duration, lease: Duration) -> Result<(), ConfigError> {
        let mut config = self.config.clone();
        (config.heartbeat, config.lease) = (heartbeat, lease);
        config.check()?;
        if (self.config.heartbeat, self.config.lease) == (heartbeat, lease) {
            return Ok(());
        }
        if !self.grants.change(micros(heartbeat), micros(lease)) {
            let most = u64::from(u32::MAX);
            return Err(ConfigError::OutOfRange { field: "changes of settings", given: most + 1, least: 0, most });
        }
        self.config = config;
        Ok(())
    }

    /// The version of the settings that are told now; 1 at first.
    pub fn settings_version(&self) -> u32 {
        self.grants.newest().version
    }

    /// A node says which settings it goes by.
    pub(super) fn hear_settings(&mut self, id: NodeId, version: u32) {
        let newest = self.grants.newest().version;
        let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        if version <= node.confirmed || version > newest {
            return;
        }
        node.confirmed = version;
        // A deadline that was set by longer ones would come too late.
        self.watch_again(id);
    }

    /// Interval and lease that hold for a node.
    pub(super) fn in_force(&self, confirmed: u32) -> InForce {
        if crate::bait::bait!(self.config.baits, LeaseShortenedUnconfirmed) {
            return self.grants.in_force(self.grants.newest().version);
        }
        self.grants.in_force(confirmed)
    }
}
