//! Checks around calls of an agent: admitted-can-end, kept-until-durable, digest-equals-recount, fenced-only-by-larger,
//! one-session-per-node on its side, belief-ends-first (what the host is told first), every-frame-accounted,
//! deadline-is-honest.

use taskwire::wire::{Answered, Body};
use taskwire::{AgentEvent, Instant, LeaseView, Phase, Position, Revision, SessionId, State, TaskError};

use super::{fail, Check, Invariant, Moment};
use crate::hold;
use crate::link::Harm;
use crate::truth::{Kind, TwinRecord};
use crate::workload::Action;
use crate::world::host::Arrival;
use crate::world::World;

/// What an agent was before a frame.
pub(crate) struct AgentBefore {
    /// Its state after a call that only lets time pass, when the frame is of a session that is no more.
    unmoved: Option<u64>,
    phase: Phase,
    session: Option<SessionId>,
    position: Position,
    /// When the frame is of a controller that this agent has seen deposed.
    inert: Option<super::deposed::InertBefore>,
}

impl World {
    /// Before any call of an agent: what must be the first thing that it says.
    pub(crate) fn before_agent_call(&mut self, p: usize, now: Instant) {
        let process = &mut self.agents[p];
        let now = now.max(process.shadow.last_call);
        process.shadow.lapsed = process.shadow.lease == LeaseView::Expired;
        if let LeaseView::Held { until } = process.shadow.lease {
            process.shadow.lapsed = until <= now;
            let silent = matches!(process.agent.phase(), Phase::Fenced { .. } | Phase::Left);
            if until <= now && process.shadow.drained && !silent {
                process.shadow.expiry_due = true;
            }
        }
    }

    /// After any call of an agent: what it holds is what its calls add up to, and what it let go is durable.
    pub(crate) fn agent_called(&mut self, p: usize, now: Instant) -> Check {
        let process = &mut self.agents[p];
        process.shadow.last_call = process.shadow.last_call.max(now);
        process.shadow.drained = false;
        process.shadow.lease = process.agent.lease(now);
        let phase = process.agent.phase();
        if phase == Phase::Open && process.shadow.phase != Phase::Open {
            process.shadow.differs_due |= std::mem::take(&mut process.shadow.differs_offered);
            process.shadow.sent_at = process.shadow.last_call; // its first interval begins
        }
        process.shadow.phase = phase;
        let position = process.agent.table().position();
        if position != self.truth.lives[process.life].tail() {
            self.note_tombstones(p, position)?;
        }
        self.check_agent_digest(p)?;
        self.check_base(p)?;
        self.check_progress(p);
        Ok(())
    }

    fn note_tombstones(&mut self, p: usize, position: Position) -> Check {
        let life = self.agents[p].life;
        let tail = self.truth.lives[life].tail();
        if let Some(altered) = &self.agents[p].altered {
            // Of a record that is altered no tombstone is made.
            let life = &mut self.truth.lives[life];
            let kept = |id: &taskwire::TaskId| life.task(*id).is_none_or(|record| record.slot != altered.slot);
            let forgetting: Vec<_> = life.forgetting.iter().copied().filter(kept).collect();
            life.forgetting = forgetting;
        }
        let Some(tombstones) = self.truth.lives[life].tombstones_to(position) else {
            let text = format!("p{p}: the agent stands at {position}, and what its host did adds up to {tail}");
            return fail(Invariant::CursorMeansHave, text);
        };
        for record in tombstones {
            let committed = self.truth.lives[life].committed;
            let last = self.truth.lives[life].task(record.id).map_or(0, |r| r.newest.revision.0);
            let misled = self.tally.met(Invariant::KeptUntilDurable);
            hold!(
                KeptUntilDurable,
                last <= committed && !misled,
                "p{p}: task {} was forgotten, and its end at {last} is not durable ({committed} is)",
                record.id
            );
            self.truth.push(life, Kind::Forget, record, self.now);
        }
        Ok(())
    }

    fn check_agent_digest(&mut self, p: usize) -> Check {
        let process = &self.agents[p];
        let table = process.agent.table();
        let digest = table.digest();
        let misled = self.tally.met(Invariant::DigestEqualsRecount);
        let counts = (table.len() <= 8 || self.counts.steps % 16 == 0) && process.altered.is_none();
        if counts || misled {
            let recount = table.recount();
            hold!(
                DigestEqualsRecount,
                recount == digest && !misled,
                "p{p}: the digest at the tail is {digest}, its records give {recount}"
            );
        }
        let truth = self.truth.lives[process.life].digest();
        hold!(CursorMeansHave, digest.0 == truth, "p{p}: the digest is {digest}, and the true log gives {truth:016x}");
        Ok(())
    }

