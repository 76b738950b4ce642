// What an agent is told about its tasks, one by one and by the slice.

package taskwire

// #include "library.h"
import "C"

import "time"

// A Report is what may go with a transition. Its zero value says nothing more than the state.
type Report struct {
	Reason  Reason
	Source  Source    // SourceHost, the zero value, is the usual case
	Exit    Exit      // how the process ended, where there was one
	At      time.Time // when it happened; the zero value is now
	Message string    // a text for people; longer than its bound it is cut, with a flag
	Result  []byte    // what the attempt produced; at most its bound
	Trace   Trace     // without one the task keeps that of its registration
}

// A Trace is a W3C trace context. It travels with a task and its changes, and decides nothing. Zero is none.
type Trace struct {
	TraceID [16]byte
	SpanID  [8]byte
	Flags   byte
}

// IsZero says whether there is no trace.
func (t Trace) IsZero() bool { return t == Trace{} }

// An UpdateKind says what an Update is about.
type UpdateKind uint32

// What an Update may be, and what it takes.
const (
	UpdateRegister   = UpdateKind(C.TASKWIRE_UPDATE_REGISTER)   // Metadata; of Report: Message, At, Trace
	UpdateTransition = UpdateKind(C.TASKWIRE_UPDATE_TRANSITION) // State and Report
	UpdateProgress   = UpdateKind(C.TASKWIRE_UPDATE_PROGRESS)   // Percent; a message said before stays
	UpdateDetail     = UpdateKind(C.TASKWIRE_UPDATE_DETAIL)     // Percent or PercentNone; of Report: Message
	UpdateForget     = UpdateKind(C.TASKWIRE_UPDATE_FORGET)     // nothing
)

// An Update is one report as an element of a slice. What its kind does not take is ignored.
type Update struct {
	Kind     UpdateKind
	Task     TaskID
	State    State
	Percent  uint8
	Metadata []byte
	Report   Report
}

// Register registers a task: Pending, attempt 0, transition 1. The metadata are opaque bytes for the controller's program,
// sent once. Room is reserved, so that the task's end can always be reported. ErrFull: again when more has become durable.
// ErrAlreadyRegistered: the id is in use, or its tombstone is not yet durable. ErrTooLong: the metadata.
func (a *Agent) Register(now Instant, id TaskID, metadata []byte) error {
	return a.changed("Register", C.taskwire_agent_register(a.c(), C.uint64_t(now), a.taskFor(id), bytesAt(metadata),
		C.size_t(len(metadata)), nil))
}

// Running reports that a Pending task has begun.
func (a *Agent) Running(now Instant, id TaskID) error {
	return a.changed("Running", C.taskwire_agent_running(a.c(), C.uint64_t(now), a.taskFor(id)))
}

// Progress reports how far a Running task is: 0 to 100. Lossy, only the newest is sent. A message said before stays.
func (a *Agent) Progress(now Instant, id TaskID, percent uint8) error {
	return a.changed("Progress", C.taskwire_agent_progress(a.c(), C.uint64_t(now), a.taskFor(id), C.uint32_t(percent)))
}

// Detail reports how far a Running task is, or PercentNone, and a text for people, which is cut at its bound. Lossy, only
// the newest of both is sent.
func (a *Agent) Detail(now Instant, id TaskID, percent uint8, message string) error {
	return a.changed("Detail", C.taskwire_agent_detail(a.c(), C.uint64_t(now), a.taskFor(id), C.uint32_t(percent),
		textAt(message), C.size_t(len(message))))
}

// Succeeded reports that a Running task has ended well, which is final.
func (a *Agent) Succeeded(now Instant, id TaskID, exit Exit) error {
	return a.changed("Succeeded", C.taskwire_agent_succeeded(a.c(), C.uint64_t(now), a.taskFor(id), C.uint32_t(exit.Kind),
		C.int32_t(exit.Value)))
}

// Failed reports that a task has ended badly, or could not start. It may be retried, given up or forgotten.
func (a *Agent) Failed(now Instant, id TaskID, reason Reason, exit Exit) error {
	return a.changed("Failed", C.taskwire_agent_failed(a.c(), C.uint64_t(now), a.taskFor(id), C.uint32_t(reason),
		C.uint32_t(exit.Kind), C.int32_t(exit.Value)))
}

// Cancelled reports that a task was ended because someone wanted it to, or that a failed one is given up. It is final.
func (a *Agent) Cancelled(now Instant, id TaskID, reason Reason) error {
	return a.changed("Cancelled", C.taskwire_agent_cancelled(a.c(), C.uint64_t(now), a.taskFor(id), C.uint32_t(reason)))
}

// Retry begins the next attempt of a Failed task: Pending. ErrFull: again when more has become durable.
func (a *Agent) Retry(now Instant, id TaskID) error {
	return a.changed("Retry", C.taskwire_agent_retry(a.c(), C.uint64_t(now), a.taskFor(id)))
}

// Transition reports any legal move with all that may go with it; Pending is a retry. ErrIllegalTransition names both
// states, ErrTooLong is about the result, ErrFull comes for a retry alone.
func (a *Agent) Transition(now Instant, id TaskID, state State, report Report) error {
	a.batch.one[0] = Update{Kind: UpdateTransition, Task: id, State: state, Report: report}
	_, err := a.update("Transition", now, a.batch.one[:])
	a.batch.one[0] = Update{}
	return err
}

// Forget lets a task go that has ended and will not be tried again. Once its end is durable it is gone, and an event
// TaskForgotten says that its id may be registered anew. ErrNotEnded: end it first.
func (a *Agent) Forget(now Instant, id TaskID) error {
	return a.changed("Forget", C.taskwire_agent_forget(a.c(), C.uint64_t(now), a.taskFor(id)))
}

// Update carries out reports in order, up to the first that is refused, and says how many: those before it are carried
// out, it and those behind it are not, and going on behind it is the caller's choice. The errors are those of the single
// calls, with the index of the one refused.
func (a *Agent) Update(now Instant, updates []Update) (done int, err error) {
	return a.update("Update", now, updates)
}
