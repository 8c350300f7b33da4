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
#define ROUND                                                                                 \
        -7.5F, -6.5F, -5.5F, -4.5F, -3.5F, -2.5F, -1.5F, -0.5F, 0.5F, 1.5F, 2.5F, 3.5F, 4.5F, \
                5.5F, 6.5F, 7.5F
static const float rounds[2 * FIT_POINTS] = { ROUND, ROUND };

typedef float four __attribute__((vector_size(4 * sizeof(float))));

static inline four load(const float *from)
{
        four v;
        memcpy(&v, from, sizeof(v));
        return v;
}

static inline float sum_of(four v)
{
        return v[0] + v[1] + (v[2] + v[3]);
}

/* Products of each with the one before it. */
static inline four with_before(four before, four v)
{
        return v * __builtin_shufflevector(before, v, 3, 4, 5, 6);
}

/* In the order of the ring, four neighbours at a time. Floats will do: what they are off by, 10^-7
 * of what the points span, is noise to whoever must tell a slope from eight times its error. */
void fit_even(const float ring[FIT_POINTS], unsigned first, struct even_fit *ret)
{
        const float *times = rounds + (FIT_POINTS - first) % FIT_POINTS;
        four ta = load(times), tb = load(times + 4), tc = load(times + 8), td = load(times + 12);
        four a = load(ring), b = load(ring + 4), c = load(ring + 8), d = load(ring + 12);
        float mean = sum_of((a + b) + (c + d)) / FIT_POINTS;
        a -= mean;
        b -= mean;
        c -= mean;
        d -= mean;
        float slope = sum_of((a * ta + b * tb) + (c * tc + d * td)) / (float)FIT_EVEN_SQUARE;
        a -= slope * ta;
        b -= slope * tb;
        c -= slope * tc;
        d -= slope * td;
        four lagged =
                (with_before(d, a) + with_before(a, b)) + (with_before(b, c) + with_before(c, d));
        /* The oldest and the newest are neighbours in the ring only. */
        float half = (FIT_POINTS - 1) / 2.0F;
        float oldest = ring[first] - mean + slope * half;
        float newest = ring[(first + FIT_POINTS - 1) % FIT_POINTS] - mean - slope * half;
        *ret = (struct even_fit){
                .slope = slope,
                .last = mean + slope * half,
                .residual_square = sum_of((a * a + b * b) + (c * c + d * d)),
                .lagged = sum_of(lagged) - oldest * newest,
        };
}

/* The seam lies between the newest and the oldest: it is no step. */
void fit_steps(const float ring[FIT_POINTS], unsigned first, float *ret_up, float *ret_down)
{
        float up = 0, down = 0, before = ring[FIT_POINTS - 1];
        for (unsigned i = 0; i < FIT_POINTS; i++) {
                float step = i == first ? 0 : ring[i] - before;
                before = ring[i];
                up = step > up ? step : up;
                down = step < down ? step : down;
        }
        *ret_up = up;
        *ret_down = -down;
}
