//! Frames that an agent hears: decode, admit, dispatch, account. What an acknowledgement frees is left to `publisher`.

use core::time::Duration;

use super::session::{Greeting, State};
use super::{Agent, AgentEvent, SessionEnd};
use crate::bait::bait;
use crate::id::{Epoch, FrameNumber, SessionId};
use crate::publisher::{Acknowledged, Maker, Sought};
use crate::receipts::Newness;
use crate::receive_error::ReceiveError;
use crate::time::{micros, Instant};
use crate::wire::{
    decode_for_agent, Ack, Answered, Ask, Body, Cells, DecodeError, Echo, FaultClass, Fenced, Goodbye, Header,
    Heartbeat, Judged, Kind, Refusal, Refused, Settings, Sketch, StreamNumber, Symptom, Welcome, LEAST_HELLO,
    PADDED_HELLO, VERSION,
};

/// Bytes that the next WELCOME may have more than the last one.
const WELCOME_GROWS: usize = 16;

/// What is thought of a frame before its content counts.
enum Admitted {
    /// It is of the session that is open or being opened.
    InSession,
    /// It stands outside sessions.
    Outside,
    /// It is dropped, and counted already.
    Dropped,
}

impl Agent {
    pub(super) fn hear(&mut self, now: Instant, bytes: &[u8]) -> Result<(), ReceiveError> {
        // The body is large for the sake of WELCOME, and stays where it is.
        let decoded = decode_for_agent(bytes);
        let (header, body) = match &decoded {
            Ok((header, body)) => (*header, body),
            Err(error) => return self.undecodable(*error),
        };
        match (self.admit(header)?, body) {
            (Admitted::Dropped, _) => Ok(()),
            // Admitted are only kinds that have a body here.
            (_, None) => self.unexpected(header.kind),
            (Admitted::Outside, Some(body)) => self.dispatch_outside(now, header, body, bytes.len()),
            (Admitted::InSession, Some(body)) => self.dispatch(now, header, body),
        }
    }

    fn undecodable(&mut self, error: DecodeError) -> Result<(), ReceiveError> {
        let class = error.class();
        *self.metrics.fault(class) += 1;
        if class == FaultClass::UnknownKind {
            return Ok(());
        }
        Err(error.into())
    }

    fn admit(&mut self, header: Header) -> Result<Admitted, ReceiveError> {
        if matches!(self.state, State::Fenced { .. } | State::Leaving { .. } | State::Left) {
            self.metrics.frames_silent_total += 1;
            return Ok(Admitted::Dropped);
        }
        if matches!(
            header.kind,
            Kind::Hello | Kind::Open | Kind::Delta | Kind::Snapshot | Kind::Verdict | Kind::Chunk | Kind::LastWill
        ) {
            self.metrics.frames_unexpected_total += 1;
            return Err(ReceiveError::Unexpected { kind: header.kind });
        }
        if header.session == SessionId::NONE {
            if matches!(header.kind, Kind::Welcome | Kind::Fenced | Kind::Refused | Kind::NoSession) {
                return Ok(Admitted::Outside);
            }
            self.metrics.frames_unexpected_total += 1;
            return Err(ReceiveError::Unexpected { kind: header.kind });
        }
        let current = match &self.state {
            State::Open(session) => Some(session.id),
            State::Opening(opening) => Some(opening.session),
            _ => None,
        };
        if current != Some(header.session) && !bait!(self.config.baits, FormerSessionHeard) {
            // After HELLO no frame of a former session is heard; whether it ever was one is not remembered here.
            self.metrics.frames_ended_session_total += 1;
            return Ok(Admitted::Dropped);
        }
        if let State::Open(session) = &mut self.state {
            if session.receipts.judge(header.number) != Newness::New {
                self.metrics.frames_duplicate_total += 1;
                return Ok(Admitted::Dropped);
            }
            session.receipts.see(header.number);
        }
        Ok(Admitted::InSession)
    }

    fn dispatch_outside(
        &mut self,
        now: Instant,
        header: Header,
        body: &Body,
        bytes: usize,
    ) -> Result<(), ReceiveError> {
        match body {
            Body::Welcome(welcome) => self.hear_welcome(now, header.number, welcome.clone(), bytes),
            Body::Fenced(fenced) => self.hear_fenced(now, *fenced),
            Body::Refused(refused) => self.hear_refused(now, *refused),
            Body::NoSession(no_session) => self.hear_no_session(now, no_session.session),
            _ => self.unexpected(header.kind),
        }
    }

