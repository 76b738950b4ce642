//! Random sequences of calls of the C functions, right ones and wrong ones: every call keeps what it promises, and every
//! error that a function returns is among those that its comment in the header names.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use support::{functions, HEADER};

/// A stream of bytes from a seed: xorshift, with enough of the small values that the calls like.
fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect()
}

#[test]
fn random_calls_keep_their_promises_and_return_only_errors_that_are_documented() {
    let functions = functions(HEADER);
    let documented: BTreeMap<&str, BTreeSet<&str>> =
        functions.iter().map(|function| (function.name.as_str(), function.errors().into_iter().collect())).collect();
    let names: BTreeMap<i32, &str> = HEADER
        .lines()
        .filter_map(|line| line.strip_prefix("#define TASKWIRE_ERROR_").map(|_| &line["#define ".len()..]))
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(name, value)| Some((value.trim_matches(['(', ')']).parse().ok()?, name)))
        .collect();
    let mut seen: BTreeMap<&str, BTreeSet<i32>> = BTreeMap::new();
    for seed in 0..400 {
        eprintln!("seed {seed}");
        taskwire_ffi::fuzz::calls_with(&bytes(seed, 3000), |name, status| {
            seen.entry(name).or_default().insert(status);
        });
    }
    let mut wrong = Vec::new();
    for (function, statuses) in &seen {
        for status in statuses.iter().filter(|status| **status != 0) {
            let name = names.get(status).unwrap_or(&"no constant");
            if !documented[function].contains(name) {
                wrong.push(format!("{function} returned {status} ({name}), which its comment does not name"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The calls reach what they are for: most functions, each in success, and many errors.
    let succeeded = seen.values().filter(|statuses| statuses.contains(&0)).count();
    let errors: BTreeSet<i32> = seen.values().flatten().copied().filter(|status| *status != 0).collect();
    assert!(succeeded >= 38, "only {succeeded} functions succeeded: {seen:?}");
    assert!(errors.len() >= 17, "only these errors came: {errors:?}");
}

#[test]
fn a_sequence_of_calls_gives_the_same_statuses_twice() {
    for seed in 0..5 {
        let run = || {
            let mut statuses = Vec::new();
            taskwire_ffi::fuzz::calls_with(&bytes(seed, 2000), |name, status| statuses.push((name, status)));
            statuses
        };
        assert_eq!(run(), run());
    }
}

/// What the fuzzer found worth keeping, as it stands and with bytes altered by a seed.
#[test]
fn the_corpus_of_call_sequences_replays_whole_and_altered() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus/cabi");
    let mut files: Vec<_> = std::fs::read_dir(folder).expect("the corpus is committed").flatten().collect();
    files.sort_by_key(|file| file.path());
    assert!(!files.is_empty(), "no corpus in {folder}");
    for (index, file) in files.iter().enumerate() {
        let kept = std::fs::read(file.path()).expect("a file of the corpus can be read");
        taskwire_ffi::fuzz::calls(&kept);
        for round in 0..50u64 {
            let noise = bytes(1 + round + 1000 * index as u64, 16);
            let mut altered = kept.clone();
            for pair in noise.chunks(2) {
                if let Some(place) = altered.len().checked_sub(1).map(|last| usize::from(pair[0]) % (last + 1)) {
                    altered[place] = pair[1];
                }
            }
            taskwire_ffi::fuzz::calls(&altered);
        }
    }
}
