/* tasks_file.c: see tasks_file.h. */
#include "tasks_file.h"

#include "tasks_parse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)4 * 1024 * 1024)

const char tasks_file_format[] =
    "The tasks file is plain text, a block a task; # begins a comment line:\n"
    "  task NAME              begins a task (1 to 64 bytes without blanks)\n"
    "    command PROGRAM ARG… the program and its arguments; '…', \"…\" and \\ quote; no shell\n"
    "    shell LINE           or, instead, a line for /bin/sh -c\n"
    "    retries N            tried again so often after it FAILED (default 0)\n"
    "    retry-after TIME     waits so long before that (default 0)\n"
    "    time-limit TIME      then SIGTERM to its process group, two seconds, SIGKILL; FAILED, TimedOut\n"
    "    cancel-after TIME    CANCELLED so long after its first attempt began; 0: before it begins\n"
    "    metadata TEXT        sent once with the registration (default: the name)\n"
    "    id UUID              the task's id (default: made from node and name)\n"
    "TIME is a number and us, ms, s, m or h. A line `progress N TEXT` (0 to 100) that the program prints is reported\n"
    "as its progress; its last other line is the result, the last line of its stderr the message.\n";

struct parser {
    const char *node;
    struct tasks_file *out;
    struct tasks_error *error;
    size_t line;
    struct task_spec *task; /* the block that is open */
    bool has_id;
    const char *seen[8]; /* the keys given in this block */
    size_t seen_count;
};

