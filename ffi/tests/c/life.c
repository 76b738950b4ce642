/* An agent at work: tasks from registration to the durable end, over a good link and a bad one; events, look-ups,
 * arrays, leaving. */
#include "check.h"

static void a_task_from_registration_to_durable(void)
{
    pair ends = pair_plain();
    taskwire_task_id id;
    taskwire_agent_event event;
    uint64_t revision = 99;
    uint32_t session = 0;

    CHECK_IS(taskwire_task_id_from_text("0f8fad5b-d9cb-469f-a165-70867728950e", &id), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_is_durable(ends.agent), 1);
    CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &id, "build #42", 9, &revision), TASKWIRE_OK);
    CHECK_IS(revision, 1);
    CHECK_IS(taskwire_agent_is_durable(ends.agent), 0);
    CHECK_IS(taskwire_agent_running(ends.agent, ends.now_us, &id), TASKWIRE_OK);
    pair_until_durable(&ends);
    CHECK_IS(pair_events(&ends, TASKWIRE_EVENT_SESSION_OPENED, &event), 1);
    CHECK(strcmp(event.name, "testing") == 0);
    CHECK_IS(event.term, 1);
    CHECK_IS(event.lossy, 0);
    CHECK_IS(taskwire_agent_session(ends.agent, &session), TASKWIRE_OK);
    CHECK_IS(session, TASKWIRE_SESSION_OPEN);

    CHECK_IS(taskwire_agent_progress(ends.agent, ends.now_us, &id, 40), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_detail(ends.agent, ends.now_us, &id, TASKWIRE_PROGRESS_NONE, "linking", 7), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_succeeded(ends.agent, ends.now_us, &id, TASKWIRE_EXIT_CODE, 0), TASKWIRE_OK);
    pair_until_durable(&ends);
    CHECK(pair_events(&ends, TASKWIRE_EVENT_DURABLE, &event) >= 1);
    CHECK_IS(event.revision, 3);
    CHECK_IS(ends.transitions, 3);
    CHECK_IS(pair_tasks_in(&ends, TASKWIRE_STATE_SUCCEEDED), 1);
    CHECK_IS(ends.refused, 0);

    CHECK_IS(taskwire_agent_goodbye(ends.agent, ends.now_us), TASKWIRE_OK);
    pair_go_on(&ends, 1000000);
    CHECK_IS(taskwire_agent_session(ends.agent, &session), TASKWIRE_OK);
    CHECK_IS(session, TASKWIRE_SESSION_LEFT);
    pair_free(&ends);
}

static void every_way_that_a_task_can_go(void)
{
    pair ends = pair_plain();
    taskwire_task_id failed = numbered(1), cancelled = numbered(2);
    taskwire_agent_event event;

    CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &failed, NULL, 0, NULL), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_failed(ends.agent, ends.now_us, &failed, TASKWIRE_REASON_COULD_NOT_START,
                                   TASKWIRE_EXIT_NONE, 0),
             TASKWIRE_OK);
    CHECK_IS(taskwire_agent_retry(ends.agent, ends.now_us, &failed), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_running(ends.agent, ends.now_us, &failed), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_failed(ends.agent, ends.now_us, &failed, TASKWIRE_REASON_SIGNAL, TASKWIRE_EXIT_SIGNAL, 9),
             TASKWIRE_OK);
    CHECK_IS(taskwire_agent_cancelled(ends.agent, ends.now_us, &failed, TASKWIRE_REASON_GIVEN_UP), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &cancelled, NULL, 0, NULL), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_cancelled(ends.agent, ends.now_us, &cancelled, TASKWIRE_REASON_FIRST_OF_HOST + 5),
             TASKWIRE_OK);
    pair_until_durable(&ends);
    CHECK_IS(ends.transitions, 8);
    CHECK_IS(pair_tasks_in(&ends, TASKWIRE_STATE_CANCELLED), 2);

    CHECK_IS(taskwire_agent_forget(ends.agent, ends.now_us, &cancelled), TASKWIRE_OK);
    pair_go_on(&ends, 1000000);
    pair_until_durable(&ends);
    CHECK_IS(pair_events(&ends, TASKWIRE_EVENT_TASK_FORGOTTEN, &event), 1);
    CHECK(memcmp(&event.task, &cancelled, sizeof cancelled) == 0);
    CHECK_IS(ends.forgotten, 1);
    CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &cancelled, NULL, 0, NULL), TASKWIRE_OK);
    pair_until_durable(&ends);
    pair_free(&ends);
}

