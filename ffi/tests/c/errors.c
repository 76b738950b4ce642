/* Every error that is not misuse: configuration, limits, states, frames, fencing. Each has its status and its words, and
 * changes nothing. */
#include "check.h"

static void configurations_that_are_refused(void)
{
    taskwire_agent_config config = pair_config("edge-7", 1);
    taskwire_agent *agent = (taskwire_agent *)&config;
    char name[100], words[160], few[12];
    size_t length = 99;

    CHECK_IS(taskwire_agent_config_check(&config, words, sizeof words, &length), TASKWIRE_OK);
    CHECK(length == 0 && words[0] == '\0');

    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    config.node = name;
    CHECK_IS(taskwire_agent_new(&config, &agent), TASKWIRE_ERROR_CONFIG_NODE);
    CHECK(agent == NULL);
    config.node = "";
    CHECK_IS(taskwire_agent_new(&config, &agent), TASKWIRE_ERROR_CONFIG_NODE);
    config.node = "\xC3\x28";
    CHECK_IS(taskwire_agent_new(&config, &agent), TASKWIRE_ERROR_CONFIG_NODE);
    config.node = NULL;
    CHECK_IS(taskwire_agent_new(&config, &agent), TASKWIRE_ERROR_NULL_POINTER);
    name[64] = '\0';
    config.node = name;
    CHECK_IS(taskwire_agent_new(&config, &agent), TASKWIRE_OK);
    taskwire_agent_free(agent);

    config.epoch = 0;
    CHECK_IS(taskwire_agent_new(&config, &agent), TASKWIRE_ERROR_CONFIG_RANGE);
    CHECK_IS(taskwire_agent_config_check(&config, words, sizeof words, &length), TASKWIRE_ERROR_CONFIG_RANGE);
    CHECK_IS(length, strlen(words));
    CHECK(strstr(words, "epoch is 0") != NULL);
    CHECK_IS(taskwire_agent_config_check(&config, few, sizeof few, &length), TASKWIRE_ERROR_CONFIG_RANGE);
    CHECK_IS(strlen(few), sizeof few - 1);
    CHECK(length > sizeof few);
    CHECK(strncmp(few, words, sizeof few - 1) == 0);
    CHECK_IS(taskwire_agent_config_check(&config, NULL, 0, NULL), TASKWIRE_ERROR_CONFIG_RANGE);
    config.epoch = 1;
    config.frame = 100;
    CHECK_IS(taskwire_agent_new(&config, &agent), TASKWIRE_ERROR_CONFIG_RANGE);
    config.frame = 512;
    CHECK_IS(taskwire_agent_new(&config, &agent), TASKWIRE_ERROR_CONFIG_FRAME);
    CHECK_IS(taskwire_agent_config_check(&config, words, sizeof words, NULL), TASKWIRE_ERROR_CONFIG_FRAME);
    CHECK(strstr(words, "512") != NULL);
}

