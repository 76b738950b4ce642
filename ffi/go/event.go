// News for the agent's program.

package taskwire

// #include "library.h"
import "C"

import "time"

// eventsAtOnce is how many events come over in one call into C.
const eventsAtOnce = 16

// An EventKind says what an Event is about.
type EventKind uint32

// What there is news of, and the fields that go with it.
const (
	SessionOpened  = EventKind(C.TASKWIRE_EVENT_SESSION_OPENED)  // Name, Term, Verdict, Lossy
	SessionClosed  = EventKind(C.TASKWIRE_EVENT_SESSION_CLOSED)  // End; another session is being asked for
	HistoryDiffers = EventKind(C.TASKWIRE_EVENT_HISTORY_DIFFERS) // Verdict, Controller, Base, Tip; a snapshot repairs it
	Durable        = EventKind(C.TASKWIRE_EVENT_DURABLE)         // Revision: all up to it is durable at the controller
	TaskForgotten  = EventKind(C.TASKWIRE_EVENT_TASK_FORGOTTEN)  // Task: its id may be registered anew
	LeaseExpiring  = EventKind(C.TASKWIRE_EVENT_LEASE_EXPIRING)  // the controller's belief ends soon unless it answers
	LeaseRanOut    = EventKind(C.TASKWIRE_EVENT_LEASE_EXPIRED)   // the controller may believe this agent lost from now on
	Fenced         = EventKind(C.TASKWIRE_EVENT_FENCED)          // Epoch, Twin: this agent is silent until Supersede
	TermConflict   = EventKind(C.TASKWIRE_EVENT_TERM_CONFLICT)   // Term, Name: another controller uses the term; refused
	Refused        = EventKind(C.TASKWIRE_EVENT_REFUSED)         // Refusal, Limit, LimitMost, ComeBackAfter
	Damaged        = EventKind(C.TASKWIRE_EVENT_DAMAGED)         // Task: its record was found damaged in memory; not sent
	// IntervalsChanged: the controller has given out other intervals, which hold from now on. Heartbeat, LeaseTime.
	IntervalsChanged = EventKind(C.TASKWIRE_EVENT_INTERVALS_CHANGED)
	SleepConfirmed   = EventKind(C.TASKWIRE_EVENT_SLEEP_CONFIRMED) // Until: this agent may sleep
	OtherEvent       = EventKind(C.TASKWIRE_EVENT_OTHER)           // something this version has no fields for
)

func (k EventKind) String() string { return C.GoString(C.taskwire_agent_event_text(C.uint32_t(k))) }

// A Position names a whole history: a revision, and a tag over all entries up to it.
type Position struct {
	Revision uint64
	Tag      uint64
}

// An Event is one piece of news. Fields that its kind does not speak of are zero.
type Event struct {
	Kind          EventKind
	Task          TaskID
	Revision      uint64        // the newest durable one
	Term          uint64        // the controller's
	Name          string        // the controller's
	Epoch         uint64        // the one that was seen
	Twin          bool          // it is this very epoch that was seen, of another machine with the same name
	Lossy         bool          // the controller acknowledges what it has only received: such a change may be lost with it
	Verdict       Verdict       // how the controller's position was judged
	End           SessionEnd    // why the session has ended
	Refusal       Refusal       // why the controller will not have this agent
	Limit         Limit         // with RefusalLimit: which setting is too large
	LimitMost     uint32        // with RefusalLimit: the largest value that is taken
	ComeBackAfter time.Duration // until the next try
	Heartbeat     time.Duration // how often a silent agent says that it is there, from now on
	LeaseTime     time.Duration // how long a silent agent is believed in, from now on
	Until         Instant       // until then this agent's silence means nothing
	Controller    Position      // where the controller stood
	Base          Position      // where the agent's log begins
	Tip           Position      // the agent's newest, as far as it may be told
}

// PollEvents writes the next pieces of news and says how many; less than len(events) says that there is no more.
func (a *Agent) PollEvents(events []Event) (count int, err error) {
	if a.pointer == nil {
		return 0, ErrClosed
	}
	for count < len(events) {
		room := len(events) - count
		if room > eventsAtOnce {
			room = eventsAtOnce
		}
		status := C.taskwire_agent_poll_events(a.c(), &a.eventsRoom[0], C.size_t(room), &a.length)
		if err := a.changed("PollEvents", status); err != nil {
			return count, err
		}
		for n := 0; n < int(a.length); n++ {
			events[count].take(&a.eventsRoom[n])
			count++
		}
		if int(a.length) < room {
			return count, nil
		}
	}
	return count, nil
}

func (e *Event) take(from *C.taskwire_agent_event) {
	*e = Event{
		Kind:          EventKind(from.kind),
		Task:          taskIDOf(&from.task),
		Revision:      uint64(from.revision),
		Term:          uint64(from.term),
		Epoch:         uint64(from.epoch),
		Twin:          from.twin != 0,
		Lossy:         from.lossy != 0,
		Verdict:       Verdict(from.verdict),
		Limit:         Limit(from.limit),
		LimitMost:     uint32(from.limit_most),
		ComeBackAfter: durationOf(from.come_back_after_us),
		Heartbeat:     durationOf(from.heartbeat_us),
		LeaseTime:     durationOf(from.lease_us),
		Until:         Instant(from.until_us),
		Controller:    Position{uint64(from.controller_revision), uint64(from.controller_tag)},
		Base:          Position{uint64(from.base_revision), uint64(from.base_tag)},
		Tip:           Position{uint64(from.tip_revision), uint64(from.tip_tag)},
	}
	switch e.Kind {
	case SessionClosed:
		e.End = SessionEnd(from.reason)
	case Refused:
		e.Refusal = Refusal(from.reason)
	}
	if from.name[0] != 0 {
		e.Name = C.GoString(&from.name[0])
	}
}
