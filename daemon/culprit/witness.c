/* SPDX-License-Identifier: MIT */
/* When to look at what, and what to compare it with. */
#include "culprit/witness.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/procfs.h"
#include "base/text.h"
#include "culprit/history.h"
#include "culprit/look.h"
#include "culprit/rank.h"
#include "sample/host.h"
#include "sample/lines.h"
#include "sample/unaccounted.h"

enum {
        /* 80 records of 160 caches and 128 cgroups would be 640 KiB; of 80 caches and 30 cgroups,
         * as most machines have, 200 KiB. With more than fit the steps become larger. */
        MINUTES_BYTES = 448 * 1024,
        MINUTES_NAMES = 1024,
        /* 55 records of 3 to 8 KiB. */
        LOOKS_BYTES = 256 * 1024,
        LOOKS_NAMES = 1024,
};

/* Reading slabinfo walks lists with interrupts off before 6.10, and a cgroup's memory.stat sums up
 * all CPUs: where that takes long it is done seldom, at most a thousandth of the time. */
static const double SNAPSHOT_SHARE = 1000;
/* A look that nobody asked for takes a ten thousandth of the time at most, one that was asked for a
 * hundredth. */
static const double BASE_SHARE = 10000, LOOK_SHARE = 100;
static const double LOOK_PAUSE = 10; /* seconds between looks, at least */
static const double FRESH = 5;       /* seconds in which a look serves the next alert too */
static const double USABLE = 120;    /* a deep look older than this knows less than a snapshot */
static const double GLANCE = 0.010;
static const double TOO_SLOW = 600; /* a pause that long: slabinfo took more than 0.6 s */
static const double FIRST_BASE = 3; /* seconds after the start */

enum doing { IDLE, SNAPSHOT, DEEP };

struct witness {
        const struct procfs *p;
        double (*clock)(void);
        struct look *look;
        enum doing doing;
        struct findings snapshot, deep;
        struct history *minutes, *looks;

        /* of the clock */
        double next_snapshot, next_base, next_look;
        double next_slabinfo, next_cgroups;
        double born;
        double started;   /* the look that is under way */
        double deep_done; /* the last deep look; -INFINITY none */

        bool asked;   /* a deep look is wanted */
        bool for_ask; /* the one under way, or the last one, was asked for */
        enum culprit_dimension first;
        struct unaccounted unaccounted;
        struct witness_costs costs;
};

int witness_new(const struct procfs *p, double (*clock)(void), struct witness **ret)
{
        const unsigned minutes = 1U << TABLE_CACHES | 1U << TABLE_CGROUPS;
        struct witness *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return -ENOMEM;
        w->p = p;
        w->clock = clock;
        w->born = w->next_snapshot = w->next_look = w->next_slabinfo = w->next_cgroups = clock();
        w->next_base = w->born + FIRST_BASE;
        w->deep_done = -INFINITY;
        unaccounted_init(&w->unaccounted);
        w->costs.slabinfo_pause = WITNESS_SNAPSHOT_SECONDS;

        if ((r = look_new(p, clock, &w->look)) < 0 ||
            (r = findings_init(&w->snapshot, false)) < 0 ||
            (r = findings_init(&w->deep, true)) < 0 ||
            (r = history_new(MINUTES_BYTES, MINUTES_NAMES, WITNESS_SNAPSHOT_SECONDS, minutes,
                             &w->minutes)) < 0 ||
            (r = history_new(LOOKS_BYTES, LOOKS_NAMES, WITNESS_BASE_SECONDS, ~minutes, &w->looks)) <
                    0) {
                witness_free(w);
                return r;
        }
        *ret = w;
        return 0;
}

void witness_free(struct witness *w)
{
        if (!w)
                return;
        look_free(w->look);
        history_free(w->minutes);
        history_free(w->looks);
        findings_done(&w->snapshot);
        findings_done(&w->deep);
        free(w);
}

double witness_due(const struct witness *w)
{
        if (w->doing != IDLE || w->asked)
                return w->clock();
        return fmin(w->next_snapshot, w->next_base);
}

static double seconds_of(const struct findings *f)
{
        double sum = 0;

        for (unsigned i = 0; i < SOURCE_COUNT; i++)
                sum += f->seconds[i];
        return sum;
}

static void start_snapshot(struct witness *w, double now)
{
        enum source order[SOURCE_COUNT];
        unsigned count = 0;

        w->started = w->clock();
        if (w->started >= w->next_slabinfo)
                order[count++] = SOURCE_SLABINFO;
        if (w->started >= w->next_cgroups)
                order[count++] = SOURCE_CGROUPS;
        order[count++] = SOURCE_COUNTS;
        w->doing = SNAPSHOT;
        look_start(w->look, order, count, now, w->started + WITNESS_LOOK_SECONDS, false,
                   &w->snapshot);
}

