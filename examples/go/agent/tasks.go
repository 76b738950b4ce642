// What the agent is to run, read from a text file: the format, its limits, and an error that names the line and what was
// expected there. It is the format of the agent in C, whose tasks_file.h describes it. Running is left to schedule.go and
// runner.go.

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"taskwire.dev/taskwire"
)

const (
	taskNameMost = 64
	metadataMost = 256
	retriesMost  = 1000
	tasksMost    = 4096
	fileMost     = 4 << 20
)

const tasksFormat = `The tasks file is plain text, a block a task; # begins a comment line:
  task NAME              begins a task (1 to 64 bytes without blanks)
    command PROGRAM ARG… the program and its arguments; '…', "…" and \ quote; no shell
    shell LINE           or, instead, a line for /bin/sh -c
    retries N            tried again so often after it FAILED (default 0)
    retry-after TIME     waits so long before that (default 0)
    time-limit TIME      then SIGTERM to its process group, two seconds, SIGKILL; FAILED, TimedOut
    cancel-after TIME    CANCELLED so long after its first attempt began; 0: before it begins
    metadata TEXT        sent once with the registration (default: the name)
    id UUID              the task's id (default: made from node and name)
TIME is a number and us, ms, s, m or h. A line ` + "`progress N TEXT`" + ` (0 to 100) that the program prints is reported
as its progress; its last other line is the result, the last line of its stderr the message.
`

// A taskSpec is one block of the file. Times are microseconds.
type taskSpec struct {
	name        string
	id          taskwire.TaskID
	arguments   []string
	retries     uint32
	retryAfter  uint64
	timeLimit   uint64 // 0: none
	cancels     bool
	cancelAfter uint64
	metadata    string
	line        int // where its block begins
}

// loadTasks reads and parses the file at path.
func loadTasks(node, path string) ([]taskSpec, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, plainError(err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, fileMost+1))
	if err != nil {
		return nil, plainError(err)
	}
	if len(text) > fileMost {
		return nil, fmt.Errorf("expected at most %d bytes", fileMost)
	}
	return parseTasks(node, text)
}

