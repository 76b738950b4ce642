/* A controller at work: events with their bytes, commits, nodes and tasks looked up and gone through, leases, what its
 * host decides. Everything goes through the C interface on both sides. */
#include "check.h"

/* Takes all events, and keeps the last of one kind; its pointers hold, as nothing is polled after it but "no news". */
static unsigned events_of(taskwire_controller *controller, uint32_t kind, taskwire_controller_event *last)
{
    unsigned count = 0;
    taskwire_controller_event event;
    CHECK_IS(taskwire_controller_event_init(&event), TASKWIRE_OK);
    *last = event;
    for (;;) {
        CHECK_IS(taskwire_controller_poll_event(controller, &event), TASKWIRE_OK);
        if (event.kind == TASKWIRE_CONTROLLER_EVENT_NONE)
            return count;
        if (event.kind == kind) {
            count++;
            *last = event;
        }
    }
}

/* Lets the frames through, both ways, and leaves the events to the test. */
static void frames_only(pair *ends)
{
    uint8_t frame[1200];
    size_t length = 0;
    int quiet = 0;
    while (!quiet) {
        quiet = 1;
        while (taskwire_agent_poll_transmit(ends->agent, ends->now_us, frame, sizeof frame, &length) == TASKWIRE_OK &&
               length > 0) {
            CHECK_IS(taskwire_controller_receive(ends->controller, ends->now_us, 1, frame, length), TASKWIRE_OK);
            quiet = 0;
        }
        while ((length = controller_says(ends->controller, ends->now_us, frame, sizeof frame)) > 0) {
            CHECK_IS(taskwire_agent_receive(ends->agent, ends->now_us, frame, length), TASKWIRE_OK);
            quiet = 0;
        }
    }
}

