// The agent's own log of what really happened: one JSON object a line and a transition, written at once. The transitions of
// each task are counted here and not by taskwire, so that the controller's history can be held against something that
// never went through it.

package main

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"taskwire.dev/taskwire"
)

// A transition is what happened to a task.
type transition struct {
	state   taskwire.State
	reason  taskwire.Reason
	exit    taskwire.Exit
	message string
	result  string
	at      time.Time
}

// A place in the life of a task: the number of its newest transition, from 1, the registration; its attempt, from 0.
type place struct {
	number  uint32
	attempt uint32
}

type truth struct {
	file  *os.File
	node  string
	epoch uint64
	line  []byte
}

func openTruth(path, node string, epoch uint64) (*truth, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	return &truth{file: file, node: node, epoch: epoch}, nil
}

// truthNumbers says up to which transition of each task a truth log has been written, by the id as text.
func truthNumbers(path string) map[string]uint32 {
	numbers := map[string]uint32{}
	text, _ := os.ReadFile(path)
	for _, line := range strings.Split(string(text), "\n") {
		var id string
		var number uint32
		if _, err := fmt.Sscanf(line, `{"task":%q,"number":%d`, &id, &number); err == nil && number > numbers[id] {
			numbers[id] = number
		}
	}
	return numbers
}

func (t *truth) close() { t.file.Close() }

// write writes one line.
func (t *truth) write(task *taskSpec, trace *taskwire.Trace, which place, what *transition) error {
	line := append(t.line[:0], `{"task":"`...)
	line = append(line, task.id.String()...)
	line = append(line, fmt.Sprintf(`","number":%d,"attempt":%d,"state":"%v","reason":"%v","at":%d,"epoch":%d`,
		which.number, which.attempt, what.state, what.reason, unixMillis(what.at), t.epoch)...)
	switch what.exit.Kind {
	case taskwire.ExitCode:
		line = append(line, fmt.Sprintf(`,"exit_code":%d`, what.exit.Value)...)
	case taskwire.ExitSignal:
		line = append(line, fmt.Sprintf(`,"signal":%d`, what.exit.Value)...)
	}
	line = appendText(line, "node", t.node)
	line = appendText(line, "name", task.name)
	if which.number == 1 {
		line = appendText(line, "metadata", task.metadata)
	}
	line = appendText(line, "message", what.message)
	line = appendText(line, "result", what.result)
	line = append(line, `,"trace_id":"`...)
	line = append(line, hex.EncodeToString(trace.TraceID[:])...)
	line = append(line, "\"}\n"...)
	t.line = line
	_, err := t.file.Write(line)
	return err
}

// appendText appends ,"key":"…" as JSON text, or ,"key_hex":"…" where the bytes are no UTF-8: nothing is lost either way.
func appendText(line []byte, key, text string) []byte {
	line = append(line, `,"`...)
	line = append(line, key...)
	if !utf8.ValidString(text) {
		line = append(line, `_hex":"`...)
		line = append(line, hex.EncodeToString([]byte(text))...)
		return append(line, '"')
	}
	line = append(line, `":"`...)
	for n := 0; n < len(text); n++ {
		switch char := text[n]; {
		case char == '"' || char == '\\':
			line = append(line, '\\', char)
		case char < 0x20:
			line = append(line, `\u00`...)
			line = append(line, "0123456789abcdef"[char>>4], "0123456789abcdef"[char&15])
		default:
			line = append(line, char)
		}
	}
	return append(line, '"')
}
