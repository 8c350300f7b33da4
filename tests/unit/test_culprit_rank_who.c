/* SPDX-License-Identifier: MIT */
/* Who a growth is charged to, and what is said when little is known. */
#include "../scene.h"

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

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cgroup_tree),   cmocka_unit_test(test_who_is_not_known),
                cmocka_unit_test(test_bases),         cmocka_unit_test(test_hardly),
                cmocka_unit_test(test_nothing_known),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