static void a_transition_comes_with_all_that_its_agent_said(void)
{
    pair ends = pair_plain();
    taskwire_task_id id = numbered(1);
    taskwire_controller_event events[8], one;
    taskwire_report report;
    size_t count = 0;

    CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &id, "build #42", 9, NULL), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_running(ends.agent, ends.now_us, &id), TASKWIRE_OK);
    CHECK_IS(taskwire_report_init(&report), TASKWIRE_OK);
    report.reason = TASKWIRE_REASON_EXIT_CODE;
    report.exit_kind = TASKWIRE_EXIT_CODE;
    report.exit_value = 3;
    report.has_at = 1;
    report.at_ms = 1700000000000u;
    report.message = "no such file";
    report.message_length = 12;
    report.result = "\0\1\2";
    report.result_length = 3;
    report.has_trace = 1;
    memset(report.trace.span_id, 0xCD, sizeof report.trace.span_id);
    CHECK_IS(taskwire_agent_transition(ends.agent, ends.now_us, &id, TASKWIRE_STATE_FAILED, &report, NULL), TASKWIRE_OK);
    frames_only(&ends);

    CHECK_IS(taskwire_controller_event_init(&events[0]), TASKWIRE_OK);
    CHECK_IS(taskwire_controller_poll_events(ends.controller, events, 8, &count), TASKWIRE_OK);
    CHECK(count >= 5 && count < 8); /* opened, three transitions, synced, a commit due */
    if (count < 5)
        return;
    CHECK_IS(events[0].kind, TASKWIRE_CONTROLLER_EVENT_NODE_OPENED);
    CHECK_IS(events[0].epoch, 1);
    CHECK_IS(events[0].verdict, TASKWIRE_VERDICT_RESUME);
    CHECK_IS(events[count].kind, TASKWIRE_CONTROLLER_EVENT_NONE);
    CHECK_IS(events[count].struct_size, sizeof events[0]);
    {
        const taskwire_controller_event *transitions[3] = {NULL, NULL, NULL};
        const taskwire_controller_event *due = NULL;
        size_t i, found = 0;
        for (i = 0; i < count; i++) {
            if (events[i].kind == TASKWIRE_CONTROLLER_EVENT_TRANSITION && found < 3)
                transitions[found++] = &events[i];
            if (events[i].kind == TASKWIRE_CONTROLLER_EVENT_COMMIT_DUE)
                due = &events[i];
        }
        CHECK_IS(found, 3);
        CHECK(due != NULL);
        if (found == 3 && due != NULL) {
            CHECK(memcmp(&transitions[0]->task, &id, sizeof id) == 0);
            CHECK_IS(transitions[0]->number, 1);
            CHECK_IS(transitions[0]->from_state, 0);
            CHECK_IS(transitions[0]->state, TASKWIRE_STATE_PENDING);
            CHECK_IS(transitions[0]->metadata_length, 9);
            CHECK(transitions[0]->metadata != NULL && memcmp(transitions[0]->metadata, "build #42", 9) == 0);
            CHECK(transitions[0]->message == NULL && transitions[0]->result == NULL);
            CHECK_IS(transitions[1]->from_state, TASKWIRE_STATE_PENDING);
            CHECK_IS(transitions[1]->state, TASKWIRE_STATE_RUNNING);
            CHECK_IS(transitions[1]->position_revision, 2);
            CHECK_IS(transitions[2]->state, TASKWIRE_STATE_FAILED);
            CHECK_IS(transitions[2]->number, 3);
            CHECK_IS(transitions[2]->attempt, 0);
            CHECK_IS(transitions[2]->epoch, 1);
            CHECK_IS(transitions[2]->registered_epoch, 1);
            CHECK_IS(transitions[2]->registered_revision, 1);
            CHECK_IS(transitions[2]->reason, TASKWIRE_REASON_EXIT_CODE);
            CHECK_IS(transitions[2]->exit_kind, TASKWIRE_EXIT_CODE);
            CHECK_IS(transitions[2]->exit_value, 3);
            CHECK_IS(transitions[2]->at_ms, 1700000000000);
            CHECK_IS(transitions[2]->message_length, 12);
            CHECK(transitions[2]->message != NULL && memcmp(transitions[2]->message, "no such file", 12) == 0);
            CHECK_IS(transitions[2]->result_length, 3);
            CHECK(transitions[2]->result != NULL && memcmp(transitions[2]->result, "\0\1\2", 3) == 0);
            CHECK_IS(transitions[2]->has_trace, 1);
            CHECK_IS(transitions[2]->trace.span_id[7], 0xCD);
            CHECK_IS(transitions[2]->may_be_repeat, 0);

            /* The task's end is overwritten by the next attempt: what the events point at holds still. */
            CHECK_IS(taskwire_agent_is_durable(ends.agent), 0);
            CHECK_IS(taskwire_controller_commit(ends.controller, due->node, due->position_revision, due->position_tag),
                     TASKWIRE_OK);
            frames_only(&ends);
            CHECK_IS(taskwire_agent_is_durable(ends.agent), 1);
            CHECK_IS(taskwire_agent_retry(ends.agent, ends.now_us, &id), TASKWIRE_OK);
            CHECK_IS(taskwire_agent_cancelled(ends.agent, ends.now_us, &id, TASKWIRE_REASON_NONE), TASKWIRE_OK);
            CHECK_IS(taskwire_agent_forget(ends.agent, ends.now_us, &id), TASKWIRE_OK);
            frames_only(&ends);
            CHECK_IS(taskwire_controller_forget_node(ends.controller, due->node), TASKWIRE_OK);
            CHECK(memcmp(transitions[2]->message, "no such file", 12) == 0);
            CHECK(memcmp(transitions[0]->metadata, "build #42", 9) == 0);
        }
    }
    CHECK_IS(events_of(ends.controller, TASKWIRE_CONTROLLER_EVENT_NODE_OPENED, &one), 0);
    pair_free(&ends);
}

