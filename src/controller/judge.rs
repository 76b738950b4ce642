//! The judgement at a switch: what the view knew beside what the agent says, in the order of design section 5: endings from
//! the ring, the state at base, then the staged entries. And the judgement of *empty*, where nothing follows.
//!
//! Invariants: nothing is merged or rolled back in silence; a known final is never replaced in the view; an entry that the
//! host has seen makes no second event.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::event::ControllerEvent;
use super::history::Happening;
use super::node::{Closed, Node};
use super::retention::Archive;
use super::view::Mark;
use super::Controller;
use crate::bait::bait;
use crate::id::{NodeId, TaskId};
use crate::replica::Replica;
use crate::revision::Made;
use crate::stage::Staged;
use crate::stream::Reported;
use crate::task::{Change, Final, Record, State};
use crate::time::Instant;
use crate::wire::Verdict;

/// What the view knew of a task before the switch.
#[derive(Clone)]
struct Known {
    record: Record,
    /// State and number that the view shows: those of the final that it keeps against what the agent says, if it does.
    shown: (State, u32),
    /// Whether nothing can follow: SUCCEEDED, CANCELLED, or forgotten.
    is_final: bool,
}

impl Known {
    /// Whether the view keeps a final against what the agent said.
    fn is_contradicted(&self) -> bool {
        self.shown != (self.record.state, self.record.number)
    }

    fn new(record: Record, mark: Option<&Mark>, ended_is_final: bool) -> Known {
        match mark {
            Some(Mark::Conflict { registered, state, number }) if *registered == record.registered => {
                Known { record, shown: (*state, *number), is_final: true }
            }
            _ => {
                let is_final = matches!(record.state, State::Succeeded | State::Cancelled)
                    || ended_is_final && record.state.is_ended();
                let shown = (record.state, record.number);
                Known { record, shown, is_final }
            }
        }
    }
}

/// Counts for the event that names the judgement.
#[derive(Default)]
struct Counts {
    gaps: u32,
    unknown: u32,
    conflicts: u32,
    /// Staged entries that the host has seen already: the first ones.
    seen: usize,
}

impl Controller {
    /// The agent starts with nothing: unfinished tasks are marked, all old ones are closed, revisions begin anew.
    pub(super) fn judge_empty(&mut self, id: NodeId) {
        let keep_alive = bait!(self.config.baits, EmptyKeepsRecords);
        let archive = &mut self.archive;
        let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        if keep_alive {
            return;
        }
        archive.note(id, Happening::TasksReplaced);
        let old = node.subscriber.reset();
        node.begin_history();
        node.note_dropped(old.position().revision);
        for record in old.table.iter() {
            node.close_or_mark(record, archive);
        }
        node.marks.clear();
        node.all_unstored();
    }

    /// Switches to a stage that is ready, and judges it.
    pub(super) fn see_switch(&mut self, now: Instant, id: NodeId) {
        let lossy = self.is_lossy();
        let take_all_for_new = bait!(self.config.baits, SwitchTakesAllForNew);
        let finals_give_way = bait!(self.config.baits, SwitchReplacesFinals);
        let skip_entries = bait!(self.config.baits, SwitchSkipsEntries);
        let Some(node) = self.node_mut(id) else { return };
        let Some(by) = node.session.as_ref().map(|session| session.by) else { return };
        let Some((old, mut staged)) = node.subscriber.switch(by) else { return };
        self.staging -= 1;
        self.metrics.resyncs_total += 1;
        self.metrics.drift_repaired_total += u64::from(staged.verdict == Verdict::Damaged);
        let archive = &mut self.archive;
        if !bait!(self.config.baits, SwitchUntoldToWatchers) {
            archive.note(id, Happening::TasksReplaced);
        }
        let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        node.begin_history();
        node.all_unstored();
        node.note_dropped(old.oldest_remembered().revision);
        if skip_entries {
            staged.entries.clear();
        }
        let counts = node.judge(&old, &staged, archive, take_all_for_new, finals_give_way);
        node.note_dropped(old.position().revision);
        let position = node.subscriber.position();
        let verdict = staged.verdict;
        let first_new = counts.seen;
        let counts = [counts.gaps, counts.unknown, counts.conflicts];
        node.tell(ControllerEvent::Repaired { node: id, verdict, position, counts });
        if lossy {
            node.subscriber.commit(position.revision);
        }
        let clocks = node.clocks;
        let wall = self.wall(now);
        for (_, entry) in &staged.entries[first_new..] {
            self.metrics.count_entry(&entry.change, clocks.since(entry.at, wall));
        }
        self.note_news(id);
        self.want_ack(id);
    }
}

impl Node {
    /// Closes a record that its agent no longer knows: as it is if it has ended, else marked `OutcomeUnknown`.
    fn close_or_mark(&mut self, record: Record, archive: &mut Archive) -> bool {
        let mark = self.marks.remove(&record.id).filter(|mark| mark.registered() == record.registered);
        // A final that the view keeps against what the agent said last stays what is known of the task.
        if record.state.is_ended() || matches!(mark, Some(Mark::Conflict { .. })) {
            self.close(Closed { record, mark }, archive);
            return false;
        }
        self.tell(ControllerEvent::OutcomeUnknown {
            node: self.id,
            task: record.id,
            registered: record.registered,
            state: record.state,
            number: record.number,
        });
        let mark = Mark::OutcomeUnknown { registered: record.registered };
        archive.note(self.id, Happening::Marked { task: record.id, mark });
        self.close(Closed { record, mark: Some(mark) }, archive);
        true
    }

