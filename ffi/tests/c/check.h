/* What the test programs share: checks that count, a runner that prints one line a test, and an agent with its
 * controller on one virtual clock. Everything here is C99 and C++11 at once. */
#ifndef CHECK_H
#define CHECK_H

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testing.h"

#ifdef __cplusplus
#define STATIC_CHECK(name, condition) static_assert(condition, #name)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define STATIC_CHECK(name, condition) _Static_assert(condition, #name)
#else
#define STATIC_CHECK(name, condition) typedef char static_check_##name[(condition) ? 1 : -1]
#endif

static int check_failures; /* in the test that runs */
static int check_failed_tests;

/* The condition holds, or the test fails and goes on. */
#define CHECK(condition)                                                              \
    do {                                                                              \
        if (!(condition)) {                                                           \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            check_failures++;                                                         \
        }                                                                             \
    } while (0)

/* Two whole numbers are equal, or the test fails and goes on. */
#define CHECK_IS(found, expected)                                                                               \
    do {                                                                                                        \
        long long check_found = (long long)(found), check_expected = (long long)(expected);                     \
        if (check_found != check_expected) {                                                                    \
            fprintf(stderr, "%s:%d: %s is %lld, expected %s = %lld\n", __FILE__, __LINE__, #found, check_found, \
                    #expected, check_expected);                                                                 \
            check_failures++;                                                                                   \
        }                                                                                                       \
    } while (0)

static inline void check_run(const char *name, void (*test)(void))
{
    check_failures = 0;
    test();
    printf("%s %s\n", check_failures == 0 ? "PASS" : "FAIL", name);
    fflush(stdout);
    if (check_failures != 0)
        check_failed_tests++;
}

#define RUN(test) check_run(#test, test)

static inline int check_end(void)
{
    return check_failed_tests == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- an agent, its controller, and the link between them ------------------------------------------------------- */

typedef struct pair {
    taskwire_agent *agent;
    taskwire_controller *controller; /* its host stores at once, and commits */
    uint64_t now_us;
    unsigned lose_one_in; /* 0 loses nothing */
    unsigned frames;
    unsigned refused; /* frames that either side refused */
    unsigned transitions; /* that the controller's host was told */
    unsigned forgotten;
} pair;

static inline taskwire_agent_config pair_config(const char *node, uint64_t epoch)
{
    taskwire_agent_config config;
    CHECK_IS(taskwire_agent_config_init(&config), TASKWIRE_OK);
    config.node = node;
    config.epoch = epoch;
    config.seed = 7;
    return config;
}

static inline taskwire_controller *controller_new(uint64_t term, uint64_t seed)
{
    taskwire_controller_config config;
    taskwire_controller *controller = NULL;
    CHECK_IS(taskwire_controller_config_init(&config), TASKWIRE_OK);
    config.name = "testing";
    config.term = term;
    config.seed = seed;
    CHECK_IS(taskwire_controller_new(&config, &controller), TASKWIRE_OK);
    return controller;
}

/* The controller's host: stores all events, counts some, and commits. */
static inline void controller_host(taskwire_controller *controller, unsigned *transitions, unsigned *forgotten)
{
    taskwire_controller_event event;
    CHECK_IS(taskwire_controller_event_init(&event), TASKWIRE_OK);
    for (;;) {
        CHECK_IS(taskwire_controller_poll_event(controller, &event), TASKWIRE_OK);
        if (event.kind == TASKWIRE_CONTROLLER_EVENT_NONE)
            return;
        *transitions += event.kind == TASKWIRE_CONTROLLER_EVENT_TRANSITION;
        *forgotten += event.kind == TASKWIRE_CONTROLLER_EVENT_TASK_FORGOTTEN;
        if (event.kind == TASKWIRE_CONTROLLER_EVENT_COMMIT_DUE)
            (void)taskwire_controller_commit(controller, event.node, event.position_revision, event.position_tag);
    }
}

/* The controller hears a frame, does what is due, and its host stores what there is. Says whether it was refused. */
static inline int controller_hears(taskwire_controller *controller, uint64_t now_us, const uint8_t *frame,
                                   size_t length)
{
    unsigned ignored = 0;
    taskwire_status status;
    CHECK_IS(taskwire_controller_handle_timeout(controller, now_us), TASKWIRE_OK);
    status = taskwire_controller_receive(controller, now_us, 1, frame, length);
    controller_host(controller, &ignored, &ignored);
    return status != TASKWIRE_OK;
}

/* The next frame of the controller; its length is 0 if there is none. */
static inline size_t controller_says(taskwire_controller *controller, uint64_t now_us, uint8_t *frame, size_t capacity)
{
    uint64_t peer = 0;
    size_t length = 0;
    CHECK_IS(taskwire_controller_poll_transmit(controller, now_us, frame, capacity, &peer, &length), TASKWIRE_OK);
    CHECK(length == 0 || peer == 1);
    return length;
}

static inline pair pair_new(const taskwire_agent_config *config)
{
    pair made;
    memset(&made, 0, sizeof made);
    made.now_us = 1000000;
    CHECK_IS(taskwire_agent_new(config, &made.agent), TASKWIRE_OK);
    made.controller = controller_new(1, 11);
    CHECK(made.agent != NULL && made.controller != NULL);
    return made;
}

static inline pair pair_plain(void)
{
    taskwire_agent_config config = pair_config("edge-7", 1);
    return pair_new(&config);
}

static inline void pair_free(pair *ends)
{
    taskwire_agent_free(ends->agent);
    taskwire_controller_free(ends->controller);
}

static inline int pair_loses(pair *ends)
{
    ends->frames++;
    return ends->lose_one_in != 0 && ends->frames % ends->lose_one_in == 0;
}

/* Lets both sides say what they have to say, over and over, while `us` microseconds go by in steps of 10 ms. */
static inline void pair_go_on(pair *ends, uint64_t us)
{
    uint64_t end = ends->now_us + us;
    uint8_t frame[1200];
    size_t length;
    for (;;) {
        int quiet = 0;
        while (!quiet) {
            quiet = 1;
            while (taskwire_agent_poll_transmit(ends->agent, ends->now_us, frame, sizeof frame, &length) ==
                       TASKWIRE_OK &&
                   length > 0) {
                quiet = 0;
                if (!pair_loses(ends) &&
                    taskwire_controller_receive(ends->controller, ends->now_us, 1, frame, length) != TASKWIRE_OK)
                    ends->refused++;
            }
            controller_host(ends->controller, &ends->transitions, &ends->forgotten);
            while ((length = controller_says(ends->controller, ends->now_us, frame, sizeof frame)) > 0) {
                quiet = 0;
                if (!pair_loses(ends) &&
                    taskwire_agent_receive(ends->agent, ends->now_us, frame, length) != TASKWIRE_OK)
                    ends->refused++;
            }
        }
        if (ends->now_us >= end)
            return;
        ends->now_us += 10000;
        CHECK_IS(taskwire_agent_handle_timeout(ends->agent, ends->now_us), TASKWIRE_OK);
        CHECK_IS(taskwire_controller_handle_timeout(ends->controller, ends->now_us), TASKWIRE_OK);
    }
}

/* How many tasks of all nodes are in a state. */
static inline unsigned pair_tasks_in(const pair *ends, uint32_t state)
{
    unsigned found = 0;
    taskwire_node nodes[2];
    taskwire_task tasks[5];
    size_t node_count = 0, task_count = 0, i, j;
    uint32_t next_node = 0;
    CHECK_IS(taskwire_node_init(&nodes[0]), TASKWIRE_OK);
    CHECK_IS(taskwire_task_init(&tasks[0]), TASKWIRE_OK);
    do {
        CHECK_IS(taskwire_controller_nodes(ends->controller, next_node, nodes, 2, &node_count, &next_node),
                 TASKWIRE_OK);
        for (i = 0; i < node_count; i++) {
            uint64_t cursor = 0;
            do {
                CHECK_IS(taskwire_controller_tasks(ends->controller, ends->now_us, nodes[i].node, cursor, tasks, 5,
                                                   &task_count, &cursor),
                         TASKWIRE_OK);
                for (j = 0; j < task_count; j++)
                    found += tasks[j].state == state;
            } while (task_count > 0);
        }
    } while (node_count > 0);
    return found;
}

/* Goes on until everything is durable, for at most a virtual minute. */
static inline void pair_until_durable(pair *ends)
{
    int tries;
    for (tries = 0; tries < 600 && taskwire_agent_is_durable(ends->agent) == 0; tries++)
        pair_go_on(ends, 100000);
    CHECK_IS(taskwire_agent_is_durable(ends->agent), 1);
}

/* Takes all events, and counts those of one kind; the last of them is in `last`. */
static inline unsigned pair_events(pair *ends, uint32_t kind, taskwire_agent_event *last)
{
    unsigned count = 0;
    taskwire_agent_event event;
    CHECK_IS(taskwire_agent_event_init(&event), TASKWIRE_OK);
    *last = event;
    for (;;) {
        CHECK_IS(taskwire_agent_poll_event(ends->agent, &event), TASKWIRE_OK);
        if (event.kind == TASKWIRE_EVENT_NONE)
            return count;
        if (event.kind == kind) {
            count++;
            *last = event;
        }
    }
}

static inline taskwire_task_id numbered(unsigned number)
{
    taskwire_task_id id;
    memset(&id, 0, sizeof id);
    id.bytes[14] = (uint8_t)(number >> 8);
    id.bytes[15] = (uint8_t)number;
    return id;
}

/* The words of the controller's last refusal have a part in them. */
static inline int controller_says_why(const taskwire_controller *controller, const char *part)
{
    char text[400];
    size_t length;
    if (taskwire_controller_last_error(controller, text, sizeof text, &length) != TASKWIRE_OK || length >= sizeof text)
        return 0;
    if (strstr(text, part) == NULL)
        fprintf(stderr, "the last error is: %s\n", text);
    return strstr(text, part) != NULL;
}

/* The words of the agent's last refusal have a part in them. */
static inline int says(const taskwire_agent *agent, const char *part)
{
    char text[400];
    size_t length;
    if (taskwire_agent_last_error(agent, text, sizeof text, &length) != TASKWIRE_OK || length >= sizeof text)
        return 0;
    if (strstr(text, part) == NULL)
        fprintf(stderr, "the last error is: %s\n", text);
    return strstr(text, part) != NULL;
}

#endif
