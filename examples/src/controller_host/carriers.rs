//! All ways to this controller at once: a UDP socket, TCP connections, serial lines. Each peer has a number of its own,
//! whatever it comes over. What a stream of bytes is, is left to `stream`; which address a datagram's number stands for,
//! to `peers`; what frames mean, to the core.

use std::collections::{BTreeMap, VecDeque};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use taskwire::wire::Framing;
use taskwire::PeerId;

use super::peers::Peers;
use super::serial;
use crate::stream::Stream;
use crate::{clock, sleep};

/// Datagrams taken before streams and everything else are looked after.
const DATAGRAMS_AT_ONCE: usize = 256;
/// Connections taken at once.
const ACCEPTS_AT_ONCE: usize = 64;
/// Addresses of datagrams that are known at a time.
const PEERS: usize = 65_536;
/// A connection that was silent for so long may be closed to make room for another, in microseconds.
const SILENT: u64 = 60_000_000;
/// A line that has ended is opened anew after so long, in microseconds.
const REOPEN: u64 = 1_000_000;
/// The longest frame that a stream may bring.
const FRAME: u32 = 65_507;
/// Numbers from here on stand for streams, those below for addresses.
const FIRST_STREAM: u64 = 1 << 63;

/// What to listen on.
pub struct Listening {
    /// For datagrams.
    pub udp: SocketAddr,
    /// For connections.
    pub tcp: Option<SocketAddr>,
    /// Serial lines.
    pub lines: Vec<PathBuf>,
    /// Their speed, bits a second.
    pub speed: u32,
    /// Connections at a time.
    pub connections: usize,
}

struct Connected {
    stream: Stream,
    heard_at: u64,
    /// Which line it is; a TCP connection is none.
    line: Option<usize>,
}

enum Ready {
    Datagrams(usize),
    Stream(u64),
}

/// All of them.
pub struct Carriers {
    listening: Listening,
    udp: UdpSocket,
    peers: Peers,
    listener: Option<TcpListener>,
    streams: BTreeMap<u64, Connected>,
    /// When each line may be opened anew; none while it is open.
    lines: Vec<Option<u64>>,
    next: u64,
    ready: VecDeque<Ready>,
    ended: Vec<PeerId>,
}

impl Carriers {
    /// Opens all that is to be listened on.
    pub fn open(listening: Listening) -> Result<Carriers> {
        let at = listening.udp;
        let udp = UdpSocket::bind(at).with_context(|| format!("listening on {at}"))?;
        udp.set_nonblocking(true)?;
        let listener = match listening.tcp {
            None => None,
            Some(at) => {
                let listener = TcpListener::bind(at).with_context(|| format!("listening on {at} for TCP"))?;
                listener.set_nonblocking(true)?;
                Some(listener)
            }
        };
        let mut carriers = Carriers {
            udp,
            peers: Peers::new(PEERS),
            listener,
            streams: BTreeMap::new(),
            lines: vec![None; listening.lines.len()],
            next: FIRST_STREAM,
            ready: VecDeque::new(),
            ended: Vec::new(),
            listening,
        };
        for line in 0..carriers.lines.len() {
            carriers.open_line(line)?;
        }
        Ok(carriers)
    }

    /// Where datagrams are taken.
    pub fn udp_address(&self) -> Result<SocketAddr> {
        Ok(self.udp.local_addr()?)
    }

    /// Where connections are taken, if they are.
    pub fn tcp_address(&self) -> Result<Option<SocketAddr>> {
        Ok(self.listener.as_ref().map(TcpListener::local_addr).transpose()?)
    }

