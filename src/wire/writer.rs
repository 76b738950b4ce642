//! Writes numbers and bytes into a buffer that may be too small: what does not fit is left out and remembered, and one
//! question at the end tells. Which fields there are is left to `codec`, `delta` and `snapshot`.

use alloc::vec::Vec;

/// A place in a buffer.
pub(super) struct Writer<'a> {
    out: &'a mut [u8],
    at: usize,
    short: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut [u8]) -> Writer<'a> {
        Writer { out, at: 0, short: false }
    }

    /// Bytes written so far.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Whether everything has fitted.
    pub(super) fn is_whole(&self) -> bool {
        !self.short
    }

    /// The bytes written so far.
    pub(super) fn written(&self) -> &[u8] {
        &self.out[..self.at]
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        match self.out.get_mut(self.at..).and_then(|rest| rest.get_mut(..bytes.len())) {
            Some(place) => {
                place.copy_from_slice(bytes);
                self.at += bytes.len();
            }
            None => self.short = true,
        }
    }

    /// The same for a number of bytes that the compiler knows.
    #[inline]
    pub(super) fn put_array<const N: usize>(&mut self, bytes: [u8; N]) {
        match self.out.get_mut(self.at..).and_then(|rest| rest.first_chunk_mut::<N>()) {
            Some(place) => {
                *place = bytes;
                self.at += N;
            }
            None => self.short = true,
        }
    }

    #[inline]
    pub(super) fn u8(&mut self, byte: u8) {
        self.put_array([byte]);
    }

    #[inline]
    pub(super) fn fixed_u64(&mut self, value: u64) {
        self.put_array(value.to_le_bytes());
    }

    #[inline]
    pub(super) fn varint(&mut self, value: u64) {
        if value < 0x80 {
            return self.u8(value as u8);
        }
        self.long_varint(value);
    }

    fn long_varint(&mut self, mut value: u64) {
        let length = varint_length(value);
        match self.out.get_mut(self.at..).and_then(|rest| rest.get_mut(..length)) {
            Some(place) => {
                for byte in place.iter_mut() {
                    *byte = value as u8 | 0x80;
                    value >>= 7;
                }
                place[length - 1] &= 0x7f;
                self.at += length;
            }
            None => self.short = true,
        }
    }

    pub(super) fn zeros(&mut self, count: usize) {
        match self.out.get_mut(self.at..).and_then(|rest| rest.get_mut(..count)) {
            Some(place) => {
                place.fill(0);
                self.at += count;
            }
            None => self.short = true,
        }
    }

    /// Encodes a body of control fields as postcard does.
    pub(super) fn postcard<T: serde::Serialize>(&mut self, value: &T) {
        let Some(rest) = self.out.get_mut(self.at..) else { return self.short = true };
        match postcard::to_slice(value, rest) {
            Ok(used) => self.at += used.len(),
            Err(_) => self.short = true,
        }
    }
}

/// Bytes that the varint of a number takes.
#[inline]
pub(super) fn varint_length(value: u64) -> usize {
    ((64 - (value | 1).leading_zeros()) as usize).div_ceil(7)
}

/// Appends a varint.
#[inline]
pub(super) fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
