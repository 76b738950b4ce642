// Tests of watching: copies equal the view, an empty answer names its revision, what cannot be read from has its error, and
// an audit allocates nothing.

package taskwire

import (
	"testing"
	"time"
)

// copyOf reads on into a copy, so many changes at a time, and says from where to go on.
func copyOf(t testing.TB, p *pair, at ViewRevision, filter *Filter, step int, into map[TaskID]State) ViewRevision {
	t.Helper()
	changes, tasks := make([]Change, step), make([]Task, step)
	for {
		count, next, err := p.controller.ChangesSince(p.now, at, filter, changes, tasks)
		must(t, err)
		for n, change := range changes[:count] {
			switch change.Effect {
			case EffectTask:
				if tasks[n].ID != change.Task || tasks[n].Node != change.Node {
					t.Fatalf("%v beside %v", tasks[n], change)
				}
				into[change.Task] = tasks[n].State
			case EffectTaskGone:
				delete(into, change.Task)
			case EffectNode:
			default:
				t.Fatal(change.Effect)
			}
		}
		if at = next; count < step {
			return at
		}
	}
}

func TestCopiesEqualTheViewAndAnEmptyAnswerNamesItsRevision(t *testing.T) {
	p := newPair(t)
	running, err := NewFilter()
	must(t, err)
	defer running.Close()
	must(t, running.States(Running))
	must(t, running.Node(0))
	must(t, running.WithoutDetails())
	first, _, err := p.controller.ViewRevision(nil)
	must(t, err)
	if first.Revision != 0 || first.Incarnation == 0 {
		t.Fatal(first)
	}
	all, some, late := map[TaskID]State{}, map[TaskID]State{}, map[TaskID]State{}
	atAll, atSome := first, first
	p.open()
	for round := 0; round < 20; round++ {
		id := testID(round)
		must(t, p.agent.Register(p.now, id, []byte("m")))
		must(t, p.agent.Running(p.now, id))
		must(t, p.agent.Progress(p.now, id, 10))
		if round%2 == 0 {
			must(t, p.agent.Succeeded(p.now, id, Exit{ExitCode, 0}))
		}
		p.pass(100 * time.Millisecond)
		atAll = copyOf(t, p, atAll, nil, 3, all)
		atSome = copyOf(t, p, atSome, running, 100, some)
	}
	copyOf(t, p, first, nil, 1, late)
	if len(all) != 20 || len(some) != 10 || len(late) != 20 {
		t.Fatal(len(all), len(some), len(late))
	}
	for id, state := range all {
		task, err := p.controller.Task(p.now, 0, id)
		if must(t, err); task.State != state || late[id] != state || (some[id] != 0) != (state == Running) {
			t.Fatal(id, task.State, state, late[id], some[id])
		}
	}
	newest, oldest, err := p.controller.ViewRevision(running)
	if must(t, err); oldest.Revision != 0 || newest.Revision <= atSome.Revision-1 {
		t.Fatal(newest, oldest)
	}
	count, next, err := p.controller.ChangesSince(p.now, newest, nil, make([]Change, 4), nil)
	if must(t, err); count != 0 || next != newest {
		t.Fatal(count, next, newest)
	}
}

func TestRevisionsThatCannotBeReadFrom(t *testing.T) {
	p := newPair(t)
	p.controller.Close()
	controller, err := NewController(ControllerConfig{Name: "ctl", Term: 1, Seed: 9, History: 4, DetailHistory: -1})
	must(t, err)
	p.controller = controller
	defer controller.Close()
	first, _, err := controller.ViewRevision(nil)
	must(t, err)
	p.open()
	for n := 0; n < 9; n++ {
		must(t, p.agent.Register(p.now, testID(n), nil))
	}
	p.pass(time.Second)
	changes := make([]Change, 8)
	since := func(at ViewRevision) error {
		_, next, err := controller.ChangesSince(p.now, at, nil, changes, nil)
		if err != nil && next != at {
			t.Fatal(next)
		}
		return err
	}
	newest, oldest, err := controller.ViewRevision(nil)
	must(t, err)
	wants(t, since(first), ErrCompacted)
	must(t, since(oldest))
	wants(t, since(ViewRevision{oldest.Incarnation, oldest.Revision - 1}), ErrCompacted)
	wants(t, since(ViewRevision{newest.Incarnation, newest.Revision + 1}), ErrFutureRevision)
	wants(t, since(ViewRevision{newest.Incarnation + 1, newest.Revision}), ErrOtherIncarnation)
	_, _, err = controller.ChangesSince(p.now, newest, nil, changes, make([]Task, 1))
	wants(t, err, ErrArgument)
	filter, err := NewFilter()
	must(t, err)
	wants(t, filter.States(State(7)), ErrArgument)
	filter.Close()
	if _, _, err := controller.ChangesSince(p.now, newest, filter, changes, nil); err != ErrClosed {
		t.Fatal(err)
	}
	if _, _, err := controller.ViewRevision(filter); err != ErrClosed {
		t.Fatal(err)
	}
}

func TestAnAuditAllocatesNothing(t *testing.T) {
	p := newPair(t)
	p.open()
	for n := 0; n < 100; n++ {
		must(t, p.agent.Register(p.now, testID(n), []byte("m")))
	}
	p.pass(time.Second)
	newest, _, err := p.controller.ViewRevision(nil)
	must(t, err)
	from, changes := ViewRevision{newest.Incarnation, 0}, make([]Change, 200)
	if allocations := testing.AllocsPerRun(100, func() {
		count, _, err := p.controller.ChangesSince(p.now, from, nil, changes, nil)
		if err != nil || count < 100 {
			t.Fatal(count, err)
		}
	}); allocations != 0 {
		t.Fatalf("%v allocations", allocations)
	}
}
