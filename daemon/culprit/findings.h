/* SPDX-License-Identifier: MIT */
/* What one look at the machine found: tables of who holds how much, and which of them could not be
 * read and why. */
#pragma once

#include <stdbool.h>

#include "culprit/counts.h"
#include "culprit/tally.h"
#include "sample/cgroup_stat.h"
#include "sample/field.h"

enum table {
        TABLE_CACHES,  /* slab caches by name */
        TABLE_ALIASES, /* names of caches that the kernel merged; parent: of those merged with it */
        TABLE_CALLERS, /* vmalloc areas by the function that asked */
        TABLE_SITES,   /* allocations by line of source */
        TABLE_CGROUPS, /* by path, each with all below it; parent: the cgroup above */
        TABLE_COMMANDS, /* processes by command */
        TABLE_PLACES,   /* processes by cgroup; key: of its path */
        TABLE_PAIRS,    /* processes by command and cgroup; parent: key of the cgroup's path */
        TABLE_MAPS,     /* BPF maps by type and name */
        TABLE_COUNT,
};

/* The row of callers without a name. */
#define LOOK_NO_NAME "(no name)"

/* Columns. Bytes where nothing else is said. CGROUPS has those of enum cgroup_number. */
enum cache_column { CACHE_BYTES, CACHE_OBJECTS, CACHE_RECLAIMABLE /* 1, 0, NaN: unknown */ };
enum caller_column { CALLER_BYTES, CALLER_AREAS };
enum site_column { SITE_BYTES, SITE_CALLS };
enum map_column { MAP_BYTES, MAP_COUNT };
enum process_column {
        PROCESS_COUNT,
        PROCESS_THREADS,
        PROCESS_PAGE_TABLES,
        PROCESS_DESCRIPTORS,
        PROCESS_WEIGHT, /* about what it costs the kernel: who is worth a row */
        PROCESS_COLUMNS,
};
enum alias_column { ALIAS_RECLAIMABLE };

struct table_info {
        unsigned columns, rank;
        unsigned capacity; /* rows of a deep look */
        unsigned snapshot; /* rows of a snapshot of each minute, 0: not in it */
        unsigned kept;     /* largest rows that the history keeps */
        double smallest;   /* rows below are not kept, in the rank's unit */
};
extern const struct table_info table_infos[TABLE_COUNT];

enum source {
        SOURCE_COUNTS,
        SOURCE_SLABINFO,
        SOURCE_CGROUPS,
        SOURCE_PROCESSES,
        SOURCE_VMALLOCINFO,
        SOURCE_ALLOCINFO,
        SOURCE_ALIASES,
        SOURCE_MAPS,
        SOURCE_COUNT,
};

enum source_state {
        SOURCE_UNASKED,
        SOURCE_DONE,
        SOURCE_DENIED,  /* a right is missing */
        SOURCE_MISSING, /* this kernel or this container does not have it */
        SOURCE_LATE,    /* the look's deadline came first; what was read by then is there */
        SOURCE_FAILED,  /* could not be read for another reason */
};

struct findings {
        double time;                        /* Unix seconds, the caller's */
        double fields[FIELD_MEMINFO_COUNT]; /* of /proc/meminfo when the look began */
        /* and when the table was complete: a growth goes on while a look lasts */
        double fields_at[TABLE_COUNT][FIELD_MEMINFO_COUNT];
        double counts[COUNT_COUNT];
        struct tally tables[TABLE_COUNT]; /* zeroed where there is none */
        void *memory;                     /* of all tables */
        size_t size;                      /* bytes of it */
        enum source_state state[SOURCE_COUNT];
        double seconds[SOURCE_COUNT]; /* that reading took */
        bool slab_lists_all;          /* SLAB allocator: no kmalloc outside of slabinfo */
        bool cgroups_are_v1;          /* only totals of kernel memory */
        bool cgroups_are_own;         /* a container's: the cgroups of others are not seen */
        bool cgroups_cut;             /* more cgroups than a look visits */
};

/* Memory for the tables of a deep look, or of a snapshot. 0 or -ENOMEM. */
int findings_init(struct findings *f, bool deep);
void findings_done(struct findings *f);
void findings_clear(struct findings *f);

/* Which source fills the table, and "slab caches" ... for a person. */
enum source table_source(enum table table);
const char *source_name(enum source source);
