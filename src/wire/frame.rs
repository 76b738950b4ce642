//! The frames of version 1 as values. How they become bytes is left to `codec` (control frames), `delta` and `snapshot`
//! (columns); the bodies that carry a stream are in `data`; what they cause is left to the mechanisms.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::ends::{GoAway, Goodbye, LastWill};
use crate::config::{AckPolicy, Limits};
use crate::id::{Epoch, FrameNumber, Name, Nonce, SessionId, Term};
use crate::revision::{Digest, Position, Revision};
use crate::time::{Instant, UnixMillis};

pub use super::data::{Cells, Chunk, Delta, Sketch, Snapshot};

/// The version of the protocol that this code speaks; the first byte of every frame.
pub const VERSION: u8 = 1;

/// Bytes of a frame that are not its body: version, kind, session (8), frame number (8), and the CRC32C at its end (4).
/// The frame number is a varint of at most this width, so that short sessions pay less.
pub const MOST_AROUND: usize = 1 + 1 + 8 + 10 + 4;

/// What a frame is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Kind {
    /// An agent asks for a session.
    Hello = 1,
    /// The controller offers one.
    Welcome = 2,
    /// The agent judges and opens it.
    Open = 3,
    /// Entries and details.
    Delta = 4,
    /// A part of a state at base.
    Snapshot = 5,
    /// What has been received and what is durable.
    Ack = 6,
    /// A subscriber asks to be judged.
    Ask = 7,
    /// The answer.
    Verdict = 8,
    /// I am here.
    Heartbeat = 9,
    /// A larger incarnation has been seen.
    Fenced = 10,
    /// No session for you now, or no longer.
    Refused = 11,
    /// That session is not known here.
    NoSession = 12,
    /// I leave in good order.
    Goodbye = 13,
    /// A part of a long value.
    Chunk = 14,
    /// Cells that find what differs, asked for or given.
    Sketch = 15,
    /// Go away, and come back later.
    GoAway = 16,
    /// An agent's link is gone, says its carrier.
    LastWill = 17,
}

impl Kind {
    /// All kinds of version 1, in the order of their codes.
    pub const ALL: [Kind; 17] = [
        Kind::Hello,
        Kind::Welcome,
        Kind::Open,
        Kind::Delta,
        Kind::Snapshot,
        Kind::Ack,
        Kind::Ask,
        Kind::Verdict,
        Kind::Heartbeat,
        Kind::Fenced,
        Kind::Refused,
        Kind::NoSession,
        Kind::Goodbye,
        Kind::Chunk,
        Kind::Sketch,
        Kind::GoAway,
        Kind::LastWill,
    ];

    /// The kind of a code.
    pub fn from_code(code: u8) -> Option<Kind> {
        // The codes rise by one.
        Kind::ALL.get(usize::from(code.wrapping_sub(1))).copied()
    }

    /// The name on paper.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Hello => "HELLO",
            Kind::Welcome => "WELCOME",
            Kind::Open => "OPEN",
            Kind::Delta => "DELTA",
            Kind::Snapshot => "SNAPSHOT",
            Kind::Ack => "ACK",
            Kind::Ask => "ASK",
            Kind::Verdict => "VERDICT",
            Kind::Heartbeat => "HEARTBEAT",
            Kind::Fenced => "FENCED",
            Kind::Refused => "REFUSED",
            Kind::NoSession => "NO_SESSION",
            Kind::Goodbye => "GOODBYE",
            Kind::Chunk => "CHUNK",
            Kind::Sketch => "SKETCH",
            Kind::GoAway => "GOAWAY",
            Kind::LastWill => "LAST_WILL",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What stands before every body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// What the frame is.
    pub kind: Kind,
    /// The session that it belongs to, or none.
    pub session: SessionId,
    /// Its number.
    pub number: FrameNumber,
}