static void commits_that_are_refused_change_nothing(void)
{
    pair ends = pair_plain();
    taskwire_task_id id = numbered(1);
    taskwire_controller_event due;
    taskwire_node node;

    CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &id, NULL, 0, NULL), TASKWIRE_OK);
    frames_only(&ends);
    CHECK_IS(taskwire_node_init(&node), TASKWIRE_OK);
    CHECK_IS(taskwire_controller_node(ends.controller, 0, &node), TASKWIRE_OK);
    CHECK_IS(node.received_revision, 1);
    CHECK(node.events_waiting > 0);
    CHECK_IS(taskwire_controller_commit(ends.controller, 0, node.received_revision, node.received_tag),
             TASKWIRE_ERROR_NOT_POLLED);
    CHECK(controller_says_why(ends.controller, "have not all been polled"));
    CHECK_IS(events_of(ends.controller, TASKWIRE_CONTROLLER_EVENT_COMMIT_DUE, &due), 1);
    CHECK_IS(taskwire_controller_commit(ends.controller, 0, due.position_revision, due.position_tag + 1),
             TASKWIRE_ERROR_NOT_ON_HISTORY);
    CHECK_IS(taskwire_controller_commit(ends.controller, 7, due.position_revision, due.position_tag),
             TASKWIRE_ERROR_UNKNOWN_NODE);
    CHECK(controller_says_why(ends.controller, "node 7"));
    frames_only(&ends);
    CHECK_IS(taskwire_agent_is_durable(ends.agent), 0);
    /* The refused one is due again. */
    CHECK_IS(events_of(ends.controller, TASKWIRE_CONTROLLER_EVENT_COMMIT_DUE, &due), 1);
    CHECK_IS(taskwire_controller_commit(ends.controller, 0, due.position_revision, due.position_tag), TASKWIRE_OK);
    frames_only(&ends);
    CHECK_IS(taskwire_agent_is_durable(ends.agent), 1);
    CHECK_IS(taskwire_controller_node(ends.controller, 0, &node), TASKWIRE_OK);
    CHECK_IS(node.durable_revision, 1);
    CHECK_IS(node.polled_revision, 1);
    pair_free(&ends);
}

