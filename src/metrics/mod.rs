//! What both roles count, as plain structs that are always on, from one table: fields, names, help, units, and which fault
//! of a frame is counted where. Names follow OpenMetrics: a unit, and `_total` for what only grows. Every received frame
//! ends in exactly one counter of arrival. Histograms are in `histogram`, the text form in `openmetrics`.

mod histogram;
mod openmetrics;

use core::fmt;
use core::hash::{Hash, Hasher};

pub use histogram::Histogram;
pub(crate) use openmetrics::{Families, Scale};

use crate::task::{Change, State};
use crate::wire::FaultClass;

/// What a counter is: its name, whether it counts arrivals of frames, and what it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counter {
    /// Its name.
    pub name: &'static str,
    /// Whether each received frame ends in exactly one of these.
    pub arrival: bool,
    /// What it counts.
    pub help: &'static str,
}

macro_rules! metrics {
    ($(#[$doc:meta])* $name:ident as $prefix:literal {
        arrivals { $($(#[doc = $adoc:literal])* $arrival:ident $([$($class:ident),*])?,)* }
        others { $($(#[doc = $odoc:literal])* $other:ident,)* }
        histograms { $($(#[doc = $hdoc:literal])* $histogram:ident: Histogram<$shift:literal> in $scale:ident,)* }
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub struct $name {
            $($(#[doc = $adoc])* pub $arrival: u64,)*
            $($(#[doc = $odoc])* pub $other: u64,)*
            $($(#[doc = $hdoc])* pub $histogram: Histogram<$shift>,)*
        }

        impl $name {
            /// All counters, in the order of [`Self::values`].
            pub const COUNTERS: &'static [Counter] = &[
                $(Counter { name: stringify!($arrival), arrival: true, help: concat!($($adoc),*) },)*
                $(Counter { name: stringify!($other), arrival: false, help: concat!($($odoc),*) },)*
            ];

            /// Their values.
            pub fn values(&self) -> [u64; Self::COUNTERS.len()] {
                [$(self.$arrival,)* $(self.$other,)*]
            }

            /// How many frames have arrived, by the counters of arrival.
            pub fn arrivals(&self) -> u64 {
                0 $(+ self.$arrival)*
            }

            /// The counter of frames that have such a fault.
            pub(crate) fn fault(&mut self, class: FaultClass) -> &mut u64 {
                match class {
                    $($($(FaultClass::$class => &mut self.$arrival,)*)?)*
                }
            }

            /// Writes all counters and histograms as OpenMetrics text, from the first line to `# EOF`. What a role can tell
            /// beside what it has counted is in its own `write_openmetrics`.
            ///
            /// # Errors
            /// That of the writer.
            pub fn write_openmetrics(&self, out: &mut impl fmt::Write) -> fmt::Result {
                let mut families = Families::new($prefix, out);
                self.write_families(&mut families)?;
                families.end()
            }

            pub(crate) fn write_families<W: fmt::Write>(&self, families: &mut Families<'_, W>) -> fmt::Result {
                families.arrivals(Self::COUNTERS, &self.values())?;
                families.counters(Self::COUNTERS, &self.values())?;
                $(families.histogram(stringify!($histogram), concat!($($hdoc),*), &self.$histogram, Scale::$scale)?;)*
                Ok(())
            }

            /// The families of this role, of which those that only the role knows come first.
            pub(crate) fn families<W: fmt::Write>(out: &mut W) -> Families<'_, W> {
                Families::new($prefix, out)
            }
        }

        // What has been counted is no part of a role's state: a model checker is not to tell states apart by it.
        impl Hash for $name {
            fn hash<H: Hasher>(&self, _: &mut H) {}
        }
    };
}

metrics! {
    /// What an agent has counted.
    AgentMetrics as "taskwire_agent" {
        arrivals {
            /// Frames that were heard: control, acknowledgements and heartbeats.
            frames_control_total,
            /// Frames that came again, or too late to be told from such.
            frames_duplicate_total,
            /// Frames of a session that is no more, or before a session was open.
            frames_ended_session_total,
            /// Frames of a session that this agent never had.
            frames_unknown_session_total,
            /// Acknowledgements older than one that was heard.
            frames_stale_total,
            /// Answers to something else than what was asked.
            frames_unasked_total,
            /// Frames of a kind that this version does not know.
            frames_unknown_kind_total [UnknownKind],
            /// Frames of a kind that only agents send, or of a stream that this agent does not read.
            frames_unexpected_total [Stream],
            /// Frames too short to be one.
            frames_cut_total [Cut],
            /// Frames that failed their checksum.
            frames_corrupt_total [Corrupt],
            /// Frames with a length or a count beyond the frame.
            frames_length_total [Length],
            /// Frames with revisions, times or other numbers that overflow or are out of range.
            frames_overflow_total [Overflow],
            /// Frames of a version that this agent does not speak.
            frames_version_total [Version],
            /// Frames that could not be decoded for another reason.
            frames_malformed_total [Malformed, Limit],
            /// Frames that came while this agent was silent: fenced, or gone.
            frames_silent_total,
            /// Frames of a deposed controller, or of one that uses another's term.
            frames_deposed_total,
        }
        others {
            /// Frames sent.
            frames_sent_total,
            /// Bytes sent.
            sent_bytes_total,
            /// Bytes received.
            received_bytes_total,
            /// Entries made.
            entries_total,
            /// Entries sent, those sent again included.
            entries_sent_total,
            /// Entries sent again.
            entries_resent_total,
            /// Details sent.
            details_sent_total,
            /// Parts of long values sent, those sent again included.
            chunks_sent_total,
            /// Cells of sketches asked for, to find which records differ.
            sketch_cells_total,
            /// Snapshots that told only the records that differ.
            patches_total,
            /// Retransmission time-outs.
            timeouts_total,
            /// Sessions opened.
            sessions_total,
            /// Snapshots begun.
            snapshots_total,
            /// Questions of a controller that were judged.
            asks_total,
            /// Times that this agent was fenced.
            fenced_total,
            /// Leases that ran out.
            leases_expired_total,
            /// Calls whose time was before that of the call before.
            clock_steps_back_total,
            /// Events that gave way because the host does not poll.
            events_dropped_total,
            /// Records found damaged in memory.
            damaged_total,
        }
        histograms {
            /// Time from a frame to its acknowledgement, without what the controller says that it waited.
            round_trip_seconds: Histogram<6> in Micros,
        }
    }
}

metrics! {
    /// What a controller has counted.
    ControllerMetrics as "taskwire_controller" {
        arrivals {
            /// Deltas and snapshots that brought news.
            frames_applied_total,
            /// Deltas held back by a gap.
            frames_held_total,
            /// Frames that came again, or brought nothing new.
            frames_duplicate_total,
            /// Deltas dropped behind a gap that had no room to hold them.
            frames_gap_dropped_total,
            /// Deltas with an entry that does not follow from its record: an illegal transition, or another's registration.
            frames_illegal_total,
            /// Deltas with an entry for a slot that stands for no task, or for another.
            frames_unknown_slot_total,
            /// Deltas whose tag is not the one that their entries give.
            frames_wrong_tag_total,
            /// Deltas whose digest is not that of the records.
            frames_wrong_digest_total,
            /// Parts of a snapshot that do not add up.
            frames_wrong_snapshot_total,
            /// Parts of long values that contradict their registration, or make a value with another hash.
            frames_wrong_value_total,
            /// Deltas and snapshots that came while none could be used: a question or a snapshot is under way.
            frames_void_total,
            /// Handshakes, heartbeats and the like that were heard.
            frames_control_total,
            /// Frames of a session that is remembered as ended.
            frames_ended_session_total,
            /// Frames that came before their session was open, or answers to another question.
            frames_early_total,
            /// HELLOs older than one that was heard.
            frames_stale_hello_total,
            /// Frames of a session that this controller never had.
            frames_unknown_session_total,
            /// HELLOs that were fenced.
            frames_fenced_total,
            /// HELLOs that were refused.
            frames_refused_total,
            /// HELLOs for another node than the one that the peer is bound to.
            frames_wrong_identity_total,
            /// Deltas beyond the credit given, or frames over an agreed limit.
            frames_over_limit_total [Limit],
            /// Frames of a kind that this version does not know.
            frames_unknown_kind_total [UnknownKind],
            /// Frames of a kind that only controllers send, or of a stream that a controller does not read.
            frames_unexpected_total [Stream],
            /// Frames too short to be one.
            frames_cut_total [Cut],
            /// Frames that failed their checksum.
            frames_corrupt_total [Corrupt],
            /// Frames with a length or a count beyond the frame.
            frames_length_total [Length],
            /// Frames with revisions, times or other numbers that overflow or are out of range.
            frames_overflow_total [Overflow],
            /// Frames of a version that this controller does not speak.
            frames_version_total [Version],
            /// Frames that could not be decoded for another reason.
            frames_malformed_total [Malformed],
        }
        others {
            /// Cells of sketches given to agents, to find which records differ.
            sketch_cells_total,
            /// Frames sent.
            frames_sent_total,
            /// Bytes sent.
            sent_bytes_total,
            /// Bytes received.
            received_bytes_total,
            /// Transitions applied.
            transitions_total,
            /// Of these, to SUCCEEDED.
            succeeded_total,
            /// Of these, to FAILED.
            failed_total,
            /// Of these, to CANCELLED.
            cancelled_total,
            /// Details taken.
            details_total,
            /// Long values that came whole.
            values_whole_total,
            /// Held frames that were applied later.
            held_applied_total,
            /// Held frames that were dropped with their session or history.
            held_dropped_total,
            /// Differences found.
            drift_found_total,
            /// Differences repaired.
            drift_repaired_total,
            /// Digests compared and equal.
            digests_equal_total,
            /// Digests that could not be compared where they were.
            digests_inconclusive_total,
            /// Snapshots that were switched to.
            resyncs_total,
            /// Sessions opened.
            sessions_total,
            /// Times that so many fell silent at once that leases were held.
            mass_silences_total,
            /// Leases that ended.
            leases_lost_total,
            /// Calls that came late, whose delay ended no lease.
            late_calls_total,
            /// Calls whose time was before that of the call before.
            clock_steps_back_total,
            /// Answers outside sessions that were not given, as too many waited.
            answers_dropped_total,
            /// Events of no node that gave way because the host does not poll.
            events_dropped_total,
            /// Terms that an agent said were larger, or in conflict.
            deposed_total,
        }
        histograms {
            /// Time from a transition at its agent to here, by their wall clocks.
            sync_latency_seconds: Histogram<0> in Millis,
            /// Entries of a frame that brought news.
            batch_entries: Histogram<0> in Ones,
        }
    }
}

impl ControllerMetrics {
    /// Of a million attempts that have ended, how many succeeded; `None` before the first.
    pub fn success_millionths(&self) -> Option<u64> {
        let ended = self.succeeded_total + self.failed_total + self.cancelled_total;
        (u128::from(self.succeeded_total) * 1_000_000).checked_div(u128::from(ended)).map(|share| share as u64)
    }

    /// Counts an entry that was applied, `latency` milliseconds after it was made.
    pub(crate) fn count_entry(&mut self, change: &Change, latency: u64) {
        self.transitions_total += u64::from(!matches!(change, Change::Forget { .. }));
        if let Change::Move(status) = change {
            self.succeeded_total += u64::from(status.state == State::Succeeded);
            self.failed_total += u64::from(status.state == State::Failed);
            self.cancelled_total += u64::from(status.state == State::Cancelled);
        }
        self.sync_latency_seconds.observe(latency);
    }
}
