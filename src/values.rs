//! Long values on their way: at the publisher, which bytes of which are still to be sent; at the subscriber, which have
//! come. An entry says length and hash of such a value and is applied at once; the bytes follow in CHUNK frames, behind
//! everything else. When a chunk may go is left to `publisher`, what a whole value means to `subscriber`.
//!
//! Invariants: what is put together is never more than was sent, for so many values at a time; a value counts only when it
//! is whole and has the hash of its entry.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::id::Slot;
use crate::revision::Revision;
use crate::snapshot::Ranges;

/// Values of a node that are put together at a time: the publisher sends them one after the other, so that only losses
/// keep several unfinished.
pub(crate) const MOST_ASSEMBLED: usize = 4;

/// A value that the subscriber does not have whole.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Owed {
    slot: Slot,
    length: u32,
    next: u32,
    lost: Vec<(u32, u32)>,
    acknowledged: Ranges,
}

/// A piece of a value to be sent: bytes [offset, end) of the value of a registration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Piece {
    pub registered: Revision,
    pub slot: Slot,
    pub offset: u32,
    pub end: u32,
}

/// What registrations have, by rising revision. Nearly all comes at the end, and little is held at a time.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Rising<T>(Vec<(Revision, T)>);

impl<T> Default for Rising<T> {
    fn default() -> Rising<T> {
        Rising(Vec::new())
    }
}

impl<T> Rising<T> {
    fn place(&self, registered: Revision) -> Result<usize, usize> {
        self.0.binary_search_by_key(&registered, |(registered, _)| *registered)
    }

    fn get_mut(&mut self, registered: Revision) -> Option<&mut T> {
        self.place(registered).ok().map(|place| &mut self.0[place].1)
    }

    fn insert(&mut self, registered: Revision, what: T) {
        match self.place(registered) {
            Ok(place) => self.0[place].1 = what,
            Err(place) => self.0.insert(place, (registered, what)),
        }
    }

    fn remove(&mut self, registered: Revision) {
        if let Ok(place) = self.place(registered) {
            self.0.remove(place);
        }
    }
}

/// The publisher's side.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Values {
    /// Registrations with a long value, until their tombstone is durable.
    live: Rising<(Slot, u32)>,
    owed: Rising<Owed>,
    /// Frames that went before a chunk that waited, in a row.
    pub passed_over: u32,
}

impl Values {
    /// A registration has a value of so many bytes that travels apart.
    pub(crate) fn add(&mut self, registered: Revision, slot: Slot, length: u32) {
        self.live.insert(registered, (slot, length));
        self.owe(registered, slot, length);
    }

    fn owe(&mut self, registered: Revision, slot: Slot, length: u32) {
        let owed = Owed { slot, length, next: 0, lost: Vec::new(), acknowledged: Ranges::default() };
        self.owed.insert(registered, owed);
    }

    /// Its record ends: nobody asks for its value any more.
    pub(crate) fn ended(&mut self, registered: Revision) {
        self.owed.remove(registered);
    }

    /// Its tombstone is durable.
    pub(crate) fn remove(&mut self, registered: Revision) {
        self.live.remove(registered);
        self.owed.remove(registered);
    }

    /// The long values of registrations after `above`, with slot and length.
    pub(crate) fn after(&self, above: Revision) -> impl Iterator<Item = (Revision, Slot, u32)> + '_ {
        let later = move |(registered, _): &&(Revision, (Slot, u32))| *registered > above;
        self.live.0.iter().filter(later).map(|(registered, (slot, length))| (*registered, *slot, *length))
    }

    /// A session, or a repair, begins: the subscriber lacks every value after `durable` whose record `lives`.
    pub(crate) fn begin(&mut self, durable: Revision, lives: impl Fn(Revision, Slot) -> bool) {
        self.owed.0.clear();
        self.passed_over = 0;
        for index in 0..self.live.0.len() {
            let (registered, (slot, length)) = self.live.0[index];
            if registered > durable && lives(registered, slot) {
                self.owe(registered, slot, length);
            }
        }
    }

    /// The next piece to send, of a registration that the subscriber has: as much of it as fits into a frame goes.
    pub(crate) fn next(&self, received: Revision) -> Option<Piece> {
        self.owed.0.iter().take_while(|(registered, _)| *registered <= received).find_map(|(registered, owed)| {
            let (offset, end) = owed.lost.first().copied().unwrap_or((owed.next, owed.length));
            (offset < end).then_some(Piece { registered: *registered, slot: owed.slot, offset, end })
        })
    }

    /// Bytes [offset, end) have gone out.
    pub(crate) fn sent(&mut self, registered: Revision, offset: u32, end: u32) {
        let Some(owed) = self.owed.get_mut(registered) else { return };
        match owed.lost.first_mut() {
            Some(lost) if lost.0 == offset => {
                lost.0 = end;
                if lost.0 >= lost.1 {
                    owed.lost.remove(0);
                }
            }
            _ => owed.next = owed.next.max(end),
        }
    }

    /// They were lost.
    pub(crate) fn lost(&mut self, registered: Revision, offset: u32, end: u32) {
        let Some(owed) = self.owed.get_mut(registered) else { return };
        if !owed.acknowledged.has(offset, end) {
            owed.lost.push((offset, end));
        }
    }

    /// The subscriber has them for good.
    pub(crate) fn acknowledged(&mut self, registered: Revision, offset: u32, end: u32) {
        let Some(owed) = self.owed.get_mut(registered) else { return };
        owed.acknowledged.cover(offset, end);
        let acknowledged = &owed.acknowledged;
        owed.lost.retain(|(offset, end)| !acknowledged.has(*offset, *end));
        if owed.acknowledged.covers(owed.length) {
            self.owed.remove(registered);
        }
    }
}

