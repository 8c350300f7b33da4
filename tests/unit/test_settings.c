/* SPDX-License-Identifier: MIT */
/* engine/settings: section [daemon] of kmemwatch.conf. */
#include "engine/settings.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "../support.h"
#include "../test.h"
#include "base/macros.h"
#include "config/config_file.h"
#include "config/keys.h"

static const struct {
        const char *text, *problems;
        double interval;
        int level;
} CASES[] = {
        { "", "", 1, LOG_INFO },
        { "[daemon]\ninterval = 200ms\nlog-level = debug\n", "", 0.2, LOG_DEBUG },
        { "[daemon]\ninterval = 60\nlog-level = err\n", "", 60, LOG_ERR },
        { "[daemon]\ninterval = 0.1s\nlog-level = loud\n",
          "c:2: interval: \"0.1s\" is not between 200 ms and 1 min\n"
          "c:3: log-level: \"loud\" is not one of err, warning, notice, info, debug\n",
          1, LOG_INFO },
        { "[daemon]\nrunbooks = wiki\n",
          "c:2: runbooks: must begin with https://, http:// or file:///\n", 1, LOG_INFO },
        { "[demon]\ninterval = 2s\n", "c:1: unknown section [demon]; did you mean daemon?\n", 1,
          LOG_INFO },
        { "interval = 2s\n", "c:1: text before the first [section]\n", 1, LOG_INFO },
};

static void settings_are_loaded(void **state)
{
        struct folder *f = *state;
        _cleanup_free_ char *path = path_join(f->path, "c");

        for (size_t i = 0; i < ELEMENTS_OF(CASES); i++) {
                struct daemon_settings s = { 0 };
                const struct config_part parts[] = { { daemon_key_table(), &s } };
                struct problems p = { 0 };
                char *text;

                folder_put(f, "c", CASES[i].text);
                assert_int_equal(config_file_load(path, parts, 1, &p), 0);
                text = problems_text(&p);
                folder_forget(f, text);
                if (strcmp(text, CASES[i].problems) != 0 || s.interval != CASES[i].interval ||
                    s.log_level != CASES[i].level)
                        fail_msg("case %zu: %g %d\n%s", i, s.interval, s.log_level, text);
                free(text);
                problems_done(&p);
        }
}

static void runbooks_end_with_a_slash(void **state)
{
        static const char *const urls[][2] = {
                { "", "" },
                { "runbooks = https://wiki/k\n", "https://wiki/k/" },
                { "runbooks = file:///srv/k/\n", "file:///srv/k/" },
        };
        struct folder *f = *state;
        _cleanup_free_ char *path = path_join(f->path, "c");
        for (size_t i = 0; i < ELEMENTS_OF(urls); i++) {
                struct daemon_settings s = { 0 };
                const struct config_part parts[] = { { daemon_key_table(), &s } };
                struct problems p = { 0 };
                char text[128];
                snprintf(text, sizeof(text), "[daemon]\n%s", urls[i][0]);
                folder_put(f, "c", text);
                assert_int_equal(config_file_load(path, parts, 1, &p), 0);
                assert_int_equal(p.count, 0);
                assert_string_equal(s.runbooks, urls[i][1]);
                problems_done(&p);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(runbooks_end_with_a_slash, folder_setup,
                                                folder_teardown),
                cmocka_unit_test_setup_teardown(settings_are_loaded, folder_setup, folder_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
