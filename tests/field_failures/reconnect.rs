//! Nodes that come back.

use std::time::Duration;

use taskwire::wire::Kind;
use taskwire::{AgentConfig, ControllerConfig, ControllerEvent, PeerId, Phase, Reachability};

use crate::rig::{task, Rig};
use crate::{apart, is_lost, running, SECOND};

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
