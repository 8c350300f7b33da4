/* SPDX-License-Identifier: MIT */
/* Who is named for which growth: tables made by hand, each with one cause. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../test.h"
#include "base/macros.h"
#include "base/text.h"
#include "culprit/cause.h"
#include "culprit/friendly.h"
#include "culprit/rank.h"

#define MIB 1048576.0

/* A growth under construction: findings with their `then`, and the fields of both times. */
struct scene {
        struct findings f;
        struct rank_input in;
        struct culprit_list l;
};

static void scene_init(struct scene *s, enum culprit_dimension d)
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

static void scene_done(struct scene *s)
{
        findings_done(&s->f);
}

static void grow(struct scene *s, enum field field, double mib)
{
        s->f.fields[field] += mib * MIB;
        for (unsigned t = 0; t < TABLE_COUNT; t++)
                s->f.fields_at[t][field] += mib * MIB;
}

static double *row_at(struct scene *s, enum table table, const char *name, const char *parent,
                      double **ret_then)
{
        struct tally *t = &s->f.tables[table];
        uint64_t above = parent ? tally_key(0, parent, strlen(parent)) : 0;
        uint64_t key = tally_key(table == TABLE_PAIRS ? above : 0, name, strlen(name));
        unsigned row = tally_get(t, key, above, name, strlen(name));

        *ret_then = tally_then(t, row);
        return tally_now(t, row);
}

static void cache(struct scene *s, const char *name, double then, double now, double reclaimable)
{
        double *before, *columns = row_at(s, TABLE_CACHES, name, NULL, &before);

        columns[CACHE_BYTES] = now * MIB;
        columns[CACHE_OBJECTS] = now * 1000;
        columns[CACHE_RECLAIMABLE] = reclaimable;
        before[CACHE_BYTES] = then * MIB;
        before[CACHE_OBJECTS] = then * 1000;
}

static void caller(struct scene *s, const char *name, double then, double now)
{
        double *before, *columns = row_at(s, TABLE_CALLERS, name, NULL, &before);

        columns[CALLER_BYTES] = now * MIB;
        columns[CALLER_AREAS] = 7;
        before[CALLER_BYTES] = then * MIB;
}

/* All kinds alike unless given. */
static void cgroup(struct scene *s, const char *path, const char *parent, enum cgroup_number number,
                   double then, double now)
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

