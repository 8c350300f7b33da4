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
        uint32_t count;
        uint32_t record_size;
        double now, wall; /* engine time and Unix seconds of the last sample */
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

static struct head make_head(const struct engine *e, size_t count, size_t record_size)
{
        return (struct head){
                .count = (uint32_t)count,
                .record_size = (uint32_t)record_size,
                .now = e->now,
                .wall = e->wall,
                .timeline = e->timeline,
                .samples = e->samples,
        };
}

static int read_head(const void *data, size_t size, size_t record_size, struct head *ret)
{
        if (size < sizeof(*ret))
                return -EBADMSG;
        memcpy(ret, data, sizeof(*ret));
        if (ret->record_size != record_size || (size - sizeof(*ret)) / record_size != ret->count ||
            (size - sizeof(*ret)) % record_size != 0 || !isfinite(ret->now) || !isfinite(ret->wall))
                return -EBADMSG;
        return 0;
}

size_t learned_size(const struct engine *e)
{
        return sizeof(struct head) + e->series_count * sizeof(struct series_record);
}

void learned_encode(const struct engine *e, void *buffer)
{
        struct head head = make_head(e, e->series_count, sizeof(struct series_record));
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
}

/* A record of the same size but another layout must not lead outside of an array. */
static bool record_is_sane(const struct series_record *r, const struct series *s)
{
        return r->trend.width == s->trend.width && r->jump.past < JUMP_PAST &&
               r->recent.next < EVENT_RECENT_MAX && r->recent.filled <= EVENT_RECENT_MAX &&
               r->growth.answer.level < TREND_LEVELS;
}

int learned_decode(struct engine *e, const void *data, size_t size)
{
        struct head head;
        int restored = 0;
        if (read_head(data, size, sizeof(struct series_record), &head) < 0)
                return -EBADMSG;
        e->timeline = head.timeline;
        e->now = head.now;
        e->wall = head.wall;
        const char *from = (const char *)data + sizeof(head);
        for (uint32_t i = 0; i < head.count; i++, from += sizeof(struct series_record)) {
                struct series_record r;
                memcpy(&r, from, sizeof(r));
                for (size_t k = 0; k < e->series_count; k++) {
                        struct series *s = &e->series[k];
                        if (series_measure_hash(s).state != r.measures.state ||
                            !record_is_sane(&r, s))
                                continue;
                        s->value = r.value;
                        s->jump = r.jump;
                        s->trend = r.trend;
                        s->growth = r.growth;
                        s->season = r.season;
                        s->days = r.days;
                        s->low = r.low;
                        s->recent = r.recent;
                        restored++;
                }
        }
        return restored;
}
