//! A snapshot being put together beside the view, with the entries after it. Nothing of it is shown, stored or committed
//! until it is switched to, in one step, at the tip. A snapshot tells all of a state, or what differs from the copy held; the
//! cells by which the other side finds that are made here. How the switch is judged is left to the role.
//!
//! Invariants: parts of one base only; the state counts only when it is whole and its digest is that announced.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};
use core::ops::Range;

use crate::bait::{bait, Baits};
use crate::error::Illegal;
use crate::id::Slot;
use crate::replica::{Piece, Replica, Taken};
use crate::revision::{Digest, Position};
use crate::sketch::Sketch;
use crate::snapshot::Ranges;
use crate::stream::Stream;
use crate::table::Table;
use crate::wire::{Judgement, Symptom, Verdict};

/// Pieces in which a snapshot may lie at a time.
const MOST_PIECES: usize = 256;

/// Cells that may be asked for beside one for each slot.
const MOST_CELLS_BESIDE: u32 = 4096;

/// Cells of the copy held, of which the publisher finds what differs.
#[derive(Clone, Hash, Debug)]
struct Cells {
    sketch: Sketch,
    /// Slots whose records are damaged in memory, looked for once.
    unsound: Option<Vec<Slot>>,
    /// Cells still to be given.
    due: Range<u32>,
}

/// A part of a snapshot, decoded.
#[derive(Clone, Debug)]
pub(crate) struct Part<'a, S: Stream> {
    pub base: Position,
    pub digest: Digest,
    pub slots: u32,
    pub total: u32,
    pub first: u32,
    pub next: u32,
    /// It tells only what differs from the copy held: these records, and slots that are empty.
    pub patch: bool,
    pub records: &'a [S::Record],
    pub emptied: &'a [Slot],
    pub finals: &'a [S::Final],
}

/// What a staged entry changed.
#[derive(Clone, Debug)]
pub(crate) struct Change<S: Stream> {
    /// The slot.
    pub slot: Slot,
    /// The record that was there before.
    pub before: Option<S::Record>,
    /// Where the entry leads.
    pub position: Position,
}

impl<S: Stream> Hash for Change<S> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.position.hash(state);
    }
}

#[derive(Clone, Hash, Debug)]
pub(crate) struct Stage<S: Stream> {
    base: Position,
    tip: Position,
    verdict: Verdict,
    /// Digest, slots, total and whether it is a patch, as the first part said.
    shape: Option<(Digest, u32, u32, bool)>,
    /// Slots that a patch says to be empty.
    emptied: Vec<Slot>,
    /// Cells of the copy held, once they were asked for.
    cells: Option<Cells>,
    covered: Ranges,
    whole: bool,
    replica: Replica<S>,
    finals: Vec<Option<S::Final>>,
    staged: Vec<(Change<S>, S::Entry)>,
    most_finals: u32,
    baits: Baits,
}

impl<S: Stream> Stage<S> {
    pub(crate) fn new(judgement: &Judgement, replica: Replica<S>, most_finals: u32, baits: Baits) -> Stage<S> {
        Stage {
            base: judgement.base,
            tip: judgement.tip,
            verdict: judgement.verdict,
            shape: None,
            emptied: Vec::new(),
            cells: None,
            covered: Ranges::default(),
            whole: false,
            replica,
            finals: Vec::new(),
            staged: Vec::new(),
            most_finals,
            baits,
        }
    }

    pub(crate) fn tip(&self) -> Position {
        self.tip
    }

    /// The position to be acknowledged: the start until the state is whole.
    pub(crate) fn position(&self) -> Position {
        if self.whole {
            self.replica.position()
        } else {
            Position::START
        }
    }

    /// Whether it can be switched to.
    pub(crate) fn is_ready(&self) -> bool {
        if bait!(self.baits, SwitchBeforeWhole) && self.shape.is_some() {
            return true;
        }
        self.whole && self.replica.position().revision >= self.tip.revision
    }

    pub(crate) fn pieces(&self) -> usize {
        self.covered.pieces() + self.staged.len()
    }

    /// Takes a part of the snapshot; a patch is one of the copy `held`.
    pub(crate) fn take_part(&mut self, part: &Part<'_, S>, held: &Table<S>) -> Taken {
        if part.base != self.base && !bait!(self.baits, SnapshotOfAnotherBase) {
            return Taken::GapDropped;
        }
        if self.whole || part.first < part.next && self.covered.has(part.first, part.next) {
            return Taken::Duplicate;
        }
        let shape = (part.digest, part.slots, part.total, part.patch);
        let finals = part.total.checked_sub(part.slots);
        if *self.shape.get_or_insert(shape) != shape
            || part.slots > self.replica.table.bound()
            || finals.is_none_or(|finals| finals > self.most_finals)
            || part.first > part.next
            || part.next > part.total
        {
            return Taken::Symptom(Symptom::Stage);
        }
        if self.covered.pieces() >= MOST_PIECES {
            return Taken::GapDropped;
        }
        for record in part.records {
            let slot = S::slot_of(record);
            if slot.0 < part.first || slot.0 >= part.next.min(part.slots) {
                return Taken::Symptom(Symptom::Stage);
            }
            if self.replica.table.row(slot).is_none() && self.replica.table.place(record).is_err() {
                return Taken::Symptom(Symptom::Stage);
            }
        }
        let first_final = part.first.max(part.slots);
        if part.finals.len() as u32 != part.next.saturating_sub(first_final) {
            return Taken::Symptom(Symptom::Stage);
        }
        self.emptied.extend_from_slice(part.emptied);
        for (offset, last) in part.finals.iter().enumerate() {
            let index = (first_final - part.slots) as usize + offset;
            if index >= self.finals.len() {
                self.finals.resize(index + 1, None);
            }
            self.finals[index] = Some(last.clone());
        }
        self.covered.cover(part.first, part.next);
        if self.covered.covers(part.total) {
            if part.patch && !self.keep_others(part.slots, held) {
                return Taken::Symptom(Symptom::Stage);
            }
            self.cells = None;
            let unseen = part.patch && bait!(self.baits, PatchBelievedEarly);
            if self.replica.table.digest() != part.digest && !unseen {
                return Taken::Symptom(Symptom::Stage);
            }
            self.whole = true;
            self.replica.settle(self.base);
        }
        Taken::Applied { entries: 0 }
    }

