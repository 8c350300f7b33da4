/* SPDX-License-Identifier: MIT */
/* Compares what the detectors say with a rule's limits. */
#include "judge/judge.h"

#include <math.h>

static double machine_value(const struct machine_numbers *m, int field)
{
        return field >= 0 && (size_t)field < m->count ? m->values[field] : NAN;
}

bool judge_exhaustion(double rate, double error, double seconds, const struct machine_numbers *m,
                      double *ret_in, double *ret_soonest, double *ret_latest)
{
        double available = machine_value(m, FIELD_MEM_AVAILABLE);
        double total = machine_value(m, FIELD_MEM_TOTAL);
        if (!isfinite(available) || !isfinite(total) || !isfinite(rate) || !(rate - 2 * error > 0))
                return false;
        double left = fmax(0, available - EXHAUSTED_SHARE * total);
        if (left / rate > FORECAST_REACH * seconds)
                return false;
        *ret_in = left / rate;
        *ret_soonest = left / (rate + 2 * error);
        *ret_latest = left / (rate - 2 * error);
        return true;
}

/* What a limit term is compared with, and what it must reach, in the same unit. */
struct comparison {
        double judged, limit;
        bool below; /* smaller is worse */
};

static bool compare_jump(const struct limit_term *t, const struct series_numbers *s, double total,
                         struct comparison *c)
{
        const struct jump_answer *j = &s->jump;
        c->judged = fabs(j->sudden);
        switch (t->unit) {
        case LIMIT_SIGMA:
                c->limit = t->value * j->spread;
                return true;
        case LIMIT_LEVEL:
                c->limit = t->value * fmax(0, j->level);
                return true;
        case LIMIT_BYTES:
                c->limit = t->value;
                return true;
        case LIMIT_SHARE:
                c->limit = t->value * total;
                return isfinite(total);
        default:
                return false;
        }
}

/* How much of a rise is asked for: more over a time in which caches fill, less the surer it is that
 * it is no noise, so that a slow leak in a large quiet machine is found by its straightness. */
static double rise_factor(const struct growth_answer *g)
{
        double fill = g->seconds < FILL_SECONDS ? FILL_FACTOR : 1;
        return fill * fmax(SURE_LEAST, fmin(1, sqrt(SURE_FULL / g->sure)));
}

static bool compare_growth(const struct limit_term *t, const struct series_numbers *s, double total,
                           const struct verdict *v, struct comparison *c)
{
        c->judged = s->growth.rate;
        switch (t->unit) {
        case LIMIT_BYTES:
        case LIMIT_SHARE:
                c->judged = s->growth.grown;
                c->limit =
                        t->value * (t->unit == LIMIT_SHARE ? total : 1) * rise_factor(&s->growth);
                return isfinite(c->limit);
        case LIMIT_BYTES_RATE:
                c->limit = t->value;
                return true;
        case LIMIT_SHARE_RATE:
                c->limit = t->value * total;
                return isfinite(total);
        case LIMIT_EXHAUSTS:
                c->judged = v->exhausts_in;
                c->limit = t->value;
                c->below = true;
                return isfinite(v->exhausts_in);
        default:
                return false;
        }
}

static bool compare_ratio(const struct rule *r, const struct limit_term *t,
                          const struct series_numbers *s, const struct machine_numbers *m,
                          struct comparison *c)
{
        double total = machine_value(m, FIELD_MEM_TOTAL),
               stack = machine_value(m, FIELD_STACK_SIZE);
        c->judged = s->value;
        switch (t->unit) {
        case LIMIT_BYTES:
                c->limit = t->value;
                return true;
        case LIMIT_SHARE:
                /* With a denominator the value is a share already. */
                c->limit = r->per.count > 0 ? t->value : t->value * total;
                return r->per.count > 0 || isfinite(total);
        case LIMIT_STACKS:
                c->limit = t->value * stack;
                return isfinite(stack);
        case LIMIT_BASELINE:
                /* A multiple of nothing says nothing: three times zero is reached by anything. */
                c->limit = t->value * s->days_level;
                return s->days_level > 0;
        default:
                return false;
        }
}

/* Whether every term of the limit holds when relaxed to `share` of it (1: not relaxed). */
static bool limit_holds(const struct rule *r, const struct limit *l, double share,
                        const struct series_numbers *s, const struct machine_numbers *m,
                        const struct verdict *v, struct comparison *ret)
{
        double total = machine_value(m, FIELD_MEM_TOTAL), tightest = -INFINITY;
        bool all = l->count > 0;
        for (unsigned i = 0; i < l->count; i++) {
                struct comparison c = { .judged = NAN, .limit = NAN };
                bool comparable;
                switch (r->kind) {
                case KIND_SPIKE:
                case KIND_DROP:
                        comparable = compare_jump(&l->terms[i], s, total, &c);
                        break;
                case KIND_GROWTH:
                        comparable = compare_growth(&l->terms[i], s, total, v, &c);
                        break;
                default:
                        comparable = compare_ratio(r, &l->terms[i], s, m, &c);
                }
                if (!comparable) {
                        all = false;
                        continue;
                }
                /* Share of the limit that is missing; what is not above zero reaches nothing. */
                double margin = c.below        ? c.judged / c.limit * share
                                : c.judged > 0 ? c.limit * share / c.judged
                                               : INFINITY;
                if (!(margin <= 1))
                        all = false;
                /* The term that is hardest to meet is the one to show. */
                if (margin > tightest) {
                        tightest = margin;
                        *ret = c;
                }
        }
        return all;
}

