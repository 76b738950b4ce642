// The numbers that the library speaks in, as types with names. They are taken from the header when the package is built.

package taskwire

// #include "library.h"
import "C"

import "strconv"

// A State of a task.
type State uint32

// The states.
const (
	Pending   = State(C.TASKWIRE_STATE_PENDING)   // registered, or registered for another attempt, and not begun
	Running   = State(C.TASKWIRE_STATE_RUNNING)   // begun and not ended
	Succeeded = State(C.TASKWIRE_STATE_SUCCEEDED) // ended well: final
	Failed    = State(C.TASKWIRE_STATE_FAILED)    // ended badly; may be retried or given up
	Cancelled = State(C.TASKWIRE_STATE_CANCELLED) // ended because someone wanted it to end: final
)

func (s State) String() string { return C.GoString(C.taskwire_state_text(C.uint32_t(s))) }

// A Reason says why a task came to its state. From ReasonFirstOfHost to 65,535 they are the program's own.
type Reason uint32

// The reasons.
const (
	ReasonNone                  = Reason(C.TASKWIRE_REASON_NONE)
	ReasonTimedOut              = Reason(C.TASKWIRE_REASON_TIMED_OUT)
	ReasonCouldNotStart         = Reason(C.TASKWIRE_REASON_COULD_NOT_START)
	ReasonOutcomeUnknown        = Reason(C.TASKWIRE_REASON_OUTCOME_UNKNOWN)
	ReasonCancelledByHost       = Reason(C.TASKWIRE_REASON_CANCELLED_BY_HOST)
	ReasonCancelledByController = Reason(C.TASKWIRE_REASON_CANCELLED_BY_CONTROLLER)
	ReasonExitCode              = Reason(C.TASKWIRE_REASON_EXIT_CODE)
	ReasonSignal                = Reason(C.TASKWIRE_REASON_SIGNAL)
	ReasonOutOfResources        = Reason(C.TASKWIRE_REASON_OUT_OF_RESOURCES)
	ReasonRefused               = Reason(C.TASKWIRE_REASON_REFUSED)
	ReasonGivenUp               = Reason(C.TASKWIRE_REASON_GIVEN_UP)
	ReasonFirstOfHost           = Reason(C.TASKWIRE_REASON_FIRST_OF_HOST)
)

func (r Reason) String() string { return C.GoString(C.taskwire_reason_text(C.uint32_t(r))) }

// A Source says who brought a task to its state.
type Source uint32

// The sources.
const (
	SourceHost       = Source(C.TASKWIRE_SOURCE_HOST) // the agent's program: the usual case
	SourceAgent      = Source(C.TASKWIRE_SOURCE_AGENT)
	SourceController = Source(C.TASKWIRE_SOURCE_CONTROLLER)
)

func (s Source) String() string { return named(uint32(s), "host", "agent", "controller") }

// An ExitKind says what the value of an Exit is.
type ExitKind uint32

// The kinds of exit.
const (
	ExitNone   = ExitKind(C.TASKWIRE_EXIT_NONE)   // nothing is known, or there was no process. Never reads as success.
	ExitCode   = ExitKind(C.TASKWIRE_EXIT_CODE)   // the value is the exit code
	ExitSignal = ExitKind(C.TASKWIRE_EXIT_SIGNAL) // the value is the signal that ended the process
)

func (k ExitKind) String() string { return named(uint32(k), "none", "code", "signal") }

// An Exit is how a process ended. Its zero value says that nothing is known.
type Exit struct {
	Kind  ExitKind
	Value int32
}

func (e Exit) String() string {
	if e.Kind == ExitNone {
		return "none"
	}
	return e.Kind.String() + " " + strconv.Itoa(int(e.Value))
}

// PercentNone stands in place of a percentage when there is none.
const PercentNone = uint8(C.TASKWIRE_PROGRESS_NONE)

// A Verdict says how the position of a controller was judged when a session opened.
type Verdict uint32

// The verdicts.
const (
	VerdictNone             = Verdict(C.TASKWIRE_VERDICT_NONE)
	VerdictResume           = Verdict(C.TASKWIRE_VERDICT_RESUME)            // only what came after it is sent
	VerdictEmpty            = Verdict(C.TASKWIRE_VERDICT_EMPTY)             // the agent starts with nothing
	VerdictSubscriberBehind = Verdict(C.TASKWIRE_VERDICT_SUBSCRIBER_BEHIND) // a snapshot repairs it, like the rest
	VerdictPublisherBehind  = Verdict(C.TASKWIRE_VERDICT_PUBLISHER_BEHIND)
	VerdictFork             = Verdict(C.TASKWIRE_VERDICT_FORK)
	VerdictDamaged          = Verdict(C.TASKWIRE_VERDICT_DAMAGED)
)

func (v Verdict) String() string { return C.GoString(C.taskwire_verdict_text(C.uint32_t(v))) }

// A SessionEnd says why a session has ended.
type SessionEnd uint32

