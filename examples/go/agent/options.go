// The agent's command line: reading the flags and refusing what is wrong with them, before anything is opened or started.

package main

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

const optionsHelp = `taskwire-agent-go: runs the tasks of a file and reports what becomes of them, exactly.

  --node NAME             this node's name, 1 to 64 bytes, the same at each start
  --controller HOST:PORT  where the controller listens for UDP; or in its place:
  --tcp HOST:PORT         where it listens for TCP; a connection that ends is made anew
  --tasks FILE            what to run
  --truth FILE            this agent's own log of what happened, one JSON object a line
  --epoch-file FILE       keeps the number of the last start; max(clock, stored + 1) is the next
  --journal FOLDER        keeps what is reported there, and each task's program by a process of its own: an agent that is
                          killed goes on when it is started again, and finds its tasks running or how they ended
  --seed N                for timers and trace ids; default: fresh from the system at each start
  --parallel N            how many tasks run at a time, 1 to 64; default 4
  --back-off TIME         the longest pause between two tries to reach the controller, 100ms to 1h; default 15s:
                          short for a few agents, long for a fleet that may come back all at once
  --supersede             when a larger epoch of this node is known: take a larger one and go on
  --help

Ends when the controller has stored all of it. Exit code: 0 done, 1 something failed here, 2 wrong flag or
tasks file, 3 fenced (this node runs under a larger epoch elsewhere), 4 another agent has this node's name,
5 told to leave twice: SIGTERM cancels all tasks and still reports their ends, a second one leaves at once.

`

// errHelp: nothing is wrong, but --help was asked for.
var errHelp = errors.New("help")

type options struct {
	node       string
	controller string // HOST:PORT for UDP; or, if empty,
	tcp        string // for TCP
	tasks      string
	truth      string
	epochFile  string
	journal    string // a folder; empty: no journal is kept
	hasSeed    bool
	seed       uint64
	parallel   int
	backOff    time.Duration
	supersede  bool // when fenced: take a larger epoch and go on, rather than stop
}

// linkFlag is the flag that says where the controller is.
func (o *options) linkFlag() string {
	if o.tcp != "" {
		return "--tcp"
	}
	return "--controller"
}

// A flagRule is a flag, what it expects, and how it is taken; false if that was something else.
type flagRule struct {
	name    string
	expects string // empty: takes no value
	needed  bool
	take    func(o *options, value string) bool
}

var flagRules = []flagRule{
	{"--node", "a name of 1 to 64 bytes", true, func(o *options, value string) bool {
		o.node = value
		return value != "" && len(value) <= taskNameMost
	}},
	{"--controller", "HOST:PORT, for example 192.0.2.1:7400", false, func(o *options, value string) bool {
		o.controller, o.tcp = value, ""
		return strings.Contains(value, ":")
	}},
	{"--tcp", "HOST:PORT, for example 192.0.2.1:7400", false, func(o *options, value string) bool {
		o.controller, o.tcp = "", value
		return strings.Contains(value, ":")
	}},
	{"--tasks", "a file", true, func(o *options, value string) bool { o.tasks = value; return value != "" }},
	{"--truth", "a file", true, func(o *options, value string) bool { o.truth = value; return value != "" }},
	{"--epoch-file", "a file", true, func(o *options, value string) bool { o.epochFile = value; return value != "" }},
	{"--journal", "a folder", false, func(o *options, value string) bool { o.journal = value; return value != "" }},
	{"--seed", "a number from 0 to 18446744073709551615", false, func(o *options, value string) (ok bool) {
		o.hasSeed = true
		o.seed, ok = parseCount(value, math.MaxUint64)
		return ok
	}},
	{"--parallel", "a number from 1 to 64", false, func(o *options, value string) bool {
		count, ok := parseCount(value, placesMost)
		o.parallel = int(count)
		return ok && count > 0
	}},
	{"--back-off", "a time from 100ms to 1h", false, func(o *options, value string) bool {
		us, ok := parseDuration(value)
		o.backOff = time.Duration(us) * time.Microsecond
		return ok && o.backOff >= 100*time.Millisecond && o.backOff <= time.Hour
	}},
	{"--supersede", "", false, func(o *options, value string) bool { o.supersede = true; return true }},
}

func readOptions(words []string) (options, error) {
	out := options{parallel: 4, backOff: 15 * time.Second}
	seen := map[string]bool{}
	for n := 0; n < len(words); n++ {
		if words[n] == "--help" {
			return out, errHelp
		}
		rule := findFlag(words[n])
		if rule == nil {
			return out, fmt.Errorf("expected a flag such as --node (see --help), found \"%.80s\"", words[n])
		}
		seen[rule.name] = true
		if rule.expects == "" {
			rule.take(&out, "")
			continue
		}
		n++
		if n == len(words) {
			return out, fmt.Errorf("%s: expected %s, found nothing", rule.name, rule.expects)
		}
		if !rule.take(&out, words[n]) {
			return out, fmt.Errorf("%s: expected %s, found \"%.80s\"", rule.name, rule.expects, words[n])
		}
	}
	for _, rule := range flagRules {
		if rule.needed && !seen[rule.name] {
			return out, fmt.Errorf("%s: expected %s, found no such flag", rule.name, rule.expects)
		}
	}
	if out.controller == "" && out.tcp == "" {
		return out, errors.New("expected one of --controller and --tcp, found none")
	}
	return out, nil
}

func findFlag(name string) *flagRule {
	for n := range flagRules {
		if flagRules[n].name == name {
			return &flagRules[n]
		}
	}
	return nil
}
