//! Bytes as a script, and what a spoiler may do to a frame. What a script means is left to the targets.

use taskwire::wire::{crc32c, Kind};
use taskwire::{Exit, Instant, Reason, SessionId, TaskId};

/// Bytes that are read one after another.
pub struct Script<'a>(pub &'a [u8]);

impl<'a> Script<'a> {
    /// The next byte, if there is one.
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// The next byte, 0 at the end.
    pub fn any(&mut self) -> u8 {
        self.byte().unwrap_or(0)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        let number = usize::from(self.any());
        if bound > 256 {
            (number << 8 | usize::from(self.any())) % bound
        } else {
            number % bound.max(1)
        }
    }

    /// One of the choices.
    pub fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// A length and so many bytes, as far as there are any.
    pub fn chunk(&mut self) -> &'a [u8] {
        let length = usize::from(self.any()) * 2;
        let (chunk, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        chunk
    }
}

/// The frame with a checksum that is right.
pub fn seal(frame: &mut [u8]) {
    if let Some((covered, checksum)) = frame.split_last_chunk_mut::<4>() {
        *checksum = crc32c(covered).to_le_bytes();
    }
}

/// Alters a frame as the script says; says whether the checksum was made right again.
pub fn spoil(script: &mut Script<'_>, frame: &mut Vec<u8>) -> bool {
    let how = script.any();
    match how & 3 {
        0 => {
            for _ in 0..=how >> 4 & 3 {
                let at = script.below(frame.len());
                let by = script.any().max(1);
                if let Some(byte) = frame.get_mut(at) {
                    *byte ^= by;
                }
            }
        }
        1 => {
            let keep = script.below(frame.len() + 1);
            frame.truncate(keep);
        }
        2 => {
            let at = script.below(frame.len() + 1);
            let more = script.chunk();
            let tail = frame.split_off(at.min(frame.len()));
            frame.extend_from_slice(more);
            frame.extend_from_slice(&tail);
        }
        _ => {
            let (at, length) = (script.below(frame.len() + 1), script.below(16));
            let at = at.min(frame.len());
            frame.drain(at..(at + length).min(frame.len()));
        }
    }
    let right = how & 0x80 != 0;
    if right {
        seal(frame);
    }
    right
}

/// A frame of a kind and session with any body: the script writes what a stranger would.
pub fn forge(script: &mut Script<'_>, session: SessionId, number: u8) -> Vec<u8> {
    const KINDS: [Kind; 15] = [
        Kind::Hello,
        Kind::Welcome,
        Kind::Open,
        Kind::Delta,
        Kind::Ack,
        Kind::Heartbeat,
        Kind::Snapshot,
        Kind::Sketch,
        Kind::Ask,
        Kind::Verdict,
        Kind::Fenced,
        Kind::Refused,
        Kind::NoSession,
        Kind::Goodbye,
        Kind::Delta,
    ];
    let kind = script.of(&KINDS);
    let mut frame = vec![1, kind as u8];
    frame.extend_from_slice(&session.0.to_le_bytes());
    frame.push(number & 0x7f);
    frame.extend_from_slice(script.chunk());
    frame.extend_from_slice(&[0; 4]);
    seal(&mut frame);
    frame
}

/// The task of a number.
pub fn task(number: usize) -> TaskId {
    TaskId([number as u8; 16])
}

/// What the agent's host says next, of few tasks, so that much of it is legal and much is not.
pub fn host_call(script: &mut Script<'_>, agent: &mut taskwire::Agent, now: Instant) {
    let (call, id) = (script.below(9), task(script.below(6)));
    let text = [b'x'; 300];
    let _ = match call {
        0 => agent.register(now, id, &text[..script.below(20)]).map(|_| ()),
        1 => agent.running(now, id).map(|_| ()),
        2 => agent.succeeded(now, id, Exit::Code(0)).map(|_| ()),
        3 => agent.failed(now, id, Reason::EXIT_CODE, Exit::Code(script.any().into())).map(|_| ()),
        4 => agent.cancelled(now, id, Reason::CANCELLED_BY_HOST).map(|_| ()),
        5 => agent.retry(now, id).map(|_| ()),
        6 => agent.progress(now, id, script.any()),
        7 => agent.detail(now, id, Some(script.any() % 101), &text[..script.below(300)]),
        _ => agent.forget(now, id),
    };
}