    fn check_base(&mut self, p: usize) -> Check {
        let process = &mut self.agents[p];
        let base = process.agent.base();
        if base == process.shadow.base {
            return Ok(());
        }
        let from = std::mem::replace(&mut process.shadow.base, base);
        let (node, life) = (process.node, process.life);
        let digests = process.agent.base_digests();
        let diverged = self.truth.diverged(node);
        let name = Invariant::KeptUntilDurable;
        let misled = self.tally.met(Invariant::KeptUntilDurable);
        let chain = &self.truth.lives[life];
        if !chain.holds(base) || base.revision < from.revision {
            return fail(name, format!("p{p}: base moved from {from} to {base}, which is not on its chain"));
        }
        if base.revision.0 > chain.committed || misled && !diverged {
            let committed = chain.committed;
            return fail(
                name,
                format!("p{p}: base moved to {base}, and no controller's store has more than {committed}"),
            );
        }
        let lossy = self.knobs.controller.ack_policy == taskwire::AckPolicy::Received;
        let inline = process.agent.config().limits.metadata as usize;
        for revision in from.revision.0 + 1..=base.revision.0 {
            let Some(entry) = chain.entry(revision).filter(|entry| entry.kind == Kind::Register) else { continue };
            let (id, registered) = (entry.record.id, entry.record.registered);
            if entry.record.metadata.get().len() > inline && !lossy {
                hold!(
                    KeptUntilDurable,
                    self.values_seen.contains(&(node, id, registered)),
                    "p{p}: base passed the registration of task {id} at {registered:?}, whose metadata no controller's host has"
                );
            }
        }
        let truth = chain.digest_at(base.revision.0);
        hold!(
            DigestEqualsRecount,
            digests.0 == truth && (digests.1 == truth || process.altered.is_some()),
            "p{p}: the digest at base {base} is {}, its records give {}, and the true log {truth}",
            digests.0,
            digests.1
        );
        Ok(())
    }

    /// A slot is given to a new task: the tombstone that freed it must be durable.
    pub(crate) fn check_slot_given(&mut self, p: usize, new: &TwinRecord) -> Check {
        let life = self.agents[p].life;
        let slot = new.slot;
        let bound = self.agents[p].agent.config().limits.slots;
        hold!(WithinBounds, slot.0 < bound, "p{p}: slot {slot} was given out, and the bound is {bound}");
        let chain = &self.truth.lives[life];
        if let Some(held) = chain.table.get(&slot) {
            return fail(
                Invariant::SlotMeansOneTask,
                format!("p{p}: slot {slot} of task {} was given to {}", held.id, new.id),
            );
        }
        let Some((revision, former)) = chain.freed.get(&slot).copied() else { return Ok(()) };
        let committed = chain.committed;
        let misled = self.tally.met(Invariant::SlotMeansOneTask);
        hold!(
            SlotMeansOneTask,
            revision <= committed && !misled,
            "p{p}: slot {slot} went from task {former} to {}, and the tombstone at {revision} is not durable ({committed} is)",
            new.id
        );
        let flies = self.flying.values().any(|(sent, _)| {
            self.agents[sent.process].life == life && sent.meant.iter().any(|(s, id)| *s == slot && *id == former)
        });
        if flies {
            self.tally.moment(Moment::SlotReusedInFlight);
        }
        Ok(())
    }

    /// What was admitted finds room for its end: what is kept and what is still to come fit into the log.
    pub(crate) fn check_room(&mut self, p: usize) -> Check {
        let process = &self.agents[p];
        let life = &self.truth.lives[process.life];
        let kept = life.tail().revision.0 - process.agent.base().revision.0;
        let ahead: usize = life.table.values().map(|r| r.state.entries_ahead()).sum();
        let bound = process.agent.config().limits.log;
        hold!(
            AdmittedCanEnd,
            kept + ahead as u64 <= u64::from(bound),
            "p{p}: {kept} entries are kept and {ahead} may follow, and the log has room for {bound}"
        );
        Ok(())
    }

