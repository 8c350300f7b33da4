/* SPDX-License-Identifier: MIT */
/* Spike and drop on series of every scale and interval: what must be seen, and what must not. */
#include <math.h>

#include "../random.h"
#include "../test.h"
#include "base/macros.h"
#include "detect/jump.h"

struct run {
        struct jump jump;
        double time, interval, scale, noise;
        struct random *random;
        unsigned excursions; /* that began */
        bool away;
};

static void start(struct run *run, struct random *r, double interval, double scale)
{
        *run = (struct run){ .interval = interval, .scale = scale, .noise = 0.001, .random = r };
        jump_init(&run->jump);
}

/* `count` samples at `level` scales, irregular in time by a tenth, with noise. */
static void feed(struct run *run, unsigned count, double level)
{
        for (unsigned i = 0; i < count; i++) {
                run->time += run->interval * (0.95 + 0.1 * random_uniform(run->random));
                double value = run->scale * (level + run->noise * random_normal(run->random));
                jump_add(&run->jump, &jump_params_default, run->time, value, run->scale * 1e-5);
                if (run->jump.away && !run->away)
                        run->excursions++;
                run->away = run->jump.away;
        }
}

static const double intervals[] = { 0.2, 1, 10, 60 };
static const double scales[] = { 1e-3, 1, 1e9 };

#define FOR_EACH_KIND_OF_SERIES(run, random)                          \
        for (unsigned i_ = 0; i_ < ELEMENTS_OF(intervals); i_++)      \
                for (unsigned s_ = 0; s_ < ELEMENTS_OF(scales); s_++) \
                        if (start(run, random, intervals[i_], scales[s_]), 1)

static void test_spike_and_return(void **state)
{
        (void)state;
        struct random r = random_seeded("jump");
        struct run run;
        FOR_EACH_KIND_OF_SERIES(&run, &r)
        {
                struct jump_answer a;
                feed(&run, 600, 1);
                assert_int_equal(run.excursions, 0);
                feed(&run, 2, 1.5);
                assert_true(jump_read(&run.jump, &jump_params_default, 0, &a));
                assert_true(a.away && a.change > 0 && a.score > 0.9);
                assert_true(fabs(a.level / run.scale - 1) < 0.01);
                feed(&run, 30, 1.5);
                assert_true(jump_read(&run.jump, &jump_params_default, 0, &a));
                assert_true(a.away &&
                            fabs(a.level / run.scale - 1) < 0.01); /* nothing was learned */
                feed(&run, 30, 1);
                assert_int_equal(run.excursions, 1); /* giving it back is no drop */
                assert_false(run.away);
        }
}

static void test_drop(void **state)
{
        (void)state;
        struct random r = random_seeded("drop");
        struct run run;
        FOR_EACH_KIND_OF_SERIES(&run, &r)
        {
                struct jump_answer a;
                feed(&run, 600, 1);
                feed(&run, 3, 0.4);
                assert_true(jump_read(&run.jump, &jump_params_default, 0, &a));
                assert_true(a.away && a.change < 0);
                assert_int_equal(run.excursions, 1);
        }
}

static void test_adopted_level_is_normal(void **state)
{
        (void)state;
        struct random r = random_seeded("adopt");
        struct run run;
        FOR_EACH_KIND_OF_SERIES(&run, &r)
        {
                feed(&run, 600, 1);
                feed(&run, 50, 2);
                assert_true(run.away);
                jump_adopt(&run.jump, &jump_params_default);
                run.away = false;
                feed(&run, 300, 2);
                assert_int_equal(run.excursions, 1);
                feed(&run, 3, 1); /* now the old level is the odd one */
                assert_int_equal(run.excursions, 2);
        }
}

static void test_slow_climb_is_no_jump(void **state)
{
        (void)state;
        struct random r = random_seeded("climb");
        struct run run;
        FOR_EACH_KIND_OF_SERIES(&run, &r)
        {
                feed(&run, 600, 1);
                /* Doubles over 1000 time constants of the level: what it climbs within the
                 * look-back is a fraction of a spread. */
                unsigned steps = (unsigned)(1000 * fmax(120, 8 * run.interval) / run.interval);
                for (unsigned i = 0; i < steps; i++)
                        feed(&run, 1, 1 + (double)i / steps);
                assert_int_equal(run.excursions, 0);
        }
}

static void test_ordinary_bursts_become_ordinary(void **state)
{
        (void)state;
        struct random r = random_seeded("bursts");
        struct run run;
        FOR_EACH_KIND_OF_SERIES(&run, &r)
        {
                /* bursts of up to 1 % from the start: they are this series' noise */
                for (unsigned i = 0; i < 200; i++) {
                        feed(&run, 10, 1);
                        feed(&run, 1, 1 + 0.01 * random_uniform(&r));
                }
                unsigned before = run.excursions;
                for (unsigned i = 0; i < 100; i++) {
                        feed(&run, 10, 1);
                        feed(&run, 1, 1 + 0.01 * random_uniform(&r));
                }
                assert_int_equal(run.excursions, before);
                feed(&run, 2, 1.1);
                assert_int_equal(run.excursions, before + 1);
        }
}

