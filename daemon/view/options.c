/* SPDX-License-Identifier: MIT */
/* Parses the command line by the tables in command_table.c. */
#include "view/options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/units.h"
#include "config/suggest.h"
#include "sample/sample.h"

/* Shorter than the kernel refreshes its counters is noise only; longer than a day is a mistake. */
#define INTERVAL_MIN 0.01
#define INTERVAL_MAX 86400.0

int command_by_name(const char *name)
{
        for (int i = 0; i < COMMAND_COUNT; i++)
                if (strcmp(command_get((enum command_id)i)->name, name) == 0)
                        return i;
        return -1;
}

/* getopt_long gives these for options without a letter. */
enum { CODE_BASE = 256 };

static int option_of_code(int code)
{
        for (int i = 0; i < OPTION_COUNT; i++)
                if (code == CODE_BASE + i || (option_get((enum option_id)i)->letter != 0 &&
                                              code == option_get((enum option_id)i)->letter))
                        return i;
        return -1;
}

static int seconds_of(const char *option, const char *value, double min, double max, double *ret,
                      char error[OPTIONS_ERROR_MAX])
{
        double seconds;

        if (parse_duration(value, &seconds) < 0 || seconds < min || seconds > max) {
                snprintf(error, OPTIONS_ERROR_MAX,
                         "--%s %.40s: give a time such as 500ms, 10s, 10min or 1h", option, value);
                return -EINVAL;
        }
        *ret = seconds;
        return 0;
}

/* "+2h" after the first sample, Unix seconds, or as the daemon writes times. */
static int moment_of(struct options *o, const char *value, char error[OPTIONS_ERROR_MAX])
{
        o->at_relative = *value == '+';
        if (o->at_relative) {
                if (parse_duration(value + 1, &o->at) == 0)
                        return 0;
        } else {
                if (parse_number(value, &o->at) == 0)
                        return 0;
                if (parse_time(value, &o->at) == 0)
                        return 0;
        }
        snprintf(error, OPTIONS_ERROR_MAX,
                 "--at %.40s: give +2h after the first sample, Unix seconds, or "
                 "2026-01-05T03:00:00Z",
                 value);
        return -EINVAL;
}

static int since_of(const char *option, const char *value, struct moment *ret,
                    char error[OPTIONS_ERROR_MAX])
{
        if (moment_parse(value, ret) == 0)
                return 0;
        snprintf(error, OPTIONS_ERROR_MAX,
                 "--%s %.40s: give a time such as 24h, \"2 hours ago\", yesterday, 14:30, "
                 "\"2026-01-05 14:30\" or 2026-01-05T03:00:00Z",
                 option, value);
        return -EINVAL;
}

static int lines_of(const char *value, size_t *ret, char error[OPTIONS_ERROR_MAX])
{
        uint64_t count;

        if (parse_u64(value, &count) < 0 || count == 0 || count > UINT32_MAX) {
                snprintf(error, OPTIONS_ERROR_MAX, "--lines %.40s: give a number from 1 on", value);
                return -EINVAL;
        }
        *ret = (size_t)count;
        return 0;
}

