//! Wrong checkers made on purpose: each check in turn is given a spoilt idea of the truth (a premise that was met is
//! judged against something that is not so), and must fail under its own name within a few seeds. A check that passes
//! all the same checks nothing.

use crate::invariants::Invariant;
use crate::run;
use crate::world::Options;

/// Seeds that a spoilt check may take to fail.
pub const MOST_SEEDS: u64 = 400;

/// Spoils each check in turn; says for each how many seeds it took, or that it never failed.
pub fn all() -> Vec<(Invariant, Option<u64>)> {
    Invariant::ALL.iter().map(|invariant| (*invariant, one(*invariant))).collect()
}

fn one(invariant: Invariant) -> Option<u64> {
    let options = Options::spoiling(invariant);
    (1..=MOST_SEEDS).find(|seed| run::one(*seed, &options).failure.is_some_and(|f| f.invariant == invariant))
}
