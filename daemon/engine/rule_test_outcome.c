/* SPDX-License-Identifier: MIT */
/* Compares what the rules said with what a test expects. */
#include "engine/rule_test_outcome.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/units.h"

/* Of one expectation; more of them say nothing new. */
enum { SHOWN_MAX = 5 };

void outcome_done(struct outcome *o)
{
        for (size_t i = 0; i < o->count; i++)
                free(o->list[i].text);
        free(o->list);
        *o = (struct outcome){ 0 };
}

int outcome_add(struct outcome *o, double at, const struct event *e)
{
        if (!o->list)
                o->list = calloc(OUTCOME_MAX, sizeof(*o->list));
        if (!o->list)
                return -ENOMEM;
        if (o->count == OUTCOME_MAX) {
                o->dropped++;
                return 0;
        }
        char *text = strdup(e->text);
        if (!text)
                return -ENOMEM;
        o->list[o->count++] = (struct heard){ at, e->type, e->severity, e->rule, text };
        return 0;
}

static bool is_rule(const struct expectation *e, const struct heard *h)
{
        return fnmatch(e->rule, h->rule, 0) == 0;
}

static bool is_time(const struct expectation *e, const struct heard *h)
{
        return h->at >= e->from && h->at <= e->to;
}

/* An alert begins or becomes worse. */
static bool rises(const struct heard *h)
{
        return h->type == EVENT_FIRING || h->type == EVENT_ESCALATED;
}

static bool meets(const struct expectation *e, const struct heard *h)
{
        if (!is_rule(e, h) || !is_time(e, h))
                return false;
        if (e->what == EXPECT_EVENT)
                return h->type == e->type;
        return rises(h) && h->severity >= e->severity &&
               (e->worse || e->severity == SEVERITY_OK || h->severity == e->severity);
}

const struct heard *outcome_find(const struct outcome *o, const struct expectation *e)
{
        for (size_t i = 0; i < o->count; i++)
                if (meets(e, &o->list[i]))
                        return &o->list[i];
        return NULL;
}

/* --- words --- */

static void print_time(const struct rule_test *t, double at, FILE *out)
{
        char since[FORMAT_MAX];
        const struct step *s = t->steps;

        for (unsigned i = 0; i < t->step_count && t->steps[i].start < at; i++)
                s = &t->steps[i];
        fprintf(out, "%s", format_duration(at, since));
        if (s->start > 0 && *s->name)
                fprintf(out, " (%s + %s)", s->name, format_duration(at - s->start, since));
        else if (s->start > 0)
                fprintf(out, " (step %d + %s)", (int)(s - t->steps) + 1,
                        format_duration(at - s->start, since));
}

static void print_heard(const struct rule_test *t, const struct heard *h, FILE *out)
{
        print_time(t, h->at, out);
        fprintf(out, " %s", event_type_name(h->type));
        if (h->severity > SEVERITY_OK)
                fprintf(out, " %s", severity_name(h->severity));
        fprintf(out, " %s: %s\n", h->rule, h->text);
}

static void print_expected(const struct rule_test *t, const struct expectation *e, FILE *out)
{
        fprintf(out, "    expected    %s", e->text);
        if (e->from > 0 || e->to < t->seconds) {
                char from[FORMAT_MAX], to[FORMAT_MAX];
                fprintf(out, "  [%s ... %s]", format_duration(e->from, from),
                        format_duration(e->to, to));
        }
        fputc('\n', out);
}

static void print_came(const struct outcome *o, const struct rule_test *t,
                       const struct expectation *e, FILE *out)
{
        size_t shown = 0, more = 0;

        for (size_t i = 0; i < o->count; i++) {
                if (!is_rule(e, &o->list[i]))
                        continue;
                if (shown == SHOWN_MAX) {
                        more++;
                        continue;
                }
                fputs(shown++ == 0 ? "    came        " : "                ", out);
                print_heard(t, &o->list[i], out);
        }
        if (shown == 0)
                fprintf(out, "    came        nothing from %s\n", e->rule);
        if (more > 0)
                fprintf(out, "                and %zu more\n", more);
}

