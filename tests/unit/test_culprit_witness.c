/* SPDX-License-Identifier: MIT */
/* Looks at recorded machines, in slices and with deadlines; and the witness that takes them, asked
 * about a real growth: debian12-growth was recorded before and after 2,000 pairs of unix sockets in
 * web.service and 300 threads in a scope with a container's name. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../test.h"
#include "../witness.h"
#include "base/files.h"
#include "base/macros.h"
#include "base/procfs.h"
#include "culprit/look.h"
#include "culprit/witness.h"
#include "sample/host.h"

static const enum source all_sources[] = { SOURCE_COUNTS,    SOURCE_SLABINFO,    SOURCE_CGROUPS,
                                           SOURCE_PROCESSES, SOURCE_VMALLOCINFO, SOURCE_ALLOCINFO,
                                           SOURCE_ALIASES,   SOURCE_MAPS };

static double get(const struct findings *f, enum table table, const char *name, unsigned column)
{
        const struct tally *t = &f->tables[table];
        int row = tally_find(t, tally_key(0, name, strlen(name)));

        if (row < 0)
                fail_msg("no row '%s'", name);
        return tally_now(t, (unsigned)row)[column];
}

static void take(const char *root, double slice, double length, struct findings *f,
                 unsigned *ret_slices)
{
        struct procfs p;
        struct look *l;

        assert_int_equal(procfs_init(&p, root), 0);
        assert_int_equal(look_new(&p, fake_clock, &l), 0);
        assert_false(look_is_running(l));
        look_start(l, all_sources, ELEMENTS_OF(all_sources), 42, clock_time + length, true, f);
        for (*ret_slices = 1; look_step(l, clock_time + slice); ++*ret_slices)
                assert_true(look_is_running(l));
        assert_false(look_is_running(l));
        assert_false(look_step(l, clock_time + slice));
        look_free(l);
        procfs_done(&p);
}

#define DOCKER                                                                               \
        "/system.slice/docker-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abc" \
        "def.scope"

static void test_look(void **state)
{
        (void)state;
        struct findings f;
        unsigned slices;

        clock_pace = 1e-5;
        assert_int_equal(findings_init(&f, true), 0);
        take(GROWTH "after", 10, 10, &f, &slices);
        assert_int_equal(slices, 1);
        assert_true(f.time == 42);
        assert_true(f.fields[FIELD_SUNRECLAIM] == 21412 * 1024.0);
        assert_true(f.fields_at[TABLE_CGROUPS][FIELD_SUNRECLAIM] == 21412 * 1024.0);

        for (unsigned i = 0; i < SOURCE_COUNT; i++)
                assert_int_equal(f.state[i], i == SOURCE_ALLOCINFO || i == SOURCE_MAPS
                                                     ? SOURCE_MISSING
                                                     : SOURCE_DONE);
        assert_true(get(&f, TABLE_CACHES, "PING", CACHE_BYTES) == 253 * 4 * 4096.0);
        assert_true(get(&f, TABLE_CACHES, "PING", CACHE_OBJECTS) == 4048);
        assert_true(get(&f, TABLE_CACHES, "PING", CACHE_RECLAIMABLE) == 0);
        assert_true(get(&f, TABLE_CACHES, "dentry", CACHE_RECLAIMABLE) == 1);
        assert_false(f.slab_lists_all);

        const struct tally *aliases = &f.tables[TABLE_ALIASES];
        int ping = tally_find(aliases, tally_key(0, "PING", 4));
        int unix_socket = tally_find(aliases, tally_key(0, "UNIX", 4));
        assert_true(ping >= 0 && unix_socket >= 0);
        assert_true(aliases->rows[ping].parent == aliases->rows[unix_socket].parent);

        assert_true(get(&f, TABLE_CALLERS, "kernel_clone", CALLER_AREAS) >= 350);
        assert_true(get(&f, TABLE_CALLERS, "kernel_clone", CALLER_BYTES) ==
                    16384 * get(&f, TABLE_CALLERS, "kernel_clone", CALLER_AREAS));

        assert_true(get(&f, TABLE_COMMANDS, "fault", PROCESS_COUNT) == 2);
        assert_true(get(&f, TABLE_COMMANDS, "fault", PROCESS_THREADS) == 302);
        assert_true(get(&f, TABLE_COMMANDS, "[kworker]", PROCESS_COUNT) == 3);
        assert_true(get(&f, TABLE_PLACES, DOCKER, PROCESS_THREADS) == 302);

        assert_false(f.cgroups_are_v1 || f.cgroups_are_own || f.cgroups_cut);
        assert_true(get(&f, TABLE_CGROUPS, DOCKER, CGROUP_KERNEL_STACK) == 4931584);
        const struct tally *cgroups = &f.tables[TABLE_CGROUPS];
        int docker = tally_find(cgroups, tally_key(0, DOCKER, strlen(DOCKER)));
        int slice = tally_find(cgroups, tally_key(0, "/system.slice", 13));
        assert_true(slice >= 0);
        assert_true(cgroups->rows[docker].parent == cgroups->rows[slice].key);
        assert_true(cgroups->rows[slice].parent == 0);

        assert_true(f.counts[COUNT_FILES] > 4000);
        assert_true(f.counts[COUNT_NET_NAMESPACES] > 0);
        findings_done(&f);
}

static void test_slices(void **state)
{
        (void)state;
        struct findings f, whole;
        unsigned slices;

        assert_int_equal(findings_init(&f, true), 0);
        assert_int_equal(findings_init(&whole, true), 0);
        clock_pace = 1e-5;
        take(GROWTH "after", 10, 10, &whole, &slices);
        take(GROWTH "after", 0, 10, &f, &slices); /* a slice of no length: one step at a time */
        assert_true(slices > 50);
        for (unsigned i = 0; i < TABLE_COUNT; i++)
                assert_int_equal(f.tables[i].count, whole.tables[i].count);
        take(GROWTH "after", 5e-5, 10, &f, &slices); /* five readings of the clock */
        assert_true(slices > 5);
        assert_true(get(&f, TABLE_COMMANDS, "fault", PROCESS_THREADS) == 302);

        /* Its deadline comes first. */
        clock_pace = 1e-3;
        take(GROWTH "after", 1e-3, 0.005, &f, &slices);
        assert_int_equal(f.state[SOURCE_COUNTS], SOURCE_DONE);
        assert_int_equal(f.state[SOURCE_MAPS], SOURCE_LATE);
        clock_pace = 1e-5;
        findings_done(&f);
        findings_done(&whole);
}