/// A frame, whole.
#[derive(Clone, PartialEq, Debug)]
pub struct Frame {
    /// What stands before the body.
    pub header: Header,
    /// The body.
    pub body: Body,
}

/// The body of a frame.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs)]
pub enum Body {
    Hello(Hello),
    Welcome(Welcome),
    Open(Open),
    Delta(Delta),
    Snapshot(Snapshot),
    Ack(Ack),
    Ask(Ask),
    Verdict(Judged),
    Heartbeat(Heartbeat),
    Fenced(Fenced),
    Refused(Refused),
    NoSession(NoSession),
    Goodbye(Goodbye),
    Chunk(Chunk),
    Sketch(Sketch),
    GoAway(GoAway),
    LastWill(LastWill),
}

impl Body {
    /// The kind of frame that this is the body of.
    pub fn kind(&self) -> Kind {
        match self {
            Body::Hello(_) => Kind::Hello,
            Body::Welcome(_) => Kind::Welcome,
            Body::Open(_) => Kind::Open,
            Body::Delta(_) => Kind::Delta,
            Body::Snapshot(_) => Kind::Snapshot,
            Body::Ack(_) => Kind::Ack,
            Body::Ask(_) => Kind::Ask,
            Body::Verdict(_) => Kind::Verdict,
            Body::Heartbeat(_) => Kind::Heartbeat,
            Body::Fenced(_) => Kind::Fenced,
            Body::Refused(_) => Kind::Refused,
            Body::NoSession(_) => Kind::NoSession,
            Body::Goodbye(_) => Kind::Goodbye,
            Body::Chunk(_) => Kind::Chunk,
            Body::Sketch(_) => Kind::Sketch,
            Body::GoAway(_) => Kind::GoAway,
            Body::LastWill(_) => Kind::LastWill,
        }
    }
}

/// Which stream a frame speaks of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum StreamNumber {
    /// What an agent says of its tasks.
    Reported,
    /// What a controller wants.
    Desired,
}

/// How a publisher judges a subscriber's position.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Verdict {
    /// It is on the chain: only what came after it is sent.
    Resume,
    /// The publisher starts with nothing and has let nothing go.
    Empty,
    /// It is below base: a snapshot.
    SubscriberBehind,
    /// It is above the tail: a snapshot.
    PublisherBehind,
    /// Another history, or a twin: a snapshot.
    Fork,
    /// On the chain, but the subscriber's records differ: a snapshot.
    Damaged,
}

impl Verdict {
    /// Whether a snapshot follows.
    pub fn repairs(self) -> bool {
        !matches!(self, Verdict::Resume | Verdict::Empty)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Resume => "resume",
            Verdict::Empty => "empty",
            Verdict::SubscriberBehind => "subscriber-behind",
            Verdict::PublisherBehind => "publisher-behind",
            Verdict::Fork => "fork",
            Verdict::Damaged => "damaged",
        })
    }
}

/// Where a subscriber stands, as HELLO says it of *desired* and WELCOME of *reported*.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Standing {
    /// Its received position.
    pub received: Position,
    /// Its durable revision; 0 for none.
    pub durable: Revision,
    /// The highest revision that it has room for.
    pub credit: Revision,
    /// The stage that it holds, if any: base, position reached, tip.
    pub stage: Option<StageStanding>,
}

/// A stage that a subscriber holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct StageStanding {
    /// The base of its snapshot.
    pub base: Position,
    /// The position reached on it; revision 0 until the snapshot is whole.
    pub position: Position,
    /// The tip at which it switches.
    pub tip: Position,
}

/// A judgement, as WELCOME gives it of *desired*, OPEN of *reported*, VERDICT of either.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Judgement {
    /// The position that was judged.
    pub judged: Position,
    /// The verdict on it.
    pub verdict: Verdict,
    /// The publisher's base.
    pub base: Position,
    /// The publisher's tip: where the subscriber is in step again.
    pub tip: Position,
    /// Whether the stage that the subscriber holds goes on.
    pub go_on: bool,
}