    fn dispatch(&mut self, now: Instant, header: Header, body: &Body) -> Result<(), ReceiveError> {
        match body {
            Body::Ack(ack) => self.hear_ack(now, header.number, ack),
            Body::Heartbeat(heartbeat) => self.hear_heartbeat(now, header.number, heartbeat),
            Body::Ask(ask) => self.hear_ask(now, header.number, *ask),
            Body::Sketch(sketch) => self.hear_cells(header.kind, sketch),
            Body::Goodbye(goodbye) => self.hear_goodbye(now, *goodbye),
            Body::GoAway(away) => self.hear_go_away(now, *away),
            Body::Refused(refused) => self.hear_refused(now, *refused),
            Body::Fenced(fenced) => self.hear_fenced(now, *fenced),
            _ => self.unexpected(header.kind),
        }
    }

    fn unexpected(&mut self, kind: Kind) -> Result<(), ReceiveError> {
        self.metrics.frames_unexpected_total += 1;
        Err(ReceiveError::Unexpected { kind })
    }

    fn unasked(&mut self) -> Result<(), ReceiveError> {
        self.metrics.frames_unasked_total += 1;
        Ok(())
    }

    fn hear_welcome(
        &mut self,
        now: Instant,
        number: FrameNumber,
        welcome: Welcome,
        bytes: usize,
    ) -> Result<(), ReceiveError> {
        let answers = welcome.hello_nonce == self.nonce
            && welcome.hello_counter == self.hello_counter
            && match &self.state {
                State::Greeting(greeting) => greeting.said.is_some(),
                State::Opening(opening) => {
                    opening.session == welcome.session
                        && number > opening.welcome
                        && opening.judgement.judged != welcome.reported.received
                }
                _ => false,
            };
        if !answers {
            return self.unasked();
        }
        let counter = if bait!(self.config.baits, SessionWithoutCounter) { 0 } else { self.hello_counter };
        let derived = SessionId::derive(self.nonce, counter, welcome.nonce);
        let sound = welcome.session == derived && welcome.version == VERSION && is_sound(&welcome.settings);
        if !sound || welcome.term.0 == 0 || welcome.term.0 == u64::MAX {
            self.metrics.frames_malformed_total += 1;
            return Err(ReceiveError::Exhausted { field: "a setting or the term of WELCOME" });
        }
        if let Some((accepted, nonce, name)) = &self.accepted {
            let conflict = welcome.term == *accepted && (welcome.nonce != *nonce || welcome.controller != *name);
            let smaller = welcome.term < *accepted && !bait!(self.config.baits, SmallerTermWelcomes);
            if smaller || conflict {
                return self.refuse_controller(*accepted, conflict, welcome);
            }
        }
        self.metrics.frames_control_total += 1;
        self.hello_bytes = (bytes.next_multiple_of(WELCOME_GROWS) + WELCOME_GROWS).clamp(LEAST_HELLO, PADDED_HELLO);
        self.take_welcome(now, number, welcome);
        Ok(())
    }

    fn refuse_controller(
        &mut self,
        accepted: crate::id::Term,
        conflict: bool,
        welcome: Welcome,
    ) -> Result<(), ReceiveError> {
        self.metrics.frames_deposed_total += 1;
        self.answer = Some(Fenced { answered: Answered::Welcome(welcome.session), seen: accepted.0, twin: conflict });
        if conflict {
            self.tell(AgentEvent::TermConflict { term: welcome.term, controller: welcome.controller.clone() });
        }
        Err(ReceiveError::Deposed { controller: welcome.controller, term: welcome.term, accepted })
    }

    /// Whether an answer is to what this agent said last.
    fn is_asked(&self, answered: Answered) -> bool {
        if bait!(self.config.baits, RefusalWithoutAsking) {
            return true;
        }
        match (answered, &self.state) {
            (Answered::Hello(nonce, counter), State::Greeting(greeting)) => {
                greeting.said.is_some() && nonce == self.nonce && counter == self.hello_counter
            }
            (Answered::Hello(nonce, counter), State::Opening(_)) => {
                nonce == self.nonce && counter == self.hello_counter
            }
            (Answered::Session(session), State::Open(open)) => session == open.id,
            (Answered::Session(session), State::Opening(opening)) => session == opening.session,
            _ => false,
        }
    }

