/* Functions that the library has only when it is built with the feature `testing`; ffi/src/testing.rs defines them. */
#ifndef TESTING_H
#define TESTING_H

#include <taskwire.h>

#ifdef __cplusplus
extern "C" {
#endif

taskwire_status taskwire_testing_panic_in_change(taskwire_agent *agent);
taskwire_status taskwire_testing_panic_in_look(const taskwire_agent *agent);
taskwire_status taskwire_testing_panic_in_controller_change(taskwire_controller *controller);
taskwire_status taskwire_testing_panic_in_controller_look(const taskwire_controller *controller);

#ifdef __cplusplus
}
#endif
#endif
