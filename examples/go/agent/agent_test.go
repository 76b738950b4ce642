// Tests of the agent's parts: the tasks file, what children do and say, the truth log, the epoch. The whole agent is tested
// beside a controller, in examples/tests/go_agent.rs.

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"taskwire.dev/taskwire"
)

func TestATasksFileIsReadWhole(t *testing.T) {
	tasks, err := parseTasks("edge-1", []byte("# a comment\n\ntask a\r\n  command make -j2 \"my dir\" 'x\"y' a\\ b\n  retries 2\n"+
		"  retry-after 250ms\n  time-limit 1.5s\n\ttask-free\n"))
	if err == nil || err.Error() != "line 8: expected task, command, shell, retries, retry-after, time-limit, cancel-after, "+
		"metadata or id, found \"task-free\"" {
		t.Fatal(err, tasks)
	}
	tasks, err = parseTasks("edge-1", []byte("task a\r\n  command make -j2 \"my dir\" 'x\"y' a\\ b\n  retries 2\n"+
		"  retry-after 250ms\n  time-limit 1.5s\ntask b\n  shell echo 'hi'; exit 3\n  cancel-after 0\n  metadata some text\n"+
		"  id 0F8fad5b-d9cb-469f-a165-70867728950e"))
	if err != nil || len(tasks) != 2 {
		t.Fatal(err, tasks)
	}
	a, b := tasks[0], tasks[1]
	if !reflect.DeepEqual(a.arguments, []string{"make", "-j2", "my dir", "x\"y", "a b"}) || a.retries != 2 ||
		a.retryAfter != 250000 || a.timeLimit != 1500000 || a.cancels || a.metadata != "a" || a.line != 1 {
		t.Fatalf("%+v", a)
	}
	if !reflect.DeepEqual(b.arguments, []string{"/bin/sh", "-c", "echo 'hi'; exit 3"}) || !b.cancels || b.cancelAfter != 0 ||
		b.metadata != "some text" || b.id.String() != "0f8fad5b-d9cb-469f-a165-70867728950e" {
		t.Fatalf("%+v", b)
	}
}

// runUntil steps a runner until it has told of an end, and gives all its events.
func runUntil(t *testing.T, r *runner, during func(now uint64)) (events []runnerEvent) {
	t.Helper()
	for began := time.Now(); ; {
		now := bootClock()
		r.step(now)
		events = append(events, r.takeEvents()...)
		if count := len(events); count > 0 && events[count-1].kind >= runnerEnded {
			return events
		}
		if during != nil {
			during(now)
		}
		if time.Since(began) > 20*time.Second {
			t.Fatal("no end within 20 s")
		}
		wait := time.Second
		if deadline := r.deadline(); deadline <= now {
			wait = 0
		} else if left := time.Duration(deadline-now) * time.Microsecond; deadline != never && left < wait {
			wait = left
		}
		select {
		case <-r.wake:
		case <-time.After(wait):
		}
	}
}

// runShell runs one line of shell to its end.
func runShell(t *testing.T, line string, timeLimit uint64) []runnerEvent {
	t.Helper()
	// Children die with the thread that started them.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	r := newRunner(1)
	defer r.close()
	r.start(0, []string{"/bin/sh", "-c", line}, bootClock(), timeLimit)
	return runUntil(t, r, nil)
}

func TestWhatAProgramSaysAndHowItEnds(t *testing.T) {
	events := runShell(t, "echo progress 40 half; sleep 0.1; echo progress 200; echo result; printf 'one\\ntwo' >&2; exit 3", 0)
	if events[0].kind != runnerStarted || events[1].kind != runnerProgress || events[1].percent != 40 || events[1].text != "half" {
		t.Fatalf("%+v", events)
	}
	end := events[len(events)-1]
	if end.kind != runnerEnded || end.status.ExitStatus() != 3 || end.text != "two" || end.result != "result" ||
		end.stop != stopNone {
		t.Fatalf("%+v", end)
	}
	end = runShell(t, "kill -ABRT $$", 0)[1]
	if !end.status.Signaled() || end.status.Signal() != syscall.SIGABRT {
		t.Fatalf("%+v", end)
	}
}

func TestALongLineIsCutAndNotBrokenInTwo(t *testing.T) {
	end := runShell(t, "printf '%0300d\\r\\n\\n' 7 >&2; printf '\\r\\nlast\\r\\n'", 0)[1]
	if end.text != strings.Repeat("0", lineMost) || end.result != "last" {
		t.Fatalf("%+v", end)
	}
}

func TestAStubbornGroupIsKilledAfterItsGrace(t *testing.T) {
	began := time.Now()
	end := runShell(t, "trap '' TERM; sh -c 'trap \"\" TERM; echo I stay >&2; while :; do sleep 0.05; done'", 100000)[1]
	if took := time.Since(began); took < 2*time.Second || took > 10*time.Second {
		t.Fatal(took)
	}
	if end.stop != stopTimeLimit || end.status.Signal() != syscall.SIGKILL || end.text != "I stay" {
		t.Fatalf("%+v", end)
	}
}

