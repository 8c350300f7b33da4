/* SPDX-License-Identifier: MIT */
/* Asks for memory before it is needed. */
#pragma once

enum { CACHE_LINE = 64 }; /* bytes; elsewhere than on x86 a guess that costs little */

/* From begin up to end. The processor fetches several lines at once that way; code that reads them
 * one after the other waits for each. */
static inline void prefetch(const void *begin, const void *end)
{
        for (const char *line = begin; line < (const char *)end; line += CACHE_LINE)
                __builtin_prefetch(line);
}
