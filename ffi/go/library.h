/*
 * library.h: the library's header as cgo has to see it.
 *
 * The objects behind the handles are given a body, which nobody ever looks into: of a type without one cgo must believe
 * that it may hold pointers of Go's, and to check that it would allocate at each call.
 */
#ifndef TASKWIRE_GO_LIBRARY_H
#define TASKWIRE_GO_LIBRARY_H

struct taskwire_agent {
    unsigned char of_the_library;
};
struct taskwire_agent_builder {
    unsigned char of_the_library;
};
struct taskwire_filter {
    unsigned char of_the_library;
};
struct taskwire_controller {
    unsigned char of_the_library;
};
struct taskwire_framer {
    unsigned char of_the_library;
};

#include <stdlib.h>
#include <taskwire.h>

#endif
