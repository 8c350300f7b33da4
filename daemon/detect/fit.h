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

/* The same of 16 points one unit of time apart, as they stand in a ring whose oldest one is at
 * `first`. */
struct even_fit {
        float slope, last; /* per unit of time; where the line ends */
        float residual_square, lagged;
};

/* Sum of the squared deviations of their times. */
#define FIT_EVEN_SQUARE 340.0

_hot_ void fit_even(const float ring[FIT_POINTS], unsigned first, struct even_fit *ret);

/* Their largest steps up and down, >= 0. */
_hot_ void fit_steps(const float ring[FIT_POINTS], unsigned first, float *ret_up, float *ret_down);
