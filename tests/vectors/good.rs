//! The frames that the vectors say are good: each kind, each kind of entry, and the corners of each field.

use std::sync::Arc;

use taskwire::wire::*;
use taskwire::UnixMillis;
use taskwire::Value;
use taskwire::{AckPolicy, Limits};
use taskwire::{Change, Detail, Entry, Exit, Final, Payload, Reason, Record, Source, State, Status, TraceContext};
use taskwire::{Digest, Made, Position, Revision, Tag};
use taskwire::{Epoch, FrameNumber, Name, Nonce, SessionId, Slot, TaskId, Term};

pub const EPOCH: u64 = 1_764_000_000_000;
pub const NOW: u64 = 1_764_000_012_345;

pub struct Good {
    pub name: &'static str,
    pub bounds: Bounds,
    pub frame: Frame,
    /// Bytes after the body and before the checksum.
    pub extensions: Vec<u8>,
}

pub fn frame(session: u64, number: u64, body: Body) -> Frame {
    let header = Header { kind: body.kind(), session: SessionId(session), number: FrameNumber(number) };
    Frame { header, body }
}

pub fn bytes_of(frame: &Frame, extensions: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 65_507];
    let length = encode(frame.header, &frame.body, &mut out).expect("it fits");
    out.truncate(length - 4);
    out.extend_from_slice(extensions);
    seal(out)
}

/// The bytes of a good vector. Entries of the session's own epoch do not say so, which only a writer that knows the
/// session can leave out.
pub fn encoded(good: &Good) -> Vec<u8> {
    let mut frame = good.frame.clone();
    if let Body::Delta(delta) = &mut frame.body {
        if delta.entries.iter().all(|entry| entry.epoch == good.bounds.session_epoch) {
            delta.entries.iter_mut().for_each(|entry| entry.epoch = Epoch(0));
        }
    }
    bytes_of(&frame, &good.extensions)
}

pub fn seal(mut covered: Vec<u8>) -> Vec<u8> {
    let checksum = crc32c(&covered).to_le_bytes();
    covered.extend_from_slice(&checksum);
    covered
}

pub fn position(revision: u64) -> Position {
    Position { revision: Revision(revision), tag: Tag(0x1111_2222_3333_4444 ^ revision) }
}

pub fn id(last: u8) -> TaskId {
    let mut id = *b"\x0f\x8f\xad\x5b\xd9\xcb\x46\x9f\xa1\x65\x70\x86\x77\x28\x95\x00";
    id[15] = last;
    TaskId(id)
}

fn value(text: &str) -> Value {
    Value::new(text.as_bytes())
}

pub fn trace() -> TraceContext {
    TraceContext { trace_id: [0xab; 16], span_id: [0xcd; 8], flags: 1 }
}

pub fn payload() -> Payload {
    Payload {
        message: value("no space left"),
        message_cut: true,
        result: Value::new(&[0, 1, 2, 255]),
        trace: Some(trace()),
        ext: Value::new(&[9, 1]),
    }
}

pub fn entry(slot: u32, at: u64, change: Change) -> Entry {
    Entry { slot: Slot(slot), epoch: Epoch(EPOCH), at: UnixMillis(at), change }
}

pub fn register(last: u8) -> Change {
    Change::Register { id: id(last), metadata: None, payload: None }
}

pub fn exited(state: State, code: i32) -> Change {
    let reason = if code == 0 { Reason::NONE } else { Reason::EXIT_CODE };
    Change::Move(Status { exit: Exit::Code(code), reason, ..Status::new(state) })
}

pub fn plain(state: State) -> Change {
    Change::Move(Status::new(state))
}

pub fn delta(from: u64, entries: Vec<Entry>) -> Delta {
    Delta {
        stream: Some(StreamNumber::Reported),
        from: Revision(from),
        tag: Tag(0xfedc_ba98_7654_3210),
        entries,
        ..Delta::default()
    }
}

pub fn ack(stream: StreamNumber) -> Ack {
    Ack {
        stream,
        largest: FrameNumber(18),
        bitmap: 0x8000_0000_0000_0005,
        delay: 250,
        position: position(3),
        staged: false,
        durable: Revision(2),
        credit: Revision(1027),
        settings: 1,
    }
}