    fn judge(
        &mut self,
        old: &Replica<Reported>,
        staged: &Staged<Reported>,
        archive: &mut Archive,
        take_all_for_new: bool,
        finals_give_way: bool,
    ) -> Counts {
        let mut counts = Counts::default();
        // An entry whose position is remembered was seen, and so was every entry before it, as positions are chained.
        let seen = if take_all_for_new {
            0
        } else {
            let remembered = |position: &crate::revision::Position| old.remembers(position.revision) == Some(*position);
            let newest = staged.entries.iter().rposition(|(applied, _)| remembered(&applied.position));
            newest.map_or(0, |index| index + 1)
        };
        counts.seen = seen;
        let closed_before: Vec<(TaskId, Closed)> = self.closed.iter().map(|(id, c)| (*id, c.clone())).collect();
        let closed_before: BTreeMap<TaskId, Closed> = closed_before.into_iter().collect();
        let marks_before = self.marks.clone();
        let known = |id: TaskId, registered: Made| -> Option<Known> {
            if let Some(record) = old.table.find(id).filter(|record| record.registered == registered) {
                return Some(Known::new(record, marks_before.get(&id), false));
            }
            let closed = closed_before.get(&id).filter(|closed| closed.record.registered == registered)?;
            Some(Known::new(closed.record.clone(), closed.mark.as_ref(), true))
        };

        let ring: BTreeMap<(TaskId, Made), Final> =
            staged.finals.iter().map(|last| ((last.id, last.registered), *last)).collect();
        for last in &staged.finals {
            self.judge_final(last, known(last.id, last.registered), archive, &mut counts);
        }
        let heard = if bait!(self.baits, SnapshotJudgedAtBase) { 0 } else { seen };
        let joint = joint_state(self, staged, heard);
        // What the view knew and the agent does not.
        let stays: BTreeSet<(TaskId, Made)> = joint.values().map(|record| (record.id, record.registered)).collect();
        for record in old.table.iter() {
            if !stays.contains(&(record.id, record.registered)) && !ring.contains_key(&(record.id, record.registered)) {
                counts.unknown += u32::from(self.close_or_mark(record, archive));
            }
        }
        // Damage changes no history: what was held is replaced, and the host has heard it all.
        let history_known = staged.verdict == Verdict::Damaged;
        for record in joint.values() {
            self.judge_record(
                record,
                known(record.id, record.registered),
                (history_known, finals_give_way),
                archive,
                &mut counts,
            );
        }
        for (applied, entry) in &staged.entries[seen..] {
            let number = match (&entry.change, &applied.before) {
                (Change::Register { .. }, _) => 1,
                (Change::Move(_), Some(before)) => before.number + 1,
                _ => 0,
            };
            let registration = match (&entry.change, &applied.before) {
                (Change::Register { id, .. }, _) => {
                    Some((*id, Made { epoch: entry.epoch, revision: applied.position.revision }))
                }
                (_, Some(before)) => Some((before.id, before.registered)),
                _ => None,
            };
            let before = registration.and_then(|(id, registered)| known(id, registered));
            let back =
                before.as_ref().is_some_and(|known| number > 0 && number <= known.shown.1.max(known.record.number));
            self.tell_entry(applied.position, applied.before.as_ref(), entry, archive, back);
            let contradicted = before.filter(|known| known.is_final && number > 0 && !finals_give_way);
            if let Some(known) = contradicted {
                let state = match &entry.change {
                    Change::Move(status) => status.state,
                    _ => State::Pending,
                };
                if (state, number) != known.shown && !self.is_in_conflict(&known.record) {
                    counts.conflicts += 1;
                    self.mark_conflict(&known, state, number, archive);
                }
            }
        }
        counts
    }

    /// An ending from the agent's ring of forgotten finals.
    fn judge_final(&mut self, last: &Final, known: Option<Known>, archive: &mut Archive, counts: &mut Counts) {
        let node = self.id;
        match known {
            Some(known) if known.shown == (last.state, last.number) => {
                let mark = self.marks.remove(&last.id).filter(|mark| !matches!(mark, Mark::Conflict { .. }));
                let record = Record { state: last.state, number: last.number, ..known.record };
                self.close(Closed { record, mark }, archive);
            }
            Some(known) if known.is_final => {
                counts.conflicts += 1;
                self.tell(ControllerEvent::Conflict {
                    node,
                    task: last.id,
                    registered: last.registered,
                    kept: known.shown.0,
                    kept_number: known.shown.1,
                    says: last.state,
                    says_number: last.number,
                });
                let mark =
                    Some(Mark::Conflict { registered: last.registered, state: known.shown.0, number: known.shown.1 });
                self.close(Closed { record: known.record, mark }, archive);
            }
            other => {
                counts.gaps += 1;
                self.tell(ControllerEvent::FinalLearned {
                    node,
                    task: last.id,
                    registered: last.registered,
                    state: last.state,
                    number: last.number,
                    seen: other.as_ref().map_or(0, |known| known.record.number),
                });
                let record = other.map_or_else(
                    || ended(last),
                    |known| Record { state: last.state, number: last.number, ..known.record },
                );
                self.close(Closed { record, mark: None }, archive);
            }
        }
    }

