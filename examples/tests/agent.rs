//! The agent in C beside a real controller: its exit codes, what it does when it is fenced, and that being told to
//! leave loses nothing.

mod common;

use std::path::Path;
use std::time::Duration;

use common::bench::{code, states, Bench, SOON};
use rustix::process::Signal;

const SLOW: &str = "task slow\n  shell sleep 20\n";

#[test]
fn it_ends_when_all_is_on_the_controllers_disk() {
    let bench = Bench::open();
    let mut agent = bench.agent("a", "task one\n  shell echo done; exit 3\n  retries 1\n", None, &[]);
    assert_eq!(code(&mut agent), 0);
    let expected = ["PENDING", "RUNNING", "FAILED", "PENDING", "RUNNING", "FAILED"];
    assert_eq!(states(&bench.path("a.truth")), expected);
    assert_eq!(bench.history(), expected, "it did not end before the history was written");
}

#[test]
fn a_larger_epoch_fences_it_and_it_stops_and_says_so() {
    let mut bench = Bench::open();
    let mut newer = bench.agent("newer", SLOW, Some(9_000_000_000_000_000), &[]);
    newer.announced("edge-1: session with controller", SOON).unwrap();
    let mut older = bench.agent("older", SLOW, None, &[]);
    assert_eq!(code(&mut older), 3);
    assert!(
        older.last_words().contains("fenced: epoch 9000000000000001 of this node is known"),
        "{}",
        older.last_words()
    );
    assert!(newer.ended().unwrap().is_none() && bench.controller.ended().unwrap().is_none());
}

#[test]
fn with_supersede_it_takes_a_larger_epoch_and_goes_on() {
    let bench = Bench::open();
    let mut first = bench.agent("first", "task x\n  shell exit 0\n", Some(9_000_000_000_000_000), &[]);
    assert_eq!(code(&mut first), 0);
    let mut second = bench.agent("second", "task y\n  shell exit 0\n", None, &["--supersede"]);
    assert_eq!(code(&mut second), 0);
    assert!(std::fs::read_to_string(bench.path("second.log")).unwrap().contains("going on as 9000000000000002"));
    assert_eq!(std::fs::read_to_string(bench.path("second.epoch")).unwrap(), "9000000000000002\n");
    assert_eq!(bench.history(), ["PENDING", "RUNNING", "SUCCEEDED", "PENDING", "RUNNING", "SUCCEEDED"]);
}

#[test]
fn told_to_leave_it_cancels_and_still_reports_every_end() {
    let bench = Bench::open();
    let mut agent = bench.agent("a", SLOW, None, &[]);
    agent.announced("edge-1: session with controller", SOON).unwrap();
    agent.signal(Signal::TERM).unwrap();
    assert_eq!(code(&mut agent), 0);
    let truth = states(&bench.path("a.truth"));
    assert_eq!(truth.last().map(String::as_str), Some("CANCELLED"));
    assert_eq!(bench.history(), truth);
}

#[test]
fn what_the_controller_could_not_store_is_never_called_durable() {
    let mut bench = Bench::with_audit(tempfile::tempdir().unwrap(), Path::new("/dev/full"));
    let mut agent = bench.agent("a", "task one\n  shell exit 0\n", None, &[]);
    assert_eq!(code(&mut bench.controller), 1);
    let words = bench.controller.last_words();
    assert!(words.contains("writing the audit history: No space left on device"), "{words}");
    // It has all that it needs to end but the word that its report is stored.
    agent.announced("edge-1: session with controller", SOON).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert!(agent.ended().unwrap().is_none(), "{}", agent.last_words());
    assert_eq!(states(&bench.path("a.truth")), ["PENDING", "RUNNING", "SUCCEEDED"]);
}

#[test]
fn an_agent_whose_own_log_fails_says_so_and_ends() {
    let bench = Bench::open();
    std::os::unix::fs::symlink("/dev/full", bench.path("a.truth")).unwrap();
    let mut agent = bench.agent("a", SLOW, None, &[]);
    assert_eq!(code(&mut agent), 1);
    assert!(agent.last_words().contains("the truth log could not be written"), "{}", agent.last_words());
}

#[test]
fn the_controller_writes_what_it_measures_into_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (audit, file) = (folder.path().join("audit"), folder.path().join("metrics"));
    let mut bench = Bench::with_flags(folder, &audit, &["--metrics", file.to_str().unwrap()]);
    let mut agent = bench.agent("a", "task one\n  shell exit 0\ntask two\n  shell exit 3\n", None, &[]);
    assert_eq!(code(&mut agent), 0);
    bench.view();
    let text = std::fs::read_to_string(&file).unwrap();
    for line in ["taskwire_controller_succeeded_total 1", "taskwire_controller_success_ratio 0.5", "# EOF"] {
        assert!(text.lines().any(|other| other == line), "{line} is missing in:\n{text}");
    }
    assert!(!file.with_extension("new").exists(), "nothing is left beside it");
}
