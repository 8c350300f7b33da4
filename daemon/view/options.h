/* SPDX-License-Identifier: MIT */
/* The command line of the person's tool: its commands and options as tables, from which it is
 * parsed and explained. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "view/moment.h"

enum exit_code {
        EXIT_FINE = 0,
        EXIT_FAULTS = 1,      /* an alert is active, files have faults, a test was refused */
        EXIT_USAGE = 2,       /* or bad input */
        EXIT_DEGRADED = 3,    /* runs, but not all of it works */
        EXIT_UNREACHABLE = 4, /* the daemon does not answer */
};

enum command_id {
        COMMAND_STATUS,
        COMMAND_ALERTS,
        COMMAND_EXPLAIN,
        COMMAND_WHO,
        COMMAND_TOP,
        COMMAND_SILENCE,
        COMMAND_UNSILENCE,
        COMMAND_ACK,
        COMMAND_HISTORY,
        COMMAND_REPORT,
        COMMAND_EVIDENCE,
        COMMAND_METRICS,
        COMMAND_CHECK,
        COMMAND_RECORD,
        COMMAND_IMPORT,
        COMMAND_REPLAY,
        COMMAND_TEST,
        COMMAND_SEND_TEST,
        COMMAND_SETUP,
        COMMAND_HELP,
        COMMAND_COUNT,
};

enum option_id {
        OPTION_RUNTIME,
        OPTION_CONFIG,
        OPTION_STATE,
        OPTION_RULES,
        OPTION_CHANNELS,
        OPTION_ROOT,
        OPTION_OUTPUT,
        OPTION_KIND,
        OPTION_INTERVAL,
        OPTION_MEMBERS,
        OPTION_FOR,
        OPTION_WHY,
        OPTION_ALERTS,
        OPTION_SCORES,
        OPTION_ONLY,
        OPTION_EXPLAIN,
        OPTION_AT,
        OPTION_SINCE,
        OPTION_UNTIL,
        OPTION_LINES,
        OPTION_FOLLOW,
        OPTION_RULE,
        OPTION_HOST,
        OPTION_DIRECTORY,
        OPTION_ONCE,
        OPTION_ALERT,
        OPTION_TRACE,
        OPTION_REQUESTS,
        OPTION_NAME,
        OPTION_SECRET,
        OPTION_URL,
        OPTION_REPLACE,
        OPTION_SERVE,
        OPTION_TEXTFILE,
        OPTION_JSON,
        OPTION_QUIET,
        OPTION_NO_PAGER,
        OPTION_NO_COLOUR,
        OPTION_HELP,
        OPTION_VERSION,
        OPTION_COUNT,
};

struct command {
        const char *name;
        const char *argument; /* "TRACE", "[DIR]"; NULL: takes none */
        bool argument_needed;
        bool argument_many;      /* any number of them */
        const char *summary;     /* one line */
        const char *description; /* lines as they are printed */
        const char *examples;    /* the same */
        uint64_t options;        /* bit per option_id, those of all commands left out */
};

struct option_text {
        const char *name;
        char letter;          /* 0: none */
        const char *argument; /* "DIR"; NULL: takes none */
        const char *help;
        bool common; /* every command takes it */
};

const struct command *command_get(enum command_id id);
const struct option_text *option_get(enum option_id id);

/* The command of this name, or -1. */
int command_by_name(const char *name);

struct options {
        enum command_id command;
        bool help, version; /* asked for */
        const char *runtime, *config, *state, *rules, *channels, *root, *output, *only, *explain,
                *rule, *host, *directory, *alert, *trace, *requests, *name, *secret, *url, *why,
                *textfile, *members;
        double at;        /* Unix seconds, or since the first sample; INFINITY: the end */
        bool at_relative; /* it is the latter */
        struct moment since, until;
        int kind;                  /* enum host_kind, -1: not given */
        double interval, duration; /* seconds; duration INFINITY: until stopped */
        bool scores, json, serve, quiet, no_colour, no_pager, once, follow, replace;
        size_t lines;           /* the newest; 0: all */
        const char *argument;   /* NULL: none given */
        char *const *arguments; /* NULL-terminated: all that were given, for argument_many */
};

enum { OPTIONS_ERROR_MAX = 256 };

/* 0, or -EINVAL with a sentence in error. Strings of ret point into argv. */
int options_parse(int argc, char *argv[], struct options *ret, char error[OPTIONS_ERROR_MAX]);

/* `kmemwatch help` and `kmemwatch help COMMAND`. */
void help_print(FILE *out);
void help_print_command(FILE *out, enum command_id id);
