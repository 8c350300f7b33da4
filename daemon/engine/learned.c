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
        uint32_t series_count, series_size; /* of a record in bytes without what follows it */
        uint32_t watch_count, watch_size;   /* likewise; they follow the series */
        uint32_t slot_count, slot_size;     /* likewise; they stand before the series */
        double now, wall;                   /* engine time and Unix seconds of the last sample */
        struct timeline timeline;
        uint64_t samples;
};

/* The pointers in it are NULL in the file. Behind it follow the minutes of `recent`, what the
 * season has when it has begun, the levels of the trend that have begun, their means if there are
 * any, and the levels of the growth that have begun. */
struct series_record {
        struct hash measures;
        double value;
        float floor;
        struct jump jump;
        struct trend trend;
        struct growth growth;
        struct season season;
        struct ewma days;
        double low;
        struct recent recent;
        bool means;
};

/* A member that a rule follows. */
struct slot_record {
        char rule[RULE_NAME_MAX + 1];
        char dimension[RULE_DIMENSION_MAX + 1];
};

/* What a rule remembers beside its alert. */
struct watch_record {
        struct hash judges;
        double workload_before, value_before;
};

static size_t count_bits(uint8_t bits)
{
        return (size_t)__builtin_popcount(bits);
}

static size_t tail_size(const struct recent *recent, const struct season *season,
                        const struct trend *trend, bool means, const struct growth *growth)
{
        size_t level = sizeof(struct trend_level) + (means ? sizeof(struct trend_means) : 0);
        return recent->filled * sizeof(float) + (season->begun ? sizeof(struct season_past) : 0) +
               count_bits(trend->begun) * level +
               count_bits(growth->begun) * sizeof(struct growth_level);
}

static struct head make_head(const struct engine *e)
{
        uint32_t series = 0, slots = 0;
        for (size_t i = 0; i < e->series_count; i++)
                series += engine_series_is_used(e, i);
        for (size_t i = e->watch_plain; i < e->watch_count; i++)
                slots += e->watches[i].slot == SLOT_USED;
        return (struct head){
                .series_count = series,
                .series_size = sizeof(struct series_record),
                .slot_count = slots,
                .slot_size = sizeof(struct slot_record),
                .watch_count = (uint32_t)e->watch_plain + slots,
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
            h.watch_size != sizeof(struct watch_record) ||
            h.slot_size != sizeof(struct slot_record) || h.slot_count > FOLLOW_ALL_MAX ||
            !is_moment(h.now) || !is_moment(h.wall) || !is_moment(h.timeline.now) ||
            !is_moment(h.timeline.wall) || !is_moment(h.timeline.interval) ||
            !is_flag(&h.timeline.started))
                return -EBADMSG;
        *ret = h;
        return 0;
}

size_t learned_size(const struct engine *e)
{
        const struct head h = make_head(e);
        size_t size = sizeof(h) + h.slot_count * sizeof(struct slot_record) +
                      h.series_count * sizeof(struct series_record) +
                      h.watch_count * sizeof(struct watch_record);
        for (size_t i = 0; i < e->series_count; i++) {
                const struct series *s = &e->series[i];
                if (engine_series_is_used(e, i))
                        size += tail_size(&s->recent, &s->season, &s->trend, s->trend.means,
                                          &s->growth);
        }
        return size;
}

static char *put(char *to, const void *data, size_t size)
{
        return (char *)memcpy(to, data, size) + size;
}

static char *put_series(char *to, const struct series *s)
{
        struct series_record r = {
                .measures = series_measured(s),
                .value = s->value,
                .floor = s->floor,
                .jump = s->jump,
                .trend = s->trend,
                .growth = s->growth,
                .season = s->season,
                .days = s->days,
                .low = s->low,
                .recent = s->recent,
                .means = s->trend.means,
        };
        r.recent.value = NULL;
        r.season.past = NULL;
        r.trend.levels = NULL;
        r.trend.means = NULL;
        r.growth.levels = NULL;
        r.trend.stride = r.growth.stride = 0;
        to = put(to, &r, sizeof(r));
        to = put(to, s->recent.value, s->recent.filled * sizeof(float));
        if (s->season.begun)
                to = put(to, s->season.past, sizeof(*s->season.past));
        for (unsigned i = 0; i < TREND_LEVELS; i++) {
                if (!(s->trend.begun & 1u << i))
                        continue;
                to = put(to, trend_level(&s->trend, i), sizeof(struct trend_level));
                if (r.means)
                        to = put(to, &s->trend.means[i], sizeof(struct trend_means));
        }
        for (unsigned i = 0; i < TREND_LEVELS; i++)
                if (s->growth.begun & 1u << i)
                        to = put(to, growth_level(&s->growth, i), sizeof(struct growth_level));
        return to;
}

