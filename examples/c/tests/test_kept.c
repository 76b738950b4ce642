/* test_kept.c: a program outlives the one that started it, is found again with all that it said, and how it ended is known
 * unless its keeper was killed; a pid that was given to another process is not taken for it. */
#include "check.h"

#include "../clock.h"
#include "../keeper.h"
#include "../kept.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[TEMPORARY_SIZE];

static struct kept *opened(void) {
    char error[200] = "";
    struct kept *kept = kept_new(folder, 2, error, sizeof error);
    CHECK_TEXT(error, "");
    return kept;
}

static const uint8_t *id_of(uint8_t number) {
    static uint8_t id[TASK_ID_BYTES];
    id[15] = number;
    return id;
}

static void start(struct kept *kept, uint8_t number, const char *shell, uint64_t limit_us) {
    char *arguments[] = {"/bin/sh", "-c", (char *)(uintptr_t)shell, NULL};
    kept_start(kept, number, id_of(number), 0, arguments, limit_us);
}

/* The next event; false after five seconds without any. */
static bool next(struct kept *kept, struct runner_event *out) {
    uint64_t began = clock_boot_us();
    while (clock_boot_us() - began < 5000000) {
        kept_step(kept);
        if (kept_next_event(kept, out)) {
            return true;
        }
        usleep(5000);
    }
    return false;
}

/* Goes through the events of one task to its end. */
static struct runner_event end_of(struct kept *kept) {
    struct runner_event event;
    memset(&event, 0, sizeof event);
    do {
        if (!next(kept, &event)) {
            CHECK(!"the program has come to an end");
            break;
        }
    } while (event.kind == RUNNER_STARTED || event.kind == RUNNER_PROGRESS);
    return event;
}

static void ends_are_told_as_they_were(void) {
    struct kept *kept = opened();
    struct runner_event event;
    start(kept, 1, "echo progress 40 half; sleep 0.2; echo result; echo why >&2; exit 3", 0);
    CHECK(next(kept, &event) && event.kind == RUNNER_STARTED && event.task == 1 && event.at_ms > 0);
    CHECK(next(kept, &event) && event.kind == RUNNER_PROGRESS && event.percent == 40);
    CHECK(event.text_length == 4 && memcmp(event.text, "half", 4) == 0);
    event = end_of(kept);
    CHECK(event.kind == RUNNER_ENDED && !event.signaled && event.code == 3 && event.stop == RUNNER_STOP_NONE);
    CHECK(event.text_length == 3 && memcmp(event.text, "why", 3) == 0);
    CHECK(event.result_length == 6 && memcmp(event.result, "result", 6) == 0);
    start(kept, 2, "kill -KILL $$", 0);
    event = end_of(kept);
    CHECK(event.kind == RUNNER_ENDED && event.signaled && event.code == SIGKILL);
    start(kept, 3, "sleep 9", 50000);
    event = end_of(kept);
    CHECK(event.kind == RUNNER_ENDED && event.stop == RUNNER_STOP_TIME_LIMIT);
    char *nothing[] = {"/nonexistent/x", NULL};
    kept_start(kept, 4, id_of(4), 0, nothing, 0);
    event = end_of(kept);
    CHECK(event.kind == RUNNER_COULD_NOT_START && event.code == 2);
    start(kept, 5, "sleep 9", 0);
    CHECK(next(kept, &event) && event.kind == RUNNER_STARTED);
    kept_cancel(kept, 5);
    event = end_of(kept);
    CHECK(event.kind == RUNNER_ENDED && event.stop == RUNNER_STOP_CANCEL);
    CHECK(kept_deadline(kept, 7) == CLOCK_NEVER && kept_has_place(kept));
    kept_free(kept, false);
}

