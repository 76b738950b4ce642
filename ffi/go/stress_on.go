//go:build taskwire_gcstress

// The garbage collector runs before the first call of an object and before every 29th after it: what is held too loosely
// is found by the tests.

package taskwire

import "runtime"

func stress(calls uint64) {
	if calls%29 == 1 {
		runtime.GC()
	}
}
