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
    /// After a snapshot let an agent's record replace a known final.
    SwitchReplacesFinals: "legal-moves-only",
    /// Reserve at registration, not at retry.
    RetryReservesNothing: "admitted-can-end",
    /// Move base on the received position in place of the durable one.
    ReceivedMovesBase: "kept-until-durable",
    /// Accept a durable revision whose position is not on the chain.
    ForeignPositionFrees: "kept-until-durable",
    /// Apply a delta whose `from` is above the cursor.
    ApplyAboveCursor: "cursor-means-have",
    /// Take a detail without comparing frame numbers.
    DetailWithoutFrameNumber: "record-never-regresses",
    /// Take a detail although its task has an entry after the frame's `to`.
    DetailOfFormerEntry: "record-never-regresses",
    /// Apply an overlapping delta without passing over what is held.
    OverlapAppliedTwice: "any",
    /// After a snapshot, take every entry after base for new.
    SwitchTakesAllForNew: "exactly-once-in-order",
    /// Give a slot out again as soon as its tombstone was made.
    SlotFreedWhenTombstoneMade: "slot-means-one-task",
    /// Treat a repeated HELLO as new.
    RepeatedHelloIsNew: "one-session-per-node",
    /// Open although the cursor has moved since the WELCOME that this OPEN answers.
    OpenAtUnjudgedPosition: "one-session-per-node",
    /// Take an equal epoch under another nonce for the same agent.
    EqualEpochIsTheSameAgent: "any",
    /// Let a controller of a smaller term than was accepted welcome the agent.
    SmallerTermWelcomes: "deposed-is-inert",
    /// Obey FENCED without comparing the epoch it names.
    FencedByAnything: "fenced-only-by-larger",
    /// Obey FENCED without asking what it answers.
    FencedWithoutAsking: "fenced-only-by-larger",
    /// Take the tag of `to` over from the frame in place of computing it.
    TagTakenFromFrame: "fork-never-merged",
    /// On a change add the new hash and forget to take the old one off.
    DigestKeepsOldHash: "digest-equals-recount",
    /// Compare a heartbeat's digest at another cursor.
    DigestComparedAnywhere: "no-false-drift",
    /// Switch to a snapshot that is not whole.
    SwitchBeforeWhole: "repair-keeps-newer",
    /// Skip the entries between base and the tail at a switch.
    SwitchSkipsEntries: "repair-keeps-newer",
    /// Take a snapshot frame of another base.
    SnapshotOfAnotherBase: "removed-stays-removed",
    /// Renew the lease on a repeated frame.
    RepeatRenewsLease: "live-means-fresh",
    /// Renew the lease on a frame of an ended session.
    EndedSessionRenewsLease: "live-means-fresh",
    /// Expire on `now` without looking at the last call's `now`.
    ExpireOnWaking: "no-expiry-in-a-gap",
    /// Measure the agent's lease from the coming of the answer.
    LeaseCountsFromAnswer: "belief-ends-first",
    /// Shorten a lease before the agent has confirmed it.
    LeaseShortenedUnconfirmed: "belief-ends-first",
    /// Go by a sleep before the controller has confirmed it.
    SleepHeldUnconfirmed: "belief-ends-first",
    /// Let a last will of a former session, or of another epoch, act.
    WillOfAnySession: "one-session-per-node",
    /// Take the silence of the only node for a mass silence.
    MassSilenceOfOne: "no-expiry-in-a-gap",
    /// Queue one event a task when a node is lost, past the queue's bound.
    LostQueuesAnEventATask: "within-bounds",
    /// Return early from a frame that cannot be applied after half of it is.
    HalfAppliedFrameStays: "every-frame-accounted",
    /// Give credit for the whole queue, whatever waits in it.
    CreditIgnoresQueue: "back-pressure-drops-nothing",
    /// Do not arm the retransmission timer again after a partial acknowledgement.
    RetransmissionTimerNotRearmed: "converges",
    /// Move a slot that waits to the back of the queue at each of its changes.
    ChangedDetailLosesItsTurn: "every-change-gets-its-turn",
    /// Let entries starve detail.
    EntriesStarveDetail: "every-change-gets-its-turn",
    /// Move base past a record's copy at base without replaying the entry on it.
    BaseMovesWithoutReplay: "any",
    /// Acknowledge a held frame and drop it.
    HeldFrameDropped: "any",
    /// Keep the durable revision across a switch.
    DurableKeptAcrossSwitch: "any",
    /// Let a staged acknowledgement carry the durable revision.
    StagedAckCarriesDurable: "any",
    /// Keep a Volatile agent's former records alive after *empty*.
    EmptyKeepsRecords: "any",
    /// Drop a transition of a task that has many attempts.
    RetryOfLaterAttemptUntold: "numbers-dense",
    /// Drop the oldest unacknowledged entry when the log is full.
    OldestEntryDropped: "kept-until-durable",
    /// Apply what waited behind a gap without telling the host of it.
    HeldEntriesUntold: "nothing-lost",
    /// Judge a snapshot at base, before its log is heard.
    SnapshotJudgedAtBase: "any",
    /// Call a slot clean when a later frame than its own is acknowledged.
    LostDetailNotQueued: "detail-is-current",
    /// Let a tombstone name the slot only.
    TombstoneNamesSlotOnly: "any",
    /// Change records of a history that differs without saying so first.
    RegressionNotAnnounced: "regression-announced-first",
    /// Let a frame in a session of one node renew another's lease.
    FrameRenewsAnotherNode: "node-isolated",
    /// Write FAILED into the tasks of a lost node.
    LostWritesFailed: "lost-writes-no-state",
    /// Answer an unacceptable entry with the old position, for ever.
    SymptomAnsweredByOldPosition: "no-endless-exchange",
    /// Report a deadline that has passed and was dealt with.
    LingerDeadlineNotCleared: "deadline-is-honest",
    /// Number frames anew in each session.
    FramesNumberedAnew: "any",
    /// Acknowledge a held frame and then evict it for a newer one.
    HeldFrameEvicted: "any",
    /// Hear frames of the former session after sending HELLO.
    FormerSessionHeard: "any",
    /// Make session ids of the nonces alone.
    SessionWithoutCounter: "any",
    /// Let a REFUSED or NO_SESSION act without looking at what it answers.
    RefusalWithoutAsking: "any",
    /// Take any tag for a match when the revision is at base.
    AnyTagMatchesAtBase: "any",
    /// Fill the heartbeat from the newest set, confirmed or not.
    HeartbeatFromTail: "nothing-shown-unjournaled",
    /// Send entries as soon as they are made, confirmed or not.
    EntriesBeforeConfirmed: "nothing-shown-unjournaled",
    /// Say HELLO before the first checkpoint of a life is confirmed.
    SpeaksBeforeCheckpoint: "any",
    /// Check each record by itself, without its predecessor's check value.
    RecordsCheckedAlone: "bad-record-classified",
    /// Take a bad record that was confirmed for the torn end.
    CorruptIsTorn: "bad-record-classified",
    /// Name old records as unneeded when a checkpoint is written, not when it is confirmed.
    UnneededWhenWritten: "restore-equals-confirmed",
    /// Send a digest only while nothing is in flight.
    DigestOnlyWhenIdle: "drift-found-in-time",
    /// Recount the same records again and again.
    ScrubStandsStill: "drift-found-in-time",
    /// Make an entry of a record that is damaged.
    DamagePublished: "any",
    /// Take the slots found so far for all that differ, and a patch without looking at its digest.
    PatchBelievedEarly: "any",
    /// Fill the link as far as the host allows, whatever the round trip says.
    LinkFilled: "any",
    /// Let details go in frames of their own whenever there are any.
    DetailsWithoutPause: "any",
    /// Draw the jitter of a whole fleet from one seed.
    OneJitterSeed: "any",
    /// Begin a back-off anew before the first success.
    BackoffResetEarly: "any",
    /// Tell all who wait for a place to come back soon, however many there are.
    ComeBackSoon: "any",
    /// Answer a HELLO with a WELCOME that is longer.
    WelcomeBeyondHello: "any",
    /// Let the window only rise.
    WindowOnlyRises: "any",
    /// Send entries from the tail, not from base, after a snapshot.
    EntriesFromTailAfterSnapshot: "any",
    /// Hold heartbeats back by credit.
    HeartbeatsHeldByCredit: "any",
    /// Call a slot clean when its frame is acknowledged but only held.
    DetailCleanWhileHeld: "any",
    /// Compact up to and including the oldest revision still promised to watchers.
    CompactedUpToThePromise: "watch-has-no-hole",
    /// Let a closed task go without writing it into the history.
    RetentionUntold: "watch-has-no-hole",
    /// Tell a filtered watcher of tasks that match alone, not of those that match no longer.
    LeavingUntold: "watch-has-no-hole",
    /// Replace a node's history without writing it into the view's.
    SwitchUntoldToWatchers: "watch-has-no-hole",
    /// Say that a registration is durable whose long value is not whole.
    DurableAbovePendingValue: "kept-until-durable",
}
