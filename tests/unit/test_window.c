/* SPDX-License-Identifier: MIT */
/* base/window: hours of the week, midnight, and the two nights of the year that are odd. */
#include "base/window.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../test.h"
#include "base/macros.h"
#include "base/units.h"

static void zone(const char *name)
{
        assert_int_equal(setenv("TZ", name, 1), 0);
        tzset();
}

static void test_hold(void **state)
{
        (void)state;
        /* 2026-11-20 is a Friday. */
        static const struct {
                const char *windows, *zone, *time;
                bool holds;
        } cases[] = {
                { "02:00-04:00", "UTC", "2026-11-20T01:59:59Z", false },
                { "02:00-04:00", "UTC", "2026-11-20T02:00:00Z", true },
                { "02:00-04:00", "UTC", "2026-11-20T03:59:59Z", true },
                { "02:00-04:00", "UTC", "2026-11-20T04:00:00Z", false },
                { "Mon..Fri 02:00-04:00", "UTC", "2026-11-20T03:00:00Z", true },
                { "Mon..Fri 02:00-04:00", "UTC", "2026-11-21T03:00:00Z", false },
                { "Sat,Sun 2:00-4:00", "UTC", "2026-11-21T03:00:00Z", true },
                { "sat, sunday 02:00-04:00", "UTC", "2026-11-22T03:00:00Z", true },
                { "Sat..Mon 02:00-04:00", "UTC", "2026-11-23T03:00:00Z", true },
                { "Sat..Mon 02:00-04:00", "UTC", "2026-11-24T03:00:00Z", false },
                { "Fri 22:00-06:00", "UTC", "2026-11-20T23:00:00Z", true },
                { "Fri 22:00-06:00", "UTC", "2026-11-21T05:59:00Z", true },
                { "Fri 22:00-06:00", "UTC", "2026-11-21T06:00:00Z", false },
                { "Fri 22:00-06:00", "UTC", "2026-11-20T05:00:00Z", false },
                { "Sun 22:00-06:00", "UTC", "2026-11-23T05:00:00Z", true },
                { "00:00-24:00", "UTC", "2026-11-20T23:59:59Z", true },
                { "Sun 22:00-24:00", "UTC", "2026-11-23T00:00:00Z", false },
                { "01:00-02:00, Fri 05:00-06:00", "UTC", "2026-11-20T05:30:00Z", true },
                { "01:00-02:00, Fri 05:00-06:00", "UTC", "2026-11-21T05:30:00Z", false },
                { "02:00-04:00", "Europe/Berlin", "2026-11-20T01:30:00Z", true },
                { "02:00-04:00", "Europe/Berlin", "2026-07-20T01:30:00Z", true },
                { "02:00-04:00", "Europe/Berlin", "2026-07-20T00:30:00Z", true },
                /* The hour that is there twice is quiet twice, the one that is not, never. */
                { "02:00-03:00", "Europe/Berlin", "2026-10-25T00:30:00Z", true },
                { "02:00-03:00", "Europe/Berlin", "2026-10-25T01:30:00Z", true },
                { "02:00-03:00", "Europe/Berlin", "2026-10-25T02:00:00Z", false },
                { "02:00-03:00", "Europe/Berlin", "2026-03-29T00:59:59Z", false },
                { "02:00-03:00", "Europe/Berlin", "2026-03-29T01:00:00Z", false },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct windows w;
                char error[WINDOW_ERROR_MAX] = "";
                double time;
                zone(cases[i].zone);
                assert_int_equal(parse_time(cases[i].time, &time), 0);
                if (windows_parse(cases[i].windows, &w, error) < 0)
                        fail_msg("%s: %s", cases[i].windows, error);
                if (windows_hold(&w, time) != cases[i].holds)
                        fail_msg("%s at %s in %s", cases[i].windows, cases[i].time, cases[i].zone);
        }
        zone("UTC");
        assert_false(windows_hold(&(struct windows){ .count = 0 }, 1795152600));
}

static void test_refused(void **state)
{
        (void)state;
        static const char *const cases[] = {
                "",
                "Mon",
                "02:00",
                "02:00-",
                "02:00-02:00",
                "25:00-26:00",
                "24:01-25:00",
                "02:60-03:00",
                "2-4",
                "Mon..Nun 02:00-04:00",
                "Mo 02:00-04:00",
                "02:00-04:00 Mon",
                "02:00-04:00,",
                ", 02:00-04:00",
                "24:00-02:00",
                "002:00-04:00",
                "02:000-04:00",
                "02:0-04:00",
                "Mon,,Tue 02:00-04:00",
                ("1:00-2:00,1:00-2:00,1:00-2:00,1:00-2:00,1:00-2:00,1:00-2:00,1:00-2:00,1:00-2:00,"
                 "1:00-2:00"),
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct windows w = { .count = 77 };
                char error[WINDOW_ERROR_MAX] = "";
                if (windows_parse(cases[i], &w, error) != -EINVAL || !*error || w.count != 77)
                        fail_msg("\"%s\" was taken", cases[i]);
        }
}

