/* SPDX-License-Identifier: MIT */
/* What a template may name of an event: {NAME}, {NAME:markdown}, {NAME:200}. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct letter;

enum { PLACEHOLDER_TEXT_MAX = 4096, PLACEHOLDER_NAME_MAX = 32 };

struct placeholder {
        int index;     /* of what it names */
        bool markdown; /* what would be markup or a mention is made plain */
        size_t max;    /* bytes; 0: as long as it is */
};

/* Reads the placeholder that `s` begins with. Its length; 0 when s does not begin with one;
 * -EINVAL when it looks like one and is none: the name goes into name. */
int placeholder_parse(const char *s, struct placeholder *ret, char name[PLACEHOLDER_NAME_MAX]);

/* True with a finite *ret when it is a number (NaN: not known). */
bool placeholder_number(const struct placeholder *p, const struct letter *m, double *ret);

/* What it stands for; "" when the event lacks it. Returns buffer. */
const char *placeholder_text(const struct placeholder *p, const struct letter *m,
                             char buffer[PLACEHOLDER_TEXT_MAX]);

/* Whether there is something called so, for {"$if": NAME} and {"$switch": NAME}. */
bool placeholder_find(const char *name, struct placeholder *ret);

/* For the manual page: NAME and what it is, one after the other; false at the end. */
bool placeholder_list(size_t at, const char **ret_name, const char **ret_help);
