//! What the demo found: the comparison, whether everything happened that it is meant to show, the table and the KPIs.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::{Plan, FROZEN, NODES, OVER_TCP};
use crate::audit::read_lines;
use crate::compare::{compare, Comparison};
use crate::emulator::Counts;
use crate::records::{AuditLine, NodeDump, Transition, ViewDump};
use crate::table::{self, number, percentile};

/// All that was written down during a run.
pub struct Findings {
    truth: Vec<Transition>,
    history: Vec<AuditLine>,
    view: ViewDump,
    counts: BTreeMap<String, Counts>,
    /// Truth against history and view.
    pub comparison: Comparison,
}

/// One count of a lane.
type Pick = fn(&Counts) -> u64;

/// Differences printed; more are only counted.
const SHOWN: usize = 40;

impl Findings {
    /// Reads it all, and compares.
    pub fn read(plan: &Plan) -> Result<Findings> {
        let mut truth = Vec::new();
        for node in NODES {
            truth.extend(read_lines::<Transition>(&plan.truth(node))?);
        }
        let history = read_lines::<AuditLine>(&plan.audit())?;
        let view: ViewDump = read_json(&plan.view())?;
        let counts = read_json(&plan.counts())?;
        let comparison = compare(&truth, &history, &view);
        Ok(Findings { truth, history, view, counts, comparison })
    }

    /// The table of nodes.
    pub fn table(&self) -> String {
        let rows: Vec<Vec<String>> = NODES.iter().map(|node| self.row(node)).collect();
        let headline = [
            "node",
            "state",
            "tasks",
            "running",
            "succeeded",
            "failed",
            "cancelled",
            "attempts",
            "synced",
            "lag p50/p99",
            "frames",
            "lost",
            "repeated",
        ];
        table::render(&headline, &rows)
    }

    fn row(&self, name: &str) -> Vec<String> {
        let empty = NodeDump::default();
        let node = self.view.nodes.iter().find(|node| node.name == name).unwrap_or(&empty);
        let in_state = |state: &str| number(node.tasks.iter().filter(|t| t.newest.state == state).count() as u64);
        let attempts: u64 = node.tasks.iter().map(|task| u64::from(task.newest.attempt) + 1).sum();
        let lags = self.lags(Some(name));
        let both = |pick: Pick| {
            number(["up", "down"].iter().filter_map(|way| self.counts.get(&format!("{name} {way}"))).map(pick).sum())
        };
        vec![
            name.to_owned(),
            node.reachability.clone(),
            number(node.tasks.len() as u64),
            in_state("RUNNING"),
            in_state("SUCCEEDED"),
            in_state("FAILED"),
            in_state("CANCELLED"),
            number(attempts),
            if self.was_synced(name) { "yes" } else { "no" }.into(),
            format!("{} / {} ms", number(percentile(&lags, 0.5)), number(percentile(&lags, 0.99))),
            both(|c| c.frames),
            both(|c| c.lost),
            both(|c| c.repeated),
        ]
    }

    /// Milliseconds from a transition at the agent to its line in the history, sorted.
    fn lags(&self, of: Option<&str>) -> Vec<u64> {
        let mut lags: Vec<u64> = self
            .history
            .iter()
            .filter_map(|line| match line {
                AuditLine::Transition { seen_at, transition, .. } if of.is_none_or(|node| node == transition.node) => {
                    Some(seen_at.saturating_sub(transition.at))
                }
                _ => None,
            })
            .collect();
        lags.sort_unstable();
        lags
    }

    /// The key figures, one a line.
    pub fn figures(&self) -> String {
        let lags = self.lags(None);
        let all = |pick: Pick| number(self.counts.values().map(pick).sum());
        let ended = |state: &str| self.tasks().filter(|task| task.newest.state == state).count();
        let tasks = self.tasks().count();
        let share = |part: usize| if tasks == 0 { 0.0 } else { 100.0 * part as f64 / tasks as f64 };
        let out = format!(
            "processes started: {}   tasks that could not be started: {}   time limits: {}   retries: {}\n\
             success rate: {:.1} % of {} tasks   sync latency p50 / p99 / most: {} / {} / {} ms\n\
             frames offered: {} ({} bytes)   lost: {}   repeated: {}   reordered: {}   corrupted: {}   connections cut: {}\n",
            number(self.made("RUNNING", "None") as u64),
            number(self.made("FAILED", "CouldNotStart") as u64),
            number(self.made("FAILED", "TimedOut") as u64),
            number(self.retries() as u64),
            share(ended("SUCCEEDED")),
            number(tasks as u64),
            number(percentile(&lags, 0.5)),
            number(percentile(&lags, 0.99)),
            number(percentile(&lags, 1.0)),
            all(|c| c.frames),
            all(|c| c.bytes),
            all(|c| c.lost),
            all(|c| c.repeated),
            all(|c| c.reordered),
            all(|c| c.corrupted),
            all(|c| c.cuts),
        );
        let counters: Vec<String> = self
            .view
            .metrics
            .iter()
            .filter(|(_, value)| value.as_u64().is_some_and(|count| count > 0))
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        out + &table::paragraph("controller: ", &counters, 120)
    }

