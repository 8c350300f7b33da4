/* SPDX-License-Identifier: MIT */
/* Explanations: that the tests they show are those that decided, and what they say. Run in the root
 * of the tree, as `make check-unit` does. */
#include <errno.h>
#include <math.h>

#include "../support.h"
#include "config/document.h"
#include "config/ini_file.h"
#include "engine/engine_internal.h"
#include "engine/explain.h"
#include "engine/explanation.h"
#include "engine/replay.h"
#include "engine/rule_test_machine.h"
#include "judge/rule_file.h"
#include "view/explain.h"
#include "view/terminal.h"

static struct rule_set rules;

static int load_rules(void **state)
{
        static const char *const folders[] = { "rules", NULL };
        struct problems problems = { 0 };
        (void)state;
        int r = rule_set_load(folders, NULL, &problems, &rules);
        problems_done(&problems);
        return r;
}

static int free_rules(void **state)
{
        (void)state;
        rule_set_done(&rules);
        return 0;
}

static int ignore(const struct event *e, void *userdata)
{
        (void)e;
        (void)userdata;
        return 0;
}

/* Steps of a machine as in a rule test. */
static void load_steps(const char *body, struct rule_test *ret)
{
        struct problems p = { 0 };
        _cleanup_free_ char *text = NULL;
        _cleanup_(ini_document_done) struct ini_document d = { 0 };
        assert_true(asprintf(&text, "[t]\n%sexpect = nothing\n", body) > 0);
        assert_int_equal(ini_document_parse("f", text, strlen(text), &p, &d), 0);
        assert_int_equal(rule_test_load(&d.sections[0], &rules, &p, ret), 0);
        problems_print(&p, stderr);
        assert_false(problems_any(&p));
        problems_done(&p);
}

static bool all_passed(const struct checks *c)
{
        for (unsigned i = 0; i < c->count; i++)
                if (!c->list[i].passed)
                        return false;
        return true;
}

/* The verdict that follows from the tests as they are shown. */
static enum severity shown_severity(const struct explanation *x)
{
        enum severity severity = SEVERITY_OK;
        const struct rule *r = x->watch->rule;
        bool conditions = true;
        for (enum severity s = SEVERITY_NOTICE; s < SEVERITY_COUNT; s++) {
                unsigned terms = 0, passed = 0;
                for (unsigned i = 0; i < x->account.term_count; i++)
                        if (x->account.terms[i].severity == s) {
                                terms++;
                                passed += x->account.terms[i].check.passed;
                        }
                if (terms > 0 && passed == terms && all_passed(&x->account.pattern))
                        severity = s;
        }
        if (!all_passed(&x->account.workload))
                severity = severity > SEVERITY_OK ? severity - 1 : severity;
        for (unsigned i = 0; i < r->condition_count; i++)
                conditions = conditions && x->account.conditions[i].passed;
        return !conditions && severity > SEVERITY_NOTICE ? SEVERITY_NOTICE : severity;
}

static void check_rule(const struct engine *e, const struct watch *w, unsigned *ret_wrong)
{
        struct explanation x;
        struct explanation_lines takes;
        char waits[1024];
        struct text t;
        explanation_make(e, w, &x);
        text_init(&t, waits, sizeof(waits));
        explanation_waits(&x, &t);
        explanation_takes(&x, &takes);
        assert_true(t.length > 0 && !t.cut);
        if (w->quiet) {
                /* It was not judged, because this is sure: */
                if (x.verdict.severity != SEVERITY_OK)
                        fail_msg("%s at %g: quiet, but judged as %s", w->rule->name, e->now,
                                 severity_name(x.verdict.severity));
        } else if (x.verdict.known != w->life->verdict.known) {
                fail_msg("%s: known differs", w->rule->name);
        }
        if (!x.verdict.known)
                return;
        if (!w->quiet && x.verdict.severity != w->life->verdict.severity)
                fail_msg("%s at %g: explained as %s, judged as %s", w->rule->name, e->now,
                         severity_name(x.verdict.severity),
                         severity_name(w->life->verdict.severity));
        enum severity shown = shown_severity(&x);
        /* What is wholly explained by the memory in use is not even a notice. */
        if (shown != x.verdict.severity && !(x.verdict.lowered && shown > x.verdict.severity))
                fail_msg("%s at %g: the tests say %s, the judge %s", w->rule->name, e->now,
                         severity_name(shown), severity_name(x.verdict.severity));
        if (x.verdict.severity == SEVERITY_OK)
                assert_true(takes.count > 0);
        *ret_wrong += x.verdict.severity > SEVERITY_OK;
        if (w->rule->kind != KIND_GROWTH)
                return;
        bool any = false;
        for (unsigned i = 0; i < x.horizon_count; i++) {
                const struct explained_horizon *h = &x.horizons[i];
                if (h->answer.grows != all_passed(&h->checks))
                        fail_msg("%s: horizon %u", w->rule->name, i);
                any = any || h->answers;
        }
        assert_true(any);
}

