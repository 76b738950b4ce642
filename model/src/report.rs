//! What is printed of a search.

use std::fmt::Write as _;

use crate::bounds::Bounds;
use crate::check::Property;
use crate::search::Found;

/// A line of figures, and the way to a failure, one step a line.
pub fn report(bounds: &Bounds, found: &Found) -> String {
    let kind = if bounds.journaled { "journaled" } else { "volatile" };
    let mut out = format!(
        "model: {:<8} {} × {kind:<9} {:>11} states {:>12} steps  depth {:>3}  {:>9} run on  {:>6.1} s  {:>7.0} states/s  {}\n",
        bounds.name,
        bounds.agents,
        found.states,
        found.steps,
        found.depth,
        found.settled,
        found.seconds,
        found.states as f64 / found.seconds.max(0.001),
        if found.whole { "whole" } else { "cut off" },
    );
    if let Some((text, way)) = &found.failure {
        let _ = writeln!(out, "model: FAILED {text}");
        way.iter().for_each(|action| {
            let _ = writeln!(out, "  {action:?}");
        });
    }
    out
}

/// How often each property was asked.
pub fn asked(counts: &[u64]) -> String {
    let mut out = String::new();
    for ((_, name), count) in Property::ALL.iter().zip(counts) {
        let _ = writeln!(out, "  {name:<28} {count:>13}");
    }
    out
}
