/* What a host of a controller can do wrong: NULL, misaligned pointers, structs that nobody filled, structs of older
 * versions, lengths that no memory has; and a panic inside. Each has its error, and every output is written. */
#include "check.h"

static uint8_t some_bytes[2048];

static void *crooked(void)
{
    static uint64_t room[64];
    memset(room, 0, sizeof room);
    return (uint8_t *)room + 1;
}

/* Every call on an object that gives the same error, whatever else is right. */
static void all_calls_say(taskwire_controller *controller, taskwire_status expected)
{
    taskwire_task_id id = numbered(1);
    taskwire_controller_event event;
    taskwire_task task;
    taskwire_node node;
    uint64_t u64 = 9, other = 9;
    uint32_t u32 = 9;
    size_t length = 9;
    const char *text = "x";
    char words[8] = "before";

    CHECK_IS(taskwire_controller_event_init(&event), TASKWIRE_OK);
    CHECK_IS(taskwire_task_init(&task), TASKWIRE_OK);
    CHECK_IS(taskwire_node_init(&node), TASKWIRE_OK);
    event.kind = 9;
    task.number = 9;
    node.tasks = 9;
    CHECK_IS(taskwire_controller_receive(controller, 0, 1, some_bytes, 10), expected);
    CHECK_IS(taskwire_controller_poll_transmit(controller, 0, some_bytes, sizeof some_bytes, &u64, &length), expected);
    CHECK(u64 == 0 && length == 0);
    CHECK_IS(taskwire_controller_poll_event(controller, &event), expected);
    CHECK_IS(event.kind, TASKWIRE_CONTROLLER_EVENT_NONE);
    length = 9;
    CHECK_IS(taskwire_controller_poll_events(controller, &event, 1, &length), expected);
    CHECK_IS(length, 0);
    u64 = 9;
    CHECK_IS(taskwire_controller_next_timeout(controller, &u32, &u64), expected);
    CHECK(u32 == 0 && u64 == 0);
    length = 9;
    CHECK_IS(taskwire_controller_next_timeout_reason(controller, &text, &length), expected);
    CHECK(text == NULL && length == 0);
    CHECK_IS(taskwire_controller_wait_us(controller, 5, 1234), 1234);
    CHECK_IS(taskwire_controller_handle_timeout(controller, 0), expected);
    CHECK_IS(taskwire_controller_commit(controller, 0, 1, 1), expected);
    CHECK_IS(taskwire_controller_bind_peer(controller, 1, "n"), expected);
    CHECK_IS(taskwire_controller_unbind_peer(controller, 1), expected);
    CHECK_IS(taskwire_controller_give_up(controller, 0, &id), expected);
    CHECK_IS(taskwire_controller_forget_node(controller, 0), expected);
    u32 = 9;
    CHECK_IS(taskwire_controller_node_named(controller, "n", &u32), expected);
    CHECK_IS(u32, 0);
    CHECK_IS(taskwire_controller_node(controller, 0, &node), expected);
    CHECK_IS(node.tasks, 0);
    length = u32 = 9;
    CHECK_IS(taskwire_controller_nodes(controller, 0, &node, 1, &length, &u32), expected);
    CHECK(length == 0 && u32 == 0);
    CHECK_IS(taskwire_controller_task(controller, 0, 0, &id, &task), expected);
    CHECK_IS(task.number, 0);
    length = 9;
    CHECK_IS(taskwire_controller_tasks(controller, 0, 0, 0, &task, 1, &length, &other), expected);
    CHECK(length == 0 && other == 0);
    length = 9;
    CHECK_IS(taskwire_controller_find_task(controller, 0, &id, &task, 1, &length), expected);
    CHECK_IS(length, 0);
    length = 9;
    CHECK_IS(taskwire_controller_metrics(controller, &u64, 1, &length), expected);
    CHECK_IS(length, 0);
    length = 9;
    CHECK_IS(taskwire_controller_last_error(controller, words, sizeof words, &length), expected);
    CHECK(length == 0 && words[0] == '\0');
}

