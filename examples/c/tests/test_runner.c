/* test_runner.c: real child processes, and that what is told of each is what it really did. */
#include "check.h"

#include "../clock.h"
#include "../runner.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

struct seen {
    bool started, could_not_start;
    uint32_t percent;
    char progress[LINE_MAX_BYTES + 1];
    struct runner_event end;
    uint64_t took_us;
};

/* Runs until the place is free again; cancels after `cancel_us`, unless that is CLOCK_NEVER. */
static struct seen run(char *const arguments[], uint64_t limit_us, uint64_t cancel_us) {
    struct runner *runner = runner_new(1);
    struct runner_event event;
    struct seen seen;
    memset(&seen, 0, sizeof seen);
    uint64_t began = clock_boot_us();
    runner_start(runner, 7, arguments, began, limit_us);
    CHECK(!runner_has_place(runner));
    while (!runner_is_idle(runner)) {
        uint64_t now = clock_boot_us();
        if (cancel_us != CLOCK_NEVER && now >= began + cancel_us) {
            (void)runner_cancel(runner, 7, now);
            cancel_us = CLOCK_NEVER;
        }
        runner_step(runner, now);
        while (runner_next_event(runner, &event)) {
            CHECK(event.task == 7);
            if (event.kind == RUNNER_STARTED) {
                CHECK(!seen.started);
                seen.started = true;
            } else if (event.kind == RUNNER_PROGRESS) {
                seen.percent = event.percent;
                memcpy(seen.progress, event.text, event.text_length);
                seen.progress[event.text_length] = '\0';
            } else {
                seen.could_not_start = event.kind == RUNNER_COULD_NOT_START;
                seen.end = event;
            }
        }
        struct pollfd fds[RUNNER_FDS_A_PLACE];
        (void)poll(fds, (nfds_t)runner_poll_fds(runner, fds, RUNNER_FDS_A_PLACE), 2);
    }
    seen.took_us = clock_boot_us() - began;
    runner_free(runner);
    return seen;
}

static struct seen shell(char *line, uint64_t limit_us, uint64_t cancel_us) {
    static char sh[] = "/bin/sh", flag[] = "-c";
    char *arguments[] = {sh, flag, line, NULL};
    return run(arguments, limit_us, cancel_us);
}

static bool says(const struct seen *seen, const char *text) {
    return seen->end.text_length == strlen(text) && memcmp(seen->end.text, text, strlen(text)) == 0;
}

static void exit_codes_and_last_words(void) {
    char good[] = "echo progress 10 begin; echo progress 101 not; echo out; echo; echo err 1 >&2; printf 'err 2' >&2";
    struct seen seen = shell(good, 0, CLOCK_NEVER);
    CHECK(seen.started && !seen.could_not_start && !seen.end.signaled && seen.end.code == 0);
    CHECK(seen.percent == 10);
    CHECK_TEXT(seen.progress, "begin");
    CHECK(says(&seen, "err 2"));
    CHECK(seen.end.result_length == 3 && memcmp(seen.end.result, "out", 3) == 0);

    char bad[] = "exit 3";
    seen = shell(bad, 0, CLOCK_NEVER);
    CHECK(seen.started && !seen.end.signaled && seen.end.code == 3 && seen.end.stop == RUNNER_STOP_NONE);
    char killed[] = "kill -KILL $$";
    seen = shell(killed, 0, CLOCK_NEVER);
    CHECK(seen.end.signaled && seen.end.code == SIGKILL && seen.end.stop == RUNNER_STOP_NONE);
}

static void a_program_that_is_not_there_could_not_start(void) {
    char name[] = "/nonexistent/program";
    char *arguments[] = {name, NULL};
    struct seen seen = run(arguments, 0, CLOCK_NEVER);
    CHECK(!seen.started && seen.could_not_start && seen.end.code == ENOENT);
    char directory[] = "/";
    arguments[0] = directory;
    seen = run(arguments, 0, CLOCK_NEVER);
    CHECK(!seen.started && seen.could_not_start && seen.end.code == EACCES);
}

static void a_time_limit_ends_the_whole_group(void) {
    char obeys[] = "sleep 30 & sleep 30";
    struct seen seen = shell(obeys, 50000, CLOCK_NEVER);
    CHECK(seen.end.stop == RUNNER_STOP_TIME_LIMIT && seen.end.signaled && seen.end.code == SIGTERM);
    CHECK(seen.took_us < 1500000);

    char stubborn[] = "trap '' TERM; while :; do sleep 0.05; done";
    seen = shell(stubborn, 50000, CLOCK_NEVER);
    CHECK(seen.end.stop == RUNNER_STOP_TIME_LIMIT && seen.end.signaled && seen.end.code == SIGKILL);
    CHECK(seen.took_us >= 2000000 && seen.took_us < 4000000);

    char tidy[] = "trap 'echo cleaned up >&2; exit 9' TERM; sleep 30 & wait";
    seen = shell(tidy, 100000, CLOCK_NEVER);
    CHECK(seen.end.stop == RUNNER_STOP_TIME_LIMIT && !seen.end.signaled && seen.end.code == 9);
    CHECK(says(&seen, "cleaned up"));
}

static void cancelled_and_ended_are_told_apart(void) {
    char slow[] = "sleep 30";
    struct seen seen = shell(slow, 0, 50000);
    CHECK(seen.end.stop == RUNNER_STOP_CANCEL && seen.end.signaled && seen.end.code == SIGTERM);
    char quick[] = "exit 0";
    seen = shell(quick, 0, 100000);
    CHECK(seen.end.stop == RUNNER_STOP_NONE && seen.end.code == 0);
}

static void what_a_leader_leaves_behind_does_not_hold_the_task_up(void) {
    char leaves[] = "sleep 30 & exit 4";
    struct seen seen = shell(leaves, 0, CLOCK_NEVER);
    CHECK(!seen.end.signaled && seen.end.code == 4 && seen.end.stop == RUNNER_STOP_NONE);
    CHECK(seen.took_us < 1500000);
}

static void a_flood_of_output_is_read_to_its_end(void) {
    char flood[] = "i=0; while [ $i -lt 3000 ]; do echo progress $((i / 30)) line $i; i=$((i + 1)); done; "
                   "head -c 300000 /dev/zero | tr '\\0' x; echo; echo last";
    struct seen seen = shell(flood, 0, CLOCK_NEVER);
    CHECK(seen.end.code == 0 && seen.percent == 99);
    CHECK(seen.end.result_length == 4 && memcmp(seen.end.result, "last", 4) == 0);
}

int main(void) {
    exit_codes_and_last_words();
    a_program_that_is_not_there_could_not_start();
    a_time_limit_ends_the_whole_group();
    cancelled_and_ended_are_told_apart();
    what_a_leader_leaves_behind_does_not_hold_the_task_up();
    a_flood_of_output_is_read_to_its_end();
    return check_result("runner");
}
