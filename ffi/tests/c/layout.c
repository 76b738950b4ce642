/* Sizes, places and values that a compiled program relies on, checked by the compiler. A change of one of them breaks
 * programs that are already built: it needs another TASKWIRE_ABI_VERSION. Fields that are added at the end do not, and
 * change only the sizes here. */
#include "check.h"

#include <stddef.h>

STATIC_CHECK(abi_version, TASKWIRE_ABI_VERSION == 1);
STATIC_CHECK(status_type, sizeof(taskwire_status) == 4 && (taskwire_status)-1 < 0);
STATIC_CHECK(task_id, sizeof(taskwire_task_id) == 16 && TASKWIRE_TASK_ID_TEXT_SIZE == 37);
STATIC_CHECK(trace, sizeof(taskwire_trace) == 32 && offsetof(taskwire_trace, flags) == 24);
STATIC_CHECK(sync_state, sizeof(taskwire_sync_state) == 64);
STATIC_CHECK(event, sizeof(taskwire_agent_event) == 224 && offsetof(taskwire_agent_event, limit) == 72);
STATIC_CHECK(event_kind, offsetof(taskwire_agent_event, kind) == 4);

/* Structs with pointers in them have the same sizes on every platform of one pointer size. */
STATIC_CHECK(config_64, sizeof(void *) != 8 || sizeof(taskwire_agent_config) == 128);
STATIC_CHECK(config_first_64, sizeof(void *) != 8 || offsetof(taskwire_agent_config, wall_clock_offset_ms) == 32);
STATIC_CHECK(report_64, sizeof(void *) != 8 || sizeof(taskwire_report) == 104);
STATIC_CHECK(report_first_64, sizeof(void *) != 8 || offsetof(taskwire_report, has_trace) == 64);
STATIC_CHECK(update_64, sizeof(void *) != 8 || sizeof(taskwire_update) == 144);
STATIC_CHECK(update_first_64, sizeof(void *) != 8 || offsetof(taskwire_update, trace) == 112);
STATIC_CHECK(task_64, sizeof(void *) != 8 || sizeof(taskwire_task) == 240);
STATIC_CHECK(task_detail_64, sizeof(void *) != 8 || offsetof(taskwire_task, detail) == 184);
STATIC_CHECK(node, sizeof(taskwire_node) == 176 && offsetof(taskwire_node, heard_at_us) == 32);
STATIC_CHECK(controller_config_64, sizeof(void *) != 8 || sizeof(taskwire_controller_config) == 200);
STATIC_CHECK(controller_config_first_64,
             sizeof(void *) != 8 || offsetof(taskwire_controller_config, wall_clock_offset_ms) == 32);
STATIC_CHECK(controller_event_64, sizeof(void *) != 8 || sizeof(taskwire_controller_event) == 376);
STATIC_CHECK(controller_event_first_64, sizeof(void *) != 8 || offsetof(taskwire_controller_event, name) == 304);
STATIC_CHECK(restored_64, sizeof(void *) != 8 || sizeof(taskwire_restored) == 64);
STATIC_CHECK(view_revision, sizeof(taskwire_view_revision) == 16);
STATIC_CHECK(change, sizeof(taskwire_change) == 160 && offsetof(taskwire_change, revision) == 32);
STATIC_CHECK(task_first_64, sizeof(void *) != 8 || offsetof(taskwire_task, has_trace) == 144);

/* Every struct that can grow begins with its size. */
STATIC_CHECK(begins_config, offsetof(taskwire_agent_config, struct_size) == 0);
STATIC_CHECK(begins_report, offsetof(taskwire_report, struct_size) == 0);
STATIC_CHECK(begins_update, offsetof(taskwire_update, struct_size) == 0);
STATIC_CHECK(begins_event, offsetof(taskwire_agent_event, struct_size) == 0);
STATIC_CHECK(begins_sync_state, offsetof(taskwire_sync_state, struct_size) == 0);
STATIC_CHECK(begins_task, offsetof(taskwire_task, struct_size) == 0);
STATIC_CHECK(begins_restored, offsetof(taskwire_restored, struct_size) == 0);
STATIC_CHECK(begins_change, offsetof(taskwire_change, struct_size) == 0);
STATIC_CHECK(begins_node, offsetof(taskwire_node, struct_size) == 0);
STATIC_CHECK(begins_controller_config, offsetof(taskwire_controller_config, struct_size) == 0);
STATIC_CHECK(begins_controller_event, offsetof(taskwire_controller_event, struct_size) == 0);

