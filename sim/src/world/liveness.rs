//! What hosts say of silence, of links and of intervals while a run goes on: the calls of both roles beside tasks, events
//! and frames. What must come of them is checked in `invariants::leases`.

use std::time::Duration;

use taskwire::Instant;

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
}
