// Looking at an agent: its tasks, what is not yet durable, its lease and session, its counters. Nothing here changes it.

package taskwire

// #include <stdlib.h>
// #include <taskwire.h>
import "C"

import (
	"time"
	"unsafe"
)

// A Task is a task as the agent knows it. It is the caller's own copy.
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
}

// An EntryID names an entry by the epoch in which it was made and its revision.
type EntryID struct {
	Epoch    uint64
	Revision uint64
}

// A SyncState is what the controller does not know yet.
type SyncState struct {
	Unreceived uint64   // entries that the controller has not acknowledged
	Undurable  uint64   // entries that are not durable at the controller
	Since      Instant  // when the oldest of those was made; only if Undurable is not 0
	Tail       Position // the newest entry of the agent
	Received   uint64   // the newest revision that the controller has acknowledged
	Durable    uint64   // the newest revision that is durable at the controller
}

// IsDurable says whether everything that was reported is durable at the controller: the agent may go, and nothing is lost.
func (a *Agent) IsDurable() (bool, error) {
	answer := C.taskwire_agent_is_durable(a.c())
	status := C.taskwire_status(ok)
	if answer < 0 {
		status = C.taskwire_status(answer)
	}
	if err := a.looked("IsDurable", status); err != nil {
		return false, err
	}
	return answer > 0, nil
}

// SyncState says what the controller does not know yet, and since when.
func (a *Agent) SyncState() (SyncState, error) {
	var state C.taskwire_sync_state
	C.taskwire_sync_state_init(&state)
	if err := a.looked("SyncState", C.taskwire_agent_sync_state(a.c(), &state)); err != nil {
		return SyncState{}, err
	}
	return SyncState{
		Unreceived: uint64(state.unreceived),
		Undurable:  uint64(state.undurable),
		Since:      Instant(state.since_us),
		Tail:       Position{uint64(state.tail_revision), uint64(state.tail_tag)},
		Received:   uint64(state.received_revision),
		Durable:    uint64(state.durable_revision),
	}, nil
}

// Lease says whether the controller believes in this agent, as far as the agent can know, and until when if it is held.
// The agent's belief ends before the controller's does.
func (a *Agent) Lease(now Instant) (lease Lease, until Instant, err error) {
	status := C.taskwire_agent_lease(a.c(), C.uint64_t(now), &a.code, &a.number)
	if err := a.looked("Lease", status); err != nil {
		return LeaseUnknown, 0, err
	}
	return Lease(a.code), Instant(a.number), nil
}

// Session says how far the agent is with its session.
func (a *Agent) Session() (Session, error) {
	if err := a.looked("Session", C.taskwire_agent_session(a.c(), &a.code)); err != nil {
		return 0, err
	}
	return Session(a.code), nil
}

// Epoch says in which epoch the agent is: that of its configuration, or the one that Supersede took.
func (a *Agent) Epoch() (uint64, error) {
	if err := a.looked("Epoch", C.taskwire_agent_epoch(a.c(), &a.number)); err != nil {
		return 0, err
	}
	return uint64(a.number), nil
}

// Task looks a task up. ErrUnknownTask: it is not registered here, or is forgotten.
func (a *Agent) Task(id TaskID) (Task, error) {
	var found C.taskwire_task
	C.taskwire_task_init(&found)
	// The pointers that are written are the agent's own: they are followed before anything else is called with it.
	if err := a.looked("Task", C.taskwire_agent_task(a.c(), a.taskFor(id), &found)); err != nil {
		return Task{}, err
	}
	return a.taskOf(&found), nil
}

// Tasks writes tasks in the order of their slots, from firstSlot on, and says how many and from where to go on: 0 at
// first, then what it said. A count of 0, of tasks above 0, says that there are no more.
func (a *Agent) Tasks(firstSlot uint32, tasks []Task) (count int, nextSlot uint32, err error) {
	if a.pointer == nil {
		return 0, 0, ErrClosed
	}
	const atOnce = 64
	var found [atOnce]C.taskwire_task
	C.taskwire_task_init(&found[0])
	nextSlot = firstSlot
	for count < len(tasks) {
		room := len(tasks) - count
		if room > atOnce {
			room = atOnce
		}
		status := C.taskwire_agent_tasks(a.c(), C.uint32_t(nextSlot), &found[0], C.size_t(room), &a.length, &a.slot)
		if err := a.looked("Tasks", status); err != nil {
			return count, nextSlot, err
		}
		for n := 0; n < int(a.length); n++ {
			tasks[count] = a.taskOf(&found[n])
			count++
		}
		nextSlot = uint32(a.slot)
		if a.length == 0 {
			break
		}
	}
	return count, nextSlot, nil
}

// taskOf copies a task, with what it points at, which is the agent's.
func (a *Agent) taskOf(from *C.taskwire_task) Task {
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
	}
	if from.has_trace != 0 {
		task.Trace = traceOf(&from.trace)
	}
	a.leave(ok) // the agent was in use until the last byte was copied
	return task
}

func copied(bytes *C.uint8_t, length C.size_t) []byte {
	if bytes == nil || length == 0 {
		return nil
	}
	return append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(bytes)), int(length))...)
}

// AgentMetricNames gives the names of all counters of an agent, in the manner of OpenMetrics, in the order of their values.
func AgentMetricNames() []string {
	names := make([]string, int(C.taskwire_agent_metric_count()))
	for n := range names {
		names[n] = C.GoString(C.taskwire_agent_metric_name(C.size_t(n)))
	}
	return names
}

// Metrics writes the values of the counters, in the order of their names, and says how many; if there is room for fewer,
// the first ones.
func (a *Agent) Metrics(values []uint64) (int, error) {
	status := C.taskwire_agent_metrics(a.c(), (*C.uint64_t)(valuesAt(values)), C.size_t(len(values)), &a.length)
	if err := a.looked("Metrics", status); err != nil {
		return 0, err
	}
	return int(a.length), nil
}

func valuesAt(values []uint64) unsafe.Pointer {
	if len(values) == 0 {
		return nil
	}
	return unsafe.Pointer(&values[0])
}

// Version is that of the library, for people.
func Version() string { return C.GoString(C.taskwire_version_text()) }
