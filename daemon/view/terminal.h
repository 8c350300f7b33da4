/* SPDX-License-Identifier: MIT */
/* Everything that the person's tool prints goes through here: it knows the terminal's width,
 * whether it shows colours and UTF-8, and lets no text from elsewhere steer it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/macros.h"

enum {
        TERMINAL_WIDTH_DEFAULT = 80, /* not a terminal, or one that does not know */
        TERMINAL_WIDTH_MIN = 60,     /* below that the terminal wraps, not we */
        TERMINAL_PROSE_MAX = 100,    /* longer lines of prose are hard to read */
};

enum style {
        STYLE_PLAIN,
        STYLE_STRONG,
        STYLE_FAINT,
        STYLE_GOOD,
        STYLE_NOTICE,
        STYLE_WARNING,
        STYLE_CRITICAL,
        STYLE_COUNT,
};

struct terminal {
        FILE *out;
        unsigned width; /* columns */
        bool colour;
        bool utf8; /* else every character becomes ASCII of the same width */
};

/* Width from the terminal, else from $COLUMNS; UTF-8 when the first of LC_ALL, LC_CTYPE, LANG that
 * is set says so; colour on a terminal, unless no_colour or $NO_COLOR. */
void terminal_init(struct terminal *t, FILE *out, bool no_colour);

/* The columns that terminal_put needs for s. */
size_t terminal_columns(const char *s);

/* Prints text. Control characters, invalid UTF-8 and characters that reorder or hide what stands
 * around them are replaced. */
void terminal_put(const struct terminal *t, enum style style, const char *s);
void terminal_print(const struct terminal *t, enum style style, const char *format, ...)
        _printf_(3, 4);

/* terminal_print and a newline: a newline in the text would be replaced. */
void terminal_line(const struct terminal *t, enum style style, const char *format, ...)
        _printf_(3, 4);

/* terminal_put in exactly `columns` columns: cut with an ellipsis, or filled up with spaces on the
 * right (left when align_right). */
void terminal_put_field(const struct terminal *t, enum style style, const char *s, size_t columns,
                        bool align_right);

/* The same on the left, cut in the middle: a long name's end says as much as its beginning. */
void terminal_put_path(const struct terminal *t, enum style style, const char *s, size_t columns);

void terminal_spaces(const struct terminal *t, size_t count);

/* Prints s in lines of at most the terminal's width (and TERMINAL_PROSE_MAX), broken at spaces,
 * ending with a newline. The cursor stands at `column`; the lines that follow start at `indent`. */
void terminal_wrap(const struct terminal *t, enum style style, size_t column, size_t indent,
                   const char *s);
