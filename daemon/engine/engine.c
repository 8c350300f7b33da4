/* SPDX-License-Identifier: MIT */
/* The tick. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/pages.h"
#include "base/prefetch.h"
#include "engine/engine_internal.h"
#include "judge/expression.h"
#include "sample/host.h"
#include "sample/sample.h"

/* A sixteenth of a horizon is one of its buckets: the verdict then rests on one more of them. */
static const double GROWTH_WAIT_PART = 16;

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
        e->cgroups.value = e->cgroups_recent;
        e->incidents = pages_new(INCIDENTS_MAX * sizeof(*e->incidents)); /* mostly there are none */
        if (!e->incidents || engine_build(e, rules) < 0) {
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
        engine_unbuild(e);
        free(e->orphans);
        pages_free(e->incidents, INCIDENTS_MAX * sizeof(*e->incidents));
        free(e);
}

/* Slope of a followed field over the horizon that the growth is judged by; else of the shortest
 * horizon that is sure of one. */
static double field_rate(const struct engine *e, int field, const struct series_numbers *n)
{
        if (field < 0 || field >= FIELD_KNOWN_COUNT || e->field_series[field] < 0)
                return NAN;
        const struct trend *t = &e->series[e->field_series[field]].trend;
        if (n->growth_known)
                return trend_knows(t, n->growth.level) ? trend_mean_slope(t, n->growth.level) : NAN;
        for (unsigned level = 1; level < TREND_LEVELS; level++) {
                if (!trend_knows(t, level))
                        continue;
                double slope = trend_mean_slope(t, level);
                if (fabs(slope) > 2 * trend_error(t, level))
                        return slope;
        }
        return NAN;
}

/* Whether the workload contains a size, so that its series is the expected memory itself. */
static bool is_sized(const struct expression *workload)
{
        for (unsigned i = 0; i < workload->count; i++)
                if (workload->parts[i].field < 0)
                        return true;
        return false;
}

/* What the workload explains of a change from `before` by `change`, while it went from `from` to
 * `to`: the memory it is expected to need, or the dimension's proportion to it kept. */
static struct workload_numbers explain_change(const struct rule *r, double before, double change,
                                              double from, double to)
{
        double expected = is_sized(&r->workload) ? to - from
                          : from > 0             ? before * (to - from) / from
                                                 : NAN;
        return (struct workload_numbers){
                .change = to - from,
                .factor = from > 0 && rule_workload_is_count(r) ? to / from : NAN,
                .explained = change > 0 && isfinite(expected) ? fmax(0, fmin(1, expected / change))
                                                              : NAN,
        };
}

static void note_workload(const struct engine *e, struct watch *w)
{
        w->workload_before = e->series[w->workload].value;
        w->value_before = e->series[w->series].value;
}

static struct workload_numbers explain(const struct engine *e, struct watch *w,
                                       const struct series_numbers *n)
{
        struct workload_numbers unknown = { NAN, NAN, NAN };
        if (w->workload < 0)
                return unknown;
        const struct series *s = &e->series[w->series], *workload = &e->series[w->workload];
        if (w->rule->kind == KIND_GROWTH) {
                struct trend_answer own, its;
                if (!n->growth_known || !trend_read(&s->trend, n->growth.level, &own) ||
                    !trend_read(&workload->trend, n->growth.level, &its))
                        return unknown;
                struct workload_numbers known = explain_change(
                        w->rule, own.first, own.last - own.first, its.first, its.last);
                /* Whether it ran away is seen from where it was hours ago, not a horizon ago. */
                if (isfinite(known.factor) && workload->low > 0)
                        known.factor = fmax(known.factor, its.last / workload->low);
                return known;
        }
        if (!n->jump_known)
                return unknown;
        if (!n->jump.away) {
                note_workload(e, w);
                return unknown;
        }
        return explain_change(w->rule, w->value_before, n->jump.change, w->workload_before,
                              workload->value);
}

static void watch_offer(struct engine *e, struct watch *w)
{
        if (!w->owed || w->remade)
                return;
        engine_incident_describe(e, w->news->incident_id, &w->news->incident_change,
                                 &w->news->event);
        w->owed = e->take(&w->news->event, e->userdata) < 0;
}

/* Owed while it is being taken: whoever saves the open alerts before taking saves that. What ended
 * comes before what begins. */
