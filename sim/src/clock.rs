//! A host's monotonic clock as a function of true time: an offset, a rate that is a little wrong, jumps and stops.
//! When a host is called is left to `world`.

use taskwire::Instant;

/// True time, in microseconds since the start of the run. Nobody in the run can read it.
pub type TrueTime = u64;

const MILLION: i128 = 1_000_000;

/// One host's clock.
#[derive(Clone, Debug)]
pub struct Clock {
    at_true: TrueTime,
    at_local: u64,
    rate_error_ppm: i64,
    stopped: bool,
    went_back: bool,
    jumped_on: bool,
}

impl Clock {
    /// A clock that shows `start` at true time `now` and runs too fast by `rate_error_ppm` parts per million.
    pub fn new(now: TrueTime, start: u64, rate_error_ppm: i64) -> Clock {
        Clock { at_true: now, at_local: start, rate_error_ppm, stopped: false, went_back: false, jumped_on: false }
    }

    /// What the clock shows at true time `now`.
    pub fn local(&self, now: TrueTime) -> Instant {
        if self.stopped {
            return Instant::from_micros(self.at_local);
        }
        let passed = i128::from(now.saturating_sub(self.at_true));
        let moved = passed * (MILLION + i128::from(self.rate_error_ppm)) / MILLION;
        Instant::from_micros(self.at_local.saturating_add(u64::try_from(moved).unwrap_or(0)))
    }

    /// The true time at which the clock first shows `local`, if it runs on as it does; `None` while it is stopped.
    pub fn true_time_of(&self, local: Instant) -> Option<TrueTime> {
        let ahead = i128::from(local.as_micros()) - i128::from(self.at_local);
        if ahead <= 0 {
            return Some(self.at_true);
        }
        if self.stopped {
            return None;
        }
        let rate = MILLION + i128::from(self.rate_error_ppm);
        let passed = (ahead * MILLION + rate - 1) / rate;
        Some(self.at_true.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX)))
    }

    /// Moves the clock by `by` microseconds at true time `now`, back if it is negative.
    pub fn jump(&mut self, now: TrueTime, by: i64) {
        self.settle(now);
        self.at_local = self.at_local.saturating_add_signed(by);
        self.went_back |= by < 0;
        self.jumped_on |= by > 0;
    }

    /// Stops the clock, or lets it run on.
    pub fn stop(&mut self, now: TrueTime, stopped: bool) {
        self.settle(now);
        self.went_back |= stopped;
        self.stopped = stopped;
    }

    /// Lets the clock run on if it stands.
    pub fn stop_ends(&mut self, now: TrueTime) {
        if self.stopped {
            self.settle(now);
            self.stopped = false;
        }
    }

    /// Lets a clock that is behind what it once showed show that again.
    pub fn catch_up(&mut self, now: TrueTime, shown: Instant) {
        self.settle(now);
        self.at_local = self.at_local.max(shown.as_micros());
    }

    /// Whether the clock has ever lost time: stood still or gone back. No promise about leases survives that.
    pub fn lost_time(&self) -> bool {
        self.went_back
    }

    /// Whether the clock ever jumped ahead.
    pub fn gained_time(&self) -> bool {
        self.jumped_on
    }

    fn settle(&mut self, now: TrueTime) {
        self.at_local = self.local(now).as_micros();
        self.at_true = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_and_true_time_are_inverse() {
        for rate in [-500, 0, 1, 499, 50_000] {
            let clock = Clock::new(1_000, 77_000_000, rate);
            for local in [77_000_000u64, 77_000_001, 78_123_456, 900_000_000] {
                let at = clock.true_time_of(Instant::from_micros(local)).unwrap();
                assert!(clock.local(at).as_micros() >= local, "rate {rate}");
                if at > 1_000 {
                    assert!(clock.local(at - 1).as_micros() < local, "rate {rate}");
                }
            }
        }
    }

    #[test]
    fn jumps_and_stops_are_kept_and_remembered() {
        let mut clock = Clock::new(0, 10, 0);
        clock.jump(100, 1_000);
        assert_eq!(clock.local(100).as_micros(), 1_110);
        assert!(clock.gained_time() && !clock.lost_time());
        clock.stop(200, true);
        assert_eq!(clock.local(900).as_micros(), 1_210);
        assert_eq!(clock.true_time_of(Instant::from_micros(2_000)), None);
        clock.stop(900, false);
        assert_eq!(clock.local(910).as_micros(), 1_220);
        clock.jump(910, -5_000);
        assert_eq!(clock.local(910).as_micros(), 0);
        assert!(clock.lost_time());
    }
}
