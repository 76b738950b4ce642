// The life of each task, from its registration to its end: which runs when, retries, cancellation, and that each thing that
// really happened is written to the truth log and reported exactly once. Processes are the matter of runner.go, the
// protocol that of report.go.

package main

import (
	"errors"
	"fmt"

	"taskwire.dev/taskwire"
)

// fullWait is how soon a call that said Full is tried again, should nothing else wake the loop before; in microseconds.
const fullWait = 50000

type lifeStage int

const (
	lifeNew     lifeStage = iota // not registered yet
	lifePending                  // registered, or registered for the next attempt: to be started
	lifeStarted
	lifeFailed // will be tried again at retryAt
	lifeOver
)

type task struct {
	spec       *taskSpec
	life       lifeStage
	which      place
	written    uint32 // the truth log has its transitions up to this one
	trace      taskwire.Trace
	retryAt    uint64
	cancelAt   uint64
	cancelSent bool
	running    bool // this attempt has been told of as Running
}

type schedule struct {
	runner    *runner
	kept      *kept // in place of the runner, if it is there: programs outlive the agent
	report    *report
	truth     *truth
	tasks     []task
	over      int
	first     int // all before it are over
	full      bool
	cancelAll bool
	err       error // the truth log or the report failed: nothing goes on
}

func newSchedule(specs []taskSpec, runner *runner, report *report, truth *truth, seed uint64) *schedule {
	s := &schedule{runner: runner, report: report, truth: truth, tasks: make([]task, len(specs))}
	traces := newTraces{seed}
	for n := range specs {
		s.tasks[n] = task{spec: &specs[n], trace: traces.trace(), retryAt: never, cancelAt: never}
	}
	return s
}

func (s *schedule) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// happened reports a transition and writes it down. Only a registration and a retry can meet Full, and have not happened
// then: false. Everything else has already happened, whatever the library says of it. The journal has it before the truth
// log: so after a crash that log lacks one transition at most, which resume finds in the journal.
func (s *schedule) happened(t *task, now uint64, what *transition) bool {
	registers, mayWait := t.life == lifeNew, what.state == taskwire.Pending
	which := place{number: t.which.number + 1, attempt: t.which.attempt}
	if mayWait && !registers {
		which.attempt++
	}
	var err error
	if registers {
		err = s.report.register(now, t.spec, &t.trace)
	} else {
		err = s.report.transition(now, t.spec.id, &t.trace, what)
	}
	if mayWait && errors.Is(err, taskwire.ErrFull) {
		s.full = true
		return false
	}
	if err != nil {
		s.fail(fmt.Errorf("task %s, transition %d: %w", t.spec.name, which.number, err))
	}
	if err := s.report.writeJournal(); err != nil {
		s.fail(err)
	}
	s.write(t, which, what)
	t.which = which
	return true
}

func (s *schedule) write(t *task, which place, what *transition) {
	if which.number <= t.written {
		return // a life before this one has written it, and died before its journal had it
	}
	t.written = which.number
	if err := s.truth.write(t.spec, &t.trace, which, what); err != nil {
		s.fail(fmt.Errorf("the truth log could not be written: %w", plainError(err)))
	}
}

func plain(state taskwire.State, reason taskwire.Reason) *transition {
	return &transition{state: state, reason: reason, at: wallClock()}
}

// finish: the task has come to its last state, nothing of it will follow.
func (s *schedule) finish(t *task, now uint64) {
	t.life = lifeOver
	s.over++
	if s.kept != nil {
		return // the task is kept in the journal: that is how the next life knows not to run it again
	}
	if err := s.report.forget(now, t.spec.id); err != nil {
		s.fail(fmt.Errorf("task %s could not be forgotten: %w", t.spec.name, err))
	}
}

func (s *schedule) failed(t *task, now uint64, what *transition) {
	s.happened(t, now, what)
	if t.which.attempt < t.spec.retries && !s.cancelAll {
		t.life = lifeFailed
		t.retryAt = now + t.spec.retryAfter
	} else {
		s.finish(t, now)
	}
}

