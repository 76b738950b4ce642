//! A final status lost, or wrong.

use taskwire::{
    Agent, AgentConfig, ControllerConfig, ControllerEvent, Exit, Mark, Reachability, Reason, Report, State, TaskError,
};

use crate::rig::{task, Rig};
use crate::{apart, is_lost, running, SECOND};

// containerd: an exit event published once with a timeout; the daemon alive, the container "running" for ever.
#[test]
fn field_02_a_terminal_state_lost_on_an_idle_link_heals_within_a_heartbeat() {
    for delay in [0, SECOND, 4 * SECOND, 4_999_999] {
        let mut rig = running();
        rig.run(delay);
        let now = rig.at();
        rig.agents[0].succeeded(now, task(0), Exit::Code(0)).unwrap();
        rig.collect();
        assert_eq!(rig.up.len(), 1, "the state goes out at once");
        rig.up.clear();
        let ended = |rig: &Rig| rig.transitions().any(|t| t.state == State::Succeeded);
        assert!(rig.run_until(5 * SECOND, ended), "not healed within a heartbeat");
        assert_eq!(rig.transitions().filter(|t| t.state == State::Succeeded).count(), 1);
    }
}

// containerd: an exit lost when a subscriber took over a second.
#[test]
fn field_04_a_host_that_polls_nothing_for_an_hour_holds_back_and_loses_nothing() {
    let mut config = ControllerConfig::new("control").unwrap();
    config.events_per_node = 50;
    let mut rig = Rig::new(vec![AgentConfig::new("edge", 10).unwrap()], config, 1);
    rig.connect();
    rig.polls = false;
    let node = rig.node(0).unwrap();
    let mut made = 0;
    for n in 0..360 {
        let now = rig.at();
        rig.agents[0].register(now, task(n), b"x").unwrap();
        rig.agents[0].running(now, task(n)).unwrap();
        rig.agents[0].failed(now, task(n), Reason::EXIT_CODE, Exit::Code(1)).unwrap();
        made += 3;
        rig.run(10 * SECOND);
        let (waiting, _) = rig.controller.backlog(node).unwrap();
        assert!(waiting <= 50 + 8, "{waiting} events wait");
        assert_eq!(rig.controller.view().node(node).unwrap().reachability(), Reachability::Live);
    }
    rig.polls = true;
    assert!(rig.run_until(60 * SECOND, |rig| rig.agents[0].is_durable()));
    assert_eq!(rig.transitions().count(), made);
    assert!(!rig.events.iter().any(is_lost));
    for n in 0..360 {
        let numbers: Vec<u32> = rig.transitions().filter(|t| t.task == task(n)).map(|t| t.number).collect();
        assert_eq!(numbers, [1, 2, 3]);
    }
}

// kubernetes: a FAILED pod later reported Succeeded, as missing exit codes became 0.
#[test]
fn field_05_an_unknown_outcome_is_never_success_and_an_end_never_becomes_another() {
    let mut rig = running();
    let node = rig.node(0).unwrap();
    // Restarted without its store: it cannot know what became of the task, and says nothing of it.
    rig.agents[0] = Agent::new(AgentConfig::new("edge", 11).unwrap(), 5).unwrap();
    rig.connect();
    let view = rig.controller.view().find(node, task(0)).unwrap();
    assert_eq!(view.state(), State::Running);
    assert!(matches!(view.mark(), Some(Mark::OutcomeUnknown { .. })));
    assert!(!rig.transitions().any(|t| t.state == State::Succeeded));
    // Its host may end a task whose exit it did not see as FAILED with that reason; no code is made up for it.
    let now = rig.at();
    rig.agents[0].register(now, task(1), b"").unwrap();
    rig.agents[0].running(now, task(1)).unwrap();
    rig.agents[0].failed(now, task(1), Reason::OUTCOME_UNKNOWN, Exit::None).unwrap();
    rig.connect();
    let told = rig.transitions().last().unwrap();
    assert_eq!((told.state, told.exit, told.reason), (State::Failed, Exit::None, Reason::OUTCOME_UNKNOWN));
    // From one end to another there is no move; from FAILED only CANCELLED (given up) and the next attempt.
    let now = rig.at();
    let error = rig.agents[0].succeeded(now, task(1), Exit::Code(0)).unwrap_err();
    assert!(matches!(error, TaskError::Illegal(_)), "{error}");
    rig.agents[0].cancelled(now, task(1), Reason::GIVEN_UP).unwrap();
    for state in State::ALL {
        let error = rig.agents[0].transition(now, task(1), state, Report::default()).unwrap_err();
        assert!(matches!(error, TaskError::Illegal(_)), "{error}");
    }
    rig.connect();
    assert!(rig.same(0));
}

// Mesos: a retransmitted TASK_FAILED taken for the second run under the same id.
#[test]
fn field_07_the_end_of_a_former_attempt_that_comes_late_touches_no_later_one() {
    let mut rig = running();
    let now = rig.at();
    rig.agents[0].failed(now, task(0), Reason::EXIT_CODE, Exit::Code(1)).unwrap();
    rig.collect();
    let late: Vec<_> = rig.up.clone();
    assert_eq!(late.len(), 1);
    rig.connect();
    let now = rig.at();
    rig.agents[0].retry(now, task(0)).unwrap();
    rig.agents[0].running(now, task(0)).unwrap();
    rig.agents[0].progress(now, task(0), 30).unwrap();
    rig.connect();
    let node = rig.node(0).unwrap();
    let before = rig.events.len();
    for _ in 0..3 {
        rig.up.extend(late.clone());
        rig.run(SECOND);
    }
    // Also in another session, where the number of the frame is no longer remembered.
    apart(&mut rig, 30 * SECOND);
    rig.connect();
    rig.up.extend(late);
    rig.run(SECOND);
    let view = rig.controller.view().find(node, task(0)).unwrap();
    assert_eq!((view.state(), view.attempt(), view.number()), (State::Running, 1, 5));
    assert_eq!(view.detail().and_then(|detail| detail.progress), Some(30));
    assert!(!rig.events[before..].iter().any(|event| matches!(event, ControllerEvent::Transition { .. })));
}
