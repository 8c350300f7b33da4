/* SPDX-License-Identifier: MIT */
/* One cause, one message: alerts that rest on the same cause are members of one incident, and it is
 * the incident that receivers are told of. Every alert has one, mostly a single alert its own. What
 * moves with what is the caller's to know; here is which alert joins, and what of an incident's
 * life is told. Pure. */
#pragma once

#include <stdbool.h>

#include "alert/event.h"

/* As many as a machine with few causes can have at once, with room: an alert beyond is told for
 * itself. */
enum {
        INCIDENTS_MAX = 64,
        INCIDENT_DIMENSION_SIZE = 128, /* as OPEN_DIMENSION_SIZE */
};

struct incident {
        char id[EVENT_ID_MAX];           /* the alert's that opened it */
        char dedup_key[EVENT_DEDUP_MAX]; /* likewise */
        char rule[RULE_NAME_MAX + 1];    /* likewise, as its dimension */
        char dimension[INCIDENT_DIMENSION_SIZE];
        double started;         /* Unix seconds */
        enum severity severity; /* the highest of its members now */
        enum severity highest;  /* of its life */
        enum severity told;     /* as receivers know it; OK before the trigger */
        bool triggered;         /* a trigger was sent that a resolve must follow */
        bool joined;            /* it has had more than one member */
        double told_at;         /* when receivers were told last, by the engine's clock; not kept */
};

/* What of an alert decides where it belongs. */
struct incident_alert {
        enum kind kind;
        int dimension;   /* any number that is the same for the same dimension; -1: of its own */
        int root;        /* the dimension that was at the root of its change when it fired: itself
                            when it stands alone; -1 unknown */
        double since;    /* when the change began that it is about: the jump, or the horizon over
                            which it grows */
        double onset;    /* when it began to go wrong */
        bool ending;     /* it is well again, and only waits for its end to be told */
        uint64_t member; /* of its dimension only this slab cache or cgroup is meant; 0: all */
};

/* Whether a new alert has the cause of one that is open. */
bool incident_joins(const struct incident_alert *candidate, const struct incident_alert *member);

/* What a change of a member means for receivers. */
struct incident_change {
        bool tells; /* it is told to receivers; else the journal has it, and the next message */
        bool trigger, resolve;
        enum severity previous; /* as receivers knew it */
};

/* One of its members has changed: `type`, by the alert that leads it or not; quiet: the receivers
 * are not to be told of that alert now; severity: the highest of all members after that, where
 * those of which receivers are not told count as notices. */
struct incident_change incident_step(struct incident *i, enum event_type type, bool leads,
                                     bool quiet, enum severity severity);
