/* SPDX-License-Identifier: MIT */
/* The one thread that may block on a disk or on journald. The sampling thread hands it jobs through
 * a bounded queue and never waits: a stuck disk delays no tick, and is news. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct writer;

/* Runs on the writer thread with the job's own copy of data. 0 when done; a negative errno: a
 * lasting job is tried again with growing pauses (1 s to 60 s), one at a time, in order; a passing
 * one is given up. */
typedef int (*writer_job)(void *userdata, const char *name, const void *data, size_t size);

enum writer_class {
        WRITER_LASTING, /* alert identities, journal entries, spool events: kept until done,
                           strictly in order */
        WRITER_PASSING, /* learned state: a newer job of the same function and name replaces one
                           that waits */
};

enum {
        WRITER_SLOTS =
                256, /* events that can wait for a disk; at one a second over 4 minutes of storm */
        WRITER_SLOT_SIZE = 32 * 1024 /* the largest event JSON is bounded to this; the memory is
                                        mapped, untouched until used */
};

/* Starts the thread (signals blocked, small fixed stack). 0 or negative errno. */
int writer_new(struct writer **ret);

/* Waits until the queue is empty, or at most `seconds`, then stops. *ret_left, when not NULL: jobs
 * that were not done. NULL is fine. */
void writer_free(struct writer *w, double seconds, size_t *ret_left);

/* Copies data and returns at once: 0; -ENOBUFS when the queue is full; -EMSGSIZE when it does not
 * fit a slot. */
int writer_submit(struct writer *w, enum writer_class kind, writer_job job, void *userdata,
                  const char *name, const void *data, size_t size);

struct writer_status {
        size_t waiting;       /* lasting jobs not done yet */
        double waiting_since; /* CLOCK_MONOTONIC of the oldest, NaN when none */
        int error; /* negative errno of the last failure, 0 when the last try succeeded */
        uint64_t done, failed; /* since start */
};
void writer_status(struct writer *w, struct writer_status *ret);
