/* SPDX-License-Identifier: MIT */
/* Finds the known word that a mistyped one was meant to be: the optimal string alignment distance
 * (Damerau 1964, without editing a swapped pair again). */
#include "config/suggest.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"

/* Names are at most 63 bytes; a longer word is no slip of the finger. */
enum { WORD_MAX = 63, LETTER = 4, CASE = 1 };

static char lower(char c)
{
        return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static unsigned cost(char a, char b)
{
        if (a == b)
                return 0;
        return lower(a) == lower(b) ? CASE : LETTER;
}

static unsigned distance(const char *a, const char *b)
{
        unsigned rows[3][WORD_MAX + 1], *before = rows[0], *above = rows[1], *row = rows[2];
        size_t n = strlen(a), m = strlen(b);

        if (n > WORD_MAX || m > WORD_MAX)
                return UINT_MAX;
        for (size_t k = 0; k <= m; k++)
                row[k] = (unsigned)k * LETTER;
        for (size_t i = 1; i <= n; i++) {
                unsigned *oldest = before;

                before = above;
                above = row;
                row = oldest;
                row[0] = (unsigned)i * LETTER;
                for (size_t k = 1; k <= m; k++) {
                        unsigned edit = MIN_OF(above[k], row[k - 1]) + LETTER;

                        row[k] = MIN_OF(edit, above[k - 1] + cost(a[i - 1], b[k - 1]));
                        if (i > 1 && k > 1 && lower(a[i - 1]) == lower(b[k - 2]) &&
                            lower(a[i - 2]) == lower(b[k - 1]))
                                row[k] = MIN_OF(row[k], before[k - 2] + LETTER);
                }
        }
        return row[m];
}

void suggestion_init(struct suggestion *s, const char *word)
{
        *s = (struct suggestion){ .word = word, .distance = UINT_MAX };
}

void suggestion_offer(struct suggestion *s, const char *known)
{
        unsigned d = distance(s->word, known);
        size_t length = strlen(s->word);

        /* A third of the letters may be wrong: further away is another word. */
        if (length >= 3 && d <= length / 3 * LETTER && d < s->distance) {
                s->best = known;
                s->distance = d;
        }
}

const char *suggestion_text(const struct suggestion *s, char buffer[SUGGEST_TEXT_MAX])
{
        buffer[0] = 0;
        if (s->best)
                snprintf(buffer, SUGGEST_TEXT_MAX, "; did you mean %s?", s->best);
        return buffer;
}
