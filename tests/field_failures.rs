//! What went wrong in the field, in systems that do taskwire's job: one test for each failure that the present core can meet, with
//! the number under which the project lists it. Where a text script tells the same as a conversation, it says so there.

#[path = "properties/rig.rs"]
mod rig;

use std::collections::BTreeSet;
use std::time::Duration;

use rig::{task, Rig};
use taskwire::wire::Kind;
use taskwire::{
    Agent, AgentConfig, ConfigError, Controller, ControllerConfig, ControllerEvent, Effect, Exit, Filter, Mark, PeerId,
    Phase, Reachability, Reason, Registration, Report, State, TaskError, TaskId, ViewRevision, WatchError,
};

const SECOND: u64 = 1_000_000;

fn is_lost(event: &ControllerEvent) -> bool {
    matches!(event, ControllerEvent::NodeLost { .. })
}

/// A pair in which task 0 is running and all is durable.
fn running() -> Rig {
    let mut rig = Rig::pair();
    let now = rig.at();
    rig.agents[0].register(now, task(0), b"build #42").unwrap();
    rig.agents[0].running(now, task(0)).unwrap();
    rig.connect();
    rig
}

/// Lets time pass while nothing gets through.
fn apart(rig: &mut Rig, micros: u64) {
    let until = rig.now + micros;
    while rig.now < until {
        rig.now = rig.deadline().map_or(until, |at| at.clamp(rig.now + 1, until));
        rig.timers();
        rig.collect();
        rig.up.clear();
        rig.down.clear();
    }
}

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

// Swarmkit, Kubernetes: managers restarted; all tasks rescheduled, or pods deleted, though agents were healthy.
#[test]
fn field_12_a_restarted_controller_with_a_thousand_nodes_loses_none_before_a_full_fresh_lease() {
    const NODES: usize = 1_000;
    let config = |n: usize| AgentConfig::new(&format!("edge-{n}"), 10).unwrap();
    let mut rig = Rig::new((0..NODES).map(config).collect(), ControllerConfig::new("control").unwrap(), 4);
    let now = rig.at();
    for agent in &mut rig.agents {
        agent.register(now, task(0), b"").unwrap();
        agent.running(now, task(0)).unwrap();
    }
    rig.connect();
    rig.controller = Controller::new(ControllerConfig::new("control").unwrap().term(2), 9).unwrap();
    rig.events.clear();
    // They come back over half a minute: a thirtieth each second, the others' frames do not get through yet.
    for second in 0..35 {
        let reachable = NODES * (second + 1) / 30;
        for _ in 0..4 {
            rig.now += SECOND / 4;
            rig.timers();
            let mut busy = true;
            while busy {
                rig.collect();
                rig.up.retain(|(agent, _)| *agent < reachable);
                rig.down.retain(|(agent, _)| *agent < reachable);
                busy = !rig.up.is_empty() || !rig.down.is_empty();
                while !rig.up.is_empty() {
                    rig.deliver_up(0);
                }
                while !rig.down.is_empty() {
                    rig.deliver_down(0);
                }
            }
        }
        assert!(!rig.events.iter().any(is_lost), "a node was lost after {second} s");
    }
    assert!(rig.run_until(30 * SECOND, |rig| rig.controller.view().nodes().filter(|n| n.is_synced()).count() == NODES));
    assert!(!rig.events.iter().any(is_lost));
    assert!(!rig.events.iter().any(|event| matches!(event, ControllerEvent::OutcomeUnknown { .. })));
    assert!((0..NODES).all(|index| rig.same(index)));
}