// plainError is what went wrong without the path, which the caller names.
func plainError(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// parseTasks reads the text; an error begins with the line that it is about.
func parseTasks(node string, text []byte) ([]taskSpec, error) {
	parser := parser{node: node}
	for number, line := range bytes.Split(text, []byte{'\n'}) {
		parser.line = number + 1
		if bytes.IndexByte(line, 0) >= 0 {
			return nil, parser.wrong("expected text, found a NUL byte")
		}
		if err := parser.takeLine(strings.Trim(string(line), " \t\r")); err != nil {
			return nil, err
		}
	}
	if err := parser.closeTask(); err != nil {
		return nil, err
	}
	return parser.tasks, nil
}

type parser struct {
	node  string
	tasks []taskSpec
	line  int
	open  bool // the last task is being read
	seen  map[string]bool
}

func (p *parser) wrong(format string, arguments ...any) error {
	return fmt.Errorf("line %d: "+format, append([]any{p.line}, arguments...)...)
}

func (p *parser) takeLine(line string) error {
	if line == "" || line[0] == '#' {
		return nil
	}
	key, value := line, ""
	if at := strings.IndexAny(line, " \t"); at >= 0 {
		key, value = line[:at], strings.TrimLeft(line[at:], " \t")
	}
	if key == "task" {
		if err := p.closeTask(); err != nil {
			return err
		}
		return p.openTask(value)
	}
	set, known := taskKeys[key]
	if !known {
		return p.wrong("expected task, command, shell, retries, retry-after, time-limit, cancel-after, metadata or id, "+
			"found \"%.40s\"", key)
	}
	if !p.open {
		return p.wrong("expected `task NAME` before `%s`", key)
	}
	if p.seen[key] {
		return p.wrong("%s: expected once in a task, found again", key)
	}
	p.seen[key] = true
	return set(p, &p.tasks[len(p.tasks)-1], key, value)
}

func (p *parser) openTask(name string) error {
	if name == "" || len(name) > taskNameMost || strings.ContainsAny(name, " \t") {
		return p.wrong("task: expected a name of 1 to %d bytes without blanks, found \"%.80s\"", taskNameMost, name)
	}
	if len(p.tasks) == tasksMost {
		return p.wrong("expected at most %d tasks", tasksMost)
	}
	p.tasks = append(p.tasks, taskSpec{name: name, line: p.line})
	p.open, p.seen = true, map[string]bool{}
	return nil
}

func (p *parser) closeTask() error {
	if !p.open {
		return nil
	}
	p.open = false
	task, others := &p.tasks[len(p.tasks)-1], p.tasks[:len(p.tasks)-1]
	if task.arguments == nil {
		p.line = task.line
		return p.wrong("task %s: expected a `command` or a `shell` line, found none", task.name)
	}
	if !p.seen["metadata"] {
		task.metadata = task.name
	}
	if !p.seen["id"] {
		task.id = idFromNames(p.node, task.name)
	}
	for n := range others {
		other, what := &others[n], "id"
		if other.name == task.name {
			what = "name"
		} else if other.id != task.id {
			continue
		}
		p.line = task.line
		return p.wrong("task %s: expected a %s of its own, found that of the task in line %d", task.name, what, other.line)
	}
	return nil
}

// taskKeys are the lines of a block.
var taskKeys = map[string]func(p *parser, task *taskSpec, key, value string) error{
	"command": setCommand, "shell": setShell, "retries": setRetries, "retry-after": setTime, "time-limit": setTime,
	"cancel-after": setTime, "metadata": setMetadata, "id": setID,
}

func setCommand(p *parser, task *taskSpec, _, value string) error {
	if task.arguments != nil {
		return p.wrong("expected one of `command` and `shell` in a task, found a second")
	}
	arguments, err := parseCommand(value)
	if err != nil {
		return p.wrong("command: expected %v", err)
	}
	task.arguments = arguments
	return nil
}

func setShell(p *parser, task *taskSpec, _, value string) error {
	if task.arguments != nil {
		return p.wrong("expected one of `command` and `shell` in a task, found a second")
	}
	if value == "" {
		return p.wrong("shell: expected a line for /bin/sh")
	}
	task.arguments = []string{"/bin/sh", "-c", value}
	return nil
}

func setRetries(p *parser, task *taskSpec, key, value string) error {
	count, ok := parseCount(value, retriesMost)
	if !ok {
		return p.wrong("%s: expected a number from 0 to %d, found \"%.40s\"", key, retriesMost, value)
	}
	task.retries = uint32(count)
	return nil
}

func setTime(p *parser, task *taskSpec, key, value string) error {
	us, ok := parseDuration(value)
	if limit := key == "time-limit"; !ok || (limit && us == 0) {
		above := ""
		if limit {
			above = ", above 0"
		}
		return p.wrong("%s: expected a time such as 250ms, 1.5s or 2m%s, found \"%.40s\"", key, above, value)
	}
	switch key {
	case "time-limit":
		task.timeLimit = us
	case "retry-after":
		task.retryAfter = us
	default:
		task.cancels, task.cancelAfter = true, us
	}
	return nil
}

func setMetadata(p *parser, task *taskSpec, key, value string) error {
	if len(value) > metadataMost {
		return p.wrong("%s: expected at most %d bytes, found %d", key, metadataMost, len(value))
	}
	task.metadata = value
	return nil
}

func setID(p *parser, task *taskSpec, key, value string) error {
	id, err := taskwire.ParseTaskID(value)
	if err != nil || !strings.EqualFold(id.String(), value) {
		return p.wrong("%s: expected a UUID such as 0f8fad5b-d9cb-469f-a165-70867728950e, found \"%.40s\"", key, value)
	}
	task.id = id
	return nil
}

// idFromNames makes the id that the agent in C makes of the same names: two halves of FNV-1a from two beginnings.
func idFromNames(node, name string) taskwire.TaskID {
	var id taskwire.TaskID
	halves := [2]uint64{hash(hash(14695981039346656037, node), name), hash(hash(0x9e3779b97f4a7c15, node), name)}
	for n := range id {
		id[n] = byte(halves[n/8] >> (56 - 8*(n%8)))
	}
	// Version 8 of RFC 9562: made by a rule of our own.
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}

func hash(sum uint64, text string) uint64 {
	for n := 0; n < len(text); n++ {
		sum = (sum ^ uint64(text[n])) * 1099511628211
	}
	return sum * 1099511628211 // a NUL too, so that ("a", "bc") and ("ab", "c") differ
}
