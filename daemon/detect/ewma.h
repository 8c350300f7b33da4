/* SPDX-License-Identifier: MIT */
/* Exponentially weighted level and spread of an irregularly sampled series, optionally robust.
 *
 * A sample stands for the time dt since the one before it: with decay d = exp(-dt / tau) everything
 * known is weighted by d and the sample by 1 - d. Mean and variance are kept as running centred
 * sums (D. H. D. West, "Updating mean and variance estimates", CACM 22(9), 1979), so nothing
 * overflows or cancels. Weights are normalised by their sum: there is no bias towards the first
 * value, and a count of "effective" time says how much is known.
 *
 * Robust: once the spread is known, a sample is taken at most `clip` spreads from the level
 * (P. J. Huber, "Robust estimation of a location parameter", Ann. Math. Stat. 35, 1964), so one
 * outlier moves the level by at most clip * spread * (1 - d) however far it lies. */
#pragma once

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

struct ewma {
        double mean;   /* unit of the value */
        double weight; /* sum of weights, 0 ... 1; a double, since what three days remember changes
                          by little in a second */
        float square;  /* weighted sum of squared deviations: bounds outliers, to 1e-7 */
        uint32_t count;
};

/* What a sample weighs, for series of one tau and weight that are fed at the same times: its
 * exponential and its division are most of the work of a sample. Begins as zeros. */
struct ewma_gain {
        double dt, tau, weight;
        double gain, share, next; /* of the sample; over the new sum of weights; that sum */
};

struct ewma_answer {
        double level;   /* unit of the value */
        double spread;  /* one standard deviation, >= the floor given */
        double seconds; /* how much time it was learned from, at most several tau */
        uint64_t count; /* samples behind it */
};

/* Below this many samples the spread says nothing about outliers, so nothing is clipped. */
enum { EWMA_CLIP_FROM = 8 };

void ewma_gain_make(struct ewma_gain *g, double dt, double tau, double weight);
double ewma_clip(const struct ewma *e, double clip, double floor, double deviation);

/* gain: zeros, or shared with others. */
static inline void ewma_weigh(const struct ewma *e, double tau, double dt, struct ewma_gain *gain)
{
        if (gain->dt != dt || gain->tau != tau || gain->weight != e->weight)
                ewma_gain_make(gain, dt, tau, e->weight);
}

/* Takes a value that is finite and not the first one, without its spread: that of one who asks for
 * the level only. */
static inline void ewma_follow(struct ewma *e, double value, const struct ewma_gain *gain)
{
        e->mean += (value - e->mean) * gain->share;
        e->weight = gain->next;
        e->count += e->count != UINT32_MAX;
}

/* The same with its spread. */
static inline void ewma_take(struct ewma *e, double clip, double value, double floor,
                             const struct ewma_gain *gain)
{
        double deviation = value - e->mean;
        /* The square root only where it is needed. */
        if (clip > 0 && e->count >= EWMA_CLIP_FROM && !(fabs(deviation) <= clip * floor) &&
            !(deviation * deviation * e->weight <= clip * clip * (double)e->square))
                deviation = ewma_clip(e, clip, floor, deviation);
        double step = deviation * gain->share;
        double square =
                (double)e->square * (1 - gain->gain) + gain->gain * deviation * (deviation - step);
        e->mean += step;
        e->weight = gain->next;
        /* What is nothing to a float stays away from the numbers that processors are slow with. */
        e->square = square > 1e-36 ? (float)square : 0;
        e->count += e->count != UINT32_MAX;
}

/* One sample. It begins as zeros. tau > 0 in seconds; clip 0 (not robust) or >= 1 spreads. dt:
 * seconds since the one before, which must be above 0 except of the first one, else the sample is
 * ignored (false), as is a value that is not finite. floor: the smallest spread that is believed,
 * in the value's unit, >= 0: the clip never closes tighter. The result is the same with a gain that
 * is shared. In the header since a tick asks for a hundred of them. */
static inline bool ewma_add(struct ewma *e, double tau, double clip, double dt, double value,
                            double floor, struct ewma_gain *gain)
{
        if (!isfinite(value))
                return false;
        if (e->count == 0) {
                /* The first sample stands for no time at all; a small weight keeps it in the mean
                 * until others come, and is forgotten with them. */
                *e = (struct ewma){ .mean = value, .weight = 1e-6, .count = 1 };
                return true;
        }
        if (!(dt > 0))
                return false;
        ewma_weigh(e, tau, dt, gain);
        ewma_take(e, clip, value, floor, gain);
        return true;
}

/* Level and spread, or false while there were fewer than min_count samples (at least 2). */
bool ewma_read(const struct ewma *e, double tau, double floor, uint64_t min_count,
               struct ewma_answer *ret);
