/* Watching a controller's view from C: a copy kept by effects equals the view, filtered or not; an empty answer names its
 * revision; one that is too old, of the future or of another incarnation has its status. */
#include "check.h"
#include "running.h"

#define MOST 64

/* A watcher with its copy: which tasks there are, in which states. */
typedef struct watcher {
    taskwire_filter *filter; /* NULL for everything */
    taskwire_view_revision at;
    uint32_t states[MOST]; /* by number; 0: not there */
    unsigned transitions, details;
} watcher;

static unsigned number_of(const taskwire_task_id *id)
{
    return id->bytes[15] % MOST;
}

static void start_over(watcher *it, const taskwire_controller *controller)
{
    memset(it->states, 0, sizeof it->states);
    CHECK_IS(taskwire_controller_view_revision(controller, it->filter, &it->at, NULL), TASKWIRE_OK);
}

/* Reads all there is, `step` changes at a time; 0 if it has to start over. */
static int reads(watcher *it, const taskwire_controller *controller, size_t step)
{
    taskwire_change changes[8];
    taskwire_task tasks[8];
    size_t count = 0, i;
    CHECK_IS(taskwire_change_init(&changes[0]), TASKWIRE_OK);
    CHECK_IS(taskwire_task_init(&tasks[0]), TASKWIRE_OK);
    do {
        taskwire_status status = taskwire_controller_changes_since(controller, 0, &it->at, it->filter, changes, tasks,
                                                                   step, &count, &it->at);
        if (status != TASKWIRE_OK) {
            CHECK(it->at.revision == 0 && count == 0);
            CHECK_IS(status, TASKWIRE_ERROR_COMPACTED);
            return 0;
        }
        for (i = 0; i < count; i++) {
            CHECK_IS(changes[i].struct_size, sizeof changes[i]);
            it->transitions += changes[i].happening == TASKWIRE_HAPPENING_MOVED;
            it->details += changes[i].happening == TASKWIRE_HAPPENING_DETAIL_SHOWN;
            switch (changes[i].effect) {
            case TASKWIRE_EFFECT_TASK:
                CHECK(memcmp(&tasks[i].id, &changes[i].task, sizeof tasks[i].id) == 0);
                CHECK_IS(tasks[i].node, changes[i].node);
                it->states[number_of(&tasks[i].id)] = tasks[i].state;
                break;
            case TASKWIRE_EFFECT_TASK_GONE:
                it->states[number_of(&changes[i].task)] = 0;
                break;
            case TASKWIRE_EFFECT_NODE_GONE:
                memset(it->states, 0, sizeof it->states);
                break;
            case TASKWIRE_EFFECT_NODE:
                break;
            default:
                CHECK_IS(changes[i].effect, TASKWIRE_EFFECT_TASK);
            }
        }
    } while (count == step);
    return 1;
}

/* The copy is what the view has, as far as the states are wanted. */
static void equals(const watcher *it, const pair *ends, uint32_t only)
{
    uint32_t expected[MOST] = {0};
    taskwire_task tasks[7];
    size_t count = 0, i;
    uint64_t cursor = 0;
    CHECK_IS(taskwire_task_init(&tasks[0]), TASKWIRE_OK);
    do {
        CHECK_IS(taskwire_controller_tasks(ends->controller, 0, 0, cursor, tasks, 7, &count, &cursor), TASKWIRE_OK);
        for (i = 0; i < count; i++)
            if (only == 0 || tasks[i].state == only)
                expected[number_of(&tasks[i].id)] = tasks[i].state;
    } while (count > 0);
    CHECK(memcmp(expected, it->states, sizeof expected) == 0);
}

