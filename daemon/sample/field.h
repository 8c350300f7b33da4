/* SPDX-License-Identifier: MIT */
/* The names of the numbers that can be watched. Known fields have fixed indexes; a trace may add
 * more, which get the indexes after them. */
#pragma once

#include <stddef.h>

enum field {
        /* /proc/meminfo, spelled as there, in bytes */
        FIELD_SLAB,
        FIELD_SRECLAIMABLE,
        FIELD_SUNRECLAIM,
        FIELD_KRECLAIMABLE,
        FIELD_VMALLOC_USED,
        FIELD_KERNEL_STACK,
        FIELD_PAGE_TABLES,
        FIELD_SEC_PAGE_TABLES,
        FIELD_PERCPU,
        FIELD_MEM_TOTAL,
        FIELD_MEM_FREE,
        FIELD_MEM_AVAILABLE,
        FIELD_ANON_PAGES,
        FIELD_MAPPED,
        FIELD_SHMEM,
        FIELD_CACHED,
        FIELD_BUFFERS,
        /* counts */
        FIELD_THREADS,       /* /proc/loadavg, the number after the slash */
        FIELD_CPUS,          /* online */
        FIELD_POSSIBLE_CPUS, /* what Percpu is multiplied by */
        FIELD_CGROUPS,       /* /proc/cgroups or cgroup.stat: memory cgroups */
        FIELD_STACK_SIZE,    /* bytes of one kernel stack; trace column stack_kib */
        /* bytes, and not of /proc/meminfo: what of all memory stands in none of its lines */
        FIELD_UNACCOUNTED, /* sample/unaccounted.h; measured once a minute, held in between */
        FIELD_KNOWN_COUNT,
        FIELD_MEMINFO_COUNT = FIELD_THREADS,
        /* In rules: what sample/member.h names. Above any index, and its unit is bytes. */
        FIELD_MEMBER = 1 << 20,
};

enum field_unit { FIELD_BYTES, FIELD_COUNT };

enum {
        FIELD_NAME_MAX = 63, /* bytes of a name; a dimension of two names still fits a dedup_key */
        FIELD_TABLE_MAX = 4096, /* columns of a trace: its header line is at most 256 KiB */
};

/* "SUnreclaim", "threads", "stack_kib" ... for a known field. */
const char *field_name(enum field field);

enum field_unit field_unit(size_t index); /* unknown fields: bytes (KiB in a trace) */

/* Index of a known field by its name, or -1. */
int field_by_name(const char *name);
