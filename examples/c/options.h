/*
 * options.h: the agent's command line.
 *
 * Responsible for: reading the flags and refusing what is wrong with them, before anything is opened or started.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "link.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options {
    const char *node;
    enum link_kind link;    /* which of --controller, --tcp and --serial there was */
    const char *where_flag; /* its name */
    const char *where;      /* HOST:PORT, or the path of a line */
    uint64_t speed;         /* of the line, bits a second */
    const char *tasks;
    const char *truth;
    const char *epoch_file;
    const char *journal; /* a folder; NULL: no journal is kept */
    bool has_seed;
    uint64_t seed;
    size_t parallel;
    uint64_t back_off_us;
    bool supersede; /* when fenced: take a larger epoch and go on, rather than stop */
};

enum options_result { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_WRONG };

/* On WRONG `error` says which flag and what was expected. */
enum options_result options_read(int count, char *const words[], struct options *out, char *error,
                                 size_t error_size);

/* What --help prints, without the format of the tasks file. */
extern const char options_help[];

#endif