// Why sessions end.
const (
	EndLeaseExpired    = SessionEnd(C.TASKWIRE_SESSION_END_LEASE_EXPIRED)
	EndNoSession       = SessionEnd(C.TASKWIRE_SESSION_END_NO_SESSION)
	EndRefused         = SessionEnd(C.TASKWIRE_SESSION_END_REFUSED)
	EndForeignPosition = SessionEnd(C.TASKWIRE_SESSION_END_FOREIGN_POSITION)
	EndFenced          = SessionEnd(C.TASKWIRE_SESSION_END_FENCED)
	EndGoodbye         = SessionEnd(C.TASKWIRE_SESSION_END_GOODBYE)
	EndControllerLeft  = SessionEnd(C.TASKWIRE_SESSION_END_CONTROLLER_LEFT)
	EndDamaged         = SessionEnd(C.TASKWIRE_SESSION_END_DAMAGED) // a record of this agent is: restart it
	EndSentAway        = SessionEnd(C.TASKWIRE_SESSION_END_SENT_AWAY)
	EndOther           = SessionEnd(C.TASKWIRE_SESSION_END_OTHER)
)

func (e SessionEnd) String() string {
	return named(uint32(e), "none", "lease expired", "no session", "refused", "foreign position", "fenced", "goodbye",
		"controller left", "damaged", "sent away")
}

// A Refusal says why the controller will not have an agent.
type Refusal uint32

// Why agents are refused.
const (
	RefusalVersion      = Refusal(C.TASKWIRE_REFUSAL_VERSION)
	RefusalLimit        = Refusal(C.TASKWIRE_REFUSAL_LIMIT) // the event names the limit and the most that is taken
	RefusalIdentity     = Refusal(C.TASKWIRE_REFUSAL_IDENTITY)
	RefusalBusy         = Refusal(C.TASKWIRE_REFUSAL_BUSY)
	RefusalNodes        = Refusal(C.TASKWIRE_REFUSAL_NODES)
	RefusalExhausted    = Refusal(C.TASKWIRE_REFUSAL_EXHAUSTED)
	RefusalRepairFailed = Refusal(C.TASKWIRE_REFUSAL_REPAIR_FAILED)
	RefusalClosed       = Refusal(C.TASKWIRE_REFUSAL_CLOSED)
	RefusalForgotten    = Refusal(C.TASKWIRE_REFUSAL_FORGOTTEN)
	RefusalShort        = Refusal(C.TASKWIRE_REFUSAL_SHORT)
	RefusalOther        = Refusal(C.TASKWIRE_REFUSAL_OTHER)
)

func (r Refusal) String() string {
	return named(uint32(r), "none", "version", "limit", "identity", "busy", "nodes", "exhausted", "repair failed", "closed",
		"forgotten", "short")
}

// A Limit is a setting that is beyond the controller's.
type Limit uint32

// The limits.
const (
	LimitNone     = Limit(C.TASKWIRE_LIMIT_NONE)
	LimitSlots    = Limit(C.TASKWIRE_LIMIT_SLOTS)
	LimitLog      = Limit(C.TASKWIRE_LIMIT_LOG)
	LimitMetadata = Limit(C.TASKWIRE_LIMIT_METADATA)
	LimitMessage  = Limit(C.TASKWIRE_LIMIT_MESSAGE)
	LimitResult   = Limit(C.TASKWIRE_LIMIT_RESULT)
	LimitFrame    = Limit(C.TASKWIRE_LIMIT_FRAME)
	LimitFinals   = Limit(C.TASKWIRE_LIMIT_FINALS)
	LimitValue    = Limit(C.TASKWIRE_LIMIT_VALUE)
)

func (l Limit) String() string {
	return named(uint32(l), "none", "slots", "log", "metadata", "message", "result", "frame", "finals", "value")
}

// A Lease says whether the controller believes in this agent, as far as the agent can know.
type Lease uint32

// The states of a lease.
const (
	LeaseUnknown = Lease(C.TASKWIRE_LEASE_UNKNOWN) // the controller has not told how long it believes
	LeaseHeld    = Lease(C.TASKWIRE_LEASE_HELD)
	LeaseExpired = Lease(C.TASKWIRE_LEASE_EXPIRED) // the controller may believe this agent lost
)

func (l Lease) String() string { return named(uint32(l), "unknown", "held", "expired") }

// A Session says how far an agent is with its controller.
type Session uint32

// The stages of a session.
const (
	SessionGreeting = Session(C.TASKWIRE_SESSION_GREETING) // the agent asks for a session
	SessionOpening  = Session(C.TASKWIRE_SESSION_OPENING)  // a controller has answered
	SessionOpen     = Session(C.TASKWIRE_SESSION_OPEN)
	SessionFenced   = Session(C.TASKWIRE_SESSION_FENCED) // a larger epoch or a twin was seen: the agent is silent
	SessionLeft     = Session(C.TASKWIRE_SESSION_LEFT)   // Goodbye was called: the agent is silent
)

func (s Session) String() string {
	return named(uint32(s), "none", "greeting", "opening", "open", "fenced", "left")
}

// named gives the name of a number, or the number.
func named(number uint32, names ...string) string {
	if int64(number) < int64(len(names)) {
		return names[number]
	}
	return "other " + strconv.FormatUint(uint64(number), 10)
}
