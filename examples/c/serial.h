/*
 * serial.h: a serial line, opened raw.
 *
 * Responsible for: the settings of the line (raw, eight bits, no parity, its speed). What goes over it is left to
 * stream.h.
 */
#ifndef SERIAL_H
#define SERIAL_H

#include <stdbool.h>
#include <stdint.h>

/* Whether a line can have that many bits a second. */
bool serial_has_speed(uint64_t bits_a_second);

/* Opens the line without waiting for anything, now or later. -1 on failure, with errno. */
int serial_open(const char *path, uint64_t bits_a_second);

#endif
