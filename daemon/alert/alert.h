/* SPDX-License-Identifier: MIT */
/* The life of one rule on one dimension. One transition function, pure: state and verdict in, state
 * and event out. Time is seconds of a clock that never steps back. */
#pragma once

#include <stdbool.h>

#include "alert/event.h"

enum alert_state { ALERT_INACTIVE, ALERT_PENDING, ALERT_FIRING };
const char *alert_state_name(enum alert_state state); /* "inactive", "pending", "firing" */

struct alert_timing {
        double for_seconds;       /* wrong this long before it fires */
        double clear_for_seconds; /* well this long before it eases or resolves */
        double repeat_seconds;    /* remind while firing and worse; 0 never */
};

/* What the judge says now. */
struct alert_input {
        double time;
        bool known;             /* false: nothing is known now; a firing alert waits, then ends */
        enum severity severity; /* by the limits */
        enum severity holds;    /* by the lower limits that must be fallen below; >= severity */
        bool adopted;           /* the detector has taken the new level as normal */
        double value;           /* in the event's unit */
        bool falling;           /* the smaller the worse: a drop */
        bool jumped;   /* spike, drop: it began at `before`, not at the first wrong value */
        double before; /* the level that it left; NaN unknown */
        enum event_quiet quiet; /* the channels are not to be told now */
};

struct alert {
        enum alert_state state;
        enum severity severity;             /* while firing */
        enum severity highest;              /* of this life */
        double wrong_since[SEVERITY_COUNT]; /* [s]: since when it is at least s without a break; NaN
                                               not */
        double below_since;      /* since when it is below the present severity; NaN not */
        enum severity below;     /* the worst it was since then */
        double pending_since;    /* NaN while inactive */
        double fired;            /* when it fired; NaN before */
        double start_value;      /* when it became pending, or the level it jumped from */
        double peak;             /* worst value since then */
        double told, told_value; /* the last event */
        bool triggered;          /* a trigger was sent that a resolve must follow */
        bool held_back;          /* it was wrong while the channels were not to be told: what still
                                    is when that ends is told then */
        bool acknowledged;       /* a person knows: quiet until it gets worse */
};

/* What the step brought about. */
struct alert_change {
        bool happened;
        enum event_type type;
        enum severity previous;
        bool trigger, resolve;
        enum event_quiet quiet; /* a resolve is for the channels all the same */
};

void alert_init(struct alert *a);

/* Nothing is going on: as long as the severity is ok, alert_step changes nothing and says nothing.
 */
bool alert_is_idle(const struct alert *a);

/* Moves the alert to input->time. */
struct alert_change alert_step(struct alert *a, const struct alert_timing *timing,
                               const struct alert_input *input);

/* A person knows of it and wants to hear no more until it is worse than now: a higher severity, or
 * what makes a reminder. value NaN: as last told. False when it is not firing. */
bool alert_acknowledge(struct alert *a, double time, double value);

/* Ends the alert at once (its rule is gone). True with the change when it was firing. */
struct alert_change alert_end(struct alert *a, double time);
