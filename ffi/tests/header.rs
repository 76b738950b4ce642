//! Holds `include/taskwire.h` to the sources: it is what cbindgen makes of them now, every function's comment has all its
//! parts, and every status has a text. `UPDATE_HEADER=1 cargo test -p taskwire-ffi --test header` writes the header.

mod support;

use std::collections::BTreeSet;
use std::ffi::CStr;
use std::path::{Path, PathBuf};

use support::{functions, header_path, HEADER};

/// The sources that the header is made of, in the order in which it is to be read. `testing` and `fuzz` are no part of it.
const SOURCES: &[&str] = &[
    "status",
    "version",
    "codes",
    "config",
    "structs",
    "task",
    "event",
    "agent",
    "agent/report",
    "agent/exchange",
    "agent/inspect",
    "agent/liveness",
    "agent/journal",
    "agent/builder",
    "controller/config",
    "controller/event",
    "controller",
    "controller/exchange",
    "controller/decide",
    "controller/inspect",
    "controller/watch",
    "metrics",
    "framer",
];

fn generated() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("ffi/cbindgen.toml can be read");
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in SOURCES {
        builder = builder.with_src(root.join("src").join(source).with_extension("rs"));
    }
    let mut bytes = Vec::new();
    builder.generate().expect("cbindgen reads the sources").write(&mut bytes);
    tidied(&String::from_utf8(bytes).expect("the header is UTF-8"))
}

/// What cbindgen cannot be told: a comment of one line takes one line; a negative number stands in parentheses, so that it
/// means the same in every expression; and the guard ends at the end.
fn tidied(header: &str) -> String {
    let lines: Vec<&str> = header.lines().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        match (line.trim(), lines.get(at + 1), lines.get(at + 2).map(|line| line.trim())) {
            ("/**", Some(text), Some("*/")) if text.len() < 110 => {
                out.push_str(&line.replace("/**", &format!("/** {} */", text.trim().trim_start_matches("* "))));
                at += 3;
            }
            _ => {
                match line.strip_prefix("#define ").and_then(|define| define.split_once(" -")) {
                    Some((name, digits)) => out.push_str(&format!("#define {name} (-{digits})")),
                    None => out.push_str(line),
                }
                at += 1;
            }
        }
        out.push('\n');
    }
    // The guard goes around the inline functions too: a program may include the header more than once.
    let guard = "#endif  /* TASKWIRE_H */\n";
    out.replacen(guard, "", 1) + "\n" + guard
}

#[test]
fn the_committed_header_is_the_one_that_the_sources_give() {
    let now = generated();
    if std::env::var_os("UPDATE_HEADER").is_some() {
        std::fs::write(header_path(), &now).expect("include/taskwire.h can be written");
        return;
    }
    let committed = std::fs::read_to_string(header_path()).expect("include/taskwire.h can be read");
    let difference = committed.lines().zip(now.lines()).enumerate().find(|(_, (a, b))| a != b);
    assert!(
        committed == now,
        "include/taskwire.h is stale, first at {difference:?}; run `UPDATE_HEADER=1 cargo test -p taskwire-ffi --test header`"
    );
}

#[test]
fn every_source_is_in_the_header_or_has_no_part_in_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut exporting = BTreeSet::new();
    let mut folders = vec![src.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("src can be read") {
            let path: PathBuf = entry.expect("src can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read_to_string(&path).expect("a source can be read").contains("#[no_mangle]") {
                let name = path.strip_prefix(&src).expect("below src").with_extension("");
                exporting.insert(name.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    let mut known: BTreeSet<String> = SOURCES.iter().map(|name| (*name).to_string()).collect();
    known.remove("status");
    known.insert("testing".into());
    assert_eq!(exporting, known);
}

/// The parts of a comment, in this order, beside what the function does, which comes first.
const PARTS: [&str; 5] = ["Parameters:", "Pointers:", "Errors:", "Threads:", "After an error:"];

#[test]
fn every_function_has_every_part_of_its_comment() {
    let functions = functions(HEADER);
    assert!(functions.len() > 50, "only {} functions found in the header", functions.len());
    let constants: BTreeSet<&str> = HEADER
        .lines()
        .filter_map(|line| line.strip_prefix("#define "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let mut missing = Vec::new();
    for function in &functions {
        let mut from = 0;
        for part in PARTS {
            match function.comment[from..].find(part) {
                Some(0) => missing.push(format!("{}: nothing says what it does", function.name)),
                Some(at) => from += at + part.len(),
                None => missing.push(format!("{}: no part `{part}`, or not in order", function.name)),
            }
        }
        for parameter in &function.parameters {
            if !function.comment.contains(parameter.as_str())
                && !matches!(parameter.as_str(), "agent" | "builder" | "controller" | "framer")
            {
                missing.push(format!("{}: nothing about `{parameter}`", function.name));
            }
        }
        if function.returns_status && !function.comment.contains("TASKWIRE_ERROR_") {
            missing.push(format!("{}: it returns a status and names no error", function.name));
        }
        for word in function.errors() {
            if !constants.contains(word) {
                missing.push(format!("{}: it names {word}, which is no constant", function.name));
            }
        }
    }
    assert!(missing.is_empty(), "comments in the header lack parts:\n{}", missing.join("\n"));
}

#[test]
fn every_status_has_a_text_of_its_own_in_the_range_of_whose_fault_it_is() {
    let mut texts = BTreeSet::new();
    for line in HEADER.lines().filter(|line| line.starts_with("#define TASKWIRE_ERROR_")) {
        let (name, value) = line["#define ".len()..].split_once(' ').expect("a name and a value");
        let value: i32 = value.trim().trim_matches(['(', ')']).parse().expect("a number");
        assert!((-499..=-1).contains(&value), "{name} is {value}");
        // SAFETY: the function returns static texts that end with a NUL.
        let text = unsafe { CStr::from_ptr(taskwire_ffi::taskwire_status_text(value)) }.to_str().expect("UTF-8");
        assert_ne!(text, "not a status of this library", "{name} has no text");
        assert!(texts.insert(text), "the text of {name} is that of another: {text}");
        let is_frame = name.contains("FRAME_") || name.contains("STREAM_");
        assert_eq!(is_frame, (-199..=-100).contains(&value), "{name} is {value}");
    }
    assert!(texts.len() > 25, "{} statuses", texts.len());
}
