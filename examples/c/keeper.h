/*
 * keeper.h: a small process that keeps one program, and writes down what becomes of it.
 *
 * Responsible for: that a task outlives its agent, and that its end is known although the agent was not there to wait for
 * it. An agent that is started again is not the parent of what still runs: nobody but a parent learns an exit status, so
 * each program has a parent of its own that stays. Why a process, and not an exit file written by a shell around the
 * program: it also tells signals from codes, stops the whole group at its time limit or when it is told to (SIGTERM), keeps
 * the last words, and cannot be taken over by the program.
 *
 * It writes a file of lines, which kept.c reads:
 *
 *     keeper PID STARTED BOOT         who keeps it: pid, and by /proc when it began, in which boot of the machine
 *     started AT                      AT: Unix milliseconds
 *     progress PERCENT TEXT           texts are hexadecimal, "-" for none
 *     ended AT STOP exit|signal CODE TEXT RESULT
 *     failed AT ERRNO                 it could not be started
 *
 * The first is safe on the disk before the program starts, the last two before the keeper leaves. The file is made by it,
 * and only if there was none: of two keepers for one attempt one gives way. Should the keeper itself be killed, the program
 * is killed with it (PR_SET_PDEATHSIG), and nobody knows how it ended.
 */
#ifndef KEEPER_H
#define KEEPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Becomes the keeper; called in a child of fork. Exits with 0, or with the errno why nothing was started. */
void keeper_run(const char *path, char *const arguments[], uint64_t time_limit_us) __attribute__((noreturn));

/* Which process it is: a pid may be given to another process, but not with the same beginning in the same boot. */
struct process_name {
    pid_t pid;
    uint64_t started; /* clock ticks since the boot */
    char boot[40];
};

/* The process of this pid that is there now; false if none is, or it has ended and was not waited for. */
bool process_find(pid_t pid, struct process_name *out);

#endif
