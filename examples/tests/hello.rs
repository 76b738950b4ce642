//! The hello programs of the README: they compile as they stand, talk to one another, and print what is said there.

mod common;

use std::process::Command;
use std::time::Duration;

use taskwire_examples::processes::Process;

const SOON: Duration = Duration::from_secs(30);

/// Runs the agent in C against a controller that was given everything but what the two have in common.
fn talk(mut controller: Command) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let hello_agent = common::compile("hello_agent", &[common::root().join("examples/c/hello_agent.c")], folder.path());

    controller.arg(path("audit"));
    let mut controller = Process::start("hello_controller", &mut controller, &path("controller.log")).unwrap();
    let address = controller.announced("listening on ", SOON).unwrap();
    let (host, port) = address.rsplit_once(':').unwrap();

    let mut command = Command::new(hello_agent);
    command.args([host, port]).arg(path("epoch"));
    let mut agent = Process::start("hello_agent", &mut command, &path("agent.log")).unwrap();
    agent.finish(SOON).unwrap();
    controller.finish(SOON).unwrap();

    let read = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    assert_eq!(
        read("agent.log"),
        "session with controller: resume\nbuild #42 is done, and durable at the controller\n"
    );
    assert_eq!(
        read("audit"),
        "0f8fad5b-d9cb-469f-a165-70867728950e #1 PENDING\n\
         0f8fad5b-d9cb-469f-a165-70867728950e #2 RUNNING\n\
         0f8fad5b-d9cb-469f-a165-70867728950e #3 SUCCEEDED\n"
    );
    let log = read("controller.log");
    let last = log.lines().last().unwrap();
    assert!(last.starts_with("0f8fad5b-d9cb-469f-a165-70867728950e SUCCEEDED attempt 0 "), "{log}");
}

#[test]
fn the_hello_programs_talk_to_one_another() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hello_controller"));
    command.arg("127.0.0.1:0");
    talk(command);
}

#[test]
fn the_hello_programs_in_c_talk_to_one_another() {
    let folder = tempfile::tempdir().unwrap();
    let source = common::root().join("examples/c/hello_controller.c");
    let mut command = Command::new(common::compile("hello_controller", &[source], folder.path()));
    command.arg("0");
    talk(command);
}

/// The code blocks of the README that begin with this fence, one string each.
fn blocks(readme: &str, fence: &str) -> Vec<String> {
    readme.split(fence).skip(1).filter_map(|part| part.split("```").next()).map(str::to_owned).collect()
}

/// Whether the lines of `block` stand in `source` in this order, whatever their indentation; the first that does not.
fn first_strange_line<'a>(block: &'a str, source: &str) -> Option<&'a str> {
    let mut rest = source.lines().map(str::trim);
    block.lines().map(str::trim).filter(|line| !line.is_empty()).find(|line| !rest.any(|found| found == *line))
}

#[test]
fn the_readme_shows_the_hello_programs_as_they_are() {
    let read = |path: &str| std::fs::read_to_string(common::root().join(path)).unwrap();
    let readme = read("README.md");
    let shown: [(&str, &[&str]); 2] = [
        ("```c\n", &["examples/c/hello_agent.c", "examples/c/hello_controller.c"]),
        ("```rust,ignore\n", &["examples/src/bin/hello_controller.rs"]),
    ];
    for (fence, paths) in shown {
        let blocks = blocks(&readme, fence);
        assert_eq!(blocks.len(), paths.len(), "the README shows {paths:?}, in this order");
        for (block, path) in blocks.iter().zip(paths) {
            assert_eq!(first_strange_line(block, &read(path)), None, "a line of the README that {path} does not have");
        }
    }
    assert_eq!(first_strange_line("b\na", "a\nb\n"), Some("a"), "the order counts");
}
