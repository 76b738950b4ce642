// Settings of a controller, and their way into the library.

package taskwire

// #include "library.h"
import "C"

import "time"

// A ControllerConfig has the settings of a controller. Name, Term and Seed must be set. Any other setting that is 0 has
// its default; where the value 0 itself is wanted and the range has it, give a negative one.
type ControllerConfig struct {
	// Name is the controller's name: 1 to 64 bytes of UTF-8.
	Name string
	// Term is this incarnation, larger at each start and at each fail-over. 1 to 2^64-2.
	Term uint64
	// Seed is a number drawn afresh at each start; the library draws none itself.
	Seed uint64

	// Ack says when a change counts as durable: AckDurable, the zero value, when Commit has confirmed it.
	Ack AckPolicy
	// WallClockOffset is the Unix time in milliseconds at now 0. Below 2^62.
	WallClockOffset uint64
	// Heartbeat is how often a silent agent says that it is there. 10 ms to 1 h; 5 s by default.
	Heartbeat time.Duration
	// Lease is how long a silent agent is believed in. At least two heartbeats, at most a day; 15 s by default.
	Lease time.Duration
	// Lateness is how late a call may come before the delay is taken for the program's own and ends no lease. 1 ms to 1 h;
	// 200 ms by default.
	Lateness time.Duration
	// Linger is how long a change may wait for company while frames are in flight. 0 to 10 s; 20 ms by default.
	Linger time.Duration
	// LeastRTO is the shortest retransmission time-out. 1 ms to 60 s; 100 ms by default.
	LeastRTO time.Duration
	// MostBackoff is the longest back-off between tries. 100 ms to 1 h; 15 s by default.
	MostBackoff time.Duration

	// Slots, Log, Metadata, Message, Result, Frame, Finals and Value are the most that an agent may ask for; by default all
	// that an agent can.
	Slots, Log, Metadata, Message, Result, Frame, Finals, Value int

	// Nodes is the most nodes. 1 to 16,777,216; 65,536 by default. An idle node costs about 1 KB.
	Nodes int
	// Handshakes is the most handshakes under way. 1 to 65,536; 1,024 by default.
	Handshakes int
	// Repairs is the most snapshots being put together at a time. 1 to 65,536; 64 by default.
	Repairs int
	// EventsPerNode is how many transitions of each node may wait for PollEvents. 1 to 1,048,576; 1,024 by default.
	EventsPerNode int
	// ReorderFrames is how many frames of each node a gap may hold back. 0 to 64; 16 by default.
	ReorderFrames int
	// FinalsPerNode is how many final tasks of each node are kept after they were forgotten. 0 to 1,048,576; 1,024 by default.
	FinalsPerNode int
	// FinalsOfAllNodes is the same over all nodes. 0 to 268,435,456; 1,048,576 by default. The oldest goes first.
	FinalsOfAllNodes int
	// FinalsAge is how long they are kept. 1 s to ten years; seven days by default.
	FinalsAge time.Duration
	// History is how many changes of the view watchers may still read. 0 to 16,777,216; 16,384 by default.
	History int
	// DetailHistory is how many changes of details watchers may still read. 0 to 16,777,216; 16,384 by default.
	DetailHistory int
	// FramesInFlight is the most frames in flight. 1 to 64; 32 by default.
	FramesInFlight int
	// BytesInFlight is the most bytes in flight. 1,200 to 2^30; 65,536 by default.
	BytesInFlight int
	// DetailAfter: after so many frames full of changes an eighth of the next is for details. 1 to 1,024; 8 by default.
	DetailAfter int
	// DetailInterval is the least time between two frames that go for details alone. 0 to 1 h; 100 ms by default.
	DetailInterval time.Duration
	// SketchFrom is from how many records on a repair first looks for those that differ. 64 by default.
	SketchFrom int
	// MassSilencePercent: when more than this share of the nodes falls silent at once, the fault is taken for this side's,
	// and no lease ends for a while. 1 to 100, and 100 is never; 50 by default.
	MassSilencePercent int
	// MassSilenceHold is how much longer than its lease a silent node is believed in at most because of that. 0 to a day;
	// five minutes by default.
	MassSilenceHold time.Duration
}

// put writes the settings over the defaults that c has. The name is left to the caller, which frees it.
func (config *ControllerConfig) put(c *C.taskwire_controller_config) {
	c.term = C.uint64_t(config.Term)
	c.seed = C.uint64_t(config.Seed)
	c.ack_policy = C.uint32_t(config.Ack)
	c.wall_clock_offset_ms = C.uint64_t(config.WallClockOffset)
	for _, setting := range []struct {
		value int
		to    *C.uint32_t
	}{
		{config.Slots, &c.slots}, {config.Log, &c.log}, {config.Metadata, &c.metadata}, {config.Message, &c.message},
		{config.Result, &c.result}, {config.Frame, &c.frame}, {config.Finals, &c.finals}, {config.Nodes, &c.nodes},
		{config.Handshakes, &c.handshakes}, {config.Repairs, &c.repairs}, {config.EventsPerNode, &c.events_per_node},
		{config.ReorderFrames, &c.reorder_frames}, {config.FinalsPerNode, &c.finals_per_node},
		{config.FinalsOfAllNodes, &c.finals_of_all_nodes}, {config.History, &c.history},
		{config.DetailHistory, &c.detail_history}, {config.FramesInFlight, &c.frames_in_flight},
		{config.BytesInFlight, &c.bytes_in_flight}, {config.DetailAfter, &c.detail_after}, {config.Value, &c.value},
		{config.SketchFrom, &c.sketch_from}, {config.MassSilencePercent, &c.mass_silence_percent},
	} {
		putCount(setting.to, setting.value)
	}
	for _, setting := range []struct {
		value time.Duration
		to    *C.uint64_t
	}{
		{config.Heartbeat, &c.heartbeat_us}, {config.Lease, &c.lease_us}, {config.Lateness, &c.lateness_us},
		{config.Linger, &c.linger_us}, {config.LeastRTO, &c.least_rto_us}, {config.MostBackoff, &c.most_backoff_us},
		{config.FinalsAge, &c.finals_age_us}, {config.MassSilenceHold, &c.mass_silence_hold_us}, {config.DetailInterval, &c.detail_interval_us},
	} {
		putTime(setting.to, setting.value)
	}
}
