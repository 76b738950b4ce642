//! An agent that goes on from a journal: a builder behind a handle, which is given the records, and then makes the agent.
//! Writing the journal is left to `journal`.

use core::ffi::{c_char, c_void};

use taskwire::{AgentBuilder, RestoreError};

use super::taskwire_agent;
use crate::config::{checked, taskwire_agent_config};
use crate::failure::Failure;
use crate::handle::{call, change, give, look, objects, take, Standing};
use crate::role;
use crate::status::{taskwire_status, TASKWIRE_ERROR_BUILDER_SPENT};
use crate::version::taskwire_task_id;
use crate::view::{self, Growing, GrowingOut, Out, Pointer};

/// Restores an agent from its journal. Made by taskwire_agent_builder_new, given back by taskwire_agent_builder_free.
pub struct taskwire_agent_builder {
    /// Gone once it has made its agent, or was refused.
    core: Option<AgentBuilder>,
    /// What the last answer points at.
    unfinished: alloc::vec::Vec<taskwire_task_id>,
    standing: Standing,
}

objects!(taskwire_agent_builder);

impl taskwire_agent_builder {
    /// What it has; one that was refused is refused again for the same reason.
    fn take(&mut self) -> Result<AgentBuilder, Failure> {
        let spent = || match &self.standing.failure {
            Failure::Restore(error) => Failure::Restore(error.clone()),
            _ => TASKWIRE_ERROR_BUILDER_SPENT.into(),
        };
        self.core.take().ok_or_else(spent)
    }
}

/// What was found in a journal. Fill it with taskwire_restored_init.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct taskwire_restored {
    /// Bytes of this struct; set by taskwire_restored_init.
    pub struct_size: u32,
    /// 1 if there is a torn tail, and torn_at says where.
    pub has_torn_at: u32,
    /// Records read.
    pub records: u64,
    /// The epoch in which the journal was written; 0 if it was empty.
    pub epoch: u64,
    /// Entries that are not durable at the controller, as far as the journal knows.
    pub entries: u64,
    /// Where a torn tail begins, in bytes of what was given; what follows it was ignored. Cut the file there.
    pub torn_at: u64,
    /// Bytes ignored there.
    pub ignored_bytes: u64,
    /// Tasks that had not ended: what became of them is for the host to find out. NULL if there are none.
    pub unfinished: *const taskwire_task_id,
    /// How many there are.
    pub unfinished_count: usize,
}

// SAFETY: repr(C), begins with struct_size, integers and raw pointers only; FIRST is the size of the struct.
unsafe impl Growing for taskwire_restored {
    const FIRST: usize = size_of::<taskwire_restored>();

    fn initial() -> taskwire_restored {
        taskwire_restored {
            struct_size: size_of::<taskwire_restored>() as u32,
            has_torn_at: 0,
            records: 0,
            epoch: 0,
            entries: 0,
            torn_at: 0,
            ignored_bytes: 0,
            unfinished: core::ptr::null(),
            unfinished_count: 0,
        }
    }
}

/// Fills what was restored, `struct_size` bytes large, with zeros and its size. taskwire_restored_init calls it.
///
/// Parameters: `struct_size`, in bytes: the size of the struct as the caller was compiled.
///
/// Pointers: `out_restored` is the caller's, and is not kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: no
/// version of the struct has that size; give sizeof.
///
/// Threads: any.
///
/// After an error: nothing was written.
#[no_mangle]
pub unsafe extern "C" fn taskwire_restored_init_sized(
    out_restored: *mut taskwire_restored,
    struct_size: usize,
) -> taskwire_status {
    call(|| {
        // SAFETY: NULL or as large as `struct_size` says, which the caller promises.
        Ok(unsafe { view::initialise(out_restored, struct_size) }?)
    })
}

