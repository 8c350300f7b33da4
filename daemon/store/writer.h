/* SPDX-License-Identifier: MIT */
/* The threads that may block: one on disks, one on journald. The sampling thread hands them jobs
 * through bounded lanes and never waits: a stuck disk delays no tick, and is news.
 *
 * A job that fails holds up only its own lane, so a full disk does not keep an alert from the
 * journal, and nothing keeps learned state from the runtime directory. A job that hangs holds up
 * its thread: a journald that does not answer the journal's lane, a disk that does not answer the
 * others; never the submitter. writer_status says since when. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct writer;

/* Runs on a writer thread with the lane's own copy of name and data (data is aligned for any type).
 * 0 when done; a negative errno: see enum writer_lane. Of this header it may call writer_submit for
 * WRITER_JOURNAL and WRITER_RETRY, when it is in another lane. */
typedef int (*writer_job)(void *userdata, const char *name, const void *data, size_t size);

enum writer_lane {
        /* Journal entries. Kept until done, in the order submitted; the first is tried again after
         * pauses that double from WRITER_PAUSE_MIN to WRITER_PAUSE_MAX. */
        WRITER_JOURNAL,
        /* What must reach the disk: alert identities and spool files. The same rules. One lane for
         * both, so an identity submitted before its event is durable before it, and one submitted
         * after it says truly that the event was announced. */
        WRITER_DURABLE,
        /* What is safe already and is to be moved on: the same rules, but nothing else waits for
         * it, and at the end nobody does. For one job. */
        WRITER_RETRY,
        /* Learned state. A newer job of the same function, userdata and name replaces one that
         * waits; one that fails is given up, the next comes anyhow. */
        WRITER_PASSING,
        WRITER_LANE_COUNT,
};

enum {
        /* Bytes of a lane. The memory is mapped and untouched until needed, and a lane that runs
         * empty starts again at its first page, so in quiet times a few pages serve for ever.
         * Journal: some 500 entries of 4 KiB. Durable: the events and identities of a storm that
         * fires every rule (512) twice while the disk is away. */
        WRITER_JOURNAL_BYTES = 2 * 1024 * 1024,
        WRITER_DURABLE_BYTES = 16 * 1024 * 1024,
        WRITER_RETRY_BYTES = 4096,
        /* The largest job of these two lanes: the identities of 512 alerts and of 512 that wait for
         * their rules, at 2 KiB and an incident of 1 KiB each, are three quarters. */
        WRITER_JOB_MAX = 4 * 1024 * 1024,
        /* Learned state comes under a handful of names: fast, slow, history. */
        WRITER_PASSING_JOBS = 8,
        /* The largest of them: 512 rules can follow some 2,600 numbers, at 8 KiB each. */
        WRITER_PASSING_MAX = 32 * 1024 * 1024,

        WRITER_NAME_MAX = 127, /* bytes of a job's name: a spool file's has 58 */
        WRITER_PAUSE_MIN = 1,  /* seconds before a failed job is tried again ... */
        WRITER_PAUSE_MAX = 60, /* ... at most; a repaired disk is noticed within this */
};

/* Starts the threads: all signals blocked, small fixed stacks. 0 or negative errno. */
int writer_new(struct writer **ret);

/* Waits until all lanes are empty, at most `seconds` (failed jobs are tried again quickly), then
 * ends the threads and frees everything. *ret_left, when not NULL: jobs that were not done.
 * 0 with the threads gone; -EBUSY when one hangs in a job: it is detached and what it needs of the
 * writer stays allocated on purpose. The userdata of jobs must then stay too; the caller is about
 * to exit, so it leaves them be. NULL is fine. */
int writer_free(struct writer *w, double seconds, size_t *ret_left);

/* Copies name and data and returns at once: 0; -ENOBUFS when the lane is full; -EMSGSIZE when the
 * job is larger than the lane takes; -ENAMETOOLONG; -ENOMEM (passing only; the others
 * never allocate). userdata must live until writer_free returned 0. */
int writer_submit(struct writer *w, enum writer_lane lane, writer_job job, void *userdata,
                  const char *name, const void *data, size_t size);

/* Fills in a job's data where it will lie. */
typedef void (*writer_make)(void *data, size_t size, const void *from);

/* A passing job whose data is made in its place instead of copied there: it is large. `make` is
 * called before this returns, or not at all. The same results. */
int writer_submit_made(struct writer *w, writer_job job, void *userdata, const char *name,
                       size_t size, writer_make make, const void *from);

/* Between the two, passing jobs wait: the thread is woken once for all that is submitted. */
void writer_hold(struct writer *w);
void writer_release(struct writer *w);

/* True when a job of this size would be taken now. With a single submitter it stays true until its
 * next submit to that lane. */
bool writer_has_room(struct writer *w, enum writer_lane lane, size_t size);

struct writer_lane_status {
        size_t waiting;       /* jobs not done yet, the one that runs included */
        double waiting_since; /* CLOCK_MONOTONIC of the oldest, NaN when none */
        int error;            /* negative errno of the last try, 0 when it succeeded */
};

struct writer_status {
        size_t waiting;       /* in JOURNAL and DURABLE together */
        double waiting_since; /* the older of the two */
        int error;            /* of the first lane whose last try failed, else 0 */
        double busy_since; /* CLOCK_MONOTONIC start of the job that runs for longest, NaN when none
                              does: one that is many seconds old means a stuck disk or journald */
        enum writer_lane busy_lane; /* of that job, or of one that ran last */
        struct writer_lane_status lane[WRITER_LANE_COUNT];
        uint64_t done, failed; /* jobs done and tries that failed, since start */
};
void writer_status(struct writer *w, struct writer_status *ret);

/* CPU seconds of the threads, and how much of the lanes is in memory, in bytes. */
void writer_cost(struct writer *w, double *ret_cpu, size_t *ret_resident);
