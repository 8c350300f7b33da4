/* SPDX-License-Identifier: MIT */
/* Who it is charged to. A cgroup's numbers hold those of all below it, so the answer is found from
 * the top: into the one below that has most of it, as deep as one has. */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "culprit/friendly.h"
#include "culprit/rank_internal.h"

/* A cgroup below has to have this much of what the one above has for the blame to go down. */
static const double GOES_DOWN = 0.6;

/* Rows of the tree are charged from; CGROUPS by the kernel's account, PLACES by processes. */
struct tree {
        enum table table;
        rank_value value;
        rank_value of_processes; /* the same of columns of processes; NULL: they do not tell it */
        double growth;
};

/* The row below `parent` with most of it, at least `least`; -1 none. */
static int largest_below(const struct rank_work *w, const struct tree *tree, uint64_t parent,
                         double least, double *ret_bytes)
{
        const struct tally *t = &w->in->found->tables[tree->table];
        int best = -1;

        for (unsigned i = 0; i < t->count; i++) {
                if (t->rows[i].parent != parent)
                        continue;
                double bytes = rank_row_growth(w, tree->table, i, tree->value);
                if (best < 0 ? bytes >= least : bytes > least) { /* false for NaN */
                        least = bytes;
                        best = (int)i;
                }
        }
        if (best >= 0)
                *ret_bytes = least;
        return best;
}

/* True when `path` is `above` or lies below it. */
static bool lies_in(const char *path, const char *above)
{
        size_t length = strlen(above);

        return strncmp(path, above, length) == 0 &&
               (path[length] == '\0' || path[length] == '/' || length == 1);
}

/* What speaks for a command: its part of the growth where processes tell it, else what it weighs.
 */
static double evidence(const struct rank_work *w, const struct tree *tree, unsigned pair)
{
        const struct tally *pairs = &w->in->found->tables[TABLE_PAIRS];

        return tree->of_processes ? rank_row_growth(w, TABLE_PAIRS, pair, tree->of_processes)
                                  : tally_now(pairs, pair)[PROCESS_WEIGHT];
}

/* The main command in the cgroup: "nginx". "" when none is known or many share it. */
static void main_command(const struct rank_work *w, const struct tree *tree, const char *cgroup,
                         char *ret, size_t size)
{
        const struct tally *pairs = &w->in->found->tables[TABLE_PAIRS];
        const struct tally *places = &w->in->found->tables[TABLE_PLACES];
        double all = 0, most = 0;
        int best = -1;

        ret[0] = '\0';
        for (unsigned i = 0; i < pairs->count; i++) {
                int place = tally_find(places, pairs->rows[i].parent);
                double part = evidence(w, tree, i);

                if (place < 0 || !(part > 0) || !lies_in(places->rows[place].name, cgroup))
                        continue;
                all += part;
                if (part > most) {
                        most = part;
                        best = (int)i;
                }
        }
        if (best >= 0 && most >= 0.5 * all)
                rank_set(ret, size, "%s", pairs->rows[best].name);
}

static void add(struct rank_work *w, const struct tree *tree, unsigned row, double bytes)
{
        const struct tally *t = &w->in->found->tables[tree->table];
        struct culprit *c = rank_add(w, CULPRIT_CGROUP, tree->table, bytes, tree->growth);
        const char *path = t->rows[row].name;
        char friendly[FRIENDLY_MAX], command[64];

        if (!c)
                return;
        rank_set(c->name, sizeof(c->name), "%s", path);
        friendly_cgroup(path, friendly);
        main_command(w, tree, path, command, sizeof(command));
        /* "nginx.service (nginx)" says nothing twice. */
        if (command[0] && !has_prefix(friendly, command) && !friendly_is_slice(path))
                rank_set(c->label, sizeof(c->label), "%s (%s)", friendly, command);
        else
                rank_set(c->label, sizeof(c->label), "%s", friendly);
        if (tree->table == TABLE_PLACES) {
                c->placed = true;
                rank_set(c->note, sizeof(c->note), "by its processes: %.0f with %.0f threads",
                         tally_now(t, row)[PROCESS_COUNT], tally_now(t, row)[PROCESS_THREADS]);
        } else if (w->in->found->cgroups_are_v1) {
                rank_set(c->note, sizeof(c->note), "%s",
                         "all kernel memory of it: cgroup v1 does not tell the kinds apart");
                c->about = true;
                if (bytes > 1.5 * tree->growth)
                        c->share = NAN; /* other kinds make most of it */
        }
}

