//! Load, size, clocks, identity.

use std::time::Duration;

use taskwire::{
    AgentConfig, ConfigError, Controller, ControllerConfig, ControllerEvent, Exit, Phase, Reason, Registration, Report,
    State,
};

use crate::rig::{task, Rig};
use crate::{is_lost, running, SECOND};

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