static void test_nothing_there(void **state)
{
        (void)state;
        struct findings f;
        unsigned slices;

        assert_int_equal(findings_init(&f, true), 0);
        take("tests/roots/epyc-128", 10, 10, &f, &slices);
        assert_int_equal(f.state[SOURCE_SLABINFO], SOURCE_MISSING);
        assert_int_equal(f.state[SOURCE_CGROUPS], SOURCE_MISSING);
        assert_int_equal(f.state[SOURCE_ALIASES], SOURCE_MISSING);
        assert_true(isnan(f.counts[COUNT_FILES]));
        findings_done(&f);
}

/* Files of a temporary root. */
struct made {
        char root[64];
};

static void made_init(struct made *m)
{
        (void)snprintf(m->root, sizeof(m->root), "/tmp/kmemwatch-culprit-XXXXXX");
        assert_non_null(mkdtemp(m->root));
        assert_int_equal(chmod(m->root, 0755), 0);
}

static void made_file(const struct made *m, const char *path, const char *text, mode_t mode)
{
        char full[512];

        (void)snprintf(full, sizeof(full), "%s/%s", m->root, path);
        *strrchr(full, '/') = '\0';
        assert_int_equal(make_directory(full, 0755), 0);
        (void)snprintf(full, sizeof(full), "%s/%s", m->root, path);
        (void)unlink(full);
        int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write_all(fd, text, strlen(text)), 0);
        assert_int_equal(fchmod(fd, mode), 0);
        (void)close(fd);
}

