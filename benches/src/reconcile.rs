//! Repairs of what differs: a real agent and a real controller whose copies of a state differ in so many records, from the question
//! to the last record; and the peers, which find as many differences of sets as large. Their sets stand ready, sorted or mapped
//! as they need them: that is not counted. What is printed is left to the programs.

use std::time::Duration;

use cpu_time::ThreadTime;
use do_riblt::{Decoder, Encoder, Symbol};
use negentropy::{Id, Negentropy, NegentropyStorageVector};
use taskwire::wire::Kind;
use taskwire::{Exit, Limits, NodeId, PeerId, Slot, TaskId};

use crate::rig::{agent_config, controller_config, Rig};
use crate::workload::Random;

/// What a repair took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// Bytes of what was sent to find what differs, both ways.
    pub finding_bytes: u64,
    /// Processor time of both sides for that.
    pub finding: Duration,
    /// Bytes of the records told.
    pub telling_bytes: u64,
    /// Processor time of both sides for the repair, finding included.
    pub whole: Duration,
    /// Whether what differs was looked for and found.
    pub patched: bool,
}

/// A pair with so many records, all ended and durable.
pub struct Pair {
    rig: Rig,
    node: NodeId,
    records: u32,
    random: Random,
}

impl Pair {
    /// Makes the records; `seek` chooses whether a repair looks for what differs or tells all.
    pub fn new(records: u32, seek: bool) -> Pair {
        let mut config = agent_config("edge", 1_200);
        config.limits = Limits { slots: records, log: Limits::default().log.max(2 * records), ..config.limits };
        config.pace.sketch_from = if seek { 0 } else { u32::MAX };
        let mut rig = Rig::new(config, controller_config());
        let mut random = Random(u64::from(records));
        for index in 0..records {
            let (now, id) = (rig.at(), random.id());
            rig.agent.register(now, id, b"").expect("there is room");
            rig.agent.running(now, id).expect("it is pending");
            rig.agent.succeeded(now, id, Exit::Code(0)).expect("it is running");
            if index % 256 == 255 {
                rig.settle();
                rig.now += 1_000;
            }
        }
        rig.settle();
        let node = rig.controller.node("edge").expect("it is known");
        Pair { rig, node, records, random }
    }

    /// Alters so many records at the controller, lets the next heartbeat show it, and measures the repair.
    pub fn repair(&mut self, differences: u32) -> Cost {
        let mut slots: Vec<u32> = (0..self.records).collect();
        self.random.shuffle(&mut slots);
        for slot in &slots[..differences as usize] {
            let table = self.rig.controller.table_mut(self.node).expect("it is known");
            assert!(table.falsify(Slot(*slot), |record| record.at.0 += 1 + u64::from(*slot)));
        }
        let patches = self.rig.agent.metrics().patches_total;
        let mut cost = Cost::default();
        let mut finding = false;
        let mut left = 0;
        while !self.is_repaired() {
            self.rig.now = self.next_deadline();
            let now = self.rig.at();
            self.rig.agent.handle_timeout(now);
            self.rig.controller.handle_timeout(now);
            self.exchange(&mut cost, &mut finding);
            left += 1;
            assert!(left < 10_000, "no repair comes to an end");
        }
        cost.patched = self.rig.agent.metrics().patches_total > patches;
        cost
    }

    fn next_deadline(&self) -> u64 {
        let next = [self.rig.agent.next_timeout(), self.rig.controller.next_timeout()];
        let next = next.into_iter().flatten().map(|at| at.as_micros()).min().unwrap_or(0);
        next.max(self.rig.now + 1_000)
    }

    fn is_repaired(&self) -> bool {
        let table = self.rig.controller.table(self.node).expect("it is known");
        let staging = self.rig.controller.view().node(self.node).is_some_and(|node| node.is_staging());
        !staging && table.digest() == self.rig.agent.table().digest()
    }

    /// Everything that can be said now, each frame as soon as it is made; counted from the question on.
    fn exchange(&mut self, cost: &mut Cost, finding: &mut bool) {
        let mut buffer = vec![0; 1_500];
        loop {
            let now = self.rig.at();
            let mut quiet = true;
            let began = ThreadTime::now();
            if let Some(length) = self.rig.agent.poll_transmit(now, &mut buffer).expect("the buffer is large") {
                self.note(&buffer[..length], cost, finding, began.elapsed());
                let began = ThreadTime::now();
                let _ = self.rig.controller.receive(now, PeerId(1), &buffer[..length]);
                self.spent(cost, *finding, began.elapsed());
                quiet = false;
            }
            quiet &= self.rig.events() == 0;
            while self.rig.agent.poll_event().is_some() {}
            let began = ThreadTime::now();
            if let Some((_, length)) = self.rig.controller.poll_transmit(now, &mut buffer).expect("it is large") {
                self.note(&buffer[..length], cost, finding, began.elapsed());
                let began = ThreadTime::now();
                let _ = self.rig.agent.receive(now, &buffer[..length]);
                self.spent(cost, *finding, began.elapsed());
                quiet = false;
            }
            if quiet {
                return;
            }
        }
    }

    fn spent(&self, cost: &mut Cost, finding: bool, time: Duration) {
        cost.whole += time;
        if finding {
            cost.finding += time;
        }
    }

