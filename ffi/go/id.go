// The name of a task.

package taskwire

// #include "library.h"
import "C"

import (
	"strings"
	"unsafe"
)

// A TaskID names a task: 16 bytes, any, written as a UUID.
type TaskID [16]byte

// ParseTaskID reads 32 hexadecimal digits of either case; hyphens may stand between bytes. The error is ErrTaskIDText.
func ParseTaskID(text string) (TaskID, error) {
	var id C.taskwire_task_id
	status := Status(C.TASKWIRE_ERROR_TASK_ID_TEXT)
	if strings.IndexByte(text, 0) < 0 {
		c := C.CString(text)
		defer C.free(unsafe.Pointer(c))
		status = Status(C.taskwire_task_id_from_text(c, &id))
	}
	if status != ok {
		return TaskID{}, &Error{Call: "ParseTaskID", Status: status, Text: status.Error()}
	}
	return taskIDOf(&id), nil
}

// String writes the id in lower case with hyphens.
func (id TaskID) String() string {
	const digits = "0123456789abcdef"
	text := make([]byte, 0, C.TASKWIRE_TASK_ID_TEXT_SIZE)
	for n, b := range id {
		if n == 4 || n == 6 || n == 8 || n == 10 {
			text = append(text, '-')
		}
		text = append(text, digits[b>>4], digits[b&15])
	}
	return string(text)
}

// MarshalText writes the id as String does: in JSON it is a string.
func (id TaskID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what ParseTaskID reads. After an error the id is as it was.
func (id *TaskID) UnmarshalText(text []byte) error {
	read, err := ParseTaskID(string(text))
	if err == nil {
		*id = read
	}
	return err
}

func taskIDOf(id *C.taskwire_task_id) TaskID { return *(*TaskID)(unsafe.Pointer(id)) }

func (id TaskID) c() C.taskwire_task_id { return *(*C.taskwire_task_id)(unsafe.Pointer(&id)) }
