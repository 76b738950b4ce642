/* A panic inside the library ends in the call, poisons its object, and touches no other. */
#include "check.h"

static void all_calls_say_panicked(taskwire_agent *agent)
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
    uint8_t frame[1200];
    char words[8] = "before";
    const taskwire_status panicked = TASKWIRE_ERROR_PANICKED;

    memset(frame, 0, sizeof frame);
    CHECK_IS(taskwire_agent_event_init(&event), TASKWIRE_OK);
    CHECK_IS(taskwire_sync_state_init(&sync), TASKWIRE_OK);
    CHECK_IS(taskwire_task_init(&task), TASKWIRE_OK);
    CHECK_IS(taskwire_update_init(&update), TASKWIRE_OK);
    event.kind = 9;

    CHECK_IS(taskwire_agent_register(agent, 0, &id, NULL, 0, &u64), panicked);
    CHECK_IS(u64, 0);
    CHECK_IS(taskwire_agent_running(agent, 0, &id), panicked);
    CHECK_IS(taskwire_agent_progress(agent, 0, &id, 1), panicked);
    CHECK_IS(taskwire_agent_detail(agent, 0, &id, 1, NULL, 0), panicked);
    CHECK_IS(taskwire_agent_succeeded(agent, 0, &id, 0, 0), panicked);
    CHECK_IS(taskwire_agent_failed(agent, 0, &id, 0, 0, 0), panicked);
    CHECK_IS(taskwire_agent_cancelled(agent, 0, &id, 0), panicked);
    CHECK_IS(taskwire_agent_retry(agent, 0, &id), panicked);
    CHECK_IS(taskwire_agent_transition(agent, 0, &id, 200, NULL, NULL), panicked);
    CHECK_IS(taskwire_agent_forget(agent, 0, &id), panicked);
    CHECK_IS(taskwire_agent_update(agent, 0, &update, 1, &length), panicked);
    CHECK_IS(length, 0);
    CHECK_IS(taskwire_agent_receive(agent, 0, frame, 10), panicked);
    length = 9;
    CHECK_IS(taskwire_agent_poll_transmit(agent, 0, frame, sizeof frame, &length), panicked);
    CHECK_IS(length, 0);
    CHECK_IS(taskwire_agent_poll_event(agent, &event), panicked);
    CHECK_IS(event.kind, TASKWIRE_EVENT_NONE);
    CHECK_IS(taskwire_agent_poll_events(agent, &event, 1, &length), panicked);
    CHECK_IS(taskwire_agent_next_timeout(agent, &u32, &u64), panicked);
    CHECK_IS(u32, 0);
    CHECK_IS(taskwire_agent_next_timeout_reason(agent, &text, &length), panicked);
    CHECK_IS(taskwire_agent_wait_us(agent, 0, 77), 77);
    CHECK_IS(taskwire_agent_handle_timeout(agent, 0), panicked);
    CHECK_IS(taskwire_agent_goodbye(agent, 0), panicked);
    CHECK_IS(taskwire_agent_goodbye_until(agent, 0, 1), panicked);
    CHECK_IS(taskwire_agent_sleep_for(agent, 0, 1), panicked);
    CHECK_IS(taskwire_agent_last_will(agent, frame, sizeof frame, &length), panicked);
    CHECK_IS(length, 0);
    CHECK_IS(taskwire_agent_supersede(agent, 0, 5, &u64), panicked);
    CHECK_IS(taskwire_agent_set_wall_clock(agent, 0, 0), panicked);
    CHECK_IS(taskwire_agent_is_durable(agent), panicked);
    CHECK_IS(taskwire_agent_sync_state(agent, &sync), panicked);
    CHECK_IS(taskwire_agent_lease(agent, 0, &u32, NULL), panicked);
    CHECK_IS(taskwire_agent_session(agent, &u32), panicked);
    CHECK_IS(taskwire_agent_epoch(agent, &u64), panicked);
    CHECK_IS(taskwire_agent_task(agent, &id, &task), panicked);
    CHECK_IS(taskwire_agent_tasks(agent, 0, &task, 1, &length, &other), panicked);
    CHECK_IS(taskwire_agent_metrics(agent, &u64, 1, &length), panicked);
    CHECK_IS(taskwire_agent_last_error(agent, words, sizeof words, &length), panicked);
    CHECK(words[0] == '\0');
    CHECK_IS(taskwire_testing_panic_in_change(agent), panicked);
}

static void a_panic_in_a_call_that_changes(void)
{
    pair ends = pair_plain(), others = pair_plain();
    taskwire_task_id id = numbered(1);

    pair_go_on(&ends, 100000);
    CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &id, "m", 1, NULL), TASKWIRE_OK);
    CHECK_IS(taskwire_testing_panic_in_change(ends.agent), TASKWIRE_ERROR_PANICKED);
    all_calls_say_panicked(ends.agent);
    /* Another object goes on. */
    CHECK_IS(taskwire_agent_register(others.agent, others.now_us, &id, "m", 1, NULL), TASKWIRE_OK);
    pair_until_durable(&others);
    pair_free(&ends); /* nothing leaks, and nothing is freed twice */
    pair_free(&others);
}

static void a_panic_in_a_call_that_looks(void)
{
    pair ends = pair_plain();

    CHECK_IS(taskwire_testing_panic_in_look(ends.agent), TASKWIRE_ERROR_PANICKED);
    all_calls_say_panicked(ends.agent);
    pair_free(&ends);
}

int main(void)
{
    RUN(a_panic_in_a_call_that_changes);
    RUN(a_panic_in_a_call_that_looks);
    return check_end();
}
