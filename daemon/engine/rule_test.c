/* SPDX-License-Identifier: MIT */
/* Runs rule tests and prints how they went. */
#include "engine/rule_test.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "config/document.h"
#include "config/ini_file.h"
#include "config/problems.h"
#include "engine/engine.h"
#include "engine/explain.h"
#include "engine/replay.h"
#include "engine/rule_test_internal.h"
#include "engine/rule_test_machine.h"
#include "engine/rule_test_outcome.h"
#include "judge/rule_file.h"
#include "sample/host.h"
#include "sample/trace.h"

DEFINE_CLEANUP(struct engine, engine_free);

static void filep(FILE **file)
{
        if (*file)
                (void)fclose(*file);
}

struct run {
        const struct rule_test_options *options;
        const struct rule_set *rules;
        FILE *out, *err;
        unsigned passed, failed;
        bool bad_input;
};

struct listener {
        const struct machine *machine;
        struct outcome *outcome;
        int error;
};

static int listen_to(const struct event *e, void *userdata)
{
        struct listener *l = userdata;
        int r = outcome_add(l->outcome, machine_elapsed(l->machine), e);

        if (r < 0)
                l->error = r;
        return 0;
}

/* The engine after `seconds` of the test; what its rules say on the way goes to outcome. 0 or
 * -ENOMEM. */
static int run_engine(const struct rule_set *rules, const struct rule_test *t, double seconds,
                      struct outcome *outcome, struct host_facts *host, struct engine **ret)
{
        _cleanup_(machine_done) struct machine machine;
        struct listener listener = { .machine = &machine, .outcome = outcome };
        struct sample sample;
        _cleanup_(engine_freep) struct engine *engine = NULL;

        if (machine_init(&machine, t) < 0)
                return -ENOMEM;
        while (machine_next(&machine, &sample) && machine_elapsed(&machine) <= seconds) {
                if (!engine) {
                        replay_host(&sample, host);
                        int r = engine_new(rules, host, listen_to, &listener, &engine);
                        if (r < 0)
                                return r;
                }
                engine_feed(engine, &sample);
                if (listener.error < 0)
                        return listener.error;
        }
        *ret = TAKE_PTR(engine);
        return 0;
}

/* Runs the test once more, up to the time by which the alert should have come. */
static void print_reason(const struct rule_test *t, const struct expectation *e, FILE *out,
                         void *userdata)
{
        const struct run *run = userdata;
        _cleanup_(outcome_done) struct outcome outcome = { 0 };
        _cleanup_(engine_freep) struct engine *engine = NULL;
        struct host_facts host = { 0 };
        char line[2048];
        struct text why;

        text_init(&why, line, sizeof(line));
        if (run_engine(run->rules, t, e->to, &outcome, &host, &engine) == 0 && engine &&
            explain_line(engine, e->rule, &why))
                fprintf(out, "    then it     %s\n", line);
}

static int write_trace(const struct rule_test *t, const char *path)
{
        _cleanup_(filep) FILE *file = fopen(path, "we");
        _cleanup_(machine_done) struct machine machine = { .test = NULL };
        struct trace_members columns = { .count = 0 };
        struct sample sample;

        if (!file)
                return -errno;
        if (machine_init(&machine, t) < 0)
                return -ENOMEM;
        if (t->member_count > 0)
                (void)trace_members_choose(&machine.members, &columns);
        int r = trace_write_members_header(file, &machine.members, &columns);
        while (r == 0 && machine_next(&machine, &sample))
                r = trace_write_members_row(file, &sample, &columns);
        if (fclose(TAKE_PTR(file)) != 0 && r == 0)
                r = -errno;
        return r;
}

static void print_result(const struct run *run, const struct rule_test *t, bool good)
{
        const char *colour = !run->options->colour ? NULL : good ? "\033[32m" : "\033[31m";

        fprintf(run->out, "%s%s%s  %s:%u: %s", colour ? colour : "", good ? "PASS" : "FAIL",
                colour ? "\033[0m" : "", t->file, t->line, t->name);
}

