/* SPDX-License-Identifier: MIT */
/* The sources that are one long file: slabinfo, vmallocinfo, allocinfo. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/procfs.h"
#include "culprit/allocinfo.h"
#include "culprit/look_internal.h"
#include "culprit/vmallocinfo.h"
#include "sample/slabinfo.h"

enum { LINES_A_STEP = 64 }; /* about one read of 4 KiB */

/* Sizes in these files are in pages of this machine; a recorded root comes from one of 4 KiB. */
static double page_size(const struct look *l)
{
        return l->p->live ? (double)sysconf(_SC_PAGESIZE) : 4096;
}

static int open_lines(struct look *l, const char *path)
{
        int r = lines_init(&l->lines, l->p, path);

        if (r < 0) {
                l->lines.fd = -1;
                return r;
        }
        return 1;
}

static void close_lines(struct look *l)
{
        if (l->lines.fd >= 0)
                lines_done(&l->lines);
}

/* A file without one line that was understood is no answer. */
static int each_line(struct look *l, enum table table,
                     void (*take)(struct look *l, const char *line))
{
        for (unsigned i = 0; i < LINES_A_STEP; i++) {
                const char *line = lines_next(&l->lines);

                if (!line)
                        return l->into->tables[table].count > 0 ? 0 : -ENODATA;
                take(l, line);
        }
        return 1;
}

static int slabinfo_begin(struct look *l)
{
        return open_lines(l, "proc/slabinfo");
}

static void take_slab(struct look *l, const char *line)
{
        struct tally *caches = &l->into->tables[TABLE_CACHES];
        struct slab slab;

        if (slabinfo_parse(line, &slab) < 0)
                return;
        l->into->slab_lists_all |= slab.tunable;
        counts_from_slab(slab.name, slab.active, l->into->counts);
        if (slab.pages == 0)
                return;

        size_t length = strlen(slab.name);
        unsigned row = tally_get(caches, tally_key(0, slab.name, length), 0, slab.name, length);
        tally_now(caches, row)[CACHE_BYTES] += slab.pages * page_size(l);
        tally_now(caches, row)[CACHE_OBJECTS] += slab.active;
        tally_now(caches, row)[CACHE_RECLAIMABLE] = __builtin_nan("");
}

static int slabinfo_step(struct look *l)
{
        return each_line(l, TABLE_CACHES, take_slab);
}

static int vmallocinfo_begin(struct look *l)
{
        return open_lines(l, "proc/vmallocinfo");
}

static void take_area(struct look *l, const char *line)
{
        struct tally *callers = &l->into->tables[TABLE_CALLERS];
        struct vmalloc_area area;

        if (vmallocinfo_parse(line, &area) < 0 || !area.counted)
                return;

        const char *name = area.caller[0] ? area.caller : LOOK_NO_NAME;
        size_t length = strlen(name);
        unsigned row = tally_get(callers, tally_key(0, name, length), 0, name, length);
        tally_now(callers, row)[CALLER_BYTES] += area.pages * page_size(l);
        tally_now(callers, row)[CALLER_AREAS] += 1;
}

static int vmallocinfo_step(struct look *l)
{
        return each_line(l, TABLE_CALLERS, take_area);
}

static int allocinfo_begin(struct look *l)
{
        return open_lines(l, "proc/allocinfo");
}

static void take_site(struct look *l, const char *line)
{
        struct tally *sites = &l->into->tables[TABLE_SITES];
        struct alloc_site site;

        /* 5,000 sites, of which a few hundred matter. */
        if (allocinfo_parse(line, &site) < 0 || site.secondary || site.bytes < 65536)
                return;

        size_t length = strlen(site.name);
        unsigned row = tally_get(sites, tally_key(0, site.name, length), 0, site.name, length);
        tally_now(sites, row)[SITE_BYTES] += site.bytes;
        tally_now(sites, row)[SITE_CALLS] += site.calls;
}

static int allocinfo_step(struct look *l)
{
        return each_line(l, TABLE_SITES, take_site);
}

const struct look_source look_slabinfo = { slabinfo_begin, slabinfo_step, close_lines };
const struct look_source look_vmallocinfo = { vmallocinfo_begin, vmallocinfo_step, close_lines };
const struct look_source look_allocinfo = { allocinfo_begin, allocinfo_step, close_lines };
