/* SPDX-License-Identifier: MIT */
/* What the files of engine/ share. */
#pragma once

#include "alert/alert.h"
#include "base/hash.h"
#include "engine/engine.h"
#include "engine/follow.h"
#include "engine/incidents.h"
#include "engine/orphan.h"
#include "engine/series.h"
#include "engine/timeline.h"
#include "judge/judge.h"
#include "sample/field.h"

/* What a watch has to tell: large, and touched only then. */
struct watch_news {
        /* Made when it fires and kept with it: the host's name may change meanwhile. */
        char alert_id[EVENT_ID_MAX];
        char dedup_key[EVENT_DEDUP_MAX];
        char incident_id[EVENT_ID_MAX]; /* "" none */
        int root; /* enum culprit_dimension at the root of its change when it fired, or -1 */
        struct incident_change incident_change; /* behind the event */
        struct event event;
};

/* What a watch has while anything is going on. All idle ones share one in which nothing is. */
struct watch_life {
        struct alert alert;
        struct verdict verdict;
        struct workload_numbers explained; /* as last judged */
        double fired_wall;                 /* Unix seconds */
        struct alert_change change;        /* behind the event */
        struct watch_life *next;           /* while it is nobody's */
};

/* As many lives as there are watches, so that none is ever wanting, and the one that idle watches
 * share; only as much of it is touched as there ever were at once. */
struct lives {
        struct watch_life *all; /* the first one is shared */
        size_t room, used;
        struct watch_life *free;
};

/* Of a rule that follows members (engine/follow.h) a watch is a slot for one of them. */
enum slot {
        SLOT_NONE, /* it is none */
        SLOT_EMPTY,
        SLOT_USED,
        SLOT_LEAVES, /* its member is gone: it only owes the end of its alert */
};

/* A rule at work: which series it judges, its alert, and an event not taken yet. A tick runs with
 * cold caches and mostly finds nothing: what tells so fits one line of 64 bytes. */
struct watch {
        double from;            /* judge_least of its rule */
        double workload_before; /* value of the workload when the dimension was last not away */
        double value_before;    /* the dimension itself then */
        uint32_t series;
        int workload;   /* index of the series of the rule's workload, -1: none */
        uint8_t kind;   /* enum kind of the rule */
        uint8_t untold; /* enum event_quiet: what becomes of it is not for the channels, and why */
        bool applies;   /* to this kind of host */
        bool owed;      /* the event of `news` waits to be taken */
        bool remade;    /* taken over: it has only its time and must be made anew */
        bool idle;      /* the alert is as alert_init makes it */
        bool quiet;     /* the last sample could not reach a limit: the life has no verdict */
        uint8_t slot;   /* enum slot */
        const struct rule *rule;
        struct watch_life *life; /* never NULL; another's than the idle ones' by watch_live() */
        struct watch_news *news; /* one of the engine's */
};

struct engine {
        const struct host_facts *host;
        engine_take_event take;
        void *userdata;
        engine_quiet ask_quiet; /* NULL: nobody is asked */
        void *quiet_userdata;

        struct timeline timeline;
        double now; /* engine time of the last sample */
        double wall;
        uint64_t samples;
        enum host_kind kind;

        struct series_shared shared;
        struct series *series;
        struct series_store store;
        size_t series_count, series_room;
        struct watch *watches;
        struct watch_news *news; /* of each watch */
        struct lives lives;
        size_t watch_count, watch_room;
        /* Behind so many series and watches stand those of members. */
        size_t series_plain, watch_plain;
        struct following *following; /* NULL: no rule follows members */
        /* What the watches' `from` were computed with. */
        double from_total, from_stack;
        enum host_kind from_kind;
        struct orphan *orphans; /* NULL while there are none */
        size_t orphan_count;
        struct incident *incidents; /* INCIDENTS_MAX */
        unsigned incident_count;
        struct recent cgroups; /* their number, as a series has its values */
        float cgroups_recent[EVENT_RECENT_MAX];

        double values[FIELD_KNOWN_COUNT];    /* of the last sample */
        int field_series[FIELD_KNOWN_COUNT]; /* index of the series of the plain field, or -1 */
};

/* 0 or -ENOMEM. */
int lives_init(struct lives *lives, size_t watches);
void lives_done(struct lives *lives);

/* Gives the watch a life of its own, unless it has one. */
void watch_live(struct lives *lives, struct watch *w);

/* Takes it back. */
void watch_rest(struct lives *lives, struct watch *w);

/* By names: what the watch judges, to find it again after a restart. */
struct hash watch_judges(const struct engine *e, const struct watch *w);

/* The series and watches of a rule set, fresh. 0 or -ENOMEM. */
int engine_build(struct engine *e, const struct rule_set *rules);

/* Frees what engine_build has allocated. */
void engine_unbuild(struct engine *e);

/* Whether the channels are to be told of what the rule says now. */
enum event_quiet engine_ask_quiet(const struct engine *e, const struct rule *r,
                                  const char *dimension);

/* Whether it measures anything: a slot may be empty. */
static inline bool watch_is_used(const struct watch *w)
{
        return w->slot != SLOT_EMPTY;
}

/* As events carry it: the rule's, or that of the member. */
const char *watch_dimension(const struct engine *e, const struct watch *w);

/* One sample has come for its series. */
_hot_ void watch_feed(struct engine *e, struct watch *w, const struct machine_numbers *m);

/* Whether what it is a share of has changed; changed: bits of the bases. */
bool series_is_rebased(const struct series *s, unsigned changed);

/* What is quiet of the alert now: an alert that is acknowledged is that while it is not silenced.
 */
enum event_quiet watch_quiet(const struct watch *w);

/* The severity of its alert as it is told: what is only observed is at most a notice. */
enum severity watch_severity(const struct watch *w);

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
