//! What an agent asks its host to store, and what the host has stored: the calls around the journal. The records are made
//! in `journal`, a stored one is read again by `builder`.

use super::{Agent, AgentEvent};
use crate::bait::bait;
use crate::id::{Name, Nonce, Term};
use crate::journal::{Accepted, JournalError, Journaled, JOURNAL_OVERHEAD};
use crate::receive_error::BufferTooSmall;
use crate::revision::Revision;
use crate::time::Instant;

impl Agent {
    /// Writes the next record to store into `buffer`; `None` when there is none, and always when the agent is Volatile.
    /// Append the records to a file, or put them into a store under their keys, in order; then, when they are safe (after
    /// an fsync), say so by [`journal_confirmed`](Agent::journal_confirmed). Until then no frame tells of what they say.
    ///
    /// # Errors
    /// [`BufferTooSmall`] when `buffer` has fewer than [`Limits::frame`](crate::Limits::frame) +
    /// [`JOURNAL_OVERHEAD`] bytes. Nothing was changed.
    pub fn poll_journal(&mut self, buffer: &mut [u8]) -> Result<Option<Journaled>, BufferTooSmall> {
        let needed = self.config.limits.frame as usize + JOURNAL_OVERHEAD;
        if buffer.len() < needed {
            return Err(BufferTooSmall { given: buffer.len(), needed });
        }
        let now = self.now;
        let Some(journal) = &mut self.journal else { return Ok(None) };
        let written = journal.next(&self.publisher, &mut self.writer, &mut self.snapshot_writer, &mut buffer[..needed]);
        let stands = journal.holds_base();
        if self.publisher.hold_base(stands) {
            self.base_has_moved(now);
        }
        Ok(written)
    }

    /// Every record up to this key is stored for good: what they say may be told. `key` is that of the newest record
    /// stored; an older one than was said before changes nothing.
    ///
    /// # Errors
    /// [`JournalError`]; nothing is changed.
    pub fn journal_confirmed(&mut self, now: Instant, key: u64) -> Result<(), JournalError> {
        let now = self.enter(now);
        let Some(journal) = &mut self.journal else { return Err(JournalError::Volatile) };
        journal.confirm(key)?;
        let shown = journal.shown();
        self.publisher.show(now, shown);
        Ok(())
    }

    /// Records below this key are no longer needed: a later checkpoint is confirmed whole. 0 while all are.
    pub fn journal_needed_from(&self) -> u64 {
        self.journal.as_ref().map_or(0, |journal| journal.needed_from())
    }

    /// Whether frames may be sent at all: a journaled agent says nothing before its first checkpoint is confirmed.
    pub(super) fn may_speak(&self) -> bool {
        self.journal.as_ref().is_none_or(|journal| journal.is_ready())
            || bait!(self.config.baits, SpeaksBeforeCheckpoint)
    }

    /// Whether this incarnation started with nothing, and can still give its whole history.
    pub(super) fn starts_empty(&self) -> bool {
        !self.restored && !self.publisher.has_let_go()
    }

    /// From now on this controller is the one that is listened to.
    pub(super) fn accept(&mut self, term: Term, nonce: Nonce, name: &Name) {
        if let Some(journal) = &mut self.journal {
            journal.note_accepted(Accepted { term, nonce, name: name.clone() });
        }
        self.accepted = Some((term, nonce, name.clone()));
    }

    /// Base has moved: the host is told, and what waited for it is done.
    pub(super) fn base_has_moved(&mut self, now: Instant) {
        let revision: Revision = self.publisher.base().revision;
        self.tell(AgentEvent::Durable { revision });
        self.bury(now);
    }
}
