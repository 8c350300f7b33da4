/* SPDX-License-Identifier: MIT */
/* The durable queue between the daemon and the courier, the daemon's side. Everything here may
 * block and runs on the writer's thread for disks.
 *
 *   DIR/tmp/       being written; what lies there at start is left over and removed
 *   DIR/new/       SEQUENCE-EVENTID.json, complete and synced: announced
 *   DIR/dead/      given up by the courier, with the reason beside it
 *   DIR/sequence   the last sequence number in use
 *
 * The sequence number grows by one from event to event and never comes back, not even when the
 * spool has run empty or the clock was set back: a receiver may take a gap for a loss. It is
 * written, synced, before the event that bears it, so a crash in between costs a number, no more.
 * Without a readable `sequence` it goes on after the largest name in new/ and dead/, and if the
 * file was damaged at least at the clock's microseconds, which no count of events can have reached.
 * Names that are far beyond that were not made by us: the courier may write in those folders, and
 * must not be able to use the numbers up. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
        /* In bytes of whole 4 KiB blocks: 16,384 events of the usual size, which an alert a minute
         * makes in 11 days without a courier. Readers list the folder, and it is small change for
         * any disk that has a /var. dead/ is not counted: what was given up long ago must not keep
         * new alerts out. */
        SPOOL_BYTES_MAX = 64 * 1024 * 1024,
};

struct spool {
        char *path; /* owned */
        int dir_fd, tmp_fd, new_fd, dead_fd;
        bool open;
        bool counted;   /* `last` is known */
        uint64_t last;  /* sequence number */
        uint64_t bytes; /* in new/ at the last count, and what was added since */
        uint64_t max;   /* SPOOL_BYTES_MAX; tests set less */
        bool discards;  /* nobody is to take them: when it is full, the oldest go */
};

struct spool_count {
        uint64_t waiting, dead; /* events */
        uint64_t bytes;         /* of all files in new/, in whole blocks */
        uint64_t largest;       /* sequence number, 0 when there is none */
        double oldest;          /* Unix seconds: since when the first event in new/ that is not held
                                   back (announce/spool_held.h) waits, or NaN */
};

/* Touches no disk. 0 or -ENOMEM. */
int spool_init(struct spool *s, const char *path);
void spool_done(struct spool *s);

/* Makes and opens the folders, removes what was left in tmp/, finds the last sequence number.
 * 0, also when it is open already, or negative errno: try again later. -EBUSY: another daemon
 * writes there. */
int spool_open(struct spool *s, double now);

/* Announces one event: durable when it returns 0. Opens the spool when it is not open. -EXFULL when
 * the spool holds all that it may, -EINVAL when event_id is not 32 hex digits, other negative
 * errno. The same event may be given again after a failure; it then has the same name. One whose id
 * stands in new/ or dead/ was announced by a daemon that was killed before it could note that:
 * nothing is done. */
int spool_write(struct spool *s, const char *event_id, const void *data, size_t size, double now);

/* Opens the spool when it is not open. 0 or negative errno. */
int spool_count(struct spool *s, double now, struct spool_count *ret);
