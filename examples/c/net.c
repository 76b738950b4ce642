/* net.c: see net.h. */
#include "net.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Cuts HOST:PORT at its last colon, and takes the brackets off an IPv6 address. */
static bool split(const char *address, char *host, size_t host_size, const char **out_port) {
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon == address || colon[1] == '\0') {
        return false;
    }
    const char *begin = address;
    size_t length = (size_t)(colon - address);
    if (begin[0] == '[' && length >= 2 && begin[length - 1] == ']') {
        begin++;
        length -= 2;
    }
    if (length == 0 || length >= host_size) {
        return false;
    }
    memcpy(host, begin, length);
    host[length] = '\0';
    *out_port = colon + 1;
    return true;
}

struct addrinfo *net_resolve(const char *address, int socket_type, char *error, size_t error_size) {
    char host[256];
    const char *port = NULL;
    if (!split(address, host, sizeof host, &port)) {
        snprintf(error, error_size, "\"%s\": expected HOST:PORT, for example 192.0.2.1:7400", address);
        return NULL;
    }
    struct addrinfo wanted;
    memset(&wanted, 0, sizeof wanted);
    wanted.ai_socktype = socket_type;
    struct addrinfo *found = NULL;
    int status = getaddrinfo(host, port, &wanted, &found);
    if (status != 0) {
        snprintf(error, error_size, "\"%s\": %s", address, gai_strerror(status));
        return NULL;
    }
    return found;
}

static int open_socket(const struct addrinfo *one) {
    return socket(one->ai_family, one->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, one->ai_protocol);
}

int net_connect(const char *address, char *error, size_t error_size) {
    struct addrinfo *found = net_resolve(address, SOCK_DGRAM, error, error_size);
    if (found == NULL) {
        return -1;
    }
    int last_error = 0;
    for (const struct addrinfo *one = found; one != NULL; one = one->ai_next) {
        int fd = open_socket(one);
        if (fd >= 0 && connect(fd, one->ai_addr, one->ai_addrlen) == 0) {
            freeaddrinfo(found);
            return fd;
        }
        last_error = errno;
        if (fd >= 0) {
            close(fd);
        }
    }
    freeaddrinfo(found);
    snprintf(error, error_size, "\"%s\": %s", address, strerror(last_error));
    return -1;
}

int net_begin_tcp(const struct addrinfo *address) {
    int fd = open_socket(address), on = 1;
    if (fd < 0) {
        return -1;
    }
    /* A frame is sent when the core says so: it has collected what goes together already. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    return fd;
}

bool net_send(int socket, const uint8_t *frame, size_t length) {
    ssize_t sent;
    do {
        sent = send(socket, frame, length, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)length;
}

size_t net_receive(int socket, uint8_t *frame, size_t capacity) {
    for (;;) {
        /* MSG_TRUNC tells the whole length, so that a cut datagram is known as one. */
        ssize_t got = recv(socket, frame, capacity, MSG_TRUNC);
        if (got > 0 && (size_t)got <= capacity) {
            return (size_t)got;
        }
        /* A refused connection is how UDP tells that the controller is away: it may come back, so listen on. */
        if (got < 0 && errno != EINTR && errno != ECONNREFUSED) {
            return 0;
        }
    }
}
