//! The fuzz targets as an ordinary test on stable Rust: the committed corpora are replayed, and a seeded loop mutates them.
//! What the targets check is in `fuzz/src`; the C interface has a test of its own in `ffi/tests`.

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::PathBuf;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// The committed inputs of a target, in the order of their names.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).expect("a corpus file can be read")).collect()
}

/// An input made of those at hand.
fn mutated(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut input = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(8) {
        let at = random.below(input.len() + 1);
        match random.below(6) {
            0 if at < input.len() => input[at] = random.next() as u8,
            1 if at < input.len() => input[at] ^= 1 << random.below(8),
            2 => input.insert(at, random.next() as u8),
            3 => {
                input.drain(at..(at + random.below(9)).min(input.len()));
            }
            4 => {
                let length = random.below(24);
                input.splice(at..at, (0..length).map(|_| random.next() as u8)).for_each(drop);
            }
            _ => {
                let other = &corpus[random.below(corpus.len())];
                let from = random.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
        }
    }
    input.truncate(4_096);
    input
}

fn checked(target: &str, run: fn(&[u8]), input: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(input))) {
        let hex: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
        eprintln!("target {target} fails with {hex}");
        std::panic::resume_unwind(panic);
    }
}

fn replay(target: &str, run: fn(&[u8]), mutations: usize) {
    let corpus = corpus(target);
    assert!(corpus.len() >= 10, "the corpus of {target} has {} inputs", corpus.len());
    for input in &corpus {
        checked(target, run, input);
    }
    let mut random = Random(14);
    for _ in 0..mutations {
        checked(target, run, &mutated(&mut random, &corpus));
    }
}

#[test]
fn frames() {
    replay("frames", fuzz::frames::run, 60_000);
}

#[test]
fn agent() {
    replay("agent", fuzz::agent::run, 6_000);
}

#[test]
fn controller() {
    replay("controller", fuzz::controller::run, 3_000);
}

#[test]
fn journal() {
    replay("journal", fuzz::journal::run, 6_000);
}

#[test]
fn repair() {
    replay("repair", fuzz::repair::run, 3_000);
}

#[test]
fn pair() {
    replay("pair", fuzz::pair::run, 6_000);
}
