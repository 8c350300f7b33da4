/* SPDX-License-Identifier: MIT */
/* Level and spread with time-based weights; see the header for the formulas. */
#include "detect/ewma.h"

#include "base/number.h"

void ewma_gain_make(struct ewma_gain *g, double dt, double tau, double weight)
{
        double gain = g->dt == dt && g->tau == tau ? g->gain : -expm1(-dt / tau);
        double next = weight * (1 - gain) + gain;

        *g = (struct ewma_gain){ dt, tau, weight, gain, gain / next, next };
}

double ewma_clip(const struct ewma *e, double clip, double floor, double deviation)
{
        double limit = clip * larger(sqrt((double)e->square / e->weight), floor);

        return limit > 0 ? larger(-limit, smaller(limit, deviation)) : deviation;
}

bool ewma_read(const struct ewma *e, double tau, double floor, uint64_t min_count,
               struct ewma_answer *ret)
{
        if (e->count < 2 || e->count < min_count)
                return false;
        *ret = (struct ewma_answer){
                .level = e->mean,
                .spread = larger(sqrt(larger(0, (double)e->square / e->weight)), floor),
                /* weight = 1 - exp(-seconds / tau), solved for seconds, bounded where it saturates
                 */
                .seconds = e->weight < 1 - 1e-9 ? -tau * log1p(-e->weight) : 20 * tau,
                .count = e->count,
        };
        return true;
}
