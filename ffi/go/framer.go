// Frames in a byte stream, such as a TCP connection.

package taskwire

// #include "library.h"
import "C"

import "unsafe"

// A Framing says how frames lie in a byte stream; both ends of a connection have the same.
type Framing uint32

// The framings.
const (
	// LengthFraming is each frame after its length: for streams that lose and change nothing (TCP, TLS, pipes).
	LengthFraming = Framing(C.TASKWIRE_FRAMER_LENGTH)
	// COBSFraming is each frame as COBS between zero bytes: for lines that lose, change and invent bytes (serial). Whatever
	// came before, the next frame that arrives whole is found.
	COBSFraming = Framing(C.TASKWIRE_FRAMER_COBS)
)

func (f Framing) String() string { return named(uint32(f), "none", "length", "COBS") }

// Room is how many bytes AppendFrame may append for a frame so long; 0 for a framing that is none.
func (f Framing) Room(length int) int {
	if length < 0 {
		return 0
	}
	return int(C.taskwire_framer_room(C.uint32_t(f), C.size_t(length)))
}

// AppendFrame appends a frame as it goes over a byte stream. ErrArgument: no frame has that length, or the framing is none;
// then dst is given back as it was.
func (f Framing) AppendFrame(dst, frame []byte) ([]byte, error) {
	at := len(dst)
	need := at + f.Room(len(frame))
	if cap(dst) < need {
		dst = append(make([]byte, 0, need+need/4), dst...)
	}
	room := dst[at:need]
	var length C.size_t
	status := Status(C.taskwire_framer_wrap(C.uint32_t(f), (*C.uint8_t)(bytesAt(frame)), C.size_t(len(frame)),
		(*C.uint8_t)(bytesAt(room)), C.size_t(len(room)), &length))
	if status != ok {
		return dst, &Error{Call: "AppendFrame", Status: status, Text: status.Error()}
	}
	return dst[:at+int(length)], nil
}

// A Framer cuts the bytes that come in on one connection into frames. Made by NewFramer, given back by Close.
type Framer struct {
	*object
	taken   C.size_t
	waiting *C.uint8_t // a frame that did not fit where Next was to write it; the library's
	length  C.size_t   // of it; 0 if none waits
}

// NewFramer makes a framer. mostFrame is the longest frame that may come: 512 to 65,535 bytes; the configured frame size
// of both sides, whichever is larger, is enough. ErrArgument: it is outside its range, or the framing is none.
func NewFramer(framing Framing, mostFrame int) (*Framer, error) {
	var made *C.taskwire_framer
	var most C.uint32_t
	putCount(&most, mostFrame)
	if status := Status(C.taskwire_framer_new(C.uint32_t(framing), most, &made)); status != ok {
		return nil, &Error{Call: "NewFramer", Status: status, Text: status.Error()}
	}
	return &Framer{object: newObject(unsafe.Pointer(made), func(pointer unsafe.Pointer) {
		C.taskwire_framer_free((*C.taskwire_framer)(pointer))
	})}, nil
}

// Close gives the framer back; again does nothing. Bytes of a frame that is not whole are lost.
func (f *Framer) Close() error {
	f.object.close()
	return nil
}

// Push takes bytes that have come in, in whatever pieces they came, as many as there is room for: more than 0 of more than
// 0, unless a whole frame waits to be taken out. Then drain Next, and push the rest.
func (f *Framer) Push(bytes []byte) (taken int, err error) {
	if f.length > 0 && f.pointer != nil {
		return 0, nil // the library would let go of the frame that waits
	}
	status := C.taskwire_framer_push(f.c(), (*C.uint8_t)(bytesAt(bytes)), C.size_t(len(bytes)), &f.taken)
	if err := f.done("Push", status); err != nil {
		return 0, err
	}
	return int(f.taken), nil
}

// Next copies the next whole frame, for Receive, and says how long it is; 0 if there is none yet. ErrBufferTooSmall: give
// mostFrame bytes; the frame comes with the next call. ErrStreamBroken (of LengthFraming alone), from then on at
// every call: close the connection, and use a new framer with the next.
func (f *Framer) Next(frame []byte) (int, error) {
	if f.length == 0 {
		status := C.taskwire_framer_next(f.c(), &f.waiting, &f.length)
		if err := f.done("Next", status); err != nil {
			return 0, err
		}
	}
	if f.pointer == nil {
		return 0, ErrClosed
	}
	length := int(f.length)
	if length > len(frame) {
		return 0, &Error{Call: "Next", Status: ErrBufferTooSmall, Text: ErrBufferTooSmall.Error()}
	}
	if length > 0 {
		copy(frame, unsafe.Slice((*byte)(unsafe.Pointer(f.waiting)), length))
		f.length = 0
	}
	f.leave(ok) // in use until it was copied
	return length, nil
}

// Dropped says what COBSFraming has found between two zero bytes that is no frame: noise of the line, and frames that noise
// has spoilt; how often, and how many bytes. LengthFraming ends at the first such thing and counts nothing.
func (f *Framer) Dropped() (pieces, bytes uint64, err error) {
	var p, b C.uint64_t
	if err := f.done("Dropped", C.taskwire_framer_dropped(f.c(), &p, &b)); err != nil {
		return 0, 0, err
	}
	return uint64(p), uint64(b), nil
}

func (f *Framer) c() *C.taskwire_framer { return (*C.taskwire_framer)(f.enter()) }

func (f *Framer) done(call string, status C.taskwire_status) error {
	if f.leave(Status(status)) {
		return nil
	}
	if f.pointer == nil {
		return ErrClosed
	}
	return &Error{Call: call, Status: Status(status), Text: Status(status).Error()}
}
