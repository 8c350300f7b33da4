/* SPDX-License-Identifier: MIT */
/* "did you mean SUnreclaim?" */
#pragma once

#include <stddef.h>

enum { SUGGEST_TEXT_MAX = 96 };

struct suggestion {
        const char *word;
        const char *best; /* NULL: nothing near */
        unsigned distance;
};

void suggestion_init(struct suggestion *s, const char *word);

/* Offers a known word, which must live as long as s is used. The nearest stays: fewest letters
 * changed, left out, added or swapped; a difference in case counts least. */
void suggestion_offer(struct suggestion *s, const char *known);

/* "; did you mean SUnreclaim?", or "" when nothing known is near. Returns buffer. */
const char *suggestion_text(const struct suggestion *s, char buffer[SUGGEST_TEXT_MAX]);
