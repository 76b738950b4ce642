//! The steps: which are possible in a state, and what each does. What must hold afterwards is left to `check`.

use std::sync::Arc;

use taskwire::{
    Agent, AgentBuilder, Controller, Durability, Exit, Instant, PeerId, Position, Reason, JOURNAL_OVERHEAD,
};

use crate::bounds::{task, Bounds, Call, AGENTS};
use crate::check::{self, hold, Check, Tally};
use crate::state::{seed, AgentPart, ControllerPart, Packet, State, Step};

/// What of an agent's disk a crash leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Left {
    /// All that was written.
    Written,
    /// What was confirmed.
    Confirmed,
    /// Nothing: another disk is put in.
    Nothing,
}

/// One step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// An agent's host makes its next call.
    Call(usize),
    /// An agent gives a frame out.
    Send(usize),
    /// The controller gives a frame out.
    SendDown,
    /// A frame in flight, by its place, is delivered.
    Deliver(usize),
    /// It is delivered and stays in flight.
    Repeat(usize),
    /// It is lost.
    Drop(usize),
    /// An agent's deadline comes.
    Timeout(usize),
    /// The controller's deadline comes.
    TimeoutDown,
    /// An agent's host says that its records are safe.
    Confirm(usize),
    /// The controller's host commits what it was told of a node.
    Commit(usize),
    /// An agent's machine crashes and starts again.
    Crash(usize, Left),
    /// The controller's machine crashes and starts again with nothing, in a larger term.
    CrashDown,
}

/// The steps that may be possible; some turn out to change nothing.
pub fn possible(state: &State, bounds: &Bounds) -> Vec<Action> {
    let mut out = Vec::with_capacity(24);
    let left = state.left;
    let faults = left.all > 0;
    let agents = if state.begun { bounds.agents } else { 1 };
    let room = state.net.len() < bounds.in_flight;
    for (index, agent) in state.agents.iter().enumerate().take(agents) {
        if agent.called < bounds.script.len() {
            out.push(Action::Call(index));
        }
        if room {
            out.push(Action::Send(index));
        }
        if agent.disk.last().is_some_and(|(key, _)| *key > agent.confirmed) {
            out.push(Action::Confirm(index));
        }
        if faults && left.timeouts > 0 && agent.agent.next_timeout().is_some() {
            out.push(Action::Timeout(index));
        }
        if faults && left.crashes > 0 {
            out.push(Action::Crash(index, Left::Confirmed));
            if bounds.journaled {
                out.push(Action::Crash(index, Left::Written));
                out.push(Action::Crash(index, Left::Nothing));
            }
        }
        if state.controller.nodes[index].due.is_some() {
            out.push(Action::Commit(index));
        }
    }
    if state.begun {
        if room {
            out.push(Action::SendDown);
        }
        if faults && left.timeouts > 0 && state.controller.controller.next_timeout().is_some() {
            out.push(Action::TimeoutDown);
        }
        if faults && left.crashes > 0 {
            out.push(Action::CrashDown);
        }
    }
    for at in 0..state.net.len() {
        if at > 0 && state.net[at] == state.net[at - 1] {
            continue;
        }
        out.push(Action::Deliver(at));
        if faults && left.repeats > 0 {
            out.push(Action::Repeat(at));
        }
        if faults && left.drops > 0 {
            out.push(Action::Drop(at));
        }
    }
    out
}

impl State {
    /// The state after a step; `None` when it changed nothing.
    ///
    /// # Errors
    /// The property that does not hold.
    pub fn after(&self, action: Action, bounds: &Bounds, tally: &mut Tally) -> Check<Option<State>> {
        let mut next = self.clone();
        next.depth += 1;
        next.begun = true;
        next.way = Some(Arc::new(Step { action, before: self.way.clone() }));
        let changed = match action {
            Action::Call(index) => next.call(index, bounds, tally)?,
            Action::Send(index) => next.send(index, tally)?,
            Action::SendDown => next.send_down(tally)?,
            Action::Deliver(at) => next.deliver(at, false, tally)?,
            Action::Repeat(at) => next.spend(|left| &mut left.repeats) && next.deliver(at, true, tally)?,
            Action::Drop(at) => {
                next.net.remove(at);
                next.spend(|left| &mut left.drops)
            }
            Action::Timeout(index) => next.spend(|left| &mut left.timeouts) && next.timeout(index, None, tally)?,
            Action::TimeoutDown => next.spend(|left| &mut left.timeouts) && next.timeout_down(None, tally)?,
            Action::Confirm(index) => next.confirm(index, tally)?,
            Action::Commit(index) => next.commit(index, tally)?,
            Action::Crash(index, disk) => {
                next.spend(|left| &mut left.crashes) && next.crash(index, disk, bounds, tally)?
            }
            Action::CrashDown => next.spend(|left| &mut left.crashes) && next.crash_down(bounds),
        };
        Ok(changed.then_some(next))
    }

    fn spend(&mut self, of: impl Fn(&mut crate::bounds::Budget) -> &mut u8) -> bool {
        *of(&mut self.left) -= 1;
        self.left.all -= 1;
        true
    }

