/* SPDX-License-Identifier: MIT */
/* Rules whose dimension is a pattern of members (slab caches, cgroups): which of them are followed,
 * and the tick of those. Each such rule has a fixed number of slots, which are watches like others;
 * an empty one measures nothing. What two rules measure of a member alike they share.
 *
 * Everything here is told by the times and values of the samples alone, so that a replay picks what
 * the live engine picked. Nothing is allocated after engine_build. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "engine/series.h"
#include "judge/rule_load.h"
#include "sample/members.h"

struct engine;
struct machine_numbers;
struct sample;
struct watch;

/* What is measured of a member; its series stands at the same place behind the plain ones. */
struct followed {
        uint64_t key;         /* of the member */
        unsigned users;       /* slots; 0: free */
        int row;              /* in the table of members, -1: not there */
        double missing_since; /* engine time, NaN: it is there */
        char name[FIELD_NAME_MAX + 1];
        char dimension[RULE_DIMENSION_MAX + 1]; /* with what divides it */
};

struct follower {
        const struct rule *rule;
        size_t first;   /* of its watches ... */
        unsigned count; /* ... one behind the other */
        bool exact;     /* it names one member */
        bool begun;     /* its members were picked once */
        unsigned finds; /* members that its pattern finds, as last picked */
};

/* What is remembered of a member, followed or not; by its row. */
struct member_past {
        uint64_t key;
        uint64_t matches, followed; /* bits of the followers */
        double level;               /* mean of the last hour */
        /* It has not fallen since then (engine time), and was at rest for so long at first. */
        double since;
        float rest, at, top; /* seconds; the value it rested at, the highest since */
        bool resting;
        bool inner; /* as it was when asked for its matches */
};

struct following {
        struct follower followers[MEMBER_RULES_MAX];
        unsigned follower_count;
        struct followed *list;
        double *since; /* engine time, by slot: when it got its member */
        size_t count;  /* slots in all */
        struct member_past *past;
        const void *table;           /* which `past` was made to fit, and its */
        uint64_t changes;            /* of the table, when `past` was made to fit it */
        bool begun, remake;          /* it was picked once; rows and matches are to be found anew */
        double fed, picked, learned; /* engine time: series, slots, levels of all members */
        bool broken, owed;           /* since the last feed; some slot may owe an event */
        unsigned changed;            /* bases of ratios, since the last feed */
        struct series_shared shared;
};

/* Whether there is anything to be told of the series at a place: else it is free. */
bool engine_series_is_used(const struct engine *e, size_t place);

/* While building: the slots of all rules together, then those of each rule. 0 or -ENOMEM. */
int engine_follow_init(struct engine *e, size_t slots);
void engine_follow_add(struct engine *e, const struct rule *r, int workload);
void engine_follow_done(struct engine *e);
size_t engine_follow_resident(const struct engine *e); /* bytes in memory, without the series */

/* With each sample; broken and changed as engine_feed knows them. */
_hot_ void engine_follow_feed(struct engine *e, const struct sample *sample, bool broken,
                              unsigned changed, const struct machine_numbers *m);

/* Gives a slot of the rule to a member, by its dimension as events carry it: after a restart or a
 * reload. The watch, also when it had one already; NULL: the rule follows no such members, or has
 * no slot left. */
struct watch *engine_follow_claim(struct engine *e, const char *rule, const char *dimension);

/* A reload: the slots that go on, open alerts first; and what was learned in them. */
void engine_follow_claim_all(struct engine *e, const struct engine *old);
void engine_follow_inherit(struct engine *e, const struct engine *old);

/* Between follow.c and follow_pick.c. */
void engine_follow_pick(struct engine *e, const struct members *members);
struct followed *engine_follow_assign(struct engine *e, struct watch *w, uint64_t key,
                                      const char *name);
void engine_follow_release(struct engine *e, struct watch *w);
struct watch *engine_follow_free_slot(struct engine *e, const struct follower *x);
const struct followed *engine_followed(const struct engine *e, const struct watch *w);
