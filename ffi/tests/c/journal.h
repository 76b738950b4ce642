/* A host's journal in memory: records as an agent gives them, and how many of their bytes are safe. A crash keeps what is
 * safe, and any part of the rest. */
#ifndef JOURNAL_H
#define JOURNAL_H

#include "check.h"

typedef struct journal {
    uint8_t bytes[1 << 16];
    size_t length;
    size_t safe;
    uint64_t newest; /* the key of the newest record written */
} journal;

/* Writes all that there is, and says that it is safe if it is to be. */
static inline void journal_write(journal *to, taskwire_agent *agent, uint64_t now_us, int sync)
{
    for (;;) {
        size_t length = 0;
        uint64_t key = 0;
        CHECK_IS(taskwire_agent_poll_journal(agent, to->bytes + to->length, sizeof to->bytes - to->length, &length,
                                             &key, NULL),
                 TASKWIRE_OK);
        if (length == 0)
            break;
        to->length += length;
        to->newest = key;
    }
    if (sync && to->newest != 0) {
        to->safe = to->length;
        CHECK_IS(taskwire_agent_journal_confirmed(agent, now_us, to->newest), TASKWIRE_OK);
    }
}

/* An agent that goes on from the first `length` bytes, given in chunks of `chunk`. */
static inline taskwire_status journal_restore(const journal *from, size_t length, size_t chunk, uint64_t epoch,
                                              taskwire_agent **out_agent, taskwire_restored *out_restored)
{
    taskwire_agent_config config = pair_config("edge-7", epoch);
    taskwire_agent_builder *builder = NULL;
    taskwire_status status;
    size_t at;
    config.durability = TASKWIRE_DURABILITY_WRITE_AHEAD;
    config.seed = epoch;
    CHECK_IS(taskwire_agent_builder_new(&config, &builder), TASKWIRE_OK);
    status = TASKWIRE_OK;
    for (at = 0; at < length && status == TASKWIRE_OK; at += chunk)
        status = taskwire_agent_builder_replay(builder, from->bytes + at, length - at < chunk ? length - at : chunk);
    *out_agent = NULL;
    if (status == TASKWIRE_OK)
        status = taskwire_agent_builder_start(builder, out_agent, out_restored);
    if (out_restored != NULL)
        out_restored->unfinished = NULL; /* it is the builder's, which goes */
    taskwire_agent_builder_free(builder);
    return status;
}

#endif
