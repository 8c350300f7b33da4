/* SPDX-License-Identifier: MIT */
/* The lane of learned state: few names, large data, only the newest of a name counts. No locking.
 * Only for store/writer.c. */
#pragma once

#include "store/job.h"

enum passing_state { PASSING_FREE, PASSING_WAITS, PASSING_RUNS };

/* A slot owns a mapping that grows to the largest it had to hold and is then reused. */
struct passing_slot {
        struct job job;
        size_t space;
        enum passing_state state;
};

struct passing {
        struct passing_slot slots[WRITER_PASSING_JOBS];
        int error; /* negative errno of the last try, or 0 */
};

void passing_done(struct passing *p);

/* Lets the job's data be made in the slot of the waiting one that it replaces, else into a free
 * one. 0, -ENOBUFS, -EMSGSIZE, -ENOMEM. */
int passing_submit(struct passing *p, const struct job *head, const char *name, writer_make make,
                   const void *from);

/* The job that waits longest, or NULL. */
struct passing_slot *passing_first(struct passing *p);

size_t passing_resident(const struct passing *p); /* bytes in memory */
void passing_status(struct passing *p, struct writer_lane_status *ret);
