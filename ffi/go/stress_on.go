//go:build taskwire_gcstress

// The garbage collector runs before the first call of an object and before every fifth after it: what is held too loosely
// is found by the tests.

package taskwire

import "runtime"

func stress(calls uint64) {
	if calls%5 == 1 {
		runtime.GC()
	}
}