// Nomad: the leader's port was blocked for half a minute; every allocation was restarted.
#[test]
fn field_13_a_controller_that_is_deaf_for_five_leases_tells_one_mass_silence_and_loses_nobody() {
    const NODES: usize = 12;
    let config = |n: usize| AgentConfig::new(&format!("edge-{n}"), 10).unwrap();
    let mut rig = Rig::new((0..NODES).map(config).collect(), ControllerConfig::new("control").unwrap(), 4);
    rig.connect();
    rig.events.clear();
    apart(&mut rig, 75 * SECOND);
    let silences = |rig: &Rig| rig.events.iter().filter(|e| matches!(e, ControllerEvent::MassSilence { .. })).count();
    assert_eq!(silences(&rig), 1);
    assert!(rig.controller.is_mass_silence());
    assert!(!rig.events.iter().any(is_lost));
    // Its input works again: whoever is there is heard within a lease, and nobody was lost.
    assert!(rig.run_until(60 * SECOND, |rig| rig.controller.view().nodes().all(|n| n.is_synced())
        && rig.agents.iter().all(|agent| agent.phase() == Phase::Open)));
    rig.run(60 * SECOND);
    assert!(!rig.controller.is_mass_silence());
    assert!(!rig.events.iter().any(is_lost));
    assert_eq!(silences(&rig), 1);

    // A silence that is real ends: by the host's word within an interval, and without it when the hold is up.
    for word in [true, false] {
        let mut dead = rig.clone();
        dead.events.clear();
        apart(&mut dead, 40 * SECOND);
        assert_eq!((silences(&dead), dead.events.iter().filter(|e| is_lost(e)).count()), (1, 0));
        if word {
            dead.controller.all_clear();
            apart(&mut dead, 5 * SECOND);
        } else {
            apart(&mut dead, (15 + 300 - 40 - 6) * SECOND);
            assert!(!dead.events.iter().any(is_lost));
            apart(&mut dead, 6 * SECOND);
        }
        assert_eq!(dead.events.iter().filter(|e| is_lost(e)).count(), NODES, "by the host's word: {word}");
    }
    // One that is heard ends the hold for all; the others have one more lease.
    let mut one = rig.clone();
    one.events.clear();
    apart(&mut one, 40 * SECOND);
    one.agents.truncate(1);
    assert!(one.run_until(30 * SECOND, |rig| !rig.controller.is_mass_silence()));
    let lost = |rig: &Rig| rig.events.iter().filter(|e| is_lost(e)).count();
    one.run(14 * SECOND);
    assert_eq!(lost(&one), 0);
    one.run(2 * SECOND);
    assert_eq!(lost(&one), NODES - 1);
    // Seven are no crowd.
    let mut few = Rig::new((0..7).map(config).collect(), ControllerConfig::new("control").unwrap(), 4);
    few.connect();
    apart(&mut few, 20 * SECOND);
    assert_eq!((silences(&few), lost(&few)), (0, 7));
}

// etcd: a stalled old leader woke up and revoked leases already renewed elsewhere.
#[test]
fn field_16_a_host_that_slept_ten_leases_hears_what_waits_before_any_lease_ends() {
    for timers_first in [true, false] {
        let mut rig = running();
        let until = rig.now + 150 * SECOND;
        // The controller's host stands still; the agent's frames pile up in its socket.
        while let Some(at) = rig.agents[0].next_timeout().map(|at| at.as_micros()).filter(|at| *at < until) {
            rig.now = rig.now.max(at);
            let now = rig.at();
            rig.agents[0].handle_timeout(now);
            let mut buffer = vec![0u8; 2_000];
            while let Some(length) = rig.agents[0].poll_transmit(now, &mut buffer).unwrap() {
                rig.up.push((0, buffer[..length].to_vec()));
            }
        }
        rig.now = until;
        let now = rig.at();
        if timers_first {
            rig.controller.handle_timeout(now);
        }
        while !rig.up.is_empty() {
            rig.deliver_up(0);
        }
        rig.controller.handle_timeout(now);
        rig.run(60 * SECOND);
        assert!(!rig.events.iter().any(is_lost), "timers first: {timers_first}");
        assert_eq!(rig.agents[0].phase(), Phase::Open);
        assert!(rig.same(0));
    }
}

