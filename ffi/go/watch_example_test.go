// A watcher that keeps a copy: what docs/WATCHING.md shows.

package taskwire_test

import (
	"errors"
	"fmt"

	"taskwire.dev/taskwire"
)

// A running is a copy of the tasks that are running, by node and id.
type running struct {
	filter *taskwire.Filter
	at     taskwire.ViewRevision
	tasks  map[taskwire.NodeID]map[taskwire.TaskID]uint8
}

// node puts what a node has now in place of what the copy has of it.
func (r *running) node(controller *taskwire.Controller, now taskwire.Instant, node taskwire.NodeID) error {
	r.tasks[node] = map[taskwire.TaskID]uint8{}
	tasks, cursor := make([]taskwire.Task, 64), uint64(0)
	for {
		count, next, err := controller.Tasks(now, node, cursor, tasks)
		if err != nil || count == 0 {
			return err
		}
		for _, task := range tasks[:count] {
			if task.State == taskwire.Running {
				r.tasks[node][task.ID] = task.Percent
			}
		}
		cursor = next
	}
}

// startOver takes a snapshot: first the revision, then the view.
func (r *running) startOver(controller *taskwire.Controller, now taskwire.Instant) (err error) {
	r.tasks = map[taskwire.NodeID]map[taskwire.TaskID]uint8{}
	if r.at, _, err = controller.ViewRevision(r.filter); err != nil {
		return err
	}
	nodes := make([]taskwire.Node, 64)
	count, next, err := controller.Nodes(0, nodes)
	for ; err == nil && count > 0; count, next, err = controller.Nodes(next, nodes) {
		for _, node := range nodes[:count] {
			if err := r.node(controller, now, node.ID); err != nil {
				return err
			}
		}
	}
	return err
}

// read reads on, and starts over where it has fallen too far behind.
func (r *running) read(controller *taskwire.Controller, now taskwire.Instant) error {
	changes, tasks := make([]taskwire.Change, 64), make([]taskwire.Task, 64)
	for {
		count, next, err := controller.ChangesSince(now, r.at, r.filter, changes, tasks)
		if errors.Is(err, taskwire.ErrCompacted) || errors.Is(err, taskwire.ErrOtherIncarnation) {
			return r.startOver(controller, now)
		} else if err != nil {
			return err
		}
		for n, change := range changes[:count] {
			switch change.Effect {
			case taskwire.EffectTask:
				if r.tasks[change.Node] == nil {
					r.tasks[change.Node] = map[taskwire.TaskID]uint8{}
				}
				r.tasks[change.Node][change.Task] = tasks[n].Percent
			case taskwire.EffectTaskGone:
				delete(r.tasks[change.Node], change.Task)
			case taskwire.EffectNodeGone:
				delete(r.tasks, change.Node)
			case taskwire.EffectTasks:
				if err := r.node(controller, now, change.Node); err != nil {
					return err
				}
			}
		}
		if r.at = next; count < len(changes) {
			return nil
		}
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func ExampleController_ChangesSince() {
	controller, err := taskwire.NewController(taskwire.ControllerConfig{Name: "control", Term: 1, Seed: 7})
	check(err)
	defer controller.Close()
	filter, err := taskwire.NewFilter()
	check(err)
	defer filter.Close()
	check(filter.States(taskwire.Running))

	copied := running{filter: filter}
	check(copied.startOver(controller, 0))
	check(copied.read(controller, 0))
	fmt.Println(len(copied.tasks), "nodes, read up to revision", copied.at.Revision)
	// Output: 0 nodes, read up to revision 0
}
