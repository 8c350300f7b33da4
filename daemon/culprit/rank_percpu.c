/* SPDX-License-Identifier: MIT */
/* Percpu, SecPageTables and memory that stands in no account: here the kernel tells least, and
 * counts of objects have to do. */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "culprit/rank_internal.h"

static double map_bytes(const struct rank_work *w, const double *columns)
{
        (void)w;
        return columns[MAP_BYTES];
}

static bool is_per_cpu_map(const struct rank_work *w, const struct tally *t, unsigned row)
{
        (void)w;
        return strstr(t->rows[row].name, "per-CPU") != NULL;
}

static double add_maps(struct rank_work *w, double growth)
{
        const struct tally *t = &w->in->found->tables[TABLE_MAPS];
        struct rank_row top[RANK_OBJECTS];
        double all;

        if (w->in->found->state[SOURCE_MAPS] != SOURCE_DONE || isnan(growth))
                return 0;
        unsigned count = rank_top(w, TABLE_MAPS, map_bytes, is_per_cpu_map, growth, top, &all);
        for (unsigned i = 0; i < count && i < 2; i++) {
                struct culprit *c = rank_add(w, CULPRIT_MAP, TABLE_MAPS, top[i].bytes, growth);

                if (!c)
                        break;
                rank_set(c->name, sizeof(c->name), "%s", t->rows[top[i].row].name);
                rank_set(c->label, sizeof(c->label), "BPF map %s", t->rows[top[i].row].name);
                rank_set(c->note, sizeof(c->note), "%.0f of that name",
                         tally_now(t, top[i].row)[MAP_COUNT]);
        }
        return rank_clamp(all / growth);
}

static double charged_percpu(const struct rank_work *w, const double *columns)
{
        return columns[w->in->found->cgroups_are_v1 ? CGROUP_KERNEL : CGROUP_PERCPU];
}

void rank_percpu(struct rank_work *w)
{
        /* Measured on 6.18 with two CPUs: bytes of Percpu for each object and possible CPU. A
         * mount takes 8 bytes, which never matters. */
        static const double CGROUP_EACH = 2048, NETWORK_EACH = 3072;
        double growth = rank_growth(w, TABLE_CGROUPS), cpus = w->in->possible_cpus, share;

        share = add_maps(w, growth);
        share += rank_objects(w, COUNT_DYING_CGROUPS, CGROUP_EACH * cpus, growth);
        share += rank_objects(w, COUNT_CGROUPS, CGROUP_EACH * cpus, growth);
        share += rank_objects(w, COUNT_NET_NAMESPACES, NETWORK_EACH * cpus, growth);
        rank_sites(w, growth);
        if (growth > 0) {
                w->list->explained = rank_clamp(share);
                if (share < 0.5) {
                        (void)rank_source(w, SOURCE_MAPS);
                        rank_say(&w->unexplained,
                                 "not by the number of cgroups or networks: BPF maps, mounts, "
                                 "network devices or a driver");
                }
        }
        rank_cgroups(w, charged_percpu, NULL);
}

static double charged_sec(const struct rank_work *w, const double *columns)
{
        return columns[w->in->found->cgroups_are_v1 ? CGROUP_KERNEL : CGROUP_SEC_PAGE_TABLES];
}

/* Pages that the kernel counts by use. Returns the share. */
static double add_pages(struct rank_work *w, enum count count, double growth)
{
        double bytes = rank_count_growth(w, count) * w->in->page_size;
        struct culprit *c;

        if (!(bytes >= RANK_SHARE_MIN * growth && bytes >= RANK_BYTES_MIN))
                return 0;
        c = culprit_list_add(w->list, CULPRIT_PAGES);
        if (!c)
                return 0;
        c->bytes = bytes;
        c->share = bytes / growth;
        c->sizes = w->in->sizes;
        c->since = w->in->since;
        rank_set(c->name, sizeof(c->name), "%s", count_name(count));
        rank_set(c->label, sizeof(c->label), "%s", count_name(count));
        return rank_clamp(c->share);
}

void rank_sec_page_tables(struct rank_work *w)
{
        double growth = rank_growth(w, TABLE_CGROUPS);
        double share = add_pages(w, COUNT_IOMMU_PAGES, growth);

        if (growth > 0) {
                w->list->explained = rank_clamp(share);
                if (share < 0.5)
                        rank_say(&w->unexplained,
                                 "tables of virtual machines (KVM) or of devices (IOMMU)");
        }
        rank_cgroups(w, charged_sec, NULL);
}

/* Charged kernel memory of no kind that is told apart: buffers of pipes, io_uring, rings. Where a
 * kernel lacks one of the kinds it would be taken for the rest, so all have to be there. */
static double charged_rest(const struct rank_work *w, const double *columns)
{
        double rest = columns[CGROUP_KERNEL];

        (void)w;
        for (unsigned i = CGROUP_KERNEL_STACK; i < CGROUP_SOCK; i++)
                rest -= i == CGROUP_SEC_PAGE_TABLES && isnan(columns[i]) ? 0 : columns[i];
        return rest;
}

void rank_unaccounted(struct rank_work *w)
{
        double growth = rank_growth(w, TABLE_CGROUPS), share = 0;

        share += add_pages(w, COUNT_TCP_PAGES, growth);
        share += add_pages(w, COUNT_UDP_PAGES, growth);
        share += add_pages(w, COUNT_COMPRESSED_PAGES, growth);
        share += add_pages(w, COUNT_BALLOON_PAGES, growth);
        rank_sites(w, growth);
        if (w->in->found->cgroups_are_v1)
                rank_say(&w->hidden, "cgroup v1 does not tell it by cgroup");
        else
                rank_cgroups(w, charged_rest, NULL);
        if (!(growth > 0))
                return;
        /* What is charged and of no other kind is just this: the cgroup explains it. */
        w->list->explained = rank_clamp(fmax(share, w->list->charged));
        if (w->list->explained < 0.5)
                rank_say(&w->unexplained,
                         "pages taken directly: a driver, packet rings, io_uring, pipes");
}