static void test_what_is_shown_decided(void **state)
{
        static const char *const cases[] = {
                "host = 16G, 8 cpus, vm\ninterval = 5s\n"
                "steps = hold for 1h, SUnreclaim grow 4%/h for 2h, hold for 2h\n",
                "host = 8G, 4 cpus, vm\nstart = MemAvailable 900M\ninterval = 2s\n"
                "steps = hold for 20min, SReclaimable jump 1G within 5s and threads jump 3000 within"
                " 4s for 20min, SReclaimable drop 1G for 10min, KernelStack grow 300M/h for 20min\n",
                "host = 64G, 16 cpus, physical\ninterval = 10s\n"
                "steps = hold for 2h, AnonPages fill to 40G within 30min for 3h,"
                " PageTables jump 3G and Percpu jump 2G within 10s for 1h\n",
                "host = 16G, 8 cpus, vm\ninterval = 1min\nstart = Percpu absent\n"
                "steps = SReclaimable pulse 2G lasting 20min every 24h for 4d\n",
        };
        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct rule_test t;
                struct machine m;
                struct sample s;
                struct host_facts host;
                struct engine *e = NULL;
                unsigned samples = 0, wrong = 0;
                load_steps(cases[i], &t);
                assert_int_equal(machine_init(&m, &t), 0);
                while (machine_next(&m, &s)) {
                        if (!e) {
                                replay_host(&s, &host);
                                assert_int_equal(engine_new(&rules, &host, ignore, NULL, &e), 0);
                        }
                        engine_feed(e, &s);
                        /* Each, also between the ends of buckets, would take long. */
                        if (samples++ % 13 == 0)
                                for (size_t k = 0; k < e->watch_count; k++)
                                        if (e->watches[k].applies)
                                                check_rule(e, &e->watches[k], &wrong);
                }
                /* There was something to explain. */
                assert_true(wrong > 0 || i == 3);
                engine_free(e);
                rule_test_done(&t);
        }
}

/* --- words --- */

static int print_to(FILE *out, const char *json)
{
        struct terminal t = { .out = out, .width = 100, .utf8 = true };
        return explain_print(&t, json);
}

static char *explained(const char *body, const char *name)
{
        struct rule_test t;
        struct machine m;
        struct sample s;
        struct host_facts host;
        struct engine *e = NULL;
        char error[EXPLAIN_ERROR_MAX], *json = NULL;
        load_steps(body, &t);
        machine_init(&m, &t);
        while (machine_next(&m, &s)) {
                if (!e) {
                        replay_host(&s, &host);
                        assert_int_equal(engine_new(&rules, &host, ignore, NULL, &e), 0);
                }
                engine_feed(e, &s);
        }
        int r = explain_json(e, name, &json, error);
        engine_free(e);
        rule_test_done(&t);
        if (r == -ENOENT)
                return strdup(error);
        assert_int_equal(r, 0);
        char *text = PRINTED(r = print_to(out, json));
        assert_int_equal(r, 0);
        free(json);
        return text;
}

