/* SPDX-License-Identifier: MIT */
/* The injected truth: what one fault has added to one number at a moment. */
#pragma once

#include "kernel.h"

enum fault_kind {
        FAULT_LEAK,
        FAULT_SPIKE, /* comes and goes */
        FAULT_SHIFT, /* comes and stays */
        FAULT_DROP,  /* was there from the beginning, and is gone */
};

enum fault_shape {
        SHAPE_STEADY,
        SHAPE_STAIRS,
        SHAPE_SAWTOOTH, /* gives a part back in each period */
        SHAPE_ACCELERATING,
        SHAPE_BURSTY, /* by chance, of all sizes */
        SHAPE_DAILY,  /* a little with each request, so with the day's curve */
        LEAK_SHAPE_COUNT,
        SHAPE_BLOCK = LEAK_SHAPE_COUNT, /* at once */
        SHAPE_RAMP,                     /* within a minute */
        SHAPE_DECAY,                    /* at once, and goes gradually */
        SHAPE_COUNT,
};
extern const char *const fault_shape_names[SHAPE_COUNT];

enum fault_target {
        TARGET_SUNRECLAIM,
        TARGET_SRECLAIMABLE,
        TARGET_VMALLOC,
        TARGET_THREADS,
        TARGET_STACKS, /* without a thread: a fault of the kernel */
        TARGET_TABLES,
        TARGET_SEC_TABLES,
        TARGET_PERCPU,
        TARGET_COUNT,
};

enum {
        KNOTS_MAX = 160,
        MARKS_MAX = 48, /* of what was leaked when, for the labels */
};

struct fault {
        enum fault_kind kind;
        enum fault_shape shape;
        enum fault_target target;
        double start, end; /* seconds lived */
        double size;       /* bytes; of spikes, shifts and drops known when they begin */
        double factor;     /* times the level that they find */
        double rise, fall; /* seconds */
        bool released;     /* a leak that ends with its program */
        bool again;        /* the same leak for the second time */
        bool sized;

        double at[KNOTS_MAX], sum[KNOTS_MAX]; /* of a leak: 0 ... 1 each */
        unsigned knots;
        bool steps; /* from one knot to the next at once */

        /* What came of it, in the trace's own clock. */
        double wall_start, wall_end, wall_gone;
        double mark_wall[MARKS_MAX], mark_bytes[MARKS_MAX];
        unsigned marks;
        double count, mean, square; /* of the number without the fault: Welford 1962 */
};

/* The main counter that the target moves, and others that follow it (ends with COUNTER_COUNT). */
extern const enum counter fault_main[TARGET_COUNT];
extern const enum counter fault_side[TARGET_COUNT][5];

/* A leak of size bytes from start to end with a shape drawn by the caller. clock: of its start. */
void fault_draw_leak(struct fault *f, const struct host *h, struct random *r, double clock);
double fault_bytes(const struct fault *f, double now);
/* Adds it to what faults add. */
void fault_add(const struct fault *f, const struct host *h, double now, struct extra *extra);
