/* SPDX-License-Identifier: MIT */
/* Sliding-horizon regression on a cascade of buckets; see the header for the method. */
#include "detect/trend.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/macros.h"
#include "base/number.h"
#include "detect/fit.h"

static_assert((int)FIT_POINTS == TREND_BUCKETS, "a level is fitted as a whole");
static_assert(TREND_FACTOR == 4, "shifts by two bits");

/* The mean time of a bucket's samples as one byte: its distance from the middle of the bucket, as a
 * square. The longer the horizon, the closer to the middle it lies and the better it is known: to
 * 1/250 of the width at the edges, to 1/2,000 where it is off by 1/500. */
enum { WHEN_MIDDLE = 128, WHEN_MOST = 127 };

void trend_init(struct trend *t, struct trend_level *levels, size_t stride,
                struct trend_means *means)
{
        *t = (struct trend){
                .levels = levels, .stride = (uint32_t)stride, .means = means, .last = NAN
        };
}

static struct trend_level *level_of(const struct trend *t, unsigned level)
{
        return &t->levels[(size_t)level * t->stride];
}

static double level_width(unsigned level)
{
        return (double)((unsigned)TREND_WIDTH << 2 * level);
}

static unsigned slot_of(int64_t number)
{
        return (uint64_t)number % TREND_BUCKETS;
}

/* part: of the width, 0 ... 1. */
static uint8_t when_code(double part)
{
        double off = smaller(fabs(part - 0.5), 0.5);
        int code = (int)(WHEN_MOST * sqrt(2 * off) + 0.5);
        return (uint8_t)(WHEN_MIDDLE + (part < 0.5 ? -code : code));
}

static double when_part(uint8_t when)
{
        double code = (when - WHEN_MIDDLE) * (1.0 / WHEN_MOST);
        return 0.5 + 0.5 * code * fabs(code);
}

/* Puts a value into a ring of floats; anew: what they are relative to is that value from now on. */
static void ring_put(double *base, float ring[TREND_BUCKETS], unsigned slot, double value,
                     bool anew)
{
        if (anew) {
                double moved = *base - value;
                for (unsigned i = 0; i < TREND_BUCKETS; i++)
                        ring[i] = (float)(ring[i] + moved);
                *base = value;
        }
        ring[slot] = (float)(value - *base);
}

/* The buckets with data; values relative to the base of the level. */
static void collect(const struct trend_level *l, int64_t open, double width, struct points *ret)
{
        unsigned n = 0;
        for (unsigned i = 0; i < TREND_BUCKETS; i++) {
                unsigned slot = slot_of(open + i);
                uint8_t when = l->when[slot];
                if (when == 0)
                        continue;
                ret->time[n] = ((int)i - TREND_BUCKETS + when_part(when)) * width;
                ret->value[n++] = (double)l->low[slot];
        }
        ret->n = n;
}

/* Whether all buckets are there, and the samples in them at the same times. */
static bool is_even(const uint8_t when[TREND_BUCKETS])
{
        uint64_t half[2];
        memcpy(half, when, sizeof(half));
        return half[0] == half[1] && half[0] == when[0] * UINT64_C(0x0101010101010101) &&
               when[0] != 0;
}

static bool is_enough(const struct points *p, double width)
{
        return p->n >= TREND_POINTS_MIN &&
               p->time[p->n - 1] - p->time[0] >= width * TREND_BUCKETS / 2;
}

static double standard_error(double n, double time_square, double residual_square, double lagged)
{
        double variance = residual_square / (n - 2);
        /* r1 of n residuals about a fitted line is biased low by about 2 / n; clamped at 0.8
         * because a slow wave and a trend cannot be told apart from 16 points anyway. */
        double r1 = residual_square > 0 ? lagged / residual_square + 2 / n : 0;
        r1 = larger(0, smaller(0.8, r1));
        return sqrt(variance / time_square * (1 + r1) / (1 - r1));
}

