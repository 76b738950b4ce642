/* What a caller can do wrong: NULL, misaligned pointers, structs that nobody filled, structs of older and newer
 * versions. Each has its error, and every output is written. */
#include "check.h"

static uint8_t some_bytes[4096];

/* A pointer that is aligned for nothing that is larger than a byte. */
static void *crooked(void)
{
    static uint64_t room[64];
    memset(room, 0, sizeof room);
    return (uint8_t *)room + 1;
}

static void null_where_there_must_be_an_object(void)
{
    taskwire_task_id id = numbered(1);
    taskwire_agent_event event;
    taskwire_sync_state sync;
    taskwire_task task;
    taskwire_update update;
    uint64_t u64 = 9;
    uint32_t u32 = 9, other = 9;
    size_t length = 9;
    const char *text = "x";
    const uint8_t *frame = some_bytes;
    char words[8] = "before";

    CHECK_IS(taskwire_agent_event_init(&event), TASKWIRE_OK);
    CHECK_IS(taskwire_sync_state_init(&sync), TASKWIRE_OK);
    CHECK_IS(taskwire_task_init(&task), TASKWIRE_OK);
    CHECK_IS(taskwire_update_init(&update), TASKWIRE_OK);
    event.kind = 9;
    sync.undurable = 9;
    task.number = 9;

    CHECK_IS(taskwire_agent_register(NULL, 0, &id, "m", 1, &u64), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(u64, 0);
    CHECK_IS(taskwire_agent_running(NULL, 0, &id), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_agent_progress(NULL, 0, &id, 1), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_agent_detail(NULL, 0, &id, 1, "m", 1), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_agent_succeeded(NULL, 0, &id, 0, 0), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_agent_failed(NULL, 0, &id, 0, 0, 0), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_agent_cancelled(NULL, 0, &id, 0), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_agent_retry(NULL, 0, &id), TASKWIRE_ERROR_NULL_POINTER);
    u64 = 9;
    CHECK_IS(taskwire_agent_transition(NULL, 0, &id, TASKWIRE_STATE_RUNNING, NULL, &u64),
             TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(u64, 0);
    CHECK_IS(taskwire_agent_forget(NULL, 0, &id), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_agent_update(NULL, 0, &update, 1, &length), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(length, 0);
    CHECK_IS(taskwire_agent_receive(NULL, 0, some_bytes, 10), TASKWIRE_ERROR_NULL_POINTER);
    length = 9;
    CHECK_IS(taskwire_agent_poll_transmit(NULL, 0, some_bytes, sizeof some_bytes, &length),
             TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(length, 0);
    CHECK_IS(taskwire_agent_poll_event(NULL, &event), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(event.kind, TASKWIRE_EVENT_NONE);
    CHECK_IS(event.struct_size, sizeof event);
    length = 9;
    CHECK_IS(taskwire_agent_poll_events(NULL, &event, 1, &length), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(length, 0);
    u64 = 9;
    CHECK_IS(taskwire_agent_next_timeout(NULL, &u32, &u64), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(u32, 0);
    CHECK_IS(u64, 0);
    length = 9;
    CHECK_IS(taskwire_agent_next_timeout_reason(NULL, &text, &length), TASKWIRE_ERROR_NULL_POINTER);
    CHECK(text == NULL && length == 0);
    CHECK_IS(taskwire_agent_wait_us(NULL, 5, 1234), 1234);
    CHECK_IS(taskwire_agent_handle_timeout(NULL, 0), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_agent_goodbye(NULL, 0), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_agent_goodbye_until(NULL, 0, 1), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_agent_sleep_for(NULL, 0, 1), TASKWIRE_ERROR_NULL_POINTER);
    length = 9;
    CHECK_IS(taskwire_agent_last_will(NULL, (uint8_t *)&u64, sizeof u64, &length), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(length, 0);
    u64 = 9;
    CHECK_IS(taskwire_agent_supersede(NULL, 0, 5, &u64), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(u64, 0);
    CHECK_IS(taskwire_agent_set_wall_clock(NULL, 0, 0), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_agent_is_durable(NULL), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_agent_sync_state(NULL, &sync), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(sync.undurable, 0);
    u32 = 9;
    u64 = 9;
    CHECK_IS(taskwire_agent_lease(NULL, 0, &u32, &u64), TASKWIRE_ERROR_NULL_POINTER);
    CHECK(u32 == 0 && u64 == 0);
    u32 = 9;
    CHECK_IS(taskwire_agent_session(NULL, &u32), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(u32, 0);
    u64 = 9;
    CHECK_IS(taskwire_agent_epoch(NULL, &u64), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(u64, 0);
    CHECK_IS(taskwire_agent_task(NULL, &id, &task), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(task.number, 0);
    length = 9;
    CHECK_IS(taskwire_agent_tasks(NULL, 0, &task, 1, &length, &other), TASKWIRE_ERROR_NULL_POINTER);
    CHECK(length == 0 && other == 0);
    length = 9;
    CHECK_IS(taskwire_agent_metrics(NULL, &u64, 1, &length), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(length, 0);
    length = 9;
    CHECK_IS(taskwire_agent_last_error(NULL, words, sizeof words, &length), TASKWIRE_ERROR_NULL_POINTER);
    CHECK(length == 0 && words[0] == '\0');
    length = 9;
    CHECK_IS(taskwire_framer_push(NULL, some_bytes, 1, &length), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(length, 0);
    length = 9;
    CHECK_IS(taskwire_framer_next(NULL, &frame, &length), TASKWIRE_ERROR_NULL_POINTER);
    CHECK(frame == NULL && length == 0);
    taskwire_agent_free(NULL);
    taskwire_framer_free(NULL);
}

static void null_where_there_must_be_something_else(void)
{
    pair ends = pair_plain();
    taskwire_task_id id = numbered(1);
    taskwire_agent *none = ends.agent;
    taskwire_task task;
    size_t length = 9;
    uint32_t u32 = 9;
    uint64_t u64 = 9;
    const char *text = "x";
    char words[64];
    const taskwire_status null = TASKWIRE_ERROR_NULL_POINTER;

    CHECK_IS(taskwire_agent_config_init_sized(NULL, 32), null);
    CHECK_IS(taskwire_report_init_sized(NULL, 64), null);
    CHECK_IS(taskwire_update_init_sized(NULL, 112), null);
    CHECK_IS(taskwire_agent_event_init_sized(NULL, 72), null);
    CHECK_IS(taskwire_sync_state_init_sized(NULL, 64), null);
    CHECK_IS(taskwire_task_init_sized(NULL, 144), null);
    CHECK_IS(taskwire_agent_new(NULL, &none), null);
    CHECK(none == NULL);
    CHECK_IS(taskwire_agent_config_check(NULL, words, sizeof words, &length), null);
    CHECK(length > 0 && strlen(words) == (length < sizeof words ? length : sizeof words - 1));
    CHECK_IS(taskwire_task_id_from_text(NULL, &id), null);
    CHECK_IS(taskwire_task_id_from_text("", NULL), null);
    CHECK_IS(taskwire_task_id_to_text(NULL, words, sizeof words), null);
    CHECK_IS(taskwire_task_id_to_text(&id, NULL, sizeof words), null);

    id = numbered(1);
    CHECK_IS(taskwire_agent_register(ends.agent, 0, NULL, NULL, 0, &u64), null);
    CHECK_IS(u64, 0);
    CHECK_IS(taskwire_agent_register(ends.agent, 0, &id, NULL, 1, NULL), null);
    CHECK_IS(taskwire_agent_running(ends.agent, 0, NULL), null);
    CHECK_IS(taskwire_agent_progress(ends.agent, 0, NULL, 1), null);
    CHECK_IS(taskwire_agent_detail(ends.agent, 0, NULL, 1, NULL, 0), null);
    CHECK_IS(taskwire_agent_detail(ends.agent, 0, &id, 1, NULL, 3), null);
    CHECK_IS(taskwire_agent_succeeded(ends.agent, 0, NULL, 0, 0), null);
    CHECK_IS(taskwire_agent_failed(ends.agent, 0, NULL, 0, 0, 0), null);
    CHECK_IS(taskwire_agent_cancelled(ends.agent, 0, NULL, 0), null);
    CHECK_IS(taskwire_agent_retry(ends.agent, 0, NULL), null);
    CHECK_IS(taskwire_agent_transition(ends.agent, 0, NULL, 200, NULL, NULL), null);
    CHECK_IS(taskwire_agent_forget(ends.agent, 0, NULL), null);
    CHECK_IS(taskwire_agent_update(ends.agent, 0, NULL, 3, &length), null);
    CHECK_IS(length, 0);
    CHECK_IS(taskwire_agent_update(ends.agent, 0, NULL, 0, NULL), null);
    CHECK_IS(taskwire_agent_update(ends.agent, 0, NULL, 0, &length), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_receive(ends.agent, 0, NULL, 3), null);
    CHECK_IS(taskwire_agent_poll_transmit(ends.agent, 0, NULL, 1200, &length), null);
    CHECK_IS(taskwire_agent_poll_transmit(ends.agent, 0, some_bytes, 1200, NULL), null);
    CHECK_IS(taskwire_agent_poll_event(ends.agent, NULL), null);
    CHECK_IS(taskwire_agent_poll_events(ends.agent, NULL, 1, &length), null);
    CHECK_IS(taskwire_agent_poll_events(ends.agent, NULL, 0, &length), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_poll_events(ends.agent, NULL, 0, NULL), null);
    CHECK_IS(taskwire_agent_next_timeout(ends.agent, NULL, &u64), null);
    CHECK_IS(taskwire_agent_next_timeout(ends.agent, &u32, NULL), null);
    CHECK_IS(u32, 0);
    CHECK_IS(taskwire_agent_next_timeout_reason(ends.agent, NULL, &length), null);
    CHECK_IS(taskwire_agent_next_timeout_reason(ends.agent, &text, NULL), null);
    CHECK(text == NULL);
    CHECK_IS(taskwire_agent_sync_state(ends.agent, NULL), null);
    CHECK_IS(taskwire_agent_lease(ends.agent, 0, NULL, &u64), null);
    CHECK_IS(taskwire_agent_session(ends.agent, NULL), null);
    CHECK_IS(taskwire_agent_epoch(ends.agent, NULL), null);
    CHECK_IS(taskwire_task_init(&task), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_task(ends.agent, NULL, &task), null);
    CHECK_IS(taskwire_agent_task(ends.agent, &id, NULL), null);
    CHECK_IS(taskwire_agent_tasks(ends.agent, 0, NULL, 1, &length, &u32), null);
    CHECK_IS(taskwire_agent_tasks(ends.agent, 0, &task, 1, NULL, &u32), null);
    CHECK_IS(taskwire_agent_tasks(ends.agent, 0, &task, 1, &length, NULL), null);
    CHECK_IS(taskwire_agent_tasks(ends.agent, 0, NULL, 0, &length, &u32), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_metrics(ends.agent, NULL, 1, &length), null);
    CHECK_IS(taskwire_agent_metrics(ends.agent, &u64, 1, NULL), null);
    CHECK_IS(taskwire_agent_openmetrics(ends.agent, 0, NULL, 9, &length), null);
    CHECK_IS(taskwire_agent_openmetrics(ends.agent, 0, NULL, 0, NULL), null);
    CHECK_IS(taskwire_agent_openmetrics(NULL, 0, NULL, 0, &length), null);
    CHECK_IS(taskwire_agent_openmetrics(ends.agent, 0, NULL, 0, &length), TASKWIRE_ERROR_BUFFER_TOO_SMALL);
    CHECK_IS(taskwire_agent_last_error(ends.agent, NULL, 1, &length), null);
    CHECK_IS(taskwire_agent_last_error(ends.agent, NULL, 0, NULL), TASKWIRE_OK);
    CHECK_IS(taskwire_framer_new(TASKWIRE_FRAMER_LENGTH, 1200, NULL), null);
    CHECK_IS(taskwire_framer_wrap(TASKWIRE_FRAMER_LENGTH, NULL, 100, some_bytes, sizeof some_bytes, &length), null);
    CHECK_IS(taskwire_framer_wrap(TASKWIRE_FRAMER_LENGTH, some_bytes, 100, NULL, 1000, &length), null);
    CHECK_IS(taskwire_framer_wrap(TASKWIRE_FRAMER_LENGTH, some_bytes, 100, some_bytes + 1000, 1000, NULL), null);
    CHECK(taskwire_agent_metric_name(taskwire_agent_metric_count()) == NULL);
    pair_free(&ends);
}

static void misaligned_pointers(void)
{
    pair ends = pair_plain();
    taskwire_agent_config config = pair_config("n", 1);
    const taskwire_status misaligned = TASKWIRE_ERROR_MISALIGNED;
    taskwire_agent *agent = NULL;
    uint32_t u32 = 9;

    CHECK_IS(taskwire_agent_config_init_sized((taskwire_agent_config *)crooked(), sizeof config), misaligned);
    CHECK_IS(taskwire_agent_new((const taskwire_agent_config *)crooked(), &agent), misaligned);
    CHECK_IS(taskwire_agent_new(&config, (taskwire_agent **)crooked()), misaligned);
    CHECK_IS(taskwire_agent_epoch(ends.agent, (uint64_t *)crooked()), misaligned);
    CHECK_IS(taskwire_agent_epoch((const taskwire_agent *)crooked(), NULL), misaligned);
    CHECK_IS(taskwire_agent_handle_timeout((taskwire_agent *)crooked(), 0), misaligned);
    CHECK_IS(taskwire_agent_next_timeout(ends.agent, &u32, (uint64_t *)crooked()), misaligned);
    CHECK_IS(u32, 0);
    CHECK_IS(taskwire_agent_poll_event(ends.agent, (taskwire_agent_event *)crooked()), misaligned);
    taskwire_agent_free((taskwire_agent *)crooked());
    pair_free(&ends);
}

static void structs_that_nobody_filled(void)
{
    pair ends = pair_plain();
    const taskwire_status size = TASKWIRE_ERROR_STRUCT_SIZE;
    const uint32_t wrong[] = {0, 1, 8, 30, 33, 0xAAAAAAAAu, 0xFFFFFFF8u};
    taskwire_task_id id = numbered(1);
    taskwire_agent *agent = ends.agent;
    unsigned i;

    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        taskwire_agent_config config = pair_config("n", 1);
        taskwire_report report;
        taskwire_update updates[2];
        taskwire_agent_event event;
        taskwire_sync_state sync;
        taskwire_task task;
        size_t count = 9;
        uint32_t next = 9;

        memset(&event, 0x55, sizeof event);
        CHECK_IS(taskwire_report_init(&report), TASKWIRE_OK);
        CHECK_IS(taskwire_update_init(&updates[0]), TASKWIRE_OK);
        CHECK_IS(taskwire_update_init(&updates[1]), TASKWIRE_OK);
        CHECK_IS(taskwire_sync_state_init(&sync), TASKWIRE_OK);
        CHECK_IS(taskwire_task_init(&task), TASKWIRE_OK);
        config.struct_size = report.struct_size = event.struct_size = sync.struct_size = task.struct_size = wrong[i];
        CHECK_IS(taskwire_agent_new(&config, &agent), size);
        CHECK(agent == NULL);
        CHECK_IS(taskwire_agent_transition(ends.agent, 0, &id, 200, &report, NULL), size);
        CHECK_IS(taskwire_agent_poll_event(ends.agent, &event), size);
        CHECK_IS(event.kind, 0x55555555); /* not touched: nobody knows how large it is */
        CHECK_IS(taskwire_agent_poll_events(ends.agent, &event, 1, &count), size);
        CHECK_IS(count, 0);
        CHECK_IS(taskwire_agent_sync_state(ends.agent, &sync), size);
        CHECK_IS(taskwire_agent_task(ends.agent, &id, &task), size);
        CHECK_IS(taskwire_agent_tasks(ends.agent, 0, &task, 1, &count, &next), size);
        CHECK_IS(next, 0);

        updates[0].kind = TASKWIRE_UPDATE_REGISTER;
        updates[0].task = numbered(100 + i);
        updates[1].struct_size = wrong[i]; /* the second differs from the first */
        CHECK_IS(taskwire_agent_update(ends.agent, 0, updates, 2, &count), size);
        CHECK_IS(count, 1);
        updates[0].struct_size = wrong[i];
        CHECK_IS(taskwire_agent_update(ends.agent, 0, updates, 1, &count), size);
        CHECK_IS(count, 0);
        CHECK_IS(taskwire_agent_config_init_sized(&config, wrong[i]), size);
        CHECK_IS(taskwire_report_init_sized(&report, wrong[i]), size);
        CHECK_IS(taskwire_update_init_sized(&updates[0], wrong[i]), size);
        CHECK_IS(taskwire_agent_event_init_sized(&event, wrong[i]), size);
        CHECK_IS(taskwire_sync_state_init_sized(&sync, wrong[i]), size);
        CHECK_IS(taskwire_task_init_sized(&task, wrong[i]), size);
    }
    pair_free(&ends);
}

/* A program that was built when the structs were smaller: its structs are on the heap in their old size, so that a byte
 * behind them is a fault. */
static void structs_of_an_older_version(void)
{
    taskwire_agent_config *config =
        (taskwire_agent_config *)malloc(offsetof(taskwire_agent_config, wall_clock_offset_ms));
    taskwire_report *report = (taskwire_report *)malloc(offsetof(taskwire_report, has_trace));
    const size_t event_size = offsetof(taskwire_agent_event, limit);
    uint8_t *events = (uint8_t *)malloc(3 * event_size);
    taskwire_task *task = (taskwire_task *)malloc(offsetof(taskwire_task, has_trace));
    const size_t update_size = offsetof(taskwire_update, trace);
    uint8_t *updates = (uint8_t *)malloc(2 * update_size);
    taskwire_task_id id = numbered(1);
    taskwire_agent *agent = NULL;
    uint8_t frame[1200];
    size_t length = 0, count = 0, i;

    CHECK_IS(taskwire_agent_config_init_sized(config, offsetof(taskwire_agent_config, wall_clock_offset_ms)),
             TASKWIRE_OK);
    config->node = "old";
    config->epoch = 3;
    config->seed = 4;
    CHECK_IS(taskwire_agent_new(config, &agent), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_poll_transmit(agent, 5, frame, sizeof frame, &length), TASKWIRE_OK);
    CHECK(length > 0);
    for (i = 0; i < 2; i++) {
        taskwire_update *update = (taskwire_update *)(void *)(updates + i * update_size);
        CHECK_IS(taskwire_update_init_sized(update, update_size), TASKWIRE_OK);
        update->kind = i == 0 ? TASKWIRE_UPDATE_REGISTER : TASKWIRE_UPDATE_TRANSITION;
        update->task = id;
        update->state = TASKWIRE_STATE_RUNNING;
    }
    CHECK_IS(taskwire_agent_update(agent, 5, (taskwire_update *)(void *)updates, 2, &count), TASKWIRE_OK);
    CHECK_IS(count, 2);
    CHECK_IS(taskwire_report_init_sized(report, offsetof(taskwire_report, has_trace)), TASKWIRE_OK);
    report->reason = TASKWIRE_REASON_TIMED_OUT;
    CHECK_IS(taskwire_agent_transition(agent, 6, &id, TASKWIRE_STATE_FAILED, report, NULL), TASKWIRE_OK);
    CHECK_IS(taskwire_task_init_sized(task, offsetof(taskwire_task, has_trace)), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_task(agent, &id, task), TASKWIRE_OK);
    CHECK_IS(task->struct_size, offsetof(taskwire_task, has_trace));
    CHECK_IS(task->reason, TASKWIRE_REASON_TIMED_OUT);
    CHECK_IS(taskwire_agent_event_init_sized((taskwire_agent_event *)(void *)events, event_size), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_poll_events(agent, (taskwire_agent_event *)(void *)events, 3, &count), TASKWIRE_OK);
    CHECK(count <= 3);
    for (i = 0; i < 3; i++)
        CHECK_IS(((taskwire_agent_event *)(void *)(events + i * event_size))->struct_size, event_size);
    taskwire_agent_free(agent);
    free(config);
    free(report);
    free(events);
    free(task);
    free(updates);
}

/* A program that was built when the structs were larger, with this library. */
static void structs_of_a_newer_version(void)
{
    struct {
        taskwire_agent_config config;
        uint64_t later;
    } given;
    struct {
        taskwire_sync_state state;
        uint64_t later;
    } asked;
    taskwire_agent *agent = NULL;

    CHECK_IS(taskwire_agent_config_init_sized(&given.config, sizeof given), TASKWIRE_OK);
    CHECK_IS(given.config.struct_size, sizeof given);
    CHECK_IS(given.later, 0);
    given.config.node = "new";
    given.config.epoch = 1;
    given.later = 1; /* a wish that this library does not understand is not passed over */
    CHECK_IS(taskwire_agent_new(&given.config, &agent), TASKWIRE_ERROR_STRUCT_SIZE);
    given.later = 0;
    CHECK_IS(taskwire_agent_new(&given.config, &agent), TASKWIRE_OK);
    CHECK_IS(taskwire_sync_state_init_sized(&asked.state, sizeof asked), TASKWIRE_OK);
    asked.later = 7;
    CHECK_IS(taskwire_agent_sync_state(agent, &asked.state), TASKWIRE_OK);
    CHECK_IS(asked.later, 0);
    CHECK_IS(asked.state.struct_size, sizeof asked);
    taskwire_agent_free(agent);
}

static void lengths_that_no_memory_has(void)
{
    pair ends = pair_plain();
    taskwire_task_id id = numbered(1);
    taskwire_agent_event event;
    taskwire_task task;
    taskwire_update update;
    size_t count = 9;
    uint32_t next = 9;
    char words[4];
    const size_t huge = ~(size_t)0;
    const taskwire_status argument = TASKWIRE_ERROR_ARGUMENT;

    CHECK_IS(taskwire_agent_event_init(&event), TASKWIRE_OK);
    CHECK_IS(taskwire_task_init(&task), TASKWIRE_OK);
    CHECK_IS(taskwire_update_init(&update), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_register(ends.agent, 0, &id, some_bytes, huge, NULL), argument);
    CHECK_IS(taskwire_agent_receive(ends.agent, 0, some_bytes, huge), argument);
    CHECK_IS(taskwire_agent_poll_transmit(ends.agent, 0, some_bytes, huge, &count), argument);
    CHECK_IS(taskwire_agent_poll_events(ends.agent, &event, huge, &count), argument);
    CHECK_IS(taskwire_agent_poll_events(ends.agent, &event, huge / 16, &count), argument);
    CHECK_IS(taskwire_agent_tasks(ends.agent, 0, &task, huge, &count, &next), argument);
    CHECK_IS(taskwire_agent_update(ends.agent, 0, &update, huge, &count), argument);
    CHECK_IS(taskwire_agent_metrics(ends.agent, (uint64_t *)(void *)&event, huge, &count), argument);
    CHECK_IS(taskwire_agent_last_error(ends.agent, words, huge, &count), argument);
    CHECK_IS(count, 0);
    pair_free(&ends);
}

int main(void)
{
    RUN(null_where_there_must_be_an_object);
    RUN(null_where_there_must_be_something_else);
    RUN(misaligned_pointers);
    RUN(structs_that_nobody_filled);
    RUN(structs_of_an_older_version);
    RUN(structs_of_a_newer_version);
    RUN(lengths_that_no_memory_has);
    return check_end();
}
