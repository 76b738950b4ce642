// Settings of an agent, and their way into the library.

package taskwire

// #include "library.h"
import "C"

import (
	"math"
	"strings"
	"time"
	"unsafe"
)

// An Instant is the program's monotonic clock in microseconds, from any start. It goes on while the machine sleeps.
type Instant uint64

// A Config has the settings of an agent. Node, Epoch and Seed must be set. Any other setting that is 0 has its default;
// where the value 0 itself is wanted and the range has it, give a negative one.
type Config struct {
	// Node is the node's name, the same at each start: 1 to 64 bytes of UTF-8.
	Node string
	// Epoch is this incarnation, larger at each start: max(clock, stored + 1) is a good one. 1 to 2^64-2.
	Epoch uint64
	// Seed is a number drawn afresh at each start; the library draws none itself.
	Seed uint64

	// WallClockOffset is the Unix time in milliseconds at now 0, so that entries carry wall-clock times. Below 2^62.
	WallClockOffset uint64
	// ClockRateErrorPPM is how much faster than the controller's this clock may run, in parts per million: the agent's
	// belief in its lease ends that much sooner. 0 to 100,000; 1,000 by default.
	ClockRateErrorPPM int
	// Slots is how many tasks there may be at a time. 1 to 1,048,576; 4,096 by default.
	Slots int
	// Log is how many entries may be not yet durable, room reserved for ends counted. 5 to 4,194,304; 32,768 by default.
	Log int
	// Metadata is how many bytes of metadata of a task travel with its registration; 384 by default. Metadata, message and
	// result, and 256 bytes around them, must fit into a frame.
	Metadata int
	// Value is the most bytes of metadata of a task, however they travel: what is longer than Metadata follows its
	// registration in parts. 0 (none does) to 1,048,576; 65,536 by default.
	Value int
	// Message is the most bytes of a message; a longer one is cut, with a flag. 192 by default.
	Message int
	// Result is the most bytes of a result. 256 by default.
	Result int
	// Frame is the most bytes of a frame, everything counted. 512 to 65,507; 1,200 by default, which passes every network.
	Frame int
	// Finals is how many forgotten finals a snapshot carries. 0 to 65,536; 256 by default.
	Finals int
	// Events is how many events may wait for PollEvents. 4 to 65,536; 64 by default.
	Events int
	// Linger is how long a change may wait for company while frames are in flight. 0 to 10 s; 20 ms by default.
	Linger time.Duration
	// LeastRTO is the shortest retransmission time-out. 1 ms to 60 s; 20 ms by default.
	LeastRTO time.Duration
	// MostBackoff is the longest back-off between tries. 100 ms to 1 h; 15 s by default.
	MostBackoff time.Duration
	// FramesInFlight is the most frames in flight. 1 to 64; 32 by default.
	FramesInFlight int
	// BytesInFlight is the most bytes in flight. 1,200 to 2^30; 65,536 by default.
	BytesInFlight int
	// DetailAfter: after so many frames full of transitions an eighth of the next is for progress. 1 to 1,024; 8 by default.
	DetailAfter int
	// DetailInterval is the least time between two frames that go for details alone. 0 to 1 h; 100 ms by default.
	DetailInterval time.Duration
	// SketchFrom is from how many records on a repair first looks for those that differ. 64 by default.
	SketchFrom int
	// Durability says whether a journal is kept: Volatile, the zero value, or WriteAhead.
	Durability Durability
}

// put writes the settings over the defaults that c has. The name is left to the caller, which frees it.
func (config *Config) put(c *C.taskwire_agent_config) {
	c.epoch = C.uint64_t(config.Epoch)
	c.seed = C.uint64_t(config.Seed)
	c.wall_clock_offset_ms = C.uint64_t(config.WallClockOffset)
	for _, setting := range []struct {
		value int
		to    *C.uint32_t
	}{
		{config.ClockRateErrorPPM, &c.clock_rate_error_ppm}, {config.Slots, &c.slots}, {config.Log, &c.log},
		{config.Metadata, &c.metadata}, {config.Message, &c.message}, {config.Result, &c.result}, {config.Frame, &c.frame},
		{config.Finals, &c.finals}, {config.Events, &c.events}, {config.FramesInFlight, &c.frames_in_flight},
		{config.BytesInFlight, &c.bytes_in_flight}, {config.DetailAfter, &c.detail_after},
		{config.Value, &c.value}, {config.SketchFrom, &c.sketch_from},
	} {
		putCount(setting.to, setting.value)
	}
	c.durability = C.uint32_t(config.Durability)
	putTime(&c.linger_us, config.Linger)
	putTime(&c.detail_interval_us, config.DetailInterval)
	putTime(&c.least_rto_us, config.LeastRTO)
	putTime(&c.most_backoff_us, config.MostBackoff)
}

// putCount sets what was given: 0 leaves the default, a negative value is 0. One beyond 32 bits stays beyond every range.
func putCount(to *C.uint32_t, value int) {
	switch {
	case value < 0:
		*to = 0
	case int64(value) > math.MaxUint32:
		*to = math.MaxUint32
	case value > 0:
		*to = C.uint32_t(value)
	}
}

// putTime is putCount for times, which the library has in microseconds; less than one is one.
func putTime(to *C.uint64_t, value time.Duration) {
	switch {
	case value < 0:
		*to = 0
	case value > 0:
		*to = C.uint64_t((value + time.Microsecond - 1) / time.Microsecond)
	}
}

// microseconds of a duration: a negative one is none.
func microseconds(value time.Duration) C.uint64_t {
	if value < 0 {
		return 0
	}
	return C.uint64_t(value / time.Microsecond)
}

// durationOf is a number of microseconds; one that Go has no duration for is the longest there is.
func durationOf(us C.uint64_t) time.Duration {
	if uint64(us) > math.MaxInt64/uint64(time.Microsecond) {
		return math.MaxInt64
	}
	return time.Duration(us) * time.Microsecond
}

// nameForC copies a name to where C reads it until freeName; false if C would see another, because it has a NUL.
func nameForC(name string) (*C.char, bool) {
	if strings.IndexByte(name, 0) >= 0 {
		return nil, false
	}
	return C.CString(name), true
}

func freeName(name *C.char) { C.free(unsafe.Pointer(name)) }