pub fn hello() -> Hello {
    Hello {
        version_least: 1,
        version_most: 1,
        capabilities: 0,
        node: Name::new("edge-7").unwrap(),
        epoch: Epoch(EPOCH),
        nonce: Nonce(0x0123_4567_89ab_cdef),
        counter: 1,
        starts_empty: true,
        base: Position::START,
        tail: position(3),
        limits: Limits::default(),
        largest_term: Term(0),
        wall: UnixMillis(NOW),
        desired: Standing::default(),
    }
}

pub fn judgement(verdict: Verdict, go_on: bool) -> Judgement {
    Judgement { judged: position(2), verdict, base: position(1), tip: position(9), go_on }
}

pub fn welcome() -> Welcome {
    Welcome {
        hello_nonce: Nonce(0x0123_4567_89ab_cdef),
        hello_counter: 1,
        version: 1,
        capabilities: 0,
        controller: Name::new("fra-1").unwrap(),
        term: Term(1),
        nonce: Nonce(0xfeed),
        session: SessionId::derive(Nonce(0x0123_4567_89ab_cdef), 1, Nonce(0xfeed)),
        policy: AckPolicy::Durable,
        settings: Settings { version: 1, heartbeat: 5_000_000, lease: 15_000_000 },
        reported: Standing::default(),
        maker_epoch: Epoch(0),
        maker_nonce: Nonce(0),
        desired: Judgement {
            judged: Position::START,
            verdict: Verdict::Resume,
            base: Position::START,
            tip: Position::START,
            go_on: false,
        },
        wall: UnixMillis(NOW + 1),
    }
}

pub fn heartbeat() -> Heartbeat {
    Heartbeat {
        tip: position(3),
        digest: None,
        sent: 12_345_678,
        echo: None,
        wall: UnixMillis(NOW),
        settings_version: 1,
        sleep: 0,
        settings: None,
        ack: None,
    }
}

pub fn record(slot: u32) -> Record {
    Record {
        id: id(slot as u8),
        slot: Slot(slot),
        registered: Made { epoch: Epoch(EPOCH), revision: Revision(10 + u64::from(slot)) },
        newest: Made { epoch: Epoch(EPOCH), revision: Revision(40) },
        attempt: 0,
        number: 2,
        state: State::Running,
        at: UnixMillis(NOW),
        reason: Reason::NONE,
        source: Source::HOST,
        exit: Exit::None,
        metadata: None,
        payload: None,
    }
}

pub fn snapshot() -> Snapshot {
    Snapshot {
        stream: StreamNumber::Reported,
        base: position(41),
        digest: Digest(0xd16e),
        slots: 4096,
        total: 4098,
        first: 0,
        next: 4096,
        patch: false,
        records: vec![],
        emptied: vec![],
        finals: vec![],
    }
}

pub fn all() -> Vec<Good> {
    let mut list = control();
    list.extend(entries());
    list.extend(details());
    list.extend(snapshots());
    list.extend(chunks());
    list.extend(sketches());
    list.extend(extensions());
    list
}

fn good(name: &'static str, frame: Frame) -> Good {
    let bounds = Bounds { session_epoch: Epoch(EPOCH), ..Bounds::default() };
    Good { name, bounds, frame, extensions: vec![] }
}

