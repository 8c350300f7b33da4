/* SPDX-License-Identifier: MIT */
/* Growth on series that begin at any moment and of any scale: what was a leak is told again when it
 * comes again, what comes and goes with the day is not, and what was given back is over. */
#include <math.h>

#include "../random.h"
#include "../test.h"
#include "base/macros.h"
#include "detect/growth.h"

enum { HOUR = 3600, DAY = 24 * HOUR, INTERVAL = 60 };

struct run {
        struct trend trend;
        struct trend_level levels[TREND_LEVELS];
        struct growth_level ordinary[TREND_LEVELS];
        struct growth growth;
        struct random *random;
        double time, scale, level;
        unsigned told; /* how often growth began */
        bool grows;
};

/* Begins at any part of a bucket of the longest horizon. */
static void start(struct run *run, struct random *r, double scale)
{
        *run = (struct run){ .random = r, .scale = scale, .level = 100 };
        run->time = floor(random_uniform(r) * 30 * DAY);
        trend_init(&run->trend, run->levels, 1, NULL);
        growth_init(&run->growth, false, run->ordinary, 1);
}

static void feed_one(struct run *run)
{
        double value = run->scale * (run->level + 0.05 * random_normal(run->random));
        run->time += INTERVAL;
        unsigned changed = trend_add(&run->trend, run->time, value);
        growth_update(&run->growth, &growth_params_default, &run->trend, changed, run->time,
                      run->scale * 1e-3, INFINITY);
        struct growth_answer a;
        bool known = growth_read(&run->growth, &growth_params_default, &run->trend,
                                 run->scale * 1e-3, INFINITY, &a);
        /* By chance alone noise passes every test now and then: no rule has a limit that low. */
        bool grows = known && a.goes_on && a.grown > run->scale;
        if (grows && !run->grows)
                run->told++;
        run->grows = grows;
}

/* So many seconds, in which the level moves evenly by `rise`. */
static void feed(struct run *run, double seconds, double rise)
{
        unsigned count = (unsigned)(seconds / INTERVAL);
        for (unsigned i = 0; i < count; i++) {
                run->level += rise / count;
                feed_one(run);
        }
}

/* How often growth began meanwhile. */
static unsigned told_in(struct run *run, double seconds, double rise)
{
        unsigned before = run->told;
        feed(run, seconds, rise);
        return run->told - before;
}

static const double scales[] = { 1e-3, 1, 1e9 };
enum { TIMES = 20 };

#define FOR_EACH_SERIES(run, random)                                  \
        for (unsigned s_ = 0; s_ < TIMES * ELEMENTS_OF(scales); s_++) \
                if (start(run, random, scales[s_ % ELEMENTS_OF(scales)]), 1)

static void test_again(void **state)
{
        (void)state;
        struct random r = random_seeded("growth");
        struct run run;
        FOR_EACH_SERIES(&run, &r)
        {
                assert_int_equal(told_in(&run, DAY, 0), 0);
                assert_int_not_equal(told_in(&run, 10 * HOUR, 50), 0);
                run.level -= 50;
                feed(&run, 12 * HOUR, 0);
                assert_false(run.grows);
                assert_int_not_equal(told_in(&run, 10 * HOUR, 50), 0);
        }
}

static void test_given_back(void **state)
{
        (void)state;
        struct random r = random_seeded("growth");
        struct run run;
        FOR_EACH_SERIES(&run, &r)
        {
                feed(&run, 2 * DAY, 0);
                assert_int_not_equal(told_in(&run, 5 * DAY, 500), 0);
                run.level -= 500;
                feed(&run, 2 * HOUR, 0);
                assert_false(run.grows);
                assert_int_equal(told_in(&run, 3 * DAY, 0), 0);
        }
}

static void test_comes_and_goes(void **state)
{
        (void)state;
        struct random r = random_seeded("growth");
        struct run run;
        FOR_EACH_SERIES(&run, &r)
        {
                unsigned known = 0;
                for (unsigned day = 0; day < 6; day++) {
                        double share = 0.8 + 0.4 * random_uniform(&r);
                        feed(&run, 9 * HOUR, 0);
                        unsigned told = told_in(&run, 3 * HOUR, 40 * share);
                        feed(&run, 6 * HOUR, 0);
                        feed(&run, 6 * HOUR, -40 * share);
                        known += day >= 3 ? told : 0;
                }
                assert_int_equal(known, 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_again),
                cmocka_unit_test(test_given_back),
                cmocka_unit_test(test_comes_and_goes),
        };
        return cmocka_run_group_tests_name("growth", tests, NULL, NULL);
}
