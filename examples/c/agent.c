/*
 * agent.c: an edge agent, whole: runs the tasks of a file and reports them through taskwire, over UDP, TCP or a
 * serial line.
 *
 * Responsible for: putting the parts together, and the loop. One thread; the loop sleeps in one place and is woken by
 * a frame, a child, a signal or a deadline. Everything else is left to the parts: options, tasks_file, epoch, link
 * (the way to the controller), runner (processes), kept (those that outlive the agent), journal, schedule (what happens to a task), truth (the agent's own log), report (taskwire).
 */
#include "clock.h"
#include "epoch.h"
#include "journal.h"
#include "kept.h"
#include "link.h"
#include "net.h"
#include "options.h"
#include "report.h"
#include "runner.h"
#include "schedule.h"
#include "tasks_file.h"
#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_WRONG_INPUT = 2,
    EXIT_FENCED = 3,
    EXIT_DUPLICATE = 4,
    EXIT_LEFT = 5,
    GO_ON = -1
};

/* Frames taken from the link before the children get their turn. */
#define FRAMES_AT_ONCE 64
#define SLEEP_MAX_US UINT64_C(1000000)
#define FDS_MAX (2 + RUNNER_PLACES_MAX * RUNNER_FDS_A_PLACE)

struct agent {
    struct options options;
    struct tasks_file tasks;
    struct runner *runner;
    struct journal *journal; /* with a journal alone; and then programs are kept */
    struct kept *kept;
    char trouble[200]; /* of the journal, as it was said last */
    struct report *report;
    struct truth *truth;
    struct schedule *schedule;
    struct link *link;
    int signals;
    bool leaving; /* SIGTERM came */
};

static int complain(const struct agent *agent, enum exit_code code, const char *what, const char *text) {
    fprintf(stderr, "taskwire-agent %s: %s%s%s\n", agent->options.node == NULL ? "" : agent->options.node, what,
            *what == '\0' ? "" : ": ", text);
    return code;
}

