//! Puts an agent's state together from the records of a journal. How records are found in the bytes is left to `reader`,
//! what an agent does with the state to `agent`.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::reader::{Link, Reader};
use super::record::RecordKind;
use super::{Accepted, Begin, JOURNAL_FORMAT};
use crate::config::AgentConfig;
use crate::error::Illegal;
use crate::id::{Epoch, Name, TaskId, Term};
use crate::publisher::Publisher;
use crate::revision::{Digest, Position, Revision};
use crate::snapshot::Ranges;
use crate::stream::Reported;
use crate::task::Change;
use crate::time::Instant;
use crate::value::Value;
use crate::wire::{decode_into, Body, Bounds, DecodeError, Delta};

/// Why an agent, or a controller, could not be restored. None exists: nothing is half-restored.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// A record that the host had confirmed cannot be read: the store has lost what it promised.
    #[error("journal: record {key} at byte {offset} was confirmed and cannot be read: the store is damaged; nothing was restored")]
    Corrupt {
        /// The byte at which the record should begin, counted over all that was given.
        offset: u64,
        /// Its key.
        key: u64,
    },
    /// The first record is not the beginning of a checkpoint: records before it are missing.
    #[error("journal: byte {offset} is not the beginning of a checkpoint: earlier records are missing; nothing was restored")]
    NoCheckpoint {
        /// The byte at which the first record begins.
        offset: u64,
    },
    /// The journal is of another node, or the store of another controller.
    #[error("journal: it is of {found}, not of {expected}; nothing was restored")]
    OtherNode {
        /// The node that wrote it.
        found: Name,
        /// The node of the configuration.
        expected: Name,
    },
    /// A later version wrote it.
    #[error("journal: byte {offset} is of form {found}, and this version reads up to {most}; nothing was restored")]
    Format {
        /// The byte at which the checkpoint begins.
        offset: u64,
        /// Its form.
        found: u8,
        /// The newest form that is read.
        most: u8,
    },
    /// The epoch given is not above that of the life that wrote the journal.
    #[error("journal: epoch {given} is not above {stored}, in which it was written; give a larger one; nothing was restored")]
    EpochNotLarger {
        /// The epoch of the configuration.
        given: Epoch,
        /// The epoch of the journal.
        stored: Epoch,
    },
    /// The term given is not above that in which the store was written.
    #[error(
        "store: term {given} is not above {stored}, in which it was written; give a larger one; nothing was restored"
    )]
    TermNotLarger {
        /// The term of the configuration.
        given: Term,
        /// The term of the store.
        stored: Term,
    },
    /// A whole record does not say what a record can say.
    #[error("journal: the record at byte {offset} cannot be understood: {error}; nothing was restored")]
    Undecodable {
        /// Where it begins.
        offset: u64,
        /// What is wrong.
        error: DecodeError,
    },
    /// An entry or a record of the state does not follow, or goes beyond the bounds of the configuration.
    #[error("journal: the record at byte {offset} cannot be applied: {error}; nothing was restored")]
    Illegal {
        /// Where it begins.
        offset: u64,
        /// Why not.
        error: Illegal,
    },
    /// A whole record does not fit to those before it.
    #[error("journal: the record at byte {offset} does not fit to those before it ({what}); nothing was restored")]
    Inconsistent {
        /// Where it begins.
        offset: u64,
        /// What does not fit.
        what: &'static str,
    },
    /// What was stored is more than the configuration has room for.
    #[error(
        "journal: {what} of {stored} were stored, and the configuration has room for {bound}; nothing was restored"
    )]
    BeyondLimits {
        /// The bound: `slots`, `log` or `nodes`.
        what: &'static str,
        /// What was stored.
        stored: u64,
        /// The bound of the configuration.
        bound: u64,
    },
}

