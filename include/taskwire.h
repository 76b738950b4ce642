/*
 * taskwire.h - the C interface of taskwire: both roles, agent and controller, and the framer of byte streams.
 *
 * Made from the sources by cbindgen; do not edit. How to change it: ffi/cbindgen.toml.
 *
 * The loop. After any call that may have changed something, drain taskwire_agent_poll_transmit and
 * taskwire_agent_poll_event, then sleep until a frame comes or taskwire_agent_next_timeout; then call
 * taskwire_agent_receive with the frame, and taskwire_agent_handle_timeout. Order does not matter, and extra calls do
 * no harm. A controller has the same calls, with a peer beside each frame; when it says
 * TASKWIRE_CONTROLLER_EVENT_COMMIT_DUE, store what the events before said, then call taskwire_controller_commit.
 *
 * What holds for every function:
 *
 *  - It is total: a NULL pointer, a wrong order of calls, too small a buffer, a struct that was not initialised give an
 *    error. What no library can check stays with the caller: a pointer that is neither NULL nor valid, an object used
 *    after its _free, and one object used by two threads at a time.
 *  - taskwire_status: 0 is success. Errors are negative, in ranges by whose fault they are: the caller's -1 to -99, the
 *    peer's -100 to -199, a limit -200 to -299, the state -300 to -399, fatal from -400 on. "Nothing there" is a length,
 *    count or kind of 0, and no error.
 *  - Every output is written on every return, with zeros on an error. A struct's struct_size stays as it was; a struct
 *    whose struct_size is refused, and a misaligned output, are not touched.
 *  - now_us is the host's monotonic clock in microseconds, from any start, 0 to 2^64-1, and goes on while the machine
 *    sleeps (Linux: CLOCK_BOOTTIME). Values that go back are taken for the largest seen, and counted.
 *  - Bytes are a pointer and a size_t. The pointer may be NULL when the size is 0.
 *  - Structs that can grow begin with struct_size and are filled by their _init function. A program that was built with
 *    an older, smaller struct is served as it expects; the new fields have their defaults.
 *  - An object is for one thread at a time, and objects are independent of each other. There are no globals, no
 *    callbacks, no errno.
 *  - The small build (make lib-small) has the agent role and the framer alone: the functions of the controller are not in
 *    it. Define TASKWIRE_SMALL to see taskwire_stop, by which it ends where the library below would catch a panic.
 *  - A panic inside the library (a fault of ours) is caught. The object is poisoned by it: every call but _free returns
 *    TASKWIRE_ERROR_PANICKED from then on, those that return no status excepted, which say what they do.
 */

#ifndef TASKWIRE_H
#define TASKWIRE_H

#include <stddef.h>
#include <stdint.h>

/** Success. */
#define TASKWIRE_OK 0

/** A pointer that must not be NULL is NULL. The caller's fault: mend the call. */
#define TASKWIRE_ERROR_NULL_POINTER (-1)

/**
 * The struct_size of a struct is smaller than that of its first version, no multiple of its alignment, or larger than
 * this library knows with something other than zeros behind. The caller's fault: fill the struct with its _init.
 */
#define TASKWIRE_ERROR_STRUCT_SIZE (-2)

/**
 * The buffer is too small for what must fit into it. The caller's fault: give a larger one, nothing was lost.
 */
#define TASKWIRE_ERROR_BUFFER_TOO_SMALL (-3)

/** A code, kind or number is none of those that are allowed. The caller's fault: mend the call. */
#define TASKWIRE_ERROR_ARGUMENT (-4)

/** The text is not a task id. The caller's fault: give 32 hexadecimal digits. */
#define TASKWIRE_ERROR_TASK_ID_TEXT (-5)

/**
 * The name of the node or of the controller has no bytes, more than 64, or is not UTF-8. The caller's fault: give
 * another.
 */
#define TASKWIRE_ERROR_CONFIG_NODE (-6)

/**
 * A setting is outside its range. The caller's fault: taskwire_agent_config_check, or that of
 * the controller, says which.
 */
#define TASKWIRE_ERROR_CONFIG_RANGE (-7)

/**
 * A task with metadata, message and result at their bounds does not fit into a frame. The caller's fault:
 * taskwire_agent_config_check says by how much.
 */
#define TASKWIRE_ERROR_CONFIG_FRAME (-8)

/** A pointer is not aligned as its type must be. The caller's fault: mend the call. */
#define TASKWIRE_ERROR_MISALIGNED (-9)

/** The journal is of another node. The caller's fault: give that of this node. */
#define TASKWIRE_ERROR_JOURNAL_OTHER_NODE (-10)

/** The epoch is not above the one in which the journal was written. The caller's fault: give a larger one. */
#define TASKWIRE_ERROR_JOURNAL_EPOCH (-11)

/**
 * The bytes are no frame: cut, corrupted, of an unknown version, or contradicting themselves. The peer's or the
 * network's fault: go on.
 */
#define TASKWIRE_ERROR_FRAME_UNDECODABLE (-100)

/** The frame is of a session that is not known here. The peer's fault: go on. */
#define TASKWIRE_ERROR_FRAME_UNKNOWN_SESSION (-101)

/**
 * The frame comes from another controller than the session's, or from another node than the connection is bound to.
 * The peer's fault: go on.
 */
#define TASKWIRE_ERROR_FRAME_WRONG_IDENTITY (-102)

/** The frame says what its sender may not say. The peer's fault: go on. */
#define TASKWIRE_ERROR_FRAME_ILLEGAL (-103)

/** The frame is over a limit that was agreed. The peer's fault: go on. */
#define TASKWIRE_ERROR_FRAME_OVER_LIMIT (-104)

/**
 * The byte stream has a length in it that no frame has. The peer's fault: close the connection and begin anew.
 */
#define TASKWIRE_ERROR_STREAM_BROKEN (-105)

/** There is no room for another registration or retry. A limit: try again when more has become durable. */
#define TASKWIRE_ERROR_FULL (-200)

/** The metadata or the result is longer than its bound. A limit: shorten it, or configure a larger bound. */
#define TASKWIRE_ERROR_TOO_LONG (-201)

/**
 * Attempts, transition numbers, revisions or epochs have reached their end. A limit: begin anew with a new task or node.
 */
#define TASKWIRE_ERROR_NUMBERS_USED_UP (-202)

/** More was stored in the journal than the configuration has room for. A limit: configure a larger bound. */
#define TASKWIRE_ERROR_JOURNAL_BEYOND_LIMITS (-203)

/** No task of this id is registered here. The state: register it first. */
#define TASKWIRE_ERROR_UNKNOWN_TASK (-300)

/**
 * The id is in use, or its tombstone is not yet durable. The state: use another id, or wait for
 * TASKWIRE_EVENT_TASK_FORGOTTEN.
 */
#define TASKWIRE_ERROR_ALREADY_REGISTERED (-301)

/** The table of moves does not have the move. The state: taskwire_agent_last_error names both states. */
#define TASKWIRE_ERROR_ILLEGAL_TRANSITION (-302)

/** Progress or detail of a task that is not RUNNING. The state: leave it out. */
#define TASKWIRE_ERROR_NOT_RUNNING (-303)

/** The task has not ended and cannot be forgotten. The state: end it first. */
#define TASKWIRE_ERROR_NOT_ENDED (-304)

/** The agent is not fenced, or not by this epoch. The state: supersede only what TASKWIRE_EVENT_FENCED named. */
#define TASKWIRE_ERROR_NOT_FENCED (-305)

/**
 * The host has said that no attempt of the task will follow. The state: nothing to do; register it anew after
 * TASKWIRE_EVENT_TASK_FORGOTTEN.
 */
#define TASKWIRE_ERROR_BEING_FORGOTTEN (-306)

/** No node of this number or name is known here. The state: look at the nodes. */
#define TASKWIRE_ERROR_UNKNOWN_NODE (-307)

/**
 * The position is not on the history that is held, or too old to be remembered. The state: nothing to do, another
 * TASKWIRE_CONTROLLER_EVENT_COMMIT_DUE comes when there is something to commit.
 */
#define TASKWIRE_ERROR_NOT_ON_HISTORY (-308)

/** Events up to the position have not all been polled. The state: poll them, store them, then commit. */
#define TASKWIRE_ERROR_NOT_POLLED (-309)

/** The task has ended: there is nothing to give up. The state: nothing to do. */
#define TASKWIRE_ERROR_ALREADY_ENDED (-310)

/** No session is open, so nobody can be told. The state: wait for TASKWIRE_EVENT_SESSION_OPENED. */
#define TASKWIRE_ERROR_NO_SESSION (-311)

/**
 * Changes after the revision are no longer kept whole. The state: read the view anew, from
 * taskwire_controller_view_revision on.
 */
#define TASKWIRE_ERROR_COMPACTED (-312)

/** There is no such revision of the view yet: this controller never gave it. The state: read the view anew. */
#define TASKWIRE_ERROR_FUTURE_REVISION (-313)

/** The revision is of another incarnation of the controller. The state: read the view anew. */
#define TASKWIRE_ERROR_OTHER_INCARNATION (-314)

/** The agent keeps no journal. The state: configure TASKWIRE_DURABILITY_WRITE_AHEAD, or leave the call out. */
#define TASKWIRE_ERROR_VOLATILE (-315)

/**
 * That record of the journal was never given out. The state: confirm only what taskwire_agent_poll_journal gave.
 */
#define TASKWIRE_ERROR_NOT_WRITTEN (-316)

/** The builder has made its agent, and can do no more. The state: free it, and make another. */
#define TASKWIRE_ERROR_BUILDER_SPENT (-317)

/** A fault in the library was caught. Fatal: give the object back with its _free, and make another. */
#define TASKWIRE_ERROR_PANICKED (-400)

/**
 * The library refused for a reason that this version of the C interface has no code for. Fatal for the call:
 * taskwire_agent_last_error or taskwire_controller_last_error has the words.
 */
#define TASKWIRE_ERROR_OTHER (-401)

/**
 * A record of the journal that was confirmed cannot be read: the store has lost what it promised. Fatal: see to the
 * store; taskwire_agent_builder_failed_at says where.
 */
#define TASKWIRE_ERROR_JOURNAL_CORRUPT (-402)

/** The journal does not begin with a checkpoint: earlier records are missing. Fatal: see to the store. */
#define TASKWIRE_ERROR_JOURNAL_NO_CHECKPOINT (-403)

/** A later version of the library wrote the journal. Fatal: use that version. */
#define TASKWIRE_ERROR_JOURNAL_FORMAT (-404)

/**
 * A whole record of the journal says what cannot be, or does not fit to those before it. Fatal: see to the store;
 * taskwire_agent_builder_last_error has the words.
 */
#define TASKWIRE_ERROR_JOURNAL_UNREADABLE (-405)

/**
 * The version of the C interface that this header describes. It grows when a program that was built with an older
 * header would no longer work; fields and functions that are only added do not change it.
 */
#define TASKWIRE_ABI_VERSION 1

/** Bytes of a task id as text: 36 characters and a NUL. */
#define TASKWIRE_TASK_ID_TEXT_SIZE 37

/** Registered, or registered for another attempt, and not begun. */
#define TASKWIRE_STATE_PENDING 100

/** Begun and not ended. */
#define TASKWIRE_STATE_RUNNING 200

/** Ended well. */
#define TASKWIRE_STATE_SUCCEEDED 300

/** Ended badly; may be retried or given up. */
#define TASKWIRE_STATE_FAILED 400

/** Ended because someone wanted it to end. */
#define TASKWIRE_STATE_CANCELLED 500

/** Nothing to say beyond the state. */
#define TASKWIRE_REASON_NONE 0

/** A time limit was reached. */
#define TASKWIRE_REASON_TIMED_OUT 1

/** It could not be started. */
#define TASKWIRE_REASON_COULD_NOT_START 2

/** What became of it in a crash cannot be known. */
#define TASKWIRE_REASON_OUTCOME_UNKNOWN 3

/** The agent's host wanted it to end. */
#define TASKWIRE_REASON_CANCELLED_BY_HOST 4

/** The controller wanted it to end. */
#define TASKWIRE_REASON_CANCELLED_BY_CONTROLLER 5

/** It ended with an exit code other than 0. */
#define TASKWIRE_REASON_EXIT_CODE 6

/** It was ended by a signal. */
#define TASKWIRE_REASON_SIGNAL 7

/** The node ran out of something. */
#define TASKWIRE_REASON_OUT_OF_RESOURCES 8

/** It was refused at assignment. */
#define TASKWIRE_REASON_REFUSED 9

/** All attempts were used up. */
#define TASKWIRE_REASON_GIVEN_UP 10

/** The first reason that is the host's own; 65,535 is the last. */
#define TASKWIRE_REASON_FIRST_OF_HOST 1000

/** The agent's host says so: the usual case. */
#define TASKWIRE_SOURCE_HOST 0

/** The agent itself says so. */
#define TASKWIRE_SOURCE_AGENT 1

/** The controller's desire. */
#define TASKWIRE_SOURCE_CONTROLLER 2

/** Nothing is known of how the process ended, or there was none. Never reads as success. */
#define TASKWIRE_EXIT_NONE 0

/** The process exited: the value beside it is its exit code. */
#define TASKWIRE_EXIT_CODE 1

/** A signal ended the process: the value beside it is the signal. */
#define TASKWIRE_EXIT_SIGNAL 2

/** In place of a percentage: there is none. */
#define TASKWIRE_PROGRESS_NONE 255

/** No verdict goes with the event. */
#define TASKWIRE_VERDICT_NONE 0

/** The controller's position is in the agent's history: only what came after it is sent. */
#define TASKWIRE_VERDICT_RESUME 1

/** The agent starts with nothing and has let nothing go. */
#define TASKWIRE_VERDICT_EMPTY 2

/** The controller knows less than the agent still has: a snapshot repairs it. */
#define TASKWIRE_VERDICT_SUBSCRIBER_BEHIND 3

/** The controller knows more than the agent: a snapshot repairs it. */
#define TASKWIRE_VERDICT_PUBLISHER_BEHIND 4

/** The controller has another history: a snapshot repairs it. */
#define TASKWIRE_VERDICT_FORK 5

/** The controller's records differ: a snapshot repairs it. */
#define TASKWIRE_VERDICT_DAMAGED 6

/** What does not say how fresh it is: a task of an agent. */
#define TASKWIRE_FRESHNESS_NONE 0

/** The node is live and synced. */
#define TASKWIRE_FRESHNESS_FRESH 1

/** The node is lost, or has left, or is back and not yet synced. */
#define TASKWIRE_FRESHNESS_STALE 2

/** The task is final, and nothing newer can come. */
#define TASKWIRE_FRESHNESS_FINAL 3

/** Its agent no longer knows it: what became of it cannot be known. */
#define TASKWIRE_FRESHNESS_CLOSED 4

/** Its node has not reported in this term yet. */
#define TASKWIRE_FRESHNESS_NOT_REPORTED_YET 5

/** The controller notes nothing beside the record. */
#define TASKWIRE_MARK_NONE 0

/** The controller's host gave the task up. */
#define TASKWIRE_MARK_GIVEN_UP 1

/** What became of the task cannot be known. */
#define TASKWIRE_MARK_OUTCOME_UNKNOWN 2

/** Its agent contradicts a known final, which the view keeps. */
#define TASKWIRE_MARK_CONFLICT 3

/** Known, and not heard in this term yet: neither lost nor absent. */
#define TASKWIRE_REACHABILITY_NOT_REPORTED_YET 1

/** Heard within its lease. */
#define TASKWIRE_REACHABILITY_LIVE 2

/** A heartbeat is missing. */
#define TASKWIRE_REACHABILITY_SUSPECT 3

/** Its lease has ended. */
#define TASKWIRE_REACHABILITY_LOST 4

/** It said goodbye. */
#define TASKWIRE_REACHABILITY_LEFT 5

/** Memory alone: there is no journal, and a restart begins with nothing. The default. */
#define TASKWIRE_DURABILITY_VOLATILE 0

/**
 * A journal: nothing is told before taskwire_agent_journal_confirmed has said that it is stored, and a restart goes on
 * from there.
 */
#define TASKWIRE_DURABILITY_WRITE_AHEAD 1

/** Registers task. Takes metadata, message, at_ms and trace. */
#define TASKWIRE_UPDATE_REGISTER 1

/** Moves task to state. Takes reason, source, exit, at_ms, message, result and trace. */
#define TASKWIRE_UPDATE_TRANSITION 2

/** Says how far task is. Takes percent; a message said before stays. */
#define TASKWIRE_UPDATE_PROGRESS 3

/** Says how far task is, and a text for people. Takes percent and message. */
#define TASKWIRE_UPDATE_DETAIL 4

/** Forgets task. Takes nothing. */
#define TASKWIRE_UPDATE_FORGET 5

/** There is no news. */
#define TASKWIRE_EVENT_NONE 0

/** A session is open. name: the controller; term: its term; verdict: how its position was judged; lossy. */
#define TASKWIRE_EVENT_SESSION_OPENED 1

/** A session has ended, and another is being asked for. reason: one of TASKWIRE_SESSION_END_…. */
#define TASKWIRE_EVENT_SESSION_CLOSED 2

/**
 * The controller's history is not the agent's, and a snapshot repairs it. verdict; controller_…: where the controller
 * stood; base_… and tip_…: the agent's.
 */
#define TASKWIRE_EVENT_HISTORY_DIFFERS 3

/** Everything up to revision is durable at the controller. */
#define TASKWIRE_EVENT_DURABLE 4

/** task is forgotten for good: its id may be registered anew. */
#define TASKWIRE_EVENT_TASK_FORGOTTEN 5

/** The controller's belief in this agent will end soon unless it answers. */
#define TASKWIRE_EVENT_LEASE_EXPIRING 6

/** The controller may believe this agent lost from now on. */
#define TASKWIRE_EVENT_LEASE_EXPIRED 7

/**
 * A larger epoch of this node, or a twin, was seen: this agent is silent until taskwire_agent_supersede. epoch: the one
 * seen; twin.
 */
#define TASKWIRE_EVENT_FENCED 8

/**
 * Another controller uses the term that the agent has accepted, and was refused. term; name: the one refused.
 */
#define TASKWIRE_EVENT_TERM_CONFLICT 9

/**
 * The controller refuses this agent. reason: one of TASKWIRE_REFUSAL_…; limit and limit_most with
 * TASKWIRE_REFUSAL_LIMIT; come_back_after_us: until the next try.
 */
#define TASKWIRE_EVENT_REFUSED 10

/** The record of task was found damaged in memory; it is not sent as if it were a change. */
#define TASKWIRE_EVENT_DAMAGED 11

/** The controller has given out other intervals, and they hold from now on. heartbeat_us; lease_us. */
#define TASKWIRE_EVENT_INTERVALS_CHANGED 12

/**
 * The controller knows that this agent will be silent: it may sleep. until_us: until then its silence means nothing.
 */
#define TASKWIRE_EVENT_SLEEP_CONFIRMED 13

/** Something that this version of the C interface has no fields for. */
#define TASKWIRE_EVENT_OTHER 99

/** The session's lease ran out without an answer. */
#define TASKWIRE_SESSION_END_LEASE_EXPIRED 1

