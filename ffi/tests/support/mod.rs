//! What the integration tests share: the committed header, taken apart.
#![allow(dead_code)] // each test uses its part

use std::path::{Path, PathBuf};

/// The committed header.
pub const HEADER: &str = include_str!("../../../include/taskwire.h");

/// Where the committed header lies.
pub fn header_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../include/taskwire.h")
}

/// A function of the header.
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its comment, on one line, without stars.
    pub comment: String,
    /// The names of its parameters.
    pub parameters: Vec<String>,
    /// Whether it returns a status.
    pub returns_status: bool,
}

impl Function {
    /// The errors that its comment names.
    pub fn errors(&self) -> Vec<&str> {
        let is_part = |c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        self.comment.split(is_part).filter(|word| word.starts_with("TASKWIRE_ERROR_")).collect()
    }
}

/// The functions that a header declares or defines, each with the comment before it.
pub fn functions(header: &str) -> Vec<Function> {
    let mut found = Vec::new();
    for part in header.split("\n/**\n").skip(1) {
        let Some((comment, rest)) = part.split_once("*/\n") else { continue };
        let declaration = rest.split([';', '{']).next().unwrap_or_default();
        if declaration.trim_start().starts_with(['#', '}']) || declaration.contains("typedef") {
            continue;
        }
        let Some((head, tail)) = declaration.split_once('(') else { continue };
        let name = head.split([' ', '*', '\n']).next_back().unwrap_or_default();
        let parameters = tail.trim_end_matches([')', '\n', ' ']).split(',');
        let parameters = parameters
            .filter_map(|parameter| parameter.trim().rsplit([' ', '*']).next())
            .filter(|parameter| *parameter != "void")
            .map(str::to_string)
            .collect();
        let words = |line: &str| line.trim().trim_start_matches('*').trim().to_string();
        found.push(Function {
            name: name.to_string(),
            comment: comment.lines().map(words).collect::<Vec<_>>().join(" ").trim().to_string(),
            parameters,
            returns_status: head.split_whitespace().any(|word| word == "taskwire_status"),
        });
    }
    found
}
