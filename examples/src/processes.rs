//! Child processes of the demo and of the tests: started with their output in a file, ended whatever happens.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail, Context, Result};
use rustix::process::{kill_process, Pid, Signal};

/// A running program; killed when it is dropped.
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command`; what it prints goes into the file `log`.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Result<Process> {
        let file = File::create(log).with_context(|| format!("creating {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("starting {name} ({})", command.get_program().to_string_lossy()))?;
        Ok(Process { name: name.to_owned(), child, log: log.to_owned() })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).ok_or_else(|| anyhow!("no such pid"))?;
        kill_process(pid, signal).with_context(|| format!("signalling {}", self.name))
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("waiting for {}", self.name))
    }

    /// Waits for its end, at most so long; an end that is no success is an error with its last words.
    pub fn finish(&mut self, within: Duration) -> Result<()> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.ended()? {
                return if status.success() { Ok(()) } else { Err(self.ended_badly(status)) };
            }
            if began.elapsed() > within {
                bail!("{} did not end within {} s; its last words: {}", self.name, within.as_secs(), self.last_words());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The error for an end that was not expected.
    pub fn ended_badly(&self, status: ExitStatus) -> anyhow::Error {
        anyhow!("{} ended with {status}; its last words: {}", self.name, self.last_words())
    }

    /// Waits for a line of its output that begins with `start`, and gives the rest of it.
    pub fn announced(&mut self, start: &str, within: Duration) -> Result<String> {
        let began = Instant::now();
        loop {
            let text = std::fs::read_to_string(&self.log).unwrap_or_default();
            // The last line may be half written: only what its newline ends counts.
            let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
            if let Some(rest) = whole.lines().find_map(|line| line.strip_prefix(start)) {
                return Ok(rest.to_owned());
            }
            if let Some(status) = self.ended()? {
                return Err(self.ended_badly(status));
            }
            if began.elapsed() > within {
                bail!("{} did not print \"{start}…\" within {} s", self.name, within.as_secs());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The last lines of its output.
    pub fn last_words(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(5).collect();
        if lines.is_empty() {
            return "none".into();
        }
        lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A stopped process takes SIGKILL as well; one that has ended already is only reaped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_announces_and_how_it_ends_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let shell = |line: &str| {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", line]);
            Process::start("shell", &mut command, &log).unwrap()
        };
        let mut good = shell("echo port 17; sleep 0.05");
        assert_eq!(good.announced("port ", Duration::from_secs(5)).unwrap(), "17");
        good.finish(Duration::from_secs(5)).unwrap();
        let mut bad = shell("echo oh no >&2; exit 3");
        let error = bad.finish(Duration::from_secs(5)).unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && error.ends_with("oh no"), "{error}");
        let mut slow = shell("sleep 30");
        assert!(slow.finish(Duration::from_millis(20)).unwrap_err().to_string().contains("did not end"));
    }
}