static void nodes_and_tasks_are_looked_up_and_gone_through(void)
{
    pair ends = pair_plain();
    taskwire_task tasks[7], task;
    taskwire_node nodes[3], node;
    taskwire_task_id id = numbered(3);
    size_t count = 0, seen = 0, closed = 0, i;
    uint32_t number = 99, next_node = 0;
    uint64_t cursor = 0;
    unsigned n;

    for (n = 0; n < 20; n++) {
        taskwire_task_id of = numbered(n);
        CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &of, "m", 1, NULL), TASKWIRE_OK);
        CHECK_IS(taskwire_agent_running(ends.agent, ends.now_us, &of), TASKWIRE_OK);
    }
    CHECK_IS(taskwire_agent_detail(ends.agent, ends.now_us, &id, 40, "linking", 7), TASKWIRE_OK);
    CHECK_IS(taskwire_task_init(&task), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_task(ends.agent, &id, &task), TASKWIRE_OK);
    CHECK_IS(task.detail_length, 7);
    CHECK(task.detail != NULL && memcmp(task.detail, "linking", 7) == 0);
    CHECK_IS(task.freshness, TASKWIRE_FRESHNESS_NONE);
    pair_until_durable(&ends);
    pair_go_on(&ends, 1000000);

    CHECK_IS(taskwire_controller_node_named(ends.controller, "edge-7", &number), TASKWIRE_OK);
    CHECK_IS(number, 0);
    CHECK_IS(taskwire_controller_node_named(ends.controller, "edge-8", &number), TASKWIRE_ERROR_UNKNOWN_NODE);
    CHECK_IS(taskwire_node_init(&node), TASKWIRE_OK);
    CHECK_IS(taskwire_controller_node(ends.controller, 0, &node), TASKWIRE_OK);
    CHECK(strcmp(node.name, "edge-7") == 0);
    CHECK_IS(node.struct_size, sizeof node);
    CHECK_IS(node.reachability, TASKWIRE_REACHABILITY_LIVE);
    CHECK_IS(node.synced, 1);
    CHECK_IS(node.stale, 0);
    CHECK_IS(node.tasks, 20);
    CHECK_IS(node.epoch, 1);
    CHECK(node.session != 0);
    CHECK_IS(node.has_heard_at, 1);
    CHECK(node.heard_at_us > 0 && node.heard_at_us <= ends.now_us);
    CHECK_IS(node.received_revision, 40);
    CHECK_IS(taskwire_controller_node(ends.controller, 1, &node), TASKWIRE_ERROR_UNKNOWN_NODE);
    CHECK_IS(taskwire_node_init(&nodes[0]), TASKWIRE_OK);
    CHECK_IS(taskwire_controller_nodes(ends.controller, 0, nodes, 3, &count, &next_node), TASKWIRE_OK);
    CHECK_IS(count, 1);
    CHECK_IS(next_node, 1);
    CHECK_IS(taskwire_controller_nodes(ends.controller, next_node, nodes, 3, &count, &next_node), TASKWIRE_OK);
    CHECK_IS(count, 0);
    CHECK_IS(taskwire_controller_nodes(ends.controller, 0xFFFFFFFFu, nodes, 3, &count, &next_node), TASKWIRE_OK);
    CHECK_IS(count, 0);

    CHECK_IS(taskwire_controller_task(ends.controller, ends.now_us, 0, &id, &task), TASKWIRE_OK);
    CHECK(memcmp(&task.id, &id, sizeof id) == 0);
    CHECK_IS(task.node, 0);
    CHECK_IS(task.state, TASKWIRE_STATE_RUNNING);
    CHECK_IS(task.reported_state, TASKWIRE_STATE_RUNNING);
    CHECK_IS(task.number, 2);
    CHECK_IS(task.reported_number, 2);
    CHECK_IS(task.percent, 40);
    CHECK_IS(task.detail_length, 7);
    CHECK(task.detail != NULL && memcmp(task.detail, "linking", 7) == 0);
    CHECK_IS(task.freshness, TASKWIRE_FRESHNESS_FRESH);
    CHECK_IS(task.mark, TASKWIRE_MARK_NONE);
    CHECK_IS(taskwire_controller_find_task(ends.controller, ends.now_us, &id, tasks, 0, &count), TASKWIRE_OK);
    CHECK_IS(count, 0);
    CHECK_IS(taskwire_task_init(&tasks[0]), TASKWIRE_OK);
    CHECK_IS(taskwire_controller_find_task(ends.controller, ends.now_us, &id, tasks, 7, &count), TASKWIRE_OK);
    CHECK_IS(count, 1);
    CHECK_IS(tasks[0].state, TASKWIRE_STATE_RUNNING);

    /* Half of them end and are forgotten: the view keeps them behind the live ones. */
    for (n = 0; n < 20; n += 2) {
        taskwire_task_id of = numbered(n);
        CHECK_IS(taskwire_agent_succeeded(ends.agent, ends.now_us, &of, TASKWIRE_EXIT_CODE, 0), TASKWIRE_OK);
        CHECK_IS(taskwire_agent_forget(ends.agent, ends.now_us, &of), TASKWIRE_OK);
    }
    pair_go_on(&ends, 1000000);
    pair_until_durable(&ends);
    CHECK_IS(ends.forgotten, 10);
    do {
        CHECK_IS(taskwire_controller_tasks(ends.controller, ends.now_us, 0, cursor, tasks, 7, &count, &cursor),
                 TASKWIRE_OK);
        for (i = 0; i < count; i++) {
            CHECK_IS(tasks[i].struct_size, sizeof tasks[i]);
            CHECK_IS(tasks[i].state, tasks[i].closed ? TASKWIRE_STATE_SUCCEEDED : TASKWIRE_STATE_RUNNING);
            CHECK_IS(tasks[i].freshness, tasks[i].closed ? TASKWIRE_FRESHNESS_FINAL : TASKWIRE_FRESHNESS_FRESH);
            CHECK_IS(tasks[i].metadata_length, 1);
            CHECK(tasks[i].closed || closed == 0); /* the live ones come first */
            closed += tasks[i].closed;
            seen++;
        }
    } while (count > 0);
    CHECK_IS(seen, 20);
    CHECK_IS(closed, 10);
    CHECK_IS(taskwire_controller_tasks(ends.controller, ends.now_us, 0, ~(uint64_t)0, tasks, 7, &count, &cursor),
             TASKWIRE_OK);
    CHECK_IS(count, 0);
    CHECK_IS(taskwire_controller_tasks(ends.controller, ends.now_us, 5, 0, tasks, 7, &count, &cursor),
             TASKWIRE_ERROR_UNKNOWN_NODE);
    CHECK_IS(taskwire_controller_task(ends.controller, ends.now_us, 5, &id, &task), TASKWIRE_ERROR_UNKNOWN_NODE);
    id = numbered(99);
    CHECK_IS(taskwire_controller_task(ends.controller, ends.now_us, 0, &id, &task), TASKWIRE_ERROR_UNKNOWN_TASK);
    pair_free(&ends);
}

