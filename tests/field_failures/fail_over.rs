//! Controllers that restart, fail over, stand still, or go deaf.

use taskwire::wire::Kind;
use taskwire::{
    AgentConfig, Controller, ControllerConfig, ControllerEvent, NodeId, PeerId, Phase, Reachability, State, Term,
};

use crate::rig::{task, Rig};
use crate::{apart, is_lost, SECOND};

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
        let config = |n: usize| AgentConfig::new(&format!("edge-{n}"), 10).unwrap();
        let mut rig = Rig::new((0..4).map(config).collect(), ControllerConfig::new("control").unwrap(), 4);
        rig.connect();
        let slept_at = rig.now;
        let until = rig.now + 150 * SECOND;
        // The controller's host stands still; the frames of three agents pile up in its socket, and the fourth is dead.
        let mut buffer = vec![0u8; 2_000];
        for index in 0..3 {
            rig.now = slept_at;
            while let Some(at) = rig.agents[index].next_timeout().map(|at| at.as_micros()).filter(|at| *at < until) {
                rig.now = rig.now.max(at);
                let now = rig.at();
                rig.agents[index].handle_timeout(now);
                while let Some(length) = rig.agents[index].poll_transmit(now, &mut buffer).unwrap() {
                    rig.up.push((index, buffer[..length].to_vec()));
                }
            }
        }
        rig.agents.truncate(3);
        assert!(rig.up.len() > 12);
        rig.now = until;
        let now = rig.at();
        if timers_first {
            rig.controller.handle_timeout(now);
        }
        while rig.poll_one() {}
        assert!(!rig.events.iter().any(is_lost), "a lease ended before what waited was heard");
        while !rig.up.is_empty() {
            rig.deliver_up(0);
        }
        rig.controller.handle_timeout(now);
        let lost = |rig: &Rig| rig.events.iter().filter(|event| is_lost(event)).count();
        assert_eq!(lost(&rig), 0, "timers first: {timers_first}");
        rig.run(60 * SECOND);
        // Of the time in which nobody was called nothing counts; of the time since then all does, for the dead one as well.
        assert_eq!(lost(&rig), 1, "timers first: {timers_first}");
        assert!((0..3).all(|index| rig.agents[index].phase() == Phase::Open && rig.same(index)));
        let dead = rig.controller.node("edge-3").unwrap();
        assert_eq!(rig.controller.view().node(dead).unwrap().reachability(), Reachability::Lost);
    }
}

// Swarmkit, Nomad: timers of a deposed or non-leading server marked nodes down; two servers acted as leader.
#[test]
fn field_11_a_lease_of_an_older_term_loses_nobody_in_a_newer_one() {
    let config = |n: usize| AgentConfig::new(&format!("edge-{n}"), 10).unwrap();
    let settings = |term| ControllerConfig::new("control").unwrap().term(term);
    let mut rig = Rig::new((0..4).map(config).collect(), settings(1), 4);
    let now = rig.at();
    for agent in &mut rig.agents {
        agent.register(now, task(0), b"").unwrap();
        agent.running(now, task(0)).unwrap();
    }
    rig.connect();
    // A second one takes over while the first still thinks that it leads: both run, the agents have gone to the second.
    let mut deposed = std::mem::replace(&mut rig.controller, Controller::new(settings(2), 21).unwrap());
    let old_session = deposed.session(NodeId(0)).unwrap();
    assert!(rig.run_until(60 * SECOND, |rig| (0..4).all(|index| rig.same(index))));
    rig.events.clear();
    let mut buffer = vec![0u8; 2_000];
    let mut deposed_told = Vec::new();
    for _ in 0..120 {
        rig.run(SECOND);
        let now = rig.at();
        deposed.handle_timeout(now);
        while let Some((peer, length)) = deposed.poll_transmit(now, &mut buffer).unwrap() {
            let _ = rig.agents[peer.0 as usize].receive(now, &buffer[..length]);
        }
        while let Some(event) = deposed.poll_event() {
            deposed_told.push(event);
        }
    }
    // Its own leases ran out, and that is its own belief alone: the tasks stand, the agents and the other controller go on.
    assert_eq!(deposed_told.iter().filter(|event| is_lost(event)).count(), 4);
    assert!(deposed.view().nodes().all(|node| node.is_stale() && node.tasks().all(|t| t.state() == State::Running)));
    assert!(!rig.events.iter().any(is_lost));
    assert!((0..4).all(|index| rig.agents[index].phase() == Phase::Open && rig.same(index)));
    // An agent that has lost its session greets the wrong one of the two: that one learns that it is deposed, and the agent is not moved.
    rig.collect();
    let hello = {
        let mut lone = rig.agents[0].clone();
        let mut now = rig.at();
        let mut length = 0;
        while buffer[1] != Kind::Hello as u8 {
            now = lone.next_timeout().unwrap().max(now);
            lone.handle_timeout(now);
            while let Some(said) = lone.poll_transmit(now, &mut buffer).unwrap() {
                length = said;
            }
        }
        let _ = deposed.receive(now, PeerId(0), &buffer[..length]);
        let (_, length) = deposed.poll_transmit(now, &mut buffer).unwrap().unwrap();
        assert!(lone.receive(now, &buffer[..length]).is_err(), "a smaller term is taken");
        let length = lone.poll_transmit(now, &mut buffer).unwrap().unwrap();
        assert_eq!(buffer[1], Kind::Fenced as u8);
        let _ = deposed.receive(now, PeerId(0), &buffer[..length]);
        deposed.poll_event()
    };
    assert!(matches!(hello, Some(ControllerEvent::Deposed { seen: Term(2), conflict: false, .. })), "{hello:?}");
    // It regains the lead under a new term while no agent has come back yet: no timer of its first term is left.
    rig.controller = Controller::new(settings(3), 22).unwrap();
    rig.events.clear();
    apart(&mut rig, 14 * SECOND);
    assert!(!rig.events.iter().any(is_lost));
    assert!(rig.run_until(60 * SECOND, |rig| (0..4).all(|index| rig.same(index))));
    assert!(!rig.events.iter().any(is_lost));
    assert!((0..4).all(|index| rig.agents[index].session() != Some(old_session)));
}
