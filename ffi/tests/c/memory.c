/* Every malloc fails once, each in turn, in a whole life of an agent: the program stops with words, or the call gives an
 * error; nothing is corrupted, and nothing goes on with half of what it needs. The linker gives every allocation of the
 * library to the functions here (--wrap). */
#include "journal.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static long until_failure = -1; /* counts down; at 0 the allocation fails; below, none does */

static int fails(void)
{
    return until_failure >= 0 && until_failure-- == 0;
}

#ifdef __cplusplus
extern "C" {
#endif
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *pointer, size_t size);
int __real_posix_memalign(void **out, size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
int __wrap_posix_memalign(void **out, size_t alignment, size_t size);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *pointer, size_t size)
{
    return fails() ? NULL : __real_realloc(pointer, size);
}

int __wrap_posix_memalign(void **out, size_t alignment, size_t size)
{
    return fails() ? 12 : __real_posix_memalign(out, alignment, size);
}
#ifdef __cplusplus
}
#endif

static void a_life(void)
{
    pair ends = pair_plain();
    unsigned n;
    ends.lose_one_in = 5;
    for (n = 0; n < 40; n++) {
        taskwire_task_id id = numbered(n);
        CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &id, "metadata", 8, NULL), TASKWIRE_OK);
        CHECK_IS(taskwire_agent_running(ends.agent, ends.now_us, &id), TASKWIRE_OK);
        CHECK_IS(taskwire_agent_detail(ends.agent, ends.now_us, &id, 50, "half", 4), TASKWIRE_OK);
        if (n % 8 == 0)
            pair_go_on(&ends, 50000);
    }
    pair_until_durable(&ends);
    for (n = 0; n < 40; n++) {
        taskwire_task_id id = numbered(n);
        CHECK_IS(taskwire_agent_succeeded(ends.agent, ends.now_us, &id, TASKWIRE_EXIT_CODE, 0), TASKWIRE_OK);
        CHECK_IS(taskwire_agent_forget(ends.agent, ends.now_us, &id), TASKWIRE_OK);
    }
    pair_until_durable(&ends);
    CHECK_IS(ends.transitions, 120);
    pair_free(&ends);
}

/* A journaled agent, and the one that goes on from its journal. */
static void another_life_after_a_crash(void)
{
    static journal store;
    taskwire_agent_config config = pair_config("edge-7", 1);
    taskwire_restored found;
    pair ends;
    unsigned n, round;
    config.durability = TASKWIRE_DURABILITY_WRITE_AHEAD;
    ends = pair_new(&config);
    memset(&store, 0, sizeof store);
    for (n = 0; n < 12; n++) {
        taskwire_task_id id = numbered(n);
        CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &id, "metadata", 8, NULL), TASKWIRE_OK);
        CHECK_IS(taskwire_agent_running(ends.agent, ends.now_us, &id), TASKWIRE_OK);
        journal_write(&store, ends.agent, ends.now_us, 1);
        if (n % 4 == 0)
            pair_go_on(&ends, 50000);
    }
    taskwire_agent_free(ends.agent);
    CHECK_IS(taskwire_restored_init(&found), TASKWIRE_OK);
    CHECK_IS(journal_restore(&store, store.length, 100, 2, &ends.agent, &found), TASKWIRE_OK);
    CHECK_IS(found.unfinished_count, 12);
    memset(&store, 0, sizeof store);
    for (round = 0; round < 600 && taskwire_agent_is_durable(ends.agent) == 0; round++) {
        journal_write(&store, ends.agent, ends.now_us, 1);
        pair_go_on(&ends, 10000);
    }
    CHECK_IS(taskwire_agent_is_durable(ends.agent), 1);
    pair_free(&ends);
}

/* How the life ends in which one allocation fails; 1 if it was lived to its end. */
static int lived(long fails_at)
{
    int ends[2], status = 0;
    char words[300], rest[300];
    ssize_t got, all = 0;
    pid_t child;
    if (pipe(ends) != 0)
        exit(3);
    child = fork();
    if (child == 0) {
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        check_failures = 0;
        until_failure = fails_at;
        a_life();
        another_life_after_a_crash();
        _exit(check_failures == 0 ? (until_failure < 0 ? 1 : 0) : 2);
    }
    close(ends[1]);
    while ((got = read(ends[0], words + all, sizeof words - 1 - (size_t)all)) > 0)
        all += got;
    while (read(ends[0], rest, sizeof rest) > 0)
        continue; /* so that the child can say all that it has to say */
    words[all] = '\0';
    close(ends[0]);
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 1; /* fewer allocations than that */
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    CHECK(strstr(words, "memory") != NULL);
    if (!(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT))
        fprintf(stderr, "allocation %ld: status %d, and the words: %s\n", fails_at, status, words);
    return 0;
}

static void every_allocation_that_fails_is_a_clean_stop(void)
{
    long count = 0;
    until_failure = -1;
    while (count < 20000 && !lived(count))
        count++;
    CHECK(count > 30); /* a life takes memory */
    CHECK(count < 20000);
    printf("%ld allocations failed, each in its turn\n", count);
}

int main(void)
{
    RUN(every_allocation_that_fails_is_a_clean_stop);
    return check_end();
}
