//! Silence of many at once: when a large part of the fleet falls silent within one interval, the fault is more likely on
//! this side, and leases wait. What a lease is, and when a node is lost, is left to `reach`.

use alloc::collections::VecDeque;

use super::event::ControllerEvent;
use super::Controller;
use crate::bait::bait;

/// Parts of an interval in which those who fell silent are told apart.
const PARTS: u64 = 64;
/// Fewer nodes than these are no crowd: what they do says nothing of this side.
const LEAST_FLEET: u32 = 8;
/// Fewer silent ones than these neither.
const LEAST_SILENT: u32 = 3;

/// Who fell silent lately, and whether that was a mass silence. All times are lease time, in microseconds.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Silence {
    /// Nodes that are believed in: live or suspect.
    pub believed: u32,
    /// How many fell silent when, within the last interval.
    fell: VecDeque<(u64, u32)>,
    /// Since when a mass silence holds leases.
    since: Option<u64>,
    /// When the last one ended because somebody was heard.
    ended: Option<u64>,
}

impl Silence {
    /// One more has fallen silent.
    fn falls(&mut self, at: u64, interval: u64) {
        while self.fell.front().is_some_and(|(first, _)| first.saturating_add(interval) < at) {
            self.fell.pop_front();
        }
        match self.fell.back_mut() {
            Some((last, count)) if at - *last <= interval / PARTS => *count += 1,
            _ => self.fell.push_back((at, 1)),
        }
    }

    /// One that fell silent at `at` was heard after all.
    pub(super) fn rises(&mut self, at: u64) {
        // It was counted with the last part that begins no later.
        if let Some((_, count)) = self.fell.iter_mut().rev().find(|(begin, _)| *begin <= at) {
            *count = count.saturating_sub(1);
        }
    }

    fn silent(&self) -> u32 {
        self.fell.iter().map(|(_, count)| *count).sum()
    }

    /// Until when a lease that is over since `lease_end` is held, at most until `most`.
    pub(super) fn held_until(&self, heard: u64, lease_end: u64, lease: u64, most: u64) -> u64 {
        match (self.since, self.ended) {
            (Some(since), _) if heard < since => most.max(lease_end),
            // Whoever was silent with the others gets a lease to be heard in, now that frames come.
            (_, Some(ended)) if heard < ended => most.min(ended.saturating_add(lease)).max(lease_end),
            _ => lease_end,
        }
    }

    pub(super) fn is_on(&self) -> bool {
        self.since.is_some()
    }

    /// How many parts are kept.
    pub(super) fn parts(&self) -> usize {
        self.fell.len()
    }
}

impl Controller {
    /// A node has become suspect: sees whether too many have at once.
    pub(super) fn note_silent(&mut self, at: u64) {
        let share = self.config.mass_silence_percent;
        let interval = self.grants.newest().heartbeat;
        self.silence.falls(at, interval);
        let (silent, of) = (self.silence.silent(), self.silence.believed);
        let crowd = of >= LEAST_FLEET && silent >= LEAST_SILENT || bait!(self.config.baits, MassSilenceOfOne);
        if !crowd || self.silence.is_on() || u64::from(silent) * 100 <= u64::from(of) * u64::from(share) {
            return;
        }
        self.silence.since = Some(at);
        self.silence.ended = None;
        self.metrics.mass_silences_total += 1;
        self.notice(ControllerEvent::MassSilence { silent, of });
    }

    /// Somebody was heard: this side's input works.
    pub(super) fn end_mass_silence(&mut self) {
        if self.silence.is_on() {
            self.silence.since = None;
            self.silence.fell.clear();
            self.silence.ended = Some(self.leases.now());
        }
    }

    /// Whether a mass silence holds leases at this moment.
    pub fn is_mass_silence(&self) -> bool {
        self.silence.is_on()
    }

    /// The host's word that its own input works: a mass silence is theirs. Leases that it held end within an interval.
    pub fn all_clear(&mut self) {
        if self.silence.since.take().is_some() {
            self.silence.fell.clear();
            self.silence.ended = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_fell_within_an_interval_are_counted_and_those_who_were_heard_again_are_not() {
        let mut silence = Silence::default();
        for at in [0, 10, 640, 900, 1_000] {
            silence.falls(at, 1_000);
        }
        assert_eq!(silence.silent(), 5);
        silence.rises(900);
        assert_eq!(silence.silent(), 4);
        silence.falls(1_800, 1_000);
        assert_eq!(silence.silent(), 2);
        for at in 0..10_000 {
            silence.falls(2_000 + at, 1_000);
            assert!(silence.parts() <= PARTS as usize + 2);
        }
    }

    #[test]
    fn a_held_lease_ends_with_the_hold_or_a_lease_after_somebody_was_heard() {
        let mut silence = Silence { since: Some(100), ..Silence::default() };
        assert_eq!(silence.held_until(50, 80, 30, 500), 500);
        assert_eq!(silence.held_until(120, 150, 30, 500), 150);
        silence = Silence { ended: Some(200), ..Silence::default() };
        assert_eq!(silence.held_until(50, 80, 30, 500), 230);
        assert_eq!(silence.held_until(50, 80, 30, 210), 210);
        assert_eq!(silence.held_until(220, 250, 30, 500), 250);
    }
}