fn control() -> Vec<Good> {
    let stage = StageStanding { base: position(1), position: position(0), tip: position(9) };
    let largest = Position { revision: Revision::LAST, tag: Tag(u64::MAX) };
    let widest = Standing {
        received: largest,
        durable: Revision::LAST,
        credit: Revision::LAST,
        stage: Some(StageStanding { base: largest, position: largest, tip: largest }),
    };
    let widest_judgement =
        Judgement { judged: largest, verdict: Verdict::Damaged, base: largest, tip: largest, go_on: true };
    let mut second = hello();
    second.node = Name::new("knoten-ß").unwrap();
    second.starts_empty = false;
    second.desired = Standing { received: position(5), durable: Revision(4), credit: Revision(5), stage: Some(stage) };
    let fullest_hello = Hello {
        version_least: 255,
        version_most: 255,
        capabilities: u64::MAX,
        node: Name::new(&"n".repeat(64)).unwrap(),
        epoch: Epoch(u64::MAX - 1),
        nonce: Nonce(u64::MAX),
        counter: u64::MAX,
        base: largest,
        tail: largest,
        largest_term: Term(u64::MAX - 1),
        wall: UnixMillis::LAST,
        desired: widest,
        ..hello()
    };
    let fullest_welcome = Welcome {
        hello_nonce: Nonce(u64::MAX),
        hello_counter: u64::MAX,
        version: 255,
        capabilities: u64::MAX,
        controller: Name::new(&"c".repeat(64)).unwrap(),
        term: Term(u64::MAX - 1),
        nonce: Nonce(u64::MAX),
        session: SessionId(u64::MAX),
        policy: AckPolicy::Received,
        settings: Settings { version: u32::MAX, heartbeat: u64::MAX, lease: u64::MAX },
        reported: widest,
        maker_epoch: Epoch(u64::MAX - 1),
        maker_nonce: Nonce(u64::MAX),
        desired: widest_judgement,
        wall: UnixMillis::LAST,
    };
    let full_heartbeat = Heartbeat {
        digest: Some(Digest(0xd16e)),
        echo: Some(Echo { number: FrameNumber(8), sent: 11_000_000, received: 11_020_000, wall: UnixMillis(NOW - 9) }),
        settings: Some(Settings { version: 2, heartbeat: 10_000_000, lease: 30_000_000 }),
        ack: Some(ack(StreamNumber::Reported)),
        ..heartbeat()
    };
    let staged = Ack { staged: true, durable: Revision::ZERO, ..ack(StreamNumber::Reported) };
    let open =
        |verdict, go_on| Body::Open(Open { controller_nonce: Nonce(0xfeed), reported: judgement(verdict, go_on) });
    let refused = |answered, refusal, come_back_after| Body::Refused(Refused { answered, refusal, come_back_after });
    let to_hello = Answered::Hello(Nonce(0x0123_4567_89ab_cdef), 1);
    let to_session = Answered::Session(SessionId(0x5e55));
    let ask = Ask { stream: StreamNumber::Reported, ask: 1, position: position(3), symptom: Symptom::Tag };
    let judged = Judged { stream: StreamNumber::Reported, ask: 1, judgement: judgement(Verdict::Damaged, false) };
    vec![
        good("hello of a new node", frame(0, 1, Body::Hello(hello()))),
        good("hello with a stage and a name beyond ASCII", frame(0, 2, Body::Hello(second))),
        good("hello with every number at its end", frame(u64::MAX, u64::MAX - 1, Body::Hello(fullest_hello))),
        good("welcome of a new controller", frame(0, 1, Body::Welcome(welcome()))),
        good("welcome with every number at its end", frame(0, u64::MAX - 1, Body::Welcome(fullest_welcome))),
        good("open: resume", frame(0x5e55, 2, open(Verdict::Resume, false))),
        good("open: empty", frame(0x5e55, 2, open(Verdict::Empty, false))),
        good("open: subscriber behind, going on", frame(0x5e55, 2, open(Verdict::SubscriberBehind, true))),
        good("open: publisher behind", frame(0x5e55, 2, open(Verdict::PublisherBehind, false))),
        good("open: fork", frame(0x5e55, 2, open(Verdict::Fork, false))),
        good("ack of reported", frame(0x5e55, 9, Body::Ack(ack(StreamNumber::Reported)))),
        good("ack of desired", frame(0x5e55, 300, Body::Ack(ack(StreamNumber::Desired)))),
        good("ack of a stage", frame(0x5e55, 9, Body::Ack(staged))),
        good("ask because of a tag", frame(0x5e55, 10, Body::Ask(ask))),
        good("ask because of a stage", frame(0x5e55, 11, Body::Ask(Ask { symptom: Symptom::Stage, ..ask }))),
        good("verdict: damaged", frame(0x5e55, 21, Body::Verdict(judged))),
        good("heartbeat, plain", frame(0x5e55, 22, Body::Heartbeat(heartbeat()))),
        good("heartbeat with everything", frame(0x5e55, 23, Body::Heartbeat(full_heartbeat))),
        good("fenced", frame(0, 3, Body::Fenced(Fenced { answered: to_hello, seen: EPOCH + 1, twin: false }))),
        good(
            "fenced: a twin",
            frame(0x5e55, 3, Body::Fenced(Fenced { answered: to_session, seen: EPOCH, twin: true })),
        ),
        good("refused: busy", frame(0, 4, refused(to_hello, Refusal::Busy, 2_500_000))),
        good("refused: version", frame(0, 4, refused(to_hello, Refusal::Version, 0))),
        good("refused: a limit", frame(0, 4, refused(to_hello, Refusal::Limit(LimitName::Finals, 64), 0))),
        good("refused: a welcome", frame(0, 4, refused(Answered::Welcome(SessionId(7)), Refusal::Identity, 0))),
        good("refused: forgotten", frame(0x5e55, 4, refused(to_session, Refusal::Forgotten, 0))),
        good("refused: short", frame(0, 4, refused(to_hello, Refusal::Short, 0))),
        good("no session", frame(0, 5, Body::NoSession(NoSession { session: SessionId(0xdead) }))),
        good("goodbye", frame(0x5e55, 24, Body::Goodbye(Goodbye { tip: position(9), come_back_after: 0 }))),
        good("go away", frame(0x5e55, 25, Body::GoAway(GoAway { come_back_after: 2_500_000 }))),
        good("last will", frame(0x5e55, 0, Body::LastWill(LastWill { epoch: Epoch(EPOCH) }))),
        good("heartbeat: sleep", frame(0x5e55, 26, Body::Heartbeat(Heartbeat { sleep: 60_000_000, ..heartbeat() }))),
    ]
}

