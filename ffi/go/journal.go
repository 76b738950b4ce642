// The agent's journal: records to store, what was stored, and an agent that goes on from them.

package taskwire

// #include "library.h"
import "C"

import "unsafe"

// A Durability says what an agent's word rests on.
type Durability uint32

// What it may rest on.
const (
	Volatile   = Durability(C.TASKWIRE_DURABILITY_VOLATILE)    // memory alone: a restart begins with nothing
	WriteAhead = Durability(C.TASKWIRE_DURABILITY_WRITE_AHEAD) // a journal: nothing is told before it is confirmed
)

func (d Durability) String() string { return named(uint32(d), "volatile", "write-ahead") }

// JournalOverhead is how many bytes a record of the journal may have beside a frame's: a buffer of the configured frame
// and this takes every record.
const JournalOverhead = int(C.TASKWIRE_JOURNAL_OVERHEAD)

// A Journaled is a record that PollJournal has written.
type Journaled struct {
	Key              uint64 // one more than that of the record before
	Length           int    // its bytes; 0 if there is none
	BeginsCheckpoint bool   // a good place to begin another file
}

// PollJournal writes the next record to store; its length is 0 if there is none, and always with Volatile. Call it until
// then: append the records to a file, or put them into a store under their keys, in order. When they are safe (after an
// fsync), say so by JournalConfirmed; until then no frame tells of what they say. ErrBufferTooSmall: give the configured
// frame and JournalOverhead; the record comes with the next call.
func (a *Agent) PollJournal(record []byte) (Journaled, error) {
	status := C.taskwire_agent_poll_journal(a.c(), (*C.uint8_t)(bytesAt(record)), C.size_t(len(record)), &a.length,
		&a.number, &a.code)
	if err := a.changed("PollJournal", status); err != nil {
		return Journaled{}, err
	}
	return Journaled{Key: uint64(a.number), Length: int(a.length), BeginsCheckpoint: a.code != 0}, nil
}

// JournalConfirmed says that every record up to a key is stored for good. ErrNotWritten: it was never given out;
// ErrVolatile.
func (a *Agent) JournalConfirmed(now Instant, key uint64) error {
	return a.changed("JournalConfirmed", C.taskwire_agent_journal_confirmed(a.c(), C.uint64_t(now), C.uint64_t(key)))
}

// JournalNeededFrom says which record is the first that a restore still needs: those below may go. 0 while all are.
func (a *Agent) JournalNeededFrom() (uint64, error) {
	if err := a.looked("JournalNeededFrom", C.taskwire_agent_journal_needed_from(a.c(), &a.number)); err != nil {
		return 0, err
	}
	return uint64(a.number), nil
}

// An AgentBuilder restores an agent from its journal. Made by NewAgentBuilder, given back by Close.
type AgentBuilder struct {
	*object
	code   C.uint32_t
	number C.uint64_t
}

// A Restored says what was found in a journal.
type Restored struct {
	Records      uint64   // read
	Epoch        uint64   // in which the journal was written; 0 if it was empty
	Entries      uint64   // not durable at the controller, as far as the journal knows
	Torn         bool     // there is a torn tail, from TornAt on: cut the file there
	TornAt       uint64   // in bytes of what was given
	IgnoredBytes uint64   // from there on
	Unfinished   []TaskID // what became of these tasks is for the program to find out
}

// NewAgentBuilder begins to restore an agent, with no record yet. The epoch must be above the one in which the journal was
// written, the node the same. Errors as of NewAgent.
func NewAgentBuilder(config Config) (*AgentBuilder, error) {
	var made *C.taskwire_agent_builder
	err := config.give("NewAgentBuilder", func(there *C.taskwire_agent_config) C.taskwire_status {
		return C.taskwire_agent_builder_new(there, &made)
	})
	if err != nil {
		return nil, err
	}
	return &AgentBuilder{object: newObject(unsafe.Pointer(made), func(pointer unsafe.Pointer) {
		C.taskwire_agent_builder_free((*C.taskwire_agent_builder)(pointer))
	})}, nil
}

// Close gives the builder back; again does nothing. The agent that it made lives on.
func (b *AgentBuilder) Close() error {
	b.object.close()
	return nil
}

// Replay takes the next bytes of the journal, in order; chunks may end anywhere. After an error the builder is spent:
// ErrJournalCorrupt, ErrJournalNoCheckpoint, ErrJournalFormat, ErrJournalUnreadable (FailedAt says where),
// ErrJournalOtherNode, ErrJournalEpoch, ErrJournalBeyondLimits.
func (b *AgentBuilder) Replay(chunk []byte) error {
	return b.changed("Replay", C.taskwire_agent_builder_replay(b.c(), (*C.uint8_t)(bytesAt(chunk)), C.size_t(len(chunk))))
}

// Start says that all was given, and makes the agent, with every entry that was not yet durable; none for no records. The
// builder is spent. Errors as of Replay: nothing is half restored.
func (b *AgentBuilder) Start() (*Agent, Restored, error) {
	var made *C.taskwire_agent
	var found C.taskwire_restored
	C.taskwire_restored_init(&found)
	if err := b.changed("Start", C.taskwire_agent_builder_start(b.c(), &made, &found)); err != nil {
		return nil, Restored{}, err
	}
	restored := Restored{
		Records:      uint64(found.records),
		Epoch:        uint64(found.epoch),
		Entries:      uint64(found.entries),
		Torn:         found.has_torn_at != 0,
		TornAt:       uint64(found.torn_at),
		IgnoredBytes: uint64(found.ignored_bytes),
	}
	if found.unfinished != nil {
		for _, id := range unsafe.Slice((*TaskID)(unsafe.Pointer(found.unfinished)), int(found.unfinished_count)) {
			restored.Unfinished = append(restored.Unfinished, id)
		}
	}
	b.leave(ok) // in use until the last id was copied
	return agentOf(made), restored, nil
}

// FailedAt says at which byte of the journal the record begins, or should begin, for which it was refused; false if it was
// not refused for one record.
func (b *AgentBuilder) FailedAt() (offset uint64, set bool, err error) {
	status := Status(C.taskwire_agent_builder_failed_at(b.c(), &b.code, &b.number))
	if !b.leave(status) {
		return 0, false, b.refusal("FailedAt", status, false, nil)
	}
	return uint64(b.number), b.code != 0, nil
}

func (b *AgentBuilder) c() *C.taskwire_agent_builder { return (*C.taskwire_agent_builder)(b.enter()) }

func (b *AgentBuilder) changed(call string, status C.taskwire_status) error {
	if b.leave(Status(status)) {
		return nil
	}
	return b.refusal(call, Status(status), true, func(text *C.char, capacity C.size_t, length *C.size_t) {
		C.taskwire_agent_builder_last_error(b.c(), text, capacity, length)
	})
}
