//! Reads numbers and bytes out of a frame; every error names the field and the byte where it starts.
//! Which fields there are is left to `codec`, `strict`, `columns` and `snapshot`.

use super::error::{DecodeError, Fault};
use super::frame::Kind;

/// A place in the bytes of a frame, up to an end that nothing passes.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    kind: Option<Kind>,
}

impl<'a> Reader<'a> {
    /// Reads `bytes` from `at`; offsets in errors count from the start of `bytes`.
    pub(super) fn new(bytes: &'a [u8], at: usize, kind: Option<Kind>) -> Reader<'a> {
        Reader { bytes, at, kind }
    }

    /// Where the next read starts.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Goes back to a byte that was passed over already.
    pub(super) fn back_to(&mut self, at: usize) {
        self.at = self.at.min(at);
    }

    /// Bytes that are left.
    pub(super) fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    /// The error `fault`, of the field that starts at `offset`.
    #[cold]
    pub(super) fn fail(&self, field: &'static str, offset: usize, fault: Fault) -> DecodeError {
        DecodeError { kind: self.kind, field, offset, fault }
    }

    #[cold]
    fn cut(&self, field: &'static str, needed: usize) -> DecodeError {
        self.fail(field, self.at, Fault::Cut { needed, left: self.left() })
    }

    #[inline]
    pub(super) fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        match self.bytes.get(self.at) {
            Some(byte) => {
                self.at += 1;
                Ok(*byte)
            }
            None => Err(self.cut(field, 1)),
        }
    }

    /// The next `length` bytes.
    #[inline]
    pub(super) fn bytes(&mut self, field: &'static str, length: usize) -> Result<&'a [u8], DecodeError> {
        match self.bytes.get(self.at..).and_then(|rest| rest.get(..length)) {
            Some(taken) => {
                self.at += length;
                Ok(taken)
            }
            None => Err(self.cut(field, length)),
        }
    }

    /// The next `N` bytes.
    #[inline]
    pub(super) fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        match self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<N>()) {
            Some(taken) => {
                self.at += N;
                Ok(*taken)
            }
            None => Err(self.cut(field, N)),
        }
    }

    /// 8 bytes, little-endian.
    #[inline]
    pub(super) fn fixed_u64(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        self.array::<8>(field).map(u64::from_le_bytes)
    }

    /// A varint below 2^64 in its shortest form.
    #[inline]
    pub(super) fn varint(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        match self.bytes.get(self.at) {
            Some(byte) if *byte < 0x80 => {
                self.at += 1;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(field, 64),
        }
    }

    /// A varint below 2^`bits` in its shortest form.
    #[inline]
    pub(super) fn varint_of(&mut self, field: &'static str, bits: u32) -> Result<u64, DecodeError> {
        match self.bytes.get(self.at) {
            Some(byte) if *byte < 0x80 => {
                self.at += 1;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(field, bits),
        }
    }

    fn long_varint(&mut self, field: &'static str, bits: u32) -> Result<u64, DecodeError> {
        let mut value = 0u64;
        let mut shift = 0u32;
        let start = self.at;
        for (index, byte) in self.bytes.get(start..).unwrap_or(&[]).iter().enumerate() {
            let part = u64::from(byte & 0x7f);
            // The last group of a width has room for fewer than seven bits.
            let room = bits.saturating_sub(shift);
            if room == 0 || (room < 7 && part >> room != 0) {
                return Err(self.fail(field, start, Fault::Varint { bits }));
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                if *byte == 0 && index > 0 {
                    return Err(self.fail(field, start, Fault::Varint { bits }));
                }
                self.at = start + index + 1;
                return Ok(value);
            }
            shift += 7;
        }
        Err(self.fail(field, start, Fault::Cut { needed: self.left() + 1, left: self.left() }))
    }

    /// A varint that must be at most `most`.
    #[inline]
    pub(super) fn varint_to(&mut self, field: &'static str, least: u64, most: u64) -> Result<u64, DecodeError> {
        let start = self.at;
        let value = self.varint(field)?;
        self.within(field, start, value, least, most)
    }

    /// `value` if it is in the range; otherwise the error of the field that starts at `offset`.
    #[inline]
    pub(super) fn within(
        &self,
        field: &'static str,
        offset: usize,
        value: u64,
        least: u64,
        most: u64,
    ) -> Result<u64, DecodeError> {
        if value < least || value > most {
            return Err(self.fail(field, offset, Fault::Range { found: value, least, most }));
        }
        Ok(value)
    }
}

/// A signed difference as an unsigned number: 0, −1, 1, −2, 2 … become 0, 1, 2, 3, 4 …
#[inline]
pub(super) fn zigzag(difference: i64) -> u64 {
    ((difference << 1) ^ (difference >> 63)) as u64
}

/// The inverse of [`zigzag`].
#[inline]
pub(super) fn unzigzag(code: u64) -> i64 {
    ((code >> 1) as i64) ^ -((code & 1) as i64)
}
