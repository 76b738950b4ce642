//! Columns of bits, least significant first: numbers of one width, and Rice codes. The bits of a column are padded with
//! zeros to a whole byte.

use super::writer::Writer;

/// Bits on their way into a frame.
pub(super) struct BitWriter<'w, 'a> {
    writer: &'w mut Writer<'a>,
    held: u64,
    count: u32,
}

impl<'w, 'a> BitWriter<'w, 'a> {
    pub(super) fn new(writer: &'w mut Writer<'a>) -> BitWriter<'w, 'a> {
        BitWriter { writer, held: 0, count: 0 }
    }

    /// Writes the low `width` bits of `value`; `width` is at most 32, and the bits above it are zero.
    #[inline]
    pub(super) fn put(&mut self, value: u32, width: u32) {
        self.held |= u64::from(value) << self.count;
        self.count += width;
        if self.count >= 32 {
            self.writer.put_array((self.held as u32).to_le_bytes());
            self.held >>= 32;
            self.count -= 32;
        }
    }

    /// Writes `value` as a Rice code: its part above `low` bits as so many zeros and a one, then the `low` bits.
    #[inline]
    pub(super) fn rice(&mut self, value: u32, low: u32) {
        let mut above = value >> low;
        while above >= 31 {
            self.put(0, 31);
            above -= 31;
        }
        self.put(1 << above, above + 1);
        self.put(value & ((1u32 << low) - 1), low);
    }

    /// Pads with zeros to a whole byte.
    pub(super) fn finish(self) {
        let bytes = self.held.to_le_bytes();
        self.writer.put(&bytes[..(self.count as usize).div_ceil(8)]);
    }
}

/// Bits out of a frame.
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    /// Reads the bits of `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> BitReader<'a> {
        BitReader { bytes, at: 0 }
    }

    /// At least 57 bits from here on; zeros beyond the end.
    #[inline]
    fn window(&self) -> u64 {
        let byte = self.at >> 3;
        let word = match self.bytes.get(byte..).and_then(|rest| rest.first_chunk::<8>()) {
            Some(chunk) => u64::from_le_bytes(*chunk),
            None => self.last_window(byte),
        };
        word >> (self.at & 7)
    }

    #[cold]
    fn last_window(&self, byte: usize) -> u64 {
        let mut chunk = [0u8; 8];
        for (to, from) in chunk.iter_mut().zip(self.bytes.get(byte..).unwrap_or(&[])) {
            *to = *from;
        }
        u64::from_le_bytes(chunk)
    }

    /// The next `width` bits, at most 32; zeros beyond the end, which the caller has seen to or asks about.
    #[inline]
    pub(super) fn take(&mut self, width: u32) -> u32 {
        let value = self.window() & ((1u64 << width) - 1);
        self.at += width as usize;
        value as u32
    }

    /// A Rice code with `low` low bits, and the `width` bits after it, 7 at most; `None` when the code does not end before
    /// the bytes do, or is 2^32 or more.
    #[inline]
    pub(super) fn rice_and(&mut self, low: u32, width: u32) -> Option<(u32, u32)> {
        let window = self.window();
        let zeros = window.trailing_zeros();
        let used = zeros + 1 + low + width;
        if used > 57 {
            return self.long_rice_and(low, width);
        }
        self.at += used as usize;
        let low_bits = (window >> (zeros + 1)) & ((1u64 << low) - 1);
        let after = (window >> (zeros + 1 + low)) & ((1u64 << width) - 1);
        let value = u64::from(zeros) << low | low_bits;
        Some((u32::try_from(value).ok()?, after as u32))
    }

    /// The same for a code that is longer than a window.
    #[cold]
    fn long_rice_and(&mut self, low: u32, width: u32) -> Option<(u32, u32)> {
        let mut above = 0u64;
        let mut window = self.window();
        while window << 7 == 0 {
            // 57 bits are certain to be the frame's own.
            self.at += 57;
            above += 57;
            if self.is_past_end() {
                return None;
            }
            window = self.window();
        }
        let zeros = window.trailing_zeros();
        self.at += zeros as usize + 1;
        above += u64::from(zeros);
        if above > u64::from(u32::MAX >> low) {
            return None;
        }
        let low_bits = self.take(low);
        Some(((above as u32) << low | low_bits, self.take(width)))
    }

    /// Whether more bits were taken than there are.
    #[inline]
    pub(super) fn is_past_end(&self) -> bool {
        self.at > self.bytes.len() * 8
    }

    /// Bytes that the bits taken so far touch.
    pub(super) fn bytes_used(&self) -> usize {
        self.at.div_ceil(8)
    }

    /// The bits between those taken and the end of their last byte.
    pub(super) fn spare(&self) -> u64 {
        match self.at & 7 {
            0 => 0,
            used => u64::from(self.bytes.get(self.at >> 3).copied().unwrap_or(0) >> used),
        }
    }
}
