//! The two clocks of a host. What they mean to the protocol is the core's matter.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Microseconds that never go back and that go on while the machine sleeps (`CLOCK_BOOTTIME`).
pub fn boot_micros() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(now.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(1_000_000).saturating_add(nanos / 1_000)
}

/// The same as the core wants it.
pub fn now() -> taskwire::Instant {
    taskwire::Instant::from_micros(boot_micros())
}

/// Milliseconds since 1970 by the wall clock; 0 where the clock stands before that.
pub fn unix_millis() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// How long to sleep until `deadline` (microseconds of [`boot_micros`]), at most `longest`.
pub fn until(deadline: Option<u64>, longest: Duration) -> Duration {
    deadline.map_or(longest, |at| Duration::from_micros(at.saturating_sub(boot_micros())).min(longest))
}