static void a_transition_with_all_that_may_go_with_it(void)
{
    pair ends = pair_plain();
    taskwire_task_id id = numbered(1);
    taskwire_report report;
    taskwire_task task;
    uint64_t revision = 0;
    char message[300];

    memset(message, 'm', sizeof message);
    CHECK_IS(taskwire_report_init(&report), TASKWIRE_OK);
    CHECK_IS(taskwire_task_init(&task), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &id, "meta", 4, NULL), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_transition(ends.agent, ends.now_us, &id, TASKWIRE_STATE_RUNNING, NULL, NULL), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_progress(ends.agent, ends.now_us, &id, 55), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_task(ends.agent, &id, &task), TASKWIRE_OK);
    CHECK_IS(task.percent, 55);
    report.reason = TASKWIRE_REASON_EXIT_CODE;
    report.exit_kind = TASKWIRE_EXIT_CODE;
    report.exit_value = 3;
    report.has_at = 1;
    report.at_ms = 1700000000000u;
    report.message = message;
    report.message_length = sizeof message;
    report.result = "\0\1\2";
    report.result_length = 3;
    report.has_trace = 1;
    memset(report.trace.trace_id, 0xAB, sizeof report.trace.trace_id);
    memset(report.trace.span_id, 0xCD, sizeof report.trace.span_id);
    report.trace.flags = 1;
    CHECK_IS(taskwire_agent_transition(ends.agent, ends.now_us, &id, TASKWIRE_STATE_FAILED, &report, &revision),
             TASKWIRE_OK);
    CHECK_IS(revision, 3);
    memset(message, 'x', sizeof message); /* it was copied */

    CHECK_IS(taskwire_agent_task(ends.agent, &id, &task), TASKWIRE_OK);
    CHECK(memcmp(&task.id, &id, sizeof id) == 0);
    CHECK_IS(task.struct_size, sizeof task);
    CHECK_IS(task.state, TASKWIRE_STATE_FAILED);
    CHECK_IS(task.attempt, 0);
    CHECK_IS(task.number, 3);
    CHECK_IS(task.reason, TASKWIRE_REASON_EXIT_CODE);
    CHECK_IS(task.source, TASKWIRE_SOURCE_HOST);
    CHECK_IS(task.exit_kind, TASKWIRE_EXIT_CODE);
    CHECK_IS(task.exit_value, 3);
    CHECK_IS(task.at_ms, 1700000000000);
    CHECK_IS(task.registered_epoch, 1);
    CHECK_IS(task.registered_revision, 1);
    CHECK_IS(task.newest_revision, 3);
    CHECK_IS(task.metadata_length, 4);
    CHECK(memcmp(task.metadata, "meta", 4) == 0);
    CHECK_IS(task.message_length, 192); /* the bound */
    CHECK_IS(task.message_cut, 1);
    CHECK(task.message[0] == 'm' && task.message[191] == 'm');
    CHECK_IS(task.result_length, 3);
    CHECK(memcmp(task.result, "\0\1\2", 3) == 0);
    CHECK_IS(task.has_trace, 1);
    CHECK_IS(task.trace.trace_id[15], 0xAB);
    CHECK_IS(task.trace.span_id[7], 0xCD);
    CHECK_IS(task.percent, TASKWIRE_PROGRESS_NONE); /* detail ends with its attempt */
    pair_until_durable(&ends);
    CHECK_IS(pair_tasks_in(&ends, TASKWIRE_STATE_FAILED), 1);
    pair_free(&ends);
}

