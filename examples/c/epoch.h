/*
 * epoch.h: the agent's incarnation number, larger at each start.
 *
 * Responsible for: max(clock, stored + 1), so that the number grows on a machine without a real-time clock as well
 * as on one whose file was lost. It stores the number before anybody hears of it. What a number that the controller
 * has already passed means (FENCED) is left to agent.c.
 */
#ifndef EPOCH_H
#define EPOCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Takes the next epoch from the file `path` (created when missing) and the wall clock, and stores it durably.
 * False on failure, with a sentence in `error`; nothing was stored then.
 */
bool epoch_next(const char *path, uint64_t *out_epoch, char *error, size_t error_size);

/* Stores an epoch that was chosen otherwise: one larger than the one that fenced this agent. */
bool epoch_store(const char *path, uint64_t epoch, char *error, size_t error_size);

#endif
