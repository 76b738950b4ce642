//! The state machine from the wire: a peer in the agent's session that lets every move be, and computes the tag as a peer
//! would that does so. The controller refuses what the table does not have, changes nothing, and goes on.

use proptest::prelude::*;
use taskwire::wire::{DeltaWriter, Header, Kind, StreamNumber, Symptom};
use taskwire::{
    Change, ControllerEvent, Entry, Epoch, Exit, FrameNumber, Illegal, Made, PeerId, Reason, ReceiveError, Record,
    Revision, Slot, Source, State, Status, Tag, UnixMillis,
};

use crate::model::{cases, say, Say, MOVES};
use crate::rig::{task, Rig};

/// A session in which task n is in the n-th state, durable.
fn with_a_task_in_each_state() -> Rig {
    let mut rig = Rig::pair();
    rig.connect();
    let now = rig.at();
    for (n, state) in State::ALL.into_iter().enumerate() {
        say(&mut rig.agents[0], now, Say::Register(n)).unwrap();
        if matches!(state, State::Running | State::Succeeded | State::Failed | State::Cancelled) {
            say(&mut rig.agents[0], now, Say::Move(n, State::Running)).unwrap();
        }
        if !matches!(state, State::Pending | State::Running) {
            say(&mut rig.agents[0], now, Say::Move(n, state)).unwrap();
        }
    }
    rig.connect();
    assert!(rig.same(0));
    rig
}

fn status(state: State) -> Change {
    Change::Move(Status { state, reason: Reason::NONE, source: Source::HOST, exit: Exit::None, payload: None })
}

/// The frame of a peer that keeps no table of moves: its tag is right by its own book.
fn frame(rig: &Rig, number: u64, slot: Slot, change: Change, tag: Option<Tag>) -> Vec<u8> {
    let agent = &rig.agents[0];
    let at = agent.table().position();
    let held = agent.table().get(slot);
    let revision = at.revision.next();
    let made = Made { epoch: agent.epoch(), revision };
    let entry = Entry { slot, epoch: agent.epoch(), at: UnixMillis(5_000), change: change.clone() };
    let lenient = held.map(|held| match &change {
        Change::Move(status) => Record {
            newest: made,
            state: status.state,
            number: held.number + 1,
            attempt: held.attempt + u32::from(status.state == State::Pending),
            at: entry.at,
            reason: status.reason,
            source: status.source,
            exit: status.exit,
            payload: None,
            ..held.clone()
        },
        _ => Record { newest: made, ..held.clone() },
    });
    let forgotten = matches!(change, Change::Forget { .. });
    let tag = tag.unwrap_or_else(|| at.tag.chain(lenient.map_or(0, |record| record.hash(forgotten))));
    let mut writer = DeltaWriter::new();
    writer.begin(1200, at.revision, agent.epoch(), false, false);
    assert!(writer.push(&entry));
    let header = Header { kind: Kind::Delta, session: agent.session().unwrap(), number: FrameNumber(number) };
    let mut out = vec![0u8; 1200];
    let length = writer.finish(header, StreamNumber::Reported, tag, None, None, &mut out);
    out.truncate(length);
    out
}

/// Gives the controller a frame, and holds it to having changed nothing that its host or its acknowledgements show.
fn refused(rig: &mut Rig, bytes: &[u8]) -> ReceiveError {
    let node = rig.node(0).unwrap();
    let records = |rig: &Rig| rig.controller.table(node).unwrap().iter().collect::<Vec<_>>();
    let (before, position) = (records(rig), rig.controller.table(node).unwrap().position());
    let arrivals = rig.controller.metrics().arrivals();
    let now = rig.at();
    let error = rig.controller.receive(now, PeerId(0), bytes).unwrap_err();
    assert_eq!(records(rig), before);
    assert_eq!(rig.controller.table(node).unwrap().position(), position);
    assert_eq!(rig.controller.table(node).unwrap().digest(), rig.controller.table(node).unwrap().recount());
    assert_eq!(rig.controller.metrics().arrivals(), arrivals + 1);
    assert!(!error.to_string().is_empty());
    let heard = rig.events.len();
    rig.run(2_000_000);
    let told = &rig.events[heard..];
    assert!(!told.iter().any(|event| matches!(event, ControllerEvent::Transition { .. })), "{told:?}");
    error
}

#[test]
fn every_illegal_transition_from_the_wire_is_refused_and_changes_nothing() {
    for (n, from) in State::ALL.into_iter().enumerate() {
        for to in State::ALL.into_iter().filter(|to| !MOVES.contains(&(from, *to))) {
            let mut rig = with_a_task_in_each_state();
            let slot = rig.agents[0].table().slot(task(n)).unwrap();
            let bytes = frame(&rig, 1_000, slot, status(to), None);
            let error = refused(&mut rig, &bytes);
            assert_eq!(moves_of(&error), Some((from, to)), "{error}");
            assert_eq!(rig.controller.metrics().frames_illegal_total, 1);
            goes_on(&mut rig);
        }
    }
}

