//! How one entry's change, a record's standing and a payload are written beside the columns: the operations of a DELTA,
//! forms with flags, and values with their length. The columns themselves are left to `delta` and `columns`.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::codec::Bounds;
use super::error::{DecodeError, Fault};
use super::reader::{unzigzag, zigzag, Reader};
use super::writer::push_varint;
use crate::task::{Exit, Payload, Reason, Source, State, Status, TraceContext};
use crate::value::Value;

/// The operations of an entry: the low three bits of its first byte.
pub(super) mod op {
    pub(in crate::wire) const REGISTER: u8 = 0;
    pub(in crate::wire) const RUNNING: u8 = 1;
    pub(in crate::wire) const SUCCEEDED: u8 = 2;
    pub(in crate::wire) const FAILED: u8 = 3;
    pub(in crate::wire) const CANCELLED: u8 = 4;
    pub(in crate::wire) const RETRY: u8 = 5;
    pub(in crate::wire) const FORGET: u8 = 6;
    pub(in crate::wire) const GENERAL: u8 = 7;
}

/// The time code of an entry that says its time beside the columns.
pub(super) const TIME_ESCAPE: u8 = 31;

/// What a general entry is: the low three bits of its form.
pub(super) const FORM_REGISTER: u8 = 0;
/// An entry of a kind that this version does not know.
pub(super) const FORM_UNKNOWN: u8 = 6;

/// Flags of a register form.
pub(super) const REGISTER_METADATA: u8 = 1 << 3;
/// The registration has a payload.
pub(super) const REGISTER_PAYLOAD: u8 = 1 << 4;
/// The registration has a long value as metadata: length and hash stand here, and the bytes travel apart.
pub(super) const REGISTER_LONG: u8 = 1 << 5;

const REASON: u8 = 1 << 3;
const SOURCE: u8 = 1 << 4;
const EXIT_SHIFT: u8 = 5;
const PAYLOAD: u8 = 1 << 7;

const MESSAGE: u8 = 1;
const MESSAGE_CUT: u8 = 1 << 1;
const RESULT: u8 = 1 << 2;
const TRACE: u8 = 1 << 3;
const EXT: u8 = 1 << 4;

/// Bytes of an extension of a record, or of the body of an unknown entry, at most: so that a record with every value at
/// its bound still fits into a frame.
pub const MOST_EXT: u32 = 32;

/// The operation of a status that has a short form.
pub(super) fn plain(status: &Status) -> Option<u8> {
    if status.payload.as_deref().is_some_and(|p| *p != Payload::default()) || status.source != Source::HOST {
        return None;
    }
    match (status.state, status.exit, status.reason) {
        (State::Running, Exit::None, Reason::NONE) => Some(op::RUNNING),
        (State::Succeeded, Exit::Code(0), Reason::NONE) => Some(op::SUCCEEDED),
        (State::Failed, Exit::Code(code), Reason::EXIT_CODE) if code != 0 => Some(op::FAILED),
        (State::Cancelled, Exit::None, Reason::CANCELLED_BY_HOST) => Some(op::CANCELLED),
        (State::Pending, Exit::None, Reason::NONE) => Some(op::RETRY),
        _ => None,
    }
}

/// The status of an operation that has a short form; FAILED is given its exit code by the caller.
#[inline(always)]
pub(super) fn of_plain(operation: u8) -> Status {
    let (state, exit, reason) = match operation {
        op::RUNNING => (State::Running, Exit::None, Reason::NONE),
        op::SUCCEEDED => (State::Succeeded, Exit::Code(0), Reason::NONE),
        op::FAILED => (State::Failed, Exit::None, Reason::EXIT_CODE),
        op::CANCELLED => (State::Cancelled, Exit::None, Reason::CANCELLED_BY_HOST),
        _ => (State::Pending, Exit::None, Reason::NONE),
    };
    Status { reason, exit, ..Status::new(state) }
}

fn state_code(state: State) -> u8 {
    match state {
        State::Pending => 1,
        State::Running => 2,
        State::Succeeded => 3,
        State::Failed => 4,
        State::Cancelled => 5,
    }
}

pub(super) fn state_of(code: u8) -> Option<State> {
    State::ALL.get(usize::from(code).wrapping_sub(1)).copied()
}

/// Writes a state in one byte, as a form without flags.
pub(super) fn push_state(out: &mut Vec<u8>, state: State) {
    out.push(state_code(state));
}

/// Writes a status in full: form, then what its flags announce.
pub(super) fn push_status(out: &mut Vec<u8>, status: &Status) {
    let payload = status.payload.as_deref().filter(|p| **p != Payload::default());
    let (exit_kind, exit) = match status.exit {
        Exit::None => (0u8, 0),
        Exit::Code(code) => (1, code),
        Exit::Signal(signal) => (2, signal),
    };
    let mut form = state_code(status.state) | exit_kind << EXIT_SHIFT;
    form |= if status.reason == Reason::NONE { 0 } else { REASON };
    form |= if status.source == Source::HOST { 0 } else { SOURCE };
    form |= if payload.is_some() { PAYLOAD } else { 0 };
    out.push(form);
    if status.reason != Reason::NONE {
        push_varint(out, status.reason.0.into());
    }
    if status.source != Source::HOST {
        out.push(status.source.0);
    }
    if exit_kind > 0 {
        push_varint(out, zigzag(exit.into()));
    }
    if let Some(payload) = payload {
        push_payload(out, payload);
    }
}

