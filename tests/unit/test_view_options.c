/* SPDX-License-Identifier: MIT */
/* The command line, its help, and the completions that must know all of it. */
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/macros.h"
#include "view/options.h"
#include "view/terminal.h"

enum { WORDS_MAX = 12 };

/* Splits at spaces; argv[0] is the program. */
static int split(char *line, char *argv[WORDS_MAX + 2])
{
        static char program[] = "kmemwatch";
        int argc = 0;
        char *rest = line;

        argv[argc++] = program;
        for (char *word; (word = strsep(&rest, " ")) && argc <= WORDS_MAX;)
                if (*word)
                        argv[argc++] = word;
        argv[argc] = NULL;
        return argc;
}

static void test_good_lines(void **state)
{
        static const struct {
                const char *line;
                struct options wanted;
        } cases[] = {
#define PLAIN .interval = 1, .duration = INFINITY, .at = INFINITY
                { "status", { .command = COMMAND_STATUS, PLAIN } },
                { "--json status", { .command = COMMAND_STATUS, .json = true, PLAIN } },
                { "status --json", { .command = COMMAND_STATUS, .json = true, PLAIN } },
                { "--runtime /r alerts --no-color",
                  { .command = COMMAND_ALERTS, .runtime = "/r", .no_colour = true, PLAIN } },
                { "check -q", { .command = COMMAND_CHECK, .quiet = true, PLAIN } },
                { "check mine --channels=c --config x",
                  { .command = COMMAND_CHECK,
                    .argument = "mine",
                    .channels = "c",
                    .config = "x",
                    PLAIN } },
                { "record --interval 100ms --for 1h -o f.csv --root r",
                  { .command = COMMAND_RECORD,
                    .interval = 0.1,
                    .duration = 3600,
                    .output = "f.csv",
                    .root = "r",
                    .at = INFINITY } },
                { "replay t.csv --scores",
                  { .command = COMMAND_REPLAY, .argument = "t.csv", .scores = true, PLAIN } },
                { "replay --scores --alerts --rules r -",
                  { .command = COMMAND_REPLAY, .argument = "-", .rules = "r", PLAIN } },
                { "test --only *leak* a.test b.test -o t.csv",
                  { .command = COMMAND_TEST,
                    .argument = "a.test",
                    .only = "*leak*",
                    .output = "t.csv",
                    PLAIN } },
                { "explain KernelStack/threads --json",
                  { .command = COMMAND_EXPLAIN,
                    .argument = "KernelStack/threads",
                    .json = true,
                    PLAIN } },
                { "replay --explain Slab --at +90min t.csv",
                  { .command = COMMAND_REPLAY,
                    .argument = "t.csv",
                    .explain = "Slab",
                    .interval = 1,
                    .duration = INFINITY,
                    .at = 5400,
                    .at_relative = true } },
                { "replay --explain Slab --at 2026-01-05T03:00:00Z t.csv",
                  { .command = COMMAND_REPLAY,
                    .argument = "t.csv",
                    .explain = "Slab",
                    .interval = 1,
                    .duration = INFINITY,
                    .at = 1767582000 } },
                { "send-test -- -x", { .command = COMMAND_SEND_TEST, .argument = "-x", PLAIN } },
                { "help replay", { .command = COMMAND_HELP, .argument = "replay", PLAIN } },
                { "-h", { .command = COMMAND_HELP, .help = true, PLAIN } },
                /* Help is given whatever else is wrong with the line. */
                { "replay --help", { .command = COMMAND_REPLAY, .help = true, PLAIN } },
                { "status --scores --help",
                  { .command = COMMAND_STATUS, .help = true, .scores = true, PLAIN } },
                { "--version", { .command = COMMAND_HELP, .version = true, PLAIN } },
#undef PLAIN
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                _cleanup_free_ char *line = strdup(cases[i].line);
                char *argv[WORDS_MAX + 2], error[OPTIONS_ERROR_MAX];
                struct options o;
                const struct options *w = &cases[i].wanted;
                if (options_parse(split(line, argv), argv, &o, error) != 0)
                        fail_msg("%s: %s", cases[i].line, error);
                const struct {
                        const char *got, *wanted;
                } texts[] = {
                        { o.runtime, w->runtime },   { o.config, w->config },
                        { o.state, w->state },       { o.rules, w->rules },
                        { o.channels, w->channels }, { o.root, w->root },
                        { o.output, w->output },     { o.argument, w->argument },
                        { o.only, w->only },         { o.explain, w->explain },
                };
                for (size_t k = 0; k < ELEMENTS_OF(texts); k++)
                        if (!texts[k].got != !texts[k].wanted ||
                            (texts[k].got && strcmp(texts[k].got, texts[k].wanted) != 0))
                                fail_msg("%s: text %zu is %s", cases[i].line, k,
                                         texts[k].got ? texts[k].got : "not set");
                if (o.command != w->command || o.help != w->help || o.version != w->version ||
                    o.scores != w->scores || o.json != w->json || o.quiet != w->quiet ||
                    o.no_colour != w->no_colour || o.interval != w->interval ||
                    o.duration != w->duration || o.at != w->at || o.at_relative != w->at_relative)
                        fail_msg("%s: read wrongly", cases[i].line);
        }
}

