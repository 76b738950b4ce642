//! The true log: what each agent's host really did, kept beside the code under test. A *life* is one agent object with
//! the history that it has; a clone begins a second life with the same past. Nothing here asks the core what is true:
//! records, hashes, tags and digests are counted anew from the calls, in plain maps.

pub mod record;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use taskwire::{Digest, Epoch, Made, Position, Revision, Slot, State, Tag, TaskId};
use xxhash_rust::xxh3::xxh3_64;

pub use record::{Bytes, TwinRecord};

/// What an entry was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A registration.
    Register,
    /// A move, from this state.
    Move(State),
    /// A tombstone.
    Forget,
}

/// One entry of a life, with what it left.
#[derive(Clone, Debug)]
pub struct TruthEntry {
    /// Where it stands.
    pub position: Position,
    /// The digest that it leaves.
    pub digest: u64,
    /// What it was.
    pub kind: Kind,
    /// The record that it leaves, or that a tombstone ends.
    pub record: Rc<TwinRecord>,
    /// When it was made, in true time.
    pub made_at: u64,
}

/// A detail that a host reported.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// Percent.
    pub progress: Option<u8>,
    /// Text.
    pub message: Vec<u8>,
}

/// One agent object's history.
#[derive(Clone, Debug)]
pub struct Life {
    /// The node.
    pub node: usize,
    /// Its epoch now.
    pub epoch: Epoch,
    /// Entries in order: index 0 is revision 1.
    pub entries: Vec<Rc<TruthEntry>>,
    /// Live records by slot.
    pub table: BTreeMap<Slot, Rc<TwinRecord>>,
    /// Slots by id.
    pub slots: BTreeMap<TaskId, Slot>,
    /// Tasks that the host wants forgotten and that are not yet.
    pub forgetting: Vec<TaskId>,
    /// Slots freed by a tombstone, with its revision and its task.
    pub freed: BTreeMap<Slot, (u64, TaskId)>,
    /// The newest revision on this chain that a controller's host has ever committed.
    pub committed: u64,
    /// What was said of each attempt of each registration.
    pub said: BTreeMap<(Made, u32), Vec<Said>>,
    /// Whether the agent object still exists.
    pub alive: bool,
    /// The life that it was cloned from, and the revision up to which they are the same.
    pub twin_of: Option<(usize, u64)>,
}

impl Life {
    fn new(node: usize, epoch: Epoch) -> Life {
        Life {
            node,
            epoch,
            entries: Vec::new(),
            table: BTreeMap::new(),
            slots: BTreeMap::new(),
            forgetting: Vec::new(),
            freed: BTreeMap::new(),
            committed: 0,
            said: BTreeMap::new(),
            alive: true,
            twin_of: None,
        }
    }

    /// Where it stands.
    pub fn tail(&self) -> Position {
        self.entries.last().map_or(Position::START, |e| e.position)
    }

    /// The digest at its tail.
    pub fn digest(&self) -> u64 {
        self.entries.last().map_or(0, |e| e.digest)
    }

    /// The position at a revision; `None` beyond the tail.
    pub fn position_at(&self, revision: u64) -> Option<Position> {
        if revision == 0 {
            return Some(Position::START);
        }
        self.entries.get(revision as usize - 1).map(|e| e.position)
    }

    /// The digest at a revision.
    pub fn digest_at(&self, revision: u64) -> Digest {
        Digest(if revision == 0 { 0 } else { self.entries[revision as usize - 1].digest })
    }

    /// Whether a position is on this chain.
    pub fn holds(&self, position: Position) -> bool {
        self.position_at(position.revision.0) == Some(position)
    }

    /// The entry of a revision.
    pub fn entry(&self, revision: u64) -> Option<&Rc<TruthEntry>> {
        self.entries.get((revision as usize).wrapping_sub(1))
    }

    /// The records at a revision, counted from the start.
    pub fn state_at(&self, revision: u64) -> BTreeMap<Slot, Rc<TwinRecord>> {
        let mut table = BTreeMap::new();
        for entry in &self.entries[..revision as usize] {
            match entry.kind {
                Kind::Forget => table.remove(&entry.record.slot),
                _ => table.insert(entry.record.slot, entry.record.clone()),
            };
        }
        table
    }

