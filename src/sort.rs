//! Sorting of the short lists of numbers that an agent makes: a page of code less than the library's sort, and as quick at
//! the lengths that occur. Long lists elsewhere are left to the library.

/// Gaps of Shell's sort (Ciura's, and on by 9/4 as usual).
const GAPS: [usize; 12] = [19_903, 8_846, 3_931, 1_750, 701, 301, 132, 57, 23, 10, 4, 1];

/// Sorts in place; equal ones cannot be told apart. At a few thousand it needs about 12 comparisons for each.
pub(crate) fn sort<T: Copy + Ord>(list: &mut [T]) {
    for gap in GAPS {
        for end in gap..list.len() {
            let moving = list[end];
            let mut at = end;
            while let Some(before) = at.checked_sub(gap).filter(|before| list[*before] > moving) {
                list[at] = list[before];
                at = before;
            }
            list[at] = moving;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sort;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sorted_as_by_the_library(mut list in proptest::collection::vec(any::<u64>(), 0..3_000), modulus in 1u64..5_000) {
            list.iter_mut().for_each(|number| *number %= modulus);
            let mut twin: Vec<u64> = list.clone();
            twin.sort_unstable();
            sort(&mut list);
            prop_assert_eq!(list, twin);
        }
    }
}
