/* truth.c: see truth.h. */
#include "truth.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct truth {
    FILE *file;
    char node[TASK_NAME_MAX + 1];
    uint64_t epoch;
};

struct truth *truth_open(const char *path, const char *node, uint64_t epoch, char *error, size_t error_size) {
    struct truth *truth = calloc(1, sizeof *truth);
    if (truth == NULL) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    truth->file = fopen(path, "ae");
    if (truth->file == NULL) {
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
        free(truth);
        return NULL;
    }
    snprintf(truth->node, sizeof truth->node, "%s", node);
    truth->epoch = epoch;
    return truth;
}

void truth_close(struct truth *truth) {
    if (truth != NULL) {
        fclose(truth->file);
        free(truth);
    }
}

void truth_each(const char *path, truth_taker take, void *context) {
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    while (file != NULL && getline(&line, &room, file) > 0) {
        char id[37] = "";
        uint32_t number = 0;
        if (sscanf(line, "{\"task\":\"%36[0-9a-f-]\",\"number\":%" SCNu32, id, &number) == 2) {
            take(context, id, number);
        }
    }
    free(line);
    if (file != NULL) {
        fclose(file);
    }
}

static const char *state_name(enum task_state state) {
    switch (state) {
    case TASK_PENDING: return "PENDING";
    case TASK_RUNNING: return "RUNNING";
    case TASK_SUCCEEDED: return "SUCCEEDED";
    case TASK_FAILED: return "FAILED";
    case TASK_CANCELLED: return "CANCELLED";
    }
    return "?";
}

static const char *reason_name(enum task_reason reason) {
    switch (reason) {
    case REASON_NONE: return "None";
    case REASON_EXITED: return "ExitCode";
    case REASON_SIGNALED: return "Signal";
    case REASON_TIMED_OUT: return "TimedOut";
    case REASON_COULD_NOT_START: return "CouldNotStart";
    case REASON_CANCELLED: return "CancelledByHost";
    case REASON_UNKNOWN: return "OutcomeUnknown";
    }
    return "?";
}

/* How many bytes at `text` are one well-formed UTF-8 character; 0 for none. */
static size_t character(const uint8_t *text, size_t length) {
    uint8_t first = text[0];
    size_t bytes = first < 0x80 ? 1 : first >= 0xc2 && first <= 0xdf ? 2 : (first & 0xf0) == 0xe0 ? 3 : 4;
    if (bytes > length || (first >= 0x80 && first < 0xc2) || first > 0xf4) {
        return 0;
    }
    for (size_t n = 1; n < bytes; n++) {
        if ((text[n] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (first == 0xe0 && text[1] < 0xa0) || (first == 0xf0 && text[1] < 0x90);
    bool surrogate = first == 0xed && text[1] > 0x9f;
    bool too_large = first == 0xf4 && text[1] > 0x8f;
    return overlong || surrogate || too_large ? 0 : bytes;
}

static bool is_text(const char *bytes, size_t length) {
    for (size_t at = 0; at < length;) {
        size_t step = character((const uint8_t *)bytes + at, length - at);
        if (step == 0) {
            return false;
        }
        at += step;
    }
    return true;
}

/* ,"key":"…" as JSON text, or ,"key_hex":"…" where the bytes are no UTF-8: nothing is lost either way. */
static void write_bytes(FILE *file, const char *key, const char *bytes, size_t length) {
    if (!is_text(bytes, length)) {
        fprintf(file, ",\"%s_hex\":\"", key);
        for (size_t n = 0; n < length; n++) {
            fprintf(file, "%02x", (unsigned)(uint8_t)bytes[n]);
        }
        fputc('"', file);
        return;
    }
    fprintf(file, ",\"%s\":\"", key);
    for (size_t n = 0; n < length; n++) {
        uint8_t byte = (uint8_t)bytes[n];
        if (byte == '"' || byte == '\\') {
            fputc('\\', file);
            fputc(byte, file);
        } else if (byte < 0x20) {
            fprintf(file, "\\u%04x", (unsigned)byte);
        } else {
            fputc(byte, file);
        }
    }
    fputc('"', file);
}

bool truth_write(struct truth *truth, const struct task_spec *task, const struct trace *trace,
                 struct truth_number which, const struct transition *what) {
    FILE *file = truth->file;
    char id[37];
    task_id_text(task->id, id);
    fprintf(file, "{\"task\":\"%s\",\"number\":%" PRIu32 ",\"attempt\":%" PRIu32 ",\"state\":\"%s\"", id,
            which.number, which.attempt, state_name(what->state));
    fprintf(file, ",\"reason\":\"%s\",\"at\":%" PRIu64 ",\"epoch\":%" PRIu64, reason_name(what->reason), what->at_ms,
            truth->epoch);
    if (what->exit != EXIT_UNKNOWN) {
        fprintf(file, ",\"%s\":%d", what->exit == EXIT_CODE ? "exit_code" : "signal", what->code);
    }
    write_bytes(file, "node", truth->node, strlen(truth->node));
    write_bytes(file, "name", task->name, strlen(task->name));
    if (which.number == 1) {
        write_bytes(file, "metadata", task->metadata, strlen(task->metadata));
    }
    write_bytes(file, "message", what->message, what->message_length);
    write_bytes(file, "result", what->result, what->result_length);
    fputs(",\"trace_id\":\"", file);
    for (size_t n = 0; n < sizeof trace->trace_id; n++) {
        fprintf(file, "%02x", (unsigned)trace->trace_id[n]);
    }
    fputs("\"}\n", file);
    return fflush(file) == 0 && ferror(file) == 0;
}