    /// The live record of a task.
    pub fn task(&self, id: TaskId) -> Option<&Rc<TwinRecord>> {
        self.table.get(self.slots.get(&id)?)
    }

    /// Adds an entry that leaves `record`; the record's `newest` must already name it.
    pub fn push(&mut self, kind: Kind, record: TwinRecord, made_at: u64) -> Position {
        let forgotten = kind == Kind::Forget;
        let hash = record.hash(forgotten);
        let before = self.table.get(&record.slot).map_or(0, |r| r.hash(false));
        let after = if forgotten { 0 } else { hash };
        let position = chain(self.tail(), hash);
        let digest = self.digest().wrapping_sub(before).wrapping_add(after);
        let record = Rc::new(record);
        if forgotten {
            self.table.remove(&record.slot);
            self.slots.remove(&record.id);
            self.forgetting.retain(|id| *id != record.id);
            self.freed.insert(record.slot, (position.revision.0, record.id));
        } else {
            self.table.insert(record.slot, record.clone());
            self.slots.insert(record.id, record.slot);
            if kind == Kind::Register {
                self.freed.remove(&record.slot);
            }
        }
        self.entries.push(Rc::new(TruthEntry { position, digest, kind, record, made_at }));
        position
    }

    /// The tombstones of tasks to be forgotten, in the order that leads from the tail to `reached`; `None` if no order
    /// of any of them does.
    pub fn tombstones_to(&self, reached: Position) -> Option<Vec<TwinRecord>> {
        let missing = reached.revision.0.checked_sub(self.tail().revision.0)? as usize;
        if missing > self.forgetting.len() {
            return None;
        }
        // First as an agent is likely to make them: by the newest entry, either way; then any order.
        let mut by_newest: Vec<TaskId> =
            self.forgetting.iter().copied().filter(|id| self.task(*id).is_some()).collect();
        by_newest.sort_by_key(|id| self.task(*id).map(|r| r.newest.revision));
        for _ in 0..2 {
            by_newest.reverse();
            for first in 0..=by_newest.len() - missing.min(by_newest.len()) {
                let Some(order) = by_newest.get(first..first + missing) else { continue };
                let found = self.in_order(order);
                if found.last().is_some_and(|(at, _)| *at == reached) {
                    return Some(found.into_iter().map(|(_, record)| record).collect());
                }
            }
        }
        let mut chosen = Vec::new();
        let mut tries = 0;
        self.search(self.tail(), missing, reached, &mut chosen, &mut tries).then_some(chosen)
    }

    /// Tombstones in this order, with where each leads.
    fn in_order(&self, order: &[TaskId]) -> Vec<(Position, TwinRecord)> {
        let mut at = self.tail();
        let mut out = Vec::new();
        for id in order {
            let Some(held) = self.task(*id) else { continue };
            let newest = Made { epoch: self.epoch, revision: at.revision.next() };
            let tombstone = TwinRecord { newest, ..(**held).clone() };
            at = chain(at, tombstone.hash(true));
            out.push((at, tombstone));
        }
        out
    }

    fn search(&self, from: Position, missing: usize, to: Position, out: &mut Vec<TwinRecord>, tries: &mut u32) -> bool {
        if missing == 0 {
            return from == to;
        }
        for id in &self.forgetting {
            let Some(held) = self.task(*id) else { continue };
            if out.iter().any(|r| r.id == *id) || *tries > 50_000 {
                continue;
            }
            *tries += 1;
            let newest = Made { epoch: self.epoch, revision: from.revision.next() };
            let tombstone = TwinRecord { newest, ..(**held).clone() };
            let next = chain(from, tombstone.hash(true));
            out.push(tombstone);
            if self.search(next, missing - 1, to, out, tries) {
                return true;
            }
            out.pop();
        }
        false
    }
}

/// The position after one more entry, counted without the core.
pub fn chain(from: Position, hash: u64) -> Position {
    let mut bytes = from.tag.0.to_le_bytes().to_vec();
    bytes.extend(hash.to_le_bytes());
    Position { revision: Revision(from.revision.0 + 1), tag: Tag(xxh3_64(&bytes)) }
}

