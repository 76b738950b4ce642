//! The vectors of everything that is hashed: values, records, tags, digests, session ids, checksums.

use std::sync::Arc;

use serde_json::{json, Value as Json};

use taskwire::wire::crc32c;
use taskwire::Value;
use taskwire::{Digest, Made, Position, Revision};
use taskwire::{Epoch, Nonce, SessionId};
use taskwire::{Exit, Payload, Reason, Record, Source, State, CANONICAL_LENGTH};

use super::good::{payload, record, trace};
use super::meaning::{hex, of_exit, of_payload};

fn of_record(name: &str, record: &Record, forgotten: bool) -> Json {
    let mut bytes = [0u8; CANONICAL_LENGTH + 25];
    let length = record.canonical(forgotten, &mut bytes);
    json!({
        "what": "record",
        "name": name,
        "record": {
            "id": record.id.to_string(),
            "slot": record.slot.0,
            "registered": [record.registered.epoch.0, record.registered.revision.0],
            "newest": [record.newest.epoch.0, record.newest.revision.0],
            "attempt": record.attempt,
            "number": record.number,
            "at": record.at.0,
            "state": record.state.code(),
            "reason": record.reason.0,
            "source": record.source.0,
            "exit": of_exit(record.exit),
            "metadata": hex(record.metadata()),
            "payload": of_payload(record.payload.as_deref()),
        },
        "forgotten": forgotten,
        "canonical": hex(&bytes[..length]),
        "hash": format!("{:016x}", record.hash(forgotten)),
    })
}

fn records() -> Vec<(&'static str, Record, bool)> {
    let full = Record {
        registered: Made { epoch: Epoch(1), revision: Revision(2) },
        newest: Made { epoch: Epoch(u64::MAX - 1), revision: Revision::LAST },
        attempt: u32::MAX,
        number: u32::MAX - 1,
        state: State::Failed,
        reason: Reason(u16::MAX),
        source: Source(255),
        exit: Exit::Code(-1),
        metadata: Some(Arc::new(Value::new(b"build #42"))),
        payload: payload().into_shared(),
        ..record(4095)
    };
    let traced = Record { payload: Payload { trace: Some(trace()), ..Payload::default() }.into_shared(), ..record(1) };
    let ended = Record { state: State::Succeeded, exit: Exit::Code(0), number: 3, ..record(1) };
    let signalled = Record { state: State::Failed, exit: Exit::Signal(9), reason: Reason::SIGNAL, ..record(1) };
    vec![
        ("running", record(0), false),
        ("with a trace", traced, false),
        ("ended", ended.clone(), false),
        ("ended and forgotten", ended, true),
        ("failed by a signal", signalled, false),
        ("with everything", full, false),
    ]
}

pub fn all() -> Vec<Json> {
    let mut list = Vec::new();
    for bytes in [&b""[..], b"a", b"123456789", &[0xa5; 300]] {
        list.push(json!({
            "what": "value", "bytes": hex(bytes), "hash": format!("{:016x}", Value::new(bytes).hash()),
        }));
        list.push(json!({ "what": "checksum", "bytes": hex(bytes), "crc32c": format!("{:08x}", crc32c(bytes)) }));
    }
    let (mut position, mut digest) = (Position::START, Digest::default());
    for (name, record, forgotten) in records() {
        list.push(of_record(name, &record, forgotten));
        let hash = record.hash(forgotten);
        let next = position.advance(hash);
        list.push(json!({
            "what": "tag",
            "before": format!("{:016x}", position.tag.0),
            "record hash": format!("{hash:016x}"),
            "after": format!("{:016x}", next.tag.0),
        }));
        position = next;
        let sum = digest.with(hash);
        list.push(json!({
            "what": "digest",
            "before": format!("{:016x}", digest.0),
            "record hash": format!("{hash:016x}"),
            "with": format!("{:016x}", sum.0),
            "without": format!("{:016x}", digest.without(hash).0),
        }));
        digest = sum;
    }
    for (agent, counter, controller) in [(0x0123_4567_89ab_cdef, 1, 0xfeed), (1, 2, 3), (u64::MAX, u64::MAX, u64::MAX)]
    {
        list.push(json!({
            "what": "session",
            "agent nonce": agent,
            "counter": counter,
            "controller nonce": controller,
            "session": format!("{:016x}", SessionId::derive(Nonce(agent), counter, Nonce(controller)).0),
        }));
    }
    list
}