    /// Sleeps until something has come, `stop` can be read, or it is time; then reads what has come, a bounded amount.
    pub fn wait(&mut self, stop: &dyn AsFd, longest: Duration) -> Result<()> {
        let now = clock::boot_micros();
        let due = self.lines.iter().flatten().map(|at| at.saturating_sub(now)).min();
        let longest = due.map_or(longest, |due| longest.min(Duration::from_micros(due)));
        let mut sources: Vec<(BorrowedFd<'_>, bool)> = vec![(stop.as_fd(), false), (self.udp.as_fd(), false)];
        sources.extend(self.listener.iter().map(|listener| (listener.as_fd(), false)));
        sources.extend(self.streams.values().map(|connected| connected.stream.source()));
        let ready = sleep::until_ready(&sources, longest)?;
        drop(sources);

        let now = clock::boot_micros();
        let of_streams = 2 + usize::from(self.listener.is_some());
        if ready[1] {
            self.ready.push_back(Ready::Datagrams(DATAGRAMS_AT_ONCE));
        }
        for ((number, connected), ready) in self.streams.iter_mut().zip(&ready[of_streams..]) {
            if *ready {
                connected.stream.flush();
                connected.stream.fill();
                self.ready.push_back(Ready::Stream(*number));
            }
        }
        if self.listener.is_some() && ready[2] {
            self.accept(now);
        }
        for line in 0..self.lines.len() {
            if self.lines[line].is_some_and(|at| at <= now) && self.open_line(line).is_err() {
                self.lines[line] = Some(now + REOPEN);
            }
        }
        Ok(())
    }

    /// The next frame of what [`Carriers::wait`] has read: whose, and its length in `frame`.
    pub fn receive(&mut self, frame: &mut [u8]) -> Option<(PeerId, usize)> {
        loop {
            match self.ready.front_mut()? {
                Ready::Datagrams(0) => {}
                Ready::Datagrams(left) => {
                    *left -= 1;
                    match self.udp.recv_from(frame) {
                        Ok((length, from)) => return Some((self.peers.heard(from), length)),
                        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                        Err(_) => continue, // an agent that is away: UDP says so with a later call
                    }
                }
                Ready::Stream(number) => {
                    let number = *number;
                    if let Some(connected) = self.streams.get_mut(&number) {
                        if let Some(length) = connected.stream.next_frame(frame) {
                            connected.heard_at = clock::boot_micros();
                            return Some((PeerId(number), length));
                        }
                        if connected.stream.has_ended() {
                            self.close(number);
                        }
                    }
                }
            }
            self.ready.pop_front();
        }
    }

    /// Sends a frame, if there still is a way to that peer. One that is not taken now is a lost one.
    pub fn send(&mut self, peer: PeerId, frame: &[u8]) {
        if let Some(connected) = self.streams.get_mut(&peer.0) {
            connected.stream.send(frame);
        } else if let Some(address) = self.peers.address(peer) {
            let _ = self.udp.send_to(frame, address);
        }
    }

    /// A peer whose connection has ended since the last call; its frames have all been taken.
    pub fn ended(&mut self) -> Option<PeerId> {
        self.ended.pop()
    }

    fn close(&mut self, number: u64) {
        if let Some(connected) = self.streams.remove(&number) {
            self.ended.push(PeerId(number));
            if let Some(line) = connected.line {
                self.lines[line] = Some(clock::boot_micros() + REOPEN);
            }
        }
    }

    fn add(&mut self, stream: Stream, line: Option<usize>) {
        let heard_at = clock::boot_micros();
        self.streams.insert(self.next, Connected { stream, heard_at, line });
        self.next += 1;
    }

    fn open_line(&mut self, line: usize) -> Result<()> {
        let opened = serial::open(&self.listening.lines[line], self.listening.speed)?;
        self.lines[line] = None;
        self.add(Stream::new(Box::new(opened), Framing::Cobs, FRAME), Some(line));
        Ok(())
    }

    fn accept(&mut self, now: u64) {
        for _ in 0..ACCEPTS_AT_ONCE {
            let Some(Ok((connection, _))) = self.listener.as_ref().map(TcpListener::accept) else { return };
            if self.streams.len() >= self.listening.connections.max(1) && !self.make_room(now) {
                continue; // it is closed at once: those that talk are not pushed out
            }
            // A frame is sent when the core says so: it has collected what goes together already.
            let set = connection.set_nonblocking(true).and_then(|()| connection.set_nodelay(true));
            if set.is_ok() {
                self.add(Stream::new(Box::new(connection), Framing::LengthPrefixed, FRAME), None);
            }
        }
    }

    /// Closes the connection that has been silent the longest, if that is long.
    fn make_room(&mut self, now: u64) -> bool {
        let connections = self.streams.iter().filter(|(_, connected)| connected.line.is_none());
        let Some((number, heard_at)) = connections.map(|(n, connected)| (*n, connected.heard_at)).min_by_key(|c| c.1)
        else {
            return false;
        };
        if now.saturating_sub(heard_at) < SILENT {
            return false;
        }
        self.close(number);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::os::unix::net::UnixStream;

    const SOON: Duration = Duration::from_secs(20);

    fn open(connections: usize, lines: Vec<PathBuf>) -> (Carriers, UnixStream, UnixStream) {
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        let listening = Listening { udp: any, tcp: Some(any), lines, speed: 115_200, connections };
        let (stop, stopper) = UnixStream::pair().unwrap();
        (Carriers::open(listening).unwrap(), stop, stopper)
    }

    fn next(carriers: &mut Carriers, stop: &UnixStream) -> (PeerId, Vec<u8>) {
        let mut frame = [0; 2000];
        loop {
            if let Some((peer, length)) = carriers.receive(&mut frame) {
                return (peer, frame[..length].to_vec());
            }
            carriers.wait(stop, SOON).unwrap();
        }
    }

    fn by_length(frame: &[u8]) -> Vec<u8> {
        let mut out = vec![0; frame.len() + 2];
        Framing::LengthPrefixed.wrap(frame, &mut out).unwrap();
        out
    }

    #[test]
    fn datagrams_connections_and_lines_are_served_at_once() {
        let (mut cable, line) = serial::pseudo_terminal().unwrap();
        let (mut carriers, stop, _stopper) = open(4, vec![line]);
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        udp.connect(carriers.udp_address().unwrap()).unwrap();
        let mut tcp = TcpStream::connect(carriers.tcp_address().unwrap().unwrap()).unwrap();
        let mut wrapped = [0; 40];
        let length = Framing::Cobs.wrap(&[3; 20], &mut wrapped).unwrap();

        udp.send(&[1; 20]).unwrap();
        tcp.write_all(&by_length(&[2; 20])).unwrap();
        cable.write_all(b"noise").unwrap();
        cable.write_all(&wrapped[..length]).unwrap();
        let mut came: Vec<_> = (0..3).map(|_| next(&mut carriers, &stop)).collect();
        came.sort_by(|a, b| a.1.cmp(&b.1));
        assert_eq!([1, 2, 3].map(|n: u8| vec![n; 20]), [&came[0].1, &came[1].1, &came[2].1].map(Clone::clone));

        for (peer, frame) in &came {
            carriers.send(*peer, &[frame[0] + 10; 30]);
        }
        let mut got = [0; 64];
        assert_eq!((udp.recv(&mut got).unwrap(), got[0]), (30, 11));
        tcp.read_exact(&mut got[..32]).unwrap();
        assert_eq!(got[..3], [30, 0, 12]);
        serial::read_all(&mut cable, &mut got[..33]);
        assert_eq!(got[..4], [0, 31, 13, 13]);

        let peer = came[1].0;
        drop(tcp);
        while carriers.ended.is_empty() {
            carriers.wait(&stop, SOON).unwrap();
            assert_eq!(carriers.receive(&mut got), None);
        }
        assert_eq!((carriers.ended(), carriers.ended()), (Some(peer), None));
        carriers.send(peer, &[1; 20]); // nobody is there: it is lost
    }

    #[test]
    fn connections_are_bounded_and_those_that_talk_stay() {
        let (mut carriers, stop, _stopper) = open(1, Vec::new());
        let address = carriers.tcp_address().unwrap().unwrap();
        let mut first = TcpStream::connect(address).unwrap();
        first.write_all(&by_length(&[1; 15])).unwrap();
        let (peer, _) = next(&mut carriers, &stop);
        let mut second = TcpStream::connect(address).unwrap();
        carriers.wait(&stop, SOON).unwrap();
        assert_eq!(second.read(&mut [0; 8]).unwrap_or(0), 0, "it is closed");
        carriers.streams.get_mut(&peer.0).unwrap().heard_at = 0;
        assert!(carriers.make_room(SILENT) && !carriers.make_room(SILENT));
        assert_eq!((carriers.ended(), first.read(&mut [0; 8]).unwrap_or(0)), (Some(peer), 0));
    }
}