/* Codes: those of the wire, and those of this interface. */
STATIC_CHECK(ok, TASKWIRE_OK == 0);
STATIC_CHECK(caller, TASKWIRE_ERROR_NULL_POINTER == -1 && TASKWIRE_ERROR_STRUCT_SIZE == -2 &&
                         TASKWIRE_ERROR_BUFFER_TOO_SMALL == -3 && TASKWIRE_ERROR_ARGUMENT == -4 &&
                         TASKWIRE_ERROR_TASK_ID_TEXT == -5 && TASKWIRE_ERROR_CONFIG_NODE == -6 &&
                         TASKWIRE_ERROR_CONFIG_RANGE == -7 && TASKWIRE_ERROR_CONFIG_FRAME == -8 &&
                         TASKWIRE_ERROR_MISALIGNED == -9 && TASKWIRE_ERROR_JOURNAL_OTHER_NODE == -10 &&
                         TASKWIRE_ERROR_JOURNAL_EPOCH == -11);
STATIC_CHECK(peer, TASKWIRE_ERROR_FRAME_UNDECODABLE == -100 && TASKWIRE_ERROR_FRAME_UNKNOWN_SESSION == -101 &&
                       TASKWIRE_ERROR_FRAME_WRONG_IDENTITY == -102 && TASKWIRE_ERROR_FRAME_ILLEGAL == -103 &&
                       TASKWIRE_ERROR_FRAME_OVER_LIMIT == -104 && TASKWIRE_ERROR_STREAM_BROKEN == -105);
STATIC_CHECK(limit, TASKWIRE_ERROR_FULL == -200 && TASKWIRE_ERROR_TOO_LONG == -201 &&
                        TASKWIRE_ERROR_NUMBERS_USED_UP == -202 && TASKWIRE_ERROR_JOURNAL_BEYOND_LIMITS == -203);
STATIC_CHECK(state, TASKWIRE_ERROR_UNKNOWN_TASK == -300 && TASKWIRE_ERROR_ALREADY_REGISTERED == -301 &&
                        TASKWIRE_ERROR_ILLEGAL_TRANSITION == -302 && TASKWIRE_ERROR_NOT_RUNNING == -303 &&
                        TASKWIRE_ERROR_NOT_ENDED == -304 && TASKWIRE_ERROR_NOT_FENCED == -305 &&
                        TASKWIRE_ERROR_BEING_FORGOTTEN == -306 && TASKWIRE_ERROR_UNKNOWN_NODE == -307 &&
                        TASKWIRE_ERROR_NOT_ON_HISTORY == -308 && TASKWIRE_ERROR_NOT_POLLED == -309 &&
                        TASKWIRE_ERROR_ALREADY_ENDED == -310 && TASKWIRE_ERROR_NO_SESSION == -311 &&
                        TASKWIRE_ERROR_COMPACTED == -312 && TASKWIRE_ERROR_FUTURE_REVISION == -313 &&
                        TASKWIRE_ERROR_OTHER_INCARNATION == -314 && TASKWIRE_ERROR_VOLATILE == -315 &&
                        TASKWIRE_ERROR_NOT_WRITTEN == -316 && TASKWIRE_ERROR_BUILDER_SPENT == -317);
STATIC_CHECK(fatal, TASKWIRE_ERROR_PANICKED == -400 && TASKWIRE_ERROR_OTHER == -401 &&
                        TASKWIRE_ERROR_JOURNAL_CORRUPT == -402 && TASKWIRE_ERROR_JOURNAL_NO_CHECKPOINT == -403 &&
                        TASKWIRE_ERROR_JOURNAL_FORMAT == -404 && TASKWIRE_ERROR_JOURNAL_UNREADABLE == -405);
