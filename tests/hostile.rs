//! Hostile input: each kind of bad frame has an error and a counter of its own, changes nothing, costs no memory and stops nobody
//! else; and a flood of random and mutated frames leaves a controller with a hundred agents working and its memory where it was.
//!
//! Each of two floods has 100,000 frames; `TASKWIRE_HOSTILE=1000000` gives them a million.

#[path = "properties/rig.rs"]
mod rig;

use std::alloc::System;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rig::{task, Rig, Rng};
use stats_alloc::{Region, StatsAlloc, INSTRUMENTED_SYSTEM};
use taskwire::metrics::ControllerMetrics;
use taskwire::wire::{
    crc32c, encode, Answered, Body, Cells, DeltaWriter, Fenced, Goodbye, Header, Heartbeat, Judged, Judgement, Kind,
    NoSession, Open, Sketch, Snapshot, StreamNumber, Verdict,
};
use taskwire::{
    AgentConfig, Change, ControllerConfig, ControllerEvent, Detail, Digest, Entry, Exit, FrameNumber, Name, PeerId,
    Phase, Position, Reason, ReceiveError, Revision, SessionId, Slot, Source, State, Status, Tag, UnixMillis,
};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The heap is counted for the whole program: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes that `work` leaves on the heap.
fn kept(work: impl FnOnce()) -> isize {
    let region = Region::new(HEAP);
    work();
    let change = region.change();
    change.bytes_allocated as isize - change.bytes_deallocated as isize
}

// --- each kind of bad input ---

/// Two agents with two tasks each, of which the first is the one that is spoken for.
fn served() -> Rig {
    let agents = ["edge", "other"].map(|node| AgentConfig::new(node, 10).unwrap());
    let mut rig = Rig::new(agents.to_vec(), ControllerConfig::new("control").unwrap(), 3);
    rig.connect();
    let now = rig.at();
    for agent in &mut rig.agents {
        for n in 0..2 {
            agent.register(now, task(n), b"metadata").unwrap();
            agent.running(now, task(n)).unwrap();
        }
    }
    rig.connect();
    rig
}

fn header(rig: &Rig, kind: Kind, number: u64) -> Header {
    Header { kind, session: rig.agents[0].session().unwrap(), number: FrameNumber(number) }
}

fn moved(rig: &Rig, slot: u32, state: State, at: u64) -> Entry {
    let status = Status { state, reason: Reason::NONE, source: Source::HOST, exit: Exit::None, payload: None };
    Entry { slot: Slot(slot), epoch: rig.agents[0].epoch(), at: UnixMillis(at), change: Change::Move(status) }
}

/// A DELTA of the first agent's session.
fn delta(rig: &Rig, from: Revision, entries: &[Entry], tag: Tag) -> Vec<u8> {
    let mut writer = DeltaWriter::new();
    writer.begin(1200, from, rig.agents[0].epoch(), false, false);
    for entry in entries {
        assert!(writer.push(entry));
    }
    let mut out = vec![0u8; 1200];
    let length = writer.finish(header(rig, Kind::Delta, 5_000), StreamNumber::Reported, tag, None, None, &mut out);
    out.truncate(length);
    out
}

/// A registration that would be taken, with metadata at its end.
fn registration(rig: &Rig) -> Vec<u8> {
    let at = rig.agents[0].table().position();
    let metadata = Some(std::sync::Arc::new(taskwire::Value::new(&[7u8; 30])));
    let change = Change::Register { id: task(60), metadata, payload: None };
    let entry = Entry { slot: Slot(2), epoch: rig.agents[0].epoch(), at: UnixMillis(1), change };
    delta(rig, at.revision, &[entry], Tag(1))
}

/// The same bytes with a checksum that fits.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.len().saturating_sub(4);
    let checksum = crc32c(&bytes[..end]).to_le_bytes();
    bytes[end..].copy_from_slice(&checksum);
    bytes
}

fn counter(metrics: &ControllerMetrics, name: &str) -> u64 {
    let index = ControllerMetrics::COUNTERS.iter().position(|counter| counter.name == name);
    metrics.values()[index.unwrap_or_else(|| panic!("no counter {name}"))]
}

