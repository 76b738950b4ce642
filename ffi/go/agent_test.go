// Tests of an agent that need no controller: reports, errors, limits, closing. What goes over the wire stands in
// exchange_test.go.

package taskwire

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

func testID(n int) TaskID {
	return TaskID{0: 0x0f, 1: 0x8f, 14: byte(n >> 8), 15: byte(n)}
}

func testAgent(t testing.TB, change func(*Config)) *Agent {
	t.Helper()
	config := Config{Node: "edge-7", Epoch: 5, Seed: 6}
	if change != nil {
		change(&config)
	}
	agent, err := NewAgent(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { agent.Close() })
	return agent
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestATaskIsSeenAsItWasReported(t *testing.T) {
	agent := testAgent(t, nil)
	id, trace := testID(1), Trace{TraceID: [16]byte{1, 2}, SpanID: [8]byte{3}, Flags: 1}
	done, err := agent.Update(1000, []Update{{Kind: UpdateRegister, Task: id, Metadata: []byte("build #42"),
		Report: Report{Trace: trace}}})
	if done != 1 || err != nil {
		t.Fatal(done, err)
	}
	must(t, agent.Running(2000, id))
	must(t, agent.Detail(3000, id, 40, "linking"))
	must(t, agent.Progress(4000, id, 55))
	running, err := agent.Task(id)
	must(t, err)
	if running.State != Running || running.Percent != 55 || string(running.Metadata) != "build #42" ||
		running.Trace != trace || running.Number != 2 || running.Attempt != 0 || running.Registered.Epoch != 5 {
		t.Fatalf("%+v", running)
	}
	at := time.UnixMilli(1_700_000_000_123)
	must(t, agent.Transition(5000, id, Failed, Report{Reason: ReasonSignal, Exit: Exit{ExitSignal, 9}, At: at,
		Message: "about to die", Result: []byte{1, 0, 255}}))
	failed, err := agent.Task(id)
	must(t, err)
	if failed.State != Failed || failed.Reason != ReasonSignal || failed.Source != SourceHost ||
		failed.Exit != (Exit{ExitSignal, 9}) || !failed.At.Equal(at) || failed.Message != "about to die" ||
		string(failed.Result) != "\x01\x00\xff" || failed.Number != 3 || failed.Percent != PercentNone {
		t.Fatalf("%+v", failed)
	}
	must(t, agent.Retry(6000, id))
	must(t, agent.Running(7000, id))
	must(t, agent.Succeeded(8000, id, Exit{ExitCode, 0}))
	must(t, agent.Forget(9000, id))
	state, err := agent.SyncState()
	must(t, err)
	if state.Undurable != 6 || state.Since != 1000 || state.Tail.Revision != 6 || state.Durable != 0 {
		t.Fatalf("%+v", state)
	}
	if durable, err := agent.IsDurable(); durable || err != nil {
		t.Fatal(durable, err)
	}
}

func TestEveryWayToEndATask(t *testing.T) {
	agent := testAgent(t, nil)
	for n, end := range []func(id TaskID) error{
		func(id TaskID) error { return agent.Failed(3, id, ReasonExitCode, Exit{ExitCode, 3}) },
		func(id TaskID) error { return agent.Cancelled(3, id, ReasonCancelledByHost) },
		func(id TaskID) error { return agent.Transition(3, id, Failed, Report{Reason: ReasonFirstOfHost + 7}) },
	} {
		id := testID(n)
		must(t, agent.Register(1, id, nil))
		must(t, agent.Running(2, id))
		must(t, end(id))
		if task, err := agent.Task(id); err != nil || task.Number != 3 {
			t.Fatal(n, task, err)
		}
	}
	tasks := make([]Task, 2)
	var seen []State
	for next := uint32(0); ; {
		count, after, err := agent.Tasks(next, tasks)
		must(t, err)
		if count == 0 {
			break
		}
		for _, task := range tasks[:count] {
			seen = append(seen, task.State)
		}
		next = after
	}
	if fmt.Sprint(seen) != "[FAILED CANCELLED FAILED]" {
		t.Fatal(seen)
	}
}

func TestARefusalSaysWhyAndChangesNothing(t *testing.T) {
	agent := testAgent(t, nil)
	id := testID(1)
	must(t, agent.Register(1, id, nil))
	must(t, agent.Running(2, id))
	must(t, agent.Succeeded(3, id, Exit{ExitCode, 0}))
	err := agent.Running(4, id)
	if !errors.Is(err, ErrIllegalTransition) || errors.Is(err, ErrFull) {
		t.Fatal(err)
	}
	var refused *Error
	if !errors.As(err, &refused) || refused.Call != "Running" || refused.Status != ErrIllegalTransition {
		t.Fatalf("%#v", err)
	}
	for _, word := range []string{"taskwire: Running: ", id.String()[:8], "SUCCEEDED", "RUNNING"} {
		if !strings.Contains(err.Error(), word) {
			t.Fatalf("%q is not in: %v", word, err)
		}
	}
	if task, err := agent.Task(id); err != nil || task.State != Succeeded || task.Number != 3 {
		t.Fatal(task, err)
	}
	for want, err := range map[Status]error{
		ErrUnknownTask:       agent.Running(5, testID(9)),
		ErrAlreadyRegistered: agent.Register(5, id, nil),
		ErrTooLong:           agent.Register(5, testID(2), make([]byte, 65_537)),
		ErrNotRunning:        agent.Progress(5, id, 1),
		ErrArgument:          agent.Transition(5, id, 7, Report{}),
		ErrNotFenced:         second(agent.Supersede(5, 9)),
		ErrFrameUndecodable:  agent.Receive(5, []byte("no frame")),
		ErrBufferTooSmall:    second(agent.PollTransmit(5, make([]byte, 3))),
	} {
		if !errors.Is(err, want) {
			t.Errorf("expected %v, found %v", want, err)
		}
	}
	if err := agent.Receive(5, nil); !errors.Is(err, ErrFrameUndecodable) {
		t.Error(err)
	}
	if _, err := agent.Task(testID(9)); !errors.Is(err, ErrUnknownTask) {
		t.Error(err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestAnUpdateStopsAtTheFirstThatIsRefused(t *testing.T) {
	agent := testAgent(t, nil)
	var updates []Update
	const count = 3*updatesAtOnce + 5
	for n := 0; n < count; n++ {
		updates = append(updates, Update{Kind: UpdateRegister, Task: testID(n)})
	}
	updates[2*updatesAtOnce+1].Task = testID(7)
	done, err := agent.Update(1, updates)
	var refused *Error
	if done != 2*updatesAtOnce+1 || !errors.As(err, &refused) || refused.Index != done || !errors.Is(err, ErrAlreadyRegistered) {
		t.Fatal(done, err)
	}
	if !strings.Contains(err.Error(), fmt.Sprintf("Update [%d]: ", done)) {
		t.Fatal(err)
	}
	more, err := agent.Update(1, updates[done+1:])
	if more != count-done-1 || err != nil {
		t.Fatal(more, err)
	}
	if done, err := agent.Update(1, nil); done != 0 || err != nil {
		t.Fatal(done, err)
	}
	if done, err := agent.Update(1, []Update{{Kind: 77}}); done != 0 || !errors.Is(err, ErrArgument) {
		t.Fatal(done, err)
	}
}

func TestBytesOfAnyLengthGoOver(t *testing.T) {
	agent := testAgent(t, func(config *Config) {
		config.Frame, config.Metadata, config.Message, config.Result = 65_507, 20_000, 20_000, 20_000
	})
	fill := func(with byte, length int) string { return strings.Repeat(string(rune(with)), length) }
	var updates []Update
	for n := 0; n < 5; n++ {
		updates = append(updates, Update{Kind: UpdateRegister, Task: testID(n), Metadata: []byte(fill('a'+byte(n), 9_000))})
	}
	if done, err := agent.Update(1, updates); done != 5 || err != nil {
		t.Fatal(done, err)
	}
	must(t, agent.Running(2, testID(3)))
	must(t, agent.Transition(3, testID(3), Failed, Report{Message: fill('m', 40_000), Result: []byte(fill('r', 20_000))}))
	for n := range updates {
		task, err := agent.Task(testID(n))
		must(t, err)
		if string(task.Metadata) != string(updates[n].Metadata) {
			t.Fatalf("task %d has other metadata", n)
		}
		if n == 3 && (task.Message != fill('m', 20_000) || !task.MessageCut || string(task.Result) != fill('r', 20_000)) {
			t.Fatal(len(task.Message), task.MessageCut, len(task.Result))
		}
	}
}

func TestWrongSettingsAreRefusedWithWords(t *testing.T) {
	for _, wrong := range []struct {
		change func(*Config)
		want   Status
		words  string
	}{
		{func(c *Config) { c.Node = "" }, ErrConfigNode, "name"},
		{func(c *Config) { c.Node = "edge\x007" }, ErrConfigNode, "NUL"},
		{func(c *Config) { c.Node = strings.Repeat("n", 65) }, ErrConfigNode, "64"},
		{func(c *Config) { c.Epoch = 0 }, ErrConfigRange, "epoch"},
		{func(c *Config) { c.Slots = -1 }, ErrConfigRange, "slots"},
		{func(c *Config) { c.Slots = math.MaxInt64 }, ErrConfigRange, "slots"},
		{func(c *Config) { c.MostBackoff = time.Millisecond }, ErrConfigRange, "back"},
		{func(c *Config) { c.Metadata = 1_000 }, ErrConfigFrame, "frame"},
	} {
		config := Config{Node: "edge-7", Epoch: 5}
		wrong.change(&config)
		agent, err := NewAgent(config)
		if agent != nil || !errors.Is(err, wrong.want) || !strings.Contains(err.Error(), wrong.words) {
			t.Errorf("expected %v with %q, found %v", wrong.want, wrong.words, err)
		}
	}
	// A negative value is 0 where the range has it.
	testAgent(t, func(c *Config) { c.Linger, c.Finals, c.ClockRateErrorPPM = -1, -1, -1 })
}

func TestFullIsSaidAndTheEndsHaveTheirRoom(t *testing.T) {
	agent := testAgent(t, func(c *Config) { c.Log = 10 })
	must(t, agent.Register(1, testID(1), nil))
	must(t, agent.Register(1, testID(2), nil))
	if err := agent.Register(1, testID(3), nil); !errors.Is(err, ErrFull) {
		t.Fatal(err)
	}
	for n := 1; n <= 2; n++ {
		must(t, agent.Running(2, testID(n)))
		must(t, agent.Failed(3, testID(n), ReasonExitCode, Exit{ExitCode, 1}))
		must(t, agent.Cancelled(4, testID(n), ReasonGivenUp))
		must(t, agent.Forget(5, testID(n)))
	}
}

func TestAfterCloseEveryCallSaysSo(t *testing.T) {
	agent := testAgent(t, nil)
	must(t, agent.Register(1, testID(1), nil))
	must(t, agent.Close())
	must(t, agent.Close())
	framer, err := NewFramer(LengthFraming, 1200)
	must(t, err)
	must(t, framer.Close())
	must(t, framer.Close())
	if wait := agent.Wait(1, time.Second); wait != time.Second {
		t.Error(wait)
	}
	everyCallSaysClosed(t, agent, "Close", "Wait")
	everyCallSaysClosed(t, framer, "Close")
}

// everyCallSaysClosed calls every method with zeros: its last result must be ErrClosed, the others zero.
func everyCallSaysClosed(t *testing.T, object any, excepted ...string) {
	t.Helper()
	value := reflect.ValueOf(object)
	for n := 0; n < value.NumMethod(); n++ {
		name, method := value.Type().Method(n).Name, value.Method(n)
		if strings.Contains(" "+strings.Join(excepted, " ")+" ", " "+name+" ") {
			continue
		}
		var arguments []reflect.Value
		for a := 0; a < method.Type().NumIn(); a++ {
			arguments = append(arguments, reflect.Zero(method.Type().In(a)))
		}
		results := method.Call(arguments)
		for r, result := range results[:len(results)-1] {
			if !result.IsZero() {
				t.Errorf("%s: result %d is %v", name, r, result)
			}
		}
		if err, _ := results[len(results)-1].Interface().(error); !errors.Is(err, ErrClosed) {
			t.Errorf("%s: expected ErrClosed, found %v", name, err)
		}
	}
}

func TestWhatIsNeverClosedIsGivenBackByTheCollector(t *testing.T) {
	released := make(chan struct{}, 10)
	for n := 0; n < cap(released); n++ {
		agent, err := NewAgent(Config{Node: "edge-7", Epoch: 5})
		must(t, err)
		must(t, agent.Register(1, testID(1), []byte("forgotten")))
		release := agent.release
		agent.release = func(pointer unsafePointer) { release(pointer); released <- struct{}{} }
	}
	for n := 0; n < cap(released)-1; n++ {
		runtime.GC()
		select {
		case <-released:
		case <-time.After(10 * time.Second):
			t.Fatalf("%d of %d were given back", n, cap(released))
		}
	}
}

func TestTheLoopWithNobodyThere(t *testing.T) {
	agent := testAgent(t, func(c *Config) { c.MostBackoff = 100 * time.Millisecond })
	frame := make([]byte, 1200)
	frames, now := 0, Instant(0)
	for now < 5_000_000 {
		for {
			length, err := agent.PollTransmit(now, frame)
			must(t, err)
			if length == 0 {
				break
			}
			frames++
		}
		deadline, set, err := agent.NextTimeout()
		must(t, err)
		if !set {
			t.Fatal("an agent without a controller has nothing to do")
		}
		if reason, err := agent.NextTimeoutReason(); reason == "" || err != nil {
			t.Fatal(reason, err)
		}
		if wait := agent.Wait(now, time.Hour); deadline > now && wait != time.Duration(deadline-now)*time.Microsecond {
			t.Fatal(wait, deadline, now)
		}
		if deadline > now {
			now = deadline
		}
		must(t, agent.HandleTimeout(now))
	}
	if frames < 10 {
		t.Fatalf("%d greetings in 5 s", frames)
	}
	session, err := agent.Session()
	must(t, err)
	if session != SessionGreeting {
		t.Fatal(session)
	}
	if lease, _, err := agent.Lease(now); lease != LeaseUnknown || err != nil {
		t.Fatal(lease, err)
	}
	values := make([]uint64, len(AgentMetricNames()))
	if count, err := agent.Metrics(values); count != len(values) || err != nil {
		t.Fatal(count, err)
	}
	sent := uint64(0)
	for n, name := range AgentMetricNames() {
		if name == "taskwire_frames_sent_total" || name == "frames_sent_total" {
			sent = values[n]
		}
	}
	if sent != uint64(frames) {
		t.Fatalf("%d frames, and the counter says %d (%v)", frames, sent, AgentMetricNames())
	}
}

func TestIDsAsText(t *testing.T) {
	const text = "0f8fad5b-d9cb-469f-a165-70867728950e"
	id, err := ParseTaskID(strings.ToUpper(text))
	must(t, err)
	var again TaskID
	must(t, again.UnmarshalText([]byte(text)))
	marshalled, err := id.MarshalText()
	must(t, err)
	if id.String() != text || again != id || string(marshalled) != text {
		t.Fatal(id, again, string(marshalled))
	}
	for _, wrong := range []string{"", "0f8f", text + "0", text[:35] + "x", text + "\x00"} {
		if _, err := ParseTaskID(wrong); !errors.Is(err, ErrTaskIDText) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestNamesOfNumbers(t *testing.T) {
	for _, pair := range [][2]string{
		{Succeeded.String(), "SUCCEEDED"}, {State(7).String(), "UNKNOWN"},
		{ReasonTimedOut.String(), "TimedOut"}, {VerdictFork.String(), "fork"},
		{SourceController.String(), "controller"}, {Source(9).String(), "other 9"},
		{Exit{ExitSignal, 15}.String(), "signal 15"}, {Exit{}.String(), "none"},
		{EndGoodbye.String(), "goodbye"}, {EndOther.String(), "other 99"}, {RefusalLimit.String(), "limit"},
		{LimitFinals.String(), "finals"}, {LeaseHeld.String(), "held"}, {SessionOpen.String(), "open"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("expected %s, found %s", pair[1], pair[0])
		}
	}
	if ErrFull.Error() == "" || Version() == "" || ErrFull.Error() == ErrTooLong.Error() {
		t.Error(ErrFull, Version())
	}
}
