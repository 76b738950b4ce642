//! Why a received frame was refused: what is the sender's fault. What networks do (repeats, late frames, gaps, frames of a
//! session remembered as ended) is counted and is no error.

use crate::error::Illegal;
use crate::id::{Epoch, Name, SessionId, Term};
use crate::revision::{Position, Revision};
use crate::wire::{DecodeError, Kind, LimitName};

/// Why a received frame was refused. It changed nothing that it was not entitled to, and was counted once.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// It could not be decoded.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Its session is not known here.
    #[error("frame refused: kind {kind}: session {session} is not known here; nothing was changed")]
    UnknownSession {
        /// What it was.
        kind: Kind,
        /// The session it names.
        session: SessionId,
    },
    /// Such a frame never comes from that side, or not for that stream.
    #[error("frame refused: kind {kind} is not sent to this side; nothing was changed")]
    Unexpected {
        /// What it was.
        kind: Kind,
    },
    /// The peer is bound to another node.
    #[error(
        "HELLO refused: the peer is authenticated as node {bound}, and the frame says {claimed}; nothing was changed"
    )]
    WrongIdentity {
        /// The node that the host authenticated.
        bound: Name,
        /// The node that the frame names.
        claimed: Name,
    },
    /// A limit of HELLO is beyond this controller's.
    #[error("HELLO refused: limit {limit:?} of {given} is above this controller's {most}; nothing was changed")]
    OverLimit {
        /// Which.
        limit: LimitName,
        /// What it says.
        given: u32,
        /// The largest that will do.
        most: u32,
    },
    /// No version in common.
    #[error("HELLO refused: it speaks versions {least} to {most}, and this side speaks 1; nothing was changed")]
    NoCommonVersion {
        /// The lowest it speaks.
        least: u8,
        /// The highest.
        most: u8,
    },
    /// A smaller epoch than was seen of that node, or the same with another nonce.
    #[error("HELLO fenced: node {node} has epoch {seen}{}; nothing was changed", if *.twin { " in another incarnation" } else { "" })]
    Fenced {
        /// The node.
        node: Name,
        /// The epoch seen.
        seen: Epoch,
        /// Whether it is the same one.
        twin: bool,
    },
    /// Too many are being served.
    #[error("{kind} refused: no room for it now; nothing was changed")]
    Busy {
        /// HELLO or OPEN.
        kind: Kind,
    },
    /// Epochs, terms or revisions at the end of u64.
    #[error("frame refused: {field} is at the end of u64; nothing was changed")]
    Exhausted {
        /// Which.
        field: &'static str,
    },
    /// The controller is deposed, or shares its term with another.
    #[error("WELCOME refused: term {term} of {controller} is not above the accepted {accepted}; nothing was changed")]
    Deposed {
        /// The controller.
        controller: Name,
        /// Its term.
        term: Term,
        /// The term accepted.
        accepted: Term,
    },
    /// A delta goes beyond the credit that was given.
    #[error("DELTA refused: revision {to} is beyond the credit given; nothing was changed")]
    BeyondCredit {
        /// Where it leads.
        to: Revision,
    },
    /// An acknowledgement of a position that is not in this agent's history, or of a frame that was never sent.
    #[error("acknowledgement refused: {position} is not in this history; the session is ended, nothing is freed")]
    ForeignPosition {
        /// The position.
        position: Position,
    },
    /// An entry does not follow from the record that is held: the delta was not applied, and a question is under way.
    #[error("DELTA not applied: {illegal}; asking to be judged")]
    Illegal {
        /// Why it does not follow.
        illegal: Illegal,
    },
    /// The frame shows that the two histories or records differ: it was not applied, and a question is under way.
    #[error("{kind} not applied: the histories differ ({symptom}); asking to be judged")]
    Differs {
        /// What it was.
        kind: Kind,
        /// What showed it.
        symptom: crate::wire::Symptom,
    },
}

/// The buffer given to `poll_transmit` is smaller than the frames agreed on. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the buffer has {given} bytes, and frames may have {needed}; nothing was changed")]
pub struct BufferTooSmall {
    /// Bytes of the buffer.
    pub given: usize,
    /// Bytes that it must have.
    pub needed: usize,
}
