//! How many bytes may be in flight on a link that others share: led by how much longer than its shortest the round trip has
//! become, which is the queue that all senders together have built. Loss alone is not taken for a queue, as radio links lose
//! without one. What is in flight, lost and timed out is left to `window`.
//!
//! After FAST TCP (Jin, Wei and Low, 2004): once a round trip the limit moves to what would leave a few bytes of each sender
//! in the queue, so that many senders share a thin link evenly and none needs to see a loss. A limit below one frame is a
//! pause between frames. The shortest round trip is that of the last ten minutes (RFC 6817, 4.2), so that a new way is
//! believed in the end.
//!
//! Invariants: the limit is at least [`LEAST`] and at most what the host allows; it grows only while it is used.

use core::time::Duration;

use crate::time::{micros, Instant};

/// The limit is at least so many bytes.
const LEAST: u32 = 16;
/// The limit of a session that has sent nothing (RFC 6928).
const FIRST: u32 = 14_600;
/// The least frame that entries are cut to.
pub(crate) const LEAST_FRAME: usize = 160;
/// What one sender leaves in the queue: so many bytes, or a share of its limit where that is more.
const QUEUED: u32 = 24;
const QUEUED_SHARE: u32 = 16;
/// A round trip that is no more than this above the shortest shows no queue: hosts' loops take their time. In microseconds.
const SLACK: u64 = 50_000;
/// Half of the time for which a shortest round trip is believed, in microseconds.
const BELIEVED: u64 = 300_000_000;
/// Time-outs in a row that are taken for congestion although no queue was seen.
const TIME_OUTS: u32 = 3;
/// The longest pause between two frames.
const MOST_PAUSE: u64 = 10_000_000;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Congestion {
    limit: u32,
    most: u32,
    /// Below this the limit doubles each round trip.
    threshold: u32,
    /// The shortest round trips of this half of the time and of the one before, in microseconds.
    shortest: [u64; 2],
    /// When this half ends.
    half_ends: Instant,
    /// When the limit moves next, and the shortest round trip since it moved last.
    moves_at: Instant,
    seen: u64,
    /// How much longer than the shortest the round trip was when the limit moved last, in microseconds.
    queue: u64,
    /// Whether the limit was used, and whether something was lost, since it moved.
    used: bool,
    lost: bool,
    /// No frame with data goes before this; zero when none has to wait.
    not_before: Instant,
}

impl Congestion {
    pub(crate) fn new(most: u32) -> Congestion {
        Congestion {
            limit: FIRST.min(most),
            most,
            threshold: most,
            shortest: [u64::MAX; 2],
            half_ends: Instant::ZERO,
            moves_at: Instant::ZERO,
            seen: u64::MAX,
            queue: 0,
            used: false,
            lost: false,
            not_before: Instant::ZERO,
        }
    }

    /// Bytes that may be in flight.
    pub(crate) fn limit(&self) -> u32 {
        self.limit
    }

    /// Before when no frame with data goes, if one has to wait.
    pub(crate) fn not_before(&self) -> Option<Instant> {
        (self.not_before > Instant::ZERO).then_some(self.not_before)
    }