static int run_test(struct run *run, const struct rule_test *t)
{
        _cleanup_(outcome_done) struct outcome outcome = { 0 };
        _cleanup_free_ char *text = NULL;
        size_t size;
        _cleanup_(filep) FILE *faults = open_memstream(&text, &size);
        struct host_facts host = { 0 };
        _cleanup_(engine_freep) struct engine *engine = NULL;
        int r = faults ? run_engine(run->rules, t, INFINITY, &outcome, &host, &engine) : -ENOMEM;

        if (r < 0)
                return r;
        bool good = outcome_judge(&outcome, t, print_reason, run, faults) == 0;
        if (fclose(TAKE_PTR(faults)) != 0)
                return -ENOMEM;
        if (good)
                run->passed++;
        else
                run->failed++;
        if (good && run->options->quiet)
                return 0;
        print_result(run, t, good);
        if (good)
                outcome_print_times(&outcome, t, run->out);
        fputc('\n', run->out);
        if (!good)
                fputs(text, run->out);
        (void)fflush(run->out);
        return 0;
}

static int run_section(struct run *run, const struct ini_section *section)
{
        _cleanup_(rule_test_done) struct rule_test t;
        struct problems problems = { 0 };
        const struct rule_test_options *o = run->options;
        int r = rule_test_load(section, run->rules, &problems, &t);

        bool good = !problems_any(&problems);
        problems_print(&problems, run->err);
        problems_done(&problems);
        if (!good)
                run->bad_input = true;
        if (r < 0 || !good || (o->only && fnmatch(o->only, t.name, 0) != 0))
                return r;
        if (o->trace && (r = write_trace(&t, o->trace)) < 0) {
                fprintf(run->err, "%s: %s\n", o->trace, strerror(-r));
                run->bad_input = true;
        }
        return run_test(run, &t);
}

static int run_file(struct run *run, const char *path)
{
        struct problems problems = { 0 };
        _cleanup_(ini_document_done) struct ini_document document = { 0 };
        int r = ini_document_read(path, &problems, &document);

        if (r < 0 && r != -ENOMEM)
                ini_problem_unreadable(path, r, &problems);
        else if (r == 0 && document.count == 0 && !problems_any(&problems))
                problems_add(&problems, path, 0, "no test in it");
        if (problems_any(&problems))
                run->bad_input = true;
        problems_print(&problems, run->err);
        problems_done(&problems);
        if (r == -ENOMEM)
                return r;
        for (size_t i = 0; i < document.count; i++) {
                r = run_section(run, &document.sections[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

int rule_test_run(const struct rule_test_options *o, FILE *out, FILE *err)
{
        struct problems problems = { 0 };
        struct rule_set rules = { 0 };
        struct run run = { .options = o, .rules = &rules, .out = out, .err = err };
        int r = rule_set_load(o->rules, NULL, &problems, &rules);

        problems_print(&problems, err);
        bool faults = problems_any(&problems);
        problems_done(&problems);
        if (r >= 0 && rules.count == 0 && !faults) {
                fprintf(err, "there are no rules in %s\n", o->rules[0]);
                run.bad_input = true;
        }
        for (size_t i = 0; r >= 0 && rules.count > 0 && o->files[i]; i++)
                r = run_file(&run, o->files[i]);
        rule_set_done(&rules);
        if (r < 0) {
                fprintf(err, "%s\n", strerror(-r));
                return 2;
        }
        if (run.passed + run.failed == 0 && o->only && !run.bad_input) {
                fprintf(err, "no test is called %s\n", o->only);
                run.bad_input = true;
        }
        fprintf(out, "%u passed, %u failed\n", run.passed, run.failed);
        return run.bad_input ? 2 : run.failed > 0 || faults ? 1 : 0;
}
