/* SPDX-License-Identifier: MIT */
/* The texts of a memory cgroup. Pure. */
#pragma once

#include <stddef.h>

/* What the kernel charges to a cgroup, with all below it: lines of memory.stat. */
enum cgroup_number {
        CGROUP_KERNEL, /* since 5.18; before, and on cgroup v1, see below */
        CGROUP_KERNEL_STACK,
        CGROUP_PAGE_TABLES,     /* since 5.11 */
        CGROUP_SEC_PAGE_TABLES, /* since 6.1 */
        CGROUP_PERCPU,          /* since 5.9 */
        CGROUP_VMALLOC,         /* since 5.19, without kernel stacks */
        CGROUP_SLAB_RECLAIMABLE,
        CGROUP_SLAB_UNRECLAIMABLE,
        CGROUP_SOCK, /* buffers of sockets: not part of CGROUP_KERNEL */
        CGROUP_NUMBER_COUNT,
};

enum {
        /* memory.stat of 6.18 is 1.6 KiB; the kernel adds lines. */
        CGROUP_TEXT_MAX = 8192,
};

/* The numbers of memory.stat of cgroup v2 in bytes, NaN where the kernel does not say. Without a
 * line "kernel" it is the sum of the others but sock. Returns how many lines were known: 0 is not
 * such a file (memory.stat of v1 has none of them). */
size_t cgroup_memory_stat_parse(const char *text, size_t size, double ret[CGROUP_NUMBER_COUNT]);

/* The one number of memory.kmem.usage_in_bytes of cgroup v1. 0 or -EBADMSG. */
int cgroup_kmem_parse(const char *text, size_t size, double *ret_bytes);

struct cgroup_counts {
        double descendants; /* NaN unknown */
        double dying;       /* removed, but something of them is still charged */
};

/* cgroup.stat of cgroup v2. Since 6.12 the memory controller is counted apart: that is what costs
 * memory, and what dying cgroups of other controllers do not. */
void cgroup_stat_parse(const char *text, size_t size, struct cgroup_counts *ret);
