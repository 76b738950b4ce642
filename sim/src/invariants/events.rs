//! Checks of what the controller's host is told: exactly-once-in-order, numbers-dense, legal-moves-only,
//! regression-announced-first, repair-keeps-newer, no-false-drift, nothing-lost as far as it shows at once.

use taskwire::wire::Verdict;
use taskwire::{ControllerEvent, Made, NodeId, Payload, Position, State, TaskId, Transition};

use super::shadow::{Repair, Sighted};
use super::{fail, Check, Invariant};
use crate::hold;
use crate::truth::{Kind, TruthEntry};
use crate::world::World;

/// The first thing in which an event is not what the true log says.
fn difference(t: &Transition, truth: &TruthEntry) -> Option<String> {
    let record = &truth.record;
    let from = match truth.kind {
        Kind::Register => None,
        Kind::Move(from) => Some(from),
        Kind::Forget => return Some("it was a tombstone".into()),
    };
    let empty = Payload::default();
    let payload = t.payload.as_deref().unwrap_or(&empty);
    let pairs = [
        ("task", t.task == record.id),
        ("registration", t.registered == record.registered),
        ("epoch", t.epoch == record.newest.epoch),
        ("attempt", t.attempt == record.attempt),
        ("number", t.number == record.number),
        ("from", t.from == from),
        ("state", t.state == record.state),
        ("time", t.at == record.at),
        ("reason", t.reason == record.reason),
        ("source", t.source == record.source),
        ("exit", t.exit == record.exit),
        ("metadata", from.is_some() || record.metadata.is(t.metadata.as_deref())),
        ("message", payload.message.as_bytes() == record.message.get()),
        ("message cut", payload.message_cut == record.message_cut),
        ("result", payload.result.as_bytes() == record.result.get()),
        ("trace", payload.trace.is_none() || payload.trace == record.trace),
    ];
    pairs
        .iter()
        .find(|(_, same)| !same)
        .map(|(name, _)| format!("{name} differs: {t:?}, and the true log has {record:?}"))
}

impl World {
    /// An event was polled.
    pub(crate) fn check_controller_event(&mut self, event: &ControllerEvent) -> Check {
        match event {
            ControllerEvent::Transition { node, transition } => self.saw_transition(*node, transition),
            ControllerEvent::ValueWhole { node, task, registered } => {
                let Some(n) = self.node_of(*node) else { return Ok(()) };
                self.values_seen.insert((n, *task, *registered));
                // Under the lossy policy more counts as durable from now on.
                self.nodes[n].print = self.print(*node);
                Ok(())
            }
            ControllerEvent::TaskForgotten { node, task, registered, position, may_be_repeat } => {
                let Some(n) = self.node_of(*node) else { return Ok(()) };
                let entry = self.saw_entry(n, *position, *may_be_repeat)?;
                let right =
                    entry.kind == Kind::Forget && (entry.record.id, entry.record.registered) == (*task, *registered);
                hold!(ExactlyOnceInOrder, right, "n{n}: {event:?}, and the true log has {entry:?}");
                Ok(())
            }
            ControllerEvent::HistoryGap { node, task, registered, from, to, state, attempt, may_be_inexact } => {
                let Some(n) = self.node_of(*node) else { return Ok(()) };
                let left =
                    Sighted { number: *to, state: *state, attempt: *attempt, back: false, inexact: *may_be_inexact };
                self.saw_gap(n, *task, *registered, *from, left)
            }
            ControllerEvent::FinalLearned { node, task, registered, state, number, .. } => {
                let Some(n) = self.node_of(*node) else { return Ok(()) };
                let Some(truth) = self.transition_of(n, *task, *registered, *number, *state) else {
                    return fail(Invariant::NothingLost, format!("n{n}: {event:?}, and no agent ever did that"));
                };
                let left = Sighted { number: *number, state: *state, attempt: truth.0, back: false, inexact: true };
                self.nodes[n].sighted.insert((*task, *registered), left);
                Ok(())
            }
            ControllerEvent::MarkLifted { node, task } => {
                let Some(n) = self.node_of(*node) else { return Ok(()) };
                // It may be a conflict that has ended: the agent says what the view has kept.
                let of_task = self.nodes[n].sighted.iter_mut().filter(|((id, _), _)| id == task);
                of_task.for_each(|(_, sighted)| sighted.back = true);
                Ok(())
            }
            ControllerEvent::NumbersBack { node, task, .. } => {
                let Some(n) = self.node_of(*node) else { return Ok(()) };
                hold!(NothingLost, self.truth.had_twins(n), "n{n}: {event:?}, and no twin made another history");
                let of_task = self.nodes[n].sighted.iter_mut().filter(|((id, _), _)| id == task);
                of_task.for_each(|(_, sighted)| sighted.back = true);
                Ok(())
            }
            ControllerEvent::OutcomeUnknown { node, task, registered, number, .. } => {
                let Some(n) = self.node_of(*node) else { return Ok(()) };
                self.nodes[n].unknown.insert((*task, *registered));
                let known = self.truth.lives.iter().find(|life| {
                    life.node == n && life.alive && life.task(*task).is_some_and(|r| r.registered == *registered)
                });
                let wrong = known.is_some() && !self.truth.had_twins(n);
                hold!(NothingLost, !wrong, "n{n}: {event:?}, and its agent knows the task (number {number})");
                Ok(())
            }
            ControllerEvent::Conflict { node, task, registered, says_number, says, .. } => {
                let Some(n) = self.node_of(*node) else { return Ok(()) };
                hold!(NothingLost, self.truth.had_twins(n), "n{n}: {event:?}, and no twin said another thing");
                // From here on the host is told what the agent says, from the number that it has.
                if let Some(sighted) = self.nodes[n].sighted.get_mut(&(*task, *registered)) {
                    (sighted.number, sighted.state, sighted.back) = (*says_number, *says, true);
                }
                Ok(())
            }
            ControllerEvent::Repaired { node, position, .. } => self.saw_repaired(*node, *position),
            _ => self.saw_news(event),
        }
    }