/// Begins to restore an agent, with no record yet.
///
/// Parameters: `config`, as for taskwire_agent_new; its epoch must be above the one in which the journal was written, its
/// node the same. The limits may be others, as long as what is stored has room.
///
/// Pointers: `config` and what it points at are the caller's, are copied, and may go after the call. `out_builder` gets
/// the builder, which is the caller's until taskwire_agent_builder_free, or NULL.
///
/// Errors: TASKWIRE_ERROR_CONFIG_NODE, TASKWIRE_ERROR_CONFIG_RANGE and TASKWIRE_ERROR_CONFIG_FRAME:
/// taskwire_agent_config_check says what to give. TASKWIRE_ERROR_NULL_POINTER (the node name must be set, too),
/// TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (a durability that is none): mend the call.
/// TASKWIRE_ERROR_STRUCT_SIZE: fill the struct with taskwire_agent_config_init. TASKWIRE_ERROR_PANICKED: a fault in the
/// library; report it.
///
/// Threads: any.
///
/// After an error: there is no builder.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_builder_new(
    config: *const taskwire_agent_config,
    out_builder: *mut *mut taskwire_agent_builder,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises; Pointer is the pointer itself.
    let out_builder = unsafe { Out::needed(out_builder.cast::<Pointer<taskwire_agent_builder>>()) };
    call(|| {
        let mut out_builder = out_builder?;
        // SAFETY: NULL or valid for reads of its struct_size, its node ended by a NUL, which the caller promises.
        let (config, seed) = unsafe { checked(config) }?;
        let core = Some(AgentBuilder::new(config, seed)?);
        let builder = taskwire_agent_builder { core, unfinished: Default::default(), standing: Standing::default() };
        out_builder.set(Pointer(give(builder)));
        Ok(())
    })
}

/// Takes the next bytes of the journal: records as taskwire_agent_poll_journal gave them, in the order of their keys.
/// Chunks may end anywhere.
///
/// Parameters: `length`, bytes of the chunk.
///
/// Pointers: `builder` is changed. `chunk` is the caller's, and is not kept; it may be NULL if its length is 0.
///
/// Errors: TASKWIRE_ERROR_JOURNAL_CORRUPT, TASKWIRE_ERROR_JOURNAL_NO_CHECKPOINT, TASKWIRE_ERROR_JOURNAL_FORMAT and
/// TASKWIRE_ERROR_JOURNAL_UNREADABLE: see to the store; taskwire_agent_builder_failed_at says where.
/// TASKWIRE_ERROR_JOURNAL_OTHER_NODE, TASKWIRE_ERROR_JOURNAL_EPOCH and TASKWIRE_ERROR_JOURNAL_BEYOND_LIMITS: begin again
/// with another configuration. TASKWIRE_ERROR_BUILDER_SPENT: free it and make another. TASKWIRE_ERROR_OTHER:
/// taskwire_agent_builder_last_error has the words. TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and
/// TASKWIRE_ERROR_ARGUMENT (a length that no bytes have): mend the call. TASKWIRE_ERROR_PANICKED: free the builder.
///
/// Threads: one thread at a time for one builder.
///
/// After an error: a journal that was refused is refused for the same reason by every later call; a call that is to be
/// mended has changed nothing.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_builder_replay(
    builder: *mut taskwire_agent_builder,
    chunk: *const u8,
    length: usize,
) -> taskwire_status {
    // SAFETY: the builder is NULL or valid, and the chunk readable for its length: the caller's promise.
    unsafe {
        change(builder, |builder| {
            let chunk = view::bytes(chunk.cast::<c_void>(), length)?;
            let core = builder.take()?;
            builder.core = Some(core.replay(chunk)?);
            Ok(())
        })
    }
}

/// Says that all was given, and makes the agent, with every entry that was not yet durable. No records give an agent that
/// knows no task. Where a torn tail was found, cut the file there, or begin another: the agent's own journal begins with a
/// checkpoint.
///
/// Parameters: `out_restored`, filled by taskwire_restored_init, or NULL.
///
/// Pointers: `builder` is changed: it is spent, and only to be freed. `out_agent` gets the agent, which is the caller's
/// until taskwire_agent_free, or NULL. `out_restored` is the caller's, and gets what was found; what it points at is the
/// builder's, and holds until taskwire_agent_builder_free.
///
/// Errors: as for taskwire_agent_builder_replay. TASKWIRE_ERROR_JOURNAL_CORRUPT, TASKWIRE_ERROR_JOURNAL_NO_CHECKPOINT,
/// TASKWIRE_ERROR_JOURNAL_FORMAT and TASKWIRE_ERROR_JOURNAL_UNREADABLE: see to the store.
/// TASKWIRE_ERROR_JOURNAL_OTHER_NODE, TASKWIRE_ERROR_JOURNAL_EPOCH and TASKWIRE_ERROR_JOURNAL_BEYOND_LIMITS: begin again
/// with another configuration. TASKWIRE_ERROR_BUILDER_SPENT: free it and make another. TASKWIRE_ERROR_OTHER:
/// taskwire_agent_builder_last_error has the words. TASKWIRE_ERROR_STRUCT_SIZE, TASKWIRE_ERROR_NULL_POINTER and
/// TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the builder.
///
/// Threads: one thread at a time for one builder.
///
/// After an error: there is no agent, and nothing is half restored.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_builder_start(
    builder: *mut taskwire_agent_builder,
    out_agent: *mut *mut taskwire_agent,
    out_restored: *mut taskwire_restored,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes (of its struct_size), which the caller promises; Pointer is the pointer itself.
    let (out_agent, out_restored) = unsafe {
        (
            Out::needed(out_agent.cast::<Pointer<taskwire_agent>>()),
            GrowingOut::new(out_restored, usize::from(!out_restored.is_null())),
        )
    };
    // SAFETY: the builder is NULL or valid: the caller's promise.
    unsafe {
        change(builder, |builder| {
            let (mut out_agent, mut out_restored) = (out_agent?, out_restored?);
            let core = builder.take()?;
            let (core, found) = core.start()?;
            builder.unfinished = found.unfinished.iter().map(|id| taskwire_task_id { bytes: id.0 }).collect();
            let unfinished = builder.unfinished.as_slice();
            out_restored.set(
                0,
                &taskwire_restored {
                    has_torn_at: found.torn_at.is_some().into(),
                    records: found.records,
                    epoch: found.epoch.map_or(0, |epoch| epoch.0),
                    entries: found.entries,
                    torn_at: found.torn_at.unwrap_or(0),
                    ignored_bytes: found.ignored_bytes,
                    unfinished: if unfinished.is_empty() { core::ptr::null() } else { unfinished.as_ptr() },
                    unfinished_count: unfinished.len(),
                    ..taskwire_restored::initial()
                },
            );
            out_agent.set(Pointer(give(taskwire_agent { core, standing: Standing::default() })));
            Ok(())
        })
    }
}

