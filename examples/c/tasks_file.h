/*
 * tasks_file.h: what the agent is to run, read from a text file.
 *
 * Responsible for: the format, its limits, and an error that names the line and what was expected there.
 * Running the tasks is left to schedule.h and runner.h.
 *
 * The format is plain text, a block a task:
 *
 *     # a comment; empty lines mean nothing
 *     task build-42                 begins a task; its name is 1 to 64 bytes without blanks
 *       command  make -j2 "my dir"  the program and its arguments, cut at blanks; '…', "…" and \ quote; no shell
 *       shell    echo hi; exit 3    or, instead: a line for /bin/sh -c
 *       retries        2            how often it is tried again after it FAILED (default 0)
 *       retry-after    250ms        how long to wait before that (default 0)
 *       time-limit     1.5s         an attempt that takes longer is stopped and FAILED, TimedOut (default: none)
 *       cancel-after   3s           CANCELLED so long after its first attempt began; 0 means before it begins
 *       metadata       any text     sent once with the registration (default: the task's name)
 *       id             0f8fad5b-d9cb-469f-a165-70867728950e   (default: made from node and name)
 *
 * Durations are a number and us, ms, s, m or h. A task has exactly one of `command` and `shell`.
 */
#ifndef TASKS_FILE_H
#define TASKS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TASK_NAME_MAX 64
#define TASK_ID_BYTES 16
#define TASK_METADATA_MAX 256
#define TASK_RETRIES_MAX 1000
#define TASKS_MAX 4096

struct task_spec {
    char *name;
    uint8_t id[TASK_ID_BYTES];
    char **arguments; /* ends with NULL, as execvp wants it */
    uint32_t retries;
    uint64_t retry_after_us;
    uint64_t time_limit_us; /* 0: none */
    bool cancels;
    uint64_t cancel_after_us;
    char *metadata;
    size_t line; /* where its block begins */
};

struct tasks_file {
    struct task_spec *tasks;
    size_t count;
};

struct tasks_error {
    size_t line; /* 0: the file as a whole */
    char text[240];
};

/* Parses `length` bytes at `text`. On false `out` is empty and `error` says where and what was expected. */
bool tasks_file_parse(const char *node, const char *text, size_t length, struct tasks_file *out,
                      struct tasks_error *error);

/* Reads and parses the file at `path`. */
bool tasks_file_load(const char *node, const char *path, struct tasks_file *out, struct tasks_error *error);

void tasks_file_free(struct tasks_file *file);

/* The format in a few lines, for --help. */
extern const char tasks_file_format[];

/* Writes the id as text with its ending NUL: 37 bytes. */
void task_id_text(const uint8_t id[TASK_ID_BYTES], char out[37]);

#endif
