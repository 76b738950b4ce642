/* runner.c: see runner.h. */
#include "runner.h"

#include "clock.h"
#include "spawn.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum phase {
    PLACE_FREE,
    PLACE_STARTING, /* forked; exec has not told yet how it went */
    PLACE_RUNNING,
    PLACE_FAILED, /* could not start: an event is due */
    PLACE_ENDED   /* over: an event is due */
};

struct place {
    enum phase phase;
    size_t task;
    pid_t pid;
    int exec_fd;
    struct line_pipe out, err;
    uint64_t limit_at; /* when its time limit is up */
    uint64_t kill_at;  /* when SIGTERM was not enough */
    enum runner_stop stop;
    bool leader_exited; /* but not yet reaped: its pid, and so its group, is still ours */
    bool killed;
    bool tell_started, tell_progress;
    bool signaled;
    int code;
    uint32_t percent;
    char progress[LINE_MAX_BYTES], message[LINE_MAX_BYTES], result[LINE_MAX_BYTES];
    size_t progress_length, message_length, result_length;
};

struct runner {
    size_t count;
    struct place places[];
};

struct runner *runner_new(size_t places) {
    if (places == 0 || places > RUNNER_PLACES_MAX) {
        return NULL;
    }
    struct runner *runner = calloc(1, sizeof *runner + places * sizeof runner->places[0]);
    if (runner != NULL) {
        runner->count = places;
    }
    return runner;
}

static bool is_alive(const struct place *place) {
    return place->phase == PLACE_STARTING || place->phase == PLACE_RUNNING;
}

static void close_exec_pipe(struct place *place) {
    if (place->exec_fd >= 0) {
        close(place->exec_fd);
        place->exec_fd = -1;
    }
}

/* Ends what is left of the group and reaps its leader; after that the pid may belong to anybody. */
static void reap(struct place *place) {
    (void)kill(-place->pid, SIGKILL);
    int status = 0;
    while (waitpid(place->pid, &status, 0) < 0 && errno == EINTR) {
    }
    close_exec_pipe(place);
    lines_close(&place->out);
    lines_close(&place->err);
}

void runner_free(struct runner *runner) {
    if (runner == NULL) {
        return;
    }
    for (size_t n = 0; n < runner->count; n++) {
        if (is_alive(&runner->places[n])) {
            reap(&runner->places[n]);
        }
    }
    free(runner);
}

bool runner_has_place(const struct runner *runner) {
    for (size_t n = 0; n < runner->count; n++) {
        if (runner->places[n].phase == PLACE_FREE) {
            return true;
        }
    }
    return false;
}

bool runner_is_idle(const struct runner *runner) {
    for (size_t n = 0; n < runner->count; n++) {
        if (runner->places[n].phase != PLACE_FREE) {
            return false;
        }
    }
    return true;
}

void runner_start(struct runner *runner, size_t task, char *const arguments[], uint64_t now,
                  uint64_t time_limit_us) {
    struct place *place = runner->places;
    while (place->phase != PLACE_FREE) {
        place++;
    }
    struct spawned spawned;
    memset(place, 0, sizeof *place);
    place->task = task;
    place->exec_fd = -1;
    place->kill_at = CLOCK_NEVER;
    place->limit_at = time_limit_us == 0 ? CLOCK_NEVER : now + time_limit_us;
    if (!spawn(arguments, &spawned)) {
        place->code = errno;
        place->phase = PLACE_FAILED;
        return;
    }
    place->pid = spawned.pid;
    place->exec_fd = spawned.exec_fd;
    lines_open(&place->out, spawned.out_fd);
    lines_open(&place->err, spawned.err_fd);
    place->phase = PLACE_STARTING;
}

static void keep_line(char *to, size_t *to_length, const char *line, size_t length) {
    memcpy(to, line, length);
    *to_length = length;
}

/* A line of stdout: `progress N TEXT`, or else the result so far. */
static void take_out_line(void *context, const char *line, size_t length) {
    static const char word[] = "progress ";
    struct place *place = context;
    size_t at = sizeof word - 1;
    uint32_t percent = 0;
    size_t digits = 0;
    if (length > at && memcmp(line, word, at) == 0) {
        for (; at < length && line[at] >= '0' && line[at] <= '9' && digits < 3; at++, digits++) {
            percent = percent * 10 + (uint32_t)(line[at] - '0');
        }
        if (digits > 0 && percent <= 100 && (at == length || line[at] == ' ')) {
            at += at < length ? 1 : 0;
            place->percent = percent;
            place->tell_progress = true;
            keep_line(place->progress, &place->progress_length, line + at, length - at);
            return;
        }
    }
    keep_line(place->result, &place->result_length, line, length);
}

static void take_err_line(void *context, const char *line, size_t length) {
    struct place *place = context;
    keep_line(place->message, &place->message_length, line, length);
}

/* Learns how exec went: its pipe ends silently when it worked. */
static void read_exec_pipe(struct place *place) {
    int why = 0;
    ssize_t got = read(place->exec_fd, &why, sizeof why);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got == (ssize_t)sizeof why) {
        reap(place);
        place->code = why;
        place->phase = PLACE_FAILED;
        return;
    }
    close_exec_pipe(place);
    place->phase = PLACE_RUNNING;
    place->tell_started = true;
}