static void process(struct scene *s, const char *command, const char *place, double then,
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

static void judge(struct scene *s)
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

static void expect(const struct scene *s, unsigned place, enum culprit_kind kind, const char *name,
                   double share)
{
        if (place >= s->l.count)
                fail_msg("only %u culprits; %s", s->l.count, s->l.unexplained);
        const struct culprit *c = &s->l.culprits[place];
        if (c->kind != kind || strcmp(c->name, name) != 0 || fabs(c->share - share) > 0.011)
                fail_msg("%u: %s '%s' %g", place, culprit_kind_name(c->kind), c->name, c->share);
}

static void expect_text(const struct scene *s, const char *expected)
{
        char text[CULPRIT_TEXT_MAX];

        assert_string_equal(culprit_text(&s->l, text, sizeof(text)), expected);
}

static const struct culprit *find(const struct scene *s, enum culprit_kind kind)
{
        for (unsigned i = 0; i < s->l.count; i++)
                if (s->l.culprits[i].kind == kind)
                        return &s->l.culprits[i];
        return NULL;
}

static void expect_said(const char *where, const char *part)
{
        if (!strstr(where, part))
                fail_msg("'%s' does not say '%s'", where, part);
}

static void test_one_cache(void **state)
{
        (void)state;
        struct scene s;

        scene_init(&s, DIMENSION_SUNRECLAIM);
        grow(&s, FIELD_SUNRECLAIM, 100);
        cache(&s, "kmalloc-64", 10, 108, 0);
        cache(&s, "dentry", 50, 250, 1); /* much more, but not of this dimension */
        cache(&s, "filp", 5, 6, NAN);    /* too little to tell */
        cgroup(&s, "/system.slice", NULL, CGROUP_SLAB_UNRECLAIMABLE, 20, 115);
        cgroup(&s, "/system.slice/a.service", "/system.slice", CGROUP_SLAB_UNRECLAIMABLE, 2, 95);
        cgroup(&s, "/system.slice/b.service", "/system.slice", CGROUP_SLAB_UNRECLAIMABLE, 10, 12);
        process(&s, "nginx", "/system.slice/a.service", 3, 3, 1, 1);
        judge(&s);
        expect(&s, 0, CULPRIT_CACHE, "kmalloc-64", 0.98);
        expect(&s, 1, CULPRIT_CGROUP, "/system.slice/a.service", 0.93);
        assert_int_equal(s.l.count, 2);
        assert_true(fabs(s.l.explained - 0.99) < 0.001);
        assert_true(fabs(s.l.charged - 0.95) < 0.001);
        assert_string_equal(s.l.unexplained, "");
        assert_string_equal(s.l.hidden, "");
        expect_text(&s, "98 % of it is kmalloc-64, charged to a.service (nginx)");
        scene_done(&s);
}

static void test_aliases_and_two(void **state)
{
        (void)state;
        struct scene s;
        static const char *const names[] = { "PING", "UNIX", "UNIX-STREAM", "a1", "a2", "a3" };

        scene_init(&s, DIMENSION_SUNRECLAIM);
        grow(&s, FIELD_SUNRECLAIM, 100);
        cache(&s, "PING", 0, 60, 0);
        cache(&s, "filp", 0, 30, 0);
        for (size_t i = 0; i < ELEMENTS_OF(names); i++) {
                double *then;
                (void)row_at(&s, TABLE_ALIASES, names[i], ":0001024", &then);
        }
        judge(&s);
        expect(&s, 0, CULPRIT_CACHE, "PING", 0.60);
        assert_string_equal(s.l.culprits[0].label,
                            "PING (merged with UNIX, UNIX-STREAM, a1, a2 and 1 more)");
        expect(&s, 1, CULPRIT_CACHE, "filp", 0.30);
        expect_text(&s, "60 % of it is PING (merged with UNIX, UNIX-STREAM, a1, a2 and 1 more), "
                        "30 % is filp");
        /* 10 of 100 stand in no cache, and no cgroup had anything of it. */
        expect_said(s.l.unexplained, "10 % is kmalloc above 8 KiB, which slabinfo does not list");
        scene_done(&s);
}

static void test_large_kmalloc(void **state)
{
        (void)state;
        struct scene s;

        scene_init(&s, DIMENSION_SUNRECLAIM);
        grow(&s, FIELD_SUNRECLAIM, 100);
        cache(&s, "kmalloc-cg-1k", 0, 16, 0);
        cgroup(&s, "/a", NULL, CGROUP_SLAB_UNRECLAIMABLE, 2, 3);
        judge(&s);
        expect(&s, 0, CULPRIT_LARGE_KMALLOC, "kmalloc-large", 0.84);
        expect(&s, 1, CULPRIT_CACHE, "kmalloc-cg-1k", 0.16);
        assert_true(fabs(s.l.explained - 0.16) < 0.001);
        assert_string_equal(s.l.unexplained,
                            "84 % is kmalloc above 8 KiB, which slabinfo does not list; charged to "
                            "no cgroup: kernel, driver or BPF");
        /* Where slabinfo lists all there is no such thing. */
        s.f.slab_lists_all = true;
        judge(&s);
        expect(&s, 0, CULPRIT_CACHE, "kmalloc-cg-1k", 0.16);
        assert_null(find(&s, CULPRIT_LARGE_KMALLOC));
        /* Pages of 64 KiB. */
        s.f.slab_lists_all = false;
        s.in.page_size = 65536;
        judge(&s);
        expect_said(s.l.unexplained, "kmalloc above 128 KiB");
        scene_done(&s);
}

static void test_dentries_and_names(void **state)
{
        (void)state;
        struct scene s;

        scene_init(&s, DIMENSION_SRECLAIMABLE);
        grow(&s, FIELD_SRECLAIMABLE, 100);
        cache(&s, "kmalloc-rcl-256", 0, 55, 1);
        cache(&s, "dentry", 10, 52, 1);
        row_at(&s, TABLE_CACHES, "dentry", NULL, &(double *){ 0 })[CACHE_OBJECTS] += 20000;
        s.f.counts[COUNT_DENTRIES] = 200100;
        s.f.counts[COUNT_NEGATIVE_DENTRIES] = 196100;
        judge(&s);
        expect(&s, 0, CULPRIT_CACHE, "dentry", 0.97);
        expect_said(s.l.culprits[0].note, "with 55 MiB of their names");
        expect_said(s.l.culprits[0].note, "200000 more directory entries");
        expect_said(s.l.culprits[0].note, "98 % of them are names that do not exist");

        /* More such objects than entries: they are not names of theirs. */
        row_at(&s, TABLE_CACHES, "kmalloc-rcl-256", NULL, &(double *){ 0 })[CACHE_OBJECTS] = 1e9;
        judge(&s);
        expect(&s, 0, CULPRIT_CACHE, "kmalloc-rcl-256", 0.55);
        scene_done(&s);
}

static void test_a_drop(void **state)
{
        (void)state;
        struct scene s;

        scene_init(&s, DIMENSION_SUNRECLAIM);
        grow(&s, FIELD_SUNRECLAIM, -80);
        cache(&s, "kmalloc-64", 100, 25, 0);
        cache(&s, "filp", 5, 15, 0); /* grew meanwhile */
        cgroup(&s, "/a", NULL, CGROUP_SLAB_UNRECLAIMABLE, 80, 4);
        judge(&s);
        assert_true(s.l.grown == -80 * MIB);
        expect(&s, 0, CULPRIT_CACHE, "kmalloc-64", 0.94);
        expect(&s, 1, CULPRIT_LARGE_KMALLOC, "kmalloc-large", 0.19);
        expect(&s, 2, CULPRIT_CGROUP, "/a", 0.95);
        scene_done(&s);
}

static void test_networks(void **state)
{
        (void)state;
        struct scene s;

        scene_init(&s, DIMENSION_SUNRECLAIM);
        grow(&s, FIELD_SUNRECLAIM, 30);
        for (unsigned i = 0; i < 10; i++) {
                char name[32];

                (void)snprintf(name, sizeof(name), "cache-%u", i);
                cache(&s, name, 1, 4, 0);
        }
        s.f.counts[COUNT_NET_NAMESPACES] += 147;
        judge(&s);
        expect(&s, 0, CULPRIT_OBJECTS, "network namespaces", 0.96);
        assert_true(s.l.culprits[0].about);
        assert_string_equal(s.l.culprits[0].label, "147 more network namespaces");
        assert_int_equal(s.l.culprits[1].kind, CULPRIT_CACHE);
        expect_said(s.l.unexplained, "60 % is spread over other caches");
        scene_done(&s);

        scene_init(&s, DIMENSION_PERCPU);
        grow(&s, FIELD_PERCPU, 2);
        s.f.counts[COUNT_NET_NAMESPACES] += 150;
        cgroup(&s, "/a", NULL, CGROUP_PERCPU, 1, 1.2);
        judge(&s);
        expect(&s, 0, CULPRIT_OBJECTS, "network namespaces", 0.88);
        expect(&s, 1, CULPRIT_CGROUP, "/a", 0.10);
        scene_done(&s);
}

static void test_percpu(void **state)
{
        (void)state;
        struct scene s;
        double *then;

        scene_init(&s, DIMENSION_PERCPU);
        grow(&s, FIELD_PERCPU, 20);
        s.f.state[SOURCE_MAPS] = SOURCE_DONE;
        row_at(&s, TABLE_MAPS, "leaky (per-CPU array)", NULL, &then)[MAP_BYTES] = 19 * MIB;
        then[MAP_BYTES] = 0;
        row_at(&s, TABLE_MAPS, "other (hash)", NULL, &then)[MAP_BYTES] = 500 * MIB;
        then[MAP_BYTES] = 0;
        judge(&s);
        expect(&s, 0, CULPRIT_MAP, "leaky (per-CPU array)", 0.95);
        assert_int_equal(s.l.count, 1);

        s.f.state[SOURCE_MAPS] = SOURCE_DENIED;
        judge(&s);
        assert_int_equal(s.l.count, 0);
        expect_said(s.l.hidden, "no right to read BPF maps");
        expect_said(s.l.unexplained, "not by the number of cgroups or networks");
        scene_done(&s);

        scene_init(&s, DIMENSION_PERCPU);
        grow(&s, FIELD_PERCPU, 8);
        s.f.counts[COUNT_DYING_CGROUPS] += 900;
        cgroup(&s, "/a", NULL, CGROUP_PERCPU, 1, 8);
        judge(&s);
        expect(&s, 0, CULPRIT_OBJECTS, "dying control groups", 0.88);
        expect(&s, 1, CULPRIT_CGROUP, "/a", 0.875);
        scene_done(&s);
}

static void test_vmalloc(void **state)
{
        (void)state;
        struct scene s;

        scene_init(&s, DIMENSION_VMALLOC_USED);
        grow(&s, FIELD_VMALLOC_USED, 60);
        grow(&s, FIELD_KERNEL_STACK, 10);
        caller(&s, "kernel_clone", 100, 110);
        caller(&s, "htab_map_alloc", 10, 56);
        caller(&s, "pcpu_create_chunk", 2, 6);
        caller(&s, "old", 300, 300);
        cgroup(&s, "/a", NULL, CGROUP_VMALLOC, 1, 47);
        judge(&s);
        /* Stacks taken out: shares are of the other 50. */
        expect(&s, 0, CULPRIT_CALLER, "htab_map_alloc", 0.92);
        expect(&s, 1, CULPRIT_CALLER, "pcpu_create_chunk", 0.08);
        expect(&s, 2, CULPRIT_CGROUP, "/a", 0.77);
        assert_true(s.l.explained > 0.99);
        assert_null(find(&s, CULPRIT_STACKS));
        scene_done(&s);

        /* No right: the known parts and who it is charged to. */
        scene_init(&s, DIMENSION_VMALLOC_USED);
        grow(&s, FIELD_VMALLOC_USED, 60);
        s.f.state[SOURCE_VMALLOCINFO] = SOURCE_DENIED;
        cgroup(&s, "/a", NULL, CGROUP_VMALLOC, 1, 55);
        judge(&s);
        expect(&s, 0, CULPRIT_CGROUP, "/a", 0.90);
        assert_true(isnan(s.l.explained));
        expect_said(s.l.hidden, "no right to read vmalloc areas");
        scene_done(&s);

        /* Mostly threads. */
        scene_init(&s, DIMENSION_VMALLOC_USED);
        grow(&s, FIELD_VMALLOC_USED, 64);
        grow(&s, FIELD_KERNEL_STACK, 62);
        caller(&s, "copy_process", 100, 162);
        caller(&s, "htab_map_alloc", 10, 12);
        process(&s, "java", "/a", 100, 4100, 1, 1);
        cgroup(&s, "/a", NULL, CGROUP_KERNEL_STACK, 2, 63);
        judge(&s);
        expect(&s, 0, CULPRIT_STACKS, "KernelStack", 0.97);
        expect(&s, 1, CULPRIT_PROCESS, "java", 0.98);
        expect(&s, 2, CULPRIT_CGROUP, "/a", 0.95);
        expect_text(&s, "97 % of it is kernel stacks of threads, of java, charged to a (java)");
        scene_done(&s);

        /* Mostly the records of per-CPU memory. */
        scene_init(&s, DIMENSION_VMALLOC_USED);
        grow(&s, FIELD_VMALLOC_USED, 10);
        caller(&s, "kernel_clone", 100, 100);
        caller(&s, "pcpu_alloc_chunk", 2, 10);
        caller(&s, "x", 2, 2.5);
        judge(&s);
        expect(&s, 0, CULPRIT_CALLER, "pcpu_create_chunk", 0.8);
        expect_said(s.l.unexplained, "15 % stands in no area");
        expect_said(s.l.unexplained, "charged to no cgroup");
        scene_done(&s);
}

static void test_threads(void **state)
{
        (void)state;
        struct scene s;
        char path[64];

        scene_init(&s, DIMENSION_KERNEL_STACK);
        grow(&s, FIELD_KERNEL_STACK, 64);
        /* 4,000 short processes in 40 cgroups are one line. */
        for (unsigned i = 0; i < 4000; i++) {
                (void)snprintf(path, sizeof(path), "/batch.slice/job-%u.scope", i % 40);
                process(&s, "sh", path, 0, 1, 0, 0);
        }
        process(&s, "java", "/system.slice/db.service", 5000, 5000, 0,
                0); /* has, but did not grow */
        cgroup(&s, "/batch.slice", NULL, CGROUP_KERNEL_STACK, 1, 63);
        for (unsigned i = 0; i < 40; i++) {
                (void)snprintf(path, sizeof(path), "/batch.slice/job-%u.scope", i);
                cgroup(&s, path, "/batch.slice", CGROUP_KERNEL_STACK, 1, 2.5);
        }
        judge(&s);
        expect(&s, 0, CULPRIT_PROCESS, "sh", 0.98);
        expect_said(s.l.culprits[0].note, "4000 processes with 4000 threads now");
        expect_said(s.l.culprits[0].note, "in 40 cgroups");
        expect(&s, 1, CULPRIT_CGROUP, "/batch.slice", 0.97);
        assert_string_equal(s.l.culprits[1].label, "batch.slice");
        assert_int_equal(s.l.count, 2);
        scene_done(&s);

        /* Stacks that no thread has. */
        scene_init(&s, DIMENSION_KERNEL_STACK);
        grow(&s, FIELD_KERNEL_STACK, 64);
        process(&s, "sh", "/a", 10, 330, 0, 0);
        judge(&s);
        expect(&s, 0, CULPRIT_PROCESS, "sh", 0.08);
        expect_said(s.l.unexplained, "92 % belongs to no thread");
        scene_done(&s);

        /* cgroup v1: by where the processes are. */
        scene_init(&s, DIMENSION_KERNEL_STACK);
        grow(&s, FIELD_KERNEL_STACK, 64);
        s.f.cgroups_are_v1 = true;
        process(&s, "java",
                "/docker/0123456789ab0123456789ab0123456789ab0123456789ab0123456789ab0123", 10,
                4106, 0, 0);
        cgroup(&s, "/docker", NULL, CGROUP_KERNEL, 10, 500);
        judge(&s);
        expect(&s, 1, CULPRIT_CGROUP,
               "/docker/0123456789ab0123456789ab0123456789ab0123456789ab0123456789ab0123", 1);
        assert_true(s.l.culprits[1].placed);
        expect_text(&s, "100 % of it is java, in docker container 0123456789ab (java)");
        scene_done(&s);
}

static void test_page_tables(void **state)
{
        (void)state;
        struct scene s;

        scene_init(&s, DIMENSION_PAGE_TABLES);
        grow(&s, FIELD_PAGE_TABLES, 100);
        process(&s, "postgres", "/system.slice/postgresql.service", 10, 10, 5, 90);
        process(&s, "postgres", "/system.slice/old.service", 10, 10, 200, 200);
        cgroup(&s, "/system.slice", NULL, CGROUP_PAGE_TABLES, 205, 290);
        cgroup(&s, "/system.slice/postgresql.service", "/system.slice", CGROUP_PAGE_TABLES, 5, 90);
        cgroup(&s, "/system.slice/old.service", "/system.slice", CGROUP_PAGE_TABLES, 200, 200);
        judge(&s);
        expect(&s, 0, CULPRIT_PROCESS, "postgres", 0.85);
        expect_said(s.l.culprits[0].note, "in postgresql.service");
        expect(&s, 1, CULPRIT_CGROUP, "/system.slice/postgresql.service", 0.85);
        assert_string_equal(s.l.culprits[1].label, "postgresql.service");
        expect_said(s.l.unexplained, "15 % stands in no process");
        scene_done(&s);
}

static void test_cgroup_tree(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                double a, a1, a2, b; /* growth of /a, /a/1, /a/2, /b out of 100 */
                const char *first, *second;
        } cases[] = {
                { "one leaf", 90, 88, 2, 5, "/a/1", "/b" },
                { "shared by two below", 90, 45, 45, 5, "/a", "/b" },
                { "two trees", 50, 50, 0, 50, "/a/1", "/b" },
                { "the other first", 20, 19, 1, 75, "/b", "/a/1" },
                { "most of it in one", 90, 60, 30, 0, "/a/1", NULL },
                { "below shrank", 50, -10, 60, 0, "/a/2", NULL },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct scene s;
                const struct culprit *seen[2] = { NULL, NULL };
                unsigned count = 0;

                scene_init(&s, DIMENSION_PERCPU);
                grow(&s, FIELD_PERCPU, 100);
                cgroup(&s, "/a", NULL, CGROUP_PERCPU, 200, 200 + cases[i].a);
                cgroup(&s, "/a/1", "/a", CGROUP_PERCPU, 100, 100 + cases[i].a1);
                cgroup(&s, "/a/2", "/a", CGROUP_PERCPU, 100, 100 + cases[i].a2);
                cgroup(&s, "/b", NULL, CGROUP_PERCPU, 100, 100 + cases[i].b);
                judge(&s);
                for (unsigned j = 0; j < s.l.count; j++)
                        if (s.l.culprits[j].kind == CULPRIT_CGROUP && count < 2)
                                seen[count++] = &s.l.culprits[j];
                if (!seen[0] || strcmp(seen[0]->name, cases[i].first) != 0)
                        fail_msg("%s: %s", cases[i].name, seen[0] ? seen[0]->name : "nobody");
                if (cases[i].second ? !seen[1] || strcmp(seen[1]->name, cases[i].second) != 0
                                    : seen[1] != NULL)
                        fail_msg("%s, second: %s", cases[i].name,
                                 seen[1] ? seen[1]->name : "nobody");
                scene_done(&s);
        }
}

