//! Properties of the codec over arbitrary frames: what is encoded decodes to the same, what decodes encodes to the same
//! bytes, and whatever is wrong with the bytes is a typed error. Single known frames are left to `vectors.rs`.

use std::sync::Arc;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;

use taskwire::wire::*;
use taskwire::UnixMillis;
use taskwire::Value;
use taskwire::{AckPolicy, Limits};
use taskwire::{Change, Detail, Entry, Exit, Final, Payload, Reason, Record, Source, State, Status, TraceContext};
use taskwire::{Digest, Made, Position, Revision, Tag};
use taskwire::{Epoch, FrameNumber, Name, Nonce, SessionId, Slot, TaskId, Term};

const SLOTS: u32 = 4096;

fn bounds() -> Bounds {
    Bounds { slots: SLOTS, metadata: 64, message: 48, result: 48, ..Bounds::default() }
}

/// Numbers of every size, small ones as often as large ones.
fn number() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0u32..64).prop_map(|(n, shift)| n >> shift)
}

fn small() -> impl Strategy<Value = u32> {
    (any::<u32>(), 0u32..32).prop_map(|(n, shift)| n >> shift)
}

/// Numbers that may not be at the end of u64.
fn counted() -> impl Strategy<Value = u64> {
    number().prop_map(|n| n.min(u64::MAX - 1))
}

fn time() -> impl Strategy<Value = UnixMillis> {
    number().prop_map(|n| UnixMillis(n >> 1))
}

fn revision() -> impl Strategy<Value = Revision> {
    counted().prop_map(Revision)
}

fn position() -> impl Strategy<Value = Position> {
    (revision(), any::<u64>()).prop_map(|(revision, tag)| Position { revision, tag: Tag(tag) })
}

fn stream() -> impl Strategy<Value = StreamNumber> {
    prop::sample::select(vec![StreamNumber::Reported, StreamNumber::Desired])
}

fn name() -> impl Strategy<Value = Name> {
    "[a-zäß0-9-]{1,32}".prop_map(|text| Name::new(&text).unwrap())
}

fn standing() -> impl Strategy<Value = Standing> {
    let stage =
        (position(), position(), position()).prop_map(|(base, position, tip)| StageStanding { base, position, tip });
    (position(), revision(), revision(), option::of(stage)).prop_map(|(received, durable, credit, stage)| Standing {
        received,
        durable,
        credit,
        stage,
    })
}

fn judgement() -> impl Strategy<Value = Judgement> {
    let verdict = prop::sample::select(vec![
        Verdict::Resume,
        Verdict::Empty,
        Verdict::SubscriberBehind,
        Verdict::PublisherBehind,
        Verdict::Fork,
        Verdict::Damaged,
    ]);
    (position(), verdict, position(), position(), any::<bool>())
        .prop_map(|(judged, verdict, base, tip, go_on)| Judgement { judged, verdict, base, tip, go_on })
}

prop_compose! {
    fn limits()(slots in small(), log in small(), metadata in small(), message in small(), result in small(),
                frame in small(), finals in small(), value in small()) -> Limits {
        Limits { slots, log, metadata, message, result, frame, finals, value }
    }
}

prop_compose! {
    fn hello()(versions in any::<(u8, u8)>(), capabilities in number(), node in name(), epoch in counted(),
               nonce in number(), counter in number(), starts_empty in any::<bool>(), base in position(),
               tail in position(), more in (limits(), counted(), time(), standing())) -> Body {
        let (limits, term, wall, desired) = more;
        Body::Hello(Hello {
            version_least: versions.0, version_most: versions.1, capabilities, node, epoch: Epoch(epoch),
            nonce: Nonce(nonce), counter, starts_empty, base, tail, limits, largest_term: Term(term), wall, desired,
        })
    }
}

fn settings() -> impl Strategy<Value = Settings> {
    (small(), number(), number()).prop_map(|(version, heartbeat, lease)| Settings { version, heartbeat, lease })
}

prop_compose! {
    fn welcome()(echo in (number(), number()), version in any::<u8>(), capabilities in number(), controller in name(),
                 own in (counted(), number(), any::<u64>()), durable in any::<bool>(), settings in settings(),
                 reported in standing(), maker in (counted(), number()), judged in (judgement(), time())) -> Body {
        Body::Welcome(Welcome {
            hello_nonce: Nonce(echo.0), hello_counter: echo.1, version, capabilities, controller, term: Term(own.0),
            nonce: Nonce(own.1), session: SessionId(own.2),
            policy: if durable { AckPolicy::Durable } else { AckPolicy::Received },
            settings, reported, maker_epoch: Epoch(maker.0), maker_nonce: Nonce(maker.1), desired: judged.0,
            wall: judged.1,
        })
    }
}

