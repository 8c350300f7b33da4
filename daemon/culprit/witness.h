/* SPDX-License-Identifier: MIT */
/* Whoever has watched and can be asked: takes a snapshot each minute, a deep look when an alert
 * asks for one (and now and then, to have something to compare with), remembers both in fixed
 * memory, and names the culprits. Everything it does is cut into slices: the engine calls
 * witness_step() between its ticks. Allocates nothing after witness_new.
 *
 * Costs in CPU time of this process, nearly all of it the kernel's; two CPUs, kernel 6.18, 240
 * caches, 90 processes, measured while others kept the machine busy (caches cold):
 *   snapshot each minute   0.7 ... 2.5 ms: slabinfo 0.3 (warm) to 2.2, cgroups 0.2, counts 0.1;
 *                          slabinfo only when the slab has moved, and each five minutes
 *   deep look              8 ... 20 ms with 3,800 vmalloc areas (half of it); 130 ms with 4,000
 *                          processes and 5,600 areas: 23 µs a process, 2 ... 4 µs an area
 *   an answer              5 ... 30 µs
 *   memory                 0.1 MiB at first, 0.3 after the first looks, at most 0.8 more as the
 *                          history fills */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "culprit/culprit.h"
#include "culprit/findings.h"

struct host_facts;
struct procfs;
struct witness;

enum {
        WITNESS_SNAPSHOT_SECONDS = 60,
        WITNESS_BASE_SECONDS = 3600, /* between deep looks that nobody asked for; fewer at first */
        WITNESS_LOOK_SECONDS = 2,    /* a deep look's deadline: an alert waits no longer */
        WITNESS_VERSION = 1,         /* of what witness_save writes */
        WITNESS_PERSON_SECONDS = 60, /* between deep looks for people who may only read */
};

/* p must outlive it. clock: seconds that do not step (clock_monotonic, a test's own). 0 or
 * -ENOMEM. */
int witness_new(const struct procfs *p, double (*clock)(void), struct witness **ret);
void witness_free(struct witness *w); /* NULL is fine */

/* The time of the clock at which witness_step() has something to do; not later than now while it is
 * in the middle of it. */
double witness_due(const struct witness *w);

/* Does what is due until slice_end of the clock: a few ms after now. now: Unix seconds. True when
 * there is more to do at once. */
bool witness_step(struct witness *w, double now, double slice_end);

/* An alert wants a deep look. 0: one is under way, witness_step() takes it, within
 * WITNESS_LOOK_SECONDS; 1: one has just been taken; -EAGAIN: too many in the last minutes (looks
 * take at most a hundredth of the time). In each case witness_answer() gives what there is.
 * dimension: what is read first. */
int witness_ask(struct witness *w, enum culprit_dimension dimension);

/* The same for a person, whose looks are counted apart: they never keep one from an alert. trusted:
 * may have as many as alerts may; others one in WITNESS_PERSON_SECONDS, all of them together. */
int witness_ask_for_person(struct witness *w, enum culprit_dimension dimension, bool trusted);

/* Seconds between snapshots from now on; WITNESS_SNAPSHOT_SECONDS at first. */
void witness_set_pace(struct witness *w, double seconds);

/* True while a deep look is under way or waits. */
bool witness_is_looking(const struct witness *w);

/* Unix time of the last deep look that was finished; NaN none. */
double witness_looked(const struct witness *w);

/* No time for a look (memory is nearly gone): a snapshot at once, in one piece, of 10 ms at most.
 */
void witness_glance(struct witness *w, double now);

struct witness_question {
        enum culprit_dimension dimension;
        bool sizes;    /* who has it now (out of proportion), not what grew */
        int direction; /* +1: it grew, -1: it fell, 0: as it turns out. The former is compared with
                          the lowest of the last minutes before since, the latter the highest:
                          another change may have come and gone in between */
        double since;  /* Unix seconds: when it began to go wrong */
        double until;  /* now */
        double grown;  /* as struct rank_input */
        const struct host_facts *host;
};

/* From the last deep look when it is not older than two minutes and from after the growth had
 * begun, else from the last snapshot (witness_glance() takes a new one). Some 0.2 ms. */
void witness_answer(struct witness *w, const struct witness_question *q, struct culprit_list *ret);

/* By how much the fields and counts have changed since then, up to the last look of any kind.
 * False, and NaN, when nothing earlier is remembered. */
bool witness_change(const struct witness *w, double since, double ret_fields[FIELD_MEMINFO_COUNT],
                    double ret_counts[COUNT_COUNT]);

/* The wall clock was set by this much: what is remembered moves along. */
void witness_shift(struct witness *w, double seconds);

/* Kernel memory in no account, the median of the last minutes; NaN before the third. */
double witness_unaccounted(const struct witness *w);

/* To keep over a restart of the daemon what is remembered; for the same boot and the same machine
 * only, which the caller sees to. Bytes needed now (0.4 MiB as a rule, at most 1.3), bytes written,
 * and 0 or the error of history_load(): what cannot be understood is forgotten. */
size_t witness_saved_size(const struct witness *w);
size_t witness_save(const struct witness *w, void *buffer, size_t size);
int witness_load(struct witness *w, const void *data, size_t size);

/* The sources that CAP_DAC_READ_SEARCH would open, in words for a person, "" when there are none;
 * known after the first deep look: to be said once. Returns buffer. */
const char *witness_denied(const struct witness *w, char *buffer, size_t size);

/* For `status` and `top`: what was found last, and what reading it took. */
const struct findings *witness_snapshot(const struct witness *w);
const struct findings *witness_deep(const struct witness *w);

struct witness_costs {
        double snapshots, snapshot_seconds; /* how many, and CPU time of all of them */
        double looks, look_seconds;
        double slabinfo_pause; /* seconds to the next slabinfo by its own back-off, 60 as a rule */
};
size_t witness_resident(const struct witness *w); /* bytes in memory */
void witness_costs_read(const struct witness *w, struct witness_costs *ret);