static void test_who_is_not_known(void **state)
{
        (void)state;
        struct scene s;

        scene_init(&s, DIMENSION_SUNRECLAIM);
        grow(&s, FIELD_SUNRECLAIM, 100);
        cache(&s, "kmalloc-64", 10, 110, 0);

        s.f.state[SOURCE_CGROUPS] = SOURCE_MISSING;
        judge(&s);
        assert_true(isnan(s.l.charged));
        expect_said(s.l.hidden, "no memory cgroups here");
        s.f.state[SOURCE_CGROUPS] = SOURCE_LATE;
        judge(&s);
        expect_said(s.l.hidden, "no time to read all control groups");
        s.f.state[SOURCE_CGROUPS] = SOURCE_DONE;
        s.f.cgroups_are_own = s.in.container = true;
        judge(&s);
        expect_said(s.l.hidden, "in a container: cgroups of others are not seen");
        assert_string_equal(s.l.unexplained, "");

        /* The totals of cgroup v1: as much, much more, too little. */
        s.f.cgroups_are_own = s.in.container = false;
        s.f.cgroups_are_v1 = true;
        cgroup(&s, "/a", NULL, CGROUP_KERNEL, 10, 115);
        judge(&s);
        expect(&s, 1, CULPRIT_CGROUP, "/a", 1);
        assert_true(s.l.culprits[1].about);
        expect_text(&s, "100 % of it is kmalloc-64, kernel memory of a grew by 105 MiB");
        cgroup(&s, "/a", NULL, CGROUP_KERNEL, 10, 500);
        judge(&s);
        assert_true(isnan(s.l.culprits[1].share));
        cgroup(&s, "/a", NULL, CGROUP_KERNEL, 10, 12);
        judge(&s);
        expect_said(s.l.unexplained, "charged to no cgroup");
        scene_done(&s);

        /* Not even slabinfo. */
        scene_init(&s, DIMENSION_SUNRECLAIM);
        grow(&s, FIELD_SUNRECLAIM, 100);
        s.f.state[SOURCE_SLABINFO] = SOURCE_DENIED;
        judge(&s);
        assert_int_equal(s.l.count, 0);
        expect_said(s.l.hidden, "no right to read slab caches");
        expect_text(&s, "charged to no cgroup: kernel, driver or BPF");
        scene_done(&s);
}

