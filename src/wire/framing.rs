//! Frames in a stream of bytes (TCP, TLS, pipes): each after its length, two bytes, little-endian. What the frames say
//! is left to `codec`; a datagram needs none of this, it is a frame.

use alloc::vec::Vec;

use super::codec::SHORTEST;

/// Bytes of the length before each frame.
pub const PREFIX: usize = 2;

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

/// The bytes that go before a frame of `length` bytes.
///
/// # Errors
/// [`FramingError`] when no frame has that length.
pub fn prefix(length: usize) -> Result<[u8; PREFIX], FramingError> {
    if length < SHORTEST {
        return Err(FramingError::TooShort { length, least: SHORTEST });
    }
    let bound = usize::from(u16::MAX);
    u16::try_from(length).map(u16::to_le_bytes).map_err(|_| FramingError::TooLong { length, bound })
}

/// Cuts a stream of bytes into frames, in whatever pieces the bytes come. It holds at most one frame of the bound and its
/// length, and never more than it was given.
///
/// ```
/// use taskwire::wire::{prefix, Deframer};
/// # let frame = [1u8; 20];
/// let mut stream = prefix(frame.len())?.to_vec();
/// stream.extend_from_slice(&frame);
///
/// let mut deframer = Deframer::new(1200);
/// let mut bytes = &stream[..];
/// while !bytes.is_empty() {
///     let taken = deframer.push(bytes);
///     bytes = &bytes[taken..];
///     while let Some(found) = deframer.next_frame()? {
///         assert_eq!(found, frame);
///     }
/// }
/// # Ok::<(), taskwire::wire::FramingError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Deframer {
    bound: usize,
    held: Vec<u8>,
    /// Bytes of `held` that have been handed out.
    done: usize,
    broken: Option<FramingError>,
}

impl Deframer {
    /// For frames of at most `bound` bytes; more than 65,535 no length can say.
    pub fn new(bound: u32) -> Deframer {
        Deframer { bound: bound.min(u16::MAX.into()) as usize, held: Vec::new(), done: 0, broken: None }
    }

    /// Takes as many of `bytes` as there is room for and returns how many: more than none, unless a whole frame waits for
    /// [`Deframer::next_frame`]. After an error everything is taken and dropped.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        if self.broken.is_some() {
            return bytes.len();
        }
        if self.done > 0 {
            self.held.drain(..self.done);
            self.done = 0;
        }
        let room = (PREFIX + self.bound).saturating_sub(self.held.len());
        let taken = bytes.len().min(room);
        self.held.extend_from_slice(&bytes[..taken]);
        taken
    }

    /// The next whole frame, if there is one. Call it until it gives none.
    ///
    /// # Errors
    /// [`FramingError`], from then on at every call: the stream has lost its place.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, FramingError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        let Some((length, rest)) = self.held.get(self.done..).and_then(|held| held.split_first_chunk::<PREFIX>())
        else {
            return Ok(None);
        };
        let length = usize::from(u16::from_le_bytes(*length));
        let fault = if length < SHORTEST {
            Some(FramingError::TooShort { length, least: SHORTEST })
        } else if length > self.bound {
            Some(FramingError::TooLong { length, bound: self.bound })
        } else {
            None
        };
        if let Some(error) = fault {
            self.broken = Some(error);
            self.held = Vec::new();
            self.done = 0;
            return Err(error);
        }
        if rest.len() < length {
            return Ok(None);
        }
        let start = self.done + PREFIX;
        self.done = start + length;
        Ok(self.held.get(start..start + length))
    }

    /// Bytes that wait for the rest of their frame.
    pub fn held(&self) -> usize {
        self.held.len() - self.done
    }
}
