//! Configuration of both roles: every setting with its unit, range, default and reason, checked once, as a whole.

use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bait::Baits;
use crate::id::{Epoch, Name, NameError, Nonce, Term};
use crate::time::micros;

/// Why a configuration was refused: what was given, and what to give.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A name is empty or too long.
    #[error("configuration: {field}: {error}")]
    Name {
        /// `node` or `controller`.
        field: &'static str,
        /// What is wrong with it.
        error: NameError,
    },
    /// A number is outside its range.
    #[error("configuration: {field} is {given}; give {least} to {most}")]
    OutOfRange {
        /// The setting.
        field: &'static str,
        /// What was given.
        given: u64,
        /// The least that is allowed.
        least: u64,
        /// The most that is allowed.
        most: u64,
    },
    /// The lease is shorter than two heartbeat intervals: an unlucky loss would make a node flap.
    #[error("configuration: lease {lease_ms} ms is less than 2 heartbeat intervals of {heartbeat_ms} ms; give at least {least_ms} ms")]
    LeaseTooShort {
        /// The lease given, in milliseconds.
        lease_ms: u64,
        /// The heartbeat interval given, in milliseconds.
        heartbeat_ms: u64,
        /// The shortest lease for that interval, in milliseconds.
        least_ms: u64,
    },
    /// A record with every value at its bound would not fit into a frame.
    #[error("configuration: metadata {metadata} + message {message} + result {result} bytes and {overhead} bytes around them do not fit into a frame of {frame} bytes")]
    RecordBeyondFrame {
        /// Bound of the metadata.
        metadata: u32,
        /// Bound of the message.
        message: u32,
        /// Bound of the result.
        result: u32,
        /// What a record costs beside its values.
        overhead: u32,
        /// Bound of a frame.
        frame: u32,
    },
}

fn within(field: &'static str, given: u64, least: u64, most: u64) -> Result<(), ConfigError> {
    if (least..=most).contains(&given) {
        Ok(())
    } else {
        Err(ConfigError::OutOfRange { field, given, least, most })
    }
}

/// The bounds that an agent states in HELLO and that both sides keep. The controller takes them or refuses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Limits {
    /// Tasks at a time: slots are below it. 1 to 1,048,576; 4,096 by default. Costs about 200 bytes each when used.
    pub slots: u32,
    /// Entries not yet durable, and room reserved for ends. 5 to 4,194,304; 8 × slots up to 32,768 by default.
    pub log: u32,
    /// Bytes of metadata of a task that travel with its registration; more, up to `value`, travel apart. 384 by default.
    pub metadata: u32,
    /// Bytes of a message; a longer one is cut, with a flag. 192 by default.
    pub message: u32,
    /// Bytes of a result. 256 by default.
    pub result: u32,
    /// Bytes of a frame, everything counted. 512 to 65,507; 1,200 by default, which passes every network.
    pub frame: u32,
    /// Forgotten finals that a snapshot carries. 0 to 65,536; 256 by default, 48 bytes each.
    pub finals: u32,
    /// Bytes of metadata of a task, however they travel: longer ones than `metadata` follow their registration in parts, so
    /// that they never delay a transition. 0 (none travel apart) to 1,048,576; 65,536 by default. An agent keeps them as
    /// long as the task; a controller puts at most four of a node together at a time.
    pub value: u32,
}

impl Limits {
    /// Bytes that a record in a snapshot frame may cost beside its values, the frame's own parts included.
    pub const OVERHEAD: u32 = 256;
    /// The most that [`Limits::value`] may be.
    pub const MOST_VALUE: u32 = 1 << 20;

    fn check(&self) -> Result<(), ConfigError> {
        within("slots", self.slots.into(), 1, 1 << 20)?;
        within("log", self.log.into(), 5, 1 << 22)?;
        within("frame", self.frame.into(), 512, 65_507)?;
        within("finals", self.finals.into(), 0, 1 << 16)?;
        within("value", self.value.into(), 0, Limits::MOST_VALUE.into())?;
        let values = u64::from(self.metadata) + u64::from(self.message) + u64::from(self.result);
        if values + u64::from(Limits::OVERHEAD) > u64::from(self.frame) {
            return Err(ConfigError::RecordBeyondFrame {
                metadata: self.metadata,
                message: self.message,
                result: self.result,
                overhead: Limits::OVERHEAD,
                frame: self.frame,
            });
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            slots: 4096,
            log: 32_768,
            metadata: 384,
            message: 192,
            result: 256,
            frame: 1200,
            finals: 256,
            value: 65_536,
        }
    }
}

/// When a change counts as durable at the controller.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum AckPolicy {
    /// When the controller's host has confirmed it with `commit`.
    #[default]
    Durable,
    /// When the controller has received it: lossy, should the controller die before its host has stored it.
    Received,
}

