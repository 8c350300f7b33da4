/* SPDX-License-Identifier: MIT */
/* Runs the engine, or the anomaly scores, over a trace. */
#include "engine/replay.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "announce/event_json.h"
#include "base/macros.h"
#include "config/problems.h"
#include "detect/jump.h"
#include "engine/engine.h"
#include "engine/explain.h"
#include "engine/progress.h"
#include "engine/timeline.h"
#include "judge/rule_file.h"
#include "sample/host.h"
#include "sample/trace.h"

DEFINE_CLEANUP(struct trace_reader, trace_reader_free);
DEFINE_CLEANUP(struct engine, engine_free);

struct output {
        FILE *file;
        struct progress *progress;
        int error;
};

static int ignore_event(const struct event *e, void *userdata)
{
        (void)e;
        (void)userdata;
        return 0;
}

static int print_event(const struct event *e, void *userdata)
{
        struct output *out = userdata;
        _cleanup_free_ char *line = NULL;
        int r = event_json_line(e, &line);
        progress_clear(out->progress);
        if (r < 0)
                out->error = r;
        else if (fprintf(out->file, "%s\n", line) < 0)
                out->error = -errno;
        return 0;
}

/* What a trace counts may be any number. */
static unsigned count_of(double number)
{
        return (unsigned)fmin(fmax(1, number), 65536);
}

void replay_host(const struct sample *first, struct host_facts *ret)
{
        *ret = (struct host_facts){
                .kind = first->kind,
                .cpus_online = count_of(first->values[FIELD_CPUS]),
                .cpus_possible = count_of(first->values[FIELD_POSSIBLE_CPUS]),
                .numa_nodes = 1,
                .page_size = 4096,
                .stack_size = first->values[FIELD_STACK_SIZE],
                .mem_total = first->values[FIELD_MEM_TOTAL],
        };
}

static int load_rules(const struct replay_options *o, const struct trace_reader *reader, FILE *err,
                      bool *ret_faults, struct rule_set *ret)
{
        struct problems problems = { 0 };
        size_t columns = trace_reader_columns(reader), extra = 0;
        _cleanup_free_ const char **names = calloc(columns + 1, sizeof(*names));
        if (!names)
                return -ENOMEM;
        for (size_t i = 0; i < columns; i++)
                if (trace_reader_column_field(reader, i) >= FIELD_KNOWN_COUNT) {
                        names[trace_reader_column_field(reader, i) - FIELD_KNOWN_COUNT] =
                                trace_reader_column_name(reader, i);
                        extra++;
                }
        struct extra_fields fields = { names, extra };
        int r = rule_set_load(o->rules, &fields, &problems, ret);
        problems_print(&problems, err);
        *ret_faults = problems.count > 0;
        problems_done(&problems);
        return r;
}

static bool print_explanation(const struct replay_options *o, const struct engine *engine,
                              FILE *out, FILE *err)
{
        _cleanup_free_ char *json = NULL;
        char error[EXPLAIN_ERROR_MAX] = "out of memory";

        if (!engine)
                fprintf(err, "%s: no sample before that time\n", o->trace);
        else if (explain_json(engine, o->explain, &json, error) < 0)
                fprintf(err, "%s\n", error);
        else
                return fprintf(out, "%s\n", json) > 0;
        return false;
}

static int new_engine(const struct replay_options *o, const struct rule_set *rules,
                      const struct host_facts *host, struct output *output, struct engine **ret)
{
        if (o->mode == REPLAY_WATCH)
                return engine_new(rules, host, o->watcher->event, o->watcher->userdata, ret);
        return engine_new(rules, host, o->mode == REPLAY_EXPLAIN ? ignore_event : print_event,
                          output, ret);
}

