//! SNAPSHOT frames: a part of a state at base, records by rising slot and forgotten finals in order. What a part should
//! hold, and how parts become a state, is left to the publisher and to the stage.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::codec::{seal, write_header, Bounds, CHECKSUM};
use super::error::{DecodeError, Fault};
use super::forms;
use super::frame::{Header, Snapshot, StreamNumber};
use super::reader::{unzigzag, zigzag, Reader};
use super::writer::{push_varint, Writer};
use crate::id::{Epoch, Slot, TaskId};
use crate::revision::{Digest, Made, Position, Revision, Tag};
use crate::task::{Final, Record, Status};
use crate::time::UnixMillis;
use crate::value::Value;

/// Bytes of a SNAPSHOT frame beside its records and finals, at most.
const AROUND: usize = 1 + 1 + 8 + 10 + CHECKSUM + 1 + 10 + 8 + 8 + 4 * 5 + 3 + 3 + 3;

/// The bit beside the stream that says that a part is a patch.
const PATCH: u8 = 2;

/// The least bytes of a record: slot, id, four differences, attempt, number, time, form, metadata length.
const LEAST_RECORD: usize = 1 + 16 + 4 + 1 + 1 + 1 + 1 + 1;

/// The least bytes of a final: id, two differences, state, number.
const LEAST_FINAL: usize = 16 + 2 + 1 + 1;

/// The numbers that the next item's are told relative to.
#[derive(Clone, Copy, Default, Debug)]
struct Before {
    slot: Option<u32>,
    epoch: u64,
    revision: u64,
    at: u64,
}

/// Puts a SNAPSHOT together. The buffers are kept from one frame to the next.
#[derive(Clone, Debug, Default)]
pub struct SnapshotWriter {
    room: usize,
    before: Before,
    records: u32,
    record_bytes: Vec<u8>,
    /// A patch: slots that are empty are named.
    patch: bool,
    emptied_before: u32,
    emptied: u32,
    emptied_bytes: Vec<u8>,
    final_before: Before,
    finals: u32,
    final_bytes: Vec<u8>,
}

impl SnapshotWriter {
    /// A writer without buffers yet.
    pub fn new() -> SnapshotWriter {
        SnapshotWriter::default()
    }

    /// Begins a frame of at most `room` bytes, everything counted. A `patch` tells only what differs.
    pub fn begin(&mut self, room: usize, patch: bool) {
        self.room = room;
        self.patch = patch;
        self.emptied_before = 0;
        self.emptied = 0;
        self.emptied_bytes.clear();
        self.before = Before::default();
        self.records = 0;
        self.record_bytes.clear();
        self.final_before = Before::default();
        self.finals = 0;
        self.final_bytes.clear();
    }

    /// Adds the record of the next higher slot. `false`: it does not fit, and nothing has changed.
    pub fn push_record(&mut self, record: &Record) -> bool {
        let length = self.record_bytes.len();
        push_record(&mut self.record_bytes, &self.before, record);
        if self.used() > self.room {
            self.record_bytes.truncate(length);
            return false;
        }
        self.records += 1;
        self.before = Before {
            slot: Some(record.slot.0),
            epoch: record.newest.epoch.0,
            revision: record.newest.revision.0,
            at: record.at.0,
        };
        true
    }

    /// Adds the next higher slot that a patch says to be empty. `false`: it does not fit, and nothing has changed.
    pub fn push_emptied(&mut self, slot: Slot) -> bool {
        let length = self.emptied_bytes.len();
        push_varint(&mut self.emptied_bytes, slot.0.wrapping_sub(self.emptied_before).into());
        if self.used() > self.room {
            self.emptied_bytes.truncate(length);
            return false;
        }
        self.emptied += 1;
        self.emptied_before = slot.0.wrapping_add(1);
        true
    }