/// What an agent's word rests on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Durability {
    /// Memory alone: there is no journal, and a restart begins with nothing.
    #[default]
    Volatile,
    /// A journal: nothing is told before the host has confirmed that it is stored, and a restart goes on from there.
    WriteAhead,
}

/// How the parts of a transmission are timed. The same for both roles.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Pace {
    /// How long a change may wait for company while frames are in flight. 0 to 10 s; 20 ms by default.
    pub linger: Duration,
    /// The shortest retransmission time-out. 1 ms to 60 s; 20 ms by default: acknowledgements come at once, and above a
    /// round trip and four times its variation (RFC 6298) a time-out need only allow for the turns of the hosts' loops.
    /// One that comes too soon costs a small frame.
    pub least_rto: Duration,
    /// The longest back-off between tries. 100 ms to 1 h; 15 s by default.
    pub most_backoff: Duration,
    /// Frames in flight at most. 1 to 64, as an acknowledgement tells of 64 frames; 32 by default.
    pub frames_in_flight: u32,
    /// Bytes in flight at most. 1,200 to 2^30; 65,536 by default.
    pub bytes_in_flight: u32,
    /// Details in a frame that is full of entries: after this many such frames, an eighth of the next is detail's.
    /// 1 to 1,024; 8 by default.
    pub detail_after: u32,
    /// The least time between two frames that go for details alone, so that progress that changes all the time fills no link;
    /// beside entries details travel at once. 0 to 1 h; 100 ms by default.
    pub detail_interval: Duration,
    /// Records from which on a repair first looks for those that differ, by a sketch that costs about sixteen bytes for each
    /// of them and a round trip or two, in place of telling all. 0 to 2^32 − 1, and that is never; 64 by default.
    pub sketch_from: u32,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            linger: Duration::from_millis(20),
            least_rto: Duration::from_millis(20),
            most_backoff: Duration::from_secs(15),
            frames_in_flight: 32,
            bytes_in_flight: 65_536,
            detail_after: 8,
            detail_interval: Duration::from_millis(100),
            sketch_from: 64,
        }
    }
}

impl Pace {
    fn check(&self) -> Result<(), ConfigError> {
        within("linger (µs)", micros(self.linger), 0, 10_000_000)?;
        within("least_rto (µs)", micros(self.least_rto), 1_000, 60_000_000)?;
        within("most_backoff (µs)", micros(self.most_backoff), 100_000, 3_600_000_000)?;
        within("frames_in_flight", self.frames_in_flight.into(), 1, 64)?;
        within("bytes_in_flight", self.bytes_in_flight.into(), 1200, 1 << 30)?;
        within("detail_after", self.detail_after.into(), 1, 1024)?;
        within("detail_interval (µs)", micros(self.detail_interval), 0, 3_600_000_000)
    }
}

/// Settings of an agent.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AgentConfig {
    /// The node's name.
    pub node: Name,
    /// This incarnation: larger at each start (max(clock, stored + 1) is a good one). 1 to 2^64 − 2.
    pub epoch: Epoch,
    /// Wall-clock milliseconds at the host's `Instant::ZERO`: wall time = this + now. 0 to 2^62; 0 by default, and then times are
    /// those of the host's own clock.
    pub wall_clock_offset: u64,
    /// Bounds that HELLO states.
    pub limits: Limits,
    /// Timing of transmissions.
    pub pace: Pace,
    /// Whether a journal is kept. Volatile by default; WriteAhead costs the agent a few hundred bytes, and its host a store.
    pub durability: Durability,
    /// Events that may wait for `poll_event`. 4 to 65,536; 64 by default. Later ones of a kind replace earlier.
    pub events: u32,
    /// How much faster than the controller's this host's clock may run, in parts per million: the agent's belief in its
    /// lease ends that much sooner. 0 to 100,000; 1,000 by default.
    pub clock_rate_error_ppm: u32,
    /// A deliberate fault, for the tests of the tests.
    pub baits: Baits,
}

impl AgentConfig {
    /// The defaults for a node.
    ///
    /// # Errors
    /// [`ConfigError::Name`] when the name is empty or longer than 64 bytes.
    pub fn new(node: &str, epoch: u64) -> Result<AgentConfig, ConfigError> {
        Ok(AgentConfig {
            node: Name::new(node).map_err(|error| ConfigError::Name { field: "node", error })?,
            epoch: Epoch(epoch),
            wall_clock_offset: 0,
            limits: Limits::default(),
            pace: Pace::default(),
            durability: Durability::default(),
            events: 64,
            clock_rate_error_ppm: 1_000,
            baits: Baits::default(),
        })
    }

