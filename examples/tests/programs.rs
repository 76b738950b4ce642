//! Wrong flags and wrong files: every program says what was wrong, where, and what was expected, and exits with 2.

mod common;

use std::path::Path;
use std::process::Command;

/// Runs a program that must refuse its input: exit code 2, nothing on stdout, and `expected` in what it says.
fn refuses(program: impl AsRef<Path>, words: &[&str], expected: &str) {
    let output = Command::new(program.as_ref()).args(words).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
    assert!(said.contains(expected), "{words:?}: expected \"{expected}\" in: {said}");
    assert_eq!(said.lines().count(), 1, "{words:?}: one line is enough: {said}");
}

#[test]
fn the_controller_refuses_wrong_flags() {
    let controller = env!("CARGO_BIN_EXE_controller");
    refuses(controller, &[], "--audit: expected a file, found no such flag");
    refuses(controller, &["--audit"], "--audit: expected a file, found nothing");
    refuses(controller, &["--audit", "a", "--term", "0"], "--term: expected a number from 1, or auto, found \"0\"");
    refuses(controller, &["--audit", "a", "--listen", "here"], "--listen: expected an address such as");
    refuses(controller, &["--audit", "a", "--heartbeat", "5000", "--lease", "6000"], "give at least 10000 ms");
    refuses(controller, &["--audit", "a", "--tcp", "there"], "--tcp: expected an address such as");
    refuses(controller, &["--audit", "a", "--speed", "7"], "--speed: expected a number of bits a second");
    refuses(controller, &["--audit", "a", "--port", "7"], "expected a flag that --help lists, found --port");
}

#[test]
fn the_relay_refuses_wrong_flags() {
    let relay = env!("CARGO_BIN_EXE_relay");
    refuses(relay, &[], "--link: expected at least one, found none");
    refuses(relay, &["--link", "edge-1"], "--link: expected NAME=ADDRESS such as edge-1=127.0.0.1:0, found \"edge-1\"");
    refuses(relay, &["--tcp-link", "edge-1=127.0.0.1:0"], "--tcp-controller: expected an address such as");
    refuses(relay, &["--cut", "-1"], "--cut: expected a number of frames");
    refuses(relay, &["--loss", "95"], "--loss: expected a percentage from 0 to 90, found \"95\"");
    refuses(relay, &["--delay", "9..2"], "--delay: expected two numbers of milliseconds");
}

#[test]
fn the_demo_refuses_wrong_flags() {
    let demo = env!("CARGO_BIN_EXE_demo");
    refuses(demo, &["--tasks", "7"], "--tasks: expected a number from 42 to 12000, found \"7\"");
    refuses(demo, &["--seed", "x"], "--seed: expected a number, found \"x\"");
}

#[test]
fn the_agent_refuses_wrong_flags_and_tasks_files() {
    let folder = tempfile::tempdir().unwrap();
    let agent = common::agent();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (tasks, truth, epoch) = (path("tasks"), path("truth"), path("epoch"));
    let over = |way: &'static str, place: &'static str| {
        ["--node", "edge-1", way, place, "--tasks", &tasks, "--truth", &truth, "--epoch-file", &epoch]
            .map(str::to_owned)
    };
    let refuses_all = |words: &[String], expected: &str| {
        refuses(agent, &words.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    };
    refuses(agent, &[], "--node: expected a name of 1 to 64 bytes, found no such flag");
    refuses(agent, &["--parallel", "0"], "--parallel: expected a number from 1 to 64, found \"0\"");
    refuses_all(&over("--controller", "127.0.0.1:9"), "No such file");
    for (text, expected) in [
        ("task a\n  shell x\n  retires 3\n", "line 3: expected task, command, shell, retries"),
        ("task a\n  retries 3\n", "line 1: task a: expected a `command` or a `shell` line, found none"),
        ("task a\n  shell x\n  time-limit soon\n", "line 3: time-limit: expected a time such as 250ms"),
    ] {
        std::fs::write(&tasks, text).unwrap();
        refuses_all(&over("--controller", "127.0.0.1:9"), expected);
    }
    std::fs::write(&tasks, "").unwrap();
    refuses_all(&over("--controller", ":"), "--controller: ");
    refuses_all(&over("--tcp", "no-such-host.invalid:1"), "--tcp: ");
    refuses_all(&over("--serial", "/no/such/line"), "--serial: \"/no/such/line\": No such file");
    refuses_all(&over("--serial", "/dev/null"), "--serial: \"/dev/null\": Inappropriate ioctl");
    refuses_all(&over("--speed", "9600"), "expected one of --controller, --tcp and --serial, found none");
    let mut two = over("--tcp", "127.0.0.1:9").to_vec();
    two.extend(["--serial", "/dev/null"].map(str::to_owned));
    refuses_all(&two, "expected one of --controller, --tcp and --serial, found more");
    refuses(agent, &["--speed", "9601"], "--speed: expected a usual speed from 1200 to 921600");
    assert!(!Path::new(&truth).exists(), "nothing was begun");
}
