//! Agents that keep a journal, killed at any moment and started again: nothing is lost, nothing is run twice, nothing is
//! guessed; and a disk that refuses.

mod common;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use common::bench::{code, Bench, SOON};
use rustix::process::Signal;
use taskwire_examples::audit::read_lines;
use taskwire_examples::processes::Process;
use taskwire_examples::records::{AuditLine, Transition};

/// Tasks that take about two seconds, four at a time. Each attempt that begins leaves a line.
fn steady_work(ran: &Path) -> String {
    (0..24).fold(String::new(), |text, n| {
        let (code, ran) = (n % 3, ran.display());
        text + &format!(
            "task t{n}\n  shell echo t{n} >> {ran}; echo progress 50; sleep 0.2; echo {n} >&2; exit {code}\n  retries 1\n"
        )
    })
}

/// The agent of edge-1 with its files, or with others.
fn start(bench: &Bench, agent: &Path, tasks: &str, flags: &[&str]) -> Process {
    start_as(bench, agent, "a", tasks, flags)
}

fn start_as(bench: &Bench, agent: &Path, files: &str, tasks: &str, flags: &[&str]) -> Process {
    bench.agent_of(agent, ["--controller", &bench.address], files, tasks, None, flags)
}

fn kill(agent: &mut Process) {
    agent.signal(Signal::KILL).unwrap();
    while agent.ended().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The history has what the agent's own log has, each transition once.
fn history_equals_truth(bench: &Bench) -> Vec<Transition> {
    let truth: Vec<Transition> = read_lines(&bench.path("a.truth")).unwrap();
    let mut seen: BTreeMap<(String, u32), Transition> = BTreeMap::new();
    for line in read_lines::<AuditLine>(&bench.path("audit")).unwrap() {
        if let AuditLine::Transition { transition, .. } = line {
            let again = seen.insert((transition.task.clone(), transition.number), *transition);
            assert!(again.is_none(), "twice in the history: {again:?}");
        }
    }
    for made in &truth {
        let Some(found) = seen.remove(&(made.task.clone(), made.number)) else { panic!("lost, or twice: {made:?}") };
        assert_eq!((&found.state, found.attempt, found.exit_code), (&made.state, made.attempt, made.exit_code));
        assert_eq!((&found.message, &found.reason), (&made.message, &made.reason));
        // A registration has the library's own time. What was made and not yet stored when the host was killed was told to
        // nobody, and is made again by its next life, at another time.
        let again = found.epoch > made.epoch;
        assert!(found.at == made.at || made.number == 1 || again, "{made:?} {found:?}");
        assert_eq!(found.trace_id, made.trace_id);
    }
    assert!(seen.is_empty(), "invented: {seen:?}");
    truth
}

fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < SOON, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn log_has(bench: &Bench, words: &str) -> bool {
    std::fs::read_to_string(bench.path("a.log")).is_ok_and(|text| text.contains(words))
}

fn an_agent_that_is_killed_again_and_again_runs_each_attempt_once_and_loses_nothing(agent: &Path) {
    let mut bench = Bench::open();
    let (ran, journal) = (bench.path("ran"), bench.path("journal"));
    let (work, journal) = (steady_work(&ran), journal.to_str().unwrap().to_owned());
    let flags = ["--back-off", "200ms", "--journal", &journal];
    // Moments that a seed gives: soon after the start, in mid-work, one after the other.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..8 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut running = start(&bench, agent, &work, &flags);
        std::thread::sleep(Duration::from_millis((state >> 33) % 400));
        kill(&mut running);
    }
    let mut running = start(&bench, agent, &work, &flags);
    assert_eq!(code(&mut running), 0, "{}", running.last_words());

    let truth = history_equals_truth(&bench);
    assert!(truth.iter().all(|made| made.reason != "OutcomeUnknown"), "every end is known: its keeper lived");
    // Tasks that failed were tried again, and no attempt was begun twice.
    let attempts: usize = (0..24).map(|n| if n % 3 == 0 { 1 } else { 2 }).sum();
    let begun = std::fs::read_to_string(&ran).unwrap();
    assert_eq!(begun.lines().count(), attempts);
    assert_eq!(truth.iter().filter(|made| made.state == "RUNNING").count(), attempts);
    // It knows that all is done, also at another start.
    let mut again = start(&bench, agent, &work, &flags);
    assert_eq!(code(&mut again), 0, "{}", again.last_words());
    assert_eq!(std::fs::read_to_string(&ran).unwrap().lines().count(), attempts);
    let view = bench.view();
    assert!(view.nodes[0].tasks.iter().all(|task| task.mark.is_none()), "{:?}", view.nodes[0].tasks);
}

fn a_task_goes_on_while_its_agent_is_dead_and_its_end_is_told_as_it_was(agent: &Path) {
    let bench = Bench::open();
    let journal = bench.path("journal");
    let flags = ["--back-off", "200ms", "--journal", journal.to_str().unwrap()];
    let work = "task long\n  shell sleep 0.6; echo result; exit 7\n";
    let mut running = start(&bench, agent, work, &flags);
    wait_for("it runs", || bench.history().contains(&"RUNNING".to_owned()));
    kill(&mut running);
    std::thread::sleep(Duration::from_millis(1000)); // it ends meanwhile, and nobody is there
    let mut again = start(&bench, agent, work, &flags);
    assert_eq!(code(&mut again), 0, "{}", again.last_words());
    let truth = history_equals_truth(&bench);
    let end = truth.last().unwrap();
    assert_eq!((end.state.as_str(), end.exit_code, truth.len()), ("FAILED", Some(7), 3));
}

