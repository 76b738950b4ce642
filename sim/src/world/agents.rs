//! What the hosts of agents do: start, act, call the agent when frames or deadlines come, drain what it has to say.
//! Frames on their way are left to `frames`, checks to `invariants`.

use std::time::Duration;

use taskwire::{Agent, AgentEvent, Epoch, Instant, PeerId, Registration, Report, Revision, TaskError};
use taskwire::{SessionEnd, TaskId, UnixMillis};

use super::host::Process;
use super::{Event, World};
use crate::clock::{Clock, TrueTime};
use crate::disk::Disk;
use crate::invariants::{fail, AgentShadow, Check, Invariant, Moment};
use crate::link::Link;
use crate::truth::Said;
use crate::workload::{Action, Length, Workload};
use crate::{hold, rng::Rng};

impl World {
    /// A clock that is as wrong as this run allows.
    pub(crate) fn some_clock(&mut self) -> Clock {
        let most = self.knobs.clock_rate_ppm;
        let rate = self.rng.range(0, most * 2) as i64 - most as i64;
        let start = self.rng.pick(&[0, 1_000_000, 3_600_000_000, 1 << 50]);
        Clock::new(self.now, start, rate)
    }

    pub(crate) fn config_of(&self, node: usize, epoch: u64) -> taskwire::AgentConfig {
        let mut config = self.knobs.agent.clone();
        config.node = self.names[node].clone();
        config.epoch = Epoch(epoch);
        if self.knobs.beyond_limits {
            config.limits.slots = self.knobs.controller.limits.slots.min(1 << 19) + 1;
        }
        if self.knobs.write_ahead {
            config.durability = taskwire::Durability::WriteAhead;
        }
        #[cfg(feature = "bait")]
        if let Some(bait) = self.options.bait {
            config.baits = taskwire::Baits::only(bait);
        }
        config
    }

    /// The next epoch of a node; `None` when they are used up.
    pub(crate) fn next_epoch(&mut self, node: usize) -> Option<u64> {
        let given = self.truth.epochs[node].last().copied();
        let next = match given {
            None if self.knobs.late_epochs => u64::MAX - 1 - self.rng.range(0, 6),
            None => self.rng.range(1, 3),
            Some(last) => last.checked_add(if self.knobs.late_epochs { 1 } else { self.rng.range(1, 3) })?,
        };
        (next < u64::MAX).then_some(next)
    }

    /// Starts an agent of a node, with what its disk has, under a larger epoch.
    pub(crate) fn start_agent(&mut self, node: usize) -> Check {
        let Some(epoch) = self.next_epoch(node) else { return Ok(()) };
        match self.disks[node].take() {
            Some(disk) => self.restart_from(node, epoch, &disk),
            None => self.start_agent_as(node, epoch, false),
        }
    }

    /// Starts an agent of a node with nothing, under an epoch; `twin` if another has it too.
    pub(crate) fn start_agent_as(&mut self, node: usize, epoch: u64, twin: bool) -> Check {
        let seed = self.rng.draw();
        let agent = match Agent::new(self.config_of(node, epoch), seed) {
            Ok(agent) => agent,
            Err(error) => return fail(Invariant::WithinBounds, format!("a good configuration was refused: {error}")),
        };
        if epoch == u64::MAX - 1 {
            self.tally.moment(Moment::LastEpoch);
        }
        let life = self.truth.begin(node, Epoch(epoch));
        if twin {
            self.truth.twins[node].insert(epoch);
        }
        let disk = self.knobs.write_ahead.then(|| Disk::new(life));
        self.put_agent(node, agent, life, disk, twin);
        Ok(())
    }

