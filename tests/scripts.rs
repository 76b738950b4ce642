//! Runs the text scripts under tests/testdata: conversations of real agents with a real controller, in virtual time, with
//! everything that is said and heard written down in the script itself. What a script may say stands in `scripts/script.rs`.
//!
//! `TASKWIRE_REWRITE=1 cargo test --test scripts` writes what really happens into the scripts; the difference is reviewed.

#[path = "scripts/events.rs"]
mod events;
#[path = "scripts/link.rs"]
mod link;
#[path = "scripts/script.rs"]
mod script;
#[path = "scripts/text.rs"]
mod text;
#[path = "scripts/watch.rs"]
mod watch;
#[path = "scripts/world.rs"]
mod world;

use std::path::{Path, PathBuf};

fn scripts_of(topic: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testdata").join(topic);
    let mut found: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "txt"))
        .collect();
    found.sort();
    found
}

/// The first line in which two texts differ, with what stands around it.
fn first_difference(expected: &str, found: &str) -> String {
    let (expected, found): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), found.lines().collect());
    let index = (0..).find(|index| expected.get(*index) != found.get(*index)).unwrap_or(0);
    let around = |lines: &[&str]| lines[index.min(lines.len())..(index + 6).min(lines.len())].join("\n    ");
    format!("line {}:\n  the script says\n    {}\n  and it was\n    {}", index + 1, around(&expected), around(&found))
}

fn run(topic: &str) {
    let rewrite = std::env::var_os("TASKWIRE_REWRITE").is_some();
    let scripts = scripts_of(topic);
    assert!(!scripts.is_empty(), "no script of {topic}");
    let mut failures = Vec::new();
    for path in scripts {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = format!("{topic}/{}", path.file_name().unwrap().to_string_lossy());
        match script::run(&text) {
            Err(error) => failures.push(format!("{name}: {error}")),
            Ok(found) if found == text => {}
            Ok(found) if rewrite => std::fs::write(&path, found).unwrap(),
            Ok(found) => failures.push(format!("{name}, {}", first_difference(&text, &found))),
        }
    }
    assert!(failures.is_empty(), "{} scripts differ:\n{}", failures.len(), failures.join("\n\n"));
}

macro_rules! topics {
    ($($topic:ident,)*) => {
        $(#[test] fn $topic() { run(stringify!($topic)); })*

        #[test]
        fn every_topic_is_run() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testdata");
            let mut found: Vec<String> = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap())
                .filter(|entry| entry.file_type().unwrap().is_dir())
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect();
            found.sort();
            let mut known = vec![$(stringify!($topic).to_string()),*];
            known.sort();
            assert_eq!(found, known);
        }
    };
}

topics! {
    delivery,
    detail,
    fencing,
    handshake,
    leases,
    repair,
    room,
    values,
    watching,
}

#[test]
fn a_script_that_says_something_else_fails_with_the_line() {
    let script = "# a false expectation\nagent: register t1\n> 1 DELTA nonsense\n";
    let found = script::run(script).unwrap();
    assert_ne!(found, script);
    assert!(first_difference(script, &found).starts_with("line 3:"));
}

#[test]
fn a_script_that_cannot_be_read_is_refused_with_its_line() {
    for (script, expected) in [
        ("agent: register t1\n", "line 1: the first line says what the script is for"),
        ("# x\nagnt: register t1\n", "line 2: no agent or command `agnt:`"),
        ("# x\nagent: registre t1\n", "line 2: an agent cannot `registre`"),
        ("# x\ntime +5\n", "line 2: `+5` is no time: give it as 5s, 20ms or 7us"),
        ("# x\nlose > NONSENSE\n", "line 2: `NONSENSE` is no kind of frame"),
    ] {
        assert_eq!(script::run(script).unwrap_err(), expected);
    }
}
