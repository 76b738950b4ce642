/* lines.c: see lines.h. */
#include "lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES 4096
#define READS_AT_ONCE 16

void lines_open(struct line_pipe *pipe, int fd) {
    pipe->fd = fd;
    pipe->length = 0;
}

void lines_close(struct line_pipe *pipe) {
    if (pipe->fd >= 0) {
        close(pipe->fd);
        pipe->fd = -1;
    }
}

static void end_line(struct line_pipe *pipe, line_taker take, void *context) {
    size_t length = pipe->length;
    if (length > 0 && pipe->buffer[length - 1] == '\r') {
        length--;
    }
    if (length > 0) {
        take(context, pipe->buffer, length);
    }
    pipe->length = 0;
}

static void keep(struct line_pipe *pipe, const char *bytes, size_t length) {
    size_t room = sizeof pipe->buffer - pipe->length;
    size_t kept = length < room ? length : room;
    memcpy(pipe->buffer + pipe->length, bytes, kept);
    pipe->length += kept;
}

static void take_bytes(struct line_pipe *pipe, const char *bytes, size_t length, line_taker take, void *context) {
    while (length > 0) {
        const char *newline = memchr(bytes, '\n', length);
        size_t part = newline == NULL ? length : (size_t)(newline - bytes);
        keep(pipe, bytes, part);
        if (newline == NULL) {
            return;
        }
        end_line(pipe, take, context);
        bytes += part + 1;
        length -= part + 1;
    }
}

void lines_read(struct line_pipe *pipe, line_taker take, void *context) {
    char bytes[READ_BYTES];
    for (int reads = 0; pipe->fd >= 0 && reads < READS_AT_ONCE; reads++) {
        ssize_t got = read(pipe->fd, bytes, sizeof bytes);
        if (got > 0) {
            take_bytes(pipe, bytes, (size_t)got, take, context);
        } else if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return;
        } else if (got == 0 || errno != EINTR) {
            end_line(pipe, take, context);
            lines_close(pipe);
        }
    }
}
