//! Rateless sketches of an array of record hashes: sums over ever more cells, of which about one and a half for each slot
//! that differs are enough to name those slots, however many slots agree. Which array, and what is done about a slot that
//! differs, is left to `publisher` and `subscriber`; the bytes to `wire`.
//!
//! Cells stand in blocks of 8, 8, 16, 32, 64, … and every slot has one cell in each block. A cell holds, modulo a prime, the
//! sum of the hashes of its slots and the sum of slot times hash. The difference of two sides' cells is then made of the slots
//! that differ alone; where one is left in a cell, the quotient of the two sums is its number, and it is taken out of all
//! its other cells, which leaves one in others. After Goodrich and Mitzenmacher, "Invertible Bloom Lookup Tables" (2011), and
//! Yang, Gilad and Alizadeh, "Practical Rateless Set Reconciliation" (SIGCOMM 2024); that the two sides share slots, so that
//! a changed record is one difference and names itself by a small number, is ours.
//!
//! Invariants: no more work than in proportion to slots times blocks and to cells taken; what was found and is found again
//! with the other sign is undone, so a cell that looked like one slot's by chance does no lasting harm.

use alloc::vec::Vec;
use core::ops::Range;

use crate::id::Slot;
use crate::map::Map;
use crate::sort::sort;
use crate::wire::CELL_BYTES;

/// Slots are below this, so that sums of hashes do not overflow while they are made.
pub(crate) const MOST_SLOTS: u32 = 1 << 22;
/// The share of slots, of 2^32, that may lie outside the cells that came: one in 65,536. What is missed all the same the
/// digest shows, and then all is told.
const MOST_MISSED: u64 = 1 << 16;
/// Blocks that are made beyond the one asked for, while the cells are no more than these.
const AHEAD: u32 = 2;
const SMALL: u32 = 1 << 16;
/// The prime below 2^40 that the sums are taken modulo: what is not zero has an inverse, so every difference names its slot.
const PRIME: u64 = (1 << 40) - 87;
/// Cells of the first block.
const FIRST: u32 = 8;

/// A number below 2^80 modulo the prime: 2^40 is 87 there.
fn reduced(number: u128) -> u64 {
    let folded = (number as u64 & MASK) + (number >> 40) as u64 * 87;
    let folded = (folded & MASK) + (folded >> 40) * 87;
    folded % PRIME
}

const MASK: u64 = (1 << 40) - 1;

fn product(a: u64, b: u64) -> u64 {
    reduced(u128::from(a) * u128::from(b))
}

fn difference(a: u64, b: u64) -> u64 {
    if a >= b {
        a - b
    } else {
        a + PRIME - b
    }
}

/// The inverse of a number that is not zero: its power by the prime less two (Fermat).
fn inverse(number: u64) -> u64 {
    let (mut power, mut square, mut left) = (1, number, PRIME - 2);
    while left > 0 {
        if left & 1 == 1 {
            power = product(power, square);
        }
        square = product(square, square);
        left >>= 1;
    }
    power
}

/// Two sums modulo the prime. While cells are made they may be above it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Cell {
    /// Of the hashes.
    hashes: u64,
    /// Of slot times hash.
    places: u64,
}

impl Cell {
    /// What a slot adds to each of its cells.
    fn of(slot: u32, hash: u64) -> Cell {
        Cell { hashes: hash, places: product(slot.into(), hash) }
    }

    fn less(self, other: Cell) -> Cell {
        Cell { hashes: difference(self.hashes, other.hashes), places: difference(self.places, other.places) }
    }

    fn is_zero(self) -> bool {
        self == Cell::default()
    }

    /// The bytes on the wire.
    pub(crate) fn to_bytes(self) -> [u8; CELL_BYTES] {
        let mut bytes = [0; CELL_BYTES];
        bytes[..5].copy_from_slice(&self.hashes.to_le_bytes()[..5]);
        bytes[5..].copy_from_slice(&self.places.to_le_bytes()[..5]);
        bytes
    }

    /// The cell of its bytes; a sum that is not below the prime is taken modulo it.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Cell {
        let sum = |part: &[u8]| part.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)) % PRIME;
        Cell { hashes: sum(&bytes[..5]), places: sum(&bytes[5..CELL_BYTES]) }
    }
}