/// What was found in a journal.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Restored {
    /// Records read.
    pub records: u64,
    /// The epoch in which the journal was written; `None` when it was empty.
    pub epoch: Option<Epoch>,
    /// Entries that are not durable at the controller, as far as the journal knows.
    pub entries: u64,
    /// Where a torn tail begins, in bytes of what was given, if there is one; what follows it was ignored.
    pub torn_at: Option<u64>,
    /// Bytes ignored there.
    pub ignored_bytes: u64,
    /// Tasks that had not ended: what became of them is for the host to find out.
    pub unfinished: Vec<TaskId>,
}

/// A checkpoint that is being read, or was.
#[derive(Clone, Debug)]
struct Life {
    begin: Begin,
    covered: Ranges,
    publisher: Publisher<Reported>,
    accepted: Option<Accepted>,
    /// Long values whose registration has not come yet.
    values: BTreeMap<Revision, Vec<u8>>,
}

impl Life {
    /// Puts the bytes of a long value in the place of its length and hash.
    fn value(
        &mut self,
        offset: u64,
        registered: Revision,
        metadata: &mut Option<Arc<Value>>,
    ) -> Result<(), RestoreError> {
        let Some(pending) = metadata.as_ref().filter(|metadata| metadata.is_long()) else { return Ok(()) };
        let value = Value::long(&self.values.remove(&registered).unwrap_or_default());
        if (value.len(), value.hash()) != (pending.len(), pending.hash()) {
            return Err(RestoreError::Inconsistent { offset, what: "a registration without its long value" });
        }
        *metadata = Some(Arc::new(value));
        Ok(())
    }
}

/// What is known so far.
#[derive(Clone, Debug)]
pub(crate) struct Restoring {
    reader: Reader,
    kept: Kept,
}

#[derive(Clone, Debug)]
struct Kept {
    config: AgentConfig,
    seed: u64,
    /// The newest checkpoint that is whole, with what was written after it.
    whole: Option<Life>,
    /// A checkpoint that is not whole yet.
    building: Option<Life>,
    scratch: Delta,
}

/// What a restored agent begins with.
pub(crate) struct Stored {
    pub publisher: Option<Publisher<Reported>>,
    pub accepted: Option<Accepted>,
    pub link: Option<Link>,
    pub restored: Restored,
}

impl Stored {
    /// Of an agent that knows no task.
    pub(crate) fn nothing() -> Stored {
        Stored { publisher: None, accepted: None, link: None, restored: Restored::default() }
    }
}

impl Restoring {
    pub(crate) fn new(config: AgentConfig, seed: u64) -> Restoring {
        let reader = Reader::new(config.baits);
        let kept = Kept { config, seed, whole: None, building: None, scratch: Delta::default() };
        Restoring { reader, kept }
    }

    pub(crate) fn replay(&mut self, chunk: &[u8]) -> Result<(), RestoreError> {
        let kept = &mut self.kept;
        self.reader.feed(chunk, |offset, kind, body| kept.take(offset, kind, body))
    }

    /// All has been given.
    pub(crate) fn finish(mut self) -> Result<Stored, RestoreError> {
        let kept = &mut self.kept;
        self.reader.end(|offset, kind, body| kept.take(offset, kind, body))?;
        let torn = self.reader.torn();
        let mut restored = Restored {
            records: self.reader.records(),
            torn_at: torn.map(|(at, _)| at),
            ignored_bytes: torn.map_or(0, |(_, bytes)| bytes),
            ..Restored::default()
        };
        let Some(mut life) = self.kept.whole.take() else {
            return Ok(Stored { publisher: None, accepted: None, link: self.reader.link(), restored });
        };
        let limits = &self.kept.config.limits;
        let (log, slots) = (life.publisher.log.len() as u64, life.publisher.table.slots_used());
        for (what, stored, bound) in [("log", log, limits.log), ("slots", slots.into(), limits.slots)] {
            if stored > u64::from(bound) {
                return Err(RestoreError::BeyondLimits { what, stored, bound: bound.into() });
            }
        }
        life.publisher.settle_slots();
        restored.epoch = Some(life.begin.epoch);
        restored.entries = log;
        restored.unfinished = life.publisher.table.iter().filter(|r| !r.state.is_ended()).map(|r| r.id).collect();
        Ok(Stored { publisher: Some(life.publisher), accepted: life.accepted, link: self.reader.link(), restored })
    }
}

