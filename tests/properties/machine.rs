//! The state machine at the agent's API: whatever a host says, in any order, the agent accepts exactly what the naive twin
//! accepts, and a refused call changes nothing.

use proptest::prelude::*;
use taskwire::{Agent, AgentConfig, Instant, State, TaskError};

use crate::model::{any_say, cases, say, Answer, Say, Twin, MOVES};
use crate::rig::task;

/// An agent with little room, and the twin of it.
fn with_room(slots: usize, log: usize) -> (Agent, Twin) {
    let mut config = AgentConfig::new("edge", 10).unwrap();
    config.limits.slots = slots as u32;
    config.limits.log = log as u32;
    (Agent::new(config, 7).unwrap(), Twin { slots, log, ..Twin::default() })
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn an_agent_accepts_exactly_what_the_table_allows_and_a_refusal_changes_nothing(
        says in proptest::collection::vec(any_say(5), 1..120),
        slots in 1usize..6,
        log in 5usize..60,
    ) {
        let (mut agent, mut twin) = with_room(slots, log);
        for (index, what) in says.into_iter().enumerate() {
            let now = Instant::from_micros(1_000 * index as u64);
            agent.handle_timeout(now);
            let (before, revision) = (agent.state_hash(), agent.table().position().revision.0);
            let answer = say(&mut agent, now, what);
            let expected = twin.say(what);
            match (&answer, expected) {
                (Ok(()), Answer::Done) => {}
                (Err(TaskError::Full { .. }), Answer::Full) => {
                    prop_assert!(matches!(what, Say::Register(_) | Say::Move(_, State::Pending)), "{:?}", what);
                }
                (Err(TaskError::Full { .. }), _) | (Ok(()), _) | (Err(_), Answer::Done | Answer::Full) => {
                    prop_assert!(false, "{:?}: {:?}, and the twin says {:?}", what, answer, expected);
                }
                (Err(_), Answer::Refused) => {}
            }
            if let Err(error) = &answer {
                prop_assert_eq!(agent.state_hash(), before, "{:?} changed something", what);
                prop_assert!(error.to_string().ends_with("nothing was changed"), "{}", error);
            }
            prop_assert_eq!(agent.table().position().revision.0, twin.entries as u64);
            prop_assert!(agent.table().position().revision.0 - revision <= 1);
        }
        compare(&agent, &twin)?;
    }

    #[test]
    fn a_task_that_was_admitted_can_always_end(
        says in proptest::collection::vec(any_say(8), 1..120),
        log in 5usize..40,
    ) {
        let (mut agent, mut twin) = with_room(8, log);
        let now = Instant::from_micros(5);
        for what in says {
            let _ = say(&mut agent, now, what);
            twin.say(what);
        }
        for n in twin.tasks.clone().into_keys() {
            for to in [State::Running, State::Failed, State::Cancelled] {
                let legal = MOVES.contains(&(twin.tasks[&n].state, to)) && !twin.tasks[&n].forgetting;
                let answer = say(&mut agent, now, Say::Move(n, to));
                prop_assert_eq!(answer.is_ok(), legal, "task {} to {}: {:?}", n, to, answer);
                twin.say(Say::Move(n, to));
            }
        }
        compare(&agent, &twin)?;
    }
}

fn compare(agent: &Agent, twin: &Twin) -> Result<(), TestCaseError> {
    prop_assert_eq!(agent.tasks().count(), twin.tasks.len());
    for (n, known) in &twin.tasks {
        let record = agent.task(task(*n)).unwrap();
        prop_assert_eq!((record.state, record.attempt, record.number), (known.state, known.attempt, known.number));
    }
    prop_assert_eq!(agent.table().digest(), agent.table().recount());
    let (kept, counted) = agent.base_digests();
    prop_assert_eq!(kept, counted);
    Ok(())
}

#[test]
fn the_table_of_moves_is_printed_whole() {
    let mut table = String::new();
    for from in State::ALL {
        for to in State::ALL {
            let legal = from.may_become(to);
            assert_eq!(legal, MOVES.contains(&(from, to)), "{from} to {to}");
            table += &format!("{} {from} -> {} {to}: {}\n", from.code(), to.code(), if legal { "legal" } else { "no" });
        }
    }
    println!("{table}");
    assert_eq!(table.lines().filter(|line| line.ends_with("legal")).count(), 8);
}