/** The controller does not know the session. */
#define TASKWIRE_SESSION_END_NO_SESSION 2

/** The controller refused or closed the session. */
#define TASKWIRE_SESSION_END_REFUSED 3

/** The controller acknowledged a position that is not in this agent's history. */
#define TASKWIRE_SESSION_END_FOREIGN_POSITION 4

/** A larger epoch or a twin fenced this agent. */
#define TASKWIRE_SESSION_END_FENCED 5

/** The host said goodbye. */
#define TASKWIRE_SESSION_END_GOODBYE 6

/** The controller left. */
#define TASKWIRE_SESSION_END_CONTROLLER_LEFT 7

/** A record of this agent is damaged in memory, and would have been sent: restart the agent. */
#define TASKWIRE_SESSION_END_DAMAGED 8

/** The controller sent this agent away for a while, and believes in it meanwhile. */
#define TASKWIRE_SESSION_END_SENT_AWAY 9

/** The session ended for a reason that this version of the C interface has no code for. */
#define TASKWIRE_SESSION_END_OTHER 99

/** There is no common version of the protocol. */
#define TASKWIRE_REFUSAL_VERSION 1

/** A limit of the configuration is beyond the controller's. */
#define TASKWIRE_REFUSAL_LIMIT 2

/** The connection is bound to another node. */
#define TASKWIRE_REFUSAL_IDENTITY 3

/** The controller serves as many as it can: come back later. */
#define TASKWIRE_REFUSAL_BUSY 4

/** The controller's nodes are all in use. */
#define TASKWIRE_REFUSAL_NODES 5

/** Epoch, term or revisions are at their end. */
#define TASKWIRE_REFUSAL_EXHAUSTED 6

/** Repairs have failed too often at one place. */
#define TASKWIRE_REFUSAL_REPAIR_FAILED 7

/** The controller's host ended it. */
#define TASKWIRE_REFUSAL_CLOSED 8

/** The node was forgotten. */
#define TASKWIRE_REFUSAL_FORGOTTEN 9

/** The controller found a HELLO of full length too short for its answer. */
#define TASKWIRE_REFUSAL_SHORT 10

/** The refusal has a reason that this version of the C interface has no code for. */
#define TASKWIRE_REFUSAL_OTHER 99

/** No limit is meant. */
#define TASKWIRE_LIMIT_NONE 0

/** The limit slots of the configuration. */
#define TASKWIRE_LIMIT_SLOTS 1

/** The limit log of the configuration. */
#define TASKWIRE_LIMIT_LOG 2

/** The limit metadata of the configuration. */
#define TASKWIRE_LIMIT_METADATA 3

/** The limit message of the configuration. */
#define TASKWIRE_LIMIT_MESSAGE 4

/** The limit result of the configuration. */
#define TASKWIRE_LIMIT_RESULT 5

/** The limit frame of the configuration. */
#define TASKWIRE_LIMIT_FRAME 6

/** The limit finals of the configuration. */
#define TASKWIRE_LIMIT_FINALS 7

/** Bytes of long metadata. */
#define TASKWIRE_LIMIT_VALUE 8

/** The controller has not told how long it believes in a silent agent. */
#define TASKWIRE_LEASE_UNKNOWN 0

/** The controller believes in this agent. */
#define TASKWIRE_LEASE_HELD 1

/** The controller may believe this agent lost. */
#define TASKWIRE_LEASE_EXPIRED 2

/** The agent asks for a session. */
#define TASKWIRE_SESSION_GREETING 1

/** A controller has answered, and the session is being opened. */
#define TASKWIRE_SESSION_OPENING 2

/** The session is open. */
#define TASKWIRE_SESSION_OPEN 3

/** A larger epoch or a twin was seen: the agent is silent. */
#define TASKWIRE_SESSION_FENCED 4

/** The host said goodbye: the agent is silent. */
#define TASKWIRE_SESSION_LEFT 5

/**
 * Bytes that a record of the journal may have beside a frame's: a buffer of the configured frame and this takes every
 * record.
 */
#define TASKWIRE_JOURNAL_OVERHEAD 64

/** A change is durable when taskwire_controller_commit has confirmed it. The default. */
#define TASKWIRE_ACK_POLICY_DURABLE 0

/** A change is durable when it was received: lossy, should the controller die before its host has stored it. */
#define TASKWIRE_ACK_POLICY_RECEIVED 1

/** There is no news. */
#define TASKWIRE_CONTROLLER_EVENT_NONE 0

/**
 * task moved from from_state (0: it was registered) to state. Lossless: each comes once, in order. position_… with the
 * node is its identity for ever; registered_…, epoch, attempt, number, at_ms, reason, source, exit_…; metadata with
 * the registration; message, result, trace; may_be_repeat; out_of_sequence.
 */
#define TASKWIRE_CONTROLLER_EVENT_TRANSITION 1

/**
 * The agent's host forgot task: no attempt will follow. Lossless. registered_…, position_…, may_be_repeat.
 */
#define TASKWIRE_CONTROLLER_EVENT_TASK_FORGOTTEN 2

/** An entry of a kind that only a later version knows is kept in the record of task. Lossless. position_…. */
#define TASKWIRE_CONTROLLER_EVENT_ENTRY_OF_UNKNOWN_KIND 3

/**
 * Transitions first_number to last_number of task were let go before this controller saw them; the last of them left
 * state and attempt. registered_…, may_be_inexact.
 */
#define TASKWIRE_CONTROLLER_EVENT_HISTORY_GAP 4

/**
 * After a repair the agent says less of task than the view knew: first_number there, last_number and state now.
 */
#define TASKWIRE_CONTROLLER_EVENT_NUMBERS_BACK 5

/**
 * What became of task cannot be known: its agent no longer knows it. registered_…; state and number, the last known.
 */
#define TASKWIRE_CONTROLLER_EVENT_OUTCOME_UNKNOWN 6

/**
 * The agent contradicts a known final of task: the view keeps kept_state and kept_number, the agent says state and
 * number. registered_….
 */
#define TASKWIRE_CONTROLLER_EVENT_CONFLICT 7

/**
 * A final of task that this controller never knew: state and number; first_number, the last that the view had seen.
 * registered_….
 */
#define TASKWIRE_CONTROLLER_EVENT_FINAL_LEARNED 8

/** The mark beside task was disproved by what the agent says now. */
#define TASKWIRE_CONTROLLER_EVENT_MARK_LIFTED 9

/** The host had given task up, and the agent reports state after all: both are kept. */
#define TASKWIRE_CONTROLLER_EVENT_LATE_TRUTH 10

/**
 * The agent's history is not the controller's. Comes before any record of the node changes. verdict; position_…: where
 * the controller stood; base_… and tip_…: the agent's.
 */
#define TASKWIRE_CONTROLLER_EVENT_HISTORY_DIFFERS 11

/**
 * A repair is done: the view is the agent's again. verdict, position_…; gaps, outcomes_unknown and conflicts found.
 */
#define TASKWIRE_CONTROLLER_EVENT_REPAIRED 12

/** The controller found that its copy differs and asked to be judged. symptom, position_…. */
#define TASKWIRE_CONTROLLER_EVENT_DRIFT_FOUND 13

/** The node opened a session. epoch, verdict. */
#define TASKWIRE_CONTROLLER_EVENT_NODE_OPENED 14

/** The node's tasks are no longer stale. position_…. */
#define TASKWIRE_CONTROLLER_EVENT_NODE_SYNCED 15

/** A heartbeat of the node is missing. */
#define TASKWIRE_CONTROLLER_EVENT_NODE_SUSPECT 16

/** The suspect node was heard again in time. */
#define TASKWIRE_CONTROLLER_EVENT_NODE_LIVE 17

/** The node's lease ended. tasks_stale; they keep the state that was reported. */
#define TASKWIRE_CONTROLLER_EVENT_NODE_LOST 18

/** The node said goodbye. */
#define TASKWIRE_CONTROLLER_EVENT_NODE_LEFT 19

/** Events up to position_… have been polled: store them, then call taskwire_controller_commit with it. */
#define TASKWIRE_CONTROLLER_EVENT_COMMIT_DUE 20

/** Two machines use one identity: one epoch with two nonces. epoch. */
#define TASKWIRE_CONTROLLER_EVENT_DUPLICATE_IDENTITY 21

/**
 * An agent has accepted a larger term, or this term of another controller: this one is deposed there. name: the node's;
 * term: the one seen; term_conflict. node is 0 and says nothing.
 */
#define TASKWIRE_CONTROLLER_EVENT_DEPOSED 22

/**
 * A HELLO was refused. name: the one it gave; tip_revision: that of its tail; reason: one of TASKWIRE_REFUSAL_…; limit
 * and limit_most with TASKWIRE_REFUSAL_LIMIT. node is 0 and says nothing.
 */
#define TASKWIRE_CONTROLLER_EVENT_HELLO_REFUSED 23

/**
 * The metadata of a task, which travelled apart from its registration, is whole: read it with taskwire_controller_task and
 * store it. registered_…. Until then the registration does not count as durable.
 */
#define TASKWIRE_CONTROLLER_EVENT_VALUE_WHOLE 24

/** Something that this version of the C interface has no fields for. */
#define TASKWIRE_CONTROLLER_EVENT_OTHER 99

/** No symptom goes with the event. */
#define TASKWIRE_SYMPTOM_NONE 0

/** The tag computed is not the tag sent. */
#define TASKWIRE_SYMPTOM_TAG 1

/** An entry could not be applied. */
#define TASKWIRE_SYMPTOM_ENTRY 2

/** The digest differs. */
#define TASKWIRE_SYMPTOM_DIGEST 3

/** A recount found damage. */
#define TASKWIRE_SYMPTOM_SCRUB 4

/** A remembered revision came with another tag. */
#define TASKWIRE_SYMPTOM_HISTORY 5

/** A snapshot did not add up. */
#define TASKWIRE_SYMPTOM_STAGE 6

/**
 * A task moved from from_state (0: it was registered) to state: task, entry_revision, attempt, number, reason, source,
 * exit_….
 */
#define TASKWIRE_HAPPENING_MOVED 1

/** Its agent forgot task: the view keeps its end under its own retention. */
#define TASKWIRE_HAPPENING_FORGOTTEN 2

/** An entry of a kind that only a later version knows changed the record of task. */
#define TASKWIRE_HAPPENING_EXTENDED 3

/** The view keeps task no longer: its retention is over. */
#define TASKWIRE_HAPPENING_REMOVED 4

/** The controller noted something beside task: mark. */
#define TASKWIRE_HAPPENING_MARKED 5

/** A mark of task was disproved. */
#define TASKWIRE_HAPPENING_MARK_LIFTED 6

/** A newer detail of task is shown. */
#define TASKWIRE_HAPPENING_DETAIL_SHOWN 7

/**
 * The node was heard of for the first time, or stands otherwise than it did: reachability, epoch, stale, synced, silent.
 */
#define TASKWIRE_HAPPENING_NODE_CHANGED 8

/** The history of the node was replaced: any of its tasks may be other than it was, or gone. */
#define TASKWIRE_HAPPENING_TASKS_REPLACED 9

/** The host had the node forgotten, with all its tasks. */
#define TASKWIRE_HAPPENING_NODE_FORGOTTEN 10

/** Something that this version of the C interface has no fields for. */
#define TASKWIRE_HAPPENING_OTHER 99

/** Put the task, which is written beside the change, in place of what the copy has of it. */
#define TASKWIRE_EFFECT_TASK 1

/** Take task out, if the copy has it: it is gone, or no longer what the filter is about. */
#define TASKWIRE_EFFECT_TASK_GONE 2

/** Look the node up, and put it, apart from its tasks, in place of what the copy has of it. */
#define TASKWIRE_EFFECT_NODE 3

/** Take all tasks of the node out, go through those that it has now, and put those in that the filter takes. */
#define TASKWIRE_EFFECT_TASKS 4

/** Take the node out with all its tasks. */
#define TASKWIRE_EFFECT_NODE_GONE 5

/** Something that this version of the C interface cannot tell: read the view anew. */
#define TASKWIRE_EFFECT_OTHER 99

/** Of taskwire_filter_states: tasks that are PENDING. */
#define TASKWIRE_FILTER_PENDING 1

/** Of taskwire_filter_states: tasks that are RUNNING. */
#define TASKWIRE_FILTER_RUNNING 2

/** Of taskwire_filter_states: tasks that have SUCCEEDED. */
#define TASKWIRE_FILTER_SUCCEEDED 4

/** Of taskwire_filter_states: tasks that have FAILED. */
#define TASKWIRE_FILTER_FAILED 8

/** Of taskwire_filter_states: tasks that were CANCELLED. */
#define TASKWIRE_FILTER_CANCELLED 16

/** Bytes that are always enough for the OpenMetrics text of either role, its NUL included. */
#define TASKWIRE_OPENMETRICS_SIZE 65536

/** Each frame after its length: for streams that lose and change nothing (TCP, TLS, pipes). */
#define TASKWIRE_FRAMER_LENGTH 1

/**
 * Each frame as COBS between zero bytes: for lines that lose, change and invent bytes (serial). Whatever came before,
 * the next frame that arrives whole is found.
 */
#define TASKWIRE_FRAMER_COBS 2

/**
 * Bytes that a frame of up to 1,269 bytes costs in a byte stream beside its own, whatever the kind: enough for a buffer
 * that is made before the frame is known. taskwire_framer_room says it exactly, and for longer frames.
 */
#define TASKWIRE_FRAMER_OVERHEAD 7

/** A task agent of one node. Made by taskwire_agent_new, given back by taskwire_agent_free. */
typedef struct taskwire_agent taskwire_agent;

/**
 * Restores an agent from its journal. Made by taskwire_agent_builder_new, given back by taskwire_agent_builder_free.
 */
typedef struct taskwire_agent_builder taskwire_agent_builder;

/** A controller of many nodes. Made by taskwire_controller_new, given back by taskwire_controller_free. */
typedef struct taskwire_controller taskwire_controller;

/**
 * What a watcher cares for. Made by taskwire_filter_new, given back by taskwire_filter_free; any number of controllers
 * may be read with it.
 */
typedef struct taskwire_filter taskwire_filter;

/** Cuts a byte stream into frames. Made by taskwire_framer_new, given back by taskwire_framer_free. */
typedef struct taskwire_framer taskwire_framer;

/** What a call says: 0 is success, negative values are errors, in ranges by whose fault they are. */
typedef int32_t taskwire_status;

/** The 16 bytes that name a task. Written as a UUID, but any 16 bytes will do. */
typedef struct taskwire_task_id {
    /** The bytes, in the order in which they are written. */
    uint8_t bytes[16];
} taskwire_task_id;

/** Settings of an agent. Fill it with taskwire_agent_config_init, then set node, epoch and seed at least. */
typedef struct taskwire_agent_config {
    /** Bytes of this struct; set by taskwire_agent_config_init. */
    uint32_t struct_size;
    /**
     * How much faster than the controller's this host's clock may run, in parts per million: the agent's belief in its
     * lease ends that much sooner. 0 to 100,000; 1,000 by default.
     */
    uint32_t clock_rate_error_ppm;
    /**
     * The node's name: 1 to 64 bytes of UTF-8, ended by a NUL. It is copied by taskwire_agent_new. Has no default.
     */
    const char *node;
    /**
     * This incarnation, larger at each start: max(clock, stored + 1) is a good one. 1 to 2^64-2. Has no default.
     */
    uint64_t epoch;
    /** A number drawn afresh at each start; the library draws none itself. Any. */
    uint64_t seed;
    /**
     * Unix milliseconds when now_us is 0: wall-clock time is this plus now. 0 by default, and then times are those of
     * the host's own clock. Below 2^62.
     */
    uint64_t wall_clock_offset_ms;
    /** Tasks at a time. 1 to 1,048,576; 4,096 by default. */
    uint32_t slots;
    /** Entries not yet durable, and room reserved for ends. 5 to 4,194,304; 32,768 by default. */
    uint32_t log;
    /**
     * Bytes of metadata of a task that travel with its registration. 384 by default. Metadata, message and result, and 256 bytes around them,
     * must fit into a frame.
     */
    uint32_t metadata;
    /** Bytes of a message, at most; a longer one is cut, with a flag. 192 by default. */
    uint32_t message;
    /** Bytes of a result, at most. 256 by default. */
    uint32_t result;
    /** Bytes of a frame, everything counted. 512 to 65,507; 1,200 by default, which passes every network. */
    uint32_t frame;
    /** Forgotten finals that a snapshot carries. 0 to 65,536; 256 by default. */
    uint32_t finals;
    /** Events that may wait for taskwire_agent_poll_event. 4 to 65,536; 64 by default. */
    uint32_t events;
    /**
     * How long a change may wait for company while frames are in flight, in microseconds. 0 to 10,000,000; 20,000 by
     * default.
     */
    uint64_t linger_us;
    /** The shortest retransmission time-out, in microseconds. 1,000 to 60,000,000; 20,000 by default. */
    uint64_t least_rto_us;
    /** The longest back-off between tries, in microseconds. 100,000 to 3,600,000,000; 15,000,000 by default. */
    uint64_t most_backoff_us;
    /** Frames in flight, at most. 1 to 64; 32 by default. */
    uint32_t frames_in_flight;
    /** Bytes in flight, at most. 1,200 to 1,073,741,824; 65,536 by default. */
    uint32_t bytes_in_flight;
    /**
     * After this many frames that are full of transitions, an eighth of the next is for progress and messages. 1 to
     * 1,024; 8 by default.
     */
    uint32_t detail_after;
    /**
     * Bytes of metadata of a task, however they travel: what is longer than `metadata` follows its registration in parts.
     * 0 (none does) to 1,048,576; 65,536 by default.
     */
    uint32_t value;
    /**
     * Records from which on a repair first looks for those that differ, in place of telling all. Any; 64 by default.
     */
    uint32_t sketch_from;
    /** One of TASKWIRE_DURABILITY_…: whether a journal is kept. TASKWIRE_DURABILITY_VOLATILE by default. */
    uint32_t durability;
    /**
     * The least time between two frames that go for details alone, in microseconds. 0 to 3,600,000,000; 100,000 by default.
     */
    uint64_t detail_interval_us;
} taskwire_agent_config;

/** A W3C trace context (Trace Context, level 1): it travels with a task and its changes, and decides nothing. */
typedef struct taskwire_trace {
    /** The trace id. */
    uint8_t trace_id[16];
    /** The id of the parent span. */
    uint8_t span_id[8];
    /** The trace flags. */
    uint8_t flags;
    /** 0. */
    uint8_t reserved[7];
} taskwire_trace;

