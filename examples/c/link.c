/* link.c: see link.h. */
#include "link.h"

#include "net.h"
#include "stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct link {
    int socket;            /* UDP; -1 when it is a stream */
    struct stream *stream; /* NULL when it is UDP */
    enum link_kind kind;
};

struct link *link_open(enum link_kind kind, const char *where, uint64_t bits_a_second, char *error,
                       size_t error_size) {
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    link->kind = kind;
    link->socket = -1;
    switch (kind) {
    case LINK_UDP: link->socket = net_connect(where, error, error_size); break;
    case LINK_TCP: link->stream = stream_over_tcp(where, error, error_size); break;
    case LINK_SERIAL: link->stream = stream_over_serial(where, bits_a_second, error, error_size); break;
    }
    if (link->socket < 0 && link->stream == NULL) {
        free(link);
        return NULL;
    }
    return link;
}

void link_close(struct link *link) {
    if (link != NULL) {
        if (link->socket >= 0) {
            close(link->socket);
        }
        stream_free(link->stream);
        free(link);
    }
}

struct pollfd link_pollfd(const struct link *link) {
    return link->stream == NULL ? (struct pollfd){link->socket, POLLIN, 0} : stream_pollfd(link->stream);
}

void link_send(struct link *link, uint64_t now, const uint8_t *frame, size_t length) {
    if (link->stream == NULL) {
        (void)net_send(link->socket, frame, length);
    } else {
        (void)stream_send(link->stream, now, frame, length);
    }
}

size_t link_receive(struct link *link, uint64_t now, uint8_t *frame, size_t capacity) {
    return link->stream == NULL ? net_receive(link->socket, frame, capacity)
                                : stream_receive(link->stream, now, frame, capacity);
}

void link_renew(struct link *link) {
    if (link->stream != NULL) {
        stream_renew(link->stream);
    }
}

void link_describe(const struct link *link, char *out, size_t size) {
    struct stream_counts counts = {0, 0, 0};
    if (link->stream != NULL) {
        counts = stream_count(link->stream);
    }
    switch (link->kind) {
    case LINK_UDP: snprintf(out, size, "%s", ""); break;
    case LINK_TCP:
        snprintf(out, size, "; connections %" PRIu64 ", frames without one %" PRIu64, counts.opened,
                 counts.frames_lost);
        break;
    case LINK_SERIAL:
        snprintf(out, size, "; bytes of noise on the line %" PRIu64 ", frames without room %" PRIu64,
                 counts.noise_bytes, counts.frames_lost);
        break;
    }
}
