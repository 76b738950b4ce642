/* Functions that the library has only when it is built with the feature `testing`; ffi/src/testing.rs defines them. */
#ifndef TESTING_H
#define TESTING_H

#include <taskwire.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct taskwire_testing_controller taskwire_testing_controller;

taskwire_status taskwire_testing_panic_in_change(taskwire_agent *agent);
taskwire_status taskwire_testing_panic_in_look(const taskwire_agent *agent);

/* A controller that commits all that it is told at once. */
taskwire_testing_controller *taskwire_testing_controller_new(uint64_t term, uint64_t seed);
void taskwire_testing_controller_free(taskwire_testing_controller *controller);
/* 1 if the frame was refused. */
int32_t taskwire_testing_controller_receive(taskwire_testing_controller *controller, uint64_t now_us,
                                            const uint8_t *frame, size_t length);
size_t taskwire_testing_controller_transmit(taskwire_testing_controller *controller, uint64_t now_us,
                                            uint8_t *out_frame, size_t capacity);
uint64_t taskwire_testing_controller_transitions(const taskwire_testing_controller *controller);
uint64_t taskwire_testing_controller_forgotten(const taskwire_testing_controller *controller);
uint64_t taskwire_testing_controller_tasks_in(const taskwire_testing_controller *controller, uint32_t state);

#ifdef __cplusplus
}
#endif
#endif