/** What may go with a transition. Fill it with taskwire_report_init, then set what there is to say. */
typedef struct taskwire_report {
    /** Bytes of this struct; set by taskwire_report_init. */
    uint32_t struct_size;
    /** One of TASKWIRE_REASON_…, or the host's own from TASKWIRE_REASON_FIRST_OF_HOST to 65,535. */
    uint32_t reason;
    /** One of TASKWIRE_SOURCE_…, at most 255. */
    uint32_t source;
    /** One of TASKWIRE_EXIT_…. */
    uint32_t exit_kind;
    /** The exit code or the signal. */
    int32_t exit_value;
    /** 1 if at_ms says when it happened, 0 if it happens now. */
    uint32_t has_at;
    /** When it happened, in Unix milliseconds, below 2^62. */
    uint64_t at_ms;
    /**
     * A text for people, copied by the call that takes it; longer than the configured bound it is cut, with a flag.
     */
    const void *message;
    /** Bytes of the message. */
    size_t message_length;
    /** What the attempt produced, copied by the call that takes it; at most the configured bound. */
    const void *result;
    /** Bytes of the result. */
    size_t result_length;
    /** 1 if trace counts. */
    uint32_t has_trace;
    /** 0. */
    uint32_t reserved;
    /** The trace that this change belongs to; without one the task keeps that of its registration. */
    struct taskwire_trace trace;
} taskwire_report;

/**
 * One call about a task as an element of an array. Fill it with taskwire_update_init, then set kind, task and what the
 * kind takes; what it does not take is ignored.
 */
typedef struct taskwire_update {
    /** Bytes of this struct; set by taskwire_update_init. All elements of an array have the same. */
    uint32_t struct_size;
    /** One of TASKWIRE_UPDATE_…. */
    uint32_t kind;
    /** The task. */
    struct taskwire_task_id task;
    /** One of TASKWIRE_STATE_…. */
    uint32_t state;
    /** Hundredths of the work that are done, 0 to 100, or TASKWIRE_PROGRESS_NONE. */
    uint32_t percent;
    /** One of TASKWIRE_REASON_…, or the host's own from TASKWIRE_REASON_FIRST_OF_HOST to 65,535. */
    uint32_t reason;
    /** One of TASKWIRE_SOURCE_…, at most 255. */
    uint32_t source;
    /** One of TASKWIRE_EXIT_…. */
    uint32_t exit_kind;
    /** The exit code or the signal. */
    int32_t exit_value;
    /** 1 if at_ms says when it happened, 0 if it happens now. */
    uint32_t has_at;
    /** 1 if trace counts. */
    uint32_t has_trace;
    /** When it happened, in Unix milliseconds, below 2^62. */
    uint64_t at_ms;
    /** Opaque bytes, copied; at most the configured bound. */
    const void *metadata;
    /** Bytes of the metadata. */
    size_t metadata_length;
    /** A text for people, copied; longer than the configured bound it is cut, with a flag. */
    const void *message;
    /** Bytes of the message. */
    size_t message_length;
    /** What the attempt produced, copied; at most the configured bound. */
    const void *result;
    /** Bytes of the result. */
    size_t result_length;
    /** The trace that the task or this change belongs to. */
    struct taskwire_trace trace;
} taskwire_update;

/**
 * A task as an agent or a controller knows it. Its pointers are that object's own, and hold until the next call that
 * changes it: until then no function may be called with it but those that take it as const.
 */
typedef struct taskwire_task {
    /** Bytes of this struct; set by taskwire_task_init. */
    uint32_t struct_size;
    /** The small integer that stands for the task. */
    uint32_t slot;
    /** The task. */
    struct taskwire_task_id id;
    /** One of TASKWIRE_STATE_…: what its agent reported, or the final that the controller keeps against it. */
    uint32_t state;
    /** Which try it is, from 0. */
    uint32_t attempt;
    /** The number of its newest transition, from 1. */
    uint32_t number;
    /** One of TASKWIRE_REASON_…, or another. */
    uint32_t reason;
    /** One of TASKWIRE_SOURCE_…, or another. */
    uint32_t source;
    /** One of TASKWIRE_EXIT_…. */
    uint32_t exit_kind;
    /** The exit code or the signal. */
    int32_t exit_value;
    /** 1 if the message was cut at its bound. */
    uint32_t message_cut;
    /** When it came to its state, in Unix milliseconds. */
    uint64_t at_ms;
    /** Its registration: the epoch. */
    uint64_t registered_epoch;
    /** Its registration: the revision. */
    uint64_t registered_revision;
    /** Its newest entry: the epoch. */
    uint64_t newest_epoch;
    /** Its newest entry: the revision. */
    uint64_t newest_revision;
    /** The metadata; NULL if there is none. */
    const uint8_t *metadata;
    /** Bytes of the metadata. */
    size_t metadata_length;
    /** The message of its newest transition, without a NUL; NULL if there is none. */
    const uint8_t *message;
    /** Bytes of the message. */
    size_t message_length;
    /** The result of its newest transition; NULL if there is none. */
    const uint8_t *result;
    /** Bytes of the result. */
    size_t result_length;
    /** 1 if there is a trace context. */
    uint32_t has_trace;
    /**
     * Hundredths of the work that are done, 0 to 100, as reported last for its attempt; or TASKWIRE_PROGRESS_NONE.
     */
    uint32_t percent;
    /** The trace context. */
    struct taskwire_trace trace;
    /** The text that its attempt reported last beside the percentage, without a NUL; NULL if there is none. */
    const uint8_t *detail;
    /** Bytes of the detail's text. */
    size_t detail_length;
    /** What its agent says: the state. Another than state only with TASKWIRE_MARK_CONFLICT. */
    uint32_t reported_state;
    /** What its agent says: the number of the newest transition. */
    uint32_t reported_number;
    /** The node's number at the controller; 0 at an agent, as all that follows. */
    uint32_t node;
    /** One of TASKWIRE_FRESHNESS_…. */
    uint32_t freshness;
    /** With TASKWIRE_FRESHNESS_FRESH and TASKWIRE_FRESHNESS_STALE: microseconds since its node was heard. */
    uint64_t heard_before_us;
    /** One of TASKWIRE_MARK_…: what the controller notes beside the record. */
    uint32_t mark;
    /** 1 if its agent has forgotten it, or no longer knows it: what stands here is kept by the view alone. */
    uint32_t closed;
    /** 1 if the knowledge of it is stale. */
    uint32_t stale;
    /** 0. */
    uint32_t reserved;
} taskwire_task;

/**
 * One piece of news for the agent's host. Fields that its kind does not speak of are 0. It holds no pointers.
 */
typedef struct taskwire_agent_event {
    /** Bytes of this struct; set by taskwire_agent_event_init. */
    uint32_t struct_size;
    /** One of TASKWIRE_EVENT_…. */
    uint32_t kind;
    /** The task. */
    struct taskwire_task_id task;
    /** The newest durable revision. */
    uint64_t revision;
    /** The controller's term. */
    uint64_t term;
    /** The epoch that was seen. */
    uint64_t epoch;
    /** Microseconds until the next try. */
    uint64_t come_back_after_us;
    /** One of TASKWIRE_SESSION_END_… or TASKWIRE_REFUSAL_…, as the kind says. */
    uint32_t reason;
    /** One of TASKWIRE_VERDICT_…. */
    uint32_t verdict;
    /** 1 if the controller acknowledges what it has only received: such a change may be lost with it. */
    uint32_t lossy;
    /** 1 if it is this very epoch that was seen, of another machine with the same name. */
    uint32_t twin;
    /** One of TASKWIRE_LIMIT_…. */
    uint32_t limit;
    /** The largest value of the limit that the controller takes. */
    uint32_t limit_most;
    /** Where the controller stood: the revision. */
    uint64_t controller_revision;
    /** Where the controller stood: the tag. */
    uint64_t controller_tag;
    /** The agent's base: the revision. */
    uint64_t base_revision;
    /** The agent's base: the tag. */
    uint64_t base_tag;
    /** The agent's tip: the revision. */
    uint64_t tip_revision;
    /** The agent's tip: the tag. */
    uint64_t tip_tag;
    /** The controller's name, ended by a NUL. */
    char name[72];
    /** How often this agent says that it is there, in microseconds. */
    uint64_t heartbeat_us;
    /** How long the controller believes in a silent agent, in microseconds. */
    uint64_t lease_us;
    /** Until when silence means nothing, on the host's clock in microseconds. */
    uint64_t until_us;
} taskwire_agent_event;

/** What the controller does not know yet. */
typedef struct taskwire_sync_state {
    /** Bytes of this struct; set by taskwire_sync_state_init. */
    uint32_t struct_size;
    /** 1 if there is an entry that is not durable, and since_us says since when. */
    uint32_t has_since;
    /** When the oldest entry that is not durable was made, on the host's clock in microseconds. */
    uint64_t since_us;
    /** Entries that the controller has not acknowledged. */
    uint64_t unreceived;
    /** Entries that are not durable at the controller. */
    uint64_t undurable;
    /** The newest entry of the agent: the revision. */
    uint64_t tail_revision;
    /** The newest entry of the agent: the tag. */
    uint64_t tail_tag;
    /** The newest revision that the controller has acknowledged. */
    uint64_t received_revision;
    /** The newest revision that is durable at the controller. */
    uint64_t durable_revision;
} taskwire_sync_state;

/** What was found in a journal. Fill it with taskwire_restored_init. */
typedef struct taskwire_restored {
    /** Bytes of this struct; set by taskwire_restored_init. */
    uint32_t struct_size;
    /** 1 if there is a torn tail, and torn_at says where. */
    uint32_t has_torn_at;
    /** Records read. */
    uint64_t records;
    /** The epoch in which the journal was written; 0 if it was empty. */
    uint64_t epoch;
    /** Entries that are not durable at the controller, as far as the journal knows. */
    uint64_t entries;
    /** Where a torn tail begins, in bytes of what was given; what follows it was ignored. Cut the file there. */
    uint64_t torn_at;
    /** Bytes ignored there. */
    uint64_t ignored_bytes;
    /** Tasks that had not ended: what became of them is for the host to find out. NULL if there are none. */
    const struct taskwire_task_id *unfinished;
    /** How many there are. */
    size_t unfinished_count;
} taskwire_restored;

/**
 * Settings of a controller. Fill it with taskwire_controller_config_init, then set name, term and seed at least.
 */
typedef struct taskwire_controller_config {
    /** Bytes of this struct; set by taskwire_controller_config_init. */
    uint32_t struct_size;
    /** One of TASKWIRE_ACK_POLICY_…: when a change counts as durable. */
    uint32_t ack_policy;
    /**
     * The controller's name: 1 to 64 bytes of UTF-8, ended by a NUL. It is copied by taskwire_controller_new. Has no
     * default.
     */
    const char *name;
    /** This incarnation, larger at each start and at each fail-over. 1 to 2^64-2. Has no default. */
    uint64_t term;
    /** A number drawn afresh at each start; the library draws none itself. Any. */
    uint64_t seed;
    /** Unix milliseconds when now_us is 0: wall-clock time is this plus now. 0 by default. Below 2^62. */
    uint64_t wall_clock_offset_ms;
    /**
     * How often a silent agent says that it is there, in microseconds. 10,000 to 3,600,000,000; 5,000,000 by default.
     */
    uint64_t heartbeat_us;
    /**
     * How long a silent agent is believed in, in microseconds. At least two heartbeats, at most 86,400,000,000;
     * 15,000,000 by default.
     */
    uint64_t lease_us;
    /**
     * How late a call may come before the delay is taken for the host's own and ends no lease, in microseconds. 1,000
     * to 3,600,000,000; 200,000 by default.
     */
    uint64_t lateness_us;
    /**
     * How long a change may wait for company while frames are in flight, in microseconds. 0 to 10,000,000; 20,000 by
     * default.
     */
    uint64_t linger_us;
    /** The shortest retransmission time-out, in microseconds. 1,000 to 60,000,000; 100,000 by default. */
    uint64_t least_rto_us;
    /** The longest back-off between tries, in microseconds. 100,000 to 3,600,000,000; 15,000,000 by default. */
    uint64_t most_backoff_us;
    /**
     * The most slots that an agent may ask for; 1,048,576 by default, which takes every agent. So with the six that
     * follow.
     */
    uint32_t slots;
    /** The largest log that an agent may ask for. */
    uint32_t log;
    /** The largest bound of metadata that an agent may ask for, in bytes. */
    uint32_t metadata;
    /** The largest bound of messages that an agent may ask for, in bytes. */
    uint32_t message;
    /** The largest bound of results that an agent may ask for, in bytes. */
    uint32_t result;
    /** The largest frame that an agent may ask for, in bytes. */
    uint32_t frame;
    /** The most forgotten finals that an agent may ask for. */
    uint32_t finals;
    /** Nodes, at most. 1 to 16,777,216; 65,536 by default. An idle node costs about 1 KB. */
    uint32_t nodes;
    /** Handshakes under way, at most. 1 to 65,536; 1,024 by default. */
    uint32_t handshakes;
    /** Repairs (snapshots being put together) at a time. 1 to 65,536; 64 by default. */
    uint32_t repairs;
    /**
     * Transitions of each node that may wait for taskwire_controller_poll_event. 1 to 1,048,576; 1,024 by default.
     */
    uint32_t events_per_node;
    /** Frames of each node that a gap may hold back. 0 to 64; 16 by default. */
    uint32_t reorder_frames;
    /**
     * Final tasks of each node that the view keeps after they were forgotten. 0 to 1,048,576; 1,024 by default.
     */
    uint32_t finals_per_node;
    /** Frames in flight, at most. 1 to 64; 32 by default. */
    uint32_t frames_in_flight;
    /** Bytes in flight, at most. 1,200 to 1,073,741,824; 65,536 by default. */
    uint32_t bytes_in_flight;
    /**
     * After this many frames that are full of changes, an eighth of the next is for details. 1 to 1,024; 8 by default.
     */
    uint32_t detail_after;
    /**
     * How long final tasks are kept after they were forgotten, in microseconds. 1,000,000 to ten years; seven days by
     * default.
     */
    uint64_t finals_age_us;
    /** The same over all nodes, at most. 0 to 268,435,456; 1,048,576 by default. The oldest goes first. */
    uint32_t finals_of_all_nodes;
    /** Changes of the view that watchers may still read: the audit log. 0 to 16,777,216; 16,384 by default. */
    uint32_t history;
    /** Changes of details that watchers may still read. 0 to 16,777,216; 16,384 by default. */
    uint32_t detail_history;
    /**
     * The largest bound of long metadata, which travels in parts, that an agent may ask for, in bytes. 0 to 1,048,576, the
     * default.
     */
    uint32_t value;
    /**
     * Records from which on a repair first looks for those that differ, in place of telling all. Any; 64 by default.
     */
    uint32_t sketch_from;
    /**
     * When more than this share of the nodes that are believed in falls silent within one heartbeat (and at least 3 of at
     * least 8), the fault is taken for this side's, and no lease ends for a while. 1 to 100 percent, and 100 is never; 50
     * by default.
     */
    uint32_t mass_silence_percent;
    /**
     * How much longer than its lease a silent node is believed in at most because of that, in microseconds. 0 to
     * 86,400,000,000; 300,000,000 by default.
     */
    uint64_t mass_silence_hold_us;
    /**
     * The least time between two frames that go for details alone, in microseconds. 0 to 3,600,000,000; 100,000 by default.
     */
    uint64_t detail_interval_us;
} taskwire_controller_config;

/**
 * One piece of news for the controller's host. Fields that its kind does not speak of are 0. Its pointers are the
 * controller's own, and hold until the next call of taskwire_controller_poll_event or taskwire_controller_poll_events
 * that succeeds, whatever else is called meanwhile.
 */
typedef struct taskwire_controller_event {
    /** Bytes of this struct; set by taskwire_controller_event_init. */
    uint32_t struct_size;
    /** One of TASKWIRE_CONTROLLER_EVENT_…. */
    uint32_t kind;
    /** The task. */
    struct taskwire_task_id task;
    /** The node's number at this controller. */
    uint32_t node;
    /** One of TASKWIRE_STATE_…: the state reached. */
    uint32_t state;
    /** One of TASKWIRE_STATE_…: the state left; 0 for a registration. */
    uint32_t from_state;
    /** Which try it is, from 0. */
    uint32_t attempt;
    /** The number of the transition; 1 is the registration. */
    uint32_t number;
    /** One of TASKWIRE_REASON_…, or another; or one of TASKWIRE_REFUSAL_…, as the kind says. */
    uint32_t reason;
    /** One of TASKWIRE_SOURCE_…, or another. */
    uint32_t source;
    /** One of TASKWIRE_EXIT_…. */
    uint32_t exit_kind;
    /** The exit code or the signal. */
    int32_t exit_value;
    /** 1 if the message was cut at its bound. */
    uint32_t message_cut;
    /** The position: the revision. */
    uint64_t position_revision;
    /** The position: the tag. */
    uint64_t position_tag;
    /** The epoch: of the entry, or of the node. */
    uint64_t epoch;
    /** The task's registration: the epoch. */
    uint64_t registered_epoch;
    /** The task's registration: the revision. */
    uint64_t registered_revision;
    /** When it happened, by the agent's wall clock in Unix milliseconds. */
    uint64_t at_ms;
    /** The metadata; NULL if there is none. */
    const uint8_t *metadata;
    /** Bytes of the metadata. */
    size_t metadata_length;
    /** The message, without a NUL; NULL if there is none. */
    const uint8_t *message;
    /** Bytes of the message. */
    size_t message_length;
    /** The result; NULL if there is none. */
    const uint8_t *result;
    /** Bytes of the result. */
    size_t result_length;
    /** 1 if there is a trace context. */
    uint32_t has_trace;
    /** 1 if the host may have seen the entry before; its position tells. */
    uint32_t may_be_repeat;
    /** The trace context. */
    struct taskwire_trace trace;
    /** 1 if the number goes back, or repeats one already seen: two histories of one task. */
    uint32_t out_of_sequence;
    /** 1 if the range of numbers may be inexact. */
    uint32_t may_be_inexact;
    /** The first number of a range, as the kind says. */
    uint32_t first_number;
    /** The last number of a range, as the kind says. */
    uint32_t last_number;
    /** One of TASKWIRE_STATE_…: the final that the view keeps. */
    uint32_t kept_state;
    /** The number of that final. */
    uint32_t kept_number;
    /** One of TASKWIRE_VERDICT_…. */
    uint32_t verdict;
    /** One of TASKWIRE_SYMPTOM_…. */
    uint32_t symptom;
    /** How many tasks are stale now. */
    uint32_t tasks_stale;
    /** Gaps that a repair found. */
    uint32_t gaps;
    /** Unknown outcomes that a repair found. */
    uint32_t outcomes_unknown;
    /** Conflicts that a repair found. */
    uint32_t conflicts;
    /** One of TASKWIRE_LIMIT_…. */
    uint32_t limit;
    /** The largest value of the limit that this controller takes. */
    uint32_t limit_most;
    /** 1 if it is this very term, of another controller or another life of this one. */
    uint32_t term_conflict;
    /** 0. */
    uint32_t reserved;
    /** The term that the agent accepted. */
    uint64_t term;
    /** The agent's base: the revision. */
    uint64_t base_revision;
    /** The agent's base: the tag. */
    uint64_t base_tag;
    /** The agent's tip: the revision. */
    uint64_t tip_revision;
    /** The agent's tip: the tag. */
    uint64_t tip_tag;
    /** The name of a node, ended by a NUL, where the kind says so. */
    char name[72];
} taskwire_controller_event;

