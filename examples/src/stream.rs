//! Frames over one stream of bytes: a TCP connection or a serial line. Reads and writes without waiting; what the stream
//! does not take at once is written later. Which streams there are is left to
//! those that have them: the controller's `carriers` and the relay.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};

use taskwire::wire::{Deframer, Dropped, Framing};

/// Something that can be read, written and waited for.
pub trait Carrier: Read + Write + AsFd {}
impl<T: Read + Write + AsFd> Carrier for T {}

/// Bytes that wait for the stream to take them. A frame that finds no room is lost, as on any network: the core sends
/// again what matters, and later what has become stale.
const OUT: usize = 256 * 1024;
const READ_AT_ONCE: usize = 16 * 1024;

/// One stream.
pub struct Stream {
    carrier: Box<dyn Carrier>,
    framing: Framing,
    deframer: Deframer,
    /// What was read, and how much of it the framer has taken.
    input: Vec<u8>,
    taken: usize,
    out: Vec<u8>,
    ended: bool,
    lost: u64,
}

impl Stream {
    /// A stream that was opened and does not wait, for frames of at most `bound` bytes.
    pub fn new(carrier: Box<dyn Carrier>, framing: Framing, bound: u32) -> Stream {
        let deframer = Deframer::new(framing, bound);
        Stream { carrier, framing, deframer, input: Vec::new(), taken: 0, out: Vec::new(), ended: false, lost: 0 }
    }

    /// What to wait for: the stream, and whether for room to write as well.
    pub fn source(&self) -> (BorrowedFd<'_>, bool) {
        (self.carrier.as_fd(), !self.out.is_empty())
    }

    /// Whether the other side has ended it, or it has lost its place.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Noise so far.
    pub fn dropped(&self) -> Dropped {
        self.deframer.dropped()
    }

    /// Frames that found no room.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Takes a frame to send.
    pub fn send(&mut self, frame: &[u8]) {
        let at = self.out.len();
        let room = self.framing.room(frame.len());
        if at + room > OUT {
            self.lost += 1;
            return;
        }
        self.out.resize(at + room, 0);
        let length = self.framing.wrap(frame, &mut self.out[at..]).unwrap_or(0);
        self.out.truncate(at + length);
        self.flush();
    }

    /// Takes the first `bytes` of a frame to send, and nothing after it: what a connection that is cut has brought.
    pub fn send_part(&mut self, frame: &[u8], bytes: usize) {
        let mut wrapped = vec![0; self.framing.room(frame.len())];
        let length = self.framing.wrap(frame, &mut wrapped).unwrap_or(0);
        self.out.extend_from_slice(&wrapped[..length.min(bytes)]);
        self.flush();
        self.ended = true;
    }

    /// Writes what waits.
    pub fn flush(&mut self) {
        let mut done = 0;
        while done < self.out.len() && !self.ended {
            match self.carrier.write(&self.out[done..]) {
                Ok(0) => break,
                Ok(written) => done += written,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => self.ended = true,
            }
        }
        self.out.drain(..done);
    }

    /// Reads once; what came is there for `next_frame`. Call it when that has given all.
    pub fn fill(&mut self) {
        self.input.resize(READ_AT_ONCE, 0);
        self.taken = 0;
        let got = loop {
            match self.carrier.read(&mut self.input) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.ended |= has_ended(&got);
        self.input.truncate(got.unwrap_or(0));
    }

    /// Puts the next frame that came into `frame`, and gives its length.
    pub fn next_frame(&mut self, frame: &mut [u8]) -> Option<usize> {
        loop {
            match self.deframer.next_frame() {
                Ok(Some(found)) => {
                    if let Some(room) = frame.get_mut(..found.len()) {
                        room.copy_from_slice(found);
                        return Some(found.len());
                    }
                }
                Ok(None) if self.taken == self.input.len() => return None,
                Ok(None) => self.taken += self.deframer.push(&self.input[self.taken..]),
                Err(_) => {
                    self.ended = true;
                    return None;
                }
            }
        }
    }
}

fn has_ended(read: &io::Result<usize>) -> bool {
    match read {
        Ok(got) => *got == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    fn pair(framing: Framing) -> (Stream, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        theirs.set_nonblocking(true).unwrap();
        (Stream::new(Box::new(ours), framing, 1200), theirs)
    }

    #[test]
    fn frames_go_and_come_and_an_end_is_known() {
        for framing in Framing::ALL {
            let (mut one, theirs) = pair(framing);
            let mut other = Stream::new(Box::new(theirs), framing, 1200);
            let mut frame = [0; 1500];
            for length in [15, 1200] {
                one.send(&vec![3; length]);
            }
            other.fill();
            assert_eq!(other.next_frame(&mut frame), Some(15));
            assert_eq!(other.next_frame(&mut frame), Some(1200));
            assert_eq!((other.next_frame(&mut frame), other.has_ended()), (None, false));
            other.fill();
            assert!(!other.has_ended(), "nothing came, and nothing ended");
            drop(one);
            other.fill();
            assert!(other.has_ended());
        }
    }

    #[test]
    fn one_that_nobody_reads_is_bounded_and_goes_on_where_it_was() {
        let (mut stream, theirs) = pair(Framing::LengthPrefixed);
        for _ in 0..2000 {
            stream.send(&[7; 1000]);
        }
        assert!(stream.lost() > 0 && stream.out.len() <= OUT && !stream.has_ended());
        let sent = 2000 - stream.lost();
        let mut other = Stream::new(Box::new(theirs), Framing::LengthPrefixed, 1200);
        let (mut frame, mut came) = ([0; 1500], 0);
        while came < sent {
            other.fill();
            while let Some(length) = other.next_frame(&mut frame) {
                assert_eq!(frame[..length], [7; 1000], "frames stay whole");
                came += 1;
            }
            stream.flush();
        }
        assert!(stream.out.is_empty());
    }

    #[test]
    fn a_length_that_no_frame_has_ends_it_and_noise_on_a_line_does_not() {
        for (framing, ends) in [(Framing::LengthPrefixed, true), (Framing::Cobs, false)] {
            let (mut stream, mut theirs) = pair(framing);
            theirs.write_all(b"\xff\xff\xffnoise\0").unwrap();
            stream.fill();
            assert_eq!(stream.next_frame(&mut [0; 1500]), None);
            assert_eq!((stream.has_ended(), stream.dropped().pieces), (ends, u64::from(!ends)));
        }
    }
}
