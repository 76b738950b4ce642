//! A controller over UDP, TCP and serial lines at once, whole: it keeps the view, appends every transition to the audit history, tells agents that
//! something is durable only once that history is on disk, and shows nodes and tasks as they change.
//!
//! The loop is here; what a peer is, what a line of the history says and what people see is in `controller_host`.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use taskwire::{Controller, ControllerConfig, ControllerEvent, NodeId, Position};
use taskwire_examples::audit::Audit;
use taskwire_examples::controller_host::carriers::{Carriers, Listening};
use taskwire_examples::controller_host::metrics::MetricsFile;
use taskwire_examples::controller_host::screen::Screen;
use taskwire_examples::controller_host::{dump, history};
use taskwire_examples::flags::{self, Wrong};
use taskwire_examples::{clock, epoch, signals};

const HELP: &str = "\
controller: keeps the state of all tasks of all agents, over UDP, TCP and serial lines at once.

  --listen ADDRESS    where to listen for UDP (default 127.0.0.1:7400; port 0 takes a free one)
  --tcp ADDRESS       where to listen for TCP as well (default: nowhere)
  --serial PATH       a serial line to an agent (repeat the flag for more)
  --speed N           bits a second of the lines (default 115200)
  --audit FILE        the history: one JSON object a line, appended
  --name NAME         the controller's name (default controller)
  --term N|auto       its term, larger at each start and fail-over; auto is max(clock, stored + 1), kept in FILE.term
                      beside the audit history (default auto)
  --heartbeat MS      how often a silent agent says that it is there (default 5000)
  --lease MS          how long a silent agent is believed in (default 3 heartbeats, at least 2)
  --view-out FILE     writes the view as JSON when it ends
  --metrics FILE      writes what it measures as OpenMetrics text, once a second and when it ends
  --seed N            for timers and nonces (default: fresh at each start)
  --help

Prints `listening on ADDRESS`, `tcp on ADDRESS` where it does, then what happens, and runs until SIGTERM or SIGINT.
";

struct Options {
    listen: SocketAddr,
    tcp: Option<SocketAddr>,
    lines: Vec<PathBuf>,
    speed: u32,
    audit: PathBuf,
    name: String,
    term: Option<u64>,
    heartbeat: Duration,
    lease: Option<Duration>,
    view_out: Option<PathBuf>,
    metrics: Option<PathBuf>,
    seed: u64,
}

fn read_options(mut parser: lexopt::Parser) -> Result<Option<Options>, Wrong> {
    use lexopt::Arg::Long;
    let mut audit = None;
    let mut options = Options {
        listen: ([127, 0, 0, 1], 7400).into(),
        tcp: None,
        lines: Vec::new(),
        speed: 115_200,
        audit: PathBuf::new(),
        name: "controller".into(),
        term: None,
        heartbeat: Duration::from_secs(5),
        lease: None,
        view_out: None,
        metrics: None,
        // The standard library's own random keys: fresh at each start, which is all that a seed has to be.
        seed: std::hash::RandomState::new().build_hasher().finish(),
    };
    let millis = |parser: &mut lexopt::Parser, flag: &str| {
        flags::value(parser, flag, "a number of milliseconds from 10 to 86400000", |ms| (10..=86_400_000).contains(ms))
            .map(Duration::from_millis)
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("listen") => {
                let expected = "an address such as 0.0.0.0:7400";
                options.listen = flags::value(&mut parser, "--listen", expected, |_| true)?;
            }
            Long("tcp") => {
                let expected = "an address such as 0.0.0.0:7400";
                options.tcp = Some(flags::value(&mut parser, "--tcp", expected, |_| true)?);
            }
            Long("serial") => options.lines.push(flags::text(&mut parser, "--serial", "a serial line")?.into()),
            Long("speed") => {
                let expected = "a number of bits a second from 1200 to 921600";
                options.speed = flags::value(&mut parser, "--speed", expected, |n| (1_200..=921_600).contains(n))?;
            }
            Long("audit") => audit = Some(flags::text(&mut parser, "--audit", "a file")?.into()),
            Long("name") => options.name = flags::text(&mut parser, "--name", "1 to 64 bytes")?,
            Long("term") => {
                let expected = "a number from 1, or auto";
                let text = flags::text(&mut parser, "--term", expected)?;
                options.term = match text.parse() {
                    Ok(term) if term > 0 => Some(term),
                    _ if text == "auto" => None,
                    _ => return Err(Wrong(format!("--term: expected {expected}, found {text:?}"))),
                };
            }
            Long("heartbeat") => options.heartbeat = millis(&mut parser, "--heartbeat")?,
            Long("lease") => options.lease = Some(millis(&mut parser, "--lease")?),
            Long("view-out") => options.view_out = Some(flags::text(&mut parser, "--view-out", "a file")?.into()),
            Long("metrics") => options.metrics = Some(flags::text(&mut parser, "--metrics", "a file")?.into()),
            Long("seed") => options.seed = flags::value(&mut parser, "--seed", "a number", |_| true)?,
            Long("help") => return Ok(None),
            other => return Err(flags::unexpected(&other)),
        }
    }
    options.audit = flags::needed(audit, "--audit", "a file")?;
    Ok(Some(options))
}

/// The core's settings; it says itself what is wrong with them.
fn settings(options: &Options) -> Result<ControllerConfig, Wrong> {
    let mut config = ControllerConfig::new(&options.name).map_err(|error| Wrong(error.to_string()))?;
    config.heartbeat = options.heartbeat;
    config.lease = options.lease.unwrap_or(options.heartbeat * 3);
    // The demo and its like end thousands of tasks; each that is kept costs a few hundred bytes.
    config.finals_per_node = 16_384;
    config.wall_clock_offset = clock::unix_millis().saturating_sub(clock::boot_micros() / 1_000);
    config.check().map_err(|error| Wrong(error.to_string()))?;
    Ok(config)
}

