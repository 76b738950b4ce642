/* Frames over byte streams: an agent and its controller in step over a pipe that hands bytes out in odd pieces, and noise. */
#include "check.h"

static const uint32_t kinds[] = {TASKWIRE_FRAMER_LENGTH, TASKWIRE_FRAMER_COBS};

static void frames_come_out_as_they_went_in(uint32_t kind)
{
    taskwire_framer *framer = NULL;
    uint8_t stream[8192], frame[600];
    size_t stream_length = 0, length = 0, taken = 0, at = 0, piece, i;
    const uint8_t *found = NULL;
    uint64_t pieces = 9, bytes = 9;
    unsigned count = 0;

    for (i = 0; i < 10; i++) {
        size_t frame_length = 60 + i * 59;
        memset(frame, (int)i, sizeof frame); /* the first is zeros alone */
        CHECK_IS(taskwire_framer_wrap(kind, frame, frame_length, stream + stream_length,
                                      sizeof stream - stream_length, &length),
                 TASKWIRE_OK);
        CHECK(length > frame_length && length <= frame_length + TASKWIRE_FRAMER_OVERHEAD);
        CHECK(length <= taskwire_framer_room(kind, frame_length));
        stream_length += length;
    }
    for (piece = 1; piece < 2000; piece = piece * 3 + 1) {
        CHECK_IS(taskwire_framer_new(kind, 1200, &framer), TASKWIRE_OK);
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
                CHECK_IS(found[0], count);
                CHECK_IS(found[length - 1], count);
                count++;
            }
            CHECK(found == NULL && length == 0);
            if (taken == 0 && offered == 0 && count < 10)
                break;
        }
        CHECK_IS(count, 10);
        CHECK_IS(taskwire_framer_dropped(framer, &pieces, &bytes), TASKWIRE_OK);
        CHECK(pieces == 0 && bytes == 0);
        taskwire_framer_free(framer);
    }
}

static void frames_come_out_by_length(void)
{
    frames_come_out_as_they_went_in(TASKWIRE_FRAMER_LENGTH);
}

static void frames_come_out_as_cobs(void)
{
    frames_come_out_as_they_went_in(TASKWIRE_FRAMER_COBS);
}

/* With `noise`, bytes before each frame that are none. */
static void an_agent_over(uint32_t kind, const char *noise)
{
    pair ends = pair_plain();
    taskwire_task_id id = numbered(1);
    taskwire_framer *framer = NULL;
    uint8_t frame[1200], bytes[100 + 1200 + TASKWIRE_FRAMER_OVERHEAD];
    size_t length = 0, whole = 0, at, taken = 0, noisy = strlen(noise);
    const uint8_t *found = NULL;
    uint64_t dropped = 0, frames = 0;
    int round;

    CHECK_IS(taskwire_framer_new(kind, 1200, &framer), TASKWIRE_OK);
    CHECK_IS(taskwire_agent_register(ends.agent, ends.now_us, &id, NULL, 0, NULL), TASKWIRE_OK);
    for (round = 0; round < 20 && taskwire_agent_is_durable(ends.agent) == 0; round++) {
        while (taskwire_agent_poll_transmit(ends.agent, ends.now_us, frame, sizeof frame, &length) == TASKWIRE_OK &&
               length > 0)
            (void)controller_hears(ends.controller, ends.now_us, frame, length);
        while ((length = controller_says(ends.controller, ends.now_us, frame, sizeof frame)) > 0) {
            memcpy(bytes, noise, noisy);
            CHECK_IS(taskwire_framer_wrap(kind, frame, length, bytes + noisy, sizeof bytes - noisy, &whole),
                     TASKWIRE_OK);
            whole += noisy;
            frames++;
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
    CHECK_IS(taskwire_framer_dropped(framer, NULL, &dropped), TASKWIRE_OK);
    CHECK_IS(dropped, noisy * frames);
    taskwire_framer_free(framer);
    pair_free(&ends);
}

static void an_agent_over_a_byte_stream(void)
{
    an_agent_over(TASKWIRE_FRAMER_LENGTH, "");
}

static void an_agent_over_a_noisy_line(void)
{
    an_agent_over(TASKWIRE_FRAMER_COBS, "login: \xff\xff\x07");
}

static void streams_and_frames_that_are_refused(void)
{
    taskwire_framer *framer = NULL;
    const uint8_t too_long[] = {0xFF, 0xFF, 1, 2, 3};
    const uint8_t too_short[] = {0, 0};
    static uint8_t frame[70000], bytes[70000];
    const uint8_t *found = frame;
    size_t length = 9, taken = 9, i;

    CHECK_IS(taskwire_framer_new(TASKWIRE_FRAMER_LENGTH, 511, &framer), TASKWIRE_ERROR_ARGUMENT);
    CHECK(framer == NULL);
    CHECK_IS(taskwire_framer_new(TASKWIRE_FRAMER_COBS, 65536, &framer), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_framer_new(TASKWIRE_FRAMER_LENGTH, 1200, &framer), TASKWIRE_OK);
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
    CHECK_IS(taskwire_framer_new(TASKWIRE_FRAMER_LENGTH, 65535, &framer), TASKWIRE_OK);
    CHECK_IS(taskwire_framer_push(framer, too_short, sizeof too_short, &taken), TASKWIRE_OK);
    CHECK_IS(taskwire_framer_next(framer, &found, &length), TASKWIRE_ERROR_STREAM_BROKEN);
    taskwire_framer_free(framer);

    CHECK_IS(taskwire_framer_new(0, 1200, &framer), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_framer_new(3, 1200, &framer), TASKWIRE_ERROR_ARGUMENT);
    CHECK(framer == NULL);
    CHECK_IS(taskwire_framer_wrap(3, frame, 100, bytes, sizeof bytes, &length), TASKWIRE_ERROR_ARGUMENT);
    CHECK_IS(taskwire_framer_room(3, 100), 0);
    CHECK_IS(taskwire_framer_dropped(NULL, NULL, NULL), TASKWIRE_ERROR_NULL_POINTER);
    CHECK_IS(taskwire_framer_room(TASKWIRE_FRAMER_LENGTH, 1269), 1271);
    CHECK_IS(taskwire_framer_room(TASKWIRE_FRAMER_COBS, 1269), 1269 + TASKWIRE_FRAMER_OVERHEAD);
    for (i = 0; i < 2; i++) {
        size_t room = taskwire_framer_room(kinds[i], 100);
        CHECK_IS(taskwire_framer_wrap(kinds[i], frame, 0, bytes, sizeof bytes, &length), TASKWIRE_ERROR_ARGUMENT);
        CHECK_IS(taskwire_framer_wrap(kinds[i], frame, 65536, bytes, sizeof bytes, &length),
                 TASKWIRE_ERROR_ARGUMENT);
        CHECK_IS(taskwire_framer_wrap(kinds[i], frame, 100, bytes, room - 1, &length),
                 TASKWIRE_ERROR_BUFFER_TOO_SMALL);
        CHECK_IS(length, 0);
        CHECK_IS(taskwire_framer_wrap(kinds[i], frame, 100, bytes, room, &length), TASKWIRE_OK);
        CHECK(length > 100 && length <= room);
    }
}

int main(void)
{
    RUN(frames_come_out_by_length);
    RUN(frames_come_out_as_cobs);
    RUN(an_agent_over_a_byte_stream);
    RUN(an_agent_over_a_noisy_line);
    RUN(streams_and_frames_that_are_refused);
    return check_end();
}