// Nomad: the heartbeat made the node ready before its allocations were refreshed; "ready" with all allocations lost.
#[test]
fn field_18_a_node_that_is_back_is_stale_until_its_cursor_has_reached_the_tip_it_named() {
    const TASKS: usize = 100;
    let mut config = ControllerConfig::new("control").unwrap();
    config.events_per_node = 16; // so that catching up takes many frames
    let mut rig = Rig::new(vec![AgentConfig::new("edge", 10).unwrap()], config, 6);
    let now = rig.at();
    for n in 0..TASKS {
        rig.agents[0].register(now, task(n), b"").unwrap();
    }
    rig.connect();
    let node = rig.node(0).unwrap();
    apart(&mut rig, 30 * SECOND);
    assert_eq!(rig.controller.view().node(node).unwrap().reachability(), Reachability::Lost);
    let now = rig.at();
    for n in 0..TASKS {
        rig.agents[0].running(now, task(n)).unwrap();
    }
    let tip = rig.agents[0].tip().revision;
    let mut seen_live_and_stale = 0;
    for _ in 0..200_000 {
        // One frame or one event at a time, and a look after each.
        if rig.poll_one() {
        } else if !rig.up.is_empty() {
            rig.deliver_up(0);
        } else if !rig.down.is_empty() {
            rig.deliver_down(0);
        } else {
            rig.polls = false;
            rig.collect();
            if rig.up.is_empty() && rig.down.is_empty() {
                rig.now = rig.deadline().unwrap().max(rig.now);
                rig.timers();
            }
        }
        let view = rig.controller.view().node(node).unwrap();
        let reached = view.received().revision >= tip;
        assert!(!view.is_synced() || reached, "synced at {} of {tip}", view.received());
        assert_eq!(view.is_stale(), view.tasks().all(|task| task.is_stale()), "node and tasks disagree");
        if view.reachability() == Reachability::Live && !reached {
            assert!(view.is_stale());
            seen_live_and_stale += 1;
        }
        if view.is_synced() && rig.agents[0].is_durable() {
            break;
        }
    }
    assert!(seen_live_and_stale > 20, "{seen_live_and_stale}");
    let position = |wanted: fn(&ControllerEvent) -> bool| rig.events.iter().rposition(wanted).unwrap();
    let synced = position(|event| matches!(event, ControllerEvent::NodeSynced { .. }));
    let last = position(|event| matches!(event, ControllerEvent::Transition { .. }));
    assert!(synced > last, "synced is told before the last transition up to the tip");
}

// KubeEdge: on agent reconnect the cloud lost the new connection.
#[test]
fn field_27_what_is_left_of_the_old_session_does_not_touch_the_new_one() {
    let mut rig = running();
    // The old connection's last words are still on their way when the agent has greeted anew: a heartbeat and a goodbye.
    let mut old = rig.agents[0].clone();
    let now = rig.at();
    old.goodbye(now, Duration::ZERO);
    let mut buffer = vec![0u8; 2_000];
    let length = old.poll_transmit(now, &mut buffer).unwrap().unwrap();
    let goodbye = buffer[..length].to_vec();
    assert_eq!(goodbye[1], Kind::Goodbye as u8);
    apart(&mut rig, 30 * SECOND);
    rig.connect();
    let node = rig.node(0).unwrap();
    let session = rig.controller.session(node).unwrap();
    let before = rig.events.len();
    for peer in [0, 7] {
        let now = rig.at();
        assert_eq!(rig.controller.receive(now, PeerId(peer), &goodbye), Ok(()));
    }
    rig.run(60 * SECOND);
    assert_eq!(rig.controller.session(node), Some(session));
    assert_eq!(rig.controller.view().node(node).unwrap().reachability(), Reachability::Live);
    let bad = |event: &ControllerEvent| is_lost(event) || matches!(event, ControllerEvent::NodeLeft { .. });
    assert!(!rig.events[before..].iter().any(bad));
    assert_eq!(rig.controller.metrics().frames_ended_session_total, 2);
}