    fn tasks(&self) -> impl Iterator<Item = &crate::records::TaskDump> {
        self.view.nodes.iter().flat_map(|node| &node.tasks)
    }

    fn made(&self, state: &str, reason: &str) -> usize {
        self.truth.iter().filter(|t| t.state == state && t.reason == reason).count()
    }

    fn retries(&self) -> usize {
        self.truth.iter().filter(|t| t.state == "PENDING" && t.number > 1).count()
    }

    /// What the demo is meant to show and did not: a run without failures proves little.
    pub fn unmet(&self, plan: &Plan) -> Vec<String> {
        let mut unmet = Vec::new();
        let mut need = |met: bool, what: String| {
            if !met {
                unmet.push(what);
            }
        };
        let started = self.made("RUNNING", "None");
        // Of 240 tasks some never begin, and retries make up for them.
        let least = plan.tasks * 5 / 6;
        need(started >= least, format!("at least {least} processes were to be started, and {started} were"));
        for (what, count) in [
            ("a failure with an exit code", self.made("FAILED", "ExitCode")),
            ("a failure by a signal", self.made("FAILED", "Signal")),
            ("a time limit", self.made("FAILED", "TimedOut")),
            ("a command that cannot start", self.made("FAILED", "CouldNotStart")),
            ("a cancellation", self.made("CANCELLED", "CancelledByHost")),
            ("a retry", self.retries()),
        ] {
            need(count > 0, format!("{what} was to be among the tasks"));
        }
        let sum = |pick: Pick| self.counts.values().map(pick).sum::<u64>();
        let faults: [(&str, Pick); 4] = [
            ("lost", |c| c.lost),
            ("repeated", |c| c.repeated),
            ("reordered", |c| c.reordered),
            ("corrupted", |c| c.corrupted),
        ];
        for ((what, pick), percent) in faults.into_iter().zip(plan.faults) {
            // Where fewer than 15 are to be expected, none at all may be chance.
            let expected = sum(|c| c.frames) as f64 * percent / 100.0;
            need(expected < 15.0 || sum(pick) > 0, format!("frames were to be {what}"));
        }
        need(sum(|c| c.cuts) > 0, format!("connections of {} were to be cut", NODES[OVER_TCP]));
        let (lost, back) = self.lost_and_back(NODES[FROZEN]);
        need(lost, format!("{} was to be taken for lost while it was frozen", NODES[FROZEN]));
        need(back, format!("{} was to come back and be synced after that", NODES[FROZEN]));
        unmet
    }

    /// Whether a node was synced when it left: a node that has left is neither.
    fn was_synced(&self, name: &str) -> bool {
        let mut synced = false;
        for line in &self.history {
            match line {
                AuditLine::News { node, what, .. } if node == name => match what.as_str() {
                    "NodeSynced" => synced = true,
                    "NodeOpened" | "NodeLost" => synced = false,
                    _ => {}
                },
                _ => {}
            }
        }
        synced
    }

    /// Whether a node was lost, and synced after that.
    fn lost_and_back(&self, name: &str) -> (bool, bool) {
        let mut lost = false;
        let mut back = false;
        for line in &self.history {
            if let AuditLine::News { node, what, .. } = line {
                if node == name {
                    lost |= what == "NodeLost";
                    back |= lost && what == "NodeSynced";
                }
            }
        }
        (lost, back)
    }

    /// The differences, one a line.
    pub fn differences(&self) -> String {
        let all = &self.comparison.differences;
        let mut out: String = all.iter().take(SHOWN).map(|difference| format!("  {difference}\n")).collect();
        if all.len() > SHOWN {
            out += &format!("  … and {} more\n", all.len() - SHOWN);
        }
        out
    }
}

fn read_json<T: serde::de::DeserializeOwned>(path: &std::path::Path) -> Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{}: not as expected", path.display()))
}