/// Gives the controller a bad frame: an error, one count in the named counter, nothing changed, no memory kept, and the other
/// agent's next change arrives; then the first agent's does too.
fn bad(rig: &mut Rig, bytes: &[u8], counted: &str) -> ReceiveError {
    let records = |rig: &Rig, index| {
        let table = rig.controller.table(rig.node(index).unwrap()).unwrap();
        (table.position(), table.digest(), table.iter().collect::<Vec<_>>())
    };
    let before = [records(rig, 0), records(rig, 1)];
    let metrics = *rig.controller.metrics();
    let now = rig.at();
    let error = rig.controller.receive(now, PeerId(0), bytes).unwrap_err();
    assert_eq!(counter(rig.controller.metrics(), counted), counter(&metrics, counted) + 1, "{counted}: {error}");
    assert_eq!(rig.controller.metrics().arrivals(), metrics.arrivals() + 1);
    assert_eq!([records(rig, 0), records(rig, 1)], before, "{error}");
    assert!(!error.to_string().is_empty());
    let grown = kept(|| {
        for _ in 0..200 {
            let _ = rig.controller.receive(now, PeerId(0), bytes);
        }
    });
    assert!(grown < 20_000, "{grown} bytes kept by 200 frames: {error}");
    assert_eq!(rig.controller.metrics().arrivals(), metrics.arrivals() + 201);
    for index in [1, 0] {
        let now = rig.at();
        rig.agents[index].succeeded(now, task(1), Exit::Code(0)).unwrap();
        let heard = rig.events.len();
        assert!(rig.run_until(120_000_000, |rig| rig.agents[index].is_durable() && rig.same(index)), "{error}");
        let ended = |event: &ControllerEvent| matches!(event, ControllerEvent::Transition { transition, .. } if transition.state == State::Succeeded);
        assert_eq!(rig.events[heard..].iter().filter(|event| ended(event)).count(), 1, "{error}");
    }
    error
}

#[test]
fn a_frame_that_is_cut() {
    let _alone = alone();
    for length in [0, 1, 9, 14] {
        let mut rig = served();
        let bytes = registration(&rig)[..length].to_vec();
        let error = bad(&mut rig, &bytes, "frames_cut_total");
        assert!(error.to_string().contains("bytes are needed"), "{error}");
    }
}

#[test]
fn a_frame_that_is_corrupted() {
    let _alone = alone();
    let length = registration(&served()).len();
    for index in (0..length).step_by(7) {
        let mut rig = served();
        let mut bytes = registration(&rig);
        bytes[index] ^= 1 << (index % 8);
        let error = bad(&mut rig, &bytes, "frames_corrupt_total");
        assert!(error.to_string().contains("checksum"), "{error}");
    }
}

#[test]
fn a_frame_of_an_unknown_version() {
    let _alone = alone();
    let mut rig = served();
    let mut bytes = registration(&rig);
    bytes[0] = 9;
    let error = bad(&mut rig, &sealed(bytes), "frames_version_total");
    assert!(error.to_string().contains("version 9 is not spoken here"), "{error}");
}

#[test]
fn a_frame_for_another_session() {
    let _alone = alone();
    let mut rig = served();
    let mut bytes = registration(&rig);
    bytes[2..10].copy_from_slice(&SessionId(4711).0.to_le_bytes());
    let error = bad(&mut rig, &sealed(bytes), "frames_unknown_session_total");
    assert!(matches!(error, ReceiveError::UnknownSession { kind: Kind::Delta, .. }), "{error}");
}

#[test]
fn a_frame_with_lengths_beyond_it() {
    let _alone = alone();
    let mut rig = served();
    let mut bytes = registration(&rig);
    bytes.truncate(bytes.len() - 12);
    let error = bad(&mut rig, &sealed(bytes), "frames_length_total");
    assert!(error.to_string().contains("kind DELTA, field `metadata"), "{error}");
}

#[test]
fn a_delta_with_revisions_that_overflow() {
    let _alone = alone();
    let mut rig = served();
    let entries = [moved(&rig, 0, State::Failed, 5), moved(&rig, 1, State::Failed, 5)];
    let bytes = delta(&rig, Revision(u64::MAX - 1), &entries, Tag(1));
    let error = bad(&mut rig, &bytes, "frames_overflow_total");
    assert!(error.to_string().contains("kind DELTA, field"), "{error}");
}

