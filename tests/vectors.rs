//! Holds the code to the test vectors in `tests/vectors/*.jsonl`, which any other implementation can be held to as well:
//! `frames.jsonl` (bytes and their meaning, or their fault), `hashes.jsonl` (what is hashed and what comes out) and
//! `framing.jsonl` (streams of bytes and the frames in them).
//! With TASKWIRE_REWRITE=1 the files are written anew, to be reviewed as a diff.

#[path = "vectors/bad.rs"]
mod bad;
#[path = "vectors/framing.rs"]
mod framing;
#[path = "vectors/good.rs"]
mod good;
#[path = "vectors/hashes.rs"]
mod hashes;
#[path = "vectors/meaning.rs"]
mod meaning;

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{json, Value as Json};

use taskwire::wire::{decode, peek, Bounds, DecodeError, Fault, Kind};
use taskwire::Epoch;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name)
}

/// The lines of a file, after writing it anew if that was asked for.
fn lines(name: &str, made: &[Json]) -> Vec<Json> {
    let text: String = made.iter().map(|line| format!("{line}\n")).collect();
    if std::env::var("TASKWIRE_REWRITE").is_ok_and(|value| value == "1") {
        std::fs::write(path(name), &text).expect("the vectors can be written");
    }
    let kept = std::fs::read_to_string(path(name)).expect("the vectors can be read");
    for (kept, made) in kept.lines().zip(text.lines()) {
        assert_eq!(kept, made, "{name} is not what the code gives; TASKWIRE_REWRITE=1 writes it anew");
    }
    assert_eq!(kept.lines().count(), made.len(), "{name} has more or fewer lines than the code gives");
    kept.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

fn of_bounds(bounds: &Bounds) -> Json {
    json!({
        "slots": bounds.slots,
        "metadata": bounds.metadata,
        "message": bounds.message,
        "result": bounds.result,
        "value": bounds.value,
        "frame": bounds.frame,
        "session_epoch": bounds.session_epoch.0,
    })
}

fn bounds_of(json: &Json) -> Bounds {
    let number = |name: &str| json[name].as_u64().expect("a bound");
    Bounds {
        slots: number("slots") as u32,
        metadata: number("metadata") as u32,
        message: number("message") as u32,
        result: number("result") as u32,
        value: number("value") as u32,
        frame: number("frame") as u32,
        session_epoch: Epoch(number("session_epoch")),
    }
}

fn of_error(error: &DecodeError) -> Json {
    json!({
        "kind": error.kind.map(Kind::name),
        "field": error.field,
        "offset": error.offset,
        "fault": error.fault.name(),
        "text": error.to_string(),
    })
}

fn made() -> Vec<Json> {
    let good = good::all().into_iter().map(|good| {
        let bytes = good::encoded(&good);
        let frame = decode(&bytes, &good.bounds).unwrap_or_else(|error| panic!("{}: {error}", good.name));
        assert_eq!(frame, good.frame, "{}", good.name);
        json!({
            "name": good.name,
            "bounds": of_bounds(&good.bounds),
            "hex": meaning::hex(&bytes),
            "meaning": meaning::of(&frame),
            "text": frame.to_string(),
            "canonical": good.extensions.is_empty(),
        })
    });
    let bad = bad::all().into_iter().map(|bad| {
        let error = decode(&bad.bytes, &bad.bounds).expect_err(bad.name);
        json!({
            "name": bad.name,
            "bounds": of_bounds(&bad.bounds),
            "hex": meaning::hex(&bad.bytes),
            "error": of_error(&error),
        })
    });
    good.chain(bad).collect()
}

#[test]
fn frames_mean_what_the_vectors_say() {
    let (mut kinds, mut faults, mut names) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for line in lines("frames.jsonl", &made()) {
        let name = line["name"].as_str().expect("a name").to_owned();
        let bounds = bounds_of(&line["bounds"]);
        let bytes = meaning::unhex(line["hex"].as_str().expect("bytes"));
        match decode(&bytes, &bounds) {
            Ok(frame) => {
                assert_eq!(meaning::of(&frame), line["meaning"], "{name}");
                assert_eq!(frame.to_string(), line["text"], "{name}");
                assert_eq!(peek(&bytes), Ok(frame.header), "{name}");
                kinds.insert(frame.header.kind);
                if line["canonical"] == json!(true) {
                    let good = good::Good { name: "", bounds, frame, extensions: vec![] };
                    assert_eq!(good::encoded(&good), bytes, "{name}");
                }
            }
            Err(error) => {
                assert_eq!(of_error(&error), line["error"], "{name}");
                faults.insert(error.fault.name());
            }
        }
        assert!(names.insert(name.clone()), "two vectors are called {name}");
    }
    assert_eq!(kinds.len(), Kind::ALL.len(), "a kind without a vector");
    let all = [
        "cut",
        "frame-beyond",
        "checksum",
        "version",
        "unknown-kind",
        "varint",
        "range",
        "slot-beyond",
        "value-beyond",
        "code",
        "text",
        "overflow",
        "disagrees",
        "not-shortest",
        "spare-bits",
        "stream",
        "critical-extension",
        "padding",
    ];
    assert_eq!(faults, BTreeSet::from(all), "a fault without a vector");
}

#[test]
fn hashes_are_what_the_vectors_say() {
    assert!(lines("hashes.jsonl", &hashes::all()).len() > 20);
}

#[test]
fn streams_hold_the_frames_that_the_vectors_say() {
    for line in lines("framing.jsonl", &framing::all()) {
        let how = framing::of_name(line["framing"].as_str().expect("a framing"));
        let bytes = meaning::unhex(line["hex"].as_str().expect("bytes"));
        let found = framing::found(how, line["bound"].as_u64().expect("a bound") as u32, &bytes);
        for (field, value) in found.as_object().expect("an object") {
            assert_eq!(value, &line[field], "{}: {field}", line["name"]);
        }
        if line["canonical"] == json!(true) {
            let frames = line["frames"].as_array().expect("frames").iter();
            let again: Vec<u8> = frames
                .flat_map(|frame| framing::wrapped(how, &meaning::unhex(frame.as_str().expect("a frame"))))
                .collect();
            assert_eq!(again, bytes, "{}", line["name"]);
        }
    }
}

#[test]
fn every_fault_says_what_was_wrong() {
    let error = DecodeError {
        kind: Some(Kind::Delta),
        field: "slot",
        offset: 17,
        fault: Fault::SlotBeyond { slot: 4100, bound: 4096 },
    };
    assert_eq!(
        error.to_string(),
        "frame refused: kind DELTA, field `slot`, offset 17: slot 4100 is not below the agreed bound 4096; nothing was \
         changed"
    );
}
