/* SPDX-License-Identifier: MIT */
/* Prints the help out of the tables. Lines stay within 80 columns (a test counts). */
#include <string.h>

#include "base/macros.h"
#include "view/options.h"

enum { HELP_INDENT = 22 };

/* "  LEFT   first line", further lines of `right` below it. */
static void print_entry(FILE *out, const char *left, const char *right)
{
        int column = fprintf(out, "  %s", left);

        if (column > HELP_INDENT - 2) {
                fputc('\n', out);
                column = 0;
        }
        fprintf(out, "%*s", HELP_INDENT - column, "");
        for (; *right; right++) {
                fputc(*right, out);
                if (*right == '\n')
                        fprintf(out, "%*s", HELP_INDENT, "");
        }
        fputc('\n', out);
}

static void print_option(FILE *out, const struct option_text *o)
{
        char left[64], letter[8] = "";

        if (o->letter)
                snprintf(letter, sizeof letter, "-%c, ", o->letter);
        snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name, o->argument ? " " : "",
                 o->argument ? o->argument : "");
        print_entry(out, left, o->help);
}

void help_print(FILE *out)
{
        fputs("kmemwatch: what the memory of the Linux kernel does, and when it goes wrong\n"
              "\n"
              "Usage: kmemwatch COMMAND [OPTION...]\n"
              "\n"
              "Commands:\n",
              out);
        for (int i = 0; i < COMMAND_COUNT; i++) {
                const struct command *c = command_get((enum command_id)i);
                char left[64];
                snprintf(left, sizeof left, "%s%s%s", c->name, c->argument ? " " : "",
                         c->argument ? c->argument : "");
                print_entry(out, left, c->summary);
        }
        fputs("\nOptions of every command:\n", out);
        for (int i = 0; i < OPTION_COUNT; i++)
                if (option_get((enum option_id)i)->common)
                        print_option(out, option_get((enum option_id)i));
        fputs("\n"
              "Exit codes:\n"
              "  0  fine\n"
              "  1  status, alerts: a warning or critical alert is active;\n"
              "     check: faults were found; test: one failed; send-test, silence,\n"
              "     unsilence, ack: refused\n"
              "  2  wrong usage or bad input\n"
              "  3  degraded: rules left out, a channel broken, the courier not running\n"
              "  4  the daemon (send-test: the courier) cannot be reached\n"
              "\n"
              "Examples:\n"
              "  kmemwatch status                  how is this machine?\n"
              "  kmemwatch alerts                  what is wrong, and what to look at first\n"
              "  kmemwatch explain SUnreclaim      why does it say that, or nothing?\n"
              "  kmemwatch silence SUnreclaim --for 2h --why 'load test'\n"
              "  kmemwatch check                   are my rules and channels right?\n"
              "  kmemwatch send-test slack         does a message arrive?\n"
              "  kmemwatch test my.test            do my rules say what they should?\n"
              "  kmemwatch record -o day.csv       record, and then\n"
              "  kmemwatch replay day.csv          what would the rules have said?\n"
              "\n"
              "kmemwatch help COMMAND says more; so does kmemwatch(1).\n",
              out);
}

void help_print_command(FILE *out, enum command_id id)
{
        const struct command *c = command_get(id);

        fprintf(out, "kmemwatch %s: %s\n\nUsage: kmemwatch %s [OPTION...]%s%s\n\n%s", c->name,
                c->summary, c->name, c->argument ? " " : "", c->argument ? c->argument : "",
                c->description);
        fputs("\nOptions:\n", out);
        for (int i = 0; i < OPTION_COUNT; i++)
                if (c->options & UINT64_C(1) << i)
                        print_option(out, option_get((enum option_id)i));
        for (int i = 0; i < OPTION_COUNT; i++)
                if (option_get((enum option_id)i)->common)
                        print_option(out, option_get((enum option_id)i));
        fprintf(out, "\nExamples:\n%s", c->examples);
}