/* NaN when the slope is surely noise: the error is at least what it is without correlation. */
static float error_unless_noise(double slope, double n, double time_square, double residual_square,
                                double lagged)
{
        const double noise = TREND_NOISE * TREND_NOISE;
        if (slope <= 0 || slope * slope * (n - 2) * time_square < noise * residual_square)
                return NAN;
        return (float)standard_error(n, time_square, residual_square, lagged);
}

/* Step and fall-back: how the net change came about. */
static void shape(const struct points *p, struct trend_answer *a)
{
        double net = p->value[p->n - 1] - p->value[0];
        double sign = a->slope < 0 ? -1 : 1;
        double largest = 0, top = p->value[0] * sign, fall = 0;
        for (unsigned i = 1; i < p->n; i++) {
                /* All of them are numbers: one instruction each, where larger() would guess. */
                double here = p->value[i] * sign;
                double diff = (p->value[i] - p->value[i - 1]) * sign, below;
                largest = diff > largest ? diff : largest;
                top = here > top ? here : top;
                below = top - here;
                fall = below > fall ? below : fall;
        }
        double rise = larger(fabs(a->slope) * a->span, net * sign);
        a->step = rise > 0 ? smaller(1, largest / rise) : 1;
        a->back = rise > 0 ? smaller(1, fall / rise) : 1;
}

static int64_t open_number(const struct trend *t, unsigned level)
{
        return t->number >> 2 * level;
}

bool trend_read(const struct trend *t, unsigned level, struct trend_answer *ret)
{
        if (!trend_knows(t, level))
                return false;
        const struct trend_level *l = level_of(t, level);
        struct points p;
        struct fit f;
        collect(l, open_number(t, level), level_width(level), &p);
        fit_points(&p, &f);
        double centre = l->base + f.centre_value;
        *ret = (struct trend_answer){
                .slope = f.slope,
                .error = standard_error(p.n, f.time_square, f.residual_square, f.lagged),
                .fit = f.value_square > 0 ? larger(0, 1 - f.residual_square / f.value_square) : 0,
                .span = p.time[p.n - 1] - p.time[0],
                .first = centre + f.slope * (p.time[0] - f.centre_time),
                .last = centre + f.slope * (p.time[p.n - 1] - f.centre_time),
                .early = f.early,
                .late = f.late,
                .points = p.n,
        };
        shape(&p, ret);
        return true;
}

double trend_error(const struct trend *t, unsigned level)
{
        struct trend_answer a = { .error = (double)level_of(t, level)->error };
        if (isnan(a.error))
                (void)trend_read(t, level, &a);
        return a.error;
}

double trend_step(const struct trend *t, unsigned level)
{
        const struct trend_level *l = level_of(t, level);
        int64_t open = open_number(t, level);
        float sign = l->slope < 0 ? -1 : 1, largest = 0, first = NAN, before = 0;
        bool even = is_even(l->when);
        if (even) {
                float up, down;
                unsigned oldest = slot_of(open);
                fit_steps(l->low, oldest, &up, &down);
                largest = l->slope < 0 ? down : up;
                first = l->low[oldest] * sign;
                before = l->low[slot_of(open - 1)] * sign;
        }
        for (unsigned i = 0; i < TREND_BUCKETS && !even; i++) {
                unsigned slot = slot_of(open + i);
                if (l->when[slot] == 0)
                        continue;
                float here = l->low[slot] * sign, step = here - before;
                if (isnan(first))
                        first = here;
                else
                        largest = step > largest ? step : largest;
                before = here;
        }
        double rise =
                larger(fabs((double)l->slope) * trend_span(t, level), (double)(before - first));
        return rise > 0 ? smaller(1, (double)largest / rise) : 1;
}