static void tasks_that_are_refused(void)
{
    taskwire_agent_config config = pair_config("edge-7", 1);
    pair ends;
    taskwire_task_id id = numbered(1), other = numbered(2);
    taskwire_report report;
    taskwire_task task;
    uint64_t revision = 99;
    char long_metadata[500];

    config.value = 384;
    ends = pair_new(&config);
    memset(long_metadata, 'x', sizeof long_metadata);
    CHECK_IS(taskwire_agent_running(ends.agent, 0, &id), TASKWIRE_ERROR_UNKNOWN_TASK);
    CHECK(says(ends.agent, "is not registered here"));
    CHECK_IS(taskwire_agent_register(ends.agent, 0, &id, long_metadata, sizeof long_metadata, &revision),
             TASKWIRE_ERROR_TOO_LONG);
    CHECK_IS(revision, 0);
    CHECK(says(ends.agent, "metadata has 500 bytes, and the bound is 384"));
    CHECK_IS(taskwire_agent_register(ends.agent, 0, &id, NULL, 0, NULL), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_register(ends.agent, 0, &id, NULL, 0, NULL), TASKWIRE_ERROR_ALREADY_REGISTERED);
    CHECK_IS(taskwire_agent_succeeded(ends.agent, 0, &id, TASKWIRE_EXIT_CODE, 0), TASKWIRE_ERROR_ILLEGAL_TRANSITION);
    CHECK(says(ends.agent, "PENDING cannot become SUCCEEDED; nothing was changed"));
    CHECK_IS(taskwire_agent_progress(ends.agent, 0, &id, 5), TASKWIRE_ERROR_NOT_RUNNING);
    CHECK_IS(taskwire_agent_detail(ends.agent, 0, &id, 5, "m", 1), TASKWIRE_ERROR_NOT_RUNNING);
    CHECK_IS(taskwire_agent_forget(ends.agent, 0, &id), TASKWIRE_ERROR_NOT_ENDED);
    CHECK_IS(taskwire_agent_forget(ends.agent, 0, &other), TASKWIRE_ERROR_UNKNOWN_TASK);
    CHECK_IS(taskwire_agent_running(ends.agent, 0, &id), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_running(ends.agent, 0, &id), TASKWIRE_ERROR_ILLEGAL_TRANSITION);
    CHECK_IS(taskwire_agent_retry(ends.agent, 0, &id), TASKWIRE_ERROR_ILLEGAL_TRANSITION);
    CHECK_IS(taskwire_agent_progress(ends.agent, 0, &id, 101), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_agent_progress(ends.agent, 0, &id, 256), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_agent_progress(ends.agent, 0, &id, TASKWIRE_PROGRESS_NONE), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_agent_detail(ends.agent, 0, &id, 101, NULL, 0), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_agent_succeeded(ends.agent, 0, &id, 3, 0), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_agent_failed(ends.agent, 0, &id, 65536, 0, 0), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_agent_cancelled(ends.agent, 0, &id, 0xFFFFFFFFu), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_agent_transition(ends.agent, 0, &id, 65536 + 300, NULL, NULL), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_agent_transition(ends.agent, 0, &id, 301, NULL, NULL), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_report_init(&report), TASKWIRE_OK);
    report.result = long_metadata;
    report.result_length = 257;
    CHECK_IS(taskwire_agent_transition(ends.agent, 0, &id, TASKWIRE_STATE_FAILED, &report, &revision),
             TASKWIRE_ERROR_TOO_LONG);
    report.result_length = 0;
    report.has_trace = 2;
    CHECK_IS(taskwire_agent_transition(ends.agent, 0, &id, TASKWIRE_STATE_FAILED, &report, NULL),
             TASKWIRE_ERROR_ARGUMENT);
    report.has_trace = 0;
    report.has_at = 2;
    CHECK_IS(taskwire_agent_transition(ends.agent, 0, &id, TASKWIRE_STATE_FAILED, &report, NULL),
             TASKWIRE_ERROR_ARGUMENT);
    report.has_at = 0;
    report.source = 256;
    CHECK_IS(taskwire_agent_transition(ends.agent, 0, &id, TASKWIRE_STATE_FAILED, &report, NULL),
             TASKWIRE_ERROR_ARGUMENT);
    /* Nothing of all this has changed the task. */
    CHECK_IS(taskwire_task_init(&task), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_task(ends.agent, &other, &task), TASKWIRE_ERROR_UNKNOWN_TASK);
    CHECK_IS(taskwire_agent_task(ends.agent, &id, &task), TASKWIRE_OK);
    CHECK_IS(task.state, TASKWIRE_STATE_RUNNING);
    CHECK_IS(task.number, 2);
    CHECK_IS(taskwire_agent_failed(ends.agent, 0, &id, 0, 0, 0), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_forget(ends.agent, 0, &id), TASKWIRE_OK); /* carried out when it is durable */
    CHECK_IS(taskwire_agent_retry(ends.agent, 0, &id), TASKWIRE_ERROR_BEING_FORGOTTEN);
    CHECK_IS(taskwire_agent_cancelled(ends.agent, 0, &id, 0), TASKWIRE_ERROR_BEING_FORGOTTEN);
    id = numbered(3);
    CHECK_IS(taskwire_agent_register(ends.agent, 0, &id, NULL, 0, NULL), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_cancelled(ends.agent, 0, &id, 0), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_failed(ends.agent, 0, &id, 0, 0, 0), TASKWIRE_ERROR_ILLEGAL_TRANSITION);
    CHECK_IS(taskwire_agent_cancelled(ends.agent, 0, &id, 0), TASKWIRE_ERROR_ILLEGAL_TRANSITION);
    pair_free(&ends);
}

