//! One record of a journal as bytes: what it is, where it stands in the chain, and whether it is whole. What records say
//! is left to `journal` and `restore`.
//!
//! A record says its length, kind, journal, key, the newest key that was confirmed when it was written, and the check value
//! of the record before it; it ends with its own, the XXH3-64 of all its other bytes. So each can be told whole by itself,
//! and belongs in one place of one journal only.

use xxhash_rust::xxh3::xxh3_64;

/// Bytes before the body: length, kind, journal, key, confirmed, previous check.
pub(crate) const HEAD: usize = 4 + 1 + 8 + 8 + 8 + 8;
/// Bytes after it: the check value.
pub(crate) const CHECK: usize = 8;
/// Bytes of a body at most: a frame, and what may stand before it.
pub(crate) const MOST_BODY: usize = 256 + 65_507;

/// What a record says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum RecordKind {
    /// A checkpoint begins: whose it is, and what state follows.
    Begin,
    /// A part of the state at base.
    State,
    /// The revision of base, and entries after what is journaled.
    Entries,
    /// The controller that was accepted.
    Accepted,
    /// The checkpoint is whole.
    Complete,
    /// A part of a long value, whose registration follows.
    Value,
    /// Of a controller: the batch of a node begins.
    Node,
    /// Of a controller: what stands beside the records of a node, of one task.
    Beside,
    /// Of a controller: the batch is whole.
    Reached,
    /// Of a controller: a node was forgotten.
    Gone,
}

impl RecordKind {
    const ALL: [RecordKind; 10] = [
        RecordKind::Begin,
        RecordKind::State,
        RecordKind::Entries,
        RecordKind::Accepted,
        RecordKind::Complete,
        RecordKind::Value,
        RecordKind::Node,
        RecordKind::Beside,
        RecordKind::Reached,
        RecordKind::Gone,
    ];
}

/// Where a record stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Place {
    /// The journal: one for each life of an agent or a controller.
    pub journal: u64,
    /// Counts the records of a chain, from 1.
    pub key: u64,
    /// The newest key that the host had confirmed.
    pub confirmed: u64,
    /// The check value of the record before; 0 for the first.
    pub previous: u64,
}

/// What is found where a record should be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Found<'a> {
    /// More bytes are needed to tell.
    Short,
    /// No record.
    Bad,
    /// A record.
    Whole { kind: RecordKind, place: Place, body: &'a [u8], check: u64, length: usize },
}

/// Puts head and check around a body that stands at `out[HEAD..HEAD + body]`. Returns the length and the check value.
pub(crate) fn seal(kind: RecordKind, place: Place, body: usize, out: &mut [u8]) -> Option<(usize, u64)> {
    let end = HEAD + body;
    let length = end + CHECK;
    if out.len() < length || body > MOST_BODY {
        return None;
    }
    let code = RecordKind::ALL.iter().position(|known| *known == kind)? as u8;
    out[..4].copy_from_slice(&(length as u32).to_le_bytes());
    out[4] = code;
    for (index, number) in [place.journal, place.key, place.confirmed, place.previous].iter().enumerate() {
        out[5 + 8 * index..13 + 8 * index].copy_from_slice(&number.to_le_bytes());
    }
    let check = xxh3_64(&out[..end]);
    out[end..length].copy_from_slice(&check.to_le_bytes());
    Some((length, check))
}

fn number(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(number)
}

/// Reads the record that begins with `bytes`.
pub(crate) fn read(bytes: &[u8]) -> Found<'_> {
    let Some(length) = bytes.first_chunk::<4>() else { return Found::Short };
    let length = u32::from_le_bytes(*length) as usize;
    if !(HEAD + CHECK..=HEAD + MOST_BODY + CHECK).contains(&length) {
        return Found::Bad;
    }
    if bytes.len() < length {
        return Found::Short;
    }
    let Some(kind) = RecordKind::ALL.get(usize::from(bytes[4])).copied() else { return Found::Bad };
    let end = length - CHECK;
    let check = number(bytes, end);
    if check != xxh3_64(&bytes[..end]) {
        return Found::Bad;
    }
    let place = Place {
        journal: number(bytes, 5),
        key: number(bytes, 13),
        confirmed: number(bytes, 21),
        previous: number(bytes, 29),
    };
    Found::Whole { kind, place, body: &bytes[HEAD..end], check, length }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    const PLACE: Place = Place { journal: 7, key: 3, confirmed: 2, previous: 99 };

    #[test]
    fn a_record_reads_back_and_no_change_of_a_byte_does() {
        let mut out = vec![0; HEAD + 5 + CHECK];
        out[HEAD..HEAD + 5].copy_from_slice(b"hello");
        let (length, check) = seal(RecordKind::Entries, PLACE, 5, &mut out).unwrap();
        let whole = Found::Whole { kind: RecordKind::Entries, place: PLACE, body: b"hello", check, length };
        assert_eq!(read(&out), whole);
        for cut in 0..out.len() {
            assert_eq!(read(&out[..cut]), Found::Short);
        }
        for at in 0..out.len() {
            let mut bad = out.clone();
            bad[at] ^= 1;
            assert_ne!(read(&bad), whole, "byte {at}");
        }
    }

    #[test]
    fn a_buffer_that_is_too_small_takes_nothing() {
        assert_eq!(seal(RecordKind::Complete, PLACE, 0, &mut [0; HEAD + CHECK - 1]), None);
    }
}
