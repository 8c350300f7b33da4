/* SPDX-License-Identifier: MIT */
/* What the two threads of the announcer share. Only for announce/announce.c, which is for the
 * sampling thread, and announce/announce_disk.c, which is for the one that waits for disks. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "alert/event.h"
#include "announce/announce.h"
#include "announce/entry.h"
#include "announce/hold.h"
#include "announce/spool.h"

enum {
        /* Events whose journal entry is queued and whose way to the spool is not free: the engine
         * holds at most one per rule. */
        TOLD_MAX = WATCHES_MAX,
};

struct announcer {
        struct writer *writer;             /* not owned */
        const struct journal *journal;     /* not owned */
        char told[TOLD_MAX][EVENT_ID_MAX]; /* ids */
        unsigned told_count;

        pthread_mutex_t packing; /* entry, between two threads that have something to say */
        struct entry entry;

        bool has_spool;
        atomic_bool no_channels;
        /* The disk thread's alone. */
        struct spool spool;
        struct hold hold;
        bool retrying;        /* a job waits that will try again */
        int said;             /* the error that was said, 0 while all is well */
        double failing_since; /* CLOCK_MONOTONIC */

        pthread_mutex_t lock; /* what follows */
        struct spool_count count;
        double waiting_since; /* CLOCK_BOOTTIME: some event has been waiting since; NAN: none does
                               */
        bool counted;         /* once at least */
        uint64_t held;        /* in the writer's memory ... */
        uint64_t kept;        /* ... and in the state folder */
        int error;
};

/* Jobs of the writer: opens the spool; writes one event; counts what is there. */
int announcer_open_job(void *userdata, const char *name, const void *data, size_t size);
int announcer_spool_job(void *userdata, const char *name, const void *data, size_t size);
int announcer_count_job(void *userdata, const char *name, const void *data, size_t size);
