// Real child processes: starting a program in a process group of its own, its time limit, ending the whole group (SIGTERM,
// two seconds, SIGKILL), and telling what really happened: could not start, exit code or signal. Which task is run when,
// tried again or given up is left to schedule.go; what a child says, to lines.go.
//
// It belongs to one goroutine. Others wait for a child's words and its end, and write to wake; step then looks itself.

package main

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// grace is how long a group has between SIGTERM and SIGKILL, in microseconds.
const grace = 2000000

// placesMost is the most programs at a time.
const placesMost = 64

type stopKind int

const (
	stopNone stopKind = iota
	stopTimeLimit
	stopCancel
)

type runnerEventKind int

const (
	runnerStarted runnerEventKind = iota
	runnerProgress
	runnerEnded
	runnerCouldNotStart
	runnerLost // kept.go alone: nobody knows how it ended
)

// A runnerEvent is what a program did. Of one task: started, then progress, then ended; or could not start.
type runnerEvent struct {
	kind    runnerEventKind
	task    int
	at      time.Time          // zero: now
	percent uint8              // progress
	text    string             // progress: its text; ended: the last line of stderr; could not start: why
	result  string             // ended: the last line of stdout that was no progress
	stop    stopKind           // ended: what asked it to end, if it was still running then
	status  syscall.WaitStatus // ended
}

// A child runs, or has ended and is not yet told of.
type child struct {
	task    int
	pid     int
	words   words
	limitAt uint64 // when its time limit is up
	killAt  uint64 // when SIGTERM was not enough
	stop    stopKind
	exited  bool // the leader has, but is not yet reaped: its pid, and so its group, is still ours
	killed  bool
}

type runner struct {
	places   int
	children []*child
	events   []runnerEvent
	wake     chan struct{}
}

func newRunner(places int) *runner {
	return &runner{places: places, wake: make(chan struct{}, 1)}
}

// close ends every group at once, and waits for them.
func (r *runner) close() {
	for _, child := range r.children {
		child.reap()
	}
	r.children = nil
}

func (r *runner) hasPlace() bool { return len(r.children) < r.places }

func (r *runner) poke() {
	select {
	case r.wake <- struct{}{}:
	default: // it is awake, or will be
	}
}

// start starts a program; needs a free place. What became of it is an event, also when it could not be started at all.
// timeLimit counts from now; 0 is none.
func (r *runner) start(task int, arguments []string, now, timeLimit uint64) {
	started, err := startChild(arguments, r.poke)
	if err != nil {
		text := cut(arguments[0], 120) + ": " + cut(err.Error(), 100)
		r.events = append(r.events, runnerEvent{kind: runnerCouldNotStart, task: task, text: text})
		return
	}
	started.task, started.limitAt, started.killAt = task, never, never
	if timeLimit > 0 {
		started.limitAt = now + timeLimit
	}
	r.children = append(r.children, started)
	r.events = append(r.events, runnerEvent{kind: runnerStarted, task: task})
}

func cut(text string, most int) string {
	if len(text) > most {
		return text[:most]
	}
	return text
}

// startChild starts a program whose words and end wake the caller.
func startChild(arguments []string, wake func()) (*child, error) {
	path := arguments[0]
	if !strings.Contains(path, "/") {
		found, err := exec.LookPath(path)
		if err != nil {
			return nil, syscall.ENOENT
		}
		path = found
	}
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		return nil, plainError(err)
	}
	defer nothing.Close()
	outRead, outWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer outWrite.Close()
	errRead, errWrite, err := os.Pipe()
	if err != nil {
		outRead.Close()
		return nil, err
	}
	defer errWrite.Close()
	process, err := os.StartProcess(path, arguments, &os.ProcAttr{
		Files: []*os.File{nothing, outWrite, errWrite},
		// A task does not outlive its agent, also one that is killed: the program ends with the thread that started it,
		// which main has locked to itself. What it started itself may not.
		Sys: &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		outRead.Close()
		errRead.Close()
		return nil, plainError(err)
	}
	started := &child{pid: process.Pid}
	_ = process.Release() // it is waited for by its number, as its group has it too
	started.words.read(outRead, errRead, wake)
	go awaitExit(started.pid, wake)
	return started, nil
}

