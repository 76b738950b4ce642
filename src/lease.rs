//! Leases, on both sides: when a controller stops believing in a silent agent, and when the agent must know it.
//!
//! The controller counts lease time, which passes only while its host calls it in time: a call later than the deadline
//! that was asked for moves lease time no further than that deadline, and ends no lease until frames that waited have
//! had a chance to be heard. Renewing is O(1): deadlines are looked at again only when they come up.

use alloc::vec::Vec;
use core::time::Duration;

use crate::bait::{bait, Baits};
use crate::id::NodeId;
use crate::time::{earliest, micros, Instant};
use crate::wheel::Wheel;

/// The longest silence that an agent can announce: 30 days.
pub(crate) const MOST_SLEEP: Duration = Duration::from_secs(30 * 86_400);

/// Lease time of a controller, in microseconds of time in which it was called.
#[derive(Clone, Hash, Debug)]
pub(crate) struct LeaseClock {
    last: Instant,
    elapsed: u64,
    lateness: u64,
    /// Until then a late call ends no lease.
    hold_until: Option<Instant>,
    deadlines: Wheel,
    started: bool,
    baits: Baits,
}

impl LeaseClock {
    pub(crate) fn new(lateness: Duration, baits: Baits) -> LeaseClock {
        LeaseClock {
            last: Instant::ZERO,
            elapsed: 0,
            lateness: micros(lateness),
            hold_until: None,
            deadlines: Wheel::new(),
            started: false,
            baits,
        }
    }

    /// The lease time now.
    pub(crate) fn now(&self) -> u64 {
        self.elapsed
    }

    /// Whether a call at `now` comes so soon after the last one that no deadline can have been missed by much.
    pub(crate) fn is_soon(&self, now: Instant) -> bool {
        self.started && micros(now.since(self.last)) <= self.lateness
    }

    /// A call has come at `now`, and `asked` is the deadline that was asked for. Says whether it came late.
    pub(crate) fn advance(&mut self, now: Instant, asked: Option<Instant>) -> bool {
        if !self.started {
            self.started = true;
            self.last = now;
            return false;
        }
        let passed = micros(now.since(self.last));
        let in_time = asked.map_or(passed, |asked| micros(asked.since(self.last)));
        let late = passed > in_time.saturating_add(self.lateness) && !bait!(self.baits, ExpireOnWaking);
        self.elapsed += if late { in_time } else { passed };
        if late {
            // One pause only, however late the next call is: a host that is always late sees its nodes expire too.
            if self.hold_until.is_none() {
                self.hold_until = Some(now.after(Duration::from_micros(self.lateness)));
            } else {
                self.elapsed += self.lateness;
            }
        }
        self.last = now;
        late
    }

    /// Watches a node from now on, or again: for one deadline at a time.
    pub(crate) fn watch(&mut self, node: NodeId, deadline: u64) {
        self.deadlines.set(node.0, deadline);
    }

    /// A node is watched no longer.
    pub(crate) fn unwatch(&mut self, node: NodeId) {
        self.deadlines.clear(node.0);
    }

    /// Takes out the nodes whose deadlines have come, each with its own, the earliest first; none while a late call is
    /// being made up for. `due` is cleared first.
    pub(crate) fn take_due(&mut self, now: Instant, due: &mut Vec<(u64, u32)>) {
        due.clear();
        if self.hold_until.is_some_and(|until| now < until) {
            return;
        }
        self.hold_until = None;
        self.deadlines.take_due(self.elapsed, due);
    }

    /// When the next deadline comes, if calls come in time.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let deadline = self.deadlines.next()?;
        let due = self.last.after(Duration::from_micros(deadline.saturating_sub(self.elapsed)));
        Some(match self.hold_until {
            Some(until) => due.max(until),
            None => due,
        })
    }

    /// How many deadlines are watched.
    pub(crate) fn len(&self) -> usize {
        self.deadlines.len()
    }
}

/// What an agent believes of its own lease.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LeaseView {
    /// No controller has been heard yet, or there is no session.
    Unknown,
    /// The controller believes in this agent at least until then.
    Held {
        /// When the belief ends, by this host's clock.
        until: Instant,
    },
    /// The controller may believe this agent lost.
    Expired,
}

/// The agent's side: measured from the *sending* of what was answered, and shortened by the clock-rate error, so that it
/// ends before the controller's.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct OwnLease {
    length: Duration,
    renewed: Option<Instant>,
    /// Until then silence means nothing: the controller has said so. The lease begins no earlier.
    silent_until: Option<Instant>,
    warned: bool,
    expired: bool,
}

impl OwnLease {
    pub(crate) fn new() -> OwnLease {
        OwnLease { length: Duration::ZERO, renewed: None, silent_until: None, warned: false, expired: false }
    }

    /// A session is open: what was sent at `sent` opened it.
    pub(crate) fn begin(&mut self, lease: Duration, rate_error_ppm: u32, sent: Instant) {
        self.set_length(lease, rate_error_ppm);
        self.renewed = Some(sent);
        self.silent_until = None;
        self.warned = false;
        self.expired = false;
    }

