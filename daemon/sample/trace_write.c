/* SPDX-License-Identifier: MIT */
/* Writes traces that trace_read.c reads back to the same numbers. */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sample/trace.h"

/* What a stdio function returned, as negative errno. */
static int status(int printed)
{
        return printed < 0 ? -(errno ? errno : EIO) : 0;
}

/* What the reader takes is a line of 256 KiB and FIELD_TABLE_MAX columns; the known ones need less
 * than this. */
enum { HEADER_BYTES = 240 * 1024, COLUMNS_MAX = FIELD_TABLE_MAX - 2 * FIELD_KNOWN_COUNT };

static int by_name(const void *a, const void *b, void *userdata)
{
        const struct members *m = userdata;
        return strcmp(m->names[*(const unsigned *)a], m->names[*(const unsigned *)b]);
}

unsigned trace_members_choose(const struct members *m, struct trace_members *ret)
{
        unsigned rows[MEMBERS_MAX], count = 0, left = 0;
        size_t bytes = 0;

        ret->count = 0;
        for (unsigned i = 0; i < m->used; i++)
                if (m->keys[i])
                        rows[count++] = i;
        qsort_r(rows, count, sizeof(*rows), by_name, (void *)m);
        for (unsigned i = 0; i < count; i++) {
                bytes += strlen(m->names[rows[i]]) + 1;
                if (bytes > HEADER_BYTES || ret->count == COLUMNS_MAX)
                        left++;
                else
                        ret->keys[ret->count++] = m->keys[rows[i]];
        }
        return left;
}

int trace_write_members_header(FILE *out, const struct members *table,
                               const struct trace_members *members)
{
        int r = status(fputs("time", out));

        for (size_t i = 0; i < FIELD_KNOWN_COUNT && r == 0; i++)
                r = status(fprintf(out, ",%s", field_name((enum field)i)));
        for (unsigned i = 0; members && i < members->count && r == 0; i++)
                r = status(
                        fprintf(out, ",%s", table->names[members_find(table, members->keys[i])]));
        return r < 0 ? r : status(fputs(",host_kind\n", out));
}

static int write_number(FILE *out, double number)
{
        char text[40];

        if (number == floor(number) && fabs(number) < 0x1p53)
                return fprintf(out, ",%lld", (long long)number);

        /* Shares of a KiB occur only in copies of foreign traces. 17 digits give the double back;
         * a locale may have put its own decimal sign in. */
        (void)snprintf(text, sizeof(text), "%.17g", number);
        char *comma = strchr(text, ',');
        if (comma)
                *comma = '.';
        return fprintf(out, ",%s", text);
}

int trace_write_members_row(FILE *out, const struct sample *s, const struct trace_members *members)
{
        /* The reader's range, less what rounding could add. */
        if (!(s->time >= 0 && s->time < 253402300799.0))
                return -EINVAL;

        uint64_t milliseconds = (uint64_t)llround(s->time * 1000);
        int r = status(fprintf(out, "%llu.%03u", (unsigned long long)(milliseconds / 1000),
                               (unsigned)(milliseconds % 1000)));

        for (size_t i = 0; i < FIELD_KNOWN_COUNT && r == 0; i++) {
                double value = s->values[i];

                if (!isfinite(value))
                        r = status(fputc(',', out));
                else if (field_unit(i) == FIELD_BYTES)
                        r = status(write_number(out, value / 1024));
                else
                        r = status(write_number(out, value));
        }
        for (unsigned i = 0; members && i < members->count && r == 0; i++) {
                int row = members_find(s->members, members->keys[i]);
                double value = row >= 0 ? s->members->values[row] : NAN;
                r = status(isfinite(value) ? write_number(out, value / 1024) : fputc(',', out));
        }
        return r < 0 ? r : status(fprintf(out, ",%s\n", host_kind_name(s->kind)));
}

int trace_write_header(FILE *out)
{
        return trace_write_members_header(out, NULL, NULL);
}

int trace_write_row(FILE *out, const struct sample *s)
{
        return trace_write_members_row(out, s, NULL);
}
