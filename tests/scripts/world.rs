//! Agents, a controller, their link and the clock of a script. Everything that is said, heard and told becomes a line. What
//! the lines of a script mean is left to `script`.

use std::time::Duration;

use taskwire::wire::{decode, encode, peek, Body, Bounds, DeltaWriter, StreamNumber};
use taskwire::{
    Agent, AgentConfig, Controller, ControllerConfig, ControllerEvent, Digest, Instant, NodeId, PeerId, Position, Tag,
};

use crate::events;
use crate::link::{Fate, Flight, Link, Way};
use crate::text::Names;
use crate::watch::Watchers;

/// Frames that may be on their way at one moment: more is a storm, and the script fails.
const STORM: usize = 20_000;

/// One agent of a script, with its host.
pub struct Party {
    pub name: String,
    pub config: AgentConfig,
    pub agent: Agent,
    pub frozen: bool,
    /// The last will that its carrier keeps.
    pub will: Vec<u8>,
}

pub struct World {
    pub now: u64,
    pub names: Names,
    pub parties: Vec<Party>,
    pub config: ControllerConfig,
    pub controller: Controller,
    pub controller_frozen: bool,
    /// Whether the controller's host polls events, and commits what it is told to.
    pub polls: bool,
    pub commits: bool,
    pub due: Vec<(NodeId, Position)>,
    pub link: Link,
    pub delay: u64,
    pub times: bool,
    pub quiet: bool,
    pub lines: Vec<String>,
    pub watchers: Watchers,
    seeds: u64,
}

impl World {
    pub fn new() -> World {
        let config = ControllerConfig::new("control").unwrap();
        let mut world = World {
            now: 1_000_000,
            names: Names::default(),
            parties: Vec::new(),
            controller: Controller::new(config.clone(), 1).unwrap(),
            config,
            controller_frozen: false,
            polls: true,
            commits: true,
            due: Vec::new(),
            link: Link::default(),
            delay: 0,
            times: false,
            quiet: false,
            lines: Vec::new(),
            watchers: Watchers::default(),
            seeds: 1,
        };
        world.add("agent", "edge");
        world
    }

    pub fn at(&self) -> Instant {
        Instant::from_micros(self.now)
    }

    pub fn seed(&mut self) -> u64 {
        self.seeds += 1;
        self.seeds
    }

    pub fn add(&mut self, name: &str, node: &str) {
        let mut config = AgentConfig::new(node, 10).unwrap();
        // Most scripts look at something else than when details may go.
        config.pace.detail_interval = Duration::ZERO;
        let agent = Agent::new(config.clone(), self.seed()).unwrap();
        self.parties.push(Party { name: name.to_string(), config, agent, frozen: false, will: Vec::new() });
    }

    pub fn say(&mut self, line: String) {
        if self.quiet {
            return;
        }
        if self.times {
            self.lines.push(format!("[{}.{:03}] {line}", self.now / 1_000_000, self.now / 1000 % 1000));
        } else {
            self.lines.push(line);
        }
    }

    fn arrow(&self, way: Way) -> String {
        let end = if way.up { ">" } else { "<" };
        if way.agent == 0 {
            end.to_string()
        } else {
            format!("{}{end}", self.parties[way.agent].name)
        }
    }

    fn show(&mut self, way: Way, bytes: &[u8], note: &str) {
        let epoch = self.parties[way.agent].agent.epoch();
        let bounds = Bounds { session_epoch: epoch, ..Bounds::default() };
        let text = match decode(bytes, &bounds) {
            Ok(frame) => self.names.frame(&frame),
            Err(error) => error.to_string(),
        };
        let arrow = self.arrow(way);
        let gap = if note.is_empty() { "" } else { "  " };
        self.say(format!("{arrow} {text}{gap}{note}"));
    }

