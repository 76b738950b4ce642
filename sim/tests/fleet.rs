//! Ten thousand agents that drop together: they come back spread, and are admitted by and by. With a bait each, that one jitter
//! seed for all of them, or a back-off that begins anew too early, is seen.

#[path = "../../benches/src/storm.rs"]
mod storm;

use storm::{Fleet, Storm, LOOK};
use taskwire::{Baits, ControllerConfig};

const SECOND: u64 = 1_000_000;
const NODES: usize = 10_000;

fn settings() -> ControllerConfig {
    let mut config = ControllerConfig::new("control").unwrap();
    config.nodes = NODES as u32;
    config.handshakes = 256;
    config.repairs = 32;
    config
}

/// A fleet that was served and cut off for a minute, and how it came back. All hosts give one seed: names and epochs tell
/// them apart.
fn cut_for_a_minute(baits: Baits) -> (Fleet, Storm) {
    let mut fleet = Fleet::new(NODES, settings(), |_| 7, baits);
    let first = fleet.come_back(600 * SECOND);
    assert!(first.handshakes <= 256, "{first:?}");
    fleet.cut_for(60 * SECOND);
    let back = fleet.come_back(600 * SECOND);
    (fleet, back)
}

/// HELLOs in the fullest window if they came evenly: back-offs have grown to 15 s, of which the jitter takes half.
const EVENLY: u64 = NODES as u64 * LOOK / (15 * SECOND / 2);

// Elastic agent, Jenkins swarm: a back-off that began anew before the first success, or without jitter; the fleet came back
// within one window.
#[test]
fn field_37_ten_thousand_agents_that_drop_together_come_back_spread_and_are_admitted_by_and_by() {
    let (mut fleet, back) = cut_for_a_minute(Baits::default());
    assert!(back.hellos <= 3 * EVENLY, "{back:?}, evenly it were {EVENLY}");
    assert!(back.handshakes <= 256 && back.repairs == 0, "{back:?}");
    assert!(back.took <= 30 * SECOND, "{back:?}");
    // A controller that knows nobody repairs all of them, a few at a time.
    fleet.cut_for(SECOND);
    fleet.replace_controller(settings().term(2));
    let anew = fleet.come_back(600 * SECOND);
    assert!(anew.repairs > 0 && anew.repairs <= 32 && anew.handshakes <= 256 && anew.refused > 0, "{anew:?}");
}

#[cfg(feature = "bait")]
#[test]
fn one_jitter_seed_and_a_back_off_that_begins_anew_are_seen() {
    for bait in [taskwire::Bait::OneJitterSeed, taskwire::Bait::BackoffResetEarly] {
        let (_, back) = cut_for_a_minute(Baits::only(bait));
        assert!(back.hellos > 3 * EVENLY, "{bait:?}: {back:?}, evenly it were {EVENLY}");
    }
}
