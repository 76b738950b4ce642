//! Time as the host tells it: monotonic instants in microseconds and wall-clock milliseconds.
//! Nothing here reads a clock.

use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

/// A point on the host's monotonic clock, in microseconds since a start that the host chooses.
///
/// The clock must go on while the machine sleeps (Linux: `CLOCK_BOOTTIME`). All arithmetic saturates, so that no
/// value a host gives can overflow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Instant(u64);

impl Instant {
    /// The start of the host's clock.
    pub const ZERO: Instant = Instant(0);
    /// The latest time that a role acts on: later ones act as this, so that a deadline may always lie after it.
    pub(crate) const LATEST: Instant = Instant(1 << 62);
    /// The end of the clock: a deadline that never comes.
    pub const FAR: Instant = Instant(u64::MAX);

    /// The instant `micros` microseconds after the start of the host's clock.
    pub const fn from_micros(micros: u64) -> Instant {
        Instant(micros)
    }

    /// Microseconds since the start of the host's clock.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// This instant moved on by `duration`, at most to the end of the clock.
    #[must_use]
    pub fn after(self, duration: Duration) -> Instant {
        Instant(self.0.saturating_add(micros(duration)))
    }

    /// The time from `earlier` to this instant; zero if `earlier` is later.
    pub fn since(self, earlier: Instant) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}s", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// Whole microseconds of a duration, at most the largest `u64`.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Wall-clock time in milliseconds since 1970-01-01 UTC. It is data, and decides nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct UnixMillis(pub u64);

impl UnixMillis {
    /// The last time that a frame can say; later ones are refused on the wire.
    pub const LAST: UnixMillis = UnixMillis(u64::MAX >> 1);
}

impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms", self.0)
    }
}

/// A deadline, and why it is one.
pub(crate) type Due = (Instant, &'static str);

/// The earlier of two deadlines with their reasons; the first of two at one instant.
pub(crate) fn sooner(a: Option<Due>, b: Option<Due>) -> Option<Due> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if a.0 <= b.0 { a } else { b }),
        (a, b) => a.or(b),
    }
}

/// The earlier of two optional deadlines.
pub(crate) fn earliest(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
