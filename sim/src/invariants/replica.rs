//! Checks after each call of the controller: cursor-means-have, digest-equals-recount, repair-keeps-newer,
//! removed-stays-removed, fork-never-merged, node-isolated. What is compared is only what changed since the last look.

use std::collections::BTreeSet;

use taskwire::{Digest, Epoch, Instant, NodeId, Position, Reachability, Slot};

use super::shadow::NodePrint;
use super::{fail, Check, Invariant};
use crate::hold;
use crate::truth::Kind;
use crate::world::World;

impl World {
    /// A look at one node.
    pub(crate) fn print(&self, id: NodeId) -> Option<NodePrint> {
        let controller = &self.host.controller;
        let view = controller.view().node(id)?;
        Some(NodePrint {
            received: view.received(),
            durable: view.durable(),
            digest: controller.table(id).map_or(Digest(0), |t| t.digest()),
            epoch: view.epoch().unwrap_or(Epoch(0)),
            reach: view.reachability(),
            synced: view.is_synced(),
            heard: view.last_heard(),
            tasks: view.task_count(),
        })
    }

    /// Before any call of the controller: how long it was not called.
    pub(crate) fn before_controller_call(&mut self, now: Instant) {
        let shadow = &mut self.host.shadow;
        let now = now.max(shadow.last_call);
        if shadow.called {
            let asked = shadow.asked.unwrap_or(now).max(shadow.last_call);
            let late = now.since(asked);
            if late > self.knobs.controller.lateness {
                for node in &mut self.nodes {
                    node.uncalled += late.as_micros() as u64;
                    node.late_calls += 1;
                }
            }
        }
        shadow.called = true;
        shadow.last_call = now;
    }

    /// After any call of the controller that was about this node, about none, or about all.
    pub(crate) fn controller_called(&mut self, now: Instant, touched: Option<usize>) -> Check {
        self.controller_called_for(now, touched, false)
    }

    /// The same, after a call in which time passed for all nodes.
    pub(crate) fn controller_called_for(&mut self, now: Instant, touched: Option<usize>, all: bool) -> Check {
        self.host.shadow.asked = self.host.controller.next_timeout();
        let _ = now;
        self.watch()?;
        for n in 0..self.nodes.len() {
            if self.nodes[n].id.is_none() {
                self.nodes[n].id = self.host.controller.node(self.names[n].as_str());
            }
            let Some(id) = self.nodes[n].id else { continue };
            let print = self.print(id);
            let before = self.nodes[n].print;
            if touched != Some(n) && !all {
                let misled = touched.is_some() && before.is_some() && self.tally.met(Invariant::NodeIsolated);
                if print != before || misled {
                    let text = format!("n{n} changed by what was not its own: {before:?} became {print:?}");
                    return fail(Invariant::NodeIsolated, text);
                }
                continue;
            }
            self.nodes[n].print = print;
            let Some(print) = print else { continue };
            if all {
                let same = before
                    .is_none_or(|b| (b.received, b.digest, b.durable) == (print.received, print.digest, print.durable));
                let misled =
                    before.is_some_and(|b| b.reach != print.reach) && self.tally.met(Invariant::LostWritesNoState);
                hold!(
                    LostWritesNoState,
                    same && !misled,
                    "n{n} changed by the passing of time: {before:?} became {print:?}"
                );
            }
            let backlog = self.host.controller.backlog(id).map_or(0, |(waiting, _)| waiting);
            let grown = backlog.saturating_sub(std::mem::replace(&mut self.nodes[n].backlog, backlog));
            hold!(WithinBounds, !all || grown <= 4, "n{n}: the passing of time made {grown} events for it");
            self.check_reach(n, before.map(|b| b.reach), print, all)?;
            if self.nodes[n].altered.is_some() {
                self.note_received(print.received);
                self.nodes[n].stale &= !print.synced;
            } else if before != Some(print) || touched == Some(n) {
                self.check_replica(n, id, print)?;
                self.check_view(n, id)?;
            }
        }
        Ok(())
    }

    /// The name under which a wrong table is reported.
    fn blame(&self, n: usize, otherwise: Invariant) -> Invariant {
        if self.truth.diverged(n) {
            Invariant::ForkNeverMerged
        } else {
            otherwise
        }
    }

