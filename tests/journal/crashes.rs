//! Whatever an agent does and wherever it crashes: the next life is what was stored, and resumes.

use std::time::Duration;

use proptest::prelude::*;
use taskwire::State;

use crate::rig::{restored, starts, task, Node};
use taskwire::Report;

/// A step of a random run.
#[derive(Clone, Copy, Debug)]
enum Step {
    Register(u8),
    Move(u8, u8),
    Forget(u8),
    Write,
    Sync,
    Pass,
    Wait(u16),
    /// A crash: this many hundredths of what is not synced are on the disk, and the last byte of it may be damaged.
    Crash(u8, bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..6u8).prop_map(Step::Register),
        6 => (0..6u8, 0..5u8).prop_map(|(task, to)| Step::Move(task, to)),
        2 => (0..6u8).prop_map(Step::Forget),
        4 => Just(Step::Write),
        3 => Just(Step::Sync),
        3 => Just(Step::Pass),
        3 => (1..2_000u16).prop_map(Step::Wait),
        1 => (0..=100u8, any::<bool>()).prop_map(|(part, damaged)| Step::Crash(part, damaged)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_and_wherever_it_crashes_the_next_life_resumes(steps in prop::collection::vec(step(), 1..80)) {
        let mut node = Node::fresh();
        let mut epoch = 1;
        for step in steps {
            let now = node.now;
            match step {
                Step::Register(n) => drop(node.agent.register(now, task(n), b"m")),
                Step::Move(n, to) => drop(node.agent.transition(now, task(n), State::ALL[to as usize], Report::default())),
                Step::Forget(n) => drop(node.agent.forget(now, task(n))),
                Step::Write => node.write(),
                Step::Sync => {
                    node.write();
                    node.sync();
                }
                Step::Pass => node.pass(),
                Step::Wait(ms) => node.wait(Duration::from_millis(ms.into())),
                Step::Crash(part, damaged) => {
                    let unsynced = node.disk.bytes.len() - node.disk.synced;
                    let cut = node.disk.synced + unsynced * usize::from(part) / 100;
                    let mut bytes = node.disk.bytes[..cut].to_vec();
                    if let Some(last) = bytes.last_mut().filter(|_| damaged && cut > node.disk.synced) {
                        *last ^= 1;
                    }
                    let confirmed = restored(&bytes[..node.disk.synced], 10_000).unwrap().0.table().position();
                    epoch += 1;
                    let (agent, found) = restored(&bytes, epoch).unwrap();
                    let position = agent.table().position();
                    prop_assert!(position.revision >= confirmed.revision);
                    prop_assert_eq!(node.truth.get(&position.revision.0), Some(&(position, agent.table().digest())));
                    bytes.truncate(found.torn_at.map_or(cut, |at| at as usize));
                    // What the lost part of the journal said is undone: nobody was told.
                    node.truth.retain(|revision, _| *revision <= position.revision.0);
                    node.agent = agent;
                    node.disk.key = starts(&bytes).len() as u64;
                    node.disk.bytes = bytes;
                    node.disk.synced = node.disk.bytes.len();
                }
            }
            node.note();
        }
        node.settle();
        prop_assert!(node.verdicts.iter().all(|verdict| verdict == "resume"), "{:?}", node.verdicts);
    }
}
