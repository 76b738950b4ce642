// The two clocks of the agent: CLOCK_BOOTTIME in microseconds, which taskwire lives by and which goes on while the machine
// sleeps, and the wall clock in Unix milliseconds, which decides nothing.

package main

import (
	"math"
	"syscall"
	"time"
	"unsafe"
)

// never is later than every deadline.
const never = uint64(math.MaxUint64)

const clockBoottime = 7 // CLOCK_BOOTTIME of Linux; package syscall has no name for it

func bootClock() uint64 {
	var at syscall.Timespec
	// Fails only for a clock that the kernel does not know; it is there since Linux 2.6.39.
	_, _, _ = syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockBoottime, uintptr(unsafe.Pointer(&at)), 0)
	return uint64(at.Nano()) / uint64(time.Microsecond)
}

func wallClock() time.Time { return time.Now() }

func unixMillis(at time.Time) uint64 {
	if at.Unix() < 0 {
		return 0
	}
	return uint64(at.UnixMilli())
}
