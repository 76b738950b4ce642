//! What a frame means, as JSON: the right-hand side of the test vectors. Numbers are JSON numbers, exact up to 2^64 − 1;
//! sessions, tags, digests and bitmaps are 16 hexadecimal digits; bytes are hexadecimal.

use serde_json::{json, Map, Value as Json};

use taskwire::wire::{Body, Cells, Delta, Frame, Sketch, Snapshot, CELL_BYTES};
use taskwire::{Change, Entry, Exit, Payload, Status};

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len() % 2 == 0, "an odd number of hexadecimal digits");
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).expect("hexadecimal digits")).collect()
}

/// The meaning of a whole frame.
pub fn of(frame: &Frame) -> Json {
    let body = match &frame.body {
        Body::Hello(body) => control(body),
        Body::Welcome(body) => control(body),
        Body::Open(body) => control(body),
        Body::Delta(delta) => of_delta(delta),
        Body::Snapshot(part) => of_snapshot(part),
        Body::Ack(body) => control(body),
        Body::Ask(body) => control(body),
        Body::Verdict(body) => control(body),
        Body::Heartbeat(body) => control(body),
        Body::Fenced(body) => control(body),
        Body::Refused(body) => control(body),
        Body::NoSession(body) => control(body),
        Body::Goodbye(body) => control(body),
        Body::GoAway(body) => control(body),
        Body::LastWill(body) => control(body),
        Body::Sketch(sketch) => of_sketch(sketch),
        Body::Chunk(chunk) => json!({
            "stream": format!("{:?}", chunk.stream),
            "slot": chunk.slot.0,
            "registered": chunk.registered.0,
            "total": chunk.total,
            "offset": chunk.offset,
            "bytes": hex(&chunk.bytes),
        }),
    };
    json!({
        "kind": frame.header.kind.name(),
        "session": format!("{:016x}", frame.header.session.0),
        "number": frame.header.number.0,
        "body": body,
    })
}

fn control<T: serde::Serialize>(body: &T) -> Json {
    let mut json = serde_json::to_value(body).expect("control bodies are plain data");
    in_hex(&mut json);
    json
}

