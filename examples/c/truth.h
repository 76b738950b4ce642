/*
 * truth.h: the agent's own log of what really happened.
 *
 * Responsible for: one JSON object a line and a transition, flushed at once. It counts the transitions of each task
 * itself, so that the controller's history can be held against something that never went through taskwire.
 */
#ifndef TRUTH_H
#define TRUTH_H

#include "tasks_file.h"
#include "transition.h"

#include <stdbool.h>

struct truth;

/* Opens `path` to go on writing there. NULL on failure, with a sentence. */
struct truth *truth_open(const char *path, const char *node, uint64_t epoch, char *error, size_t error_size);
void truth_close(struct truth *truth);

/* Which transition of its task it is. */
struct truth_number {
    uint32_t number;  /* from 1, the registration */
    uint32_t attempt; /* from 0 */
};

/* Called with each line of a truth log: which task, and the number of the transition. */
typedef void (*truth_taker)(void *context, const char *id, uint32_t number);
void truth_each(const char *path, truth_taker take, void *context);

/* Writes one line; false when the disk did not take it. */
bool truth_write(struct truth *truth, const struct task_spec *task, const struct trace *trace,
                 struct truth_number which, const struct transition *what);

#endif