static char *put_slot(char *to, const struct engine *e, const struct watch *w)
{
        struct slot_record r = { .rule = "" };
        if (w->slot != SLOT_USED)
                return to;
        memcpy(r.rule, w->rule->name, strnlen(w->rule->name, RULE_NAME_MAX));
        memcpy(r.dimension, watch_dimension(e, w),
               strnlen(watch_dimension(e, w), RULE_DIMENSION_MAX));
        return put(to, &r, sizeof(r));
}

void learned_encode(const struct engine *e, void *buffer)
{
        struct head head = make_head(e);
        char *to = put(buffer, &head, sizeof(head));
        for (size_t i = e->watch_plain; i < e->watch_count; i++)
                to = put_slot(to, e, &e->watches[i]);
        for (size_t i = 0; i < e->series_count; i++)
                if (engine_series_is_used(e, i))
                        to = put_series(to, &e->series[i]);
        for (size_t i = 0; i < e->watch_count; i++) {
                const struct watch *w = &e->watches[i];
                if (w->slot == SLOT_EMPTY || w->slot == SLOT_LEAVES)
                        continue;
                struct watch_record r = {
                        .judges = watch_judges(e, w),
                        .workload_before = w->workload_before,
                        .value_before = w->value_before,
                };
                to = put(to, &r, sizeof(r));
        }
}

/* A record of the same size but another layout must not lead outside of an array. */
static bool record_is_sane(const struct series_record *r)
{
        bool flags = is_flag(&r->jump.away) && is_flag(&r->jump.up) && is_flag(&r->trend.started) &&
                     is_flag(&r->growth.cache) && is_flag(&r->growth.known) &&
                     is_flag(&r->growth.rested) && is_flag(&r->growth.climbing) &&
                     is_flag(&r->growth.grows) && is_flag(&r->growth.goes_on) &&
                     is_flag(&r->season.begun) && is_flag(&r->means);
        return flags && r->jump.past < JUMP_PAST && r->recent.next < EVENT_RECENT_MAX &&
               r->recent.filled <= EVENT_RECENT_MAX && r->growth.answers < TREND_LEVELS &&
               r->growth.level < TREND_LEVELS && (r->trend.known & ~r->trend.begun) == 0 &&
               (r->growth.sure & ~r->trend.known) == 0 && (r->growth.sure & ~r->growth.begun) == 0;
}

/* The next record and what follows it; false when they are not all there. */
static bool next_record(const char **from, const char *end, struct series_record *ret,
                        const char **ret_tail)
{
        size_t left = (size_t)(end - *from), tail;
        if (left < sizeof(*ret))
                return false;
        memcpy(ret, *from, sizeof(*ret));
        if (!record_is_sane(ret))
                return false;
        tail = tail_size(&ret->recent, &ret->season, &ret->trend, ret->means, &ret->growth);
        if (left - sizeof(*ret) < tail)
                return false;
        *ret_tail = *from + sizeof(*ret);
        *from = *ret_tail + tail;
        return true;
}

static bool is_whole(const char *from, const char *end, const struct head *head)
{
        struct series_record r;
        const char *tail;
        if ((size_t)(end - from) < head->slot_count * sizeof(struct slot_record))
                return false;
        from += head->slot_count * sizeof(struct slot_record);
        for (uint32_t i = 0; i < head->series_count; i++)
                if (!next_record(&from, end, &r, &tail))
                        return false;
        return (size_t)(end - from) == (size_t)head->watch_count * sizeof(struct watch_record);
}

static const char *get(const char *from, void *data, size_t size)
{
        memcpy(data, from, size);
        return from + size;
}

static void take_over(struct series *s, const struct series_record *r, const char *tail)
{
        struct series from = *s;
        from.value = r->value;
        from.floor = r->floor;
        from.jump = r->jump;
        from.days = r->days;
        from.low = r->low;
        from.recent = r->recent;
        from.recent.value = s->recent.value;
        *s = from;
        tail = get(tail, s->recent.value, s->recent.filled * sizeof(float));
        struct season_past past;
        struct season season = r->season;
        season.past = &past;
        if (season.begun)
                tail = get(tail, &past, sizeof(past));
        series_take_season(s, &season);

        struct trend_level levels[TREND_LEVELS];
        struct trend_means means[TREND_LEVELS];
        struct growth_level ordinary[TREND_LEVELS];
        struct trend trend = r->trend;
        struct growth growth = r->growth;
        trend.levels = levels;
        trend.means = r->means ? means : NULL;
        growth.levels = ordinary;
        trend.stride = growth.stride = 1;
        for (unsigned i = 0; i < TREND_LEVELS; i++) {
                if (!(trend.begun & 1u << i))
                        continue;
                tail = get(tail, &levels[i], sizeof(levels[i]));
                if (r->means)
                        tail = get(tail, &means[i], sizeof(means[i]));
        }
        for (unsigned i = 0; i < TREND_LEVELS; i++)
                if (growth.begun & 1u << i)
                        tail = get(tail, &ordinary[i], sizeof(ordinary[i]));
        series_take_trend(s, &trend, &growth);
}