STATIC_CHECK(durabilities, TASKWIRE_DURABILITY_VOLATILE == 0 && TASKWIRE_DURABILITY_WRITE_AHEAD == 1);
STATIC_CHECK(happenings, TASKWIRE_HAPPENING_MOVED == 1 && TASKWIRE_HAPPENING_FORGOTTEN == 2 &&
                             TASKWIRE_HAPPENING_EXTENDED == 3 && TASKWIRE_HAPPENING_REMOVED == 4 &&
                             TASKWIRE_HAPPENING_MARKED == 5 && TASKWIRE_HAPPENING_MARK_LIFTED == 6 &&
                             TASKWIRE_HAPPENING_DETAIL_SHOWN == 7 && TASKWIRE_HAPPENING_NODE_CHANGED == 8 &&
                             TASKWIRE_HAPPENING_TASKS_REPLACED == 9 && TASKWIRE_HAPPENING_NODE_FORGOTTEN == 10 &&
                             TASKWIRE_HAPPENING_OTHER == 99);
STATIC_CHECK(effects, TASKWIRE_EFFECT_TASK == 1 && TASKWIRE_EFFECT_TASK_GONE == 2 && TASKWIRE_EFFECT_NODE == 3 &&
                          TASKWIRE_EFFECT_TASKS == 4 && TASKWIRE_EFFECT_NODE_GONE == 5 && TASKWIRE_EFFECT_OTHER == 99);
STATIC_CHECK(filters, TASKWIRE_FILTER_PENDING == 1 && TASKWIRE_FILTER_RUNNING == 2 && TASKWIRE_FILTER_SUCCEEDED == 4 &&
                          TASKWIRE_FILTER_FAILED == 8 && TASKWIRE_FILTER_CANCELLED == 16);
STATIC_CHECK(states, TASKWIRE_STATE_PENDING == 100 && TASKWIRE_STATE_RUNNING == 200 &&
                         TASKWIRE_STATE_SUCCEEDED == 300 && TASKWIRE_STATE_FAILED == 400 &&
                         TASKWIRE_STATE_CANCELLED == 500);
STATIC_CHECK(reasons, TASKWIRE_REASON_NONE == 0 && TASKWIRE_REASON_TIMED_OUT == 1 &&
                          TASKWIRE_REASON_COULD_NOT_START == 2 && TASKWIRE_REASON_OUTCOME_UNKNOWN == 3 &&
                          TASKWIRE_REASON_CANCELLED_BY_HOST == 4 && TASKWIRE_REASON_CANCELLED_BY_CONTROLLER == 5 &&
                          TASKWIRE_REASON_EXIT_CODE == 6 && TASKWIRE_REASON_SIGNAL == 7 &&
                          TASKWIRE_REASON_OUT_OF_RESOURCES == 8 && TASKWIRE_REASON_REFUSED == 9 &&
                          TASKWIRE_REASON_GIVEN_UP == 10 && TASKWIRE_REASON_FIRST_OF_HOST == 1000);
STATIC_CHECK(sources, TASKWIRE_SOURCE_HOST == 0 && TASKWIRE_SOURCE_AGENT == 1 && TASKWIRE_SOURCE_CONTROLLER == 2);
STATIC_CHECK(exits, TASKWIRE_EXIT_NONE == 0 && TASKWIRE_EXIT_CODE == 1 && TASKWIRE_EXIT_SIGNAL == 2);
STATIC_CHECK(verdicts, TASKWIRE_VERDICT_NONE == 0 && TASKWIRE_VERDICT_RESUME == 1 && TASKWIRE_VERDICT_EMPTY == 2 &&
                           TASKWIRE_VERDICT_SUBSCRIBER_BEHIND == 3 && TASKWIRE_VERDICT_PUBLISHER_BEHIND == 4 &&
                           TASKWIRE_VERDICT_FORK == 5 && TASKWIRE_VERDICT_DAMAGED == 6);
STATIC_CHECK(updates, TASKWIRE_UPDATE_REGISTER == 1 && TASKWIRE_UPDATE_TRANSITION == 2 &&
                          TASKWIRE_UPDATE_PROGRESS == 3 && TASKWIRE_UPDATE_DETAIL == 4 && TASKWIRE_UPDATE_FORGET == 5);
