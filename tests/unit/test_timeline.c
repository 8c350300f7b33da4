/* SPDX-License-Identifier: MIT */
/* Engine time: steady, gaps, steps back, changed intervals. */
#include <math.h>

#include "../test.h"
#include "base/macros.h"
#include "engine/timeline.h"

static void test_breaks(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                double wall[6];
                enum timeline_break last;
                double last_step; /* engine seconds of the last sample */
        } cases[] = {
                { "steady", { 100, 101, 102, 103, 104, 105 }, TIMELINE_STEADY, 1 },
                { "a late tick", { 100, 101, 102, 103, 104, 108.5 }, TIMELINE_STEADY, 4.5 },
                { "suspended for eight hours",
                  { 100, 101, 102, 103, 104, 28904 },
                  TIMELINE_GAP,
                  1 },
                { "clock set back an hour",
                  { 9000, 9001, 9002, 9003, 9004, 5405 },
                  TIMELINE_BACK,
                  1 },
                { "the same sample twice", { 100, 101, 102, 103, 104, 104 }, TIMELINE_BACK, 1 },
                { "one skipped at a minute", { 0, 60, 120, 180, 240, 360 }, TIMELINE_STEADY, 120 },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct timeline t = { 0 };
                double now = 0, before = 0;
                enum timeline_break b = TIMELINE_STEADY;
                for (unsigned s = 0; s < 6; s++) {
                        before = now;
                        b = timeline_step(&t, cases[i].wall[s], &now);
                        if (s > 0 && !(now > before))
                                fail_msg("%s: engine time does not advance", cases[i].name);
                }
                if (b != cases[i].last || fabs(now - before - cases[i].last_step) > 1e-6)
                        fail_msg("%s: break %d, step %g", cases[i].name, b, now - before);
        }
}

/* A recorder that goes over from 1 s to 60 s is late a few times, then steady again. */
static void test_new_interval_is_learned(void **state)
{
        (void)state;
        struct timeline t = { 0 };
        double now, wall = 1000;
        for (unsigned i = 0; i < 100; i++)
                timeline_step(&t, wall += 1, &now);
        unsigned gaps = 0;
        for (unsigned i = 0; i < 100; i++)
                gaps += timeline_step(&t, wall += 60, &now) != TIMELINE_STEADY;
        assert_true(gaps > 0 && gaps < 10);
        assert_true(fabs(t.interval - 60) < 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_breaks),
                cmocka_unit_test(test_new_interval_is_learned),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
