//! Checks around frames that the controller hears, and of how much there is: every-frame-accounted, one-session-per-node,
//! slot-means-one-task, live-means-fresh (what renews), within-bounds, no-endless-exchange, deadline-is-honest.

use taskwire::wire::{Body, Kind as FrameKind};
use taskwire::{Digest, Position, SessionId};

use super::shadow::{NodePrint, Repair};
use super::{fail, Check, Invariant, Moment};
use crate::hold;
use crate::link::Harm;
use crate::world::host::{Arrival, Sent};
use crate::world::World;

/// What the controller was before a frame.
pub(crate) struct ControllerBefore {
    /// The node that the frame is of.
    node: Option<usize>,
    print: Option<NodePrint>,
    session: SessionId,
    staging: bool,
    sessions: u64,
    applied: u64,
    /// It belongs to the current session and was never delivered before.
    new: bool,
}

fn in_session(kind: FrameKind) -> bool {
    !matches!(kind, FrameKind::Hello | FrameKind::Welcome | FrameKind::Open | FrameKind::Fenced)
}

impl World {
    fn session_of(&self, n: usize) -> SessionId {
        self.nodes[n].id.and_then(|id| self.host.controller.session(id)).unwrap_or(SessionId::NONE)
    }

    fn is_staging(&self, n: usize) -> bool {
        let view = self.nodes[n].id.and_then(|id| self.host.controller.view().node(id));
        view.is_some_and(|view| view.is_staging())
    }

    /// Before the controller hears a frame.
    pub(crate) fn before_controller_frame(&mut self, arrival: &Arrival) -> Check<ControllerBefore> {
        let metrics = self.host.controller.metrics();
        let mut before = ControllerBefore {
            node: None,
            print: None,
            session: SessionId::NONE,
            staging: false,
            sessions: metrics.sessions_total,
            applied: metrics.frames_applied_total,
            new: false,
        };
        self.note_harm(arrival);
        let Some(sent) = arrival.sent.clone() else { return Ok(before) };
        let n = self.agents[sent.process].node;
        before.node = Some(n);
        before.print = self.nodes[n].print;
        if let Some(id) = self.nodes[n].id {
            // Retention may have ended since, by time or for want of room.
            let view = self.host.controller.view();
            self.nodes[n].tasks.retain(|task, _| view.find(id, *task).is_some());
        }
        before.session = self.session_of(n);
        before.staging = self.is_staging(n);
        if arrival.again || arrival.harm != Harm::None {
            for p in 0..self.agents.len() {
                if self.agents[p].node == n {
                    self.agents[p].shadow.idle_excuse += 1;
                }
            }
        }
        if arrival.harm == Harm::None {
            self.note_arrival(&sent, before.session, arrival.again);
            let current = sent.session() == before.session && before.session != SessionId::NONE;
            let shadow = &mut self.nodes[n];
            if current && shadow.session == before.session {
                let largest = shadow.frames.last().copied().unwrap_or(0);
                let number = sent.frame.header.number.0;
                before.new = shadow.frames.insert(number);
                if before.new && number < largest {
                    self.note_overtaking();
                }
                if let (Body::Delta(delta), Some(print)) = (&sent.frame.body, before.print) {
                    let received = print.received.revision;
                    if before.new && delta.from < received && received < delta.to() {
                        self.tally.moment(Moment::OverlapKnown);
                    }
                }
            }
        }
        Ok(before)
    }