fn in_hex(json: &mut Json) {
    match json {
        Json::Object(map) => {
            for (key, value) in map.iter_mut() {
                let wide = matches!(key.as_str(), "tag" | "digest" | "session" | "bitmap" | "Session" | "Welcome");
                match value.as_u64().filter(|_| wide) {
                    Some(number) => *value = json!(format!("{number:016x}")),
                    None => in_hex(value),
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(in_hex),
        _ => {}
    }
}

fn of_delta(delta: &Delta) -> Json {
    json!({
        "stream": delta.stream.map(|stream| format!("{stream:?}")),
        "from": delta.from.0,
        "to": delta.to().0,
        "tag": format!("{:016x}", delta.tag.0),
        "entries": delta.entries.iter().map(of_entry).collect::<Vec<_>>(),
        "details": delta.details.iter().map(|(slot, detail)| json!({
            "slot": slot.0,
            "progress": detail.progress,
            "message": detail.message.as_deref().map(|message| hex(message.as_bytes())),
        })).collect::<Vec<_>>(),
        "digest": delta.digest.map(|digest| format!("{:016x}", digest.0)),
        "ack": delta.ack.as_ref().map(control),
    })
}

fn of_entry(entry: &Entry) -> Json {
    let mut json = Map::new();
    json.insert("slot".into(), json!(entry.slot.0));
    json.insert("epoch".into(), json!(entry.epoch.0));
    json.insert("at".into(), json!(entry.at.0));
    match &entry.change {
        Change::Register { id, metadata, payload } => {
            json.insert("register".into(), json!(id.to_string()));
            json.insert("metadata".into(), of_metadata(metadata.as_deref()));
            json.insert("payload".into(), of_payload(payload.as_deref()));
        }
        Change::Move(status) => {
            json.insert("move".into(), json!(status.state.code()));
            of_status(status, &mut json);
        }
        Change::Forget { registered } => {
            json.insert("forget registered".into(), json!(registered.0));
        }
        Change::Unknown { kind, bytes } => {
            json.insert("unknown".into(), json!(kind));
            json.insert("bytes".into(), json!(hex(bytes.as_bytes())));
        }
    }
    Json::Object(json)
}

/// The bytes; of a long value its length and hash.
fn of_metadata(metadata: Option<&taskwire::Value>) -> Json {
    match metadata {
        None => json!(""),
        Some(long) if long.is_long() => json!({ "length": long.len(), "hash": format!("{:016x}", long.hash()) }),
        Some(value) => json!(hex(value.as_bytes())),
    }
}

fn of_status(status: &Status, json: &mut Map<String, Json>) {
    json.insert("reason".into(), json!(status.reason.0));
    json.insert("source".into(), json!(status.source.0));
    json.insert("exit".into(), of_exit(status.exit));
    json.insert("payload".into(), of_payload(status.payload.as_deref()));
}

pub fn of_exit(exit: Exit) -> Json {
    match exit {
        Exit::None => Json::Null,
        Exit::Code(code) => json!({ "code": code }),
        Exit::Signal(signal) => json!({ "signal": signal }),
    }
}

pub fn of_payload(payload: Option<&Payload>) -> Json {
    let Some(payload) = payload else { return Json::Null };
    json!({
        "message": hex(payload.message.as_bytes()),
        "message cut": payload.message_cut,
        "result": hex(payload.result.as_bytes()),
        "trace": payload.trace.map(|trace| json!({
            "trace id": hex(&trace.trace_id),
            "span id": hex(&trace.span_id),
            "flags": trace.flags,
        })),
        "ext": hex(payload.ext.as_bytes()),
    })
}

fn of_sketch(sketch: &Sketch) -> Json {
    let mut json = json!({
        "stream": format!("{:?}", sketch.stream),
        "base": { "revision": sketch.base.revision.0, "tag": format!("{:016x}", sketch.base.tag.0) },
    });
    match &sketch.cells {
        Cells::Wanted { first, count } => json["wanted"] = json!({ "first": first, "count": count }),
        Cells::Given { first, bytes } => {
            let cells: Vec<String> = bytes.chunks(CELL_BYTES).map(hex).collect();
            json["given"] = json!({ "first": first, "cells": cells });
        }
    }
    json
}

fn of_snapshot(part: &Snapshot) -> Json {
    let records: Vec<Json> = part
        .records
        .iter()
        .map(|record| {
            json!({
                "slot": record.slot.0,
                "id": record.id.to_string(),
                "registered": [record.registered.epoch.0, record.registered.revision.0],
                "newest": [record.newest.epoch.0, record.newest.revision.0],
                "attempt": record.attempt,
                "number": record.number,
                "state": record.state.code(),
                "at": record.at.0,
                "reason": record.reason.0,
                "source": record.source.0,
                "exit": of_exit(record.exit),
                "metadata": of_metadata(record.metadata.as_deref()),
                "payload": of_payload(record.payload.as_deref()),
            })
        })
        .collect();
    let finals: Vec<Json> = part
        .finals
        .iter()
        .map(|last| {
            json!({
                "id": last.id.to_string(),
                "registered": [last.registered.epoch.0, last.registered.revision.0],
                "state": last.state.code(),
                "number": last.number,
            })
        })
        .collect();
    json!({
        "stream": format!("{:?}", part.stream),
        "base": { "revision": part.base.revision.0, "tag": format!("{:016x}", part.base.tag.0) },
        "digest": format!("{:016x}", part.digest.0),
        "slots": part.slots,
        "total": part.total,
        "first": part.first,
        "next": part.next,
        "patch": part.patch,
        "records": records,
        "emptied": part.emptied.iter().map(|slot| slot.0).collect::<Vec<_>>(),
        "finals": finals,
    })
}
