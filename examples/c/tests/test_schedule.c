/* test_schedule.c: the life of tasks with real processes and a library that is only a list of what it was told. */
#include "check.h"

#include "../clock.h"
#include "../schedule.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* The stand-in for report.c: notes each call as a word. */
static char told[4000];
static int signals; /* SIGCHLD, as the agent has it */
static int rooms; /* how many registrations and retries still fit; then Full once */

static void tell(const char *format, const uint8_t id[TASK_ID_BYTES], int a, int b, int c) {
    size_t at = strlen(told);
    snprintf(told + at, sizeof told - at, format, id[15], a, b, c);
}

static bool has_room(void) {
    return rooms-- != 0;
}

enum report_status report_register(struct report *report, uint64_t now, const struct task_spec *task,
                                   const struct trace *trace) {
    (void)report, (void)now, (void)trace;
    if (!has_room()) {
        return REPORT_FULL;
    }
    tell("%d:new ", task->id, 0, 0, 0);
    return REPORT_OK;
}

enum report_status report_transition(struct report *report, uint64_t now, const uint8_t id[TASK_ID_BYTES],
                                     const struct trace *trace, const struct transition *what) {
    (void)report, (void)now, (void)trace;
    if (what->state == TASK_PENDING && !has_room()) {
        return REPORT_FULL;
    }
    if (what->state == TASK_RUNNING || what->state == TASK_PENDING) {
        tell(what->state == TASK_RUNNING ? "%d:run " : "%d:again ", id, 0, 0, 0);
    } else {
        tell("%d:%d(%d,%d) ", id, (int)what->state, (int)what->reason,
             what->exit == EXIT_UNKNOWN ? -1 : what->code);
    }
    return REPORT_OK;
}

enum report_status report_progress(struct report *report, uint64_t now, const uint8_t id[TASK_ID_BYTES],
                                   uint32_t percent, const char *text, size_t length) {
    (void)report, (void)now, (void)text, (void)length;
    tell("%d:%d%% ", id, (int)percent, 0, 0);
    return REPORT_OK;
}

enum report_status report_forget(struct report *report, uint64_t now, const uint8_t id[TASK_ID_BYTES]) {
    (void)report, (void)now;
    tell("%d:gone ", id, 0, 0, 0);
    return REPORT_OK;
}

bool report_write_journal(struct report *report) {
    (void)report;
    return true;
}

bool report_knows(const struct report *report, const uint8_t id[TASK_ID_BYTES], struct report_known *out) {
    (void)report, (void)id, (void)out;
    return false;
}

const char *report_error(const struct report *report) {
    (void)report;
    return "none";
}

/* Sleeps as the agent's loop does, so that a deadline that is missing shows as a test that takes too long. */
static void nap(const struct schedule *schedule, const struct runner *runner) {
    struct pollfd fds[1 + 2 * RUNNER_FDS_A_PLACE];
    struct signalfd_siginfo one;
    fds[0] = (struct pollfd){signals, POLLIN, 0};
    uint64_t now = clock_boot_us(), deadline = schedule_deadline(schedule);
    uint64_t wait = deadline <= now ? 0 : deadline - now;
    int wait_ms = wait > 3000000 ? 3000 : (int)((wait + 999) / 1000);
    (void)poll(fds, 1 + (nfds_t)runner_poll_fds(runner, fds + 1, 2 * RUNNER_FDS_A_PLACE), wait_ms);
    while (read(signals, &one, sizeof one) > 0) {
    }
}

/* Runs one task (its id ends in 01) through and holds what was told against `expected`. */
static void expect(const char *keys, int room, const char *expected) {
    char text[1000], error[200];
    struct tasks_file tasks;
    struct tasks_error wrong;
    snprintf(text, sizeof text, "task t\n id 00000000-0000-0000-0000-000000000001\n%s", keys);
    CHECK(tasks_file_parse("n", text, strlen(text), &tasks, &wrong));
    CHECK_TEXT(wrong.text, "");
    struct truth *truth = truth_open("/dev/null", "n", 1, error, sizeof error);
    struct runner *runner = runner_new(2);
    struct schedule *schedule = schedule_new(&tasks, runner, NULL, NULL, truth, 1);
    told[0] = '\0';
    rooms = room;
    uint64_t began = clock_boot_us();
    while (!schedule_is_done(schedule)) {
        CHECK(schedule_step(schedule, clock_boot_us()));
        CHECK_TEXT(schedule_error(schedule), "");
        if (!schedule_is_done(schedule)) {
            nap(schedule, runner);
        }
    }
    CHECK(clock_boot_us() - began < 1500000);
    CHECK_TEXT(told, expected);
    runner_free(runner);
    schedule_free(schedule);
    truth_close(truth);
    tasks_file_free(&tasks);
}

int main(void) {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &child, NULL);
    signals = signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
    expect(" shell exit 0\n", -1, "1:new 1:run 1:300(0,0) 1:gone ");
    expect(" shell echo progress 40; sleep 0.05\n", -1, "1:new 1:run 1:40% 1:300(0,0) 1:gone ");
    expect(" shell exit 3\n retries 1\n", -1, "1:new 1:run 1:400(1,3) 1:again 1:run 1:400(1,3) 1:gone ");
    expect(" shell kill -KILL $$\n", -1, "1:new 1:run 1:400(2,9) 1:gone ");
    expect(" shell sleep 9\n time-limit 30ms\n", -1, "1:new 1:run 1:400(3,15) 1:gone ");
    expect(" command /nonexistent/x\n retries 1\n", -1, "1:new 1:400(4,-1) 1:again 1:400(4,-1) 1:gone ");
    expect(" shell sleep 9\n cancel-after 30ms\n", -1, "1:new 1:run 1:500(5,15) 1:gone ");
    expect(" shell sleep 9\n cancel-after 0\n", -1, "1:new 1:500(5,-1) 1:gone ");
    expect(" shell exit 3\n retries 5\n retry-after 9s\n cancel-after 60ms\n", -1,
           "1:new 1:run 1:400(1,3) 1:500(5,-1) 1:gone ");
    /* Full at the registration, then at the retry: nothing happens until there is room, and then all does. */
    expect(" shell exit 3\n retries 1\n", 0, "1:new 1:run 1:400(1,3) 1:again 1:run 1:400(1,3) 1:gone ");
    expect(" shell exit 3\n retries 1\n", 1, "1:new 1:run 1:400(1,3) 1:again 1:run 1:400(1,3) 1:gone ");
    return check_result("schedule");
}
