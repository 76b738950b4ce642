//! What the controller measures, written into a file for a collector of text files, whole or not at all.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use taskwire::{Controller, Instant};

/// How often the file is written.
const EVERY: Duration = Duration::from_secs(1);

/// The file.
pub struct MetricsFile {
    path: PathBuf,
    beside: PathBuf,
    due: Instant,
    text: String,
}

impl MetricsFile {
    /// A file that is not written yet.
    pub fn new(path: &Path) -> MetricsFile {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        MetricsFile { path: path.to_owned(), beside: beside.into(), due: Instant::ZERO, text: String::new() }
    }

    /// When it is to be written next.
    pub fn due(&self) -> Instant {
        self.due
    }

    /// Writes it, if it is time to.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn refresh(&mut self, controller: &Controller, now: Instant) -> Result<()> {
        if now < self.due {
            return Ok(());
        }
        self.due = now.after(EVERY);
        self.write(controller)
    }

    /// Writes it. Who reads it meanwhile sees the former one, whole.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&mut self, controller: &Controller) -> Result<()> {
        self.text.clear();
        controller.write_openmetrics(&mut self.text)?;
        std::fs::write(&self.beside, &self.text).with_context(|| format!("writing {}", self.beside.display()))?;
        std::fs::rename(&self.beside, &self.path).with_context(|| format!("writing {}", self.path.display()))
    }
}
