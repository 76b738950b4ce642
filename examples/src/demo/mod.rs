//! The demo: a controller, a bad relay and three agents, two in C and one in Go, that run real processes; then everything
//! is compared.
//! Starting, freezing and ending stand here; what is found and how it is printed stands in `report`, the comparison
//! itself in `compare`, the work in `workload`.

pub mod report;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail, Context, Result};
use rustix::process::Signal;

use crate::live::Live;
use crate::processes::Process;
use crate::workload;

/// The nodes of the demo. The second is frozen, the third speaks TCP.
pub const NODES: [&str; 3] = ["edge-1", "edge-2", "edge-3"];
/// Which of them is frozen past its lease.
pub const FROZEN: usize = 1;
/// Which of them speaks TCP, over connections that are cut.
pub const OVER_TCP: usize = 2;

/// Which of them is the agent in Go.
pub const IN_GO: usize = 0;

const HEARTBEAT: Duration = Duration::from_millis(500);
/// How long a silent node is believed in.
pub const LEASE: Duration = Duration::from_millis(1_500);
const FREEZE: Duration = Duration::from_millis(3_000);
/// Longer than the slowest run on a slow machine with the worst losses allowed.
const GIVE_UP_AFTER: Duration = Duration::from_secs(300);
const START_WITHIN: Duration = Duration::from_secs(20);
/// By this file a folder is known as one that the demo may empty.
const MARKER: &str = ".taskwire-demo";

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where everything is written; emptied first.
    pub folder: PathBuf,
    /// The agent in C.
    pub agent: PathBuf,
    /// The agent in Go.
    pub go_agent: PathBuf,
    /// Where controller and relay are.
    pub programs: PathBuf,
    /// Tasks of all nodes together.
    pub tasks: usize,
    /// For the work and for the relay.
    pub seed: u64,
    /// Percentages: loss, repeat, reorder, corrupt.
    pub faults: [f64; 4],
}

impl Plan {
    /// The agent's own log of a node.
    pub fn truth(&self, node: &str) -> PathBuf {
        self.folder.join(format!("{node}.truth.jsonl"))
    }
    /// The controller's history.
    pub fn audit(&self) -> PathBuf {
        self.folder.join("audit.jsonl")
    }
    /// The controller's view at its end.
    pub fn view(&self) -> PathBuf {
        self.folder.join("view.json")
    }
    /// What the relay did.
    pub fn counts(&self) -> PathBuf {
        self.folder.join("relay.json")
    }
    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }
}

/// Carries the plan out; when it returns, all programs have ended in good order. Gives the time that it took.
pub fn run(plan: &Plan) -> Result<Duration> {
    let began = Instant::now();
    empty(&plan.folder)?;
    let mut stage = Stage::open(plan)?;
    stage.watch(began)?;
    stage.close()?;
    Ok(began.elapsed())
}

