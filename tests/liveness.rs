//! Clocks that disagree: what is measured between them, in virtual time. Fine behaviour of leases is in `scripts.rs`, wild
//! schedules in the simulator, a fleet that comes back in `sim/tests/fleet.rs`.

#[path = "properties/rig.rs"]
mod rig;

use rig::{task, Rig};
use taskwire::{AgentConfig, ControllerConfig};

const SECOND: u64 = 1_000_000;

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