    /// Time has come to `now`: a pause that is over is over.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.not_before <= now {
            self.not_before = Instant::ZERO;
        }
    }

    /// A frame of so many bytes goes, after which `in_flight` are.
    pub(crate) fn sent(&mut self, now: Instant, bytes: u32, in_flight: u32, round_trip: Option<Duration>) {
        self.used |= in_flight >= self.limit / 2;
        self.not_before = Instant::ZERO;
        if let Some(round_trip) = round_trip.filter(|_| bytes > self.limit) {
            let pause = micros(round_trip).saturating_mul(bytes.into()) / u64::from(self.limit);
            if pause > 0 {
                self.not_before = now.after(Duration::from_micros(pause.min(MOST_PAUSE)));
            }
        }
    }

    /// Something was lost.
    pub(crate) fn lost(&mut self) {
        self.lost = true;
    }

    /// A time-out, so many in a row.
    pub(crate) fn timed_out(&mut self, in_a_row: u32) {
        if self.queue == 0 && in_a_row < TIME_OUTS {
            return;
        }
        if in_a_row <= TIME_OUTS {
            self.threshold = (self.limit / 2).max(LEAST_FRAME as u32);
        }
        self.limit = (self.limit / 2).max(LEAST);
    }

    /// A round trip of so many microseconds was seen.
    pub(crate) fn sample(&mut self, now: Instant, sample: u64) {
        if now >= self.half_ends {
            // The first sample of all begins both halves.
            self.shortest = [u64::MAX, self.shortest[0]];
            self.half_ends = now.after(Duration::from_micros(BELIEVED));
        }
        self.shortest[0] = self.shortest[0].min(sample);
        self.seen = self.seen.min(sample);
        if now >= self.moves_at {
            self.move_limit();
            self.moves_at = now.after(Duration::from_micros(sample));
            self.seen = u64::MAX;
        }
    }

    fn move_limit(&mut self) {
        let without = self.shortest[0].min(self.shortest[1]).saturating_add(SLACK);
        self.queue = self.seen.saturating_sub(without);
        let more = QUEUED.max(self.limit / QUEUED_SHARE);
        if self.queue > 0 {
            let kept = u128::from(self.limit) * u128::from(without) / u128::from(without + self.queue);
            self.limit = kept as u32 + more;
            if self.lost {
                self.limit -= self.limit / 4;
            }
            self.threshold = self.limit;
        } else if self.used {
            self.limit = if self.limit < self.threshold {
                self.limit.saturating_mul(2).min(self.threshold)
            } else {
                self.limit.saturating_add(more)
            };
        }
        self.limit = self.limit.clamp(LEAST.min(self.most), self.most);
        self.used = false;
        self.lost = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A round trip a turn, each turn as long as the one before: the limit afterwards.
    fn turns(congestion: &mut Congestion, now: &mut u64, samples: impl Iterator<Item = u64>) -> u32 {
        for sample in samples {
            let limit = congestion.limit();
            congestion.sent(Instant::from_micros(*now), limit, limit, Some(Duration::from_micros(sample)));
            *now += sample;
            congestion.sample(Instant::from_micros(*now), sample);
        }
        congestion.limit()
    }

    #[test]
    fn without_a_queue_the_limit_grows_to_what_the_host_allows() {
        let (mut congestion, mut now) = (Congestion::new(65_536), 1);
        assert_eq!(turns(&mut congestion, &mut now, [20_000; 5].into_iter()), 65_536);
        // Losses alone do not shrink it, nor one time-out.
        congestion.lost();
        congestion.timed_out(1);
        assert_eq!(turns(&mut congestion, &mut now, [20_000, 60_000].into_iter()), 65_536);
    }

    #[test]
    fn what_is_not_used_does_not_grow() {
        let mut congestion = Congestion::new(65_536);
        for turn in 1..50 {
            congestion.sent(Instant::from_micros(turn * 30_000), 40, 40, None);
            congestion.sample(Instant::from_micros(turn * 30_000 + 20_000), 20_000);
        }
        assert_eq!(congestion.limit(), FIRST);
    }

    #[test]
    fn a_queue_shrinks_the_limit_and_its_end_lets_it_grow_again() {
        let (mut congestion, mut now) = (Congestion::new(65_536), 1);
        turns(&mut congestion, &mut now, [100_000; 8].into_iter());
        let thin = turns(&mut congestion, &mut now, [900_000; 30].into_iter());
        assert!(thin < 100, "{thin}");
        assert!(turns(&mut congestion, &mut now, [100_000; 30].into_iter()) > 10 * thin);
    }

    #[test]
    fn a_limit_below_a_frame_is_a_pause() {
        let (mut congestion, mut now) = (Congestion::new(65_536), 1);
        turns(&mut congestion, &mut now, [100_000].into_iter().chain([2_000_000; 40]));
        let at = Instant::from_micros(now);
        congestion.sent(at, 160, 160, Some(Duration::from_secs(1)));
        let pause = micros(congestion.not_before().unwrap().since(at));
        assert_eq!(pause, 160_000_000 / u64::from(congestion.limit()));
        congestion.handle_timeout(at.after(Duration::from_micros(pause)));
        assert_eq!(congestion.not_before(), None);
    }

    #[test]
    fn time_outs_in_a_row_halve_it_and_an_answer_brings_it_back_fast() {
        let (mut congestion, mut now) = (Congestion::new(65_536), 1);
        turns(&mut congestion, &mut now, [20_000; 5].into_iter());
        (1..=12).for_each(|in_a_row| congestion.timed_out(in_a_row));
        assert!(congestion.limit() <= 64);
        assert!(turns(&mut congestion, &mut now, [20_000; 12].into_iter()) >= 32_768);
    }

    #[test]
    fn a_longer_way_is_believed_after_ten_minutes() {
        let (mut congestion, mut now) = (Congestion::new(65_536), 1);
        turns(&mut congestion, &mut now, [20_000; 5].into_iter());
        let doubted = turns(&mut congestion, &mut now, [500_000; 100].into_iter());
        assert!(doubted < 500, "{doubted}");
        assert!(turns(&mut congestion, &mut now, [500_000; 1_400].into_iter()) > 10_000);
    }
}
