//! What hosts say of silence, of links and of intervals while a run goes on: the calls of both roles beside tasks, events
//! and frames. What must come of them is checked in `invariants::leases`.

use std::time::Duration;

use taskwire::{Epoch, Instant, PeerId, Phase, Reachability, SessionId};

use super::World;
use crate::hold;
use crate::invariants::Check;

/// The least and the longest interval and lease that any controller of the run has given out, in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Intervals {
    /// Heartbeat interval.
    pub heartbeat: (u64, u64),
    /// Lease.
    pub lease: (u64, u64),
}

impl Intervals {
    /// Those of a configuration alone.
    pub fn new(heartbeat: Duration, lease: Duration) -> Intervals {
        let (heartbeat, lease) = (heartbeat.as_micros() as u64, lease.as_micros() as u64);
        Intervals { heartbeat: (heartbeat, heartbeat), lease: (lease, lease) }
    }

    fn give(&mut self, heartbeat: u64, lease: u64) {
        self.heartbeat = (self.heartbeat.0.min(heartbeat), self.heartbeat.1.max(heartbeat));
        self.lease = (self.lease.0.min(lease), self.lease.1.max(lease));
    }
}

/// A last will as a carrier keeps it.
#[derive(Clone, Debug)]
pub struct Will {
    node: usize,
    session: SessionId,
    epoch: Epoch,
    bytes: Vec<u8>,
}

/// The most wills that carriers keep.
const MOST_WILLS: usize = 16;

impl World {
    /// The controller's host gives out other intervals.
    pub(crate) fn set_intervals(&mut self) -> Check<bool> {
        if self.host.suspended_until > self.now {
            return Ok(false);
        }
        let usual = self.knobs.controller.heartbeat.as_micros() as u64;
        let heartbeat = self.rng.magnitude(usual / 4, usual * 4).max(10_000);
        let lease = heartbeat * self.rng.range(2, 5);
        let result = self.host.controller.set_intervals(Duration::from_micros(heartbeat), Duration::from_micros(lease));
        self.trace.line(self.now, || format!("controller: intervals {heartbeat} µs, lease {lease} µs: {result:?}"));
        hold!(WithinBounds, result.is_ok(), "controller: it refused intervals in their range: {result:?}");
        self.intervals.give(heartbeat, lease);
        let now = self.host.shadow.last_call;
        self.controller_called(now, None)?;
        self.drain_controller()?;
        Ok(true)
    }

    /// The controller's host hears that the link to an agent is gone, rightly or not.
    pub(crate) fn link_down(&mut self, p: usize) -> Check<bool> {
        if self.host.suspended_until > self.now {
            return Ok(false);
        }
        let peer = self.agents[p].peer;
        let there: Vec<usize> = (0..self.nodes.len())
            .filter(|n| self.nodes[*n].id.and_then(|id| self.host.controller.peer(id)) == Some(peer))
            .collect();
        let now = self.controller_local();
        self.before_controller_call(now);
        let count = self.host.controller.link_down(now, peer);
        self.trace.line(self.now, || format!("controller: the link to p{p} is down: {count} suspect"));
        self.called_for_some(now, &there)?;
        self.drain_controller()?;
        Ok(count > 0)
    }

    /// After a call of the controller that concerned some nodes and must have left the others as they were.
    fn called_for_some(&mut self, now: Instant, some: &[usize]) -> Check {
        for n in some {
            let Some(print) = self.nodes[*n].id.and_then(|id| self.print(id)) else { continue };
            let before = self.nodes[*n].print.replace(print);
            self.check_reach(*n, before.map(|b| b.reach), print, false)?;
        }
        self.controller_called(now, None)?;
        some.iter().try_for_each(|n| self.controller_called(now, Some(*n)))
    }

    /// The controller's host says that its input works.
    pub(crate) fn all_clear(&mut self) -> bool {
        let held = self.host.controller.is_mass_silence();
        self.host.controller.all_clear();
        held
    }

    /// An agent's host says how long it will be silent, or takes that back.
    pub(crate) fn sleep(&mut self, p: usize) -> Check<bool> {
        if !self.is_up(p) {
            return Ok(false);
        }
        let wakes = self.rng.below(4) == 0;
        let time = if wakes { 0 } else { self.rng.below(self.knobs.outage * 2) + 1 };
        self.sleep_for(p, time)
    }

