//! Opaque bytes that a host hands over (metadata, message, result, extension), with their hash. A long one may travel
//! apart from the entry that names it: until it has come, its length and hash alone are known.
//! Bounds are checked where the bytes enter: at the API and in the decoder.

use alloc::boxed::Box;

use xxhash_rust::xxh3::xxh3_64;

/// Opaque bytes and their XXH3-64. No bytes and no value are the same thing, with the hash 0, and cost no allocation.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Value {
    bytes: Box<[u8]>,
    /// The length of a value that travels apart; 0 for all others.
    apart: u32,
    hash: u64,
}

impl Value {
    /// Copies `bytes` and hashes them.
    pub fn new(bytes: &[u8]) -> Value {
        if bytes.is_empty() {
            return Value::default();
        }
        Value { bytes: Box::from(bytes), apart: 0, hash: xxh3_64(bytes) }
    }

    /// A long value, which entries name by its length and hash alone.
    pub fn long(bytes: &[u8]) -> Value {
        Value { apart: bytes.len() as u32, ..Value::new(bytes) }
    }

    /// A long value that has not come yet: no bytes, and so this length and hash.
    pub fn pending(length: u32, hash: u64) -> Value {
        Value { bytes: Box::default(), apart: length, hash }
    }

    /// The bytes; none while the value [is pending](Value::is_pending).
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Their number; of a value that is pending too.
    pub fn len(&self) -> usize {
        (self.apart as usize).max(self.bytes.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether entries name it by its length and hash alone, and its bytes travel apart.
    pub fn is_long(&self) -> bool {
        self.apart > 0
    }

    /// Whether its bytes have not come yet.
    pub fn is_pending(&self) -> bool {
        self.apart > 0 && self.bytes.is_empty()
    }

    /// XXH3-64 (seed 0) of the bytes; 0 when there are none.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Whether the hash is that of the bytes; false only when memory was damaged.
    pub fn is_sound(&self) -> bool {
        self.is_pending() || self.hash == if self.bytes.is_empty() { 0 } else { xxh3_64(&self.bytes) }
    }
}

impl core::hash::Hash for Value {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
        state.write_usize(self.len());
        state.write_u8(u8::from(self.is_pending()));
    }
}
