//! Controllers that restart, fail over, stand still, or go deaf.

use taskwire::{AgentConfig, Controller, ControllerConfig, ControllerEvent, Phase};

use crate::rig::{task, Rig};
use crate::{apart, is_lost, running, SECOND};

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
