//! Consistent overhead byte stuffing (Cheshire and Baker, 1999): a frame is written without zero bytes, so that a zero
//! byte always is a border. The bytes of a frame are cut before each zero and after each 254 bytes without one; each part
//! is written after one byte that says its length plus 1, and the zero is left out. What stands between two borders and is
//! no frame is dropped and counted, and the next border is a new beginning.

use alloc::vec::Vec;

use super::{Dropped, SHORTEST};

/// The border.
const ZERO: u8 = 0;
/// The most bytes that one part has.
pub const BLOCK: usize = 254;
/// The length byte of a part of [`BLOCK`] bytes: no zero was left out after it.
const FULL: u8 = 255;

/// Writes a frame to a buffer that has room for it, a border on both sides: the one before it keeps what the line invented
/// while it was quiet from being taken for the frame's beginning.
pub fn wrap(frame: &[u8], out: &mut [u8]) -> usize {
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        if let Some(room) = out.get_mut(at..at + bytes.len()) {
            room.copy_from_slice(bytes);
        }
        at += bytes.len();
    };
    put(&[ZERO]);
    let mut rest = frame;
    loop {
        let window = &rest[..rest.len().min(BLOCK)];
        let run = window.iter().position(|byte| *byte == ZERO);
        let part = &window[..run.unwrap_or(window.len())];
        // A part has at most 254 bytes.
        put(&[u8::try_from(part.len() + 1).unwrap_or(FULL)]);
        put(part);
        rest = &rest[part.len()..];
        if run.is_some() {
            rest = &rest[1..];
            // A zero at the very end is what the empty part after it stands for.
        } else if rest.is_empty() {
            break;
        }
    }
    put(&[ZERO]);
    at
}

/// See [`super::Deframer`].
#[derive(Clone, Debug)]
pub struct CobsCutter {
    bound: usize,
    /// The frame as far as it has come, without its stuffing.
    held: Vec<u8>,
    /// Bytes that came since the last border.
    came: u64,
    /// Bytes that the part under way still wants.
    wanted: usize,
    /// A zero was left out before the next part, if there is one.
    zero_left_out: bool,
    /// What came since the last border is longer than a frame may be.
    beyond: bool,
    state: State,
    dropped: Dropped,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Bytes are taken.
    Taking,
    /// A whole frame waits to be handed out.
    Whole,
    /// It was handed out, and goes with the next call.
    HandedOut,
}

impl CobsCutter {
    pub fn new(bound: usize) -> CobsCutter {
        CobsCutter {
            bound,
            held: Vec::new(),
            came: 0,
            wanted: 0,
            zero_left_out: false,
            beyond: false,
            state: State::Taking,
            dropped: Dropped::default(),
        }
    }

    pub fn push(&mut self, bytes: &[u8]) -> usize {
        self.let_go();
        let mut rest = bytes;
        while self.state == State::Taking && !rest.is_empty() {
            let border = rest.iter().position(|byte| *byte == ZERO);
            let (run, after) = rest.split_at(border.unwrap_or(rest.len()));
            self.take(run);
            rest = after;
            if border.is_some() {
                rest = &rest[1..];
                self.end();
            }
        }
        bytes.len() - rest.len()
    }

    pub fn next_frame(&mut self) -> Option<&[u8]> {
        if self.state == State::Whole {
            self.state = State::HandedOut;
            return Some(&self.held);
        }
        self.let_go();
        None
    }

    pub fn held(&self) -> usize {
        if self.state == State::HandedOut {
            0
        } else {
            self.held.len()
        }
    }

    pub fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// Begins anew after a frame that was handed out.
    fn let_go(&mut self) {
        if self.state == State::HandedOut {
            self.begin();
        }
    }

    fn begin(&mut self) {
        self.held.clear();
        self.came = 0;
        self.wanted = 0;
        self.zero_left_out = false;
        self.beyond = false;
        self.state = State::Taking;
    }

    /// Takes bytes without a border in them.
    fn take(&mut self, mut run: &[u8]) {
        self.came = self.came.saturating_add(run.len() as u64);
        while !self.beyond {
            if self.wanted > 0 {
                let (part, after) = run.split_at(self.wanted.min(run.len()));
                self.keep(part);
                self.wanted -= part.len();
                run = after;
            }
            let Some((length, after)) = run.split_first() else { return };
            if self.zero_left_out {
                self.keep(&[ZERO]);
            }
            self.wanted = usize::from(*length).saturating_sub(1);
            self.zero_left_out = *length != FULL;
            run = after;
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.held.len() + bytes.len() > self.bound {
            self.beyond = true;
            self.held.clear();
        } else {
            self.held.extend_from_slice(bytes);
        }
    }

    /// A border: what came before it is a frame, nothing, or noise.
    fn end(&mut self) {
        if !self.beyond && self.wanted == 0 && self.held.len() >= SHORTEST {
            self.state = State::Whole;
            return;
        }
        if self.came > 0 {
            self.dropped.pieces = self.dropped.pieces.saturating_add(1);
            self.dropped.bytes = self.dropped.bytes.saturating_add(self.came);
        }
        self.begin();
    }
}
