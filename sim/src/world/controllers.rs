//! What the host of the controller does: start, call it when frames or deadlines come, drain what it has to say, commit.
//! Frames on their way are left to `frames`, checks to `invariants`.

use taskwire::{AckPolicy, Controller, ControllerEvent, Instant, NodeId, Position, Term};

use super::host::ControllerHost;
use super::{Event, Options, World};
use crate::clock::{Clock, TrueTime};
use crate::hold;
use crate::invariants::shadow::ControllerShadow;
use crate::invariants::{fail, Check, Invariant, Moment, NodeShadow};
use crate::knobs::Knobs;
use crate::rng::Rng;

/// A controller object of a term, with nothing, and its host.
pub(crate) fn make_controller(
    knobs: &Knobs,
    options: &Options,
    term: u64,
    life: u64,
    now: TrueTime,
    rng: &mut Rng,
) -> ControllerHost {
    let mut config = knobs.controller.clone().term(term);
    if knobs.beyond_limits {
        config.limits.slots = config.limits.slots.min(1 << 19);
    }
    #[cfg(feature = "bait")]
    if let Some(bait) = options.bait {
        config.baits = taskwire::Baits::only(bait);
    }
    let _ = options;
    config.pace.linger = knobs.controller.pace.linger;
    let rate = rng.range(0, knobs.clock_rate_ppm * 2) as i64 - knobs.clock_rate_ppm as i64;
    ControllerHost {
        controller: Controller::new(config, rng.draw()).expect("knobs draw good configurations"),
        life,
        term,
        clock: Clock::new(now, rng.pick(&[0, 5_000_000, 1 << 51]), rate),
        suspended_until: 0,
        deaf_until: 0,
        deaf_since: None,
        no_commits_until: 0,
        inbox: Vec::new(),
        wake: None,
        shadow: ControllerShadow { term: Term(term), ..ControllerShadow::default() },
    }
}

impl World {
    pub(crate) fn controller_local(&self) -> Instant {
        self.host.clock.local(self.now)
    }

    /// Restarts the controller without a store, under a larger term; says whether there was a larger one.
    pub(crate) fn restart_controller(&mut self) -> bool {
        let Some(term) = self.host.term.checked_add(1).filter(|t| *t < u64::MAX) else { return false };
        for node in &self.nodes {
            if node.print.is_some_and(|p| p.received.revision > p.durable) {
                self.tally.moment(Moment::CrashBeforeCommit);
            }
        }
        self.truth.terms.insert(term);
        let life = self.host.life + 1;
        self.host = make_controller(&self.knobs, &self.options, term, life, self.now, &mut self.rng);
        for node in &mut self.nodes {
            *node = NodeShadow::default();
        }
        self.offers.clear();
        self.bind_peers();
        self.trace.line(self.now, || format!("controller: starts as term {term}"));
        self.wake_controller_by(self.now);
        true
    }

    pub(crate) fn bind_peers(&mut self) {
        if !self.knobs.bound_peers {
            return;
        }
        for process in &self.agents {
            self.host.controller.bind_peer(process.peer, &self.names[process.node]);
        }
    }

    /// The host is called.
    pub(crate) fn wake_controller(&mut self) -> Check {
        if self.host.suspended_until > self.now {
            self.wake_controller_by(self.host.suspended_until);
            return Ok(());
        }
        let inbox = std::mem::take(&mut self.host.inbox);
        let timers_first = !inbox.is_empty() && self.rng.chance(self.knobs.timers_first);
        if timers_first {
            self.controller_timeout()?;
        }
        for arrival in inbox {
            self.hand_to_controller(arrival)?;
        }
        if !timers_first {
            self.controller_timeout()?;
        }
        self.drain_controller()
    }

    fn plan_controller(&mut self) {
        let Some(deadline) = self.host.controller.next_timeout() else { return };
        let at = self.host.clock.true_time_of(deadline).unwrap_or(self.now + 100_000).max(self.now);
        let late = if !self.quiet && self.rng.chance(self.knobs.late_wake) {
            self.rng.below(self.knobs.late_by + 1)
        } else {
            0
        };
        let at = at.saturating_add(late).max(self.host.suspended_until);
        if at < TrueTime::MAX / 2 {
            self.wake_controller_by(at);
        }
    }

