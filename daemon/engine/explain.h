/* SPDX-License-Identifier: MIT */
/* `kmemwatch explain`: why rules say what they say, as JSON. */
#pragma once

#include <stdbool.h>

struct engine;

enum { EXPLAIN_ERROR_MAX = 192 };

/* Whether some rule is meant by `name` (rule_is_meant); else a sentence in error. */
bool engine_is_meant(const struct engine *e, const char *name, char error[EXPLAIN_ERROR_MAX]);

/* Explains the rules that `name` stands for: see rule_is_meant. 0 with *ret in fresh memory;
 * -ENOENT with a sentence in error when nothing is called so; -ENOMEM. */
int explain_json(const struct engine *e, const char *name, char **ret,
                 char error[EXPLAIN_ERROR_MAX]);

/* The same for one rule in a line: what is missing. False when there is no such rule. */
struct text;
bool explain_line(const struct engine *e, const char *rule, struct text *t);
