//! The audit history: JSON lines, appended, and on disk before the controller says that they are. It also knows what a
//! former life of the controller has written: an entry that was stored and not yet committed when that life ended comes
//! again, and is told by its identity (node, revision, tag), which it keeps for ever.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result};

use crate::records::AuditLine;

/// What names an entry for ever.
type Identity = (String, u64, String);

/// Lines at the end of an older history whose identities are kept in memory: more than all agents together may have
/// under way, as only what was not committed comes again.
const REMEMBERED: usize = 262_144;

/// An open history. [`Audit::sync`] is what makes the lines before it durable; one serves many lines.
pub struct Audit {
    file: BufWriter<File>,
    written_before: HashSet<Identity>,
    unsynced: u64,
    syncs: u64,
}

fn identity(line: &AuditLine) -> Option<Identity> {
    match line {
        AuditLine::Transition { revision, tag, transition, .. } => {
            Some((transition.node.clone(), *revision, tag.clone()))
        }
        AuditLine::Forgotten { node, revision, tag, .. } => Some((node.clone(), *revision, tag.clone())),
        AuditLine::News { .. } => None,
    }
}

impl Audit {
    /// Opens the history to append to it. A last line without its end was being written when a former life ended:
    /// nothing of it was committed, and it is taken away.
    pub fn open(path: &Path) -> Result<Audit> {
        let name = || format!("opening the audit history {}", path.display());
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path).with_context(name)?;
        let mut written_before = HashSet::new();
        if file.metadata().with_context(name)?.is_file() {
            let (whole, lines) = last_lines(&file).with_context(name)?;
            for (number, text) in lines {
                let line: AuditLine = serde_json::from_str(&text)
                    .with_context(|| format!("{}, line {number}: not as expected", path.display()))?;
                written_before.extend(identity(&line));
            }
            file.set_len(whole).with_context(name)?;
            file.seek(SeekFrom::End(0)).with_context(name)?;
        }
        Ok(Audit { file: BufWriter::new(file), written_before, unsynced: 0, syncs: 0 })
    }

    /// Adds a line; it is durable after the next [`Audit::sync`]. False when a former life has written this very entry:
    /// then it stands there already.
    pub fn append(&mut self, line: &AuditLine) -> Result<bool> {
        if identity(line).is_some_and(|identity| self.written_before.contains(&identity)) {
            return Ok(false);
        }
        serde_json::to_writer(&mut self.file, line).context("writing the audit history")?;
        self.file.write_all(b"\n").context("writing the audit history")?;
        self.unsynced += 1;
        Ok(true)
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

/// How long the file is up to its last whole line, and the last whole lines with their numbers.
fn last_lines(file: &File) -> std::io::Result<(u64, std::collections::VecDeque<(usize, String)>)> {
    let mut reader = BufReader::new(file);
    let mut whole = 0;
    let mut lines = std::collections::VecDeque::new();
    for number in 1.. {
        let mut line = Vec::new();
        let length = reader.read_until(b'\n', &mut line)?;
        if line.pop() != Some(b'\n') {
            break;
        }
        whole += length as u64;
        if lines.len() == REMEMBERED {
            lines.pop_front();
        }
        lines.push_back((number, String::from_utf8_lossy(&line).into_owned()));
    }
    Ok((whole, lines))
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
        assert!(Audit::open(&path).is_err(), "a line that is none is not passed over");
        let error = read_lines::<AuditLine>(&path).unwrap_err().to_string();
        assert!(error.ends_with("line 1: not as expected"), "{error}");
    }

    #[test]
    fn what_a_former_life_wrote_is_not_written_again_and_half_a_line_is_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let entry = |revision: u64, tag: &str| AuditLine::Forgotten {
            node: "n".into(),
            task: "t".into(),
            revision,
            tag: tag.into(),
            seen_at: 0,
        };
        let mut first = Audit::open(&path).unwrap();
        assert!(first.append(&entry(1, "a")).unwrap() && first.append(&entry(2, "b")).unwrap());
        first.sync().unwrap();
        drop(first);
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"event\":\"forgot").unwrap();

        let mut second = Audit::open(&path).unwrap();
        assert!(!second.append(&entry(2, "b")).unwrap(), "the same entry");
        assert!(second.append(&entry(2, "c")).unwrap(), "another history's entry of that revision");
        assert!(second.append(&entry(3, "d")).unwrap());
        assert!(second.append(&entry(3, "d")).unwrap(), "within one life a repeat is not hidden");
        second.sync().unwrap();
        let expected = [entry(1, "a"), entry(2, "b"), entry(2, "c"), entry(3, "d"), entry(3, "d")];
        assert_eq!(read_lines::<AuditLine>(&path).unwrap(), expected);
    }
}
