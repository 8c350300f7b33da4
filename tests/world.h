/* SPDX-License-Identifier: MIT */
/* An engine in a made-up machine: rules from a text, samples from a function, events remembered. */
#pragma once

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "config/problems.h"
#include "engine/engine.h"
#include "engine/engine_internal.h"
#include "judge/rule_file.h"
#include "random.h"
#include "sample/host.h"
#include "sample/sample.h"
#include "support.h"
#include "test.h"

#define MIB (1024.0 * 1024)
#define GIB (1024.0 * MIB)
#define WORLD_WORDS "summary = S of it\nexplain = E\naction = A\naction-vm = for guests\n"

enum { WORLD_EVENTS_MAX = 64 };

/* What is kept of an event. */
struct seen {
        double time, value, rate, duration, peak;
        enum event_type type;
        enum severity severity, previous;
        bool trigger, resolve, joins;
        enum event_quiet quiet;
        struct event_check checks[EVENT_CHECKS_MAX];
        unsigned check_count;
        struct event_incident incident; /* its names are no longer valid */
        char rule[64], dimension[128], id[EVENT_ID_MAX], alert_id[EVENT_ID_MAX];
        char dedup_key[EVENT_DEDUP_MAX], text[EVENT_TEXT_MAX], summary[256], action[256];
};

struct world {
        struct host_facts host;
        struct rule_set rules;
        struct engine *engine;
        struct sample sample;
        double values[FIELD_KNOWN_COUNT];
        double interval;
        struct random random;
        bool refuse;    /* events are not taken */
        unsigned tries; /* how often one was offered */
        struct seen seen[WORLD_EVENTS_MAX];
        unsigned count;
};

_unused_ static void seen_copy(char *to, size_t size, const char *from)
{
        snprintf(to, size, "%s", from ? from : "");
}

static int world_take(const struct event *e, void *userdata)
{
        struct world *w = userdata;
        w->tries++;
        if (w->refuse)
                return -28;
        assert_true(w->count < WORLD_EVENTS_MAX);
        struct seen *s = &w->seen[w->count++];
        *s = (struct seen){
                .time = e->time,
                .value = e->value,
                .rate = e->rate,
                .duration = e->duration,
                .peak = e->peak,
                .type = e->type,
                .severity = e->severity,
                .previous = e->previous_severity,
                .trigger = e->trigger,
                .resolve = e->resolve,
                .joins = event_joins(e),
                .quiet = e->quiet,
                .incident = e->incident,
                .check_count = e->check_count,
        };
        memcpy(s->checks, e->checks, sizeof(s->checks));
        seen_copy(s->rule, sizeof(s->rule), e->rule);
        seen_copy(s->dimension, sizeof(s->dimension), e->dimension);
        seen_copy(s->id, sizeof(s->id), e->id);
        seen_copy(s->alert_id, sizeof(s->alert_id), e->alert_id);
        seen_copy(s->dedup_key, sizeof(s->dedup_key), e->dedup_key);
        seen_copy(s->text, sizeof(s->text), e->text);
        seen_copy(s->summary, sizeof(s->summary), e->summary);
        seen_copy(s->action, sizeof(s->action), e->action);
        return 0;
}

static void world_rules(const char *text, struct rule_set *ret)
{
        struct problems problems = { 0 };
        assert_int_equal(rule_file_parse("test.ini", text, strlen(text), NULL, &problems, ret), 0);
        if (problems.count > 0)
                fail_msg("%s:%u: %s", problems.list[0].file, problems.list[0].line,
                         problems.list[0].text);
        problems_done(&problems);
}

/* A quiet guest of 8 GiB with 4 CPUs. */
_unused_ static void world_init(struct world *w, const char *rules)
{
        *w = (struct world){ .interval = 1, .random = { 42 } };
        w->host = (struct host_facts){
                .kind = HOST_VM,
                .name = "box",
                .machine_id = "0123456789abcdef0123456789abcdef",
                .boot_id = "fedcba9876543210fedcba9876543210",
                .cpus_online = 4,
                .cpus_possible = 4,
                .numa_nodes = 1,
                .page_size = 4096,
                .stack_size = 16384,
                .mem_total = 8 * GIB,
        };
        w->sample = (struct sample){
                .time = 1700000000,
                .kind = HOST_VM,
                .count = FIELD_KNOWN_COUNT,
                .values = w->values,
        };
        for (int i = 0; i < FIELD_KNOWN_COUNT; i++)
                w->values[i] = 100 * MIB;
        w->values[FIELD_MEM_TOTAL] = 8 * GIB;
        w->values[FIELD_MEM_AVAILABLE] = 6 * GIB;
        w->values[FIELD_MEM_FREE] = 5 * GIB;
        w->values[FIELD_THREADS] = 500;
        w->values[FIELD_CPUS] = w->values[FIELD_POSSIBLE_CPUS] = 4;
        w->values[FIELD_CGROUPS] = 80;
        w->values[FIELD_STACK_SIZE] = 16384;
        w->values[FIELD_KERNEL_STACK] = 500 * 16384;
        world_rules(rules, &w->rules);
        assert_int_equal(engine_new(&w->rules, &w->host, world_take, w, &w->engine), 0);
}

_unused_ static void world_done(struct world *w)
{
        engine_free(w->engine);
        rule_set_done(&w->rules);
}

/* Another daemon with the same rules, or others, on the same machine: a restart. */
_unused_ static void world_restart(struct world *w, const char *rules)
{
        world_done(w);
        w->engine = NULL;
        w->rules = (struct rule_set){ 0 };
        world_rules(rules, &w->rules);
        assert_int_equal(engine_new(&w->rules, &w->host, world_take, w, &w->engine), 0);
}

/* A reload. */
_unused_ static void world_reload(struct world *w, const char *rules)
{
        struct rule_set next = { 0 };
        world_rules(rules, &next);
        assert_int_equal(engine_set_rules(w->engine, &next), 0);
        rule_set_done(&w->rules);
        w->rules = next;
}

/* One sample, `interval` after the one before. SUnreclaim alone is noisy, by 20 KiB. */
_unused_ static void world_step(struct world *w)
{
        double slab = w->values[FIELD_SUNRECLAIM];
        w->values[FIELD_SUNRECLAIM] += 20480 * random_normal(&w->random);
        w->sample.time += w->interval;
        engine_feed(w->engine, &w->sample);
        w->values[FIELD_SUNRECLAIM] = slab;
}

/* Runs on for `seconds`; SUnreclaim grows by `rate` bytes a second. */
_unused_ static void world_run(struct world *w, double seconds, double rate)
{
        for (double end = w->sample.time + seconds - w->interval / 2; w->sample.time < end;) {
                w->values[FIELD_SUNRECLAIM] += rate * w->interval;
                world_step(w);
        }
}

_unused_ static const struct seen *world_last(const struct world *w)
{
        assert_true(w->count > 0);
        return &w->seen[w->count - 1];
}

/* The events as "firing/warning resolved/ok ...", those of one rule, or of all with NULL. */
_unused_ static const char *world_story(const struct world *w, const char *rule, char buffer[1024])
{
        struct text t;
        text_init(&t, buffer, 1024);
        for (unsigned i = 0; i < w->count; i++) {
                const struct seen *s = &w->seen[i];
                if (rule && strcmp(s->rule, rule) != 0)
                        continue;
                text_add(&t, "%s%s/%s", t.length ? " " : "", event_type_name(s->type),
                         severity_name(s->severity));
        }
        return buffer;
}
