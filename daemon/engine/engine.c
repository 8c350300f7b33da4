/* SPDX-License-Identifier: MIT */
/* The tick. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "engine/engine_internal.h"
#include "judge/expression.h"
#include "sample/host.h"
#include "sample/sample.h"

/* Followed even when no rule measures them: what people expect to see in `status`, and what
 * forecasts and conditions need. */
static const enum field always_followed[] = {
        FIELD_SUNRECLAIM,   FIELD_SRECLAIMABLE,  FIELD_VMALLOC_USED,
        FIELD_KERNEL_STACK, FIELD_PAGE_TABLES,   FIELD_SEC_PAGE_TABLES,
        FIELD_PERCPU,       FIELD_MEM_AVAILABLE, FIELD_THREADS,
};

static const struct expression nothing = { 0 };

static size_t series_find_or_add(struct engine *e, int field, const struct expression *less,
                                 const struct expression *per, const char *dimension)
{
        for (size_t i = 0; i < e->series_count; i++)
                if (series_measures(&e->series[i], field, less, per))
                        return i;
        series_init(&e->series[e->series_count], field, less, per, dimension);
        return e->series_count++;
}

int engine_build(struct engine *e, const struct rule_set *rules)
{
        size_t room = rules->count + ELEMENTS_OF(always_followed);
        for (size_t i = 0; i < rules->count; i++)
                room += rules->rules[i].condition_count;
        e->series = calloc(room, sizeof(*e->series));
        e->watches = calloc(rules->count ? rules->count : 1, sizeof(*e->watches));
        if (!e->series || !e->watches)
                return -ENOMEM;

        for (size_t i = 0; i < ELEMENTS_OF(always_followed); i++)
                (void)series_find_or_add(e, (int)always_followed[i], &nothing, &nothing,
                                         field_name(always_followed[i]));
        for (size_t i = 0; i < rules->count; i++) {
                const struct rule *r = &rules->rules[i];
                struct watch *w = &e->watches[e->watch_count++];
                w->rule = r;
                w->series = series_find_or_add(e, r->field, &r->less, &r->per, r->dimension);
                w->applies = r->when & 1u << e->kind;
                alert_init(&w->alert);
                struct series *s = &e->series[w->series];
                if (r->kind == KIND_SPIKE || r->kind == KIND_DROP)
                        s->adopt_seconds = fmin(s->adopt_seconds, r->adopt_seconds);
                for (unsigned c = 0; c < r->condition_count; c++)
                        if (r->conditions[c].field < FIELD_KNOWN_COUNT)
                                (void)series_find_or_add(
                                        e, r->conditions[c].field, &nothing, &nothing,
                                        field_name((enum field)r->conditions[c].field));
        }
        for (int field = 0; field < FIELD_KNOWN_COUNT; field++) {
                e->field_series[field] = -1;
                e->rates[field] = NAN;
                e->values[field] = NAN;
                for (size_t i = 0; i < e->series_count; i++)
                        if (series_measures(&e->series[i], field, &nothing, &nothing))
                                e->field_series[field] = (int)i;
        }
        return 0;
}

int engine_new(const struct rule_set *rules, const struct host_facts *host, engine_take_event take,
               void *userdata, struct engine **ret)
{
        struct engine *e = calloc(1, sizeof(*e));
        if (!e)
                return -ENOMEM;
        e->host = host;
        e->take = take;
        e->userdata = userdata;
        e->kind = host->kind;
        if (engine_build(e, rules) < 0) {
                engine_free(e);
                return -ENOMEM;
        }
        *ret = e;
        return 0;
}

void engine_free(struct engine *e)
{
        if (!e)
                return;
        free(e->series);
        free(e->watches);
        free(e->orphans);
        free(e);
}

/* Direction of a followed field: the slope of the shortest horizon that is sure of one. */
static double series_rate(const struct series *s)
{
        for (unsigned level = 1; level < TREND_LEVELS; level++) {
                const struct trend_answer *a = trend_read(&s->trend, level);
                if (a && fabs(a->slope) > 2 * a->error)
                        return a->slope;
        }
        return NAN;
}

static void offer(struct engine *e, struct watch *w)
{
        /* Owed while it is being taken: whoever saves the open alerts before taking saves that. */
        w->owed = e->take(&w->event, e->userdata) < 0;
}

static void watch_judge(struct engine *e, struct watch *w, const struct machine_numbers *m)
{
        struct series_numbers numbers;
        series_numbers(&e->series[w->series], &numbers);
        judge_rule(w->rule, &numbers, m, &w->verdict);
}