static void no_object_or_a_crooked_one(void)
{
    all_calls_say(NULL, TASKWIRE_ERROR_NULL_POINTER);
    all_calls_say((taskwire_controller *)crooked(), TASKWIRE_ERROR_MISALIGNED);
    taskwire_controller_free(NULL);
    taskwire_controller_free((taskwire_controller *)crooked());
}

static void a_panic_poisons_the_controller_and_no_other(void)
{
    pair ends = pair_plain(), others = pair_plain();

    pair_go_on(&ends, 100000);
    CHECK_IS(taskwire_testing_panic_in_controller_change(ends.controller), TASKWIRE_ERROR_PANICKED);
    all_calls_say(ends.controller, TASKWIRE_ERROR_PANICKED);
    CHECK_IS(taskwire_testing_panic_in_controller_look(others.controller), TASKWIRE_ERROR_PANICKED);
    all_calls_say(others.controller, TASKWIRE_ERROR_PANICKED);
    CHECK_IS(taskwire_agent_handle_timeout(ends.agent, ends.now_us), TASKWIRE_OK);
    pair_free(&ends); /* nothing leaks, and nothing is freed twice */
    pair_free(&others);
}

static void null_where_there_must_be_something_else(void)
{
    pair ends = pair_plain();
    taskwire_controller *controller = ends.controller, *none = ends.controller;
    taskwire_task_id id = numbered(1);
    taskwire_task task;
    taskwire_node node;
    size_t length = 9;
    uint32_t u32 = 9;
    uint64_t u64 = 9;
    const char *text = "x";
    char words[64];
    const taskwire_status null = TASKWIRE_ERROR_NULL_POINTER;

    CHECK_IS(taskwire_controller_config_init_sized(NULL, 32), null);
    CHECK_IS(taskwire_controller_event_init_sized(NULL, 304), null);
    CHECK_IS(taskwire_node_init_sized(NULL, 176), null);
    CHECK_IS(taskwire_controller_new(NULL, &none), null);
    CHECK(none == NULL);
    CHECK_IS(taskwire_controller_config_check(NULL, words, sizeof words, &length), null);
    CHECK(length > 0);
    CHECK_IS(taskwire_task_init(&task), TASKWIRE_OK);
    CHECK_IS(taskwire_node_init(&node), TASKWIRE_OK);
    CHECK_IS(taskwire_controller_receive(controller, 0, 1, NULL, 3), null);
    CHECK_IS(taskwire_controller_poll_transmit(controller, 0, NULL, 1200, &u64, &length), null);
    CHECK_IS(taskwire_controller_poll_transmit(controller, 0, some_bytes, 1200, NULL, &length), null);
    CHECK_IS(taskwire_controller_poll_transmit(controller, 0, some_bytes, 1200, &u64, NULL), null);
    CHECK_IS(taskwire_controller_poll_event(controller, NULL), null);
    CHECK_IS(taskwire_controller_poll_events(controller, NULL, 1, &length), null);
    CHECK_IS(taskwire_controller_poll_events(controller, NULL, 0, &length), TASKWIRE_OK);
    CHECK_IS(taskwire_controller_poll_events(controller, NULL, 0, NULL), null);
    CHECK_IS(taskwire_controller_next_timeout(controller, NULL, &u64), null);
    CHECK_IS(taskwire_controller_next_timeout(controller, &u32, NULL), null);
    CHECK_IS(taskwire_controller_next_timeout_reason(controller, NULL, &length), null);
    CHECK_IS(taskwire_controller_next_timeout_reason(controller, &text, NULL), null);
    CHECK(text == NULL);
    CHECK_IS(taskwire_controller_bind_peer(controller, 1, NULL), null);
    CHECK_IS(taskwire_controller_give_up(controller, 0, NULL), null);
    CHECK_IS(taskwire_controller_node_named(controller, NULL, &u32), null);
    CHECK_IS(taskwire_controller_node_named(controller, "n", NULL), null);
    CHECK_IS(taskwire_controller_node(controller, 0, NULL), null);
    CHECK_IS(taskwire_controller_nodes(controller, 0, NULL, 1, &length, &u32), null);
    CHECK_IS(taskwire_controller_nodes(controller, 0, NULL, 0, &length, &u32), TASKWIRE_OK);
    CHECK_IS(taskwire_controller_nodes(controller, 0, &node, 1, NULL, &u32), null);
    CHECK_IS(taskwire_controller_nodes(controller, 0, &node, 1, &length, NULL), null);
    CHECK_IS(taskwire_controller_task(controller, 0, 0, NULL, &task), null);
    CHECK_IS(taskwire_controller_task(controller, 0, 0, &id, NULL), null);
    CHECK_IS(taskwire_controller_tasks(controller, 0, 0, 0, NULL, 1, &length, &u64), null);
    CHECK_IS(taskwire_controller_tasks(controller, 0, 0, 0, &task, 1, NULL, &u64), null);
    CHECK_IS(taskwire_controller_tasks(controller, 0, 0, 0, &task, 1, &length, NULL), null);
    CHECK_IS(taskwire_controller_find_task(controller, 0, NULL, &task, 1, &length), null);
    CHECK_IS(taskwire_controller_find_task(controller, 0, &id, NULL, 1, &length), null);
    CHECK_IS(taskwire_controller_find_task(controller, 0, &id, &task, 1, NULL), null);
    CHECK_IS(taskwire_controller_metrics(controller, NULL, 1, &length), null);
    CHECK_IS(taskwire_controller_metrics(controller, &u64, 1, NULL), null);
    CHECK_IS(taskwire_controller_openmetrics(controller, NULL, 9, &length), null);
    CHECK_IS(taskwire_controller_openmetrics(controller, NULL, 0, NULL), null);
    CHECK_IS(taskwire_controller_openmetrics(NULL, NULL, 0, &length), null);
    CHECK_IS(taskwire_controller_openmetrics(controller, NULL, 0, &length), TASKWIRE_ERROR_BUFFER_TOO_SMALL);
    CHECK_IS(taskwire_controller_metrics(controller, NULL, 0, &length), TASKWIRE_OK);
    CHECK_IS(taskwire_controller_last_error(controller, NULL, 1, &length), null);
    CHECK(taskwire_controller_metric_name(taskwire_controller_metric_count()) == NULL);
    pair_free(&ends);
}

