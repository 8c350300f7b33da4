/* SPDX-License-Identifier: MIT */
/* VmallocUsed: which functions asked. Two parts of it belong to other dimensions and are told
 * apart: kernel stacks, and the records of the per-CPU allocator. */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/units.h"
#include "culprit/rank_internal.h"
#include "culprit/vmallocinfo.h"

static double caller_bytes(const struct rank_work *w, const double *columns)
{
        (void)w;
        return columns[CALLER_BYTES];
}

static double map_bytes(const struct rank_work *w, const double *columns)
{
        (void)w;
        return columns[MAP_BYTES];
}

static bool asks_for_itself(const struct rank_work *w, const struct tally *t, unsigned row)
{
        (void)w;
        return !vmalloc_caller_is_stack(t->rows[row].name) &&
               !vmalloc_caller_is_percpu(t->rows[row].name);
}

static bool is_stack(const struct rank_work *w, const struct tally *t, unsigned row)
{
        (void)w;
        return vmalloc_caller_is_stack(t->rows[row].name);
}

static bool is_percpu(const struct rank_work *w, const struct tally *t, unsigned row)
{
        (void)w;
        return vmalloc_caller_is_percpu(t->rows[row].name);
}

static double sum_of(const struct rank_work *w, rank_filter filter)
{
        struct rank_row rows[RANK_OBJECTS];
        double all;

        (void)rank_top(w, TABLE_CALLERS, caller_bytes, filter, NAN, rows, &all);
        return all;
}

/* Do stacks lie in vmalloc memory (VMAP_STACK: x86-64, arm64, s390 and others as distributions
 * build them)? The areas tell; without them only that they fit in. */
static bool stacks_are_inside(const struct rank_work *w, bool seen)
{
        const struct tally *t = &w->in->found->tables[TABLE_CALLERS];
        const double *fields = w->in->found->fields_at[TABLE_CALLERS];
        double stacks = 0;

        if (!seen)
                return fields[FIELD_VMALLOC_USED] >= fields[FIELD_KERNEL_STACK];
        for (unsigned i = 0; i < t->count; i++)
                if (vmalloc_caller_is_stack(t->rows[i].name))
                        stacks += tally_now(t, i)[CALLER_BYTES];
        return stacks >= 0.5 * fields[FIELD_KERNEL_STACK];
}

static void add_stacks(struct rank_work *w, double stacks, double growth)
{
        struct culprit *c = rank_add(w, CULPRIT_STACKS, TABLE_CALLERS, stacks, growth);

        if (!c)
                return;
        rank_set(c->name, sizeof(c->name), "%s", "KernelStack");
        rank_set(c->label, sizeof(c->label), "%s", "kernel stacks of threads");
        rank_set(c->note, sizeof(c->note), "of %.0f threads", stacks / w->in->stack_size);
}

static void add_percpu(struct rank_work *w, double bytes, double growth, bool measured)
{
        struct culprit *c;

        if (!(bytes >= RANK_SHARE_MIN * growth && bytes >= RANK_BYTES_MIN))
                return;
        c = rank_add(w, CULPRIT_CALLER, TABLE_CALLERS, bytes, growth);
        if (!c)
                return;
        c->about = !measured;
        rank_set(c->name, sizeof(c->name), "%s", "pcpu_create_chunk");
        rank_set(c->label, sizeof(c->label), "%s", "records of the per-CPU allocator");
        rank_set(c->note, sizeof(c->note), "%s", "they follow Percpu");
}

static void add_callers(struct rank_work *w, double growth)
{
        const struct tally *t = &w->in->found->tables[TABLE_CALLERS];
        struct rank_row top[RANK_OBJECTS];
        double all;
        unsigned count =
                rank_top(w, TABLE_CALLERS, caller_bytes, asks_for_itself, growth, top, &all);

        for (unsigned i = 0; i < count; i++) {
                struct culprit *c =
                        rank_add(w, CULPRIT_CALLER, TABLE_CALLERS, top[i].bytes, growth);

                if (!c)
                        return;
                rank_set(c->name, sizeof(c->name), "%s", t->rows[top[i].row].name);
                rank_set(
                        c->label, sizeof(c->label), "%s",
                        strcmp(c->name, LOOK_NO_NAME) != 0
                                ? c->name
                                : "code without a name (of a module's start, or of one that is gone)");
                rank_set(c->note, sizeof(c->note), "%.0f areas now",
                         tally_now(t, top[i].row)[CALLER_AREAS]);
        }
}

