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

static double cache_objects(const struct rank_work *w, const double *columns)
{
        (void)w;
        return columns[CACHE_OBJECTS];
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

/* What counts of objects add to a cache's name. first: of the list; names: bytes of long names. */
static void set_note(const struct rank_work *w, const char *cache, bool first, double names,
                     char *note, size_t size)
{
        const char *direction = w->in->sizes ? "" : w->sign > 0 ? "more " : "fewer ";
        double files = rank_count_growth(w, COUNT_FILES),
               sockets = rank_count_growth(w, COUNT_SOCKETS);
        char raw[CULPRIT_NOTE_MAX], who[CULPRIT_LABEL_MAX];
        struct text t;

        text_init(&t, raw, sizeof(raw));
        if (strcmp(cache, "dentry") == 0) {
                double all = rank_count_growth(w, COUNT_DENTRIES);
                double negative = rank_count_growth(w, COUNT_NEGATIVE_DENTRIES);
                char bytes[FORMAT_MAX];

                if (names > 0)
                        rank_say(&t, "with %s of their names (kmalloc-rcl)",
                                 format_bytes(names, bytes));

                if (all >= 1000) {
                        rank_say(&t, "%.0f %s%s", all, direction, count_name(COUNT_DENTRIES));
                        if (negative >= 0.5 * all)
                                rank_say(&t, "%.0f %% of them are names that do not exist",
                                         fmin(100, negative / all * 100));
                }
        }
        /* Sockets, epoll, timers, pipes, namespaces: whatever hangs on a descriptor. */
        if (first && files >= 1000 && !w->in->sizes) {
                rank_say(&t, "%.0f %s%s", files, direction, count_name(COUNT_FILES));
                rank_open_files(w, files, who, sizeof(who));
                if (who[0])
                        rank_say(&t, "%s", who);
        }
        if (first && sockets >= 1000)
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

/* Names longer than 32 or 40 bytes are apart from their directory entry, in kmalloc-rcl-*, which
 * hardly anything else uses: where entries grew by at least as many objects, these are their names.
 * Takes them out of the list and gives their bytes to dentry, which may have to move up. */
static double join_names(const struct rank_work *w, struct rank_row *top, unsigned *count)
{
        const struct tally *t = &w->in->found->tables[TABLE_CACHES];
        int dentry = tally_find(t, tally_key(0, "dentry", strlen("dentry")));
        double names = 0;
        unsigned kept = 0;
        bool listed = false;

        for (unsigned i = 0; i < *count; i++)
                listed = listed || (int)top[i].row == dentry;
        if (!listed)
                return 0;
        double entries = rank_row_growth(w, TABLE_CACHES, (unsigned)dentry, cache_objects);
        for (unsigned i = 0; i < *count; i++) {
                double objects = rank_row_growth(w, TABLE_CACHES, top[i].row, cache_objects);

                if (has_prefix(t->rows[top[i].row].name, "kmalloc-rcl-") &&
                    objects <= 1.05 * entries)
                        names += top[i].bytes;
                else
                        top[kept++] = top[i];
        }
        *count = kept;
        for (unsigned i = 0; i < kept; i++)
                if ((int)top[i].row == dentry)
                        top[i].bytes += names;
        for (unsigned i = kept; i-- > 1;)
                if (top[i].bytes > top[i - 1].bytes) {
                        struct rank_row row = top[i];

                        top[i] = top[i - 1];
                        top[i - 1] = row;
                }
        return names;
}

/* A network namespace or a cgroup is made of objects of many caches, none of which tells. Named
 * when there are enough more of them to explain more than the largest cache does. */
static void add_makers(struct rank_work *w, double growth, double largest)
{
        /* Measured on 6.18, bytes of SUnreclaim each. */
        static const struct {
                enum count count;
                double each;
        } makers[] = { { COUNT_NET_NAMESPACES, 204800 },
                       { COUNT_DYING_CGROUPS, 19456 },
                       { COUNT_CGROUPS, 19456 } };

        for (size_t i = 0; i < ELEMENTS_OF(makers); i++) {
                double bytes = rank_count_growth(w, makers[i].count) * makers[i].each;

                if (w->in->dimension != DIMENSION_SRECLAIMABLE && bytes > largest &&
                    bytes >= 0.4 * growth)
                        (void)rank_objects(w, makers[i].count, makers[i].each, growth);
        }
}

static void add_caches(struct rank_work *w)
{
        const struct tally *t = &w->in->found->tables[TABLE_CACHES];
        double growth = rank_growth(w, TABLE_CACHES), all, listed = 0;
        struct rank_row top[RANK_OBJECTS];
        unsigned count = rank_top(w, TABLE_CACHES, cache_bytes, takes_part, growth, top, &all);
        double large = growth - all, names = join_names(w, top, &count);
        /* Where large pieces are most of it they come first. */
        bool large_told = isnan(growth) || !rank_is_whole(w, TABLE_CACHES) ||
                          w->in->found->slab_lists_all ||
                          w->in->dimension == DIMENSION_SRECLAIMABLE;

        add_makers(w, growth, count > 0 ? top[0].bytes : 0);
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
                set_note(w, name, i == 0, names, c->note, sizeof(c->note));
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