fn what_became_of_a_task_whose_keeper_was_killed_too_is_said_to_be_unknown(agent: &Path) {
    let bench = Bench::open();
    let journal = bench.path("journal");
    let flags = ["--back-off", "200ms", "--journal", journal.to_str().unwrap()];
    let work = "task gone\n  shell sleep 30\n";
    let mut running = start(&bench, agent, work, &flags);
    wait_for("it runs", || bench.history().contains(&"RUNNING".to_owned()));
    kill(&mut running);
    for entry in std::fs::read_dir(journal.join("run")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let pid = text.split_whitespace().nth(1).unwrap().to_owned();
        assert!(Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
    }
    let mut again = start(&bench, agent, work, &flags);
    assert_eq!(code(&mut again), 0, "{}", again.last_words());
    let truth = history_equals_truth(&bench);
    let end = truth.last().unwrap();
    assert_eq!((end.state.as_str(), end.reason.as_str(), end.exit_code), ("FAILED", "OutcomeUnknown", None));
}

fn a_full_disk_holds_back_what_is_told_and_loses_nothing(agent: &Path) {
    let bench = Bench::open();
    let (ran, journal) = (bench.path("ran"), bench.path("journal"));
    // Files may not grow for a while. The agent's own log is no matter here.
    std::os::unix::fs::symlink("/dev/null", bench.path("a.truth")).unwrap();
    let flags = ["--back-off", "200ms", "--journal", journal.to_str().unwrap()];
    let mut running = start(&bench, agent, &steady_work(&ran), &flags);
    wait_for("a session", || log_has(&bench, "session with controller"));
    let limit = |bytes: &str| {
        let pid = running.pid().to_string();
        assert!(Command::new("prlimit")
            .args(["--pid", &pid, &format!("--fsize={bytes}:")])
            .status()
            .unwrap()
            .success());
    };
    limit("4096");
    wait_for("trouble", || log_has(&bench, "the journal cannot be written"));
    // What the controller has been told is in the part of the journal that is safe.
    std::thread::sleep(Duration::from_millis(300));
    let told = bench.history().len();
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(bench.history().len(), told, "nothing is told that is not safe");
    limit("unlimited");
    assert_eq!(code(&mut running), 0, "{}", running.last_words());
    assert!(log_has(&bench, "the journal is written again"));
    let attempts: usize = (0..24).map(|n| if n % 3 == 0 { 1 } else { 2 }).sum();
    assert_eq!(bench.history().len(), 24 + attempts * 2 + (attempts - 24));
    assert_eq!(std::fs::read_to_string(&ran).unwrap().lines().count(), attempts);
}

fn a_journal_that_cannot_be_used_is_refused_in_words_and_nothing_is_begun(agent: &Path) {
    let bench = Bench::open();
    let journal = bench.path("journal");
    let flags = ["--back-off", "200ms", "--journal", journal.to_str().unwrap()];
    let mut first = start(&bench, agent, "task one\n  shell sleep 1\ntask two\n  shell exit 0\n", &flags);
    wait_for("it runs", || bench.history().contains(&"RUNNING".to_owned()));
    let mut second = start_as(&bench, agent, "b", "task one\n  shell exit 0\n", &flags);
    assert_eq!(code(&mut second), 1);
    assert!(second.last_words().contains("another agent uses it"), "{}", second.last_words());
    kill(&mut first);

    // A byte of a record that was confirmed.
    let file = journal.join("journal.000001");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    std::fs::write(&file, &bytes).unwrap();
    let mut third = start(&bench, agent, "task one\n  shell exit 0\n", &flags);
    assert_eq!(code(&mut third), 1);
    assert!(third.last_words().contains("the store is damaged"), "{}", third.last_words());

    // A folder that is a file.
    std::fs::write(bench.path("file"), "x").unwrap();
    std::fs::set_permissions(bench.path("file"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let mut fourth =
        start(&bench, agent, "task one\n  shell exit 0\n", &["--journal", bench.path("file").to_str().unwrap()]);
    assert_eq!(code(&mut fourth), 1);
    assert!(fourth.last_words().contains("--journal"), "{}", fourth.last_words());
}

/// Each of them with the agent in C and with the one in Go.
macro_rules! of_both {
    ($($name:ident),* $(,)?) => {
        mod in_c {
            $(#[test] fn $name() { super::$name(super::common::agent()); })*
        }
        mod in_go {
            $(#[test] fn $name() { super::$name(super::common::go_agent()); })*
        }
    };
}

of_both! {
    an_agent_that_is_killed_again_and_again_runs_each_attempt_once_and_loses_nothing,
    a_task_goes_on_while_its_agent_is_dead_and_its_end_is_told_as_it_was,
    what_became_of_a_task_whose_keeper_was_killed_too_is_said_to_be_unknown,
    a_full_disk_holds_back_what_is_told_and_loses_nothing,
    a_journal_that_cannot_be_used_is_refused_in_words_and_nothing_is_begun,
}
