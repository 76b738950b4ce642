// The agent's journal on disk: records in a folder, in files that follow one another, read back in order. When it syncs:
// once in each turn of the loop that made a record, before any frame is sent. What fails is kept in memory and written
// again, as a whole and in the same place, a second later: after a failed sync nobody knows what has reached the disk, and
// a second one would call it done. The agent in C does the same (examples/c/journal.h); what records say is left to report.

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"syscall"
)

const (
	tailMost     = 1 << 20 // more than this waits in memory only for the record being appended: the library keeps the rest
	journalRetry = 1000000 // microseconds
)

// A journalFile is what the journal asks of a file, so that a test can have one that fails.
type journalFile interface {
	io.WriterAt
	io.Closer
	Sync() error
}

type journal struct {
	folder         string
	lock           *os.File
	create         func(path string) (journalFile, error)
	file           journalFile
	oldest, newest int // numbers of files; oldest > newest: there is none
	firstKey       uint64
	safe           int64  // bytes of the newest file that are safe
	tail           []byte // what follows them
	written        int    // bytes of the tail that the kernel has
	split          int    // where in the tail another file begins; -1: nowhere
	splitKey, last uint64
	retryAt        uint64
	trouble        string
}

func openJournal(folder string) (*journal, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = errors.New("another agent uses it")
		}
		return nil, fmt.Errorf("%s: %w", folder, err)
	}
	j := &journal{folder: folder, lock: lock, split: -1, oldest: 1}
	j.create = func(path string) (journalFile, error) {
		return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	}
	for n, number := range j.numbers() {
		if n == 0 {
			j.oldest = number
		}
		j.newest = number
	}
	return j, nil
}

func (j *journal) close() {
	if j.file != nil {
		j.file.Close()
	}
	j.lock.Close()
}

func (j *journal) path(number int) string {
	return filepath.Join(j.folder, fmt.Sprintf("journal.%06d", number))
}

// numbers gives those of the files that there are, in order.
func (j *journal) numbers() (found []int) {
	paths, _ := filepath.Glob(filepath.Join(j.folder, "journal.*"))
	for _, path := range paths {
		number := 0
		if _, err := fmt.Sscanf(filepath.Base(path), "journal.%d", &number); err == nil && j.path(number) == path {
			found = append(found, number)
		}
	}
	sort.Ints(found)
	return found
}

// read hands over all that was stored.
func (j *journal) read(take func([]byte) error) error {
	for _, number := range j.numbers() {
		bytes, err := os.ReadFile(j.path(number))
		if err == nil {
			err = take(bytes)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// hasRoom says whether another record may be appended now; else sync first.
func (j *journal) hasRoom() bool { return j.split < 0 && len(j.tail) < tailMost }

func (j *journal) append(key uint64, beginsCheckpoint bool, record []byte) {
	if beginsCheckpoint {
		j.split, j.splitKey = len(j.tail), key
	}
	j.tail = append(j.tail, record...)
	j.last = key
}

// writePart writes the part of the tail that belongs to the newest file.
func (j *journal) writePart() error {
	end := len(j.tail)
	if j.split >= 0 {
		end = j.split
	}
	if j.written < end {
		put, err := j.file.WriteAt(j.tail[j.written:end], j.safe+int64(j.written))
		j.written += put
		return err
	}
	return nil
}

// write gives what was appended to the kernel, where it survives this process but not the machine.
func (j *journal) write() {
	if j.file != nil && j.retryAt == 0 {
		_ = j.writePart() // sync tries again, and says why not
	}
}

// nextFile begins the file that a checkpoint is for; the one before is safe whole.
func (j *journal) nextFile() error {
	file, err := j.create(j.path(j.newest + 1))
	if err != nil {
		return err
	}
	if err := syncFolder(j.folder); err != nil {
		file.Close()
		return err
	}
	if j.file != nil {
		j.file.Close()
	}
	j.file, j.firstKey, j.safe, j.split = file, j.splitKey, 0, -1
	j.newest++
	return nil
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

// sync makes what was appended safe, and gives the key of the newest record that is; 0 if nothing has become safe.
func (j *journal) sync(now uint64) (safeKey uint64) {
	if now < j.retryAt {
		return 0
	}
	for len(j.tail) > 0 {
		var err error
		if j.split == 0 {
			err = j.nextFile()
		}
		if err == nil {
			err = j.writePart()
		}
		if err == nil {
			err = j.file.Sync()
		}
		if err != nil {
			j.trouble, j.written, j.retryAt = plainError(err).Error(), 0, now+journalRetry
			return safeKey
		}
		if safeKey = j.last; j.split >= 0 {
			safeKey = j.splitKey - 1
			j.split -= j.written
		}
		j.tail = append(j.tail[:0], j.tail[j.written:]...)
		j.safe += int64(j.written)
		j.written = 0
	}
	j.trouble, j.retryAt = "", 0
	return safeKey
}

// neededFrom removes the files whose records are all below this key.
func (j *journal) neededFrom(key uint64) {
	for j.firstKey > 0 && key >= j.firstKey && j.oldest < j.newest {
		if err := os.Remove(j.path(j.oldest)); err != nil && !os.IsNotExist(err) {
			return // it costs room, and nothing else; the next call tries again
		}
		j.oldest++
	}
}

// deadline is when sync has to be called again at the latest.
func (j *journal) deadline() uint64 {
	if len(j.tail) == 0 {
		return never
	}
	return j.retryAt
}