static void test_unaccounted(void **state)
{
        (void)state;
        struct scene s;

        scene_init(&s, DIMENSION_UNACCOUNTED);
        s.in.grown = 40 * MIB;
        cgroup(&s, "/a", NULL, CGROUP_KERNEL, 1, 40); /* of no kind that is told */
        cgroup(&s, "/b", NULL, CGROUP_VMALLOC, 1, 90);
        judge(&s);
        expect(&s, 0, CULPRIT_CGROUP, "/a", 0.97);
        assert_int_equal(s.l.count, 1);

        s.f.counts[COUNT_TCP_PAGES] += 5120; /* 20 MiB */
        judge(&s);
        expect(&s, 0, CULPRIT_PAGES, "pages of TCP buffers", 0.5);
        s.in.grown = NAN;
        judge(&s);
        scene_done(&s);
}

static void test_sites(void **state)
{
        (void)state;
        struct scene s;
        double *then;
        static const struct {
                const char *name;
                double mib;
        } sites[] = {
                { "leak_init drivers/misc/leak.c:12 [leak]", 97 },
                { "alloc_thread_stack_node kernel/fork.c:310", 99 },
                { "elsewhere net/core/a.c:1", 700 },
                { "little fs/b.c:1", 6 },
        };

        scene_init(&s, DIMENSION_SUNRECLAIM);
        grow(&s, FIELD_SUNRECLAIM, 100);
        s.f.state[SOURCE_ALLOCINFO] = SOURCE_DONE;
        cache(&s, "kmalloc-64", 10, 110, 0);
        for (size_t i = 0; i < ELEMENTS_OF(sites); i++) {
                row_at(&s, TABLE_SITES, sites[i].name, NULL, &then)[SITE_BYTES] =
                        sites[i].mib * MIB;
                then[SITE_BYTES] = 0;
        }
        judge(&s);
        expect(&s, 0, CULPRIT_CACHE, "kmalloc-64", 1);
        expect(&s, 1, CULPRIT_SITE, "leak_init drivers/misc/leak.c:12 [leak]", 0.97);
        assert_int_equal(s.l.count, 2);
        scene_done(&s);
}

