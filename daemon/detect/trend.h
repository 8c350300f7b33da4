/* SPDX-License-Identifier: MIT */
/* Linear regression over several sliding horizons at once, in fixed memory.
 *
 * The series is averaged into buckets; each level keeps the last TREND_BUCKETS of them and its
 * buckets are TREND_FACTOR times as wide as those of the level below and made of its finished ones.
 * The horizons are 64 s, 4.3 min, 17 min, 68 min, 4.6 h, 18 h, 3 d and 12 d. A sample costs O(1): a
 * running mean, and every 4th, 16th ... time a bucket is finished and one line is laid through 16
 * points.
 *
 * What a bucket keeps is its low: the smallest mean of the buckets that went into it (of the first
 * level: its mean). Work that comes and goes lifts the means and leaves the lows, a leak lifts
 * both: the lower envelope is what is tested for growth. Means are kept where somebody asks for
 * them.
 *
 * It must be possible to follow a hundred thousand series for weeks, so a level is 96 bytes: lows
 * are floats relative to one of them, which is off by at most 2^-24 of what the horizon spans (a
 * page where memory has moved by 64 GiB, nothing where it has moved by less than 16 MiB); the mean
 * time of a bucket's samples is a byte; and only slope and error are kept of the answer, the rest
 * is computed when somebody asks.
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
        TREND_WIDTH = 4,       /* of a bucket of the first level, seconds */
        TREND_POINTS_MIN = 10, /* buckets with data before a level answers */
};

struct trend_answer {
        double slope; /* of the lows, unit per second */
        double error; /* standard error of slope, autocorrelation included */
        double fit;   /* R squared, 0 ... 1 */
        double span;  /* seconds from the first to the last bucket's mean time */
        double first; /* the line's value at the first bucket */
        double last;  /* the line's value at the last bucket */
        double early; /* slope of the first half, unit per second */
        double late;  /* slope of the second half */
        double step;  /* share of the rise (or fall) that the largest single step between neighbours
                         made, 0 ... 1 */
        double back; /* the largest fall below an earlier bucket, as a share of the net rise; 0 when
                        it only rises */
        unsigned points; /* buckets behind it */
};

/* The finished buckets of a level, bucket number floor(time / width) at number % TREND_BUCKETS. All
 * zeros before the first one. */
struct trend_level {
        double base;                 /* what the lows are relative to */
        float low[TREND_BUCKETS];    /* the value's unit */
        uint8_t when[TREND_BUCKETS]; /* coded mean time of the samples; 0: a gap */
        float slope;                 /* of the answer */
        float error;                 /* of the answer; NaN: not computed, see trend_error */
};

/* The means of the same buckets, and of the open one. */
struct trend_means {
        double base, open;
        float mean[TREND_BUCKETS];
};

/* The samples of a bucket that is being filled: its low is in what the level below has finished. */
struct trend_open {
        float offset;   /* their mean time, seconds after the bucket's start */
        uint32_t count; /* 0: a gap */
};

struct trend {
        double time;    /* of the last sample */
        int64_t number; /* of the open bucket of level 0, and its mean */
        double mean;
        struct trend_open open[TREND_LEVELS];
        uint32_t stride;
        double last; /* where the line of the shortest level that has an answer ends; NaN none */
        bool started;
        uint8_t last_level; /* that one */
        uint8_t begun; /* bit per level: it has finished a bucket; without it all of it is zero */
        uint8_t known; /* bit per level: it has an answer */
        struct trend_level *levels; /* level i is levels[i * stride]; not owned */
        struct trend_means *means;  /* of all levels, or NULL */
};

/* levels: zeros, kept by the caller. So that the long horizons of many series lie together, and
 * only those are touched that were reached. means: NULL, or TREND_LEVELS of zeros likewise. */
void trend_init(struct trend *t, struct trend_level *levels, size_t stride,
                struct trend_means *means);

/* One sample; time must advance, else it is ignored (false). Values that are not finite are
 * ignored. Returns a bit per level whose answer changed. */
