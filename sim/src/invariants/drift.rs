//! drift-found-in-time: how soon an altered record is announced, that no altered record of an agent reaches a controller, and
//! that a busy stream carries digests all the same. Altering is left to `world::damage`.

use taskwire::wire::{Body, Delta};
use taskwire::{Phase, Slot};

use super::{fail, Check, Invariant};
use crate::hold;
use crate::world::World;

/// Turns in which every record is recounted.
const ROUND: u32 = 32;
/// Records of a turn, at least.
const LEAST: u32 = 4;

/// A record that was altered in memory and has not been found yet.
#[derive(Clone, Debug)]
pub struct Altered {
    /// Where it stands.
    pub slot: Slot,
    /// Its hash and the digest were altered too: only a comparison shows it.
    pub falsified: bool,
    /// Turns of recounting since then.
    pub turns: u64,
    /// Turns in which all are recounted.
    pub round: u64,
    /// It was found, and the repair is under way.
    pub found: bool,
}

impl Altered {
    /// Just now, where `used` slots are recounted.
    pub fn new(slot: Slot, falsified: bool, used: u32) -> Altered {
        Altered { slot, falsified, turns: 0, round: round_of(used), found: false }
    }
}

/// Turns in which so many slots are recounted.
fn round_of(used: u32) -> u64 {
    let share = used.div_ceil(ROUND).max(LEAST);
    u64::from(used.div_ceil(share)) + 1
}

/// Digests that the controller compared: equal, and in all; and differences that it found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compared {
    equal: u64,
    all: u64,
    found: u64,
}

impl World {
    pub(crate) fn compared(&self) -> Compared {
        let metrics = self.host.controller.metrics();
        let equal = metrics.digests_equal_total;
        Compared { equal, all: equal + metrics.digests_inconclusive_total, found: metrics.drift_found_total }
    }

    /// After a frame of node `n` was heard: an altered record is found where a digest is compared, or when its turn to be
    /// recounted has come, or it is as it should be again.
    pub(crate) fn check_altered(&mut self, n: usize, before: Compared) -> Check {
        let after = self.compared();
        let Some(id) = self.nodes[n].id else { return Ok(()) };
        if self.nodes[n].altered.is_some() {
            // What is announced may wait for the host until long after the repair.
            self.nodes[n].drifts_owed += after.found - before.found;
        }
        if self.nodes[n].altered.is_some() && self.is_as_it_should_be(n) {
            // Everything is looked at anew.
            self.nodes[n].altered = None;
            self.nodes[n].replica = taskwire::Position::START;
            return Ok(());
        }
        let used = self
            .host
            .controller
            .table(id)
            .map_or(0, |table| table.iter().map(|record| record.slot.0 + 1).max().unwrap_or(0));
        let staging = self.host.controller.view().node(id).is_some_and(|node| node.is_staging());
        let Some(altered) = &mut self.nodes[n].altered else { return Ok(()) };
        altered.found |= staging || after.found > before.found;
        if altered.found {
            return Ok(());
        }
        altered.turns += after.all - before.all;
        // Slots that came into use meanwhile have their turns as well.
        altered.round = altered.round.max(round_of(used));
        let (slot, falsified, turns, round) = (altered.slot, altered.falsified, altered.turns, altered.round);
        let misled = turns > 0 && self.tally.met(Invariant::DriftFoundInTime);
        hold!(
            DriftFoundInTime,
            (!falsified || after.equal == before.equal) && !misled,
            "n{n}: slot {slot} differs from its agent's, and a digest was called equal"
        );
        let asks = self.host.controller.view().node(id).is_some_and(|node| !node.is_synced());
        hold!(
            DriftFoundInTime,
            falsified || turns <= round || asks,
            "n{n}: slot {slot} was altered, and is not found after {turns} turns of recounting; all have had theirs in {round}"
        );
        Ok(())
    }

    /// Whether the record that was altered is what its agent had at that position: an entry wrote it anew.
    fn is_as_it_should_be(&self, n: usize) -> bool {
        let Some(table) = self.nodes[n].id.and_then(|id| self.host.controller.table(id)) else { return true };
        let Some(life) = self.truth.find(table.position()) else { return table.is_empty() };
        let truth = self.truth.lives[life].digest_at(table.position().revision.0);
        table.digest() == truth && table.recount() == truth
    }

    /// The difference of a node was announced by a DriftFound: says whether there is one, or was.
    pub(crate) fn announced_alteration(&mut self, n: usize) -> bool {
        let owed = &mut self.nodes[n].drifts_owed;
        let is_owed = *owed > 0;
        *owed = owed.saturating_sub(1);
        if let Some(altered) = &mut self.nodes[n].altered {
            altered.found = true;
        }
        is_owed
    }

    /// What an agent sends while a record of it is altered: recounting finds it within a round.
    pub(crate) fn check_altered_agent(&mut self, p: usize, body: &Body) -> Check {
        self.check_digest_in_time(p, body)?;
        let process = &mut self.agents[p];
        let Some(altered) = &mut process.altered else { return Ok(()) };
        let counts = matches!(body, Body::Heartbeat(_)) || matches!(body, Body::Delta(delta) if delta.digest.is_some());
        altered.turns += u64::from(counts);
        let found = process.agent.metrics().damaged_total > 0;
        let (turns, round, slot) = (altered.turns, altered.round, altered.slot);
        let misled = turns > 0 && self.tally.met(Invariant::DriftFoundInTime);
        hold!(
            DriftFoundInTime,
            (found || turns <= round) && !misled,
            "p{p}: slot {slot} was altered, and is not found after {turns} turns of recounting; all have had theirs in {round}"
        );
        Ok(())
    }

    /// However busy its stream: no delta goes without a digest two intervals after the last one.
    fn check_digest_in_time(&mut self, p: usize, body: &Body) -> Check {
        let interval = self.intervals.heartbeat.1;
        let process = &mut self.agents[p];
        let now = process.shadow.sent_at.as_micros();
        let open = process.agent.phase() == Phase::Open;
        let session = process.agent.session();
        if !open || process.shadow.digest_of != session {
            (process.shadow.digest_of, process.shadow.digest_at) = (session, now);
        }
        let told = match body {
            Body::Heartbeat(heartbeat) => heartbeat.digest.is_some(),
            Body::Delta(Delta { digest, .. }) => digest.is_some(),
            // While a repair is under way there is none.
            Body::Snapshot(_) | Body::Verdict(_) | Body::Sketch(_) => true,
            _ => return Ok(()),
        };
        let silent = now.saturating_sub(process.shadow.digest_at);
        if told {
            process.shadow.digest_at = now;
        } else if matches!(body, Body::Delta(_)) && silent > 2 * interval {
            let text =
                format!("p{p}: a delta without a digest {silent} µs after the last one; the interval is {interval} µs");
            return fail(Invariant::DriftFoundInTime, text);
        }
        Ok(())
    }
}
