/* SPDX-License-Identifier: MIT */
/* The verdict on continuous growth from the trends of all horizons. */
#include "detect/growth.h"

#include <math.h>
#include <stddef.h>

#include "base/macros.h"
#include "base/number.h"

const struct growth_params growth_params_default = {
        /* Every horizon of every series is tested at each of its buckets, some 20,000 times a day
         * on the shortest; with 14 degrees of freedom t > 8 comes by chance once in 10^6. */
        .sure = 8,
        .step = 0.4,
        .back = 0.25,
        /* An exponential approach with the horizon as its time constant slows to 0.61. */
        .keeps_pace = 0.65,
        .keeps_pace_sure = 0.85,
        .again = 2,
        .most = 2,
        .straight = 16,
        .most_least = 1.25,
        .record_tau = 7 * 86400,
        .ended = 0.3,
        .returned = 0.5,
        .day = 86400,
        .history = 2,
        .rest = 240,
        .young = 7200,
        .fresh = 0.5,
        .over = 900,
        .hour = 3600,
};

void growth_init(struct growth *g, bool cache)
{
        *g = (struct growth){ .cache = cache,
                              .beginning = NAN,
                              .now = NAN,
                              .settled = NAN,
                              .climbed_at = -INFINITY };
}

/* The tests of a horizon; it grows when all are passed. */
static const struct {
        enum growth_test bit;
        struct question question;
} TESTS[] = {
        { GROWTH_SURE,
          { "sure", "is no noise: its slope in standard errors", CHECK_NUMBER, CHECK_AT_LEAST } },
        { GROWTH_NO_STEP,
          { "step", "is not one step: the largest step's share", CHECK_SHARE, CHECK_AT_MOST } },
        { GROWTH_STAYS,
          { "back", "does not come back: the largest fall's share", CHECK_SHARE, CHECK_AT_MOST } },
        { GROWTH_KEEPS_PACE,
          { "pace", "does not slow down: later half over earlier", CHECK_SHARE, CHECK_AT_LEAST } },
        { GROWTH_KEEPS_PACE,
          { "steady", "is as fast as it was: slope over the steepest", CHECK_SHARE,
            CHECK_AT_LEAST } },
        { GROWTH_KEEPS_PACE,
          { "lately", "goes on: the next shorter horizon's slope", CHECK_SHARE, CHECK_AT_LEAST } },
        { GROWTH_KEEPS_PACE,
          { "now", "has not stopped: slope of the one below that", CHECK_SHARE, CHECK_AT_LEAST } },
        { GROWTH_UNUSUAL,
          { "unusual", "is unusual here: times what is ordinary", CHECK_NUMBER, CHECK_AT_LEAST } },
        { GROWTH_SEEN,
          { "seen", "enough was seen to compare with", CHECK_SECONDS, CHECK_AT_LEAST } },
        { GROWTH_SEEN,
          { "rested", "has not grown ever since the start: seconds seen", CHECK_SECONDS,
            CHECK_AT_LEAST } },
        { GROWTH_FRESH,
          { "fresh", "is new: share that came since a climb ended", CHECK_SHARE, CHECK_AT_LEAST } },
};

/* The surest slope of a shorter horizon, as a share of the one in question. Growth must be going
 * on: the next shorter horizon may not surely contradict, nor the one below it say that it has all
 * but stopped, where that one is long enough to span the stairs of a leak that comes in steps. */
static double goes_on(const struct trend_answer *shorter, const struct trend_answer *a)
{
        return shorter && a->slope > 0 ? (shorter->slope + 2 * shorter->error) / a->slope : NAN;
}

