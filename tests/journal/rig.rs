//! An agent that keeps a journal, its disk, and a controller on a link that passes everything; no frame may tell of more than
//! is on the disk. What is done with them is left to the tests.

use std::collections::BTreeMap;
use std::time::Duration;

use taskwire::{
    Agent, AgentBuilder, AgentConfig, AgentEvent, Controller, ControllerConfig, ControllerEvent, Digest, Durability,
    Instant, PeerId, Position, RestoreError, Restored, TaskId, JOURNAL_OVERHEAD,
};

pub const PEER: PeerId = PeerId(1);

pub fn task(n: u8) -> TaskId {
    TaskId([n; 16])
}

pub fn config(epoch: u64) -> AgentConfig {
    let mut config = AgentConfig::new("edge", epoch).unwrap();
    config.durability = Durability::WriteAhead;
    config.limits.slots = 8;
    config.limits.log = 64;
    config.limits.finals = 4;
    (config.limits.metadata, config.limits.message, config.limits.result) = (64, 64, 64);
    config.limits.frame = 700;
    config
}

/// A file that keeps what was written up to the last sync, whatever happens.
#[derive(Clone, Default)]
pub struct Disk {
    pub bytes: Vec<u8>,
    pub synced: usize,
    pub key: u64,
    /// Where each checkpoint begins.
    pub checkpoints: Vec<usize>,
}

/// An agent, its disk, and a controller on a link that passes everything.
#[derive(Clone)]
pub struct Node {
    pub agent: Agent,
    pub disk: Disk,
    pub controller: Controller,
    pub now: Instant,
    /// Positions and digests that the agent's host has seen it reach, by revision.
    pub truth: BTreeMap<u64, (Position, Digest)>,
    pub verdicts: Vec<String>,
    pub told: u64,
}

impl Node {
    pub fn new(agent: Agent, controller: Controller) -> Node {
        let mut node = Node {
            agent,
            disk: Disk::default(),
            controller,
            now: Instant::from_micros(1_000),
            truth: BTreeMap::new(),
            verdicts: Vec::new(),
            told: 0,
        };
        node.note();
        node
    }

    pub fn fresh() -> Node {
        let controller = Controller::new(ControllerConfig::new("control").unwrap(), 2).unwrap();
        Node::new(Agent::new(config(1), 1).unwrap(), controller)
    }

    pub fn note(&mut self) {
        let table = self.agent.table();
        let position = table.position();
        let known = self.truth.insert(position.revision.0, (position, table.digest()));
        assert!(known.is_none_or(|(held, _)| held == position), "a revision was given twice");
    }

    /// Writes all records there are.
    pub fn write(&mut self) {
        let mut buffer = vec![0; 700 + JOURNAL_OVERHEAD];
        while let Some(written) = self.agent.poll_journal(&mut buffer).unwrap() {
            if written.begins_checkpoint {
                self.disk.checkpoints.push(self.disk.bytes.len());
            }
            assert!(self.disk.bytes.is_empty() || written.key == self.disk.key + 1);
            self.disk.bytes.extend_from_slice(&buffer[..written.length]);
            self.disk.key = written.key;
        }
    }

    pub fn sync(&mut self) {
        self.disk.synced = self.disk.bytes.len();
        self.agent.journal_confirmed(self.now, self.disk.key).unwrap();
    }

    /// Lets frames pass both ways until none is left; the controller's host commits. No frame tells of more than is confirmed.
    pub fn pass(&mut self) {
        let mut buffer = vec![0; 2_000];
        loop {
            let mut moved = false;
            while let Some(length) = self.agent.poll_transmit(self.now, &mut buffer).unwrap() {
                self.check_told(&buffer[..length]);
                let _ = self.controller.receive(self.now, PEER, &buffer[..length]);
                moved = true;
            }
            while let Some(event) = self.controller.poll_event() {
                match event {
                    ControllerEvent::CommitDue { node, position } => self.controller.commit(node, position).unwrap(),
                    ControllerEvent::Transition { .. } => self.told += 1,
                    _ => {}
                }
            }
            while let Some((_, length)) = self.controller.poll_transmit(self.now, &mut buffer).unwrap() {
                let _ = self.agent.receive(self.now, &buffer[..length]);
                moved = true;
            }
            while let Some(event) = self.agent.poll_event() {
                if let AgentEvent::SessionOpened { verdict, .. } = event {
                    self.verdicts.push(verdict.to_string());
                }
            }
            self.note();
            if !moved {
                return;
            }
        }
    }

    /// What a frame of the agent tells must be in the part of the journal that is synced.
    pub fn check_told(&self, frame: &[u8]) {
        use taskwire::wire::{decode, Body, Bounds};
        let stored = restored(&self.disk.bytes[..self.disk.synced], 1_000).unwrap().0;
        let tail = stored.table().position().revision;
        let told = match decode(frame, &Bounds::default()).unwrap().body {
            Body::Hello(hello) => hello.tail.revision,
            Body::Open(open) => open.reported.tip.revision,
            Body::Delta(delta) => delta.to(),
            Body::Heartbeat(heartbeat) => heartbeat.tip.revision,
            Body::Verdict(judged) => judged.judgement.tip.revision,
            Body::Snapshot(part) => part.base.revision,
            _ => return,
        };
        assert!(told <= tail, "a frame tells of revision {told}, and {tail} is stored");
    }

    pub fn wait(&mut self, time: Duration) {
        self.now = self.now.after(time);
        self.agent.handle_timeout(self.now);
        self.controller.handle_timeout(self.now);
    }

    /// Everything is written, synced, sent and committed.
    pub fn settle(&mut self) {
        for _ in 0..40 {
            self.write();
            self.sync();
            self.pass();
            self.wait(Duration::from_millis(500));
        }
        self.write();
        self.sync();
        assert!(self.agent.is_durable(), "{:?}", self.agent.sync_state());
        let id = self.controller.node("edge").unwrap();
        assert_eq!(self.controller.table(id).unwrap().digest(), self.agent.table().digest());
    }
}

pub fn restored(bytes: &[u8], epoch: u64) -> Result<(Agent, Restored), RestoreError> {
    let mut builder = AgentBuilder::new(config(epoch), epoch).unwrap();
    let mut rest = bytes;
    let mut step = 1;
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(step.min(rest.len()));
        builder = builder.replay(chunk)?;
        rest = after;
        step = step % 977 + 13;
    }
    builder.start()
}

/// Where each record begins.
pub fn starts(bytes: &[u8]) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        starts.push(at);
        at += u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    }
    starts
}
