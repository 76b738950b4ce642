//! Checks at the quiet point: nothing-lost, converges, and that the newest of everything is shown.

use taskwire::{AckPolicy, Mark, Phase, State};

use super::{fail, Check, Invariant};
use crate::hold;
use crate::knobs::Fault;
use crate::world::World;

impl World {
    /// All is in step: nothing may be missing.
    pub(crate) fn check_quiet(&mut self) -> Check {
        let misled = self.tally.met(Invariant::Converges);
        // Who is refused for good asks again and again, at the pace of its back-off.
        let busy = if self.knobs.beyond_limits { 0 } else { self.busy_frames } + u64::from(misled);
        hold!(
            Converges,
            busy == 0,
            "{busy} frames beside heartbeats and acknowledgements were sent when all was in step"
        );
        for n in 0..self.knobs.nodes {
            let Some(p) = self.living(n) else { continue };
            if self.knobs.beyond_limits || self.agents[p].agent.phase() != Phase::Open {
                continue;
            }
            self.check_all_seen(n, p)?;
            self.check_all_shown(n, p)?;
            self.check_closed(n, p)?;
        }
        Ok(())
    }

    /// Every entry of a living agent was seen by a host of a controller.
    fn check_all_seen(&mut self, n: usize, p: usize) -> Check {
        let misled = self.tally.met(Invariant::NothingLost);
        let life = &self.truth.lives[self.agents[p].life];
        if misled {
            self.ever_seen[n].pop_last();
        }
        // The lossy policy loses with its controller what that host had not polled.
        let forgot = self.counts.faults[Fault::ForgetNode as usize].1 > 0;
        let lossy = self.knobs.controller.ack_policy == AckPolicy::Received && (self.host.life > 0 || forgot);
        for entry in life.entries.iter().filter(|_| !lossy) {
            let at = entry.position;
            hold!(
                NothingLost,
                self.ever_seen[n].contains(&(at.revision.0, at.tag.0)),
                "n{n}: {:?} of task {} (number {}) at {at} was never seen by the controller's host",
                entry.kind,
                entry.record.id,
                entry.record.number
            );
        }
        // And this controller's host has seen them, or knows of a gap.
        for record in life.table.values() {
            let sighted = self.nodes[n].sighted.get(&(record.id, record.registered));
            hold!(
                NothingLost,
                sighted.is_some_and(|s| s.number == record.number && s.state == record.state || s.inexact || s.back),
                "n{n}: task {} stands at number {} ({}), and the host was told {sighted:?}",
                record.id,
                record.number,
                record.state
            );
        }
        Ok(())
    }

    /// The view shows what the agent has.
    fn check_all_shown(&mut self, n: usize, p: usize) -> Check {
        let Some(id) = self.nodes[n].id else {
            return fail(Invariant::Converges, format!("n{n} is not in the view"));
        };
        let life = &self.truth.lives[self.agents[p].life];
        let view = self.host.controller.view();
        for record in life.table.values() {
            let Some(task) = view.find(id, record.id) else {
                return fail(Invariant::Converges, format!("n{n}: task {} is not in the view", record.id));
            };
            if let Some(differs) = record.difference(&task.record()) {
                return fail(Invariant::Converges, format!("n{n}: task {} is shown wrongly: {differs}", record.id));
            }
            hold!(NothingLost, !task.is_value_pending(), "n{n}: the metadata of task {} never came", record.id);
            let wrong = matches!(task.mark(), Some(Mark::OutcomeUnknown { .. }));
            hold!(
                NothingLost,
                !wrong,
                "n{n}: the outcome of task {} is called unknown, and its agent knows it",
                record.id
            );
            hold!(Converges, !task.is_stale() && !task.is_closed(), "n{n}: task {} is stale or closed", record.id);
        }
        Ok(())
    }

    /// What the view keeps of tasks that no agent has: finals, and marks that say that the end cannot be known.
    fn check_closed(&mut self, n: usize, p: usize) -> Check {
        let Some(id) = self.nodes[n].id else { return Ok(()) };
        let life = &self.truth.lives[self.agents[p].life];
        for task in self.host.controller.view().tasks_of(id) {
            let record = task.record();
            if life.task(task.id()).is_some_and(|r| r.registered == record.registered) {
                continue;
            }
            let ended = record.state.is_ended() && record.state != State::Failed;
            hold!(
                NothingLost,
                ended || record.state == State::Failed || task.mark().is_some(),
                "n{n}: task {} is kept as {} without a mark, and no agent has it",
                task.id(),
                record.state
            );
            hold!(Converges, task.is_closed(), "n{n}: task {} is shown as live, and no agent has it", task.id());
        }
        Ok(())
    }
}