    /// Adds the next forgotten final. `false`: it does not fit, and nothing has changed.
    pub fn push_final(&mut self, last: &Final) -> bool {
        let length = self.final_bytes.len();
        let out = &mut self.final_bytes;
        out.extend_from_slice(&last.id.0);
        push_difference(out, self.final_before.epoch, last.registered.epoch.0);
        push_difference(out, self.final_before.revision, last.registered.revision.0);
        forms::push_state(out, last.state);
        push_varint(out, last.number.into());
        if self.used() > self.room {
            self.final_bytes.truncate(length);
            return false;
        }
        self.finals += 1;
        self.final_before.epoch = last.registered.epoch.0;
        self.final_before.revision = last.registered.revision.0;
        true
    }

    /// Bytes that the frame may have so far, at most.
    pub fn used(&self) -> usize {
        AROUND + self.record_bytes.len() + self.emptied_bytes.len() + self.final_bytes.len()
    }

    /// Writes the frame into `out` and returns its length, at most what [`SnapshotWriter::used`] said. 0: `out` has less
    /// room than the frame needs.
    #[allow(clippy::too_many_arguments)]
    pub fn finish(
        &self,
        header: Header,
        stream: StreamNumber,
        base: Position,
        digest: Digest,
        slots: u32,
        total: u32,
        first: u32,
        next: u32,
        out: &mut [u8],
    ) -> usize {
        let mut writer = Writer::new(out);
        write_header(header, &mut writer);
        writer.u8(u8::from(stream == StreamNumber::Desired) | if self.patch { PATCH } else { 0 });
        writer.varint(base.revision.0);
        writer.fixed_u64(base.tag.0);
        writer.fixed_u64(digest.0);
        for number in [slots, total, first, next, self.records] {
            writer.varint(number.into());
        }
        writer.put(&self.record_bytes);
        if self.patch {
            writer.varint(self.emptied.into());
            writer.put(&self.emptied_bytes);
        }
        writer.varint(self.finals.into());
        writer.put(&self.final_bytes);
        seal(writer).unwrap_or(0)
    }
}

/// Writes a part that is at hand whole; nothing if it does not fit.
pub(super) fn write_whole(header: Header, part: &Snapshot, out: &mut [u8]) -> Option<usize> {
    let mut writer = SnapshotWriter::new();
    writer.begin(usize::MAX, part.patch);
    part.records.iter().for_each(|record| {
        writer.push_record(record);
    });
    part.emptied.iter().for_each(|slot| {
        writer.push_emptied(*slot);
    });
    part.finals.iter().for_each(|last| {
        writer.push_final(last);
    });
    let (slots, total, first, next) = (part.slots, part.total, part.first, part.next);
    let length = writer.finish(header, part.stream, part.base, part.digest, slots, total, first, next, out);
    (length > 0).then_some(length)
}

fn push_difference(out: &mut Vec<u8>, before: u64, value: u64) {
    push_varint(out, zigzag(value.wrapping_sub(before) as i64));
}

fn push_record(out: &mut Vec<u8>, before: &Before, record: &Record) {
    let least = before.slot.map_or(0, |slot| slot.wrapping_add(1));
    push_varint(out, record.slot.0.wrapping_sub(least).into());
    out.extend_from_slice(&record.id.0);
    push_difference(out, before.epoch, record.newest.epoch.0);
    push_difference(out, before.revision, record.newest.revision.0);
    push_difference(out, record.newest.epoch.0, record.registered.epoch.0);
    push_difference(out, record.newest.revision.0, record.registered.revision.0);
    push_varint(out, record.attempt.into());
    push_varint(out, record.number.into());
    push_difference(out, before.at, record.at.0);
    let status = Status {
        state: record.state,
        reason: record.reason,
        source: record.source,
        exit: record.exit,
        payload: record.payload.clone(),
    };
    forms::push_status(out, &status);
    match record.metadata.as_deref() {
        Some(metadata) if metadata.is_long() => {
            push_varint(out, (metadata.len() as u64) << 1 | 1);
            out.extend_from_slice(&metadata.hash().to_le_bytes());
        }
        Some(metadata) => {
            push_varint(out, (metadata.len() as u64) << 1);
            out.extend_from_slice(metadata.as_bytes());
        }
        None => out.push(0),
    }
}

