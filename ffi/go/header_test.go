// The package has all that the header has: every function, number and field that is not excepted here, with its reason.

package taskwire

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// excepted are the names that the package leaves out.
var excepted = map[string]string{
	"taskwire_agent_poll_event":      "events come by the slice",
	"taskwire_controller_poll_event": "events come by the slice",
	"taskwire_agent_transition":      "goes the way of Update, as a report points to memory",
	"taskwire_report_init":           "as above",
	"taskwire_task_id_to_text":       "TaskID.String needs no C",
	"taskwire_stop":                  "the small build calls it, and Go has the whole library",
	"TASKWIRE_H":                     "guards the header",
	"TASKWIRE_EVENT_NONE":            "a count says that there is no more",
	"TASKWIRE_CONTROLLER_EVENT_NONE": "a count says that there is no more",
	"TASKWIRE_FRAMER_OVERHEAD":       "Framing.Room says it for any length",
	"struct_size":                    "the _init functions set it",
	"reserved":                       "is nothing yet",
	"bytes":                          "TaskID is the bytes",
	"has_since":                      "Undurable says it",
}

func TestThePackageHasAllThatTheHeaderHas(t *testing.T) {
	header, err := os.ReadFile("../../include/taskwire.h")
	must(t, err)
	code := regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*`).ReplaceAllString(string(header), "")
	paths, err := filepath.Glob("*.go")
	must(t, err)
	source := ""
	for _, path := range paths {
		if !strings.HasSuffix(path, "_test.go") {
			text, err := os.ReadFile(path)
			must(t, err)
			source += string(text)
		}
	}
	count := 0
	need := func(name, as string) {
		count++
		if excepted[name] == "" && !regexp.MustCompile(as+`\b`).MatchString(source) {
			t.Errorf("%s is in the header and not in the package; a name that is left out on purpose stands in header_test.go", name)
		}
	}
	for _, found := range regexp.MustCompile(`\b(taskwire_[a-z_]+)\(`).FindAllStringSubmatch(code, -1) {
		if !strings.HasSuffix(found[1], "_init_sized") { // the inline _init of the header calls it
			need(found[1], `C\.`+found[1])
		}
	}
	for _, found := range regexp.MustCompile(`#define (TASKWIRE_[A-Z_]+)`).FindAllStringSubmatch(code, -1) {
		need(found[1], `C\.`+found[1])
	}
	for _, body := range regexp.MustCompile(`(?s)typedef struct \w+ \{(.*?)\n\}`).FindAllStringSubmatch(code, -1) {
		for _, field := range regexp.MustCompile(`(\w+)(?:\[\d+\])?;`).FindAllStringSubmatch(body[1], -1) {
			need(field[1], `\.`+field[1])
		}
	}
	if count < 300 {
		t.Fatalf("only %d names were found in the header", count)
	}
}
