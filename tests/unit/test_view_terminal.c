/* SPDX-License-Identifier: MIT */
/* Text on a terminal: what is replaced, how it is cut and wrapped, tables, sparklines. */
#include "../test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "view/spark.h"
#include "view/table.h"
#include "view/terminal.h"

struct page {
        char *text;
        size_t size;
        struct terminal t;
};

static struct page *page_new(unsigned width, bool utf8, bool colour)
{
        struct page *p = calloc(1, sizeof *p);

        assert_non_null(p);
        p->t = (struct terminal){ .out = open_memstream(&p->text, &p->size),
                                  .width = width,
                                  .utf8 = utf8,
                                  .colour = colour };
        assert_non_null(p->t.out);
        return p;
}

static void page_is(struct page *p, const char *name, const char *wanted)
{
        fclose(p->t.out);
        if (strcmp(p->text, wanted) != 0)
                fail_msg("%s: \"%s\", not \"%s\"", name, p->text, wanted);
        free(p->text);
        free(p);
}

static void test_put(void **state)
{
        static const struct {
                const char *text, *utf8, *ascii;
                size_t columns;
        } cases[] = {
                { "", "", "", 0 },
                { "plain", "plain", "plain", 5 },
                { "a\tb\nc\033[31md\x7f", "a b c [31md ", "a b c [31md ", 12 },
                { "\xc2\x9b"
                  "1m",
                  " 1m", " 1m", 3 },
                { "bad \xff\xfe", "bad \xEF\xBF\xBD\xEF\xBF\xBD", "bad ??", 6 },
                { "ä✓…–µ×", "ä✓…–µ×", "??~-ux", 6 },
                { "漢字", "漢字", "????", 4 },
                { "e\u0301", "e\u0301", "e", 1 },
                { "x\u202etxt.exe", "x\uFFFDtxt.exe", "x?txt.exe", 9 },
                { "a\u200bb\ufeff", "a\uFFFDb\uFFFD", "a?b?", 4 },
                { "▁▂▃▄▅▆▇█", "▁▂▃▄▅▆▇█", "_.-:=+*#", 8 },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct page *p = page_new(80, true, false);
                terminal_put(&p->t, STYLE_CRITICAL, cases[i].text);
                page_is(p, cases[i].text, cases[i].utf8);
                p = page_new(80, false, false);
                terminal_put(&p->t, STYLE_CRITICAL, cases[i].text);
                page_is(p, cases[i].text, cases[i].ascii);
                if (terminal_columns(cases[i].text) != cases[i].columns)
                        fail_msg("%s: %zu columns", cases[i].text, terminal_columns(cases[i].text));
        }
        struct page *p = page_new(80, true, true);
        terminal_put(&p->t, STYLE_CRITICAL, "red\033[0m");
        terminal_put(&p->t, STYLE_PLAIN, "plain");
        page_is(p, "colour", "\033[1;31mred [0m\033[0mplain");
}

static void test_field(void **state)
{
        static const struct {
                const char *text;
                size_t columns;
                bool right;
                const char *wanted;
        } cases[] = {
                { "abc", 5, false, "abc  " },     { "abc", 5, true, "  abc" },
                { "abcdef", 6, false, "abcdef" }, { "abcdefg", 6, false, "abcde…" },
                { "漢字漢", 4, false, "漢… " },   { "漢字", 4, true, "漢字" },
                { "abc", 1, false, "…" },         { "abc", 0, false, "" },
                { "", 3, true, "   " },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct page *p = page_new(80, true, false);
                terminal_put_field(&p->t, STYLE_PLAIN, cases[i].text, cases[i].columns,
                                   cases[i].right);
                page_is(p, cases[i].text, cases[i].wanted);
        }
}

static void test_wrap(void **state)
{
        static const struct {
                const char *text;
                size_t column, indent;
                const char *wanted;
        } cases[] = {
                { "", 0, 0, "\n" },
                { "one two", 0, 0, "one two\n" },
                { "one two three four", 0, 2, "one two\n  three\n  four\n" },
                { "one  two\nthree", 8, 1, "one\n two three\n" },
                { "12345678901234567890 x", 0, 4, "12345678901234567890\n    x\n" },
                { "漢字漢字 字字", 0, 0, "漢字漢字\n字字\n" },
                { " lead", 0, 0, "lead\n" },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct page *p = page_new(11, true, false);
                terminal_wrap(&p->t, STYLE_PLAIN, cases[i].column, cases[i].indent, cases[i].text);
                page_is(p, cases[i].text, cases[i].wanted);
        }
}

