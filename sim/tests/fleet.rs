//! Ten thousand agents that drop together: they come back spread, and are admitted by and by. With a bait each, that one jitter
//! seed for all of them, or a back-off that begins anew too early, is seen; so are come-back times that do not grow with the
//! crowd, and answers that are longer than what they answer.

#[path = "../../benches/src/storm.rs"]
mod storm;

use storm::{Fleet, Storm, LOOK};
use taskwire::{Baits, ControllerConfig};

const SECOND: u64 = 1_000_000;
const NODES: usize = 10_000;

fn named(name: &str, baits: Baits) -> ControllerConfig {
    let mut config = ControllerConfig::new(name).unwrap();
    config.nodes = NODES as u32;
    config.handshakes = 256;
    config.repairs = 32;
    config.baits = baits;
    config
}

fn settings() -> ControllerConfig {
    named("control", Baits::default())
}

/// So many that were served and cut off for a minute, and how they came back. All hosts give one seed: names and epochs tell
/// them apart.
fn cut_for_a_minute(nodes: usize, baits: Baits) -> (Fleet, Storm) {
    let mut fleet = Fleet::new(nodes, settings(), |_| 7, baits);
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
    let (mut fleet, back) = cut_for_a_minute(NODES, Baits::default());
    assert!(back.hellos <= 3 * EVENLY / 2, "{back:?}, evenly it were {EVENLY}");
    assert!(back.handshakes <= 256 && back.repairs == 0, "{back:?}");
    assert!(back.took <= 30 * SECOND, "{back:?}");
    let anew = taken_over(&mut fleet, settings());
    assert!(anew.repairs > 0 && anew.repairs <= 32 && anew.handshakes <= 256 && anew.refused > 0, "{anew:?}");
    // Who is told when places become free is seldom told twice.
    assert!(anew.refused <= NODES as u64, "{anew:?}");
}

/// A controller that knows nobody takes over: it repairs all of them, a few at a time.
fn taken_over(fleet: &mut Fleet, settings: ControllerConfig) -> Storm {
    fleet.cut_for(SECOND);
    fleet.replace_controller(settings.term(2));
    fleet.come_back(1_200 * SECOND)
}

// Who was told a short HELLO's WELCOME once says as much the next time; where the answer has grown, it asks again.
#[test]
fn no_answer_to_a_hello_is_longer_than_the_hello() {
    let (mut fleet, back) = cut_for_a_minute(500, Baits::default());
    assert!(back.amplified == 0 && back.bytes < 350.0, "{back:?}");
    let anew = taken_over(&mut fleet, named(&"c".repeat(64), Baits::default()));
    assert_eq!(anew.amplified, 0, "{anew:?}");
}

#[cfg(feature = "bait")]
#[test]
fn one_jitter_seed_and_a_back_off_that_begins_anew_are_seen() {
    for bait in [taskwire::Bait::OneJitterSeed, taskwire::Bait::BackoffResetEarly] {
        let (_, back) = cut_for_a_minute(NODES, Baits::only(bait));
        assert!(back.hellos > 2 * EVENLY, "{bait:?}: {back:?}, evenly it were {EVENLY}");
    }
}

#[cfg(feature = "bait")]
#[test]
fn come_back_times_that_do_not_grow_and_answers_that_are_longer_are_seen() {
    let (mut fleet, _) = cut_for_a_minute(NODES, Baits::default());
    let anew = taken_over(&mut fleet, named("control", Baits::only(taskwire::Bait::ComeBackSoon)));
    assert!(anew.refused > 3 * NODES as u64 / 2, "{anew:?}");
    let (mut fleet, _) = cut_for_a_minute(500, Baits::default());
    let anew = taken_over(&mut fleet, named(&"c".repeat(64), Baits::only(taskwire::Bait::WelcomeBeyondHello)));
    assert!(anew.amplified > 0, "{anew:?}");
}
