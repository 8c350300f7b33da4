/* SPDX-License-Identifier: MIT */
/* Everything that is wrong with a set of files, collected in one pass, each with its place. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/macros.h"

struct problem {
        char *file;    /* as the user named it */
        unsigned line; /* 1 ...; 0 when the problem is the file itself */
        char *text;
};

/* Bounds: a binary file given by mistake has a problem in each line, and must hide neither those of
 * other files nor that it is left out (line 0). What is not kept is counted in `dropped`. */
enum {
        PROBLEMS_FILE_MAX = 100, /* of one file's lines: several times what a person mistypes */
        PROBLEMS_MAX = 500,
};

struct problems {
        struct problem *list;
        size_t count, dropped;
};

void problems_done(struct problems *p);

void problems_add(struct problems *p, const char *file, unsigned line, const char *format, ...)
        _printf_(4, 5);

/* Hands all of `from` over to `to`; `from` is empty afterwards. */
void problems_move(struct problems *to, struct problems *from);

/* True when anything was added. */
bool problems_any(const struct problems *p);

/* True when something was added that belongs to this file. */
bool problems_concern(const struct problems *p, const char *file);

/* "file:line: text", or "file: text" when the problem is the file itself; cut to size. Returns
 * buffer. */
const char *problem_format(const struct problem *p, char *buffer, size_t size);

/* By file and line; those of a whole file come before those of its lines. */
void problems_sort(struct problems *p);

/* problem_format of all, one a line, sorted, then how many more there were. */
void problems_print(struct problems *p, FILE *out);
