// Tests of the journal: nothing is told before it is confirmed, an agent goes on from it, and damage is told apart from a
// torn tail.

package taskwire

import (
	"errors"
	"testing"
	"time"
)

// A journalFile is a journal in memory: what was written, and how much of it is safe.
type journalFile struct {
	bytes  []byte
	safe   int
	record []byte
}

// wants is must for a call that is to be refused.
func wants(t testing.TB, err error, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%v, and %v was expected", err, want)
	}
}

// write appends what there is, and confirms it.
func (j *journalFile) write(t testing.TB, agent *Agent, now Instant, sync bool) {
	t.Helper()
	if j.record == nil {
		j.record = make([]byte, 1200+JournalOverhead)
	}
	var newest uint64
	for {
		written, err := agent.PollJournal(j.record)
		must(t, err)
		if written.Length == 0 {
			break
		}
		j.bytes = append(j.bytes, j.record[:written.Length]...)
		newest = written.Key
	}
	if sync && newest != 0 {
		j.safe = len(j.bytes)
		must(t, agent.JournalConfirmed(now, newest))
	}
}

func journaled(epoch uint64) Config {
	return Config{Node: "edge-7", Epoch: epoch, Seed: epoch, Linger: -1, Durability: WriteAhead}
}

func restoredFrom(t testing.TB, epoch uint64, chunks ...[]byte) (*Agent, Restored, error) {
	t.Helper()
	builder, err := NewAgentBuilder(journaled(epoch))
	must(t, err)
	defer builder.Close()
	for _, chunk := range chunks {
		if err := builder.Replay(chunk); err != nil {
			return nil, Restored{}, err
		}
	}
	return builder.Start()
}

func TestNothingIsToldBeforeItIsConfirmedAndARestartGoesOn(t *testing.T) {
	p := newPair(t)
	agent, err := NewAgent(journaled(1))
	must(t, err)
	p.agent.Close()
	p.agent = agent
	var file journalFile
	must(t, agent.Register(p.now, testID(1), []byte("metadata")))
	must(t, agent.Running(p.now, testID(1)))
	length, err := agent.PollTransmit(p.now, p.frame)
	if must(t, err); length != 0 {
		t.Fatal("something was told that is not stored")
	}
	_, err = agent.PollJournal(make([]byte, 100))
	wants(t, err, ErrBufferTooSmall)
	file.write(t, agent, p.now, true)
	for n := 0; n < 20; n++ {
		p.pass(20 * time.Millisecond)
		file.write(t, agent, p.now, true)
	}
	if durable, _ := agent.IsDurable(); !durable {
		t.Fatal("not durable")
	}
	wants(t, agent.JournalConfirmed(p.now, 9_999), ErrNotWritten)
	needed, err := agent.JournalNeededFrom()
	if must(t, err); needed != 1 {
		t.Fatal(needed)
	}

	// A crash: what was written and not yet safe is torn.
	must(t, agent.Register(p.now, testID(2), nil))
	file.write(t, agent, p.now, false)
	agent.Close()
	half := len(file.bytes) / 2
	again, restored, err := restoredFrom(t, 2, file.bytes[:half], file.bytes[half:len(file.bytes)-3])
	must(t, err)
	if !restored.Torn || restored.TornAt < uint64(file.safe) || restored.Epoch != 1 {
		t.Fatalf("%+v", restored)
	}
	if len(restored.Unfinished) != 1 || restored.Unfinished[0] != testID(1) {
		t.Fatal(restored.Unfinished)
	}
	p.agent = again
	defer again.Close()
	file = journalFile{bytes: append([]byte(nil), file.bytes[:restored.TornAt]...)}
	must(t, again.Succeeded(p.now, testID(1), Exit{ExitCode, 0}))
	for n := 0; n < 60; n++ {
		file.write(t, again, p.now, true)
		p.pass(20 * time.Millisecond)
	}
	if durable, _ := again.IsDurable(); !durable {
		t.Fatal("not durable after the restart")
	}
	if p.seen[ControllerTransition] != 3 || p.seen[ControllerHistoryDiffers] != 0 {
		t.Fatal(p.seen)
	}
}

func TestJournalsThatCannotBeReadFrom(t *testing.T) {
	agent, err := NewAgent(journaled(1))
	must(t, err)
	defer agent.Close()
	var file journalFile
	for n := 1; n < 5; n++ {
		must(t, agent.Register(1, testID(n), nil))
		file.write(t, agent, 1, true)
	}
	bad := append([]byte(nil), file.bytes...)
	bad[len(bad)/2] ^= 0x40
	builder, err := NewAgentBuilder(journaled(2))
	must(t, err)
	if err = builder.Replay(bad); err == nil {
		_, _, err = builder.Start()
	}
	wants(t, err, ErrJournalCorrupt)
	offset, set, err := builder.FailedAt()
	if must(t, err); !set || offset == 0 || offset > uint64(len(bad)/2) {
		t.Fatal(offset, set)
	}
	wants(t, builder.Replay(bad), ErrJournalCorrupt) // and for ever
	builder.Close()
	if err := builder.Replay(bad); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
	_, _, err = restoredFrom(t, 1, file.bytes)
	wants(t, err, ErrJournalEpoch)
	other, err := NewAgentBuilder(Config{Node: "edge-8", Epoch: 9, Durability: WriteAhead})
	must(t, err)
	defer other.Close()
	wants(t, other.Replay(file.bytes), ErrJournalOtherNode)
	_, err = NewAgentBuilder(Config{Node: "edge-8", Epoch: 9, Durability: 7})
	wants(t, err, ErrArgument)
	volatile := testAgent(t, func(*Config) {})
	wants(t, volatile.JournalConfirmed(1, 0), ErrVolatile)
	if Volatile.String() != "volatile" || WriteAhead.String() != "write-ahead" {
		t.Fatal(Volatile, WriteAhead)
	}
}