static void a_silent_agent_is_lost_and_its_tasks_can_be_given_up(void)
{
    pair ends = pair_plain();
    taskwire_task_id id = numbered(1), ended = numbered(2);
    taskwire_controller_event event;
    taskwire_task task;
    taskwire_node node;
    unsigned lost = 0, late = 0;
    uint32_t is_set = 99;
    uint64_t deadline = 0;
    const char *reason = NULL;
    size_t length = 0;
    int i;

    CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &id, NULL, 0, NULL), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_running(ends.agent, ends.now_us, &id), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &ended, NULL, 0, NULL), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_cancelled(ends.agent, ends.now_us, &ended, TASKWIRE_REASON_NONE), TASKWIRE_OK);
    pair_until_durable(&ends);
    CHECK_IS(taskwire_controller_next_timeout(ends.controller, &is_set, &deadline), TASKWIRE_OK);
    CHECK_IS(is_set, 1);
    CHECK(deadline > ends.now_us);
    CHECK_IS(taskwire_controller_next_timeout_reason(ends.controller, &reason, &length), TASKWIRE_OK);
    CHECK(reason != NULL && length == 5 && memcmp(reason, "lease", 5) == 0);
    CHECK_IS(taskwire_controller_wait_us(ends.controller, deadline - 5, 1000000), 5);
    CHECK_IS(taskwire_controller_wait_us(ends.controller, deadline + 5, 1000000), 0);
    CHECK_IS(taskwire_controller_wait_us(ends.controller, 0, 7), 7);

    for (i = 0; i < 400; i++) { /* 20 s of silence, in small steps: a host that is late itself ends no lease */
        ends.now_us += 50000;
        CHECK_IS(taskwire_controller_handle_timeout(ends.controller, ends.now_us), TASKWIRE_OK);
    }
    lost = events_of(ends.controller, TASKWIRE_CONTROLLER_EVENT_NODE_LOST, &event);
    CHECK_IS(lost, 1);
    CHECK_IS(event.tasks_stale, 2);
    CHECK_IS(taskwire_node_init(&node), TASKWIRE_OK);
    CHECK_IS(taskwire_task_init(&task), TASKWIRE_OK);
    CHECK_IS(taskwire_controller_node(ends.controller, 0, &node), TASKWIRE_OK);
    CHECK_IS(node.reachability, TASKWIRE_REACHABILITY_LOST);
    CHECK_IS(node.stale, 1);
    CHECK_IS(taskwire_controller_task(ends.controller, ends.now_us, 0, &id, &task), TASKWIRE_OK);
    CHECK_IS(task.state, TASKWIRE_STATE_RUNNING); /* never a state that nobody reported */
    CHECK_IS(task.stale, 1);
    CHECK_IS(task.freshness, TASKWIRE_FRESHNESS_STALE);
    CHECK(task.heard_before_us >= 15000000);

    CHECK_IS(taskwire_controller_give_up(ends.controller, 0, &id), TASKWIRE_OK);
    CHECK_IS(taskwire_controller_give_up(ends.controller, 0, &ended), TASKWIRE_ERROR_ALREADY_ENDED);
    CHECK(controller_says_why(ends.controller, "has ended"));
    CHECK_IS(taskwire_controller_give_up(ends.controller, 9, &id), TASKWIRE_ERROR_UNKNOWN_NODE);
    {
        taskwire_task_id unknown = numbered(77);
        CHECK_IS(taskwire_controller_give_up(ends.controller, 0, &unknown), TASKWIRE_ERROR_UNKNOWN_TASK);
    }
    CHECK_IS(taskwire_controller_task(ends.controller, ends.now_us, 0, &id, &task), TASKWIRE_OK);
    CHECK_IS(task.mark, TASKWIRE_MARK_GIVEN_UP);
    CHECK_IS(task.state, TASKWIRE_STATE_RUNNING);

    /* The agent is back after all: both truths are kept, and the host is told. */
    CHECK_IS(taskwire_agent_succeeded(ends.agent, ends.now_us, &id, TASKWIRE_EXIT_CODE, 0), TASKWIRE_OK);
    for (i = 0; i < 3000 && late == 0; i++) {
        frames_only(&ends);
        late += events_of(ends.controller, TASKWIRE_CONTROLLER_EVENT_LATE_TRUTH, &event);
        ends.now_us += 10000;
        CHECK_IS(taskwire_agent_handle_timeout(ends.agent, ends.now_us), TASKWIRE_OK);
        CHECK_IS(taskwire_controller_handle_timeout(ends.controller, ends.now_us), TASKWIRE_OK);
    }
    CHECK_IS(late, 1);
    CHECK_IS(event.state, TASKWIRE_STATE_SUCCEEDED);
    pair_free(&ends);
}

