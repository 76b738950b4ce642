// Programs that outlive the agent, each with a keeper (keeper.go): starting keepers, finding those of an earlier life again,
// and giving what they write down as the events of runner.go. runnerLost says that the keeper is gone and has not written
// how its program ended: nobody knows.

package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"taskwire.dev/taskwire"
)

const (
	lookAgain = 50000 // microseconds: a keeper that is not this process's child cannot wake it
	looksMost = 100   // so often is a file looked at that does not say whose it is: five seconds
)

type keptPlace struct {
	task    int
	path    string
	child   int         // the keeper's pid, if this life started it; 0 once it was waited for
	failure error       // why it started nothing
	keeper  processName // as its file says; pid 0 before
	gone    bool        // the keeper was not there any more before the file was read
	looks   int
	file    *os.File
	pending []byte
	over    bool
}

type kept struct {
	folder string
	most   int
	places []*keptPlace
	events []runnerEvent
}

func openKept(folder string, most int) (*kept, error) {
	folder = filepath.Join(folder, "run")
	return &kept{folder: folder, most: most}, os.MkdirAll(folder, 0o755)
}

// close leaves the keepers alone; with stop it tells them first to end their programs.
func (k *kept) close(stop bool) {
	for _, place := range k.places {
		if stop {
			place.tell()
		}
		if place.file != nil {
			place.file.Close()
		}
	}
	k.places = nil
}

func (k *kept) hasPlace() bool { return len(k.places) < k.most }

func (k *kept) path(id taskwire.TaskID, attempt uint32) string {
	return filepath.Join(k.folder, fmt.Sprintf("%s.%d", id, attempt))
}

// adopt takes an attempt up again if somebody keeps it, or has kept it.
func (k *kept) adopt(task int, id taskwire.TaskID, attempt uint32) bool {
	path := k.path(id, attempt)
	if _, err := os.Stat(path); err != nil {
		return false
	}
	k.places = append(k.places, &keptPlace{task: task, path: path})
	return true
}

func (k *kept) start(task int, id taskwire.TaskID, attempt uint32, arguments []string, timeLimit uint64) {
	place := &keptPlace{task: task, path: k.path(id, attempt)}
	k.places = append(k.places, place)
	words := append([]string{"taskwire-keeper", keeperWord, place.path, strconv.FormatUint(timeLimit, 10)}, arguments...)
	nothing, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err == nil {
		defer nothing.Close()
		var process *os.Process
		process, err = os.StartProcess("/proc/self/exe", words, &os.ProcAttr{Files: []*os.File{nothing, nothing, nothing}})
		if err == nil {
			place.child = process.Pid
			_ = process.Release() // it is waited for by its number
			return
		}
	}
	place.failure, place.gone = plainError(err), true
}

// tell asks the keeper, if it is the one of the file, to end its program.
func (p *keptPlace) tell() {
	if p.child > 0 {
		_ = syscall.Kill(p.child, syscall.SIGTERM)
	} else if now, is := findProcess(p.keeper.pid); p.keeper.pid > 0 && is && now == p.keeper {
		_ = syscall.Kill(p.keeper.pid, syscall.SIGTERM)
	}
}

func (k *kept) cancel(task int) {
	for _, place := range k.places {
		if place.task == task {
			place.tell()
		}
	}
}

// look finds out whether the keeper is there, before its file is read: what it wrote before it went is in the file then.
func (p *keptPlace) look() {
	switch {
	case p.child > 0:
		var status syscall.WaitStatus
		ended, err := syscall.Wait4(p.child, &status, syscall.WNOHANG, nil)
		if err != nil || ended != p.child {
			return
		}
		p.child = 0
		if status.Exited() && status.ExitStatus() != 0 {
			p.failure = syscall.Errno(status.ExitStatus())
		}
		// It may have given way to the keeper of an earlier life: then that one counts.
		p.gone = p.keeper.pid == 0 || p.keeper.pid == ended
	case p.keeper.pid > 0:
		now, is := findProcess(p.keeper.pid)
		p.gone = !is || now != p.keeper
	case p.file != nil:
		// A file without its first line: its keeper is about to write it, or was killed.
		p.looks++
		p.gone = p.looks > looksMost
	}
}

func (k *kept) step() {
	left := k.places[:0]
	for _, place := range k.places {
		place.look()
		k.read(place)
		if !place.over {
			left = append(left, place)
		} else if place.file != nil {
			place.file.Close()
		}
	}
	k.places = left
}

// read takes the events of a place: those of its file, or that there will be none.
func (k *kept) read(p *keptPlace) {
	if p.file == nil {
		p.file, _ = os.Open(p.path)
	}
	if p.file != nil {
		more, _ := io.ReadAll(p.file)
		p.pending = append(p.pending, more...)
	}
	for !p.over {
		end := bytes.IndexByte(p.pending, '\n')
		if end < 0 {
			break
		}
		line := string(p.pending[:end])
		p.pending = p.pending[end+1:]
		if event, is := p.take(line); is {
			k.events = append(k.events, event)
		}
	}
	if p.over || !p.gone {
		return
	}
	event := runnerEvent{kind: runnerLost, task: p.task}
	if p.file == nil && p.failure != nil {
		event.kind, event.text = runnerCouldNotStart, p.failure.Error()
	}
	k.events = append(k.events, event)
	p.over = true
}

func unhexed(word string) string {
	text, _ := hex.DecodeString(word) // "-" is none
	return string(text)
}

// take takes one line; true if it is an event.
func (p *keptPlace) take(line string) (event runnerEvent, is bool) {
	words := strings.Fields(line)
	number := func(n int) int64 {
		value, _ := strconv.ParseInt(words[n], 10, 64)
		return value
	}
	event.task = p.task
	switch {
	case len(words) == 4 && words[0] == "keeper":
		p.keeper = processName{int(number(1)), uint64(number(2)), words[3]}
		if p.child == 0 {
			p.gone = false // it is looked at first
		}
		return event, false
	case len(words) == 2 && words[0] == "started":
		event.kind = runnerStarted
	case len(words) == 3 && words[0] == "progress":
		event.kind, event.percent, event.text = runnerProgress, uint8(number(1)), unhexed(words[2])
		return event, true
	case len(words) == 7 && words[0] == "ended":
		event.kind, event.stop, event.status = runnerEnded, stopKind(number(2)), syscall.WaitStatus(number(4)<<8)
		if words[3] == "signal" {
			event.status = syscall.WaitStatus(number(4))
		}
		event.text, event.result = unhexed(words[5]), unhexed(words[6])
		p.over = true
	case len(words) == 3 && words[0] == "failed":
		event.kind, event.text = runnerCouldNotStart, unhexed(words[2])
		p.over = true
	default:
		return event, false
	}
	event.at = time.UnixMilli(number(1))
	return event, true
}

func (k *kept) takeEvents() []runnerEvent {
	events := k.events
	k.events = nil
	return events
}

func (k *kept) deadline(now uint64) uint64 {
	if len(k.places) == 0 {
		return never
	}
	return now + lookAgain
}

// remove: a task's last end is stored at the controller, what was written down of its attempts may go.
func (k *kept) remove(id taskwire.TaskID, attempts uint32) {
	for attempt := uint32(0); attempt <= attempts; attempt++ {
		os.Remove(k.path(id, attempt))
	}
}
