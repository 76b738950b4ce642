//! Figures on their way out: one JSON object a line on standard output, a table for people on standard error.

use std::io::Write;

/// One figure.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Figure {
    /// Its name in the goals; a peer's begins with `peer_`.
    pub name: String,
    /// What was measured.
    pub value: f64,
    /// In what.
    pub unit: String,
    /// The most it is to be; none for what only stands beside.
    pub goal: Option<f64>,
}

/// All figures so far.
#[derive(Default)]
pub struct Report {
    figures: Vec<Figure>,
}

impl Report {
    /// Takes a figure and prints its line.
    pub fn add(&mut self, name: &str, value: f64, unit: &str, goal: Option<f64>) {
        let value = (value * 1000.0).round() / 1000.0;
        let figure = Figure { name: name.to_string(), value, unit: unit.to_string(), goal };
        self.take(figure);
    }

    /// The same, of a figure that was made elsewhere.
    pub fn take(&mut self, figure: Figure) {
        let line = serde_json::to_string(&figure).expect("a figure is plain");
        let mut out = std::io::stdout().lock();
        // Whoever reads may have left: the figures go on.
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
        self.figures.push(figure);
    }

    /// Says what is being measured.
    pub fn doing(&self, what: &str) {
        eprintln!("figures: {what}");
    }

    /// The table.
    pub fn table(&self) -> String {
        let width = self.figures.iter().map(|figure| figure.name.len()).max().unwrap_or(0);
        let mut text = format!("\n{:width$}  {:>10}  {:>10}  unit\n", "figure", "value", "goal");
        for Figure { name, value, unit, goal } in &self.figures {
            let goal_text = goal.map_or(String::new(), |goal| format!("≤ {goal}"));
            let verdict = match goal {
                Some(goal) if value > goal => "  missed",
                _ => "",
            };
            text.push_str(&format!("{name:width$}  {value:>10}  {goal_text:>10}  {unit}{verdict}\n"));
        }
        text
    }
}