/* --- verdicts --- */

/* The first event after which the alert is below what it should stay at. */
static const struct heard *falls(const struct outcome *o, const struct expectation *e,
                                 const struct heard *first)
{
        enum severity least = e->severity > SEVERITY_OK ? e->severity : SEVERITY_NOTICE;

        for (const struct heard *h = first + 1; h < o->list + o->count; h++)
                if (h->at < e->until && strcmp(h->rule, first->rule) == 0 && h->severity < least)
                        return h;
        return NULL;
}

static unsigned judge_expectation(const struct outcome *o, const struct rule_test *t,
                                  const struct expectation *e, outcome_reason why, void *userdata,
                                  FILE *out)
{
        const struct heard *h = outcome_find(o, e);

        if (!h) {
                print_expected(t, e, out);
                print_came(o, t, e, out);
                if (why && e->what == EXPECT_FIRING)
                        why(t, e, out, userdata);
                return 1;
        }
        h = isfinite(e->until) ? falls(o, e, h) : NULL;
        if (!h)
                return 0;
        print_expected(t, e, out);
        fputs("    but         ", out);
        print_heard(t, h, out);
        return 1;
}

/* Whether it may be: expected, or allowed, or a notice that nothing forbids. */
static bool may_be(const struct rule_test *t, const struct heard *h,
                   const struct expectation **ret_against)
{
        *ret_against = NULL;
        for (unsigned i = 0; i < t->expectation_count; i++) {
                const struct expectation *e = &t->expectations[i];
                if (e->what == EXPECT_NOTHING) {
                        if (is_rule(e, h) && is_time(e, h) && h->severity >= e->severity &&
                            !*ret_against)
                                *ret_against = e;
                } else if (e->what == EXPECT_ANYTHING) {
                        if (is_rule(e, h) && is_time(e, h))
                                return true;
                } else if (meets(e, h)) {
                        return true;
                }
        }
        return !*ret_against && h->severity < SEVERITY_WARNING;
}

static unsigned judge_rest(const struct outcome *o, const struct rule_test *t, FILE *out)
{
        unsigned faults = 0;

        for (size_t i = 0; i < o->count; i++) {
                const struct expectation *against;
                if (!rises(&o->list[i]) || may_be(t, &o->list[i], &against) || ++faults > SHOWN_MAX)
                        continue;
                if (against)
                        print_expected(t, against, out);
                fprintf(out, "    %s  ", against ? "came      " : "unexpected");
                print_heard(t, &o->list[i], out);
        }
        if (faults > SHOWN_MAX)
                fprintf(out, "    and %u more that should not be\n", faults - SHOWN_MAX);
        return faults;
}

unsigned outcome_judge(const struct outcome *o, const struct rule_test *t, outcome_reason why,
                       void *userdata, FILE *out)
{
        unsigned faults = 0;

        for (unsigned i = 0; i < t->expectation_count; i++)
                if (t->expectations[i].what == EXPECT_FIRING ||
                    t->expectations[i].what == EXPECT_EVENT)
                        faults += judge_expectation(o, t, &t->expectations[i], why, userdata, out);
        faults += judge_rest(o, t, out);
        if (o->dropped > 0) {
                fprintf(out, "    more than %d events, which no test can expect\n", OUTCOME_MAX);
                faults++;
        }
        return faults;
}

void outcome_print_times(const struct outcome *o, const struct rule_test *t, FILE *out)
{
        for (unsigned i = 0; i < t->expectation_count; i++) {
                const struct expectation *e = &t->expectations[i];
                const struct heard *h = e->what == EXPECT_FIRING ? outcome_find(o, e) : NULL;
                char after[FORMAT_MAX];
                if (h)
                        fprintf(out, "%s %s after %s", i > 0 ? "," : ":",
                                severity_name(h->severity),
                                format_duration(h->at - e->from, after));
        }
}
