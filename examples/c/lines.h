/*
 * lines.h: a pipe read line by line without waiting.
 *
 * Responsible for: cutting what comes into lines, keeping a bounded part of each, and handing on whole lines. A line
 * longer than the bound is cut, not broken in two; a last line without its newline counts at the end of the pipe.
 */
#ifndef LINES_H
#define LINES_H

#include <stdbool.h>
#include <stddef.h>

#define LINE_MAX_BYTES 256

struct line_pipe {
    int fd; /* -1 once it has ended */
    char buffer[LINE_MAX_BYTES];
    size_t length;
};

/* Takes over `fd`, which is closed at its end or by lines_close. */
void lines_open(struct line_pipe *pipe, int fd);
void lines_close(struct line_pipe *pipe);

/* Called with each line that is not empty; it is the caller's only until the call returns. */
typedef void (*line_taker)(void *context, const char *line, size_t length);

/* Reads what waits, at most a bounded amount, so that one that never stops talking starves nobody. */
void lines_read(struct line_pipe *pipe, line_taker take, void *context);

#endif
