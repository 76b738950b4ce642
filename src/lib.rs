//! taskwire keeps a controller's view of *task state* equal to what its edge agents know, over links that lose, repeat,
//! reorder, delay and corrupt messages, through crashes of either side.
//!
//! It is sans-IO: it opens no socket, reads no clock, starts no thread, draws no random number. The host gives it bytes and
//! time, and takes bytes, events and a deadline from it; the same calls always give the same bytes.
//!
//! # The loop
//! Both roles, [`Agent`] and [`Controller`], show the same five calls: `receive`, `poll_transmit`, `poll_event`,
//! `next_timeout`, `handle_timeout`. One rule: *after any call that may have changed something, drain `poll_transmit` and
//! `poll_event`, then sleep until a frame comes or `next_timeout`.*
//!
//! ```
//! use taskwire::{Agent, AgentConfig, Controller, ControllerConfig, ControllerEvent, Exit, Instant, PeerId, TaskId};
//!
//! let mut agent = Agent::new(AgentConfig::new("edge-7", 1)?, 7)?;
//! let mut controller = Controller::new(ControllerConfig::new("control")?, 8)?;
//! let (peer, now) = (PeerId(1), Instant::from_micros(1));
//!
//! let task: TaskId = "0f8fad5b-d9cb-469f-a165-70867728950e".parse()?;
//! agent.register(now, task, b"build #42")?;
//! agent.running(now, task)?;
//! agent.succeeded(now, task, Exit::Code(0))?;
//!
//! let mut frame = [0; 1200];
//! let mut states = Vec::new();
//! while !agent.is_durable() {
//!     while let Some(length) = agent.poll_transmit(now, &mut frame)? {
//!         controller.receive(now, peer, &frame[..length])?;
//!     }
//!     while let Some(event) = controller.poll_event() {
//!         match event {
//!             ControllerEvent::Transition { transition, .. } => states.push(transition.state.to_string()),
//!             ControllerEvent::CommitDue { node, position } => controller.commit(node, position)?,
//!             _ => {}
//!         }
//!     }
//!     while let Some((_, length)) = controller.poll_transmit(now, &mut frame)? {
//!         agent.receive(now, &frame[..length])?;
//!     }
//! }
//! assert_eq!(states, ["PENDING", "RUNNING", "SUCCEEDED"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Layers
//! Each imports only those below it: roles ([`Agent`], [`Controller`]); mechanisms (publisher, subscriber, replica, stage,
//! lease); parts (table, log, window, details, receipts, round-trip time); bytes ([`wire`], [`metrics`]); vocabulary
//! (task, id, revision, time, value, error, config). docs/ARCHITECTURE.md is the map; docs/WATCHING.md tells how to
//! follow a controller's view.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

extern crate alloc;

// roles
mod agent;
mod congestion;
mod controller;
// mechanisms
mod grants;
mod journal;
mod lease;
mod publisher;
mod receive_error;
mod replica;
mod sketch;
mod snapshot;
mod stage;
mod subscriber;
// parts
mod detail;
mod log;
mod receipts;
mod row;
mod rtt;
mod slots;
mod stream;
mod table;
mod values;
mod window;
// bytes
pub mod metrics;
mod wheel;
pub mod wire;
// vocabulary
mod bait;
mod canonical;
mod config;
mod error;
mod id;
mod map;
mod revision;
mod rng;
mod room;
mod sort;
mod task;
mod time;
mod value;

pub use agent::{
    Agent, AgentBuilder, AgentEvent, Phase, Registration, Report, SessionEnd, SleepError, SupersedeError, SyncState,
};
#[cfg(feature = "bait")]
pub use bait::Bait;
pub use bait::Baits;
pub use canonical::CANONICAL_LENGTH;
pub use config::{AckPolicy, AgentConfig, ConfigError, ControllerConfig, Durability, Limits, Pace};
pub use controller::{
    CommitError, Controller, ControllerBuilder, ControllerEvent, Effect, Filter, Freshness, GiveUpError, Happening,
    Knowledge, Mark, Moved, NodeStanding, NodeView, Reachability, RestoredStore, TaskView, Transition, View,
    ViewChange, ViewChanges, ViewRevision, WatchError, STORE_FORMAT, STORE_RECORD,
};
pub use error::{Illegal, TaskError};
pub use id::{Epoch, FrameNumber, Name, NameError, NodeId, Nonce, PeerId, SessionId, Slot, TaskId, TaskIdError, Term};
pub use journal::{JournalError, Journaled, RestoreError, Restored, JOURNAL_FORMAT, JOURNAL_OVERHEAD};
pub use lease::LeaseView;
pub use receive_error::{BufferTooSmall, ReceiveError};
pub use revision::{Digest, Made, Position, Revision, Tag};
pub use row::{EpochIndex, Epochs, Row, Stepped};
pub use stream::{Reported, Stream};
pub use table::Table;
pub use task::{Change, Detail, Entry, Exit, Final, Payload, Reason, Record, Source, State, Status, TraceContext};
pub use time::{Instant, UnixMillis};
pub use value::Value;

/// The programs of the guide to watching are compiled and run with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../docs/WATCHING.md")]
struct WatchingGuide;
