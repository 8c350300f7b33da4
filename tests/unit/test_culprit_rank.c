/* SPDX-License-Identifier: MIT */
/* Who is named for a growth of slab memory: tables made by hand, each with one cause. */
#include "../scene.h"

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
        cache(&s, "kmalloc-64", 100, 25, 0); /* shares are of the 90 that went */
        cache(&s, "filp", 5, 15, 0);         /* grew meanwhile */
        cgroup(&s, "/a", NULL, CGROUP_SLAB_UNRECLAIMABLE, 80, 4);
        judge(&s);
        assert_true(s.l.grown == -80 * MIB);
        expect(&s, 0, CULPRIT_CACHE, "kmalloc-64", 0.83);
        expect(&s, 1, CULPRIT_LARGE_KMALLOC, "kmalloc-large", 0.17);
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

/* The look ended before all caches were read: of the others nothing is known, not that they are
 * gone, nor that what is missing stands in none of them. */
static void test_half_read(void **state)
{
        (void)state;
        struct scene s;

        scene_init(&s, DIMENSION_SUNRECLAIM);
        s.f.state[SOURCE_SLABINFO] = SOURCE_LATE;
        grow(&s, FIELD_SUNRECLAIM, 100);
        cache(&s, "kmalloc-64", 10, 60, 0);
        cache(&s, "filp", 40, 0, 0);
        judge(&s);
        expect(&s, 0, CULPRIT_CACHE, "kmalloc-64", 0.5);
        assert_int_equal(s.l.count, 1);
        assert_true(fabs(s.l.explained - 0.5) < 0.001);
        expect_said(s.l.hidden, "no time to read all slab caches");
        assert_null(strstr(s.l.unexplained, "%"));
        scene_done(&s);

        scene_init(&s, DIMENSION_SUNRECLAIM);
        s.f.state[SOURCE_SLABINFO] = SOURCE_LATE;
        grow(&s, FIELD_SUNRECLAIM, -50);
        cache(&s, "filp", 50, 0, 0);
        judge(&s);
        assert_int_equal(s.l.count, 0);
        scene_done(&s);

        scene_init(&s, DIMENSION_VMALLOC_USED);
        s.f.state[SOURCE_VMALLOCINFO] = SOURCE_LATE;
        grow(&s, FIELD_VMALLOC_USED, 100);
        caller(&s, "leak_vmalloc", 0, 30);
        caller(&s, "bpf_map_area_alloc", 60, 0);
        judge(&s);
        expect(&s, 0, CULPRIT_CALLER, "leak_vmalloc", 0.3);
        assert_null(strstr(s.l.unexplained, "stands in no area"));
        scene_done(&s);
}

/* One fault ended and another came within the time that is looked at: the caches of the first give
 * back what those of the second take, so that these grew by more than the whole. */
static void test_one_after_another(void **state)
{
        (void)state;
        struct scene s;

        scene_init(&s, DIMENSION_SUNRECLAIM);
        grow(&s, FIELD_SUNRECLAIM, 44);
        cache(&s, "kmalloc-cg-4k", 0, 32, 0);
        cache(&s, "msg_msg-4k", 0, 32, 0);
        cache(&s, "task_struct", 20, 0, 0);
        cgroup(&s, "/a", NULL, CGROUP_SLAB_UNRECLAIMABLE, 1, 65);
        cgroup(&s, "/b", NULL, CGROUP_SLAB_UNRECLAIMABLE, 21, 1);
        judge(&s);
        expect(&s, 0, CULPRIT_CACHE, "kmalloc-cg-4k", 0.5);
        expect(&s, 1, CULPRIT_CACHE, "msg_msg-4k", 0.5);
        assert_true(s.l.culprits[0].bytes == 32 * MIB);
        expect(&s, 2, CULPRIT_CGROUP, "/a", 1);
        assert_true(s.l.explained == 1);
        expect_said(s.l.unexplained, "20 MiB were given back elsewhere meanwhile");
        expect_text(&s, "50 % of it is kmalloc-cg-4k, 50 % is msg_msg-4k, charged to a");
        scene_done(&s);

        /* The other way round: a drop. */
        scene_init(&s, DIMENSION_SUNRECLAIM);
        grow(&s, FIELD_SUNRECLAIM, -50);
        cache(&s, "kmalloc-1k", 60, 0, 0);
        cache(&s, "filp", 0, 10, 0);
        judge(&s);
        expect(&s, 0, CULPRIT_CACHE, "kmalloc-1k", 1);
        expect_said(s.l.unexplained, "10 MiB were taken elsewhere meanwhile");
        scene_done(&s);

        scene_init(&s, DIMENSION_KERNEL_STACK);
        grow(&s, FIELD_KERNEL_STACK, 16);
        process(&s, "java", "/a", 0, 1024, 0, 0);
        process(&s, "php", "/b", 0, 1024, 0, 0);
        process(&s, "make", "/c", 1024, 0, 0, 0);
        judge(&s);
        expect(&s, 0, CULPRIT_PROCESS, "java", 0.5);
        expect(&s, 1, CULPRIT_PROCESS, "php", 0.5);
        scene_done(&s);
}

/* The same memory seen from two sides is not told as a sum. */
static void test_two_sides(void **state)
{
        (void)state;
        struct scene s;
        double *then;

        scene_init(&s, DIMENSION_SUNRECLAIM);
        grow(&s, FIELD_SUNRECLAIM, 100);
        s.f.state[SOURCE_ALLOCINFO] = SOURCE_DONE;
        cache(&s, "kmalloc-64", 10, 108, 0);
        row_at(&s, TABLE_SITES, "leak_init drivers/misc/leak.c:12 [leak]", NULL,
               &then)[SITE_BYTES] = 97 * MIB;
        then[SITE_BYTES] = 0;
        judge(&s);
        expect_text(&s, "98 % of it is kmalloc-64, asked for by leak_init "
                        "drivers/misc/leak.c:12 [leak]");
        scene_done(&s);

        scene_init(&s, DIMENSION_SUNRECLAIM);
        grow(&s, FIELD_SUNRECLAIM, 100);
        s.f.counts[COUNT_NET_NAMESPACES] += 400;
        cache(&s, "kmalloc-4k", 10, 50, 0);
        cache(&s, "net_namespace", 10, 40, 0);
        judge(&s);
        expect(&s, 0, CULPRIT_OBJECTS, "network namespaces", 0.78);
        expect(&s, 1, CULPRIT_CACHE, "kmalloc-4k", 0.4);
        expect_text(&s, "about 78 % of it is 400 more network namespaces");
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

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_one_cache),     cmocka_unit_test(test_aliases_and_two),
                cmocka_unit_test(test_large_kmalloc), cmocka_unit_test(test_dentries_and_names),
                cmocka_unit_test(test_a_drop),        cmocka_unit_test(test_networks),
                cmocka_unit_test(test_sites),         cmocka_unit_test(test_one_after_another),
                cmocka_unit_test(test_two_sides),     cmocka_unit_test(test_half_read),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
