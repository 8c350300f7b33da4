/* SPDX-License-Identifier: MIT */
/* A line of /proc/slabinfo, version 2.1 (mm/slab_common.c; the same from 2.6.10 to 6.18). Pure. */
#pragma once

#include <stdbool.h>

enum { SLAB_NAME_MAX = 120 };

struct slab {
        char name[SLAB_NAME_MAX]; /* cleaned, cut */
        double active;            /* objects in use; objects in slabs of a CPU count as in use */
        double objects;           /* in use and free */
        double object_size;       /* bytes, with what the allocator adds */
        double pages;             /* of all slabs: what stands in Slab of /proc/meminfo */
        bool tunable; /* the allocator is SLAB (until 6.7), which lists kmalloc of all sizes */
};

/* name active num size perslab pagesperslab : tunables L B S : slabdata active slabs shared
 * What follows (globalstat, cpustat of a debug kernel) is left alone; a name may hold blanks.
 * 0; -EBADMSG for everything else, the two lines of the header included: *ret is untouched. */
int slabinfo_parse(const char *line, struct slab *ret);
