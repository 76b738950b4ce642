// Package taskwire keeps a controller's view of task state equal to what its edge agents know, over links that lose,
// repeat, reorder, delay and corrupt messages, and through crashes of either side.
//
// It opens no socket, reads no clock, starts no goroutine and draws no random number: the program that embeds it hands
// it bytes and time, and polls it. It is the C interface of taskwire (include/taskwire.h) in the manner of Go, and adds
// no behaviour to it.
//
// # The loop
//
// After any call that may have changed something, drain PollTransmit and PollEvents, then sleep until a frame comes or
// NextTimeout; then call Receive with the frame, and HandleTimeout. Order does not matter, and extra calls do no harm.
//
// # What holds for every call
//
//   - now is the program's monotonic clock in microseconds from any start, going on while the machine sleeps (Linux:
//     CLOCK_BOOTTIME; not time.Now, which stands still then). Values that go back are taken for the largest seen.
//   - An error is an *Error around a Status: errors.Is(err, taskwire.ErrFull) asks for one kind, errors.As gives the words.
//     After an error the object is as it was.
//   - After Close every call returns ErrClosed; Close itself may be called again. What is never closed is given back when
//     the garbage collector finds it.
//   - An object is for one goroutine at a time, and objects are independent of each other. The race detector reports two
//     goroutines in one object.
//   - What is passed in is copied, and what is given out is the caller's own.
//   - Receive, PollTransmit, PollEvents, HandleTimeout, Wait, Update and the single reports allocate nothing, unless there
//     is an error to describe or a controller's name to tell.
//   - A call into C costs some tens of nanoseconds: Update takes reports by the slice, PollEvents gives news by the slice.
//
// # Building
//
// The package needs cgo, a C compiler and the library. Inside the repository `make lib` builds it, and nothing is to be
// set. With an installed library (`make install`) the tag taskwire_pkgconfig finds it by pkg-config:
//
//	go build -tags taskwire_pkgconfig
//
// The tag taskwire_gcstress runs the garbage collector before calls into C: for tests.
package taskwire
