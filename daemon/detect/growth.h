/* SPDX-License-Identifier: MIT */
/* Continuous growth: what the trends of all horizons say together.
 *
 * A leak is what lasts, does not slow down, is not one step, and does not come back. Each of these
 * is a test with a number and a limit, so that a person can check the verdict. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct trend;

struct growth_params {
        double sure;       /* slope over its standard error, at least */
        double step;       /* share of the rise that one step between buckets may make, at most */
        double back;       /* share of the rise that may be given back in between, at most */
        double keeps_pace; /* slope of the later half over that of the earlier, at least */
        double fit;        /* R squared, at least */
};
extern const struct growth_params growth_params_default;

/* The tests a horizon passes, as bits. */
enum growth_test {
        GROWTH_SURE = 1 << 0,       /* not noise */
        GROWTH_NO_STEP = 1 << 1,    /* not one step */
        GROWTH_STAYS = 1 << 2,      /* does not come back */
        GROWTH_KEEPS_PACE = 1 << 3, /* does not slow down */
        GROWTH_FITS = 1 << 4,       /* is a line */
        GROWTH_ALL = (1 << 5) - 1,
};

struct growth_answer {
        bool grows;     /* some horizon passes every test */
        unsigned level; /* the horizon that answers: the longest that passes, else the longest known
                         */
        unsigned passed;               /* bits of enum growth_test of that horizon */
        double rate;                   /* unit per second */
        double error;                  /* its standard error */
        double fit;                    /* R squared */
        double seconds;                /* what it was learned from */
        double grown;                  /* along the line over that time, unit */
        double sure, step, back, pace; /* the numbers of the tests */
        uint64_t count;                /* samples behind it */
};

/* noise: the smallest slope error believed comes from this standard deviation of a bucket mean, in
 * the value's unit (counter folding); >= 0. False while no horizon has an answer. */
bool growth_read(const struct trend *t, const struct growth_params *p, double noise,
                 struct growth_answer *ret);
