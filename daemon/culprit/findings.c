/* SPDX-License-Identifier: MIT */
/* The tables of a look and how large they are. */
#include "culprit/findings.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/pages.h"

/* The bounds: a distribution's kernel has 240 caches, with all file systems loaded 400; vmalloc has
 * some 60 callers; a host of 110 pods has some 500 cgroups; allocinfo has 5,000 sites, of which
 * only those of 64 KiB and more are taken. All tables of a deep look take 1.3 MiB when full. */
const struct table_info table_infos[TABLE_COUNT] = {
        [TABLE_CACHES] = { 3, CACHE_BYTES, 512, 512, 160, 32 * 1024 },
        [TABLE_ALIASES] = { 1, ALIAS_RECLAIMABLE, 640, 0, 0, 0 },
        [TABLE_CALLERS] = { 2, CALLER_BYTES, 256, 0, 48, 32 * 1024 },
        [TABLE_SITES] = { 2, SITE_BYTES, 512, 0, 128, 128 * 1024 },
        [TABLE_CGROUPS] = { CGROUP_NUMBER_COUNT, CGROUP_KERNEL, 1024, 256, 128, 64 * 1024 },
        [TABLE_COMMANDS] = { PROCESS_COLUMNS, PROCESS_WEIGHT, 512, 0, 96, 64 * 1024 },
        [TABLE_PLACES] = { PROCESS_COLUMNS, PROCESS_WEIGHT, 512, 0, 96, 64 * 1024 },
        [TABLE_PAIRS] = { PROCESS_COLUMNS, PROCESS_WEIGHT, 512, 0, 96, 64 * 1024 },
        [TABLE_MAPS] = { 2, MAP_BYTES, 128, 0, 32, 32 * 1024 },
};

static unsigned capacity_of(enum table table, bool deep)
{
        return deep ? table_infos[table].capacity : table_infos[table].snapshot;
}

/* All tables in one piece: what no row ever reaches is never touched. */
int findings_init(struct findings *f, bool deep)
{
        size_t bytes = 0;

        *f = (struct findings){ 0 };
        for (unsigned i = 0; i < TABLE_COUNT; i++)
                if (capacity_of((enum table)i, deep) > 0)
                        bytes += tally_bytes(capacity_of((enum table)i, deep),
                                             table_infos[i].columns);
        char *at = f->memory = pages_new(bytes);
        if (!at)
                return -ENOMEM;
        f->size = bytes;
        for (unsigned i = 0; i < TABLE_COUNT; i++) {
                const struct table_info *info = &table_infos[i];
                unsigned capacity = capacity_of((enum table)i, deep);

                if (capacity == 0)
                        continue;
                tally_init(&f->tables[i], capacity, info->columns, info->rank, at);
                at += tally_bytes(capacity, info->columns);
        }
        findings_clear(f);
        return 0;
}

void findings_done(struct findings *f)
{
        pages_free(f->memory, f->size);
        *f = (struct findings){ 0 };
}

void findings_clear(struct findings *f)
{
        f->time = NAN;
        f->slab_lists_all = f->cgroups_are_v1 = f->cgroups_are_own = f->cgroups_cut = false;
        for (size_t i = 0; i < FIELD_MEMINFO_COUNT; i++)
                f->fields[i] = NAN;
        for (size_t i = 0; i < COUNT_COUNT; i++)
                f->counts[i] = NAN;
        for (size_t i = 0; i < TABLE_COUNT; i++) {
                if (f->tables[i].rows)
                        tally_clear(&f->tables[i]);
                memcpy(f->fields_at[i], f->fields, sizeof(f->fields));
        }
        for (size_t i = 0; i < SOURCE_COUNT; i++) {
                f->state[i] = SOURCE_UNASKED;
                f->seconds[i] = 0;
        }
}

enum source table_source(enum table table)
{
        static const enum source sources[] = {
                [TABLE_CACHES] = SOURCE_SLABINFO,     [TABLE_ALIASES] = SOURCE_ALIASES,
                [TABLE_CALLERS] = SOURCE_VMALLOCINFO, [TABLE_SITES] = SOURCE_ALLOCINFO,
                [TABLE_CGROUPS] = SOURCE_CGROUPS,     [TABLE_COMMANDS] = SOURCE_PROCESSES,
                [TABLE_PLACES] = SOURCE_PROCESSES,    [TABLE_PAIRS] = SOURCE_PROCESSES,
                [TABLE_MAPS] = SOURCE_MAPS,
        };
        static_assert(ELEMENTS_OF(sources) == TABLE_COUNT, "a source for each");

        return sources[table];
}

const char *source_name(enum source source)
{
        static const char *const names[] = {
                [SOURCE_COUNTS] = "counts of objects",
                [SOURCE_SLABINFO] = "slab caches (/proc/slabinfo)",
                [SOURCE_CGROUPS] = "control groups",
                [SOURCE_PROCESSES] = "processes",
                [SOURCE_VMALLOCINFO] = "vmalloc areas (/proc/vmallocinfo)",
                [SOURCE_ALLOCINFO] = "allocation sites (/proc/allocinfo)",
                [SOURCE_ALIASES] = "merged caches (/sys/kernel/slab)",
                [SOURCE_MAPS] = "BPF maps",
        };
        static_assert(ELEMENTS_OF(names) == SOURCE_COUNT, "a name for each");

        return names[source];
}
