/* SPDX-License-Identifier: MIT */
/* `kmemwatch check` over folders made here: what it says and the exit code. */
#include "../test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/macros.h"
#include "config/config_file.h"
#include "deliver/settings.h"
#include "engine/settings.h"
#include "view/commands.h"
#include "view/terminal.h"

#define GOOD_RULE                     \
        "[one]\n"                     \
        "dimension = Slab\n"          \
        "detect    = ratio\n"         \
        "per       = MemTotal\n"      \
        "warning   = 50%\n"           \
        "summary   = Slab is large\n" \
        "explain   = It is.\n"        \
        "action    = Look.\n"

#define GOOD_CHANNEL       \
        "[channel]\n"      \
        "type = webhook\n" \
        "url = http://127.0.0.1:9/\n"

static void write_file(const char *root, const char *path, const char *text)
{
        char name[256], folder[256];

        snprintf(name, sizeof name, "%s/%s", root, path);
        strcpy(folder, name);
        *strrchr(folder, '/') = 0;
        assert_int_equal(make_directory(folder, 0755), 0);
        FILE *f = fopen(name, "w");
        assert_non_null(f);
        fputs(text, f);
        assert_int_equal(fclose(f), 0);
}

struct case_file {
        const char *path, *text;
};

static void test_check(void **state)
{
        static const struct {
                const char *name;
                struct case_file files[4];
                const char *argument, *config, *rules;
                bool quiet;
                enum exit_code code;
                const char *output; /* of the folder's name @ stands */
        } cases[] = {
                { "all is well",
                  { { "etc/rules.d/a.ini", GOOD_RULE } },
                  NULL,
                  "etc",
                  "etc/rules.d",
                  false,
                  EXIT_FINE,
                  "1 rule, 0 channels, no faults\n" },
                { "quiet",
                  { { "etc/rules.d/a.ini", GOOD_RULE } },
                  NULL,
                  "etc",
                  "etc/rules.d",
                  true,
                  EXIT_FINE,
                  "" },
                { "a folder alone",
                  { { "mine/a.ini", GOOD_RULE }, { "etc/x", "" } },
                  "mine",
                  NULL,
                  NULL,
                  false,
                  EXIT_FINE,
                  "1 rule, no faults\n" },
                { "no rules",
                  { { "etc/rules.d/readme", "" } },
                  NULL,
                  "etc",
                  "etc/rules.d",
                  false,
                  EXIT_FAULTS,
                  "@/etc/rules.d: there are no rules\n"
                  "0 rules, 0 channels, 1 file with faults\n" },
                { "settings",
                  { { "etc/rules.d/a.ini", GOOD_RULE },
                    { "etc/kmemwatch.conf", "[daemon]\n\ninterwal = 1s\n" } },
                  NULL,
                  "etc",
                  "etc/rules.d",
                  true,
                  EXIT_FAULTS,
                  "@/etc/kmemwatch.conf:3: unknown key interwal; did you mean interval?\n" },
                { "a rule",
                  { { "mine/a.ini", GOOD_RULE "warnign = 1%\n" },
                    { "mine/b.ini", "[two\033[31m]\n" } },
                  "mine",
                  NULL,
                  NULL,
                  false,
                  EXIT_FAULTS,
                  NULL },
                { "channels",
                  { { "etc/rules.d/a.ini", GOOD_RULE },
                    { "etc/kmemwatch.conf", "[daemon]\ninterval = 1s\n[courier]\n" },
                    { "etc/channels.d/hook.ini", GOOD_CHANNEL } },
                  NULL,
                  "etc",
                  "etc/rules.d",
                  false,
                  EXIT_FINE,
                  "1 rule, 1 channel, no faults\n" },
                { "a channel",
                  { { "etc/rules.d/a.ini", GOOD_RULE },
                    { "etc/channels.d/hook.ini", GOOD_CHANNEL "colour = red\n" } },
                  NULL,
                  "etc",
                  "etc/rules.d",
                  false,
                  EXIT_FAULTS,
                  "@/etc/channels.d/hook.ini:4: unknown key colour\n"
                  "1 rule, 0 channels, 1 file with faults\n" },
                { "no folder",
                  { { "x", "" } },
                  "mine",
                  NULL,
                  NULL,
                  false,
                  EXIT_FAULTS,
                  "@/mine: No such file or directory\n0 rules, 1 file with faults\n" },
                { "no config",
                  { { "mine/a.ini", GOOD_RULE } },
                  NULL,
                  "etc",
                  "mine",
                  false,
                  EXIT_FAULTS,
                  "@/etc: No such file or directory\n"
                  "1 rule, 0 channels, 1 file with faults\n" },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                char root[] = "/tmp/test-check.XXXXXX", argument[64], config[64], rules[64];
                char command[64], *text, *wanted, *at;
                size_t size;
                assert_non_null(mkdtemp(root));
                for (const struct case_file *f = cases[i].files; f->path; f++)
                        write_file(root, f->path, f->text);
                snprintf(argument, sizeof argument, "%s/%s", root, cases[i].argument);
                snprintf(config, sizeof config, "%s/%s", root, cases[i].config);
                snprintf(rules, sizeof rules, "%s/%s", root, cases[i].rules);
                const struct options o = {
                        .command = COMMAND_CHECK,
                        .quiet = cases[i].quiet,
                        .argument = cases[i].argument ? argument : NULL,
                        .config = cases[i].config ? config : NULL,
                        .rules = cases[i].rules ? rules : NULL,
                };
                struct terminal t = { .out = open_memstream(&text, &size),
                                      .width = 80,
                                      .utf8 = true };
                struct daemon_settings daemon = { 0 };
                struct courier_settings courier = { 0 };
                const struct config_part parts[] = { { daemon_key_table(), &daemon },
                                                     { courier_key_table(), &courier } };
                enum exit_code code = check_run(&o, &t, parts, ELEMENTS_OF(parts));
                fclose(t.out);
                courier_settings_done(&courier);

                if (code != cases[i].code)
                        fail_msg("%s: exit code %d: %s", cases[i].name, code, text);
                assert_null(strchr(text, '\033'));
                if (cases[i].output) {
                        at = strchr(cases[i].output, '@');
                        if (at)
                                assert_true(asprintf(&wanted, "%s%s", root, at + 1) > 0);
                        else
                                wanted = strdup(cases[i].output);
                        if (strcmp(text, wanted) != 0)
                                fail_msg("%s: it says:\n%s", cases[i].name, text);
                        free(wanted);
                } else {
                        assert_non_null(strstr(text, "/mine/a.ini:9: "));
                        assert_non_null(strstr(text, "did you mean warning?"));
                        assert_non_null(strstr(text, "/mine/b.ini:1: "));
                        assert_non_null(strstr(text, "\n0 rules, 2 files with faults\n"));
                }
                free(text);
                snprintf(command, sizeof command, "rm -r %s", root);
                assert_int_equal(system(command), 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_check) };

        /* The machine's own settings stay out of it. */
        unsetenv("CONFIGURATION_DIRECTORY");
        return cmocka_run_group_tests(tests, NULL, NULL);
}
