//! One line that shows how far something is: redrawn in place on a terminal, now and then a line elsewhere.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// The line.
pub struct Live {
    terminal: bool,
    shown: Option<Instant>,
    text: String,
}

impl Live {
    /// Nothing is shown yet.
    pub fn new() -> Live {
        Live { terminal: std::io::stdout().is_terminal(), shown: None, text: String::new() }
    }

    /// Shows `text`, if it is time to.
    pub fn show(&mut self, text: String) {
        let every = Duration::from_millis(if self.terminal { 150 } else { 2_000 });
        if text == self.text || self.shown.is_some_and(|at| at.elapsed() < every) {
            return;
        }
        self.shown = Some(Instant::now());
        self.text = text;
        let mut out = std::io::stdout();
        // A terminal that is gone is no reason to stop what is being shown.
        let _ = if self.terminal { write!(out, "\r\x1b[K{}", self.text) } else { writeln!(out, "{}", self.text) };
        let _ = out.flush();
    }

    /// Takes the line away again, so that what is printed next stands alone.
    pub fn clear(&mut self) {
        if self.terminal && self.shown.is_some() {
            print!("\r\x1b[K");
            let _ = std::io::stdout().flush();
        }
        self.shown = None;
    }
}

impl Default for Live {
    fn default() -> Live {
        Live::new()
    }
}
