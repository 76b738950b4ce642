/* An agent, whole: one task over UDP. agent HOST PORT EPOCH_FILE */
#include <taskwire.h>

#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

static int fail(const char *what) { fprintf(stderr, "agent: %s\n", what); exit(1); }
static void check(taskwire_status status) { if (status < 0) fail(taskwire_status_text(status)); }

static uint64_t now(void) {                               /* never goes back, and goes on while the machine sleeps */
    struct timespec at;
    clock_gettime(CLOCK_BOOTTIME, &at);
    return (uint64_t)at.tv_sec * 1000000u + (uint64_t)at.tv_nsec / 1000u;
}

static uint64_t next_epoch(const char *path) {            /* max(clock, stored + 1), stored before anybody hears of it */
    unsigned long long stored = 0, epoch = (unsigned long long)time(NULL);
    FILE *file = fopen(path, "r");
    if (file != NULL && fscanf(file, "%llu", &stored) == 1 && epoch <= stored) epoch = stored + 1;
    if (file != NULL) fclose(file);
    if ((file = fopen(path, "w")) == NULL || fprintf(file, "%llu\n", epoch) < 0 || fclose(file) != 0) fail(path);
    return epoch;
}

static int udp_connect(const char *host, const char *port) {
    struct addrinfo wanted = {.ai_socktype = SOCK_DGRAM}, *found = NULL;
    if (getaddrinfo(host, port, &wanted, &found) != 0) fail("no such host");
    int fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0) fail("no socket");
    freeaddrinfo(found);
    return fd;
}

static void drain(taskwire_agent *agent, int fd) {        /* after any call that may have changed something */
    uint8_t frame[1200]; size_t length;
    taskwire_agent_event event; taskwire_agent_event_init(&event);
    while (taskwire_agent_poll_transmit(agent, now(), frame, sizeof frame, &length) == TASKWIRE_OK && length > 0)
        send(fd, frame, length, 0);                       /* one that is not taken is lost: what matters is sent again */
    while (taskwire_agent_poll_event(agent, &event) == TASKWIRE_OK && event.kind != TASKWIRE_EVENT_NONE)
        if (event.kind == TASKWIRE_EVENT_FENCED) fail("this node runs under a larger epoch elsewhere");
}

int main(int count, char *words[]) {
    if (count != 4) fail("expected HOST PORT EPOCH_FILE");
    taskwire_agent_config config; taskwire_agent_config_init(&config);
    config.node = "edge-c";
    config.epoch = next_epoch(words[3]);
    if (getrandom(&config.seed, sizeof config.seed, 0) != sizeof config.seed) fail("no random seed");
    config.wall_clock_offset_ms = (uint64_t)time(NULL) * 1000 - now() / 1000;

    taskwire_agent *agent; taskwire_task_id id;
    check(taskwire_agent_new(&config, &agent));
    check(taskwire_task_id_from_text("0f8fad5b-d9cb-469f-a165-70867728950e", &id));
    check(taskwire_agent_register(agent, now(), &id, "build #42", 9, NULL));
    check(taskwire_agent_running(agent, now(), &id));

    int fd = udp_connect(words[1], words[2]);
    uint64_t began = now(), percent = 0;
    for (int durable = 0; percent < 100 || durable == 0; check(durable = taskwire_agent_is_durable(agent))) {
        if (percent < 100 && now() >= began + percent * 5000) {                         /* half a second of work */
            percent += 10;
            check(percent < 100 ? taskwire_agent_progress(agent, now(), &id, (uint32_t)percent)
                                : taskwire_agent_succeeded(agent, now(), &id, TASKWIRE_EXIT_CODE, 0));
        }
        drain(agent, fd);
        struct pollfd readable = {fd, POLLIN, 0};
        uint64_t wait_us = taskwire_agent_wait_us(agent, now(), 50000);                 /* at most so long, for the work */
        uint8_t frame[1200];
        if (poll(&readable, 1, (int)((wait_us + 999) / 1000)) > 0) {
            ssize_t got = recv(fd, frame, sizeof frame, MSG_DONTWAIT);
            if (got > 0) (void)taskwire_agent_receive(agent, now(), frame, (size_t)got); /* what is no frame is counted */
        }
        check(taskwire_agent_handle_timeout(agent, now()));
    }
    check(taskwire_agent_goodbye(agent, now()));          /* all of it is durable: leave in good order */
    drain(agent, fd);
    taskwire_agent_free(agent);
    puts("build #42 is done, and durable at the controller");
    return 0;
}
