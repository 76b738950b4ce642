//! Whatever agents do and wherever the controller crashes: the next life is what was stored, resumes, and tells its host
//! nothing twice.

use std::time::Duration;

use proptest::prelude::*;
use taskwire::wire::Verdict;
use taskwire::{Report, State};

use crate::rig::{restored, task, Fleet};

/// A step of a random run.
#[derive(Clone, Copy, Debug)]
enum Step {
    Register(usize, u8, bool),
    Move(usize, u8, u8),
    Forget(usize, u8),
    GiveUp(usize, u8),
    Pass(usize),
    PassUnstored(usize),
    Write,
    Sync,
    Wait(u16),
    /// A crash: this many hundredths of what is not synced are on the disk, and the last byte of it may be damaged.
    Crash(u8, bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..2usize, 0..6u8, any::<bool>()).prop_map(|(n, task, long)| Step::Register(n, task, long)),
        6 => (0..2usize, 0..6u8, 0..5u8).prop_map(|(n, task, to)| Step::Move(n, task, to)),
        2 => (0..2usize, 0..6u8).prop_map(|(n, task)| Step::Forget(n, task)),
        1 => (0..2usize, 0..6u8).prop_map(|(n, task)| Step::GiveUp(n, task)),
        3 => (0..2usize).prop_map(Step::Pass),
        3 => (0..2usize).prop_map(Step::PassUnstored),
        3 => Just(Step::Write),
        2 => Just(Step::Sync),
        3 => (1..4_000u16).prop_map(Step::Wait),
        2 => (0..=100u8, any::<bool>()).prop_map(|(part, damaged)| Step::Crash(part, damaged)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_and_wherever_it_crashes_the_next_life_resumes(steps in prop::collection::vec(step(), 1..80)) {
        let mut fleet = Fleet::new(2);
        for step in steps {
            let now = fleet.now;
            match step {
                Step::Register(n, id, long) => {
                    let metadata = if long { vec![id; 3_000] } else { vec![id; 3] };
                    let _ = fleet.agents[n].register(now, task(id), &metadata);
                }
                Step::Move(n, id, to) => {
                    let _ = fleet.agents[n].transition(now, task(id), State::ALL[to as usize], Report::default());
                }
                Step::Forget(n, id) => {
                    let _ = fleet.agents[n].forget(now, task(id));
                },
                Step::GiveUp(n, id) => {
                    if let Some(node) = fleet.controller.node(&format!("edge-{n}")) {
                        let _ = fleet.controller.give_up(node, task(id));
                    }
                }
                Step::Pass(n) => fleet.pass_one(n),
                Step::PassUnstored(n) => {
                    fleet.hold_store = true;
                    fleet.pass_one(n);
                    fleet.hold_store = false;
                }
                Step::Write => fleet.write(),
                Step::Sync => fleet.store(),
                Step::Wait(ms) => fleet.wait(Duration::from_millis(ms.into())),
                Step::Crash(part, damaged) => {
                    let unsynced = fleet.disk.len() - fleet.synced;
                    let cut = fleet.synced + unsynced * usize::from(part) / 100;
                    if damaged && cut > fleet.synced {
                        fleet.disk[cut - 1] ^= 1;
                    }
                    let confirmed = restored(&fleet.disk[..fleet.synced], 10_000).unwrap().0;
                    let least: Vec<_> = confirmed.view().nodes().map(|node| (node.id(), node.received())).collect();
                    fleet.restart(cut).unwrap();
                    let view = fleet.controller.view();
                    for (id, position) in least {
                        let node = view.node(id);
                        prop_assert!(node.is_some_and(|node| node.received().revision >= position.revision));
                    }
                    for node in view.nodes() {
                        let known = fleet.truth.get(&(node.name().as_str().to_string(), node.received()));
                        let held = fleet.controller.table(node.id()).unwrap();
                        prop_assert_eq!(known.copied(), Some(held.digest()));
                        prop_assert_eq!(held.recount(), held.digest());
                    }
                }
            }
        }
        fleet.settle();
        prop_assert!(fleet.verdicts.iter().all(|verdict| *verdict == Verdict::Resume || *verdict == Verdict::Empty));
        let (again, _) = restored(&fleet.disk, 10_000).unwrap();
        for (node, held) in fleet.controller.view().nodes().zip(again.view().nodes()) {
            let tasks = |node: taskwire::NodeView<'_>| {
                let mut all: Vec<String> = node
                    .tasks()
                    .map(|task| format!("{:?} closed {} mark {:?}", task.record(), task.is_closed(), task.mark()))
                    .collect();
                all.sort();
                all
            };
            prop_assert_eq!(tasks(node), tasks(held), "the store is not what the view is");
        }
    }
}
