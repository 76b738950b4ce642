/* The agent's journal from C: what is told follows from what is confirmed, a restart at any byte goes on by resume, and
 * a torn tail and a damaged middle are told apart. */
#include "journal.h"

/* Lets both sides talk, the journal being written and safe before each turn. */
static void go_on(pair *ends, journal *store, uint64_t us)
{
    uint64_t end = ends->now_us + us;
    while (ends->now_us < end) {
        journal_write(store, ends->agent, ends->now_us, 1);
        pair_go_on(ends, 10000);
    }
}

static pair journaled(uint64_t epoch)
{
    taskwire_agent_config config = pair_config("edge-7", epoch);
    config.durability = TASKWIRE_DURABILITY_WRITE_AHEAD;
    return pair_new(&config);
}

static void nothing_is_told_before_it_is_confirmed(void)
{
    static journal store;
    pair ends = journaled(1);
    taskwire_task_id id = numbered(1);
    uint8_t frame[1200], record[1200 + TASKWIRE_JOURNAL_OVERHEAD];
    size_t length = 9;
    uint64_t key = 9;
    uint32_t begins = 9;

    memset(&store, 0, sizeof store);
    CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &id, "m", 1, NULL), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_poll_transmit(ends.agent, ends.now_us, frame, sizeof frame, &length), TASKWIRE_OK);
    CHECK_IS(length, 0);
    CHECK_IS(taskwire_agent_poll_journal(ends.agent, record, 1200, &length, &key, &begins),
             TASKWIRE_ERROR_BUFFER_TOO_SMALL);
    CHECK(length == 0 && key == 0 && begins == 0);
    CHECK_IS(taskwire_agent_poll_journal(ends.agent, record, sizeof record, &length, &key, &begins), TASKWIRE_OK);
    CHECK(length > 0 && key == 1 && begins == 1);
    CHECK_IS(taskwire_agent_journal_confirmed(ends.agent, ends.now_us, 2), TASKWIRE_ERROR_NOT_WRITTEN);
    CHECK(says(ends.agent, "record 2 was never given out"));
    CHECK_IS(taskwire_agent_journal_needed_from(ends.agent, &key), TASKWIRE_OK);
    CHECK_IS(key, 0);
    journal_write(&store, ends.agent, ends.now_us, 0);
    CHECK_IS(taskwire_agent_poll_transmit(ends.agent, ends.now_us, frame, sizeof frame, &length), TASKWIRE_OK);
    CHECK_IS(length, 0);
    journal_write(&store, ends.agent, ends.now_us, 1);
    CHECK_IS(taskwire_agent_poll_transmit(ends.agent, ends.now_us, frame, sizeof frame, &length), TASKWIRE_OK);
    CHECK(length > 0);
    CHECK_IS(taskwire_agent_journal_needed_from(ends.agent, &key), TASKWIRE_OK);
    CHECK_IS(key, 1);
    pair_free(&ends);
}

static void a_volatile_agent_has_no_journal(void)
{
    pair ends = pair_plain();
    uint8_t record[1200 + TASKWIRE_JOURNAL_OVERHEAD];
    size_t length = 9;
    uint64_t key = 9;

    CHECK_IS(taskwire_agent_poll_journal(ends.agent, record, sizeof record, &length, &key, NULL), TASKWIRE_OK);
    CHECK(length == 0 && key == 0);
    CHECK_IS(taskwire_agent_journal_confirmed(ends.agent, ends.now_us, 0), TASKWIRE_ERROR_VOLATILE);
    pair_free(&ends);
}

