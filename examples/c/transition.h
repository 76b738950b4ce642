/*
 * transition.h: what happened to a task, in the agent's own words.
 *
 * Responsible for: the one description that schedule.c makes, truth.c writes down and report.c hands to taskwire. It
 * names nothing of the library, so that the agent's own log of the truth does not depend on what it is held against.
 */
#ifndef TRANSITION_H
#define TRANSITION_H

#include <stddef.h>
#include <stdint.h>

enum task_state {
    TASK_PENDING = 100,
    TASK_RUNNING = 200,
    TASK_SUCCEEDED = 300,
    TASK_FAILED = 400,
    TASK_CANCELLED = 500
};

enum task_reason {
    REASON_NONE,
    REASON_EXITED,          /* with a code other than 0 */
    REASON_SIGNALED,        /* by somebody else's signal */
    REASON_TIMED_OUT,       /* stopped at its time limit */
    REASON_COULD_NOT_START, /* its program could not be executed */
    REASON_CANCELLED,       /* its time to be cancelled came, or the agent was told to stop */
    REASON_UNKNOWN          /* what became of it in a crash cannot be known */
};

enum task_exit { EXIT_UNKNOWN, EXIT_CODE, EXIT_SIGNAL };

struct transition {
    enum task_state state;
    enum task_reason reason;
    enum task_exit exit;
    int code; /* the exit code or the signal */
    const char *message;
    size_t message_length;
    const char *result;
    size_t result_length;
    uint64_t at_ms; /* wall clock */
};

/* A W3C trace context: one trace a task. */
struct trace {
    uint8_t trace_id[16];
    uint8_t span_id[8];
};

#endif