static void copies_equal_the_view_however_they_are_read(void)
{
    pair ends = pair_plain();
    watcher all, running, by_one;
    unsigned round, n;

    memset(&all, 0, sizeof all);
    memset(&by_one, 0, sizeof by_one);
    memset(&running, 0, sizeof running);
    CHECK_IS(taskwire_filter_new(&running.filter), TASKWIRE_OK);
    CHECK_IS(taskwire_filter_states(running.filter, TASKWIRE_FILTER_RUNNING), TASKWIRE_OK);
    CHECK_IS(taskwire_filter_node(running.filter, 0), TASKWIRE_OK);
    CHECK_IS(taskwire_filter_without_details(running.filter), TASKWIRE_OK);
    start_over(&all, ends.controller);
    start_over(&by_one, ends.controller);
    start_over(&running, ends.controller);
    CHECK_IS(all.at.revision, 0);
    CHECK(all.at.incarnation != 0);
    ends.lose_one_in = 7;
    for (round = 0; round < 12; round++) {
        for (n = round; n < round + 6; n++) {
            taskwire_task_id id = numbered(n);
            (void)taskwire_agent_register(ends.agent, ends.now_us, &id, "m", 1, NULL);
            (void)taskwire_agent_running(ends.agent, ends.now_us, &id);
            (void)taskwire_agent_detail(ends.agent, ends.now_us, &id, (uint8_t)(round * 5), "on", 2);
        }
        {
            taskwire_task_id id = numbered(round);
            CHECK_IS(taskwire_agent_failed(ends.agent, ends.now_us, &id, TASKWIRE_REASON_EXIT_CODE, TASKWIRE_EXIT_CODE, 1),
                     TASKWIRE_OK);
            if (round % 3 == 0)
                CHECK_IS(taskwire_agent_forget(ends.agent, ends.now_us, &id), TASKWIRE_OK);
        }
        pair_go_on(&ends, 200000);
        CHECK(reads(&all, ends.controller, 8));
        CHECK(reads(&running, ends.controller, 3));
        equals(&all, &ends, 0);
        equals(&running, &ends, TASKWIRE_STATE_RUNNING);
    }
    CHECK(reads(&by_one, ends.controller, 1));
    equals(&by_one, &ends, 0);
    CHECK(all.transitions == by_one.transitions && all.transitions == ends.transitions);
    CHECK(all.details > 0 && running.details == 0);
    CHECK_IS(taskwire_controller_forget_node(ends.controller, 0), TASKWIRE_OK);
    CHECK(reads(&running, ends.controller, 8));
    for (n = 0; n < MOST; n++)
        CHECK_IS(running.states[n], 0);
    taskwire_filter_free(running.filter);
    pair_free(&ends);
}

static void put_down(void *table, const taskwire_task *task)
{
    ((uint32_t *)table)[number_of(&task->id)] = task->state;
}

static void take_out(void *table, uint32_t node, const taskwire_task_id *task)
{
    CHECK_IS(node, 0);
    if (task == NULL)
        memset(table, 0, MOST * sizeof(uint32_t));
    else
        ((uint32_t *)table)[number_of(task)] = 0;
}

/* What docs/WATCHING.md shows. */
static void the_watcher_of_the_guide(void)
{
    pair ends = pair_plain();
    watcher copy;
    running it;
    unsigned n;

    memset(&copy, 0, sizeof copy);
    memset(&it, 0, sizeof it);
    it.table = copy.states;
    it.put = put_down;
    it.take_out = take_out;
    CHECK_IS(taskwire_filter_new(&it.filter), TASKWIRE_OK);
    CHECK_IS(taskwire_filter_states(it.filter, TASKWIRE_FILTER_RUNNING), TASKWIRE_OK);
    for (n = 0; n < 40; n++) {
        taskwire_task_id id = numbered(n), older = numbered(n - n / 2);
        CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &id, "m", 1, NULL), TASKWIRE_OK);
        CHECK_IS(taskwire_agent_running(ends.agent, ends.now_us, &id), TASKWIRE_OK);
        if (n % 2 == 1)
            CHECK_IS(taskwire_agent_succeeded(ends.agent, ends.now_us, &older, TASKWIRE_EXIT_CODE, 0), TASKWIRE_OK);
        if (n == 10)
            CHECK_IS(running_start_over(&it, ends.controller, ends.now_us), TASKWIRE_OK);
        if (n % 5 == 4)
            pair_go_on(&ends, 300000);
        if (n > 10) {
            CHECK_IS(running_read(&it, ends.controller, ends.now_us), TASKWIRE_OK);
            equals(&copy, &ends, TASKWIRE_STATE_RUNNING);
        }
    }
    CHECK_IS(taskwire_controller_forget_node(ends.controller, 0), TASKWIRE_OK);
    CHECK_IS(running_read(&it, ends.controller, ends.now_us), TASKWIRE_OK);
    for (n = 0; n < MOST; n++)
        CHECK_IS(copy.states[n], 0);
    taskwire_filter_free(it.filter);
    pair_free(&ends);
}

