// News for the controller's program.

package taskwire

// #include "library.h"
import "C"

import (
	"time"
	"unsafe"
)

// controllerEventsAtOnce is how many events come over in one call into C.
const controllerEventsAtOnce = 64

// A ControllerEvent is one piece of news. Fields that its kind does not speak of are zero. Metadata, Message and Result
// hold until the next PollEvents; copy what is to stay.
type ControllerEvent struct {
	Kind       ControllerEventKind
	Node       NodeID
	Task       TaskID
	State      State // the state reached
	From       State // the state left; 0 for a registration
	Attempt    uint32
	Number     uint32 // of the transition; 1 is the registration
	Reason     Reason
	Source     Source
	Exit       Exit
	At         time.Time // when it happened, by the agent's wall clock
	Position   Position  // of the entry, with Node its identity for ever; or where the controller stands
	Epoch      uint64    // of the entry, or of the node
	Registered EntryID   // the task's registration
	Metadata   []byte
	Message    []byte // a text for people
	MessageCut bool   // it was cut at its bound
	Result     []byte
	Trace      Trace

	MayBeRepeat   bool // the program may have seen the entry before; its position tells
	OutOfSequence bool // the number goes back, or repeats one already seen: two histories of one task
	MayBeInexact  bool // the range of numbers may be inexact
	First, Last   uint32
	KeptState     State
	KeptNumber    uint32

	Verdict                          Verdict
	Symptom                          Symptom
	TasksStale                       uint32
	Gaps, OutcomesUnknown, Conflicts uint32 // what a repair found
	Refusal                          Refusal
	Limit                            Limit
	LimitMost                        uint32
	Term                             uint64 // the term that the agent accepted
	TermConflict                     bool   // it is this very term, of another controller or another life of this one
	Base, Tip                        Position
	Name                             string // of a node, where the kind says so
}

// controllerEvents is where events and their bytes lie: the events in memory of C's, since they point to what is C's; a
// copy of the bytes in memory of Go's, kept from call to call.
type controllerEvents struct {
	room  []C.taskwire_controller_event
	bytes []byte
}

func newControllerEvents() *controllerEvents {
	memory := C.calloc(controllerEventsAtOnce, C.sizeof_taskwire_controller_event)
	room := unsafe.Slice((*C.taskwire_controller_event)(memory), controllerEventsAtOnce)
	C.taskwire_controller_event_init(&room[0])
	return &controllerEvents{room: room}
}

func (e *controllerEvents) free() {
	C.free(unsafe.Pointer(&e.room[0]))
	e.room = nil
}

// PollEvents writes the next pieces of news and says how many; less than len(events) says that there is no more. Nodes take
// turns; the events of one node keep their order.
func (c *Controller) PollEvents(events []ControllerEvent) (count int, err error) {
	if c.pointer == nil {
		return 0, ErrClosed
	}
	c.events.bytes = c.events.bytes[:0]
	first := &c.events.room[0] // not in the call itself: cgo would look at the whole slice
	for count < len(events) {
		room := len(events) - count
		if room > controllerEventsAtOnce {
			room = controllerEventsAtOnce
		}
		status := C.taskwire_controller_poll_events(c.c(), first, C.size_t(room), &c.length)
		if err := c.changed("PollEvents", status); err != nil {
			return count, err
		}
		for n := 0; n < int(c.length); n++ {
			c.events.take(&events[count], &c.events.room[n])
			count++
		}
		c.leave(ok) // in use until the last byte was copied
		if int(c.length) < room {
			break
		}
	}
	return count, nil
}

func (e *controllerEvents) take(to *ControllerEvent, from *C.taskwire_controller_event) {
	*to = ControllerEvent{
		Kind:       ControllerEventKind(from.kind),
		Node:       NodeID(from.node),
		Task:       taskIDOf(&from.task),
		State:      State(from.state),
		From:       State(from.from_state),
		Attempt:    uint32(from.attempt),
		Number:     uint32(from.number),
		Source:     Source(from.source),
		Exit:       Exit{ExitKind(from.exit_kind), int32(from.exit_value)},
		Position:   Position{uint64(from.position_revision), uint64(from.position_tag)},
		Epoch:      uint64(from.epoch),
		Registered: EntryID{uint64(from.registered_epoch), uint64(from.registered_revision)},
		Metadata:   e.keep(from.metadata, from.metadata_length),
		Message:    e.keep(from.message, from.message_length),
		MessageCut: from.message_cut != 0,
		Result:     e.keep(from.result, from.result_length),

		MayBeRepeat:   from.may_be_repeat != 0,
		OutOfSequence: from.out_of_sequence != 0,
		MayBeInexact:  from.may_be_inexact != 0,
		First:         uint32(from.first_number),
		Last:          uint32(from.last_number),
		KeptState:     State(from.kept_state),
		KeptNumber:    uint32(from.kept_number),

		Verdict:         Verdict(from.verdict),
		Symptom:         Symptom(from.symptom),
		TasksStale:      uint32(from.tasks_stale),
		Gaps:            uint32(from.gaps),
		OutcomesUnknown: uint32(from.outcomes_unknown),
		Conflicts:       uint32(from.conflicts),
		Limit:           Limit(from.limit),
		LimitMost:       uint32(from.limit_most),
		Term:            uint64(from.term),
		TermConflict:    from.term_conflict != 0,
		Base:            Position{uint64(from.base_revision), uint64(from.base_tag)},
		Tip:             Position{uint64(from.tip_revision), uint64(from.tip_tag)},
	}
	if to.Kind == ControllerHelloRefused {
		to.Refusal = Refusal(from.reason)
	} else {
		to.Reason = Reason(from.reason)
	}
	if to.Kind == ControllerTransition {
		to.At = time.UnixMilli(int64(from.at_ms))
	}
	if from.has_trace != 0 {
		to.Trace = traceOf(&from.trace)
	}
	if from.name[0] != 0 {
		to.Name = C.GoString(&from.name[0])
	}
}

// keep copies bytes that are the library's. What was kept before in this call stays where it is, should they move.
func (e *controllerEvents) keep(bytes *C.uint8_t, length C.size_t) []byte {
	if bytes == nil || length == 0 {
		return nil
	}
	at := len(e.bytes)
	e.bytes = append(e.bytes, unsafe.Slice((*byte)(unsafe.Pointer(bytes)), int(length))...)
	return e.bytes[at:len(e.bytes):len(e.bytes)]
}
