//! The writers of DELTA and SNAPSHOT frames at every size of frame: what is told of the length holds, what does not fit
//! changes nothing, and what was put in is read back. Whole frames are left to `wire_properties.rs`.

use std::sync::Arc;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use taskwire::wire::*;
use taskwire::UnixMillis;
use taskwire::Value;
use taskwire::{Change, Detail, Entry, Exit, Final, Payload, Reason, Record, Source, State, Status};
use taskwire::{Digest, Made, Position, Revision, Tag};
use taskwire::{Epoch, FrameNumber, SessionId, Slot, TaskId};

const EPOCH: Epoch = Epoch(1_700_000_000_000);

fn header(kind: Kind) -> Header {
    Header { kind, session: SessionId(9), number: FrameNumber(u64::MAX - 1) }
}

fn bounds() -> Bounds {
    Bounds { session_epoch: EPOCH, ..Bounds::default() }
}

fn entry() -> impl Strategy<Value = Entry> {
    let message = vec(any::<u8>(), 1..200).prop_map(|bytes| {
        let payload = Payload { message: Value::new(&bytes), ..Payload::default() };
        Change::Move(Status { payload: payload.into_shared(), ..Status::new(State::Failed) })
    });
    let change = prop_oneof![
        any::<[u8; 16]>().prop_map(|id| Change::Register { id: TaskId(id), metadata: None, payload: None }),
        Just(Change::Move(Status::new(State::Running))),
        Just(Change::Move(Status { exit: Exit::Code(0), ..Status::new(State::Succeeded) })),
        message,
        (1u64..1000).prop_map(|registered| Change::Forget { registered: Revision(registered) }),
    ];
    let slot = prop_oneof![0u32..8, 0u32..4096, 0u32..1 << 20];
    let epoch = prop_oneof![9 => Just(EPOCH), 1 => (1u64..4).prop_map(Epoch)];
    (slot, epoch, 0u64..100_000, change).prop_map(|(slot, epoch, at, change)| Entry {
        slot: Slot(slot),
        epoch,
        at: UnixMillis(1_700_000_000_000 + at),
        change,
    })
}

fn details() -> impl Strategy<Value = Vec<(Slot, Detail)>> {
    let message = prop_oneof![4 => Just(None), 1 => vec(any::<u8>(), 0..60).prop_map(Some)];
    let detail = (proptest::option::of(0u8..=100), message).prop_map(|(progress, message)| Detail {
        progress,
        message: message.map(|bytes| Arc::new(Value::new(&bytes))),
    });
    let slots = prop_oneof![btree_map(0u32..64, detail.clone(), 0..60), btree_map(0u32..1 << 20, detail, 0..60)];
    slots.prop_map(|map| map.into_iter().map(|(slot, detail)| (Slot(slot), detail)).collect::<Vec<_>>()).prop_shuffle()
}