    /// Whether a call was about a record that is altered in memory: nothing may be made of it.
    pub(crate) fn answers_for_damage(
        &mut self,
        p: usize,
        action: &Action,
        result: &Result<Revision, TaskError>,
    ) -> Check<bool> {
        let Some(altered) = &self.agents[p].altered else { return Ok(false) };
        let slot = altered.slot;
        let id = match action {
            Action::Register { .. } => return Ok(false),
            Action::Move { id, .. } | Action::Detail { id, .. } | Action::Forget { id } => *id,
        };
        if self.agents[p].agent.task(id).is_none_or(|record| record.slot != slot) {
            return Ok(false);
        }
        let made = matches!(action, Action::Move { .. }) && result.is_ok();
        hold!(
            DriftFoundInTime,
            !made,
            "p{p}: an entry was made of the record in slot {slot}, which is altered: {action:?}"
        );
        Ok(result.is_err())
    }

    /// Judges the answer to a host's call.
    pub(crate) fn judge_answer(
        &mut self,
        p: usize,
        action: &Action,
        illegal: bool,
        result: &Result<Revision, TaskError>,
    ) -> Check {
        let may_be_full = matches!(action, Action::Register { .. } | Action::Move { state: State::Pending, .. });
        match result {
            Ok(_) if illegal => fail(Invariant::LegalMovesOnly, format!("p{p}: the agent took {action:?}")),
            Ok(_) if may_be_full => self.check_room(p),
            Ok(_) => Ok(()),
            Err(_) if illegal => Ok(()),
            Err(TaskError::Full { .. }) if may_be_full => {
                if matches!(action, Action::Move { .. }) {
                    self.tally.moment(Moment::RetryRefused);
                }
                self.tally.met(Invariant::AdmittedCanEnd);
                hold!(
                    AdmittedCanEnd,
                    !self.tally.misled(Invariant::AdmittedCanEnd),
                    "p{p}: {action:?} was refused for want of room"
                );
                Ok(())
            }
            Err(error) => fail(Invariant::AdmittedCanEnd, format!("p{p}: {action:?} was refused: {error}")),
        }
    }

    /// Before an agent hears a frame.
    pub(crate) fn before_agent_frame(&mut self, p: usize, arrival: &Arrival) -> AgentBefore {
        if let (Some(sent), Harm::None) = (&arrival.sent, arrival.harm) {
            let current = self.agents[p].agent.session().unwrap_or(SessionId::NONE);
            let sent = sent.clone();
            self.note_arrival(&sent, current, arrival.again);
            if arrival.again {
                self.agents[p].shadow.idle_excuse += 1;
            }
        } else {
            self.agents[p].shadow.idle_excuse += 1;
        }
        self.note_harm(arrival);
        let agent = &self.agents[p].agent;
        let former = arrival.sent.as_ref().filter(|sent| {
            let opening = (agent.phase() == Phase::Opening).then_some(self.agents[p].shadow.session);
            let session = sent.session();
            arrival.harm == Harm::None && session != SessionId::NONE && Some(session) != agent.session().or(opening)
        });
        let now = self.local(p);
        let unmoved = former.filter(|_| self.counts.steps % 4 == 0).map(|_| {
            let mut same = agent.clone();
            let _ = same.progress(now, taskwire::TaskId([0xdd; 16]), 1);
            same.state_hash()
        });
        let (phase, session, position) = (agent.phase(), agent.session(), agent.base());
        AgentBefore { unmoved, phase, session, position, inert: self.before_deposed_frame(p, arrival) }
    }

