//! A relay between agents and a controller that makes a good network bad, by a seed: it loses, repeats, reorders,
//! delays and corrupts datagrams, and stalls and cuts TCP connections. What becomes of a frame is decided in `emulator` and
//! `tcp_relay`; here are sockets, flags and the closing count.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use taskwire_examples::emulator::{Counts, Emulator, Faults, Lane};
use taskwire_examples::flags::{self, Wrong};
use taskwire_examples::tcp_relay::{TcpFate, TcpFaults, TcpLink, Way};
use taskwire_examples::{clock, signals, sleep, table};

const HELP: &str = "\
relay: spoils frames between agents and a controller, by a seed.

  --link NAME=ADDRESS  listen there for one agent (repeat the flag for more); port 0 takes a free one
  --controller ADDRESS where the controller listens
  --tcp-link NAME=ADDRESS, --tcp-controller ADDRESS
                       the same for an agent over TCP
  --seed N             the same seed spoils the same way (default 1)
  --loss PERCENT       frames that never arrive (default 20)
  --repeat PERCENT     frames that arrive twice (default 10)
  --reorder PERCENT    frames that later ones overtake (default 10)
  --corrupt PERCENT    frames of which bytes are changed, missing or too many (default 5)
  --delay MS..MS       the shortest and the longest way through (default 1..12)
  --cut FRAMES         TCP connections are cut after so many frames on average, both ways together; 0 is never
                       (default 20)
  --stall PERCENT      frames over TCP that are held up for a while with all behind them (default 3)
  --trace FILE         a line for each frame: when, whose, which way, what it says, what becomes of it
  --counts-out FILE    writes the closing count as JSON as well
  --help

Prints `link NAME ADDRESS` for each link of either kind, then runs until SIGTERM or SIGINT, and ends with a table of what it did.
";

struct Options {
    links: Vec<(String, SocketAddr)>,
    controller: Option<SocketAddr>,
    tcp_links: Vec<(String, SocketAddr)>,
    tcp_controller: Option<SocketAddr>,
    seed: u64,
    faults: Faults,
    tcp_faults: TcpFaults,
    counts_out: Option<PathBuf>,
    trace: Option<PathBuf>,
}

fn read_options(mut parser: lexopt::Parser) -> Result<Option<Options>, Wrong> {
    use lexopt::Arg::Long;
    const ADDRESS: &str = "an address such as 127.0.0.1:7400";
    let (mut links, mut tcp_links) = (Vec::new(), Vec::new());
    let (mut controller, mut tcp_controller) = (None, None);
    let mut seed = 1;
    let mut counts_out = None;
    let mut trace = None;
    let mut faults =
        Faults { loss: 0.2, repeat: 0.1, reorder: 0.1, corrupt: 0.05, delay_least: 1_000, delay_most: 12_000 };
    let mut tcp_faults = TcpFaults { cut: 20, stall: 0.03, delay_least: 0, delay_most: 0 };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("link") => links.push(read_link(&mut parser, "--link")?),
            Long("tcp-link") => tcp_links.push(read_link(&mut parser, "--tcp-link")?),
            Long("controller") => controller = Some(flags::value(&mut parser, "--controller", ADDRESS, |_| true)?),
            Long("tcp-controller") => {
                tcp_controller = Some(flags::value(&mut parser, "--tcp-controller", ADDRESS, |_| true)?);
            }
            Long("cut") => {
                let expected = "a number of frames from 0 to 1000000";
                tcp_faults.cut = flags::value(&mut parser, "--cut", expected, |frames| *frames <= 1_000_000)?;
            }
            Long("stall") => tcp_faults.stall = flags::percent(&mut parser, "--stall")?,
            Long("seed") => seed = flags::value(&mut parser, "--seed", "a number", |_| true)?,
            Long("loss") => faults.loss = flags::percent(&mut parser, "--loss")?,
            Long("repeat") => faults.repeat = flags::percent(&mut parser, "--repeat")?,
            Long("reorder") => faults.reorder = flags::percent(&mut parser, "--reorder")?,
            Long("corrupt") => faults.corrupt = flags::percent(&mut parser, "--corrupt")?,
            Long("delay") => (faults.delay_least, faults.delay_most) = read_delay(&mut parser)?,
            Long("counts-out") => counts_out = Some(flags::text(&mut parser, "--counts-out", "a file")?.into()),
            Long("trace") => trace = Some(flags::text(&mut parser, "--trace", "a file")?.into()),
            Long("help") => return Ok(None),
            other => return Err(flags::unexpected(&other)),
        }
    }
    if links.is_empty() && tcp_links.is_empty() {
        return Err(Wrong("--link: expected at least one, found none".into()));
    }
    for (links, controller, flag) in
        [(&links, controller, "--controller"), (&tcp_links, tcp_controller, "--tcp-controller")]
    {
        if !links.is_empty() {
            flags::needed(controller, flag, ADDRESS)?;
        }
    }
    (tcp_faults.delay_least, tcp_faults.delay_most) = (faults.delay_least, faults.delay_most);
    Ok(Some(Options { links, controller, tcp_links, tcp_controller, seed, faults, tcp_faults, counts_out, trace }))
}

