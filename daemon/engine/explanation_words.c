/* SPDX-License-Identifier: MIT */
/* Says in words why a rule says what it says. */
#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "alert/check_text.h"
#include "alert/text.h"
#include "base/macros.h"
#include "engine/engine_internal.h"
#include "engine/explanation.h"
#include "judge/rule_load.h"

const char *explanation_field(int field)
{
        return field >= 0 && field < FIELD_KNOWN_COUNT ? field_name((enum field)field)
                                                       : "that column";
}

const char *explanation_value(const struct explanation *x, const struct check *c, double value,
                              char buffer[FORMAT_MAX])
{
        return check_value_text(c->question->unit, x->series->unit, value, buffer);
}

const char *explanation_limit(const struct explanation *x, const struct check *c,
                              char buffer[CHECK_LIMIT_TEXT_MAX])
{
        return check_limit_text(c->question->unit, c->question->sense, x->series->unit, c->limit,
                                buffer);
}

const char *explanation_term(const struct judged_term *t, char buffer[EXPLANATION_TEXT_MAX])
{
        char term[RULE_TERM_TEXT_MAX];

        if (t->factor == 1)
                snprintf(buffer, EXPLANATION_TEXT_MAX, "%s", rule_term_text(t->term, term));
        else
                snprintf(buffer, EXPLANATION_TEXT_MAX,
                         t->factor > 1 ? "%s, times %.3g over so short a time"
                                       : "%s, times %.3g for so straight a line",
                         rule_term_text(t->term, term), t->factor);
        return buffer;
}

void explanation_check(const struct explanation *x, const struct check *c, struct text *t)
{
        char value[FORMAT_MAX], limit[EXPLANATION_TEXT_MAX];

        text_add(t, "%s: %s", c->question->asks, explanation_value(x, c, c->value, value));
        if (c->question->unit != CHECK_YES)
                text_add(t, ", asked is %s", explanation_limit(x, c, limit));
        if (c->waived)
                text_add(t, " (not needed: %s)", c->waived);
}

/* --- what it waits for --- */

static void wait_to_know(const struct explanation *x, struct text *t)
{
        char from[FORMAT_MAX];
        const struct rule *r = x->watch->rule;
        if (!isfinite(x->series->value))
                text_add(t, "a value: this machine does not report all of %s", x->dimension);
        else if (r->kind == KIND_GROWTH)
                text_add(t, "a first horizon: that takes %s of samples",
                         format_duration(TREND_WIDTH * TREND_POINTS_MIN, from));
        else
                text_add(t, "knowing what is normal: that takes %s and %.0f samples",
                         format_duration(jump_params_default.learn, from),
                         (double)jump_params_default.samples);
}

static void wait_for_end(const struct explanation *x, struct text *t)
{
        const struct rule *r = x->watch->rule;
        const struct alert *a = &x->watch->life->alert;
        const struct jump *j = &x->series->jump;
        char clear[FORMAT_MAX], so_far[FORMAT_MAX], adopt[FORMAT_MAX], share[FORMAT_MAX],
                level[FORMAT_MAX];

        format_duration(r->clear_for_seconds, clear);
        if (isfinite(a->below_since)) {
                text_add(t, "its end: it is less severe for %s, after %s it counts",
                         format_duration(x->now - a->below_since, so_far), clear);
                return;
        }
        format_percent(r->clear, share);
        if (r->kind == KIND_GROWTH) {
                text_add(t, "its end: growth that stops or falls below %s of the limit, for %s",
                         share, clear);
        } else if (r->kind == KIND_RATIO || !j->away) {
                text_add(t, "its end: below %s of the limit, for %s", share, clear);
        } else {
                double left = fmax(0, j->away_since + r->adopt_seconds - x->now);
                text_add(t,
                         "its end: back to about %s, or within %s of the limit, for %s; or %s "
                         "more, then this level is taken as normal",
                         event_amount(x->series->unit, j->level.mean, level), share, clear,
                         format_duration(left, adopt));
        }
}

