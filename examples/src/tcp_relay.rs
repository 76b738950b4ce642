//! The relay's way for an agent over TCP: frames are delayed, now and then held up with all behind them, and connections
//! are cut, also in the middle of a frame. What becomes of a frame is decided in `Pipes`, which opens no socket and reads
//! no clock; `TcpLink` has the sockets. Flags and the loop are left to `bin/relay.rs`.

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use anyhow::{Context, Result};
use taskwire::wire::Framing;

use crate::clock;
use crate::emulator::Counts;
use crate::stream::Stream;

/// How bad it is. Times in microseconds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TcpFaults {
    /// Frames that a connection brings before it is cut, on average; 0 is never.
    pub cut: u64,
    /// Frames that are held up with all behind them, as a share of one.
    pub stall: f64,
    /// The shortest way through.
    pub delay_least: u64,
    /// The longest way of a frame that is not held up.
    pub delay_most: u64,
}

/// The shortest and the longest time that a frame is held up.
const STALL: std::ops::Range<u64> = 100_000..800_000;
/// The longest frame there is.
const FRAME: u32 = 65_507;
const CONNECT_WITHIN: Duration = Duration::from_secs(2);

/// A direction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// From the agent to the controller.
    Up,
    /// Back.
    Down,
}

/// What becomes of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TcpFate {
    /// It comes through, a little later.
    Through,
    /// It comes through, and all behind it, much later.
    Stalled,
    /// The connection is cut when so many thousandths of it have come through.
    Cut(u16),
}

/// Both directions of one connection after the other.
pub struct Pipes {
    faults: TcpFaults,
    random: fastrand::Rng,
    /// Frames that this connection still brings.
    left: Option<u64>,
    ways: [Pipe; 2],
}

#[derive(Default)]
struct Pipe {
    under_way: VecDeque<(u64, Vec<u8>)>,
    /// When the newest of them comes through: later ones keep behind it.
    until: u64,
    counts: Counts,
}

impl Pipes {
    /// Nothing is under way.
    pub fn new(faults: TcpFaults, seed: u64) -> Pipes {
        let mut pipes = Pipes { faults, random: fastrand::Rng::with_seed(seed), left: None, ways: Default::default() };
        pipes.begin();
        pipes
    }

    /// Another connection: what was under way on the last one is lost.
    pub fn begin(&mut self) {
        for pipe in &mut self.ways {
            pipe.counts.lost += pipe.under_way.len() as u64;
            pipe.under_way.clear();
            pipe.until = 0;
        }
        self.left = (self.faults.cut > 0).then(|| self.random.u64(1..=2 * self.faults.cut));
    }

    /// A frame goes in.
    pub fn offer(&mut self, now: u64, way: Way, frame: &[u8]) -> TcpFate {
        let (faults, pipe) = (self.faults, &mut self.ways[way as usize]);
        pipe.counts.frames += 1;
        pipe.counts.bytes += frame.len() as u64;
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                pipe.counts.cuts += 1;
                pipe.counts.lost += 1;
                return TcpFate::Cut(self.random.u16(0..1000));
            }
        }
        let mut due = now + self.random.u64(faults.delay_least..=faults.delay_most.max(faults.delay_least));
        let stalled = self.random.f64() < faults.stall;
        if stalled {
            pipe.counts.stalls += 1;
            due += self.random.u64(STALL);
        }
        pipe.until = pipe.until.max(due);
        pipe.under_way.push_back((pipe.until, frame.to_vec()));
        if stalled {
            TcpFate::Stalled
        } else {
            TcpFate::Through
        }
    }

    /// The next frame that has come through by `now`.
    pub fn take(&mut self, now: u64) -> Option<(Way, Vec<u8>)> {
        for way in [Way::Up, Way::Down] {
            let pipe = &mut self.ways[way as usize];
            if pipe.under_way.front().is_some_and(|(due, _)| *due <= now) {
                pipe.counts.delivered += 1;
                return pipe.under_way.pop_front().map(|(_, frame)| (way, frame));
            }
        }
        None
    }

    /// When the next frame comes through.
    pub fn next_due(&self) -> Option<u64> {
        self.ways.iter().filter_map(|pipe| pipe.under_way.front()).map(|(due, _)| *due).min()
    }

    /// Whether nothing is under way in a direction.
    pub fn is_empty(&self, way: Way) -> bool {
        self.ways[way as usize].under_way.is_empty()
    }

    /// What became of a direction's frames so far.
    pub fn counts(&self, way: Way) -> Counts {
        self.ways[way as usize].counts
    }
}

/// The agent's side and the controller's.
struct Connection {
    agent: Stream,
    controller: Stream,
}

/// One agent's way. It has one connection at a time: a new one of the agent ends the one before it.
pub struct TcpLink {
    /// The link's name.
    pub name: String,
    listener: TcpListener,
    controller: SocketAddr,
    connection: Option<Connection>,
    pipes: Pipes,
}

impl TcpLink {
    /// Listens for the agent.
    pub fn open(name: &str, at: SocketAddr, controller: SocketAddr, faults: TcpFaults, seed: u64) -> Result<TcpLink> {
        let listener = TcpListener::bind(at).with_context(|| format!("listening on {at} for TCP"))?;
        listener.set_nonblocking(true)?;
        let pipes = Pipes::new(faults, seed);
        Ok(TcpLink { name: name.to_owned(), listener, controller, connection: None, pipes })
    }

    /// Where the agent has to connect to.
    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// What to wait for.
    pub fn sources(&self) -> Vec<(BorrowedFd<'_>, bool)> {
        let mut sources = vec![(self.listener.as_fd(), false)];
        if let Some(connection) = &self.connection {
            sources.extend([connection.agent.source(), connection.controller.source()]);
        }
        sources
    }

