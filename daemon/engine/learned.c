/* SPDX-License-Identifier: MIT */
/* The engine's memory as bytes and back. */
#include "engine/learned.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "engine/engine_internal.h"

/* What stands before the records. */
struct head {
        uint32_t series_count, series_size; /* of a record in bytes */
        uint32_t watch_count, watch_size;   /* likewise; they follow the series */
        double now, wall;                   /* engine time and Unix seconds of the last sample */
        struct timeline timeline;
        uint64_t samples;
};

struct series_record {
        struct hash measures; /* of what the series measures, by names: indexes may change */
        double value;
        struct jump jump;
        struct trend trend;
        struct growth growth;
        struct season season;
        struct ewma days;
        double low;
        struct recent recent;
};

/* What a rule remembers beside its alert. */
struct watch_record {
        struct hash judges; /* of what it judges, by names */
        double workload_before, value_before;
};

static void hash_expression(struct hash *h, const struct expression *e)
{
        for (unsigned i = 0; i < e->count; i++) {
                const struct expression_part *p = &e->parts[i];
                hash_add_text(h, p->times ? "*" : "+");
                if (p->field >= 0 && p->field < FIELD_KNOWN_COUNT)
                        hash_add_text(h, field_name((enum field)p->field));
                else
                        hash_add(h, &p->constant, sizeof(p->constant));
        }
        hash_add_text(h, "|");
}

static struct hash series_measure_hash(const struct series *s)
{
        struct hash h;
        hash_init(&h);
        hash_add_text(&h, s->field >= 0 && s->field < FIELD_KNOWN_COUNT
                                  ? field_name((enum field)s->field)
                                  : s->dimension);
        hash_expression(&h, &s->less);
        hash_expression(&h, &s->per);
        return h;
}

static struct hash watch_hash(const struct watch *w)
{
        struct hash h;
        hash_init(&h);
        hash_add_text(&h, w->rule->name);
        hash_add_text(&h, w->rule->dimension);
        hash_add_text(&h, kind_name(w->rule->kind));
        hash_add_text(&h, w->rule->workload_name ? w->rule->workload_name : "");
        return h;
}

static size_t records_size(const struct head *h)
{
        return (size_t)h->series_count * sizeof(struct series_record) +
               (size_t)h->watch_count * sizeof(struct watch_record);
}

static struct head make_head(const struct engine *e)
{
        return (struct head){
                .series_count = (uint32_t)e->series_count,
                .series_size = sizeof(struct series_record),
                .watch_count = (uint32_t)e->watch_count,
                .watch_size = sizeof(struct watch_record),
                .now = e->now,
                .wall = e->wall,
                .timeline = e->timeline,
                .samples = e->samples,
        };
}

/* Seconds since 1970 or since the first sample, where a second is still told from the next. */
static bool is_moment(double seconds)
{
        return seconds >= 0 && seconds < 1e12;
}

/* Whether a byte that was read into a bool is one. */
static bool is_flag(const bool *flag)
{
        unsigned char byte;
        memcpy(&byte, flag, sizeof(byte));
        return byte <= 1;
}

static int read_head(const void *data, size_t size, struct head *ret)
{
        struct head h;
        if (size < sizeof(h))
                return -EBADMSG;
        memcpy(&h, data, sizeof(h));
        if (h.series_size != sizeof(struct series_record) ||
            h.watch_size != sizeof(struct watch_record) || size - sizeof(h) != records_size(&h) ||
            !is_moment(h.now) || !is_moment(h.wall) || !is_moment(h.timeline.now) ||
            !is_moment(h.timeline.wall) || !is_moment(h.timeline.interval) ||
            !is_flag(&h.timeline.started))
                return -EBADMSG;
        *ret = h;
        return 0;
}

size_t learned_size(const struct engine *e)
{
        struct head head = make_head(e);
        return sizeof(head) + records_size(&head);
}

void learned_encode(const struct engine *e, void *buffer)
{
        struct head head = make_head(e);
        char *to = memcpy(buffer, &head, sizeof(head));
        to += sizeof(head);
        for (size_t i = 0; i < e->series_count; i++, to += sizeof(struct series_record)) {
                const struct series *s = &e->series[i];
                struct series_record r = {
                        .measures = series_measure_hash(s),
                        .value = s->value,
                        .jump = s->jump,
                        .trend = s->trend,
                        .growth = s->growth,
                        .season = s->season,
                        .days = s->days,
                        .low = s->low,
                        .recent = s->recent,
                };
                memcpy(to, &r, sizeof(r));
        }
        for (size_t i = 0; i < e->watch_count; i++, to += sizeof(struct watch_record)) {
                const struct watch *w = &e->watches[i];
                struct watch_record r = {
                        .judges = watch_hash(w),
                        .workload_before = w->workload_before,
                        .value_before = w->value_before,
                };
                memcpy(to, &r, sizeof(r));
        }
}

