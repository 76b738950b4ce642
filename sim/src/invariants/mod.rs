//! The invariants by name, and what is remembered to check them. Each check counts how often its premise was met and
//! fails with a message that begins with its name. Where the checks are called is left to `world`.

pub mod agent;
pub mod bounds;
pub mod deposed;
pub mod drift;
pub mod events;
pub mod frames;
pub mod journal;
pub mod leases;
pub mod quiet;
pub mod replica;
pub mod shadow;
pub mod view;
pub mod watch;

use std::fmt;

pub use shadow::{AgentShadow, NodeShadow, TaskShadow};

macro_rules! invariants {
    ($($name:ident $text:literal,)*) => {
        /// One invariant.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        #[repr(usize)]
        #[allow(missing_docs)]
        pub enum Invariant { $($name,)* }

        impl Invariant {
            /// All that are checked, in the order of their numbers.
            pub const ALL: &'static [Invariant] = &[$(Invariant::$name,)*];

            /// The name that failure messages begin with.
            pub const fn name(self) -> &'static str {
                match self { $(Invariant::$name => $text,)* }
            }
        }
    };
}

invariants! {
    LegalMovesOnly "legal-moves-only",
    NumbersDense "numbers-dense",
    AdmittedCanEnd "admitted-can-end",
    KeptUntilDurable "kept-until-durable",
    CursorMeansHave "cursor-means-have",
    RecordNeverRegresses "record-never-regresses",
    ExactlyOnceInOrder "exactly-once-in-order",
    NothingLost "nothing-lost",
    DetailIsCurrent "detail-is-current",
    SlotMeansOneTask "slot-means-one-task",
    OneSessionPerNode "one-session-per-node",
    DeposedIsInert "deposed-is-inert",
    FencedOnlyByLarger "fenced-only-by-larger",
    ForkNeverMerged "fork-never-merged",
    RegressionAnnouncedFirst "regression-announced-first",
    NodeIsolated "node-isolated",
    NothingShownUnjournaled "nothing-shown-unjournaled",
    WriteAheadResumes "write-ahead-resumes",
    RestoreEqualsConfirmed "restore-equals-confirmed",
    BadRecordClassified "bad-record-classified",
    DigestEqualsRecount "digest-equals-recount",
    NoFalseDrift "no-false-drift",
    DriftFoundInTime "drift-found-in-time",
    RepairKeepsNewer "repair-keeps-newer",
    RemovedStaysRemoved "removed-stays-removed",
    LostWritesNoState "lost-writes-no-state",
    LiveMeansFresh "live-means-fresh",
    NoExpiryInAGap "no-expiry-in-a-gap",
    BeliefEndsFirst "belief-ends-first",
    WithinBounds "within-bounds",
    EveryFrameAccounted "every-frame-accounted",
    BackPressureDropsNothing "back-pressure-drops-nothing",
    NoEndlessExchange "no-endless-exchange",
    WatchHasNoHole "watch-has-no-hole",
    Converges "converges",
    EveryChangeGetsItsTurn "every-change-gets-its-turn",
    DeadlineIsHonest "deadline-is-honest",
}

macro_rules! moments {
    ($($name:ident $text:literal,)*) => {
        /// A moment that runs must reach.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(usize)]
        #[allow(missing_docs)]
        pub enum Moment { $($name,)* }

        impl Moment {
            /// All that these faults can reach.
            pub const ALL: &'static [Moment] = &[$(Moment::$name,)*];

            /// What the summary calls it.
            pub const fn name(self) -> &'static str {
                match self { $(Moment::$name => $text,)* }
            }
        }
    };
}

moments! {
    FormerSessionFrame "a frame of a former session received",
    SlotReusedInFlight "a slot given out again while an old frame is in flight",
    CrashBeforeCommit "a crash between receive and commit",
    CrashBeforeConfirmation "a crash between journal write and its confirmation",
    CommitOfFormerEpoch "a commit made in a former epoch",
    ChangeDuringRepair "a task that changes during its own repair",
    RetryRefused "a retry refused for want of room",
    HelloTwice "a HELLO delivered twice",
    FencedLate "a FENCED delivered late",
    OverlapKnown "an overlap of which the first part is known",
    TwinByOne "a twin that diverges by one change",
    DeafForALease "a host that polls nothing for longer than a lease",
    MassSilence "a lease held because many are silent",
    DamageBeforeEntry "a record damaged just before its next entry",
    PatchSent "a part of a repair that tells only what differs",
    LastEpoch "an epoch one below the largest u64",
}

/// What of invariants.md these faults cannot reach, with the reason.
pub const UNREACHED: &[(&str, &str)] = &[
    ("invariants 28 to 31", "the desired stream carries no items yet"),
    ("invariant 37", "there are no merged views yet"),
    ("two controllers of one term", "one controller at a time"),
    ("a stage that outlives its session", "a stage ends with its session so far"),
    ("a bundle overtaken by the next", "the desired stream carries no items yet"),
    ("a revision one below the largest u64", "histories begin at 1, and no run is that long"),
];

/// A check that failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Which.
    pub invariant: Invariant,
    /// What was found.
    pub text: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant.name(), self.text)
    }
}

/// What a check gives.
pub type Check<T = ()> = Result<T, Failure>;

/// A failure of an invariant, as an error.
pub fn fail<T>(invariant: Invariant, text: impl Into<String>) -> Check<T> {
    Err(Failure { invariant, text: text.into() })
}

/// Fails the invariant unless the condition holds.
#[macro_export]
macro_rules! hold {
    ($invariant:ident, $condition:expr, $($text:tt)+) => {
        if !$condition {
            return $crate::invariants::fail($crate::invariants::Invariant::$invariant, format!($($text)+));
        }
    };
}

/// Counts of premises and moments, and the checker that is made wrong on purpose, if any.
#[derive(Clone, Debug)]
pub struct Tally {
    /// How often each premise was met.
    pub premises: Vec<u64>,
    /// How often each moment was reached.
    pub moments: Vec<u64>,
    /// The check whose idea of the truth is spoilt.
    pub spoilt: Option<Invariant>,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally { premises: vec![0; Invariant::ALL.len()], moments: vec![0; Moment::ALL.len()], spoilt: None }
    }
}

impl Tally {
    /// A premise was met; says whether this check is to be misled.
    pub fn met(&mut self, invariant: Invariant) -> bool {
        self.premises[invariant as usize] += 1;
        self.spoilt == Some(invariant)
    }

    /// Whether this check is to be misled.
    pub fn misled(&self, invariant: Invariant) -> bool {
        self.spoilt == Some(invariant)
    }

    /// A moment was reached.
    pub fn moment(&mut self, moment: Moment) {
        self.moments[moment as usize] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_begins_with_the_name_of_its_invariant() {
        let failure: Check = fail(Invariant::NothingLost, "task 7");
        assert_eq!(failure.unwrap_err().to_string(), "nothing-lost: task 7");
        assert_eq!(Invariant::ALL.len(), 37);
        assert!(Invariant::ALL.iter().enumerate().all(|(i, n)| *n as usize == i));
    }
}