STATIC_CHECK(events, TASKWIRE_EVENT_NONE == 0 && TASKWIRE_EVENT_SESSION_OPENED == 1 &&
                         TASKWIRE_EVENT_SESSION_CLOSED == 2 && TASKWIRE_EVENT_HISTORY_DIFFERS == 3 &&
                         TASKWIRE_EVENT_DURABLE == 4 && TASKWIRE_EVENT_TASK_FORGOTTEN == 5 &&
                         TASKWIRE_EVENT_LEASE_EXPIRING == 6 && TASKWIRE_EVENT_LEASE_EXPIRED == 7 &&
                         TASKWIRE_EVENT_FENCED == 8 && TASKWIRE_EVENT_TERM_CONFLICT == 9 &&
                         TASKWIRE_EVENT_REFUSED == 10 && TASKWIRE_EVENT_DAMAGED == 11 && TASKWIRE_EVENT_INTERVALS_CHANGED == 12 &&
                         TASKWIRE_EVENT_SLEEP_CONFIRMED == 13 && TASKWIRE_EVENT_OTHER == 99);
STATIC_CHECK(controller_events,
             TASKWIRE_CONTROLLER_EVENT_NONE == 0 && TASKWIRE_CONTROLLER_EVENT_TRANSITION == 1 &&
                 TASKWIRE_CONTROLLER_EVENT_TASK_FORGOTTEN == 2 &&
                 TASKWIRE_CONTROLLER_EVENT_ENTRY_OF_UNKNOWN_KIND == 3 && TASKWIRE_CONTROLLER_EVENT_HISTORY_GAP == 4 &&
                 TASKWIRE_CONTROLLER_EVENT_NUMBERS_BACK == 5 && TASKWIRE_CONTROLLER_EVENT_OUTCOME_UNKNOWN == 6 &&
                 TASKWIRE_CONTROLLER_EVENT_CONFLICT == 7 && TASKWIRE_CONTROLLER_EVENT_FINAL_LEARNED == 8 &&
                 TASKWIRE_CONTROLLER_EVENT_MARK_LIFTED == 9 && TASKWIRE_CONTROLLER_EVENT_LATE_TRUTH == 10 &&
                 TASKWIRE_CONTROLLER_EVENT_HISTORY_DIFFERS == 11 && TASKWIRE_CONTROLLER_EVENT_REPAIRED == 12 &&
                 TASKWIRE_CONTROLLER_EVENT_DRIFT_FOUND == 13 && TASKWIRE_CONTROLLER_EVENT_NODE_OPENED == 14 &&
                 TASKWIRE_CONTROLLER_EVENT_NODE_SYNCED == 15 && TASKWIRE_CONTROLLER_EVENT_NODE_SUSPECT == 16 &&
                 TASKWIRE_CONTROLLER_EVENT_NODE_LIVE == 17 && TASKWIRE_CONTROLLER_EVENT_NODE_LOST == 18 &&
                 TASKWIRE_CONTROLLER_EVENT_NODE_LEFT == 19 && TASKWIRE_CONTROLLER_EVENT_COMMIT_DUE == 20 &&
                 TASKWIRE_CONTROLLER_EVENT_DUPLICATE_IDENTITY == 21 && TASKWIRE_CONTROLLER_EVENT_DEPOSED == 22 &&
                 TASKWIRE_CONTROLLER_EVENT_HELLO_REFUSED == 23 && TASKWIRE_CONTROLLER_EVENT_VALUE_WHOLE == 24 &&
                 TASKWIRE_CONTROLLER_EVENT_OTHER == 99);
STATIC_CHECK(freshness, TASKWIRE_FRESHNESS_NONE == 0 && TASKWIRE_FRESHNESS_FRESH == 1 &&
                            TASKWIRE_FRESHNESS_STALE == 2 && TASKWIRE_FRESHNESS_FINAL == 3 &&
                            TASKWIRE_FRESHNESS_CLOSED == 4 && TASKWIRE_FRESHNESS_NOT_REPORTED_YET == 5);