    /// An agent object begins to live.
    pub(crate) fn put_agent(&mut self, node: usize, agent: Agent, life: usize, disk: Option<Disk>, twin: bool) {
        let epoch = agent.epoch();
        let process = self.agents.len();
        let former = self.agents.iter().rposition(|a| a.node == node);
        let peer = match former {
            Some(former) if !twin && self.rng.chance(self.knobs.same_address) => self.agents[former].peer,
            _ => PeerId(1_000 + process as u64),
        };
        let clock = self.some_clock();
        self.push_process(Process {
            node,
            life,
            clock,
            peer,
            workload: Workload::with(process as u64 + 1, agent.tasks().map(|record| (record.id, record.state))),
            disk,
            agent,
            up: Link::new(self.knobs.up.clone()),
            down: Link::new(self.knobs.down.clone()),
            suspended_until: 0,
            deaf_until: 0,
            inbox: Vec::new(),
            alive: true,
            left: false,
            wake: None,
            said: 0,
            fenced: None,
            refused: false,
            altered: None,
            shadow: AgentShadow::new(self.now),
        });
        self.trace.line(self.now, || format!("n{node} p{process}: starts as epoch {epoch}, peer {peer}"));
    }

    /// Makes a second agent object of one, exactly as it is.
    pub(crate) fn clone_agent(&mut self, of: usize) {
        let life = self.truth.clone_life(self.agents[of].life);
        let one = &self.agents[of];
        let process = self.agents.len();
        let twin = Process {
            node: one.node,
            life,
            agent: one.agent.clone(),
            clock: one.clock.clone(),
            peer: PeerId(1_000 + process as u64),
            workload: one.workload.clone(),
            up: Link::new(self.knobs.up.clone()),
            down: Link::new(self.knobs.down.clone()),
            suspended_until: 0,
            deaf_until: 0,
            inbox: Vec::new(),
            alive: true,
            left: one.left,
            wake: None,
            said: one.said + 1_000_000,
            fenced: one.fenced,
            refused: one.refused,
            altered: one.altered.clone(),
            disk: one.disk.clone().map(|disk| disk.of(life)),
            shadow: one.shadow.clone(),
        };
        self.trace.line(self.now, || format!("n{} p{process}: clone of p{of}, peer {}", twin.node, twin.peer));
        self.push_process(twin);
    }

    fn push_process(&mut self, process: Process) {
        let (p, peer, node) = (self.agents.len(), process.peer, process.node);
        if self.quiet {
            // Born into the quiet period: perfect links.
            self.agents.push(process);
            let way = self.quiet_way();
            self.agents[p].up.heal(way);
            self.agents[p].down.heal(way);
        } else {
            self.agents.push(process);
        }
        if self.knobs.bound_peers {
            let name = self.names[node].clone();
            self.host.controller.bind_peer(peer, &name);
        }
        self.wake_agent_by(p, self.now);
        if !self.quiet {
            let after = self.rng.below(self.knobs.act_interval * 2);
            self.schedule(self.now + after, Event::Act(p));
        }
    }

    /// Ends an agent object. Frames in flight stay in flight.
    pub(crate) fn end_agent(&mut self, p: usize) {
        let process = &mut self.agents[p];
        process.alive = false;
        process.wake = None;
        if let Some(disk) = process.disk.take() {
            self.disks[process.node] = Some(disk);
        }
        self.truth.lives[process.life].alive = false;
        self.trace.line(self.now, || format!("p{p}: ends"));
    }

    pub(crate) fn local(&self, p: usize) -> Instant {
        self.agents[p].clock.local(self.now)
    }

    /// Whether the host of an agent runs now.
    pub(crate) fn is_up(&self, p: usize) -> bool {
        let process = &self.agents[p];
        process.alive && process.suspended_until <= self.now
    }

    /// The host is called: it may be its deadline, the end of a suspension, or nothing at all.
    pub(crate) fn wake_agent(&mut self, p: usize) -> Check {
        if !self.agents[p].alive {
            return Ok(());
        }
        if !self.is_up(p) {
            let until = self.agents[p].suspended_until;
            self.wake_agent_by(p, until);
            return Ok(());
        }
        let inbox = std::mem::take(&mut self.agents[p].inbox);
        let timers_first = !inbox.is_empty() && self.rng.chance(self.knobs.timers_first);
        if timers_first {
            self.agent_timeout(p)?;
        }
        for arrival in inbox {
            self.hand_to_agent(p, arrival)?;
        }
        if !timers_first {
            self.agent_timeout(p)?;
        }
        self.drain_agent(p)
    }