static void room_that_is_used_up(void)
{
    taskwire_agent_config config = pair_config("small", 1);
    pair ends;
    taskwire_task_id first = numbered(1), second = numbered(2), third = numbered(3);

    config.slots = 2;
    config.log = 12;
    ends = pair_new(&config);
    CHECK_IS(taskwire_agent_register(ends.agent, 0, &first, NULL, 0, NULL), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_register(ends.agent, 0, &second, NULL, 0, NULL), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_register(ends.agent, 0, &third, NULL, 0, NULL), TASKWIRE_ERROR_FULL);
    CHECK(says(ends.agent, "no room in the"));
    /* What was admitted can report its end all the same. */
    CHECK_IS(taskwire_agent_running(ends.agent, 0, &first), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_failed(ends.agent, 0, &first, 0, 0, 0), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_retry(ends.agent, 0, &first), TASKWIRE_ERROR_FULL);
    CHECK_IS(taskwire_agent_cancelled(ends.agent, 0, &first, 0), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_register(ends.agent, 0, &third, NULL, 0, NULL), TASKWIRE_ERROR_FULL);
    CHECK_IS(taskwire_agent_forget(ends.agent, 0, &first), TASKWIRE_OK);
    pair_until_durable(&ends);
    pair_go_on(&ends, 1000000);
    pair_until_durable(&ends);
    CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &third, NULL, 0, NULL), TASKWIRE_OK);
    pair_free(&ends);
}

