//! Round-trip time and the retransmission time-out made of it (RFC 6298), with exponential back-off.

use core::time::Duration;

use crate::config::Pace;
use crate::rng::Rng;
use crate::time::micros;

/// The estimator. All times in microseconds.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Rtt {
    smoothed: Option<u64>,
    variation: u64,
    /// Time-outs in a row.
    backoff: u32,
    least: u64,
    most: u64,
    /// No sample counts for more: a clock that jumped tells nothing of the way.
    ceiling: u64,
}

/// Time-out before the first sample, in microseconds (RFC 6298, 2.1 says 1 s).
const FIRST: u64 = 1_000_000;
/// Tries after the first time-out that follow each other in half a round trip, before the time-out doubles with each: after
/// two losses in a row the acknowledgement may be what was lost, and on a link that loses one frame in five several tries
/// in a row fail for one change in a hundred. A small frame in half a round trip melts no link.
const QUICK: u32 = 4;
/// What a time-out is above the smoothed time at least: on a steady link the variation goes to nothing, and the
/// acknowledgement would come just when it is given up (the G of RFC 6298).
const GRANULARITY: u64 = 1_000;

impl Rtt {
    pub(crate) fn new(pace: &Pace) -> Rtt {
        let most = micros(pace.most_backoff);
        Rtt { smoothed: None, variation: 0, backoff: 0, least: micros(pace.least_rto), most, ceiling: most }
    }

    /// Bounds the time-out of a session anew: it is never longer than a part of the lease that it keeps alive.
    pub(crate) fn set_most(&mut self, most: Duration) {
        self.most = micros(most);
    }

    /// Takes one sample, in microseconds (RFC 6298, 2.2 and 2.3).
    pub(crate) fn sample(&mut self, sample: u64) {
        let sample = sample.min(self.ceiling);
        match self.smoothed {
            None => {
                self.smoothed = Some(sample);
                self.variation = sample / 2;
            }
            Some(smoothed) => {
                self.variation = (3 * self.variation + smoothed.abs_diff(sample)) / 4;
                self.smoothed = Some((7 * smoothed + sample) / 8);
            }
        }
    }

    pub(crate) fn smoothed(&self) -> Option<Duration> {
        self.smoothed.map(Duration::from_micros)
    }

    fn base(&self) -> u64 {
        match self.smoothed {
            None => FIRST.max(self.least),
            Some(smoothed) => {
                let above = (4 * self.variation).max(GRANULARITY).max(smoothed / 8);
                smoothed.saturating_add(above).max(self.least)
            }
        }
    }

    /// How long an acknowledgement may be on its way: the time-out without back-off.
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_micros(self.base())
    }

    /// The time-out now, back-off included.
    pub(crate) fn timeout(&self) -> Duration {
        let base = self.base();
        if (1..=QUICK).contains(&self.backoff) {
            return Duration::from_micros((base / 2).max(self.least));
        }
        let backed = base.saturating_mul(1u64 << self.backoff.saturating_sub(QUICK).min(20));
        // The bound is on backing off: a round trip that is longer than it has its time all the same.
        Duration::from_micros(backed.min(self.most.max(base.saturating_mul(2))))
    }

    pub(crate) fn timed_out(&mut self) {
        self.backoff = self.backoff.saturating_add(1);
    }

    pub(crate) fn heard(&mut self) {
        self.backoff = 0;
    }

    /// Time-outs in a row.
    pub(crate) fn backed_off(&self) -> u32 {
        self.backoff
    }
}

/// A back-off between tries: doubles from `first` up to `most`, spread over the upper half by jitter.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Backoff {
    tries: u32,
}

impl Backoff {
    pub(crate) fn new() -> Backoff {
        Backoff { tries: 0 }
    }

    pub(crate) fn next(&mut self, first: Duration, most: Duration, rng: &mut Rng) -> Duration {
        let most = micros(most).max(1);
        let full = micros(first).max(1).saturating_mul(1u64 << self.tries.min(20)).min(most);
        self.tries = self.tries.saturating_add(1);
        Duration::from_micros(rng.between(full / 2, full))
    }

    pub(crate) fn succeeded(&mut self) {
        self.tries = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_rfc_6298() {
        let mut rtt = Rtt::new(&Pace::default());
        assert_eq!(rtt.timeout(), Duration::from_secs(1));
        rtt.sample(100_000);
        assert_eq!(rtt.timeout(), Duration::from_millis(300));
        rtt.sample(100_000);
        assert_eq!(rtt.timeout(), Duration::from_micros(100_000 + 4 * 37_500));
        for half in 0..QUICK {
            rtt.timed_out();
            assert_eq!(rtt.timeout(), Duration::from_millis(125), "quick try {half}");
        }
        for doubled in 1..4 {
            rtt.timed_out();
            assert_eq!(rtt.timeout(), Duration::from_millis(250 << doubled));
        }
        rtt.heard();
        for _ in 0..100 {
            rtt.sample(1);
        }
        assert_eq!(rtt.timeout(), Pace::default().least_rto);
    }

    #[test]
    fn backoff_doubles_within_its_bound_and_resets_only_on_success() {
        let mut rng = Rng::new(7);
        let mut backoff = Backoff::new();
        let mut full = 100;
        for _ in 0..20 {
            let wait = backoff.next(Duration::from_millis(100), Duration::from_secs(5), &mut rng).as_millis();
            assert!(wait >= full / 2 && wait <= full, "{wait} of {full}");
            full = (full * 2).min(5000);
        }
        backoff.succeeded();
        assert!(backoff.next(Duration::from_millis(100), Duration::from_secs(5), &mut rng).as_millis() <= 100);
    }
}
