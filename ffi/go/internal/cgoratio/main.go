// What cgo costs: one update through the batch call from Go, divided by the same from C, both measured in this program, by
// turns, in the processor time of one thread. It prints one figure as a JSON object, as `make figures` does.
//
// The work is that of the wire figures: of 32 updates a call about a tenth register a task, a tenth begin one, seven tenths
// are progress of distinct tasks, a tenth end one; what has ended is forgotten. Both sides fill the array anew each time.
// What goes on between the measured calls (frames, commits) is not counted.
package main

// #cgo CFLAGS: -O2 -I${SRCDIR}/../../../../include
// #include "native.h"
import "C"

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"sort"
	"unsafe"

	"taskwire.dev/taskwire"
)

const (
	goal         = 2
	runningTasks = 2000
	each         = 32 // updates a call
	callsARound  = 16
	rounds       = 600
	warmUps      = 50
)

func main() {
	runtime.LockOSThread()
	ratio, err := measure()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cgoratio:", err)
		os.Exit(1)
	}
	line, err := json.Marshal(struct {
		Name  string  `json:"name"`
		Value float64 `json:"value"`
		Unit  string  `json:"unit"`
		Goal  float64 `json:"goal"`
	}{"cgo_ratio", float64(int(ratio*1000+0.5)) / 1000, "Go to C, an update through the batch call", goal})
	if err != nil {
		fmt.Fprintln(os.Stderr, "cgoratio:", err)
		os.Exit(1)
	}
	fmt.Println(string(line))
}

func measure() (float64, error) {
	native := C.native_new()
	if native == nil {
		return 0, fmt.Errorf("the side in C could not be made")
	}
	defer C.native_free(native)
	side, err := newSide()
	if err != nil {
		return 0, err
	}
	work, items := newWork(), make([]C.struct_item, 0, 2*each*callsARound)
	var ratios []float64
	for round := -1 - warmUps; round < rounds; round++ {
		items = items[:0]
		if round == -1-warmUps {
			items = work.begin(items)
		} else {
			for call := 0; call < callsARound; call++ {
				items = work.call(items)
			}
		}
		inGo, err := side.report(items)
		if err != nil {
			return 0, err
		}
		inC := C.native_report(native, &items[0], C.size_t(len(items)), each)
		if inC == 0 {
			return 0, fmt.Errorf("the side in C was refused an update")
		}
		if err := side.settle(); err != nil {
			return 0, err
		}
		C.native_settle(native)
		if round >= 0 {
			ratios = append(ratios, float64(inGo)/float64(inC))
		}
	}
	sort.Float64s(ratios)
	return ratios[len(ratios)/2], nil
}

// work makes what there is to report; the same for both sides.
type work struct {
	made    uint64
	running []C.taskwire_task_id // a ring, the oldest at first
	first   int
	next    int // which says next how far it is
	pending []C.taskwire_task_id
}

func newWork() *work { return &work{} }

func (w *work) newID() (id C.taskwire_task_id) {
	w.made++
	// Spread, as ids are that somebody draws.
	*(*[2]uint64)(unsafe.Pointer(&id)) = [2]uint64{w.made * 0x9e3779b97f4a7c15, w.made}
	return id
}

func register(id C.taskwire_task_id) C.struct_item {
	return C.struct_item{kind: C.TASKWIRE_UPDATE_REGISTER, task: id}
}

func move(id C.taskwire_task_id, state C.uint32_t) C.struct_item {
	return C.struct_item{kind: C.TASKWIRE_UPDATE_TRANSITION, task: id, state: state}
}

// begin registers the tasks that run at the start, and has them run.
func (w *work) begin(items []C.struct_item) []C.struct_item {
	for n := 0; n < runningTasks; n++ {
		id := w.newID()
		w.running = append(w.running, id)
		items = append(items, register(id), move(id, C.TASKWIRE_STATE_RUNNING))
	}
	return items
}

