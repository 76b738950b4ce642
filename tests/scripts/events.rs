//! Events of both roles as a script shows them, and the look at an agent and at the controller's view.

use taskwire::{Agent, AgentEvent, Controller, ControllerEvent, Exit, Instant, LeaseView, Mark, Reason, Transition};

use crate::text::Names;

/// Bytes as text, or how many they are when there are many.
fn quoted(bytes: &[u8]) -> String {
    if bytes.len() > 40 {
        return format!("{} bytes", bytes.len());
    }
    format!("\"{}\"", bytes.escape_ascii())
}

fn transition(names: &mut Names, t: &Transition) -> String {
    let mut text = format!("transition {} #{} {}", names.task_name(t.task), t.number, t.state);
    if t.attempt > 0 {
        text += &format!(" attempt {}", t.attempt);
    }
    if t.exit != Exit::None {
        text += &format!(" {}", t.exit);
    }
    if t.reason != Reason::NONE {
        text += &format!(" {}", t.reason);
    }
    if let Some(metadata) = &t.metadata {
        text += &if metadata.is_pending() {
            format!(" metadata of {} bytes pending", metadata.len())
        } else {
            format!(" metadata {}", quoted(metadata.as_bytes()))
        };
    }
    if let Some(payload) = &t.payload {
        if !payload.message.is_empty() {
            text += &format!(" {}", quoted(payload.message.as_bytes()));
        }
        if payload.message_cut {
            text += " (cut)";
        }
        if !payload.result.is_empty() {
            text += &format!(" result \"{}\"", payload.result.as_bytes().escape_ascii());
        }
    }
    text += &format!(" at {}", names.position(t.position));
    if t.may_be_repeat {
        text += ", may be a repeat";
    }
    if t.out_of_sequence {
        text += ", out of sequence";
    }
    text
}

/// One event of the controller; `many` says whether nodes have to be told apart.
pub fn controller(names: &mut Names, controller: &Controller, event: &ControllerEvent, many: bool) -> String {
    use ControllerEvent as E;
    let node_name = |id| controller.view().node(id).map_or_else(|| format!("node {id}"), |n| n.name().to_string());
    let (node, text) = match event {
        E::Transition { node, transition: t } => (Some(*node), transition(names, t)),
        E::TaskForgotten { node, task, position, may_be_repeat, .. } => {
            let repeat = if *may_be_repeat { ", may be a repeat" } else { "" };
            (Some(*node), format!("forgotten {} at {}{repeat}", names.task_name(*task), names.position(*position)))
        }
        E::HistoryGap { node, task, from, to, state, attempt, may_be_inexact, .. } => {
            let inexact = if *may_be_inexact { ", may be inexact" } else { "" };
            let task = names.task_name(*task);
            (Some(*node), format!("history gap {task} #{from} to #{to}, now {state} attempt {attempt}{inexact}"))
        }
        E::NumbersBack { node, task, from, to, state } => {
            (Some(*node), format!("numbers back {} #{from} to #{to} {state}", names.task_name(*task)))
        }
        E::OutcomeUnknown { node, task, state, number, .. } => {
            (Some(*node), format!("outcome unknown {} after #{number} {state}", names.task_name(*task)))
        }
        E::Conflict { node, task, kept, kept_number, says, says_number, .. } => {
            let task = names.task_name(*task);
            (Some(*node), format!("conflict {task}: kept #{kept_number} {kept}, the agent says #{says_number} {says}"))
        }
        E::FinalLearned { node, task, state, number, seen, .. } => {
            (Some(*node), format!("final learned {} #{number} {state}, seen #{seen}", names.task_name(*task)))
        }
        E::MarkLifted { node, task } => (Some(*node), format!("mark lifted {}", names.task_name(*task))),
        E::LateTruth { node, task, state } => (Some(*node), format!("late truth {} {state}", names.task_name(*task))),
        E::HistoryDiffers { node, verdict, held, base, tip } => {
            let [held, base, tip] = [held, base, tip].map(|position| names.position(*position));
            (Some(*node), format!("history differs: {verdict}, held {held}, base {base}, tip {tip}"))
        }
        E::Repaired { node, verdict, position, counts: [gaps, unknown, conflicts] } => {
            let position = names.position(*position);
            let counts = format!("{gaps} gaps, {unknown} unknown, {conflicts} conflicts");
            (Some(*node), format!("repaired ({verdict}) at {position}: {counts}"))
        }
        E::DriftFound { node, symptom, position } => {
            (Some(*node), format!("drift found by {symptom} at {}", names.position(*position)))
        }
        E::NodeOpened { node, epoch, verdict } => (Some(*node), format!("opened epoch {epoch}, {verdict}")),
        E::NodeSynced { node, position } => (Some(*node), format!("synced at {}", names.position(*position))),
        E::ValueWhole { node, task, .. } => (Some(*node), format!("metadata of {} whole", names.task_name(*task))),
        E::NodeSuspect { node } => (Some(*node), "suspect".to_string()),
        E::NodeLive { node } => (Some(*node), "live".to_string()),
        E::NodeLost { node, tasks_stale } => (Some(*node), format!("lost, {tasks_stale} tasks stale")),
        E::NodeSleeps { node, until } => (Some(*node), format!("sleeps until {until}")),
        E::MassSilence { silent, of } => (None, format!("mass silence: {silent} of {of} nodes")),
        E::NodeLeft { node } => (Some(*node), "left".to_string()),
        E::CommitDue { node, position } => (Some(*node), format!("commit due {}", names.position(*position))),
        E::DuplicateIdentity { node, epoch } => (Some(*node), format!("duplicate identity, epoch {epoch}")),
        E::Deposed { node, seen, conflict } => {
            (None, format!("deposed at {node} by term {seen}{}", if *conflict { ", conflict" } else { "" }))
        }
        E::HelloRefused { node, refusal, .. } => (None, format!("hello of {node} refused: {refusal}")),
        other => (None, format!("{other:?}")),
    };
    match node {
        Some(id) if many => format!("{}: {text}", node_name(id)),
        _ => text,
    }
}

