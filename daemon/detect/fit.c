/* SPDX-License-Identifier: MIT */
/* Centred sums in two passes, so that nothing cancels. A replay spends most of its time here, and
 * nearly always there are 16 points: then the halves are summed side by side, one in each lane of a
 * vector of two, and the whole comes from the halves (T. F. Chan, G. H. Golub, R. J. LeVeque,
 * "Updating formulae and a pairwise algorithm for computing sample variances", 1979). */
#include "detect/fit.h"

#include <string.h>

enum { HALF = FIT_POINTS / 2 };

typedef double pair __attribute__((vector_size(2 * sizeof(double))));

/* What both ways need at the end. */
static double slope_of(double cross, double time_square)
{
        return time_square > 0 ? cross / time_square : 0;
}

static pair both(const double *x, unsigned i)
{
        return (pair){ x[i], x[i + HALF] };
}

static void fit_sixteen(const struct points *p, struct fit *ret)
{
        pair time = { 0 }, value = { 0 }, time_square = { 0 }, cross = { 0 }, value_square = { 0 };
        for (unsigned i = 0; i < HALF; i++) {
                time += both(p->time, i);
                value += both(p->value, i);
        }
        time /= HALF;
        value /= HALF;
        for (unsigned i = 0; i < HALF; i++) {
                pair dt = both(p->time, i) - time, dv = both(p->value, i) - value;
                time_square += dt * dt;
                cross += dt * dv;
                value_square += dv * dv;
        }
        /* The halves' centres lie half of their distance from that of the whole. */
        double apart = time[1] - time[0], higher = value[1] - value[0];
        const double share = HALF / 2;
        double both_cross = cross[0] + cross[1] + share * apart * higher;
        struct fit f = {
                .early = slope_of(cross[0], time_square[0]),
                .late = slope_of(cross[1], time_square[1]),
                .centre_time = (time[0] + time[1]) / 2,
                .centre_value = (value[0] + value[1]) / 2,
                .time_square = time_square[0] + time_square[1] + share * apart * apart,
                .value_square = value_square[0] + value_square[1] + share * higher * higher,
        };
        f.slope = slope_of(both_cross, f.time_square);

        pair square = { 0 }, lagged = { 0 }, before = { 0 }, first = { 0 };
        for (unsigned i = 0; i < HALF; i++) {
                pair residual = (both(p->value, i) - f.centre_value) -
                                f.slope * (both(p->time, i) - f.centre_time);
                square += residual * residual;
                lagged += residual * before;
                before = residual;
                if (i == 0)
                        first = residual;
        }
        f.residual_square = square[0] + square[1];
        f.lagged = lagged[0] + lagged[1] + before[0] * first[1];
        *ret = f;
}

static double line_slope(const struct points *p, unsigned from, unsigned to, const double *value,
                         double *ret_time, double *ret_value, double *ret_square)
{
        double n = to - from, time = 0, mean = 0, square = 0, cross = 0;
        for (unsigned i = from; i < to; i++) {
                time += p->time[i] / n;
                mean += value[i] / n;
        }
        for (unsigned i = from; i < to; i++) {
                double dt = p->time[i] - time;
                square += dt * dt;
                cross += dt * (value[i] - mean);
        }
        *ret_time = time;
        *ret_value = mean;
        *ret_square = square;
        return slope_of(cross, square);
}

static void fit_some(const struct points *p, struct fit *ret)
{
        struct fit f = { 0 };
        double unused[3], before = 0;
        unsigned half = p->n / 2;
        f.slope = line_slope(p, 0, p->n, p->value, &f.centre_time, &f.centre_value, &f.time_square);
        f.early = line_slope(p, 0, half, p->value, &unused[0], &unused[1], &unused[2]);
        f.late = line_slope(p, p->n - half, p->n, p->value, &unused[0], &unused[1], &unused[2]);
        for (unsigned i = 0; i < p->n; i++) {
                double deviation = p->value[i] - f.centre_value;
                double residual = deviation - f.slope * (p->time[i] - f.centre_time);
                f.residual_square += residual * residual;
                f.value_square += deviation * deviation;
                f.lagged += residual * before;
                before = residual;
        }
        *ret = f;
}

void fit_points(const struct points *p, struct fit *ret)
{
        if (p->n == FIT_POINTS)
                fit_sixteen(p, ret);
        else
                fit_some(p, ret);
}

/* The times of two rounds of the ring, from their centre. */
#define ROUND -7.5, -6.5, -5.5, -4.5, -3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5
static const double rounds[2 * FIT_POINTS] = { ROUND, ROUND };

static pair load(const double *from)
{
        pair p;
        memcpy(&p, from, sizeof(p));
        return p;
}

/* In the order of the ring: a vector is two neighbours there. */
void fit_even(const float ring[FIT_POINTS], unsigned first, struct even_fit *ret)
{
        const double *time = rounds + (FIT_POINTS - first) % FIT_POINTS;
        pair value[HALF], sum = { 0 }, cross = { 0 }, square = { 0 }, lagged = { 0 };
        for (unsigned i = 0; i < HALF; i++) {
                value[i] = (pair){ ring[2 * i], ring[2 * i + 1] };
                sum += value[i];
                cross += value[i] * load(time + 2 * i);
        }
        double mean = (sum[0] + sum[1]) / FIT_POINTS;
        double slope = (cross[0] + cross[1]) / FIT_EVEN_SQUARE;
        pair before = value[HALF - 1] - mean - slope * load(time + 2 * (HALF - 1));
        for (unsigned i = 0; i < HALF; i++) {
                pair residual = value[i] - mean - slope * load(time + 2 * i);
                square += residual * residual;
                lagged += residual * __builtin_shufflevector(before, residual, 1, 2);
                before = residual;
        }
        /* The oldest and the newest are neighbours in the ring only. */
        double oldest = ring[first] - mean - slope * rounds[0];
        double newest =
                ring[(first + FIT_POINTS - 1) % FIT_POINTS] - mean - slope * rounds[FIT_POINTS - 1];
        double seam = oldest * newest;
        *ret = (struct even_fit){
                .slope = slope,
                .last = mean + slope * rounds[FIT_POINTS - 1],
                .residual_square = square[0] + square[1],
                .lagged = lagged[0] + lagged[1] - seam,
        };
}