/// The logarithm to base 2 of a number from 1 on, both with 16 bits behind the point: right to a hundredth.
fn binary_logarithm(number: u64) -> u64 {
    let whole = number.ilog2() - 16;
    let above = (number >> whole) - (1 << 16);
    (u64::from(whole) << 16) + ((above * (88_244 - ((above * 22_708) >> 16))) >> 16)
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
fn mix(mut z: u64) -> u64 {
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The block in which a cell lies.
fn block_of(cell: u32) -> u32 {
    (cell / FIRST).checked_ilog2().map_or(0, |log| log + 1)
}

/// The cells of a block.
fn cells_of(block: u32) -> Range<u32> {
    match block {
        0 => 0..FIRST,
        _ => FIRST << (block - 1)..FIRST << block,
    }
}

/// What chooses a slot's cells.
fn spread(seed: u64, slot: u32) -> u64 {
    mix(seed.wrapping_add(GOLDEN.wrapping_mul(u64::from(slot) + 1)))
}

/// What a block multiplies it by.
fn multiplier(block: u32) -> u64 {
    mix(GOLDEN.wrapping_mul(u64::from(block) + 1)) | 1
}

/// The cell of a slot in a block.
#[inline]
fn cell_in(block: u32, multiplier: u64, spread: u64) -> u32 {
    let cells = cells_of(block);
    let bits = (cells.end - cells.start).trailing_zeros();
    cells.start + (spread.wrapping_mul(multiplier) >> (64 - bits)) as u32
}

/// The cells of one side, as many blocks as were asked for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Sketch {
    seed: u64,
    cells: Vec<Cell>,
}

impl Sketch {
    /// No cells yet. Both sides must take the same seed.
    pub(crate) fn new(seed: u64) -> Sketch {
        Sketch { seed, cells: Vec::new() }
    }

    /// How many cells there are.
    pub(crate) fn len(&self) -> u32 {
        self.cells.len() as u32
    }

    /// Makes all blocks up to the one with the cell before `end`, and while they are small two more, of an array that is the
    /// same each time; `hashes` is read once if a block is missing, else not at all, as to read it costs more than a block.
    /// Memory: 16 bytes a cell, fewer than twice `end` cells or a megabyte.
    pub(crate) fn extend(&mut self, end: u32, hashes: impl Iterator<Item = (Slot, u64)>) {
        if end <= self.len() {
            return;
        }
        let from = if self.cells.is_empty() { 0 } else { block_of(self.len()) };
        let asked = block_of(end - 1);
        let to = if cells_of(asked + AHEAD).end <= SMALL { asked + AHEAD } else { asked };
        self.cells.resize(cells_of(to).end as usize, Cell::default());
        let blocks: Vec<(u32, u64)> = (from..=to).map(|block| (block, multiplier(block))).collect();
        for (slot, hash) in hashes {
            let (spread, one) = (spread(self.seed, slot.0), Cell::of(slot.0, hash % PRIME));
            for (block, multiplier) in &blocks {
                let cell = &mut self.cells[cell_in(*block, *multiplier, spread) as usize];
                // Below 2^40 each, of at most 2^22 slots: there is no overflow.
                cell.hashes += one.hashes;
                cell.places += one.places;
            }
        }
        for cell in &mut self.cells[cells_of(from).start as usize..] {
            *cell = Cell { hashes: cell.hashes % PRIME, places: cell.places % PRIME };
        }
    }

    /// The cells of a range that has been made.
    pub(crate) fn cells(&self, range: Range<u32>) -> &[Cell] {
        self.cells.get(range.start as usize..range.end as usize).unwrap_or(&[])
    }
}

/// Finds the slots that differ from the other side's cells.
#[derive(Clone, Debug)]
pub(crate) struct Finder {
    own: Sketch,
    slots: u32,
    /// What is left of the differences, of the cells that have come.
    left: Vec<Option<Cell>>,
    taken: u32,
    /// Of each block, cells that have come, and those of them in which nothing differs.
    come: Vec<(u32, u32)>,
    /// Cells that are not zero.
    open: u32,
    /// Slots found, each with what its hash is here beyond what it is there.
    found: Map<u32, u64>,
    /// Cells to be looked at.
    queue: Vec<u32>,
    multipliers: Vec<u64>,
    /// Slots that were taken out, in all: what bounds the work when a hostile side's cells never come out.
    steps: u64,
}

impl core::hash::Hash for Finder {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        (self.taken, self.open, self.slots).hash(state);
        self.left.hash(state);
    }
}

impl Finder {
    /// Differences are looked for among slots below `slots`, which is at most 2^22.
    pub(crate) fn new(seed: u64, slots: u32) -> Finder {
        Finder {
            own: Sketch::new(seed),
            slots: slots.min(MOST_SLOTS),
            left: Vec::new(),
            taken: 0,
            come: Vec::new(),
            open: 0,
            found: Map::new(seed),
            queue: Vec::new(),
            multipliers: Vec::new(),
            steps: 0,
        }
    }