#[test]
fn a_delta_with_times_that_overflow() {
    let _alone = alone();
    let mut rig = served();
    let from = rig.agents[0].table().position().revision;
    let entries = [moved(&rig, 0, State::Failed, u64::MAX - 5)];
    let bytes = delta(&rig, from, &entries, Tag(1));
    let error = bad(&mut rig, &bytes, "frames_overflow_total");
    assert!(error.to_string().contains("time"), "{error}");
}

#[test]
fn a_delta_with_an_illegal_transition() {
    let _alone = alone();
    let mut rig = served();
    let from = rig.agents[0].table().position().revision;
    let bytes = delta(&rig, from, &[moved(&rig, 0, State::Pending, 5)], Tag(1));
    let error = bad(&mut rig, &bytes, "frames_illegal_total");
    assert!(error.to_string().contains("RUNNING cannot become PENDING"), "{error}");
}

#[test]
fn a_delta_for_an_unknown_slot() {
    let _alone = alone();
    let mut rig = served();
    let from = rig.agents[0].table().position().revision;
    let bytes = delta(&rig, from, &[moved(&rig, 700, State::Failed, 5)], Tag(1));
    let error = bad(&mut rig, &bytes, "frames_unknown_slot_total");
    assert!(error.to_string().contains("slot 700 stands for no task"), "{error}");
}

#[test]
fn a_delta_for_a_slot_beyond_the_agreed_bound() {
    let _alone = alone();
    let mut rig = served();
    let from = rig.agents[0].table().position().revision;
    let bytes = delta(&rig, from, &[moved(&rig, 4_100, State::Failed, 5)], Tag(1));
    let error = bad(&mut rig, &bytes, "frames_over_limit_total");
    assert!(error.to_string().contains("slot 4100 is not below the agreed bound 4096"), "{error}");
}

#[test]
fn a_delta_with_a_wrong_tag() {
    let _alone = alone();
    let mut rig = served();
    let from = rig.agents[0].table().position().revision;
    let bytes = delta(&rig, from, &[moved(&rig, 0, State::Failed, 5)], Tag(1));
    let error = bad(&mut rig, &bytes, "frames_wrong_tag_total");
    assert!(error.to_string().contains("(tag)"), "{error}");
}

#[test]
fn a_frame_that_claims_another_nodes_name() {
    let _alone = alone();
    let mut rig = served();
    let bytes = registration(&rig);
    // The host has authenticated somebody else there: neither a HELLO nor a session's frame is heard from it.
    rig.controller.bind_peer(PeerId(0), &Name::new("other").unwrap());
    let before = *rig.controller.metrics();
    let now = rig.at();
    let error = rig.controller.receive(now, PeerId(0), &bytes).unwrap_err();
    assert!(matches!(&error, ReceiveError::WrongIdentity { .. }), "{error}");
    assert_eq!(rig.controller.metrics().frames_wrong_identity_total, before.frames_wrong_identity_total + 1);
    rig.controller.unbind_peer(PeerId(0));
    let error = {
        let mut hello = rig.sent.iter().find(|frame| frame[1] == Kind::Hello as u8).unwrap().clone();
        hello = sealed(hello);
        rig.controller.bind_peer(PeerId(0), &Name::new("other").unwrap());
        let error = rig.controller.receive(now, PeerId(0), &hello).unwrap_err();
        rig.controller.unbind_peer(PeerId(0));
        error
    };
    assert!(error.to_string().contains("authenticated as node other, and the frame says edge"), "{error}");
    let now = rig.at();
    rig.agents[0].succeeded(now, task(1), Exit::Code(0)).unwrap();
    assert!(rig.run_until(60_000_000, |rig| rig.agents[0].is_durable() && rig.same(0)));
}

#[test]
fn a_frame_that_only_a_controller_sends() {
    let _alone = alone();
    let mut rig = served();
    let mut out = vec![0u8; 1200];
    let no_session = Body::NoSession(NoSession { session: SessionId(5) });
    let length = encode(Header { session: SessionId::NONE, ..header(&rig, Kind::NoSession, 1) }, &no_session, &mut out);
    let error = bad(&mut rig, &out[..length.unwrap()], "frames_unexpected_total");
    assert!(matches!(error, ReceiveError::Unexpected { kind: Kind::NoSession }), "{error}");
}

