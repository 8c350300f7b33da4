/* SPDX-License-Identifier: MIT */
/* Makes the series and watches that a set of rules asks for. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/macros.h"
#include "base/pages.h"
#include "engine/engine_internal.h"
#include "judge/expression.h"

/* Followed even when no rule measures them: what people expect to see in `status`, and what
 * forecasts and conditions need. */
static const enum field always_followed[] = {
        FIELD_SUNRECLAIM,   FIELD_SRECLAIMABLE,  FIELD_VMALLOC_USED,
        FIELD_KERNEL_STACK, FIELD_PAGE_TABLES,   FIELD_SEC_PAGE_TABLES,
        FIELD_PERCPU,       FIELD_MEM_AVAILABLE, FIELD_THREADS,
};

static const struct expression nothing = { 0 };

/* Where series stand, by what they measure; open addressing. Only while building. */
struct places {
        size_t *places; /* index + 1, 0 empty */
        size_t mask;
};

static int places_init(struct places *p, size_t count)
{
        size_t size = 16;
        while (size < 2 * count)
                size *= 2;
        p->places = calloc(size, sizeof(*p->places));
        p->mask = size - 1;
        return p->places ? 0 : -ENOMEM;
}

static void places_done(struct places *p)
{
        free(p->places);
}

/* What is asked for, and where it goes. */
struct building {
        struct engine *engine;
        struct places places;
};

static size_t find_or_add(struct building *b, int field, const struct expression *less,
                          const struct expression *per, const char *dimension)
{
        struct engine *e = b->engine;
        size_t at = series_hash(field, less, per);
        while (b->places.places[at &= b->places.mask] != 0) {
                size_t found = b->places.places[at++] - 1;
                if (series_measures(&e->series[found], field, less, per))
                        return found;
        }
        size_t added = e->series_count++;
        series_init(&e->series[added], field, less, per, dimension, &e->store, added);
        b->places.places[at] = e->series_count;
        return added;
}

/* Conditions ask for the slope of its mean. */
static void follow(struct building *b, enum field field)
{
        size_t at = find_or_add(b, (int)field, &nothing, &nothing, field_name(field));
        series_keep_means(&b->engine->series[at], &b->engine->store, at);
}

struct hash watch_judges(const struct engine *e, const struct watch *w)
{
        struct hash h;
        hash_init(&h);
        hash_add_text(&h, w->rule->name);
        hash_add_text(&h, watch_dimension(e, w));
        hash_add_text(&h, kind_name(w->rule->kind));
        hash_add_text(&h, w->rule->workload_name ? w->rule->workload_name : "");
        return h;
}

/* What a rule needs beside its dimension: the series of its workload, or -1. */
static int add_others(struct building *b, const struct rule *r)
{
        for (unsigned c = 0; c < r->condition_count; c++)
                if (r->conditions[c].field < FIELD_KNOWN_COUNT)
                        follow(b, (enum field)r->conditions[c].field);
        return r->workload.count > 0
                       ? (int)find_or_add(b, -1, &r->workload, &nothing, r->workload_name)
                       : -1;
}

static void add_watch(struct building *b, const struct rule *r)
{
        struct engine *e = b->engine;
        struct watch *w = &e->watches[e->watch_count];
        w->news = &e->news[e->watch_count++];
        w->rule = r;
        w->kind = (uint8_t)r->kind;
        w->series = (uint32_t)find_or_add(b, r->field, &r->less, &r->per, r->dimension);
        w->workload = add_others(b, r);
        w->workload_before = w->value_before = NAN;
        w->applies = r->when & 1u << e->kind;
        w->untold = (uint8_t)engine_ask_quiet(e, r, r->dimension);
        w->life = e->lives.all;
        w->idle = true;
        series_judge(&e->series[w->series], r);
}

/* Behind all others, when these are complete. */
static int add_slots(struct building *b, const struct rule_set *rules, size_t slots)
{
        struct engine *e = b->engine;
        for (size_t i = 0; i < rules->count; i++)
                if (rules->rules[i].pattern)
                        (void)add_others(b, &rules->rules[i]);
        e->series_plain = e->series_count;
        e->watch_plain = e->watch_count;
        int r = engine_follow_init(e, slots);
        for (size_t i = 0; i < rules->count && r >= 0; i++)
                if (rules->rules[i].pattern)
                        engine_follow_add(e, &rules->rules[i], add_others(b, &rules->rules[i]));
        return r;
}

int engine_build(struct engine *e, const struct rule_set *rules)
{
        struct building b = { .engine = e };
        size_t room = rules->count + ELEMENTS_OF(always_followed), slots = 0;
        for (size_t i = 0; i < rules->count; i++) {
                room += rules->rules[i].condition_count + (rules->rules[i].workload.count > 0);
                slots += rule_members(&rules->rules[i]);
        }
        room += slots;
        e->series_room = room;
        e->watch_room = rules->count + slots;
        e->series = pages_new(room * sizeof(*e->series));
        e->watches = pages_new(e->watch_room * sizeof(*e->watches));
        e->news = pages_new(e->watch_room * sizeof(*e->news));
        if (!e->series || !e->watches || !e->news || series_store_init(&e->store, room) < 0 ||
            lives_init(&e->lives, e->watch_room) < 0 || places_init(&b.places, room) < 0)
                return -ENOMEM;
        e->from_total = e->from_stack = -1; /* not computed yet */

        for (size_t i = 0; i < ELEMENTS_OF(always_followed); i++)
                follow(&b, always_followed[i]);
        for (size_t i = 0; i < rules->count; i++)
                if (!rules->rules[i].pattern)
                        add_watch(&b, &rules->rules[i]);
        int r = add_slots(&b, rules, slots);
        series_pack(e->series, e->series_plain, &e->store);
        places_done(&b.places);
        for (int field = 0; field < FIELD_KNOWN_COUNT; field++) {
                e->field_series[field] = -1;
                e->values[field] = NAN;
        }
        for (size_t i = 0; i < e->series_plain; i++)
                if (e->series[i].plain && e->series[i].field < FIELD_KNOWN_COUNT)
                        e->field_series[e->series[i].field] = (int)i;
        return r;
}

void engine_unbuild(struct engine *e)
{
        pages_free(e->series, e->series_room * sizeof(*e->series));
        pages_free(e->watches, e->watch_room * sizeof(*e->watches));
        pages_free(e->news, e->watch_room * sizeof(*e->news));
        lives_done(&e->lives);
        series_store_done(&e->store);
        engine_follow_done(e);
}

size_t engine_resident(const struct engine *e)
{
        return pages_resident(e->series, e->series_room * sizeof(*e->series)) +
               pages_resident(e->watches, e->watch_room * sizeof(*e->watches)) +
               pages_resident(e->news, e->watch_room * sizeof(*e->news)) +
               pages_resident(e->lives.all, e->lives.room * sizeof(*e->lives.all)) +
               pages_resident(e->store.pages, e->store.size) +
               pages_resident(e->incidents, INCIDENTS_MAX * sizeof(*e->incidents)) +
               engine_follow_resident(e);
}
