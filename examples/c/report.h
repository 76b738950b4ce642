/*
 * report.h: all that this agent asks of taskwire.
 *
 * Responsible for: the one place that knows the library's C ABI (report.c). The rest of the agent speaks of tasks and
 * transitions; a host that embeds taskwire elsewhere would call the library where this one calls report_….
 */
#ifndef REPORT_H
#define REPORT_H

#include "journal.h"
#include "tasks_file.h"
#include "transition.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct report;

enum report_status {
    REPORT_OK,
    REPORT_FULL,  /* only from report_register and from a retry: no room now, ask again later */
    REPORT_ERROR  /* anything else; report_error tells */
};

/* What the agent has to know of the protocol's news. */
enum report_event_kind {
    REPORT_NEWS,      /* worth a line for people: `text` */
    REPORT_SILENCE,   /* the controller was not heard for a lease: `text`; the way to it may lead nowhere */
    REPORT_FENCED,    /* a larger epoch of this node is known: `seen` */
    REPORT_DUPLICATE, /* another machine runs under this node's name and this very epoch */
    REPORT_REFUSED    /* the controller will not have this agent now: `text` says why; the library tries again */
};

struct report_event {
    enum report_event_kind kind;
    uint64_t seen;
    char text[240];
};

/* What the library has to know of this start. */
struct report_settings {
    const char *node;
    uint64_t epoch;
    uint64_t seed;
    uint64_t back_off_us; /* the longest pause between two tries */
    struct journal *journal; /* goes on from it, and tells nothing that is not safe in it; NULL: none is kept */
};

/* What is known of a task: how it came to its state, and its attempt and number. Texts hold until the next report. */
struct report_known {
    uint32_t attempt, number;
    struct trace trace;
    struct transition newest;
};

/* NULL on failure, with a sentence. */
struct report *report_open(const struct report_settings *settings, uint64_t now, char *error, size_t error_size);
void report_close(struct report *report);

/* Whether the task is known, which is so after a restart from a journal, and how it stands. */
bool report_knows(const struct report *report, const uint8_t id[TASK_ID_BYTES], struct report_known *out);

/* What is new goes to the journal: to the kernel alone, or until it is safe, and then may be told. False: it is damaged by a
 * lack of memory, or by a fault; report_error tells. */
bool report_write_journal(struct report *report);
bool report_sync_journal(struct report *report, uint64_t now);

/* Why the last call said REPORT_ERROR. */
const char *report_error(const struct report *report);

enum report_status report_register(struct report *report, uint64_t now, const struct task_spec *task,
                                   const struct trace *trace);
/* RUNNING, an end, or PENDING, which is the next attempt. */
enum report_status report_transition(struct report *report, uint64_t now, const uint8_t id[TASK_ID_BYTES],
                                     const struct trace *trace, const struct transition *what);
enum report_status report_progress(struct report *report, uint64_t now, const uint8_t id[TASK_ID_BYTES],
                                   uint32_t percent, const char *text, size_t length);
/* No attempt will follow: the library may let the task go once its end is durable. */
enum report_status report_forget(struct report *report, uint64_t now, const uint8_t id[TASK_ID_BYTES]);

/* The loop: see agent.c. */
void report_receive(struct report *report, uint64_t now, const uint8_t *frame, size_t length);
size_t report_transmit(struct report *report, uint64_t now, uint8_t *frame, size_t capacity);
bool report_next_event(struct report *report, struct report_event *out);
void report_handle_timeout(struct report *report, uint64_t now);
uint64_t report_wait_us(const struct report *report, uint64_t now, uint64_t at_most);

/* Whether the controller has stored all that was reported. */
bool report_is_durable(const struct report *report);
void report_goodbye(struct report *report, uint64_t now);

/* Goes on under the epoch seen + 1, which must be stored already. */
enum report_status report_supersede(struct report *report, uint64_t now, uint64_t seen);

/* Frames that were taken and that were refused, for the last line. */
void report_counts(const struct report *report, uint64_t *out_sent, uint64_t *out_received, uint64_t *out_refused);

#endif