static bool fail(struct parser *parser, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool fail(struct parser *parser, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    parser->error->line = parser->line;
    vsnprintf(parser->error->text, sizeof parser->error->text, format, arguments);
    va_end(arguments);
    return false;
}

static bool set_command(struct parser *parser, const char *key, const char *value) {
    (void)key;
    const char *why = NULL;
    if (parser->task->arguments != NULL) {
        return fail(parser, "expected one of `command` and `shell` in a task, found a second");
    }
    parser->task->arguments = parse_command(value, &why);
    return parser->task->arguments != NULL || fail(parser, "command: expected %s", why);
}

static bool set_shell(struct parser *parser, const char *key, const char *value) {
    (void)key;
    if (parser->task->arguments != NULL) {
        return fail(parser, "expected one of `command` and `shell` in a task, found a second");
    }
    if (*value == '\0') {
        return fail(parser, "shell: expected a line for /bin/sh");
    }
    size_t length = strlen(value) + 1;
    char **arguments = calloc(1, 4 * sizeof *arguments + length);
    if (arguments == NULL) {
        return fail(parser, "out of memory");
    }
    char *line = (char *)(arguments + 4);
    memcpy(line, value, length);
    static char shell[] = "/bin/sh", flag[] = "-c";
    arguments[0] = shell;
    arguments[1] = flag;
    arguments[2] = line;
    parser->task->arguments = arguments;
    return true;
}

static bool set_retries(struct parser *parser, const char *key, const char *value) {
    uint64_t count = 0;
    if (!parse_count(value, TASK_RETRIES_MAX, &count)) {
        return fail(parser, "%s: expected a number from 0 to %d, found \"%.40s\"", key, TASK_RETRIES_MAX, value);
    }
    parser->task->retries = (uint32_t)count;
    return true;
}

static bool set_time(struct parser *parser, const char *key, const char *value) {
    uint64_t us = 0;
    bool limit = strcmp(key, "time-limit") == 0;
    if (!parse_duration(value, &us) || (limit && us == 0)) {
        return fail(parser, "%s: expected a time such as 250ms, 1.5s or 2m%s, found \"%.40s\"", key,
                    limit ? ", above 0" : "", value);
    }
    if (limit) {
        parser->task->time_limit_us = us;
    } else if (strcmp(key, "retry-after") == 0) {
        parser->task->retry_after_us = us;
    } else {
        parser->task->cancels = true;
        parser->task->cancel_after_us = us;
    }
    return true;
}

static bool set_metadata(struct parser *parser, const char *key, const char *value) {
    if (strlen(value) > TASK_METADATA_MAX) {
        return fail(parser, "%s: expected at most %d bytes, found %zu", key, TASK_METADATA_MAX, strlen(value));
    }
    parser->task->metadata = strdup(value);
    return parser->task->metadata != NULL || fail(parser, "out of memory");
}

static bool set_id(struct parser *parser, const char *key, const char *value) {
    parser->has_id = true;
    return task_id_parse(value, parser->task->id) ||
           fail(parser, "%s: expected a UUID such as 0f8fad5b-d9cb-469f-a165-70867728950e, found \"%.40s\"", key,
                value);
}

static const struct {
    const char *key;
    bool (*set)(struct parser *parser, const char *key, const char *value);
} keys[] = {{"command", set_command},   {"shell", set_shell},           {"retries", set_retries},
            {"retry-after", set_time},  {"time-limit", set_time},       {"cancel-after", set_time},
            {"metadata", set_metadata}, {"id", set_id}};

static bool close_task(struct parser *parser) {
    struct task_spec *task = parser->task;
    if (task == NULL) {
        return true;
    }
    if (task->arguments == NULL) {
        parser->line = task->line;
        return fail(parser, "task %s: expected a `command` or a `shell` line, found none", task->name);
    }
    if (task->metadata == NULL && (task->metadata = strdup(task->name)) == NULL) {
        return fail(parser, "out of memory");
    }
    if (!parser->has_id) {
        task_id_from_names(parser->node, task->name, task->id);
    }
    for (const struct task_spec *other = parser->out->tasks; other < task; other++) {
        bool same_name = strcmp(other->name, task->name) == 0;
        if (same_name || memcmp(other->id, task->id, TASK_ID_BYTES) == 0) {
            parser->line = task->line;
            return fail(parser, "task %s: expected a %s of its own, found that of the task in line %zu", task->name,
                        same_name ? "name" : "id", other->line);
        }
    }
    parser->task = NULL;
    return true;
}

static bool open_task(struct parser *parser, const char *name) {
    struct tasks_file *out = parser->out;
    if (*name == '\0' || strlen(name) > TASK_NAME_MAX || strpbrk(name, " \t") != NULL) {
        return fail(parser, "task: expected a name of 1 to %d bytes without blanks, found \"%.80s\"", TASK_NAME_MAX,
                    name);
    }
    if (out->count == TASKS_MAX) {
        return fail(parser, "expected at most %d tasks", TASKS_MAX);
    }
    parser->task = &out->tasks[out->count++];
    parser->task->line = parser->line;
    parser->task->name = strdup(name);
    parser->has_id = false;
    parser->seen_count = 0;
    return parser->task->name != NULL || fail(parser, "out of memory");
}

static bool take_key(struct parser *parser, const char *key, const char *value) {
    for (size_t n = 0; n < sizeof keys / sizeof keys[0]; n++) {
        if (strcmp(key, keys[n].key) != 0) {
            continue;
        }
        if (parser->task == NULL) {
            return fail(parser, "expected `task NAME` before `%s`", key);
        }
        for (size_t s = 0; s < parser->seen_count; s++) {
            if (parser->seen[s] == keys[n].key) {
                return fail(parser, "%s: expected once in a task, found again", key);
            }
        }
        parser->seen[parser->seen_count++] = keys[n].key;
        return keys[n].set(parser, key, value);
    }
    return fail(parser,
                "expected task, command, shell, retries, retry-after, time-limit, cancel-after, metadata or id, "
                "found \"%.40s\"",
                key);
}

/* Takes one line, already without its end and its outer blanks. */
static bool take_line(struct parser *parser, char *line) {
    if (*line == '\0' || *line == '#') {
        return true;
    }
    size_t key_length = strcspn(line, " \t");
    char *value = line + key_length;
    value += strspn(value, " \t");
    line[key_length] = '\0';
    if (strcmp(line, "task") == 0) {
        return close_task(parser) && open_task(parser, value);
    }
    return take_key(parser, line, value);
}

/* Goes through the lines of `text`, which is our own copy and may be cut up. */
static bool take_lines(struct parser *parser, char *text, size_t length) {
    char *end = text + length;
    for (char *line = text; line < end; parser->line++) {
        char *newline = memchr(line, '\n', (size_t)(end - line));
        char *stop = newline == NULL ? end : newline;
        if (memchr(line, '\0', (size_t)(stop - line)) != NULL) {
            return fail(parser, "expected text, found a NUL byte");
        }
        char *last = stop;
        while (last > line && strchr(" \t\r", last[-1]) != NULL) {
            last--;
        }
        *last = '\0';
        if (!take_line(parser, line + strspn(line, " \t"))) {
            return false;
        }
        line = stop + 1;
    }
    return close_task(parser);
}

bool tasks_file_parse(const char *node, const char *text, size_t length, struct tasks_file *out,
                      struct tasks_error *error) {
    struct parser parser = {.node = node, .out = out, .error = error, .line = 1};
    memset(error, 0, sizeof *error);
    out->count = 0;
    out->tasks = calloc(TASKS_MAX, sizeof *out->tasks);
    char *copy = malloc(length + 1);
    bool done = false;
    if (out->tasks == NULL || copy == NULL) {
        fail(&parser, "out of memory");
    } else {
        memcpy(copy, text, length);
        copy[length] = '\0';
        done = take_lines(&parser, copy, length);
    }
    free(copy);
    if (!done) {
        tasks_file_free(out);
    }
    return done;
}

bool tasks_file_load(const char *node, const char *path, struct tasks_file *out, struct tasks_error *error) {
    memset(out, 0, sizeof *out);
    memset(error, 0, sizeof *error);
    FILE *file = fopen(path, "rbe");
    char *text = file == NULL ? NULL : malloc(FILE_MAX + 1);
    if (text == NULL) {
        snprintf(error->text, sizeof error->text, "%.180s", strerror(errno));
        if (file != NULL) {
            fclose(file);
        }
        return false;
    }
    size_t length = fread(text, 1, FILE_MAX + 1, file);
    bool failed = ferror(file) != 0;
    int read_error = errno;
    fclose(file);
    bool done = false;
    if (failed) {
        snprintf(error->text, sizeof error->text, "%.180s", strerror(read_error));
    } else if (length > FILE_MAX) {
        snprintf(error->text, sizeof error->text, "expected at most %zu bytes", FILE_MAX);
    } else {
        done = tasks_file_parse(node, text, length, out, error);
    }
    free(text);
    return done;
}

void tasks_file_free(struct tasks_file *file) {
    for (size_t n = 0; n < file->count; n++) {
        free(file->tasks[n].name);
        free(file->tasks[n].arguments);
        free(file->tasks[n].metadata);
    }
    free(file->tasks);
    file->tasks = NULL;
    file->count = 0;
}
