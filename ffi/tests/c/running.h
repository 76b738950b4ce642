/* A watcher's copy of the tasks that are running, by node and id. `put` and `take_out` are the program's own table. */
#ifndef RUNNING_H
#define RUNNING_H

#include <taskwire.h>

typedef struct running {
    taskwire_filter *filter; /* of taskwire_filter_new and taskwire_filter_states(…, TASKWIRE_FILTER_RUNNING) */
    taskwire_view_revision at;
    void *table;
    void (*put)(void *table, const taskwire_task *task);
    void (*take_out)(void *table, uint32_t node, const taskwire_task_id *task); /* NULL: all tasks of the node */
} running;

/* Puts what a node has now in place of what the copy has of it. */
static inline taskwire_status running_node(running *it, const taskwire_controller *controller, uint64_t now_us, uint32_t node)
{
    taskwire_task tasks[32];
    uint64_t cursor = 0;
    size_t count, i;
    taskwire_status status = taskwire_task_init(&tasks[0]);
    it->take_out(it->table, node, NULL);
    do {
        status = taskwire_controller_tasks(controller, now_us, node, cursor, tasks, 32, &count, &cursor);
        for (i = 0; i < count; i++)
            if (tasks[i].state == TASKWIRE_STATE_RUNNING)
                it->put(it->table, &tasks[i]);
    } while (status == TASKWIRE_OK && count > 0);
    return status;
}

/* A snapshot: first the revision, then the view. The program has emptied its table. */
static inline taskwire_status running_start_over(running *it, const taskwire_controller *controller, uint64_t now_us)
{
    taskwire_node nodes[32];
    uint32_t next = 0;
    size_t count = 0, i;
    taskwire_status status = taskwire_controller_view_revision(controller, it->filter, &it->at, NULL);
    (void)taskwire_node_init(&nodes[0]);
    do {
        if (status == TASKWIRE_OK)
            status = taskwire_controller_nodes(controller, next, nodes, 32, &count, &next);
        for (i = 0; status == TASKWIRE_OK && i < count; i++)
            status = running_node(it, controller, now_us, nodes[i].node);
    } while (status == TASKWIRE_OK && count > 0);
    return status;
}

/* Reads on. TASKWIRE_ERROR_COMPACTED and TASKWIRE_ERROR_OTHER_INCARNATION: empty the table and start over. */
static inline taskwire_status running_read(running *it, const taskwire_controller *controller, uint64_t now_us)
{
    taskwire_change changes[32];
    taskwire_task tasks[32];
    size_t count, i;
    (void)taskwire_change_init(&changes[0]);
    (void)taskwire_task_init(&tasks[0]);
    do {
        taskwire_view_revision since = it->at, next;
        taskwire_status status = taskwire_controller_changes_since(controller, now_us, &since, it->filter, changes, tasks,
                                                                   32, &count, &next);
        if (status != TASKWIRE_OK)
            return status;
        for (i = 0; i < count; i++) {
            if (changes[i].effect == TASKWIRE_EFFECT_TASK)
                it->put(it->table, &tasks[i]);
            else if (changes[i].effect == TASKWIRE_EFFECT_TASK_GONE)
                it->take_out(it->table, changes[i].node, &changes[i].task);
            else if (changes[i].effect == TASKWIRE_EFFECT_NODE_GONE)
                it->take_out(it->table, changes[i].node, NULL);
            else if (changes[i].effect == TASKWIRE_EFFECT_TASKS)
                (void)running_node(it, controller, now_us, changes[i].node);
        }
        it->at = next;
    } while (count == 32);
    return TASKWIRE_OK;
}

#endif
