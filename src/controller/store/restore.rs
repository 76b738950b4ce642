//! Puts nodes together from the batches of a store. How records are found in the bytes is left to the journal's reader, what a
//! controller does with the nodes to `builder`.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::batch::{mark_of, Begin, Beside, Head, StoredMark, REMEMBERED};
use super::STORE_FORMAT;
use crate::config::ControllerConfig;
use crate::controller::node::Closed;
use crate::controller::view::Mark;
use crate::id::{NodeId, Slot, TaskId, Term};
use crate::journal::reader::{Link, Reader};
use crate::journal::record::RecordKind;
use crate::journal::RestoreError;
use crate::revision::{Position, Revision};
use crate::stream::Reported;
use crate::table::Table;
use crate::task::Record;
use crate::value::Value;
use crate::wire::{decode_into, Body, Bounds, Delta, Snapshot};

/// What was found in a controller's store.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RestoredStore {
    /// Records read.
    pub records: u64,
    /// The term in which the store was written last; `None` when it was empty.
    pub term: Option<Term>,
    /// Nodes.
    pub nodes: u32,
    /// Live tasks of all nodes.
    pub tasks: u64,
    /// Where a torn tail begins, in bytes of what was given, if there is one; what follows it was ignored.
    pub torn_at: Option<u64>,
    /// Bytes ignored there.
    pub ignored_bytes: u64,
}

/// A node as the last whole batch of it left it.
#[derive(Clone, Debug)]
pub(crate) struct StoredNode {
    pub head: Head,
    pub table: Table<Reported>,
    pub remembered: VecDeque<Position>,
    pub marks: BTreeMap<TaskId, Mark>,
    /// Closed tasks, each with a number that rises in the order in which they were closed.
    pub closed: BTreeMap<TaskId, (u64, Closed)>,
    /// The checkpoint that it was written in last.
    checkpoint: u32,
}

/// A batch that is not whole yet.
#[derive(Clone, Debug)]
struct Batch {
    head: Head,
    values: BTreeMap<(Slot, Revision), Vec<u8>>,
    parts: Vec<Snapshot>,
    beside: Vec<(Beside, Option<Record>)>,
}

#[derive(Clone, Debug)]
struct Kept {
    config: ControllerConfig,
    seed: u64,
    term: Option<Term>,
    nodes: BTreeMap<NodeId, StoredNode>,
    batch: Option<Batch>,
    /// Counts checkpoints as they begin.
    checkpoint: u32,
    /// Where the first that is read began, if others came before it, until one is whole.
    cut_off: Option<u64>,
    closings: u64,
    scratch: Delta,
}

#[derive(Clone, Debug)]
pub(crate) struct Restoring {
    reader: Reader,
    kept: Kept,
}

/// What a restored controller begins with.
pub(crate) struct StoredNodes {
    pub nodes: BTreeMap<NodeId, StoredNode>,
    pub link: Option<Link>,
    pub restored: RestoredStore,
}

fn inconsistent<T>(offset: u64, what: &'static str) -> Result<T, RestoreError> {
    Err(RestoreError::Inconsistent { offset, what })
}

fn plain<'a, T: serde::Deserialize<'a>>(offset: u64, body: &'a [u8]) -> Result<(T, &'a [u8]), RestoreError> {
    postcard::take_from_bytes(body)
        .map_err(|_| RestoreError::Inconsistent { offset, what: "fields that cannot be read" })
}

fn mark(offset: u64, stored: StoredMark) -> Result<Mark, RestoreError> {
    mark_of(stored).ok_or(RestoreError::Inconsistent { offset, what: "a mark that this version does not know" })
}

impl Restoring {
    pub(crate) fn new(config: ControllerConfig, seed: u64) -> Restoring {
        let reader = Reader::new(config.baits);
        let kept = Kept {
            config,
            seed,
            term: None,
            nodes: BTreeMap::new(),
            batch: None,
            checkpoint: 0,
            cut_off: None,
            closings: 0,
            scratch: Delta::default(),
        };
        Restoring { reader, kept }
    }

    pub(crate) fn replay(&mut self, chunk: &[u8]) -> Result<(), RestoreError> {
        let kept = &mut self.kept;
        self.reader.feed(chunk, |offset, kind, body| kept.take(offset, kind, body))
    }

