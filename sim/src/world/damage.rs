//! Memory that is altered: a record of a controller's copy or of an agent's own, with its hash or without. How soon that must be
//! found is checked in `invariants::drift`.

use taskwire::{Record, Slot};

use super::World;
use crate::invariants::drift::Altered;
use crate::invariants::{Check, Moment};
use crate::rng::Rng;

/// Changes what no entry that follows writes anew, or what it does: then the next entry heals it.
fn alter(rng: &mut Rng) -> impl FnOnce(&mut Record) {
    let (what, by) = (rng.below(3), rng.range(1, 200));
    move |record| match what {
        0 => record.at.0 += by,
        1 => record.attempt ^= by as u32,
        _ => record.newest.epoch.0 ^= by << 20,
    }
}

impl World {
    /// A record of the controller's copy of a node is altered; `falsified` with its hash and the digest, as by a fault of a
    /// program, otherwise as by a fault of memory.
    pub(super) fn damage_controller(&mut self, falsified: bool) -> Check<bool> {
        let n = self.rng.index(self.nodes.len());
        let (Some(id), None) = (self.nodes[n].id, &self.nodes[n].altered) else { return Ok(false) };
        // While a question or a repair is under way, what is found is found anyway; of twins another check speaks.
        let idle = self.host.controller.view().node(id).is_some_and(|node| !node.is_staging() && node.is_synced());
        if !idle || self.host.suspended_until > self.now || self.truth.had_twins(n) {
            return Ok(false);
        }
        let Some(table) = self.host.controller.table(id) else { return Ok(false) };
        let slots: Vec<Slot> = table.iter().map(|record| record.slot).collect();
        if slots.is_empty() {
            return Ok(false);
        }
        let slot = slots[self.rng.index(slots.len())];
        let (change, next) = (alter(&mut self.rng), table.position().revision);
        let busy = self.living(n).is_some_and(|p| self.agents[p].agent.table().position().revision > next);
        let Some(table) = self.host.controller.table_mut(id) else { return Ok(false) };
        let done = if falsified { table.falsify(slot, change) } else { table.damage(slot, change) };
        if done {
            let used = table.iter().map(|record| record.slot.0 + 1).max().unwrap_or(0);
            self.nodes[n].altered = Some(Altered::new(slot, falsified, used));
            self.nodes[n].print = self.print(id);
            self.trace.line(self.now, || format!("controller: slot {slot} of n{n} is altered, falsified {falsified}"));
            if busy {
                self.tally.moment(Moment::DamageBeforeEntry);
            }
        }
        Ok(done)
    }

    /// A record of an agent is altered in memory.
    pub(super) fn damage_agent(&mut self, p: usize) -> Check<bool> {
        let process = &mut self.agents[p];
        if process.altered.is_some() || process.left || self.truth.had_twins(process.node) {
            return Ok(false);
        }
        let slots: Vec<Slot> = process.agent.tasks().map(|record| record.slot).collect();
        if slots.is_empty() {
            return Ok(false);
        }
        let slot = slots[self.rng.index(slots.len())];
        // A slot above all in use may have been used: it is recounted as well.
        let used = process.agent.config().limits.slots;
        if process.agent.table_mut().damage(slot, alter(&mut self.rng)) {
            process.altered = Some(Altered::new(slot, false, used));
            self.trace.line(self.now, || format!("p{p}: slot {slot} is altered"));
            return Ok(true);
        }
        Ok(false)
    }

    /// The host of an agent that says that its memory is damaged starts it anew, from its journal if it has one.
    pub(super) fn start_anew(&mut self, p: usize) {
        let node = self.agents[p].node;
        self.end_agent(p);
        self.schedule(self.now, super::Event::Start(node));
    }
}
