//! Frames and bytes: what the frames of version 1 are, how they are written and read, how a stream of bytes is cut into
//! frames, and how a frame looks on one line. docs/PROTOCOL.md is the specification; what frames cause is left to the
//! mechanisms.

mod bits;
mod checksum;
mod chunk;
mod codec;
mod columns;
mod data;
mod delta;
mod ends;
mod error;
mod forms;
pub mod frame;
mod framing;
mod hot;
mod pretty;
mod reader;
mod sketch;
mod snapshot;
mod strict;
mod writer;

pub use checksum::crc32c;
pub(crate) use chunk::{write as write_chunk, CHUNK_AROUND};
pub use codec::{decode, decode_for_agent, decode_into, encode, peek, Bounds, LEAST_HELLO, PADDED_HELLO, PADDING};
pub(crate) use codec::{encode_control, encode_padded};
pub use delta::{DeltaWriter, MOST_IN_FRAME};
pub use ends::{GoAway, Goodbye, LastWill};
pub use error::{DecodeError, Fault, FaultClass, NoRoom};
pub use forms::MOST_EXT;
pub use frame::*;
pub use framing::{Deframer, Dropped, Framing, FramingError, WrapError};
pub(crate) use sketch::{write as write_sketch, SKETCH_AROUND};
pub use sketch::{CELL_BYTES, MOST_CELLS};
pub use snapshot::SnapshotWriter;
