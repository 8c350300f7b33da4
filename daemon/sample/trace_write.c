/* SPDX-License-Identifier: MIT */
/* Writes traces that trace_read.c reads back to the same numbers. */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "sample/trace.h"

/* What a stdio function returned, as negative errno. */
static int status(int printed)
{
        return printed < 0 ? -(errno ? errno : EIO) : 0;
}

int trace_write_header(FILE *out)
{
        int r = status(fputs("time", out));

        for (size_t i = 0; i < FIELD_KNOWN_COUNT && r == 0; i++)
                r = status(fprintf(out, ",%s", field_name((enum field)i)));
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

int trace_write_row(FILE *out, const struct sample *s)
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
        return r < 0 ? r : status(fprintf(out, ",%s\n", host_kind_name(s->kind)));
}
