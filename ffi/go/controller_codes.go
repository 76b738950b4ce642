// The numbers that a controller speaks in, as types with names, taken from the header.

package taskwire

// #include "library.h"
import "C"

// A PeerID is the program's own number for a connection.
type PeerID uint64

// A NodeID is the number of a node at one controller. It is never given to another node.
type NodeID uint32

// An AckPolicy says when a change counts as durable.
type AckPolicy uint32

// The policies.
const (
	AckDurable  = AckPolicy(C.TASKWIRE_ACK_POLICY_DURABLE)  // when Commit has confirmed it
	AckReceived = AckPolicy(C.TASKWIRE_ACK_POLICY_RECEIVED) // when it was received: lossy, should the controller die
)

func (p AckPolicy) String() string { return named(uint32(p), "durable", "received") }

// A Reachability says what a controller believes of a node.
type Reachability uint32

// What a controller may believe of a node.
const (
	NotReportedYet = Reachability(C.TASKWIRE_REACHABILITY_NOT_REPORTED_YET) // known, and not heard in this term yet
	Live           = Reachability(C.TASKWIRE_REACHABILITY_LIVE)             // heard within its lease
	Suspect        = Reachability(C.TASKWIRE_REACHABILITY_SUSPECT)          // a heartbeat is missing
	Lost           = Reachability(C.TASKWIRE_REACHABILITY_LOST)             // its lease has ended
	Left           = Reachability(C.TASKWIRE_REACHABILITY_LEFT)             // it said goodbye
)

func (r Reachability) String() string { return C.GoString(C.taskwire_reachability_text(C.uint32_t(r))) }

// A Freshness says how new the knowledge of a task is.
type Freshness uint32

// How new it may be.
const (
	FreshnessNone           = Freshness(C.TASKWIRE_FRESHNESS_NONE)   // of an agent's own task
	FreshnessFresh          = Freshness(C.TASKWIRE_FRESHNESS_FRESH)  // the node is live and synced
	FreshnessStale          = Freshness(C.TASKWIRE_FRESHNESS_STALE)  // it is lost, has left, or is not yet synced again
	FreshnessFinal          = Freshness(C.TASKWIRE_FRESHNESS_FINAL)  // the task is final: nothing newer can come
	FreshnessClosed         = Freshness(C.TASKWIRE_FRESHNESS_CLOSED) // its agent no longer knows it
	FreshnessNotReportedYet = Freshness(C.TASKWIRE_FRESHNESS_NOT_REPORTED_YET)
)

func (f Freshness) String() string { return C.GoString(C.taskwire_freshness_text(C.uint32_t(f))) }

// A Mark is what a controller notes beside a record; it changes nothing in it.
type Mark uint32

// The marks.
const (
	MarkNone           = Mark(C.TASKWIRE_MARK_NONE)
	MarkGivenUp        = Mark(C.TASKWIRE_MARK_GIVEN_UP)        // the controller's program gave the task up
	MarkOutcomeUnknown = Mark(C.TASKWIRE_MARK_OUTCOME_UNKNOWN) // what became of it cannot be known
	MarkConflict       = Mark(C.TASKWIRE_MARK_CONFLICT)        // its agent contradicts a known final, which is kept
)

func (m Mark) String() string {
	return named(uint32(m), "none", "given up", "outcome unknown", "conflict")
}

// A Symptom is by what a controller has found that its copy differs.
type Symptom uint32

// The symptoms.
const (
	SymptomNone    = Symptom(C.TASKWIRE_SYMPTOM_NONE)
	SymptomTag     = Symptom(C.TASKWIRE_SYMPTOM_TAG)     // the tag computed is not the tag sent
	SymptomEntry   = Symptom(C.TASKWIRE_SYMPTOM_ENTRY)   // an entry could not be applied
	SymptomDigest  = Symptom(C.TASKWIRE_SYMPTOM_DIGEST)  // the digest differs
	SymptomScrub   = Symptom(C.TASKWIRE_SYMPTOM_SCRUB)   // a recount found damage
	SymptomHistory = Symptom(C.TASKWIRE_SYMPTOM_HISTORY) // a remembered revision came with another tag
	SymptomStage   = Symptom(C.TASKWIRE_SYMPTOM_STAGE)   // a snapshot did not add up
)

func (s Symptom) String() string {
	return named(uint32(s), "none", "tag", "entry", "digest", "scrub", "history", "stage")
}

