/* report.c: see report.h. Beside stream.c, for its framer, the only file of this agent that includes taskwire.h. */
#include "report.h"

#include "clock.h"
#include "net.h"

#include <taskwire.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct report {
    taskwire_agent *agent;
    struct journal *journal;
    uint64_t sent, received, refused;
    char error[300];
};

/* Keeps the library's own sentence about what it refused; its status alone where it has none. */
static enum report_status checked(struct report *report, taskwire_status status) {
    size_t length = 0;
    if (status == TASKWIRE_OK) {
        return REPORT_OK;
    }
    if (taskwire_agent_last_error(report->agent, report->error, sizeof report->error, &length) != TASKWIRE_OK ||
        length == 0) {
        snprintf(report->error, sizeof report->error, "%s", taskwire_status_text(status));
    }
    return status == TASKWIRE_ERROR_FULL ? REPORT_FULL : REPORT_ERROR;
}

static bool replay(void *builder, const uint8_t *bytes, size_t length) {
    return taskwire_agent_builder_replay(builder, bytes, length) == TASKWIRE_OK;
}

/* Makes the agent, which goes on from the journal if one is kept. */
static bool start(struct report *report, const taskwire_agent_config *config, char *error, size_t error_size) {
    if (report->journal == NULL) {
        taskwire_status status = taskwire_agent_new(config, &report->agent);
        snprintf(error, error_size, "%s", taskwire_status_text(status));
        return status == TASKWIRE_OK;
    }
    taskwire_agent_builder *builder = NULL;
    taskwire_restored found;
    (void)taskwire_restored_init(&found);
    taskwire_status status = taskwire_agent_builder_new(config, &builder);
    snprintf(error, error_size, "%s", taskwire_status_text(status));
    if (status == TASKWIRE_OK && journal_read(report->journal, replay, builder, error, error_size)) {
        status = taskwire_agent_builder_start(builder, &report->agent, &found);
        if (status != TASKWIRE_OK) {
            (void)taskwire_agent_builder_last_error(builder, error, error_size, NULL);
        } else if (found.records > 0) {
            printf("%s: %zu unfinished tasks of epoch %" PRIu64 " in the journal%s\n", config->node, found.unfinished_count,
                   found.epoch, found.has_torn_at != 0 ? "; its torn end was left out" : "");
        }
    }
    taskwire_agent_builder_free(builder);
    return report->agent != NULL;
}

/* Asks the library for all records that it has and there is room for. */
static bool append_records(struct report *report) {
    uint8_t record[NET_FRAME_MAX + TASKWIRE_JOURNAL_OVERHEAD];
    while (journal_has_room(report->journal)) {
        size_t length = 0;
        uint64_t key = 0;
        uint32_t begins = 0;
        if (checked(report, taskwire_agent_poll_journal(report->agent, record, sizeof record, &length, &key, &begins)) !=
            REPORT_OK) {
            return false;
        }
        if (length == 0) {
            return true;
        }
        if (!journal_append(report->journal, key, begins != 0, record, length)) {
            snprintf(report->error, sizeof report->error, "no memory for the journal");
            return false;
        }
    }
    return true;
}

bool report_write_journal(struct report *report) {
    if (report->journal == NULL) {
        return true;
    }
    bool done = append_records(report);
    journal_write(report->journal);
    return done;
}

bool report_sync_journal(struct report *report, uint64_t now) {
    while (report->journal != NULL) {
        uint64_t needed_from = 0;
        if (!append_records(report)) {
            return false;
        }
        uint64_t key = journal_is_behind(report->journal) ? journal_sync(report->journal, now) : 0;
        if (key == 0) {
            return true;
        }
        if (checked(report, taskwire_agent_journal_confirmed(report->agent, now, key)) != REPORT_OK ||
            checked(report, taskwire_agent_journal_needed_from(report->agent, &needed_from)) != REPORT_OK) {
            return false;
        }
        journal_needed_from(report->journal, needed_from);
    }
    return true;
}

struct report *report_open(const struct report_settings *settings, uint64_t now, char *error, size_t error_size) {
    taskwire_agent_config config;
    if (taskwire_abi_version() != TASKWIRE_ABI_VERSION) {
        snprintf(error, error_size, "the library has ABI version %" PRIu32 ", this program was built for %u",
                 taskwire_abi_version(), TASKWIRE_ABI_VERSION);
        return NULL;
    }
    struct report *report = calloc(1, sizeof *report);
    if (report == NULL) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    uint64_t wall_ms = clock_unix_ms(), boot_ms = now / 1000;
    (void)taskwire_agent_config_init(&config);
    config.node = settings->node;
    config.epoch = settings->epoch;
    config.seed = settings->seed;
    config.most_backoff_us = settings->back_off_us;
    config.wall_clock_offset_ms = wall_ms > boot_ms ? wall_ms - boot_ms : 0;
    config.frame = NET_FRAME_MAX;
    config.durability = settings->journal != NULL ? TASKWIRE_DURABILITY_WRITE_AHEAD : TASKWIRE_DURABILITY_VOLATILE;
    report->journal = settings->journal;
    if (taskwire_agent_config_check(&config, error, error_size, NULL) != TASKWIRE_OK) {
        free(report);
        return NULL;
    }
    if (!start(report, &config, error, error_size)) {
        free(report);
        return NULL;
    }
    return report;
}

