//! The frames that the vectors say are bad: each fault of each field, under a checksum that is right unless the checksum
//! is the fault. They are put together byte by byte, as no encoder makes them.

use taskwire::wire::*;
use taskwire::Epoch;

use super::good::{self, bytes_of, frame, seal, EPOCH, NOW};

pub struct Bad {
    pub name: &'static str,
    pub bounds: Bounds,
    pub bytes: Vec<u8>,
}

/// Bytes of a frame under construction.
#[derive(Clone, Default)]
struct Raw(Vec<u8>);

impl Raw {
    fn u8(mut self, byte: u8) -> Raw {
        self.0.push(byte);
        self
    }

    fn bytes(mut self, bytes: &[u8]) -> Raw {
        self.0.extend_from_slice(bytes);
        self
    }

    fn le(self, value: u64) -> Raw {
        self.bytes(&value.to_le_bytes())
    }

    fn varint(mut self, mut value: u64) -> Raw {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.u8(value as u8)
    }
}

fn head(kind: u8) -> Raw {
    Raw::default().u8(VERSION).u8(kind).le(0x5e55).u8(17)
}

/// A DELTA up to its tag.
fn delta(flags: u8, from: u64) -> Raw {
    head(4).u8(flags).varint(from).le(0xfedc_ba98_7654_3210)
}

/// A DELTA of one entry up to its rest: slots of 3 bits, slot 5.
fn one(from: u64, operation: u8) -> Raw {
    delta(2, from).u8(3).varint(NOW).u8(operation).u8(5)
}

/// A DELTA of details: low bits and count, then the column.
fn details(low: u8, count: u8, column: &[u8]) -> Raw {
    delta(4, 7).u8(low | (count - 1) << 5).bytes(column)
}

/// A SNAPSHOT up to its count of records.
fn snapshot(slots: u64, total: u64, first: u64, next: u64) -> Raw {
    head(5).u8(0).varint(41).le(1).le(2).varint(slots).varint(total).varint(first).varint(next)
}

/// The same of a patch.
fn patch(slots: u64, total: u64, first: u64, next: u64) -> Raw {
    head(5).u8(2).varint(41).le(1).le(2).varint(slots).varint(total).varint(first).varint(next)
}

/// A SNAPSHOT of one record of slot 0: newest and registered revision as differences, transition number.
fn with_record(newest: u64, registered: u64, number: u64) -> Raw {
    let raw = snapshot(8, 8, 0, 8).varint(1).varint(0).bytes(&[7; 16]);
    let raw = raw.varint(2 * EPOCH).varint(newest).varint(0).varint(registered).varint(0).varint(number);
    raw.varint(2 * NOW).u8(2).u8(0).varint(0)
}

fn bad(name: &'static str, raw: Raw) -> Bad {
    let bounds = Bounds {
        slots: 4096,
        metadata: 16,
        message: 8,
        result: 4,
        value: 32,
        session_epoch: Epoch(EPOCH),
        ..Bounds::default()
    };
    Bad { name, bounds, bytes: seal(raw.0) }
}

/// A good frame of the kind with its bytes from `at` replaced, and the checksum made right again.
fn edited(name: &'static str, body: Body, at: usize, bytes: &[u8]) -> Bad {
    let mut whole = bytes_of(&frame(0x5e55, 17, body), &[]);
    whole.truncate(whole.len() - 4);
    whole[at..at + bytes.len()].copy_from_slice(bytes);
    bad(name, Raw(whole))
}

pub fn all() -> Vec<Bad> {
    let mut list = around();
    list.extend(control());
    list.extend(columns());
    list.extend(forms());
    list.extend(of_details());
    list.extend(snapshots());
    list.extend(chunks());
    list.extend(sketches());
    list
}