#[test]
fn a_delta_beyond_the_credit() {
    let _alone = alone();
    let mut config = ControllerConfig::new("control").unwrap();
    config.events_per_node = 3;
    let mut rig = Rig::new(vec![AgentConfig::new("edge", 10).unwrap()], config, 3);
    rig.connect();
    let register = |slot: u32| {
        let change = Change::Register { id: task(slot as usize), metadata: None, payload: None };
        Entry { slot: Slot(slot), epoch: rig.agents[0].epoch(), at: UnixMillis(1), change }
    };
    let entries: Vec<Entry> = (0..4).map(register).collect();
    let bytes = delta(&rig, Revision(0), &entries, Tag(1));
    let now = rig.at();
    let error = rig.controller.receive(now, PeerId(0), &bytes).unwrap_err();
    assert_eq!(error, ReceiveError::BeyondCredit { to: Revision(4) });
    assert_eq!(rig.controller.metrics().frames_over_limit_total, 1);
    assert_eq!(rig.controller.table(rig.node(0).unwrap()).unwrap().position(), Position::START);
}

#[test]
fn data_before_its_session_is_open_is_dropped() {
    let _alone = alone();
    let mut rig = Rig::pair();
    rig.collect();
    rig.deliver_up(0);
    rig.collect();
    // The WELCOME is on its way: a peer that knows the session already talks as if it were open.
    let welcome = taskwire::wire::decode(&rig.down[0].1, &taskwire::wire::Bounds::default()).unwrap();
    let Body::Welcome(welcome) = welcome.body else { panic!("{welcome}") };
    let goodbye = Body::Goodbye(Goodbye { tip: Position::START, come_back_after: 0 });
    let mut out = vec![0u8; 1200];
    let early = Header { kind: Kind::Goodbye, session: welcome.session, number: FrameNumber(9) };
    let length = encode(early, &goodbye, &mut out).unwrap();
    let now = rig.at();
    assert_eq!(rig.controller.receive(now, PeerId(0), &out[..length]), Ok(()));
    assert_eq!(rig.controller.metrics().frames_early_total, 1);
    assert_eq!(rig.controller.view().nodes().count(), 0);
    rig.connect();
}

#[test]
fn a_forged_fenced_that_names_no_larger_epoch_silences_nobody() {
    let _alone = alone();
    let mut rig = Rig::pair();
    rig.collect();
    rig.up.clear();
    for (seen, twin) in [(10, false), (9, false), (9, true), (11, true), (0, true)] {
        let answered = Answered::Hello(rig.agents[0].nonce(), 1);
        let fenced = Body::Fenced(Fenced { answered, seen, twin });
        let mut out = vec![0u8; 1200];
        let outside = Header { kind: Kind::Fenced, session: SessionId::NONE, number: FrameNumber(1) };
        let length = encode(outside, &fenced, &mut out).unwrap();
        let now = rig.at();
        let unasked = rig.agents[0].metrics().frames_unasked_total;
        assert_eq!(rig.agents[0].receive(now, &out[..length]), Ok(()));
        assert_eq!(rig.agents[0].metrics().frames_unasked_total, unasked + 1, "seen {seen}, twin {twin}");
        assert_eq!(rig.agents[0].phase(), Phase::Greeting);
    }
    rig.connect();
}

// --- the flood ---

const AGENTS: usize = 100;

/// Makes a hostile frame out of frames that were really sent.
fn hostile(rng: &mut Rng, real: &[Vec<u8>]) -> Vec<u8> {
    let random = |rng: &mut Rng, length: usize| (0..length).map(|_| rng.next() as u8).collect::<Vec<u8>>();
    let length = rng.below(120);
    let mut bytes = real[rng.below(real.len())].clone();
    match rng.below(8) {
        0 => return random(rng, length),
        1 => {
            // Random bytes in the dress of a frame of a known kind.
            let mut bytes = random(rng, length.max(16));
            bytes[0] = 1;
            bytes[1] = rng.below(20) as u8;
            if rng.below(2) == 0 {
                bytes[2..10].copy_from_slice(&real[rng.below(real.len())][2..10]);
            }
            return sealed(bytes);
        }
        2 => bytes.truncate(rng.below(bytes.len())),
        3 => {
            // The head of one frame and the tail of another.
            let other = &real[rng.below(real.len())];
            let (head, tail) = (rng.below(bytes.len()), rng.below(other.len()));
            bytes.truncate(head);
            bytes.extend_from_slice(&other[tail..]);
        }
        4 => bytes.extend(random(rng, length)),
        5 => {}
        _ => {
            for _ in 0..=rng.below(4) {
                let index = rng.below(bytes.len());
                bytes[index] = rng.next() as u8;
            }
        }
    }
    if bytes.len() > 4 && rng.below(4) != 0 {
        bytes = sealed(bytes);
    }
    bytes
}