    /// Lets an agent's host do something, and looks at what came of it.
    fn with_agent(
        &mut self,
        index: usize,
        tally: &mut Tally,
        act: impl FnOnce(&mut AgentPart, &mut Tally) -> Check,
    ) -> Check {
        let controllers = self.controller.life;
        let part = Arc::make_mut(&mut self.agents[index]);
        let base = part.agent.base();
        act(part, tally)?;
        write_journal(part);
        while let Some(event) = part.agent.poll_event() {
            check::agent_event(index, part, &event, controllers, tally)?;
        }
        check::agent(index, part, base, &self.controller.nodes, tally)?;
        part.seal();
        Ok(())
    }

    fn with_controller(
        &mut self,
        tally: &mut Tally,
        act: impl FnOnce(&mut ControllerPart, &mut Tally) -> Check,
    ) -> Check {
        let part = Arc::make_mut(&mut self.controller);
        let agents = [&*self.agents[0], &*self.agents[1]];
        act(part, tally)?;
        while let Some(event) = part.controller.poll_event() {
            check::controller_event(part, &event, agents, tally)?;
        }
        check::controller(part, agents, tally)?;
        part.seal();
        Ok(())
    }

    fn call(&mut self, index: usize, bounds: &Bounds, tally: &mut Tally) -> Check<bool> {
        self.with_agent(index, tally, |part, tally| {
            let (now, call) = (part.at(), bounds.script[part.called]);
            part.called += 1;
            let agent = &mut part.agent;
            let answer = match call {
                Call::Register(n) => agent.register(now, task(index, n), b"").map(|_| ()),
                Call::Running(n) => agent.running(now, task(index, n)).map(|_| ()),
                Call::Succeeded(n) => agent.succeeded(now, task(index, n), Exit::Code(0)).map(|_| ()),
                Call::Failed(n) => agent.failed(now, task(index, n), Reason::default(), Exit::Code(1)).map(|_| ()),
                Call::Retry(n) => agent.retry(now, task(index, n)).map(|_| ()),
                Call::Forget(n) => agent.forget(now, task(index, n)),
            };
            check::answer(index, call, &answer, tally)
        })?;
        Ok(true)
    }

    /// An agent gives a frame out; says whether there was one.
    pub fn send(&mut self, index: usize, tally: &mut Tally) -> Check<bool> {
        let mut sent = None;
        self.with_agent(index, tally, |part, _| {
            let mut buffer = [0; 1200];
            let now = part.at();
            sent = part
                .agent
                .poll_transmit(now, &mut buffer)
                .expect("room")
                .map(|n| Packet::new(index, true, &buffer[..n]));
            Ok(())
        })?;
        Ok(self.post(sent))
    }

    /// The controller gives a frame out; says whether there was one.
    pub fn send_down(&mut self, tally: &mut Tally) -> Check<bool> {
        let mut sent = None;
        self.with_controller(tally, |part, _| {
            let mut buffer = [0; 1200];
            let now = part.at();
            let found = part.controller.poll_transmit(now, &mut buffer).expect("room");
            sent = found.map(|(peer, n)| Packet::new(peer.0 as usize, false, &buffer[..n]));
            Ok(())
        })?;
        Ok(self.post(sent))
    }

    fn post(&mut self, packet: Option<Packet>) -> bool {
        let Some(packet) = packet else { return false };
        let at = self.net.partition_point(|p| *p < packet);
        self.net.insert(at, packet);
        true
    }

    /// A frame is delivered.
    pub fn deliver(&mut self, at: usize, stays: bool, tally: &mut Tally) -> Check<bool> {
        let packet = if stays { self.net[at].clone() } else { self.net.remove(at) };
        let index = packet.agent;
        if packet.up {
            self.with_controller(tally, |part, tally| {
                let (now, before) = (part.at(), part.controller.metrics().arrivals());
                let heard = part.controller.receive(now, PeerId(index as _), &packet.bytes);
                let counted = part.controller.metrics().arrivals() - before;
                hold!(
                    tally,
                    EveryFrameAccounted,
                    counted == 1,
                    "controller: a frame was counted {counted} times: {heard:?}"
                );
                Ok(())
            })?;
        } else {
            self.with_agent(index, tally, |part, tally| {
                let (now, before) = (part.at(), part.agent.metrics().arrivals());
                let heard = part.agent.receive(now, &packet.bytes);
                let counted = part.agent.metrics().arrivals() - before;
                hold!(
                    tally,
                    EveryFrameAccounted,
                    counted == 1,
                    "agent {index}: a frame was counted {counted} times: {heard:?}"
                );
                Ok(())
            })?;
        }
        Ok(true)
    }

    /// An agent's clock goes on by so many microseconds, or to its deadline.
    pub fn timeout(&mut self, index: usize, by: Option<u64>, tally: &mut Tally) -> Check<bool> {
        self.with_agent(index, tally, |part, tally| {
            let due = part.agent.next_timeout().map_or(part.now, Instant::as_micros);
            part.now = by.map_or(due.max(part.now), |by| part.now + by);
            part.agent.handle_timeout(Instant::from_micros(part.now));
            let next = part.agent.next_timeout();
            let honest = next.is_none_or(|next| next.as_micros() > part.now);
            hold!(tally, DeadlineIsHonest, honest, "agent {index}: at {} it still asks for {next:?}", part.now);
            Ok(())
        })?;
        Ok(true)
    }

