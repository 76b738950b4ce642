//! How a node's wall clock differs from this one, and how long a round trip to it takes: from the four times that a
//! heartbeat and its echo carry, by the least round trip, as NTP does (RFC 5905). What is done with it is left to the others.

use crate::time::UnixMillis;

/// Samples after which the best of them is the former window's.
const WINDOW: u8 = 8;
/// Longer round trips say nothing, in microseconds.
const MOST_ROUND_TRIP: u64 = 60_000_000;
/// What two clocks may drift apart within two windows, and what milliseconds cut off, in microseconds.
const DRIFT: i64 = 100_000;

/// The times of a heartbeat that carries an echo, in microseconds of the clock of the side that is named.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exchange {
    /// When this side's heartbeat was sent, by this side's clock.
    pub sent: u64,
    /// When it came, by the other's clock.
    pub received_there: u64,
    /// When the other's heartbeat was sent, by the other's clock, and its wall clock then.
    pub sent_there: u64,
    pub wall_there: UnixMillis,
    /// When that came, by this side's clock, and its wall clock then.
    pub received: u64,
    pub wall: UnixMillis,
}

/// Microseconds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Sample {
    round_trip: u64,
    /// The other's wall clock less this one's.
    offset: i64,
}

/// The best sample of the last windows: the shorter the round trip, the less can be wrong with the offset.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Clocks {
    former: Option<Sample>,
    current: Option<Sample>,
    count: u8,
}

impl Clocks {
    /// Takes the times of an exchange; times that make no sense are no sample.
    pub(super) fn take(&mut self, times: &Exchange) {
        let Some(sample) = sample(times) else { return };
        let strayed = self.best().is_some_and(|best| {
            // Each is wrong by half its round trip at most: if they cannot both be right, a clock was set.
            let most = (best.round_trip / 2 + sample.round_trip / 2) as i64 + DRIFT;
            (best.offset - sample.offset).abs() > most
        });
        if strayed {
            *self = Clocks::default();
        }
        if self.count == WINDOW {
            *self = Clocks { former: self.current, current: None, count: 0 };
        }
        self.count += 1;
        if self.current.is_none_or(|best| sample.round_trip <= best.round_trip) {
            self.current = Some(sample);
        }
    }

    fn best(&self) -> Option<Sample> {
        match (self.former, self.current) {
            (Some(former), Some(current)) if former.round_trip < current.round_trip => Some(former),
            (former, current) => current.or(former),
        }
    }

    /// The other's wall clock less this one's, in milliseconds.
    pub(super) fn offset_ms(&self) -> Option<i64> {
        self.best().map(|best| best.offset.div_euclid(1_000))
    }

    /// The least round trip of late, in microseconds.
    pub(super) fn round_trip(&self) -> Option<u64> {
        self.best().map(|best| best.round_trip)
    }

    /// Milliseconds from `made`, by the other's wall clock, to `now`, by this one's: both as this clock shows them.
    pub(super) fn since(&self, made: UnixMillis, now: UnixMillis) -> u64 {
        let now_there = now.0.saturating_add_signed(self.offset_ms().unwrap_or(0));
        now_there.saturating_sub(made.0)
    }
}

fn sample(times: &Exchange) -> Option<Sample> {
    let whole = times.received.checked_sub(times.sent)?;
    let there = times.sent_there.checked_sub(times.received_there)?;
    let round_trip = whole.checked_sub(there).filter(|trip| *trip <= MOST_ROUND_TRIP)?;
    let millis = i64::try_from(times.wall_there.0).ok()?.checked_sub(i64::try_from(times.wall.0).ok()?)?;
    // Half the round trip has passed between the two looks at wall clocks.
    let offset = millis.checked_mul(1_000)?.checked_add((round_trip / 2) as i64)?;
    // Far enough from the ends that a difference of two cannot overflow.
    (offset.abs() < i64::MAX / 4).then_some(Sample { round_trip, offset })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An exchange of two clocks that differ by `offset` ms, with these ways there and back in ms.
    fn exchange(at: u64, offset: u64, there: u64, back: u64) -> Exchange {
        let (start, waited) = (at * 1_000, 5_000_000);
        let sent_there = 777 + start + there * 1_000 + waited;
        let received = start + (there + back) * 1_000 + waited;
        let wall = 1_700_000_000_000;
        Exchange {
            sent: start,
            received_there: sent_there - waited,
            sent_there,
            wall_there: UnixMillis(wall + offset + (sent_there - 777) / 1_000),
            received,
            wall: UnixMillis(wall + received / 1_000),
        }
    }

    #[test]
    fn the_shortest_round_trip_says_how_clocks_differ() {
        let mut clocks = Clocks::default();
        assert_eq!((clocks.offset_ms(), clocks.since(UnixMillis(100), UnixMillis(250))), (None, 150));
        clocks.take(&exchange(0, 3_600_000, 10, 10));
        assert_eq!(clocks.offset_ms(), Some(3_600_000));
        // A way there that took long by itself would mislead by half of it.
        clocks.take(&exchange(5_000, 3_600_000, 300, 10));
        assert_eq!((clocks.offset_ms(), clocks.round_trip()), (Some(3_600_000), Some(20_000)));
        assert_eq!(clocks.since(UnixMillis(3_600_100), UnixMillis(150)), 50);
        // Of a route that has become longer the samples count once the former ones are old.
        for round in 2..20 {
            clocks.take(&exchange(round * 5_000, 3_600_000, 100, 100));
        }
        assert_eq!((clocks.offset_ms(), clocks.round_trip()), (Some(3_600_000), Some(200_000)));
    }

    #[test]
    fn a_clock_that_is_set_is_seen_at_once_and_nonsense_is_no_sample() {
        let mut clocks = Clocks::default();
        clocks.take(&exchange(0, 5_000, 1, 1));
        clocks.take(&exchange(5_000, 86_405_000, 20, 20));
        assert_eq!(clocks.offset_ms(), Some(86_405_000));
        let good = clocks;
        let times = exchange(10_000, 5_000, 1, 1);
        for nonsense in [
            Exchange { sent: u64::MAX, ..times },
            Exchange { received_there: u64::MAX, ..times },
            Exchange { received: u64::MAX, ..times },
            Exchange { sent_there: u64::MAX, ..times },
            Exchange { wall_there: UnixMillis::LAST, ..times },
            Exchange { wall_there: UnixMillis(u64::MAX), ..times },
        ] {
            clocks.take(&nonsense);
            assert_eq!(clocks, good, "{nonsense:?}");
        }
    }
}
