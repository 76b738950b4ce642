//! A controller that keeps a store, its disk, and agents on links that pass everything. What is done with them is left to the
//! tests.

use std::collections::BTreeMap;
use std::time::Duration;

use taskwire::wire::Verdict;
use taskwire::{
    Agent, AgentConfig, AgentEvent, Controller, ControllerBuilder, ControllerConfig, ControllerEvent, Digest,
    Durability, Instant, NodeId, PeerId, Position, RestoreError, RestoredStore, State, TaskId, STORE_RECORD,
};

pub fn task(n: u8) -> TaskId {
    TaskId([n; 16])
}

pub fn config(term: u64) -> ControllerConfig {
    let mut config = ControllerConfig::new("control").unwrap().term(term);
    config.durability = Durability::WriteAhead;
    config.finals_per_node = 8;
    config
}

pub fn agent_config(n: usize, epoch: u64) -> AgentConfig {
    let mut config = AgentConfig::new(&format!("edge-{n}"), epoch).unwrap();
    config.limits.value = 1 << 17;
    config
}

pub fn restored(bytes: &[u8], term: u64) -> Result<(Controller, RestoredStore), RestoreError> {
    restored_at(bytes, term, Instant::from_micros(1))
}

pub fn restored_at(bytes: &[u8], term: u64, now: Instant) -> Result<(Controller, RestoredStore), RestoreError> {
    let mut builder = ControllerBuilder::new(config(term), term).unwrap();
    let (mut rest, mut step) = (bytes, 1);
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(step.min(rest.len()));
        builder = builder.replay(chunk)?;
        rest = after;
        step = step % 9_770 + 1_300;
    }
    builder.start(now)
}

/// Where each record begins.
pub fn record_starts(bytes: &[u8]) -> Vec<usize> {
    let (mut starts, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        starts.push(at);
        at += u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    }
    starts
}

/// A controller, its disk, and agents.
pub struct Fleet {
    pub agents: Vec<Agent>,
    pub controller: Controller,
    pub term: u64,
    /// What is written, and how much of it is confirmed.
    pub disk: Vec<u8>,
    pub synced: usize,
    pub key: u64,
    pub now: Instant,
    /// Whether nothing is written, and whether no event is polled.
    pub hold_store: bool,
    pub deaf: bool,
    /// Digests by node and position, as the agents reached them.
    pub truth: BTreeMap<(String, Position), Digest>,
    pub verdicts: Vec<Verdict>,
    pub lost: Vec<NodeId>,
    pub told: u64,
    /// The revision up to which the host has heard each node, which must rise by one.
    pub heard: BTreeMap<NodeId, u64>,
}

impl Fleet {
    pub fn new(nodes: usize) -> Fleet {
        Fleet {
            agents: (0..nodes).map(|n| Agent::new(agent_config(n, 5), n as u64 + 1).unwrap()).collect(),
            controller: Controller::new(config(1), 1).unwrap(),
            term: 1,
            disk: Vec::new(),
            synced: 0,
            key: 0,
            now: Instant::from_micros(1_000),
            hold_store: false,
            deaf: false,
            truth: (0..nodes).map(|n| ((format!("edge-{n}"), Position::START), Digest::default())).collect(),
            verdicts: Vec::new(),
            lost: Vec::new(),
            told: 0,
            heard: BTreeMap::new(),
        }
    }

    pub fn node(&self, n: usize) -> NodeId {
        self.controller.node(&format!("edge-{n}")).unwrap()
    }

    pub fn state(&self, n: usize, task: TaskId) -> State {
        self.controller.view().find(self.node(n), task).unwrap().state()
    }

    /// What a view shows, in words.
    pub fn summary(&self) -> Vec<String> {
        let view = self.controller.view();
        let nodes = view.nodes().map(|node| format!("{} {:?} {:?}", node.name(), node.received(), node.epoch()));
        let tasks = view.nodes().flat_map(|node| node.tasks()).map(|task| {
            format!("{:?} {:?} closed {} mark {:?}", task.node(), task.record(), task.is_closed(), task.mark())
        });
        nodes.chain(tasks).collect()
    }

    /// Writes all records there are.
    pub fn write(&mut self) {
        let mut buffer = vec![0; STORE_RECORD];
        while let Some(written) = self.controller.poll_store(&mut buffer).unwrap() {
            assert_eq!(written.key, self.key + 1);
            self.key = written.key;
            self.disk.extend_from_slice(&buffer[..written.length]);
        }
    }

