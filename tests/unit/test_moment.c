/* SPDX-License-Identifier: MIT */
/* The times that a person gives to --since and --until. */
#include "../test.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "base/macros.h"
#include "base/units.h"
#include "view/moment.h"

static double at(const char *rfc3339)
{
        double seconds;
        assert_int_equal(parse_time(rfc3339, &seconds), 0);
        return seconds;
}

static void use_zone(const char *zone)
{
        setenv("TZ", zone, 1);
        tzset();
}

static void test_moments(void **state)
{
        /* All as of this moment: half past nine in Berlin's winter, on a Tuesday. */
        static const char NOW[] = "2026-11-24T08:30:00Z";
        static const struct {
                const char *text, *wanted;
        } cases[] = {
                { "2h", "2026-11-24T06:30:00Z" },
                { "-2h", "2026-11-24T06:30:00Z" },
                { "2 hours ago", "2026-11-24T06:30:00Z" },
                { "1h 30min ago", "2026-11-24T07:00:00Z" },
                { "3 days  ago", "2026-11-21T08:30:00Z" },
                { "90", "2026-11-24T08:28:30Z" },
                { "0s", NOW },
                { "now", NOW },
                { "today", "2026-11-23T23:00:00Z" },
                { "Yesterday", "2026-11-22T23:00:00Z" },
                { "07:15", "2026-11-24T06:15:00Z" },
                { "07:15:30", "2026-11-24T06:15:30Z" },
                { "2026-07-01", "2026-06-30T22:00:00Z" }, /* summer time */
                { "2026-11-20 07:15", "2026-11-20T06:15:00Z" },
                { "2026-11-20 07:15:30", "2026-11-20T06:15:30Z" },
                { "2026-11-20 07:15 UTC", "2026-11-20T07:15:00Z" },
                { "2026-11-20T07:15:30", "2026-11-20T06:15:30Z" },
                { "2026-11-20T07:15:30Z", "2026-11-20T07:15:30Z" },
                { "2026-11-20 07:15:30+01:00", "2026-11-20T06:15:30Z" },
                { "@1795151000", "2026-11-20T05:03:20Z" },
                { "1795151000", "2026-11-20T05:03:20Z" },
        };
        (void)state;
        use_zone("Europe/Berlin");
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct moment m;
                if (moment_parse(cases[i].text, &m) != 0)
                        fail_msg("\"%s\" is refused", cases[i].text);
                double got = moment_at(&m, at(NOW), NAN);
                if (got != at(cases[i].wanted))
                        fail_msg("\"%s\" is %.0f s off", cases[i].text, got - at(cases[i].wanted));
        }
}

/* The day on which clocks go forward has 23 hours, and no half past two. */
static void test_short_day(void **state)
{
        struct moment m;
        (void)state;
        use_zone("Europe/Berlin");
        assert_int_equal(moment_parse("yesterday", &m), 0);
        assert_true(moment_at(&m, at("2026-03-30T10:00:00Z"), NAN) == at("2026-03-28T23:00:00Z"));
        assert_int_equal(moment_parse("14:30", &m), 0);
        assert_true(moment_at(&m, at("2026-03-29T20:00:00Z"), NAN) == at("2026-03-29T12:30:00Z"));
}

static void test_ahead(void **state)
{
        static const struct {
                const char *text;
                bool ahead;
        } cases[] = {
                { "14:30", true },       { "08:00", false },      { "now", false },
                { "0s", false },         { "today", false },      { "2026-11-25", true },
                { "2026-11-24", false }, { "@1795512600", true },
        };
        (void)state;
        use_zone("UTC");
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct moment m;
                assert_int_equal(moment_parse(cases[i].text, &m), 0);
                if (moment_is_ahead(&m, at("2026-11-24T08:30:00Z")) != cases[i].ahead)
                        fail_msg("\"%s\"", cases[i].text);
        }
        assert_false(moment_is_ahead(&(struct moment){ .kind = MOMENT_NONE }, 5));
}

static void test_refused(void **state)
{
        static const char *const cases[] = {
                "",
                "soon",
                "ago",
                "2 fortnights ago",
                "tomorrow",
                "24:01",
                "12:60",
                "2026-02-30",
                "2026-13",
                "2026-11-20 7",
                "@",
                "@yesterday",
                "-",
                "--2h",
                "2h ago ago",
                " 2026-11-20",
                "1969-01-01",
                "+2h",
                "today UTC",
                "22222222222222222222222222222222222222222222222222222222222222222222222222222222h",
        };
        (void)state;
        use_zone("UTC");
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct moment m = { .day = 7 };
                if (moment_parse(cases[i], &m) != -EINVAL || m.day != 7)
                        fail_msg("\"%s\" is taken", cases[i]);
        }
        assert_true(moment_at(&(struct moment){ .kind = MOMENT_NONE }, 5, 7) == 7);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_moments),
                cmocka_unit_test(test_short_day),
                cmocka_unit_test(test_ahead),
                cmocka_unit_test(test_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