fn entries() -> Vec<Good> {
    let one = |name, from, change| good(name, frame(0x5e55, 17, Body::Delta(delta(from, vec![entry(5, NOW, change)]))));
    let with_metadata = Change::Register { id: id(9), metadata: Some(Arc::new(value("build #42"))), payload: None };
    let long = Some(Arc::new(Value::pending(65_536, 0x0123_4567_89ab_cdef)));
    let with_long = Change::Register { id: id(9), metadata: long.clone(), payload: None };
    let with_both = Change::Register { id: id(9), metadata: long, payload: payload().into_shared() };
    let traced = Payload { trace: Some(trace()), ..Payload::default() };
    let with_trace = Change::Register { id: id(9), metadata: None, payload: traced.into_shared() };
    let signalled = Status { exit: Exit::Signal(9), reason: Reason::SIGNAL, ..Status::new(State::Failed) };
    let timed_out = Status { reason: Reason::TIMED_OUT, exit: Exit::Signal(15), ..Status::new(State::Failed) };
    let full = Status {
        reason: Reason(4711),
        source: Source::AGENT,
        exit: Exit::Code(i32::MIN),
        payload: payload().into_shared(),
        ..Status::new(State::Failed)
    };
    let cancelled = Status { reason: Reason::CANCELLED_BY_HOST, ..Status::new(State::Cancelled) };
    let whole_life = vec![
        entry(5, NOW, register(5)),
        entry(5, NOW + 3, plain(State::Running)),
        entry(5, NOW + 33, exited(State::Failed, 2)),
        entry(5, NOW + 64, plain(State::Pending)),
        entry(5, NOW + 5000, plain(State::Running)),
        entry(5, NOW + 4000, exited(State::Succeeded, 0)),
        entry(5, NOW + 4000, Change::Forget { registered: Revision(1) }),
        entry(6, NOW + 4001, register(6)),
    ];
    let mut epochs = vec![entry(1, NOW, plain(State::Running)), entry(2, NOW, plain(State::Running))];
    epochs[0].epoch = Epoch(EPOCH - 1000);
    let mut one_other = vec![entry(1, NOW, plain(State::Running))];
    one_other[0].epoch = Epoch(7);
    let mut of_the_session = delta(2, vec![entry(5, NOW, plain(State::Running))]);
    of_the_session.entries[0].epoch = Epoch(0);
    let crowd: Vec<Entry> =
        (0..200u32).map(|i| entry(i * 37 % 4096, NOW + u64::from(i), plain(State::Running))).collect();
    let with_all = Delta {
        digest: Some(Digest(0xd16e)),
        ack: Some(ack(StreamNumber::Desired)),
        ..delta(2, vec![entry(5, NOW, exited(State::Succeeded, 0))])
    };
    let ends = delta(u64::MAX - 2, vec![entry((1 << 20) - 1, u64::MAX >> 1, plain(State::Running))]);
    let mut list = vec![
        one("delta: register", 0, register(5)),
        one("delta: register with metadata", 0, with_metadata),
        one("delta: register with a long value", 0, with_long),
        one("delta: register with a long value and a payload", 0, with_both),
        one("delta: register with a trace", 0, with_trace),
        one("delta: running", 1, plain(State::Running)),
        one("delta: succeeded with exit code 0", 2, exited(State::Succeeded, 0)),
        one("delta: succeeded with nothing known of its process", 2, plain(State::Succeeded)),
        one("delta: failed with exit code 1", 2, exited(State::Failed, 1)),
        one("delta: failed with exit code -1", 2, exited(State::Failed, -1)),
        one("delta: failed by a signal", 2, Change::Move(signalled)),
        one("delta: timed out", 2, Change::Move(timed_out)),
        one("delta: failed with everything that a status can say", 2, Change::Move(full)),
        one("delta: cancelled by the host", 2, Change::Move(cancelled)),
        one("delta: cancelled without a reason", 2, plain(State::Cancelled)),
        one("delta: retry", 3, plain(State::Pending)),
        one("delta: forget", 300, Change::Forget { registered: Revision(1) }),
        one("delta: an entry of kind 4", 2, Change::Unknown { kind: 4, bytes: value("later") }),
        one("delta: an entry of kind 15 without a body", 2, Change::Unknown { kind: 15, bytes: Value::default() }),
        good("delta: one task's whole life, times that jump", frame(0x5e55, 18, Body::Delta(delta(0, whole_life)))),
        good("delta: runs of epochs", frame(0x5e55, 18, Body::Delta(delta(0, epochs)))),
        good("delta: one run of another epoch", frame(0x5e55, 18, Body::Delta(delta(0, one_other)))),
        good("delta: 200 entries", frame(0x5e55, 18, Body::Delta(delta(1000, crowd)))),
        good("delta: digest and acknowledgement", frame(0x5e55, 18, Body::Delta(with_all))),
        good("delta: every number at its end", frame(0x5e55, 18, Body::Delta(ends))),
        good("delta: nothing at all", frame(0x5e55, 18, Body::Delta(delta(7, vec![])))),
    ];
    let mut without =
        good("delta: read without knowing the session's epoch", frame(0x5e55, 18, Body::Delta(of_the_session)));
    without.bounds.session_epoch = Epoch(0);
    list.push(without);
    list
}