prop_compose! {
    fn ack()(stream in stream(), largest in counted(), bitmap in any::<u64>(), delay in number(),
             position in position(), staged in any::<bool>(), durable in revision(), credit in revision(),
             settings in small()) -> Ack {
        Ack { stream, largest: FrameNumber(largest), bitmap, delay, position, staged, durable, credit, settings }
    }
}

prop_compose! {
    fn heartbeat()(tip in position(), digest in option::of(any::<u64>()), sent in number(),
                   echo in option::of((counted(), number(), number(), time())), wall in time(),
                   settings_version in small(), settings in option::of(settings()), sleep in number(), ack in option::of(ack())) -> Body {
        let echo = echo.map(|(number, sent, received, wall)| Echo { number: FrameNumber(number), sent, received, wall });
        Body::Heartbeat(Heartbeat {
            tip, digest: digest.map(Digest), sent, echo, wall, settings_version, settings, sleep, ack,
        })
    }
}

fn answered() -> impl Strategy<Value = Answered> {
    prop_oneof![
        (number(), number()).prop_map(|(nonce, counter)| Answered::Hello(Nonce(nonce), counter)),
        number().prop_map(|session| Answered::Welcome(SessionId(session))),
        number().prop_map(|session| Answered::Session(SessionId(session))),
    ]
}

fn refusal() -> impl Strategy<Value = Refusal> {
    let plain = prop::sample::select(vec![
        Refusal::Version,
        Refusal::Identity,
        Refusal::Busy,
        Refusal::Nodes,
        Refusal::Exhausted,
        Refusal::RepairFailed,
        Refusal::Closed,
        Refusal::Forgotten,
        Refusal::Short,
    ]);
    prop_oneof![4 => plain, 1 => small().prop_map(|most| Refusal::Limit(LimitName::Message, most))]
}

fn symptom() -> impl Strategy<Value = Symptom> {
    prop::sample::select(vec![
        Symptom::Tag,
        Symptom::Entry,
        Symptom::Digest,
        Symptom::Scrub,
        Symptom::History,
        Symptom::Stage,
    ])
}

fn value(most: usize) -> impl Strategy<Value = Value> {
    vec(any::<u8>(), 0..=most).prop_map(|bytes| Value::new(&bytes))
}

fn payload() -> impl Strategy<Value = Option<Arc<Payload>>> {
    let trace = option::of((any::<[u8; 16]>(), any::<[u8; 8]>(), any::<u8>()));
    let some = (value(48), any::<bool>(), value(48), trace, value(MOST_EXT as usize)).prop_map(
        |(message, message_cut, result, trace, ext)| {
            let trace = trace.map(|(trace_id, span_id, flags)| TraceContext { trace_id, span_id, flags });
            Payload { message, message_cut, result, trace, ext }.into_shared()
        },
    );
    prop_oneof![3 => Just(None), 1 => some]
}

fn exit() -> impl Strategy<Value = Exit> {
    prop_oneof![
        Just(Exit::None),
        Just(Exit::Code(0)),
        any::<i32>().prop_map(Exit::Code),
        any::<i32>().prop_map(Exit::Signal)
    ]
}

prop_compose! {
    fn status()(state in prop::sample::select(State::ALL.to_vec()),
                reason in prop_oneof![0u16..12, any::<u16>()], source in prop_oneof![3 => Just(0u8), 1 => any::<u8>()],
                exit in exit(), payload in payload()) -> Status {
        Status { state, reason: Reason(reason), source: Source(source), exit, payload }
    }
}

fn metadata() -> impl Strategy<Value = Option<Arc<Value>>> {
    let short = vec(any::<u8>(), 1..=64).prop_map(|bytes| Value::new(&bytes));
    let long = (1..=Limits::MOST_VALUE, any::<u64>()).prop_map(|(length, hash)| Value::pending(length, hash));
    option::of(prop_oneof![4 => short, 1 => long].prop_map(Arc::new))
}

