//! Runs of the simulator as tests: seeds that once failed (seeds.txt says why), some fresh ones, and that a seed is a run.
//! The long runs are commands of the Makefile.

use taskwire_sim::run;
use taskwire_sim::trace::Trace;
use taskwire_sim::world::{Options, World};

fn passes(seed: u64) {
    if let Some(failure) = run::one(seed, &Options::default()).failure {
        panic!("seed {seed}: {failure}\nreplay: cargo run --release -p taskwire-sim -- --seed {seed} --trace");
    }
}

#[test]
fn seeds_that_once_failed_pass() {
    let text = include_str!("../seeds.txt");
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let seeds: Vec<u64> = lines.flat_map(str::split_whitespace).map(|seed| seed.parse().unwrap()).collect();
    assert!(seeds.len() >= 20);
    seeds.into_iter().for_each(passes);
}

#[test]
fn the_first_seeds_pass() {
    (1..=30).for_each(passes);
}

#[test]
fn a_seed_is_a_run_whether_it_is_traced_or_not() {
    for seed in [3, 4, 5, 6] {
        let silent = run::one(seed, &Options::default());
        let traced = World::new(seed, Trace::keeping(), Options::default()).run();
        assert_eq!(silent.hash, traced.hash, "seed {seed}");
        assert_eq!(silent.counts.steps, traced.counts.steps);
    }
}

#[test]
fn what_many_threads_count_is_what_one_counts() {
    let one = run::many(1, 12, 1, &Options::default(), true);
    let two = run::many(1, 12, 2, &Options::default(), true);
    assert_eq!(one.counts.steps, two.counts.steps);
    assert_eq!(one.counts.premises, two.counts.premises);
}
