/*
 * journal.h: the agent's journal on disk.
 *
 * Responsible for: records in a folder, in files that follow one another (journal.000001, …), read back in order; when
 * they are written, when they are safe, and what happens when the disk refuses. What the records say is the library's
 * matter (report.c).
 *
 * When it is synced: once in each turn of the agent's loop that made a record, after all records of the turn and before
 * any frame is sent. One fdatasync serves them all. A new file begins with each checkpoint; once that is safe the files
 * before it are removed.
 *
 * A write or sync that fails loses nothing: what is not yet safe is kept in memory, and written again as a whole, in the
 * same place, a second later and so on until it works. (After a failed sync nobody knows what has reached the disk, and a
 * second sync would say "done" of pages that were dropped.) Meanwhile the tasks go on, and the library tells the controller
 * nothing of what is not safe.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal;

/* Opens the folder, which is made if it is missing, and locks it: one agent at a time. NULL, with a sentence. */
struct journal *journal_open(const char *folder, char *error, size_t error_size);
void journal_close(struct journal *journal);

/* Given what was stored, in order; false ends the reading. */
typedef bool (*journal_taker)(void *context, const uint8_t *bytes, size_t length);

/* Hands over all that was stored. False, with a sentence, when a file cannot be read; what `take` refuses is its matter. */
bool journal_read(struct journal *journal, journal_taker take, void *context, char *error, size_t error_size);

/* Whether another record may be appended now; else sync first. */
bool journal_has_room(const struct journal *journal);

/* Appends a record; the first must begin a checkpoint. False without memory: then nothing was appended. */
bool journal_append(struct journal *journal, uint64_t key, bool begins_checkpoint, const uint8_t *record, size_t length);

/* Gives what was appended to the kernel, where it survives this process but not the machine. */
void journal_write(struct journal *journal);

/* Makes what was appended safe. The key of the newest record that is; 0 if nothing has become safe. */
uint64_t journal_sync(struct journal *journal, uint64_t now);

/* Whether something appended is not safe yet. */
bool journal_is_behind(const struct journal *journal);

/* Records below this key are no longer needed. */
void journal_needed_from(struct journal *journal, uint64_t key);

/* Why the disk refused last; empty since it took all again. */
const char *journal_trouble(const struct journal *journal);

/* When journal_sync has to be called again at the latest; CLOCK_NEVER if nothing waits. */
uint64_t journal_deadline(const struct journal *journal);

#endif
