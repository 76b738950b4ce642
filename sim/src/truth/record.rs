//! The naive twin of a record: what a task's entries add up to, computed from the calls alone, with its own canonical
//! bytes and hash, written from docs/PROTOCOL.md and without the core's code for either.

use std::fmt;
use std::rc::Rc;

use taskwire::{Exit, Made, Payload, Reason, Record, Slot, Source, State, TaskId, TraceContext, UnixMillis, Value};
use xxhash_rust::xxh3::xxh3_64;

/// Bytes with their hash; no bytes have the hash 0.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bytes {
    bytes: Rc<[u8]>,
    hash: u64,
}

impl Default for Bytes {
    fn default() -> Bytes {
        Bytes::new(&[])
    }
}

impl Bytes {
    /// Copies and hashes.
    pub fn new(bytes: &[u8]) -> Bytes {
        Bytes { bytes: bytes.into(), hash: if bytes.is_empty() { 0 } else { xxh3_64(bytes) } }
    }

    /// Whether a value of the core is these bytes, or has their length and hash while its own have not come yet.
    pub fn is(&self, value: Option<&Value>) -> bool {
        match value {
            None => self.bytes.is_empty(),
            Some(value) if value.is_pending() => (value.len(), value.hash()) == (self.bytes.len(), self.hash),
            Some(value) => value.as_bytes() == &*self.bytes,
        }
    }

    /// The bytes.
    pub fn get(&self) -> &[u8] {
        &self.bytes
    }
}

/// A record as it must be.
#[derive(Clone, PartialEq, Debug)]
pub struct TwinRecord {
    /// The task.
    pub id: TaskId,
    /// Its slot.
    pub slot: Slot,
    /// Its registration.
    pub registered: Made,
    /// Its newest entry.
    pub newest: Made,
    /// Attempt, from 0.
    pub attempt: u32,
    /// Number of its newest transition, from 1.
    pub number: u32,
    /// Its state.
    pub state: State,
    /// Since when.
    pub at: UnixMillis,
    /// Why.
    pub reason: Reason,
    /// Who says so.
    pub source: Source,
    /// How its process ended.
    pub exit: Exit,
    /// Bytes of the registration.
    pub metadata: Bytes,
    /// Bytes of the newest transition.
    pub message: Bytes,
    /// Whether the message was cut.
    pub message_cut: bool,
    /// Bytes of the newest transition.
    pub result: Bytes,
    /// Its trace.
    pub trace: Option<TraceContext>,
}

impl TwinRecord {
    /// The hash over the canonical bytes; `forgotten` gives the one that a tombstone leaves.
    pub fn hash(&self, forgotten: bool) -> u64 {
        let mut b: Vec<u8> = Vec::with_capacity(160);
        b.extend(self.id.0);
        b.extend(self.slot.0.to_le_bytes());
        for made in [self.registered, self.newest] {
            b.extend(made.epoch.0.to_le_bytes());
            b.extend(made.revision.0.to_le_bytes());
        }
        b.extend(self.attempt.to_le_bytes());
        b.extend(self.number.to_le_bytes());
        b.extend(self.at.0.to_le_bytes());
        b.extend(self.state.code().to_le_bytes());
        b.extend(self.reason.0.to_le_bytes());
        b.push(self.source.0);
        let (kind, exit) = match self.exit {
            Exit::None => (0, 0),
            Exit::Code(code) => (1, code),
            Exit::Signal(signal) => (2, signal),
        };
        b.push(kind);
        b.extend(exit.to_le_bytes());
        b.push(u8::from(forgotten) + 2 * u8::from(self.message_cut) + 4 * u8::from(self.trace.is_some()));
        b.push(0);
        let none = Bytes::default();
        for value in [&self.metadata, &self.message, &self.result, &none] {
            b.extend((value.bytes.len() as u32).to_le_bytes());
            b.extend(value.hash.to_le_bytes());
        }
        if let Some(trace) = &self.trace {
            b.extend(trace.trace_id);
            b.extend(trace.span_id);
            b.push(trace.flags);
        }
        xxh3_64(&b)
    }

