//! Shows that each rule of tidy can fail: a breach is planted in a string and must be found, at its line, while the same
//! text without it passes.

use crate::source::{code_before_tests, code_only, Breach, Source};
use crate::{documents, rules, CLOCKS, LEFTOVERS, WORKPLACES};

fn file(path: &str, text: &str) -> Source {
    Source { path: path.to_string(), text: text.to_string() }
}

fn places(breaches: Vec<Breach>) -> Vec<(String, usize)> {
    breaches.into_iter().map(|breach| (breach.path, breach.line)).collect()
}

/// The rule finds exactly the planted breach, and nothing in the sound text.
fn finds(rule: impl Fn(&[Source]) -> Vec<Breach>, path: &str, sound: &str, planted: &str, line: usize) {
    assert_eq!(places(rule(&[file(path, sound)])), [], "the rule finds fault with sound text:\n{sound}");
    assert_eq!(
        places(rule(&[file(path, planted)])),
        [(path.to_string(), line)],
        "the rule misses what was planted:\n{planted}"
    );
}

#[test]
fn comments_and_strings_are_blanked_and_code_is_kept() {
    let text = "let a = \"Instant::now \\\" x\"; // Instant::now\n/* SystemTime\n */ let b = r#\"static mut \"q\" \"#; let c = '\"';\nlet d: &'static str = e;";
    let code = code_only(text);
    assert_eq!(code.lines().count(), text.lines().count());
    for gone in ["Instant", "SystemTime", "static mut", "x"] {
        assert!(!code.contains(gone), "`{gone}` is still in:\n{code}");
    }
    for kept in ["let a =", "let b =", "let c =", "let d: &'static str = e;"] {
        assert!(code.contains(kept), "`{kept}` is gone from:\n{code}");
    }
}

#[test]
fn tests_at_the_end_of_a_file_are_no_part_of_its_code() {
    let source =
        file("src/task.rs", "use crate::id::TaskId;\n#[cfg(test)]\nmod tests {\n    use crate::agent::Agent;\n}\n");
    assert_eq!(code_before_tests(&source).lines().count(), 1);
    let declared = file("src/task.rs", "fn a() {}\n#[cfg(test)]\nmod tests;\nfn b() {}\n");
    assert_eq!(code_before_tests(&declared).lines().count(), 4);
}

#[test]
fn an_import_from_a_layer_above_is_found() {
    finds(
        rules::layer_order,
        "src/task.rs",
        "use crate::id::TaskId;\n",
        "use crate::id::TaskId;\nuse crate::wire::Frame;\n",
        2,
    );
    finds(
        rules::layer_order,
        "src/wire/delta.rs",
        "use crate::{id::{A, B}, task::State};\n",
        "use crate::{\n    task::State,\n    agent::Agent,\n};\n",
        3,
    );
    finds(
        rules::layer_order,
        "src/table.rs",
        "fn a(x: crate::id::TaskId) {}\n",
        "fn a(x: crate::publisher::P) {}\n",
        1,
    );
}

#[test]
fn a_module_without_a_layer_and_a_name_without_a_module_are_found() {
    assert_eq!(places(rules::layer_order(&[file("src/stray.rs", "")])), [("src/stray.rs".to_string(), 0)]);
    finds(rules::layer_order, "src/table.rs", "use crate::id::TaskId;\n", "\nuse crate::TaskId;\n", 2);
    finds(rules::layer_order, "src/agent/tasks.rs", "use super::Agent;\n", "use super::super::id::TaskId;\n", 1);
}

#[test]
fn a_layer_of_a_module_that_is_gone_is_found() {
    let rule = |sources: &[Source]| rules::layers_exist(sources, &[("bytes", &["wire", "log"])]);
    let wire = || file("src/wire/mod.rs", "");
    assert_eq!(places(rule(&[wire(), file("src/log.rs", "")])), []);
    assert_eq!(places(rule(&[wire(), file("src/wire/log.rs", "")])), [("src/log".to_string(), 0)]);
}

#[test]
fn a_circle_of_siblings_and_a_friendship_of_strangers_are_found() {
    let log = file("src/log.rs", "use crate::table::Table;\n");
    assert_eq!(places(rules::layer_order(&[log])), []);
    let circle = [
        file("src/log.rs", "use crate::table::Table;\n"),
        file("src/table.rs", "use crate::window::Window;\n"),
        file("src/window.rs", "use crate::log::Log;\n"),
    ];
    assert_eq!(rules::layer_order(&circle).len(), 3);
    finds(
        rules::layer_order,
        "src/agent/mod.rs",
        "use crate::lease::Lease;\n",
        "use crate::controller::Controller;\n",
        1,
    );
}

#[test]
fn a_clock_in_the_core_is_found_wherever_it_is_spelled() {
    let sound = "// Instant::now is the host's\nfn at(now: Instant) -> Instant { now }\n";
    for clock in CLOCKS {
        finds(rules::no_clock, "src/timer.rs", sound, &format!("\nlet x = {clock}();\n"), 2);
    }
    assert_eq!(places(rules::no_clock(&[file("examples/src/bin/demo.rs", "Instant::now()")])), []);
}

