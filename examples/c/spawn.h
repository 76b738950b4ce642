/*
 * spawn.h: fork and exec with the pipes that runner.c watches.
 *
 * Responsible for: what must happen between fork and exec, and for learning of an exec that failed.
 */
#ifndef SPAWN_H
#define SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

struct spawned {
    pid_t pid;   /* also its process group */
    int exec_fd; /* ends without a byte once exec has succeeded; else gives its errno as an int */
    int out_fd;
    int err_fd;
};

/* False with errno when not even the fork worked. The descriptors are non-blocking and closed at exec. */
bool spawn(char *const arguments[], struct spawned *out);

#endif
