//! What goes into the true log when an agent takes a call of its host: counted from the call, not from the agent. Making the
//! calls is left to `agents`.

use taskwire::{Made, State, TaskId, UnixMillis};

use super::World;
use crate::invariants::{fail, Check, Invariant, Moment};
use crate::truth::{Bytes, Kind, TwinRecord};
use crate::workload::Action;

impl World {
    /// Notes that a task changed while the controller's copy of it was being repaired.
    pub(super) fn note_change_in_repair(&mut self, p: usize, action: &Action) {
        let Action::Move { .. } = action else { return };
        let shadow = &self.nodes[self.agents[p].node];
        let same = shadow.session == self.agents[p].shadow.session;
        let view = shadow.id.and_then(|id| self.host.controller.view().node(id));
        if same && view.is_some_and(|view| view.is_staging()) {
            self.tally.moment(Moment::ChangeDuringRepair);
        }
    }

    pub(super) fn note_registration(
        &mut self,
        p: usize,
        id: TaskId,
        metadata: &[u8],
        message: &[u8],
        trace: Option<taskwire::TraceContext>,
    ) -> Check {
        let life = self.agents[p].life;
        let Some(record) = self.agents[p].agent.task(id) else {
            return fail(Invariant::CursorMeansHave, format!("p{p}: task {id} was registered and is not there"));
        };
        let known = &self.truth.lives[life];
        if known.task(id).is_some() {
            return fail(Invariant::LegalMovesOnly, format!("p{p}: task {id} was registered twice"));
        }
        let made = Made { epoch: known.epoch, revision: known.tail().revision.next() };
        let (message, message_cut) = self.cut(message);
        let twin = TwinRecord {
            id,
            slot: record.slot,
            registered: made,
            newest: made,
            attempt: 0,
            number: 1,
            state: State::Pending,
            at: record.at,
            reason: taskwire::Reason::NONE,
            source: taskwire::Source::HOST,
            exit: taskwire::Exit::None,
            metadata: Bytes::new(metadata),
            message,
            message_cut,
            result: Bytes::default(),
            trace,
        };
        self.check_slot_given(p, &twin)?;
        self.truth.push(life, Kind::Register, twin, self.now);
        Ok(())
    }

    pub(super) fn note_move(
        &mut self,
        p: usize,
        action: &Action,
        message: &[u8],
        result: &[u8],
        at: Option<UnixMillis>,
    ) -> Check {
        let Action::Move { id, state, reason, exit, trace, .. } = action else { return Ok(()) };
        let life = self.agents[p].life;
        let Some(held) = self.truth.lives[life].task(*id).cloned() else {
            return fail(
                Invariant::LegalMovesOnly,
                format!("p{p}: a move of task {id}, which is not there, was taken"),
            );
        };
        if self.tally.met(Invariant::LegalMovesOnly) || !held.state.may_become(*state) {
            let text = format!("p{p}: the agent took {} -> {state} of task {id}", held.state);
            return fail(Invariant::LegalMovesOnly, text);
        }
        let retry = *state == State::Pending;
        let newest =
            Made { epoch: self.truth.lives[life].epoch, revision: self.truth.lives[life].tail().revision.next() };
        let (message, message_cut) = self.cut(message);
        let twin = TwinRecord {
            newest,
            attempt: held.attempt + u32::from(retry),
            number: held.number + 1,
            state: *state,
            at: at.unwrap_or(self.agents[p].agent.task(*id).map_or(UnixMillis(0), |r| r.at)),
            reason: *reason,
            exit: *exit,
            message,
            message_cut,
            result: Bytes::new(result),
            trace: trace.or(held.trace),
            ..(*held).clone()
        };
        self.agents[p].shadow.detail_waits.remove(&held.slot.0);
        self.truth.push(life, Kind::Move(held.state), twin, self.now);
        Ok(())
    }

    pub(super) fn cut(&self, message: &[u8]) -> (Bytes, bool) {
        let bound = self.knobs.agent.limits.message as usize;
        (Bytes::new(&message[..message.len().min(bound)]), message.len() > bound)
    }
}
