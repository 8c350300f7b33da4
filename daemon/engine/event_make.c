/* SPDX-License-Identifier: MIT */
/* Puts together the event of a changed alert: identity, numbers, words. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alert/text.h"
#include "base/hash.h"
#include "base/macros.h"
#include "engine/engine_internal.h"
#include "engine/explanation.h"
#include "judge/expression.h"
#include "sample/host.h"

/* Identities are computed, not drawn, so that a restart of the daemon comes to the same ones: an
 * alert is its machine, rule, dimension and start; an event is its alert, type and time. */
void watch_identify(const struct engine *e, struct watch *w)
{
        struct hash h;
        w->life->fired_wall = e->wall;
        hash_init(&h);
        hash_add_text(&h, e->host->machine_id);
        hash_add_text(&h, e->host->name);
        hash_add_text(&h, w->rule->name);
        hash_add_text(&h, watch_dimension(e, w));
        hash_add(&h, &w->life->fired_wall, sizeof(w->life->fired_wall));
        hash_text(&h, w->news->alert_id);
        /* Readable, and PagerDuty takes 255 bytes. Very long names end in the hash of all of it;
         * the machine id is the hashed one. */
        char *key = w->news->dedup_key;
        int length =
                snprintf(key, EVENT_DEDUP_MAX, "kmemwatch:%s:%s:%s:%s:%.3f", e->host->machine_id,
                         e->host->name, w->rule->name, watch_dimension(e, w), w->life->fired_wall);
        if (length < 0 || length >= EVENT_DEDUP_MAX)
                snprintf(key + EVENT_DEDUP_MAX - 1 - EVENT_ID_MAX, EVENT_ID_MAX + 1, ":%s",
                         w->news->alert_id);
}

void event_make_id(struct event *e)
{
        struct hash h;
        hash_init(&h);
        hash_add_text(&h, e->alert_id);
        hash_add_text(&h, event_type_name(e->type));
        hash_add(&h, &e->time, sizeof(e->time));
        hash_text(&h, e->id);
}

static double wall_in(const struct engine *e, double seconds)
{
        return isfinite(seconds) ? e->wall + seconds : NAN;
}

/* In the workload's own unit, whatever memory is expected of one. */
static double workload_change(const struct watch *w)
{
        double size = 1;
        for (unsigned i = 0; i < w->rule->workload.count; i++)
                if (w->rule->workload.parts[i].field < 0)
                        size *= w->rule->workload.parts[i].constant;
        return w->life->explained.change / size;
}

static void add_checks(struct event *e, const struct checks *c)
{
        for (unsigned i = 0; i < c->count && e->check_count < EVENT_CHECKS_MAX; i++) {
                const struct check *from = &c->list[i];
                e->checks[e->check_count++] = (struct event_check){
                        .name = from->question->name,
                        .asks = from->question->asks,
                        .question = from->question,
                        .value = from->value,
                        .limit = from->limit,
                        .passed = from->passed,
                };
        }
}

/* The numbers that `kmemwatch explain` shows of this moment. */
static void make_checks(const struct engine *e, const struct watch *w, struct event *ret)
{
        struct explanation x;
        explanation_make(e, w, &x);
        add_checks(ret, &x.detector);
        add_checks(ret, &x.account.workload);
}

/* Growth is explained over the horizon that is sure of it, anything else since it began. */
static double explained_since(const struct engine *e, const struct watch *w)
{
        const struct series *s = &e->series[w->series];
        struct growth_answer growth;
        double since = w->life->alert.pending_since;
        if (w->rule->kind == KIND_GROWTH && series_growth(s, &growth))
                since = fmin(since, e->now - growth.seconds);
        else if ((w->rule->kind == KIND_SPIKE || w->rule->kind == KIND_DROP) && s->jump.away)
                since = fmin(since, s->jump.away_since);
        return e->wall - (e->now - since);
}

void event_make(const struct engine *e, const struct watch *w, const struct alert_change *change,
                double time, struct event *ret)
{
        const struct alert *a = &w->life->alert;
        const struct verdict *v = &w->life->verdict;
        const struct series *s = &e->series[w->series];
        const struct rule *r = w->rule;
        bool over = change->type == EVENT_RESOLVED || change->type == EVENT_ADOPTED;
        bool observed = change->quiet == QUIET_OBSERVED;
        enum severity most = observed ? SEVERITY_NOTICE : SEVERITY_CRITICAL;

        *ret = (struct event){
                .time = time,
                .type = change->type,
                .kind = r->kind,
                .severity = MIN_OF(a->severity, most),
                .previous_severity = MIN_OF(change->previous, most),
                .highest_severity = MIN_OF(a->highest, most),
                .trigger = change->trigger,
                .resolve = change->resolve,
                .quiet = change->quiet,
                .would_be = a->severity,
                .rule = r->name,
                .dimension = watch_dimension(e, w),
                .summary = r->summary,
                .explain = r->explain,
                .action = rule_action(r, e->kind),
                .runbook = r->runbook,
                .unit = s->unit,
                .value = v->value,
                .baseline = v->baseline,
                .spread = v->spread,
                .limit = v->limit,
                .value_bytes = s->unit == UNIT_COUNT ? NAN : v->value_bytes,
                .baseline_bytes = s->unit == UNIT_BYTES ? v->baseline : NAN,
                .rate = s->unit == UNIT_BYTES ? v->rate : NAN,
                .rate_error = s->unit == UNIT_BYTES ? v->rate_error : NAN,
                .exhausts_at = over ? NAN : wall_in(e, v->exhausts_in),
                .exhausts_earliest = over ? NAN : wall_in(e, v->exhausts_soonest),
                .exhausts_latest = over ? NAN : wall_in(e, v->exhausts_latest),
                .mem_available = e->values[FIELD_MEM_AVAILABLE],
                .started = w->life->fired_wall,
                .duration = e->now - a->fired,
                .start_value = a->start_value,
                .peak = a->peak,
                .grown = (over ? a->peak : v->value) - a->start_value,
                .workload = r->workload_name,
                .workload_is_count = rule_workload_is_count(r),
                .workload_change = workload_change(w),
                .explained = w->life->explained.explained,
                .score = v->score,
                .since = explained_since(e, w),
                .recent_interval = RECENT_SECONDS,
                .host = e->host,
        };
        memcpy(ret->alert_id, w->news->alert_id, sizeof(ret->alert_id));
        memcpy(ret->dedup_key, w->news->dedup_key, sizeof(ret->dedup_key));
        event_make_id(ret);
        ret->recent_count = recent_read(&s->recent, ret->recent);
        make_checks(e, w, ret);
        event_text(ret);
}

void engine_rehearse(const struct engine *e, void (*show)(const struct event *e, void *userdata),
                     void *userdata)
{
        const struct alert_change fires = { .happened = true, .type = EVENT_FIRING };
        struct event event;
        for (size_t i = 0; i < e->watch_count; i++)
                if (e->watches[i].applies) { /* an empty slot does not */
                        event_make(e, &e->watches[i], &fires, e->wall, &event);
                        show(&event, userdata);
                }
}
