/* SPDX-License-Identifier: MIT */
/* From what programs want to what /proc/meminfo says. */
#pragma once

#include "life.h"

enum counter {
        COUNTER_SLAB,
        COUNTER_SRECLAIMABLE,
        COUNTER_SUNRECLAIM,
        COUNTER_VMALLOC,
        COUNTER_STACK,
        COUNTER_TABLES,
        COUNTER_SEC_TABLES,
        COUNTER_PERCPU,
        COUNTER_TOTAL,
        COUNTER_FREE,
        COUNTER_AVAILABLE,
        COUNTER_ANON,
        COUNTER_MAPPED,
        COUNTER_SHMEM,
        COUNTER_CACHED,
        COUNTER_THREADS,
        COUNTER_COUNT,
};
extern const char *const counter_names[COUNTER_COUNT];

/* What faults add. Bytes, but threads. */
struct extra {
        double sreclaimable, sunreclaim, vmalloc, stack, tables, sec_tables, percpu, threads;
};

struct kernel {
        const struct host *host;
        struct random random;
        double cached;   /* share of the universe of files whose inodes are in memory */
        double negative; /* bytes of dentries of names that do not exist */
        double page_cache;
        double balloon; /* bytes of memory taken away, negative: added */
        struct wander unreclaim_fast, unreclaim_slow;
        struct ratchet slab, tables, percpu;
};

/* A host whose caches are as warm as after `up` seconds. */
void kernel_init(struct kernel *k, const struct host *h, struct random *r, double up);
void kernel_boot(struct kernel *k);
/* echo 2 >/proc/sys/vm/drop_caches, or an unmount: bytes that go. */
double kernel_drop_caches(struct kernel *k, double share);
void kernel_step(struct kernel *k, const struct demand *d, const struct extra *extra,
                 double interval, double ret[COUNTER_COUNT]);
