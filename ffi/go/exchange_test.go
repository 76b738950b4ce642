// Tests of an agent and a controller together, in virtual time: what one reports the other's program sees, once and in
// order, also over a network that loses and repeats; and that nothing of it allocates.

package taskwire

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand"
	"testing"
	"time"
)

// A pair is an agent and a controller with a network between them that a test may spoil.
type pair struct {
	t          testing.TB
	now        Instant
	agent      *Agent
	controller *Controller
	frame      []byte
	lose       func() bool
	events     []ControllerEvent
	news       []Event
	history    []string // of ControllerTransition, when it is wanted
	keep       bool
	seen       map[ControllerEventKind]int
}

func newPair(t testing.TB) *pair {
	t.Helper()
	controller, err := NewController(ControllerConfig{Name: "ctl", Term: 1, Seed: 9, Heartbeat: time.Second, Lease: 3 * time.Second})
	must(t, err)
	t.Cleanup(func() { controller.Close() })
	agent := testAgent(t, func(c *Config) { c.Linger = -1 })
	return &pair{t: t, now: 1_000_000, agent: agent, controller: controller, frame: make([]byte, 1200),
		lose: func() bool { return false }, events: make([]ControllerEvent, 64), news: make([]Event, 16),
		keep: true, seen: map[ControllerEventKind]int{}}
}

// exchange carries frames and takes events until nobody has more.
func (p *pair) exchange() {
	for more := true; more; {
		more = false
		for {
			length, err := p.agent.PollTransmit(p.now, p.frame)
			must(p.t, err)
			if length == 0 {
				break
			}
			more = true
			if !p.lose() {
				must(p.t, p.controller.Receive(p.now, 7, p.frame[:length]))
			}
		}
		p.takeEvents()
		for {
			peer, length, err := p.controller.PollTransmit(p.now, p.frame)
			must(p.t, err)
			if length == 0 {
				break
			}
			if peer != 7 {
				p.t.Fatal(peer)
			}
			more = true
			if !p.lose() {
				must(p.t, p.agent.Receive(p.now, p.frame[:length]))
			}
		}
		_, err := p.agent.PollEvents(p.news)
		must(p.t, err)
	}
}

func (p *pair) takeEvents() {
	for {
		count, err := p.controller.PollEvents(p.events)
		must(p.t, err)
		for n := range p.events[:count] {
			event := &p.events[n]
			if p.keep {
				p.seen[event.Kind]++
				if event.Kind == ControllerTransition {
					p.history = append(p.history, fmt.Sprintf("%d #%d %v %s", event.Task[15], event.Number, event.State, event.Message))
				}
			}
			if event.Kind == ControllerCommitDue {
				must(p.t, p.controller.Commit(event.Node, event.Position))
			}
		}
		if count < len(p.events) {
			return
		}
	}
}

// pass lets so much time pass, a deadline at a time.
func (p *pair) pass(howLong time.Duration) {
	for end := p.now + Instant(howLong/time.Microsecond); p.now < end; {
		next := end
		for _, timeout := range []func() (Instant, bool, error){p.agent.NextTimeout, p.controller.NextTimeout} {
			at, set, err := timeout()
			must(p.t, err)
			if set && at < next {
				next = at
			}
		}
		if next > p.now {
			p.now = next
		}
		must(p.t, p.agent.HandleTimeout(p.now))
		must(p.t, p.controller.HandleTimeout(p.now))
		p.exchange()
	}
}

func (p *pair) open() {
	p.exchange()
	p.pass(100 * time.Millisecond)
	if session, err := p.agent.Session(); session != SessionOpen || err != nil {
		p.t.Fatal(session, err)
	}
}

func (p *pair) durable() bool {
	durable, err := p.agent.IsDurable()
	must(p.t, err)
	return durable
}

func TestWhatTheAgentReportsTheControllerSees(t *testing.T) {
	p := newPair(t)
	p.open()
	id, trace := testID(1), Trace{TraceID: [16]byte{5}, SpanID: [8]byte{6}, Flags: 1}
	_, err := p.agent.Update(p.now, []Update{{Kind: UpdateRegister, Task: id, Metadata: []byte("build #42"),
		Report: Report{Trace: trace}}})
	must(t, err)
	must(t, p.agent.Running(p.now, id))
	must(t, p.agent.Detail(p.now, id, 40, "linking"))
	p.exchange()
	node, err := p.controller.NodeNamed("edge-7")
	must(t, err)
	task, err := p.controller.Task(p.now, node, id)
	must(t, err)
	if task.State != Running || task.Percent != 40 || task.Detail != "linking" || string(task.Metadata) != "build #42" ||
		task.Trace != trace || task.Node != node || task.Freshness != FreshnessFresh || task.Mark != MarkNone || task.Stale {
		t.Fatalf("%+v", task)
	}
	must(t, p.agent.Transition(p.now, id, Succeeded, Report{Exit: Exit{ExitCode, 0}, Message: "well", Result: []byte("42")}))
	p.exchange()
	p.pass(time.Second)
	if !p.durable() {
		t.Fatal("all was committed")
	}
	if got := fmt.Sprint(p.history); got != "[1 #1 PENDING  1 #2 RUNNING  1 #3 SUCCEEDED well]" {
		t.Fatal(got)
	}
	seen, err := p.controller.Node(node)
	must(t, err)
	if seen.Name != "edge-7" || seen.Reachability != Live || !seen.Synced || seen.Stale || seen.Tasks != 1 || seen.Epoch != 5 ||
		!seen.Heard || seen.Received.Revision != 3 || seen.Durable != 3 || seen.EventsWaiting != 0 {
		t.Fatalf("%+v", seen)
	}
	if count, err := p.controller.FindTask(p.now, id, make([]Task, 2)); count != 1 || err != nil {
		t.Fatal(count, err)
	}
	lease, until, err := p.agent.Lease(p.now)
	if lease != LeaseHeld || until <= p.now || err != nil {
		t.Fatal(lease, until, err)
	}
}

