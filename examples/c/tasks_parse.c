/* tasks_parse.c: see tasks_parse.h. */
#include "tasks_parse.h"

#include <stdlib.h>
#include <string.h>

#define LONGEST_US (UINT64_C(1000) * 3600 * 1000000)

bool parse_count(const char *text, uint64_t most, uint64_t *out) {
    uint64_t value = 0;
    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        uint64_t digit = (uint64_t)(*text - '0');
        if (value > (most - digit) / 10 || digit > most) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

/* Reads the unit; 0 when there is none of that name. */
static uint64_t unit_us(const char *text) {
    static const struct {
        const char *name;
        uint64_t us;
    } units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}, {"m", 60000000}, {"h", UINT64_C(3600000000)}};
    for (size_t n = 0; n < sizeof units / sizeof units[0]; n++) {
        if (strcmp(text, units[n].name) == 0) {
            return units[n].us;
        }
    }
    return 0;
}

bool parse_duration(const char *text, uint64_t *out_us) {
    if (strcmp(text, "0") == 0) {
        *out_us = 0;
        return true;
    }
    /* Kept as value / scale, so that 1.5s is exact and needs no floating point. */
    uint64_t value = 0, scale = 1;
    bool point = false, digits = false;
    for (; (*text >= '0' && *text <= '9') || (*text == '.' && !point); text++) {
        if (*text == '.') {
            point = true;
            continue;
        }
        if (value > 100000000 || scale > 100000) {
            return false;
        }
        value = value * 10 + (uint64_t)(*text - '0');
        scale *= point ? 10 : 1;
        digits = true;
    }
    uint64_t unit = unit_us(text);
    if (!digits || unit == 0 || value > LONGEST_US / unit * scale) {
        return false;
    }
    *out_us = value * unit / scale;
    return true;
}

/* Copies one argument to `*to`, moves both on, and tells why it cannot. */
static const char *take_argument(const char **from, char **to) {
    char quote = '\0';
    const char *at = *from;
    for (; *at != '\0' && (quote != '\0' || (*at != ' ' && *at != '\t')); at++) {
        if (quote == '\0' && (*at == '\'' || *at == '"')) {
            quote = *at;
        } else if (quote != '\0' && *at == quote) {
            quote = '\0';
        } else if (*at == '\\' && quote != '\'') {
            if (*++at == '\0') {
                return "a character after \\";
            }
            *(*to)++ = *at;
        } else {
            *(*to)++ = *at;
        }
    }
    if (quote != '\0') {
        return quote == '"' ? "a closing \"" : "a closing '";
    }
    *(*to)++ = '\0';
    *from = at;
    return NULL;
}

char **parse_command(const char *text, const char **why) {
    /* Each argument takes at least one character and is followed by a blank or the end. */
    size_t length = strlen(text), most = length / 2 + 2;
    char **arguments = calloc(1, most * sizeof *arguments + length + 2);
    size_t count = 0;
    *why = "more memory";
    if (arguments == NULL) {
        return NULL;
    }
    char *to = (char *)(arguments + most);
    for (;;) {
        text += strspn(text, " \t");
        if (*text == '\0') {
            break;
        }
        arguments[count++] = to;
        *why = take_argument(&text, &to);
        if (*why != NULL) {
            free(arguments);
            return NULL;
        }
    }
    if (count == 0 || arguments[0][0] == '\0') {
        *why = "a program";
        free(arguments);
        return NULL;
    }
    return arguments;
}