// call is one call's worth: 3 register, 3 begin, 23 are progress, 3 end. What they ended is forgotten with the next.
func (w *work) call(items []C.struct_item) []C.struct_item {
	for n := 0; n < 3; n++ {
		var id C.taskwire_task_id
		if n < len(w.pending) {
			id = w.pending[n]
			items = append(items, move(id, C.TASKWIRE_STATE_RUNNING))
			w.running = append(w.running, id)
		}
	}
	w.pending = w.pending[:0]
	for n := 0; n < 3; n++ {
		id := w.newID()
		w.pending = append(w.pending, id)
		items = append(items, register(id))
	}
	for n := 0; n < 23; n++ {
		w.next = (w.next + 83) % len(w.running)
		items = append(items, C.struct_item{kind: C.TASKWIRE_UPDATE_PROGRESS, task: w.running[w.next],
			percent: C.uint32_t(w.made % 101)})
	}
	for n := 0; n < 3 && len(w.running) > runningTasks; n++ {
		id := w.running[0]
		w.running = w.running[1:]
		end := move(id, C.TASKWIRE_STATE_SUCCEEDED)
		end.exit_kind = C.TASKWIRE_EXIT_CODE
		if w.made%10 == 0 {
			end.state, end.reason, end.exit_value = C.TASKWIRE_STATE_FAILED, C.TASKWIRE_REASON_EXIT_CODE, 3
		}
		items = append(items, end, C.struct_item{kind: C.TASKWIRE_UPDATE_FORGET, task: id})
	}
	return items
}

// side is the side in Go.
type side struct {
	agent      *taskwire.Agent
	controller *taskwire.Controller
	now        taskwire.Instant
	updates    []taskwire.Update
	events     []taskwire.ControllerEvent
	news       []taskwire.Event
	frame      []byte
}

func newSide() (*side, error) {
	agent, err := taskwire.NewAgent(taskwire.Config{Node: "edge", Epoch: 1, Linger: -1})
	if err != nil {
		return nil, err
	}
	controller, err := taskwire.NewController(taskwire.ControllerConfig{Name: "control", Term: 1})
	if err != nil {
		return nil, err
	}
	s := &side{agent: agent, controller: controller, updates: make([]taskwire.Update, each),
		events: make([]taskwire.ControllerEvent, 64), news: make([]taskwire.Event, 64), frame: make([]byte, 1200)}
	return s, s.settle()
}

// report reports the items, each a call; the nanoseconds of this thread.
func (s *side) report(items []C.struct_item) (uint64, error) {
	began := C.thread_nanos()
	for at := 0; at < len(items); at += each {
		some := items[at:]
		if len(some) > each {
			some = some[:each]
		}
		for n := range some {
			fill(&s.updates[n], &some[n])
		}
		if _, err := s.agent.Update(s.now, s.updates[:len(some)]); err != nil {
			return 0, err
		}
	}
	return uint64(C.thread_nanos() - began), nil
}

func fill(update *taskwire.Update, item *C.struct_item) {
	update.Kind = taskwire.UpdateKind(item.kind)
	update.Task = *(*taskwire.TaskID)(unsafe.Pointer(&item.task))
	update.State = taskwire.State(item.state)
	update.Percent = uint8(item.percent)
	update.Report.Reason = taskwire.Reason(item.reason)
	update.Report.Exit = taskwire.Exit{Kind: taskwire.ExitKind(item.exit_kind), Value: int32(item.exit_value)}
}

// settle carries frames and commits until neither side has more to say.
func (s *side) settle() error {
	for quiet := 0; quiet < 3; quiet++ {
		frames, err := s.carry()
		if err != nil {
			return err
		}
		if frames > 0 {
			quiet = -1
		}
		s.now += 1000
		if err := s.agent.HandleTimeout(s.now); err != nil {
			return err
		}
		if err := s.controller.HandleTimeout(s.now); err != nil {
			return err
		}
	}
	return nil
}

func (s *side) carry() (frames int, err error) {
	for {
		length, err := s.agent.PollTransmit(s.now, s.frame)
		if err != nil || length == 0 {
			break
		}
		_ = s.controller.Receive(s.now, 1, s.frame[:length])
		frames++
	}
	for count := len(s.events); count == len(s.events); {
		if count, err = s.controller.PollEvents(s.events); err != nil {
			return frames, err
		}
		for _, event := range s.events[:count] {
			if event.Kind == taskwire.ControllerCommitDue {
				_ = s.controller.Commit(event.Node, event.Position)
			}
		}
	}
	for {
		_, length, err := s.controller.PollTransmit(s.now, s.frame)
		if err != nil || length == 0 {
			break
		}
		_ = s.agent.Receive(s.now, s.frame[:length])
		frames++
	}
	for count := len(s.news); count == len(s.news); {
		if count, err = s.agent.PollEvents(s.news); err != nil {
			return frames, err
		}
	}
	return frames, nil
}
