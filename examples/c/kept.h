/*
 * kept.h: programs that outlive the agent, each with a keeper.
 *
 * Responsible for: the agent's side of keeper.h: starting keepers, finding those of an earlier life of the agent again, and
 * giving what they write down as the events of runner.h. An event of the kind RUNNER_LOST says that the keeper is gone and
 * has not written how its program ended: nobody knows.
 */
#ifndef KEPT_H
#define KEPT_H

#include "runner.h"
#include "tasks_file.h"

struct kept;

/* What was kept lies in the folder `run` of `folder`; at most `places` are started at a time. NULL, with a sentence. */
struct kept *kept_new(const char *folder, size_t places, char *error, size_t error_size);

/* Leaves the keepers alone; with `stop` it tells them first to end their programs. */
void kept_free(struct kept *kept, bool stop);

bool kept_has_place(const struct kept *kept);

/* Takes up this attempt of the task again if somebody keeps it, or has kept it. */
bool kept_adopt(struct kept *kept, size_t task, const uint8_t id[TASK_ID_BYTES], uint32_t attempt);

/* Starts a keeper; what became of it is an event. `time_limit_us` of 0 is none. */
void kept_start(struct kept *kept, size_t task, const uint8_t id[TASK_ID_BYTES], uint32_t attempt, char *const arguments[],
                uint64_t time_limit_us);

/* Asks the program of `task` to end; what became of it is an event. */
void kept_cancel(struct kept *kept, size_t task);

/* As of runner.h. */
void kept_step(struct kept *kept);
uint64_t kept_deadline(const struct kept *kept, uint64_t now);
bool kept_next_event(struct kept *kept, struct runner_event *out);

/* Removes what was written down of a task's attempts: its last end is stored at the controller. */
void kept_remove(struct kept *kept, const uint8_t id[TASK_ID_BYTES], uint32_t attempts);

#endif