enum { MANY = 100 };

static void updates_tasks_and_events_by_the_array(void)
{
    pair ends = pair_plain();
    static taskwire_update updates[MANY];
    taskwire_task tasks[7];
    taskwire_agent_event events[3];
    size_t count = 0, done = 0, seen = 0, opened = 0;
    uint32_t next = 0, expected = 0;
    unsigned i;

    for (i = 0; i < MANY; i++) {
        CHECK_IS(taskwire_update_init(&updates[i]), TASKWIRE_OK);
        updates[i].kind = TASKWIRE_UPDATE_REGISTER;
        updates[i].task = numbered(i);
        updates[i].metadata = "m";
        updates[i].metadata_length = 1;
        updates[i].has_at = 1;
        updates[i].at_ms = 1234;
    }
    CHECK_IS(taskwire_agent_update(ends.agent, ends.now_us, updates, MANY, &done), TASKWIRE_OK);
    CHECK_IS(done, MANY);
    for (i = 0; i < MANY; i++) {
        updates[i].kind = TASKWIRE_UPDATE_TRANSITION;
        updates[i].state = TASKWIRE_STATE_RUNNING;
        updates[i].has_at = 0;
    }
    CHECK_IS(taskwire_agent_update(ends.agent, ends.now_us, updates, MANY, &done), TASKWIRE_OK);
    for (i = 0; i < MANY; i++) {
        updates[i].kind = i % 2 == 0 ? TASKWIRE_UPDATE_PROGRESS : TASKWIRE_UPDATE_DETAIL;
        updates[i].percent = i % 100;
        updates[i].message = "half";
        updates[i].message_length = 4;
    }
    CHECK_IS(taskwire_agent_update(ends.agent, ends.now_us, updates, MANY, &done), TASKWIRE_OK);
    CHECK_IS(done, MANY);
    pair_until_durable(&ends);
    CHECK_IS(ends.transitions, 2 * MANY);

    CHECK_IS(taskwire_task_init(&tasks[0]), TASKWIRE_OK);
    for (;;) {
        CHECK_IS(taskwire_agent_tasks(ends.agent, next, tasks, 7, &count, &next), TASKWIRE_OK);
        if (count == 0)
            break;
        for (i = 0; i < count; i++) {
            CHECK_IS(tasks[i].struct_size, sizeof tasks[i]);
            CHECK(seen == 0 || tasks[i].slot >= expected);
            expected = tasks[i].slot + 1;
            CHECK_IS(tasks[i].state, TASKWIRE_STATE_RUNNING);
            CHECK_IS(tasks[i].metadata_length, 1);
            seen++;
        }
    }
    CHECK_IS(seen, MANY);

    CHECK_IS(taskwire_agent_event_init(&events[0]), TASKWIRE_OK);
    do {
        CHECK_IS(taskwire_agent_poll_events(ends.agent, events, 3, &count), TASKWIRE_OK);
        for (i = 0; i < 3; i++) {
            CHECK_IS(events[i].struct_size, sizeof events[i]);
            CHECK((events[i].kind != TASKWIRE_EVENT_NONE) == (i < count));
            opened += events[i].kind == TASKWIRE_EVENT_SESSION_OPENED;
        }
    } while (count == 3);
    CHECK_IS(opened, 1);

    /* The end of all of them, then the forgetting; the third is refused. */
    for (i = 0; i < MANY; i++) {
        updates[i].kind = TASKWIRE_UPDATE_TRANSITION;
        updates[i].state = TASKWIRE_STATE_SUCCEEDED;
        updates[i].exit_kind = TASKWIRE_EXIT_CODE;
    }
    updates[2].state = TASKWIRE_STATE_PENDING;
    CHECK_IS(taskwire_agent_update(ends.agent, ends.now_us, updates, MANY, &done), TASKWIRE_ERROR_ILLEGAL_TRANSITION);
    CHECK_IS(done, 2);
    CHECK_IS(taskwire_agent_update(ends.agent, ends.now_us, updates + 3, MANY - 3, &done), TASKWIRE_OK);
    CHECK_IS(done, MANY - 3);
    pair_until_durable(&ends);
    CHECK_IS(pair_tasks_in(&ends, TASKWIRE_STATE_SUCCEEDED), MANY - 1);
    updates[0].kind = TASKWIRE_UPDATE_FORGET;
    CHECK_IS(taskwire_agent_update(ends.agent, ends.now_us, updates, 1, &done), TASKWIRE_OK);
    pair_until_durable(&ends);
    pair_free(&ends);
}