fn change() -> impl Strategy<Value = Change> {
    let plain = prop_oneof![
        Just(Status::new(State::Running)),
        Just(Status { exit: Exit::Code(0), ..Status::new(State::Succeeded) }),
        any::<i32>().prop_map(|c| Status {
            exit: Exit::Code(c),
            reason: Reason::EXIT_CODE,
            ..Status::new(State::Failed)
        }),
        Just(Status { reason: Reason::CANCELLED_BY_HOST, ..Status::new(State::Cancelled) }),
        Just(Status::new(State::Pending)),
    ];
    prop_oneof![
        (any::<[u8; 16]>(), metadata(), payload()).prop_map(|(id, metadata, payload)| Change::Register {
            id: TaskId(id),
            metadata,
            payload
        }),
        plain.prop_map(Change::Move),
        status().prop_map(Change::Move),
        // How far back; it becomes a revision when the entry's own is known.
        number().prop_map(|back| Change::Forget { registered: Revision(back) }),
        (4u8..=15, value(MOST_EXT as usize - 1)).prop_map(|(kind, bytes)| Change::Unknown { kind, bytes }),
    ]
}

prop_compose! {
    fn entry()(slot in 0..SLOTS, epoch in prop_oneof![6 => Just(7u64), 1 => 1u64..9, 1 => counted()],
               at in prop_oneof![4 => 0u64..40, 1 => Just(1_700_000_000_000u64), 1 => time().prop_map(|t| t.0)],
               change in change()) -> Entry {
        Entry { slot: Slot(slot), epoch: Epoch(epoch.max(1)), at: UnixMillis(at), change }
    }
}

fn detail() -> impl Strategy<Value = Detail> {
    let message = prop_oneof![3 => Just(None), 1 => value(48).prop_map(|v| Some(Arc::new(v)))];
    (option::of(0u8..=100), message).prop_map(|(progress, message)| Detail { progress, message })
}

prop_compose! {
    fn delta()(from in number(), tag in any::<u64>(), mut entries in vec(entry(), 0..40),
               details in prop_oneof![btree_map(0..SLOTS, detail(), 0..40), btree_map(0u32..60, detail(), 0..40)],
               digest in option::of(any::<u64>()), ack in option::of(ack())) -> Delta {
        let from = from.min(Revision::LAST.0 - entries.len() as u64);
        let mut time = 0u64;
        for (index, entry) in entries.iter_mut().enumerate() {
            let before = from + index as u64;
            if let Change::Forget { registered } = &mut entry.change {
                let named = before.saturating_sub(registered.0).max(1);
                entry.change = if before == 0 {
                    Change::Move(Status::new(State::Running))
                } else {
                    Change::Forget { registered: Revision(named) }
                };
            }
            time = if entry.at.0 < 40 { (time + entry.at.0).min(UnixMillis::LAST.0) } else { entry.at.0 };
            entry.at = UnixMillis(time);
        }
        Delta {
            stream: Some(StreamNumber::Reported), from: Revision(from), tag: Tag(tag), entries,
            details: details.into_iter().map(|(slot, detail)| (Slot(slot), detail)).collect(),
            digest: digest.map(Digest), ack,
        }
    }
}

prop_compose! {
    fn record(base: u64)(made in (counted(), counted(), 1..=base, number()), id in any::<[u8; 16]>(),
                         attempt in small(), number in small(), at in time(), metadata in metadata(),
                         status in status()) -> Record {
        let (epoch, registered_epoch, newest, back) = made;
        Record {
            id: TaskId(id),
            slot: Slot(0),
            registered: Made {
                epoch: Epoch(registered_epoch.max(1)),
                revision: Revision(newest.saturating_sub(back).max(1)),
            },
            newest: Made { epoch: Epoch(epoch.max(1)), revision: Revision(newest) },
            attempt, number: number.max(1), state: status.state, at, reason: status.reason, source: status.source,
            exit: status.exit, metadata, payload: status.payload,
        }
    }
}

prop_compose! {
    fn last()(id in any::<[u8; 16]>(), epoch in counted(), revision in counted(), state in 2usize..5,
              number in small()) -> Final {
        Final {
            id: TaskId(id),
            registered: Made { epoch: Epoch(epoch.max(1)), revision: Revision(revision.max(1)) },
            state: State::ALL[state],
            number: number.max(1),
        }
    }
}

