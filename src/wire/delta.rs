//! Writes DELTA frames: entries in columns, details sorted by slot, as much as the room allows. The same bytes read back
//! are the work of `columns`; what goes into a frame is chosen by the publisher.

use alloc::vec::Vec;

use super::bits::BitWriter;
use super::codec::{seal, write_header, CHECKSUM};
use super::forms::{self, op};
use super::frame::{Ack, Delta, Header, StreamNumber};
use super::reader::zigzag;
use super::writer::{push_varint, varint_length, Writer};
use crate::id::{Epoch, Slot};
use crate::revision::{Digest, Revision, Tag};
use crate::sort::sort;
use crate::task::{Change, Detail, Entry, Payload};

/// Entries in a frame at most; details likewise. It bounds what a decoder holds.
pub const MOST_IN_FRAME: usize = 4096;

/// Bytes of an acknowledgement that rides along, at most.
pub(super) const MOST_ACK: usize = 1 + 10 + 10 + 10 + 20 + 1 + 10 + 10 + 5;

/// Bits of a DELTA's first byte.
pub(super) mod flag {
    pub(in crate::wire) const DESIRED: u8 = 1;
    pub(in crate::wire) const ENTRIES: u8 = 1 << 1;
    pub(in crate::wire) const DETAILS: u8 = 1 << 2;
    pub(in crate::wire) const EPOCHS: u8 = 1 << 3;
    pub(in crate::wire) const DIGEST: u8 = 1 << 4;
    pub(in crate::wire) const ACK: u8 = 1 << 5;
    pub(in crate::wire) const SPARE: u8 = 1 << 6 | 1 << 7;
}

/// The codes of a detail beside progresses of 0 to 100.
pub(super) mod detail_code {
    pub(in crate::wire) const NOTHING: u8 = 101;
    pub(in crate::wire) const MESSAGE: u8 = 102;
    pub(in crate::wire) const BOTH: u8 = 103;
    pub(in crate::wire) const BITS: u32 = 7;
}

/// Counts of 1 to 7 stand in the head of a list; larger ones follow it, less 8.
pub(super) const COUNT_FOLLOWS: u8 = 7;

/// Low bits of the Rice codes of `count` gaps that add up to `sum`. Reader and writer both follow it.
#[inline]
pub(super) fn rice_bits(sum: u32, count: usize) -> u32 {
    // A count is at most MOST_IN_FRAME.
    (sum / (count as u32).max(1)).max(1).ilog2()
}

fn count_bytes(count: usize) -> usize {
    if count <= usize::from(COUNT_FOLLOWS) {
        1
    } else {
        1 + varint_length(count as u64 - 8)
    }
}

fn bit_width(value: u32) -> u32 {
    32 - value.leading_zeros()
}

/// Puts a DELTA together. The buffers are kept from one frame to the next, so that a steady state allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct DeltaWriter {
    room: usize,
    /// Bytes that are certainly free still, so that not every push has to add all up.
    slack: usize,
    /// Bytes of the frame beside entries and details, at most.
    around: usize,
    from: Revision,
    session_epoch: Epoch,
    first_time: u64,
    time: u64,
    ops: Vec<u8>,
    slots: Vec<u32>,
    highest_slot: u32,
    runs: Vec<(u64, u32)>,
    rest: Vec<u8>,
    /// Slot, code and place in `texts` (32, 8 and 24 bits), so that one sort of numbers puts them in order.
    details: Vec<u64>,
    highest_detail: u32,
    texts: Vec<(u32, u32)>,
    text_bytes: Vec<u8>,
}

impl DeltaWriter {
    /// A writer without buffers yet.
    pub fn new() -> DeltaWriter {
        DeltaWriter::default()
    }

    /// Begins a frame of at most `room` bytes, everything counted, whose entries come after `from` in a session of
    /// `epoch` (0 if it is not known: then every epoch is sent). A digest or acknowledgement that may be given to
    /// [`DeltaWriter::finish`] is announced here, so that room is kept for it.
    pub fn begin(&mut self, room: usize, from: Revision, epoch: Epoch, with_digest: bool, with_ack: bool) {
        self.room = room;
        self.slack = 0;
        self.around = 1 + 1 + 8 + 10 + CHECKSUM + 1 + varint_length(from.0) + 8;
        self.around += usize::from(with_digest) * 8 + usize::from(with_ack) * MOST_ACK;
        self.from = from;
        self.session_epoch = epoch;
        self.first_time = 0;
        self.time = 0;
        self.highest_slot = 0;
        self.highest_detail = 0;
        self.ops.clear();
        self.slots.clear();
        self.runs.clear();
        self.rest.clear();
        self.details.clear();
        self.texts.clear();
        self.text_bytes.clear();
    }

