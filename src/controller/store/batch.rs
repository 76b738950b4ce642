//! What a batch of one node says, as bodies of records: who it is and where its records stand, long values, records, what
//! stands beside them, and that it is whole. When one is made is left to the parent, how it is read to `restore`.

use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::STORE_FORMAT;
use crate::config::{ControllerConfig, Limits};
use crate::controller::node::{Closed, Node};
use crate::controller::view::Mark;
use crate::id::{Epoch, FrameNumber, Name, NodeId, Nonce, SessionId, Slot, TaskId, Term};
use crate::journal::record::RecordKind;
use crate::revision::{Digest, Made, Position, Revision, Tag};
use crate::stream::Reported;
use crate::table::Table;
use crate::task::State;
use crate::wire::{write_chunk, Header, Kind, SnapshotWriter, StreamNumber, CHUNK_AROUND};

/// Bytes of a frame in a record at most.
const FRAME: usize = 65_507;
/// Positions that a restored controller remembers below the one held.
pub(super) const REMEMBERED: usize = 64;

/// One record that is to be given out.
#[derive(Clone, Hash, Debug)]
pub(super) struct Part {
    pub kind: RecordKind,
    pub body: Vec<u8>,
    /// The node and the position that its batch reaches, with its last record.
    pub reaches: Option<(NodeId, Position)>,
}

impl Part {
    pub(super) fn plain(kind: RecordKind, body: Vec<u8>) -> Part {
        Part { kind, body, reaches: None }
    }

    fn of<T: Serialize>(kind: RecordKind, body: &T) -> Option<Part> {
        postcard::to_allocvec(body).ok().map(|body| Part::plain(kind, body))
    }
}

/// What the first record of a checkpoint says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Begin {
    pub format: u8,
    pub controller: Name,
    pub term: Term,
    /// Whether nothing was stored before it.
    pub first: bool,
}

/// An incarnation.
pub(crate) type StoredMaker = (Epoch, Nonce);

/// What the first record of a batch says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Head {
    pub node: NodeId,
    pub name: Name,
    /// Whether it tells all of the node, and not what has changed.
    pub whole: bool,
    /// The incarnation whose OPEN was accepted last, and the counter of its HELLO.
    pub known: Option<StoredMaker>,
    pub opened_counter: u64,
    pub limits: Limits,
    /// Who made the newest entry.
    pub maker: StoredMaker,
    pub position: Position,
    pub digest: Digest,
    pub slots: u32,
    /// The largest epoch told, and the largest revision and epoch whose positions are no longer remembered.
    pub told_epoch: Epoch,
    pub dropped: (Revision, Epoch),
    /// The revision of the first of the remembered tags that follow, dense up to the position.
    pub remembered_from: Revision,
    pub remembered: Vec<Tag>,
}

/// A mark, in numbers that stay.
pub(super) type StoredMark = (u8, Made, u16, u32);

/// What stands beside the records, of one task; of a closed one its record follows as a frame.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Beside {
    pub task: TaskId,
    pub mark: Option<StoredMark>,
    /// Whether it is closed, and then its mark.
    pub closed: Option<Option<StoredMark>>,
}

pub(super) fn stored_mark(mark: &Mark) -> StoredMark {
    match *mark {
        Mark::GivenUp { registered } => (0, registered, 0, 0),
        Mark::OutcomeUnknown { registered } => (1, registered, 0, 0),
        Mark::Conflict { registered, state, number } => (2, registered, state.code(), number),
    }
}

pub(super) fn mark_of(stored: StoredMark) -> Option<Mark> {
    let (kind, registered, state, number) = stored;
    match kind {
        0 => Some(Mark::GivenUp { registered }),
        1 => Some(Mark::OutcomeUnknown { registered }),
        2 => State::from_code(state).map(|state| Mark::Conflict { registered, state, number }),
        _ => None,
    }
}

/// The first record of a checkpoint.
pub(super) fn begin(config: &ControllerConfig, first: bool) -> Option<Part> {
    let begin = Begin { format: STORE_FORMAT, controller: config.name.clone(), term: config.term, first };
    Part::of(RecordKind::Begin, &begin)
}

/// A node was forgotten.
pub(super) fn gone(id: NodeId) -> Option<Part> {
    Part::of(RecordKind::Gone, &id)
}

fn header(kind: Kind) -> Header {
    Header { kind, session: SessionId::NONE, number: FrameNumber(1) }
}

/// The batch of a node, of all of it or of what is not written. Nothing when a record of it is damaged in memory: what was
/// written before stands until that is repaired.
pub(super) fn of_node(node: &Node, whole: bool) -> Option<Vec<Part>> {
    let unstored = node.unstored.as_deref()?;
    let table = &node.subscriber.replica.table;
    let slots: Vec<Slot> = if whole {
        table.rows().map(|(slot, _)| slot).collect()
    } else {
        let mut slots = unstored.slots.clone();
        slots.sort_unstable();
        slots.dedup();
        slots
    };
    if slots.iter().any(|slot| !table.is_sound(*slot)) {
        return None;
    }
    let mut parts = Vec::new();
    parts.push(Part::of(RecordKind::Node, &head(node, whole, unstored.revision))?);
    let values: Vec<Slot> = if whole { slots.clone() } else { unstored.values.iter().map(|(_, slot)| *slot).collect() };
    for slot in values {
        push_value(&mut parts, table, slot)?;
    }
    push_state(&mut parts, table, &slots, whole)?;
    let mut tasks: Vec<TaskId> = if whole {
        node.closed_order.iter().map(|(_, id)| *id).chain(node.marks.keys().copied()).collect()
    } else {
        unstored.tasks.clone()
    };
    if whole {
        // Closed tasks keep their order, marks have none: a map's is its own.
        tasks[node.closed_order.len()..].sort_unstable();
    }
    let mut done = alloc::collections::BTreeSet::new();
    for task in tasks.into_iter().filter(|task| done.insert(*task)) {
        push_beside(&mut parts, node, task)?;
    }
    let reaches = Some((node.id, node.subscriber.position()));
    parts.push(Part { kind: RecordKind::Reached, body: Vec::new(), reaches });
    Some(parts)
}