static void test_words(void **state)
{
        static const struct {
                const char *body, *name;
                const char *wanted[6];
        } cases[] = {
                { "steps = hold for 10s\n",
                  "kernel-stack-spike",
                  { "kernel-stack-spike  no answer\n",
                    "Waits for knowing what is normal: that takes 1 min and 20 samples.",
                    "NO   enough time was seen to know what is normal: 10 s, at least 1 min" } },
                { "steps = hold for 10s\n",
                  "kernel-stack-growth",
                  { "Waits for a first horizon: that takes 40 s of samples." } },
                { "start = Percpu absent\nsteps = hold for 1min\n",
                  "percpu-growth",
                  { "Waits for a value: this machine does not report all of Percpu." } },
                { "start = SUnreclaim 400M\nnoise = none\nsteps = hold for 10min\n",
                  "slab-unreclaimable-ratio",
                  { "slab-unreclaimable-ratio  ok\n",
                    "- for a warning: how large it is: 2.05 %, asked is at least",
                    "Limit of a warning\n  NO   how large it is (" } },
                { "start = SUnreclaim 4G\nnoise = none\nsteps = hold for 1min\n",
                  "slab-unreclaimable-ratio",
                  { "slab-unreclaimable-ratio  critical, pending\n",
                    "Waits for whether it lasts: it would be a critical and is so for 1 min, after 5 "
                    "min it fires.",
                    "Limit of critical\n  yes  how large it is (" } },
                { "start = threads 400\nnoise = none\nsteps = hold for 10min, threads jump 9000"
                  " within 2s for 1min\n",
                  "kernel-stack-spike",
                  { "kernel-stack-spike  warning, firing\n",
                    "Waits for its end: back to about 6.25 MiB, or within 80 % of the limit, for "
                    "15 s; or 1 h 59 min\n  more, then this level is taken as normal.\n",
                    "(threads): 100 %, less than 50 % (-100 %)",
                    "yes  is away from its level\n" } },
                { "steps = hold for 10s\n",
                  "kernel-stack-groth",
                  { "no rule and no dimension is called \"kernel-stack-groth\"; did you mean "
                    "kernel-stack-growth?" } },
                { "steps = hold for 10s\n",
                  "PageTables",
                  { "page-tables-spike  ", "page-tables-growth  ", "page-tables-ratio  ",
                    "page-tables-per-mapped  " } },
                { "steps = hold for 10s\n",
                  "*-drop",
                  { "page-tables-drop  ", "slab-unreclaimable-drop  " } },
        };
        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                _cleanup_free_ char *text = explained(cases[i].body, cases[i].name);
                for (size_t k = 0; k < 6 && cases[i].wanted[k]; k++)
                        if (!strstr(text, cases[i].wanted[k]))
                                fail_msg("case %zu lacks: %s\n%s", i, cases[i].wanted[k], text);
        }
}

static void test_answers_of_others(void **state)
{
        static const struct {
                const char *json;
                int r;
        } cases[] = {
                { "", -EBADMSG },
                { "[]", -EBADMSG },
                { "{\"version\":2}", -EPROTONOSUPPORT },
                { "{\"version\":1}", 0 },
                { "{\"version\":1,\"rules\":[1,{\"takes\":[2],\"checks\":[null,{\"of\":1}]}]}", 0 },
        };
        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                int r;
                _cleanup_free_ _unused_ char *text = PRINTED(r = print_to(out, cases[i].json));
                if (r != cases[i].r)
                        fail_msg("%s: %d", cases[i].json, r);
        }
}

/* --- checks --- */

static void test_checks(void **state)
{
        static const struct question at_least = { "a", "", CHECK_NUMBER, CHECK_AT_LEAST },
                                     at_most = { "b", "", CHECK_NUMBER, CHECK_AT_MOST },
                                     above = { "c", "", CHECK_NUMBER, CHECK_ABOVE },
                                     below = { "d", "", CHECK_NUMBER, CHECK_BELOW };
        static const struct {
                const struct question *q;
                double value, limit;
                const char *waived;
                bool passed;
                double margin;
        } cases[] = {
                { &at_least, 3, 2, NULL, true, 0.5 },    { &at_least, 2, 2, NULL, true, 0 },
                { &at_least, 1, 2, NULL, false, -0.5 },  { &at_least, 1, 2, "so", true, -0.5 },
                { &at_least, NAN, 2, NULL, false, NAN }, { &at_least, NAN, 2, "so", true, NAN },
                { &at_most, 2, 2, NULL, true, 0 },       { &at_most, 3, 2, NULL, false, -0.5 },
                { &above, 2, 2, NULL, false, 0 },        { &above, 3, 2, NULL, true, 0.5 },
                { &below, 2, 2, NULL, false, 0 },        { &below, 1, 2, NULL, true, 0.5 },
                { &below, NAN, 2, NULL, false, NAN },
        };
        struct checks list = { 0 };
        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                bool passed = check_pass(&list, cases[i].q, cases[i].value, cases[i].limit,
                                         cases[i].waived);
                double margin = check_margin(&list.list[i]);
                if (passed != cases[i].passed || list.list[i].passed != passed)
                        fail_msg("case %zu: %d", i, passed);
                if (margin != cases[i].margin && !(isnan(margin) && isnan(cases[i].margin)))
                        fail_msg("case %zu: margin %g", i, margin);
                assert_int_equal(check_pass(NULL, cases[i].q, cases[i].value, cases[i].limit,
                                            cases[i].waived),
                                 passed);
        }
        for (unsigned i = 0; i < 2 * CHECKS_MAX; i++)
                (void)check_pass(&list, &above, 1, 0, NULL);
        assert_int_equal(list.count, CHECKS_MAX);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_checks),
                cmocka_unit_test(test_what_is_shown_decided),
                cmocka_unit_test(test_words),
                cmocka_unit_test(test_answers_of_others),
        };
        return cmocka_run_group_tests(tests, load_rules, free_rules);
}