static void made_done(const struct made *m)
{
        char command[128];

        (void)snprintf(command, sizeof(command), "rm -rf %s", m->root);
        assert_int_equal(system(command), 0);
}

static void test_rights_and_garbage(void **state)
{
        (void)state;
        struct made m;
        struct findings f;
        unsigned slices;
        bool root = geteuid() == 0;

        made_init(&m);
        made_file(&m, "proc/meminfo", "MemTotal: 1000 kB\nSlab: 100 kB\n", 0644);
        made_file(&m, "proc/slabinfo", "slabinfo - version: 2.1\n", 0);
        made_file(&m, "proc/vmallocinfo", "nonsense\n\n\xff\xff\n", 0644);
        made_file(&m, "proc/allocinfo/this-is-a-folder", "", 0644);
        made_file(&m, "proc/1/status", "Name:\tsystemd\n", 0644); /* without Threads */
        made_file(&m, "sys/fs/cgroup/cgroup.controllers", "cpu memory_x xmemory\n", 0644);
        assert_int_equal(findings_init(&f, true), 0);
        if (root)
                assert_int_equal(seteuid(65534), 0);
        take(m.root, 10, 10, &f, &slices);
        if (root)
                assert_int_equal(seteuid(0), 0);
        assert_int_equal(f.state[SOURCE_SLABINFO], SOURCE_DENIED);
        assert_int_equal(f.state[SOURCE_VMALLOCINFO], SOURCE_FAILED);
        assert_int_equal(f.state[SOURCE_ALLOCINFO], SOURCE_FAILED);
        assert_int_equal(f.state[SOURCE_PROCESSES], SOURCE_FAILED);
        assert_int_equal(f.state[SOURCE_CGROUPS], SOURCE_MISSING);
        made_done(&m);
        findings_done(&f);
}

static void test_cgroup_v1(void **state)
{
        (void)state;
        struct made m;
        struct findings f;
        unsigned slices;

        made_init(&m);
        made_file(&m, "sys/fs/cgroup/memory/memory.kmem.usage_in_bytes", "99999999\n", 0644);
        made_file(&m, "sys/fs/cgroup/memory/a/memory.kmem.usage_in_bytes", "5000000\n", 0644);
        made_file(&m, "sys/fs/cgroup/memory/a/b/memory.kmem.usage_in_bytes", "4000000\n", 0644);
        made_file(&m, "sys/fs/cgroup/memory/small/memory.kmem.usage_in_bytes", "500000\n", 0644);
        made_file(&m, "sys/fs/cgroup/memory/small/x/memory.kmem.usage_in_bytes", "400000\n", 0644);
        made_file(&m, "sys/fs/cgroup/memory/none/memory.kmem.usage_in_bytes", "5\n", 0644);
        made_file(&m, "sys/fs/cgroup/memory/odd/memory.kmem.usage_in_bytes", "max\n", 0644);
        assert_int_equal(findings_init(&f, true), 0);
        take(m.root, 10, 10, &f, &slices);
        assert_int_equal(f.state[SOURCE_CGROUPS], SOURCE_DONE);
        assert_true(f.cgroups_are_v1);
        assert_int_equal(f.tables[TABLE_CGROUPS].count, 3);
        assert_true(get(&f, TABLE_CGROUPS, "/a", CGROUP_KERNEL) == 5000000);
        assert_true(get(&f, TABLE_CGROUPS, "/a/b", CGROUP_KERNEL) == 4000000);
        assert_true(isnan(get(&f, TABLE_CGROUPS, "/a", CGROUP_PERCPU)));
        assert_true(get(&f, TABLE_CGROUPS, "/small", CGROUP_KERNEL) == 500000);
        made_done(&m);
        findings_done(&f);
}

/* --- the witness --- */

