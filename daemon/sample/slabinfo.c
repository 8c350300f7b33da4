/* SPDX-License-Identifier: MIT */
/* The caches of the slab allocator, a line each. */
#include "sample/slabinfo.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "sample/scan.h"

/* Above any machine (2^40 pages are 4 PiB), below what could lose precision in a double. */
#define COUNT_MAX (UINT64_C(1) << 40)
#define SIZE_MAX_BYTES (UINT64_C(1) << 32)

struct numbers {
        uint64_t active, objects, size, per_slab, pages_per_slab, limit, batch, shared,
                active_slabs, slabs;
};

/* What follows the name. False when it is not that. */
static bool scan_numbers(const char *at, struct numbers *n)
{
        return scan_number(&at, COUNT_MAX, &n->active) &&
               scan_number(&at, COUNT_MAX, &n->objects) &&
               scan_number(&at, SIZE_MAX_BYTES, &n->size) &&
               scan_number(&at, COUNT_MAX, &n->per_slab) &&
               scan_number(&at, UINT16_MAX, &n->pages_per_slab) && scan_word(&at, ":") &&
               scan_word(&at, "tunables") && scan_number(&at, UINT32_MAX, &n->limit) &&
               scan_number(&at, UINT32_MAX, &n->batch) &&
               scan_number(&at, UINT32_MAX, &n->shared) && scan_word(&at, ":") &&
               scan_word(&at, "slabdata") && scan_number(&at, COUNT_MAX, &n->active_slabs) &&
               scan_number(&at, COUNT_MAX, &n->slabs);
}

int slabinfo_parse(const char *line, struct slab *ret)
{
        struct numbers n;
        const char *end = line + strcspn(line, " \t");

        if (end == line || *line == '#')
                return -EBADMSG;
        /* The kernel puts the name there as its creator gave it, blanks and all. */
        while (*end && !scan_numbers(end, &n)) {
                end = scan_blanks(end);
                end += strcspn(end, " \t");
        }
        if (!*end || n.pages_per_slab == 0)
                return -EBADMSG;

        char name[256]; /* longer than what is kept: cut once, after cleaning */
        size_t length = (size_t)(end - line);

        if (length >= sizeof(name))
                length = sizeof(name) - 1;
        memcpy(name, line, length);
        name[length] = '\0';

        struct slab slab = {
                .active = (double)(n.active < n.objects ? n.active : n.objects),
                .objects = (double)n.objects,
                .object_size = (double)n.size,
                .pages = (double)n.slabs * (double)n.pages_per_slab,
                .tunable = n.limit > 0,
        };
        utf8_clean(name, slab.name, sizeof(slab.name));
        *ret = slab;
        return 0;
}