/// Reads what follows the form of a status.
pub(super) fn read_status(
    reader: &mut Reader<'_>,
    form: u8,
    form_at: usize,
    bounds: &Bounds,
) -> Result<Status, DecodeError> {
    let Some(state) = state_of(form & 7) else {
        return Err(reader.fail("state", form_at, Fault::Code((form & 7).into())));
    };
    let mut status = Status::new(state);
    if form & REASON != 0 {
        let at = reader.at();
        let code = reader.varint_of("reason", 16)?;
        status.reason = Reason(reader.within("reason", at, code, 1, u16::MAX.into())? as u16);
    }
    if form & SOURCE != 0 {
        let at = reader.at();
        let code = reader.u8("source")?;
        status.source = Source(reader.within("source", at, code.into(), 1, u8::MAX.into())? as u8);
    }
    status.exit = match form >> EXIT_SHIFT & 3 {
        0 => Exit::None,
        1 => Exit::Code(read_i32(reader, "exit code")?),
        2 => Exit::Signal(read_i32(reader, "signal")?),
        code => return Err(reader.fail("exit", form_at, Fault::Code(code.into()))),
    };
    if form & PAYLOAD != 0 {
        status.payload = Some(Arc::new(read_payload(reader, bounds)?));
    }
    Ok(status)
}

/// A 32-bit number that may be negative, zigzagged.
pub(super) fn read_i32(reader: &mut Reader<'_>, field: &'static str) -> Result<i32, DecodeError> {
    Ok(unzigzag(reader.varint_of(field, 32)?) as i32)
}

/// Writes a payload that says something: flags, then what they announce.
pub(super) fn push_payload(out: &mut Vec<u8>, payload: &Payload) {
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    out.push(
        flag(!payload.message.is_empty(), MESSAGE)
            | flag(payload.message_cut, MESSAGE_CUT)
            | flag(!payload.result.is_empty(), RESULT)
            | flag(payload.trace.is_some(), TRACE)
            | flag(!payload.ext.is_empty(), EXT),
    );
    for value in [&payload.message, &payload.result] {
        if !value.is_empty() {
            push_value(out, value);
        }
    }
    if let Some(trace) = &payload.trace {
        out.extend_from_slice(&trace.trace_id);
        out.extend_from_slice(&trace.span_id);
        out.push(trace.flags);
    }
    if !payload.ext.is_empty() {
        push_value(out, &payload.ext);
    }
}

fn read_payload(reader: &mut Reader<'_>, bounds: &Bounds) -> Result<Payload, DecodeError> {
    let at = reader.at();
    let flags = reader.u8("payload")?;
    if flags == 0 {
        return Err(reader.fail("payload", at, Fault::NotShortest));
    }
    if flags >> 5 != 0 {
        return Err(reader.fail("payload", at, Fault::SpareBits((flags >> 5 << 5).into())));
    }
    let mut payload = Payload { message_cut: flags & MESSAGE_CUT != 0, ..Payload::default() };
    if flags & MESSAGE != 0 {
        payload.message = read_value(reader, "message", 1, bounds.message)?;
    }
    if flags & RESULT != 0 {
        payload.result = read_value(reader, "result", 1, bounds.result)?;
    }
    if flags & TRACE != 0 {
        payload.trace = Some(TraceContext {
            trace_id: reader.array::<16>("trace id")?,
            span_id: reader.array::<8>("span id")?,
            flags: reader.u8("trace flags")?,
        });
    }
    if flags & EXT != 0 {
        payload.ext = read_value(reader, "ext", 1, MOST_EXT)?;
    }
    Ok(payload)
}

/// Reads a payload where a flag has announced one.
pub(super) fn read_shared_payload(
    reader: &mut Reader<'_>,
    bounds: &Bounds,
) -> Result<Option<Arc<Payload>>, DecodeError> {
    read_payload(reader, bounds).map(|payload| Some(Arc::new(payload)))
}

/// Writes a long value: its length, then its hash.
pub(super) fn push_long(out: &mut Vec<u8>, value: &Value) {
    push_varint(out, value.len() as u64);
    out.extend_from_slice(&value.hash().to_le_bytes());
}

/// Reads a long value, whose bytes are not there.
pub(super) fn read_long(reader: &mut Reader<'_>, field: &'static str, bound: u32) -> Result<Value, DecodeError> {
    let at = reader.at();
    let length = reader.varint(field)?;
    let length = long_length(reader, field, at, length, bound)?;
    Ok(Value::pending(length, reader.fixed_u64("metadata hash")?))
}

/// The length of a long value, within its bound.
pub(super) fn long_length(
    reader: &Reader<'_>,
    field: &'static str,
    at: usize,
    length: u64,
    bound: u32,
) -> Result<u32, DecodeError> {
    if length > u64::from(bound) {
        return Err(reader.fail(field, at, Fault::ValueBeyond { length, bound }));
    }
    Ok(reader.within(field, at, length, 1, bound.into())? as u32)
}

/// Writes a value: its length, then its bytes.
pub(super) fn push_value(out: &mut Vec<u8>, value: &Value) {
    push_varint(out, value.len() as u64);
    out.extend_from_slice(value.as_bytes());
}

/// Reads a value of `least` to `bound` bytes; nothing is allocated before its bytes are seen to be there.
pub(super) fn read_value(
    reader: &mut Reader<'_>,
    field: &'static str,
    least: u64,
    bound: u32,
) -> Result<Value, DecodeError> {
    let at = reader.at();
    let length = reader.varint(field)?;
    if length > u64::from(bound) {
        return Err(reader.fail(field, at, Fault::ValueBeyond { length, bound }));
    }
    reader.within(field, at, length, least, bound.into())?;
    Ok(Value::new(reader.bytes(field, length as usize)?))
}