STATIC_CHECK(marks, TASKWIRE_MARK_NONE == 0 && TASKWIRE_MARK_GIVEN_UP == 1 && TASKWIRE_MARK_OUTCOME_UNKNOWN == 2 &&
                        TASKWIRE_MARK_CONFLICT == 3);
STATIC_CHECK(reachability, TASKWIRE_REACHABILITY_NOT_REPORTED_YET == 1 && TASKWIRE_REACHABILITY_LIVE == 2 &&
                               TASKWIRE_REACHABILITY_SUSPECT == 3 && TASKWIRE_REACHABILITY_LOST == 4 &&
                               TASKWIRE_REACHABILITY_LEFT == 5);
STATIC_CHECK(symptoms, TASKWIRE_SYMPTOM_NONE == 0 && TASKWIRE_SYMPTOM_TAG == 1 && TASKWIRE_SYMPTOM_STAGE == 6);
STATIC_CHECK(policies, TASKWIRE_ACK_POLICY_DURABLE == 0 && TASKWIRE_ACK_POLICY_RECEIVED == 1);
STATIC_CHECK(ends, TASKWIRE_SESSION_END_LEASE_EXPIRED == 1 && TASKWIRE_SESSION_END_CONTROLLER_LEFT == 7);
STATIC_CHECK(refusals, TASKWIRE_REFUSAL_VERSION == 1 && TASKWIRE_REFUSAL_FORGOTTEN == 9 && TASKWIRE_REFUSAL_SHORT == 10);
STATIC_CHECK(limits, TASKWIRE_LIMIT_NONE == 0 && TASKWIRE_LIMIT_SLOTS == 1 && TASKWIRE_LIMIT_FINALS == 7);
STATIC_CHECK(leases, TASKWIRE_LEASE_UNKNOWN == 0 && TASKWIRE_LEASE_HELD == 1 && TASKWIRE_LEASE_EXPIRED == 2);
STATIC_CHECK(sessions, TASKWIRE_SESSION_GREETING == 1 && TASKWIRE_SESSION_LEFT == 5);
STATIC_CHECK(percent, TASKWIRE_PROGRESS_NONE == 255);
STATIC_CHECK(framer, TASKWIRE_FRAMER_OVERHEAD == 7 && TASKWIRE_FRAMER_LENGTH == 1 && TASKWIRE_FRAMER_COBS == 2);

static void the_library_has_the_structs_of_the_header(void)
{
    taskwire_agent_config config;
    taskwire_report report;
    taskwire_update update;
    taskwire_agent_event event;
    taskwire_sync_state sync;
    taskwire_task task;

    CHECK_IS(taskwire_abi_version(), TASKWIRE_ABI_VERSION);
    CHECK_IS(taskwire_agent_config_init(&config), TASKWIRE_OK);
    CHECK_IS(config.struct_size, sizeof config);
    CHECK(config.node == NULL);
    CHECK_IS(config.slots, 4096);
    CHECK_IS(config.frame, 1200);
    CHECK_IS(config.linger_us, 20000);
    CHECK_IS(config.detail_after, 8);
    CHECK_IS(taskwire_report_init(&report), TASKWIRE_OK);
    CHECK_IS(report.struct_size, sizeof report);
    CHECK_IS(taskwire_update_init(&update), TASKWIRE_OK);
    CHECK_IS(update.struct_size, sizeof update);
    CHECK_IS(update.percent, TASKWIRE_PROGRESS_NONE);
    CHECK_IS(taskwire_agent_event_init(&event), TASKWIRE_OK);
    CHECK_IS(event.struct_size, sizeof event);
    CHECK_IS(taskwire_sync_state_init(&sync), TASKWIRE_OK);
    CHECK_IS(sync.struct_size, sizeof sync);
    CHECK_IS(taskwire_task_init(&task), TASKWIRE_OK);
    CHECK_IS(task.struct_size, sizeof task);
    {
        taskwire_controller_config controller_config;
        taskwire_controller_event controller_event;
        taskwire_node node;
        CHECK_IS(taskwire_controller_config_init(&controller_config), TASKWIRE_OK);
        CHECK_IS(controller_config.struct_size, sizeof controller_config);
        CHECK(controller_config.name == NULL);
        CHECK_IS(controller_config.detail_after, 8);
        CHECK_IS(taskwire_controller_event_init(&controller_event), TASKWIRE_OK);
        CHECK_IS(controller_event.struct_size, sizeof controller_event);
        CHECK_IS(taskwire_node_init(&node), TASKWIRE_OK);
        CHECK_IS(node.struct_size, sizeof node);
    }
}

