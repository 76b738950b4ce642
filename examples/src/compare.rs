//! Holds what the controller's history and view say against what the agents' own logs say really happened: transition
//! by transition, field by field. It finds; printing and judging are left to `bin/demo.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::records::{AuditLine, Bytes, Transition, ViewDump};

/// Which transition: node, task, number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Key {
    /// The node.
    pub node: String,
    /// The task.
    pub task: String,
    /// The number of the transition.
    pub number: u32,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} task {} #{}", self.node, self.task, self.number)
    }
}

/// One way in which the two sides differ.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Difference {
    /// The agent's own log does not count 1, 2, 3: nothing can be held against it.
    TruthBroken(Key),
    /// It happened, and the history does not have it.
    Missing(Key),
    /// The history has it more than once.
    Repeated(Key),
    /// The history has it behind a later one of the same task.
    OutOfOrder(Key),
    /// The history has it, and it never happened.
    Invented(Key),
    /// The history says something else of it.
    Altered {
        /// Which.
        key: Key,
        /// What of it.
        field: &'static str,
        /// What happened.
        made: String,
        /// What the history says.
        seen: String,
    },
    /// The revisions of a node do not count 1, 2, 3 in the history.
    NotDense {
        /// The node.
        node: String,
        /// The revision that was due.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// The view says something else of a task's newest transition.
    View {
        /// Which.
        key: Key,
        /// What of it; `task` when it is not there at all, or was never made.
        field: &'static str,
        /// What happened.
        made: String,
        /// What the view says.
        seen: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::TruthBroken(key) => write!(f, "{key}: the agent's own log skips or repeats it"),
            Difference::Missing(key) => write!(f, "{key}: happened, and is not in the history"),
            Difference::Repeated(key) => write!(f, "{key}: more than once in the history"),
            Difference::OutOfOrder(key) => write!(f, "{key}: behind a later one in the history"),
            Difference::Invented(key) => write!(f, "{key}: in the history, and never happened"),
            Difference::Altered { key, field, made, seen } => {
                write!(f, "{key}: {field} was {made}, and the history says {seen}")
            }
            Difference::NotDense { node, expected, found } => {
                write!(f, "{node}: revision {found} in the history where {expected} was due")
            }
            Difference::View { key, field, made, seen } => {
                write!(f, "{key}: {field} was {made}, and the view says {seen}")
            }
        }
    }
}

/// What was found.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Comparison {
    /// Transitions that the agents made.
    pub made: usize,
    /// Different transitions of those that the history has.
    pub seen: usize,
    /// All differences.
    pub differences: Vec<Difference>,
}

impl Comparison {
    /// How many differences are of a kind.
    pub fn count(&self, kind: impl Fn(&Difference) -> bool) -> usize {
        self.differences.iter().filter(|difference| kind(difference)).count()
    }

    /// The closing line.
    pub fn summary(&self) -> String {
        let number = crate::table::number;
        format!(
            "transitions: {} made by agents, {} seen by the controller, {} missing, {} repeated, {} out of order, {} altered, {} other differences",
            number(self.made as u64),
            number(self.seen as u64),
            self.count(|d| matches!(d, Difference::Missing(_))),
            self.count(|d| matches!(d, Difference::Repeated(_))),
            self.count(|d| matches!(d, Difference::OutOfOrder(_) | Difference::NotDense { .. })),
            self.count(|d| matches!(d, Difference::Altered { .. })),
            self.count(|d| {
                matches!(d, Difference::TruthBroken(_) | Difference::Invented(_) | Difference::View { .. })
            }),
        )
    }
}

/// Compares the agents' logs with the controller's history, in the order of its lines, and with its view.
pub fn compare(truth: &[Transition], history: &[AuditLine], view: &ViewDump) -> Comparison {
    let mut found = Comparison { made: truth.len(), ..Comparison::default() };
    let made = by_key(truth, &mut found);
    hold_history(&made, history, &mut found);
    hold_view(&made, view, &mut found);
    found
}

fn key(transition: &Transition) -> Key {
    Key { node: transition.node.clone(), task: transition.task.clone(), number: transition.number }
}

