/* SPDX-License-Identifier: MIT */
/* What a trace is about: which host, how long, which faults, and what else happens to it. */
#pragma once

#include "fault.h"

enum {
        FAULTS_MAX = 2,
        EVENTS_MAX = 16,
        COLUMNS_OUT_MAX = 3,
};

enum event_kind {
        EVENT_REBOOT,  /* seconds it takes */
        EVENT_SUSPEND, /* seconds */
        EVENT_CLOCK,   /* seconds forward, or back when negative */
        EVENT_BALLOON, /* bytes of memory that are taken away, or given when negative */
        EVENT_GAP,     /* nobody samples for so many seconds */
};

struct event {
        enum event_kind kind;
        double at, size; /* seconds lived */
};

struct scenario {
        const char *name;
        struct host host;
        double seconds, interval, start_clock; /* since a Monday 0:00 */
        double up;                             /* of the host when the trace begins */
        bool nightly, nightly_weekdays;
        double fill_size, fill_tau; /* a benign fill that begins with the trace */
        struct fault faults[FAULTS_MAX];
        unsigned fault_count;
        struct event events[EVENTS_MAX];
        unsigned event_count;
        /* Columns that this recorder does not have; one that comes late; cells it loses. */
        enum counter without[COLUMNS_OUT_MAX], late;
        unsigned without_count;
        double lost_cells, lost_rows, jitter;
};

/* With a name of scenario_names, or NULL: any. hours and interval of 0 are drawn. -1 for an
 * unknown name. */
int scenario_draw(struct scenario *ret, const char *name, double hours, double interval,
                  struct random *r);
extern const char *const scenario_names[];