    /// After the controller has heard a frame.
    pub(crate) fn after_controller_frame(&mut self, arrival: &Arrival, before: ControllerBefore, ok: bool) -> Check {
        let metrics = *self.host.controller.metrics();
        let arrivals = metrics.arrivals();
        let counted = arrivals - std::mem::replace(&mut self.host.shadow.arrivals, arrivals);
        let misled = self.tally.met(Invariant::EveryFrameAccounted);
        hold!(EveryFrameAccounted, counted == 1 && !misled, "the controller heard one frame, and counted {counted}");
        let Some(n) = before.node else { return Ok(()) };
        if self.nodes[n].id.is_none() {
            self.nodes[n].id = self.host.controller.node(self.names[n].as_str());
        }
        let Some(sent) = arrival.sent.clone() else { return Ok(()) };
        let (received, digest) = self.table_of(n);
        let table_before = before.print.map_or((Position::START, Digest(0)), |p| (p.received, p.digest));
        let same_table = (received, digest) == table_before;
        if arrival.harm != Harm::None {
            let same = same_table && self.session_of(n) == before.session && metrics.sessions_total == before.sessions;
            hold!(EveryFrameAccounted, same && !ok, "a harmed {} of n{n} was taken", sent.frame.header.kind);
            return Ok(());
        }
        let kind = sent.frame.header.kind;
        if matches!(kind, FrameKind::Delta | FrameKind::Snapshot) && metrics.frames_applied_total == before.applied {
            // What was altered in memory may show after the entries of the frame: they stand.
            hold!(
                EveryFrameAccounted,
                same_table || self.nodes[n].altered.is_some(),
                "n{n}: a {kind} was not counted as applied, and changed its records"
            );
        }
        if self.is_of_replaced(n, &sent) {
            let same = same_table && self.session_of(n) == before.session && metrics.sessions_total == before.sessions;
            self.check_replaced(n, &sent, same)?;
        }
        self.check_renewal(n, &sent, &before, ok)?;
        self.check_sessions(n, &sent, &before, metrics.sessions_total, same_table)?;
        self.check_slots(n, &sent, &before)
    }

    fn table_of(&self, n: usize) -> (Position, Digest) {
        let table = self.nodes[n].id.and_then(|id| self.host.controller.table(id));
        table.map_or((Position::START, Digest(0)), |t| (t.position(), t.digest()))
    }

    /// Only a new frame of the current session renews a lease.
    fn check_renewal(&mut self, n: usize, sent: &Sent, before: &ControllerBefore, ok: bool) -> Check {
        let Some(id) = self.nodes[n].id else { return Ok(()) };
        let Some(view) = self.host.controller.view().node(id) else { return Ok(()) };
        let (heard, reach) = (view.last_heard(), view.reachability());
        let was = before.print.and_then(|p| p.heard);
        let kind = sent.frame.header.kind;
        if before.new && !ok && heard == was {
            // Refused at the door (it came from a peer that is another node's): it may still come rightly.
            self.nodes[n].frames.remove(&sent.frame.header.number.0);
        }
        if before.new && heard != was && heard.is_some() {
            let shadow = &mut self.nodes[n];
            shadow.fresh = Some(self.host.shadow.last_call);
            shadow.uncalled = 0;
            shadow.late_calls = 0;
        }
        if !in_session(kind) || before.new {
            return Ok(());
        }
        let misled = self.tally.met(Invariant::LiveMeansFresh);
        let revived = World::believes(reach) && before.print.is_some_and(|p| !World::believes(p.reach));
        hold!(
            LiveMeansFresh,
            heard == was && !revived && !misled,
            "n{n}: a {kind} that was heard before, or is of an ended session, renewed its lease"
        );
        Ok(())
    }

    fn check_sessions(
        &mut self,
        n: usize,
        sent: &Sent,
        before: &ControllerBefore,
        sessions: u64,
        same_table: bool,
    ) -> Check {
        let misled = self.tally.misled(Invariant::OneSessionPerNode);
        let session = self.session_of(n);
        match &sent.frame.body {
            Body::Hello(hello) => {
                self.tally.met(Invariant::OneSessionPerNode);
                let opened = self.nodes[n].opened;
                let newer = opened.is_none_or(|(epoch, nonce, counter)| {
                    hello.epoch > epoch || hello.epoch == epoch && hello.nonce == nonce && hello.counter > counter
                });
                let same = same_table && session == before.session && sessions == before.sessions;
                hold!(
                    OneSessionPerNode,
                    same && !misled,
                    "n{n}: a HELLO (newer {newer}) changed something: session {:?} became {session:?}",
                    before.session
                );
            }
            Body::Open(open) if sessions > before.sessions => {
                let held = before.print.map_or(Position::START, |p| p.received);
                self.tally.met(Invariant::OneSessionPerNode);
                hold!(
                    OneSessionPerNode,
                    open.reported.judged == held && !misled,
                    "n{n}: it opened at {held}, and {} was judged",
                    open.reported.judged
                );
                self.note_opened(n, sent, before.session != SessionId::NONE)?;
                let told = Repair { base: open.reported.base, tip: open.reported.tip };
                self.nodes[n].repair_told = open.reported.verdict.repairs().then_some(told);
            }
            Body::Verdict(judged) if !before.staging && self.is_staging(n) => {
                let judgement = judged.judgement;
                self.nodes[n].repair_told = Some(Repair { base: judgement.base, tip: judgement.tip });
            }
            _ => {
                let same = sessions == before.sessions;
                hold!(OneSessionPerNode, same, "n{n}: a {} opened a session", sent.frame.header.kind);
            }
        }
        Ok(())
    }