double trend_span(const struct trend *t, unsigned level)
{
        const struct trend_level *l = level_of(t, level);
        if (is_even(l->when))
                return (TREND_BUCKETS - 1) * level_width(level);
        int64_t first = open_number(t, level) - TREND_BUCKETS, last = first + TREND_BUCKETS - 1;
        while (l->when[slot_of(first)] == 0 && first < last)
                first++;
        while (l->when[slot_of(last)] == 0 && first < last)
                last--;
        return ((double)(last - first) + when_part(l->when[slot_of(last)]) -
                when_part(l->when[slot_of(first)])) *
               level_width(level);
}

double trend_mean_slope(const struct trend *t, unsigned level)
{
        const struct trend_level *l = level_of(t, level);
        if (!t->means || level == 0)
                return (double)l->slope;
        const struct trend_means *m = &t->means[level];
        struct points p;
        struct fit f;
        int64_t open = open_number(t, level);
        unsigned n = 0;
        collect(l, open, level_width(level), &p);
        for (unsigned i = 0; i < TREND_BUCKETS; i++)
                if (l->when[slot_of(open + i)] != 0)
                        p.value[n++] = (double)m->mean[slot_of(open + i)];
        fit_points(&p, &f);
        return f.slope;
}

/* The lowest of some finished buckets, NaN when all are gaps. */
static double lowest(const struct trend_level *l, int64_t from, int64_t to)
{
        double low = NAN;
        for (int64_t number = from; number <= to; number++)
                if (l->when[slot_of(number)] != 0)
                        low = smaller(low, (double)l->low[slot_of(number)]);
        return l->base + low;
}

static void open_merge(struct trend_open *into, double offset, uint32_t count)
{
        uint32_t total = into->count > UINT32_MAX - count ? UINT32_MAX : into->count + count;
        into->offset += (float)((offset - (double)into->offset) * ((double)count / total));
        into->count = total;
}

/* Puts an open bucket into its place, and what it holds into the open one of the next level. */
static void finish(struct trend *t, unsigned level, int64_t number, double low)
{
        struct trend_level *l = level_of(t, level);
        struct trend_open *open = &t->open[level];
        struct trend_means *means = t->means ? &t->means[level] : NULL;
        unsigned slot = slot_of(number);
        l->when[slot] = 0;
        if (open->count == 0)
                return;
        double width = level_width(level), mean = level > 0 && means ? means->open : low;
        /* Once a round, and behind each gap: what is long gone is nothing to be relative to. */
        bool anew = slot == 0 || l->when[slot - 1] == 0;
        ring_put(&l->base, l->low, slot, low, anew);
        l->when[slot] = when_code((double)open->offset / width);
        if (means)
                ring_put(&means->base, means->mean, slot, mean, anew);
        if (level + 1 < TREND_LEVELS) {
                struct trend_open *above = &t->open[level + 1];
                double start = (double)(number & (TREND_FACTOR - 1)) * width;
                open_merge(above, start + (double)open->offset, open->count);
                if (means)
                        means[1].open +=
                                (mean - means[1].open) * ((double)open->count / above->count);
        }
        *open = (struct trend_open){ 0 };
}

/* The line through the buckets of a level: slope and error; and its end, without the base. */
_hot_ static bool regress(struct trend_level *l, int64_t open, double width, double *ret_last)
{
        double slope;
        if (is_even(l->when)) {
                struct even_fit f;
                fit_even(l->low, slot_of(open), &f);
                slope = (double)f.slope / width;
                l->error = error_unless_noise(slope, FIT_POINTS, FIT_EVEN_SQUARE * width * width,
                                              (double)f.residual_square, (double)f.lagged);
                *ret_last = (double)f.last;
        } else {
                struct points p;
                struct fit f;
                collect(l, open, width, &p);
                if (!is_enough(&p, width))
                        return false;
                fit_points(&p, &f);
                slope = f.slope;
                l->error =
                        error_unless_noise(slope, p.n, f.time_square, f.residual_square, f.lagged);
                *ret_last = f.centre_value + slope * (p.time[p.n - 1] - f.centre_time);
        }
        l->slope = (float)slope;
        return true;
}

