/* SPDX-License-Identifier: MIT */
/* When to look at what, and what to compare it with. */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/pages.h"
#include "base/procfs.h"
#include "base/text.h"
#include "culprit/witness_internal.h"
#include "sample/meminfo.h"

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
/* Looks that nobody asked for take a hundred thousandth of the time at most, one that was asked for
 * a hundredth. */
static const double BASE_SHARE = 100000, LOOK_SHARE = 100;
static const double LOOK_PAUSE = 10; /* seconds between looks, at least */
/* So many seconds of pause may be spent in advance when there was quiet before: troubles come
 * together, and the second is as much worth a look as the first. */
static const double LOOK_SAVED = 120;
static const double FRESH = 5; /* seconds in which a look serves the next alert too */
static const double GLANCE = 0.010;
static const double TOO_SLOW = 600; /* a pause that long: slabinfo took more than 0.6 s */
static const double FIRST_BASE = 3; /* seconds after the start */
/* Cache that fills and empties a little is no news, nor is a leak below 1 MiB; but what is compared
 * with shall not be older than minutes. */
static const double SLABS_SECONDS = 300, SLABS_MOVED = 1048576, SLABS_MOVED_SHARE = 0.01;
/* The median of `unaccounted` is one of minutes: a glance in between is none of its values. */
static const double UNACCOUNTED_SECONDS = 50;

int witness_new(const struct procfs *p, double (*clock)(void), struct witness **ret)
{
        const unsigned minutes = 1U << TABLE_CACHES | 1U << TABLE_CGROUPS;
        struct witness *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return -ENOMEM;
        w->p = p;
        w->clock = clock;
        w->born = w->next_snapshot = w->next_look = w->next_person = clock();
        w->next_slabinfo = w->next_cgroups = w->born;
        w->pace = WITNESS_SNAPSHOT_SECONDS;
        w->unaccounted_at = w->slabs_at = -INFINITY;
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

/* Reading slabinfo is most of a snapshot, and says nothing new while all caches together are as
 * large as they were. */
static bool slabs_have_moved(const struct witness *w)
{
        char text[MEMINFO_TEXT_MAX];
        double fields[FIELD_MEMINFO_COUNT];

        if (w->started - w->slabs_at >= SLABS_SECONDS)
                return true;
        ssize_t n = procfs_read(w->p, "proc/meminfo", text, sizeof(text));
        if (n <= 0)
                return true;
        (void)meminfo_parse(text, (size_t)n, fields);
        return !(fabs(fields[FIELD_SUNRECLAIM] - w->unreclaimable) < SLABS_MOVED) ||
               !(fabs(fields[FIELD_SRECLAIMABLE] - w->reclaimable) <
                 fmax(SLABS_MOVED, SLABS_MOVED_SHARE * w->reclaimable));
}

static void start_snapshot(struct witness *w, double now)
{
        enum source order[SOURCE_COUNT];
        unsigned count = 0;

        w->started = w->clock();
        if (w->started >= w->next_slabinfo && (w->glances || slabs_have_moved(w)))
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
        if (w->clock() - w->unaccounted_at < UNACCOUNTED_SECONDS)
                return;
        w->unaccounted_at = w->clock();
        unaccounted_add(&w->unaccounted, unaccounted_read(w->p));
}

static void finish_snapshot(struct witness *w)
{
        const struct findings *f = &w->snapshot;

        read_unaccounted(w);
        history_add(w->minutes, f);
        w->next_snapshot = w->started + w->pace;
        if (f->state[SOURCE_SLABINFO] != SOURCE_UNASKED) {
                w->costs.slabinfo_pause =
                        fmax(w->pace, SNAPSHOT_SHARE * f->seconds[SOURCE_SLABINFO]);
                w->next_slabinfo = w->started + w->costs.slabinfo_pause;
                w->slabs_at = w->started;
                w->unreclaimable = f->fields[FIELD_SUNRECLAIM];
                w->reclaimable = f->fields[FIELD_SRECLAIMABLE];
        }
        if (f->state[SOURCE_CGROUPS] != SOURCE_UNASKED)
                w->next_cgroups =
                        w->started + fmax(w->pace, SNAPSHOT_SHARE * f->seconds[SOURCE_CGROUPS]);
        w->costs.snapshots++;
        w->costs.snapshot_seconds += seconds_of(f);
}

static void finish_deep(struct witness *w)
{
        double seconds = seconds_of(&w->deep);

        modules_read(&w->modules, w->p, w->deep.time);
        history_add(w->looks, &w->deep);
        w->deep_done = w->clock();
        double pause = fmax(LOOK_PAUSE, LOOK_SHARE * seconds);
        if (w->for_ask && !w->by_person)
                w->next_look = fmax(w->next_look, w->deep_done - LOOK_SAVED) + pause;
        if (w->for_ask)
                w->next_person = w->deep_done + pause;
        /* Twice as long each time at first: soon after a start there is something to compare with.
         */
        double age = w->deep_done - w->born;
        w->next_base = w->deep_done + fmax(fmin(WITNESS_BASE_SECONDS, age), BASE_SHARE * seconds);
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

static int ask(struct witness *w, enum culprit_dimension dimension, double not_before)
{
        double now = w->clock();

        if (w->doing == DEEP || w->asked)
                return 0;
        if (w->for_ask && now < w->deep_done + FRESH)
                return 1;
        if (now < not_before)
                return -EAGAIN;
        w->asked = true;
        w->first = dimension;
        return 0;
}

int witness_ask(struct witness *w, enum culprit_dimension dimension)
{
        w->by_person = false;
        return ask(w, dimension, w->next_look);
}

int witness_ask_for_person(struct witness *w, enum culprit_dimension dimension, bool trusted)
{
        bool idle = w->doing != DEEP && !w->asked;
        double not_before = trusted ? w->next_person
                                    : fmax(w->next_person, w->deep_done + WITNESS_PERSON_SECONDS);
        /* A look that nobody asked for is as good for people: it counts for their pause too. */
        int r = ask(w, dimension, not_before);

        if (r == 0 && idle)
                w->by_person = true;
        return r;
}

void witness_set_pace(struct witness *w, double seconds)
{
        w->next_snapshot += seconds - w->pace;
        w->pace = seconds;
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
        w->glances = true;
        start_snapshot(w, now);
        w->glances = false;
        hurry(w, until);
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

const char *witness_denied(const struct witness *w, char *buffer, size_t size)
{
        struct text t;

        text_init(&t, buffer, size);
        for (unsigned i = 0; i < SOURCE_COUNT; i++)
                /* BPF maps are for CAP_SYS_ADMIN, which nobody should give for this. */
                if (i != SOURCE_MAPS &&
                    (w->deep.state[i] == SOURCE_DENIED || w->snapshot.state[i] == SOURCE_DENIED))
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

size_t witness_resident(const struct witness *w)
{
        return look_resident(w->look) + history_resident(w->minutes) + history_resident(w->looks) +
               pages_resident(w->snapshot.memory, w->snapshot.size) +
               pages_resident(w->deep.memory, w->deep.size);
}
