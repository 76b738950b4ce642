// An edge agent in Go, whole: runs the tasks of a file and reports them through taskwire. It reads the same tasks file as
// the agent in C (examples/c), takes the same flags, and writes the same log of what really happened.
//
// This file puts the parts together and has the loop: one goroutine owns the agent of taskwire and everything that decides.
// The others only wait (for the socket, for a child's words, for its end) and wake it. Everything else is left to the
// parts: options, tasks, epoch, link (frames), runner (processes), kept and keeper (those that outlive the agent), journal, schedule (what happens to a task), truth (the agent's
// own log), report (taskwire).
package main

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// What the program ends with.
const (
	exitDone       = 0
	exitFailed     = 1
	exitWrongInput = 2
	exitFenced     = 3
	exitDuplicate  = 4
	exitLeft       = 5
)

// sleepMost is the longest sleep. framesAtOnce: so many frames are taken before the children get their turn.
const (
	sleepMost    = time.Second
	framesAtOnce = 64
)

// A failure ends the program with a code of its own.
type failure struct {
	code int
	what string
	err  error
}

func (f *failure) Error() string {
	if f.what == "" {
		return f.err.Error()
	}
	return f.what + ": " + f.err.Error()
}

func fail(code int, what string, err error) error { return &failure{code, what, err} }

// agent is all parts together.
type agent struct {
	options  options
	tasks    []taskSpec
	link     link
	runner   *runner
	journal  *journal // with --journal alone; and then programs are kept
	kept     *kept
	trouble  string // of the journal, as it was said last
	report   *report
	truth    *truth
	schedule *schedule
	signals  chan os.Signal
	frame    []byte
	leaving  bool // SIGTERM came
}

func main() {
	// A child is killed with the thread that started it (runner.go): it is this one, which lasts as long as the program.
	runtime.LockOSThread()
	if len(os.Args) > 1 && os.Args[1] == keeperWord {
		os.Exit(keep(os.Args[2:]))
	}
	options, err := readOptions(os.Args[1:])
	if err == errHelp {
		fmt.Print(optionsHelp, tasksFormat)
		os.Exit(exitDone)
	}
	if err == nil {
		err = run(options)
	} else {
		err = fail(exitWrongInput, "", err)
	}
	if err == nil {
		os.Exit(exitDone)
	}
	fmt.Fprintf(os.Stderr, "taskwire-agent-go %s: %v\n", options.node, err)
	code := exitFailed
	var known *failure
	if errors.As(err, &known) {
		code = known.code
	}
	os.Exit(code)
}

// run opens all parts, has the loop run, and ends whatever was started, however it went.
func run(options options) error {
	a := &agent{options: options}
	err := a.open()
	if err == nil {
		err = a.loop()
	}
	a.close(err)
	return err
}

func (a *agent) open() (err error) {
	options := &a.options
	if a.tasks, err = loadTasks(options.node, options.tasks); err != nil {
		return fail(exitWrongInput, options.tasks, err)
	}
	if !options.hasSeed {
		var seed [8]byte
		if _, err = rand.Read(seed[:]); err != nil {
			return fail(exitFailed, "random numbers", err)
		}
		options.seed = binary.LittleEndian.Uint64(seed[:])
	}
	if a.link, err = openLink(options); err != nil {
		return fail(exitWrongInput, options.linkFlag(), err)
	}
	epoch, err := nextEpoch(options.epochFile)
	if err != nil {
		return fail(exitFailed, "--epoch-file", err)
	}
	if a.truth, err = openTruth(options.truth, options.node, epoch); err != nil {
		return fail(exitFailed, "--truth", err)
	}
	a.signals = make(chan os.Signal, 4)
	signal.Notify(a.signals, syscall.SIGTERM, syscall.SIGINT)
	// A file at its limit is a write that fails. Not ignored: a program would inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGXFSZ)
	if options.journal != "" {
		if a.journal, err = openJournal(options.journal); err == nil {
			a.kept, err = openKept(options.journal, options.parallel)
		}
		if err != nil {
			return fail(exitFailed, "--journal", err)
		}
	}
	if a.report, err = openReport(options, epoch, a.journal); err != nil {
		if a.journal != nil {
			return fail(exitFailed, "--journal", err)
		}
		return err
	}
	a.frame = make([]byte, frameMost)
	a.runner = newRunner(options.parallel)
	a.schedule = newSchedule(a.tasks, a.runner, a.report, a.truth, options.seed)
	if a.kept != nil {
		a.schedule.kept = a.kept
		a.schedule.resume(options.truth, bootClock())
	}
	fmt.Printf("%s: epoch %d, %d tasks\n", options.node, epoch, len(a.tasks))
	return nil
}