    /// How many cells have come.
    pub(crate) fn taken(&self) -> u32 {
        self.taken
    }

    /// The first cells below `end` that have not come, if there are such.
    pub(crate) fn lacking(&self, end: u32) -> Option<Range<u32>> {
        let came = |number: &u32| self.left.get(*number as usize).is_some_and(Option::is_some);
        let start = (0..end).find(|number| !came(number))?;
        Some(start..(start..end).find(came).unwrap_or(end))
    }

    /// Takes cells of the other side from number `first` on; those that have come are passed over. `hashes` is this side's
    /// array, read once at most.
    pub(crate) fn take(
        &mut self,
        first: u32,
        cells: impl ExactSizeIterator<Item = Cell>,
        hashes: impl Iterator<Item = (Slot, u64)>,
    ) {
        let end = first.saturating_add(cells.len() as u32);
        self.own.extend(end, hashes);
        let room = self.own.len() as usize;
        self.left.resize(room.max(self.left.len()), None);
        while self.multipliers.len() <= block_of(end.max(1) - 1) as usize {
            self.multipliers.push(multiplier(self.multipliers.len() as u32));
            self.come.push((0, 0));
        }
        let mut incoming: Vec<Option<Cell>> = (first..)
            .zip(cells)
            .map(|(number, theirs)| {
                let known = self.left[number as usize].is_some();
                (!known).then(|| self.own.cells[number as usize].less(theirs))
            })
            .collect();
        for (number, cell) in (first..).zip(&incoming) {
            if let Some(cell) = cell {
                let (come, equal) = &mut self.come[block_of(number) as usize];
                *come += 1;
                *equal += u32::from(cell.is_zero());
            }
        }
        // What was found before lies in the new cells too.
        for (slot, hash) in self.found.iter() {
            let (spread, one) = (spread(self.own.seed, *slot), Cell::of(*slot, *hash));
            for (block, multiplier) in self.multipliers.iter().enumerate() {
                let number = cell_in(block as u32, *multiplier, spread);
                let place = number.checked_sub(first).and_then(|index| incoming.get_mut(index as usize));
                if let Some(Some(cell)) = place {
                    *cell = cell.less(one);
                }
            }
        }
        for (number, cell) in (first..).zip(incoming) {
            let Some(cell) = cell else { continue };
            self.taken += 1;
            self.open += u32::from(!cell.is_zero());
            self.left[number as usize] = Some(cell);
            self.queue.push(number);
        }
        self.peel();
    }

    /// Looks at the cells that have come or changed, round by round: what one slot alone could have left is taken out.
    fn peel(&mut self) {
        let mut round: Vec<(u32, Cell, u64)> = Vec::new();
        while !self.queue.is_empty() {
            let left = &self.left;
            let cell = |number: u32| left.get(number as usize).copied().flatten().filter(|cell| cell.hashes != 0);
            round.clear();
            // All inverses of a round at the price of one (Montgomery): products up to each, then back.
            let mut all = 1;
            for number in self.queue.drain(..) {
                if let Some(cell) = cell(number) {
                    round.push((number, cell, all));
                    all = product(all, cell.hashes);
                }
            }
            let mut inverted = inverse(all);
            for (number, cell, before) in round.iter().rev() {
                let quotient = product(product(inverted, *before), cell.places);
                inverted = product(inverted, cell.hashes);
                // One that has changed meanwhile is in the next round.
                if quotient < u64::from(self.slots) && self.left[*number as usize] == Some(*cell) {
                    self.try_slot(*number, *cell, quotient as u32);
                }
            }
            if self.steps >= self.most_steps() {
                self.queue.clear();
            }
        }
    }

    /// Takes a slot out if the cell is one of its own.
    fn try_slot(&mut self, number: u32, cell: Cell, slot: u32) {
        let block = block_of(number);
        if cell_in(block, self.multipliers[block as usize], spread(self.own.seed, slot)) != number {
            return;
        }
        self.steps += 1;
        self.take_out(slot, cell.hashes);
        let before = self.found.remove(&slot).unwrap_or(0);
        let sum = (before + cell.hashes) % PRIME;
        if sum != 0 {
            self.found.insert(slot, sum);
        }
    }

    /// Four for each cell: every difference lies in one cell at least, and few are found twice.
    fn most_steps(&self) -> u64 {
        4 * u64::from(self.taken) + 64
    }