    /// In the quiet period nobody sleeps.
    pub(crate) fn end_sleep(&mut self, p: usize) -> Check {
        if self.agents[p].alive {
            self.sleep_for(p, 0)?;
        }
        Ok(())
    }

    fn sleep_for(&mut self, p: usize, time: u64) -> Check<bool> {
        let now = self.local(p);
        self.before_agent_call(p, now);
        let open = self.agents[p].agent.phase() == Phase::Open;
        let result = self.agents[p].agent.sleep_for(now, Duration::from_micros(time));
        self.trace.line(self.now, || format!("p{p}: sleep for {time} µs: {result:?}"));
        let node = self.agents[p].node;
        self.announced[node] = self.announced[node].max(time);
        self.agent_called(p, now)?;
        self.drain_agent(p)?;
        Ok(open && time > 0)
    }

    /// The longest silence that was announced of any node.
    pub(crate) fn longest_announced(&self) -> u64 {
        self.announced.iter().copied().max().unwrap_or(0)
    }

    /// A carrier is given a will, or brings one that it has, of this session or of a former one.
    pub(crate) fn last_will(&mut self, p: usize) -> Check<bool> {
        let process = &self.agents[p];
        let mut bytes = vec![0; 48];
        if let (Ok(Some(length)), Some(session)) = (process.agent.last_will(&mut bytes), process.agent.session()) {
            bytes.truncate(length);
            let will = Will { node: process.node, session, epoch: process.agent.epoch(), bytes };
            self.wills.push(will);
            if self.wills.len() > MOST_WILLS {
                let index = self.rng.index(MOST_WILLS);
                self.wills.remove(index);
            }
        }
        if self.wills.is_empty() || self.host.suspended_until > self.now {
            return Ok(false);
        }
        let index = self.rng.index(self.wills.len());
        let will = self.wills[index].clone();
        self.bring(&will)
    }

    /// A will comes: the node of its session is suspect if it was live, and nothing else happens to anybody.
    fn bring(&mut self, will: &Will) -> Check<bool> {
        let n = will.node;
        let now = self.controller_local();
        self.before_controller_call(now);
        let reach = |world: &World| {
            let id = world.nodes[n].id?;
            world.host.controller.view().node(id).map(|node| (node.reachability(), node.last_heard()))
        };
        let before = reach(self);
        let id = self.nodes[n].id;
        let open = id.and_then(|id| self.host.controller.session(id)) == Some(will.session)
            && id.and_then(|id| self.host.controller.view().node(id)?.epoch()) == Some(will.epoch);
        let result = self.host.controller.receive(now, PeerId(77_777), &will.bytes);
        self.host.shadow.arrivals = self.host.controller.metrics().arrivals();
        let after = reach(self);
        self.trace.line(self.now, || format!("controller: the will of {} of n{n} comes: {result:?}", will.session));
        let suspect = |(reach, heard): (Reachability, Option<Instant>)| match reach {
            Reachability::Live if open => (Reachability::Suspect, heard),
            _ => (reach, heard),
        };
        hold!(
            OneSessionPerNode,
            after == before.map(suspect),
            "n{n}: a will of session {} (open: {open}) made {after:?} of {before:?}",
            will.session
        );
        self.called_for_some(now, &[n])?;
        self.drain_controller()?;
        Ok(true)
    }

    /// The controller's host sends all agents away.
    pub(crate) fn go_away(&mut self) -> Check<bool> {
        if self.host.suspended_until > self.now {
            return Ok(false);
        }
        let spread = self.rng.below(self.knobs.outage) + 1;
        let now = self.controller_local();
        self.before_controller_call(now);
        let result = self.host.controller.go_away(now, Duration::from_micros(spread));
        self.trace.line(self.now, || format!("controller: go away, spread {spread} µs: {result:?}"));
        hold!(WithinBounds, result.is_ok(), "controller: it refused a spread in its range: {result:?}");
        // It may come at the end of a silence, which a mass silence may have held.
        let hold = self.knobs.controller.mass_silence_hold.as_micros() as u64;
        let most = spread + self.intervals.lease.1 + hold;
        for announced in &mut self.announced {
            *announced = (*announced).max(most);
        }
        let all: Vec<usize> = (0..self.nodes.len()).collect();
        self.called_for_some(now, &all)?;
        self.drain_controller()?;
        Ok(result.is_ok_and(|count| count > 0))
    }
}