/* BPF maps by name, where most of the growth is theirs. */
static void add_maps(struct rank_work *w, double growth)
{
        const struct tally *t = &w->in->found->tables[TABLE_MAPS];
        struct rank_row top[RANK_OBJECTS];
        double all;

        /* A right that the service does not have: worth saying where the callers do not tell. */
        if (!(w->list->explained >= 0.5))
                (void)rank_source(w, SOURCE_MAPS);
        if (w->in->found->state[SOURCE_MAPS] != SOURCE_DONE || isnan(growth))
                return;
        if (rank_top(w, TABLE_MAPS, map_bytes, NULL, growth, top, &all) == 0 ||
            top[0].bytes < 0.2 * growth || top[0].bytes > 1.3 * growth)
                return;
        struct culprit *c = rank_add(w, CULPRIT_MAP, TABLE_MAPS, top[0].bytes, growth);
        if (!c)
                return;
        rank_set(c->name, sizeof(c->name), "%s", t->rows[top[0].row].name);
        rank_set(c->label, sizeof(c->label), "BPF map %s", t->rows[top[0].row].name);
        rank_set(c->note, sizeof(c->note), "%.0f of that name",
                 tally_now(t, top[0].row)[MAP_COUNT]);
}

static double charged_vmalloc(const struct rank_work *w, const double *columns)
{
        return columns[w->in->found->cgroups_are_v1 ? CGROUP_KERNEL : CGROUP_VMALLOC];
}

static double charged_stacks(const struct rank_work *w, const double *columns)
{
        return columns[w->in->found->cgroups_are_v1 ? CGROUP_KERNEL : CGROUP_KERNEL_STACK];
}

/* Threads are behind it. */
static void blame_threads(struct rank_work *w, double stacks, double growth)
{
        double explained;

        add_stacks(w, stacks, growth);
        w->list->explained = rank_clamp(stacks / growth);
        if (rank_source(w, SOURCE_PROCESSES))
                rank_commands(w, rank_stack_value, growth, &explained);
        rank_cgroups(w, charged_stacks, rank_stack_value);
}

void rank_vmalloc(struct rank_work *w)
{
        bool seen = rank_source(w, SOURCE_VMALLOCINFO);
        bool whole = seen && rank_is_whole(w, TABLE_CALLERS);
        double growth = rank_growth(w, TABLE_CALLERS), stacks = 0, percpu, others;

        if (stacks_are_inside(w, whole))
                stacks = whole ? sum_of(w, is_stack)
                               : rank_field(w, TABLE_CALLERS, FIELD_KERNEL_STACK);
        if (stacks >= 0.5 * growth && stacks >= RANK_BYTES_MIN) {
                blame_threads(w, stacks, growth);
                return;
        }
        /* What is left is what the rules judge: they take stacks off too. */
        others = growth - fmax(0, stacks);
        /* Each byte of Percpu brings 2 / CPUs bytes of records (measured on 6.18). */
        percpu = whole ? sum_of(w, is_percpu)
                       : rank_field(w, TABLE_CALLERS, FIELD_PERCPU) * 2 / w->in->possible_cpus;

        bool mostly_percpu = percpu > 0.5 * others;
        if (mostly_percpu)
                add_percpu(w, percpu, others, whole);
        if (seen)
                add_callers(w, others);
        if (!mostly_percpu)
                add_percpu(w, percpu, others, whole);
        if (seen && !isnan(others)) {
                w->list->explained = rank_clamp((sum_of(w, asks_for_itself) + percpu) / others);
                if (whole && w->list->explained < 0.9)
                        rank_say(&w->unexplained, "%.0f %% stands in no area of /proc/vmallocinfo",
                                 (1 - w->list->explained) * 100);
        }
        add_maps(w, others);
        rank_sites(w, others);
        rank_cgroups(w, charged_vmalloc, NULL);
}