// close ends what was started. With a journal the programs go on, for the next start to find, unless they may run a second
// time elsewhere.
func (a *agent) close(why error) {
	if a.kept != nil {
		var known *failure
		a.kept.close(errors.As(why, &known) && known.code >= exitFenced)
	}
	if a.runner != nil {
		a.runner.close()
	}
	if a.report != nil {
		a.report.close()
	}
	if a.journal != nil {
		a.journal.close()
	}
	if a.truth != nil {
		a.truth.close()
	}
	if a.link != nil {
		a.link.close()
	}
}

func (a *agent) loop() error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if err := a.schedule.step(bootClock()); err != nil {
			return err
		}
		a.report.handleTimeout()
		if err := a.drain(); err != nil {
			return err
		}
		if a.schedule.isDone() && a.report.isDurable() {
			return a.leave()
		}
		if err := a.sleep(timer); err != nil {
			return err
		}
	}
}

// sleep waits until something happens, and hands on the frames that came.
func (a *agent) sleep(timer *time.Timer) error {
	now := bootClock()
	wait := a.report.wait(now, sleepMost)
	if until := a.schedule.deadline(now); until < uint64(wait/time.Microsecond) {
		wait = time.Duration(until) * time.Microsecond
	}
	timer.Reset(wait)
	select {
	case frame := <-a.link.frames():
		if err := a.receive(frame); err != nil {
			return err
		}
	case <-a.runner.wake:
	case <-timer.C:
		return nil // and the timer is drained
	case <-a.signals:
		if err := a.told(); err != nil {
			return err
		}
	}
	if !timer.Stop() {
		<-timer.C
	}
	for n := 1; n < framesAtOnce; n++ {
		select {
		case frame := <-a.link.frames():
			if err := a.receive(frame); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

func (a *agent) receive(frame []byte) error {
	a.report.receive(frame)
	a.link.done(frame)
	return a.drain()
}

// told is what SIGTERM does: at first all tasks are cancelled, and their ends are still reported.
func (a *agent) told() error {
	if a.leaving {
		return fail(exitLeft, "", errors.New("told to leave twice: leaving without having reported all"))
	}
	fmt.Printf("%s: told to leave: cancelling all tasks\n", a.options.node)
	a.leaving = true
	a.schedule.cancelAll = true
	return nil
}

// syncJournal makes what is new safe before any of it is told. A disk that refuses is said once, and the tasks go on.
func (a *agent) syncJournal() error {
	if a.journal == nil {
		return nil
	}
	if err := a.report.syncJournal(bootClock()); err != nil {
		return fail(exitFailed, "--journal", err)
	}
	if a.journal.trouble != a.trouble {
		if a.trouble = a.journal.trouble; a.trouble != "" {
			fmt.Printf("%s: the journal cannot be written (%s): going on, and telling nothing new until it can\n",
				a.options.node, a.trouble)
		} else {
			fmt.Printf("%s: the journal is written again\n", a.options.node)
		}
	}
	return nil
}

// drain takes what the library has to say: frames first, then news. After any call that may have changed something.
func (a *agent) drain() error {
	if err := a.syncJournal(); err != nil {
		return err
	}
	for {
		length := a.report.transmit(a.frame)
		if length == 0 {
			break
		}
		a.link.send(a.frame[:length])
	}
	for {
		news, more := a.report.nextNews()
		if !more {
			return nil
		}
		switch {
		case news.fenced:
			if err := a.fenced(news.seen); err != nil {
				return err
			}
		case news.duplicate:
			return fail(exitDuplicate, "", errors.New("another agent runs under this node's name; this one stops"))
		default:
			fmt.Printf("%s: %s\n", a.options.node, news.text)
		}
	}
}

// fenced: another incarnation of this node is, or was, known under a larger epoch, and nothing that this one says counts.
// Without --supersede it stops, and its programs with it, as they may run a second time elsewhere. With it, it takes a
// larger epoch: for a node whose epoch file was lost while its clock stood wrong.
func (a *agent) fenced(seen uint64) error {
	if !a.options.supersede {
		return fail(exitFenced, "fenced",
			fmt.Errorf("epoch %d of this node is known; this agent stops, and its tasks with it", seen))
	}
	if seen >= math.MaxUint64-1 {
		return fail(exitFenced, "fenced", errors.New("the known epoch is at the end of its range"))
	}
	// On disk before anybody hears of it, as at a start.
	if err := storeEpoch(a.options.epochFile, seen+1); err != nil {
		return fail(exitFailed, "--epoch-file", err)
	}
	if err := a.report.supersede(seen); err != nil {
		return fail(exitFailed, "supersede", err)
	}
	fmt.Printf("%s: fenced by epoch %d, going on as %d\n", a.options.node, seen, seen+1)
	return nil
}

func (a *agent) leave() error {
	a.report.goodbye()
	a.schedule.forgetPrograms()
	err := a.drain()
	a.link.flush()
	fmt.Printf("%s: done, all of it durable; frames sent %d, received %d, refused %d\n", a.options.node, a.report.sent,
		a.report.received, a.report.refused)
	return err
}