    /// Takes a difference out of all cells that have come.
    fn take_out(&mut self, slot: u32, hash: u64) {
        let (spread, one) = (spread(self.own.seed, slot), Cell::of(slot, hash));
        for (block, multiplier) in self.multipliers.iter().enumerate() {
            let number = cell_in(block as u32, *multiplier, spread);
            let Some(Some(cell)) = self.left.get_mut(number as usize) else { continue };
            let before = cell.is_zero();
            *cell = cell.less(one);
            match (before, cell.is_zero()) {
                (true, false) => self.open += 1,
                (false, true) => self.open -= 1,
                _ => {}
            }
            self.queue.push(number);
        }
    }

    /// The slots that differ, in order, once the cells that have come say so: nothing is left in any, and hardly a slot can
    /// lie in none of them. `early` gives those found so far: what no publisher may ask for.
    pub(crate) fn differing(&self, early: bool) -> Option<Vec<Slot>> {
        if !early && (self.open > 0 || self.missed() > MOST_MISSED) {
            return None;
        }
        let mut slots: Vec<Slot> = self.found.keys().copied().map(Slot).collect();
        sort(&mut slots);
        Some(slots)
    }

    /// The share of slots, of 2^32, that lie in none of the cells that have come: none once a block has come whole.
    fn missed(&self) -> u64 {
        (0..).zip(&self.come).fold(1 << 32, |missed, (block, (come, _))| {
            let cells = cells_of(block).len() as u64;
            missed * (cells - u64::from(*come)) / cells
        })
    }