static const struct culprit *only_of(const struct culprit_list *l, enum culprit_kind kind)
{
        for (unsigned i = 0; i < l->count; i++)
                if (l->culprits[i].kind == kind)
                        return &l->culprits[i];
        fail_msg("no culprit of kind %s", culprit_kind_name(kind));
        return NULL;
}

static void answer(struct witness *w, enum culprit_dimension d, double since, double until,
                   struct culprit_list *ret)
{
        const struct witness_question q = {
                .dimension = d, .since = since, .until = until, .grown = NAN, .host = &host
        };

        witness_answer(w, &q, ret);
}

static void test_growth_is_explained(void **state)
{
        (void)state;
        struct procfs p = { .root_fd = -1 };
        struct witness *w;
        struct culprit_list l;
        char text[512];
        double base = clock_time = 5000;

        clock_pace = 1e-6;
        go_to(&p, GROWTH "before");
        assert_int_equal(witness_new(&p, fake_clock, &w), 0);
        assert_true(isnan(witness_looked(w)));
        assert_true(witness_due(w) <= clock_time);
        run(w, 1e9);                               /* a snapshot */
        assert_true(witness_due(w) < base + 3.01); /* then a deep look to compare with */
        clock_time = base + 3;
        run(w, 1e9 + 3);
        assert_true(witness_looked(w) == 1e9 + 3);
        assert_true(witness_due(w) < base + 13); /* 0.1 ms that it took, a hundred thousandfold */

        go_to(&p, GROWTH "after");
        clock_time = base + 30;
        assert_int_equal(witness_ask(w, DIMENSION_SUNRECLAIM), 0);
        assert_true(witness_is_looking(w));
        assert_true(witness_due(w) <= clock_time);
        run(w, 1e9 + 30);
        assert_false(witness_is_looking(w));

        answer(w, DIMENSION_SUNRECLAIM, 1e9 + 5, 1e9 + 30, &l);
        assert_false(l.from_snapshot || l.sizes);
        assert_true(l.grown == (21412 - 12156) * 1024.0);
        assert_int_equal(l.culprits[0].kind, CULPRIT_CACHE);
        assert_string_equal(l.culprits[0].name, "PING");
        assert_non_null(strstr(l.culprits[0].label, "UNIX"));
        assert_true(l.culprits[0].bytes == (253 - 5) * 4 * 4096.0);
        assert_true(fabs(l.culprits[0].share - 0.43) < 0.01);
        assert_true(l.culprits[0].since == 1e9);
        assert_true(l.explained > 0.95);
        assert_string_equal(only_of(&l, CULPRIT_CGROUP)->label, "web.service (python3)");
        assert_non_null(strstr(culprit_text(&l, text, sizeof(text)), "43 % of it is PING"));

        answer(w, DIMENSION_KERNEL_STACK, 1e9 + 5, 1e9 + 30, &l);
        assert_string_equal(l.culprits[0].name, "fault");
        assert_true(l.culprits[0].since == 1e9 + 3); /* processes are seen in deep looks only */
        assert_true(l.culprits[0].share > 0.95);
        assert_non_null(strstr(l.culprits[0].note, "in docker container 0123456789ab"));
        assert_string_equal(only_of(&l, CULPRIT_CGROUP)->label,
                            "docker container 0123456789ab (fault)");
        assert_true(l.charged > 0.95);

        answer(w, DIMENSION_VMALLOC_USED, 1e9 + 5, 1e9 + 30, &l);
        assert_int_equal(l.culprits[0].kind, CULPRIT_STACKS);
        assert_string_equal(only_of(&l, CULPRIT_PROCESS)->name, "fault");
        assert_string_equal(culprit_text(&l, text, sizeof(text)),
                            "92 % of it is kernel stacks of threads, of fault, charged to docker "
                            "container 0123456789ab (fault)");

        /* Who has it, not who grew. */
        const struct witness_question q = { .dimension = DIMENSION_SUNRECLAIM,
                                            .sizes = true,
                                            .since = NAN,
                                            .until = 1e9 + 30,
                                            .grown = NAN,
                                            .host = &host };
        witness_answer(w, &q, &l);
        assert_true(l.sizes);
        assert_true(l.grown == 21412 * 1024.0);
        assert_true(l.culprits[0].bytes >= 253 * 4 * 4096.0);

        /* The wall clock is set forward by an hour: the same growth. */
        witness_shift(w, 3600);
        answer(w, DIMENSION_KERNEL_STACK, 1e9 + 3605, 1e9 + 3630, &l);
        assert_string_equal(l.culprits[0].name, "fault");
        witness_free(w);
        procfs_done(&p);
}

