// What a child says, line by line: a goroutine reads each pipe, and keeps a bounded part of what is wanted of it.

package main

import (
	"bytes"
	"os"
	"sync"
	"time"
)

// lineMost is the most of a line that is kept; a longer one is cut, not broken in two.
const lineMost = 256

// lastWords: once a group was killed, what is in its pipes is read for so long, whoever else holds them open.
const lastWords = 50 * time.Millisecond

// words is what two goroutines have read of a child's stdout and stderr. The newest of each kind is kept.
type words struct {
	lock         sync.Mutex
	pipes        [2]*os.File
	open         int // pipes that have not ended
	percent      uint8
	progress     string
	tellProgress bool
	message      string // the last line of stderr
	result       string // the last line of stdout that was no progress
}

// read begins to read both pipes, which it closes at their ends. wake is called when there is something new.
func (w *words) read(stdout, stderr *os.File, wake func()) {
	w.pipes, w.open = [2]*os.File{stdout, stderr}, 2
	go w.readPipe(stdout, w.takeOut, wake)
	go w.readPipe(stderr, w.takeErr, wake)
}

func (w *words) readPipe(pipe *os.File, take func(line []byte), wake func()) {
	line, buffer := make([]byte, 0, lineMost), make([]byte, 4096)
	endLine := func() {
		whole := bytes.TrimSuffix(line, []byte{'\r'})
		if len(whole) > 0 {
			w.lock.Lock()
			take(whole)
			w.lock.Unlock()
		}
		line = line[:0]
	}
	for {
		length, err := pipe.Read(buffer)
		for rest := buffer[:length]; len(rest) > 0; {
			part, after, ended := bytes.Cut(rest, []byte{'\n'})
			if room := lineMost - len(line); len(part) > room {
				part = part[:room]
			}
			line = append(line, part...)
			if ended {
				endLine()
			}
			rest = after
		}
		if err != nil {
			endLine()
			pipe.Close()
			w.lock.Lock()
			w.open--
			w.lock.Unlock()
			wake()
			return
		}
		wake()
	}
}

// takeOut takes a line of stdout: `progress N TEXT`, or else the result so far.
func (w *words) takeOut(line []byte) {
	if rest, is := cutPrefix(line, "progress "); is {
		number, text, _ := bytes.Cut(rest, []byte{' '})
		if percent, ok := parseCount(string(number), 100); ok && len(number) <= 3 {
			w.percent, w.progress, w.tellProgress = uint8(percent), string(text), true
			return
		}
	}
	w.result = string(line)
}

func (w *words) takeErr(line []byte) { w.message = string(line) }

func cutPrefix(line []byte, prefix string) ([]byte, bool) {
	return bytes.TrimPrefix(line, []byte(prefix)), bytes.HasPrefix(line, []byte(prefix))
}

// takeProgress takes the newest progress, if there is one that was not taken.
func (w *words) takeProgress() (percent uint8, text string, is bool) {
	w.lock.Lock()
	defer w.lock.Unlock()
	is = w.tellProgress
	w.tellProgress = false
	return w.percent, w.progress, is
}

// silent says whether both pipes have ended.
func (w *words) silent() bool {
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.open == 0
}

// hurry lets the pipes end soon, whoever holds them open.
func (w *words) hurry() {
	for _, pipe := range w.pipes {
		_ = pipe.SetReadDeadline(time.Now().Add(lastWords))
	}
}

// last gives the message and the result, when both pipes have ended.
func (w *words) last() (message, result string) {
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.message, w.result
}