/* PLACES are no tree: each row has what its own processes have. */
static bool is_top(const struct rank_work *w, const struct tree *tree, unsigned row)
{
        const char *name = w->in->found->tables[tree->table].rows[row].name;

        return tree->table == TABLE_PLACES || (name[0] == '/' && !strchr(name + 1, '/'));
}

/* Adds the largest of the tops, each followed down. Returns the sum of all tops. */
static double add_largest(struct rank_work *w, const struct tree *tree)
{
        const struct tally *t = &w->in->found->tables[tree->table];
        double least =
                fmax(RANK_BYTES_MIN, isnan(tree->growth) ? 0 : RANK_SHARE_MIN * tree->growth);
        int taken[RANK_CGROUPS] = { 0 };
        unsigned count = 0;
        double all = 0;

        for (unsigned i = 0; i < t->count; i++) {
                double bytes = rank_row_growth(w, tree->table, i, tree->value);

                if (is_top(w, tree, i) && !isnan(bytes))
                        all += bytes;
        }
        while (count < RANK_CGROUPS) {
                double bytes = least;
                int row = -1;

                for (unsigned i = 0; i < t->count; i++) {
                        bool again = !is_top(w, tree, i);

                        for (unsigned j = 0; j < count && !again; j++)
                                again = taken[j] == (int)i;
                        double own = again ? NAN : rank_row_growth(w, tree->table, i, tree->value);
                        if (row < 0 ? own >= bytes : own > bytes) {
                                bytes = own;
                                row = (int)i;
                        }
                }
                if (row < 0)
                        break;
                taken[count++] = row;
                for (int below = row; below >= 0;) {
                        row = below;
                        below = largest_below(w, tree, t->rows[row].key,
                                              fmax(GOES_DOWN * bytes, RANK_BYTES_MIN), &bytes);
                }
                add(w, tree, (unsigned)row, bytes);
        }
        return all;
}

/* Does any cgroup have a number? None that is large enough for a row is an answer too. */
static bool is_told(const struct rank_work *w, const struct tree *tree)
{
        const struct tally *t = &w->in->found->tables[tree->table];

        for (unsigned i = 0; i < t->count; i++)
                if (!isnan(tree->value(w, tally_now(t, i))))
                        return true;
        return t->count == 0;
}

/* The totals of cgroup v1 hold other kinds of memory too: only that they are too small says
 * something. A container sees its own part only. */
static void say_charged(struct rank_work *w, double all, double growth)
{
        static const double LITTLE = 0.1, ENOUGH = 0.85;
        double share = rank_clamp(all / growth);

        if (w->in->found->cgroups_are_own || w->in->found->cgroups_cut)
                return;
        if (share < LITTLE)
                rank_say(&w->unexplained, "charged to no cgroup: kernel, driver or BPF");
        if (w->in->found->cgroups_are_v1 && share >= LITTLE)
                return;
        w->list->charged = share;
        if (share >= LITTLE && share < ENOUGH)
                rank_say(&w->unexplained, "%.0f %% is charged to no cgroup", (1 - share) * 100);
}

static bool by_place(struct rank_work *w, rank_value value)
{
        struct tree tree = { TABLE_PLACES, value, value, rank_growth(w, TABLE_PLACES) };

        if (w->in->found->tables[TABLE_PLACES].count == 0)
                return false;
        (void)add_largest(w, &tree);
        return true;
}

void rank_cgroups(struct rank_work *w, rank_value value, rank_value fallback)
{
        struct tree tree = { TABLE_CGROUPS, value, fallback, rank_growth(w, TABLE_CGROUPS) };
        bool told = w->in->found->state[SOURCE_CGROUPS] == SOURCE_DONE && is_told(w, &tree);

        if (!told || w->in->found->cgroups_are_v1)
                if (fallback && by_place(w, fallback))
                        return;
        if (w->in->found->cgroups_are_v1 && w->in->sizes) {
                rank_say(&w->hidden, "cgroup v1 does not tell kinds of kernel memory apart");
                return;
        }
        if (told) {
                double all = add_largest(w, &tree);

                if (tree.growth > 0)
                        say_charged(w, all, tree.growth);
                if (w->in->found->cgroups_cut)
                        rank_say(&w->hidden,
                                 "only the largest of very many cgroups were looked at");
                return;
        }
        if (w->in->found->state[SOURCE_CGROUPS] == SOURCE_DONE)
                rank_say(&w->hidden, "this kernel does not tell it by cgroup");
        else if (w->in->found->state[SOURCE_CGROUPS] == SOURCE_MISSING)
                rank_say(&w->hidden, "no memory cgroups here: who it is charged to is not known");
        else
                (void)rank_source(w, SOURCE_CGROUPS);
}