static void updates_that_are_refused(void)
{
    pair ends = pair_plain();
    taskwire_update update;
    size_t done = 9;

    CHECK_IS(taskwire_update_init(&update), TASKWIRE_OK);
    update.task = numbered(1);
    CHECK_IS(taskwire_agent_update(ends.agent, 0, &update, 1, &done), TASKWIRE_ERROR_ARGUMENT); /* kind 0 */
    CHECK_IS(done, 0);
    update.kind = 6;
    CHECK_IS(taskwire_agent_update(ends.agent, 0, &update, 1, &done), TASKWIRE_ERROR_ARGUMENT);
    update.kind = TASKWIRE_UPDATE_FORGET;
    CHECK_IS(taskwire_agent_update(ends.agent, 0, &update, 1, &done), TASKWIRE_ERROR_UNKNOWN_TASK);
    update.kind = TASKWIRE_UPDATE_REGISTER;
    update.metadata_length = 1;
    CHECK_IS(taskwire_agent_update(ends.agent, 0, &update, 1, &done), TASKWIRE_ERROR_NULL_POINTER);
    update.metadata_length = 0;
    CHECK_IS(taskwire_agent_update(ends.agent, 0, &update, 1, &done), TASKWIRE_OK);
    CHECK_IS(done, 1);
    update.kind = TASKWIRE_UPDATE_PROGRESS;
    update.percent = TASKWIRE_PROGRESS_NONE;
    CHECK_IS(taskwire_agent_update(ends.agent, 0, &update, 1, &done), TASKWIRE_ERROR_ARGUMENT);
    update.percent = 10;
    CHECK_IS(taskwire_agent_update(ends.agent, 0, &update, 1, &done), TASKWIRE_ERROR_NOT_RUNNING);
    update.kind = TASKWIRE_UPDATE_DETAIL;
    update.message_length = 1;
    CHECK_IS(taskwire_agent_update(ends.agent, 0, &update, 1, &done), TASKWIRE_ERROR_NULL_POINTER);
    update.kind = TASKWIRE_UPDATE_TRANSITION;
    update.message_length = 0;
    update.state = 250;
    CHECK_IS(taskwire_agent_update(ends.agent, 0, &update, 1, &done), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(done, 0);
    pair_free(&ends);
}

static void buffers_that_are_too_small(void)
{
    pair ends = pair_plain();
    uint8_t frame[1200];
    size_t length = 99;

    CHECK_IS(taskwire_agent_poll_transmit(ends.agent, 1, frame, 1199, &length), TASKWIRE_ERROR_BUFFER_TOO_SMALL);
    CHECK_IS(length, 0);
    CHECK(says(ends.agent, "1199"));
    CHECK_IS(taskwire_agent_poll_transmit(ends.agent, 1, NULL, 0, &length), TASKWIRE_ERROR_BUFFER_TOO_SMALL);
    CHECK_IS(taskwire_agent_poll_transmit(ends.agent, 1, frame, 1200, &length), TASKWIRE_OK);
    CHECK(length > 0); /* it was not lost */
    pair_free(&ends);
}

static void frames_that_are_refused(void)
{
    pair ends = pair_plain();
    uint8_t frame[1200], own[1200];
    size_t own_length = 0, i;

    memset(frame, 0xA5, sizeof frame);
    CHECK_IS(taskwire_agent_receive(ends.agent, 1, NULL, 0), TASKWIRE_ERROR_FRAME_UNDECODABLE);
    CHECK(says(ends.agent, "frame refused"));
    for (i = 1; i < sizeof frame; i = i * 2 + 1)
        CHECK_IS(taskwire_agent_receive(ends.agent, 1, frame, i), TASKWIRE_ERROR_FRAME_UNDECODABLE);

    /* A HELLO comes from agents only. */
    CHECK_IS(taskwire_agent_poll_transmit(ends.agent, ends.now_us, own, sizeof own, &own_length), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_receive(ends.agent, ends.now_us, own, own_length), TASKWIRE_ERROR_FRAME_ILLEGAL);
    own[own_length / 2] ^= 1;
    CHECK_IS(taskwire_agent_receive(ends.agent, ends.now_us, own, own_length), TASKWIRE_ERROR_FRAME_UNDECODABLE);
    pair_go_on(&ends, 1000000);
    pair_until_durable(&ends);
    pair_free(&ends);
}

static uint64_t metric(const taskwire_agent *agent, const char *name)
{
    uint64_t values[256];
    size_t count = 0, i;
    CHECK_IS(taskwire_agent_metrics(agent, values, 256, &count), TASKWIRE_OK);
    for (i = 0; i < count; i++)
        if (strcmp(taskwire_agent_metric_name(i), name) == 0)
            return values[i];
    CHECK(!"there is such a counter");
    return 0;
}

/* An agent remembers no session but its own, so one that is another's is taken for one that has ended: no error, and
 * counted. */
static void a_frame_of_a_session_that_is_not_this_agents(void)
{
    taskwire_agent_config config = pair_config("edge-8", 1);
    pair ends = pair_plain(), others = pair_new(&config);
    uint8_t frame[1200];
    size_t length = 0;

    pair_go_on(&ends, 100000);
    pair_go_on(&others, 100000);
    CHECK_IS(metric(ends.agent, "frames_ended_session_total"), 0);
    others.now_us += 6000000;
    CHECK_IS(taskwire_agent_handle_timeout(others.agent, others.now_us), TASKWIRE_OK);
    while (taskwire_agent_poll_transmit(others.agent, others.now_us, frame, sizeof frame, &length) == TASKWIRE_OK &&
           length > 0)
        (void)controller_hears(others.controller, others.now_us, frame, length);
    length = controller_says(others.controller, others.now_us, frame, sizeof frame);
    CHECK(length > 0);
    CHECK_IS(taskwire_agent_receive(ends.agent, ends.now_us, frame, length), TASKWIRE_OK);
    CHECK_IS(metric(ends.agent, "frames_ended_session_total"), 1);
    pair_free(&ends);
    pair_free(&others);
}

/* Lets one agent and a controller that has served another talk, both ways. */
static void exchange(taskwire_agent *agent, taskwire_controller *controller, uint64_t now_us)
{
    uint8_t frame[1200];
    size_t length;
    int quiet = 0;
    while (!quiet) {
        quiet = 1;
        while (taskwire_agent_poll_transmit(agent, now_us, frame, sizeof frame, &length) == TASKWIRE_OK && length > 0) {
            (void)controller_hears(controller, now_us, frame, length);
            quiet = 0;
        }
        while ((length = controller_says(controller, now_us, frame, sizeof frame)) > 0) {
            (void)taskwire_agent_receive(agent, now_us, frame, length);
            quiet = 0;
        }
    }
}

static void an_agent_that_is_fenced_and_takes_over(void)
{
    taskwire_agent_config config = pair_config("edge-7", 5);
    pair ends = pair_new(&config);
    taskwire_agent *older = NULL;
    taskwire_agent_event event;
    uint64_t epoch = 99;
    uint32_t session = 0;

    pair_go_on(&ends, 100000);
    config.epoch = 3;
    config.seed = 8;
    CHECK_IS(taskwire_agent_new(&config, &older), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_supersede(older, ends.now_us, 5, &epoch), TASKWIRE_ERROR_NOT_FENCED);
    CHECK_IS(epoch, 0);
    exchange(older, ends.controller, ends.now_us);
    CHECK_IS(taskwire_agent_session(older, &session), TASKWIRE_OK);
    CHECK_IS(session, TASKWIRE_SESSION_FENCED);
    CHECK_IS(taskwire_agent_event_init(&event), TASKWIRE_OK);
    do
        CHECK_IS(taskwire_agent_poll_event(older, &event), TASKWIRE_OK);
    while (event.kind != TASKWIRE_EVENT_FENCED && event.kind != TASKWIRE_EVENT_NONE);
    CHECK_IS(event.kind, TASKWIRE_EVENT_FENCED);
    CHECK_IS(event.epoch, 5);
    CHECK_IS(event.twin, 0);
    CHECK_IS(taskwire_agent_supersede(older, ends.now_us, 4, &epoch), TASKWIRE_ERROR_NOT_FENCED);
    CHECK_IS(taskwire_agent_supersede(older, ends.now_us, ~(uint64_t)0 - 1, &epoch), TASKWIRE_ERROR_NUMBERS_USED_UP);
    CHECK_IS(taskwire_agent_supersede(older, ends.now_us, 5, &epoch), TASKWIRE_OK);
    CHECK_IS(epoch, 6);
    CHECK_IS(taskwire_agent_epoch(older, &epoch), TASKWIRE_OK);
    CHECK_IS(epoch, 6);
    exchange(older, ends.controller, ends.now_us);
    CHECK_IS(taskwire_agent_session(older, &session), TASKWIRE_OK);
    CHECK_IS(session, TASKWIRE_SESSION_OPEN);
    taskwire_agent_free(older);
    pair_free(&ends);
}

static void a_controller_that_is_deposed(void)
{
    pair ends = pair_plain();
    taskwire_controller *former;
    uint8_t frame[1200];
    size_t length = 0;
    unsigned i, refused = 0;

    pair_go_on(&ends, 100000); /* term 1 */
    taskwire_controller_free(ends.controller);
    ends.controller = controller_new(9, 12);
    pair_go_on(&ends, 60000000); /* the lease ends, and term 9 is accepted */
    former = controller_new(2, 13);
    /* The lease ends, the agent asks anew, and the former controller answers. */
    for (i = 0; i < 120 && refused == 0; i++) {
        ends.now_us += 1000000;
        CHECK_IS(taskwire_agent_handle_timeout(ends.agent, ends.now_us), TASKWIRE_OK);
        while (taskwire_agent_poll_transmit(ends.agent, ends.now_us, frame, sizeof frame, &length) == TASKWIRE_OK &&
               length > 0)
            (void)controller_hears(former, ends.now_us, frame, length);
        while ((length = controller_says(former, ends.now_us, frame, sizeof frame)) > 0) {
            taskwire_status status = taskwire_agent_receive(ends.agent, ends.now_us, frame, length);
            if (status != TASKWIRE_OK) {
                CHECK_IS(status, TASKWIRE_ERROR_FRAME_WRONG_IDENTITY);
                refused++;
            }
        }
    }
    CHECK_IS(refused, 1);
    CHECK(says(ends.agent, "WELCOME refused: term 2"));
    taskwire_controller_free(former);
    pair_free(&ends);
}

static void time_that_goes_back_and_time_that_ends(void)
{
    pair ends = pair_plain();
    taskwire_task_id id = numbered(1);
    uint8_t frame[1200];
    size_t length = 0;
    unsigned frames = 0;

    pair_go_on(&ends, 100000);
    CHECK_IS(taskwire_agent_register(ends.agent, 0, &id, NULL, 0, NULL), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_handle_timeout(ends.agent, 0), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_handle_timeout(ends.agent, ~(uint64_t)0), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_handle_timeout(ends.agent, 1), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_running(ends.agent, 1, &id), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_set_wall_clock(ends.agent, 0, ~(uint64_t)0), TASKWIRE_OK);
    CHECK(taskwire_agent_wait_us(ends.agent, ~(uint64_t)0, 10) <= 10);
    /* At the end of the clock, too, there is an end of frames. */
    do
        CHECK_IS(taskwire_agent_poll_transmit(ends.agent, ~(uint64_t)0, frame, sizeof frame, &length), TASKWIRE_OK);
    while (length > 0 && ++frames < 1000);
    CHECK(frames < 1000);
    pair_free(&ends);
}

int main(void)
{
    RUN(configurations_that_are_refused);
    RUN(tasks_that_are_refused);
    RUN(room_that_is_used_up);
    RUN(updates_that_are_refused);
    RUN(buffers_that_are_too_small);
    RUN(frames_that_are_refused);
    RUN(a_frame_of_a_session_that_is_not_this_agents);
    RUN(an_agent_that_is_fenced_and_takes_over);
    RUN(a_controller_that_is_deposed);
    RUN(time_that_goes_back_and_time_that_ends);
    return check_end();
}