    fn note(&self, frame: &[u8], cost: &mut Cost, finding: &mut bool, time: Duration) {
        if frame[1] == Kind::Sketch as u8 {
            *finding = true;
            cost.finding_bytes += frame.len() as u64;
        } else if frame[1] == Kind::Snapshot as u8 {
            // What made the first part is no part of the finding.
            *finding = false;
            cost.telling_bytes += frame.len() as u64;
        }
        self.spent(cost, *finding, time);
    }
}

/// Bytes that a digest adds to a heartbeat: what is needed to learn that nothing differs.
pub fn bytes_of_a_digest() -> u64 {
    use taskwire::wire::{encode, Body, Header, Heartbeat};
    use taskwire::{Digest, FrameNumber, Position, Revision, SessionId, Tag, UnixMillis};
    let length = |digest| {
        let heartbeat = Heartbeat {
            tip: Position { revision: Revision(1_000_000), tag: Tag(7) },
            digest,
            sent: 1_000_000_000,
            echo: None,
            wall: UnixMillis(1_764_000_000_000),
            settings_version: 1,
            settings: None,
            sleep: 0,
            ack: None,
        };
        let header = Header { kind: Kind::Heartbeat, session: SessionId(u64::MAX), number: FrameNumber(1_000) };
        let mut buffer = [0; 256];
        encode(header, &Body::Heartbeat(heartbeat), &mut buffer).expect("it is short") as u64
    };
    // The tag of the tip tells of the history; the digest tells of the records.
    length(Some(Digest(u64::MAX))) - length(None)
}

/// Two sets of so many hashes with a symmetric difference of `differences`.
fn sets(records: u32, differences: u32) -> (Vec<TaskId>, Vec<TaskId>) {
    let mut random = Random(u64::from(records) ^ 0x5e75);
    let common: Vec<TaskId> = (0..records - differences / 2).map(|_| random.id()).collect();
    let mut with = |count: u32| {
        let mut set = common.clone();
        set.extend((0..count).map(|_| random.id()));
        set
    };
    (with(differences / 2), with(differences - differences / 2))
}

/// What a peer took.
#[derive(Clone, Copy, Debug)]
pub struct PeerCost {
    /// Bytes both ways.
    pub bytes: u64,
    /// Processor time of both sides.
    pub time: Duration,
}

/// The crate `negentropy`, of sets that are sorted already.
pub fn negentropy(records: u32, differences: u32) -> PeerCost {
    let (ours, theirs) = sets(records, differences);
    let storage = |set: &[TaskId]| {
        let mut storage = NegentropyStorageVector::with_capacity(set.len());
        for id in set {
            let mut bytes = [0; 32];
            bytes[..16].copy_from_slice(&id.0);
            bytes[16..].copy_from_slice(&id.0);
            let at = u64::from_le_bytes(id.0[..8].try_into().expect("eight bytes")) >> 24;
            storage.insert(at, Id::from_byte_array(bytes)).expect("it is not sealed");
        }
        storage.seal().expect("it is not sealed");
        storage
    };
    let (ours, theirs) = (storage(&ours), storage(&theirs));
    let began = ThreadTime::now();
    let mut client = Negentropy::borrowed(&ours, 0).expect("no limit");
    let mut server = Negentropy::borrowed(&theirs, 0).expect("no limit");
    let (mut have, mut need, mut bytes) = (Vec::new(), Vec::new(), 0);
    let mut query = client.initiate().expect("it begins");
    loop {
        let answer = server.reconcile(&query).expect("the query is sound");
        bytes += (query.len() + answer.len()) as u64;
        match client.reconcile_with_ids(&answer, &mut have, &mut need).expect("the answer is sound") {
            Some(next) => query = next,
            None => break,
        }
    }
    let time = began.elapsed();
    assert_eq!((have.len() + need.len()) as u32, differences);
    PeerCost { bytes, time }
}

#[derive(Clone, Copy)]
struct Hash(u64);

impl Symbol<8> for Hash {
    fn to_bytes(&self) -> [u8; 8] {
        self.0.to_le_bytes()
    }

    fn from_bytes(bytes: &[u8; 8]) -> Hash {
        Hash(u64::from_le_bytes(*bytes))
    }
}

/// The crate `do-riblt`, of sets of hashes of eight bytes; a coded symbol of its is sixteen.
pub fn do_riblt(records: u32, differences: u32) -> PeerCost {
    let (ours, theirs) = sets(records, differences);
    let hashes = |set: Vec<TaskId>| {
        let hash = |id: TaskId| Hash(u64::from_le_bytes(id.0[..8].try_into().expect("eight bytes")));
        set.into_iter().map(hash).collect::<Vec<Hash>>()
    };
    let mut encoder = Encoder::new(hashes(theirs).into_iter());
    let mut decoder = Decoder::new(hashes(ours).into_iter());
    let began = ThreadTime::now();
    let mut symbols = 0;
    loop {
        symbols += 1;
        let (done, _) = decoder.next_symbol(encoder.next_symbol());
        if done {
            break;
        }
    }
    PeerCost { bytes: symbols * 16, time: began.elapsed() }
}
