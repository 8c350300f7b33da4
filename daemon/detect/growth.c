/* SPDX-License-Identifier: MIT */
/* The verdict on continuous growth from the trends of all horizons. */
#include "detect/growth.h"

#include <math.h>
#include <stddef.h>

const struct growth_params growth_params_default = {
        /* Every horizon of every series is tested at each of its buckets, some 20,000 times a day
         * on the shortest; with 14 degrees of freedom t > 8 comes by chance once in 10^6. */
        .sure = 8,
        .step = 0.4,
        .back = 0.25,
        /* An exponential approach with the horizon as its time constant slows to 0.61. */
        .keeps_pace = 0.65,
        .record = 2,
        .record_tau = 2 * 86400,
        .ended = 0.3,
        .warm_up = 900,
};

void growth_init(struct growth *g)
{
        *g = (struct growth){ .beginning = NAN };
}

static unsigned test_level(const struct trend_answer *a, const struct growth_level *l,
                           const struct growth_params *p, double noise, bool big, bool warm,
                           struct growth_answer *ret)
{
        /* Error of a slope through n equally spaced points over span T: s * sqrt(12 / n) / T. */
        double floor = noise * sqrt(12.0 / a->points) / a->span;
        double error = hypot(a->error, floor);
        double pace = a->early > 0 ? a->late / a->early : a->late > 0 ? INFINITY : 0;
        double grown = a->last - a->first;
        unsigned passed = 0;

        *ret = (struct growth_answer){
                .rate = a->slope,
                .error = error,
                .fit = a->fit,
                .seconds = a->span,
                .grown = grown,
                .sure = error > 0      ? a->slope / error
                        : a->slope > 0 ? INFINITY
                                       : 0,
                .step = a->step,
                .back = a->back,
                .pace = pace,
                .record = l->record > 0 ? grown / l->record : INFINITY,
                .count = a->count,
        };
        if (ret->sure >= p->sure)
                passed |= GROWTH_SURE;
        if (a->step <= p->step)
                passed |= GROWTH_NO_STEP;
        if (a->back <= p->back)
                passed |= GROWTH_STAYS;
        if (pace >= p->keeps_pace)
                passed |= GROWTH_KEEPS_PACE;
        if (big || grown >= p->record * l->record)
                passed |= GROWTH_UNUSUAL;
        if (big || warm)
                passed |= GROWTH_WARM;
        ret->passed = passed;
        return passed;
}

/* Keeps the record of what is ordinary over this horizon. */
static void learn(struct growth_level *l, const struct growth_params *p, double rise, double width)
{
        l->record *= exp(-width / p->record_tau);
        if (-rise > l->record)
                l->record = -rise;
        if (rise > l->pending) {
                l->pending = rise;
        } else if (rise < p->ended * l->pending) {
                if (!l->flagged && l->pending > l->record)
                        l->record = l->pending;
                l->pending = fmax(0, rise);
                l->flagged = false;
        }
}

void growth_update(struct growth *g, const struct growth_params *p, const struct trend *t,
                   unsigned changed, double time, double noise, double big)
{
        if (isnan(g->beginning))
                g->beginning = time;
        if (changed == 0)
                return;

        struct growth_answer best = { 0 };
        const struct trend_answer *shorter = NULL;
        g->known = false;
        for (unsigned level = 0; level < TREND_LEVELS; level++) {
                const struct trend_answer *a = trend_read(t, level);
                if (!a)
                        continue;
                struct growth_level *l = &g->levels[level];
                double rise = a->last - a->first;
                double width = trend_horizon(t, level) / TREND_BUCKETS;
                if (changed & 1u << level)
                        learn(l, p, rise, width);

                bool warm = time - a->span - width >= g->beginning + p->warm_up;
                struct growth_answer answer;
                unsigned passed = test_level(a, l, p, noise, rise >= big, warm, &answer);
                /* Growth must be going on: the next shorter horizon may not surely contradict. */
                if (shorter && shorter->slope + 2 * shorter->error < p->keeps_pace * a->slope)
                        passed = answer.passed = passed & ~(unsigned)GROWTH_KEEPS_PACE;
                shorter = a;
                answer.level = level;
                answer.grows = passed == GROWTH_ALL;
                if (answer.grows)
                        l->flagged = true;
                if (!g->known || answer.grows || !best.grows)
                        best = answer;
                g->known = true;
        }
        g->answer = best;
}

const struct growth_answer *growth_read(const struct growth *g)
{
        return g->known ? &g->answer : NULL;
}
