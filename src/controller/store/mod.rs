//! The controller's durable output: what a host is to store so that this controller can be restored, in the form of the
//! agent's journal. Here is what is to be written next and what of it the host has confirmed; what a node's batch says is
//! made in `batch`, and read again in `restore`.
//!
//! A node is written in batches, each taken at a moment when the host has polled all events of it, and taken over by a
//! restore whole or not at all: records, marks, closed tasks, the position that they reach and the last remembered ones. A
//! checkpoint is one whole batch of every node; batches of what changed meanwhile lie between them. Once it is confirmed, what
//! was written before it is unneeded.

mod batch;
pub(super) mod restore;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::node::Node;
use super::Controller;
use crate::config::ControllerConfig;
use crate::id::{NodeId, Nonce, Slot, TaskId};
use crate::journal::reader::Link;
use crate::journal::record::{self, Place, RecordKind, CHECK, HEAD, MOST_BODY};
use crate::journal::{JournalError, Journaled, DUE_AFTER, DUE_LEAST};
use crate::receive_error::BufferTooSmall;
use crate::revision::{Position, Revision};
use batch::Part;

/// The form of a controller's records. They are no agent's: the numbers of the two never meet.
pub const STORE_FORMAT: u8 = 129;

/// Bytes of the buffer that [`Controller::poll_store`] needs: those of the longest record.
pub const STORE_RECORD: usize = HEAD + MOST_BODY + CHECK;

/// Changed slots and tasks of a node that are always listed one by one, however few it has.
const LISTED: usize = 1024;

/// What of a node is not written yet.
#[derive(Clone, Hash, Debug)]
pub(super) struct Unstored {
    /// Everything: the node is new, or its history was replaced.
    whole: bool,
    /// Something beside records.
    head: bool,
    slots: Vec<Slot>,
    /// Tasks whose mark, or whose being closed, has changed.
    tasks: Vec<TaskId>,
    /// Long values that have come whole.
    values: Vec<(Revision, Slot)>,
    /// The checkpoint that the node was written in last.
    checkpoint: u32,
    /// The revision that was written last.
    revision: Revision,
    /// Whether the node waits in the queue.
    queued: bool,
}

impl Unstored {
    fn new(checkpoint: u32) -> Unstored {
        Unstored {
            whole: true,
            head: true,
            slots: Vec::new(),
            tasks: Vec::new(),
            values: Vec::new(),
            checkpoint,
            revision: Revision::ZERO,
            queued: false,
        }
    }

    fn is_due(&self) -> bool {
        self.whole || self.head || !(self.slots.is_empty() && self.tasks.is_empty() && self.values.is_empty())
    }

    fn written(&mut self, checkpoint: u32, revision: Revision) {
        let queued = self.queued;
        let (mut slots, mut tasks, mut values) =
            (core::mem::take(&mut self.slots), core::mem::take(&mut self.tasks), core::mem::take(&mut self.values));
        slots.clear();
        tasks.clear();
        values.clear();
        *self = Unstored { whole: false, head: false, slots, tasks, values, checkpoint, revision, queued };
    }
}

/// What is to be stored, and what is stored.
#[derive(Clone, Hash, Debug)]
pub(super) struct Store {
    link: Link,
    confirmed: u64,
    /// Counts checkpoints; 0 before the first.
    checkpoint: u32,
    under_way: bool,
    /// Nodes that the checkpoint under way lacks.
    lacking: usize,
    /// Nodes with something to write.
    queue: VecDeque<NodeId>,
    gone: VecDeque<NodeId>,
    /// What is made and not given out yet.
    parts: VecDeque<Part>,
    /// Batches that were given out, by the key of their last record, and the position that they reach.
    reached: VecDeque<(u64, NodeId, Position)>,
    /// The first key of the checkpoint under way.
    begun: u64,
    /// First and last key of the newest checkpoint that is written whole.
    whole: Option<(u64, u64)>,
    needed_from: u64,
    checkpoint_bytes: u64,
    bytes_since: u64,
}

impl Store {
    /// The store of one life of a controller; `after` is the end of the one that it was restored from.
    pub(super) fn new(nonce: Nonce, after: Option<Link>) -> Store {
        let (key, check) = after.map_or((0, 0), |link| (link.key, link.check));
        Store {
            link: Link { journal: nonce.0, key, check },
            confirmed: key,
            checkpoint: 0,
            under_way: false,
            lacking: 0,
            queue: VecDeque::new(),
            gone: VecDeque::new(),
            parts: VecDeque::new(),
            reached: VecDeque::new(),
            begun: 0,
            whole: None,
            needed_from: 0,
            checkpoint_bytes: 0,
            bytes_since: 0,
        }
    }