/* What a table is compared with is older or newer than what is asked for. */
static void test_bases(void **state)
{
        (void)state;
        struct scene s;

        scene_init(&s, DIMENSION_KERNEL_STACK);
        grow(&s, FIELD_KERNEL_STACK, 64);
        process(&s, "java", "/a", 0, 2048, 0, 0);
        process(&s, "sh", "/b", 0, 1024, 0, 0);

        /* Newer: half of the growth was before it; shares are of the other half. */
        s.in.bases[TABLE_COMMANDS].time = 1500;
        s.in.bases[TABLE_COMMANDS].fields[FIELD_KERNEL_STACK] += 16 * MIB;
        judge(&s);
        expect(&s, 0, CULPRIT_PROCESS, "java", 0.67);
        assert_true(s.l.culprits[0].since == 1500);

        /* Older, and it had fallen since: what was asked for counts. */
        s.in.bases[TABLE_COMMANDS].time = 10;
        s.in.bases[TABLE_COMMANDS].fields[FIELD_KERNEL_STACK] += 40 * MIB;
        judge(&s);
        expect(&s, 0, CULPRIT_PROCESS, "java", 0.5);

        /* None at all: sizes. */
        for (unsigned i = 0; i < TABLE_COUNT; i++)
                s.in.bases[i].time = NAN;
        judge(&s);
        assert_true(s.l.sizes && s.l.culprits[0].sizes);
        expect(&s, 0, CULPRIT_PROCESS, "java", 32.0 / 164);
        expect_said(s.l.hidden, "no earlier look");
        scene_done(&s);
}

