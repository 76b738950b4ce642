//! A whole fleet that is cut off at one moment and comes back: agents and a controller in virtual time, each called when its
//! deadline comes. What a storm costs is measured; what is right is for the tests and the figures to say.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use taskwire::wire::Kind;
use taskwire::{
    Agent, AgentConfig, Baits, Controller, ControllerConfig, ControllerEvent, Instant, Limits, PeerId, Phase, TaskId,
};

/// One way through the network, in microseconds.
const WAY: u64 = 20_000;
/// How often the controller is looked at, and the width of the windows in which HELLOs are counted, in microseconds.
pub const LOOK: u64 = 100_000;

/// What one storm came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Storm {
    /// The most HELLOs that came to the controller within 100 ms.
    pub hellos: u64,
    /// The most handshakes under way at once.
    pub handshakes: usize,
    /// The most repairs under way at once.
    pub repairs: usize,
    /// Bytes for a node, both ways together, heartbeats of those who are back aside.
    pub bytes: f64,
    /// Microseconds until all were back.
    pub took: u64,
    /// Those who were told to come back later, each time.
    pub refused: u64,
    /// Frames outside sessions that had more bytes than the HELLO that they answer.
    pub amplified: u64,
}

/// Agents, a controller, and the frames between them.
pub struct Fleet {
    now: u64,
    /// The controller.
    pub controller: Controller,
    agents: Vec<Agent>,
    due: Vec<u64>,
    wakes: BinaryHeap<Reverse<(u64, usize)>>,
    /// By time and order: whether it goes to the controller, the agent, the bytes.
    flying: BTreeMap<(u64, u64), (bool, usize, Vec<u8>)>,
    order: u64,
    cut: bool,
    open: usize,
    bytes: u64,
    hellos: u64,
    /// Bytes of each agent's last HELLO, and how often an answer had more.
    asked: Vec<usize>,
    amplified: u64,
    buffer: Vec<u8>,
}

impl Fleet {
    /// So many nodes with two tasks each, which have just opened their sessions and are durable; each with a deliberate fault,
    /// if one is chosen.
    pub fn new(nodes: usize, config: ControllerConfig, seed_of: impl Fn(usize) -> u64, baits: Baits) -> Fleet {
        let agent = |n: usize| {
            let mut config = AgentConfig::new(&format!("edge-{n}"), 10).expect("a good name");
            config.baits = baits;
            config.limits = Limits { slots: 8, log: 64, finals: 4, ..config.limits };
            let mut agent = Agent::new(config, seed_of(n)).expect("good settings");
            let now = Instant::from_micros(0);
            for place in 0..2 {
                let task = TaskId((n as u128 * 2 + place + 1).to_be_bytes());
                agent.register(now, task, b"build").expect("there is room");
                agent.running(now, task).expect("it is pending");
            }
            agent
        };
        let mut fleet = Fleet {
            now: 0,
            controller: Controller::new(config, 5).expect("good settings"),
            agents: (0..nodes).map(agent).collect(),
            due: vec![u64::MAX; nodes],
            wakes: BinaryHeap::new(),
            flying: BTreeMap::new(),
            order: 0,
            cut: false,
            open: 0,
            bytes: 0,
            hellos: 0,
            asked: vec![0; nodes],
            amplified: 0,
            buffer: vec![0; 1_200],
        };
        (0..nodes).for_each(|n| fleet.drain_agent(n));
        fleet
    }

    /// Nothing gets through for so long.
    pub fn cut_for(&mut self, micros: u64) {
        self.cut = true;
        self.flying.clear();
        let until = self.now + micros;
        while self.next().is_some_and(|at| at < until) {
            self.step();
        }
        self.now = until;
        self.cut = false;
    }

