/* SPDX-License-Identifier: MIT */
/* The engine's memory as bytes and back. */
#include "engine/learned.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "engine/engine_internal.h"

/* What stands before the records of either kind. */
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
        struct recent recent;
};

struct alert_record {
        char rule[RULE_NAME_MAX + 1];
        char dimension[128];
        uint32_t kind;
        struct alert alert;
        char alert_id[EVENT_ID_MAX];
        double fired_wall;
        bool owed;
        struct alert_change change;
        double event_wall;
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
        hash_add_text(&h, s->field < FIELD_KNOWN_COUNT ? field_name((enum field)s->field)
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
                        .recent = s->recent,
                };
                memcpy(to, &r, sizeof(r));
        }
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
                        if (series_measure_hash(s).state != r.measures.state)
                                continue;
                        s->value = r.value;
                        s->jump = r.jump;
                        s->trend = r.trend;
                        s->growth = r.growth;
                        s->recent = r.recent;
                        restored++;
                }
        }
        return restored;
}

static bool is_open(const struct watch *w)
{
        return w->alert.state == ALERT_FIRING || w->owed;
}

size_t open_alerts_size(const struct engine *e)
{
        size_t count = 0;
        for (size_t i = 0; i < e->watch_count; i++)
                count += is_open(&e->watches[i]);
        return sizeof(struct head) + count * sizeof(struct alert_record);
}

void open_alerts_encode(const struct engine *e, void *buffer)
{
        size_t count = (open_alerts_size(e) - sizeof(struct head)) / sizeof(struct alert_record);
        struct head head = make_head(e, count, sizeof(struct alert_record));
        char *to = memcpy(buffer, &head, sizeof(head));
        to += sizeof(head);
        for (size_t i = 0; i < e->watch_count; i++) {
                const struct watch *w = &e->watches[i];
                if (!is_open(w))
                        continue;
                struct alert_record r = {
                        .kind = w->rule->kind,
                        .alert = w->alert,
                        .fired_wall = w->fired_wall,
                        .owed = w->owed,
                        .change = w->change,
                        .event_wall = w->event.time,
                };
                struct text t;
                text_init(&t, r.rule, sizeof(r.rule));
                text_add(&t, "%s", w->rule->name);
                text_init(&t, r.dimension, sizeof(r.dimension));
                text_add(&t, "%s", w->rule->dimension);
                memcpy(r.alert_id, w->alert_id, sizeof(r.alert_id));
                memcpy(to, &r, sizeof(r));
                to += sizeof(r);
        }
}

/* Alert times are engine times of the process that wrote them. */
static void move_times(struct alert *a, double by)
{
        for (unsigned s = 0; s < SEVERITY_COUNT; s++)
                a->wrong_since[s] += by;
        a->below_since += by;
        a->pending_since += by;
        a->fired += by;
        a->told += by;
}

static bool record_is_sane(struct alert_record *r)
{
        r->rule[sizeof(r->rule) - 1] = '\0';
        r->dimension[sizeof(r->dimension) - 1] = '\0';
        r->alert_id[sizeof(r->alert_id) - 1] = '\0';
        return (unsigned)r->alert.state <= ALERT_FIRING &&
               (unsigned)r->alert.severity < SEVERITY_COUNT &&
               (unsigned)r->alert.highest < SEVERITY_COUNT &&
               (unsigned)r->alert.below < SEVERITY_COUNT &&
               (unsigned)r->change.type < EVENT_TYPE_COUNT &&
               (unsigned)r->change.previous < SEVERITY_COUNT;
}

static struct watch *find_watch(struct engine *e, const struct alert_record *r)
{
        for (size_t i = 0; i < e->watch_count; i++) {
                struct watch *w = &e->watches[i];
                if (w->applies && w->rule->kind == r->kind && strcmp(w->rule->name, r->rule) == 0 &&
                    strcmp(w->rule->dimension, r->dimension) == 0)
                        return w;
        }
        return NULL;
}

int open_alerts_decode(struct engine *e, const void *data, size_t size, double wall,
                       unsigned *ret_gone)
{
        struct head head;
        if (read_head(data, size, sizeof(struct alert_record), &head) < 0)
                return -EBADMSG;
        int restored = 0;
        unsigned gone = 0;
        /* The learned state may be older than the alerts, or missing. */
        double by = e->now - head.now + (e->wall > 0 ? head.wall - e->wall : head.wall - wall);
        const char *from = (const char *)data + sizeof(head);
        for (uint32_t i = 0; i < head.count; i++, from += sizeof(struct alert_record)) {
                struct alert_record r;
                memcpy(&r, from, sizeof(r));
                struct watch *w = record_is_sane(&r) ? find_watch(e, &r) : NULL;
                if (!w) {
                        gone++;
                        continue;
                }
                w->alert = r.alert;
                move_times(&w->alert, by);
                w->fired_wall = r.fired_wall;
                memcpy(w->alert_id, r.alert_id, sizeof(w->alert_id));
                restored++;
                if (r.owed) {
                        w->change = r.change;
                        w->remade = true;
                        w->event.time = r.event_wall;
                        w->owed = true;
                }
        }
        *ret_gone = gone;
        return restored;
}
