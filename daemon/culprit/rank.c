/* SPDX-License-Identifier: MIT */
/* What all dimensions have in common: which rows grew most, and what they are shares of. */
#include "culprit/rank.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/macros.h"
#include "base/units.h"
#include "culprit/rank_internal.h"

/* What of /proc/meminfo is the dimension. */
static const struct {
        enum field field;
        bool known;
} dimension_fields[] = {
        [DIMENSION_SLAB] = { FIELD_SLAB, true },
        [DIMENSION_SRECLAIMABLE] = { FIELD_SRECLAIMABLE, true },
        [DIMENSION_SUNRECLAIM] = { FIELD_SUNRECLAIM, true },
        [DIMENSION_VMALLOC_USED] = { FIELD_VMALLOC_USED, true },
        [DIMENSION_KERNEL_STACK] = { FIELD_KERNEL_STACK, true },
        [DIMENSION_PAGE_TABLES] = { FIELD_PAGE_TABLES, true },
        [DIMENSION_SEC_PAGE_TABLES] = { FIELD_SEC_PAGE_TABLES, true },
        [DIMENSION_PERCPU] = { FIELD_PERCPU, true },
        [DIMENSION_UNACCOUNTED] = { 0, false },
};
static_assert(ELEMENTS_OF(dimension_fields) == DIMENSION_COUNT, "one for each");

bool rank_dimension_field(enum culprit_dimension dimension, enum field *ret)
{
        if (dimension_fields[dimension].known)
                *ret = dimension_fields[dimension].field;
        return dimension_fields[dimension].known;
}

void rank_set(char *buffer, size_t size, const char *format, ...)
{
        char raw[512];
        va_list args;

        va_start(args, format);
        (void)vsnprintf(raw, sizeof(raw), format, args);
        va_end(args);
        utf8_clean(raw, buffer, size);
}

void rank_say(struct text *t, const char *format, ...)
{
        char raw[512];
        va_list args;

        va_start(args, format);
        (void)vsnprintf(raw, sizeof(raw), format, args);
        va_end(args);
        text_add(t, "%s%s", t->length > 0 ? "; " : "", raw);
}

double rank_clamp(double share)
{
        return isnan(share) ? share : fmin(1, fmax(0, share));
}

bool rank_is_whole(const struct rank_work *w, enum table table)
{
        return w->in->found->state[table_source(table)] == SOURCE_DONE;
}

bool rank_has_base(const struct rank_work *w, enum table table)
{
        return !w->in->sizes && !isnan(w->in->bases[table].time);
}

double rank_field(const struct rank_work *w, enum table table, enum field field)
{
        double now = w->in->found->fields_at[table][field];

        return rank_has_base(w, table) ? (now - w->in->bases[table].fields[field]) * w->sign : now;
}

double rank_growth(const struct rank_work *w, enum table table)
{
        enum culprit_dimension d = w->in->dimension;
        const struct rank_base *base = &w->in->bases[table];
        double asked = w->in->grown * w->sign;

        if (dimension_fields[d].known) {
                double growth = rank_field(w, table, dimension_fields[d].field);

                /* An old base: what came since had gone before, so that the sum says nothing. A
                 * base later than what is asked for: a good part will do. */
                double enough = base->time > w->in->since ? 0.05 : 0.5;
                if (growth > RANK_BYTES_MIN &&
                    (!rank_has_base(w, table) || !(growth < enough * asked)))
                        return growth;
        }
        return asked > 0 ? asked : NAN;
}

double rank_row_growth(const struct rank_work *w, enum table table, unsigned row, rank_value value)
{
        const struct tally *t = &w->in->found->tables[table];
        double now = value(w, tally_now(t, row));

        if (!rank_has_base(w, table))
                return now;
        double grown = now - value(w, tally_then(t, row));
        /* What was not read any more only looks as if it were gone. */
        if (!rank_is_whole(w, table) && (w->sign < 0 || grown < 0))
                return NAN;
        return grown * w->sign;
}

