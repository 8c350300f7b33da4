/* SPDX-License-Identifier: MIT */
/* `kmemwatch replay`: what is printed where, and the exit code, of good and bad traces and rules.
 */
#include "../test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support.h"
#include "engine/replay.h"

#define RULE(name, dimension)         \
        "[" name "]\n"                \
        "dimension = " dimension "\n" \
        "detect = ratio\n"            \
        "per = MemTotal\n"            \
        "warning = 50%\n"             \
        "for = 0s\n"                  \
        "summary = s\n"               \
        "explain = e\n"               \
        "action = a\n"

#define LARGE "time,MemTotal,Slab\n1795152000,1000,700\n1795152001,1000,700\n"

static void test_codes(void **state)
{
        static const struct {
                const char *name, *rules, *trace;
                bool scores;
                int code;
                const char *out, *err; /* each line begins so; NULL: nothing is printed */
        } cases[] = {
                { "an event", RULE("x", "Slab"), LARGE, false, 0,
                  "{\"time\":1795152000,\"event\":\"firing\",\"rule\":\"x\",\"dimension\":"
                  "\"Slab/MemTotal\",\"kind\":\"ratio\",\"severity\":\"warning\",\"value\":0.7,"
                  "\"unit\":\"ratio\",",
                  NULL },
                { "nothing to say", RULE("x", "Slab"), "time,MemTotal,Slab\n1,1000,7\n", false, 0,
                  NULL, NULL },
                { "an absent field", RULE("x", "Percpu"), LARGE, false, 0, NULL, NULL },
                { "no rules", NULL, LARGE, false, 3, NULL,
                  "there are no rules in rules, so nothing is said" },
                { "a rule with a fault", RULE("x", "Slap"), LARGE, false, 3, NULL,
                  "rules/a.ini: this file is left out\n"
                  "rules/a.ini:2: dimension: unknown field \"Slap\"; did you mean Slab?\n"
                  "there are no rules in rules, so nothing is said" },
                { "a column of its own", RULE("x", "sockets"),
                  "time,MemTotal,sockets\n1,1000,900\n", false, 0,
                  "{\"time\":1,\"event\":\"firing\",\"rule\":\"x\",\"dimension\":"
                  "\"sockets/MemTotal\"",
                  NULL },
                { "scores need no rules", NULL, "time,Slab\n1.5,7\n2.50,\n3,8.0\n", true, 0,
                  "time,dimension,value,score\n1.5,Slab,7,0.0000\n3,Slab,8.0,0.0000", NULL },
                { "a clock that steps back", NULL, "time,Slab\n9,7\n2,7\n", true, 0,
                  "time,dimension,value,score\n9,Slab,7,0.0000\n2,Slab,7,0.0000", NULL },
                { "a bad number", RULE("x", "Slab"), LARGE "1795152002,1000,7x\n", false, 2,
                  "{\"time\":1795152000,\"event\":\"firing\"",
                  "trace.csv:4: Slab: '7x' is not a number" },
                { "a bad number in scores", NULL, "time,Slab\n1,7x\n", true, 2,
                  "time,dimension,value,score", "trace.csv:2: Slab: '7x' is not a number" },
                { "too many cells", RULE("x", "Slab"), "time,Slab\n1,2,3\n", false, 2, NULL,
                  "trace.csv:2: 3 cells, but the header has 2 columns" },
                { "no time", RULE("x", "Slab"), "Slab\n1\n", false, 2, NULL,
                  "trace.csv:1: no column is called time" },
                { "an empty file", RULE("x", "Slab"), "", false, 2, NULL,
                  "trace.csv:1: the file is empty" },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct folder f;
                void *fixture;
                assert_int_equal(folder_setup(&fixture), 0);
                f = *(struct folder *)fixture;
                folder_put(&f, "trace.csv", cases[i].trace);
                if (cases[i].rules)
                        folder_put(&f, "rules/a.ini", cases[i].rules);
                _cleanup_free_ char *trace = path_join(f.path, "trace.csv");
                _cleanup_free_ char *rules = path_join(f.path, "rules");
                const struct replay_options o = {
                        .trace = trace,
                        .rules = (const char *const[]){ rules, NULL },
                        .mode = cases[i].scores ? REPLAY_SCORES : REPLAY_ALERTS,
                };
                char *printed = NULL, *said = NULL;
                size_t size;
                FILE *out = open_memstream(&printed, &size), *err = open_memstream(&said, &size);
                int code = replay_run(&o, out, err);
                fclose(out);
                fclose(err);
                folder_forget(&f, said);
                const char *want_out = cases[i].out ? cases[i].out : "";
                const char *want_err = cases[i].err ? cases[i].err : "";
                if (code != cases[i].code || strncmp(printed, want_out, strlen(want_out)) != 0 ||
                    strncmp(said, want_err, strlen(want_err)) != 0 ||
                    (*want_out == 0) != (*printed == 0) || (*want_err == 0) != (*said == 0))
                        fail_msg("%s: code %d\n%s\n%s", cases[i].name, code, printed, said);
                free(printed);
                free(said);
                assert_int_equal(folder_teardown(&fixture), 0);
        }
}

static void test_full_disk(void **state)
{
        struct folder *f = *state;
        FILE *out = fopen("/dev/full", "w");

        if (!out) {
                print_message("no /dev/full here\n");
                skip();
        }
        folder_put(f, "trace.csv", LARGE);
        folder_put(f, "rules/a.ini", RULE("x", "Slab"));
        _cleanup_free_ char *trace = path_join(f->path, "trace.csv");
        _cleanup_free_ char *rules = path_join(f->path, "rules"), *said = NULL;
        const struct replay_options o = { .trace = trace,
                                          .rules = (const char *const[]){ rules, NULL } };
        size_t size;
        FILE *err = open_memstream(&said, &size);
        assert_int_equal(replay_run(&o, out, err), 2);
        fclose(err);
        fclose(out);
        assert_string_equal(said, "output: No space left on device\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_codes),
                cmocka_unit_test_setup_teardown(test_full_disk, folder_setup, folder_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
