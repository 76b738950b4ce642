/* serial.c: see serial.h. */
#include "serial.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <termios.h>
#include <unistd.h>

static const struct {
    uint64_t bits_a_second;
    speed_t speed;
} speeds[] = {
    {1200, B1200},   {2400, B2400},     {4800, B4800},     {9600, B9600},     {19200, B19200},  {38400, B38400},
    {57600, B57600}, {115200, B115200}, {230400, B230400}, {460800, B460800}, {921600, B921600},
};
#define SPEED_COUNT (sizeof speeds / sizeof speeds[0])

static size_t place_of(uint64_t bits_a_second) {
    size_t place = 0;
    while (place < SPEED_COUNT && speeds[place].bits_a_second != bits_a_second) {
        place++;
    }
    return place;
}

bool serial_has_speed(uint64_t bits_a_second) {
    return place_of(bits_a_second) < SPEED_COUNT;
}

static bool make_raw(int fd, speed_t speed) {
    struct termios line;
    if (tcgetattr(fd, &line) != 0) {
        return false;
    }
    cfmakeraw(&line);
    /* No modem's wires are asked: a line that is cut is silent, and the lease says what that means. */
    line.c_cflag |= CLOCAL | CREAD;
    line.c_cc[VMIN] = 1; /* so that nothing to read is EAGAIN, and 0 bytes are the end of the line */
    line.c_cc[VTIME] = 0;
    return cfsetispeed(&line, speed) == 0 && cfsetospeed(&line, speed) == 0 && tcsetattr(fd, TCSANOW, &line) == 0;
}

int serial_open(const char *path, uint64_t bits_a_second) {
    size_t place = place_of(bits_a_second);
    if (place == SPEED_COUNT) {
        errno = EINVAL;
        return -1;
    }
    int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && !make_raw(fd, speeds[place].speed)) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}