/// The true log of a run.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// All lives, in the order of their beginning.
    pub lives: Vec<Life>,
    /// Which life first had a tag; twins share those of their common past.
    by_tag: BTreeMap<u64, usize>,
    /// Epochs given out for each node.
    pub epochs: Vec<BTreeSet<u64>>,
    /// Epochs of each node under which twins were started.
    pub twins: Vec<BTreeSet<u64>>,
    /// Terms given out.
    pub terms: BTreeSet<u64>,
}

impl Truth {
    /// Of so many nodes.
    pub fn new(nodes: usize) -> Truth {
        Truth { epochs: vec![BTreeSet::new(); nodes], twins: vec![BTreeSet::new(); nodes], ..Truth::default() }
    }

    /// A life begins with nothing.
    pub fn begin(&mut self, node: usize, epoch: Epoch) -> usize {
        self.epochs[node].insert(epoch.0);
        self.lives.push(Life::new(node, epoch));
        self.lives.len() - 1
    }

    /// A second life begins with the past of another.
    pub fn clone_life(&mut self, of: usize) -> usize {
        let mut life = self.lives[of].clone();
        life.twin_of = Some((of, life.tail().revision.0));
        self.twins[life.node].insert(life.epoch.0);
        self.lives.push(life);
        self.lives.len() - 1
    }

    /// A life begins with the past of another, up to a revision, under an epoch of its own.
    pub fn restore(&mut self, of: usize, revision: u64, epoch: Epoch) -> usize {
        let mut life = self.lives[of].clone();
        life.table = life.state_at(revision);
        life.slots = life.table.values().map(|record| (record.id, record.slot)).collect();
        life.entries.truncate(revision as usize);
        life.freed.clear();
        for entry in &life.entries {
            match entry.kind {
                Kind::Forget => {
                    life.freed.insert(entry.record.slot, (entry.position.revision.0, entry.record.id));
                }
                Kind::Register => {
                    life.freed.remove(&entry.record.slot);
                }
                Kind::Move(_) => {}
            }
        }
        life.forgetting.clear();
        life.committed = life.committed.min(revision);
        (life.epoch, life.alive, life.twin_of) = (epoch, true, None);
        self.epochs[life.node].insert(epoch.0);
        self.lives.push(life);
        self.lives.len() - 1
    }

    /// Adds an entry to a life.
    pub fn push(&mut self, life: usize, kind: Kind, record: TwinRecord, made_at: u64) -> Position {
        let position = self.lives[life].push(kind, record, made_at);
        let first = *self.by_tag.entry(position.tag.0).or_insert(life);
        if self.lives[first].committed >= position.revision.0 && self.lives[first].holds(position) {
            // A twin has made the very same entry, and it was committed.
            self.lives[life].committed = self.lives[life].committed.max(position.revision.0);
        }
        position
    }

    /// A life that holds the position; the start is held by all, so it has none.
    pub fn find(&self, position: Position) -> Option<usize> {
        let life = *self.by_tag.get(&position.tag.0)?;
        self.lives[life].holds(position).then_some(life)
    }

    /// The entry at a position.
    pub fn entry(&self, position: Position) -> Option<&Rc<TruthEntry>> {
        self.lives[self.find(position)?].entry(position.revision.0)
    }

    /// Marks a position committed on every chain that holds it, and its past on every chain that shares that.
    pub fn commit(&mut self, position: Position) {
        let Some(of) = self.find(position) else { return };
        let node = self.lives[of].node;
        for at in 0..self.lives.len() {
            if self.lives[at].node != node {
                continue;
            }
            let mut shared = position.revision.0.min(self.lives[at].tail().revision.0);
            while shared > self.lives[at].committed
                && self.lives[at].position_at(shared) != self.lives[of].position_at(shared)
            {
                shared -= 1;
            }
            self.lives[at].committed = self.lives[at].committed.max(shared);
        }
    }