    /// A repair is done: every entry between base and the position reached has been told by now.
    fn saw_repaired(&mut self, node: NodeId, position: Position) -> Check {
        let Some(n) = self.node_of(node) else { return Ok(()) };
        let misled = self.tally.met(Invariant::RepairKeepsNewer);
        hold!(RepairKeepsNewer, !misled, "n{n}: repaired at {position}");
        let shadow = &mut self.nodes[n];
        let Some(life) = self.truth.find(position) else { return Ok(()) };
        let chain = &self.truth.lives[life];
        if let Some(repair) = shadow.repair.filter(|repair| chain.holds(repair.base)) {
            for revision in repair.base.revision.0 + 1..=position.revision.0 {
                let tag = chain.entries[revision as usize - 1].position.tag.0;
                let seen = shadow.seen.contains(&(revision, tag)) || shadow.in_snapshot(chain, revision);
                hold!(RepairKeepsNewer, seen, "n{n}: repaired at {position}, and revision {revision} was never told");
            }
            shadow.bases.push(repair.base);
        }
        shadow.last_event = position;
        shadow.announced = false;
        Ok(())
    }

    /// News about nodes.
    fn saw_news(&mut self, event: &ControllerEvent) -> Check {
        match event {
            ControllerEvent::HistoryDiffers { node, verdict, base, tip, .. } => {
                let Some(n) = self.node_of(*node) else { return Ok(()) };
                let shadow = &mut self.nodes[n];
                shadow.announced = true;
                shadow.repair = verdict.repairs().then_some(Repair { base: *base, tip: *tip });
                if shadow.unannounced.take().is_none() {
                    shadow.told = true;
                }
                shadow.twin_told |= *verdict == Verdict::Fork;
            }
            ControllerEvent::DriftFound { node, symptom, position } => {
                let Some(n) = self.node_of(*node) else { return Ok(()) };
                let misled = self.tally.misled(Invariant::NoFalseDrift);
                let altered = self.announced_alteration(n);
                hold!(
                    NoFalseDrift,
                    (altered || !self.truth.twins[n].is_empty()) && !misled,
                    "n{n}: drift ({symptom}) was announced at {position}, and there is one agent and sound memory"
                );
            }
            ControllerEvent::DuplicateIdentity { node, epoch } => {
                let Some(n) = self.node_of(*node) else { return Ok(()) };
                self.nodes[n].twin_told = true;
                hold!(
                    NoFalseDrift,
                    self.truth.twins[n].contains(&epoch.0),
                    "n{n}: a twin of epoch {epoch} was announced, and there never was one"
                );
            }
            ControllerEvent::Deposed { seen, .. } => {
                hold!(
                    NoFalseDrift,
                    self.truth.terms.contains(&seen.0),
                    "the term {seen} was announced, and never given out"
                );
            }
            _ => {}
        }
        Ok(())
    }

