/* SPDX-License-Identifier: MIT */
/* The words of the progress bar; that it keeps away from files. */
#include <string.h>

#include "../test.h"
#include "base/macros.h"
#include "engine/progress.h"

static void test_line(void **state)
{
        static const struct {
                double read, all, seconds;
                const char *line;
        } cases[] = {
                { 0, 100, 1, "[                              ]   0 %" },
                { 25, 100, 10, "[#######                       ]  25 %, 30 s left" },
                { 99.9, 100, 10, "[############################# ]  99 %, 1 s left" },
                { 100, 100, 10, "[##############################] 100 %, 0 s left" },
                { 120, 100, 10, "[##############################] 100 %, 0 s left" }, /* it grew */
                { 3 * 1048576, 0, 10, "3 MiB read" },                                 /* a pipe */
        };
        char line[PROGRESS_LINE];
        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                progress_line(cases[i].read, cases[i].all, cases[i].seconds, line);
                assert_string_equal(line, cases[i].line);
        }
}

static void test_no_terminal(void **state)
{
        struct progress p;
        FILE *file = tmpfile();
        (void)state;
        assert_non_null(file);
        progress_init(&p, file);
        assert_false(p.wanted);
        progress_step(&p, NULL); /* looks at nothing */
        progress_clear(&p);
        assert_int_equal(ftell(file), 0);
        (void)fclose(file);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_line),
                                            cmocka_unit_test(test_no_terminal) };
        return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
