//! Each frame after its length, two bytes, little-endian. A length that no frame has ends the stream: there is nothing
//! in it by which its place could be found again.

use alloc::vec::Vec;

use super::{FramingError, SHORTEST};

/// Bytes of the length before each frame.
pub const PREFIX: usize = 2;

/// Writes a frame whose length is allowed to a buffer that has room for it.
pub fn wrap(frame: &[u8], out: &mut [u8]) -> usize {
    let whole = PREFIX + frame.len();
    let length = u16::try_from(frame.len()).unwrap_or(u16::MAX).to_le_bytes();
    if let Some((first, rest)) = out.get_mut(..whole).and_then(|room| room.split_first_chunk_mut::<PREFIX>()) {
        *first = length;
        rest.copy_from_slice(frame);
    }
    whole
}

/// See [`super::Deframer`].
#[derive(Clone, Debug)]
pub struct LengthCutter {
    bound: usize,
    held: Vec<u8>,
    /// Bytes of `held` that have been handed out.
    done: usize,
    broken: Option<FramingError>,
}

impl LengthCutter {
    pub fn new(bound: usize) -> LengthCutter {
        LengthCutter { bound, held: Vec::new(), done: 0, broken: None }
    }

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

    pub fn held(&self) -> usize {
        self.held.len() - self.done
    }
}
