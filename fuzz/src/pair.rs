//! A live pair whose link a script edits: frames are lost, repeated, put into another order, damaged, also so that the
//! checksum is right again, and either side may start anew without a store. Whatever it was, when the link is good again the
//! controller's copy becomes the agent's; and as long as nothing was forged and nobody started anew, the controller's host
//! has heard every transition exactly once and in order.

use std::collections::BTreeMap;

use taskwire::{
    Agent, AgentConfig, Controller, ControllerConfig, ControllerEvent, Instant, Limits, NodeId, PeerId, Phase, Record,
    State, TaskId,
};

use super::script::{host_call, spoil, Script};

/// What was said or heard of a registration: numbers and states.
type Paths = BTreeMap<(TaskId, u64), Vec<(u32, State)>>;

struct Pair {
    now: u64,
    limits: Limits,
    agent: Agent,
    controller: Controller,
    controller_config: ControllerConfig,
    starts: u64,
    /// Frames under way: to the agent?, bytes.
    flying: Vec<(bool, Vec<u8>)>,
    said: Paths,
    heard: Paths,
    /// A frame with a right checksum was made that nobody sent.
    forged: bool,
    /// One side started anew: what was not durable may be gone.
    anew: bool,
    /// A history was judged to differ: events may be missing, or come again.
    differs: bool,
    commits: bool,
}

/// Edits a live pair by the script.
///
/// # Panics
/// When a promise is broken.
pub fn run(bytes: &[u8]) {
    let mut script = Script(bytes);
    let mut pair = Pair::new(&mut script);
    while let Some(op) = script.byte() {
        pair.step(op, &mut script);
        pair.check();
    }
    pair.heal();
    pair.check();
    pair.compare();
}

impl Pair {
    fn new(script: &mut Script<'_>) -> Pair {
        let limits = Limits {
            slots: script.of(&[2, 3, 6, 64]),
            log: script.of(&[10, 24, 400]),
            finals: script.of(&[0, 1, 16]),
            frame: script.of(&[1_200, 1_089, 2_000]),
            ..Limits::default()
        };
        let mut config = ControllerConfig::new("control").expect("the name is short");
        config.events_per_node = script.of(&[1, 3, 1_024]);
        config.reorder_frames = script.of(&[0, 1, 16]);
        config.finals_per_node = script.of(&[0, 2, 1_024]);
        Pair {
            now: 1_000_000,
            limits,
            agent: agent(limits, 10),
            controller: Controller::new(config.clone(), 2).expect("the settings are sound"),
            controller_config: config,
            starts: 10,
            flying: Vec::new(),
            said: Paths::new(),
            heard: Paths::new(),
            forged: false,
            anew: false,
            differs: false,
            commits: true,
        }
    }

    fn at(&self) -> Instant {
        Instant::from_micros(self.now)
    }

    fn step(&mut self, op: u8, script: &mut Script<'_>) {
        match op % 16 {
            0..=3 => {
                let before: Vec<Record> = self.agent.tasks().collect();
                let now = self.at();
                host_call(script, &mut self.agent, now);
                self.note_said(&before);
            }
            4..=6 => self.transmit(),
            7 | 8 => {
                if let Some((to_agent, frame)) = self.pick(script) {
                    self.deliver(to_agent, &frame);
                }
            }
            9 => {
                self.pick(script);
            }
            10 => {
                if !self.flying.is_empty() {
                    let index = script.below(self.flying.len());
                    let (to_agent, frame) = self.flying[index].clone();
                    self.deliver(to_agent, &frame);
                }
            }
            11 => {
                if let Some((to_agent, mut frame)) = self.pick(script) {
                    let before = frame.clone();
                    self.forged |= spoil(script, &mut frame) && frame != before;
                    self.deliver(to_agent, &frame);
                }
            }
            12 => self.pass(1 << script.below(25)),
            13 => self.deliver_all(),
            14 => self.commits = script.any() & 1 == 0,
            _ => self.start_anew(script),
        }
    }

