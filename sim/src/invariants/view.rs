//! Checks of what the view shows of a node's tasks: record-never-regresses, lost-writes-no-state, removed-stays-removed,
//! live-means-fresh (staleness), legal-moves-only (finals).

use taskwire::{Detail, Made, NodeId, TaskId};

use super::shadow::TaskShadow;
use super::{fail, Check, Invariant};
use crate::hold;
use crate::truth::Said;
use crate::world::World;

/// Whether a detail is what was said.
pub(crate) fn is_said(said: &Said, detail: Option<&Detail>) -> bool {
    detail.is_some_and(|detail| {
        detail.progress == said.progress && detail.message.as_ref().map_or(&[][..], |m| m.as_bytes()) == said.message
    })
}

/// What a look at one task shows.
struct Seen {
    id: TaskId,
    registered: Made,
    newest: Made,
    shadow: TaskShadow,
    detail: Option<Detail>,
    stale: bool,
    final_kept: bool,
}

impl World {
    /// Looks at all tasks of a node.
    pub(crate) fn check_view(&mut self, n: usize, id: NodeId) -> Check {
        let view = self.host.controller.view();
        let Some(node) = view.node(id) else { return Ok(()) };
        let (node_stale, synced) = (node.is_stale(), node.is_synced());
        let seen: Vec<Seen> = node
            .tasks()
            .map(|task| {
                let record = task.record();
                Seen {
                    id: task.id(),
                    registered: record.registered,
                    newest: record.newest,
                    shadow: TaskShadow {
                        registered: record.registered,
                        newest: record.newest,
                        number: task.number(),
                        attempt: record.attempt,
                        state: task.state(),
                        forgotten: task.is_closed(),
                        detail: None,
                    },
                    detail: task.detail(),
                    stale: task.is_stale(),
                    final_kept: matches!(task.mark(), Some(taskwire::Mark::Conflict { .. })),
                }
            })
            .collect();
        let most = self.knobs.agent.limits.slots as usize + self.knobs.controller.finals_per_node as usize;
        hold!(WithinBounds, seen.len() <= most, "n{n}: {} tasks in view, and at most {most} may be", seen.len());
        if self.nodes[n].stale {
            let misled = self.tally.met(Invariant::LiveMeansFresh);
            hold!(
                LiveMeansFresh,
                (node_stale || synced) && !misled,
                "n{n}: it was lost, is not synced (synced {synced}), and its tasks are not stale"
            );
            self.nodes[n].stale = !synced;
        }
        let mut tasks = std::collections::BTreeMap::new();
        for mut task in seen {
            hold!(
                LiveMeansFresh,
                task.stale == (node_stale && !task.shadow.forgotten),
                "n{n}: task {} is stale {}, its node {node_stale}",
                task.id,
                task.stale
            );
            self.check_task(n, &mut task)?;
            tasks.insert(task.id, task.shadow);
        }
        // What the view no longer keeps it need not remember.
        self.nodes[n].tasks = tasks;
        Ok(())
    }

    fn check_task(&mut self, n: usize, task: &mut Seen) -> Check {
        let former = self.nodes[n].tasks.get(&task.id).cloned();
        let same_registration = former.as_ref().filter(|f| f.registered == task.registered);
        let changed = same_registration.is_none_or(|f| {
            (f.newest, f.number, f.state, f.forgotten)
                != (task.newest, task.shadow.number, task.shadow.state, task.shadow.forgotten)
        });
        if changed {
            self.check_reported(n, task)?;
        }
        if let Some(former) = same_registration {
            let diverged = self.truth.had_twins(n);
            let misled = self.tally.met(Invariant::RecordNeverRegresses) && former.number > 1;
            let back = task.newest.revision < former.newest.revision || task.shadow.number < former.number;
            hold!(
                RecordNeverRegresses,
                (!back || diverged) && !misled,
                "n{n}: task {} went back from number {} at {} to {} at {}",
                task.id,
                former.number,
                former.newest,
                task.shadow.number,
                task.newest
            );
            if former.forgotten {
                let misled = self.tally.met(Invariant::RemovedStaysRemoved);
                hold!(
                    RemovedStaysRemoved,
                    (task.shadow.forgotten || diverged) && !misled,
                    "n{n}: task {} was gone, and is back",
                    task.id
                );
            }
            let final_before = matches!(former.state, taskwire::State::Succeeded | taskwire::State::Cancelled);
            hold!(
                LegalMovesOnly,
                !final_before || former.state == task.shadow.state || task.final_kept,
                "n{n}: the final {} of task {} of {} became {}",
                former.state,
                task.id,
                task.registered,
                task.shadow.state
            );
        }
        self.check_detail(n, task, former.as_ref())
    }

