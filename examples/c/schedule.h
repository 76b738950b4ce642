/*
 * schedule.h: the life of each task, from its registration to its end.
 *
 * Responsible for: which task runs when, retries, cancellation, and that each thing that really happened is written
 * to the truth log and reported exactly once. Processes are runner.h's matter, the protocol report.h's.
 */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include "report.h"
#include "runner.h"
#include "tasks_file.h"
#include "truth.h"

struct schedule;

/* `seed` makes the trace ids. NULL without memory. All that is passed in must outlive it. */
struct schedule *schedule_new(const struct tasks_file *tasks, struct runner *runner, struct report *report,
                              struct truth *truth, uint64_t seed);
void schedule_free(struct schedule *schedule);

/* Does all that can be done now. False when the truth log or the report failed: schedule_error tells. */
bool schedule_step(struct schedule *schedule, uint64_t now);
const char *schedule_error(const struct schedule *schedule);

/* When schedule_step has to be called again at the latest. */
uint64_t schedule_deadline(const struct schedule *schedule);

/* Whether every task has come to its last state. */
bool schedule_is_done(const struct schedule *schedule);

/* Cancels all that has not ended; takes effect at the next step. */
void schedule_cancel_all(struct schedule *schedule);

#endif
