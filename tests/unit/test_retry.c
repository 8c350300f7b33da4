/* SPDX-License-Identifier: MIT */
/* deliver/retry: pauses, Retry-After, when a failure is news. */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "../test.h"
#include "base/macros.h"
#include "deliver/retry.h"

enum { UNIX_NOW = 784111777 }; /* Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110's examples */

static void test_retry_after(void **state _unused_)
{
        static const struct {
                const char *header;
                double seconds; /* NaN: refused */
        } cases[] = {
                { "0", 0 },
                { "1", 1 },
                { "120", 120 },
                { "3600", 3600 },
                { "3601", RETRY_AFTER_MAX },
                { "99999999999999999999999999999999999999", RETRY_AFTER_MAX },
                { "", NAN },
                { "-1", NAN },
                { "+1", NAN },
                { "1.5", NAN },
                { "1 s", NAN },
                { "soon", NAN },
                { "0x10", NAN },
                /* the three forms */
                { "Sun, 06 Nov 1994 08:49:47 GMT", 10 },
                { "Sunday, 06-Nov-94 08:49:47 GMT", 10 },
                { "Sun Nov  6 08:49:47 1994", 10 },
                /* in the past, and far ahead */
                { "Sun, 06 Nov 1994 08:49:00 GMT", 0 },
                { "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
                { "Sun, 06 Nov 2094 08:49:47 GMT", RETRY_AFTER_MAX },
                { "Fri, 31 Dec 9999 23:59:59 GMT", RETRY_AFTER_MAX },
                /* damaged */
                { "Sun, 06 Nov 1994 08:49:47", NAN },
                { "Sun, 06 Nov 1994 08:49:47 GMTX", NAN },
                { "Sun, 06 Nov 1994 25:49:47 GMT", NAN },
                { "Sun, 06 ovD 1994 08:49:47 GMT", NAN },
                { "Sun, 06 XXX 1994 08:49:47 GMT", NAN },
                { "Sun, 32 Nov 1994 08:49:47 GMT", NAN },
                { "Sun, -6 Nov 1994 08:49:47 GMT", NAN },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                double seconds = -7;
                int r = retry_after_parse(cases[i].header, UNIX_NOW, &seconds);
                if (isnan(cases[i].seconds) ? r >= 0 || seconds != -7
                                            : r < 0 || seconds != cases[i].seconds)
                        fail_msg("\"%s\": %d, %g instead of %g", cases[i].header, r, seconds,
                                 cases[i].seconds);
        }
}

static void test_pause(void **state _unused_)
{
        uint64_t seed = (uint64_t)time(NULL);
        print_message("seed %llu\n", (unsigned long long)seed);
        for (unsigned round = 0; round < 2000; round++) {
                unsigned failures = 1 + round % 40;
                double full = fmin(ldexp(RETRY_FIRST, (int)failures - 1), RETRY_LAST);
                double pause = retry_pause(failures, RETRY_FIRST, RETRY_LAST, &seed);
                assert_true(pause >= full / 2 && pause < full);
        }
        double pause = retry_pause(UINT32_MAX, RETRY_FIRST, RETRY_LAST, &seed);
        assert_true(pause >= RETRY_LAST / 2 && pause < RETRY_LAST);
}

/* Two hosts with other seeds do not march in step, and one seed always gives one sequence. */
static void test_jitter(void **state _unused_)
{
        uint64_t a = 1, b = 2, again = 1;
        unsigned same = 0;
        for (unsigned i = 0; i < 100; i++) {
                double x = retry_random(&a);
                assert_true(x >= 0 && x < 1);
                assert_true(x == retry_random(&again));
                same += x == retry_random(&b);
        }
        assert_int_equal(same, 0);
}

static void test_retry_after_is_a_floor(void **state _unused_)
{
        uint64_t seed = 3;
        struct retry r = { 0 };
        retry_failed(&r, false, 30, 1000, &seed);
        assert_true(r.next == 1030);
        retry_failed(&r, false, 1e9, 1000, &seed);
        assert_true(r.next == 1000 + RETRY_AFTER_MAX);
        for (unsigned i = 0; i < 20; i++)
                retry_failed(&r, false, 0, 2000, &seed);
        assert_true(r.next >= 2000 + RETRY_LAST / 2);
}

static void test_news(void **state _unused_)
{
        uint64_t seed = 4;
        struct retry r = { 0 };

        /* failing is news only after a while, and once */
        assert_false(retry_failed(&r, false, NAN, 100, &seed));
        assert_false(retry_failed(&r, false, NAN, 100 + RETRY_NEWS - 1, &seed));
        assert_true(retry_failed(&r, false, NAN, 100 + RETRY_NEWS, &seed));
        assert_false(retry_failed(&r, false, NAN, 100 + 2 * RETRY_NEWS, &seed));
        assert_true(retry_succeeded(&r));
        assert_int_equal(r.failures, 0);
        assert_true(r.next == 0);

        /* a short failure is not, and its end neither */
        assert_false(retry_failed(&r, false, NAN, 1000, &seed));
        assert_false(retry_succeeded(&r));

        /* a broken target is news at once, and probed seldom */
        assert_true(retry_failed(&r, true, NAN, 2000, &seed));
        assert_true(r.broken);
        assert_true(r.next >= 2000 + PROBE_FIRST / 2);
        for (unsigned i = 0; i < 10; i++)
                assert_false(retry_failed(&r, true, NAN, 3000, &seed));
        assert_true(r.next >= 3000 + PROBE_LAST / 2 && r.next <= 3000 + PROBE_LAST);
        assert_true(retry_succeeded(&r));
        assert_false(r.broken);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_retry_after), cmocka_unit_test(test_pause),
                cmocka_unit_test(test_jitter),      cmocka_unit_test(test_retry_after_is_a_floor),
                cmocka_unit_test(test_news),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