/* A crash at every byte that was not yet safe. */
static void a_restart_at_any_byte_loses_nothing_that_was_confirmed(void)
{
    static journal store;
    pair ends = journaled(1);
    taskwire_task_id id = numbered(1), other = numbered(2);
    size_t cut, resumed = 0;
    uint64_t epoch = 2;

    memset(&store, 0, sizeof store);
    CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &id, "metadata", 8, NULL), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_running(ends.agent, ends.now_us, &id), TASKWIRE_OK);
    go_on(&ends, &store, 300000);
    CHECK_IS(taskwire_agent_is_durable(ends.agent), 1);
    CHECK_IS(taskwire_agent_succeeded(ends.agent, ends.now_us, &id, TASKWIRE_EXIT_CODE, 0), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &other, NULL, 0, NULL), TASKWIRE_OK);
    journal_write(&store, ends.agent, ends.now_us, 0);
    CHECK(store.length > store.safe);
    for (cut = store.safe; cut <= store.length; cut++, epoch++) {
        taskwire_agent *again = NULL;
        taskwire_agent_event opened;
        taskwire_restored found;
        static journal more;
        pair next = ends;
        CHECK_IS(taskwire_restored_init(&found), TASKWIRE_OK);
        CHECK_IS(journal_restore(&store, cut, cut % 3 + 1, epoch, &again, &found), TASKWIRE_OK);
        if (again == NULL)
            break;
        CHECK_IS(found.epoch, 1);
        CHECK(found.records > 0 && found.unfinished_count <= 2);
        CHECK_IS(found.has_torn_at ? found.torn_at + found.ignored_bytes : cut, cut);
        if (cut % 40 != 0 && cut != store.length) {
            taskwire_agent_free(again);
            continue;
        }
        /* The controller has seen no more than what was confirmed: it resumes. */
        memset(&more, 0, sizeof more);
        next.agent = again;
        go_on(&next, &more, 2000000);
        CHECK_IS(pair_events(&next, TASKWIRE_EVENT_SESSION_OPENED, &opened), 1);
        CHECK_IS(opened.verdict, TASKWIRE_VERDICT_RESUME);
        CHECK_IS(taskwire_agent_is_durable(next.agent), 1);
        resumed++;
        taskwire_agent_free(next.agent);
        ends.now_us = next.now_us;
        if (cut != store.length)
            break; /* the controller has gone on with that life: only one can follow it */
    }
    CHECK(resumed > 0);
    pair_free(&ends);
}

static void unfinished_tasks_are_named_by_the_builder(void)
{
    static journal store;
    pair ends = journaled(1);
    taskwire_agent_config config = pair_config("edge-7", 2);
    taskwire_agent_builder *builder = NULL;
    taskwire_agent *again = NULL;
    taskwire_restored found;
    taskwire_task task;
    unsigned n;

    memset(&store, 0, sizeof store);
    for (n = 1; n <= 3; n++) {
        taskwire_task_id id = numbered(n);
        CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &id, "m", 1, NULL), TASKWIRE_OK);
        CHECK_IS(taskwire_agent_running(ends.agent, ends.now_us, &id), TASKWIRE_OK);
        if (n == 2)
            CHECK_IS(taskwire_agent_cancelled(ends.agent, ends.now_us, &id, TASKWIRE_REASON_NONE), TASKWIRE_OK);
    }
    journal_write(&store, ends.agent, ends.now_us, 1);
    config.durability = TASKWIRE_DURABILITY_WRITE_AHEAD;
    CHECK_IS(taskwire_agent_builder_new(&config, &builder), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_builder_replay(builder, NULL, 0), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_builder_replay(builder, store.bytes, store.length), TASKWIRE_OK);
    CHECK_IS(taskwire_restored_init(&found), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_builder_start(builder, &again, &found), TASKWIRE_OK);
    CHECK_IS(found.unfinished_count, 2);
    CHECK_IS(found.entries, 7);
    CHECK_IS(found.has_torn_at, 0);
    CHECK_IS(found.struct_size, sizeof found);
    if (found.unfinished_count == 2) {
        CHECK_IS(found.unfinished[0].bytes[15] + found.unfinished[1].bytes[15], 4);
        CHECK_IS(taskwire_task_init(&task), TASKWIRE_OK);
        CHECK_IS(taskwire_agent_task(again, &found.unfinished[0], &task), TASKWIRE_OK);
        CHECK_IS(task.state, TASKWIRE_STATE_RUNNING);
    }
    /* It has made its agent: it can do no more, and may go before it. */
    CHECK_IS(taskwire_agent_builder_replay(builder, store.bytes, 1), TASKWIRE_ERROR_BUILDER_SPENT);
    taskwire_agent_free(ends.agent);
    CHECK_IS(taskwire_agent_builder_start(builder, &ends.agent, NULL), TASKWIRE_ERROR_BUILDER_SPENT);
    CHECK(ends.agent == NULL);
    taskwire_agent_builder_free(builder);
    taskwire_agent_free(again);
    pair_free(&ends);
}

