//! A histogram with fixed buckets whose bounds double, the first being a power of two: a value costs one shift, one count of
//! zeros and two additions, and nothing is allocated.

/// Buckets of every histogram; the last has no upper bound.
const BUCKETS: usize = 22;

/// How often values fell between bounds that double from 2^`SHIFT` on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Histogram<const SHIFT: u32> {
    buckets: [u64; BUCKETS],
    sum: u64,
}

impl<const SHIFT: u32> Default for Histogram<SHIFT> {
    fn default() -> Self {
        Histogram { buckets: [0; BUCKETS], sum: 0 }
    }
}

impl<const SHIFT: u32> Histogram<SHIFT> {
    /// Counts a value.
    pub fn observe(&mut self, value: u64) {
        let doublings = 64 - (value.saturating_sub(1) >> SHIFT).leading_zeros();
        self.buckets[(doublings as usize).min(BUCKETS - 1)] += 1;
        self.sum = self.sum.saturating_add(value);
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// Their sum; the largest `u64` once it is beyond that.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// The buckets from below: the largest value of each, `None` for the last, and how many values are in it.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<u64>, u64)> + '_ {
        let bound = |index: usize| (index + 1 < BUCKETS).then(|| 1u64 << (SHIFT + index as u32));
        self.buckets.iter().enumerate().map(move |(index, count)| (bound(index), *count))
    }

    /// A value that at least `permille` of a thousand of the values are not above: the bound of a bucket. `None` when nothing
    /// was counted, or when it lies in the last bucket.
    pub fn quantile(&self, permille: u64) -> Option<u64> {
        let count = self.count();
        let needed = (u128::from(count) * u128::from(permille.min(1000))).div_ceil(1000).max(1) as u64;
        let mut below = 0;
        for (bound, here) in self.buckets() {
            below += here;
            if count > 0 && below >= needed {
                return bound;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_falls_into_the_first_bucket_whose_bound_it_does_not_exceed() {
        for shift_of_six in [false, true] {
            for value in (0..10_000).chain([u64::MAX, 1 << 20, (1 << 20) + 1, 1 << 26, (1 << 26) + 1]) {
                let buckets: Vec<(Option<u64>, u64)> = if shift_of_six {
                    let mut histogram = Histogram::<6>::default();
                    histogram.observe(value);
                    histogram.buckets().collect()
                } else {
                    let mut histogram = Histogram::<0>::default();
                    histogram.observe(value);
                    histogram.buckets().collect()
                };
                let naive = buckets.iter().position(|(bound, _)| bound.is_none_or(|bound| value <= bound));
                assert_eq!(buckets.iter().position(|(_, count)| *count == 1), naive, "{value}");
            }
        }
    }

    #[test]
    fn quantiles_are_bounds_of_buckets() {
        let mut histogram = Histogram::<0>::default();
        assert_eq!(histogram.quantile(500), None);
        for value in 1..=100 {
            histogram.observe(value);
        }
        assert_eq!((histogram.count(), histogram.sum()), (100, 5_050));
        assert_eq!(
            (histogram.quantile(0), histogram.quantile(500), histogram.quantile(1000)),
            (Some(1), Some(64), Some(128))
        );
        histogram.observe(u64::MAX);
        assert_eq!((histogram.sum(), histogram.quantile(1000)), (u64::MAX, None));
    }
    use alloc::vec::Vec;
}