    fn start_anew(&mut self, script: &mut Script<'_>) {
        match script.any() {
            0..=15 => {
                self.starts += 1;
                self.agent = agent(self.limits, self.starts);
                self.anew = true;
            }
            16..=31 => {
                self.starts += 1;
                let config = self.controller_config.clone().term(self.starts);
                self.controller = Controller::new(config, self.starts * 3).expect("the settings are sound");
                self.anew = true;
            }
            _ => self.pass(5_000_000),
        }
    }

    fn pick(&mut self, script: &mut Script<'_>) -> Option<(bool, Vec<u8>)> {
        let count = self.flying.len();
        (count > 0).then(|| self.flying.remove(script.below(count)))
    }

    /// What the agent's records say now that they did not before.
    fn note_said(&mut self, before: &[Record]) {
        for record in self.agent.tasks() {
            let old = before.iter().find(|old| old.id == record.id && old.registered == record.registered);
            if old.is_none_or(|old| old.number < record.number) {
                let key = (record.id, record.registered.revision.0);
                self.said.entry(key).or_default().push((record.number, record.state));
            }
        }
    }

    fn transmit(&mut self) {
        let now = self.at();
        let mut buffer = [0; 2_000];
        let mut frames = 0;
        while let Some(length) = self.agent.poll_transmit(now, &mut buffer).expect("the buffer is large") {
            frames += 1;
            assert!(frames < 400, "the agent does not stop sending");
            self.fly(false, &buffer[..length]);
        }
        while self.agent.poll_event().is_some() {}
        self.events();
        while let Some((_, length)) = self.controller.poll_transmit(now, &mut buffer).expect("the buffer is large") {
            frames += 1;
            assert!(frames < 800, "the controller does not stop sending");
            self.fly(true, &buffer[..length]);
        }
    }

    fn fly(&mut self, to_agent: bool, frame: &[u8]) {
        if self.flying.len() == 48 {
            self.flying.remove(0);
        }
        self.flying.push((to_agent, frame.to_vec()));
    }

    fn events(&mut self) {
        let mut events = 0;
        while let Some(event) = self.controller.poll_event() {
            events += 1;
            assert!(events < 10_000, "the controller does not stop telling");
            match event {
                ControllerEvent::Transition { transition: t, .. } => {
                    let path = self.heard.entry((t.task, t.registered.revision.0)).or_default();
                    let known = path.last().is_none_or(|(number, _)| *number < t.number);
                    let excused = t.may_be_repeat || t.out_of_sequence || self.differs || self.anew || self.forged;
                    assert!(known || excused, "{} number {} was told twice", t.task, t.number);
                    path.push((t.number, t.state));
                }
                ControllerEvent::CommitDue { node, position } if self.commits => {
                    self.controller.commit(node, position).expect("the position was told now");
                }
                ControllerEvent::HistoryDiffers { .. } => self.differs = true,
                ControllerEvent::NodeOpened { verdict, .. } => self.differs |= verdict.repairs(),
                _ => {}
            }
        }
    }

    fn deliver(&mut self, to_agent: bool, frame: &[u8]) {
        let now = self.at();
        let result =
            if to_agent { self.agent.receive(now, frame) } else { self.controller.receive(now, PeerId(1), frame) };
        if let Err(error) = result {
            assert!(!error.to_string().is_empty());
        }
        self.events();
    }

    fn deliver_all(&mut self) {
        self.transmit();
        for (to_agent, frame) in core::mem::take(&mut self.flying) {
            self.deliver(to_agent, &frame);
        }
    }

    fn pass(&mut self, micros: u64) {
        self.now += micros;
        let now = self.at();
        self.agent.handle_timeout(now);
        self.controller.handle_timeout(now);
    }