static void a_change_says_what_happened(void)
{
    pair ends = pair_plain();
    taskwire_task_id id = numbered(1);
    taskwire_view_revision at, next, empty;
    taskwire_change changes[16];
    size_t count = 0, i;
    unsigned moved = 0, nodes = 0;
    taskwire_report report;

    CHECK_IS(taskwire_controller_view_revision(ends.controller, NULL, &at, NULL), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &id, "m", 1, NULL), TASKWIRE_OK);
    CHECK_IS(taskwire_report_init(&report), TASKWIRE_OK);
    report.has_trace = 1;
    report.trace.span_id[7] = 0xCD;
    report.reason = TASKWIRE_REASON_COULD_NOT_START;
    CHECK_IS(taskwire_agent_transition(ends.agent, ends.now_us, &id, TASKWIRE_STATE_FAILED, &report, NULL), TASKWIRE_OK);
    pair_until_durable(&ends);
    CHECK_IS(taskwire_change_init(&changes[0]), TASKWIRE_OK);
    /* Without an array of tasks: an audit keeps no copy. */
    CHECK_IS(taskwire_controller_changes_since(ends.controller, 0, &at, NULL, changes, NULL, 16, &count, &next),
             TASKWIRE_OK);
    CHECK(count > 2 && count < 16);
    for (i = 0; i < count && i < 16; i++) {
        CHECK_IS(changes[i].revision.incarnation, at.incarnation);
        CHECK(changes[i].revision.revision > at.revision && changes[i].revision.revision <= next.revision);
        nodes += changes[i].happening == TASKWIRE_HAPPENING_NODE_CHANGED && changes[i].effect == TASKWIRE_EFFECT_NODE;
        if (changes[i].happening == TASKWIRE_HAPPENING_MOVED && ++moved == 2) {
            CHECK_IS(changes[i].state, TASKWIRE_STATE_FAILED);
            CHECK_IS(changes[i].from_state, TASKWIRE_STATE_PENDING);
            CHECK_IS(changes[i].number, 2);
            CHECK_IS(changes[i].entry_revision, 2);
            CHECK_IS(changes[i].reason, TASKWIRE_REASON_COULD_NOT_START);
            CHECK_IS(changes[i].has_trace, 1);
            CHECK_IS(changes[i].trace.span_id[7], 0xCD);
            CHECK_IS(changes[i].task.bytes[15], 1);
        }
    }
    CHECK_IS(moved, 2);
    CHECK(nodes > 0);
    /* An empty answer names its revision, and so does one without room. */
    CHECK_IS(taskwire_controller_changes_since(ends.controller, 0, &next, NULL, changes, NULL, 16, &count, &empty),
             TASKWIRE_OK);
    CHECK(count == 0 && empty.revision == next.revision && empty.incarnation == next.incarnation);
    CHECK_IS(taskwire_controller_changes_since(ends.controller, 0, &at, NULL, NULL, NULL, 0, &count, &empty),
             TASKWIRE_OK);
    CHECK(count == 0 && empty.revision == at.revision);
    pair_free(&ends);
}

static void revisions_that_cannot_be_read_from(void)
{
    pair ends = pair_plain();
    taskwire_controller_config config;
    taskwire_view_revision at, next, newest, oldest;
    taskwire_filter *filter = NULL;
    taskwire_change change;
    size_t count = 9;
    unsigned n;

    taskwire_controller_free(ends.controller);
    CHECK_IS(taskwire_controller_config_init(&config), TASKWIRE_OK);
    config.name = "testing";
    config.term = 1;
    config.history = 8;
    config.detail_history = 2;
    CHECK_IS(taskwire_controller_new(&config, &ends.controller), TASKWIRE_OK);
    CHECK_IS(taskwire_controller_view_revision(ends.controller, NULL, &at, &oldest), TASKWIRE_OK);
    CHECK(oldest.revision == 0 && oldest.incarnation == at.incarnation);
    for (n = 0; n < 10; n++) {
        taskwire_task_id id = numbered(n);
        CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &id, "m", 1, NULL), TASKWIRE_OK);
        CHECK_IS(taskwire_agent_running(ends.agent, ends.now_us, &id), TASKWIRE_OK);
        pair_go_on(&ends, 20000);
        CHECK_IS(taskwire_agent_progress(ends.agent, ends.now_us, &id, 50), TASKWIRE_OK);
    }
    pair_until_durable(&ends);
    pair_go_on(&ends, 1000000);
    CHECK_IS(taskwire_change_init(&change), TASKWIRE_OK);
    CHECK_IS(taskwire_controller_changes_since(ends.controller, 0, &at, NULL, &change, NULL, 1, &count, &next),
             TASKWIRE_ERROR_COMPACTED);
    CHECK(count == 0 && next.revision == 0 && next.incarnation == 0);
    CHECK_IS(taskwire_controller_view_revision(ends.controller, NULL, &newest, &oldest), TASKWIRE_OK);
    CHECK(oldest.revision > 0 && oldest.revision < newest.revision);
    CHECK_IS(taskwire_controller_changes_since(ends.controller, 0, &oldest, NULL, &change, NULL, 1, &count, &next),
             TASKWIRE_OK);
    CHECK_IS(count, 1);
    next = oldest;
    next.revision--;
    CHECK_IS(taskwire_controller_changes_since(ends.controller, 0, &next, NULL, &change, NULL, 1, &count, &next),
             TASKWIRE_ERROR_COMPACTED);
    at = newest;
    at.revision++;
    CHECK_IS(taskwire_controller_changes_since(ends.controller, 0, &at, NULL, &change, NULL, 1, &count, &next),
             TASKWIRE_ERROR_FUTURE_REVISION);
    at = newest;
    at.incarnation++;
    CHECK_IS(taskwire_controller_changes_since(ends.controller, 0, &at, NULL, &change, NULL, 1, &count, &next),
             TASKWIRE_ERROR_OTHER_INCARNATION);
    /* A watcher that leaves details out is not held to their history. */
    CHECK_IS(taskwire_filter_new(&filter), TASKWIRE_OK);
    CHECK_IS(taskwire_filter_without_details(filter), TASKWIRE_OK);
    CHECK_IS(taskwire_controller_view_revision(ends.controller, filter, &newest, &next), TASKWIRE_OK);
    CHECK(next.revision <= oldest.revision);
    taskwire_filter_free(filter);
    pair_free(&ends);
}

