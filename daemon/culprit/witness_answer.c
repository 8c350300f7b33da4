/* SPDX-License-Identifier: MIT */
/* What the witness says: from which look, and compared with which of the past; and what of it is
 * kept over a restart. */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/procfs.h"
#include "culprit/rank.h"
#include "culprit/witness_internal.h"
#include "sample/host.h"

static const double USABLE = 120; /* a deep look older than this knows less than a snapshot */

/* A change that came and went before the one that is asked for, within this time, is none of it. */
static const double BEFORE = 180;

/* With an earlier base the change must be larger by a tenth: else the later one says more. */
static const double LARGER = 1.1;

/* A module leaks from when it is loaded or from when it is used: one that came so long before is
 * worth a word. */
static const double MODULES_BEFORE = 3600;

/* What to compare the table with; TABLE_COUNT: the fields. NULL: nothing. */
static const struct record *base_of(const struct history *h, enum table table,
                                    const struct findings *f, const struct witness_question *q)
{
        double latest = fmin(q->since, f->time - 1);
        const struct record *best = history_find(h, latest, table), *r = best;
        enum field field;

        if (!best || q->direction == 0 || !rank_dimension_field(q->dimension, &field))
                return best;
        double now = table == TABLE_COUNT ? f->fields[field] : f->fields_at[table][field];
        double most = -INFINITY;
        while (r && record_time(r) >= latest - BEFORE) {
                double fields[FIELD_MEMINFO_COUNT];
                record_fields(r, table, fields);
                double change = (now - fields[field]) * q->direction;
                if (r == best || change > LARGER * fmax(most, 0)) {
                        best = r;
                        most = change;
                }
                const struct record *earlier = history_find(h, record_time(r) - 1, table);
                /* Without an earlier one history_find gives the oldest. */
                r = earlier && record_time(earlier) < record_time(r) ? earlier : NULL;
        }
        return best;
}

/* Fills a table's `then` from what history knows of the past, and tells what that is. */
static void compare(struct witness *w, struct findings *f, enum table table,
                    const struct witness_question *q, struct rank_base *ret)
{
        const struct history *h =
                table == TABLE_CACHES || table == TABLE_CGROUPS ? w->minutes : w->looks;
        const struct record *r;

        ret->time = NAN;
        if (!f->tables[table].rows || table_infos[table].kept == 0)
                return;
        r = base_of(h, table, f, q);
        if (!r || record_time(r) >= f->time) {
                tally_forget_then(&f->tables[table]);
                return;
        }
        if (history_compare(h, r, table, &f->tables[table])) {
                ret->time = record_time(r);
                record_fields(r, table, ret->fields);
        }
}

/* A look before most of the growth says nothing of it; one that was begun when a jump was seen may
 * take longer than the jump did. */
static bool is_old(const struct findings *f, const struct witness_question *q)
{
        double middle = q->since + (q->until - q->since) / 2;

        return !q->sizes && !(f->time >= fmin(middle, q->until - WITNESS_LOOK_SECONDS));
}

void witness_answer(struct witness *w, const struct witness_question *q, struct culprit_list *ret)
{
        bool deep = w->doing != DEEP && w->deep_done >= w->clock() - USABLE && !is_old(&w->deep, q);

        if (!deep && (w->doing == SNAPSHOT || is_old(&w->snapshot, q) ||
                      w->snapshot.state[SOURCE_SLABINFO] == SOURCE_UNASKED))
                witness_glance(w, q->until);
        struct findings *f = deep ? &w->deep : &w->snapshot;
        struct rank_input in = {
                .dimension = q->dimension,
                .since = q->since,
                .until = q->until,
                .sizes = q->sizes,
                .grown = q->grown,
                .found = f,
                .page_size = w->p->live ? (double)sysconf(_SC_PAGESIZE) : 4096,
                .stack_size = q->host->stack_size,
                .possible_cpus = q->host->cpus_possible,
                .container = q->host->kind == HOST_CONTAINER,
        };
        const struct record *r = base_of(w->minutes, TABLE_COUNT, f, q);
        char modules[CULPRIT_TEXT_MAX];

        in.modules =
                modules_since(&w->modules, q->since - MODULES_BEFORE, modules, sizeof(modules));
        for (unsigned i = 0; i < TABLE_COUNT; i++)
                compare(w, f, (enum table)i, q, &in.bases[i]);
        for (unsigned i = 0; i < FIELD_MEMINFO_COUNT; i++)
                in.then_fields[i] = NAN;
        for (unsigned i = 0; i < COUNT_COUNT; i++)
                in.then_counts[i] = q->sizes ? 0 : NAN;
        if (r && record_time(r) < f->time && !q->sizes) {
                record_fields(r, TABLE_COUNT, in.then_fields);
                record_counts(r, in.then_counts);
        }
        rank(&in, ret);
        ret->from_snapshot = !deep;
}

bool witness_change(const struct witness *w, double since, double ret_fields[FIELD_MEMINFO_COUNT],
                    double ret_counts[COUNT_COUNT])
{
        const struct findings *f = &w->snapshot;

        if (w->doing != DEEP && !isinf(w->deep_done) && w->deep.time > f->time)
                f = &w->deep;
        const struct record *r = history_find(w->minutes, fmin(since, f->time - 1), TABLE_COUNT);
        bool known = r && record_time(r) < f->time;

        if (known) {
                record_fields(r, TABLE_COUNT, ret_fields);
                record_counts(r, ret_counts);
        }
        for (unsigned i = 0; i < FIELD_MEMINFO_COUNT; i++)
                ret_fields[i] = known ? f->fields[i] - ret_fields[i] : NAN;
        for (unsigned i = 0; i < COUNT_COUNT; i++)
                ret_counts[i] = known ? f->counts[i] - ret_counts[i] : NAN;
        return known;
}

size_t witness_saved_size(const struct witness *w)
{
        return sizeof(uint64_t) + history_saved_size(w->minutes) + history_saved_size(w->looks);
}

size_t witness_save(const struct witness *w, void *buffer, size_t size)
{
        char *at = buffer;

        if (size < witness_saved_size(w))
                return 0;
        uint64_t first = history_save(w->minutes, at + sizeof(first), size - sizeof(first));
        memcpy(at, &first, sizeof(first));
        size_t used = sizeof(first) + first;
        return used + history_save(w->looks, at + used, size - used);
}

int witness_load(struct witness *w, const void *data, size_t size)
{
        const char *at = data;
        uint64_t first;

        if (size < sizeof(first))
                return -EBADMSG;
        memcpy(&first, at, sizeof(first));
        size -= sizeof(first);
        if (first > size)
                return -EBADMSG;
        int r = history_load(w->minutes, at + sizeof(first), first);
        int second = history_load(w->looks, at + sizeof(first) + first, size - first);
        return r < 0 ? r : second;
}