fn snapshot() -> impl Strategy<Value = Body> {
    let parts = counted().prop_map(|n| n.max(1)).prop_flat_map(|base| {
        let records = btree_map(0..SLOTS, record(base), 0..12);
        let emptied = proptest::option::of(btree_set(0..SLOTS, 0..6));
        (Just(base), any::<u64>(), any::<u64>(), records, emptied, vec(last(), 0..9), 0u32..5)
    });
    parts.prop_map(|(base, tag, digest, records, emptied, finals, more)| {
        let records: Vec<Record> =
            records.into_iter().map(|(slot, record)| Record { slot: Slot(slot), ..record }).collect();
        let highest = records.last().map_or(0, |r| r.slot.0 + 1);
        let first = records.first().map_or(0, |r| r.slot.0);
        let is_free = |slot: &u32| (first..highest).contains(slot) && records.iter().all(|r| r.slot.0 != *slot);
        let patch = emptied.is_some();
        let emptied = emptied.unwrap_or_default().into_iter().filter(is_free).map(Slot).collect();
        let slots = if finals.is_empty() { (highest + more).min(SLOTS) } else { highest };
        Body::Snapshot(Snapshot {
            stream: StreamNumber::Reported,
            base: Position { revision: Revision(base), tag: Tag(tag) },
            digest: Digest(digest),
            slots,
            total: slots + finals.len() as u32 + more,
            first,
            next: highest + finals.len() as u32,
            patch,
            records,
            emptied,
            finals,
        })
    })
}

fn sketch() -> impl Strategy<Value = Body> {
    let cells = prop_oneof![
        (0..MOST_CELLS, 1..200u32)
            .prop_map(|(first, count)| { Cells::Wanted { first, count: count.min(MOST_CELLS - first) } }),
        (0..MOST_CELLS - 40, 1..40usize, any::<u8>()).prop_map(|(first, count, byte)| {
            Cells::Given { first, bytes: (0..count * CELL_BYTES).map(|n| byte.wrapping_mul(n as u8)).collect() }
        }),
    ];
    (position(), cells).prop_map(|(base, cells)| Body::Sketch(Sketch { stream: StreamNumber::Reported, base, cells }))
}

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        1 => hello(),
        1 => welcome(),
        1 => (number(), judgement())
            .prop_map(|(nonce, reported)| Body::Open(Open { controller_nonce: Nonce(nonce), reported })),
        6 => delta().prop_map(Body::Delta),
        3 => snapshot(),
        1 => sketch(),
        1 => ack().prop_map(Body::Ack),
        1 => (stream(), small(), position(), symptom())
            .prop_map(|(stream, ask, position, symptom)| Body::Ask(Ask { stream, ask, position, symptom })),
        1 => (stream(), small(), judgement())
            .prop_map(|(stream, ask, judgement)| Body::Verdict(Judged { stream, ask, judgement })),
        1 => heartbeat(),
        1 => (answered(), number(), any::<bool>())
            .prop_map(|(answered, seen, twin)| Body::Fenced(Fenced { answered, seen, twin })),
        1 => (answered(), refusal(), number()).prop_map(|(answered, refusal, come_back_after)| Body::Refused(Refused {
            answered,
            refusal,
            come_back_after
        })),
        1 => any::<u64>().prop_map(|session| Body::NoSession(NoSession { session: SessionId(session) })),
        1 => (0..SLOTS, counted(), 1..=Limits::MOST_VALUE, any::<u32>(), vec(any::<u8>(), 1..40)).prop_map(
            |(slot, registered, total, at, mut bytes)| {
                let offset = at % total;
                bytes.truncate((total - offset) as usize);
                let (stream, registered) = (StreamNumber::Reported, Revision(registered.max(1)));
                Body::Chunk(Chunk { stream, slot: Slot(slot), registered, total, offset, bytes })
            }
        ),
        1 => number().prop_map(|come_back_after| Body::GoAway(GoAway { come_back_after })),
        1 => number().prop_map(|epoch| Body::LastWill(LastWill { epoch: Epoch(epoch) })),
        1 => (position(), number()).prop_map(|(tip, come_back_after)| Body::Goodbye(Goodbye { tip, come_back_after })),
    ]
}

fn frame() -> impl Strategy<Value = Frame> {
    (any::<u64>(), counted(), body()).prop_map(|(session, number, body)| Frame {
        header: Header { kind: body.kind(), session: SessionId(session), number: FrameNumber(number) },
        body,
    })
}

fn encoded(frame: &Frame) -> Vec<u8> {
    let mut out = vec![0xaa; 65_507];
    let length = encode(frame.header, &frame.body, &mut out).expect("it fits");
    out.truncate(length);
    out
}

