/* SPDX-License-Identifier: MIT */
/* Where in the kernel's source it was allocated, on kernels that keep that account. */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "culprit/rank_internal.h"

static double site_bytes(const struct rank_work *w, const double *columns)
{
        (void)w;
        return columns[SITE_BYTES];
}

/* The kernel does not say which kind of memory a site takes. Some tell by their names. */
static bool fits(const struct rank_work *w, const struct tally *t, unsigned row)
{
        static const struct {
                const char *part;
                enum culprit_dimension dimension;
        } kinds[] = {
                { "thread_stack", DIMENSION_KERNEL_STACK },
                { "pte_alloc", DIMENSION_PAGE_TABLES },
                { "pmd_alloc", DIMENSION_PAGE_TABLES },
                { "pgtable", DIMENSION_PAGE_TABLES },
                { "pcpu", DIMENSION_PERCPU },
                { "percpu", DIMENSION_PERCPU },
        };
        const char *name = t->rows[row].name;

        for (size_t i = 0; i < ELEMENTS_OF(kinds); i++)
                if (strstr(name, kinds[i].part))
                        return kinds[i].dimension == w->in->dimension;
        return true;
}

void rank_sites(struct rank_work *w, double growth)
{
        const struct tally *t = &w->in->found->tables[TABLE_SITES];
        struct rank_row top[RANK_OBJECTS];
        unsigned added = 0;
        double all;

        /* By size a site of another dimension would fit as well. */
        if (!rank_source(w, SOURCE_ALLOCINFO) || !rank_has_base(w, TABLE_SITES) || isnan(growth))
                return;
        unsigned count = rank_top(w, TABLE_SITES, site_bytes, fits, growth, top, &all);
        for (unsigned i = 0; i < count && added < 2; i++) {
                /* A site that grew much more, or hardly, belongs to another dimension. */
                if (top[i].bytes > 1.3 * growth || top[i].bytes < 0.2 * growth)
                        continue;
                struct culprit *c = rank_add(w, CULPRIT_SITE, TABLE_SITES, top[i].bytes, growth);
                if (!c)
                        return;
                added++;
                rank_set(c->name, sizeof(c->name), "%s", t->rows[top[i].row].name);
                rank_set(c->label, sizeof(c->label), "%s", t->rows[top[i].row].name);
                rank_set(c->note, sizeof(c->note), "%s",
                         "line of the kernel's source whose memory grew as much");
        }
}
