/* SPDX-License-Identifier: MIT */
/* The names and units of the known fields: one table that everybody who spells a field reads. */
#include "sample/field.h"

#include <assert.h>
#include <string.h>

#include "base/macros.h"
#include "sample/sample.h"

static const struct {
        const char *name;
        enum field_unit unit;
} fields[] = {
        [FIELD_SLAB] = { "Slab", FIELD_BYTES },
        [FIELD_SRECLAIMABLE] = { "SReclaimable", FIELD_BYTES },
        [FIELD_SUNRECLAIM] = { "SUnreclaim", FIELD_BYTES },
        [FIELD_KRECLAIMABLE] = { "KReclaimable", FIELD_BYTES },
        [FIELD_VMALLOC_USED] = { "VmallocUsed", FIELD_BYTES },
        [FIELD_KERNEL_STACK] = { "KernelStack", FIELD_BYTES },
        [FIELD_PAGE_TABLES] = { "PageTables", FIELD_BYTES },
        [FIELD_SEC_PAGE_TABLES] = { "SecPageTables", FIELD_BYTES },
        [FIELD_PERCPU] = { "Percpu", FIELD_BYTES },
        [FIELD_MEM_TOTAL] = { "MemTotal", FIELD_BYTES },
        [FIELD_MEM_FREE] = { "MemFree", FIELD_BYTES },
        [FIELD_MEM_AVAILABLE] = { "MemAvailable", FIELD_BYTES },
        [FIELD_ANON_PAGES] = { "AnonPages", FIELD_BYTES },
        [FIELD_MAPPED] = { "Mapped", FIELD_BYTES },
        [FIELD_SHMEM] = { "Shmem", FIELD_BYTES },
        [FIELD_CACHED] = { "Cached", FIELD_BYTES },
        [FIELD_BUFFERS] = { "Buffers", FIELD_BYTES },
        [FIELD_THREADS] = { "threads", FIELD_COUNT },
        [FIELD_CPUS] = { "cpus", FIELD_COUNT },
        [FIELD_POSSIBLE_CPUS] = { "possible_cpus", FIELD_COUNT },
        [FIELD_CGROUPS] = { "cgroups", FIELD_COUNT },
        [FIELD_STACK_SIZE] = { "stack_kib", FIELD_BYTES },
        [FIELD_UNACCOUNTED] = { "unaccounted", FIELD_BYTES },
};
static_assert(ELEMENTS_OF(fields) == FIELD_KNOWN_COUNT, "a field has no name");

static const char *const host_kinds[] = {
        [HOST_PHYSICAL] = "physical",
        [HOST_VM] = "vm",
        [HOST_CONTAINER] = "container",
};
static_assert(ELEMENTS_OF(host_kinds) == HOST_KIND_COUNT, "a kind of host has no name");

const char *field_name(enum field field)
{
        assert((unsigned)field < FIELD_KNOWN_COUNT);
        return fields[field].name;
}

enum field_unit field_unit(size_t index)
{
        return index < FIELD_KNOWN_COUNT ? fields[index].unit : FIELD_BYTES;
}

int field_by_name(const char *name)
{
        for (size_t i = 0; i < FIELD_KNOWN_COUNT; i++)
                if (strcmp(fields[i].name, name) == 0)
                        return (int)i;
        return -1;
}

const char *host_kind_name(enum host_kind kind)
{
        assert((unsigned)kind < HOST_KIND_COUNT);
        return host_kinds[kind];
}

int host_kind_by_name(const char *name)
{
        for (size_t i = 0; i < HOST_KIND_COUNT; i++)
                if (strcmp(host_kinds[i], name) == 0)
                        return (int)i;
        return -1;
}
