/* epoch.c: see epoch.h. */
#include "epoch.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool fail(char *error, size_t error_size, const char *format, ...) __attribute__((format(printf, 3, 4)));

static bool fail(char *error, size_t error_size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, error_size, format, arguments);
    va_end(arguments);
    return false;
}

/* Reads the stored epoch; a missing file is 0. Anything but one decimal number is refused, never taken for 0. */
static bool read_stored(const char *path, uint64_t *out, char *error, size_t error_size) {
    char text[32];
    *out = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return errno == ENOENT ? true : fail(error, error_size, "%s: %s", path, strerror(errno));
    }
    ssize_t length = read(file, text, sizeof text - 1);
    int read_error = errno;
    close(file);
    if (length < 0) {
        return fail(error, error_size, "%s: %s", path, strerror(read_error));
    }
    text[length] = '\0';
    char *end = text;
    errno = 0;
    unsigned long long stored = strtoull(text, &end, 10);
    while (*end == '\n' || *end == ' ') {
        end++;
    }
    if (end == text || *end != '\0' || errno != 0 || text[0] == '-') {
        return fail(error, error_size, "%s: expected one decimal number, the last epoch; found \"%.20s\"", path, text);
    }
    *out = stored;
    return true;
}

/* Makes a rename in the directory of `path` durable. */
static bool sync_directory(const char *path) {
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 1 : (slash == path ? 1 : (size_t)(slash - path));
    if (length >= sizeof directory) {
        return false;
    }
    memcpy(directory, slash == NULL ? "." : path, length);
    directory[length] = '\0';
    int file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) {
        return false;
    }
    bool done = fsync(file) == 0;
    close(file);
    return done;
}

/* Writes beside the file and renames, so that a power cut leaves the old number or the new one, never half. */
bool epoch_store(const char *path, uint64_t epoch, char *error, size_t error_size) {
    char beside[PATH_MAX], text[32];
    int name = snprintf(beside, sizeof beside, "%s.new", path);
    if (name < 0 || (size_t)name >= sizeof beside) {
        return fail(error, error_size, "%s: the name is too long", path);
    }
    int file = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) {
        return fail(error, error_size, "%s: %s", beside, strerror(errno));
    }
    int length = snprintf(text, sizeof text, "%" PRIu64 "\n", epoch);
    bool written = write(file, text, (size_t)length) == length && fsync(file) == 0;
    int write_error = errno;
    close(file);
    if (!written) {
        unlink(beside);
        return fail(error, error_size, "%s: %s", beside, strerror(write_error));
    }
    if (rename(beside, path) != 0 || !sync_directory(path)) {
        return fail(error, error_size, "%s: %s", path, strerror(errno));
    }
    return true;
}

bool epoch_next(const char *path, uint64_t *out_epoch, char *error, size_t error_size) {
    uint64_t stored = 0;
    *out_epoch = 0;
    if (!read_stored(path, &stored, error, error_size)) {
        return false;
    }
    if (stored >= UINT64_MAX - 1) {
        return fail(error, error_size, "%s: the epoch %" PRIu64 " is at the end of its range", path, stored);
    }
    uint64_t epoch = clock_unix_ms();
    epoch = epoch > stored ? epoch : stored + 1;
    if (!epoch_store(path, epoch, error, error_size)) {
        return false;
    }
    *out_epoch = epoch;
    return true;
}