static void a_peer_is_who_it_is_bound_to(void)
{
    pair ends = pair_plain();
    taskwire_controller_event event;
    taskwire_agent_event opened;
    uint8_t frame[1200];
    size_t length = 0;

    CHECK_IS(taskwire_controller_bind_peer(ends.controller, 1, "edge-8"), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_poll_transmit(ends.agent, ends.now_us, frame, sizeof frame, &length), TASKWIRE_OK);
    CHECK(length > 0);
    CHECK_IS(taskwire_controller_receive(ends.controller, ends.now_us, 1, frame, length),
             TASKWIRE_ERROR_FRAME_WRONG_IDENTITY);
    CHECK(controller_says_why(ends.controller, "edge-8"));
    CHECK_IS(events_of(ends.controller, TASKWIRE_CONTROLLER_EVENT_HELLO_REFUSED, &event), 1);
    CHECK(strcmp(event.name, "edge-7") == 0);
    CHECK_IS(event.reason, TASKWIRE_REFUSAL_IDENTITY);
    CHECK_IS(taskwire_controller_bind_peer(ends.controller, 1, ""), TASKWIRE_ERROR_CONFIG_NODE);
    CHECK_IS(taskwire_controller_bind_peer(ends.controller, 1, "\xFF"), TASKWIRE_ERROR_CONFIG_NODE);
    CHECK_IS(taskwire_controller_unbind_peer(ends.controller, 1), TASKWIRE_OK);
    CHECK_IS(taskwire_controller_unbind_peer(ends.controller, 1), TASKWIRE_OK);
    pair_until_durable(&ends);
    pair_go_on(&ends, 60000000);
    CHECK_IS(pair_events(&ends, TASKWIRE_EVENT_SESSION_OPENED, &opened), 1);
    pair_free(&ends);
}

