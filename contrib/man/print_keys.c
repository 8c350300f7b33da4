/* SPDX-License-Identifier: MIT */
/* Prints a key table of the programs, so that manual pages and example files say what the parsers
 * take:
 *   print_keys rules|channels|daemon|courier|tests|placeholders man|example */
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "config/keys.h"
#include "deliver/channel_file.h"
#include "deliver/placeholder.h"
#include "deliver/settings.h"
#include "engine/rule_test.h"
#include "engine/settings.h"
#include "judge/rule_file.h"

static const struct {
        const char *name;
        const struct key_table *(*table)(void);
} tables[] = {
        { "channels", channel_key_table },
        { "daemon", daemon_key_table },
        { "courier", courier_key_table },
        { "tests", rule_test_key_table },
};

static void print_placeholders(void)
{
        const char *name, *help;
        for (size_t i = 0; placeholder_list(i, &name, &help); i++)
                printf("%s\t%s\n", name, help);
}

static bool print(const char *name, bool man)
{
        if (strcmp(name, "placeholders") == 0) {
                print_placeholders();
                return true;
        }
        if (strcmp(name, "rules") == 0) {
                if (man)
                        rule_keys_print_man(stdout);
                else
                        rule_keys_print_example(stdout);
                return true;
        }
        for (size_t i = 0; i < ELEMENTS_OF(tables); i++) {
                if (strcmp(name, tables[i].name) != 0)
                        continue;
                if (man)
                        keys_print_man(tables[i].table(), NULL, stdout);
                else
                        keys_print_example(tables[i].table(), stdout);
                return true;
        }
        return false;
}

int main(int argc, char **argv)
{
        bool man = argc == 3 && strcmp(argv[2], "man") == 0;
        bool example = argc == 3 && strcmp(argv[2], "example") == 0;
        if ((!man && !example) || !print(argv[1], man)) {
                fprintf(stderr, "usage: %s NAME man|example (see the head of print_keys.c)\n",
                        argv[0]);
                return 2;
        }
        return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
