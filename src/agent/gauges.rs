//! What an agent can tell of itself as it is now, beside what it has counted, as OpenMetrics text.

use core::fmt;

use super::{Agent, Phase};
use crate::metrics::{AgentMetrics, Scale};
use crate::time::{micros, Instant};

impl Agent {
    /// Writes everything that can be measured of this agent as OpenMetrics text (version 1.0), from the first line to
    /// `# EOF`: how it stands at `now`, and all of [`Agent::metrics`]. Served as `application/openmetrics-text;
    /// version=1.0.0; charset=utf-8`, or written into a file, it is what Prometheus and its like read.
    ///
    /// # Errors
    /// That of the writer; the text may then be cut.
    pub fn write_openmetrics(&self, now: Instant, out: &mut impl fmt::Write) -> fmt::Result {
        let state = self.sync_state();
        let age = state.since.map_or(0, |made| micros(now.max(self.now).since(made)));
        let smoothed = self.publisher.window.rtt.smoothed().map(micros);
        let open = u64::from(self.phase() == Phase::Open);
        let mut text = AgentMetrics::families(out);
        text.gauge("session_open", "Whether a session is open: 1 or 0.", Some(open), Scale::Ones)?;
        let tasks = self.publisher.table.len() as u64;
        text.gauge("tasks", "Tasks that are registered and not yet forgotten.", Some(tasks), Scale::Ones)?;
        text.gauge("undurable_entries", "Entries that are not durable.", Some(state.undurable), Scale::Ones)?;
        text.gauge("unreceived_entries", "Entries that were not received.", Some(state.unreceived), Scale::Ones)?;
        let help = "Age of the oldest change that the controller has not acknowledged as durable.";
        text.gauge("oldest_unacknowledged_age_seconds", help, Some(age), Scale::Micros)?;
        text.gauge("smoothed_round_trip_seconds", "Smoothed round-trip time.", smoothed, Scale::Micros)?;
        self.metrics.write_families(&mut text)?;
        text.end()
    }
}