    fn check(&self) {
        assert_eq!(self.agent.table().digest(), self.agent.table().recount(), "the agent's records");
        let (kept, counted) = self.agent.base_digests();
        assert_eq!(kept, counted, "the agent's records at base");
        for node in self.controller.view().nodes() {
            let table = self.controller.table(node.id()).expect("the view has it");
            assert_eq!(table.digest(), table.recount(), "the controller's records of {}", node.name());
        }
    }

    /// The node that the agent's session is with: a forged HELLO may have given it another name.
    fn node(&self) -> Option<NodeId> {
        let with = |session| self.controller.view().nodes().find(|node| node.session() == Some(session));
        self.agent.session().and_then(with).map(|node| node.id())
    }

    fn is_equal(&self) -> bool {
        let Some(node) = self.node() else { return false };
        let Some(table) = self.controller.table(node) else { return false };
        let view = self.controller.view();
        self.agent.is_durable()
            && table.position() == self.agent.table().position()
            && (self.forged || view.node(node).is_some_and(|node| node.is_synced()))
            && (self.forged
                || self.agent.tasks().all(|record| {
                    let shown = view.find(node, record.id).and_then(|task| task.detail());
                    shown.as_ref() == self.agent.detail_of(record.id)
                }))
    }

    /// The link is good from now on: the copy becomes equal. What was forged may have spoilt the session, which the checksum
    /// is not to prevent; it ends with the session, so the link is down for longer than a lease first.
    fn heal(&mut self) {
        self.commits = true;
        if self.forged {
            self.flying.clear();
            for _ in 0..60 {
                self.pass(500_000);
                self.transmit();
                self.flying.clear();
            }
        }
        let until = self.now + 3_600_000_000;
        let mut steps = 0;
        while !self.is_equal() {
            self.deliver_all();
            if self.is_equal() {
                return;
            }
            if let Phase::Fenced { seen } = self.agent.phase() {
                let now = self.at();
                if self.agent.supersede(now, seen).is_err() {
                    let nodes: Vec<NodeId> = self.controller.view().nodes().map(|node| node.id()).collect();
                    for node in nodes {
                        self.controller.forget_node(node);
                    }
                    self.agent = agent(self.limits, self.starts);
                    self.anew = true;
                }
            }
            self.transmit();
            if self.forged && steps % 200 == 199 {
                // A forged name or term of a controller, once believed, outlives the session: only the host can help.
                self.starts += 1;
                self.agent = agent(self.limits, self.starts);
                self.anew = true;
                self.transmit();
            }
            let busy = !self.flying.is_empty();
            let deadlines = [self.agent.next_timeout(), self.controller.next_timeout()];
            let next = deadlines.into_iter().flatten().map(Instant::as_micros).min().unwrap_or(u64::MAX);
            let next = if busy { next.min(self.now + 5_000) } else { next };
            steps += 1;
            assert!(
                steps < 20_000 && next < until,
                "the copy does not become equal: {:?} {:?} after {steps} steps",
                self.agent.phase(),
                self.agent.sync_state()
            );
            let ahead = next.saturating_sub(self.now);
            self.pass(ahead);
        }
    }

    fn compare(&mut self) {
        self.events();
        let node = self.node().expect("it is equal");
        let table = self.controller.table(node).expect("it is equal");
        assert_eq!(table.digest(), self.agent.table().digest(), "the digests differ");
        let (here, there): (Vec<_>, Vec<_>) = (self.agent.tasks().collect(), table.iter().collect());
        assert_eq!(here, there, "the copy is not the agent's");
        if !self.forged && !self.anew {
            assert!(!self.differs, "a link alone makes no history differ");
            assert_eq!(self.heard, self.said, "events were lost, repeated or put into another order");
        }
    }
}

fn agent(limits: Limits, epoch: u64) -> Agent {
    let mut config = AgentConfig::new("edge", epoch).expect("the name is short");
    config.limits = limits;
    Agent::new(config, epoch).expect("the settings are sound")
}