    /// Bounds what is added from now on to a frame of `room` bytes, everything counted; what is there already stays.
    pub fn set_room(&mut self, room: usize) {
        self.room = room;
        // What was certainly free was so under the former bound.
        self.slack = 0;
    }

    /// Adds the next entry. `false`: it does not fit (or its slot is 2^31 or more, or the frame has 4,096 entries), and
    /// nothing has changed.
    pub fn push(&mut self, entry: &Entry) -> bool {
        let count = self.ops.len();
        if count >= MOST_IN_FRAME || entry.slot.0 >> 31 != 0 {
            return false;
        }
        let (rest_before, highest_before) = (self.rest.len(), self.highest_slot);
        let first = count == 0;
        if first {
            self.first_time = entry.at.0;
            self.time = entry.at.0;
        }
        let ahead = entry.at.0.wrapping_sub(self.time);
        let time_code = if ahead < u64::from(forms::TIME_ESCAPE) {
            ahead as u8
        } else {
            push_varint(&mut self.rest, zigzag(ahead as i64));
            forms::TIME_ESCAPE
        };
        let revision = self.from.0.saturating_add(count as u64 + 1);
        let operation = push_change(&mut self.rest, &entry.change, revision);
        self.ops.push(operation | time_code << 3);
        self.slots.push(entry.slot.0);
        self.highest_slot = highest_before.max(entry.slot.0);
        let new_run = self.push_run(entry.epoch);
        // Beside what was written: the operation, at most 31 bits of a slot, a byte more of the count and of a run's length.
        let more = self.rest.len() - rest_before + 8;
        let as_before = !new_run && bit_width(self.highest_slot) == bit_width(highest_before);
        if !self.fits(as_before, more) {
            self.ops.pop();
            self.slots.pop();
            self.rest.truncate(rest_before);
            self.highest_slot = highest_before;
            self.pop_run(new_run);
            return false;
        }
        self.time = entry.at.0;
        true
    }

    /// Whether the frame has room for what was just added, which is at most `more` bytes if the columns keep their widths.
    #[inline(always)]
    fn fits(&mut self, same_widths: bool, more: usize) -> bool {
        if same_widths && self.slack >= more {
            self.slack -= more;
            return true;
        }
        self.fits_exactly()
    }

    #[inline(never)]
    fn fits_exactly(&mut self) -> bool {
        let slack = self.room.checked_sub(self.used());
        self.slack = slack.unwrap_or(self.slack);
        slack.is_some()
    }

    #[inline]
    fn push_run(&mut self, epoch: Epoch) -> bool {
        match self.runs.last_mut() {
            Some((last, length)) if *last == epoch.0 => {
                *length += 1;
                false
            }
            _ => {
                self.runs.push((epoch.0, 1));
                true
            }
        }
    }

    fn pop_run(&mut self, new_run: bool) {
        if new_run {
            self.runs.pop();
        } else if let Some((_, length)) = self.runs.last_mut() {
            *length -= 1;
        }
    }