/// An agent asks for a session.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Hello {
    /// The lowest version that the agent speaks.
    pub version_least: u8,
    /// The highest.
    pub version_most: u8,
    /// Capability bits; none are defined in version 1.
    pub capabilities: u64,
    /// The node.
    pub node: Name,
    /// Its incarnation.
    pub epoch: Epoch,
    /// The incarnation's nonce.
    pub nonce: Nonce,
    /// Counts the HELLOs of this incarnation.
    pub counter: u64,
    /// Whether this incarnation started with nothing.
    pub starts_empty: bool,
    /// The base of *reported*.
    pub base: Position,
    /// The tip of *reported*.
    pub tail: Position,
    /// The agent's bounds.
    pub limits: Limits,
    /// The largest term that the agent has accepted; 0 for none.
    pub largest_term: Term,
    /// The agent's wall clock.
    pub wall: UnixMillis,
    /// Where the agent stands in *desired*.
    pub desired: Standing,
}

/// Settings that the controller gives, with their version.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// Grows with each change.
    pub version: u32,
    /// Heartbeat interval, in microseconds.
    pub heartbeat: u64,
    /// Lease, in microseconds.
    pub lease: u64,
}

/// The controller offers a session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Welcome {
    /// Echo of HELLO.
    pub hello_nonce: Nonce,
    /// Echo of HELLO.
    pub hello_counter: u64,
    /// The version that the session will speak.
    pub version: u8,
    /// Capability bits that both sides have.
    pub capabilities: u64,
    /// The controller.
    pub controller: Name,
    /// Its incarnation.
    pub term: Term,
    /// The incarnation's nonce.
    pub nonce: Nonce,
    /// The session offered: [`SessionId::derive`] of both nonces and the counter.
    pub session: SessionId,
    /// When a change counts as durable.
    pub policy: AckPolicy,
    /// Intervals in force.
    pub settings: Settings,
    /// Where the controller stands in *reported*.
    pub reported: Standing,
    /// The epoch of the newest entry applied; 0 for none.
    pub maker_epoch: Epoch,
    /// The nonce of the incarnation in whose session that entry came; 0 if another epoch made it.
    pub maker_nonce: Nonce,
    /// The controller's judgement on *desired*.
    pub desired: Judgement,
    /// The controller's wall clock.
    pub wall: UnixMillis,
}

/// The agent judges, and opens the session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Open {
    /// Echo of WELCOME.
    pub controller_nonce: Nonce,
    /// The judgement on *reported*.
    pub reported: Judgement,
}

/// What has been received and what is durable.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Ack {
    /// The stream that the positions belong to.
    pub stream: StreamNumber,
    /// The largest frame number received in this session.
    pub largest: FrameNumber,
    /// Bit k: frame `largest − 1 − k` was processed, or is held for good.
    pub bitmap: u64,
    /// Microseconds from the coming of `largest` to this acknowledgement.
    pub delay: u64,
    /// The received position; the staged one if `staged`.
    pub position: Position,
    /// Whether a stage is under way.
    pub staged: bool,
    /// The durable revision; 0 for none.
    pub durable: Revision,
    /// The highest revision that there is room for.
    pub credit: Revision,
    /// The version of the settings in force.
    pub settings: u32,
}

impl Ack {
    /// Whether it says that a frame was processed, or is held for good.
    pub fn covers(&self, number: FrameNumber) -> bool {
        match self.largest.0.checked_sub(number.0) {
            Some(0) => true,
            Some(below @ 1..=64) => self.bitmap >> (below - 1) & 1 == 1,
            _ => false,
        }
    }
}

/// A subscriber asks to be judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ask {
    /// The stream.
    pub stream: StreamNumber,
    /// The number of the question.
    pub ask: u32,
    /// The position to be judged.
    pub position: Position,
    /// What made it ask.
    pub symptom: Symptom,
}