static void test_constant(void **state)
{
        (void)state;
        struct jump j;
        struct jump_answer a;
        jump_init(&j);
        for (unsigned i = 0; i < 1000; i++)
                jump_add(&j, &jump_params_default, i, 5e6, 8192);
        assert_true(jump_read(&j, &jump_params_default, 8192, &a));
        assert_true(a.sigma == 0 && a.score == 0 && a.spread == 8192);
        jump_add(&j, &jump_params_default, 1000, 5e6 + 4096, 8192); /* a page is noise */
        assert_false(j.away);
        jump_add(&j, &jump_params_default, 1001, 6e6, 8192);
        assert_true(j.away);
}

static void test_says_nothing_at_first(void **state)
{
        (void)state;
        struct jump j;
        struct jump_answer a;
        jump_init(&j);
        for (unsigned i = 0; i <= 55; i++) {
                jump_add(&j, &jump_params_default, i, i == 30 ? 1e9 : 1e6, 0);
                assert_false(jump_read(&j, &jump_params_default, 0, &a));
                assert_false(j.away);
        }
        uint64_t count = j.level.count;
        jump_add(&j, &jump_params_default, 56, NAN, 0);
        jump_add(&j, &jump_params_default, 10, 1, 0); /* back in time */
        assert_int_equal(j.level.count, count);
}

/* What ended, or came and went, in the first minute does not hide what comes after it. */
static void test_steps_while_learning(void **state)
{
        (void)state;
        struct random r = random_seeded("steps while learning");
        for (unsigned round = 0; round < 200; round++) {
                struct jump j;
                struct jump_answer a;
                double from = 12 + 38 * random_uniform(&r);
                double to = round % 2 ? from + 1 + 4 * random_uniform(&r) : -INFINITY;
                jump_init(&j);
                for (unsigned i = 0; i < 180; i++) {
                        bool high = round % 2 ? i >= from && i < to : i < from;
                        jump_add(&j, &jump_params_default, i,
                                 (high ? 250e6 : 60e6) + 20e3 * random_normal(&r), 8192);
                }
                assert_true(jump_read(&j, &jump_params_default, 8192, &a));
                assert_false(j.away);
                if (fabs(a.level - 60e6) > 100e3)
                        fail_msg("round %u: the level is %.0f", round, a.level);
                jump_add(&j, &jump_params_default, 180, 260e6, 8192);
                if (!j.away)
                        fail_msg("round %u: not seen after a step at %.0f s", round, from);
        }
}

/* A series that never rests is learned all the same, and not much later. */
static void test_restless_from_the_start(void **state)
{
        (void)state;
        struct random r = random_seeded("restless");
        struct jump j;
        struct jump_answer a;
        unsigned i = 0;
        jump_init(&j);
        for (; i < 600 && !jump_read(&j, &jump_params_default, 8192, &a); i++)
                jump_add(&j, &jump_params_default, i,
                         60e6 + 50e6 * (i / 7 % 2) + 20e3 * random_normal(&r), 8192);
        assert_in_range(i, 60, 5 * 60);
}

static void test_often(void **state)
{
        (void)state;
        struct random r = random_seeded("jump");
        struct run run;
        FOR_EACH_KIND_OF_SERIES(&run, &r)
        {
                struct jump_answer a;
                feed(&run, 600, 1);
                for (unsigned i = 0; i < 3; i++) {
                        /* Only what was there twice counts, and only in its own direction. */
                        feed(&run, 20, 1.5);
                        assert_true(jump_read(&run.jump, &jump_params_default, 0, &a));
                        assert_true(a.away);
                        if (i < 2)
                                assert_true(a.often < 0.05 * run.scale);
                        else
                                assert_true(fabs(a.often / run.scale - 0.5) < 0.1);
                        feed(&run, 60, 1);
                }
                feed(&run, 20, 0.5);
                assert_true(jump_read(&run.jump, &jump_params_default, 0, &a));
                assert_true(a.away && a.change < 0 && a.often < 0.05 * run.scale);
        }
}

/* A change that takes half a minute does not teach, sample by sample, that it is ordinary. */
static void test_ramp(void **state)
{
        (void)state;
        struct random r = random_seeded("jump");
        struct run run;
        FOR_EACH_KIND_OF_SERIES(&run, &r)
        {
                struct jump_answer a;
                unsigned steps = (unsigned)fmax(2, 30 / run.interval);
                feed(&run, 600, 1);
                for (unsigned i = 1; i <= steps; i++)
                        feed(&run, 1, 1 + 0.5 * i / steps);
                assert_true(jump_read(&run.jump, &jump_params_default, 0, &a));
                assert_true(a.away && a.sudden > 0.4 * run.scale);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ramp),
                cmocka_unit_test(test_often),
                cmocka_unit_test(test_spike_and_return),
                cmocka_unit_test(test_drop),
                cmocka_unit_test(test_adopted_level_is_normal),
                cmocka_unit_test(test_slow_climb_is_no_jump),
                cmocka_unit_test(test_ordinary_bursts_become_ordinary),
                cmocka_unit_test(test_constant),
                cmocka_unit_test(test_says_nothing_at_first),
                cmocka_unit_test(test_steps_while_learning),
                cmocka_unit_test(test_restless_from_the_start),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
