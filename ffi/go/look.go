// Looking at an agent: its tasks, what is not yet durable, its lease and session, its counters. Nothing here changes it.

package taskwire

// #include "library.h"
import "C"

import (
	"unsafe"
)

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
	return taskOf(a.object, &found), nil
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
			tasks[count] = taskOf(a.object, &found[n])
			count++
		}
		nextSlot = uint32(a.slot)
		if a.length == 0 {
			break
		}
	}
	return count, nextSlot, nil
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

// openMetricsAtFirst is room for the OpenMetrics text of either role; the library says that more is never needed.
const openMetricsAtFirst = int(C.TASKWIRE_OPENMETRICS_SIZE)

// AppendOpenMetrics appends everything that can be measured of the agent as OpenMetrics text (version 1.0): how it stands,
// all counters, and histograms. It ends with the line "# EOF".
func (a *Agent) AppendOpenMetrics(now Instant, dst []byte) ([]byte, error) {
	room := roomBehind(dst)
	status := C.taskwire_agent_openmetrics(a.c(), C.uint64_t(now), (*C.char)(bytesAt(room)), C.size_t(len(room)), &a.length)
	if err := a.looked("AppendOpenMetrics", status); err != nil {
		return dst, err
	}
	return append(dst, room[:int(a.length)]...), nil
}

// roomBehind is memory for a text: what the slice has to spare, if that is enough.
func roomBehind(dst []byte) []byte {
	if cap(dst)-len(dst) >= openMetricsAtFirst {
		return dst[len(dst):cap(dst)]
	}
	return make([]byte, openMetricsAtFirst)
}