    /// The controller's clock goes on by so many microseconds, or to its deadline.
    pub fn timeout_down(&mut self, by: Option<u64>, tally: &mut Tally) -> Check<bool> {
        self.with_controller(tally, |part, tally| {
            let due = part.controller.next_timeout().map_or(part.now, Instant::as_micros);
            part.now = by.map_or(due.max(part.now), |by| part.now + by);
            part.controller.handle_timeout(Instant::from_micros(part.now));
            let next = part.controller.next_timeout();
            let honest = next.is_none_or(|next| next.as_micros() > part.now);
            hold!(tally, DeadlineIsHonest, honest, "controller: at {} it still asks for {next:?}", part.now);
            Ok(())
        })?;
        Ok(true)
    }

    /// What an agent has written is safe.
    pub fn confirm(&mut self, index: usize, tally: &mut Tally) -> Check<bool> {
        if self.agents[index].disk.last().is_none_or(|(key, _)| *key <= self.agents[index].confirmed) {
            return Ok(false);
        }
        self.with_agent(index, tally, |part, _| {
            let key = part.disk.last().map_or(0, |(key, _)| *key);
            part.confirmed = key;
            part.safe = part.chain.len() as u64;
            part.agent.journal_confirmed(part.at(), key).expect("a record that was given out");
            let needed = part.agent.journal_needed_from();
            part.disk.retain(|(key, _)| *key >= needed);
            Ok(())
        })?;
        Ok(true)
    }

    /// The controller's host commits what it was told to.
    pub fn commit(&mut self, index: usize, tally: &mut Tally) -> Check<bool> {
        let Some(position) = self.controller.nodes[index].due else { return Ok(false) };
        self.with_controller(tally, |part, _| {
            part.nodes[index].due = None;
            let Some(id) = check::node_of(part, index) else { return Ok(()) };
            if part.controller.commit(id, position).is_ok() {
                part.nodes[index].committed.insert(position);
            }
            Ok(())
        })?;
        Ok(true)
    }

    fn crash(&mut self, index: usize, disk: Left, bounds: &Bounds, tally: &mut Tally) -> Check<bool> {
        let part = Arc::make_mut(&mut self.agents[index]);
        part.life += 1;
        match disk {
            Left::Written => {}
            Left::Confirmed => part.disk.retain(|(key, _)| *key <= part.confirmed),
            Left::Nothing => part.disk.clear(),
        }
        let (config, seed) = (bounds.agent(index, part.life), seed(index, part.life));
        if config.durability == Durability::Volatile {
            part.agent = Agent::new(config, seed).expect("good settings");
            part.lost = true;
        } else {
            let bytes: Vec<u8> = part.disk.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
            let started =
                AgentBuilder::new(config, seed).expect("good settings").replay(&bytes).and_then(AgentBuilder::start);
            let agent = match started {
                Ok((agent, _)) => agent,
                Err(error) => {
                    hold!(tally, RestoreEqualsConfirmed, false, "agent {index}: its journal was refused: {error}");
                    return Ok(false);
                }
            };
            part.agent = agent;
            part.lost |= disk == Left::Nothing && part.safe > 0;
        }
        let (at, digest) = (part.agent.table().position(), part.agent.table().digest());
        let least = if disk == Left::Nothing || part.lost { 0 } else { part.safe };
        let known = at == Position::START || part.chain.contains(&(at, digest));
        hold!(
            tally,
            RestoreEqualsConfirmed,
            known && at.revision.0 >= least,
            "agent {index}: restored at {at} with {digest}, confirmed was {least} of {:?}",
            part.chain
        );
        part.chain.truncate(at.revision.0 as usize);
        (part.now, part.confirmed) = (1, part.disk.last().map_or(0, |(key, _)| *key));
        part.safe = at.revision.0;
        write_journal(part);
        part.seal();
        Ok(true)
    }

    fn crash_down(&mut self, bounds: &Bounds) -> bool {
        let part = Arc::make_mut(&mut self.controller);
        part.life += 1;
        part.controller =
            Controller::new(bounds.controller(part.life), seed(AGENTS, part.life)).expect("good settings");
        part.now = 1;
        for node in &mut part.nodes {
            *node = crate::state::Known { committed: std::mem::take(&mut node.committed), ..Default::default() };
        }
        part.seal();
        true
    }
}

/// The host writes what there is to be written.
fn write_journal(part: &mut AgentPart) {
    if part.agent.config().durability == Durability::Volatile {
        return;
    }
    let mut buffer = [0; 1200 + JOURNAL_OVERHEAD];
    while let Some(written) = part.agent.poll_journal(&mut buffer).expect("room") {
        part.disk.push((written.key, buffer[..written.length].into()));
    }
}
