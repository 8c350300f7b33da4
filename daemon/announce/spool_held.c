/* SPDX-License-Identifier: MIT */
/* Writes and reads what the courier says of events that it holds back. */
#include "announce/spool_held.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"

enum { FORMAT = 1 };

size_t spool_held_format(const struct spool_held *held, char ret[SPOOL_HELD_MAX])
{
        return (size_t)snprintf(ret, SPOOL_HELD_MAX,
                                "%d %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
                                FORMAT, held->written, held->until, held->last, held->due,
                                held->since);
}

bool spool_held_parse(const char *text, struct spool_held *ret)
{
        char copy[SPOOL_HELD_MAX], *save = NULL;
        struct spool_held held = { 0 };
        uint64_t format = 0, *const numbers[] = { &format,    &held.written, &held.until,
                                                  &held.last, &held.due,     &held.since };
        size_t count = 0, length = strlen(text);
        if (length == 0 || length >= sizeof(copy) || text[length - 1] != '\n')
                return false;
        memcpy(copy, text, length);
        copy[length - 1] = '\0';
        for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
                if (count == ELEMENTS_OF(numbers) || parse_u64(word, numbers[count]) < 0)
                        return false;
                count++;
        }
        if (count != ELEMENTS_OF(numbers) || format != FORMAT)
                return false;
        *ret = held;
        return true;
}

double spool_held_waits_since(const struct spool_held *held, uint64_t sequence, double written,
                              double now)
{
        if (!held || sequence > held->last)
                return written;
        if (held->due > 0 && sequence >= held->due)
                return (double)held->since <= now ? fmax(written, (double)held->since) : written;
        /* A clock that was set makes it look old or not written yet: until the next round. */
        if ((double)held->until > now)
                return fabs(now - (double)held->written) <= SPOOL_HELD_FRESH &&
                                       (double)held->until - now <= SPOOL_HELD_AHEAD_MAX
                               ? NAN
                               : written;
        return fmax(written, (double)held->until);
}
