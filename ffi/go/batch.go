// Reports on their way to C, many a call. C may not be given pointers to memory that has pointers of Go's in it, so that
// what a slice of updates says is written into memory of C's, which is kept from call to call.

package taskwire

// #include "library.h"
import "C"

import (
	"errors"
	"unsafe"
)

const (
	// updatesAtOnce is how many go over in one call: enough that the call's own price does not count.
	updatesAtOnce = 128
	// bytesAtFirst is room for what they point at; one that needs more gets it.
	bytesAtFirst = 16 << 10
)

// batch is that memory. Nothing is taken before the first use.
type batch struct {
	updates []C.taskwire_update // of C's
	bytes   []byte              // of C's
	used    int
	one     [1]Update // for a report that comes alone
}

func (b *batch) open() {
	if b.updates != nil {
		return
	}
	b.updates = unsafe.Slice((*C.taskwire_update)(C.calloc(updatesAtOnce, C.sizeof_taskwire_update)), updatesAtOnce)
	for n := range b.updates {
		C.taskwire_update_init(&b.updates[n])
	}
	b.grow(bytesAtFirst)
}

func (b *batch) grow(size int) {
	if b.bytes != nil {
		C.free(unsafe.Pointer(&b.bytes[0]))
	}
	b.bytes = unsafe.Slice((*byte)(C.malloc(C.size_t(size))), size)
}

func (b *batch) free() {
	if b.updates != nil {
		C.free(unsafe.Pointer(&b.updates[0]))
		C.free(unsafe.Pointer(&b.bytes[0]))
		b.updates, b.bytes = nil, nil
	}
}

// fill writes as many updates as there is room for, at least one, and says how many.
func (b *batch) fill(updates []Update) int {
	if len(updates) > updatesAtOnce {
		updates = updates[:updatesAtOnce]
	}
	b.used = 0
	for n := range updates {
		update := &updates[n]
		if update.Kind != UpdateProgress {
			need := len(update.Metadata) + len(update.Report.Message) + len(update.Report.Result)
			if need > len(b.bytes)-b.used {
				if n > 0 {
					return n
				}
				b.grow(need)
			}
		}
		b.put(&b.updates[n], update)
	}
	return len(updates)
}

// put writes what the kind takes; the library ignores the rest, which may be that of an earlier call.
func (b *batch) put(to *C.taskwire_update, update *Update) {
	to.kind = C.uint32_t(update.Kind)
	to.task = *(*C.taskwire_task_id)(unsafe.Pointer(&update.Task))
	to.percent = C.uint32_t(update.Percent)
	if update.Kind == UpdateProgress || update.Kind == UpdateForget {
		return
	}
	report := &update.Report
	to.message, to.message_length = b.keepText(report.Message)
	if update.Kind == UpdateDetail {
		return
	}
	to.state = C.uint32_t(update.State)
	to.reason = C.uint32_t(report.Reason)
	to.source = C.uint32_t(report.Source)
	to.exit_kind = C.uint32_t(report.Exit.Kind)
	to.exit_value = C.int32_t(report.Exit.Value)
	to.has_at = 0
	if !report.At.IsZero() {
		to.has_at = 1
		to.at_ms = C.uint64_t(report.At.UnixMilli())
	}
	to.metadata, to.metadata_length = b.keep(update.Metadata)
	to.result, to.result_length = b.keep(report.Result)
	to.has_trace = 0
	if !report.Trace.IsZero() {
		to.has_trace = 1
		putTrace(&to.trace, &report.Trace)
	}
}

func (b *batch) keep(bytes []byte) (unsafe.Pointer, C.size_t) {
	if len(bytes) == 0 {
		return nil, 0
	}
	at := b.used
	b.used += copy(b.bytes[at:], bytes)
	return unsafe.Pointer(&b.bytes[at]), C.size_t(len(bytes))
}

func (b *batch) keepText(text string) (unsafe.Pointer, C.size_t) {
	if len(text) == 0 {
		return nil, 0
	}
	at := b.used
	b.used += copy(b.bytes[at:], text)
	return unsafe.Pointer(&b.bytes[at]), C.size_t(len(text))
}

func putTrace(to *C.taskwire_trace, trace *Trace) {
	to.trace_id = *(*[16]C.uint8_t)(unsafe.Pointer(&trace.TraceID))
	to.span_id = *(*[8]C.uint8_t)(unsafe.Pointer(&trace.SpanID))
	to.flags = C.uint8_t(trace.Flags)
}

func traceOf(trace *C.taskwire_trace) Trace {
	return Trace{
		TraceID: *(*[16]byte)(unsafe.Pointer(&trace.trace_id)),
		SpanID:  *(*[8]byte)(unsafe.Pointer(&trace.span_id)),
		Flags:   byte(trace.flags),
	}
}

// update hands the updates over, a part a call.
func (a *Agent) update(call string, now Instant, updates []Update) (done int, err error) {
	if a.pointer == nil {
		return 0, ErrClosed
	}
	a.batch.open()
	first := &a.batch.updates[0] // not in the call itself: cgo would look at the whole slice
	for done < len(updates) {
		count := a.batch.fill(updates[done:])
		status := C.taskwire_agent_update(a.c(), C.uint64_t(now), first, C.size_t(count), &a.length)
		err := a.changed(call, status)
		done += int(a.length)
		if err != nil {
			var refused *Error
			if errors.As(err, &refused) {
				refused.Index = done
			}
			return done, err
		}
	}
	return done, nil
}