    /// An entry's event came: it must be one of a true history, new, and the next one of its history.
    fn saw_entry(&mut self, n: usize, position: Position, may_be_repeat: bool) -> Check<std::rc::Rc<TruthEntry>> {
        let misled = self.tally.met(Invariant::ExactlyOnceInOrder);
        let found = self.truth.find(position).filter(|life| self.truth.lives[*life].node == n);
        let Some(life) = found else {
            return fail(
                Invariant::ExactlyOnceInOrder,
                format!("n{n}: an event of {position}, where no agent has ever been"),
            );
        };
        let chain = &self.truth.lives[life];
        let entry = chain.entries[position.revision.0 as usize - 1].clone();
        let identity = (position.revision.0, position.tag.0);
        let shadow = &mut self.nodes[n];
        let new = shadow.seen.insert(identity);
        self.ever_seen[n].insert(identity);
        if !new || misled {
            hold!(ExactlyOnceInOrder, may_be_repeat && !misled, "n{n}: the event of {position} came before");
            shadow.last_event = position;
            shadow.announced = false;
            return Ok(entry);
        }
        let last = shadow.last_event;
        let here = position.revision.0;
        if chain.holds(last) {
            // A twin with an older base may tell what a gap had named before.
            let twin = shadow.announced && self.truth.had_twins(n);
            hold!(
                ExactlyOnceInOrder,
                last.revision.0 < here || twin,
                "n{n}: the event of {position} came after that of {last}"
            );
        } else {
            let misled = self.tally.met(Invariant::RegressionAnnouncedFirst);
            hold!(
                RegressionAnnouncedFirst,
                shadow.announced && !misled,
                "n{n}: the event of {position} came after that of {last}, of another history, and nothing said so"
            );
        }
        let from = match (chain.holds(last) && !shadow.announced, shadow.repair) {
            (true, _) => last.revision.0,
            (false, Some(repair)) if chain.holds(repair.base) => repair.base.revision.0,
            (false, Some(_)) => here - 1,
            (false, None) => last.revision.0 * u64::from(chain.holds(last)),
        };
        for revision in from + 1..here {
            let tag = chain.entries[revision as usize - 1].position.tag.0;
            if !shadow.seen.contains(&(revision, tag)) && !shadow.in_snapshot(chain, revision) {
                let name = if shadow.announced { Invariant::RepairKeepsNewer } else { Invariant::NothingLost };
                return fail(
                    name,
                    format!("n{n}: the event of {position} came, and that of revision {revision} did not"),
                );
            }
        }
        shadow.announced = false;
        shadow.last_event = position;
        Ok(entry)
    }

