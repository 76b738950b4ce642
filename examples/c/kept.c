/* kept.c: see kept.h. */
#include "kept.h"

#include "clock.h"
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* How often the files are looked at: a keeper that is not this process's child cannot wake it. */
#define LOOK_US UINT64_C(50000)
/* So often is a file looked at that does not say whose it is: five seconds. */
#define LOOKS_MAX 100

struct place {
    bool used;
    size_t task;
    char path[PATH_MAX];
    pid_t child; /* the keeper, if this life started it; 0 once it was waited for */
    int failure; /* why it started nothing */
    struct process_name keeper; /* as its file says; pid 0 before */
    bool gone;                  /* the keeper was not there any more before the file was read */
    unsigned looks;             /* at a file that does not say whose it is */
    int file;
    char buffer[2048];
    size_t length;
};

struct kept {
    size_t most;
    char folder[PATH_MAX];
    struct place places[RUNNER_PLACES_MAX];
};

struct kept *kept_new(const char *folder, size_t places, char *error, size_t error_size) {
    struct kept *kept = calloc(1, sizeof *kept);
    if (kept == NULL) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    kept->most = places;
    int length = snprintf(kept->folder, sizeof kept->folder, "%s/run", folder);
    if (length < 0 || (size_t)length + 64 > sizeof kept->folder) {
        snprintf(error, error_size, "%.100s: the name is too long", folder);
    } else if (mkdir(kept->folder, 0755) != 0 && errno != EEXIST) {
        snprintf(error, error_size, "%.100s: %s", kept->folder, strerror(errno));
    } else {
        return kept;
    }
    free(kept);
    return NULL;
}

static void release(struct place *place) {
    if (place->file >= 0) {
        close(place->file);
    }
    place->used = false;
}

/* Sends a signal to the keeper, if it is the one of the file. */
static void tell(const struct place *place, int signal_number) {
    struct process_name now;
    if (place->child > 0) {
        (void)kill(place->child, signal_number);
    } else if (place->keeper.pid > 0 && process_find(place->keeper.pid, &now) && now.started == place->keeper.started &&
               strcmp(now.boot, place->keeper.boot) == 0) {
        (void)kill(place->keeper.pid, signal_number);
    }
}

void kept_free(struct kept *kept, bool stop) {
    if (kept == NULL) {
        return;
    }
    for (size_t n = 0; n < RUNNER_PLACES_MAX; n++) {
        if (kept->places[n].used) {
            if (stop) {
                tell(&kept->places[n], SIGTERM);
            }
            release(&kept->places[n]);
        }
    }
    free(kept);
}

static size_t used(const struct kept *kept) {
    size_t count = 0;
    for (size_t n = 0; n < RUNNER_PLACES_MAX; n++) {
        count += kept->places[n].used ? 1 : 0;
    }
    return count;
}

bool kept_has_place(const struct kept *kept) {
    return used(kept) < kept->most;
}

static void path_of(const struct kept *kept, const uint8_t id[TASK_ID_BYTES], uint32_t attempt, char out[PATH_MAX]) {
    char text[37];
    task_id_text(id, text);
    /* kept_new has left room for it. */
    snprintf(out, PATH_MAX, "%.4000s/%s.%" PRIu32, kept->folder, text, attempt);
}

static struct place *take_place(struct kept *kept, size_t task, const uint8_t id[TASK_ID_BYTES], uint32_t attempt) {
    struct place *place = kept->places;
    while (place->used) {
        place++;
    }
    memset(place, 0, sizeof *place);
    place->used = true;
    place->task = task;
    place->file = -1;
    path_of(kept, id, attempt, place->path);
    return place;
}

bool kept_adopt(struct kept *kept, size_t task, const uint8_t id[TASK_ID_BYTES], uint32_t attempt) {
    char path[PATH_MAX];
    path_of(kept, id, attempt, path);
    if (used(kept) == RUNNER_PLACES_MAX || access(path, F_OK) != 0) {
        return false;
    }
    (void)take_place(kept, task, id, attempt);
    return true;
}

void kept_start(struct kept *kept, size_t task, const uint8_t id[TASK_ID_BYTES], uint32_t attempt, char *const arguments[],
                uint64_t time_limit_us) {
    struct place *place = take_place(kept, task, id, attempt);
    place->child = fork();
    if (place->child == 0) {
        keeper_run(place->path, arguments, time_limit_us);
    }
    if (place->child < 0) {
        place->failure = errno;
        place->child = 0;
        place->gone = true;
    }
}

void kept_cancel(struct kept *kept, size_t task) {
    for (size_t n = 0; n < RUNNER_PLACES_MAX; n++) {
        if (kept->places[n].used && kept->places[n].task == task) {
            tell(&kept->places[n], SIGTERM);
        }
    }
}

