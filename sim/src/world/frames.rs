//! Frames: decoded when they are sent, put on their link, carried, and handed over. What they must be is checked in
//! `invariants::frames`.

use std::rc::Rc;

use taskwire::wire::{self, Answered, Body, Bounds, Fenced, Frame, Header, Kind};
use taskwire::{FrameNumber, PeerId, SessionId};

use super::host::{Arrival, Sent};
use super::{Event, World};
use crate::invariants::{fail, Check, Invariant, Moment};
use crate::link::{Delivery, Harm};

/// Frames kept for replays.
const ARCHIVE: usize = 64;

/// Places in [`crate::summary::FRAME_FAULTS`].
mod place {
    pub const LOST: usize = 0;
    pub const BLOCKED: usize = 1;
    pub const REPEATED: usize = 2;
    pub const CORRUPTED: usize = 3;
    pub const TRUNCATED: usize = 4;
    pub const OVERTAKEN: usize = 5;
}

impl World {
    /// Decodes a frame that one side has just sent.
    fn decoded(&self, bytes: &[u8], epoch: taskwire::Epoch, who: &str) -> Check<Frame> {
        let bounds = Bounds { session_epoch: epoch, ..Bounds::default() };
        match wire::decode(bytes, &bounds) {
            Ok(frame) => Ok(frame),
            Err(error) => fail(Invariant::WithinBounds, format!("{who} sent what does not decode: {error}")),
        }
    }

    fn sent(&mut self, process: usize, term: u64, frame: Frame, bytes: Rc<[u8]>) -> Rc<Sent> {
        let up = term == 0;
        let meant = if up { self.meaning(process, &frame) } else { Vec::new() };
        self.frames += 1;
        self.counts.frames += 1;
        if self.quiet && !matches!(frame.body, Body::Heartbeat(_) | Body::Ack(_)) {
            self.busy_frames += 1;
        }
        let epoch = self.agents[process].agent.epoch();
        Rc::new(Sent { id: self.frames, process, up, term, epoch, at: self.now, frame, bytes, meant })
    }

    /// An agent has sent a frame.
    pub(crate) fn frame_from_agent(&mut self, p: usize, bytes: Rc<[u8]>) -> Check {
        self.trace.mix_bytes(&bytes);
        let epoch = self.agents[p].agent.epoch();
        let frame = self.decoded(&bytes, epoch, "an agent")?;
        self.trace.line(self.now, || format!("p{p} > {}{frame}", session_text(&frame)));
        let sent = self.sent(p, 0, frame, bytes);
        self.check_frame_of_agent(p, &sent)?;
        self.keep(&sent);
        let mut out = Vec::new();
        let fate = self.agents[p].up.offer(self.now, &sent.bytes, &mut self.rng, &mut out);
        self.note_fate(&sent, fate);
        let from = self.agents[p].peer;
        for delivery in out {
            let (at, arrival) = self.arrival(&sent, delivery, from);
            if self.goes_astray() {
                self.schedule(at, Event::ToDeposed(arrival));
            } else {
                self.flying.entry(sent.id).or_insert((sent.clone(), 0)).1 += 1;
                self.schedule(at, Event::ToController(arrival));
            }
        }
        Ok(())
    }

    /// The controller has sent a frame to a peer.
    pub(crate) fn frame_from_controller(&mut self, peer: PeerId, bytes: Rc<[u8]>) -> Check {
        self.trace.mix_bytes(&bytes);
        let frame = self.decoded(&bytes, taskwire::Epoch(0), "the controller")?;
        self.trace.line(self.now, || format!("controller to {peer} < {}{frame}", session_text(&frame)));
        let Some(p) = self.process_at(peer) else { return Ok(()) };
        let sent = self.sent(p, self.host.term, frame, bytes);
        self.check_frame_of_controller(p, &sent)?;
        self.send_down(p, sent);
        Ok(())
    }

