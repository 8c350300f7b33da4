/* SPDX-License-Identifier: MIT */
/* One measured number over time with its detectors; shared by all rules that measure the same. */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "alert/event.h"
#include "base/hash.h"
#include "base/macros.h"
#include "detect/growth.h"
#include "detect/jump.h"
#include "detect/season.h"
#include "detect/trend.h"
#include "judge/judge.h"
#include "judge/rule.h"

/* The last hour in minute means, for sparklines and `status`. */
struct recent {
        double sum;
        double minute_end; /* engine time */
        uint32_t count;
        uint8_t next, filled;
        float *value; /* EVENT_RECENT_MAX; NaN: nothing in that minute. Not owned. To be drawn, and
                         told with three digits. */
};
static_assert(EVENT_RECENT_MAX <= UINT8_MAX, "filled");

enum { RECENT_SECONDS = 60 };

/* What a tick touches, and in front what each tick touches. What is touched once a minute or less
 * is in struct series_store. */
struct series {
        /* now */
        double value, value_bytes;  /* NaN absent */
        float floor;                /* smallest spread believed */
        double low;                 /* lowest of the last hours */
        float adopt_up, adopt_down; /* shortest of its rules for spikes, drops; INFINITY none */
        int field;                  /* what is measured, see below */
        uint8_t unit;               /* enum event_unit */
        bool plain;                 /* nothing is taken off, nothing divides it */
        bool only_size; /* no rule asks how a proportion has moved: it has no trend, no growth and
                           no season */
        bool absent;    /* was absent at the last sample: the next one is a new beginning */
        bool adopted;   /* the level was adopted with this sample */

        struct jump jump;
        struct ewma days; /* the baseline of days */
        struct recent recent;
        struct season season;
        struct trend trend;
        struct growth growth;

        /* field - less, over per; or, where field < 0, just the sum in `less`. The rule's. */
        const struct expression *less, *per;
        const char *dimension; /* of a rule that measures it, or a field's name */
};

/* What the series of an engine compute once for all of them. Begins as zeros. */
struct series_shared {
        struct jump_shared jump;
        struct ewma_gain days;
        /* Of this sample, see series_share: */
        const struct sample *sample;
        double now;                /* engine time */
        double floor, floor_young; /* of bytes; of who has not seen the noise yet */
        double total;              /* MemTotal, INFINITY unknown */
};

/* The unit of field - less over per. */
enum event_unit series_unit(int field, const struct expression *per);

/* The larger part of a number of series, each kind of it together, so that what was not reached yet
 * (a horizon of days, the second half hour) takes no memory. */
struct series_store {
        void *pages;
        size_t size, room; /* bytes, series */
        struct trend_level *levels;
        struct growth_level *ordinary;
        struct trend_means (*means)[TREND_LEVELS];
        struct season_past *seasons;
        float (*recent)[EVENT_RECENT_MAX];
};

/* 0 or -ENOMEM. */
int series_store_init(struct series_store *store, size_t room);
void series_store_done(struct series_store *store);

/* less, per and dimension are not copied: they must outlive the series, as must the store, of which
 * it takes place `index`, which no other has had. */
void series_init(struct series *s, int field, const struct expression *less,
                 const struct expression *per, const char *dimension,
                 const struct series_store *store, size_t index);

/* This rule judges it. */
void series_judge(struct series *s, const struct rule *r);

/* Of what it measures, by names: indexes may change. */
struct hash series_measured(const struct series *s);

/* Before it is begun anew at the same place: what it has learned there becomes zeros again. */
void series_forget(struct series *s);

/* What another's trend and growth have learned, and its season, where it has any itself. */
void series_take_trend(struct series *to, const struct trend *trend, const struct growth *growth);
void series_take_season(struct series *to, const struct season *season);

/* Before the first sample, when all rules of some series that stand in a row, the first ones of
 * their store, are known: their horizons and seasons lie closely, without places for those that
 * have none. */
void series_pack(struct series *first, size_t count, const struct series_store *store);

/* Goes on with what another has learned that measures the same. `to` is fresh. */
void series_inherit(struct series *to, const struct series *from);

uint32_t series_hash(int field, const struct expression *less, const struct expression *per);

/* True when it measures this. */
bool series_measures(const struct series *s, int field, const struct expression *less,
                     const struct expression *per);

/* Asks for the memory that series_feed will touch. */
_hot_ void series_prefetch(const struct series *s);

/* Keeps means beside the lows of its trend: somebody asks for their slope. */
void series_keep_means(struct series *s, const struct series_store *store, size_t index);

/* Before the series are fed a sample. now: engine time. */
_hot_ void series_share(struct series_shared *shared, const struct sample *sample, double now);

/* Takes the value out of the sample. broken: first one after a break of the timeline; what changed
 * meanwhile is neither a jump nor growth. */
_hot_ void series_feed(struct series *s, bool broken, struct series_shared *shared);

/* The same of what stands in no field: the value of a member. */
_hot_ void series_feed_value(struct series *s, double bytes, bool broken,
                             struct series_shared *shared);

/* Before the first sample: what a stretch of `dt` seconds, which began at the time of the shared
 * sample, would have taught of days and hours. mean of the value, and its rise above the low of
 * hours before. */
void series_relearn(struct series *s, double mean, double rise, double dt,
                    struct series_shared *shared);

/* What the judge needs. */
void series_numbers(const struct series *s, struct series_numbers *ret);

/* Its growth; false while nothing is known. */
bool series_growth(const struct series *s, struct growth_answer *ret);

/* Whether there is an answer about jumps. */
bool series_knows_level(const struct series *s);

/* How one horizon was judged at the last sample; total: MemTotal. As growth_examine. */
bool series_examine(const struct series *s, unsigned level, double now, double total,
                    struct growth_answer *ret, struct checks *checks);

/* One value of a moment (engine time); NaN is left out. */
_hot_ void recent_add(struct recent *r, double now, double value);
/* The mean of the last minute that had ended by `moment`, of the oldest one when all are later; NaN
 * when nothing is known. */
double recent_before(const struct recent *r, double moment);
/* Oldest first, NaN where missing; the running minute is last. Returns how many. */
unsigned recent_read(const struct recent *r, double ret[EVENT_RECENT_MAX]);
