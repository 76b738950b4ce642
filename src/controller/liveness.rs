//! What silence means by agreement: sleeps that nodes announce, agents that are sent away for a while, and last wills that
//! carriers deliver. What becomes of a node that is silent is left to `reach`.

use core::time::Duration;

use super::Controller;
use crate::config::ConfigError;
use crate::id::{NodeId, PeerId};
use crate::receive_error::ReceiveError;
use crate::time::{micros, Instant};
use crate::wire::{Body, GoAway, Header, Kind, LastWill};

/// The longest spread of the times to come back: a day.
const MOST_SPREAD: Duration = Duration::from_secs(86_400);

impl Controller {
    /// A heartbeat says for how long its agent will be silent, in microseconds; 0 for not at all.
    pub(super) fn hear_sleep(&mut self, now: Instant, id: NodeId, sleep: u64) {
        let lease_time = self.lease_time();
        let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        let sleeps = node.silent_until > lease_time;
        let until_then = lease_time.saturating_add(sleep);
        let away = node.session.as_ref().is_some_and(|session| session.away.is_some());
        // An agent that was sent away goes by that as soon as it hears of it.
        if sleep == 0 && node.silent_until_at.is_none() || away && until_then < node.silent_until {
            return;
        }
        if sleep == 0 {
            node.forbid_silence();
        } else {
            let until = now.after(Duration::from_micros(sleep));
            node.allow_silence(until_then, until);
            if !sleeps {
                node.tell_sleep(until);
                self.note_news(id);
            }
        }
        self.watch_again(id);
        self.note_standing(id);
    }

    /// Sends the agents of all open sessions away, each for a time of its own between nothing and `spread`, at most a day:
    /// so that they do not all come back at once, when this controller stops for a while or has too much to do. They are
    /// believed in meanwhile, and a lease longer. What they still send is taken, and answered by sending them away again.
    /// Agents that greet are welcomed as ever. One that is away already keeps its time. Returns how many are away.
    ///
    /// # Errors
    /// [`ConfigError`] for a spread above a day; nothing is changed.
    pub fn go_away(&mut self, now: Instant, spread: Duration) -> Result<usize, ConfigError> {
        let now = self.enter(now);
        let most = micros(MOST_SPREAD);
        let given = micros(spread);
        if given > most {
            return Err(ConfigError::OutOfRange { field: "spread", given, least: 0, most });
        }
        let lease_time = self.lease_time();
        let ids = (0..self.nodes.len() as u32).map(NodeId);
        let mut count = 0;
        for id in ids {
            let pause = self.rng.between(0, given);
            let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { continue };
            let Some(session) = node.session.as_mut() else { continue };
            count += 1;
            // Once a session: a host that repeats itself would keep up the belief in one who is gone.
            if session.away.is_some() {
                continue;
            }
            let until = now.after(Duration::from_micros(pause));
            session.away = Some(until);
            session.away_due = true;
            // A sleep that lasts longer stays as it is.
            if node.silent_until < lease_time.saturating_add(pause) {
                node.allow_silence(lease_time.saturating_add(pause), until);
            }
            self.watch_again(id);
            self.note_standing(id);
            self.note_send(id);
        }
        Ok(count)
    }

    /// The frame by which an agent is sent away, if it is to be told now.
    pub(super) fn go_away_frame(&mut self, now: Instant, id: NodeId, until: Instant) -> Option<(PeerId, Header, Body)> {
        let node = self.node_mut(id)?;
        let session = node.session.as_mut()?;
        if !core::mem::take(&mut session.away_due) {
            return None;
        }
        let (session_id, peer) = (session.id, session.peer);
        let number = node.next_number();
        let header = Header { kind: Kind::GoAway, session: session_id, number };
        Some((peer, header, Body::GoAway(GoAway { come_back_after: micros(until.since(now)) })))
    }

    /// A carrier says that the link of a node is gone: it is suspect at once, if this is the session and the incarnation
    /// that made the will. It renews nothing, whoever brings it, and however often.
    pub(super) fn hear_last_will(&mut self, id: NodeId, header: Header, will: LastWill) -> Result<(), ReceiveError> {
        self.metrics.frames_control_total += 1;
        let Some(node) = self.node_ref(id) else { return Ok(()) };
        let made_by =
            node.session.as_ref().filter(|session| session.id == header.session).map(|session| session.by.epoch);
        if made_by == Some(will.epoch) {
            self.doubt(id);
        }
        Ok(())
    }
}