static void a_damaged_middle_is_refused_with_its_place_and_a_torn_end_is_not(void)
{
    static journal store, bad;
    pair ends = journaled(1);
    size_t at, refused = 0, torn = 0, first = 0;
    unsigned n;

    memset(&store, 0, sizeof store);
    for (n = 1; n <= 4; n++) {
        taskwire_task_id id = numbered(n);
        CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &id, "m", 1, NULL), TASKWIRE_OK);
        journal_write(&store, ends.agent, ends.now_us, 1);
        if (n == 1)
            first = store.length;
    }
    for (at = first; at < store.length; at++) {
        taskwire_agent_config config = pair_config("edge-7", 9);
        taskwire_agent_builder *builder = NULL;
        taskwire_agent *agent = NULL;
        taskwire_status status;
        uint32_t is_set = 9;
        uint64_t offset = 9;
        char words[300];
        size_t length = 9;
        bad = store;
        bad.bytes[at] ^= 0x40;
        config.durability = TASKWIRE_DURABILITY_WRITE_AHEAD;
        CHECK_IS(taskwire_agent_builder_new(&config, &builder), TASKWIRE_OK);
        status = taskwire_agent_builder_replay(builder, bad.bytes, bad.length);
        if (status == TASKWIRE_OK)
            status = taskwire_agent_builder_start(builder, &agent, NULL);
        CHECK_IS(taskwire_agent_builder_failed_at(builder, &is_set, &offset), TASKWIRE_OK);
        CHECK_IS(taskwire_agent_builder_last_error(builder, words, sizeof words, &length), TASKWIRE_OK);
        if (status == TASKWIRE_OK) {
            CHECK(is_set == 0 && offset == 0 && length == 0);
            torn++;
        } else {
            CHECK_IS(status, TASKWIRE_ERROR_JOURNAL_CORRUPT);
            CHECK(is_set == 1 && offset >= first && offset <= at);
            CHECK(strstr(words, "was confirmed and cannot be read") != NULL);
            CHECK(agent == NULL && torn == 0);
            CHECK_IS(taskwire_agent_builder_start(builder, &agent, NULL), TASKWIRE_ERROR_JOURNAL_CORRUPT);
            refused++;
        }
        taskwire_agent_free(agent);
        taskwire_agent_builder_free(builder);
    }
    CHECK(refused > 0 && torn > 0);
    pair_free(&ends);
}

static void journals_that_are_another_s(void)
{
    static journal store;
    pair ends = journaled(5);
    taskwire_agent *agent = NULL;
    taskwire_agent_config config = pair_config("edge-8", 9);
    taskwire_agent_builder *builder = NULL;
    taskwire_task_id id = numbered(1);
    unsigned n;

    memset(&store, 0, sizeof store);
    for (n = 0; n < 3; n++) {
        id = numbered(n);
        CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &id, "m", 1, NULL), TASKWIRE_OK);
    }
    journal_write(&store, ends.agent, ends.now_us, 1);
    CHECK_IS(journal_restore(&store, store.length, 7, 5, &agent, NULL), TASKWIRE_ERROR_JOURNAL_EPOCH);
    CHECK(agent == NULL);
    config.durability = TASKWIRE_DURABILITY_WRITE_AHEAD;
    CHECK_IS(taskwire_agent_builder_new(&config, &builder), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_builder_replay(builder, store.bytes, store.length), TASKWIRE_ERROR_JOURNAL_OTHER_NODE);
    taskwire_agent_builder_free(builder);
    config.node = "edge-7";
    config.slots = 2;
    config.log = 10;
    CHECK_IS(taskwire_agent_builder_new(&config, &builder), TASKWIRE_OK);
    {
        taskwire_status status = taskwire_agent_builder_replay(builder, store.bytes, store.length);
        if (status == TASKWIRE_OK)
            status = taskwire_agent_builder_start(builder, &agent, NULL);
        CHECK(status == TASKWIRE_ERROR_JOURNAL_BEYOND_LIMITS || status == TASKWIRE_ERROR_JOURNAL_UNREADABLE);
    }
    taskwire_agent_builder_free(builder);
    CHECK_IS(journal_restore(&store, 0, 1, 1, &agent, NULL), TASKWIRE_OK);
    taskwire_agent_free(agent);
    config.durability = 2;
    CHECK_IS(taskwire_agent_builder_new(&config, &builder), TASKWIRE_ERROR_ARGUMENT);
    CHECK(builder == NULL);
    pair_free(&ends);
}

