//! Checks of what is put on the wire: deltas, snapshots, digests, judgements and acknowledgements against the true log;
//! detail-is-current, no-false-drift, fork-never-merged and regression-announced-first for judgements, turns.

use taskwire::wire::{Ack, Body, Delta, Frame, Judgement, Snapshot, Verdict};
use taskwire::{Position, SessionId, Slot, TaskId};

use super::{fail, view, Check, Invariant, Moment};
use crate::hold;
use crate::world::host::Sent;
use crate::world::World;

impl World {
    /// Which task each slot in a delta's details means to its sender.
    pub(crate) fn meaning(&self, p: usize, frame: &Frame) -> Vec<(Slot, TaskId)> {
        let Body::Delta(delta) = &frame.body else { return Vec::new() };
        let life = &self.truth.lives[self.agents[p].life];
        let mut meant: Vec<(Slot, TaskId)> =
            delta.details.iter().filter_map(|(slot, _)| life.table.get(slot).map(|r| (*slot, r.id))).collect();
        if let Some(misled) = meant.first_mut().filter(|_| self.tally.misled(Invariant::SlotMeansOneTask)) {
            misled.1 = TaskId([0; 16]);
        }
        let from = delta.from.0;
        for (at, entry) in delta.entries.iter().enumerate() {
            if let Some(truth) = life.entry(from + 1 + at as u64) {
                meant.push((entry.slot, truth.record.id));
            }
        }
        meant
    }

    /// What an agent has just sent.
    pub(crate) fn check_frame_of_agent(&mut self, p: usize, sent: &Sent) -> Check {
        let process = &self.agents[p];
        let limit = process.agent.config().limits.frame as usize;
        let length = sent.bytes.len();
        hold!(WithinBounds, length <= limit, "p{p}: a frame of {length} bytes, and the bound is {limit}");
        self.tally.met(Invariant::WithinBounds);
        self.check_told(p, sent)?;
        self.check_altered_agent(p, &sent.frame.body)?;
        match &sent.frame.body {
            Body::Delta(delta) => self.check_delta(p, delta)?,
            Body::Snapshot(snapshot) => self.check_snapshot(p, snapshot)?,
            Body::Heartbeat(heartbeat) => {
                let life = &self.truth.lives[self.agents[p].life];
                let tip = heartbeat.tip;
                hold!(CursorMeansHave, life.holds(tip), "p{p}: its heartbeat names {tip}, which is not on its chain");
                if let Some(digest) = heartbeat.digest {
                    let truth = life.digest_at(tip.revision.0);
                    hold!(
                        DigestEqualsRecount,
                        digest == truth,
                        "p{p}: its heartbeat says {digest} for {tip}, not {truth}"
                    );
                }
            }
            Body::Hello(hello) => {
                let life = &self.truth.lives[self.agents[p].life];
                let (base, tail) = (hello.base, hello.tail);
                hold!(
                    CursorMeansHave,
                    life.holds(base)
                        && (tail == life.tail() || self.agents[p].disk.is_some() && life.holds(tail))
                        && hello.epoch == life.epoch,
                    "p{p}: HELLO names base {base}, tail {tail}, epoch {}",
                    hello.epoch
                );
                self.agents[p].shadow.hello = Some((hello.nonce, hello.counter));
                self.hellos.insert((hello.nonce, hello.counter), (hello.epoch, self.agents[p].node));
            }
            Body::Open(open) => {
                self.agents[p].shadow.session = sent.session();
                self.check_judgement(p, &open.reported, false)?;
            }
            Body::Verdict(judged) => {
                let question = Some((sent.session(), judged.ask));
                let new = std::mem::replace(&mut self.agents[p].shadow.question, question) != question;
                self.check_judgement(p, &judged.judgement, true)?;
                self.agents[p].shadow.differs_due &= new;
            }
            _ => {}
        }
        self.check_exchange_of_agent(p, sent)
    }

    fn check_delta(&mut self, p: usize, delta: &Delta) -> Check {
        let process = &mut self.agents[p];
        let life = &self.truth.lives[process.life];
        let to = Position { revision: delta.to(), tag: delta.tag };
        hold!(CursorMeansHave, life.holds(to), "p{p}: a delta leads to {to}, which is not on its chain");
        if let Some(digest) = delta.digest {
            let truth = life.digest_at(to.revision.0);
            hold!(DigestEqualsRecount, digest == truth, "p{p}: a delta says {digest} for {to}, and it is {truth}");
        }
        for (slot, detail) in &delta.details {
            let misled = self.tally.met(Invariant::DetailIsCurrent);
            let Some(record) = life.table.get(slot) else {
                return fail(
                    Invariant::DetailIsCurrent,
                    format!("p{p}: a detail of slot {slot}, which stands for no task"),
                );
            };
            let newest = record.newest.revision;
            hold!(
                DetailIsCurrent,
                newest <= to.revision,
                "p{p}: a detail of task {} goes with {to}, and the task has an entry at {newest}",
                record.id
            );
            let said = life.said.get(&(record.registered, record.attempt)).and_then(|s| s.last());
            hold!(
                DetailIsCurrent,
                said.is_some_and(|said| view::is_said(said, Some(detail))) && !misled,
                "p{p}: the detail {detail:?} of task {} is sent, and the newest is {said:?}",
                record.id
            );
        }
        let before = process.shadow.sent_to;
        process.shadow.sent_to = before.max(to.revision.0);
        let mut waited = false;
        for (slot, _) in &delta.details {
            waited |= process.shadow.detail_waits.remove(&slot.0).is_some();
        }
        self.check_turns(p, delta, before, waited)
    }

