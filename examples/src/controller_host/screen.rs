//! What people see: a line for every change where the output goes to a file, a table that is redrawn on a terminal.

use std::collections::VecDeque;
use std::io::{BufWriter, IsTerminal, Stdout, Write};

use taskwire::{Controller, Instant, State};

use crate::records::{AuditLine, Transition};
use crate::table;

const RECENT: usize = 14;
/// Redrawn at most this often, in microseconds.
const EVERY: u64 = 100_000;

/// The output of the controller.
pub struct Screen {
    out: BufWriter<Stdout>,
    terminal: bool,
    recent: VecDeque<String>,
    changed: bool,
    drawn_at: Instant,
}

impl Screen {
    /// Nothing is shown yet.
    pub fn new() -> Screen {
        Screen {
            out: BufWriter::new(std::io::stdout()),
            terminal: std::io::stdout().is_terminal(),
            recent: VecDeque::new(),
            changed: false,
            drawn_at: Instant::ZERO,
        }
    }

    /// Something happened.
    pub fn tell(&mut self, line: &AuditLine) {
        self.say(describe(line));
    }

    /// A line that is no event.
    pub fn say(&mut self, text: String) {
        self.changed = true;
        if !self.terminal {
            let _ = writeln!(self.out, "{text}");
            return;
        }
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(text);
    }

    /// Shows what has changed, if it is time to. A screen that is gone is no reason to stop.
    pub fn refresh(&mut self, controller: &Controller, now: Instant) {
        if !self.changed {
            return;
        }
        if self.terminal {
            if now.since(self.drawn_at).as_micros() < u128::from(EVERY) {
                return;
            }
            let _ = writeln!(self.out, "\x1b[2J\x1b[H{}", nodes(controller, now));
            for line in &self.recent {
                let _ = writeln!(self.out, "{line}");
            }
            self.drawn_at = now;
        }
        self.changed = false;
        let _ = self.out.flush();
    }

    /// How long until [`Screen::refresh`] should be called again, in microseconds from now.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        self.changed.then(|| self.drawn_at.after(std::time::Duration::from_micros(EVERY)).max(now))
    }

    /// The closing tables: all nodes, then all tasks.
    pub fn close(&mut self, controller: &Controller, now: Instant) {
        let _ = write!(self.out, "\n{}\n{}", nodes(controller, now), tasks(controller, now));
        let _ = self.out.flush();
    }
}

impl Default for Screen {
    fn default() -> Screen {
        Screen::new()
    }
}

/// An audit line in words.
fn describe(line: &AuditLine) -> String {
    match line {
        AuditLine::Transition { transition, .. } => format!("{} {}", transition.node, transition_text(transition)),
        AuditLine::Forgotten { node, task, .. } => format!("{node} {task} forgotten"),
        AuditLine::News { node, text, .. } => format!("{node} * {text}"),
    }
}

fn transition_text(t: &Transition) -> String {
    let mut text = format!("{} #{} {} attempt {}", t.task, t.number, t.state, t.attempt);
    if let Some(code) = t.exit_code {
        text += &format!(" exit {code}");
    }
    if let Some(signal) = t.signal {
        text += &format!(" signal {signal}");
    }
    if t.reason != "None" {
        text += &format!(" {}", t.reason);
    }
    for (what, bytes) in [("", &t.message), ("= ", &t.result)] {
        if !bytes.0.is_empty() {
            text += &format!(" {what}\"{}\"", bytes.0.escape_ascii());
        }
    }
    text
}

/// The table of nodes.
fn nodes(controller: &Controller, now: Instant) -> String {
    let view = controller.view();
    let mut rows: Vec<Vec<String>> = view
        .nodes()
        .map(|node| {
            let mut states = [0u64; 5];
            let mut attempts = 0;
            for task in view.tasks_of(node.id()) {
                attempts += u64::from(task.attempt()) + 1;
                if let Some(at) = State::ALL.iter().position(|state| *state == task.state()) {
                    states[at] += 1;
                }
            }
            let heard = node.last_heard().map_or("never".into(), |at| format!("{} ms", now.since(at).as_millis()));
            let mut row = vec![node.name().as_str().to_owned(), node.reachability().to_string()];
            row.extend(states.map(table::number));
            row.push(table::number(attempts));
            row.push(if node.is_synced() { "yes" } else { "no" }.into());
            row.push(heard);
            row
        })
        .collect();
    rows.sort();
    let headline = [
        "node",
        "state",
        "pending",
        "running",
        "succeeded",
        "failed",
        "cancelled",
        "attempts",
        "synced",
        "heard before",
    ];
    table::render(&headline, &rows)
}

/// The table of tasks.
fn tasks(controller: &Controller, now: Instant) -> String {
    let view = controller.view();
    let mut rows = Vec::new();
    for node in view.nodes() {
        for task in view.tasks_of(node.id()) {
            rows.push(vec![
                node.name().as_str().to_owned(),
                task.id().to_string(),
                name(task.record().metadata()),
                task.state().to_string(),
                task.attempt().to_string(),
                task.number().to_string(),
                task.freshness(now).to_string(),
            ]);
        }
    }
    rows.sort();
    table::render(&["node", "task", "metadata", "state", "attempt", "number", "knowledge"], &rows)
}

/// The beginning of a task's metadata: usually its name.
fn name(metadata: &[u8]) -> String {
    String::from_utf8_lossy(metadata).chars().filter(|c| !c.is_control()).take(24).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Bytes;

    #[test]
    fn metadata_is_cut_and_cannot_reach_the_terminal() {
        assert_eq!(name("build #42\x1b[2J, the long one of tonight".as_bytes()), "build #42[2J, the long o");
        assert_eq!(name(b"\xff"), "\u{fffd}");
    }

    #[test]
    fn a_transition_reads_like_a_sentence() {
        let transition = Transition {
            node: "edge-1".into(),
            task: "t".into(),
            number: 3,
            state: "FAILED".into(),
            reason: "ExitCode".into(),
            exit_code: Some(3),
            message: Bytes(b"no sensor".to_vec()),
            ..Transition::default()
        };
        assert_eq!(transition_text(&transition), "t #3 FAILED attempt 0 exit 3 ExitCode \"no sensor\"");
    }
}
