/*
 * native.h: the same work as main.go does, done by a program in C.
 *
 * Responsible for: an agent and a controller of C's own, and how long the agent's batch call takes there, the filling of
 * its array included. The work itself comes from main.go, so that both sides do the same.
 */
#ifndef CGORATIO_NATIVE_H
#define CGORATIO_NATIVE_H

#include <stddef.h>
#include <stdint.h>
#include <taskwire.h>

/* One thing to report. It holds no pointers, so that Go may hand over an array of its own. */
struct item {
    uint32_t kind; /* TASKWIRE_UPDATE_… */
    uint32_t state;
    uint32_t percent;
    uint32_t reason;
    uint32_t exit_kind;
    int32_t exit_value;
    taskwire_task_id task;
};

struct native;

/* An agent and a controller that have a session. NULL when they could not be made. */
struct native *native_new(void);
void native_free(struct native *native);

/* Reports `count` items, `each` a call; gives the nanoseconds of this thread, or 0 when one was refused. */
uint64_t native_report(struct native *native, const struct item *items, size_t count, size_t each);

/* Carries frames and commits until neither side has more to say. */
void native_settle(struct native *native);

/* The processor time of this thread in nanoseconds. */
uint64_t thread_nanos(void);

#endif
