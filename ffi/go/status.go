// What a call says when it refuses: the library's statuses as errors of Go, and the words that go with them.

package taskwire

// #include "library.h"
import "C"

import (
	"errors"
	"strconv"
)

// A Status is what the library answers, as a number of its C interface. Every negative one is an error, and stands
// inside an *Error; compare with errors.Is. The ranges say whose fault it is: the caller's -1 to -99, the peer's -100 to
// -199, a limit -200 to -299, the state -300 to -399, fatal from -400 on.
type Status int32

const ok = Status(C.TASKWIRE_OK)

// Faults of the caller: mend the call.
const (
	ErrNullPointer    = Status(C.TASKWIRE_ERROR_NULL_POINTER)     // not to be met from Go
	ErrStructSize     = Status(C.TASKWIRE_ERROR_STRUCT_SIZE)      // package and library do not belong together
	ErrBufferTooSmall = Status(C.TASKWIRE_ERROR_BUFFER_TOO_SMALL) // nothing was lost: give a larger one
	ErrArgument       = Status(C.TASKWIRE_ERROR_ARGUMENT)         // a code, kind or number is none of those allowed
	ErrTaskIDText     = Status(C.TASKWIRE_ERROR_TASK_ID_TEXT)     // not 32 hexadecimal digits
	ErrConfigNode     = Status(C.TASKWIRE_ERROR_CONFIG_NODE)      // a name is empty, longer than 64 bytes, or no UTF-8
	ErrConfigRange    = Status(C.TASKWIRE_ERROR_CONFIG_RANGE)     // a setting is outside its range; the error says which
	ErrConfigFrame    = Status(C.TASKWIRE_ERROR_CONFIG_FRAME)     // a task at its bounds does not fit into a frame
	ErrMisaligned     = Status(C.TASKWIRE_ERROR_MISALIGNED)       // not to be met from Go

	ErrJournalOtherNode = Status(C.TASKWIRE_ERROR_JOURNAL_OTHER_NODE) // the journal is of another node
	ErrJournalEpoch     = Status(C.TASKWIRE_ERROR_JOURNAL_EPOCH)      // give an epoch above that of the journal
)

// Faults of the peer or the network: none is fatal, each is counted, go on.
const (
	ErrFrameUndecodable    = Status(C.TASKWIRE_ERROR_FRAME_UNDECODABLE)
	ErrFrameUnknownSession = Status(C.TASKWIRE_ERROR_FRAME_UNKNOWN_SESSION)
	ErrFrameWrongIdentity  = Status(C.TASKWIRE_ERROR_FRAME_WRONG_IDENTITY)
	ErrFrameIllegal        = Status(C.TASKWIRE_ERROR_FRAME_ILLEGAL)
	ErrFrameOverLimit      = Status(C.TASKWIRE_ERROR_FRAME_OVER_LIMIT)
	ErrStreamBroken        = Status(C.TASKWIRE_ERROR_STREAM_BROKEN) // close the connection and begin anew
)

// Limits.
const (
	ErrFull          = Status(C.TASKWIRE_ERROR_FULL)            // only from Register and Retry: again when more is durable
	ErrTooLong       = Status(C.TASKWIRE_ERROR_TOO_LONG)        // metadata or result: shorten it
	ErrNumbersUsedUp = Status(C.TASKWIRE_ERROR_NUMBERS_USED_UP) // begin anew with another task or node

	ErrJournalBeyondLimits = Status(C.TASKWIRE_ERROR_JOURNAL_BEYOND_LIMITS) // configure larger bounds
)

