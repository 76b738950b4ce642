/* spawn.c: see spawn.h. */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Runs in the child, after fork: only calls that are safe there. */
static void become(char *const arguments[], pid_t parent, const int exec_pipe[2], const int out_pipe[2], const int err_pipe[2]) {
    /* The parent does the same: whichever comes first, the group exists before anybody signals it. */
    (void)setpgid(0, 0);

    /* A task does not outlive its agent, also one that is killed: the program ends with it (what it started itself may
     * not). The agent may have ended before this was said. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(126);
    }

    /* The agent blocks and ignores signals for its own sake; the program gets a fresh start. */
    struct sigaction standard;
    memset(&standard, 0, sizeof standard);
    standard.sa_handler = SIG_DFL;
    (void)sigaction(SIGPIPE, &standard, NULL);
    (void)sigaction(SIGXFSZ, &standard, NULL);
    (void)sigaction(SIGHUP, &standard, NULL);
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);

    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 && dup2(out_pipe[1], STDOUT_FILENO) >= 0 &&
        dup2(err_pipe[1], STDERR_FILENO) >= 0) {
        execvp(arguments[0], arguments);
    }
    int why = errno;
    ssize_t written = write(exec_pipe[1], &why, sizeof why);
    _exit(written == (ssize_t)sizeof why ? 127 : 126);
}

static void close_pair(int pair[2]) {
    for (int n = 0; n < 2; n++) {
        if (pair[n] >= 0) {
            close(pair[n]);
        }
    }
}

bool spawn(char *const arguments[], struct spawned *out) {
    int exec_pipe[2] = {-1, -1}, out_pipe[2] = {-1, -1}, err_pipe[2] = {-1, -1};
    pid_t pid = -1, parent = getpid();
    if (pipe2(exec_pipe, O_CLOEXEC) == 0 && pipe2(out_pipe, O_CLOEXEC) == 0 && pipe2(err_pipe, O_CLOEXEC) == 0 &&
        fcntl(exec_pipe[0], F_SETFL, O_NONBLOCK) == 0 && fcntl(out_pipe[0], F_SETFL, O_NONBLOCK) == 0 &&
        fcntl(err_pipe[0], F_SETFL, O_NONBLOCK) == 0) {
        pid = fork();
    }
    if (pid < 0) {
        int why = errno;
        close_pair(exec_pipe);
        close_pair(out_pipe);
        close_pair(err_pipe);
        errno = why;
        return false;
    }
    if (pid == 0) {
        become(arguments, parent, exec_pipe, out_pipe, err_pipe);
    }
    (void)setpgid(pid, pid);
    close(exec_pipe[1]);
    close(out_pipe[1]);
    close(err_pipe[1]);
    *out = (struct spawned){pid, exec_pipe[0], out_pipe[0], err_pipe[0]};
    return true;
}