    /// A record as the agent says it stands where the two histories part.
    fn judge_record(
        &mut self,
        says: &Record,
        known: Option<Known>,
        (history_known, finals_give_way): (bool, bool),
        archive: &mut Archive,
        counts: &mut Counts,
    ) {
        let node = self.id;
        let task = says.id;
        if let Some(closed) = self.reopen(task, archive) {
            // Another registration that was closed stays with the host's own history; this id is in use again.
            if matches!(closed.mark, Some(Mark::OutcomeUnknown { registered }) if registered == says.registered) {
                self.tell(ControllerEvent::MarkLifted { node, task });
            }
        }
        if matches!(self.marks.get(&task), Some(Mark::GivenUp { registered }) if *registered == says.registered)
            && known.as_ref().is_some_and(|known| known.record.number != says.number)
        {
            self.tell(ControllerEvent::LateTruth { node, task, state: says.state });
        }
        if history_known && known.is_some() {
            return;
        }
        let had = known.as_ref().map_or(0, |known| known.record.number);
        match known {
            Some(known) if known.is_final && known.shown != (says.state, says.number) && !finals_give_way => {
                counts.conflicts += 1;
                self.mark_conflict(&known, says.state, says.number, archive);
            }
            Some(known) if known.shown == (says.state, says.number) && known.is_contradicted() => {
                // In the end it says what the view has kept.
                self.marks.remove(&task);
                archive.note(node, Happening::MarkLifted { task });
                self.tell(ControllerEvent::MarkLifted { node, task });
            }
            Some(known) if known.shown == (says.state, says.number) => {}
            Some(known) if says.number < had || says.number == had && known.record.state != says.state => {
                self.tell(ControllerEvent::NumbersBack { node, task, from: had, to: says.number, state: says.state });
            }
            _ if says.number > had => {
                counts.gaps += 1;
                self.tell(ControllerEvent::HistoryGap {
                    node,
                    task,
                    registered: says.registered,
                    from: had + 1,
                    to: says.number,
                    state: says.state,
                    attempt: says.attempt,
                    may_be_inexact: true,
                });
            }
            _ => {}
        }
    }

    /// A registration that has ended is said to begin: its end stands, and what the agent says is held beside it.
    pub(super) fn stand_by_end(&mut self, closed: &Closed, archive: &mut Archive) {
        let known = Known::new(closed.record.clone(), closed.mark.as_ref(), true);
        if known.is_final {
            self.mark_conflict(&known, State::Pending, 1, archive);
        }
    }

    fn is_in_conflict(&self, kept: &Record) -> bool {
        let mark = self.marks.get(&kept.id);
        mark.is_some_and(|mark| matches!(mark, Mark::Conflict { .. }) && mark.registered() == kept.registered)
    }

    fn mark_conflict(&mut self, known: &Known, says: State, says_number: u32, archive: &mut Archive) {
        let (kept, (state, number)) = (&known.record, known.shown);
        self.tell(ControllerEvent::Conflict {
            node: self.id,
            task: kept.id,
            registered: kept.registered,
            kept: state,
            kept_number: number,
            says,
            says_number,
        });
        let mark = Mark::Conflict { registered: kept.registered, state, number };
        archive.note(self.id, Happening::Marked { task: kept.id, mark });
        match self.closed.get_mut(&kept.id).filter(|closed| closed.record.registered == kept.registered) {
            Some(closed) => closed.mark = Some(mark),
            None => {
                self.marks.insert(kept.id, mark);
            }
        }
    }
}

/// The records where the two histories part: the state at base with the entries that the host has seen.
fn joint_state(node: &Node, staged: &Staged<Reported>, seen: usize) -> BTreeMap<u32, Record> {
    let mut joint: BTreeMap<u32, Record> =
        node.subscriber.replica.table.iter().map(|record| (record.slot.0, record)).collect();
    // Undoing the unseen entries, the newest first, leaves what was before each.
    for (applied, _) in staged.entries[seen..].iter().rev() {
        match &applied.before {
            Some(before) => joint.insert(applied.slot.0, before.clone()),
            None => joint.remove(&applied.slot.0),
        };
    }
    joint
}

/// A record of which only its end is known.
fn ended(last: &Final) -> Record {
    Record {
        id: last.id,
        slot: crate::id::Slot(0),
        registered: last.registered,
        newest: last.registered,
        attempt: 0,
        number: last.number,
        state: last.state,
        at: crate::time::UnixMillis(0),
        reason: crate::task::Reason::NONE,
        source: crate::task::Source::HOST,
        exit: crate::task::Exit::None,
        metadata: None,
        payload: None,
    }
}
