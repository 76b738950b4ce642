//! Either side killed in the middle of real work, and started again without a store: nothing is lost without a word,
//! nothing is guessed.

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::bench::{code, Bench, SOON};
use rustix::process::Signal;
use taskwire_examples::audit::read_lines;
use taskwire_examples::records::{AuditLine, Transition};

/// Tasks that take about two seconds, four at a time.
fn steady_work() -> String {
    (0..40).fold(String::new(), |text, n| {
        let code = n % 3;
        text + &format!("task t{n}\n  shell echo progress 50; sleep 0.2; echo {n} >&2; exit {code}\n  retries 1\n")
    })
}

/// The history in short, for the message of a test that fails.
fn story(bench: &Bench) -> String {
    let line = |line| match line {
        AuditLine::Transition { revision, transition: t, may_be_repeat, .. } => {
            format!("{revision} {} #{} {}{}\n", &t.task[..8], t.number, t.state, if may_be_repeat { " ?" } else { "" })
        }
        AuditLine::Forgotten { revision, task, .. } => format!("{revision} {} forgotten\n", &task[..8]),
        AuditLine::News { text, .. } => text + "\n",
    };
    read_lines(&bench.path("audit")).unwrap().into_iter().map(line).collect()
}

#[test]
fn a_controller_that_is_killed_twice_still_has_every_transition_once_in_its_history() {
    let mut bench = Bench::open();
    let mut agent = bench.agent("a", &steady_work(), None, &["--back-off", "200ms"]);
    for term in 2..=3 {
        agent.announced("edge-1: session with controller", SOON).unwrap();
        std::thread::sleep(Duration::from_millis(700));
        bench.restart_controller(term);
    }
    assert_eq!(code(&mut agent), 0, "{}", agent.last_words());

    let truth: Vec<Transition> = read_lines(&bench.path("a.truth")).unwrap();
    let mut seen: BTreeMap<(String, u32), Transition> = BTreeMap::new();
    for line in read_lines::<AuditLine>(&bench.path("audit")).unwrap() {
        if let AuditLine::Transition { transition, .. } = line {
            let again = seen.insert((transition.task.clone(), transition.number), *transition);
            assert!(again.is_none(), "twice in the history: {again:?}\n{}", story(&bench));
        }
    }
    for made in &truth {
        let Some(found) = seen.remove(&(made.task.clone(), made.number)) else {
            panic!("lost: {made:?}\n{}", story(&bench));
        };
        assert_eq!((&found.state, found.attempt, found.exit_code), (&made.state, made.attempt, made.exit_code));
        assert_eq!((&found.message, &found.reason), (&made.message, &made.reason));
    }
    assert!(seen.is_empty(), "invented: {seen:?}");

    let view = bench.view();
    let states = |of: &str| view.nodes[0].tasks.iter().filter(|task| task.newest.state == of).count();
    assert_eq!((view.nodes[0].tasks.len(), states("SUCCEEDED") + states("FAILED")), (40, 40));
}

#[test]
fn what_became_of_the_tasks_of_a_killed_agent_is_marked_unknown_and_never_guessed() {
    let mut bench = Bench::open();
    let mut first = bench.agent("first", "task gone\n  shell exec sleep 30\ntask done\n  shell exit 0\n", None, &[]);
    let began = std::time::Instant::now();
    while !bench.history().contains(&"SUCCEEDED".to_owned()) {
        assert!(began.elapsed() < SOON, "{}", first.last_words());
        std::thread::sleep(Duration::from_millis(20));
    }
    first.signal(Signal::KILL).unwrap();
    while first.ended().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut second = bench.agent("second", "task next\n  shell exit 0\n", None, &[]);
    assert_eq!(code(&mut second), 0, "{}", second.last_words());

    let view = bench.view();
    let task = |name: &str| {
        let found = view.nodes[0].tasks.iter().find(|task| task.newest.metadata.0 == name.as_bytes());
        found.unwrap_or_else(|| panic!("no task {name} in the view: {:?}", view.nodes[0].tasks))
    };
    assert_eq!(task("gone").newest.state, "RUNNING", "the state that was reported stays");
    assert!(task("gone").mark.as_deref().is_some_and(|mark| mark.starts_with("OutcomeUnknown")), "{:?}", task("gone"));
    assert_eq!((task("done").newest.state.as_str(), &task("done").mark), ("SUCCEEDED", &None));
    assert_eq!(task("next").newest.state, "SUCCEEDED");
}
