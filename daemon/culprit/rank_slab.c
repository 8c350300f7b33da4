/* SPDX-License-Identifier: MIT */
/* Slab, SReclaimable, SUnreclaim: which caches, and what no cache lists. */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/units.h"
#include "culprit/rank_internal.h"

static double cache_bytes(const struct rank_work *w, const double *columns)
{
        (void)w;
        return columns[CACHE_BYTES];
}

/* Where the kernel did not say (no right, or a cache too small to ask): caches of file systems'
 * objects are reclaimable, nearly all others are not. */
static bool reclaimable_by_name(const char *name)
{
        static const char *const others[] = { "dentry", "buffer_head", "radix_tree_node",
                                              "inode_cache", "shared_policy_node" };

        for (size_t i = 0; i < ELEMENTS_OF(others); i++)
                if (strcmp(name, others[i]) == 0)
                        return true;
        return has_prefix(name, "kmalloc-rcl-") || has_suffix(name, "_inode_cache") ||
               has_suffix(name, "_inode") || has_prefix(name, "xfs_inode");
}

static bool is_reclaimable(const struct tally *t, unsigned row)
{
        double says = tally_now(t, row)[CACHE_RECLAIMABLE];

        /* A row that has vanished has nothing now, not even this. */
        if (!isnan(says) && tally_now(t, row)[CACHE_BYTES] > 0)
                return says > 0;
        return reclaimable_by_name(t->rows[row].name);
}

static bool takes_part(const struct rank_work *w, const struct tally *t, unsigned row)
{
        switch (w->in->dimension) {
        case DIMENSION_SRECLAIMABLE:
                return is_reclaimable(t, row);
        case DIMENSION_SUNRECLAIM:
                return !is_reclaimable(t, row);
        default:
                return true;
        }
}

/* "signal_cache (merged with UNIX, sock_inode_cache and 5 more)" */
static void set_label(const struct rank_work *w, const char *name, char *label, size_t size)
{
        static const unsigned SHOWN = 4;
        const struct tally *aliases = &w->in->found->tables[TABLE_ALIASES];
        int own = aliases->rows ? tally_find(aliases, tally_key(0, name, strlen(name))) : -1;
        char raw[CULPRIT_LABEL_MAX];
        unsigned shown = 0, more = 0;
        struct text t;

        text_init(&t, raw, sizeof(raw));
        text_add(&t, "%s", name);
        for (unsigned i = 0; own >= 0 && i < aliases->count; i++) {
                if ((int)i == own || aliases->rows[i].parent != aliases->rows[own].parent)
                        continue;
                if (shown == SHOWN)
                        more++;
                else
                        text_add(&t, "%s%s", shown++ == 0 ? " (merged with " : ", ",
                                 aliases->rows[i].name);
        }
        if (more > 0)
                text_add(&t, " and %u more", more);
        if (shown > 0)
                text_add(&t, ")");
        utf8_clean(raw, label, size);
}

static double count_growth(const struct rank_work *w, enum count count)
{
        return (w->in->found->counts[count] - w->in->then_counts[count]) * w->sign;
}

/* What counts of objects add to a cache's name. */
static void set_note(const struct rank_work *w, const char *cache, char *note, size_t size)
{
        const char *direction = w->in->sizes ? "" : w->sign > 0 ? "more " : "fewer ";
        double files = count_growth(w, COUNT_FILES), sockets = count_growth(w, COUNT_SOCKETS);
        char raw[CULPRIT_NOTE_MAX], who[CULPRIT_LABEL_MAX];
        struct text t;

        text_init(&t, raw, sizeof(raw));
        if (strcmp(cache, "dentry") == 0) {
                double all = count_growth(w, COUNT_DENTRIES);
                double negative = count_growth(w, COUNT_NEGATIVE_DENTRIES);

                if (all >= 1000) {
                        rank_say(&t, "%.0f %s%s", all, direction, count_name(COUNT_DENTRIES));
                        if (negative >= 0.5 * all)
                                rank_say(&t, "%.0f %% of them are names that do not exist",
                                         fmin(100, negative / all * 100));
                }
        }
        /* Sockets, epoll, timers, pipes, namespaces: whatever hangs on a descriptor. */
        if (files >= 1000 && !w->in->sizes) {
                rank_say(&t, "%.0f %s%s", files, direction, count_name(COUNT_FILES));
                rank_open_files(w, files, who, sizeof(who));
                if (who[0])
                        rank_say(&t, "%s", who);
        }
        if (sockets >= 1000)
                rank_say(&t, "%.0f %s%s", sockets, direction, count_name(COUNT_SOCKETS));
        utf8_clean(raw, note, size);
}

