//! The sync engine: watching, and what is compared.

use std::collections::BTreeSet;
use std::time::Duration;

use taskwire::{AgentConfig, Controller, ControllerConfig, Effect, Exit, Filter, TaskId, ViewRevision, WatchError};

use crate::rig::{task, Rig};
use crate::SECOND;

// etcd: a delete was lost when watching at the compacted revision; old events came on a watch of the future; a slow watcher
// was starved.
#[test]
fn field_31_a_watcher_learns_of_every_removal_or_that_its_revision_is_compacted() {
    let mut config = ControllerConfig::new("control").unwrap();
    config.history = 6;
    config.finals_age = Duration::from_secs(3);
    let mut rig = Rig::new(vec![AgentConfig::new("edge", 10).unwrap()], config, 1);
    rig.connect();
    let filter = Filter::everything().without_details();
    // A copy of the set of tasks at each revision there ever was: a watcher of each, that reads only much later.
    let mut copies: Vec<(ViewRevision, BTreeSet<TaskId>)> = Vec::new();
    let note = |rig: &Rig, copies: &mut Vec<(ViewRevision, BTreeSet<TaskId>)>| {
        let view = rig.controller.view();
        if copies.last().is_none_or(|(at, _)| *at != view.revision()) {
            copies.push((view.revision(), view.select(&filter).map(|task| task.id()).collect()));
        }
    };
    let (mut removals, mut compacted) = (0, 0);
    for n in 0..12 {
        let now = rig.at();
        let agent = &mut rig.agents[0];
        agent.register(now, task(n), b"").unwrap();
        agent.running(now, task(n)).unwrap();
        agent.succeeded(now, task(n), Exit::Code(0)).unwrap();
        agent.forget(now, task(n)).unwrap();
        for _ in 0..10 {
            note(&rig, &mut copies);
            rig.run(SECOND / 10);
        }
        // From the past, from the compacted revision itself, and from the tip: every change, or `Compacted`, never silence.
        for (at, copy) in &copies {
            let mut copy = copy.clone();
            match rig.controller.changes_since(*at, &filter) {
                Ok(changes) => {
                    let newest = changes.revision();
                    for change in changes {
                        match change.effect {
                            Effect::Task(now) => drop(copy.insert(now.id())),
                            Effect::TaskGone(gone) => removals += usize::from(copy.remove(&gone)),
                            _ => {}
                        }
                    }
                    let now: BTreeSet<TaskId> = rig.controller.view().select(&filter).map(|task| task.id()).collect();
                    assert_eq!((newest, copy), (rig.controller.view().revision(), now), "read from {at}");
                }
                Err(WatchError::Compacted { asked, oldest }) => {
                    assert!(asked == *at && asked.revision < oldest.revision);
                    compacted += 1;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(removals > 20 && compacted > 20, "{removals} removals were told, {compacted} times compacted");
    // A watch of the future is no watch that waits: it is an error that names the newest revision.
    let newest = rig.controller.view().revision();
    let future = ViewRevision { revision: newest.revision + 1, ..newest };
    let told = rig.controller.changes_since(future, &filter).map(|_| ());
    assert_eq!(told, Err(WatchError::Future { asked: future, newest }));
    // At the tip there is nothing, and the answer names its revision.
    let mut nothing = rig.controller.changes_since(newest, &filter).unwrap();
    assert!(nothing.next().is_none() && nothing.revision() == newest);
    // So does a controller that began anew: it is another view.
    let anew = Controller::new(ControllerConfig::new("control").unwrap().term(2), 3).unwrap();
    let told = anew.changes_since(newest, &filter).map(|_| ());
    assert_eq!(told, Err(WatchError::OtherIncarnation { asked: newest, newest: anew.view().revision() }));
}