/// A value being put together.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Assembly {
    /// Pieces by offset, apart.
    pieces: BTreeMap<u32, Vec<u8>>,
    bytes: u32,
}

impl Assembly {
    /// Adds what of `bytes` at `offset` is not there yet.
    fn add(&mut self, offset: u32, bytes: &[u8]) {
        let end = offset + bytes.len() as u32;
        let mut at = self.end_of_last_before(offset).max(offset);
        while at < end {
            let next = self.pieces.range(at..end).next().map(|(from, piece)| (*from, *from + piece.len() as u32));
            let (until, after) = next.unwrap_or((end, end));
            if at < until {
                self.bytes += until - at;
                self.put(at, &bytes[(at - offset) as usize..(until - offset) as usize]);
            }
            at = after;
        }
    }

    fn end_of_last_before(&self, offset: u32) -> u32 {
        self.pieces.range(..offset).next_back().map_or(0, |(from, piece)| *from + piece.len() as u32)
    }

    /// Puts bytes where none are; what touches the piece before joins it.
    fn put(&mut self, at: u32, bytes: &[u8]) {
        match self.pieces.range_mut(..at).next_back() {
            Some((from, piece)) if *from + piece.len() as u32 == at => piece.extend_from_slice(bytes),
            _ => {
                self.pieces.insert(at, bytes.to_vec());
            }
        }
    }
}

/// The subscriber's side.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Arriving {
    /// Registrations whose value is not whole.
    pending: BTreeMap<Revision, Slot>,
    /// Registrations whose value is whole, and whose host does not know it yet.
    untold: BTreeMap<Revision, Slot>,
    assembling: BTreeMap<Revision, Assembly>,
}

/// What became of a piece.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Added {
    /// There is no room to begin with another value now.
    NoRoom,
    /// Some of it was news.
    New,
    /// All of it was known.
    Known,
    /// The value is whole: these are its bytes.
    Whole(Vec<u8>),
}

impl Arriving {
    /// A record has come whose value is not there.
    pub(crate) fn expect(&mut self, registered: Revision, slot: Slot) {
        self.pending.insert(registered, slot);
    }

    /// Its record is gone.
    pub(crate) fn forget(&mut self, registered: Revision) {
        self.pending.remove(&registered);
        self.untold.remove(&registered);
        self.assembling.remove(&registered);
    }

