/* SPDX-License-Identifier: MIT */
/* Where events wait on the disk while the spool cannot be written or is full: a folder of the
 * daemon's own, so that a kill loses none of them. Used on the writer's thread for disks only.
 *
 *   STATE/unspooled/NUMBER-EVENTID.json   the event as it will stand in the spool; the numbers are
 * its own, they say what comes before what
 *
 * The folder is made with the first event that needs it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "announce/spool_name.h"

enum {
        /* Three days of an alert a minute; what comes then waits in the writer's memory. */
        HOLD_MAX = 4096,
};

struct held_name {
        uint64_t number;
        char event_id[SPOOL_EVENT_ID_SIZE];
};

struct hold {
        char *path; /* owned */
        int fd;     /* -1: not open */
        bool known; /* what an earlier daemon left there has been listed */
        uint64_t last;
        struct held_name *names; /* owned; in order of their numbers, from `first` on */
        size_t first, end, space;
};

/* Touches no disk. 0 or -ENOMEM. */
int hold_init(struct hold *h, const char *path);
void hold_done(struct hold *h);

/* Lists what is there. 0, also when there is nothing or no folder; negative errno: try again. */
int hold_open(struct hold *h);

size_t hold_count(const struct hold *h);

/* Durable when it returns 0. -EXFULL when there are HOLD_MAX, -EINVAL when event_id is not 32 hex
 * digits, other negative errno. */
int hold_add(struct hold *h, const char *event_id, const void *data, size_t size);

/* The oldest. 1 with its data, owned by the caller; 0 when there is none; a negative errno for
 * which it is worth trying again. What can never be read is set aside and said. */
int hold_first(struct hold *h, char ret_event_id[SPOOL_EVENT_ID_SIZE], char **ret_data,
               size_t *ret_size);

/* Removes the one that hold_first gave: it is elsewhere now. When its file cannot be removed it is
 * not given again by this daemon, and by the next one under the same id. */
void hold_drop(struct hold *h);
