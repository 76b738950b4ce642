//! The configuration of an agent as C gives it, and the way from it to the core's. What the settings mean, and their
//! ranges, are the core's; they are repeated here because the header is all that a C programmer reads.

use core::ffi::c_char;
use core::mem::offset_of;
use core::time::Duration;

use taskwire::{AgentConfig, Durability, Epoch, Limits, Name, Pace};

use crate::failure::Failure;
use crate::status::{taskwire_status, TASKWIRE_ERROR_ARGUMENT, TASKWIRE_ERROR_CONFIG_NODE};
use crate::view::{self, Growing};

/// Memory alone: there is no journal, and a restart begins with nothing. The default.
pub const TASKWIRE_DURABILITY_VOLATILE: u32 = 0;
/// A journal: nothing is told before taskwire_agent_journal_confirmed has said that it is stored, and a restart goes on
/// from there.
pub const TASKWIRE_DURABILITY_WRITE_AHEAD: u32 = 1;

/// Settings of an agent. Fill it with taskwire_agent_config_init, then set node, epoch and seed at least.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct taskwire_agent_config {
    /// Bytes of this struct; set by taskwire_agent_config_init.
    pub struct_size: u32,
    /// How much faster than the controller's this host's clock may run, in parts per million: the agent's belief in its
    /// lease ends that much sooner. 0 to 100,000; 1,000 by default.
    pub clock_rate_error_ppm: u32,
    /// The node's name: 1 to 64 bytes of UTF-8, ended by a NUL. It is copied by taskwire_agent_new. Has no default.
    pub node: *const c_char,
    /// This incarnation, larger at each start: max(clock, stored + 1) is a good one. 1 to 2^64-2. Has no default.
    pub epoch: u64,
    /// A number drawn afresh at each start; the library draws none itself. Any.
    pub seed: u64,
    /// Unix milliseconds when now_us is 0: wall-clock time is this plus now. 0 by default, and then times are those of
    /// the host's own clock. Below 2^62.
    pub wall_clock_offset_ms: u64,
    /// Tasks at a time. 1 to 1,048,576; 4,096 by default.
    pub slots: u32,
    /// Entries not yet durable, and room reserved for ends. 5 to 4,194,304; 32,768 by default.
    pub log: u32,
    /// Bytes of metadata of a task that travel with its registration. 384 by default. Metadata, message and result, and 256 bytes around them,
    /// must fit into a frame.
    pub metadata: u32,
    /// Bytes of a message, at most; a longer one is cut, with a flag. 192 by default.
    pub message: u32,
    /// Bytes of a result, at most. 256 by default.
    pub result: u32,
    /// Bytes of a frame, everything counted. 512 to 65,507; 1,200 by default, which passes every network.
    pub frame: u32,
    /// Forgotten finals that a snapshot carries. 0 to 65,536; 256 by default.
    pub finals: u32,
    /// Events that may wait for taskwire_agent_poll_event. 4 to 65,536; 64 by default.
    pub events: u32,
    /// How long a change may wait for company while frames are in flight, in microseconds. 0 to 10,000,000; 20,000 by
    /// default.
    pub linger_us: u64,
    /// The shortest retransmission time-out, in microseconds. 1,000 to 60,000,000; 20,000 by default.
    pub least_rto_us: u64,
    /// The longest back-off between tries, in microseconds. 100,000 to 3,600,000,000; 15,000,000 by default.
    pub most_backoff_us: u64,
    /// Frames in flight, at most. 1 to 64; 32 by default.
    pub frames_in_flight: u32,
    /// Bytes in flight, at most. 1,200 to 1,073,741,824; 65,536 by default.
    pub bytes_in_flight: u32,
    /// After this many frames that are full of transitions, an eighth of the next is for progress and messages. 1 to
    /// 1,024; 8 by default.
    pub detail_after: u32,
    /// Bytes of metadata of a task, however they travel: what is longer than `metadata` follows its registration in parts.
    /// 0 (none does) to 1,048,576; 65,536 by default.
    pub value: u32,
    /// Records from which on a repair first looks for those that differ, in place of telling all. Any; 64 by default.
    pub sketch_from: u32,
    /// One of TASKWIRE_DURABILITY_…: whether a journal is kept. TASKWIRE_DURABILITY_VOLATILE by default.
    pub durability: u32,
    /// The least time between two frames that go for details alone, in microseconds. 0 to 3,600,000,000; 100,000 by default.
    pub detail_interval_us: u64,
}