    /// Checks every setting, and that they fit together.
    ///
    /// # Errors
    /// The first [`ConfigError`] found.
    pub fn check(&self) -> Result<(), ConfigError> {
        within("epoch", self.epoch.0, 1, u64::MAX - 1)?;
        within("wall_clock_offset", self.wall_clock_offset, 0, 1 << 62)?;
        within("events", self.events.into(), 4, 65_536)?;
        within("clock_rate_error_ppm", self.clock_rate_error_ppm.into(), 0, 100_000)?;
        self.limits.check()?;
        self.pace.check()
    }

    /// The nonce of an incarnation of this configuration.
    pub(crate) fn nonce(&self, seed: u64) -> Nonce {
        nonce(seed, self.epoch.0, self.node.as_str())
    }
}

/// Settings of a controller.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ControllerConfig {
    /// The controller's name.
    pub name: Name,
    /// This incarnation: larger at each start and at each fail-over. 1 to 2^64 − 2.
    pub term: Term,
    /// Wall-clock milliseconds at the host's `Instant::ZERO`.
    pub wall_clock_offset: u64,
    /// When a change counts as durable.
    pub ack_policy: AckPolicy,
    /// Whether the controller gives out what a host is to store (`poll_store`). Volatile by default, for hosts with a store of
    /// their own; WriteAhead costs about 100 bytes a node, and what has changed of a node since it was written.
    pub durability: Durability,
    /// How often a silent agent says that it is there. 10 ms to 1 h; 5 s by default.
    pub heartbeat: Duration,
    /// How long a silent agent is believed in. At least 2 heartbeat intervals, at most 24 h; 3 intervals by default.
    pub lease: Duration,
    /// How late a call may come before the delay is taken for the host's own and ends no lease. 1 ms to 1 h; 200 ms by
    /// default.
    pub lateness: Duration,
    /// When more than this share of the nodes that are believed in falls silent within one interval (and at least 3 of at
    /// least 8), the fault is taken for this side's and no lease ends for a while. 1 to 100 %, and 100 is never; 50 by
    /// default.
    pub mass_silence_percent: u32,
    /// How much longer than its lease a silent node is believed in at most because of that. 0 to 24 h; 5 min by default.
    pub mass_silence_hold: Duration,
    /// The largest bounds that a HELLO may state.
    pub limits: Limits,
    /// Nodes at most. 1 to 16,777,216; 65,536 by default. An idle node costs about 1 KB.
    pub nodes: u32,
    /// Handshakes under way at most. 1 to 65,536; 1,024 by default.
    pub handshakes: u32,
    /// Repairs (snapshots being staged) at a time. 1 to 65,536; 64 by default.
    pub repairs: u32,
    /// Transition events that may wait for `poll_event`, for each node. 1 to 1,048,576; 1,024 by default.
    pub events_per_node: u32,
    /// Frames that a gap may hold back, for each node. 0 to 64; 16 by default, one frame's bytes each.
    pub reorder_frames: u32,
    /// Final tasks that the view keeps after they were forgotten, for each node. 0 to 1,048,576; 1,024 by default.
    pub finals_per_node: u32,
    /// The same over all nodes. 0 to 2^28; 1,048,576 by default. The oldest goes first.
    pub finals: u32,
    /// How long they are kept. 1 s to 10 years; 7 days by default.
    pub finals_age: Duration,
    /// Changes of the view that watchers may still read: transitions, marks, removals, nodes. It is the audit log. 0 to
    /// 2^24; 16,384 by default, up to 96 bytes each. With 0 a watcher can only learn that something has changed.
    pub history: u32,
    /// Changes of details that watchers may still read. 0 to 2^24; 16,384 by default, 32 bytes each.
    pub detail_history: u32,
    /// Timing of transmissions.
    pub pace: Pace,
    /// A deliberate fault, for the tests of the tests.
    pub baits: Baits,
}

impl ControllerConfig {
    /// The defaults for a controller of this name, in term 1.
    ///
    /// # Errors
    /// [`ConfigError::Name`] when the name is empty or longer than 64 bytes.
    pub fn new(name: &str) -> Result<ControllerConfig, ConfigError> {
        Ok(ControllerConfig {
            name: Name::new(name).map_err(|error| ConfigError::Name { field: "controller", error })?,
            term: Term(1),
            wall_clock_offset: 0,
            ack_policy: AckPolicy::Durable,
            durability: Durability::Volatile,
            heartbeat: Duration::from_secs(5),
            lease: Duration::from_secs(15),
            lateness: Duration::from_millis(200),
            mass_silence_percent: 50,
            mass_silence_hold: Duration::from_secs(300),
            limits: Limits {
                slots: 1 << 20,
                log: 1 << 22,
                metadata: 65_507,
                message: 65_507,
                result: 65_507,
                frame: 65_507,
                finals: 1 << 16,
                value: Limits::MOST_VALUE,
            },
            nodes: 65_536,
            handshakes: 1024,
            repairs: 64,
            events_per_node: 1024,
            reorder_frames: 16,
            finals_per_node: 1024,
            finals: 1 << 20,
            finals_age: Duration::from_secs(7 * 86_400),
            history: 16_384,
            detail_history: 16_384,
            pace: Pace::default(),
            baits: Baits::default(),
        })
    }