#[test]
fn every_legal_transition_from_the_wire_is_applied() {
    for (from, to) in MOVES {
        let mut rig = with_a_task_in_each_state();
        let n = State::ALL.iter().position(|state| *state == from).unwrap();
        let slot = rig.agents[0].table().slot(task(n)).unwrap();
        let bytes = frame(&rig, 1_000, slot, status(to), None);
        let now = rig.at();
        assert_eq!(rig.controller.receive(now, PeerId(0), &bytes), Ok(()), "{from} to {to}");
        let node = rig.node(0).unwrap();
        assert_eq!(rig.controller.view().find(node, task(n)).unwrap().state(), to);
    }
}

#[test]
fn a_right_move_with_a_wrong_tag_is_refused_and_changes_nothing() {
    let mut rig = with_a_task_in_each_state();
    let slot = rig.agents[0].table().slot(task(0)).unwrap();
    let bytes = frame(&rig, 1_000, slot, status(State::Running), Some(Tag(4711)));
    let error = refused(&mut rig, &bytes);
    assert!(matches!(error, ReceiveError::Differs { symptom: Symptom::Tag, .. }), "{error}");
    goes_on(&mut rig);
}

#[test]
fn a_tombstone_before_the_end_or_of_another_registration_is_refused() {
    for (n, registered) in [(0, 1), (1, 2), (2, 5)] {
        let mut rig = with_a_task_in_each_state();
        let slot = rig.agents[0].table().slot(task(n)).unwrap();
        let bytes = frame(&rig, 1_000, slot, Change::Forget { registered: Revision(registered) }, None);
        let error = refused(&mut rig, &bytes);
        assert!(matches!(error, ReceiveError::Illegal { .. }), "{error}");
        goes_on(&mut rig);
    }
}

#[test]
fn a_registration_in_a_slot_that_is_taken_is_refused() {
    let mut rig = with_a_task_in_each_state();
    let slot = rig.agents[0].table().slot(task(0)).unwrap();
    let change = Change::Register { id: task(77), metadata: None, payload: None };
    let bytes = frame(&rig, 1_000, slot, change, None);
    let error = refused(&mut rig, &bytes);
    assert!(matches!(error, ReceiveError::Illegal { illegal: Illegal::SlotTaken { .. } }), "{error}");
    goes_on(&mut rig);
}

/// The move that an error names.
fn moves_of(error: &ReceiveError) -> Option<(State, State)> {
    match error {
        ReceiveError::Illegal { illegal: Illegal::Transition { from, to, .. } } => Some((*from, *to)),
        _ => None,
    }
}

/// The question that followed is answered, and the agent's next change arrives.
fn goes_on(rig: &mut Rig) {
    let now = rig.at();
    say(&mut rig.agents[0], now, Say::Register(90)).unwrap();
    assert!(rig.run_until(60_000_000, |rig| rig.agents[0].is_durable() && rig.same(0)), "it does not go on");
    assert_eq!(rig.transitions().filter(|t| t.task == task(90)).count(), 1);
}

proptest! {
    #![proptest_config(cases(150))]

    /// A frame of several entries of which one is illegal: nothing of it is applied.
    #[test]
    fn one_illegal_entry_refuses_its_whole_frame(
        moves in proptest::collection::vec((0usize..5, proptest::sample::select(State::ALL.to_vec())), 1..6),
        epoch in prop_oneof![Just(10u64), Just(9), Just(3)],
    ) {
        let mut rig = with_a_task_in_each_state();
        let agent = &rig.agents[0];
        let mut states: Vec<State> = State::ALL.to_vec();
        let mut legal = true;
        let mut writer = DeltaWriter::new();
        let position = agent.table().position();
        writer.begin(1200, position.revision, agent.epoch(), false, false);
        for (n, to) in &moves {
            legal &= MOVES.contains(&(states[*n], *to));
            states[*n] = *to;
            let slot = agent.table().slot(task(*n)).unwrap();
            let entry = Entry { slot, epoch: Epoch(epoch), at: UnixMillis(9), change: status(*to) };
            prop_assert!(writer.push(&entry));
        }
        let header = Header { kind: Kind::Delta, session: agent.session().unwrap(), number: FrameNumber(1_000) };
        let mut out = vec![0u8; 1200];
        let length = writer.finish(header, StreamNumber::Reported, Tag(1), None, None, &mut out);
        let error = refused(&mut rig, &out[..length]);
        if legal {
            prop_assert!(matches!(error, ReceiveError::Differs { symptom: Symptom::Tag, .. }), "{}", error);
        } else {
            prop_assert!(moves_of(&error).is_some_and(|pair| !MOVES.contains(&pair)), "{}", error);
        }
        goes_on(&mut rig);
    }
}
