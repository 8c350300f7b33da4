/* SPDX-License-Identifier: MIT */
/* Writes traces that trace_read.c reads back to the same numbers. */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "sample/trace.h"

static int status(const FILE *out, int printed)
{
        (void)out;
        return printed < 0 ? -(errno ? errno : EIO) : 0;
}

int trace_write_header(FILE *out)
{
        int r = status(out, fputs("time", out));

        for (size_t i = 0; i < FIELD_KNOWN_COUNT && r == 0; i++)
                r = status(out, fprintf(out, ",%s", field_name((enum field)i)));
        return r < 0 ? r : status(out, fputs(",host_kind\n", out));
}

static int write_number(FILE *out, double number)
{
        char text[40];

        if (number == floor(number) && fabs(number) < 0x1p53)
                return fprintf(out, ",%lld", (long long)number);

        /* Shares of a KiB occur only in copies of foreign traces. 17 digits give the double back;
         * a locale may have put its own decimal sign in. */
        (void)snprintf(text, sizeof(text), "%.17g", number);
        text[strcspn(text, ",")] = text[strcspn(text, ",")] ? '.' : '\0';
        return fprintf(out, ",%s", text);
}

int trace_write_row(FILE *out, const struct sample *s)
{
        /* The reader's range. */
        if (!(s->time >= 0 && s->time < 253402300800.0))
                return -EINVAL;

        uint64_t milliseconds = (uint64_t)llround(s->time * 1000);
        int r = status(out, fprintf(out, "%llu.%03u", (unsigned long long)(milliseconds / 1000),
                                    (unsigned)(milliseconds % 1000)));

        for (size_t i = 0; i < FIELD_KNOWN_COUNT && r == 0; i++) {
                double value = s->values[i];

                if (!isfinite(value))
                        r = status(out, fputc(',', out));
                else if (field_unit(i) == FIELD_BYTES)
                        r = status(out, write_number(out, value / 1024));
                else
                        r = status(out, write_number(out, value));
        }
        return r < 0 ? r : status(out, fprintf(out, ",%s\n", host_kind_name(s->kind)));
}