fn read_link(parser: &mut lexopt::Parser, flag: &str) -> Result<(String, SocketAddr), Wrong> {
    let expected = "NAME=ADDRESS such as edge-1=127.0.0.1:0";
    let text = flags::text(parser, flag, expected)?;
    let link = text.split_once('=').and_then(|(name, at)| Some((name.to_owned(), at.parse().ok()?)));
    link.ok_or_else(|| Wrong(format!("{flag}: expected {expected}, found {text:?}")))
}

fn read_delay(parser: &mut lexopt::Parser) -> Result<(u64, u64), Wrong> {
    let expected = "two numbers of milliseconds such as 1..12, the shorter first, at most 10000";
    let text = flags::text(parser, "--delay", expected)?;
    text.split_once("..")
        .and_then(|(least, most)| Some((least.parse::<u64>().ok()?, most.parse::<u64>().ok()?)))
        .filter(|(least, most)| least <= most && *most <= 10_000)
        .map(|(least, most)| (least * 1_000, most * 1_000))
        .ok_or_else(|| Wrong(format!("--delay: expected {expected}, found {text:?}")))
}

/// One agent's way: the socket that it talks to, and the one that the controller sees it come from.
struct Link {
    name: String,
    agent_side: UdpSocket,
    controller_side: UdpSocket,
    /// Where the agent was last heard from; frames to it are lost before that.
    agent: Option<SocketAddr>,
}

impl Link {
    fn up(index: usize) -> Lane {
        Lane(index * 2)
    }
    fn down(index: usize) -> Lane {
        Lane(index * 2 + 1)
    }
}

/// Frames taken from one socket before the others get their turn.
const FRAMES_AT_ONCE: usize = 64;

struct Relay {
    links: Vec<Link>,
    tcp_links: Vec<TcpLink>,
    emulator: Emulator,
    stop: UnixStream,
    trace: Option<Trace>,
}

/// A line for each frame, for people who want to know why something took so long.
struct Trace {
    file: BufWriter<File>,
    began: u64,
}

impl Trace {
    fn open(path: &Path) -> Result<Trace> {
        let file = File::create(path).with_context(|| format!("creating {}", path.display()))?;
        Ok(Trace { file: BufWriter::new(file), began: clock::boot_micros() })
    }

    fn write(&mut self, name: &str, way: char, frame: &[u8], fate: &dyn std::fmt::Display) {
        let at = (clock::boot_micros() - self.began) as f64 / 1e6;
        let said = match taskwire::wire::decode(frame, &taskwire::wire::Bounds::default()) {
            Ok(frame) => frame.to_string(),
            Err(error) => error.to_string(),
        };
        // A trace that cannot be written is no reason to stop the traffic.
        let _ = writeln!(self.file, "{at:9.3} {name} {way} {said}{fate}");
    }
}

impl Relay {
    fn open(options: &Options) -> Result<Relay> {
        let mut links = Vec::new();
        for ((name, address), controller) in options.links.iter().zip(options.controller.iter().cycle()) {
            let agent_side = UdpSocket::bind(address).with_context(|| format!("listening on {address}"))?;
            let any: SocketAddr = if controller.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
            let controller_side = UdpSocket::bind(any)?;
            controller_side.connect(controller)?;
            agent_side.set_nonblocking(true)?;
            controller_side.set_nonblocking(true)?;
            println!("link {name} {}", agent_side.local_addr()?);
            links.push(Link { name: name.clone(), agent_side, controller_side, agent: None });
        }
        let mut tcp_links = Vec::new();
        for ((name, address), controller) in options.tcp_links.iter().zip(options.tcp_controller.iter().cycle()) {
            let seed = options.seed.wrapping_add(tcp_links.len() as u64);
            let link = TcpLink::open(name, *address, *controller, options.tcp_faults, seed)?;
            println!("link {name} {}", link.address()?);
            tcp_links.push(link);
        }
        let emulator = Emulator::new(options.faults, links.len() * 2, options.seed);
        let trace = options.trace.as_deref().map(Trace::open).transpose()?;
        Ok(Relay { links, tcp_links, emulator, stop: signals::stop_pipe()?, trace })
    }

