/* SPDX-License-Identifier: MIT */
/* A growth made by hand: tables of who had and has how much, judged by rank(). */
#pragma once

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "culprit/rank.h"
#include "test.h"

#define MIB 1048576.0

/* A growth under construction: findings with their `then`, and the fields of both times. */
struct scene {
        struct findings f;
        struct rank_input in;
        struct culprit_list l;
};

static inline void scene_init(struct scene *s, enum culprit_dimension d)
{
        assert_int_equal(findings_init(&s->f, true), 0);
        s->f.time = 2000;
        for (unsigned i = 0; i < SOURCE_COUNT; i++)
                s->f.state[i] =
                        i == SOURCE_ALLOCINFO || i == SOURCE_MAPS ? SOURCE_MISSING : SOURCE_DONE;
        s->in = (struct rank_input){
                .dimension = d,
                .since = 1000,
                .until = 2000,
                .grown = NAN,
                .found = &s->f,
                .page_size = 4096,
                .stack_size = 16384,
                .possible_cpus = 4,
        };
        for (unsigned i = 0; i < TABLE_COUNT; i++)
                s->in.bases[i].time = 1000;
        for (unsigned i = 0; i < FIELD_MEMINFO_COUNT; i++) {
                s->in.then_fields[i] = s->f.fields[i] = 100 * MIB;
                for (unsigned t = 0; t < TABLE_COUNT; t++)
                        s->in.bases[t].fields[i] = s->f.fields_at[t][i] = 100 * MIB;
        }
        for (unsigned i = 0; i < COUNT_COUNT; i++)
                s->in.then_counts[i] = s->f.counts[i] = 100;
}

static inline void scene_done(struct scene *s)
{
        findings_done(&s->f);
}

static inline void grow(struct scene *s, enum field field, double mib)
{
        s->f.fields[field] += mib * MIB;
        for (unsigned t = 0; t < TABLE_COUNT; t++)
                s->f.fields_at[t][field] += mib * MIB;
}

static inline double *row_at(struct scene *s, enum table table, const char *name,
                             const char *parent, double **ret_then)
{
        struct tally *t = &s->f.tables[table];
        uint64_t above = parent ? tally_key(0, parent, strlen(parent)) : 0;
        uint64_t key = tally_key(table == TABLE_PAIRS ? above : 0, name, strlen(name));
        unsigned row = tally_get(t, key, above, name, strlen(name));

        *ret_then = tally_then(t, row);
        return tally_now(t, row);
}

static inline void cache(struct scene *s, const char *name, double then, double now,
                         double reclaimable)
{
        double *before, *columns = row_at(s, TABLE_CACHES, name, NULL, &before);

        columns[CACHE_BYTES] = now * MIB;
        columns[CACHE_OBJECTS] = now * 1000;
        columns[CACHE_RECLAIMABLE] = reclaimable;
        before[CACHE_BYTES] = then * MIB;
        before[CACHE_OBJECTS] = then * 1000;
}

static inline void caller(struct scene *s, const char *name, double then, double now)
{
        double *before, *columns = row_at(s, TABLE_CALLERS, name, NULL, &before);

        columns[CALLER_BYTES] = now * MIB;
        columns[CALLER_AREAS] = 7;
        before[CALLER_BYTES] = then * MIB;
}

/* All kinds alike unless given. */
static inline void cgroup(struct scene *s, const char *path, const char *parent,
                          enum cgroup_number number, double then, double now)
{
        double *before, *columns = row_at(s, TABLE_CGROUPS, path, parent, &before);

        for (unsigned i = 0; i < CGROUP_NUMBER_COUNT; i++)
                columns[i] = before[i] = i == CGROUP_KERNEL ? CGROUP_SOCK * MIB : MIB;
        columns[CGROUP_KERNEL] += (now - 1) * MIB;
        before[CGROUP_KERNEL] += (then - 1) * MIB;
        if (number != CGROUP_KERNEL) {
                columns[number] = now * MIB;
                before[number] = then * MIB;
        }
}

static inline void process(struct scene *s, const char *command, const char *place, double then,
                           double now, double tables_then, double tables_now)
{
        double *before, *columns;
        static const enum table tables[] = { TABLE_COMMANDS, TABLE_PLACES, TABLE_PAIRS };

        for (size_t i = 0; i < ELEMENTS_OF(tables); i++) {
                columns = row_at(s, tables[i], i == 1 ? place : command, i == 2 ? place : NULL,
                                 &before);
                if (isnan(before[0]))
                        memset(before, 0, PROCESS_COLUMNS * sizeof(*before));
                columns[PROCESS_COUNT] += 1;
                columns[PROCESS_THREADS] += now;
                before[PROCESS_THREADS] += then;
                columns[PROCESS_PAGE_TABLES] += tables_now * MIB;
                before[PROCESS_PAGE_TABLES] += tables_then * MIB;
                columns[PROCESS_WEIGHT] += now * 23245 + tables_now * MIB;
                before[PROCESS_WEIGHT] += then * 23245 + tables_then * MIB;
        }
}

static inline void judge(struct scene *s)
{
        char text[CULPRIT_TEXT_MAX];

        rank(&s->in, &s->l);
        for (unsigned i = 0; i < s->l.count; i++) {
                const struct culprit *c = &s->l.culprits[i];

                assert_true(utf8_valid(c->name) && utf8_valid(c->label) && utf8_valid(c->note));
                assert_true(c->name[0] && c->label[0]);
                assert_true(c->bytes > 0);
                assert_true(isnan(c->share) || (c->share >= 0 && c->share <= 1));
        }
        assert_true(utf8_valid(s->l.unexplained) && utf8_valid(s->l.hidden));
        assert_true(utf8_valid(culprit_text(&s->l, text, sizeof(text))));
}

static inline void expect(const struct scene *s, unsigned place, enum culprit_kind kind,
                          const char *name, double share)
{
        if (place >= s->l.count)
                fail_msg("only %u culprits; %s", s->l.count, s->l.unexplained);
        const struct culprit *c = &s->l.culprits[place];
        if (c->kind != kind || strcmp(c->name, name) != 0 || fabs(c->share - share) > 0.011)
                fail_msg("%u: %s '%s' %g", place, culprit_kind_name(c->kind), c->name, c->share);
}

static inline void expect_text(const struct scene *s, const char *expected)
{
        char text[CULPRIT_TEXT_MAX];

        assert_string_equal(culprit_text(&s->l, text, sizeof(text)), expected);
}

static inline const struct culprit *find(const struct scene *s, enum culprit_kind kind)
{
        for (unsigned i = 0; i < s->l.count; i++)
                if (s->l.culprits[i].kind == kind)
                        return &s->l.culprits[i];
        return NULL;
}

static inline void expect_said(const char *where, const char *part)
{
        if (!strstr(where, part))
                fail_msg("'%s' does not say '%s'", where, part);
}
