// Watching a controller's view: what has changed since a revision, and filters. What a watcher does with it stands in
// docs/WATCHING.md.

package taskwire

// #include "library.h"
import "C"

import (
	"time"
	"unsafe"
)

// A ViewRevision is a revision of the view of one controller incarnation: all that a watcher has to remember.
type ViewRevision struct {
	Incarnation uint64
	Revision    uint64 // 0 before the first change, and one more for each
}

// A Happening says what happened at a revision.
type Happening uint32

// What may happen. In parentheses the fields of Change that go with it.
const (
	// HappeningMoved: Task moved from From (0: it was registered) to State (Entry, Attempt, Number, Reason, Source, Exit).
	HappeningMoved = Happening(C.TASKWIRE_HAPPENING_MOVED)
	// HappeningForgotten: its agent forgot Task; the view keeps its end for a while.
	HappeningForgotten = Happening(C.TASKWIRE_HAPPENING_FORGOTTEN)
	// HappeningExtended: an entry of a kind that only a later version knows changed Task.
	HappeningExtended = Happening(C.TASKWIRE_HAPPENING_EXTENDED)
	// HappeningRemoved: the view keeps Task no longer.
	HappeningRemoved = Happening(C.TASKWIRE_HAPPENING_REMOVED)
	// HappeningMarked: the controller noted something beside Task (Mark).
	HappeningMarked = Happening(C.TASKWIRE_HAPPENING_MARKED)
	// HappeningMarkLifted: a mark of Task was disproved.
	HappeningMarkLifted = Happening(C.TASKWIRE_HAPPENING_MARK_LIFTED)
	// HappeningDetailShown: a newer detail of Task is shown.
	HappeningDetailShown = Happening(C.TASKWIRE_HAPPENING_DETAIL_SHOWN)
	// HappeningNodeChanged: the node stands otherwise than it did (Reachability, Epoch, Stale, Synced, Silent).
	HappeningNodeChanged = Happening(C.TASKWIRE_HAPPENING_NODE_CHANGED)
	// HappeningTasksReplaced: any task of the node may be other than it was, or gone.
	HappeningTasksReplaced = Happening(C.TASKWIRE_HAPPENING_TASKS_REPLACED)
	// HappeningNodeForgotten: the program had the node forgotten.
	HappeningNodeForgotten = Happening(C.TASKWIRE_HAPPENING_NODE_FORGOTTEN)
	// HappeningOther: something this version has no fields for.
	HappeningOther = Happening(C.TASKWIRE_HAPPENING_OTHER)
)

// An Effect says what a watcher that keeps a copy does with a change.
type Effect uint32

// What it may have to do.
const (
	EffectTask     = Effect(C.TASKWIRE_EFFECT_TASK)      // put the task of the same index in place of what the copy has
	EffectTaskGone = Effect(C.TASKWIRE_EFFECT_TASK_GONE) // take Task out, if it is there
	EffectNode     = Effect(C.TASKWIRE_EFFECT_NODE)      // look the node up, and put it in place, apart from its tasks
	EffectTasks    = Effect(C.TASKWIRE_EFFECT_TASKS)     // take the node's tasks out, and put in those that it has now
	EffectNodeGone = Effect(C.TASKWIRE_EFFECT_NODE_GONE) // take the node out with all its tasks
	EffectOther    = Effect(C.TASKWIRE_EFFECT_OTHER)     // read the view anew
)

// A Change is one change of the view: what happened then, and what follows for a copy, as the view stands now.
type Change struct {
	Happening    Happening
	Effect       Effect
	Node         NodeID
	Task         TaskID
	Revision     ViewRevision // a watcher that stops here goes on from it
	At           time.Time    // by the agent's wall clock if a task moved, else by the controller's
	Entry        uint64       // the revision of the entry in the history of its node
	Epoch        uint64       // the node's newest incarnation; 0 before its first session
	Attempt      uint32
	Number       uint32 // of the transition; 1 is the registration
	From         State  // 0 for a registration
	State        State
	Reason       Reason
	Source       Source
	Exit         Exit
	Mark         Mark
	Reachability Reachability
	Stale        bool
	Synced       bool
	Silent       bool  // its silence means nothing, as it said or as it was sent away
	Trace        Trace // zero if there is none
}

// A Filter says what a watcher cares for. Made by NewFilter, given back by Close; any number of controllers may be read
// with it, one at a time.
type Filter struct{ *object }

// NewFilter makes a filter that takes everything.
func NewFilter() (*Filter, error) {
	var made *C.taskwire_filter
	if status := Status(C.taskwire_filter_new(&made)); status != ok {
		return nil, &Error{Call: "NewFilter", Status: status, Text: status.Error()}
	}
	return &Filter{object: newObject(unsafe.Pointer(made), func(pointer unsafe.Pointer) {
		C.taskwire_filter_free((*C.taskwire_filter)(pointer))
	})}, nil
}

// Close gives the filter back; again does nothing.
func (f *Filter) Close() error {
	f.object.close()
	return nil
}

// Node takes a node, beside those already chosen; without any, every node is taken.
func (f *Filter) Node(node NodeID) error {
	return f.changed("Node", C.taskwire_filter_node(f.c(), C.uint32_t(node)))
}

// States takes tasks in these states alone, as the view says them. ErrArgument: one of them is none.
func (f *Filter) States(states ...State) error {
	var bits C.uint32_t
	for _, state := range states {
		switch state {
		case Pending:
			bits |= C.TASKWIRE_FILTER_PENDING
		case Running:
			bits |= C.TASKWIRE_FILTER_RUNNING
		case Succeeded:
			bits |= C.TASKWIRE_FILTER_SUCCEEDED
		case Failed:
			bits |= C.TASKWIRE_FILTER_FAILED
		case Cancelled:
			bits |= C.TASKWIRE_FILTER_CANCELLED
		default:
			bits |= 1 << 31 // which the library refuses
		}
	}
	return f.changed("States", C.taskwire_filter_states(f.c(), bits))
}

