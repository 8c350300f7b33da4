/* SPDX-License-Identifier: MIT */
/* Ordinary least squares of up to 16 points, of all of them and of their halves. */
#pragma once

#include <stdint.h>

#include "base/macros.h"

enum { FIT_POINTS = 16 };

struct points {
        double time[FIT_POINTS], value[FIT_POINTS];
        unsigned n;
};

/* Of no points or a single moment: slopes are 0. */
struct fit {
        double slope, early, late; /* of all, of the first n / 2, of the last n / 2 */
        double centre_time, centre_value;
        double time_square, value_square; /* sums of squared deviations from the centre */
        double residual_square;           /* ... from the line */
        double lagged;                    /* sum of products of neighbouring residuals */
};

_hot_ void fit_points(const struct points *p, struct fit *ret);

/* The slope of other values at the times of a fit. */
_hot_ double fit_slope(const struct points *p, const struct fit *of, const double *value);
