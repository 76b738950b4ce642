// What lies behind an Agent, a Controller and a Framer: the pointer that C knows, when it is given back, and how every
// call goes in and comes out. What a status means stands in status.go.

package taskwire

import (
	"runtime"
	"unsafe"
)

// object owns something that C made. It is an allocation of its own, so that a finalizer can be set on it.
type object struct {
	pointer unsafe.Pointer // nil once it was given back
	release func(unsafe.Pointer)
	calls   uint64 // for the race detector: two goroutines in one object write here at a time
}

func newObject(pointer unsafe.Pointer, release func(unsafe.Pointer)) *object {
	o := &object{pointer: pointer, release: release}
	runtime.SetFinalizer(o, (*object).close)
	return o
}

// enter begins a call: the one place where the pointer leaves. Of a closed object it is nil, which every function of the
// library refuses without looking at it, and leave turns into ErrClosed.
func (o *object) enter() unsafe.Pointer {
	o.calls++
	stress(o.calls)
	return o.pointer
}

// leave ends a call: until here the object was in use, whatever the collector thinks. True if all went well.
func (o *object) leave(status Status) bool {
	closed := o.pointer == nil
	runtime.KeepAlive(o)
	return status == ok && !closed
}

// close gives the object back, once.
func (o *object) close() {
	if o.pointer != nil {
		pointer := o.pointer
		o.pointer = nil
		runtime.SetFinalizer(o, nil)
		o.release(pointer)
	}
}

// bytesAt is where a slice's bytes are, for C; nil if there are none.
func bytesAt(bytes []byte) unsafe.Pointer {
	if len(bytes) == 0 {
		return nil
	}
	return unsafe.Pointer(&bytes[0])
}

// textAt is where a string's bytes are, for C, which only reads them; nil if there are none.
func textAt(text string) unsafe.Pointer {
	if len(text) == 0 {
		return nil
	}
	return *(*unsafe.Pointer)(unsafe.Pointer(&text)) // the first word of a string is its data, in every Go so far
}