static void test_span(void **state)
{
        (void)state;
        static const struct {
                const char *windows, *zone, *time, *from, *until; /* from NULL: not in one */
        } cases[] = {
                { "Mon..Fri 02:00-04:00", "UTC", "2026-11-20T03:00:30Z", "2026-11-20T02:00:00Z",
                  "2026-11-20T04:00:00Z" },
                { "Mon..Fri 02:00-04:00", "UTC", "2026-11-20T02:00:00Z", "2026-11-20T02:00:00Z",
                  "2026-11-20T04:00:00Z" },
                { "Mon..Fri 02:00-04:00", "UTC", "2026-11-20T04:00:00Z", NULL, NULL },
                { "Mon..Fri 02:00-04:00", "UTC", "2026-11-21T03:00:00Z", NULL, NULL },
                /* a night, then a weekend: one time of quiet */
                { "Fri 22:00-24:00, Sat,Sun 00:00-24:00", "UTC", "2026-11-21T12:00:00Z",
                  "2026-11-20T22:00:00Z", "2026-11-23T00:00:00Z" },
                { "22:00-06:00", "Europe/Berlin", "2026-11-20T23:30:00Z", "2026-11-20T21:00:00Z",
                  "2026-11-21T05:00:00Z" },
                /* the clock goes back at 03:00 to 02:00: an hour longer */
                { "02:00-03:30", "Europe/Berlin", "2026-10-25T00:10:00Z", "2026-10-25T00:00:00Z",
                  "2026-10-25T02:30:00Z" },
                /* ... and forward at 02:00 to 03:00: an hour shorter, or there is none */
                { "01:00-03:30", "Europe/Berlin", "2026-03-29T00:30:00Z", "2026-03-29T00:00:00Z",
                  "2026-03-29T01:30:00Z" },
                { "02:00-03:00", "Europe/Berlin", "2026-03-29T00:59:59Z", NULL, NULL },
                /* minutes that are not those of UTC */
                { "02:00-03:00", "ODD-00:00:20", "2026-11-20T02:30:00Z", "2026-11-20T01:59:40Z",
                  "2026-11-20T02:59:40Z" },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct windows w;
                char error[WINDOW_ERROR_MAX] = "";
                double time, expected, from = 0, until = 0;
                zone(cases[i].zone);
                assert_int_equal(parse_time(cases[i].time, &time), 0);
                assert_int_equal(windows_parse(cases[i].windows, &w, error), 0);
                if (windows_span(&w, time, &from, &until) != !!cases[i].from)
                        fail_msg("%s at %s", cases[i].windows, cases[i].time);
                if (!cases[i].from)
                        continue;
                assert_int_equal(parse_time(cases[i].from, &expected), 0);
                if (from != expected)
                        fail_msg("%s at %s begins at %.0f", cases[i].windows, cases[i].time, from);
                assert_int_equal(parse_time(cases[i].until, &expected), 0);
                if (until != expected)
                        fail_msg("%s at %s ends at %.0f", cases[i].windows, cases[i].time, until);
        }
        zone("UTC");
}

static void test_always(void **state)
{
        (void)state;
        static const struct {
                const char *windows;
                bool always;
        } cases[] = {
                { "00:00-24:00", true },
                { "Mon..Sun 06:00-22:00, 22:00-06:00", true },
                { "Mon..Sat 00:00-24:00, Sat 12:00-00:00, Sun 00:00-24:00", true },
                { "06:00-05:59", false },
                { "Mon..Sat 00:00-24:00", false },
                { "Sat 20:00-06:00, Sun 06:00-24:00, Mon..Sat 00:00-24:00", true },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct windows w;
                char error[WINDOW_ERROR_MAX];
                double from, until;
                assert_int_equal(windows_parse(cases[i].windows, &w, error), 0);
                if (windows_are_always(&w) != cases[i].always)
                        fail_msg("%s", cases[i].windows);
                if (cases[i].always) {
                        assert_true(windows_span(&w, 1795152600, &from, &until));
                        assert_true(isinf(until));
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_hold),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_span),
                cmocka_unit_test(test_always),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
