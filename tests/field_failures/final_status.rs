//! A final status lost, or wrong.

use taskwire::wire::Kind;
use taskwire::{
    Agent, AgentConfig, ControllerConfig, Exit, Instant, LeaseView, Mark, Reachability, Reason, Report, Revision,
    State, TaskError,
};

use crate::rig::{task, Rig};
use crate::{apart, is_lost, running, Store, SECOND};

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
        // By sending it again: the host was asked for nothing, and nothing was repaired or told twice.
        rig.run(30 * SECOND);
        assert_eq!(rig.transitions().filter(|t| t.state == State::Succeeded).count(), 1);
        assert_eq!((rig.agents[0].metrics().sessions_total, rig.controller.metrics().drift_found_total), (1, 0));
        assert!(rig.agents[0].is_durable() && rig.same(0));
    }
}

/// A host's call.
type Step = fn(&mut Agent, Instant) -> Result<Revision, TaskError>;

// containerd: the event log was truncated at each restart before it was read; an exit came before its container was known
// here, and was dropped.
#[test]
fn field_03_an_end_outlives_three_restarts_with_checkpoints_and_the_loss_of_its_registration() {
    let mut store = Store::default();
    let mut rig = Rig::new(vec![Store::config(10)], ControllerConfig::new("control").unwrap(), 3);
    let now = rig.at();
    store.keep(now, &mut rig.agents[0]);
    rig.connect();
    // The controller is away: a task lives and ends over three lives of its agent, each of which begins with a checkpoint
    // and lets the records before it go.
    let steps: [Step; 4] = [
        |agent, now| agent.register(now, task(0), b"build #42"),
        |agent, now| agent.running(now, task(0)),
        |agent, now| agent.succeeded(now, task(0), Exit::Code(0)),
        |agent, now| agent.register(now, task(1), b""),
    ];
    for (life, step) in steps.into_iter().enumerate() {
        if life > 0 {
            let first = store.0[0].0;
            rig.agents[0] = store.restore(10 + life as u64).0;
            let now = rig.at();
            store.keep(now, &mut rig.agents[0]);
            assert!(store.0[0].0 > first, "the former checkpoint is kept in life {life}");
        }
        let now = rig.at();
        step(&mut rig.agents[0], now).unwrap();
        store.keep(now, &mut rig.agents[0]);
        apart(&mut rig, 20 * SECOND);
    }
    // It is back. What brings the registration gets lost, and a change of the other task comes first.
    let lost = |rig: &Rig| rig.up.iter().any(|(_, frame)| frame[1] == Kind::Delta as u8);
    for _ in 0..2_000 {
        rig.collect();
        if lost(&rig) {
            break;
        } else if !rig.up.is_empty() {
            rig.deliver_up(0);
        } else if !rig.down.is_empty() {
            rig.deliver_down(0);
        } else {
            rig.now = rig.deadline().unwrap().max(rig.now);
            rig.timers();
        }
    }
    assert!(lost(&rig));
    rig.up.clear();
    assert_eq!(rig.transitions().count(), 0);
    let now = rig.at();
    rig.agents[0].running(now, task(1)).unwrap();
    store.keep(now, &mut rig.agents[0]);
    rig.connect();
    let told: Vec<_> = rig.transitions().filter(|t| t.task == task(0)).map(|t| (t.number, t.state)).collect();
    assert_eq!(told, [(1, State::Pending), (2, State::Running), (3, State::Succeeded)]);
    assert!(rig.same(0));
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
    let deltas = |rig: &Rig| rig.sent.iter().filter(|frame| frame[1] == Kind::Delta as u8).count();
    let mut full = None;
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
        // From when the credit is used up nothing more is sent, and nothing grows; leases go on on both sides.
        if n > 30 {
            let now = (deltas(&rig), rig.controller.sizes(), rig.controller.table(node).unwrap().len());
            assert_eq!(full.get_or_insert(now), &now, "after {n} tasks");
            assert!(matches!(rig.agents[0].lease(rig.at()), LeaseView::Held { .. }));
        }
    }
    assert_eq!(rig.agents[0].metrics().sessions_total, 1);
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
    // The end of the first attempt arrived, and comes once more; or it was lost, another frame brought it, and the first one,
    // whose number is new to the controller, comes only now.
    for arrived in [true, false] {
        let mut store = Store::default();
        let mut rig = Rig::new(vec![Store::config(10)], ControllerConfig::new("control").unwrap(), 7);
        let step = |rig: &mut Rig, store: &mut Store, act: &dyn Fn(&mut Agent, Instant)| {
            let now = rig.at();
            act(&mut rig.agents[0], now);
            store.keep(now, &mut rig.agents[0]);
        };
        step(&mut rig, &mut store, &|agent, now| {
            agent.register(now, task(0), b"build #42").unwrap();
            agent.running(now, task(0)).unwrap();
        });
        rig.connect();
        step(&mut rig, &mut store, &|agent, now| {
            agent.detail(now, task(0), Some(99), b"of the first attempt").unwrap();
        });
        // A detail ends with its attempt: it goes in a frame before.
        rig.collect();
        step(&mut rig, &mut store, &|agent, now| {
            agent.failed(now, task(0), Reason::EXIT_CODE, Exit::Code(1)).unwrap();
        });
        // The end lingers while the detail is in flight.
        rig.now += SECOND / 50;
        rig.timers();
        rig.collect();
        let late: Vec<_> = rig.up.clone();
        let is_delta = |(_, frame): &(usize, Vec<u8>)| frame[1] == Kind::Delta as u8;
        assert!(late.len() >= 2 && late.iter().all(is_delta), "the detail, and the end");
        if !arrived {
            rig.up.clear();
        }
        rig.connect();
        step(&mut rig, &mut store, &|agent, now| {
            agent.retry(now, task(0)).unwrap();
            agent.running(now, task(0)).unwrap();
            agent.progress(now, task(0), 30).unwrap();
        });
        rig.connect();
        let node = rig.node(0).unwrap();
        let told = rig.transitions().count();
        assert_eq!(told, 5);
        let untouched = |rig: &Rig| {
            let view = rig.controller.view().find(node, task(0)).unwrap();
            assert_eq!((view.state(), view.attempt(), view.number()), (State::Running, 1, 5));
            assert_eq!(view.detail().map(|detail| (detail.progress, detail.message.is_none())), Some((Some(30), true)));
            assert_eq!(rig.transitions().count(), told);
            assert_eq!(rig.controller.metrics().drift_found_total, 0);
            assert!(rig.same(0));
        };
        let before = *rig.controller.metrics();
        for _ in 0..3 {
            rig.up.extend(late.clone());
            rig.run(SECOND);
            untouched(&rig);
        }
        assert!(rig.controller.metrics().frames_duplicate_total > before.frames_duplicate_total);
        // Also in another session, and in that of another life of the agent.
        for restarts in [false, true] {
            apart(&mut rig, 30 * SECOND);
            if restarts {
                rig.agents[0] = store.restore(11).0;
                step(&mut rig, &mut store, &|_, _| {});
            }
            rig.connect();
            if restarts {
                // Details are no part of a journal.
                step(&mut rig, &mut store, &|agent, now| agent.progress(now, task(0), 30).unwrap());
            }
            rig.run(SECOND);
            rig.up.extend(late.clone());
            rig.run(SECOND);
            untouched(&rig);
        }
    }
}
