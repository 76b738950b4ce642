/* keeper.c: see keeper.h. */
#include "keeper.h"

#include "clock.h"
#include "runner.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define RETRY_US UINT64_C(1000000)
/* Progress beyond this is left out: the file is for what must not be lost. */
#define PROGRESS_MAX ((off_t)1 << 20)

struct keeper {
    int file, signals;
    struct runner *runner;
    off_t length;       /* bytes that are in the file */
    char line[1400];    /* the line that is being written */
    size_t line_length; /* 0: none */
    bool sync;          /* that line has to be safe */
    uint64_t retry_at;
    bool over;
};

bool process_find(pid_t pid, struct process_name *out) {
    char path[64], text[512];
    memset(out, 0, sizeof *out);
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0) {
        close(file);
    }
    if (got <= 0) {
        return false;
    }
    text[got] = '\0';
    /* The name, in parentheses, may have anything in it: what follows begins behind the last one. */
    char *rest = strrchr(text, ')'), state = 0;
    unsigned long long started = 0;
    if (rest == NULL ||
        sscanf(rest + 1, " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu", &state,
               &started) != 2 ||
        state == 'Z' || state == 'X') {
        return false;
    }
    FILE *boot = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (boot != NULL) {
        if (fscanf(boot, "%39s", out->boot) != 1) {
            out->boot[0] = '\0';
        }
        fclose(boot);
    }
    out->pid = pid;
    out->started = started;
    return true;
}

static void hex(char *out, const char *bytes, size_t length) {
    if (length == 0) {
        strcpy(out, "-");
    }
    for (size_t n = 0; n < length; n++) {
        sprintf(out + 2 * n, "%02x", (unsigned)(unsigned char)bytes[n]);
    }
}

/* Writes the line whole, or leaves it for later: a part of it that is in the file already is written over. */
static void flush_line(struct keeper *keeper, uint64_t now) {
    if (keeper->line_length == 0 || now < keeper->retry_at) {
        return;
    }
    size_t done = 0;
    while (done < keeper->line_length) {
        ssize_t put = pwrite(keeper->file, keeper->line + done, keeper->line_length - done, keeper->length + (off_t)done);
        if (put <= 0) {
            keeper->retry_at = now + RETRY_US;
            return;
        }
        done += (size_t)put;
    }
    if (keeper->sync && fsync(keeper->file) != 0) {
        keeper->retry_at = now + RETRY_US;
        return;
    }
    keeper->length += (off_t)keeper->line_length;
    keeper->line_length = 0;
}

static void put_line(struct keeper *keeper, bool sync, int length) {
    keeper->line_length = (size_t)length;
    keeper->sync = sync;
    keeper->retry_at = 0;
    flush_line(keeper, clock_boot_us());
}

static void write_down(struct keeper *keeper, const struct runner_event *event) {
    char text[2 * LINE_MAX_BYTES + 1], result[2 * LINE_MAX_BYTES + 1];
    uint64_t at = clock_unix_ms();
    hex(text, event->text, event->text_length);
    hex(result, event->result, event->result_length);
    switch (event->kind) {
    case RUNNER_STARTED:
        put_line(keeper, false, snprintf(keeper->line, sizeof keeper->line, "started %" PRIu64 "\n", at));
        break;
    case RUNNER_PROGRESS:
        if (keeper->length < PROGRESS_MAX) {
            put_line(keeper, false,
                     snprintf(keeper->line, sizeof keeper->line, "progress %" PRIu32 " %s\n", event->percent, text));
        }
        break;
    case RUNNER_ENDED:
        keeper->over = true;
        put_line(keeper, true,
                 snprintf(keeper->line, sizeof keeper->line, "ended %" PRIu64 " %d %s %d %s %s\n", at, (int)event->stop,
                          event->signaled ? "signal" : "exit", event->code, text, result));
        break;
    case RUNNER_COULD_NOT_START:
        keeper->over = true;
        put_line(keeper, true, snprintf(keeper->line, sizeof keeper->line, "failed %" PRIu64 " %d\n", at, event->code));
        break;
    case RUNNER_LOST:
        break;
    }
}

/* Away from the agent: its descriptors, its terminal, its standard files. */
static void part(void) {
    (void)setsid();
    long most = sysconf(_SC_OPEN_MAX);
    for (int fd = 3; fd < (most > 0 && most < 65536 ? most : 65536); fd++) {
        close(fd);
    }
    int nothing = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++) {
        (void)dup2(nothing, fd);
    }
    /* The number stays taken: a program gets 0, 1 and 2 by dup2. */
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
}

static bool open_all(struct keeper *keeper, const char *path) {
    struct process_name self;
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    sigaddset(&wanted, SIGTERM);
    keeper->file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (keeper->file < 0) {
        return false;
    }
    if (sigprocmask(SIG_BLOCK, &wanted, NULL) == 0 &&
        (keeper->signals = signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC)) >= 0 &&
        (keeper->runner = runner_new(1)) != NULL && process_find(getpid(), &self)) {
        put_line(keeper, true,
                 snprintf(keeper->line, sizeof keeper->line, "keeper %ld %" PRIu64 " %s\n", (long)self.pid, self.started,
                          self.boot[0] == '\0' ? "-" : self.boot));
        if (keeper->line_length == 0) {
            return true;
        }
    }
    int why = errno;
    unlink(path);
    errno = why;
    return false;
}

static void take_signals(struct keeper *keeper, uint64_t now) {
    struct signalfd_siginfo one;
    while (read(keeper->signals, &one, sizeof one) == (ssize_t)sizeof one) {
        if (one.ssi_signo == SIGTERM) {
            (void)runner_cancel(keeper->runner, 0, now);
        }
    }
}

void keeper_run(const char *path, char *const arguments[], uint64_t time_limit_us) {
    struct keeper keeper;
    memset(&keeper, 0, sizeof keeper);
    part();
    if (!open_all(&keeper, path)) {
        _exit(errno == EEXIST ? 0 : errno == 0 ? EIO : errno);
    }
    runner_start(keeper.runner, 0, arguments, clock_boot_us(), time_limit_us);
    while (!keeper.over || keeper.line_length > 0) {
        struct runner_event event;
        uint64_t now = clock_boot_us();
        runner_step(keeper.runner, now);
        flush_line(&keeper, now);
        while (keeper.line_length == 0 && runner_next_event(keeper.runner, &event)) {
            write_down(&keeper, &event);
        }
        if (keeper.over && keeper.line_length == 0) {
            break;
        }
        struct pollfd fds[1 + RUNNER_FDS_A_PLACE] = {{keeper.signals, POLLIN, 0}};
        size_t count = 1 + runner_poll_fds(keeper.runner, fds + 1, RUNNER_FDS_A_PLACE);
        uint64_t deadline = runner_deadline(keeper.runner);
        deadline = keeper.line_length > 0 ? keeper.retry_at : deadline;
        uint64_t wait = deadline <= now ? 0 : deadline - now;
        (void)poll(fds, (nfds_t)count, wait > 60000000 ? 60000 : (int)((wait + 999) / 1000));
        take_signals(&keeper, clock_boot_us());
    }
    _exit(0);
}