    /// Plans the next call by what the agent asks for.
    pub(crate) fn plan_agent(&mut self, p: usize) {
        if !self.agents[p].alive {
            return;
        }
        let Some(deadline) = self.agents[p].agent.next_timeout() else { return };
        let at = match self.agents[p].clock.true_time_of(deadline) {
            Some(at) => at.max(self.now),
            None => return, // the clock stands still; when it goes on, this is asked again
        };
        let late = if !self.quiet && self.rng.chance(self.knobs.late_wake) {
            self.rng.below(self.knobs.late_by + 1)
        } else {
            0
        };
        let at = at.saturating_add(late).max(self.agents[p].suspended_until);
        if at < TrueTime::MAX / 2 {
            self.wake_agent_by(p, at);
        }
    }

    /// Takes what the agent has to send and to say, as far as the host's habits allow, and plans the next call.
    pub(crate) fn drain_agent(&mut self, p: usize) -> Check {
        if !self.agents[p].alive {
            return Ok(());
        }
        let lazy = |rng: &mut Rng, quiet: bool, chance| !quiet && rng.chance(chance);
        let mut come_again = false;
        if lazy(&mut self.rng, self.quiet, self.knobs.skip_journal) {
            come_again = self.agents[p].disk.is_some();
        } else {
            self.journal_agent(p)?;
        }
        if lazy(&mut self.rng, self.quiet, self.knobs.skip_transmit) {
            come_again = true;
        } else {
            self.transmit_agent(p)?;
        }
        let deaf = !self.quiet && self.agents[p].deaf_until > self.now;
        if deaf {
            let until = self.agents[p].deaf_until;
            self.wake_agent_by(p, until);
        } else if lazy(&mut self.rng, self.quiet, self.knobs.skip_events) {
            come_again = true;
        } else {
            let few = lazy(&mut self.rng, self.quiet, self.knobs.few_events);
            let most = if few { self.rng.range(1, 3) } else { u64::MAX };
            come_again |= !self.poll_agent_events(p, most)?;
        }
        if come_again {
            let after = self.rng.below(self.knobs.late_by + 1) + 1;
            self.wake_agent_by(p, self.now + after);
        }
        self.plan_agent(p);
        Ok(())
    }

    fn transmit_agent(&mut self, p: usize) -> Check {
        let now = self.local(p);
        for _ in 0..10_000 {
            let mut buffer = std::mem::take(&mut self.buffer);
            let result = self.agents[p].agent.poll_transmit(now, &mut buffer);
            let frame = match result {
                Ok(length) => length.map(|length| buffer[..length].into()),
                Err(error) => {
                    return fail(Invariant::WithinBounds, format!("p{p}: {error} for a buffer of 65,600 bytes"))
                }
            };
            self.buffer = buffer;
            match frame {
                Some(bytes) => {
                    let shadow = &mut self.agents[p].shadow;
                    shadow.sent_at = now.max(shadow.last_call);
                    self.frame_from_agent(p, bytes)?;
                }
                None => {
                    self.check_heartbeat(p, now)?;
                    return self.agent_called(p, now);
                }
            }
        }
        fail(Invariant::NoEndlessExchange, format!("p{p}: 10,000 frames in one go"))
    }

    /// Polls at most so many events; says whether none is left.
    pub(crate) fn poll_agent_events(&mut self, p: usize, most: u64) -> Check<bool> {
        let mut polled = 0;
        while polled < most {
            let Some(event) = self.agents[p].agent.poll_event() else {
                self.agents[p].shadow.drained = true;
                self.agent_events_drained(p, polled)?;
                return Ok(true);
            };
            polled += 1;
            hold!(WithinBounds, polled <= u64::from(self.knobs.agent.events) + 8, "p{p}: {polled} events were waiting");
            self.agent_event(p, event)?;
        }
        Ok(false)
    }