    /// Relays until a signal comes.
    fn run(&mut self) -> Result<()> {
        loop {
            let over_tcp = self.tcp_links.iter().filter_map(TcpLink::next_due);
            let wait = clock::until(self.emulator.next_due().into_iter().chain(over_tcp).min(), Duration::from_secs(1));
            let mut sources: Vec<(BorrowedFd<'_>, bool)> = vec![(self.stop.as_fd(), false)];
            for link in &self.links {
                sources.extend([(link.agent_side.as_fd(), false), (link.controller_side.as_fd(), false)]);
            }
            sources.extend(self.tcp_links.iter().flat_map(TcpLink::sources));
            sleep::until_ready(&sources, wait)?;
            drop(sources);
            for index in 0..self.links.len() {
                self.take_in(index);
            }
            while let Some((lane, frame)) = self.emulator.take(clock::boot_micros()) {
                self.hand_out(lane, &frame);
            }
            self.relay_tcp();
            if signals::has_stopped(&mut self.stop) {
                return Ok(());
            }
        }
    }

    fn take_in(&mut self, index: usize) {
        let mut frame = [0u8; 65_536];
        let link = &mut self.links[index];
        for _ in 0..FRAMES_AT_ONCE {
            match link.agent_side.recv_from(&mut frame) {
                Ok((length, from)) => {
                    link.agent = Some(from);
                    let fate = self.emulator.offer(clock::boot_micros(), Link::up(index), &frame[..length]);
                    if let Some(trace) = &mut self.trace {
                        trace.write(&link.name, '>', &frame[..length], &fate);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => {} // a host that is away: UDP says so with the next call, and goes on
            }
        }
        for _ in 0..FRAMES_AT_ONCE {
            match link.controller_side.recv(&mut frame) {
                Ok(length) => {
                    let fate = self.emulator.offer(clock::boot_micros(), Link::down(index), &frame[..length]);
                    if let Some(trace) = &mut self.trace {
                        trace.write(&link.name, '<', &frame[..length], &fate);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => {}
            }
        }
    }

    fn relay_tcp(&mut self) {
        for link in &mut self.tcp_links {
            let (name, trace) = (link.name.clone(), &mut self.trace);
            link.work(&mut |way, frame, fate| {
                let way = if way == Way::Up { '>' } else { '<' };
                let fate: &dyn std::fmt::Display = match fate {
                    TcpFate::Through => &"",
                    TcpFate::Stalled => &" stalled",
                    TcpFate::Cut(_) => &" cut",
                };
                if let Some(trace) = trace {
                    trace.write(&name, way, frame, fate);
                }
            });
        }
    }

    /// A frame has come through. One that a socket does not take now is lost, as on any network.
    fn hand_out(&mut self, lane: Lane, frame: &[u8]) {
        let link = &self.links[lane.0 / 2];
        if lane == Link::up(lane.0 / 2) {
            let _ = link.controller_side.send(frame);
        } else if let Some(agent) = link.agent {
            let _ = link.agent_side.send_to(frame, agent);
        }
    }

    fn counts(&self) -> BTreeMap<String, Counts> {
        let mut all = BTreeMap::new();
        for (index, link) in self.links.iter().enumerate() {
            all.insert(format!("{} up", link.name), self.emulator.counts(Link::up(index)));
            all.insert(format!("{} down", link.name), self.emulator.counts(Link::down(index)));
        }
        for link in &self.tcp_links {
            all.insert(format!("{} up", link.name), link.counts(Way::Up));
            all.insert(format!("{} down", link.name), link.counts(Way::Down));
        }
        all
    }
}

fn print_counts(counts: &BTreeMap<String, Counts>) {
    let rows: Vec<Vec<String>> = counts
        .iter()
        .map(|(name, c)| {
            let numbers = [c.frames, c.bytes, c.lost, c.repeated, c.reordered, c.corrupted, c.delivered, c.overflowed];
            let numbers = numbers.into_iter().chain([c.cuts, c.stalls]);
            std::iter::once(name.clone()).chain(numbers.map(table::number)).collect()
        })
        .collect();
    let headline = [
        "lane",
        "frames",
        "bytes",
        "lost",
        "repeated",
        "reordered",
        "corrupted",
        "delivered",
        "overflowed",
        "cuts",
        "stalls",
    ];
    print!("{}", table::render(&headline, &rows));
}

fn run(options: &Options) -> Result<()> {
    let mut relay = Relay::open(options)?;
    relay.run()?;
    let counts = relay.counts();
    print_counts(&counts);
    if let Some(path) = &options.counts_out {
        std::fs::write(path, serde_json::to_string_pretty(&counts)?)
            .with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

fn main() -> ExitCode {
    match read_options(lexopt::Parser::from_env()) {
        Ok(None) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Ok(Some(options)) => match run(&options) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => flags::failed("relay", &error),
        },
        Err(wrong) => flags::wrong("relay", &wrong),
    }
}
