/* SPDX-License-Identifier: MIT */
/* The values of a rule test are lists with commas, their items words with spaces between. This
 * walks through the words of an item. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"
#include "config/keys.h"

enum { WORDS_MAX = 64 }; /* of an item; the longest that makes sense has 30 */

struct words {
        char *list[WORDS_MAX];
        unsigned count, next;
        char *error; /* KEY_ERROR_MAX bytes */
};

/* Splits the item in place; the word "the" is left out: "the end of leak" reads better. -EINVAL
 * with error when there are too many. */
int words_init(struct words *w, char *item, char error[KEY_ERROR_MAX]);

/* Writes the error; -EINVAL. */
int words_refuse(struct words *w, const char *format, ...) _printf_(2, 3);

const char *words_peek(const struct words *w); /* the next word, NULL at the end */
const char *words_take(struct words *w);       /* the same, and goes on */
bool words_take_if(struct words *w, const char *word);

/* 0 when the next word is this one, and goes on. */
int words_need(struct words *w, const char *word);

/* "1h 30min": words up to the next that is no part of a duration. */
int words_duration(struct words *w, double *ret);

/* 0 at the end of the item. */
int words_end(struct words *w);

/* The next item of a list with commas, trimmed, or NULL; *rest begins as the value and is cut. */
char *words_item(char **rest);