    /// All has been given.
    pub(crate) fn finish(mut self) -> Result<StoredNodes, RestoreError> {
        let kept = &mut self.kept;
        self.reader.end(|offset, kind, body| kept.take(offset, kind, body))?;
        if let Some(offset) = self.kept.cut_off {
            return Err(RestoreError::NoCheckpoint { offset });
        }
        let nodes = self.kept.nodes;
        let (stored, bound) = (nodes.len() as u64, u64::from(self.kept.config.nodes));
        if stored > bound {
            return Err(RestoreError::BeyondLimits { what: "nodes", stored, bound });
        }
        let torn = self.reader.torn();
        let restored = RestoredStore {
            records: self.reader.records(),
            term: self.kept.term,
            nodes: nodes.len() as u32,
            tasks: nodes.values().map(|node| node.table.len() as u64).sum(),
            torn_at: torn.map(|(at, _)| at),
            ignored_bytes: torn.map_or(0, |(_, bytes)| bytes),
        };
        Ok(StoredNodes { nodes, link: self.reader.link(), restored })
    }
}

impl Kept {
    fn take(&mut self, offset: u64, kind: RecordKind, body: &[u8]) -> Result<(), RestoreError> {
        match kind {
            RecordKind::Begin => self.begin(offset, body),
            RecordKind::Node => {
                let (head, _) = plain::<Head>(offset, body)?;
                let batch = Batch { head, values: BTreeMap::new(), parts: Vec::new(), beside: Vec::new() };
                self.batch = Some(batch);
                Ok(())
            }
            RecordKind::Value => self.value(offset, body),
            RecordKind::State => self.state(offset, body),
            RecordKind::Beside => self.beside(offset, body),
            RecordKind::Reached => match self.batch.take() {
                Some(batch) => self.reached(offset, batch),
                None => inconsistent(offset, "the end of a batch that never began"),
            },
            RecordKind::Gone => {
                let (id, _) = plain::<NodeId>(offset, body)?;
                self.nodes.remove(&id);
                Ok(())
            }
            RecordKind::Complete => {
                let checkpoint = self.checkpoint;
                self.nodes.retain(|_, node| node.checkpoint == checkpoint);
                self.cut_off = None;
                Ok(())
            }
            RecordKind::Entries | RecordKind::Accepted => inconsistent(offset, "a record of an agent's journal"),
        }
    }

    fn begin(&mut self, offset: u64, body: &[u8]) -> Result<(), RestoreError> {
        // The form stands first, and is all that is read of a later one.
        let found = body.first().copied().unwrap_or(0);
        if found != STORE_FORMAT {
            return Err(RestoreError::Format { offset, found, most: STORE_FORMAT });
        }
        let (begin, _) = plain::<Begin>(offset, body)?;
        if begin.controller != self.config.name {
            return Err(RestoreError::OtherNode { found: begin.controller, expected: self.config.name.clone() });
        }
        if begin.term >= self.config.term {
            return Err(RestoreError::TermNotLarger { given: self.config.term, stored: begin.term });
        }
        if self.checkpoint == 0 && !begin.first {
            self.cut_off = Some(offset);
        }
        self.term = Some(begin.term);
        self.checkpoint += 1;
        // A batch that a crash has cut ends with the life that wrote it.
        self.batch = None;
        Ok(())
    }

    fn decode(&mut self, offset: u64, frame: &[u8]) -> Result<Body, RestoreError> {
        let bounds = Bounds { slots: u32::MAX, ..Bounds::default() };
        let (_, body) = decode_into(frame, &bounds, &mut self.scratch)
            .map_err(|error| RestoreError::Undecodable { offset, error })?;
        Ok(body)
    }

    fn batch(&mut self, offset: u64) -> Result<&mut Batch, RestoreError> {
        self.batch.as_mut().ok_or(RestoreError::Inconsistent { offset, what: "no batch has begun" })
    }

    fn value(&mut self, offset: u64, frame: &[u8]) -> Result<(), RestoreError> {
        let what = "a part of a long value that does not follow on the one before";
        let Body::Chunk(chunk) = self.decode(offset, frame)? else { return inconsistent(offset, what) };
        let value = self.batch(offset)?.values.entry((chunk.slot, chunk.registered)).or_default();
        if chunk.offset as usize != value.len() {
            return inconsistent(offset, what);
        }
        value.extend_from_slice(&chunk.bytes);
        Ok(())
    }

    fn state(&mut self, offset: u64, frame: &[u8]) -> Result<(), RestoreError> {
        let what = "a state that its batch does not announce";
        let Body::Snapshot(mut part) = self.decode(offset, frame)? else { return inconsistent(offset, what) };
        let batch = self.batch(offset)?;
        let head = &batch.head;
        if (part.base, part.digest, part.slots) != (head.position, head.digest, head.slots) {
            return inconsistent(offset, what);
        }
        part.records.iter_mut().for_each(|record| batch.complete(record));
        batch.parts.push(part);
        Ok(())
    }

