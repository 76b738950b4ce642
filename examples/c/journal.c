/* journal.c: see journal.h. */
#include "journal.h"

#include "clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* More than this waits in memory only for the record that is being appended: the library keeps the rest. */
#define TAIL_MAX ((size_t)1 << 20)
#define RETRY_US UINT64_C(1000000)
#define NO_SPLIT SIZE_MAX

struct journal {
    int folder, lock, file;
    unsigned oldest, newest; /* numbers of files; oldest > newest: there is none */
    uint64_t first_key;      /* of the newest file */
    off_t safe;              /* bytes of the newest file that are safe */
    uint8_t *tail;           /* what follows them */
    size_t length, room;
    size_t written; /* bytes of the tail that the kernel has */
    size_t split;   /* where in the tail another file begins */
    uint64_t split_key, last_key;
    uint64_t retry_at;
    char trouble[200];
};

static void name_of(unsigned number, char out[32]) {
    snprintf(out, 32, "journal.%06u", number);
}

/* Finds the files of earlier lives. */
static bool find_files(struct journal *journal) {
    int copy = dup(journal->folder);
    DIR *list = copy < 0 ? NULL : fdopendir(copy);
    if (list == NULL) {
        return false;
    }
    for (struct dirent *entry = readdir(list); entry != NULL; entry = readdir(list)) {
        unsigned number = 0;
        char exact[32];
        if (sscanf(entry->d_name, "journal.%u", &number) != 1 || number == 0) {
            continue;
        }
        name_of(number, exact);
        if (strcmp(exact, entry->d_name) == 0) {
            journal->oldest = number < journal->oldest ? number : journal->oldest;
            journal->newest = number > journal->newest ? number : journal->newest;
        }
    }
    closedir(list);
    return true;
}