fn details() -> Vec<Good> {
    let detail = |slot, progress, message: Option<&str>| {
        (Slot(slot), Detail { progress, message: message.map(|text| Arc::new(value(text))) })
    };
    let with = |details| Body::Delta(Delta { details, ..delta(7, vec![]) });
    let all_forms = vec![
        detail(0, Some(0), None),
        detail(1, Some(100), None),
        detail(2, None, None),
        detail(40, None, Some("warming up")),
        detail(4095, Some(50), Some("half")),
    ];
    let dense = (0..100).map(|slot| detail(slot, Some(slot as u8), None)).collect();
    let sparse = (0..20).map(|i| detail(i * 50_000, Some(1), None)).collect();
    let far = vec![
        detail(0, Some(1), None),
        detail(1, Some(2), None),
        detail(2, Some(3), None),
        detail(1_048_575, Some(4), None),
    ];
    let mut both = delta(7, vec![entry(5, NOW, plain(State::Running))]);
    both.details = vec![detail(9, Some(33), None)];
    vec![
        good("detail: one progress", frame(0x5e55, 19, with(vec![detail(1234, Some(40), None)]))),
        good("detail: every form", frame(0x5e55, 19, with(all_forms))),
        good("detail: every slot", frame(0x5e55, 19, with(dense))),
        good("detail: far apart", frame(0x5e55, 19, with(sparse))),
        good("detail: one gap much longer than the others", frame(0x5e55, 19, with(far))),
        good("detail: beside an entry", frame(0x5e55, 19, Body::Delta(both))),
    ]
}

