/* SPDX-License-Identifier: MIT */
/* One number over time as a picture: what it was, what is normal, where it goes, when alerts spoke.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "alert/event.h"
#include "store/past.h"

/* Points for a picture: as many as can be seen, however many there were. */
enum { THIN_MAX = 480 };

struct thin {
        struct past_point points[THIN_MAX];
        double weight[THIN_MAX]; /* how many values a point stands for */
        size_t count;
        double step;  /* seconds that a point covers; 0 until there are two */
        bool present; /* the last point is what is now: between it and the others is no gap */
};

/* Times must not step back; a value whose time does, or that is not finite, is left out. */
void thin_add(struct thin *t, const struct past_point *p);

/* The value of this moment, after the newest of the past, which may be some minutes old. */
void thin_add_present(struct thin *t, double time, double value);

struct chart_mark {
        double time;            /* Unix seconds */
        enum severity severity; /* SEVERITY_OK: an end */
        const char *text;
};

struct chart {
        const char *name;
        enum event_unit unit;
        double from, to, ends; /* Unix seconds: the past, and the picture's end */
        const struct thin *points;
        double baseline, spread; /* NaN unknown */
        double rate, rate_error; /* per second, in the unit; NaN: no trend */
        bool steady;             /* there is a rate, but it may as well be none */
        double horizon;          /* seconds that the trend was learned from */
        const struct chart_mark *marks;
        size_t mark_count;
};

/* A <figure> that fits any width. id: unique in the page. */
void chart_print(FILE *out, const struct chart *c, unsigned id);