static void structs_and_lengths_that_cannot_be(void)
{
    pair ends = pair_plain();
    taskwire_controller *none = NULL;
    const uint32_t wrong[] = {0, 1, 8, 30, 33, 0xAAAAAAAAu, 0xFFFFFFF8u};
    const size_t huge = ~(size_t)0;
    taskwire_task_id id = numbered(1);
    taskwire_controller_event event;
    taskwire_node node;
    taskwire_task task;
    size_t count = 9;
    uint32_t next = 9;
    uint64_t u64 = 9;
    char words[4];
    unsigned i;

    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        taskwire_controller_config config;
        CHECK_IS(taskwire_controller_config_init(&config), TASKWIRE_OK);
        config.name = "n";
        config.term = 1;
        memset(&event, 0x55, sizeof event);
        config.struct_size = event.struct_size = node.struct_size = task.struct_size = wrong[i];
        CHECK_IS(taskwire_controller_new(&config, &none), TASKWIRE_ERROR_STRUCT_SIZE);
        CHECK(none == NULL);
        CHECK_IS(taskwire_controller_poll_event(ends.controller, &event), TASKWIRE_ERROR_STRUCT_SIZE);
        CHECK_IS(event.kind, 0x55555555); /* not touched: nobody knows how large it is */
        CHECK_IS(taskwire_controller_poll_events(ends.controller, &event, 1, &count), TASKWIRE_ERROR_STRUCT_SIZE);
        CHECK_IS(taskwire_controller_node(ends.controller, 0, &node), TASKWIRE_ERROR_STRUCT_SIZE);
        CHECK_IS(taskwire_controller_nodes(ends.controller, 0, &node, 1, &count, &next), TASKWIRE_ERROR_STRUCT_SIZE);
        CHECK_IS(taskwire_controller_task(ends.controller, 0, 0, &id, &task), TASKWIRE_ERROR_STRUCT_SIZE);
        CHECK_IS(taskwire_controller_tasks(ends.controller, 0, 0, 0, &task, 1, &count, &u64),
                 TASKWIRE_ERROR_STRUCT_SIZE);
        CHECK_IS(taskwire_controller_config_init_sized(&config, wrong[i]), TASKWIRE_ERROR_STRUCT_SIZE);
        CHECK_IS(taskwire_controller_event_init_sized(&event, wrong[i]), TASKWIRE_ERROR_STRUCT_SIZE);
        CHECK_IS(taskwire_node_init_sized(&node, wrong[i]), TASKWIRE_ERROR_STRUCT_SIZE);
    }
    CHECK_IS(taskwire_controller_event_init(&event), TASKWIRE_OK);
    CHECK_IS(taskwire_node_init(&node), TASKWIRE_OK);
    CHECK_IS(taskwire_task_init(&task), TASKWIRE_OK);
    CHECK_IS(taskwire_controller_receive(ends.controller, 0, 1, some_bytes, huge), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_controller_poll_transmit(ends.controller, 0, some_bytes, huge, &u64, &count),
             TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_controller_poll_events(ends.controller, &event, huge, &count), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_controller_nodes(ends.controller, 0, &node, huge, &count, &next), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_controller_tasks(ends.controller, 0, 0, 0, &task, huge, &count, &u64), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_controller_find_task(ends.controller, 0, &id, &task, huge, &count), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_controller_metrics(ends.controller, &u64, huge, &count), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_controller_last_error(ends.controller, words, huge, &count), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(count, 0);
    pair_free(&ends);
}