fn by_key<'a>(truth: &'a [Transition], found: &mut Comparison) -> BTreeMap<Key, &'a Transition> {
    let mut made = BTreeMap::new();
    let mut newest: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for transition in truth {
        let last = newest.entry((&transition.node, &transition.task)).or_default();
        if transition.number != *last + 1 {
            found.differences.push(Difference::TruthBroken(key(transition)));
        }
        *last = transition.number;
        made.insert(key(transition), transition);
    }
    made
}

fn hold_history(made: &BTreeMap<Key, &Transition>, history: &[AuditLine], found: &mut Comparison) {
    let mut seen: BTreeSet<Key> = BTreeSet::new();
    let mut newest: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let mut revisions: BTreeMap<&str, u64> = BTreeMap::new();
    for line in history {
        let (node, revision) = match line {
            AuditLine::Transition { revision, transition, .. } => (&transition.node, *revision),
            AuditLine::Forgotten { node, revision, .. } => (node, *revision),
            AuditLine::News { .. } => continue,
        };
        let last = revisions.entry(node).or_default();
        if revision != *last + 1 {
            found.differences.push(Difference::NotDense { node: node.clone(), expected: *last + 1, found: revision });
        }
        *last = revision;
        let AuditLine::Transition { transition, .. } = line else { continue };
        let key = key(transition);
        let Some(original) = made.get(&key) else {
            found.differences.push(Difference::Invented(key));
            continue;
        };
        let latest = newest.entry((&transition.node, &transition.task)).or_default();
        if seen.contains(&key) {
            found.differences.push(Difference::Repeated(key));
            continue;
        }
        if transition.number < *latest {
            found.differences.push(Difference::OutOfOrder(key.clone()));
        }
        *latest = transition.number.max(*latest);
        for (field, made, seen) in unequal(original, transition) {
            found.differences.push(Difference::Altered { key: key.clone(), field, made, seen });
        }
        seen.insert(key);
    }
    found.seen = seen.len();
    found.differences.extend(made.keys().filter(|key| !seen.contains(key)).cloned().map(Difference::Missing));
}

/// The view has each task once, as its newest transition left it, and nothing else.
fn hold_view(made: &BTreeMap<Key, &Transition>, view: &ViewDump, found: &mut Comparison) {
    let mut newest: BTreeMap<(&str, &str), Transition> = BTreeMap::new();
    for transition in made.values() {
        let mut latest = (*transition).clone();
        if let Some(before) = newest.remove(&(transition.node.as_str(), transition.task.as_str())) {
            // Metadata comes with the registration and stays.
            latest.metadata = before.metadata;
        }
        newest.insert((&transition.node, &transition.task), latest);
    }
    let difference = |key: Key, field, made: String, seen: String| Difference::View { key, field, made, seen };
    for node in &view.nodes {
        for task in &node.tasks {
            let key = Key { node: node.name.clone(), task: task.newest.task.clone(), number: task.newest.number };
            let Some(original) = newest.remove(&(node.name.as_str(), task.newest.task.as_str())) else {
                found.differences.push(difference(key, "task", "never made".into(), "there".into()));
                continue;
            };
            if original.number != task.newest.number {
                let (made, seen) = (original.number.to_string(), task.newest.number.to_string());
                found.differences.push(difference(key.clone(), "number", made, seen));
            }
            for (field, made, seen) in unequal(&original, &task.newest) {
                found.differences.push(difference(key.clone(), field, made, seen));
            }
        }
    }
    for (_, original) in newest {
        found.differences.push(difference(key(&original), "task", original.state, "not there".into()));
    }
}