    fn saw_transition(&mut self, node: NodeId, t: &Transition) -> Check {
        let Some(n) = self.node_of(node) else { return Ok(()) };
        let new = !self.nodes[n].seen.contains(&(t.position.revision.0, t.position.tag.0));
        if let Some(known) = self.nodes[n].sighted.get(&(t.task, t.registered)) {
            let free = known.back || known.inexact || t.out_of_sequence || self.truth.had_twins(n);
            hold!(
                NumbersDense,
                !new || free || t.number <= known.number + 1,
                "n{n}: task {}: number {} came after {}, and no gap was named",
                t.task,
                t.number,
                known.number
            );
        }
        let truth = self.saw_entry(n, t.position, t.may_be_repeat)?;
        if let Some(differs) = difference(t, &truth) {
            return fail(Invariant::ExactlyOnceInOrder, format!("n{n}: the event of {}: {differs}", t.position));
        }
        let key = (t.task, t.registered);
        if !new {
            // It was seen in a former history, and is where the host stands again.
            let sighted = Sighted { number: t.number, state: t.state, attempt: t.attempt, back: true, inexact: false };
            self.nodes[n].sighted.insert(key, sighted);
            return Ok(());
        }
        let misled = self.tally.met(Invariant::NumbersDense);
        let known = self.nodes[n].sighted.get(&key).cloned();
        let reached = known.as_ref().map_or(0, |k| k.number) + u32::from(misled);
        // Two twins may register one id at one revision: by its identity the second is another registration.
        let other = t.number == 1 && self.truth.had_twins(n);
        let back = known.as_ref().is_some_and(|k| k.back || k.inexact) || t.out_of_sequence || other;
        hold!(
            NumbersDense,
            t.number == reached + 1 || back,
            "n{n}: task {} of {}: number {} came after {reached}",
            t.task,
            t.registered,
            t.number
        );
        self.tally.met(Invariant::LegalMovesOnly);
        let left = known.as_ref().filter(|_| !back).map(|k| k.state);
        let legal = match (left.or(t.from), t.state) {
            (None, to) => to == State::Pending && t.number == 1,
            (Some(from), to) => from.may_become(to) && t.from == Some(from),
        };
        hold!(LegalMovesOnly, legal, "n{n}: task {} went from {left:?} (event: {:?}) to {}", t.task, t.from, t.state);
        let attempt = known.as_ref().filter(|_| !back).map(|k| k.attempt + u32::from(t.state == State::Pending));
        hold!(
            LegalMovesOnly,
            attempt.is_none_or(|attempt| attempt == t.attempt),
            "n{n}: task {} is in attempt {}, and should be in {attempt:?}",
            t.task,
            t.attempt
        );
        let sighted = Sighted { number: t.number, state: t.state, attempt: t.attempt, back: false, inexact: false };
        self.nodes[n].sighted.insert(key, sighted);
        Ok(())
    }

    /// Attempt and revision of the transition that took a registration's number and left this state.
    fn transition_of(&self, n: usize, task: TaskId, registered: Made, number: u32, state: State) -> Option<(u32, u64)> {
        // The newest life first: one that was restored may have taken another way from where its disk ended.
        self.truth.lives.iter().rev().filter(|life| life.node == n).find_map(|life| {
            let first = registered.revision.0.max(1) as usize - 1;
            let entry = life.entries.get(first..)?.iter().find(|e| {
                (e.record.id, e.record.registered, e.record.number, e.record.state) == (task, registered, number, state)
                    && e.kind != Kind::Forget
            })?;
            Some((entry.record.attempt, entry.position.revision.0))
        })
    }

    fn saw_gap(&mut self, n: usize, task: TaskId, registered: Made, from: u32, left: Sighted) -> Check {
        let misled = self.tally.met(Invariant::NumbersDense);
        let known = self.nodes[n].sighted.get(&(task, registered)).cloned();
        let reached = known.as_ref().map_or(0, |k| k.number);
        let free = left.inexact || known.as_ref().is_some_and(|k| k.inexact || k.back) || self.truth.had_twins(n);
        hold!(
            NumbersDense,
            (free || from == reached + 1) && from <= left.number && !misled,
            "n{n}: a gap of task {task} from {from} to {}, and {reached} was seen last",
            left.number
        );
        let truth = self.transition_of(n, task, registered, left.number, left.state);
        let Some((attempt, revision)) = truth else {
            let text =
                format!("n{n}: a gap of task {task} to number {} ({}), which never was", left.number, left.state);
            return fail(Invariant::NothingLost, text);
        };
        hold!(
            NothingLost,
            attempt == left.attempt,
            "n{n}: a gap of task {task} ends in attempt {}, and the true log says {attempt}",
            left.attempt
        );
        if let Some(repair) = self.nodes[n].repair {
            hold!(
                NothingLost,
                revision <= repair.base.revision.0 || self.truth.had_twins(n),
                "n{n}: a gap of task {task} up to revision {revision}, which the log after {} still had",
                repair.base
            );
        }
        self.nodes[n].sighted.insert((task, registered), left);
        Ok(())
    }

    /// Events are about to be polled.
    pub(crate) fn begin_events(&mut self) {
        for n in 0..self.nodes.len() {
            if self.nodes[n].id.is_none() {
                self.nodes[n].id = self.host.controller.node(self.names[n].as_str());
            }
        }
    }

    /// No event is left.
    pub(crate) fn events_drained(&mut self) -> Check {
        for n in 0..self.nodes.len() {
            if let Some(position) = self.nodes[n].unannounced {
                hold!(
                    RegressionAnnouncedFirst,
                    false,
                    "n{n}: its records went over to another history at {position}, and no event said so"
                );
            }
        }
        Ok(())
    }
}
