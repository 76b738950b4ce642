//! Checks of belief: live-means-fresh, no-expiry-in-a-gap, belief-ends-first.

use taskwire::{LeaseView, Reachability, SessionId};

use super::shadow::NodePrint;
use super::{Check, Invariant, Moment};
use crate::hold;
use crate::world::World;

impl World {
    /// How the belief in a node changed with a call.
    pub(crate) fn check_reach(
        &mut self,
        n: usize,
        before: Option<Reachability>,
        print: NodePrint,
        timers_ran: bool,
    ) -> Check {
        let reach = print.reach;
        let lost_now = reach == Reachability::Lost && before != Some(Reachability::Lost);
        if lost_now {
            self.nodes[n].stale = true;
            self.check_lost(n)?;
            self.check_belief(n)?;
        }
        if timers_ran && World::believes(reach) {
            self.check_fresh(n, reach)?;
            if self.host.controller.is_mass_silence() {
                self.tally.moment(Moment::MassSilence);
            }
        }
        Ok(())
    }

    /// Time since the last new frame in which the controller was called, in microseconds, and the slack of that measure.
    fn silence(&self, n: usize) -> Option<(u64, u64)> {
        let shadow = &self.nodes[n];
        let now = self.host.shadow.last_call;
        let silent = now.since(shadow.fresh?).as_micros() as u64;
        let lateness = self.knobs.controller.lateness.as_micros() as u64;
        Some((silent.saturating_sub(shadow.uncalled), shadow.late_calls * lateness))
    }

    /// A lease ended: not by time in which the controller was not called.
    fn check_lost(&mut self, n: usize) -> Check {
        let misled = self.tally.met(Invariant::NoExpiryInAGap);
        // With intervals that were changed meanwhile: by the shortest lease that was given out.
        let lease = self.intervals.lease.0;
        let Some((silent, slack)) = self.silence(n) else {
            hold!(NoExpiryInAGap, false, "n{n} is lost, and was never heard in this term");
            return Ok(());
        };
        hold!(
            NoExpiryInAGap,
            silent + slack + 2 >= lease && !misled,
            "n{n} is lost after {silent} µs in which the controller was called ({slack} µs of slack), and its lease is {lease} µs; heard last at {:?}, now {}, {} µs not called",
            self.nodes[n].fresh,
            self.host.shadow.last_call,
            self.nodes[n].uncalled
        );
        Ok(())
    }

    /// The controller gave a node up: its agent, if it still believes in its session, must have stopped before.
    fn check_belief(&mut self, n: usize) -> Check {
        if !self.truth.twins[n].is_empty() {
            return Ok(());
        }
        let session = self.nodes[n].session;
        for p in 0..self.agents.len() {
            let process = &self.agents[p];
            if process.node != n || !process.alive || process.shadow.session != session || session == SessionId::NONE {
                continue;
            }
            if self.lease_is_void(p) {
                continue;
            }
            let LeaseView::Held { until } = process.shadow.lease else {
                self.tally.met(Invariant::BeliefEndsFirst);
                continue;
            };
            let misled = self.tally.met(Invariant::BeliefEndsFirst);
            let ends = self.agents[p].clock.true_time_of(until).unwrap_or(u64::MAX);
            hold!(
                BeliefEndsFirst,
                ends <= self.now && !misled,
                "n{n}: the controller calls it lost at {} µs, and p{p} believes in its lease until {ends} µs",
                self.now
            );
        }
        Ok(())
    }

    /// A node that is believed in was heard within its lease, and the hold of a mass silence; one that is called live, more
    /// lately than what makes suspect.
    fn check_fresh(&mut self, n: usize, reach: Reachability) -> Check {
        let (interval, lease) = (self.intervals.heartbeat.1, self.intervals.lease.1);
        let config = &self.knobs.controller;
        let slack = 2 * config.lateness.as_micros() as u64 + 1_000;
        // A few are no crowd: what they do holds no lease.
        let hold = if self.knobs.nodes >= 8 { config.mass_silence_hold.as_micros() as u64 } else { 0 };
        let Some((silent, _)) = self.silence(n) else { return Ok(()) };
        // What was announced of its silence counts as none.
        let silent = silent.saturating_sub(self.announced[n]);
        if reach == Reachability::Live {
            let misled = silent > interval / 2 && self.tally.met(Invariant::LiveMeansFresh);
            hold!(
                LiveMeansFresh,
                silent <= interval / 2 * 3 + slack && !misled,
                "n{n} is called live after {silent} µs of silence in which the controller was called; the interval is {interval} µs"
            );
        }
        hold!(
            NoExpiryInAGap,
            silent <= lease + hold + slack,
            "n{n} is believed in after {silent} µs of silence in which the controller was called; its lease is {lease} µs, and a silence of many holds it {hold} µs"
        );
        Ok(())
    }
}