    fn hear_fenced(&mut self, now: Instant, fenced: Fenced) -> Result<(), ReceiveError> {
        let asked = self.is_asked(fenced.answered) || bait!(self.config.baits, FencedWithoutAsking);
        let larger = fenced.seen > self.epoch.0 && !fenced.twin;
        let twin = fenced.seen == self.epoch.0 && fenced.twin;
        if !asked || !(larger || twin || bait!(self.config.baits, FencedByAnything)) {
            return self.unasked();
        }
        self.metrics.frames_control_total += 1;
        self.metrics.fenced_total += 1;
        self.end_session(now, SessionEnd::Fenced, Duration::ZERO);
        let seen = Epoch(fenced.seen);
        self.state = State::Fenced { seen };
        self.lease.end();
        self.tell(AgentEvent::Fenced { seen, twin: fenced.twin });
        Ok(())
    }

    fn hear_refused(&mut self, now: Instant, refused: Refused) -> Result<(), ReceiveError> {
        if !self.is_asked(refused.answered) {
            return self.unasked();
        }
        self.metrics.frames_control_total += 1;
        if refused.refusal == Refusal::Short {
            let was_short = core::mem::replace(&mut self.hello_bytes, PADDED_HELLO) < PADDED_HELLO;
            if was_short && matches!(self.state, State::Greeting(_)) {
                self.state = State::Greeting(Greeting { next_at: now, due: true, said: None });
                return Ok(());
            }
        }
        let pause = Duration::from_micros(refused.come_back_after).min(Duration::from_secs(86_400));
        self.end_session(now, SessionEnd::Refused, pause);
        let come_back_after = match &self.state {
            State::Greeting(greeting) => micros(greeting.next_at.since(now)),
            _ => 0,
        };
        if refused.refusal != Refusal::Busy {
            self.tell(AgentEvent::Refused { refusal: refused.refusal, come_back_after });
        }
        Ok(())
    }

    fn hear_no_session(&mut self, now: Instant, session: SessionId) -> Result<(), ReceiveError> {
        if !self.is_asked(Answered::Session(session)) {
            return self.unasked();
        }
        self.metrics.frames_control_total += 1;
        self.end_session(now, SessionEnd::NoSession, Duration::ZERO);
        Ok(())
    }

    fn hear_goodbye(&mut self, now: Instant, goodbye: Goodbye) -> Result<(), ReceiveError> {
        self.metrics.frames_control_total += 1;
        let pause = Duration::from_micros(goodbye.come_back_after).min(Duration::from_secs(86_400));
        self.end_session(now, SessionEnd::ControllerLeft, pause);
        Ok(())
    }

    fn hear_ack(&mut self, now: Instant, number: FrameNumber, ack: &Ack) -> Result<(), ReceiveError> {
        if ack.stream != StreamNumber::Reported {
            return self.unexpected(Kind::Ack);
        }
        if ack.largest.0 >= self.next_frame {
            self.metrics.frames_malformed_total += 1;
            return Err(ReceiveError::ForeignPosition { position: ack.position });
        }
        self.opened_by(now, ack);
        let State::Open(session) = &mut self.state else {
            return self.unasked();
        };
        match self.publisher.acknowledge(now, number, ack) {
            Acknowledged::Stale => {
                self.metrics.frames_stale_total += 1;
                Ok(())
            }
            Acknowledged::Foreign => {
                self.metrics.frames_control_total += 1;
                self.end_session(now, SessionEnd::ForeignPosition, Duration::ZERO);
                Err(ReceiveError::ForeignPosition { position: ack.position })
            }
            Acknowledged::Heard { largest_sent, base_moved } => {
                self.metrics.frames_control_total += 1;
                if session.unanswered.is_some_and(|heartbeat| heartbeat <= ack.largest) {
                    session.unanswered = None;
                    session.prompts = if base_moved { 0 } else { session.prompts };
                }
                if base_moved || self.publisher.log.len() == 0 {
                    session.prompts = 0;
                }
                if let Some(sent) = largest_sent {
                    let from = if bait!(self.config.baits, LeaseCountsFromAnswer) { now } else { sent };
                    self.lease.renew(from);
                }
                if base_moved {
                    self.base_has_moved(now);
                }
                self.hear_of_sleep(largest_sent.is_some(), ack);
                Ok(())
            }
        }
    }