static void test_table(void **state)
{
        static const struct table_column columns[] = {
                { .title = "NAME", .shrinks = true },
                { .title = "EMPTY" },
                { .title = "SIZE", .right = true },
                { .title = "", .min = 3 },
                { .title = "LAST" },
        };
        struct table table;

        (void)state;
        table_init(&table, columns, ELEMENTS_OF(columns));
        struct page *p = page_new(80, true, false);
        assert_int_equal(table_print(&table, &p->t), 0);
        page_is(p, "no rows", "");

        table_row(&table);
        table_cell(&table, 0, STYLE_PLAIN, "%s", "a long name of many words");
        table_cell(&table, 2, STYLE_PLAIN, "%d", 7);
        table_row(&table);
        table_cell(&table, 0, STYLE_PLAIN, "short");
        table_cell(&table, 2, STYLE_PLAIN, "12345");
        table_cell_at(&table, 0, 4, STYLE_PLAIN, "x");
        enum { OTHERS = 25 + 2 + 5 + 2 + 3 + 2 };
        struct terminal t = { .width = 80 };
        assert_int_equal(table_room_for_last(&table, &t, 8), 80 - OTHERS);
        t.width = OTHERS + 8;
        assert_int_equal(table_room_for_last(&table, &t, 8), 8);
        t.width--; /* the name is not long enough to give way */
        assert_int_equal(table_room_for_last(&table, &t, 8), 0);
        p = page_new(80, true, false);
        assert_int_equal(table_print(&table, &p->t), 0);
        page_is(p, "wide",
                "NAME                        SIZE       LAST\n"
                "a long name of many words      7       x\n"
                "short                      12345\n");
        p = page_new(36, true, false);
        assert_int_equal(table_print(&table, &p->t), 0);
        page_is(p, "narrow",
                "NAME                 SIZE       LAST\n"
                "a long name of ma…      7       x\n"
                "short               12345\n");
        /* Too narrow for what may not shrink: 12 columns of the name stay. */
        p = page_new(20, true, false);
        assert_int_equal(table_print(&table, &p->t), 0);
        page_is(p, "too narrow",
                "NAME           SIZE       LAST\n"
                "a long name…      7       x\n"
                "short         12345\n");
        table_done(&table);
}

/* A name longer than TABLE_ENOUGH gives way to the sparkline, and keeps its end. */
static void test_long_names(void **state)
{
        static const struct table_column columns[] = {
                { .title = "NAME", .shrinks = true, .path = true },
                { .title = "SIZE", .right = true },
                { .title = "LAST" },
        };
        struct table table;
        struct terminal t = { .width = 44 };

        (void)state;
        table_init(&table, columns, ELEMENTS_OF(columns));
        table_row(&table);
        table_cell(&table, 0, STYLE_PLAIN, "cgroup:/system.slice/docker-0123456789abcdef/slab");
        table_cell(&table, 1, STYLE_PLAIN, "7");
        assert_int_equal(table_room_for_last(&table, &t, 8), 8);
        t.width = TABLE_ENOUGH + 2 + 4 + 2 + 8;
        assert_int_equal(table_room_for_last(&table, &t, 8), 8);
        t.width--;
        assert_int_equal(table_room_for_last(&table, &t, 8), 0);
        table_cell_at(&table, 0, 2, STYLE_PLAIN, "12345678");
        struct page *p = page_new(44, true, false);
        assert_int_equal(table_print(&table, &p->t), 0);
        page_is(p, "path",
                "NAME                          SIZE  LAST\n"
                "cgroup:/s…3456789abcdef/slab     7  12345678\n");
        table_done(&table);
}