    /// A detail and an entry are in a frame within so many frames.
    fn check_turns(&mut self, p: usize, delta: &Delta, sent_before: u64, waited: bool) -> Check {
        let misled = self.tally.misled(Invariant::EveryChangeGetsItsTurn);
        let process = &mut self.agents[p];
        let pace = &process.agent.config().pace;
        let slots = u64::from(process.agent.config().limits.slots);
        let (in_turn, starving) = if misled { (0, 0) } else { (slots + 2, u64::from(pace.detail_after) + 2) };
        let life = &self.truth.lives[process.life];
        let to = delta.to();
        let mut worst = 0;
        let mut ready = 0;
        for (slot, waits) in &mut process.shadow.detail_waits {
            // It may not go while its task has entries that have not gone; each frame with details takes one at least.
            if life.table.get(&Slot(*slot)).is_some_and(|r| r.newest.revision <= to) {
                ready += 1;
                *waits += u64::from(!delta.details.is_empty());
            }
            worst = worst.max(*waits);
        }
        let starved = !delta.entries.is_empty() && delta.details.is_empty() && ready > 0 && to.0 > sent_before;
        process.shadow.starved = if starved { process.shadow.starved + 1 } else { 0 };
        if waited || worst > 0 {
            self.tally.met(Invariant::EveryChangeGetsItsTurn);
        }
        let frames = process.shadow.starved;
        hold!(
            EveryChangeGetsItsTurn,
            worst <= in_turn && frames <= starving,
            "p{p}: a detail was passed over by {worst} deltas with details ({in_turn} are allowed) and {frames} full of entries \
             ({starving})"
        );
        Ok(())
    }

    fn check_snapshot(&mut self, p: usize, snapshot: &Snapshot) -> Check {
        let life = &self.truth.lives[self.agents[p].life];
        let base = snapshot.base;
        hold!(CursorMeansHave, life.holds(base), "p{p}: a snapshot of {base}, which is not on its chain");
        let truth = life.digest_at(base.revision.0);
        let digest = snapshot.digest;
        hold!(DigestEqualsRecount, digest == truth, "p{p}: a snapshot of {base} says {digest}, and it is {truth}");
        let state = life.state_at(base.revision.0);
        let end = snapshot.next.min(snapshot.slots);
        let within = state.range(Slot(snapshot.first.min(end))..Slot(end)).count();
        let given = snapshot.records.len();
        // A patch leaves out what does not differ: that it leaves out too much shows when the view has switched to it.
        hold!(
            CursorMeansHave,
            within == given || snapshot.patch && given <= within,
            "p{p}: a snapshot part of {base} has {given} records, and should have {within}"
        );
        if snapshot.patch {
            self.tally.moment(Moment::PatchSent);
        }
        let full = snapshot.emptied.iter().find(|slot| state.contains_key(slot));
        hold!(CursorMeansHave, full.is_none(), "p{p}: a patch of {base} says that slot {full:?} is empty");
        for record in &snapshot.records {
            let differs = match state.get(&record.slot) {
                Some(truth) => truth.difference(record),
                None => Some("it was not there".into()),
            };
            if let Some(differs) = differs {
                let text = format!("p{p}: a snapshot of {base} has a wrong record of task {}: {differs}", record.id);
                return fail(Invariant::CursorMeansHave, text);
            }
        }
        Ok(())
    }