unsigned rank_top(const struct rank_work *w, enum table table, rank_value value, rank_filter filter,
                  double growth, struct rank_row rows[RANK_OBJECTS], double *ret_all)
{
        const struct tally *t = &w->in->found->tables[table];
        double least = fmax(RANK_BYTES_MIN, isnan(growth) ? 0 : RANK_SHARE_MIN * growth);
        unsigned count = 0;
        double all = 0;

        for (unsigned i = 0; i < t->count; i++) {
                if (filter && !filter(w, t, i))
                        continue;
                double bytes = rank_row_growth(w, table, i, value);
                if (isnan(bytes))
                        continue;
                all += bytes;
                if (bytes < least)
                        continue;

                unsigned place = count;
                while (place > 0 && rows[place - 1].bytes < bytes)
                        place--;
                if (place == RANK_OBJECTS)
                        continue;
                if (count < RANK_OBJECTS)
                        count++;
                for (unsigned j = count - 1; j > place; j--)
                        rows[j] = rows[j - 1];
                rows[place] = (struct rank_row){ i, bytes };
        }
        *ret_all = all;
        return count;
}

struct culprit *rank_add(struct rank_work *w, enum culprit_kind kind, enum table table,
                         double bytes, double growth)
{
        struct culprit *c = culprit_list_add(w->list, kind);

        if (!c)
                return NULL;
        c->bytes = bytes;
        c->sizes = !rank_has_base(w, table);
        c->since = c->sizes ? NAN : w->in->bases[table].time;
        c->share = bytes / growth;
        return c;
}

double rank_count_growth(const struct rank_work *w, enum count count)
{
        return (w->in->found->counts[count] - w->in->then_counts[count]) * w->sign;
}

double rank_objects(struct rank_work *w, enum count count, double each, double growth)
{
        double number = rank_count_growth(w, count), bytes = number * each;
        struct culprit *c;

        if (!(bytes >= 0.1 * growth && bytes >= RANK_BYTES_MIN))
                return 0;
        c = culprit_list_add(w->list, CULPRIT_OBJECTS);
        if (!c)
                return 0;
        c->bytes = fmin(bytes, growth);
        c->share = bytes / growth;
        c->about = true;
        c->since = w->in->since;
        rank_set(c->name, sizeof(c->name), "%s", count_name(count));
        c->sizes = w->in->sizes;
        rank_set(c->label, sizeof(c->label), "%.0f %s%s", number,
                 w->in->sizes  ? ""
                 : w->sign > 0 ? "more "
                               : "fewer ",
                 count_name(count));
        rank_set(c->note, sizeof(c->note), "%.0f now; their usual cost, not measured",
                 w->in->found->counts[count]);
        return rank_clamp(c->share);
}

bool rank_source(struct rank_work *w, enum source source)
{
        switch (w->in->found->state[source]) {
        case SOURCE_DONE:
                return true;
        case SOURCE_DENIED:
                rank_say(&w->hidden, "no right to read %s", source_name(source));
                return false;
        case SOURCE_LATE:
                rank_say(&w->hidden, "no time to read all %s", source_name(source));
                return true;
        case SOURCE_FAILED:
                rank_say(&w->hidden, "%s could not be read", source_name(source));
                return false;
        case SOURCE_UNASKED:
                if (source != SOURCE_ALLOCINFO && source != SOURCE_MAPS)
                        rank_say(&w->hidden, "no time to look at %s", source_name(source));
                return false;
        case SOURCE_MISSING:
                break;
        }
        return false;
}

/* What is asked for as a growth, from the fields when the caller does not know. */
static double measured(const struct rank_input *in)
{
        enum culprit_dimension d = in->dimension;

        if (!isnan(in->grown) || !dimension_fields[d].known)
                return in->grown;
        enum field field = dimension_fields[d].field;
        return in->found->fields[field] - (in->sizes ? 0 : in->then_fields[field]);
}