struct journal *journal_open(const char *folder, char *error, size_t error_size) {
    struct journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    *journal = (struct journal){.folder = -1, .lock = -1, .file = -1, .oldest = 1000000, .split = NO_SPLIT};
    const char *what = NULL;
    if (mkdir(folder, 0755) != 0 && errno != EEXIST) {
        what = strerror(errno);
    } else if ((journal->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
               (journal->lock = openat(journal->folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0644)) < 0) {
        what = strerror(errno);
    } else if (flock(journal->lock, LOCK_EX | LOCK_NB) != 0) {
        what = errno == EWOULDBLOCK ? "another agent uses it" : strerror(errno);
    } else if (!find_files(journal)) {
        what = strerror(errno);
    }
    if (what != NULL) {
        snprintf(error, error_size, "%s: %s", folder, what);
        journal_close(journal);
        return NULL;
    }
    return journal;
}

void journal_close(struct journal *journal) {
    if (journal == NULL) {
        return;
    }
    const int all[] = {journal->file, journal->lock, journal->folder};
    for (size_t n = 0; n < sizeof all / sizeof all[0]; n++) {
        if (all[n] >= 0) {
            close(all[n]);
        }
    }
    free(journal->tail);
    free(journal);
}

bool journal_read(struct journal *journal, journal_taker take, void *context, char *error, size_t error_size) {
    uint8_t chunk[16384];
    for (unsigned number = journal->oldest; number <= journal->newest; number++) {
        char name[32];
        name_of(number, name);
        int file = openat(journal->folder, name, O_RDONLY | O_CLOEXEC);
        ssize_t got = file < 0 ? -1 : 0;
        bool more = file >= 0;
        while (more && (got = read(file, chunk, sizeof chunk)) > 0) {
            more = take(context, chunk, (size_t)got);
        }
        int why = errno;
        if (file >= 0) {
            close(file);
        }
        if (got < 0) {
            snprintf(error, error_size, "%s: %s", name, strerror(why));
            return false;
        }
        if (!more) {
            return true;
        }
    }
    return true;
}

bool journal_has_room(const struct journal *journal) {
    return journal->split == NO_SPLIT && journal->length < TAIL_MAX;
}

bool journal_append(struct journal *journal, uint64_t key, bool begins_checkpoint, const uint8_t *record, size_t length) {
    if (journal->length + length > journal->room) {
        size_t room = (journal->length + length) * 2;
        uint8_t *more = realloc(journal->tail, room);
        if (more == NULL) {
            return false;
        }
        journal->tail = more;
        journal->room = room;
    }
    if (begins_checkpoint) {
        journal->split = journal->length;
        journal->split_key = key;
    }
    memcpy(journal->tail + journal->length, record, length);
    journal->length += length;
    journal->last_key = key;
    return true;
}

bool journal_is_behind(const struct journal *journal) {
    return journal->length > 0;
}

const char *journal_trouble(const struct journal *journal) {
    return journal->trouble;
}

uint64_t journal_deadline(const struct journal *journal) {
    return journal->length > 0 ? journal->retry_at : CLOCK_NEVER;
}

/* Writes the part of the tail that belongs to the newest file. */
static bool write_part(struct journal *journal) {
    size_t end = journal->split == NO_SPLIT ? journal->length : journal->split;
    while (journal->written < end) {
        ssize_t put = pwrite(journal->file, journal->tail + journal->written, end - journal->written,
                             journal->safe + (off_t)journal->written);
        if (put <= 0) {
            errno = put == 0 ? ENOSPC : errno;
            return false;
        }
        journal->written += (size_t)put;
    }
    return true;
}

/* What is written is safe: the tail begins behind it. */
static void keep_rest(struct journal *journal) {
    memmove(journal->tail, journal->tail + journal->written, journal->length - journal->written);
    journal->length -= journal->written;
    journal->safe += (off_t)journal->written;
    if (journal->split != NO_SPLIT) {
        journal->split -= journal->written;
    }
    journal->written = 0;
}

/* Begins the file that a checkpoint is for; the one before is safe whole. */
static bool next_file(struct journal *journal) {
    char name[32];
    name_of(journal->newest + 1, name);
    int file = openat(journal->folder, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) {
        return false;
    }
    if (fsync(journal->folder) != 0) {
        int why = errno;
        close(file);
        errno = why;
        return false;
    }
    if (journal->file >= 0) {
        close(journal->file);
    }
    journal->file = file;
    journal->newest++;
    journal->oldest = journal->oldest > journal->newest ? journal->newest : journal->oldest;
    journal->first_key = journal->split_key;
    journal->safe = 0;
    journal->split = NO_SPLIT;
    return true;
}

void journal_write(struct journal *journal) {
    if (journal->file >= 0 && journal->retry_at == 0) {
        (void)write_part(journal); /* journal_sync tries again, and says why not */
    }
}

/* All of it, a file after the other. */
static bool write_and_sync(struct journal *journal, uint64_t *safe_key) {
    while (journal->length > 0) {
        if (journal->split == 0 && !next_file(journal)) {
            return false;
        }
        if (!write_part(journal) || fdatasync(journal->file) != 0) {
            return false;
        }
        *safe_key = journal->split == NO_SPLIT ? journal->last_key : journal->split_key - 1;
        keep_rest(journal);
    }
    return true;
}

uint64_t journal_sync(struct journal *journal, uint64_t now) {
    uint64_t safe_key = 0;
    if (now < journal->retry_at) {
        return 0;
    }
    if (write_and_sync(journal, &safe_key)) {
        journal->retry_at = 0;
        journal->trouble[0] = '\0';
    } else {
        snprintf(journal->trouble, sizeof journal->trouble, "%s", strerror(errno));
        journal->written = 0;
        journal->retry_at = now + RETRY_US;
    }
    return safe_key;
}

void journal_needed_from(struct journal *journal, uint64_t key) {
    while (key >= journal->first_key && journal->first_key > 0 && journal->oldest < journal->newest) {
        char name[32];
        name_of(journal->oldest, name);
        if (unlinkat(journal->folder, name, 0) != 0 && errno != ENOENT) {
            return; /* it costs room, and nothing else; the next call tries again */
        }
        journal->oldest++;
    }
}