    fn note_opened(&mut self, n: usize, sent: &Sent, replaces: bool) -> Check {
        let session = sent.session();
        let offer = self.offers.get(&session).copied();
        let Some((epoch, nonce, counter, node)) = offer else {
            return fail(Invariant::OneSessionPerNode, format!("n{n}: session {session} was opened and never offered"));
        };
        hold!(NodeIsolated, node == n, "n{n}: session {session} was offered to n{node}");
        let again = !self.host.shadow.opened.insert(session);
        hold!(OneSessionPerNode, !again, "n{n}: session {session} had ended, and was opened again");
        let shadow = &mut self.nodes[n];
        if let Some((e, no, _)) = shadow.opened {
            let fenced = epoch < e || epoch == e && nonce != no;
            hold!(OneSessionPerNode, !fenced, "n{n}: epoch {epoch} was let in after epoch {e}, which fences it");
        }
        if let Some((e, _, c)) = shadow.opened.filter(|_| replaces) {
            let newer = epoch > e || epoch == e && counter > c;
            hold!(OneSessionPerNode, newer, "n{n}: HELLO {counter} of epoch {epoch} replaced HELLO {c} of epoch {e}");
        }
        shadow.opened = Some((epoch, nonce, counter));
        shadow.session = session;
        shadow.frames.clear();
        shadow.frames.insert(sent.frame.header.number.0);
        shadow.fresh = Some(self.host.shadow.last_call);
        shadow.uncalled = 0;
        shadow.late_calls = 0;
        Ok(())
    }

    /// Each slot of a frame that counts stands for the task that its agent meant.
    fn check_slots(&mut self, n: usize, sent: &Sent, before: &ControllerBefore) -> Check {
        let Body::Delta(delta) = &sent.frame.body else { return Ok(()) };
        self.check_stuck(n, delta.from.0, delta.to().0, before)?;
        if !before.new || self.truth.diverged(n) {
            self.note_twin(sent, delta.to().0);
            return Ok(());
        }
        let Some(table) = self.nodes[n].id.and_then(|id| self.host.controller.table(id)) else { return Ok(()) };
        let to = Position { revision: delta.to(), tag: delta.tag };
        let on = self.truth.find(table.position()).is_some_and(|life| self.truth.lives[life].holds(to));
        if !on || table.position().revision < to.revision {
            return Ok(());
        }
        for (slot, _) in &delta.details {
            let Some(record) = table.get(*slot).filter(|r| r.newest.revision <= to.revision) else { continue };
            self.tally.met(Invariant::SlotMeansOneTask);
            let meant = sent.meant.iter().find(|(s, _)| s == slot).map(|(_, id)| *id);
            hold!(
                SlotMeansOneTask,
                meant == Some(record.id),
                "n{n}: slot {slot} stands for task {} here, and its agent meant {meant:?}",
                record.id
            );
        }
        Ok(())
    }

    /// Deltas that follow on what is held, and that are refused again and again, must end in another method or a close.
    fn check_stuck(&mut self, n: usize, from: u64, to: u64, before: &ControllerBefore) -> Check {
        let held = before.print.map_or(0, |p| p.received.revision.0);
        let moved = self.table_of(n).0.revision.0 != held || before.session != self.session_of(n);
        let shadow = &mut self.nodes[n];
        if moved || before.staging {
            shadow.refused = 0;
        } else if before.new && from <= held && held < to {
            shadow.refused += 1;
        }
        let refused = shadow.refused;
        hold!(
            NoEndlessExchange,
            refused <= 40,
            "n{n}: {refused} deltas that follow on {held} were not taken in one session"
        );
        Ok(())
    }