    pub fn sync(&mut self) {
        self.synced = self.disk.len();
        self.controller.store_confirmed(self.key).unwrap();
    }

    pub fn store(&mut self) {
        self.write();
        self.sync();
    }

    fn note(&mut self, n: usize) {
        let table = self.agents[n].table();
        self.truth.insert((format!("edge-{n}"), table.position()), table.digest());
    }

    fn hear(&mut self, event: ControllerEvent) {
        match event {
            ControllerEvent::Transition { node, transition } => {
                let before = self.heard.insert(node, transition.position.revision.0).unwrap_or(0);
                assert_eq!(transition.position.revision.0, before + 1, "told twice, or passed over");
                assert!(!transition.may_be_repeat);
                self.told += 1;
            }
            ControllerEvent::TaskForgotten { node, position, .. } => {
                let before = self.heard.insert(node, position.revision.0).unwrap_or(0);
                assert_eq!(position.revision.0, before + 1, "told twice, or passed over");
            }
            ControllerEvent::NodeOpened { verdict, .. } => self.verdicts.push(verdict),
            ControllerEvent::NodeLost { node, .. } => self.lost.push(node),
            _ => {}
        }
    }

    pub fn poll(&mut self) {
        while !self.deaf {
            let Some(event) = self.controller.poll_event() else { break };
            self.hear(event);
        }
    }

    /// Lets frames pass between one agent and the controller until none is left.
    pub fn pass_one(&mut self, n: usize) {
        self.exchange(n..n + 1);
    }

    /// The same for all agents.
    pub fn pass(&mut self) {
        self.exchange(0..self.agents.len());
    }

    fn exchange(&mut self, who: std::ops::Range<usize>) {
        let mut buffer = vec![0; 2_000];
        loop {
            let mut moved = false;
            for n in who.clone() {
                self.note(n);
                while let Some(length) = self.agents[n].poll_transmit(self.now, &mut buffer).unwrap() {
                    let _ = self.controller.receive(self.now, PeerId(n as u64), &buffer[..length]);
                    moved = true;
                }
            }
            self.poll();
            if !self.hold_store {
                self.store();
            }
            while let Some((peer, length)) = self.controller.poll_transmit(self.now, &mut buffer).unwrap() {
                moved = true;
                if who.contains(&(peer.0 as usize)) {
                    let _ = self.agents[peer.0 as usize].receive(self.now, &buffer[..length]);
                }
            }
            for n in who.clone() {
                while let Some(event) = self.agents[n].poll_event() {
                    if let AgentEvent::SessionOpened { verdict, .. } = event {
                        self.verdicts.push(verdict);
                    }
                }
            }
            if !moved {
                return;
            }
        }
    }

    /// Time passes for the controller alone.
    pub fn tick(&mut self, time: Duration) {
        self.now = self.now.after(time);
        self.controller.handle_timeout(self.now);
        self.poll();
    }

    pub fn wait(&mut self, time: Duration) {
        self.tick(time);
        for agent in &mut self.agents {
            agent.handle_timeout(self.now);
        }
    }

    /// Everything is sent, stored and acknowledged.
    pub fn settle(&mut self) {
        for _ in 0..60 {
            self.pass();
            self.wait(Duration::from_millis(500));
        }
        self.pass();
        for n in 0..self.agents.len() {
            assert!(self.agents[n].is_durable(), "{:?}", self.agents[n].sync_state());
            let table = self.controller.table(self.node(n)).unwrap();
            assert_eq!(table.digest(), self.agents[n].table().digest());
        }
    }

    /// The controller crashes, and goes on from so many bytes of its store.
    pub fn restart(&mut self, cut: usize) -> Result<(), RestoreError> {
        self.term += 1;
        let (controller, found) = restored_at(&self.disk[..cut], self.term, self.now)?;
        self.controller = controller;
        self.disk.truncate(found.torn_at.map_or(cut, |at| at as usize));
        self.synced = self.disk.len();
        self.key = record_starts(&self.disk).len() as u64;
        self.verdicts.clear();
        self.lost.clear();
        // What the host knows is what its store says.
        let view = self.controller.view();
        self.heard = view.nodes().map(|node| (node.id(), node.received().revision.0)).collect();
        Ok(())
    }
}