    /// About how many slots differ, as the cells in which nothing differs tell: of n cells a share of e^(-d/n) is such. None
    /// where there are too few.
    pub(crate) fn about(&self) -> Option<u32> {
        let (block, (come, equal)) = self.come.iter().enumerate().rev().find(|(_, (come, _))| *come >= 24)?;
        let ratio = (u64::from(*come) << 16).checked_div(u64::from(*equal)).filter(|_| *equal >= 4)?;
        // ln 2 in 16 bits behind the point.
        let natural = (binary_logarithm(ratio) * 45_426) >> 16;
        Some(((cells_of(block as u32).len() as u64 * natural) >> 16) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(seed: u64, slots: u32) -> Vec<u64> {
        (0..slots).map(|slot| mix(seed ^ u64::from(slot) << 20)).collect()
    }

    fn hashes(array: &[u64]) -> impl Iterator<Item = (Slot, u64)> + '_ {
        array.iter().enumerate().filter(|(_, hash)| **hash != 0).map(|(slot, hash)| (Slot(slot as u32), *hash))
    }

    /// Changes `differences` slots: a third each to another hash, to none, and from none.
    fn alter(array: &mut [u64], differences: u32, seed: u64) -> Vec<Slot> {
        let mut slots: Vec<Slot> = Vec::new();
        let mut turn = seed;
        while slots.len() < differences as usize {
            turn = mix(turn.wrapping_add(GOLDEN));
            let slot = (turn % array.len() as u64) as u32;
            if slots.contains(&Slot(slot)) {
                continue;
            }
            array[slot as usize] = if slots.len() % 3 == 0 { 0 } else { turn | 1 };
            slots.push(Slot(slot));
        }
        slots.sort_unstable();
        slots
    }

    /// Cells that were needed until exactly the differing slots were found, `step` at a time.
    fn cells_needed(slots: u32, differences: u32, seed: u64, step: u32) -> u32 {
        let mine = array(seed, slots);
        let mut theirs = mine.clone();
        let differing = alter(&mut theirs, differences, seed ^ 77);
        let mut sketch = Sketch::new(seed);
        let mut finder = Finder::new(seed, slots);
        let mut first = 0;
        loop {
            sketch.extend(first + step, hashes(&theirs));
            finder.take(first, sketch.cells(first..first + step).iter().copied(), hashes(&mine));
            first += step;
            if let Some(found) = finder.differing(false) {
                assert_eq!(found, differing);
                return first;
            }
            assert!(first < 8 * differences + 400, "{first} cells do not find {differences} differences");
        }
    }

    #[test]
    fn blocks_follow_each_other_without_a_hole() {
        let mut next = 0;
        for block in 0..20 {
            let cells = cells_of(block);
            assert_eq!(cells.start, next);
            assert_eq!((block_of(cells.start), block_of(cells.end - 1)), (block, block));
            next = cells.end;
        }
    }

    #[test]
    fn a_cell_is_the_same_after_its_bytes() {
        let cell = Cell { hashes: 0x12_3456_789a, places: PRIME - 2 };
        assert_eq!(Cell::from_bytes(&cell.to_bytes()), cell);
    }

    #[test]
    fn every_single_difference_names_itself() {
        for slot in [0, 1, 2, 1000, 1 << 20] {
            for hash in [1, 2, 0x1000, PRIME - 1, 1 << 39] {
                let cell = Cell::of(slot, hash);
                assert_eq!(product(inverse(cell.hashes), cell.places), slot.into(), "slot {slot}, hash {hash:x}");
            }
        }
    }

    #[test]
    fn numbers_are_reduced_as_division_would() {
        let mut turn = 7u64;
        for _ in 0..10_000 {
            turn = mix(turn);
            let (a, b) = (turn % PRIME, mix(turn ^ 1) % PRIME);
            assert_eq!(u128::from(product(a, b)), u128::from(a) * u128::from(b) % u128::from(PRIME));
            assert_eq!((difference(a, b) + b) % PRIME, a);
        }
        assert_eq!(product(PRIME - 1, PRIME - 1), 1);
    }

    #[test]
    fn logarithms_are_right_to_a_hundredth() {
        for number in [1.0f64, 1.01, 1.3, 1.5, 1.9, 2.0, 3.7, 100.0, 60_000.0] {
            let found = binary_logarithm((number * 65_536.0) as u64) as f64 / 65_536.0;
            assert!((found - number.log2()).abs() < 0.01, "{number}: {found}");
        }
    }

    #[test]
    fn the_number_of_differences_is_told_before_they_are_found() {
        for differences in [120, 250, 3_000] {
            let mine = array(1, 20_000);
            let mut theirs = mine.clone();
            alter(&mut theirs, differences, 5);
            let mut sketch = Sketch::new(1);
            let mut finder = Finder::new(1, 20_000);
            sketch.extend(differences, hashes(&theirs));
            finder.take(0, sketch.cells(0..differences).iter().copied(), hashes(&mine));
            let about = finder.about().unwrap();
            assert!((differences * 3 / 4..differences * 4 / 3).contains(&about), "{about} of {differences}");
            assert_eq!(finder.differing(false), None);
        }
    }

    #[test]
    fn about_one_and_a_half_cells_find_a_difference() {
        for (differences, most) in [(100, 1.75), (1_000, 1.6), (5_000, 1.56)] {
            let rounds = 6_000 / differences;
            let needed: u32 = (0..rounds).map(|round| cells_needed(40_000, differences, round.into(), 4)).sum();
            let each = f64::from(needed) / f64::from(rounds * differences);
            assert!(each <= most, "{differences} differences need {each} cells each");
        }
    }

    #[test]
    fn nothing_that_differs_is_found_with_the_first_cells() {
        assert_eq!(cells_needed(1_000, 0, 5, 8), 8);
        for seed in 0..50 {
            let few = cells_needed(1_000, 1 + seed as u32 % 12, seed, 8);
            assert!(few <= 120, "{few}");
        }
    }

    #[test]
    fn cells_that_were_lost_are_made_up_for_by_later_ones() {
        let mine = array(9, 5_000);
        let mut theirs = mine.clone();
        let differing = alter(&mut theirs, 200, 4);
        let mut sketch = Sketch::new(9);
        let mut finder = Finder::new(9, 5_000);
        let mut first = 0;
        let found = loop {
            sketch.extend(first + 32, hashes(&theirs));
            // Every fifth frame is lost, the first one among them; one comes twice.
            for _ in 0..match first / 32 % 5 {
                0 => 0,
                1 => 2,
                _ => 1,
            } {
                finder.take(first, sketch.cells(first..first + 32).iter().copied(), hashes(&mine));
            }
            first += 32;
            if let Some(found) = finder.differing(false) {
                break found;
            }
            assert!(first < 2_000);
        };
        assert_eq!(found, differing);
    }

    #[test]
    fn cells_made_of_nothing_end_in_bounded_work() {
        let mine = array(3, 1_000);
        let mut finder = Finder::new(3, 1_000);
        let mut turn = 1u64;
        for round in 0..32 {
            let cells: Vec<Cell> = (0..64)
                .map(|_| {
                    turn = mix(turn);
                    // Half of them look like one slot's.
                    let slot = (turn >> 40) as u32 % 1_000;
                    let one = Cell::of(slot, turn % PRIME);
                    Cell { places: if turn & 1 == 1 { one.places } else { (turn >> 7) % PRIME }, ..one }
                })
                .collect();
            finder.take(round * 64, cells.iter().copied(), hashes(&mine));
            assert!(finder.steps <= finder.most_steps());
            assert!(finder.found.len() <= 1_000);
        }
        assert_eq!(finder.differing(false), None);
    }
}
