//! Holds the shape of the repository by reading its own sources: the layer order of the core, what the core must not
//! touch (clock, randomness, globals, input and output), where `unsafe` may stand, headers, lengths, dead files, leftovers,
//! and that what the documents name exists. It knows nothing of what the code does; that is for the other tests.
//!
//! It is a help, not a cage: when the design gets better for it, change the tables at the top, and say so in the commit.
//! Every rule is a function from sources to breaches, a test that applies it to the repository, and a self-test that
//! plants a breach and sees it found, because a test that cannot fail proves nothing.

#[path = "tidy/documents.rs"]
mod documents;
#[path = "tidy/planted.rs"]
mod planted;
#[path = "tidy/rules.rs"]
mod rules;
#[path = "tidy/source.rs"]
mod source;

use source::{repository, Breach, Source};
use std::path::Path;

// --- the tables ---

/// The layers of `src/`, lowest first. A module imports from layers below its own, and from siblings of its layer as
/// long as the siblings do not import one another in a circle.
const LAYERS: &[(&str, &[&str])] = &[
    (
        "vocabulary",
        &["bait", "time", "id", "revision", "task", "canonical", "error", "config", "rng", "room", "sort", "value"],
    ),
    ("bytes", &["wire", "metrics", "receive_error"]),
    (
        "parts",
        &[
            "map",
            "receipts",
            "wheel",
            "rtt",
            "window",
            "congestion",
            "stream",
            "slots",
            "row",
            "table",
            "log",
            "detail",
            "sketch",
        ],
    ),
    (
        "mechanisms",
        &["publisher", "subscriber", "replica", "snapshot", "stage", "values", "lease", "journal", "grants"],
    ),
    ("roles", &["agent", "controller"]),
];

/// Layers whose modules may import one another in a circle: words are told by one another (an error names states, a task
/// names errors).
const CIRCLES_ALLOWED: &[&str] = &["vocabulary"];

/// Modules that must not know of one another although they share a layer.
const STRANGERS: &[(&str, &str)] = &[("agent", "controller")];

/// The longest a file may be, in lines, the tests at its end not counted.
const LENGTH_LIMIT: usize = 600;

/// Where the limit holds.
const LENGTH_HELD: &[&str] =
    &["src/", "ffi/src/", "ffi/go/", "sim/src/", "examples/", "benches/", "fuzz/fuzz_targets/", "tests/"];

/// Files over the limit with their exact length: a ratchet, the numbers may only fall.
const LENGTH_EXCEPTIONS: &[(&str, usize)] = &[];

/// Where `unsafe` may stand; each use there needs its SAFETY line.
const UNSAFE_ALLOWED: &[&str] = &["ffi/"];

/// What the code of the core must not name, and why.
const CLOCKS: &[&str] = &["std::time", "SystemTime", "Instant::now", "UNIX_EPOCH", "thread::sleep"];
const RANDOMNESS: &[&str] = &["getrandom", "rand::", "thread_rng", "fastrand", "OsRng"];
const RANDOM_HASHERS: &[&str] =
    &["RandomState", "DefaultHasher", "DefaultHashBuilder", "std::collections::Hash", "std::collections::{"];
const GLOBALS: &[&str] =
    &["static mut", "thread_local", "OnceLock", "OnceCell", "LazyLock", "LazyCell", "Atomic", "Mutex"];
const INPUT_OUTPUT: &[&str] =
    &["std::net", "std::fs", "std::env", "std::io", "std::thread", "std::process", "println!", "eprintln!", "dbg!"];

/// Leftovers; spelled in two halves so that this file does not breach its own rule.
const LEFTOVERS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("unimpl", "emented!"),
    concat!("to", "do!"),
    concat!("#[ig", "nore"),
];

/// Folders of one machine, which mean nothing on another.
const WORKPLACES: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/tmp/", "board"),
    concat!("/tmp/", "target"),
];

// --- the rules, applied to the repository ---

fn hold(rule: impl Fn(&[Source]) -> Vec<Breach>) {
    let mut breaches = rule(&repository());
    breaches.sort();
    let list: Vec<String> = breaches.iter().map(Breach::to_string).collect();
    assert!(list.is_empty(), "{} breaches:\n{}", list.len(), list.join("\n"));
}

#[test]
fn imports_of_the_core_go_only_downwards() {
    hold(rules::layer_order);
}

#[test]
fn the_layers_name_the_modules_that_there_are() {
    hold(|sources| rules::layers_exist(sources, LAYERS));
}

#[test]
fn the_core_reads_no_clock() {
    hold(rules::no_clock);
}

#[test]
fn the_core_draws_no_random_number() {
    hold(rules::no_randomness);
}

#[test]
fn the_core_has_no_randomly_keyed_hasher() {
    hold(rules::no_random_hasher);
}

#[test]
fn the_core_has_no_globals() {
    hold(rules::no_globals);
}

#[test]
fn the_core_does_no_input_or_output() {
    hold(rules::no_input_or_output);
}

#[test]
fn the_core_forbids_unsafe() {
    hold(rules::core_forbids_unsafe);
}

#[test]
fn unsafe_stands_only_where_it_is_allowed_and_says_why() {
    hold(rules::unsafe_has_its_place);
}

#[test]
fn every_source_file_says_what_it_is_for() {
    hold(rules::header_comments);
}

#[test]
fn files_stay_short() {
    hold(|sources| rules::file_length(sources, LENGTH_EXCEPTIONS));
}

#[test]
fn no_file_is_dead() {
    hold(rules::dead_files);
}

#[test]
fn nothing_half_done_is_left() {
    hold(rules::no_leftovers);
}

#[test]
fn no_path_of_one_machine_is_named() {
    hold(rules::no_workplace_paths);
}

#[test]
fn documents_point_to_what_exists() {
    hold(|sources| {
        documents::point_somewhere(sources, &|path| Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists())
    });
}

#[test]
fn the_repository_is_really_read() {
    let paths: Vec<String> = repository().into_iter().map(|source| source.path).collect();
    for expected in ["Cargo.toml", "Makefile", ".ci/run", "src/lib.rs", "tests/tidy.rs", "scripts/test.sh"] {
        assert!(paths.iter().any(|path| path == expected), "{expected} is not among the {} files read", paths.len());
    }
}