/// Reads the body of a SNAPSHOT.
pub(super) fn read(reader: &mut Reader<'_>, bounds: &Bounds) -> Result<Snapshot, DecodeError> {
    let at = reader.at();
    let head = reader.u8("stream")?;
    match head & !PATCH {
        0 => {}
        1 => return Err(reader.fail("stream", at, Fault::Stream)),
        code => return Err(reader.fail("stream", at, Fault::Code(code.into()))),
    }
    let revision = Revision(reader.varint_to("base", 0, Revision::LAST.0)?);
    let base = Position { revision, tag: Tag(reader.fixed_u64("base tag")?) };
    let digest = Digest(reader.fixed_u64("digest")?);
    let slots = number(reader, "slots", 0, bounds.slots)?;
    let total = number(reader, "total", slots, u32::MAX)?;
    let first = number(reader, "first", 0, total)?;
    let next = number(reader, "next", first, total)?;
    let mut part = Snapshot {
        stream: StreamNumber::Reported,
        base,
        digest,
        slots,
        total,
        first,
        next,
        patch: head & PATCH != 0,
        records: Vec::new(),
        emptied: Vec::new(),
        finals: Vec::new(),
    };
    read_records(reader, bounds, &mut part)?;
    if part.patch {
        read_emptied(reader, &mut part)?;
    }
    read_finals(reader, &mut part)?;
    Ok(part)
}

fn number(reader: &mut Reader<'_>, field: &'static str, least: u32, most: u32) -> Result<u32, DecodeError> {
    let at = reader.at();
    let value = reader.varint_of(field, 32)?;
    Ok(reader.within(field, at, value, least.into(), most.into())? as u32)
}

/// A count of items of at least `least` bytes each, seen to have room in what is left.
fn count(reader: &mut Reader<'_>, field: &'static str, least: usize) -> Result<usize, DecodeError> {
    let at = reader.at();
    let count = reader.varint_of(field, 32)?;
    let needed = usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(least);
    if needed > reader.left() {
        return Err(reader.fail(field, at, Fault::Cut { needed, left: reader.left() }));
    }
    Ok(count as usize)
}

/// `before` and the difference that is read, modulo 2^64, in a range.
fn difference(
    reader: &mut Reader<'_>,
    field: &'static str,
    before: u64,
    least: u64,
    most: u64,
) -> Result<u64, DecodeError> {
    let at = reader.at();
    let value = before.wrapping_add(unzigzag(reader.varint(field)?) as u64);
    reader.within(field, at, value, least, most)
}

fn read_records(reader: &mut Reader<'_>, bounds: &Bounds, part: &mut Snapshot) -> Result<(), DecodeError> {
    let records = count(reader, "records", LEAST_RECORD)?;
    part.records.reserve_exact(records);
    let mut before = Before::default();
    let last_slot = u64::from(part.next.min(part.slots));
    for _ in 0..records {
        let at = reader.at();
        let slot = before.slot.map_or(0, |slot| u64::from(slot) + 1) + reader.varint_of("slot", 32)?;
        if slot < part.first.into() || slot >= last_slot {
            let (least, most) = (part.first.into(), last_slot.saturating_sub(1));
            return Err(reader.fail("slot", at, Fault::Range { found: slot, least, most }));
        }
        before.slot = Some(slot as u32);
        let record = read_record(reader, bounds, &mut before, part.base.revision.0)?;
        part.records.push(record);
    }
    Ok(())
}

/// Slots of a patch that are empty: differences from the one before, in the range of the part, and none of a record.
fn read_emptied(reader: &mut Reader<'_>, part: &mut Snapshot) -> Result<(), DecodeError> {
    let emptied = count(reader, "emptied", 1)?;
    part.emptied.reserve_exact(emptied);
    let (least, end) = (u64::from(part.first), u64::from(part.next.min(part.slots)));
    let mut next = 0u64;
    for _ in 0..emptied {
        let at = reader.at();
        let slot = next + reader.varint_of("emptied slot", 32)?;
        if slot < least || slot >= end {
            let fault = Fault::Range { found: slot, least, most: end.saturating_sub(1) };
            return Err(reader.fail("emptied slot", at, fault));
        }
        let slot = Slot(slot as u32);
        if part.records.binary_search_by_key(&slot, |record| record.slot).is_ok() {
            return Err(reader.fail("emptied slot", at, Fault::Disagrees { found: slot.0.into(), expected: 0 }));
        }
        next = u64::from(slot.0) + 1;
        part.emptied.push(slot);
    }
    Ok(())
}

