//! What the rules of tidy read and what they answer: the text files of the repository, their code without comments and
//! strings, and breaches. It holds no rule.

use std::fmt;
use std::path::Path;

/// A text file of the repository, its path with `/` and relative to the root.
pub struct Source {
    pub path: String,
    pub text: String,
}

/// A place where a rule is broken. Line 0 stands for the file as a whole.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct Breach {
    pub path: String,
    pub line: usize,
    pub message: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

pub fn breach(source: &Source, line: usize, message: impl Into<String>) -> Breach {
    Breach { path: source.path.clone(), line, message: message.into() }
}

/// Every text file of the repository, build products and fuzz corpora left out.
pub fn repository() -> Vec<Source> {
    const TEXT: &[&str] =
        &["rs", "c", "h", "cpp", "hpp", "go", "sh", "toml", "md", "txt", "tasks", "json", "jsonl", "yml"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the repository can be listed") {
            let path = entry.expect("an entry of a folder can be read").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let relative = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
            if path.is_dir() {
                let hidden = name.starts_with('.') && name != ".ci";
                let built = path.join("CACHEDIR.TAG").exists() || relative == "build" || relative == "target";
                let bytes =
                    ["fuzz/corpus", "fuzz/artifacts", "fuzz/coverage", "fuzz/target"].contains(&relative.as_str());
                if !hidden && !built && !bytes {
                    folders.push(path);
                }
            } else if TEXT.iter().any(|end| name.ends_with(&format!(".{end}")))
                || name == "Makefile"
                || relative == ".ci/run"
            {
                let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{relative}: {error}"));
                sources.push(Source { path: relative, text });
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

/// The text with comments and the insides of strings blanked, line ends kept, so that rules read code alone.
pub fn code_only(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => find(bytes, at, b"\n"),
            b'/' if bytes[at..].starts_with(b"/*") => (find(bytes, at + 2, b"*/") + 2).min(bytes.len()),
            b'r' if raw_string(bytes, at).is_some() => raw_string(bytes, at).unwrap_or(at + 1),
            b'"' => quoted(bytes, at, b'"'),
            b'\'' if bytes.get(at + 1) == Some(&b'\\') || bytes.get(at + 2) == Some(&b'\'') => quoted(bytes, at, b'\''),
            _ => {
                at += 1;
                continue;
            }
        };
        for byte in &mut code[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    String::from_utf8(code).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Where `wanted` begins at or after `from`, or the end.
pub fn find(bytes: &[u8], from: usize, wanted: &[u8]) -> usize {
    let from = from.min(bytes.len());
    bytes[from..].windows(wanted.len()).position(|window| window == wanted).map_or(bytes.len(), |offset| from + offset)
}

/// The end of a literal that opens at `from` and closes with `quote`.
pub fn quoted(bytes: &[u8], from: usize, quote: u8) -> usize {
    let mut at = from + 1;
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// The end of a raw string that opens at `from`, if one does.
pub fn raw_string(bytes: &[u8], from: usize) -> Option<usize> {
    let before = from.checked_sub(1).map_or(b' ', |at| bytes[at]);
    let hashes = bytes[from + 1..].iter().take_while(|&&byte| byte == b'#').count();
    if (before.is_ascii_alphanumeric() && before != b'b') || bytes.get(from + 1 + hashes) != Some(&b'"') {
        return None;
    }
    let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
    Some((find(bytes, from + 2 + hashes, &close) + close.len()).min(bytes.len()))
}

/// The code of a file up to its tests, which stand last.
pub fn code_before_tests(source: &Source) -> String {
    let code = code_only(&source.text);
    match code.find("\n#[cfg(test)]\nmod ") {
        Some(end) if !code[end + 14..].lines().next().unwrap_or("").ends_with(';') => code[..end + 1].to_string(),
        _ => code,
    }
}

pub fn is_test_file(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("tests.rs")
}

pub fn rust<'a>(sources: &'a [Source], folder: &'a str) -> impl Iterator<Item = &'a Source> {
    sources.iter().filter(move |source| source.path.starts_with(folder) && source.path.ends_with(".rs"))
}

/// Does `word` stand at `at` without a letter, digit or underscore that goes on before it?
pub fn begins_word(code: &str, at: usize) -> bool {
    !code[..at].chars().next_back().is_some_and(|before| before.is_alphanumeric() || before == '_')
}

/// Does the word of `length` bytes at `at` stand alone?
pub fn whole_word(code: &str, at: usize, length: usize) -> bool {
    let goes_on = code[at + length..].chars().next().is_some_and(|after| after.is_alphanumeric() || after == '_');
    begins_word(code, at) && !goes_on
}
