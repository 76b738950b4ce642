//! The demo in its short form, with an agent that the sanitizers watch; and that it does not say OK to a false account.

mod common;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

/// Runs the short demo with `agent`.
fn demo(folder: &Path, agent: &Path, seed: u64) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
    command.args(["--short", "--seed", &seed.to_string()]).arg("--dir").arg(folder.join("demo"));
    command.arg("--agent").arg(agent).arg("--go-agent").arg(common::go_agent()).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn every_transition_of_real_processes_arrives_once_over_a_bad_network() {
    let folder = tempfile::tempdir().unwrap();
    let agent = common::agent();
    let output = demo(folder.path(), agent, 11);
    let text = text(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("0 missing, 0 repeated, 0 out of order, 0 altered, 0 other differences\nOK after"), "{text}");
    assert!(text.contains("edge-2 is frozen"), "{text}");
}

#[test]
fn an_agent_whose_log_says_something_else_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let agent = common::agent();
    // Beside the agent: once edge-3 has ended, a RUNNING of its log is said to be of another attempt.
    let liar = folder.path().join("liar");
    let script = format!(
        "#!/bin/sh\n'{}' \"$@\" || exit\ncase \" $* \" in *' edge-3 '*) sed -i '0,/\"RUNNING\"/ s/\"attempt\":0,\"state\":\"RUNNING\"/\"attempt\":7,\"state\":\"RUNNING\"/' '{}' ;; esac\n",
        agent.display(),
        folder.path().join("demo/edge-3.truth.jsonl").display()
    );
    std::fs::write(&liar, script).unwrap();
    std::fs::set_permissions(&liar, std::fs::Permissions::from_mode(0o755)).unwrap();
    let output = demo(folder.path(), &liar, 12);
    let text = text(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("attempt was 7, and the history says 0\n"), "{text}");
    assert!(text.contains("1 altered") && text.contains("FAILED after"), "{text}");
}
