/* SPDX-License-Identifier: MIT */
/* base/: what is written for a person reads back as nearly the same number, and text stays valid
 * UTF-8 whatever comes in and wherever it is cut. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../random.h"
#include "../test.h"
#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"

enum { CASES = 20000 };

static void expect_near(double parsed, double value, double share, const char *text)
{
        if (!(fabs(parsed - value) <= share * fabs(value)))
                fail_msg("%s is %.17g, was %.17g", text, parsed, value);
}

/* Three digits are at most half a percent off; 999 is followed by 1000, so 1.005 covers all. */
static void numbers_read_back(void **state)
{
        struct random r = random_seeded("units");

        (void)state;
        for (int i = 0; i < CASES; i++) {
                double value = pow(10, random_uniform(&r) * 14), parsed;
                char text[FORMAT_MAX];

                format_bytes(value, text);
                assert_int_equal(parse_bytes(text, &parsed), 0);
                expect_near(parsed, value, value < 100 ? 0.5 : 0.00501, text);

                value = pow(10, random_uniform(&r) * 9 - 5);
                format_percent(value, text);
                assert_int_equal(parse_percent(text, &parsed), 0);
                /* below 1 % two digits count, below 0.01 % one */
                expect_near(parsed, value,
                            value < 1e-4   ? 0.51
                            : value < 0.01 ? 0.051
                                           : 0.0051,
                            text);

                value = pow(10, random_uniform(&r) * 9 - 2);
                format_duration(value, text);
                assert_int_equal(parse_duration(text, &parsed), 0);
                expect_near(parsed, value, value < 10 ? 0.51 : 0.051, text);
        }
}

/* parse_number takes what strtod takes, less what is no decimal number. */
static void numbers_agree_with_strtod(void **state)
{
        static const char ALPHABET[] = "0123456789.+-eE xinf";
        struct random r = random_seeded("numbers");

        (void)state;
        for (int i = 0; i < 20 * CASES; i++) {
                size_t length = (size_t)(random_uniform(&r) * 7);
                char text[8] = "", *end;
                double parsed, expected;

                for (size_t k = 0; k < length; k++)
                        text[k] = ALPHABET[(size_t)(random_uniform(&r) *
                                                    (double)(sizeof(ALPHABET) - 1))];
                if (parse_number(text, &parsed) < 0)
                        continue;
                expected = strtod(text, &end);
                if (*end || parsed != expected || text[0] == ' ')
                        fail_msg("\"%s\" is %.17g, strtod says %.17g", text, parsed, expected);
        }
}

static void text_stays_valid(void **state)
{
        static const char *const PIECES[] = {
                "a", "\n", "ü", "€", "😀", "\x80", "\xE2\x82", "\xFF"
        };
        struct random r = random_seeded("text");

        (void)state;
        for (int i = 0; i < CASES; i++) {
                char raw[128] = "", clean[400], cut[64];
                size_t size = 1 + (size_t)(random_uniform(&r) * (sizeof(cut) - 1));
                struct text t;

                for (int k = 0; k < 25; k++)
                        strcat(raw, PIECES[(size_t)(random_uniform(&r) * ELEMENTS_OF(PIECES))]);
                utf8_clean(raw, clean, sizeof(clean));
                assert_true(utf8_valid(clean));
                assert_null(strpbrk(clean, "\n"));
                text_init(&t, cut, size);
                text_add(&t, "%s", clean);
                assert_true(utf8_valid(cut));
                assert_int_equal(t.length, strlen(cut));
                assert_int_equal(strncmp(cut, clean, t.length), 0);
                assert_int_equal(t.cut, strlen(clean) >= size);
                /* nothing is cut but the character that does not fit */
                assert_true(!t.cut || t.length + 4 >= size);
                assert_int_equal(t.length, t.cut ? utf8_cut(clean, size - 1) : strlen(clean));
                utf8_clean(raw, cut, size);
                assert_true(utf8_valid(cut) && strlen(cut) < size);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(numbers_read_back),
                cmocka_unit_test(numbers_agree_with_strtod),
                cmocka_unit_test(text_stays_valid),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