static inline unsigned trend_add(struct trend *t, double time, double value);
_hot_ unsigned trend_add_slowly(struct trend *t, double time, double value);

/* The lowest low of the last horizon of a level, the value's unit; NaN while nothing is known. */
double trend_low(const struct trend *t, unsigned level);

/* Whether a level (0 ... TREND_LEVELS - 1) has an answer: TREND_POINTS_MIN buckets have data and
 * they span at least half of the horizon. */
static inline bool trend_knows(const struct trend *t, unsigned level)
{
        return level < TREND_LEVELS && t->known & 1u << level;
}

/* Its slope is in it. */
static inline const struct trend_level *trend_level(const struct trend *t, unsigned level)
{
        return &t->levels[(size_t)level * t->stride];
}

/* The answer of a level; false when it has none. */
_hot_ bool trend_read(const struct trend *t, unsigned level, struct trend_answer *ret);

/* What lies within so many of its standard errors is noise to everybody: then the error itself is
 * mostly not asked for, and not computed beforehand. */
#define TREND_NOISE 7.9

/* The error of a level that has an answer, and whether its slope is within TREND_NOISE of them. */
double trend_error(const struct trend *t, unsigned level);
static inline bool trend_is_noise(const struct trend_level *l)
{
        return l->error != l->error;
}

/* `step` of a level that has an answer. */
_hot_ double trend_step(const struct trend *t, unsigned level);

/* Seconds from the first to the last bucket of a level that has an answer: `span` of it. */
double trend_span(const struct trend *t, unsigned level);

/* Slope of the means of a level that has an answer, unit per second; of the lows where no means are
 * kept. */
double trend_mean_slope(const struct trend *t, unsigned level);

/* Seconds of a level's horizon. */
static inline double trend_horizon(unsigned level)
{
        return (double)((unsigned)TREND_WIDTH * TREND_BUCKETS << 2 * level); /* TREND_FACTOR is 4 */
}

/* Adds `amount` to everything learned: the series was rebased by a step that is no growth. */
void trend_shift(struct trend *t, double amount);

/* Goes on in `to`, fresh, with what another has learned. */
void trend_copy(struct trend *to, const struct trend *from);

/* floor(), which is a call: there is no instruction for it in the x86-64 of all machines. Sample
 * times are far from where it would overflow. */
static inline int64_t trend_number(double time)
{
        double number = time / TREND_WIDTH;
        int64_t towards_zero = (int64_t)number;
        return towards_zero - (number < (double)towards_zero);
}

/* Into the open bucket, which it belongs to. */
static inline void trend_add_open(struct trend *t, double time, double value)
{
        /* A division is the longest of all instructions: mostly there are few samples a bucket. */
        static const double shares[] = { 1, 1, 1.0 / 2, 1.0 / 3, 1.0 / 4, 1.0 / 5 };
        struct trend_open *open = &t->open[0];
        open->count += open->count != UINT32_MAX;
        double share = open->count < sizeof(shares) / sizeof(shares[0]) ? shares[open->count]
                                                                        : 1.0 / open->count;
        double offset = time - (double)t->number * TREND_WIDTH;
        t->time = time;
        t->mean += (value - t->mean) * share;
        open->offset += (float)((offset - (double)open->offset) * share);
}

/* Three samples of four end no bucket; in the header for them. */
static inline unsigned trend_add(struct trend *t, double time, double value)
{
        double end = (double)(t->number + 1) * TREND_WIDTH;
        if (!(t->started && time > t->time && time < end && value - value == 0))
                return trend_add_slowly(t, time, value);
        trend_add_open(t, time, value);
        return 0;
}

/* Only the means of the buckets of level 0, for one who never asks for more: whether one has ended
 * with it. Not to be mixed with trend_add, but of what has not begun. */
static inline bool trend_add_mean(struct trend *t, double time, double value)
{
        int64_t number = trend_number(time);
        bool ended = t->started && number != t->number;
        if (ended || !t->started) {
                t->open[0] = (struct trend_open){ 0 };
                t->mean = 0;
                t->number = number;
                t->started = true;
        }
        trend_add_open(t, time, value);
        return ended;
}