static void test_hardly(void **state)
{
        (void)state;
        struct scene s;

        for (int d = 0; d < DIMENSION_COUNT; d++) {
                scene_init(&s, (enum culprit_dimension)d);
                s.in.grown = d == DIMENSION_UNACCOUNTED ? 1000 : NAN;
                cache(&s, "x", 1, 2, 0);
                judge(&s);
                assert_int_equal(s.l.count, 0);
                assert_string_equal(s.l.unexplained, "it has hardly changed");
                scene_done(&s);
        }
}

/* Absent fields, empty tables, hostile names: no crash, no NaN where a number has to be. */
static void test_nothing_known(void **state)
{
        (void)state;

        for (unsigned round = 0; round < 4; round++)
                for (int d = 0; d < DIMENSION_COUNT; d++) {
                        struct scene s;
                        char hostile[200];

                        scene_init(&s, (enum culprit_dimension)d);
                        s.in.grown = round % 2 ? 50 * MIB : -50 * MIB;
                        s.in.sizes = round == 3;
                        for (unsigned i = 0; i < FIELD_MEMINFO_COUNT; i++)
                                for (unsigned t = 0; t < TABLE_COUNT; t++)
                                        s.f.fields_at[t][i] = NAN;
                        for (unsigned i = 0; i < COUNT_COUNT; i++)
                                s.f.counts[i] = NAN;
                        memset(hostile, '%', sizeof(hostile));
                        memcpy(hostile, "/%s%n\xff\x01", 7);
                        hostile[sizeof(hostile) - 1] = '\0';
                        cache(&s, hostile, 100, 50, NAN);
                        caller(&s, hostile, 50, 100);
                        cgroup(&s, hostile, NULL, CGROUP_PERCPU, 50, 100);
                        process(&s, hostile, hostile, 50, 100, 50, 100);
                        judge(&s);
                        scene_done(&s);
                }
}