    /// When the next frame comes through.
    pub fn next_due(&self) -> Option<u64> {
        self.pipes.next_due()
    }

    /// What became of a direction's frames so far.
    pub fn counts(&self, way: Way) -> Counts {
        self.pipes.counts(way)
    }

    /// Takes in and hands out what there is; tells of each frame what becomes of it.
    pub fn work(&mut self, tell: &mut dyn FnMut(Way, &[u8], TcpFate)) {
        while let Ok((agent, _)) = self.listener.accept() {
            self.close();
            self.connection = connect(agent, self.controller);
        }
        let now = clock::boot_micros();
        for way in [Way::Up, Way::Down] {
            self.take_in(now, way, tell);
        }
        while let Some((way, frame)) = self.pipes.take(now) {
            if let Some(connection) = &mut self.connection {
                connection.to(way).send(&frame);
            }
        }
        if let Some(connection) = &mut self.connection {
            // One that has said its last word is not cut off before that is handed on.
            let is_over = |way, from: &Stream| from.has_ended() && self.pipes.is_empty(way);
            connection.agent.flush();
            connection.controller.flush();
            if is_over(Way::Up, &connection.agent) || is_over(Way::Down, &connection.controller) {
                self.close();
            }
        }
    }

    fn take_in(&mut self, now: u64, way: Way, tell: &mut dyn FnMut(Way, &[u8], TcpFate)) {
        let mut frame = [0; FRAME as usize];
        let Some(connection) = &mut self.connection else { return };
        if connection.from(way).has_ended() {
            return;
        }
        connection.from(way).fill();
        while let Some(length) = connection.from(way).next_frame(&mut frame) {
            let frame = &frame[..length];
            let fate = self.pipes.offer(now, way, frame);
            tell(way, frame, fate);
            if let TcpFate::Cut(thousandths) = fate {
                connection.to(way).send_part(frame, length * usize::from(thousandths) / 1000);
                self.close();
                return;
            }
        }
    }

    fn close(&mut self) {
        self.connection = None;
        self.pipes.begin();
    }
}

impl Connection {
    fn from(&mut self, way: Way) -> &mut Stream {
        match way {
            Way::Up => &mut self.agent,
            Way::Down => &mut self.controller,
        }
    }

    fn to(&mut self, way: Way) -> &mut Stream {
        match way {
            Way::Up => &mut self.controller,
            Way::Down => &mut self.agent,
        }
    }
}

/// The other half of a connection; none when the controller is away, which ends the agent's half as well.
fn connect(agent: TcpStream, controller: SocketAddr) -> Option<Connection> {
    let controller = TcpStream::connect_timeout(&controller, CONNECT_WITHIN).ok()?;
    let stream = |socket: TcpStream| {
        socket.set_nonblocking(true).and_then(|()| socket.set_nodelay(true)).ok()?;
        Some(Stream::new(Box::new(socket), Framing::LengthPrefixed, FRAME))
    };
    Some(Connection { agent: stream(agent)?, controller: stream(controller)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAD: TcpFaults = TcpFaults { cut: 50, stall: 0.1, delay_least: 1_000, delay_most: 9_000 };

    /// Sends numbered frames, one each millisecond, each way in turn; gives what came out each way and the cuts.
    fn run(faults: TcpFaults, seed: u64, count: u32) -> ([Vec<u32>; 2], u64, Pipes) {
        let mut pipes = Pipes::new(faults, seed);
        let (mut out, mut cuts) = ([Vec::new(), Vec::new()], 0);
        for n in 0..u64::from(count) + 2_000 {
            let now = n * 1_000;
            if n < count.into() {
                let way = if n % 2 == 0 { Way::Up } else { Way::Down };
                if let TcpFate::Cut(_) = pipes.offer(now, way, &n.to_le_bytes()) {
                    cuts += 1;
                    pipes.begin();
                }
            }
            while let Some((way, frame)) = pipes.take(now) {
                out[way as usize].push(u32::from_le_bytes(*frame.first_chunk().unwrap()));
            }
        }
        (out, cuts, pipes)
    }

    #[test]
    fn frames_stay_in_order_and_cuts_and_stalls_are_counted() {
        let (out, cuts, pipes) = run(BAD, 3, 20_000);
        for (way, came) in [Way::Up, Way::Down].into_iter().zip(&out) {
            assert!(came.windows(2).all(|two| two[0] < two[1]), "{way:?} in order, each once");
            let counts = pipes.counts(way);
            assert_eq!((counts.delivered + counts.lost, counts.delivered), (counts.frames, came.len() as u64));
            assert!((700..1_300).contains(&counts.stalls), "{counts:?}");
        }
        assert!((300..500).contains(&cuts), "{cuts} cuts in 20,000 frames");
        assert_eq!(pipes.counts(Way::Up).cuts + pipes.counts(Way::Down).cuts, cuts);
        assert!(pipes.is_empty(Way::Up) && pipes.next_due().is_none());
    }

    #[test]
    fn the_same_seed_gives_the_same_and_without_faults_all_comes_through() {
        assert_eq!(run(BAD, 7, 2_000).0, run(BAD, 7, 2_000).0);
        assert_ne!(run(BAD, 7, 2_000).0, run(BAD, 8, 2_000).0);
        let (out, cuts, _) = run(TcpFaults { cut: 0, stall: 0.0, ..BAD }, 1, 1_000);
        assert_eq!((out[0].len(), out[1].len(), cuts), (500, 500, 0));
    }
}
