/*
 * tasks_parse.h: the small readers that tasks_file.c and options.c are made of.
 *
 * Responsible for: one word, one duration, one number, one id. Each returns false for anything but the whole text.
 */
#ifndef TASKS_PARSE_H
#define TASKS_PARSE_H

#include "tasks_file.h"

/* A number of at most `most`, without sign. */
bool parse_count(const char *text, uint64_t most, uint64_t *out);

/* "250ms", "1.5s", "0": microseconds. At most 1000 hours. */
bool parse_duration(const char *text, uint64_t *out_us);

/*
 * Cuts a command line at its blanks; '…' and "…" keep them, \ keeps the next character (not within '…').
 * Gives an array of strings in one allocation, ending with NULL; NULL with a reason in `why` when it is wrong.
 */
char **parse_command(const char *text, const char **why);

bool task_id_parse(const char *text, uint8_t out[TASK_ID_BYTES]);
void task_id_from_names(const char *node, const char *name, uint8_t out[TASK_ID_BYTES]);

#endif
