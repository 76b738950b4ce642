//! Reads DELTA bodies: the columns that `delta` writes, each checked before anything is allocated for it.
//! What a change and a payload look like is left to `forms`.

use alloc::sync::Arc;

use super::bits::BitReader;
use super::codec::Bounds;
use super::delta::{detail_code, flag, rice_bits, COUNT_FOLLOWS, MOST_IN_FRAME};
use super::error::{DecodeError, Fault};
use super::forms::{self, op};
use super::frame::{Delta, StreamNumber};
use super::reader::{unzigzag, Reader};
use super::strict;
use crate::id::{Epoch, Slot, TaskId};
use crate::revision::{Digest, Revision, Tag};
use crate::task::{Change, Detail, Entry, Exit};
use crate::time::UnixMillis;

/// Reads the body of a DELTA into `delta`, whose vectors are cleared and used again.
pub(super) fn read(reader: &mut Reader<'_>, bounds: &Bounds, delta: &mut Delta) -> Result<(), DecodeError> {
    delta.details.clear();
    delta.digest = None;
    delta.ack = None;
    let start = reader.at();
    let flags = reader.u8("flags")?;
    if flags & flag::DESIRED != 0 {
        return Err(reader.fail("stream", start, Fault::Stream));
    }
    if flags & flag::SPARE != 0 {
        return Err(reader.fail("flags", start, Fault::SpareBits((flags & flag::SPARE).into())));
    }
    if flags & flag::EPOCHS != 0 && flags & flag::ENTRIES == 0 {
        return Err(reader.fail("flags", start, Fault::SpareBits(flag::EPOCHS.into())));
    }
    delta.stream = Some(StreamNumber::Reported);
    delta.from = Revision(reader.varint_to("from", 0, Revision::LAST.0)?);
    delta.tag = Tag(reader.fixed_u64("tag")?);
    if flags & flag::ENTRIES != 0 {
        read_entries(reader, bounds, flags & flag::EPOCHS != 0, delta)?;
    } else {
        delta.entries.clear();
    }
    if flags & flag::DETAILS != 0 {
        read_details(reader, bounds, delta)?;
    }
    if flags & flag::DIGEST != 0 {
        delta.digest = Some(Digest(reader.fixed_u64("digest")?));
    }
    if flags & flag::ACK != 0 {
        delta.ack = Some(strict::read(reader)?);
    }
    Ok(())
}

/// The head of a list: its width and count. Every item has at least `least` bits, so the count is checked against what
/// is left of the frame.
fn read_count(reader: &mut Reader<'_>, field: &'static str, least: usize) -> Result<(u32, usize), DecodeError> {
    let at = reader.at();
    let head = reader.u8(field)?;
    let mut count = u64::from(head >> 5) + 1;
    if head >> 5 == COUNT_FOLLOWS {
        let more = reader.varint(field)?;
        count = reader.within(field, at, more.saturating_add(8), 8, MOST_IN_FRAME as u64)?;
    }
    let needed = (count as usize * least).div_ceil(8);
    if needed > reader.left() {
        return Err(reader.fail(field, at, Fault::Cut { needed, left: reader.left() }));
    }
    Ok((u32::from(head & 31), count as usize))
}

fn read_entries(
    reader: &mut Reader<'_>,
    bounds: &Bounds,
    says_epochs: bool,
    delta: &mut Delta,
) -> Result<(), DecodeError> {
    let head_at = reader.at();
    let (width, count) = read_count(reader, "entries", 8)?;
    if count as u64 > Revision::LAST.0 - delta.from.0 {
        return Err(reader.fail("entries", head_at, Fault::Overflow { most: Revision::LAST.0 }));
    }
    let mut time = reader.varint_to("time", 0, UnixMillis::LAST.0)?;
    let mut epochs = Epochs { epoch: bounds.session_epoch, left: count, runs: None };
    if says_epochs {
        epochs = Epochs::read(reader, bounds.session_epoch, count)?;
    }
    let ops_at = reader.at();
    let ops = reader.bytes("operations", count)?;
    let slots_at = reader.at();
    let mut slots = BitReader::new(reader.bytes("slots", (count * width as usize).div_ceil(8))?);
    // The places are made first and then written field by field, as an entry put together elsewhere costs a copy.
    delta.entries.truncate(count);
    delta.entries.resize_with(count, plain_entry);
    let mut all_bits = 0u32;
    for (index, (code, place)) in ops.iter().zip(delta.entries.iter_mut()).enumerate() {
        let slot = slots.take(width);
        if slot >= bounds.slots {
            let fault = Fault::SlotBeyond { slot: slot.into(), bound: bounds.slots };
            return Err(reader.fail("slot", slots_at + index * width as usize / 8, fault));
        }
        all_bits |= slot;
        time = match code >> 3 {
            0 => time,
            _ if index == 0 => {
                return Err(reader.fail("operation", ops_at, Fault::SpareBits((code >> 3 << 3).into())));
            }
            forms::TIME_ESCAPE => read_time(reader, time)?,
            ahead if time + u64::from(ahead) <= UnixMillis::LAST.0 => time + u64::from(ahead),
            _ => return Err(reader.fail("operation", ops_at + index, Fault::Overflow { most: UnixMillis::LAST.0 })),
        };
        (place.slot, place.epoch, place.at) = (Slot(slot), epochs.next(), UnixMillis(time));
        match code & 7 {
            op::REGISTER => {
                let id = TaskId(reader.array::<16>("task")?);
                place.change = Change::Register { id, metadata: None, payload: None };
            }
            op::RUNNING => place.change = Change::Move(forms::of_plain(op::RUNNING)),
            op::SUCCEEDED => place.change = Change::Move(forms::of_plain(op::SUCCEEDED)),
            op::FORGET => {
                let revision = delta.from.0 + index as u64 + 1;
                let back = reader.varint_to("registered", 1, revision - 1)?;
                place.change = Change::Forget { registered: Revision(revision - back) };
            }
            operation => place.change = read_change(reader, bounds, operation)?,
        }
    }
    if all_bits >> width.saturating_sub(1) == 0 && width > 0 {
        return Err(reader.fail("entries", head_at, Fault::NotShortest));
    }
    match slots.spare() {
        0 => Ok(()),
        spare => Err(reader.fail("slots", slots_at + slots.bytes_used() - 1, Fault::SpareBits(spare))),
    }
}

