/* SPDX-License-Identifier: MIT */
#include "base/units.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../test.h"
#include "base/macros.h"

typedef int (*parser)(const char *text, double *ret);

static int parse_boolean_as_number(const char *text, double *ret)
{
        int value, r = parse_boolean(text, &value);

        if (r == 0)
                *ret = value;
        return r;
}

static int parse_u64_as_number(const char *text, double *ret)
{
        uint64_t value;
        int r = parse_u64(text, &value);

        if (r == 0)
                *ret = (double)value;
        return r;
}

static const struct {
        parser parse;
        const char *text;
        int result;
        double value;
} PARSE_CASES[] = {
        { parse_u64_as_number, "0", 0, 0 },
        { parse_u64_as_number, "18446744073709551615", 0, 18446744073709551615.0 },
        { parse_u64_as_number, "18446744073709551616", -ERANGE, 0 },
        { parse_u64_as_number, "99999999999999999999x", -EINVAL, 0 },
        { parse_u64_as_number, "", -EINVAL, 0 },
        { parse_u64_as_number, "-1", -EINVAL, 0 },
        { parse_u64_as_number, "+1", -EINVAL, 0 },
        { parse_u64_as_number, "1 ", -EINVAL, 0 },

        { parse_number, "-1.5", 0, -1.5 },
        { parse_number, "2e3", 0, 2000 },
        { parse_number, ".5", 0, 0.5 },
        { parse_number, "1e-400", 0, 0 },
        { parse_number, "0x10", -EINVAL, 0 },
        { parse_number, "inf", -EINVAL, 0 },
        { parse_number, "nan", -EINVAL, 0 },
        { parse_number, "1e999", -ERANGE, 0 },
        { parse_number, "1,5", -EINVAL, 0 },
        { parse_number, " 1", -EINVAL, 0 },
        { parse_number, "1.", -EINVAL, 0 },
        { parse_number, "1e", -EINVAL, 0 },
        { parse_number, "", -EINVAL, 0 },
        { parse_number, "-", -EINVAL, 0 },
        { parse_number, ".", -EINVAL, 0 },

        { parse_bytes, "4096", 0, 4096 },
        { parse_bytes, "64K", 0, 65536 },
        { parse_bytes, "1.5M", 0, 1572864 },
        { parse_bytes, "2GiB", 0, 2147483648.0 },
        { parse_bytes, "1 TiB", 0, 0x1p40 },
        { parse_bytes, "3 kB", 0, 3072 },
        { parse_bytes, "7B", 0, 7 },
        { parse_bytes, "-1M", -ERANGE, 0 },
        { parse_bytes, "1e290T", 0, 1e290 * 0x1p40 },
        { parse_bytes, "1e308T", -ERANGE, 0 },
        { parse_bytes, "64m", -EINVAL, 0 },
        { parse_bytes, "64M/h", -EINVAL, 0 },
        { parse_bytes, "64M ", -EINVAL, 0 },
        { parse_bytes, "64 ", -EINVAL, 0 },
        { parse_bytes, "M", -EINVAL, 0 },
        { parse_bytes, "1E", -EINVAL, 0 },

        { parse_percent, "0.5%", 0, 0.005 },
        { parse_percent, "150 %", 0, 1.5 },
        { parse_percent, "0%", 0, 0 },
        { parse_percent, "5", -EINVAL, 0 },
        { parse_percent, "5%%", -EINVAL, 0 },
        { parse_percent, "-5%", -ERANGE, 0 },
        { parse_percent, "%", -EINVAL, 0 },

        { parse_duration, "90s", 0, 90 },
        { parse_duration, "10min", 0, 600 },
        { parse_duration, "1h 30min", 0, 5400 },
        { parse_duration, "1h30min", 0, 5400 },
        { parse_duration, "2d", 0, 172800 },
        { parse_duration, "1w", 0, 604800 },
        { parse_duration, "500ms", 0, 0.5 },
        { parse_duration, "2 hours", 0, 7200 },
        { parse_duration, "15", 0, 15 },
        { parse_duration, "0", 0, 0 },
        { parse_duration, "1h 30", -EINVAL, 0 },
        { parse_duration, "10 fortnights", -EINVAL, 0 },
        { parse_duration, "-5", -ERANGE, 0 },
        { parse_duration, "-5min", -ERANGE, 0 },
        { parse_duration, "1e308d", -ERANGE, 0 },
        { parse_duration, "", -EINVAL, 0 },
        { parse_duration, "1h ", -EINVAL, 0 },

        { parse_boolean_as_number, "yes", 0, 1 },
        { parse_boolean_as_number, "off", 0, 0 },
        { parse_boolean_as_number, "1", 0, 1 },
        { parse_boolean_as_number, "Yes", -EINVAL, 0 },
        { parse_boolean_as_number, "", -EINVAL, 0 },
};