/* No look since it began: a glance is taken, and what it cannot show is said. */
static void test_without_a_look(void **state)
{
        (void)state;
        struct procfs p = { .root_fd = -1 };
        struct witness *w;
        struct culprit_list l;

        clock_time = 5000;
        clock_pace = 1e-6;
        go_to(&p, GROWTH "before");
        assert_int_equal(witness_new(&p, fake_clock, &w), 0);
        run(w, 1e9);
        go_to(&p, GROWTH "after");
        clock_time += 30;
        answer(w, DIMENSION_SUNRECLAIM, 1e9 + 20, 1e9 + 30, &l);
        assert_true(l.from_snapshot);
        assert_string_equal(l.culprits[0].name, "PING");
        assert_string_equal(only_of(&l, CULPRIT_CGROUP)->label, "web.service");
        assert_true(witness_snapshot(w)->time == 1e9 + 30);

        answer(w, DIMENSION_KERNEL_STACK, 1e9 + 20, 1e9 + 30, &l);
        assert_true(l.from_snapshot);
        assert_non_null(strstr(l.hidden, "processes"));
        assert_string_equal(l.culprits[0].label, "docker container 0123456789ab");

        /* Into the middle of a look. */
        clock_time += 60;
        assert_int_equal(witness_ask(w, DIMENSION_PERCPU), 0);
        assert_true(witness_step(w, 1e9 + 90, clock_time));
        witness_glance(w, 1e9 + 91);
        assert_false(witness_is_looking(w));
        assert_true(witness_snapshot(w)->time == 1e9 + 91);
        witness_free(w);
        procfs_done(&p);
}

static void test_right_after_the_start(void **state)
{
        (void)state;
        struct procfs p = { .root_fd = -1 };
        struct witness *w;
        struct culprit_list l;

        clock_time = 5000;
        go_to(&p, GROWTH "after");
        assert_int_equal(witness_new(&p, fake_clock, &w), 0);
        for (int d = 0; d < DIMENSION_COUNT; d++) {
                answer(w, (enum culprit_dimension)d, 1e9 - 100, 1e9, &l);
                assert_true(l.count == 0 || l.sizes);
        }
        answer(w, DIMENSION_SLAB, 1e9 - 100, 1e9, &l);
        assert_true(l.count > 0);
        assert_non_null(strstr(l.hidden, "no earlier look"));
        witness_free(w);
        procfs_done(&p);
}

#define CONTAINER "0123456789ab0123456789ab0123456789ab0123456789ab0123456789ab0123"
#define POD_SLICE                                                         \
        "sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/kubepods-" \
        "burstable-pod1a2b3c4d_0000.slice"
#define POD_SCOPE POD_SLICE "/cri-containerd-" CONTAINER ".scope"

/* A machine of Kubernetes on a kernel that keeps account of allocations, before and after a driver
 * leaked 64 MiB by kmalloc and 8 MiB of it in a container. */
