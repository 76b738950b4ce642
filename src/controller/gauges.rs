//! What a controller can tell of itself as it is now, beside what it has counted, as OpenMetrics text.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::view::Reachability;
use super::Controller;
use crate::metrics::{ControllerMetrics, Scale};

impl Controller {
    /// Writes everything that can be measured of this controller as OpenMetrics text (version 1.0), from the first line to
    /// `# EOF`: how it stands now, and all of [`Controller::metrics`]. It looks at every node once. Served as
    /// `application/openmetrics-text; version=1.0.0; charset=utf-8`, or written into a file, it is what Prometheus and its
    /// like read.
    ///
    /// # Errors
    /// That of the writer; the text may then be cut.
    pub fn write_openmetrics(&self, out: &mut impl fmt::Write) -> fmt::Result {
        let mut reached: Vec<(String, u64)> = Reachability::ALL.iter().map(|reach| (reach.to_string(), 0)).collect();
        let (mut live, mut stale, mut synced, mut open, mut waiting, mut undurable) = (0u64, 0u64, 0u64, 0u64, 0, 0u64);
        for node in self.nodes.iter().flatten() {
            let name = node.reachability.to_string();
            if let Some((_, count)) = reached.iter_mut().find(|(other, _)| *other == name) {
                *count += 1;
            }
            let tasks = node.subscriber.replica.table.len() as u64;
            live += tasks;
            stale += if node.is_stale() { tasks } else { 0 };
            synced += u64::from(node.synced);
            open += u64::from(node.session.is_some());
            waiting += node.waiting() as u64;
            let behind = node.subscriber.position().revision.0.saturating_sub(node.subscriber.durable().0);
            undurable = undurable.saturating_add(behind);
        }
        let (changes, details) = self.archive.history.sizes();
        let values = [
            ("synced_nodes", "Nodes whose cursor has reached the tip that they named.", synced),
            ("open_sessions", "Sessions that are open.", open),
            ("live_tasks", "Tasks that their agents have not forgotten.", live),
            ("stale_tasks", "Of these, those of nodes that are lost, or back and not yet synced.", stale),
            ("closed_tasks", "Tasks kept after their agents forgot them.", self.archive.kept() as u64),
            ("repairs_under_way", "Snapshots that are being staged.", self.staging as u64),
            ("waiting_events", "Events of nodes that the host has not polled.", waiting),
            ("undurable_entries", "Entries received and not yet committed.", undurable),
            ("view_revision", "The revision of the view.", self.archive.history.revision()),
            ("history_changes", "Changes that watchers may still read.", changes as u64),
            ("history_details", "Changes of details that watchers may still read.", details as u64),
        ];
        let mut text = ControllerMetrics::families(out);
        let nodes = reached.iter().map(|(name, count)| (name.as_str(), *count));
        text.gauges(("nodes", "reachability"), "Nodes, by whether they are there.", nodes)?;
        for (name, help, value) in values {
            text.gauge(name, help, Some(value), Scale::Ones)?;
        }
        let help = "Of all attempts that have ended, the share that succeeded.";
        text.gauge("success_ratio", help, self.metrics.success_millionths(), Scale::Micros)?;
        self.metrics.write_families(&mut text)?;
        text.end()
    }
}
