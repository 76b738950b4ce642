// A controller: how it is made and closed, the five calls of the loop, and what its program tells it. Its news stand in
// controller_event.go, looking at its view in controller_view.go.

package taskwire

// #include "library.h"
import "C"

import (
	"time"
	"unsafe"
)

// A Controller is the control side: it holds the view of many agents. Made by NewController, given back by Close.
type Controller struct {
	*object
	events   *controllerEvents
	watching *watching

	// What C writes into, here so that no call allocates it.
	task   C.taskwire_task_id
	length C.size_t
	number C.uint64_t
	code   C.uint32_t
}

// NewController makes a controller. ErrConfigNode (the name), ErrConfigRange and ErrConfigFrame: the error says what was
// given and what to give.
func NewController(config ControllerConfig) (*Controller, error) {
	if C.taskwire_abi_version() != C.TASKWIRE_ABI_VERSION {
		return nil, ErrABIVersion
	}
	name, whole := nameForC(config.Name)
	if !whole {
		return nil, &Error{Call: "NewController", Status: ErrConfigNode, Text: "the controller's name has a NUL in it"}
	}
	defer freeName(name)
	settings := (*C.taskwire_controller_config)(C.calloc(1, C.sizeof_taskwire_controller_config))
	defer C.free(unsafe.Pointer(settings))
	if status := Status(C.taskwire_controller_config_init(settings)); status != ok {
		return nil, &Error{Call: "NewController", Status: status, Text: status.Error()}
	}
	config.put(settings)
	settings.name = name
	var made *C.taskwire_controller
	if status := Status(C.taskwire_controller_new(settings, &made)); status != ok {
		text := words(func(text *C.char, capacity C.size_t, length *C.size_t) {
			C.taskwire_controller_config_check(settings, text, capacity, length)
		})
		if text == "" {
			text = status.Error()
		}
		return nil, &Error{Call: "NewController", Status: status, Text: text}
	}
	events := newControllerEvents()
	return &Controller{events: events, object: newObject(unsafe.Pointer(made), func(pointer unsafe.Pointer) {
		C.taskwire_controller_free((*C.taskwire_controller)(pointer))
		events.free()
	})}, nil
}

// Close gives the controller back; again does nothing. What it knew is gone: agents tell it anew to the one that comes
// after it.
func (c *Controller) Close() error {
	c.object.close()
	return nil
}

// Receive takes a frame that has come over a connection, whole as it came. An error of the peer's is never fatal: it is
// counted, says which field at which offset, and changes nothing; there may be an answer to send.
func (c *Controller) Receive(now Instant, peer PeerID, frame []byte) error {
	return c.changed("Receive", C.taskwire_controller_receive(c.c(), C.uint64_t(now), C.uint64_t(peer),
		(*C.uint8_t)(bytesAt(frame)), C.size_t(len(frame))))
}

// PollTransmit writes the next frame to send, and says to whom and how long it is; 0 if there is nothing to send now. Call
// it until then. ErrBufferTooSmall: give at least 512 bytes, better as many as the path carries; the frame comes with the
// next call.
func (c *Controller) PollTransmit(now Instant, frame []byte) (peer PeerID, length int, err error) {
	status := C.taskwire_controller_poll_transmit(c.c(), C.uint64_t(now), (*C.uint8_t)(bytesAt(frame)),
		C.size_t(len(frame)), &c.number, &c.length)
	if err := c.changed("PollTransmit", status); err != nil {
		return 0, 0, err
	}
	return PeerID(c.number), int(c.length), nil
}

// HandleTimeout does what is due. Early and repeated calls are harmless; every deadline that has passed is gone afterwards.
func (c *Controller) HandleTimeout(now Instant) error {
	return c.changed("HandleTimeout", C.taskwire_controller_handle_timeout(c.c(), C.uint64_t(now)))
}

// NextTimeout says when HandleTimeout wants to be called; false if there is no deadline.
func (c *Controller) NextTimeout() (Instant, bool, error) {
	status := C.taskwire_controller_next_timeout(c.c(), &c.code, &c.number)
	if err := c.looked("NextTimeout", status); err != nil {
		return 0, false, err
	}
	return Instant(c.number), c.code != 0, nil
}