    fn send(&mut self, way: Way, bytes: &[u8]) {
        let kind = peek(bytes).unwrap().kind;
        let fate = self.link.fate(way, kind);
        self.show(way, bytes, fate.note());
        self.link.sent.push((way, kind, bytes.to_vec()));
        let due = self.now + self.delay;
        let mut bytes = bytes.to_vec();
        match fate {
            Fate::Lose => return,
            Fate::Hold => {
                self.link.held.push(Flight { due, way, bytes });
                return;
            }
            Fate::Double => self.link.flying.push(Flight { due, way, bytes: bytes.clone() }),
            Fate::Corrupt => bytes[11] ^= 0x10,
            Fate::Cut => bytes.truncate(14),
            Fate::Falsify => bytes = falsify(&bytes),
            Fate::Pass => {}
        }
        self.link.flying.push(Flight { due, way, bytes });
    }

    /// Sends again what was sent before.
    pub fn replay(&mut self, way: Way, bytes: Vec<u8>) {
        self.show(way, &bytes, "replayed");
        self.link.flying.push(Flight { due: self.now, way, bytes });
    }

    fn drain_agent(&mut self, index: usize) {
        let mut buffer = vec![0u8; 65_507];
        let now = self.at();
        while let Some(length) = self.parties[index].agent.poll_transmit(now, &mut buffer).unwrap() {
            self.send(Way { agent: index, up: true }, &buffer[..length]);
        }
        while let Some(event) = self.parties[index].agent.poll_event() {
            let text = events::agent(&mut self.names, &event);
            let name = self.parties[index].name.clone();
            self.say(format!("{name} event: {text}"));
        }
    }

    fn drain_controller(&mut self) {
        let mut buffer = vec![0u8; 65_507];
        let now = self.at();
        loop {
            let mut quiet = true;
            while self.polls {
                let Some(event) = self.controller.poll_event() else { break };
                quiet = false;
                self.hear_event(&event);
            }
            while let Some((peer, length)) = self.controller.poll_transmit(now, &mut buffer).unwrap() {
                quiet = false;
                self.send(Way { agent: peer.0 as usize - 1, up: false }, &buffer[..length]);
            }
            if quiet {
                return;
            }
        }
    }

    fn hear_event(&mut self, event: &ControllerEvent) {
        let many = self.controller.view().nodes().count() > 1;
        let mut text = events::controller(&mut self.names, &self.controller, event, many);
        if let ControllerEvent::CommitDue { node, position } = event {
            self.due.push((*node, *position));
            if self.commits {
                match self.controller.commit(*node, *position) {
                    Ok(()) => text += ", committed",
                    Err(error) => text += &format!(", {}", self.names.shorten(&error.to_string())),
                }
            }
        }
        self.say(format!("controller event: {text}"));
    }

    fn drain(&mut self) {
        for index in 0..self.parties.len() {
            if !self.parties[index].frozen {
                self.drain_agent(index);
            }
        }
        if !self.controller_frozen {
            self.drain_controller();
        }
    }

    fn deliver(&mut self, flight: &Flight) {
        let now = self.at();
        let (who, result) = if flight.way.up {
            let peer = PeerId(flight.way.agent as u64 + 1);
            ("controller".to_string(), self.controller.receive(now, peer, &flight.bytes))
        } else {
            let party = &mut self.parties[flight.way.agent];
            (party.name.clone(), party.agent.receive(now, &flight.bytes))
        };
        if let Err(error) = result {
            let text = self.names.shorten(&error.to_string());
            self.say(format!("{who} error: {text}"));
        }
    }

    /// Lets everything happen that happens now.
    pub fn settle(&mut self) {
        for _ in 0..STORM {
            self.drain();
            let frozen: Vec<bool> = self.parties.iter().map(|party| party.frozen).collect();
            let controller_frozen = self.controller_frozen;
            let listens = |way: Way| if way.up { !controller_frozen } else { !frozen[way.agent] };
            match self.link.next_due(self.now, listens) {
                Some(flight) => self.deliver(&flight),
                None => return,
            }
        }
        panic!("a storm of frames at one moment");
    }