/** A node as the controller knows it. It holds no pointers. */
typedef struct taskwire_node {
    /** Bytes of this struct; set by taskwire_node_init. */
    uint32_t struct_size;
    /** The node's number at this controller. It is never given to another node. */
    uint32_t node;
    /** One of TASKWIRE_REACHABILITY_…. */
    uint32_t reachability;
    /** 1 if its cursor has reached the tip that it named when it opened its session. */
    uint32_t synced;
    /** 1 if its tasks are stale: from the end of its lease until it is synced again. */
    uint32_t stale;
    /** 1 if a snapshot of it is being put together. */
    uint32_t staging;
    /** 1 if it was heard, and heard_at_us says when. */
    uint32_t has_heard_at;
    /** Its live tasks. */
    uint32_t tasks;
    /** When a new frame of it was heard last, on the host's clock in microseconds. */
    uint64_t heard_at_us;
    /** Its newest incarnation; 0 before its first session. */
    uint64_t epoch;
    /** The session that is open with it; 0 if none is. */
    uint64_t session;
    /** Everything up to here is known: the revision. */
    uint64_t received_revision;
    /** Everything up to here is known: the tag. */
    uint64_t received_tag;
    /** Everything up to this revision is durable here. */
    uint64_t durable_revision;
    /** Events up to here were polled: the revision. */
    uint64_t polled_revision;
    /** Events up to here were polled: the tag. */
    uint64_t polled_tag;
    /** Its events that wait for taskwire_controller_poll_event. */
    uint64_t events_waiting;
    /** Its name, ended by a NUL. */
    char name[72];
} taskwire_node;

/** A revision of the view of one controller incarnation: all that a watcher has to remember. */
typedef struct taskwire_view_revision {
    /** The controller's incarnation. */
    uint64_t incarnation;
    /** The revision: 0 before the first change, and one more for each. */
    uint64_t revision;
} taskwire_view_revision;

/**
 * One change of the view: what happened then, and what follows for a copy, as the view stands now. Fields that its
 * happening does not speak of are 0. It holds no pointers.
 */
typedef struct taskwire_change {
    /** Bytes of this struct; set by taskwire_change_init. */
    uint32_t struct_size;
    /** One of TASKWIRE_HAPPENING_…: what happened then. */
    uint32_t happening;
    /** One of TASKWIRE_EFFECT_…: what a watcher that keeps a copy does. */
    uint32_t effect;
    /** The node's number at this controller. */
    uint32_t node;
    /** The task. */
    struct taskwire_task_id task;
    /** The revision that the view had with it: a watcher that stops here goes on from it. */
    struct taskwire_view_revision revision;
    /** When, in Unix milliseconds: by the agent's wall clock if a task moved, else by the controller's. */
    uint64_t at_ms;
    /** The revision of the entry in the history of its node. */
    uint64_t entry_revision;
    /** The node's newest incarnation; 0 before its first session. */
    uint64_t epoch;
    /** Which try it is, from 0. */
    uint32_t attempt;
    /** The number of the transition; 1 is the registration. */
    uint32_t number;
    /** One of TASKWIRE_STATE_…: the state left; 0 for a registration. */
    uint32_t from_state;
    /** One of TASKWIRE_STATE_…: the state reached. */
    uint32_t state;
    /** One of TASKWIRE_REASON_…, or another. */
    uint32_t reason;
    /** One of TASKWIRE_SOURCE_…, or another. */
    uint32_t source;
    /** One of TASKWIRE_EXIT_…. */
    uint32_t exit_kind;
    /** The exit code or the signal. */
    int32_t exit_value;
    /** One of TASKWIRE_MARK_…. */
    uint32_t mark;
    /** One of TASKWIRE_REACHABILITY_…. */
    uint32_t reachability;
    /** 1 if the tasks of the node are stale. */
    uint32_t stale;
    /** 1 if the node's cursor has reached the tip that it named when it opened its session. */
    uint32_t synced;
    /** 1 if the node's silence means nothing, as it said or as it was sent away. */
    uint32_t silent;
    /** 1 if there is a trace context. */
    uint32_t has_trace;
    /** The trace context. */
    struct taskwire_trace trace;
} taskwire_change;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the C interface that the library was built with.
 *
 * Parameters: none. Compare with TASKWIRE_ABI_VERSION at start: if they differ, the program runs with a library that
 * it was not built for.
 *
 * Pointers: none.
 *
 * Errors: none.
 *
 * Threads: any.
 *
 * After an error: there is none.
 */
uint32_t taskwire_abi_version(void);

/**
 * The version of the library, for people, such as "0.1.0".
 *
 * Parameters: none.
 *
 * Pointers: the text is static, ended by a NUL, and never NULL.
 *
 * Errors: none.
 *
 * Threads: any.
 *
 * After an error: there is none.
 */
const char *taskwire_version_text(void);

/**
 * What a status means, for people.
 *
 * Parameters: `status`, what any function returned, or any other number.
 *
 * Pointers: the text is static, ended by a NUL, and never NULL.
 *
 * Errors: none; a number that is no status gives a text that says so. For an agent's refusals
 * taskwire_agent_last_error says more: which task, which states, which field of a frame.
 *
 * Threads: any.
 *
 * After an error: there is none.
 */
const char *taskwire_status_text(taskwire_status status);

/**
 * Reads a task id from text: 32 hexadecimal digits of either case, hyphens allowed between bytes.
 *
 * Parameters: `text`, ended by a NUL.
 *
 * Pointers: `text` and `out_id` are the caller's, and are not kept. `out_id` gets the id.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_TASK_ID_TEXT: the
 * text is something else; give another.
 *
 * Threads: any.
 *
 * After an error: the id is all zeros.
 */
taskwire_status taskwire_task_id_from_text(const char *text, struct taskwire_task_id *out_id);

/**
 * Writes a task id as text: 32 lower-case hexadecimal digits with hyphens, and a NUL.
 *
 * Parameters: `capacity`, bytes of `out_text`; at least TASKWIRE_TASK_ID_TEXT_SIZE.
 *
 * Pointers: `id` and `out_text` are the caller's, and are not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_BUFFER_TOO_SMALL:
 * give TASKWIRE_TASK_ID_TEXT_SIZE bytes.
 *
 * Threads: any.
 *
 * After an error: the text is empty, if there is room for a NUL.
 */
taskwire_status taskwire_task_id_to_text(const struct taskwire_task_id *id, char *out_text, size_t capacity);

/**
 * The name of a state, for people.
 *
 * Parameters: `state`, one of TASKWIRE_STATE_…, or any other number.
 *
 * Pointers: the text is static, ended by a NUL, and never NULL.
 *
 * Errors: none; a number that is no state gives "UNKNOWN".
 *
 * Threads: any.
 *
 * After an error: there is none.
 */
const char *taskwire_state_text(uint32_t state);

/**
 * The name of a reason, for people.
 *
 * Parameters: `reason`, one of TASKWIRE_REASON_…, or any other number.
 *
 * Pointers: the text is static, ended by a NUL, and never NULL.
 *
 * Errors: none; a reason that is not taskwire's gives "Other".
 *
 * Threads: any.
 *
 * After an error: there is none.
 */
const char *taskwire_reason_text(uint32_t reason);

/**
 * How fresh the knowledge of a task is, for people.
 *
 * Parameters: `freshness`, one of TASKWIRE_FRESHNESS_…, or any other number.
 *
 * Pointers: the text is static, ended by a NUL, and never NULL.
 *
 * Errors: none; a number that is none of them gives "unknown".
 *
 * Threads: any.
 *
 * After an error: there is none.
 */
const char *taskwire_freshness_text(uint32_t freshness);

/**
 * The name of a node's reachability, for people.
 *
 * Parameters: `reachability`, one of TASKWIRE_REACHABILITY_…, or any other number.
 *
 * Pointers: the text is static, ended by a NUL, and never NULL.
 *
 * Errors: none; a number that is none of them gives "unknown".
 *
 * Threads: any.
 *
 * After an error: there is none.
 */
const char *taskwire_reachability_text(uint32_t reachability);

/**
 * The name of a verdict, for people.
 *
 * Parameters: `verdict`, one of TASKWIRE_VERDICT_…, or any other number.
 *
 * Pointers: the text is static, ended by a NUL, and never NULL.
 *
 * Errors: none; a number that is no verdict gives "unknown".
 *
 * Threads: any.
 *
 * After an error: there is none.
 */
const char *taskwire_verdict_text(uint32_t verdict);

/**
 * Fills a configuration that is `struct_size` bytes large with the defaults. taskwire_agent_config_init calls it.
 *
 * Parameters: `struct_size`, in bytes: the size of the struct as the caller was compiled.
 *
 * Pointers: `out_config` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: no
 * version of the struct has that size; give sizeof.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
taskwire_status taskwire_agent_config_init_sized(struct taskwire_agent_config *out_config, size_t struct_size);

/**
 * Fills a report that is `struct_size` bytes large with the defaults. taskwire_report_init calls it.
 *
 * Parameters: `struct_size`, in bytes: the size of the struct as the caller was compiled.
 *
 * Pointers: `out_report` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: no
 * version of the struct has that size; give sizeof.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
taskwire_status taskwire_report_init_sized(struct taskwire_report *out_report, size_t struct_size);

/**
 * Fills an update that is `struct_size` bytes large with the defaults. taskwire_update_init calls it.
 *
 * Parameters: `struct_size`, in bytes: the size of the struct as the caller was compiled.
 *
 * Pointers: `out_update` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: no
 * version of the struct has that size; give sizeof.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
taskwire_status taskwire_update_init_sized(struct taskwire_update *out_update, size_t struct_size);

/**
 * Fills a task that is `struct_size` bytes large with zeros and its size. taskwire_task_init calls it.
 *
 * Parameters: `struct_size`, in bytes: the size of the struct as the caller was compiled.
 *
 * Pointers: `out_task` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: no
 * version of the struct has that size; give sizeof.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
taskwire_status taskwire_task_init_sized(struct taskwire_task *out_task, size_t struct_size);

/**
 * Fills an event that is `struct_size` bytes large with zeros and its size. taskwire_agent_event_init calls it.
 *
 * Parameters: `struct_size`, in bytes: the size of the struct as the caller was compiled.
 *
 * Pointers: `out_event` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: no
 * version of the struct has that size; give sizeof.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
taskwire_status taskwire_agent_event_init_sized(struct taskwire_agent_event *out_event, size_t struct_size);

/**
 * The name of a kind of event, for people.
 *
 * Parameters: `kind`, one of TASKWIRE_EVENT_…, or any other number.
 *
 * Pointers: the text is static, ended by a NUL, and never NULL.
 *
 * Errors: none; a kind that is not known gives "Other".
 *
 * Threads: any.
 *
 * After an error: there is none.
 */
const char *taskwire_agent_event_text(uint32_t kind);

/**
 * Says whether taskwire_agent_new would take a configuration, and why not in words.
 *
 * Parameters: `capacity`, bytes of `out_text`, 0 or more: the text is cut to it, and always ended by a NUL if there is
 * room for one.
 *
 * Pointers: `config` and what it points at are the caller's, and are not kept. `out_text` is the caller's, and may be
 * NULL if `capacity` is 0. `out_length` may be NULL; it gets the bytes of the whole text without its NUL, so that a
 * length of `capacity` or more says that it was cut. The text is empty if the configuration is good.
 *
 * Errors: TASKWIRE_ERROR_CONFIG_NODE, TASKWIRE_ERROR_CONFIG_RANGE and TASKWIRE_ERROR_CONFIG_FRAME: the text says what
 * was given and what to give. TASKWIRE_ERROR_NULL_POINTER (the node name must be set, too), TASKWIRE_ERROR_MISALIGNED
 * and TASKWIRE_ERROR_ARGUMENT (a capacity that no buffer has): mend the call. TASKWIRE_ERROR_STRUCT_SIZE: fill the
 * struct with taskwire_agent_config_init. TASKWIRE_ERROR_PANICKED: a fault in the library; report it.
 *
 * Threads: any.
 *
 * After an error: the text says why, wherever there is a buffer for it.
 */
taskwire_status taskwire_agent_config_check(const struct taskwire_agent_config *config,
                                            char *out_text,
                                            size_t capacity,
                                            size_t *out_length);

/**
 * Makes an agent.
 *
 * Parameters: `config`, filled by taskwire_agent_config_init, with node, epoch and seed set.
 *
 * Pointers: `config` and what it points at are the caller's, are copied, and may go after the call. `out_agent` gets
 * the agent, which is the caller's until taskwire_agent_free, or NULL.
 *
 * Errors: TASKWIRE_ERROR_CONFIG_NODE, TASKWIRE_ERROR_CONFIG_RANGE and TASKWIRE_ERROR_CONFIG_FRAME:
 * taskwire_agent_config_check says what to give. TASKWIRE_ERROR_NULL_POINTER (the node name must be set, too) and
 * TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: fill the struct with
 * taskwire_agent_config_init. TASKWIRE_ERROR_PANICKED: a fault in the library; report it.
 *
 * Threads: any.
 *
 * After an error: there is no agent.
 */
taskwire_status taskwire_agent_new(const struct taskwire_agent_config *config, struct taskwire_agent **out_agent);

/**
 * Gives an agent back. What is not yet durable is lost; taskwire_agent_is_durable and taskwire_agent_goodbye come
 * before.
 *
 * Parameters: `agent`, or NULL, which does nothing.
 *
 * Pointers: `agent` and every pointer that the library gave out of it are gone after the call.
 *
 * Errors: none. A poisoned agent is given back like any other.
 *
 * Threads: one thread at a time for one agent, and no other call after this one.
 *
 * After an error: there is none.
 */
void taskwire_agent_free(struct taskwire_agent *agent);

/**
 * Says in words why the newest refused call of this agent was refused: which task, which states, which field of a
 * frame. A call that succeeds does not change it; calls that only look keep nothing.
 *
 * Parameters: `capacity`, bytes of `out_text`, 0 or more: the text is cut to it, and always ended by a NUL if there is
 * room for one.
 *
 * Pointers: `out_text` is the caller's, and may be NULL if `capacity` is 0. `out_length` may be NULL; it gets the bytes
 * of the whole text without its NUL, so that a length of `capacity` or more says that it was cut. The text is empty if
 * no call was refused yet.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (a capacity that no buffer
 * has): mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: the text is empty; the agent is as it was.
 */
taskwire_status taskwire_agent_last_error(const struct taskwire_agent *agent,
                                          char *out_text,
                                          size_t capacity,
                                          size_t *out_length);

