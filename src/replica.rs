//! A subscriber's copy of a history: its table, the tags that it remembers, the details shown, and the frames that a gap
//! holds back. The view is one, and so is the state that a snapshot builds beside it. When to ask to be judged, and what
//! the host hears, is left to `subscriber`.
//!
//! Invariants: every entry up to the cursor is applied, in order; a delta is applied whole or not at all; the remembered
//! positions are those of the last revisions, dense, up to the cursor.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::bait::{bait, Baits};
use crate::error::Illegal;
use crate::id::{Epoch, FrameNumber, Slot};
use crate::revision::{Digest, Position, Revision, Tag};
use crate::stream::Stream;
use crate::table::{Applied, Table};
use crate::wire::Symptom;

/// Positions remembered below the durable one, so that late frames can still be told.
const REMEMBERED: usize = 64;

/// A delta, decoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'a, S: Stream> {
    pub number: FrameNumber,
    pub epoch: Epoch,
    pub from: Revision,
    pub tag: Tag,
    pub entries: &'a [S::Entry],
    pub details: &'a [(Slot, S::Detail)],
    pub digest: Option<Digest>,
}

impl<S: Stream> Piece<'_, S> {
    pub(crate) fn to(&self) -> Revision {
        Revision(self.from.0.saturating_add(self.entries.len() as u64))
    }
}

/// A delta held back by a gap.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Held<S: Stream> {
    number: FrameNumber,
    epoch: Epoch,
    from: Revision,
    tag: Tag,
    entries: Vec<S::Entry>,
    details: Vec<(Slot, S::Detail)>,
    digest: Option<Digest>,
}

impl<S: Stream> Held<S> {
    pub(crate) fn piece(&self) -> Piece<'_, S> {
        Piece {
            number: self.number,
            epoch: self.epoch,
            from: self.from,
            tag: self.tag,
            entries: &self.entries,
            details: &self.details,
            digest: self.digest,
        }
    }
}

/// What became of a delta.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Taken {
    /// Entries applied, or details taken.
    Applied {
        /// Entries that moved the cursor.
        entries: usize,
    },
    /// Nothing in it was news.
    Duplicate,
    /// It waits whole behind a gap.
    Held,
    /// A gap, and no room to hold it.
    GapDropped,
    /// It shows that the histories or records differ. Nothing was changed.
    Symptom(Symptom),
}

#[derive(Clone, Hash, Debug)]
pub(crate) struct Replica<S: Stream> {
    pub table: Table<S>,
    remembered: VecDeque<Position>,
    held: Vec<Held<S>>,
    most_held: usize,
    /// What the last delta changed, the oldest first: for events, and to roll back.
    applied: Vec<Applied<S>>,
    /// Why the last entry that could not be applied could not.
    refused: Option<Box<Illegal>>,
    baits: Baits,
}

impl<S: Stream> core::hash::Hash for Applied<S> {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.position.hash(state);
    }
}

impl<S: Stream> Replica<S> {
    pub(crate) fn new(bound: u32, most_held: u32, seed: u64, baits: Baits) -> Replica<S> {
        Replica {
            table: Table::new(bound, seed, baits),
            remembered: VecDeque::from([Position::START]),
            held: Vec::new(),
            most_held: most_held as usize,
            applied: Vec::new(),
            refused: None,
            baits,
        }
    }

    /// The copy of a state that a snapshot has brought whole.
    pub(crate) fn settle(&mut self, base: Position) {
        self.table.settle(base);
        self.remembered.clear();
        self.remembered.push_back(base);
    }

    /// The copy as it was stored, with the positions remembered of it, dense up to where it stands.
    pub(crate) fn restore(&mut self, table: Table<S>, remembered: VecDeque<Position>) {
        self.table = table;
        self.remembered = remembered;
    }

    pub(crate) fn position(&self) -> Position {
        self.table.position()
    }

    /// The remembered position of a revision.
    pub(crate) fn remembers(&self, revision: Revision) -> Option<Position> {
        let first = self.remembered.front()?.revision;
        let index = usize::try_from(revision.0.checked_sub(first.0)?).ok()?;
        self.remembered.get(index).copied()
    }

    /// The oldest remembered position.
    pub(crate) fn oldest_remembered(&self) -> Position {
        self.remembered.front().copied().unwrap_or(self.position())
    }

    /// Forgets positions that are far enough below the durable one.
    pub(crate) fn trim(&mut self, durable: Revision) {
        let keep_from = durable.0.min(self.position().revision.0.saturating_sub(REMEMBERED as u64));
        while self.remembered.len() > 1 && self.remembered[0].revision.0 < keep_from {
            self.remembered.pop_front();
        }
    }

    pub(crate) fn detail(&self, slot: Slot) -> Option<S::Detail> {
        self.table.row(slot).and_then(S::detail)
    }

    /// What the last call of `take` or `take_held` applied, the oldest first.
    pub(crate) fn applied(&self) -> &[Applied<S>] {
        &self.applied
    }

    /// The same, taken out, so that events can be made of it while the node is at hand.
    pub(crate) fn take_applied(&mut self) -> Vec<Applied<S>> {
        core::mem::take(&mut self.applied)
    }

    /// Takes an emptied list, so that its room serves again: all nodes of a controller share one.
    pub(crate) fn lend_applied(&mut self, applied: Vec<Applied<S>>) {
        if self.applied.capacity() == 0 {
            self.applied = applied;
        }
    }

    pub(crate) fn held_frames(&self) -> usize {
        self.held.len()
    }

    /// Drops what is held: a former session's, or of a history that is no more.
    pub(crate) fn drop_held(&mut self) -> usize {
        let dropped = self.held.len();
        self.held.clear();
        dropped
    }

