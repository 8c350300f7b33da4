/* SPDX-License-Identifier: MIT */
/* The largest rises of the last seven days by time of day. */
#include "detect/season.h"

#include <math.h>

#include "base/number.h"

enum { SLOT_SECONDS = 86400 / SEASON_SLOTS, KEPT = SEASON_DAYS * SEASON_SLOTS };

void season_init(struct season *s, struct season_past *past)
{
        *s = (struct season){ .past = past };
}

static float *cell(struct season *s, int64_t slot)
{
        uint64_t kept = (uint64_t)slot % KEPT;
        return &s->past->most[kept / SEASON_SLOTS][kept % SEASON_SLOTS];
}

/* The second largest of what the other days had near this time of day. */
static double look_up(const struct season *s, int64_t slot)
{
        if (!s->begun)
                return 0;
        unsigned today = (unsigned)((uint64_t)slot % KEPT / SEASON_SLOTS);
        int time_of_day = (int)((uint64_t)slot % SEASON_SLOTS);
        double first = 0, second = 0;
        for (unsigned day = 1; day < SEASON_DAYS; day++) {
                double most = 0;
                for (int near = -SEASON_NEAR; near <= SEASON_NEAR; near++) {
                        /* Near midnight the neighbours lie on the day before or after. */
                        int at = time_of_day + near + SEASON_SLOTS;
                        unsigned row =
                                (today + day + (unsigned)(at / SEASON_SLOTS) + SEASON_DAYS - 1) %
                                SEASON_DAYS;
                        if (row == today)
                                continue;
                        most = larger(most, (double)s->past->most[row][at % SEASON_SLOTS]);
                }
                if (most > first) {
                        second = first;
                        first = most;
                } else if (most > second) {
                        second = most;
                }
        }
        return second;
}

void season_add(struct season *s, double wall, double rise)
{
        if (!isfinite(wall) || !isfinite(rise) || wall < SLOT_SECONDS)
                return;
        double begins = (double)s->slot * SLOT_SECONDS;
        bool same = wall >= begins && wall < begins + SLOT_SECONDS;
        int64_t slot = same ? s->slot : (int64_t)floor(wall / SLOT_SECONDS);
        if (slot != s->slot) {
                if (s->slot != 0) {
                        *cell(s, s->slot) = (float)s->now;
                        s->begun = true;
                        int64_t missed = slot - s->slot - 1;
                        for (int64_t i = 1; i <= missed && i < KEPT; i++)
                                *cell(s, s->slot + i) = 0;
                }
                /* After a step back the half hour is lived again: what it had, it keeps. */
                s->now = slot < s->slot ? (double)*cell(s, slot) : 0;
                s->slot = slot;
                s->expected = look_up(s, slot);
        }
        s->now = larger(s->now, rise);
}

double season_expected(const struct season *s)
{
        return s->expected;
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