static void wrong_calls(void)
{
    static uint64_t room[8];
    void *const objects[] = {NULL, (uint8_t *)room + 1};
    const taskwire_status expected[] = {TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED};
    pair ends = pair_plain();
    taskwire_filter *filter = NULL;
    taskwire_view_revision at, next;
    taskwire_change change;
    taskwire_task task;
    size_t count = 9;
    unsigned i;

    CHECK_IS(taskwire_change_init(&change), TASKWIRE_OK);
    CHECK_IS(taskwire_task_init(&task), TASKWIRE_OK);
    CHECK_IS(taskwire_controller_view_revision(ends.controller, NULL, &at, NULL), TASKWIRE_OK);
    for (i = 0; i < 2; i++) {
        taskwire_controller *none = (taskwire_controller *)objects[i];
        taskwire_filter *no_filter = (taskwire_filter *)objects[i];
        count = 9;
        next.revision = change.node = 9;
        CHECK_IS(taskwire_controller_view_revision(none, NULL, &next, NULL), expected[i]);
        CHECK_IS(next.revision, 0);
        next.revision = 9;
        CHECK_IS(taskwire_controller_changes_since(none, 0, &at, NULL, &change, &task, 1, &count, &next), expected[i]);
        CHECK(count == 0 && next.revision == 0 && change.node == 0);
        CHECK_IS(taskwire_filter_node(no_filter, 0), expected[i]);
        CHECK_IS(taskwire_filter_states(no_filter, 1), expected[i]);
        CHECK_IS(taskwire_filter_without_details(no_filter), expected[i]);
        taskwire_filter_free(no_filter);
    }
    CHECK_IS(taskwire_controller_changes_since(ends.controller, 0, &at, (taskwire_filter *)objects[1], &change, &task, 1,
                                               &count, &next),
             TASKWIRE_ERROR_MISALIGNED);
    CHECK_IS(taskwire_filter_new(NULL), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_filter_new(&filter), TASKWIRE_OK);
    CHECK_IS(taskwire_filter_states(filter, 32), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_filter_states(filter, 0), TASKWIRE_OK);
    CHECK_IS(taskwire_filter_node(filter, 12345), TASKWIRE_OK);
    CHECK_IS(taskwire_controller_changes_since(ends.controller, 0, NULL, filter, &change, &task, 1, &count, &next),
             TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_controller_changes_since(ends.controller, 0, &at, filter, NULL, &task, 1, &count, &next),
             TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_controller_changes_since(ends.controller, 0, &at, filter, &change, &task, ~(size_t)0, &count, &next),
             TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_controller_changes_since(ends.controller, 0, &at, filter, &change, &task, 1, NULL, &next),
             TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_controller_changes_since(ends.controller, 0, &at, filter, &change, &task, 1, &count, NULL),
             TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_controller_view_revision(ends.controller, filter, NULL, NULL), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_change_init_sized(&change, 5), TASKWIRE_ERROR_STRUCT_SIZE);
    CHECK_IS(taskwire_change_init_sized(NULL, sizeof change), TASKWIRE_ERROR_NULL_POINTER);
    change.struct_size = 5;
    CHECK_IS(taskwire_controller_changes_since(ends.controller, 0, &at, filter, &change, NULL, 1, &count, &next),
             TASKWIRE_ERROR_STRUCT_SIZE);
    taskwire_filter_free(filter);
    pair_free(&ends);
}

int main(void)
{
    RUN(copies_equal_the_view_however_they_are_read);
    RUN(the_watcher_of_the_guide);
    RUN(a_change_says_what_happened);
    RUN(revisions_that_cannot_be_read_from);
    RUN(wrong_calls);
    return check_end();
}
