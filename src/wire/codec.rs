//! What stands around every body: header, extensions, checksum; and the one way in and the one way out for every kind of
//! frame. The columns of DELTA and the records of SNAPSHOT are left to `delta`, `columns` and `snapshot`, the fields of
//! control bodies to postcard (out) and `strict` (in).

use super::checksum::crc32c;
use super::chunk;
use super::columns;
use super::delta::DeltaWriter;
use super::error::{DecodeError, Fault, NoRoom};
use super::frame::{Body, Delta, Frame, Header, Kind, VERSION};
use super::hot;
use super::reader::Reader;
use super::sketch;
use super::snapshot;
use super::strict;
use super::writer::{varint_length, Writer};
use crate::config::Limits;
use crate::id::{Epoch, FrameNumber, SessionId};

/// A HELLO with this many bytes is long enough for any WELCOME: an unauthenticated frame is never answered with more bytes
/// than it had.
pub const PADDED_HELLO: usize = 400;

/// A HELLO has at least this many bytes, which no other answer to it exceeds. One that is shorter than its WELCOME is
/// answered with REFUSED.
pub const LEAST_HELLO: usize = 128;

/// The extension that pads a HELLO: zeros. Not critical.
pub const PADDING: u64 = 0;

/// Bytes of the checksum at the end of a frame.
pub(super) const CHECKSUM: usize = 4;

/// The shortest frame: version, kind, session, a frame number of one byte, no body, checksum.
pub(super) const SHORTEST: usize = 1 + 1 + 8 + 1 + CHECKSUM;

/// What a decoder holds the fields of a frame to. The default are the protocol's own maxima.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Slots are below this.
    pub slots: u32,
    /// Bytes of metadata.
    pub metadata: u32,
    /// Bytes of a message.
    pub message: u32,
    /// Bytes of a result.
    pub result: u32,
    /// Bytes of a frame.
    pub frame: u32,
    /// Bytes of a long value.
    pub value: u32,
    /// The epoch of the session: entries made in it do not say so. Without it (0), such entries come with epoch 0.
    pub session_epoch: Epoch,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            slots: 1 << 20,
            metadata: 65_507,
            message: 65_507,
            result: 65_507,
            frame: 65_507,
            value: Limits::MOST_VALUE,
            session_epoch: Epoch(0),
        }
    }
}

impl Bounds {
    /// The bounds that an agent's limits make, in a session of this epoch.
    pub fn of(limits: &Limits, session_epoch: Epoch) -> Bounds {
        Bounds {
            slots: limits.slots,
            metadata: limits.metadata,
            message: limits.message,
            result: limits.result,
            frame: limits.frame,
            value: limits.value,
            session_epoch,
        }
    }
}

/// Decodes a frame whole. A DELTA's or SNAPSHOT's parts are new vectors: [`decode_into`] is the way without them.
///
/// # Errors
/// [`DecodeError`] names the first fault found, its field and its byte.
pub fn decode(bytes: &[u8], bounds: &Bounds) -> Result<Frame, DecodeError> {
    let mut delta = Delta::default();
    let (header, body) = decode_into(bytes, bounds, &mut delta)?;
    let body = if header.kind == Kind::Delta { Body::Delta(delta) } else { body };
    Ok(Frame { header, body })
}

/// Decodes a frame whole; the content of a DELTA goes into `delta`, whose vectors are cleared and used again, and the
/// body returned is then an empty delta. Frames of other kinds leave `delta` alone.
///
/// # Errors
/// [`DecodeError`] names the first fault found, its field and its byte; `delta` is then empty, or untouched.
pub fn decode_into(bytes: &[u8], bounds: &Bounds, delta: &mut Delta) -> Result<(Header, Body), DecodeError> {
    let (header, mut reader) = open(bytes, bounds.frame)?;
    if header.kind == Kind::Delta {
        let read = columns::read(&mut reader, bounds, delta).and_then(|()| extensions(&mut reader));
        if let Err(error) = read {
            delta.entries.clear();
            delta.details.clear();
            return Err(error);
        }
        return Ok((header, Body::Delta(Delta::default())));
    }
    let body = control(header.kind, &mut reader, bounds)?;
    extensions(&mut reader)?;
    if header.kind == Kind::Hello && bytes.len() < LEAST_HELLO {
        let fault = Fault::Padding { found: bytes.len(), least: LEAST_HELLO };
        return Err(reader.fail("padding", reader.at(), fault));
    }
    Ok((header, body))
}

/// Decodes a frame as an agent hears it: of the kinds that only agents send, and of those that carry a stream, the header
/// alone is read, and no body given. So an agent has no reader of what it refuses anyway.
///
/// # Errors
/// [`DecodeError`] names the first fault found, its field and its byte.
pub fn decode_for_agent(bytes: &[u8]) -> Result<(Header, Option<Body>), DecodeError> {
    let (header, mut reader) = open(bytes, Bounds::default().frame)?;
    let body = said_to_agents(header.kind, &mut reader)?;
    if body.is_some() {
        extensions(&mut reader)?;
    }
    Ok((header, body))
}

