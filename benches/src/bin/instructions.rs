//! Instructions of the hot paths, counted by callgrind beside the numbers that `benches/instructions.txt` keeps: times are
//! noisy, these are not. Only the instructions of this program itself count: the C library chooses its copies by the
//! processor. What costs more than is kept by more than the tolerance is a failure; a gain is named, to be kept as well. The
//! file says which compiler made the program that was counted: another makes other code of the same sources, so that only
//! what costs much more is a failure then.
//!
//!     instructions              counts and compares; the exit status is 1 when something costs more
//!     instructions --write      counts and writes the file anew
//!     instructions run PATH     does the work of one path, alone: for a profiler

use std::collections::HashMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use taskwire::{Instant, PeerId};
use taskwire_benches::idle::{lose_all, IdleFleet, HEARTBEAT, START};
use taskwire_benches::rig::{agent_config, controller_config, Rig, LARGEST};
use taskwire_benches::workload::{Update, Workload, TASKS};

/// How much more than what is kept a count may be, in hundredths, with the compiler that the file names.
const TOLERANCE: f64 = 3.0;
/// The same with any other compiler.
const TOLERANCE_OTHER: f64 = 20.0;
/// Rounds before anything is counted, so that every buffer has its size.
const WARM: usize = 300;
/// Rounds that are counted.
const ROUNDS: usize = 200;
/// Nodes of a fleet that has nothing to do.
const IDLE: usize = 4_096;

/// A path, what one of its things is, and its work: returns how many there were.
type Work = fn(&str) -> usize;
const PATHS: [(&str, &str, Work); 7] = [
    ("publish_32", "an update told to the agent and encoded, 32 a frame", publish),
    ("apply_32", "an update received and acknowledged by the controller, 32 a frame", apply),
    ("apply_1000", "the same, 1,000 a frame", apply),
    ("heartbeat", "a heartbeat received and answered by the controller", heartbeat),
    ("heartbeat_idle", "the same of a node without tasks, one of many", heartbeat_idle),
    ("lease_expiry", "the lease of one of many nodes running out at once, event included", lease_expiry),
    ("lone_change", "a lone change from the agent's call to its acknowledgement, both roles", lone),
];

/// Everything in here is counted, and nothing else.
#[inline(never)]
fn counted_part<R>(work: impl FnOnce() -> R) -> R {
    black_box(black_box(work)())
}

fn pair(each: usize) -> (Rig, Workload) {
    let mut rig = Rig::new(agent_config("edge", if each > 32 { LARGEST as u32 } else { 1_200 }), controller_config());
    let workload = Workload::new(1, TASKS);
    rig.begin(&workload);
    (rig, workload)
}

fn frame(workload: &mut Workload, each: usize) -> Vec<Update> {
    workload.begin_frame();
    (0..each).map(|_| workload.draw()).collect()
}

fn publish(_: &str) -> usize {
    let (mut rig, mut workload) = pair(32);
    let tell = |rig: &mut Rig, updates: &[Update]| {
        rig.tell(updates, false);
        rig.transmit();
    };
    for round in 0..WARM + ROUNDS {
        let updates = frame(&mut workload, 32);
        match round < WARM {
            true => tell(&mut rig, &updates),
            false => counted_part(|| tell(&mut rig, &updates)),
        }
        rig.receive();
        rig.settle();
    }
    ROUNDS * 32
}

fn apply(path: &str) -> usize {
    let (each, rounds) = if path == "apply_32" { (32, ROUNDS) } else { (1_000, ROUNDS / 10) };
    let (mut rig, mut workload) = pair(each);
    let mut answer = vec![0; LARGEST];
    let mut hear = |rig: &mut Rig| {
        let now = rig.at();
        rig.controller.receive(now, PeerId(1), &rig.up[..rig.up_length]).expect("the frame is sound");
        let sent = rig.controller.poll_transmit(now, &mut answer).expect("the buffer is large");
        if let Some((_, length)) = sent {
            rig.down[..length].copy_from_slice(&answer[..length]);
        }
        sent.map_or(0, |(_, length)| length)
    };
    for round in 0..WARM / 10 + rounds {
        rig.tell(&frame(&mut workload, each), false);
        rig.transmit();
        let length = match round < WARM / 10 {
            true => hear(&mut rig),
            false => counted_part(|| hear(&mut rig)),
        };
        let now = rig.at();
        rig.agent.receive(now, &rig.down[..length]).expect("the frame is sound");
        rig.settle();
    }
    rounds * each
}