#[test]
fn randomness_globals_and_input_or_output_in_the_core_are_found() {
    finds(rules::no_randomness, "src/rng.rs", "let operand::X = y;\n", "let x = rand::random();\n", 1);
    finds(rules::no_random_hasher, "src/slots.rs", "use hashbrown::HashMap;\n", "use std::collections::HashMap;\n", 1);
    finds(rules::no_random_hasher, "src/slots.rs", "\n", "let s = RandomState::new();\n", 1);
    finds(rules::no_globals, "src/log.rs", "static TABLE: [u8; 1] = [0];\n", "static mut COUNT: u32 = 0;\n", 1);
    finds(rules::no_globals, "src/log.rs", "\n", "static COUNT: AtomicU32 = AtomicU32::new(0);\n", 1);
    finds(rules::no_input_or_output, "src/wire/pretty.rs", "writeln!(f)\n", "fn a() {\n    println!(1)\n}\n", 2);
}

#[test]
fn a_core_that_does_not_forbid_unsafe_is_found() {
    finds(rules::core_forbids_unsafe, "src/lib.rs", "#![forbid(unsafe_code)]\n", "// #![forbid(unsafe_code)]\n", 0);
}

#[test]
fn unsafe_out_of_its_place_or_without_a_reason_is_found() {
    finds(rules::unsafe_has_its_place, "sim/src/main.rs", "#![forbid(unsafe_code)]\n", "\nlet x = unsafe { *p };\n", 2);
    let sound = "// SAFETY: the caller gave a live pointer.\nlet x = unsafe { *p };\n";
    finds(rules::unsafe_has_its_place, "ffi/src/agent.rs", sound, "// because\nlet x = unsafe { *p };\n", 2);
}

#[test]
fn a_file_without_a_header_is_found() {
    finds(
        rules::header_comments,
        "src/id.rs",
        "//! The identities of tasks.\n",
        "use x;\n//! The identities of tasks.\n",
        1,
    );
    finds(
        rules::header_comments,
        "ffi/tests/a.c",
        "/*\n * Checks the sizes of things.\n */\n",
        "#include <stdio.h>\n",
        1,
    );
    finds(
        rules::header_comments,
        "ffi/go/a.go",
        "//go:build linux\n\n// What tasks look like to a host.\n\npackage a\n",
        "package a\n",
        1,
    );
    finds(
        rules::header_comments,
        "scripts/a.sh",
        "#!/bin/sh\n# Does one thing after another.\n",
        "#!/bin/sh\nset -e\n",
        1,
    );
    finds(rules::header_comments, "src/id.rs", "//! The identities of tasks.\n", "//! ids\n", 1);
}

#[test]
fn a_long_file_and_a_wrong_exception_are_found() {
    let lines = |count: usize| "x;\n".repeat(count);
    let none = |sources: &[Source]| rules::file_length(sources, &[]);
    finds(none, "src/log.rs", &lines(600), &lines(601), 0);
    let tests = format!("{}\n#[cfg(test)]\nmod tests {{\n{}}}\n", lines(590), lines(300));
    assert_eq!(places(none(&[file("src/log.rs", &tests)])), [], "tests at the end of a file do not count");
    let listed = |sources: &[Source]| rules::file_length(sources, &[("src/log.rs", 700)]);
    finds(listed, "src/log.rs", &lines(700), &lines(701), 0);
    finds(listed, "src/log.rs", &lines(700), &lines(699), 0);
    finds(listed, "src/log.rs", &lines(700), &lines(600), 0);
    assert_eq!(places(listed(&[])), [("src/log.rs".to_string(), 0)]);
}

#[test]
fn a_dead_file_is_found() {
    let root = || file("src/lib.rs", "pub mod wire;\n// mod stray;\n");
    let wire = || file("src/wire/mod.rs", "mod delta;\n");
    assert_eq!(places(rules::dead_files(&[root(), wire(), file("src/wire/delta.rs", "")])), []);
    assert_eq!(
        places(rules::dead_files(&[root(), file("src/wire.rs", "mod delta;\n"), file("src/wire/delta.rs", "")])),
        []
    );
    for stray in ["src/stray.rs", "src/wire/stray.rs", "sim/src/stray.rs"] {
        assert_eq!(places(rules::dead_files(&[root(), wire(), file(stray, "")])), [(stray.to_string(), 0)]);
    }
}

#[test]
fn leftovers_and_paths_of_a_workplace_are_found() {
    for word in LEFTOVERS {
        finds(rules::no_leftovers, "docs/a.md", "all done\n", &format!("a\nb {word} c\n"), 2);
    }
    for place in WORKPLACES {
        finds(rules::no_workplace_paths, "Makefile", "cd build/lib\n", &format!("cd {place}x\n"), 1);
    }
}

#[test]
fn a_dead_link_and_an_unknown_make_target_are_found() {
    let rule = |sources: &[Source]| documents::point_somewhere(sources, &|path| path == "docs/PROTOCOL.md");
    finds(
        rule,
        "README.md",
        "see [it](docs/PROTOCOL.md#frames), [web](https://a.invalid/)\n",
        "[it](PROTOCOL.md)\n",
        1,
    );
    finds(
        rule,
        "docs/a.md",
        "[it](PROTOCOL.md) [same](../docs/PROTOCOL.md) [here](#top)\n",
        "\n[it](docs/PROTOCOL.md)\n",
        2,
    );
    let with_makefile = |sources: &[Source]| {
        let read = &sources[0];
        rule(&[file("Makefile", "demo: lib\n"), file(&read.path, &read.text)])
    };
    finds(with_makefile, "README.md", "run `make demo LOSS=50`, and make tests\n", "run `make tests`\n", 1);
    finds(with_makefile, "README.md", "```\nmake demo\n```\nto make things\n", "```\n$ make it SEED=1\n```\n", 2);
}
