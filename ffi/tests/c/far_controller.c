/* The controller for tests of the small build, which has none: that of the whole library, loaded beside it. Its names are
 * its own, so that each call of an agent goes to the small build. The library's path is in TASKWIRE_WHOLE_LIBRARY. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include <taskwire.h>

static void *found(const char *name)
{
    static void *library;
    void *function;
    if (library == NULL)
        library = dlopen(getenv("TASKWIRE_WHOLE_LIBRARY"), RTLD_NOW | RTLD_LOCAL);
    function = library == NULL ? NULL : dlsym(library, name);
    if (function == NULL) {
        fprintf(stderr, "the whole library has no %s: %s\n", name, dlerror());
        exit(3);
    }
    return function;
}

/* POSIX promises that what dlsym gives can be called. */
#define FORWARD(type, name, parameters, arguments)         \
    type name parameters                                   \
    {                                                      \
        static type(*function) parameters;                 \
        if (function == NULL)                              \
            *(void **)(&function) = found(#name);          \
        return function arguments;                         \
    }

FORWARD(taskwire_status, taskwire_controller_config_init_sized, (taskwire_controller_config * config, size_t size),
        (config, size))
FORWARD(taskwire_status, taskwire_controller_event_init_sized, (taskwire_controller_event * event, size_t size),
        (event, size))
FORWARD(taskwire_status, taskwire_node_init_sized, (taskwire_node * node, size_t size), (node, size))
FORWARD(taskwire_status, taskwire_controller_new, (const taskwire_controller_config *config, taskwire_controller **out),
        (config, out))
FORWARD(taskwire_status, taskwire_controller_receive,
        (taskwire_controller * controller, uint64_t now_us, uint64_t peer, const uint8_t *frame, size_t length),
        (controller, now_us, peer, frame, length))
FORWARD(taskwire_status, taskwire_controller_poll_transmit,
        (taskwire_controller * controller, uint64_t now_us, uint8_t *frame, size_t capacity, uint64_t *peer,
         size_t *length),
        (controller, now_us, frame, capacity, peer, length))
FORWARD(taskwire_status, taskwire_controller_poll_event,
        (taskwire_controller * controller, taskwire_controller_event *event), (controller, event))
FORWARD(taskwire_status, taskwire_controller_commit,
        (taskwire_controller * controller, uint32_t node, uint64_t revision, uint64_t tag),
        (controller, node, revision, tag))
FORWARD(taskwire_status, taskwire_controller_handle_timeout, (taskwire_controller * controller, uint64_t now_us),
        (controller, now_us))
FORWARD(taskwire_status, taskwire_controller_nodes,
        (const taskwire_controller *controller, uint32_t first, taskwire_node *nodes, size_t capacity, size_t *count,
         uint32_t *next),
        (controller, first, nodes, capacity, count, next))
FORWARD(taskwire_status, taskwire_controller_tasks,
        (const taskwire_controller *controller, uint64_t now_us, uint32_t node, uint64_t cursor, taskwire_task *tasks,
         size_t capacity, size_t *count, uint64_t *next),
        (controller, now_us, node, cursor, tasks, capacity, count, next))
FORWARD(taskwire_status, taskwire_controller_last_error,
        (const taskwire_controller *controller, char *text, size_t capacity, size_t *length),
        (controller, text, capacity, length))
FORWARD(const char *, taskwire_controller_event_text, (uint32_t kind), (kind))

void taskwire_controller_free(taskwire_controller *controller)
{
    void (*function)(taskwire_controller *);
    *(void **)(&function) = found("taskwire_controller_free");
    function(controller);
}
