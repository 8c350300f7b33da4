/* SPDX-License-Identifier: MIT */
/* The engine's own clock, made from the times of the samples: it never steps back and never leaps.
 *
 * A wall clock that is set, a suspended machine and a hole in the data all look alike from the
 * samples: the time between two of them is not the usual one. In each case what was learned stays
 * true and nothing is known of the time between, so the engine's clock goes on by one usual
 * interval and the sample is marked as the first after a break. */
#pragma once

#include <stdbool.h>

#include "base/macros.h"

struct timeline {
        bool started;
        double wall;     /* of the last sample, Unix seconds */
        double now;      /* engine time, seconds */
        double interval; /* usual seconds between samples, 0 while unknown */
};

enum timeline_break {
        TIMELINE_STEADY,
        TIMELINE_GAP,  /* much later than usual: suspend, a hole, a clock set forward */
        TIMELINE_BACK, /* not later: a clock set back, or the same sample twice */
};

/* Moves on to a sample taken at `wall`; *ret_now is its engine time, greater than the one before.
 */
_hot_ enum timeline_break timeline_step(struct timeline *t, double wall, double *ret_now);