    /// The first field in which a record of the core differs, with both values; `None` when all are equal.
    pub fn difference(&self, record: &Record) -> Option<String> {
        let empty = Payload::default();
        let payload = record.payload.as_deref().unwrap_or(&empty);
        fn differs<T: PartialEq + fmt::Debug>(name: &str, truth: T, given: T) -> Option<String> {
            (truth != given).then(|| format!("{name} is {given:?} and should be {truth:?}"))
        }
        differs("id", self.id, record.id)
            .or_else(|| differs("slot", self.slot, record.slot))
            .or_else(|| differs("registration", self.registered, record.registered))
            .or_else(|| differs("newest entry", self.newest, record.newest))
            .or_else(|| differs("state", self.state, record.state))
            .or_else(|| differs("number", self.number, record.number))
            .or_else(|| differs("attempt", self.attempt, record.attempt))
            .or_else(|| differs("time", self.at, record.at))
            .or_else(|| differs("reason", self.reason, record.reason))
            .or_else(|| differs("source", self.source, record.source))
            .or_else(|| differs("exit", self.exit, record.exit))
            .or_else(|| differs("metadata", true, self.metadata.is(record.metadata.as_deref())))
            .or_else(|| differs("message", self.message.get(), payload.message.as_bytes()))
            .or_else(|| differs("message cut", self.message_cut, payload.message_cut))
            .or_else(|| differs("result", self.result.get(), payload.result.as_bytes()))
            .or_else(|| differs("trace", self.trace, payload.trace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use taskwire::{Epoch, Revision};

    fn record() -> TwinRecord {
        let made = Made { epoch: Epoch(3), revision: Revision(7) };
        TwinRecord {
            id: TaskId([5; 16]),
            slot: Slot(2),
            registered: made,
            newest: Made { epoch: Epoch(4), revision: Revision(9) },
            attempt: 1,
            number: 6,
            state: State::Failed,
            at: UnixMillis(1_234),
            reason: Reason(1_001),
            source: Source::HOST,
            exit: Exit::Signal(9),
            metadata: Bytes::new(b"meta"),
            message: Bytes::new(b"text"),
            message_cut: true,
            result: Bytes::default(),
            trace: Some(TraceContext { trace_id: [1; 16], span_id: [2; 8], flags: 1 }),
        }
    }

    fn core_record(twin: &TwinRecord) -> Record {
        let payload = Payload {
            message: taskwire::Value::new(twin.message.get()),
            message_cut: twin.message_cut,
            result: taskwire::Value::new(twin.result.get()),
            trace: twin.trace,
            ext: taskwire::Value::default(),
        };
        Record {
            id: twin.id,
            slot: twin.slot,
            registered: twin.registered,
            newest: twin.newest,
            attempt: twin.attempt,
            number: twin.number,
            state: twin.state,
            at: twin.at,
            reason: twin.reason,
            source: twin.source,
            exit: twin.exit,
            metadata: Some(std::sync::Arc::new(taskwire::Value::new(twin.metadata.get()))),
            payload: payload.into_shared(),
        }
    }

    #[test]
    fn the_twin_and_the_core_hash_alike_and_each_field_that_differs_is_named() {
        let twin = record();
        let core = core_record(&twin);
        assert_eq!(twin.difference(&core), None);
        assert_eq!(twin.hash(false), core.hash(false));
        assert_eq!(twin.hash(true), core.hash(true));
        for (change, name) in [
            (TwinRecord { attempt: 2, ..record() }, "attempt"),
            (TwinRecord { exit: Exit::Code(9), ..record() }, "exit"),
            (TwinRecord { metadata: Bytes::default(), ..record() }, "metadata"),
            (TwinRecord { message_cut: false, ..record() }, "message cut"),
            (TwinRecord { trace: None, ..record() }, "trace"),
        ] {
            assert!(change.difference(&core).unwrap().starts_with(name), "{name}");
            assert_ne!(change.hash(false), core.hash(false), "{name}");
        }
    }
}