/* In a child, which goes away at once: the keeper is left to nobody. */
static void started_by_a_life_that_has_ended(uint8_t number, const char *shell) {
    pid_t child = fork();
    if (child == 0) {
        struct kept *kept = opened();
        struct runner_event event;
        start(kept, number, shell, 0);
        _exit(next(kept, &event) ? 0 : 1);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void a_program_is_found_again(void) {
    struct runner_event event;
    started_by_a_life_that_has_ended(10, "sleep 0.3; echo found; exit 4");
    struct kept *kept = opened();
    CHECK(!kept_adopt(kept, 11, id_of(11), 0));
    CHECK(!kept_adopt(kept, 10, id_of(10), 1));
    CHECK(kept_adopt(kept, 10, id_of(10), 0));
    CHECK(next(kept, &event) && event.kind == RUNNER_STARTED);
    event = end_of(kept);
    CHECK(event.kind == RUNNER_ENDED && event.code == 4);
    CHECK(event.result_length == 5 && memcmp(event.result, "found", 5) == 0);
    /* Again after its end, and then a second keeper for the same attempt: it gives way, and the first one's word stands. */
    CHECK(kept_adopt(kept, 10, id_of(10), 0));
    event = end_of(kept);
    CHECK(event.kind == RUNNER_ENDED && event.code == 4);
    start(kept, 10, "exit 5", 0);
    event = end_of(kept);
    CHECK(event.kind == RUNNER_ENDED && event.code == 4);
    /* One of an earlier life can be told to end. */
    started_by_a_life_that_has_ended(12, "sleep 9");
    CHECK(kept_adopt(kept, 12, id_of(12), 0));
    CHECK(next(kept, &event) && event.kind == RUNNER_STARTED);
    kept_cancel(kept, 12);
    event = end_of(kept);
    CHECK(event.kind == RUNNER_ENDED && event.stop == RUNNER_STOP_CANCEL);
    kept_remove(kept, id_of(12), 0);
    CHECK(!kept_adopt(kept, 12, id_of(12), 0));
    kept_free(kept, false);
}

/* The pid in the file of an attempt. */
static long keeper_of(uint8_t number) {
    char path[200], text[37];
    long pid = 0;
    task_id_text(id_of(number), text);
    snprintf(path, sizeof path, "%s/run/%s.0", folder, text);
    FILE *file = fopen(path, "r");
    CHECK(file != NULL && fscanf(file, "keeper %ld", &pid) == 1);
    if (file != NULL) {
        fclose(file);
    }
    return pid;
}

static void a_keeper_that_was_killed_leaves_an_unknown_end(void) {
    struct runner_event event;
    started_by_a_life_that_has_ended(20, "sleep 9");
    struct kept *kept = opened();
    CHECK(kept_adopt(kept, 20, id_of(20), 0));
    CHECK(next(kept, &event) && event.kind == RUNNER_STARTED);
    CHECK(kill((pid_t)keeper_of(20), SIGKILL) == 0);
    event = end_of(kept);
    CHECK(event.kind == RUNNER_LOST && event.task == 20);
    /* The same when the pid is somebody else's since: this very process has it, and began at another time. */
    char path[200], text[37];
    task_id_text(id_of(21), text);
    snprintf(path, sizeof path, "%s/run/%s.0", folder, text);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL && fprintf(file, "keeper %ld 1 some-boot\nstarted 5\nprog", (long)getpid()) > 0);
    if (file != NULL) {
        fclose(file);
    }
    CHECK(kept_adopt(kept, 21, id_of(21), 0));
    CHECK(next(kept, &event) && event.kind == RUNNER_STARTED && event.at_ms == 5);
    event = end_of(kept);
    CHECK(event.kind == RUNNER_LOST);
    kept_free(kept, false);
}

static void processes_are_told_apart(void) {
    struct process_name self, again, child;
    CHECK(process_find(getpid(), &self) && process_find(getpid(), &again));
    CHECK(self.started == again.started && self.started > 0 && strlen(self.boot) == 36);
    usleep(50000);
    pid_t pid = fork();
    if (pid == 0) {
        usleep(200000);
        _exit(0);
    }
    CHECK(process_find(pid, &child) && child.started > self.started);
    usleep(400000);
    CHECK(!process_find(pid, &child)); /* it has ended, and was not waited for */
    CHECK(waitpid(pid, NULL, 0) == pid && !process_find(pid, &child));
}

int main(void) {
    char command[100];
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigaddset(&blocked, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &blocked, NULL);
    MAKE_TEMPORARY(folder);
    processes_are_told_apart();
    ends_are_told_as_they_were();
    a_program_is_found_again();
    a_keeper_that_was_killed_leaves_an_unknown_end();
    snprintf(command, sizeof command, "rm -rf %s", folder);
    CHECK(system(command) == 0);
    return check_result("kept");
}
