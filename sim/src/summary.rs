//! What runs have counted, added up, and the one page that is printed of it.

use std::fmt::Write;
use std::time::Duration;

use crate::invariants::{Invariant, Moment, UNREACHED};
use crate::knobs::Fault;

/// Faults of single frames, counted beside those of [`Fault`].
pub const FRAME_FAULTS: [&str; 6] = ["Lost", "Blocked", "Repeated", "Corrupted", "Truncated", "Overtaken"];

/// Counts of one run, or of many.
#[derive(Clone, Debug)]
pub struct Counts {
    /// Runs.
    pub seeds: u64,
    /// Runs that were checked for convergence.
    pub converged: u64,
    /// Steps.
    pub steps: u64,
    /// Virtual time times nodes, in microseconds.
    pub virtual_time: u64,
    /// Frames sent.
    pub frames: u64,
    /// Entries that hosts made.
    pub entries: u64,
    /// Faults by kind: injected, and of these, changed something.
    pub faults: Vec<(u64, u64)>,
    /// Faults of single frames: injected, and of these, changed something.
    pub frame_faults: Vec<(u64, u64)>,
    /// Premises met, by invariant.
    pub premises: Vec<u64>,
    /// Moments reached.
    pub moments: Vec<u64>,
}

impl Default for Counts {
    fn default() -> Counts {
        Counts {
            seeds: 0,
            converged: 0,
            steps: 0,
            virtual_time: 0,
            frames: 0,
            entries: 0,
            faults: vec![(0, 0); Fault::ALL.len()],
            frame_faults: vec![(0, 0); FRAME_FAULTS.len()],
            premises: vec![0; Invariant::ALL.len()],
            moments: vec![0; Moment::ALL.len()],
        }
    }
}

impl Counts {
    /// Adds the counts of other runs.
    pub fn add(&mut self, other: &Counts) {
        self.seeds += other.seeds;
        self.converged += other.converged;
        self.steps += other.steps;
        self.virtual_time += other.virtual_time;
        self.frames += other.frames;
        self.entries += other.entries;
        for (sum, n) in self.faults.iter_mut().zip(&other.faults) {
            *sum = (sum.0 + n.0, sum.1 + n.1);
        }
        for (sum, n) in self.frame_faults.iter_mut().zip(&other.frame_faults) {
            *sum = (sum.0 + n.0, sum.1 + n.1);
        }
        for (sum, n) in self.premises.iter_mut().zip(&other.premises) {
            *sum += n;
        }
        for (sum, n) in self.moments.iter_mut().zip(&other.moments) {
            *sum += n;
        }
    }

    /// What these runs never met or reached and should have, given how many they are.
    pub fn missing(&self) -> Vec<&'static str> {
        let needed = (self.seeds / 100).max(1);
        let premises = Invariant::ALL.iter().zip(&self.premises).filter(|(_, n)| **n < needed).map(|(i, _)| i.name());
        let moments = Moment::ALL.iter().zip(&self.moments).filter(|(_, n)| **n < needed).map(|(m, _)| m.name());
        premises.chain(moments).collect()
    }

    /// The page.
    pub fn page(&self, took: Duration, jobs: usize) -> String {
        let mut out = String::new();
        let seconds = took.as_secs_f64().max(1e-9);
        let years = self.virtual_time as f64 / 1e6 / 86_400.0 / 365.25;
        let core_hours = seconds * jobs as f64 / 3_600.0;
        let _ = writeln!(
            out,
            "seeds {}  (checked for convergence {}, for safety alone {})\n\
             steps {}  frames {}  entries {}  in {:.1} s with {} jobs: {:.0} steps a second a core\n\
             virtual time {:.4} node-years: {:.2} a core-hour\n",
            self.seeds,
            self.converged,
            self.seeds - self.converged,
            self.steps,
            self.frames,
            self.entries,
            seconds,
            jobs,
            self.steps as f64 / seconds / jobs as f64,
            years,
            years / core_hours.max(1e-12),
        );
        let _ = writeln!(out, "{:<28}{:>12}{:>12}", "fault", "injected", "changed");
        for (name, (injected, changed)) in FRAME_FAULTS.iter().zip(&self.frame_faults) {
            let _ = writeln!(out, "{name:<28}{injected:>12}{changed:>12}");
        }
        for (fault, (injected, changed)) in Fault::ALL.iter().zip(&self.faults) {
            let _ = writeln!(out, "{:<28}{injected:>12}{changed:>12}", format!("{fault:?}"));
        }
        let _ = writeln!(out, "\n{:<60}{:>12}", "invariant", "premise met");
        for (invariant, met) in Invariant::ALL.iter().zip(&self.premises) {
            let _ = writeln!(out, "{:<60}{met:>12}", invariant.name());
        }
        let _ = writeln!(out, "\n{:<60}{:>12}", "moment", "reached");
        for (moment, reached) in Moment::ALL.iter().zip(&self.moments) {
            let _ = writeln!(out, "{:<60}{reached:>12}", moment.name());
        }
        let _ = writeln!(out, "\nnot reached by these faults:");
        for (what, why) in UNREACHED {
            let _ = writeln!(out, "  {what}: {why}");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_and_what_was_never_met_is_named() {
        let mut one = Counts { seeds: 1, steps: 10, ..Counts::default() };
        one.premises[0] = 2;
        let mut sum = Counts::default();
        sum.add(&one);
        sum.add(&one);
        assert_eq!((sum.seeds, sum.steps, sum.premises[0]), (2, 20, 4));
        let missing = sum.missing();
        assert!(!missing.contains(&"legal-moves-only") && missing.contains(&"numbers-dense"));
        assert!(
            sum.page(Duration::from_secs(1), 1).contains("20 steps a second"),
            "{}",
            sum.page(Duration::from_secs(1), 1)
        );
    }
}
