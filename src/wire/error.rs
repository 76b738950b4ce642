//! Why a frame was refused: what was wrong, in which field, at which byte. What is done about it is left to the roles.

use core::fmt;

use super::frame::Kind;

/// Why a frame was refused. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DecodeError {
    /// The kind that the frame claims to be, where the reading came so far.
    pub kind: Option<Kind>,
    /// The field that was being read.
    pub field: &'static str,
    /// Where it starts, in bytes from the start of the frame.
    pub offset: usize,
    /// What was wrong with it.
    pub fault: Fault,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("frame refused: ")?;
        if let Some(kind) = self.kind {
            write!(f, "kind {kind}, ")?;
        }
        write!(f, "field `{}`, offset {}: {}; nothing was changed", self.field, self.offset, self.fault)
    }
}

impl core::error::Error for DecodeError {}

/// What was wrong with a field of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The frame ends before the field does.
    #[error("{needed} bytes are needed and {left} are left")]
    Cut {
        /// Bytes that the field needs at least.
        needed: usize,
        /// Bytes that were left.
        left: usize,
    },
    /// The frame is longer than the agreed bound.
    #[error("the frame has {length} bytes, and the bound is {bound}")]
    FrameBeyond {
        /// Its bytes.
        length: usize,
        /// The bound.
        bound: usize,
    },
    /// The bytes are not those that were sent.
    #[error("the checksum is {said:08x}, and the bytes give {computed:08x}")]
    Checksum {
        /// What the frame says.
        said: u32,
        /// What its bytes give.
        computed: u32,
    },
    /// Another version of the protocol.
    #[error("version {found} is not spoken here; expected {expected}")]
    Version {
        /// The version found.
        found: u8,
        /// The version spoken.
        expected: u8,
    },
    /// A kind of frame that this version does not know, or only reserves: to be counted and skipped.
    #[error("kind {0} is not known in this version")]
    UnknownKind(u8),
    /// A number with more bytes than it needs, or than its width has.
    #[error("not the shortest form of a number below 2^{bits}")]
    Varint {
        /// Bits of the number's width.
        bits: u32,
    },
    /// A number outside its range.
    #[error("{found} is not between {least} and {most}")]
    Range {
        /// What was found.
        found: u64,
        /// The least that is allowed.
        least: u64,
        /// The most that is allowed.
        most: u64,
    },
    /// A slot at or above the agreed bound.
    #[error("slot {slot} is not below the agreed bound {bound}")]
    SlotBeyond {
        /// The slot.
        slot: u64,
        /// The bound.
        bound: u32,
    },
    /// A value longer than its bound.
    #[error("{length} bytes are more than the agreed bound {bound}")]
    ValueBeyond {
        /// Its bytes.
        length: u64,
        /// The bound.
        bound: u32,
    },
    /// A code that stands for nothing here.
    #[error("code {0} stands for nothing")]
    Code(u64),
    /// A text that is not UTF-8.
    #[error("not UTF-8")]
    Text,
    /// A sum of numbers beyond the end of the count.
    #[error("a sum goes beyond its end, {most}")]
    Overflow {
        /// The largest that the sum may be.
        most: u64,
    },
    /// A count that does not agree with another part of the frame.
    #[error("{found} where the rest of the frame says {expected}")]
    Disagrees {
        /// What was found.
        found: u64,
        /// What follows from the rest.
        expected: u64,
    },
    /// Something that has a shorter form, which alone is allowed.
    #[error("it has a shorter form, and only that is allowed")]
    NotShortest,
    /// Bits that must be zero are not.
    #[error("bits that must be zero are not: {0:#x}")]
    SpareBits(u64),
    /// The stream has no such frames in this version.
    #[error("version 1 defines no such frame for the desired stream")]
    Stream,
    /// An extension that must be understood, and is not.
    #[error("extension {0} must be understood, and is not")]
    CriticalExtension(u64),
    /// A HELLO that is shorter than the longest answer to it.
    #[error("a HELLO has at least {least} bytes, padding included, and this one has {found}")]
    Padding {
        /// Its bytes.
        found: usize,
        /// The least.
        least: usize,
    },
}

/// What kind of fault a frame has, for counters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultClass {
    /// A kind that this version does not know: no fault of the sender.
    UnknownKind,
    /// Too short to be a frame.
    Cut,
    /// The checksum is wrong.
    Corrupt,
    /// Another version.
    Version,
    /// A length or a count beyond the frame.
    Length,
    /// A number that overflows or is out of range.
    Overflow,
    /// Beyond an agreed bound.
    Limit,
    /// A stream that has no such frames.
    Stream,
    /// Anything else.
    Malformed,
}

impl DecodeError {
    /// What kind of fault it is.
    pub const fn class(&self) -> FaultClass {
        match self.fault {
            Fault::UnknownKind(_) => FaultClass::UnknownKind,
            Fault::Cut { .. } if self.kind.is_none() => FaultClass::Cut,
            Fault::Cut { .. } => FaultClass::Length,
            Fault::Checksum { .. } => FaultClass::Corrupt,
            Fault::Version { .. } => FaultClass::Version,
            Fault::Overflow { .. } | Fault::Range { .. } => FaultClass::Overflow,
            Fault::FrameBeyond { .. } | Fault::SlotBeyond { .. } | Fault::ValueBeyond { .. } => FaultClass::Limit,
            Fault::Stream => FaultClass::Stream,
            _ => FaultClass::Malformed,
        }
    }
}

impl Fault {
    /// A short name of the fault, for counters, traces and test vectors.
    pub const fn name(&self) -> &'static str {
        match self {
            Fault::Cut { .. } => "cut",
            Fault::FrameBeyond { .. } => "frame-beyond",
            Fault::Checksum { .. } => "checksum",
            Fault::Version { .. } => "version",
            Fault::UnknownKind(_) => "unknown-kind",
            Fault::Varint { .. } => "varint",
            Fault::Range { .. } => "range",
            Fault::SlotBeyond { .. } => "slot-beyond",
            Fault::ValueBeyond { .. } => "value-beyond",
            Fault::Code(_) => "code",
            Fault::Text => "text",
            Fault::Overflow { .. } => "overflow",
            Fault::Disagrees { .. } => "disagrees",
            Fault::NotShortest => "not-shortest",
            Fault::SpareBits(_) => "spare-bits",
            Fault::Stream => "stream",
            Fault::CriticalExtension(_) => "critical-extension",
            Fault::Padding { .. } => "padding",
        }
    }
}

/// A frame does not fit into the buffer that was given for it, or holds a slot that no frame can name (2^31 or more).
/// The buffer's content is undefined.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the frame does not fit into {room} bytes")]
pub struct NoRoom {
    /// Bytes of the buffer.
    pub room: usize,
}
