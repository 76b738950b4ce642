/*
 * runner.h: real child processes, watched without waiting and without threads.
 *
 * Responsible for: starting a program in a process group of its own, reading what it prints, its time limit, ending
 * the whole group (SIGTERM, two seconds, SIGKILL), and telling what really happened: could not start, exit code or
 * signal. Which task is run when, tried again or given up is left to schedule.h.
 *
 * The caller's loop: runner_poll_fds, poll(), runner_step, then runner_next_event until there is none.
 * No signal is lost: SIGCHLD only wakes the loop (a signalfd of the caller), and each step asks the kernel itself.
 */
#ifndef RUNNER_H
#define RUNNER_H

#include "lines.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How long a group has between SIGTERM and SIGKILL. */
#define RUNNER_GRACE_US UINT64_C(2000000)

/* Most programs at a time, and file descriptors that each needs to be watched with. */
#define RUNNER_PLACES_MAX 64
#define RUNNER_FDS_A_PLACE 3

enum runner_stop { RUNNER_STOP_NONE, RUNNER_STOP_TIME_LIMIT, RUNNER_STOP_CANCEL };

enum runner_event_kind {
    RUNNER_STARTED,
    RUNNER_PROGRESS,       /* the newest `progress N TEXT` line */
    RUNNER_ENDED,          /* and its place is free again */
    RUNNER_COULD_NOT_START, /* and its place is free again */
    RUNNER_LOST /* kept.h alone: nobody knows how it ended, and its place is free again */
};

struct runner_event {
    enum runner_event_kind kind;
    size_t task;            /* the caller's number of it */
    uint64_t at_ms;         /* when it happened, by the wall clock; 0: now */
    uint32_t percent;       /* PROGRESS */
    enum runner_stop stop;  /* ENDED: what asked it to end, if it was still running then */
    bool signaled;          /* ENDED: by a signal, else by exit */
    int code;               /* ENDED: the exit code or the signal; COULD_NOT_START: errno */
    char text[LINE_MAX_BYTES]; /* PROGRESS: its text; ENDED: the last line of stderr */
    size_t text_length;
    char result[LINE_MAX_BYTES]; /* ENDED: the last line of stdout that was no progress */
    size_t result_length;
};

struct runner;

/* A runner of at most `places` programs at a time (1 to RUNNER_PLACES_MAX). NULL without memory. */
struct runner *runner_new(size_t places);

/* Ends every group at once (SIGKILL), waits for them, and frees all. */
void runner_free(struct runner *runner);

bool runner_has_place(const struct runner *runner);
bool runner_is_idle(const struct runner *runner);

/*
 * Starts `arguments` for the caller's `task`; needs a free place. What became of it is an event, also when it could
 * not even be forked. `time_limit_us` counts from now; 0 is none.
 */
void runner_start(struct runner *runner, size_t task, char *const arguments[], uint64_t now, uint64_t time_limit_us);

/* Asks the group of `task` to end. False when it does not run, or has ended already: then its event stands. */
bool runner_cancel(struct runner *runner, size_t task, uint64_t now);

/* Fills in what to poll for; returns how many. `capacity` of places * RUNNER_FDS_A_PLACE is always enough. */
size_t runner_poll_fds(const struct runner *runner, struct pollfd *fds, size_t capacity);

/* Reads, notices what ended, keeps the deadlines. Harmless at any time. */
void runner_step(struct runner *runner, uint64_t now);

/* When runner_step must be called again at the latest; CLOCK_NEVER when only a descriptor or SIGCHLD can wake it. */
uint64_t runner_deadline(const struct runner *runner);

/* Takes the next event; false when there is none. Of one task: STARTED, then PROGRESS, then ENDED. */
bool runner_next_event(struct runner *runner, struct runner_event *out);

#endif