#[test]
fn field_27_the_end_of_the_old_link_does_not_touch_the_session_that_came_by_a_new_one() {
    let mut rig = running();
    let node = rig.node(0).unwrap();
    let reach = |rig: &Rig| rig.controller.view().node(node).unwrap().reachability();
    // The agent greets anew from another address while the old session is believed in; then the old link is reported down.
    apart(&mut rig, 16 * SECOND);
    let (old, new) = (PeerId(0), PeerId(9));
    for _ in 0..40 {
        rig.now += SECOND;
        rig.timers();
        rig.collect();
        while !rig.up.is_empty() || !rig.down.is_empty() {
            for (_, bytes) in std::mem::take(&mut rig.up) {
                let now = rig.at();
                let _ = rig.controller.receive(now, new, &bytes);
            }
            for (_, bytes) in std::mem::take(&mut rig.down) {
                let now = rig.at();
                let _ = rig.agents[0].receive(now, &bytes);
            }
            rig.collect();
        }
        if rig.agents[0].phase() == Phase::Open {
            break;
        }
    }
    assert_eq!((rig.agents[0].phase(), rig.controller.peer(node)), (Phase::Open, Some(new)));
    let session = rig.controller.session(node);
    let now = rig.at();
    assert_eq!(rig.controller.link_down(now, old), 0);
    assert_eq!((rig.controller.session(node), reach(&rig)), (session, Reachability::Live));
    // The end of its own link makes it suspect at once, and ends nothing.
    assert_eq!(rig.controller.link_down(now, new), 1);
    assert_eq!(rig.controller.link_down(now, new), 0);
    assert_eq!((rig.controller.session(node), reach(&rig)), (session, Reachability::Suspect));
}

// Moby, Swarmkit: a list that included dead tasks passed 4 MB; the node could never rejoin.
#[test]
fn field_34_a_hundred_thousand_tasks_join_in_frames_of_1200_bytes_and_forgotten_ones_cost_nothing() {
    const TASKS: usize = 100_000;
    let mut config = AgentConfig::new("edge", 10).unwrap();
    config.limits.slots = 131_072;
    config.limits.log = 1 << 20;
    config.limits.finals = 16;
    let mut settings = ControllerConfig::new("control").unwrap();
    settings.events_per_node = 1 << 18;
    settings.finals_per_node = 16;
    let mut rig = Rig::new(vec![config], settings.clone(), 8);
    let now = rig.at();
    for n in 0..TASKS {
        rig.agents[0].register(now, task(n), b"").unwrap();
    }
    rig.connect();
    assert_eq!(rig.transitions().count(), TASKS);
    let largest = rig.sent.iter().map(Vec::len).max().unwrap();
    assert!(largest <= 1200, "a frame of {largest} bytes");
    // A controller without a store: the whole state comes as a snapshot.
    let rejoin = |rig: &mut Rig, term: u64| {
        rig.controller = Controller::new(settings.clone().term(term), term).unwrap();
        rig.sent.clear();
        rig.events.clear();
        rig.up.clear();
        rig.down.clear();
        assert!(rig.run_until(120 * SECOND, |rig| rig.same(0)), "it does not join");
        rig.connect();
        rig.sent.iter().map(Vec::len).sum::<usize>()
    };
    let whole = rejoin(&mut rig, 2);
    assert!(rig.sent.iter().all(|frame| frame.len() <= 1200));
    // Nine of ten end and are forgotten: the next join costs a tenth.
    let now = rig.at();
    for n in (0..TASKS).filter(|n| n % 10 != 0) {
        rig.agents[0].cancelled(now, task(n), Reason::CANCELLED_BY_HOST).unwrap();
        rig.agents[0].forget(now, task(n)).unwrap();
    }
    assert!(
        rig.run_until(600 * SECOND, |rig| rig.agents[0].is_durable() && rig.agents[0].tasks().count() == TASKS / 10)
    );
    let tenth = rejoin(&mut rig, 3);
    assert!(tenth < whole / 5, "{tenth} bytes of {whole}");
}

