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

    pub(super) fn u8(&mut self, byte: u8) {
        self.put(&[byte]);
    }

    pub(super) fn fixed_u64(&mut self, value: u64) {
        self.put(&value.to_le_bytes());
    }

    pub(super) fn varint(&mut self, value: u64) {
        let (bytes, length) = varint(value);
        self.put(&bytes[..length]);
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

/// The shortest varint of a number, and how many of the bytes it is.
#[inline]
pub(super) fn varint(mut value: u64) -> ([u8; 10], usize) {
    let mut bytes = [0u8; 10];
    let mut length = 0;
    while value >= 0x80 {
        bytes[length] = value as u8 | 0x80;
        value >>= 7;
        length += 1;
    }
    bytes[length] = value as u8;
    (bytes, length + 1)
}

/// Bytes that the varint of a number takes.
#[inline]
pub(super) fn varint_length(value: u64) -> usize {
    ((64 - (value | 1).leading_zeros()) as usize).div_ceil(7)
}

/// Appends a varint.
#[inline]
pub(super) fn push_varint(out: &mut Vec<u8>, value: u64) {
    if value < 0x80 {
        return out.push(value as u8);
    }
    let (bytes, length) = varint(value);
    out.extend_from_slice(&bytes[..length]);
}
