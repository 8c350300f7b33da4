/* SPDX-License-Identifier: MIT */
/* What happens at the same hour: expected from the third time on, and not at another hour. */
#include "../random.h"
#include "../test.h"
#include "base/macros.h"
#include "detect/season.h"

enum { STEP = 300, DAY = 86400 };

/* Days of samples each five minutes from `day`; a job of `size` begins at `hour` of days for which
 * `runs` has a bit (day of seven) and lasts an hour. */
static void feed(struct season *s, double start, unsigned day, unsigned days, double hour,
                 double size, unsigned runs)
{
        for (unsigned d = day; d < day + days; d++)
                for (double t = 0; t < DAY; t += STEP) {
                        bool on = runs & 1u << d % 7 && t >= hour * 3600 && t < (hour + 1) * 3600;
                        season_add(s, start + d * DAY + t, on ? size : 1);
                }
}

static double expected_at(struct season *s, double start, unsigned day, double hour)
{
        season_add(s, start + day * DAY + hour * 3600, 0);
        return season_expected(s);
}

static void test_third_time(void **state)
{
        (void)state;
        struct random r = random_seeded("season");
        for (unsigned i = 0; i < 200; i++) {
                double start =
                        floor(random_uniform(&r) * 20000) * DAY + floor(random_uniform(&r) * 86400);
                double hour = 1 + floor(random_uniform(&r) * 20),
                       size = 100 + random_uniform(&r) * 1e9;
                for (unsigned nights = 0; nights < 5; nights++) {
                        struct season s;
                        struct season_past past = { 0 };
                        season_init(&s, &past);
                        feed(&s, start, 0, nights, hour, size, 127);
                        double expected = expected_at(&s, start, nights, hour + 0.25);
                        /* a byte: eighths of an octave */
                        if (nights >= 2)
                                assert_true(fabs(expected / size - 1) < 0.045);
                        else
                                assert_true(expected <= 1);
                        /* hours away nothing is expected */
                        assert_true(expected_at(&s, start, nights, hour + 3) <= 1);
                }
        }
}

static void test_days(void **state)
{
        (void)state;
        struct season s;
        struct season_past past = { 0 };
        double start = 1e9 - (long)1e9 % DAY;
        season_init(&s, &past);
        assert_int_equal(season_days(&s), 0);
        for (unsigned day = 0; day < 10; day++) {
                feed(&s, start, day, 1, 2, 100, 127);
                assert_int_equal(season_days(&s), day < 7 ? day + 1 : 7);
        }
}

static void test_working_days(void **state)
{
        (void)state;
        struct season s;
        struct season_past past = { 0 };
        double start = 1e9 - (long)1e9 % DAY;
        season_init(&s, &past);
        feed(&s, start, 0, 12, 2, 5e8, 31); /* days 0 to 4 of each week */
        /* after the free days the job is expected again */
        assert_true(expected_at(&s, start, 14, 2.2) > 4e8);
}

static void test_one_accident_is_not_expected(void **state)
{
        (void)state;
        struct season s;
        struct season_past past = { 0 };
        double start = 1e9 - (long)1e9 % DAY;
        season_init(&s, &past);
        feed(&s, start, 0, 1, 2, 5e8, 127);
        feed(&s, start, 1, 4, 2, 5e8, 0);
        assert_true(expected_at(&s, start, 5, 2.2) <= 1);
}

/* Seven quiet days forget it; a gap counts as quiet. */
static void test_forgets(void **state)
{
        (void)state;
        struct season s;
        struct season_past past = { 0 };
        double start = 1e9 - (long)1e9 % DAY;
        season_init(&s, &past);
        feed(&s, start, 0, 4, 2, 5e8, 127);
        assert_true(expected_at(&s, start, 4, 2.2) > 4e8);
        assert_true(expected_at(&s, start, 20, 2.2) == 0);
}

static void test_clock_steps_back(void **state)
{
        (void)state;
        struct season s;
        struct season_past past = { 0 };
        double start = 1e9 - (long)1e9 % DAY;
        season_init(&s, &past);
        feed(&s, start, 0, 3, 2, 5e8, 127);
        season_add(&s, start + 2 * DAY + 7200 + 600,
                   3); /* into the job of last night, and past it */
        season_add(&s, start + 2 * DAY + 9000 + 600, 3);
        season_add(&s, -5, 3);
        season_add(&s, INFINITY, 3);
        assert_true(expected_at(&s, start, 3, 2.2) > 4e8);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_third_time),
                cmocka_unit_test(test_days),
                cmocka_unit_test(test_working_days),
                cmocka_unit_test(test_one_accident_is_not_expected),
                cmocka_unit_test(test_forgets),
                cmocka_unit_test(test_clock_steps_back),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
