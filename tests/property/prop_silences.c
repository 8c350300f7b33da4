/* SPDX-License-Identifier: MIT */
/* Names and reasons of silences may be anything that comes over the socket: what status says of
 * them is JSON, and they come back from the disk as they were. */
#include <jansson.h>
#include <stdlib.h>

#include "../hostile.h"
#include "../world.h"
#include "config/problems.h"
#include "engine/silence_state.h"
#include "engine/status.h"

enum { ROUNDS = 400 };

static void test_silences(void **state)
{
        (void)state;
        struct random r = random_seeded("status");
        struct problems faults = { 0 };
        const struct silence_clock clock = { 1000, 1795152897 };
        char name[NAME_SIZE], error[SILENCE_ERROR_MAX], cleaned[NAME_SIZE * 3];
        struct world w;
        world_init(&w, "[large]\ndimension = Slab\nper = MemTotal\ndetect = ratio\n"
                       "warning = 1%\nfor = 0s\n" WORLD_WORDS);
        world_run(&w, 30, 0);
        for (int i = 0; i < ROUNDS; i++) {
                struct silences silences = { .count = 0 };
                struct silence one;
                /* As it comes over the socket: valid UTF-8, of which sd-bus makes sure. */
                utf8_clean(any_name(&r, name), cleaned, SILENCE_NAME_SIZE);
                json_auto_t *request = json_pack("{s:s, s:s, s:i}", "name", cleaned, "why", cleaned,
                                                 "seconds", 60);
                _cleanup_free_ char *argument = json_dumps(request, 0);
                if (silence_request_parse(argument, &clock, &one, error) == 0)
                        assert_int_equal(silences_add(&silences, &one), 0);
                const struct status_frame frame = {
                        .status = cleaned, .silences = &silences, .clock = &clock, .faults = &faults
                };
                _cleanup_free_ char *text = NULL, *kept = NULL;
                assert_int_equal(status_json(w.engine, &frame, &text), 0);
                json_auto_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
                assert_non_null(root);
                assert_text("status", text, false);
                assert_int_equal(json_array_size(json_object_get(root, "silences")),
                                 silences.count);
                assert_int_equal(silences_encode(&silences, &clock, &kept), 0);
                unsigned bad = 0;
                struct silences back = { .count = 0 };
                assert_int_equal(silences_decode(kept, strlen(kept), true, &clock, &back, &bad), 0);
                assert_int_equal(bad, 0);
                assert_int_equal(back.count, silences.count);
                if (back.count > 0)
                        assert_string_equal(back.list[0].name, silences.list[0].name);
        }
        world_done(&w);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_silences),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
