//! The one guard around the body of every function: no panic crosses the boundary. What a panic means for the object
//! whose call it was is left to `handle`.

#[cfg(feature = "std")]
use std::panic::{catch_unwind, AssertUnwindSafe};

/// Runs `body`; `None` says that it panicked.
///
/// The body may be half done then. Whoever calls this must see to it that what the body was changing is never looked at
/// again (`handle` poisons the object), which is why the assertion of unwind safety holds.
#[cfg(feature = "std")]
pub(crate) fn guard<T>(body: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(value) => Some(value),
        Err(payload) => {
            // Dropping what was thrown runs foreign code, which may throw in its turn: the second is leaked, not dropped.
            if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                std::mem::forget(second);
            }
            None
        }
    }
}

/// Runs `body`. In the small build a panic does not come back: it ends in `small`, which stops the program.
#[cfg(not(feature = "std"))]
pub(crate) fn guard<T>(body: impl FnOnce() -> T) -> Option<T> {
    Some(body())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct ThrowsWhenDropped;

    impl Drop for ThrowsWhenDropped {
        fn drop(&mut self) {
            panic!("thrown by a drop");
        }
    }

    #[test]
    fn a_panic_and_a_panic_of_its_payload_end_here() {
        assert_eq!(guard(|| 7), Some(7));
        assert_eq!(guard(|| panic!("thrown")), None::<()>);
        assert_eq!(guard(|| std::panic::panic_any(ThrowsWhenDropped)), None::<()>);
    }
}
