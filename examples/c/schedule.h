/*
 * schedule.h: the life of each task, from its registration to its end.
 *
 * Responsible for: which task runs when, retries, cancellation, and that each thing that really happened is written
 * to the truth log and reported exactly once. Processes are runner.h's matter, the protocol report.h's.
 */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include "kept.h"
#include "report.h"
#include "runner.h"
#include "tasks_file.h"
#include "truth.h"

struct schedule;

/*
 * `seed` makes the trace ids. With `kept`, programs are kept there and outlive the agent; else `runner` runs them. NULL
 * without memory. All that is passed in must outlive it.
 */
struct schedule *schedule_new(const struct tasks_file *tasks, struct runner *runner, struct kept *kept,
                              struct report *report, struct truth *truth, uint64_t seed);

/*
 * Goes on from what the report knows, before the first step: tasks that have ended stay so, those that were running are
 * found again, or what became of them is said to be unknown. What the truth log at `truth_path` lacks is written there.
 */
void schedule_resume(struct schedule *schedule, const char *truth_path, uint64_t now);
void schedule_free(struct schedule *schedule);

/* Does all that can be done now. False when the truth log or the report failed: schedule_error tells. */
bool schedule_step(struct schedule *schedule, uint64_t now);
const char *schedule_error(const struct schedule *schedule);

/* When schedule_step has to be called again at the latest. */
uint64_t schedule_deadline(const struct schedule *schedule);

/* Whether every task has come to its last state. */
bool schedule_is_done(const struct schedule *schedule);

/* All of it is stored at the controller: what was written down of programs may go. */
void schedule_forget_programs(struct schedule *schedule);

/* Cancels all that has not ended; takes effect at the next step. */
void schedule_cancel_all(struct schedule *schedule);

#endif
