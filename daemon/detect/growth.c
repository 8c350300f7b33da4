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

void growth_init(struct growth *g, bool cache, struct growth_level *levels, size_t stride)
{
        *g = (struct growth){
                .cache = cache,
                .beginning = NAN,
                .settled = NAN,
                .climbed_at = -INFINITY,
                .levels = levels,
                .stride = (uint32_t)stride,
        };
}

static struct growth_level *level_of(const struct growth *g, unsigned level)
{
        return &g->levels[(size_t)level * g->stride];
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
static double goes_on(const struct trend *t, unsigned shorter, const struct trend_answer *a)
{
        if (!trend_knows(t, shorter) || !(a->slope > 0))
                return NAN;
        return ((double)trend_level(t, shorter)->slope + 2 * trend_error(t, shorter)) / a->slope;
}

bool growth_examine(const struct growth *g, const struct growth_params *p, const struct trend *t,
                    unsigned level, double time, double noise, double big,
                    struct growth_answer *ret, struct checks *checks)
{
        struct trend_answer answered;
        const struct trend_answer *a = &answered;
        if (!trend_read(t, level, &answered))
                return false;
        const struct growth_level *l = growth_level(g, level);
        double most_ordinary = (double)larger(l->most, l->fall), steepest = (double)l->steepest;
        /* Error of a slope through n equally spaced points over span T: s * sqrt(12 / n) / T. */
        double bucket = noise * sqrt(12.0 / a->points) / a->span;
        double error = sqrt(a->error * a->error + bucket * bucket);
        double grown = a->last - a->first;
        /* The straighter, the less it must stand out: by the square root, as what wanders does. */
        double sure = error > 0 ? a->slope / error : a->slope > 0 ? INFINITY : 0;
        double most = larger(p->most_least, p->most * smaller(1, sqrt(p->straight / sure)));
        double usual = larger(p->again * (double)l->again, most * most_ordinary);
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
                .back = larger(a->back, grown > 0 ? (a->last - t->last) / grown : 0),
                .pace = a->early > 0  ? a->late / a->early
                        : a->late > 0 ? INFINITY
                                      : 0,
                .unusual = usual > 0 ? grown / usual : INFINITY,
        };
        /* What is noise does not grow. Mostly it is: nobody has asked what else it is not. */
        if (!checks && !(sure >= p->sure)) {
                *ret = answer;
                return true;
        }
        /* No level is TREND_LEVELS: it has no answer. */
        unsigned shorter = level > 0 ? level - 1 : TREND_LEVELS;
        unsigned shortest =
                level > 1 && trend_horizon(level - 2) >= p->hour ? level - 2 : TREND_LEVELS;
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
                { a->slope / steepest, p->keeps_pace, steepest > 0 ? NULL : "it begins" },
                { goes_on(t, shorter, a), p->keeps_pace,
                  trend_knows(t, shorter) ? NULL : "there is none" },
                { goes_on(t, shortest, a), p->ended,
                  trend_knows(t, shortest) ? NULL : "it is too short to tell" },
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

static float larger_float(float a, float b)
{
        return a > b ? a : b;
}

static float smaller_float(float a, float b)
{
        return a < b ? a : b;
}

/* A rise that is ordinary here. */
static void remember_rise(struct growth_level *l, float rise)
{
        l->again = larger_float(l->again, smaller_float(rise, l->most));
        l->most = larger_float(l->most, rise);
}

/* e^-x. For the shorter horizons x is so small that x^3 / 6 is nothing to a float. */
static double decay_of(double x)
{
        return x < 2e-3 ? 1 - x + x * x / 2 : exp(-x);
}

/* Keeps the record of what is ordinary over this horizon. */
static void learn(struct growth *g, const struct growth_params *p, const struct trend *t,
                  unsigned level, double span)
{
        struct growth_level *l = level_of(g, level);
        double width = trend_horizon(level) / TREND_BUCKETS;
        float rise = (float)((double)trend_level(t, level)->slope * span);
        float decay = (float)decay_of(width / p->record_tau);
        uint8_t bit = (uint8_t)(1u << level);
        l->most *= decay;
        l->again *= decay;
        l->fall *= decay;
        /* A leak is given back in one step, when what held it ends. What went down gradually came
         * and went, also when it was called growth while it came. */
        bool returned = l->told > 0 && -rise >= (float)p->returned * l->told;
        bool news = -rise > l->fall || returned || rise > l->pending;
        bool step = news && trend_step(t, level) > p->step;
        if (!step || g->cache) {
                l->fall = larger_float(l->fall, -rise);
                if (returned)
                        remember_rise(l, l->told);
        }
        l->told_for += (float)width;
        if (returned || (double)l->told_for > larger(p->day, span))
                l->told = 0;
        if (rise > l->pending) {
                /* One step is no climb, and nothing to compare climbs with. */
                if (!step)
                        l->pending = rise;
        } else if (rise < (float)p->ended * l->pending) {
                if (g->flagged & bit) {
                        l->told = l->pending;
                        l->told_for = 0;
                } else {
                        remember_rise(l, l->pending);
                }
                l->pending = larger_float(0, rise);
                g->flagged &= (uint8_t)~bit;
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
                if (shorter > 0 && trend_horizon(level) < p->over)
                        break;
                if (trend_knows(t, level) &&
                    (double)trend_level(t, level)->slope + 2 * trend_error(t, level) <
                            p->ended * (double)g->rate)
                        return true;
        }
        return false;
}

/* Whether the slope is surely within its noise, told from two numbers: the bucket noise that
 * growth_examine adds to the error only widens it. The margin is for its rounding. */
static bool is_noise(const struct growth_params *p, const struct trend_level *l)
{
        return trend_is_noise(l) || l->slope < 0.999F * (float)p->sure * l->error;
}

/* A horizon has a new answer. */
_hot_ static void update_level(struct growth *g, const struct growth_params *p,
                               const struct trend *t, unsigned level, double time)
{
        const struct trend_level *a = trend_level(t, level);
        struct growth_level *l = level_of(g, level);
        double horizon = trend_horizon(level), width = horizon / TREND_BUCKETS;
        double span = trend_span(t, level);
        uint8_t bit = (uint8_t)(1u << level);
        g->begun |= bit;
        if (!g->rested && horizon >= p->rest)
                g->rested = a->slope <= 0 || (double)a->slope <= 2 * trend_error(t, level);
        if (horizon > p->hour || time - g->climbed_at > span + 2 * width)
                learn(g, p, t, level, span);
        if (l->steepest > 0 && a->slope < (float)p->ended * l->steepest)
                l->steepest = 0;
        g->sure &= (uint8_t)~bit;
        if (!is_noise(p, a))
                g->sure |= bit;
}

void growth_change(struct growth *g, const struct growth_params *p, const struct trend *t,
                   unsigned changed, double time, double noise, double big)
{
        if (isnan(g->beginning))
                g->beginning = time;
        if (changed == 0)
                return;

        g->known = t->known != 0;
        g->grows = false;
        for (unsigned left = changed & t->known; left != 0; left &= left - 1)
                update_level(g, p, t, (unsigned)__builtin_ctz(left), time);
        g->sure &= t->known;
        g->answers = g->known ? (uint8_t)(31 - __builtin_clz(t->known)) : 0;
        /* What is noise cannot grow: most of the time nobody need be examined. */
        for (unsigned left = g->sure; left != 0; left &= left - 1) {
                unsigned level = (unsigned)__builtin_ctz(left);
                struct growth_level *l = level_of(g, level);
                struct growth_answer answer;
                if (!growth_examine(g, p, t, level, time, noise, big, &answer, NULL))
                        continue;
                if (answer.sure >= p->sure)
                        l->steepest = larger_float(l->steepest, (float)answer.rate);
                if (!answer.grows)
                        continue;
                g->flagged |= (uint8_t)(1u << level);
                g->grows = true;
                g->answers = (uint8_t)level;
                g->level = (uint8_t)level;
                g->rate = (float)answer.rate;
        }
        g->goes_on = g->grows;
        if (g->grows) {
                g->climbing = true;
                g->climbed_at = time;
        } else if (g->climbing && !is_over(g, p, t)) {
                /* Not every test at every moment: what was told goes on until it is surely over. */
                if (trend_knows(t, g->level)) {
                        g->answers = g->level;
                        g->goes_on = true;
                }
                g->climbed_at = time;
        } else if (g->climbing && time - g->climbed_at >= p->over) {
                g->climbing = false;
                g->settled = t->last;
        }
        /* What is told is ordinary over no horizon. */
        for (unsigned level = g->level; g->climbing && level < TREND_LEVELS; level++)
                if (g->begun & 1u << level && level_of(g, level)->pending > 0)
                        g->flagged |= (uint8_t)(1u << level);
        if (t->last < g->settled)
                g->settled = t->last;
}

void growth_seen_at_rest(struct growth *g, double since)
{
        g->beginning = since;
        g->rested = true;
}

void growth_shift(struct growth *g, double amount)
{
        g->settled += amount;
}

void growth_copy(struct growth *to, const struct growth *from)
{
        struct growth kept = *from;
        kept.levels = to->levels;
        kept.stride = to->stride;
        *to = kept;
        for (unsigned level = 0; level < TREND_LEVELS; level++)
                if (from->begun & 1u << level)
                        *level_of(to, level) = *level_of(from, level);
}

void growth_recall(struct growth *g, unsigned level, const struct growth_level *ordinary)
{
        g->begun |= (uint8_t)(1u << level);
        *level_of(g, level) = (struct growth_level){
                .most = ordinary->most,
                .again = ordinary->again,
                .fall = ordinary->fall,
        };
}

bool growth_read(const struct growth *g, const struct growth_params *p, const struct trend *t,
                 double noise, double big, struct growth_answer *ret)
{
        struct growth_answer answer;
        if (!g->known || !growth_examine(g, p, t, g->answers, t->time, noise, big, &answer, NULL))
                return false;
        /* As it was decided: time that has passed since can make up for a test. */
        answer.grows = g->grows;
        answer.goes_on = g->goes_on;
        answer.climb = g->climbing ? trend_horizon(g->level) : 0;
        *ret = answer;
        return true;
}
