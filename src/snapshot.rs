//! A snapshot under way: at the publisher, how and which parts are still to be sent; at the subscriber, which have come.
//! What the records are is left to `publisher` and `stage`, how what differs is found to `sketch`.
//!
//! A part is a range of indexes: below `slots` an index is a slot, from there on a place in the ring of forgotten finals.

use alloc::vec::Vec;

use alloc::boxed::Box;

use crate::id::Slot;
use crate::revision::Position;
use crate::sketch::Finder;
use crate::time::Instant;

/// Ranges of indexes that are covered, in order and apart.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Ranges(Vec<(u32, u32)>);

impl Ranges {
    /// Adds [first, next); what overlaps or touches becomes one.
    pub(crate) fn cover(&mut self, first: u32, next: u32) {
        if first >= next {
            return;
        }
        let (mut first, mut next) = (first, next);
        self.0.retain(|(f, n)| {
            let apart = *n < first || next < *f;
            if !apart {
                first = first.min(*f);
                next = next.max(*n);
            }
            apart
        });
        let index = self.0.iter().position(|(f, _)| *f > next).unwrap_or(self.0.len());
        self.0.insert(index, (first, next));
    }

    /// Whether [0, total) is covered.
    pub(crate) fn covers(&self, total: u32) -> bool {
        total == 0 || self.0.first() == Some(&(0, total))
    }

    /// Whether [first, next) is covered already.
    pub(crate) fn has(&self, first: u32, next: u32) -> bool {
        self.0.iter().any(|(f, n)| *f <= first && next <= *n)
    }

    /// In how many pieces.
    pub(crate) fn pieces(&self) -> usize {
        self.0.len()
    }
}

/// Which records a snapshot tells.
#[derive(Clone, Hash, Debug)]
pub(crate) enum Told {
    /// All of them.
    All,
    /// It is not known yet: the slots that differ are being looked for.
    Sought(Box<Seeking>),
    /// Those of the slots that differ from what the subscriber holds, rising.
    Differing(Vec<Slot>),
}

/// Looking for the slots that differ.
#[derive(Clone, Hash, Debug)]
pub(crate) struct Seeking {
    pub finder: Finder,
    /// Cells that have been asked for.
    pub asked: u32,
    /// Cells to ask for next.
    pub count: u32,
    /// Whether to ask now.
    pub due: bool,
    /// When to ask again.
    pub next_at: Instant,
    /// Askings since cells came last.
    pub tries: u32,
}

/// The publisher's side. Base stands while it is under way.
#[derive(Clone, Hash, Debug)]
pub(crate) struct Outgoing {
    pub(crate) told: Told,
    base: Position,
    tip: Position,
    slots: u32,
    total: u32,
    next: u32,
    /// Parts that were lost, to be sent again from their first index.
    lost: Vec<(u32, u32)>,
    acknowledged: Ranges,
    /// An empty state is one part too.
    empty_sent: bool,
    whole: bool,
}

impl Outgoing {
    pub(crate) fn new(base: Position, tip: Position, slots: u32, finals: u32, told: Told) -> Outgoing {
        Outgoing {
            told,
            base,
            tip,
            slots,
            total: slots.saturating_add(finals),
            next: 0,
            lost: Vec::new(),
            acknowledged: Ranges::default(),
            empty_sent: false,
            whole: false,
        }
    }

    pub(crate) fn base(&self) -> Position {
        self.base
    }

    pub(crate) fn tip(&self) -> Position {
        self.tip
    }

    pub(crate) fn slots(&self) -> u32 {
        self.slots
    }

    pub(crate) fn total(&self) -> u32 {
        self.total
    }

    /// Whether every part has been acknowledged.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Looking for what differs, if that is still to be done.
    pub(crate) fn seeking(&self) -> Option<&Seeking> {
        match &self.told {
            Told::Sought(seeking) => Some(seeking),
            _ => None,
        }
    }

    /// The slots that a patch tells of, if it is one.
    pub(crate) fn differing(&self) -> Option<&[Slot]> {
        match &self.told {
            Told::Differing(slots) => Some(slots),
            _ => None,
        }
    }

    /// Whether a part waits to be sent.
    pub(crate) fn has_more(&self) -> bool {
        if self.seeking().is_some() {
            return false;
        }
        !self.lost.is_empty() || self.next < self.total || self.total == 0 && !self.empty_sent
    }

    /// The range that the next part begins in: as much of it as fits is sent.
    pub(crate) fn range(&self) -> (u32, u32) {
        self.lost.first().copied().unwrap_or((self.next, self.total))
    }

    /// Notes that the part [first, next) has gone out.
    pub(crate) fn sent(&mut self, first: u32, next: u32) {
        if self.total == 0 {
            self.empty_sent = true;
        }
        match self.lost.first_mut() {
            Some(lost) if lost.0 == first => {
                lost.0 = next;
                if lost.0 >= lost.1 {
                    self.lost.remove(0);
                }
            }
            _ => self.next = next,
        }
    }

    pub(crate) fn lost(&mut self, first: u32, next: u32) {
        if self.total == 0 {
            self.empty_sent = false;
        } else if !self.acknowledged.has(first, next) {
            self.lost.push((first, next));
        }
    }

    pub(crate) fn acknowledged(&mut self, first: u32, next: u32) {
        self.acknowledged.cover(first, next);
        // What was taken for lost and has come after all need not be sent again.
        let acknowledged = &self.acknowledged;
        self.lost.retain(|(first, next)| !acknowledged.has(*first, *next));
        if self.total == 0 {
            self.whole = true;
        }
    }

    /// Sees whether everything has been acknowledged.
    pub(crate) fn settle(&mut self) {
        if self.total > 0 && self.acknowledged.covers(self.total) {
            self.whole = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_join_what_touches_or_overlaps() {
        let mut ranges = Ranges::default();
        ranges.cover(0, 5);
        ranges.cover(10, 20);
        assert!(!ranges.covers(20));
        assert_eq!(ranges.pieces(), 2);
        ranges.cover(4, 12);
        assert!(ranges.covers(20));
        assert_eq!(ranges.pieces(), 1);
        assert!(ranges.has(3, 17));
        ranges.cover(30, 40);
        ranges.cover(25, 27);
        assert!(!ranges.has(26, 31));
        assert_eq!(ranges.pieces(), 3);
    }
}