fn read_record(
    reader: &mut Reader<'_>,
    bounds: &Bounds,
    before: &mut Before,
    base: u64,
) -> Result<Record, DecodeError> {
    let id = TaskId(reader.array::<16>("task")?);
    let last_epoch = u64::MAX - 1;
    let epoch = difference(reader, "newest epoch", before.epoch, 1, last_epoch)?;
    let revision = difference(reader, "newest revision", before.revision, 1, base)?;
    let registered_epoch = difference(reader, "registered epoch", epoch, 1, last_epoch)?;
    let registered_revision = difference(reader, "registered revision", revision, 1, revision)?;
    let attempt = number(reader, "attempt", 0, u32::MAX)?;
    let number = number(reader, "number", 1, u32::MAX)?;
    let at = difference(reader, "time", before.at, 0, UnixMillis::LAST.0)?;
    let form_at = reader.at();
    let form = reader.u8("form")?;
    let status = forms::read_status(reader, form, form_at, bounds)?;
    let metadata = read_metadata(reader, bounds)?;
    *before = Before { epoch, revision, at, ..*before };
    Ok(Record {
        id,
        slot: Slot(before.slot.unwrap_or(0)),
        registered: Made { epoch: Epoch(registered_epoch), revision: Revision(registered_revision) },
        newest: Made { epoch: Epoch(epoch), revision: Revision(revision) },
        attempt,
        number,
        state: status.state,
        at: UnixMillis(at),
        reason: status.reason,
        source: status.source,
        exit: status.exit,
        metadata: if metadata.is_empty() { None } else { Some(Arc::new(metadata)) },
        payload: status.payload,
    })
}

/// Metadata of a record: twice its length, and its bytes; or twice the length and one, and the hash of a long value.
fn read_metadata(reader: &mut Reader<'_>, bounds: &Bounds) -> Result<Value, DecodeError> {
    let at = reader.at();
    let head = reader.varint("metadata")?;
    let length = head >> 1;
    if head & 1 == 1 {
        let length = forms::long_length(reader, "metadata", at, length, bounds.value)?;
        return Ok(Value::pending(length, reader.fixed_u64("metadata hash")?));
    }
    if length > u64::from(bounds.metadata) {
        return Err(reader.fail("metadata", at, Fault::ValueBeyond { length, bound: bounds.metadata }));
    }
    Ok(Value::new(reader.bytes("metadata", length as usize)?))
}

fn read_finals(reader: &mut Reader<'_>, part: &mut Snapshot) -> Result<(), DecodeError> {
    let at = reader.at();
    let finals = count(reader, "finals", LEAST_FINAL)?;
    let expected = part.next.saturating_sub(part.first.max(part.slots));
    if finals as u64 != u64::from(expected) {
        return Err(reader.fail("finals", at, Fault::Disagrees { found: finals as u64, expected: expected.into() }));
    }
    part.finals.reserve_exact(finals);
    let mut before = Before::default();
    for _ in 0..finals {
        let id = TaskId(reader.array::<16>("task")?);
        before.epoch = difference(reader, "registered epoch", before.epoch, 1, u64::MAX - 1)?;
        before.revision = difference(reader, "registered revision", before.revision, 1, Revision::LAST.0)?;
        let registered = Made { epoch: Epoch(before.epoch), revision: Revision(before.revision) };
        let state_at = reader.at();
        let code = reader.u8("state")?;
        let Some(state) = forms::state_of(code).filter(|state| state.is_ended()) else {
            return Err(reader.fail("state", state_at, Fault::Code(code.into())));
        };
        part.finals.push(Final { id, registered, state, number: number(reader, "number", 1, u32::MAX)? });
    }
    Ok(())
}