/// The fields in which two accounts of one transition differ, with both values.
fn unequal(made: &Transition, seen: &Transition) -> Vec<(&'static str, String, String)> {
    let mut out = Vec::new();
    let mut hold = |field, made: String, seen: String| {
        if made != seen {
            out.push((field, made, seen));
        }
    };
    hold("state", made.state.clone(), seen.state.clone());
    hold("attempt", made.attempt.to_string(), seen.attempt.to_string());
    hold("reason", made.reason.clone(), seen.reason.clone());
    hold("exit code", format!("{:?}", made.exit_code), format!("{:?}", seen.exit_code));
    hold("signal", format!("{:?}", made.signal), format!("{:?}", seen.signal));
    hold("epoch", made.epoch.to_string(), seen.epoch.to_string());
    hold("trace id", made.trace_id.clone(), seen.trace_id.clone());
    hold("result", format!("{:?}", made.result), format!("{:?}", seen.result));
    hold("metadata", format!("{:?}", made.metadata), format!("{:?}", seen.metadata));
    if made.number > 1 {
        // A registration is timed by the library itself, a few microseconds after the agent wrote it down.
        hold("time", made.at.to_string(), seen.at.to_string());
    }
    let expected = if seen.message_cut && seen.message.0.len() < made.message.0.len() {
        Bytes(made.message.0[..seen.message.0.len()].to_vec())
    } else {
        made.message.clone()
    };
    hold("message", format!("{expected:?}"), format!("{:?}", seen.message));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{NodeDump, TaskDump};

    fn transition(task: &str, number: u32, state: &str) -> Transition {
        Transition {
            node: "edge-1".into(),
            task: task.into(),
            number,
            state: state.into(),
            reason: "None".into(),
            at: 100 + u64::from(number),
            epoch: 5,
            trace_id: "ab".repeat(16),
            message: Bytes(format!("message {number}").into_bytes()),
            metadata: Bytes(if number == 1 { b"about it".to_vec() } else { Vec::new() }),
            ..Transition::default()
        }
    }

    fn truth() -> Vec<Transition> {
        let mut truth = Vec::new();
        for task in ["a", "b"] {
            truth.push(transition(task, 1, "PENDING"));
            truth.push(transition(task, 2, "RUNNING"));
            let mut end = transition(task, 3, "FAILED");
            end.exit_code = Some(3);
            truth.push(end);
        }
        truth
    }

    fn line(revision: u64, transition: &Transition) -> AuditLine {
        AuditLine::Transition {
            revision,
            tag: String::new(),
            seen_at: 200,
            source: "Host".into(),
            may_be_repeat: false,
            transition: Box::new(transition.clone()),
        }
    }

    fn history(transitions: &[Transition]) -> Vec<AuditLine> {
        let mut lines: Vec<_> = transitions.iter().zip(1..).map(|(t, revision)| line(revision, t)).collect();
        let (node, task, tag) = ("edge-1".to_owned(), "a".to_owned(), String::new());
        lines.push(AuditLine::Forgotten { node, task, revision: transitions.len() as u64 + 1, tag, seen_at: 0 });
        lines
    }

    fn view(truth: &[Transition]) -> ViewDump {
        let mut newest: BTreeMap<&str, Transition> = BTreeMap::new();
        for transition in truth {
            let metadata = Bytes(b"about it".to_vec());
            newest.insert(&transition.task, Transition { metadata, ..transition.clone() });
        }
        let tasks = newest.into_values().map(|newest| TaskDump { newest, ..TaskDump::default() }).collect();
        ViewDump {
            nodes: vec![NodeDump { name: "edge-1".into(), tasks, ..NodeDump::default() }],
            ..ViewDump::default()
        }
    }

    /// The differences between the truth and a history that `edit` has spoilt, revisions counted anew.
    fn after(edit: impl Fn(&mut Vec<Transition>)) -> Vec<String> {
        let truth = truth();
        let mut spoilt = truth.clone();
        edit(&mut spoilt);
        let found = compare(&truth, &history(&spoilt), &view(&truth));
        found.differences.iter().map(Difference::to_string).collect()
    }

    #[test]
    fn what_is_equal_has_no_difference() {
        let truth = truth();
        let found = compare(&truth, &history(&truth), &view(&truth));
        assert_eq!((found.made, found.seen, found.differences), (6, 6, Vec::new()));
    }

    #[test]
    fn a_missing_transition_is_found() {
        let found = after(|spoilt| {
            spoilt.remove(4);
        });
        assert_eq!(found, ["edge-1 task b #2: happened, and is not in the history"]);
        let none = compare(&truth(), &[], &view(&truth()));
        assert_eq!(none.count(|d| matches!(d, Difference::Missing(_))), 6);
    }

    #[test]
    fn a_repeated_transition_is_found() {
        assert_eq!(after(|spoilt| spoilt.push(spoilt[2].clone())), ["edge-1 task a #3: more than once in the history"]);
    }

    #[test]
    fn reordered_transitions_are_found_within_a_task_but_tasks_may_interleave() {
        assert_eq!(after(|spoilt| spoilt.swap(1, 2)), ["edge-1 task a #2: behind a later one in the history"]);
        assert_eq!(after(|spoilt| spoilt.swap(2, 3)), [""; 0]);
    }

    #[test]
    fn an_invented_transition_is_found() {
        assert_eq!(
            after(|spoilt| spoilt.push(transition("a", 4, "PENDING"))),
            ["edge-1 task a #4: in the history, and never happened"]
        );
        assert_eq!(after(|spoilt| spoilt.push(transition("c", 1, "PENDING"))).len(), 1);
    }

    #[test]
    fn every_altered_field_is_found() {
        type Edit = (&'static str, fn(&mut Transition));
        let edits: [Edit; 11] = [
            ("state", |t| t.state = "SUCCEEDED".into()),
            ("attempt", |t| t.attempt = 1),
            ("reason", |t| t.reason = "TimedOut".into()),
            ("exit code", |t| t.exit_code = Some(0)),
            ("signal", |t| t.signal = Some(9)),
            ("epoch", |t| t.epoch = 6),
            ("trace id", |t| t.trace_id = String::new()),
            ("result", |t| t.result = Bytes(b"x".to_vec())),
            ("metadata", |t| t.metadata = Bytes(b"x".to_vec())),
            ("time", |t| t.at += 1),
            ("message", |t| t.message = Bytes(b"messag".to_vec())),
        ];
        for (field, edit) in edits {
            let found = after(|spoilt| edit(&mut spoilt[2]));
            assert_eq!(found.len(), 1, "{field}: {found:?}");
            assert!(found[0].starts_with(&format!("edge-1 task a #3: {field} was ")), "{found:?}");
        }
    }

    #[test]
    fn a_message_that_says_that_it_was_cut_may_be_shorter_but_not_other() {
        let cut = |text: &'static [u8]| {
            move |spoilt: &mut Vec<Transition>| {
                spoilt[2].message = Bytes(text.to_vec());
                spoilt[2].message_cut = true;
            }
        };
        assert_eq!(after(cut(b"messag")), [""; 0]);
        assert_eq!(after(cut(b"massag")).len(), 1);
    }

    #[test]
    fn a_hole_in_the_revisions_is_found() {
        let truth = truth();
        let mut lines = history(&truth);
        lines.remove(6);
        lines.push(AuditLine::Forgotten {
            node: "edge-1".into(),
            task: "a".into(),
            revision: 8,
            tag: String::new(),
            seen_at: 0,
        });
        let found = compare(&truth, &lines, &view(&truth)).differences;
        assert_eq!(found, [Difference::NotDense { node: "edge-1".into(), expected: 7, found: 8 }]);
    }

    #[test]
    fn a_view_that_differs_is_found() {
        let truth = truth();
        let lines = history(&truth);
        let differences = |edit: &dyn Fn(&mut ViewDump)| {
            let mut view = view(&truth);
            edit(&mut view);
            compare(&truth, &lines, &view).differences.iter().map(Difference::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            differences(&|view| {
                view.nodes[0].tasks.remove(0);
            }),
            ["edge-1 task a #3: task was FAILED, and the view says not there"]
        );
        assert_eq!(
            differences(&|view| view.nodes[0].tasks[1].newest.state = "SUCCEEDED".into()),
            ["edge-1 task b #3: state was FAILED, and the view says SUCCEEDED"]
        );
        assert_eq!(differences(&|view| view.nodes[0].tasks[1].newest.task = "z".into()).len(), 2);
        assert_eq!(differences(&|view| view.nodes.clear()).len(), 2);
    }

    #[test]
    fn a_truth_that_does_not_count_is_no_truth() {
        let mut truth = truth();
        truth.remove(1);
        let found = compare(&truth, &[], &ViewDump::default());
        assert_eq!(found.count(|d| matches!(d, Difference::TruthBroken(_))), 1);
    }
}
