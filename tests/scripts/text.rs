//! Frames and errors as a script shows them: the one-line form of the library with small, stable names for what is drawn
//! from seeds or hashed (sessions S1, nonces N1, tags a, digests D1, tasks t1), and without what a reader of a
//! conversation does not need. It knows nothing of who says what.

use std::collections::BTreeMap;

use taskwire::wire::{Body, Frame};
use taskwire::{Digest, Nonce, Position, SessionId, Tag, TaskId};

/// The small names, in the order in which they were met.
#[derive(Default)]
pub struct Names {
    tags: BTreeMap<u64, String>,
    others: BTreeMap<String, String>,
    counts: BTreeMap<&'static str, usize>,
    tasks: BTreeMap<String, String>,
}

/// a, b, … z, aa, ab, …
fn letters(index: usize) -> String {
    let last = (b'a' + (index % 26) as u8) as char;
    if index < 26 {
        last.to_string()
    } else {
        format!("{}{last}", letters(index / 26 - 1))
    }
}

impl Names {
    /// The task that a script calls by this name.
    pub fn task(&mut self, name: &str) -> TaskId {
        let mut id = [0u8; 16];
        for (byte, letter) in id.iter_mut().zip(name.bytes()) {
            *byte = letter;
        }
        let id = TaskId(id);
        self.tasks.insert(id.to_string(), name.to_string());
        id
    }

    pub fn task_name(&self, id: TaskId) -> String {
        self.tasks.get(&id.to_string()).cloned().unwrap_or_else(|| id.to_string())
    }

    pub fn tag(&mut self, tag: Tag) -> String {
        let next = self.tags.len();
        self.tags.entry(tag.0).or_insert_with(|| letters(next)).clone()
    }

    /// A position: the revision, and its tag's name unless it is the start.
    pub fn position(&mut self, position: Position) -> String {
        if position == Position::START {
            return "0".to_string();
        }
        format!("{}@{}", position.revision, self.tag(position.tag))
    }

    fn numbered(&mut self, letter: &'static str, text: String) {
        if !self.others.contains_key(&text) {
            let count = self.counts.entry(letter).or_default();
            *count += 1;
            self.others.insert(text, format!("{letter}{count}"));
        }
    }

    pub fn session(&mut self, session: SessionId) -> String {
        self.numbered("S", session.to_string());
        self.others[&session.to_string()].clone()
    }

    pub fn nonce(&mut self, nonce: Nonce) {
        if nonce.0 != 0 {
            self.numbered("N", nonce.to_string());
        }
    }

    fn digest(&mut self, digest: Digest) {
        self.numbered("D", digest.to_string());
    }

    /// Names everything in a frame, in the order in which its line shows it.
    fn learn(&mut self, frame: &Frame) {
        match &frame.body {
            Body::Hello(hello) => self.nonce(hello.nonce),
            Body::Welcome(welcome) => {
                self.nonce(welcome.nonce);
                self.session(welcome.session);
                self.nonce(welcome.maker_nonce);
            }
            Body::Open(open) => self.nonce(open.controller_nonce),
            Body::Delta(delta) => {
                if let Some(digest) = delta.digest {
                    self.digest(digest);
                }
            }
            Body::Snapshot(part) => self.digest(part.digest),
            Body::Heartbeat(heartbeat) => {
                if let Some(digest) = heartbeat.digest {
                    self.digest(digest);
                }
            }
            Body::NoSession(none) => {
                self.session(none.session);
            }
            _ => {}
        }
    }

    /// A frame on its line.
    pub fn frame(&mut self, frame: &Frame) -> String {
        self.learn(frame);
        let mut text = frame.to_string();
        if let Body::Hello(_) = frame.body {
            text = cut_between(&text, ", desired received ", None);
        }
        if let Body::Welcome(_) = frame.body {
            text = cut_between(&text, ", desired resume ", None);
        }
        for idle in [" sent ", " received "] {
            text = cut_number_after(&text, idle);
        }
        text = text.replace(" settings 1", "").replace(", largest term 0", "").replace("desired received 0 ", "");
        self.shorten(&text)
    }

    /// Any text of the library with the small names in it.
    pub fn shorten(&mut self, text: &str) -> String {
        let mut out = String::new();
        let mut word = String::new();
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '@';
        for c in text.chars().chain(std::iter::once('\0')) {
            if is_word(c) {
                word.push(c);
                continue;
            }
            out.push_str(&self.name_of(&word));
            word.clear();
            if c != '\0' {
                out.push(c);
            }
        }
        micros_as_millis(&out)
    }

    fn name_of(&mut self, word: &str) -> String {
        if let Some(name) = self.tasks.get(word).or_else(|| self.others.get(word)) {
            return name.clone();
        }
        if let Some((revision, tag)) = word.split_once('@') {
            if let Ok(tag) = u64::from_str_radix(tag, 16) {
                return if tag == 0 { revision.to_string() } else { format!("{revision}@{}", self.tag(Tag(tag))) };
            }
        }
        if word.len() == 16 {
            if let Ok(tag) = u64::from_str_radix(word, 16) {
                return self.tag(Tag(tag));
            }
        }
        word.to_string()
    }
}

/// Takes out what begins with `start`, up to `end` or to the end of the text.
fn cut_between(text: &str, start: &str, end: Option<&str>) -> String {
    let Some(from) = text.find(start) else { return text.to_string() };
    let to = end.and_then(|end| text[from..].find(end)).map_or(text.len(), |length| from + length);
    format!("{}{}", &text[..from], &text[to..])
}

/// Takes out `what` and the plain number after it, unless a position follows.
fn cut_number_after(text: &str, what: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(what) {
        let after = &rest[at + what.len()..];
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let ends = !after[digits..].starts_with('@');
        out.push_str(&rest[..at]);
        if digits == 0 || !ends {
            out.push_str(what);
            rest = after;
        } else {
            rest = &after[digits..];
        }
    }
    out + rest
}

/// `1234567 µs` as `1234 ms`.
fn micros_as_millis(text: &str) -> String {
    let Some(end) = text.find(" µs") else { return text.to_string() };
    let start = text[..end].rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    match text[start..end].parse::<u64>() {
        Ok(micros) => format!("{}{} ms{}", &text[..start], micros / 1000, micros_as_millis(&text[end + " µs".len()..])),
        Err(_) => text.to_string(),
    }
}
