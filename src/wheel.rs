//! A timing wheel: one deadline each for many things that are known by small numbers. What a deadline means is left to the
//! owner, who also says what time it is.
//!
//! A slot stands for a span of time; spans get 64 times as long from level to level, and what is in a long one is put into
//! shorter ones when its time comes, at most once a level. Setting and clearing a deadline are O(1), whatever else is set.
//!
//! Invariants: a thing stands in at most one slot, on the level of the highest digit in which its tick differs from the
//! wheel's; so the first slot of the lowest level that has any holds the earliest deadline.

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

/// Microseconds of a tick, as a power of two: about a millisecond. Deadlines themselves are exact.
const TICK: u32 = 10;
/// Bits of a digit: the slots of a level.
const DIGIT: u32 = 6;
const SLOTS: usize = 1 << DIGIT;
/// Levels that every tick of 64 bits of microseconds fits into.
const LEVELS: usize = ((u64::BITS - TICK) as usize).div_ceil(DIGIT as usize);
/// Slots with no more things than these are looked through for their least deadline when it is cleared.
const LOOKED_THROUGH: u32 = 16;
/// The end of a list.
const END: u32 = u32::MAX;
/// The slot of a thing without deadline.
const NOWHERE: u16 = u16::MAX;

/// The things of a slot, as a list.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// No deadline in it is less.
    least: u64,
    first: u32,
    count: u32,
}

const EMPTY: Slot = Slot { least: u64::MAX, first: END, count: 0 };

/// The deadline of a thing, and its neighbours in the list of its slot.
#[derive(Clone, Copy, Debug)]
struct Place {
    deadline: u64,
    before: u32,
    after: u32,
    slot: u16,
}

const FREE: Place = Place { deadline: 0, before: END, after: END, slot: NOWHERE };

/// Deadlines in microseconds, each of one thing.
#[derive(Clone, Debug)]
pub(crate) struct Wheel {
    /// The tick up to which everything due was taken.
    tick: u64,
    /// Which slots of a level have something.
    used: [u64; LEVELS],
    /// Level after level.
    slots: Vec<Slot>,
    places: Vec<Place>,
    len: usize,
}

impl Wheel {
    pub(crate) fn new() -> Wheel {
        Wheel { tick: 0, used: [0; LEVELS], slots: Vec::new(), places: Vec::new(), len: 0 }
    }

    /// How many deadlines are set.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Sets the deadline of a thing, in place of the one that it had. One that has passed is due at once.
    pub(crate) fn set(&mut self, thing: u32, deadline: u64) {
        self.clear(thing);
        if self.slots.is_empty() {
            self.slots.resize(LEVELS * SLOTS, EMPTY);
        }
        if self.places.len() <= thing as usize {
            self.places.resize(thing as usize + 1, FREE);
        }
        self.len += 1;
        self.place(thing, deadline);
    }

    /// Takes the deadline of a thing away, if it has one.
    pub(crate) fn clear(&mut self, thing: u32) {
        let Some(place) = self.places.get_mut(thing as usize) else { return };
        let Place { deadline, before, after, slot: at } = core::mem::replace(place, FREE);
        if at == NOWHERE {
            return;
        }
        self.len -= 1;
        if let Some(place) = self.places.get_mut(after as usize) {
            place.before = before;
        }
        let slot = &mut self.slots[usize::from(at)];
        slot.count -= 1;
        match self.places.get_mut(before as usize) {
            Some(place) => place.after = after,
            None => slot.first = after,
        }
        if slot.count == 0 {
            *slot = EMPTY;
            self.used[usize::from(at) / SLOTS] &= !(1 << (usize::from(at) % SLOTS));
        } else if slot.least == deadline && slot.count <= LOOKED_THROUGH || slot.count == LOOKED_THROUGH {
            // Longer ones may keep a bound that is too early: the owner looks once more than needed.
            let (mut least, mut thing) = (u64::MAX, slot.first);
            while let Some(place) = self.places.get(thing as usize) {
                least = least.min(place.deadline);
                thing = place.after;
            }
            self.slots[usize::from(at)].least = least;
        }
    }

    /// When to look for what is due: no later than the earliest deadline.
    pub(crate) fn next(&self) -> Option<u64> {
        let at = self.first()?;
        Some(self.slots[at].least)
    }

    /// Takes out everything whose deadline is at or before `now`, sorted by deadline and number. `due` is cleared first.
    pub(crate) fn take_due(&mut self, now: u64, due: &mut Vec<(u64, u32)>) {
        due.clear();
        let until = now >> TICK;
        while let Some(at) = self.first() {
            let start = self.start(at);
            if start > until {
                break;
            }
            self.tick = self.tick.max(start);
            let mut thing = self.empty(at);
            while let Some(place) = self.places.get_mut(thing as usize) {
                let Place { deadline, after, .. } = core::mem::replace(place, FREE);
                if deadline <= now {
                    self.len -= 1;
                    due.push((deadline, thing));
                } else {
                    self.place(thing, deadline);
                }
                thing = after;
            }
            // What is left of the slot of this very tick comes later in it.
            if at < SLOTS && start >= until {
                break;
            }
        }
        self.tick = self.tick.max(until);
        due.sort_unstable();
    }

