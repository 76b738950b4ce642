//! Frames in a stream of bytes: each after its length (TCP, TLS, pipes), or between zero bytes as COBS (serial lines).
//! Which of the two is chosen here, and both are used through the same calls; how each cuts a stream is left to `length`
//! and `cobs`, what the frames say to `codec`. A datagram needs none of this, it is a frame.

mod cobs;
mod length;

use cobs::CobsCutter;
use length::LengthCutter;

use super::codec::SHORTEST;

/// The longest frame that either framing carries; a frame in a datagram is shorter still.
const LONGEST: usize = 65_535;

/// How frames follow each other in a stream of bytes. Both ends of a connection have to use the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// Each frame after its length, two bytes, little-endian. For streams that lose and change nothing, such as TCP: a
    /// length that no frame has means that the stream has lost its place for good.
    LengthPrefixed,
    /// Each frame between zero bytes, and without any in it (consistent overhead byte stuffing). For lines that lose,
    /// change and invent bytes: whatever came before, the next frame that arrives whole is found.
    Cobs,
}

/// Why a frame was not written into a stream; nothing was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WrapError {
    /// No frame has that length.
    #[error("a frame has from {SHORTEST} to {LONGEST} bytes, and this has {length}; nothing was written")]
    Length {
        /// Its length.
        length: usize,
    },
    /// The buffer is too small.
    #[error("the buffer has {room} bytes, and {needed} may be needed; nothing was written")]
    NoRoom {
        /// Bytes of the buffer.
        room: usize,
        /// What [`Framing::room`] gives for the frame.
        needed: usize,
    },
}

/// Why a stream of bytes cannot be cut into frames any further: close the connection and open another.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FramingError {
    /// A frame longer than the bound.
    #[error("stream refused: a frame of {length} bytes is announced, and the bound is {bound}")]
    TooLong {
        /// Its length.
        length: usize,
        /// The bound.
        bound: usize,
    },
    /// A frame shorter than any can be.
    #[error("stream refused: a frame of {length} bytes is announced, and the shortest has {least}")]
    TooShort {
        /// Its length.
        length: usize,
        /// The shortest frame.
        least: usize,
    },
}

/// What a stream held that was no frame: noise, and frames that noise has spoilt.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Dropped {
    /// Runs of bytes between two zero bytes that are no frame.
    pub pieces: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Framing {
    /// Both.
    pub const ALL: [Framing; 2] = [Framing::LengthPrefixed, Framing::Cobs];

    /// The most bytes that [`Framing::wrap`] writes for a frame of `length` bytes: the frame and 2, or the frame, 3 and
    /// one more for every 254 bytes of it.
    pub const fn room(self, length: usize) -> usize {
        match self {
            Framing::LengthPrefixed => length.saturating_add(length::PREFIX),
            Framing::Cobs => length.saturating_add(length / cobs::BLOCK).saturating_add(3),
        }
    }

    /// Writes `frame` to the beginning of `out` as it goes over the stream, and returns how many bytes that took. `out`
    /// has to have [`Framing::room`] for it.
    ///
    /// # Errors
    /// [`WrapError`] when no frame has that length, or the room is not there.
    pub fn wrap(self, frame: &[u8], out: &mut [u8]) -> Result<usize, WrapError> {
        let length = frame.len();
        if !(SHORTEST..=LONGEST).contains(&length) {
            return Err(WrapError::Length { length });
        }
        let (room, needed) = (out.len(), self.room(length));
        if room < needed {
            return Err(WrapError::NoRoom { room, needed });
        }
        Ok(match self {
            Framing::LengthPrefixed => length::wrap(frame, out),
            Framing::Cobs => cobs::wrap(frame, out),
        })
    }
}

/// Cuts a stream of bytes into frames, in whatever pieces the bytes come. It holds at most one frame of the bound (and its
/// length), and never more than it was given.
///
/// ```
/// use taskwire::wire::{Deframer, Framing};
/// # let frame = [1u8; 20];
/// for framing in Framing::ALL {
///     let mut stream = vec![0; framing.room(frame.len())];
///     let length = framing.wrap(&frame, &mut stream)?;
///
///     let mut deframer = Deframer::new(framing, 1200);
///     let mut bytes = &stream[..length];
///     while !bytes.is_empty() {
///         let taken = deframer.push(bytes);
///         bytes = &bytes[taken..];
///         while let Some(found) = deframer.next_frame()? {
///             assert_eq!(found, frame);
///         }
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Deframer(Cutter);

#[derive(Clone, Debug)]
enum Cutter {
    Length(LengthCutter),
    Cobs(CobsCutter),
}

impl Deframer {
    /// For a stream of that form, with frames of at most `bound` bytes; more than 65,535 count as that.
    pub fn new(framing: Framing, bound: u32) -> Deframer {
        let bound = usize::try_from(bound).unwrap_or(LONGEST).min(LONGEST);
        Deframer(match framing {
            Framing::LengthPrefixed => Cutter::Length(LengthCutter::new(bound)),
            Framing::Cobs => Cutter::Cobs(CobsCutter::new(bound)),
        })
    }

    /// Takes as many of `bytes` as there is room for and returns how many: more than none, unless a whole frame waits for
    /// [`Deframer::next_frame`]. After an error everything is taken and dropped.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        match &mut self.0 {
            Cutter::Length(cutter) => cutter.push(bytes),
            Cutter::Cobs(cutter) => cutter.push(bytes),
        }
    }

    /// The next whole frame, if there is one. Call it until it gives none. That it is whole says nothing of its bytes:
    /// damage is found when it is decoded.
    ///
    /// # Errors
    /// [`FramingError`] of a length-prefixed stream that has lost its place, from then on at every call. A COBS stream
    /// finds its place again by itself and gives none.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, FramingError> {
        match &mut self.0 {
            Cutter::Length(cutter) => cutter.next_frame(),
            Cutter::Cobs(cutter) => Ok(cutter.next_frame()),
        }
    }

    /// Bytes that are held: those of a frame that waits, or waits for its rest.
    pub fn held(&self) -> usize {
        match &self.0 {
            Cutter::Length(cutter) => cutter.held(),
            Cutter::Cobs(cutter) => cutter.held(),
        }
    }

    /// What was no frame, so far. A length-prefixed stream ends at the first such thing, and counts nothing.
    pub fn dropped(&self) -> Dropped {
        match &self.0 {
            Cutter::Length(_) => Dropped::default(),
            Cutter::Cobs(cutter) => cutter.dropped(),
        }
    }
}