/* What is asked for comes first, in case that the deadline ends it. */
static void start_deep(struct witness *w, double now)
{
        static const enum source usual[] = { SOURCE_SLABINFO,    SOURCE_CGROUPS, SOURCE_PROCESSES,
                                             SOURCE_VMALLOCINFO, SOURCE_ALIASES, SOURCE_COUNTS,
                                             SOURCE_ALLOCINFO,   SOURCE_MAPS };
        static const enum source first[] = {
                [DIMENSION_SLAB] = SOURCE_SLABINFO,
                [DIMENSION_SRECLAIMABLE] = SOURCE_SLABINFO,
                [DIMENSION_SUNRECLAIM] = SOURCE_SLABINFO,
                [DIMENSION_VMALLOC_USED] = SOURCE_VMALLOCINFO,
                [DIMENSION_KERNEL_STACK] = SOURCE_PROCESSES,
                [DIMENSION_PAGE_TABLES] = SOURCE_PROCESSES,
                [DIMENSION_SEC_PAGE_TABLES] = SOURCE_CGROUPS,
                [DIMENSION_PERCPU] = SOURCE_CGROUPS,
                [DIMENSION_UNACCOUNTED] = SOURCE_CGROUPS,
        };
        enum source order[SOURCE_COUNT];
        unsigned count = 0;

        w->started = w->clock();
        order[count++] = first[w->first];
        for (size_t i = 0; i < ELEMENTS_OF(usual); i++) {
                if (usual[i] == first[w->first])
                        continue;
                if (usual[i] == SOURCE_SLABINFO && w->next_slabinfo - w->started > TOO_SLOW)
                        continue;
                order[count++] = usual[i];
        }
        w->for_ask = w->asked;
        w->asked = false;
        w->doing = DEEP;
        look_start(w->look, order, count, now, w->started + WITNESS_LOOK_SECONDS, true, &w->deep);
}

static void read_unaccounted(struct witness *w)
{
        char text[8192]; /* as MEMINFO_TEXT_MAX */
        const double *f = w->snapshot.fields;
        struct lines lines;
        double pages = 0;
        const char *line;

        if (lines_init(&lines, w->p, "proc/zoneinfo") < 0)
                return;
        while ((line = lines_next(&lines)))
                unaccounted_zoneinfo_line(line, &pages);
        lines_done(&lines);

        ssize_t n = procfs_read(w->p, "proc/meminfo", text, sizeof(text));
        if (n <= 0)
                return;
        double page = w->p->live ? (double)sysconf(_SC_PAGESIZE) : 4096;
        unaccounted_add(&w->unaccounted,
                        unaccounted_bytes(text, (size_t)n,
                                          f[FIELD_VMALLOC_USED] >= f[FIELD_KERNEL_STACK],
                                          pages * page));
}

static void finish_snapshot(struct witness *w)
{
        const struct findings *f = &w->snapshot;

        read_unaccounted(w);
        history_add(w->minutes, f);
        w->next_snapshot = w->started + WITNESS_SNAPSHOT_SECONDS;
        if (f->state[SOURCE_SLABINFO] != SOURCE_UNASKED) {
                w->costs.slabinfo_pause = fmax(WITNESS_SNAPSHOT_SECONDS,
                                               SNAPSHOT_SHARE * f->seconds[SOURCE_SLABINFO]);
                w->next_slabinfo = w->started + w->costs.slabinfo_pause;
        }
        if (f->state[SOURCE_CGROUPS] != SOURCE_UNASKED)
                w->next_cgroups = w->started + fmax(WITNESS_SNAPSHOT_SECONDS,
                                                    SNAPSHOT_SHARE * f->seconds[SOURCE_CGROUPS]);
        w->costs.snapshots++;
        w->costs.snapshot_seconds += seconds_of(f);
}

static void finish_deep(struct witness *w)
{
        double seconds = seconds_of(&w->deep);

        history_add(w->looks, &w->deep);
        w->deep_done = w->clock();
        if (w->for_ask)
                w->next_look = w->deep_done + fmax(LOOK_PAUSE, LOOK_SHARE * seconds);
        /* Twice as long each time at first: soon after a start there is something to compare with.
         */
        w->next_base = w->deep_done + fmax(fmin(WITNESS_BASE_SECONDS, w->deep_done - w->born),
                                           BASE_SHARE * seconds);
        w->costs.looks++;
        w->costs.look_seconds += seconds;
}

static void finish(struct witness *w)
{
        enum doing was = w->doing;

        w->doing = IDLE;
        if (was == SNAPSHOT)
                finish_snapshot(w);
        else
                finish_deep(w);
}