/* A program that was built when the structs were smaller: a byte behind them is a fault. */
static void structs_of_an_older_version(void)
{
    const size_t config_size = offsetof(taskwire_controller_config, wall_clock_offset_ms);
    const size_t event_size = offsetof(taskwire_controller_event, name);
    const size_t task_size = offsetof(taskwire_task, has_trace);
    taskwire_controller_config *config = (taskwire_controller_config *)malloc(config_size);
    uint8_t *events = (uint8_t *)malloc(3 * event_size);
    uint8_t *tasks = (uint8_t *)malloc(2 * task_size);
    pair ends = pair_plain();
    taskwire_task_id id = numbered(1);
    taskwire_controller *controller = NULL;
    size_t count = 0, i;
    uint64_t cursor = 0;

    CHECK_IS(taskwire_controller_config_init_sized(config, config_size), TASKWIRE_OK);
    config->name = "old";
    config->term = 1;
    config->seed = 1;
    CHECK_IS(taskwire_controller_new(config, &controller), TASKWIRE_OK);
    taskwire_controller_free(ends.controller);
    ends.controller = controller;
    CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &id, "m", 1, NULL), TASKWIRE_OK);
    pair_until_durable(&ends);
    CHECK_IS(taskwire_task_init_sized((taskwire_task *)(void *)tasks, task_size), TASKWIRE_OK);
    CHECK_IS(taskwire_controller_tasks(controller, 0, 0, 0, (taskwire_task *)(void *)tasks, 2, &count, &cursor),
             TASKWIRE_OK);
    CHECK_IS(count, 1);
    CHECK_IS(((taskwire_task *)(void *)tasks)->metadata_length, 1);
    CHECK_IS(taskwire_controller_event_init_sized((taskwire_controller_event *)(void *)events, event_size),
             TASKWIRE_OK);
    CHECK_IS(taskwire_controller_poll_events(controller, (taskwire_controller_event *)(void *)events, 3, &count),
             TASKWIRE_OK);
    for (i = 0; i < 3; i++)
        CHECK_IS(((taskwire_controller_event *)(void *)(events + i * event_size))->struct_size, event_size);
    pair_free(&ends);
    free(config);
    free(events);
    free(tasks);
}

int main(void)
{
    memset(some_bytes, 0, sizeof some_bytes);
    RUN(no_object_or_a_crooked_one);
    RUN(a_panic_poisons_the_controller_and_no_other);
    RUN(null_where_there_must_be_something_else);
    RUN(structs_and_lengths_that_cannot_be);
    RUN(structs_of_an_older_version);
    return check_end();
}