func TestWhatAProgramLeavesBehindInItsGroupEndsWithIt(t *testing.T) {
	marker := filepath.Join(t.TempDir(), "alive")
	began := time.Now()
	end := runShell(t, "(sleep 1; touch "+marker+") & exit 4", 0)[1]
	if end.status.ExitStatus() != 4 || time.Since(began) > 900*time.Millisecond {
		t.Fatalf("%+v after %v", end, time.Since(began))
	}
	time.Sleep(time.Until(began.Add(1200 * time.Millisecond)))
	if _, err := os.Stat(marker); err == nil {
		t.Fatal("what it started goes on")
	}
}

func TestCancellingIsNotClaimedOfWhatHasEnded(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	r := newRunner(2)
	defer r.close()
	r.start(1, []string{"/bin/true"}, bootClock(), 0)
	time.Sleep(200 * time.Millisecond) // it has ended, and nobody has looked
	if r.cancel(1, bootClock()) {
		t.Fatal("it had ended by itself")
	}
	if end := runUntil(t, r, nil)[1]; end.stop != stopNone || end.status.ExitStatus() != 0 {
		t.Fatalf("%+v", end)
	}
	r.start(2, []string{"sleep", "20"}, bootClock(), 0)
	if !r.cancel(2, bootClock()) || r.cancel(2, bootClock()) {
		t.Fatal("it runs, and is cancelled once")
	}
	if end := runUntil(t, r, nil)[1]; end.stop != stopCancel || end.status.Signal() != syscall.SIGTERM {
		t.Fatalf("%+v", end)
	}
}

func TestWhatCannotStartSaysWhy(t *testing.T) {
	for program, why := range map[string]string{
		"/nonexistent/tool": "/nonexistent/tool: no such file or directory",
		"no-such-tool":      "no-such-tool: no such file or directory",
		"/":                 "/: permission denied",
	} {
		r := newRunner(1)
		r.start(0, []string{program}, bootClock(), 0)
		if events := runUntil(t, r, nil); len(events) != 1 || events[0].kind != runnerCouldNotStart || events[0].text != why {
			t.Fatalf("%+v", events)
		}
	}
}

func TestTheTruthLogIsJSONWhateverTheBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "truth")
	log, err := openTruth(path, "edge-1", 7)
	if err != nil {
		t.Fatal(err)
	}
	defer log.close()
	traces := newTraces{1}
	trace := traces.trace()
	spec := taskSpec{name: "quo\"te\\ \x01ü", metadata: "m", id: idFromNames("edge-1", "x")}
	what := plain(taskwire.Failed, taskwire.ReasonExitCode)
	what.exit, what.message, what.result = taskwire.Exit{Kind: taskwire.ExitCode, Value: 3}, "\xff\xfe", "line\ttab"
	if err := log.write(&spec, &trace, place{1, 0}, what); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var line map[string]any
	if err := json.Unmarshal(text, &line); err != nil {
		t.Fatal(err, string(text))
	}
	if line["name"] != spec.name || line["message_hex"] != "fffe" || line["result"] != "line\ttab" || line["exit_code"] != 3.0 ||
		line["state"] != "FAILED" || line["reason"] != "ExitCode" || line["task"] != spec.id.String() || line["metadata"] != "m" {
		t.Fatal(line)
	}
}

func TestAnEpochOnlyGrowsAndDamageIsNotTakenForZero(t *testing.T) {
	path := filepath.Join(t.TempDir(), "epoch")
	first, err := nextEpoch(path)
	if err != nil || first < 1_600_000_000_000 {
		t.Fatal(first, err)
	}
	if err := storeEpoch(path, first+1_000_000_000); err != nil {
		t.Fatal(err)
	}
	if second, err := nextEpoch(path); err != nil || second != first+1_000_000_001 {
		t.Fatal(second, err)
	}
	for _, damaged := range []string{"", "x", "-5", "12 13", "99999999999999999999", "18446744073709551614"} {
		if err := os.WriteFile(path, []byte(damaged), 0o644); err != nil {
			t.Fatal(err)
		}
		if epoch, err := nextEpoch(path); err == nil {
			t.Fatalf("%q was taken for an epoch, and gave %d", damaged, epoch)
		}
	}
}

func TestDurationsAndCounts(t *testing.T) {
	for text, want := range map[string]uint64{"0": 0, "250ms": 250000, "1.5s": 1500000, "2m": 120000000, "1000h": longestUs, "7us": 7} {
		if us, ok := parseDuration(text); !ok || us != want {
			t.Errorf("%s: %d, %v", text, us, ok)
		}
	}
	for _, wrong := range []string{"", "1", "s", ".", "1.2.3s", "1001h", "-1s", "9999999999s"} {
		if us, ok := parseDuration(wrong); ok {
			t.Errorf("%q was taken for %d", wrong, us)
		}
	}
	if _, ok := parseCount("18446744073709551616", never); ok {
		t.Error("beyond 64 bits")
	}
	if count, ok := parseCount("18446744073709551615", never); !ok || count != never {
		t.Error(count)
	}
}
