/* SPDX-License-Identifier: MIT */
/* The wall clock steps by hours, both ways, at any moment of an alert's life: it fires, reminds,
 * eases and ends after as many samples as without. */
#include "../world.h"
#include "base/macros.h"

#define SIZE                                                            \
        "[slab-size]\ndimension = SUnreclaim\ndetect = ratio\n"         \
        "warning = 300M\ncritical = 600M\nfor = 30s\nclear-for = 60s\n" \
        "repeat = 100s\n" WORLD_WORDS

enum { EVENTS_MAX = 16, SAMPLES = 700 };

struct story {
        unsigned count;
        unsigned at[EVENTS_MAX]; /* sample */
        enum event_type type[EVENTS_MAX];
        double duration[EVENTS_MAX];
};

static double slab_at(unsigned sample)
{
        return sample < 50    ? 100 * MIB
               : sample < 150 ? 400 * MIB
               : sample < 300 ? 500 * MIB /* worse: a reminder */
               : sample < 400 ? 700 * MIB /* critical */
               : sample < 550 ? 400 * MIB
                              : 100 * MIB;
}

/* Before sample `when` the clock is set by `step` seconds. */
static void run(unsigned when, double step, struct story *ret)
{
        struct world w;
        *ret = (struct story){ .count = 0 };
        world_init(&w, SIZE);
        w.sample.time = 1e9;
        for (unsigned i = 0; i < SAMPLES; i++) {
                unsigned before = w.count;
                if (i == when)
                        w.sample.time += step;
                w.values[FIELD_SUNRECLAIM] = slab_at(i);
                world_step(&w);
                for (; before < w.count; before++) {
                        assert_true(ret->count < EVENTS_MAX);
                        ret->at[ret->count] = i;
                        ret->type[ret->count] = w.seen[before].type;
                        ret->duration[ret->count++] = w.seen[before].duration;
                }
        }
        world_done(&w);
}

static void test_steps(void **state)
{
        (void)state;
        static const double steps[] = { 3600, -3600, 11 * 3600, -30 * 3600, 30, -2 };
        struct story plain, stepped;
        run(SAMPLES, 0, &plain);
        static const enum event_type life[] = { EVENT_FIRING,    EVENT_REMINDER, EVENT_REMINDER,
                                                EVENT_ESCALATED, EVENT_EASED,    EVENT_RESOLVED };
        assert_int_equal(plain.count, ELEMENTS_OF(life));
        assert_memory_equal(plain.type, life, sizeof(life));
        for (unsigned when = 40; when < SAMPLES - 30; when += 7)
                for (size_t i = 0; i < ELEMENTS_OF(steps); i++) {
                        run(when, steps[i], &stepped);
                        if (stepped.count != plain.count)
                                fail_msg("set by %g s at %u: %u events", steps[i], when,
                                         stepped.count);
                        for (unsigned k = 0; k < plain.count; k++)
                                if (stepped.type[k] != plain.type[k] ||
                                    stepped.at[k] != plain.at[k] ||
                                    fabs(stepped.duration[k] - plain.duration[k]) > 0.5)
                                        fail_msg("set by %g s at %u: event %u at %u, not %u, "
                                                 "after %g s, not %g",
                                                 steps[i], when, k, stepped.at[k], plain.at[k],
                                                 stepped.duration[k], plain.duration[k]);
                }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_steps),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