impl Kept {
    fn take(&mut self, offset: u64, kind: RecordKind, body: &[u8]) -> Result<(), RestoreError> {
        match kind {
            RecordKind::Begin => self.begin(offset, body),
            RecordKind::State => self.state(offset, body),
            RecordKind::Entries => self.entries(offset, body),
            RecordKind::Accepted => {
                let accepted = plain(offset, body)?;
                self.life(offset)?.accepted = Some(accepted);
                Ok(())
            }
            RecordKind::Complete => self.complete(offset),
            RecordKind::Value => self.value(offset, body),
            RecordKind::Node | RecordKind::Beside | RecordKind::Reached | RecordKind::Gone => {
                Err(RestoreError::Inconsistent { offset, what: "a record of a controller's store" })
            }
        }
    }

    /// The life that a record is about: that of the checkpoint under way, or the one that is whole.
    fn life(&mut self, offset: u64) -> Result<&mut Life, RestoreError> {
        let life = self.building.as_mut().or(self.whole.as_mut());
        life.ok_or(RestoreError::Inconsistent { offset, what: "no checkpoint has begun" })
    }

    fn begin(&mut self, offset: u64, body: &[u8]) -> Result<(), RestoreError> {
        // The form stands first, and is all that is read of a later one.
        let found = body.first().copied().unwrap_or(0);
        if found == 0 || found > JOURNAL_FORMAT {
            return Err(RestoreError::Format { offset, found, most: JOURNAL_FORMAT });
        }
        let begin: Begin = plain(offset, body)?;
        if begin.node != self.config.node {
            return Err(RestoreError::OtherNode { found: begin.node, expected: self.config.node.clone() });
        }
        if begin.epoch >= self.config.epoch {
            return Err(RestoreError::EpochNotLarger { given: self.config.epoch, stored: begin.epoch });
        }
        let publisher = Publisher::new(self.config.limits, &self.config.pace, self.seed, self.config.baits);
        self.building =
            Some(Life { begin, covered: Ranges::default(), publisher, accepted: None, values: BTreeMap::new() });
        Ok(())
    }

    fn decode(&mut self, offset: u64, epoch: Epoch, frame: &[u8]) -> Result<Body, RestoreError> {
        let bounds = Bounds { session_epoch: epoch, ..Bounds::default() };
        let (_, body) = decode_into(frame, &bounds, &mut self.scratch)
            .map_err(|error| RestoreError::Undecodable { offset, error })?;
        Ok(body)
    }

    fn state(&mut self, offset: u64, frame: &[u8]) -> Result<(), RestoreError> {
        let what = "a state that its checkpoint does not announce";
        let Body::Snapshot(part) = self.decode(offset, Epoch(0), frame)? else {
            return Err(RestoreError::Inconsistent { offset, what });
        };
        let Some(life) = &mut self.building else { return Err(RestoreError::Inconsistent { offset, what }) };
        let announced = (life.begin.base, life.begin.digest, life.begin.slots, life.begin.total);
        if (part.base, part.digest, part.slots, part.total) != announced {
            return Err(RestoreError::Inconsistent { offset, what });
        }
        for mut record in part.records {
            life.value(offset, record.registered.revision, &mut record.metadata)?;
            life.publisher.place(record).map_err(|error| RestoreError::Illegal { offset, error })?;
        }
        life.publisher.finals.extend(part.finals);
        life.covered.cover(part.first, part.next);
        if life.covered.covers(life.begin.total) {
            settle(life, offset)?;
        }
        Ok(())
    }