/* After a shorter level has lost its answer. */
static void update_last(struct trend *t)
{
        struct trend_answer a;
        if (t->known == 0) {
                t->last = NAN;
        } else if ((unsigned)__builtin_ctz(t->known) != t->last_level) {
                t->last_level = (uint8_t)__builtin_ctz(t->known);
                if (trend_read(t, t->last_level, &a))
                        t->last = a.last;
        }
}

/* Finishes buckets until `number` is the open one of level 0. */
_hot_ static unsigned advance(struct trend *t, int64_t number)
{
        int64_t before = t->number;
        double low = t->mean;
        unsigned changed = 0;
        t->number = number;
        t->mean = 0;
        for (unsigned i = 0; i < TREND_LEVELS && number != before; i++) {
                struct trend_level *l = level_of(t, i);
                unsigned bit = 1u << i;
                finish(t, i, before, low);
                /* What goes up is taken before its places are given to the gaps. */
                if (number >> 2 != before >> 2)
                        low = lowest(l, before & ~(int64_t)3, before);
                int64_t gap = MAX_OF(before + 1, number - TREND_BUCKETS);
                for (; gap < number; gap++)
                        l->when[slot_of(gap)] = 0;
                t->begun |= (uint8_t)bit;
                t->known &= (uint8_t)~bit;
                double last;
                if (regress(l, number, level_width(i), &last)) {
                        if ((t->known & (bit - 1)) == 0) {
                                t->last = l->base + last;
                                t->last_level = (uint8_t)i;
                        }
                        t->known |= (uint8_t)bit;
                }
                changed |= bit;
                number >>= 2;
                before >>= 2;
        }
        update_last(t);
        return changed;
}

unsigned trend_add_slowly(struct trend *t, double time, double value)
{
        unsigned changed = 0;
        if (!isfinite(time) || !isfinite(value) || (t->started && time <= t->time))
                return 0;
        int64_t number = trend_number(time);
        if (!t->started) {
                t->number = number;
                t->started = true;
        }
        if (number != t->number)
                changed = advance(t, number);
        trend_add_open(t, time, value);
        return changed;
}

double trend_low(const struct trend *t, unsigned level)
{
        double low = t->open[0].count > 0 ? t->mean : NAN;
        /* What has not gone up to this level yet. */
        for (unsigned i = 0; i < level; i++) {
                int64_t open = open_number(t, i);
                if (t->begun & 1u << i)
                        low = smaller(low, lowest(level_of(t, i), open & ~(int64_t)3, open - 1));
        }
        if (t->begun & 1u << level) {
                int64_t open = open_number(t, level);
                low = smaller(low, lowest(level_of(t, level), open - TREND_BUCKETS, open - 1));
        }
        return low;
}

void trend_shift(struct trend *t, double amount)
{
        t->mean += amount;
        t->last += amount;
        for (unsigned i = 0; i < TREND_LEVELS; i++) {
                if (!(t->begun & 1u << i))
                        continue;
                level_of(t, i)->base += amount;
                if (t->means) {
                        t->means[i].base += amount;
                        t->means[i].open += amount;
                }
        }
}

void trend_copy(struct trend *to, const struct trend *from)
{
        struct trend kept = *from;
        kept.levels = to->levels;
        kept.stride = to->stride;
        kept.means = to->means;
        *to = kept;
        for (unsigned i = 0; i < TREND_LEVELS; i++) {
                if (!(from->begun & 1u << i))
                        continue;
                const struct trend_level *l = level_of(from, i);
                *level_of(to, i) = *l;
                if (!to->means)
                        continue;
                /* Where there were none the lows are the next best. */
                struct trend_means lows = { .base = l->base, .open = l->base };
                memcpy(lows.mean, l->low, sizeof(lows.mean));
                to->means[i] = from->means ? from->means[i] : lows;
        }
}
