/* SPDX-License-Identifier: MIT */
/* Reads rule files into a rule_set, reporting every error with its place. */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "judge/rule.h"

struct problems;

/* Names beyond the known fields that `dimension`, `less` and `per` may use (a trace's other
 * columns); index i is field FIELD_KNOWN_COUNT + i. May be empty. */
struct extra_fields {
        const char *const *names;
        size_t count;
};

/* Reads one file's text; `file` is its name in problems. *ret is only good when nothing was added
 * to problems. 0 or -ENOMEM. */
int rule_file_parse(const char *file, const char *data, size_t size,
                    const struct extra_fields *extra, struct problems *problems,
                    struct rule_set *ret);

/* Loads all rules. folders: NULL-terminated, highest precedence first (/etc, /run, libdir); a file
 * found in one hides files of that name in later ones; NAME.ini.d/ drop-ins of every folder
 * override single keys; a link to /dev/null or an empty file masks. A file with errors is left
 * out whole; when it overrides another of the same name, that one is used instead, and the problem
 * says so. A drop-in with errors is left out alone. Folders that do not exist are no problem: zero
 * rules are the caller's to judge. *ret holds what is good, even when problems were found. Returns
 * 0, the negative errno of a folder that cannot be read (added to problems as well), or -ENOMEM
 * (then *ret is untouched). */
int rule_set_load(const char *const *folders, const struct extra_fields *extra,
                  struct problems *problems, struct rule_set *ret);

/* The rules' links to installed pages lead to the same pages below `url` (which ends with a slash)
 * from now on. 0 or -ENOMEM. */
int rule_set_move_runbooks(struct rule_set *set, const char *url);

/* The key list, from the same table that the parser uses: for the manual page, and as an example.
 */
void rule_keys_print_man(FILE *out);
void rule_keys_print_example(FILE *out);
