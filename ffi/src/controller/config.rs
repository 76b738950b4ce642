//! The configuration of a controller as C gives it, and the way from it to the core's. What the settings mean, and their
//! ranges, are the core's; they are repeated here because the header is all that a C programmer reads.

use core::ffi::c_char;
use core::mem::offset_of;
use core::time::Duration;

use taskwire::{AckPolicy, ControllerConfig, Name};

use crate::config::{limits_and_pace, micros};
use crate::failure::Failure;
use crate::status::{taskwire_status, TASKWIRE_ERROR_ARGUMENT, TASKWIRE_ERROR_CONFIG_NODE};
use crate::view::{self, Growing};

/// A change is durable when taskwire_controller_commit has confirmed it. The default.
pub const TASKWIRE_ACK_POLICY_DURABLE: u32 = 0;
/// A change is durable when it was received: lossy, should the controller die before its host has stored it.
pub const TASKWIRE_ACK_POLICY_RECEIVED: u32 = 1;

/// Settings of a controller. Fill it with taskwire_controller_config_init, then set name, term and seed at least.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct taskwire_controller_config {
    /// Bytes of this struct; set by taskwire_controller_config_init.
    pub struct_size: u32,
    /// One of TASKWIRE_ACK_POLICY_…: when a change counts as durable.
    pub ack_policy: u32,
    /// The controller's name: 1 to 64 bytes of UTF-8, ended by a NUL. It is copied by taskwire_controller_new. Has no
    /// default.
    pub name: *const c_char,
    /// This incarnation, larger at each start and at each fail-over. 1 to 2^64-2. Has no default.
    pub term: u64,
    /// A number drawn afresh at each start; the library draws none itself. Any.
    pub seed: u64,
    /// Unix milliseconds when now_us is 0: wall-clock time is this plus now. 0 by default. Below 2^62.
    pub wall_clock_offset_ms: u64,
    /// How often a silent agent says that it is there, in microseconds. 10,000 to 3,600,000,000; 5,000,000 by default.
    pub heartbeat_us: u64,
    /// How long a silent agent is believed in, in microseconds. At least two heartbeats, at most 86,400,000,000;
    /// 15,000,000 by default.
    pub lease_us: u64,
    /// How late a call may come before the delay is taken for the host's own and ends no lease, in microseconds. 1,000
    /// to 3,600,000,000; 200,000 by default.
    pub lateness_us: u64,
    /// How long a change may wait for company while frames are in flight, in microseconds. 0 to 10,000,000; 20,000 by
    /// default.
    pub linger_us: u64,
    /// The shortest retransmission time-out, in microseconds. 1,000 to 60,000,000; 100,000 by default.
    pub least_rto_us: u64,
    /// The longest back-off between tries, in microseconds. 100,000 to 3,600,000,000; 15,000,000 by default.
    pub most_backoff_us: u64,
    /// The most slots that an agent may ask for; 1,048,576 by default, which takes every agent. So with the six that
    /// follow.
    pub slots: u32,
    /// The largest log that an agent may ask for.
    pub log: u32,
    /// The largest bound of metadata that an agent may ask for, in bytes.
    pub metadata: u32,
    /// The largest bound of messages that an agent may ask for, in bytes.
    pub message: u32,
    /// The largest bound of results that an agent may ask for, in bytes.
    pub result: u32,
    /// The largest frame that an agent may ask for, in bytes.
    pub frame: u32,
    /// The most forgotten finals that an agent may ask for.
    pub finals: u32,
    /// Nodes, at most. 1 to 16,777,216; 65,536 by default. An idle node costs about 1 KB.
    pub nodes: u32,
    /// Handshakes under way, at most. 1 to 65,536; 1,024 by default.
    pub handshakes: u32,
    /// Repairs (snapshots being put together) at a time. 1 to 65,536; 64 by default.
    pub repairs: u32,
    /// Transitions of each node that may wait for taskwire_controller_poll_event. 1 to 1,048,576; 1,024 by default.
    pub events_per_node: u32,
    /// Frames of each node that a gap may hold back. 0 to 64; 16 by default.
    pub reorder_frames: u32,
    /// Final tasks of each node that the view keeps after they were forgotten. 0 to 1,048,576; 1,024 by default.
    pub finals_per_node: u32,
    /// Frames in flight, at most. 1 to 64; 32 by default.
    pub frames_in_flight: u32,
    /// Bytes in flight, at most. 1,200 to 1,073,741,824; 65,536 by default.
    pub bytes_in_flight: u32,
    /// After this many frames that are full of changes, an eighth of the next is for details. 1 to 1,024; 8 by default.
    pub detail_after: u32,
    /// How long final tasks are kept after they were forgotten, in microseconds. 1,000,000 to ten years; seven days by
    /// default.
    pub finals_age_us: u64,
    /// The same over all nodes, at most. 0 to 268,435,456; 1,048,576 by default. The oldest goes first.
    pub finals_of_all_nodes: u32,
    /// Changes of the view that watchers may still read: the audit log. 0 to 16,777,216; 16,384 by default.
    pub history: u32,
    /// Changes of details that watchers may still read. 0 to 16,777,216; 16,384 by default.
    pub detail_history: u32,
    /// The largest bound of long metadata, which travels in parts, that an agent may ask for, in bytes. 0 to 1,048,576, the
    /// default.
    pub value: u32,
    /// Records from which on a repair first looks for those that differ, in place of telling all. Any; 64 by default.
    pub sketch_from: u32,
    /// When more than this share of the nodes that are believed in falls silent within one heartbeat (and at least 3 of at
    /// least 8), the fault is taken for this side's, and no lease ends for a while. 1 to 100 percent, and 100 is never; 50
    /// by default.
    pub mass_silence_percent: u32,
    /// How much longer than its lease a silent node is believed in at most because of that, in microseconds. 0 to
    /// 86,400,000,000; 300,000,000 by default.
    pub mass_silence_hold_us: u64,
    /// The least time between two frames that go for details alone, in microseconds. 0 to 3,600,000,000; 100,000 by default.
    pub detail_interval_us: u64,
}

