//! Many that come back at once, and clocks that disagree: what is measured of both, in virtual time. Fine behaviour of leases
//! is in `scripts.rs`, wild schedules in the simulator.

#[path = "properties/rig.rs"]
mod rig;
#[path = "../benches/src/storm.rs"]
mod storm;

use rig::{task, Rig};
use storm::{Fleet, LOOK};
use taskwire::{AgentConfig, ControllerConfig};

const SECOND: u64 = 1_000_000;

// Elastic agent, Jenkins swarm: a back-off that began anew before the first success, or without jitter; the fleet came back
// within one window.
#[test]
fn field_37_ten_thousand_agents_that_drop_together_come_back_spread_and_are_admitted_by_and_by() {
    const NODES: usize = 10_000;
    let mut config = ControllerConfig::new("control").unwrap();
    config.nodes = NODES as u32;
    config.handshakes = 256;
    config.repairs = 32;
    // All hosts give one seed: names and epochs tell them apart.
    let mut fleet = Fleet::new(NODES, config.clone(), |_| 7);
    let first = fleet.come_back(600 * SECOND);
    assert!(first.handshakes <= 256, "{first:?}");
    fleet.cut_for(60 * SECOND);
    let back = fleet.come_back(600 * SECOND);
    // Back-offs have grown to 15 s, of which the jitter takes half: no window has more than a small part of them.
    let even = NODES as u64 * LOOK / (15 * SECOND / 2);
    assert!(back.hellos <= 3 * even, "{back:?}, evenly it were {even}");
    assert!(back.handshakes <= 256 && back.repairs == 0, "{back:?}");
    assert!(back.took <= 30 * SECOND, "{back:?}");
    // A controller that knows nobody repairs all of them, a few at a time.
    fleet.cut_for(SECOND);
    fleet.replace_controller(config.term(2));
    let anew = fleet.come_back(600 * SECOND);
    assert!(anew.repairs > 0 && anew.repairs <= 32 && anew.handshakes <= 256 && anew.refused > 0, "{anew:?}");
}

#[test]
fn sync_latency_is_true_between_wall_clocks_that_disagree() {
    for ahead in [0, 3_600_000, -3_600_000i64] {
        let mut agent = AgentConfig::new("edge", 10).unwrap();
        let mut config = ControllerConfig::new("control").unwrap();
        config.wall_clock_offset = 1_700_000_000_000;
        agent.wall_clock_offset = config.wall_clock_offset.saturating_add_signed(ahead);
        let mut rig = Rig::new(vec![agent], config, 4);
        rig.connect();
        rig.run(30 * SECOND);
        let node = rig.node(0).unwrap();
        let told = rig.controller.view().node(node).unwrap();
        assert!(
            told.clock_offset_ms().is_some_and(|offset| (offset - ahead).abs() <= 2),
            "{:?}",
            told.clock_offset_ms()
        );
        assert!(told.round_trip().is_some());
        let before = rig.controller.metrics().sync_latency_seconds;
        let now = rig.at();
        rig.agents[0].register(now, task(0), b"").unwrap();
        // It waits a quarter of a second on its way.
        rig.collect();
        rig.now += SECOND / 4;
        rig.settle();
        let after = rig.controller.metrics().sync_latency_seconds;
        assert_eq!(after.count() - before.count(), 1);
        let took = after.sum() - before.sum();
        assert!((248..=252).contains(&took), "{took} ms with a clock {ahead} ms ahead");
    }
}