    fn value(&mut self, offset: u64, frame: &[u8]) -> Result<(), RestoreError> {
        let what = "a part of a long value that does not follow on the one before";
        let Body::Chunk(chunk) = self.decode(offset, Epoch(0), frame)? else {
            return Err(RestoreError::Inconsistent { offset, what });
        };
        let value = self.life(offset)?.values.entry(chunk.registered).or_default();
        if chunk.offset as usize != value.len() {
            return Err(RestoreError::Inconsistent { offset, what });
        }
        value.extend_from_slice(&chunk.bytes);
        Ok(())
    }

    fn entries(&mut self, offset: u64, body: &[u8]) -> Result<(), RestoreError> {
        let epoch = self.life(offset)?.begin.epoch;
        let Some((base, frame)) = body.split_first_chunk::<8>() else {
            return Err(RestoreError::Inconsistent { offset, what: "entries without the revision of base" });
        };
        let base = Revision(u64::from_le_bytes(*base));
        let Body::Delta(_) = self.decode(offset, epoch, frame)? else {
            return Err(RestoreError::Inconsistent { offset, what: "no entries where some should be" });
        };
        let delta = core::mem::take(&mut self.scratch);
        let life = self.life(offset)?;
        let publisher = &mut life.publisher;
        if life.begin.total == 0 && publisher.tail() == Position::START {
            settle(life, offset)?;
        }
        life.publisher.was_durable(base);
        if delta.from != life.publisher.tail().revision {
            return Err(RestoreError::Inconsistent { offset, what: "entries that do not follow on those before" });
        }
        for entry in &delta.entries {
            let mut entry = entry.clone();
            if let Change::Register { metadata, .. } = &mut entry.change {
                let registered = life.publisher.tail().revision.next();
                life.value(offset, registered, metadata)?;
            }
            let made = life.publisher.publish(Instant::ZERO, entry);
            made.map_err(|error| RestoreError::Illegal { offset, error })?;
        }
        if life.publisher.tail().tag != delta.tag {
            return Err(RestoreError::Inconsistent { offset, what: "the tag that the entries reach" });
        }
        self.scratch = delta;
        Ok(())
    }

    fn complete(&mut self, offset: u64) -> Result<(), RestoreError> {
        let Some(mut life) = self.building.take() else {
            return Err(RestoreError::Inconsistent { offset, what: "the end of a checkpoint that never began" });
        };
        if life.begin.total == 0 && life.publisher.tail() == Position::START {
            settle(&mut life, offset)?;
        }
        if !life.covered.covers(life.begin.total) {
            return Err(RestoreError::Inconsistent { offset, what: "a checkpoint without all of its state" });
        }
        self.whole = Some(life);
        Ok(())
    }
}

/// The state at base is in.
fn settle(life: &mut Life, offset: u64) -> Result<(), RestoreError> {
    let (base, digest): (Position, Digest) = (life.begin.base, life.begin.digest);
    if life.publisher.settle(base, digest) {
        Ok(())
    } else {
        Err(RestoreError::Inconsistent { offset, what: "the digest of the state" })
    }
}

fn plain<T: serde::de::DeserializeOwned>(offset: u64, body: &[u8]) -> Result<T, RestoreError> {
    postcard::from_bytes(body).map_err(|_| RestoreError::Inconsistent { offset, what: "fields that cannot be read" })
}

#[cfg(test)]
mod tests {
    use super::super::record::{self, Place, HEAD};
    use super::*;
    use alloc::vec;

    #[test]
    fn a_journal_of_a_later_form_is_refused_by_its_number() {
        let mut bytes = vec![0; 100];
        bytes[HEAD] = JOURNAL_FORMAT + 1;
        let place = Place { journal: 1, key: 1, confirmed: 0, previous: 0 };
        let (length, _) = record::seal(RecordKind::Begin, place, 1, &mut bytes).unwrap();
        let mut restoring = Restoring::new(AgentConfig::new("edge", 2).unwrap(), 1);
        let refused = restoring.replay(&bytes[..length]);
        assert_eq!(refused, Err(RestoreError::Format { offset: 0, found: JOURNAL_FORMAT + 1, most: JOURNAL_FORMAT }));
    }
}
