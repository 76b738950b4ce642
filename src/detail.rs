//! Unsent details of a publisher: the newest value for each slot, and the queue in which slots wait for their turn.
//! When a detail may travel is decided by `publisher`.
//!
//! Invariants: a slot stands in the queue at most once, and keeps its place when its detail changes; a slot that is
//! neither clean nor in flight is in the queue.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::id::Slot;
use crate::room::lengthen;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Cell<D> {
    detail: Option<D>,
    /// Grows with each change.
    version: u32,
    queued: bool,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Details<D> {
    cells: Vec<Cell<D>>,
    queue: VecDeque<Slot>,
}

impl<D: Clone + PartialEq> Details<D> {
    pub(crate) fn new() -> Details<D> {
        Details { cells: Vec::new(), queue: VecDeque::new() }
    }

    fn cell(&mut self, slot: Slot) -> &mut Cell<D> {
        let index = slot.0 as usize;
        lengthen(&mut self.cells, index + 1, || Cell { detail: None, version: 0, queued: false });
        &mut self.cells[index]
    }

    /// The newest detail of a slot.
    pub(crate) fn get(&self, slot: Slot) -> Option<&D> {
        self.cells.get(slot.0 as usize)?.detail.as_ref()
    }

    /// Takes a detail; says whether it is another than before.
    pub(crate) fn set(&mut self, slot: Slot, detail: D, back_of_queue: bool) -> bool {
        let cell = self.cell(slot);
        if cell.detail.as_ref() == Some(&detail) {
            return false;
        }
        cell.detail = Some(detail);
        cell.version = cell.version.wrapping_add(1);
        let queued = core::mem::replace(&mut cell.queued, true);
        if queued && back_of_queue {
            self.queue.retain(|s| *s != slot);
        }
        if !queued || back_of_queue {
            self.queue.push_back(slot);
        }
        true
    }

    /// Ends the detail of a slot with its attempt.
    pub(crate) fn clear(&mut self, slot: Slot) {
        if let Some(cell) = self.cells.get_mut(slot.0 as usize) {
            if cell.detail.take().is_some() {
                cell.version = cell.version.wrapping_add(1);
            }
        }
    }

    /// Queues a slot again if what was lost is still its newest detail.
    pub(crate) fn lost(&mut self, slot: Slot, version: u32) {
        if let Some(cell) = self.cells.get_mut(slot.0 as usize) {
            if cell.detail.is_some() && cell.version == version && !cell.queued {
                cell.queued = true;
                self.queue.push_back(slot);
            }
        }
    }

    /// Queues every live detail: a subscriber that knows none is to hear them all.
    pub(crate) fn queue_all(&mut self) {
        for (index, cell) in self.cells.iter_mut().enumerate() {
            if cell.detail.is_some() && !cell.queued {
                cell.queued = true;
                self.queue.push_back(Slot(index as u32));
            }
        }
    }

    /// Whether one of the first `most` that wait satisfies `may`.
    pub(crate) fn any(&self, most: usize, mut may: impl FnMut(Slot) -> bool) -> bool {
        self.queue.iter().take(most).any(|slot| self.get(*slot).is_some() && may(*slot))
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Offers those that wait, in their order, among the first `most`: `take` says what becomes of each.
    pub(crate) fn drain(&mut self, most: usize, mut take: impl FnMut(Slot, &D, u32) -> Take) {
        let mut index = 0;
        let mut offered = 0;
        while index < self.queue.len() && offered < most {
            offered += 1;
            let slot = self.queue[index];
            let cell = &mut self.cells[slot.0 as usize];
            let verdict = match &cell.detail {
                None => Take::Taken,
                Some(detail) => take(slot, detail, cell.version),
            };
            match verdict {
                Take::Taken => {
                    cell.queued = false;
                    if index == 0 {
                        self.queue.pop_front();
                    } else {
                        self.queue.remove(index);
                    }
                }
                Take::Waits => index += 1,
                Take::Full => return,
            }
        }
    }

    /// Whether a slot waits.
    #[cfg(test)]
    pub(crate) fn is_queued(&self, slot: Slot) -> bool {
        self.queue.contains(&slot)
    }
}

/// What becomes of a detail that was offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Take {
    /// It is in the frame.
    Taken,
    /// It may not travel yet, and keeps its turn.
    Waits,
    /// The frame is full.
    Full,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_keeps_its_turn_when_its_detail_changes() {
        let mut details = Details::new();
        assert!(details.set(Slot(1), 10, false));
        assert!(details.set(Slot(2), 20, false));
        assert!(details.set(Slot(1), 11, false));
        assert!(!details.set(Slot(1), 11, false));
        let mut seen = Vec::new();
        details.drain(9, |slot, detail, _| {
            seen.push((slot.0, *detail));
            Take::Taken
        });
        assert_eq!(seen, [(1, 11), (2, 20)]);
    }

    #[test]
    fn a_lost_detail_waits_again_only_while_it_is_the_newest() {
        let mut details = Details::new();
        details.set(Slot(1), 10, false);
        let mut version = 0;
        details.drain(9, |_, _, v| {
            version = v;
            Take::Taken
        });
        details.lost(Slot(1), version);
        assert!(details.is_queued(Slot(1)));
        details.drain(9, |_, _, _| Take::Taken);
        details.clear(Slot(1));
        details.lost(Slot(1), version);
        assert!(!details.is_queued(Slot(1)));
    }
}
