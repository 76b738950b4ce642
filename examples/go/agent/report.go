// All that this agent asks of taskwire, and what it tells people of its news. The other files speak of tasks and
// transitions.

package main

import (
	"fmt"
	"time"

	"taskwire.dev/taskwire"
)

type report struct {
	journal                 *journal // nil: none is kept
	record                  []byte
	agent                   *taskwire.Agent
	sent, received, refused uint64
	events                  [16]taskwire.Event
	waiting                 []taskwire.Event // not yet looked at
}

// news is what the loop has to know of the protocol: a line for people, or why this agent must not go on.
type news struct {
	text      string
	fenced    bool // a larger epoch of this node is known: seen
	duplicate bool // another machine runs under this node's name and this very epoch
	seen      uint64
}

func openReport(options *options, epoch uint64, journal *journal) (*report, error) {
	boot := bootClock() / 1000
	config := taskwire.Config{Node: options.node, Epoch: epoch, Seed: options.seed, MostBackoff: options.backOff,
		Frame: frameMost}
	if wall := unixMillis(wallClock()); wall > boot {
		config.WallClockOffset = wall - boot
	}
	if journal == nil {
		agent, err := taskwire.NewAgent(config)
		if err != nil {
			return nil, err
		}
		return &report{agent: agent}, nil
	}
	config.Durability = taskwire.WriteAhead
	builder, err := taskwire.NewAgentBuilder(config)
	if err != nil {
		return nil, err
	}
	defer builder.Close()
	if err := journal.read(builder.Replay); err != nil {
		return nil, err
	}
	agent, found, err := builder.Start()
	if err != nil {
		return nil, err
	}
	if found.Records > 0 {
		torn := ""
		if found.Torn {
			torn = "; its torn end was left out"
		}
		fmt.Printf("%s: %d unfinished tasks of epoch %d in the journal%s\n", options.node, len(found.Unfinished), found.Epoch, torn)
	}
	return &report{journal: journal, record: make([]byte, frameMost+taskwire.JournalOverhead), agent: agent}, nil
}

// appendRecords asks the library for all records that it has and there is room for.
func (r *report) appendRecords() error {
	for r.journal.hasRoom() {
		written, err := r.agent.PollJournal(r.record)
		if err != nil || written.Length == 0 {
			return err
		}
		r.journal.append(written.Key, written.BeginsCheckpoint, r.record[:written.Length])
	}
	return nil
}

// writeJournal gives what is new to the kernel.
func (r *report) writeJournal() error {
	if r.journal == nil {
		return nil
	}
	err := r.appendRecords()
	r.journal.write()
	return err
}

// syncJournal makes what is new safe; then it may be told.
func (r *report) syncJournal(now uint64) error {
	for r.journal != nil {
		if err := r.appendRecords(); err != nil {
			return err
		}
		key := r.journal.sync(now)
		if key == 0 {
			return nil
		}
		if err := r.agent.JournalConfirmed(taskwire.Instant(now), key); err != nil {
			return err
		}
		neededFrom, err := r.agent.JournalNeededFrom()
		if err != nil {
			return err
		}
		r.journal.neededFrom(neededFrom)
	}
	return nil
}

// knows says how a task stands that is known, which is so after a restart from a journal.
func (r *report) knows(id taskwire.TaskID) (taskwire.Task, bool) {
	task, err := r.agent.Task(id)
	return task, err == nil
}

func (r *report) close() { r.agent.Close() }

func (r *report) register(now uint64, spec *taskSpec, trace *taskwire.Trace) error {
	_, err := r.agent.Update(taskwire.Instant(now), []taskwire.Update{{Kind: taskwire.UpdateRegister, Task: spec.id,
		Metadata: []byte(spec.metadata), Report: taskwire.Report{Trace: *trace}}})
	return err
}

// transition reports Running, an end, or Pending, which is the next attempt.
func (r *report) transition(now uint64, id taskwire.TaskID, trace *taskwire.Trace, what *transition) error {
	return r.agent.Transition(taskwire.Instant(now), id, what.state, taskwire.Report{Reason: what.reason, Exit: what.exit,
		At: what.at, Message: what.message, Result: []byte(what.result), Trace: *trace})
}

func (r *report) detail(now uint64, id taskwire.TaskID, percent uint8, text string) error {
	return r.agent.Detail(taskwire.Instant(now), id, percent, text)
}

// forget: no attempt will follow, the library may let the task go once its end is durable.
func (r *report) forget(now uint64, id taskwire.TaskID) error {
	return r.agent.Forget(taskwire.Instant(now), id)
}

func (r *report) receive(frame []byte) {
	r.received++
	if r.agent.Receive(taskwire.Instant(bootClock()), frame) != nil {
		r.refused++ // changes nothing; a bad network does this, and the library counts it by kind
	}
}

// transmit gives the length of the next frame to send, 0 if there is none.
func (r *report) transmit(frame []byte) int {
	length, err := r.agent.PollTransmit(taskwire.Instant(bootClock()), frame)
	if err != nil || length == 0 {
		return 0
	}
	r.sent++
	return length
}

func (r *report) handleTimeout() { _ = r.agent.HandleTimeout(taskwire.Instant(bootClock())) }

func (r *report) wait(now uint64, most time.Duration) time.Duration {
	return r.agent.Wait(taskwire.Instant(now), most)
}

// isDurable says whether the controller has stored all that was reported. An error is no reason to throw it away.
func (r *report) isDurable() bool {
	durable, err := r.agent.IsDurable()
	return err == nil && durable
}

func (r *report) goodbye() { _ = r.agent.Goodbye(taskwire.Instant(bootClock())) }

// supersede goes on under the epoch seen + 1, which must be stored already.
func (r *report) supersede(seen uint64) error {
	_, err := r.agent.Supersede(taskwire.Instant(bootClock()), seen)
	return err
}

// nextNews takes the next news that somebody has to hear; false when there is none.
func (r *report) nextNews() (news, bool) {
	for {
		if len(r.waiting) == 0 {
			count, err := r.agent.PollEvents(r.events[:])
			if err != nil || count == 0 {
				return news{}, false
			}
			r.waiting = r.events[:count]
		}
		event := r.waiting[0]
		r.waiting = r.waiting[1:]
		switch event.Kind {
		case taskwire.Fenced:
			return news{fenced: !event.Twin, duplicate: event.Twin, seen: event.Epoch}, true
		case taskwire.Refused:
			// The tasks go on meanwhile, and what becomes of them is kept and told once the controller takes it.
			return news{text: fmt.Sprintf("the controller refuses this agent for now (%v); trying again", event.Refusal)}, true
		}
		if text := describe(&event); text != "" {
			return news{text: text}, true
		}
	}
}

// describe says what people may want to read; nothing for news that the loop asks for itself.
func describe(event *taskwire.Event) string {
	switch event.Kind {
	case taskwire.SessionOpened:
		lossy := ""
		if event.Lossy {
			lossy = "; it may lose what it has received"
		}
		return fmt.Sprintf("session with controller %s, term %d: %v%s", event.Name, event.Term, event.Verdict, lossy)
	case taskwire.SessionClosed:
		return "the session has ended"
	case taskwire.HistoryDiffers:
		return fmt.Sprintf("the controller's history differs (%v): it gets a snapshot", event.Verdict)
	case taskwire.LeaseRanOut:
		return "the controller may believe this node lost; going on, and telling it when it answers"
	case taskwire.TermConflict:
		return fmt.Sprintf("controller %s uses the term %d of another one: refused", event.Name, event.Term)
	case taskwire.Damaged:
		return "a record was found damaged in memory"
	}
	return ""
}