static void watch_step(struct engine *e, struct watch *w, const struct machine_numbers *m)
{
        const struct rule *r = w->rule;
        const struct series *s = &e->series[w->series];
        watch_judge(e, w, m);

        struct alert_timing timing = { r->for_seconds, r->clear_for_seconds, r->repeat_seconds };
        /* Near exhaustion nobody can wait: the wait shrinks with the time left. */
        if (isfinite(w->verdict.exhausts_soonest) && w->verdict.severity == SEVERITY_CRITICAL)
                timing.for_seconds =
                        fmin(timing.for_seconds, fmax(30, w->verdict.exhausts_soonest / 20));
        struct alert_input input = {
                .time = e->now,
                .known = w->verdict.known,
                .severity = w->verdict.severity,
                .holds = w->verdict.holds,
                .adopted = s->adopted && (r->kind == KIND_SPIKE || r->kind == KIND_DROP),
                .value = w->verdict.value,
                .falling = r->kind == KIND_DROP,
                .jumped = r->kind == KIND_SPIKE || r->kind == KIND_DROP,
                .before = w->verdict.baseline,
        };
        w->change = alert_step(&w->alert, &timing, &input);
        if (!w->change.happened)
                return;
        if (w->change.type == EVENT_FIRING)
                watch_identify(e, w);
        event_make(e, w, &w->change, e->wall, &w->event);
        w->owed = true;
}

void engine_feed(struct engine *e, const struct sample *sample)
{
        bool broken = timeline_step(&e->timeline, sample->time, &e->now) != TIMELINE_STEADY;
        e->wall = sample->time;
        e->samples++;
        e->kind = sample->kind;
        e->value_count = sample->count;
        memcpy(e->values, sample->values, sizeof(e->values));

        for (size_t i = 0; i < e->series_count; i++)
                series_feed(&e->series[i], sample, e->now, broken);
        for (int field = 0; field < FIELD_KNOWN_COUNT; field++)
                if (e->field_series[field] >= 0)
                        e->rates[field] = series_rate(&e->series[e->field_series[field]]);

        struct machine_numbers m = { e->kind, FIELD_KNOWN_COUNT, e->values, e->rates };
        for (size_t i = 0; i < e->watch_count; i++) {
                struct watch *w = &e->watches[i];
                if (!w->applies)
                        continue;
                if (!w->owed) {
                        watch_step(e, w, &m);
                } else if (w->remade) {
                        watch_judge(e, w, &m);
                        event_make(e, w, &w->change, w->event.time, &w->event);
                        w->remade = false;
                }
        }
        /* All of them are marked as owed before the first is offered: who saves the open alerts
         * then saves them once for all. */
        for (size_t i = 0; i < e->watch_count; i++)
                if (e->watches[i].owed)
                        offer(e, &e->watches[i]);
        engine_orphans_offer(e);
}

void engine_summary(const struct engine *e, struct engine_summary *ret)
{
        *ret = (struct engine_summary){ .samples = e->samples, .fastest_rate = -INFINITY };
        for (size_t i = 0; i < e->series_count; i++) {
                const struct series *s = &e->series[i];
                if (s->per.count > 0 || !isfinite(s->value) || s->field == FIELD_MEM_AVAILABLE ||
                    s->unit != UNIT_BYTES)
                        continue;
                if (s->less.count == 0)
                        ret->dimensions++;
                struct series_numbers numbers;
                series_numbers(s, &numbers);
                if (!numbers.jump_known)
                        ret->learning = true;
                if (numbers.growth_known && numbers.growth.rate > ret->fastest_rate) {
                        ret->fastest = s->dimension;
                        ret->fastest_rate = numbers.growth.rate;
                }
        }
        for (size_t i = 0; i < e->orphan_count; i++)
                ret->waiting += e->orphans[i].kept.owed;
        for (size_t i = 0; i < e->watch_count; i++) {
                const struct watch *w = &e->watches[i];
                if (!w->applies) {
                        ret->elsewhere++;
                        continue;
                }
                ret->rules++;
                ret->waiting += w->owed;
                if (w->alert.state != ALERT_FIRING)
                        continue;
                if (w->alert.severity >= SEVERITY_WARNING)
                        ret->firing++;
                else
                        ret->notices++;
                if (w->alert.severity > ret->worst)
                        ret->worst = w->alert.severity;
        }
}
