/* SPDX-License-Identifier: MIT */
/* The difference between all memory and all that the kernel accounts for. */
#include "sample/unaccounted.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/macros.h"
#include "sample/meminfo.h"

static const char *past_spaces(const char *at, const char *end)
{
        while (at < end && *at == ' ')
                at++;
        return at;
}

/* Digits, NaN when there are none or too many. */
static double digits(const char *at, const char *end)
{
        const char *first = at;
        double value = 0;

        for (; at < end && *at >= '0' && *at <= '9'; at++)
                value = value * 10 + (*at - '0');
        return at > first && at - first <= 15 ? value : NAN;
}

/* "              count:    12" */
void unaccounted_zoneinfo_line(const char *line, double *pages)
{
        const char *end = line + strlen(line), *at = past_spaces(line, end);

        if (strncmp(at, "count:", strlen("count:")) != 0)
                return;
        double count = digits(past_spaces(at + strlen("count:"), end), end);
        if (!isnan(count))
                *pages += count;
}

/* The value of "KEY: 123 kB" at the start of a line, in bytes; 0 when there is none. */
static double line_of(const char *text, size_t size, const char *key)
{
        const char *end = text + size;
        size_t length = strlen(key);

        for (const char *line = text; line < end;) {
                const char *newline = memchr(line, '\n', (size_t)(end - line));
                const char *stop = newline ? newline : end;

                if ((size_t)(stop - line) > length && memcmp(line, key, length) == 0) {
                        double value = digits(past_spaces(line + length, stop), stop);

                        return isnan(value) ? 0 : value * 1024;
                }
                line = stop + 1;
        }
        return 0;
}

double unaccounted_bytes(const char *text, size_t size, bool stacks_in_vmalloc, double list_bytes)
{
        static const enum field needed[] = { FIELD_MEM_FREE, FIELD_CACHED, FIELD_ANON_PAGES,
                                             FIELD_SLAB };
        static const enum field others[] = { FIELD_BUFFERS, FIELD_VMALLOC_USED, FIELD_PAGE_TABLES,
                                             FIELD_SEC_PAGE_TABLES, FIELD_PERCPU };
        double values[FIELD_MEMINFO_COUNT];

        (void)meminfo_parse(text, size, values);
        double rest = values[FIELD_MEM_TOTAL] - list_bytes;
        for (size_t i = 0; i < ELEMENTS_OF(needed); i++)
                rest -= values[needed[i]];
        for (size_t i = 0; i < ELEMENTS_OF(others); i++)
                rest -= isnan(values[others[i]]) ? 0 : values[others[i]];
        if (!stacks_in_vmalloc && !isnan(values[FIELD_KERNEL_STACK]))
                rest -= values[FIELD_KERNEL_STACK];
        return rest - line_of(text, size, "SwapCached:") - line_of(text, size, "Hugetlb:");
}

void unaccounted_init(struct unaccounted *u)
{
        *u = (struct unaccounted){ 0 };
}

void unaccounted_add(struct unaccounted *u, double bytes)
{
        if (isnan(bytes))
                return;
        u->values[u->next] = bytes;
        u->next = (u->next + 1) % UNACCOUNTED_VALUES;
        if (u->count < UNACCOUNTED_VALUES)
                u->count++;
}

double unaccounted_median(const struct unaccounted *u)
{
        double sorted[UNACCOUNTED_VALUES] = { 0 };

        if (u->count < 3)
                return NAN;
        for (unsigned i = 0; i < u->count; i++) {
                unsigned place = i;

                for (; place > 0 && sorted[place - 1] > u->values[i]; place--)
                        sorted[place] = sorted[place - 1];
                sorted[place] = u->values[i];
        }
        unsigned middle = u->count / 2;
        return u->count % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
