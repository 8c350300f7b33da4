/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../test.h"

static void text_is_cut_on_a_boundary(void **state)
{
        struct text t;
        char buffer[8];

        (void)state;
        text_init(&t, buffer, sizeof(buffer));
        text_add(&t, "%s", "abc");
        text_add(&t, "%d", 12);
        assert_string_equal(buffer, "abc12");
        assert_false(t.cut);
        text_add(&t, "%s", "x€"); /* one byte and three: two bytes are left */
        assert_string_equal(buffer, "abc12x");
        assert_true(t.cut);
        text_add(&t, "y");
        assert_string_equal(buffer, "abc12x");

        text_init(&t, buffer, sizeof(buffer));
        text_add(&t, "%s", "abcd€"); /* fits to the last byte */
        assert_string_equal(buffer, "abcd€");
        assert_false(t.cut);
        text_add(&t, "%s", "");
        assert_false(t.cut);
        text_init(&t, buffer, 1);
        text_add(&t, "€");
        assert_string_equal(buffer, "");
        assert_true(t.cut);
}

static void utf8_is_cut_on_a_boundary(void **state)
{
        (void)state;
        assert_int_equal(utf8_cut("abc", 10), 3);
        assert_int_equal(utf8_cut("abc", 2), 2);
        assert_int_equal(utf8_cut("a€", 3), 1);
        assert_int_equal(utf8_cut("a€", 4), 4);
        assert_int_equal(utf8_cut("€", 1), 0);
        assert_int_equal(utf8_cut("", 0), 0);
}

static void utf8_is_judged(void **state)
{
        static const struct {
                const char *text;
                bool valid;
        } CASES[] = {
                { "", true },
                { "plain", true },
                { "ü€😀", true },
                { "\xC3", false },             /* ends too early */
                { "\xC0\xAF", false },         /* overlong */
                { "\xE0\x80\x80", false },     /* overlong */
                { "\xED\xA0\x80", false },     /* surrogate */
                { "\xF4\x90\x80\x80", false }, /* above U+10FFFF */
                { "\x80", false },
                { "\xFF", false },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(CASES); i++)
                if (utf8_valid(CASES[i].text) != CASES[i].valid)
                        fail_msg("case %zu", i);
}

static void text_is_cleaned(void **state)
{
        char buffer[64];

        (void)state;
        assert_string_equal(utf8_clean("a\nb\tc\x7F", buffer, sizeof(buffer)), "a b c ");
        assert_string_equal(utf8_clean("\xC2\x9B"
                                       "31m",
                                       buffer, sizeof(buffer)),
                            " 31m");
        assert_string_equal(utf8_clean("x\xFFy\xE2\x82", buffer, sizeof(buffer)),
                            "x\xEF\xBF\xBDy\xEF\xBF\xBD\xEF\xBF\xBD");
        assert_string_equal(utf8_clean("ab€", buffer, 5), "ab");
        assert_string_equal(utf8_clean("ab€", buffer, 6), "ab€");
}

static void width_is_counted(void **state)
{
        (void)state;
        assert_int_equal(utf8_width("Slab"), 4);
        assert_int_equal(utf8_width("▁▂█"), 3);
        assert_int_equal(utf8_width("e\xCC\x81"), 1); /* e and a combining accent */
        assert_int_equal(utf8_width("中文"), 4);
        assert_int_equal(utf8_width("😀"), 2);
        assert_int_equal(utf8_width("\xFFx"), 2);
}

static void sparkline_is_scaled(void **state)
{
        const double values[] = { 0, 1, 2, 3, 4, 5, 6, 7 }, flat[] = { 5, 5 };
        const double holes[] = { 1, NAN, 2 }, huge[] = { -1.7e308, 1.7e308 };
        char buffer[64];

        (void)state;
        assert_string_equal(sparkline(values, 8, buffer, sizeof(buffer)), "▁▂▃▄▅▆▇█");
        assert_string_equal(sparkline(flat, 2, buffer, sizeof(buffer)), "▁▁");
        assert_string_equal(sparkline(holes, 3, buffer, sizeof(buffer)), "▁ █");
        assert_string_equal(sparkline(huge, 2, buffer, sizeof(buffer)), "▁█");
        assert_string_equal(sparkline(values, 8, buffer, 6), "▁");
        assert_string_equal(sparkline(values, 0, buffer, sizeof(buffer)), "");
}

static void ends_are_trimmed(void **state)
{
        char a[] = " \t x y \r\n", b[] = "   ", c[] = "";

        (void)state;
        assert_string_equal(trim(a), "x y");
        assert_string_equal(trim(b), "");
        assert_string_equal(trim(c), "");
        assert_true(has_suffix("slab.ini", ".ini"));
        assert_false(has_suffix("ini", ".ini"));
        assert_true(has_prefix("slab.ini", "slab"));
        assert_false(has_prefix("sl", "slab"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(text_is_cut_on_a_boundary),
                cmocka_unit_test(utf8_is_cut_on_a_boundary),
                cmocka_unit_test(utf8_is_judged),
                cmocka_unit_test(text_is_cleaned),
                cmocka_unit_test(width_is_counted),
                cmocka_unit_test(sparkline_is_scaled),
                cmocka_unit_test(ends_are_trimmed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