fn heartbeat(_: &str) -> usize {
    let (mut rig, _) = pair(32);
    let mut answer = vec![0; LARGEST];
    for round in 0..WARM + ROUNDS {
        rig.now += 5_000_000;
        let now = rig.at();
        rig.agent.handle_timeout(now);
        rig.controller.handle_timeout(now);
        rig.transmit();
        let hear = |rig: &mut Rig, answer: &mut [u8]| {
            rig.controller.receive(now, PeerId(1), &rig.up[..rig.up_length]).expect("the frame is sound");
            rig.controller.poll_transmit(now, answer).expect("the buffer is large").map_or(0, |(_, length)| length)
        };
        let length = match round < WARM {
            true => hear(&mut rig, &mut answer),
            false => counted_part(|| hear(&mut rig, &mut answer)),
        };
        rig.agent.receive(now, &answer[..length]).expect("the frame is sound");
        rig.settle();
    }
    ROUNDS
}

fn heartbeat_idle(_: &str) -> usize {
    let mut fleet = IdleFleet::new(IDLE);
    fleet.pass(HEARTBEAT);
    let now = Instant::from_micros(HEARTBEAT);
    let mut answer = vec![0; LARGEST];
    let heartbeats = std::mem::take(&mut fleet.heartbeats);
    counted_part(|| {
        for (peer, frame) in &heartbeats {
            fleet.controller.receive(now, *peer, frame).expect("the frame is sound");
            while fleet.controller.poll_transmit(now, &mut answer).expect("the buffer is large").is_some() {}
        }
    });
    IDLE
}

fn lease_expiry(_: &str) -> usize {
    let mut fleet = IdleFleet::new(IDLE);
    fleet.pass(START + 14_900_000);
    let lost = counted_part(|| lose_all(&mut fleet.controller, Instant::from_micros(START + 15_000_000)));
    assert_eq!(lost, IDLE, "every lease runs out in one call");
    IDLE
}

fn lone(_: &str) -> usize {
    let (mut rig, mut workload) = pair(1);
    let carry = |rig: &mut Rig, updates: &[Update]| {
        rig.tell(updates, false);
        rig.transmit();
        rig.receive();
        rig.events();
        rig.answer();
    };
    for round in 0..WARM + ROUNDS {
        let updates = frame(&mut workload, 1);
        match round < WARM {
            true => carry(&mut rig, &updates),
            false => counted_part(|| carry(&mut rig, &updates)),
        }
    }
    ROUNDS
}

/// The file beside the benches.
fn kept_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.txt")
}

/// Instructions of one thing of a path.
fn count(path: &str) -> Result<f64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let out = program.with_file_name(format!("instructions.{path}.callgrind"));
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=*counted_part*"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(&program)
        .args(["run", path])
        .output()
        .map_err(|error| format!("valgrind cannot be started: {error}"))?;
    if !run.status.success() {
        return Err(format!("valgrind failed: {}", String::from_utf8_lossy(&run.stderr)));
    }
    let things: f64 = String::from_utf8_lossy(&run.stdout).trim().parse().map_err(|_| "no number of things")?;
    let text = std::fs::read_to_string(&out).map_err(|error| format!("{}: {error}", out.display()))?;
    Ok(own_cost(&text, &program.display().to_string()) as f64 / things)
}

