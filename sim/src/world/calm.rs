//! The quiet period: faults end, hosts poll and commit, twins are down to one, absent nodes start; then time moves on
//! until all is in step, for no longer than the configuration allows. What must hold then stands in `invariants::quiet`.

use taskwire::Phase;

use super::World;
use crate::clock::TrueTime;
use crate::invariants::{fail, Check, Invariant};

impl World {
    /// Ends all faults and waits until every view equals its agent.
    pub(crate) fn calm_down(&mut self) -> Check {
        self.end_faults()?;
        let limit = self.now + self.time_to_converge();
        self.until_in_step(limit)?;
        self.trace.line(self.now, || "quiet: in step".into());
        // What the last fault still does shows within a lease: a heartbeat that was lost, a late question.
        let interval = self.intervals.heartbeat.1;
        self.pass(self.intervals.lease.1 + interval * 2)?;
        self.until_in_step(limit)?;
        self.pass(interval * 2)?;
        self.busy_frames = 0;
        self.pass(interval * 4)?;
        self.check_quiet()?;
        self.counts.converged += 1;
        Ok(())
    }

    fn until_in_step(&mut self, limit: TrueTime) -> Check {
        let mut steps: u64 = 0;
        while !self.in_step() {
            if self.now > limit {
                let (why, waited) = (self.out_of_step(), self.time_to_converge() / 1_000_000);
                // Of a node that lacks its newest detail alone, another check speaks.
                let detail_alone = why.split("; n").all(|reason| reason.contains("was said last"));
                let name = if detail_alone { Invariant::DetailIsCurrent } else { Invariant::Converges };
                return fail(name, format!("not in step {waited} s after faults ended: {why}"));
            }
            if !self.step()? {
                let why = self.out_of_step();
                return fail(Invariant::Converges, format!("nothing is due any more, and not in step: {why}"));
            }
            steps += 1;
            if steps > 400_000 {
                return fail(
                    Invariant::NoEndlessExchange,
                    format!("400,000 steps in the quiet period: {}", self.out_of_step()),
                );
            }
        }
        Ok(())
    }

    fn pass(&mut self, time: u64) -> Check {
        let until = self.now + time;
        while self.now < until && self.step()? {}
        Ok(())
    }

    fn end_faults(&mut self) -> Check {
        self.trace.line(self.now, || "quiet: faults end".into());
        self.quiet = true;
        self.deposed = None;
        self.hasten_frames(20_000);
        self.host.suspended_until = 0;
        self.host.deaf_until = 0;
        self.host.no_commits_until = 0;
        let (now, way) = (self.now, self.quiet_way());
        for process in &mut self.agents {
            process.up.heal(way);
            process.down.heal(way);
            process.suspended_until = 0;
            process.deaf_until = 0;
            process.clock.stop_ends(now);
            process.clock.catch_up(now, process.shadow.last_call);
        }
        self.host.clock.catch_up(now, self.host.shadow.last_call);
        for node in 0..self.knobs.nodes {
            let living: Vec<usize> =
                (0..self.agents.len()).filter(|p| self.agents[*p].alive && self.agents[*p].node == node).collect();
            let keep = if living.is_empty() { 0 } else { self.rng.index(living.len()) };
            for (at, p) in living.iter().enumerate() {
                if at != keep || self.agents[*p].left {
                    self.end_agent(*p);
                }
            }
            if !self.agents.iter().any(|a| a.alive && a.node == node) {
                self.start_agent(node)?;
            }
        }
        for p in 0..self.agents.len() {
            if self.agents[p].alive {
                self.wake_agent_by(p, now);
            }
        }
        for p in 0..self.agents.len() {
            self.end_sleep(p)?;
        }
        self.wake_controller_by(now);
        Ok(())
    }

    /// How long it may take until all is in step: the largest back-offs, leases, a handshake's queue, stragglers.
    fn time_to_converge(&self) -> TrueTime {
        let backoff = (self.knobs.agent.pace.most_backoff + self.knobs.controller.pace.most_backoff).as_micros() as u64;
        let lease = self.intervals.lease.1;
        let straggler = self.knobs.up.straggle_by.max(self.knobs.down.straggle_by);
        // A clone that outlives the other counts its HELLOs up, one a back-off, to where the other one was.
        let twins = (0..self.knobs.nodes).any(|node| self.truth.had_twins(node));
        let backoff = if twins { 64 * backoff } else { backoff };
        // Memory that is altered shows when its turn of recounting comes.
        let round = 16 * self.intervals.heartbeat.1;
        // Whoever finds no place may be told to come back that late.
        let turn = 300_000_000;
        4 * backoff
            + 4 * lease
            + round
            + turn
            + straggler
            + self.knobs.commit_late_by
            + self.longest_announced()
            + 120_000_000
    }