void report_close(struct report *report) {
    if (report != NULL) {
        taskwire_agent_free(report->agent);
        free(report);
    }
}

const char *report_error(const struct report *report) {
    return report->error;
}

static taskwire_task_id id_of(const uint8_t bytes[TASK_ID_BYTES]) {
    taskwire_task_id id;
    memcpy(id.bytes, bytes, sizeof id.bytes);
    return id;
}

static void put_trace(taskwire_trace *out, const struct trace *trace) {
    memcpy(out->trace_id, trace->trace_id, sizeof out->trace_id);
    memcpy(out->span_id, trace->span_id, sizeof out->span_id);
    out->flags = 1; /* sampled */
}

enum report_status report_register(struct report *report, uint64_t now, const struct task_spec *task,
                                   const struct trace *trace) {
    taskwire_update update;
    size_t done = 0;
    (void)taskwire_update_init(&update);
    update.kind = TASKWIRE_UPDATE_REGISTER;
    update.task = id_of(task->id);
    update.metadata = task->metadata;
    update.metadata_length = strlen(task->metadata);
    update.has_trace = 1;
    put_trace(&update.trace, trace);
    return checked(report, taskwire_agent_update(report->agent, now, &update, 1, &done));
}

static uint32_t reason_code(enum task_reason reason) {
    switch (reason) {
    case REASON_NONE: return TASKWIRE_REASON_NONE;
    case REASON_EXITED: return TASKWIRE_REASON_EXIT_CODE;
    case REASON_SIGNALED: return TASKWIRE_REASON_SIGNAL;
    case REASON_TIMED_OUT: return TASKWIRE_REASON_TIMED_OUT;
    case REASON_COULD_NOT_START: return TASKWIRE_REASON_COULD_NOT_START;
    case REASON_CANCELLED: return TASKWIRE_REASON_CANCELLED_BY_HOST;
    case REASON_UNKNOWN: return TASKWIRE_REASON_OUTCOME_UNKNOWN;
    }
    return TASKWIRE_REASON_NONE;
}

bool report_knows(const struct report *report, const uint8_t id[TASK_ID_BYTES], struct report_known *out) {
    static const enum task_reason reasons[] = {REASON_EXITED,          REASON_SIGNALED,  REASON_TIMED_OUT,
                                               REASON_COULD_NOT_START, REASON_CANCELLED, REASON_UNKNOWN};
    taskwire_task_id task = id_of(id);
    taskwire_task found;
    memset(out, 0, sizeof *out);
    (void)taskwire_task_init(&found);
    if (taskwire_agent_task(report->agent, &task, &found) != TASKWIRE_OK) {
        return false;
    }
    out->attempt = found.attempt;
    out->number = found.number;
    memcpy(out->trace.trace_id, found.trace.trace_id, sizeof out->trace.trace_id);
    memcpy(out->trace.span_id, found.trace.span_id, sizeof out->trace.span_id);
    struct transition *newest = &out->newest;
    newest->state = (enum task_state)found.state;
    for (size_t n = 0; n < sizeof reasons / sizeof reasons[0]; n++) {
        newest->reason = reason_code(reasons[n]) == found.reason ? reasons[n] : newest->reason;
    }
    newest->exit = found.exit_kind == TASKWIRE_EXIT_CODE     ? EXIT_CODE
                   : found.exit_kind == TASKWIRE_EXIT_SIGNAL ? EXIT_SIGNAL
                                                             : EXIT_UNKNOWN;
    newest->code = found.exit_value;
    newest->message = (const char *)found.message;
    newest->message_length = found.message_length;
    newest->result = (const char *)found.result;
    newest->result_length = found.result_length;
    newest->at_ms = found.at_ms;
    return true;
}

enum report_status report_transition(struct report *report, uint64_t now, const uint8_t id[TASK_ID_BYTES],
                                     const struct trace *trace, const struct transition *what) {
    taskwire_report said;
    taskwire_task_id task = id_of(id);
    (void)taskwire_report_init(&said);
    said.reason = reason_code(what->reason);
    said.source = TASKWIRE_SOURCE_HOST;
    said.exit_kind = what->exit == EXIT_CODE     ? TASKWIRE_EXIT_CODE
                     : what->exit == EXIT_SIGNAL ? TASKWIRE_EXIT_SIGNAL
                                                 : TASKWIRE_EXIT_NONE;
    said.exit_value = what->exit == EXIT_UNKNOWN ? 0 : what->code;
    said.has_at = 1;
    said.at_ms = what->at_ms;
    said.message = what->message;
    said.message_length = what->message_length;
    said.result = what->result;
    said.result_length = what->result_length;
    said.has_trace = 1;
    put_trace(&said.trace, trace);
    /* The states have the library's own codes: transition.h writes them out. */
    return checked(report,
                   taskwire_agent_transition(report->agent, now, &task, (uint32_t)what->state, &said, NULL));
}