    /// Why an entry could not be applied, told once.
    pub(crate) fn take_refused(&mut self) -> Option<Box<Illegal>> {
        self.refused.take()
    }

    /// Takes a delta.
    pub(crate) fn take(&mut self, piece: &Piece<'_, S>) -> Taken {
        self.applied.clear();
        self.table.gather_epochs(core::iter::empty());
        let cursor = self.position().revision;
        if piece.from > cursor && !bait!(self.baits, ApplyAboveCursor) {
            return self.hold(piece);
        }
        self.take_reached(piece, cursor)
    }

    /// Takes the next delta of those held that the cursor has reached, if there is one.
    pub(crate) fn take_held(&mut self) -> Option<(Held<S>, Taken)> {
        let cursor = self.position().revision;
        let index = self.held.iter().position(|held| held.from <= cursor)?;
        let held = self.held.remove(index);
        self.applied.clear();
        let taken = self.take_reached(&held.piece(), cursor);
        Some((held, taken))
    }

    fn take_reached(&mut self, piece: &Piece<'_, S>, cursor: Revision) -> Taken {
        let to = piece.to();
        self.table.warm(piece.entries.iter().map(S::slot), true);
        self.table.warm(piece.details.iter().map(|(slot, _)| *slot), false);
        if to < cursor {
            if self.remembers(to).is_some_and(|held| held.tag != piece.tag) {
                return Taken::Symptom(Symptom::History);
            }
        } else if to == cursor {
            if self.position().tag != piece.tag {
                return Taken::Symptom(if piece.entries.is_empty() { Symptom::History } else { Symptom::Tag });
            }
        } else {
            let held = cursor.0.saturating_sub(piece.from.0) as usize;
            let known = if bait!(self.baits, OverlapAppliedTwice) { 0 } else { held };
            if let Err(symptom) = self.apply(piece, &piece.entries[known.min(piece.entries.len())..]) {
                return Taken::Symptom(symptom);
            }
        }
        let entries = self.applied.len();
        let details = self.take_details(piece);
        if piece.digest.is_some_and(|digest| self.position().revision == to && digest != self.table.digest()) {
            // The entries stand: tag and position are right. What they were applied to is not.
            return Taken::Symptom(Symptom::Digest);
        }
        if entries > 0 || details > 0 || piece.entries.is_empty() {
            Taken::Applied { entries }
        } else {
            Taken::Duplicate
        }
    }

    fn apply(&mut self, piece: &Piece<'_, S>, entries: &[S::Entry]) -> Result<(), Symptom> {
        let (position, digest) = (self.table.position(), self.table.digest());
        let mut symptom = None;
        for entry in entries {
            match self.table.apply(entry, &mut self.applied) {
                Ok(()) => self.remembered.push_back(self.table.position()),
                Err(illegal) => {
                    self.refused = Some(Box::new(illegal));
                    symptom = Some(Symptom::Entry);
                    break;
                }
            }
        }
        if symptom.is_none() && self.table.position().tag != piece.tag {
            if [bait!(self.baits, TagTakenFromFrame), bait!(self.baits, ApplyAboveCursor)].contains(&true) {
                self.table.settle(Position { revision: piece.to(), tag: piece.tag });
                if let Some(last) = self.remembered.back_mut() {
                    last.tag = piece.tag;
                }
            } else {
                symptom = Some(Symptom::Tag);
            }
        }
        let Some(symptom) = symptom else {
            return Ok(());
        };
        if !bait!(self.baits, HalfAppliedFrameStays) {
            while let Some(applied) = self.applied.pop() {
                self.remembered.pop_back();
                self.table.undo(applied);
            }
            self.table.rewind(position, digest);
        }
        Err(symptom)
    }

    /// Takes the details that are newer than those shown, if the cursor has reached the frame's `to` and the record has no
    /// entry after it.
    fn take_details(&mut self, piece: &Piece<'_, S>) -> usize {
        let to = piece.to();
        let mut taken = 0;
        if to > self.position().revision || piece.details.is_empty() {
            return 0;
        }
        let epoch = self.table.epoch_index(piece.epoch);
        for (slot, detail) in piece.details {
            let Some((row, epochs)) = self.table.row_mut(*slot) else { continue };
            let fits = S::newest(row) <= to || bait!(self.baits, DetailOfFormerEntry);
            if !fits || !S::has_details(row) {
                continue;
            }
            if S::is_older(row, epoch, piece.number, epochs) || bait!(self.baits, DetailWithoutFrameNumber) {
                S::show(row, epoch, piece.number, detail);
                taken += 1;
            }
        }
        taken
    }

    fn hold(&mut self, piece: &Piece<'_, S>) -> Taken {
        if self.held.iter().any(|held| held.from == piece.from && held.to() >= piece.to() && piece.details.is_empty()) {
            return Taken::Duplicate;
        }
        if bait!(self.baits, HeldFrameEvicted) && self.held.len() >= self.most_held && !self.held.is_empty() {
            self.held.remove(0);
        }
        if self.held.len() >= self.most_held {
            return Taken::GapDropped;
        }
        self.held.push(Held {
            number: piece.number,
            epoch: piece.epoch,
            from: piece.from,
            tag: piece.tag,
            entries: piece.entries.to_vec(),
            details: piece.details.to_vec(),
            digest: piece.digest,
        });
        if bait!(self.baits, HeldFrameDropped) {
            self.held.pop();
        }
        Taken::Held
    }
}

impl<S: Stream> Held<S> {
    fn to(&self) -> Revision {
        self.piece().to()
    }
}