static int option_take(struct options *o, enum option_id id, const char *value,
                       char error[OPTIONS_ERROR_MAX])
{
        switch (id) {
        case OPTION_RUNTIME:
                o->runtime = value;
                break;
        case OPTION_CONFIG:
                o->config = value;
                break;
        case OPTION_STATE:
                o->state = value;
                break;
        case OPTION_RULES:
                o->rules = value;
                break;
        case OPTION_CHANNELS:
                o->channels = value;
                break;
        case OPTION_ROOT:
                o->root = value;
                break;
        case OPTION_OUTPUT:
                o->output = value;
                break;
        case OPTION_KIND:
                o->kind = host_kind_by_name(value);
                if (o->kind >= 0)
                        break;
                snprintf(error, OPTIONS_ERROR_MAX, "--kind %.40s: give physical, vm or container",
                         value);
                return -EINVAL;
        case OPTION_MEMBERS:
                o->members = value;
                break;
        case OPTION_INTERVAL:
                return seconds_of("interval", value, INTERVAL_MIN, INTERVAL_MAX, &o->interval,
                                  error);
        case OPTION_FOR:
                return seconds_of("for", value, 0, INFINITY, &o->duration, error);
        case OPTION_WHY:
                o->why = value;
                break;
        case OPTION_ALERTS:
                o->scores = false;
                break;
        case OPTION_SCORES:
                o->scores = true;
                break;
        case OPTION_ONLY:
                o->only = value;
                break;
        case OPTION_EXPLAIN:
                o->explain = value;
                break;
        case OPTION_AT:
                return moment_of(o, value, error);
        case OPTION_SINCE:
                return since_of("since", value, &o->since, error);
        case OPTION_UNTIL:
                return since_of("until", value, &o->until, error);
        case OPTION_LINES:
                return lines_of(value, &o->lines, error);
        case OPTION_FOLLOW:
                o->follow = true;
                break;
        case OPTION_RULE:
                o->rule = value;
                break;
        case OPTION_ALERT:
                o->alert = value;
                break;
        case OPTION_TRACE:
                o->trace = value;
                break;
        case OPTION_REQUESTS:
                o->requests = value;
                break;
        case OPTION_NAME:
                o->name = value;
                break;
        case OPTION_SECRET:
                o->secret = value;
                break;
        case OPTION_URL:
                o->url = value;
                break;
        case OPTION_REPLACE:
                o->replace = true;
                break;
        case OPTION_HOST:
                o->host = value;
                break;
        case OPTION_DIRECTORY:
                o->directory = value;
                break;
        case OPTION_ONCE:
                o->once = true;
                break;
        case OPTION_SERVE:
                o->serve = true;
                break;
        case OPTION_TEXTFILE:
                o->textfile = value;
                break;
        case OPTION_JSON:
                o->json = true;
                break;
        case OPTION_QUIET:
                o->quiet = true;
                break;
        case OPTION_NO_PAGER:
                o->no_pager = true;
                break;
        case OPTION_NO_COLOUR:
                o->no_colour = true;
                break;
        case OPTION_HELP:
                o->help = true;
                break;
        case OPTION_VERSION:
                o->version = true;
                break;
        case OPTION_COUNT:
                break;
        }
        return 0;
}

/* The options seen must be those of the command. */
static int options_fit(const struct options *o, uint64_t seen, char error[OPTIONS_ERROR_MAX])
{
        const struct command *c = command_get(o->command);

        for (int i = 0; i < OPTION_COUNT; i++) {
                const struct option_text *text = option_get((enum option_id)i);
                if (!(seen & UINT64_C(1) << i) || text->common || (c->options & UINT64_C(1) << i))
                        continue;
                int n = snprintf(error, OPTIONS_ERROR_MAX, "--%s is no option of %s; it belongs to",
                                 text->name, c->name);
                for (int k = 0; k < COMMAND_COUNT; k++)
                        if (command_get((enum command_id)k)->options & UINT64_C(1) << i)
                                n += snprintf(error + n, (size_t)(OPTIONS_ERROR_MAX - n), " %s",
                                              command_get((enum command_id)k)->name);
                return -EINVAL;
        }
        return 0;
}

