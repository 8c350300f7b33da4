/* SPDX-License-Identifier: MIT */
/* The largest rises of the last seven days by time of day. */
#include "detect/season.h"

#include <float.h>
#include <math.h>

#include "base/macros.h"
#include "base/number.h"

enum { KEPT = SEASON_DAYS * SEASON_SLOTS };

void season_init(struct season *s, struct season_past *past)
{
        *s = (struct season){ .past = past };
}

enum { PARTS = 8, CODE_FIRST = 1, CODE_LAST = 255 }; /* of an octave */

/* Of the octaves that a byte spans, so many lie above what is stored first. */
static const double ROOM = 8;

static uint8_t *cell(struct season *s, int64_t slot)
{
        uint64_t kept = (uint64_t)slot % KEPT;
        return &s->past->most[kept / SEASON_SLOTS][kept % SEASON_SLOTS];
}

/* Read from a file it may be anything: then nothing is known. */
static bool has_scale(const struct season_past *past)
{
        return past->least > 0 && past->least <= FLT_MAX;
}

static double value_of(const struct season_past *past, uint8_t code)
{
        return code && has_scale(past)
                       ? (double)past->least * exp2((double)(code - CODE_FIRST) / PARTS)
                       : 0;
}

/* Makes room above: what is too small for a byte then is nothing. */
static void raise_least(struct season_past *past, unsigned parts)
{
        uint8_t *all = &past->most[0][0];
        for (unsigned i = 0; i < KEPT; i++)
                all[i] = all[i] > parts ? (uint8_t)(all[i] - parts) : 0;
        past->least *= (float)exp2((double)parts / PARTS);
}

static uint8_t code_of(struct season_past *past, double value)
{
        const double most = (double)(CODE_LAST - CODE_FIRST) / PARTS - ROOM;
        if (!(value > 0) || value < FLT_MIN || value > (double)FLT_MAX)
                return 0;
        if (!has_scale(past))
                past->least = fmaxf((float)(value / exp2(most)), FLT_MIN);
        double code = floor(log2(value / (double)past->least) * PARTS + 0.5) + CODE_FIRST;
        if (code > CODE_LAST) {
                unsigned parts = (unsigned)code - CODE_LAST;
                raise_least(past, parts);
                code = CODE_LAST;
        }
        return code < CODE_FIRST ? 0 : (uint8_t)code;
}

/* The second largest of what the other days had near this time of day. */
static double look_up(const struct season *s, int64_t slot)
{
        if (!s->begun)
                return 0;
        unsigned today = (unsigned)((uint64_t)slot % KEPT / SEASON_SLOTS);
        int time_of_day = (int)((uint64_t)slot % SEASON_SLOTS);
        uint8_t first = 0, second = 0;
        for (unsigned day = 1; day < SEASON_DAYS; day++) {
                uint8_t most = 0;
                for (int near = -SEASON_NEAR; near <= SEASON_NEAR; near++) {
                        /* Near midnight the neighbours lie on the day before or after. */
                        int at = time_of_day + near + SEASON_SLOTS;
                        unsigned row =
                                (today + day + (unsigned)(at / SEASON_SLOTS) + SEASON_DAYS - 1) %
                                SEASON_DAYS;
                        if (row == today)
                                continue;
                        most = MAX_OF(most, s->past->most[row][at % SEASON_SLOTS]);
                }
                if (most > first) {
                        second = first;
                        first = most;
                } else if (most > second) {
                        second = most;
                }
        }
        return value_of(s->past, second);
}

static void change_slot(struct season *s, int32_t slot)
{
        if (slot == s->slot)
                return;
        if (s->slot != 0) {
                *cell(s, s->slot) = code_of(s->past, (double)s->now);
                s->begun = true;
                int64_t missed = (int64_t)slot - s->slot - 1;
                for (int64_t i = 1; i <= missed && i < KEPT; i++)
                        *cell(s, s->slot + i) = 0;
        }
        /* After a step back the half hour is lived again: what it had, it keeps. */
        s->now = slot < s->slot ? (float)value_of(s->past, *cell(s, slot)) : 0;
        s->slot = slot;
        s->expected = (float)look_up(s, slot);
}

void season_add_slowly(struct season *s, double wall, double rise)
{
        if (!isfinite(wall) || !isfinite(rise) || wall < SEASON_SECONDS)
                return;
        change_slot(s, (int32_t)floor(smaller(wall / SEASON_SECONDS, INT32_MAX)));
        if (rise > (double)s->now)
                s->now = (float)rise;
}

double season_expected(const struct season *s)
{
        return (double)s->expected;
}

unsigned season_days(const struct season *s)
{
        unsigned days = 0;
        for (size_t day = 0; s->begun && day < SEASON_DAYS; day++) {
                bool any = false;
                for (size_t i = 0; i < SEASON_SLOTS && !any; i++)
                        any = s->past->most[day][i] > 0;
                days += any;
        }
        return days;
}