    /// Whether nothing is awaited, nor to be told.
    pub(crate) fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.untold.is_empty() && self.assembling.is_empty()
    }

    /// Pieces that came in a session that is over, or before a repair, are void: the publisher sends all anew.
    pub(crate) fn drop_pieces(&mut self) {
        self.assembling.clear();
    }

    /// The value is whole and in its record; the host is to hear of it.
    pub(crate) fn came(&mut self, registered: Revision) {
        self.assembling.remove(&registered);
        if let Some(slot) = self.pending.remove(&registered) {
            self.untold.insert(registered, slot);
        }
    }

    /// The host has heard of it.
    pub(crate) fn told(&mut self, registered: Revision) {
        self.untold.remove(&registered);
    }

    /// The newest revision below every registration whose value is not whole, or not known to be.
    pub(crate) fn durable_below(&self) -> Revision {
        let first = |values: &BTreeMap<Revision, Slot>| values.keys().next().copied();
        let oldest = [first(&self.pending), first(&self.untold)].into_iter().flatten().min();
        oldest.map_or(Revision::LAST, |oldest| Revision(oldest.0.saturating_sub(1)))
    }

    /// Values that are being put together.
    pub(crate) fn assembling(&self) -> usize {
        self.assembling.len()
    }

    /// Adds bytes at an offset to the value of a registration, which has `total` bytes.
    pub(crate) fn add(&mut self, registered: Revision, total: u32, offset: u32, bytes: &[u8]) -> Added {
        let begun = self.assembling.contains_key(&registered);
        if !begun && self.assembling.len() >= MOST_ASSEMBLED {
            return Added::NoRoom;
        }
        let assembly = self.assembling.entry(registered).or_default();
        let before = assembly.bytes;
        assembly.add(offset, bytes);
        if assembly.bytes == before {
            return Added::Known;
        }
        if assembly.bytes < total {
            return Added::New;
        }
        let assembly = self.assembling.remove(&registered).unwrap_or_default();
        let mut whole = Vec::with_capacity(total as usize);
        assembly.pieces.values().for_each(|piece| whole.extend_from_slice(piece));
        Added::Whole(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    #[test]
    fn a_value_is_sent_once_and_what_was_lost_again_before_what_is_new() {
        let mut values = Values::default();
        values.add(Revision(3), Slot(1), 100);
        assert_eq!(values.next(Revision(2)), None, "the subscriber does not have the registration");
        let piece = |offset, end| Some(Piece { registered: Revision(3), slot: Slot(1), offset, end });
        assert_eq!(values.next(Revision(3)), piece(0, 100));
        values.sent(Revision(3), 0, 40);
        values.sent(Revision(3), 40, 80);
        values.lost(Revision(3), 0, 40);
        assert_eq!(values.next(Revision(9)), piece(0, 40));
        values.sent(Revision(3), 0, 30);
        assert_eq!(values.next(Revision(9)), piece(30, 40));
        values.sent(Revision(3), 30, 40);
        values.sent(Revision(3), 80, 100);
        assert_eq!(values.next(Revision(9)), None);
        for (offset, end) in [(80, 100), (0, 30), (40, 80), (30, 40)] {
            values.acknowledged(Revision(3), offset, end);
        }
        assert!(values.owed.0.is_empty());
        values.begin(Revision(2), |_, _| true);
        assert_eq!(values.next(Revision(9)), piece(0, 100));
        values.begin(Revision(3), |_, _| true);
        assert_eq!(values.next(Revision(9)), None);
    }

    #[test]
    fn only_so_many_values_are_put_together_at_a_time() {
        let mut arriving = Arriving::default();
        for n in 1..=MOST_ASSEMBLED as u64 {
            assert_eq!(arriving.add(Revision(n), 10, 0, &[1]), Added::New);
        }
        assert_eq!(arriving.add(Revision(9), 10, 0, &[1]), Added::NoRoom);
        assert_eq!(arriving.add(Revision(1), 10, 1, &[1; 9]), Added::Whole(vec![1; 10]));
        assert_eq!(arriving.add(Revision(9), 10, 0, &[1]), Added::New);
    }

    proptest! {
        /// Pieces in any order, repeated and overlapping, against a plain array of what has come.
        #[test]
        fn pieces_in_any_order_make_the_value(
            total in 1u32..200,
            cuts in proptest::collection::vec((0u32..200, 1u32..60), 0..60),
        ) {
            let value: Vec<u8> = (0..total).map(|n| n as u8).collect();
            let mut twin = vec![false; total as usize];
            let mut arriving = Arriving::default();
            let all = cuts.iter().map(|(at, length)| (at % total, *length)).chain([(0, total)]);
            for (offset, length) in all {
                let end = (offset + length).min(total);
                let news = twin[offset as usize..end as usize].contains(&false);
                twin[offset as usize..end as usize].fill(true);
                let added = arriving.add(Revision(1), total, offset, &value[offset as usize..end as usize]);
                if !twin.contains(&false) {
                    prop_assert_eq!(added, Added::Whole(value));
                    return Ok(());
                }
                prop_assert_eq!(added, if news { Added::New } else { Added::Known });
                let held: usize = arriving.assembling[&Revision(1)].pieces.values().map(Vec::len).sum();
                prop_assert_eq!(held, twin.iter().filter(|come| **come).count());
            }
        }
    }
}