/**
 * Registers a task: PENDING, attempt 0, transition 1. Room is reserved, so that its end can always be reported.
 *
 * Parameters: `now_us`, the host's clock in microseconds. `id`, any 16 bytes that no task here has. `metadata`, opaque
 * bytes for the controller's host; `metadata_length`, 0 to the configured bound.
 *
 * Pointers: `id` and `metadata` are the caller's, and are copied. `metadata` may be NULL if its length is 0.
 * `out_revision` may be NULL; it gets the revision of the entry.
 *
 * Errors: TASKWIRE_ERROR_FULL: try again when more has become durable. TASKWIRE_ERROR_ALREADY_REGISTERED: use another
 * id, or wait for TASKWIRE_EVENT_TASK_FORGOTTEN. TASKWIRE_ERROR_TOO_LONG: shorten the metadata.
 * TASKWIRE_ERROR_NUMBERS_USED_UP: begin anew under another node name. TASKWIRE_ERROR_NULL_POINTER,
 * TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (a length that no bytes have): mend the call.
 * TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_agent_register(struct taskwire_agent *agent,
                                        uint64_t now_us,
                                        const struct taskwire_task_id *id,
                                        const void *metadata,
                                        size_t metadata_length,
                                        uint64_t *out_revision);

/**
 * Reports that a PENDING task has begun: RUNNING.
 *
 * Parameters: `now_us`, the host's clock in microseconds. `id`, the task.
 *
 * Pointers: `id` is the caller's, and is copied.
 *
 * Errors: TASKWIRE_ERROR_ILLEGAL_TRANSITION: the task is not PENDING; nothing to do. TASKWIRE_ERROR_UNKNOWN_TASK:
 * register it first. TASKWIRE_ERROR_BEING_FORGOTTEN: nothing to do. TASKWIRE_ERROR_NUMBERS_USED_UP: go on with a new
 * task. TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
 * agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_agent_running(struct taskwire_agent *agent,
                                       uint64_t now_us,
                                       const struct taskwire_task_id *id);

/**
 * Reports how far a RUNNING task is. Lossy: only the newest value is sent. A message said before stays.
 *
 * Parameters: `now_us`, the host's clock in microseconds. `id`, the task. `percent`, hundredths of the work that are
 * done, 0 to 100.
 *
 * Pointers: `id` is the caller's, and is copied.
 *
 * Errors: TASKWIRE_ERROR_NOT_RUNNING: the task is not RUNNING; leave it out. TASKWIRE_ERROR_UNKNOWN_TASK: register it
 * first. TASKWIRE_ERROR_ARGUMENT: the percentage is above 100; mend the call. TASKWIRE_ERROR_NULL_POINTER and
 * TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_agent_progress(struct taskwire_agent *agent,
                                        uint64_t now_us,
                                        const struct taskwire_task_id *id,
                                        uint32_t percent);

/**
 * Reports how far a RUNNING task is, and a text for people. Lossy: only the newest of both is sent.
 *
 * Parameters: `now_us`, the host's clock in microseconds. `id`, the task. `percent`, hundredths of the work that are
 * done, 0 to 100, or TASKWIRE_PROGRESS_NONE if the task does not say. `message`, a text; `message_length`, its bytes:
 * beyond the configured bound it is cut.
 *
 * Pointers: `id` and `message` are the caller's, and are copied. `message` may be NULL if its length is 0.
 *
 * Errors: TASKWIRE_ERROR_NOT_RUNNING: the task is not RUNNING; leave it out. TASKWIRE_ERROR_UNKNOWN_TASK: register it
 * first. TASKWIRE_ERROR_TOO_LONG: shorten the message. TASKWIRE_ERROR_ARGUMENT: the percentage is none of those
 * allowed, or the length is one that no bytes have; mend the call. TASKWIRE_ERROR_NULL_POINTER and
 * TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_agent_detail(struct taskwire_agent *agent,
                                      uint64_t now_us,
                                      const struct taskwire_task_id *id,
                                      uint32_t percent,
                                      const void *message,
                                      size_t message_length);

/**
 * Reports that a RUNNING task has ended well: SUCCEEDED, which is final.
 *
 * Parameters: `now_us`, the host's clock in microseconds. `id`, the task. `exit_kind`, one of TASKWIRE_EXIT_…;
 * `exit_value`, the exit code or the signal, any.
 *
 * Pointers: `id` is the caller's, and is copied.
 *
 * Errors: TASKWIRE_ERROR_ILLEGAL_TRANSITION: the task is not RUNNING; nothing to do. TASKWIRE_ERROR_UNKNOWN_TASK:
 * register it first. TASKWIRE_ERROR_BEING_FORGOTTEN: nothing to do. TASKWIRE_ERROR_NUMBERS_USED_UP: go on with a new
 * task. TASKWIRE_ERROR_ARGUMENT (the kind of exit), TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend
 * the call. TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_agent_succeeded(struct taskwire_agent *agent,
                                         uint64_t now_us,
                                         const struct taskwire_task_id *id,
                                         uint32_t exit_kind,
                                         int32_t exit_value);

/**
 * Reports that a task has ended badly, or could not start: FAILED. It may be retried, given up, or forgotten.
 *
 * Parameters: `now_us`, the host's clock in microseconds. `id`, the task. `reason`, one of TASKWIRE_REASON_…, or the
 * host's own from TASKWIRE_REASON_FIRST_OF_HOST to 65,535. `exit_kind`, one of TASKWIRE_EXIT_…; `exit_value`, the exit
 * code or the signal, any.
 *
 * Pointers: `id` is the caller's, and is copied.
 *
 * Errors: TASKWIRE_ERROR_ILLEGAL_TRANSITION: the task is neither PENDING nor RUNNING; nothing to do.
 * TASKWIRE_ERROR_UNKNOWN_TASK: register it first. TASKWIRE_ERROR_BEING_FORGOTTEN: nothing to do.
 * TASKWIRE_ERROR_NUMBERS_USED_UP: go on with a new task. TASKWIRE_ERROR_ARGUMENT (the reason or the kind of exit),
 * TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_agent_failed(struct taskwire_agent *agent,
                                      uint64_t now_us,
                                      const struct taskwire_task_id *id,
                                      uint32_t reason,
                                      uint32_t exit_kind,
                                      int32_t exit_value);

/**
 * Reports that a task was ended because someone wanted it to end, or that a failed one is given up: CANCELLED, which is
 * final.
 *
 * Parameters: `now_us`, the host's clock in microseconds. `id`, the task. `reason`, one of TASKWIRE_REASON_…, or the
 * host's own from TASKWIRE_REASON_FIRST_OF_HOST to 65,535.
 *
 * Pointers: `id` is the caller's, and is copied.
 *
 * Errors: TASKWIRE_ERROR_ILLEGAL_TRANSITION: the task is SUCCEEDED or CANCELLED already; nothing to do.
 * TASKWIRE_ERROR_UNKNOWN_TASK: register it first. TASKWIRE_ERROR_BEING_FORGOTTEN: nothing to do.
 * TASKWIRE_ERROR_NUMBERS_USED_UP: go on with a new task. TASKWIRE_ERROR_ARGUMENT (the reason),
 * TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_agent_cancelled(struct taskwire_agent *agent,
                                         uint64_t now_us,
                                         const struct taskwire_task_id *id,
                                         uint32_t reason);

/**
 * Begins the next attempt of a FAILED task: PENDING, the attempt one larger. Room is reserved for its end.
 *
 * Parameters: `now_us`, the host's clock in microseconds. `id`, the task.
 *
 * Pointers: `id` is the caller's, and is copied.
 *
 * Errors: TASKWIRE_ERROR_FULL: try again when more has become durable. TASKWIRE_ERROR_ILLEGAL_TRANSITION: the task is
 * not FAILED; nothing to do. TASKWIRE_ERROR_UNKNOWN_TASK: register it first. TASKWIRE_ERROR_BEING_FORGOTTEN: nothing
 * to do. TASKWIRE_ERROR_NUMBERS_USED_UP: go on with a new task. TASKWIRE_ERROR_NULL_POINTER and
 * TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_agent_retry(struct taskwire_agent *agent, uint64_t now_us, const struct taskwire_task_id *id);

/**
 * Reports any legal move, with everything that may go with it: reason, source, exit, time, message, result, trace.
 *
 * Parameters: `now_us`, the host's clock in microseconds. `id`, the task. `state`, one of TASKWIRE_STATE_…; PENDING is
 * a retry. `report`, filled by taskwire_report_init, or NULL if there is nothing more to say.
 *
 * Pointers: `id`, `report` and what it points at are the caller's, and are copied. `out_revision` may be NULL; it gets
 * the revision of the entry.
 *
 * Errors: TASKWIRE_ERROR_ILLEGAL_TRANSITION: taskwire_agent_last_error names both states; nothing to do.
 * TASKWIRE_ERROR_UNKNOWN_TASK: register it first. TASKWIRE_ERROR_BEING_FORGOTTEN: nothing to do. TASKWIRE_ERROR_FULL
 * (a retry only): try again when more has become durable. TASKWIRE_ERROR_TOO_LONG: shorten the result.
 * TASKWIRE_ERROR_NUMBERS_USED_UP: go on with a new task. TASKWIRE_ERROR_STRUCT_SIZE: fill the report with
 * taskwire_report_init. TASKWIRE_ERROR_ARGUMENT (a code or length that is none), TASKWIRE_ERROR_NULL_POINTER and
 * TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_agent_transition(struct taskwire_agent *agent,
                                          uint64_t now_us,
                                          const struct taskwire_task_id *id,
                                          uint32_t state,
                                          const struct taskwire_report *report,
                                          uint64_t *out_revision);

/**
 * Says that no attempt of an ended task will follow. It is carried out when its end is durable at the controller, and
 * TASKWIRE_EVENT_TASK_FORGOTTEN comes when its id may be registered anew.
 *
 * Parameters: `now_us`, the host's clock in microseconds. `id`, the task.
 *
 * Pointers: `id` is the caller's, and is copied.
 *
 * Errors: TASKWIRE_ERROR_NOT_ENDED: end it first. TASKWIRE_ERROR_UNKNOWN_TASK: it is not here, or forgotten already;
 * nothing to do. TASKWIRE_ERROR_NUMBERS_USED_UP: begin anew under another node name. TASKWIRE_ERROR_NULL_POINTER and
 * TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_agent_forget(struct taskwire_agent *agent, uint64_t now_us, const struct taskwire_task_id *id);

/**
 * Carries out an array of reports, in order, up to the first that is refused.
 *
 * Parameters: `now_us`, the host's clock in microseconds, the same for all. `updates`, each filled by
 * taskwire_update_init, all with the same struct_size. `count`, how many there are, 0 or more.
 *
 * Pointers: `updates` and what they point at are the caller's, and are copied. `updates` may be NULL if `count` is 0.
 * `out_done` gets how many were carried out: on an error, the update of that index is the one refused, and going on
 * behind it is the caller's choice.
 *
 * Errors: those of the single calls, for the update refused: TASKWIRE_ERROR_FULL, TASKWIRE_ERROR_ALREADY_REGISTERED,
 * TASKWIRE_ERROR_TOO_LONG, TASKWIRE_ERROR_NUMBERS_USED_UP, TASKWIRE_ERROR_ILLEGAL_TRANSITION,
 * TASKWIRE_ERROR_UNKNOWN_TASK, TASKWIRE_ERROR_BEING_FORGOTTEN, TASKWIRE_ERROR_NOT_RUNNING, TASKWIRE_ERROR_NOT_ENDED:
 * do what they say there. TASKWIRE_ERROR_ARGUMENT (a kind, code or length that is none), TASKWIRE_ERROR_STRUCT_SIZE
 * (an element that was not filled by taskwire_update_init), TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED:
 * mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: the updates before the one refused are carried out, it and those behind it are not; `out_done` says
 * how many, and is not zero for that reason.
 */
taskwire_status taskwire_agent_update(struct taskwire_agent *agent,
                                      uint64_t now_us,
                                      const struct taskwire_update *updates,
                                      size_t count,
                                      size_t *out_done);

/**
 * Takes a frame that has come from the controller.
 *
 * Parameters: `now_us`, the host's clock in microseconds. `length`, bytes of the frame, whole as it came: a datagram, or
 * what taskwire_framer_next gave.
 *
 * Pointers: `frame` is the caller's, and is not kept. It may be NULL if its length is 0.
 *
 * Errors: none of the peer's is fatal; each is counted, and taskwire_agent_last_error says which field at which offset.
 * TASKWIRE_ERROR_FRAME_UNDECODABLE, TASKWIRE_ERROR_FRAME_UNKNOWN_SESSION, TASKWIRE_ERROR_FRAME_WRONG_IDENTITY,
 * TASKWIRE_ERROR_FRAME_ILLEGAL, TASKWIRE_ERROR_FRAME_OVER_LIMIT and TASKWIRE_ERROR_OTHER: go on. What networks do
 * (duplicates, late frames, gaps) is no error. TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and
 * TASKWIRE_ERROR_ARGUMENT (a length that no bytes have): mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: nothing was changed but a counter; there may be an answer to send. An acknowledgement of what is not
 * in this agent's history ends the session besides, frees nothing, and another is asked for.
 */
taskwire_status taskwire_agent_receive(struct taskwire_agent *agent,
                                       uint64_t now_us,
                                       const uint8_t *frame,
                                       size_t length);

/**
 * Gives the next frame to send to the controller. Call it until there is none.
 *
 * Parameters: `now_us`, the host's clock in microseconds. `capacity`, bytes of `out_frame`; at least the configured
 * frame size, 1,200 by default.
 *
 * Pointers: `out_frame` is the caller's, and is not kept; only the bytes of the frame are written. `out_length` gets the
 * frame's bytes, 0 if there is nothing to send now.
 *
 * Errors: TASKWIRE_ERROR_BUFFER_TOO_SMALL: give the configured frame size. TASKWIRE_ERROR_NULL_POINTER,
 * TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (a capacity that no buffer has): mend the call.
 * TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: nothing was lost; the frame comes with the next call.
 */
taskwire_status taskwire_agent_poll_transmit(struct taskwire_agent *agent,
                                             uint64_t now_us,
                                             uint8_t *out_frame,
                                             size_t capacity,
                                             size_t *out_length);

/**
 * Gives the next piece of news. Call it until its kind is TASKWIRE_EVENT_NONE.
 *
 * Parameters: `out_event`, filled by taskwire_agent_event_init once; it may be used again and again.
 *
 * Pointers: `out_event` is the caller's, and is not kept. What is written holds no pointers.
 *
 * Errors: TASKWIRE_ERROR_STRUCT_SIZE: fill the event with taskwire_agent_event_init. TASKWIRE_ERROR_NULL_POINTER and
 * TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: no event was taken.
 */
taskwire_status taskwire_agent_poll_event(struct taskwire_agent *agent, struct taskwire_agent_event *out_event);

/**
 * Gives the next pieces of news, by the array.
 *
 * Parameters: `out_events`, the first of which is filled by taskwire_agent_event_init: its struct_size is taken for all.
 * `capacity`, how many there are, 0 or more.
 *
 * Pointers: `out_events` is the caller's, and is not kept; it may be NULL if `capacity` is 0. What is written holds no
 * pointers; those not needed have the kind TASKWIRE_EVENT_NONE. `out_count` gets how many events there are; less than
 * `capacity` says that there is no more news.
 *
 * Errors: TASKWIRE_ERROR_STRUCT_SIZE: fill the first event with taskwire_agent_event_init. TASKWIRE_ERROR_NULL_POINTER,
 * TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (more events than memory has): mend the call.
 * TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: no event was taken.
 */
taskwire_status taskwire_agent_poll_events(struct taskwire_agent *agent,
                                           struct taskwire_agent_event *out_events,
                                           size_t capacity,
                                           size_t *out_count);

/**
 * Says when the agent wants taskwire_agent_handle_timeout to be called.
 *
 * Parameters: `agent`, the agent.
 *
 * Pointers: `out_is_set` gets 1 if there is a deadline and 0 if not; `out_deadline_us` gets it, on the host's clock in
 * microseconds. Both are the caller's, and are not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
 * agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: both outputs are 0; the agent is as it was.
 */
taskwire_status taskwire_agent_next_timeout(const struct taskwire_agent *agent,
                                            uint32_t *out_is_set,
                                            uint64_t *out_deadline_us);

/**
 * Says why the agent wants to be woken, for people.
 *
 * Parameters: `agent`, the agent.
 *
 * Pointers: `out_text` gets a static text that has no NUL at its end, or NULL; `out_length` gets its bytes, 0 if there
 * is no deadline. Both outputs are the caller's, and are not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
 * agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: the text is NULL and its length 0; the agent is as it was.
 */
taskwire_status taskwire_agent_next_timeout_reason(const struct taskwire_agent *agent,
                                                   const char **out_text,
                                                   size_t *out_length);

/**
 * Says how long the host may sleep.
 *
 * Parameters: `now_us`, the host's clock in microseconds. `most_us`, the longest time that is wanted, in microseconds.
 *
 * Pointers: `agent` is looked at, and nothing is kept.
 *
 * Errors: none is returned: the result is in microseconds, from 0 (the deadline is now, or has passed) to `most_us`
 * (there is no deadline before, or the agent is NULL, misaligned or poisoned: the other calls say so).
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: the agent is as it was.
 */
uint64_t taskwire_agent_wait_us(const struct taskwire_agent *agent, uint64_t now_us, uint64_t most_us);

/**
 * Does what is due. Early and repeated calls are harmless, and every deadline that has passed is gone afterwards.
 *
 * Parameters: `now_us`, the host's clock in microseconds.
 *
 * Pointers: `agent` is changed, and nothing is kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
 * agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_agent_handle_timeout(struct taskwire_agent *agent, uint64_t now_us);

/**
 * Leaves in good order without saying when the agent comes back. Drain taskwire_agent_poll_transmit once more; the agent
 * is silent afterwards. taskwire_agent_is_durable comes before, where nothing may be lost.
 *
 * Parameters: `now_us`, the host's clock in microseconds.
 *
 * Pointers: `agent` is changed, and nothing is kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
 * agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_agent_goodbye(struct taskwire_agent *agent,
                                       uint64_t now_us);

/**
 * Leaves in good order and says when the agent means to come back. Otherwise like taskwire_agent_goodbye.
 *
 * Parameters: `now_us`, the host's clock in microseconds. `come_back_after_us`, microseconds from now; 0 does not say.
 *
 * Pointers: `agent` is changed, and nothing is kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
 * agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_agent_goodbye_until(struct taskwire_agent *agent,
                                             uint64_t now_us,
                                             uint64_t come_back_after_us);

/**
 * Goes on after TASKWIRE_EVENT_FENCED, as the epoch after the one seen. Only a host that knows the other incarnation to
 * be gone may do so.
 *
 * Parameters: `now_us`, the host's clock in microseconds. `seen`, the epoch that the event named.
 *
 * Pointers: `out_epoch` may be NULL; it gets the epoch taken, which the host must store as its newest.
 *
 * Errors: TASKWIRE_ERROR_NOT_FENCED: the agent is not fenced, or by another epoch; look at the newest event.
 * TASKWIRE_ERROR_NUMBERS_USED_UP: there is no epoch after it; begin anew under another node name. TASKWIRE_ERROR_OTHER:
 * taskwire_agent_last_error has the words. TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call.
 * TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: nothing was changed; the agent is silent still.
 */
taskwire_status taskwire_agent_supersede(struct taskwire_agent *agent,
                                         uint64_t now_us,
                                         uint64_t seen,
                                         uint64_t *out_epoch);

/**
 * Says what the wall clock shows, when it was set or has drifted from the host's monotonic clock. It decides nothing:
 * entries made from now on carry times by it.
 *
 * Parameters: `now_us`, the host's clock in microseconds. `unix_ms`, the wall clock in Unix milliseconds.
 *
 * Pointers: `agent` is changed, and nothing is kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
 * agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_agent_set_wall_clock(struct taskwire_agent *agent, uint64_t now_us, uint64_t unix_ms);

/**
 * Fills a sync state that is `struct_size` bytes large with zeros and its size. taskwire_sync_state_init calls it.
 *
 * Parameters: `struct_size`, in bytes: the size of the struct as the caller was compiled.
 *
 * Pointers: `out_state` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: no
 * version of the struct has that size; give sizeof.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
taskwire_status taskwire_sync_state_init_sized(struct taskwire_sync_state *out_state, size_t struct_size);

/**
 * Says whether everything that was reported is durable at the controller: the agent may go, and nothing is lost.
 *
 * Parameters: `agent`, the agent.
 *
 * Pointers: `agent` is looked at, and nothing is kept.
 *
 * Errors: the result is 1 for yes, 0 for no, and otherwise a negative taskwire_status, so that a loop which goes on
 * while it is 0 ends when the agent is broken; where a yes lets something be thrown away, compare with 1.
 * TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: the agent is as it was.
 */
int32_t taskwire_agent_is_durable(const struct taskwire_agent *agent);

/**
 * Says what the controller does not know yet, and since when.
 *
 * Parameters: `out_state`, filled by taskwire_sync_state_init once.
 *
 * Pointers: `out_state` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_STRUCT_SIZE: fill it with taskwire_sync_state_init. TASKWIRE_ERROR_NULL_POINTER and
 * TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: the agent is as it was.
 */
taskwire_status taskwire_agent_sync_state(const struct taskwire_agent *agent, struct taskwire_sync_state *out_state);

/**
 * Says whether the controller believes in this agent, as far as the agent can know. Its belief ends before the
 * controller's does.
 *
 * Parameters: `now_us`, the host's clock in microseconds.
 *
 * Pointers: `out_lease` gets one of TASKWIRE_LEASE_…. `out_until_us` may be NULL; it gets the end of a lease that is
 * held, on the host's clock in microseconds, and otherwise 0. Both are the caller's, and are not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
 * agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: the lease is TASKWIRE_LEASE_UNKNOWN; the agent is as it was.
 */
taskwire_status taskwire_agent_lease(const struct taskwire_agent *agent,
                                     uint64_t now_us,
                                     uint32_t *out_lease,
                                     uint64_t *out_until_us);

/**
 * Says how far the agent is with its session.
 *
 * Parameters: `agent`, the agent.
 *
 * Pointers: `out_session` gets one of TASKWIRE_SESSION_GREETING, TASKWIRE_SESSION_OPENING, TASKWIRE_SESSION_OPEN,
 * TASKWIRE_SESSION_FENCED and TASKWIRE_SESSION_LEFT. It is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
 * agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: the output is 0, which is none of them; the agent is as it was.
 */
taskwire_status taskwire_agent_session(const struct taskwire_agent *agent, uint32_t *out_session);

/**
 * Says in which epoch the agent is: that of its configuration, or the one that taskwire_agent_supersede took.
 *
 * Parameters: `agent`, the agent.
 *
 * Pointers: `out_epoch` gets the epoch. It is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
 * agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: the output is 0, which is no epoch; the agent is as it was.
 */
taskwire_status taskwire_agent_epoch(const struct taskwire_agent *agent, uint64_t *out_epoch);

/**
 * Looks a task up.
 *
 * Parameters: `id`, the task. `out_task`, filled by taskwire_task_init once.
 *
 * Pointers: `id` and `out_task` are the caller's, and are not kept. The pointers written into `out_task` are the
 * agent's, and hold until the next call that changes it.
 *
 * Errors: TASKWIRE_ERROR_UNKNOWN_TASK: it is not registered here, or is forgotten. TASKWIRE_ERROR_STRUCT_SIZE: fill
 * `out_task` with taskwire_task_init. TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call.
 * TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: the agent is as it was.
 */
taskwire_status taskwire_agent_task(const struct taskwire_agent *agent,
                                    const struct taskwire_task_id *id,
                                    struct taskwire_task *out_task);

