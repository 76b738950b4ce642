//! What an agent's host says in advance of its silence, and what carriers may say for it: `sleep_for`, the last will; and
//! being sent away by the controller. How sessions open and end is left to `session`.

use core::time::Duration;

use super::session::State;
use super::{Agent, AgentEvent, SessionEnd};
use crate::bait::bait;
use crate::id::FrameNumber;
use crate::lease::MOST_SLEEP;
use crate::receive_error::{BufferTooSmall, ReceiveError};
use crate::time::{micros, Instant};
use crate::wire::{encode, Ack, Body, GoAway, Header, Kind, LastWill};

/// The longest time to come back that is obeyed.
const MOST_AWAY: Duration = Duration::from_secs(86_400);
/// Heartbeats that told of a sleep and are not answered, of which any may still be.
const MOST_SAID: usize = 8;
/// The most bytes that a last will has.
const WILL: usize = 48;

/// Why a sleep could not be announced. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SleepError {
    /// No session is open: nobody believes in this agent, asleep or not.
    #[error("no session is open, so nobody can be told of a sleep; nothing was changed")]
    NoSession,
    /// It is longer than 30 days.
    #[error("a sleep of {given_s} s is longer than {most_s} s; nothing was changed")]
    TooLong {
        /// Seconds given.
        given_s: u64,
        /// The most seconds.
        most_s: u64,
    },
}

/// A heartbeat that told of a sleep.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Said {
    number: FrameNumber,
    sent: Instant,
    sleep: Duration,
}

/// The silence that a session was told of.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Sleep {
    /// Until when silence means nothing, as heartbeats say.
    told: Option<Instant>,
    /// What the host wants in its place, if it is less: said once the lease holds without the sleep.
    wanted: Option<Instant>,
    said: alloc::vec::Vec<Said>,
    confirmed: bool,
}

impl Sleep {
    /// Until when no heartbeat is due, as the controller has confirmed.
    pub(super) fn holds_until(&self) -> Option<Instant> {
        self.told.filter(|_| self.confirmed && self.wanted.is_none())
    }
}

impl Agent {
    /// Says in advance that this agent will be silent for `duration`, as a node does that wakes rarely: until then its silence
    /// means nothing to the controller, and its lease begins only afterwards. It holds here once the controller has confirmed
    /// it (`SleepConfirmed`): sleep after that. No heartbeats are due meanwhile; what happens to tasks is told as ever. A
    /// shorter duration, or zero, takes back what was said before. It belongs to this session: say it again in a new one.
    ///
    /// # Errors
    /// [`SleepError`]; nothing is changed.
    pub fn sleep_for(&mut self, now: Instant, duration: Duration) -> Result<(), SleepError> {
        let now = self.enter(now);
        if duration > MOST_SLEEP {
            return Err(SleepError::TooLong { given_s: duration.as_secs(), most_s: MOST_SLEEP.as_secs() });
        }
        let State::Open(session) = &mut self.state else { return Err(SleepError::NoSession) };
        let until = now.after(duration);
        let sleep = &mut session.sleep;
        match sleep.told.filter(|told| *told > now) {
            None if duration.is_zero() => return Ok(()),
            // Less than was said: the belief is cut first, which an answer must allow.
            Some(told) if until < told => sleep.wanted = Some(until),
            _ => *sleep = Sleep { told: Some(until), ..Sleep::default() },
        }
        session.heartbeat_due = true;
        if bait!(self.config.baits, SleepHeldUnconfirmed) {
            self.lease.allow_silence(now, duration, self.config.clock_rate_error_ppm);
        }
        Ok(())
    }

    /// What a heartbeat that is sent now in frame `number` says of a sleep, in microseconds.
    pub(super) fn tell_sleep(&mut self, now: Instant, number: FrameNumber) -> u64 {
        let State::Open(session) = &mut self.state else { return 0 };
        let sleep = &mut session.sleep;
        let Some(told) = sleep.told.filter(|told| *told > now) else {
            *sleep = Sleep::default();
            return 0;
        };
        if sleep.said.len() == MOST_SAID {
            sleep.said.remove(0);
        }
        let left = told.since(now);
        sleep.said.push(Said { number, sent: now, sleep: left });
        micros(left)
    }

    /// An acknowledgement may confirm a sleep, and lets a shorter one take its place.
    pub(super) fn hear_of_sleep(&mut self, renewed: bool, ack: &Ack) {
        let State::Open(session) = &mut self.state else { return };
        let sleep = &mut session.sleep;
        let Some(told) = sleep.told else { return };
        if let Some(wanted) = sleep.wanted.filter(|_| renewed) {
            *sleep = Sleep { told: Some(wanted), ..Sleep::default() };
            session.heartbeat_due = true;
            self.lease.forbid_silence();
            return;
        }
        let Some(index) = sleep.said.iter().rposition(|said| ack.covers(said.number)) else { return };
        let said = sleep.said[index];
        sleep.said.drain(..=index);
        self.lease.allow_silence(said.sent, said.sleep, self.config.clock_rate_error_ppm);
        if !core::mem::replace(&mut sleep.confirmed, true) {
            self.tell(AgentEvent::SleepConfirmed { until: told });
        }
    }

    /// A frame, ready-made, that a carrier with a last will (MQTT) may publish when it finds this agent's link gone: the
    /// controller takes the node for suspect then. It stands for this very session: make it anew when another opens. `None`
    /// without a session.
    ///
    /// # Errors
    /// [`BufferTooSmall`] when `buffer` has fewer than 48 bytes.
    pub fn last_will(&self, buffer: &mut [u8]) -> Result<Option<usize>, BufferTooSmall> {
        if buffer.len() < WILL {
            return Err(BufferTooSmall { given: buffer.len(), needed: WILL });
        }
        let Some(session) = self.session() else { return Ok(None) };
        let header = Header { kind: Kind::LastWill, session, number: FrameNumber(0) };
        let body = Body::LastWill(LastWill { epoch: self.epoch });
        Ok(encode(header, &body, buffer).ok())
    }

    /// The controller sends this agent away for a while, and believes in it meanwhile.
    pub(super) fn hear_go_away(&mut self, now: Instant, away: GoAway) -> Result<(), ReceiveError> {
        self.metrics.frames_control_total += 1;
        let pause = Duration::from_micros(away.come_back_after).min(MOST_AWAY);
        if let (State::Open(_), Some(heard)) = (&self.state, self.lease.renewed()) {
            // What was answered had been sent before the controller sent it away: its silence began no earlier.
            self.lease.allow_silence(heard, pause, self.config.clock_rate_error_ppm);
        }
        self.end_session(now, SessionEnd::SentAway, pause);
        Ok(())
    }
}