fn around() -> Vec<Bad> {
    let heartbeat = || bytes_of(&frame(0x5e55, 22, Body::Heartbeat(good::heartbeat())), &[]);
    let none = |name, bytes| Bad { name, bounds: bad(name, Raw::default()).bounds, bytes };
    let mut damaged = heartbeat();
    damaged[20] ^= 0x10;
    let mut wrong_end = heartbeat();
    *wrong_end.last_mut().unwrap() ^= 1;
    let cut = heartbeat()[..heartbeat().len() - 7].to_vec();
    let mut too_long = none("a frame beyond the bound", heartbeat());
    too_long.bounds.frame = 24;
    let with = |name, extension: &[u8]| {
        let whole = bytes_of(&frame(0x5e55, 22, Body::Heartbeat(good::heartbeat())), extension);
        none(name, whole)
    };
    vec![
        none("no bytes at all", vec![]),
        none("14 bytes", vec![1; 14]),
        none("a flipped bit", damaged),
        none("a flipped bit of the checksum", wrong_end),
        none("a frame without its end", cut),
        too_long,
        bad("version 2", Raw::default().u8(2).u8(9).le(0).u8(1)),
        bad("kind 0", head(0)),
        bad("kind 18", head(18).bytes(&[1, 2, 3])),
        bad("kind 255", head(255)),
        bad("frame number at the end of u64", Raw::default().u8(1).u8(12).le(0).varint(u64::MAX).varint(1)),
        bad("frame number longer than it needs to be", Raw::default().u8(1).u8(12).le(0).bytes(&[0x81, 0]).varint(1)),
        bad("frame number of 65 bits", Raw::default().u8(1).u8(12).le(0).bytes(&[0xff; 9]).u8(2).varint(1)),
        bad("frame number of 11 bytes", Raw::default().u8(1).u8(12).le(0).bytes(&[0xff; 10]).u8(1)),
        bad("frame number without an end", Raw::default().u8(1).u8(12).le(0).bytes(&[0xff; 4])),
        with("a critical extension that is not known", &[0x03, 0x01, 7]),
        with("an extension longer than the frame", &[0x02, 0x09, 7]),
        with("an extension without a length", &[0x02]),
        with("padding that is not zero", &[0x00, 0x03, 0, 1, 0]),
    ]
}

fn control() -> Vec<Bad> {
    let hello_head = || Raw::default().u8(1).u8(1).le(0).u8(1).u8(1).u8(1).varint(0);
    let mut unpadded = bytes_of(&frame(0, 1, Body::Hello(good::hello())), &[]);
    unpadded.truncate(unpadded.len() - 4);
    let length_at = unpadded.iter().rposition(|byte| *byte != 0).unwrap();
    // The padding's length has two bytes, after its number.
    unpadded.truncate(length_at - 2);
    let mut epoch_at_end = hello_head().varint(6).bytes(b"edge-7").varint(u64::MAX);
    epoch_at_end = epoch_at_end.bytes(&[0; 400]);
    let judged = |verdict: u8| head(3).varint(1).varint(2).varint(7).u8(verdict);
    let heartbeat = |wall: u64| head(9).varint(3).varint(7).u8(0).varint(1).u8(0).varint(wall).varint(1).u8(0).u8(0);
    vec![
        bad("hello without enough padding", Raw(unpadded)),
        bad("hello: a node without a name", hello_head().varint(0).bytes(&[0; 400])),
        bad("hello: a name of 65 bytes", hello_head().varint(65).bytes(&[b'x'; 400])),
        bad("hello: a name that is not UTF-8", hello_head().varint(3).bytes(&[b'a', 0xff, b'b']).bytes(&[0; 400])),
        bad("hello: an epoch at the end of u64", epoch_at_end),
        bad("hello: nothing", head(1)),
        bad("open: verdict 6", judged(6)),
        bad("open: go on is neither yes nor no", head(3).varint(1).bytes(&[0, 0, 0, 0, 0, 0, 0, 2])),
        bad("ack: stream 2", head(6).u8(2)),
        bad("ack: a revision at the end of u64", head(6).u8(0).varint(1).varint(0).varint(0).varint(u64::MAX)),
        bad("ack: settings beyond 32 bits", head(6).bytes(&[0, 1, 0, 0, 3, 7, 0, 2, 9]).varint(1 << 32)),
        bad("ask: symptom 6", head(7).u8(0).varint(1).varint(3).varint(7).u8(6)),
        bad("heartbeat: option 2", head(9).varint(3).varint(7).u8(2)),
        bad("heartbeat: a wall clock of 2^63", heartbeat(1 << 63)),
        bad("heartbeat: cut before its acknowledgement", head(9).bytes(&[3, 7, 0, 1, 0, 5, 1, 0])),
        bad("refused: answers nothing", head(11).u8(3)),
        bad("refused: reason 10", head(11).u8(2).varint(7).u8(10)),
        bad("refused: limit 7", head(11).u8(2).varint(7).u8(1).u8(7)),
        bad("no session: a session longer than it needs to be", head(12).bytes(&[0x80, 0x80, 0])),
    ]
}