static int arguments_take(struct options *o, int argc, char *argv[], char error[OPTIONS_ERROR_MAX])
{
        const char *name = argc > 0 ? argv[0] : NULL;
        int id = name ? command_by_name(name) : COMMAND_HELP;

        if (!name && !o->help && !o->version) {
                snprintf(error, OPTIONS_ERROR_MAX, "which command?");
                return -EINVAL;
        }
        if (id < 0) {
                struct suggestion nearest;
                char text[SUGGEST_TEXT_MAX];
                suggestion_init(&nearest, name);
                for (int i = 0; i < COMMAND_COUNT; i++)
                        suggestion_offer(&nearest, command_get((enum command_id)i)->name);
                snprintf(error, OPTIONS_ERROR_MAX, "unknown command \"%.40s\"%s", name,
                         suggestion_text(&nearest, text));
                return -EINVAL;
        }
        o->command = (enum command_id)id;
        if (!name || o->help || o->version)
                return 0;
        const struct command *c = command_get(o->command);
        if ((argc > 2 && !c->argument_many) || (argc == 2 && !c->argument)) {
                snprintf(error, OPTIONS_ERROR_MAX, "%s: one argument too many: \"%.40s\"", c->name,
                         argv[c->argument ? 2 : 1]);
                return -EINVAL;
        }
        if (argc < 2 && c->argument_needed) {
                snprintf(error, OPTIONS_ERROR_MAX, "%s needs %s", c->name, c->argument);
                return -EINVAL;
        }
        o->argument = argc >= 2 ? argv[1] : NULL;
        o->arguments = argv + 1;
        return 0;
}

static void unknown_option(const char *text, char error[OPTIONS_ERROR_MAX])
{
        char name[40], near[SUGGEST_TEXT_MAX];
        struct suggestion nearest;

        /* Without its dashes, and without "=value". */
        snprintf(name, sizeof name, "%s", text + strspn(text, "-"));
        name[strcspn(name, "=")] = 0;
        suggestion_init(&nearest, name);
        for (int i = 0; i < OPTION_COUNT; i++)
                suggestion_offer(&nearest, option_get((enum option_id)i)->name);
        if (*suggestion_text(&nearest, near))
                snprintf(error, OPTIONS_ERROR_MAX, "unknown option %.40s; did you mean --%s?", text,
                         nearest.best);
        else
                snprintf(error, OPTIONS_ERROR_MAX, "unknown option %.40s", text);
}

int options_parse(int argc, char *argv[], struct options *ret, char error[OPTIONS_ERROR_MAX])
{
        struct options o = { .kind = -1, .interval = 1, .duration = INFINITY, .at = INFINITY };
        struct option longs[OPTION_COUNT + 2] = { 0 };
        char shorts[3 * OPTION_COUNT + 2] = ":", *end = shorts + 1;
        uint64_t seen = 0;
        int code, r;

        for (int i = 0; i < OPTION_COUNT; i++) {
                const struct option_text *text = option_get((enum option_id)i);
                longs[i] = (struct option){ text->name,
                                            text->argument ? required_argument : no_argument, NULL,
                                            CODE_BASE + i };
                if (text->letter) {
                        *end++ = text->letter;
                        if (text->argument)
                                *end++ = ':';
                        *end = 0;
                }
        }
        /* The other spelling, not worth a line of help. */
        longs[OPTION_COUNT] =
                (struct option){ "no-color", no_argument, NULL, CODE_BASE + OPTION_NO_COLOUR };

        optind = 0; /* glibc: begin anew, for tests that parse more than once */
        opterr = 0;
        while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
                int id = option_of_code(code);
                if (id < 0) {
                        const char *text = argv[optind - 1];
                        if (code == ':')
                                snprintf(error, OPTIONS_ERROR_MAX, "%.40s needs a value", text);
                        else if (optopt > 0 && optopt < CODE_BASE)
                                snprintf(error, OPTIONS_ERROR_MAX, "unknown option -%c", optopt);
                        else if (optopt)
                                snprintf(error, OPTIONS_ERROR_MAX, "%.40s takes no value", text);
                        else
                                unknown_option(text, error);
                        return -EINVAL;
                }
                seen |= UINT64_C(1) << id;
                r = option_take(&o, (enum option_id)id, optarg, error);
                if (r < 0)
                        return r;
        }
        r = arguments_take(&o, argc - optind, argv + optind, error);
        if (r < 0)
                return r;
        if (!o.help && !o.version) {
                r = options_fit(&o, seen, error);
                if (r < 0)
                        return r;
        }
        *ret = o;
        return 0;
}