static void test_bad_lines(void **state)
{
        static const struct {
                const char *line, *error;
        } cases[] = {
                { "", "which command?" },
                { "statsu", "unknown command \"statsu\"; did you mean status?" },
                { "sendtest x", "unknown command \"sendtest\"; did you mean send-test?" },
                { "frobnicate", "unknown command \"frobnicate\"" },
                { "status now", "status: one argument too many: \"now\"" },
                { "check a b", "check: one argument too many: \"b\"" },
                { "replay", "replay needs TRACE" },
                { "test", "test needs FILE..." },
                { "send-test", "send-test needs CHANNEL" },
                { "status --scores", "--scores is no option of status; it belongs to replay" },
                { "record --json",
                  "--json is no option of record; it belongs to status alerts explain who top silence "
                  "unsilence ack history check replay send-test" },
                { "explain", "explain needs NAME" },
                { "silence --for 1h", "silence needs NAME" },
                { "silence a --for long",
                  "--for long: give a time such as 500ms, 10s, 10min or 1h" },
                { "ack a --why b", "--why is no option of ack; it belongs to silence" },
                { "replay t --explain Slab --at soon",
                  "--at soon: give +2h after the first sample, Unix seconds, or "
                  "2026-01-05T03:00:00Z" },
                { "status --frob", "unknown option --frob" },
                { "status --jsn", "unknown option --jsn; did you mean --json?" },
                { "history --snice=2h", "unknown option --snice=2h; did you mean --since?" },
                { "status -x", "unknown option -x" },
                { "status --json=1", "--json=1 takes no value" },
                { "record --for", "--for needs a value" },
                { "record -o", "-o needs a value" },
                { "record --for soon", "--for soon: give a time such as 500ms, 10s, 10min or 1h" },
                { "record --interval 0",
                  "--interval 0: give a time such as 500ms, 10s, 10min or 1h" },
                { "record --interval 2d",
                  "--interval 2d: give a time such as 500ms, 10s, 10min or 1h" },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                _cleanup_free_ char *line = strdup(cases[i].line);
                char *argv[WORDS_MAX + 2], error[OPTIONS_ERROR_MAX] = "";
                struct options o = { .command = COMMAND_COUNT };
                if (options_parse(split(line, argv), argv, &o, error) != -EINVAL ||
                    o.command != COMMAND_COUNT)
                        fail_msg("\"%s\" was taken", cases[i].line);
                if (strcmp(error, cases[i].error) != 0)
                        fail_msg("\"%s\": %s", cases[i].line, error);
        }
}

static void assert_narrow(const char *text, const char *name)
{
        while (*text) {
                size_t length = strcspn(text, "\n");
                _cleanup_free_ char *line = strndup(text, length);
                if (terminal_columns(line) > 80)
                        fail_msg("help of %s: %s", name, line);
                text += length;
                text += *text == '\n';
        }
}

static void test_help(void **state)
{
        (void)state;
        for (int i = -1; i < COMMAND_COUNT; i++) {
                char *text;
                size_t size;
                FILE *f = open_memstream(&text, &size);
                const char *name = i < 0 ? "all" : command_get((enum command_id)i)->name;
                if (i < 0)
                        help_print(f);
                else
                        help_print_command(f, (enum command_id)i);
                fclose(f);
                assert_narrow(text, name);
                assert_non_null(strstr(text, "Examples:\n  kmemwatch "));
                for (int k = 0; i < 0 && k < COMMAND_COUNT; k++)
                        if (!strstr(text, command_get((enum command_id)k)->name))
                                fail_msg("%s is not in the help",
                                         command_get((enum command_id)k)->name);
                for (int k = 0; i >= 0 && k < OPTION_COUNT; k++) {
                        char option[32];
                        const struct option_text *o = option_get((enum option_id)k);
                        bool takes = o->common ||
                                     (command_get((enum command_id)i)->options & UINT64_C(1) << k);
                        snprintf(option, sizeof option, " --%s%s", o->name, o->argument ? " " : "");
                        const char *options = strstr(text, "\nOptions:\n");
                        assert_non_null(options);
                        if (!strstr(options, option) != !takes)
                                fail_msg("help of %s: %s", name, option);
                }
                free(text);
        }
}

/* Every command and option stands in every completion. */
static void test_completions(void **state)
{
        static const char *const files[] = { "contrib/completions/kmemwatch.bash",
                                             "contrib/completions/_kmemwatch",
                                             "contrib/completions/kmemwatch.fish" };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(files); i++) {
                _cleanup_free_ char *text = NULL;
                size_t size;
                if (file_read(AT_FDCWD, files[i], 1 << 20, &text, &size) < 0)
                        fail_msg("cannot read %s", files[i]);
                for (int k = 0; k < COMMAND_COUNT; k++)
                        if (!strstr(text, command_get((enum command_id)k)->name))
                                fail_msg("%s does not know %s", files[i],
                                         command_get((enum command_id)k)->name);
                for (int k = 0; k < OPTION_COUNT; k++)
                        if (!strstr(text, option_get((enum option_id)k)->name))
                                fail_msg("%s does not know --%s", files[i],
                                         option_get((enum option_id)k)->name);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good_lines),
                cmocka_unit_test(test_bad_lines),
                cmocka_unit_test(test_help),
                cmocka_unit_test(test_completions),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
