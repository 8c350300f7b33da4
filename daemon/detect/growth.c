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
        .history = 2,
        .fresh = 0.5,
        .over = 900,
        .hour = 3600,
};

void growth_init(struct growth *g)
{
        *g = (struct growth){
                .beginning = NAN, .settled = NAN, .disturbed = -INFINITY, .climbed_at = -INFINITY
        };
}

static unsigned test_level(const struct trend_answer *a, const struct growth_level *l,
                           const struct growth_params *p, double noise, bool big, bool seen,
                           double settled, struct growth_answer *ret)
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
        /* A cache that fills bends; the straighter the line, the less it must exceed the record. */
        double straight = fmax(0.5, fmin(1, sqrt(2 * p->sure / ret->sure)));
        if (big || grown >= p->record * straight * l->record)
                passed |= GROWTH_UNUSUAL;
        if (big || seen)
                passed |= GROWTH_SEEN;
        if (isnan(settled) || a->last - fmax(settled, a->first) >= p->fresh * grown)
                passed |= GROWTH_FRESH;
        ret->passed = passed;
        return passed;
}

/* Growth must be going on: the next shorter horizon may not surely contradict, nor the one below it
 * say that it has all but stopped, where that one is long enough to span the stairs of a leak that
 * comes in steps. */
static bool ended(const struct trend *t, unsigned level, const struct growth_params *p)
{
        const struct trend_answer *a = trend_read(t, level);
        const struct trend_answer *shorter = level > 0 ? trend_read(t, level - 1) : NULL;
        const struct trend_answer *shortest = level > 1 ? trend_read(t, level - 2) : NULL;
        if (shorter && shorter->slope + 2 * shorter->error < p->keeps_pace * a->slope)
                return true;
        return shortest && trend_horizon(t, level - 2) >= p->hour &&
               shortest->slope + 2 * shortest->error < p->ended * a->slope;
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
        double now = NAN; /* where the shortest horizon's line ends */
        g->known = false;
        for (unsigned level = 0; level < TREND_LEVELS; level++) {
                const struct trend_answer *a = trend_read(t, level);
                if (!a)
                        continue;
                struct growth_level *l = &g->levels[level];
                double rise = a->last - a->first;
                if (isnan(now))
                        now = a->last;
                double width = trend_horizon(t, level) / TREND_BUCKETS;
                bool calm = width * TREND_BUCKETS > p->hour ||
                            fmin(time - g->disturbed, time - g->climbed_at) > a->span + 2 * width;
                if (changed & 1u << level && calm)
                        learn(l, p, rise, width);

                bool seen = time - g->beginning >= p->history * a->span;
                struct growth_answer answer;
                unsigned passed =
                        test_level(a, l, p, noise, rise >= big, seen, g->settled, &answer);
                if (ended(t, level, p))
                        passed = answer.passed = passed & ~(unsigned)GROWTH_KEEPS_PACE;
                answer.level = level;
                answer.grows = passed == GROWTH_ALL;
                if (answer.grows)
                        l->flagged = true;
                if (!g->known || answer.grows || !best.grows)
                        best = answer;
                g->known = true;
        }
        if (best.grows) {
                g->climbing = true;
                g->climbed_at = time;
        } else if (g->climbing && time - g->climbed_at >= p->over) {
                g->climbing = false;
                g->settled = now;
        }
        if (now < g->settled)
                g->settled = now;
        g->answer = best;
}

void growth_disturb(struct growth *g, double time)
{
        g->disturbed = time;
}

void growth_shift(struct growth *g, double amount)
{
        g->settled += amount;
}

const struct growth_answer *growth_read(const struct growth *g)
{
        return g->known ? &g->answer : NULL;
}
