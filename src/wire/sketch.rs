//! SKETCH frames: a publisher asks for cells of a sketch, a subscriber gives them. What cells are and what they find is left
//! to `sketch`, when they are asked for to the publisher.

use alloc::vec::Vec;

use super::codec::{seal, write_header, CHECKSUM};
use super::error::{DecodeError, Fault};
use super::frame::{Cells, Header, Sketch, StreamNumber};
use super::reader::Reader;
use super::writer::Writer;
use crate::revision::{Position, Revision, Tag};

/// Bytes of a cell: two sums of 40 bits.
pub const CELL_BYTES: usize = 10;

/// Bytes of a SKETCH beside its cells, at most.
pub(crate) const SKETCH_AROUND: usize = 1 + 1 + 8 + 10 + CHECKSUM + 1 + 10 + 8 + 1 + 5 + 5;

/// Cells have numbers below this.
pub const MOST_CELLS: u32 = 1 << 23;

/// Writes a frame; the length, or nothing if it does not fit.
pub(crate) fn write(header: Header, sketch: &Sketch, out: &mut [u8]) -> Option<usize> {
    let mut writer = Writer::new(out);
    write_header(header, &mut writer);
    writer.u8(u8::from(sketch.stream == StreamNumber::Desired));
    writer.varint(sketch.base.revision.0);
    writer.fixed_u64(sketch.base.tag.0);
    match &sketch.cells {
        Cells::Wanted { first, count } => {
            writer.u8(0);
            writer.varint((*first).into());
            writer.varint((*count).into());
        }
        Cells::Given { first, bytes } => {
            writer.u8(1);
            writer.varint((*first).into());
            writer.varint((bytes.len() / CELL_BYTES) as u64);
            writer.put(bytes);
        }
    }
    seal(writer)
}

/// Reads the body of a SKETCH.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Sketch, DecodeError> {
    let at = reader.at();
    let stream = match reader.u8("stream")? {
        0 => StreamNumber::Reported,
        1 => return Err(reader.fail("stream", at, Fault::Stream)),
        code => return Err(reader.fail("stream", at, Fault::Code(code.into()))),
    };
    let revision = Revision(reader.varint_to("base", 0, Revision::LAST.0)?);
    let base = Position { revision, tag: Tag(reader.fixed_u64("base tag")?) };
    let at = reader.at();
    let form = reader.u8("form")?;
    if form > 1 {
        return Err(reader.fail("form", at, Fault::Code(form.into())));
    }
    let first = reader.varint_to("first", 0, u64::from(MOST_CELLS) - 1)? as u32;
    let count = reader.varint_to("count", 1, u64::from(MOST_CELLS - first))? as u32;
    let cells = match form {
        0 => Cells::Wanted { first, count },
        _ => {
            let bytes: Vec<u8> = reader.bytes("cells", count as usize * CELL_BYTES)?.to_vec();
            Cells::Given { first, bytes }
        }
    };
    Ok(Sketch { stream, base, cells })
}