    /// After an agent has heard a frame.
    pub(crate) fn after_agent_frame(&mut self, p: usize, arrival: &Arrival, before: AgentBefore, ok: bool) -> Check {
        let arrivals = self.agents[p].agent.metrics().arrivals();
        let counted = arrivals - std::mem::replace(&mut self.agents[p].shadow.arrivals, arrivals);
        let misled = self.tally.met(Invariant::EveryFrameAccounted);
        hold!(EveryFrameAccounted, counted == 1 && !misled, "p{p}: one frame came, and {counted} were counted");
        let agent = &self.agents[p].agent;
        let (phase, session) = (agent.phase(), agent.session());
        let lease_ended = self.agents[p].shadow.lapsed;
        let intact = arrival.sent.as_ref().filter(|_| arrival.harm == Harm::None);
        let Some(sent) = intact else {
            hold!(
                EveryFrameAccounted,
                agent.base() == before.position && (lease_ended || phase == before.phase && session == before.session),
                "p{p}: a frame that was harmed changed something (it was {}taken)",
                if ok { "" } else { "not " }
            );
            return Ok(());
        };
        if let Some(unmoved) = before.unmoved {
            hold!(
                OneSessionPerNode,
                agent.state_hash() == unmoved,
                "p{p}: a frame of a session that is no more had an effect: {}",
                sent.frame
            );
        }
        if let Some(inert) = before.inert {
            self.after_deposed_frame(p, sent, inert)?;
        }
        self.note_accepted(p, sent, before.phase);
        let agent = &self.agents[p].agent;
        let (phase, session) = (agent.phase(), agent.session());
        let fenced_now = matches!(phase, Phase::Fenced { .. }) && !matches!(before.phase, Phase::Fenced { .. });
        let body = sent.frame.body.clone();
        match &body {
            Body::Fenced(fenced) => self.check_fenced(p, fenced, fenced_now)?,
            _ => hold!(FencedOnlyByLarger, !fenced_now, "p{p}: it fell silent by {}", sent.frame),
        }
        if let Body::Welcome(welcome) = &body {
            let misled = self.tally.met(Invariant::OneSessionPerNode);
            let asked = self.agents[p].shadow.hello == Some((welcome.hello_nonce, welcome.hello_counter));
            hold!(
                OneSessionPerNode,
                (asked || lease_ended || phase == before.phase && session == before.session) && !misled,
                "p{p}: a WELCOME that answers an older HELLO had an effect: {}",
                sent.frame
            );
        }
        Ok(())
    }

    fn check_fenced(&mut self, p: usize, fenced: &taskwire::wire::Fenced, now_silent: bool) -> Check {
        let misled = self.tally.met(Invariant::FencedOnlyByLarger);
        if !now_silent && !misled {
            return Ok(());
        }
        let process = &self.agents[p];
        let (node, epoch) = (process.node, process.agent.epoch().0);
        let given = self.truth.epochs[node].contains(&fenced.seen);
        let larger = fenced.seen > epoch && given;
        let twin = fenced.twin && fenced.seen == epoch && self.truth.twins[node].contains(&epoch);
        hold!(
            FencedOnlyByLarger,
            (larger || twin) && !misled,
            "p{p} of epoch {epoch} fell silent for the epoch {} (twin {})",
            fenced.seen,
            fenced.twin
        );
        let asked = match fenced.answered {
            Answered::Hello(nonce, counter) => process.shadow.hello == Some((nonce, counter)),
            Answered::Session(session) => process.shadow.session == session,
            Answered::Welcome(_) => false,
        };
        hold!(FencedOnlyByLarger, asked, "p{p} fell silent for a FENCED that answers {:?}", fenced.answered);
        Ok(())
    }

    /// An event was polled.
    pub(crate) fn check_agent_event(&mut self, p: usize, event: &AgentEvent) -> Check {
        let life = self.agents[p].life;
        // A queue of events that overflowed may have lost what was due.
        let dropped = self.agents[p].agent.metrics().events_dropped_total > 0;
        if std::mem::take(&mut self.agents[p].shadow.expiry_due) && !dropped {
            let misled = self.tally.misled(Invariant::BeliefEndsFirst);
            hold!(
                BeliefEndsFirst,
                matches!(event, AgentEvent::LeaseExpired) && !misled,
                "p{p}: its lease had run out, and it was told first: {event:?}"
            );
        }
        match event {
            AgentEvent::TaskForgotten { task } => {
                let misled = self.tally.met(Invariant::KeptUntilDurable);
                let chain = &self.truth.lives[life];
                let tombstone = chain.freed.values().find(|(_, id)| id == task).map(|(revision, _)| *revision);
                hold!(
                    KeptUntilDurable,
                    tombstone.is_none_or(|r| r <= chain.committed) && !misled,
                    "p{p}: task {task} is forgotten for good, and its tombstone at {tombstone:?} is not durable"
                );
            }
            AgentEvent::HistoryDiffers { .. } => {
                let shadow = &mut self.agents[p].shadow;
                shadow.differs_told = !std::mem::take(&mut shadow.differs_due);
            }
            AgentEvent::Refused { .. } => self.agents[p].refused = true,
            _ => {}
        }
        Ok(())
    }

