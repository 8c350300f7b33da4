/* SPDX-License-Identifier: MIT */
/* Level and spread with time-based weights; see the header for the formulas. */
#include "detect/ewma.h"

#include <math.h>

#include "base/number.h"

/* Below this many samples the spread says nothing about outliers, so nothing is clipped. */
enum { CLIP_FROM = 8 };

void ewma_init(struct ewma *e, double tau, double clip)
{
        *e = (struct ewma){ .tau = tau, .clip = clip };
}

static double gain_of(double dt, double tau, struct ewma_gain *shared)
{
        if (shared && shared->dt == dt && shared->tau == tau)
                return shared->gain;
        double gain = -expm1(-dt / tau);
        if (shared)
                *shared = (struct ewma_gain){ dt, tau, gain };
        return gain;
}

bool ewma_add(struct ewma *e, double time, double value, double floor, struct ewma_gain *shared)
{
        if (!isfinite(time) || !isfinite(value))
                return false;
        if (e->count == 0) {
                e->mean = value;
                /* The first sample stands for no time at all; a small weight keeps it in the mean
                 * until others come, and is forgotten with them. */
                e->weight = 1e-6;
                e->time = time;
                e->count = 1;
                return true;
        }
        if (time <= e->time)
                return false;

        double gain = gain_of(time - e->time, e->tau, shared);
        double decay = 1 - gain;
        double deviation = value - e->mean;

        /* The square root only where the floor does not say it already. */
        if (e->clip > 0 && e->count >= CLIP_FROM && !(fabs(deviation) <= e->clip * floor)) {
                double limit = e->clip * larger(sqrt(e->square / e->weight), floor);
                if (limit > 0)
                        deviation = larger(-limit, smaller(limit, deviation));
        }

        double kept = e->weight * decay;
        e->weight = kept + gain;
        double step = deviation * gain / e->weight;
        e->mean += step;
        e->square = e->square * decay + gain * deviation * (deviation - step);
        e->time = time;
        e->count++;
        return true;
}

void ewma_skip(struct ewma *e, double time)
{
        if (e->count > 0 && time > e->time)
                e->time = time;
}

bool ewma_read(const struct ewma *e, double floor, uint64_t min_count, struct ewma_answer *ret)
{
        if (e->count < 2 || e->count < min_count)
                return false;
        *ret = (struct ewma_answer){
                .level = e->mean,
                .spread = larger(sqrt(larger(0, e->square / e->weight)), floor),
                /* weight = 1 - exp(-seconds / tau), solved for seconds, bounded where it saturates
                 */
                .seconds = e->weight < 1 - 1e-9 ? -e->tau * log1p(-e->weight) : 20 * e->tau,
                .count = e->count,
        };
        return true;
}

void ewma_rebase(struct ewma *e, double level)
{
        e->mean = level;
}