/// A sound frame of a live session, with a number that is next and content that is nobody's word.
fn forged(rng: &mut Rng, rig: &Rig) -> Option<(usize, Vec<u8>)> {
    let index = rng.below(AGENTS);
    let agent = &rig.agents[index];
    let number = agent.metrics().frames_sent_total + 1 + rng.below(3) as u64;
    let header = |kind| Some(Header { kind, session: agent.session()?, number: FrameNumber(number) });
    let at = agent.table().position();
    let somewhere = |rng: &mut Rng| match rng.below(4) {
        0 => at,
        1 => Position { tag: Tag(rng.next()), ..at },
        2 => Position { revision: Revision(rng.next() >> rng.below(64)), tag: Tag(rng.next()) },
        _ => Position { revision: Revision(at.revision.0.saturating_sub(rng.below(5) as u64)), tag: Tag(rng.next()) },
    };
    let mut out = vec![0u8; 1200];
    let body = match rng.below(7) {
        0 | 1 => {
            let mut writer = DeltaWriter::new();
            let from = somewhere(rng).revision;
            writer.begin(1200, from, agent.epoch(), false, false);
            for _ in 0..rng.below(4) {
                let (slot, state) = (rng.below(4) as u32, State::ALL[rng.below(5)]);
                let entry = Entry { epoch: agent.epoch(), ..moved(rig, slot, state, rng.next() >> 20) };
                let _ = writer.push(&entry);
            }
            let detail = Detail { progress: Some(rng.below(101) as u8), message: None };
            let _ = writer.push_detail(Slot(rng.below(6) as u32), &detail);
            let digest = (rng.below(4) == 0).then(|| Digest(rng.next()));
            let tag = somewhere(rng).tag;
            let length = writer.finish(header(Kind::Delta)?, StreamNumber::Reported, tag, digest, None, &mut out);
            out.truncate(length);
            return Some((index, out));
        }
        2 => Body::Heartbeat(Heartbeat {
            tip: somewhere(rng),
            digest: Some(Digest(rng.next())),
            sent: rng.next(),
            echo: None,
            wall: UnixMillis(rng.next() >> 2),
            settings_version: 1,
            sleep: 0,
            settings: None,
            ack: None,
        }),
        3 => Body::Verdict(Judged {
            stream: StreamNumber::Reported,
            ask: rng.below(9) as u32,
            judgement: judgement(rng, somewhere),
        }),
        4 => Body::Sketch(Sketch {
            stream: StreamNumber::Reported,
            base: somewhere(rng),
            cells: Cells::Wanted { first: rng.below(1 << 14) as u32, count: 1 + rng.below(5_000) as u32 },
        }),
        5 => Body::Open(Open { controller_nonce: rig.controller.nonce(), reported: judgement(rng, somewhere) }),
        _ => Body::Snapshot(Snapshot {
            stream: StreamNumber::Reported,
            base: somewhere(rng),
            digest: Digest(rng.next()),
            slots: 0,
            total: 0,
            first: 0,
            next: 0,
            patch: rng.below(2) == 0,
            records: Vec::new(),
            emptied: Vec::new(),
            finals: Vec::new(),
        }),
    };
    let length = encode(header(body.kind())?, &body, &mut out).ok()?;
    out.truncate(length);
    Some((index, out))
}

fn judgement(rng: &mut Rng, mut somewhere: impl FnMut(&mut Rng) -> Position) -> Judgement {
    let verdicts = [Verdict::Resume, Verdict::Empty, Verdict::SubscriberBehind, Verdict::Fork, Verdict::Damaged];
    let (judged, base, tip) = (somewhere(rng), somewhere(rng), somewhere(rng));
    Judgement { judged, verdict: verdicts[rng.below(verdicts.len())], base, tip, go_on: false }
}

