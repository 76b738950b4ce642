// Frames over TCP: a connection is made when there is something to send, and made anew after it has ended, with a fresh
// framer. There are no timers of its own beside a pause: the core says when to try again, by having a frame to send.

package main

import (
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"taskwire.dev/taskwire"
)

const (
	// framesWaiting: more than so many frames that wait for the stream would only come late; they are lost instead.
	framesWaiting = 16
	// dialPause: two tries to make a connection are at least so far apart. dialMost: one that takes longer has failed.
	dialPause = 100 * time.Millisecond
	dialMost  = 5 * time.Second
	// silenceMost: a connection that has brought nothing for so long is given up.
	silenceMost = 30 * time.Second
	// flushMost: the last frames have so long to get away.
	flushMost = time.Second
)

type tcp struct {
	buffers
	address  string
	waiting  chan []byte   // wrapped frames on their way out
	finished chan struct{} // all that waited was written, or has lost its connection
	leaving  chan struct{} // closed when nothing more is taken in
	flushed  bool
	lost     uint64 // frames that found no room
}

func openTCP(address string) (link, error) {
	if err := splitAddress(address); err != nil {
		return nil, err
	}
	if _, err := net.ResolveTCPAddr("tcp", address); err != nil {
		return nil, fmt.Errorf("\"%s\": %w", address, err)
	}
	t := &tcp{buffers: newBuffers(), address: address, waiting: make(chan []byte, framesWaiting),
		finished: make(chan struct{}), leaving: make(chan struct{})}
	go t.carry()
	return t, nil
}

func (t *tcp) send(frame []byte) {
	wrapped, err := taskwire.LengthFraming.AppendFrame(nil, frame)
	if err != nil || t.flushed {
		return
	}
	select {
	case t.waiting <- wrapped:
	default:
		t.lost++
	}
}

// carry makes connections as long as there is something to send, and writes it.
func (t *tcp) carry() {
	defer close(t.finished)
	for frame := range t.waiting {
		socket, err := net.DialTimeout("tcp", t.address, dialMost)
		if err != nil {
			time.Sleep(dialPause)
			continue // the frame is lost, like one of a network that is down; the core has another when it is time
		}
		t.carryOver(socket, frame)
	}
}

// carryOver writes frames until the connection ends, while another goroutine listens to it.
func (t *tcp) carryOver(socket net.Conn, frame []byte) {
	var ended atomic.Bool
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		t.listen(socket)
		ended.Store(true)
		socket.Close() // a write that waits ends too
	}()
	for more := true; more && !ended.Load(); {
		_ = socket.SetWriteDeadline(time.Now().Add(dialMost))
		if _, err := socket.Write(frame); err != nil {
			break // what was half sent is worth nothing on another connection
		}
		select {
		case frame, more = <-t.waiting:
		case <-heard:
			more = false
		}
	}
	socket.Close()
	<-heard
}

// listen cuts what comes in into frames, until the connection ends or brings what is no frame.
func (t *tcp) listen(socket net.Conn) {
	framer, err := taskwire.NewFramer(taskwire.LengthFraming, frameMost)
	if err != nil {
		return
	}
	defer framer.Close()
	bytes := make([]byte, 4096)
	for {
		_ = socket.SetReadDeadline(time.Now().Add(silenceMost))
		length, err := socket.Read(bytes)
		for rest := bytes[:length]; len(rest) > 0; {
			taken, pushErr := framer.Push(rest)
			if pushErr != nil || !t.takeOut(framer) {
				return
			}
			rest = rest[taken:]
		}
		if err != nil {
			return
		}
	}
}

// takeOut hands on the whole frames; false if there is a broken stream, or nobody who takes them.
func (t *tcp) takeOut(framer *taskwire.Framer) bool {
	for {
		var buffer []byte
		select {
		case buffer = <-t.free:
		case <-t.leaving:
			return false
		}
		length, err := framer.Next(buffer)
		if err != nil || length == 0 {
			t.free <- buffer
			return err == nil
		}
		select {
		case t.full <- buffer[:length]:
		case <-t.leaving:
			return false
		}
	}
}

func (t *tcp) flush() {
	if !t.flushed {
		t.flushed = true
		close(t.waiting)
		close(t.leaving)
		select {
		case <-t.finished:
		case <-time.After(flushMost):
		}
	}
}

func (t *tcp) close() { t.flush() }