    /// Adds the detail of a slot that has none in this frame yet, in any order. `false`: it does not fit (or the frame
    /// has 4,096 details), and nothing has changed.
    pub fn push_detail(&mut self, slot: Slot, detail: &Detail) -> bool {
        if self.details.len() >= MOST_IN_FRAME || slot.0 >> 31 != 0 {
            return false;
        }
        let (highest_before, texts_before) = (self.highest_detail, self.text_bytes.len());
        let message = detail.message.as_deref();
        let code = match (detail.progress, message) {
            (Some(progress), None) => progress.min(100),
            (Some(_), Some(_)) => detail_code::BOTH,
            (None, Some(_)) => detail_code::MESSAGE,
            (None, None) => detail_code::NOTHING,
        };
        if let Some(message) = message {
            if let Some(progress) = detail.progress {
                self.text_bytes.push(progress.min(100));
            }
            forms::push_value(&mut self.text_bytes, message);
            self.texts.push((texts_before as u32, self.text_bytes.len() as u32));
        }
        let place = self.texts.len() as u64 & 0xff_ffff;
        self.details.push(u64::from(slot.0) << 32 | u64::from(code) << 24 | place);
        self.highest_detail = highest_before.max(slot.0);
        // At most 40 bits (a slot below the highest makes the codes of the others no longer), a byte more of the count.
        let more = self.text_bytes.len() - texts_before + 8;
        if !self.fits(self.details.len() > 1 && self.highest_detail == highest_before, more) {
            self.details.pop();
            self.highest_detail = highest_before;
            self.text_bytes.truncate(texts_before);
            if message.is_some() {
                self.texts.pop();
            }
            return false;
        }
        true
    }

    /// Bytes that the frame may have so far, at most.
    #[inline]
    pub fn used(&self) -> usize {
        self.around + self.entry_bytes() + self.detail_bytes()
    }

    #[inline]
    fn entry_bytes(&self) -> usize {
        let count = self.ops.len();
        if count == 0 {
            return 0;
        }
        let mut bytes = count_bytes(count) + varint_length(self.first_time) + count;
        bytes += (count * bit_width(self.highest_slot) as usize).div_ceil(8) + self.rest.len();
        if self.says_epochs() {
            bytes += varint_length(self.runs.len() as u64);
            for (epoch, length) in &self.runs {
                bytes += varint_length(*epoch) + varint_length((*length).into());
            }
        }
        bytes
    }

    #[inline]
    fn detail_bytes(&self) -> usize {
        let count = self.details.len();
        if count == 0 {
            return 0;
        }
        let sum = self.gap_sum();
        let low = rice_bits(sum, count);
        let bits = count * (low + 1 + detail_code::BITS) as usize + (sum >> low) as usize;
        count_bytes(count) + bits.div_ceil(8) + self.text_bytes.len()
    }

    /// What the gaps between the slots of the details add up to.
    #[inline]
    fn gap_sum(&self) -> u32 {
        (self.highest_detail + 1).saturating_sub(self.details.len() as u32)
    }

    #[inline]
    fn says_epochs(&self) -> bool {
        !matches!(self.runs.as_slice(), [] | [_]) || self.runs.first().is_some_and(|(e, _)| *e != self.session_epoch.0)
    }

    /// Entries so far.
    pub fn entries(&self) -> usize {
        self.ops.len()
    }

    /// Details so far.
    pub fn details(&self) -> usize {
        self.details.len()
    }

    /// Writes the frame into `out` and returns its length, at most what [`DeltaWriter::used`] said. 0: `out` has less
    /// room than the frame needs.
    pub fn finish(
        &mut self,
        header: Header,
        stream: StreamNumber,
        tag: Tag,
        digest: Option<Digest>,
        ack: Option<&Ack>,
        out: &mut [u8],
    ) -> usize {
        let mut writer = Writer::new(out);
        write_header(header, &mut writer);
        let set = |on: bool, flag: u8| if on { flag } else { 0 };
        writer.u8(set(stream == StreamNumber::Desired, flag::DESIRED)
            | set(!self.ops.is_empty(), flag::ENTRIES)
            | set(!self.details.is_empty(), flag::DETAILS)
            | set(!self.ops.is_empty() && self.says_epochs(), flag::EPOCHS)
            | set(digest.is_some(), flag::DIGEST)
            | set(ack.is_some(), flag::ACK));
        writer.varint(self.from.0);
        writer.fixed_u64(tag.0);
        if !self.ops.is_empty() {
            self.write_entries(&mut writer);
        }
        if !self.details.is_empty() {
            self.write_details(&mut writer);
        }
        if let Some(digest) = digest {
            writer.fixed_u64(digest.0);
        }
        if let Some(ack) = ack {
            writer.postcard(ack);
        }
        seal(writer).unwrap_or(0)
    }

