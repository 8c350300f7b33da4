/* SPDX-License-Identifier: MIT */
/* Memory that stands in no account. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../test.h"
#include "base/macros.h"
#include "base/procfs.h"
#include "sample/lines.h"
#include "sample/unaccounted.h"

static void test_formula(void **state)
{
        (void)state;
        static const struct {
                const char *name, *text;
                bool stacks_in_vmalloc;
                double lists, expected; /* KiB; NaN: no answer */
        } cases[] = {
                { "all lines",
                  "MemTotal: 100000 kB\nMemFree: 50000 kB\nBuffers: 1000 kB\nCached: 2000 kB\n"
                  "SwapCached: 300 kB\nAnonPages: 4000 kB\nSlab: 5000 kB\nKernelStack: 600 kB\n"
                  "PageTables: 700 kB\nSecPageTables: 80 kB\nVmallocUsed: 9000 kB\n"
                  "Percpu: 1100 kB\nHugetlb: 2048 kB\n",
                  true, 1000,
                  100000 - 50000 - 1000 - 2000 - 300 - 4000 - 5000 - 700 - 80 - 9000 - 1100 - 2048 -
                          1000 },
                { "stacks of their own",
                  "MemTotal: 100000 kB\nMemFree: 50000 kB\nCached: 2000 kB\nAnonPages: 4000 kB\n"
                  "Slab: 5000 kB\nKernelStack: 600 kB\n",
                  false, 0, 100000 - 50000 - 2000 - 4000 - 5000 - 600 },
                { "4.19: no Percpu, VmallocUsed 0",
                  "MemTotal: 100000 kB\nMemFree: 50000 kB\nCached: 2000 kB\nAnonPages: 4000 kB\n"
                  "Slab: 5000 kB\nVmallocUsed: 0 kB\n",
                  true, 0, 100000 - 50000 - 2000 - 4000 - 5000 },
                { "no Slab", "MemTotal: 100000 kB\nMemFree: 1 kB\nCached: 1 kB\nAnonPages: 1 kB\n",
                  true, 0, NAN },
                { "nothing", "", true, 0, NAN },
                { "below zero",
                  "MemTotal: 100 kB\nMemFree: 100 kB\nCached: 1 kB\nAnonPages: 1 kB\nSlab: 1 kB\n",
                  true, 0, -3 },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                double bytes = unaccounted_bytes(cases[i].text, strlen(cases[i].text),
                                                 cases[i].stacks_in_vmalloc, cases[i].lists * 1024);

                if (isnan(cases[i].expected) ? !isnan(bytes) : bytes != cases[i].expected * 1024)
                        fail_msg("%s: %f", cases[i].name, bytes / 1024);
        }
}

static void test_zoneinfo(void **state)
{
        (void)state;
        static const struct {
                const char *line;
                double pages;
        } cases[] = {
                { "              count:    12", 12 },
                { "              count: 0", 0 },
                { "count:7", 7 },
                { "              counts:    12", 0 },
                { "              high:     186", 0 },
                { "              count:", 0 },
                { "              count:    -5", 0 },
                { "              count:    99999999999999999999", 0 },
                { "      nr_free_pages 3840", 0 },
                { "", 0 },
        };
        struct procfs p;
        struct lines lines;
        double pages = 0;
        const char *line;

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                double sum = 0;

                unaccounted_zoneinfo_line(cases[i].line, &sum);
                if (sum != cases[i].pages)
                        fail_msg("'%s': %f", cases[i].line, sum);
        }
        assert_int_equal(procfs_init(&p, "tests/roots/debian12-growth/before"), 0);
        assert_int_equal(lines_init(&lines, &p, "proc/zoneinfo"), 0);
        while ((line = lines_next(&lines)))
                unaccounted_zoneinfo_line(line, &pages);
        lines_done(&lines);
        procfs_done(&p);
        assert_true(pages == 3204);
}

static void test_median(void **state)
{
        (void)state;
        struct unaccounted u;

        unaccounted_init(&u);
        assert_true(isnan(unaccounted_median(&u)));
        unaccounted_add(&u, 5);
        unaccounted_add(&u, NAN);
        unaccounted_add(&u, 1);
        assert_true(isnan(unaccounted_median(&u)));
        unaccounted_add(&u, 100);
        assert_true(unaccounted_median(&u) == 5);
        unaccounted_add(&u, 7);
        assert_true(unaccounted_median(&u) == 6);
        unaccounted_add(&u, 2);
        assert_true(unaccounted_median(&u) == 5);
        for (unsigned i = 0; i < 3; i++)
                unaccounted_add(&u, 50);
        assert_true(unaccounted_median(&u) == 50);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_formula),
                cmocka_unit_test(test_zoneinfo),
                cmocka_unit_test(test_median),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
