//! Looking for the slots in which a subscriber differs from the state at base, so that a snapshot need tell those alone:
//! the subscriber is asked for cells of a sketch until they name the slots, and the whole state is told where that would
//! cost more, or where no cells come. What cells are is left to `sketch`.

use super::Publisher;
use crate::bait::bait;
use crate::id::Slot;
use crate::revision::{Position, Revision};
use crate::sketch::{Cell, Finder};
use crate::snapshot::{Outgoing, Seeking, Told};
use crate::stream::Stream;
use crate::time::Instant;
use crate::wire::{Judgement, CELL_BYTES, SKETCH_AROUND};

/// Askings without any cells before all is told.
const MOST_TRIES: u32 = 6;
/// Cells asked for at a time, at most.
const MOST_AT_A_TIME: u32 = 2048;
const LEAST_AT_A_TIME: u32 = 20;
/// Cells asked for beside one and a half for each record that differs: few records need some more each.
const BESIDE: u32 = 16;
/// Cells beside half as many as there are slots, after which all is told.
const MOST_BESIDE: u32 = 64;

/// How many cells to ask for when those asked for did not do: as many again while it is open how many records differ, then one and a
/// half for each of them in all, then a few at a time.
fn further(finder: &Finder) -> u32 {
    let taken = finder.taken();
    let few = (taken / 32).max(LEAST_AT_A_TIME);
    match finder.about() {
        Some(about) => about.saturating_add(about / 2 + BESIDE).saturating_sub(taken).max(few),
        None => taken.max(few),
    }
}

/// What cells have led to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sought {
    /// More are needed, or were given up.
    Further,
    /// What differs is known.
    Found,
}

impl<S: Stream> Publisher<S> {
    /// How a repair begins: looking for what differs, if the subscriber holds something, there are records enough for that
    /// to pay, and it has not just failed.
    pub(super) fn outgoing_for(&self, judgement: &Judgement, seek: bool) -> Outgoing {
        let pays = u64::try_from(self.table.len()).unwrap_or(u64::MAX) >= self.pace.sketch_from.into();
        let told = if seek && pays && judgement.judged.revision > Revision::ZERO {
            Told::Sought(alloc::boxed::Box::new(Seeking {
                finder: Finder::new(self.base().tag.0, self.limits.slots),
                asked: 0,
                count: self.cells_in_frame(),
                due: true,
                next_at: Instant::ZERO,
                tries: 0,
            }))
        } else {
            Told::All
        };
        Outgoing::new(self.base(), judgement.tip, self.table.slots_used(), self.finals.len() as u32, told)
    }

    /// Cells of a frame, of the size that the link bears.
    fn cells_in_frame(&self) -> u32 {
        ((self.window.frame(self.limits.frame as usize) - SKETCH_AROUND) / CELL_BYTES) as u32
    }

    /// Whether cells are to be asked for now.
    pub(super) fn seeks(&self) -> bool {
        self.outgoing.as_ref().and_then(Outgoing::seeking).is_some_and(|seeking| seeking.due)
    }

    /// When they are to be asked for again.
    pub(super) fn seek_deadline(&self) -> Option<Instant> {
        let seeking = self.outgoing.as_ref().and_then(Outgoing::seeking)?;
        (!seeking.due).then_some(seeking.next_at)
    }

    /// Not all cells have come in time: the others are due again, or, after so many tries without any, all is told.
    pub(super) fn see_unanswered(&mut self, now: Instant) {
        let Some(outgoing) = &mut self.outgoing else { return };
        let Told::Sought(seeking) = &mut outgoing.told else { return };
        if seeking.due || seeking.next_at > now {
            return;
        }
        if seeking.tries >= MOST_TRIES {
            outgoing.told = Told::All;
        } else {
            seeking.due = true;
        }
    }

    /// The cells to ask for, first and count, and the base that they are for.
    pub(crate) fn seek(&mut self, now: Instant) -> Option<(Position, u32, u32)> {
        let pause = self.window.rtt.timeout();
        let outgoing = self.outgoing.as_mut()?;
        let base = outgoing.base();
        let Told::Sought(seeking) = &mut outgoing.told else { return None };
        // What was lost is asked for again: the cells of the first blocks find the most.
        let (first, count) = match seeking.finder.lacking(seeking.asked) {
            Some(lacking) => (lacking.start, lacking.end - lacking.start),
            None => (seeking.asked, seeking.count),
        };
        seeking.asked = seeking.asked.max(first.saturating_add(count));
        seeking.due = false;
        seeking.next_at = now.after(pause * (1 << seeking.tries.min(4)));
        seeking.tries += 1;
        Some((base, first, count))
    }

    /// Hears cells that the subscriber gives, `bytes` of them from number `first` on; says what they have led to, if they
    /// were asked for.
    pub(crate) fn hear_cells(&mut self, base: Position, first: u32, bytes: &[u8]) -> Option<Sought> {
        let count = (bytes.len() / CELL_BYTES) as u32;
        let frame = self.cells_in_frame();
        let most =
            (self.window.congestion.limit() / CELL_BYTES as u32).clamp(LEAST_AT_A_TIME.min(frame), MOST_AT_A_TIME);
        let slots = self.table.slots_used();
        let outgoing = self.outgoing.as_mut().filter(|outgoing| outgoing.base() == base)?;
        let Told::Sought(seeking) = &mut outgoing.told else { return None };
        let end = first.saturating_add(count);
        if end > seeking.asked {
            return None;
        }
        // Taken out while the records at base are read.
        let mut told = core::mem::replace(&mut outgoing.told, Told::All);
        let Told::Sought(seeking) = &mut told else { return None };
        let cells = bytes.chunks_exact(CELL_BYTES).map(Cell::from_bytes);
        let hashes = (0..slots).filter_map(|slot| Some((Slot(slot), S::hash_of(self.base_row(Slot(slot))?))));
        seeking.finder.take(first, cells, hashes);
        seeking.tries = 0;
        let mut sought = Sought::Further;
        let early = bait!(self.baits, PatchBelievedEarly);
        if let Some(differing) = seeking.finder.differing(early) {
            told = Told::Differing(differing.into_iter().filter(|slot| slot.0 < slots).collect());
            sought = Sought::Found;
        } else if seeking.finder.taken() > slots / 2 + MOST_BESIDE {
            told = Told::All;
        } else if seeking.finder.taken() == seeking.asked {
            seeking.count = further(&seeking.finder).min(most);
            seeking.due = true;
        }
        if let Some(outgoing) = &mut self.outgoing {
            outgoing.told = told;
        }
        Some(sought)
    }
}
