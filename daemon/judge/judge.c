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
        const struct question *question;
        double judged, limit;
        double factor; /* the limit is so many times the rule's */
};

static const struct question CHANGE = { "change", "what came suddenly", CHECK_VALUE,
                                        CHECK_AT_LEAST };
static const struct question GROWN = { "grown", "what came in all along the line", CHECK_VALUE,
                                       CHECK_AT_LEAST };
static const struct question RATE = { "rate", "how fast it grows", CHECK_RATE, CHECK_AT_LEAST };
static const struct question LEFT = { "left", "time until memory is gone", CHECK_SECONDS,
                                      CHECK_AT_MOST };
static const struct question SIZE = { "size", "how large it is", CHECK_VALUE, CHECK_AT_LEAST };

/* A line in the journal asks for more while a day has not been seen: what wanders about grows with
 * the root of time, and so does what one has seen of it. Not where a notice is the rule's whole
 * answer: to a drop, and to a growth that is worse only under a condition. */
static double notice_factor(const struct rule *r, enum severity severity, double seen)
{
        bool answers = r->kind == KIND_DROP || (r->kind == KIND_GROWTH && r->condition_count > 0);
        if (severity != SEVERITY_NOTICE || answers)
                return 1;
        return fmax(1, fmin(NOTICE_MOST, sqrt(DAY_SECONDS / seen)));
}

static bool compare_jump(const struct rule *r, enum severity severity, const struct limit_term *t,
                         const struct series_numbers *s, double total, struct comparison *c)
{
        const struct jump_answer *j = &s->jump;
        c->factor = notice_factor(r, severity, j->seconds);
        c->question = &CHANGE;
        c->judged = fabs(j->sudden);
        switch (t->unit) {
        case LIMIT_SIGMA:
                c->limit = t->value * j->spread;
                return true;
        case LIMIT_LEVEL:
                c->limit = c->factor * t->value * fmax(0, j->level);
                return true;
        case LIMIT_BYTES:
                c->limit = c->factor * t->value;
                return true;
        case LIMIT_SHARE:
                c->limit = c->factor * t->value * total;
                return isfinite(total);
        default:
                return false;
        }
}

/* How much of a rise is asked for: more over a time in which caches fill, less the surer it is that
 * it is no noise, so that a slow leak in a large quiet machine is found by its straightness. */
static double rise_factor(const struct growth_answer *g, double seen)
{
        double fill = g->seconds < FILL_SECONDS ? FILL_FACTOR : 1;
        double young = fmax(1, fmin(SEEN_TIMES / 2, SEEN_TIMES * g->seconds / seen));
        return young * fill * fmax(SURE_LEAST, fmin(1, sqrt(SURE_FULL / g->sure)));
}

