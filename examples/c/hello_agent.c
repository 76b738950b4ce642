/*
 * hello_agent.c: an agent in C, whole: UDP, one thread, one task. It is the first program of the README, and shows the
 * loop that every host has; agent.c is what one looks like that runs real work.
 *
 *     hello_agent HOST PORT EPOCH_FILE
 */
#include <taskwire.h>

#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int fail(const char *why) {
    fprintf(stderr, "hello_agent: %s\n", why);
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

/* max(clock, stored + 1), stored before anybody hears of it. epoch.c is the same, safe against a power cut. */
static uint64_t next_epoch(const char *path) {
    unsigned long long stored = 0, clock = (unsigned long long)time(NULL);
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        if (fscanf(file, "%llu", &stored) != 1) {
            stored = 0;
        }
        fclose(file);
    }
    unsigned long long epoch = clock > stored ? clock : stored + 1;
    file = fopen(path, "w");
    if (file == NULL || fprintf(file, "%llu\n", epoch) < 0 || fclose(file) != 0) {
        exit(fail("the epoch could not be stored"));
    }
    return epoch;
}

static int udp_connect(const char *host, const char *port) {
    struct addrinfo wanted, *found = NULL;
    memset(&wanted, 0, sizeof wanted);
    wanted.ai_socktype = SOCK_DGRAM;
    if (getaddrinfo(host, port, &wanted, &found) != 0) {
        return -1;
    }
    int fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
    if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

static ssize_t recv_within(int fd, uint8_t *frame, size_t capacity, uint64_t wait_us) {
    struct pollfd readable = {fd, POLLIN, 0};
    return poll(&readable, 1, (int)((wait_us + 999) / 1000)) > 0 ? recv(fd, frame, capacity, MSG_DONTWAIT) : 0;
}

static void handle(const taskwire_agent_event *event) {
    if (event->kind == TASKWIRE_EVENT_SESSION_OPENED) {
        printf("session with %s: %s\n", event->name, taskwire_verdict_text(event->verdict));
    } else if (event->kind == TASKWIRE_EVENT_FENCED) {
        exit(fail("another one runs under this node's name"));
    }
}

/* A second of work, in ten parts. False when it is done. */
static int work(taskwire_agent *agent, const taskwire_task_id *id) {
    static uint64_t began;
    static uint32_t parts;
    began = began == 0 ? now() : began;
    if (parts < 10 && now() >= began + (parts + 1) * 100000u) {
        parts++;
        taskwire_agent_progress(agent, now(), id, parts * 10);
        if (parts == 10) {
            taskwire_agent_succeeded(agent, now(), id, TASKWIRE_EXIT_CODE, 0);
        }
    }
    return parts < 10;
}

int main(int count, char *words[]) {
    if (count != 4) {
        fail("expected HOST PORT EPOCH_FILE");
        return 2;
    }
    taskwire_agent_config config;
    taskwire_agent_config_init(&config);            /* every field has a default that is safe */
    config.node = "edge-7";
    config.epoch = next_epoch(words[3]);            /* max(clock, stored + 1): larger at each start, also without an RTC */
    config.seed = random_u64();                     /* fresh at each start: the core draws nothing itself */

    taskwire_agent *agent;
    taskwire_status status = taskwire_agent_new(&config, &agent);
    if (status < 0) return fail(taskwire_status_text(status));

    taskwire_task_id id;
    taskwire_task_id_from_text("0f8fad5b-d9cb-469f-a165-70867728950e", &id);
    taskwire_agent_register(agent, now(), &id, "build #42", 9, NULL);
    taskwire_agent_running(agent, now(), &id);

    int fd = udp_connect(words[1], words[2]);
    if (fd < 0) return fail("no such host");
    uint8_t frame[1200]; size_t length;
    taskwire_agent_event event; taskwire_agent_event_init(&event);
    while (work(agent, &id) || !taskwire_agent_is_durable(agent)) {   /* work calls _progress and _succeeded */
        while (taskwire_agent_poll_transmit(agent, now(), frame, sizeof frame, &length) == TASKWIRE_OK && length > 0)
            send(fd, frame, length, 0);
        while (taskwire_agent_poll_event(agent, &event) == TASKWIRE_OK && event.kind != TASKWIRE_EVENT_NONE)
            handle(&event);
        ssize_t got = recv_within(fd, frame, sizeof frame, taskwire_agent_wait_us(agent, now(), 50000));   /* at most 50 ms */
        if (got > 0) taskwire_agent_receive(agent, now(), frame, (size_t)got);
        taskwire_agent_handle_timeout(agent, now());
    }
    taskwire_agent_goodbye(agent, now());           /* everything is durable: leave in good order */
    while (taskwire_agent_poll_transmit(agent, now(), frame, sizeof frame, &length) == TASKWIRE_OK && length > 0)
        send(fd, frame, length, 0);
    taskwire_agent_free(agent);
    close(fd);
    printf("build #42 is done, and durable at the controller\n");
    return 0;
}