// NextTimeoutReason says why the controller wants to be woken, for people; empty if it does not.
func (c *Controller) NextTimeoutReason() (string, error) {
	var text *C.char
	status := C.taskwire_controller_next_timeout_reason(c.c(), &text, &c.length)
	if err := c.looked("NextTimeoutReason", status); err != nil {
		return "", err
	}
	return C.GoStringN(text, C.int(c.length)), nil
}

// Wait says how long the program may sleep: until the deadline, but at most so long. A deadline that has passed gives 0,
// and a closed controller gives most: the other calls say so.
func (c *Controller) Wait(now Instant, most time.Duration) time.Duration {
	wait := C.taskwire_controller_wait_us(c.c(), C.uint64_t(now), microseconds(most))
	c.leave(ok)
	return durationOf(wait)
}

// Commit says that the program has stored everything of a node up to a position: its agent lets go of it then. It must
// survive in whatever takes this controller's place. ErrNotOnHistory: the history has changed since, nothing to do,
// another commit will be due. ErrNotPolled: poll and store the events before. ErrUnknownNode: it was forgotten.
func (c *Controller) Commit(node NodeID, position Position) error {
	return c.changed("Commit", C.taskwire_controller_commit(c.c(), C.uint32_t(node), C.uint64_t(position.Revision),
		C.uint64_t(position.Tag)))
}

// BindPeer binds a connection to the node that the program has authenticated there: a greeting for another is refused from
// then on. ErrConfigNode: no node has such a name; refuse the connection.
func (c *Controller) BindPeer(peer PeerID, name string) error {
	text, whole := nameForC(name)
	if !whole {
		return c.unlessClosed(&Error{Call: "BindPeer", Status: ErrConfigNode, Text: ErrConfigNode.Error()})
	}
	defer freeName(text)
	return c.changed("BindPeer", C.taskwire_controller_bind_peer(c.c(), C.uint64_t(peer), text))
}

// UnbindPeer forgets what BindPeer said of a connection.
func (c *Controller) UnbindPeer(peer PeerID) error {
	return c.changed("UnbindPeer", C.taskwire_controller_unbind_peer(c.c(), C.uint64_t(peer)))
}

// GiveUp gives an unfinished task up: MarkGivenUp beside what was reported, never over it. What its agent reports later is
// kept too, and ControllerLateTruth tells. ErrUnknownNode and ErrUnknownTask: there is no such live task. ErrAlreadyEnded.
func (c *Controller) GiveUp(node NodeID, id TaskID) error {
	return c.changed("GiveUp", C.taskwire_controller_give_up(c.c(), C.uint32_t(node), c.taskFor(id)))
}

// ForgetNode forgets a node whole, with its tasks. Should it greet again it is a new node, with another number.
func (c *Controller) ForgetNode(node NodeID) error {
	return c.changed("ForgetNode", C.taskwire_controller_forget_node(c.c(), C.uint32_t(node)))
}

// c begins a call; changed or looked ends it.
func (c *Controller) c() *C.taskwire_controller { return (*C.taskwire_controller)(c.enter()) }

func (c *Controller) taskFor(id TaskID) *C.taskwire_task_id {
	c.task = id.c()
	return &c.task
}

func (c *Controller) changed(call string, status C.taskwire_status) error {
	if c.leave(Status(status)) {
		return nil
	}
	return c.refused(call, Status(status), true)
}

func (c *Controller) looked(call string, status C.taskwire_status) error {
	if c.leave(Status(status)) {
		return nil
	}
	return c.refused(call, Status(status), false)
}

func (c *Controller) refused(call string, status Status, kept bool) error {
	return c.refusal(call, status, kept, func(text *C.char, capacity C.size_t, length *C.size_t) {
		C.taskwire_controller_last_error(c.c(), text, capacity, length)
	})
}

func (c *Controller) unlessClosed(err error) error {
	if c.pointer == nil {
		return ErrClosed
	}
	return err
}
