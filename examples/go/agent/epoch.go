// The incarnation of this agent: max(clock, stored + 1), on disk before anybody hears of it.

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// nextEpoch is larger than at every start before, also where the clock was set back or there is none.
func nextEpoch(path string) (uint64, error) {
	stored, err := readEpoch(path)
	if err != nil {
		return 0, err
	}
	if stored >= math.MaxUint64-1 {
		return 0, fmt.Errorf("%s: the epoch %d is at the end of its range", path, stored)
	}
	epoch := unixMillis(wallClock())
	if epoch <= stored {
		epoch = stored + 1
	}
	return epoch, storeEpoch(path, epoch)
}

// readEpoch: a missing file is 0. Anything but one decimal number is refused, never taken for 0.
func readEpoch(path string) (uint64, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	stored, err := strconv.ParseUint(strings.TrimRight(string(text), "\n "), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: expected one decimal number, the last epoch; found \"%.20s\"", path, text)
	}
	return stored, nil
}

// storeEpoch writes beside the file and renames, so that a power cut leaves the old number or the new one, never half.
func storeEpoch(path string, epoch uint64) error {
	beside := path + ".new"
	if err := writeSynced(beside, fmt.Sprintf("%d\n", epoch)); err != nil {
		os.Remove(beside)
		return err
	}
	if err := os.Rename(beside, path); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

func writeSynced(path, text string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}
