/*
 * link.h: the way to the controller: UDP, TCP or a serial line.
 *
 * Responsible for: the choice; each way is left to net.h (datagrams) and stream.h (streams of bytes). Frames go in and
 * come out whole, none of the calls waits, and loss is normal: the core sends again what matters.
 */
#ifndef LINK_H
#define LINK_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum link_kind { LINK_UDP, LINK_TCP, LINK_SERIAL };

struct link;

/* `where` is HOST:PORT or the path of a serial line, which must outlive the link; the speed is the line's. NULL on
 * failure, with a sentence. */
struct link *link_open(enum link_kind kind, const char *where, uint64_t bits_a_second, char *error, size_t error_size);
void link_close(struct link *link);

struct pollfd link_pollfd(const struct link *link);
void link_send(struct link *link, uint64_t now, const uint8_t *frame, size_t length);
/* The length of one frame, 0 when none is there. */
size_t link_receive(struct link *link, uint64_t now, uint8_t *frame, size_t capacity);
/* The controller has not been heard for a lease. */
void link_renew(struct link *link);

/* What there is to say of it when all is over, "" for nothing. */
void link_describe(const struct link *link, char *out, size_t size);

#endif
