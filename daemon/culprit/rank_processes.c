/* SPDX-License-Identifier: MIT */
/* KernelStack and PageTables: whose threads, whose mappings. */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/units.h"
#include "culprit/friendly.h"
#include "culprit/rank_internal.h"

double rank_stack_value(const struct rank_work *w, const double *columns)
{
        return columns[PROCESS_THREADS] * w->in->stack_size;
}

static double table_value(const struct rank_work *w, const double *columns)
{
        (void)w;
        return columns[PROCESS_PAGE_TABLES];
}

static double descriptors(const struct rank_work *w, const double *columns)
{
        (void)w;
        return columns[PROCESS_DESCRIPTORS];
}

/* The cgroup in which a command has most of its part of the growth, if one has. */
static void place_of(const struct rank_work *w, rank_value value, const char *command, char *ret,
                     size_t size)
{
        const struct tally *pairs = &w->in->found->tables[TABLE_PAIRS];
        const struct tally *places = &w->in->found->tables[TABLE_PLACES];
        double all = 0, most = 0;
        unsigned cgroups = 0;
        uint64_t best = 0;
        char friendly[FRIENDLY_MAX];

        ret[0] = '\0';
        for (unsigned i = 0; i < pairs->count; i++) {
                double part = rank_row_growth(w, TABLE_PAIRS, i, value);

                if (!(part > 0) || strcmp(pairs->rows[i].name, command) != 0)
                        continue;
                cgroups++;
                all += part;
                if (part > most) {
                        most = part;
                        best = pairs->rows[i].parent;
                }
        }
        int place = best ? tally_find(places, best) : -1;

        if (place >= 0 && most >= 0.6 * all)
                rank_set(ret, size, "in %s", friendly_cgroup(places->rows[place].name, friendly));
        else if (cgroups > 1)
                rank_set(ret, size, "in %u cgroups", cgroups);
}

static void set_note(const struct rank_work *w, rank_value value, unsigned row, char *note,
                     size_t size)
{
        const struct tally *t = &w->in->found->tables[TABLE_COMMANDS];
        const double *now = tally_now(t, row), *then = tally_then(t, row);
        char place[CULPRIT_LABEL_MAX], raw[CULPRIT_NOTE_MAX];
        struct text text;

        text_init(&text, raw, sizeof(raw));
        rank_say(&text, "%.0f process%s with %.0f thread%s now", now[PROCESS_COUNT],
                 now[PROCESS_COUNT] == 1 ? "" : "es", now[PROCESS_THREADS],
                 now[PROCESS_THREADS] == 1 ? "" : "s");
        if (rank_has_base(w, TABLE_COMMANDS))
                rank_say(&text, "%.0f and %.0f before", then[PROCESS_COUNT], then[PROCESS_THREADS]);
        place_of(w, value, t->rows[row].name, place, sizeof(place));
        if (place[0] && t->rows[row].name[0] != '[')
                rank_say(&text, "%s", place);
        utf8_clean(raw, note, size);
}

void rank_commands(struct rank_work *w, rank_value value, double growth, double *ret_explained)
{
        const struct tally *t = &w->in->found->tables[TABLE_COMMANDS];
        struct rank_row top[RANK_OBJECTS];
        double all;
        unsigned count = rank_top(w, TABLE_COMMANDS, value, NULL, growth, top, &all);

        *ret_explained = rank_clamp(all / growth);
        for (unsigned i = 0; i < count; i++) {
                struct culprit *c =
                        rank_add(w, CULPRIT_PROCESS, TABLE_COMMANDS, top[i].bytes, growth);

                if (!c)
                        return;
                rank_set(c->name, sizeof(c->name), "%s", t->rows[top[i].row].name);
                rank_set(c->label, sizeof(c->label), "%s", t->rows[top[i].row].name);
                set_note(w, value, top[i].row, c->note, sizeof(c->note));
        }
}

void rank_open_files(const struct rank_work *w, double files, char *buffer, size_t size)
{
        const struct tally *t = &w->in->found->tables[TABLE_COMMANDS];
        double most = files / 2;
        int best = -1;

        buffer[0] = '\0';
        for (unsigned i = 0; rank_has_base(w, TABLE_COMMANDS) && i < t->count; i++) {
                double grown = rank_row_growth(w, TABLE_COMMANDS, i, descriptors);

                if (grown >= most) {
                        most = grown;
                        best = (int)i;
                }
        }
        if (best >= 0)
                rank_set(buffer, size, "%s made room for %.0f %s", t->rows[best].name, most,
                         w->sign > 0 ? "more" : "fewer");
}

static double charged_stacks(const struct rank_work *w, const double *columns)
{
        return columns[w->in->found->cgroups_are_v1 ? CGROUP_KERNEL : CGROUP_KERNEL_STACK];
}

static double charged_tables(const struct rank_work *w, const double *columns)
{
        return columns[w->in->found->cgroups_are_v1 ? CGROUP_KERNEL : CGROUP_PAGE_TABLES];
}

/* rest: why something may stand in no process. */
static void by_process(struct rank_work *w, rank_value value, rank_value charged, const char *rest)
{
        double growth = rank_growth(w, TABLE_COMMANDS), explained = NAN;

        if (rank_source(w, SOURCE_PROCESSES))
                rank_commands(w, value, growth, &explained);
        w->list->explained = explained;
        if (explained < 0.9 && w->in->found->state[SOURCE_PROCESSES] == SOURCE_DONE)
                rank_say(&w->unexplained, "%.0f %% %s", (1 - explained) * 100, rest);
        rank_cgroups(w, charged, value);
}

void rank_kernel_stack(struct rank_work *w)
{
        by_process(w, rank_stack_value, charged_stacks,
                   w->in->container ? "belongs to no thread that this container sees"
                                    : "belongs to no thread: stacks that were not given back");
}

void rank_page_tables(struct rank_work *w)
{
        by_process(w, table_value, charged_tables,
                   w->in->container ? "stands in no process that this container sees"
                                    : "stands in no process: of processes that have ended since, "
                                      "or of the kernel");
}
