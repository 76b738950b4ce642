/*
 * hello_controller.c: a controller in C, whole: UDP, one thread, as many nodes as there are addresses. It is what
 * src/bin/hello_controller.rs is in Rust, and ends when a node has said goodbye.
 *
 *     hello_controller PORT AUDIT_FILE
 */
#include <taskwire.h>

#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_PEERS = 64 };

static struct sockaddr_in address_of[MOST_PEERS];
static uint64_t peers;

static int fail(const char *why) {
    fprintf(stderr, "hello_controller: %s\n", why);
    return 1;
}

static uint64_t now(void) {
    struct timespec at;
    clock_gettime(CLOCK_BOOTTIME, &at);
    return (uint64_t)at.tv_sec * 1000000u + (uint64_t)at.tv_nsec / 1000u;
}

static uint64_t random_u64(void) {
    uint64_t value = 0;
    return getrandom(&value, sizeof value, 0) == (ssize_t)sizeof value ? value : now();
}

static int udp_listen(const char *port) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)atoi(port));
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        return -1;
    }
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

/* Receives for a while at most; `peer` is the sender's place in `address_of`. A sender that has none is not heard. */
static ssize_t recv_within(int fd, uint64_t *peer, uint8_t *frame, size_t capacity, uint64_t wait_us) {
    struct pollfd readable = {fd, POLLIN, 0};
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    if (poll(&readable, 1, (int)((wait_us + 999) / 1000)) <= 0) {
        return 0;
    }
    ssize_t got = recvfrom(fd, frame, capacity, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
    for (*peer = 0; *peer < peers; (*peer)++) {
        if (address_of[*peer].sin_port == from.sin_port && address_of[*peer].sin_addr.s_addr == from.sin_addr.s_addr) {
            return got;
        }
    }
    if (got <= 0 || peers == MOST_PEERS) {
        return 0;
    }
    address_of[peers++] = from;
    return got;
}

/* What the agents have let go of stands in the audit file, on the disk. */
static void store(FILE *audit, taskwire_controller *controller, const taskwire_controller_event *event) {
    char id[TASKWIRE_TASK_ID_TEXT_SIZE];
    switch (event->kind) {
    case TASKWIRE_CONTROLLER_EVENT_TRANSITION:
        taskwire_task_id_to_text(&event->task, id, sizeof id);
        fprintf(audit, "%s #%u %s\n", id, event->number, taskwire_state_text(event->state));
        break;
    case TASKWIRE_CONTROLLER_EVENT_NODE_LOST:
        printf("the node is lost, %u tasks are stale\n", event->tasks_stale);
        break;
    case TASKWIRE_CONTROLLER_EVENT_COMMIT_DUE:
        if (fflush(audit) == 0 && fsync(fileno(audit)) == 0)   /* refused if the history changed meanwhile: another is due */
            taskwire_controller_commit(controller, event->node, event->position_revision, event->position_tag);
        break;
    }
}

static void print_tasks(const taskwire_controller *controller, uint32_t node) {
    taskwire_task task;
    char id[TASKWIRE_TASK_ID_TEXT_SIZE];
    uint64_t cursor = 0;
    size_t count;
    taskwire_task_init(&task);
    while (taskwire_controller_tasks(controller, now(), node, cursor, &task, 1, &count, &cursor) == TASKWIRE_OK && count > 0) {
        taskwire_task_id_to_text(&task.id, id, sizeof id);
        printf("%s %s attempt %u %s\n", id, taskwire_state_text(task.state), task.attempt,
               taskwire_freshness_text(task.freshness));
    }
}

int main(int count, char *words[]) {
    if (count != 3) {
        fail("expected PORT AUDIT_FILE");
        return 2;
    }
    FILE *audit = fopen(words[2], "w");
    int fd = udp_listen(words[1]);
    if (audit == NULL || fd < 0) return fail("the audit file cannot be written, or the port is in use");

    taskwire_controller_config config;
    taskwire_controller_config_init(&config);       /* every field has a default that is safe */
    config.name = "controller";
    config.term = (uint64_t)time(NULL);             /* larger at each start */
    config.seed = random_u64();                     /* fresh at each start: the core draws nothing itself */

    taskwire_controller *controller;
    taskwire_status status = taskwire_controller_new(&config, &controller);
    if (status < 0) return fail(taskwire_status_text(status));

    uint8_t frame[65507]; size_t length; uint64_t peer;
    taskwire_controller_event event; taskwire_controller_event_init(&event);
    uint32_t left = 0, node = 0;
    while (!left) {
        while (taskwire_controller_poll_transmit(controller, now(), frame, sizeof frame, &peer, &length) == TASKWIRE_OK && length > 0)
            sendto(fd, frame, length, 0, (struct sockaddr *)&address_of[peer], sizeof address_of[peer]);
        while (taskwire_controller_poll_event(controller, &event) == TASKWIRE_OK && event.kind != TASKWIRE_CONTROLLER_EVENT_NONE) {
            store(audit, controller, &event);
            if (event.kind == TASKWIRE_CONTROLLER_EVENT_NODE_LEFT) { left = 1; node = event.node; }
        }
        ssize_t got = recv_within(fd, &peer, frame, sizeof frame, taskwire_controller_wait_us(controller, now(), 1000000));   /* at most a second */
        if (got > 0) taskwire_controller_receive(controller, now(), peer, frame, (size_t)got);   /* an error is counted, and says why */
        taskwire_controller_handle_timeout(controller, now());
    }
    print_tasks(controller, node);
    taskwire_controller_free(controller);
    close(fd);
    return fclose(audit) == 0 ? 0 : fail("the audit file could not be written");
}
