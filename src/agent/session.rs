//! The life of an agent's session: greeting, opening, open, fenced, left; its timers, and how it ends.

use core::time::Duration;

use super::liveness::Sleep;
use super::{Agent, AgentEvent, SessionEnd};
use crate::bait::bait;
use crate::config::AckPolicy;
use crate::id::{Epoch, FrameNumber, Name, Nonce, SessionId, Term};
use crate::receipts::Receipts;
use crate::time::{micros, sooner, Due, Instant};
use crate::wire::{Echo, Judged, Judgement, Settings, Standing, Welcome};

/// First pause between two HELLOs.
const HELLO_AGAIN: Duration = Duration::from_millis(250);
/// Copies of GOODBYE.
const GOODBYES: u32 = 2;
/// Tries of OPEN before greeting anew.
const MOST_OPENS: u32 = 10;
/// Retransmission time-outs that fit into a heartbeat interval at the least: a session whose acknowledgements are lost
/// tries several times before its lease ends.
const TIMEOUTS_PER_INTERVAL: u64 = 4;
/// Heartbeats sent sooner than the interval, in a row, when one is not answered or something is not yet durable.
const MOST_PROMPTS: u32 = 6;

/// Where an agent stands with its controller.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Phase {
    /// It says HELLO.
    Greeting,
    /// It was welcomed and says OPEN.
    Opening,
    /// A session is open.
    Open,
    /// A larger epoch, or a twin, was seen: it is silent.
    Fenced {
        /// The epoch that was seen.
        seen: Epoch,
    },
    /// It said goodbye.
    Left,
}

/// Why an agent cannot take a larger epoch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SupersedeError {
    /// It is not fenced: nobody has a larger epoch.
    #[error("the agent is not fenced, so there is nothing to supersede; nothing was changed")]
    NotFenced,
    /// The epoch named is below that which fenced it.
    #[error("epoch {given} is below {seen}, which fenced this agent; nothing was changed")]
    Below {
        /// The epoch given.
        given: Epoch,
        /// The epoch that fenced it.
        seen: Epoch,
    },
    /// No epoch is left above the one seen.
    #[error("epochs are used up; nothing was changed")]
    Exhausted,
}

#[derive(Clone, Hash, Debug)]
pub(super) enum State {
    Greeting(Greeting),
    Opening(Opening),
    Open(Session),
    Fenced {
        seen: Epoch,
    },
    /// GOODBYE goes out in so many copies yet: nobody stays to repeat it.
    Leaving {
        session: SessionId,
        come_back_after: Duration,
        copies: u32,
    },
    Left,
}

impl State {
    pub(super) fn first() -> State {
        State::Greeting(Greeting { next_at: Instant::ZERO, due: true, said: None })
    }
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Greeting {
    /// When to say HELLO again.
    pub next_at: Instant,
    /// Whether it is due.
    pub due: bool,
    /// When HELLO was said last in this greeting, if it was: only then is an answer one.
    pub said: Option<Instant>,
}

#[derive(Clone, Hash, Debug)]
pub(super) struct Opening {
    pub session: SessionId,
    pub controller: Name,
    pub term: Term,
    pub nonce: Nonce,
    pub policy: AckPolicy,
    pub settings: Settings,
    pub standing: Standing,
    pub judgement: Judgement,
    /// The number of the WELCOME judged: an older one is of no interest.
    pub welcome: FrameNumber,
    /// The first OPEN for this WELCOME, and when it was sent.
    pub first_open: Option<FrameNumber>,
    pub first_sent: Option<Instant>,
    pub next_at: Instant,
    pub due: bool,
    pub tries: u32,
}

#[derive(Clone, Hash, Debug)]
pub(super) struct Session {
    pub id: SessionId,
    pub nonce: Nonce,
    pub policy: AckPolicy,
    pub settings: Settings,
    pub receipts: Receipts,
    /// When the last frame was sent: the next heartbeat counts from it.
    pub last_sent: Instant,
    pub heartbeat_due: bool,
    /// The heartbeat that has not been answered yet.
    pub unanswered: Option<FrameNumber>,
    /// Heartbeats sent early in a row.
    pub prompts: u32,
    /// When the next digest point is due.
    pub digest_at: Instant,
    pub echo: Option<Echo>,
    /// The answer to the newest question, and whether it is to be sent.
    pub judged: Option<Judged>,
    pub answer_due: bool,
    /// What the controller was told of this agent's silence.
    pub sleep: Sleep,
}

impl Session {
    pub(super) fn interval(&self) -> Duration {
        Duration::from_micros(self.settings.heartbeat)
    }
}

impl Agent {
    /// Where the agent stands with its controller.
    pub fn phase(&self) -> Phase {
        match &self.state {
            State::Greeting(_) => Phase::Greeting,
            State::Opening(_) => Phase::Opening,
            State::Open(_) => Phase::Open,
            State::Fenced { seen } => Phase::Fenced { seen: *seen },
            State::Leaving { .. } | State::Left => Phase::Left,
        }
    }

    /// The open session.
    pub fn session(&self) -> Option<SessionId> {
        match &self.state {
            State::Open(session) => Some(session.id),
            _ => None,
        }
    }

