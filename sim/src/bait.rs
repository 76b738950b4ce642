//! Faults of the core, switched on one at a time, to see which check finds each and how soon.

use std::fmt::Write;

use taskwire::Bait;

use crate::run;
use crate::world::Options;

/// Seeds that a bait may take.
pub const MOST_SEEDS: u64 = 1_000;

/// Baits that these faults cannot show, with the reason and what shows them in place of a run.
pub const BEYOND: &[(&str, &str)] = &[
    ("SnapshotOfAnotherBase", "two repairs of one session would have to overtake one another; shown by a text script"),
    ("TombstoneNamesSlotOnly", "no agent makes a tombstone of another registration; shown by a text script"),
    (
        "SymptomAnsweredByOldPosition",
        "only a twin's entries are refused, and its frames pass for repeats; shown by a text script",
    ),
    ("LinkFilled", "no link is shared in runs; sim/tests/thin_link.rs shares one among fifty agents"),
    ("DetailsWithoutPause", "how many frames details cost is not looked at in runs; shown by a text script"),
    ("OneJitterSeed", "a few agents are no storm; sim/tests/fleet.rs has ten thousand"),
    ("ComeBackSoon", "a few agents are no crowd; sim/tests/fleet.rs has ten thousand"),
    ("WelcomeBeyondHello", "names do not change in runs; shown by sim/tests/fleet.rs"),
    ("BackoffResetEarly", "a few agents are no storm; sim/tests/fleet.rs has ten thousand"),
    ("WindowOnlyRises", "a position goes back within a session only with an older store"),
    ("DetailCleanWhileHeld", "a held frame is dropped only when its session ends; shown by a text script"),
];

/// What came of one bait.
#[derive(Clone, Debug)]
pub struct Catch {
    /// Its name.
    pub bait: &'static str,
    /// The check that must find it; `any` where any may.
    pub expected: &'static str,
    /// The first seed that failed, counted from 1, and the check that failed.
    pub first: Option<(u64, &'static str)>,
    /// The first seed that failed by the name expected.
    pub by_name: Option<u64>,
}

impl Catch {
    /// Whether it was found as it must be.
    pub fn is_found(&self) -> bool {
        match self.expected {
            _ if BEYOND.iter().any(|(name, _)| *name == self.bait) => true,
            "any" => self.first.is_some(),
            _ => self.by_name.is_some(),
        }
    }
}

/// Switches one bait on and runs seeds until its check finds it.
pub fn one(bait: Bait, name: &'static str, expected: &'static str) -> Catch {
    let mut caught = Catch { bait: name, expected, first: None, by_name: None };
    let options = Options::baited(bait);
    for seed in 1..=MOST_SEEDS {
        let Some(failure) = run::one(seed, &options).failure else { continue };
        let check = failure.invariant.name();
        caught.first.get_or_insert((seed, check));
        if check == expected || expected == "any" {
            caught.by_name = Some(seed);
            break;
        }
    }
    caught
}

/// The table of all baits.
pub fn page(catches: &[Catch]) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{:<34}{:<30}{:>7}  first failure", "bait", "to be caught by", "seeds");
    for c in catches {
        let seeds = c.by_name.map_or("never".into(), |s| s.to_string());
        let first = c.first.map_or("none".into(), |(seed, check)| format!("{check} at seed {seed}"));
        let _ = writeln!(out, "{:<34}{:<30}{seeds:>7}  {first}", c.bait, c.expected);
    }
    let _ = writeln!(out, "\nnot to be shown by these faults:");
    for (bait, why) in BEYOND {
        let _ = writeln!(out, "  {bait}: {why}");
    }
    let mut seeds: Vec<u64> = catches.iter().filter_map(|c| c.by_name).collect();
    seeds.sort_unstable();
    let missed = catches.iter().filter(|c| !c.is_found()).count();
    let median = seeds.get(seeds.len() / 2).copied().unwrap_or(0);
    let worst = seeds.last().copied().unwrap_or(0);
    let _ = writeln!(out, "{} baits, {missed} not found; seeds to find: median {median}, worst {worst}", catches.len());
    out
}