fn snapshots() -> Vec<Good> {
    let full = Record {
        registered: Made { epoch: Epoch(EPOCH - 5), revision: Revision(2) },
        newest: Made { epoch: Epoch(EPOCH), revision: Revision(41) },
        attempt: 3,
        number: 11,
        state: State::Failed,
        at: UnixMillis(NOW - 100),
        reason: Reason::SIGNAL,
        source: Source::AGENT,
        exit: Exit::Signal(11),
        metadata: Some(Arc::new(value("build #42"))),
        payload: payload().into_shared(),
        ..record(17)
    };
    let long = Record { metadata: Some(Arc::new(Value::pending(70_000, 0xfeed))), ..record(2) };
    let last = |byte, state, number| Final {
        id: id(byte),
        registered: Made { epoch: Epoch(EPOCH), revision: Revision(u64::from(byte)) },
        state,
        number,
    };
    let records = Snapshot { records: vec![record(0), record(3), full], ..snapshot() };
    let finals = Snapshot {
        first: 4096,
        next: 4098,
        finals: vec![last(1, State::Succeeded, 3), last(2, State::Cancelled, 2)],
        ..snapshot()
    };
    let both = Snapshot {
        slots: 4,
        total: 6,
        first: 3,
        next: 5,
        records: vec![record(3)],
        finals: vec![last(200, State::Failed, 9)],
        ..snapshot()
    };
    let empty = Snapshot { base: Position::START, slots: 0, total: 0, next: 0, ..snapshot() };
    let patch =
        Snapshot { patch: true, records: vec![record(3)], emptied: vec![Slot(0), Slot(2), Slot(7)], ..snapshot() };
    vec![
        good("snapshot: a patch", frame(0x5e55, 30, Body::Snapshot(patch))),
        good("snapshot: records", frame(0x5e55, 30, Body::Snapshot(records))),
        good(
            "snapshot: a long value",
            frame(0x5e55, 30, Body::Snapshot(Snapshot { records: vec![long], ..snapshot() })),
        ),
        good("snapshot: forgotten finals", frame(0x5e55, 31, Body::Snapshot(finals))),
        good("snapshot: the last record and the first final", frame(0x5e55, 32, Body::Snapshot(both))),
        good("snapshot: nothing", frame(0x5e55, 33, Body::Snapshot(empty))),
    ]
}

fn chunks() -> Vec<Good> {
    let chunk = |total, offset, length: usize| Chunk {
        stream: StreamNumber::Reported,
        slot: Slot(5),
        registered: Revision(7),
        total,
        offset,
        bytes: (0..length).map(|n| n as u8).collect(),
    };
    vec![
        good("chunk: a whole value", frame(0x5e55, 34, Body::Chunk(chunk(3, 0, 3)))),
        good("chunk: a part", frame(0x5e55, 35, Body::Chunk(chunk(65_536, 1_160, 40)))),
        good(
            "chunk: the last byte of the largest value",
            frame(0x5e55, 36, Body::Chunk(chunk(1 << 20, (1 << 20) - 1, 1))),
        ),
    ]
}

fn sketches() -> Vec<Good> {
    let sketch = |cells| Body::Sketch(Sketch { stream: StreamNumber::Reported, base: position(41), cells });
    let bytes = (0..30).collect();
    vec![
        good("sketch: cells are asked for", frame(0x5e55, 37, sketch(Cells::Wanted { first: 0, count: 115 }))),
        good("sketch: three cells", frame(0x5e55, 38, sketch(Cells::Given { first: 300, bytes }))),
        good(
            "sketch: the last cell there may be",
            frame(0x5e55, 39, sketch(Cells::Wanted { first: MOST_CELLS - 1, count: 1 })),
        ),
    ]
}

fn extensions() -> Vec<Good> {
    let heartbeat = || frame(0x5e55, 22, Body::Heartbeat(heartbeat()));
    let unknown = vec![0x02, 0x03, 1, 2, 3, 0x54, 0x00];
    vec![
        Good { extensions: unknown.clone(), ..good("extensions that are not known are ignored", heartbeat()) },
        Good { extensions: vec![0x00, 0x02, 0, 0], ..good("padding may follow any body", heartbeat()) },
        Good {
            extensions: unknown,
            ..good(
                "an extension after a delta",
                frame(0x5e55, 20, Body::Delta(delta(1, vec![entry(5, NOW, plain(State::Running))]))),
            )
        },
    ]
}