fn head(node: &Node, whole: bool, written: Revision) -> Head {
    let replica = &node.subscriber.replica;
    let position = replica.position();
    let oldest = replica.oldest_remembered().revision;
    let last = Revision(position.revision.0.saturating_sub(REMEMBERED as u64));
    let from = if whole { oldest.max(last) } else { oldest.max(last).max(written.next()) };
    let tags = (from.0..=position.revision.0).filter_map(|revision| replica.remembers(Revision(revision)));
    let maker = node.subscriber.maker();
    Head {
        node: node.id,
        name: node.name.clone(),
        whole,
        known: node.known.map(|maker| (maker.epoch, maker.nonce)),
        opened_counter: node.opened_counter,
        limits: node.subscriber.limits(),
        maker: (maker.epoch, maker.nonce),
        position,
        digest: replica.table.digest(),
        slots: replica.table.slots_used(),
        told_epoch: node.told_epoch,
        dropped: node.dropped,
        remembered_from: from,
        remembered: tags.map(|position| position.tag).collect(),
    }
}

/// The bytes of the long value in a slot, if they are there.
fn push_value(parts: &mut Vec<Part>, table: &Table<Reported>, slot: Slot) -> Option<()> {
    let Some(row) = table.row(slot) else { return Some(()) };
    let Some(value) = row.metadata().filter(|value| value.is_long() && !value.is_pending()) else { return Some(()) };
    push_bytes(parts, slot, row.registration(), value.as_bytes())
}

fn push_bytes(parts: &mut Vec<Part>, slot: Slot, registered: Revision, bytes: &[u8]) -> Option<()> {
    let total = bytes.len() as u32;
    let mut offset = 0;
    for chunk in bytes.chunks(FRAME - CHUNK_AROUND) {
        let mut body = vec![0; chunk.len() + CHUNK_AROUND];
        let length = write_chunk(header(Kind::Chunk), slot, registered, total, offset, chunk, &mut body)?;
        body.truncate(length);
        parts.push(Part::plain(RecordKind::Value, body));
        offset += chunk.len() as u32;
    }
    Some(())
}

/// The records of these slots, rising: those of a batch that is not whole may be empty by now.
fn push_state(parts: &mut Vec<Part>, table: &Table<Reported>, slots: &[Slot], whole: bool) -> Option<()> {
    let used = table.slots_used();
    let mut writer = SnapshotWriter::new();
    let mut first = 0;
    let mut rest = slots;
    while !rest.is_empty() {
        writer.begin(FRAME, !whole);
        let mut taken = 0;
        for slot in rest {
            let fits = match table.get(*slot) {
                Some(record) => writer.push_record(&record),
                None => writer.push_emptied(*slot),
            };
            if !fits {
                break;
            }
            taken += 1;
        }
        let next = rest.get(taken).map_or(used, |slot| slot.0);
        rest = rest.get(taken..).filter(|_| taken > 0)?;
        let mut body = vec![0; writer.used()];
        let length = writer.finish(
            header(Kind::Snapshot),
            StreamNumber::Reported,
            table.position(),
            table.digest(),
            used,
            used,
            first,
            next,
            &mut body,
        );
        body.truncate(length);
        parts.push(Part::plain(RecordKind::State, body));
        first = next;
    }
    Some(())
}

fn push_beside(parts: &mut Vec<Part>, node: &Node, task: TaskId) -> Option<()> {
    let closed = node.closed.get(&task);
    if let Some(closed) = closed {
        let metadata = closed.record.metadata.as_deref();
        if let Some(value) = metadata.filter(|value| value.is_long() && !value.is_pending()) {
            push_bytes(parts, closed.record.slot, closed.record.registered.revision, value.as_bytes())?;
        }
    }
    let beside = Beside {
        task,
        mark: node.marks.get(&task).map(stored_mark),
        closed: closed.map(|closed| closed.mark.as_ref().map(stored_mark)),
    };
    let mut part = Part::of(RecordKind::Beside, &beside)?;
    if let Some(Closed { record, .. }) = closed {
        let mut writer = SnapshotWriter::new();
        writer.begin(FRAME, false);
        // A record of a former history may be of any revision.
        let base = Position { revision: Revision::LAST, tag: Tag(0) };
        let (slot, end) = (record.slot.0, record.slot.0.checked_add(1)?);
        if !writer.push_record(record) {
            return None;
        }
        let mut frame = vec![0; writer.used()];
        let length = writer.finish(
            header(Kind::Snapshot),
            StreamNumber::Reported,
            base,
            Digest(0),
            end,
            end,
            slot,
            end,
            &mut frame,
        );
        part.body.extend_from_slice(&frame[..length]);
    }
    parts.push(part);
    Some(())
}