    /// The controller's lease begins only after a silence of `silence` from `from` on, as it has confirmed.
    pub(crate) fn allow_silence(&mut self, from: Instant, silence: Duration, rate_error_ppm: u32) {
        let until = from.after(less(silence, rate_error_ppm));
        if self.silent_until.is_none_or(|former| former < until) && !self.expired {
            self.silent_until = Some(until);
            self.warned = false;
        }
    }

    /// The silence that was confirmed is taken back.
    pub(crate) fn forbid_silence(&mut self) {
        self.silent_until = None;
    }

    /// When what was answered last was sent.
    pub(crate) fn renewed(&self) -> Option<Instant> {
        self.renewed
    }

    /// The lease has another length from now on, for the silence that is going on as well.
    pub(crate) fn set_length(&mut self, lease: Duration, rate_error_ppm: u32) {
        self.length = less(lease, rate_error_ppm);
        self.warned = false;
    }

    /// The lease is at most so long.
    pub(crate) fn shorten(&mut self, lease: Duration, rate_error_ppm: u32) {
        self.length = self.length.min(less(lease, rate_error_ppm));
    }

    /// There is no belief to speak of any more: the agent left, or another has taken its place.
    pub(crate) fn end(&mut self) {
        *self = OwnLease::new();
    }

    /// Something that was sent at `sent` has been answered.
    pub(crate) fn renew(&mut self, sent: Instant) {
        if self.renewed.is_some_and(|renewed| sent > renewed) && !self.expired {
            self.renewed = Some(sent);
            self.warned = false;
        }
    }

    /// There is no session any more; the belief runs out by itself.
    fn until(&self) -> Option<Instant> {
        let begins = self.renewed.filter(|_| !self.expired)?;
        Some(self.silent_until.map_or(begins, |until| until.max(begins)).after(self.length))
    }

    fn warn_at(&self) -> Option<Instant> {
        let until = self.until().filter(|_| !self.warned)?;
        let last_third = micros(self.length - self.length / 3 * 2);
        Some(Instant::from_micros(until.as_micros().saturating_sub(last_third)))
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        earliest(self.until(), self.warn_at())
    }

    /// Whether the lease has run out by `now`, told once.
    pub(crate) fn runs_out(&mut self, now: Instant) -> bool {
        let out = self.until().is_some_and(|until| until <= now);
        self.expired |= out;
        out
    }

    /// Whether two thirds of it are gone by `now`, told once.
    pub(crate) fn runs_low(&mut self, now: Instant) -> bool {
        let low = self.warn_at().is_some_and(|at| at <= now);
        self.warned |= low;
        low
    }

    pub(crate) fn view(&self, now: Instant) -> LeaseView {
        match (self.until(), self.expired) {
            (_, true) => LeaseView::Expired,
            (Some(until), _) if until <= now => LeaseView::Expired,
            (Some(until), _) => LeaseView::Held { until },
            (None, _) => LeaseView::Unknown,
        }
    }
}

/// A time less the error that this clock may have made in it.
fn less(time: Duration, rate_error_ppm: u32) -> Duration {
    let time = micros(time);
    Duration::from_micros(time - (u128::from(time) * u128::from(rate_error_ppm) / 1_000_000) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(clock: &mut LeaseClock, ms: u64) -> Vec<(u64, u32)> {
        let mut due = Vec::new();
        clock.take_due(at(ms), &mut due);
        due
    }

    fn at(ms: u64) -> Instant {
        Instant::from_micros(ms * 1000)
    }

    #[test]
    fn a_late_call_ends_no_lease_before_frames_could_be_heard() {
        let mut clock = LeaseClock::new(Duration::from_millis(200), Baits::default());
        clock.advance(at(0), None);
        clock.watch(NodeId(1), 15_000_000);
        let asked = clock.deadline();
        assert_eq!(asked, Some(at(15_000)));
        // The host slept for an hour.
        assert!(clock.advance(at(3_600_000), asked));
        assert_eq!(due(&mut clock, 3_600_000), []);
        assert_eq!(clock.deadline(), Some(at(3_600_200)));
        assert!(!clock.advance(at(3_600_200), Some(at(3_600_200))));
        assert_eq!(due(&mut clock, 3_600_200), [(15_000_000, 1)]);
    }

    #[test]
    fn a_host_that_is_always_late_sees_nodes_expire_all_the_same() {
        let mut clock = LeaseClock::new(Duration::from_millis(200), Baits::default());
        clock.advance(at(0), None);
        clock.watch(NodeId(1), 15_000_000);
        let mut now = 0;
        for _ in 0..8 {
            now += 60_000;
            clock.advance(at(now), clock.deadline());
            if !due(&mut clock, now).is_empty() {
                return;
            }
        }
        panic!("never expired");
    }

    #[test]
    fn the_agents_lease_counts_from_the_sending_and_is_shorter() {
        let mut lease = OwnLease::new();
        lease.begin(Duration::from_secs(15), 1000, at(100));
        assert_eq!(lease.view(at(200)), LeaseView::Held { until: at(100 + 14_985) });
        lease.renew(at(50));
        assert_eq!(lease.deadline(), Some(at(100 + 9_990)));
        assert!(!lease.runs_out(at(15_084)));
        assert!(lease.runs_out(at(15_085)));
        assert!(!lease.runs_out(at(15_086)));
        lease.renew(at(15_086));
        assert_eq!(lease.view(at(15_087)), LeaseView::Expired);
    }
}
