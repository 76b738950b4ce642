/* test_journal.c: what was safe is read back in order, files follow one another and go, and a disk that refuses loses
 * nothing: it is written again, in the same place, until it is safe. */
#include "check.h"

#include "../clock.h"
#include "../journal.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[TEMPORARY_SIZE];
static uint8_t stored[1 << 16];
static size_t stored_length;

static bool take(void *context, const uint8_t *bytes, size_t length) {
    (void)context;
    memcpy(stored + stored_length, bytes, length);
    stored_length += length;
    return true;
}

static struct journal *opened(void) {
    char error[200] = "";
    struct journal *journal = journal_open(folder, error, sizeof error);
    CHECK_TEXT(error, "");
    stored_length = 0;
    if (journal != NULL) {
        CHECK(journal_read(journal, take, NULL, error, sizeof error));
    }
    return journal;
}

static off_t size_of(const char *name) {
    char path[100];
    struct stat found;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return stat(path, &found) == 0 ? found.st_size : -1;
}

static bool append(struct journal *journal, uint64_t key, bool begins, const char *text) {
    return journal_append(journal, key, begins, (const uint8_t *)text, strlen(text));
}

static void files_follow_one_another(void) {
    struct journal *journal = opened(), *second = NULL;
    char error[200];
    CHECK(stored_length == 0 && !journal_is_behind(journal));
    CHECK(append(journal, 1, true, "one,"));
    CHECK(!journal_has_room(journal)); /* a file begins: first what is before it */
    CHECK(journal_sync(journal, 0) == 1 && journal_has_room(journal));
    CHECK(append(journal, 2, false, "two,"));
    journal_write(journal);
    CHECK(size_of("journal.000001") == 8 && journal_is_behind(journal));
    CHECK(append(journal, 3, true, "three,"));
    CHECK(journal_sync(journal, 0) == 3);
    CHECK(size_of("journal.000001") == 8 && size_of("journal.000002") == 6);
    CHECK(journal_sync(journal, 0) == 0); /* nothing new */
    second = journal_open(folder, error, sizeof error);
    CHECK(second == NULL && strstr(error, "another agent uses it") != NULL);
    journal_close(journal);

    journal = opened();
    CHECK(stored_length == 14 && memcmp(stored, "one,two,three,", 14) == 0);
    journal_needed_from(journal, 3); /* of an earlier life: nothing of this one is safe yet */
    CHECK(size_of("journal.000001") == 8);
    CHECK(append(journal, 4, true, "four,"));
    CHECK(journal_sync(journal, 0) == 4);
    journal_needed_from(journal, 3);
    CHECK(size_of("journal.000001") == 8);
    journal_needed_from(journal, 4);
    CHECK(size_of("journal.000001") == -1 && size_of("journal.000002") == -1 && size_of("journal.000003") == 5);
    journal_close(journal);
}

static void a_disk_that_refuses_loses_nothing(void) {
    struct rlimit whole, small;
    struct journal *journal = opened();
    CHECK(append(journal, 5, true, "five,"));
    CHECK(journal_sync(journal, 0) == 5);
    CHECK(getrlimit(RLIMIT_FSIZE, &whole) == 0);
    small = whole;
    small.rlim_cur = 9;
    CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
    CHECK(append(journal, 6, false, "six,"));
    CHECK(journal_sync(journal, 1000) == 6);
    CHECK(append(journal, 7, false, "seven,"));
    journal_write(journal);
    CHECK(journal_sync(journal, 2000) == 0);
    CHECK(journal_trouble(journal)[0] != '\0' && journal_is_behind(journal));
    CHECK(journal_deadline(journal) == 1002000);
    CHECK(append(journal, 8, false, "eight,"));
    CHECK(journal_sync(journal, 1001999) == 0); /* not before its time */
    CHECK(journal_sync(journal, 1002000) == 0);
    CHECK(setrlimit(RLIMIT_FSIZE, &whole) == 0);
    CHECK(journal_sync(journal, 2002000) == 8);
    CHECK_TEXT(journal_trouble(journal), "");
    CHECK(!journal_is_behind(journal) && journal_deadline(journal) == CLOCK_NEVER);
    journal_close(journal);
    journal = opened();
    CHECK(stored_length == 26 && memcmp(stored, "four,five,six,seven,eight,", 26) == 0);
    journal_close(journal);
}

static void folders_that_cannot_be_used(void) {
    char error[200];
    CHECK(journal_open("/dev/null", error, sizeof error) == NULL);
    CHECK(strstr(error, "/dev/null: ") != NULL);
    CHECK(journal_open("/proc/none", error, sizeof error) == NULL);
}

int main(void) {
    char command[100];
    (void)signal(SIGXFSZ, SIG_IGN);
    MAKE_TEMPORARY(folder);
    files_follow_one_another();
    a_disk_that_refuses_loses_nothing();
    folders_that_cannot_be_used();
    snprintf(command, sizeof command, "rm -rf %s", folder);
    CHECK(system(command) == 0);
    return check_result("journal");
}
