//! Watchers of the controller's view in the scripts: each has a name, a filter and the revision that it has read up to.

use std::collections::BTreeMap;

use taskwire::{Controller, Effect, Filter, Happening, State, TaskView, ViewChange, ViewRevision};

use crate::text::Names;

#[derive(Default)]
pub struct Watchers(BTreeMap<String, (Filter, ViewRevision)>);

fn short(revision: ViewRevision) -> u64 {
    revision.revision
}

fn task(names: &Names, task: TaskView<'_>) -> String {
    let mut text = format!("{} {} #{}", names.task_name(task.id()), task.state(), task.number());
    if let Some(percent) = task.detail().and_then(|detail| detail.progress) {
        text += &format!(" {percent}%");
    }
    for (is, word) in [(task.mark().is_some(), " marked"), (task.is_closed(), " closed")] {
        text += if is { word } else { "" };
    }
    text
}

fn happened(names: &Names, change: &ViewChange<'_>) -> String {
    let name = |id| names.task_name(id);
    match change.happening {
        Happening::Moved { task, moved } => {
            let from = moved.from.map_or(String::new(), |from| format!("{from} to "));
            format!("{} moved #{} {from}{}", name(task), moved.number, moved.state)
        }
        Happening::Forgotten { task } => format!("{} forgotten", name(task)),
        Happening::Removed { task } => format!("{} removed", name(task)),
        Happening::Marked { task, .. } => format!("{} marked", name(task)),
        Happening::MarkLifted { task } => format!("{} mark lifted", name(task)),
        Happening::DetailShown { task } => format!("{} detail", name(task)),
        Happening::NodeChanged { standing } => {
            let words = [(standing.stale, " stale"), (standing.synced, " synced"), (standing.silent, " silent")];
            let words: String = words.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
            format!("node {} is {}{words}", change.node, standing.reachability)
        }
        Happening::TasksReplaced => format!("node {} has its tasks replaced", change.node),
        Happening::NodeForgotten => format!("node {} forgotten", change.node),
        other => format!("{other:?}"),
    }
}

fn effect(names: &Names, change: &ViewChange<'_>, filter: &Filter) -> String {
    match change.effect {
        Effect::Task(now) => format!("put {}", task(names, now)),
        Effect::TaskGone(gone) => format!("take out {}", names.task_name(gone)),
        Effect::Node(node) => format!("put node {}", node.name()),
        Effect::Tasks(node) => {
            let tasks: Vec<String> = node.tasks().filter(|t| filter.takes(*t)).map(|t| task(names, t)).collect();
            format!(
                "put all of node {}: {}",
                node.name(),
                if tasks.is_empty() { "none".into() } else { tasks.join(", ") }
            )
        }
        Effect::NodeGone(node) => format!("take out node {node}"),
        other => format!("{other:?}"),
    }
}

impl Watchers {
    /// `watch NAME [details off] [states RUNNING,FAILED]`: begins, or starts over, with a snapshot.
    pub fn watch(&mut self, names: &Names, controller: &Controller, words: &[&str]) -> Result<Vec<String>, String> {
        let [name, settings @ ..] = words else { return Err("a watcher has a name".into()) };
        let mut filter = match self.0.get(*name) {
            Some((filter, _)) if settings.is_empty() => filter.clone(),
            _ => Filter::everything(),
        };
        for pair in settings.chunks(2) {
            filter = match *pair {
                ["details", "off"] => filter.without_details(),
                ["states", list] => {
                    let state = |word| State::ALL.into_iter().find(|state| state.name() == word).ok_or(word);
                    let states: Result<Vec<State>, &str> = list.split(',').map(state).collect();
                    filter.states(&states.map_err(|word| format!("no state `{word}`"))?)
                }
                _ => return Err("a watcher is narrowed by `details off` and `states A,B`".into()),
            };
        }
        let view = controller.view();
        let tasks: Vec<String> = view.select(&filter).map(|found| task(names, found)).collect();
        let tasks = if tasks.is_empty() { "no task".into() } else { tasks.join(", ") };
        let line = format!("{name} starts from {} with {tasks}", short(view.revision()));
        self.0.insert((*name).to_string(), (filter, view.revision()));
        Ok(vec![line])
    }

    /// `read NAME [most]`: reads on; `read NAME future` reads from a revision that is not yet.
    pub fn read(&mut self, names: &Names, controller: &Controller, words: &[&str]) -> Result<Vec<String>, String> {
        let (name, most) = match *words {
            [name] => (name, usize::MAX),
            [name, "future"] => (name, 0),
            [name, most] => (name, most.parse().map_err(|_| format!("`{most}` is no number"))?),
            _ => return Err("who is to read?".into()),
        };
        let (filter, at) = self.0.get_mut(name).ok_or_else(|| format!("no watcher `{name}`"))?;
        if words.get(1) == Some(&"future") {
            at.revision = controller.view().revision().revision + 1;
        }
        let mut changes = match controller.changes_since(*at, filter) {
            Ok(changes) => changes,
            Err(error) => {
                let text = error.to_string().replace(&format!("{:016x}:", at.incarnation), "");
                let incarnation = controller.view().revision().incarnation;
                return Ok(vec![format!("{name}: {}", text.replace(&format!("{incarnation:016x}:"), ""))]);
            }
        };
        let mut lines = Vec::new();
        for change in changes.by_ref().take(most) {
            *at = change.revision;
            let (what, then) = (happened(names, &change), effect(names, &change, filter));
            lines.push(format!("{name} {}: {what}; {then}", short(change.revision)));
        }
        if changes.next().is_none() {
            *at = changes.revision();
            lines.push(format!("{name} has read to {}", short(*at)));
        }
        Ok(lines)
    }
}
