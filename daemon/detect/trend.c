/* SPDX-License-Identifier: MIT */
/* Sliding-horizon regression on a cascade of bucket means; see the header for the method. */
#include "detect/trend.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

#include "base/number.h"
#include "detect/fit.h"

static_assert((int)FIT_POINTS == TREND_BUCKETS, "a level is fitted as a whole");

void trend_init(struct trend *t, double width, struct trend_level *levels, size_t stride)
{
        *t = (struct trend){ .width = width, .levels = levels, .stride = stride };
}

static struct trend_level *level_of(const struct trend *t, unsigned level)
{
        return &t->levels[level * t->stride];
}

/* floor(), which is a call: there is no instruction for it in the x86-64 of all machines. Sample
 * times are far from where it would overflow. */
static int64_t whole(double number)
{
        int64_t towards_zero = (int64_t)number;
        return towards_zero - (number < (double)towards_zero);
}

static_assert(TREND_FACTOR == 4, "level_width");

static double level_width(const struct trend *t, unsigned level)
{
        return t->width * (double)(1u << 2 * level); /* TREND_FACTOR is 4 */
}

double trend_horizon(const struct trend *t, unsigned level)
{
        return level_width(t, level) * TREND_BUCKETS;
}

static void bucket_merge(struct trend_bucket *into, double offset, double mean, uint32_t count)
{
        uint32_t total = into->count > UINT32_MAX - count ? UINT32_MAX : into->count + count;
        double share = (double)count / total;
        into->mean += (mean - into->mean) * share;
        into->offset += (float)((offset - into->offset) * share);
        into->count = total;
}

/* The buckets with data; returns the samples in them. */
static uint64_t collect(const struct trend_level *l, int64_t open, double width, struct points *ret,
                        double means[FIT_POINTS])
{
        uint64_t count = 0;
        unsigned n = 0;
        for (int64_t number = open - TREND_BUCKETS; number < open; number++) {
                const struct trend_bucket *b = &l->ring[(uint64_t)number % TREND_BUCKETS];
                if (b->count == 0)
                        continue;
                ret->time[n] = (double)(number - open) * width + (double)b->offset;
                ret->value[n] = b->low;
                means[n++] = b->mean;
                count += b->count;
        }
        ret->n = n;
        return count;
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

_hot_ static bool regress(const struct trend_level *l, int64_t open, double width, bool lows,
                          struct trend_answer *ret)
{
        struct points p;
        struct fit f;
        double means[FIT_POINTS];
        uint64_t count = collect(l, open, width, &p, means);
        if (p.n < TREND_POINTS_MIN)
                return false;
        double span = p.time[p.n - 1] - p.time[0];
        if (span < width * TREND_BUCKETS / 2)
                return false;

        fit_points(&p, &f);
        double n = p.n;
        double variance = f.residual_square / (n - 2);
        /* r1 of n residuals about a fitted line is biased low by about 2 / n; clamped at 0.8
         * because a slow wave and a trend cannot be told apart from 16 points anyway. */
        double r1 = f.residual_square > 0 ? f.lagged / f.residual_square + 2 / n : 0;
        r1 = larger(0, smaller(0.8, r1));
        double widen = sqrt((1 + r1) / (1 - r1));

        *ret = (struct trend_answer){
                .slope = f.slope,
                .mean_slope = lows ? fit_slope(&p, &f, means) : f.slope,
                .error = sqrt(variance / f.time_square) * widen,
                .fit = f.value_square > 0 ? larger(0, 1 - f.residual_square / f.value_square) : 0,
                .span = span,
                .first = f.centre_value + f.slope * (p.time[0] - f.centre_time),
                .last = f.centre_value + f.slope * (p.time[p.n - 1] - f.centre_time),
                .early = f.early,
                .late = f.late,
                .points = p.n,
                .count = count,
        };
        shape(&p, ret);
        return true;
}

/* Closes the open bucket of a level and opens `number`; what lies between are gaps. */
static void level_advance(struct trend_level *l, struct trend_open *open, int64_t number)
{
        l->ring[(uint64_t)open->number % TREND_BUCKETS] = open->bucket;
        int64_t from = open->number + 1;
        if (number - from > TREND_BUCKETS)
                from = number - TREND_BUCKETS;
        for (int64_t gap = from; gap < number; gap++)
                l->ring[(uint64_t)gap % TREND_BUCKETS] = (struct trend_bucket){ 0 };
        *open = (struct trend_open){ .number = number };
}

unsigned trend_add(struct trend *t, double time, double value)
{
        if (!isfinite(time) || !isfinite(value) || (t->started && time <= t->time))
                return 0;
        if (!t->started) {
                double width = t->width;
                for (unsigned i = 0; i < TREND_LEVELS; i++, width *= TREND_FACTOR)
                        t->open[i].number = whole(time / width);
                t->started = true;
        }
        t->time = time;

        unsigned changed = 0;
        double width = t->width;
        for (unsigned i = 0; i < TREND_LEVELS; i++, width *= TREND_FACTOR) {
                struct trend_open *open = &t->open[i];
                int64_t number = whole(time / width);
                if (number == open->number)
                        break;
                /* What the closed bucket holds goes up before the level above is advanced: its open
                 * bucket contains the closed one. */
                if (i + 1 < TREND_LEVELS && open->bucket.count > 0) {
                        struct trend_open *above = &t->open[i + 1];
                        const struct trend_bucket *closed = &open->bucket;
                        double start = (double)open->number * width;
                        double above_start = (double)above->number * width * TREND_FACTOR;
                        double low = above->bucket.count > 0
                                             ? smaller(above->bucket.low, closed->low)
                                             : closed->low;
                        bucket_merge(&above->bucket, start - above_start + (double)closed->offset,
                                     closed->mean, closed->count);
                        above->bucket.low = low;
                }
                struct trend_level *l = level_of(t, i);
                level_advance(l, open, number);
                unsigned bit = 1u << i;
                t->begun |= (uint8_t)bit;
                t->known &= (uint8_t)~bit;
                if (regress(l, number, width, i > 0, &l->answer))
                        t->known |= (uint8_t)bit;
                changed |= bit;
        }
        struct trend_open *first = &t->open[0];
        bucket_merge(&first->bucket, time - (double)first->number * t->width, value, 1);
        first->bucket.low = first->bucket.mean;
        return changed;
}

double trend_low(const struct trend *t, unsigned level)
{
        const struct trend_level *l = level_of(t, level);
        double low = NAN;
        for (unsigned i = 0; i < TREND_BUCKETS && t->begun & 1u << level; i++)
                if (l->ring[i].count > 0)
                        low = smaller(low, l->ring[i].low);
        /* What has not gone up to this level yet. */
        for (unsigned i = 0; i <= level; i++)
                if (t->open[i].bucket.count > 0)
                        low = smaller(low, t->open[i].bucket.low);
        return low;
}

void trend_shift(struct trend *t, double amount)
{
        for (unsigned i = 0; i < TREND_LEVELS; i++) {
                struct trend_level *l = level_of(t, i);
                t->open[i].bucket.mean += amount;
                t->open[i].bucket.low += amount;
                if (!(t->begun & 1u << i))
                        continue;
                for (unsigned b = 0; b < TREND_BUCKETS; b++) {
                        l->ring[b].mean += amount;
                        l->ring[b].low += amount;
                }
                l->answer.first += amount;
                l->answer.last += amount;
        }
}