/* Whether the keeper is there, before its file is read: what it wrote before it went is in the file then. */
static void look(struct place *place) {
    struct process_name now;
    int status = 0;
    if (place->child > 0) {
        pid_t ended = waitpid(place->child, &status, WNOHANG);
        if (ended != place->child) {
            return;
        }
        place->child = 0;
        place->failure = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
        /* It may have given way to the keeper of an earlier life: then that one counts. */
        place->gone = place->keeper.pid == 0 || place->keeper.pid == ended;
    } else if (place->keeper.pid > 0) {
        place->gone = !process_find(place->keeper.pid, &now) || now.started != place->keeper.started ||
                      strcmp(now.boot, place->keeper.boot) != 0;
    } else if (place->file >= 0) {
        /* A file without its first line: its keeper is about to write it, or was killed. */
        place->gone = ++place->looks > LOOKS_MAX;
    }
}

void kept_step(struct kept *kept) {
    for (size_t n = 0; n < RUNNER_PLACES_MAX; n++) {
        if (kept->places[n].used) {
            look(&kept->places[n]);
        }
    }
}

uint64_t kept_deadline(const struct kept *kept, uint64_t now) {
    return used(kept) > 0 ? now + LOOK_US : CLOCK_NEVER;
}

/* A text of the file; bytes of it. */
static size_t unhex(const char *text, char out[LINE_MAX_BYTES]) {
    size_t length = 0;
    unsigned byte = 0;
    while (length < LINE_MAX_BYTES && sscanf(text + 2 * length, "%2x", &byte) == 1) {
        out[length++] = (char)(unsigned char)byte;
    }
    return length;
}

/* Takes one line; true if it is an event. */
static bool take_line(struct place *place, const char *line, struct runner_event *out) {
    char kind[8] = "", text[2 * LINE_MAX_BYTES + 2] = "", result[2 * LINE_MAX_BYTES + 2] = "", boot[40] = "";
    unsigned long long at = 0, started = 0;
    long pid = 0;
    int stop = 0, code = 0;
    unsigned percent = 0;
    memset(out, 0, sizeof *out);
    out->task = place->task;
    if (sscanf(line, "keeper %ld %llu %39s", &pid, &started, boot) == 3) {
        /* One that another life started, with its own keeper, is looked at like any other. */
        place->keeper.pid = (pid_t)pid;
        place->keeper.started = started;
        snprintf(place->keeper.boot, sizeof place->keeper.boot, "%s", strcmp(boot, "-") == 0 ? "" : boot);
        if (place->child == 0) {
            place->gone = false;
        }
        return false;
    }
    if (sscanf(line, "started %llu", &at) == 1) {
        out->kind = RUNNER_STARTED;
    } else if (sscanf(line, "progress %u %513s", &percent, text) == 2) {
        out->kind = RUNNER_PROGRESS;
        out->percent = percent;
        out->text_length = unhex(text, out->text);
    } else if (sscanf(line, "ended %llu %d %7s %d %513s %513s", &at, &stop, kind, &code, text, result) == 6) {
        out->kind = RUNNER_ENDED;
        out->stop = (enum runner_stop)stop;
        out->signaled = strcmp(kind, "signal") == 0;
        out->code = code;
        out->text_length = unhex(text, out->text);
        out->result_length = unhex(result, out->result);
        release(place);
    } else if (sscanf(line, "failed %llu %d", &at, &code) == 2) {
        out->kind = RUNNER_COULD_NOT_START;
        out->code = code;
        release(place);
    } else {
        return false;
    }
    out->at_ms = at;
    return true;
}

/* Reads on until a line is whole; false when there is none. */
static bool next_line(struct place *place, char *out, size_t size) {
    for (;;) {
        char *end = memchr(place->buffer, '\n', place->length);
        if (end != NULL) {
            size_t length = (size_t)(end - place->buffer);
            snprintf(out, size, "%.*s", (int)length, place->buffer);
            place->length -= length + 1;
            memmove(place->buffer, end + 1, place->length);
            return true;
        }
        ssize_t got = read(place->file, place->buffer + place->length, sizeof place->buffer - place->length);
        if (got <= 0) {
            return false;
        }
        place->length += (size_t)got;
    }
}

/* The next event of a place: of its file, or that there will be none. */
static bool next_of(struct place *place, struct runner_event *out) {
    char line[2048];
    if (place->file < 0) {
        place->file = open(place->path, O_RDONLY | O_CLOEXEC);
    }
    bool gone = place->gone;
    while (place->file >= 0 && next_line(place, line, sizeof line)) {
        if (take_line(place, line, out)) {
            return true;
        }
        gone = place->gone && gone;
    }
    if (!gone) {
        return false;
    }
    memset(out, 0, sizeof *out);
    out->task = place->task;
    out->at_ms = clock_unix_ms();
    out->code = place->failure;
    out->kind = place->file < 0 && place->failure != 0 ? RUNNER_COULD_NOT_START : RUNNER_LOST;
    release(place);
    return true;
}

bool kept_next_event(struct kept *kept, struct runner_event *out) {
    for (size_t n = 0; n < RUNNER_PLACES_MAX; n++) {
        if (kept->places[n].used && next_of(&kept->places[n], out)) {
            return true;
        }
    }
    return false;
}

void kept_remove(struct kept *kept, const uint8_t id[TASK_ID_BYTES], uint32_t attempts) {
    char path[PATH_MAX];
    for (uint32_t attempt = 0; attempt <= attempts; attempt++) {
        path_of(kept, id, attempt, path);
        (void)unlink(path);
    }
}
