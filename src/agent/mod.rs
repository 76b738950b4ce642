//! The agent: single writer of its node's reported state. Here are the object, its five calls of the loop and what can be
//! asked of it; host calls on tasks are in `tasks`, frames in `receive` and `transmit`, the life of a session in `session`.

mod builder;
pub(crate) mod event;
mod gauges;
mod journal;
mod liveness;
mod receive;
mod session;
mod tasks;
mod transmit;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::hash::{Hash, Hasher};
use core::time::Duration;

use crate::bait::bait;
use crate::config::{AgentConfig, ConfigError, Durability};
use crate::id::{Epoch, Name, Nonce, Slot, TaskId, Term};
use crate::journal::restore::Stored;
use crate::journal::{Accepted, Journal};
use crate::lease::{LeaseView, OwnLease};
use crate::metrics::AgentMetrics;
use crate::publisher::{Maker, Publisher};
use crate::receive_error::{BufferTooSmall, ReceiveError};
use crate::revision::{Digest, Position, Revision};
use crate::rng::Rng;
use crate::rtt::Backoff;
use crate::stream::Reported;
use crate::table::Table;
use crate::task::{Detail, Record};
use crate::time::{sooner, Due, Instant, UnixMillis};
use crate::wire::{DeltaWriter, Fenced, SnapshotWriter, PADDED_HELLO};

pub use builder::AgentBuilder;
pub use event::{AgentEvent, SessionEnd};
pub use liveness::SleepError;
use session::State;
pub use session::{Phase, SupersedeError};
pub use tasks::{Registration, Report};

/// The edge side: one object for a node, the single writer of its tasks' reported state.
///
/// # How to use it
/// After any call that may have changed something, drain [`poll_transmit`](Agent::poll_transmit) and
/// [`poll_event`](Agent::poll_event), then sleep until a frame comes or [`next_timeout`](Agent::next_timeout), and call
/// [`receive`](Agent::receive) or [`handle_timeout`](Agent::handle_timeout). Order does not matter, extra calls do no
/// harm. No call blocks, panics, or grows memory past the bounds of [`AgentConfig`].
///
/// `now` comes from a monotonic clock that goes on while the machine sleeps; a `now` below the last one acts as the last.
#[derive(Clone, Debug)]
pub struct Agent {
    config: AgentConfig,
    seed: u64,
    rng: Rng,
    epoch: Epoch,
    nonce: Nonce,
    publisher: Publisher<Reported>,
    state: State,
    next_frame: u64,
    hello_counter: u64,
    /// How long HELLO is: as much as WELCOME had, and a little that it may have grown.
    hello_bytes: usize,
    /// The controller accepted last: its term, nonce and name.
    accepted: Option<(Term, Nonce, Name)>,
    /// The controller incarnation met last.
    met: Option<Nonce>,
    backoff: Backoff,
    lease: OwnLease,
    events: VecDeque<AgentEvent>,
    /// An answer outside the session that waits to be sent.
    answer: Option<Fenced>,
    now: Instant,
    wall_clock_offset: u64,
    metrics: AgentMetrics,
    writer: DeltaWriter,
    snapshot_writer: SnapshotWriter,
    /// What is to be journaled, if anything.
    journal: Option<Box<Journal>>,
    /// Whether this incarnation began with what a former one had stored.
    restored: bool,
}

/// What of an agent's changes the controller does not have yet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SyncState {
    /// The newest position.
    pub tail: Position,
    /// The newest revision that the controller has said it received.
    pub received: Revision,
    /// The newest revision that is durable there.
    pub durable: Revision,
    /// Entries not yet received.
    pub unreceived: u64,
    /// Entries not yet durable.
    pub undurable: u64,
    /// Since when the oldest entry that is not durable waits.
    pub since: Option<Instant>,
}

impl Agent {
    /// An agent that knows no task. `seed` should be fresh at each start: the core draws nothing itself.
    ///
    /// # Errors
    /// [`ConfigError`] says which setting is wrong and what to give.
    pub fn new(config: AgentConfig, seed: u64) -> Result<Agent, ConfigError> {
        config.check()?;
        Ok(Agent::begin(config, seed, Stored::nothing()))
    }

