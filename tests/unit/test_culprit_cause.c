/* SPDX-License-Identifier: MIT */
/* The words of culprits, and which growth follows from which. */
#include "culprit/cause.h"

#include "../scene.h"

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
                  DIMENSION_KERNEL_STACK },
                { "threads with stacks far apart", 20, 20, 0, 47, 47, 23, 0, 0, 3000, 0, 0,
                  DIMENSION_KERNEL_STACK, DIMENSION_KERNEL_STACK, DIMENSION_KERNEL_STACK,
                  DIMENSION_PERCPU, DIMENSION_KERNEL_STACK },
                { "threads, and mappings beside", 20, 20, 0, 47, 47, 46, 0, 0, 3000, 0, 0,
                  DIMENSION_KERNEL_STACK, DIMENSION_KERNEL_STACK, DIMENSION_KERNEL_STACK,
                  DIMENSION_PERCPU, DIMENSION_PAGE_TABLES },
                { "processes", 30, 28, 2, 16, 16, 84, 0, 0, 1000, 0, 0, DIMENSION_KERNEL_STACK,
                  DIMENSION_KERNEL_STACK, DIMENSION_KERNEL_STACK, DIMENSION_PERCPU,
                  DIMENSION_KERNEL_STACK },
                { "processes with large mappings", 30, 28, 2, 16, 16, 300, 0, 0, 1000, 0, 0,
                  DIMENSION_KERNEL_STACK, DIMENSION_KERNEL_STACK, DIMENSION_KERNEL_STACK,
                  DIMENSION_PERCPU, DIMENSION_PAGE_TABLES },
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
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_causes),
                cmocka_unit_test(test_same_processes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
