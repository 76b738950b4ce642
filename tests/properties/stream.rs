//! The stream under any schedule: whatever is lost, repeated, reordered, polled late or committed late, the controller's copy
//! is what the true log adds up to at the revision that it has reached, and its host has heard a prefix of the true log.

use std::collections::BTreeMap;

use proptest::prelude::*;
use taskwire::{AgentConfig, ControllerConfig, ControllerEvent, State, TaskId};

use crate::model::{any_say, cases, say, Say};
use crate::rig::Rig;

/// One entry of the true log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum True {
    Moved { task: TaskId, number: u32, attempt: u32, state: State },
    Forgotten { task: TaskId },
}

#[derive(Clone, Copy, Debug)]
pub enum Step {
    Say(Say),
    Up(usize),
    Down(usize),
    LoseUp(usize),
    LoseDown(usize),
    RepeatUp(usize),
    RepeatDown(usize),
    Pass(u64),
    Poll(usize),
    Commits(bool),
}

pub fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => any_say(4).prop_map(Step::Say),
        8 => any::<usize>().prop_map(Step::Up),
        6 => any::<usize>().prop_map(Step::Down),
        2 => any::<usize>().prop_map(Step::LoseUp),
        2 => any::<usize>().prop_map(Step::LoseDown),
        2 => any::<usize>().prop_map(Step::RepeatUp),
        1 => any::<usize>().prop_map(Step::RepeatDown),
        4 => (1u64..400_000).prop_map(Step::Pass),
        1 => (400_000u64..30_000_000).prop_map(Step::Pass),
        4 => (1usize..6).prop_map(Step::Poll),
        1 => any::<bool>().prop_map(Step::Commits),
    ]
}

/// What the agent's log has gained since it was looked at last: read off its records, one entry at most a call.
fn note(rig: &Rig, log: &mut Vec<True>, known: &mut BTreeMap<TaskId, (u32, u32)>) {
    let agent = &rig.agents[0];
    let revision = agent.table().position().revision.0 as usize;
    let mut gone: Vec<TaskId> = known.keys().copied().collect();
    let mut news = Vec::new();
    for record in agent.tasks() {
        gone.retain(|id| *id != record.id);
        let entry = (record.number, record.attempt);
        if known.insert(record.id, entry) != Some(entry) {
            let (number, attempt, state) = (record.number, record.attempt, record.state);
            news.push((record.newest.revision.0, True::Moved { task: record.id, number, attempt, state }));
        }
    }
    for id in gone {
        known.remove(&id);
        // Tombstones come one at a time with nothing else, or several in one call: their order is that of the log.
        news.push((u64::MAX, True::Forgotten { task: id }));
    }
    news.sort_by_key(|(revision, _)| *revision);
    log.extend(news.into_iter().map(|(_, entry)| entry));
    assert_eq!(log.len(), revision, "the true log has an entry a revision");
}

fn events(rig: &Rig) -> Vec<True> {
    let of = |event: &ControllerEvent| match event {
        ControllerEvent::Transition { transition: t, .. } => {
            Some(True::Moved { task: t.task, number: t.number, attempt: t.attempt, state: t.state })
        }
        ControllerEvent::TaskForgotten { task, .. } => Some(True::Forgotten { task: *task }),
        _ => None,
    };
    rig.events.iter().filter_map(of).collect()
}

/// Equal but for the order of tombstones that stand side by side.
fn is_prefix(heard: &[True], log: &[True]) -> bool {
    if heard.len() > log.len() {
        return false;
    }
    let key = |entry: &True| match entry {
        True::Forgotten { .. } => None,
        moved => Some(*moved),
    };
    heard.iter().zip(log).all(|(a, b)| key(a) == key(b))
}

