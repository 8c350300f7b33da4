/* SPDX-License-Identifier: MIT */
/* The verdict on continuous growth from the trends of all horizons. */
#include "detect/growth.h"

#include <math.h>

#include "detect/trend.h"

const struct growth_params growth_params_default = {
        /* Every horizon of every series is tested at each of its buckets, some 20,000 times a day
         * on the shortest; with 14 degrees of freedom t > 8 comes by chance once in 10^6. */
        .sure = 8, .step = 0.4, .back = 0.25, .keeps_pace = 0.6, .fit = 0.8,
};

static unsigned test_level(const struct trend_answer *a, const struct growth_params *p,
                           double noise, struct growth_answer *ret)
{
        /* Error of a slope through n equally spaced points over span T: s * sqrt(12 / n) / T. */
        double floor = noise * sqrt(12.0 / a->points) / a->span;
        double error = hypot(a->error, floor);
        double pace = a->early > 0 ? a->late / a->early : a->late > 0 ? INFINITY : 0;
        unsigned passed = 0;

        *ret = (struct growth_answer){
                .rate = a->slope,
                .error = error,
                .fit = a->fit,
                .seconds = a->span,
                .grown = a->last - a->first,
                .sure = error > 0      ? a->slope / error
                        : a->slope > 0 ? INFINITY
                                       : 0,
                .step = a->step,
                .back = a->back,
                .pace = pace,
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
        if (a->fit >= p->fit)
                passed |= GROWTH_FITS;
        ret->passed = passed;
        return passed;
}

bool growth_read(const struct trend *t, const struct growth_params *p, double noise,
                 struct growth_answer *ret)
{
        bool known = false;
        double recent = NAN; /* slope of the next shorter horizon: growth must be going on */
        for (unsigned level = 0; level < TREND_LEVELS; level++) {
                const struct trend_answer *a = trend_read(t, level);
                if (!a)
                        continue;
                struct growth_answer answer;
                unsigned passed = test_level(a, p, noise, &answer);
                if (!isnan(recent) && recent < p->keeps_pace * a->slope)
                        passed = answer.passed = passed & ~(unsigned)GROWTH_KEEPS_PACE;
                recent = a->slope;
                answer.level = level;
                answer.grows = passed == GROWTH_ALL;
                if (!known || answer.grows || !ret->grows)
                        *ret = answer;
                known = true;
        }
        return known;
}