/// One event of an agent.
pub fn agent(names: &mut Names, event: &AgentEvent) -> String {
    use AgentEvent as E;
    match event {
        E::SessionOpened { controller, term, verdict, lossy } => {
            let lossy = if *lossy { ", lossy" } else { "" };
            format!("session opened with {controller} term {term}, {verdict}{lossy}")
        }
        E::SessionClosed { reason } => format!("session closed: {reason:?}"),
        E::HistoryDiffers { verdict, controller, base, tip } => {
            let [held, base, tip] = [controller, base, tip].map(|position| names.position(*position));
            format!("history differs: {verdict}, controller at {held}, base {base}, tip {tip}")
        }
        E::Durable { revision } => format!("durable {revision}"),
        E::TaskForgotten { task } => format!("forgotten {}", names.task_name(*task)),
        E::SleepConfirmed { until } => format!("sleep confirmed until {until}"),
        E::IntervalsChanged { heartbeat, lease } => format!("intervals changed: {heartbeat:?}, lease {lease:?}"),
        E::LeaseExpiring => "lease expiring".to_string(),
        E::LeaseExpired => "lease expired".to_string(),
        E::Fenced { seen, twin } => format!("fenced by epoch {seen}{}", if *twin { ", a twin" } else { "" }),
        E::TermConflict { term, controller } => format!("term conflict: term {term} of {controller}"),
        E::Refused { refusal, .. } => format!("refused: {refusal}"),
        E::Damaged { task } => format!("damaged {}", names.task_name(*task)),
        other => format!("{other:?}"),
    }
}

/// Where an agent stands.
pub fn look_at_agent(names: &mut Names, agent: &Agent, now: Instant) -> String {
    let sync = agent.sync_state();
    let lease = match agent.lease(now) {
        LeaseView::Unknown => "unknown",
        LeaseView::Held { .. } => "held",
        LeaseView::Expired => "expired",
    };
    let tail = names.position(sync.tail);
    let (received, durable) = (sync.received, sync.durable);
    format!("{:?}, tail {tail}, received {received}, durable {durable}, lease {lease}", agent.phase())
}

/// The controller's view, one line a node and a task.
pub fn view(names: &mut Names, controller: &Controller, now: Instant) -> Vec<String> {
    let mut lines = Vec::new();
    for node in controller.view().nodes() {
        let synced = if node.is_synced() { "synced" } else { "not synced" };
        let staging = if node.is_staging() { ", staging" } else { "" };
        let epoch = node.epoch().map_or("none".to_string(), |epoch| epoch.to_string());
        let (received, durable) = (names.position(node.received()), node.durable());
        let reachability = node.reachability();
        lines.push(format!(
            "{} {reachability}, {synced}{staging}, epoch {epoch}, received {received}, durable {durable}",
            node.name()
        ));
        let mut tasks: Vec<_> = node.tasks().collect();
        tasks.sort_by_key(|task| (names.task_name(task.id()).len(), names.task_name(task.id())));
        for task in tasks {
            let mut line = format!("  {} {} #{}", names.task_name(task.id()), task.state(), task.number());
            if task.attempt() > 0 {
                line += &format!(" attempt {}", task.attempt());
            }
            if let Some(detail) = task.detail() {
                if let Some(progress) = detail.progress {
                    line += &format!(" {progress}%");
                }
                if let Some(message) = &detail.message {
                    line += &format!(" \"{}\"", message.as_bytes().escape_ascii());
                }
            }
            line += match task.mark() {
                None => "",
                Some(Mark::GivenUp { .. }) => ", given up",
                Some(Mark::OutcomeUnknown { .. }) if task.is_closed() => "",
                Some(Mark::OutcomeUnknown { .. }) => ", outcome unknown",
                Some(Mark::Conflict { .. }) => ", conflict",
            };
            if let Some(Mark::Conflict { .. }) = task.mark() {
                let says = task.record();
                line += &format!(" (the agent says #{} {})", says.number, says.state);
            }
            let freshness = task.freshness(now).to_string();
            if task.is_closed() && !freshness.starts_with("closed") {
                line += ", closed";
            }
            lines.push(format!("{line}, {freshness}"));
        }
    }
    if lines.is_empty() {
        lines.push("no node".to_string());
    }
    lines
}
