// Frames to and from the controller: the socket, and a goroutine that only waits for what comes in.

package main

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"
)

// frameMost is the most bytes of a frame: one that passes every network.
const frameMost = 1200

// listenAgain is the pause after an error of the socket that names no cause to end.
const listenAgain = 10 * time.Millisecond

// A link carries frames. All but the waiting is done by the goroutine that owns it.
type link interface {
	// frames gives what came in; each goes back by done.
	frames() <-chan []byte
	done(frame []byte)
	// send sends one, or loses it, as networks do.
	send(frame []byte)
	// flush sees to it that what was sent is under way before the program ends.
	flush()
	close()
}

func openLink(options *options) (link, error) {
	if options.tcp != "" {
		return openTCP(options.tcp)
	}
	return openUDP(options.controller)
}

// splitAddress cuts HOST:PORT, also [HOST]:PORT.
func splitAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || port == "" || strings.ContainsAny(address, " ") {
		return fmt.Errorf("\"%s\": expected HOST:PORT, for example 192.0.2.1:7400", address)
	}
	return nil
}

// buffers go round between the goroutine that waits and the one that receives: nothing is allocated per frame.
type buffers struct {
	full chan []byte
	free chan []byte
}

func newBuffers() buffers {
	b := buffers{full: make(chan []byte, framesAtOnce), free: make(chan []byte, framesAtOnce+1)}
	for n := 0; n < cap(b.free); n++ {
		b.free <- make([]byte, frameMost+1)
	}
	return b
}

func (b *buffers) frames() <-chan []byte { return b.full }
func (b *buffers) done(frame []byte)     { b.free <- frame[:cap(frame)] }

type udp struct {
	buffers
	socket *net.UDPConn
}

func openUDP(address string) (link, error) {
	if err := splitAddress(address); err != nil {
		return nil, err
	}
	socket, err := net.Dial("udp", address)
	if err != nil {
		return nil, fmt.Errorf("\"%s\": %w", address, err)
	}
	u := &udp{buffers: newBuffers(), socket: socket.(*net.UDPConn)}
	go u.listen()
	return u, nil
}

func (u *udp) listen() {
	buffer := <-u.free
	for {
		length, err := u.socket.Read(buffer)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case errors.Is(err, syscall.ECONNREFUSED):
			// How UDP tells that the controller is away: it may come back, so listen on.
		case err != nil:
			time.Sleep(listenAgain) // a frame lost, as networks do, and it may go on for a while
		case length > 0 && length <= frameMost:
			u.full <- buffer[:length]
			buffer = <-u.free
		}
	}
}

func (u *udp) send(frame []byte) { _, _ = u.socket.Write(frame) }
func (u *udp) flush()            {}
func (u *udp) close()            { u.socket.Close() }