/// What stands in a place before its entry is read.
fn plain_entry() -> Entry {
    Entry { slot: Slot(0), epoch: Epoch(0), at: UnixMillis(0), change: Change::Forget { registered: Revision::ZERO } }
}

/// The time of an entry that is not 0 to 30 ms after the one before.
#[cold]
fn read_time(reader: &mut Reader<'_>, before: u64) -> Result<u64, DecodeError> {
    let at = reader.at();
    let difference = unzigzag(reader.varint("time")?);
    if (0..i64::from(forms::TIME_ESCAPE)).contains(&difference) {
        return Err(reader.fail("time", at, Fault::NotShortest));
    }
    match before.checked_add_signed(difference).filter(|time| *time <= UnixMillis::LAST.0) {
        Some(time) => Ok(time),
        None => Err(reader.fail("time", at, Fault::Overflow { most: UnixMillis::LAST.0 })),
    }
}

/// The epochs of the entries, one after the other.
struct Epochs<'a> {
    epoch: Epoch,
    left: usize,
    /// The runs that follow; they have been read once and are known to be good.
    runs: Option<Reader<'a>>,
}

impl<'a> Epochs<'a> {
    /// Checks all runs, and passes over them.
    fn read(reader: &mut Reader<'a>, session: Epoch, count: usize) -> Result<Epochs<'a>, DecodeError> {
        let at = reader.at();
        let runs = reader.varint_to("epoch runs", 1, count as u64)?;
        let again = *reader;
        let (mut before, mut covered) = (0u64, 0u64);
        for _ in 0..runs {
            let at = reader.at();
            let epoch = reader.varint_to("epoch", 1, u64::MAX - 1)?;
            let length_at = reader.at();
            let length = reader.varint("epoch run")?;
            if epoch == before {
                return Err(reader.fail("epoch", at, Fault::NotShortest));
            }
            reader.within("epoch run", length_at, length, 1, count as u64 - covered)?;
            before = epoch;
            covered += length;
        }
        if covered != count as u64 {
            return Err(reader.fail("epoch runs", at, Fault::Disagrees { found: covered, expected: count as u64 }));
        }
        if runs == 1 && before == session.0 {
            return Err(reader.fail("epoch runs", at, Fault::NotShortest));
        }
        Ok(Epochs { epoch: Epoch(0), left: 0, runs: Some(again) })
    }

    #[inline]
    fn next(&mut self) -> Epoch {
        if self.left == 0 {
            self.next_run();
        }
        self.left = self.left.saturating_sub(1);
        self.epoch
    }

    #[cold]
    fn next_run(&mut self) {
        if let Some(runs) = &mut self.runs {
            if let (Ok(epoch), Ok(length)) = (runs.varint("epoch"), runs.varint("epoch run")) {
                self.epoch = Epoch(epoch);
                self.left = length as usize;
            }
        }
    }
}

/// The change of an operation that is not among the most frequent.
#[inline(never)]
fn read_change(reader: &mut Reader<'_>, bounds: &Bounds, operation: u8) -> Result<Change, DecodeError> {
    match operation {
        op::FAILED => {
            let at = reader.at();
            let code = forms::read_i32(reader, "exit code")?;
            if code == 0 {
                return Err(reader.fail("exit code", at, Fault::NotShortest));
            }
            let mut status = forms::of_plain(op::FAILED);
            status.exit = Exit::Code(code);
            Ok(Change::Move(status))
        }
        op::GENERAL => read_general(reader, bounds),
        plain => Ok(Change::Move(forms::of_plain(plain))),
    }
}

fn read_general(reader: &mut Reader<'_>, bounds: &Bounds) -> Result<Change, DecodeError> {
    let at = reader.at();
    let form = reader.u8("form")?;
    match form & 7 {
        forms::FORM_REGISTER => {
            let known = forms::REGISTER_METADATA | forms::REGISTER_PAYLOAD | forms::REGISTER_LONG;
            if form & !known & !7 != 0 {
                return Err(reader.fail("form", at, Fault::SpareBits((form & !known).into())));
            }
            let both = forms::REGISTER_METADATA | forms::REGISTER_LONG;
            if form & known == 0 || form & both == both {
                return Err(reader.fail("form", at, Fault::NotShortest));
            }
            let id = TaskId(reader.array::<16>("task")?);
            let mut metadata = None;
            if form & forms::REGISTER_METADATA != 0 {
                metadata = Some(Arc::new(forms::read_value(reader, "metadata", 1, bounds.metadata)?));
            }
            if form & forms::REGISTER_LONG != 0 {
                metadata = Some(Arc::new(forms::read_long(reader, "metadata", bounds.value)?));
            }
            let mut payload = None;
            if form & forms::REGISTER_PAYLOAD != 0 {
                payload = forms::read_shared_payload(reader, bounds)?;
            }
            Ok(Change::Register { id, metadata, payload })
        }
        forms::FORM_UNKNOWN => {
            let kind = form >> 3;
            reader.within("entry kind", at, kind.into(), 4, 15)?;
            Ok(Change::Unknown { kind, bytes: forms::read_value(reader, "entry body", 0, forms::MOST_EXT - 1)? })
        }
        _ => {
            let status = forms::read_status(reader, form, at, bounds)?;
            if forms::plain(&status).is_some() {
                return Err(reader.fail("form", at, Fault::NotShortest));
            }
            Ok(Change::Move(status))
        }
    }
}

fn read_details(reader: &mut Reader<'_>, bounds: &Bounds, delta: &mut Delta) -> Result<(), DecodeError> {
    let head_at = reader.at();
    let (low, count) = read_count(reader, "details", 1 + detail_code::BITS as usize)?;
    let bits_at = reader.at();
    let column = reader.bytes("details", reader.left())?;
    let mut bits = BitReader::new(column);
    delta.details.reserve(count);
    let (mut next, mut texts) = (0u64, 0usize);
    for _ in 0..count {
        let offset = bits_at + bits.bytes_used().saturating_sub(1);
        let Some((gap, code)) = bits.rice_and(low, detail_code::BITS) else {
            return Err(reader.fail("slot", offset, Fault::Cut { needed: column.len() + 1, left: column.len() }));
        };
        let code = code as u8;
        let slot = next + u64::from(gap);
        if slot >= bounds.slots.into() {
            return Err(reader.fail("slot", offset, Fault::SlotBeyond { slot, bound: bounds.slots }));
        }
        next = slot + 1;
        let progress = match code {
            0..=100 => Some(code),
            detail_code::NOTHING => None,
            detail_code::MESSAGE | detail_code::BOTH => {
                texts += 1;
                // Marked for the second pass; no progress on the wire is above 100.
                Some(code)
            }
            _ => return Err(reader.fail("progress", offset, Fault::Code(code.into()))),
        };
        delta.details.push((Slot(slot as u32), Detail { progress, message: None }));
    }
    if bits.is_past_end() {
        let needed = bits.bytes_used();
        return Err(reader.fail("details", bits_at, Fault::Cut { needed, left: column.len() }));
    }
    let sum = next as u32 - count as u32;
    if low != rice_bits(sum, count) {
        let expected = rice_bits(sum, count).into();
        return Err(reader.fail("details", head_at, Fault::Disagrees { found: low.into(), expected }));
    }
    let used = bits.bytes_used();
    if bits.spare() != 0 {
        return Err(reader.fail("details", bits_at + used - 1, Fault::SpareBits(bits.spare())));
    }
    reader.back_to(bits_at + used);
    if texts == 0 {
        return Ok(());
    }
    read_texts(reader, bounds, delta)
}

/// The messages of the details that have one, in their order, each after its progress if it has one.
fn read_texts(reader: &mut Reader<'_>, bounds: &Bounds, delta: &mut Delta) -> Result<(), DecodeError> {
    for (_, detail) in &mut delta.details {
        match detail.progress {
            Some(detail_code::BOTH) => {
                let at = reader.at();
                let progress = reader.u8("progress")?;
                detail.progress = Some(reader.within("progress", at, progress.into(), 0, 100)? as u8);
            }
            Some(detail_code::MESSAGE) => detail.progress = None,
            _ => continue,
        }
        detail.message = Some(Arc::new(forms::read_value(reader, "message", 0, bounds.message)?));
    }
    Ok(())
}