fn reseal(bytes: &mut [u8]) {
    let body = bytes.len() - 4;
    let checksum = crc32c(&bytes[..body]);
    bytes[body..].copy_from_slice(&checksum.to_le_bytes());
}

/// What decodes encodes to the same bytes, unless extensions follow the body; then the encoding is a beginning of them.
fn is_canonical(bytes: &[u8]) -> Result<(), TestCaseError> {
    let Ok(frame) = decode(bytes, &bounds()) else { return Ok(()) };
    let again = encoded(&frame);
    if frame.header.kind == Kind::Hello || bytes.len() > again.len() {
        prop_assert_eq!(decode(&again, &bounds()), Ok(frame));
    } else {
        prop_assert_eq!(again, bytes);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_encoded_decodes_to_the_same(frame in frame()) {
        let bytes = encoded(&frame);
        let decoded = decode(&bytes, &bounds());
        prop_assert_eq!(decoded.as_ref(), Ok(&frame));
        prop_assert_eq!(peek(&bytes), Ok(frame.header));
        prop_assert!(!frame.to_string().contains('\n'));
        match frame.header.kind {
            Kind::Hello => prop_assert!((PADDED_HELLO..=PADDED_HELLO + 1).contains(&bytes.len())),
            Kind::Welcome => prop_assert!(bytes.len() <= PADDED_HELLO),
            _ => {}
        }
        for room in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            prop_assert!(encode(frame.header, &frame.body, &mut vec![0; room]).is_err());
        }
    }

    #[test]
    fn a_cut_frame_is_an_error(frame in frame(), at in any::<Index>()) {
        let bytes = encoded(&frame);
        let cut = at.index(bytes.len());
        let error = decode(&bytes[..cut], &bounds()).unwrap_err();
        prop_assert!(matches!(error.fault, Fault::Checksum { .. } | Fault::Cut { .. }), "{}", error);
        if cut >= 15 {
            let mut shorter = bytes[..cut].to_vec();
            reseal(&mut shorter);
            is_canonical(&shorter)?;
        }
    }

    #[test]
    fn a_flipped_bit_is_a_checksum_error_and_resealed_an_error_or_canonical(
        frame in frame(),
        at in any::<Index>(),
        bit in 0u8..8,
    ) {
        let mut bytes = encoded(&frame);
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let error = decode(&bytes, &bounds()).unwrap_err();
        prop_assert!(matches!(error.fault, Fault::Checksum { .. }), "{}", error);
        reseal(&mut bytes);
        is_canonical(&bytes)?;
    }

    #[test]
    fn spliced_bytes_are_an_error_or_canonical(
        frame in frame(),
        at in any::<Index>(),
        cut in 0usize..12,
        put in vec(prop_oneof![any::<u8>(), Just(0xff), Just(0x80), Just(0)], 0..12),
    ) {
        let mut bytes = encoded(&frame);
        let at = at.index(bytes.len() - 4);
        let end = (at + cut).min(bytes.len() - 4);
        bytes.splice(at..end, put);
        if bytes.len() >= 15 {
            reseal(&mut bytes);
            is_canonical(&bytes)?;
        }
    }
    #[test]
    fn any_body_under_a_good_checksum_costs_no_more_memory_than_its_bytes(
        kind in 1u8..=13,
        body in vec(prop_oneof![any::<u8>(), Just(0xff), Just(0), Just(1)], 0..300),
    ) {
        let mut bytes = vec![VERSION, kind, 1, 0, 0, 0, 0, 0, 0, 0, 5];
        bytes.extend_from_slice(&body);
        bytes.extend_from_slice(&[0; 4]);
        reseal(&mut bytes);
        is_canonical(&bytes)?;
        let mut delta = Delta::default();
        match decode_into(&bytes, &bounds(), &mut delta) {
            Ok((_, Body::Snapshot(part))) => {
                prop_assert!(part.records.capacity() * 26 + part.finals.capacity() * 20 <= bytes.len());
            }
            Ok(_) => {}
            Err(error) => {
                prop_assert!(error.offset <= bytes.len(), "{}", error);
                prop_assert!(delta.entries.is_empty() && delta.details.is_empty());
            }
        }
        prop_assert!(delta.entries.capacity() + delta.details.capacity() <= 2 * bytes.len().max(8));
    }
}
