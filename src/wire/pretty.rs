//! A frame on one line, for logs, traces and test scripts. It shows what a reader needs to follow a conversation; the
//! bytes themselves are shown by whoever has them.

use core::fmt;

use super::frame::{
    Ack, Answered, Body, Cells, Chunk, Delta, Frame, Heartbeat, Hello, Judgement, LimitName, Refusal, Sketch, Snapshot,
    Standing, StreamNumber, Welcome,
};
use crate::revision::Revision;
use crate::task::{Change, Detail, Entry, Exit, Payload, Reason, Source, Status};

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.header.number, self.header.kind)?;
        self.body.fmt(f)
    }
}

impl fmt::Display for Body {
    /// The body as it stands on the line of its frame: what follows the kind, with a blank before it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Body::Hello(hello) => write_hello(f, hello),
            Body::Welcome(welcome) => write_welcome(f, welcome),
            Body::Open(open) => {
                write!(f, " controller nonce {}, reported", open.controller_nonce)?;
                write_judgement(f, &open.reported)
            }
            Body::Delta(delta) => write_delta(f, delta),
            Body::Snapshot(part) => write_snapshot(f, part),
            Body::Ack(ack) => write_ack(f, ack),
            Body::Ask(ask) => {
                write!(f, " {} {} at {}, symptom {}", ask.stream, ask.ask, ask.position, ask.symptom)
            }
            Body::Verdict(judged) => {
                write!(f, " {} {}", judged.stream, judged.ask)?;
                write_judgement(f, &judged.judgement)
            }
            Body::Heartbeat(heartbeat) => write_heartbeat(f, heartbeat),
            Body::Fenced(fenced) => {
                write!(f, " {}, seen {}{}", fenced.answered, fenced.seen, if fenced.twin { " (twin)" } else { "" })
            }
            Body::Refused(refused) => {
                write!(f, " {}: {}", refused.answered, refused.refusal)?;
                write_come_back(f, refused.come_back_after)
            }
            Body::Chunk(chunk) => write_chunk(f, chunk),
            Body::Sketch(sketch) => write_sketch(f, sketch),
            Body::NoSession(none) => write!(f, " {}", none.session),
            Body::Goodbye(goodbye) => {
                write!(f, " tip {}", goodbye.tip)?;
                write_come_back(f, goodbye.come_back_after)
            }
            Body::GoAway(away) => write_come_back(f, away.come_back_after),
            Body::LastWill(will) => write!(f, " of epoch {}", will.epoch),
        }
    }
}

impl fmt::Display for StreamNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StreamNumber::Reported => "reported",
            StreamNumber::Desired => "desired",
        })
    }
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answered::Hello(nonce, counter) => write!(f, "to hello {nonce}/{counter}"),
            Answered::Welcome(session) => write!(f, "to welcome {session}"),
            Answered::Session(session) => write!(f, "to session {session}"),
        }
    }
}

impl fmt::Display for LimitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LimitName::Slots => "slots",
            LimitName::Log => "log",
            LimitName::Metadata => "metadata",
            LimitName::Message => "message",
            LimitName::Result => "result",
            LimitName::Frame => "frame",
            LimitName::Finals => "finals",
            LimitName::Value => "value",
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Version => "no common version",
            Refusal::Limit(name, most) => return write!(f, "limit {name} is at most {most}"),
            Refusal::Identity => "the peer is another node",
            Refusal::Busy => "busy",
            Refusal::Nodes => "no room for another node",
            Refusal::Exhausted => "numbers used up",
            Refusal::RepairFailed => "repairs failed",
            Refusal::Closed => "closed",
            Refusal::Forgotten => "the node was forgotten",
            Refusal::Short => "too short for its answer",
        })
    }
}

fn write_come_back(f: &mut fmt::Formatter<'_>, after: u64) -> fmt::Result {
    if after > 0 {
        write!(f, ", come back after {after} µs")?;
    }
    Ok(())
}