/* A field that falls or rises counts when it does so at least by this part of the growth in
 * question: then the one goes with the other. */
static const double GOES_WITH = 0.5;

static bool condition_holds(const struct condition *c, double rate, double slack,
                            const struct series_numbers *s, bool growth,
                            const struct machine_numbers *m)
{
        double total = machine_value(m, FIELD_MEM_TOTAL), value = machine_value(m, c->field);
        double limit = c->share ? c->value * total : c->value;
        double least = growth && s->growth_known ? GOES_WITH * s->growth.rate * slack : 0;
        switch (c->test) {
        case CONDITION_FALLING:
                return rate < 0 && -rate >= least;
        case CONDITION_RISING:
                return rate > 0 && rate >= least;
        case CONDITION_BELOW:
                return value < limit / slack;
        default:
                return value > limit * slack;
        }
}

static bool conditions_hold(const struct rule *r, double slack, const struct series_numbers *s,
                            const struct machine_numbers *m)
{
        for (unsigned i = 0; i < r->condition_count; i++)
                if (!condition_holds(&r->conditions[i], s->condition_rate[i], slack, s,
                                     r->kind == KIND_GROWTH, m))
                        return false;
        return true;
}

/* The job of every night: a spike, or a rise over less than the time that jobs take. What lasts
 * longer is judged whatever the hour, so a leak underneath shows. */
static bool is_expected(const struct rule *r, const struct series_numbers *s)
{
        bool daily = r->kind == KIND_SPIKE ||
                     (r->kind == KIND_GROWTH && s->growth.seconds < FILL_SECONDS);
        return daily && s->expected_rise > 0 && s->rise <= EXPECTED_FACTOR * s->expected_rise;
}

/* Whether the detector itself sees the rule's pattern, limits aside. */
static bool pattern_seen(const struct rule *r, const struct series_numbers *s)
{
        if (is_expected(r, s))
                return false;
        switch (r->kind) {
        case KIND_SPIKE:
                return s->jump.away && s->jump.change > 0;
        case KIND_DROP:
                return s->jump.away && s->jump.change < 0;
        case KIND_GROWTH:
                return s->growth.grows;
        default:
                return true;
        }
}

static enum severity cap(enum severity severity, bool capped)
{
        return capped && severity > SEVERITY_NOTICE ? SEVERITY_NOTICE : severity;
}

/* By how many steps a severity is lowered because the change goes with the workload, and the
 * workload has not itself run away. */
static int explained_steps(const struct rule *r, const struct workload_numbers *w)
{
        double runaway = r->kind == KIND_GROWTH ? RUNAWAY_FACTOR : RUNAWAY_JUMP;
        if (!(w->explained >= EXPLAINED_SHARE) || w->factor >= runaway)
                return 0;
        bool memory = isnan(w->factor);
        return memory && w->explained >= EXPLAINED_FULLY ? SEVERITY_COUNT : 1;
}

static enum severity lower(enum severity severity, int steps)
{
        return (int)severity > steps ? severity - (enum severity)steps : SEVERITY_OK;
}

void judge_rule(const struct rule *r, const struct series_numbers *s,
                const struct machine_numbers *m, struct verdict *ret)
{
        struct verdict v = {
                .judged = NAN,
                .limit = NAN,
                .value = s->value,
                .value_bytes = s->value_bytes,
                .baseline = s->jump_known ? s->jump.level : NAN,
                .spread = s->jump_known ? s->jump.spread : NAN,
                .rate = s->growth_known ? s->growth.rate : NAN,
                .rate_error = s->growth_known ? s->growth.error : NAN,
                .exhausts_in = NAN,
                .exhausts_soonest = NAN,
                .exhausts_latest = NAN,
                .score = s->jump_known ? s->jump.score : 0,
        };
        bool needs_jump = r->kind == KIND_SPIKE || r->kind == KIND_DROP;
        v.known = isfinite(s->value) && (!needs_jump || s->jump_known) &&
                  (r->kind != KIND_GROWTH || s->growth_known);
        if (!v.known) {
                *ret = v;
                return;
        }
        if (r->per.count == 0 && s->growth_known && s->growth.grows)
                (void)judge_exhaustion(s->growth.rate, s->growth.error, s->growth.seconds, m,
                                       &v.exhausts_in, &v.exhausts_soonest, &v.exhausts_latest);

        v.expected = is_expected(r, s);
        const struct limit *limits = r->limits[m->kind];
        bool seen = pattern_seen(r, s);
        for (enum severity severity = SEVERITY_NOTICE; severity < SEVERITY_COUNT; severity++) {
                struct comparison c = { .judged = NAN, .limit = NAN };
                if (limits[severity].count == 0)
                        continue;
                bool reached = limit_holds(r, &limits[severity], 1, s, m, &v, &c) && seen;
                if (reached)
                        v.severity = severity;
                if (reached || isnan(v.limit)) {
                        v.judged = c.judged;
                        v.limit = c.limit;
                }
                if (limit_holds(r, &limits[severity], r->clear, s, m, &v, &c) && seen)
                        v.holds = severity;
        }
        int steps = explained_steps(r, &s->workload);
        v.lowered = steps > 0;
        v.severity = lower(v.severity, steps);
        v.holds = lower(v.holds, steps);
        v.capped = !conditions_hold(r, 1, s, m);
        v.severity = cap(v.severity, v.capped);
        v.holds = cap(v.holds, !conditions_hold(r, r->clear, s, m));
        if (v.holds < v.severity)
                v.holds = v.severity;
        *ret = v;
}