static void make_pod(const struct made *m, bool after)
{
        static const char *const folders[] = {
                "sys/fs/cgroup/kubepods.slice",
                "sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice", POD_SLICE, POD_SCOPE
        };
        char path[512], text[256];
        made_file(m, "proc/meminfo",
                  after ? "MemTotal: 8000000 kB\nSlab: 200000 kB\nSUnreclaim: 165536 kB\n"
                        : "MemTotal: 8000000 kB\nSlab: 134464 kB\nSUnreclaim: 100000 kB\n",
                  0644);
        (void)snprintf(text, sizeof(text),
                       "slabinfo - version: 2.1\n"
                       "kmalloc-4k %d %d 4096 8 8 : tunables 0 0 0 : slabdata %d %d 0\n",
                       after ? 16640 : 256, after ? 16640 : 256, after ? 2080 : 32,
                       after ? 2080 : 32);
        made_file(m, "proc/slabinfo", text, 0644);
        (void)snprintf(text, sizeof(text),
                       "allocinfo - version: 2.0\n#     <size>  <calls> <tag info>\n"
                       " 9999999 2 mm/slub.c:2500 func:alloc_slab_page\n"
                       " %d 99 drivers/leaky/ring.c:77 [leaky] func:ring_grow accurate:no\n",
                       after ? 67000000 : 100000);
        made_file(m, "proc/allocinfo", text, 0644);
        made_file(m, "sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory\n", 0644);
        for (size_t i = 0; i < ELEMENTS_OF(folders); i++) {
                (void)snprintf(path, sizeof(path), "%s/memory.stat", folders[i]);
                (void)snprintf(text, sizeof(text), "kernel %d\nslab_unreclaimable %d\n",
                               after ? 12000000 : 3000000, after ? 10388608 : 2000000);
                made_file(m, path, text, 0644);
        }
}

static void test_allocinfo_and_pods(void **state)
{
        (void)state;
        struct procfs p = { .root_fd = -1 };
        struct made m;
        struct witness *w;
        struct culprit_list l;
        char text[256];
        double base = clock_time = 5000;

        made_init(&m);
        make_pod(&m, false);
        clock_pace = 1e-6;
        go_to(&p, m.root);
        assert_int_equal(witness_new(&p, fake_clock, &w), 0);
        run(w, 1e9);
        clock_time = base + 3.1;
        run(w, 1e9 + 3);
        make_pod(&m, true);
        clock_time = base + 60;
        assert_int_equal(witness_ask(w, DIMENSION_SUNRECLAIM), 0);
        run(w, 1e9 + 60);
        answer(w, DIMENSION_SUNRECLAIM, 1e9 + 4, 1e9 + 60, &l);
        assert_string_equal(l.culprits[0].name, "kmalloc-4k");
        assert_true(l.culprits[0].share > 0.99 && l.explained > 0.99);
        assert_string_equal(only_of(&l, CULPRIT_SITE)->name,
                            "ring_grow drivers/leaky/ring.c:77 [leaky]");
        assert_string_equal(only_of(&l, CULPRIT_CGROUP)->label,
                            "containerd container 0123456789ab of pod 1a2b3c4d-0000");
        assert_true(fabs(l.charged - 0.125) < 0.01);
        assert_non_null(strstr(l.unexplained, "88 % is charged to no cgroup"));
        assert_string_equal(witness_denied(w, text, sizeof(text)), "");

        /* What no right that the service may have would open is not asked for. */
        struct findings *deep = (struct findings *)(uintptr_t)witness_deep(w);
        deep->state[SOURCE_MAPS] = SOURCE_DENIED;
        assert_string_equal(witness_denied(w, text, sizeof(text)), "");
        deep->state[SOURCE_SLABINFO] = SOURCE_DENIED;
        assert_string_equal(witness_denied(w, text, sizeof(text)), "slab caches (/proc/slabinfo)");
        witness_free(w);
        procfs_done(&p);
        made_done(&m);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_look),
                cmocka_unit_test(test_slices),
                cmocka_unit_test(test_nothing_there),
                cmocka_unit_test(test_rights_and_garbage),
                cmocka_unit_test(test_cgroup_v1),
                cmocka_unit_test(test_growth_is_explained),
                cmocka_unit_test(test_without_a_look),
                cmocka_unit_test(test_right_after_the_start),
                cmocka_unit_test(test_allocinfo_and_pods),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