    /// An agent that begins with what was stored; the configuration is checked.
    fn begin(config: AgentConfig, seed: u64, stored: Stored) -> Agent {
        let nonce = config.nonce(seed);
        let journaled = config.durability == Durability::WriteAhead;
        let journal = journaled.then(|| Box::new(Journal::new(&config, nonce, stored.link)));
        let restored = stored.publisher.is_some();
        let fresh = || Publisher::new(config.limits, &config.pace, seed, config.baits);
        let mut publisher = stored.publisher.unwrap_or_else(fresh);
        if journaled {
            publisher.show(Instant::ZERO, Revision::ZERO);
        }
        let mut agent = Agent {
            seed,
            rng: Rng::new(if bait!(config.baits, OneJitterSeed) { 7 } else { nonce.0 }),
            epoch: config.epoch,
            nonce,
            publisher,
            state: State::first(),
            next_frame: 1,
            hello_counter: 0,
            hello_bytes: PADDED_HELLO,
            accepted: None,
            met: None,
            backoff: Backoff::new(),
            lease: OwnLease::new(),
            events: VecDeque::new(),
            answer: None,
            now: Instant::ZERO,
            wall_clock_offset: config.wall_clock_offset,
            metrics: AgentMetrics::default(),
            writer: DeltaWriter::new(),
            snapshot_writer: SnapshotWriter::new(),
            config,
            journal,
            restored,
        };
        if let Some(Accepted { term, nonce, name }) = stored.accepted {
            agent.accept(term, nonce, &name);
        }
        agent
    }

    /// Hears one frame.
    ///
    /// # Errors
    /// [`ReceiveError`] when the frame is the sender's fault: it was counted and changed nothing. Duplicates, late frames
    /// and frames of a session that has ended are no errors.
    pub fn receive(&mut self, now: Instant, bytes: &[u8]) -> Result<(), ReceiveError> {
        let now = self.enter(now);
        self.metrics.received_bytes_total += bytes.len() as u64;
        self.hear(now, bytes)
    }

    /// Writes the next frame to send into `buffer` and says how many bytes it has; `None` when there is nothing to send
    /// now. A frame that was given out counts as sent.
    ///
    /// # Errors
    /// [`BufferTooSmall`] when `buffer` has fewer bytes than [`Limits::frame`](crate::Limits::frame).
    pub fn poll_transmit(&mut self, now: Instant, buffer: &mut [u8]) -> Result<Option<usize>, BufferTooSmall> {
        let needed = self.config.limits.frame as usize;
        if buffer.len() < needed {
            return Err(BufferTooSmall { given: buffer.len(), needed });
        }
        let now = self.enter(now);
        let sent = self.transmit(now, &mut buffer[..needed]);
        if let Some(length) = sent {
            self.metrics.frames_sent_total += 1;
            self.metrics.sent_bytes_total += length as u64;
        }
        Ok(sent)
    }

    /// Takes the next event out, if there is one.
    pub fn poll_event(&mut self) -> Option<AgentEvent> {
        self.events.pop_front()
    }