void explanation_waits(const struct explanation *x, struct text *t)
{
        const struct rule *r = x->watch->rule;
        const struct alert *a = &x->watch->life->alert;
        char so_far[FORMAT_MAX], wait[FORMAT_MAX];
        enum severity next = x->verdict.severity;

        if (!x->watch->applies) {
                text_add(t, "nothing: it is not for machines of this kind (%s)",
                         host_kind_name(x->kind));
        } else if (a->state == ALERT_FIRING && next <= a->severity) {
                wait_for_end(x, t);
        } else if (!x->verdict.known) {
                wait_to_know(x, t);
        } else if (next > SEVERITY_OK) {
                text_add(
                        t, "whether it lasts: it would be a %s and is so for %s, after %s it fires",
                        severity_name(next), format_duration(x->now - a->wrong_since[next], so_far),
                        format_duration(x->wait, wait));
        } else {
                static const char *const PATTERNS[] = {
                        [KIND_SPIKE] = "a sudden rise",
                        [KIND_DROP] = "a sudden fall",
                        [KIND_GROWTH] = "growth that lasts",
                        [KIND_RATIO] = "a size out of proportion",
                };
                static_assert(ELEMENTS_OF(PATTERNS) == KIND_COUNT, "each kind has its words");
                text_add(t, "%s", PATTERNS[r->kind]);
        }
}

/* --- what it takes --- */

static struct text next_line(struct explanation_lines *l)
{
        struct text t;

        /* More than fit say nothing new: the last one is written over. */
        unsigned i = l->count < EXPLANATION_LINES_MAX ? l->count++ : EXPLANATION_LINES_MAX - 1;
        text_init(&t, l->list[i], sizeof(l->list[i]));
        return t;
}

static void take_failed(const struct explanation *x, const struct checks *c,
                        struct explanation_lines *ret)
{
        for (unsigned i = 0; i < c->count; i++)
                if (!c->list[i].passed) {
                        struct text t = next_line(ret);
                        explanation_check(x, &c->list[i], &t);
                }
}

/* "for a warning: " */
static struct text severity_line(enum severity s, struct explanation_lines *ret)
{
        struct text t = next_line(ret);

        text_add(&t, "for %s%s: ", s == SEVERITY_CRITICAL ? "" : "a ", severity_name(s));
        return t;
}

/* One size says it all: the detector's own least step, or the largest limit. */
static void take_jump(const struct explanation *x, enum severity s, struct explanation_lines *ret)
{
        const struct rule *r = x->watch->rule;
        char size[FORMAT_MAX], level[FORMAT_MAX], lasts[FORMAT_MAX];
        double needed = x->numbers.jump.away ? 0 : x->least;

        for (unsigned i = 0; i < x->account.term_count; i++)
                if (x->account.terms[i].severity == s)
                        needed = fmax(needed, x->account.terms[i].check.limit);
        struct text t = severity_line(s, ret);
        text_add(&t, "%s by at least %s from %s that lasts %s",
                 r->kind == KIND_SPIKE ? "a sudden rise" : "a sudden fall",
                 event_amount(x->series->unit, needed, size),
                 event_amount(x->series->unit, x->numbers.jump.level, level),
                 format_duration(r->for_seconds, lasts));
}

static void take_terms(const struct explanation *x, enum severity s, struct explanation_lines *ret)
{
        for (unsigned i = 0; i < x->account.term_count; i++) {
                const struct judged_term *term = &x->account.terms[i];
                char text[EXPLANATION_TEXT_MAX];
                if (term->severity != s || term->check.passed)
                        continue;
                struct text t = severity_line(s, ret);
                explanation_check(x, &term->check, &t);
                text_add(&t, " (%s)", explanation_term(term, text));
        }
}

static void take_conditions(const struct explanation *x, struct explanation_lines *ret)
{
        const struct rule *r = x->watch->rule;

        for (unsigned i = 0; i < r->condition_count; i++) {
                const struct check *c = &x->account.conditions[i];
                if (c->passed || !c->question)
                        continue;
                struct text t = next_line(ret);
                text_add(&t, "for more than a notice: %s ",
                         explanation_field(r->conditions[i].field));
                explanation_check(x, c, &t);
        }
}

void explanation_takes(const struct explanation *x, struct explanation_lines *ret)
{
        const struct rule *r = x->watch->rule;
        const struct alert *a = &x->watch->life->alert;
        enum severity now = a->state == ALERT_FIRING ? a->severity : SEVERITY_OK;
        bool jump = r->kind == KIND_SPIKE || r->kind == KIND_DROP;

        ret->count = 0;
        if (!x->watch->applies || !x->verdict.known)
                return;
        if (!jump) {
                take_failed(x, &x->detector, ret);
                if (x->verdict.expected)
                        take_failed(x, &x->account.pattern, ret);
        }
        for (enum severity s = now + 1; s < SEVERITY_COUNT; s++) {
                if (rule_limit(r, x->kind, s)->count == 0)
                        continue;
                if (jump)
                        take_jump(x, s, ret);
                else
                        take_terms(x, s, ret);
        }
        if (now >= SEVERITY_NOTICE || x->verdict.capped)
                take_conditions(x, ret);
        take_failed(x, &x->account.workload, ret);
}