    /// Whether there ever were two agents of one epoch of a node: two truths about one thing may meet then.
    pub fn had_twins(&self, node: usize) -> bool {
        !self.twins[node].is_empty()
    }

    /// Whether two lives of one epoch of a node have gone different ways.
    pub fn diverged(&self, node: usize) -> bool {
        !self.twins[node].is_empty()
            && self.lives.iter().any(|life| {
                let Some((of, shared)) = life.twin_of else { return false };
                life.node == node && (life.tail().revision.0 > shared || self.lives[of].tail().revision.0 > shared)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use taskwire::{Exit, Reason, Source, UnixMillis};

    fn fresh(life: &Life, id: u8, slot: u32) -> TwinRecord {
        let made = Made { epoch: life.epoch, revision: life.tail().revision.next() };
        TwinRecord {
            id: TaskId([id; 16]),
            slot: Slot(slot),
            registered: made,
            newest: made,
            attempt: 0,
            number: 1,
            state: State::Pending,
            at: UnixMillis(1),
            reason: Reason::NONE,
            source: Source::HOST,
            exit: Exit::None,
            metadata: Bytes::default(),
            message: Bytes::default(),
            message_cut: false,
            result: Bytes::default(),
            trace: None,
        }
    }

    #[test]
    fn tombstones_are_found_in_the_order_in_which_they_were_made() {
        let mut truth = Truth::new(1);
        let life = truth.begin(0, Epoch(1));
        for id in 1..=3 {
            let record = fresh(&truth.lives[life], id, id.into());
            truth.push(life, Kind::Register, record, 0);
            truth.lives[life].forgetting.push(TaskId([id; 16]));
        }
        let mut copy = truth.clone();
        for id in [2, 3] {
            let held = (**copy.lives[life].task(TaskId([id; 16])).unwrap()).clone();
            let newest = Made { epoch: Epoch(1), revision: copy.lives[life].tail().revision.next() };
            copy.push(life, Kind::Forget, TwinRecord { newest, ..held }, 0);
        }
        let found = truth.lives[life].tombstones_to(copy.lives[life].tail()).unwrap();
        assert_eq!(found.iter().map(|r| r.id.0[0]).collect::<Vec<_>>(), [2, 3]);
        let elsewhere = Position { tag: Tag(1), ..copy.lives[life].tail() };
        assert_eq!(truth.lives[life].tombstones_to(elsewhere), None);
    }

    #[test]
    fn digest_is_the_sum_over_live_records_and_states_of_the_past_can_be_counted() {
        let mut truth = Truth::new(1);
        let life = truth.begin(0, Epoch(1));
        let first = fresh(&truth.lives[life], 1, 0);
        truth.push(life, Kind::Register, first.clone(), 0);
        let second = fresh(&truth.lives[life], 2, 1);
        truth.push(life, Kind::Register, second.clone(), 0);
        let life_ref = &truth.lives[life];
        assert_eq!(life_ref.digest(), first.hash(false).wrapping_add(second.hash(false)));
        assert_eq!(life_ref.state_at(1).len(), 1);
        assert_eq!(life_ref.state_at(2).len(), 2);
        let newest = Made { epoch: Epoch(1), revision: Revision(3) };
        truth.push(life, Kind::Forget, TwinRecord { newest, ..first }, 0);
        assert_eq!(truth.lives[life].digest(), second.hash(false));
    }

    #[test]
    fn twins_share_their_past_and_no_more() {
        let mut truth = Truth::new(1);
        let one = truth.begin(0, Epoch(1));
        let record = fresh(&truth.lives[one], 1, 0);
        let shared = truth.push(one, Kind::Register, record, 0);
        let two = truth.clone_life(one);
        assert!(!truth.diverged(0));
        let record = fresh(&truth.lives[two], 2, 1);
        let own = truth.push(two, Kind::Register, record, 0);
        assert!(truth.diverged(0));
        assert!(truth.lives[one].holds(shared) && truth.lives[two].holds(shared));
        assert!(!truth.lives[one].holds(own));
        assert_eq!(truth.find(own), Some(two));
        truth.commit(own);
        assert_eq!((truth.lives[one].committed, truth.lives[two].committed), (1, 2));
    }
}