    /// Lets time pass until all sessions are open and every node is synced, and measures; for at most so long.
    pub fn come_back(&mut self, most: u64) -> Storm {
        let (began, bytes, refused) = (self.now, self.bytes, self.controller.metrics().frames_refused_total);
        let mut storm = Storm::default();
        self.amplified = 0;
        let mut look = began;
        let mut back = false;
        while !back {
            self.step();
            assert!(self.now < began + most, "only {} of {} are back", self.open, self.agents.len());
            while self.now >= look {
                look += LOOK;
                storm.hellos = storm.hellos.max(std::mem::take(&mut self.hellos));
                let sizes = self.controller.sizes();
                let handshakes = sizes.iter().find(|(name, _)| *name == "handshakes").map_or(0, |(_, size)| *size);
                storm.handshakes = storm.handshakes.max(handshakes);
                let repairs = self.controller.view().nodes().filter(|node| node.is_staging()).count();
                storm.repairs = storm.repairs.max(repairs);
                let synced = self.controller.view().nodes().filter(|node| node.is_synced()).count();
                back = synced == self.agents.len() && self.open == synced;
            }
        }
        storm.took = self.now - began;
        storm.amplified = self.amplified;
        storm.bytes = (self.bytes - bytes) as f64 / self.agents.len() as f64;
        storm.refused = self.controller.metrics().frames_refused_total - refused;
        storm
    }

    fn next(&self) -> Option<u64> {
        let frame = self.flying.first_key_value().map(|((at, _), _)| *at);
        let wake = self.wakes.peek().map(|Reverse((at, _))| *at);
        let controller = self.controller.next_timeout().map(|at| at.as_micros());
        [frame, wake, controller].into_iter().flatten().min()
    }

    fn step(&mut self) {
        let Some(at) = self.next() else { panic!("nothing is due any more") };
        self.now = self.now.max(at);
        let now = Instant::from_micros(self.now);
        if self.flying.first_key_value().is_some_and(|((due, _), _)| *due <= self.now) {
            let (_, (up, n, bytes)) = self.flying.pop_first().expect("there is one");
            if up {
                self.hellos += u64::from(bytes[1] == Kind::Hello as u8);
                let _ = self.controller.receive(now, PeerId(n as u64 + 1), &bytes);
                self.drain_controller();
            } else {
                self.was_open(n, |agent| {
                    let _ = agent.receive(now, &bytes);
                });
                self.drain_agent(n);
            }
            return;
        }
        match self.wakes.peek() {
            Some(Reverse((due, n))) if *due <= self.now => {
                let (due, n) = (*due, *n);
                self.wakes.pop();
                if self.due[n] == due {
                    self.due[n] = u64::MAX;
                    self.was_open(n, |agent| agent.handle_timeout(now));
                    self.drain_agent(n);
                }
            }
            _ => {
                self.controller.handle_timeout(now);
                self.drain_controller();
            }
        }
    }

    /// Keeps count of open sessions over a call.
    fn was_open(&mut self, n: usize, call: impl FnOnce(&mut Agent)) {
        let before = self.agents[n].phase() == Phase::Open;
        call(&mut self.agents[n]);
        let after = self.agents[n].phase() == Phase::Open;
        self.open = self.open + usize::from(after) - usize::from(before);
    }

    fn send(&mut self, up: bool, n: usize, length: usize) {
        if self.cut {
            return;
        }
        let outside = self.buffer[2..10] == [0; 8];
        if up && self.buffer[1] == Kind::Hello as u8 {
            self.asked[n] = length;
        }
        self.amplified += u64::from(!up && outside && length > self.asked[n]);
        if self.buffer[1] != Kind::Heartbeat as u8 {
            self.bytes += length as u64;
        }
        self.order += 1;
        self.flying.insert((self.now + WAY, self.order), (up, n, self.buffer[..length].to_vec()));
    }

    fn drain_agent(&mut self, n: usize) {
        let now = Instant::from_micros(self.now);
        while let Ok(Some(length)) = self.agents[n].poll_transmit(now, &mut self.buffer) {
            self.send(true, n, length);
        }
        while self.agents[n].poll_event().is_some() {}
        let next = self.agents[n].next_timeout().map_or(u64::MAX, |at| at.as_micros());
        if next != self.due[n] {
            self.due[n] = next;
            self.wakes.push(Reverse((next, n)));
        }
    }

    fn drain_controller(&mut self) {
        let now = Instant::from_micros(self.now);
        while let Some(event) = self.controller.poll_event() {
            if let ControllerEvent::CommitDue { node, position } = event {
                let _ = self.controller.commit(node, position);
            }
        }
        while let Ok(Some((peer, length))) = self.controller.poll_transmit(now, &mut self.buffer) {
            self.send(false, peer.0 as usize - 1, length);
        }
    }

    /// A controller that knows nobody takes the place of this one.
    pub fn replace_controller(&mut self, config: ControllerConfig) {
        self.controller = Controller::new(config, 6).expect("good settings");
    }
}