    /// The controller that was deposed has sent a frame to a peer.
    pub(crate) fn frame_of_deposed(&mut self, peer: PeerId, bytes: Rc<[u8]>, term: u64) -> Check {
        self.trace.mix_bytes(&bytes);
        let frame = self.decoded(&bytes, taskwire::Epoch(0), "the deposed controller")?;
        self.trace.line(self.now, || format!("deposed to {peer} < {}{frame}", session_text(&frame)));
        let Some(p) = self.process_at(peer) else { return Ok(()) };
        let sent = self.sent(p, term, frame, bytes);
        self.agents[p].shadow.idle_excuse += 1;
        self.send_down(p, sent);
        Ok(())
    }

    /// Who listens at an address; nobody does where noise came from.
    fn process_at(&self, peer: PeerId) -> Option<usize> {
        let living = self.agents.iter().rposition(|a| a.peer == peer && a.alive);
        living.or_else(|| self.agents.iter().rposition(|a| a.peer == peer))
    }

    fn send_down(&mut self, p: usize, sent: Rc<Sent>) {
        self.keep(&sent);
        let mut out = Vec::new();
        let fate = self.agents[p].down.offer(self.now, &sent.bytes, &mut self.rng, &mut out);
        self.note_fate(&sent, fate);
        for delivery in out {
            let arrival = self.arrival(&sent, delivery, PeerId(0));
            self.schedule(arrival.0, Event::ToAgent(p, arrival.1));
        }
    }

    fn arrival(&mut self, sent: &Rc<Sent>, delivery: Delivery, from: PeerId) -> (u64, Arrival) {
        let Delivery { at, bytes, harm, copy } = delivery;
        match harm {
            Harm::None => {}
            Harm::Corrupted => self.counts.frame_faults[place::CORRUPTED].0 += 1,
            Harm::Truncated => self.counts.frame_faults[place::TRUNCATED].0 += 1,
        }
        (at, Arrival { sent: Some(sent.clone()), bytes, harm, again: copy > 0, from })
    }

    fn note_fate(&mut self, sent: &Rc<Sent>, fate: crate::link::Fate) {
        let counts = &mut self.counts.frame_faults;
        // A lost heartbeat or acknowledgement is made up for by the next; the loss of anything else has to be repaired.
        let matters = !matches!(sent.frame.body, Body::Heartbeat(_) | Body::Ack(_));
        if fate.lost {
            counts[place::LOST] = (counts[place::LOST].0 + 1, counts[place::LOST].1 + u64::from(matters));
        }
        if fate.blocked {
            counts[place::BLOCKED] = (counts[place::BLOCKED].0 + 1, counts[place::BLOCKED].1 + u64::from(matters));
        }
        counts[place::REPEATED].0 += u64::from(fate.repeats);
        counts[place::OVERTAKEN].0 += u64::from(fate.straggled);
    }

    fn keep(&mut self, sent: &Rc<Sent>) {
        if self.archive.len() < ARCHIVE {
            self.archive.push(sent.clone());
        } else if self.rng.below(8) == 0 {
            let index = self.rng.index(ARCHIVE);
            self.archive[index] = sent.clone();
        }
    }

    /// A frame of the past arrives once more.
    pub(crate) fn replay(&mut self) -> bool {
        if self.archive.is_empty() {
            return false;
        }
        let sent = self.archive[self.rng.index(self.archive.len())].clone();
        let from = self.agents[sent.process].peer;
        let arrival =
            Arrival { bytes: sent.bytes.clone(), harm: Harm::None, again: true, from, sent: Some(sent.clone()) };
        let event = if sent.up {
            self.flying.entry(sent.id).or_insert((sent.clone(), 0)).1 += 1;
            Event::ToController(arrival)
        } else {
            let peer = self.agents[sent.process].peer;
            let now_there = self.agents.iter().rposition(|a| a.peer == peer).unwrap_or(sent.process);
            Event::ToAgent(now_there, arrival)
        };
        self.schedule(self.now, event);
        true
    }