    /// What is shown of a task was reported by an agent of the node.
    fn check_reported(&mut self, n: usize, task: &Seen) -> Check {
        let misled = self.tally.misled(Invariant::LostWritesNoState) && task.shadow.number > 2;
        // A final that was learnt from the ring has only what the ring says.
        let from_ring = task.shadow.forgotten
            && self.truth.lives.iter().any(|life| {
                life.node == n
                    && life.entries.iter().any(|e| {
                        (e.record.id, e.record.registered, e.record.number, e.record.state)
                            == (task.id, task.registered, task.shadow.number, task.shadow.state)
                    })
            });
        let Some(life) = self.truth.lives.iter().position(|life| {
            life.node == n
                && life
                    .entry(task.newest.revision.0)
                    .is_some_and(|e| e.record.id == task.id && e.record.newest == task.newest)
        }) else {
            hold!(
                LostWritesNoState,
                from_ring,
                "n{n}: task {} is shown as {}, and no agent reported that",
                task.id,
                task.shadow.state
            );
            return Ok(());
        };
        let entry = &self.truth.lives[life].entries[task.newest.revision.0 as usize - 1];
        let right = task.final_kept
            || from_ring
            || entry.record.state == task.shadow.state && entry.record.number == task.shadow.number;
        if !right && self.truth.had_twins(n) {
            return Ok(()); // another twin may have made another entry of this revision
        }
        hold!(
            LostWritesNoState,
            right && !misled,
            "n{n}: task {} is shown as {} (number {}), and its agent reported {} (number {})",
            task.id,
            task.shadow.state,
            task.shadow.number,
            entry.record.state,
            entry.record.number
        );
        Ok(())
    }

    /// A detail that is shown was really said of this attempt, and is not older than the one shown before.
    fn check_detail(&mut self, n: usize, task: &mut Seen, former: Option<&TaskShadow>) -> Check {
        let Some(detail) = &task.detail else { return Ok(()) };
        let key = (task.registered, task.shadow.attempt);
        let before = former.filter(|f| f.registered == task.registered).and_then(|f| f.detail);
        // A value that was said more than once is taken for the oldest that is no step back.
        let least = before.filter(|(attempt, _)| *attempt == key.1).map_or(0, |(_, index)| index);
        let (mut forward, mut back) = (None, None);
        for life in self.truth.lives.iter().filter(|life| life.node == n) {
            let same_task = life.entry(task.registered.revision.0).is_some_and(|e| e.record.id == task.id);
            let Some(said) = life.said.get(&key).filter(|_| same_task) else { continue };
            for (index, _) in said.iter().enumerate().filter(|(_, said)| is_said(said, Some(detail))) {
                let nearest = if index >= least { &mut forward } else { &mut back };
                *nearest = Some(nearest.map_or(index, |found: usize| found.min(index)));
            }
        }
        let Some(newest) = forward.or(back) else {
            let text = format!("n{n}: {detail:?} is shown of task {} attempt {}, and was never said", task.id, key.1);
            return fail(Invariant::RecordNeverRegresses, text);
        };
        if let Some((attempt, index)) = before {
            let misled = self.tally.met(Invariant::RecordNeverRegresses);
            let back = attempt == key.1 && newest < index;
            hold!(
                RecordNeverRegresses,
                (!back || self.truth.had_twins(n)) && !misled,
                "n{n}: the detail of task {} went back from the value said {index} to that said {newest}",
                task.id
            );
        }
        task.shadow.detail = Some((key.1, newest));
        Ok(())
    }
}