void engine_offer(struct engine *e)
{
        engine_orphans_offer(e);
        for (size_t i = 0; i < e->watch_plain; i++)
                watch_offer(e, &e->watches[i]);
        if (!e->following || !e->following->owed)
                return;
        e->following->owed = false;
        for (size_t i = e->watch_plain; i < e->watch_count; i++) {
                watch_offer(e, &e->watches[i]);
                e->following->owed |= e->watches[i].owed;
        }
}

void watch_numbers(const struct engine *e, struct watch *w, struct series_numbers *ret)
{
        series_numbers(&e->series[w->series], ret);
        ret->workload = explain(e, w, ret);
        for (unsigned i = 0; i < w->rule->condition_count; i++)
                ret->condition_rate[i] = field_rate(e, w->rule->conditions[i].field, ret);
}

static void watch_judge(struct engine *e, struct watch *w, const struct machine_numbers *m)
{
        struct series_numbers numbers;
        watch_numbers(e, w, &numbers);
        watch_live(&e->lives, w);
        w->life->explained = numbers.workload;
        judge_rule(w->rule, &numbers, m, &w->life->verdict);
}

/* `for` is the longest wait. Growth that a short horizon is sure of need not wait longer than a
 * part of that horizon, and near exhaustion nobody can wait. */
double watch_wait(const struct rule *r, const struct series *s, const struct verdict *v)
{
        double wait = r->for_seconds;
        struct growth_answer growth;
        if (r->kind == KIND_GROWTH && series_growth(s, &growth))
                wait = fmin(wait, growth.seconds / GROWTH_WAIT_PART);
        if (isfinite(v->exhausts_soonest) && v->severity == SEVERITY_CRITICAL)
                wait = fmin(wait, fmax(30, v->exhausts_soonest / 20));
        return wait;
}

/* `clear-for` is the longest wait likewise: what a minute was enough to tell of, a minute is enough
 * to tell the end of. */
static double clear_seconds(const struct rule *r, const struct series *s)
{
        struct growth_answer growth;
        if (r->kind != KIND_GROWTH || !series_growth(s, &growth) || growth.climb <= 0)
                return r->clear_for_seconds;
        return fmin(r->clear_for_seconds, growth.climb);
}

static void watch_step(struct engine *e, struct watch *w, const struct machine_numbers *m)
{
        const struct rule *r = w->rule;
        const struct series *s = &e->series[w->series];
        watch_judge(e, w, m);
        struct watch_life *l = w->life;

        struct alert_timing timing = { 0, r->clear_for_seconds, r->repeat_seconds };
        timing.for_seconds = watch_wait(r, s, &l->verdict);
        timing.clear_for_seconds = clear_seconds(r, s);
        struct alert_input input = {
                .time = e->now,
                .known = l->verdict.known,
                .severity = l->verdict.severity,
                .holds = l->verdict.holds,
                .adopted = s->adopted && (r->kind == KIND_SPIKE || r->kind == KIND_DROP),
                .value = l->verdict.value,
                .falling = r->kind == KIND_DROP,
                .jumped = r->kind == KIND_SPIKE || r->kind == KIND_DROP,
                .before = l->verdict.baseline,
                .quiet = w->untold,
        };
        l->change = alert_step(&l->alert, &timing, &input);
        w->idle = alert_is_idle(&l->alert);
        if (!l->change.happened)
                return;
        /* Not when it is only told late, after a silence. */
        if (l->change.type == EVENT_FIRING && l->alert.fired == e->now) {
                watch_identify(e, w);
                engine_incident_assign(e, w);
        }
        w->news->incident_change =
                engine_incident_step(e, w->news->incident_id, w->news->alert_id, &l->change);
        event_make(e, w, &l->change, e->wall, &w->news->event);
        w->owed = true;
}

/* Whether the verdict is surely ok, told from what the tick has in its hands. An idle alert then
 * stays as it is, so that the judge need not be asked; what he would note is noted here. */
static inline bool is_quiet(const struct engine *e, struct watch *w)
{
        const struct series *s = &e->series[w->series];
        switch (w->kind) {
        case KIND_SPIKE:
        case KIND_DROP:
                if (s->jump.away)
                        return false;
                if (w->workload >= 0 && series_knows_level(s))
                        note_workload(e, w);
                return true;
        case KIND_GROWTH:
                return !s->growth.grows;
        default:
                return !(s->value >= w->from);
        }
}

