//! The audit history: JSON lines, appended, and on disk before the controller says that they are.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};

use crate::records::AuditLine;

/// An open history. [`Audit::sync`] is what makes the lines before it durable; one serves many lines.
pub struct Audit {
    file: BufWriter<File>,
    unsynced: u64,
    syncs: u64,
}

impl Audit {
    /// Opens the history to append to it.
    pub fn open(path: &Path) -> Result<Audit> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .with_context(|| format!("opening the audit history {}", path.display()))?;
        Ok(Audit { file: BufWriter::new(file), unsynced: 0, syncs: 0 })
    }

    /// Adds a line; it is durable after the next [`Audit::sync`].
    pub fn append(&mut self, line: &AuditLine) -> Result<()> {
        serde_json::to_writer(&mut self.file, line).context("writing the audit history")?;
        self.file.write_all(b"\n").context("writing the audit history")?;
        self.unsynced += 1;
        Ok(())
    }

    /// Puts all lines on disk. A failed one is never repeated as if nothing had happened: the caller ends, because
    /// what the system has thrown away after a failed fsync cannot be known.
    pub fn sync(&mut self) -> Result<()> {
        if self.unsynced > 0 {
            self.file.flush().context("writing the audit history")?;
            self.file.get_ref().sync_data().context("fsync of the audit history")?;
            self.unsynced = 0;
            self.syncs += 1;
        }
        Ok(())
    }

    /// How often the disk was waited for.
    pub fn syncs(&self) -> u64 {
        self.syncs
    }
}

/// Reads a history, or a truth log: one JSON value a line.
pub fn read_lines<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    text.lines()
        .enumerate()
        .map(|(n, line)| {
            serde_json::from_str(line).with_context(|| format!("{}, line {}: not as expected", path.display(), n + 1))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sync_serves_many_lines_and_a_reopened_history_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let line = |n: u64| AuditLine::News { node: "n".into(), what: "live".into(), text: String::new(), seen_at: n };
        for round in 0..2 {
            let mut audit = Audit::open(&path).unwrap();
            audit.append(&line(round * 2)).unwrap();
            audit.append(&line(round * 2 + 1)).unwrap();
            audit.sync().unwrap();
            audit.sync().unwrap();
            assert_eq!(audit.syncs(), 1);
        }
        assert_eq!(read_lines::<AuditLine>(&path).unwrap(), (0..4).map(line).collect::<Vec<_>>());
        std::fs::write(&path, "{}\n").unwrap();
        let error = read_lines::<AuditLine>(&path).unwrap_err().to_string();
        assert!(error.ends_with("line 1: not as expected"), "{error}");
    }
}
