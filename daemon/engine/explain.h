/* SPDX-License-Identifier: MIT */
/* `kmemwatch explain`: why rules say what they say, as JSON. */
#pragma once

#include <stdbool.h>

struct engine;

enum { EXPLAIN_ERROR_MAX = 192 };

/* Explains the rules that `name` stands for: a rule's name or a pattern of them as in fnmatch(3),
 * or a dimension (SUnreclaim, KernelStack/threads), which stands for all rules that measure it. 0
 * with *ret in fresh memory; -ENOENT with a sentence in error when nothing is called so; -ENOMEM.
 */
int explain_json(const struct engine *e, const char *name, char **ret,
                 char error[EXPLAIN_ERROR_MAX]);

/* The same for one rule in a line: what is missing. False when there is no such rule. */
struct text;
bool explain_line(const struct engine *e, const char *rule, struct text *t);
