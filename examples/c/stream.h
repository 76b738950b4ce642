/*
 * stream.h: frames over a stream of bytes to one controller: a TCP connection, or a serial line.
 *
 * Responsible for: opening it when there is something to send, cutting what comes into frames with the library's framer,
 * writing what the stream does not take at once later, and opening it anew after it has ended, with a fresh framer. It
 * has no timers: the core says when to try again, by having a frame to send, and its back-off is the only one. A frame
 * that finds no stream or no room is a lost one, as on any network.
 */
#ifndef STREAM_H
#define STREAM_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream;

/* A TCP connection to HOST:PORT, frames by length; it is not begun yet. NULL on failure, with a sentence. */
struct stream *stream_over_tcp(const char *address, char *error, size_t error_size);
/* A serial line, frames as COBS; it is open. NULL on failure, with a sentence. */
struct stream *stream_over_serial(const char *path, uint64_t bits_a_second, char *error, size_t error_size);
void stream_free(struct stream *stream);

/* What poll has to wait for; nothing while it is closed. */
struct pollfd stream_pollfd(const struct stream *stream);

/* Sends one frame, opening the stream if it is closed. False when the frame is lost. */
bool stream_send(struct stream *stream, uint64_t now, const uint8_t *frame, size_t length);

/* Takes one frame, if one is there: its length, 0 when none is. Also writes on what waits. */
size_t stream_receive(struct stream *stream, uint64_t now, uint8_t *frame, size_t capacity);

/* The controller has not been heard for a lease: a connection that still seems to stand leads nowhere. */
void stream_renew(struct stream *stream);

struct stream_counts {
    uint64_t opened;      /* times that it was opened */
    uint64_t frames_lost; /* frames that found no stream or no room */
    uint64_t noise_bytes; /* bytes between frames that were none */
};
struct stream_counts stream_count(const struct stream *stream);

#endif
