// An agent: how it is made and closed, and the five calls of the loop. Reports stand in report.go, looking in look.go.

package taskwire

// #include "library.h"
import "C"

import (
	"time"
	"unsafe"
)

// An Agent is the edge side: one a node, the single writer of its tasks' state. Made by NewAgent, given back by Close.
type Agent struct {
	*object
	batch *batch

	// What C writes into, here so that no call allocates it.
	task       C.taskwire_task_id
	length     C.size_t
	number     C.uint64_t
	code       C.uint32_t
	slot       C.uint32_t
	eventsRoom [eventsAtOnce]C.taskwire_agent_event
}

// NewAgent makes an agent. ErrConfigNode, ErrConfigRange and ErrConfigFrame: the error says what was given and what to
// give. One that goes on from a journal is made by an AgentBuilder.
func NewAgent(config Config) (*Agent, error) {
	var made *C.taskwire_agent
	err := config.give("NewAgent", func(there *C.taskwire_agent_config) C.taskwire_status {
		return C.taskwire_agent_new(there, &made)
	})
	if err != nil {
		return nil, err
	}
	return agentOf(made), nil
}

// agentOf makes the agent behind a handle Go's.
func agentOf(made *C.taskwire_agent) *Agent {
	batch := &batch{}
	agent := &Agent{batch: batch, object: newObject(unsafe.Pointer(made), func(pointer unsafe.Pointer) {
		C.taskwire_agent_free((*C.taskwire_agent)(pointer))
		batch.free()
	})}
	C.taskwire_agent_event_init(&agent.eventsRoom[0])
	return agent
}

// give hands the settings to a function of the library that makes something of them; refused, the error has the words.
func (config *Config) give(call string, to func(*C.taskwire_agent_config) C.taskwire_status) error {
	if C.taskwire_abi_version() != C.TASKWIRE_ABI_VERSION {
		return ErrABIVersion
	}
	name, whole := nameForC(config.Node)
	if !whole {
		return &Error{Call: call, Status: ErrConfigNode, Text: "the node name has a NUL in it"}
	}
	defer freeName(name)
	// The struct points to memory of C, and so goes over in memory of C's.
	there := (*C.taskwire_agent_config)(C.calloc(1, C.sizeof_taskwire_agent_config))
	defer C.free(unsafe.Pointer(there))
	if status := Status(C.taskwire_agent_config_init(there)); status != ok {
		return &Error{Call: call, Status: status, Text: status.Error()}
	}
	config.put(there)
	there.node = name
	if status := Status(to(there)); status != ok {
		text := words(func(text *C.char, capacity C.size_t, length *C.size_t) {
			C.taskwire_agent_config_check(there, text, capacity, length)
		})
		if text == "" {
			text = status.Error()
		}
		return &Error{Call: call, Status: status, Text: text}
	}
	return nil
}

// Close gives the agent back; again does nothing. What is not yet durable is lost: IsDurable and Goodbye come before.
func (a *Agent) Close() error {
	a.object.close()
	return nil
}

// Receive takes a frame that has come from the controller, whole as it came. An error of the peer's is never fatal: it is
// counted, says which field at which offset, and changes nothing; there may be an answer to send.
func (a *Agent) Receive(now Instant, frame []byte) error {
	return a.changed("Receive", C.taskwire_agent_receive(a.c(), C.uint64_t(now), (*C.uint8_t)(bytesAt(frame)),
		C.size_t(len(frame))))
}

// PollTransmit writes the next frame to send to the controller and says how long it is; 0 if there is nothing to send now.
// Call it until then. ErrBufferTooSmall: give the configured frame size, 1,200 by default; the frame comes with the next
// call.
func (a *Agent) PollTransmit(now Instant, frame []byte) (int, error) {
	status := C.taskwire_agent_poll_transmit(a.c(), C.uint64_t(now), (*C.uint8_t)(bytesAt(frame)), C.size_t(len(frame)),
		&a.length)
	if err := a.changed("PollTransmit", status); err != nil {
		return 0, err
	}
	return int(a.length), nil
}

// HandleTimeout does what is due. Early and repeated calls are harmless; every deadline that has passed is gone afterwards.
func (a *Agent) HandleTimeout(now Instant) error {
	return a.changed("HandleTimeout", C.taskwire_agent_handle_timeout(a.c(), C.uint64_t(now)))
}

// NextTimeout says when HandleTimeout wants to be called; false if there is no deadline.
func (a *Agent) NextTimeout() (Instant, bool, error) {
	status := C.taskwire_agent_next_timeout(a.c(), &a.code, &a.number)
	if err := a.looked("NextTimeout", status); err != nil {
		return 0, false, err
	}
	return Instant(a.number), a.code != 0, nil
}