/// Empties a folder of an earlier run; one that was not made here is left alone.
fn empty(folder: &Path) -> Result<()> {
    let marker = folder.join(MARKER);
    if folder.exists() {
        let is_empty = folder.read_dir().with_context(|| folder.display().to_string())?.next().is_none();
        if !is_empty && !marker.exists() {
            bail!("{}: expected an empty folder or one of an earlier demo, found other files", folder.display());
        }
        std::fs::remove_dir_all(folder).with_context(|| format!("emptying {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder.join("scratch")).with_context(|| format!("making {}", folder.display()))?;
    std::fs::write(marker, "").context("writing into the folder of the demo")
}

/// All programs while they run.
struct Stage<'a> {
    plan: &'a Plan,
    controller: Process,
    relay: Process,
    agents: Vec<Process>,
}

impl<'a> Stage<'a> {
    fn open(plan: &'a Plan) -> Result<Stage<'a>> {
        let mut command = Command::new(plan.programs.join("controller"));
        command.args(["--listen", "127.0.0.1:0", "--tcp", "127.0.0.1:0", "--term", "1"]);
        command.args(["--heartbeat", &HEARTBEAT.as_millis().to_string(), "--lease", &LEASE.as_millis().to_string()]);
        command.arg("--audit").arg(plan.audit()).arg("--view-out").arg(plan.view());
        let mut controller = Process::start("controller", &mut command, &plan.log("controller"))?;
        let address = controller.announced("listening on ", START_WITHIN)?;
        let tcp_address = controller.announced("tcp on ", START_WITHIN)?;

        let mut command = Command::new(plan.programs.join("relay"));
        command.args(["--controller", &address, "--tcp-controller", &tcp_address, "--seed", &plan.seed.to_string()]);
        for (flag, percent) in ["--loss", "--repeat", "--reorder", "--corrupt"].iter().zip(plan.faults) {
            command.arg(flag).arg(percent.to_string());
        }
        for (index, node) in NODES.into_iter().enumerate() {
            let kind = if index == OVER_TCP { "--tcp-link" } else { "--link" };
            command.args([kind, &format!("{node}=127.0.0.1:0")]);
        }
        command.arg("--counts-out").arg(plan.counts()).arg("--trace").arg(plan.log("frames"));
        let mut relay = Process::start("relay", &mut command, &plan.log("relay"))?;

        let mut agents = Vec::new();
        for (index, node) in NODES.into_iter().enumerate() {
            let address = relay.announced(&format!("link {node} "), START_WITHIN)?;
            agents.push(start_agent(plan, index, node, &address)?);
        }
        Ok(Stage { plan, controller, relay, agents })
    }

    /// Freezes one agent on its way, and waits for all to end.
    fn watch(&mut self, began: Instant) -> Result<()> {
        let mut live = Live::new();
        let mut truths = NODES.map(|node| Growing::new(self.plan.truth(node)));
        let mut history = Growing::new(self.plan.audit());
        let mut frozen_at: Option<Instant> = None;
        let mut thawed = false;
        loop {
            let made = truths.each_mut().map(|truth| truth.read().len());
            history.read();
            // It is known by now, and has a task that takes longer than this: it is in the middle of its work.
            if frozen_at.is_none() && history.has(NODES[FROZEN], "NodeSynced") {
                self.agents[FROZEN].signal(Signal::STOP)?;
                frozen_at = Some(Instant::now());
            }
            if frozen_at.is_some_and(|at| at.elapsed() >= FREEZE) && !thawed {
                self.agents[FROZEN].signal(Signal::CONT)?;
                thawed = true;
            }
            let mut ended = 0;
            for agent in &mut self.agents {
                match agent.ended()? {
                    Some(status) if !status.success() => return Err(agent.ended_badly(status)),
                    Some(_) => ended += 1,
                    None => {}
                }
            }
            for other in [&mut self.controller, &mut self.relay] {
                if let Some(status) = other.ended()? {
                    return Err(other.ended_badly(status));
                }
            }
            if ended == self.agents.len() {
                live.clear();
                return Ok(());
            }
            live.show(format!(
                "{:5.1} s   transitions made: {}   history: {} lines   {}agents ended: {ended} of {}",
                began.elapsed().as_secs_f64(),
                made.iter().sum::<usize>(),
                history.lines.len(),
                if frozen_at.is_some() && !thawed { format!("{} is frozen   ", NODES[FROZEN]) } else { String::new() },
                self.agents.len()
            ));
            if began.elapsed() > GIVE_UP_AFTER {
                let slow: Vec<String> =
                    self.agents.iter().map(|a| format!("{}: {}", a.name(), a.last_words())).collect();
                bail!("agents did not end within {} s; their last words: {}", GIVE_UP_AFTER.as_secs(), slow.join("; "));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends controller and relay, which write what they know.
    fn close(mut self) -> Result<()> {
        for program in [&mut self.controller, &mut self.relay] {
            program.signal(Signal::TERM)?;
            program.finish(Duration::from_secs(10))?;
        }
        Ok(())
    }
}

fn start_agent(plan: &Plan, index: usize, node: &str, address: &str) -> Result<Process> {
    let scratch = plan.folder.join("scratch");
    let scratch = scratch.canonicalize().with_context(|| scratch.display().to_string())?;
    let count = plan.tasks / NODES.len() + usize::from(index < plan.tasks % NODES.len());
    let tasks = plan.folder.join(format!("{node}.tasks"));
    std::fs::write(&tasks, workload::tasks_file(node, count, plan.seed, &scratch))
        .with_context(|| format!("writing {}", tasks.display()))?;
    let (program, language) = if index == IN_GO { (&plan.go_agent, "Go") } else { (&plan.agent, "C") };
    if !program.exists() {
        let program = program.display();
        return Err(anyhow!("{program}: expected the agent in {language}, found no file; `make demo` builds it"));
    }
    let mut command = Command::new(program);
    let way = if index == OVER_TCP { "--tcp" } else { "--controller" };
    command.args(["--node", node, way, address, "--parallel", "6"]);
    command.args(["--back-off", &format!("{}ms", HEARTBEAT.as_millis())]);
    command.args(["--seed", &plan.seed.wrapping_mul(31).wrapping_add(index as u64).to_string()]);
    command.arg("--tasks").arg(tasks).arg("--truth").arg(plan.truth(node));
    command.arg("--epoch-file").arg(plan.folder.join(format!("{node}.epoch")));
    Process::start(node, &mut command, &plan.log(node))
}

/// The lines of a growing file, read on from where it was.
struct Growing {
    path: PathBuf,
    read: u64,
    lines: Vec<String>,
    rest: String,
}

impl Growing {
    fn new(path: PathBuf) -> Growing {
        Growing { path, read: 0, lines: Vec::new(), rest: String::new() }
    }

    /// All whole lines so far.
    fn read(&mut self) -> &[String] {
        use std::io::{Read, Seek, SeekFrom};
        let mut new = Vec::new();
        if let Ok(mut file) = std::fs::File::open(&self.path) {
            if file.seek(SeekFrom::Start(self.read)).and_then(|_| file.read_to_end(&mut new)).is_ok() {
                self.read += new.len() as u64;
                self.rest += &String::from_utf8_lossy(&new);
            }
        }
        while let Some(end) = self.rest.find('\n') {
            let line = self.rest.drain(..=end).collect();
            self.lines.push(line);
        }
        &self.lines
    }

    /// Whether the history has such news of a node, as far as it was read.
    fn has(&self, node: &str, what: &str) -> bool {
        let (node, what) = (format!("\"node\":\"{node}\""), format!("\"what\":\"{what}\""));
        self.lines.iter().any(|line| line.contains(&node) && line.contains(&what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_somebody_else_is_not_emptied() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("demo");
        empty(&inner).unwrap();
        std::fs::write(inner.join("old"), "").unwrap();
        empty(&inner).unwrap();
        assert!(!inner.join("old").exists());
        std::fs::write(folder.path().join("letter"), "").unwrap();
        let error = empty(folder.path()).unwrap_err().to_string();
        assert!(error.contains("found other files"), "{error}");
        assert!(folder.path().join("letter").exists());
    }

    #[test]
    fn lines_are_read_as_they_come() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let mut growing = Growing::new(path.clone());
        assert!(growing.read().is_empty());
        std::fs::write(&path, "{\"node\":\"a\",\"what\":\"NodeLost\"}\n{\"no").unwrap();
        assert_eq!(growing.read().len(), 1);
        assert!(growing.has("a", "NodeLost") && !growing.has("a", "NodeSynced") && !growing.has("b", "NodeLost"));
        std::fs::write(&path, "{\"node\":\"a\",\"what\":\"NodeLost\"}\n{\"node\"}\nc\n").unwrap();
        assert_eq!(growing.read()[1..], ["{\"node\"}\n", "c\n"]);
    }
}