static void frames_that_are_no_frames_and_counters(void)
{
    pair ends = pair_plain();
    static char text[TASKWIRE_OPENMETRICS_SIZE];
    uint64_t values[256], peer = 9;
    uint8_t frame[1200];
    size_t count = 0, length = 9, i;
    int found = 0;

    memset(frame, 0x5A, sizeof frame);
    CHECK_IS(taskwire_controller_receive(ends.controller, ends.now_us, 1, frame, sizeof frame),
             TASKWIRE_ERROR_FRAME_UNDECODABLE);
    CHECK_IS(taskwire_controller_receive(ends.controller, ends.now_us, 1, NULL, 0), TASKWIRE_ERROR_FRAME_UNDECODABLE);
    CHECK_IS(taskwire_controller_poll_transmit(ends.controller, ends.now_us, frame, 100, &peer, &length),
             TASKWIRE_ERROR_BUFFER_TOO_SMALL);
    CHECK(peer == 0 && length == 0);
    CHECK(taskwire_controller_metric_count() <= 256);
    CHECK_IS(taskwire_controller_metrics(ends.controller, values, 256, &count), TASKWIRE_OK);
    CHECK_IS(count, taskwire_controller_metric_count());
    for (i = 0; i < count; i++)
        if (strcmp(taskwire_controller_metric_name(i), "received_bytes_total") == 0)
            found = values[i] == sizeof frame;
    CHECK(found);
    CHECK_IS(taskwire_controller_openmetrics(ends.controller, text, sizeof text, &length), TASKWIRE_OK);
    CHECK(length == strlen(text) && strstr(text, "# UNIT taskwire_controller_received_bytes bytes\n") != NULL);
    CHECK(strcmp(text + length - 6, "# EOF\n") == 0);
    CHECK_IS(taskwire_controller_forget_node(ends.controller, 0), TASKWIRE_ERROR_UNKNOWN_NODE);
    pair_free(&ends);
}

static void configurations(void)
{
    taskwire_controller_config config;
    taskwire_controller *controller = NULL;
    char words[200];
    size_t length = 9;

    CHECK_IS(taskwire_controller_config_init(&config), TASKWIRE_OK);
    CHECK_IS(config.heartbeat_us, 5000000);
    CHECK_IS(config.lease_us, 15000000);
    CHECK_IS(config.most_backoff_us, 15000000);
    CHECK_IS(config.nodes, 65536);
    config.name = "control";
    config.term = 1;
    CHECK_IS(taskwire_controller_config_check(&config, words, sizeof words, &length), TASKWIRE_OK);
    CHECK_IS(length, 0);
    config.lease_us = 6000000;
    CHECK_IS(taskwire_controller_config_check(&config, words, sizeof words, &length), TASKWIRE_ERROR_CONFIG_RANGE);
    CHECK(strstr(words, "give at least 10000 ms") != NULL);
    CHECK_IS(taskwire_controller_new(&config, &controller), TASKWIRE_ERROR_CONFIG_RANGE);
    CHECK(controller == NULL);
    config.lease_us = 15000000;
    config.ack_policy = 2;
    CHECK_IS(taskwire_controller_new(&config, &controller), TASKWIRE_ERROR_ARGUMENT);
    config.ack_policy = TASKWIRE_ACK_POLICY_RECEIVED;
    config.name = "";
    CHECK_IS(taskwire_controller_new(&config, &controller), TASKWIRE_ERROR_CONFIG_NODE);
    config.name = "control";
    CHECK_IS(taskwire_controller_new(&config, &controller), TASKWIRE_OK);
    CHECK_IS(taskwire_controller_last_error(controller, words, sizeof words, &length), TASKWIRE_OK);
    CHECK_IS(length, 0);
    taskwire_controller_free(controller);
}

int main(void)
{
    RUN(a_transition_comes_with_all_that_its_agent_said);
    RUN(commits_that_are_refused_change_nothing);
    RUN(nodes_and_tasks_are_looked_up_and_gone_through);
    RUN(a_silent_agent_is_lost_and_its_tasks_can_be_given_up);
    RUN(a_peer_is_who_it_is_bound_to);
    RUN(frames_that_are_no_frames_and_counters);
    RUN(configurations);
    return check_end();
}