func (s *schedule) cancelled(t *task, now uint64) {
	s.happened(t, now, plain(taskwire.Cancelled, taskwire.ReasonCancelledByHost))
	s.finish(t, now)
}

// dated is plain at the time that an event says.
func dated(event *runnerEvent, state taskwire.State, reason taskwire.Reason) *transition {
	what := plain(state, reason)
	if !event.at.IsZero() {
		what.at = event.at
	}
	return what
}

// lost: its program is gone, and nobody knows how. Never a guess, and never a success.
func (s *schedule) lost(t *task, now uint64) {
	what := plain(taskwire.Failed, taskwire.ReasonOutcomeUnknown)
	what.message = "what became of its program cannot be known"
	s.failed(t, now, what)
}

func (s *schedule) ended(t *task, now uint64, event *runnerEvent) {
	what := dated(event, taskwire.Failed, taskwire.ReasonExitCode)
	what.message, what.result = event.text, event.result
	if event.status.Signaled() {
		what.reason = taskwire.ReasonSignal
		what.exit = taskwire.Exit{Kind: taskwire.ExitSignal, Value: int32(event.status.Signal())}
	} else {
		what.exit = taskwire.Exit{Kind: taskwire.ExitCode, Value: int32(event.status.ExitStatus())}
	}
	switch {
	case event.stop == stopCancel:
		what.state, what.reason = taskwire.Cancelled, taskwire.ReasonCancelledByHost
	case event.stop == stopTimeLimit:
		what.reason = taskwire.ReasonTimedOut
	case what.exit == taskwire.Exit{Kind: taskwire.ExitCode, Value: 0}:
		what.state, what.reason = taskwire.Succeeded, taskwire.ReasonNone
	}
	if what.state == taskwire.Failed {
		s.failed(t, now, what)
		return
	}
	s.happened(t, now, what)
	s.finish(t, now)
}

func (s *schedule) takeRunnerEvent(now uint64, event *runnerEvent) {
	t := &s.tasks[event.task]
	switch event.kind {
	case runnerStarted:
		if !t.running { // else an earlier life has said so
			t.running = true
			s.happened(t, now, dated(event, taskwire.Running, taskwire.ReasonNone))
		}
	case runnerProgress:
		if err := s.report.detail(now, t.spec.id, event.percent, event.text); err != nil {
			s.fail(fmt.Errorf("progress of task %s: %w", t.spec.name, err))
		}
	case runnerEnded:
		s.ended(t, now, event)
	case runnerCouldNotStart:
		what := dated(event, taskwire.Failed, taskwire.ReasonCouldNotStart)
		what.message = event.text
		s.failed(t, now, what)
	case runnerLost:
		s.lost(t, now)
	}
}

func (s *schedule) start(t *task, number int, now uint64) {
	if t.spec.cancels && t.cancelAt == never {
		t.cancelAt = now + t.spec.cancelAfter
	}
	if now >= t.cancelAt {
		s.cancelled(t, now)
		return
	}
	t.life = lifeStarted
	t.cancelSent, t.running = false, false
	if s.kept == nil {
		s.runner.start(number, t.spec.arguments, now, t.spec.timeLimit)
	} else if !s.kept.adopt(number, t.spec.id, t.which.attempt) {
		s.kept.start(number, t.spec.id, t.which.attempt, t.spec.arguments, t.spec.timeLimit)
	}
}

func (s *schedule) hasPlace() bool {
	if s.kept != nil {
		return s.kept.hasPlace()
	}
	return s.runner.hasPlace()
}

