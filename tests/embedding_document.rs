//! docs/EMBEDDING.md shows the programs of examples/embedding as they are, which scripts/embedding.sh builds and runs, and
//! explains every setting of config.rs with its default. docs/WATCHING.md shows the watchers that the tests of the C interface
//! and of the Go package use.

const DOCUMENT: &str = include_str!("../docs/EMBEDDING.md");
const WATCHING: &str = include_str!("../docs/WATCHING.md");
const CONFIG: &str = include_str!("../src/config.rs");

/// The only code block that begins with this fence.
fn block(document: &'static str, fence: &str) -> &'static str {
    let begin = format!("\n```{fence}\n");
    let mut parts = document.split(&begin).skip(1);
    let block = parts.next().unwrap_or_else(|| panic!("no block {fence}")).split("```").next().expect("a part");
    assert!(parts.next().is_none(), "two blocks {fence}");
    block
}

#[test]
fn the_programs_are_shown_as_they_are() {
    assert_eq!(block(DOCUMENT, "c"), include_str!("../examples/embedding/agent.c"));
    assert_eq!(block(DOCUMENT, "go"), include_str!("../examples/embedding/agent.go"));
    assert_eq!(block(DOCUMENT, "rust"), include_str!("../examples/embedding/controller.rs"));
    assert_eq!(block(WATCHING, "c"), include_str!("../ffi/tests/c/running.h"));
    assert_eq!(block(WATCHING, "go"), include_str!("../ffi/go/watch_example_test.go"));
}

/// The settings of config.rs: the name, and its default where the comment says one.
fn settings() -> Vec<(String, Option<String>)> {
    let (mut found, mut comment) = (Vec::new(), String::new());
    for line in CONFIG[CONFIG.find("pub struct Limits").expect("the limits")..].lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/// ") {
            comment += text;
            comment += " ";
            continue;
        }
        let name = line.strip_prefix("pub ").and_then(|rest| rest.split_once(": "));
        if let Some((name, _)) = name.filter(|(name, _)| name.chars().all(|c| c.is_ascii_lowercase() || c == '_')) {
            let before = comment.find(" by default").map(|end| &comment[..end]);
            let default = before.and_then(|text| text.rsplit([';', '.']).next()).map(|text| text.trim().to_owned());
            found.push((name.to_owned(), default));
        }
        comment.clear();
    }
    found.retain(|(name, _)| name != "baits");
    found
}

#[test]
fn every_setting_is_explained_with_its_default() {
    let settings = settings();
    assert!(settings.len() > 35, "{settings:?}");
    let mut missing = Vec::new();
    for (name, default) in &settings {
        let rows: Vec<&str> = DOCUMENT.lines().filter(|line| line.starts_with(&format!("| `{name}` | "))).collect();
        let numbers = default.as_ref().filter(|text| text.starts_with(|c: char| c.is_ascii_digit()));
        let told = |row: &&&str| numbers.is_none_or(|text| row.split(" | ").nth(1) == Some(text));
        if rows.iter().filter(told).count() == 0 {
            missing.push(format!("{name}, default {default:?}"));
        }
    }
    assert!(missing.is_empty(), "docs/EMBEDDING.md does not say: {missing:#?}");
}