// SAFETY: repr(C), begins with struct_size, integers and raw pointers only; FIRST ends behind `seed`, within the struct.
unsafe impl Growing for taskwire_controller_config {
    const FIRST: usize = offset_of!(taskwire_controller_config, wall_clock_offset_ms);

    fn initial() -> taskwire_controller_config {
        // A name is all that the defaults can lack, and this one is good.
        let Ok(config) = ControllerConfig::new("c") else { unreachable!() };
        let (limits, pace) = (config.limits, &config.pace);
        taskwire_controller_config {
            struct_size: size_of::<taskwire_controller_config>() as u32,
            ack_policy: TASKWIRE_ACK_POLICY_DURABLE,
            name: core::ptr::null(),
            term: 0,
            seed: 0,
            wall_clock_offset_ms: config.wall_clock_offset,
            heartbeat_us: micros(config.heartbeat),
            lease_us: micros(config.lease),
            lateness_us: micros(config.lateness),
            linger_us: micros(pace.linger),
            least_rto_us: micros(pace.least_rto),
            most_backoff_us: micros(pace.most_backoff),
            slots: limits.slots,
            log: limits.log,
            metadata: limits.metadata,
            message: limits.message,
            result: limits.result,
            frame: limits.frame,
            finals: limits.finals,
            nodes: config.nodes,
            handshakes: config.handshakes,
            repairs: config.repairs,
            events_per_node: config.events_per_node,
            reorder_frames: config.reorder_frames,
            finals_per_node: config.finals_per_node,
            frames_in_flight: pace.frames_in_flight,
            bytes_in_flight: pace.bytes_in_flight,
            detail_after: pace.detail_after,
            finals_age_us: micros(config.finals_age),
            finals_of_all_nodes: config.finals,
            history: config.history,
            detail_history: config.detail_history,
            value: limits.value,
            sketch_from: pace.sketch_from,
            mass_silence_percent: config.mass_silence_percent,
            mass_silence_hold_us: micros(config.mass_silence_hold),
            detail_interval_us: micros(pace.detail_interval),
        }
    }
}

/// The core's configuration and the seed, checked by the core.
///
/// # Safety
/// `config` is NULL, misaligned, or valid for reads of what its struct_size says; its `name` is NULL or points at bytes
/// that can be read up to a NUL, or to 65 of them.
pub(crate) unsafe fn checked(config: *const taskwire_controller_config) -> Result<(ControllerConfig, u64), Failure> {
    // SAFETY: the same contract.
    let given = unsafe { view::read_growing(config) }?;
    // SAFETY: the same contract.
    let name = unsafe { view::text(given.name, Name::MAX) }?.ok_or(TASKWIRE_ERROR_CONFIG_NODE)?;
    let mut config = ControllerConfig::new(name)?.term(given.term);
    config.wall_clock_offset = given.wall_clock_offset_ms;
    config.ack_policy = match given.ack_policy {
        TASKWIRE_ACK_POLICY_DURABLE => AckPolicy::Durable,
        TASKWIRE_ACK_POLICY_RECEIVED => AckPolicy::Received,
        _ => return Err(TASKWIRE_ERROR_ARGUMENT.into()),
    };
    config.heartbeat = Duration::from_micros(given.heartbeat_us);
    config.lease = Duration::from_micros(given.lease_us);
    config.lateness = Duration::from_micros(given.lateness_us);
    (config.limits, config.pace) = limits_and_pace!(given);
    config.nodes = given.nodes;
    config.handshakes = given.handshakes;
    config.repairs = given.repairs;
    config.events_per_node = given.events_per_node;
    config.reorder_frames = given.reorder_frames;
    config.finals_per_node = given.finals_per_node;
    config.finals_age = Duration::from_micros(given.finals_age_us);
    config.finals = given.finals_of_all_nodes;
    config.history = given.history;
    config.detail_history = given.detail_history;
    config.mass_silence_percent = given.mass_silence_percent;
    config.mass_silence_hold = Duration::from_micros(given.mass_silence_hold_us);
    config.check()?;
    Ok((config, given.seed))
}

/// Fills a configuration that is `struct_size` bytes large with the defaults. taskwire_controller_config_init calls it.
///
/// Parameters: `struct_size`, in bytes: the size of the struct as the caller was compiled.
///
/// Pointers: `out_config` is the caller's, and is not kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: no
/// version of the struct has that size; give sizeof.
///
/// Threads: any.
///
/// After an error: nothing was written.
#[no_mangle]
pub unsafe extern "C" fn taskwire_controller_config_init_sized(
    out_config: *mut taskwire_controller_config,
    struct_size: usize,
) -> taskwire_status {
    crate::handle::call(|| {
        // SAFETY: NULL or as large as `struct_size` says, which the caller promises.
        Ok(unsafe { view::initialise(out_config, struct_size) }?)
    })
}
