/* SPDX-License-Identifier: MIT */
/* Breaks the words of a rule into lines: for a terminal, and for `journalctl -x`, which breaks none
 * itself. */
#include "announce/wrap.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const char SPACE[] = " \n";

/* No longer: a word that fills more lines than this is no word. */
enum { WORD_MAX = 512 };

size_t wrap_line(const char *s, size_t columns, size_t *ret_next)
{
        size_t best = 0, used = 0;

        for (size_t i = 0;;) {
                size_t word = strcspn(s + i, SPACE);
                char copy[WORD_MAX];

                snprintf(copy, sizeof(copy), "%.*s", (int)word, s + i);
                used += utf8_width(copy);
                if (best > 0 && used > columns)
                        break;
                best = i + word;
                if (!s[best])
                        break;
                used++; /* the space */
                i = best + 1;
        }
        *ret_next = best + strspn(s + best, SPACE);
        return best;
}

char *wrap_text(const char *s, size_t columns, char *buffer, size_t size)
{
        struct text t;

        text_init(&t, buffer, size);
        while (*s) {
                size_t next, length = wrap_line(s, columns, &next);

                text_add(&t, "%s%.*s", t.length ? "\n" : "", (int)length, s);
                s += next;
        }
        return buffer;
}