// What the state does not allow.
const (
	ErrUnknownTask       = Status(C.TASKWIRE_ERROR_UNKNOWN_TASK)
	ErrAlreadyRegistered = Status(C.TASKWIRE_ERROR_ALREADY_REGISTERED)
	ErrIllegalTransition = Status(C.TASKWIRE_ERROR_ILLEGAL_TRANSITION) // the error names both states
	ErrNotRunning        = Status(C.TASKWIRE_ERROR_NOT_RUNNING)
	ErrNotEnded          = Status(C.TASKWIRE_ERROR_NOT_ENDED)
	ErrNotFenced         = Status(C.TASKWIRE_ERROR_NOT_FENCED)
	ErrBeingForgotten    = Status(C.TASKWIRE_ERROR_BEING_FORGOTTEN)
	ErrUnknownNode       = Status(C.TASKWIRE_ERROR_UNKNOWN_NODE)
	ErrNotOnHistory      = Status(C.TASKWIRE_ERROR_NOT_ON_HISTORY) // the history has changed: another commit will be due
	ErrNotPolled         = Status(C.TASKWIRE_ERROR_NOT_POLLED)     // poll and store the events before
	ErrAlreadyEnded      = Status(C.TASKWIRE_ERROR_ALREADY_ENDED)  // there is nothing to give up
	ErrNoSession         = Status(C.TASKWIRE_ERROR_NO_SESSION)     // wait for SessionOpened
	ErrVolatile          = Status(C.TASKWIRE_ERROR_VOLATILE)       // the agent keeps no journal
	ErrNotWritten        = Status(C.TASKWIRE_ERROR_NOT_WRITTEN)    // that record was never given out
	ErrBuilderSpent      = Status(C.TASKWIRE_ERROR_BUILDER_SPENT)  // it has made its agent

	// Of ChangesSince: in each case read the view anew, from ViewRevision on.
	ErrCompacted        = Status(C.TASKWIRE_ERROR_COMPACTED)         // too far behind
	ErrFutureRevision   = Status(C.TASKWIRE_ERROR_FUTURE_REVISION)   // no such revision was ever given
	ErrOtherIncarnation = Status(C.TASKWIRE_ERROR_OTHER_INCARNATION) // the controller has begun anew
)

// Fatal.
const (
	ErrPanicked = Status(C.TASKWIRE_ERROR_PANICKED) // a fault in the library was caught: close the object
	ErrOther    = Status(C.TASKWIRE_ERROR_OTHER)    // fatal for the call; the error has the words

	// The store has lost what it promised, or holds what it cannot; FailedAt says where.
	ErrJournalCorrupt      = Status(C.TASKWIRE_ERROR_JOURNAL_CORRUPT)       // a confirmed record cannot be read
	ErrJournalNoCheckpoint = Status(C.TASKWIRE_ERROR_JOURNAL_NO_CHECKPOINT) // earlier records are missing
	ErrJournalFormat       = Status(C.TASKWIRE_ERROR_JOURNAL_FORMAT)        // a later version wrote it
	ErrJournalUnreadable   = Status(C.TASKWIRE_ERROR_JOURNAL_UNREADABLE)    // a record says what cannot be
)

var (
	// ErrClosed is what every call but Close returns after Close.
	ErrClosed = errors.New("taskwire: the object is closed")

	// ErrABIVersion is returned when the library that was found is not of the version that the package was built for.
	ErrABIVersion = errors.New("taskwire: the library has another version of the C interface")
)

// Error says what the status means.
func (s Status) Error() string { return C.GoString(C.taskwire_status_text(C.taskwire_status(s))) }

// An Error is a call that was refused. The object is as it was before the call.
type Error struct {
	Call   string // what was called, such as "Register"
	Status Status // why, for programs; what errors.Is compares with
	Text   string // why, for people: which task, which states, which field of a frame
	Index  int    // Update: which of the slice was refused; 0 elsewhere
}

func (e *Error) Error() string {
	if e.Index > 0 {
		return "taskwire: " + e.Call + " [" + strconv.Itoa(e.Index) + "]: " + e.Text
	}
	return "taskwire: " + e.Call + ": " + e.Text
}

// Unwrap gives the status, so that errors.Is(err, taskwire.ErrFull) holds.
func (e *Error) Unwrap() error { return e.Status }

// refusal makes the error for a call that was refused. kept says whether the object has words about it, which last writes.
func (o *object) refusal(call string, status Status, kept bool, last func(*C.char, C.size_t, *C.size_t)) error {
	if o.pointer == nil {
		return ErrClosed
	}
	text := ""
	if kept && status != ErrPanicked {
		text = words(last)
		o.leave(ok)
	}
	if text == "" {
		text = status.Error()
	}
	return &Error{Call: call, Status: status, Text: text}
}

// words asks a function of the library that writes a text of any length, twice if it is long.
func words(write func(text *C.char, capacity C.size_t, length *C.size_t)) string {
	var length C.size_t
	text := make([]byte, 256)
	write((*C.char)(bytesAt(text)), C.size_t(len(text)), &length)
	if int(length) >= len(text) {
		text = make([]byte, int(length)+1)
		write((*C.char)(bytesAt(text)), C.size_t(len(text)), &length)
	}
	if int(length) >= len(text) {
		length = 0
	}
	return string(text[:length])
}