    /// Empties a slot and gives the first thing of its list, whose places are still linked.
    fn empty(&mut self, at: usize) -> u32 {
        self.used[at / SLOTS] &= !(1 << (at % SLOTS));
        core::mem::replace(&mut self.slots[at], EMPTY).first
    }

    /// The slot with the earliest deadline.
    fn first(&self) -> Option<usize> {
        let level = self.used.iter().position(|used| *used != 0)?;
        Some(level * SLOTS + self.used[level].trailing_zeros() as usize)
    }

    /// The first tick of a slot's span: the digits above are those of the wheel.
    fn start(&self, at: usize) -> u64 {
        let shift = DIGIT * (at / SLOTS) as u32;
        let above = self.tick.checked_shr(shift + DIGIT).unwrap_or(0).checked_shl(shift + DIGIT).unwrap_or(0);
        above | ((at % SLOTS) as u64) << shift
    }

    /// Puts a thing that stands nowhere into the slot of its deadline.
    fn place(&mut self, thing: u32, deadline: u64) {
        let tick = (deadline >> TICK).max(self.tick);
        let differs = (tick ^ self.tick) | 1;
        let level = ((u64::BITS - 1 - differs.leading_zeros()) / DIGIT) as usize;
        let digit = (tick >> (DIGIT * level as u32)) as usize % SLOTS;
        let at = level * SLOTS + digit;
        let slot = &mut self.slots[at];
        let after = core::mem::replace(&mut slot.first, thing);
        slot.least = slot.least.min(deadline);
        slot.count += 1;
        self.used[level] |= 1 << digit;
        if let Some(place) = self.places.get_mut(after as usize) {
            place.before = thing;
        }
        self.places[thing as usize] = Place { deadline, before: END, after, slot: at as u16 };
    }
}

/// The deadlines decide, wherever they stand.
impl Hash for Wheel {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.len);
        for (thing, place) in self.places.iter().enumerate().filter(|(_, place)| place.slot != NOWHERE) {
            (thing, place.deadline).hash(state);
        }
        self.next().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Step {
        Set(u32, u64),
        Clear(u32),
        Pass(u64),
        PassToNext,
    }

    fn times() -> impl Strategy<Value = u64> {
        prop_oneof![0u64..3_000, 0u64..10_000_000, 0u64..1 << 41, any::<u64>()]
    }

    fn steps() -> impl Strategy<Value = Step> {
        prop_oneof![
            5 => (0u32..40, times()).prop_map(|(thing, after)| Step::Set(thing, after)),
            2 => (0u32..40).prop_map(Step::Clear),
            1 => times().prop_map(Step::Pass),
            3 => Just(Step::PassToNext),
        ]
    }

    proptest! {
        #[test]
        fn the_wheel_gives_what_a_sorted_set_gives(steps in proptest::collection::vec(steps(), 1..200)) {
            let (mut wheel, mut twin, mut now) = (Wheel::new(), BTreeSet::new(), 0u64);
            let mut due = Vec::new();
            for step in steps {
                match step {
                    Step::Set(thing, after) => {
                        twin.retain(|(_, other)| *other != thing);
                        twin.insert((now.saturating_add(after), thing));
                        wheel.set(thing, now.saturating_add(after));
                    }
                    Step::Clear(thing) => {
                        twin.retain(|(_, other)| *other != thing);
                        wheel.clear(thing);
                    }
                    Step::Pass(after) => now = now.saturating_add(after),
                    Step::PassToNext => now = now.max(wheel.next().unwrap_or(0)),
                }
                wheel.take_due(now, &mut due);
                let expected: Vec<_> = twin.iter().copied().filter(|(at, _)| *at <= now).collect();
                twin.retain(|(at, _)| *at > now);
                prop_assert_eq!(&due, &expected);
                prop_assert_eq!(wheel.len(), twin.len());
                let first = twin.first().map(|(at, _)| *at);
                prop_assert_eq!(wheel.next().is_some(), first.is_some());
                prop_assert!(wheel.next() <= first);
                if twin.len() <= LOOKED_THROUGH as usize {
                    prop_assert_eq!(wheel.next(), first);
                }
            }
        }
    }

    #[test]
    fn what_was_cleared_in_a_long_slot_makes_few_looks_that_find_nothing() {
        let mut wheel = Wheel::new();
        (0..1_000).for_each(|thing| wheel.set(thing, 5_000_000 + u64::from(thing)));
        (0..900).for_each(|thing| wheel.clear(thing));
        let (mut due, mut looks) = (Vec::new(), 0);
        while due.is_empty() {
            let next = wheel.next().expect("some are set");
            wheel.take_due(next, &mut due);
            looks += 1;
        }
        assert_eq!(due, [(5_000_900, 900)]);
        assert!(looks <= LEVELS, "{looks} looks");
    }
}