bool witness_step(struct witness *w, double now, double slice_end)
{
        if (w->doing == IDLE) {
                double clock = w->clock();

                if (w->asked)
                        start_deep(w, now);
                else if (clock >= w->next_snapshot)
                        start_snapshot(w, now);
                else if (clock >= w->next_base)
                        start_deep(w, now);
                else
                        return false;
        }
        if (!look_step(w->look, slice_end))
                finish(w);
        return w->doing != IDLE || w->asked || w->clock() >= w->next_base;
}

int witness_ask(struct witness *w, enum culprit_dimension dimension)
{
        double now = w->clock();

        if (w->doing == DEEP || w->asked)
                return 0;
        if (w->for_ask && now < w->deep_done + FRESH)
                return 1;
        if (now < w->next_look)
                return -EAGAIN;
        w->asked = true;
        w->first = dimension;
        return 0;
}

bool witness_is_looking(const struct witness *w)
{
        return w->doing == DEEP || w->asked;
}

double witness_looked(const struct witness *w)
{
        return isinf(w->deep_done) ? NAN : w->deep.time;
}

/* Brings what is under way to its end: by then. */
static void hurry(struct witness *w, double until)
{
        (void)look_step(w->look, until);
        look_stop(w->look);
        finish(w);
}

void witness_glance(struct witness *w, double now)
{
        double until = w->clock() + GLANCE;

        if (w->doing != IDLE)
                hurry(w, w->doing == SNAPSHOT ? until : w->clock());
        if (w->clock() >= until || w->snapshot.time == now)
                return;
        if (w->next_slabinfo - w->clock() <= TOO_SLOW)
                w->next_slabinfo = w->clock();
        if (w->next_cgroups - w->clock() <= TOO_SLOW)
                w->next_cgroups = w->clock();
        start_snapshot(w, now);
        hurry(w, until);
}

/* Fills a table's `then` from what history knows of `since`, and tells what that is. */
static void compare(struct witness *w, struct findings *f, enum table table, double since,
                    struct rank_base *ret)
{
        const struct history *h =
                table == TABLE_CACHES || table == TABLE_CGROUPS ? w->minutes : w->looks;
        const struct record *r;

        ret->time = NAN;
        if (!f->tables[table].rows || table_infos[table].kept == 0)
                return;
        r = history_find(h, fmin(since, f->time - 1), table);
        if (!r || record_time(r) >= f->time) {
                tally_forget_then(&f->tables[table]);
                return;
        }
        if (history_compare(h, r, table, &f->tables[table])) {
                ret->time = record_time(r);
                record_fields(r, table, ret->fields);
        }
}

/* A look before most of the growth says nothing of it. */
static bool is_old(const struct findings *f, const struct witness_question *q)
{
        return !q->sizes && !(f->time >= q->since + (q->until - q->since) / 2);
}

void witness_answer(struct witness *w, const struct witness_question *q, struct culprit_list *ret)
{
        bool deep = w->doing != DEEP && w->deep_done >= w->clock() - USABLE && !is_old(&w->deep, q);

        if (!deep && (w->doing == SNAPSHOT || is_old(&w->snapshot, q)))
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
        const struct record *r = history_find(w->minutes, fmin(q->since, f->time - 1), TABLE_COUNT);

        for (unsigned i = 0; i < TABLE_COUNT; i++)
                compare(w, f, (enum table)i, q->since, &in.bases[i]);
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

void witness_shift(struct witness *w, double seconds)
{
        history_shift(w->minutes, seconds);
        history_shift(w->looks, seconds);
        w->snapshot.time += seconds;
        w->deep.time += seconds;
}

double witness_unaccounted(const struct witness *w)
{
        return unaccounted_median(&w->unaccounted);
}

size_t witness_saved_max(const struct witness *w)
{
        return sizeof(uint64_t) + history_saved_max(w->minutes) + history_saved_max(w->looks);
}

size_t witness_save(const struct witness *w, void *buffer, size_t size)
{
        char *at = buffer;

        if (size < witness_saved_max(w))
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

const char *witness_denied(const struct witness *w, char *buffer, size_t size)
{
        struct text t;

        text_init(&t, buffer, size);
        for (unsigned i = 0; i < SOURCE_COUNT; i++)
                if (w->deep.state[i] == SOURCE_DENIED || w->snapshot.state[i] == SOURCE_DENIED)
                        text_add(&t, "%s%s", t.length > 0 ? ", " : "", source_name((enum source)i));
        return buffer;
}

const struct findings *witness_snapshot(const struct witness *w)
{
        return &w->snapshot;
}

const struct findings *witness_deep(const struct witness *w)
{
        return &w->deep;
}

void witness_costs_read(const struct witness *w, struct witness_costs *ret)
{
        *ret = w->costs;
}