// awaitExit wakes the caller when the leader has exited, and leaves it unreaped so that its group's number stays taken.
func awaitExit(pid int, wake func()) {
	for waitID(pid, 0) == syscall.EINTR {
	}
	wake()
}

// waitID is waitid for an exit, without reaping; ok when it has exited, ECHILD when there is none of that number.
func waitID(pid int, flags uintptr) error {
	const pPid, wExited, wNoWait = 1, 4, 0x01000000
	var info [128]byte // siginfo_t; its third word, or its fourth, is 0 as long as there is nothing to tell
	_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, pPid, uintptr(pid), uintptr(unsafe.Pointer(&info)),
		wExited|wNoWait|flags, 0, 0)
	runtime.KeepAlive(&info)
	if errno != 0 {
		return errno
	}
	if info[0] == 0 { // si_signo: SIGCHLD, or nothing
		return syscall.EAGAIN
	}
	return nil
}

// reap ends what is left of the group and reaps its leader; after that the pid may belong to anybody.
func (c *child) reap() syscall.WaitStatus {
	_ = syscall.Kill(-c.pid, syscall.SIGKILL)
	var status syscall.WaitStatus
	for {
		_, err := syscall.Wait4(c.pid, &status, 0, nil)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	c.words.hurry()
	return status
}

// terminate sends SIGTERM to the group, once, and sets the moment of SIGKILL.
func (c *child) terminate(now uint64) {
	if c.killAt == never && !c.killed {
		_ = syscall.Kill(-c.pid, syscall.SIGTERM)
		c.killAt = now + grace
	}
}

// lookAtLeader notices whether the leader has exited.
func (c *child) lookAtLeader(now uint64) {
	const wNoHang = 1
	if c.exited || waitID(c.pid, wNoHang) != nil {
		return
	}
	c.exited = true
	c.limitAt = never
	if !c.words.silent() {
		// It left others of its group behind, or its last words are still in the pipe: their end tells.
		c.terminate(now)
	}
}

func (c *child) keepDeadlines(now uint64) {
	if now >= c.limitAt {
		c.limitAt = never
		if c.stop == stopNone {
			c.stop = stopTimeLimit
		}
		c.terminate(now)
	}
	if now >= c.killAt {
		c.killAt = never
		c.killed = true
		_ = syscall.Kill(-c.pid, syscall.SIGKILL)
		c.words.hurry()
	}
}

// step notices what ended and keeps the deadlines. Harmless at any time.
func (r *runner) step(now uint64) {
	kept := r.children[:0]
	for _, child := range r.children {
		child.lookAtLeader(now)
		child.keepDeadlines(now)
		ended := child.exited && child.words.silent() // before its words are taken, so that none is left
		if percent, text, is := child.words.takeProgress(); is {
			r.events = append(r.events, runnerEvent{kind: runnerProgress, task: child.task, percent: percent, text: text})
		}
		if !ended {
			kept = append(kept, child)
			continue
		}
		r.events = append(r.events, child.end())
	}
	r.children = kept
}

func (c *child) end() runnerEvent {
	message, result := c.words.last()
	return runnerEvent{kind: runnerEnded, task: c.task, text: message, result: result, stop: c.stop, status: c.reap()}
}

// cancel asks the group of a task to end. False when it does not run, or has ended already: then its event stands.
func (r *runner) cancel(task int, now uint64) bool {
	for _, child := range r.children {
		if child.task != task {
			continue
		}
		// It may have ended a moment ago: then that is what happened, and nobody cancelled it.
		child.lookAtLeader(now)
		if child.exited || child.stop != stopNone {
			return false
		}
		child.stop = stopCancel
		child.limitAt = never
		child.terminate(now)
		return true
	}
	return false
}

// deadline is when step must be called again at the latest; never when only a wake-up can be next.
func (r *runner) deadline() uint64 {
	if len(r.events) > 0 {
		return 0
	}
	earliest := never
	for _, child := range r.children {
		earliest = least(earliest, least(child.limitAt, child.killAt))
	}
	return earliest
}

func least(a, b uint64) uint64 {
	if a < b {
		return a
	}
	return b
}

// takeEvents takes what happened since the last time.
func (r *runner) takeEvents() []runnerEvent {
	events := r.events
	r.events = nil
	return events
}