    /// The newest frame of an agent arrives once more, as if another peer had sent it.
    pub(crate) fn misroute(&mut self) -> bool {
        let up: Vec<Rc<Sent>> = self.archive.iter().filter(|s| s.up).cloned().collect();
        if up.is_empty() || self.agents.len() < 2 {
            return false;
        }
        let sent = up[self.rng.index(up.len())].clone();
        let from = self.agents[self.rng.index(self.agents.len())].peer;
        self.flying.entry(sent.id).or_insert((sent.clone(), 0)).1 += 1;
        let arrival = Arrival { bytes: sent.bytes.clone(), harm: Harm::None, again: true, from, sent: Some(sent) };
        self.schedule(self.now, Event::ToController(arrival));
        true
    }

    /// A FENCED arrives that is well formed and answers what the agent said last, and names an epoch that fences nobody.
    pub(crate) fn forge_fenced(&mut self, p: usize) -> Check {
        let process = &self.agents[p];
        let Some((nonce, counter)) = process.shadow.hello else { return Ok(()) };
        let epoch = process.agent.epoch().0;
        let seen = epoch.saturating_sub(self.rng.range(0, 1));
        let answered = match process.agent.session() {
            Some(session) => Answered::Session(session),
            None => Answered::Hello(nonce, counter),
        };
        let header = Header { kind: Kind::Fenced, session: SessionId::NONE, number: FrameNumber(1 << 40) };
        let body = Body::Fenced(Fenced { answered, seen, twin: false });
        let mut buffer = [0u8; 512];
        let Ok(length) = wire::encode(header, &body, &mut buffer) else { return Ok(()) };
        let bytes: Rc<[u8]> = buffer[..length].into();
        let sent = Rc::new(Sent {
            id: 0,
            process: p,
            up: false,
            term: 0,
            epoch: self.agents[p].agent.epoch(),
            at: self.now,
            frame: Frame { header, body },
            bytes: bytes.clone(),
            meant: Vec::new(),
        });
        let arrival = Arrival { sent: Some(sent), bytes, harm: Harm::None, again: true, from: PeerId(0) };
        self.schedule(self.now, Event::ToAgent(p, arrival));
        Ok(())
    }

    /// Bytes that nobody sent arrive somewhere: random ones, or the beginning of a frame and then random ones.
    pub(crate) fn noise(&mut self) {
        let mut bytes: Vec<u8> = (0..self.rng.magnitude(1, 200)).map(|_| self.rng.draw() as u8).collect();
        if let Some(sent) = self.archive.last() {
            if self.rng.below(2) == 0 {
                let keep = self.rng.index(sent.bytes.len().min(40)).min(bytes.len());
                bytes[..keep].copy_from_slice(&sent.bytes[..keep]);
            }
        }
        let arrival = Arrival {
            sent: None,
            bytes: bytes.into(),
            harm: Harm::Corrupted,
            again: true,
            from: PeerId(self.rng.below(5_000)),
        };
        let event = if self.rng.below(2) == 0 || self.agents.is_empty() {
            Event::ToController(arrival)
        } else {
            Event::ToAgent(self.rng.index(self.agents.len()), arrival)
        };
        self.schedule(self.now, event);
    }

    /// A frame reaches an agent's host.
    pub(crate) fn frame_to_agent(&mut self, p: usize, arrival: Arrival) -> Check {
        if !self.agents[p].alive {
            return Ok(());
        }
        if !self.is_up(p) {
            if self.agents[p].inbox.len() < 64 {
                self.agents[p].inbox.push(arrival);
            }
            return Ok(());
        }
        self.hand_to_agent(p, arrival)?;
        self.drain_agent(p)
    }

