// Tests of the journal on disk: what was safe is read back in order, and a disk that refuses loses nothing, be it the write,
// a part of it, or the sync that fails.

package main

import (
	"errors"
	"os"
	"testing"
)

// A sickFile fails as often as it is told to: writes, of which a part arrives, and syncs, after which what was written is
// lost, as kernels do it.
type sickFile struct {
	journalFile
	badWrites, badSyncs *int
}

func (s sickFile) WriteAt(bytes []byte, at int64) (int, error) {
	if *s.badWrites > 0 {
		*s.badWrites--
		put, _ := s.journalFile.WriteAt(bytes[:len(bytes)/2], at)
		return put, errors.New("no space left")
	}
	return s.journalFile.WriteAt(bytes, at)
}

func (s sickFile) Sync() error {
	if *s.badSyncs > 0 {
		*s.badSyncs--
		file := s.journalFile.(*os.File)
		stat, _ := file.Stat()
		_, _ = file.WriteAt(make([]byte, 8), stat.Size()-8) // pages that never reached the disk
		return errors.New("input/output error")
	}
	return s.journalFile.Sync()
}

func stored(t *testing.T, folder string) string {
	t.Helper()
	j, err := openJournal(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer j.close()
	text := ""
	if err := j.read(func(bytes []byte) error { text += string(bytes); return nil }); err != nil {
		t.Fatal(err)
	}
	return text
}

func TestADiskThatRefusesLosesNothing(t *testing.T) {
	folder := t.TempDir()
	j, err := openJournal(folder)
	if err != nil {
		t.Fatal(err)
	}
	badWrites, badSyncs, create := 0, 0, j.create
	j.create = func(path string) (journalFile, error) {
		file, err := create(path)
		return sickFile{file, &badWrites, &badSyncs}, err
	}
	if _, err := openJournal(folder); err == nil {
		t.Fatal("two have one journal")
	}
	j.append(1, true, []byte("the first,"))
	if j.hasRoom() || j.sync(0) != 1 || !j.hasRoom() {
		t.Fatal(j)
	}
	now := uint64(10)
	for n, sick := range []*int{&badWrites, &badSyncs, &badWrites, &badSyncs} {
		*sick = 1 + n/2
		j.append(uint64(2+n), n == 1, []byte("another record,"))
		j.write()
		for tries := 0; *sick > 0; tries++ {
			if key := j.sync(now); key >= uint64(2+n) || tries > 3 {
				t.Fatal(n, key, "is said to be safe")
			}
			if *sick > 0 && j.deadline() > now+journalRetry {
				t.Fatal(n, j.deadline())
			}
			now += journalRetry
		}
		now += journalRetry
		if key := j.sync(now); key != uint64(2+n) && key != 0 || len(j.tail) != 0 || j.trouble != "" {
			t.Fatal(n, key, j.trouble)
		}
	}
	if j.deadline() != never {
		t.Fatal(j.deadline())
	}
	j.neededFrom(2)
	j.close()
	const another = "another record,"
	if text := stored(t, folder); text != "the first,"+another+another+another+another {
		t.Fatalf("%q", text)
	}
}

func TestFilesGoOnceACheckpointIsConfirmed(t *testing.T) {
	folder := t.TempDir()
	for life := uint64(0); life < 3; life++ {
		j, err := openJournal(folder)
		if err != nil {
			t.Fatal(err)
		}
		j.append(10*life+1, true, []byte("begin,"))
		j.append(10*life+2, false, []byte("more,"))
		if key := j.sync(0); key != 10*life+2 {
			t.Fatal(key)
		}
		if life == 1 {
			j.neededFrom(10*life + 1)
		} else {
			j.neededFrom(10 * life)
		}
		j.close()
	}
	if text := stored(t, folder); text != "begin,more,begin,more," {
		t.Fatalf("%q", text)
	}
}
