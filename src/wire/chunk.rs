//! CHUNK frames: a part of a long value. What parts make is left to the subscriber.

use alloc::vec::Vec;

use super::codec::{seal, write_header, Bounds, CHECKSUM};
use super::error::{DecodeError, Fault};
use super::frame::{Chunk, Header, StreamNumber};
use super::reader::Reader;
use super::writer::Writer;
use crate::id::Slot;
use crate::revision::Revision;

/// Bytes of a CHUNK beside those of the value, at most.
pub(crate) const CHUNK_AROUND: usize = 1 + 1 + 8 + 10 + CHECKSUM + 1 + 5 + 10 + 3 + 3 + 3;

/// Writes a frame; the length, or nothing if it does not fit.
pub(crate) fn write(
    header: Header,
    slot: Slot,
    registered: Revision,
    total: u32,
    offset: u32,
    bytes: &[u8],
    out: &mut [u8],
) -> Option<usize> {
    let mut writer = Writer::new(out);
    write_header(header, &mut writer);
    writer.u8(0);
    for number in [slot.0.into(), registered.0, total.into(), offset.into(), bytes.len() as u64] {
        writer.varint(number);
    }
    writer.put(bytes);
    seal(writer)
}

/// Writes a chunk that is at hand whole.
pub(super) fn write_whole(header: Header, chunk: &Chunk, out: &mut [u8]) -> Option<usize> {
    write(header, chunk.slot, chunk.registered, chunk.total, chunk.offset, &chunk.bytes, out)
}

/// Reads the body of a CHUNK.
pub(super) fn read(reader: &mut Reader<'_>, bounds: &Bounds) -> Result<Chunk, DecodeError> {
    let at = reader.at();
    match reader.u8("stream")? {
        0 => {}
        1 => return Err(reader.fail("stream", at, Fault::Stream)),
        code => return Err(reader.fail("stream", at, Fault::Code(code.into()))),
    }
    let slot = reader.varint_to("slot", 0, u64::from(bounds.slots).saturating_sub(1))?;
    let registered = Revision(reader.varint_to("registered", 1, Revision::LAST.0)?);
    let at = reader.at();
    let total = reader.varint("total")?;
    if total > u64::from(bounds.value) {
        return Err(reader.fail("total", at, Fault::ValueBeyond { length: total, bound: bounds.value }));
    }
    reader.within("total", at, total, 1, bounds.value.into())?;
    let offset = reader.varint_to("offset", 0, total - 1)?;
    let length = reader.varint_to("length", 1, total - offset)?;
    let bytes: Vec<u8> = reader.bytes("value", length as usize)?.to_vec();
    Ok(Chunk {
        stream: StreamNumber::Reported,
        slot: Slot(slot as u32),
        registered,
        total: total as u32,
        offset: offset as u32,
        bytes,
    })
}