static void test_names(void **state)
{
        (void)state;

        for (int i = 0; i < CULPRIT_KIND_COUNT; i++)
                assert_int_equal(culprit_kind_by_name(culprit_kind_name((enum culprit_kind)i)), i);
        assert_int_equal(culprit_kind_by_name("x"), -1);
        for (int i = 0; i < DIMENSION_COUNT; i++)
                assert_int_equal(culprit_dimension_by_name(
                                         culprit_dimension_name((enum culprit_dimension)i)),
                                 i);
        assert_int_equal(culprit_dimension_by_name("KernelStack/threads"), DIMENSION_KERNEL_STACK);
        assert_int_equal(culprit_dimension_by_name("KReclaimable/MemTotal"),
                         DIMENSION_SRECLAIMABLE);
        assert_int_equal(culprit_dimension_by_name("MemAvailable"), -1);
        assert_int_equal(culprit_dimension_by_name("Sla"), -1);
        assert_int_equal(culprit_dimension_by_name("Slabs"), -1);
}

static void test_causes(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                double slab, unreclaim, reclaimable, vmalloc, stack, tables, sec, percpu;
                double threads, cgroups, networks;
                /* expected roots */
                enum culprit_dimension of_slab, of_unreclaim, of_vmalloc, of_percpu, of_tables;
        } cases[] = {
                { "threads", 20, 20, 0, 47, 47, 0.1, 0, 0, 3000, 0, 0, DIMENSION_KERNEL_STACK,
                  DIMENSION_KERNEL_STACK, DIMENSION_KERNEL_STACK, DIMENSION_PERCPU,
                  DIMENSION_PAGE_TABLES },
                { "processes", 30, 28, 2, 16, 16, 84, 0, 0, 1000, 0, 0, DIMENSION_KERNEL_STACK,
                  DIMENSION_KERNEL_STACK, DIMENSION_KERNEL_STACK, DIMENSION_PERCPU,
                  DIMENSION_PAGE_TABLES },
                { "a cache", 100, 100, 0, 1, 1, 0, 0, 0, 60, 0, 0, DIMENSION_SUNRECLAIM,
                  DIMENSION_SUNRECLAIM, DIMENSION_KERNEL_STACK, DIMENSION_PERCPU,
                  DIMENSION_PAGE_TABLES },
                { "dentries", 105, 5, 100, 0, 0, 0, 0, 0, 0, 0, 0, DIMENSION_SRECLAIMABLE,
                  DIMENSION_SUNRECLAIM, DIMENSION_VMALLOC_USED, DIMENSION_PERCPU,
                  DIMENSION_PAGE_TABLES },
                { "two things at once", 100, 100, 0, 147, 47, 0, 0, 0, 3000, 0, 0,
                  DIMENSION_SUNRECLAIM, DIMENSION_SUNRECLAIM, DIMENSION_VMALLOC_USED,
                  DIMENSION_PERCPU, DIMENSION_PAGE_TABLES },
                { "networks", 30, 30, 0, 3, 0, 0, 0, 1.2, 0, 0, 150, DIMENSION_SUNRECLAIM,
                  DIMENSION_SUNRECLAIM, DIMENSION_VMALLOC_USED, DIMENSION_SUNRECLAIM,
                  DIMENSION_PAGE_TABLES },
                { "a per-CPU map", 0, 0, 0, 20, 0, 0, 0, 20, 0, 0, 0, DIMENSION_SLAB,
                  DIMENSION_SUNRECLAIM, DIMENSION_PERCPU, DIMENSION_PERCPU, DIMENSION_PAGE_TABLES },
                { "guests", 0, 0, 0, 0, 0, 50, 48, 0, 0, 0, 0, DIMENSION_SLAB, DIMENSION_SUNRECLAIM,
                  DIMENSION_VMALLOC_USED, DIMENSION_PERCPU, DIMENSION_SEC_PAGE_TABLES },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct cause_input in = { .threads = cases[i].threads,
                                          .cgroups = cases[i].cgroups,
                                          .networks = cases[i].networks,
                                          .possible_cpus = 2,
                                          .stacks_in_vmalloc = true };
                enum culprit_dimension roots[DIMENSION_COUNT];

                for (unsigned f = 0; f < FIELD_MEMINFO_COUNT; f++)
                        in.grown[f] = NAN;
                in.grown[FIELD_SLAB] = cases[i].slab * MIB;
                in.grown[FIELD_SUNRECLAIM] = cases[i].unreclaim * MIB;
                in.grown[FIELD_SRECLAIMABLE] = cases[i].reclaimable * MIB;
                in.grown[FIELD_VMALLOC_USED] = cases[i].vmalloc * MIB;
                in.grown[FIELD_KERNEL_STACK] = cases[i].stack * MIB;
                in.grown[FIELD_PAGE_TABLES] = cases[i].tables * MIB;
                in.grown[FIELD_SEC_PAGE_TABLES] = cases[i].sec * MIB;
                in.grown[FIELD_PERCPU] = cases[i].percpu * MIB;
                cause_find(&in, roots);
                if (roots[DIMENSION_SLAB] != cases[i].of_slab ||
                    roots[DIMENSION_SUNRECLAIM] != cases[i].of_unreclaim ||
                    roots[DIMENSION_VMALLOC_USED] != cases[i].of_vmalloc ||
                    roots[DIMENSION_PERCPU] != cases[i].of_percpu ||
                    roots[DIMENSION_PAGE_TABLES] != cases[i].of_tables)
                        fail_msg("%s: %d %d %d %d %d", cases[i].name, roots[DIMENSION_SLAB],
                                 roots[DIMENSION_SUNRECLAIM], roots[DIMENSION_VMALLOC_USED],
                                 roots[DIMENSION_PERCPU], roots[DIMENSION_PAGE_TABLES]);
                for (int d = 0; d < DIMENSION_COUNT; d++)
                        assert_int_equal(roots[roots[d]], roots[d]);
        }
}