// SAFETY: repr(C), begins with struct_size, integers and raw pointers only; FIRST ends behind `seed`, within the struct.
unsafe impl Growing for taskwire_agent_config {
    const FIRST: usize = offset_of!(taskwire_agent_config, wall_clock_offset_ms);

    fn initial() -> taskwire_agent_config {
        let (limits, pace) = (Limits::default(), Pace::default());
        taskwire_agent_config {
            struct_size: size_of::<taskwire_agent_config>() as u32,
            clock_rate_error_ppm: 1_000,
            node: core::ptr::null(),
            epoch: 0,
            seed: 0,
            wall_clock_offset_ms: 0,
            slots: limits.slots,
            log: limits.log,
            metadata: limits.metadata,
            message: limits.message,
            result: limits.result,
            frame: limits.frame,
            finals: limits.finals,
            events: 64,
            linger_us: micros(pace.linger),
            least_rto_us: micros(pace.least_rto),
            most_backoff_us: micros(pace.most_backoff),
            frames_in_flight: pace.frames_in_flight,
            bytes_in_flight: pace.bytes_in_flight,
            detail_after: pace.detail_after,
            value: limits.value,
            sketch_from: pace.sketch_from,
            durability: TASKWIRE_DURABILITY_VOLATILE,
            detail_interval_us: micros(pace.detail_interval),
        }
    }
}

pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The core's limits and pace of a configuration, whose fields have the same names in both roles: of structs of C one way
/// and the other, so that a setting that is added stands in one place.
macro_rules! limits_and_pace {
    ($given:ident) => {
        (
            taskwire::Limits {
                slots: $given.slots,
                log: $given.log,
                metadata: $given.metadata,
                message: $given.message,
                result: $given.result,
                frame: $given.frame,
                finals: $given.finals,
                value: $given.value,
            },
            taskwire::Pace {
                linger: core::time::Duration::from_micros($given.linger_us),
                least_rto: core::time::Duration::from_micros($given.least_rto_us),
                most_backoff: core::time::Duration::from_micros($given.most_backoff_us),
                frames_in_flight: $given.frames_in_flight,
                bytes_in_flight: $given.bytes_in_flight,
                detail_after: $given.detail_after,
                sketch_from: $given.sketch_from,
                detail_interval: core::time::Duration::from_micros($given.detail_interval_us),
            },
        )
    };
}
#[cfg(feature = "std")]
pub(crate) use limits_and_pace;

/// The core's configuration and the seed, checked by the core.
///
/// # Safety
/// `config` is NULL, misaligned, or valid for reads of what its struct_size says; its `node` is NULL or points at bytes
/// that can be read up to a NUL, or to 65 of them.
pub(crate) unsafe fn checked(config: *const taskwire_agent_config) -> Result<(AgentConfig, u64), Failure> {
    // SAFETY: the same contract.
    let given = unsafe { view::read_growing(config) }?;
    // SAFETY: the same contract.
    let node = unsafe { view::text(given.node, Name::MAX) }?.ok_or(TASKWIRE_ERROR_CONFIG_NODE)?;
    let mut config = AgentConfig::new(node, given.epoch)?;
    config.epoch = Epoch(given.epoch);
    config.wall_clock_offset = given.wall_clock_offset_ms;
    (config.limits, config.pace) = limits_and_pace!(given);
    config.durability = match given.durability {
        TASKWIRE_DURABILITY_VOLATILE => Durability::Volatile,
        TASKWIRE_DURABILITY_WRITE_AHEAD => Durability::WriteAhead,
        _ => return Err(TASKWIRE_ERROR_ARGUMENT.into()),
    };
    config.events = given.events;
    config.clock_rate_error_ppm = given.clock_rate_error_ppm;
    config.check()?;
    Ok((config, given.seed))
}

/// Fills a configuration that is `struct_size` bytes large with the defaults. taskwire_agent_config_init calls it.
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
pub unsafe extern "C" fn taskwire_agent_config_init_sized(
    out_config: *mut taskwire_agent_config,
    struct_size: usize,
) -> taskwire_status {
    crate::handle::call(|| {
        // SAFETY: NULL or as large as `struct_size` says, which the caller promises.
        Ok(unsafe { view::initialise(out_config, struct_size) }?)
    })
}
