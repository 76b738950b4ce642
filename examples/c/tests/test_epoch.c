/* test_epoch.c: the epoch grows whatever the clock does, is stored first, and a spoilt file is never taken for 0. */
#include "check.h"

#include "../clock.h"
#include "../epoch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

static char path[256];

static void put(const char *text) {
    FILE *file = fopen(path, "w");
    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static uint64_t stored(void) {
    FILE *file = fopen(path, "r");
    uint64_t number = 0;
    CHECK(file != NULL && fscanf(file, "%" SCNu64, &number) == 1);
    if (file != NULL) {
        fclose(file);
    }
    return number;
}

static void it_is_the_clock_or_one_more_than_stored(void) {
    char error[240];
    uint64_t first = 0, second = 0;
    uint64_t before = clock_unix_ms();
    CHECK(epoch_next(path, &first, error, sizeof error));
    CHECK(first >= before && stored() == first);
    CHECK(epoch_next(path, &second, error, sizeof error));
    CHECK(second > first && stored() == second);
    /* The file is ahead of the clock: a machine without a real-time clock. */
    put("9000000000000000\n");
    CHECK(epoch_next(path, &first, error, sizeof error) && first == UINT64_C(9000000000000001));
    CHECK(stored() == first);
    CHECK(epoch_store(path, 17, error, sizeof error) && stored() == 17);
}

static void a_spoilt_file_is_refused(void) {
    static const char *const spoilt[] = {"", "twelve", "-5", "12x", "18446744073709551615", "99999999999999999999999"};
    char error[240];
    for (size_t n = 0; n < sizeof spoilt / sizeof spoilt[0]; n++) {
        uint64_t epoch = 5;
        put(spoilt[n]);
        error[0] = '\0';
        CHECK(!epoch_next(path, &epoch, error, sizeof error));
        CHECK(epoch == 0 && strstr(error, path) != NULL);
    }
    uint64_t epoch = 5;
    CHECK(!epoch_next("/nonexistent/epoch", &epoch, error, sizeof error) && epoch == 0);
}

int main(void) {
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%.200s/taskwire-epoch-%ld", folder == NULL ? "/tmp" : folder, (long)getpid());
    it_is_the_clock_or_one_more_than_stored();
    a_spoilt_file_is_refused();
    unlink(path);
    return check_result("epoch");
}
