//! The bytes that a record hash is made over: which fields, in which places, fixed for ever, as docs/PROTOCOL.md lists them.
//! Where the fields are kept is left to `task` and `row`.

use crate::id::{Slot, TaskId};
use crate::revision::Made;
use crate::task::{Payload, Reason, Source, State};
use crate::time::UnixMillis;
use crate::value::Value;

/// Bytes that a record is hashed over when it has no trace context; with one it is 25 more.
pub const CANONICAL_LENGTH: usize = 128;

/// What a record hash is made over, wherever the fields are kept.
pub(crate) struct Canonical<'a> {
    pub id: TaskId,
    pub slot: Slot,
    pub registered: Made,
    pub newest: Made,
    pub attempt: u32,
    pub number: u32,
    pub state: State,
    pub at: UnixMillis,
    pub reason: Reason,
    pub source: Source,
    pub exit: (u8, i32),
    pub metadata: Option<&'a Value>,
    pub payload: Option<&'a Payload>,
    pub forgotten: bool,
}

// Places are constants, so that the compiler checks them and not each call.
macro_rules! put {
    ($out:ident, $($at:literal: $bytes:expr,)*) => {
        $(
            let bytes = $bytes;
            $out[$at..$at + bytes.len()].copy_from_slice(&bytes);
        )*
    };
}

impl Canonical<'_> {
    /// XXH3-64 (seed 0) over the canonical bytes.
    #[inline]
    pub(crate) fn hash(&self) -> u64 {
        if self.payload.is_some_and(|payload| payload.trace.is_some()) {
            let mut bytes = [0u8; CANONICAL_LENGTH + 25];
            let length = self.write(&mut bytes);
            return xxhash_rust::xxh3::xxh3_64(&bytes[..length]);
        }
        // The usual length, known to the compiler.
        let mut bytes = [0u8; CANONICAL_LENGTH];
        self.write_fixed(&mut bytes);
        xxhash_rust::xxh3::xxh3_64(&bytes)
    }

    /// Writes the bytes over zeros, and returns how many they are.
    pub(crate) fn write(&self, out: &mut [u8; CANONICAL_LENGTH + 25]) -> usize {
        if let Some(fixed) = out.first_chunk_mut() {
            self.write_fixed(fixed);
        }
        let Some(trace) = self.payload.and_then(|payload| payload.trace) else { return CANONICAL_LENGTH };
        put! {
            out,
            128: trace.trace_id,
            144: trace.span_id,
            152: [trace.flags],
        }
        CANONICAL_LENGTH + 25
    }

    #[inline]
    fn write_fixed(&self, out: &mut [u8; CANONICAL_LENGTH]) {
        put! {
            out,
            0: self.id.0,
            16: self.slot.0.to_le_bytes(),
            20: self.registered.epoch.0.to_le_bytes(),
            28: self.registered.revision.0.to_le_bytes(),
            36: self.newest.epoch.0.to_le_bytes(),
            44: self.newest.revision.0.to_le_bytes(),
            52: self.attempt.to_le_bytes(),
            56: self.number.to_le_bytes(),
            60: self.at.0.to_le_bytes(),
            68: self.state.code().to_le_bytes(),
            70: self.reason.0.to_le_bytes(),
            72: [self.source.0, self.exit.0],
            74: self.exit.1.to_le_bytes(),
            78: [u8::from(self.forgotten), 0],
        }
        if let Some(metadata) = self.metadata {
            put! {
                out,
                80: (metadata.len() as u32).to_le_bytes(),
                84: metadata.hash().to_le_bytes(),
            }
        }
        if let Some(payload) = self.payload {
            let flags =
                u8::from(self.forgotten) | u8::from(payload.message_cut) << 1 | u8::from(payload.trace.is_some()) << 2;
            put! {
                out,
                78: [flags],
                92: (payload.message.len() as u32).to_le_bytes(),
                96: payload.message.hash().to_le_bytes(),
                104: (payload.result.len() as u32).to_le_bytes(),
                108: payload.result.hash().to_le_bytes(),
                116: (payload.ext.len() as u32).to_le_bytes(),
                120: payload.ext.hash().to_le_bytes(),
            }
        }
    }
}