fn ack() -> Ack {
    Ack {
        stream: StreamNumber::Desired,
        largest: FrameNumber(u64::MAX - 1),
        bitmap: u64::MAX,
        delay: u64::MAX,
        position: Position { revision: Revision::LAST, tag: Tag(u64::MAX) },
        staged: true,
        durable: Revision::LAST,
        credit: Revision::LAST,
        settings: u32::MAX,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_delta_never_passes_its_room_and_says_what_was_put_in(
        entries in vec(entry(), 0..80),
        details in details(),
        room in 100usize..1500,
        entries_first in any::<bool>(),
        with_digest in any::<bool>(),
        with_ack in any::<bool>(),
    ) {
        let mut writer = DeltaWriter::new();
        writer.begin(room, Revision(5000), EPOCH, with_digest, with_ack);
        let mut expected = Delta {
            stream: Some(StreamNumber::Reported),
            from: Revision(5000),
            tag: Tag(77),
            digest: with_digest.then_some(Digest(u64::MAX)),
            ack: with_ack.then(ack),
            ..Delta::default()
        };
        for turn in [entries_first, !entries_first] {
            if turn {
                for entry in &entries {
                    let before = writer.used();
                    if !writer.push(entry) {
                        prop_assert_eq!(writer.used(), before);
                        break;
                    }
                    prop_assert!(writer.used() <= room && writer.used() > before);
                    expected.entries.push(entry.clone());
                }
            } else {
                for (slot, detail) in &details {
                    let before = writer.used();
                    if writer.push_detail(*slot, detail) {
                        prop_assert!(writer.used() <= room);
                        expected.details.push((*slot, detail.clone()));
                    } else {
                        prop_assert_eq!(writer.used(), before);
                    }
                }
            }
        }
        prop_assert_eq!((writer.entries(), writer.details()), (expected.entries.len(), expected.details.len()));
        expected.details.sort_by_key(|(slot, _)| *slot);

        let mut out = vec![0; room.max(writer.used())];
        let used = writer.used();
        let length = writer.finish(
            header(Kind::Delta), StreamNumber::Reported, Tag(77), expected.digest, expected.ack.as_ref(), &mut out);
        prop_assert!(0 < length && length <= used, "{} of {}", length, used);
        let frame = decode(&out[..length], &bounds()).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(frame.body, Body::Delta(expected.clone()));
        let short = writer.finish(
            header(Kind::Delta), StreamNumber::Reported, Tag(77), expected.digest, expected.ack.as_ref(),
            &mut out[..length - 1]);
        prop_assert_eq!(short, 0);
    }

    #[test]
    fn decoding_into_a_used_delta_gives_what_decoding_anew_gives(
        frames in vec((vec(entry(), 0..30), details()), 1..6),
        damage in any::<u64>(),
    ) {
        let mut used = Delta::default();
        for (entries, mut details) in frames {
            details.sort_by_key(|(slot, _)| *slot);
            let delta = Delta { from: Revision(2000), entries, details, ..Delta::default() };
            let mut out = vec![0; 65_507];
            let length = encode(header(Kind::Delta), &Body::Delta(delta), &mut out).unwrap();
            let fresh = decode(&out[..length], &Bounds::default()).unwrap();
            let room = (used.entries.capacity(), used.details.capacity());
            decode_into(&out[..length], &Bounds::default(), &mut used).unwrap();
            prop_assert_eq!(&fresh.body, &Body::Delta(used.clone()));
            if used.entries.len() <= room.0 && used.details.len() <= room.1 {
                prop_assert_eq!((used.entries.capacity(), used.details.capacity()), room);
            }
            // A frame that is refused half-way leaves nothing behind that could be taken for its content.
            let at = 20 + damage as usize % (length - 24).max(1);
            out[at.min(length - 5)] ^= 0xff;
            let checksum = crc32c(&out[..length - 4]).to_le_bytes();
            out[length - 4..length].copy_from_slice(&checksum);
            if decode_into(&out[..length], &Bounds::default(), &mut used).is_err() {
                prop_assert!(used.entries.is_empty() && used.details.is_empty());
            }
        }
    }

    #[test]
    fn a_snapshot_never_passes_its_room_and_says_what_was_put_in(
        gaps in vec((0u32..40, any::<[u8; 16]>(), 0usize..150), 0..40),
        finals in vec(any::<[u8; 16]>(), 0..20),
        room in 600usize..1500,
    ) {
        let mut writer = SnapshotWriter::new();
        writer.begin(room, false);
        let (mut records, mut lasts, mut slot) = (Vec::new(), Vec::new(), 0);
        for (gap, id, length) in gaps {
            let record = record(slot + gap, id, length);
            let before = writer.used();
            if !writer.push_record(&record) {
                prop_assert_eq!(writer.used(), before);
                break;
            }
            slot += gap + 1;
            records.push(record);
        }
        for id in finals {
            let last = Final {
                id: TaskId(id),
                registered: Made { epoch: EPOCH, revision: Revision(u64::from(id[0]) + 1) },
                state: State::Failed,
                number: 3,
            };
            if !writer.push_final(&last) {
                break;
            }
            lasts.push(last);
        }
        prop_assert!(writer.used() <= room);
        let base = Position { revision: Revision(1_000_000), tag: Tag(3) };
        let total = slot + lasts.len() as u32;
        let mut out = vec![0; room];
        let length = writer.finish(
            header(Kind::Snapshot), StreamNumber::Reported, base, Digest(4), slot, total, 0, total, &mut out);
        prop_assert!(0 < length && length <= writer.used());
        let frame = decode(&out[..length], &bounds()).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let Body::Snapshot(part) = frame.body else { return Err(TestCaseError::fail("another kind")) };
        prop_assert_eq!((part.records, part.finals), (records, lasts));
    }
}

/// A bound that is lowered holds for the next push already, whatever was free under the former one.
#[test]
fn a_lowered_room_holds_at_once() {
    let detail = Detail { progress: Some(50), message: None };
    let mut writer = DeltaWriter::new();
    writer.begin(1200, Revision(1), EPOCH, false, false);
    assert!(writer.push_detail(Slot(40), &detail) && writer.push_detail(Slot(1), &detail));
    let used = writer.used();
    writer.set_room(used);
    assert!(!writer.push_detail(Slot(2), &detail));
    assert_eq!(writer.used(), used);
    writer.set_room(1200);
    assert!(writer.push_detail(Slot(2), &detail));
}

fn record(slot: u32, id: [u8; 16], metadata: usize) -> Record {
    Record {
        id: TaskId(id),
        slot: Slot(slot),
        registered: Made { epoch: EPOCH, revision: Revision(u64::from(id[1]) + 1) },
        newest: Made { epoch: Epoch(EPOCH.0 + u64::from(id[2])), revision: Revision(u64::from(id[3]) + 300) },
        attempt: id[4].into(),
        number: u32::from(id[5]) + 1,
        state: State::Failed,
        at: UnixMillis(1_700_000_000_000 + u64::from(id[6])),
        reason: Reason::SIGNAL,
        source: Source::AGENT,
        exit: Exit::Signal(9),
        metadata: (metadata > 0).then(|| Arc::new(Value::new(&vec![7; metadata]))),
        payload: None,
    }
}

/// What Limits::OVERHEAD promises: a record, and an entry, with every value at its bound fits into a frame.
#[test]
fn a_record_and_an_entry_with_every_value_at_its_bound_fit_into_a_frame() {
    let limits = taskwire::Limits::default();
    let limits = taskwire::Limits { metadata: limits.frame - 256 - limits.message - limits.result, ..limits };
    let trace = taskwire::TraceContext { trace_id: [255; 16], span_id: [255; 8], flags: 255 };
    let payload = Payload {
        message: Value::new(&vec![1; limits.message as usize]),
        message_cut: true,
        result: Value::new(&vec![2; limits.result as usize]),
        trace: Some(trace),
        ext: Value::new(&[3; MOST_EXT as usize]),
    };
    let metadata = Some(Arc::new(Value::new(&vec![4; limits.metadata as usize])));
    let record = Record {
        id: TaskId([255; 16]),
        slot: Slot((1 << 20) - 1),
        registered: Made { epoch: Epoch(1), revision: Revision(1) },
        newest: Made { epoch: Epoch(1 << 63), revision: Revision(1 << 63) },
        attempt: u32::MAX,
        number: u32::MAX,
        state: State::Cancelled,
        at: UnixMillis::LAST,
        reason: Reason(u16::MAX),
        source: Source(255),
        exit: Exit::Signal(i32::MIN),
        metadata: metadata.clone(),
        payload: payload.clone().into_shared(),
    };
    let mut writer = SnapshotWriter::new();
    writer.begin(limits.frame as usize, false);
    assert!(writer.push_record(&record), "{} bytes", writer.used());

    let change = Change::Register { id: TaskId([255; 16]), metadata, payload: payload.into_shared() };
    let entry = Entry { slot: Slot((1 << 20) - 1), epoch: Epoch(1 << 63), at: UnixMillis::LAST, change };
    let mut writer = DeltaWriter::new();
    writer.begin(limits.frame as usize, Revision(u64::MAX - 2), EPOCH, true, true);
    assert!(writer.push(&entry), "{} bytes", writer.used());
}