fn columns() -> Vec<Bad> {
    let runs = |bytes: &[u8]| delta(2 | 8, 2).u8(3 | 1 << 5).varint(NOW).bytes(bytes).bytes(&[1, 1]).u8(0b0010_1101);
    let count = |more: u64| delta(2, 2).u8(3 | 7 << 5).varint(more).varint(NOW).bytes(&[1; 40]);
    vec![
        bad("delta: desired stream", delta(1, 0)),
        bad("delta: spare flags", delta(0x40, 0)),
        bad("delta: epochs without entries", delta(8, 0)),
        bad("delta: from at the end of u64", delta(0, u64::MAX)),
        bad("delta: entries beyond the last revision", one(u64::MAX - 1, 1)),
        bad("delta: cut within the tag", head(4).u8(0).varint(0).bytes(&[1, 2, 3])),
        bad("delta: more entries than the frame has bytes for", count(4000 - 8)),
        bad("delta: 4,097 entries", count(4097 - 8)),
        bad("delta: a count that would overflow", count(u64::MAX)),
        bad("delta: a slot beyond the bound", delta(2, 2).u8(13).varint(NOW).u8(1).bytes(&[4100u16 as u8, 16])),
        bad("delta: slots wider than they need to be", delta(2, 2).u8(4).varint(NOW).u8(1).u8(5)),
        bad("delta: bits beside the slots", delta(2, 2).u8(3).varint(NOW).u8(1).u8(0x15)),
        bad("delta: a difference of time before the first entry", one(2, 1 | 1 << 3)),
        bad("delta: a first time of 2^63", delta(2, 2).u8(3).varint(1 << 63).u8(1).u8(5)),
        bad(
            "delta: a time that overflows by a small step",
            delta(2, 2).u8(3 | 1 << 5).varint(u64::MAX >> 1).bytes(&[1, 1 | 5 << 3]).u8(0x2d),
        ),
        bad(
            "delta: a time that overflows by a large step",
            delta(2, 2).u8(3 | 1 << 5).varint(u64::MAX >> 1).bytes(&[1, 1 | 31 << 3]).u8(0x2d).varint(80),
        ),
        bad(
            "delta: a time before 1970",
            delta(2, 2).u8(3 | 1 << 5).varint(5).bytes(&[1, 1 | 31 << 3]).u8(0x2d).varint(11),
        ),
        bad(
            "delta: a small step told as a large one",
            delta(2, 2).u8(3 | 1 << 5).varint(NOW).bytes(&[1, 1 | 31 << 3]).u8(0x2d).varint(60),
        ),
        bad("delta: no runs of epochs", runs(&[0])),
        bad("delta: epoch 0", runs(&[1, 0, 2])),
        bad("delta: two runs of one epoch", runs(&[2, 5, 1, 5, 1])),
        bad("delta: a run of nothing", runs(&[2, 5, 0, 6, 2])),
        bad("delta: runs longer than the entries", runs(&[1, 5, 3])),
        bad("delta: runs shorter than the entries", runs(&[1, 5, 1])),
        bad("delta: one run of the session's own epoch", runs(&Raw::default().u8(1).varint(EPOCH).u8(2).0)),
    ]
}

