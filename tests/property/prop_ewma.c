/* SPDX-License-Identifier: MIT */
/* The EWMA against its definition, over random irregular series. */
#include "../test.h"

#include "../random.h"
#include "base/macros.h"
#include "detect/ewma.h"

enum { SAMPLES = 300, SERIES = 200 };

static void assert_close(double a, double b, double scale, const char *what)
{
        if (!(fabs(a - b) <= 1e-9 * scale + 1e-12))
                fail_msg("%s: %.17g against %.17g", what, a, b);
}

/* Weights straight from the definition: sample i has 1 - exp(-dt_i / tau), times exp(-age / tau).
 */
static void textbook(const double *t, const double *x, unsigned n, double tau, double *ret_level,
                     double *ret_spread)
{
        double sum = 0, weighted = 0, square = 0;
        for (unsigned i = 0; i < n; i++) {
                double own = i == 0 ? 1e-6 : 1 - exp(-(t[i] - t[i - 1]) / tau);
                double w = own * exp(-(t[n - 1] - t[i]) / tau);
                sum += w;
                weighted += w * x[i];
        }
        for (unsigned i = 0; i < n; i++) {
                double own = i == 0 ? 1e-6 : 1 - exp(-(t[i] - t[i - 1]) / tau);
                double w = own * exp(-(t[n - 1] - t[i]) / tau);
                square += w * (x[i] - weighted / sum) * (x[i] - weighted / sum);
        }
        *ret_level = weighted / sum;
        *ret_spread = sqrt(square / sum);
}

static void test_matches_definition(void **state)
{
        (void)state;
        struct random r = random_seeded("ewma");
        for (unsigned s = 0; s < SERIES; s++) {
                double t[SAMPLES], x[SAMPLES], now = random_uniform(&r) * 2e9;
                double scale = pow(10, random_uniform(&r) * 12),
                       offset = random_normal(&r) * scale * 10;
                double tau = pow(10, random_uniform(&r) * 4);
                struct ewma e;
                struct ewma_gain gain = { 0 };
                e = (struct ewma){ 0 };
                for (unsigned i = 0; i < SAMPLES; i++) {
                        double before = now;
                        now += 0.1 + random_uniform(&r) * tau / 5;
                        t[i] = now;
                        x[i] = offset + scale * random_normal(&r);
                        assert_true(ewma_add(&e, tau, 0, now - before, x[i], 0, &gain));
                }
                double level, spread;
                struct ewma_answer a;
                textbook(t, x, SAMPLES, tau, &level, &spread);
                assert_true(ewma_read(&e, tau, 0, 2, &a));
                assert_close(a.level, level, fabs(offset) + scale, "level");
                assert_close(a.spread / scale, spread / scale, 1e4, "spread"); /* a float */
                assert_int_equal(a.count, SAMPLES);
        }
}

static void test_outlier_does_not_drag(void **state)
{
        (void)state;
        struct random r = random_seeded("ewma outlier");
        for (unsigned s = 0; s < SERIES; s++) {
                struct ewma e;
                struct ewma_gain gain = { 0 };
                double tau = 60, clip = 3;
                e = (struct ewma){ 0 };
                for (unsigned i = 0; i < 300; i++)
                        ewma_add(&e, tau, clip, 1, 1000 + random_normal(&r), 0, &gain);
                struct ewma_answer before, after;
                assert_true(ewma_read(&e, tau, 0, 2, &before));
                ewma_add(&e, tau, clip, 1, 1e12, 0, &gain);
                assert_true(ewma_read(&e, tau, 0, 2, &after));
                /* clip spreads times the gain of one sample, which is at most 1 - exp(-1 / tau)
                 * over the sum of weights, here near 1 */
                double most = clip * before.spread * (1 - exp(-1 / tau)) * 1.02;
                assert_true(fabs(after.level - before.level) <= most);
        }
}

static void test_refuses(void **state)
{
        (void)state;
        struct ewma e = { 0 };
        struct ewma_gain gain = { 0 };
        struct ewma_answer a;
        assert_false(ewma_read(&e, 10, 0, 2, &a));
        assert_true(ewma_add(&e, 10, 0, 0, 5, 0, &gain));
        assert_false(ewma_read(&e, 10, 0, 0, &a));          /* one sample has no spread */
        assert_false(ewma_add(&e, 10, 0, 0, 6, 0, &gain));  /* time stands still */
        assert_false(ewma_add(&e, 10, 0, -1, 6, 0, &gain)); /* time steps back */
        assert_false(ewma_add(&e, 10, 0, 1, NAN, 0, &gain));
        assert_false(ewma_add(&e, 10, 0, NAN, 1, 0, &gain));
        assert_true(ewma_add(&e, 10, 0, 1, 5, 0, &gain));
        assert_true(ewma_read(&e, 10, 0.25, 2, &a));
        assert_true(a.level == 5);
        assert_true(a.spread == 0.25); /* a constant has the floor as its spread */
        assert_false(ewma_read(&e, 10, 0, 3, &a));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_matches_definition),
                cmocka_unit_test(test_outlier_does_not_drag),
                cmocka_unit_test(test_refuses),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