static void parses(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(PARSE_CASES); i++) {
                double value = 12345;
                int r = PARSE_CASES[i].parse(PARSE_CASES[i].text, &value);
                double expected = PARSE_CASES[i].result == 0 ? PARSE_CASES[i].value : 12345;

                if (r != PARSE_CASES[i].result || fabs(value - expected) > 1e-12 * fabs(expected))
                        fail_msg("case %zu \"%s\": result %d, value %.17g", i, PARSE_CASES[i].text,
                                 r, value);
        }
}

static const struct {
        const char *(*format)(double, char[FORMAT_MAX]);
        double value;
        const char *text;
} FORMAT_CASES[] = {
        { format_bytes, 0, "0 B" },
        { format_bytes, -0.2, "0 B" },
        { format_bytes, 1023, "1023 B" },
        { format_bytes, 1023.6, "1 KiB" },
        { format_bytes, 3.2 * 1024, "3.2 KiB" },
        { format_bytes, 310 * 0x1p20, "310 MiB" },
        { format_bytes, -1.43 * 0x1p30, "-1.43 GiB" },
        { format_bytes, 9.999 * 0x1p20, "10 MiB" },
        { format_bytes, 99.96 * 0x1p20, "100 MiB" },
        { format_bytes, -1000 * 0x1p20, "-1000 MiB" },
        { format_bytes, 1e300, ">999 EiB" },
        { format_bytes, -1e300, "->999 EiB" },
        { format_bytes, NAN, "-" },
        { format_bytes, INFINITY, "-" },

        { format_rate, 310 * 0x1p20 / 3600, "+310 MiB/h" },
        { format_rate, -1.2 * 0x1p30 / 3600, "-1.2 GiB/h" },
        { format_rate, 0, "+0 B/h" },
        { format_rate, 1e308, "-" },
        { format_rate, NAN, "-" },

        { format_duration, 0, "0 s" },
        { format_duration, 0.25, "250 ms" },
        { format_duration, 45, "45 s" },
        { format_duration, 59.7, "1 min" },
        { format_duration, 720, "12 min" },
        { format_duration, 750, "12 min 30 s" },
        { format_duration, 3599.7, "1 h" },
        { format_duration, 12000, "3 h 20 min" },
        { format_duration, 86390, "1 d" },
        { format_duration, 2 * 86400 + 4 * 3600, "2 d 4 h" },
        { format_duration, 12.2 * 86400, "12 d" },
        { format_duration, -90, "-1 min 30 s" },
        { format_duration, 1e300, "over 100000 d" },
        { format_duration, NAN, "-" },

        { format_percent, 0, "0 %" },
        { format_percent, 0.0006, "0.06 %" },
        { format_percent, 0.00004, "0.004 %" },
        { format_percent, 0.000001, "<0.001 %" },
        { format_percent, 0.123, "12.3 %" },
        { format_percent, 1.4, "140 %" },
        { format_percent, -0.5, "-50 %" },
        { format_percent, 1e9, "1e+11 %" },
        { format_percent, NAN, "-" },

        { format_time_utc, 0, "1970-01-01T00:00:00.000Z" },
        { format_time_utc, 1795151696.123, "2026-11-20T05:14:56.123Z" },
        { format_time_utc, 1795151696.9999, "2026-11-20T05:14:57.000Z" },
        { format_time_utc, 253402300799.0, "9999-12-31T23:59:59.000Z" },
        { format_time_utc, 253402300800.0, "-" },
        { format_time_utc, -1, "-" },
        { format_time_utc, NAN, "-" },
};

