/* SPDX-License-Identifier: MIT */
/* Linear regression over several sliding horizons at once, in fixed memory.
 *
 * The series is averaged into buckets; each level keeps the last TREND_BUCKETS of them and its
 * buckets are TREND_FACTOR times as wide as those of the level below, fed from finished buckets of
 * that level. With 4 s as the first width the horizons are 64 s, 4.3 min, 17 min, 68 min, 4.6 h,
 * 18 h, 3 d and 12 d. A sample costs O(1): a running mean, and every 4th, 16th ... time a bucket
 * is finished and one regression over 16 points is done.
 *
 * Beside its mean a bucket keeps its low: the smallest mean of the buckets that went into it. Work
 * that comes and goes lifts the means and leaves the lows, a leak lifts both: the lower envelope is
 * what is tested for growth from the second level on.
 *
 * Slope and standard error are those of ordinary least squares on the lows. Averaging into
 * buckets removes the correlation of neighbouring samples (the method of batch means; A. M. Law,
 * W. D. Kelton, "Simulation Modeling and Analysis", ch. 9); what correlation is left between the
 * residuals of neighbouring buckets widens the error through the effective number of points
 * n (1 - r1) / (1 + r1) (B. D. Santer et al., "Statistical significance of trends and trend
 * differences in layer-average atmospheric temperature time series", J. Geophys. Res. 105, 2000).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

enum {
        TREND_LEVELS = 8,
        TREND_BUCKETS =
                16, /* 14 degrees of freedom: enough for a t test, small enough to be cheap */
        TREND_FACTOR = 4,
        TREND_POINTS_MIN = 10, /* buckets with data before a level answers */
};

struct trend_bucket {
        double mean;    /* of the samples, in the value's unit */
        double low;     /* smallest mean of the buckets of the level below; level 0: the mean */
        float offset;   /* mean time of the samples, seconds after the bucket's start */
        uint32_t count; /* samples; 0: a gap */
};

struct trend_answer {
        double slope;      /* of the lows, unit per second */
        double error;      /* standard error of slope, autocorrelation included */
        double mean_slope; /* of the means, unit per second */
        double fit;        /* R squared, 0 ... 1 */
        double span;       /* seconds from the first to the last bucket's mean time */
        double first;      /* the line's value at the first bucket */
        double last;       /* the line's value at the last bucket */
        double early;      /* slope of the first half, unit per second */
        double late;       /* slope of the second half */
        double step; /* share of the rise (or fall) that the largest single step between neighbours
                        made, 0 ... 1 */
        double back; /* the largest fall below an earlier bucket, as a share of the net rise; 0 when
                        it only rises */
        unsigned points; /* buckets behind it */
        uint64_t count;  /* samples behind it */
};

/* The bucket of a level that is being filled. */
struct trend_open {
        struct trend_bucket bucket;
        int64_t number; /* floor(time / width) */
};

/* The rest of a level, first touched when it finishes a bucket. */
struct trend_level {
        struct trend_answer answer;
        struct trend_bucket
                ring[TREND_BUCKETS]; /* of finished buckets, ring[number % TREND_BUCKETS] */
};

struct trend {
        double width; /* of a bucket of level 0, seconds */
        double time;  /* of the last sample */
        bool started;
        uint8_t begun; /* bit per level: it has finished a bucket; without it all of it is zero */
        uint8_t known; /* bit per level: it has an answer */
        struct trend_open open[TREND_LEVELS];
        struct trend_level *levels; /* level i is levels[i * stride]; not owned */
        size_t stride;
};

/* width > 0: seconds of a bucket of the first level. levels: zeros, kept by the caller. So that the
 * long horizons of many series lie together, and only those are touched that were reached. */
void trend_init(struct trend *t, double width, struct trend_level *levels, size_t stride);

/* One sample; time must advance, else it is ignored (false). Values that are not finite are
 * ignored. Returns a bit per level whose answer changed. */
_hot_ unsigned trend_add(struct trend *t, double time, double value);

/* The lowest low of the last horizon of a level, the value's unit; NaN while nothing is known. */
double trend_low(const struct trend *t, unsigned level);

/* The answer of a level (0 ... TREND_LEVELS - 1), or NULL while fewer than TREND_POINTS_MIN buckets
 * have data or they span less than half of the horizon. */
static inline const struct trend_answer *trend_read(const struct trend *t, unsigned level)
{
        return level < TREND_LEVELS && t->known & 1u << level ? &t->levels[level * t->stride].answer
                                                              : NULL;
}

/* Seconds of a level's horizon. */
double trend_horizon(const struct trend *t, unsigned level);

/* Adds `amount` to everything learned: the series was rebased by a step that is no growth. */
void trend_shift(struct trend *t, double amount);