fn write_standing(f: &mut fmt::Formatter<'_>, name: &str, standing: &Standing) -> fmt::Result {
    write!(f, ", {name} received {} durable {} credit {}", standing.received, standing.durable, standing.credit)?;
    if let Some(stage) = &standing.stage {
        write!(f, " stage {} at {} to {}", stage.base, stage.position, stage.tip)?;
    }
    Ok(())
}

fn write_judgement(f: &mut fmt::Formatter<'_>, judgement: &Judgement) -> fmt::Result {
    let Judgement { judged, verdict, base, tip, go_on } = judgement;
    write!(f, " {verdict} for {judged}, base {base}, tip {tip}{}", if *go_on { ", go on" } else { "" })
}

fn write_hello(f: &mut fmt::Formatter<'_>, hello: &Hello) -> fmt::Result {
    write!(f, " {} epoch {} nonce {}/{}", hello.node.as_str().escape_debug(), hello.epoch, hello.nonce, hello.counter)?;
    if hello.version_least != 1 || hello.version_most != 1 {
        write!(f, " versions {}..{}", hello.version_least, hello.version_most)?;
    }
    write!(f, ", base {}, tail {}", hello.base, hello.tail)?;
    if hello.starts_empty {
        f.write_str(", starts empty")?;
    }
    write!(f, ", largest term {}", hello.largest_term)?;
    write_standing(f, "desired", &hello.desired)
}

fn write_welcome(f: &mut fmt::Formatter<'_>, welcome: &Welcome) -> fmt::Result {
    write!(f, " {} term {} nonce {}", welcome.controller.as_str().escape_debug(), welcome.term, welcome.nonce)?;
    write!(f, " to hello {}/{}: session {}", welcome.hello_nonce, welcome.hello_counter, welcome.session)?;
    write_standing(f, "reported", &welcome.reported)?;
    write!(f, ", maker {}/{}, desired", welcome.maker_epoch, welcome.maker_nonce)?;
    write_judgement(f, &welcome.desired)
}

fn write_ack(f: &mut fmt::Formatter<'_>, ack: &Ack) -> fmt::Result {
    write!(f, " {}", ack.largest)?;
    if ack.stream == StreamNumber::Desired {
        f.write_str(" desired")?;
    }
    if ack.bitmap != 0 {
        write!(f, " bitmap {:x}", ack.bitmap)?;
    }
    let received = if ack.staged { "staged" } else { "received" };
    write!(f, " {received} {} durable {} credit {}", ack.position, ack.durable, ack.credit)
}

fn write_heartbeat(f: &mut fmt::Formatter<'_>, heartbeat: &Heartbeat) -> fmt::Result {
    write!(f, " tip {}", heartbeat.tip)?;
    if let Some(digest) = heartbeat.digest {
        write!(f, " digest {digest}")?;
    }
    write!(f, " sent {}", heartbeat.sent)?;
    if let Some(echo) = &heartbeat.echo {
        write!(f, " echo {} sent {} received {}", echo.number, echo.sent, echo.received)?;
    }
    write!(f, " settings {}", heartbeat.settings_version)?;
    if let Some(settings) = &heartbeat.settings {
        write!(f, " new settings {}: {} µs, lease {} µs", settings.version, settings.heartbeat, settings.lease)?;
    }
    if heartbeat.sleep > 0 {
        write!(f, ", sleeps for {} µs", heartbeat.sleep)?;
    }
    if let Some(ack) = &heartbeat.ack {
        f.write_str("; ack")?;
        write_ack(f, ack)?;
    }
    Ok(())
}

fn write_delta(f: &mut fmt::Formatter<'_>, delta: &Delta) -> fmt::Result {
    write!(f, " ({},{}] tag {}", delta.from, delta.to(), delta.tag)?;
    for (index, entry) in delta.entries.iter().enumerate() {
        let revision = Revision(delta.from.0.saturating_add(index as u64 + 1));
        f.write_str(if index == 0 { " " } else { ", " })?;
        write_entry(f, entry, revision)?;
    }
    for (slot, detail) in &delta.details {
        write!(f, "; s{slot}")?;
        write_detail(f, detail)?;
    }
    if let Some(digest) = delta.digest {
        write!(f, "; digest {digest}")?;
    }
    if let Some(ack) = &delta.ack {
        f.write_str("; ack")?;
        write_ack(f, ack)?;
    }
    Ok(())
}

