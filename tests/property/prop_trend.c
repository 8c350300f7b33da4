/* SPDX-License-Identifier: MIT */
/* The trends against a plain regression over all bucket means, kept without a bound, on random
 * irregular series with gaps; and what they say of known shapes. */
#include "../test.h"

#include "../random.h"
#include "base/macros.h"
#include "base/number.h"
#include "detect/growth.h"
#include "detect/trend.h"

enum { SAMPLES = 6000, SERIES = 60, WIDTH = TREND_WIDTH };

struct plain {
        double slope, error, fit;
        unsigned points;
};

/* Straight from the definition: averages each complete bucket of the level's last sixteen, and
 * fits. */
static bool textbook(const double *t, const double *x, unsigned n, double width, struct plain *ret)
{
        double mt[TREND_BUCKETS], mx[TREND_BUCKETS];
        unsigned points = 0;
        double open = floor(t[n - 1] / width);
        for (double number = open - TREND_BUCKETS; number < open; number++) {
                double st = 0, sum = 0, low = INFINITY, fine = NAN;
                unsigned count = 0, inner = 0;
                for (unsigned i = 0; i <= n; i++) {
                        bool inside = i < n && floor(t[i] / width) == number;
                        if (inner > 0 && (!inside || floor(t[i] / WIDTH) != fine)) {
                                low = fmin(low, sum / inner);
                                inner = 0;
                                sum = 0;
                        }
                        if (!inside)
                                continue;
                        fine = floor(t[i] / WIDTH);
                        sum += x[i];
                        inner++;
                        st += t[i] - t[0];
                        count++;
                }
                if (count > 0) {
                        mt[points] = st / count;
                        mx[points++] = low;
                }
        }
        if (points < TREND_POINTS_MIN || mt[points - 1] - mt[0] < width * TREND_BUCKETS / 2)
                return false;
        double ct = 0, cx = 0, tt = 0, tx = 0, xx = 0, residual = 0, lagged = 0, before = 0;
        for (unsigned i = 0; i < points; i++) {
                ct += mt[i] / points;
                cx += mx[i] / points;
        }
        for (unsigned i = 0; i < points; i++) {
                tt += (mt[i] - ct) * (mt[i] - ct);
                tx += (mt[i] - ct) * (mx[i] - cx);
                xx += (mx[i] - cx) * (mx[i] - cx);
        }
        ret->slope = tx / tt;
        for (unsigned i = 0; i < points; i++) {
                double e = mx[i] - cx - ret->slope * (mt[i] - ct);
                residual += e * e;
                lagged += e * before;
                before = e;
        }
        double r1 = fmax(0, fmin(0.8, lagged / residual + 2.0 / points));
        ret->error = sqrt(residual / (points - 2) / tt * (1 + r1) / (1 - r1));
        ret->fit = 1 - residual / xx;
        ret->points = points;
        return true;
}

static void test_matches_regression(void **state)
{
        (void)state;
        struct random r = random_seeded("trend");
        static double t[SAMPLES], x[SAMPLES];
        unsigned compared = 0;
        for (unsigned s = 0; s < SERIES; s++) {
                struct trend trend;
                struct trend_level levels[TREND_LEVELS] = { 0 };
                double now = 1.7e9 + random_uniform(&r) * 1e6, step = 0.2 + random_uniform(&r) * 20;
                double slope = random_normal(&r) * 1e3, noise = random_uniform(&r) * 1e6,
                       level = s % 2 ? 1e9 : 1e13; /* floats are relative to something near */
                unsigned n = 500 + (unsigned)(random_uniform(&r) * (SAMPLES - 500));
                trend_init(&trend, levels, 1, NULL);
                for (unsigned i = 0; i < n; i++) {
                        now += step * (0.1 + 2 * random_uniform(&r));
                        if (random_uniform(&r) < 0.002)
                                now += step * 40; /* a hole */
                        t[i] = now;
                        x[i] = level + slope * (now - t[0]) + noise * random_normal(&r);
                        trend_add(&trend, t[i], x[i]);
                }
                double width = WIDTH;
                for (unsigned level_number = 0; level_number < 5;
                     level_number++, width *= TREND_FACTOR) {
                        struct plain p;
                        bool known = textbook(t, x, n, width, &p);
                        struct trend_answer answer, *a = &answer;
                        assert_int_equal(known, trend_read(&trend, level_number, a));
                        if (!known)
                                continue;
                        compared++;
                        assert_int_equal(a->points, p.points);
                        /* Times inside a bucket are known to 1/250 of its width or better. */
                        double tolerance = 3e-3 * (fabs(p.slope) + p.error);
                        if (!(fabs(a->slope - p.slope) <= tolerance))
                                fail_msg("slope %.9g against %.9g, level %u", a->slope, p.slope,
                                         level_number);
                        if (!(fabs(a->error - p.error) <= 2e-2 * p.error + 1e-9))
                                fail_msg("error %.9g against %.9g, level %u", a->error, p.error,
                                         level_number);
                        assert_true(fabs(a->fit - p.fit) < 3e-3);
                }
        }
        assert_true(compared > SERIES);
}