/* Sends SIGTERM to the group, once, and sets the moment of SIGKILL. */
static void terminate(struct place *place, uint64_t now) {
    if (place->kill_at == CLOCK_NEVER && !place->killed) {
        (void)kill(-place->pid, SIGTERM);
        place->kill_at = now + RUNNER_GRACE_US;
    }
}

/* Looks whether the leader has exited, and leaves it unreaped so that its group's number stays taken. */
static void look_at_leader(struct place *place, uint64_t now) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    if (waitid(P_PID, (id_t)place->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) {
        return;
    }
    place->leader_exited = true;
    place->signaled = info.si_code != CLD_EXITED;
    place->code = info.si_status;
    place->limit_at = CLOCK_NEVER;
    if (place->out.fd >= 0 || place->err.fd >= 0) {
        /* It left others of its group behind, or its last words are still in the pipe: the next read tells. */
        terminate(place, now);
    }
}

static void keep_deadlines(struct place *place, uint64_t now) {
    if (now >= place->limit_at) {
        place->limit_at = CLOCK_NEVER;
        place->stop = place->stop == RUNNER_STOP_NONE ? RUNNER_STOP_TIME_LIMIT : place->stop;
        terminate(place, now);
    }
    if (now >= place->kill_at) {
        place->kill_at = CLOCK_NEVER;
        place->killed = true;
        (void)kill(-place->pid, SIGKILL);
    }
}

static void step_place(struct place *place, uint64_t now) {
    if (place->phase == PLACE_STARTING) {
        read_exec_pipe(place);
    }
    if (place->phase != PLACE_RUNNING) {
        return;
    }
    /* In this order: what was printed before the exit is in the pipes once the exit is seen. */
    if (!place->leader_exited) {
        look_at_leader(place, now);
    }
    lines_read(&place->out, take_out_line, place);
    lines_read(&place->err, take_err_line, place);
    keep_deadlines(place, now);
    bool silent = place->out.fd < 0 && place->err.fd < 0;
    if (place->leader_exited && (silent || place->killed)) {
        reap(place);
        place->phase = PLACE_ENDED;
    }
}

void runner_step(struct runner *runner, uint64_t now) {
    for (size_t n = 0; n < runner->count; n++) {
        step_place(&runner->places[n], now);
    }
}

bool runner_cancel(struct runner *runner, size_t task, uint64_t now) {
    for (size_t n = 0; n < runner->count; n++) {
        struct place *place = &runner->places[n];
        if (!is_alive(place) || place->task != task) {
            continue;
        }
        if (place->phase == PLACE_RUNNING && !place->leader_exited) {
            /* It may have ended a moment ago: then that is what happened, and nobody cancelled it. */
            look_at_leader(place, now);
        }
        if (place->leader_exited || place->stop != RUNNER_STOP_NONE) {
            return false;
        }
        place->stop = RUNNER_STOP_CANCEL;
        place->limit_at = CLOCK_NEVER;
        terminate(place, now);
        return true;
    }
    return false;
}

size_t runner_poll_fds(const struct runner *runner, struct pollfd *fds, size_t capacity) {
    size_t count = 0;
    for (size_t n = 0; n < runner->count; n++) {
        const struct place *place = &runner->places[n];
        if (!is_alive(place)) {
            continue;
        }
        const int all[RUNNER_FDS_A_PLACE] = {place->exec_fd, place->out.fd, place->err.fd};
        for (size_t f = 0; f < RUNNER_FDS_A_PLACE && count < capacity; f++) {
            if (all[f] >= 0) {
                fds[count++] = (struct pollfd){all[f], POLLIN, 0};
            }
        }
    }
    return count;
}

uint64_t runner_deadline(const struct runner *runner) {
    uint64_t earliest = CLOCK_NEVER;
    for (size_t n = 0; n < runner->count; n++) {
        const struct place *place = &runner->places[n];
        if (place->phase == PLACE_FAILED || place->phase == PLACE_ENDED) {
            return 0;
        }
        if (is_alive(place)) {
            earliest = place->limit_at < earliest ? place->limit_at : earliest;
            earliest = place->kill_at < earliest ? place->kill_at : earliest;
        }
    }
    return earliest;
}

/* Takes one event out of a place, in the order in which things happened; false when it has none. */
static bool take_event(struct place *place, struct runner_event *out) {
    memset(out, 0, sizeof *out);
    out->task = place->task;
    if (place->tell_started) {
        place->tell_started = false;
        out->kind = RUNNER_STARTED;
    } else if (place->tell_progress) {
        place->tell_progress = false;
        out->kind = RUNNER_PROGRESS;
        out->percent = place->percent;
        keep_line(out->text, &out->text_length, place->progress, place->progress_length);
    } else if (place->phase == PLACE_ENDED || place->phase == PLACE_FAILED) {
        out->kind = place->phase == PLACE_ENDED ? RUNNER_ENDED : RUNNER_COULD_NOT_START;
        out->stop = place->stop;
        out->signaled = place->signaled;
        out->code = place->code;
        keep_line(out->text, &out->text_length, place->message, place->message_length);
        keep_line(out->result, &out->result_length, place->result, place->result_length);
        place->phase = PLACE_FREE;
    } else {
        return false;
    }
    return true;
}

bool runner_next_event(struct runner *runner, struct runner_event *out) {
    for (size_t n = 0; n < runner->count; n++) {
        if (runner->places[n].phase != PLACE_FREE && take_event(&runner->places[n], out)) {
            return true;
        }
    }
    return false;
}