/**
 * Goes through the tasks, by the array, in the order of their slots.
 *
 * Parameters: `first_slot`, 0 at first, then what `out_next_slot` said. `out_tasks`, the first of which is filled by
 * taskwire_task_init: its struct_size is taken for all. `capacity`, how many there are, 0 or more.
 *
 * Pointers: `out_tasks` is the caller's, and is not kept; it may be NULL if `capacity` is 0. The pointers written into
 * it are the agent's, and hold until the next call that changes it. `out_count` gets how many tasks were written; 0, for
 * a capacity above 0, says that there are no more. `out_next_slot` gets where to go on.
 *
 * Errors: TASKWIRE_ERROR_STRUCT_SIZE: fill the first task with taskwire_task_init. TASKWIRE_ERROR_NULL_POINTER,
 * TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (more tasks than memory has): mend the call.
 * TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent. Tasks that are registered or forgotten between two calls may be missed or
 * met; none is met twice.
 *
 * After an error: the agent is as it was.
 */
taskwire_status taskwire_agent_tasks(const struct taskwire_agent *agent,
                                     uint32_t first_slot,
                                     struct taskwire_task *out_tasks,
                                     size_t capacity,
                                     size_t *out_count,
                                     uint32_t *out_next_slot);

/**
 * Says in advance that this agent will be silent: until then its silence means nothing to the controller, and its lease
 * begins only afterwards. It holds once TASKWIRE_EVENT_SLEEP_CONFIRMED has come: sleep after that. A new session knows
 * nothing of it.
 *
 * Parameters: `now_us`, the host's clock in microseconds. `sleep_us`, microseconds from now, at most 30 days; a shorter
 * time, or 0, takes back what was said before.
 *
 * Pointers: `agent` is changed, and nothing is kept.
 *
 * Errors: TASKWIRE_ERROR_NO_SESSION: wait for TASKWIRE_EVENT_SESSION_OPENED. TASKWIRE_ERROR_ARGUMENT (more than 30 days),
 * TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_agent_sleep_for(struct taskwire_agent *agent,
                                         uint64_t now_us,
                                         uint64_t sleep_us);

/**
 * Gives a frame, ready-made, for a carrier with a last will, as MQTT has it: when the carrier sends it because this
 * agent's link is gone, the controller takes the node for suspect at once. It stands for the session that is open now:
 * make it anew after each TASKWIRE_EVENT_SESSION_OPENED.
 *
 * Parameters: `capacity`, bytes of `out_frame`, at least 48.
 *
 * Pointers: `out_frame` is the caller's, and is not kept. `out_length` gets the frame's bytes, 0 if no session is open.
 *
 * Errors: TASKWIRE_ERROR_BUFFER_TOO_SMALL: give 48 bytes. TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and
 * TASKWIRE_ERROR_ARGUMENT (a capacity that no buffer has): mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: the length is 0; the agent is as it was.
 */
taskwire_status taskwire_agent_last_will(const struct taskwire_agent *agent,
                                         uint8_t *out_frame,
                                         size_t capacity,
                                         size_t *out_length);

/**
 * Gives the next record to store. Call it until there is none: append the records to a file, or put them into a store
 * under their keys, in order. When they are safe (after an fsync), say so by taskwire_agent_journal_confirmed; until then
 * no frame tells of what they say. A volatile agent has none.
 *
 * Parameters: `capacity`, bytes of `out_record`, at least the configured frame and TASKWIRE_JOURNAL_OVERHEAD.
 *
 * Pointers: `out_record` is the caller's, and is not kept. `out_length` gets the bytes of the record, 0 if there is
 * none. `out_key` gets its key, one more than that of the record before: in a store with keys its eight bytes, the
 * greatest first, keep the records in order. `out_begins_checkpoint` gets 1 if a checkpoint begins with it, a good place
 * to begin another file, and 0 if not; it may be NULL.
 *
 * Errors: TASKWIRE_ERROR_BUFFER_TOO_SMALL: give a larger one. TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and
 * TASKWIRE_ERROR_ARGUMENT (a capacity that no buffer has): mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: nothing was lost; the record comes with the next call.
 */
taskwire_status taskwire_agent_poll_journal(struct taskwire_agent *agent,
                                            uint8_t *out_record,
                                            size_t capacity,
                                            size_t *out_length,
                                            uint64_t *out_key,
                                            uint32_t *out_begins_checkpoint);

/**
 * Says that every record up to a key is stored for good: what they say may be told.
 *
 * Parameters: `now_us`, the host's clock in microseconds. `key`, that of the newest record stored; an older one than was
 * said before changes nothing.
 *
 * Pointers: `agent` is changed, and nothing is kept.
 *
 * Errors: TASKWIRE_ERROR_NOT_WRITTEN: that record was never given out; confirm what was. TASKWIRE_ERROR_VOLATILE: the
 * agent keeps no journal; leave the call out. TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call.
 * TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_agent_journal_confirmed(struct taskwire_agent *agent,
                                                 uint64_t now_us,
                                                 uint64_t key);

/**
 * Says which records are still needed: those below the key may go, as a later checkpoint is confirmed whole.
 *
 * Parameters: `agent`, the agent.
 *
 * Pointers: `out_key` gets the first key that a restore still needs, 0 while that is all. It is the caller's, and is not
 * kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
 * agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: the key is 0; the agent is as it was.
 */
taskwire_status taskwire_agent_journal_needed_from(const struct taskwire_agent *agent,
                                                   uint64_t *out_key);

/**
 * Fills what was restored, `struct_size` bytes large, with zeros and its size. taskwire_restored_init calls it.
 *
 * Parameters: `struct_size`, in bytes: the size of the struct as the caller was compiled.
 *
 * Pointers: `out_restored` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: no
 * version of the struct has that size; give sizeof.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
taskwire_status taskwire_restored_init_sized(struct taskwire_restored *out_restored, size_t struct_size);

/**
 * Begins to restore an agent, with no record yet.
 *
 * Parameters: `config`, as for taskwire_agent_new; its epoch must be above the one in which the journal was written, its
 * node the same. The limits may be others, as long as what is stored has room.
 *
 * Pointers: `config` and what it points at are the caller's, are copied, and may go after the call. `out_builder` gets
 * the builder, which is the caller's until taskwire_agent_builder_free, or NULL.
 *
 * Errors: TASKWIRE_ERROR_CONFIG_NODE, TASKWIRE_ERROR_CONFIG_RANGE and TASKWIRE_ERROR_CONFIG_FRAME:
 * taskwire_agent_config_check says what to give. TASKWIRE_ERROR_NULL_POINTER (the node name must be set, too),
 * TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (a durability that is none): mend the call.
 * TASKWIRE_ERROR_STRUCT_SIZE: fill the struct with taskwire_agent_config_init. TASKWIRE_ERROR_PANICKED: a fault in the
 * library; report it.
 *
 * Threads: any.
 *
 * After an error: there is no builder.
 */
taskwire_status taskwire_agent_builder_new(const struct taskwire_agent_config *config,
                                           struct taskwire_agent_builder **out_builder);

/**
 * Takes the next bytes of the journal: records as taskwire_agent_poll_journal gave them, in the order of their keys.
 * Chunks may end anywhere.
 *
 * Parameters: `length`, bytes of the chunk.
 *
 * Pointers: `builder` is changed. `chunk` is the caller's, and is not kept; it may be NULL if its length is 0.
 *
 * Errors: TASKWIRE_ERROR_JOURNAL_CORRUPT, TASKWIRE_ERROR_JOURNAL_NO_CHECKPOINT, TASKWIRE_ERROR_JOURNAL_FORMAT and
 * TASKWIRE_ERROR_JOURNAL_UNREADABLE: see to the store; taskwire_agent_builder_failed_at says where.
 * TASKWIRE_ERROR_JOURNAL_OTHER_NODE, TASKWIRE_ERROR_JOURNAL_EPOCH and TASKWIRE_ERROR_JOURNAL_BEYOND_LIMITS: begin again
 * with another configuration. TASKWIRE_ERROR_BUILDER_SPENT: free it and make another. TASKWIRE_ERROR_OTHER:
 * taskwire_agent_builder_last_error has the words. TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and
 * TASKWIRE_ERROR_ARGUMENT (a length that no bytes have): mend the call. TASKWIRE_ERROR_PANICKED: free the builder.
 *
 * Threads: one thread at a time for one builder.
 *
 * After an error: a journal that was refused is refused for the same reason by every later call; a call that is to be
 * mended has changed nothing.
 */
taskwire_status taskwire_agent_builder_replay(struct taskwire_agent_builder *builder,
                                              const uint8_t *chunk,
                                              size_t length);

/**
 * Says that all was given, and makes the agent, with every entry that was not yet durable. No records give an agent that
 * knows no task. Where a torn tail was found, cut the file there, or begin another: the agent's own journal begins with a
 * checkpoint.
 *
 * Parameters: `out_restored`, filled by taskwire_restored_init, or NULL.
 *
 * Pointers: `builder` is changed: it is spent, and only to be freed. `out_agent` gets the agent, which is the caller's
 * until taskwire_agent_free, or NULL. `out_restored` is the caller's, and gets what was found; what it points at is the
 * builder's, and holds until taskwire_agent_builder_free.
 *
 * Errors: as for taskwire_agent_builder_replay. TASKWIRE_ERROR_JOURNAL_CORRUPT, TASKWIRE_ERROR_JOURNAL_NO_CHECKPOINT,
 * TASKWIRE_ERROR_JOURNAL_FORMAT and TASKWIRE_ERROR_JOURNAL_UNREADABLE: see to the store.
 * TASKWIRE_ERROR_JOURNAL_OTHER_NODE, TASKWIRE_ERROR_JOURNAL_EPOCH and TASKWIRE_ERROR_JOURNAL_BEYOND_LIMITS: begin again
 * with another configuration. TASKWIRE_ERROR_BUILDER_SPENT: free it and make another. TASKWIRE_ERROR_OTHER:
 * taskwire_agent_builder_last_error has the words. TASKWIRE_ERROR_STRUCT_SIZE, TASKWIRE_ERROR_NULL_POINTER and
 * TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the builder.
 *
 * Threads: one thread at a time for one builder.
 *
 * After an error: there is no agent, and nothing is half restored.
 */
taskwire_status taskwire_agent_builder_start(struct taskwire_agent_builder *builder,
                                             struct taskwire_agent **out_agent,
                                             struct taskwire_restored *out_restored);

/**
 * Says where in the journal the record is for which it was refused.
 *
 * Parameters: `builder`, the builder.
 *
 * Pointers: `out_is_set` gets 1 if the journal was refused for one record, and 0 if not. `out_offset` gets the byte at
 * which that record begins or should begin, counted over all that was given. All are the caller's, and are not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
 * builder.
 *
 * Threads: one thread at a time for one builder.
 *
 * After an error: both outputs are 0; the builder is as it was.
 */
taskwire_status taskwire_agent_builder_failed_at(const struct taskwire_agent_builder *builder,
                                                 uint32_t *out_is_set,
                                                 uint64_t *out_offset);

/**
 * Says in words why the newest refused call of this builder was refused.
 *
 * Parameters: `capacity`, bytes of `out_text`, 0 or more: the text is cut to it, and always ended by a NUL if there is
 * room for one.
 *
 * Pointers: `builder` is looked at. `out_text` is the caller's, and may be NULL if `capacity` is 0. `out_length` may be
 * NULL; it gets the bytes of the whole text without its NUL, so that a length of `capacity` or more says that it was cut.
 * The text is empty if no call was refused yet.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (a capacity that no buffer
 * has): mend the call. TASKWIRE_ERROR_PANICKED: free the builder.
 *
 * Threads: one thread at a time for one builder.
 *
 * After an error: the text is empty; the builder is as it was.
 */
taskwire_status taskwire_agent_builder_last_error(const struct taskwire_agent_builder *builder,
                                                  char *out_text,
                                                  size_t capacity,
                                                  size_t *out_length);

/**
 * Gives a builder back. The agent that it made lives on.
 *
 * Parameters: `builder`, or NULL, which does nothing.
 *
 * Pointers: `builder` and every pointer that the library gave out of it are gone after the call.
 *
 * Errors: none. A poisoned builder is given back like any other.
 *
 * Threads: one thread at a time for one builder, and no other call after this one.
 *
 * After an error: there is none.
 */
void taskwire_agent_builder_free(struct taskwire_agent_builder *builder);

/**
 * Fills a configuration that is `struct_size` bytes large with the defaults. taskwire_controller_config_init calls it.
 *
 * Parameters: `struct_size`, in bytes: the size of the struct as the caller was compiled.
 *
 * Pointers: `out_config` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: no
 * version of the struct has that size; give sizeof.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
taskwire_status taskwire_controller_config_init_sized(struct taskwire_controller_config *out_config,
                                                      size_t struct_size);

/**
 * Fills an event that is `struct_size` bytes large with zeros and its size. taskwire_controller_event_init calls it.
 *
 * Parameters: `struct_size`, in bytes: the size of the struct as the caller was compiled.
 *
 * Pointers: `out_event` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: no
 * version of the struct has that size; give sizeof.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
taskwire_status taskwire_controller_event_init_sized(struct taskwire_controller_event *out_event, size_t struct_size);

/**
 * The name of a kind of event of a controller, for people.
 *
 * Parameters: `kind`, one of TASKWIRE_CONTROLLER_EVENT_…, or any other number.
 *
 * Pointers: the text is static, ended by a NUL, and never NULL.
 *
 * Errors: none; a kind that is not known gives "Other".
 *
 * Threads: any.
 *
 * After an error: there is none.
 */
const char *taskwire_controller_event_text(uint32_t kind);

/**
 * Says whether taskwire_controller_new would take a configuration, and why not in words.
 *
 * Parameters: `capacity`, bytes of `out_text`, 0 or more: the text is cut to it, and always ended by a NUL if there is
 * room for one.
 *
 * Pointers: `config` and what it points at are the caller's, and are not kept. `out_text` is the caller's, and may be
 * NULL if `capacity` is 0. `out_length` may be NULL; it gets the bytes of the whole text without its NUL, so that a
 * length of `capacity` or more says that it was cut. The text is empty if the configuration is good.
 *
 * Errors: TASKWIRE_ERROR_CONFIG_NODE (the name) and TASKWIRE_ERROR_CONFIG_RANGE: the text says what was given and what
 * to give. TASKWIRE_ERROR_NULL_POINTER (the name must be set, too), TASKWIRE_ERROR_MISALIGNED and
 * TASKWIRE_ERROR_ARGUMENT (a policy that is none, or a capacity that no buffer has): mend the call.
 * TASKWIRE_ERROR_STRUCT_SIZE: fill the struct with taskwire_controller_config_init. TASKWIRE_ERROR_PANICKED: a fault
 * in the library; report it.
 *
 * Threads: any.
 *
 * After an error: the text says why, wherever there is a buffer for it.
 */
taskwire_status taskwire_controller_config_check(const struct taskwire_controller_config *config,
                                                 char *out_text,
                                                 size_t capacity,
                                                 size_t *out_length);

/**
 * Makes a controller that knows no node.
 *
 * Parameters: `config`, filled by taskwire_controller_config_init, with name, term and seed set.
 *
 * Pointers: `config` and what it points at are the caller's, are copied, and may go after the call. `out_controller`
 * gets the controller, which is the caller's until taskwire_controller_free, or NULL.
 *
 * Errors: TASKWIRE_ERROR_CONFIG_NODE (the name) and TASKWIRE_ERROR_CONFIG_RANGE: taskwire_controller_config_check says
 * what to give. TASKWIRE_ERROR_NULL_POINTER (the name must be set, too), TASKWIRE_ERROR_MISALIGNED and
 * TASKWIRE_ERROR_ARGUMENT (a policy that is none): mend the call. TASKWIRE_ERROR_STRUCT_SIZE: fill the struct with
 * taskwire_controller_config_init. TASKWIRE_ERROR_PANICKED: a fault in the library; report it.
 *
 * Threads: any.
 *
 * After an error: there is no controller.
 */
taskwire_status taskwire_controller_new(const struct taskwire_controller_config *config,
                                        struct taskwire_controller **out_controller);

/**
 * Gives a controller back. What it knew is gone: agents tell it anew to the one that comes after it.
 *
 * Parameters: `controller`, or NULL, which does nothing.
 *
 * Pointers: `controller` and every pointer that the library gave out of it are gone after the call.
 *
 * Errors: none. A poisoned controller is given back like any other.
 *
 * Threads: one thread at a time for one controller, and no other call after this one.
 *
 * After an error: there is none.
 */
void taskwire_controller_free(struct taskwire_controller *controller);

/**
 * Says in words why the newest refused call of this controller was refused: which node, which task, which field of a
 * frame. A call that succeeds does not change it; calls that only look keep nothing.
 *
 * Parameters: `capacity`, bytes of `out_text`, 0 or more: the text is cut to it, and always ended by a NUL if there is
 * room for one.
 *
 * Pointers: `out_text` is the caller's, and may be NULL if `capacity` is 0. `out_length` may be NULL; it gets the bytes
 * of the whole text without its NUL, so that a length of `capacity` or more says that it was cut. The text is empty if
 * no call was refused yet.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (a capacity that no buffer
 * has): mend the call. TASKWIRE_ERROR_PANICKED: free the controller.
 *
 * Threads: one thread at a time for one controller.
 *
 * After an error: the text is empty; the controller is as it was.
 */
taskwire_status taskwire_controller_last_error(const struct taskwire_controller *controller,
                                               char *out_text,
                                               size_t capacity,
                                               size_t *out_length);

/**
 * Fills a configuration that is `struct_size` bytes large with the defaults. taskwire_agent_config_init calls it.
 *
 * Parameters: `struct_size`, in bytes: the size of the struct as the caller was compiled.
 *
 * Pointers: `out_config` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: no
 * version of the struct has that size; give sizeof.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
taskwire_status taskwire_agent_config_init_sized(struct taskwire_agent_config *out_config, size_t struct_size);

/**
 * Fills an event that is `struct_size` bytes large with zeros and its size. taskwire_agent_event_init calls it.
 *
 * Parameters: `struct_size`, in bytes: the size of the struct as the caller was compiled.
 *
 * Pointers: `out_event` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: no
 * version of the struct has that size; give sizeof.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
taskwire_status taskwire_agent_event_init_sized(struct taskwire_agent_event *out_event, size_t struct_size);

/**
 * The name of a kind of event, for people.
 *
 * Parameters: `kind`, one of TASKWIRE_EVENT_…, or any other number.
 *
 * Pointers: the text is static, ended by a NUL, and never NULL.
 *
 * Errors: none; a kind that is not known gives "Other".
 *
 * Threads: any.
 *
 * After an error: there is none.
 */
const char *taskwire_agent_event_text(uint32_t kind);

