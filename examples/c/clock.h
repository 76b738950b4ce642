/*
 * clock.h: the two clocks of the agent.
 *
 * Responsible for: reading them. What they mean to the protocol is the core's matter: the first decides when
 * something is due, the second is data and decides nothing.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* No deadline at all. */
#define CLOCK_NEVER UINT64_MAX

/* Microseconds that never go back and that go on while the machine sleeps (CLOCK_BOOTTIME). */
uint64_t clock_boot_us(void);

/* Milliseconds since 1970 by the wall clock, or 0 on a machine whose clock stands before that. */
uint64_t clock_unix_ms(void);

#endif
