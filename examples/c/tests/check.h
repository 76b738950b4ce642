/* check.h: the least that a C test needs: a check that names its line, and a count for the end. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <string.h>

static int check_failures;

#define CHECK(condition)                                                                                             \
    do {                                                                                                             \
        if (!(condition)) {                                                                                          \
            fprintf(stderr, "%s:%d: expected %s\n", __FILE__, __LINE__, #condition);                                 \
            check_failures++;                                                                                        \
        }                                                                                                            \
    } while (0)

/* Both texts are shown, as that is what one wants to see. */
#define CHECK_TEXT(found, expected)                                                                                  \
    do {                                                                                                             \
        if (strcmp((found), (expected)) != 0) {                                                                      \
            fprintf(stderr, "%s:%d: expected \"%s\", found \"%s\"\n", __FILE__, __LINE__, (expected), (found));      \
            check_failures++;                                                                                        \
        }                                                                                                            \
    } while (0)

/* A folder of its own: what mkdtemp wants ends with six letters of one kind. */
#define TEMPORARY_SIZE 32
#define MAKE_TEMPORARY(out)                                                                                          \
    do {                                                                                                             \
        snprintf((out), TEMPORARY_SIZE, "/tmp/taskwire-test-");                                                      \
        memset((out) + 19, 'X', 6), (out)[25] = '\0';                                                                    \
        CHECK(mkdtemp(out) != NULL);                                                                                 \
    } while (0)

static inline int check_result(const char *name) {
    printf("%s: %s\n", name, check_failures == 0 ? "ok" : "FAILED");
    return check_failures == 0 ? 0 : 1;
}

#endif
