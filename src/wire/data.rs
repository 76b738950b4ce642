//! Bodies that carry a stream itself: DELTA, SNAPSHOT, CHUNK, SKETCH. Control bodies are in `frame`, bytes in `delta`,
//! `columns`, `snapshot`, `chunk` and `sketch`.

use alloc::vec::Vec;

use super::frame::{Ack, StreamNumber};
use crate::id::Slot;
use crate::revision::{Digest, Position, Revision, Tag};
use crate::task::{Detail, Entry, Final, Record};

/// Entries (from, to] and details of the moment. `to` is `from` + the number of entries.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Delta {
    /// The stream; *reported* is the only one whose columns version 1 defines.
    pub stream: Option<StreamNumber>,
    /// The revision that the first entry comes after.
    pub from: Revision,
    /// The tag at `to`.
    pub tag: Tag,
    /// The entries, in order.
    pub entries: Vec<Entry>,
    /// Details, by rising slot, no slot twice.
    pub details: Vec<(Slot, Detail)>,
    /// The digest at `to`, at a digest point.
    pub digest: Option<Digest>,
    /// An acknowledgement that rides along.
    pub ack: Option<Ack>,
}

impl Delta {
    /// The revision of the last entry.
    pub fn to(&self) -> Revision {
        Revision(self.from.0.saturating_add(self.entries.len() as u64))
    }
}

/// The part of a state at base that lies in the index range [first, next): below `slots` an index is a slot, and a
/// record is there or not; from `slots` on it is a place in the ring of forgotten finals.
#[derive(Clone, PartialEq, Debug)]
pub struct Snapshot {
    /// The stream.
    pub stream: StreamNumber,
    /// The base that this is the state of.
    pub base: Position,
    /// The digest at base.
    pub digest: Digest,
    /// How many indexes are slots.
    pub slots: u32,
    /// Slots and finals together: the end of the index range.
    pub total: u32,
    /// The first index of this part.
    pub first: u32,
    /// The index after its last.
    pub next: u32,
    /// Whether it only tells what differs: a slot of this part that it does not name is as the subscriber holds it.
    pub patch: bool,
    /// Records of the part, by rising slot.
    pub records: Vec<Record>,
    /// Slots of a patch that are empty, rising; those of another part are not named.
    pub emptied: Vec<Slot>,
    /// Finals of the part, in order.
    pub finals: Vec<Final>,
}

/// Bytes of a long value: the metadata of the registration at a revision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chunk {
    /// The stream.
    pub stream: StreamNumber,
    /// The slot of the record.
    pub slot: Slot,
    /// Its registration.
    pub registered: Revision,
    /// Bytes of the whole value.
    pub total: u32,
    /// Where these begin.
    pub offset: u32,
    /// The bytes, at least one.
    pub bytes: Vec<u8>,
}

/// Towards finding which slots of a subscriber differ from the state at a base.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sketch {
    /// The stream.
    pub stream: StreamNumber,
    /// The base whose state is compared with what the subscriber holds.
    pub base: Position,
    /// What is said of cells.
    pub cells: Cells,
}

/// Cells that are asked for, or given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cells {
    /// The publisher asks for these cells of what the subscriber holds.
    Wanted {
        /// The first.
        first: u32,
        /// How many, at least one.
        count: u32,
    },
    /// The subscriber gives them.
    Given {
        /// The first.
        first: u32,
        /// [`CELL_BYTES`](super::CELL_BYTES) bytes each, at least one cell.
        bytes: Vec<u8>,
    },
}