/// Reads what stands before the body, the checksum checked, the body untouched.
///
/// # Errors
/// [`DecodeError`] when the frame is cut, damaged, or of an unknown version or kind.
pub fn peek(bytes: &[u8]) -> Result<Header, DecodeError> {
    open(bytes, u32::MAX).map(|(header, _)| header)
}

/// The header, and the bytes of body and extensions.
fn open(bytes: &[u8], bound: u32) -> Result<(Header, Reader<'_>), DecodeError> {
    let whole = Reader::new(bytes, 0, None);
    if bytes.len() > bound as usize {
        let fault = Fault::FrameBeyond { length: bytes.len(), bound: bound as usize };
        return Err(whole.fail("frame", 0, fault));
    }
    let Some((covered, said)) = bytes.split_last_chunk::<CHECKSUM>().filter(|_| bytes.len() >= SHORTEST) else {
        return Err(whole.fail("frame", 0, Fault::Cut { needed: SHORTEST, left: bytes.len() }));
    };
    let (said, computed) = (u32::from_le_bytes(*said), crc32c(covered));
    if said != computed {
        return Err(whole.fail("checksum", covered.len(), Fault::Checksum { said, computed }));
    }
    let mut reader = Reader::new(covered, 0, None);
    let version = reader.u8("version")?;
    if version != VERSION {
        return Err(reader.fail("version", 0, Fault::Version { found: version, expected: VERSION }));
    }
    let code = reader.u8("kind")?;
    let Some(kind) = Kind::from_code(code) else {
        return Err(reader.fail("kind", 1, Fault::UnknownKind(code)));
    };
    let mut reader = Reader::new(covered, reader.at(), Some(kind));
    let session = SessionId(reader.fixed_u64("session")?);
    let number = FrameNumber(reader.varint_to("number", 0, u64::MAX - 1)?);
    Ok((Header { kind, session, number }, reader))
}

/// The body of every kind but DELTA, which has a way of its own.
fn control(kind: Kind, reader: &mut Reader<'_>, bounds: &Bounds) -> Result<Body, DecodeError> {
    if let Some(body) = said_to_agents(kind, reader)? {
        return Ok(body);
    }
    Ok(match kind {
        Kind::Hello => Body::Hello(strict::read(reader)?),
        Kind::Open => Body::Open(strict::read(reader)?),
        Kind::Verdict => Body::Verdict(strict::read(reader)?),
        Kind::LastWill => Body::LastWill(strict::read(reader)?),
        Kind::Snapshot => Body::Snapshot(snapshot::read(reader, bounds)?),
        Kind::Chunk => Body::Chunk(chunk::read(reader, bounds)?),
        _ => return Err(reader.fail("kind", 1, Fault::UnknownKind(kind as u8))),
    })
}

/// The body of the kinds that a controller may send to an agent; none for the others, which are not touched.
#[inline]
fn said_to_agents(kind: Kind, reader: &mut Reader<'_>) -> Result<Option<Body>, DecodeError> {
    Ok(Some(match kind {
        Kind::Welcome => Body::Welcome(strict::read(reader)?),
        Kind::Ack => Body::Ack(match hot::ack(reader) {
            Some(ack) => ack,
            None => strict::read(reader)?,
        }),
        Kind::Ask => Body::Ask(strict::read(reader)?),
        Kind::Heartbeat => Body::Heartbeat(match hot::heartbeat(reader) {
            Some(heartbeat) => heartbeat,
            None => strict::read(reader)?,
        }),
        Kind::Fenced => Body::Fenced(strict::read(reader)?),
        Kind::Refused => Body::Refused(strict::read(reader)?),
        Kind::NoSession => Body::NoSession(strict::read(reader)?),
        Kind::Goodbye => Body::Goodbye(strict::read(reader)?),
        Kind::GoAway => Body::GoAway(strict::read(reader)?),
        Kind::Sketch => Body::Sketch(sketch::read(reader)?),
        Kind::Hello | Kind::Open | Kind::Verdict | Kind::Delta | Kind::Snapshot | Kind::Chunk | Kind::LastWill => {
            return Ok(None)
        }
    }))
}

/// What follows a body: (type and critical bit, length, value), any number of times. Version 1 knows the padding alone.
#[inline]
fn extensions(reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    if reader.left() == 0 {
        return Ok(());
    }
    read_extensions(reader)
}