static void nothing_is_lost_on_a_bad_link(void)
{
    pair ends = pair_plain();
    unsigned i;

    ends.lose_one_in = 3;
    for (i = 0; i < 50; i++) {
        taskwire_task_id id = numbered(i);
        CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &id, NULL, 0, NULL), TASKWIRE_OK);
        CHECK_IS(taskwire_agent_running(ends.agent, ends.now_us, &id), TASKWIRE_OK);
        pair_go_on(&ends, 30000);
        CHECK_IS(taskwire_agent_succeeded(ends.agent, ends.now_us, &id, TASKWIRE_EXIT_CODE, 0), TASKWIRE_OK);
    }
    pair_until_durable(&ends);
    CHECK_IS(ends.transitions, 150);
    CHECK_IS(pair_tasks_in(&ends, TASKWIRE_STATE_SUCCEEDED), 50);
    pair_free(&ends);
}

static void what_an_agent_can_be_asked(void)
{
    pair ends = pair_plain();
    taskwire_task_id id = numbered(1);
    taskwire_sync_state sync;
    uint32_t lease = 99, is_set = 99;
    uint64_t until = 99, deadline = 99, epoch = 0, values[256];
    size_t count = 0, length = 0, i, sent = 0;
    static char text[TASKWIRE_OPENMETRICS_SIZE];
    const char *reason = NULL;

    CHECK_IS(taskwire_agent_lease(ends.agent, ends.now_us, &lease, &until), TASKWIRE_OK);
    CHECK_IS(lease, TASKWIRE_LEASE_UNKNOWN);
    CHECK_IS(until, 0);
    CHECK_IS(taskwire_agent_epoch(ends.agent, &epoch), TASKWIRE_OK);
    CHECK_IS(epoch, 1);
    CHECK_IS(taskwire_sync_state_init(&sync), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &id, NULL, 0, NULL), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_sync_state(ends.agent, &sync), TASKWIRE_OK);
    CHECK_IS(sync.struct_size, sizeof sync);
    CHECK_IS(sync.undurable, 1);
    CHECK_IS(sync.unreceived, 1);
    CHECK_IS(sync.has_since, 1);
    CHECK_IS(sync.since_us, ends.now_us);
    CHECK_IS(sync.tail_revision, 1);
    CHECK(sync.tail_tag != 0);
    pair_until_durable(&ends);
    CHECK_IS(taskwire_agent_sync_state(ends.agent, &sync), TASKWIRE_OK);
    CHECK_IS(sync.undurable, 0);
    CHECK_IS(sync.has_since, 0);
    CHECK_IS(sync.since_us, 0);
    CHECK_IS(sync.received_revision, 1);
    CHECK_IS(sync.durable_revision, 1);

    pair_go_on(&ends, 12000000); /* heartbeats go by */
    CHECK_IS(taskwire_agent_lease(ends.agent, ends.now_us, &lease, &until), TASKWIRE_OK);
    CHECK_IS(lease, TASKWIRE_LEASE_HELD);
    CHECK(until > ends.now_us);
    CHECK_IS(taskwire_agent_lease(ends.agent, ends.now_us, &lease, NULL), TASKWIRE_OK);

    CHECK_IS(taskwire_agent_next_timeout(ends.agent, &is_set, &deadline), TASKWIRE_OK);
    CHECK_IS(is_set, 1);
    CHECK(deadline > ends.now_us);
    CHECK_IS(taskwire_agent_wait_us(ends.agent, deadline - 5, 1000000), 5);
    CHECK_IS(taskwire_agent_wait_us(ends.agent, deadline + 5, 1000000), 0);
    CHECK_IS(taskwire_agent_wait_us(ends.agent, 0, 7), 7);
    CHECK_IS(taskwire_agent_next_timeout_reason(ends.agent, &reason, &length), TASKWIRE_OK);
    CHECK(reason != NULL && length > 0);
    CHECK_IS(taskwire_agent_set_wall_clock(ends.agent, ends.now_us, 1700000000000u), TASKWIRE_OK);

    CHECK(taskwire_agent_metric_count() <= 256);
    CHECK_IS(taskwire_agent_metrics(ends.agent, values, 256, &count), TASKWIRE_OK);
    CHECK_IS(count, taskwire_agent_metric_count());
    for (i = 0; i < count; i++)
        if (strcmp(taskwire_agent_metric_name(i), "frames_sent_total") == 0)
            sent = (size_t)values[i];
    CHECK(sent > 2);
    CHECK_IS(taskwire_agent_metrics(ends.agent, values, 1, &count), TASKWIRE_OK);
    CHECK_IS(count, 1);
    CHECK_IS(taskwire_agent_metrics(ends.agent, NULL, 0, &count), TASKWIRE_OK);
    CHECK_IS(count, 0);

    CHECK_IS(taskwire_agent_openmetrics(ends.agent, ends.now_us, text, sizeof text, &length), TASKWIRE_OK);
    CHECK(length == strlen(text) && strstr(text, "taskwire_agent_session_open 1.0\n") != NULL);
    CHECK(strcmp(text + length - 6, "# EOF\n") == 0);
    CHECK_IS(taskwire_agent_openmetrics(ends.agent, ends.now_us, text, length, &count), TASKWIRE_ERROR_BUFFER_TOO_SMALL);
    CHECK(count == 0 && text[0] == 0);
    CHECK_IS(taskwire_agent_openmetrics(ends.agent, ends.now_us, text, length + 1, &count), TASKWIRE_OK);
    CHECK_IS(count, length);

    CHECK_IS(taskwire_agent_goodbye_until(ends.agent, ends.now_us, 60000000), TASKWIRE_OK);
    pair_go_on(&ends, 1000000);
    pair_free(&ends);
}