    fn next_moment(&self) -> Option<u64> {
        let agents = self.parties.iter().filter(|p| !p.frozen).filter_map(|p| p.agent.next_timeout());
        let controller = self.controller.next_timeout().filter(|_| !self.controller_frozen);
        let timers = agents.chain(controller).map(|at| at.as_micros());
        let listens = |f: &&Flight| if f.way.up { !self.controller_frozen } else { !self.parties[f.way.agent].frozen };
        let frames = self.link.flying.iter().filter(listens).map(|f| f.due);
        timers.chain(frames).min()
    }

    fn timers(&mut self) {
        let now = self.at();
        for party in self.parties.iter_mut().filter(|party| !party.frozen) {
            party.agent.handle_timeout(now);
        }
        if !self.controller_frozen {
            self.controller.handle_timeout(now);
        }
    }

    /// Lets time pass until `done`, at most `span`.
    pub fn pass_until(&mut self, span: Duration, mut done: impl FnMut(&World) -> bool) -> bool {
        let until = self.now + span.as_micros() as u64;
        let mut still = 0;
        self.settle();
        while !done(self) {
            let Some(next) = self.next_moment().filter(|next| *next <= until) else {
                self.now = until;
                self.timers();
                self.settle();
                return done(self);
            };
            still = if next <= self.now { still + 1 } else { 0 };
            assert!(still < 100, "a deadline that has passed is not cleared: the host would spin");
            self.now = self.now.max(next);
            self.settle();
            self.timers();
            self.settle();
        }
        true
    }

    /// Says whether the controller's copy of an agent's records is the agent's, and the agent's books are in order.
    pub fn check(&self, index: usize) -> String {
        let party = &self.parties[index];
        let agent = &party.agent;
        let (kept, counted) = agent.base_digests();
        if kept != counted || agent.table().digest() != agent.table().recount() {
            return "the agent's digests are not what its records add up to".to_string();
        }
        let Some(node) = self.controller.node(party.config.node.as_str()) else { return "no such node".to_string() };
        let table = self.controller.table(node).unwrap();
        if table.digest() != table.recount() {
            return "the controller's digest is not what its records add up to".to_string();
        }
        if table.position() != agent.table().position() {
            return format!(
                "the controller is at revision {} of {}",
                table.position().revision,
                agent.table().position().revision
            );
        }
        if table.iter().ne(agent.tasks()) {
            return "records differ".to_string();
        }
        "the same".to_string()
    }
}

/// The same frame with another digest, or another tag where it has no digest, and a checksum that fits.
fn falsify(bytes: &[u8]) -> Vec<u8> {
    let mut frame = decode(bytes, &Bounds::default()).unwrap();
    let mut out = vec![0u8; 65_507];
    let length = match &mut frame.body {
        Body::Heartbeat(heartbeat) => {
            heartbeat.digest = heartbeat.digest.map(|digest| Digest(digest.0 ^ 1));
            encode(frame.header, &frame.body, &mut out).unwrap()
        }
        Body::Delta(delta) => {
            let mut writer = DeltaWriter::new();
            writer.begin(out.len(), delta.from, taskwire::Epoch(0), false, false);
            for entry in &delta.entries {
                // An entry that says no epoch is of the session's own: it is left so.
                assert!(writer.push(entry));
            }
            for (slot, detail) in &delta.details {
                assert!(writer.push_detail(*slot, detail));
            }
            let tag = Tag(delta.tag.0 ^ 1);
            writer.finish(frame.header, StreamNumber::Reported, tag, delta.digest, None, &mut out)
        }
        Body::Snapshot(part) => {
            part.digest = Digest(part.digest.0 ^ 1);
            encode(frame.header, &frame.body, &mut out).unwrap()
        }
        other => panic!("a {} has neither digest nor tag", other.kind()),
    };
    out.truncate(length);
    out
}
