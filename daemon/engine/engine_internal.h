/* SPDX-License-Identifier: MIT */
/* What the files of engine/ share. */
#pragma once

#include "alert/alert.h"
#include "engine/engine.h"
#include "engine/orphan.h"
#include "engine/series.h"
#include "engine/timeline.h"
#include "judge/judge.h"
#include "sample/field.h"

/* A rule at work: which series it judges, its alert, and an event not taken yet. */
struct watch {
        const struct rule *rule;
        size_t series;
        int workload;           /* index of the series of the rule's workload, -1: none */
        double workload_before; /* its value when the dimension was last not away */
        double value_before;    /* the dimension itself then */
        struct workload_numbers explained; /* as last judged */
        bool applies;                      /* to this kind of host */
        bool owed;                         /* `event` waits to be taken */
        bool remade; /* taken over: `event` has only its time and must be made anew */
        struct alert alert;
        struct verdict verdict;
        /* Made when it fires and kept with it: the host's name may change meanwhile. */
        char alert_id[EVENT_ID_MAX];
        char dedup_key[EVENT_DEDUP_MAX];
        double fired_wall;          /* Unix seconds */
        struct alert_change change; /* behind `event` */
        struct event event;
};

struct engine {
        const struct host_facts *host;
        engine_take_event take;
        void *userdata;

        struct timeline timeline;
        double now; /* engine time of the last sample */
        double wall;
        uint64_t samples;
        enum host_kind kind;

        struct series *series;
        size_t series_count;
        struct watch *watches;
        size_t watch_count;
        struct orphan *orphans; /* NULL while there are none */
        size_t orphan_count;

        double values[FIELD_KNOWN_COUNT];    /* of the last sample */
        int field_series[FIELD_KNOWN_COUNT]; /* index of the series of the plain field, or -1 */
};

/* The series and watches of a rule set, fresh. 0 or -ENOMEM. */
int engine_build(struct engine *e, const struct rule_set *rules);

/* Everything the rule is judged by now. */
void watch_numbers(const struct engine *e, struct watch *w, struct series_numbers *ret);

/* Seconds that it must be wrong before the alert fires. */
double watch_wait(const struct rule *r, const struct series *s, const struct verdict *v);

/* Learned from long enough to be told to a person. */
bool growth_is_known_well(const struct series_numbers *n);
/* ... and it is growing or shrinking; else a person is told "steady". */
bool growth_is_shown(const struct series_numbers *n);

/* Gives an alert that fires now the identity that it keeps. */
void watch_identify(const struct engine *e, struct watch *w);

/* Fills an event from a watch whose alert has changed at `time` (Unix seconds). */
void event_make(const struct engine *e, const struct watch *w, const struct alert_change *change,
                double time, struct event *ret);
void event_make_id(struct event *e); /* from alert_id, type and time */
