//! What names a place in a history: revisions, tags, positions, and the digest of a set of records.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::id::Epoch;

/// The number of an entry along its history: dense, from 1; 0 is before the first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Revision(pub u64);

impl Revision {
    /// Before the first entry.
    pub const ZERO: Revision = Revision(0);
    /// The last revision that an entry may take; larger ones on the wire are refused.
    pub const LAST: Revision = Revision(u64::MAX - 1);

    /// The revision after this one.
    #[must_use]
    pub fn next(self) -> Revision {
        Revision(self.0.saturating_add(1))
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// 64 bits chained over the record hashes that a history's entries leave.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Tag(pub u64);

impl Tag {
    /// The tag after an entry that leaves a record with this hash: XXH3-64 over the former tag and the hash, both
    /// little-endian.
    #[must_use]
    pub fn chain(self, record_hash: u64) -> Tag {
        let mut bytes = [0u8; 16];
        bytes[..8].copy_from_slice(&self.0.to_le_bytes());
        bytes[8..].copy_from_slice(&record_hash.to_le_bytes());
        Tag(xxhash_rust::xxh3::xxh3_64(&bytes))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A revision and the tag reached by it: together they name a whole history.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Position {
    /// The newest entry of the history.
    pub revision: Revision,
    /// The tag reached by it.
    pub tag: Tag,
}

impl Position {
    /// The empty history.
    pub const START: Position = Position { revision: Revision::ZERO, tag: Tag(0) };

    /// The position after one more entry, which leaves a record with this hash.
    #[must_use]
    pub fn advance(self, record_hash: u64) -> Position {
        Position { revision: self.revision.next(), tag: self.tag.chain(record_hash) }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.revision, self.tag)
    }
}

/// The wrapping sum of the record hashes of all live records.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Digest(pub u64);

impl Digest {
    /// The digest with one record more.
    #[must_use]
    pub fn with(self, record_hash: u64) -> Digest {
        Digest(self.0.wrapping_add(record_hash))
    }

    /// The digest with one record less.
    #[must_use]
    pub fn without(self, record_hash: u64) -> Digest {
        Digest(self.0.wrapping_sub(record_hash))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where and when an entry was made: it names a registration, or a record's newest entry, for ever.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Made {
    /// The agent's epoch in which the entry was made.
    pub epoch: Epoch,
    /// The entry's revision.
    pub revision: Revision,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.epoch, self.revision)
    }
}
