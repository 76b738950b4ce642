//! How lists that are indexed by slot grow: the library's doubling would leave a small agent half of its memory unused.

use alloc::vec::Vec;

/// Lists of so many grow to the double: with those that are this long, moving them costs more than room.
const LONG: usize = 256;

/// Sees to it that a list has room for `length`: by a quarter and `few` more than it has, or the double if it is long.
fn reserve<T>(list: &mut Vec<T>, length: usize, few: usize) {
    if length > list.capacity() {
        let held = list.len();
        let step = if held < LONG { held / 4 + few } else { held };
        list.reserve_exact((length - held).max(step));
    }
}

/// Makes a list at least so long.
pub(crate) fn lengthen<T>(list: &mut Vec<T>, length: usize, fill: impl FnMut() -> T) {
    if length > list.len() {
        reserve(list, length, 8);
        list.resize_with(length, fill);
    }
}

/// Adds one at the end of a list that is mostly short.
pub(crate) fn push<T>(list: &mut Vec<T>, what: T) {
    reserve(list, list.len() + 1, 3);
    list.push(what);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_little_room_to_spare_and_is_moved_seldom() {
        let mut list: Vec<u64> = Vec::new();
        let (mut moved, mut capacity) = (0, 0);
        for n in 1..=5_000usize {
            lengthen(&mut list, n, || 0);
            assert_eq!(list.len(), n);
            if list.capacity() != capacity {
                capacity = list.capacity();
                moved += n;
                assert!(n > LONG || capacity <= n + n / 4 + 8, "{capacity} for {n}");
            }
        }
        assert!(moved < 5 * 5_000);
        push(&mut list, 1);
        lengthen(&mut list, 3, || 0);
        assert_eq!((list.len(), list.last()), (5_001, Some(&1)));
    }
}
