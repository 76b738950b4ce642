//! The state at base, as snapshots and checkpoints tell it; and the publisher that a stored state makes.

use super::Publisher;
use crate::error::Illegal;
use crate::id::Slot;
use crate::revision::{Digest, Position, Revision};
use crate::stream::{Reported, Stream};
use crate::wire::SnapshotWriter;

impl Publisher<Reported> {
    /// Puts what lies in [first, end) of the state at base into `writer`, as much as has room: below `slots` an index is a
    /// slot, from there on a place in the ring of forgotten finals. Returns the index after the last.
    ///
    /// # Errors
    /// The slot of a record that is damaged in memory: nothing of it may be told.
    pub(crate) fn fill_state(
        &self,
        writer: &mut SnapshotWriter,
        slots: u32,
        first: u32,
        end: u32,
    ) -> Result<u32, Slot> {
        let mut next = first;
        while next < end.min(slots) {
            let slot = Slot(next);
            if let Some(row) = self.base_row(slot) {
                if !Reported::is_sound(row, slot, self.table.epochs()) {
                    return Err(slot);
                }
                if !writer.push_record(&self.table.unpack(slot, row)) {
                    return Ok(next);
                }
            }
            next += 1;
        }
        while next >= slots && next < end {
            match self.finals.get((next - slots) as usize) {
                Some(last) if writer.push_final(last) => next += 1,
                _ => break,
            }
        }
        Ok(next)
    }

    /// Puts what lies in [first, end) of the snapshot under way into `writer`, as much as has room: all of it, or what
    /// differs. Returns the index after the last.
    ///
    /// # Errors
    /// As those of [`Publisher::fill_state`].
    pub(crate) fn fill_part(&self, writer: &mut SnapshotWriter, first: u32, end: u32) -> Result<u32, Slot> {
        let Some(outgoing) = &self.outgoing else { return Ok(end) };
        let slots = outgoing.slots();
        let mut next = first;
        if let Some(differing) = outgoing.differing() {
            next = self.fill_differing(writer, differing, first, end.min(slots))?;
            if next < end.min(slots) {
                return Ok(next);
            }
        }
        self.fill_state(writer, slots, next, end)
    }

    /// Puts what lies in [first, end) of a patch into `writer`: records of the slots that differ, or that they are empty.
    fn fill_differing(
        &self,
        writer: &mut SnapshotWriter,
        differing: &[Slot],
        first: u32,
        end: u32,
    ) -> Result<u32, Slot> {
        let from = differing.partition_point(|slot| slot.0 < first);
        for slot in differing[from..].iter().take_while(|slot| slot.0 < end) {
            let fits = match self.base_row(*slot) {
                Some(row) if !Reported::is_sound(row, *slot, self.table.epochs()) => return Err(*slot),
                Some(row) => writer.push_record(&self.table.unpack(*slot, row)),
                None => writer.push_emptied(*slot),
            };
            if !fits {
                return Ok(slot.0);
            }
        }
        Ok(end.max(first))
    }
}

impl<S: Stream> Publisher<S> {
    /// Puts a record of a stored state at base in its slot.
    ///
    /// # Errors
    /// [`Illegal`]; nothing is changed.
    pub(crate) fn place(&mut self, record: S::Record) -> Result<(), Illegal> {
        let slot = S::slot_of(&record);
        self.table.place(&record)?;
        if let Some(row) = self.table.row(slot) {
            self.reserved += S::entries_ahead(row);
            if let Some(value) = S::long_value(row) {
                self.values.add(S::registration(row), slot, value.len() as u32);
            }
        }
        self.next_slot = self.next_slot.max(slot.0 + 1);
        Ok(())
    }

    /// The stored state is whole; says whether it adds up.
    pub(crate) fn settle(&mut self, base: Position, digest: Digest) -> bool {
        self.table.settle(base);
        self.log.settle(base, digest);
        self.table.digest() == digest
    }

    /// Lets go what a stored journal says is durable.
    pub(crate) fn was_durable(&mut self, durable: Revision) {
        self.let_go(durable);
        self.ripe.clear();
        self.gone.clear();
    }

    /// The bytes of the long value of a registration, now or as its record was at base.
    pub(crate) fn long_value(&self, registered: Revision, slot: Slot) -> Option<&[u8]> {
        [self.table.row(slot), self.base_row(slot)]
            .into_iter()
            .flatten()
            .find(|row| S::registration(row) == registered)
            .and_then(S::long_value)
            .map(|value| value.as_bytes())
    }

    /// All that was stored is in: slots that stand for nothing, neither now nor until a tombstone is durable, are free.
    pub(crate) fn settle_slots(&mut self) {
        let mut taken = alloc::vec![false; self.next_slot as usize];
        for slot in self.leaving.values() {
            taken[slot.0 as usize] = true;
        }
        self.free = (0..self.next_slot)
            .rev()
            .map(Slot)
            .filter(|slot| self.table.row(*slot).is_none() && !taken[slot.0 as usize])
            .collect();
    }
}