static void formats(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(FORMAT_CASES); i++) {
                char buffer[FORMAT_MAX];

                assert_ptr_equal(FORMAT_CASES[i].format(FORMAT_CASES[i].value, buffer), buffer);
                if (strcmp(buffer, FORMAT_CASES[i].text) != 0)
                        fail_msg("case %zu: \"%s\", expected \"%s\"", i, buffer,
                                 FORMAT_CASES[i].text);
        }
}

/* Width is promised for tables. */
static void bytes_keep_their_width(void **state)
{
        (void)state;
        for (double v = 1e-3; v < 1e20; v *= 1.0137) {
                char buffer[FORMAT_MAX];

                assert_true(strlen(format_bytes(v, buffer)) <= 9);
                assert_true(strlen(format_bytes(-v, buffer)) <= 9);
        }
}

static void local_time_is_short_when_near(void **state)
{
        char buffer[FORMAT_MAX];

        (void)state;
        setenv("TZ", "UTC", 1);
        assert_string_equal(format_time_local(1795156800, 1795156900, buffer), "06:40");
        assert_string_equal(format_time_local(1795156800, 1795156800 + 20 * 3600, buffer),
                            "Nov 20 06:40");
        assert_string_equal(format_time_local(NAN, 0, buffer), "-");
}

static void times_are_parsed(void **state)
{
        static const struct {
                const char *text;
                double seconds; /* NaN: refused */
        } cases[] = {
                { "1970-01-01T00:00:00Z", 0 },
                { "2026-11-20T05:14:56Z", 1795151696 },
                { "2026-11-20t05:14:56z", 1795151696 },
                { "2026-11-20T05:14:56.5Z", 1795151696.5 },
                { "2026-11-20 05:14:56.25Z", 1795151696.25 },
                { "2026-11-20T05:14Z", NAN },
                { "2026-11-20T07:14:56+02:00", 1795151696 },
                { "2026-11-19T23:44:56-05:30", 1795151696 },
                { "9999-12-31T23:59:59Z", 253402300799 },
                { "2026-11-20T05:14:60Z", 1795151700 },
                { "", NAN },
                { "now", NAN },
                { "2026-11-20", NAN },
                { "2026-11-20T05:14:56", NAN },
                { "2026-11-20T05:14:56.Z", NAN },
                { "2026-11-20T05:14:56.Zx", NAN },
                { "2026-11-20T05:14:56Zx", NAN },
                { "2026-13-20T05:14:56Z", NAN },
                { "2026-00-20T05:14:56Z", NAN },
                { "2026-11-32T05:14:56Z", NAN },
                { "2026-11-20T24:14:56Z", NAN },
                { "2026-11-20T05:60:56Z", NAN },
                { "1969-11-20T05:14:56Z", NAN },
                { "2026-11-20T05:14:56+2:00", NAN },
                { "2026-11-20T05:14:56+24:00", NAN },
                { "-026-11-20T05:14:56Z", NAN },
                { "2026-11-20T05:14:56+", NAN },
        };
        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                double seconds = -7;
                int r = parse_time(cases[i].text, &seconds);
                if (isnan(cases[i].seconds) ? r >= 0 || seconds != -7
                                            : r < 0 || seconds != cases[i].seconds)
                        fail_msg("\"%s\": %d, %f", cases[i].text, r, seconds);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(parses),
                cmocka_unit_test(times_are_parsed),
                cmocka_unit_test(formats),
                cmocka_unit_test(bytes_keep_their_width),
                cmocka_unit_test(local_time_is_short_when_near),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
