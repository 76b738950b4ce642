//! Reads a journal in chunks, record by record along its chain, and tells a torn tail from a corrupt middle. What records
//! say is left to `restore`.
//!
//! Where the chain breaks, reading stops. What follows is only looked through: a later record of the same journal that
//! says that the broken one had been confirmed proves that the store has lost what it had promised, and the journal is
//! refused. Nothing of the kind: the tail was torn by a crash, and is counted and ignored.

use alloc::vec::Vec;

use super::record::{self, Found, Place, RecordKind};
use super::RestoreError;
use crate::bait::{bait, Baits};

/// Where the chain stands after the last good record.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Link {
    pub journal: u64,
    pub key: u64,
    pub check: u64,
}

/// The place where the chain broke.
#[derive(Clone, Copy, Debug)]
struct Break {
    offset: u64,
    /// The key that the record there should have had.
    key: u64,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Reader {
    /// Bytes that are not yet a record.
    pending: Vec<u8>,
    /// Where `pending` begins in all that was given.
    offset: u64,
    link: Option<Link>,
    broken: Option<Break>,
    records: u64,
    /// Bytes from the break to the end.
    ignored: u64,
    #[cfg_attr(not(feature = "bait"), allow(dead_code))]
    baits: Baits,
}

impl Reader {
    pub(crate) fn new(baits: Baits) -> Reader {
        Reader { baits, ..Reader::default() }
    }

    /// The chain's end.
    pub(crate) fn link(&self) -> Option<Link> {
        self.link
    }

    /// Good records read.
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    /// Where the torn tail begins, if there is one, and how many bytes it has. The journal goes on from here.
    pub(crate) fn torn(&self) -> Option<(u64, u64)> {
        self.broken.map(|broken| (broken.offset, self.ignored))
    }

    /// All bytes given so far.
    fn given(&self) -> u64 {
        self.offset + self.pending.len() as u64
    }

    /// Takes the next bytes, and hands over each record that they make whole, with its offset.
    ///
    /// # Errors
    /// [`RestoreError`] of `each`, or when a confirmed record is bad.
    pub(crate) fn feed(
        &mut self,
        chunk: &[u8],
        mut each: impl FnMut(u64, RecordKind, &[u8]) -> Result<(), RestoreError>,
    ) -> Result<(), RestoreError> {
        self.pending.extend_from_slice(chunk);
        self.read(false, &mut each)
    }

    /// All has been given: what looked like the beginning of a longer record is none.
    ///
    /// # Errors
    /// As [`Reader::feed`].
    pub(crate) fn end(
        &mut self,
        mut each: impl FnMut(u64, RecordKind, &[u8]) -> Result<(), RestoreError>,
    ) -> Result<(), RestoreError> {
        let given = self.given();
        let result = self.read(true, &mut each);
        self.ignored = self.broken.map_or(0, |broken| given - broken.offset);
        result
    }

    fn read(
        &mut self,
        ended: bool,
        each: &mut impl FnMut(u64, RecordKind, &[u8]) -> Result<(), RestoreError>,
    ) -> Result<(), RestoreError> {
        let mut bytes = core::mem::take(&mut self.pending);
        let mut at = 0;
        let result = loop {
            match record::read(&bytes[at..]) {
                _ if at == bytes.len() => break Ok(()),
                Found::Short if !ended => break Ok(()),
                Found::Whole { kind, place, body, check, length } => {
                    let offset = self.offset + at as u64;
                    match self.follow(offset, kind, place, check) {
                        Ok(true) => {
                            if let Err(error) = each(offset, kind, body) {
                                break Err(error);
                            }
                            at += length;
                        }
                        Ok(false) => at += if self.broken.is_some_and(|b| b.offset == offset) { 1 } else { length },
                        Err(error) => break Err(error),
                    }
                }
                Found::Short | Found::Bad => {
                    self.break_at(self.offset + at as u64);
                    at += 1;
                }
            }
        };
        self.offset += at as u64;
        bytes.drain(..at);
        self.pending = bytes;
        result
    }

    /// Whether a whole record goes on from the chain.
    fn follow(&mut self, offset: u64, kind: RecordKind, place: Place, check: u64) -> Result<bool, RestoreError> {
        let begins = kind == RecordKind::Begin;
        let follows = match self.link {
            None => begins,
            // Another life goes on from where it was restored to, also past a tail that it found torn.
            Some(link) if place.journal != link.journal => begins && place.previous == link.check,
            Some(_) if bait!(self.baits, RecordsCheckedAlone) => true,
            Some(link) => place.key == link.key.saturating_add(1) && place.previous == link.check,
        };
        let fresh = self.broken.is_none() || begins && self.link.is_some_and(|link| place.journal != link.journal);
        if follows && fresh {
            self.broken = None;
            self.link = Some(Link { journal: place.journal, key: place.key, check });
            self.records += 1;
            return Ok(true);
        }
        self.break_at(offset);
        let Some(link) = self.link else {
            // Nothing that was confirmed, or told, can be missing from a journal of which nothing was confirmed.
            return if place.confirmed > 0 { Err(RestoreError::NoCheckpoint { offset }) } else { Ok(false) };
        };
        match self.broken {
            Some(_) if bait!(self.baits, CorruptIsTorn) => Ok(false),
            Some(broken) if place.journal == link.journal && place.confirmed >= broken.key => {
                Err(RestoreError::Corrupt { offset: broken.offset, key: broken.key })
            }
            _ => Ok(false),
        }
    }

    fn break_at(&mut self, offset: u64) {
        let key = self.link.map_or(1, |link| link.key.saturating_add(1));
        self.broken.get_or_insert(Break { offset, key });
    }
}