    fn agent_event(&mut self, p: usize, event: AgentEvent) -> Check {
        self.trace.mix(&[p as u64, 77]);
        self.trace.line(self.now, || format!("p{p} event: {event:?}"));
        self.check_agent_event(p, &event)?;
        match event {
            AgentEvent::TaskForgotten { task } => self.agents[p].workload.forgotten(task),
            AgentEvent::Fenced { seen, .. } => {
                self.agents[p].fenced = Some(seen.0);
                if self.rng.chance(self.knobs.supersede) {
                    self.supersede(p)?;
                }
            }
            AgentEvent::SessionClosed { reason: SessionEnd::Goodbye } => {}
            AgentEvent::Damaged { .. } => {
                hold!(
                    NoFalseDrift,
                    self.agents[p].altered.is_some(),
                    "p{p}: it says that its memory is damaged, and it is sound"
                );
                self.start_anew(p);
            }
            _ => {}
        }
        Ok(())
    }

    /// The host of a fenced agent takes its identity back.
    pub(crate) fn supersede(&mut self, p: usize) -> Check {
        let Some(seen) = self.agents[p].fenced.take() else { return Ok(()) };
        if self.agents[p].agent.phase() == taskwire::Phase::Left {
            // Its host said goodbye before it heard of the fence: there is nothing to take back.
            return Ok(());
        }
        let now = self.local(p);
        let result = self.agents[p].agent.supersede(now, Epoch(seen));
        self.trace.line(self.now, || format!("p{p}: supersede {seen}: {result:?}"));
        match result {
            Ok(epoch) => {
                hold!(FencedOnlyByLarger, epoch.0 == seen + 1, "p{p}: superseding {seen} gave the epoch {epoch}");
                let (node, life) = (self.agents[p].node, self.agents[p].life);
                if !self.truth.epochs[node].insert(epoch.0) {
                    // Another one was started under that epoch meanwhile: two hosts that do not know of one another.
                    self.truth.twins[node].insert(epoch.0);
                }
                self.truth.lives[life].epoch = epoch;
            }
            Err(error) => {
                hold!(FencedOnlyByLarger, seen >= u64::MAX - 1, "p{p}: superseding {seen} was refused: {error}");
            }
        }
        self.agent_called(p, now)?;
        self.wake_agent_by(p, self.now);
        Ok(())
    }

    /// A host acts: a burst of calls about its tasks.
    pub(crate) fn act(&mut self, p: usize) -> Check {
        if !self.agents[p].alive || self.quiet {
            return Ok(());
        }
        let after = self.rng.below(self.knobs.act_interval * 2) + 1;
        self.schedule(self.now + after, Event::Act(p));
        if !self.is_up(p) || self.agents[p].left {
            return Ok(());
        }
        for _ in 0..self.rng.range(1, self.knobs.burst) {
            let settings = self.knobs.workload.clone();
            if let Some((action, illegal)) = self.agents[p].workload.choose(&settings, &mut self.rng) {
                self.perform(p, &action, illegal)?;
            }
        }
        self.drain_agent(p)
    }

    fn bytes_of(&mut self, length: Length, bound: u32) -> Vec<u8> {
        let bound = bound as usize;
        let length = match length {
            Length::Empty => 0,
            Length::Short => bound.min(1 + self.rng.below(4) as usize),
            Length::Bound => bound,
            Length::Beyond => bound + 1 + self.rng.below(20) as usize,
        };
        (0..length).map(|_| b'a' + self.rng.below(26) as u8).collect()
    }

