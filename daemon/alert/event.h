/* SPDX-License-Identifier: MIT */
/* A change in an alert's life, with everything a channel needs to tell it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "judge/rule.h"
#include "sample/host.h"

enum event_type {
        EVENT_FIRING,       /* an alert begins */
        EVENT_ESCALATED,    /* it became more severe */
        EVENT_EASED,        /* it became less severe, still firing */
        EVENT_REMINDER,     /* it is still firing and worse than when last told */
        EVENT_ADOPTED,      /* spike or drop: the new level is taken as normal; ends the alert */
        EVENT_RESOLVED,     /* it is over */
        EVENT_ACKNOWLEDGED, /* a person knows; no step of an alert: only for whom it concerns */
        EVENT_TYPE_COUNT,
};
const char *event_type_name(enum event_type type); /* "firing", "escalated", ... */
int event_type_by_name(const char *name);          /* or -1 */

/* Why the channels are not told of an event that the journal is told of. */
enum event_quiet {
        QUIET_NOT,
        QUIET_ACKNOWLEDGED, /* a person knows, and it is not worse than then */
        QUIET_HOURS,        /* its rule has quiet hours now */
        QUIET_SILENCED,     /* a person has silenced its rule for a time */
        QUIET_OBSERVED,     /* its rule, or all of them, are only tried out */
        QUIET_COUNT,
};
const char *event_quiet_name(enum event_quiet quiet); /* "", "acknowledged", "silenced" ... */
int event_quiet_by_name(const char *name);            /* or -1 */

enum event_unit { UNIT_BYTES, UNIT_BYTES_PER_COUNT, UNIT_RATIO, UNIT_COUNT };
const char *
event_unit_name(enum event_unit unit);    /* "bytes", "bytes_per_count", "ratio", "count" */
int event_unit_by_name(const char *name); /* or -1 */

/* One of the tests that the verdict rested on, as `kmemwatch explain` shows them. */
struct question;
struct event_check {
        const char *name, *asks;         /* static storage */
        const struct question *question; /* with its unit, for check_text.h */
        double value, limit;             /* NaN: unknown */
        bool passed;
};
enum { EVENT_CHECKS_MAX = 16 }; /* a detector has ten */

enum { EVENT_RECENT_MAX = 60, EVENT_ID_MAX = 33, EVENT_DEDUP_MAX = 256, EVENT_TEXT_MAX = 512 };

struct culprit_list;

/* The incident that the event's alert is a member of, as it is when the event leaves. */
enum { INCIDENT_ALERTS_MAX = 12, INCIDENT_MOVED_MAX = 9, INCIDENT_TEXT_MAX = 384 };
struct event_incident {
        char id[EVENT_ID_MAX]; /* "": none, the alert is told for itself */
        char dedup_key[EVENT_DEDUP_MAX];
        const char *rule, *dimension;    /* of the alert that opened it; valid during the call */
        double started;                  /* Unix seconds */
        enum severity severity;          /* the highest of its alerts now */
        enum severity previous_severity; /* as receivers knew it before this event */
        enum severity highest_severity;
        bool joined;           /* it has had more alerts than one */
        bool leads;            /* the event is of the alert that leads it */
        bool tells;            /* it goes to receivers */
        bool listed;           /* they have been told of it since this alert fired */
        bool trigger, resolve; /* of the incident, as an event's own of its alert */
        const char *cause;     /* the dimension at the root; NULL unknown. Static storage. */
        /* Its alerts that are open, the one that leads first; names are valid during the call. */
        struct {
                const char *alert_id, *rule, *dimension;
                enum kind kind;
                enum severity severity;
        } alerts[INCIDENT_ALERTS_MAX];
        unsigned alert_count; /* of all, may be more than are listed */
        /* Dimensions that have moved with it, largest first. */
        struct {
                const char *dimension; /* static storage */
                double change;         /* bytes */
        } moved[INCIDENT_MOVED_MAX];
        unsigned moved_count;
};

struct event {
        char id[EVENT_ID_MAX]; /* 32 hex digits, unique to the event, the same at each delivery */
        char alert_id[EVENT_ID_MAX]; /* 32 hex digits, the same for all events of one alert */
        char dedup_key[EVENT_DEDUP_MAX];
        double time; /* Unix seconds */
        enum event_type type;
        enum kind kind;
        enum severity severity;          /* now; at EASED and RESOLVED the one it fell to */
        enum severity previous_severity; /* before this event */
        enum severity highest_severity;  /* of the alert so far */
        /* For receivers that know trigger and resolve: an alert's first event above notice is the
         * trigger, falling back to notice or ending is the resolve; both false for notices. */
        bool trigger, resolve;
        /* Not for the channels, unless it is a resolve. An event that is only observed is at most a
         * notice; would_be is the severity that it has otherwise. */
        enum event_quiet quiet;
        enum severity would_be;

        const char *rule, *dimension;                     /* not owned; valid during the call */
        const char *summary, *explain, *action, *runbook; /* not owned; runbook may be NULL */

        enum event_unit unit;
        /* NaN where unknown. value, baseline, limit, peak, start are in `unit`. */
        double value;       /* now */
        double baseline;    /* what was normal */
        double spread;      /* one standard deviation of normal */
        double limit;       /* the limit that decides the severity: ratio in `unit`; spike and drop
                               the change, in `unit`; growth in bytes per second, NaN when the time
                               left decided */
        double value_bytes; /* the measured field itself, before `per` */
        double baseline_bytes;
        double rate;        /* bytes per second; NaN unless known */
        double rate_error;  /* standard error of rate */
        double exhausts_at; /* Unix seconds when MemAvailable reaches 3 %: best estimate, or NaN */
        double exhausts_earliest, exhausts_latest; /* the interval, or NaN */
        double mem_available;                      /* bytes, NaN when unknown */
        double started;                            /* Unix seconds: when the alert fired */
        double duration;                           /* seconds since then */
        double start_value;                        /* when it began to go wrong */
        double peak;            /* the largest (drop: smallest) value since then */
        double grown;           /* value now, at EVENT_RESOLVED peak, minus start_value */
        const char *workload;   /* "threads": what the change may go with; NULL none. Not owned. */
        bool workload_is_count; /* else bytes */
        double workload_change; /* of it, over the same time; NaN unknown */
        double explained;       /* share of the change that it explains, 0..1; NaN unknown */
        double score;           /* 0..1, how anomalous */
        double since; /* Unix seconds: from when on the change is to be explained; NaN unknown */
        const struct culprit_list *culprits; /* who is behind it, NULL: not known. Not owned. */

        struct event_incident incident;

        struct event_check checks[EVENT_CHECKS_MAX];
        unsigned check_count;

        double recent[EVENT_RECENT_MAX]; /* last hour of the dimension, oldest first, NaN where
                                            missing */
        unsigned recent_count;
        double recent_interval; /* seconds between them */

        char text[EVENT_TEXT_MAX]; /* one line for a person: what, how much, how fast, time left */

        const struct host_facts *host; /* not owned */
};

/* Whether receivers are told of it: a notice pages nobody, nor what is quiet, nor an alert that
 * joins an incident which they know; but the end of what was paged is told. */
bool event_is_told(const struct event *e);

/* Whether its alert joins an incident that receivers know: those who asked for other alerts only do
 * not know it yet. */
bool event_joins(const struct event *e);

/* For receivers that know trigger and resolve: of the incident, or of an alert without one. */
bool event_triggers(const struct event *e);
bool event_resolves(const struct event *e);
const char *event_dedup_key(const struct event *e);
