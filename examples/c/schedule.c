/* schedule.c: see schedule.h. */
#include "schedule.h"

#include "clock.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How soon a call that said Full is tried again, should nothing else wake the loop before. */
#define FULL_WAIT_US UINT64_C(50000)

enum life {
    LIFE_NEW,     /* not registered yet */
    LIFE_PENDING, /* registered, or registered for the next attempt: to be started */
    LIFE_STARTING,
    LIFE_RUNNING,
    LIFE_FAILED, /* will be tried again at retry_at */
    LIFE_OVER
};

struct task {
    const struct task_spec *spec;
    enum life life;
    struct truth_number which;
    uint32_t written; /* the truth log has its transitions up to this one */
    struct trace trace;
    uint64_t retry_at;
    uint64_t cancel_at;
    bool cancel_sent;
};

struct schedule {
    struct runner *runner;
    struct kept *kept; /* in place of the runner, if it is there */
    struct report *report;
    struct truth *truth;
    size_t count, over, first; /* all before `first` are over */
    bool full, cancel_all, failed;
    char error[300];
    struct task tasks[];
};

/* SplitMix64: enough to tell traces apart. */
static uint64_t mix(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static struct trace new_trace(uint64_t *state) {
    struct trace trace;
    uint64_t words[3] = {mix(state), mix(state), mix(state) | 1};
    memcpy(trace.trace_id, words, sizeof trace.trace_id);
    memcpy(trace.span_id, &words[2], sizeof trace.span_id);
    trace.trace_id[0] |= 1; /* all zeros would mean "none" */
    return trace;
}

struct schedule *schedule_new(const struct tasks_file *tasks, struct runner *runner, struct kept *kept,
                              struct report *report, struct truth *truth, uint64_t seed) {
    struct schedule *schedule = calloc(1, sizeof *schedule + tasks->count * sizeof schedule->tasks[0]);
    if (schedule == NULL) {
        return NULL;
    }
    schedule->runner = runner;
    schedule->kept = kept;
    schedule->report = report;
    schedule->truth = truth;
    schedule->count = tasks->count;
    for (size_t n = 0; n < tasks->count; n++) {
        struct task *task = &schedule->tasks[n];
        task->spec = &tasks->tasks[n];
        task->trace = new_trace(&seed);
        task->retry_at = CLOCK_NEVER;
        task->cancel_at = CLOCK_NEVER;
    }
    return schedule;
}

void schedule_free(struct schedule *schedule) {
    free(schedule);
}

static void fail(struct schedule *schedule, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void fail(struct schedule *schedule, const char *format, ...) {
    if (!schedule->failed) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(schedule->error, sizeof schedule->error, format, arguments);
        va_end(arguments);
    }
    schedule->failed = true;
}

const char *schedule_error(const struct schedule *schedule) {
    return schedule->error;
}

static void write_truth(struct schedule *schedule, struct task *task, struct truth_number which,
                        const struct transition *what) {
    if (which.number <= task->written) {
        return; /* a life before this one has written it, and died before its journal had it */
    }
    if (!truth_write(schedule->truth, task->spec, &task->trace, which, what)) {
        fail(schedule, "the truth log could not be written");
    }
    task->written = which.number;
}

/*
 * Reports a transition and writes it down. Only a registration and a retry can meet Full, and have not happened then:
 * false. Everything else has already happened, whatever the library says of it. The journal has it before the truth log:
 * so after a crash that log lacks one transition at most, which schedule_resume finds in the journal.
 */
static bool happened(struct schedule *schedule, struct task *task, uint64_t now, const struct transition *what) {
    bool registers = task->life == LIFE_NEW;
    bool may_wait = what->state == TASK_PENDING;
    struct truth_number which = task->which;
    which.number++;
    which.attempt += may_wait && !registers ? 1 : 0;

    enum report_status status =
        registers ? report_register(schedule->report, now, task->spec, &task->trace)
                  : report_transition(schedule->report, now, task->spec->id, &task->trace, what);
    if (status == REPORT_FULL && may_wait) {
        schedule->full = true;
        return false;
    }
    if (status != REPORT_OK) {
        fail(schedule, "task %s, transition %" PRIu32 ": %s", task->spec->name, which.number,
             status == REPORT_FULL ? "no room for a transition that had room reserved" : report_error(schedule->report));
    }
    if (!report_write_journal(schedule->report)) {
        fail(schedule, "%s", report_error(schedule->report));
    }
    write_truth(schedule, task, which, what);
    task->which = which;
    return true;
}

static struct transition plain(enum task_state state, enum task_reason reason) {
    struct transition what;
    memset(&what, 0, sizeof what);
    what.state = state;
    what.reason = reason;
    what.message = "";
    what.result = "";
    what.at_ms = clock_unix_ms();
    return what;
}

/* The same at the time that an event says. */
static struct transition dated(struct transition what, const struct runner_event *event) {
    what.at_ms = event->at_ms == 0 ? what.at_ms : event->at_ms;
    return what;
}

/* The task has come to its last state: nothing of it will follow. */
static void over(struct schedule *schedule, struct task *task, uint64_t now) {
    task->life = LIFE_OVER;
    schedule->over++;
    /* With a journal the task is kept there: that is how the next life knows not to run it again. */
    if (schedule->kept == NULL && report_forget(schedule->report, now, task->spec->id) != REPORT_OK) {
        fail(schedule, "task %s could not be forgotten: %s", task->spec->name, report_error(schedule->report));
    }
}

static void failed(struct schedule *schedule, struct task *task, uint64_t now, const struct transition *what) {
    (void)happened(schedule, task, now, what);
    if (task->which.attempt < task->spec->retries && !schedule->cancel_all) {
        task->life = LIFE_FAILED;
        task->retry_at = now + task->spec->retry_after_us;
    } else {
        over(schedule, task, now);
    }
}

static void cancelled(struct schedule *schedule, struct task *task, uint64_t now) {
    struct transition what = plain(TASK_CANCELLED, REASON_CANCELLED);
    (void)happened(schedule, task, now, &what);
    over(schedule, task, now);
}

static void could_not_start(struct schedule *schedule, struct task *task, uint64_t now, const struct runner_event *event) {
    struct transition what = dated(plain(TASK_FAILED, REASON_COULD_NOT_START), event);
    char text[LINE_MAX_BYTES];
    snprintf(text, sizeof text, "%.120s: %.100s", task->spec->arguments[0], strerror(event->code));
    what.message = text;
    what.message_length = strlen(text);
    failed(schedule, task, now, &what);
}

static void ended(struct schedule *schedule, struct task *task, uint64_t now, const struct runner_event *event) {
    struct transition what = dated(plain(TASK_SUCCEEDED, REASON_NONE), event);
    what.exit = event->signaled ? EXIT_SIGNAL : EXIT_CODE;
    what.code = event->code;
    what.message = event->text;
    what.message_length = event->text_length;
    what.result = event->result;
    what.result_length = event->result_length;
    if (event->stop == RUNNER_STOP_CANCEL) {
        what.state = TASK_CANCELLED;
        what.reason = REASON_CANCELLED;
        (void)happened(schedule, task, now, &what);
        over(schedule, task, now);
        return;
    }
    if (event->stop == RUNNER_STOP_TIME_LIMIT) {
        what.reason = REASON_TIMED_OUT;
    } else if (event->signaled) {
        what.reason = REASON_SIGNALED;
    } else if (event->code != 0) {
        what.reason = REASON_EXITED;
    } else {
        (void)happened(schedule, task, now, &what);
        over(schedule, task, now);
        return;
    }
    what.state = TASK_FAILED;
    failed(schedule, task, now, &what);
}

/* Its program is gone, and nobody knows how: never a guess, and never a success. */
static void lost(struct schedule *schedule, struct task *task, uint64_t now) {
    struct transition what = plain(TASK_FAILED, REASON_UNKNOWN);
    what.message = "what became of its program cannot be known";
    what.message_length = strlen(what.message);
    failed(schedule, task, now, &what);
}

static void take_runner_event(struct schedule *schedule, uint64_t now, const struct runner_event *event) {
    struct task *task = &schedule->tasks[event->task];
    struct transition running;
    switch (event->kind) {
    case RUNNER_STARTED:
        if (task->life == LIFE_STARTING) { /* else an earlier life has said so */
            task->life = LIFE_RUNNING;
            running = dated(plain(TASK_RUNNING, REASON_NONE), event);
            (void)happened(schedule, task, now, &running);
        }
        break;
    case RUNNER_PROGRESS:
        if (report_progress(schedule->report, now, task->spec->id, event->percent, event->text, event->text_length) !=
            REPORT_OK) {
            fail(schedule, "progress of task %s: %s", task->spec->name, report_error(schedule->report));
        }
        break;
    case RUNNER_ENDED:
        ended(schedule, task, now, event);
        break;
    case RUNNER_COULD_NOT_START:
        could_not_start(schedule, task, now, event);
        break;
    case RUNNER_LOST:
        lost(schedule, task, now);
        break;
    }
}

static void start(struct schedule *schedule, struct task *task, uint64_t now) {
    if (task->spec->cancels && task->cancel_at == CLOCK_NEVER) {
        task->cancel_at = now + task->spec->cancel_after_us;
    }
    if (now >= task->cancel_at) {
        cancelled(schedule, task, now);
        return;
    }
    size_t number = (size_t)(task - schedule->tasks);
    task->life = LIFE_STARTING;
    task->cancel_sent = false;
    if (schedule->kept == NULL) {
        runner_start(schedule->runner, number, task->spec->arguments, now, task->spec->time_limit_us);
    } else if (!kept_adopt(schedule->kept, number, task->spec->id, task->which.attempt)) {
        kept_start(schedule->kept, number, task->spec->id, task->which.attempt, task->spec->arguments,
                   task->spec->time_limit_us);
    }
}

static bool has_place(const struct schedule *schedule) {
    return schedule->kept == NULL ? runner_has_place(schedule->runner) : kept_has_place(schedule->kept);
}

static void cancel_program(struct schedule *schedule, struct task *task, uint64_t now) {
    size_t number = (size_t)(task - schedule->tasks);
    task->cancel_sent = true;
    if (schedule->kept == NULL) {
        /* False when it is ending anyway: then that end is what happened, and a retry is cancelled above. */
        (void)runner_cancel(schedule->runner, number, now);
    } else {
        kept_cancel(schedule->kept, number);
    }
}

/* Moves one task by at most one step; what its process does comes as events. */
static void step_task(struct schedule *schedule, struct task *task, uint64_t now) {
    struct transition pending = plain(TASK_PENDING, REASON_NONE);
    bool cancel = now >= task->cancel_at || schedule->cancel_all;
    switch (task->life) {
    case LIFE_NEW:
        if (schedule->cancel_all) {
            /* Nobody has heard of it, and nobody needs to. */
            task->life = LIFE_OVER;
            schedule->over++;
        } else if (!schedule->full && happened(schedule, task, now, &pending)) {
            task->life = LIFE_PENDING;
        }
        break;
    case LIFE_PENDING:
        if (cancel) {
            cancelled(schedule, task, now);
        } else if (has_place(schedule)) {
            start(schedule, task, now);
        }
        break;
    case LIFE_FAILED:
        if (cancel) {
            cancelled(schedule, task, now);
        } else if (now >= task->retry_at && happened(schedule, task, now, &pending)) {
            task->life = LIFE_PENDING;
        }
        break;
    case LIFE_STARTING:
    case LIFE_RUNNING:
        if (cancel && !task->cancel_sent) {
            cancel_program(schedule, task, now);
        }
        break;
    case LIFE_OVER:
        break;
    }
}

bool schedule_step(struct schedule *schedule, uint64_t now) {
    struct runner_event event;
    schedule->full = false;
    if (schedule->kept != NULL) {
        kept_step(schedule->kept);
    } else {
        runner_step(schedule->runner, now);
    }
    while (schedule->kept != NULL ? kept_next_event(schedule->kept, &event)
                                  : runner_next_event(schedule->runner, &event)) {
        take_runner_event(schedule, now, &event);
    }
    while (schedule->first < schedule->count && schedule->tasks[schedule->first].life == LIFE_OVER) {
        schedule->first++;
    }
    for (size_t n = schedule->first; n < schedule->count && !schedule->failed; n++) {
        enum life before;
        do {
            /* As far as it goes: one that was registered, or tried again, may start at once. */
            before = schedule->tasks[n].life;
            step_task(schedule, &schedule->tasks[n], now);
        } while (schedule->tasks[n].life != before);
    }
    return !schedule->failed;
}

uint64_t schedule_deadline(const struct schedule *schedule) {
    uint64_t earliest = schedule->kept != NULL ? kept_deadline(schedule->kept, clock_boot_us())
                                               : runner_deadline(schedule->runner);
    for (size_t n = schedule->first; n < schedule->count; n++) {
        const struct task *task = &schedule->tasks[n];
        bool waits = task->life == LIFE_FAILED;
        bool cancels = task->life == LIFE_PENDING || waits || (!task->cancel_sent && task->life != LIFE_OVER);
        if (waits && task->retry_at < earliest) {
            earliest = task->retry_at;
        }
        if (cancels && task->cancel_at < earliest) {
            earliest = task->cancel_at;
        }
    }
    if (schedule->full) {
        uint64_t again = clock_boot_us() + FULL_WAIT_US;
        earliest = again < earliest ? again : earliest;
    }
    return earliest;
}

bool schedule_is_done(const struct schedule *schedule) {
    return schedule->over == schedule->count;
}

void schedule_cancel_all(struct schedule *schedule) {
    schedule->cancel_all = true;
}

static void note_written(void *context, const char *id, uint32_t number) {
    struct schedule *schedule = context;
    char text[37];
    for (size_t n = 0; n < schedule->count; n++) {
        task_id_text(schedule->tasks[n].spec->id, text);
        if (strcmp(text, id) == 0 && number > schedule->tasks[n].written) {
            schedule->tasks[n].written = number;
        }
    }
}

static void resume_task(struct schedule *schedule, struct task *task, const struct report_known *known, uint64_t now) {
    task->which.number = known->number;
    task->which.attempt = known->attempt;
    task->trace = known->trace;
    if (known->number == task->written + 1) {
        write_truth(schedule, task, task->which, &known->newest);
    }
    switch (known->newest.state) {
    case TASK_PENDING:
        task->life = LIFE_PENDING; /* start() looks whether somebody keeps it already */
        break;
    case TASK_RUNNING:
        task->life = LIFE_RUNNING;
        if (task->spec->cancels) {
            task->cancel_at = now + task->spec->cancel_after_us;
        }
        if (!kept_adopt(schedule->kept, (size_t)(task - schedule->tasks), task->spec->id, known->attempt)) {
            lost(schedule, task, now);
        }
        break;
    case TASK_FAILED:
        if (task->which.attempt < task->spec->retries) {
            task->life = LIFE_FAILED;
            task->retry_at = now + task->spec->retry_after_us;
            break;
        }
        /* fall through */
    case TASK_SUCCEEDED:
    case TASK_CANCELLED:
        task->life = LIFE_OVER;
        schedule->over++;
        break;
    }
}

void schedule_resume(struct schedule *schedule, const char *truth_path, uint64_t now) {
    struct report_known known;
    truth_each(truth_path, note_written, schedule);
    for (size_t n = 0; n < schedule->count; n++) {
        struct task *task = &schedule->tasks[n];
        if (report_knows(schedule->report, task->spec->id, &known)) {
            resume_task(schedule, task, &known, now);
        }
    }
}

void schedule_forget_programs(struct schedule *schedule) {
    for (size_t n = 0; n < schedule->count && schedule->kept != NULL; n++) {
        kept_remove(schedule->kept, schedule->tasks[n].spec->id, schedule->tasks[n].which.attempt);
    }
}