enum report_status report_progress(struct report *report, uint64_t now, const uint8_t id[TASK_ID_BYTES],
                                   uint32_t percent, const char *text, size_t length) {
    taskwire_task_id task = id_of(id);
    return checked(report, taskwire_agent_detail(report->agent, now, &task, percent, text, length));
}

enum report_status report_forget(struct report *report, uint64_t now, const uint8_t id[TASK_ID_BYTES]) {
    taskwire_task_id task = id_of(id);
    return checked(report, taskwire_agent_forget(report->agent, now, &task));
}

void report_receive(struct report *report, uint64_t now, const uint8_t *frame, size_t length) {
    report->received++;
    if (taskwire_agent_receive(report->agent, now, frame, length) != TASKWIRE_OK) {
        report->refused++; /* changes nothing; a bad network does this, and the library counts it by kind */
    }
}

size_t report_transmit(struct report *report, uint64_t now, uint8_t *frame, size_t capacity) {
    size_t length = 0;
    if (taskwire_agent_poll_transmit(report->agent, now, frame, capacity, &length) != TASKWIRE_OK) {
        return 0;
    }
    report->sent += length > 0 ? 1 : 0;
    return length;
}

/* What people may want to read; false for news that the loop asks for itself. */
static bool describe(const taskwire_agent_event *event, char *out, size_t size) {
    switch (event->kind) {
    case TASKWIRE_EVENT_SESSION_OPENED:
        snprintf(out, size, "session with controller %s, term %" PRIu64 ": %s%s", event->name, event->term,
                 taskwire_verdict_text(event->verdict), event->lossy != 0 ? "; it may lose what it has received" : "");
        return true;
    case TASKWIRE_EVENT_SESSION_CLOSED: snprintf(out, size, "the session has ended"); return true;
    case TASKWIRE_EVENT_HISTORY_DIFFERS:
        snprintf(out, size, "the controller's history differs (%s): it gets a snapshot",
                 taskwire_verdict_text(event->verdict));
        return true;
    case TASKWIRE_EVENT_LEASE_EXPIRED:
        snprintf(out, size, "the controller may believe this node lost; going on, and telling it when it answers");
        return true;
    case TASKWIRE_EVENT_TERM_CONFLICT:
        snprintf(out, size, "controller %s uses the term %" PRIu64 " of another one: refused", event->name,
                 event->term);
        return true;
    case TASKWIRE_EVENT_DAMAGED: snprintf(out, size, "a record was found damaged in memory"); return true;
    default: return false;
    }
}

bool report_next_event(struct report *report, struct report_event *out) {
    taskwire_agent_event event;
    (void)taskwire_agent_event_init(&event);
    while (taskwire_agent_poll_event(report->agent, &event) == TASKWIRE_OK && event.kind != TASKWIRE_EVENT_NONE) {
        memset(out, 0, sizeof *out);
        if (event.kind == TASKWIRE_EVENT_FENCED) {
            out->kind = event.twin != 0 ? REPORT_DUPLICATE : REPORT_FENCED;
            out->seen = event.epoch;
            return true;
        }
        if (event.kind == TASKWIRE_EVENT_REFUSED) {
            out->kind = REPORT_REFUSED;
            out->seen = event.come_back_after_us;
            snprintf(out->text, sizeof out->text, "the controller refuses this agent for now (code %" PRIu32 ")",
                     event.reason);
            return true;
        }
        if (describe(&event, out->text, sizeof out->text)) {
            out->kind = event.kind == TASKWIRE_EVENT_LEASE_EXPIRED ? REPORT_SILENCE : REPORT_NEWS;
            return true;
        }
    }
    return false;
}

void report_handle_timeout(struct report *report, uint64_t now) {
    (void)taskwire_agent_handle_timeout(report->agent, now);
}

uint64_t report_wait_us(const struct report *report, uint64_t now, uint64_t at_most) {
    return taskwire_agent_wait_us(report->agent, now, at_most);
}

bool report_is_durable(const struct report *report) {
    /* Above 0: an error is no reason to throw away what may not be stored. */
    return taskwire_agent_is_durable(report->agent) > 0;
}

void report_goodbye(struct report *report, uint64_t now) {
    (void)taskwire_agent_goodbye(report->agent, now);
}

enum report_status report_supersede(struct report *report, uint64_t now, uint64_t seen) {
    uint64_t epoch = 0;
    return checked(report, taskwire_agent_supersede(report->agent, now, seen, &epoch));
}

void report_counts(const struct report *report, uint64_t *out_sent, uint64_t *out_received, uint64_t *out_refused) {
    *out_sent = report->sent;
    *out_received = report->received;
    *out_refused = report->refused;
}
