/* test_tasks_file.c: the tasks file's format, and that each mistake in one is told with its line. */
#include "check.h"

#include "../tasks_file.h"
#include "../tasks_parse.h"

#include <inttypes.h>
#include <stdlib.h>

static void expect_error(const char *text, size_t line, const char *expected) {
    struct tasks_file file;
    struct tasks_error error;
    CHECK(!tasks_file_parse("edge-1", text, strlen(text), &file, &error));
    CHECK(error.line == line);
    CHECK_TEXT(error.text, expected);
    CHECK(file.tasks == NULL && file.count == 0);
}

static void reads_all_keys(void) {
    static const char text[] = "# what to do\n"
                               "task one\r\n"
                               "  command  make -j2 \"my dir\" 'a \\b' c\\ d\n"
                               "\tretries 2\n"
                               "  retry-after 250ms\n"
                               "  time-limit 1.5s\n"
                               "  cancel-after 0\n"
                               "  metadata build #42  \n"
                               "  id 0f8fad5b-d9cb-469f-a165-70867728950E\n"
                               "\n"
                               "task two\n"
                               "  shell echo 'hi there'; exit 3";
    struct tasks_file file;
    struct tasks_error error;
    char id[37];
    CHECK(tasks_file_parse("edge-1", text, strlen(text), &file, &error));
    CHECK_TEXT(error.text, "");
    CHECK(file.count == 2);
    const struct task_spec *one = &file.tasks[0], *two = &file.tasks[1];
    CHECK_TEXT(one->name, "one");
    CHECK_TEXT(one->arguments[0], "make");
    CHECK_TEXT(one->arguments[2], "my dir");
    CHECK_TEXT(one->arguments[3], "a \\b");
    CHECK_TEXT(one->arguments[4], "c d");
    CHECK(one->arguments[5] == NULL);
    CHECK(one->retries == 2 && one->retry_after_us == 250000 && one->time_limit_us == 1500000);
    CHECK(one->cancels && one->cancel_after_us == 0 && one->line == 2);
    CHECK_TEXT(one->metadata, "build #42");
    task_id_text(one->id, id);
    CHECK_TEXT(id, "0f8fad5b-d9cb-469f-a165-70867728950e");
    CHECK_TEXT(two->arguments[0], "/bin/sh");
    CHECK_TEXT(two->arguments[2], "echo 'hi there'; exit 3");
    CHECK_TEXT(two->metadata, "two");
    CHECK(!two->cancels && two->time_limit_us == 0 && two->retries == 0);
    tasks_file_free(&file);

    CHECK(tasks_file_parse("edge-1", "", 0, &file, &error) && file.count == 0);
    tasks_file_free(&file);
}

static void ids_differ_by_node_and_name(void) {
    uint8_t ids[3][TASK_ID_BYTES];
    task_id_from_names("edge-1", "one", ids[0]);
    task_id_from_names("edge-2", "one", ids[1]);
    task_id_from_names("edge-1o", "ne", ids[2]);
    CHECK(memcmp(ids[0], ids[1], TASK_ID_BYTES) != 0 && memcmp(ids[0], ids[2], TASK_ID_BYTES) != 0);
    CHECK(!task_id_parse("0f8fad5b-d9cb-469f-a165-70867728950", ids[0]));
    CHECK(!task_id_parse("0f8fad5b-d9cb-469f-a165-70867728950e0", ids[0]));
}

static void each_mistake_names_its_line(void) {
    expect_error("\n  retries 2\n", 2, "expected `task NAME` before `retries`");
    expect_error("task a\n", 1, "task a: expected a `command` or a `shell` line, found none");
    expect_error("task a b\n", 1, "task: expected a name of 1 to 64 bytes without blanks, found \"a b\"");
    expect_error("task a\n shell x\n comand y\n", 3,
                 "expected task, command, shell, retries, retry-after, time-limit, cancel-after, metadata or id, found "
                 "\"comand\"");
    expect_error("task a\n shell x\n command y\n", 3, "expected one of `command` and `shell` in a task, found a second");
    expect_error("task a\n command \"x\n", 2, "command: expected a closing \"");
    expect_error("task a\n command\n", 2, "command: expected a program");
    expect_error("task a\n shell x\n retries -1\n", 3, "retries: expected a number from 0 to 1000, found \"-1\"");
    expect_error("task a\n shell x\n retries 1\n retries 2\n", 4, "retries: expected once in a task, found again");
    expect_error("task a\n shell x\n time-limit 5\n", 3,
                 "time-limit: expected a time such as 250ms, 1.5s or 2m, above 0, found \"5\"");
    expect_error("task a\n shell x\n cancel-after soon\n", 3,
                 "cancel-after: expected a time such as 250ms, 1.5s or 2m, found \"soon\"");
    expect_error("task a\n shell x\n id 12\n", 3,
                 "id: expected a UUID such as 0f8fad5b-d9cb-469f-a165-70867728950e, found \"12\"");
    expect_error("task a\n shell x\ntask b\n shell x\ntask a\n shell x\n", 5,
                 "task a: expected a name of its own, found that of the task in line 1");
}

static void a_nul_byte_is_refused(void) {
    struct tasks_file file;
    struct tasks_error error;
    CHECK(!tasks_file_parse("edge-1", "task a\n sh\0ell x", 16, &file, &error));
    CHECK(error.line == 2);
}

static void durations(void) {
    static const struct {
        const char *text;
        uint64_t us;
    } good[] = {{"0", 0},        {"7us", 7},          {"250ms", 250000}, {"0.5ms", 500},
                {"1.25s", 1250000}, {"2m", 120000000}, {"1000h", UINT64_C(3600000000000)}};
    static const char *const bad[] = {"", "s", "1", "1.2.3s", "-1s", "1 s", "1001h", "99999999999s", ".s", "1S"};
    uint64_t us = 0;
    for (size_t n = 0; n < sizeof good / sizeof good[0]; n++) {
        CHECK(parse_duration(good[n].text, &us) && us == good[n].us);
    }
    for (size_t n = 0; n < sizeof bad / sizeof bad[0]; n++) {
        CHECK(!parse_duration(bad[n], &us));
    }
    CHECK(parse_count("18446744073709551615", UINT64_MAX, &us) && us == UINT64_MAX);
    CHECK(!parse_count("18446744073709551616", UINT64_MAX, &us));
    CHECK(!parse_count("5", 4, &us) && parse_count("4", 4, &us));
}

int main(void) {
    reads_all_keys();
    ids_differ_by_node_and_name();
    each_mistake_names_its_line();
    a_nul_byte_is_refused();
    durations();
    return check_result("tasks_file");
}