    fn write_entries(&self, writer: &mut Writer<'_>) {
        let width = bit_width(self.highest_slot);
        write_count(writer, width, self.ops.len());
        writer.varint(self.first_time);
        if self.says_epochs() {
            writer.varint(self.runs.len() as u64);
            for (epoch, length) in &self.runs {
                writer.varint(*epoch);
                writer.varint((*length).into());
            }
        }
        writer.put(&self.ops);
        let mut bits = BitWriter::new(writer);
        for slot in &self.slots {
            bits.put(*slot, width);
        }
        bits.finish();
        writer.put(&self.rest);
    }

    fn write_details(&mut self, writer: &mut Writer<'_>) {
        sort(&mut self.details);
        let low = rice_bits(self.gap_sum(), self.details.len());
        write_count(writer, low, self.details.len());
        let mut next = 0u32;
        let mut bits = BitWriter::new(writer);
        for detail in &self.details {
            let slot = (detail >> 32) as u32;
            bits.rice(slot.saturating_sub(next), low);
            bits.put((detail >> 24 & 0x7f) as u32, detail_code::BITS);
            next = slot + 1;
        }
        bits.finish();
        if self.texts.is_empty() {
            return;
        }
        for detail in &self.details {
            if (detail >> 24 & 0x7f) as u8 > detail_code::NOTHING {
                let place = (detail & 0xff_ffff) as usize;
                if let Some((start, end)) = self.texts.get(place.wrapping_sub(1)) {
                    writer.put(&self.text_bytes[*start as usize..*end as usize]);
                }
            }
        }
    }

    /// Writes a delta that is at hand whole; nothing if it does not fit.
    pub(super) fn write_whole(&mut self, header: Header, delta: &Delta, out: &mut [u8]) -> Option<usize> {
        self.begin(usize::MAX, delta.from, Epoch(0), true, true);
        let fits = delta.entries.iter().all(|entry| self.push(entry))
            && delta.details.iter().all(|(slot, detail)| self.push_detail(*slot, detail));
        let stream = delta.stream.unwrap_or(StreamNumber::Reported);
        let length = self.finish(header, stream, delta.tag, delta.digest, delta.ack.as_ref(), out);
        (fits && length > 0).then_some(length)
    }
}

/// The head of a list: five bits of a width, three of its count.
fn write_count(writer: &mut Writer<'_>, width: u32, count: usize) {
    let width = width as u8 & 31;
    if count <= usize::from(COUNT_FOLLOWS) {
        writer.u8(width | (count as u8).saturating_sub(1) << 5);
    } else {
        writer.u8(width | COUNT_FOLLOWS << 5);
        writer.varint(count as u64 - 8);
    }
}

/// Writes what an entry says beside the columns, and returns its operation.
fn push_change(rest: &mut Vec<u8>, change: &Change, revision: u64) -> u8 {
    match change {
        Change::Move(status) => match forms::plain(status) {
            Some(operation) => {
                if let (op::FAILED, crate::task::Exit::Code(code)) = (operation, status.exit) {
                    push_varint(rest, zigzag(code.into()));
                }
                operation
            }
            None => {
                forms::push_status(rest, status);
                op::GENERAL
            }
        },
        Change::Register { id, metadata, payload } => {
            let metadata = metadata.as_deref().filter(|m| !m.is_empty());
            let payload = payload.as_deref().filter(|p| **p != Payload::default());
            if metadata.is_none() && payload.is_none() {
                rest.extend_from_slice(&id.0);
                return op::REGISTER;
            }
            let mut form = forms::FORM_REGISTER;
            form |= match metadata {
                Some(metadata) if metadata.is_long() => forms::REGISTER_LONG,
                Some(_) => forms::REGISTER_METADATA,
                None => 0,
            };
            form |= if payload.is_some() { forms::REGISTER_PAYLOAD } else { 0 };
            rest.push(form);
            rest.extend_from_slice(&id.0);
            match metadata {
                Some(metadata) if metadata.is_long() => forms::push_long(rest, metadata),
                Some(metadata) => forms::push_value(rest, metadata),
                None => {}
            }
            if let Some(payload) = payload {
                forms::push_payload(rest, payload);
            }
            op::GENERAL
        }
        Change::Forget { registered } => {
            push_varint(rest, revision.wrapping_sub(registered.0));
            op::FORGET
        }
        Change::Unknown { kind, bytes } => {
            rest.push(forms::FORM_UNKNOWN | (kind & 15) << 3);
            forms::push_value(rest, bytes);
            op::GENERAL
        }
    }
}
