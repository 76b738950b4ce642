// A keeper is this same program, started once more as a small process that keeps one program and writes down what becomes
// of it: nobody but a parent learns an exit status, and an agent that is started again is not the parent of what still
// runs. The form of its file, and why it is so, stand in examples/c/keeper.h; only `failed` has words here, not a number.

package main

import (
	"encoding/hex"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// keeperWord is the first argument of a keeper; then the path of its file, the time limit, and the program.
const keeperWord = "keep-one-program"

// progressMost: progress beyond so many bytes of the file is left out.
const progressMost = 1 << 20

// A processName tells a process from a later one that was given its pid.
type processName struct {
	pid     int
	started uint64 // clock ticks since the boot
	boot    string
}

// findProcess is the process of this pid that is there now; false if none is, or it has ended and was not waited for.
func findProcess(pid int) (processName, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return processName{}, false
	}
	// The name, in parentheses, may have anything in it: what follows begins behind the last one.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return processName{}, false
	}
	started, err := strconv.ParseUint(fields[19], 10, 64)
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	name := strings.TrimSpace(string(boot))
	if name == "" {
		name = "-"
	}
	return processName{pid, started, name}, err == nil
}

func hexed(text string) string {
	if text == "" {
		return "-"
	}
	return hex.EncodeToString([]byte(text))
}

// A record is the file of a keeper.
type record struct {
	file   *os.File
	length int64
}

// put appends a line, and tries until it is there, and safe if it has to be: a part of it is written over.
func (r *record) put(sync bool, line string) {
	for r.try(sync, line) != nil {
		time.Sleep(time.Second)
	}
	r.length += int64(len(line))
}

func (r *record) try(sync bool, line string) error {
	_, err := r.file.WriteAt([]byte(line), r.length)
	if err == nil && sync {
		err = r.file.Sync()
	}
	return err
}

// keep is what a keeper does; it gives its exit code: 0, or the errno why nothing was started.
func keep(words []string) int {
	if len(words) < 3 {
		return int(syscall.EINVAL)
	}
	_, _ = syscall.Setsid()
	// Taken and left, not ignored: a program would inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP, syscall.SIGINT, syscall.SIGXFSZ)
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	limit, _ := strconv.ParseUint(words[1], 10, 64)
	file, err := os.OpenFile(words[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if os.IsExist(err) {
		return 0 // somebody keeps this attempt already
	}
	self, found := findProcess(os.Getpid())
	out := &record{file: file}
	line := fmt.Sprintf("keeper %d %d %s\n", self.pid, self.started, self.boot)
	if err == nil && found {
		if err = out.try(true, line); err == nil {
			err = syncFolder(filepath.Dir(words[0]))
		}
	}
	if err != nil || !found {
		os.Remove(words[0])
		if errno, is := plainError(err).(syscall.Errno); is {
			return int(errno)
		}
		return int(syscall.EIO)
	}
	out.length = int64(len(line))
	runner := newRunner(1)
	runner.start(0, words[2:], bootClock(), limit)
	for {
		runner.step(bootClock())
		for _, event := range runner.takeEvents() {
			if out.write(&event) {
				return 0
			}
		}
		wait, now := time.Second, bootClock()
		if at := runner.deadline(); at <= now {
			wait = 0
		} else if at-now < uint64(wait/time.Microsecond) {
			wait = time.Duration(at-now) * time.Microsecond
		}
		select {
		case <-runner.wake:
		case <-time.After(wait):
		case <-told:
			runner.cancel(0, bootClock())
		}
	}
}

// write writes an event down; true if it is the last.
func (r *record) write(event *runnerEvent) bool {
	at := unixMillis(wallClock())
	switch event.kind {
	case runnerStarted:
		r.put(false, fmt.Sprintf("started %d\n", at))
	case runnerProgress:
		if r.length < progressMost {
			r.put(false, fmt.Sprintf("progress %d %s\n", event.percent, hexed(event.text)))
		}
	case runnerEnded:
		how, code := "exit", event.status.ExitStatus()
		if event.status.Signaled() {
			how, code = "signal", int(event.status.Signal())
		}
		r.put(true, fmt.Sprintf("ended %d %d %s %d %s %s\n", at, event.stop, how, code, hexed(event.text), hexed(event.result)))
		return true
	case runnerCouldNotStart:
		r.put(true, fmt.Sprintf("failed %d %s\n", at, hexed(event.text)))
		return true
	}
	return false
}