fn check(rig: &Rig, log: &[True]) -> Result<(), TestCaseError> {
    let heard = events(rig);
    prop_assert!(is_prefix(&heard, log), "heard {:?} of {:?}", heard, log);
    let Some(node) = rig.node(0) else { return Ok(()) };
    let table = rig.controller.table(node).unwrap();
    let received = table.position().revision.0 as usize;
    prop_assert!(heard.len() <= received && received <= log.len());
    prop_assert_eq!(table.digest(), table.recount());
    let mut twin: BTreeMap<TaskId, (u32, u32, State)> = BTreeMap::new();
    let mut forgotten = 0;
    for entry in &log[..received] {
        match entry {
            True::Moved { task, number, attempt, state } => {
                twin.insert(*task, (*number, *attempt, *state));
            }
            True::Forgotten { .. } => forgotten += 1,
        }
    }
    if forgotten == 0 {
        let copy: BTreeMap<_, _> = table.iter().map(|r| (r.id, (r.number, r.attempt, r.state))).collect();
        prop_assert_eq!(copy, twin);
    }
    let durable = rig.controller.view().node(node).unwrap().durable();
    prop_assert!(rig.agents[0].base().revision <= durable, "base is above what the host has committed");
    Ok(())
}

pub fn take(rig: &mut Rig, step: Step) {
    let pick = |index: usize, length: usize| index % length.max(1);
    match step {
        Step::Say(_) => {}
        Step::Up(index) if !rig.up.is_empty() => {
            let index = if index % 3 == 0 { pick(index / 3, rig.up.len()) } else { 0 };
            rig.deliver_up(index);
        }
        Step::Down(index) if !rig.down.is_empty() => {
            let index = if index % 3 == 0 { pick(index / 3, rig.down.len()) } else { 0 };
            rig.deliver_down(index);
        }
        Step::LoseUp(index) if !rig.up.is_empty() => drop(rig.up.remove(pick(index, rig.up.len()))),
        Step::LoseDown(index) if !rig.down.is_empty() => drop(rig.down.remove(pick(index, rig.down.len()))),
        Step::RepeatUp(index) if !rig.up.is_empty() => {
            let again = rig.up[pick(index, rig.up.len())].clone();
            rig.up.push(again);
        }
        Step::RepeatDown(index) if !rig.down.is_empty() => {
            let again = rig.down[pick(index, rig.down.len())].clone();
            rig.down.push(again);
        }
        Step::Pass(micros) => {
            let until = rig.now + micros;
            // Hosts that wake up for their deadlines, at most a few times.
            for _ in 0..6 {
                let Some(at) = rig.deadline().filter(|at| *at < until) else { break };
                rig.now = rig.now.max(at);
                rig.timers();
                rig.collect();
            }
            rig.now = until;
            rig.timers();
        }
        Step::Poll(count) => {
            for _ in 0..count {
                rig.poll_one();
            }
        }
        Step::Commits(on) => rig.commits = on,
        _ => {}
    }
    rig.collect();
}

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn whatever_the_schedule_the_controller_equals_a_naive_twin(
        steps in proptest::collection::vec(any_step(), 1..250),
        events_per_node in 1u32..40,
        reorder in 0u32..5,
        linger in 0u64..30,
        seed in 1u64..1_000,
    ) {
        let mut agent = AgentConfig::new("edge", 10).unwrap();
        agent.pace.linger = std::time::Duration::from_millis(linger);
        let mut controller = ControllerConfig::new("control").unwrap();
        controller.events_per_node = events_per_node;
        controller.reorder_frames = reorder;
        let mut rig = Rig::new(vec![agent], controller, seed);
        rig.polls = false;
        let (mut log, mut known) = (Vec::new(), BTreeMap::new());
        for step in steps {
            if let Step::Say(what) = step {
                let now = rig.at();
                let _ = say(&mut rig.agents[0], now, what);
                note(&rig, &mut log, &mut known);
            }
            take(&mut rig, step);
            note(&rig, &mut log, &mut known);
            check(&rig, &log)?;
        }
        // The network is good from now on, and the host does its part.
        rig.commits = true;
        rig.polls = true;
        rig.run_until(600_000_000, |rig| rig.agents[0].is_durable());
        // Tombstones follow what became durable.
        rig.run_until(60_000_000, |_| false);
        note(&rig, &mut log, &mut known);
        prop_assert!(rig.agents[0].is_durable(), "never durable: {:?}", rig.agents[0].sync_state());
        prop_assert!(rig.same(0) || rig.agents[0].table().is_empty());
        let heard = events(&rig);
        prop_assert_eq!(heard.len(), log.len());
        prop_assert!(is_prefix(&heard, &log));
    }
}