/**
 * Takes a frame that has come from an agent.
 *
 * Parameters: `now_us`, the host's clock in microseconds. `peer`, the host's own number for the connection or address
 * that it came from, any: answers go there. `length`, bytes of the frame, whole as it came: a datagram, or what
 * taskwire_framer_next gave.
 *
 * Pointers: `frame` is the caller's, and is not kept. It may be NULL if its length is 0.
 *
 * Errors: none of the peer's is fatal; each is counted, other nodes go on, and taskwire_controller_last_error says which
 * field at which offset. TASKWIRE_ERROR_FRAME_UNDECODABLE, TASKWIRE_ERROR_FRAME_UNKNOWN_SESSION,
 * TASKWIRE_ERROR_FRAME_WRONG_IDENTITY, TASKWIRE_ERROR_FRAME_ILLEGAL, TASKWIRE_ERROR_FRAME_OVER_LIMIT and
 * TASKWIRE_ERROR_OTHER: go on. What networks do (duplicates, late frames, gaps) is no error.
 * TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (a length that no bytes have):
 * mend the call. TASKWIRE_ERROR_PANICKED: free the controller.
 *
 * Threads: one thread at a time for one controller.
 *
 * After an error: no record was changed; the frame was counted, and there may be an answer or a question to send.
 */
taskwire_status taskwire_controller_receive(struct taskwire_controller *controller,
                                            uint64_t now_us,
                                            uint64_t peer,
                                            const uint8_t *frame,
                                            size_t length);

/**
 * Gives the next frame to send, and says to which peer. Call it until there is none. Nodes take turns.
 *
 * Parameters: `now_us`, the host's clock in microseconds. `capacity`, bytes of `out_frame`; at least 512, and better as
 * many as the path carries, 1,200 or more.
 *
 * Pointers: `out_frame` is the caller's, and is not kept; only the bytes of the frame are written. `out_peer` gets the
 * peer to send it to, and `out_length` the frame's bytes, 0 if there is nothing to send now.
 *
 * Errors: TASKWIRE_ERROR_BUFFER_TOO_SMALL: give at least 512 bytes. TASKWIRE_ERROR_NULL_POINTER,
 * TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (a capacity that no buffer has): mend the call.
 * TASKWIRE_ERROR_PANICKED: free the controller.
 *
 * Threads: one thread at a time for one controller.
 *
 * After an error: nothing was lost; the frame comes with the next call.
 */
taskwire_status taskwire_controller_poll_transmit(struct taskwire_controller *controller,
                                                  uint64_t now_us,
                                                  uint8_t *out_frame,
                                                  size_t capacity,
                                                  uint64_t *out_peer,
                                                  size_t *out_length);

/**
 * Gives the next piece of news. Call it until its kind is TASKWIRE_CONTROLLER_EVENT_NONE. Nodes take turns; the events
 * of one node keep their order.
 *
 * Parameters: `out_event`, filled by taskwire_controller_event_init once; it may be used again and again.
 *
 * Pointers: `out_event` is the caller's, and is not kept. The pointers written into it are the controller's, and hold
 * until the next call of this function or of taskwire_controller_poll_events that succeeds.
 *
 * Errors: TASKWIRE_ERROR_STRUCT_SIZE: fill the event with taskwire_controller_event_init. TASKWIRE_ERROR_NULL_POINTER
 * and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the controller.
 *
 * Threads: one thread at a time for one controller.
 *
 * After an error: no event was taken, and what the last ones point at holds still.
 */
taskwire_status taskwire_controller_poll_event(struct taskwire_controller *controller,
                                               struct taskwire_controller_event *out_event);

/**
 * Gives the next pieces of news, by the array.
 *
 * Parameters: `out_events`, the first of which is filled by taskwire_controller_event_init: its struct_size is taken for
 * all. `capacity`, how many there are, 0 or more.
 *
 * Pointers: `out_events` is the caller's, and is not kept; it may be NULL if `capacity` is 0. Those not needed have the
 * kind TASKWIRE_CONTROLLER_EVENT_NONE. The pointers written into them are the controller's, and hold until the next call
 * of this function or of taskwire_controller_poll_event that succeeds. `out_count` gets how many events there are; less
 * than `capacity` says that there is no more news.
 *
 * Errors: TASKWIRE_ERROR_STRUCT_SIZE: fill the first event with taskwire_controller_event_init.
 * TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (more events than memory has):
 * mend the call. TASKWIRE_ERROR_PANICKED: free the controller.
 *
 * Threads: one thread at a time for one controller.
 *
 * After an error: no event was taken, and what the last ones point at holds still.
 */
taskwire_status taskwire_controller_poll_events(struct taskwire_controller *controller,
                                                struct taskwire_controller_event *out_events,
                                                size_t capacity,
                                                size_t *out_count);

/**
 * Says when the controller wants taskwire_controller_handle_timeout to be called.
 *
 * Parameters: `controller`, the controller.
 *
 * Pointers: `out_is_set` gets 1 if there is a deadline and 0 if not; `out_deadline_us` gets it, on the host's clock in
 * microseconds. Both are the caller's, and are not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
 * controller.
 *
 * Threads: one thread at a time for one controller.
 *
 * After an error: both outputs are 0; the controller is as it was.
 */
taskwire_status taskwire_controller_next_timeout(const struct taskwire_controller *controller,
                                                 uint32_t *out_is_set,
                                                 uint64_t *out_deadline_us);

/**
 * Says why the controller wants to be woken, for people.
 *
 * Parameters: `controller`, the controller.
 *
 * Pointers: `out_text` gets a static text that has no NUL at its end, or NULL; `out_length` gets its bytes, 0 if there
 * is no deadline. Both outputs are the caller's, and are not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
 * controller.
 *
 * Threads: one thread at a time for one controller.
 *
 * After an error: the text is NULL and its length 0; the controller is as it was.
 */
taskwire_status taskwire_controller_next_timeout_reason(const struct taskwire_controller *controller,
                                                        const char **out_text,
                                                        size_t *out_length);

/**
 * Says how long the host may sleep.
 *
 * Parameters: `now_us`, the host's clock in microseconds. `most_us`, the longest time that is wanted, in microseconds.
 *
 * Pointers: `controller` is looked at, and nothing is kept.
 *
 * Errors: none is returned: the result is in microseconds, from 0 (the deadline is now, or has passed) to `most_us`
 * (there is no deadline before, or the controller is NULL, misaligned or poisoned: the other calls say so).
 *
 * Threads: one thread at a time for one controller.
 *
 * After an error: the controller is as it was.
 */
uint64_t taskwire_controller_wait_us(const struct taskwire_controller *controller, uint64_t now_us, uint64_t most_us);

/**
 * Does what is due. Early and repeated calls are harmless, and every deadline that has passed is gone afterwards.
 *
 * Parameters: `now_us`, the host's clock in microseconds.
 *
 * Pointers: `controller` is changed, and nothing is kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
 * controller.
 *
 * Threads: one thread at a time for one controller.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_controller_handle_timeout(struct taskwire_controller *controller, uint64_t now_us);

/**
 * Says that the host has stored everything of a node up to a position: its agent lets go of it then. It must survive in
 * whatever takes this controller's place.
 *
 * Parameters: `node`, `revision` and `tag`: node, position_revision and position_tag of
 * TASKWIRE_CONTROLLER_EVENT_COMMIT_DUE, or the position of any event of the node that was polled.
 *
 * Pointers: `controller` is changed, and nothing is kept.
 *
 * Errors: TASKWIRE_ERROR_NOT_ON_HISTORY: the history has changed since; nothing to do, another commit will be due.
 * TASKWIRE_ERROR_NOT_POLLED: poll and store the events before. TASKWIRE_ERROR_UNKNOWN_NODE: it was forgotten; nothing to
 * do. TASKWIRE_ERROR_OTHER: taskwire_controller_last_error has the words. TASKWIRE_ERROR_NULL_POINTER and
 * TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the controller.
 *
 * Threads: one thread at a time for one controller.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_controller_commit(struct taskwire_controller *controller,
                                           uint32_t node,
                                           uint64_t revision,
                                           uint64_t tag);

/**
 * Binds a peer to the node that the host has authenticated there: a greeting for another is refused from then on.
 *
 * Parameters: `peer`, the host's own number for the connection, any. `name`, the node's: 1 to 64 bytes of UTF-8, ended
 * by a NUL.
 *
 * Pointers: `name` is the caller's, and is copied.
 *
 * Errors: TASKWIRE_ERROR_CONFIG_NODE: no node has such a name; refuse the connection. TASKWIRE_ERROR_NULL_POINTER and
 * TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the controller.
 *
 * Threads: one thread at a time for one controller.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_controller_bind_peer(struct taskwire_controller *controller, uint64_t peer, const char *name);

/**
 * Takes the binding of a peer back, when its connection has ended. A peer that is not bound is no error.
 *
 * Parameters: `peer`, the host's own number for the connection.
 *
 * Pointers: `controller` is changed, and nothing is kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
 * controller.
 *
 * Threads: one thread at a time for one controller.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_controller_unbind_peer(struct taskwire_controller *controller, uint64_t peer);

/**
 * Gives an unfinished task up: TASKWIRE_MARK_GIVEN_UP beside what was reported, never over it. What its agent reports
 * later is kept too, and TASKWIRE_CONTROLLER_EVENT_LATE_TRUTH tells.
 *
 * Parameters: `node`, the node's number. `id`, the task.
 *
 * Pointers: `id` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_UNKNOWN_NODE and TASKWIRE_ERROR_UNKNOWN_TASK: there is no such live task.
 * TASKWIRE_ERROR_ALREADY_ENDED: there is nothing to give up. TASKWIRE_ERROR_OTHER: taskwire_controller_last_error has
 * the words. TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free
 * the controller.
 *
 * Threads: one thread at a time for one controller.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_controller_give_up(struct taskwire_controller *controller,
                                            uint32_t node,
                                            const struct taskwire_task_id *id);

/**
 * Forgets a node whole, with its tasks: the end of a node that was taken away, and the way out where an epoch of it is
 * too large to be followed. Should it greet again it is a new node, with another number.
 *
 * Parameters: `node`, the node's number.
 *
 * Pointers: `controller` is changed, and nothing is kept. What its tasks pointed at is gone.
 *
 * Errors: TASKWIRE_ERROR_UNKNOWN_NODE: nothing to do. TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend
 * the call. TASKWIRE_ERROR_PANICKED: free the controller.
 *
 * Threads: one thread at a time for one controller.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_controller_forget_node(struct taskwire_controller *controller, uint32_t node);

/**
 * Fills a node that is `struct_size` bytes large with zeros and its size. taskwire_node_init calls it.
 *
 * Parameters: `struct_size`, in bytes: the size of the struct as the caller was compiled.
 *
 * Pointers: `out_node` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: no
 * version of the struct has that size; give sizeof.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
taskwire_status taskwire_node_init_sized(struct taskwire_node *out_node, size_t struct_size);

/**
 * Looks the number of a node up by its name.
 *
 * Parameters: `name`, ended by a NUL.
 *
 * Pointers: `name` is the caller's, and is not kept. `out_node` gets the node's number. It is the caller's, and is not
 * kept.
 *
 * Errors: TASKWIRE_ERROR_UNKNOWN_NODE: no node of this name is known, or no node can have it.
 * TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
 * controller.
 *
 * Threads: one thread at a time for one controller.
 *
 * After an error: the number is 0, which is that of a node: look at the status first. The controller is as it was.
 */
taskwire_status taskwire_controller_node_named(const struct taskwire_controller *controller,
                                               const char *name,
                                               uint32_t *out_node);

/**
 * Looks a node up.
 *
 * Parameters: `node`, its number. `out_node`, filled by taskwire_node_init once.
 *
 * Pointers: `out_node` is the caller's, and is not kept. What is written holds no pointers.
 *
 * Errors: TASKWIRE_ERROR_UNKNOWN_NODE: no node has the number, or it was forgotten. TASKWIRE_ERROR_STRUCT_SIZE: fill
 * `out_node` with taskwire_node_init. TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call.
 * TASKWIRE_ERROR_PANICKED: free the controller.
 *
 * Threads: one thread at a time for one controller.
 *
 * After an error: the controller is as it was.
 */
taskwire_status taskwire_controller_node(const struct taskwire_controller *controller,
                                         uint32_t node,
                                         struct taskwire_node *out_node);

/**
 * Goes through the nodes, by the array, in the order in which they were first heard.
 *
 * Parameters: `first_node`, 0 at first, then what `out_next_node` said. `out_nodes`, the first of which is filled by
 * taskwire_node_init: its struct_size is taken for all. `capacity`, how many there are, 0 or more.
 *
 * Pointers: `out_nodes` is the caller's, and is not kept; it may be NULL if `capacity` is 0. What is written holds no
 * pointers. `out_count` gets how many nodes were written; 0, for a capacity above 0, says that there are no more.
 * `out_next_node` gets where to go on.
 *
 * Errors: TASKWIRE_ERROR_STRUCT_SIZE: fill the first node with taskwire_node_init. TASKWIRE_ERROR_NULL_POINTER,
 * TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (more nodes than memory has): mend the call.
 * TASKWIRE_ERROR_PANICKED: free the controller.
 *
 * Threads: one thread at a time for one controller. Nodes that come between two calls are met; none is met twice.
 *
 * After an error: the controller is as it was.
 */
taskwire_status taskwire_controller_nodes(const struct taskwire_controller *controller,
                                          uint32_t first_node,
                                          struct taskwire_node *out_nodes,
                                          size_t capacity,
                                          size_t *out_count,
                                          uint32_t *out_next_node);

/**
 * Looks a task of a node up.
 *
 * Parameters: `now_us`, the host's clock in microseconds: how fresh the knowledge is counts from there. `node`, the
 * node's number. `id`, the task. `out_task`, filled by taskwire_task_init once.
 *
 * Pointers: `id` and `out_task` are the caller's, and are not kept. The pointers written into `out_task` are the
 * controller's, and hold until the next call that changes it.
 *
 * Errors: TASKWIRE_ERROR_UNKNOWN_NODE: no node has the number. TASKWIRE_ERROR_UNKNOWN_TASK: the node has no such task,
 * or it was forgotten too long ago. TASKWIRE_ERROR_STRUCT_SIZE: fill `out_task` with taskwire_task_init.
 * TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
 * controller.
 *
 * Threads: one thread at a time for one controller.
 *
 * After an error: the controller is as it was.
 */
taskwire_status taskwire_controller_task(const struct taskwire_controller *controller,
                                         uint64_t now_us,
                                         uint32_t node,
                                         const struct taskwire_task_id *id,
                                         struct taskwire_task *out_task);

/**
 * Goes through the tasks of a node, by the array: the live ones by their slots, then those that the view keeps although
 * their agent has forgotten them.
 *
 * Parameters: `now_us`, the host's clock in microseconds: how fresh the knowledge is counts from there. `node`, the
 * node's number. `cursor`, 0 at first, then what `out_next` said. `out_tasks`, the first of which is filled by
 * taskwire_task_init: its struct_size is taken for all. `capacity`, how many there are, 0 or more.
 *
 * Pointers: `out_tasks` is the caller's, and is not kept; it may be NULL if `capacity` is 0. The pointers written into
 * it are the controller's, and hold until the next call that changes it. `out_count` gets how many tasks were written;
 * 0, for a capacity above 0, says that there are no more. `out_next` gets where to go on.
 *
 * Errors: TASKWIRE_ERROR_UNKNOWN_NODE: no node has the number. TASKWIRE_ERROR_STRUCT_SIZE: fill the first task with
 * taskwire_task_init. TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (more tasks
 * than memory has): mend the call. TASKWIRE_ERROR_PANICKED: free the controller.
 *
 * Threads: one thread at a time for one controller. What frames change between two calls may be missed or met twice.
 *
 * After an error: the controller is as it was.
 */
taskwire_status taskwire_controller_tasks(const struct taskwire_controller *controller,
                                          uint64_t now_us,
                                          uint32_t node,
                                          uint64_t cursor,
                                          struct taskwire_task *out_tasks,
                                          size_t capacity,
                                          size_t *out_count,
                                          uint64_t *out_next);

/**
 * Looks a task up wherever it is known: one look-up a node. More than one node has it only when it was given to more
 * than one.
 *
 * Parameters: `now_us`, the host's clock in microseconds: how fresh the knowledge is counts from there. `id`, the task.
 * `out_tasks`, the first of which is filled by taskwire_task_init: its struct_size is taken for all. `capacity`, how
 * many there are, 0 or more.
 *
 * Pointers: `id` and `out_tasks` are the caller's, and are not kept; `out_tasks` may be NULL if `capacity` is 0. The
 * pointers written into it are the controller's, and hold until the next call that changes it. `out_count` gets how
 * many tasks were written, 0 if no node knows it; their node says whose each is.
 *
 * Errors: TASKWIRE_ERROR_STRUCT_SIZE: fill the first task with taskwire_task_init. TASKWIRE_ERROR_NULL_POINTER,
 * TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (more tasks than memory has): mend the call.
 * TASKWIRE_ERROR_PANICKED: free the controller.
 *
 * Threads: one thread at a time for one controller.
 *
 * After an error: the controller is as it was.
 */
taskwire_status taskwire_controller_find_task(const struct taskwire_controller *controller,
                                              uint64_t now_us,
                                              const struct taskwire_task_id *id,
                                              struct taskwire_task *out_tasks,
                                              size_t capacity,
                                              size_t *out_count);

/**
 * Fills a change that is `struct_size` bytes large with zeros and its size. taskwire_change_init calls it.
 *
 * Parameters: `struct_size`, in bytes: the size of the struct as the caller was compiled.
 *
 * Pointers: `out_change` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: no
 * version of the struct has that size; give sizeof.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
taskwire_status taskwire_change_init_sized(struct taskwire_change *out_change, size_t struct_size);

/**
 * Makes a filter that takes everything.
 *
 * Parameters: none but the output.
 *
 * Pointers: `out_filter` gets the filter, which is the caller's until taskwire_filter_free, or NULL.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: a fault in
 * the library; report it.
 *
 * Threads: any.
 *
 * After an error: there is no filter.
 */
taskwire_status taskwire_filter_new(struct taskwire_filter **out_filter);

/**
 * Takes a node, beside those already chosen; without any, every node is taken.
 *
 * Parameters: `node`, the node's number; one that no node has is no error.
 *
 * Pointers: `filter` is changed, and nothing is kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
 * filter.
 *
 * Threads: one thread at a time for one filter.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_filter_node(struct taskwire_filter *filter, uint32_t node);

/**
 * Takes tasks in these states alone, as the view says them; without this call, in all.
 *
 * Parameters: `states`, the sum of some of TASKWIRE_FILTER_…; 0 takes none.
 *
 * Pointers: `filter` is changed, and nothing is kept.
 *
 * Errors: TASKWIRE_ERROR_ARGUMENT (a bit that is none of them), TASKWIRE_ERROR_NULL_POINTER and
 * TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the filter.
 *
 * Threads: one thread at a time for one filter.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_filter_states(struct taskwire_filter *filter, uint32_t states);

/**
 * Leaves changes of details out: what can be read then is bounded by the controller's setting `history` alone.
 *
 * Parameters: `filter`, the filter.
 *
 * Pointers: `filter` is changed, and nothing is kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
 * filter.
 *
 * Threads: one thread at a time for one filter.
 *
 * After an error: nothing was changed.
 */
taskwire_status taskwire_filter_without_details(struct taskwire_filter *filter);

