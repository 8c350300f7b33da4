/* SPDX-License-Identifier: MIT */
#include "fault.h"

#include <math.h>

const char *const fault_shape_names[SHAPE_COUNT] = {
        "steady", "stairs", "sawtooth", "accelerating", "bursty", "daily", "block", "ramp", "decay",
};

const enum counter fault_main[TARGET_COUNT] = {
        COUNTER_SUNRECLAIM, COUNTER_SRECLAIMABLE, COUNTER_VMALLOC,    COUNTER_STACK,
        COUNTER_STACK,      COUNTER_TABLES,       COUNTER_SEC_TABLES, COUNTER_PERCPU,
};

#define END COUNTER_COUNT
const enum counter fault_side[TARGET_COUNT][5] = {
        [TARGET_SUNRECLAIM] = { COUNTER_SLAB, END },
        [TARGET_SRECLAIMABLE] = { COUNTER_SLAB, END },
        [TARGET_VMALLOC] = { END },
        [TARGET_THREADS] = { COUNTER_VMALLOC, COUNTER_SUNRECLAIM, COUNTER_SLAB, COUNTER_TABLES,
                             END },
        [TARGET_STACKS] = { COUNTER_VMALLOC, END },
        [TARGET_TABLES] = { END },
        [TARGET_SEC_TABLES] = { END },
        [TARGET_PERCPU] = { COUNTER_VMALLOC, END },
};

static void knot(struct fault *f, double at, double sum)
{
        if (f->knots < KNOTS_MAX) {
                f->at[f->knots] = at;
                f->sum[f->knots++] = sum;
        }
}

static void draw_steps(struct fault *f, struct random *r, bool bursty)
{
        unsigned n = bursty ? 20 + draw_index(r, 100) : 4 + draw_index(r, 20);
        double sum = 0, at = 0;

        f->steps = true;
        for (unsigned i = 0; i < n; i++) {
                at += bursty ? draw_wait(r, 1) : draw_between(r, 0.7, 1.3);
                sum += bursty ? draw_wait(r, 1) : draw_between(r, 0.7, 1.3);
                knot(f, at, sum);
        }
}

static void draw_sawtooth(struct fault *f, struct random *r)
{
        unsigned n = 3 + draw_index(r, 10);
        double back = draw_between(r, 0.4, 1.5), sharp = draw_between(r, 0.02, 0.2);

        knot(f, 0, 0);
        for (unsigned i = 0; i < n; i++) {
                knot(f, i + 1 - sharp, i + 1 + back);
                knot(f, i + 1, i + 1);
        }
}

void fault_draw_leak(struct fault *f, const struct host *h, struct random *r, double clock)
{
        double power = draw_between(r, 1.7, 3), last, sum = 0, top = 0;

        switch (f->shape) {
        case SHAPE_STAIRS:
        case SHAPE_BURSTY:
                draw_steps(f, r, f->shape == SHAPE_BURSTY);
                break;
        case SHAPE_SAWTOOTH:
                draw_sawtooth(f, r);
                break;
        case SHAPE_ACCELERATING:
                for (int i = 0; i <= 32; i++)
                        knot(f, i / 32.0, pow(i / 32.0, power));
                break;
        case SHAPE_DAILY:
                for (int i = 0; i <= 96; i++) {
                        knot(f, i / 96.0, sum);
                        sum += life_day_curve(h, clock + (f->end - f->start) * i / 96.0);
                }
                break;
        default:
                knot(f, 0, 0);
                knot(f, 1, 1);
        }
        last = f->at[f->knots - 1];
        for (unsigned i = 0; i < f->knots; i++)
                top = fmax(top, f->sum[i]);
        for (unsigned i = 0; i < f->knots; i++) {
                f->at[i] /= last;
                f->sum[i] /= top;
        }
}

static double leaked(const struct fault *f, double x)
{
        unsigned low = 0, high = f->knots;

        if (x <= 0)
                return 0;
        if (x >= 1)
                return f->sum[f->knots - 1];
        /* The last knot at or before x is low - 1. */
        while (low < high) {
                unsigned middle = (low + high) / 2;

                if (f->at[middle] <= x)
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low == 0)
                return f->steps ? 0 : f->sum[0] * x / f->at[0];
        if (f->steps || low == f->knots)
                return f->sum[low - 1];
        return f->sum[low - 1] + (f->sum[low] - f->sum[low - 1]) * (x - f->at[low - 1]) /
                                         (f->at[low] - f->at[low - 1]);
}

double fault_bytes(const struct fault *f, double now)
{
        double since = now - f->start, after = now - f->end;
        double risen = since < 0 ? 0 : f->rise <= 0 ? 1 : fmin(1, since / f->rise);

        switch (f->kind) {
        case FAULT_LEAK:
                if (f->released && after > 0)
                        return 0;
                return f->size * leaked(f, since / (f->end - f->start));
        case FAULT_SPIKE:
                if (f->shape == SHAPE_DECAY)
                        return since < 0 ? 0 : f->size * exp(-since / f->fall);
                return f->size * risen *
                       (after < 0     ? 1
                        : f->fall > 0 ? fmax(0, 1 - after / f->fall)
                                      : 0);
        case FAULT_SHIFT:
                return f->size * risen;
        case FAULT_DROP:
                return f->size * (1 - risen);
        }
        return 0;
}

void fault_add(const struct fault *f, const struct host *h, double now, struct extra *extra)
{
        double bytes = fault_bytes(f, now);

        switch (f->target) {
        case TARGET_SUNRECLAIM:
                extra->sunreclaim += bytes;
                break;
        case TARGET_SRECLAIMABLE:
                extra->sreclaimable += bytes;
                break;
        case TARGET_VMALLOC:
                extra->vmalloc += bytes;
                break;
        case TARGET_THREADS:
                extra->threads += round(bytes / h->stack);
                /* What each of them has touched of its own stack. */
                extra->tables += 0.5 * bytes / h->stack * 4096;
                break;
        case TARGET_STACKS:
                extra->stack += round(bytes / h->stack) * h->stack;
                break;
        case TARGET_TABLES:
                extra->tables += bytes;
                break;
        case TARGET_SEC_TABLES:
                extra->sec_tables += bytes;
                break;
        case TARGET_PERCPU:
                extra->percpu += bytes;
                break;
        case TARGET_COUNT:
                break;
        }
}
