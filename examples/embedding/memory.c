/* What agents and controllers cost in memory, by the C library's own count: the table of docs/EMBEDDING.md. memory */
#include <taskwire.h>

#include <malloc.h>
#include <stdio.h>
#include <string.h>

static size_t heap(void) { struct mallinfo2 now = mallinfo2(); return now.uordblks + now.hblkhd; }

static taskwire_task_id id_of(unsigned node, unsigned number) {
    taskwire_task_id id = {{0}};
    memcpy(id.bytes, &node, sizeof node);
    memcpy(id.bytes + 8, &number, sizeof number);
    return id;
}

/* Frames both ways, the controller's host storing at once, until all is durable. A journal is safe at once. */
static void talk(taskwire_agent *agent, taskwire_controller *controller, uint64_t peer, uint64_t *now) {
    static uint8_t frame[2000];
    taskwire_controller_event event;
    taskwire_controller_event_init(&event);
    for (int turn = 0; turn < 3000 && (turn < 3 || taskwire_agent_is_durable(agent) == 0); turn++, *now += 10000) {
        size_t length = 0;
        uint64_t to = 0, key = 0;
        while (taskwire_agent_poll_journal(agent, frame, sizeof frame, &length, &key, NULL) == TASKWIRE_OK && length > 0)
            taskwire_agent_journal_confirmed(agent, *now, key);
        while (taskwire_agent_poll_transmit(agent, *now, frame, sizeof frame, &length) == TASKWIRE_OK && length > 0)
            taskwire_controller_receive(controller, *now, peer, frame, length);
        while (taskwire_controller_poll_event(controller, &event) == TASKWIRE_OK && event.kind != 0)
            if (event.kind == TASKWIRE_CONTROLLER_EVENT_COMMIT_DUE)
                taskwire_controller_commit(controller, event.node, event.position_revision, event.position_tag);
        while (taskwire_controller_poll_transmit(controller, *now, frame, sizeof frame, &to, &length) == TASKWIRE_OK &&
               length > 0)
            taskwire_agent_receive(agent, *now, frame, length);
        taskwire_agent_handle_timeout(agent, *now);
        taskwire_controller_handle_timeout(controller, *now);
    }
}

/* So many nodes with so many running tasks: what each side costs, the controller's own start left out. */
static void measure(unsigned nodes, unsigned tasks, uint32_t durability) {
    static taskwire_agent *agents[200];
    char metadata[16] = "sixteen bytes..", name[32];
    taskwire_controller_config settings;
    taskwire_controller *controller;
    uint64_t now = 1000000;
    taskwire_controller_config_init(&settings);
    settings.name = "memory";
    settings.term = 1;
    settings.history = settings.detail_history = 0;        /* rings of their own, named in the settings */
    if (taskwire_controller_new(&settings, &controller) != TASKWIRE_OK) return;
    size_t controller_bytes = 0, agent_bytes = 0;
    for (unsigned n = 0; n < nodes; n++) {
        taskwire_agent_config config;
        taskwire_agent_config_init(&config);
        snprintf(name, sizeof name, "node-%u", n);
        config.node = name;
        config.epoch = 1;
        config.durability = durability;
        size_t before = heap();
        if (taskwire_agent_new(&config, &agents[n]) != TASKWIRE_OK) return;
        for (unsigned number = 0; number < tasks; number++) {
            taskwire_task_id id = id_of(n, number);
            taskwire_agent_register(agents[n], now, &id, metadata, sizeof metadata, NULL);
            taskwire_agent_running(agents[n], now, &id);
        }
        talk(agents[n], controller, n, &now);
        size_t after = heap();
        taskwire_agent_free(agents[n]);
        agent_bytes += after - heap();
        controller_bytes += heap() - before;
    }
    printf("%4u nodes, %5u tasks each, %s: an agent %7zu bytes, a controller %7zu a node\n", nodes, tasks,
           durability == TASKWIRE_DURABILITY_VOLATILE ? "no journal" : "a journal ", agent_bytes / nodes,
           controller_bytes / nodes);
    taskwire_controller_free(controller);
}

int main(void) {
    const unsigned tasks[] = {0, 64, 1000};
    for (unsigned n = 0; n < 3; n++) measure(200, tasks[n], TASKWIRE_DURABILITY_VOLATILE);
    for (unsigned n = 0; n < 3; n++) measure(20, tasks[n], TASKWIRE_DURABILITY_WRITE_AHEAD);
    return 0;
}