    /// An agent hears a frame.
    pub(crate) fn hand_to_agent(&mut self, p: usize, arrival: Arrival) -> Check {
        let now = self.local(p);
        self.trace.mix_bytes(&arrival.bytes);
        self.trace.line(self.now, || format!("p{p} < {}", told(&arrival)));
        self.before_agent_call(p, now);
        let before = self.before_agent_frame(p, &arrival);
        let result = self.agents[p].agent.receive(now, &arrival.bytes);
        self.trace.mix(&[u64::from(result.is_ok())]);
        if let Err(error) = &result {
            self.trace.line(self.now, || format!("p{p}: {error}"));
        }
        self.after_agent_frame(p, &arrival, before, result.is_ok())?;
        self.agent_called(p, now)
    }

    /// A frame reaches the controller's host.
    pub(crate) fn frame_to_controller(&mut self, arrival: Arrival) -> Check {
        if let Some(sent) = &arrival.sent {
            if let Some(entry) = self.flying.get_mut(&sent.id) {
                entry.1 -= 1;
                if entry.1 == 0 {
                    self.flying.remove(&sent.id);
                }
            }
        }
        if self.host.suspended_until > self.now {
            if self.host.inbox.len() < 256 {
                self.host.inbox.push(arrival);
            }
            return Ok(());
        }
        self.hand_to_controller(arrival)?;
        self.drain_controller()
    }

    /// The controller hears a frame.
    pub(crate) fn hand_to_controller(&mut self, arrival: Arrival) -> Check {
        let now = self.controller_local();
        self.trace.mix_bytes(&arrival.bytes);
        self.trace.line(self.now, || format!("controller hears from {}: {}", arrival.from, told(&arrival)));
        self.before_controller_call(now);
        let before = self.before_controller_frame(&arrival)?;
        let compared = self.compared();
        let result = self.host.controller.receive(now, arrival.from, &arrival.bytes);
        self.trace.mix(&[u64::from(result.is_ok())]);
        if let Err(error) = &result {
            self.trace.line(self.now, || format!("controller: {error}"));
        }
        self.after_controller_frame(&arrival, before, result.is_ok())?;
        let touched = arrival.sent.as_ref().map(|sent| self.agents[sent.process].node);
        if let Some(n) = touched {
            self.check_altered(n, compared)?;
        }
        self.controller_called(now, touched)
    }

    /// Counts what harmed frames and repeats have changed: one that was refused, or heard as a repeat.
    pub(crate) fn note_harm(&mut self, arrival: &Arrival) {
        match arrival.harm {
            Harm::Corrupted => self.counts.frame_faults[place::CORRUPTED].1 += 1,
            Harm::Truncated => self.counts.frame_faults[place::TRUNCATED].1 += 1,
            Harm::None if arrival.again => self.counts.frame_faults[place::REPEATED].1 += 1,
            Harm::None => {}
        }
    }

    /// Notes moments that a frame's coming makes.
    pub(crate) fn note_arrival(&mut self, sent: &Sent, current: SessionId, again: bool) {
        let session = sent.session();
        if session != SessionId::NONE && session != current && current != SessionId::NONE {
            self.tally.moment(Moment::FormerSessionFrame);
        }
        match sent.frame.body {
            Body::Hello(_) if again => self.tally.moment(Moment::HelloTwice),
            Body::Fenced(_) if self.now > sent.at + 1_000_000 || again => self.tally.moment(Moment::FencedLate),
            _ => {}
        }
    }

    /// Notes that a frame overtook another.
    pub(crate) fn note_overtaking(&mut self) {
        self.counts.frame_faults[place::OVERTAKEN].1 += 1;
    }
}

/// The first digits of a frame's session, if it is of one.
fn session_text(frame: &Frame) -> String {
    match frame.header.session {
        SessionId::NONE => String::new(),
        session => format!("[{}] ", &session.to_string()[..6]),
    }
}

fn told(arrival: &Arrival) -> String {
    let again = if arrival.again { " (again)" } else { "" };
    match (&arrival.sent, arrival.harm) {
        (Some(sent), Harm::None) => format!("{}{}{again}", session_text(&sent.frame), sent.frame),
        (Some(sent), harm) => format!("{harm:?} {}{again}", sent.frame.header.kind),
        (None, _) => format!("{} bytes of noise", arrival.bytes.len()),
    }
}