    /// How an agent judges a position, against what is true.
    fn check_judgement(&mut self, p: usize, judgement: &Judgement, asked: bool) -> Check {
        let node = self.agents[p].node;
        let life = &self.truth.lives[self.agents[p].life];
        // As they were when it was judged: more may have been reported since.
        let (base, tail) = (judgement.base, judgement.tip);
        let judged = judgement.judged;
        hold!(CursorMeansHave, life.holds(base) && life.holds(tail), "p{p}: it judged with base {base} and tip {tail}");
        let diverged = self.truth.diverged(node);
        let two = !self.truth.twins[node].is_empty();
        let misled = self.tally.met(Invariant::NoFalseDrift);
        let forks_misled = diverged && self.tally.met(Invariant::ForkNeverMerged);
        let below = judged.revision < base.revision;
        let above = judged.revision > tail.revision;
        let on = !below && !above && life.holds(judged);
        let verdict = judgement.verdict;
        if verdict == Verdict::Resume {
            let name = if diverged { Invariant::ForkNeverMerged } else { Invariant::RegressionAnnouncedFirst };
            if !on || forks_misled {
                return fail(name, format!("p{p}: it resumes at {judged}, with base {base} and tail {tail}"));
            }
        } else {
            let right = match verdict {
                Verdict::Damaged => on && asked,
                Verdict::Empty => !on && !asked && base == Position::START,
                Verdict::SubscriberBehind => below,
                Verdict::PublisherBehind => above,
                Verdict::Fork => !on && (two || !below && !above),
                Verdict::Resume => true,
            };
            hold!(
                NoFalseDrift,
                right && !misled,
                "p{p}: it judged {judged} as {verdict}, with base {base} and tail {tail} (on the chain: {on})"
            );
        }
        // Asked for, it counts at once; in OPEN, when the controller has heard it.
        let shadow = &mut self.agents[p].shadow;
        if asked {
            let told = std::mem::take(&mut shadow.differs_told);
            shadow.differs_due |= verdict.repairs() && !told;
        } else {
            shadow.differs_offered = verdict.repairs();
        }
        if verdict == Verdict::Damaged && life.entries.len() as u64 > judged.revision.0 {
            self.tally.moment(Moment::ChangeDuringRepair);
        }
        Ok(())
    }

    /// What the controller has just sent towards an agent object.
    pub(crate) fn check_frame_of_controller(&mut self, p: usize, sent: &Sent) -> Check {
        match &sent.frame.body {
            Body::Welcome(welcome) => {
                let nonce = *self.host.shadow.nonce.get_or_insert(welcome.nonce);
                hold!(OneSessionPerNode, nonce == welcome.nonce, "the controller changed its nonce");
                let hello = (welcome.hello_nonce, welcome.hello_counter);
                let said = self.hellos.get(&hello).copied();
                hold!(
                    OneSessionPerNode,
                    said.is_some(),
                    "p{p}: a WELCOME answers a HELLO that nobody said: {}",
                    sent.frame
                );
                if let Some((epoch, node)) = said {
                    self.offers.insert(sent.session_offered(), (epoch, hello.0, hello.1, node));
                }
                Ok(())
            }
            Body::Ack(ack) => self.check_ack(sent.session(), ack),
            Body::Heartbeat(heartbeat) => match &heartbeat.ack {
                Some(ack) => self.check_ack(sent.session(), ack),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// What an acknowledgement claims: no more than what is received, durable and within the room.
    fn check_ack(&mut self, session: SessionId, ack: &Ack) -> Check {
        let Some(n) = self.nodes.iter().position(|s| s.session == session && session != SessionId::NONE) else {
            return Ok(());
        };
        let Some(print) = self.nodes[n].print else { return Ok(()) };
        if ack.staged {
            hold!(
                KeptUntilDurable,
                ack.durable.0 == 0,
                "n{n}: a staged acknowledgement says that {} is durable",
                ack.durable
            );
            return Ok(());
        }
        let received = print.received;
        hold!(
            CursorMeansHave,
            ack.position == received,
            "n{n}: {} is acknowledged, and received is {received}",
            ack.position
        );
        hold!(
            KeptUntilDurable,
            ack.durable.0 <= print.durable.0,
            "n{n}: {} is acknowledged as durable, and {} is",
            ack.durable,
            print.durable
        );
        self.check_credit(n, received, ack.credit.0)
    }

    /// Credit given out is never more than the room for events.
    fn check_credit(&mut self, n: usize, received: Position, credit: u64) -> Check {
        let shadow = &self.nodes[n];
        let Some(life) = self.truth.find(received) else { return Ok(()) };
        let chain = &self.truth.lives[life];
        // Events wait for what came after the last one polled, and after a switch only for what came after base.
        let polled = Some(shadow.last_event).filter(|last| chain.holds(*last));
        let base = shadow.switched_on.filter(|base| chain.holds(*base));
        let Some(from) = polled.max(base).map(|position| position.revision.0) else { return Ok(()) };
        let misled = self.tally.met(Invariant::BackPressureDropsNothing);
        // What waits, by the true log; an event that was lost on the way is for other checks to find.
        let mut queued = 0;
        for revision in from + 1..=received.revision.0 {
            let tag = chain.entries[revision as usize - 1].position.tag.0;
            queued += u64::from(!shadow.seen.contains(&(revision, tag)));
        }
        let waiting = shadow.id.and_then(|id| self.host.controller.backlog(id)).map_or(0, |(waiting, _)| waiting);
        let queued = queued.min(waiting as u64);
        let room = u64::from(self.knobs.controller.events_per_node).saturating_sub(queued);
        let most = if misled { 0 } else { received.revision.0 + room };
        hold!(
            BackPressureDropsNothing,
            credit <= most.max(received.revision.0 * u64::from(!misled)),
            "n{n}: credit up to {credit}, received {received}, {queued} events wait and there is room for {room} more"
        );
        Ok(())
    }
}