    /// All events were polled.
    pub(crate) fn agent_events_drained(&mut self, p: usize, polled: u64) -> Check {
        let shadow = &mut self.agents[p].shadow;
        let expiry = std::mem::take(&mut shadow.expiry_due);
        let differs = std::mem::take(&mut shadow.differs_due);
        let dropped = self.agents[p].agent.metrics().events_dropped_total > 0;
        hold!(BeliefEndsFirst, !expiry || dropped, "p{p}: its lease had run out, and it was not told");
        hold!(
            RegressionAnnouncedFirst,
            !differs || dropped,
            "p{p}: it judged that the controller's history differs, and its host was not told ({polled} events polled)"
        );
        Ok(())
    }

    /// An agent whose timers ran and that has nothing more to send has said within its interval that it is there.
    pub(crate) fn check_heartbeat(&mut self, p: usize, now: Instant) -> Check {
        let process = &self.agents[p];
        let now = now.max(process.shadow.last_call);
        if process.agent.phase() != Phase::Open || process.shadow.timed_at != now {
            return Ok(());
        }
        let silent = now.since(process.shadow.sent_at);
        let most = std::time::Duration::from_micros(self.intervals.heartbeat.1 + self.announced[process.node] + 1_000);
        hold!(BackPressureDropsNothing, silent <= most, "p{p}: it has sent nothing for {silent:?} in an open session");
        Ok(())
    }

    /// The deadline has come, or the host calls for no reason.
    pub(crate) fn agent_timeout(&mut self, p: usize) -> Check {
        let now = self.local(p);
        let last = self.agents[p].shadow.last_call;
        if now < last && self.rng.below(4) == 0 {
            let (mut early, mut same) = (self.agents[p].agent.clone(), self.agents[p].agent.clone());
            early.handle_timeout(now);
            same.handle_timeout(last);
            hold!(
                DeadlineIsHonest,
                early.state_hash() == same.state_hash(),
                "p{p}: a call at {now} is not like one at {last}, which came before it"
            );
        }
        if self.agents[p].agent.next_timeout().is_none() && self.rng.below(64) == 0 {
            let mut idle = self.agents[p].agent.clone();
            while idle.poll_event().is_some() {}
            let later = now.max(last).after(std::time::Duration::from_secs(100));
            idle.handle_timeout(later);
            hold!(
                DeadlineIsHonest,
                idle.poll_event().is_none(),
                "p{p}: no deadline was asked for, and something was due"
            );
        }
        let asked = self.agents[p].agent.next_timeout();
        let why = self.agents[p].agent.next_timeout_reason().unwrap_or("nothing");
        self.trace.line(self.now, || format!("p{p}: time {now}, {why} was due at {asked:?}"));
        self.before_agent_call(p, now);
        self.agents[p].agent.handle_timeout(now);
        self.agents[p].shadow.timed_at = now.max(last);
        let misled = self.tally.met(Invariant::DeadlineIsHonest);
        let next = self.agents[p].agent.next_timeout();
        let now_there = now.max(last);
        if next.is_some_and(|next| next <= now_there) || misled {
            let why = self.agents[p].agent.next_timeout_reason();
            return fail(
                Invariant::DeadlineIsHonest,
                format!("p{p}: after handle_timeout({now_there}) the next deadline is {next:?} ({why:?})"),
            );
        }
        self.agent_called(p, now)
    }

    /// Whether anything has changed on the side of an agent.
    pub(crate) fn check_progress(&mut self, p: usize) {
        let process = &mut self.agents[p];
        let life = &self.truth.lives[process.life];
        let said: u64 = process.said;
        let now = (
            life.tail(),
            process.agent.base(),
            process.agent.phase(),
            process.agent.session().unwrap_or(SessionId::NONE),
            said,
        );
        if now != process.shadow.progress {
            process.shadow.progress = now;
            process.shadow.idle_frames = 0;
            process.shadow.idle_excuse = 0;
            process.shadow.idle_since = self.now;
        }
    }

    /// Whether a clock has done what no promise about leases survives.
    pub(crate) fn lease_is_void(&self, p: usize) -> bool {
        self.agents[p].clock.lost_time() || self.host.clock.gained_time()
    }
}