    /// The same with another term.
    #[must_use]
    pub fn term(mut self, term: u64) -> ControllerConfig {
        self.term = Term(term);
        self
    }

    /// Checks every setting, and that they fit together.
    ///
    /// # Errors
    /// The first [`ConfigError`] found.
    pub fn check(&self) -> Result<(), ConfigError> {
        within("term", self.term.0, 1, u64::MAX - 1)?;
        within("wall_clock_offset", self.wall_clock_offset, 0, 1 << 62)?;
        within("heartbeat (µs)", micros(self.heartbeat), 10_000, 3_600_000_000)?;
        within("lease (µs)", micros(self.lease), 20_000, 86_400_000_000)?;
        if self.lease < self.heartbeat * 2 {
            return Err(ConfigError::LeaseTooShort {
                lease_ms: micros(self.lease) / 1000,
                heartbeat_ms: micros(self.heartbeat) / 1000,
                least_ms: micros(self.heartbeat) / 500,
            });
        }
        within("lateness (µs)", micros(self.lateness), 1_000, 3_600_000_000)?;
        within("mass_silence_percent", self.mass_silence_percent.into(), 1, 100)?;
        within("mass_silence_hold (µs)", micros(self.mass_silence_hold), 0, 86_400_000_000)?;
        within("nodes", self.nodes.into(), 1, 1 << 24)?;
        within("handshakes", self.handshakes.into(), 1, 65_536)?;
        within("repairs", self.repairs.into(), 1, 65_536)?;
        within("events_per_node", self.events_per_node.into(), 1, 1 << 20)?;
        within("reorder_frames", self.reorder_frames.into(), 0, 64)?;
        within("finals_per_node", self.finals_per_node.into(), 0, 1 << 20)?;
        within("finals", self.finals.into(), 0, 1 << 28)?;
        within("finals_age (µs)", micros(self.finals_age), 1_000_000, 10 * 366 * 86_400_000_000)?;
        within("history", self.history.into(), 0, 1 << 24)?;
        within("detail_history", self.detail_history.into(), 0, 1 << 24)?;
        self.pace.check()
    }

    /// The nonce of an incarnation of this configuration.
    pub(crate) fn nonce(&self, seed: u64) -> Nonce {
        nonce(seed, self.term.0, self.name.as_str())
    }
}

/// Mixes the host's seed with the incarnation and the name, so that a fleet that was given one seed still differs.
fn nonce(seed: u64, incarnation: u64, name: &str) -> Nonce {
    // One buffer, longer than 16 bytes: of shorter ones XXH3 mixes a seed too little to tell a fleet's apart, whose names
    // and seeds are both counted up.
    let mut bytes = Vec::with_capacity(16 + name.len() + 1);
    bytes.extend_from_slice(&seed.to_le_bytes());
    bytes.extend_from_slice(&incarnation.to_le_bytes());
    bytes.extend_from_slice(name.as_bytes());
    Nonce(xxhash_rust::xxh3::xxh3_64(&bytes).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_fleet_whose_names_and_seeds_are_counted_up_has_as_many_nonces_as_nodes() {
        let nonces: alloc::collections::BTreeSet<Nonce> =
            (0..50_000u64).map(|index| nonce(index, 1, &alloc::format!("n{index}"))).collect();
        assert_eq!(nonces.len(), 50_000);
    }

    #[test]
    fn a_lease_below_two_intervals_is_refused_with_the_least_that_will_do() {
        let mut config = ControllerConfig::new("c").unwrap();
        config.lease = Duration::from_secs(6);
        assert_eq!(
            config.check().unwrap_err().to_string(),
            "configuration: lease 6000 ms is less than 2 heartbeat intervals of 5000 ms; give at least 10000 ms"
        );
        config.lease = Duration::from_secs(10);
        assert_eq!(config.check(), Ok(()));
    }

    #[test]
    fn a_record_at_every_bound_must_fit_into_a_frame() {
        let mut config = AgentConfig::new("n", 1).unwrap();
        assert_eq!(config.check(), Ok(()));
        config.limits.metadata = 1000;
        assert!(matches!(config.check(), Err(ConfigError::RecordBeyondFrame { metadata: 1000, .. })));
    }
}
