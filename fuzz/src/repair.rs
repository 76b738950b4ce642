//! A repair with a side that lies: an agent that is given cells that nobody made, and a controller that is asked for cells without
//! end. The agent tells its whole state in the end, the controller gives no more than its bound.

use taskwire::wire::{
    decode, encode, Ask, Body, Bounds, Cells, Header, Kind, Sketch, StreamNumber, Symptom, CELL_BYTES,
};
use taskwire::{
    Agent, AgentConfig, Controller, ControllerConfig, FrameNumber, Instant, Limits, PeerId, Position, Revision, Tag,
};

use super::script::{host_call, Script};

/// Cells that a controller may give beside one for each slot (PROTOCOL.md, 10.10), in frames of at least one cell.
const MOST_ANSWERS: usize = 8 + 4_096;

struct Pair {
    agent: Agent,
    controller: Controller,
    micros: u64,
    /// Numbers that neither side has used.
    number: u64,
}

/// Reads `bytes` as a script of what the lying side says.
///
/// # Panics
/// When a repair does not end, or an answer is longer than its bound.
pub fn run(bytes: &[u8]) {
    let mut script = Script(bytes);
    let Some(mut pair) = Pair::open(&mut script) else { return };
    if script.below(2) == 0 {
        pair.lie_to_agent(&mut script);
    } else {
        pair.lie_to_controller(&mut script);
    }
}

impl Pair {
    /// A session that is open, after some calls of the agent's host.
    fn open(script: &mut Script<'_>) -> Option<Pair> {
        let mut config = AgentConfig::new("edge", 10).expect("a good name");
        config.limits =
            Limits { slots: 8, log: 64, finals: 4, frame: 512, metadata: 64, message: 64, result: 64, value: 0 };
        config.pace.sketch_from = 0;
        let mut pair = Pair {
            agent: Agent::new(config, 3).expect("good settings"),
            controller: Controller::new(ControllerConfig::new("control").expect("a name"), 4).expect("good settings"),
            micros: 1_000_000,
            number: 1 << 40,
        };
        for _ in 0..6 {
            pair.exchange();
            let now = pair.now();
            host_call(script, &mut pair.agent, now);
        }
        pair.exchange();
        pair.agent.session()?;
        Some(pair)
    }

    fn now(&self) -> Instant {
        Instant::from_micros(self.micros)
    }

    /// All that can be said is, and the host of the controller commits.
    fn exchange(&mut self) {
        let mut buffer = vec![0; 2_000];
        for _ in 0..40 {
            self.micros += 20_000;
            let now = self.now();
            self.agent.handle_timeout(now);
            self.controller.handle_timeout(now);
            while let Ok(Some(length)) = self.agent.poll_transmit(now, &mut buffer) {
                let _ = self.controller.receive(now, PeerId(1), &buffer[..length]);
            }
            while let Some(event) = self.controller.poll_event() {
                if let taskwire::ControllerEvent::CommitDue { node, position } = event {
                    let _ = self.controller.commit(node, position);
                }
            }
            while let Ok(Some((_, length))) = self.controller.poll_transmit(now, &mut buffer) {
                let _ = self.agent.receive(now, &buffer[..length]);
            }
            while self.agent.poll_event().is_some() {}
        }
    }

    /// A frame of the session with a number that is new.
    fn frame(&mut self, body: Body) -> Vec<u8> {
        self.number += 1;
        let session = self.agent.session().unwrap_or(taskwire::SessionId::NONE);
        let header = Header { kind: body.kind(), session, number: FrameNumber(self.number) };
        let mut out = vec![0; 65_507];
        let length = encode(header, &body, &mut out).expect("it fits");
        out.truncate(length);
        out
    }

    fn lie_to_agent(&mut self, script: &mut Script<'_>) {
        let base = self.agent.base();
        let position = self.agent.table().position();
        let ask = Ask { stream: StreamNumber::Reported, ask: 1, position, symptom: Symptom::Digest };
        let question = self.frame(Body::Ask(ask));
        let now = self.now();
        let _ = self.agent.receive(now, &question);
        let (mut told, mut next) = (false, 0);
        let mut buffer = vec![0; 2_000];
        for _ in 0..400 {
            self.micros += 50_000;
            let now = self.now();
            self.agent.handle_timeout(now);
            while let Ok(Some(length)) = self.agent.poll_transmit(now, &mut buffer) {
                let frame = decode(&buffer[..length], &Bounds::default()).expect("an agent's frame is sound");
                match frame.body {
                    Body::Sketch(Sketch { cells: Cells::Wanted { first, .. }, .. }) => next = first,
                    Body::Snapshot(_) => told = true,
                    _ => {}
                }
            }
            while self.agent.poll_event().is_some() {}
            if script.0.is_empty() {
                continue;
            }
            let bytes = cells(script);
            let first = if script.below(4) == 0 { script.below(2_000) as u32 } else { next };
            let base = if script.below(8) == 0 { Position { revision: Revision(1), tag: Tag(9) } } else { base };
            let sketch = Sketch { stream: StreamNumber::Reported, base, cells: Cells::Given { first, bytes } };
            let frame = self.frame(Body::Sketch(sketch));
            let _ = self.agent.receive(now, &frame);
        }
        let open = self.agent.phase() == taskwire::Phase::Open;
        assert!(told || !open || position.revision == Revision::ZERO, "20 s, and nothing of the state was told");
    }

    fn lie_to_controller(&mut self, script: &mut Script<'_>) {
        let mut buffer = vec![0; 2_000];
        while !script.0.is_empty() {
            let (first, count) = (script.below(1 << 15) as u32, 1 + script.below(1 << 15) as u32);
            let base = self.agent.base();
            let sketch = Sketch { stream: StreamNumber::Reported, base, cells: Cells::Wanted { first, count } };
            let frame = self.frame(Body::Sketch(sketch));
            self.micros += 1_000;
            let now = self.now();
            let _ = self.controller.receive(now, PeerId(1), &frame);
            let mut answers = 0;
            while let Ok(Some((_, length))) = self.controller.poll_transmit(now, &mut buffer) {
                answers += usize::from(buffer[1] == Kind::Sketch as u8);
                assert!(answers <= MOST_ANSWERS && length <= 512, "{answers} answers to one question");
            }
            while self.controller.poll_event().is_some() {}
        }
    }
}

/// Cells: all alike, of one byte each, or as the script has them.
fn cells(script: &mut Script<'_>) -> Vec<u8> {
    let count = 1 + script.below(40);
    match script.below(3) {
        0 => vec![script.any(); count * CELL_BYTES],
        1 => (0..count * CELL_BYTES).map(|at| if at % CELL_BYTES == 0 { script.any() } else { 0 }).collect(),
        _ => (0..count * CELL_BYTES).map(|_| script.any()).collect(),
    }
}
