// The trace contexts of the tasks, from the seed.

package main

import "taskwire.dev/taskwire"

// newTraces makes trace contexts by SplitMix64 from the seed: enough to tell traces apart.
type newTraces struct{ state uint64 }

func (n *newTraces) next() uint64 {
	n.state += 0x9e3779b97f4a7c15
	z := n.state
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

func (n *newTraces) trace() (trace taskwire.Trace) {
	for at := range trace.TraceID {
		if at%8 == 0 {
			n.put(trace.TraceID[at : at+8])
		}
	}
	n.put(trace.SpanID[:])
	trace.TraceID[0] |= 1 // all zeros would mean "none"
	trace.SpanID[0] |= 1
	trace.Flags = 1 // sampled
	return trace
}

func (n *newTraces) put(bytes []byte) {
	word := n.next()
	for at := range bytes {
		bytes[at] = byte(word >> (8 * at))
	}
}
