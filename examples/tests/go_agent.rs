//! The agent in Go beside a real controller, over UDP and TCP: that it does what the agent in C does. Exit codes, fencing,
//! being told to leave, wrong input, what its own log says, and that nothing is lost with a connection.

mod common;

use std::path::Path;
use std::process::Command;

use common::bench::{code, states, Bench, SOON};
use rustix::process::Signal;
use taskwire_examples::processes::Process;

const SLOW: &str = "task slow\n  shell sleep 20\n";
const WORK: &str = "task one\n  shell echo done; exit 3\n  retries 1\n";

fn agent(bench: &Bench, files: &str, tasks: &str, stored: Option<u64>, flags: &[&str]) -> Process {
    bench.agent_of(common::go_agent(), ["--controller", &bench.address], files, tasks, stored, flags)
}

#[test]
fn it_ends_when_all_is_on_the_controllers_disk() {
    let bench = Bench::open();
    let mut agent = agent(&bench, "a", WORK, None, &[]);
    assert_eq!(code(&mut agent), 0);
    let expected = ["PENDING", "RUNNING", "FAILED", "PENDING", "RUNNING", "FAILED"];
    assert_eq!(states(&bench.path("a.truth")), expected);
    assert_eq!(bench.history(), expected, "it did not end before the history was written");
}

#[test]
fn a_larger_epoch_fences_it_and_it_stops_and_says_so() {
    let mut bench = Bench::open();
    let mut newer = agent(&bench, "newer", SLOW, Some(9_000_000_000_000_000), &[]);
    newer.announced("edge-1: session with controller", SOON).unwrap();
    let mut older = agent(&bench, "older", SLOW, None, &[]);
    assert_eq!(code(&mut older), 3);
    let words = older.last_words();
    assert!(words.contains("fenced: epoch 9000000000000001 of this node is known"), "{words}");
    assert!(newer.ended().unwrap().is_none() && bench.controller.ended().unwrap().is_none());
}

#[test]
fn with_supersede_it_takes_a_larger_epoch_and_goes_on() {
    let bench = Bench::open();
    let mut first = agent(&bench, "first", "task x\n  shell exit 0\n", Some(9_000_000_000_000_000), &[]);
    assert_eq!(code(&mut first), 0);
    let mut second = agent(&bench, "second", "task y\n  shell exit 0\n", None, &["--supersede"]);
    assert_eq!(code(&mut second), 0);
    assert_eq!(std::fs::read_to_string(bench.path("second.epoch")).unwrap(), "9000000000000002\n");
    assert_eq!(bench.history(), ["PENDING", "RUNNING", "SUCCEEDED", "PENDING", "RUNNING", "SUCCEEDED"]);
}

#[test]
fn told_to_leave_it_cancels_and_still_reports_every_end() {
    let bench = Bench::open();
    let mut agent = agent(&bench, "a", SLOW, None, &[]);
    agent.announced("edge-1: session with controller", SOON).unwrap();
    agent.signal(Signal::TERM).unwrap();
    assert_eq!(code(&mut agent), 0);
    let truth = states(&bench.path("a.truth"));
    assert_eq!(truth.last().map(String::as_str), Some("CANCELLED"));
    assert_eq!(bench.history(), truth);
}

#[test]
fn over_tcp_it_survives_a_restart_of_the_controller() {
    let folder = tempfile::tempdir().unwrap();
    let audit = folder.path().join("audit");
    let mut bench = Bench::with_flags(folder, &audit, &["--tcp", "127.0.0.1:0"]);
    let work: String = (0..12).map(|n| format!("task t{n}\n  shell sleep 0.15; exit {}\n", n % 2)).collect();
    let flags = ["--back-off", "200ms", "--parallel", "1"];
    let mut agent = bench.agent_of(common::go_agent(), ["--tcp", bench.tcp()], "a", &work, None, &flags);
    agent.announced("edge-1: session with controller", SOON).unwrap();
    bench.restart_controller(2);
    assert_eq!(code(&mut agent), 0);
    let mut ends: Vec<String> = bench.view().nodes.remove(0).tasks.into_iter().map(|task| task.newest.state).collect();
    ends.sort();
    assert_eq!(ends.len(), 12);
    assert_eq!((ends[0].as_str(), ends[6].as_str()), ("FAILED", "SUCCEEDED"));
}

#[test]
fn an_agent_whose_own_log_fails_says_so_and_ends() {
    let bench = Bench::open();
    std::os::unix::fs::symlink("/dev/full", bench.path("a.truth")).unwrap();
    let mut agent = agent(&bench, "a", SLOW, None, &[]);
    assert_eq!(code(&mut agent), 1);
    assert!(agent.last_words().contains("the truth log could not be written"), "{}", agent.last_words());
}

/// What an agent says that must refuse its input: exit code 2, one line.
fn refusal(agent: &Path, words: &[&str]) -> String {
    let output = Command::new(agent).args(words).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
    assert_eq!(said.lines().count(), 1, "{words:?}: one line is enough: {said}");
    said.split_once(' ').unwrap().1.to_owned()
}

#[test]
fn it_refuses_what_the_agent_in_c_refuses_with_the_same_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (tasks, truth, epoch) = (path("tasks"), path("truth"), path("epoch"));
    let all =
        ["--node", "n", "--controller", "127.0.0.1:9", "--tasks", &tasks, "--truth", &truth, "--epoch-file", &epoch];
    let same = |words: &[&str]| {
        let (c, go) = (refusal(common::agent(), words), refusal(common::go_agent(), words));
        assert_eq!(c, go, "{words:?}");
    };
    for words in [&[][..], &["--parallel", "0"], &["--seed"], &["--port", "7"], &["--back-off", "2h"], &["--node", ""]]
    {
        same(words);
    }
    for text in [
        "task a\n  shell x\n  retires 3\n",
        "task a\n  retries 3\n",
        "task a\n  shell x\n  time-limit soon\n",
        "shell x\n",
        "task a b\n",
        "task a\n  shell x\n  command y\n",
        "task a\n  command 'x\n",
        "task a\n  command x\\\n",
        "task a\n  shell x\n\ntask a\n  shell y\n",
        "task a\n  shell x\n  retries 1\n  retries 2\n",
        "task a\n  shell x\n  retry-after 1.5\n",
        "task a\n  shell x\n  id 0f8f\n",
        "task a\n  shell\n",
    ] {
        std::fs::write(&tasks, text).unwrap();
        same(&all);
    }
    assert!(!Path::new(&truth).exists(), "nothing was begun");
}
