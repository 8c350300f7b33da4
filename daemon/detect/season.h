/* SPDX-License-Identifier: MIT */
/* What happens every day at the same hour: backup, updatedb, log rotation.
 *
 * For each half hour of the last seven days the largest rise above the recent low is kept. What was
 * seen at about this time on at least two of these days is expected: the second largest of the
 * seven counts, so a job of every night, of working days only, or of one that was missed once is
 * expected from its third time on, and a single accident never is. */
#pragma once

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

enum {
        SEASON_DAYS = 7,
        SEASON_SLOTS = 48, /* of a day: half an hour is how exactly jobs keep their time */
        SEASON_SECONDS = 86400 / SEASON_SLOTS,
        SEASON_NEAR = 2, /* slots before and after that count as the same time: daylight saving
                            moves everything by an hour twice a year */
};

struct season {
        struct season_past *past; /* not owned */
        int32_t slot;             /* the running half hour since 1970; 0: not started */
        float now;                /* its largest rise so far */
        float expected;           /* for it, from the other days */
        bool begun;               /* something stands in it; else it is all zeros */
};

/* The half hours before: the largest rise as a byte, in eighths of its binary logarithm above
 * `least` and one more; 0 none. So it is known to 4.5 %, where what exceeds it by less than half is
 * that again, and reaches down to a part in 2^31 of the largest one. */
struct season_past {
        float least; /* the value's unit */
        uint8_t most[SEASON_DAYS][SEASON_SLOTS];
};

/* past: zeros, kept by the caller. */
void season_init(struct season *s, struct season_past *past);

/* One rise (value less recent low, >= 0) at a wall time in Unix seconds. Time may step and leave
 * gaps: half hours that nobody saw count as quiet. */
static inline void season_add(struct season *s, double wall, double rise);
void season_add_slowly(struct season *s, double wall, double rise);

/* The rise that is expected at the time of the last sample; 0 when nothing is. */
double season_expected(const struct season *s);

/* On how many of the seven days anything was seen, 0 to SEASON_DAYS. */
unsigned season_days(const struct season *s);

/* Nearly every sample lies in the same half hour as the one before; in the header for them. */
static inline void season_add(struct season *s, double wall, double rise)
{
        double into = wall - (double)s->slot * SEASON_SECONDS;
        if (!(into >= 0 && into < SEASON_SECONDS && s->slot != 0 && rise < INFINITY))
                season_add_slowly(s, wall, rise);
        else if (rise > (double)s->now)
                s->now = (float)rise;
}
