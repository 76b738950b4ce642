//! The simulator's own seeded generator (SplitMix64): everything that a run draws comes from one of these, so that a
//! seed is a run. Which things are drawn is left to `knobs`, `link`, `workload` and `world`.

/// A probability in parts per million.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Ppm(pub u32);

impl Ppm {
    /// Never.
    pub const NEVER: Ppm = Ppm(0);

    /// A probability given in hundredths.
    pub const fn percent(percent: u32) -> Ppm {
        Ppm(percent * 10_000)
    }
}

/// The generator's state.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Rng {
        let mut rng = Rng(seed ^ 0x7461_736b_7769_7265);
        rng.draw();
        rng
    }

    /// Any number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 when the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            0
        } else {
            self.draw() % bound
        }
    }

    /// A number from `low` to `high`, both included.
    pub fn range(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// A number from `low` to `high` whose order of magnitude is drawn first: small ones are as likely as large ones.
    pub fn magnitude(&mut self, low: u64, high: u64) -> u64 {
        let low = low.max(1);
        let bits = |n: u64| 64 - n.leading_zeros();
        let width = self.range(bits(low).into(), bits(high).into()) as u32;
        let least = 1u64 << (width - 1);
        self.range(least.max(low), (least.saturating_mul(2) - 1).min(high).max(low))
    }

    /// Whether something of this probability comes about.
    pub fn chance(&mut self, probability: Ppm) -> bool {
        probability.0 > 0 && self.draw() % 1_000_000 < u64::from(probability.0)
    }

    /// An index into something of this length, which must not be 0.
    pub fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// One of several.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.index(from.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_sequence_and_ranges_are_kept() {
        let (mut a, mut b) = (Rng::new(7), Rng::new(7));
        for _ in 0..1000 {
            assert_eq!(a.draw(), b.draw());
            let x = a.range(3, 9);
            b.range(3, 9);
            assert!((3..=9).contains(&x));
            let y = a.magnitude(10, 100_000);
            b.magnitude(10, 100_000);
            assert!((10..=100_000).contains(&y), "{y}");
        }
        assert_ne!(Rng::new(1).draw(), Rng::new(2).draw());
    }

    #[test]
    fn chances_are_about_what_they_say() {
        let mut rng = Rng::new(1);
        let hits = (0..10_000).filter(|_| rng.chance(Ppm::percent(25))).count();
        assert!((2300..2700).contains(&hits), "{hits}");
        assert!(!(0..1000).any(|_| rng.chance(Ppm::NEVER)));
    }
}