    fn beside(&mut self, offset: u64, body: &[u8]) -> Result<(), RestoreError> {
        let what = "a closed task without its record";
        let (beside, frame) = plain::<Beside>(offset, body)?;
        let mut record = None;
        if beside.closed.is_some() {
            let Body::Snapshot(part) = self.decode(offset, frame)? else { return inconsistent(offset, what) };
            let Some(mut closed) = part.records.into_iter().next() else { return inconsistent(offset, what) };
            self.batch(offset)?.complete(&mut closed);
            record = Some(closed);
        }
        self.batch(offset)?.beside.push((beside, record));
        Ok(())
    }

    /// A batch is whole: it is taken over in one step.
    fn reached(&mut self, offset: u64, batch: Batch) -> Result<(), RestoreError> {
        let (id, checkpoint) = (batch.head.node, self.checkpoint);
        if batch.head.whole {
            let node = StoredNode::new(batch.head.clone(), self.seed, &self.config);
            self.nodes.insert(id, node);
        }
        let closings = &mut self.closings;
        let Some(node) = self.nodes.get_mut(&id) else {
            return inconsistent(offset, "a batch of what has changed, of a node that is not known");
        };
        if batch.head.whole {
            node.checkpoint = checkpoint;
        }
        node.take(offset, batch, closings)
    }
}

impl Batch {
    /// Puts the bytes of a long value in the place of its length and hash, if they are at hand.
    fn complete(&mut self, record: &mut Record) {
        let Some(pending) = record.metadata.as_ref().filter(|metadata| metadata.is_pending()) else { return };
        let Some(bytes) = self.values.remove(&(record.slot, record.registered.revision)) else { return };
        let value = Value::long(&bytes);
        if (value.len(), value.hash()) == (pending.len(), pending.hash()) {
            record.metadata = Some(Arc::new(value));
        }
    }
}

impl StoredNode {
    fn new(head: Head, seed: u64, config: &ControllerConfig) -> StoredNode {
        let table = Table::new(head.limits.slots.max(head.slots), seed, config.baits);
        let (remembered, closed) = (VecDeque::new(), BTreeMap::new());
        StoredNode { head, table, remembered, marks: BTreeMap::new(), closed, checkpoint: 0 }
    }

    fn take(&mut self, offset: u64, batch: Batch, closings: &mut u64) -> Result<(), RestoreError> {
        let Batch { head, parts, beside, .. } = batch;
        self.table.set_bound(head.limits.slots.max(head.slots));
        // What is replaced goes first: an id may have moved from one slot to another.
        let mut held = BTreeMap::new();
        for part in &parts {
            for slot in part.records.iter().map(|record| record.slot).chain(part.emptied.iter().copied()) {
                if let Some(record) = self.table.take_out(slot) {
                    held.insert((slot, record.registered.revision), record.metadata);
                }
            }
        }
        for mut record in parts.into_iter().flat_map(|part| part.records) {
            let known = held.remove(&(record.slot, record.registered.revision)).flatten();
            if let (Some(metadata), Some(known)) = (&record.metadata, known) {
                // A long value is written once.
                if metadata.is_pending() && (known.len(), known.hash()) == (metadata.len(), metadata.hash()) {
                    record.metadata = Some(known);
                }
            }
            self.table.place(&record).map_err(|error| RestoreError::Illegal { offset, error })?;
        }
        self.table.settle(head.position);
        if self.table.digest() != head.digest {
            return inconsistent(offset, "the digest of a node's records");
        }
        for (beside, record) in beside {
            self.marks.remove(&beside.task);
            if let Some(stored) = beside.mark {
                self.marks.insert(beside.task, mark(offset, stored)?);
            }
            self.closed.remove(&beside.task);
            if let (Some(stored), Some(record)) = (beside.closed, record) {
                let mark = stored.map(|stored| mark(offset, stored)).transpose()?;
                *closings += 1;
                self.closed.insert(beside.task, (*closings, Closed { record, mark }));
            }
        }
        self.remember(&head);
        self.head = head;
        Ok(())
    }

    /// Adds the positions that a batch brings to those that are remembered.
    fn remember(&mut self, head: &Head) {
        let follows = self.remembered.back().map(|last| last.revision.next());
        if follows != Some(head.remembered_from) && !head.remembered.is_empty() {
            self.remembered.clear();
        }
        let revisions = (head.remembered_from.0..).map(Revision);
        self.remembered.extend(revisions.zip(&head.remembered).map(|(revision, tag)| Position { revision, tag: *tag }));
        while self.remembered.len() > REMEMBERED + 1 {
            self.remembered.pop_front();
        }
        if self.remembered.back() != Some(&head.position) {
            self.remembered.clear();
            self.remembered.push_back(head.position);
        }
    }
}