fn forms() -> Vec<Bad> {
    let general = |form: u8| one(300, 7).u8(form);
    let payload = |flags: u8| general(4 | 1 << 7).u8(flags);
    let register = |form: u8| general(form).bytes(&[7; 16]);
    vec![
        bad("register: a task cut short", one(2, 0).bytes(&[7; 15])),
        bad("failed: exit code 0 in the short form", one(2, 3).varint(0)),
        bad("failed: an exit code beyond 32 bits", one(2, 3).varint(1 << 32)),
        bad("forget: its own revision", one(300, 6).varint(0)),
        bad("forget: a registration before the first revision", one(300, 6).varint(301)),
        bad("register: spare bits of the form", register(0x20 | 8)),
        bad("register: nothing beyond the short form", register(0)),
        bad("register: metadata beyond the bound", register(8).varint(17).bytes(&[1; 17])),
        bad("register: metadata of no bytes", register(8).varint(0)),
        bad("register: metadata longer than the frame", register(8).varint(16).bytes(&[1; 9])),
        bad("register: a length that would overflow", register(8).varint(u64::MAX)),
        bad("move: RUNNING in the long form", general(2)),
        bad("move: state 7", general(7)),
        bad("move: exit kind 3", general(4 | 3 << 5)),
        bad("move: reason 0 told", general(4 | 1 << 3).varint(0)),
        bad("move: a reason beyond 16 bits", general(4 | 1 << 3).varint(1 << 16)),
        bad("move: source 0 told", general(4 | 1 << 4).u8(0)),
        bad("move: a payload of nothing", payload(0)),
        bad("move: spare bits of a payload", payload(0x20)),
        bad("move: a message of no bytes", payload(1).varint(0)),
        bad("move: a message beyond the bound", payload(1).varint(9).bytes(&[b'x'; 9])),
        bad("move: a result beyond the bound", payload(4).varint(5).bytes(&[b'x'; 5])),
        bad("move: a trace cut short", payload(8).bytes(&[1; 24])),
        bad("move: an ext beyond the bound", payload(16).varint(33).bytes(&[1; 33])),
        bad("entry kind 3", general(6 | 3 << 3).varint(0)),
        bad("entry kind 16", general(6 | 16 << 3).varint(0)),
        bad("entry of kind 4 beyond the bound", general(6 | 4 << 3).varint(32).bytes(&[1; 32])),
    ]
}

fn of_details() -> Vec<Bad> {
    vec![
        bad("details: no column", details(0, 1, &[])),
        bad("details: fewer than announced", delta(4, 7).u8(6 << 5).bytes(&[0xff; 3])),
        bad("details: a code without an end", details(0, 1, &[0; 30])),
        bad("details: a column cut short", details(0, 2, &[0x51, 0x80])),
        bad("details: a slot beyond the bound", details(13, 1, &[0x02, 0x40, 0x0a, 0])),
        bad("details: low bits other than the gaps give", details(1, 1, &[0x51, 0x01])),
        bad("details: bits beside the column", details(1, 1, &[0x42, 0x05])),
        bad("details: code 104", details(0, 1, &[0x01 | 0x68 << 1])),
        bad("details: progress 101 beside a message", details(0, 1, &[0x01 | 0x67 << 1]).u8(101).varint(0)),
        bad("details: a message beyond the bound", details(0, 1, &[0x01 | 0x66 << 1]).varint(9).bytes(&[b'x'; 9])),
        bad("details: a message longer than the frame", details(0, 1, &[0x01 | 0x66 << 1]).varint(8).bytes(&[b'x'; 3])),
        bad("details: a digest cut short", delta(16, 7).bytes(&[1; 7])),
        bad("delta: an acknowledgement cut short", delta(32, 7).bytes(&[0, 1, 2])),
    ]
}

fn chunks() -> Vec<Bad> {
    let chunk = |slot: u64, registered: u64, total: u64, offset: u64, length: u64| {
        head(14).u8(0).varint(slot).varint(registered).varint(total).varint(offset).varint(length)
    };
    vec![
        bad("chunk: desired stream", head(14).u8(1).varint(5)),
        bad("chunk: stream 2", head(14).u8(2).varint(5)),
        bad("chunk: a slot beyond the bound", chunk(4096, 7, 9, 0, 1).u8(1)),
        bad("chunk: a registration at revision 0", chunk(5, 0, 9, 0, 1).u8(1)),
        bad("chunk: a value beyond the bound", chunk(5, 7, 33, 0, 1).u8(1)),
        bad("chunk: a value without bytes", chunk(5, 7, 0, 0, 1).u8(1)),
        bad("chunk: it begins behind its value", chunk(5, 7, 9, 9, 1).u8(1)),
        bad("chunk: it ends behind its value", chunk(5, 7, 9, 4, 6).bytes(&[1; 6])),
        bad("chunk: no bytes", chunk(5, 7, 9, 4, 0)),
        bad("chunk: bytes that are not there", chunk(5, 7, 9, 4, 5).bytes(&[1; 4])),
    ]
}