/**
 * Gives a filter back.
 *
 * Parameters: `filter`, or NULL, which does nothing.
 *
 * Pointers: `filter` is gone after the call.
 *
 * Errors: none. A poisoned filter is given back like any other.
 *
 * Threads: one thread at a time for one filter, and no other call after this one.
 *
 * After an error: there is none.
 */
void taskwire_filter_free(struct taskwire_filter *filter);

/**
 * Says at which revision the view stands, and from which on changes can be read. To begin watching, ask for the newest,
 * read the view, then go on from there.
 *
 * Parameters: `filter`, or NULL for everything: one without details reaches further back.
 *
 * Pointers: `filter` is looked at. `out_newest` gets the newest revision, and `out_oldest`, which may be NULL, the oldest
 * from which taskwire_controller_changes_since can still read. All are the caller's, and are not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
 * controller.
 *
 * Threads: one thread at a time for one controller, and for one filter.
 *
 * After an error: the revisions are 0; the controller is as it was.
 */
taskwire_status taskwire_controller_view_revision(const struct taskwire_controller *controller,
                                                  const struct taskwire_filter *filter,
                                                  struct taskwire_view_revision *out_newest,
                                                  struct taskwire_view_revision *out_oldest);

/**
 * Gives the changes of the view after a revision, in order, by the array. Any number of watchers may read: none is
 * registered, and none holds another up. A watcher that keeps a copy does what each effect says; as soon as it has read
 * to the newest revision, its copy is what the view has.
 *
 * Parameters: `now_us`, the host's clock in microseconds: how fresh a task is counts from there. `since`, the revision
 * read up to. `filter`, or NULL for everything. `out_changes` and `out_tasks`, the first of each filled by its _init: its
 * struct_size is taken for all. `capacity`, how many there are of each, 0 or more.
 *
 * Pointers: `since` and `filter` are looked at. `out_changes` is the caller's; so is `out_tasks`, which may be NULL if no
 * copy is kept; both may be NULL if `capacity` is 0. Where the effect of a change is TASKWIRE_EFFECT_TASK, the task of the
 * same index has it as the view stands now; the pointers in it are the controller's, and hold until the next call that
 * changes it. `out_count` gets how many changes were written; less than `capacity` says that there are no more. `out_next`
 * gets the revision to go on from, also where there was nothing to read; it may be `since` itself. Nothing is kept.
 *
 * Errors: TASKWIRE_ERROR_COMPACTED: too far behind. TASKWIRE_ERROR_OTHER_INCARNATION: the controller has begun anew.
 * TASKWIRE_ERROR_FUTURE_REVISION: no such revision was ever given, which is a mistake. In each of these cases read the
 * view anew, from taskwire_controller_view_revision on. TASKWIRE_ERROR_STRUCT_SIZE: fill the first of each array with its
 * _init. TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (more changes than memory
 * has): mend the call. TASKWIRE_ERROR_OTHER: read the view anew. TASKWIRE_ERROR_PANICKED: free the controller, or the
 * filter.
 *
 * Threads: one thread at a time for one controller, and for one filter.
 *
 * After an error: the controller is as it was.
 */
taskwire_status taskwire_controller_changes_since(const struct taskwire_controller *controller,
                                                  uint64_t now_us,
                                                  const struct taskwire_view_revision *since,
                                                  const struct taskwire_filter *filter,
                                                  struct taskwire_change *out_changes,
                                                  struct taskwire_task *out_tasks,
                                                  size_t capacity,
                                                  size_t *out_count,
                                                  struct taskwire_view_revision *out_next);

/**
 * How many counters an agent has. It is the same as long as the program runs, and may grow with the library.
 *
 * Parameters: none.
 *
 * Pointers: none.
 *
 * Errors: none.
 *
 * Threads: any.
 *
 * After an error: there is none.
 */
size_t taskwire_agent_metric_count(void);

/**
 * The name of a counter, in the manner of OpenMetrics: with its unit, and _total if it only grows.
 *
 * Parameters: `index`, from 0, below taskwire_agent_metric_count.
 *
 * Pointers: the text is static and ended by a NUL, or NULL.
 *
 * Errors: none is returned; an index that no counter has gives NULL.
 *
 * Threads: any.
 *
 * After an error: there is none.
 */
const char *taskwire_agent_metric_name(size_t index);

/**
 * Gives the values of all counters, in the order of their names.
 *
 * Parameters: `capacity`, how many values there is room for; if less than taskwire_agent_metric_count, the first ones
 * are written.
 *
 * Pointers: `out_values` is the caller's, and is not kept; it may be NULL if `capacity` is 0. `out_count` gets how many
 * values were written.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (more values than memory
 * has): mend the call. TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: the count is 0, and the values up to it, that is none, hold; the agent is as it was.
 */
taskwire_status taskwire_agent_metrics(const struct taskwire_agent *agent,
                                       uint64_t *out_values,
                                       size_t capacity,
                                       size_t *out_count);

/**
 * How many counters a controller has. It is the same as long as the program runs, and may grow with the library.
 *
 * Parameters: none.
 *
 * Pointers: none.
 *
 * Errors: none.
 *
 * Threads: any.
 *
 * After an error: there is none.
 */
size_t taskwire_controller_metric_count(void);

/**
 * The name of a counter, in the manner of OpenMetrics: with its unit, and _total if it only grows.
 *
 * Parameters: `index`, from 0, below taskwire_controller_metric_count.
 *
 * Pointers: the text is static and ended by a NUL, or NULL.
 *
 * Errors: none is returned; an index that no counter has gives NULL.
 *
 * Threads: any.
 *
 * After an error: there is none.
 */
const char *taskwire_controller_metric_name(size_t index);

/**
 * Gives the values of all counters, in the order of their names.
 *
 * Parameters: `capacity`, how many values there is room for; if less than taskwire_controller_metric_count, the first ones
 * are written.
 *
 * Pointers: `out_values` is the caller's, and is not kept; it may be NULL if `capacity` is 0. `out_count` gets how many
 * values were written.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (more values than memory
 * has): mend the call. TASKWIRE_ERROR_PANICKED: free the controller.
 *
 * Threads: one thread at a time for one controller.
 *
 * After an error: the count is 0, and the values up to it, that is none, hold; the controller is as it was.
 */
taskwire_status taskwire_controller_metrics(const struct taskwire_controller *controller,
                                            uint64_t *out_values,
                                            size_t capacity,
                                            size_t *out_count);

/**
 * Writes everything that can be measured of an agent as OpenMetrics text (version 1.0): how it stands at a time, all
 * counters, and histograms. It ends with the line "# EOF", and with a NUL after it.
 *
 * Parameters: `now_us`, the time in microseconds; `capacity`, bytes of `out_text`; TASKWIRE_OPENMETRICS_SIZE is always enough.
 *
 * Pointers: `out_text` is the caller's, and is not kept. `out_length` gets the bytes of the text, without the NUL.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (more bytes than memory
 * has): mend the call. TASKWIRE_ERROR_BUFFER_TOO_SMALL: give TASKWIRE_OPENMETRICS_SIZE bytes.
 * TASKWIRE_ERROR_PANICKED: free the agent.
 *
 * Threads: one thread at a time for one agent.
 *
 * After an error: the text is empty, if there is room for a NUL, and its length 0; the agent is as it was.
 */
taskwire_status taskwire_agent_openmetrics(const struct taskwire_agent *agent,
                                           uint64_t now_us,
                                           char *out_text,
                                           size_t capacity,
                                           size_t *out_length);

/**
 * Writes everything that can be measured of a controller as OpenMetrics text (version 1.0): how it stands now, all
 * counters, and histograms. It ends with the line "# EOF", and with a NUL after it.
 *
 * Parameters: `capacity`, bytes of `out_text`; TASKWIRE_OPENMETRICS_SIZE is always enough.
 *
 * Pointers: `out_text` is the caller's, and is not kept. `out_length` gets the bytes of the text, without the NUL.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (more bytes than memory
 * has): mend the call. TASKWIRE_ERROR_BUFFER_TOO_SMALL: give TASKWIRE_OPENMETRICS_SIZE bytes.
 * TASKWIRE_ERROR_PANICKED: free the controller.
 *
 * Threads: one thread at a time for one controller.
 *
 * After an error: the text is empty, if there is room for a NUL, and its length 0; the controller is as it was.
 */
taskwire_status taskwire_controller_openmetrics(const struct taskwire_controller *controller,
                                                char *out_text,
                                                size_t capacity,
                                                size_t *out_length);

/**
 * Makes a framer for the bytes that come in on one connection.
 *
 * Parameters: `kind`, TASKWIRE_FRAMER_LENGTH or TASKWIRE_FRAMER_COBS, the same at both ends of the connection.
 * `most_frame`, the longest frame that may come, in bytes: 512 to 65,535. The configured frame size of both sides,
 * whichever is larger, is enough; the framer holds one such frame at most.
 *
 * Pointers: `out_framer` gets the framer, which is the caller's until taskwire_framer_free, or NULL.
 *
 * Errors: TASKWIRE_ERROR_ARGUMENT: the kind is none, or the length outside its range; mend the call.
 * TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: a fault in the
 * library; report it.
 *
 * Threads: any.
 *
 * After an error: there is no framer.
 */
taskwire_status taskwire_framer_new(uint32_t kind, uint32_t most_frame, struct taskwire_framer **out_framer);

/**
 * Gives a framer back. Bytes of a frame that is not whole are lost.
 *
 * Parameters: `framer`, or NULL, which does nothing.
 *
 * Pointers: `framer` and every frame that it gave out are gone after the call.
 *
 * Errors: none. A poisoned framer is given back like any other.
 *
 * Threads: one thread at a time for one framer, and no other call after this one.
 *
 * After an error: there is none.
 */
void taskwire_framer_free(struct taskwire_framer *framer);

/**
 * Takes bytes that have come in, in whatever pieces they came, as many as there is room for. Then drain
 * taskwire_framer_next, and push the rest.
 *
 * Parameters: `length`, how many bytes there are, 0 or more.
 *
 * Pointers: `bytes` is the caller's, and is copied; it may be NULL if its length is 0. `out_taken` gets how many were
 * taken: more than 0 of more than 0, unless a whole frame waits to be taken out. A frame that taskwire_framer_next gave
 * is gone after the call.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED and TASKWIRE_ERROR_ARGUMENT (a length that no bytes
 * have): mend the call. TASKWIRE_ERROR_PANICKED: free the framer. A stream that is broken takes and drops everything;
 * taskwire_framer_next says so.
 *
 * Threads: one thread at a time for one framer.
 *
 * After an error: no byte was taken.
 */
taskwire_status taskwire_framer_push(struct taskwire_framer *framer,
                                     const uint8_t *bytes,
                                     size_t length,
                                     size_t *out_taken);

/**
 * Gives the next whole frame, for taskwire_agent_receive. Call it until there is none.
 *
 * Parameters: `framer`, the framer.
 *
 * Pointers: `out_frame` gets the frame, which is the framer's own and holds until the next call on it, or NULL.
 * `out_length` gets its bytes, 0 if there is no whole frame yet. Both outputs are the caller's, and are not kept.
 *
 * Errors: TASKWIRE_ERROR_STREAM_BROKEN (of kind TASKWIRE_FRAMER_LENGTH alone), from then on at every call: close the
 * connection, and use a new framer with the next. TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
 * framer.
 *
 * Threads: one thread at a time for one framer.
 *
 * After an error: there is no frame, and no frame was taken out.
 */
taskwire_status taskwire_framer_next(struct taskwire_framer *framer,
                                     const uint8_t **out_frame,
                                     size_t *out_length);

/**
 * Tells what a framer of kind TASKWIRE_FRAMER_COBS has found between two zero bytes that is no frame: noise of the line,
 * and frames that noise has spoilt. One of kind TASKWIRE_FRAMER_LENGTH ends at the first such thing and counts nothing.
 *
 * Parameters: `framer`, the framer.
 *
 * Pointers: `out_pieces` gets how often that was, `out_bytes` how many bytes it had; each is the caller's, is not kept,
 * and may be NULL.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_PANICKED: free the
 * framer.
 *
 * Threads: one thread at a time for one framer.
 *
 * After an error: both outputs are 0.
 */
taskwire_status taskwire_framer_dropped(const struct taskwire_framer *framer,
                                        uint64_t *out_pieces,
                                        uint64_t *out_bytes);

/**
 * How many bytes taskwire_framer_wrap may write for a frame: its own and 2, or, of kind TASKWIRE_FRAMER_COBS, its own, 3
 * and one more for every 254 of them.
 *
 * Parameters: `kind`, as at taskwire_framer_new. `length`, bytes of the frame.
 *
 * Pointers: none.
 *
 * Errors: none; 0 for a kind that is none.
 *
 * Threads: any.
 *
 * After an error: there is none.
 */
size_t taskwire_framer_room(uint32_t kind,
                            size_t length);

/**
 * Writes a frame as it goes over a byte stream.
 *
 * Parameters: `kind`, as at taskwire_framer_new. `length`, bytes of the frame, as taskwire_agent_poll_transmit gave it.
 * `capacity`, bytes of `out_bytes`; TASKWIRE_FRAMER_OVERHEAD more than the frame has, or taskwire_framer_room.
 *
 * Pointers: `frame` and `out_bytes` are the caller's, are not kept, and do not overlap. `out_length` gets how many bytes
 * to send.
 *
 * Errors: TASKWIRE_ERROR_BUFFER_TOO_SMALL: give the bytes that taskwire_framer_room says. TASKWIRE_ERROR_ARGUMENT: the
 * kind is none, or no frame has that length; mend the call. TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED:
 * mend the call. TASKWIRE_ERROR_PANICKED: a fault in the library; report it.
 *
 * Threads: any.
 *
 * After an error: nothing was written but the length, which is 0.
 */
taskwire_status taskwire_framer_wrap(uint32_t kind,
                                     const uint8_t *frame,
                                     size_t length,
                                     uint8_t *out_bytes,
                                     size_t capacity,
                                     size_t *out_length);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus


#ifdef __cplusplus
extern "C" {
#endif

/* The _init functions are made where the program is compiled, so that they fill the struct in the size that it knows. */

/**
 * Fills a configuration with the defaults; node, epoch and seed must be set besides.
 *
 * Parameters: `out_config`, the struct.
 *
 * Pointers: `out_config` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: the
 * library does not know a struct of this size; it is older than the program's first version.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
static inline taskwire_status taskwire_agent_config_init(struct taskwire_agent_config *out_config)
{
    return taskwire_agent_config_init_sized(out_config, sizeof *out_config);
}

/**
 * Fills a report with the defaults.
 *
 * Parameters: `out_report`, the struct.
 *
 * Pointers: `out_report` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: the
 * library does not know a struct of this size; it is older than the program's first version.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
static inline taskwire_status taskwire_report_init(struct taskwire_report *out_report)
{
    return taskwire_report_init_sized(out_report, sizeof *out_report);
}

/**
 * Fills an update with the defaults.
 *
 * Parameters: `out_update`, the struct.
 *
 * Pointers: `out_update` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: the
 * library does not know a struct of this size; it is older than the program's first version.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
static inline taskwire_status taskwire_update_init(struct taskwire_update *out_update)
{
    return taskwire_update_init_sized(out_update, sizeof *out_update);
}

/**
 * Fills an event with zeros and its size.
 *
 * Parameters: `out_event`, the struct.
 *
 * Pointers: `out_event` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: the
 * library does not know a struct of this size; it is older than the program's first version.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
static inline taskwire_status taskwire_agent_event_init(struct taskwire_agent_event *out_event)
{
    return taskwire_agent_event_init_sized(out_event, sizeof *out_event);
}

/**
 * Fills a sync state with zeros and its size.
 *
 * Parameters: `out_state`, the struct.
 *
 * Pointers: `out_state` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: the
 * library does not know a struct of this size; it is older than the program's first version.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
static inline taskwire_status taskwire_sync_state_init(struct taskwire_sync_state *out_state)
{
    return taskwire_sync_state_init_sized(out_state, sizeof *out_state);
}

/**
 * Fills a task with zeros and its size.
 *
 * Parameters: `out_task`, the struct.
 *
 * Pointers: `out_task` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: the
 * library does not know a struct of this size; it is older than the program's first version.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
static inline taskwire_status taskwire_task_init(struct taskwire_task *out_task)
{
    return taskwire_task_init_sized(out_task, sizeof *out_task);
}

/**
 * Fills a controller's configuration with the defaults; name, term and seed must be set besides.
 *
 * Parameters: `out_config`, the struct.
 *
 * Pointers: `out_config` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: the
 * library does not know a struct of this size; it is older than the program's first version.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
static inline taskwire_status taskwire_controller_config_init(struct taskwire_controller_config *out_config)
{
    return taskwire_controller_config_init_sized(out_config, sizeof *out_config);
}

/**
 * Fills a controller's event with zeros and its size.
 *
 * Parameters: `out_event`, the struct.
 *
 * Pointers: `out_event` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: the
 * library does not know a struct of this size; it is older than the program's first version.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
static inline taskwire_status taskwire_controller_event_init(struct taskwire_controller_event *out_event)
{
    return taskwire_controller_event_init_sized(out_event, sizeof *out_event);
}

/**
 * Fills a node with zeros and its size.
 *
 * Parameters: `out_node`, the struct.
 *
 * Pointers: `out_node` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: the
 * library does not know a struct of this size; it is older than the program's first version.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
static inline taskwire_status taskwire_node_init(struct taskwire_node *out_node)
{
    return taskwire_node_init_sized(out_node, sizeof *out_node);
}

/**
 * Fills a change with zeros and its size.
 *
 * Parameters: `out_change`, the struct.
 *
 * Pointers: `out_change` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: the
 * library does not know a struct of this size; it is older than the program's first version.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
static inline taskwire_status taskwire_change_init(struct taskwire_change *out_change)
{
    return taskwire_change_init_sized(out_change, sizeof *out_change);
}

/**
 * Fills what was restored with zeros and its size.
 *
 * Parameters: `out_restored`, the struct.
 *
 * Pointers: `out_restored` is the caller's, and is not kept.
 *
 * Errors: TASKWIRE_ERROR_NULL_POINTER and TASKWIRE_ERROR_MISALIGNED: mend the call. TASKWIRE_ERROR_STRUCT_SIZE: the
 * library does not know a struct of this size; it is older than the program's first version.
 *
 * Threads: any.
 *
 * After an error: nothing was written.
 */
static inline taskwire_status taskwire_restored_init(struct taskwire_restored *out_restored)
{
    return taskwire_restored_init_sized(out_restored, sizeof *out_restored);
}

#ifdef TASKWIRE_SMALL
/**
 * Stops the program, where the small build cannot go on: malloc has given nothing, or there is a fault in the library. The
 * library calls it; it is not for the program to call. The one that comes with the library says why on the standard error
 * and aborts; a program that defines a function of this name gets that instead.
 *
 * Parameters: `why`, for people, ended by a NUL and with a line's end before it.
 *
 * Pointers: `why` is static.
 *
 * Errors: none. It must not return, and must not jump out: the object whose call it was is half changed.
 *
 * Threads: the one whose call it was.
 *
 * After an error: there is none.
 */
void taskwire_stop(const char *why);
#endif

#ifdef __cplusplus
}
#endif

#endif  /* TASKWIRE_H */
