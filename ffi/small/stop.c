/*
 * What the small build does where it cannot go on (see taskwire_stop in taskwire.h): it says why, and aborts. It stands in
 * an object of its own, so that a program that defines taskwire_stop does not get it.
 */
#define TASKWIRE_SMALL
#include <taskwire.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void taskwire_stop(const char *why)
{
    /* No stdio: it may want memory, too. */
    if (write(2, why, strlen(why)) < 0)
        abort();
    abort();
}
