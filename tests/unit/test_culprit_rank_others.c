/* SPDX-License-Identifier: MIT */
/* Who is named for a growth of the other dimensions. */
#include "../scene.h"
#include "culprit/modules.h"

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

/* Without allocinfo the kernel does not say whose it is. */
static void test_modules(void **state)
{
        (void)state;
        struct modules m = { .known = false };
        struct scene s;
        char text[64];
        static const char before[] = "ext4 1 1 - Live 0x0\nloop 1 0\n",
                          after[] = "leak 9 0 - Live 0x0 (OE)\nnvidia 1 0\next4 1 1 - Live 0x0\nlo";

        modules_update(&m, before, strlen(before), 1000);
        assert_string_equal(modules_since(&m, 0, text, sizeof(text)), "");
        modules_update(&m, after, strlen(after), 1500);
        assert_string_equal(modules_since(&m, 1400, text, sizeof(text)), "leak, nvidia");
        modules_update(&m, after, strlen(after), 1600);
        assert_string_equal(modules_since(&m, 1501, text, sizeof(text)), "");
        modules_update(&m, "", 0, 1700);
        modules_update(&m, before, strlen(before), 1800);
        assert_string_equal(modules_since(&m, 1400, text, sizeof(text)), "leak, nvidia");

        /* Eight that were known are all gone: what stands there now may be older. */
        struct modules other = { .known = false };
        modules_update(&other, "a\nb\nc\nd\ne\nf\ng\nh\n", 16, 1000);
        modules_update(&other, "older 1 0\n", 10, 1500);
        assert_string_equal(modules_since(&other, 0, text, sizeof(text)), "");

        scene_init(&s, DIMENSION_PERCPU);
        grow(&s, FIELD_PERCPU, 20);
        s.in.modules = "leak, nvidia";
        judge(&s);
        expect_said(s.l.unexplained,
                    "kernel modules loaded in the hour before or since: leak, nvidia");
        cgroup(&s, "/a", NULL, CGROUP_PERCPU, 1, 19);
        judge(&s);
        assert_null(strstr(s.l.unexplained, "modules"));
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
        assert_true(s.l.explained > 0.96);
        assert_string_equal(s.l.unexplained, "");

        s.f.counts[COUNT_TCP_PAGES] += 5120; /* 20 MiB */
        judge(&s);
        expect(&s, 0, CULPRIT_PAGES, "pages of TCP buffers", 0.5);
        s.in.grown = NAN;
        judge(&s);
        scene_done(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_percpu),      cmocka_unit_test(test_vmalloc),
                cmocka_unit_test(test_threads),     cmocka_unit_test(test_page_tables),
                cmocka_unit_test(test_unaccounted), cmocka_unit_test(test_modules),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
