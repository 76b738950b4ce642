/* Frames over a byte stream: an agent and its controller in step over a pipe that hands bytes out in odd pieces. */
#include "check.h"

static void frames_come_out_as_they_went_in(void)
{
    taskwire_framer *framer = NULL;
    uint8_t stream[8192], frame[600];
    size_t stream_length = 0, length = 0, taken = 0, at = 0, piece, i;
    const uint8_t *found = NULL;
    unsigned count = 0;

    for (i = 0; i < 10; i++) {
        size_t frame_length = 60 + i * 59;
        memset(frame, (int)i + 1, sizeof frame);
        CHECK_IS(taskwire_framer_wrap(frame, frame_length, stream + stream_length, sizeof stream - stream_length,
                                      &length),
                 TASKWIRE_OK);
        CHECK_IS(length, frame_length + TASKWIRE_FRAMER_OVERHEAD);
        stream_length += length;
    }
    for (piece = 1; piece < 2000; piece = piece * 3 + 1) {
        CHECK_IS(taskwire_framer_new(1200, &framer), TASKWIRE_OK);
        count = 0;
        at = 0;
        while (at < stream_length || count < 10) {
            size_t offered = piece < stream_length - at ? piece : stream_length - at;
            CHECK_IS(taskwire_framer_push(framer, stream + at, offered, &taken), TASKWIRE_OK);
            CHECK(taken <= offered);
            at += taken;
            length = 0;
            while (taskwire_framer_next(framer, &found, &length) == TASKWIRE_OK && length > 0) {
                CHECK_IS(length, 60 + count * 59);
                CHECK_IS(found[0], count + 1);
                CHECK_IS(found[length - 1], count + 1);
                count++;
            }
            CHECK(found == NULL && length == 0);
            if (taken == 0 && offered == 0 && count < 10)
                break;
        }
        CHECK_IS(count, 10);
        taskwire_framer_free(framer);
    }
}

static void an_agent_over_a_byte_stream(void)
{
    pair ends = pair_plain();
    taskwire_task_id id = numbered(1);
    taskwire_framer *framer = NULL;
    uint8_t frame[1200], bytes[1200 + TASKWIRE_FRAMER_OVERHEAD];
    size_t length = 0, whole = 0, at, taken = 0;
    const uint8_t *found = NULL;
    int round;

    CHECK_IS(taskwire_framer_new(1200, &framer), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &id, NULL, 0, NULL), TASKWIRE_OK);
    for (round = 0; round < 20 && taskwire_agent_is_durable(ends.agent) == 0; round++) {
        while (taskwire_agent_poll_transmit(ends.agent, ends.now_us, frame, sizeof frame, &length) == TASKWIRE_OK &&
               length > 0)
            (void)taskwire_testing_controller_receive(ends.controller, ends.now_us, frame, length);
        while ((length = taskwire_testing_controller_transmit(ends.controller, ends.now_us, frame, sizeof frame)) > 0) {
            CHECK_IS(taskwire_framer_wrap(frame, length, bytes, sizeof bytes, &whole), TASKWIRE_OK);
            for (at = 0; at < whole; at += taken) {
                size_t offered = whole - at < 7 ? whole - at : 7;
                CHECK_IS(taskwire_framer_push(framer, bytes + at, offered, &taken), TASKWIRE_OK);
                while (taskwire_framer_next(framer, &found, &length) == TASKWIRE_OK && length > 0)
                    CHECK_IS(taskwire_agent_receive(ends.agent, ends.now_us, found, length), TASKWIRE_OK);
            }
        }
        ends.now_us += 10000;
        CHECK_IS(taskwire_agent_handle_timeout(ends.agent, ends.now_us), TASKWIRE_OK);
    }
    CHECK_IS(taskwire_agent_is_durable(ends.agent), 1);
    taskwire_framer_free(framer);
    pair_free(&ends);
}

static void streams_and_frames_that_are_refused(void)
{
    taskwire_framer *framer = NULL;
    const uint8_t too_long[] = {0xFF, 0xFF, 1, 2, 3};
    const uint8_t too_short[] = {0, 0};
    static uint8_t frame[70000], bytes[70000];
    const uint8_t *found = frame;
    size_t length = 9, taken = 9;

    CHECK_IS(taskwire_framer_new(511, &framer), TASKWIRE_ERROR_ARGUMENT);
    CHECK(framer == NULL);
    CHECK_IS(taskwire_framer_new(65536, &framer), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_framer_new(1200, &framer), TASKWIRE_OK);
    CHECK_IS(taskwire_framer_push(framer, NULL, 0, &taken), TASKWIRE_OK);
    CHECK_IS(taken, 0);
    CHECK_IS(taskwire_framer_push(framer, NULL, 1, &taken), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_framer_push(framer, too_long, sizeof too_long, NULL), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_framer_next(framer, NULL, &length), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_framer_next(framer, &found, NULL), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_framer_push(framer, too_long, sizeof too_long, &taken), TASKWIRE_OK);
    CHECK_IS(taken, sizeof too_long);
    CHECK_IS(taskwire_framer_next(framer, &found, &length), TASKWIRE_ERROR_STREAM_BROKEN);
    CHECK(found == NULL && length == 0);
    CHECK_IS(taskwire_framer_push(framer, too_short, sizeof too_short, &taken), TASKWIRE_OK);
    CHECK_IS(taskwire_framer_next(framer, &found, &length), TASKWIRE_ERROR_STREAM_BROKEN);
    taskwire_framer_free(framer);
    CHECK_IS(taskwire_framer_new(65535, &framer), TASKWIRE_OK);
    CHECK_IS(taskwire_framer_push(framer, too_short, sizeof too_short, &taken), TASKWIRE_OK);
    CHECK_IS(taskwire_framer_next(framer, &found, &length), TASKWIRE_ERROR_STREAM_BROKEN);
    taskwire_framer_free(framer);

    CHECK_IS(taskwire_framer_wrap(frame, 0, bytes, sizeof bytes, &length), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_framer_wrap(frame, 65536, bytes, sizeof bytes, &length), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_framer_wrap(frame, 100, bytes, 101, &length), TASKWIRE_ERROR_BUFFER_TOO_SMALL);
    CHECK_IS(length, 0);
    CHECK_IS(taskwire_framer_wrap(frame, 100, bytes, 102, &length), TASKWIRE_OK);
    CHECK_IS(length, 102);
}

int main(void)
{
    RUN(frames_come_out_as_they_went_in);
    RUN(an_agent_over_a_byte_stream);
    RUN(streams_and_frames_that_are_refused);
    return check_end();
}