// WithoutDetails leaves changes of details out: what can be read then is bounded by History alone.
func (f *Filter) WithoutDetails() error {
	return f.changed("WithoutDetails", C.taskwire_filter_without_details(f.c()))
}

func (f *Filter) c() *C.taskwire_filter { return (*C.taskwire_filter)(f.enter()) }

func (f *Filter) changed(call string, status C.taskwire_status) error {
	if f.leave(Status(status)) {
		return nil
	}
	return f.refusal(call, Status(status), false, nil)
}

// watching is what C writes into, kept from call to call, so that no call allocates it. Nothing is taken before the first.
type watching struct {
	since, next C.taskwire_view_revision
	changes     [lookAtOnce]C.taskwire_change
	tasks       [lookAtOnce]C.taskwire_task
}

func (c *Controller) watch() *watching {
	if c.watching == nil {
		c.watching = &watching{}
		C.taskwire_change_init(&c.watching.changes[0])
		C.taskwire_task_init(&c.watching.tasks[0])
	}
	return c.watching
}

// ViewRevision says at which revision the view stands, and which is the oldest from which ChangesSince can still read with
// this filter, nil for everything. To begin watching, take the newest, read the view, then go on from there.
func (c *Controller) ViewRevision(filter *Filter) (newest, oldest ViewRevision, err error) {
	there, room, err := filterFor(filter), c.watch(), error(nil)
	if filter != nil && there == nil {
		return newest, oldest, ErrClosed
	}
	err = c.looked("ViewRevision", C.taskwire_controller_view_revision(c.c(), there, &room.since, &room.next))
	if filter != nil {
		filter.leave(ok)
	}
	if err != nil {
		return newest, oldest, err
	}
	return revisionOf(&room.since), revisionOf(&room.next), nil
}

// ChangesSince writes the changes of the view after a revision that the filter takes, nil for everything, and says how
// many and from where to go on; fewer than there is room for says that there are no more. Any number of watchers may read:
// none is registered, and none holds another up. Where the effect of a change is EffectTask, the task of the same index has
// it as the view stands now; tasks may be nil if no copy is kept, and has room for as many as changes else. How fresh a
// task is counts from now. ErrCompacted, ErrOtherIncarnation, ErrFutureRevision: read the view anew, from ViewRevision on.
// ErrArgument: there is room for fewer tasks than changes.
func (c *Controller) ChangesSince(now Instant, since ViewRevision, filter *Filter, changes []Change, tasks []Task) (count int, next ViewRevision, err error) {
	if tasks != nil && len(tasks) < len(changes) {
		return 0, since, c.unlessClosed(&Error{Call: "ChangesSince", Status: ErrArgument, Text: "fewer tasks than changes"})
	}
	there, room := filterFor(filter), c.watch()
	if filter != nil && there == nil {
		return 0, since, ErrClosed
	}
	next = since
	for {
		at := len(changes) - count
		if at > lookAtOnce {
			at = lookAtOnce
		}
		first := &room.tasks[0]
		if tasks == nil {
			first = nil
		}
		room.since = C.taskwire_view_revision{incarnation: C.uint64_t(next.Incarnation), revision: C.uint64_t(next.Revision)}
		status := C.taskwire_controller_changes_since(c.c(), C.uint64_t(now), &room.since, there, &room.changes[0], first,
			C.size_t(at), &c.length, &room.next)
		if filter != nil {
			filter.leave(ok)
		}
		if err := c.looked("ChangesSince", status); err != nil {
			return count, next, err
		}
		written := int(c.length)
		next = revisionOf(&room.next)
		for n := 0; n < written; n++ {
			changes[count] = changeOf(&room.changes[n])
			if tasks != nil && changes[count].Effect == EffectTask {
				tasks[count] = taskOf(c.object, &room.tasks[n])
			}
			count++
		}
		if written < at || count == len(changes) {
			return count, next, nil
		}
	}
}

// filterFor is the filter behind a handle; nil for none, or for one that is closed.
func filterFor(filter *Filter) *C.taskwire_filter {
	if filter == nil {
		return nil
	}
	return filter.c()
}

func revisionOf(from *C.taskwire_view_revision) ViewRevision {
	return ViewRevision{uint64(from.incarnation), uint64(from.revision)}
}

func changeOf(from *C.taskwire_change) Change {
	change := Change{
		Happening:    Happening(from.happening),
		Effect:       Effect(from.effect),
		Node:         NodeID(from.node),
		Task:         taskIDOf(&from.task),
		Revision:     revisionOf(&from.revision),
		At:           time.UnixMilli(int64(from.at_ms)),
		Entry:        uint64(from.entry_revision),
		Epoch:        uint64(from.epoch),
		Attempt:      uint32(from.attempt),
		Number:       uint32(from.number),
		From:         State(from.from_state),
		State:        State(from.state),
		Reason:       Reason(from.reason),
		Source:       Source(from.source),
		Exit:         Exit{ExitKind(from.exit_kind), int32(from.exit_value)},
		Mark:         Mark(from.mark),
		Reachability: Reachability(from.reachability),
		Stale:        from.stale != 0,
		Synced:       from.synced != 0,
		Silent:       from.silent != 0,
	}
	if from.has_trace != 0 {
		change.Trace = traceOf(&from.trace)
	}
	return change
}
