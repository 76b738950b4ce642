// An agent, whole: one task over UDP. agent ADDRESS EPOCH_FILE
package main

import (
	crypto "crypto/rand"
	"encoding/binary"
	"fmt"
	"log"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"taskwire.dev/taskwire"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func now() taskwire.Instant { // never goes back, and goes on while the machine sleeps, which time.Now does not
	const bootTime = 7 // CLOCK_BOOTTIME
	var at syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, bootTime, uintptr(unsafe.Pointer(&at)), 0)
	return taskwire.Instant(at.Nano() / 1000)
}

func nextEpoch(path string) uint64 { // max(clock, stored + 1), stored before anybody hears of it
	epoch := uint64(time.Now().Unix())
	text, _ := os.ReadFile(path)
	if stored, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); err == nil && epoch <= stored {
		epoch = stored + 1
	}
	check(os.WriteFile(path, []byte(fmt.Sprintln(epoch)), 0o644))
	return epoch
}

func drain(agent *taskwire.Agent, conn net.Conn, frame []byte) { // after any call that may have changed something
	for length, err := agent.PollTransmit(now(), frame); length > 0; length, err = agent.PollTransmit(now(), frame) {
		check(err)
		_, _ = conn.Write(frame[:length]) // one that is not taken is lost: what matters is sent again
	}
	var events [1]taskwire.Event
	for count, err := agent.PollEvents(events[:]); count > 0; count, err = agent.PollEvents(events[:]) {
		check(err)
		if events[0].Kind == taskwire.Fenced {
			log.Fatal("this node runs under a larger epoch elsewhere")
		}
	}
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("expected ADDRESS EPOCH_FILE")
	}
	var seed [8]byte
	_, err := crypto.Read(seed[:])
	check(err)
	agent, err := taskwire.NewAgent(taskwire.Config{
		Node: "edge-go", Epoch: nextEpoch(os.Args[2]), Seed: binary.LittleEndian.Uint64(seed[:]),
		WallClockOffset: uint64(time.Now().UnixMilli()) - uint64(now())/1000,
	})
	check(err)
	defer agent.Close()
	conn, err := net.Dial("udp", os.Args[1])
	check(err)

	id := taskwire.TaskID{15: 43}
	check(agent.Register(now(), id, []byte("build #43")))
	check(agent.Running(now(), id))
	frame, began, percent := make([]byte, 1200), now(), uint8(0)
	for durable := false; percent < 100 || !durable; durable, err = agent.IsDurable() {
		check(err)
		if percent < 100 && now() >= began+taskwire.Instant(percent)*5000 { // half a second of work
			if percent += 10; percent < 100 {
				check(agent.Progress(now(), id, percent))
			} else {
				check(agent.Succeeded(now(), id, taskwire.Exit{Kind: taskwire.ExitCode, Value: 0}))
			}
		}
		drain(agent, conn, frame)
		wait := agent.Wait(now(), 50*time.Millisecond) // at most so long, for the work
		check(conn.SetReadDeadline(time.Now().Add(wait + time.Millisecond)))
		if length, err := conn.Read(frame); err == nil {
			_ = agent.Receive(now(), frame[:length]) // what is no frame is counted
		}
		check(agent.HandleTimeout(now()))
	}
	check(agent.Goodbye(now())) // all of it is durable: leave in good order
	drain(agent, conn, frame)
	fmt.Println("build #43 is done, and durable at the controller")
}