/* The same processes behind page tables and stacks. */
static void test_same_processes(void **state)
{
        (void)state;
        struct culprit_list tables, stacks;
        struct cause_input in = { .possible_cpus = 2, .stacks_in_vmalloc = true, .threads = 1000 };
        enum culprit_dimension roots[DIMENSION_COUNT];

        in.grown[FIELD_KERNEL_STACK] = 16 * MIB;
        in.grown[FIELD_PAGE_TABLES] = 84 * MIB;
        culprit_list_init(&tables, DIMENSION_PAGE_TABLES);
        culprit_list_init(&stacks, DIMENSION_KERNEL_STACK);
        struct culprit *a = culprit_list_add(&tables, CULPRIT_PROCESS);
        struct culprit *b = culprit_list_add(&stacks, CULPRIT_PROCESS);
        a->share = b->share = 0.9;
        strcpy(a->name, "sh");
        strcpy(b->name, "sh");
        in.lists[DIMENSION_PAGE_TABLES] = &tables;
        in.lists[DIMENSION_KERNEL_STACK] = &stacks;
        cause_find(&in, roots);
        assert_int_equal(roots[DIMENSION_PAGE_TABLES], DIMENSION_KERNEL_STACK);
        strcpy(b->name, "java");
        cause_find(&in, roots);
        assert_int_equal(roots[DIMENSION_PAGE_TABLES], DIMENSION_PAGE_TABLES);
        b->share = NAN;
        assert_false(culprit_lists_agree(&tables, &stacks));

        for (unsigned i = 0; i < 2 * CULPRITS_MAX; i++)
                assert_int_equal(culprit_list_add(&tables, CULPRIT_CACHE) != NULL,
                                 i + 1 < CULPRITS_MAX);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_one_cache),     cmocka_unit_test(test_aliases_and_two),
                cmocka_unit_test(test_large_kmalloc), cmocka_unit_test(test_dentries_and_names),
                cmocka_unit_test(test_a_drop),        cmocka_unit_test(test_networks),
                cmocka_unit_test(test_percpu),        cmocka_unit_test(test_vmalloc),
                cmocka_unit_test(test_threads),       cmocka_unit_test(test_page_tables),
                cmocka_unit_test(test_cgroup_tree),   cmocka_unit_test(test_who_is_not_known),
                cmocka_unit_test(test_unaccounted),   cmocka_unit_test(test_sites),
                cmocka_unit_test(test_bases),         cmocka_unit_test(test_hardly),
                cmocka_unit_test(test_nothing_known), cmocka_unit_test(test_names),
                cmocka_unit_test(test_causes),        cmocka_unit_test(test_same_processes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