/// Why a subscriber asks to be judged.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Symptom {
    /// The tag computed is not the tag sent.
    Tag,
    /// An entry could not be applied.
    Entry,
    /// The digest differs.
    Digest,
    /// A recount found damage.
    Scrub,
    /// A remembered revision came with another tag.
    History,
    /// A snapshot did not add up.
    Stage,
}

impl fmt::Display for Symptom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Symptom::Tag => "tag",
            Symptom::Entry => "entry",
            Symptom::Digest => "digest",
            Symptom::Scrub => "scrub",
            Symptom::History => "history",
            Symptom::Stage => "stage",
        })
    }
}

/// The answer to [`Ask`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Judged {
    /// The stream.
    pub stream: StreamNumber,
    /// The number of the question.
    pub ask: u32,
    /// The judgement.
    pub judgement: Judgement,
}

/// I am here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The tip of the sender's own stream (*reported* from an agent, *desired* from a controller).
    pub tip: Position,
    /// The digest at the tip, when it may be compared.
    pub digest: Option<Digest>,
    /// The sender's monotonic clock when this was sent, in microseconds.
    pub sent: u64,
    /// The newest heartbeat heard from the other side, if any.
    pub echo: Option<Echo>,
    /// The sender's wall clock.
    pub wall: UnixMillis,
    /// The version of the settings in force at the sender.
    pub settings_version: u32,
    /// New settings, from the controller only.
    pub settings: Option<Settings>,
    /// Microseconds from the sending of this for which the sender's silence means nothing; from an agent only, 0 for none.
    pub sleep: u64,
    /// An acknowledgement that rides along.
    pub ack: Option<Ack>,
}

/// What a heartbeat says of the newest one heard.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Echo {
    /// Its frame number.
    pub number: FrameNumber,
    /// Its own send time, as it said.
    pub sent: u64,
    /// When it came, on this side's monotonic clock, in microseconds.
    pub received: u64,
    /// This side's wall clock when it came.
    pub wall: UnixMillis,
}

/// What an answer outside a session answers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Answered {
    /// A HELLO, by its nonce and counter.
    Hello(Nonce, u64),
    /// A WELCOME, by the session that it offered.
    Welcome(SessionId),
    /// A session.
    Session(SessionId),
}

/// A larger incarnation has been seen, or a twin.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Fenced {
    /// What this answers.
    pub answered: Answered,
    /// The incarnation seen: an epoch from a controller, a term from an agent.
    pub seen: u64,
    /// Whether that is an equal one, with another nonce or name.
    pub twin: bool,
}

/// Why a session is refused or ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Refusal {
    /// No common version.
    Version,
    /// A limit is beyond the controller's: its name and the largest that will do follow.
    Limit(LimitName, u32),
    /// The peer is bound to another node.
    Identity,
    /// As many as it can take are being served: come back later.
    Busy,
    /// Its nodes are all in use.
    Nodes,
    /// Epoch, term or revisions are at the end of u64.
    Exhausted,
    /// Repairs have failed too often at one place.
    RepairFailed,
    /// The host ended it.
    Closed,
    /// The node was forgotten.
    Forgotten,
    /// HELLO is too short for its WELCOME: it is said again at once, with [`PADDED_HELLO`](super::PADDED_HELLO) bytes.
    Short,
}

/// Names of the limits of HELLO.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum LimitName {
    Slots,
    Log,
    Metadata,
    Message,
    Result,
    Frame,
    Finals,
    Value,
}

/// No session for you now, or no longer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Refused {
    /// What this answers.
    pub answered: Answered,
    /// Why.
    pub refusal: Refusal,
    /// Microseconds after which to come back; 0 leaves it to the sender of HELLO.
    pub come_back_after: u64,
}

/// That session is not known here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NoSession {
    /// The session.
    pub session: SessionId,
}

/// A time on the wire: microseconds of the sender's own clock.
pub fn sent_at(now: Instant) -> u64 {
    now.as_micros()
}
