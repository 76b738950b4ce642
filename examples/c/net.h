/*
 * net.h: sockets to one controller.
 *
 * Responsible for: resolving HOST:PORT, UDP sockets, sending and receiving whole datagrams without waiting, and beginning
 * TCP connections; what goes over those is left to stream.h. Loss is normal here: a datagram that could not be sent is a
 * lost one, and the core sends what matters again.
 */
#ifndef NET_H
#define NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest frame that this host sends or takes: below the MTU of common links, so that IP never cuts it. */
#define NET_FRAME_MAX 1200

struct addrinfo;

/* The addresses of HOST:PORT or [IPv6]:PORT for sockets of that type, for freeaddrinfo. NULL on failure, with a
 * sentence. */
struct addrinfo *net_resolve(const char *address, int socket_type, char *error, size_t error_size);

/* Opens a non-blocking UDP socket connected to `address`. -1 on failure, with a sentence. */
int net_connect(const char *address, char *error, size_t error_size);

/* Begins a TCP connection and does not wait for it; it has no delay for small frames. -1 when it has failed already. */
int net_begin_tcp(const struct addrinfo *address);

/* Sends one datagram. False when the network did not take it now. */
bool net_send(int socket, const uint8_t *frame, size_t length);

/* Takes one datagram, if one waits: its length, 0 when none does. One longer than the buffer is dropped. */
size_t net_receive(int socket, uint8_t *frame, size_t capacity);

#endif