func TestEachTransitionIsSeenOnceThoughATenthIsLost(t *testing.T) {
	p := newPair(t)
	random := rand.New(rand.NewSource(4))
	p.lose = func() bool { return random.Intn(10) == 0 }
	const tasks = 120
	for n := 0; n < tasks; n++ {
		id := testID(n)
		must(t, p.agent.Register(p.now, id, nil))
		must(t, p.agent.Running(p.now, id))
		must(t, p.agent.Failed(p.now, id, ReasonExitCode, Exit{ExitCode, 3}))
		must(t, p.agent.Forget(p.now, id))
		p.pass(20 * time.Millisecond)
	}
	p.lose = func() bool { return false }
	p.pass(10 * time.Second)
	if !p.durable() || len(p.history) != 3*tasks || p.seen[ControllerTransition] != 3*tasks ||
		p.seen[ControllerTaskForgotten] != tasks {
		t.Fatal(p.durable(), len(p.history), p.seen)
	}
	node, err := p.controller.NodeNamed("edge-7")
	must(t, err)
	some, all := make([]Task, 70), map[TaskID]bool{}
	for next := uint64(0); ; {
		count, after, err := p.controller.Tasks(p.now, node, next, some)
		must(t, err)
		if count == 0 {
			break
		}
		for _, task := range some[:count] {
			if task.State != Failed || !task.Closed || all[task.ID] {
				t.Fatalf("%+v", task)
			}
			all[task.ID] = true
		}
		next = after
	}
	if len(all) != tasks {
		t.Fatalf("%d tasks in the view", len(all))
	}
}

func TestLongMetadataComeWholeAndCountOnlyThen(t *testing.T) {
	p := newPair(t)
	p.open()
	long := bytes.Repeat([]byte("build #42 "), 2_000)
	must(t, p.agent.Register(p.now, testID(1), long))
	p.pass(5 * time.Second)
	node, err := p.controller.NodeNamed("edge-7")
	must(t, err)
	task, err := p.controller.Task(p.now, node, testID(1))
	must(t, err)
	if !bytes.Equal(task.Metadata, long) || p.seen[ControllerValueWhole] != 1 || !p.durable() {
		t.Fatal(len(task.Metadata), p.seen, p.durable())
	}
}

func TestWhatCanBeMeasuredAsText(t *testing.T) {
	p := newPair(t)
	p.open()
	text := []byte("before\n")
	text, err := p.agent.AppendOpenMetrics(p.now, text)
	must(t, err)
	agents := len(text)
	text, err = p.controller.AppendOpenMetrics(text)
	must(t, err)
	if !bytes.HasPrefix(text, []byte("before\n# ")) || !bytes.HasSuffix(text[:agents], []byte("# EOF\n")) ||
		!bytes.HasSuffix(text, []byte("# EOF\n")) || bytes.Count(text, []byte("# EOF")) != 2 {
		t.Fatalf("%s", text)
	}
}

func TestASilentAgentIsLostAndItsTasksAreStale(t *testing.T) {
	p := newPair(t)
	p.open()
	must(t, p.agent.Register(p.now, testID(1), nil))
	p.exchange()
	p.lose = func() bool { return true }
	p.pass(5 * time.Second)
	nodes := make([]Node, 3)
	count, _, err := p.controller.Nodes(0, nodes)
	if count != 1 || err != nil || nodes[0].Reachability != Lost || !nodes[0].Stale || p.seen[ControllerNodeLost] != 1 {
		t.Fatalf("%+v %v %v", nodes[:count], err, p.seen)
	}
	must(t, p.controller.GiveUp(nodes[0].ID, testID(1)))
	task, err := p.controller.Task(p.now, nodes[0].ID, testID(1))
	if err != nil || task.Mark != MarkGivenUp || task.Freshness != FreshnessStale || task.HeardBefore < 3*time.Second {
		t.Fatalf("%+v %v", task, err)
	}
	p.lose = func() bool { return false }
	must(t, p.agent.Running(p.now, testID(1)))
	p.pass(5 * time.Second)
	if p.seen[ControllerLateTruth] != 1 || p.seen[ControllerNodeSynced] < 2 {
		t.Fatal(p.seen)
	}
	must(t, p.controller.ForgetNode(nodes[0].ID))
	if _, err := p.controller.Node(nodes[0].ID); !errors.Is(err, ErrUnknownNode) {
		t.Fatal(err)
	}
}