#[cold]
fn read_extensions(reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    while reader.left() > 0 {
        let start = reader.at();
        let head = reader.varint("extension type")?;
        let (kind, critical) = (head >> 1, head & 1 == 1);
        let length_at = reader.at();
        let length = reader.varint("extension length")?;
        if length > reader.left() as u64 {
            let fault = Fault::Cut { needed: usize::try_from(length).unwrap_or(usize::MAX), left: reader.left() };
            return Err(reader.fail("extension length", length_at, fault));
        }
        let value_at = reader.at();
        let value = reader.bytes("extension value", length as usize)?;
        if kind == PADDING {
            if let Some(at) = value.iter().position(|byte| *byte != 0) {
                return Err(reader.fail("padding", value_at + at, Fault::SpareBits(value[at].into())));
            }
        } else if critical {
            return Err(reader.fail("extension type", start, Fault::CriticalExtension(kind)));
        }
    }
    Ok(())
}

/// Encodes a frame of any kind into `out` and returns its length. The kind is the body's; an entry of a DELTA says its
/// epoch unless it is 0.
///
/// # Errors
/// [`NoRoom`] when `out` is too small (a frame's bound is always enough for what the API accepted).
pub fn encode(header: Header, body: &Body, out: &mut [u8]) -> Result<usize, NoRoom> {
    let room = out.len();
    let header = Header { kind: body.kind(), ..header };
    match body {
        Body::Delta(delta) => DeltaWriter::new().write_whole(header, delta, out).ok_or(NoRoom { room }),
        Body::Snapshot(snapshot) => snapshot::write_whole(header, snapshot, out).ok_or(NoRoom { room }),
        Body::Chunk(chunk) => chunk::write_whole(header, chunk, out).ok_or(NoRoom { room }),
        Body::Sketch(sketch) => sketch::write(header, sketch, out).ok_or(NoRoom { room }),
        Body::Hello(body) => encode_control(header, body, out),
        Body::Welcome(body) => encode_control(header, body, out),
        Body::Open(body) => encode_control(header, body, out),
        Body::Ack(body) => encode_with(header, out, |writer| hot::write_ack(body, writer)),
        Body::Ask(body) => encode_control(header, body, out),
        Body::Verdict(body) => encode_control(header, body, out),
        Body::Heartbeat(body) => encode_with(header, out, |writer| hot::write_heartbeat(body, writer)),
        Body::Fenced(body) => encode_control(header, body, out),
        Body::Refused(body) => encode_control(header, body, out),
        Body::NoSession(body) => encode_control(header, body, out),
        Body::Goodbye(body) => encode_control(header, body, out),
        Body::GoAway(body) => encode_control(header, body, out),
        Body::LastWill(body) => encode_control(header, body, out),
    }
}

/// Encodes a frame whose body is written by hand.
fn encode_with(header: Header, out: &mut [u8], write: impl FnOnce(&mut Writer<'_>)) -> Result<usize, NoRoom> {
    let room = out.len();
    let mut writer = Writer::new(out);
    write_header(header, &mut writer);
    write(&mut writer);
    seal(writer).ok_or(NoRoom { room })
}

/// Encodes a frame with the control body of the kind that its header says.
pub(crate) fn encode_control<T: serde::Serialize>(header: Header, body: &T, out: &mut [u8]) -> Result<usize, NoRoom> {
    let padded = if header.kind == Kind::Hello { PADDED_HELLO } else { 0 };
    encode_padded(header, body, padded, out)
}

/// The same, with at least `padded` bytes.
pub(crate) fn encode_padded<T: serde::Serialize>(
    header: Header,
    body: &T,
    padded: usize,
    out: &mut [u8],
) -> Result<usize, NoRoom> {
    let room = out.len();
    let mut writer = Writer::new(out);
    write_header(header, &mut writer);
    writer.postcard(body);
    pad(&mut writer, padded);
    seal(writer).ok_or(NoRoom { room })
}

pub(super) fn write_header(header: Header, writer: &mut Writer<'_>) {
    writer.put_array([VERSION, header.kind as u8]);
    writer.fixed_u64(header.session.0);
    writer.varint(header.number.0);
}

/// Appends the padding extension, so that the frame has at least so many bytes, or one more where the length's own varint
/// makes it so.
fn pad(writer: &mut Writer<'_>, padded: usize) {
    let missing = padded.saturating_sub(writer.at() + CHECKSUM);
    if missing == 0 {
        return;
    }
    let head = varint_length(PADDING << 1);
    let mut zeros = missing.saturating_sub(head + varint_length(missing.saturating_sub(head + 1) as u64));
    if head + varint_length(zeros as u64) + zeros < missing {
        zeros += 1;
    }
    writer.varint(PADDING << 1);
    writer.varint(zeros as u64);
    writer.zeros(zeros);
}

/// Appends the checksum; the whole length, or nothing if something has not fitted.
pub(super) fn seal(mut writer: Writer<'_>) -> Option<usize> {
    let checksum = crc32c(writer.written());
    writer.put(&checksum.to_le_bytes());
    writer.is_whole().then(|| writer.at())
}