// Prusa firmware: one message that the server always refuses blocked all others until restart.
#[test]
fn field_38_an_entry_at_every_bound_at_once_is_taken_and_one_that_cannot_be_kept_blocks_no_other() {
    let mut rig = running();
    let limits = rig.agents[0].config().limits;
    let (metadata, message) = (vec![1u8; limits.metadata as usize], vec![b'm'; limits.message as usize]);
    let result = vec![2u8; limits.result as usize];
    let trace = Some(taskwire::TraceContext { trace_id: [9; 16], span_id: [8; 8], flags: 1 });
    let now = rig.at();
    let registration = Registration { metadata: &metadata, message: &message, trace, at: None };
    rig.agents[0].register_with(now, task(1), registration).unwrap();
    let report = Report {
        reason: Reason(u16::MAX),
        source: taskwire::Source(255),
        exit: Exit::Signal(i32::MIN),
        message: &message,
        result: &result,
        trace,
        at: Some(taskwire::UnixMillis(1 << 61)),
    };
    rig.agents[0].running(now, task(1)).unwrap();
    rig.agents[0].transition(now, task(1), State::Failed, report).unwrap();
    rig.agents[0].detail(now, task(0), Some(100), &message).unwrap();
    rig.connect();
    assert!(rig.same(0));
    let errors = rig.controller.metrics();
    assert_eq!((errors.frames_over_limit_total, errors.frames_malformed_total, errors.frames_refused_total), (0, 0, 0));
    let told = rig.transitions().last().unwrap();
    assert_eq!(told.payload.as_ref().unwrap().result.as_bytes(), result);
    // The same state as a snapshot: a record at every bound fits a frame too.
    rig.controller = Controller::new(ControllerConfig::new("control").unwrap().term(2), 3).unwrap();
    assert!(rig.run_until(60 * SECOND, |rig| rig.same(0)));
    // A host that cannot keep one record (here: task 2) notes that and commits past it: the rest flows.
    rig.connect();
    let now = rig.at();
    for n in 2..5 {
        rig.agents[0].register(now, task(n), b"").unwrap();
    }
    rig.connect();
    assert!(rig.agents[0].is_durable());
    assert_eq!(rig.transitions().filter(|t| t.number == 1 && (task(2)..=task(4)).contains(&t.task)).count(), 3);
}

// Kubernetes: peer clocks compared; a one-day jump made all nodes NotReady; an interval close to the grace period flapped.
#[test]
fn field_39_a_jump_of_a_day_loses_nobody_and_a_lease_of_less_than_two_intervals_is_refused() {
    let mut rig = running();
    // The controller's clock jumps a day ahead between two calls, as after a sleep; so does the agent's.
    rig.now += 86_400 * SECOND;
    rig.timers();
    assert!(rig.run_until(60 * SECOND, |rig| rig.agents[0].phase() == Phase::Open), "it does not come back");
    rig.run(60 * SECOND);
    assert!(!rig.events.iter().any(is_lost));
    // Wall clocks that disagree by a day decide nothing.
    let mut agent = AgentConfig::new("edge", 10).unwrap();
    agent.wall_clock_offset = 1_700_000_000_000;
    let mut controller = ControllerConfig::new("control").unwrap();
    controller.wall_clock_offset = agent.wall_clock_offset + 86_400_000;
    let mut rig = Rig::new(vec![agent], controller, 2);
    rig.connect();
    rig.run(120 * SECOND);
    let trouble = |event: &ControllerEvent| is_lost(event) || matches!(event, ControllerEvent::NodeSuspect { .. });
    assert!(!rig.events.iter().any(trouble));
    // An interval close to the lease would flap: it is refused, with the least that will do.
    let mut config = ControllerConfig::new("control").unwrap();
    config.heartbeat = Duration::from_secs(8);
    let error = Controller::new(config, 1).unwrap_err();
    assert_eq!(error, ConfigError::LeaseTooShort { lease_ms: 15_000, heartbeat_ms: 8_000, least_ms: 16_000 });
}