/// What the functions of one program cost in themselves, from callgrind's file.
fn own_cost(text: &str, program: &str) -> u64 {
    let mut names: HashMap<&str, bool> = HashMap::new();
    let (mut own, mut called, mut sum) = (false, false, 0);
    for line in text.lines() {
        if let Some(object) = line.strip_prefix("ob=") {
            // "(3) path" the first time, "(3)" from then on.
            let (number, name) = object.split_once(' ').unwrap_or((object, ""));
            if !name.is_empty() {
                names.insert(number, name == program);
            }
            own = names.get(number).copied().unwrap_or(false);
        } else if let Some(object) = line.strip_prefix("cob=") {
            if let Some((number, name)) = object.split_once(' ') {
                names.insert(number, name == program);
            }
        } else if line.starts_with("calls=") {
            called = true;
        } else if line.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '*')) {
            // The line after a call has what was called, which counts where it stands itself.
            if !std::mem::take(&mut called) && own {
                sum += line.split_whitespace().nth(1).and_then(|cost| cost.parse::<u64>().ok()).unwrap_or(0);
            }
        }
    }
    sum
}

/// The compiler on the path, by release, host and LLVM: what cargo has built this program with.
fn compiler() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = Command::new(rustc).arg("-vV").output().map(|output| output.stdout).unwrap_or_default();
    let said = String::from_utf8_lossy(&said).into_owned();
    let word = |name: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(name));
        line.map_or("unknown", str::trim).to_string()
    };
    format!("rustc {}, {}, LLVM {}", word("release:"), word("host:"), word("LLVM version:"))
}

/// The line that names the compiler of the counts that are kept.
const COMPILER: &str = "# compiler: ";

/// How much more than what is kept a count may be.
fn tolerance(compiler: &str) -> f64 {
    let text = std::fs::read_to_string(kept_file()).unwrap_or_default();
    let named = text.lines().find_map(|line| line.strip_prefix(COMPILER)).unwrap_or("unknown");
    if named == compiler {
        return TOLERANCE;
    }
    println!("kept: {named}; here: {compiler}: up to {TOLERANCE_OTHER} % more is allowed");
    TOLERANCE_OTHER
}

/// The counts that are kept.
fn kept() -> HashMap<String, f64> {
    let text = std::fs::read_to_string(kept_file()).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?.to_string(), words.next()?.parse().ok()?))
        })
        .collect()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let write = match words.as_slice() {
        ["run", path] => match PATHS.iter().find(|(name, _, _)| name == path) {
            Some((name, _, work)) => {
                println!("{}", work(name));
                return ExitCode::SUCCESS;
            }
            None => {
                eprintln!("instructions: error: unknown path '{path}'; expected one of {:?}", PATHS.map(|path| path.0));
                return ExitCode::from(2);
            }
        },
        ["--write"] => true,
        [] => false,
        _ => {
            eprintln!("instructions: error: expected nothing, --write, or run PATH");
            return ExitCode::from(2);
        }
    };
    let (kept, compiler) = (kept(), compiler());
    let tolerance = tolerance(&compiler);
    let mut worse = 0;
    let mut file = format!(
        "# Instructions of the hot paths, each for one of its things, as callgrind counts them in this program alone.\n\
         # `make instructions` compares; `make instructions WRITE=1` writes this file anew: look at the difference.\n\
         {COMPILER}{compiler}\n",
    );
    for (path, what, _) in PATHS {
        let counted = match count(path) {
            Ok(counted) => counted,
            Err(error) => {
                eprintln!("instructions: error: {path}: {error}");
                return ExitCode::from(2);
            }
        };
        let before = kept.get(path).copied();
        let change = before.map_or(f64::INFINITY, |before| (counted / before - 1.0) * 100.0);
        let verdict = match change {
            _ if write => "written",
            change if change > tolerance => "WORSE",
            change if change < -TOLERANCE => "better",
            _ => "ok",
        };
        worse += usize::from(verdict == "WORSE");
        println!(
            "{path:<14} {counted:>9.1}  kept {:>9}  {change:>+6.1} %  {verdict:<8} {what}",
            before.map_or("-".to_string(), |before| format!("{before:.1}"))
        );
        file += &format!("{path:<14} {counted:>9.1}\n");
    }
    if write {
        if let Err(error) = std::fs::write(kept_file(), file) {
            eprintln!("instructions: error: {}: {error}", kept_file().display());
            return ExitCode::from(2);
        }
    }
    if worse > 0 {
        println!("{worse} cost more than is kept by over {tolerance} %: see why; if it is meant, `make instructions WRITE=1`");
    }
    ExitCode::from(u8::from(worse > 0))
}