/// Sends so many hostile frames from all sides, the agents going on with their own business meanwhile.
fn flood(rig: &mut Rig, rng: &mut Rng, real: &[Vec<u8>], frames: usize) {
    for index in 0..frames {
        let forged = if index % 40 == 0 { forged(rng, rig) } else { None };
        let (peer, bytes) = forged.unwrap_or_else(|| (rng.below(AGENTS + 5), hostile(rng, real)));
        let (now, peer) = (rig.at(), PeerId(peer as u64));
        let arrivals = rig.controller.metrics().arrivals();
        if let Err(error) = rig.controller.receive(now, peer, &bytes) {
            assert!(!error.to_string().is_empty());
        }
        assert_eq!(rig.controller.metrics().arrivals(), arrivals + 1, "{bytes:02x?}");
        if index % 50 == 0 {
            let agent = rng.below(AGENTS);
            let now = rig.at();
            let _ = rig.agents[agent].progress(now, task(0), rng.below(101) as u8);
            rig.now += 10_000;
            rig.timers();
            rig.settle();
            forget_what_was_said(rig);
        }
    }
}

fn forget_what_was_said(rig: &mut Rig) {
    rig.sent = Vec::new();
    rig.events = Vec::new();
    rig.agent_events = Vec::new();
    rig.up = Vec::new();
    rig.down = Vec::new();
}

/// All goes on: everybody is served, and a new change of each arrives.
fn all_go_on(rig: &mut Rig, round: usize) {
    let now = rig.at();
    for agent in &mut rig.agents {
        agent.register(now, task(round), b"after the flood").unwrap();
        agent.running(now, task(round)).unwrap();
        agent.succeeded(now, task(round), Exit::Code(0)).unwrap();
    }
    let served = |rig: &Rig| (0..AGENTS).all(|index| rig.agents[index].is_durable() && rig.same(index));
    assert!(rig.run_until(300_000_000, served), "somebody is not served any more");
    assert!(rig.agents.iter().all(|agent| agent.phase() == Phase::Open));
    let now = rig.at();
    for agent in &mut rig.agents {
        agent.forget(now, task(round)).unwrap();
    }
    assert!(rig.run_until(300_000_000, |rig| served(rig) && rig.agents.iter().all(|a| a.tasks().count() == 1)));
    rig.run(60_000_000);
    forget_what_was_said(rig);
}

#[test]
fn a_flood_of_random_and_mutated_frames_leaves_a_hundred_agents_working_and_memory_where_it_was() {
    let _alone = alone();
    let frames = std::env::var("TASKWIRE_HOSTILE").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000usize);
    let config_of = |n: usize| {
        let mut config = AgentConfig::new(&format!("edge-{n}"), 10).unwrap();
        // The ring of forgotten finals fills with the rounds, whatever the frames.
        config.limits.finals = 0;
        config
    };
    let agents = (0..AGENTS).map(config_of).collect();
    let mut config = ControllerConfig::new("control").unwrap();
    config.finals_per_node = 4;
    // So does what is kept for watchers: a short history is full before the flood.
    (config.history, config.detail_history) = (64, 64);
    let mut rig = Rig::new(agents, config, 11);
    let now = rig.at();
    for agent in &mut rig.agents {
        agent.register(now, task(0), b"goes on").unwrap();
        agent.running(now, task(0)).unwrap();
        agent.progress(now, task(0), 5).unwrap();
    }
    rig.connect();
    let mut rng = Rng(2024);
    // Everybody's frames as they are: handshakes, deltas, heartbeats, and a goodbye that nobody said.
    rig.run(12_000_000);
    let real = rig.sent.clone();
    forget_what_was_said(&mut rig);
    // What was never met before takes its room in a first flood, twice as long: after it, nothing may.
    flood(&mut rig, &mut rng, &real, 2 * frames);
    for round in 1..24 {
        all_go_on(&mut rig, round);
    }
    let grown = kept(|| {
        flood(&mut rig, &mut rng, &real, frames);
        for round in 24..29 {
            all_go_on(&mut rig, round);
        }
    });
    // Buffers keep the largest size that they needed; a byte a frame would be more than that.
    assert!(grown < 150_000, "{grown} bytes more than before the flood");
    println!("{frames} frames: {grown} bytes more than before; {:?}", rig.controller.metrics());
}