func TestAPeerIsHeldToItsNode(t *testing.T) {
	p := newPair(t)
	must(t, p.controller.BindPeer(7, "edge-8"))
	length, err := p.agent.PollTransmit(p.now, p.frame)
	must(t, err)
	if err := p.controller.Receive(p.now, 7, p.frame[:length]); !errors.Is(err, ErrFrameWrongIdentity) {
		t.Fatal(err)
	}
	p.takeEvents()
	if p.seen[ControllerHelloRefused] != 1 {
		t.Fatal(p.seen)
	}
	must(t, p.controller.UnbindPeer(7))
	p.pass(5 * time.Second)
	p.open()
}

func TestAControllersRefusals(t *testing.T) {
	p := newPair(t)
	p.open()
	for want, err := range map[Status]error{
		ErrUnknownNode:      p.controller.Commit(99, Position{1, 2}),
		ErrUnknownTask:      p.controller.GiveUp(0, testID(5)),
		ErrConfigNode:       p.controller.BindPeer(1, "a\x00b"),
		ErrFrameUndecodable: p.controller.Receive(p.now, 1, []byte("no frame")),
		ErrNotOnHistory:     p.controller.Commit(0, Position{0, 77}),
	} {
		if !errors.Is(err, want) {
			t.Errorf("expected %v, found %v", want, err)
		}
	}
	if _, err := p.controller.NodeNamed("edge-8"); !errors.Is(err, ErrUnknownNode) {
		t.Error(err)
	}
	for change, words := range map[*ControllerConfig]string{
		{Term: 1}: "name", {Name: "c"}: "term", {Name: "c", Term: 1, Lease: time.Second}: "lease", {Name: "a\x00", Term: 1}: "NUL",
	} {
		if controller, err := NewController(*change); controller != nil || err == nil {
			t.Errorf("%s: %v", words, err)
		}
	}
	values := make([]uint64, len(ControllerMetricNames()))
	if count, err := p.controller.Metrics(values); count != len(values) || count == 0 || err != nil {
		t.Error(count, err)
	}
	if reason, err := p.controller.NextTimeoutReason(); reason == "" || err != nil {
		t.Error(reason, err)
	}
	must(t, p.controller.Close())
	must(t, p.controller.Close())
	if wait := p.controller.Wait(1, time.Second); wait != time.Second {
		t.Error(wait)
	}
	everyCallSaysClosed(t, p.controller, "Close", "Wait")
}

func TestTheLoopAllocatesNothing(t *testing.T) {
	p := newPair(t)
	p.open()
	const tasks = 40
	for n := 0; n < tasks; n++ {
		must(t, p.agent.Register(p.now, testID(n), nil))
		must(t, p.agent.Running(p.now, testID(n)))
	}
	p.exchange()
	p.keep = false // what the test itself would allocate
	updates := make([]Update, tasks)
	percent := uint8(0)
	result := []byte("so far")
	round := func() {
		percent = (percent + 1) % 101
		for n := range updates {
			updates[n] = Update{Kind: UpdateDetail, Task: testID(n), Percent: percent, Report: Report{Message: "step"}}
		}
		_, err := p.agent.Update(p.now, updates)
		must(t, err)
		must(t, p.agent.Progress(p.now, testID(1), percent))
		must(t, p.agent.Detail(p.now, testID(2), percent, "further"))
		// A task's whole life, its end with all that may go with it.
		must(t, p.agent.Failed(p.now, testID(3), ReasonExitCode, Exit{ExitCode, 1}))
		must(t, p.agent.Retry(p.now, testID(3)))
		must(t, p.agent.Running(p.now, testID(3)))
		must(t, p.agent.Transition(p.now, testID(4), Failed, Report{Message: "again", Result: result}))
		must(t, p.agent.Transition(p.now, testID(4), Pending, Report{}))
		must(t, p.agent.Running(p.now, testID(4)))
		p.exchange()
		p.now += 2_000
		must(t, p.agent.HandleTimeout(p.now))
		must(t, p.controller.HandleTimeout(p.now))
		p.agent.Wait(p.now, time.Second)
		p.controller.Wait(p.now, time.Second)
		_, _, err = p.agent.NextTimeout()
		must(t, err)
		_, err = p.agent.IsDurable()
		must(t, err)
		p.exchange()
	}
	for n := 0; n < 100; n++ {
		round()
	}
	if allocated := testing.AllocsPerRun(200, round); allocated != 0 {
		t.Fatalf("%v allocations a round", allocated)
	}
}