    /// Takes an epoch above `seen`, when fenced: the host's decision to be the one that goes on. Returns the new epoch.
    ///
    /// # Errors
    /// [`SupersedeError`]; nothing is changed.
    pub fn supersede(&mut self, now: Instant, seen: Epoch) -> Result<Epoch, SupersedeError> {
        let now = self.enter(now);
        let State::Fenced { seen: fenced_by } = self.state else { return Err(SupersedeError::NotFenced) };
        if seen < fenced_by {
            return Err(SupersedeError::Below { given: seen, seen: fenced_by });
        }
        let epoch = seen.0.checked_add(1).filter(|epoch| *epoch < u64::MAX).ok_or(SupersedeError::Exhausted)?;
        self.epoch = Epoch(epoch);
        self.config.epoch = self.epoch;
        self.nonce = self.config.nonce(self.seed ^ self.nonce.0);
        if let Some(journal) = &mut self.journal {
            journal.begin_epoch(self.epoch);
        }
        self.hello_counter = 0;
        self.state = State::Greeting(Greeting { next_at: now, due: true, said: None });
        Ok(self.epoch)
    }

    pub(super) fn leave(&mut self, _now: Instant, come_back_after: Duration) {
        self.publisher.close();
        self.lease.end();
        self.state = match &self.state {
            State::Open(session) => State::Leaving { session: session.id, come_back_after, copies: GOODBYES },
            State::Leaving { .. } => return,
            _ => State::Left,
        };
    }

    /// The session is over: greet anew after a back-off, or after `pause` if that is later.
    pub(super) fn end_session(&mut self, now: Instant, reason: SessionEnd, pause: Duration) {
        if matches!(self.state, State::Open(_)) {
            self.tell(AgentEvent::SessionClosed { reason });
        }
        self.publisher.close();
        if bait!(self.config.baits, BackoffResetEarly) {
            self.backoff.succeeded();
        }
        let wait = self.backoff.next(HELLO_AGAIN, self.config.pace.most_backoff, &mut self.rng).max(pause);
        self.state = State::Greeting(Greeting { next_at: now.after(wait), due: false, said: None });
    }

    /// The lease has run out: the host hears it first, and the agent greets anew.
    pub(super) fn lease_ran_out(&mut self, now: Instant) {
        if matches!(self.state, State::Open(_)) {
            self.end_session(now, SessionEnd::LeaseExpired, Duration::ZERO);
        }
        self.events.push_front(AgentEvent::LeaseExpired);
    }

    /// HELLO goes out now: when the next is due, and with what counter.
    pub(super) fn hello_said(&mut self, now: Instant) {
        self.hello_counter = self.hello_counter.saturating_add(1);
        if bait!(self.config.baits, BackoffResetEarly) {
            self.backoff.succeeded();
        }
        let wait = self.backoff.next(HELLO_AGAIN, self.config.pace.most_backoff, &mut self.rng);
        self.state = State::Greeting(Greeting { next_at: now.after(wait), due: false, said: Some(now) });
    }

    /// The first acknowledgement of OPEN has come: the session is open.
    pub(super) fn open_session(&mut self, now: Instant, opening: Opening, sent: Instant) {
        let meets_first = self.met != Some(opening.nonce);
        self.met = Some(opening.nonce);
        self.backoff.succeeded();
        if crate::bait::bait!(self.config.baits, FramesNumberedAnew) {
            self.next_frame = 1;
        }
        self.metrics.sessions_total += 1;
        self.publisher.begin(&opening.judgement, Some(&opening.standing), meets_first, true);
        let judgement = opening.judgement;
        if judgement.verdict.repairs() {
            self.metrics.snapshots_total += 1;
        }
        if judgement.verdict != crate::wire::Verdict::Resume {
            self.tell(AgentEvent::HistoryDiffers {
                verdict: judgement.verdict,
                controller: judgement.judged,
                base: judgement.base,
                tip: judgement.tip,
            });
        }
        let lease = Duration::from_micros(opening.settings.lease);
        let measured_from = if crate::bait::bait!(self.config.baits, LeaseCountsFromAnswer) { now } else { sent };
        self.lease.begin(lease, self.config.clock_rate_error_ppm, measured_from);
        self.tell(AgentEvent::SessionOpened {
            controller: opening.controller,
            term: opening.term,
            verdict: judgement.verdict,
            lossy: opening.policy == AckPolicy::Received,
        });
        self.state = State::Open(Session {
            id: opening.session,
            nonce: opening.nonce,
            policy: opening.policy,
            settings: opening.settings,
            receipts: Receipts::default(),
            last_sent: now,
            heartbeat_due: false,
            unanswered: None,
            prompts: 0,
            digest_at: now.after(Duration::from_micros(opening.settings.heartbeat)),
            echo: None,
            judged: None,
            answer_due: false,
            sleep: Sleep::default(),
        });
    }

