/* options.c: see options.h. */
#include "options.h"

#include "runner.h"
#include "serial.h"
#include "tasks_parse.h"

#include <stdio.h>
#include <string.h>

const char options_help[] =
    "taskwire-agent: runs the tasks of a file and reports what becomes of them, exactly.\n"
    "\n"
    "  --node NAME             this node's name, 1 to 64 bytes, the same at each start\n"
    "  --controller HOST:PORT  where the controller listens for UDP; or in its place:\n"
    "  --tcp HOST:PORT         where it listens for TCP; a connection that ends is made anew\n"
    "  --serial PATH           a serial line to it; noise on the line is dropped\n"
    "  --speed N               bits a second of the line, 1200 to 921600; default 115200\n"
    "  --tasks FILE            what to run\n"
    "  --truth FILE            this agent's own log of what happened, one JSON object a line\n"
    "  --epoch-file FILE       keeps the number of the last start; max(clock, stored + 1) is the next\n"
    "  --journal FOLDER        keeps what is reported there, and each task's program by a process of its own: an agent that is\n"
    "                          killed goes on when it is started again, and finds its tasks running or how they ended\n"
    "  --seed N                for timers and trace ids; default: fresh from the system at each start\n"
    "  --parallel N            how many tasks run at a time, 1 to 64; default 4\n"
    "  --back-off TIME         the longest pause between two tries to reach the controller, 100ms to 1h; default 15s:\n"
    "                          short for a few agents, long for a fleet that may come back all at once\n"
    "  --supersede             when a larger epoch of this node is known: take a larger one and go on\n"
    "  --help\n"
    "\n"
    "Ends when the controller has stored all of it. Exit code: 0 done, 1 something failed here, 2 wrong flag or\n"
    "tasks file, 3 fenced (this node runs under a larger epoch elsewhere), 4 another agent has this node's name,\n"
    "5 told to leave twice: SIGTERM cancels all tasks and still reports their ends, a second one leaves at once.\n"
    "\n";

enum flag { NODE, CONTROLLER, TCP, SERIAL, SPEED, TASKS, TRUTH, EPOCH_FILE, JOURNAL, SEED, PARALLEL, BACK_OFF, SUPERSEDE, HELP };

static const struct {
    const char *name;
    const char *expects; /* NULL: takes no value */
    bool needed;
} flags[] = {
    [NODE] = {"--node", "a name of 1 to 64 bytes", true},
    [CONTROLLER] = {"--controller", "HOST:PORT, for example 192.0.2.1:7400", false},
    [TCP] = {"--tcp", "HOST:PORT, for example 192.0.2.1:7400", false},
    [SERIAL] = {"--serial", "the path of a serial line, for example /dev/ttyS0", false},
    [SPEED] = {"--speed", "a usual speed from 1200 to 921600, for example 115200", false},
    [TASKS] = {"--tasks", "a file", true},
    [TRUTH] = {"--truth", "a file", true},
    [EPOCH_FILE] = {"--epoch-file", "a file", true},
    [JOURNAL] = {"--journal", "a folder", false},
    [SEED] = {"--seed", "a number from 0 to 18446744073709551615", false},
    [PARALLEL] = {"--parallel", "a number from 1 to 64", false},
    [BACK_OFF] = {"--back-off", "a time from 100ms to 1h", false},
    [SUPERSEDE] = {"--supersede", NULL, false},
    [HELP] = {"--help", NULL, false},
};
#define FLAG_COUNT (sizeof flags / sizeof flags[0])

static bool take_where(struct options *out, enum link_kind kind, enum flag flag, const char *value) {
    out->link = kind;
    out->where_flag = flags[flag].name;
    out->where = value;
    return kind == LINK_SERIAL ? *value != '\0' : strchr(value, ':') != NULL;
}

static bool take_value(struct options *out, enum flag flag, const char *value) {
    uint64_t number = 0;
    switch (flag) {
    case NODE: out->node = value; return *value != '\0' && strlen(value) <= TASK_NAME_MAX;
    case CONTROLLER: return take_where(out, LINK_UDP, flag, value);
    case TCP: return take_where(out, LINK_TCP, flag, value);
    case SERIAL: return take_where(out, LINK_SERIAL, flag, value);
    case SPEED: return parse_count(value, UINT32_MAX, &out->speed) && serial_has_speed(out->speed);
    case TASKS: out->tasks = value; return *value != '\0';
    case TRUTH: out->truth = value; return *value != '\0';
    case EPOCH_FILE: out->epoch_file = value; return *value != '\0';
    case JOURNAL: out->journal = value; return *value != '\0';
    case SEED:
        out->has_seed = true;
        return parse_count(value, UINT64_MAX, &out->seed);
    case PARALLEL:
        if (!parse_count(value, RUNNER_PLACES_MAX, &number) || number == 0) {
            return false;
        }
        out->parallel = (size_t)number;
        return true;
    case BACK_OFF:
        return parse_duration(value, &out->back_off_us) && out->back_off_us >= 100000 &&
               out->back_off_us <= UINT64_C(3600000000);
    case SUPERSEDE: out->supersede = true; return true;
    case HELP: return true;
    }
    return false;
}

enum options_result options_read(int count, char *const words[], struct options *out, char *error,
                                 size_t error_size) {
    bool seen[FLAG_COUNT] = {false};
    memset(out, 0, sizeof *out);
    out->parallel = 4;
    out->speed = 115200;
    out->back_off_us = 15000000;
    for (int n = 1; n < count; n++) {
        size_t flag = 0;
        while (flag < FLAG_COUNT && strcmp(words[n], flags[flag].name) != 0) {
            flag++;
        }
        if (flag == FLAG_COUNT) {
            snprintf(error, error_size, "expected a flag such as --node (see --help), found \"%.80s\"", words[n]);
            return OPTIONS_WRONG;
        }
        if (flag == HELP) {
            return OPTIONS_HELP;
        }
        const char *value = flags[flag].expects == NULL ? "" : (n + 1 < count ? words[++n] : NULL);
        if (value == NULL || !take_value(out, (enum flag)flag, value)) {
            snprintf(error, error_size, "%s: expected %s, found %s%.80s%s", flags[flag].name, flags[flag].expects,
                     value == NULL ? "" : "\"", value == NULL ? "nothing" : value, value == NULL ? "" : "\"");
            return OPTIONS_WRONG;
        }
        seen[flag] = true;
    }
    for (size_t flag = 0; flag < FLAG_COUNT; flag++) {
        if (flags[flag].needed && !seen[flag]) {
            snprintf(error, error_size, "%s: expected %s, found no such flag", flags[flag].name,
                     flags[flag].expects);
            return OPTIONS_WRONG;
        }
    }
    int ways = seen[CONTROLLER] + seen[TCP] + seen[SERIAL];
    if (ways != 1) {
        snprintf(error, error_size, "expected one of --controller, --tcp and --serial, found %s",
                 ways == 0 ? "none" : "more");
        return OPTIONS_WRONG;
    }
    return OPTIONS_RUN;
}