/* White noise about a line: the true slope lies within three standard errors nearly always. */
static void test_error_covers_truth(void **state)
{
        (void)state;
        struct random r = random_seeded("trend coverage");
        unsigned inside = 0, all = 0;
        for (unsigned s = 0; s < 300; s++) {
                struct trend trend;
                struct trend_level levels[TREND_LEVELS] = { 0 };
                double slope = random_normal(&r) * 100;
                trend_init(&trend, levels, 1, NULL);
                for (unsigned i = 1; i <= 300; i++)
                        trend_add(&trend, i, slope * i + 1e4 * random_normal(&r));
                for (unsigned level = 0; level < 2; level++) {
                        struct trend_answer a;
                        assert_true(trend_read(&trend, level, &a));
                        inside += fabs(a.slope - slope) <= 3 * a.error;
                        all++;
                }
        }
        /* 3 standard errors with 14 degrees of freedom: 99.0 %; far fewer would mean a wrong error.
         */
        assert_true(inside >= all * 96 / 100);
}

static void test_refuses(void **state)
{
        (void)state;
        struct trend trend;
        struct trend_level levels[TREND_LEVELS] = { 0 };
        trend_init(&trend, levels, 1, NULL);
        struct trend_answer a;
        assert_false(trend_read(&trend, 0, &a));
        assert_false(trend_read(&trend, TREND_LEVELS, &a));
        for (unsigned i = 0; i < 36; i++)
                trend_add(&trend, i, 1);
        assert_false(trend_read(&trend, 0, &a));       /* nine buckets */
        assert_int_equal(trend_add(&trend, 10, 1), 0); /* back in time */
        assert_int_equal(trend_add(&trend, 40, NAN), 0);
        for (unsigned i = 36; i < 80; i++)
                trend_add(&trend, i, 1);
        assert_true(trend_read(&trend, 0, &a));
        assert_true(a.slope == 0);
        trend_add(&trend, 1e9, 1); /* a leap far ahead leaves nothing to fit */
        assert_false(trend_read(&trend, 0, &a));
}

/* What is kept of a line is fitted where even buckets stand, in floats; the answer is computed in
 * doubles from copies. Samples each second make even buckets, a hole uneven ones. */
static void test_kept_is_answered(void **state)
{
        (void)state;
        struct random r = random_seeded("trend even");
        unsigned noise = 0, kept = 0;
        for (unsigned s = 0; s < 200; s++) {
                struct trend trend;
                struct trend_level levels[TREND_LEVELS] = { 0 };
                unsigned n = 300 + (unsigned)(random_uniform(&r) * 3000);
                double hole = s % 2 ? random_uniform(&r) * n : INFINITY, now = 1e6 + s;
                double slope = s % 3 * 1e4 * random_normal(&r), spread = 1e5;
                trend_init(&trend, levels, 1, NULL);
                for (unsigned i = 0; i < n; i++) {
                        now += i == (unsigned)smaller(hole, n) ? 40 : 1;
                        trend_add(&trend, now, 1e12 + slope * i + spread * random_normal(&r));
                }
                for (unsigned level = 0; level < TREND_LEVELS; level++) {
                        const struct trend_level *l = trend_level(&trend, level);
                        struct trend_answer a;
                        if (!trend_read(&trend, level, &a))
                                continue;
                        double off = 1e-5 * (fabs(a.slope) + a.error);
                        assert_true(fabs((double)l->slope - a.slope) <= off);
                        assert_true(fabs(trend_error(&trend, level) - a.error) <= 1e-3 * a.error);
                        assert_true(fabs(trend_step(&trend, level) - a.step) < 1e-3);
                        assert_true(fabs(trend_span(&trend, level) - a.span) < 1e-6 * a.span);
                        if (trend_is_noise(l)) {
                                assert_true(a.slope <= 1.001 * TREND_NOISE * a.error);
                                noise++;
                        } else {
                                kept++;
                        }
                        if (level == trend.last_level)
                                assert_true(fabs(trend.last - a.last) < 1e-4 * spread);
                }
        }
        assert_true(noise > 100 && kept > 100);
}