bool growth_examine(const struct growth *g, const struct growth_params *p, const struct trend *t,
                    unsigned level, double time, double noise, double big,
                    struct growth_answer *ret, struct checks *checks)
{
        const struct trend_answer *a = trend_read(t, level);
        if (!a)
                return false;
        const struct growth_level *l = &g->levels[level];
        /* Error of a slope through n equally spaced points over span T: s * sqrt(12 / n) / T. */
        double bucket = noise * sqrt(12.0 / a->points) / a->span;
        double error = sqrt(a->error * a->error + bucket * bucket);
        double grown = a->last - a->first;
        /* The straighter, the less it must stand out: by the square root, as what wanders does. */
        double sure = error > 0 ? a->slope / error : a->slope > 0 ? INFINITY : 0;
        double most = larger(p->most_least, p->most * smaller(1, sqrt(p->straight / sure)));
        double usual = larger(p->again * l->again, most * larger(l->most, l->fall));
        struct growth_answer answer = {
                .level = level,
                .rate = a->slope,
                .error = error,
                .fit = a->fit,
                .seconds = a->span,
                .grown = grown,
                .sure = sure,
                .step = a->step,
                /* The last bucket may lie hours back: what was released since is no growth. */
                .back = larger(a->back, grown > 0 ? (a->last - g->now) / grown : 0),
                .pace = a->early > 0  ? a->late / a->early
                        : a->late > 0 ? INFINITY
                                      : 0,
                .unusual = usual > 0 ? grown / usual : INFINITY,
                .count = a->count,
        };
        /* What is noise does not grow. Mostly it is: nobody has asked what else it is not. */
        if (!checks && !(sure >= p->sure)) {
                *ret = answer;
                return true;
        }
        const struct trend_answer *shorter = level > 0 ? trend_read(t, level - 1) : NULL;
        const struct trend_answer *shortest = level > 1 && trend_horizon(t, level - 2) >= p->hour
                                                      ? trend_read(t, level - 2)
                                                      : NULL;
        double since = (a->last - larger(g->settled, a->first)) / grown;
        const char *large = grown >= big ? "so large a rise needs no comparison" : NULL;
        /* The slope of a half has an error of 2 sqrt(2) times that of the whole, the quotient of
         * two sqrt(2) times that again: of what is sure, that it slows down is seen sooner. */
        double pace = larger(p->keeps_pace, smaller(p->keeps_pace_sure, 1 - 4 / sure));
        const struct {
                double value, limit;
                const char *waived;
        } numbers[ELEMENTS_OF(TESTS)] = {
                { answer.sure, p->sure, NULL },
                { a->step, p->step, NULL },
                { answer.back, p->back, NULL },
                { answer.pace, pace, NULL },
                { a->slope / l->steepest, p->keeps_pace, l->steepest > 0 ? NULL : "it begins" },
                { goes_on(shorter, a), p->keeps_pace, shorter ? NULL : "there is none" },
                { goes_on(shortest, a), p->ended, shortest ? NULL : "it is too short to tell" },
                { answer.unusual, 1, large },
                { time - g->beginning, p->history * a->span, large },
                { time - g->beginning, p->young, g->rested ? "it was seen at rest" : large },
                { grown > 0 ? since : NAN, p->fresh,
                  isnan(g->settled) ? "no climb has ended here" : NULL },
        };
        answer.passed = GROWTH_ALL;
        for (unsigned i = 0; i < ELEMENTS_OF(TESTS); i++)
                if (!check_pass(checks, &TESTS[i].question, numbers[i].value, numbers[i].limit,
                                numbers[i].waived))
                        answer.passed &= ~(unsigned)TESTS[i].bit;
        answer.grows = answer.passed == GROWTH_ALL;
        *ret = answer;
        return true;
}

/* A rise that is ordinary here. */
static void remember_rise(struct growth_level *l, double rise)
{
        l->again = larger(l->again, smaller(rise, l->most));
        l->most = larger(l->most, rise);
}

/* Keeps the record of what is ordinary over this horizon. */
static void learn(struct growth_level *l, const struct growth_params *p,
                  const struct trend_answer *a, double width, bool cache)
{
        double rise = a->last - a->first;
        double decay = exp(-width / p->record_tau);
        bool step = a->step > p->step;
        l->most *= decay;
        l->again *= decay;
        l->fall *= decay;
        /* A leak is given back in one step, when what held it ends. What went down gradually came
         * and went, also when it was called growth while it came. */
        bool returned = l->told > 0 && -rise >= p->returned * l->told;
        if (!step || cache) {
                l->fall = larger(l->fall, -rise);
                if (returned)
                        remember_rise(l, l->told);
        }
        l->told_for += width;
        if (returned || l->told_for > larger(p->day, a->span))
                l->told = 0;
        if (rise > l->pending) {
                /* One step is no climb, and nothing to compare climbs with. */
                if (!step)
                        l->pending = rise;
        } else if (rise < p->ended * l->pending) {
                if (l->flagged) {
                        l->told = l->pending;
                        l->told_for = 0;
                } else {
                        remember_rise(l, l->pending);
                }
                l->pending = larger(0, rise);
                l->flagged = false;
        }
}