/* The kernel's words for where its allocator ends: two pages (KMALLOC_MAX_CACHE_SIZE of SLUB). */
static void add_large_kmalloc(struct rank_work *w, double bytes, double growth)
{
        char limit[FORMAT_MAX];
        double share = bytes / growth;

        format_bytes(2 * w->in->page_size, limit);
        if (share < RANK_SHARE_MIN || bytes < RANK_BYTES_MIN)
                return;
        rank_say(&w->unexplained, "%.0f %% is kmalloc above %s, which slabinfo does not list",
                 rank_clamp(share) * 100, limit);

        struct culprit *c = rank_add(w, CULPRIT_LARGE_KMALLOC, TABLE_CACHES, bytes, growth);
        if (!c)
                return;
        rank_set(c->name, sizeof(c->name), "kmalloc-large");
        rank_set(c->label, sizeof(c->label), "kmalloc above %s", limit);
        rank_set(c->note, sizeof(c->note), "%s",
                 "SUnreclaim less all caches: slabinfo does not list it, nor say who asked");
}

static void add_caches(struct rank_work *w)
{
        const struct tally *t = &w->in->found->tables[TABLE_CACHES];
        double growth = rank_growth(w, TABLE_CACHES), all, listed = 0;
        struct rank_row top[RANK_OBJECTS];
        unsigned count = rank_top(w, TABLE_CACHES, cache_bytes, takes_part, growth, top, &all);
        double large = growth - all;
        /* Where large pieces are most of it they come first. */
        bool large_told = isnan(growth) || w->in->found->slab_lists_all ||
                          w->in->dimension == DIMENSION_SRECLAIMABLE;

        for (unsigned i = 0; i < count; i++) {
                if (!large_told && large > top[i].bytes) {
                        add_large_kmalloc(w, large, growth);
                        large_told = true;
                }
                struct culprit *c = rank_add(w, CULPRIT_CACHE, TABLE_CACHES, top[i].bytes, growth);
                const char *name = t->rows[top[i].row].name;

                if (!c)
                        break;
                rank_set(c->name, sizeof(c->name), "%s", name);
                set_label(w, name, c->label, sizeof(c->label));
                if (i == 0)
                        set_note(w, name, c->note, sizeof(c->note));
                listed += top[i].bytes;
        }
        if (!large_told)
                add_large_kmalloc(w, large, growth);
        if (isnan(growth))
                return;
        w->list->explained = rank_clamp(all / growth);
        if ((all - listed) / growth >= 0.1)
                rank_say(&w->unexplained, "%.0f %% is spread over other caches",
                         rank_clamp((all - listed) / growth) * 100);
}

static double charged_slab(const struct rank_work *w, const double *columns)
{
        switch (w->in->found->cgroups_are_v1 ? DIMENSION_COUNT : w->in->dimension) {
        case DIMENSION_SRECLAIMABLE:
                return columns[CGROUP_SLAB_RECLAIMABLE];
        case DIMENSION_SUNRECLAIM:
                return columns[CGROUP_SLAB_UNRECLAIMABLE];
        case DIMENSION_SLAB:
                return columns[CGROUP_SLAB_RECLAIMABLE] + columns[CGROUP_SLAB_UNRECLAIMABLE];
        default:
                return columns[CGROUP_KERNEL];
        }
}

void rank_slab(struct rank_work *w)
{
        if (rank_source(w, SOURCE_SLABINFO))
                add_caches(w);
        rank_sites(w, rank_growth(w, TABLE_SITES));
        rank_cgroups(w, charged_slab, NULL);
}
