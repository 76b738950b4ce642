//! The entries after base, each with the tag and the digest reached by it: the chain on which positions are judged.
//! What the records are is left to `table`.
//!
//! Invariant: the entries are dense, from the revision after base up to the tail.

use alloc::collections::VecDeque;
use core::hash::{Hash, Hasher};

use crate::revision::{Digest, Position, Revision, Tag};
use crate::stream::Stream;
use crate::time::Instant;

/// An entry, and where it leads.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Logged<S: Stream> {
    pub entry: S::Entry,
    pub tag: Tag,
    pub digest: Digest,
    /// When it was made, by the host's clock.
    pub made: Instant,
}

/// Where a position lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// On the chain from base to tail, with this tag.
    On,
    /// Between base and tail, with another tag.
    Off,
    /// Below base: nothing here vouches for its tag.
    Below,
    /// Above the tail.
    Above,
}

#[derive(Clone, Debug)]
pub(crate) struct Log<S: Stream> {
    base: Position,
    base_digest: Digest,
    entries: VecDeque<Logged<S>>,
    /// Entries at most, and how often none was left, since it was looked last whether there is too much room.
    most: usize,
    emptied: u32,
}

impl<S: Stream> Hash for Log<S> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.base, self.base_digest).hash(state);
        self.entries.hash(state);
    }
}

/// So often no entry is left before room is given back, and room for so many is not worth it.
const EMPTIED: u32 = 64;
const FEW: usize = 8;

impl<S: Stream> Log<S> {
    pub(crate) fn new() -> Log<S> {
        Log { base: Position::START, base_digest: Digest::default(), entries: VecDeque::new(), most: 0, emptied: 0 }
    }

    pub(crate) fn base(&self) -> Position {
        self.base
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn push(&mut self, entry: S::Entry, tag: Tag, digest: Digest, made: Instant) {
        self.entries.push_back(Logged { entry, tag, digest, made });
        self.most = self.most.max(self.entries.len());
    }

    /// A stored state at base is in.
    pub(crate) fn settle(&mut self, base: Position, digest: Digest) {
        self.base = base;
        self.base_digest = digest;
    }

    /// The entry of a revision above base.
    pub(crate) fn get(&self, revision: Revision) -> Option<&Logged<S>> {
        let index = revision.0.checked_sub(self.base.revision.0)?.checked_sub(1)?;
        self.entries.get(usize::try_from(index).ok()?)
    }

    /// The position on the chain at a revision, and the digest there.
    pub(crate) fn at(&self, revision: Revision) -> Option<(Position, Digest)> {
        if revision == self.base.revision {
            return Some((self.base, self.base_digest));
        }
        self.get(revision).map(|logged| (Position { revision, tag: logged.tag }, logged.digest))
    }

    pub(crate) fn place(&self, position: Position) -> Place {
        if position.revision < self.base.revision {
            return Place::Below;
        }
        match self.at(position.revision) {
            None => Place::Above,
            Some((held, _)) if held.tag == position.tag => Place::On,
            Some(_) => Place::Off,
        }
    }

    /// Lets the oldest entry go: base moves onto it.
    pub(crate) fn pop(&mut self) -> Option<Logged<S>> {
        let logged = self.entries.pop_front()?;
        self.base = Position { revision: self.base.revision.next(), tag: logged.tag };
        self.base_digest = logged.digest;
        if self.entries.is_empty() {
            self.give_back();
        }
        Some(logged)
    }

    /// Gives memory back that a time offline has taken, once much less has been enough for a while. What is left is room
    /// for half as much again; that a quarter of the room was enough before keeps it from going to and fro.
    fn give_back(&mut self) {
        self.emptied += 1;
        if self.emptied < EMPTIED {
            return;
        }
        if self.entries.capacity() > 4 * self.most.max(FEW) {
            self.entries.shrink_to((self.most + self.most / 2).max(FEW));
        }
        (self.most, self.emptied) = (0, 0);
    }

    /// When the oldest entry was made.
    pub(crate) fn oldest(&self) -> Option<Instant> {
        self.entries.front().map(|logged| logged.made)
    }

    pub(crate) fn base_digest(&self) -> Digest {
        self.base_digest
    }
}
