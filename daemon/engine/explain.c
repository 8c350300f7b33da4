/* SPDX-License-Identifier: MIT */
/* Explanations as JSON. */
#include "engine/explain.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "announce/json_value.h"
#include "base/macros.h"
#include "engine/engine_internal.h"
#include "engine/explanation.h"
#include "judge/rule_load.h"

static const char *check_unit_name(const struct explanation *x, enum check_unit unit)
{
        switch (unit) {
        case CHECK_YES:
                return "yes";
        case CHECK_SHARE:
                return "ratio";
        case CHECK_VALUE:
                return event_unit_name(x->series->unit);
        case CHECK_RATE:
                return "per_second";
        case CHECK_SECONDS:
                return "seconds";
        case CHECK_BYTES:
                return "bytes";
        case CHECK_BYTES_RATE:
                return "bytes_per_second";
        default:
                return "number";
        }
}

/* term: what in the rule it comes from, NULL when that is nothing. */
static json_t *check_json(const struct explanation *x, const struct check *c, const char *of,
                          const char *term)
{
        char value[FORMAT_MAX], limit[EXPLANATION_TEXT_MAX];
        json_t *o = json_object();

        json_object_set_new(o, "of", json_string(of));
        json_object_set_new(o, "name", json_string(c->question->name));
        json_object_set_new(o, "asks", json_string(c->question->asks));
        json_object_set_new(o, "term", term ? json_string(term) : json_null());
        json_object_set_new(o, "unit", json_string(check_unit_name(x, c->question->unit)));
        json_object_set_new(o, "value", json_value_number(c->value));
        json_object_set_new(o, "limit", json_value_number(c->limit));
        json_object_set_new(o, "margin", json_value_number(check_margin(c)));
        json_object_set_new(o, "passed", json_boolean(c->passed));
        json_object_set_new(o, "waived", c->waived ? json_string(c->waived) : json_null());
        json_object_set_new(o, "value_text", json_string(explanation_value(x, c, c->value, value)));
        json_object_set_new(o, "limit_text", json_string(explanation_limit(x, c, limit)));
        return o;
}

static void add_checks(json_t *list, const struct explanation *x, const struct checks *c,
                       const char *of, const char *term)
{
        for (unsigned i = 0; i < c->count; i++)
                json_array_append_new(list, check_json(x, &c->list[i], of, term));
}

static json_t *all_checks(const struct explanation *x)
{
        const struct rule *r = x->watch->rule;
        json_t *list = json_array();

        add_checks(list, x, &x->detector, "detector", NULL);
        add_checks(list, x, &x->account.pattern, "pattern", NULL);
        for (unsigned i = 0; i < x->account.term_count; i++) {
                const struct judged_term *t = &x->account.terms[i];
                char term[EXPLANATION_TEXT_MAX];
                json_array_append_new(list, check_json(x, &t->check, severity_name(t->severity),
                                                       explanation_term(t, term)));
        }
        add_checks(list, x, &x->account.workload, "workload", r->workload_name);
        for (unsigned i = 0; i < r->condition_count; i++)
                if (x->account.conditions[i].question)
                        json_array_append_new(
                                list, check_json(x, &x->account.conditions[i], "only-if",
                                                 explanation_field(r->conditions[i].field)));
        return list;
}

static json_t *horizon_json(const struct explanation *x, const struct explained_horizon *h)
{
        json_t *o = json_object(), *checks = json_array();

        add_checks(checks, x, &h->checks, "detector", NULL);
        json_object_set_new(o, "seconds", json_value_number(round(h->answer.seconds)));
        json_object_set_new(o, "rate_per_hour", json_value_number(h->answer.rate * 3600));
        json_object_set_new(o, "rate_error_per_hour", json_value_number(h->answer.error * 3600));
        json_object_set_new(o, "grown", json_value_number(h->answer.grown));
        json_object_set_new(o, "fit", json_value_number(h->answer.fit));
        json_object_set_new(o, "grows", json_boolean(h->answer.grows));
        json_object_set_new(o, "answers", json_boolean(h->answers));
        json_object_set_new(o, "checks", checks);
        return o;
}

static json_t *begin_rule(const struct rule *r, const char *dimension, bool applies)
{
        json_t *o = json_object();

        json_object_set_new(o, "rule", json_string(r->name));
        json_object_set_new(o, "dimension", json_string(dimension));
        json_object_set_new(o, "kind", json_string(kind_name(r->kind)));
        json_object_set_new(o, "summary", json_string(r->summary));
        json_object_set_new(o, "applies", json_boolean(applies));
        return o;
}

