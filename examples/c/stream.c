/* stream.c: see stream.h. Beside report.c the only file of this agent that includes taskwire.h: the framer is there. */
#include "stream.h"

#include "net.h"
#include "serial.h"

#include <taskwire.h>

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Bytes that wait for the stream to take them: a dozen frames. More would only come late. */
#define OUT_BYTES 16384
#define IN_BYTES 4096
/* Two tries to open it are at least so far apart, however much there is to send. */
#define PAUSE_US UINT64_C(100000)
/* A connection that has brought nothing for so long, although there is something to send, is given up. */
#define SILENCE_US UINT64_C(30000000)

struct stream {
    /* TCP: the addresses found, and which is next. Serial: the line. */
    struct addrinfo *addresses;
    const struct addrinfo *next;
    const char *path;
    uint64_t speed;

    int fd; /* -1 while it is closed */
    bool connecting;
    bool tried;
    uint64_t tried_at, heard_at;
    taskwire_framer *framer;
    uint8_t in[IN_BYTES], out[OUT_BYTES];
    size_t in_at, in_length, out_length;
    struct stream_counts counts;
};

static uint32_t framing(const struct stream *stream) {
    return stream->path == NULL ? TASKWIRE_FRAMER_LENGTH : TASKWIRE_FRAMER_COBS;
}

static void close_stream(struct stream *stream) {
    uint64_t noise = 0;
    if (stream->fd < 0) {
        return;
    }
    close(stream->fd);
    stream->fd = -1;
    stream->connecting = false;
    /* What was half sent or half received is worth nothing on another connection. */
    stream->in_at = stream->in_length = stream->out_length = 0;
    (void)taskwire_framer_dropped(stream->framer, NULL, &noise);
    stream->counts.noise_bytes += noise;
    taskwire_framer_free(stream->framer);
    stream->framer = NULL;
}

static int open_next(struct stream *stream) {
    if (stream->path != NULL) {
        return serial_open(stream->path, stream->speed);
    }
    const struct addrinfo *one = stream->next;
    stream->next = one->ai_next == NULL ? stream->addresses : one->ai_next;
    return net_begin_tcp(one);
}

static bool open_stream(struct stream *stream, uint64_t now) {
    if (stream->tried && now < stream->tried_at + PAUSE_US) {
        return false;
    }
    stream->tried = true;
    stream->tried_at = stream->heard_at = now;
    if (taskwire_framer_new(framing(stream), NET_FRAME_MAX, &stream->framer) != TASKWIRE_OK) {
        return false;
    }
    stream->fd = open_next(stream);
    if (stream->fd < 0) {
        taskwire_framer_free(stream->framer);
        stream->framer = NULL;
        return false;
    }
    stream->connecting = stream->path == NULL;
    stream->counts.opened++;
    return true;
}

struct stream *stream_over_tcp(const char *address, char *error, size_t error_size) {
    struct stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    stream->fd = -1;
    stream->addresses = net_resolve(address, SOCK_STREAM, error, error_size);
    stream->next = stream->addresses;
    if (stream->addresses == NULL) {
        free(stream);
        return NULL;
    }
    return stream;
}

struct stream *stream_over_serial(const char *path, uint64_t bits_a_second, char *error, size_t error_size) {
    struct stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    stream->fd = -1;
    stream->path = path;
    stream->speed = bits_a_second;
    errno = ENOMEM; /* unless opening it says something else */
    if (!open_stream(stream, 0)) {
        snprintf(error, error_size, "\"%s\": %s", path, strerror(errno));
        free(stream);
        return NULL;
    }
    stream->tried = false;
    return stream;
}

void stream_free(struct stream *stream) {
    if (stream != NULL) {
        close_stream(stream);
        if (stream->addresses != NULL) {
            freeaddrinfo(stream->addresses);
        }
        free(stream);
    }
}

struct pollfd stream_pollfd(const struct stream *stream) {
    short events = stream->connecting || stream->out_length > 0 ? POLLIN | POLLOUT : POLLIN;
    return (struct pollfd){stream->fd, events, 0};
}