static void a_silent_controller_ends_the_lease(void)
{
    pair ends = pair_plain();
    taskwire_agent_event event;
    uint32_t lease = 99;

    pair_go_on(&ends, 12000000);
    CHECK_IS(pair_events(&ends, TASKWIRE_EVENT_SESSION_OPENED, &event), 1);
    ends.lose_one_in = 1; /* everything */
    pair_go_on(&ends, 20000000);
    CHECK_IS(taskwire_agent_lease(ends.agent, ends.now_us, &lease, NULL), TASKWIRE_OK);
    CHECK(lease != TASKWIRE_LEASE_HELD);
    CHECK_IS(pair_events(&ends, TASKWIRE_EVENT_LEASE_EXPIRED, &event), 1);
    ends.lose_one_in = 0;
    pair_go_on(&ends, 60000000);
    CHECK_IS(pair_events(&ends, TASKWIRE_EVENT_SESSION_OPENED, &event), 1);
    pair_free(&ends);
}

int main(void)
{
    RUN(a_task_from_registration_to_durable);
    RUN(every_way_that_a_task_can_go);
    RUN(a_transition_with_all_that_may_go_with_it);
    RUN(updates_tasks_and_events_by_the_array);
    RUN(nothing_is_lost_on_a_bad_link);
    RUN(what_an_agent_can_be_asked);
    RUN(a_silent_controller_ends_the_lease);
    return check_end();
}
