//! deposed-is-inert: once a peer has accepted a larger term or epoch, frames of a smaller one change nothing that it holds.

use taskwire::wire::Body;
use taskwire::{Digest, LeaseView, Phase, Position, SessionId};

use super::{Check, Invariant};
use crate::hold;
use crate::link::Harm;
use crate::world::host::{Arrival, Sent};
use crate::world::World;

/// What a deposed controller may not change at an agent.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Kept {
    base: Position,
    tip: Position,
    digest: Digest,
    lease: LeaseView,
}

/// An agent before a frame of a controller that it has seen deposed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InertBefore {
    kept: Kept,
    phase: Phase,
    session: Option<SessionId>,
}

impl World {
    fn kept(&self, p: usize) -> Kept {
        let agent = &self.agents[p].agent;
        let lease = agent.lease(self.agents[p].shadow.last_call);
        Kept { base: agent.base(), tip: agent.tip(), digest: agent.table().digest(), lease }
    }

    /// Before an agent hears a frame: whether it is of a controller of a smaller term than it has accepted.
    pub(crate) fn before_deposed_frame(&mut self, p: usize, arrival: &Arrival) -> Option<InertBefore> {
        let sent = arrival.sent.as_ref().filter(|_| arrival.harm == Harm::None)?;
        // A FENCED names an epoch, not a term: fenced-only-by-larger looks at it.
        if matches!(sent.frame.body, Body::Fenced(_)) || sent.term == 0 || sent.term >= self.agents[p].shadow.accepted {
            return None;
        }
        let agent = &self.agents[p].agent;
        Some(InertBefore { kept: self.kept(p), phase: agent.phase(), session: agent.session() })
    }

    /// After it: all that a controller could command or free is as it was, and no session began.
    pub(crate) fn after_deposed_frame(&mut self, p: usize, sent: &Sent, before: InertBefore) -> Check {
        if self.agents[p].shadow.lapsed {
            return Ok(()); // time has ended its lease in the same call
        }
        let misled = self.tally.met(Invariant::DeposedIsInert);
        let (kept, agent) = (self.kept(p), &self.agents[p].agent);
        let began = (agent.phase(), agent.session()) != (before.phase, before.session)
            && matches!(agent.phase(), Phase::Opening | Phase::Open);
        hold!(
            DeposedIsInert,
            kept == before.kept && !began && !misled,
            "p{p}: {} of term {} changed {:?} ({:?}) to {kept:?} ({:?}), and term {} is accepted",
            sent.frame,
            sent.term,
            before.kept,
            before.phase,
            agent.phase(),
            self.agents[p].shadow.accepted
        );
        Ok(())
    }

    /// Notes which term an agent has accepted by a WELCOME.
    pub(crate) fn note_accepted(&mut self, p: usize, sent: &Sent, phase_before: Phase) {
        if let Body::Welcome(welcome) = &sent.frame.body {
            let process = &mut self.agents[p];
            if process.agent.phase() == Phase::Opening && phase_before == Phase::Greeting {
                process.shadow.accepted = process.shadow.accepted.max(welcome.term.0);
            }
        }
    }

    /// Whether a frame is of an incarnation of an agent that the controller has seen replaced: of a smaller epoch, or of an
    /// equal one under another nonce.
    pub(crate) fn is_of_replaced(&self, n: usize, sent: &Sent) -> bool {
        let agent = &self.agents[sent.process].agent;
        let (epoch, nonce) = (sent.epoch, agent.nonce());
        self.nodes[n].opened.is_some_and(|(e, no, _)| epoch < e || epoch == e && nonce != no)
    }

    /// The controller has heard such a frame: what it holds of the node is as it was.
    pub(crate) fn check_replaced(&mut self, n: usize, sent: &Sent, unchanged: bool) -> Check {
        let misled = self.tally.met(Invariant::DeposedIsInert);
        hold!(
            DeposedIsInert,
            unchanged && !misled,
            "n{n}: {} of epoch {} had an effect, and {:?} has replaced it",
            sent.frame,
            sent.epoch,
            self.nodes[n].opened
        );
        Ok(())
    }
}