fn write_entry(f: &mut fmt::Formatter<'_>, entry: &Entry, revision: Revision) -> fmt::Result {
    write!(f, "{revision}: s{} ", entry.slot)?;
    match &entry.change {
        Change::Register { id, metadata, payload } => {
            write!(f, "register {id}")?;
            if let Some(metadata) = metadata {
                write!(f, " metadata {} bytes", metadata.len())?;
            }
            write_payload(f, payload.as_deref())
        }
        Change::Move(status) => write_status(f, status),
        Change::Forget { registered } => write!(f, "forget registered {registered}"),
        Change::Unknown { kind, bytes } => write!(f, "kind {kind} {} bytes", bytes.len()),
    }
}

fn write_status(f: &mut fmt::Formatter<'_>, status: &Status) -> fmt::Result {
    write!(f, "{}", status.state)?;
    if status.exit != Exit::None {
        write!(f, " {}", status.exit)?;
    }
    if status.reason != Reason::NONE {
        write!(f, " {}", status.reason)?;
    }
    if status.source != Source::HOST {
        write!(f, " by {}", status.source)?;
    }
    write_payload(f, status.payload.as_deref())
}

fn write_text(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    write!(f, " \"{}\"", bytes.escape_ascii())
}

fn write_payload(f: &mut fmt::Formatter<'_>, payload: Option<&Payload>) -> fmt::Result {
    let Some(payload) = payload else { return Ok(()) };
    if !payload.message.is_empty() {
        write_text(f, payload.message.as_bytes())?;
    }
    if payload.message_cut {
        f.write_str(" (cut)")?;
    }
    if !payload.result.is_empty() {
        write!(f, " result {} bytes", payload.result.len())?;
    }
    if let Some(trace) = &payload.trace {
        f.write_str(" trace ")?;
        trace.trace_id.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
    }
    if !payload.ext.is_empty() {
        write!(f, " ext {} bytes", payload.ext.len())?;
    }
    Ok(())
}

fn write_detail(f: &mut fmt::Formatter<'_>, detail: &Detail) -> fmt::Result {
    if let Some(progress) = detail.progress {
        write!(f, " {progress}%")?;
    }
    if let Some(message) = detail.message.as_deref() {
        write_text(f, message.as_bytes())?;
    }
    Ok(())
}

fn write_snapshot(f: &mut fmt::Formatter<'_>, part: &Snapshot) -> fmt::Result {
    write!(f, " base {} digest {} [{},{}) of {}", part.base, part.digest, part.first, part.next, part.total)?;
    if part.patch {
        f.write_str(" patch")?;
    }
    for record in &part.records {
        write!(f, ", s{} {} {} #{} {}", record.slot, record.id, record.newest, record.number, record.state)?;
    }
    for slot in &part.emptied {
        write!(f, ", s{slot} empty")?;
    }
    for last in &part.finals {
        write!(f, ", final {} {} #{} {}", last.id, last.registered, last.number, last.state)?;
    }
    Ok(())
}

fn write_chunk(f: &mut fmt::Formatter<'_>, chunk: &Chunk) -> fmt::Result {
    let end = u64::from(chunk.offset) + chunk.bytes.len() as u64;
    write!(f, " s{} registered {}: bytes [{},{end}) of {}", chunk.slot, chunk.registered, chunk.offset, chunk.total)
}

fn write_sketch(f: &mut fmt::Formatter<'_>, sketch: &Sketch) -> fmt::Result {
    let (verb, first, count) = match &sketch.cells {
        Cells::Wanted { first, count } => ("wants", *first, u64::from(*count)),
        Cells::Given { first, bytes } => ("gives", *first, (bytes.len() / super::CELL_BYTES) as u64),
    };
    write!(f, " base {} {verb} cells [{first},{})", sketch.base, u64::from(first) + count)
}
