/* SPDX-License-Identifier: MIT */
/* kmemwatch: the person's tool. argv in, exit code out. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/places.h"
#include "config/config_file.h"
#include "deliver/settings.h"
#include "engine/page_trace.h"
#include "engine/replay.h"
#include "engine/rule_test.h"
#include "engine/settings.h"
#include "view/commands.h"
#include "view/explain.h"
#include "view/options.h"
#include "view/terminal.h"

/* Explained by the same words whether a daemon or a trace is asked. */
static int replay_explained(const struct replay_options *options, const struct terminal *t)
{
        _cleanup_free_ char *json = NULL;
        size_t size;
        FILE *out = open_memstream(&json, &size);

        if (!out) {
                fputs("kmemwatch: out of memory\n", stderr);
                return EXIT_USAGE;
        }
        int code = replay_run(options, out, stderr);
        if (fclose(out) != 0 || (code != EXIT_USAGE && explain_print(t, json) < 0)) {
                fputs("kmemwatch: out of memory\n", stderr);
                return EXIT_USAGE;
        }
        return code;
}

static enum exit_code replay(const struct options *o, const struct terminal *t)
{
        const struct place_options options = { .config = o->config, .rules = o->rules };
        struct places places;

        if (places_init(&places, &options, "/run/kmemwatch") < 0) {
                fputs("kmemwatch: out of memory\n", stderr);
                return EXIT_USAGE;
        }
        const struct replay_options replay_options = {
                .trace = o->argument,
                .rules = places.rules,
                .mode = o->explain  ? REPLAY_EXPLAIN
                        : o->scores ? REPLAY_SCORES
                                    : REPLAY_ALERTS,
                .explain = o->explain,
                .at = o->at,
                .at_relative = o->at_relative,
        };
        int code = o->explain && !o->json ? replay_explained(&replay_options, t)
                                          : replay_run(&replay_options, stdout, stderr);
        places_done(&places);
        return (enum exit_code)code;
}

static enum exit_code report(const struct options *o)
{
        const struct place_options options = { .config = o->config, .rules = o->rules };
        struct places places;

        if (!o->trace)
                return report_run(o);
        if (places_init(&places, &options, "/run/kmemwatch") < 0) {
                fputs("kmemwatch: out of memory\n", stderr);
                return EXIT_USAGE;
        }
        int code =
                page_trace_run(&(struct page_trace_options){ o->trace, places.rules, o->output });
        places_done(&places);
        return (enum exit_code)code;
}

static enum exit_code test(const struct options *o, const struct terminal *t)
{
        const struct place_options options = { .config = o->config, .rules = o->rules };
        struct places places;

        if (places_init(&places, &options, "/run/kmemwatch") < 0) {
                fputs("kmemwatch: out of memory\n", stderr);
                return EXIT_USAGE;
        }
        const struct rule_test_options test_options = {
                .files = (const char *const *)o->arguments,
                .rules = places.rules,
                .only = o->only,
                .trace = o->output,
                .quiet = o->quiet,
                .colour = t->colour,
        };
        int code = rule_test_run(&test_options, stdout, stderr);
        places_done(&places);
        return (enum exit_code)code;
}

static enum exit_code check(const struct options *o, const struct terminal *t)
{
        struct daemon_settings daemon = { 0 };
        struct courier_settings courier = { 0 };
        const struct config_part parts[] = {
                { daemon_key_table(), &daemon },
                { courier_key_table(), &courier },
        };
        enum exit_code code = check_run(o, t, parts, ELEMENTS_OF(parts));

        courier_settings_done(&courier);
        return code;
}

static enum exit_code help(const struct options *o, const char *name)
{
        int id = name ? command_by_name(name) : -1;

        if (name && id < 0) {
                fprintf(stderr, "kmemwatch: there is no command \"%s\"\n", name);
                return EXIT_USAGE;
        }
        if (id < 0 || (id == COMMAND_HELP && !o->argument))
                help_print(stdout);
        else
                help_print_command(stdout, (enum command_id)id);
        return EXIT_FINE;
}

static enum exit_code run(const struct options *o)
{
        struct terminal t;

        if (o->version) {
                puts("kmemwatch " KMW_VERSION);
                return EXIT_FINE;
        }
        if (o->help)
                return help(o, command_get(o->command)->name);
        terminal_init(&t, stdout, o->no_colour);
        switch (o->command) {
        case COMMAND_STATUS:
                return status_run(o, &t);
        case COMMAND_ALERTS:
                return alerts_run(o, &t);
        case COMMAND_EXPLAIN:
                return explain_run(o, &t);
        case COMMAND_WHO:
                return who_run(o, &t);
        case COMMAND_TOP:
                return top_run(o, &t);
        case COMMAND_SILENCE:
                return silence_run(o, &t);
        case COMMAND_UNSILENCE:
                return unsilence_run(o, &t);
        case COMMAND_ACK:
                return ack_run(o, &t);
        case COMMAND_REPORT:
                return report(o);
        case COMMAND_EVIDENCE:
                return evidence_run(o);
        case COMMAND_HISTORY:
                return history_run(o, &t);
        case COMMAND_METRICS:
                return metrics_run(o);
        case COMMAND_CHECK:
                return check(o, &t);
        case COMMAND_RECORD:
                return record_run(o);
        case COMMAND_REPLAY:
                return replay(o, &t);
        case COMMAND_TEST:
                return test(o, &t);
        case COMMAND_SETUP:
                return setup_run(o, &t);
        case COMMAND_IMPORT:
                return import_run(o);
        case COMMAND_SEND_TEST:
                return send_test_run(o, &t);
        case COMMAND_HELP:
        case COMMAND_COUNT:
                break;
        }
        return help(o, o->argument);
}

/* The command in a line that could not be read, NULL when there is none. */
static const char *command_named(int argc, char *argv[])
{
        for (int i = 1; i < argc; i++)
                if (command_by_name(argv[i]) >= 0)
                        return argv[i];
        return NULL;
}

int main(int argc, char *argv[])
{
        char error[OPTIONS_ERROR_MAX];
        struct options o;

        if (options_parse(argc, argv, &o, error) < 0) {
                const char *command = command_named(argc, argv);
                fprintf(stderr, "kmemwatch: %s\nTry kmemwatch help%s%s.\n", error,
                        command ? " " : "", command ? command : "");
                return EXIT_USAGE;
        }
        enum exit_code code = run(&o);
        /* A full disk behind standard output is not fine, whenever it was noticed; a reader that
         * has enough is. */
        errno = 0;
        bool failed = fflush(stdout) != 0 || ferror(stdout);
        if (failed && errno != EPIPE && code != EXIT_USAGE) { /* else it has been said */
                fprintf(stderr, "kmemwatch: standard output: %s\n",
                        errno ? strerror(errno) : "not all of it could be written");
                return EXIT_USAGE;
        }
        return code;
}