/* A record of the same size but another layout must not lead outside of an array. */
static bool record_is_sane(const struct series_record *r, const struct series *s)
{
        bool flags = is_flag(&r->jump.away) && is_flag(&r->jump.up) && is_flag(&r->trend.started) &&
                     is_flag(&r->growth.climbing) && is_flag(&r->growth.known) &&
                     is_flag(&r->growth.answer.grows) && is_flag(&r->growth.answer.goes_on);
        for (unsigned level = 0; level < TREND_LEVELS; level++)
                flags = flags && is_flag(&r->trend.levels[level].known) &&
                        is_flag(&r->growth.levels[level].flagged);
        return flags && r->trend.width == s->trend.width && r->jump.past < JUMP_PAST &&
               r->recent.next < EVENT_RECENT_MAX && r->recent.filled <= EVENT_RECENT_MAX &&
               r->growth.answer.level < TREND_LEVELS;
}

static int restore_series(struct engine *e, const struct series_record *r)
{
        for (size_t i = 0; i < e->series_count; i++) {
                struct series *s = &e->series[i];
                if (series_measure_hash(s).state != r->measures.state || !record_is_sane(r, s))
                        continue;
                s->value = r->value;
                s->jump = r->jump;
                s->trend = r->trend;
                s->growth = r->growth;
                s->season = r->season;
                s->days = r->days;
                s->low = r->low;
                s->recent = r->recent;
                return 1;
        }
        return 0;
}

static void restore_watch(struct engine *e, const struct watch_record *r)
{
        for (size_t i = 0; i < e->watch_count; i++) {
                struct watch *w = &e->watches[i];
                if (watch_hash(w).state != r->judges.state)
                        continue;
                w->workload_before = r->workload_before;
                w->value_before = r->value_before;
                return;
        }
}

int learned_decode(struct engine *e, const void *data, size_t size)
{
        struct head head;
        int restored = 0;
        if (read_head(data, size, &head) < 0)
                return -EBADMSG;
        e->timeline = head.timeline;
        e->now = head.now;
        e->wall = head.wall;
        const char *from = (const char *)data + sizeof(head);
        for (uint32_t i = 0; i < head.series_count; i++, from += sizeof(struct series_record)) {
                struct series_record r;
                memcpy(&r, from, sizeof(r));
                restored += restore_series(e, &r);
        }
        for (uint32_t i = 0; i < head.watch_count; i++, from += sizeof(struct watch_record)) {
                struct watch_record r;
                memcpy(&r, from, sizeof(r));
                restore_watch(e, &r);
        }
        return restored;
}

/* --- over a reboot --- */

struct baseline_record {
        struct hash measures;
        struct season season;
        struct ewma days;
        double most[TREND_LEVELS], again[TREND_LEVELS], fall[TREND_LEVELS]; /* of growth */
};

size_t baselines_size(const struct engine *e)
{
        return e->series_count * sizeof(struct baseline_record);
}

void baselines_encode(const struct engine *e, void *buffer)
{
        char *to = buffer;
        for (size_t i = 0; i < e->series_count; i++, to += sizeof(struct baseline_record)) {
                const struct series *s = &e->series[i];
                struct baseline_record r = {
                        .measures = series_measure_hash(s),
                        .season = s->season,
                        .days = s->days,
                };
                for (unsigned level = 0; level < TREND_LEVELS; level++) {
                        r.most[level] = s->growth.levels[level].most;
                        r.again[level] = s->growth.levels[level].again;
                        r.fall[level] = s->growth.levels[level].fall;
                }
                memcpy(to, &r, sizeof(r));
        }
}

int baselines_decode(struct engine *e, const void *data, size_t size)
{
        int restored = 0;
        if (size % sizeof(struct baseline_record) != 0)
                return -EBADMSG;
        const char *from = data;
        for (size_t i = 0; i < size / sizeof(struct baseline_record);
             i++, from += sizeof(struct baseline_record)) {
                struct baseline_record r;
                memcpy(&r, from, sizeof(r));
                for (size_t k = 0; k < e->series_count; k++) {
                        struct series *s = &e->series[k];
                        if (series_measure_hash(s).state != r.measures.state ||
                            r.days.tau != s->days.tau)
                                continue;
                        s->season = r.season;
                        s->days = r.days;
                        s->days.time = e->now; /* engine time begins anew */
                        for (unsigned level = 0; level < TREND_LEVELS; level++)
                                s->growth.levels[level] = (struct growth_level){
                                        .most = r.most[level],
                                        .again = r.again[level],
                                        .fall = r.fall[level],
                                };
                        restored++;
                }
        }
        return restored;
}