    /// Takes up what a WELCOME offers: its position is judged, and OPEN is due.
    pub(super) fn take_welcome(&mut self, now: Instant, number: FrameNumber, welcome: Welcome) {
        // Each HELLO has a counter of its own, so that the answer gives an unambiguous sample.
        if let State::Greeting(Greeting { said: Some(said), .. }) = &self.state {
            self.publisher.window.rtt.sample(micros(now.since(*said)));
        }
        self.bound_timeouts(welcome.settings);
        // What the new session grants may be less than the old one did: no longer is believed from here on.
        self.lease.shorten(Duration::from_micros(welcome.settings.lease), self.config.clock_rate_error_ppm);
        let maker = crate::publisher::Maker { epoch: welcome.maker_epoch, nonce: welcome.maker_nonce };
        let judgement = self.publisher.judge(welcome.reported.received, maker, self.own(), self.starts_empty(), false);
        self.accept(welcome.term, welcome.nonce, &welcome.controller);
        self.state = State::Opening(Opening {
            session: welcome.session,
            controller: welcome.controller,
            term: welcome.term,
            nonce: welcome.nonce,
            policy: welcome.policy,
            settings: welcome.settings,
            standing: welcome.reported,
            judgement,
            welcome: number,
            first_open: None,
            first_sent: None,
            next_at: now,
            due: true,
            tries: 0,
        });
    }

    fn bound_timeouts(&mut self, settings: Settings) {
        let most = Duration::from_micros(settings.heartbeat / TIMEOUTS_PER_INTERVAL);
        self.publisher.window.rtt.set_most(most.min(self.config.pace.most_backoff));
    }

    /// The controller gives out other settings. They hold at once: what gets longer is in force there already, and what
    /// gets shorter is so there once this agent has said that it goes by it, which it does now, and each time it is told.
    pub(super) fn take_settings(&mut self, now: Instant, settings: Settings) {
        let State::Open(session) = &mut self.state else { return };
        if settings.version < session.settings.version {
            return;
        }
        session.heartbeat_due = true;
        if settings.version == session.settings.version {
            return;
        }
        session.settings = settings;
        session.digest_at = session.digest_at.min(now.after(session.interval()));
        let (heartbeat, lease) = (session.interval(), Duration::from_micros(settings.lease));
        self.lease.set_length(lease, self.config.clock_rate_error_ppm);
        self.bound_timeouts(settings);
        self.tell(AgentEvent::IntervalsChanged { heartbeat, lease });
    }

    /// When an early heartbeat is due: one was not answered, or something received is not yet said to be durable.
    fn prompt_at(&self, session: &Session) -> Option<Instant> {
        let waits = session.unanswered.is_some() || !self.is_durable() && self.publisher.window.is_idle();
        if !waits || session.prompts >= MOST_PROMPTS {
            return None;
        }
        let pause = self.publisher.window.rtt.timeout() * (2 << session.prompts);
        Some(session.last_sent.after(pause)).filter(|at| *at < session.last_sent.after(session.interval()))
    }

    fn heartbeat_at(&self, session: &Session) -> Instant {
        let regular = session.last_sent.after(session.interval());
        let regular = session.sleep.holds_until().map_or(regular, |wakes| wakes.max(regular));
        self.prompt_at(session).map_or(regular, |prompt| prompt.min(regular))
    }

    /// When the session has something to do by itself.
    pub(super) fn session_deadline(&self) -> Option<Due> {
        match &self.state {
            State::Greeting(greeting) => (!greeting.due && self.may_speak()).then_some((greeting.next_at, "hello")),
            State::Opening(opening) => (!opening.due).then_some((opening.next_at, "open")),
            State::Open(session) => {
                let heartbeat = (!session.heartbeat_due).then(|| (self.heartbeat_at(session), "heartbeat"));
                sooner(heartbeat, self.publisher.deadline())
            }
            State::Fenced { .. } | State::Leaving { .. } | State::Left => None,
        }
    }

    /// Does what has become due.
    pub(super) fn session_timeout(&mut self, now: Instant) {
        if self.lease.runs_low(now) {
            self.tell(AgentEvent::LeaseExpiring);
        }
        if matches!(self.state, State::Open(_)) && self.publisher.handle_timeout(now) {
            self.metrics.timeouts_total += 1;
        }
        let heartbeat_at = match &self.state {
            State::Open(session) => self.heartbeat_at(session),
            _ => Instant::FAR,
        };
        match &mut self.state {
            State::Greeting(greeting) if greeting.next_at <= now => greeting.due = true,
            State::Opening(opening) if opening.next_at <= now && !opening.due => {
                let lease = Duration::from_micros(opening.settings.lease);
                let outlived = opening.first_sent.is_some_and(|first| now.since(first) >= lease);
                if outlived || opening.tries >= MOST_OPENS {
                    // The controller has ended what was to be opened: greet anew, at once.
                    self.publisher.close();
                    self.state = State::Greeting(Greeting { next_at: now, due: true, said: None });
                } else {
                    opening.due = true;
                }
            }
            State::Open(session) if heartbeat_at <= now && !session.heartbeat_due => {
                session.heartbeat_due = true;
                if micros(now.since(session.last_sent)) < session.settings.heartbeat {
                    session.prompts += 1;
                }
            }
            _ => {}
        }
    }
}
