// Looking at a controller's view: its nodes, their tasks, its counters. Nothing here changes it.

package taskwire

// #include "library.h"
import "C"

// A Node is a node as a controller knows it. It is the caller's own copy.
type Node struct {
	ID            NodeID
	Name          string
	Reachability  Reachability
	Synced        bool     // its cursor has reached the tip that it named when it opened its session
	Stale         bool     // its tasks are stale: from the end of its lease until it is synced again
	Staging       bool     // a snapshot of it is being put together
	Heard         bool     // it was heard, at HeardAt
	HeardAt       Instant  // when a new frame of it was heard last
	Tasks         uint32   // its live tasks
	Epoch         uint64   // its newest incarnation; 0 before its first session
	Session       uint64   // the session that is open with it; 0 if none is
	Received      Position // everything up to here is known
	Durable       uint64   // everything up to this revision is durable here
	Polled        Position // events up to here were polled
	EventsWaiting uint64   // its events that wait for PollEvents
}

// lookAtOnce is how many nodes or tasks come over in one call into C.
const lookAtOnce = 64

// NodeNamed looks the number of a node up by its name. ErrUnknownNode: no node of this name is known.
func (c *Controller) NodeNamed(name string) (NodeID, error) {
	text, whole := nameForC(name)
	if !whole {
		return 0, c.unlessClosed(&Error{Call: "NodeNamed", Status: ErrUnknownNode, Text: ErrUnknownNode.Error()})
	}
	defer freeName(text)
	if err := c.looked("NodeNamed", C.taskwire_controller_node_named(c.c(), text, &c.code)); err != nil {
		return 0, err
	}
	return NodeID(c.code), nil
}

// Node looks a node up. ErrUnknownNode: no node has the number.
func (c *Controller) Node(node NodeID) (Node, error) {
	var found C.taskwire_node
	C.taskwire_node_init(&found)
	if err := c.looked("Node", C.taskwire_controller_node(c.c(), C.uint32_t(node), &found)); err != nil {
		return Node{}, err
	}
	return nodeOf(&found), nil
}

// Nodes writes nodes in the order in which they were first heard, and says how many and from where to go on: 0 at first,
// then what it said. A count of 0, of nodes above 0, says that there are no more.
func (c *Controller) Nodes(first NodeID, nodes []Node) (count int, next NodeID, err error) {
	if c.pointer == nil {
		return 0, 0, ErrClosed
	}
	var found [lookAtOnce]C.taskwire_node
	C.taskwire_node_init(&found[0])
	next = first
	for count < len(nodes) {
		room := C.size_t(len(nodes) - count)
		if room > lookAtOnce {
			room = lookAtOnce
		}
		status := C.taskwire_controller_nodes(c.c(), C.uint32_t(next), &found[0], room, &c.length, &c.code)
		if err := c.looked("Nodes", status); err != nil {
			return count, next, err
		}
		for n := 0; n < int(c.length); n++ {
			nodes[count] = nodeOf(&found[n])
			count++
		}
		next = NodeID(c.code)
		if c.length == 0 {
			break
		}
	}
	return count, next, nil
}

// Task looks a task of a node up; how fresh the knowledge is counts from now. ErrUnknownNode, ErrUnknownTask.
func (c *Controller) Task(now Instant, node NodeID, id TaskID) (Task, error) {
	var found C.taskwire_task
	C.taskwire_task_init(&found)
	status := C.taskwire_controller_task(c.c(), C.uint64_t(now), C.uint32_t(node), c.taskFor(id), &found)
	if err := c.looked("Task", status); err != nil {
		return Task{}, err
	}
	return taskOf(c.object, &found), nil
}