    /// The longest way of a frame in the quiet period: a small part of the interval, or no lease could be kept.
    pub(crate) fn quiet_way(&self) -> u64 {
        (self.intervals.heartbeat.0 / 20).min(20_000)
    }

    /// The living agent of a node.
    pub(crate) fn living(&self, node: usize) -> Option<usize> {
        self.agents.iter().position(|a| a.alive && a.node == node)
    }

    fn in_step(&mut self) -> bool {
        // A fenced agent's host takes its identity back: the other one is gone.
        for p in 0..self.agents.len() {
            if self.agents[p].alive && self.agents[p].fenced.is_some() && self.supersede(p).is_err() {
                return false;
            }
        }
        (0..self.knobs.nodes).all(|node| self.node_out_of_step(node).is_none())
    }

    fn out_of_step(&self) -> String {
        let why: Vec<String> = (0..self.knobs.nodes).filter_map(|node| self.node_out_of_step(node)).collect();
        why.join("; ")
    }

    /// What a node and its view still lack.
    fn node_out_of_step(&self, node: usize) -> Option<String> {
        let name = format!("n{node}");
        let p = match self.living(node) {
            Some(p) => p,
            None => return self.next_epoch_left(node).then(|| format!("{name} has no agent")),
        };
        let process = &self.agents[p];
        if self.knobs.beyond_limits {
            return (!process.refused).then(|| format!("{name} was not refused"));
        }
        if process.agent.phase() == (Phase::Fenced { seen: taskwire::Epoch(u64::MAX - 1) }) {
            return None; // no larger epoch is left: only the controller's host can help, by forgetting the node
        }
        let life = &self.truth.lives[process.life];
        let agent = &process.agent;
        let tail = life.tail();
        if process.altered.is_some() || self.nodes[node].altered.is_some() {
            return Some(format!("{name} has a record that is altered in memory, and was not found"));
        }
        if agent.phase() != Phase::Open {
            let (next, why) = (agent.next_timeout(), agent.next_timeout_reason().unwrap_or("nothing"));
            let now = self.local(p);
            return Some(format!("{name} p{p} is {:?} at its {now:?}, next {why} at {next:?}", agent.phase()));
        }
        let Some(print) = self.nodes[node].print else {
            return Some(format!(
                "{name} is unknown to the controller, which holds {:?}",
                self.host.controller.sizes()
            ));
        };
        if print.received != tail {
            return Some(format!("{name} received {} of {tail}", print.received));
        }
        if agent.base() != tail || !agent.is_durable() {
            return Some(format!("{name} p{p} has base {} and tail {tail}, durable {}", agent.base(), print.durable));
        }
        if print.reach != taskwire::Reachability::Live || !print.synced {
            return Some(format!("{name} is {:?}, synced {}", print.reach, print.synced));
        }
        if !life.forgetting.is_empty() {
            return Some(format!("{name} p{p} still keeps tasks that were to be forgotten"));
        }
        let view = self.host.controller.view();
        let id = self.nodes[node].id?;
        // The frames of a clone that is gone may bear higher numbers than its survivor's.
        let alone = !self.truth.had_twins(node);
        for record in life.table.values().filter(|_| alone) {
            let said = life.said.get(&(record.registered, record.attempt)).and_then(|s| s.last());
            let shown = view.find(id, record.id).and_then(|t| t.detail());
            // A restored agent has no details before its host says some again.
            if record.state == taskwire::State::Running
                && agent.detail_of(record.id).is_some()
                && said.is_some_and(|s| !crate::invariants::view::is_said(s, shown.as_ref()))
            {
                return Some(format!("{name} shows {shown:?} of task {}, and {said:?} was said last", record.id));
            }
        }
        None
    }

    fn next_epoch_left(&self, node: usize) -> bool {
        self.truth.epochs[node].last().is_none_or(|e| *e < u64::MAX - 1)
    }
}
