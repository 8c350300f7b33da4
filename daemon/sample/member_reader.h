/* SPDX-License-Identifier: MIT */
/* Reads the members of the families that rules ask for: /proc/slabinfo, and what memory.stat says
 * of cgroups. Outside of the tick, in small steps, each family at its own pace; allocates nothing
 * after member_reader_new. */
#pragma once

#include <stdbool.h>

#include "sample/members.h"

struct member_reader;
struct procfs;

enum {
        MEMBER_PATTERNS_MAX = 64, /* as many as rules may have */
        /* A slab cache that leaks a machine away takes minutes. slabinfo holds a lock that the
         * creation of caches (and before 6.10 interrupts) waits for, and takes 0.2 to 2 ms: 0.02 to
         * 0.2 ms a second. */
        MEMBER_SLAB_SECONDS = 10,
        /* memory.stat takes 22 us a cgroup: 0.07 ms a second with 100 of them. */
        MEMBER_CGROUP_SECONDS = 30,
};

/* clock: seconds that do not step. 0 or -ENOMEM; p must outlive it. */
int member_reader_new(const struct procfs *p, double (*clock)(void), struct member_reader **ret);
void member_reader_free(struct member_reader *r); /* NULL is fine */

/* Which members are wanted from now on: names or patterns of them, which must stay. What was read
 * is kept, as far as it is wanted still after the next reading. */
void member_reader_want(struct member_reader *r, const char *const *patterns, unsigned count);

/* What all slab caches hold together now, of /proc/meminfo: while it has hardly moved, they are not
 * read anew for up to a minute. */
void member_reader_hint(struct member_reader *r, double unreclaimable, double reclaimable);

/* What was read: valid as long as the reader. NULL when nothing is wanted. */
const struct members *member_reader_members(const struct member_reader *r);

/* The time of the clock at which there is something to do; INFINITY never. */
double member_reader_due(const struct member_reader *r);

/* Goes on until slice_end of the clock, and does at least one step, of some 0.1 ms as a rule. True
 * while there is more to do at once. */
bool member_reader_step(struct member_reader *r, double slice_end);

size_t member_reader_resident(const struct member_reader *r); /* bytes in memory */

struct member_reading {
        bool wanted;
        int error;        /* negative errno of the last reading, 0 it went well */
        bool cut;         /* there are more than MEMBERS_MAX: the others are not followed */
        unsigned members; /* that were found and are wanted */
        double count;     /* readings so far */
        double seconds;   /* CPU time of all of them */
        double pause;     /* from one to the next: where it takes long it is done less often */
};
void member_reader_status(const struct member_reader *r, enum family family,
                          struct member_reading *ret);