    /// Carries one call out, judges the answer, and writes the true log.
    pub(crate) fn perform(&mut self, p: usize, action: &Action, illegal: bool) -> Check {
        let now = self.local(p);
        let before = self.agents[p].agent.table().position();
        // The same agent after a call that does nothing but let time pass.
        let same = illegal.then(|| {
            let mut same = self.agents[p].agent.clone();
            let _ = same.progress(now, TaskId([0xdd; 16]), 1);
            same.state_hash()
        });
        self.before_agent_call(p, now);
        let limits = self.knobs.agent.limits;
        let result = match action {
            Action::Register { id, metadata, message, trace } => {
                let long = limits.value > limits.metadata && self.rng.below(2) == 0;
                let metadata = self.bytes_of(*metadata, if long { limits.value } else { limits.metadata });
                let message = self.bytes_of(*message, limits.message);
                let registration = Registration { metadata: &metadata, message: &message, trace: *trace, at: None };
                let result = self.agents[p].agent.register_with(now, *id, registration);
                if result.is_ok() {
                    self.note_registration(p, *id, &metadata, &message, *trace)?;
                }
                result
            }
            Action::Move { id, state, reason, exit, message, result, trace } => {
                let message = self.bytes_of(*message, limits.message);
                let outcome = self.bytes_of(*result, limits.result);
                let at = (self.rng.below(32) == 0).then(|| UnixMillis(self.rng.below(1 << 40)));
                let report = Report {
                    reason: *reason,
                    exit: *exit,
                    message: &message,
                    result: &outcome,
                    trace: *trace,
                    at,
                    ..Report::default()
                };
                let answer = self.agents[p].agent.transition(now, *id, *state, report);
                if answer.is_ok() {
                    self.note_move(p, action, &message, &outcome, at)?;
                }
                answer
            }
            Action::Detail { id, progress, text } => self.say_detail(p, *id, *progress, *text, now)?,
            Action::Forget { id } => {
                let life = self.agents[p].life;
                if !illegal {
                    self.truth.lives[life].forgetting.push(*id);
                }
                self.agents[p].agent.forget(now, *id).map(|()| Revision(0))
            }
        };
        self.trace.mix(&[p as u64, u64::from(result.is_ok())]);
        self.trace.line(self.now, || format!("p{p}: {action:?} -> {}", answer(&result)));
        if self.answers_for_damage(p, action, &result)? {
            return self.agent_called(p, now);
        }
        self.judge_answer(p, action, illegal, &result)?;
        if result.is_ok() {
            self.note_change_in_repair(p, action);
            self.counts.entries += 1;
            self.agents[p].workload.accepted(action);
        } else if let Some(hash) = same {
            let same = hash == self.agents[p].agent.state_hash();
            hold!(EveryFrameAccounted, same, "p{p}: the refused call {action:?} changed something");
            let after = self.agents[p].agent.table().position();
            hold!(EveryFrameAccounted, before == after, "p{p}: the refused call {action:?} moved {before} to {after}");
        }
        self.agent_called(p, now)
    }

    fn say_detail(
        &mut self,
        p: usize,
        id: TaskId,
        progress: Option<u8>,
        text: bool,
        now: Instant,
    ) -> Check<Result<Revision, TaskError>> {
        let message: Vec<u8> = if text {
            self.agents[p].said += 1;
            let mut text = self.agents[p].said.to_be_bytes()[4..].to_vec();
            if self.rng.chance(self.knobs.workload.long_values) {
                text.resize(self.knobs.agent.limits.message as usize, b'.');
            }
            text
        } else {
            Vec::new()
        };
        let result = self.agents[p].agent.detail(now, id, progress, &message).map(|()| Revision(0));
        if result.is_ok() {
            let life = self.agents[p].life;
            let Some(task) = self.truth.lives[life].task(id).cloned() else {
                return fail(
                    Invariant::LegalMovesOnly,
                    format!("p{p}: detail of task {id}, which is not there, was taken"),
                );
            };
            let slot = task.slot;
            let said = self.truth.lives[life].said.entry((task.registered, task.attempt)).or_default();
            let new = Said { progress, message };
            if said.last() != Some(&new) {
                said.push(new);
                self.agents[p].shadow.detail_waits.entry(slot.0).or_insert(0);
            }
        }
        Ok(result)
    }

    /// The host says goodbye and leaves.
    pub(crate) fn goodbye(&mut self, p: usize) -> Check {
        let now = self.local(p);
        self.before_agent_call(p, now);
        self.agents[p].agent.goodbye(now, Duration::from_secs(1));
        self.agents[p].left = true;
        self.trace.line(self.now, || format!("p{p}: goodbye"));
        self.agent_called(p, now)?;
        self.drain_agent(p)
    }
}

fn answer(result: &Result<Revision, TaskError>) -> String {
    match result {
        Ok(revision) => format!("ok {revision}"),
        Err(error) => error.to_string(),
    }
}
