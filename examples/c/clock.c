/* clock.c: see clock.h. */
#include "clock.h"

#include <time.h>

uint64_t clock_boot_us(void) {
    struct timespec at = {0, 0};
    /* Fails only for a clock that the kernel does not know; CLOCK_BOOTTIME is there since Linux 2.6.39. */
    (void)clock_gettime(CLOCK_BOOTTIME, &at);
    return (uint64_t)at.tv_sec * 1000000u + (uint64_t)at.tv_nsec / 1000u;
}

uint64_t clock_unix_ms(void) {
    struct timespec at = {0, 0};
    (void)clock_gettime(CLOCK_REALTIME, &at);
    if (at.tv_sec < 0) {
        return 0;
    }
    return (uint64_t)at.tv_sec * 1000u + (uint64_t)at.tv_nsec / 1000000u;
}