/* Signals come as bytes of a descriptor, so that none interrupts anything and none is missed. */
static int open_signals(void) {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a file at its limit is a write that fails */
    if (sigprocmask(SIG_BLOCK, &wanted, NULL) != 0) {
        return -1;
    }
    return signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* Children get 0, 1 and 2 by dup2: those numbers must not be free for our own files to take. */
static bool hold_standard_files(void) {
    int file;
    do {
        file = open("/dev/null", O_RDWR);
    } while (file >= 0 && file <= STDERR_FILENO);
    return file >= 0 && close(file) == 0;
}

/* What a life before this one has left, if a journal is kept. */
static int open_journal(struct agent *agent) {
    char error[300];
    if (agent->options.journal == NULL) {
        return GO_ON;
    }
    agent->journal = journal_open(agent->options.journal, error, sizeof error);
    if (agent->journal != NULL) {
        agent->kept = kept_new(agent->options.journal, agent->options.parallel, error, sizeof error);
    }
    return agent->kept != NULL ? GO_ON : complain(agent, EXIT_FAILED, "--journal", error);
}

/* The protocol, and what runs the tasks. */
static int open_work(struct agent *agent, uint64_t epoch) {
    struct options *options = &agent->options;
    char error[300];
    const struct report_settings settings = {options->node, epoch, options->seed, options->back_off_us, agent->journal};
    agent->report = report_open(&settings, clock_boot_us(), error, sizeof error);
    if (agent->report == NULL) {
        return complain(agent, EXIT_FAILED, agent->journal == NULL ? "taskwire" : "--journal", error);
    }
    agent->runner = runner_new(options->parallel);
    agent->schedule = agent->runner == NULL ? NULL
                                            : schedule_new(&agent->tasks, agent->runner, agent->kept, agent->report,
                                                           agent->truth, options->seed);
    if (agent->schedule == NULL) {
        return complain(agent, EXIT_FAILED, "", "out of memory");
    }
    if (agent->journal != NULL) {
        schedule_resume(agent->schedule, options->truth, clock_boot_us());
    }
    return GO_ON;
}

/* Opens all parts; GO_ON, or why not. */
static int open_all(struct agent *agent) {
    struct options *options = &agent->options;
    char error[300];
    struct tasks_error wrong;
    uint64_t epoch = 0;
    if (!tasks_file_load(options->node, options->tasks, &agent->tasks, &wrong)) {
        if (wrong.line == 0) {
            snprintf(error, sizeof error, "%s", wrong.text);
        } else {
            snprintf(error, sizeof error, "line %zu: %s", wrong.line, wrong.text);
        }
        return complain(agent, EXIT_WRONG_INPUT, options->tasks, error);
    }
    if (!options->has_seed && getrandom(&options->seed, sizeof options->seed, 0) != sizeof options->seed) {
        return complain(agent, EXIT_FAILED, "getrandom", strerror(errno));
    }
    agent->link = link_open(options->link, options->where, options->speed, error, sizeof error);
    if (agent->link == NULL) {
        return complain(agent, EXIT_WRONG_INPUT, options->where_flag, error);
    }
    if (!epoch_next(options->epoch_file, &epoch, error, sizeof error)) {
        return complain(agent, EXIT_FAILED, "--epoch-file", error);
    }
    agent->truth = truth_open(options->truth, options->node, epoch, error, sizeof error);
    if (agent->truth == NULL) {
        return complain(agent, EXIT_FAILED, "--truth", error);
    }
    agent->signals = open_signals();
    if (agent->signals < 0) {
        return complain(agent, EXIT_FAILED, "signalfd", strerror(errno));
    }
    int code = open_journal(agent);
    code = code == GO_ON ? open_work(agent, epoch) : code;
    if (code != GO_ON) {
        return code;
    }
    printf("%s: epoch %" PRIu64 ", %zu tasks\n", options->node, epoch, agent->tasks.count);
    return GO_ON;
}

/* With a journal the programs go on, for the next start to find, unless they may run a second time elsewhere. */
static void close_all(struct agent *agent, int code) {
    runner_free(agent->runner);
    kept_free(agent->kept, code == EXIT_FENCED || code == EXIT_DUPLICATE || code == EXIT_LEFT);
    schedule_free(agent->schedule);
    report_close(agent->report);
    journal_close(agent->journal);
    truth_close(agent->truth);
    tasks_file_free(&agent->tasks);
    link_close(agent->link);
    if (agent->signals >= 0) {
        close(agent->signals);
    }
}

/*
 * Another incarnation of this node is, or was, known under a larger epoch: nothing that this one says counts. Without
 * --supersede it stops, and its programs with it, as they may run a second time elsewhere. With it, it takes a larger
 * epoch: for a node whose epoch file was lost while its clock stood wrong.
 */
static int fenced(struct agent *agent, uint64_t seen) {
    char text[300], error[240];
    if (!agent->options.supersede) {
        snprintf(text, sizeof text, "epoch %" PRIu64 " of this node is known; this agent stops, and its tasks with it",
                 seen);
        return complain(agent, EXIT_FENCED, "fenced", text);
    }
    if (seen >= UINT64_MAX - 1) {
        return complain(agent, EXIT_FENCED, "fenced", "the known epoch is at the end of its range");
    }
    /* On disk before anybody hears of it, as at a start. */
    if (!epoch_store(agent->options.epoch_file, seen + 1, error, sizeof error)) {
        return complain(agent, EXIT_FAILED, "--epoch-file", error);
    }
    if (report_supersede(agent->report, clock_boot_us(), seen) != REPORT_OK) {
        return complain(agent, EXIT_FAILED, "supersede", report_error(agent->report));
    }
    printf("%s: fenced by epoch %" PRIu64 ", going on as %" PRIu64 "\n", agent->options.node, seen, seen + 1);
    return GO_ON;
}

/*
 * The controller will not have this agent: it is full, or this agent's limits are beyond its own. The library tries
 * again by itself; the tasks go on, and what becomes of them is kept and told once the controller takes it.
 */
static int refused(const struct agent *agent, const char *text) {
    printf("%s: %s; trying again\n", agent->options.node, text);
    return GO_ON;
}

/* What is new is made safe before any of it is told. A disk that refuses is said once, and the tasks go on. */
static int sync_journal(struct agent *agent) {
    if (agent->journal == NULL) {
        return GO_ON;
    }
    if (!report_sync_journal(agent->report, clock_boot_us())) {
        return complain(agent, EXIT_FAILED, "--journal", report_error(agent->report));
    }
    const char *trouble = journal_trouble(agent->journal);
    if (strcmp(trouble, agent->trouble) != 0) {
        snprintf(agent->trouble, sizeof agent->trouble, "%s", trouble);
        if (*trouble != '\0') {
            printf("%s: the journal cannot be written (%s): going on, and telling nothing new until it can\n",
                   agent->options.node, trouble);
        } else {
            printf("%s: the journal is written again\n", agent->options.node);
        }
    }
    return GO_ON;
}

/* Drains what the library has to say: frames first, then news. After any call that may have changed something. */
static int drain(struct agent *agent) {
    uint8_t frame[NET_FRAME_MAX];
    struct report_event event;
    size_t length;
    int synced = sync_journal(agent);
    if (synced != GO_ON) {
        return synced;
    }
    while ((length = report_transmit(agent->report, clock_boot_us(), frame, sizeof frame)) > 0) {
        link_send(agent->link, clock_boot_us(), frame, length);
    }
    while (report_next_event(agent->report, &event)) {
        int code = GO_ON;
        if (event.kind == REPORT_SILENCE) {
            link_renew(agent->link);
        }
        switch (event.kind) {
        case REPORT_SILENCE:
        case REPORT_NEWS: printf("%s: %s\n", agent->options.node, event.text); break;
        case REPORT_FENCED: code = fenced(agent, event.seen); break;
        case REPORT_DUPLICATE:
            code = complain(agent, EXIT_DUPLICATE, "", "another agent runs under this node's name; this one stops");
            break;
        case REPORT_REFUSED: code = refused(agent, event.text); break;
        }
        if (code != GO_ON) {
            return code;
        }
    }
    return GO_ON;
}

static int take_signals(struct agent *agent) {
    struct signalfd_siginfo one;
    while (read(agent->signals, &one, sizeof one) == (ssize_t)sizeof one) {
        if (one.ssi_signo == SIGCHLD) {
            continue; /* it has woken the loop: the next step asks after every child */
        }
        if (agent->leaving) {
            return complain(agent, EXIT_LEFT, "", "told to leave twice: leaving without having reported all");
        }
        printf("%s: told to leave: cancelling all tasks\n", agent->options.node);
        agent->leaving = true;
        schedule_cancel_all(agent->schedule);
    }
    return GO_ON;
}

/* Sleeps until something happens, and hands on the frames that came. */
static int sleep_and_receive(struct agent *agent) {
    struct pollfd fds[FDS_MAX];
    fds[0] = link_pollfd(agent->link);
    fds[1] = (struct pollfd){agent->signals, POLLIN, 0};
    size_t count = 2 + runner_poll_fds(agent->runner, fds + 2, FDS_MAX - 2);

    uint64_t now = clock_boot_us(), deadline = schedule_deadline(agent->schedule);
    uint64_t wait = report_wait_us(agent->report, now, SLEEP_MAX_US);
    uint64_t journal = agent->journal == NULL ? CLOCK_NEVER : journal_deadline(agent->journal);
    deadline = journal < deadline ? journal : deadline;
    uint64_t until_deadline = deadline <= now ? 0 : deadline - now;
    wait = until_deadline < wait ? until_deadline : wait;
    struct timespec timeout = {(time_t)(wait / 1000000), (long)(wait % 1000000) * 1000};
    if (ppoll(fds, (nfds_t)count, &timeout, NULL) < 0 && errno != EINTR) {
        return complain(agent, EXIT_FAILED, "poll", strerror(errno));
    }
    for (int n = 0; n < FRAMES_AT_ONCE; n++) {
        uint8_t frame[NET_FRAME_MAX];
        size_t length = link_receive(agent->link, clock_boot_us(), frame, sizeof frame);
        if (length == 0) {
            break;
        }
        report_receive(agent->report, clock_boot_us(), frame, length);
        int code = drain(agent);
        if (code != GO_ON) {
            return code;
        }
    }
    return take_signals(agent);
}

static int leave(struct agent *agent) {
    uint64_t sent = 0, received = 0, refused = 0;
    char of_link[120];
    report_goodbye(agent->report, clock_boot_us());
    schedule_forget_programs(agent->schedule);
    int code = drain(agent);
    report_counts(agent->report, &sent, &received, &refused);
    link_describe(agent->link, of_link, sizeof of_link);
    printf("%s: done, all of it durable; frames sent %" PRIu64 ", received %" PRIu64 ", refused %" PRIu64 "%s\n",
           agent->options.node, sent, received, refused, of_link);
    return code == GO_ON ? EXIT_DONE : code;
}

static int run(struct agent *agent) {
    for (;;) {
        if (!schedule_step(agent->schedule, clock_boot_us())) {
            return complain(agent, EXIT_FAILED, "", schedule_error(agent->schedule));
        }
        report_handle_timeout(agent->report, clock_boot_us());
        int code = drain(agent);
        if (code == GO_ON && schedule_is_done(agent->schedule) && report_is_durable(agent->report)) {
            return leave(agent);
        }
        if (code == GO_ON) {
            code = sleep_and_receive(agent);
        }
        if (code != GO_ON) {
            return code;
        }
    }
}

int main(int count, char *words[]) {
    struct agent agent;
    char error[240];
    memset(&agent, 0, sizeof agent);
    agent.signals = -1;
    if (!hold_standard_files()) {
        return EXIT_FAILED;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    switch (options_read(count, words, &agent.options, error, sizeof error)) {
    case OPTIONS_HELP:
        fputs(options_help, stdout);
        fputs(tasks_file_format, stdout);
        return EXIT_DONE;
    case OPTIONS_WRONG: return complain(&agent, EXIT_WRONG_INPUT, "", error);
    case OPTIONS_RUN: break;
    }
    int code = open_all(&agent);
    if (code == GO_ON) {
        code = run(&agent);
    }
    close_all(&agent, code);
    return code;
}