fn sketches() -> Vec<Bad> {
    let sketch =
        |form: u8, first: u64, count: u64| head(15).u8(0).varint(41).le(7).u8(form).varint(first).varint(count);
    let most = u64::from(MOST_CELLS);
    vec![
        bad("sketch: desired stream", head(15).u8(1).varint(41).le(7).u8(0).varint(0).varint(1)),
        bad("sketch: stream 2", head(15).u8(2).varint(41).le(7).u8(0).varint(0).varint(1)),
        bad("sketch: neither asked for nor given", sketch(2, 0, 1)),
        bad("sketch: a cell beyond the last", sketch(0, most, 1)),
        bad("sketch: more cells than there may be", sketch(0, most - 1, 2)),
        bad("sketch: no cells", sketch(0, 0, 0)),
        bad("sketch: cells that are not there", sketch(1, 0, 2).bytes(&[1; 19])),
        bad("sketch: without a form", head(15).u8(0).varint(41).le(7)),
    ]
}

fn snapshots() -> Vec<Bad> {
    let final_of = |state: u8, number: u64| {
        let raw = snapshot(8, 9, 8, 9).varint(0).varint(1).bytes(&[7; 16]);
        raw.varint(2 * EPOCH).varint(2).u8(state).varint(number)
    };
    let edit = |name, at, bytes: &[u8]| edited(name, Body::Snapshot(good::snapshot()), at, bytes);
    vec![
        edit("snapshot: desired stream", 11, &[1]),
        edit("snapshot: stream 4", 11, &[4]),
        edit("snapshot: a patch of the desired stream", 11, &[3]),
        bad("snapshot: a patch without a count of empty slots", patch(8, 8, 0, 8).varint(0)),
        bad("snapshot: an empty slot outside the part", patch(8, 8, 4, 8).varint(0).varint(1).varint(3).varint(0)),
        bad("snapshot: an empty slot that is none", patch(8, 8, 0, 8).varint(0).varint(1).varint(8).varint(0)),
        bad("snapshot: more empty slots than bytes", patch(8, 8, 0, 8).varint(0).varint(9).bytes(&[0; 4])),
        bad("snapshot: more slots than the bound", snapshot(4097, 4097, 0, 1).varint(0).varint(0)),
        bad("snapshot: fewer indexes than slots", snapshot(8, 7, 0, 1).varint(0).varint(0)),
        bad("snapshot: a part beyond the end", snapshot(8, 8, 0, 9).varint(0).varint(0)),
        bad("snapshot: a part that ends before it begins", snapshot(8, 8, 5, 4).varint(0).varint(0)),
        bad("snapshot: more records than the frame has bytes for", snapshot(8, 8, 0, 8).varint(100).bytes(&[0; 40])),
        bad("snapshot: a record outside the part", snapshot(8, 8, 4, 8).varint(1).varint(3).bytes(&[0; 40])),
        bad("snapshot: a newest revision above base", with_record(2 * 42, 0, 1)),
        bad("snapshot: a newest revision of 0", with_record(0, 0, 1)),
        bad("snapshot: registered after its newest entry", with_record(2 * 40, 2, 1)),
        bad("snapshot: transition number 0", with_record(2 * 40, 1, 0)),
        bad(
            "snapshot: finals that do not fill their indexes",
            snapshot(8, 10, 8, 10).varint(0).varint(1).bytes(&[0; 40]),
        ),
        bad("snapshot: a final that is RUNNING", final_of(2, 3)),
        bad("snapshot: a final without a transition", final_of(3, 0)),
        bad("snapshot: no count of finals", snapshot(8, 8, 0, 8).varint(0)),
    ]
}
