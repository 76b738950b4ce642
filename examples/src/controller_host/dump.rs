//! The controller's view as JSON.

use std::collections::BTreeMap;

use taskwire::metrics::ControllerMetrics;
use taskwire::{Controller, TaskView};

use super::history::{exit, with_payload};
use crate::records::{Bytes, NodeDump, TaskDump, Transition, ViewDump};

/// All of the view, nodes by name and tasks by id.
pub fn view(controller: &Controller, term: u64) -> ViewDump {
    let view = controller.view();
    let mut nodes: Vec<NodeDump> = view
        .nodes()
        .map(|node| {
            let name = node.name().as_str().to_owned();
            let mut tasks: Vec<TaskDump> = view.tasks_of(node.id()).map(|task| task_dump(&name, &task)).collect();
            tasks.sort_by(|a, b| a.newest.task.cmp(&b.newest.task));
            NodeDump {
                reachability: node.reachability().to_string(),
                synced: node.is_synced(),
                epoch: node.epoch().map_or(0, |epoch| epoch.0),
                received: node.received().revision.0,
                durable: node.durable().0,
                tasks,
                name,
            }
        })
        .collect();
    nodes.sort_by(|a, b| a.name.cmp(&b.name));
    ViewDump { term, nodes, metrics: metrics(controller) }
}

fn task_dump(node: &str, task: &TaskView<'_>) -> TaskDump {
    let record = task.record();
    let (exit_code, signal) = exit(record.exit);
    let plain = Transition {
        node: node.to_owned(),
        task: task.id().to_string(),
        number: task.number(),
        attempt: task.attempt(),
        state: task.state().to_string(),
        reason: record.reason.to_string(),
        exit_code,
        signal,
        at: record.at.0,
        epoch: record.newest.epoch.0,
        metadata: Bytes(record.metadata().to_vec()),
        ..Transition::default()
    };
    TaskDump {
        newest: with_payload(plain, record.payload.as_deref()),
        forgotten: task.is_closed(),
        stale: task.is_stale(),
        mark: task.mark().map(|mark| format!("{mark:?}")),
        progress: task.detail().and_then(|detail| detail.progress),
    }
}

/// All counters, by name.
fn metrics(controller: &Controller) -> BTreeMap<String, serde_json::Value> {
    let names = ControllerMetrics::COUNTERS.iter().map(|counter| counter.name.to_owned());
    names.zip(controller.metrics().values().map(serde_json::Value::from)).collect()
}
