/* SPDX-License-Identifier: MIT */
/* Which records of the past to keep: the gaps between them grow with their age, so that a count of
 * records that grows with the logarithm of time answers for every horizon. */
#include "culprit/history_internal.h"

#include <math.h>

/* Two neighbours of a record may be this share of its age apart for it to be superfluous. So a gap
 * is at most that share of its newer end's age, and whoever asks for a time T back finds a record
 * at most a quarter older. And no two gaps in a row are together smaller, so that with one record
 * a minute there are at most 2 ln(13 d / 8 min) / ln(5/4) = 70, and the 8 of the last minutes. */
static const double SHARE = 0.25;

bool history_superfluous(const double *times, unsigned count, double step, unsigned *ret)
{
        double newest = times[count - 1];

        for (unsigned i = 1; i + 1 < count; i++) {
                double gap = times[i + 1] - times[i - 1], age = newest - times[i + 1];

                if (gap <= fmax(SHARE * age, 1.5 * step)) {
                        *ret = i;
                        return true;
                }
        }
        return false;
}

unsigned history_least(const double *times, unsigned count)
{
        double newest = times[count - 1], smallest = INFINITY;
        unsigned least = 0;

        for (unsigned i = 1; i + 1 < count; i++) {
                double age = newest - times[i] + 1;
                double missed = (times[i + 1] - times[i - 1]) / age;

                if (missed < smallest) {
                        smallest = missed;
                        least = i;
                }
        }
        return least;
}
