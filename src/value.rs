//! Opaque bytes that a host hands over (metadata, message, result, extension), with their hash.
//! Bounds are checked where the bytes enter: at the API and in the decoder.

use alloc::boxed::Box;

use xxhash_rust::xxh3::xxh3_64;

/// Opaque bytes and their XXH3-64. No bytes and no value are the same thing, with the hash 0, and cost no allocation.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Value {
    bytes: Box<[u8]>,
    hash: u64,
}

impl Value {
    /// Copies `bytes` and hashes them.
    pub fn new(bytes: &[u8]) -> Value {
        if bytes.is_empty() {
            return Value::default();
        }
        Value { bytes: Box::from(bytes), hash: xxh3_64(bytes) }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Their number.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// XXH3-64 (seed 0) of the bytes; 0 when there are none.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Whether the hash is that of the bytes; false only when memory was damaged.
    pub fn is_sound(&self) -> bool {
        self.hash == if self.bytes.is_empty() { 0 } else { xxh3_64(&self.bytes) }
    }
}

impl core::hash::Hash for Value {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
        state.write_usize(self.bytes.len());
    }
}
