/*
 * task_id.c: the names of tasks as 16 bytes and as text. Declared in tasks_file.h and tasks_parse.h.
 *
 * Responsible for: reading and writing the 8-4-4-4-12 form, and making an id where the file gives none.
 */
#include "tasks_parse.h"

#include <stdio.h>
#include <string.h>

static const size_t group_bytes[] = {4, 2, 2, 2, 6};
#define GROUPS (sizeof group_bytes / sizeof group_bytes[0])

void task_id_text(const uint8_t id[TASK_ID_BYTES], char out[37]) {
    size_t byte = 0, at = 0;
    for (size_t group = 0; group < GROUPS; group++) {
        if (group > 0) {
            out[at++] = '-';
        }
        for (size_t n = 0; n < group_bytes[group]; n++) {
            snprintf(out + at, 3, "%02x", (unsigned)id[byte++]);
            at += 2;
        }
    }
    out[at] = '\0';
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

bool task_id_parse(const char *text, uint8_t out[TASK_ID_BYTES]) {
    size_t byte = 0;
    for (size_t group = 0; group < GROUPS; group++) {
        if (group > 0 && *text++ != '-') {
            return false;
        }
        for (size_t n = 0; n < group_bytes[group]; n++) {
            int high = hex_digit(text[0]);
            int low = high < 0 ? -1 : hex_digit(text[1]);
            if (low < 0) {
                return false;
            }
            out[byte++] = (uint8_t)(high * 16 + low);
            text += 2;
        }
    }
    return *text == '\0';
}

/* FNV-1a; `begin` makes two independent halves of one function. */
static uint64_t hash(uint64_t begin, const char *text) {
    uint64_t sum = begin;
    for (; *text != '\0'; text++) {
        sum = (sum ^ (uint8_t)*text) * UINT64_C(1099511628211);
    }
    /* The NUL too, so that ("a", "bc") and ("ab", "c") differ. */
    return sum * UINT64_C(1099511628211);
}

void task_id_from_names(const char *node, const char *name, uint8_t out[TASK_ID_BYTES]) {
    uint64_t halves[2] = {hash(hash(UINT64_C(14695981039346656037), node), name),
                          hash(hash(UINT64_C(0x9e3779b97f4a7c15), node), name)};
    for (size_t n = 0; n < TASK_ID_BYTES; n++) {
        out[n] = (uint8_t)(halves[n / 8] >> (56 - 8 * (n % 8)));
    }
    /* Version 8 of RFC 9562: made by a rule of our own. */
    out[6] = (uint8_t)((out[6] & 0x0f) | 0x80);
    out[8] = (uint8_t)((out[8] & 0x3f) | 0x80);
}