/* Work that comes and goes leaves the lows, and lifts the means. */
static void test_means(void **state)
{
        (void)state;
        struct trend_level levels[2][TREND_LEVELS] = { 0 };
        struct trend_means means[TREND_LEVELS] = { 0 };
        struct trend with, without;
        trend_init(&with, levels[0], 1, means);
        trend_init(&without, levels[1], 1, NULL);
        for (unsigned i = 0; i < 5000; i++) {
                double value = 1e12 + (i / 20 % 2 ? 1e3 * i : 0);
                trend_add(&with, i, value);
                trend_add(&without, i, value);
        }
        for (unsigned level = 2; level < 4; level++) {
                assert_true(trend_knows(&with, level));
                assert_true(fabs(trend_mean_slope(&with, level) - 500) < 50);
                assert_true(trend_mean_slope(&without, level) == 0);
        }
        trend_shift(&with, -1e12);
        assert_true(fabs(trend_mean_slope(&with, 3) - 500) < 50);
        assert_true(fabs(trend_low(&with, 3)) < 1);
}

static double shape_line(double t)
{
        return 1e8 + 1e4 * t;
}
static double shape_step(double t)
{
        return t < 2000 ? 1e8 : 1.5e8;
}
static double shape_saturating(double t)
{
        return 1e8 + 4e7 * (1 - exp(-t / 900));
}
static double shape_flat(double t)
{
        (void)t;
        return 1e8;
}
static double shape_wave(double t)
{
        return 1e8 + 1e7 * sin(t / 300);
}
static double shape_accelerating(double t)
{
        return 1e8 + 2 * t * t;
}

/* The series has been flat for an hour before the shape begins. What a rise must come to before it
 * matters is the rule's to say, so the smallest tail of a saturating curve may be called growth. */
static void test_shapes(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                double (*value)(double);
                bool grows;
        } cases[] = {
                { "line", shape_line, true },  { "accelerating", shape_accelerating, true },
                { "step", shape_step, false }, { "saturating", shape_saturating, false },
                { "flat", shape_flat, false }, { "wave", shape_wave, false },
        };
        struct random r = random_seeded("growth shapes");
        for (unsigned i = 0; i < ELEMENTS_OF(cases); i++) {
                struct trend trend;
                struct trend_level levels[TREND_LEVELS] = { 0 };
                struct growth_level ordinary[TREND_LEVELS] = { 0 };
                struct growth growth;
                trend_init(&trend, levels, 1, NULL);
                growth_init(&growth, false, ordinary, 1);
                for (double t = -3600; t < 5400; t++) {
                        double value = (t < 0 && cases[i].value != shape_wave ? cases[i].value(0)
                                                                              : cases[i].value(t)) +
                                       1e5 * random_normal(&r);
                        unsigned changed = trend_add(&trend, t, value);
                        growth_update(&growth, &growth_params_default, &trend, changed, t, 8192,
                                      INFINITY);
                }
                struct growth_answer answer, *a = &answer;
                assert_true(
                        growth_read(&growth, &growth_params_default, &trend, 8192, INFINITY, a));
                if ((a->grows && a->grown > 2e6) != cases[i].grows)
                        fail_msg(
                                "%s: grows %d, passed %#x, sure %g step %g back %g pace %g record %g",
                                cases[i].name, a->grows, a->passed, a->sure, a->step, a->back,
                                a->pace, a->unusual);
                if (cases[i].value == shape_line)
                        assert_true(fabs(a->rate - 1e4) < 4 * a->error + 500);
        }
}

static void test_shift_is_no_growth(void **state)
{
        (void)state;
        struct trend a, b;
        struct trend_level levels[2 * TREND_LEVELS] = { 0 }; /* the levels of both in turn */
        trend_init(&a, &levels[0], 2, NULL);
        trend_init(&b, &levels[1], 2, NULL);
        for (unsigned i = 0; i < 400; i++) {
                if (i == 200)
                        trend_shift(&b, 5e7);
                trend_add(&a, i, 1e8 + i);
                trend_add(&b, i, 1e8 + i + (i >= 200 ? 5e7 : 0));
        }
        struct trend_answer x, y;
        assert_true(trend_read(&a, 1, &x) && trend_read(&b, 1, &y));
        assert_true(fabs(x.slope - y.slope) < 1e-6);
        assert_true(fabs(y.last - x.last - 5e7) < 1e-3);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_matches_regression),
                cmocka_unit_test(test_error_covers_truth),
                cmocka_unit_test(test_refuses),
                cmocka_unit_test(test_kept_is_answered),
                cmocka_unit_test(test_means),
                cmocka_unit_test(test_shapes),
                cmocka_unit_test(test_shift_is_no_growth),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
