/* native.c: see native.h. */
#define _GNU_SOURCE
#include "native.h"

#include <stdlib.h>
#include <time.h>

#define EACH_MOST 64
#define EVENTS 64

struct native {
    taskwire_agent *agent;
    taskwire_controller *controller;
    uint64_t now;
    taskwire_update updates[EACH_MOST];
    taskwire_controller_event events[EVENTS];
    taskwire_agent_event news[EVENTS];
};

uint64_t thread_nanos(void) {
    struct timespec at = {0, 0};
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

struct native *native_new(void) {
    struct native *native = calloc(1, sizeof *native);
    taskwire_agent_config agent;
    taskwire_controller_config controller;
    if (native == NULL) {
        return NULL;
    }
    (void)taskwire_agent_config_init(&agent);
    agent.node = "edge";
    agent.epoch = 1;
    agent.linger_us = 0;
    (void)taskwire_controller_config_init(&controller);
    controller.name = "control";
    controller.term = 1;
    if (taskwire_agent_new(&agent, &native->agent) != TASKWIRE_OK ||
        taskwire_controller_new(&controller, &native->controller) != TASKWIRE_OK) {
        native_free(native);
        return NULL;
    }
    for (size_t n = 0; n < EACH_MOST; n++) {
        (void)taskwire_update_init(&native->updates[n]);
    }
    (void)taskwire_controller_event_init(&native->events[0]);
    (void)taskwire_agent_event_init(&native->news[0]);
    native_settle(native);
    return native;
}

void native_free(struct native *native) {
    if (native != NULL) {
        taskwire_agent_free(native->agent);
        taskwire_controller_free(native->controller);
        free(native);
    }
}

static void fill(taskwire_update *update, const struct item *item) {
    update->kind = item->kind;
    update->task = item->task;
    update->state = item->state;
    update->percent = item->percent;
    update->reason = item->reason;
    update->exit_kind = item->exit_kind;
    update->exit_value = item->exit_value;
}

uint64_t native_report(struct native *native, const struct item *items, size_t count, size_t each) {
    uint64_t began = thread_nanos();
    for (size_t at = 0; at < count; at += each) {
        size_t some = count - at < each ? count - at : each, done = 0;
        for (size_t n = 0; n < some; n++) {
            fill(&native->updates[n], &items[at + n]);
        }
        if (taskwire_agent_update(native->agent, native->now, native->updates, some, &done) != TASKWIRE_OK) {
            return 0;
        }
    }
    return thread_nanos() - began;
}

static size_t carry(struct native *native) {
    uint8_t frame[1200];
    size_t length = 0, frames = 0, count = 0;
    uint64_t peer = 0;
    while (taskwire_agent_poll_transmit(native->agent, native->now, frame, sizeof frame, &length) == TASKWIRE_OK &&
           length > 0) {
        (void)taskwire_controller_receive(native->controller, native->now, 1, frame, length);
        frames++;
    }
    do {
        (void)taskwire_controller_poll_events(native->controller, native->events, EVENTS, &count);
        for (size_t n = 0; n < count; n++) {
            const taskwire_controller_event *event = &native->events[n];
            if (event->kind == TASKWIRE_CONTROLLER_EVENT_COMMIT_DUE) {
                (void)taskwire_controller_commit(native->controller, event->node, event->position_revision,
                                                 event->position_tag);
            }
        }
    } while (count == EVENTS);
    while (taskwire_controller_poll_transmit(native->controller, native->now, frame, sizeof frame, &peer, &length) ==
               TASKWIRE_OK &&
           length > 0) {
        (void)taskwire_agent_receive(native->agent, native->now, frame, length);
        frames++;
    }
    do {
        (void)taskwire_agent_poll_events(native->agent, native->news, EVENTS, &count);
    } while (count == EVENTS);
    return frames;
}

void native_settle(struct native *native) {
    for (int quiet = 0; quiet < 3;) {
        quiet = carry(native) > 0 ? 0 : quiet + 1;
        native->now += 1000;
        (void)taskwire_agent_handle_timeout(native->agent, native->now);
        (void)taskwire_controller_handle_timeout(native->controller, native->now);
    }
}
