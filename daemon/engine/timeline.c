/* SPDX-License-Identifier: MIT */
/* Engine time from sample times. */
#include "engine/timeline.h"

#include <math.h>

/* A sample is late when it comes after this many usual intervals, and at least GAP_SECONDS: a busy
 * machine delays a tick by seconds, a cron-driven recorder skips one. */
static const double GAP_INTERVALS = 5;
static const double GAP_SECONDS = 10;

/* Used for the second sample when even the first interval is odd. */
static const double FIRST_INTERVAL = 1;

enum timeline_break timeline_step(struct timeline *t, double wall, double *ret_now)
{
        enum timeline_break broken = TIMELINE_STEADY;
        if (!t->started) {
                t->started = true;
                t->wall = wall;
                *ret_now = t->now;
                return broken;
        }
        double passed = wall - t->wall;
        double usual = t->interval > 0 ? t->interval : passed > 0 ? passed : FIRST_INTERVAL;
        if (passed <= 0)
                broken = TIMELINE_BACK;
        else if (passed > fmax(GAP_INTERVALS * usual, GAP_SECONDS))
                broken = TIMELINE_GAP;

        if (broken == TIMELINE_STEADY) {
                /* Follows a changed interval within some samples. */
                t->interval = t->interval > 0 ? t->interval + 0.1 * (passed - t->interval) : passed;
                t->now += passed;
        } else {
                t->now += usual;
                /* Several breaks in a row are a new, longer interval: grow towards it. */
                if (broken == TIMELINE_GAP)
                        t->interval = usual * 1.5;
        }
        t->wall = wall;
        *ret_now = t->now;
        return broken;
}