/* Whether a horizon somewhat shorter than the one that told of the growth is sure that hardly any
 * of it is left: a quarter and a sixteenth of it, but not shorter than the pause of a climb; for
 * the shortest ones itself. */
static bool is_over(const struct growth *g, const struct growth_params *p, const struct trend *t)
{
        for (unsigned shorter = 0; shorter <= 2; shorter++) {
                if (shorter > g->level)
                        break;
                unsigned level = g->level - shorter;
                const struct trend_answer *a = trend_read(t, level);
                if (shorter > 0 && trend_horizon(t, level) < p->over)
                        break;
                if (a && a->slope + 2 * a->error < p->ended * g->rate)
                        return true;
        }
        return false;
}

/* Whether the slope is surely within its noise, told from two numbers: the bucket noise that
 * growth_examine adds to the error only widens it. The margin is for its rounding. */
static bool is_noise(const struct growth_params *p, const struct trend_answer *a)
{
        return a->slope <= 0 || a->slope < 0.999 * p->sure * a->error;
}

static unsigned longest_known(const struct trend *t)
{
        unsigned level = TREND_LEVELS - 1;
        while (level > 0 && !trend_read(t, level))
                level--;
        return level;
}

void growth_update(struct growth *g, const struct growth_params *p, const struct trend *t,
                   unsigned changed, double time, double noise, double big)
{
        if (isnan(g->beginning))
                g->beginning = time;
        if (changed == 0)
                return;

        struct growth_answer best = { 0 };
        unsigned longest = longest_known(t);
        g->known = false;
        g->now = NAN;
        for (unsigned level = 0; level <= longest; level++) {
                const struct trend_answer *a = trend_read(t, level);
                if (!a)
                        continue;
                struct growth_level *l = &g->levels[level];
                if (isnan(g->now))
                        g->now = a->last;
                if (!g->rested && trend_horizon(t, level) >= p->rest)
                        g->rested = a->slope <= 2 * a->error;
                if (changed & 1u << level) {
                        double width = trend_horizon(t, level) / TREND_BUCKETS;
                        bool calm = width * TREND_BUCKETS > p->hour ||
                                    time - g->climbed_at > a->span + 2 * width;
                        if (calm)
                                learn(l, p, a, width, g->cache);
                }
                /* What is noise cannot grow, and is told only where no longer horizon has an
                 * answer: most of the time this saves all examinations but one. */
                if (level < longest && is_noise(p, a)) {
                        if (a->slope < p->ended * l->steepest)
                                l->steepest = 0;
                        continue;
                }

                struct growth_answer answer = { .grows = false };
                (void)growth_examine(g, p, t, level, time, noise, big, &answer, NULL);
                if (answer.grows)
                        l->flagged = true;
                if (a->slope < p->ended * l->steepest)
                        l->steepest = 0;
                if (answer.sure >= p->sure)
                        l->steepest = larger(l->steepest, a->slope);
                if (!g->known || answer.grows || !best.grows)
                        best = answer;
                g->known = true;
        }
        best.goes_on = best.grows;
        if (best.grows) {
                g->climbing = true;
                g->climbed_at = time;
                g->level = best.level;
                g->rate = best.rate;
        } else if (g->climbing && !is_over(g, p, t)) {
                /* Not every test at every moment: what was told goes on until it is surely over. */
                if (growth_examine(g, p, t, g->level, time, noise, big, &best, NULL))
                        best.goes_on = true;
                g->climbed_at = time;
        } else if (g->climbing && time - g->climbed_at >= p->over) {
                g->climbing = false;
                g->settled = g->now;
        }
        /* What is told is ordinary over no horizon. */
        for (unsigned level = g->level; g->climbing && level < TREND_LEVELS; level++)
                if (g->levels[level].pending > 0)
                        g->levels[level].flagged = true;
        if (g->now < g->settled)
                g->settled = g->now;
        best.climb = g->climbing ? trend_horizon(t, g->level) : 0;
        g->answer = best;
}

void growth_shift(struct growth *g, double amount)
{
        g->settled += amount;
        g->now += amount;
}

const struct growth_answer *growth_read(const struct growth *g)
{
        return g->known ? &g->answer : NULL;
}
