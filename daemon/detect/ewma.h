/* SPDX-License-Identifier: MIT */
/* Exponentially weighted level and spread of an irregularly sampled series, optionally robust.
 *
 * A sample stands for the time since the one before it: with decay d = exp(-dt / tau) everything
 * known is weighted by d and the sample by 1 - d. Mean and variance are kept as running centred
 * sums (D. H. D. West, "Updating mean and variance estimates", CACM 22(9), 1979), so nothing
 * overflows or cancels. Weights are normalised by their sum: there is no bias towards the first
 * value, and a count of "effective" time says how much is known.
 *
 * Robust: once the spread is known, a sample is taken at most `clip` spreads from the level
 * (P. J. Huber, "Robust estimation of a location parameter", Ann. Math. Stat. 35, 1964), so one
 * outlier moves the level by at most clip * spread * (1 - d) however far it lies. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

struct ewma {
        double tau;    /* seconds; memory of the estimate */
        double clip;   /* spreads; 0: not robust */
        double weight; /* sum of weights, 0 ... 1 */
        double mean;   /* unit of the value */
        double square; /* weighted sum of squared deviations */
        double time;   /* of the last sample, seconds */
        uint64_t count;
};

/* What a sample weighs, for series of one tau that are fed at the same times: its exponential is
 * most of the work of a sample. Begins as zeros. */
struct ewma_gain {
        double dt, tau, gain;
};

struct ewma_answer {
        double level;   /* unit of the value */
        double spread;  /* one standard deviation, >= the floor given */
        double seconds; /* how much time it was learned from, at most several tau */
        uint64_t count; /* samples behind it */
};

/* tau > 0 in seconds; clip 0 or >= 1. */
void ewma_init(struct ewma *e, double tau, double clip);

/* One sample. time must advance (a sample at or before the last is ignored, returns false). floor:
 * the smallest spread that is believed, in the value's unit, >= 0: the clip never closes tighter. A
 * value that is not finite is ignored. shared: NULL, or with others; the result is the same. */
_hot_ bool ewma_add(struct ewma *e, double time, double value, double floor,
                    struct ewma_gain *shared);

/* Lets time pass without a sample: after a gap what was learned stays, and the next sample does not
 * stand for the whole gap. */
_hot_ void ewma_skip(struct ewma *e, double time);

/* Level and spread, or false while there were fewer than min_count samples (at least 2). */
bool ewma_read(const struct ewma *e, double floor, uint64_t min_count, struct ewma_answer *ret);

/* Takes `level` as known from now on, keeping the spread: a lasting new level was adopted. */
void ewma_rebase(struct ewma *e, double level);
