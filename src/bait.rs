//! Deliberate faults, each chosen at run time by a configuration field that exists only under the feature `bait`, to
//! show that a check finds it. Without the feature no trace of them is compiled.

/// The fault that is switched on, if any. Without the feature `bait` there is none and this type is empty.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Baits {
    #[cfg(feature = "bait")]
    chosen: Option<Bait>,
}

/// Whether the named bait is switched on in the given [`Baits`]; `false`, and nothing else, without the feature.
macro_rules! bait {
    ($baits:expr, $name:ident) => {{
        #[cfg(feature = "bait")]
        {
            $baits.has($crate::bait::Bait::$name)
        }
        #[cfg(not(feature = "bait"))]
        {
            false
        }
    }};
}
pub(crate) use bait;

#[cfg(feature = "bait")]
impl Baits {
    /// Switches one fault on.
    pub fn only(bait: Bait) -> Baits {
        Baits { chosen: Some(bait) }
    }

    pub(crate) fn has(self, bait: Bait) -> bool {
        self.chosen == Some(bait)
    }
}

#[cfg(feature = "bait")]
macro_rules! baits {
    ($($(#[$doc:meta])* $name:ident: $caught_by:literal,)*) => {
        /// A deliberate fault.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Bait {
            $($(#[$doc])* $name,)*
        }

        impl Bait {
            /// All of them, each with the name of the check that must catch it; `any` where any check may.
            pub const ALL: &'static [(Bait, &'static str, &'static str)] = &[
                $((Bait::$name, stringify!($name), $caught_by),)*
            ];
        }
    };
}

#[cfg(feature = "bait")]
baits! {
    /// Accept SUCCEEDED → RUNNING at the agent's API and from the wire.
    AcceptRunningAfterSucceeded: "legal-moves-only",
}