static void wrong_calls(void)
{
    static uint64_t room[8];
    void *const objects[] = {NULL, (uint8_t *)room + 1};
    const taskwire_status expected[] = {TASKWIRE_ERROR_NULL_POINTER, TASKWIRE_ERROR_MISALIGNED};
    taskwire_agent_config config = pair_config("edge-7", 1);
    taskwire_agent_builder *builder = NULL;
    taskwire_agent *agent = NULL;
    taskwire_restored found;
    uint8_t bytes[8] = {0};
    pair ends = pair_plain();
    uint64_t u64 = 9;
    uint32_t u32 = 9;
    size_t length = 9;
    unsigned i;

    CHECK_IS(taskwire_restored_init(&found), TASKWIRE_OK);
    for (i = 0; i < 2; i++) {
        taskwire_agent *no_agent = (taskwire_agent *)objects[i];
        taskwire_agent_builder *no_builder = (taskwire_agent_builder *)objects[i];
        found.records = 9;
        length = 9;
        CHECK_IS(taskwire_agent_poll_journal(no_agent, bytes, 8, &length, &u64, &u32), expected[i]);
        CHECK(length == 0 && u64 == 0 && u32 == 0);
        CHECK_IS(taskwire_agent_journal_confirmed(no_agent, 0, 1), expected[i]);
        u64 = 9;
        CHECK_IS(taskwire_agent_journal_needed_from(no_agent, &u64), expected[i]);
        CHECK_IS(u64, 0);
        CHECK_IS(taskwire_agent_builder_replay(no_builder, bytes, 8), expected[i]);
        CHECK_IS(taskwire_agent_builder_start(no_builder, &agent, &found), expected[i]);
        CHECK(agent == NULL && found.records == 0 && found.struct_size == sizeof found);
        u32 = 9;
        u64 = 9;
        CHECK_IS(taskwire_agent_builder_failed_at(no_builder, &u32, &u64), expected[i]);
        CHECK(u32 == 0 && u64 == 0);
        CHECK_IS(taskwire_agent_builder_last_error(no_builder, NULL, 0, &length), expected[i]);
        taskwire_agent_builder_free(no_builder);
    }
    CHECK_IS(taskwire_agent_builder_new(NULL, &builder), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_agent_builder_new(&config, NULL), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_restored_init_sized(&found, 3), TASKWIRE_ERROR_STRUCT_SIZE);
    CHECK_IS(taskwire_restored_init_sized(NULL, sizeof found), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_agent_builder_new(&config, &builder), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_builder_replay(builder, NULL, 3), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_agent_builder_replay(builder, bytes, ~(size_t)0), TASKWIRE_ERROR_ARGUMENT);
    found.struct_size = 3;
    CHECK_IS(taskwire_agent_builder_start(builder, &agent, &found), TASKWIRE_ERROR_STRUCT_SIZE);
    CHECK_IS(taskwire_agent_builder_start(builder, NULL, NULL), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_agent_poll_journal(ends.agent, NULL, 2000, &length, &u64, NULL), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_agent_poll_journal(ends.agent, bytes, 8, NULL, &u64, NULL), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_agent_poll_journal(ends.agent, bytes, 8, &length, NULL, NULL), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_agent_journal_needed_from(ends.agent, NULL), TASKWIRE_ERROR_NULL_POINTER);
    /* None of it has spent the builder. */
    CHECK_IS(taskwire_agent_builder_start(builder, &agent, NULL), TASKWIRE_OK);
    taskwire_agent_free(agent);
    taskwire_agent_builder_free(builder);
    pair_free(&ends);
}

int main(void)
{
    RUN(nothing_is_told_before_it_is_confirmed);
    RUN(a_volatile_agent_has_no_journal);
    RUN(a_restart_at_any_byte_loses_nothing_that_was_confirmed);
    RUN(unfinished_tasks_are_named_by_the_builder);
    RUN(a_damaged_middle_is_refused_with_its_place_and_a_torn_end_is_not);
    RUN(journals_that_are_another_s);
    RUN(wrong_calls);
    return check_end();
}
