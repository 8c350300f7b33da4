/* SPDX-License-Identifier: MIT */
/* The kernel's own arithmetic of what comes along with what. */
#include "culprit/cause.h"

#include <assert.h>
#include <math.h>

#include "base/macros.h"

/* This much of a growth has to follow from another for it to be no news of its own. */
static const double MOST = 0.6;

/* Measured on 6.18: bytes of SUnreclaim and, for each possible CPU, of Percpu. A process that is
 * forked has its own memory map, signal and file tables, a thread shares them. */
static const double THREAD_SLAB = 6860, PROCESS_SLAB = 32768;
/* A thread that has touched its stack and its part of the heap has a page of tables for each; a
 * process of its own has 40 to 110 KiB. */
static const double THREAD_TABLES = 8192, PROCESS_TABLES = 65536;
static const double CGROUP_SLAB = 19456, CGROUP_PERCPU_EACH = 2048;
static const double NETWORK_SLAB = 204800, NETWORK_PERCPU_EACH = 3072;

static double positive(double x)
{
        return x > 0 ? x : 0; /* NaN too */
}

/* With page tables of their own they are processes. */
static bool are_processes(const double *grown)
{
        return grown[FIELD_PAGE_TABLES] > grown[FIELD_KERNEL_STACK];
}

/* How many bytes of `d` follow from the growth of `root`. */
static double follows(const struct cause_input *in, enum culprit_dimension d,
                      enum culprit_dimension root)
{
        const double *grown = in->grown;
        double objects_slab =
                positive(in->cgroups) * CGROUP_SLAB + positive(in->networks) * NETWORK_SLAB;
        double objects_percpu = (positive(in->cgroups) * CGROUP_PERCPU_EACH +
                                 positive(in->networks) * NETWORK_PERCPU_EACH) *
                                in->possible_cpus;

        switch (root) {
        case DIMENSION_KERNEL_STACK:
                if (d == DIMENSION_VMALLOC_USED && in->stacks_in_vmalloc)
                        return grown[FIELD_KERNEL_STACK];
                if (d == DIMENSION_SUNRECLAIM || d == DIMENSION_SLAB)
                        return positive(in->threads) *
                               (are_processes(grown) ? PROCESS_SLAB : THREAD_SLAB);
                if (d == DIMENSION_PAGE_TABLES)
                        return positive(in->threads) *
                               (are_processes(grown) ? PROCESS_TABLES : THREAD_TABLES);
                return 0;
        case DIMENSION_PERCPU:
                return d == DIMENSION_VMALLOC_USED
                               ? positive(grown[FIELD_PERCPU]) * 2 / in->possible_cpus
                               : 0;
        case DIMENSION_SEC_PAGE_TABLES:
                return d == DIMENSION_PAGE_TABLES ? grown[FIELD_SEC_PAGE_TABLES] : 0;
        case DIMENSION_SUNRECLAIM:
                if (d == DIMENSION_SLAB)
                        return grown[FIELD_SUNRECLAIM];
                /* the same objects in both */
                return d == DIMENSION_PERCPU &&
                                       objects_slab >= MOST * positive(grown[FIELD_SUNRECLAIM])
                               ? objects_percpu
                               : 0;
        case DIMENSION_SRECLAIMABLE:
                return d == DIMENSION_SLAB ? grown[FIELD_SRECLAIMABLE] : 0;
        default:
                return 0;
        }
}

static double growth_of(const struct cause_input *in, enum culprit_dimension d)
{
        static const int fields[] = {
                [DIMENSION_SLAB] = FIELD_SLAB,
                [DIMENSION_SRECLAIMABLE] = FIELD_SRECLAIMABLE,
                [DIMENSION_SUNRECLAIM] = FIELD_SUNRECLAIM,
                [DIMENSION_VMALLOC_USED] = FIELD_VMALLOC_USED,
                [DIMENSION_KERNEL_STACK] = FIELD_KERNEL_STACK,
                [DIMENSION_PAGE_TABLES] = FIELD_PAGE_TABLES,
                [DIMENSION_SEC_PAGE_TABLES] = FIELD_SEC_PAGE_TABLES,
                [DIMENSION_PERCPU] = FIELD_PERCPU,
                [DIMENSION_UNACCOUNTED] = -1,
        };
        static_assert(ELEMENTS_OF(fields) == DIMENSION_COUNT, "one for each");

        return fields[d] < 0 ? 0 : positive(in->grown[fields[d]]);
}

/* The arithmetic that binds page tables to threads is loose: where it is known which processes are
 * behind both, that decides. */
static bool comes_from(const struct cause_input *in, enum culprit_dimension d,
                       enum culprit_dimension root, double growth)
{
        const struct culprit_list *a = in->lists[d], *b = in->lists[root];

        if (d == DIMENSION_PAGE_TABLES && root == DIMENSION_KERNEL_STACK && a && b)
                return culprit_lists_agree(a, b);
        return follows(in, d, root) >= MOST * growth;
}

void cause_find(const struct cause_input *in, enum culprit_dimension ret[DIMENSION_COUNT])
{
        /* Whose growth others follow, the first that fits; none of them follows a later one. */
        static const enum culprit_dimension roots[] = {
                DIMENSION_KERNEL_STACK, DIMENSION_SEC_PAGE_TABLES, DIMENSION_SUNRECLAIM,
                DIMENSION_PERCPU,       DIMENSION_SRECLAIMABLE,
        };

        for (int d = 0; d < DIMENSION_COUNT; d++) {
                double growth = growth_of(in, (enum culprit_dimension)d);

                ret[d] = (enum culprit_dimension)d;
                for (size_t i = 0; growth > 0 && i < ELEMENTS_OF(roots); i++) {
                        enum culprit_dimension root = roots[i];

                        if ((int)root == d)
                                break;
                        if (growth_of(in, root) > 0 &&
                            comes_from(in, (enum culprit_dimension)d, root, growth)) {
                                ret[d] = root;
                                break;
                        }
                }
        }
        /* A root may follow another itself: Slab from SUnreclaim from KernelStack. */
        for (int d = 0; d < DIMENSION_COUNT; d++)
                while (ret[ret[d]] != ret[d])
                        ret[d] = ret[ret[d]];
}