// Tasks writes tasks of a node: the live ones by their slots, then those that the view keeps although their agent has
// forgotten them; and says how many and from where to go on: 0 at first, then what it said. A count of 0, of tasks above 0,
// says that there are no more. ErrUnknownNode: no node has the number.
func (c *Controller) Tasks(now Instant, node NodeID, cursor uint64, tasks []Task) (count int, next uint64, err error) {
	if c.pointer == nil {
		return 0, 0, ErrClosed
	}
	var found [lookAtOnce]C.taskwire_task
	C.taskwire_task_init(&found[0])
	next = cursor
	for count < len(tasks) {
		room := C.size_t(len(tasks) - count)
		if room > lookAtOnce {
			room = lookAtOnce
		}
		status := C.taskwire_controller_tasks(c.c(), C.uint64_t(now), C.uint32_t(node), C.uint64_t(next), &found[0], room,
			&c.length, &c.number)
		if err := c.looked("Tasks", status); err != nil {
			return count, next, err
		}
		written := int(c.length)
		next = uint64(c.number)
		for n := 0; n < written; n++ {
			tasks[count] = taskOf(c.object, &found[n])
			count++
		}
		if written == 0 {
			break
		}
	}
	return count, next, nil
}

// FindTask looks a task up wherever it is known, one look-up a node, and says how many were written: more than one only
// where it was given to more than one node; none if nobody knows it.
func (c *Controller) FindTask(now Instant, id TaskID, tasks []Task) (count int, err error) {
	found := make([]C.taskwire_task, len(tasks)+1)
	C.taskwire_task_init(&found[0])
	status := C.taskwire_controller_find_task(c.c(), C.uint64_t(now), c.taskFor(id), &found[0], C.size_t(len(tasks)), &c.length)
	if err := c.looked("FindTask", status); err != nil {
		return 0, err
	}
	for n := 0; n < int(c.length); n++ {
		tasks[n] = taskOf(c.object, &found[n])
	}
	return int(c.length), nil
}

func nodeOf(from *C.taskwire_node) Node {
	return Node{
		ID:            NodeID(from.node),
		Name:          C.GoString(&from.name[0]),
		Reachability:  Reachability(from.reachability),
		Synced:        from.synced != 0,
		Stale:         from.stale != 0,
		Staging:       from.staging != 0,
		Heard:         from.has_heard_at != 0,
		HeardAt:       Instant(from.heard_at_us),
		Tasks:         uint32(from.tasks),
		Epoch:         uint64(from.epoch),
		Session:       uint64(from.session),
		Received:      Position{uint64(from.received_revision), uint64(from.received_tag)},
		Durable:       uint64(from.durable_revision),
		Polled:        Position{uint64(from.polled_revision), uint64(from.polled_tag)},
		EventsWaiting: uint64(from.events_waiting),
	}
}

// ControllerMetricNames gives the names of all counters of a controller, in the manner of OpenMetrics, in the order of
// their values.
func ControllerMetricNames() []string {
	names := make([]string, int(C.taskwire_controller_metric_count()))
	for n := range names {
		names[n] = C.GoString(C.taskwire_controller_metric_name(C.size_t(n)))
	}
	return names
}

// Metrics writes the values of the counters, in the order of their names, and says how many; if there is room for fewer,
// the first ones.
func (c *Controller) Metrics(values []uint64) (int, error) {
	status := C.taskwire_controller_metrics(c.c(), (*C.uint64_t)(valuesAt(values)), C.size_t(len(values)), &c.length)
	if err := c.looked("Metrics", status); err != nil {
		return 0, err
	}
	return int(c.length), nil
}

// AppendOpenMetrics appends everything that can be measured of the controller as OpenMetrics text (version 1.0): how it
// stands, all counters, and histograms. It ends with the line "# EOF".
func (c *Controller) AppendOpenMetrics(dst []byte) ([]byte, error) {
	room := roomBehind(dst)
	status := C.taskwire_controller_openmetrics(c.c(), (*C.char)(bytesAt(room)), C.size_t(len(room)), &c.length)
	if err := c.looked("AppendOpenMetrics", status); err != nil {
		return dst, err
	}
	return append(dst, room[:int(c.length)]...), nil
}