    fn is_checkpoint_due(&self) -> bool {
        let much = self.bytes_since > DUE_LEAST.max(self.checkpoint_bytes.saturating_mul(DUE_AFTER));
        self.checkpoint == 0 || !self.under_way && much
    }

    /// Gives out one record.
    fn write(&mut self, part: &Part, out: &mut [u8]) -> Option<Journaled> {
        let key = self.link.key.saturating_add(1);
        out[HEAD..HEAD + part.body.len()].copy_from_slice(&part.body);
        let place = Place { journal: self.link.journal, key, confirmed: self.confirmed, previous: self.link.check };
        let (length, check) = record::seal(part.kind, place, part.body.len(), out)?;
        self.link = Link { key, check, ..self.link };
        if self.under_way || part.kind == RecordKind::Complete {
            self.checkpoint_bytes += length as u64;
        } else {
            self.bytes_since += length as u64;
        }
        match part.kind {
            RecordKind::Begin => self.begun = key,
            RecordKind::Complete => {
                self.whole = Some((self.begun, key));
                self.bytes_since = 0;
            }
            _ => {}
        }
        if let Some((node, position)) = part.reaches {
            self.reached.push_back((key, node, position));
        }
        Some(Journaled { key, length, begins_checkpoint: part.kind == RecordKind::Begin })
    }
}

impl Node {
    /// A node that is new is written whole.
    pub(super) fn is_to_be_stored(&mut self, checkpoint: u32) {
        self.unstored = Some(alloc::boxed::Box::new(Unstored::new(checkpoint)));
    }

    /// A record has changed.
    #[inline]
    pub(super) fn slot_unstored(&mut self, slot: Slot) {
        let Some(unstored) = self.unstored.as_deref_mut() else { return };
        if unstored.whole || unstored.slots.last() == Some(&slot) {
            return;
        }
        unstored.slots.push(slot);
        let used = self.subscriber.replica.table.slots_used() as usize;
        unstored.whole |= unstored.slots.len() > LISTED.max(2 * used);
    }

    /// The mark of a task, or whether it is closed, has changed.
    pub(super) fn task_unstored(&mut self, task: TaskId) {
        let Some(unstored) = self.unstored.as_deref_mut() else { return };
        if !unstored.whole {
            unstored.tasks.push(task);
            unstored.whole |= unstored.tasks.len() > LISTED.max(2 * (self.closed.len() + self.marks.len()));
        }
    }

    /// A long value has come whole.
    pub(super) fn value_unstored(&mut self, registered: Revision, slot: Slot) {
        if let Some(unstored) = self.unstored.as_deref_mut().filter(|unstored| !unstored.whole) {
            unstored.values.push((registered, slot));
            unstored.slots.push(slot);
        }
    }

    /// Who it is has changed.
    pub(super) fn head_unstored(&mut self) {
        if let Some(unstored) = self.unstored.as_deref_mut() {
            unstored.head = true;
        }
    }

    /// Its history was replaced.
    pub(super) fn all_unstored(&mut self) {
        if let Some(unstored) = self.unstored.as_deref_mut() {
            unstored.whole = true;
        }
    }
}

impl Controller {
    /// Writes the next record to store into `buffer`; `None` when there is none now, and always when the controller is
    /// [`Volatile`](crate::Durability::Volatile). Poll all events first: a node is written once nothing of it waits to be
    /// polled. Append the records to a file, or put them into a store under their keys, in order; then, when they are safe
    /// (after an fsync, which may serve many records), say so by [`store_confirmed`](Controller::store_confirmed).
    ///
    /// # Errors
    /// [`BufferTooSmall`] when `buffer` has fewer than [`STORE_RECORD`] bytes. Nothing was changed.
    pub fn poll_store(&mut self, buffer: &mut [u8]) -> Result<Option<Journaled>, BufferTooSmall> {
        if buffer.len() < STORE_RECORD {
            return Err(BufferTooSmall { given: buffer.len(), needed: STORE_RECORD });
        }
        loop {
            let Some(store) = self.store.as_deref_mut() else { return Ok(None) };
            if let Some(part) = store.parts.pop_front() {
                return Ok(store.write(&part, buffer));
            }
            if !self.make_parts() {
                return Ok(None);
            }
        }
    }

