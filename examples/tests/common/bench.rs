//! A bench for tests of the agent: a real controller, agents with files of their own, and what both wrote.
#![allow(dead_code)] // each test file is a program of its own, and not all need all of it

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use taskwire_examples::audit::read_lines;
use taskwire_examples::processes::Process;
use taskwire_examples::records::{AuditLine, Transition, ViewDump};

/// Longer than anything takes that works.
pub const SOON: Duration = Duration::from_secs(30);

/// A controller, and what its agents need.
pub struct Bench {
    /// Where all files are.
    pub folder: tempfile::TempDir,
    /// The controller that runs now.
    pub controller: Process,
    /// Where it listens.
    pub address: String,
    /// What it was told beside that.
    flags: Vec<String>,
}

impl Bench {
    /// A controller of term 1 with a history that is a plain file.
    pub fn open() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let audit = folder.path().join("audit");
        Bench::with_audit(folder, &audit)
    }

    /// The same with a history elsewhere.
    pub fn with_audit(folder: tempfile::TempDir, audit: &Path) -> Bench {
        Bench::with_flags(folder, audit, &[])
    }

    /// The same with flags beside its own. A port 0 of `--tcp` stays what it has become.
    pub fn with_flags(folder: tempfile::TempDir, audit: &Path, flags: &[&str]) -> Bench {
        let mut flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let (mut controller, address) = controller(folder.path(), audit, "127.0.0.1:0", 1, &flags);
        if let Some(tcp) = flags.iter().position(|flag| flag == "--tcp") {
            flags[tcp + 1] = controller.announced("tcp on ", SOON).unwrap();
        }
        Bench { folder, controller, address, flags }
    }

    /// Where it takes TCP.
    pub fn tcp(&self) -> &str {
        let tcp = self.flags.iter().position(|flag| flag == "--tcp").expect("it takes TCP");
        &self.flags[tcp + 1]
    }

    /// Kills the controller, and starts another in its place that has nothing but a larger term.
    pub fn restart_controller(&mut self, term: u64) {
        self.controller.signal(Signal::KILL).unwrap();
        while self.controller.ended().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.controller = controller(self.folder.path(), &self.path("audit"), &self.address, term, &self.flags).0;
    }

    /// Ends the controller in good order and reads the view that it leaves.
    pub fn view(&mut self) -> ViewDump {
        self.controller.signal(Signal::TERM).unwrap();
        self.controller.finish(SOON).unwrap();
        serde_json::from_str(&std::fs::read_to_string(self.path("view")).unwrap()).unwrap()
    }

    /// A file of the bench.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// An agent of node edge-1 with files of its own, over UDP; `stored` is what its epoch file says.
    pub fn agent(&self, files: &str, tasks: &str, stored: Option<u64>, flags: &[&str]) -> Process {
        self.agent_over(["--controller", &self.address], files, tasks, stored, flags)
    }

    /// The same over another way.
    pub fn agent_over(&self, way: [&str; 2], files: &str, tasks: &str, stored: Option<u64>, flags: &[&str]) -> Process {
        self.agent_of(super::agent(), way, files, tasks, stored, flags)
    }

    /// The same of another program that takes the same flags.
    pub fn agent_of(
        &self,
        program: &Path,
        way: [&str; 2],
        files: &str,
        tasks: &str,
        stored: Option<u64>,
        flags: &[&str],
    ) -> Process {
        let file = |name: &str| self.path(&format!("{files}.{name}"));
        std::fs::write(file("tasks"), tasks).unwrap();
        if let Some(stored) = stored {
            std::fs::write(file("epoch"), stored.to_string()).unwrap();
        }
        let mut command = Command::new(program);
        command.args(["--node", "edge-1"]).args(way).args(flags);
        for (flag, name) in [("--tasks", "tasks"), ("--truth", "truth"), ("--epoch-file", "epoch")] {
            command.arg(flag).arg(file(name));
        }
        Process::start(files, &mut command, &file("log")).unwrap()
    }

    /// The states that the history has of all tasks, in order.
    pub fn history(&self) -> Vec<String> {
        let line = |line: AuditLine| match line {
            AuditLine::Transition { transition, .. } => Some(transition.state),
            _ => None,
        };
        read_lines(&self.path("audit")).unwrap().into_iter().filter_map(line).collect()
    }
}

fn controller(folder: &Path, audit: &Path, listen: &str, term: u64, flags: &[String]) -> (Process, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_controller"));
    command
        .args(["--listen", listen, "--term", &term.to_string(), "--heartbeat", "500", "--lease", "1500"])
        .args(flags);
    command.arg("--audit").arg(audit).arg("--view-out").arg(folder.join("view"));
    let log = folder.join(format!("controller-{term}.log"));
    let mut controller = Process::start("controller", &mut command, &log).unwrap();
    let address = controller.announced("listening on ", SOON).unwrap();
    (controller, address)
}

/// The states of an agent's own log, in order.
pub fn states(truth: &Path) -> Vec<String> {
    read_lines::<Transition>(truth).unwrap().into_iter().map(|transition| transition.state).collect()
}

/// Waits for the end of a program; its exit code.
pub fn code(process: &mut Process) -> i32 {
    let began = std::time::Instant::now();
    loop {
        if let Some(status) = process.ended().unwrap() {
            return status.code().unwrap_or_else(|| panic!("{status}: {}", process.last_words()));
        }
        assert!(began.elapsed() < SOON, "{} goes on: {}", process.name(), process.last_words());
        std::thread::sleep(Duration::from_millis(5));
    }
}
