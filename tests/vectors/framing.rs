//! Streams of bytes and the frames in them, for both framings: what is found, what is dropped, what ends a stream.

use serde_json::{json, Value as Json};

use taskwire::wire::{Deframer, Framing};

use crate::meaning::hex;

const BOUND: u32 = 600;

fn name(framing: Framing) -> &'static str {
    match framing {
        Framing::LengthPrefixed => "length",
        Framing::Cobs => "cobs",
    }
}

/// The framing that a line names.
pub fn of_name(text: &str) -> Framing {
    *Framing::ALL.iter().find(|framing| name(**framing) == text).expect("a framing")
}

/// `frame` as it goes over a stream.
pub fn wrapped(framing: Framing, frame: &[u8]) -> Vec<u8> {
    let mut out = vec![0; framing.room(frame.len())];
    let length = framing.wrap(frame, &mut out).expect("it is a frame");
    out.truncate(length);
    out
}

/// What comes out of a stream: its frames, what was dropped, and the error that ended it.
pub fn found(framing: Framing, bound: u32, stream: &[u8]) -> Json {
    let mut deframer = Deframer::new(framing, bound);
    let (mut frames, mut error, mut rest) = (Vec::new(), None, stream);
    while !rest.is_empty() && error.is_none() {
        rest = &rest[deframer.push(rest)..];
        loop {
            match deframer.next_frame() {
                Ok(Some(frame)) => frames.push(hex(frame)),
                Ok(None) => break,
                Err(fault) => {
                    error = Some(fault.to_string());
                    break;
                }
            }
        }
    }
    let dropped = deframer.dropped();
    json!({
        "frames": frames,
        "dropped_pieces": dropped.pieces,
        "dropped_bytes": dropped.bytes,
        "waiting": deframer.held(),
        "error": error,
    })
}

fn counted(length: usize, from: u8) -> Vec<u8> {
    (0..length).map(|n| from.wrapping_add(n as u8)).collect()
}

/// All lines of `framing.jsonl`: first single frames, which are also written as the line says, then streams.
pub fn all() -> Vec<Json> {
    let frames: [(&str, Vec<u8>); 8] = [
        ("the shortest frame", counted(15, 1)),
        ("zeros alone", vec![0; 15]),
        ("a zero at the end", [counted(20, 1), vec![0]].concat()),
        ("253 bytes without a zero", vec![7; 253]),
        ("254 bytes without a zero", vec![7; 254]),
        ("255 bytes without a zero", vec![7; 255]),
        ("254 bytes without a zero, then one", [vec![7; 254], vec![0]].concat()),
        ("every byte twice", [counted(256, 0), counted(256, 0)].concat()),
    ];
    let mut lines = Vec::new();
    for framing in Framing::ALL {
        for (what, frame) in &frames {
            lines.push(line(framing, what, &wrapped(framing, frame), true));
        }
        let two = [wrapped(framing, &counted(20, 1)), wrapped(framing, &counted(30, 9))].concat();
        lines.push(line(framing, "two frames", &two, true));
        lines.push(line(framing, "a frame and half of one", &two[..two.len() - 9], false));
    }
    let frame = wrapped(Framing::Cobs, &counted(20, 1));
    let cobs = |what: &str, stream: &[&[u8]]| line(Framing::Cobs, what, &stream.concat(), false);
    lines.extend([
        cobs("noise before a frame", &[b"garbage", &frame]),
        cobs("noise between frames", &[&frame, &[0xff; 9], &frame]),
        cobs("a frame without its end, then a whole one", &[&frame[..12], &frame]),
        cobs("borders alone", &[&[0; 5], &frame, &[0; 5]]),
        cobs("one border between two frames", &[&frame, &frame[1..]]),
        cobs("too short for a frame", &[&[0, 4, 1, 2, 3, 0], &frame]),
        cobs("too long for a frame", &[&[0], &[0xff; 700], &[0], &frame]),
        cobs("an empty part after a full one", &[&[0, 255], &[7; 254], &[1, 0], &frame]),
    ]);
    let length = |what: &str, stream: &[u8]| line(Framing::LengthPrefixed, what, stream, false);
    lines.extend([
        length("a length below that of any frame", &[14, 0, 1, 2, 3]),
        length("a length above the bound", &[0x59, 2, 1, 2, 3]),
    ]);
    lines
}

fn line(framing: Framing, what: &str, stream: &[u8], canonical: bool) -> Json {
    let mut line = found(framing, BOUND, stream);
    line["name"] = json!(format!("{}: {what}", name(framing)));
    line["framing"] = json!(name(framing));
    line["bound"] = json!(BOUND);
    line["hex"] = json!(hex(stream));
    line["canonical"] = json!(canonical);
    line
}