static void test_path(void **state)
{
        static const struct {
                const char *text;
                size_t columns;
                const char *utf8, *ascii;
        } cases[] = {
                { "short", 8, "short   |", "short   |" },
                { "exact", 5, "exact|", "exact|" },
                { "0123456789", 7, "01…6789|", "01~6789|" },
                { "0123456789", 3, "…89|", "~89|" },
                { "0123456789", 2, "0…|", "0~|" },
                { "漢字漢字漢字", 8, "漢…漢字 |", "??~???? |" },
                { "漢字漢字漢字", 7, "漢…漢字|", "??~????|" },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++)
                for (int utf8 = 0; utf8 < 2; utf8++) {
                        struct page *p = page_new(80, utf8, false);
                        terminal_put_path(&p->t, STYLE_PLAIN, cases[i].text, cases[i].columns);
                        terminal_put(&p->t, STYLE_PLAIN, "|");
                        page_is(p, cases[i].text, utf8 ? cases[i].utf8 : cases[i].ascii);
                }
}

static void test_spark(void **state)
{
        static const struct {
                double values[8];
                size_t count, columns;
                const char *wanted;
        } cases[] = {
                { { 0 }, 0, 10, "" },
                { { 5 }, 1, 10, "▁" },
                { { 0, 0, 0 }, 3, 10, "▁▁▁" },
                { { 1, 2, 3, 4, 5, 6, 7, 8 }, 8, 8, "▁▂▃▄▅▆▇█" },
                { { 1, 1, 8, 8 }, 4, 2, "▁█" },
                { { 1, NAN, NAN, 8 }, 4, 4, "▁  █" },
                { { 1, NAN, NAN, 8 }, 4, 2, "▁█" },
                { { NAN, NAN }, 2, 2, "  " },
                /* A tremble of one in a thousand is none. */
                { { 1000, 1001, 1000, 1001 }, 4, 4, "▁▁▁▁" },
                { { -1e308, 1e308 }, 2, 2, "  " },
                { { 1, 2 }, 2, 0, "" },
        };
        char buffer[SPARK_SIZE];
        double many[500];

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                spark(cases[i].values, cases[i].count, cases[i].columns, buffer);
                if (strcmp(buffer, cases[i].wanted) != 0)
                        fail_msg("case %zu: %s", i, buffer);
        }
        for (size_t i = 0; i < ELEMENTS_OF(many); i++)
                many[i] = (double)i;
        assert_int_equal(terminal_columns(spark(many, ELEMENTS_OF(many), 400, buffer)),
                         SPARK_COLUMNS_MAX);
}

static void test_locale(void **state)
{
        static const struct {
                const char *all, *ctype, *lang;
                bool utf8;
        } cases[] = {
                { NULL, NULL, NULL, false },         { NULL, NULL, "C", false },
                { NULL, NULL, "en_US.UTF-8", true }, { NULL, NULL, "C.utf8", true },
                { "C", NULL, "en_US.UTF-8", false }, { "", "de_DE.UTF-8", "C", true },
                { NULL, "POSIX", "C.UTF-8", false },
        };
        static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                const char *const values[] = { cases[i].all, cases[i].ctype, cases[i].lang };
                struct terminal t;
                for (size_t k = 0; k < ELEMENTS_OF(names); k++)
                        if (values[k])
                                setenv(names[k], values[k], 1);
                        else
                                unsetenv(names[k]);
                terminal_init(&t, stdout, true);
                if (t.utf8 != cases[i].utf8)
                        fail_msg("case %zu", i);
                assert_false(t.colour);
        }
}

static void test_width(void **state)
{
        static const struct {
                const char *columns;
                unsigned width;
        } cases[] = {
                { NULL, 80 }, { "132", 132 }, { "20", 60 }, { "wide", 80 }, { "99999", 1000 }
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct terminal t;
                FILE *f = tmpfile();
                assert_non_null(f);
                if (cases[i].columns)
                        setenv("COLUMNS", cases[i].columns, 1);
                else
                        unsetenv("COLUMNS");
                terminal_init(&t, f, false);
                assert_int_equal(t.width, cases[i].width);
                fclose(f);
        }
        unsetenv("COLUMNS");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_put),        cmocka_unit_test(test_field),
                cmocka_unit_test(test_wrap),       cmocka_unit_test(test_table),
                cmocka_unit_test(test_long_names), cmocka_unit_test(test_path),
                cmocka_unit_test(test_spark),      cmocka_unit_test(test_locale),
                cmocka_unit_test(test_width),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