    /// Notes a twin that is heard when it has gone its own way by one entry.
    fn note_twin(&mut self, sent: &Sent, to: u64) {
        let life = &self.truth.lives[self.agents[sent.process].life];
        if life.twin_of.is_some_and(|(_, shared)| to == shared + 1) {
            self.tally.moment(Moment::TwinByOne);
        }
    }

    /// The deadline has come, or the host calls for no reason.
    pub(crate) fn controller_timeout(&mut self) -> Check {
        let now = self.controller_local();
        let asked = self.host.controller.next_timeout();
        let why = self.host.controller.next_timeout_reason().unwrap_or("nothing");
        self.trace.line(self.now, || format!("controller: time {now}, {why} was due at {asked:?}"));
        self.before_controller_call(now);
        self.host.controller.handle_timeout(now);
        let misled = self.tally.met(Invariant::DeadlineIsHonest);
        let next = self.host.controller.next_timeout();
        let now_there = self.host.shadow.last_call;
        if next.is_some_and(|next| next <= now_there) || misled {
            let why = self.host.controller.next_timeout_reason();
            return fail(
                Invariant::DeadlineIsHonest,
                format!("controller: after handle_timeout({now_there}) the next deadline is {next:?} ({why:?})"),
            );
        }
        self.check_sizes()?;
        self.controller_called_for(now, None, true)
    }

    fn check_sizes(&mut self) -> Check {
        let config = &self.knobs.controller;
        let misled = self.tally.met(Invariant::WithinBounds);
        for (name, size) in self.host.controller.sizes() {
            let bound = match name {
                "nodes" => config.nodes as usize,
                "held frames of a node" => config.reorder_frames as usize,
                "staged pieces of a node" => 4_096 + self.knobs.agent.limits.log as usize,
                "handshakes" => config.handshakes as usize,
                "answers" | "notices" => 256,
                "closed tasks" => config.finals as usize,
                "changes kept" => config.history as usize,
                "details kept" => config.detail_history as usize,
                "parts of a silence" => 66,
                "watched leases" => config.nodes as usize + 1,
                _ => usize::MAX,
            };
            hold!(WithinBounds, size <= bound && !misled, "controller: {size} {name}, and the bound is {bound}");
        }
        for n in 0..self.nodes.len() {
            let Some((waiting, _)) = self.nodes[n].id.and_then(|id| self.host.controller.backlog(id)) else { continue };
            // Transitions by credit, what a switch adds of the log and of the table, and the notices beside.
            let limits = &self.knobs.agent.limits;
            let bound = config.events_per_node + limits.log + 3 * limits.slots + limits.finals + 64 + 8;
            hold!(WithinBounds, waiting <= bound as usize, "n{n}: {waiting} events wait, and the bound is {bound}");
        }
        Ok(())
    }

    /// Between two changes only so many frames are sent.
    pub(crate) fn check_exchange_of_agent(&mut self, p: usize, sent: &Sent) -> Check {
        let misled = self.tally.met(Invariant::NoEndlessExchange);
        let process = &mut self.agents[p];
        process.shadow.idle_frames += 1;
        let idle = self.now - process.shadow.idle_since;
        let rto = process.agent.config().pace.least_rto.as_micros() as u64;
        let heartbeat = self.intervals.heartbeat.0;
        let backoff = process.agent.config().pace.most_backoff.as_micros() as u64;
        // Per interval a heartbeat and its early repeats, per back-off a retransmission, and one answer to each copy.
        let regular = 12 * (idle / heartbeat.max(rto)) + 16 * (idle / backoff.max(1)) + 4 * (idle / 250_000);
        let bound = if misled { 3 } else { 400 + 2 * process.shadow.idle_excuse + regular };
        hold!(
            NoEndlessExchange,
            process.shadow.idle_frames <= bound,
            "p{p}: {} frames in {idle} µs without a change, the last: {}",
            process.shadow.idle_frames,
            sent.frame
        );
        Ok(())
    }
}