static void texts_and_task_ids(void)
{
    taskwire_task_id id, again;
    char text[TASKWIRE_TASK_ID_TEXT_SIZE];

    CHECK(strcmp(taskwire_state_text(TASKWIRE_STATE_RUNNING), "RUNNING") == 0);
    CHECK(strcmp(taskwire_state_text(7), "UNKNOWN") == 0);
    CHECK(strcmp(taskwire_reason_text(TASKWIRE_REASON_TIMED_OUT), "TimedOut") == 0);
    CHECK(strcmp(taskwire_reason_text(4242), "Other") == 0);
    CHECK(strcmp(taskwire_verdict_text(TASKWIRE_VERDICT_FORK), "fork") == 0);
    CHECK(strcmp(taskwire_agent_event_text(TASKWIRE_EVENT_DURABLE), "Durable") == 0);
    CHECK(strcmp(taskwire_controller_event_text(TASKWIRE_CONTROLLER_EVENT_HELLO_REFUSED), "HelloRefused") == 0);
    CHECK(strcmp(taskwire_controller_event_text(TASKWIRE_CONTROLLER_EVENT_OTHER), "Other") == 0);
    CHECK(strcmp(taskwire_freshness_text(TASKWIRE_FRESHNESS_STALE), "stale") == 0);
    CHECK(strcmp(taskwire_reachability_text(TASKWIRE_REACHABILITY_LOST), "Lost") == 0);
    CHECK(strcmp(taskwire_agent_event_text(0xFFFFFFFFu), "Other") == 0);
    CHECK(strcmp(taskwire_status_text(TASKWIRE_OK), "success") == 0);
    CHECK(strlen(taskwire_status_text(TASKWIRE_ERROR_FULL)) > 10);
    CHECK(strlen(taskwire_status_text(12345)) > 10);
    CHECK(strlen(taskwire_version_text()) >= 5);

    CHECK_IS(taskwire_task_id_from_text("0F8FAD5B-d9cb-469f-a165-70867728950e", &id), TASKWIRE_OK);
    CHECK_IS(taskwire_task_id_to_text(&id, text, sizeof text), TASKWIRE_OK);
    CHECK(strcmp(text, "0f8fad5b-d9cb-469f-a165-70867728950e") == 0);
    CHECK_IS(taskwire_task_id_from_text("0f8fad5bd9cb469fa16570867728950e", &again), TASKWIRE_OK);
    CHECK(memcmp(&id, &again, sizeof id) == 0);
    CHECK_IS(taskwire_task_id_to_text(&id, text, sizeof text - 1), TASKWIRE_ERROR_BUFFER_TOO_SMALL);
    CHECK(text[0] == '\0');
    memset(&again, 1, sizeof again);
    CHECK_IS(taskwire_task_id_from_text("0f8fad5b", &again), TASKWIRE_ERROR_TASK_ID_TEXT);
    CHECK_IS(again.bytes[0], 0);
    CHECK_IS(taskwire_task_id_from_text("", &again), TASKWIRE_ERROR_TASK_ID_TEXT);
    CHECK_IS(taskwire_task_id_from_text("0f8fad5b-d9cb-469f-a165-70867728950e-and-then-a-text-that-does-not-end-soon",
                                        &again),
             TASKWIRE_ERROR_TASK_ID_TEXT);
    CHECK_IS(taskwire_task_id_from_text("0f8fad5b-d9cb-469f-a165-70867728950\xFF", &again),
             TASKWIRE_ERROR_TASK_ID_TEXT);
}

int main(void)
{
    RUN(the_library_has_the_structs_of_the_header);
    RUN(texts_and_task_ids);
    return check_end();
}