    /// The records that a patch does not name stay as they are held; says whether they could.
    fn keep_others(&mut self, slots: u32, held: &Table<S>) -> bool {
        self.emptied.sort_unstable();
        let kept = |slot: Slot| slot.0 < slots && self.emptied.binary_search(&slot).is_err();
        for (slot, row) in held.rows().filter(|(slot, _)| kept(*slot)) {
            if self.replica.table.row(slot).is_none() && self.replica.table.place(&held.unpack(slot, row)).is_err() {
                return false;
            }
        }
        true
    }

    /// The publisher asks for cells of the copy `held`; says whether they can be given: for this base, before any part, and
    /// no more than there may be.
    pub(crate) fn want_cells(&mut self, base: Position, first: u32, count: u32, bound: u32) -> bool {
        let end = first.saturating_add(count);
        if base != self.base || self.shape.is_some() || end > bound.saturating_add(MOST_CELLS_BESIDE) {
            return false;
        }
        let cells =
            self.cells.get_or_insert_with(|| Cells { sketch: Sketch::new(base.tag.0), unsound: None, due: 0..0 });
        cells.due = first..end;
        true
    }

    /// Whether cells are to be given.
    pub(crate) fn has_cells(&self) -> bool {
        self.cells.as_ref().is_some_and(|cells| !cells.due.is_empty())
    }

    /// The next cells of the copy `held`, at most so many: base, number of the first, and their bytes.
    pub(crate) fn next_cells(&mut self, most: usize, bound: u32, held: &Table<S>) -> Option<(Position, u32, Vec<u8>)> {
        let cells = self.cells.as_mut().filter(|cells| !cells.due.is_empty())?;
        let end = cells.due.start.saturating_add(most as u32).min(cells.due.end);
        let range = core::mem::replace(&mut cells.due.start, end)..end;
        // A record that is not what it was made as differs, whatever hash is kept beside it.
        let unsound = cells
            .unsound
            .get_or_insert_with(|| held.rows().map(|(slot, _)| slot).filter(|slot| !held.is_sound(*slot)).collect());
        let hashes = held.rows().filter(|(slot, _)| slot.0 < bound).map(|(slot, row)| {
            let hash = S::hash_of(row);
            (slot, if unsound.contains(&slot) { hash.wrapping_add(1) } else { hash })
        });
        cells.sketch.extend(end, hashes);
        let bytes = cells.sketch.cells(range.clone()).iter().flat_map(|cell| cell.to_bytes()).collect();
        Some((self.base, range.start, bytes))
    }

    /// Takes a delta onto the staged state, by the ordinary rules.
    pub(crate) fn take(&mut self, piece: &Piece<'_, S>) -> Taken {
        if !self.whole {
            return Taken::GapDropped;
        }
        let taken = self.replica.take(piece);
        self.keep(piece.entries);
        taken
    }

    /// Takes the next of the deltas that waited behind a gap.
    pub(crate) fn take_held(&mut self) -> Option<Taken> {
        let (held, taken) = self.replica.take_held()?;
        self.keep(held.piece().entries);
        Some(taken)
    }

    /// Why an entry could not be applied, told once.
    pub(crate) fn take_refused(&mut self) -> Option<Box<Illegal>> {
        self.replica.take_refused()
    }

    fn keep(&mut self, entries: &[S::Entry]) {
        let applied = self.replica.applied();
        let new = &entries[entries.len() - applied.len().min(entries.len())..];
        let table = &self.replica.table;
        self.staged.extend(applied.iter().zip(new).map(|(applied, entry)| {
            let before = applied.before.as_ref().map(|row| table.unpack(applied.slot, row));
            (Change { slot: applied.slot, before, position: applied.position }, entry.clone())
        }));
    }

    /// The records as they were at base: the state before the staged entries, for those that these changed.
    pub(crate) fn into_parts(self) -> Staged<S> {
        Staged {
            verdict: self.verdict,
            replica: self.replica,
            finals: self.finals.into_iter().flatten().collect(),
            entries: self.staged,
        }
    }
}

/// A stage taken apart at the switch.
pub(crate) struct Staged<S: Stream> {
    pub verdict: Verdict,
    /// The state at the switch.
    pub replica: Replica<S>,
    /// The ring of forgotten finals.
    pub finals: Vec<S::Final>,
    /// Entries after base, with what each changed.
    pub entries: Vec<(Change<S>, S::Entry)>,
}