    /// The first acknowledgement of an OPEN opens the session.
    fn opened_by(&mut self, now: Instant, ack: &Ack) {
        let State::Opening(opening) = &self.state else { return };
        if opening.first_open.is_none_or(|first| ack.largest < first) {
            return;
        }
        let opening = opening.clone();
        let Some(sent) = self.publisher.window.sent_at(ack.largest) else { return };
        let sample = micros(now.since(sent)).saturating_sub(ack.delay);
        self.publisher.window.rtt.sample(sample);
        self.metrics.round_trip_seconds.observe(sample);
        self.open_session(now, opening, sent);
    }

    fn hear_heartbeat(&mut self, now: Instant, number: FrameNumber, heartbeat: &Heartbeat) -> Result<(), ReceiveError> {
        if heartbeat.settings.is_some_and(|settings| !is_sound(&settings)) {
            self.metrics.frames_malformed_total += 1;
            return Err(ReceiveError::Exhausted { field: "a setting of HEARTBEAT" });
        }
        if let Some(ack) = &heartbeat.ack {
            self.hear_ack(now, number, ack)?;
        } else {
            self.metrics.frames_control_total += 1;
        }
        let wall = self.wall(now);
        if let State::Open(session) = &mut self.state {
            if session.echo.is_none_or(|echo| echo.number < number) {
                session.echo = Some(Echo { number, sent: heartbeat.sent, received: now.as_micros(), wall });
            }
        }
        if let Some(settings) = heartbeat.settings {
            self.take_settings(now, settings);
        }
        Ok(())
    }

    /// Cells of what the controller holds, to find what differs.
    fn hear_cells(&mut self, kind: Kind, sketch: &Sketch) -> Result<(), ReceiveError> {
        let Cells::Given { first, bytes } = &sketch.cells else { return self.unexpected(kind) };
        let open = matches!(self.state, State::Open(_));
        match self.publisher.hear_cells(sketch.base, *first, bytes).filter(|_| open) {
            Some(Sought::Found) => self.metrics.patches_total += 1,
            Some(Sought::Further) => {}
            None => return self.unasked(),
        }
        self.metrics.frames_control_total += 1;
        Ok(())
    }

    fn hear_ask(&mut self, _now: Instant, number: FrameNumber, ask: Ask) -> Result<(), ReceiveError> {
        if ask.stream != StreamNumber::Reported {
            return self.unexpected(Kind::Ask);
        }
        let own = self.own();
        let State::Open(session) = &mut self.state else {
            return self.unasked();
        };
        self.metrics.frames_control_total += 1;
        if let Some(judged) = &session.judged {
            if ask.ask <= judged.ask {
                // Repeated until answered; an older question is void.
                session.answer_due |= ask.ask == judged.ask;
                return Ok(());
            }
        }
        self.metrics.asks_total += 1;
        self.metrics.snapshots_total += 1;
        let nobody = Maker { epoch: Epoch(0), nonce: crate::id::Nonce(0) };
        let judgement = self.publisher.judge(ask.position, nobody, own, false, true);
        self.publisher.void_before(number);
        // What was put together last did not add up: this time all is told.
        self.publisher.begin(&judgement, None, true, ask.symptom != Symptom::Stage);
        session.judged = Some(Judged { stream: StreamNumber::Reported, ask: ask.ask, judgement });
        session.answer_due = true;
        // The fault may be on this side.
        let table = &self.publisher.table;
        let damaged = table.rows().map(|(slot, _)| slot).find(|slot| !table.is_sound(*slot));
        if let Some(slot) = damaged {
            self.tell_damaged(slot);
        }
        self.tell(AgentEvent::HistoryDiffers {
            verdict: judgement.verdict,
            controller: judgement.judged,
            base: judgement.base,
            tip: judgement.tip,
        });
        Ok(())
    }
}

/// Whether settings are in their ranges: an interval of 1 µs to 1 h, a lease of 2 intervals to 24 h.
fn is_sound(settings: &Settings) -> bool {
    (1..=micros(Duration::from_secs(3600))).contains(&settings.heartbeat)
        && settings.lease >= 2 * settings.heartbeat
        && settings.lease <= micros(Duration::from_secs(86_400))
}