static bool compare_growth(const struct rule *r, enum severity severity, const struct limit_term *t,
                           const struct series_numbers *s, double total, const struct verdict *v,
                           struct comparison *c)
{
        c->question = &RATE;
        c->judged = s->growth.rate;
        switch (t->unit) {
        case LIMIT_BYTES:
        case LIMIT_SHARE:
                c->question = &GROWN;
                c->judged = s->growth.grown;
                c->factor = rise_factor(&s->growth, s->seen) * notice_factor(r, severity, s->seen);
                c->limit = t->value * (t->unit == LIMIT_SHARE ? total : 1) * c->factor;
                return isfinite(c->limit);
        case LIMIT_BYTES_RATE:
                c->limit = t->value;
                return true;
        case LIMIT_SHARE_RATE:
                c->limit = t->value * total;
                return isfinite(total);
        case LIMIT_EXHAUSTS:
                c->question = &LEFT;
                c->judged = v->exhausts_in;
                c->limit = t->value;
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
        c->question = &SIZE;
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

static bool compare(const struct rule *r, enum severity severity, const struct limit_term *t,
                    const struct series_numbers *s, const struct machine_numbers *m,
                    const struct verdict *v, struct comparison *ret)
{
        double total = machine_value(m, FIELD_MEM_TOTAL);
        *ret = (struct comparison){ .judged = NAN, .limit = NAN, .factor = 1 };
        switch (r->kind) {
        case KIND_SPIKE:
        case KIND_DROP:
                return compare_jump(r, severity, t, s, total, ret);
        case KIND_GROWTH:
                return compare_growth(r, severity, t, s, total, v, ret);
        default:
                return compare_ratio(r, t, s, m, ret);
        }
}

/* Whether every term of the limit holds when relaxed to `share` of it (1: not relaxed). */
static bool limit_holds(const struct rule *r, enum severity severity, double share,
                        const struct series_numbers *s, const struct machine_numbers *m,
                        const struct verdict *v, struct comparison *ret,
                        struct judge_account *account)
{
        const struct limit *l = rule_limit(r, m->kind, severity);
        double tightest = INFINITY;
        bool all = l->count > 0;
        for (unsigned i = 0; i < l->count; i++) {
                struct comparison c;
                struct checks one;
                one.count = 0; /* the rest is not read: clearing it cost half of a tick */
                bool comparable = compare(r, severity, &l->terms[i], s, m, v, &c);
                bool less = c.question->sense == CHECK_AT_MOST;
                /* What is not above zero reaches nothing. */
                bool reached = comparable && (less || c.judged > 0);
                double limit = less ? c.limit / share : c.limit * share;
                if (!check_pass(&one, c.question, reached ? c.judged : NAN, limit, NULL))
                        all = false;
                if (account) {
                        one.list[0].value = c.judged;
                        account->terms[account->term_count++] =
                                (struct judged_term){ severity, &l->terms[i], c.factor,
                                                      one.list[0] };
                }
                /* The term that is hardest to meet is the one to show. */
                double margin = reached ? check_margin(&one.list[0]) : -INFINITY;
                if (comparable && (isnan(ret->limit) || margin < tightest)) {
                        tightest = margin;
                        *ret = c;
                }
        }
        return all;
}

double judge_least(const struct rule *r, const struct machine_numbers *m)
{
        const struct series_numbers none = { .days_level = NAN };
        double least = INFINITY;
        if (r->kind != KIND_RATIO)
                return -INFINITY;
        for (enum severity severity = SEVERITY_NOTICE; severity < SEVERITY_COUNT; severity++) {
                const struct limit *l = rule_limit(r, m->kind, severity);
                double all = l->count > 0 ? -INFINITY : INFINITY;
                for (unsigned i = 0; i < l->count; i++) {
                        struct comparison c = { .limit = NAN };
                        if (l->terms[i].unit == LIMIT_BASELINE) /* moves with each sample */
                                continue;
                        all = fmax(all, compare_ratio(r, &l->terms[i], &none, m, &c) ? c.limit
                                                                                     : INFINITY);
                }
                least = fmin(least, all);
        }
        return least;
}

/* A field that falls or rises counts when it does so at least by this part of the growth in
 * question: then the one goes with the other. */
static const double GOES_WITH = 0.5;

static const struct question FALLS = { "falls", "falls as fast", CHECK_BYTES_RATE, CHECK_AT_LEAST };
static const struct question FALL = { "falls", "fall as fast", CHECK_NUMBER, CHECK_AT_LEAST };
static const struct question RISES = { "rises", "rises as fast", CHECK_BYTES_RATE, CHECK_AT_LEAST };
static const struct question RISE = { "rises", "rise as fast", CHECK_NUMBER, CHECK_AT_LEAST };
static const struct question IS_BELOW = { "below", "is less", CHECK_BYTES, CHECK_BELOW };
static const struct question IS_ABOVE = { "above", "is more", CHECK_BYTES, CHECK_ABOVE };
static const struct question IS_FEWER = { "below", "is less", CHECK_NUMBER, CHECK_BELOW };
static const struct question ARE_MORE = { "above", "is more", CHECK_NUMBER, CHECK_ABOVE };

static bool condition_holds(const struct condition *c, double rate, double slack,
                            const struct series_numbers *s, bool growth,
                            const struct machine_numbers *m, struct checks *checks)
{
        double total = machine_value(m, FIELD_MEM_TOTAL), value = machine_value(m, c->field);
        double limit = c->share ? c->value * total : c->value;
        double least = growth && s->growth_known ? GOES_WITH * s->growth.rate * slack : 0;
        bool count = c->field >= 0 && field_unit((size_t)c->field) == FIELD_COUNT;
        switch (c->test) {
        case CONDITION_FALLING:
                return check_pass(checks, count ? &FALL : &FALLS, -rate, least, NULL) && rate < 0;
        case CONDITION_RISING:
                return check_pass(checks, count ? &RISE : &RISES, rate, least, NULL) && rate > 0;
        case CONDITION_BELOW:
                return check_pass(checks, count ? &IS_FEWER : &IS_BELOW, value, limit / slack,
                                  NULL);
        default:
                return check_pass(checks, count ? &ARE_MORE : &IS_ABOVE, value, limit * slack,
                                  NULL);
        }
}

static bool conditions_hold(const struct rule *r, double slack, const struct series_numbers *s,
                            const struct machine_numbers *m, struct judge_account *account)
{
        bool all = true;
        for (unsigned i = 0; i < r->condition_count; i++) {
                struct checks one;
                one.count = 0;
                bool holds = condition_holds(&r->conditions[i], s->condition_rate[i], slack, s,
                                             r->kind == KIND_GROWTH, m, &one);
                if (account) {
                        account->conditions[i] = one.list[0];
                        account->conditions[i].passed = holds;
                }
                all = all && holds;
        }
        return all;
}

static const struct question SEASON = {
        "season", "is not what other days have at this hour: times their rise", CHECK_NUMBER,
        CHECK_ABOVE
};

/* The job of every night: a spike, or a rise over less than the time that jobs take. What lasts
 * longer is judged whatever the hour, so a leak underneath shows. */
static bool is_expected(const struct rule *r, const struct series_numbers *s, struct checks *checks)
{
        bool daily = r->kind == KIND_SPIKE || r->kind == KIND_GROWTH;
        if (!daily)
                return false;
        bool lasting = r->kind == KIND_GROWTH && !(s->growth.seconds < FILL_SECONDS);
        const char *waived = lasting                ? "lasts longer than a job of every night"
                             : s->expected_rise > 0 ? NULL
                                                    : "other days had nothing at this hour";
        return !check_pass(checks, &SEASON, s->rise / s->expected_rise, EXPECTED_FACTOR, waived);
}

static const struct question AWAY = { "away", "is away from its level", CHECK_YES, CHECK_AT_LEAST };
static const struct question UP = { "up", "above it", CHECK_VALUE, CHECK_ABOVE };
static const struct question DOWN = { "down", "below it", CHECK_VALUE, CHECK_BELOW };
static const struct question GROWS = { "grows", "one horizon passes every test", CHECK_YES,
                                       CHECK_AT_LEAST };

/* Whether the detector itself sees the rule's pattern, limits aside. The engine does not ask the
 * judge while it cannot: is_quiet in engine/engine.c must know of what is changed here. */
static bool pattern_seen(const struct rule *r, const struct series_numbers *s,
                         struct checks *checks)
{
        bool expected = is_expected(r, s, checks);
        switch (r->kind) {
        case KIND_SPIKE:
        case KIND_DROP:
                if (!check_pass(checks, &AWAY, s->jump.away, 1, NULL))
                        return false;
                return check_pass(checks, r->kind == KIND_SPIKE ? &UP : &DOWN, s->jump.change, 0,
                                  NULL) &&
                       !expected;
        case KIND_GROWTH:
                return check_pass(checks, &GROWS, s->growth.grows, 1, NULL) && !expected;
        default:
                return true;
        }
}

/* Of what little is known of, no line in the journal. */
static bool is_young(const struct rule *r, const struct series_numbers *s)
{
        return r->kind == KIND_GROWTH && s->seen < SEEN_TIMES * s->growth.seconds;
}

static const struct question OFTEN = {
        "often", "for a notice: is not what came twice lately: times the smaller one", CHECK_NUMBER,
        CHECK_ABOVE
};

/* What comes and goes again and again is worth a line in the journal twice. */
static bool comes_often(const struct rule *r, const struct series_numbers *s, struct checks *checks)
{
        if ((r->kind != KIND_SPIKE && r->kind != KIND_DROP) || !s->jump.away)
                return false;
        const char *waived = s->jump.seconds < DAY_SECONDS ? "a day must be seen to know"
                             : s->jump.often > 0           ? NULL
                                                           : "the like was seen once at most";
        return !check_pass(checks, &OFTEN, fabs(s->jump.sudden) / s->jump.often, EXPECTED_FACTOR,
                           waived);
}

static enum severity cap(enum severity severity, bool capped)
{
        return capped && severity > SEVERITY_NOTICE ? SEVERITY_NOTICE : severity;
}

static const struct question UNEXPLAINED = { "workload",
                                             "is not what the workload brings along: its share",
                                             CHECK_SHARE, CHECK_BELOW };

/* By how many steps a severity is lowered because the change goes with the workload, and the
 * workload has not itself run away. */
static int explained_steps(const struct rule *r, const struct workload_numbers *w,
                           struct checks *checks)
{
        double runaway = r->kind == KIND_GROWTH ? RUNAWAY_FACTOR : RUNAWAY_JUMP;
        const char *waived = isnan(w->explained)    ? "nothing has changed"
                             : w->factor >= runaway ? "that has itself run away"
                                                    : NULL;
        if (check_pass(checks, &UNEXPLAINED, w->explained, EXPLAINED_SHARE, waived))
                return 0;
        bool memory = isnan(w->factor);
        return memory && w->explained >= EXPLAINED_FULLY ? SEVERITY_COUNT : 1;
}

static enum severity lower(enum severity severity, int steps)
{
        return (int)severity > steps ? severity - (enum severity)steps : SEVERITY_OK;
}

static void judge(const struct rule *r, const struct series_numbers *s,
                  const struct machine_numbers *m, struct verdict *ret,
                  struct judge_account *account)
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
        if (r->per.count == 0 && s->growth_known && s->growth.goes_on)
                (void)judge_exhaustion(s->growth.rate, s->growth.error, s->growth.seconds, m,
                                       &v.exhausts_in, &v.exhausts_soonest, &v.exhausts_latest);

        v.expected = is_expected(r, s, NULL);
        bool seen = pattern_seen(r, s, account ? &account->pattern : NULL);
        bool still = seen || (r->kind == KIND_GROWTH && s->growth.goes_on && !v.expected);
        for (enum severity severity = SEVERITY_NOTICE; severity < SEVERITY_COUNT; severity++) {
                struct comparison c = { .judged = NAN, .limit = NAN };
                if (rule_limit(r, m->kind, severity)->count == 0)
                        continue;
                /* Where nothing is seen only the lowest limit is wanted, to be shown. */
                if (!account && !still && !isnan(v.limit))
                        break;
                bool reached = limit_holds(r, severity, 1, s, m, &v, &c, account) && seen;
                if (reached)
                        v.severity = severity;
                if (reached || isnan(v.limit)) {
                        v.judged = c.judged;
                        v.limit = c.limit;
                }
                if (still && limit_holds(r, severity, r->clear, s, m, &v, &c, NULL))
                        v.holds = severity;
        }
        bool often = comes_often(r, s, account ? &account->pattern : NULL);
        if ((often || is_young(r, s)) && v.severity == SEVERITY_NOTICE)
                v.severity = SEVERITY_OK;
        struct checks *workload = account && r->workload.count > 0 ? &account->workload : NULL;
        int steps = explained_steps(r, &s->workload, workload);
        v.lowered = steps > 0;
        v.severity = lower(v.severity, steps);
        v.holds = lower(v.holds, steps);
        v.capped = !conditions_hold(r, 1, s, m, account);
        v.severity = cap(v.severity, v.capped);
        v.holds = cap(v.holds, !conditions_hold(r, r->clear, s, m, NULL));
        if (v.holds < v.severity)
                v.holds = v.severity;
        *ret = v;
}

void judge_rule(const struct rule *r, const struct series_numbers *s,
                const struct machine_numbers *m, struct verdict *ret)
{
        judge(r, s, m, ret, NULL);
}

void judge_rule_account(const struct rule *r, const struct series_numbers *s,
                        const struct machine_numbers *m, struct verdict *ret,
                        struct judge_account *ret_account)
{
        *ret_account = (struct judge_account){ 0 };
        judge(r, s, m, ret, ret_account);
}