    /// When to call [`handle_timeout`](Agent::handle_timeout) at the latest, if nothing else happens; `None` when nothing
    /// is due by itself.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.next_deadline().map(|(deadline, _)| deadline)
    }

    /// Why the host is to be woken then.
    pub fn next_timeout_reason(&self) -> Option<&'static str> {
        self.next_deadline().map(|(_, reason)| reason)
    }

    /// Does what has become due. Early or repeated calls are harmless.
    pub fn handle_timeout(&mut self, now: Instant) {
        let now = self.enter(now);
        self.session_timeout(now);
    }

    /// Clamps the host's time, and ends a lease whose deadline has passed before anything else is done.
    fn enter(&mut self, now: Instant) -> Instant {
        if now < self.now {
            self.metrics.clock_steps_back_total += 1;
        }
        self.now = self.now.max(now.min(Instant::LATEST));
        if self.lease.runs_out(self.now) {
            self.metrics.leases_expired_total += 1;
            self.lease_ran_out(self.now);
        }
        self.now
    }

    /// Tells the host the wall-clock time of this moment. Times of later transitions follow from it and from `now`.
    pub fn set_wall_clock(&mut self, now: Instant, wall: UnixMillis) {
        let now = self.enter(now);
        self.wall_clock_offset = wall.0.min(1 << 62).saturating_sub(now.as_micros() / 1000);
    }

    /// The wall-clock time at `now`, as far as the host has told it.
    fn wall(&self, now: Instant) -> UnixMillis {
        UnixMillis(self.wall_clock_offset.saturating_add(now.as_micros() / 1000).min(1 << 62))
    }

    fn own(&self) -> Maker {
        Maker { epoch: self.epoch, nonce: self.nonce }
    }

    /// Queues an event; a later one of a kind that repeats replaces the earlier. When the host does not poll, news that a
    /// look at the agent tells as well give way, and are counted.
    fn tell(&mut self, event: AgentEvent) {
        if let AgentEvent::Durable { .. } = event {
            if let Some(last @ AgentEvent::Durable { .. }) = self.events.back_mut() {
                *last = event;
                return;
            }
        }
        if self.events.len() >= self.config.events as usize {
            self.metrics.events_dropped_total += 1;
            let dispensable =
                |e: &AgentEvent| matches!(e, AgentEvent::Durable { .. } | AgentEvent::TaskForgotten { .. });
            let index = self.events.iter().position(dispensable).unwrap_or(0);
            self.events.remove(index);
        }
        self.events.push_back(event);
    }

    /// Whether every entry is durable at the controller: nothing would be lost if this agent ended now.
    pub fn is_durable(&self) -> bool {
        self.publisher.log.len() == 0
    }

    /// What the controller does not have yet, and since when.
    pub fn sync_state(&self) -> SyncState {
        let tail = self.publisher.tail();
        let (received, durable) = (self.publisher.received(), self.publisher.base().revision);
        SyncState {
            tail,
            received,
            durable,
            unreceived: tail.revision.0.saturating_sub(received.0),
            undurable: tail.revision.0.saturating_sub(durable.0),
            since: self.publisher.log.oldest(),
        }
    }

    /// What this agent believes of its lease at `now`.
    pub fn lease(&self, now: Instant) -> LeaseView {
        self.lease.view(now.max(self.now))
    }

    /// The record of a task that is registered and not yet forgotten.
    pub fn task(&self, id: TaskId) -> Option<Record> {
        self.publisher.table.find(id)
    }

    /// All tasks that are registered and not yet forgotten, by slot.
    pub fn tasks(&self) -> impl Iterator<Item = Record> + '_ {
        self.publisher.table.iter()
    }

    /// The newest detail of a running task.
    pub fn detail_of(&self, id: TaskId) -> Option<&Detail> {
        self.publisher.table.slot(id).and_then(|slot| self.publisher.details.get(slot))
    }

    /// This incarnation.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The nonce of this incarnation.
    pub fn nonce(&self) -> Nonce {
        self.nonce
    }

    /// The settings.
    pub fn config(&self) -> &AgentConfig {
        &self.config
    }

    /// What has been counted.
    pub fn metrics(&self) -> &AgentMetrics {
        &self.metrics
    }

    /// The records at the tail.
    pub fn table(&self) -> &Table<Reported> {
        &self.publisher.table
    }

    /// Recounts some records from their values; one that is damaged is told.
    fn scrub(&mut self) {
        if let Some(slot) = self.publisher.table.scrub() {
            self.tell_damaged(slot);
        }
    }

    fn tell_damaged(&mut self, slot: Slot) {
        self.metrics.damaged_total += 1;
        if let Some(task) = self.task_in(slot) {
            self.tell(AgentEvent::Damaged { task });
        }
    }

    /// The records at the tail, to be damaged as a fault of memory would. For tests of the checks.
    #[cfg(any(feature = "bait", feature = "damage"))]
    pub fn table_mut(&mut self) -> &mut Table<Reported> {
        &mut self.publisher.table
    }

    /// The durable position: nothing up to it will be sent again, save as part of a state.
    pub fn base(&self) -> Position {
        self.publisher.base()
    }

    /// The digest at base: as it was when base was the tail, and counted anew from the records as they were at base.
    pub fn base_digests(&self) -> (Digest, Digest) {
        (self.publisher.log.base_digest(), self.publisher.recount_base())
    }

    /// Whether a position lies on the history from base to tail.
    pub fn is_on_chain(&self, position: Position) -> bool {
        self.publisher.log.place(position) == crate::log::Place::On
    }

    /// The task that a slot stands for.
    pub fn task_in(&self, slot: Slot) -> Option<TaskId> {
        self.publisher.table.row(slot).map(|row| row.id())
    }

    /// A hash of everything that decides what this agent will do; what was counted is no part of it. For model checkers.
    pub fn state_hash(&self) -> u64 {
        let mut hasher = xxhash_rust::xxh3::Xxh3::new();
        self.config.hash(&mut hasher);
        self.rng.hash(&mut hasher);
        (self.epoch, self.nonce, self.next_frame, self.hello_counter, self.now).hash(&mut hasher);
        self.publisher.hash(&mut hasher);
        self.state.hash(&mut hasher);
        self.accepted.hash(&mut hasher);
        self.met.hash(&mut hasher);
        self.backoff.hash(&mut hasher);
        self.lease.hash(&mut hasher);
        self.events.hash(&mut hasher);
        self.answer.hash(&mut hasher);
        self.wall_clock_offset.hash(&mut hasher);
        self.journal.hash(&mut hasher);
        (self.restored, self.hello_bytes).hash(&mut hasher);
        hasher.finish()
    }

    fn next_deadline(&self) -> Option<Due> {
        sooner(self.lease.deadline().map(|deadline| (deadline, "lease")), self.session_deadline())
    }

    /// Leaves in good order: says GOODBYE, in a session, with the time after which this agent means to come back (zero if
    /// it does not say), and is silent afterwards. Best called when [`is_durable`](Agent::is_durable).
    pub fn goodbye(&mut self, now: Instant, come_back_after: Duration) {
        let now = self.enter(now);
        self.leave(now, come_back_after);
    }
}