/* Whether a connection that was begun stands by now; one that failed is closed. */
static bool is_connected(struct stream *stream) {
    struct pollfd writable = {stream->fd, POLLOUT, 0};
    int why = 0;
    socklen_t size = sizeof why;
    if (stream->fd < 0 || !stream->connecting) {
        return stream->fd >= 0;
    }
    if (poll(&writable, 1, 0) <= 0) {
        return false;
    }
    if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &why, &size) != 0 || why != 0) {
        close_stream(stream);
        return false;
    }
    stream->connecting = false;
    return true;
}

static bool is_for_later(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* Writes what waits, as much as the stream takes; what it did not take stays in place, so that frames stay whole. */
static void flush(struct stream *stream) {
    size_t done = 0;
    if (!is_connected(stream)) {
        return;
    }
    while (done < stream->out_length) {
        size_t left = stream->out_length - done;
        ssize_t written = stream->path == NULL ? send(stream->fd, stream->out + done, left, MSG_NOSIGNAL)
                                               : write(stream->fd, stream->out + done, left);
        if (written > 0) {
            done += (size_t)written;
        } else if (written < 0 && errno == EINTR) {
            continue;
        } else if (written < 0 && !is_for_later(errno)) {
            close_stream(stream); /* EPIPE, ECONNRESET, EIO: it has ended */
            return;
        } else {
            break;
        }
    }
    memmove(stream->out, stream->out + done, stream->out_length - done);
    stream->out_length -= done;
}

bool stream_send(struct stream *stream, uint64_t now, const uint8_t *frame, size_t length) {
    size_t wrapped = 0;
    if (stream->fd >= 0 && stream->path == NULL && now > stream->heard_at + SILENCE_US) {
        close_stream(stream);
    }
    if ((stream->fd < 0 && !open_stream(stream, now)) ||
        taskwire_framer_wrap(framing(stream), frame, length, stream->out + stream->out_length,
                             sizeof stream->out - stream->out_length, &wrapped) != TASKWIRE_OK) {
        stream->counts.frames_lost++;
        return false;
    }
    stream->out_length += wrapped;
    flush(stream);
    return true;
}

/* Reads once. False when there is nothing now, or no stream any more. */
static bool fill(struct stream *stream, uint64_t now) {
    ssize_t got = read(stream->fd, stream->in, sizeof stream->in);
    if (got > 0) {
        stream->in_at = 0;
        stream->in_length = (size_t)got;
        stream->heard_at = now;
        return true;
    }
    if (got == 0 || !is_for_later(errno)) {
        close_stream(stream);
    }
    return false;
}

size_t stream_receive(struct stream *stream, uint64_t now, uint8_t *frame, size_t capacity) {
    flush(stream);
    while (is_connected(stream)) {
        const uint8_t *found = NULL;
        size_t length = 0, taken = 0;
        if (taskwire_framer_next(stream->framer, &found, &length) != TASKWIRE_OK) {
            close_stream(stream); /* it has lost its place: only a new one has another */
            return 0;
        }
        if (length > 0 && length <= capacity) {
            memcpy(frame, found, length);
            return length;
        }
        if (stream->in_at == stream->in_length && !fill(stream, now)) {
            return 0;
        }
        if (taskwire_framer_push(stream->framer, stream->in + stream->in_at, stream->in_length - stream->in_at,
                                 &taken) != TASKWIRE_OK) {
            close_stream(stream);
            return 0;
        }
        stream->in_at += taken;
    }
    return 0;
}

void stream_renew(struct stream *stream) {
    if (stream->path == NULL) {
        close_stream(stream);
    }
}

struct stream_counts stream_count(const struct stream *stream) {
    struct stream_counts counts = stream->counts;
    uint64_t noise = 0;
    if (stream->framer != NULL) {
        (void)taskwire_framer_dropped(stream->framer, NULL, &noise);
    }
    counts.noise_bytes += noise;
    return counts;
}