    /// The controller's copy is what its agent had at the position that it claims.
    fn check_replica(&mut self, n: usize, id: NodeId, print: NodePrint) -> Check {
        let position = print.received;
        let former = self.nodes[n].replica;
        let misled = self.tally.met(Invariant::DigestEqualsRecount) && position != former;
        let Some(table) = self.host.controller.table(id) else { return Ok(()) };
        if table.len() <= 8 || self.counts.steps % 16 == 0 || misled {
            let recount = table.recount();
            hold!(
                DigestEqualsRecount,
                recount == print.digest && !misled,
                "n{n}: the digest at {position} is {}, its records give {recount}",
                print.digest
            );
        }
        hold!(WithinBounds, table.len() <= self.knobs.agent.limits.slots as usize, "n{n}: {} records", table.len());
        if position == Position::START {
            self.nodes[n].replica = position;
            hold!(CursorMeansHave, table.is_empty(), "n{n}: records at the start of history");
            return Ok(());
        }
        let Some(life) = self.truth.find(position) else {
            let name = self.blame(n, Invariant::CursorMeansHave);
            return fail(name, format!("n{n}: the controller claims {position}, where no agent has ever been"));
        };
        let chain = &self.truth.lives[life];
        hold!(NodeIsolated, chain.node == n, "n{n}: the controller holds a history of n{}", chain.node);
        let goes_on = chain.holds(former) && former.revision <= position.revision;
        if position == former {
            let truth = chain.digest_at(position.revision.0);
            if print.digest != truth {
                let name = self.blame(n, Invariant::CursorMeansHave);
                return fail(
                    name,
                    format!("n{n}: its records changed at {position}: digest {}, not {truth}", print.digest),
                );
            }
            return Ok(());
        }
        let otherwise = if goes_on { Invariant::CursorMeansHave } else { Invariant::RepairKeepsNewer };
        let misled = self.tally.met(otherwise);
        let fork_misled = self.truth.diverged(n) && self.tally.met(Invariant::ForkNeverMerged);
        // Which slots may differ from the last look, and what they must hold.
        let mut slots: BTreeSet<Slot> = BTreeSet::new();
        let state = if goes_on {
            for entry in &chain.entries[former.revision.0 as usize..position.revision.0 as usize] {
                slots.insert(entry.record.slot);
            }
            None
        } else {
            let state = chain.state_at(position.revision.0);
            slots.extend(state.keys().copied());
            slots.extend(table.iter().map(|r| r.slot));
            Some(state)
        };
        for slot in slots {
            let truth = match &state {
                Some(state) => state.get(&slot).cloned(),
                None => {
                    let new = &chain.entries[former.revision.0 as usize..position.revision.0 as usize];
                    let last = new.iter().rev().find(|e| e.record.slot == slot);
                    last.filter(|e| e.kind != Kind::Forget).map(|e| e.record.clone())
                }
            };
            let held = table.get(slot);
            let differs = match (&truth, held) {
                (None, None) => None,
                (Some(truth), Some(held)) => truth.difference(&held),
                (Some(truth), None) => Some(format!("task {} is missing", truth.id)),
                (None, Some(held)) => {
                    let removed = chain.entries[..position.revision.0 as usize].iter().any(|e| {
                        e.kind == Kind::Forget && e.record.registered == held.registered && e.record.id == held.id
                    });
                    let misplaced = self.blame(n, if removed { Invariant::RemovedStaysRemoved } else { otherwise });
                    return fail(
                        misplaced,
                        format!("n{n} at {position}: slot {slot} holds task {}, which is gone", held.id),
                    );
                }
            };
            if let Some(differs) = differs {
                return fail(self.blame(n, otherwise), format!("n{n} at {position}, slot {slot}: {differs}"));
            }
        }
        let truth = chain.digest_at(position.revision.0);
        if print.digest != truth || misled || fork_misled {
            let name = if fork_misled { Invariant::ForkNeverMerged } else { self.blame(n, otherwise) };
            return fail(name, format!("n{n} at {position}: the digest is {}, and should be {truth}", print.digest));
        }
        let shadow = &mut self.nodes[n];
        if let Some(repair) = shadow.repair_told.filter(|r| r.tip.revision <= position.revision) {
            shadow.switched_on = Some(repair.base);
        }
        if !goes_on {
            self.check_switch(n, former, position)?;
        }
        self.nodes[n].replica = position;
        self.note_received(position);
        Ok(())
    }

    /// The table went over to another history: not before the tip that was named, and not unannounced.
    fn check_switch(&mut self, n: usize, former: Position, position: Position) -> Check {
        let shadow = &mut self.nodes[n];
        if let Some(repair) = shadow.repair_told {
            let tip = repair.tip;
            hold!(
                RepairKeepsNewer,
                position.revision >= tip.revision,
                "n{n}: it went over from {former} to {position} before the tip {tip} was reached"
            );
        }
        if !std::mem::take(&mut shadow.told) {
            shadow.unannounced = Some(position);
        }
        Ok(())
    }

    /// Whether the controller believes in a node.
    pub(crate) fn believes(reach: Reachability) -> bool {
        matches!(reach, Reachability::Live | Reachability::Suspect)
    }
}