static int replay_alerts(const struct replay_options *o, struct trace_reader *reader, FILE *out,
                         FILE *err)
{
        char error[TRACE_ERROR_MAX];
        bool faults = false;
        struct rule_set rules = { 0 };
        int r = load_rules(o, reader, err, &faults, &rules);
        if (r < 0) {
                fprintf(err, "rules cannot be read: %s\n", strerror(-r));
                return 2;
        }
        if (rules.count == 0) {
                fprintf(err, "there are no rules in %s, so nothing is said; --rules names others\n",
                        o->rules[0]);
                faults = true;
        }
        struct host_facts host = { 0 };
        struct progress progress;
        struct output output = { .file = out, .progress = &progress };
        _cleanup_(engine_freep) struct engine *engine = NULL;
        const struct sample *sample;
        double first = NAN;
        progress_init(&progress, err);
        while ((r = trace_reader_next(reader, error, &sample)) > 0) {
                if (!engine)
                        first = sample->time;
                if (o->mode == REPLAY_EXPLAIN &&
                    sample->time > (o->at_relative ? first : 0) + o->at) {
                        r = 0;
                        break;
                }
                if (!engine) {
                        replay_host(sample, &host);
                        r = new_engine(o, &rules, &host, &output, &engine);
                        if (r < 0)
                                break;
                }
                engine_feed(engine, sample);
                if (o->mode == REPLAY_WATCH)
                        o->watcher->sample(engine, sample, o->watcher->userdata);
                if (output.error < 0)
                        break;
                progress_step(&progress, reader);
        }
        progress_clear(&progress);
        int code = faults ? 3 : 0;
        if (r < 0) {
                fprintf(err, "%s\n", r == -EBADMSG ? error : strerror(-r));
                code = 2;
        } else if (output.error < 0) {
                fprintf(err, "output: %s\n", strerror(-output.error));
                code = 2;
        }
        if (o->mode == REPLAY_EXPLAIN && code != 2 && !print_explanation(o, engine, out, err))
                code = 2;
        if (o->mode == REPLAY_WATCH && code != 2)
                o->watcher->end(engine, o->watcher->userdata);
        engine_free(TAKE_PTR(engine));
        rule_set_done(&rules);
        return code;
}

/* Scores mean the same on every series, so no floor but what double arithmetic needs. */
static const double SCORE_FLOOR = 1e-9;

static int replay_scores(struct trace_reader *reader, FILE *out, FILE *err)
{
        char error[TRACE_ERROR_MAX];
        size_t columns = trace_reader_columns(reader);
        _cleanup_free_ struct jump *jumps = calloc(columns ? columns : 1, sizeof(*jumps));
        if (!jumps) {
                fprintf(err, "%s\n", strerror(ENOMEM));
                return 2;
        }
        for (size_t i = 0; i < columns; i++)
                jump_init(&jumps[i]);
        struct timeline timeline = { 0 };
        struct jump_shared shared = { 0 };
        struct progress progress;
        const struct sample *sample;
        int r;
        progress_init(&progress, err);
        progress.wanted &= isatty(fileno(out)) != 1; /* there the lines tell enough */
        fputs("time,dimension,value,score\n", out);
        while ((r = trace_reader_next(reader, error, &sample)) > 0) {
                double now;
                bool broken = timeline_step(&timeline, sample->time, &now) != TIMELINE_STEADY;
                for (size_t i = 0; i < columns; i++) {
                        const char *cell = trace_reader_cell(reader, i);
                        if (!*cell)
                                continue;
                        double value = sample->values[trace_reader_column_field(reader, i)];
                        double floor = fabs(value) * SCORE_FLOOR;
                        struct jump *j = &jumps[i];
                        if (broken && j->level.count > 0)
                                jump_shift(j, value - j->value);
                        jump_add_shared(j, &jump_params_default, now, value, floor, &shared);
                        if (j->away && now - j->away_since >= 3600)
                                jump_adopt(j, &jump_params_default);
                        struct jump_answer answer;
                        double score = jump_read(j, &jump_params_default, floor, &answer)
                                               ? answer.score
                                               : 0;
                        fprintf(out, "%s,%s,%s,%.4f\n", trace_reader_time_cell(reader),
                                trace_reader_column_name(reader, i), cell, score);
                }
                progress_step(&progress, reader);
        }
        progress_clear(&progress);
        if (r < 0) {
                fprintf(err, "%s\n", r == -EBADMSG ? error : strerror(-r));
                return 2;
        }
        return 0;
}

int replay_run(const struct replay_options *o, FILE *out, FILE *err)
{
        char error[TRACE_ERROR_MAX];
        _cleanup_(trace_reader_freep) struct trace_reader *reader = NULL;
        if (trace_reader_new(o->trace, error, &reader) < 0) {
                fprintf(err, "%s\n", error);
                return 2;
        }
        int code = o->mode == REPLAY_SCORES ? replay_scores(reader, out, err)
                                            : replay_alerts(o, reader, out, err);
        if (fflush(out) != 0 || ferror(out)) {
                fprintf(err, "output: %s\n", strerror(errno));
                return 2;
        }
        return code;
}