// resume goes on from what the report knows, before the first step: tasks that have ended stay so, those that were running
// are found again, or what became of them is said to be unknown. What the truth log lacks is written there.
func (s *schedule) resume(truthPath string, now uint64) {
	written := truthNumbers(truthPath)
	for n := range s.tasks {
		t := &s.tasks[n]
		t.written = written[t.spec.id.String()]
		known, is := s.report.knows(t.spec.id)
		if !is {
			continue
		}
		t.which, t.trace = place{known.Number, known.Attempt}, known.Trace
		if known.Number == t.written+1 {
			s.write(t, t.which, &transition{state: known.State, reason: known.Reason, exit: known.Exit, message: known.Message,
				result: string(known.Result), at: known.At})
		}
		switch {
		case known.State == taskwire.Pending:
			t.life = lifePending // start looks whether somebody keeps it already
		case known.State == taskwire.Running:
			t.life, t.running = lifeStarted, true
			if t.spec.cancels {
				t.cancelAt = now + t.spec.cancelAfter
			}
			if !s.kept.adopt(n, t.spec.id, known.Attempt) {
				s.lost(t, now)
			}
		case known.State == taskwire.Failed && known.Attempt < t.spec.retries:
			t.life, t.retryAt = lifeFailed, now+t.spec.retryAfter
		default:
			t.life = lifeOver
			s.over++
		}
	}
}

// forgetPrograms: all of it is stored at the controller.
func (s *schedule) forgetPrograms() {
	for n := range s.tasks {
		if s.kept != nil {
			s.kept.remove(s.tasks[n].spec.id, s.tasks[n].which.attempt)
		}
	}
}

// stepTask moves one task by at most one step; what its process does comes as events.
func (s *schedule) stepTask(t *task, number int, now uint64) {
	cancel := now >= t.cancelAt || s.cancelAll
	switch t.life {
	case lifeNew:
		if s.cancelAll {
			// Nobody has heard of it, and nobody needs to.
			t.life = lifeOver
			s.over++
		} else if !s.full && s.happened(t, now, plain(taskwire.Pending, taskwire.ReasonNone)) {
			t.life = lifePending
		}
	case lifePending:
		if cancel {
			s.cancelled(t, now)
		} else if s.hasPlace() {
			s.start(t, number, now)
		}
	case lifeFailed:
		if cancel {
			s.cancelled(t, now)
		} else if now >= t.retryAt && s.happened(t, now, plain(taskwire.Pending, taskwire.ReasonNone)) {
			t.life = lifePending
		}
	case lifeStarted:
		if cancel && !t.cancelSent {
			// False when it is ending anyway: then that end is what happened, and a retry is cancelled above.
			t.cancelSent = true
			if s.kept != nil {
				s.kept.cancel(number)
			} else {
				s.runner.cancel(number, now)
			}
		}
	}
}

// step does all that can be done now.
func (s *schedule) step(now uint64) error {
	s.full = false
	var events []runnerEvent
	if s.kept != nil {
		s.kept.step()
		events = s.kept.takeEvents()
	} else {
		s.runner.step(now)
		events = s.runner.takeEvents()
	}
	for n := range events {
		s.takeRunnerEvent(now, &events[n])
	}
	for s.first < len(s.tasks) && s.tasks[s.first].life == lifeOver {
		s.first++
	}
	for n := s.first; n < len(s.tasks) && s.err == nil; n++ {
		t := &s.tasks[n]
		for before := lifeStage(-1); t.life != before; {
			// As far as it goes: one that was registered, or tried again, may start at once.
			before = t.life
			s.stepTask(t, n, now)
		}
	}
	return s.err
}

// deadline is in how many microseconds step has to be called again at the latest.
func (s *schedule) deadline(now uint64) uint64 {
	earliest := s.runner.deadline()
	if s.kept != nil {
		earliest = least(s.kept.deadline(now), s.report.journal.deadline())
	}
	for n := s.first; n < len(s.tasks); n++ {
		t := &s.tasks[n]
		if t.life == lifeFailed {
			earliest = least(earliest, t.retryAt)
		}
		if t.life == lifePending || t.life == lifeFailed || (!t.cancelSent && t.life != lifeOver) {
			earliest = least(earliest, t.cancelAt)
		}
	}
	if s.full {
		earliest = least(earliest, now+fullWait)
	}
	if earliest <= now {
		return 0
	}
	return earliest - now
}

// isDone says whether every task has come to its last state.
func (s *schedule) isDone() bool { return s.over == len(s.tasks) }