    /// Every record up to this key is stored for good: what the batches in them reach is committed, so that agents let go of
    /// it. It must survive in whatever takes this controller's place. An older key than was said before changes nothing.
    ///
    /// # Errors
    /// [`JournalError`]; nothing is changed.
    pub fn store_confirmed(&mut self, key: u64) -> Result<(), JournalError> {
        let Some(store) = self.store.as_deref_mut() else { return Err(JournalError::Volatile) };
        if key > store.link.key {
            return Err(JournalError::NotWritten { key, last: store.link.key });
        }
        store.confirmed = store.confirmed.max(key);
        if let Some((first, _)) = store.whole.filter(|(_, last)| *last <= store.confirmed) {
            store.needed_from = first;
        }
        while let Some((at, id, position)) = self.store.as_deref_mut().and_then(|store| store.reached.front().copied())
        {
            if at > key {
                break;
            }
            if let Some(store) = self.store.as_deref_mut() {
                store.reached.pop_front();
            }
            // One that is no longer on the history held commits nothing: the batch that replaced it follows.
            let _ = self.commit(id, position);
        }
        Ok(())
    }

    /// Records below this key are no longer needed: a later checkpoint is confirmed whole. 0 while all are.
    pub fn store_needed_from(&self) -> u64 {
        self.store.as_deref().map_or(0, |store| store.needed_from)
    }

    /// A node was heard of for the first time.
    pub(super) fn store_node(&mut self, id: NodeId) {
        let Some(checkpoint) = self.store.as_deref().map(|store| store.checkpoint) else { return };
        if let Some(node) = self.node_mut(id) {
            node.is_to_be_stored(checkpoint);
        }
    }

    /// Queues a node that has something to write, once nothing of it waits to be polled.
    pub(super) fn note_store(&mut self, id: NodeId) {
        let Some(store) = self.store.as_deref_mut() else { return };
        let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        if !node.events.is_empty() {
            return;
        }
        let Some(unstored) = node.unstored.as_deref_mut() else { return };
        let due = unstored.is_due() || unstored.checkpoint != store.checkpoint;
        if due && !core::mem::replace(&mut unstored.queued, true) {
            store.queue.push_back(id);
        }
    }

    /// A node was forgotten.
    pub(super) fn store_gone(&mut self, node: &Node) {
        let Some(store) = self.store.as_deref_mut() else { return };
        let checkpoint = node.unstored.as_deref().map(|unstored| unstored.checkpoint);
        if checkpoint.is_some_and(|checkpoint| checkpoint != store.checkpoint) {
            store.lacking = store.lacking.saturating_sub(1);
        }
        store.gone.push_back(node.id);
    }

    /// Makes the next records; says whether there are any.
    fn make_parts(&mut self) -> bool {
        let Some(store) = self.store.as_deref_mut() else { return false };
        if store.is_checkpoint_due() {
            store.checkpoint = store.checkpoint.wrapping_add(1).max(1);
            store.under_way = true;
            store.checkpoint_bytes = 0;
            store.lacking = self.node_count;
            let begin = batch::begin(&self.config, store.link.key == 0);
            store.parts.extend(begin);
            for id in (0..self.nodes.len() as u32).map(NodeId) {
                self.note_store(id);
            }
            return true;
        }
        if let Some(id) = store.gone.pop_front() {
            store.parts.extend(batch::gone(id));
            return true;
        }
        while let Some(id) = store.queue.pop_front() {
            let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { continue };
            let ready = node.events.is_empty();
            let Some(unstored) = node.unstored.as_deref_mut() else { continue };
            unstored.queued = false;
            // What has come since is polled first; then the node comes again.
            if !ready {
                continue;
            }
            let whole = unstored.whole || unstored.checkpoint != store.checkpoint;
            let Some(parts) = batch::of_node(node, whole) else { continue };
            store.parts.extend(parts);
            let revision = node.subscriber.position().revision;
            if let Some(unstored) = node.unstored.as_deref_mut() {
                if unstored.checkpoint != store.checkpoint {
                    store.lacking = store.lacking.saturating_sub(1);
                }
                unstored.written(store.checkpoint, revision);
            }
            return true;
        }
        if store.under_way && store.lacking == 0 {
            store.under_way = false;
            store.parts.push_back(Part::plain(RecordKind::Complete, Vec::new()));
            return true;
        }
        false
    }
}

/// Whether a configuration asks for a store.
pub(super) fn wanted(config: &ControllerConfig) -> bool {
    config.durability == crate::config::Durability::WriteAhead
}