// A ControllerEventKind says what a ControllerEvent is about.
type ControllerEventKind uint32

// What there is news of, and the fields that go with it besides Node.
const (
	// ControllerTransition: each transition of each task exactly once, in order. Task, From, State, Number, Attempt, Reason,
	// Source, Exit, At, Epoch, Position, Registered, Metadata (with the registration), Message, Result, Trace, MayBeRepeat,
	// OutOfSequence.
	ControllerTransition = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_TRANSITION)
	// ControllerTaskForgotten: no attempt will follow. Task, Registered, Position, MayBeRepeat.
	ControllerTaskForgotten = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_TASK_FORGOTTEN)
	// ControllerEntryOfUnknownKind: an entry that only a later version knows is kept. Task, Position.
	ControllerEntryOfUnknownKind = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_ENTRY_OF_UNKNOWN_KIND)
	// ControllerHistoryGap: transitions First to Last of Task were let go before this controller saw them; the last left State
	// and Attempt. Registered, MayBeInexact.
	ControllerHistoryGap = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_HISTORY_GAP)
	// ControllerNumbersBack: the agent says less of Task than the view knew: First there, Last and State now.
	ControllerNumbersBack = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_NUMBERS_BACK)
	// ControllerOutcomeUnknown: what became of Task cannot be known. Registered; State and Number, the last known.
	ControllerOutcomeUnknown = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_OUTCOME_UNKNOWN)
	// ControllerConflict: the view keeps KeptState and KeptNumber of Task, its agent says State and Number. Registered.
	ControllerConflict = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_CONFLICT)
	// ControllerFinalLearned: a final of Task that was never known: State and Number; First, the last seen. Registered.
	ControllerFinalLearned = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_FINAL_LEARNED)
	// ControllerMarkLifted: the mark beside Task was disproved.
	ControllerMarkLifted = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_MARK_LIFTED)
	// ControllerLateTruth: Task was given up, and its agent reports State after all.
	ControllerLateTruth = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_LATE_TRUTH)
	// ControllerHistoryDiffers: the agent's history is another. Verdict, Position, Base, Tip.
	ControllerHistoryDiffers = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_HISTORY_DIFFERS)
	// ControllerRepaired: the view is the agent's again. Verdict, Position, Gaps, OutcomesUnknown, Conflicts.
	ControllerRepaired = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_REPAIRED)
	// ControllerDriftFound: the controller's copy differs, and it asked to be judged. Symptom, Position.
	ControllerDriftFound = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_DRIFT_FOUND)
	// ControllerNodeOpened: a session is open. Epoch, Verdict.
	ControllerNodeOpened = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_NODE_OPENED)
	// ControllerNodeSynced: its tasks are no longer stale. Position.
	ControllerNodeSynced = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_NODE_SYNCED)
	// ControllerNodeSuspect: a heartbeat is missing.
	ControllerNodeSuspect = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_NODE_SUSPECT)
	// ControllerNodeLive: the suspect was heard again in time.
	ControllerNodeLive = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_NODE_LIVE)
	// ControllerNodeLost: its lease has ended. TasksStale; they keep the state that was reported.
	ControllerNodeLost = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_NODE_LOST)
	// ControllerNodeLeft: it said goodbye.
	ControllerNodeLeft = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_NODE_LEFT)
	// ControllerCommitDue: events up to Position have been polled: store them, then call Commit with it.
	ControllerCommitDue = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_COMMIT_DUE)
	// ControllerDuplicateIdentity: two machines use one identity. Epoch.
	ControllerDuplicateIdentity = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_DUPLICATE_IDENTITY)
	// ControllerDeposed: an agent has accepted a larger term, or another controller's. Name, Term, TermConflict; no Node.
	ControllerDeposed = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_DEPOSED)
	// ControllerHelloRefused: Name, Tip.Revision, Refusal, Limit, LimitMost; no Node.
	ControllerHelloRefused = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_HELLO_REFUSED)
	// ControllerValueWhole: the metadata of Task, which travelled apart from its registration, are whole: read them with Task
	// and store them. Registered. Until then the registration does not count as durable.
	ControllerValueWhole = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_VALUE_WHOLE)
	// ControllerOther: something this version has no fields for.
	ControllerOther = ControllerEventKind(C.TASKWIRE_CONTROLLER_EVENT_OTHER)
)

func (k ControllerEventKind) String() string {
	return C.GoString(C.taskwire_controller_event_text(C.uint32_t(k)))
}