/* The series that measures this, or NULL. Mostly all are there in the same order: the search begins
 * behind the last one found. */
static struct series *find_series(struct engine *e, struct hash measures, size_t *next)
{
        for (size_t k = 0; k < e->series_count; k++) {
                size_t at = (*next + k) % e->series_count;
                if (engine_series_is_used(e, at) &&
                    series_measured(&e->series[at]).state == measures.state) {
                        *next = at + 1;
                        return &e->series[at];
                }
        }
        return NULL;
}

static int restore_series(struct engine *e, const struct series_record *r, const char *tail,
                          size_t *next)
{
        struct series *s = find_series(e, r->measures, next);
        if (!s)
                return 0;
        take_over(s, r, tail);
        return 1;
}

static void restore_watch(struct engine *e, const struct watch_record *r, size_t *next)
{
        for (size_t k = 0; k < e->watch_count; k++) {
                size_t at = (*next + k) % e->watch_count;
                struct watch *w = &e->watches[at];
                if (!watch_is_used(w) || watch_judges(e, w).state != r->judges.state)
                        continue;
                w->workload_before = r->workload_before;
                w->value_before = r->value_before;
                *next = at + 1;
                return;
        }
}

int learned_decode(struct engine *e, const void *data, size_t size)
{
        struct head head;
        int restored = 0;
        size_t next = 0;
        if (read_head(data, size, &head) < 0)
                return -EBADMSG;
        const char *from = (const char *)data + sizeof(head), *end = (const char *)data + size;
        if (!is_whole(from, end, &head))
                return -EBADMSG;
        e->timeline = head.timeline;
        e->now = head.now;
        e->wall = head.wall;
        for (uint32_t i = 0; i < head.slot_count; i++) {
                struct slot_record r;
                from = get(from, &r, sizeof(r));
                r.rule[RULE_NAME_MAX] = r.dimension[RULE_DIMENSION_MAX] = '\0';
                (void)engine_follow_claim(e, r.rule, r.dimension);
        }
        for (uint32_t i = 0; i < head.series_count; i++) {
                struct series_record r;
                const char *tail;
                if (next_record(&from, end, &r, &tail))
                        restored += restore_series(e, &r, tail, &next);
        }
        next = 0;
        for (uint32_t i = 0; i < head.watch_count; i++) {
                struct watch_record r;
                from = get(from, &r, sizeof(r));
                restore_watch(e, &r, &next);
        }
        return restored;
}

/* --- over a reboot --- */

struct baseline_record {
        struct hash measures;
        struct season season; /* its pointer is NULL */
        struct season_past past;
        struct ewma days;
        struct growth_level ordinary[TREND_LEVELS];
};

size_t baselines_size(const struct engine *e)
{
        return e->series_plain * sizeof(struct baseline_record);
}

void baselines_encode(const struct engine *e, void *buffer)
{
        char *to = buffer;
        for (size_t i = 0; i < e->series_plain; i++, to += sizeof(struct baseline_record)) {
                const struct series *s = &e->series[i];
                struct baseline_record r = {
                        .measures = series_measured(s),
                        .season = s->season,
                        .days = s->days,
                };
                r.season.past = NULL;
                if (s->season.begun)
                        r.past = *s->season.past;
                for (unsigned level = 0; level < TREND_LEVELS; level++)
                        if (s->growth.begun & 1u << level)
                                r.ordinary[level] = *growth_level(&s->growth, level);
                memcpy(to, &r, sizeof(r));
        }
}

int baselines_decode(struct engine *e, const void *data, size_t size)
{
        int restored = 0;
        size_t next = 0;
        if (size % sizeof(struct baseline_record) != 0)
                return -EBADMSG;
        const char *from = data;
        for (size_t i = 0; i < size / sizeof(struct baseline_record);
             i++, from += sizeof(struct baseline_record)) {
                struct baseline_record r;
                memcpy(&r, from, sizeof(r));
                struct series *s = find_series(e, r.measures, &next);
                if (!s || !is_flag(&r.season.begun))
                        continue;
                r.season.past = &r.past;
                series_take_season(s, &r.season);
                s->days = r.days;
                for (unsigned level = 0; level < TREND_LEVELS; level++)
                        if (!s->only_size &&
                            (r.ordinary[level].most > 0 || r.ordinary[level].fall > 0))
                                growth_recall(&s->growth, level, &r.ordinary[level]);
                restored++;
        }
        return restored;
}