/// Says where in the journal the record is for which it was refused.
///
/// Parameters: `builder`, the builder.
///
/// Pointers: `out_is_set` gets 1 if the journal was refused for one record, and 0 if not. `out_offset` gets the byte at
/// which that record begins or should begin, counted over all that was given. All are the caller's, and are not kept.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
/// builder.
///
/// Threads: one thread at a time for one builder.
///
/// After an error: both outputs are 0; the builder is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_builder_failed_at(
    builder: *const taskwire_agent_builder,
    out_is_set: *mut u32,
    out_offset: *mut u64,
) -> taskwire_status {
    // SAFETY: NULL or valid for writes, which the caller promises.
    let (out_is_set, out_offset) = unsafe { (Out::needed(out_is_set), Out::needed(out_offset)) };
    // SAFETY: the builder is NULL or valid: the caller's promise.
    unsafe {
        look(builder, |builder| {
            let (mut out_is_set, mut out_offset) = (out_is_set?, out_offset?);
            if let Failure::Restore(
                RestoreError::Corrupt { offset, .. }
                | RestoreError::NoCheckpoint { offset }
                | RestoreError::Format { offset, .. }
                | RestoreError::Undecodable { offset, .. }
                | RestoreError::Illegal { offset, .. }
                | RestoreError::Inconsistent { offset, .. },
            ) = builder.standing.failure
            {
                out_is_set.set(1);
                out_offset.set(offset);
            }
            Ok(())
        })
    }
}

/// Says in words why the newest refused call of this builder was refused.
///
/// Parameters: `capacity`, bytes of `out_text`, 0 or more: the text is cut to it, and always ended by a NUL if there is
/// room for one.
///
/// Pointers: `builder` is looked at. `out_text` is the caller's, and may be NULL if `capacity` is 0. `out_length` may be
/// NULL; it gets the bytes of the whole text without its NUL, so that a length of `capacity` or more says that it was cut.
/// The text is empty if no call was refused yet.
///
/// Errors: TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (a capacity that no buffer
/// has): mend the call. TASKWIRE_ERROR_PANICKED: free the builder.
///
/// Threads: one thread at a time for one builder.
///
/// After an error: the text is empty; the builder is as it was.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_builder_last_error(
    builder: *const taskwire_agent_builder,
    out_text: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> taskwire_status {
    // SAFETY: NULL or alive and used by no other thread; the outputs NULL or valid for writes (the text for `capacity`
    // bytes): the caller's promise.
    unsafe { role::last_error(builder, out_text, capacity, out_length) }
}

/// Gives a builder back. The agent that it made lives on.
///
/// Parameters: `builder`, or NULL, which does nothing.
///
/// Pointers: `builder` and every pointer that the library gave out of it are gone after the call.
///
/// Errors: none. A poisoned builder is given back like any other.
///
/// Threads: one thread at a time for one builder, and no other call after this one.
///
/// After an error: there is none.
#[no_mangle]
pub unsafe extern "C" fn taskwire_agent_builder_free(builder: *mut taskwire_agent_builder) {
    // SAFETY: NULL or a builder of taskwire_agent_builder_new that was not freed, which the caller promises.
    unsafe { take(builder) }
}