    /// Takes what the controller has to send and to say, as far as the host's habits allow, and plans the next call.
    pub(crate) fn drain_controller(&mut self) -> Check {
        let mut come_again = false;
        if !self.quiet && self.rng.chance(self.knobs.skip_transmit) {
            come_again = true;
        } else {
            self.transmit_controller()?;
        }
        if !self.quiet && self.host.deaf_until > self.now {
            self.host.deaf_since.get_or_insert(self.now);
            self.wake_controller_by(self.host.deaf_until);
        } else {
            if let Some(since) = self.host.deaf_since.take() {
                if u128::from(self.now - since) > u128::from(self.intervals.lease.1) {
                    self.tally.moment(Moment::DeafForALease);
                }
            }
            if !self.quiet && self.rng.chance(self.knobs.skip_events) {
                come_again = true;
            } else {
                let few = !self.quiet && self.rng.chance(self.knobs.few_events);
                let most = if few { self.rng.range(1, 3) } else { u64::MAX };
                come_again |= !self.poll_controller_events(most)?;
            }
        }
        if come_again {
            let after = self.rng.below(self.knobs.late_by + 1) + 1;
            self.wake_controller_by(self.now + after);
        }
        self.plan_controller();
        Ok(())
    }

    fn transmit_controller(&mut self) -> Check {
        let now = self.controller_local();
        self.before_controller_call(now);
        for _ in 0..20_000 {
            let mut buffer = std::mem::take(&mut self.buffer);
            let result = self.host.controller.poll_transmit(now, &mut buffer);
            let frame = match result {
                Ok(found) => found.map(|(peer, length)| (peer, buffer[..length].into())),
                Err(error) => {
                    return fail(Invariant::WithinBounds, format!("controller: {error} for a buffer of 65,600 bytes"))
                }
            };
            self.buffer = buffer;
            match frame {
                Some((peer, bytes)) => self.frame_from_controller(peer, bytes)?,
                None => {
                    self.host.shadow.asked = self.host.controller.next_timeout();
                    return Ok(());
                }
            }
        }
        fail(Invariant::NoEndlessExchange, "controller: 20,000 frames in one go")
    }

    /// Polls at most so many events; says whether none is left.
    pub(crate) fn poll_controller_events(&mut self, most: u64) -> Check<bool> {
        let mut polled = 0;
        let mut commits: Vec<(NodeId, Position)> = Vec::new();
        let mut empty = false;
        self.begin_events();
        while polled < most {
            let Some(event) = self.host.controller.poll_event() else {
                empty = true;
                break;
            };
            polled += 1;
            self.trace.mix(&[78, polled]);
            self.trace.line(self.now, || format!("controller event: {event:?}"));
            self.check_controller_event(&event)?;
            if let ControllerEvent::CommitDue { node, position } = event {
                commits.retain(|(n, _)| *n != node);
                commits.push((node, position));
            }
        }
        for (node, position) in commits {
            self.commit_due(node, position)?;
        }
        if empty {
            self.events_drained()?;
        }
        Ok(empty)
    }

    fn commit_due(&mut self, node: NodeId, position: Position) -> Check {
        if !self.quiet {
            if self.host.no_commits_until > self.now || self.rng.chance(self.knobs.commit_skip) {
                return Ok(());
            }
            if self.rng.chance(self.knobs.commit_late) {
                let at = self.now + self.rng.below(self.knobs.commit_late_by + 1);
                self.schedule(at, Event::Commit(self.host.life, node, position));
                return Ok(());
            }
        }
        self.commit(node, position)?;
        // What the commit lets the controller say is said now, not at its next call.
        self.transmit_controller()?;
        self.plan_controller();
        Ok(())
    }

    /// The host confirms that it has stored what a position stands for.
    pub(crate) fn commit(&mut self, node: NodeId, position: Position) -> Check {
        let now = self.host.shadow.last_call;
        let result = self.host.controller.commit(node, position);
        self.trace.line(self.now, || format!("controller: commit node {node} {position}: {result:?}"));
        let touched = self.node_of(node);
        if let (Ok(()), Some(n)) = (&result, touched) {
            self.note_commit(n, node, position)?;
        }
        self.controller_called(now, touched)
    }

    fn note_commit(&mut self, n: usize, node: NodeId, position: Position) -> Check {
        let shadow = &self.nodes[n];
        let life = self.truth.find(position);
        let polled = shadow.last_event;
        let known = life.is_some() || position == Position::START;
        hold!(KeptUntilDurable, known, "controller: it took a commit of {position}, which is in no history of n{n}");
        if let Some(life) = life {
            let chain = &self.truth.lives[life];
            hold!(
                KeptUntilDurable,
                polled.revision.0 >= position.revision.0 || !chain.holds(polled) || shadow.announced,
                "controller: it took a commit of {position} of n{n}, and events were polled to {polled} only"
            );
            let made = chain.entry(position.revision.0).map(|e| e.record.newest.epoch);
            let epoch = self.host.controller.view().node(node).and_then(|v| v.epoch());
            if made.zip(epoch).is_some_and(|(made, epoch)| made < epoch) {
                self.tally.moment(Moment::CommitOfFormerEpoch);
            }
        }
        self.truth.commit(position);
        Ok(())
    }

    /// Under the lossy policy what is received counts as durable.
    pub(crate) fn note_received(&mut self, position: Position) {
        if self.knobs.controller.ack_policy == AckPolicy::Received {
            self.truth.commit(position);
        }
    }
}