// NextTimeoutReason says why the agent wants to be woken, for people; empty if it does not.
func (a *Agent) NextTimeoutReason() (string, error) {
	var text *C.char
	status := C.taskwire_agent_next_timeout_reason(a.c(), &text, &a.length)
	if err := a.looked("NextTimeoutReason", status); err != nil {
		return "", err
	}
	return C.GoStringN(text, C.int(a.length)), nil
}

// Wait says how long the program may sleep: until the deadline, but at most so long. A deadline that has passed gives 0,
// and a closed agent gives most: the other calls say so.
func (a *Agent) Wait(now Instant, most time.Duration) time.Duration {
	wait := C.taskwire_agent_wait_us(a.c(), C.uint64_t(now), microseconds(most))
	a.leave(ok)
	return durationOf(wait)
}

// Goodbye leaves in good order. Drain PollTransmit once more; the agent is silent afterwards. IsDurable comes before,
// where nothing may be lost.
func (a *Agent) Goodbye(now Instant) error {
	return a.changed("Goodbye", C.taskwire_agent_goodbye(a.c(), C.uint64_t(now)))
}

// GoodbyeUntil leaves like Goodbye, and says after how long the agent means to come back; 0 does not say.
func (a *Agent) GoodbyeUntil(now Instant, comeBackAfter time.Duration) error {
	return a.changed("GoodbyeUntil", C.taskwire_agent_goodbye_until(a.c(), C.uint64_t(now), microseconds(comeBackAfter)))
}

// SleepFor says in advance that the agent will be silent: until then its silence means nothing to the controller. It holds
// once SleepConfirmed has come: sleep after that. A shorter time, or 0, takes back what was said. ErrNoSession: wait for
// SessionOpened; a new session knows nothing of a sleep. At most 30 days.
func (a *Agent) SleepFor(now Instant, duration time.Duration) error {
	return a.changed("SleepFor", C.taskwire_agent_sleep_for(a.c(), C.uint64_t(now), microseconds(duration)))
}

// LastWill writes a frame, ready-made, for a carrier with a last will, as MQTT has it, and says how long it is; 0 without a
// session. It stands for the session that is open now: make it anew after each SessionOpened. 48 bytes are enough.
func (a *Agent) LastWill(frame []byte) (int, error) {
	status := C.taskwire_agent_last_will(a.c(), (*C.uint8_t)(bytesAt(frame)), C.size_t(len(frame)), &a.length)
	if err := a.looked("LastWill", status); err != nil {
		return 0, err
	}
	return int(a.length), nil
}

// Supersede goes on after an event Fenced, as the epoch after the one seen, which it gives and which the program must
// store. Only a program that knows the other incarnation to be gone may do so. ErrNotFenced: the agent is not fenced, or
// by another epoch.
func (a *Agent) Supersede(now Instant, seen uint64) (epoch uint64, err error) {
	status := C.taskwire_agent_supersede(a.c(), C.uint64_t(now), C.uint64_t(seen), &a.number)
	if err := a.changed("Supersede", status); err != nil {
		return 0, err
	}
	return uint64(a.number), nil
}

// SetWallClock says what the wall clock shows, when it was set or has drifted. It decides nothing: entries made from now
// on carry times by it.
func (a *Agent) SetWallClock(now Instant, wall time.Time) error {
	return a.changed("SetWallClock", C.taskwire_agent_set_wall_clock(a.c(), C.uint64_t(now), C.uint64_t(wall.UnixMilli())))
}

// c begins a call; changed or looked ends it.
func (a *Agent) c() *C.taskwire_agent { return (*C.taskwire_agent)(a.enter()) }

// taskFor puts an id where C may look at it.
func (a *Agent) taskFor(id TaskID) *C.taskwire_task_id {
	a.task = id.c()
	return &a.task
}

// changed ends a call that may have changed the agent: the library has kept words about a refusal.
func (a *Agent) changed(call string, status C.taskwire_status) error {
	if a.leave(Status(status)) {
		return nil
	}
	return a.refused(call, Status(status), true)
}

// looked ends a call that only looked: no words are kept.
func (a *Agent) looked(call string, status C.taskwire_status) error {
	if a.leave(Status(status)) {
		return nil
	}
	return a.refused(call, Status(status), false)
}

func (a *Agent) refused(call string, status Status, kept bool) error {
	return a.refusal(call, status, kept, func(text *C.char, capacity C.size_t, length *C.size_t) {
		C.taskwire_agent_last_error(a.c(), text, capacity, length)
	})
}