/* Where nothing else is known: what no cgroup is charged with is a driver's, or the kernel's own.
 */
static void say_modules(struct rank_work *w)
{
        const struct culprit_list *l = w->list;

        if (!w->in->modules || !*w->in->modules || w->in->sizes || w->sign < 0 ||
            l->charged >= 0.5 || (l->explained >= 0.5 && l->count > 0))
                return;
        rank_say(&w->unexplained, "kernel modules loaded in the hour before or since: %s",
                 w->in->modules);
}

/* What grew can be more than the growth: something else shrank meanwhile, often the last of what
 * was before. Then shares are of all that grew. */
static void settle_shares(struct rank_work *w)
{
        static const double WORTH_SAYING = 1.1;
        double sums[SIDE_COUNT] = { 0 }, most = 0;
        char bytes[FORMAT_MAX];

        for (unsigned i = 0; i < w->list->count; i++) {
                const struct culprit *c = &w->list->culprits[i];

                if (!isnan(c->share) && c->kind != CULPRIT_SITE)
                        sums[culprit_side(c->kind)] += c->share;
        }
        for (unsigned i = 0; i < w->list->count; i++) {
                struct culprit *c = &w->list->culprits[i];
                double sum = fmax(sums[culprit_side(c->kind)], 1);

                /* Usual costs and sums of many kinds prove nothing of what is gone. */
                if (sum > WORTH_SAYING && !c->about && c->kind != CULPRIT_CGROUP)
                        most = fmax(most, c->bytes / c->share * (sum - 1));
                c->share = rank_clamp(c->share / sum);
        }
        if (most > 0 && !w->list->sizes)
                rank_say(&w->unexplained, "%s %s elsewhere meanwhile", format_bytes(most, bytes),
                         w->sign > 0 ? "were given back" : "were taken");
}

void rank(const struct rank_input *in, struct culprit_list *ret)
{
        static void (*const by_dimension[])(struct rank_work *) = {
                [DIMENSION_SLAB] = rank_slab,
                [DIMENSION_SRECLAIMABLE] = rank_slab,
                [DIMENSION_SUNRECLAIM] = rank_slab,
                [DIMENSION_VMALLOC_USED] = rank_vmalloc,
                [DIMENSION_KERNEL_STACK] = rank_kernel_stack,
                [DIMENSION_PAGE_TABLES] = rank_page_tables,
                [DIMENSION_SEC_PAGE_TABLES] = rank_sec_page_tables,
                [DIMENSION_PERCPU] = rank_percpu,
                [DIMENSION_UNACCOUNTED] = rank_unaccounted,
        };
        static_assert(ELEMENTS_OF(by_dimension) == DIMENSION_COUNT, "one for each");
        struct rank_input with_growth = *in;
        struct rank_work w = { .in = &with_growth, .list = ret };

        culprit_list_init(ret, in->dimension);
        ret->since = in->since;
        ret->until = in->until;
        ret->grown = with_growth.grown = measured(in);
        w.sign = ret->grown < 0 ? -1 : 1;
        text_init(&w.unexplained, ret->unexplained, sizeof(ret->unexplained));
        text_init(&w.hidden, ret->hidden, sizeof(ret->hidden));

        if (fabs(ret->grown) < RANK_BYTES_MIN) { /* false for NaN */
                rank_say(&w.unexplained, "it has hardly changed");
                return;
        }
        by_dimension[in->dimension](&w);
        ret->sizes = ret->count > 0 && ret->culprits[0].sizes;
        settle_shares(&w);
        say_modules(&w);
        if (ret->sizes && !in->sizes)
                rank_say(&w.hidden, "no earlier look to compare with: shares are of the size now");
        if (in->container && in->found->cgroups_are_own)
                rank_say(&w.hidden, "in a container: cgroups of others are not seen");
}