static inline void feed_watch(struct engine *e, struct watch *w, const struct machine_numbers *m)
{
        if (!w->owed) {
                w->quiet = w->idle && is_quiet(e, w);
                if (!w->quiet)
                        watch_step(e, w, m);
                else if (w->life != e->lives.all)
                        watch_rest(&e->lives, w);
        } else if (w->remade) {
                watch_judge(e, w, m);
                event_make(e, w, &w->life->change, w->news->event.time, &w->news->event);
                w->remade = false;
        }
}

void watch_feed(struct engine *e, struct watch *w, const struct machine_numbers *m)
{
        feed_watch(e, w, m);
}

static bool is_same(double a, double b)
{
        return a == b || (isnan(a) && isnan(b));
}

static void update_limits(struct engine *e, const struct machine_numbers *m)
{
        double total = e->values[FIELD_MEM_TOTAL], stack = e->values[FIELD_STACK_SIZE];
        if (is_same(total, e->from_total) && is_same(stack, e->from_stack) &&
            e->kind == e->from_kind)
                return;
        for (size_t i = 0; i < e->watch_count; i++)
                e->watches[i].from = judge_least(e->watches[i].rule, m);
        e->from_total = total;
        e->from_stack = stack;
        e->from_kind = e->kind;
}

void engine_prefetch(const struct engine *e)
{
        for (size_t i = 0; i < e->series_plain; i++)
                series_prefetch(&e->series[i]);
        for (size_t i = 0; i < e->watch_plain; i++)
                prefetch(&e->watches[i], &e->watches[i].rule);
}

static bool rests_on(const struct expression *x, enum field base)
{
        for (unsigned i = 0; i < x->count; i++)
                if (x->parts[i].field == (int)base)
                        return true;
        return false;
}

static const enum field bases[] = { FIELD_MEM_TOTAL, FIELD_CPUS, FIELD_POSSIBLE_CPUS,
                                    FIELD_STACK_SIZE };

/* Memory or CPUs were added or taken away: bits of `bases`. */
static unsigned changed_bases(const struct engine *e, const struct sample *sample)
{
        unsigned changed = 0;
        for (size_t i = 0; i < ELEMENTS_OF(bases); i++) {
                double before = e->values[bases[i]], now = sample->values[bases[i]];
                if (isfinite(before) && isfinite(now) && before != now)
                        changed |= 1u << i;
        }
        return changed;
}

/* What is a share of them, or free of it, has moved without a cause in the kernel. */
bool series_is_rebased(const struct series *s, unsigned changed)
{
        for (size_t i = 0; i < ELEMENTS_OF(bases); i++) {
                enum field base = bases[i];
                if (!(changed & 1u << i))
                        continue;
                if (rests_on(s->less, base) || rests_on(s->per, base) ||
                    (base == FIELD_MEM_TOTAL &&
                     (s->field == FIELD_MEM_AVAILABLE || s->field == FIELD_MEM_FREE)))
                        return true;
        }
        return false;
}

void engine_feed(struct engine *e, const struct sample *sample)
{
        bool broken = timeline_step(&e->timeline, sample->time, &e->now) != TIMELINE_STEADY;
        e->wall = sample->time;
        e->samples++;
        e->kind = sample->kind;

        unsigned changed = changed_bases(e, sample);
        series_share(&e->shared, sample, e->now);
        for (size_t i = 0; i < e->series_plain; i++) {
                struct series *s = &e->series[i];
                bool rebased = changed != 0 && series_is_rebased(s, changed);
                series_feed(s, broken || rebased, &e->shared);
        }
        memcpy(e->values, sample->values, sizeof(e->values));
        recent_add(&e->cgroups, e->now, e->values[FIELD_CGROUPS]);

        struct machine_numbers m = { e->kind, FIELD_KNOWN_COUNT, e->values };
        update_limits(e, &m);
        bool owed = e->orphan_count > 0 || e->following;
        for (size_t i = 0; i < e->watch_plain; i++) {
                struct watch *w = &e->watches[i];
                if (w->applies)
                        feed_watch(e, w, &m);
                owed |= w->owed;
        }
        if (e->following)
                engine_follow_feed(e, sample, broken, changed, &m);
        /* All of them are marked as owed before the first is offered: who saves the open alerts
         * then saves them once for all. */
        if (owed)
                engine_offer(e);
}