/// TCP connections at a time.
const CONNECTIONS: usize = 4_096;

struct Host {
    controller: Controller,
    carriers: Carriers,
    audit: Audit,
    screen: Screen,
    metrics: Option<MetricsFile>,
    stop: UnixStream,
    frame: Vec<u8>,
}

impl Host {
    fn open(options: &Options, config: ControllerConfig) -> Result<Host> {
        let listening = Listening {
            udp: options.listen,
            tcp: options.tcp,
            lines: options.lines.clone(),
            speed: options.speed,
            connections: CONNECTIONS,
        };
        let carriers = Carriers::open(listening)?;
        let stop = signals::stop_pipe()?;
        let audit = Audit::open(&options.audit)?;
        let term = config.term.0;
        let controller = Controller::new(config, options.seed).map_err(flags::core_error)?;
        println!("listening on {}", carriers.udp_address()?);
        if let Some(address) = carriers.tcp_address()? {
            println!("tcp on {address}");
        }
        let mut screen = Screen::new();
        screen.say(format!("term {term}, history in {}", options.audit.display()));
        let metrics = options.metrics.as_deref().map(MetricsFile::new);
        Ok(Host { controller, carriers, audit, screen, metrics, stop, frame: vec![0; 65_536] })
    }

    /// Serves until a signal comes.
    fn run(&mut self) -> Result<()> {
        loop {
            self.drain()?;
            let now = clock::now();
            self.screen.refresh(&self.controller, now);
            if let Some(metrics) = &mut self.metrics {
                metrics.refresh(&self.controller, now)?;
            }
            let metrics_due = self.metrics.as_ref().map(MetricsFile::due);
            let due = [self.controller.next_timeout(), self.screen.due(now), metrics_due].into_iter().flatten().min();
            let wait = clock::until(due.map(taskwire::Instant::as_micros), Duration::from_secs(1));
            self.carriers.wait(&self.stop, wait)?;
            // Frames first: one that waited while this host slept may be what keeps a lease.
            self.receive();
            self.controller.handle_timeout(clock::now());
            if signals::has_stopped(&mut self.stop) {
                return self.drain();
            }
        }
    }

    fn receive(&mut self) {
        while let Some((peer, length)) = self.carriers.receive(&mut self.frame) {
            // An error is the sender's fault, changed nothing, and is counted by kind.
            let _ = self.controller.receive(clock::now(), peer, &self.frame[..length]);
            self.drain_frames();
        }
        while let Some(peer) = self.carriers.ended() {
            // A hint: its node is suspect at once, and lost only when its lease is over, unless it connects again.
            self.controller.link_down(clock::now(), peer);
        }
    }

    fn drain_frames(&mut self) {
        while let Ok(Some((peer, length))) = self.controller.poll_transmit(clock::now(), &mut self.frame) {
            self.carriers.send(peer, &self.frame[..length]);
        }
    }

    /// Takes all events into the history, waits for the disk once, and commits what it holds now.
    fn drain(&mut self) -> Result<()> {
        self.drain_frames();
        loop {
            let mut due: BTreeMap<NodeId, Position> = BTreeMap::new();
            while let Some(event) = self.controller.poll_event() {
                if let ControllerEvent::CommitDue { node, position } = event {
                    due.insert(node, position);
                    continue;
                }
                let name = |node| {
                    let view = self.controller.view();
                    view.node(node).map_or_else(String::new, |node| node.name().as_str().to_owned())
                };
                if let Some(line) = history::line(&event, clock::unix_millis(), name) {
                    // What a former life wrote and did not commit comes again, and stands there already.
                    if self.audit.append(&line)? {
                        self.screen.tell(&line);
                    }
                }
            }
            if due.is_empty() {
                return Ok(());
            }
            self.audit.sync()?;
            for (node, position) in due {
                // Refused only if the history changed meanwhile: then another is due.
                let _ = self.controller.commit(node, position);
            }
            self.drain_frames();
        }
    }

    fn close(&mut self, options: &Options, term: u64) -> Result<()> {
        let now = clock::now();
        self.audit.sync()?;
        self.screen.close(&self.controller, now);
        if let Some(path) = &options.view_out {
            let view = serde_json::to_vec_pretty(&dump::view(&self.controller, term))?;
            std::fs::write(path, view).with_context(|| format!("writing {}", path.display()))?;
        }
        if let Some(metrics) = &mut self.metrics {
            metrics.write(&self.controller)?;
        }
        println!("the disk was waited for {} times", self.audit.syncs());
        Ok(())
    }
}

fn run(options: &Options, config: ControllerConfig) -> Result<()> {
    let term = match options.term {
        Some(term) => term,
        None => {
            let mut beside = options.audit.clone().into_os_string();
            beside.push(".term");
            epoch::next(beside.as_ref(), clock::unix_millis())?
        }
    };
    let mut host = Host::open(options, config.term(term))?;
    host.run()?;
    host.close(options, term)
}

fn main() -> ExitCode {
    let options = match read_options(lexopt::Parser::from_env()) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(wrong) => return flags::wrong("controller", &wrong),
    };
    match settings(&options) {
        Err(wrong) => flags::wrong("controller", &wrong),
        Ok(config) => match run(&options, config) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => flags::failed("controller", &error),
        },
    }
}
