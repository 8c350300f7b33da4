/* SPDX-License-Identifier: MIT */
/* What the files of engine/ share. */
#pragma once

#include "alert/alert.h"
#include "engine/engine.h"
#include "engine/series.h"
#include "engine/timeline.h"
#include "judge/judge.h"
#include "sample/field.h"

/* A rule at work: which series it judges, its alert, and an event not taken yet. */
struct watch {
        const struct rule *rule;
        size_t series;
        bool applies; /* to this kind of host */
        struct alert alert;
        struct verdict verdict;
        char alert_id[EVENT_ID_MAX];
        double fired_wall; /* Unix seconds, for people and the dedup_key */
        bool owed;         /* `event` waits to be taken */
        bool remade;       /* restored from disk: `event` has only its time and must be made anew */
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

        size_t value_count;
        double values[FIELD_KNOWN_COUNT];    /* of the last sample */
        double rates[FIELD_KNOWN_COUNT];     /* of the fields that are followed */
        int field_series[FIELD_KNOWN_COUNT]; /* index of the series of the plain field, or -1 */
};

/* The series and watches of a rule set, fresh. 0 or -ENOMEM. */
int engine_build(struct engine *e, const struct rule_set *rules);

/* Fills an event from a watch whose alert has changed at `time` (Unix seconds). */
void event_make(const struct engine *e, struct watch *w, const struct alert_change *change,
                double time, struct event *ret);
