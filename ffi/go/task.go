// A task as either role shows it.

package taskwire

// #include "library.h"
import "C"

import (
	"time"
	"unsafe"
)

// A Task is a task as an agent or a controller knows it. It is the caller's own copy.
type Task struct {
	ID         TaskID
	Slot       uint32 // the small integer that stands for it
	State      State
	Attempt    uint32 // which try it is, from 0
	Number     uint32 // that of its newest transition, from 1
	Reason     Reason
	Source     Source
	Exit       Exit
	At         time.Time // when it came to its state
	Registered EntryID   // its registration
	Newest     EntryID   // its newest entry
	Percent    uint8     // as reported last for its attempt, or PercentNone
	MessageCut bool      // the message was cut at its bound
	Metadata   []byte
	Message    string // of its newest transition
	Result     []byte // of its newest transition
	Trace      Trace  // zero if there is none
	Detail     string // the text that its attempt reported last beside the percentage

	// What only a controller knows.
	Node           NodeID
	ReportedState  State         // what its agent says: another than State only with MarkConflict
	ReportedNumber uint32        // of the newest transition that its agent says
	Freshness      Freshness     // how new the knowledge is
	HeardBefore    time.Duration // with FreshnessFresh and FreshnessStale: since its node was heard
	Mark           Mark          // what the controller notes beside the record
	Closed         bool          // its agent has forgotten it, or no longer knows it: the view alone keeps it
	Stale          bool          // the knowledge of it is stale
}

// An EntryID names an entry by the epoch in which it was made and its revision.
type EntryID struct {
	Epoch    uint64
	Revision uint64
}

// taskOf copies a task, with what it points at, which is the object's.
func taskOf(o *object, from *C.taskwire_task) Task {
	task := Task{
		ID:         taskIDOf(&from.id),
		Slot:       uint32(from.slot),
		State:      State(from.state),
		Attempt:    uint32(from.attempt),
		Number:     uint32(from.number),
		Reason:     Reason(from.reason),
		Source:     Source(from.source),
		Exit:       Exit{ExitKind(from.exit_kind), int32(from.exit_value)},
		At:         time.UnixMilli(int64(from.at_ms)),
		Registered: EntryID{uint64(from.registered_epoch), uint64(from.registered_revision)},
		Newest:     EntryID{uint64(from.newest_epoch), uint64(from.newest_revision)},
		Percent:    uint8(from.percent),
		MessageCut: from.message_cut != 0,
		Metadata:   copied(from.metadata, from.metadata_length),
		Message:    string(copied(from.message, from.message_length)),
		Result:     copied(from.result, from.result_length),
		Detail:     string(copied(from.detail, from.detail_length)),

		Node:           NodeID(from.node),
		ReportedState:  State(from.reported_state),
		ReportedNumber: uint32(from.reported_number),
		Freshness:      Freshness(from.freshness),
		HeardBefore:    durationOf(from.heard_before_us),
		Mark:           Mark(from.mark),
		Closed:         from.closed != 0,
		Stale:          from.stale != 0,
	}
	if from.has_trace != 0 {
		task.Trace = traceOf(&from.trace)
	}
	o.leave(ok) // in use until the last byte was copied
	return task
}

func copied(bytes *C.uint8_t, length C.size_t) []byte {
	if bytes == nil || length == 0 {
		return nil
	}
	return append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(bytes)), int(length))...)
}