// etcd: a delete was lost when watching at the compacted revision; old events came on a watch of the future; a slow watcher
// was starved.
#[test]
fn field_31_a_watcher_learns_of_every_removal_or_that_its_revision_is_compacted() {
    let mut config = ControllerConfig::new("control").unwrap();
    config.history = 6;
    config.finals_age = Duration::from_secs(3);
    let mut rig = Rig::new(vec![AgentConfig::new("edge", 10).unwrap()], config, 1);
    rig.connect();
    let filter = Filter::everything().without_details();
    // A copy of the set of tasks at each revision there ever was: a watcher of each, that reads only much later.
    let mut copies: Vec<(ViewRevision, BTreeSet<TaskId>)> = Vec::new();
    let note = |rig: &Rig, copies: &mut Vec<(ViewRevision, BTreeSet<TaskId>)>| {
        let view = rig.controller.view();
        if copies.last().is_none_or(|(at, _)| *at != view.revision()) {
            copies.push((view.revision(), view.select(&filter).map(|task| task.id()).collect()));
        }
    };
    let (mut removals, mut compacted) = (0, 0);
    for n in 0..12 {
        let now = rig.at();
        let agent = &mut rig.agents[0];
        agent.register(now, task(n), b"").unwrap();
        agent.running(now, task(n)).unwrap();
        agent.succeeded(now, task(n), Exit::Code(0)).unwrap();
        agent.forget(now, task(n)).unwrap();
        for _ in 0..10 {
            note(&rig, &mut copies);
            rig.run(SECOND / 10);
        }
        // From the past, from the compacted revision itself, and from the tip: every change, or `Compacted`, never silence.
        for (at, copy) in &copies {
            let mut copy = copy.clone();
            match rig.controller.changes_since(*at, &filter) {
                Ok(changes) => {
                    let newest = changes.revision();
                    for change in changes {
                        match change.effect {
                            Effect::Task(now) => drop(copy.insert(now.id())),
                            Effect::TaskGone(gone) => removals += usize::from(copy.remove(&gone)),
                            _ => {}
                        }
                    }
                    let now: BTreeSet<TaskId> = rig.controller.view().select(&filter).map(|task| task.id()).collect();
                    assert_eq!((newest, copy), (rig.controller.view().revision(), now), "read from {at}");
                }
                Err(WatchError::Compacted { asked, oldest }) => {
                    assert!(asked == *at && asked.revision < oldest.revision);
                    compacted += 1;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(removals > 20 && compacted > 20, "{removals} removals were told, {compacted} times compacted");
    // A watch of the future is no watch that waits: it is an error that names the newest revision.
    let newest = rig.controller.view().revision();
    let future = ViewRevision { revision: newest.revision + 1, ..newest };
    let told = rig.controller.changes_since(future, &filter).map(|_| ());
    assert_eq!(told, Err(WatchError::Future { asked: future, newest }));
    // At the tip there is nothing, and the answer names its revision.
    let mut nothing = rig.controller.changes_since(newest, &filter).unwrap();
    assert!(nothing.next().is_none() && nothing.revision() == newest);
    // So does a controller that began anew: it is another view.
    let anew = Controller::new(ControllerConfig::new("control").unwrap().term(2), 3).unwrap();
    let told = anew.changes_since(newest, &filter).map(|_| ());
    assert_eq!(told, Err(WatchError::OtherIncarnation { asked: newest, newest: anew.view().revision() }));
}