static json_t *rule_json(const struct engine *e, const struct watch *w)
{
        struct explanation x;
        struct explanation_lines takes;
        struct text t;
        char waits[2 * EXPLANATION_TEXT_MAX];
        json_t *o = begin_rule(w->rule, watch_dimension(e, w), w->applies);
        json_t *horizons = json_array(), *lines = json_array();
        const struct alert *a = &w->life->alert;
        bool firing = a->state == ALERT_FIRING;

        explanation_make(e, w, &x);
        text_init(&t, waits, sizeof(waits));
        explanation_waits(&x, &t);
        explanation_takes(&x, &takes);
        for (unsigned i = 0; i < x.horizon_count; i++)
                json_array_append_new(horizons, horizon_json(&x, &x.horizons[i]));
        for (unsigned i = 0; i < takes.count; i++)
                json_array_append_new(lines, json_string(takes.list[i]));

        json_object_set_new(o, "known", json_boolean(w->applies && x.verdict.known));
        json_object_set_new(o, "unit", json_string(event_unit_name(x.series->unit)));
        json_object_set_new(o, "value", json_value_number(x.verdict.value));
        json_object_set_new(o, "baseline", json_value_number(x.verdict.baseline));
        json_object_set_new(o, "state", json_string(alert_state_name(a->state)));
        json_object_set_new(o, "severity",
                            json_string(severity_name(firing ? a->severity : SEVERITY_OK)));
        json_object_set_new(o, "verdict", json_string(severity_name(x.verdict.severity)));
        json_object_set_new(o, "waits_for", json_string(waits));
        json_object_set_new(o, "takes", lines);
        json_object_set_new(o, "checks", all_checks(&x));
        json_object_set_new(o, "horizons", horizons);
        return o;
}

/* A rule that follows members, where there are none. */
static json_t *nobody_json(const struct rule *r)
{
        json_t *o = begin_rule(r, r->dimension, true);

        json_object_set_new(o, "known", json_false());
        json_object_set_new(o, "unit", json_string(event_unit_name(UNIT_BYTES)));
        json_object_set_new(o, "value", json_null());
        json_object_set_new(o, "baseline", json_null());
        json_object_set_new(o, "state", json_string(alert_state_name(ALERT_INACTIVE)));
        json_object_set_new(o, "severity", json_string(severity_name(SEVERITY_OK)));
        json_object_set_new(o, "verdict", json_string(severity_name(SEVERITY_OK)));
        json_object_set_new(o, "waits_for",
                            json_string("a member that its pattern finds: there is none now"));
        json_object_set_new(o, "takes", json_array());
        json_object_set_new(o, "checks", json_array());
        json_object_set_new(o, "horizons", json_array());
        return o;
}

static void add_nobody(const struct engine *e, const char *name, json_t *rules)
{
        for (unsigned i = 0; e->following && i < e->following->follower_count; i++) {
                const struct follower *x = &e->following->followers[i];
                bool any = false;
                for (unsigned k = 0; k < x->count; k++)
                        any |= watch_is_used(&e->watches[x->first + k]);
                if (!any && rule_is_meant(x->rule, NULL, name))
                        json_array_append_new(rules, nobody_json(x->rule));
        }
}

int explain_json(const struct engine *e, const char *name, char **ret,
                 char error[EXPLAIN_ERROR_MAX])
{
        if (!engine_is_meant(e, name, error))
                return -ENOENT;
        json_t *rules = json_array();
        for (size_t i = 0; i < e->watch_count; i++)
                if (watch_is_used(&e->watches[i]) &&
                    rule_is_meant(e->watches[i].rule, watch_dimension(e, &e->watches[i]), name))
                        json_array_append_new(rules, rule_json(e, &e->watches[i]));
        add_nobody(e, name, rules);
        if (json_array_size(rules) == 0) {
                json_decref(rules);
                snprintf(error, EXPLAIN_ERROR_MAX,
                         "\"%.63s\" is not followed now: its rule follows others, larger ones or "
                         "those that grow faster",
                         name);
                return -ENOENT;
        }
        char moment[FORMAT_MAX];
        json_t *root = json_object();
        json_object_set_new(root, "version", json_integer(1));
        json_object_set_new(root, "time", json_string(format_time_utc(e->wall, moment)));
        json_object_set_new(root, "rules", rules);
        *ret = json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(9));
        json_decref(root);
        return *ret ? 0 : -ENOMEM;
}

bool explain_line(const struct engine *e, const char *rule, struct text *t)
{
        for (size_t i = 0; i < e->watch_count; i++) {
                const struct watch *w = &e->watches[i];
                struct explanation x;
                struct explanation_lines takes;
                if (!watch_is_used(w) || strcmp(w->rule->name, rule) != 0)
                        continue;
                explanation_make(e, w, &x);
                explanation_takes(&x, &takes);
                text_add(t, "waits for ");
                explanation_waits(&x, t);
                for (unsigned k = 0; k < takes.count; k++)
                        text_add(t, "; %s", takes.list[k]);
                return true;
        }
        return false;
}
